/* inside.h -- what the files of the stand-in runtime know of each other: memory, races, work.
 *
 * One lock guards it all: calls of the API take it (api.h), all else runs with it held. */
#ifndef EMULATOR_INSIDE_H
#define EMULATOR_INSIDE_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "emulator.h"

/* ---- report.c ---- */

long emu_setting(const char *name, long otherwise);
pthread_mutex_t *emu_mutex(void);

/* ---- races.c ---- */

typedef enum { ACCESS_READ, ACCESS_WRITE, ACCESS_LAST } emu_access; /* last: memory is freed */
typedef enum { RACE_NONE, RACE_LANES, RACE_WARPS, RACE_BLOCKS, RACE_STREAMS } emu_race;

/* Who last wrote and who last read four bytes (or one, where smaller accesses were seen):
 * bits 0-31 the interval, 32-41 the thread of the block, 42-57 the epoch of its warp, then flags.
 * An interval is the time between two barriers of a block; all of a program's are numbered. */
typedef struct {
    uint64_t write, read;
    uint32_t readers; /* a set of earlier readers on streams that nothing orders */
    uint32_t split;   /* look at the bytes one by one */
} race_granule;

#define RACE_THREAD 32
#define RACE_EPOCH 42
#define RACE_ATOMIC ((uint64_t)1 << 58)

/* Memory with its shadow: all of the device's, or a block's shared memory. */
typedef struct {
    char *bytes;
    uint8_t *state; /* of each byte: */
    race_granule *words, *singles;
    uint64_t size;
    uint32_t launch, safe; /* intervals before `launch` belong to earlier work; before `safe`, to
                              work that is ordered before the present one */
} emu_arena;

enum { STATE_NONE, STATE_UNWRITTEN, STATE_WRITTEN };

/* A piece of work begins, a block of it, or the block's next interval. */
void race_begin_work(emu_arena *arena);
void race_begin_block(void);
void race_next_interval(void);

/* Notes an access of an aligned 1, 2, 4, 8 or 16 bytes, or of any range of a multiple of 4 bytes.
 * `other` is set to the record that it races with. */
emu_race race_access(emu_arena *arena, uint64_t offset, uint64_t bytes, emu_access access,
                     uint64_t who, uint64_t *other);

/* ---- memory.c ---- */

#define MEMORY_SPACE ((uint64_t)1 << 38)

typedef enum { MEMORY_DEVICE, MEMORY_PINNED, MEMORY_MODULE } memory_kind;

typedef struct {
    uint64_t offset, bytes;
    memory_kind kind;
    bool alive, kept; /* kept: its end is not the program's affair */
    const char *origin, *freed;
    const void *pool;
} memory_block;

/* Device addresses are base + offset, pinned ones base + MEMORY_SPACE + offset, where bytes are. */
emu_arena *memory_arena(void);
uint64_t memory_base(void);
static inline uint64_t memory_offset(uint64_t base, uint64_t address)
{
    uint64_t offset = address - base;
    return offset < MEMORY_SPACE ? offset : offset - MEMORY_SPACE;
}

/* NULL when EMULATED_MEMORY is used up. */
void *memory_take(size_t bytes, memory_kind kind, const char *origin);
void memory_drop(memory_block *block, const char *freed);
/* The live block that holds the range, or NULL. */
memory_block *memory_find(const void *at, size_t bytes);
/* A description of an address: where in which block. Good until the next call. */
const char *memory_place(uint64_t address);
size_t memory_free_bytes(void);
size_t memory_total_bytes(void);
bool memory_pool_in_use(const void *pool);
void memory_report_leaks(void);

/* Beyond what emu_range says - reads = 2: memory that nobody wrote may be read; writes = 2: it is
 * as unwritten as before; writes = 3: it is freed. Checks and marks the ranges of a piece of work
 * that runs; false: one lies outside. */
bool memory_check_ranges(const char *what, const emu_range *ranges, int count);

/* ---- work.c ---- */

/* Work is ordered by vector clocks: the work with number n of timeline t comes after all of which
 * its clock says so. A stream is a timeline; so is each branch of a graph. */
enum { TIMELINES = 128 };
typedef struct {
    uint32_t of[TIMELINES];
} work_clock;

void work_join(work_clock *clock, const work_clock *other);
int work_new_timeline(void);
void work_free_timeline(int timeline);
uint32_t work_issued(int timeline);

typedef struct {
    const char *what;
    void (*run)(void *arguments);
    void *arguments;
    size_t size;
    emu_range *ranges;
    int count;
    bool unlocked; /* runs without the lock: a function of the host */
} work_body;

work_body work_copy(const work_body *body);
void work_discard(work_body *body);

/* Queues a copy of the body, after all that `clock` says and what the host has waited for; `clock`
 * then includes it. */
void work_queue(int timeline, work_clock *clock, const work_body *body);
/* Runs until all that the clock says is done; the host then knows that it is. */
void work_wait(const work_clock *clock);
/* The same, but the host learns nothing. */
void work_finish(const work_clock *clock);
void work_wait_all(void);
/* Reports work that touches the range and that the host has not waited for. */
void work_check_host(const char *what, const emu_range *range);
/* Is it done? If not, something more is done towards it. */
bool work_poll(const work_clock *clock);
/* The work that interval belongs to is ordered before the work that runs. */
bool work_is_ordered(uint32_t interval);
uint32_t work_safe_interval(void);
const char *work_name_of(uint32_t interval);
bool work_in_host_function(void);
/* A number of the seed's, below n. */
uint32_t emu_random(uint64_t *state, uint32_t n);

/* ---- streams.c, graphs.c ---- */

typedef struct capture capture;

typedef struct CUstream_st {
    int timeline, number;
    unsigned flags;
    work_clock tail;
    capture *capture; /* while it takes part in one, as: */
    int chain;
    work_clock outside; /* the tail that it has when the capture is over */
    struct CUstream_st *next;
} emu_stream;

typedef struct CUevent_st {
    unsigned flags;
    bool recorded;
    work_clock at;
    capture *capture; /* recorded in it; at is in terms of its chains */
    struct event_mark *mark;
    struct CUevent_st *next;
} emu_event;

emu_stream *stream_of(cudaStream_t handle); /* NULL: not a stream */
/* Invalidates the captures that do not allow a call that might synchronise; true if there is one.
 */
bool stream_refuse_captures(void);
void stream_join_legacy(emu_stream *stream);
cudaError_t stream_issue(emu_stream *stream, const work_body *body);
bool capture_allows(const capture *c); /* calls that might synchronise */
void capture_invalidate(capture *c);
cudaError_t capture_add(emu_stream *stream, const work_body *body);
cudaError_t capture_record(emu_stream *stream, emu_event *event);
cudaError_t capture_join(emu_stream *stream, emu_event *event);
void event_forget_capture(const capture *c);
int graph_count(void);
void handle_report_leaks(void);

#endif
