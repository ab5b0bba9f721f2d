/* ptx_rare.c -- arithmetic with a carry, and with other roundings than to the nearest. */
#include <fenv.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "ptx.h"
#include "ptx_types.h"

/* ---- add.cc, addc, addc.cc, sub..., mad.lo..., mad.hi...: operands d, x, y (, z) ---- */

enum { ADD, SUB, MAD_LO, MAD_HI };
enum { CARRY_IN = 8, CARRY_OUT = 16, WIDE = 32 };

static u64 high(u64 x, u64 y, bool wide)
{
    if (!wide) return x * y >> 32;
    const u64 a = x >> 32, b = (u32)x, c = y >> 32, d = (u32)y;
    const u64 middle = a * d + (b * d >> 32);
    return a * c + (middle >> 32) + ((b * c + (u32)middle) >> 32);
}

static u64 get(const ptx_warp *w, const ptx_instr *i, int operand, int l)
{
    const uint64_t *slot = w->slots[i->slot[operand]];
    return i->mode & WIDE ? slot[l] : ((const u32 *)slot)[l];
}

static void run_carry(ptx_warp *w, const ptx_instr *i)
{
    const int operation = i->mode & 3;
    const bool wide = i->mode & WIDE;
    const u64 ones = wide ? ~(u64)0 : 0xffffffffu;
    u32 *carry = &w->predicates[PTX_CARRY];
    for (uint32_t left = w->mask; left; left &= left - 1) {
        const int l = __builtin_ctz(left);
        const u64 in = i->mode & CARRY_IN ? *carry >> l & 1 : 0;
        u64 x = get(w, i, 1, l), y = get(w, i, 2, l);
        if (operation >= MAD_LO) {
            x = operation == MAD_LO ? x * y & ones : high(x, y, wide);
            y = get(w, i, 3, l);
        }
        const u64 sum = (operation == SUB ? x - y - in : x + y + in) & ones;
        const bool out = operation == SUB ? x < y || (in && x == y) : sum < x || (in && sum == x);
        if (wide)
            w->slots[i->slot[0]][l] = sum;
        else
            ((u32 *)w->slots[i->slot[0]])[l] = (u32)sum;
        if (i->mode & CARRY_OUT) *carry = (*carry & ~((u32)1 << l)) | (u32)out << l;
    }
}

static const char *find_carry(const char *name, ptx_instr *i)
{
    static const struct {
        const char *name;
        int mode;
    } kinds[] = {{"add.cc", ADD | CARRY_OUT},
                 {"addc", ADD | CARRY_IN},
                 {"addc.cc", ADD | CARRY_IN | CARRY_OUT},
                 {"sub.cc", SUB | CARRY_OUT},
                 {"subc", SUB | CARRY_IN},
                 {"subc.cc", SUB | CARRY_IN | CARRY_OUT},
                 {"mad.lo.cc", MAD_LO | CARRY_OUT},
                 {"madc.lo", MAD_LO | CARRY_IN},
                 {"madc.lo.cc", MAD_LO | CARRY_IN | CARRY_OUT},
                 {"mad.hi.cc", MAD_HI | CARRY_OUT},
                 {"madc.hi", MAD_HI | CARRY_IN},
                 {"madc.hi.cc", MAD_HI | CARRY_IN | CARRY_OUT}};
    const char *type = strrchr(name, '.');
    if (!type || !ptx_is_word(type + 1, "u32 s32 u64 s64")) return NULL;
    const bool wide = strcmp(type + 2, "64") == 0;
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        if (strlen(kinds[k].name) != (size_t)(type - name) ||
            strncmp(name, kinds[k].name, (size_t)(type - name)) != 0)
            continue;
        const bool multiplies = (kinds[k].mode & 3) >= MAD_LO;
        if (type[1] == 's' && (kinds[k].mode & 3) == MAD_HI) return NULL;
        i->run = run_carry;
        i->mode = (uint8_t)(kinds[k].mode | (wide ? WIDE : 0));
        return wide ? (multiplies ? "wwww" : "www") : (multiplies ? "nnnn" : "nnn");
    }
    return NULL;
}

/* ---- .rz, .rm, .rp ---- */

static const int roundings[] = {FE_TOWARDZERO, FE_DOWNWARD, FE_UPWARD};

#define OPERATIONS(O)                                                                              \
    O("add", 3, x + y, x + y)                                                                      \
    O("sub", 3, x - y, x - y)                                                                      \
    O("mul", 3, x *y, x *y)                                                                        \
    O("div", 3, x / y, x / y)                                                                      \
    O("fma", 4, fmaf(x, y, z), fma(x, y, z))                                                       \
    O("rcp", 2, 1 / x, 1 / x) O("sqrt", 2, sqrtf(x), sqrt(x))

/* The compiler must neither compute in advance nor move it across the change of the rounding. */
static f32 single(int operation, volatile f32 x, volatile f32 y, volatile f32 z)
{
    volatile f32 d = z;
    int number = 0;
#define O(name, operands, value, other)                                                            \
    if (operation == number++) d = value;
    OPERATIONS(O)
#undef O
    return d;
}

static f64 twofold(int operation, volatile f64 x, volatile f64 y, volatile f64 z)
{
    volatile f64 d = z;
    int number = 0;
#define O(name, operands, other, value)                                                            \
    if (operation == number++) d = value;
    OPERATIONS(O)
#undef O
    return d;
}

static void run_rounded(ptx_warp *w, const ptx_instr *i)
{
    fesetround(roundings[i->count]);
    for (uint32_t left = w->mask; left; left &= left - 1) {
        const int l = __builtin_ctz(left);
        uint64_t *d = w->slots[i->slot[0]], *a = w->slots[i->slot[1]];
        uint64_t *b = w->slots[i->slot[2]], *c = w->slots[i->slot[3]];
        if (i->bytes == 4)
            ((f32 *)d)[l] = single(i->mode, ((f32 *)a)[l], ((f32 *)b)[l], ((f32 *)c)[l]);
        else
            ((f64 *)d)[l] = twofold(i->mode, ((f64 *)a)[l], ((f64 *)b)[l], ((f64 *)c)[l]);
    }
    fesetround(FE_TONEAREST);
}

static const char *find_rounded(const char *name, ptx_instr *i)
{
    char operation[8], rounding[3], type[4];
    if (sscanf(name, "%7[a-z].%2[a-z].%3[a-z0-9]", operation, rounding, type) != 3) return NULL;
    if (!ptx_is_word(type, "f32 f64") || !ptx_is_word(rounding, "rz rm rp")) return NULL;
    const bool wide = strcmp(type, "f64") == 0;
    uint8_t number = 0;
#define O(its_name, operands, value, other)                                                        \
    if (strcmp(operation, its_name) == 0) {                                                        \
        i->run = run_rounded;                                                                      \
        i->mode = number;                                                                          \
        i->count = rounding[1] == 'z' ? 0 : rounding[1] == 'm' ? 1 : 2;                            \
        i->bytes = wide ? 8 : 4;                                                                   \
        return &(wide ? "wwww" : "nnnn")[4 - operands];                                            \
    }                                                                                              \
    number++;
    OPERATIONS(O)
#undef O
    return NULL;
}

const char *ptx_find_rare(const char *name, ptx_instr *i)
{
    const char *operands = find_carry(name, i);
    return operands ? operands : find_rounded(name, i);
}
