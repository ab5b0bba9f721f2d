/* good_assembly.cu -- instructions one by one, on numbers near the trouble, against what the PTX
 * manual says they are. */
#include "bugs.h"
#include <math.h>
#include <stdint.h>

typedef uint32_t u32;
typedef int32_t s32;
typedef uint64_t u64;
typedef int64_t s64;
typedef float f32;
typedef double f64;

/* clang-format off */

/* A row: types of result and operands, instruction, result on the host for x, y, z. */
#define COMPARE(R, name, T, letter, value)                                                         \
    R(u32, "r", T, letter, "{.reg .pred p; setp." name " p, %1, %2; selp.u32 %0, 1, 0, p;}", value)

#define ROWS_U32(R)                                                                                \
    R(u32, "r", u32, "r", "mad.lo.u32 %0, %1, %2, %3;", x *y + z)                                  \
    R(u32, "r", u32, "r", "mad.hi.u32 %0, %1, %2, %3;", (u32)((u64)x * y >> 32) + z)               \
    R(u32, "r", u32, "r", "mad.hi.s32 %0, %1, %2, %3;", (u32)((s64)(s32)x * (s32)y >> 32) + z)     \
    R(u32, "r", u32, "r", "min.s32 %0, %1, %2;", (u32)((s32)x < (s32)y ? x : y))                   \
    R(u32, "r", u32, "r", "max.u32 %0, %1, %2;", x > y ? x : y)                                    \
    R(u32, "r", u32, "r", "abs.s32 %0, %1;", (s32)x < 0 ? 0 - x : x)                               \
    R(u32, "r", u32, "r", "neg.s32 %0, %1;", 0 - x)                                                \
    R(u32, "r", u32, "r", "cnot.b32 %0, %1;", x == 0)                                              \
    R(u32, "r", u32, "r", "shl.b32 %0, %1, %2;", y < 32 ? x << y : 0)                              \
    R(u32, "r", u32, "r", "shr.u32 %0, %1, %2;", y < 32 ? x >> y : 0)                              \
    R(u32, "r", u32, "r", "shr.s32 %0, %1, %2;", (u32)((s32)x >> (y < 32 ? y : 31)))               \
    R(u32, "r", u32, "r", "shf.l.clamp.b32 %0, %1, %2, %3;",                                       \
      (u32)(((u64)y << 32 | x) << (z < 32 ? z : 32) >> 32))                                        \
    R(u32, "r", u32, "r", "shf.r.clamp.b32 %0, %1, %2, %3;",                                       \
      (u32)(((u64)y << 32 | x) >> (z < 32 ? z : 32)))                                              \
    R(u32, "r", u32, "r", "bfe.u32 %0, %1, %2, %3;", (u32)bit_field(x, y, z, 32, 0))               \
    R(u32, "r", u32, "r", "bfe.s32 %0, %1, %2, %3;", (u32)bit_field(x, y, z, 32, 1))               \
    R(u32, "r", u32, "r", "bfi.b32 %0, %1, %2, %3, 7;", (u32)bit_insert(x, y, z, 7, 32))           \
    R(u32, "r", u32, "r", "lop3.b32 %0, %1, %2, %3, 0xca;", (x & y) | (~x & z))                    \
    R(u32, "r", u32, "r", "prmt.b32 %0, %1, %2, 0x8c41;",                                          \
      (x >> 8 & 0xff) | (y & 0xff) << 8 | (y >> 7 & 1) * 0xff0000 | (x >> 7 & 1) * 0xff000000u)    \
    R(u32, "r", u32, "r", "clz.b32 %0, %1;", x ? (u32)__builtin_clz(x) : 32)                       \
    R(u32, "r", u32, "r", "bfind.s32 %0, %1;", highest((s32)x < 0 ? ~x : x))                       \
    R(u32, "r", u32, "r", "bfind.shiftamt.u32 %0, %1;", x ? 31 - highest(x) : ~0u)                 \
    R(u32, "r", u32, "r", "popc.b32 %0, %1;", (u32)__builtin_popcount(x))                          \
    R(u32, "r", u32, "r", "sad.u32 %0, %1, %2, %3;", (x > y ? x - y : y - x) + z)                  \
    R(u32, "r", u32, "r", "{.reg .u32 t; add.cc.u32 t, %1, %2; addc.u32 %0, %3, 0;}",              \
      z + (u32)((u64)x + y >> 32))                                                                 \
    R(u32, "r", u32, "r", "{.reg .u32 t; sub.cc.u32 t, %1, %2; subc.u32 %0, %3, 0;}",              \
      z - (u32)(x < y))                                                                            \
    R(u32, "r", u32, "r",                                                                          \
      "{.reg .u32 t; mad.lo.cc.u32 t, %1, %2, %3; madc.hi.u32 %0, %1, %2, 5;}",                    \
      5 + (u32)((u64)x * y + z >> 32))                                                             \
    R(u32, "r", u32, "r",                                                                          \
      "{.reg .u32 t; sub.cc.u32 t, %1, %2; subc.cc.u32 t, %3, %1;"                                 \
      "subc.u32 %0, 9, 0;}",                                                                       \
      9 - (u32)((u64)z < (u64)x + (x < y)))                                                        \
    R(u32, "r", u32, "r",                                                                          \
      "{.reg .u32 t; add.cc.u32 t, %1, %2; addc.cc.u32 t, %3, %1;"                                 \
      "addc.u32 %0, 9, 0;}",                                                                       \
      9 + (u32)((u64)z + x + ((u64)x + y >> 32) >> 32))                                            \
    R(u32, "r", u32, "r", "cvt.s32.s8 %0, %1;", (u32)(int8_t)x)                                    \
    R(u32, "r", u32, "r", "cvt.u32.u16 %0, %1;", (uint16_t)x)                                      \
    R(u32, "r", u32, "r",                                                                          \
      "{.reg .u16 a, b; cvt.u16.u32 a, %1; cvt.u16.u32 b, %2;"                                     \
      "mad.wide.u16 %0, a, b, %3;}",                                                               \
      (u32)(uint16_t)x *(uint16_t)y + z)                                                           \
    R(u32, "r", u32, "r",                                                                          \
      "{.reg .s16 a, b; cvt.s16.s32 a, %1; cvt.s16.s32 b, %2;"                                     \
      "max.s16 a, a, b; mul.wide.s16 %0, a, b;}",                                                  \
      (u32)((int16_t)x > (int16_t)y ? (int16_t)x * (int16_t)y : (int16_t)y * (int16_t)y))          \
    COMPARE(R, "lt.s32", u32, "r", (s32)x < (s32)y)                                                \
    COMPARE(R, "hi.u32", u32, "r", x > y)                                                          \
    COMPARE(R, "ls.u32", u32, "r", x <= y)                                                         \
    COMPARE(R, "ge.s32", u32, "r", (s32)x >= (s32)y)                                               \
    R(u32, "r", u32, "r",                                                                          \
      "{.reg .pred p,q,c; setp.gt.u32 c, %3, 7; setp.lt.and.s32 p|q, %1, %2, c;"                   \
      "selp.u32 %0, 1, 0, p; @q add.u32 %0, %0, 2;}",                                              \
      (u32)((s32)x < (s32)y && z > 7) + 2 * (u32)(!((s32)x < (s32)y) && z > 7))                    \
    R(u64, "l", u32, "r", "mul.wide.s32 %0, %1, %2;", (u64)((s64)(s32)x * (s32)y))                 \
    R(u64, "l", u32, "r", "mad.wide.u32 %0, %1, %2, 77;", (u64)x *y + 77)                          \
    R(u64, "l", u32, "r", "cvt.s64.s32 %0, %1;", (u64)(s32)x)                                      \
    R(u64, "l", u32, "r", "cvt.s64.s16 %0, %1;", (u64)(int16_t)x)                                  \
    R(u64, "l", u32, "r", "mov.b64 %0, {%1, %2};", (u64)y << 32 | x)                               \
    R(f32, "f", u32, "r", "cvt.rn.f32.u32 %0, %1;", (f32)x)                                        \
    R(f32, "f", u32, "r", "cvt.rn.f32.s32 %0, %1;", (f32)(s32)x)                                   \
    R(f64, "d", u32, "r", "cvt.rn.f64.s32 %0, %1;", (f64)(s32)x)

#define ROWS_U64(R)                                                                                \
    R(u64, "l", u64, "l", "mad.lo.u64 %0, %1, %2, %3;", x *y + z)                                  \
    R(u64, "l", u64, "l", "mul.hi.u64 %0, %1, %2;", (u64)((unsigned __int128)x * y >> 64))         \
    R(u64, "l", u64, "l", "mul.hi.s64 %0, %1, %2;", (u64)((__int128)(s64)x * (s64)y >> 64))        \
    R(u64, "l", u64, "l", "min.u64 %0, %1, %2;", x < y ? x : y)                                    \
    R(u64, "l", u64, "l", "max.s64 %0, %1, %2;", (s64)x > (s64)y ? x : y)                          \
    R(u64, "l", u64, "l", "abs.s64 %0, %1;", (s64)x < 0 ? 0 - x : x)                               \
    R(u64, "l", u64, "l", "brev.b64 %0, %1;", reversed(x))                                         \
    R(u64, "l", u64, "l", "{.reg .u32 n; cvt.u32.u64 n, %2; shr.s64 %0, %1, n;}",                  \
      (u64)((s64)x >> ((u32)y < 64 ? (u32)y : 63)))                                                \
    R(u64, "l", u64, "l", "{.reg .u32 n; cvt.u32.u64 n, %2; shl.b64 %0, %1, n;}",                  \
      (u32)y < 64 ? x << (u32)y : 0)                                                               \
    R(u64, "l", u64, "l", "bfe.s64 %0, %1, 33, 9;", bit_field(x, 33, 9, 64, 1))                    \
    R(u64, "l", u64, "l", "bfi.b64 %0, %1, %2, 30, 9;", bit_insert(x, y, 30, 9, 64))               \
    R(u64, "l", u64, "l", "{.reg .u64 t; add.cc.u64 t, %1, %2; addc.u64 %0, %3, 0;}",              \
      z + (u64)((unsigned __int128)x + y >> 64))                                                   \
    R(u64, "l", u64, "l",                                                                          \
      "{.reg .u64 t; mad.lo.cc.u64 t, %1, %2, %3; madc.hi.u64 %0, %1, %2, 5;}",                    \
      5 + (u64)(((unsigned __int128)x * y + z) >> 64))                                             \
    R(u32, "r", u64, "l", "bfind.s64 %0, %1;",                                                     \
      x + 1 > 1 ? 63 - (u32)__builtin_clzll((s64)x < 0 ? ~x : x) : ~0u)                            \
    R(u32, "r", u64, "l", "clz.b64 %0, %1;", x ? (u32)__builtin_clzll(x) : 64)                     \
    R(u32, "r", u64, "l", "bfind.u64 %0, %1;", x ? 63 - (u32)__builtin_clzll(x) : ~0u)             \
    R(u32, "r", u64, "l", "popc.b64 %0, %1;", (u32)__builtin_popcountll(x))                        \
    R(u32, "r", u64, "l", "cvt.u32.u64 %0, %1;", (u32)x)                                           \
    R(u32, "r", u64, "l", "{.reg .u32 t; mov.b64 {t, %0}, %1;}", (u32)(x >> 32))                   \
    R(f32, "f", u64, "l", "cvt.rn.f32.u64 %0, %1;", (f32)x)                                        \
    R(f64, "d", u64, "l", "cvt.rn.f64.s64 %0, %1;", (f64)(s64)x)                                   \
    COMPARE(R, "lt.s64", u64, "l", (s64)x < (s64)y)                                                \
    COMPARE(R, "le.u64", u64, "l", x <= y)                                                         \
    COMPARE(R, "ne.b64", u64, "l", x != y) COMPARE(R, "eq.s64", u64, "l", x == y)

#define REAL(R, T, letter, type, suffix)                                                           \
    R(T, letter, T, letter, "min." type " %0, %1, %2;", smaller(x, y))                             \
    R(T, letter, T, letter, "max." type " %0, %1, %2;", -smaller(-x, -y))                          \
    R(T, letter, T, letter, "fma.rn." type " %0, %1, %2, %3;", fma##suffix(x, y, z))               \
    R(T, letter, T, letter, "div.rn." type " %0, %1, %2;", x / y)                                  \
    R(T, letter, T, letter, "sqrt.rn." type " %0, %1;", sqrt##suffix(x))                           \
    R(T, letter, T, letter, "rcp.rn." type " %0, %1;", 1 / x)                                      \
    R(T, letter, T, letter, "abs." type " %0, %1;", fabs##suffix(x))                               \
    R(T, letter, T, letter, "neg." type " %0, %1;", -x)                                            \
    R(T, letter, T, letter, "copysign." type " %0, %1, %2;", copysign##suffix(y, x))               \
    R(T, letter, T, letter, "add.rz." type " %0, %1, %2;", towards(x, y, 0))                       \
    R(T, letter, T, letter, "add.rm." type " %0, %1, %2;", towards(x, y, -1))                      \
    R(T, letter, T, letter, "add.rp." type " %0, %1, %2;", towards(x, y, 1))                       \
    R(T, letter, T, letter, "cvt.rni." type "." type " %0, %1;", rint##suffix(x))                  \
    R(T, letter, T, letter, "cvt.rmi." type "." type " %0, %1;", floor##suffix(x))                 \
    R(T, letter, T, letter, "cvt.rpi." type "." type " %0, %1;", ceil##suffix(x))                  \
    R(T, letter, T, letter, "cvt.rzi." type "." type " %0, %1;", trunc##suffix(x))                 \
    R(u32, "r", T, letter, "cvt.rzi.s32." type " %0, %1;",                                         \
      (u32)(s32)whole(trunc(x), -0x1p31, 0x1p31))                                                  \
    R(u32, "r", T, letter, "cvt.rni.u32." type " %0, %1;", (u32)whole(rint(x), 0, 0x1p32))         \
    R(u32, "r", T, letter, "cvt.rmi.s32." type " %0, %1;",                                         \
      (u32)(s32)whole(floor(x), -0x1p31, 0x1p31))                                                  \
    R(u64, "l", T, letter, "cvt.rzi.s64." type " %0, %1;", (u64)whole(trunc(x), -0x1p63, 0x1p63))  \
    R(u64, "l", T, letter, "cvt.rpi.u64." type " %0, %1;", (u64)whole(ceil(x), 0, 0x1p64))         \
    COMPARE(R, "eq." type, T, letter, x == y)                                                      \
    COMPARE(R, "ne." type, T, letter, x<y || x> y)                                                 \
    COMPARE(R, "lt." type, T, letter, x < y)                                                       \
    COMPARE(R, "le." type, T, letter, x <= y)                                                      \
    COMPARE(R, "gt." type, T, letter, x > y)                                                       \
    COMPARE(R, "ge." type, T, letter, x >= y)                                                      \
    COMPARE(R, "equ." type, T, letter, !(x < y || x > y))                                          \
    COMPARE(R, "neu." type, T, letter, x != y)                                                     \
    COMPARE(R, "ltu." type, T, letter, !(x >= y))                                                  \
    COMPARE(R, "leu." type, T, letter, !(x > y))                                                   \
    COMPARE(R, "gtu." type, T, letter, !(x <= y))                                                  \
    COMPARE(R, "geu." type, T, letter, !(x < y))                                                   \
    COMPARE(R, "num." type, T, letter, x == x && y == y)                                           \
    COMPARE(R, "nan." type, T, letter, x != x || y != y)

#define ROWS_F32(R)                                                                                \
    REAL(R, f32, "f", "f32", f)                                                                    \
    R(f32, "f", f32, "f", "cvt.sat.f32.f32 %0, %1;", x > 0 ? (x < 1 ? x : 1) : 0)                  \
    R(f64, "d", f32, "f", "cvt.f64.f32 %0, %1;", (f64)x)
#define ROWS_F64(R)                                                                                \
    REAL(R, f64, "d", "f64", )                                                                     \
    R(f32, "f", f64, "d", "cvt.rn.f32.f64 %0, %1;", (f32)x)

/* clang-format on */

/* ---- the manual's words, on the host ---- */

static u64 bit_field(u64 x, u64 start, u64 length, int width, int is_signed)
{
    u64 d = 0;
    start &= 0xff;
    length &= 0xff;
    const u64 last = start + length - 1 < (u64)width - 1 ? start + length - 1 : (u64)width - 1;
    const u64 sign = is_signed && length ? x >> last & 1 : 0;
    for (u64 k = 0; k < (u64)width; k++)
        d |= (k < length && start + k < (u64)width ? x >> (start + k) & 1 : sign) << k;
    return d;
}

static u64 bit_insert(u64 a, u64 b, u64 start, u64 length, int width)
{
    start &= 0xff;
    for (u64 k = 0; k < length && start + k < (u64)width; k++)
        b = (b & ~((u64)1 << (start + k))) | (a >> k & 1) << (start + k);
    return b;
}

static u32 highest(u32 x) { return x ? 31 - (u32)__builtin_clz(x) : ~0u; }

static u64 reversed(u64 x)
{
    u64 y = 0;
    for (int k = 0; k < 64; k++) y |= (x >> k & 1) << (63 - k);
    return y;
}

template <class T> static T smaller(T x, T y)
{
    if (x != x) return y;
    if (y != y) return x;
    return x < y || (x == y && signbit(x)) ? x : y;
}

/* The sum, rounded towards 0 (0), down (-1) or up (1): the nearest one, and a step back if what it
 * lost (Knuth's two-sum) says so. */
template <class T> static T towards(T x, T y, int direction)
{
    const T sum = x + y, part = sum - x;
    const bool overflows = isinf(sum) && isfinite(x) && isfinite(y);
    const T lost = overflows ? -sum : (x - (sum - part)) + (y - part);
    if (sum == 0 && direction < 0 && !(signbit(x) && signbit(y)) && (signbit(x) || signbit(y)))
        return -(T)0;
    if (direction == 0) direction = sum > 0 ? -1 : 1;
    if ((overflows || isfinite(sum)) && (direction < 0 ? lost < 0 : lost > 0))
        return (T)nextafter(sum, direction < 0 ? (T)-INFINITY : (T)INFINITY);
    return sum;
}

/* The nearest whole number of a type's range [low, high); 0 for NaN. */
static u64 whole(double x, double low, double high)
{
    if (x != x) return 0;
    if (x <= low) return (u64)(s64)low;
    if (x >= high) return high == 0x1p64 ? ~(u64)0 : (u64)high - 1;
    return x < 0 ? (u64)(s64)x : (u64)x;
}

/* ---- inputs: all pairs, with a third number from the list ---- */

static const u32 list_u32[] = {
    0,   1,      2,          7,          31,         32,         33,         64,
    255, 0x8000, 0x7fffffff, 0x80000000, 0xffffffff, 0xdeadbeef, 0x12345678, 0xffff8001};
static const u64 list_u64[] = {0,
                               1,
                               3,
                               31,
                               63,
                               64,
                               65,
                               0x80000000,
                               0xffffffff,
                               0x100000000,
                               0x7fffffffffffffff,
                               0x8000000000000000,
                               ~(u64)0,
                               0xdeadbeefcafebabe,
                               0x123456789abcdef0,
                               0xfffffffffffffff5};
static const f32 list_f32[] = {
    0,      -0.0f,   1,      -1,         0.5f,          1.5f,         2.5f,     -2.5f,
    1e-40f, 3.4e38f, -1e-7f, 8388609.0f, 2147483648.0f, 4.2949673e9f, INFINITY, NAN};
static const f64 list_f64[] = {0,      -0.0,  1,      -1,           0.5,    1.5,    2.5,       -2.5,
                               1e-310, 1e300, -1e-17, 4294967295.5, 9.3e18, 1.9e19, -INFINITY, NAN};
enum { LIST = 16, CASES = LIST * LIST };
static int third(int i) { return (i / LIST * 5 + i % LIST * 3 + 1) % LIST; }

#define COUNT(D, d, T, letter, text, value) +1
#define DEVICE(D, d, T, letter, text, value)                                                       \
    {                                                                                              \
        D result;                                                                                  \
        asm volatile(text : "=" d(result) : letter(x), letter(y), letter(z));                      \
        memcpy(&to[row++ * CASES + i], &result, sizeof result);                                    \
    }
#define HOST(D, d, T, letter, text, value)                                                         \
    {                                                                                              \
        const D right = (D)(value);                                                                \
        D got;                                                                                     \
        memcpy(&got, &from[row++ * CASES + i], sizeof got);                                        \
        if (memcmp(&got, &right, sizeof got) && (got == got || right == right)) {                  \
            fprintf(stderr, "%s: of %g %g %g: %.17g, not %.17g\n", text, (double)x, (double)y,     \
                    (double)z, (double)got, (double)right);                                        \
            wrong++;                                                                               \
        }                                                                                          \
    }

#define TEST(T, ROWS)                                                                              \
    __global__ void device_##T(const T *list, const int *thirds, u64 *to)                          \
    {                                                                                              \
        const int i = (int)threadIdx.x;                                                            \
        const T x = list[i / LIST], y = list[i % LIST], z = list[thirds[i]];                       \
        int row = 0;                                                                               \
        ROWS(DEVICE)                                                                               \
    }                                                                                              \
    static int test_##T(void)                                                                      \
    {                                                                                              \
        enum { N = 0 ROWS(COUNT) };                                                                \
        static u64 from[N * CASES];                                                                \
        int thirds[CASES], wrong = 0;                                                              \
        for (int i = 0; i < CASES; i++) thirds[i] = third(i);                                      \
        T *list = on_device<T>(LIST);                                                              \
        int *others = on_device<int>(CASES);                                                       \
        u64 *to = zeros<u64>(N * CASES);                                                           \
        DO(cudaMemcpy(list, list_##T, sizeof list_##T, cudaMemcpyHostToDevice));                   \
        DO(cudaMemcpy(others, thirds, sizeof thirds, cudaMemcpyHostToDevice));                     \
        device_##T<<<1, CASES>>>(list, others, to);                                                \
        DO(cudaMemcpy(from, to, sizeof from, cudaMemcpyDeviceToHost));                             \
        for (int i = 0; i < CASES; i++) {                                                          \
            const T x = list_##T[i / LIST], y = list_##T[i % LIST], z = list_##T[thirds[i]];       \
            int row = 0;                                                                           \
            ROWS(HOST)                                                                             \
        }                                                                                          \
        DO(cudaFree(list));                                                                        \
        DO(cudaFree(others));                                                                      \
        DO(cudaFree(to));                                                                          \
        return wrong;                                                                              \
    }
TEST(u32, ROWS_U32)
TEST(u64, ROWS_U64)
TEST(f32, ROWS_F32)
TEST(f64, ROWS_F64)

int main(void) { return test_u32() + test_u64() + test_f32() + test_f64() != 0; }
