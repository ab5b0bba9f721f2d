/* kernels.h -- what a kernel is on the CPU, for one instruction set.
 *
 * plan.c cuts a batch into pieces and calls these; it alone knows about threads. A kernel sees
 * argument structs whose pointers and rows are those of its piece. */
#ifndef PV_CPU_KERNELS_H
#define PV_CPU_KERNELS_H

#include <math.h>

#include "polarvae/backend.h"

/* Bytes of work space, and into how many independent units the parts of a kernel fall. */
typedef struct {
    size_t packed;        /* by `prepare`, of SHARED operands; or of all, if the kernel is whole */
    size_t prepare_units; /* 0: no `prepare` */
    size_t sums;          /* a partial sum over some rows, for kernels with SUM fields */
    size_t finish_units;
    size_t scratch;     /* of one call of `run` or `whole` with args->rows rows */
    size_t whole_units; /* > 0: the kernel takes all rows at once, cut into these units */
} pv_cpu_needs;

typedef struct {
    const void *packed;
    void *sums;
    void *scratch; /* 64-byte aligned, as the others */
    int first;     /* `sums` holds nothing yet: write, do not add */
} pv_cpu_space;

typedef struct {
    void (*needs)(const void *args, pv_cpu_needs *needs); /* NULL: nothing is needed */
    void (*prepare)(const void *args, void *packed, size_t from, size_t to);
    void (*run)(const void *args, const pv_cpu_space *space);
    void (*whole)(const void *args, const pv_cpu_space *space, size_t from, size_t to);
    /* Adds the partial sums in their order and writes the SUM fields. */
    void (*finish)(const void *args, const void *const *sums, int count, size_t from, size_t to);
} pv_cpu_kernel;

typedef struct {
    const char *isa;
    pv_cpu_kernel op[PV_OP_COUNT];
    /* Multiply-adds in registers only: floating-point operations per call of about 10 ms. */
    double (*peak)(void);
} pv_cpu_table;

extern const pv_cpu_table pv_cpu_table_baseline;
extern const pv_cpu_table pv_cpu_table_avx2;
extern const pv_cpu_table pv_cpu_table_avx512;
extern const pv_cpu_table pv_cpu_table_amx; /* AVX-512 and the tile unit for bfloat16 */
/* Plain layers in double precision, one loop per index: the oracle of the fast ones. */
extern const pv_cpu_table pv_cpu_table_reference;

/* `count` rounded up to a multiple of `step`. */
static inline size_t pv_round_up(size_t count, size_t step)
{
    return (count + step - 1) / step * step;
}

/* y = f(x), and x f'(m) where m = f(something). */
static inline float pv_activate(int activation, float x)
{
    switch (activation) {
    case PV_RELU:
        return x > 0.0f ? x : 0.0f;
    case PV_LEAKY_RELU:
        return x > 0.0f ? x : 0.2f * x;
    case PV_TANH:
        return tanhf(x);
    default:
        return x;
    }
}
static inline float pv_activation_slope(int activation, float y)
{
    switch (activation) {
    case PV_RELU:
        return y > 0.0f ? 1.0f : 0.0f;
    case PV_LEAKY_RELU:
        return y > 0.0f ? 1.0f : 0.2f;
    case PV_TANH:
        return 1.0f - y * y;
    default:
        return 1.0f;
    }
}

#endif
