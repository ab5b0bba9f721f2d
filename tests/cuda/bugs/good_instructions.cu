/* good_instructions.cu -- every family of instructions, against the same function on the host. */
#include "bugs.h"
#include <cub/block/block_reduce.cuh>
#include <math.h>
#include <stdint.h>

enum { LANES = 64, VALUES = 48 };

typedef struct {
    uint64_t of[VALUES];
} values;

#define BOTH __host__ __device__ static

BOTH uint64_t bits(double x)
{
    uint64_t b;
    memcpy(&b, &x, 8);
    return b;
}

BOTH void integers(values *v, uint64_t x, uint64_t y)
{
    const uint32_t a = (uint32_t)x, b = (uint32_t)y;
    const int32_t s = (int32_t)a, t = (int32_t)b;
    int n = 0;
    v->of[n++] = a + b;
    v->of[n++] = (uint64_t)(s / (t | 1)) + (uint64_t)(s % (t | 1));
    v->of[n++] = a / (b | 1) + a % (b | 1);
    v->of[n++] = x / (y | 1) + x % (y | 1);
    v->of[n++] = (uint64_t)((int64_t)x / (int64_t)(b | 1));
    v->of[n++] = (uint64_t)a * b + x;
    v->of[n++] = (uint64_t)((int64_t)s * t);
    v->of[n++] = (uint64_t)(((unsigned __int128)x * y) >> 64);
    v->of[n++] = (uint64_t)(((__int128)(int64_t)x * (int64_t)y) >> 64);
    v->of[n++] = (a & b) | (a ^ ~b);
    v->of[n++] = x << (b & 63) | y >> (a & 63);
    v->of[n++] = (uint64_t)(s >> (b & 31)) ^ (uint64_t)((int64_t)x >> (a & 63));
    v->of[n++] = a < b ? a : b;
    v->of[n++] = (uint64_t)(s > t ? s : t);
    v->of[n++] = (uint64_t)((int8_t)x + (int16_t)y + (uint8_t)y * (uint16_t)x);
    v->of[n++] = (uint16_t)(a / ((b & 0xffff) | 1));
    v->of[n++] = (x >> 13 & 0x7ff) + (y >> 40 & 0xf);
    v->of[n++] = (uint64_t)(int64_t)(s < 0 ? -s : s);
    v->of[n++] = x > y ? (uint64_t)(x != y) : (uint64_t)((int64_t)x <= (int64_t)y) << 3;
    v->of[n++] = (unsigned __int128)x * x + y >> 70; /* carries */
    switch (a % 9) {
    case 0:
        v->of[n++] = b * 3;
        break;
    case 1:
        v->of[n++] = b ^ 77;
        break;
    case 2:
        v->of[n++] = a - b;
        break;
    case 3:
        v->of[n++] = x / 3;
        break;
    case 4:
        v->of[n++] = y + 5;
        break;
    case 5:
        v->of[n++] = 11;
        break;
    case 6:
        v->of[n++] = x ^ y;
        break;
    case 7:
        v->of[n++] = b / 7;
        break;
    default:
        v->of[n++] = 1;
    }
    uint32_t local[8]; /* indexed at run time: local memory */
    for (uint32_t k = 0; k < 8; k++) local[(k * 5 + a) % 8] = k + b;
    v->of[n++] = local[b % 8] + 3 * local[x % 8];
}

BOTH void floats(values *v, uint64_t x, uint64_t y)
{
    const double p = (double)(int64_t)x * 1e-12, q = (double)y * 1e-15 + 0.1;
    const float f = (float)p, g = (float)q;
    int n = 24;
    v->of[n++] = bits(p + q * 3 - p / q);
    v->of[n++] = bits(fma(p, q, 1.5) + fabs(p) - sqrt(q));
    v->of[n++] = bits(f + g * 3 - f / g);
    v->of[n++] = bits(fmaf(f, g, 1.5f) + fabsf(f) - sqrtf(g));
    v->of[n++] = bits(1 / g) ^ bits(1 / q);
    v->of[n++] = bits(fmin(p, q) + fmax(f, g)) + bits(fminf(f, NAN));
    v->of[n++] = bits(floor(p) + ceil(f) + trunc(q) + rint(p) + rintf(f) + floorf(g));
    v->of[n++] = (uint64_t)(int)f + (uint64_t)(int64_t)p + (uint64_t)(uint32_t)q + (uint8_t)g;
    v->of[n++] = bits((double)(int32_t)x + (float)(uint32_t)y + (float)x + (double)(int64_t)y);
    v->of[n++] = (p < q) + 2 * (f > g) + 4 * (p == p) + 8 * !(f <= g) + 16 * (f != f / (g - g));
    v->of[n++] = bits(copysignf(g, f) + copysign(p, -q));
    v->of[n++] = bits(ldexpf(g, 3)) + bits(fmodf(f, 0.75f)) + bits(roundf(f));
}

/* The library's functions of the device are right to a unit or two of the last place. */
BOTH double inexact(double p)
{
    const float f = (float)p;
    return exp(p) + log(p) + sin(40 * p) + pow(p, 1.3) + tanh(p) + cbrt(p) +
           (double)(expf(f) + logf(f) + sinf(f) + powf(f, 1.5f) + log1pf(f) + tanhf(f) + rsqrt(f));
}

__device__ uint64_t input(int seed)
{
    return (seed * 0x9e3779b97f4a7c15ull) ^ (seed * 0xd1b54a32d192ed03ull >> 17);
}
static uint64_t host_input(int seed)
{
    return (seed * 0x9e3779b97f4a7c15ull) ^ (seed * 0xd1b54a32d192ed03ull >> 17);
}

__global__ void arithmetic(values *to, double *reals)
{
    const int i = (int)threadIdx.x;
    values v;
    memset(&v, 0, sizeof v);
    integers(&v, input(2 * i), input(2 * i + 1));
    floats(&v, input(2 * i), input(2 * i + 1));
    to[i] = v;
    reals[i] = inexact(0.01 + i * 0.13);
}

static int check_arithmetic(void)
{
    values *device = on_device<values>(LANES), host[LANES];
    double *reals = on_device<double>(LANES), real[LANES];
    arithmetic<<<1, LANES>>>(device, reals);
    DO(cudaMemcpy(host, device, sizeof host, cudaMemcpyDeviceToHost));
    DO(cudaMemcpy(real, reals, sizeof real, cudaMemcpyDeviceToHost));
    DO(cudaFree(device));
    DO(cudaFree(reals));
    int wrong = 0;
    for (int i = 0; i < LANES; i++) {
        values v;
        memset(&v, 0, sizeof v);
        integers(&v, host_input(2 * i), host_input(2 * i + 1));
        floats(&v, host_input(2 * i), host_input(2 * i + 1));
        for (int k = 0; k < VALUES; k++)
            if (v.of[k] != host[i].of[k]) {
                fprintf(stderr, "thread %d, value %d: %llx, not %llx\n", i, k,
                        (unsigned long long)host[i].of[k], (unsigned long long)v.of[k]);
                wrong++;
            }
        const double right = inexact(0.01 + i * 0.13);
        if (!(fabs(real[i] - right) <= 2e-6 * fabs(right))) {
            fprintf(stderr, "thread %d: %.9g, not %.9g\n", i, real[i], right);
            wrong++;
        }
    }
    return wrong;
}

/* ---- what only a device has ---- */

static int expect(const char *what, int i, double got, double right)
{
    if (got == right) return 0;
    fprintf(stderr, "%s of thread %d: %g, not %g\n", what, i, got, right);
    return 1;
}

__global__ void intrinsics(uint32_t *to)
{
    const uint32_t i = threadIdx.x, x = (uint32_t)input((int)i);
    to += 24 * i;
    to[0] = __popc(x) + __clz((int)x) + __ffs((int)x) + __popcll(input((int)i));
    to[1] = __brev(x);
    to[2] = __byte_perm(x, ~x, 0x3715);
    to[3] = __funnelshift_l(x, ~x, i) ^ __funnelshift_r(x, i, i);
    to[4] = __umulhi(x, x) + (uint32_t)__mulhi((int)x, 77);
    to[5] = __shfl_xor_sync(0xffffffffu, i, 5) + 100 * __shfl_up_sync(0xffffffffu, i, 3);
    to[6] = __shfl_down_sync(0xffffffffu, i, 3, 8) + 100 * __shfl_sync(0xffffffffu, i, 2, 16);
    to[7] = __ballot_sync(0xffffffffu, i % 3 == 0);
    to[8] = (uint32_t)(__any_sync(0xffffffffu, i == 5) + 2 * __all_sync(0xffffffffu, i < 32));
    to[9] = __match_any_sync(0xffffffffu, i % 4);
    to[10] = (uint32_t)__syncthreads_count(i < 40) + 1000 * (uint32_t)__syncthreads_or(i == 3) +
             2000 * (uint32_t)__syncthreads_and(i == 3);
    to[11] = i % 32 < 10 ? __activemask() : 0;
    to[12] = __float_as_uint(__fadd_rz(1.0f, 1e-9f)) + __float_as_uint(__fadd_ru(1.0f, 1e-9f));
    to[13] = (uint32_t)(__float2int_rd(-1.5f) + __float2int_ru(1.2f) + __double2int_rn(2.5));
    to[14] = (uint32_t)__float2int_rz(3e9f); /* the largest int */
    asm("{ .reg .b32 t; bfe.u32 t, %1, 3, 9; bfi.b32 %0, t, %1, 20, 5; }" : "=r"(to[15]) : "r"(x));
    uint32_t equal, less, at_most, more, at_least;
    asm("mov.u32 %0, %%lanemask_eq;" : "=r"(equal));
    asm("mov.u32 %0, %%lanemask_lt;" : "=r"(less));
    asm("mov.u32 %0, %%lanemask_le;" : "=r"(at_most));
    asm("mov.u32 %0, %%lanemask_gt;" : "=r"(more));
    asm("mov.u32 %0, %%lanemask_ge;" : "=r"(at_least));
    to[17] = equal + 3 * less + 5 * at_most + 7 * more + 9 * at_least;
    int all;
    to[18] = __match_all_sync(0xffffffffu, i / 32, &all);
    to[18] += (uint32_t)all;
    to[19] = __match_all_sync(0xffffffffu, i / 8, &all);
    to[19] += (uint32_t)all;
    to[20] = blockDim.x + 10 * gridDim.x + 100 * blockIdx.x + (uint32_t)warpSize;
    asm("lop3.b32 %0, %1, %2, %3, 0x96;" : "=r"(to[16]) : "r"(x), "r"(i), "r"(0xf0f0u));
}

static int check_intrinsics(void)
{
    uint32_t *device = zeros<uint32_t>(LANES * 24), host[LANES * 24];
    intrinsics<<<1, LANES>>>(device);
    DO(cudaMemcpy(host, device, sizeof host, cudaMemcpyDeviceToHost));
    DO(cudaFree(device));
    int wrong = 0;
    for (uint32_t i = 0; i < LANES; i++) {
        const uint64_t wide = host_input((int)i);
        const uint32_t x = (uint32_t)wide, lane = i % 32, warp = i - lane, y = ~x;
        uint32_t right[21] = {0}, reversed = 0, match = 0;
        for (int k = 0; k < 32; k++) reversed |= (x >> k & 1) << (31 - k);
        for (uint32_t k = 0; k < 32; k++) match |= (uint32_t)((warp + k) % 4 == i % 4) << k;
        right[0] = (uint32_t)(__builtin_popcount(x) + (x ? __builtin_clz(x) : 32) +
                              __builtin_ffs((int)x) + __builtin_popcountll(wide));
        right[1] = reversed;
        const uint8_t bytes[8] = {(uint8_t)x,         (uint8_t)(x >> 8), (uint8_t)(x >> 16),
                                  (uint8_t)(x >> 24), (uint8_t)y,        (uint8_t)(y >> 8),
                                  (uint8_t)(y >> 16), (uint8_t)(y >> 24)};
        right[2] = bytes[5] | bytes[1] << 8 | bytes[7] << 16 | (uint32_t)bytes[3] << 24;
        right[3] = (uint32_t)(((uint64_t)y << 32 | x) << lane >> 32) ^
                   (uint32_t)(((uint64_t)i << 32 | x) >> lane);
        right[4] = (uint32_t)((uint64_t)x * x >> 32) + (uint32_t)((int64_t)(int32_t)x * 77 >> 32);
        right[5] = (i ^ 5) + 100 * (lane < 3 ? i : i - 3);
        right[6] = (lane % 8 + 3 < 8 ? i + 3 : i) + 100 * (warp + lane / 16 * 16 + 2);
        for (uint32_t k = 0; k < 32; k++) right[7] |= (uint32_t)((warp + k) % 3 == 0) << k;
        right[8] = warp ? 0 : 3;
        right[9] = match;
        right[10] = 40 + 1000;
        right[11] = lane < 10 ? 0x3ff : 0;
        right[12] = 0x3f800000 + 0x3f800001;
        right[13] = (uint32_t)(-2 + 2 + 2);
        right[14] = 0x7fffffff;
        right[15] = (x & ~(0x1fu << 20)) | (x >> 3 & 0x1f) << 20;
        right[16] = x ^ i ^ 0xf0f0;
        const uint32_t own = 1u << lane;
        right[17] = own + 3 * (own - 1) + 5 * (2 * own - 1) + 7 * ~(2 * own - 1) + 9 * ~(own - 1);
        right[18] = 0; /* all lanes, and one */
        right[20] = LANES + 10 + 32;
        for (int k = 0; k < 21; k++)
            wrong += expect("an intrinsic", (int)i * 100 + k, host[24 * i + k], right[k]);
    }
    return wrong;
}

__constant__ float factors[4] = {1, 2, 3, 4};
__device__ int counter = 5;
extern __shared__ float4 dynamic[];

__device__ __noinline__ float called(const float *x, int i) { return i ? x[i] + 1 : x[0]; }
__device__ __noinline__ float called_with(float x, int i) { return i & 1 ? x : -x; }

/* Vectors, constants, dynamic and static shared memory, generic pointers, atomics, a call, CUB. */
__global__ void memory(float *to, unsigned long long *sums, const uint8_t *bytes)
{
    typedef cub::BlockReduce<float, LANES> reduce;
    __shared__ typename reduce::TempStorage storage;
    __shared__ int hits[4];
    const int i = (int)threadIdx.x;
    if (i < 4) hits[i] = 0;
    dynamic[i] = make_float4((float)i, 2, 3, 4);
    __syncthreads();
    const float4 f = dynamic[LANES - 1 - i];
    const float *either = i % 2 ? &f.x : factors;
    const float *there = i % 3 ? (const float *)&dynamic[i] : &to[i];
    if (i % 3 == 0) to[i] = 7;
    const float got = f.x + f.y * f.z + factors[i % 4] + *either + *there + called(factors, i % 4) +
                      called_with(f.x, i);
    atomicAdd(&hits[bytes[i] % 4], 1);
    atomicAdd(&sums[0], 3ull);
    atomicMax(&sums[1], (unsigned long long)i);
    atomicMin((int *)&sums[2], -i);
    atomicExch(&counter, 9);
    atomicCAS(&sums[3], 0ull, 8ull);
    atomicAdd((float *)&sums[4], 0.5f);
    atomicAdd((double *)&sums[5], 0.25);
    atomicOr((unsigned *)&sums[6], 1u << i % 32);
    atomicXor(&sums[7], (unsigned long long)i);
    atomicInc((unsigned *)&sums[8], 9);
    atomicDec((unsigned *)&sums[9], 9);
    atomicMin(&sums[10], (unsigned long long)i);
    atomicMax((int *)&sums[11], i - 99);
    atomicAnd((unsigned *)&sums[12], ~(unsigned)i);
    atomicMin((long long *)&sums[13], (long long)-i);
    atomicMax((unsigned *)&sums[14], (unsigned)i);
    __threadfence();
    __syncthreads();
    const float sum = reduce(storage).Sum((float)i);
    to[i] = got + (float)hits[i % 4];
    if (i == 0) to[LANES] = sum;
}

static int check_memory(void)
{
    float *device = on_device<float>(LANES + 1), host[LANES + 1];
    unsigned long long *sums = zeros<unsigned long long>(15), sum[15];
    uint8_t *bytes = on_device<uint8_t>(LANES), byte[LANES];
    for (int i = 0; i < LANES; i++) byte[i] = (uint8_t)(i * i);
    DO(cudaMemcpy(bytes, byte, sizeof byte, cudaMemcpyHostToDevice));
    DO(cudaMemset(&sums[10], 0xff, 5 * sizeof *sums));
    memory<<<1, LANES, LANES * sizeof(float4)>>>(device, sums, bytes);
    DO(cudaMemcpy(host, device, sizeof host, cudaMemcpyDeviceToHost));
    DO(cudaMemcpy(sum, sums, sizeof sum, cudaMemcpyDeviceToHost));
    int counted, wrong = 0, hits[4] = {0};
    DO(cudaMemcpyFromSymbol(&counted, counter, sizeof counted));
    for (int i = 0; i < LANES; i++) hits[byte[i] % 4]++;
    for (int i = 0; i < LANES; i++) {
        const float x = (float)(LANES - 1 - i), k = (float)(i % 4 + 1);
        const float right = x + 6 + k + (i % 2 ? x : 1) + (i % 3 ? (float)i : 7) +
                            (i % 4 ? k + 1 : 1) + (i % 2 ? x : -x) + (float)hits[i % 4];
        wrong += expect("memory", i, host[i], right);
    }
    wrong += expect("CUB's sum", 0, host[LANES], LANES * (LANES - 1) / 2);
    float half;
    double quarter;
    memcpy(&half, &sum[4], sizeof half);
    memcpy(&quarter, &sum[5], sizeof quarter);
    wrong += expect("atomicAdd", 0, (double)sum[0], 3 * LANES);
    wrong += expect("atomicMax", 0, (double)sum[1], LANES - 1);
    wrong += expect("atomicMin", 0, (int)sum[2], 1 - LANES);
    wrong += expect("atomicExch", 0, counted, 9);
    wrong += expect("atomicCAS", 0, (double)sum[3], 8);
    wrong += expect("atomicAdd of float", 0, half, LANES * 0.5);
    wrong += expect("atomicAdd of double", 0, quarter, LANES * 0.25);
    wrong += expect("atomicOr", 0, (double)sum[6], 4294967295.0);
    unsigned dec = 0;
    for (int i = 0; i < LANES; i++) dec = dec == 0 ? 9 : dec - 1;
    wrong += expect("atomicXor", 0, (double)sum[7], 0);
    wrong += expect("atomicInc", 0, (double)sum[8], LANES % 10);
    wrong += expect("atomicDec", 0, (double)sum[9], dec);
    wrong += expect("atomicMin of u64", 0, (double)sum[10], 0);
    wrong += expect("atomicMax of s32", 0, (int)sum[11], -1);
    wrong += expect("atomicAnd", 0, (unsigned)sum[12], 0xffffffffu - (LANES - 1));
    wrong += expect("atomicMin of s64", 0, (double)(long long)sum[13], 1 - LANES);
    wrong += expect("atomicMax of u32", 0, (unsigned)sum[14], 0xffffffffu);
    DO(cudaFree(device));
    DO(cudaFree(sums));
    DO(cudaFree(bytes));
    return wrong;
}

int main(void)
{
    const int wrong = check_arithmetic() + check_intrinsics() + check_memory();
    if (wrong) fprintf(stderr, "%d values are wrong\n", wrong);
    return wrong != 0;
}
