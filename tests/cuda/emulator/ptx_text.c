/* ptx_text.c -- words and characters of a program in PTX. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "ptx_reader.h"

void *ptx_grow(void *items, uint32_t count, uint32_t *room, size_t size)
{
    if (count < *room) return items;
    *room = *room ? 2 * *room : 16;
    items = realloc(items, *room * size);
    if (!items) emu_unknown("the host has no memory left");
    return items;
}

/* ---- characters ---- */

void text_skip_blanks(ptx_reader *r)
{
    while (isspace((unsigned char)*r->at)) r->at++;
}

static bool is_name(char c) { return isalnum((unsigned char)c) || strchr("_$%.:", c); }

/* A word of the text, not ended by a zero. */
char *text_word(ptx_reader *r, size_t *length)
{
    text_skip_blanks(r);
    char *word = r->at;
    while (*r->at && is_name(*r->at) && !(*r->at == ':' && r->at[1] != ':' && r->at[-1] != ':'))
        r->at++;
    *length = (size_t)(r->at - word);
    return word;
}

bool text_is(const char *word, size_t length, const char *other)
{
    return strlen(other) == length && strncmp(word, other, length) == 0;
}

bool text_accept(ptx_reader *r, char c)
{
    text_skip_blanks(r);
    if (*r->at != c) return false;
    r->at++;
    return true;
}

void text_skip_past(ptx_reader *r, char c)
{
    while (*r->at && *r->at != c) r->at++;
    if (*r->at) r->at++;
}

char *text_copy(const char *text, size_t length)
{
    char *copy = strndup(text, length);
    if (!copy) emu_unknown("the host has no memory left");
    return copy;
}

void text_blank_comments(char *text)
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
