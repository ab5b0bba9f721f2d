/* drivers.cuh -- from a body to a kernel: a loop for each kind of kernel of PV_OPS.
 *
 * MAP: a thread takes elements a grid apart. EACH: a map whose body touches nothing but element i
 * of fields of floats: a thread takes four at a time, where addresses allow. ROWS: a warp takes a
 * row, or a block where there is much to a row. COLUMNS: a block takes a chunk of rows of a column,
 * a second kernel adds the chunks in their order. What adds to what depends on nothing but rows and
 * columns. */
#ifndef PV_CUDA_DRIVERS_CUH
#define PV_CUDA_DRIVERS_CUH

#include <cub/block/block_reduce.cuh>

#include "cuda.h"

enum { THREADS = 256 };
static const size_t CHUNK_ROWS = 256, MOST_CHUNKS = 1024;

/* Blocks for n threads' work: all of it, or several times what the device holds. */
static inline unsigned blocks_for(const launch *l, size_t n)
{
    const size_t all = (n + THREADS - 1) / THREADS,
                 most = (size_t)device_of(l->stream)->processors * 16;
    return (unsigned)(all < most ? all : most);
}

static inline pv_status launched(const launch *l, const char *kernel)
{
    cudaError_t error = cudaGetLastError();
    return error == cudaSuccess ? PV_OK : pv_cuda_failed(l->stream->base.device, kernel, error);
}

#define GRID_STRIDE(i, n)                                                                          \
    for (size_t i = (size_t)blockIdx.x * blockDim.x + threadIdx.x; i < (n);                        \
         i += (size_t)gridDim.x * blockDim.x)

/* ---- maps ---- */

#define MAP(op)                                                                                    \
    static __global__ void op##_map(const __grid_constant__ pv_##op##_args a)                      \
    {                                                                                              \
        GRID_STRIDE(i, a.rows *a.cols) pv_##op##_at(i, &a);                                        \
    }                                                                                              \
    static pv_status op##_queue(const launch *l, const void *args)                                 \
    {                                                                                              \
        const pv_##op##_args *a = (const pv_##op##_args *)args;                                    \
        op##_map<<<blocks_for(l, a->rows * a->cols), THREADS, 0, l->stream->queue>>>(*a);          \
        return launched(l, #op);                                                                   \
    }

/* What each role means for four elements: a copy in registers that the body works on. */
#define FOUR_IN(type, name)                                                                        \
    float4 name##_four = ((const float4 *)(a.name + head))[i];                                     \
    four.name = (float *)&name##_four;
#define FOUR_INOUT(type, name) FOUR_IN(type, name)
#define FOUR_OUT(type, name)                                                                       \
    float4 name##_four;                                                                            \
    four.name = (float *)&name##_four;
#define FOUR_SHARED(type, name)
#define FOUR(role, type, name, width) FOUR_##role(type, name)
#define BACK_IN(name)
#define BACK_INOUT(name) ((float4 *)(a.name + head))[i] = name##_four;
#define BACK_OUT(name) BACK_INOUT(name)
#define BACK_SHARED(name)
#define BACK(role, type, name, width) BACK_##role(name)
#define MEET_IN(name) meet(&m, a->name);
#define MEET_INOUT(name) MEET_IN(name)
#define MEET_OUT(name) MEET_IN(name)
#define MEET_SHARED(name)
#define MEET(role, type, name, width) MEET_##role(name)
#define NOTHING(type, name)

/* The bits that some, and that all addresses have: equal where they are equally aligned. */
typedef struct {
    uintptr_t some, all;
} alignment;

static inline void meet(alignment *m, const void *address)
{
    m->some |= (uintptr_t)address;
    m->all &= (uintptr_t)address;
}

/* How many floats lie before the next float4; more than 3 where addresses differ. */
static inline size_t elements_to_alignment(alignment m)
{
    const size_t step = sizeof(float4);
    return m.some % step == m.all % step ? (step - m.all % step) % step / sizeof(float) : step;
}

#define EACH(op)                                                                                   \
    /* The first `head` elements, and up to three last ones, are taken one by one. */              \
    static __global__ void op##_each(const __grid_constant__ pv_##op##_args a, size_t head)        \
    {                                                                                              \
        const size_t n = a.rows * a.cols, fours = (n - head) / 4,                                  \
                     last = head + 4 * fours + threadIdx.x;                                        \
        GRID_STRIDE(i, fours)                                                                      \
        {                                                                                          \
            pv_##op##_args four = a;                                                               \
            PV_FIELDS_##op(FOUR, NOTHING) _Pragma("unroll") for (size_t j = 0; j < 4; j++)         \
                pv_##op##_at(j, &four);                                                            \
            PV_FIELDS_##op(BACK, NOTHING)                                                          \
        }                                                                                          \
        if (blockIdx.x > 0) return;                                                                \
        if (threadIdx.x < head) pv_##op##_at(threadIdx.x, &a);                                     \
        if (last < n) pv_##op##_at(last, &a);                                                      \
    }                                                                                              \
    MAP(op)                                                                                        \
    static alignment op##_alignment(const pv_##op##_args *a)                                       \
    {                                                                                              \
        alignment m = {0, UINTPTR_MAX};                                                            \
        PV_FIELDS_##op(MEET, NOTHING) return m;                                                    \
    }                                                                                              \
    static pv_status op##_queue_each(const launch *l, const void *args)                            \
    {                                                                                              \
        const pv_##op##_args *a = (const pv_##op##_args *)args;                                    \
        const size_t n = a->rows * a->cols, head = elements_to_alignment(op##_alignment(a));       \
        if (head > 3) return op##_queue(l, args);                                                  \
        op##_each<<<blocks_for(l, n / 4 + 1), THREADS, 0, l->stream->queue>>>(*a, head < n ? head  \
                                                                                           : n);   \
        return launched(l, #op);                                                                   \
    }

/* ---- rows ---- */

/* How far a team goes through a row, and from where on it had better be a block than a warp. */
template <class ARGS> static inline size_t row_length(const ARGS *a) { return a->cols; }
static inline size_t row_length(const pv_range_args *a) { return a->examples; }
static inline size_t row_length(const pv_contingency_args *a) { return a->examples; }
static const size_t LONG_ROW = 1024;

#define ROWS(op)                                                                                   \
    template <int SIZE> static __global__ void op##_rows(const __grid_constant__ pv_##op##_args a) \
    {                                                                                              \
        const size_t first = ((size_t)blockIdx.x * blockDim.x + threadIdx.x) / SIZE,               \
                     teams = (size_t)gridDim.x * blockDim.x / SIZE;                                \
        __shared__ float of_warp[SIZE / 32];                                                       \
        const pv_team team = {(int)(threadIdx.x % SIZE), SIZE, of_warp};                           \
        for (size_t row = first; row < a.rows; row += teams) pv_##op##_at(team, row, &a);          \
    }                                                                                              \
    static pv_status op##_queue(const launch *l, const void *args)                                 \
    {                                                                                              \
        const pv_##op##_args *a = (const pv_##op##_args *)args;                                    \
        const size_t most = (size_t)device_of(l->stream)->processors * 16,                         \
                     size = row_length(a) < LONG_ROW ? 32 : (size_t)THREADS;                       \
        const unsigned threads = a->rows > most ? (unsigned)THREADS : (unsigned)size;              \
        const size_t all = (a->rows * size + threads - 1) / threads;                               \
        const unsigned blocks = (unsigned)(all < most ? all : most);                               \
        if (size == 32)                                                                            \
            op##_rows<32><<<blocks, threads, 0, l->stream->queue>>>(*a);                           \
        else                                                                                       \
            op##_rows<THREADS><<<blocks, threads, 0, l->stream->queue>>>(*a);                      \
        return launched(l, #op);                                                                   \
    }

/* ---- columns ---- */

static inline size_t chunk_rows(size_t rows)
{
    const size_t even = (rows + MOST_CHUNKS - 1) / MOST_CHUNKS;
    return even > CHUNK_ROWS ? even : CHUNK_ROWS;
}
static inline size_t chunks_of(size_t rows)
{
    return (rows + chunk_rows(rows) - 1) / chunk_rows(rows);
}

typedef cub::BlockReduce<double, THREADS> block_reduce;

#define SUM_IN(type, name)
#define SUM_SHARED(type, name)
#define SUM_SUM(type, name) a.name[col] = (type)total;
#define SUM(role, type, name, width) SUM_##role(type, name)

#define COLUMNS(op)                                                                                \
    static __device__ inline void op##_store(const pv_##op##_args &a, size_t col, double total)    \
    {                                                                                              \
        PV_FIELDS_##op(SUM, NOTHING)                                                               \
    }                                                                                              \
    static __global__ void op##_chunk(const __grid_constant__ pv_##op##_args a, size_t chunk,      \
                                      double *part)                                                \
    {                                                                                              \
        const size_t col = blockIdx.x, first = blockIdx.y * chunk,                                 \
                     end = first + chunk < a.rows ? first + chunk : a.rows;                        \
        __shared__ block_reduce::TempStorage space;                                                \
        double sum = 0.0;                                                                          \
        for (size_t row = first + threadIdx.x; row < end; row += THREADS)                          \
            sum += pv_##op##_at(row, col, &a);                                                     \
        sum = block_reduce(space).Sum(sum);                                                        \
        if (threadIdx.x != 0) return;                                                              \
        if (gridDim.y > 1)                                                                         \
            part[(size_t)blockIdx.y * a.cols + col] = sum;                                         \
        else                                                                                       \
            op##_store(a, col, sum);                                                               \
    }                                                                                              \
    static __global__ void op##_total(const __grid_constant__ pv_##op##_args a, size_t chunks,     \
                                      const double *part)                                          \
    {                                                                                              \
        GRID_STRIDE(col, a.cols)                                                                   \
        {                                                                                          \
            double sum = 0.0;                                                                      \
            for (size_t i = 0; i < chunks; i++) sum += part[i * a.cols + col];                     \
            op##_store(a, col, sum);                                                               \
        }                                                                                          \
    }                                                                                              \
    static size_t op##_workspace(const void *args)                                                 \
    {                                                                                              \
        const pv_head *a = (const pv_head *)args;                                                  \
        return chunks_of(a->rows) * a->cols * sizeof(double);                                      \
    }                                                                                              \
    static pv_status op##_queue(const launch *l, const void *args)                                 \
    {                                                                                              \
        const pv_##op##_args *a = (const pv_##op##_args *)args;                                    \
        const size_t chunks = chunks_of(a->rows);                                                  \
        double *part = (double *)l->workspace;                                                     \
        op##_chunk<<<dim3((unsigned)a->cols, (unsigned)chunks), THREADS, 0, l->stream->queue>>>(   \
            *a, chunk_rows(a->rows), part);                                                        \
        PV_TRY(launched(l, #op));                                                                  \
        if (chunks == 1) return PV_OK;                                                             \
        op##_total<<<blocks_for(l, a->cols), THREADS, 0, l->stream->queue>>>(*a, chunks, part);    \
        return launched(l, #op);                                                                   \
    }

#endif
