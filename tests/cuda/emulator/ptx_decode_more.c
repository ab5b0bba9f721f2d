/* ptx_decode_more.c -- instructions that reach memory, steer, or work on several lanes. */
#include <stdlib.h>
#include <string.h>

#include "ptx_decode.h"

/* The words of an instruction's name, with those that say nothing here left out. */
typedef struct {
    char text[96];
    const char *word[12];
    int count;
} words;

static bool split_name(words *w, const char *name, const char *ignored)
{
    *w = (words){.count = 0};
    if (strlen(name) >= sizeof w->text) return false;
    char *at = strcpy(w->text, name);
    for (at = strtok(at, "."); at; at = strtok(NULL, ".")) {
        if (ptx_is_word(at, ignored)) continue;
        if (w->count == 12) return false;
        w->word[w->count++] = at;
    }
    return w->count > 0;
}

static bool take(words *w, const char *word)
{
    for (int k = 1; k < w->count; k++)
        if (strcmp(w->word[k], word) == 0) {
            w->count--;
            memmove(&w->word[k], &w->word[k + 1], (size_t)(w->count - k) * sizeof *w->word);
            return true;
        }
    return false;
}

/* ---- memory ---- */

#define HINTS                                                                                      \
    "nc ca cg cs lu cv wb wt cta cluster gpu sys weak noftz L1::evict_last L1::evict_first "       \
    "L1::no_allocate L1::evict_normal L2::64B L2::128B L2::256B"

/* [base+offset] */
static void read_address(ptx_reader *r, ptx_instr *i, char *text)
{
    const size_t length = strlen(text);
    if (length < 3 || text[0] != '[' || text[length - 1] != ']') decode_unknown(r);
    text[length - 1] = 0;
    char *base = text + 1, *offset = strpbrk(base + 1, "+");
    if (offset) {
        *offset++ = 0;
        i->displacement = strtoll(offset, NULL, 0);
    }
    for (char *c = base + strlen(base); c > base && c[-1] == ' ';) *--c = 0;
    uint32_t number;
    const ptx_symbol *s = ptx_find_symbol(r, base, strlen(base), &number);
    i->wide_address = !s || s->kind != SYMBOL_NARROW;
    if (s && s->kind == SYMBOL_LOCAL_PARAM) i->space = SPACE_LOCAL;
    i->slot[OPERANDS - 1] = decode_operand(r, i->wide_address ? 'w' : 'n', base);
}

static void read_space(words *w, ptx_instr *i)
{
    static const char *const names[] = {"global",      "const", "shared",
                                        "shared::cta", "local", "param"};
    static const ptx_space spaces[] = {SPACE_GLOBAL, SPACE_GLOBAL, SPACE_SHARED,
                                       SPACE_SHARED, SPACE_LOCAL,  SPACE_PARAM};
    i->space = SPACE_GENERIC;
    for (int k = 0; k < 6; k++)
        if (take(w, names[k])) i->space = (uint8_t)spaces[k];
    i->order = take(w, "volatile") || take(w, "relaxed") || take(w, "acquire") ||
               take(w, "release") || take(w, "acq_rel") || take(w, "mmio");
    i->count = take(w, "v2") ? 2 : take(w, "v4") ? 4 : 1;
}

static bool read_type(const char *type, ptx_instr *i)
{
    const int bits = atoi(type + 1);
    i->bytes = (uint8_t)(bits / 8);
    i->is_signed = type[0] == 's';
    return strchr("busf", type[0]) && (bits == 8 || bits == 16 || bits == 32 || bits == 64);
}

static void read_values(ptx_reader *r, ptx_instr *i, char *text)
{
    char *fields[4] = {text};
    int n = 1;
    if (text[0] == '{') {
        text[strlen(text) - 1] = 0;
        n = decode_split(text + 1, fields, 4);
    }
    if (n != i->count) decode_unknown(r);
    for (int k = 0; k < n; k++) i->wide_value = i->wide_value || decode_is_wide(r, fields[k]);
    for (int k = 0; k < n; k++)
        i->slot[k] = decode_operand(r, i->wide_value ? 'w' : 'n', fields[k]);
}

static void append(ptx_reader *r, const ptx_instr *parsed, ptx_function run)
{
    ptx_instr *i = decode_new(r, run, DO_PLAIN);
    const ptx_instr fresh = *i;
    *i = *parsed;
    i->run = run;
    i->kind = fresh.kind;
    i->guard = fresh.guard;
    i->guard_not = fresh.guard_not;
    i->text = fresh.text;
}

bool decode_memory(ptx_reader *r, const char *name, char **parts, int count)
{
    words w;
    ptx_instr i = {.run = NULL};
    if (!split_name(&w, name, HINTS) || !ptx_is_word(w.word[0], "ld ldu st atom red")) return false;
    read_space(&w, &i);
    const char *const kind = w.word[0], *const type = w.word[w.count - 1];
    if (w.count < 2 || !read_type(type, &i)) return false;
    i.total = (uint8_t)(i.bytes * i.count);
    if (i.total > 16) return false;
    if (ptx_is_word(kind, "ld ldu st")) {
        const int to_memory = kind[0] == 's';
        if (w.count != 2 || count != 2) return false;
        i.wide_value = i.bytes == 8;
        read_values(r, &i, parts[to_memory]);
        read_address(r, &i, parts[1 - to_memory]);
        i.quick = !to_memory && i.count == 1 && !i.order && i.bytes == (i.wide_value ? 8 : 4) &&
                  (i.space == SPACE_SHARED || i.space == SPACE_GLOBAL);
        append(r, &i, to_memory ? ptx_store : ptx_load);
        return true;
    }
    const int gives = kind[0] == 'a', operation = ptx_atomic_operation(w.word[1], type);
    const bool swaps = strcmp(w.word[1], "cas") == 0;
    if (w.count != 3 || operation < 0 || i.count != 1 || count != gives + (swaps ? 3 : 2))
        return false;
    i.mode = (uint8_t)operation;
    i.wide_value = i.bytes == 8;
    const char code = i.wide_value ? 'w' : 'n';
    i.slot[0] = gives ? decode_operand(r, code, parts[0]) : ptx_new_slot(r);
    read_address(r, &i, parts[gives]);
    i.slot[1] = decode_operand(r, code, parts[gives + 1]);
    i.slot[2] = swaps ? decode_operand(r, code, parts[gives + 2]) : i.slot[1];
    append(r, &i, ptx_atomic);
    return true;
}

/* ---- control ---- */

static void jump(ptx_reader *r, const char *label)
{
    decode_new(r, ptx_nothing, DO_BRANCH);
    r->jumps = ptx_grow(r->jumps, r->jump_count, &r->jump_room, sizeof *r->jumps);
    r->jumps[r->jump_count++] = (ptx_label){label, strlen(label), r->kernel->count - 1};
}

/* brx.idx: a comparison and a branch for each target of the list. */
static bool jump_by_index(ptx_reader *r, char **parts, int count)
{
    char *targets[256];
    if (count != 2 || r->guard || !r->list || strlen(parts[1]) != r->list_length ||
        strncmp(parts[1], r->list_name, r->list_length) != 0)
        return false;
    const uint32_t index = decode_operand(r, 'n', parts[0]), p = ptx_new_predicate(r);
    *strchr(r->list, ';') = 0;
    const int n = decode_split(r->list, targets, 256);
    if (n > 256) return false;
    for (int k = 0; k < n; k++) {
        const uint32_t number = decode_constant(r, (uint64_t)k, false, false);
        r->guard = 0;
        ptx_instr *i = decode_new(r, ptx_find_comparison("setp.eq.u32")->run, DO_PLAIN);
        i->slot[0] = p;
        i->slot[1] = index;
        i->slot[2] = number;
        r->guard = p;
        jump(r, targets[k]);
    }
    return true;
}

static uint8_t mode_of(const char *word)
{
#define M(name, text) text,
    static const char *const names[] = {PTX_MODES(M)};
#undef M
    for (uint8_t k = 0; k < sizeof names / sizeof *names; k++)
        if (strcmp(names[k], word) == 0) return k;
    return PTX_NONE;
}

/* d|p: two destinations. */
static void pair(ptx_reader *r, char *text, uint32_t *slot, uint32_t *predicate)
{
    char *bar = strchr(text, '|');
    *predicate = 0;
    if (bar) {
        *bar = 0;
        char *second = bar + 1;
        while (*second == ' ') second++;
        while (bar > text && bar[-1] == ' ') *--bar = 0;
        *predicate = decode_operand(r, 'p', second);
    }
    *slot = decode_operand(r, 'n', text);
}

/* Instructions that the lanes of a mask execute together; the mask is operand OPERANDS - 2. */
static bool decode_together(ptx_reader *r, const words *w, char **parts, int count)
{
    const char *const name = w->word[0], *const last = w->word[w->count - 1];
    ptx_instr i = {.mode = w->count > 2 ? mode_of(w->word[2]) : PTX_NONE};
    ptx_function run;
    int mask = count - 1;
    if (strcmp(name, "shfl") == 0 && w->count == 4 && count == 5) {
        run = ptx_shuffle;
        pair(r, parts[0], &i.slot[0], &i.slot[1]);
        for (int k = 1; k < 4; k++) i.slot[k + 1] = decode_operand(r, 'n', parts[k]);
    } else if (strcmp(name, "vote") == 0 && w->count == 4 && count == 3) {
        run = ptx_vote;
        i.slot[0] = decode_operand(r, i.mode == PTX_BALLOT ? 'n' : 'p', parts[0]);
        i.slot[1] = decode_operand(r, 'p', parts[1]);
    } else if (strcmp(name, "match") == 0 && w->count == 4 && count == 3) {
        run = ptx_match;
        i.mode = mode_of(w->word[1]);
        i.wide_value = strcmp(last, "b64") == 0;
        pair(r, parts[0], &i.slot[0], &i.slot[1]);
        i.slot[2] = decode_operand(r, i.wide_value ? 'w' : 'n', parts[1]);
    } else if (strcmp(name, "bar") == 0 && strcmp(w->word[1], "warp") == 0 && count == 1) {
        run = ptx_warp_barrier;
        mask = 0;
    } else
        return false;
    i.slot[OPERANDS - 2] = decode_operand(r, 'n', parts[mask]);
    append(r, &i, run);
    r->kernel->code[r->kernel->count - 1].kind = DO_TOGETHER;
    return true;
}

/* bar.sync 0 and bar.red.op.type d, 0, p: of all threads of the block. */
static bool decode_barrier(ptx_reader *r, const words *w, char **parts, int count)
{
    ptx_instr i = {.mode = PTX_NONE};
    if (w->count == 2 && strcmp(w->word[1], "sync") == 0) {
        if (count != 1 || strcmp(parts[0], "0") != 0) return false;
    } else if (w->count == 4 && strcmp(w->word[1], "red") == 0) {
        if (count != 3 || strcmp(parts[1], "0") != 0) return false;
        i.mode = mode_of(w->word[2]);
        i.slot[0] = decode_operand(r, i.mode == PTX_POPC ? 'n' : 'p', parts[0]);
        i.slot[1] = decode_operand(r, 'p', parts[2]);
    } else
        return false;
    append(r, &i, ptx_nothing);
    r->kernel->code[r->kernel->count - 1].kind = DO_BARRIER;
    return true;
}

bool decode_control(ptx_reader *r, const char *name, char **parts, int count)
{
    words w;
    if (!split_name(&w, name, name[0] == 'v' ? "" : "uni aligned cta")) return false;
    const char *const first = w.word[0];
    if (strcmp(first, "call") == 0) return decode_call(r, parts, count);
    if (strcmp(first, "bra") == 0 && count == 1)
        jump(r, parts[0]);
    else if (strcmp(name, "brx.idx") == 0 || strcmp(name, "brx.idx.uni") == 0)
        return jump_by_index(r, parts, count);
    else if (strcmp(first, "ret") == 0 && r->depth)
        jump(r, PTX_RETURN);
    else if (strcmp(first, "ret") == 0 || strcmp(first, "exit") == 0)
        decode_new(r, ptx_nothing, DO_EXIT);
    else if (strcmp(first, "trap") == 0) {
        decode_new(r, ptx_trap, DO_PLAIN);
        decode_new(r, ptx_nothing, DO_EXIT);
    } else if (ptx_is_word(first, "membar fence nanosleep prefetch"))
        return true;
    else if (strcmp(name, "activemask.b32") == 0 && count == 1) {
        const uint32_t slot = decode_operand(r, 'n', parts[0]);
        decode_new(r, ptx_active_mask, DO_PLAIN)->slot[0] = slot;
    } else if (ptx_is_word(first, "bar barrier") && decode_barrier(r, &w, parts, count))
        return true;
    else
        return decode_together(r, &w, parts, count);
    return true;
}
