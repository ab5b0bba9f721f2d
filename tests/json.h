/* json.h -- for tests: is a text well-formed JSON, and what stands at a path. */
#ifndef PV_TEST_JSON_H
#define PV_TEST_JSON_H

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static const char *json_space(const char *p)
{
    while (p && *p && strchr(" \t\r\n", *p)) p++;
    return p;
}

static const char *json_string(const char *p)
{
    if (!p || *p != '"') return NULL;
    for (p++; *p != '"'; p++) {
        if ((unsigned char)*p < 0x20) return NULL;
        if (*p != '\\') continue;
        p++;
        if (*p != 'u' && (!*p || !strchr("\"\\/bfnrt", *p))) return NULL;
        for (int k = 0; *p == 'u' && k < 4; k++)
            if (!isxdigit((unsigned char)p[k + 1])) return NULL;
    }
    return p + 1;
}

static const char *json_digits(const char *p)
{
    if (!isdigit((unsigned char)*p)) return NULL;
    while (isdigit((unsigned char)*p)) p++;
    return p;
}

static const char *json_number(const char *p)
{
    if (*p == '-') p++;
    if (*p == '0' && isdigit((unsigned char)p[1])) return NULL;
    p = json_digits(p);
    if (p && *p == '.') p = json_digits(p + 1);
    if (p && (*p == 'e' || *p == 'E')) p = json_digits(p + 1 + (p[1] == '+' || p[1] == '-'));
    return p;
}

/* The end of the value at p, NULL where it is not JSON. With `key` (of a member, or the index of
 * an element as text) *found becomes that child of the value. */
static const char *json_value(const char *p, const char *key, const char **found)
{
    p = json_space(p);
    if (!p || !*p) return NULL;
    for (int k = 0; k < 3; k++) {
        const char *word = ((const char *const[]){"true", "false", "null"})[k];
        if (strncmp(p, word, strlen(word)) == 0) return p + strlen(word);
    }
    if (*p == '"') return json_string(p);
    if (*p != '{' && *p != '[') return json_number(p);
    char close = *p == '{' ? '}' : ']';
    p = json_space(p + 1);
    if (*p == close) return p + 1;
    for (long index = 0;; index++) {
        const char *name = p;
        int here = key && close == ']' && *key && strtol(key, NULL, 10) == index;
        if (close == '}') {
            if (!(p = json_string(p))) return NULL;
            here = key && (size_t)(p - name) == strlen(key) + 2 &&
                   strncmp(name + 1, key, strlen(key)) == 0;
            p = json_space(p);
            if (*p++ != ':') return NULL;
        }
        if (here && found) *found = json_space(p);
        p = json_space(json_value(p, NULL, NULL));
        if (!p) return NULL;
        if (*p == close) return p + 1;
        if (*p++ != ',') return NULL;
        p = json_space(p);
    }
}

/* A whole text is one value and nothing after it. */
__attribute__((unused)) static int json_valid(const char *text)
{
    const char *end = json_space(json_value(text, NULL, NULL));
    return end && *end == 0;
}

/* The value at a path such as "variables/0/type", NULL if there is none. */
__attribute__((unused)) static const char *json_at(const char *text, const char *path)
{
    char key[64];
    while (text && *path) {
        size_t size = strcspn(path, "/");
        if (size >= sizeof key) return NULL;
        memcpy(key, path, size);
        key[size] = 0;
        const char *found = NULL;
        json_value(text, key, &found);
        text = found;
        path += size + (path[size] == '/');
    }
    return text;
}

#endif
