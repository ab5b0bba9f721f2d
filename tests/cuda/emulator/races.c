/* races.c -- accesses of the same bytes that nothing orders: intervals, earlier readers, ranges. */
#include <stdlib.h>
#include <string.h>

#include "races.h"

race_time race_now;

static void advance(void)
{
    if (++race_now.interval == UINT32_MAX) emu_unknown("more than 2^32 blocks and barriers");
}

void race_next_interval(void) { advance(); }

void race_begin_block(void)
{
    advance();
    race_now.block = race_now.interval;
}

void race_begin_work(emu_arena *arena)
{
    race_begin_block();
    arena->launch = race_now.interval;
    arena->safe = work_safe_interval();
}

/* ---- sets of readers: intervals of works that nothing orders ---- */

enum { READERS = 8 };
typedef struct {
    uint32_t of[READERS], count;
} reader_set;
static reader_set *sets;
static uint32_t set_count, set_room;

uint32_t race_add_reader(uint32_t number, uint32_t reader)
{
    static uint32_t from, added, launch, result; /* the same question comes many times in a row */
    if (result && from == number && added == reader && launch == race_now.interval) return result;
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
    launch = race_now.interval;
    return result = set_count++;
}

emu_race race_clash_readers(uint32_t number, uint64_t *other)
{
    for (uint32_t i = 0; i < sets[number].count; i++)
        if (!work_is_ordered(sets[number].of[i])) {
            *other = sets[number].of[i];
            return RACE_STREAMS;
        }
    return RACE_NONE;
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
        if (bytes >= 4 && race_touch_quickly(arena, &arena->words[word], access, who)) continue;
        if (bytes >= 4 && !arena->words[word].split) {
            found = race_touch(arena, &arena->words[word], access, who, other);
            continue;
        }
        split(arena, word);
        const uint64_t from = bytes >= 4 ? 4 * word : offset;
        const uint64_t to = bytes >= 4 ? 4 * word + 4 : offset + bytes;
        for (uint64_t i = from; i < to && !found; i++)
            found = race_touch(arena, &arena->singles[i], access, who, other);
    }
    return found;
}
