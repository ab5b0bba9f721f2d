/* ptx_types.h -- the types of PTX, and how slots hold their values. */
#ifndef EMULATOR_PTX_TYPES_H
#define EMULATOR_PTX_TYPES_H

#include <stdint.h>

#ifdef __clang__ /* some loops over lanes stay loops */
#pragma clang diagnostic ignored "-Wpass-failed"
#endif

#define ALIASED __attribute__((may_alias))
typedef uint8_t u8;
typedef int8_t s8;
typedef uint16_t u16 ALIASED;
typedef int16_t s16;
typedef uint32_t u32 ALIASED;
typedef int32_t s32 ALIASED;
typedef uint64_t u64 ALIASED;
typedef int64_t s64 ALIASED;
typedef float f32 ALIASED;
typedef double f64 ALIASED;

/* Of a narrow slot that holds 16 bits only those count. */
typedef u32 slot_u16;
typedef u32 slot_s16;
typedef u32 slot_u32;
typedef s32 slot_s32;
typedef u64 slot_u64;
typedef s64 slot_s64;
typedef f32 slot_f32;
typedef f64 slot_f64;

#define CODE_u16 "n"
#define CODE_s16 "n"
#define CODE_u32 "n"
#define CODE_s32 "n"
#define CODE_f32 "n"
#define CODE_u64 "w"
#define CODE_s64 "w"
#define CODE_f64 "w"

/* Does it for each lane l of a mask; for all 32 in a loop that becomes vector code. */
#define LANES(mask, ...)                                                                           \
    if ((mask) == 0xffffffffu) {                                                                   \
        _Pragma("omp simd") for (int l = 0; l < 32; l++) { __VA_ARGS__ }                           \
    } else                                                                                         \
        for (uint32_t left = (mask); left; left &= left - 1) {                                     \
            const int l = __builtin_ctz(left);                                                     \
            __VA_ARGS__                                                                            \
        }

#endif
