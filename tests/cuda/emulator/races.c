/* races.c -- accesses of the same bytes that nothing orders: by lanes, warps, blocks or streams. */
#include <stdlib.h>
#include <string.h>

#include "inside.h"

/* Besides the last one, there were accesses in the same interval by other lanes of the warp, by
 * other warps of the block; in the same launch, by other blocks. */
#define LANES ((uint64_t)1 << 59)
#define WARPS ((uint64_t)1 << 60)
#define BLOCKS ((uint64_t)1 << 61)

static uint32_t interval, block_start;

static void advance(void)
{
    if (++interval == UINT32_MAX) emu_unknown("more than 2^32 blocks and barriers");
}

uint32_t race_interval(void) { return interval; }

void race_next_interval(void) { advance(); }

void race_begin_block(void)
{
    advance();
    block_start = interval;
}

void race_begin_work(emu_arena *arena)
{
    race_begin_block();
    arena->launch = interval;
    arena->safe = work_safe_interval();
}

static bool same_warp(uint64_t a, uint64_t b) { return ((a ^ b) >> (RACE_THREAD + 5) & 0x1f) == 0; }

static bool same_thread(uint64_t a, uint64_t b) { return ((a ^ b) >> RACE_THREAD & 0x3ff) == 0; }
static bool same_epoch(uint64_t a, uint64_t b) { return ((a ^ b) >> RACE_EPOCH & 0xffff) == 0; }

static emu_race clash(const emu_arena *arena, uint64_t old, uint64_t who)
{
    const uint32_t was = (uint32_t)old;
    if (old & who & RACE_ATOMIC) return RACE_NONE;
    if (was == interval) {
        if (old & WARPS || !same_warp(old, who)) return RACE_WARPS;
        if (same_epoch(old, who) && (old & LANES || !same_thread(old, who))) return RACE_LANES;
    }
    if (was >= arena->launch) return old & BLOCKS || was < block_start ? RACE_BLOCKS : RACE_NONE;
    return was >= arena->safe && !work_is_ordered(was) ? RACE_STREAMS : RACE_NONE;
}

/* What is known after one more access of the same kind. */
static uint64_t joined(const emu_arena *arena, uint64_t old, uint64_t who)
{
    const uint32_t was = (uint32_t)old;
    if (was < arena->launch) return who;
    if (was != interval) return old & BLOCKS || was < block_start ? who | BLOCKS : who;
    uint64_t more = old & (WARPS | BLOCKS);
    if (!same_warp(old, who))
        more |= WARPS;
    else if (same_epoch(old, who)) {
        more |= same_thread(old, who) ? old & LANES : LANES;
        if (same_thread(old, who) && !(old & RACE_ATOMIC)) who &= ~RACE_ATOMIC;
    }
    return who | more;
}

/* ---- sets of readers: intervals of works that nothing orders ---- */

enum { READERS = 8 };
typedef struct {
    uint32_t of[READERS], count;
} reader_set;
static reader_set *sets;
static uint32_t set_count, set_room;

static uint32_t with_reader(uint32_t number, uint32_t reader)
{
    static uint32_t from, added, launch, result; /* the same question comes many times in a row */
    if (result && from == number && added == reader && launch == interval) return result;
    reader_set set = {.count = 0};
    for (uint32_t i = 0; number && i < sets[number].count; i++)
        if (!work_is_ordered(sets[number].of[i]) && set.count < READERS - 1)
            set.of[set.count++] = sets[number].of[i];
    set.of[set.count++] = reader;
    if (set_count + 1 >= set_room) {
        set_room = set_room ? 2 * set_room : 256;
        sets = realloc(sets, set_room * sizeof *sets);
        if (!sets) emu_unknown("the host has no memory left");
        set_count = set_count ? set_count : 1; /* 0 is the empty set */
    }
    sets[set_count] = set;
    from = number;
    added = reader;
    launch = interval;
    return result = set_count++;
}

static emu_race clash_readers(uint32_t number, uint64_t *other)
{
    for (uint32_t i = 0; i < sets[number].count; i++)
        if (!work_is_ordered(sets[number].of[i])) {
            *other = sets[number].of[i];
            return RACE_STREAMS;
        }
    return RACE_NONE;
}

/* ---- one granule ---- */

static inline emu_race touch(const emu_arena *arena, race_granule *g, emu_access access,
                             uint64_t who, uint64_t *other)
{
    *other = g->write;
    emu_race found = clash(arena, g->write, who);
    if (access == ACCESS_READ) {
        const uint32_t was = (uint32_t)g->read;
        if (was >= arena->safe && was < arena->launch && !work_is_ordered(was))
            g->readers = with_reader(g->readers, was);
        g->read = joined(arena, g->read, who);
        return found;
    }
    if (!found) {
        *other = g->read;
        found = clash(arena, g->read, who);
    }
    if (g->readers) {
        if (!found) found = clash_readers(g->readers, other);
        g->readers = 0;
    }
    g->write = joined(arena, g->write, who);
    return found;
}

static void split(emu_arena *arena, uint64_t word)
{
    race_granule *g = &arena->words[word];
    if (g->split) return;
    for (int i = 0; i < 4; i++) arena->singles[4 * word + (unsigned)i] = *g;
    g->split = 1;
}

emu_race race_access(emu_arena *arena, uint64_t offset, uint64_t bytes, emu_access access,
                     uint64_t who, uint64_t *other)
{
    emu_race found = RACE_NONE;
    const uint64_t last = (offset + bytes - 1) / 4;
    for (uint64_t word = offset / 4; word <= last && !found; word++) {
        if (bytes >= 4 && !arena->words[word].split) {
            found = touch(arena, &arena->words[word], access, who, other);
            continue;
        }
        split(arena, word);
        const uint64_t from = bytes >= 4 ? 4 * word : offset;
        const uint64_t to = bytes >= 4 ? 4 * word + 4 : offset + bytes;
        for (uint64_t i = from; i < to && !found; i++)
            found = touch(arena, &arena->singles[i], access, who, other);
    }
    return found;
}
