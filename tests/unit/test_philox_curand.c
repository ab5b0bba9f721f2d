/* test_philox_curand.c -- Philox against the generator of cuRAND, whose header is compiled for the
 * host here. Skipped where there is no CUDA toolkit. */
#if __has_include("curand_philox4x32_x.h") && __has_include(<nv/target>) &&                        \
    __has_include("vector_types.h")

#include "philox.h"

#include "check.h"

#include "vector_types.h"

/* It is a header of C++ that overloads one name, which we do not use: here each is another. */
#define PASTE(a, b) a##b
#define NUMBERED(name, number) PASTE(name, number)
#define Philox_State_Incr NUMBERED(increment, __COUNTER__)
#define QUALIFIERS static inline __attribute__((unused))
#include "curand_philox4x32_x.h"

int main(void)
{
    uint32_t word = 1;
    for (int i = 0; i < 100000; i++) {
        uint32_t in[6];
        for (int w = 0; w < 6; w++) {
            word = word * 1664525u + 1013904223u;
            in[w] = i < 64 ? (uint32_t)(-(i >> w & 1)) : word; /* all zeros and ones first */
        }
        pv_random ours = pv_philox_block(in[0], in[1], in[2], in[3], in[4], in[5]);
        uint4 theirs =
            curand_Philox4x32_10((uint4){in[0], in[1], in[2], in[3]}, (uint2){in[4], in[5]});
        check(ours.word[0] == theirs.x && ours.word[1] == theirs.y && ours.word[2] == theirs.z &&
                  ours.word[3] == theirs.w,
              "counter %08x %08x %08x %08x, key %08x %08x: %08x..., not %08x...", in[0], in[1],
              in[2], in[3], in[4], in[5], ours.word[0], theirs.x);
    }
    return check_end();
}

#else

#include <stdio.h>

int main(void)
{
    puts("skipped: curand_philox4x32_x.h of the CUDA toolkit is not in the include path");
    return 77;
}

#endif
