/* numpy_header.c -- the header of a .npy: a Python dictionary of three keys. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/numpy_inside.h"

/* An element of more bytes is refused: a text of thousands of characters is no name. */
enum { WIDEST = 16384, TEXT = 24 };

typedef struct {
    const char *at, *end, *label;
} cursor;

static void skip_blanks(cursor *c)
{
    while (c->at < c->end && (*c->at == ' ' || *c->at == '\n')) c->at++;
}

/* Whether `word` comes next; it is taken then. */
static int take(cursor *c, const char *word)
{
    size_t length = strlen(word);
    skip_blanks(c);
    if ((size_t)(c->end - c->at) < length || memcmp(c->at, word, length) != 0) return 0;
    c->at += length;
    return 1;
}

/* How many bytes from here are plain characters, and `most` at most. */
static int plain(const cursor *c, const char *from, int most)
{
    int n = 0;
    while (n < most && from + n < c->end && from[n] >= ' ' && from[n] <= '~') n++;
    return n;
}

static pv_status bad(const cursor *c, const char *wanted)
{
    return pv_fail(PV_EDATA, "%s has a damaged header: expected %s, found '%.*s'", c->label, wanted,
                   plain(c, c->at, 20), c->at);
}

/* A plain text in quotes, without escapes. */
static pv_status take_text(cursor *c, char out[static TEXT])
{
    const char *quote = take(c, "'") ? "'" : take(c, "\"") ? "\"" : NULL;
    if (!quote) return bad(c, "a text in quotes");
    const char *close = memchr(c->at, *quote, (size_t)(c->end - c->at));
    if (!close || close - c->at >= TEXT || plain(c, c->at, TEXT) < close - c->at)
        return bad(c, "a short text in quotes");
    memcpy(out, c->at, (size_t)(close - c->at));
    out[close - c->at] = 0;
    c->at = close + 1;
    return PV_OK;
}

/* Decimal digits up to the largest size_t, and no leading zeros. */
static pv_status take_size(cursor *c, size_t *out)
{
    skip_blanks(c);
    const char *start = c->at;
    *out = 0;
    for (; c->at < c->end && *c->at >= '0' && *c->at <= '9'; c->at++)
        if (__builtin_mul_overflow(*out, (size_t)10, out) ||
            __builtin_add_overflow(*out, (size_t)(*c->at - '0'), out))
            return pv_fail(PV_EDATA, "%s has a dimension larger than this machine's memory",
                           c->label);
    if (c->at == start || (*start == '0' && c->at > start + 1)) {
        c->at = start;
        return bad(c, "a dimension");
    }
    return PV_OK;
}

static pv_status take_shape(cursor *c, pv_numpy_header *h)
{
    if (!take(c, "(")) return bad(c, "the shape, in round brackets");
    for (h->rank = 0; !take(c, ")");) {
        if (h->rank == PV_NUMPY_RANK)
            return pv_fail(PV_EDATA, "%s has more than %d dimensions", c->label, PV_NUMPY_RANK);
        PV_TRY(take_size(c, &h->dim[h->rank++]));
        take(c, "L"); /* of Python 2's long numbers */
        if (take(c, ",")) continue;
        if (!take(c, ")") || h->rank == 1) return bad(c, "a comma after a dimension");
        break;
    }
    return PV_OK;
}

static pv_status take_type(cursor *c, pv_numpy_header *h)
{
    char text[TEXT];
    if (take(c, "["))
        return pv_fail(PV_EDATA,
                       "%s holds records of several fields; expected one number or text "
                       "in each place",
                       c->label);
    PV_TRY(take_text(c, text));
    if (strchr(text, 'O'))
        return pv_fail(PV_EDATA,
                       "%s holds Python objects (a pickle), which are never read; expected "
                       "numbers or text, see numpy.asarray(..., dtype=...)",
                       c->label);
    const size_t digits = strlen(text) > 2 ? strspn(text + 2, "0123456789") : 0;
    const int known = digits > 0 && digits < 6 && !text[2 + digits] && strchr("<>|=", text[0]);
    h->type = known ? text[1] : '?';
    h->size = known ? strtoul(text + 2, NULL, 10) : 0;
    if ((h->type == 'S' || h->type == 'U') && h->size > 0) {
        const size_t step = h->type == 'U' ? 4 : 1;
        if (h->size > WIDEST / step)
            return pv_fail(PV_EDATA, "%s holds texts of %zu characters; at most %zu are read",
                           c->label, h->size, WIDEST / step);
        h->size *= step;
    } else {
        static const char *const types[] = {"f4", "f8", "i1", "i2", "i4", "i8",
                                            "u1", "u2", "u4", "u8", "b1"};
        int match = 0;
        for (size_t i = 0; known && i < sizeof types / sizeof *types; i++)
            match |= strcmp(text + 1, types[i]) == 0;
        if (!match)
            return pv_fail(PV_EDATA,
                           "%s is of NumPy's type '%s'; expected one of f4 f8 i1 i2 i4 i8 u1 u2 "
                           "u4 u8 b1, or text",
                           c->label, text);
    }
    h->swapped = text[0] == '>';
    return PV_OK;
}

static pv_status take_item(cursor *c, pv_numpy_header *h, unsigned *seen)
{
    static const char *const keys[] = {"descr", "fortran_order", "shape"};
    char key[TEXT];
    unsigned k = 0;
    PV_TRY(take_text(c, key));
    while (k < 3 && strcmp(key, keys[k]) != 0) k++;
    if (k == 3 || (*seen & 1u << k))
        return pv_fail(PV_EDATA,
                       "%s has a key '%s' in its header %s; expected descr, "
                       "fortran_order and shape, once each",
                       c->label, key, k == 3 ? "that has no meaning" : "twice");
    *seen |= 1u << k;
    if (!take(c, ":")) return bad(c, "a colon");
    if (k == 0) return take_type(c, h);
    if (k == 2) return take_shape(c, h);
    h->fortran = take(c, "True");
    return h->fortran || take(c, "False") ? PV_OK : bad(c, "True or False");
}

pv_status pv_numpy_header_parse(pv_numpy_header *out, const char *text, size_t size,
                                const char *label)
{
    cursor c = {.at = text, .end = text + size, .label = label};
    unsigned seen = 0;
    *out = (pv_numpy_header){.rank = 0};
    if (!take(&c, "{")) return bad(&c, "a dictionary");
    while (!take(&c, "}")) {
        PV_TRY(take_item(&c, out, &seen));
        if (take(&c, ",")) continue;
        if (!take(&c, "}")) return bad(&c, "a comma");
        break;
    }
    skip_blanks(&c);
    if (c.at != c.end) return bad(&c, "nothing behind the dictionary");
    if (seen != 7)
        return pv_fail(PV_EDATA, "%s has a header without %s", label,
                       !(seen & 1)   ? "descr"
                       : !(seen & 2) ? "fortran_order"
                                     : "shape");
    int overflow = 0;
    out->elements = 1;
    for (int i = 0; i < out->rank; i++)
        overflow |= __builtin_mul_overflow(out->elements, (uint64_t)out->dim[i], &out->elements);
    overflow |= __builtin_mul_overflow(out->elements, (uint64_t)out->size, &out->bytes);
    pv_numpy_text is;
    if (overflow)
        return pv_fail(PV_EDATA, "%s is %s, more than any memory holds", label,
                       pv_numpy_header_text(is, out));
    return PV_OK;
}

/* ---- in words ---- */

static const char *with_dims(char *out, int rank, const size_t *dim)
{
    size_t n = strlen(out), room = sizeof(pv_numpy_text);
    if (rank == 0) snprintf(out + n, room - n, " (one value)");
    for (int i = 0; i < rank; i++)
        n += (size_t)snprintf(out + n, room - n, "%s%zu%s", i ? ", " : " [", dim[i],
                              i == rank - 1 ? "]" : "");
    return out;
}

const char *pv_numpy_header_text(pv_numpy_text out, const pv_numpy_header *h)
{
    size_t bits = 8 * h->size;
    switch (h->type) {
    case 'f':
        snprintf(out, sizeof(pv_numpy_text), "float%zu", bits);
        break;
    case 'i':
        snprintf(out, sizeof(pv_numpy_text), "int%zu", bits);
        break;
    case 'u':
        snprintf(out, sizeof(pv_numpy_text), "uint%zu", bits);
        break;
    default:
        strcpy(out, h->type == 'b' ? "bool" : "text");
    }
    return with_dims(out, h->rank, h->dim);
}

const char *pv_numpy_array_text(pv_numpy_text out, const pv_numpy_array *a)
{
    static const char *const kind[] = {
#define X(name, c, text) text,
        PV_NUMPY_KINDS(X)
#undef X
    };
    strcpy(out, kind[a->kind]);
    return with_dims(out, a->rank, a->dim);
}
