/* ptx_call.c -- calls of functions that nvcc did not inline: inlined when the kernel is read.
 *
 * Parameters and results of a call are variables in local memory, which the caller declares and the
 * function knows by other names. */
#include <stdlib.h>
#include <string.h>

#include "ptx_decode.h"

enum { DEEPEST = 16 };

/* The names in (a, b) of a call. */
static int arguments(ptx_reader *r, char *list, char **names, int room)
{
    const size_t length = strlen(list);
    if (length < 2 || list[0] != '(' || list[length - 1] != ')') decode_unknown(r);
    list[length - 1] = 0;
    const int count =
        strspn(list + 1, " \t\n") == length - 2 ? 0 : decode_split(list + 1, names, room);
    if (count > room) decode_unknown(r);
    return count;
}

/* Gives the variables of the caller the names that the function has for them. */
static void bind(ptx_reader *r, char *declared, char **names, int count)
{
    char *after = r->at;
    r->at = declared;
    int bound = 0;
    for (size_t length; ptx_next_parameter(r, &declared, &length); bound++) {
        uint32_t number;
        const ptx_symbol *s =
            bound < count ? ptx_find_symbol(r, names[bound], strlen(names[bound]), &number) : NULL;
        if (!s || s->kind != SYMBOL_LOCAL_PARAM) decode_unknown(r);
        ptx_add_symbol(r, declared, length, SYMBOL_LOCAL_PARAM)->value = s->value;
    }
    if (bound != count) decode_unknown(r);
    r->at = after;
}

bool decode_call(ptx_reader *r, char **parts, int count)
{
    char *results[2], *names[32], none[] = "()", end[] = ")";
    const bool gives = count > 0 && parts[0][0] == '(';
    if (count < 1 + gives || count > 2 + gives || r->guard) return false;
    const ptx_body *f = ptx_find_body(r, parts[gives], false);
    if (!f) emu_unknown("%s: calls %s, which is no function here", r->kernel->name, parts[gives]);
    const int n_results = gives ? arguments(r, parts[0], results, 2) : 0;
    const int n = arguments(r, count > 1 + gives ? parts[1 + gives] : none, names, 32);
    if (++r->depth > DEEPEST) emu_unknown("%s: functions call each other", r->kernel->name);

    char *copy = strndup(f->text, f->text_length), *after = r->at;
    if (!copy) emu_unknown("the host has no memory left");
    const uint32_t symbols = r->symbol_count, labels = r->label_count, jumps = r->jump_count;
    char *declared_results = f->results ? copy + (f->results - f->text) : end;
    char *declared = f->parameters ? copy + (f->parameters - f->text) : end;
    bind(r, declared_results, results, n_results);
    bind(r, declared, names, n);
    r->at = copy + (f->body - f->text);
    ptx_read_body(r);
    ptx_add_label(r, PTX_RETURN, strlen(PTX_RETURN));
    r->text = "return";
    decode_new(r, ptx_nothing, DO_PLAIN);
    ptx_place_labels(r, labels, jumps);
    r->symbol_count = symbols;
    r->at = after;
    r->depth--;
    return true;
}
