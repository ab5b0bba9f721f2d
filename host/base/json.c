/* json.c -- indented, well-formed JSON, made in memory and written at once. */
#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/text.h"

enum { DEEPEST = 32 };

struct pv_json {
    FILE *to; /* into text */
    char *text;
    size_t size;
    int depth;            /* open objects and arrays */
    char closer[DEEPEST]; /* '}' or ']' of each */
    int count[DEEPEST];   /* members of each */
    int started;          /* something stands at the top */
};

pv_json *pv_json_new(void)
{
    pv_json *j = calloc(1, sizeof *j);
    if (!j) return NULL;
    j->to = open_memstream(&j->text, &j->size);
    if (j->to) return j;
    free(j);
    return NULL;
}

/* Bytes that are not UTF-8 become U+FFFD, because file names may hold any. */
static void put_text(FILE *to, const char *text)
{
    static const char plain[] = "\"\\\b\f\n\r\t", escaped[] = "\"\\bfnrt";
    fputc('"', to);
    while (*text) {
        uint32_t code = 0;
        size_t size = pv_utf8_decode(&code, text);
        const char *special = size == 1 ? strchr(plain, *text) : NULL;
        if (size == 0)
            fputs("\\ufffd", to);
        else if (special)
            fprintf(to, "\\%c", escaped[special - plain]);
        else if (code < 0x20)
            fprintf(to, "\\u%04x", (unsigned)code);
        else
            fwrite(text, 1, size, to);
        text += size ? size : 1;
    }
    fputc('"', to);
}

static void put_real(FILE *to, double value)
{
    char text[32];
    pv_number_text(text, value);
    fputs(isfinite(value) ? text : "null", to);
}

static void new_line(pv_json *j) { fprintf(j->to, "\n%*s", 2 * j->depth, ""); }

static void open_level(pv_json *j, char opener, char closer)
{
    assert(j->depth < DEEPEST);
    fputc(opener, j->to);
    j->closer[j->depth] = closer;
    j->count[j->depth++] = 0;
}

/* Comma, line and key of the next value. A key at the top opens an object around everything. */
static int begin(pv_json *j, const char *key)
{
    if (!j) return 0;
    if (j->depth == 0) {
        assert(!j->started);
        j->started = 1;
        if (!key) return 1;
        open_level(j, '{', '}');
    }
    int level = j->depth - 1;
    assert((key != NULL) == (j->closer[level] == '}'));
    if (j->count[level]++) fputc(',', j->to);
    new_line(j);
    if (key) {
        put_text(j->to, key);
        fputs(": ", j->to);
    }
    return 1;
}

void pv_json_object(pv_json *j, const char *key)
{
    if (begin(j, key)) open_level(j, '{', '}');
}

void pv_json_array(pv_json *j, const char *key)
{
    if (begin(j, key)) open_level(j, '[', ']');
}

void pv_json_end(pv_json *j)
{
    if (!j) return;
    assert(j->depth > 0);
    j->depth--;
    if (j->count[j->depth]) new_line(j);
    fputc(j->closer[j->depth], j->to);
}

void pv_json_text(pv_json *j, const char *key, const char *value)
{
    if (!begin(j, key)) return;
    if (value)
        put_text(j->to, value);
    else
        fputs("null", j->to);
}

void pv_json_real(pv_json *j, const char *key, double value)
{
    if (begin(j, key)) put_real(j->to, value);
}

void pv_json_whole(pv_json *j, const char *key, long long value)
{
    if (begin(j, key)) fprintf(j->to, "%lld", value);
}

void pv_json_truth(pv_json *j, const char *key, int value)
{
    if (begin(j, key)) fputs(value ? "true" : "false", j->to);
}

void pv_json_matrix(pv_json *j, const char *key, const double *value, int rows, int columns)
{
    if (!j) return;
    pv_json_array(j, key);
    for (int r = 0; r < rows; r++) {
        begin(j, NULL);
        fputc('[', j->to);
        for (int c = 0; c < columns; c++) {
            if (c) fputs(", ", j->to);
            put_real(j->to, value[(size_t)r * (size_t)columns + (size_t)c]);
        }
        fputc(']', j->to);
    }
    pv_json_end(j);
}

static pv_status write_stdout(const char *text, size_t size)
{
    if (fwrite(text, 1, size, stdout) == size && fflush(stdout) == 0) return PV_OK;
    return pv_fail(PV_EIO, "standard output: cannot be written: %s", strerror(errno));
}

pv_status pv_json_finish(pv_json *j, const char *path)
{
    if (!j) return pv_fail(PV_ENOMEM, "%s: out of memory", path);
    if (!j->started) pv_json_object(j, NULL);
    while (j->depth > 0) pv_json_end(j);
    fputc('\n', j->to);
    int failed = ferror(j->to);
    if (fclose(j->to) != 0) failed = 1;
    pv_status status;
    if (failed)
        status = pv_fail(PV_ENOMEM, "%s: out of memory for its text", path);
    else if (strcmp(path, "-") == 0)
        status = write_stdout(j->text, j->size);
    else
        status = pv_write_text(path, j->text, j->size);
    free(j->text);
    free(j);
    return status;
}
