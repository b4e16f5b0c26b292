// Counts how often OpenBLAS gives the first rows of a product other bits when they are multiplied alone than inside 512 rows.
//
//   gcc -O2 Benchmarks/openblas_rows.c -o openblas_rows $(pkg-config --cflags --libs openblas)
//   OPENBLAS_CORETYPE=SkylakeX ./openblas_rows
#include <cblas.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static float *numbers(long count) {
  float *p = malloc(sizeof(float) * count);
  for (long i = 0; i < count; i++) p[i] = (float)rand() / RAND_MAX - 0.5f;
  return p;
}

int main(void) {
  const int inner[] = {27, 64, 65, 192, 576, 768, 1152, 2048}, widths[] = {10, 64, 65, 96, 192, 384, 768}, rows = 512;
  int differing = 0, cases = 0;
  openblas_set_num_threads(1);
  for (int transposed = 0; transposed < 2; transposed++) {
    const CBLAS_TRANSPOSE side = transposed ? CblasTrans : CblasNoTrans;
    for (int i = 0; i < 8; i++) {
      for (int j = 0; j < 7; j++) {
        const int k = inner[i], n = widths[j], stride = transposed ? k : n;
        float *a = numbers((long)rows * k), *b = numbers((long)n * k);
        float *whole = malloc(sizeof(float) * rows * n), *part = malloc(sizeof(float) * rows * n);
        cblas_sgemm(CblasRowMajor, CblasNoTrans, side, rows, n, k, 1, a, k, b, stride, 0, whole, n);
        for (int m = 1; m < 200; m += m < 20 ? 1 : 13) {
          cblas_sgemm(CblasRowMajor, CblasNoTrans, side, m, n, k, 1, a, k, b, stride, 0, part, n);
          cases++;
          differing += memcmp(whole, part, sizeof(float) * m * n) != 0;
        }
        free(a); free(b); free(whole); free(part);
      }
    }
  }
  printf("%s: %d of %d differ\n", openblas_get_corename(), differing, cases);
}
