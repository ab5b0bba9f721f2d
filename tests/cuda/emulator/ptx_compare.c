/* ptx_compare.c -- setp: a comparison of each lane's values gives a bit of a predicate. */
#include "ptx.h"
#include "ptx_types.h"

/* Ordered comparisons are false, unordered ones (equ...) true, if one of the two is NaN. */
#define COMMON(C, T)                                                                               \
    C(T, eq, x == y) C(T, lt, x < y) C(T, le, x <= y) C(T, gt, x > y) C(T, ge, x >= y)
#define WHOLE(C, T) COMMON(C, T) C(T, ne, x != y)
#define UNSIGNED(C, T) WHOLE(C, T) C(T, lo, x < y) C(T, ls, x <= y) C(T, hi, x > y) C(T, hs, x >= y)
#define REAL(C, T)                                                                                 \
    COMMON(C, T)                                                                                   \
    C(T, ne, x<y || x> y)                                                                          \
    C(T, equ, !(x < y || x > y))                                                                   \
    C(T, neu, !(x == y))                                                                           \
    C(T, ltu, !(x >= y))                                                                           \
    C(T, leu, !(x > y))                                                                            \
    C(T, gtu, !(x <= y))                                                                           \
    C(T, geu, !(x < y))                                                                            \
    C(T, num, x == x && y == y)                                                                    \
    C(T, nan, x != x || y != y)

/* b16, b32, b64 are compared as unsigned numbers. */
#define LIST(C)                                                                                    \
    UNSIGNED(C, u16)                                                                               \
    WHOLE(C, s16)                                                                                  \
    UNSIGNED(C, u32) WHOLE(C, s32) UNSIGNED(C, u64) WHOLE(C, s64) REAL(C, f32) REAL(C, f64)

#define DEFINE(T, comparison, value)                                                               \
    static void run_##comparison##_##T(ptx_warp *w, const ptx_instr *i)                            \
    {                                                                                              \
        const slot_##T *a = (const slot_##T *)w->slots[i->slot[1]];                                \
        const slot_##T *b = (const slot_##T *)w->slots[i->slot[2]];                                \
        u32 *d = &w->predicates[i->slot[0]], bits = 0;                                             \
        for (int l = 0; l < 32; l++) {                                                             \
            const T x = (T)a[l], y = (T)b[l];                                                      \
            bits |= (u32)(value) << l;                                                             \
        }                                                                                          \
        *d = (*d & ~w->mask) | (bits & w->mask);                                                   \
    }
LIST(DEFINE)

#define ROW(T, comparison, value)                                                                  \
    {"setp." #comparison "." #T, run_##comparison##_##T, "p" CODE_##T CODE_##T},
#define ROW_BITS(comparison)                                                                       \
    {"setp." #comparison ".b16", run_##comparison##_u16, "pnn"},                                   \
        {"setp." #comparison ".b32", run_##comparison##_u32, "pnn"},                               \
        {"setp." #comparison ".b64", run_##comparison##_u64, "pww"},
static const ptx_operation operations[] = {LIST(ROW) ROW_BITS(eq) ROW_BITS(ne)};

const ptx_operation *ptx_find_comparison(const char *name)
{
    for (size_t i = 0; i < sizeof operations / sizeof *operations; i++)
        if (ptx_is_word(name, operations[i].names)) return &operations[i];
    return NULL;
}
