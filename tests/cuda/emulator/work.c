/* work.c -- what streams have been given to do, run as late as possible, or in an order of chance.
 *
 * A timeline is a queue. Its head may run when all is done that the head's clock says. */
#include <stdlib.h>
#include <string.h>

#include "races.h"

enum { AS_LATE_AS_POSSIBLE = 0, AT_ONCE = 1 };

typedef struct item {
    struct item *next;
    uint32_t number;
    work_clock after;
    work_body body;
} item;

static struct {
    item *head, **tail;
    uint32_t issued, done;
    uint32_t *interval; /* at which its work began, from number 1 */
    uint32_t room;
    bool taken;
} lines[TIMELINES];
static int line_count;

/* All work that ran, in the order in which it did. */
static struct {
    uint32_t interval, number;
    int timeline;
    const char *what;
} * history;
static uint32_t history_count, history_room;

static work_clock host; /* what the host has waited for */
static const item *running;
static bool busy; /* a function of the host runs, without the lock */
static pthread_cond_t free_again = PTHREAD_COND_INITIALIZER;
static _Thread_local bool in_host_function;

uint32_t emu_random(uint64_t *state, uint32_t n)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)((*state >> 33) % n);
}

void work_join(work_clock *clock, const work_clock *other)
{
    for (int t = 0; t < line_count; t++)
        if (clock->of[t] < other->of[t]) clock->of[t] = other->of[t];
}

int work_new_timeline(void)
{
    int t = 0;
    while (t < line_count && lines[t].taken) t++;
    if (t == TIMELINES) emu_unknown("more than %d streams and branches of graphs", TIMELINES);
    if (t == line_count) {
        lines[t].tail = &lines[t].head;
        line_count++;
    }
    lines[t].taken = true;
    return t;
}

void work_free_timeline(int timeline) { lines[timeline].taken = false; }
uint32_t work_issued(int timeline) { return lines[timeline].issued; }

/* ---- bodies ---- */

static void *copy(const void *from, size_t bytes)
{
    void *to = malloc(bytes ? bytes : 1);
    if (!to) emu_unknown("the host has no memory left");
    if (bytes) memcpy(to, from, bytes);
    return to;
}

work_body work_copy(const work_body *body)
{
    work_body b = *body;
    b.arguments = copy(body->arguments, body->size);
    b.ranges = copy(body->ranges, (size_t)body->count * sizeof *body->ranges);
    return b;
}

void work_discard(work_body *body)
{
    free(body->arguments);
    free(body->ranges);
}

/* ---- running ---- */

static void *grown(void *items, uint32_t room, size_t size)
{
    void *more = realloc(items, room * size);
    if (!more) emu_unknown("the host has no memory left");
    return more;
}

static void remember(int t, const item *i)
{
    if (history_count == history_room) {
        history_room = history_room ? 2 * history_room : 1024;
        history = grown(history, history_room, sizeof *history);
    }
    if (i->number >= lines[t].room) {
        lines[t].room = lines[t].room ? 2 * lines[t].room : 256;
        lines[t].interval = grown(lines[t].interval, lines[t].room, sizeof(uint32_t));
    }
    history[history_count].interval = lines[t].interval[i->number] = race_now.interval + 1;
    history[history_count].number = i->number;
    history[history_count].timeline = t;
    history[history_count++].what = i->body.what;
}

static bool is_ready(const item *i, int own)
{
    for (int t = 0; t < line_count; t++)
        if (t != own && lines[t].done < i->after.of[t]) return false;
    return true;
}

static void run_head(int t)
{
    item *i = lines[t].head;
    remember(t, i);
    running = i;
    race_begin_work(memory_arena());
    if (memory_check_ranges(i->body.what, i->body.ranges, i->body.count)) {
        if (i->body.unlocked) {
            busy = in_host_function = true;
            emu_unlock();
        }
        i->body.run(i->body.arguments);
        if (i->body.unlocked) {
            emu_lock();
            busy = in_host_function = false;
            pthread_cond_broadcast(&free_again);
        }
    }
    running = NULL;
    lines[t].head = i->next;
    if (!i->next) lines[t].tail = &lines[t].head;
    lines[t].done = i->number;
    work_discard(&i->body);
    free(i);
}

/* Runs the head of one timeline: one that the goal needs, or, in an order of chance, any. */
static bool step(const work_clock *goal, bool any)
{
    static uint64_t state;
    int candidates[TIMELINES], n = 0;
    for (int t = 0; t < line_count; t++) {
        const item *i = lines[t].head;
        if (i && (any || i->number <= goal->of[t]) && is_ready(i, t)) candidates[n++] = t;
    }
    if (!n) return false;
    state += (uint64_t)emu_setting("EMULATED_STREAMS", AS_LATE_AS_POSSIBLE);
    run_head(candidates[any ? emu_random(&state, (uint32_t)n) : 0]);
    return true;
}

static bool reached(const work_clock *goal)
{
    for (int t = 0; t < line_count; t++)
        if (lines[t].done < goal->of[t]) return false;
    return true;
}

static void wait_until_free(void)
{
    while (busy) pthread_cond_wait(&free_again, emu_mutex());
}

void work_finish(const work_clock *clock)
{
    const work_clock goal = *clock;
    const bool any = emu_setting("EMULATED_STREAMS", AS_LATE_AS_POSSIBLE) > AT_ONCE;
    for (wait_until_free(); !reached(&goal); wait_until_free())
        if (!step(&goal, any)) emu_unknown("work that waits for work that nobody issued");
}

void work_wait(const work_clock *clock)
{
    const work_clock goal = *clock; /* it may change while a function of the host runs */
    work_finish(&goal);
    work_join(&host, &goal);
}

static work_clock all_issued(void)
{
    work_clock all = {{0}};
    for (int t = 0; t < line_count; t++) all.of[t] = lines[t].issued;
    return all;
}

void work_wait_all(void)
{
    const work_clock all = all_issued();
    work_wait(&all);
}

void work_check_host(const char *what, const emu_range *range)
{
    const work_clock all = all_issued();
    work_finish(&all);
    const item now = {.after = host, .body = {.what = what}};
    running = &now;
    race_begin_work(memory_arena());
    memory_check_ranges(what, range, 1);
    running = NULL;
}

bool work_poll(const work_clock *clock)
{
    wait_until_free();
    if (reached(clock)) {
        work_join(&host, clock);
        return true;
    }
    step(clock, false);
    return false;
}

void work_queue(int t, work_clock *clock, const work_body *body)
{
    item *i = calloc(1, sizeof *i);
    if (!i) emu_unknown("the host has no memory left");
    i->body = work_copy(body);
    work_join(clock, &host);
    clock->of[t] = i->number = ++lines[t].issued;
    i->after = *clock;
    *lines[t].tail = i;
    lines[t].tail = &i->next;

    static uint64_t state;
    const long order = emu_setting("EMULATED_STREAMS", AS_LATE_AS_POSSIBLE);
    if (order == AT_ONCE)
        work_finish(clock);
    else if (order > AT_ONCE && !busy) {
        state += (uint64_t)order;
        while (emu_random(&state, 3) == 0 && step(clock, true)) continue;
    }
}

/* ---- order ---- */

/* The work that an interval belongs to. The question is often the same many times in a row. */
static uint32_t find(uint32_t interval)
{
    static uint32_t last;
    if (last < history_count && history[last].interval <= interval &&
        (last + 1 == history_count || history[last + 1].interval > interval))
        return last;
    uint32_t low = 0, high = history_count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (history[middle].interval <= interval)
            low = middle + 1;
        else
            high = middle;
    }
    return last = low - 1;
}

bool work_is_ordered(uint32_t interval)
{
    const uint32_t h = find(interval);
    return history[h].number <= running->after.of[history[h].timeline];
}

const char *work_name_of(uint32_t interval) { return history[find(interval)].what; }

/* The first work that ran and is not known to come before. */
uint32_t work_safe_interval(void)
{
    uint32_t safe = race_now.interval;
    for (int t = 0; t < line_count; t++) {
        const uint32_t number = running->after.of[t] + 1;
        if (number > lines[t].done) continue;
        if (lines[t].interval[number] < safe) safe = lines[t].interval[number];
    }
    return safe;
}

bool work_in_host_function(void) { return in_host_function; }
