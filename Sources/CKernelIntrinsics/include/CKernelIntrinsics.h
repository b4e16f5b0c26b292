// Loads and stores of the first lanes of a register alone, and of half-precision numbers, which Swift has no words for. Everything is inline: the target that imports this
// decides the instruction set.
#pragma once

#include <stdint.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

#if defined(__AVX512F__)

static inline __attribute__((always_inline)) __m512 loam_load_lanes(const float *_Nonnull from, int count, float fill) {
  return _mm512_mask_loadu_ps(_mm512_set1_ps(fill), (__mmask16)((1u << count) - 1), from);
}

static inline __attribute__((always_inline)) void loam_store_lanes(__m512 value, float *_Nonnull to, int count) {
  _mm512_mask_storeu_ps(to, (__mmask16)((1u << count) - 1), value);
}

static inline __attribute__((always_inline)) __m512 loam_widen(const uint16_t *_Nonnull from) {
  return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)from));
}

#elif defined(__AVX2__)

static inline __attribute__((always_inline)) __m256i loam_lanes(int count) {
  return _mm256_cmpgt_epi32(_mm256_set1_epi32(count), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
}

static inline __attribute__((always_inline)) __m256 loam_load_lanes(const float *_Nonnull from, int count, float fill) {
  __m256i lanes = loam_lanes(count);
  return _mm256_blendv_ps(_mm256_set1_ps(fill), _mm256_maskload_ps(from, lanes), _mm256_castsi256_ps(lanes));
}

static inline __attribute__((always_inline)) void loam_store_lanes(__m256 value, float *_Nonnull to, int count) {
  _mm256_maskstore_ps(to, loam_lanes(count), value);
}

static inline __attribute__((always_inline)) __m256 loam_widen(const uint16_t *_Nonnull from) {
  return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)from));
}

#endif
