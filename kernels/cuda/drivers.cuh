/* drivers.cuh -- from a body to a kernel: a loop for each kind of kernel of PV_OPS.
 *
 * MAP: a thread takes elements a grid apart. EACH: a map whose body touches nothing but element i
 * of fields of floats: a thread takes four at a time, where addresses allow. ROWS: a warp takes a
 * row. COLUMNS: a block takes a chunk of rows of a column, a second kernel adds the chunks in their
 * order. What adds to what depends on nothing but rows and columns. */
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
    float4 name##_four = ((const float4 *)a.name)[i];                                              \
    four.name = (float *)&name##_four;
#define FOUR_INOUT(type, name) FOUR_IN(type, name)
#define FOUR_OUT(type, name)                                                                       \
    float4 name##_four;                                                                            \
    four.name = (float *)&name##_four;
#define FOUR_SHARED(type, name)
#define FOUR(role, type, name, width) FOUR_##role(type, name)
#define BACK_IN(name)
#define BACK_INOUT(name) ((float4 *)a.name)[i] = name##_four;
#define BACK_OUT(name) ((float4 *)a.name)[i] = name##_four;
#define BACK_SHARED(name)
#define BACK(role, type, name, width) BACK_##role(name)
#define AT_IN(name) | (uintptr_t)a->name
#define AT_INOUT(name) | (uintptr_t)a->name
#define AT_OUT(name) | (uintptr_t)a->name
#define AT_SHARED(name)
#define AT(role, type, name, width) AT_##role(name)
#define NOTHING(type, name)

#define EACH(op)                                                                                   \
    static __global__ void op##_each(const __grid_constant__ pv_##op##_args a)                     \
    {                                                                                              \
        const size_t n = a.rows * a.cols;                                                          \
        GRID_STRIDE(i, n / 4)                                                                      \
        {                                                                                          \
            pv_##op##_args four = a;                                                               \
            PV_FIELDS_##op(FOUR, NOTHING) _Pragma("unroll") for (size_t j = 0; j < 4; j++)         \
                pv_##op##_at(j, &four);                                                            \
            PV_FIELDS_##op(BACK, NOTHING)                                                          \
        }                                                                                          \
        if (blockIdx.x == 0 && threadIdx.x < n % 4) pv_##op##_at(n / 4 * 4 + threadIdx.x, &a);     \
    }                                                                                              \
    MAP(op)                                                                                        \
    static pv_status op##_queue_each(const launch *l, const void *args)                            \
    {                                                                                              \
        const pv_##op##_args *a = (const pv_##op##_args *)args;                                    \
        if ((0 PV_FIELDS_##op(AT, NOTHING)) % sizeof(float4)) return op##_queue(l, args);          \
        op##_each<<<blocks_for(l, a->rows * a->cols / 4 + 1), THREADS, 0, l->stream->queue>>>(*a); \
        return launched(l, #op);                                                                   \
    }

/* ---- rows ---- */

#define ROWS(op)                                                                                   \
    static __global__ void op##_rows(const __grid_constant__ pv_##op##_args a)                     \
    {                                                                                              \
        const size_t warp = ((size_t)blockIdx.x * blockDim.x + threadIdx.x) / 32,                  \
                     warps = (size_t)gridDim.x * blockDim.x / 32;                                  \
        const pv_team team = {(int)(threadIdx.x % 32), 32};                                        \
        for (size_t row = warp; row < a.rows; row += warps) pv_##op##_at(team, row, &a);           \
    }                                                                                              \
    static pv_status op##_queue(const launch *l, const void *args)                                 \
    {                                                                                              \
        const pv_##op##_args *a = (const pv_##op##_args *)args;                                    \
        const size_t most = (size_t)device_of(l->stream)->processors * 16;                         \
        const unsigned threads = a->rows > most ? THREADS : 32;                                    \
        const size_t blocks = (a->rows * 32 + threads - 1) / threads;                              \
        op##_rows<<<(unsigned)(blocks < most ? blocks : most), threads, 0, l->stream->queue>>>(    \
            *a);                                                                                   \
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
