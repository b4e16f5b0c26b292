#include <cblas.h>

/* Debian's OpenBLAS holds LAPACK, but its package has no header for it. */
extern void dsyevd_(const char *jobz, const char *uplo, const int *n, double *a, const int *lda, double *w, double *work, const int *lwork,
                    int *iwork, const int *liwork, int *info);
