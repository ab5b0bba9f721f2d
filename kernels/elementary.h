/* elementary.h -- exp, expm1, log, log1p, sigmoid, sine and cosine without branches, so that loops
 * over them become vector code. They hold for every float, with infinities and NaN as in libm;
 * their errors in units in the last place are checked in tests/unit/test_math.c.
 *
 * Method: argument reduction to a small interval, a polynomial there, reassembly by exponent
 * arithmetic (Muller, Elementary Functions, 3rd ed., chapters 9 and 11). The coefficients are
 * Taylor's for the exponential, minimax ones for the others. */
#ifndef PV_ELEMENTARY_H
#define PV_ELEMENTARY_H

#include <math.h>
#include <string.h>

#include "fn.h"

PV_FN float pv_float_of(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

PV_FN uint32_t pv_bits_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

/* The nearest whole number, for |x| < 2^22, ties to even: adding 1.5 * 2^23 leaves it in the low
 * bits. There, too, it is read as an integer: a conversion of NaN would be undefined. */
PV_FN float pv_round(float x, int *whole)
{
    float shifted = x + 12582912.0f;
    *whole = (int)(pv_bits_of(shifted) - 0x4b400000u);
    return shifted - 12582912.0f;
}

/* 2^n for n in [-126, 127]. */
PV_FN float pv_power_of_two(int n) { return pv_float_of((uint32_t)(n + 127) << 23); }

/* x - n log(2), with log(2) in two parts of which the first has trailing zeros. */
PV_FN float pv_reduce(float x, float n) { return (x - n * 0.693359375f) + n * 2.12194440e-4f; }

/* (exp(r) - 1 - r) / r^2 for |r| <= log(2) / 2 + a little. */
PV_FN float pv_exp_tail(float r)
{
    float p = 1.9841270e-4f;
    p = p * r + 1.3888889e-3f;
    p = p * r + 8.3333333e-3f;
    p = p * r + 4.1666667e-2f;
    p = p * r + 1.6666667e-1f;
    return p * r + 0.5f;
}

PV_FN float pv_exp(float x)
{
    x = x < -110.0f ? -110.0f : x;
    x = x > 100.0f ? 100.0f : x;
    int whole;
    float r = pv_reduce(x, pv_round(x * 1.44269504f, &whole));
    float y = 1.0f + (r + r * r * pv_exp_tail(r));
    int half = whole / 2;
    return y * pv_power_of_two(half) * pv_power_of_two(whole - half);
}

/* exp(x) - 1, accurate near 0: a collapsed unit has a log-variance there. */
PV_FN float pv_expm1(float x)
{
    x = x < -30.0f ? -30.0f : x;
    x = x > 89.0f ? 89.0f : x;
    int whole;
    float r = pv_reduce(x, pv_round(x * 1.44269504f, &whole));
    float p = r + r * r * pv_exp_tail(r);
    float s = pv_power_of_two(whole - 1);
    return whole == 0 ? p : 2.0f * (s * p + (s - 0.5f));
}

/* exp(x) - 1 - x, never negative, accurate near 0 where expm1(x) - x cancels. */
PV_FN float pv_exp_excess(float x)
{
    float near = x * x * pv_exp_tail(x);
    return x > -0.34f && x < 0.34f ? near : pv_expm1(x) - (x < 89.0f ? x : 89.0f);
}

/* Natural logarithm of a positive normal number. */
PV_FN float pv_log_normal(float x)
{
    uint32_t bits = pv_bits_of(x);
    int n = (int)(bits - 0x3f3504f3u) >> 23; /* x = 2^n (1 + m), 1 + m from sqrt(1/2) to sqrt(2) */
    float m = pv_float_of(bits - ((uint32_t)n << 23)) - 1.0f;
    float p = 7.0376836292e-2f;
    p = p * m - 1.1514610310e-1f;
    p = p * m + 1.1676998740e-1f;
    p = p * m - 1.2420140846e-1f;
    p = p * m + 1.4249322787e-1f;
    p = p * m - 1.6668057665e-1f;
    p = p * m + 2.0000714765e-1f;
    p = p * m - 2.4999993993e-1f;
    p = p * m + 3.3333331174e-1f;
    float q = m * m;
    float e = (float)n;
    float y = m * q * p - 2.12194440e-4f * e - 0.5f * q;
    return (m + y) + 0.693359375f * e;
}

/* Natural logarithm; -inf at 0, NaN below. A denormal is scaled by 2^23 first. */
PV_FN float pv_log(float x)
{
    int tiny = x < 1.17549435e-38f;
    float y = pv_log_normal(tiny ? x * 8388608.0f : x) - (tiny ? 15.9423851f : 0.0f);
    y = x > 3.40282347e38f ? x : y;
    y = x == 0.0f ? -INFINITY : y;
    return x >= 0.0f ? y : NAN;
}

/* log(1 + x): log of the rounded sum u, plus what the rounding lost, over u. */
PV_FN float pv_log1p(float x)
{
    float u = 1.0f + x;
    float lost = x < 1.0f ? x - (u - 1.0f) : 1.0f - (u - x);
    float y = pv_log_normal(u) + lost * (1.0f / u);
    y = x > 3.40282347e38f ? x : y;
    y = x == -1.0f ? -INFINITY : y;
    return x >= -1.0f ? y : NAN;
}

/* 1 / (1 + exp(-x)) */
PV_FN float pv_logistic(float x)
{
    float e = pv_exp(x < 0.0f ? x : -x);
    float s = 1.0f / (1.0f + e);
    return x < 0.0f ? e * s : s;
}

/* Sine and cosine of 2 pi u for u in [0, 1]. */
PV_FN void pv_sincos_turn(float u, float *sine, float *cosine)
{
    int k;
    float q = pv_round(4.0f * u, &k);
    float r = (u - 0.25f * q) * 6.28318531f;
    float r2 = r * r;
    float s = ((-1.9515296e-4f * r2 + 8.3321609e-3f) * r2 - 1.6666655e-1f) * r2 * r + r;
    float c =
        ((2.4433157e-5f * r2 - 1.3887316e-3f) * r2 + 4.1666646e-2f) * r2 * r2 - 0.5f * r2 + 1.0f;
    float a = (k & 1) ? c : s, b = (k & 1) ? s : c;
    *sine = (k & 2) ? -a : a;
    *cosine = ((k + 1) & 2) ? -b : b;
}

#endif
