#ifndef LOAM_PLATFORM_H
#define LOAM_PLATFORM_H

#if defined(__x86_64__)
#include <cpuid.h>
#endif

/// Which x86-64 level the processor offers: 4 (AVX-512), 3 (AVX2 and FMA), 2 otherwise; 0 on other architectures.
static inline int loam_x86_level(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd")
      && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) return 4;
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2")) return 3;
  return 2;
#else
  return 0;
#endif
}

/// Whether the processor computes with halves (AVX-512 FP16), and the system saves its registers: 1 or 0.
static inline int loam_has_half_arithmetic(void) {
#if defined(__x86_64__)
  // Leaf 7 of CPUID, bit 23 of EDX. Level 4 implies that the system saves registers of 512 bits.
  unsigned a, b, c, d;
  return loam_x86_level() == 4 && __get_cpuid_count(7, 0, &a, &b, &c, &d) && (d >> 23 & 1);
#else
  return 0;
#endif
}

/// Number of processors that this process may run on.
int loam_processor_count(void);

/// The number that operations of the calling thread watch while they run; NULL for none. See `Cancellation` in ML.
void loam_watch_flag(const int *flag);
const int *loam_watched_flag(void);

/// Whether operations that the calling thread starts multiply halves: 1 or 0. See `ProductPrecision` in ML.
void loam_use_half_products(int use);
int loam_uses_half_products(void);

/// Whether a watched number is other than zero; another thread or a signal handler may be writing it.
static inline int loam_flag_is_raised(const int *flag) { return __atomic_load_n(flag, __ATOMIC_RELAXED) != 0; }

/// Asks for lines of memory that will be read, to lie in the second-level cache by then.
static inline void loam_prefetch_lines(const void *from, long bytes) {
  for (long place = 0; place < bytes; place += 64) __builtin_prefetch((const char *)from + place, 0, 2);
}

/// Tells the processor that this is a spin-wait loop.
static inline void loam_spin_hint(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

#endif
