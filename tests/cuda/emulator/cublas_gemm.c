/* cublas_gemm.c -- C = alpha op(A) op(B) + beta C, column by column, summed in double precision. */
#include <stdlib.h>
#include <string.h>

#include "cublas_handle.h"

/* The least that cuBLAS documents to be enough for every routine. */
enum { LEAST_WORKSPACE = 16 << 10 };

/* Column-major matrices: element (row, column) at row + column ld; op(A) [m, k], op(B) [k, n],
 * C [m, n]. Batch b of A begins at b stride_a elements, and so on. alpha and beta lie on the device
 * if alpha_at and beta_at are set. */
typedef struct {
    const char *call;
    cublasOperation_t transa, transb;
    int64_t m, n, k, lda, ldb, ldc, stride_a, stride_b, stride_c, batch;
    const void *a, *b;
    void *c, *workspace;
    number_format in, out, rounded;
    float alpha, beta;
    const float *alpha_at, *beta_at;
    size_t scratch;
} gemm;

/* Column `column` of op(X) of `rows` rows, as doubles. */
static void load_column(double *to, const gemm *g, const void *x, int transposed, int64_t ld,
                        int64_t first, int64_t column, int64_t rows)
{
    for (int64_t row = 0; row < rows; row++)
        to[row] = number_load(g->in, g->rounded, x,
                              first + (transposed ? column + row * ld : row + column * ld));
}

static void one_product(const gemm *g, int64_t batch, double *op_a, double *column, double *sum)
{
    const void *a = g->k ? emu_at(g->a) : NULL, *b = g->k ? emu_at(g->b) : NULL;
    void *c = emu_at(g->c);
    const double alpha = g->alpha_at ? *(const float *)emu_at(g->alpha_at) : g->alpha;
    const double beta = g->beta_at ? *(const float *)emu_at(g->beta_at) : g->beta;
    const int64_t first = batch * g->stride_c;
    for (int64_t p = 0; p < g->k; p++)
        load_column(op_a + p * g->m, g, a, g->transa != CUBLAS_OP_N, g->lda, batch * g->stride_a, p,
                    g->m);
    for (int64_t j = 0; j < g->n; j++) {
        if (g->k)
            load_column(column, g, b, g->transb != CUBLAS_OP_N, g->ldb, batch * g->stride_b, j,
                        g->k);
        memset(sum, 0, (size_t)g->m * sizeof *sum);
        for (int64_t p = 0; p < g->k; p++)
            for (int64_t i = 0; i < g->m; i++) sum[i] += op_a[p * g->m + i] * column[p];
        for (int64_t i = 0; i < g->m; i++) {
            const int64_t at = first + i + j * g->ldc;
            const double kept = beta != 0 ? beta * number_load(g->out, NUMBER_FLOAT, c, at) : 0;
            number_store(g->out, c, at, alpha * sum[i] + kept);
        }
    }
}

/* A user's workspace is left full of NaNs, so that nobody can rely on what is in it. */
static void run_gemm(void *arguments)
{
    const gemm *g = arguments;
    double *op_a = malloc((size_t)(g->m * g->k + g->k + g->m) * sizeof *op_a);
    if (!op_a) abort();
    double *column = op_a + g->m * g->k;
    for (int64_t batch = 0; batch < g->batch; batch++)
        one_product(g, batch, op_a, column, column + g->k);
    if (g->scratch) memset(emu_at(g->workspace), 0xff, g->scratch);
    free(op_a);
}

static cublasStatus_t check_shape(const gemm *g, const void *alpha, const void *beta)
{
    const int64_t rows_a = g->transa == CUBLAS_OP_N ? g->m : g->k;
    const int64_t rows_b = g->transb == CUBLAS_OP_N ? g->k : g->n;
    if ((unsigned)g->transa > CUBLAS_OP_C || (unsigned)g->transb > CUBLAS_OP_C)
        return cublas_reject(g->call, "transa = %d, transb = %d", g->transa, g->transb);
    if (g->m < 0 || g->n < 0 || g->k < 0 || g->batch < 0)
        return cublas_reject(g->call, "m = %ld, n = %ld, k = %ld, batchCount = %ld", g->m, g->n,
                             g->k, g->batch);
    if (g->lda < (rows_a > 1 ? rows_a : 1))
        return cublas_reject(g->call, "lda = %ld for %ld rows", g->lda, rows_a);
    if (g->ldb < (rows_b > 1 ? rows_b : 1))
        return cublas_reject(g->call, "ldb = %ld for %ld rows", g->ldb, rows_b);
    if (g->ldc < (g->m > 1 ? g->m : 1))
        return cublas_reject(g->call, "ldc = %ld for %ld rows", g->ldc, g->m);
    if (!alpha || !beta) return cublas_reject(g->call, "alpha = %p, beta = %p", alpha, beta);
    if (g->stride_a < 0 || g->stride_b < 0 || g->stride_c < 0)
        emu_unknown("%s: a negative stride between matrices", g->call);
    return CUBLAS_STATUS_SUCCESS;
}

/* Scalars on the host are read now; those on the device when the work runs. */
static cublasStatus_t take_scalars(gemm *g, cublasPointerMode_t mode, const float *alpha,
                                   const float *beta)
{
    if (mode == CUBLAS_POINTER_MODE_DEVICE) {
        g->alpha_at = alpha;
        g->beta_at = beta;
    } else {
        if (emu_is_device(alpha, sizeof *alpha) || emu_is_device(beta, sizeof *beta))
            return cublas_reject(g->call, "alpha or beta on the device, in host pointer mode");
        g->alpha = *alpha;
        g->beta = *beta;
    }
    return CUBLAS_STATUS_SUCCESS;
}

/* A workspace of one's own serves for partial sums; the library's own may lead to other results
 * as soon as the handle runs in two streams, unless CUBLAS_WORKSPACE_CONFIG fixes it. */
static cublasStatus_t take_workspace(gemm *g, cublasHandle_t handle)
{
    if (handle->has_workspace) {
        const size_t wanted = (size_t)(g->m * g->n * g->batch) * 2 * sizeof(float);
        if (handle->workspace_size < LEAST_WORKSPACE) {
            emu_report("%s: CUBLAS_STATUS_ALLOC_FAILED: a workspace of %zu bytes, %d are the least",
                       g->call, handle->workspace_size, LEAST_WORKSPACE);
            return CUBLAS_STATUS_ALLOC_FAILED;
        }
        g->workspace = handle->workspace;
        g->scratch = wanted < handle->workspace_size ? wanted : handle->workspace_size;
        return CUBLAS_STATUS_SUCCESS;
    }
    if (handle->workspace_lost)
        emu_report("%s: the workspace was lost, for cublasSetStream came after cublasSetWorkspace",
                   g->call);
    if (handle->used && handle->used_stream != handle->stream && !getenv("CUBLAS_WORKSPACE_CONFIG"))
        emu_report("%s: a handle in two streams with the library's own workspace: results may "
                   "differ from run to run",
                   g->call);
    handle->used = 1;
    handle->used_stream = handle->stream;
    return CUBLAS_STATUS_SUCCESS;
}

static operand matrix(const char *name, const void *at, number_format stored, int64_t rows,
                      int64_t columns, int64_t ld, int64_t stride, int64_t batch)
{
    return (operand){.name = name,
                     .at = rows && columns ? at : NULL,
                     .size = number_size(stored),
                     .extent = {rows, columns, stride ? batch : 1},
                     .stride = {1, ld, stride}};
}

static cublasStatus_t queue_gemm(cublasHandle_t handle, gemm *g, const float *alpha,
                                 const float *beta)
{
    cublasStatus_t status;
    if ((status = check_shape(g, alpha, beta)) != CUBLAS_STATUS_SUCCESS) return status;
    if (!g->m || !g->n || !g->batch) return CUBLAS_STATUS_SUCCESS;
    if ((status = take_scalars(g, handle->scalars, alpha, beta)) != CUBLAS_STATUS_SUCCESS ||
        (status = take_workspace(g, handle)) != CUBLAS_STATUS_SUCCESS)
        return status;
    const int ta = g->transa != CUBLAS_OP_N, tb = g->transb != CUBLAS_OP_N;
    if ((g->k && (!g->a || !g->b)) || !g->c)
        return cublas_reject(g->call, "A = %p, B = %p, C = %p", g->a, g->b, g->c);
    operand used[] = {
        matrix("A", g->a, g->in, ta ? g->k : g->m, ta ? g->m : g->k, g->lda, g->stride_a, g->batch),
        matrix("B", g->b, g->in, tb ? g->n : g->k, tb ? g->k : g->n, g->ldb, g->stride_b, g->batch),
        matrix("C", g->c, g->out, g->m, g->n, g->ldc, g->stride_c, g->batch),
        {.name = "alpha", .at = g->alpha_at, .size = sizeof(float), .reads = 1},
        {.name = "beta", .at = g->beta_at, .size = sizeof(float), .reads = 1},
        {.name = "workspace",
         .at = g->workspace,
         .size = 1,
         .writes = 1,
         .extent = {(int64_t)g->scratch},
         .stride = {1}},
    };
    if (g->batch > 1) used[2].extent[2] = g->batch;
    used[0].reads = used[1].reads = used[2].writes = 1;
    used[2].reads = !g->beta_at && g->beta != 0;
    return operands_enqueue(handle->stream, g->call, run_gemm, g, sizeof *g, used,
                            (int)(sizeof used / sizeof used[0])) == cudaSuccess
               ? CUBLAS_STATUS_SUCCESS
               : CUBLAS_STATUS_EXECUTION_FAILED;
}

static number_format single(cublasHandle_t handle)
{
    return handle->math == CUBLAS_TF32_TENSOR_OP_MATH ? number_tf32(handle->capability)
                                                      : NUMBER_FLOAT;
}

cublasStatus_t cublasSgemm(cublasHandle_t handle, cublasOperation_t transa,
                           cublasOperation_t transb, int m, int n, int k, const float *alpha,
                           const float *A, int lda, const float *B, int ldb, const float *beta,
                           float *C, int ldc)
{
    if (!cublas_alive(handle, "cublasSgemm")) return CUBLAS_STATUS_NOT_INITIALIZED;
    if (emu_fails("cublasSgemm")) return CUBLAS_STATUS_EXECUTION_FAILED;
    gemm g = {.call = "cublasSgemm",
              .transa = transa,
              .transb = transb,
              .m = m,
              .n = n,
              .k = k,
              .lda = lda,
              .ldb = ldb,
              .ldc = ldc,
              .batch = 1,
              .a = A,
              .b = B,
              .c = C,
              .rounded = single(handle)};
    return queue_gemm(handle, &g, alpha, beta);
}

cublasStatus_t cublasSgemmStridedBatched(cublasHandle_t handle, cublasOperation_t transa,
                                         cublasOperation_t transb, int m, int n, int k,
                                         const float *alpha, const float *A, int lda,
                                         long long strideA, const float *B, int ldb,
                                         long long strideB, const float *beta, float *C, int ldc,
                                         long long strideC, int batchCount)
{
    if (!cublas_alive(handle, "cublasSgemmStridedBatched")) return CUBLAS_STATUS_NOT_INITIALIZED;
    if (emu_fails("cublasSgemmStridedBatched")) return CUBLAS_STATUS_EXECUTION_FAILED;
    gemm g = {.call = "cublasSgemmStridedBatched",
              .transa = transa,
              .transb = transb,
              .m = m,
              .n = n,
              .k = k,
              .lda = lda,
              .ldb = ldb,
              .ldc = ldc,
              .stride_a = strideA,
              .stride_b = strideB,
              .stride_c = strideC,
              .batch = batchCount,
              .a = A,
              .b = B,
              .c = C,
              .rounded = single(handle)};
    return queue_gemm(handle, &g, alpha, beta);
}

static number_format stored_as(cudaDataType type)
{
    if (type != CUDA_R_32F && type != CUDA_R_16BF) emu_unknown("cublasGemmEx: type %d", (int)type);
    return type == CUDA_R_32F ? NUMBER_FLOAT : NUMBER_BF16;
}

/* What single precision becomes before the product. */
static number_format rounded_to(cublasHandle_t handle, cublasComputeType_t compute)
{
    const int tensor_cores = handle->capability >= 80;
    switch (compute) {
    case CUBLAS_COMPUTE_32F:
        return single(handle);
    case CUBLAS_COMPUTE_32F_PEDANTIC:
        return NUMBER_FLOAT;
    case CUBLAS_COMPUTE_32F_FAST_TF32:
        return number_tf32(handle->capability);
    case CUBLAS_COMPUTE_32F_FAST_16BF:
        return tensor_cores ? NUMBER_BF16 : NUMBER_FLOAT;
    case CUBLAS_COMPUTE_32F_FAST_16F:
        return NUMBER_HALF;
    default:
        emu_unknown("cublasGemmEx: compute type %d", (int)compute);
    }
}

cublasStatus_t cublasGemmEx(cublasHandle_t handle, cublasOperation_t transa,
                            cublasOperation_t transb, int m, int n, int k, const void *alpha,
                            const void *A, cudaDataType Atype, int lda, const void *B,
                            cudaDataType Btype, int ldb, const void *beta, void *C,
                            cudaDataType Ctype, int ldc, cublasComputeType_t computeType,
                            cublasGemmAlgo_t algo)
{
    if (!cublas_alive(handle, "cublasGemmEx")) return CUBLAS_STATUS_NOT_INITIALIZED;
    if (emu_fails("cublasGemmEx")) return CUBLAS_STATUS_EXECUTION_FAILED;
    if (algo != CUBLAS_GEMM_DEFAULT && algo != CUBLAS_GEMM_DEFAULT_TENSOR_OP)
        emu_unknown("cublasGemmEx: algorithm %d", (int)algo);
    gemm g = {.call = "cublasGemmEx",
              .transa = transa,
              .transb = transb,
              .m = m,
              .n = n,
              .k = k,
              .lda = lda,
              .ldb = ldb,
              .ldc = ldc,
              .batch = 1,
              .a = A,
              .b = B,
              .c = C,
              .in = stored_as(Atype),
              .out = stored_as(Ctype)};
    const int plain =
        computeType == CUBLAS_COMPUTE_32F || computeType == CUBLAS_COMPUTE_32F_PEDANTIC;
    const int small = g.in == NUMBER_BF16;
    g.rounded = small ? NUMBER_FLOAT : rounded_to(handle, computeType);
    if (Atype != Btype || (!small && g.out == NUMBER_BF16) ||
        (small && (!plain || handle->capability < 80)))
        return CUBLAS_STATUS_NOT_SUPPORTED;
    return queue_gemm(handle, &g, alpha, beta);
}
