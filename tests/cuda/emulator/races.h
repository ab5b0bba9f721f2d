/* races.h -- one access of one granule: in line, for every load and store of a kernel does it. */
#ifndef EMULATOR_RACES_H
#define EMULATOR_RACES_H

#include "inside.h"

/* Besides the last one, there were accesses in the same interval by other lanes of the warp, by
 * other warps of the block; in the same launch, by other blocks. */
#define RACE_LANES_TOO ((uint64_t)1 << 59)
#define RACE_WARPS_TOO ((uint64_t)1 << 60)
#define RACE_BLOCKS_TOO ((uint64_t)1 << 61)

/* The present interval, and the one at which the present block began. */
typedef struct {
    uint32_t interval, block;
} race_time;
extern race_time race_now;

/* The set with one more reader, without those that are ordered before the present work. */
uint32_t race_add_reader(uint32_t set, uint32_t interval);
emu_race race_clash_readers(uint32_t set, uint64_t *other);

static inline uint64_t race_who(uint32_t thread, uint32_t epoch, bool atomic)
{
    return race_now.interval | (uint64_t)thread << RACE_THREAD |
           (uint64_t)(epoch & 0xffff) << RACE_EPOCH | (atomic ? RACE_ATOMIC : 0);
}

static inline bool race_same_warp(uint64_t a, uint64_t b)
{
    return ((a ^ b) >> (RACE_THREAD + 5) & 0x1f) == 0;
}

static inline bool race_same_thread(uint64_t a, uint64_t b)
{
    return ((a ^ b) >> RACE_THREAD & 0x3ff) == 0;
}
static inline bool race_same_epoch(uint64_t a, uint64_t b)
{
    return ((a ^ b) >> RACE_EPOCH & 0xffff) == 0;
}

static inline emu_race race_clash(const emu_arena *arena, uint64_t old, uint64_t who)
{
    const uint32_t was = (uint32_t)old;
    if (was < arena->safe || old & who & RACE_ATOMIC) return RACE_NONE;
    if (was == race_now.interval) {
        if (old & RACE_WARPS_TOO || !race_same_warp(old, who)) return RACE_WARPS;
        if (race_same_epoch(old, who) && (old & RACE_LANES_TOO || !race_same_thread(old, who)))
            return RACE_LANES;
    }
    if (was >= arena->launch)
        return old & RACE_BLOCKS_TOO || was < race_now.block ? RACE_BLOCKS : RACE_NONE;
    return work_is_ordered(was) ? RACE_NONE : RACE_STREAMS;
}

/* What is known after one more access of the same kind. */
static inline uint64_t race_joined(const emu_arena *arena, uint64_t old, uint64_t who)
{
    const uint32_t was = (uint32_t)old;
    if (was < arena->launch) return who;
    if (was != race_now.interval)
        return old & RACE_BLOCKS_TOO || was < race_now.block ? who | RACE_BLOCKS_TOO : who;
    uint64_t more = old & (RACE_WARPS_TOO | RACE_BLOCKS_TOO);
    if (!race_same_warp(old, who))
        more |= RACE_WARPS_TOO;
    else if (race_same_epoch(old, who)) {
        more |= race_same_thread(old, who) ? old & RACE_LANES_TOO : RACE_LANES_TOO;
        if (race_same_thread(old, who) && !(old & RACE_ATOMIC)) who &= ~RACE_ATOMIC;
    }
    return who | more;
}

static inline emu_race race_touch(const emu_arena *arena, race_granule *g, emu_access access,
                                  uint64_t who, uint64_t *other)
{
    *other = g->write;
    emu_race found = race_clash(arena, g->write, who);
    if (access == ACCESS_READ) {
        const uint32_t was = (uint32_t)g->read;
        if (was >= arena->safe && was < arena->launch && !work_is_ordered(was))
            g->readers = race_add_reader(g->readers, was);
        g->read = race_joined(arena, g->read, who);
        return found;
    }
    if (!found) {
        *other = g->read;
        found = race_clash(arena, g->read, who);
    }
    if (g->readers && !found) found = race_clash_readers(g->readers, other);
    if (access == ACCESS_LAST) return found;
    g->readers = 0;
    g->write = race_joined(arena, g->write, who);
    return found;
}

/* The same for a plain access in the cases that come most often; else false, and nothing is done.
 */
static inline bool race_touch_quickly(const emu_arena *arena, race_granule *g, emu_access access,
                                      uint64_t who)
{
    const uint32_t wrote = (uint32_t)g->write, was = (uint32_t)g->read;
    if (g->split || wrote == race_now.interval) return false;
    if (wrote >= arena->safe && (wrote < race_now.block || g->write & RACE_BLOCKS_TOO))
        return false;
    if (access != ACCESS_READ) {
        if (was >= arena->safe || wrote >= arena->safe || g->readers) return false;
        if (access == ACCESS_WRITE) g->write = who;
        return true;
    }
    if (was < arena->safe)
        g->read = who;
    else if (was == race_now.interval)
        g->read = race_joined(arena, g->read, who);
    else if (was >= race_now.block)
        g->read = who | (g->read & RACE_BLOCKS_TOO);
    else
        return false;
    return true;
}

#endif
