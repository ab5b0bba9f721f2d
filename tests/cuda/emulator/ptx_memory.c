/* ptx_memory.c -- loads, stores and atomic operations, with all their checks. */
#include <string.h>

#include "ptx.h"
#include "ptx_types.h"
#include "races.h"

static u64 address_of(const ptx_warp *w, const ptx_instr *i, int l)
{
    const uint64_t *slot = w->slots[i->slot[OPERANDS - 1]];
    return (i->wide_address ? slot[l] : ((const u32 *)slot)[l]) + (u64)i->displacement;
}

static void complain(ptx_warp *w, const ptx_instr *i, int l, const char *what, u64 address)
{
    if (!ptx_first_report(w, i)) return;
    if (address & WINDOW_MASK || i->space > SPACE_GLOBAL)
        emu_report("%s: %s at %llu of %s", ptx_place(w, l, i), what,
                   (unsigned long long)(address & ~(u64)WINDOW_MASK),
                   i->space == SPACE_SHARED || (address & WINDOW_MASK) == WINDOW_SHARED
                       ? "shared memory"
                       : "local memory or parameters");
    else
        emu_report("%s: %s at %s", ptx_place(w, l, i), what, memory_place(address));
}

static void complain_of_race(ptx_warp *w, const ptx_instr *i, int l, emu_race race, uint64_t other,
                             bool is_global, u64 address)
{
    if (!ptx_first_report(w, i)) return;
    const char *at = is_global ? memory_place(address) : "shared memory";
    if (race == RACE_STREAMS)
        emu_report("%s: race between streams, with %s: nothing orders the two: %s",
                   ptx_place(w, l, i), work_name_of((uint32_t)other), at);
    else if (race == RACE_BLOCKS)
        emu_report("%s: race between blocks: %s", ptx_place(w, l, i), at);
    else
        emu_report("%s: race between %s (the last was thread %u): %s", ptx_place(w, l, i),
                   race == RACE_LANES ? "lanes of a warp" : "warps",
                   (unsigned)(other >> RACE_THREAD & 0x3ff), at);
}

/* 1, 2, 4 or 8 bytes as a number. */
static inline u64 number_at(const void *at, int bytes)
{
    switch (bytes) {
    case 1:
        return *(const u8 *)at;
    case 2:
        return *(const u16 *)at;
    case 4:
        return *(const u32 *)at;
    default:
        return *(const u64 *)at;
    }
}

static inline bool are_written(const uint8_t *state, int bytes)
{
    const u64 all = 0x0101010101010101u * STATE_WRITTEN;
    if (bytes == 16) return number_at(state, 8) == all && number_at(state + 8, 8) == all;
    return number_at(state, bytes) == all >> (64 - 8 * bytes);
}

/* False: there is a byte that is nobody's. Bytes that nobody wrote are reported if they are read.
 */
static bool check_state(ptx_warp *w, const ptx_instr *i, int l, const uint8_t *state, u64 address,
                        bool reads)
{
    for (u64 k = 0; k < i->total; k++) {
        if (state[k] == STATE_NONE) {
            complain(w, i, l, "out of bounds", address + k);
            return false;
        }
        if (state[k] == STATE_WRITTEN || !reads) continue;
        complain(w, i, l, "reads memory that nobody wrote", address + k);
        break;
    }
    return true;
}

/* The bytes of shared or global memory that an access reaches, or NULL if it must not be made. */
static inline char *reach(ptx_warp *w, const ptx_instr *i, int l, emu_arena *arena, u64 offset,
                          u64 address, emu_access access, bool atomic)
{
    const u64 bytes = i->total;
    if (offset >= arena->size || bytes > arena->size - offset) {
        complain(w, i, l, "out of bounds", address);
        return NULL;
    }
    if (offset & (bytes - 1)) {
        complain(w, i, l, "misaligned", address);
        return NULL;
    }
    uint8_t *state = arena->state + offset;
    if (!are_written(state, i->total)) {
        if (!check_state(w, i, l, state, address, access == ACCESS_READ || atomic)) return NULL;
        if (access == ACCESS_WRITE) memset(state, STATE_WRITTEN, bytes);
    }
    const u64 who = race_who(w->number * 32 + (u32)l, w->epoch, atomic || i->order);
    uint64_t other = 0;
    emu_race race = RACE_NONE;
    race_granule *g = &arena->words[offset / 4];
    if (bytes == 4 && !g->split)
        race = race_touch(arena, g, access, who, &other);
    else
        race = race_access(arena, offset, bytes, access, who, &other);
    if (race) complain_of_race(w, i, l, race, other, arena == w->block->global, address);
    return arena->bytes + offset;
}

static char *reach_own(ptx_warp *w, const ptx_instr *i, int l, char *start, u64 size, u64 offset)
{
    const u64 bytes = i->total;
    if (offset < size && bytes <= size - offset && offset % bytes == 0) return start + offset;
    complain(w, i, l, offset % bytes ? "misaligned" : "out of bounds", offset);
    return NULL;
}

static inline char *find(ptx_warp *w, const ptx_instr *i, int l, emu_access access, bool atomic)
{
    u64 address = address_of(w, i, l);
    ptx_space space = (ptx_space)i->space;
    ptx_block *b = w->block;
    if (space == SPACE_GENERIC) {
        const u64 window = address & WINDOW_MASK;
        space = window == WINDOW_SHARED  ? SPACE_SHARED
                : window == WINDOW_LOCAL ? SPACE_LOCAL
                : window == WINDOW_PARAM ? SPACE_PARAM
                                         : SPACE_GLOBAL;
        if (space != SPACE_GLOBAL) address &= ~(u64)WINDOW_MASK;
    }
    const ptx_kernel *k = b->launch->kernel;
    switch (space) {
    case SPACE_SHARED:
        return reach(w, i, l, &b->shared, address, address, access, atomic);
    case SPACE_LOCAL:
        return reach_own(w, i, l, w->local + (size_t)l * k->local_bytes, k->local_bytes, address);
    case SPACE_PARAM:
        if (access == ACCESS_WRITE) complain(w, i, l, "writes to a parameter", address);
        return reach_own(w, i, l, (char *)(uintptr_t)b->launch->params, k->param_bytes, address);
    default:
        return reach(w, i, l, b->global, memory_offset(b->global_base, address), address, access,
                     atomic);
    }
}

static inline void put(uint64_t *slot, int l, const ptx_instr *i, const char *from)
{
    u64 value = number_at(from, i->bytes);
    if (i->is_signed && i->bytes < 8) {
        const int unused = 64 - 8 * i->bytes;
        value = (u64)((s64)(value << unused) >> unused);
    }
    if (i->wide_value)
        slot[l] = value;
    else
        ((u32 *)slot)[l] = (u32)value;
}

static inline u64 get(const uint64_t *slot, int l, bool wide)
{
    return wide ? slot[l] : ((const u32 *)slot)[l];
}

static inline void put_at(void *at, int bytes, u64 value)
{
    switch (bytes) {
    case 1:
        *(u8 *)at = (u8)value;
        break;
    case 2:
        *(u16 *)at = (u16)value;
        break;
    case 4:
        *(u32 *)at = (u32)value;
        break;
    default:
        *(u64 *)at = value;
    }
}

/* Most loads are of one aligned number that was written, and race with nothing: those lanes are
 * done here. The others are returned. */
static inline uint32_t load_quickly(ptx_warp *w, const ptx_instr *i, emu_arena *arena, u64 base,
                                    int bytes)
{
    uint64_t *d = w->slots[i->slot[0]];
    uint32_t others = 0;
    const u64 first = race_who(w->number * 32, w->epoch, false), size = (u64)bytes;
    for (uint32_t left = w->mask; left; left &= left - 1) {
        const int l = __builtin_ctz(left);
        const u64 offset = address_of(w, i, l) - base, who = first + ((u64)l << RACE_THREAD);
        bool done = !(offset & (size - 1)) && offset < arena->size &&
                    arena->size - offset >= size && are_written(arena->state + offset, bytes);
        for (u64 k = 0; done && k < size / 4; k++)
            done = race_touch_quickly(arena, &arena->words[offset / 4 + k], ACCESS_READ, who);
        if (!done)
            others |= (uint32_t)1 << l;
        else if (bytes == 8)
            d[l] = number_at(arena->bytes + offset, 8);
        else
            ((u32 *)d)[l] = (u32)number_at(arena->bytes + offset, 4);
    }
    return others;
}

void ptx_load(ptx_warp *w, const ptx_instr *i)
{
    static const char zeros[16];
    uint32_t lanes = w->mask;
    if (i->quick) {
        const bool shared = i->space == SPACE_SHARED;
        emu_arena *arena = shared ? &w->block->shared : w->block->global;
        const u64 base = shared ? 0 : w->block->global_base;
        lanes =
            i->bytes == 4 ? load_quickly(w, i, arena, base, 4) : load_quickly(w, i, arena, base, 8);
    }
    for (uint32_t left = lanes; left; left &= left - 1) {
        const int l = __builtin_ctz(left);
        const char *from = find(w, i, l, ACCESS_READ, false);
        if (!from) from = zeros;
        /* a destination may hold the address of a later lane, not of this one */
        for (int k = 0; k < i->count; k++) put(w->slots[i->slot[k]], l, i, from + k * i->bytes);
    }
}

void ptx_store(ptx_warp *w, const ptx_instr *i)
{
    for (uint32_t left = w->mask; left; left &= left - 1) {
        const int l = __builtin_ctz(left);
        char *to = find(w, i, l, ACCESS_WRITE, false);
        for (int k = 0; to && k < i->count; k++)
            put_at(to + k * i->bytes, i->bytes, get(w->slots[i->slot[k]], l, i->wide_value));
    }
}

/* ---- atomic operations ---- */

#define ATOMICS(A)                                                                                 \
    A("exch", "b32 b64", x)                                                                        \
    A("cas", "b32 b64", old == x ? y : old)                                                        \
    A("and", "b32 b64", old &x)                                                                    \
    A("or", "b32 b64", old | x)                                                                    \
    A("xor", "b32 b64", old ^ x)                                                                   \
    A("add", "u32 s32 u64 s64", old + x)                                                           \
    A("min", "u32 u64", old < x ? old : x)                                                         \
    A("max", "u32 u64", old > x ? old : x)                                                         \
    A("min", "s32", (u64)((s32)old < (s32)x ? old : x))                                            \
    A("max", "s32", (u64)((s32)old > (s32)x ? old : x))                                            \
    A("min", "s64", (u64)((s64)old < (s64)x ? old : x))                                            \
    A("max", "s64", (u64)((s64)old > (s64)x ? old : x))                                            \
    A("inc", "u32", old >= x ? 0 : old + 1)                                                        \
    A("dec", "u32", old == 0 || old > x ? x : old - 1)                                             \
    A("add", "f32", sum_f32(old, x))                                                               \
    A("add", "f64", sum_f64(old, x))

static u64 sum_f32(u64 a, u64 b)
{
    const u32 x = (u32)a, y = (u32)b;
    float p, q;
    memcpy(&p, &x, 4);
    memcpy(&q, &y, 4);
    p += q;
    u32 sum;
    memcpy(&sum, &p, 4);
    return sum;
}

static u64 sum_f64(u64 a, u64 b)
{
    double p, q;
    memcpy(&p, &a, 8);
    memcpy(&q, &b, 8);
    p += q;
    memcpy(&a, &p, 8);
    return a;
}

static u64 changed(int operation, u64 old, u64 x, u64 y)
{
    int number = 0;
#define A(name, types, value)                                                                      \
    if (operation == number++) return value;
    ATOMICS(A)
#undef A
    return old;
}

int ptx_atomic_operation(const char *name, const char *type)
{
    int number = 0;
#define A(its_name, types, value)                                                                  \
    if (strcmp(name, its_name) == 0 && ptx_is_word(type, types)) return number;                    \
    number++;
    ATOMICS(A)
#undef A
    return -1;
}

/* Operands: the old value (slot 0, unless i->count says that nobody wants it), then x and y. */
void ptx_atomic(ptx_warp *w, const ptx_instr *i)
{
    for (uint32_t left = w->mask; left; left &= left - 1) {
        const int l = __builtin_ctz(left);
        char *at = find(w, i, l, ACCESS_WRITE, true);
        const u64 old = at ? number_at(at, i->bytes) : 0;
        const u64 x = get(w->slots[i->slot[1]], l, i->wide_value);
        const u64 y = get(w->slots[i->slot[2]], l, i->wide_value);
        const u64 value = changed(i->mode, old, x, y);
        if (at) put_at(at, i->bytes, value);
        if (i->wide_value)
            w->slots[i->slot[0]][l] = old;
        else
            ((u32 *)w->slots[i->slot[0]])[l] = (u32)old;
    }
}

/* ---- several registers as one ---- */

/* i->count registers of i->bytes bytes each into one, the first lowest; or the other way round. */
void ptx_pack(ptx_warp *w, const ptx_instr *i)
{
    const int bits = 8 * i->bytes;
    for (uint32_t left = w->mask; left; left &= left - 1) {
        const int l = __builtin_ctz(left);
        u64 value = 0;
        for (int k = 0; k < i->count; k++) {
            const u64 part = get(w->slots[i->slot[k + 1]], l, false);
            value |= (part & (((u64)1 << bits) - 1)) << (k * bits);
        }
        if (bits * i->count == 64)
            w->slots[i->slot[0]][l] = value;
        else
            ((u32 *)w->slots[i->slot[0]])[l] = (u32)value;
    }
}

void ptx_unpack(ptx_warp *w, const ptx_instr *i)
{
    const int bits = 8 * i->bytes;
    for (uint32_t left = w->mask; left; left &= left - 1) {
        const int l = __builtin_ctz(left);
        const u64 value = get(w->slots[i->slot[i->count]], l, bits * i->count == 64);
        for (int k = 0; k < i->count; k++)
            ((u32 *)w->slots[i->slot[k]])[l] = (u32)(value >> (k * bits) & (((u64)1 << bits) - 1));
    }
}
