/* test_math_fma.c -- test_math.c once more, with the code that AVX2 and fused multiply-adds make of
 * kernels/elementary.h. */
#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__)
#define NEEDS_FMA
#ifdef __clang__
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#pragma clang fp contract(fast)
#else
#pragma GCC target("avx2,fma")
#pragma GCC optimize("fp-contract=fast")
#endif
#include "test_math.c"
#ifdef __clang__
#pragma clang attribute pop
#endif

#else
int main(void)
{
    puts("skipped: not an x86-64 processor");
    return 77;
}
#endif
