/* ptx_run.c -- runs a launch: blocks one after the other, the warps of a block by turns.
 *
 * The lanes of a warp that are at the same place execute together; of those at several places, the
 * ones farthest behind go first, so that they meet again as early as they can. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ptx.h"
#include "races.h"

enum { IN_ORDER = 0, REVERSED = 1, LONG_TURN = 1 << 20, TURN = 200 };
typedef enum { ENDED, AT_BARRIER, TURN_OVER } outcome;

bool ptx_first_report(ptx_warp *w, const ptx_instr *i)
{
    const size_t number = (size_t)(i - w->block->launch->kernel->code);
    uint64_t *word = &w->block->reported[number / 64], bit = (uint64_t)1 << number % 64;
    const bool first = !(*word & bit);
    *word |= bit;
    return first;
}

const char *ptx_place(const ptx_warp *w, int lane, const ptx_instr *i)
{
    static char text[400];
    const ptx_block *b = w->block;
    const uint32_t thread = w->number * 32 + (uint32_t)lane, *size = b->launch->block;
    snprintf(text, sizeof text, "%s: block (%u,%u,%u) thread (%u,%u,%u), `%.120s`",
             b->launch->kernel->name, b->index[0], b->index[1], b->index[2], thread % size[0],
             thread / size[0] % size[1], thread / size[0] / size[1], i->text);
    return text;
}

/* ---- a warp ---- */

/* Joins groups that wait or run at the same place; the one that is to run next, or NULL. */
static ptx_group *next_group(ptx_warp *w)
{
    ptx_group *next = NULL;
    for (int g = 0; g < w->group_count; g++) {
        for (int other = w->group_count - 1; other > g; other--)
            if (w->groups[g].at == w->groups[other].at) {
                w->groups[g].lanes |= w->groups[other].lanes;
                if (w->groups[g].state == WAITS_FOR_LANES) w->groups[g].state = RUNS;
                w->groups[other] = w->groups[--w->group_count];
            }
        if (w->groups[g].state == RUNS && (!next || w->groups[g].at < next->at))
            next = &w->groups[g];
    }
    return next;
}

/* Lanes that an instruction for several lanes names must all be there, unless they have ended. */
static bool are_together(ptx_warp *w, ptx_group *group, const ptx_instr *i, uint32_t lanes,
                         bool forced)
{
    const uint32_t *named = (const uint32_t *)w->slots[i->slot[OPERANDS - 2]];
    for (uint32_t left = lanes; left; left &= left - 1) {
        const int l = __builtin_ctz(left);
        if (!(named[l] >> l & 1) && ptx_first_report(w, i))
            emu_report("%s: the lane is not in its own mask %08x", ptx_place(w, l, i), named[l]);
        const uint32_t missing = named[l] & w->live & ~lanes;
        if (!missing) continue;
        if (!forced) {
            group->state = WAITS_FOR_LANES;
            return false;
        }
        if (ptx_first_report(w, i))
            emu_report("%s: lanes %08x of the mask are missing", ptx_place(w, l, i), missing);
    }
    return true;
}

/* Nobody can go on: lanes that wait for others do without them. All at a barrier: NULL. */
static ptx_group *force(ptx_warp *w)
{
    for (int g = 0; g < w->group_count; g++)
        if (w->groups[g].state == WAITS_FOR_LANES) {
            w->groups[g].state = RUNS;
            return &w->groups[g];
        }
    return NULL;
}

static void check_barrier(ptx_warp *w)
{
    const ptx_instr *i = &w->block->launch->kernel->code[w->groups[0].at];
    const uint32_t here = w->groups[0].lanes;
    const int l = __builtin_ctz(here);
    if (w->group_count > 1 && ptx_first_report(w, i))
        emu_report("%s: barrier divergence: lanes %08x of the warp are here, others at another one",
                   ptx_place(w, l, i), here);
    else if (w->live != w->all && ptx_first_report(w, i))
        emu_report("%s: barrier divergence: lanes %08x of the warp have ended before it",
                   ptx_place(w, l, i), w->all & ~w->live);
}

static void branch(ptx_warp *w, ptx_group *group, uint32_t target, uint32_t taken)
{
    if (taken == group->lanes) {
        group->at = target;
        return;
    }
    group->at++;
    if (!taken) return;
    group->lanes &= ~taken;
    w->groups[w->group_count++] = (ptx_group){target, taken, RUNS};
}

static outcome run_warp(ptx_warp *w, long turn)
{
    const ptx_instr *code = w->block->launch->kernel->code;
    while (w->live) {
        ptx_group *group = next_group(w);
        const bool forced = !group;
        if (forced && !(group = force(w))) {
            check_barrier(w);
            return AT_BARRIER;
        }
        if (turn <= 0) return TURN_OVER;

        /* to the next place where lanes part or meet */
        uint32_t at = group->at;
        const uint32_t lanes = group->lanes, first = at;
        const ptx_instr *i;
        for (;; at++) {
            i = &code[at];
            if (i->kind != DO_PLAIN || (i->leader && at != first)) break;
            w->mask = lanes & (i->guard_not ? ~w->predicates[i->guard] : w->predicates[i->guard]);
            if (w->mask) i->run(w, i);
        }
        turn -= at - first + 1;
        group->at = at;
        if (i->leader && at != first) continue;

        const uint32_t active =
            lanes & (i->guard_not ? ~w->predicates[i->guard] : w->predicates[i->guard]);
        switch (i->kind) {
        case DO_BRANCH:
            branch(w, group, i->target, active);
            break;
        case DO_EXIT:
            w->live &= ~active;
            group->lanes &= ~active;
            group->at++;
            if (!group->lanes) *group = w->groups[--w->group_count];
            break;
        case DO_TOGETHER:
            if (active && active != lanes) {
                branch(w, group, at, active); /* the others go on */
                break;
            }
            if (active && !are_together(w, group, i, active, forced && at == first)) break;
            w->mask = active;
            if (active) i->run(w, i);
            group->at++;
            break;
        default:
            if (active == lanes)
                group->state = WAITS_AT_BARRIER;
            else
                branch(w, group, at, active); /* the others go on */
            if (active && active != lanes) w->groups[w->group_count - 1].state = WAITS_AT_BARRIER;
        }
    }
    return ENDED;
}

/* ---- a block ---- */

static void pass_barrier(ptx_block *b, ptx_warp *warps, uint32_t count)
{
    const ptx_warp *one = NULL;
    for (uint32_t k = 0; k < count; k++) {
        ptx_warp *w = &warps[k];
        if (!w->live) continue;
        const ptx_instr *i = &b->launch->kernel->code[w->groups[0].at];
        if (one && one->groups[0].at != w->groups[0].at && ptx_first_report(w, i))
            emu_report("%s: barrier divergence: warp %u is here, warp %u at another one",
                       ptx_place(w, 0, i), w->number, one->number);
        one = one ? one : w;
    }
    const ptx_instr *i = &b->launch->kernel->code[one->groups[0].at];
    if (i->mode) ptx_reduce_barrier(warps, count, i);
    for (uint32_t k = 0; k < count; k++)
        for (int g = 0; g < warps[k].group_count; g++) {
            warps[k].groups[g].at++;
            warps[k].groups[g].state = RUNS;
        }
    race_next_interval();
}

static void start_warp(ptx_warp *w, const ptx_block *b, uint32_t threads)
{
    const uint32_t *size = b->launch->block;
    const uint32_t here = threads - w->number * 32;
    w->all = w->live = here >= 32 ? 0xffffffffu : (1u << here) - 1;
    w->epoch = 0;
    w->group_count = 1;
    w->groups[0] = (ptx_group){0, w->all, RUNS};
    w->predicates[0] = 0xffffffffu;
    for (uint32_t l = 0; l < 32; l++) {
        const uint32_t thread = w->number * 32 + l;
        const uint32_t index[3] = {thread % size[0], thread / size[0] % size[1],
                                   thread / size[0] / size[1]};
        for (int d = 0; d < 3; d++) {
            ((uint32_t *)w->slots[TID + d])[l] = index[d];
            ((uint32_t *)w->slots[CTAID + d])[l] = b->index[d];
        }
    }
}

static void run_block(ptx_block *b, ptx_warp *warps, uint32_t threads, long order, uint64_t *chance)
{
    const uint32_t count = (threads + 31) / 32;
    const ptx_kernel *kernel = b->launch->kernel;
    race_begin_block();
    b->shared.launch = b->shared.safe = race_now.interval;
    memset(b->shared.state, STATE_UNWRITTEN, b->shared.size);
    if (kernel->shared_bytes) memcpy(b->shared.state, kernel->shared_state, kernel->shared_bytes);
    for (uint32_t k = 0; k < count; k++) start_warp(&warps[k], b, threads);

    uint32_t ready[32], n;
    bool waits[32] = {false};
    for (;;) {
        n = 0;
        for (uint32_t k = 0; k < count; k++)
            if (warps[k].live && !waits[k]) ready[n++] = k;
        if (!n) {
            bool any = false;
            for (uint32_t k = 0; k < count; k++) any = any || waits[k];
            if (!any) return;
            pass_barrier(b, warps, count);
            memset(waits, 0, sizeof waits);
            continue;
        }
        const uint32_t which = order == IN_ORDER   ? 0
                               : order == REVERSED ? n - 1
                                                   : emu_random(chance, n);
        const uint32_t k = ready[which];
        const long turn = order > REVERSED ? 1 + emu_random(chance, TURN) : LONG_TURN;
        waits[k] = run_warp(&warps[k], turn) == AT_BARRIER;
    }
}

/* ---- a launch ---- */

static void *room(size_t count, size_t size)
{
    void *at = calloc(count ? count : 1, size);
    if (!at) emu_unknown("the host has no memory left");
    return at;
}

static void fill(ptx_warp *w, uint32_t slot, bool wide, uint64_t value)
{
    for (int l = 0; l < 32; l++)
        if (wide)
            w->slots[slot][l] = value;
        else
            ((uint32_t *)w->slots[slot])[l] = (uint32_t)value;
}

static void prepare_warp(ptx_warp *w, ptx_block *b, uint32_t number, uint32_t warps)
{
    const ptx_kernel *k = b->launch->kernel;
    w->block = b;
    w->number = number;
    w->slots = room(k->slots, sizeof *w->slots);
    w->predicates = room(k->predicates, sizeof *w->predicates);
    w->local = room(32, k->local_bytes);
    for (uint32_t d = 0; d < 3; d++) {
        fill(w, NTID + d, false, b->launch->block[d]);
        fill(w, NCTAID + d, false, b->launch->grid[d]);
    }
    fill(w, LANEID + 1, false, number);
    fill(w, LANEID + 2, false, warps);
    for (uint32_t l = 0; l < 32; l++) {
        const uint32_t own = 1u << l, below = own - 1;
        const uint32_t values[] = {own, below, below | own, ~(below | own), ~below};
        ((uint32_t *)w->slots[LANEID])[l] = l;
        for (uint32_t m = 0; m < 5; m++) ((uint32_t *)w->slots[LANEID + 3 + m])[l] = values[m];
    }
    fill(w, DYNAMIC_SMEM, false, b->launch->dynamic_bytes);
    for (uint32_t c = 0; c < k->constant_count; c++) {
        const ptx_constant *constant = &k->constants[c];
        fill(w, constant->slot, constant->wide,
             constant->value + (constant->dynamic_shared ? ptx_dynamic_start(k) : 0));
    }
}

/* Shared memory is as long as it must be, and no byte longer, where the kernel declares it;
 * dynamic memory begins after it. */
uint32_t ptx_dynamic_start(const ptx_kernel *k) { return (k->shared_bytes + 15) / 16 * 16; }

void ptx_run(const ptx_launch *launch)
{
    const ptx_kernel *k = launch->kernel;
    const uint32_t threads = launch->block[0] * launch->block[1] * launch->block[2];
    const uint32_t count = (threads + 31) / 32;
    const uint64_t shared = ptx_dynamic_start(k) + launch->dynamic_bytes, words = shared / 4 + 4;
    ptx_block b = {.launch = launch, .global = memory_arena(), .global_base = memory_base()};
    b.shared = (emu_arena){.bytes = room(shared, 1),
                           .state = room(shared, 1),
                           .words = room(words, sizeof(race_granule)),
                           .singles = room(4 * words, sizeof(race_granule)),
                           .size = shared};
    b.reported = room(k->count / 64 + 1, sizeof *b.reported);
    ptx_warp *warps = room(count, sizeof *warps);
    for (uint32_t w = 0; w < count; w++) prepare_warp(&warps[w], &b, w, count);

    static uint64_t chance;
    const long order = emu_setting("EMULATED_ORDER", IN_ORDER);
    chance += (uint64_t)order;
    const uint64_t blocks = (uint64_t)launch->grid[0] * launch->grid[1] * launch->grid[2];
    const uint64_t shift = order > REVERSED ? emu_random(&chance, 0x7fffffff) % blocks : 0;
    for (uint64_t n = 0; n < blocks; n++) {
        b.number = order == REVERSED ? blocks - 1 - n : (n + shift) % blocks;
        b.index[0] = (uint32_t)(b.number % launch->grid[0]);
        b.index[1] = (uint32_t)(b.number / launch->grid[0] % launch->grid[1]);
        b.index[2] = (uint32_t)(b.number / launch->grid[0] / launch->grid[1]);
        run_block(&b, warps, threads, order, &chance);
    }

    for (uint32_t w = 0; w < count; w++) {
        free(warps[w].slots);
        free(warps[w].predicates);
        free(warps[w].local);
    }
    free(warps);
    free(b.reported);
    free(b.shared.bytes);
    free(b.shared.state);
    free(b.shared.words);
    free(b.shared.singles);
}
