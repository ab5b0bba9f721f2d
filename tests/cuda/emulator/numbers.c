/* numbers.c -- the number formats of tensor cores, in software. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "libraries.h"

/* To `bits` bits of mantissa (the leading one counts), no finer than 2^least, infinite from
 * 2^most on. */
static double round_to(double x, int bits, int least, int most)
{
    if (!isfinite(x) || x == 0) return x;
    int exponent;
    frexp(x, &exponent);
    const int unit = exponent - bits > least ? exponent - bits : least;
    const double rounded = ldexp(nearbyint(ldexp(x, -unit)), unit);
    return fabs(rounded) >= ldexp(1, most) ? copysign(INFINITY, x) : rounded;
}

double number_round(number_format to, double x)
{
    switch (to) {
    case NUMBER_FLOAT:
        return (float)x;
    case NUMBER_BF16:
        return round_to(x, 8, -133, 128);
    case NUMBER_TF32:
        return round_to(x, 11, -136, 128);
    case NUMBER_HALF:
        return round_to(x, 11, -24, 16);
    }
    return x;
}

size_t number_size(number_format stored) { return stored == NUMBER_BF16 ? 2 : 4; }

double number_load(number_format stored, number_format to, const void *at, int64_t index)
{
    float x;
    if (stored == NUMBER_BF16) {
        uint16_t high;
        memcpy(&high, (const char *)at + 2 * index, sizeof high);
        const uint32_t bits = (uint32_t)high << 16;
        memcpy(&x, &bits, sizeof x);
    } else {
        memcpy(&x, (const char *)at + 4 * index, sizeof x);
    }
    return to == NUMBER_FLOAT ? (double)x : number_round(to, (double)x);
}

void number_store(number_format stored, void *at, int64_t index, double x)
{
    const float rounded = (float)number_round(stored, x);
    if (stored == NUMBER_BF16) {
        uint32_t bits;
        memcpy(&bits, &rounded, sizeof bits);
        const uint16_t high = (uint16_t)(bits >> 16 | (isnan(rounded) ? 0x40 : 0));
        memcpy((char *)at + 2 * index, &high, sizeof high);
    } else {
        memcpy((char *)at + 4 * index, &rounded, sizeof rounded);
    }
}

number_format number_tf32(int capability)
{
    const char *override = getenv("NVIDIA_TF32_OVERRIDE");
    return capability < 80 || (override && !strcmp(override, "0")) ? NUMBER_FLOAT : NUMBER_TF32;
}

int device_capability(void)
{
    int device, major, minor;
    if (cudaGetDevice(&device) != cudaSuccess ||
        cudaDeviceGetAttribute(&major, cudaDevAttrComputeCapabilityMajor, device) != cudaSuccess ||
        cudaDeviceGetAttribute(&minor, cudaDevAttrComputeCapabilityMinor, device) != cudaSuccess)
        return 0;
    return 10 * major + minor;
}
