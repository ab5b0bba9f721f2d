/* text.c -- numbers and UTF-8 as text, the same in every locale. */
#include "base/text.h"

#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <limits.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static pthread_once_t once = PTHREAD_ONCE_INIT;
static locale_t plain;

static void make_plain(void) { plain = newlocale(LC_ALL_MASK, "C", (locale_t)0); }

/* A program that links the library may have set a locale with a decimal comma. */
static locale_t enter_plain(void)
{
    pthread_once(&once, make_plain);
    return uselocale(plain);
}

void pv_number_text(char out[static 32], double value)
{
    locale_t before = enter_plain();
    /* From 15 digits on, %g drops the zeros by itself; large and denormal numbers have shorter
     * forms such as 1e+06 and 5e-324. */
    double size = fabs(value);
    char text[64] = "";
    int digits = size >= DBL_MIN && size < 1e6 ? 15 : 1;
    for (; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, value);
        if (strtod(text, NULL) == value) break;
    }
    /* 24 characters at most: sign, 17 digits, point, exponent. */
    memcpy(out, text, 32);
    uselocale(before);
}

static const char *skip_digits(const char *c)
{
    while (isdigit((unsigned char)*c)) c++;
    return c;
}

/* [+-] digits [. digits] [e [+-] digits], with a digit before or after the point. */
static int is_number(const char *text)
{
    const char *c = text + (*text == '+' || *text == '-');
    const char *end = skip_digits(c);
    int digits = end > c;
    if (*end == '.') {
        c = end + 1;
        end = skip_digits(c);
        digits |= end > c;
    }
    if (!digits) return 0;
    if (*end == 'e' || *end == 'E') {
        c = end + 1;
        c += *c == '+' || *c == '-';
        end = skip_digits(c);
        if (end == c) return 0;
    }
    return *end == 0;
}

int pv_number_parse(double *out, const char *text)
{
    if (!is_number(text)) return 0;
    locale_t before = enter_plain();
    double value = strtod(text, NULL);
    uselocale(before);
    *out = value;
    return isfinite(value);
}

int pv_whole_parse(int64_t *out, const char *text)
{
    if (!is_number(text)) return 0;
    if (!strpbrk(text, ".eE")) {
        errno = 0;
        *out = strtoll(text, NULL, 10);
        return errno == 0;
    }
    double value;
    if (!pv_number_parse(&value, text) || value != floor(value) || fabs(value) >= 0x1p53) return 0;
    *out = (int64_t)value;
    return 1;
}

size_t pv_utf8_decode(uint32_t *code, const char *text)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    const unsigned char *byte = (const unsigned char *)text;
    size_t size = byte[0] < 0x80             ? 1
                  : (byte[0] & 0xe0) == 0xc0 ? 2
                  : (byte[0] & 0xf0) == 0xe0 ? 3
                  : (byte[0] & 0xf8) == 0xf0 ? 4
                                             : 0;
    if (size == 0) return 0;
    *code = size == 1 ? byte[0] : byte[0] & (0x7fu >> size);
    for (size_t i = 1; i < size; i++) {
        if ((byte[i] & 0xc0) != 0x80) return 0;
        *code = *code << 6 | (byte[i] & 0x3f);
    }
    int surrogate = *code >= 0xd800 && *code <= 0xdfff;
    return *code < least[size] || *code > 0x10ffff || surrogate ? 0 : size;
}

int pv_edit_distance(const char *a, const char *b)
{
    enum { LONGEST = 63 };
    size_t columns = strlen(b);
    if (strlen(a) > LONGEST || columns > LONGEST) return INT_MAX;
    int row[LONGEST + 1];
    for (size_t j = 0; j <= columns; j++) row[j] = (int)j;
    for (size_t i = 0; a[i]; i++) {
        int diagonal = row[0];
        row[0] = (int)i + 1;
        for (size_t j = 0; j < columns; j++) {
            int change = diagonal + (a[i] != b[j]);
            int step = 1 + (row[j] < row[j + 1] ? row[j] : row[j + 1]);
            diagonal = row[j + 1];
            row[j + 1] = change < step ? change : step;
        }
    }
    return row[columns];
}

int pv_utf8_is_plain(const char *text)
{
    for (uint32_t code; *text;) {
        const size_t bytes = pv_utf8_decode(&code, text);
        if (bytes == 0 || code < 0x20 || (code >= 0x7f && code < 0xa0)) return 0;
        text += bytes;
    }
    return 1;
}
