/* hash.c -- the checksum of data sets and checkpoints: FNV-1a in 8 interleaved lanes. */
#include <assert.h>

#include "base/base.h"

#define PRIME UINT64_C(0x100000001b3)

void pv_hash_begin(pv_hashing *h, uint64_t hash)
{
    h->start = hash;
    h->size = 0;
    for (int l = 0; l < PV_HASH_LANES; l++) h->lane[l] = hash;
}

/* Lane l eats the bytes l, l + 8, l + 16, ...: eight multiplications in flight instead of one. */
void pv_hash_more(pv_hashing *h, const void *bytes, size_t size)
{
    const unsigned char *byte = bytes;
    uint64_t lane[PV_HASH_LANES];
    assert(h->size % PV_HASH_LANES == 0);
    for (int l = 0; l < PV_HASH_LANES; l++) lane[l] = h->lane[l];
    size_t whole = size - size % PV_HASH_LANES;
    for (size_t i = 0; i < whole; i += PV_HASH_LANES)
        for (int l = 0; l < PV_HASH_LANES; l++) lane[l] = (lane[l] ^ byte[i + (size_t)l]) * PRIME;
    for (size_t i = whole; i < size; i++) lane[i - whole] = (lane[i - whole] ^ byte[i]) * PRIME;
    for (int l = 0; l < PV_HASH_LANES; l++) h->lane[l] = lane[l];
    h->size += size;
}

uint64_t pv_hash_end(const pv_hashing *h)
{
    uint64_t sum = (h->start ^ h->size) * PRIME;
    for (int l = 0; l < PV_HASH_LANES; l++)
        for (int shift = 0; shift < 64; shift += 8)
            sum = (sum ^ (h->lane[l] >> shift & 0xff)) * PRIME;
    return sum;
}

uint64_t pv_hash(uint64_t hash, const void *bytes, size_t size)
{
    pv_hashing h;
    pv_hash_begin(&h, hash);
    pv_hash_more(&h, bytes, size);
    return pv_hash_end(&h);
}
