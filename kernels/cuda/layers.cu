/* layers.cu -- dense layers through cuBLAS, and what all layers share: how sums leave, and the sums
 * of bias gradients.
 *
 * cuBLAS is column-major: a row-major [rows, n] is its n x rows. With X [rows, in], Y [rows, out],
 * W [out, in] that makes  Y = W^T X,  dX = W dY,  dW = X dY^T  of their mirror images. */
#include "drivers.cuh"

/* ---- how sums leave ---- */

/* As the CPU's pv_activate and pv_activation_slope. */
static __device__ inline float activated(int activation, float x)
{
    if (activation == PV_RELU) return x > 0.0f ? x : 0.0f;
    if (activation == PV_LEAKY_RELU) return x > 0.0f ? x : 0.2f * x;
    return activation == PV_TANH ? tanhf(x) : x;
}

static __device__ inline float slope_at(int activation, float y)
{
    if (activation == PV_RELU) return y > 0.0f ? 1.0f : 0.0f;
    if (activation == PV_LEAKY_RELU) return y > 0.0f ? 1.0f : 0.2f;
    return activation == PV_TANH ? 1.0f - y * y : 1.0f;
}

static __device__ inline float left(const leaving &e, size_t i)
{
    float x = e.to[i];
    if (e.plus) x += e.plus[i];
    if (e.bias) x += e.bias[i % e.cols];
    return e.mask ? x * slope_at(e.activation, e.mask[i]) : activated(e.activation, x);
}

static __global__ void leave_sums(const __grid_constant__ leaving e)
{
    GRID_STRIDE(i, e.rows * e.cols) e.to[i] = left(e, i);
}

/* ---- sums over rows ---- */

/* A block sums a chunk of rows of 32 columns: 8 rows at a time, then over these 8. LEAVES: of what
 * leaves the layer, on its way. */
enum { BIAS_COLS = 32, BIAS_ROWS = THREADS / BIAS_COLS };

template <int LEAVES>
static __global__ void bias_chunk(const __grid_constant__ leaving e, size_t chunk, double *part)
{
    __shared__ double space[BIAS_ROWS][BIAS_COLS];
    const size_t x = threadIdx.x % BIAS_COLS, y = threadIdx.x / BIAS_COLS,
                 col = blockIdx.x * (size_t)BIAS_COLS + x, first = blockIdx.y * chunk,
                 end = first + chunk < e.rows ? first + chunk : e.rows;
    double sum = 0.0;
    if (col < e.cols)
        for (size_t row = first + y; row < end; row += BIAS_ROWS) {
            const size_t i = row * e.cols + col;
            if (LEAVES) e.to[i] = left(e, i);
            sum += (double)e.to[i];
        }
    space[y][x] = sum;
    __syncthreads();
    if (y > 0 || col >= e.cols) return;
    for (size_t i = 1; i < BIAS_ROWS; i++) sum += space[i][x];
    part[blockIdx.y * e.cols + col] = sum;
}

/* A warp adds the chunks of a column: each lane some of them, in their order. */
static __global__ void bias_total(const double *part, size_t chunks, size_t cols, float *to)
{
    const size_t col = blockIdx.x, lane = threadIdx.x;
    double sum = 0.0;
    for (size_t i = lane; i < chunks; i += 32) sum += part[i * cols + col];
    for (int d = 16; d > 0; d /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, d);
    if (lane == 0) to[col] = (float)sum;
}

size_t pv_cuda_bias_workspace(size_t rows, size_t cols)
{
    return chunks_of(rows) * cols * sizeof(double);
}

static pv_status sum_columns(const launch *l, const leaving *e, int leaves, float *sum)
{
    double *part = (double *)l->workspace;
    const size_t chunk = chunk_rows(e->rows), chunks = chunks_of(e->rows);
    const dim3 blocks((unsigned)((e->cols + BIAS_COLS - 1) / BIAS_COLS), (unsigned)chunks);
    if (leaves)
        bias_chunk<1><<<blocks, THREADS, 0, l->stream->queue>>>(*e, chunk, part);
    else
        bias_chunk<0><<<blocks, THREADS, 0, l->stream->queue>>>(*e, chunk, part);
    PV_TRY(launched(l, "bias_chunk"));
    bias_total<<<(unsigned)e->cols, 32, 0, l->stream->queue>>>(part, chunks, e->cols, sum);
    return launched(l, "bias_total");
}

pv_status pv_cuda_bias(const launch *l, const float *from, size_t rows, size_t cols, float *sum)
{
    const leaving e = {rows, cols, PV_LINEAR, NULL, NULL, NULL, (float *)from};
    return sum_columns(l, &e, 0, sum);
}

pv_status pv_cuda_leave(const launch *l, const leaving *e)
{
    if (l->sums) return sum_columns(l, e, 1, l->sums);
    if (!e->plus && !e->bias && !e->mask && e->activation == PV_LINEAR) return PV_OK;
    leave_sums<<<blocks_for(l, e->rows * e->cols), THREADS, 0, l->stream->queue>>>(*e);
    return launched(l, "leave_sums");
}

/* ---- products ---- */

pv_status pv_cuda_product(const launch *l, const product *p)
{
    const cublasComputeType_t compute =
        l->stream->base.layers.precision == PV_BF16   ? CUBLAS_COMPUTE_32F_FAST_16BF
        : l->stream->base.layers.precision == PV_TF32 ? CUBLAS_COMPUTE_32F_FAST_TF32
                                                      : CUBLAS_COMPUTE_32F_PEDANTIC;
    const float one = 1.0f, zero = 0.0f;
    CUBLAS_TRY(l->stream->base.device,
               cublasGemmEx(l->stream->blas, p->turn_a ? CUBLAS_OP_T : CUBLAS_OP_N,
                            p->turn_b ? CUBLAS_OP_T : CUBLAS_OP_N, (int)p->m, (int)p->n, (int)p->k,
                            &one, p->a, CUDA_R_32F, (int)p->a_row, p->b, CUDA_R_32F, (int)p->b_row,
                            &zero, p->c, CUDA_R_32F, (int)p->m, compute, CUBLAS_GEMM_DEFAULT));
    return PV_OK;
}

pv_status pv_cuda_forward(const launch *l, size_t rows, size_t in, size_t out, const float *x,
                          const float *w, float *y)
{
    const product p = {1, 0, out, rows, in, w, in, x, in, y};
    return pv_cuda_product(l, &p);
}

pv_status pv_cuda_data_grad(const launch *l, size_t rows, size_t in, size_t out, const float *dy,
                            const float *w, float *dx)
{
    const product p = {0, 0, in, rows, out, w, in, dy, out, dx};
    return pv_cuda_product(l, &p);
}

pv_status pv_cuda_weight_grad(const launch *l, size_t rows, size_t in, size_t out, const float *x,
                              const float *dy, float *dw)
{
    const product p = {0, 1, in, out, rows, x, in, dy, out, dw};
    return pv_cuda_product(l, &p);
}

/* ---- dense ---- */

static pv_status dense_queue(const launch *l, const void *args)
{
    const pv_dense_args *a = (const pv_dense_args *)args;
    if (a->pass == PV_FORWARD) {
        const leaving e = {a->rows, a->out, a->activation, a->bias, NULL, NULL, a->to};
        PV_TRY(pv_cuda_forward(l, a->rows, a->in, a->out, a->from, a->w, a->to));
        return pv_cuda_leave(l, &e);
    }
    const leaving e = {a->rows, a->in, a->activation, NULL, a->mask, a->plus, a->to};
    PV_TRY(pv_cuda_data_grad(l, a->rows, a->in, a->out, a->from, a->w, a->to));
    return pv_cuda_leave(l, &e);
}

static __global__ void scale_rows(const float *from, const float *scale, size_t rows, size_t cols,
                                  float *to)
{
    GRID_STRIDE(i, rows * cols) to[i] = from[i] * scale[i / cols];
}

/* Scaled rows, and behind them the sums of the bias. */
static size_t scaled_bytes(const pv_dense_weight_grad_args *a)
{
    return a->scale ? (a->rows * a->out * sizeof(float) + 255) / 256 * 256 : 0;
}

static size_t weight_grad_workspace(const void *args)
{
    const pv_dense_weight_grad_args *a = (const pv_dense_weight_grad_args *)args;
    return scaled_bytes(a) + pv_cuda_bias_workspace(a->rows, a->out);
}

static pv_status weight_grad_queue(const launch *l, const void *args)
{
    const pv_dense_weight_grad_args *a = (const pv_dense_weight_grad_args *)args;
    const float *dy = a->dy;
    if (a->scale) {
        float *scaled = (float *)l->workspace;
        scale_rows<<<blocks_for(l, a->rows * a->out), THREADS, 0, l->stream->queue>>>(
            dy, a->scale, a->rows, a->out, scaled);
        PV_TRY(launched(l, "scale_rows"));
        dy = scaled;
    }
    PV_TRY(pv_cuda_weight_grad(l, a->rows, a->in, a->out, a->x, dy, a->dw));
    if (!a->dbias || l->summed) return PV_OK;
    const launch behind = {l->stream, (char *)l->workspace + scaled_bytes(a), NULL, 0};
    return pv_cuda_bias(&behind, dy, a->rows, a->out, a->dbias);
}

/* For the sums of what leaves. */
static size_t dense_workspace(const void *args)
{
    const pv_dense_args *a = (const pv_dense_args *)args;
    return a->pass == PV_FORWARD ? 0 : pv_cuda_bias_workspace(a->rows, a->in);
}

const cuda_kernel pv_cuda_dense = {dense_workspace, dense_queue};
const cuda_kernel pv_cuda_dense_weight_grad = {weight_grad_workspace, weight_grad_queue};
