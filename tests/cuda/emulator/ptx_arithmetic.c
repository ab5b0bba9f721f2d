/* ptx_arithmetic.c -- instructions that compute one value from others: the list, expanded twice. */
#include <limits.h>
#include <math.h>
#include <string.h>

#include "ptx.h"
#include "ptx_types.h"

/* Denormal numbers become 0. */
static f32 flushed(f32 x) { return fabsf(x) < 1.17549435e-38f ? copysignf(0.0f, x) : x; }

/* NaN only if both are; -0 is less than 0. */
#define EXTREMES(T, small, large, sign)                                                            \
    static T small(T x, T y)                                                                       \
    {                                                                                              \
        if (x != x) return y;                                                                      \
        if (x == y) return sign(x) ? x : y;                                                        \
        return y < x ? y : x;                                                                      \
    }                                                                                              \
    static T large(T x, T y)                                                                       \
    {                                                                                              \
        if (x != x) return y;                                                                      \
        if (x == y) return sign(x) ? y : x;                                                        \
        return y > x ? y : x;                                                                      \
    }
EXTREMES(f32, min_f32, max_f32, signbit)
EXTREMES(f64, min_f64, max_f64, signbit)

static u64 high_u64(u64 x, u64 y)
{
    const u64 a = x >> 32, b = (u32)x, c = y >> 32, d = (u32)y;
    const u64 middle = a * d + (b * d >> 32), other = b * c + (u32)middle;
    return a * c + (middle >> 32) + (other >> 32);
}

static u64 high_s64(u64 x, u64 y) { return high_u64(x, y) - (x >> 63 ? y : 0) - (y >> 63 ? x : 0); }

/* The lowest `length` bits from bit `start`, with what lies above as the sign says. */
static u64 field(u64 x, u32 start, u32 length, u32 width, bool is_signed)
{
    start &= 0xff;
    length &= 0xff;
    if (!length) return 0;
    const u32 last = start + length - 1 < width - 1 ? start + length - 1 : width - 1;
    const u64 sign = is_signed ? 0 - (x >> last & 1) : 0;
    if (start >= width) return sign;
    u64 value = x >> start;
    if (start + length > width) length = width - start;
    const u64 mask = length >= 64 ? ~(u64)0 : ((u64)1 << length) - 1;
    return (value & mask) | (sign & ~mask);
}

static u64 inserted(u64 from, u64 into, u32 start, u32 length, u32 width)
{
    start &= 0xff;
    length &= 0xff;
    if (start >= width || !length) return into;
    const u64 ones = length >= 64 ? ~(u64)0 : ((u64)1 << length) - 1;
    return (into & ~(ones << start)) | ((from & ones) << start);
}

static u32 permuted(u32 a, u32 b, u32 selection)
{
    const u64 both = (u64)b << 32 | a;
    u32 d = 0;
    for (u32 k = 0; k < 4; k++) {
        const u32 s = selection >> (4 * k);
        u32 byte = (u32)(both >> (8 * (s & 7))) & 0xff;
        if (s & 8) byte = byte & 0x80 ? 0xff : 0;
        d |= byte << (8 * k);
    }
    return d;
}

static u32 logic(u32 a, u32 b, u32 c, u32 table)
{
    u32 d = 0;
    for (u32 k = 0; k < 8; k++)
        if (table >> k & 1) d |= (k & 4 ? a : ~a) & (k & 2 ? b : ~b) & (k & 1 ? c : ~c);
    return d;
}

static u32 reversed(u32 x)
{
    u32 y = 0;
    for (u32 k = 0; k < 32; k++) y |= (x >> k & 1) << (31 - k);
    return y;
}

static u32 funnel(u32 low, u32 high, u32 n, bool left, bool wrap)
{
    n = wrap ? n & 31 : n < 32 ? n : 32;
    const u64 both = (u64)high << 32 | low;
    return left ? (u32)(both << n >> 32) : (u32)(both >> n);
}

/* The upper half of a float, rounded to the nearest, ties to even. */
static u16 bfloat_of(f32 x)
{
    u32 bits;
    memcpy(&bits, &x, sizeof bits);
    if (x != x) return 0x7fff;
    return (u16)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static f32 float_of(u16 bfloat)
{
    const u32 bits = (u32)bfloat << 16;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

#define WIDTH(T) (8 * (u32)sizeof(T))
#define LEFT(T) y < WIDTH(T) ? (T)(x << (y & (WIDTH(T) - 1))) : 0
#define RIGHT(T) y < WIDTH(T) ? (T)(x >> (y & (WIDTH(T) - 1))) : x < 0 ? (T)-1 : 0
#define LEADING(x, T) ((x) ? __builtin_clzll(x) - (64 - (int)WIDTH(T)) : (int)WIDTH(T))

/* Unary, binary and ternary: function, names, type of the result, types of x, y, z, the result. */
#define INTEGERS(O1, O2, O3, U, S, W)                                                              \
    O2(add_##U, "add." #U " add." #S, U, U, U, x + y)                                              \
    O2(sub_##U, "sub." #U " sub." #S, U, U, U, x - y)                                              \
    O2(mul_##U, "mul.lo." #U " mul.lo." #S, U, U, U, (u64)x *y)                                    \
    O3(mad_##U, "mad.lo." #U " mad.lo." #S, U, U, U, U, (u64)x *y + z)                             \
    O2(div_##U, "div." #U, U, U, U, y ? x / y : (U)-1)                                             \
    O2(div_##S, "div." #S, S, S, S, !y ? -1 : y == -1 ? (S)(0 - (u64)x) : x / y)                   \
    O2(rem_##U, "rem." #U, U, U, U, y ? x % y : x)                                                 \
    O2(rem_##S, "rem." #S, S, S, S, !y ? x : y == -1 ? 0 : x % y)                                  \
    O2(min_##U, "min." #U, U, U, U, x < y ? x : y)                                                 \
    O2(min_##S, "min." #S, S, S, S, x < y ? x : y)                                                 \
    O2(max_##U, "max." #U, U, U, U, x > y ? x : y)                                                 \
    O2(max_##S, "max." #S, S, S, S, x > y ? x : y)                                                 \
    O2(and_##U, "and." #W, U, U, U, x &y)                                                          \
    O2(or_##U, "or." #W, U, U, U, x | y)                                                           \
    O2(xor_##U, "xor." #W, U, U, U, x ^ y)                                                         \
    O2(shl_##U, "shl." #W, U, U, u32, LEFT(U))                                                     \
    O2(shr_##U, "shr." #U " shr." #W, U, U, u32, y < WIDTH(U) ? x >> (y & (WIDTH(U) - 1)) : 0)     \
    O2(shr_##S, "shr." #S, S, S, u32, RIGHT(S))                                                    \
    O1(not_##U, "not." #W, U, U, ~x)                                                               \
    O1(cnot_##U, "cnot." #W, U, U, !x)                                                             \
    O1(neg_##S, "neg." #S, U, U, 0 - x)                                                            \
    O1(abs_##S, "abs." #S, U, S, x < 0 ? 0 - (u64)x : (u64)x)

#define FLOATS(O1, O2, O3, F, fabs_, sqrt_, fma_, copy_)                                           \
    O2(add_##F, "add." #F " add.rn." #F, F, F, F, x + y)                                           \
    O2(sub_##F, "sub." #F " sub.rn." #F, F, F, F, x - y)                                           \
    O2(mul_##F, "mul." #F " mul.rn." #F, F, F, F, x *y)                                            \
    O3(fma_##F, "fma.rn." #F " mad.rn." #F, F, F, F, F, fma_(x, y, z))                             \
    O2(div_##F, "div.rn." #F " div.full." #F " div.approx." #F, F, F, F, x / y)                    \
    O1(rcp_##F, "rcp.rn." #F " rcp.approx." #F, F, F, 1 / x)                                       \
    O1(sqrt_##F, "sqrt.rn." #F " sqrt.approx." #F, F, F, sqrt_(x))                                 \
    O1(rsqrt_##F, "rsqrt.approx." #F, F, F, (F)(1.0 / sqrt((double)x)))                            \
    O1(neg_##F, "neg." #F, F, F, -x)                                                               \
    O1(abs_##F, "abs." #F, F, F, fabs_(x))                                                         \
    O2(min_##F, "min." #F, F, F, F, min_##F(x, y))                                                 \
    O2(max_##F, "max." #F, F, F, F, max_##F(x, y))                                                 \
    O2(copysign_##F, "copysign." #F, F, F, F, copy_(y, x))

#define LIST(O1, O2, O3)                                                                           \
    INTEGERS(O1, O2, O3, u16, s16, b16)                                                            \
    INTEGERS(O1, O2, O3, u32, s32, b32)                                                            \
    INTEGERS(O1, O2, O3, u64, s64, b64)                                                            \
    FLOATS(O1, O2, O3, f32, fabsf, sqrtf, fmaf, copysignf)                                         \
    FLOATS(O1, O2, O3, f64, fabs, sqrt, fma, copysign)                                             \
    O2(high_u16, "mul.hi.u16", u16, u16, u16, (u32)x *y >> 16)                                     \
    O2(high_s16, "mul.hi.s16", s16, s16, s16, (s32)x *y >> 16)                                     \
    O2(high_u32, "mul.hi.u32", u32, u32, u32, (u64)x *y >> 32)                                     \
    O2(high_s32, "mul.hi.s32", s32, s32, s32, (s64)x *y >> 32)                                     \
    O2(high_u64_, "mul.hi.u64", u64, u64, u64, high_u64(x, y))                                     \
    O2(high_s64_, "mul.hi.s64", u64, u64, u64, high_s64(x, y))                                     \
    O3(mad_high_u32, "mad.hi.u32", u32, u32, u32, u32, ((u64)x * y >> 32) + z)                     \
    O3(mad_high_s32, "mad.hi.s32", u32, s32, s32, u32, (u64)((s64)x * y >> 32) + z)                \
    O3(mad_high_u64, "mad.hi.u64", u64, u64, u64, u64, high_u64(x, y) + z)                         \
    O2(wide_u16, "mul.wide.u16", u32, u16, u16, (u32)x *y)                                         \
    O2(wide_s16, "mul.wide.s16", s32, s16, s16, (s32)x *y)                                         \
    O2(wide_u32, "mul.wide.u32", u64, u32, u32, (u64)x *y)                                         \
    O2(wide_s32, "mul.wide.s32", s64, s32, s32, (s64)x *y)                                         \
    O3(mad_wide_u16, "mad.wide.u16", u32, u16, u16, u32, (u32)x *y + z)                            \
    O3(mad_wide_s16, "mad.wide.s16", u32, s16, s16, u32, (u32)((s32)x * y) + z)                    \
    O3(mad_wide_u32, "mad.wide.u32", u64, u32, u32, u64, (u64)x *y + z)                            \
    O3(mad_wide_s32, "mad.wide.s32", u64, s32, s32, u64, (u64)((s64)x * y) + z)                    \
    O1(popc_b32, "popc.b32", u32, u32, (u32)__builtin_popcount(x))                                 \
    O1(popc_b64, "popc.b64", u32, u64, (u32)__builtin_popcountll(x))                               \
    O1(clz_b32, "clz.b32", u32, u32, (u32)LEADING(x, u32))                                         \
    O1(clz_b64, "clz.b64", u32, u64, (u32)LEADING(x, u64))                                         \
    O1(find_u32, "bfind.u32", u32, u32, (u32)(31 - LEADING(x, u32)))                               \
    O1(find_u64, "bfind.u64", u32, u64, (u32)(63 - LEADING(x, u64)))                               \
    O1(find_s32, "bfind.s32", u32, s32, (u32)(31 - LEADING((u32)(x < 0 ? ~x : x), u32)))           \
    O1(find_s64, "bfind.s64", u32, s64, (u32)(63 - LEADING((u64)(x < 0 ? ~x : x), u64)))           \
    O1(shift_u32, "bfind.shiftamt.u32", u32, u32, x ? (u32)LEADING(x, u32) : ~(u32)0)              \
    O1(shift_u64, "bfind.shiftamt.u64", u32, u64, x ? (u32)LEADING(x, u64) : ~(u32)0)              \
    O1(brev_b32, "brev.b32", u32, u32, reversed(x))                                                \
    O1(brev_b64, "brev.b64", u64, u64, (u64)reversed((u32)x) << 32 | reversed((u32)(x >> 32)))     \
    O3(bfe_u32, "bfe.u32", u32, u32, u32, u32, field(x, y, z, 32, false))                          \
    O3(bfe_s32, "bfe.s32", u32, u32, u32, u32, field(x, y, z, 32, true))                           \
    O3(bfe_u64, "bfe.u64", u64, u64, u32, u32, field(x, y, z, 64, false))                          \
    O3(bfe_s64, "bfe.s64", u64, u64, u32, u32, field(x, y, z, 64, true))                           \
    O3(prmt_b32, "prmt.b32", u32, u32, u32, u32, permuted(x, y, z))                                \
    O3(shf_l_wrap, "shf.l.wrap.b32", u32, u32, u32, u32, funnel(x, y, z, true, true))              \
    O3(shf_l_clamp, "shf.l.clamp.b32", u32, u32, u32, u32, funnel(x, y, z, true, false))           \
    O3(shf_r_wrap, "shf.r.wrap.b32", u32, u32, u32, u32, funnel(x, y, z, false, true))             \
    O3(shf_r_clamp, "shf.r.clamp.b32", u32, u32, u32, u32, funnel(x, y, z, false, false))          \
    O3(sad_u32, "sad.u32", u32, u32, u32, u32, (x > y ? x - y : y - x) + z)                        \
    O1(rcp_ftz_f32, "rcp.approx.ftz.f32", f32, f32, flushed(1 / flushed(x)))                       \
    O2(div_ftz_f32, "div.approx.ftz.f32 div.full.ftz.f32", f32, f32, f32,                          \
       flushed(flushed(x) / flushed(y)))                                                           \
    O1(rcp_ftz_f64, "rcp.approx.ftz.f64", f64, f64, 1 / x)                                         \
    O1(ex2_f32, "ex2.approx.f32", f32, f32, exp2f(x))                                              \
    O1(ex2_ftz_f32, "ex2.approx.ftz.f32", f32, f32, flushed(exp2f(flushed(x))))                    \
    O1(lg2_f32, "lg2.approx.f32", f32, f32, log2f(x))                                              \
    O1(lg2_ftz_f32, "lg2.approx.ftz.f32", f32, f32, log2f(flushed(x)))                             \
    O1(rsqrt_ftz_f32, "rsqrt.approx.ftz.f32", f32, f32, (f32)(1.0 / sqrt((double)flushed(x))))     \
    O1(sqrt_ftz_f32, "sqrt.approx.ftz.f32", f32, f32, sqrtf(flushed(x)))                           \
    O1(sin_f32, "sin.approx.f32 sin.approx.ftz.f32", f32, f32, sinf(x))                            \
    O1(cos_f32, "cos.approx.f32 cos.approx.ftz.f32", f32, f32, cosf(x))                            \
    O1(tanh_f32, "tanh.approx.f32", f32, f32, tanhf(x))                                            \
    O2(add_sat_f32, "add.sat.f32", f32, f32, f32, max_f32(0.0f, min_f32(1.0f, x + y)))             \
    O1(bfloat_of_f32, "cvt.rn.bf16.f32", u16, f32, bfloat_of(x))                                   \
    O1(f32_of_bfloat, "cvt.f32.bf16", f32, u16, float_of(x))                                       \
    O1(move_n, "mov.b16 mov.u16 mov.s16 mov.b32 mov.u32 mov.s32 mov.f32", u32, u32, x)             \
    O1(move_w, "mov.b64 mov.u64 mov.s64 mov.f64", u64, u64, x)                                     \
    O1(cvta_shared, "cvta.shared.u64", u64, u64, x + WINDOW_SHARED)                                \
    O1(cvta_local, "cvta.local.u64", u64, u64, x + WINDOW_LOCAL)                                   \
    O1(cvta_param, "cvta.param.u64", u64, u64, x + WINDOW_PARAM)                                   \
    O1(cvta_global, "cvta.global.u64 cvta.to.global.u64 cvta.const.u64 cvta.to.const.u64", u64,    \
       u64, x)                                                                                     \
    O1(to_window, "cvta.to.shared.u64 cvta.to.local.u64 cvta.to.param.u64", u64, u64,              \
       x & ~(u64)WINDOW_MASK)

#define DEFINE1(f, names, D, A, value)                                                             \
    static void run_##f(ptx_warp *w, const ptx_instr *i)                                           \
    {                                                                                              \
        slot_##D *d = (slot_##D *)w->slots[i->slot[0]];                                            \
        const slot_##A *a = (const slot_##A *)w->slots[i->slot[1]];                                \
        LANES(w->mask, const A x = (A)a[l]; d[l] = (slot_##D)(D)(value);)                          \
    }
#define DEFINE2(f, names, D, A, B, value)                                                          \
    static void run_##f(ptx_warp *w, const ptx_instr *i)                                           \
    {                                                                                              \
        slot_##D *d = (slot_##D *)w->slots[i->slot[0]];                                            \
        const slot_##A *a = (const slot_##A *)w->slots[i->slot[1]];                                \
        const slot_##B *b = (const slot_##B *)w->slots[i->slot[2]];                                \
        LANES(w->mask, const A x = (A)a[l]; const B y = (B)b[l]; d[l] = (slot_##D)(D)(value);)     \
    }
#define DEFINE3(f, names, D, A, B, C, value)                                                       \
    static void run_##f(ptx_warp *w, const ptx_instr *i)                                           \
    {                                                                                              \
        slot_##D *d = (slot_##D *)w->slots[i->slot[0]];                                            \
        const slot_##A *a = (const slot_##A *)w->slots[i->slot[1]];                                \
        const slot_##B *b = (const slot_##B *)w->slots[i->slot[2]];                                \
        const slot_##C *c = (const slot_##C *)w->slots[i->slot[3]];                                \
        LANES(w->mask, const A x = (A)a[l]; const B y = (B)b[l]; const C z = (C)c[l];              \
              d[l] = (slot_##D)(D)(value);)                                                        \
    }
LIST(DEFINE1, DEFINE2, DEFINE3)

/* With four operands, or with predicates. */
static void run_bfi_b32(ptx_warp *w, const ptx_instr *i)
{
    u32 *d = (u32 *)w->slots[i->slot[0]];
    const u32 *a = (u32 *)w->slots[i->slot[1]], *b = (u32 *)w->slots[i->slot[2]];
    const u32 *c = (u32 *)w->slots[i->slot[3]], *e = (u32 *)w->slots[i->slot[4]];
    LANES(w->mask, d[l] = (u32)inserted(a[l], b[l], c[l], e[l], 32);)
}

static void run_bfi_b64(ptx_warp *w, const ptx_instr *i)
{
    u64 *d = (u64 *)w->slots[i->slot[0]];
    const u64 *a = (u64 *)w->slots[i->slot[1]], *b = (u64 *)w->slots[i->slot[2]];
    const u32 *c = (u32 *)w->slots[i->slot[3]], *e = (u32 *)w->slots[i->slot[4]];
    LANES(w->mask, d[l] = inserted(a[l], b[l], c[l], e[l], 64);)
}

static void run_lop3(ptx_warp *w, const ptx_instr *i)
{
    u32 *d = (u32 *)w->slots[i->slot[0]];
    const u32 *a = (u32 *)w->slots[i->slot[1]], *b = (u32 *)w->slots[i->slot[2]];
    const u32 *c = (u32 *)w->slots[i->slot[3]], *e = (u32 *)w->slots[i->slot[4]];
    LANES(w->mask, d[l] = logic(a[l], b[l], c[l], e[l]);)
}

static void run_selp_n(ptx_warp *w, const ptx_instr *i)
{
    u32 *d = (u32 *)w->slots[i->slot[0]];
    const u32 *a = (u32 *)w->slots[i->slot[1]], *b = (u32 *)w->slots[i->slot[2]];
    const u32 p = w->predicates[i->slot[3]];
    LANES(w->mask, d[l] = p >> l & 1 ? a[l] : b[l];)
}

static void run_selp_w(ptx_warp *w, const ptx_instr *i)
{
    u64 *d = (u64 *)w->slots[i->slot[0]];
    const u64 *a = (u64 *)w->slots[i->slot[1]], *b = (u64 *)w->slots[i->slot[2]];
    const u32 p = w->predicates[i->slot[3]];
    LANES(w->mask, d[l] = p >> l & 1 ? a[l] : b[l];)
}

#define PREDICATES(P)                                                                              \
    P(and_pred, "and.pred", "ppp", a &b)                                                           \
    P(or_pred, "or.pred", "ppp", a | b)                                                            \
    P(xor_pred, "xor.pred", "ppp", a ^ b)                                                          \
    P(not_pred, "not.pred", "pp", ~a)                                                              \
    P(mov_pred, "mov.pred", "pp", a)
#define DEFINE_PREDICATE(f, names, operands, value)                                                \
    static void run_##f(ptx_warp *w, const ptx_instr *i)                                           \
    {                                                                                              \
        const u32 a = w->predicates[i->slot[1]], b = w->predicates[i->slot[2]];                    \
        u32 *d = &w->predicates[i->slot[0]];                                                       \
        (void)b;                                                                                   \
        *d = (*d & ~w->mask) | ((value)&w->mask);                                                  \
    }
PREDICATES(DEFINE_PREDICATE)

#define ROW1(f, names, D, A, value) {names, run_##f, CODE_##D CODE_##A},
#define ROW2(f, names, D, A, B, value) {names, run_##f, CODE_##D CODE_##A CODE_##B},
#define ROW3(f, names, D, A, B, C, value) {names, run_##f, CODE_##D CODE_##A CODE_##B CODE_##C},
#define ROW_PREDICATE(f, names, operands, value) {names, run_##f, operands},
static const ptx_operation operations[] = {
    LIST(ROW1, ROW2, ROW3) PREDICATES(ROW_PREDICATE){"bfi.b32", run_bfi_b32, "nnnnn"},
    {"bfi.b64", run_bfi_b64, "wwwnn"},
    {"lop3.b32", run_lop3, "nnnnn"},
    {"selp.b16 selp.u16 selp.s16 selp.b32 selp.u32 selp.s32 selp.f32", run_selp_n, "nnnp"},
    {"selp.b64 selp.u64 selp.s64 selp.f64", run_selp_w, "wwwp"},
};

bool ptx_is_word(const char *word, const char *words)
{
    const size_t length = strlen(word);
    for (const char *at = words; (at = strstr(at, word)); at++)
        if ((at == words || at[-1] == ' ') && (at[length] == ' ' || !at[length])) return true;
    return false;
}

const ptx_operation *ptx_find_arithmetic(const char *name)
{
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
        if (ptx_is_word(name, operations[i].names)) return &operations[i];
    return NULL;
}
