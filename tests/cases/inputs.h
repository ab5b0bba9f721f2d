/* inputs.h -- what the cases of kernels share: how to call one, and what to feed it. */
#ifndef PV_CASES_INPUTS_H
#define PV_CASES_INPUTS_H

#include "philox.h"
#include "run_kernel.h"

/* Calls the kernel with its arguments by name. */
#define RUN(op, ...) run_kernel(PV_OP_##op, &(pv_##op##_args){__VA_ARGS__})

/* One in four is one of these, the others are uniform in (-scale, scale). */
HELPER float *hard(uint32_t key, size_t n, double scale)
{
    static const float values[] = {0,   -0.0f, 1e-6f, -1e-4f, 1,    20,
                                   -20, 88,    -88,   -104,   0.3f, -1e-20f};
    float *x = new_floats(n);
    for (size_t i = 0; i < n; i++) {
        uint32_t h = hash(hash(key + 1000) + (uint32_t)i);
        x[i] = h % 4 ? (float)(scale * hashed(key, i)) : values[h / 4 % 12];
    }
    return x;
}

HELPER float *uniform(uint32_t key, size_t n, double low, double high)
{
    float *x = new_floats(n);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(low + (high - low) * 0.5 * (hashed(key, i) + 1.0));
    return x;
}

/* Whole numbers from -3 to 3: sums and products of them are exact. */
HELPER float *whole(uint32_t key, size_t n)
{
    float *x = new_floats(n);
    for (size_t i = 0; i < n; i++) x[i] = (float)((int)(hash(hash(key) + (uint32_t)i) % 7) - 3);
    return x;
}

HELPER pv_step step_of(uint64_t count) { return (pv_step){.count = count}; }

/* What a chain of a few roundings may cost, relative to the largest thing in it; and the smallest
 * float, below which nothing can be told. */
static const double FEW = 5e-7, TINY = 1.5e-45;

#endif
