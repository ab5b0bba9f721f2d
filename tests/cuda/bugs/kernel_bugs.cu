/* kernel_bugs.cu -- threads that race, barriers and shuffles that not all reach, launch limits. */
#include "bugs.h"

enum { THREADS = 128 };

/* A tree sum without its barrier. */
__global__ void dropped_barrier_kernel(const float *x, float *sum)
{
    __shared__ float part[THREADS];
    part[threadIdx.x] = x[threadIdx.x];
    __syncthreads();
    for (int d = THREADS / 2; d; d /= 2)
        if (threadIdx.x < d) part[threadIdx.x] += part[threadIdx.x + d];
    if (threadIdx.x == 0) *sum = part[0];
}

static void dropped_barrier(void)
{
    float *x = zeros<float>(THREADS + 1);
    dropped_barrier_kernel<<<1, THREADS>>>(x, x + THREADS);
    DO(cudaFree(x));
}

/* The tile is filled anew while slower warps still read it. */
__global__ void second_barrier_kernel(const float *x, float *y)
{
    __shared__ float tile[THREADS];
    float sum = 0;
    for (int k = 0; k < 2; k++) {
        tile[threadIdx.x] = x[k * THREADS + threadIdx.x];
        __syncthreads();
        sum += tile[THREADS - 1 - threadIdx.x];
    }
    y[threadIdx.x] = sum;
}

static void second_barrier(void)
{
    float *x = zeros<float>(3 * THREADS);
    second_barrier_kernel<<<1, THREADS>>>(x, x + 2 * THREADS);
    DO(cudaFree(x));
}

/* As above, in global memory. */
__global__ void global_race_kernel(float *x)
{
    x[threadIdx.x] = 1;
    x[THREADS + threadIdx.x] = x[THREADS - 1 - threadIdx.x];
}

static void global_race(void)
{
    float *x = zeros<float>(2 * THREADS);
    global_race_kernel<<<1, THREADS>>>(x);
    DO(cudaFree(x));
}

__global__ void bytes_race_kernel(unsigned char *x)
{
    x[threadIdx.x / 33] = (unsigned char)threadIdx.x;
}

static void bytes_race(void)
{
    unsigned char *x = zeros<unsigned char>(THREADS);
    bytes_race_kernel<<<1, THREADS>>>(x);
    DO(cudaFree(x));
}

/* Lanes of a warp exchange values through memory without __syncwarp. */
__global__ void lanes_race_kernel(float *y)
{
    __shared__ float part[32];
    part[threadIdx.x] = (float)threadIdx.x;
    y[threadIdx.x] = part[31 - threadIdx.x];
}

static void lanes_race(void)
{
    float *y = on_device<float>(32);
    lanes_race_kernel<<<1, 32>>>(y);
    DO(cudaFree(y));
}

/* Every block adds to the same number. */
__global__ void blocks_race_kernel(float *sum)
{
    if (threadIdx.x == 0) *sum += 1;
}

static void blocks_race(void)
{
    float *sum = zeros<float>(1);
    blocks_race_kernel<<<4, 32>>>(sum);
    DO(cudaFree(sum));
}

/* A block reads what another one writes. */
__global__ void halo_race_kernel(float *x)
{
    const unsigned i = blockIdx.x * blockDim.x + threadIdx.x;
    x[i] = x[(i + 1) % (gridDim.x * blockDim.x)];
}

static void halo_race(void)
{
    float *x = zeros<float>(64);
    halo_race_kernel<<<2, 32>>>(x);
    DO(cudaFree(x));
}

/* One adds atomically, another one does not. */
__global__ void half_atomic_kernel(int *count)
{
    if (blockIdx.x % 2)
        atomicAdd(count, 1);
    else if (threadIdx.x == 0)
        *count = 5;
}

static void half_atomic(void)
{
    int *count = zeros<int>(1);
    half_atomic_kernel<<<2, 32>>>(count);
    DO(cudaFree(count));
}

__global__ void divergent_barrier_kernel(float *x)
{
    if (threadIdx.x % 2) {
        x[threadIdx.x] = 1;
        __syncthreads();
    } else {
        __syncthreads();
        x[threadIdx.x] = 2;
    }
}

static void divergent_barrier(void)
{
    float *x = on_device<float>(64);
    divergent_barrier_kernel<<<1, 64>>>(x);
    DO(cudaFree(x));
}

/* Threads past the end leave before the barrier. */
__global__ void early_exit_kernel(float *x, int count)
{
    __shared__ float part[64];
    if ((int)threadIdx.x >= count) return;
    part[threadIdx.x] = 1;
    __syncthreads();
    x[threadIdx.x] = part[count - 1 - (int)threadIdx.x];
}

static void early_exit(void)
{
    float *x = on_device<float>(64);
    early_exit_kernel<<<1, 64>>>(x, 50);
    DO(cudaFree(x));
}

/* Both halves of the warp wait for each other, at different places. */
__global__ void missing_lanes_kernel(float *x, int count)
{
    float v = (float)threadIdx.x;
    if ((int)threadIdx.x < count)
        v += __shfl_xor_sync(0xffffffffu, v, 1);
    else
        v *= __shfl_down_sync(0xffffffffu, v, 2);
    x[threadIdx.x] = v;
}

static void missing_lanes(void)
{
    float *x = on_device<float>(32);
    missing_lanes_kernel<<<1, 32>>>(x, 20);
    DO(cudaFree(x));
}

/* The lanes that the sum comes from have ended. */
__global__ void ended_lanes_kernel(float *x, int count)
{
    if ((int)threadIdx.x >= count) return;
    float v = (float)threadIdx.x;
    for (int d = 16; d; d /= 2) v += __shfl_down_sync(0xffffffffu, v, d);
    x[threadIdx.x] = v;
}

static void ended_lanes(void)
{
    float *x = on_device<float>(32);
    ended_lanes_kernel<<<1, 32>>>(x, 20);
    DO(cudaFree(x));
}

__global__ void wrong_mask_kernel(float *x)
{
    x[threadIdx.x] = __shfl_sync(0xffffu, (float)threadIdx.x, 0);
}

static void wrong_mask(void)
{
    float *x = on_device<float>(32);
    wrong_mask_kernel<<<1, 32>>>(x);
    DO(cudaFree(x));
}

__global__ void nothing(void) {}

static void too_many_threads(void) { nothing<<<1, dim3(1024, 2)>>>(); }
static void empty_grid(void) { nothing<<<0, 32>>>(); }
static void high_grid(void) { nothing<<<dim3(1, 70000), 32>>>(); }
static void much_shared_memory(void) { nothing<<<1, 32, 60000>>>(); }

__global__ void __launch_bounds__(64) bounded(void) {}
static void launch_bounds(void) { bounded<<<1, 128>>>(); }

__global__ void unknown_kernel(unsigned *x)
{
    asm("dp4a.u32.u32 %0, %1, %2, %3;" : "=r"(*x) : "r"(1), "r"(2), "r"(3));
}
static void unknown_instruction(void)
{
    unsigned *x = on_device<unsigned>(1);
    unknown_kernel<<<1, 1>>>(x);
    DO(cudaFree(x));
}

#define LIST(B)                                                                                    \
    B(dropped_barrier, "race between warps")                                                       \
    B(second_barrier, "race between warps")                                                        \
    B(global_race, "race between warps")                                                           \
    B(bytes_race, "race between")                                                                  \
    B(lanes_race, "race between lanes")                                                            \
    B(blocks_race, "race between blocks")                                                          \
    B(halo_race, "race between")                                                                   \
    B(half_atomic, "race between blocks")                                                          \
    B(divergent_barrier, "barrier divergence")                                                     \
    B(early_exit, "barrier divergence")                                                            \
    B(missing_lanes, "of the mask are missing")                                                    \
    B(ended_lanes, "which does not take part")                                                     \
    B(wrong_mask, "not in its own mask")                                                           \
    B(too_many_threads, "more than 1024 threads")                                                  \
    B(empty_grid, "a dimension is 0")                                                              \
    B(high_grid, "the grid is too large")                                                          \
    B(much_shared_memory, "more than 48 KiB")                                                      \
    B(launch_bounds, "__launch_bounds__")                                                          \
    B(unknown_instruction, "unknown instruction `dp4a.u32.u32")

BUG_TABLE(LIST)
