/* philox.h -- random numbers as a function of (seed, purpose, step, index): Philox4x32-10 (Salmon
 * et al., Parallel Random Numbers: As Easy as 1, 2, 3, SC 2011). The integers are those of cuRAND's
 * Philox for the same key and counter (tests/unit/test_philox.c). */
#ifndef PV_PHILOX_H
#define PV_PHILOX_H

#include "elementary.h"

typedef struct {
    uint32_t word[4];
} pv_random;

PV_FN pv_random pv_philox_block(uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3, uint32_t key0,
                                uint32_t key1)
{
    pv_random r;
    PV_UNROLL
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
        uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1 ^ key0, n2 = (uint32_t)(p0 >> 32) ^ c3 ^ key1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        c0 = n0;
        c2 = n2;
        key0 += 0x9E3779B9u;
        key1 += 0xBB67AE85u;
    }
    r.word[0] = c0;
    r.word[1] = c1;
    r.word[2] = c2;
    r.word[3] = c3;
    return r;
}

/* Block first + i of a stream: with an `i` of 32 bits, loops over it become vector code. */
PV_FN pv_random pv_philox_from(uint64_t seed, uint64_t purpose, uint64_t step, uint64_t first,
                               uint32_t i)
{
    const uint32_t low = (uint32_t)first + i, high = (uint32_t)(first >> 32) + (low < i);
    return pv_philox_block(low, high ^ ((uint32_t)purpose << 16), (uint32_t)step,
                           (uint32_t)(step >> 32), (uint32_t)seed, (uint32_t)(seed >> 32));
}

/* Four words for block `index` of purpose `purpose` in step `step`. */
PV_FN pv_random pv_philox(uint64_t seed, uint64_t purpose, uint64_t step, uint64_t index)
{
    return pv_philox_from(seed, purpose, step, index, 0);
}

/* Word `index` of the stream. */
PV_FN uint32_t pv_random_word(uint64_t seed, uint64_t purpose, uint64_t step, uint64_t index)
{
    return pv_philox(seed, purpose, step, index / 4).word[index % 4];
}

/* Uniform in (0, 1], as cuRAND maps a word. */
PV_FN float pv_unit(uint32_t word) { return (float)word * 2.3283064e-10f + 1.1641532e-10f; }

/* Uniform in [0, 1), a multiple of 2^-23: halves and sums of two are exact. */
PV_FN float pv_fraction(uint32_t word) { return (float)(word >> 9) * 0x1p-23f; }

/* Standard normal number `index` of the stream: Box and Muller on the pair of words it lies in,
 * sine first, as in cuRAND. */
PV_FN float pv_normal(uint64_t seed, uint64_t purpose, uint64_t step, uint64_t index)
{
    pv_random r = pv_philox(seed, purpose, step, index / 4);
    int pair = (int)(index % 4) / 2;
    float sine, cosine;
    pv_sincos_turn(pv_unit(r.word[2 * pair + 1]), &sine, &cosine);
    float radius = sqrtf(-2.0f * pv_log(pv_unit(r.word[2 * pair])));
    return radius * (index % 2 ? cosine : sine);
}

/* Where `i` goes in permutation `number` of n things: a four-round Feistel network on the smallest
 * square of a power of two that holds n, walked until the value is below n (Black & Rogaway,
 * Ciphers with Arbitrary Finite Domains, 2002). */
PV_FN uint64_t pv_permuted(uint64_t seed, uint64_t purpose, uint64_t number, uint64_t n, uint64_t i)
{
    int half = 1;
    while (((uint64_t)1 << (2 * half)) < n) half++;
    uint32_t mask = (uint32_t)(((uint64_t)1 << half) - 1);
    do {
        uint32_t left = (uint32_t)(i >> half), right = (uint32_t)i & mask;
        for (uint64_t round = 0; round < 4; round++) {
            uint32_t next =
                left ^ (pv_philox(seed, purpose, number, round << 32 | right).word[0] & mask);
            left = right;
            right = next;
        }
        i = (uint64_t)left << half | right;
    } while (i >= n);
    return i;
}

#endif
