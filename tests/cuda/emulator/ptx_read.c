/* ptx_read.c -- reads a program in PTX: its declarations, and kernels statement by statement. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "ptx_reader.h"

enum { GUARD_BYTES = 16 }; /* between variables in shared memory */

void *ptx_grow(void *items, uint32_t count, uint32_t *room, size_t size)
{
    if (count < *room) return items;
    *room = *room ? 2 * *room : 16;
    items = realloc(items, *room * size);
    if (!items) emu_unknown("the host has no memory left");
    return items;
}

/* ---- characters ---- */

static void skip_blanks(ptx_reader *r)
{
    while (isspace((unsigned char)*r->at)) r->at++;
}

static bool is_name(char c) { return isalnum((unsigned char)c) || strchr("_$%.:", c); }

/* A word of the text, not ended by a zero. */
static char *read_word(ptx_reader *r, size_t *length)
{
    skip_blanks(r);
    char *word = r->at;
    while (*r->at && is_name(*r->at) && !(*r->at == ':' && r->at[1] != ':' && r->at[-1] != ':'))
        r->at++;
    *length = (size_t)(r->at - word);
    return word;
}

static bool is(const char *word, size_t length, const char *other)
{
    return strlen(other) == length && strncmp(word, other, length) == 0;
}

static bool accept(ptx_reader *r, char c)
{
    skip_blanks(r);
    if (*r->at != c) return false;
    r->at++;
    return true;
}

static void skip_past(ptx_reader *r, char c)
{
    while (*r->at && *r->at != c) r->at++;
    if (*r->at) r->at++;
}

static char *copy_of(const char *text, size_t length)
{
    char *copy = strndup(text, length);
    if (!copy) emu_unknown("the host has no memory left");
    return copy;
}

static void blank_comments(char *text)
{
    for (char *c = text; *c; c++) {
        if (c[0] == '"') {
            c = strchr(c + 1, '"');
            if (!c) return;
        } else if (c[0] == '/' && c[1] == '/') {
            while (*c && *c != '\n') *c++ = ' ';
            if (!*c) return;
        } else if (c[0] == '/' && c[1] == '*') {
            char *end = strstr(c, "*/");
            if (!end) return;
            for (; c < end + 2; c++)
                if (*c != '\n') *c = ' ';
        }
    }
}

/* ---- symbols ---- */

const ptx_symbol *ptx_find_symbol(const ptx_reader *r, const char *name, size_t length,
                                  uint32_t *number)
{
    for (uint32_t k = r->symbol_count; k-- > 0;) {
        const ptx_symbol *s = &r->symbols[k];
        *number = 0;
        if (length < s->length || strncmp(s->name, name, s->length) != 0) continue;
        if (length == s->length && !s->count) return s;
        if (!s->count || length == s->length) continue;
        char *end;
        *number = (uint32_t)strtoul(name + s->length, &end, 10);
        if (end == name + length && isdigit((unsigned char)name[s->length]) &&
            *number < (uint32_t)s->count)
            return s;
    }
    return NULL;
}

ptx_symbol *ptx_add_symbol(ptx_reader *r, const char *name, size_t length, symbol_kind kind)
{
    r->symbols = ptx_grow(r->symbols, r->symbol_count, &r->symbol_room, sizeof *r->symbols);
    ptx_symbol *s = &r->symbols[r->symbol_count++];
    *s = (ptx_symbol){.name = name, .length = length, .kind = kind};
    return s;
}

uint32_t ptx_new_slot(ptx_reader *r) { return r->kernel->slots++; }
uint32_t ptx_new_predicate(ptx_reader *r) { return r->kernel->predicates++; }

static uint32_t bytes_of_type(const char *type, size_t length)
{
    if (length < 3 || type[0] != '.') return 0;
    const uint32_t bits = (uint32_t)strtoul(type + 2, NULL, 10);
    return strchr("busf", type[1]) && (bits == 8 || bits == 16 || bits == 32 || bits == 64)
               ? bits / 8
               : 0;
}

/* .reg .b32 %r<10>, x; */
static void read_registers(ptx_reader *r)
{
    size_t length;
    const char *type = read_word(r, &length);
    const bool predicate = is(type, length, ".pred");
    const uint32_t bytes = bytes_of_type(type, length);
    if (!predicate && !bytes) emu_unknown("registers of type %.*s", (int)length, type);
    do {
        size_t name_length;
        const char *name = read_word(r, &name_length);
        ptx_symbol *s = ptx_add_symbol(r, name, name_length,
                                       predicate    ? SYMBOL_PREDICATE
                                       : bytes == 8 ? SYMBOL_WIDE
                                                    : SYMBOL_NARROW);
        uint32_t *next = predicate ? &r->kernel->predicates : &r->kernel->slots;
        s->first = *next;
        if (accept(r, '<')) {
            s->count = (int)strtol(r->at, &r->at, 10);
            accept(r, '>');
        }
        *next += s->count ? (uint32_t)s->count : 1;
    } while (accept(r, ','));
    accept(r, ';');
}

/* ---- variables ---- */

typedef struct {
    char *name;
    size_t length;
    uint32_t align, element;
    uint64_t bytes;
    bool open; /* name[] */
} declaration;

/* .align 4 .b8 name[12] -- up to what follows. */
static declaration read_declaration(ptx_reader *r)
{
    declaration d = {.align = 1};
    for (;;) {
        size_t length;
        char *word = read_word(r, &length);
        if (!length) emu_unknown("a declaration at `%.40s`", r->at);
        if (is(word, length, ".align") || is(word, length, ".ptr"))
            d.align = word[1] == 'a' ? (uint32_t)strtoul(r->at, &r->at, 10) : d.align;
        else if (bytes_of_type(word, length))
            d.element = bytes_of_type(word, length);
        else if (word[0] != '.') {
            d.name = word;
            d.length = length;
            break;
        } else if (!is(word, length, ".global") && !is(word, length, ".const") &&
                   !is(word, length, ".shared") && !is(word, length, ".local"))
            emu_unknown("%.*s in a declaration", (int)length, word);
    }
    if (d.align < d.element) d.align = d.element;
    d.bytes = d.element;
    while (accept(r, '[')) {
        skip_blanks(r);
        d.open = d.open || *r->at == ']';
        d.bytes *= strtoul(r->at, &r->at, 0);
        accept(r, ']');
    }
    return d;
}

static uint64_t read_number(ptx_reader *r)
{
    skip_blanks(r);
    if (r->at[0] == '0' && (r->at[1] == 'f' || r->at[1] == 'd'))
        return strtoull(r->at + 2, &r->at, 16);
    char *start = r->at;
    const uint64_t value =
        *start == '-' ? (uint64_t)strtoll(start, &r->at, 0) : strtoull(start, &r->at, 0);
    if (r->at == start) emu_unknown("the initial value `%.40s` of a variable", start);
    return value;
}

static void read_values(ptx_reader *r, char *to, uint32_t element)
{
    const bool list = accept(r, '{');
    do {
        const uint64_t value = read_number(r);
        memcpy(to, &value, element);
        to += element;
    } while (list && accept(r, ','));
    accept(r, '}');
}

/* .global and .const variables are memory of their own. */
static void read_variable(ptx_reader *r)
{
    const declaration d = read_declaration(r);
    ptx_module *m = r->module;
    m->variables =
        ptx_grow(m->variables, m->variable_count, &r->variable_room, sizeof *m->variables);
    ptx_variable *v = &m->variables[m->variable_count++];
    *v = (ptx_variable){.name = copy_of(d.name, d.length), .bytes = d.bytes};
    v->at = memory_take(d.bytes, MEMORY_MODULE, v->name);
    if (!v->at) emu_unknown("%s: no memory for a variable", v->name);
    ptx_add_symbol(r, v->name, d.length, SYMBOL_VALUE)->value = (uint64_t)(uintptr_t)v->at;
    if (accept(r, '=')) read_values(r, emu_at(v->at), d.element);
    if (!accept(r, ';')) emu_unknown("the declaration of %s", v->name);
}

static uint32_t aligned(uint32_t offset, uint32_t align)
{
    return (offset + align - 1) / align * align;
}

static void read_shared(ptx_reader *r)
{
    const declaration d = read_declaration(r);
    accept(r, ';');
    if (d.open) {
        ptx_add_symbol(r, d.name, d.length, SYMBOL_DYNAMIC);
        return;
    }
    ptx_kernel *k = r->kernel;
    if (!k)
        emu_unknown("the variable %.*s in shared memory of several kernels", (int)d.length, d.name);
    const uint32_t bytes = (uint32_t)d.bytes;
    const uint32_t start = aligned(k->shared_bytes ? k->shared_bytes + GUARD_BYTES : 0, d.align);
    k->shared_state = realloc(k->shared_state, start + bytes + 1);
    if (!k->shared_state) emu_unknown("the host has no memory left");
    memset(k->shared_state + k->shared_bytes, STATE_NONE, start - k->shared_bytes);
    memset(k->shared_state + start, STATE_UNWRITTEN, bytes);
    k->shared_bytes = start + bytes;
    k->shared_used = aligned(k->shared_used, d.align) + bytes;
    ptx_add_symbol(r, d.name, d.length, SYMBOL_VALUE)->value = start;
}

static void read_local(ptx_reader *r, symbol_kind kind)
{
    const declaration d = read_declaration(r);
    accept(r, ';');
    const uint32_t start = aligned(r->kernel->local_bytes, d.align);
    ptx_add_symbol(r, d.name, d.length, kind)->value = start;
    r->kernel->local_bytes = aligned(start + (uint32_t)d.bytes, 16);
}

/* ---- kernels ---- */

static bool next_parameter(ptx_reader *r, declaration *d)
{
    accept(r, ',');
    if (accept(r, ')')) return false;
    size_t length;
    read_word(r, &length); /* .param */
    *d = read_declaration(r);
    return true;
}

bool ptx_next_parameter(ptx_reader *r, char **name, size_t *length)
{
    declaration d;
    if (!next_parameter(r, &d)) return false;
    *name = d.name;
    *length = d.length;
    return true;
}

static void read_parameters(ptx_reader *r)
{
    uint32_t room = 0;
    ptx_kernel *k = r->kernel;
    for (declaration d; next_parameter(r, &d);) {
        const uint32_t offset = aligned(k->param_bytes, d.align);
        k->params = ptx_grow(k->params, k->param_count, &room, sizeof *k->params);
        k->params[k->param_count++] = (ptx_param){offset, (uint32_t)d.bytes};
        k->param_bytes = offset + (uint32_t)d.bytes;
        ptx_add_symbol(r, d.name, d.length, SYMBOL_VALUE)->value = offset;
    }
}

static void read_limits(ptx_reader *r)
{
    for (skip_blanks(r); *r->at != '{'; skip_blanks(r)) {
        size_t length;
        const char *word = read_word(r, &length);
        const bool limit = is(word, length, ".maxntid") || is(word, length, ".reqntid");
        if (!limit && !is(word, length, ".minnctapersm") && !is(word, length, ".maxnreg"))
            emu_unknown("%.40s before a kernel's body", word);
        uint32_t product = 1;
        do product *= (uint32_t)strtoul(r->at, &r->at, 10);
        while (accept(r, ','));
        if (limit) r->kernel->max_threads = product;
    }
}

void ptx_add_label(ptx_reader *r, const char *name, size_t length)
{
    r->labels = ptx_grow(r->labels, r->label_count, &r->label_room, sizeof *r->labels);
    r->labels[r->label_count++] = (ptx_label){name, length, r->kernel->count};
}

static void read_directive(ptx_reader *r)
{
    size_t length;
    const char *word = read_word(r, &length);
    if (is(word, length, ".reg"))
        read_registers(r);
    else if (is(word, length, ".shared"))
        read_shared(r);
    else if (is(word, length, ".local"))
        read_local(r, SYMBOL_VALUE);
    else if (is(word, length, ".param"))
        read_local(r, SYMBOL_LOCAL_PARAM);
    else if (is(word, length, ".loc"))
        skip_past(r, '\n');
    else if (is(word, length, ".pragma"))
        skip_past(r, ';');
    else if (is(word, length, ".branchtargets")) {
        const ptx_label *label = &r->labels[r->label_count - 1];
        r->list_name = label->name;
        r->list_length = label->length;
        r->list = r->at;
        skip_past(r, ';');
    } else
        emu_unknown("%.*s in a kernel", (int)length, word);
}

static void read_statement(ptx_reader *r)
{
    char *start = r->at;
    size_t length;
    read_word(r, &length);
    if (length && accept(r, ':')) {
        ptx_add_label(r, start, length);
        return;
    }
    r->at = start;
    skip_past(r, ';');
    r->at[-1] = 0;
    ptx_read_instruction(r, start);
}

void ptx_read_body(ptx_reader *r)
{
    uint32_t scopes[32], depth = 0;
    for (;;) {
        skip_blanks(r);
        if (!*r->at) emu_unknown("a kernel without an end");
        if (accept(r, '{')) {
            if (depth == 32) emu_unknown("scopes in scopes");
            scopes[depth++] = r->symbol_count;
        } else if (accept(r, '}')) {
            r->symbol_count = scopes[--depth];
            if (!depth) return;
        } else if (*r->at == '.')
            read_directive(r);
        else
            read_statement(r);
    }
}

void ptx_place_labels(ptx_reader *r, uint32_t labels, uint32_t jumps)
{
    ptx_instr *code = r->kernel->code;
    for (uint32_t j = jumps; j < r->jump_count; j++) {
        const ptx_label *jump = &r->jumps[j];
        uint32_t l = labels;
        while (l < r->label_count && !(r->labels[l].length == jump->length &&
                                       strncmp(r->labels[l].name, jump->name, jump->length) == 0))
            l++;
        if (l == r->label_count) emu_unknown("no label %.*s", (int)jump->length, jump->name);
        code[jump->at].target = r->labels[l].at;
    }
    for (uint32_t l = labels; l < r->label_count; l++) code[r->labels[l].at].leader = true;
    r->label_count = labels;
    r->jump_count = jumps;
}

static void read_kernel(ptx_reader *r, const ptx_body *body)
{
    ptx_module *m = r->module;
    m->kernels = ptx_grow(m->kernels, m->kernel_count, &r->kernel_room, sizeof *m->kernels);
    ptx_kernel *k = r->kernel = &m->kernels[m->kernel_count++];
    *k = (ptx_kernel){
        .name = copy_of(body->name, body->length), .slots = SPECIALS, .predicates = PTX_PREDICATES};
    const uint32_t symbols = r->symbol_count;
    r->at = body->parameters;
    if (r->at)
        read_parameters(r);
    else
        r->at = body->body;
    read_limits(r);
    ptx_read_body(r);
    ptx_read_instruction(r, (char[]){"ret"}); /* labels may stand at the very end */
    ptx_place_labels(r, 0, 0);
    for (uint32_t c = 0; c + 1 < k->count; c++) /* lanes wait behind branches, too */
        if (k->code[c].kind != DO_PLAIN) k->code[c + 1].leader = true;
    r->symbol_count = symbols;
    r->kernel = NULL;
}

/* .entry name (...) limits {...} and .func (...) name (...) {...}; without a body: NULL. */
static ptx_body find_body(ptx_reader *r)
{
    ptx_body b = {.text = r->at};
    if (accept(r, '(')) {
        b.results = r->at;
        skip_past(r, ')');
    }
    b.name = read_word(r, &b.length);
    if (accept(r, '(')) {
        b.parameters = r->at;
        skip_past(r, ')');
    }
    while (*r->at && *r->at != '{' && *r->at != ';') r->at++;
    if (*r->at == '{') b.body = r->at;
    int depth = 0;
    do depth += (*r->at == '{') - (*r->at == '}');
    while (*r->at++ && depth > 0);
    b.text_length = (size_t)(r->at - b.text);
    return b;
}

ptx_module *ptx_read(const char *text, size_t length)
{
    ptx_reader r = {.at = copy_of(text, length), .module = calloc(1, sizeof(ptx_module))};
    if (!r.module) emu_unknown("the host has no memory left");
    blank_comments(r.at);
    ptx_body *entries = NULL;
    uint32_t entry_count = 0, entry_room = 0;
    for (skip_blanks(&r); *r.at; skip_blanks(&r)) {
        size_t n;
        const char *word = read_word(&r, &n);
        if (is(word, n, ".version") || is(word, n, ".target") || is(word, n, ".address_size") ||
            is(word, n, ".file"))
            skip_past(&r, '\n');
        else if (is(word, n, ".entry")) {
            entries = ptx_grow(entries, entry_count, &entry_room, sizeof *entries);
            entries[entry_count++] = find_body(&r);
        } else if (is(word, n, ".func")) {
            const ptx_body body = find_body(&r);
            if (body.body) ptx_add_function(&r, body);
        } else if (is(word, n, ".global") || is(word, n, ".const"))
            read_variable(&r);
        else if (is(word, n, ".shared"))
            read_shared(&r);
        else if (!is(word, n, ".visible") && !is(word, n, ".extern") && !is(word, n, ".weak"))
            emu_unknown("a program with `%.60s`", n ? word : r.at);
    }
    for (uint32_t e = 0; e < entry_count; e++) read_kernel(&r, &entries[e]);
    free(entries);
    free(r.functions);
    free(r.symbols);
    free(r.labels);
    free(r.jumps);
    return r.module;
}
