/* fn.h -- all the adaptation there is between C11 and CUDA C++: how a kernel body is declared,
 * and what a team is.
 *
 * Bodies are written in the common subset: no designated initialisers, compound literals, VLAs or
 * restrict; float literals with f; team functions called by all lanes. */
#ifndef PV_FN_H
#define PV_FN_H

#include <stddef.h>
#include <stdint.h>

#include "polarvae/ops.h"

#ifdef __CUDACC__
#define PV_FN __host__ __device__ static __forceinline__
#else
#define PV_FN static inline __attribute__((always_inline, unused))
#endif

/* The threads that work on one row: one on the host, a warp on a GPU, or a block where the row is
 * long. */
typedef struct {
    int lane, size;
    float *of_warp; /* a block's: where its warps leave what they have; else unused */
} pv_team;

/* A loop that gcc may turn into vector code even though it sums: the order of such a sum is fixed
 * by the instruction set. Under CUDA each lane sums on its own. */
#ifdef __CUDACC__
#define PV_SUM_LOOP(sum)
#define PV_PAIR_LOOP(one, two)
#define PV_LOOP
#define PV_UNROLL /* nvcc does it of itself */
#else
#define PV_PRAGMA(text) _Pragma(#text)
#define PV_SUM_LOOP(sum) PV_PRAGMA(omp simd reduction(+ : sum))
#define PV_PAIR_LOOP(one, two) PV_PRAGMA(omp simd reduction(+ : one, two))
#define PV_LOOP PV_PRAGMA(omp simd)
/* A short loop that is gone before the loop around it is turned into vector code. */
#define PV_UNROLL PV_PRAGMA(GCC unroll 16)
#endif

PV_FN void pv_team_wait(pv_team t)
{
    (void)t;
#ifdef __CUDA_ARCH__
    if (t.size > 32)
        __syncthreads();
    else
        __syncwarp();
#endif
}

#ifdef __CUDA_ARCH__
/* The values of a block's warps, for all of its threads. */
PV_FN const float *pv_team_gather(pv_team t, float x)
{
    pv_team_wait(t); /* the last ones may still be read */
    if (t.lane % 32 == 0) t.of_warp[t.lane / 32] = x;
    pv_team_wait(t);
    return t.of_warp;
}
#endif

PV_FN float pv_team_sum(pv_team t, float x)
{
#ifdef __CUDA_ARCH__
    for (int d = 16; d > 0; d /= 2) x += __shfl_xor_sync(0xffffffffu, x, d);
    if (t.size > 32) {
        const float *of_warp = pv_team_gather(t, x);
        x = of_warp[0];
        for (int i = 1; i < t.size / 32; i++) x += of_warp[i];
    }
#else
    (void)t;
#endif
    return x;
}

PV_FN float pv_team_max(pv_team t, float x)
{
#ifdef __CUDA_ARCH__
    for (int d = 16; d > 0; d /= 2) x = fmaxf(x, __shfl_xor_sync(0xffffffffu, x, d));
    if (t.size > 32) {
        const float *of_warp = pv_team_gather(t, x);
        x = of_warp[0];
        for (int i = 1; i < t.size / 32; i++) x = fmaxf(x, of_warp[i]);
    }
#else
    (void)t;
#endif
    return x;
}

/* Adds one to a counter that several lanes may share. */
PV_FN void pv_team_count(pv_team t, uint32_t *counter)
{
    (void)t;
#ifdef __CUDA_ARCH__
    atomicAdd(counter, 1u);
#else
    *counter += 1;
#endif
}

#endif
