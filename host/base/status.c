/* status.c -- the thread's error text, and the exit status that belongs to a failure. */
#include "polarvae/status.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { ERROR_TEXT = 512 };
static _Thread_local char error_text[ERROR_TEXT];

/* One line, without half a UTF-8 character where the text was cut. */
static void tidy(char *text)
{
    size_t length = strlen(text);
    if (length == ERROR_TEXT - 1) {
        size_t start = length - 1;
        while (start > 0 && ((unsigned char)text[start] & 0xc0) == 0x80) start--;
        if ((unsigned char)text[start] >= 0x80) text[start] = 0;
    }
    for (char *c = text; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7f) *c = ' ';
}

pv_status pv_fail(pv_status status, const char *format, ...)
{
    /* A fresh buffer, because an argument may be pv_error() itself. */
    char text[ERROR_TEXT];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    tidy(text);
    memcpy(error_text, text, sizeof text);
    return status;
}

const char *pv_error(void) { return error_text; }

int pv_exit_code(pv_status status)
{
    switch (status) {
#define X(name, code, text)                                                                        \
    case PV_##name:                                                                                \
        return code;
        PV_STATUS_LIST(X)
#undef X
    }
    return 1;
}
