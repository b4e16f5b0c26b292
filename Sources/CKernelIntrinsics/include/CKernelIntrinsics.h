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

#if defined(__AVX512FP16__)

// Registers of 32 halves travel as registers of 16 single-precision numbers, whose bits nobody looks at.

static inline __attribute__((always_inline)) __m512 loam_half_load(const uint16_t *_Nonnull from) { return _mm512_loadu_ps((const float *)from); }

static inline __attribute__((always_inline)) void loam_half_store(__m512 value, uint16_t *_Nonnull to) { _mm512_storeu_ps((float *)to, value); }

/// Brings a line into the cache that will be written.
static inline __attribute__((always_inline)) void loam_prefetch(const float *_Nonnull place) { __builtin_prefetch(place, 1, 3); }

/// sum + row x *from, rounded once. In assembly, because from intrinsics the compiler makes a broadcast of its own, which takes a slot of the
/// multiply-add units; as part of the multiply-add it is free.
static inline __attribute__((always_inline)) __m512 loam_half_add_product(__m512 sum, __m512 row, const uint16_t *_Nonnull from) {
  __asm__("vfmadd231ph %2%{1to32%}, %1, %0" : "+v"(sum) : "v"(row), "m"(*from));
  return sum;
}

/// The largest of lanes that are numbers.
static inline __attribute__((always_inline)) float loam_largest_lane(__m512 value) { return _mm512_reduce_max_ps(value); }

static inline __attribute__((always_inline)) __m512 loam_nearest_whole(__m512 value) { return _mm512_roundscale_ps(value, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC); }

/// value 2^power for whole powers.
static inline __attribute__((always_inline)) __m512 loam_times_power_of_two(__m512 value, __m512 power) { return _mm512_scalef_ps(value, power); }

/// The first lanes, rounded to halves.
static inline __attribute__((always_inline)) void loam_half_narrow(__m512 value, uint16_t *_Nonnull to, int count) {
  _mm256_mask_storeu_epi16(to, (__mmask16)((1u << count) - 1), _mm512_cvtps_ph(value, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC));
}

/// The first `count` halves times a half given by its bits; zero in the other lanes.
static inline __attribute__((always_inline)) __m512 loam_half_scaled(const uint16_t *_Nonnull from, int count, uint16_t factor) {
  const __m512i bits = _mm512_maskz_loadu_epi16(count == 32 ? ~0u : (1u << count) - 1, from);
  return _mm512_castph_ps(_mm512_mul_ph(_mm512_castsi512_ph(bits), _mm512_castsi512_ph(_mm512_set1_epi16((short)factor))));
}

/// The larger of what `largest` has and the magnitudes of the first `count` halves that are finite, as whole numbers.
static inline __attribute__((always_inline)) __m512 loam_half_larger(__m512 largest, const uint16_t *_Nonnull from, int count) {
  const __m512i bits = _mm512_and_si512(_mm512_maskz_loadu_epi16(count == 32 ? ~0u : (1u << count) - 1, from), _mm512_set1_epi16(0x7fff));
  const __mmask32 finite = _mm512_cmplt_epu16_mask(bits, _mm512_set1_epi16(0x7c00));
  return _mm512_castsi512_ps(_mm512_max_epu16(_mm512_castps_si512(largest), _mm512_maskz_mov_epi16(finite, bits)));
}

/// The largest lane of that.
static inline __attribute__((always_inline)) uint16_t loam_half_largest(__m512 lanes) {
  const __m512i v = _mm512_castps_si512(lanes);
  const __m256i a = _mm256_max_epu16(_mm512_castsi512_si256(v), _mm512_extracti64x4_epi64(v, 1));
  const __m128i b = _mm_max_epu16(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
  return (uint16_t)~_mm_extract_epi16(_mm_minpos_epu16(_mm_xor_si128(b, _mm_set1_epi16(-1))), 0);
}

/// to[k · step + r] = from[r · 32 + k] for 8 rows (or their first 4) and the first `depth` of 32 columns.
static inline __attribute__((always_inline)) void loam_half_transpose(const uint16_t *_Nonnull from, uint16_t *_Nonnull to, long step, int rows, int depth) {
  __m512i a[8], b[8];
  for (int i = 0; i < 8; i++) a[i] = _mm512_loadu_si512(from + 32 * i);
  for (int i = 0; i < 4; i++) {
    b[2 * i] = _mm512_unpacklo_epi16(a[2 * i], a[2 * i + 1]);
    b[2 * i + 1] = _mm512_unpackhi_epi16(a[2 * i], a[2 * i + 1]);
  }
  for (int i = 0; i < 2; i++) {
    for (int j = 0; j < 2; j++) {
      a[4 * i + 2 * j] = _mm512_unpacklo_epi32(b[4 * i + j], b[4 * i + 2 + j]);
      a[4 * i + 2 * j + 1] = _mm512_unpackhi_epi32(b[4 * i + j], b[4 * i + 2 + j]);
    }
  }
  for (int j = 0; j < 4; j++) {
    b[2 * j] = _mm512_unpacklo_epi64(a[j], a[4 + j]);
    b[2 * j + 1] = _mm512_unpackhi_epi64(a[j], a[4 + j]);
  }
  // Lane l of b[j] has column 8 l + j.
  for (int j = 0; j < 8; j++) {
    const __m128i lane[4] = {_mm512_castsi512_si128(b[j]), _mm512_extracti32x4_epi32(b[j], 1), _mm512_extracti32x4_epi32(b[j], 2), _mm512_extracti32x4_epi32(b[j], 3)};
    for (int l = 0; l < 4; l++) {
      if (8 * l + j >= depth) continue;
      uint16_t *p = to + (8 * l + j) * step;
      if (rows == 8) _mm_storeu_si128((__m128i *)p, lane[l]); else _mm_storel_epi64((__m128i *)p, lane[l]);
    }
  }
}

#endif
