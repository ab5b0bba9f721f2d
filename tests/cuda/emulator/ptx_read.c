/* ptx_read.c -- reads a program in PTX: what it declares, and kernels statement by statement. */
#include <stdlib.h>
#include <string.h>

#include "ptx_reader.h"

static void read_limits(ptx_reader *r)
{
    for (text_skip_blanks(r); *r->at != '{'; text_skip_blanks(r)) {
        size_t length;
        const char *word = text_word(r, &length);
        const bool limit = text_is(word, length, ".maxntid") || text_is(word, length, ".reqntid");
        if (!limit && !text_is(word, length, ".minnctapersm") && !text_is(word, length, ".maxnreg"))
            emu_unknown("%.40s before a kernel's body", word);
        uint32_t product = 1;
        do product *= (uint32_t)strtoul(r->at, &r->at, 10);
        while (text_accept(r, ','));
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
    const char *word = text_word(r, &length);
    if (text_is(word, length, ".reg"))
        declare_registers(r);
    else if (text_is(word, length, ".shared"))
        declare_shared(r);
    else if (text_is(word, length, ".local"))
        declare_local(r, SYMBOL_VALUE);
    else if (text_is(word, length, ".param"))
        declare_local(r, SYMBOL_LOCAL_PARAM);
    else if (text_is(word, length, ".loc"))
        text_skip_past(r, '\n');
    else if (text_is(word, length, ".pragma"))
        text_skip_past(r, ';');
    else if (text_is(word, length, ".branchtargets")) {
        const ptx_label *label = &r->labels[r->label_count - 1];
        r->list_name = label->name;
        r->list_length = label->length;
        r->list = r->at;
        text_skip_past(r, ';');
    } else
        emu_unknown("%.*s in a kernel", (int)length, word);
}

static void read_statement(ptx_reader *r)
{
    char *start = r->at;
    size_t length;
    text_word(r, &length);
    if (length && text_accept(r, ':')) {
        ptx_add_label(r, start, length);
        return;
    }
    r->at = start;
    text_skip_past(r, ';');
    r->at[-1] = 0;
    ptx_read_instruction(r, start);
}

void ptx_read_body(ptx_reader *r)
{
    uint32_t scopes[32], depth = 0;
    for (;;) {
        text_skip_blanks(r);
        if (!*r->at) emu_unknown("a kernel without an end");
        if (text_accept(r, '{')) {
            if (depth == 32) emu_unknown("scopes in scopes");
            scopes[depth++] = r->symbol_count;
        } else if (text_accept(r, '}')) {
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

/* .entry name (...) limits {...} and .func (...) name (...) {...}; without a body: NULL. */
static ptx_body find_body(ptx_reader *r)
{
    ptx_body b = {.text = r->at};
    if (text_accept(r, '(')) {
        b.results = r->at;
        text_skip_past(r, ')');
    }
    b.name = text_word(r, &b.length);
    if (text_accept(r, '(')) {
        b.parameters = r->at;
        text_skip_past(r, ')');
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
    ptx_reader *r = calloc(1, sizeof *r);
    if (!r) emu_unknown("the host has no memory left");
    r->at = text_copy(text, length);
    text_blank_comments(r->at);
    for (text_skip_blanks(r); *r->at; text_skip_blanks(r)) {
        size_t n;
        const char *word = text_word(r, &n);
        if (text_is(word, n, ".version") || text_is(word, n, ".target") ||
            text_is(word, n, ".address_size") || text_is(word, n, ".file"))
            text_skip_past(r, '\n');
        else if (text_is(word, n, ".section"))
            text_skip_past(r, '}');
        else if (text_is(word, n, ".entry") || text_is(word, n, ".func")) {
            ptx_body body = find_body(r);
            body.is_kernel = word[1] == 'e';
            r->bodies = ptx_grow(r->bodies, r->body_count, &r->body_room, sizeof body);
            if (body.body) r->bodies[r->body_count++] = body;
        } else if (text_is(word, n, ".global") || text_is(word, n, ".const"))
            declare_variable(r);
        else if (text_is(word, n, ".shared"))
            declare_shared(r);
        else if (!text_is(word, n, ".visible") && !text_is(word, n, ".extern") &&
                 !text_is(word, n, ".weak"))
            emu_unknown("a program with `%.60s`", n ? word : r->at);
    }
    return r;
}

/* The last name of a C++ name: of _ZN3one3twoEf, two; of another one, itself. */
static char *plain_name(const char *name, size_t length)
{
    const char *at = name + 2, *end = name + length, *last = name;
    size_t last_length = length;
    if (length < 3 || strncmp(name, "_Z", 2) != 0) return text_copy(name, length);
    while (at < end && strchr("NL", *at)) at++;
    while (at < end && *at >= '1' && *at <= '9') {
        char *digits;
        const size_t n = strtoul(at, &digits, 10);
        if (digits >= end || n > (size_t)(end - digits)) break;
        last = digits;
        last_length = n;
        at = digits + n;
    }
    return text_copy(last, last_length);
}

static ptx_kernel *read_kernel(ptx_reader *r, const ptx_body *body)
{
    ptx_kernel *k = r->kernel = calloc(1, sizeof *k);
    if (!k) emu_unknown("the host has no memory left");
    k->name = plain_name(body->name, body->length);
    k->slots = SPECIALS;
    k->predicates = PTX_PREDICATES;
    const uint32_t symbols = r->symbol_count;
    r->at = body->parameters ? body->parameters : body->body;
    if (body->parameters) declare_parameters(r);
    read_limits(r);
    ptx_read_body(r);
    ptx_read_instruction(r, (char[]){"ret"}); /* labels may stand at the very end */
    ptx_place_labels(r, 0, 0);
    for (uint32_t c = 0; c + 1 < k->count; c++) /* lanes wait behind branches, too */
        if (k->code[c].kind != DO_PLAIN) k->code[c + 1].leader = true;
    r->symbol_count = symbols;
    return k;
}

ptx_body *ptx_find_body(ptx_module *r, const char *name, bool is_kernel)
{
    for (uint32_t b = 0; b < r->body_count; b++)
        if (r->bodies[b].is_kernel == is_kernel &&
            text_is(r->bodies[b].name, r->bodies[b].length, name))
            return &r->bodies[b];
    return NULL;
}

const ptx_kernel *ptx_find_kernel(ptx_module *module, const char *name)
{
    ptx_body *b = ptx_find_body(module, name, true);
    if (b && !b->kernel) b->kernel = read_kernel(module, b);
    return b ? b->kernel : NULL;
}

const ptx_variable *ptx_find_variable(const ptx_module *module, const char *name)
{
    for (uint32_t v = 0; v < module->variable_count; v++)
        if (strcmp(module->variables[v].name, name) == 0) return &module->variables[v];
    return NULL;
}
