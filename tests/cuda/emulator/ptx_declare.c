/* ptx_declare.c -- registers, variables and parameters: what names stand for. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "ptx_reader.h"

enum { GUARD_BYTES = 16 }; /* between variables in shared memory */

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
void declare_registers(ptx_reader *r)
{
    size_t length;
    const char *type = text_word(r, &length);
    const bool predicate = text_is(type, length, ".pred");
    const uint32_t bytes = bytes_of_type(type, length);
    if (!predicate && !bytes) emu_unknown("registers of type %.*s", (int)length, type);
    do {
        size_t name_length;
        const char *name = text_word(r, &name_length);
        ptx_symbol *s = ptx_add_symbol(r, name, name_length,
                                       predicate    ? SYMBOL_PREDICATE
                                       : bytes == 8 ? SYMBOL_WIDE
                                                    : SYMBOL_NARROW);
        uint32_t *next = predicate ? &r->kernel->predicates : &r->kernel->slots;
        s->first = *next;
        if (text_accept(r, '<')) {
            s->count = (int)strtol(r->at, &r->at, 10);
            text_accept(r, '>');
        }
        *next += s->count ? (uint32_t)s->count : 1;
    } while (text_accept(r, ','));
    text_accept(r, ';');
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
        char *word = text_word(r, &length);
        if (!length) emu_unknown("a declaration at `%.40s`", r->at);
        if (text_is(word, length, ".align") || text_is(word, length, ".ptr"))
            d.align = word[1] == 'a' ? (uint32_t)strtoul(r->at, &r->at, 10) : d.align;
        else if (bytes_of_type(word, length))
            d.element = bytes_of_type(word, length);
        else if (word[0] != '.') {
            d.name = word;
            d.length = length;
            break;
        } else if (!text_is(word, length, ".global") && !text_is(word, length, ".const") &&
                   !text_is(word, length, ".shared") && !text_is(word, length, ".local"))
            emu_unknown("%.*s in a declaration", (int)length, word);
    }
    if (d.align < d.element) d.align = d.element;
    d.bytes = d.element;
    while (text_accept(r, '[')) {
        text_skip_blanks(r);
        d.open = d.open || *r->at == ']';
        d.bytes *= strtoul(r->at, &r->at, 0);
        text_accept(r, ']');
    }
    return d;
}

static uint64_t read_number(ptx_reader *r)
{
    text_skip_blanks(r);
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
    const bool list = text_accept(r, '{');
    do {
        const uint64_t value = read_number(r);
        memcpy(to, &value, element);
        to += element;
    } while (list && text_accept(r, ','));
    text_accept(r, '}');
}

/* .global and .const variables are memory of their own. */
void declare_variable(ptx_reader *r)
{
    const declaration d = read_declaration(r);
    r->variables =
        ptx_grow(r->variables, r->variable_count, &r->variable_room, sizeof *r->variables);
    ptx_variable *v = &r->variables[r->variable_count++];
    *v = (ptx_variable){.name = text_copy(d.name, d.length), .bytes = d.bytes};
    v->at = memory_take(d.bytes, MEMORY_MODULE, v->name);
    if (!v->at) emu_unknown("%s: no memory for a variable", v->name);
    ptx_add_symbol(r, v->name, d.length, SYMBOL_VALUE)->value = (uint64_t)(uintptr_t)v->at;
    if (text_accept(r, '=')) read_values(r, emu_at(v->at), d.element);
    if (!text_accept(r, ';')) emu_unknown("the declaration of %s", v->name);
}

static uint32_t aligned(uint32_t offset, uint32_t align)
{
    return (offset + align - 1) / align * align;
}

void declare_shared(ptx_reader *r)
{
    const declaration d = read_declaration(r);
    text_accept(r, ';');
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

void declare_local(ptx_reader *r, symbol_kind kind)
{
    const declaration d = read_declaration(r);
    text_accept(r, ';');
    const uint32_t start = aligned(r->kernel->local_bytes, d.align);
    ptx_add_symbol(r, d.name, d.length, kind)->value = start;
    r->kernel->local_bytes = aligned(start + (uint32_t)d.bytes, 16);
}

/* ---- parameters ---- */

static bool next_parameter(ptx_reader *r, declaration *d)
{
    text_accept(r, ',');
    if (text_accept(r, ')')) return false;
    size_t length;
    text_word(r, &length); /* .param */
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

void declare_parameters(ptx_reader *r)
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
