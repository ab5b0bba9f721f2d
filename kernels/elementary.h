/* elementary.h -- exp, expm1, log, log1p, sigmoid, sine and cosine without branches, so that loops over
 * them become vector code. Errors in units in the last place, over the whole float range, are
 * checked in tests/unit/test_math.c.
 *
 * Method: argument reduction to a small interval, a minimax polynomial there, reassembly by
 * exponent arithmetic (Muller, Elementary Functions, 3rd ed., chapters 9 and 11). The coefficients
 * are Taylor or Chebyshev ones in the reduced interval. */
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

/* The nearest whole number, for |x| < 2^22, ties to even. */
PV_FN float pv_round(float x) { return (x + 12582912.0f) - 12582912.0f; }

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
    float n = pv_round(x * 1.44269504f);
    float r = pv_reduce(x, n);
    float y = 1.0f + (r + r * r * pv_exp_tail(r));
    int whole = (int)n, half = whole / 2;
    return y * pv_power_of_two(half) * pv_power_of_two(whole - half);
}

/* exp(x) - 1, accurate near 0: a collapsed unit has a log-variance there. */
PV_FN float pv_expm1(float x)
{
    x = x < -30.0f ? -30.0f : x;
    x = x > 89.0f ? 89.0f : x;
    float n = pv_round(x * 1.44269504f);
    float r = pv_reduce(x, n);
    float p = r + r * r * pv_exp_tail(r);
    float s = pv_power_of_two((int)n - 1);
    return n == 0.0f ? p : 2.0f * (s * p + (s - 0.5f));
}

/* Natural logarithm of a positive normal number; -inf at 0, NaN below. */
PV_FN float pv_log(float x)
{
    uint32_t bits = pv_bits_of(x);
    int n = (int)((bits - 0x3f3504f3u) >> 23) - ((bits < 0x3f3504f3u) ? 512 : 0);
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
    y = (m + y) + 0.693359375f * e;
    y = x > 3.4028235e38f ? x : y;
    y = x == 0.0f ? -INFINITY : y;
    return x >= 0.0f ? y : NAN;
}

/* log(1 + x): log of the rounded sum, plus what the rounding lost. */
PV_FN float pv_log1p(float x)
{
    float u = 1.0f + x;
    float lost = x < 1.0f ? x - (u - 1.0f) : 1.0f - (u - x);
    float y = pv_log(u) + lost / u;
    y = x > 3.4028235e38f ? x : y;
    return x == -1.0f ? -INFINITY : y;
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
    float q = pv_round(4.0f * u);
    float r = (u - 0.25f * q) * 6.28318531f;
    float r2 = r * r;
    float s = ((-1.9515296e-4f * r2 + 8.3321609e-3f) * r2 - 1.6666655e-1f) * r2 * r + r;
    float c = ((2.4433157e-5f * r2 - 1.3887316e-3f) * r2 + 4.1666646e-2f) * r2 * r2 -
              0.5f * r2 + 1.0f;
    int k = (int)q;
    float a = (k & 1) ? c : s, b = (k & 1) ? s : c;
    *sine = (k & 2) ? -a : a;
    *cosine = ((k + 1) & 2) ? -b : b;
}

#endif
