/* memory.c -- device and pinned memory: addresses that are never used twice, and their shadow. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "races.h"

enum { ALIGNMENT = 256, GAP = 1 << 20, MEMORY_MIB = 4096 };

static emu_arena arena;
static char *base;
static uint64_t used = GAP; /* of MEMORY_SPACE, ever */
static uint64_t live;       /* bytes of device memory */
static memory_block *blocks;
static size_t count, room;

static void *reserve(uint64_t bytes, int protection)
{
    void *at = mmap(NULL, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == MAP_FAILED)
        emu_unknown("cannot reserve %llu GiB of addresses (a limit on virtual "
                    "memory?)",
                    (unsigned long long)(bytes >> 30));
    return at;
}

static void start(void)
{
    if (base) return;
    base = reserve(2 * MEMORY_SPACE, PROT_NONE);
    arena.bytes = base + MEMORY_SPACE;
    if (mprotect(arena.bytes, MEMORY_SPACE, PROT_READ | PROT_WRITE) != 0)
        emu_unknown("cannot reserve memory");
    arena.state = reserve(MEMORY_SPACE, PROT_READ | PROT_WRITE);
    arena.words = reserve(MEMORY_SPACE / 4 * sizeof(race_granule), PROT_READ | PROT_WRITE);
    arena.singles = reserve(MEMORY_SPACE * sizeof(race_granule), PROT_READ | PROT_WRITE);
    arena.size = MEMORY_SPACE;
}

emu_arena *memory_arena(void)
{
    start();
    return &arena;
}

uint64_t memory_base(void)
{
    start();
    return (uint64_t)(uintptr_t)base;
}

size_t memory_total_bytes(void) { return (size_t)emu_setting("EMULATED_MEMORY", MEMORY_MIB) << 20; }
size_t memory_free_bytes(void) { return memory_total_bytes() - live; }

static char *address_of(const memory_block *b)
{
    return base + b->offset + (b->kind == MEMORY_PINNED ? MEMORY_SPACE : 0);
}

void *memory_take(size_t bytes, memory_kind kind, const char *origin)
{
    start();
    if (kind != MEMORY_PINNED && bytes > memory_free_bytes()) return NULL;
    /* the gap is as wide as the block, so that an index that is a little too large falls into it */
    uint64_t gap = bytes < GAP ? bytes : GAP;
    uint64_t end = (used + bytes + gap + 2 * ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (end > MEMORY_SPACE) emu_unknown("%s: more than 256 GiB allocated in all", origin);
    if (count == room) {
        room = room ? 2 * room : 64;
        blocks = realloc(blocks, room * sizeof *blocks);
        if (!blocks) emu_unknown("the host has no memory left");
    }
    memory_block *b = &blocks[count++];
    *b = (memory_block){.offset = used, .bytes = bytes, .kind = kind, .alive = true};
    b->origin = origin;
    used = end;
    if (kind != MEMORY_PINNED) live += bytes;
    memset(arena.state + b->offset, kind == MEMORY_DEVICE ? STATE_UNWRITTEN : STATE_WRITTEN, bytes);
    return address_of(b);
}

/* Gives whole pages back, and clears what is left at both ends. */
static void clear(void *at, uint64_t bytes)
{
    const uintptr_t page = 4096, first = (uintptr_t)at, last = first + bytes;
    uintptr_t from = (first + page - 1) / page * page, to = last / page * page;
    if (from >= to) {
        memset(at, 0, bytes);
        return;
    }
    memset(at, 0, from - first);
    madvise((void *)from, to - from, MADV_DONTNEED);
    memset((void *)to, 0, last - to);
}

void memory_drop(memory_block *b, const char *freed)
{
    clear(arena.state + b->offset, b->bytes);
    clear(arena.bytes + b->offset, b->bytes);
    clear(arena.words + b->offset / 4, (b->bytes + 3) / 4 * sizeof(race_granule));
    b->alive = false;
    b->freed = freed;
    if (b->kind != MEMORY_PINNED) live -= b->bytes;
}

bool memory_pool_in_use(const void *pool)
{
    for (size_t i = 0; i < count; i++)
        if (blocks[i].alive && blocks[i].pool == pool) return true;
    return false;
}

/* The last block that begins at or before the offset; blocks are in the order of their offsets. */
static memory_block *before(uint64_t offset)
{
    size_t low = 0, high = count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (blocks[middle].offset <= offset)
            low = middle + 1;
        else
            high = middle;
    }
    return low ? &blocks[low - 1] : NULL;
}

memory_block *memory_find(const void *at, size_t bytes)
{
    start();
    uint64_t from_base = (uint64_t)(uintptr_t)at - (uint64_t)(uintptr_t)base;
    if (from_base >= 2 * MEMORY_SPACE) return NULL;
    bool pinned = from_base >= MEMORY_SPACE;
    uint64_t offset = pinned ? from_base - MEMORY_SPACE : from_base;
    memory_block *b = before(offset);
    if (!b || !b->alive || (b->kind == MEMORY_PINNED) != pinned) return NULL;
    if (offset - b->offset > b->bytes || bytes > b->bytes - (offset - b->offset)) return NULL;
    return b;
}

const char *memory_place(uint64_t address)
{
    static char text[300];
    uint64_t from_base = address - (uint64_t)(uintptr_t)base;
    memory_block *b = from_base < 2 * MEMORY_SPACE ? before(from_base % MEMORY_SPACE) : NULL;
    if (!b) {
        snprintf(text, sizeof text, "0x%llx, which is no device address%s",
                 (unsigned long long)address, address >> 16 ? " (a host pointer?)" : "");
        return text;
    }
    uint64_t at = from_base % MEMORY_SPACE - b->offset;
    const char *where = at < b->bytes ? "" : ", past the end";
    snprintf(text, sizeof text, "byte %llu of the %llu bytes of %s%s%s%s", (unsigned long long)at,
             (unsigned long long)b->bytes, b->origin, where, b->alive ? "" : ", freed by ",
             b->alive ? "" : b->freed);
    return text;
}

void memory_report_leaks(void)
{
    for (size_t i = 0; i < count; i++)
        if (blocks[i].alive && !blocks[i].kept && blocks[i].kind != MEMORY_MODULE)
            emu_report("leak: %llu bytes of %s", (unsigned long long)blocks[i].bytes,
                       blocks[i].origin);
}

/* Any bytes: the race shadow takes words, and single bytes at the ends. */
static emu_race note(uint64_t offset, uint64_t bytes, emu_access access, uint64_t *other)
{
    emu_race found = RACE_NONE;
    uint64_t who = race_now.interval;
    for (; bytes && offset % 4 && !found; offset++, bytes--)
        found = race_access(&arena, offset, 1, access, who, other);
    if (!found && bytes >= 4)
        found = race_access(&arena, offset, bytes / 4 * 4, access, who, other);
    offset += bytes / 4 * 4;
    for (bytes %= 4; bytes && !found; offset++, bytes--)
        found = race_access(&arena, offset, 1, access, who, other);
    return found;
}

static uint64_t first_unwritten(uint64_t offset, uint64_t bytes)
{
    static uint8_t written[256];
    if (!written[0]) memset(written, STATE_WRITTEN, sizeof written);
    const uint8_t *state = arena.state + offset;
    uint64_t at = 0;
    while (bytes - at >= sizeof written && memcmp(state + at, written, sizeof written) == 0)
        at += sizeof written;
    while (at < bytes && state[at] == STATE_WRITTEN) at++;
    return at;
}

static bool check_range(const char *what, const emu_range *r, const char *at)
{
    if (!r->bytes) return true;
    memory_block *b = memory_find(at, r->bytes);
    uint64_t address = (uint64_t)(uintptr_t)at;
    if (!b) {
        emu_report("%s: %zu bytes out of bounds at %s", what, r->bytes, memory_place(address));
        return false;
    }
    uint64_t offset = memory_offset((uint64_t)(uintptr_t)base, address), other = 0;
    const uint64_t unwritten = r->reads == 1 ? first_unwritten(offset, r->bytes) : r->bytes;
    if (unwritten < r->bytes)
        emu_report("%s: reads memory that nobody wrote: %s", what,
                   memory_place(address + unwritten));
    emu_race found = RACE_NONE;
    if (r->reads) found = note(offset, r->bytes, ACCESS_READ, &other);
    const emu_access access = r->writes == 3 ? ACCESS_LAST : ACCESS_WRITE;
    if (r->writes && !found) found = note(offset, r->bytes, access, &other);
    if (found) {
        emu_report("%s: race between streams, with %s: nothing orders the two: %s", what,
                   work_name_of((uint32_t)other), memory_place(address));
    }
    if (r->writes == 1) memset(arena.state + offset, STATE_WRITTEN, r->bytes);
    return true;
}

bool memory_check_ranges(const char *what, const emu_range *ranges, int n)
{
    bool inside = true;
    for (int i = 0; i < n && inside; i++) {
        size_t times = ranges[i].times > 1 ? ranges[i].times : 1;
        for (size_t k = 0; k < times && inside; k++)
            inside = check_range(what, &ranges[i], (const char *)ranges[i].at + k * ranges[i].step);
    }
    return inside;
}

void *emu_at(const void *device)
{
    uint64_t from_base = (uint64_t)(uintptr_t)device - (uint64_t)(uintptr_t)base;
    return from_base < MEMORY_SPACE ? base + MEMORY_SPACE + from_base : (void *)(uintptr_t)device;
}

int emu_is_device(const void *at, size_t bytes)
{
    emu_lock();
    memory_block *b = memory_find(at, bytes);
    bool device = b && b->kind != MEMORY_PINNED;
    emu_unlock();
    return device;
}

void *emu_reserve(size_t bytes)
{
    emu_lock();
    void *at = memory_take(bytes, MEMORY_DEVICE, "a library's own memory");
    if (at) memory_find(at, bytes)->kept = true;
    emu_unlock();
    return at;
}

void emu_release(void *at)
{
    emu_lock();
    memory_block *b = memory_find(at, 0);
    if (b) memory_drop(b, "the library");
    emu_unlock();
}
