/* random_state.c -- see random_state.h. */
#include "learn/random_state.h"

enum { N = 624, M = 397 };

void pv_random_state_seed(pv_random_state *r, uint32_t seed)
{
    r->word[0] = seed;
    for (uint32_t i = 1; i < N; i++)
        r->word[i] = UINT32_C(1812433253) * (r->word[i - 1] ^ (r->word[i - 1] >> 30)) + i;
    r->next = N;
}

static void refill(pv_random_state *r)
{
    for (int i = 0; i < N; i++) {
        uint32_t y = (r->word[i] & 0x80000000u) | (r->word[(i + 1) % N] & 0x7fffffffu);
        r->word[i] = r->word[(i + M) % N] ^ (y >> 1) ^ (y & 1 ? 0x9908b0dfu : 0);
    }
    r->next = 0;
}

uint32_t pv_random_state_word(pv_random_state *r)
{
    if (r->next == N) refill(r);
    uint32_t y = r->word[r->next++];
    y ^= y >> 11;
    y ^= (y << 7) & 0x9d2c5680u;
    y ^= (y << 15) & 0xefc60000u;
    return y ^ (y >> 18);
}

uint32_t pv_random_state_below(pv_random_state *r, uint64_t n)
{
    uint32_t last = (uint32_t)(n - 1), mask = last;
    if (!last) return 0;
    for (int shift = 1; shift < 32; shift *= 2) mask |= mask >> shift;
    for (;;) {
        uint32_t word = pv_random_state_word(r) & mask;
        if (word <= last) return word;
    }
}

double pv_random_state_uniform(pv_random_state *r)
{
    uint32_t a = pv_random_state_word(r) >> 5, b = pv_random_state_word(r) >> 6;
    return (a * 67108864.0 + b) / 9007199254740992.0;
}
