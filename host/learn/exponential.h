/* exponential.h -- exp of numbers that are not positive, as a compiler can vectorise it. */
#ifndef PV_LEARN_EXPONENTIAL_H
#define PV_LEARN_EXPONENTIAL_H

#include <stdint.h>
#include <string.h>

/* exp(x) for x <= 0, within 3e-16 of it relatively; below -500, exp(-500) = 7e-218, so that no
 * product with an ordinary number is denormal, which is slow.
 * x = k ln 2 + r with k whole and |r| <= ln(2) / 2; exp(r) by its Taylor series, whose first term
 * left out is 4e-18; times 2^k through the exponent's bits. */
static inline double pv_exp_below_zero(double x)
{
    x = x < -500.0 ? -500.0 : x;
    /* Adding 1.5 * 2^52 rounds to a whole number, which then stands in the low bits. */
    double shifted = x * 1.4426950408889634 + 0x1.8p52;
    double k = shifted - 0x1.8p52;
    double r = x - k * 0x1.62e42fefa3p-1; /* ln 2 in two parts: k times the first is exact */
    r -= k * 0x1.3de6af278ece6p-42;
    double y = 1.0 / 6227020800;
    y = y * r + 1.0 / 479001600;
    y = y * r + 1.0 / 39916800;
    y = y * r + 1.0 / 3628800;
    y = y * r + 1.0 / 362880;
    y = y * r + 1.0 / 40320;
    y = y * r + 1.0 / 5040;
    y = y * r + 1.0 / 720;
    y = y * r + 1.0 / 120;
    y = y * r + 1.0 / 24;
    y = y * r + 1.0 / 6;
    y = y * r + 0.5;
    y = y * r + 1.0;
    y = y * r + 1.0;
    int64_t bits, power;
    memcpy(&bits, &y, sizeof bits);
    memcpy(&power, &shifted, sizeof power);
    bits = (int64_t)((uint64_t)bits + ((uint64_t)power << 52));
    memcpy(&y, &bits, sizeof y);
    return y;
}

#endif
