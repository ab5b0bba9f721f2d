/* memory_bugs.cu -- accesses that must not be made, copies, and what is never freed. */
#include "bugs.h"

__global__ void fill(float *to, int count, float value)
{
    int i = (int)(blockIdx.x * blockDim.x + threadIdx.x);
    if (i < count) to[i] = value;
}

__global__ void add_one(float *x) { x[threadIdx.x] += 1; }
__global__ void copy(const float *from, float *to) { to[threadIdx.x] = from[threadIdx.x]; }

__global__ void vector_copy(const float *from, float *to)
{
    ((float4 *)to)[threadIdx.x] = ((const float4 *)from)[threadIdx.x];
}

/* The bound is the number of threads, not of elements. */
static void off_by_one_grid(void)
{
    float *x = on_device<float>(100);
    fill<<<1, 128>>>(x, 128, 1);
    DO(cudaFree(x));
}

static void past_the_end_far(void)
{
    float *x = on_device<float>(1000);
    fill<<<1, 1>>>(x + 1900, 1, 1);
    DO(cudaFree(x));
}

static void before_the_start(void)
{
    float *x = zeros<float>(32);
    fill<<<1, 32>>>(x - 1, 32, 1);
    DO(cudaFree(x));
}

static void unwritten(void)
{
    float *x = on_device<float>(32);
    add_one<<<1, 32>>>(x);
    DO(cudaFree(x));
}

/* One element is left out. */
static void partly_unwritten(void)
{
    float *x = on_device<float>(32), *y = on_device<float>(32);
    fill<<<1, 32>>>(x, 31, 1);
    copy<<<1, 32>>>(x, y);
    DO(cudaFree(x));
    DO(cudaFree(y));
}

/* A copy does not make the missing element written. */
static void copy_of_unwritten(void)
{
    float *x = on_device<float>(32), *y = on_device<float>(32);
    fill<<<1, 32>>>(x, 31, 1);
    DO(cudaMemcpy(y, x, 32 * sizeof(float), cudaMemcpyDeviceToDevice));
    add_one<<<1, 32>>>(y);
    DO(cudaFree(x));
    DO(cudaFree(y));
}

static void vector_unwritten(void)
{
    float *x = on_device<float>(128), *y = on_device<float>(128);
    fill<<<1, 128>>>(x, 127, 1);
    vector_copy<<<1, 32>>>(x, y);
    DO(cudaFree(x));
    DO(cudaFree(y));
}

static void copies_unwritten(void)
{
    float *x = on_device<float>(32), host[32];
    fill<<<1, 32>>>(x, 31, 1);
    DO(cudaMemcpy(host, x, sizeof host, cudaMemcpyDeviceToHost));
    DO(cudaFree(x));
}

__global__ void shared_unwritten_kernel(float *to)
{
    __shared__ float part[32];
    if (threadIdx.x != 7) part[threadIdx.x] = 1;
    __syncthreads();
    to[threadIdx.x] = part[31 - threadIdx.x];
}

static void shared_unwritten(void)
{
    float *x = on_device<float>(32);
    shared_unwritten_kernel<<<1, 32>>>(x);
    DO(cudaFree(x));
}

__global__ void shared_bounds_kernel(float *to, int shift)
{
    __shared__ float part[32], other[32];
    part[threadIdx.x + shift] = 1;
    other[threadIdx.x] = 2;
    __syncthreads();
    to[threadIdx.x] = part[threadIdx.x] + other[threadIdx.x];
}

static void shared_bounds(void)
{
    float *x = on_device<float>(32);
    shared_bounds_kernel<<<1, 32>>>(x, 1);
    DO(cudaFree(x));
}

extern __shared__ float dynamic[];
__global__ void dynamic_bounds_kernel(float *to)
{
    dynamic[threadIdx.x] = 1;
    __syncthreads();
    to[threadIdx.x] = dynamic[31 - threadIdx.x];
}

static void dynamic_bounds(void)
{
    float *x = on_device<float>(32);
    dynamic_bounds_kernel<<<1, 32, 31 * sizeof(float)>>>(x);
    DO(cudaFree(x));
}

static void host_pointer(void)
{
    float host[32] = {0};
    add_one<<<1, 32>>>(host);
    DO(cudaDeviceSynchronize());
}

static void null_pointer(void)
{
    add_one<<<1, 32>>>(nullptr);
    DO(cudaDeviceSynchronize());
}

static void misaligned(void)
{
    float *x = zeros<float>(132), *y = zeros<float>(128);
    vector_copy<<<1, 32>>>(x + 1, y);
    DO(cudaFree(x));
    DO(cudaFree(y));
}

static void use_after_free(void)
{
    float *x = zeros<float>(32);
    DO(cudaFree(x));
    add_one<<<1, 32>>>(x);
    DO(cudaDeviceSynchronize());
}

static void double_free(void)
{
    float *x = zeros<float>(32);
    DO(cudaFree(x));
    cudaFree(x);
}

static void leak(void) { zeros<float>(100); }

static void copy_past_the_end(void)
{
    float *x = on_device<float>(100), host[128] = {0};
    cudaMemcpy(x, host, sizeof host, cudaMemcpyHostToDevice);
    DO(cudaFree(x));
}

static void wrong_direction(void)
{
    float *x = zeros<float>(32), host[32];
    cudaMemcpy(host, x, sizeof host, cudaMemcpyHostToDevice);
    DO(cudaFree(x));
}

static void memset_past_the_end(void)
{
    float *x = on_device<float>(100);
    cudaMemset(x, 0, 101 * sizeof(float));
    DO(cudaFree(x));
}

#define LIST(B)                                                                                    \
    B(off_by_one_grid, "out of bounds")                                                            \
    B(past_the_end_far, "out of bounds")                                                           \
    B(before_the_start, "out of bounds")                                                           \
    B(unwritten, "nobody wrote")                                                                   \
    B(partly_unwritten, "nobody wrote")                                                            \
    B(copy_of_unwritten, "nobody wrote")                                                           \
    B(vector_unwritten, "nobody wrote")                                                            \
    B(copies_unwritten, "nobody wrote")                                                            \
    B(shared_unwritten, "nobody wrote")                                                            \
    B(shared_bounds, "out of bounds")                                                              \
    B(dynamic_bounds, "out of bounds")                                                             \
    B(host_pointer, "a host pointer?")                                                             \
    B(null_pointer, "no device address")                                                           \
    B(misaligned, "misaligned")                                                                    \
    B(use_after_free, "freed by cudaFree")                                                         \
    B(double_free, "no live allocation begins")                                                    \
    B(leak, "leak: 400 bytes of cudaMalloc")                                                       \
    B(copy_past_the_end, "do not fit")                                                             \
    B(wrong_direction, "direction of the copy")                                                    \
    B(memset_past_the_end, "do not fit")

BUG_TABLE(LIST)
