/* libraries_gemm.c -- the stand-in for cuBLAS gives the products that its documentation defines. */
#include <cublas_v2.h>
#include <math.h>

#include "device_arrays.h"

enum { MOST = 4096 };

typedef struct {
    int m, n, k, ta, tb, gap, batch;
    float alpha, beta;
} shape;

static cublasHandle_t handle;

static float a[MOST], b[MOST], c[MOST], found[MOST], wanted[MOST];

/* Of a column, at least 1 as BLAS wants it. */
static int leading(int rows, int gap) { return rows + gap > 1 ? rows + gap : 1; }

/* Elements that a matrix of `columns` columns takes, with `gap` unused ones at the end of each. */
static int size(int rows, int columns, int gap) { return (rows + gap) * columns; }

/* Element (row, column) of op(X), where X is stored with `ld` elements a column. */
static double op(const float *x, int transposed, int ld, int row, int column)
{
    return transposed ? x[row * ld + column] : x[column * ld + row];
}

static void multiply(const shape *s, const float *x, const float *y, float *z)
{
    const int lda = (s->ta ? s->k : s->m) + s->gap, ldb = (s->tb ? s->n : s->k) + s->gap;
    for (int i = 0; i < s->m; i++)
        for (int j = 0; j < s->n; j++) {
            double sum = 0;
            for (int p = 0; p < s->k; p++) sum += op(x, s->ta, lda, i, p) * op(y, s->tb, ldb, p, j);
            float *to = &z[j * (s->m + s->gap) + i];
            *to = (float)(s->alpha * sum + (s->beta != 0 ? s->beta * (double)*to : 0));
        }
}

/* Writes only what a matrix holds: the gaps, and C where beta = 0, stay as cudaMalloc left them. */
static void *columns_on_device(const float *x, int rows, int columns, int gap, int count)
{
    const size_t ld = (size_t)(rows + gap) * sizeof(float);
    void *at = on_device(NULL, ld * (size_t)(columns * count) + 4);
    for (int j = 0; x && j < columns * count; j++)
        WORKS(cudaMemcpy((char *)at + (size_t)j * ld, (const char *)x + (size_t)j * ld,
                         (size_t)rows * sizeof(float), cudaMemcpyHostToDevice));
    return at;
}

static void compare(const shape *s, void *dc)
{
    const int rows = s->m + s->gap;
    for (int j = 0; j < s->n * s->batch; j++)
        WORKS(cudaMemcpy(found + j * rows, (char *)dc + (size_t)(j * rows) * sizeof(float),
                         (size_t)s->m * sizeof(float), cudaMemcpyDeviceToHost));
    for (int j = 0; j < s->n * s->batch; j++)
        for (int i = 0; i < s->m; i++)
            check(found[j * rows + i] == wanted[j * rows + i],
                  "m %d n %d k %d ta %d tb %d gap %d: C[%d, %d] = %g, wanted %g", s->m, s->n, s->k,
                  s->ta, s->tb, s->gap, i, j, (double)found[j * rows + i],
                  (double)wanted[j * rows + i]);
}

static void try_shape(const shape *s, int scalars_on_device)
{
    const int rows_a = s->ta ? s->k : s->m, columns_a = s->ta ? s->m : s->k;
    const int rows_b = s->tb ? s->n : s->k, columns_b = s->tb ? s->k : s->n;
    const int size_a = size(rows_a, columns_a, s->gap), size_b = size(rows_b, columns_b, s->gap);
    const int size_c = size(s->m, s->n, s->gap);
    fill(a, (size_t)(size_a * s->batch), 1);
    fill(b, (size_t)(size_b * s->batch), 2);
    fill(c, (size_t)(size_c * s->batch), 3);
    memcpy(wanted, c, sizeof c);
    for (int i = 0; i < s->batch; i++)
        multiply(s, a + i * size_a, b + i * size_b, wanted + i * size_c);
    float *da = columns_on_device(a, rows_a, columns_a, s->gap, s->batch);
    float *db = columns_on_device(b, rows_b, columns_b, s->gap, s->batch);
    float *dc = columns_on_device(s->beta != 0 ? c : NULL, s->m, s->n, s->gap, s->batch);
    float *scalars = on_device(&(float[]){s->alpha, s->beta}, 2 * sizeof(float));
    const cublasOperation_t ta = s->ta ? CUBLAS_OP_T : CUBLAS_OP_N;
    const cublasOperation_t tb = s->tb ? CUBLAS_OP_C : CUBLAS_OP_N;
    const float *alpha = scalars_on_device ? scalars : &s->alpha;
    const float *beta = scalars_on_device ? scalars + 1 : &s->beta;
    WORKS(cublasSetPointerMode(handle, scalars_on_device ? CUBLAS_POINTER_MODE_DEVICE
                                                         : CUBLAS_POINTER_MODE_HOST));
    if (s->batch == 1)
        WORKS(cublasSgemm(handle, ta, tb, s->m, s->n, s->k, alpha, da, leading(rows_a, s->gap), db,
                          leading(rows_b, s->gap), beta, dc, s->m + s->gap));
    else
        WORKS(cublasSgemmStridedBatched(
            handle, ta, tb, s->m, s->n, s->k, alpha, da, leading(rows_a, s->gap), size_a, db,
            leading(rows_b, s->gap), size_b, beta, dc, s->m + s->gap, size_c, s->batch));
    compare(s, dc);
    off_device(NULL, da, 0);
    off_device(NULL, db, 0);
    off_device(NULL, dc, 0);
    off_device(NULL, scalars, 0);
}

static void products(void)
{
    const int sizes[][3] = {{1, 1, 1}, {10, 3, 5}, {3, 1, 17}, {1, 9, 2}, {20, 7, 13}, {4, 3, 0}};
    const float scalars[][2] = {{1, 0}, {1, 1}, {2, -0.5F}};
    for (unsigned i = 0; i < sizeof sizes / sizeof sizes[0]; i++)
        for (unsigned kind = 0; kind < 4 * 3 * 2; kind++) {
            const shape s = {.m = sizes[i][0],
                             .n = sizes[i][1],
                             .k = sizes[i][2],
                             .ta = kind & 1,
                             .tb = kind >> 1 & 1,
                             .gap = kind >> 2 & 1 ? 3 : 0,
                             .alpha = scalars[kind / 8][0],
                             .beta = scalars[kind / 8][1],
                             .batch = 1};
            try_shape(&s, 0);
            shape many = s;
            many.batch = 3;
            try_shape(&many, 0);
        }
    try_shape(&(shape){.m = 10, .n = 3, .k = 5, .alpha = 2, .beta = -1, .batch = 1}, 1);
    WORKS(cublasSetPointerMode(handle, CUBLAS_POINTER_MODE_HOST));
}

/* ---- precision ---- */

/* The bits of a float without the last `dropped`, to nearest, ties to even. */
static float shortened(float x, int dropped)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    bits += (1u << (dropped - 1)) - 1 + (bits >> dropped & 1);
    bits &= ~((1u << dropped) - 1);
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* One product with one sum: x (1 x 8) times y (8 x 1), operands without their last bits. */
static float dot(const float *x, const float *y, int dropped)
{
    double sum = 0;
    for (int i = 0; i < 8; i++)
        sum += dropped ? (double)shortened(x[i], dropped) * shortened(y[i], dropped)
                       : (double)x[i] * y[i];
    return (float)sum;
}

static void precision(void)
{
    const float one = 1, zero = 0;
    float x[8], y[8], z = 0;
    for (int i = 0; i < 8; i++) {
        x[i] = sinf((float)(i + 1));
        y[i] = 1 / (float)(i + 3);
    }
    float *dx = on_device(x, sizeof x), *dy = on_device(y, sizeof y), *dz = on_device(&z, sizeof z);
    const struct {
        const char *what;
        cublasMath_t math;
        cublasComputeType_t compute;
        int dropped;
    } cases[] = {
        {"Sgemm", CUBLAS_DEFAULT_MATH, (cublasComputeType_t)0, 0},
        {"Sgemm, TF32", CUBLAS_TF32_TENSOR_OP_MATH, (cublasComputeType_t)0, 13},
        {"Sgemm, pedantic", CUBLAS_PEDANTIC_MATH, (cublasComputeType_t)0, 0},
        {"GemmEx", CUBLAS_DEFAULT_MATH, CUBLAS_COMPUTE_32F, 0},
        {"GemmEx, pedantic", CUBLAS_TF32_TENSOR_OP_MATH, CUBLAS_COMPUTE_32F_PEDANTIC, 0},
        {"GemmEx, TF32", CUBLAS_DEFAULT_MATH, CUBLAS_COMPUTE_32F_FAST_TF32, 13},
        {"GemmEx, BF16", CUBLAS_DEFAULT_MATH, CUBLAS_COMPUTE_32F_FAST_16BF, 16},
    };
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        WORKS(cublasSetMathMode(handle, cases[i].math));
        if (!cases[i].compute)
            WORKS(cublasSgemm(handle, CUBLAS_OP_N, CUBLAS_OP_N, 1, 1, 8, &one, dx, 1, dy, 8, &zero,
                              dz, 1));
        else
            WORKS(cublasGemmEx(handle, CUBLAS_OP_N, CUBLAS_OP_N, 1, 1, 8, &one, dx, CUDA_R_32F, 1,
                               dy, CUDA_R_32F, 8, &zero, dz, CUDA_R_32F, 1, cases[i].compute,
                               CUBLAS_GEMM_DEFAULT));
        WORKS(cudaMemcpy(&z, dz, sizeof z, cudaMemcpyDeviceToHost));
        const float exact = dot(x, y, cases[i].dropped);
        check(fabsf(z - exact) <= 1e-7F * fabsf(exact), "%s: %.9g, wanted %.9g", cases[i].what,
              (double)z, (double)exact);
        check(cases[i].dropped == 0 || z != dot(x, y, 0), "%s: not rounded", cases[i].what);
    }
    WORKS(cublasSetMathMode(handle, CUBLAS_DEFAULT_MATH));
    off_device(NULL, dx, 0);
    off_device(NULL, dy, 0);
    off_device(NULL, dz, 0);
}

/* bfloat16 in memory: in and out, and in with floats out; other mixtures do not exist. */
static void small_floats(void)
{
    const float one = 1, zero = 0;
    uint16_t x[8], y[8], z;
    float xs[8], ys[8], zs;
    for (int i = 0; i < 8; i++) {
        xs[i] = shortened(sinf((float)(i + 1)), 16);
        ys[i] = shortened(1 / (float)(i + 3), 16);
        memcpy(&x[i], (char *)&xs[i] + 2, 2);
        memcpy(&y[i], (char *)&ys[i] + 2, 2);
    }
    void *dx = on_device(x, sizeof x), *dy = on_device(y, sizeof y), *dz = on_device(NULL, 4);
    const cudaDataType in = CUDA_R_16BF;
    WORKS(cublasGemmEx(handle, CUBLAS_OP_N, CUBLAS_OP_N, 1, 1, 8, &one, dx, in, 1, dy, in, 8, &zero,
                       dz, CUDA_R_32F, 1, CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT));
    WORKS(cudaMemcpy(&zs, dz, sizeof zs, cudaMemcpyDeviceToHost));
    const float exact = dot(xs, ys, 0);
    check(fabsf(zs - exact) <= 1e-7F * fabsf(exact), "bf16 to fp32: %.9g, wanted %.9g", (double)zs,
          (double)exact);
    WORKS(cublasGemmEx(handle, CUBLAS_OP_N, CUBLAS_OP_N, 1, 1, 8, &one, dx, in, 1, dy, in, 8, &zero,
                       dz, in, 1, CUBLAS_COMPUTE_32F, CUBLAS_GEMM_DEFAULT));
    WORKS(cudaMemcpy(&z, dz, sizeof z, cudaMemcpyDeviceToHost));
    const float rounded = shortened(exact, 16);
    check(!memcmp(&z, (const char *)&rounded + 2, 2), "bf16 to bf16: %#x", z);
    check(cublasGemmEx(handle, CUBLAS_OP_N, CUBLAS_OP_N, 1, 1, 8, &one, dx, CUDA_R_32F, 1, dy, in,
                       8, &zero, dz, CUDA_R_32F, 1, CUBLAS_COMPUTE_32F,
                       CUBLAS_GEMM_DEFAULT) == CUBLAS_STATUS_NOT_SUPPORTED,
          "fp32 times bf16");
    off_device(NULL, dx, 0);
    off_device(NULL, dy, 0);
    off_device(NULL, dz, 0);
}

/* On a device that has TF32 and bfloat16. */
int main(void)
{
    setenv("EMULATED_SM", "90", 1);
    WORKS(cublasCreate(&handle));
    products();
    precision();
    small_floats();
    WORKS(cublasDestroy(handle));
    return check_end();
}
