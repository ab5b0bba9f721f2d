/* hash.c -- the checksum of data sets and checkpoints: FNV-1a in 8 interleaved lanes. */
#include "base/base.h"

enum { LANES = 8 };
#define PRIME UINT64_C(0x100000001b3)

/* Lane l eats the bytes l, l + 8, l + 16, ...: eight multiplications in flight instead of one. */
uint64_t pv_hash(uint64_t hash, const void *bytes, size_t size)
{
    const unsigned char *byte = bytes;
    uint64_t lane[LANES];
    for (int l = 0; l < LANES; l++) lane[l] = hash;
    size_t whole = size - size % LANES;
    for (size_t i = 0; i < whole; i += LANES)
        for (int l = 0; l < LANES; l++) lane[l] = (lane[l] ^ byte[i + (size_t)l]) * PRIME;
    for (size_t i = whole; i < size; i++) lane[i - whole] = (lane[i - whole] ^ byte[i]) * PRIME;

    uint64_t sum = (hash ^ size) * PRIME;
    for (int l = 0; l < LANES; l++)
        for (int shift = 0; shift < 64; shift += 8) sum = (sum ^ (lane[l] >> shift & 0xff)) * PRIME;
    return sum;
}
