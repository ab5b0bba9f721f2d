/* ptx_convert.c -- cvt, and moves between slots of different width. */
#include <math.h>
#include <string.h>

#include "ptx.h"
#include "ptx_types.h"

static const char *const types[] = {"u8",  "s8",  "u16", "s16", "u32",
                                    "s32", "u64", "s64", "f32", "f64"};
static const char codes[] = "nnnnnnwwnw";
enum { U8, S8, U16, S16, U32, S32, U64, S64, F32, F64, TYPES };
enum { EXACT, NEAREST, ZERO, DOWN, UP, SATURATED };

static void wide_of_u32(ptx_warp *w, const ptx_instr *i)
{
    u64 *d = (u64 *)w->slots[i->slot[0]];
    const u32 *a = (u32 *)w->slots[i->slot[1]];
    LANES(w->mask, d[l] = a[l];)
}

static void wide_of_s32(ptx_warp *w, const ptx_instr *i)
{
    s64 *d = (s64 *)w->slots[i->slot[0]];
    const s32 *a = (s32 *)w->slots[i->slot[1]];
    LANES(w->mask, d[l] = a[l];)
}

static void narrow_of_wide(ptx_warp *w, const ptx_instr *i)
{
    u32 *d = (u32 *)w->slots[i->slot[0]];
    const u64 *a = (u64 *)w->slots[i->slot[1]];
    LANES(w->mask, d[l] = (u32)a[l];)
}

void ptx_narrow(ptx_warp *w, const ptx_instr *i) { narrow_of_wide(w, i); }

/* From a narrow slot that holds a value of i->bytes bytes. */
void ptx_widen(ptx_warp *w, const ptx_instr *i)
{
    u64 *d = (u64 *)w->slots[i->slot[0]];
    const u32 *a = (u32 *)w->slots[i->slot[1]];
    const int unused = 64 - 8 * i->bytes;
    LANES(w->mask, d[l] = (u64)a[l] << unused;
          d[l] = i->is_signed ? (u64)((s64)d[l] >> unused) : d[l] >> unused;)
}

/* Whole numbers of every type as 64 bits, with the sign of their type. */
static u64 whole(const uint64_t *slot, int l, int type)
{
    const u32 n = ((const u32 *)slot)[l];
    switch (type) {
    case U8:
        return (u8)n;
    case S8:
        return (u64)(s8)n;
    case U16:
        return (u16)n;
    case S16:
        return (u64)(s16)n;
    case U32:
        return n;
    case S32:
        return (u64)(s32)n;
    default:
        return slot[l];
    }
}

static void put(uint64_t *slot, int l, int type, u64 value)
{
    u32 *n = (u32 *)slot;
    switch (type) {
    case U8:
        n[l] = (u8)value;
        break;
    case S8:
        n[l] = (u32)(s8)value;
        break;
    case U16:
        n[l] = (u16)value;
        break;
    case S16:
        n[l] = (u32)(s16)value;
        break;
    case U32:
    case S32:
        n[l] = (u32)value;
        break;
    default:
        slot[l] = value;
    }
}

static f64 rounded(f64 x, int rounding)
{
    switch (rounding) {
    case NEAREST:
        return nearbyint(x);
    case ZERO:
        return trunc(x);
    case DOWN:
        return floor(x);
    case UP:
        return ceil(x);
    default:
        return x;
    }
}

/* Values outside of the type become its nearest one, NaN becomes 0. */
static u64 clamped(f64 x, int type)
{
    const bool is_signed = type % 2;
    const int bits = 8 << type / 2;
    const f64 above = ldexp(1.0, is_signed ? bits - 1 : bits), below = is_signed ? -above : 0.0;
    if (x != x) return 0;
    if (x >= above)
        return (bits < 64 ? (u64)1 << bits : 0) / (is_signed ? 2 : 1) - 1 +
               (bits == 64 && is_signed ? (u64)1 << 63 : 0);
    if (x <= below) return is_signed ? 0 - ((u64)1 << (bits - 1)) : 0;
    return x < 0 ? (u64)(s64)x : (u64)x;
}

static f64 real(const uint64_t *slot, int l, int type)
{
    return type == F32 ? (f64)((const f32 *)slot)[l] : ((const f64 *)slot)[l];
}

static void convert(ptx_warp *w, const ptx_instr *i)
{
    uint64_t *d = w->slots[i->slot[0]];
    const uint64_t *a = w->slots[i->slot[1]];
    const int to = i->bytes, from = i->count, mode = i->mode;
    for (uint32_t left = w->mask; left; left &= left - 1) {
        const int l = __builtin_ctz(left);
        if (from < F32 && to < F32)
            put(d, l, to, whole(a, l, from));
        else if (to < F32)
            put(d, l, to, clamped(rounded(real(a, l, from), mode), to));
        else if (from < F32) {
            const u64 n = whole(a, l, from);
            if (to == F32)
                ((f32 *)d)[l] = from % 2 ? (f32)(s64)n : (f32)n;
            else
                ((f64 *)d)[l] = from % 2 ? (f64)(s64)n : (f64)n;
        } else {
            f64 x = rounded(real(a, l, from), mode);
            if (mode == SATURATED) x = x > 0 ? (x < 1 ? x : 1) : 0;
            if (to == F32)
                ((f32 *)d)[l] = (f32)x;
            else
                ((f64 *)d)[l] = x;
        }
    }
}

static int type_of(const char *name, size_t length)
{
    for (int t = 0; t < TYPES; t++)
        if (strlen(types[t]) == length && strncmp(types[t], name, length) == 0) return t;
    return -1;
}

/* Which rounding the modifiers say; -1: one that is not known for these types. */
static int mode_of(const char *modifiers, int to, int from)
{
    const bool narrowing = to == F32 && from != F32; /* and s64 to f64: to the nearest */
    if (!*modifiers) return EXACT;
    if (strcmp(modifiers, ".rn.") == 0) return (narrowing || to == F64) && to >= F32 ? EXACT : -1;
    if (strcmp(modifiers, ".rni.") == 0) return NEAREST;
    if (strcmp(modifiers, ".rzi.") == 0) return ZERO;
    if (strcmp(modifiers, ".rmi.") == 0) return DOWN;
    if (strcmp(modifiers, ".rpi.") == 0) return UP;
    if (strcmp(modifiers, ".sat.") == 0 && to >= F32 && to == from) return SATURATED;
    return -1;
}

const char *ptx_find_conversion(const char *name, ptx_instr *i)
{
    static char operands[3];
    const char *last = strrchr(name, '.');
    if (strncmp(name, "cvt.", 4) != 0 || last == name + 3) return NULL;
    const char *middle = last - 1;
    while (*middle != '.') middle--;
    const int from = type_of(last + 1, strlen(last + 1));
    const int to = type_of(middle + 1, (size_t)(last - middle - 1));
    char modifiers[32] = "";
    if (middle > name + 3) {
        const size_t length = (size_t)(middle + 1 - (name + 3));
        if (length >= sizeof modifiers) return NULL;
        memcpy(modifiers, name + 3, length);
        modifiers[length] = 0;
    }
    if (to < 0 || from < 0) return NULL;
    const int mode = mode_of(modifiers, to, from);
    if (mode < 0) return NULL;
    i->bytes = (uint8_t)to;
    i->count = (uint8_t)from;
    i->mode = (uint8_t)mode;
    i->run = convert;
    if (to / 2 == U64 / 2 && from == U32) i->run = wide_of_u32;
    if (to / 2 == U64 / 2 && from == S32) i->run = wide_of_s32;
    if (to / 2 == U32 / 2 && from / 2 == U64 / 2) i->run = narrow_of_wide;
    operands[0] = codes[to];
    operands[1] = codes[from];
    return operands;
}
