/* ptx_lanes.c -- instructions by which the lanes of a warp work together. */
#include "ptx.h"
#include "ptx_types.h"

void ptx_nothing(ptx_warp *w, const ptx_instr *i)
{
    (void)w;
    (void)i;
}

void ptx_trap(ptx_warp *w, const ptx_instr *i)
{
    if (ptx_first_report(w, i)) emu_report("%s", ptx_place(w, __builtin_ctz(w->mask), i));
}

static void set_predicate(ptx_warp *w, uint32_t number, u32 bits)
{
    u32 *p = &w->predicates[number];
    *p = (*p & ~w->mask) | (bits & w->mask);
}

void ptx_active_mask(ptx_warp *w, const ptx_instr *i)
{
    u32 *d = (u32 *)w->slots[i->slot[0]];
    LANES(w->mask, d[l] = w->mask;)
}

/* Accesses before it are ordered with those after it. */
void ptx_warp_barrier(ptx_warp *w, const ptx_instr *i)
{
    (void)i;
    w->epoch++;
}

/* Operands: d, predicate (0: none), a, b, c. */
void ptx_shuffle(ptx_warp *w, const ptx_instr *i)
{
    u32 *d = (u32 *)w->slots[i->slot[0]], from[32] = {0}, valid = 0;
    const u32 *a = (u32 *)w->slots[i->slot[2]], *b = (u32 *)w->slots[i->slot[3]];
    const u32 *c = (u32 *)w->slots[i->slot[4]];
    for (uint32_t left = w->mask; left; left &= left - 1) {
        const int l = __builtin_ctz(left), n = (int)(b[l] & 31);
        const int segment = (int)(c[l] >> 8 & 31), clamp = (int)(c[l] & 31);
        const int last = (l & segment) | (clamp & ~segment), first = l & segment;
        int source = l;
        bool inside = true;
        switch (i->mode) {
        case PTX_UP:
            source = l - n, inside = source >= last;
            break;
        case PTX_DOWN:
            source = l + n, inside = source <= last;
            break;
        case PTX_BFLY:
            source = l ^ n, inside = source <= last;
            break;
        default:
            source = first | (n & ~segment), inside = source <= last;
        }
        if (!inside) source = l;
        valid |= (u32)inside << l;
        if (!(w->mask >> source & 1) && ptx_first_report(w, i))
            emu_report("%s: shuffles from lane %d, which does not take part", ptx_place(w, l, i),
                       source);
        from[l] = a[source];
    }
    for (uint32_t left = w->mask; left; left &= left - 1) {
        const int l = __builtin_ctz(left);
        d[l] = from[l];
    }
    if (i->slot[1]) set_predicate(w, i->slot[1], valid);
}

/* Operands: d (a predicate, or a slot for ballot), the predicate a. */
void ptx_vote(ptx_warp *w, const ptx_instr *i)
{
    const u32 bits = w->predicates[i->slot[1]] & w->mask;
    if (i->mode == PTX_BALLOT) {
        u32 *d = (u32 *)w->slots[i->slot[0]];
        LANES(w->mask, d[l] = bits;)
        return;
    }
    const bool all = bits == w->mask, any = bits != 0;
    const bool is = i->mode == PTX_ALL ? all : i->mode == PTX_ANY ? any : all || !any;
    set_predicate(w, i->slot[0], is ? 0xffffffffu : 0);
}

/* Operands: d, predicate (0: none), a. The lanes that have the same value; or all, if all have. */
void ptx_match(ptx_warp *w, const ptx_instr *i)
{
    u32 *d = (u32 *)w->slots[i->slot[0]];
    const uint64_t *wide = w->slots[i->slot[2]];
    const u32 *narrow = (const u32 *)wide;
    bool same = true;
    for (uint32_t left = w->mask; left; left &= left - 1) {
        const int l = __builtin_ctz(left);
        const u64 own = i->wide_value ? wide[l] : narrow[l];
        u32 lanes = 0;
        for (uint32_t others = w->mask; others; others &= others - 1) {
            const int k = __builtin_ctz(others);
            if ((i->wide_value ? wide[k] : narrow[k]) == own) lanes |= (u32)1 << k;
        }
        d[l] = lanes;
        same = same && lanes == w->mask;
    }
    if (i->mode == PTX_ANY) return;
    LANES(w->mask, d[l] = same ? d[l] : 0;)
    if (i->slot[1]) set_predicate(w, i->slot[1], same ? 0xffffffffu : 0);
}

/* bar.red: operands d, the predicate a. Each thread of the block gets the result. */
void ptx_reduce_barrier(ptx_warp *warps, uint32_t count, const ptx_instr *i)
{
    u32 number = 0, threads = 0;
    for (uint32_t k = 0; k < count; k++) {
        const u32 bits = warps[k].predicates[i->slot[1]];
        number += (u32)__builtin_popcount(bits & warps[k].live);
        threads += (u32)__builtin_popcount(warps[k].live);
    }
    for (uint32_t k = 0; k < count; k++) {
        ptx_warp *w = &warps[k];
        w->mask = w->live;
        if (i->mode == PTX_POPC) {
            u32 *d = (u32 *)w->slots[i->slot[0]];
            LANES(w->mask, d[l] = number;)
        } else {
            const bool is = i->mode == PTX_AND ? number == threads : number > 0;
            set_predicate(w, i->slot[0], is ? 0xffffffffu : 0);
        }
    }
}
