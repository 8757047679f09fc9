/* What a C programmer writes: plain loops that gcc vectorises, tanh from libmvec, vector extensions where loops do not do.
   Compiled by peers.py: gcc -O3 -march=native -ffast-math -fopenmp-simd, with -lmvec */
#include <math.h>
#include <stdint.h>
#include <string.h>

/* h <- tanh(w h + b), blocks of cells that stay in the first-level cache */
void tanh_forward(const double *w, const double *b, double *h, int64_t cells, int64_t steps, double start) {
    enum { BLOCK = 512 };
    for (int64_t at = 0; at < cells; at += BLOCK) {
        int64_t n = cells - at < BLOCK ? cells - at : BLOCK;
        double s[BLOCK];
        for (int64_t i = 0; i < n; i++) s[i] = start;
        for (int64_t t = 0; t < steps; t++) {
#pragma omp simd
            for (int64_t i = 0; i < n; i++) s[i] = tanh(w[at + i] * s[i] + b[at + i]);
        }
        memcpy(h + at, s, n * sizeof(double));
    }
}

/* x <- r x (1 - x), eight vectors of eight lanes in registers */
typedef double lanes __attribute__((vector_size(64)));
typedef int64_t flags __attribute__((vector_size(64)));

void logistic(const double *r, double *x, int64_t cells, int64_t steps, double start) {
    enum { K = 8, W = 8 };
    for (int64_t at = 0; at < cells; at += K * W) {
        int64_t n = cells - at < K * W ? cells - at : K * W;
        double in[K * W] = {0}, out[K * W];
        memcpy(in, r + at, n * sizeof(double));
        lanes p[K], s[K];
        memcpy(p, in, sizeof p);
        for (int k = 0; k < K; k++) s[k] = (lanes){0} + start;
        for (int64_t t = 0; t < steps; t++)
            for (int k = 0; k < K; k++) { lanes z = p[k] * s[k]; s[k] = z - z * s[k]; }
        memcpy(out, s, sizeof s);
        memcpy(x + at, out, n * sizeof(double));
    }
}

/* the first n with |z_n| > 2, -1 if never; z_0 = 0. Four vectors at once, tested every step on the masks. */
void mandelbrot(const double *cre, const double *cim, int64_t *count, int64_t cells, int64_t steps) {
    enum { K = 4, W = 8 };
    for (int64_t at = 0; at < cells; at += K * W) {
        int64_t n = cells - at < K * W ? cells - at : K * W;
        double are[K * W] = {0}, aim[K * W] = {0};
        memcpy(are, cre + at, n * sizeof(double));
        memcpy(aim, cim + at, n * sizeof(double));
        lanes a[K], b[K], x[K], y[K];
        flags alive[K], steps_alive[K];
        memcpy(a, are, sizeof a);
        memcpy(b, aim, sizeof b);
        for (int k = 0; k < K; k++) { x[k] = y[k] = (lanes){0}; alive[k] = (flags){0} - 1; steps_alive[k] = (flags){0}; }
        for (int64_t t = 0; t < steps; t++) {
            flags any = {0};
            for (int k = 0; k < K; k++) {
                lanes re = x[k] * x[k] - y[k] * y[k] + a[k];
                y[k] = 2.0 * x[k] * y[k] + b[k];
                x[k] = re;
                alive[k] &= (x[k] * x[k] + y[k] * y[k] <= 4.0);
                steps_alive[k] -= alive[k];
                any |= alive[k];
            }
            int64_t live = 0;
            for (int j = 0; j < W; j++) live |= any[j];
            if (!live) break;
        }
        int64_t out[K * W];
        memcpy(out, steps_alive, sizeof out);
        for (int64_t i = 0; i < n; i++) count[at + i] = out[i] == steps ? -1 : out[i] + 1;
    }
}
