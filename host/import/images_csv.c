/* images_csv.c -- reads a CSV file, whose fields stay where they are in its text. */
#include "import/images_csv.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"

typedef struct {
    const char *path;
    char *at, *end; /* a zero byte is at the end */
    size_t line;
} cursor;

/* Whether a line ends here; it is taken then. */
static int take_end(cursor *c)
{
    if (c->at == c->end) return 1;
    const size_t length = *c->at == '\n' ? 1 : c->at[0] == '\r' && c->at[1] == '\n' ? 2 : 0;
    c->at += length;
    c->line += length > 0;
    return length > 0;
}

/* Sets *length to that of the text without its quotes; c->at is behind them. */
static pv_status take_quoted(cursor *c, char *out, size_t *length)
{
    const size_t first = c->line;
    char *to = out;
    for (c->at++; c->at < c->end; c->at++) {
        if (*c->at == '"' && *++c->at != '"') {
            *length = (size_t)(to - out);
            return PV_OK;
        }
        c->line += *c->at == '\n';
        *to++ = *c->at;
    }
    return pv_fail(PV_EDATA, "%s: line %zu: a quote is opened, but never closed", c->path, first);
}

/* *last: the line ends behind the field. */
static pv_status take_field(cursor *c, char **out, int *last)
{
    const size_t line = c->line;
    size_t length = 0;
    *out = c->at;
    if (*c->at == '"') {
        PV_TRY(take_quoted(c, *out, &length));
    } else {
        length = strcspn(c->at, ",\"\r\n");
        c->at += length;
    }
    *last = take_end(c);
    if (!*last && *c->at++ != ',')
        return pv_fail(PV_EDATA,
                       "%s: line %zu: a quote or a lone carriage return within a field; expected a "
                       "comma, or the whole field in quotes, with each quote in it twice",
                       c->path, line);
    (*out)[length] = 0;
    return PV_OK;
}

static pv_status take_row(pv_csv *csv, cursor *c, size_t *fields)
{
    size_t count = 0;
    csv->line[csv->rows] = c->line;
    for (int last = 0; !last; count++) PV_TRY(take_field(c, &csv->field[(*fields)++], &last));
    if (csv->rows == 0) csv->columns = count;
    if (count != csv->columns)
        return pv_fail(PV_EDATA, "%s: line %zu has %zu fields; the header has %zu", c->path,
                       csv->line[csv->rows], count, csv->columns);
    csv->rows++;
    return PV_OK;
}

static size_t count_of(const cursor *c, char character)
{
    size_t count = 0;
    for (const char *at = c->at; at < c->end; at++) count += *at == character;
    return count;
}

static pv_status take_all(pv_csv *csv, cursor *c)
{
    const size_t lines = count_of(c, '\n') + 1;
    size_t fields = 0;
    if (memchr(c->at, 0, (size_t)(c->end - c->at)))
        return pv_fail(PV_EDATA, "%s: holds zero bytes; expected text in UTF-8", c->path);
    PV_TRY(pv_new(&csv->line, lines, sizeof *csv->line, "lines"));
    PV_TRY(pv_new(&csv->field, lines + count_of(c, ','), sizeof *csv->field, "fields"));
    while (c->at < c->end)
        if (!take_end(c)) PV_TRY(take_row(csv, c, &fields));
    if (csv->rows == 0) return pv_fail(PV_EDATA, "%s: is empty; expected a header", c->path);
    return PV_OK;
}

pv_status pv_csv_read(pv_csv *out, const char *path)
{
    static const char mark[] = "\xef\xbb\xbf";
    size_t size;
    *out = (pv_csv){.rows = 0};
    PV_TRY(pv_read_text(&out->text, &size, path));
    cursor c = {.path = path, .at = out->text, .end = out->text + size, .line = 1};
    if (strncmp(c.at, mark, sizeof mark - 1) == 0) c.at += sizeof mark - 1;
    pv_status status = take_all(out, &c);
    if (status != PV_OK) pv_csv_free(out);
    return status;
}

void pv_csv_free(pv_csv *csv)
{
    free(csv->field);
    free(csv->line);
    free(csv->text);
    *csv = (pv_csv){.rows = 0};
}
