#define _GNU_SOURCE
#include "platform.h"
#include <sched.h>
#include <unistd.h>

int loam_processor_count(void) {
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) {
    int count = CPU_COUNT(&set);
    if (count > 0) return count;
  }
#endif
  long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 ? (int)online : 1;
}

static _Thread_local const int *watched_flag;

void loam_watch_flag(const int *flag) { watched_flag = flag; }
const int *loam_watched_flag(void) { return watched_flag; }

static _Thread_local int half_products;

void loam_use_half_products(int use) { half_products = use; }
int loam_uses_half_products(void) { return half_products; }
