/* check.h -- what the plain test programs share: checks that are counted, and exit statuses.
 *
 * A failed check says what was found and what was wanted, and the program goes on; the first few
 * of a program are printed. */
#ifndef PV_CHECK_H
#define PV_CHECK_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "polarvae/status.h"

/* Of a function that not every program needs. */
#define HELPER __attribute__((unused)) static

enum { SKIPPED = 77, PRINTED = 20 };

static long check_count, check_failures;

__attribute__((format(printf, 2, 3))) HELPER int check(int holds, const char *format, ...)
{
    check_count++;
    if (holds) return 1;
    if (++check_failures <= PRINTED) {
        va_list arguments;
        va_start(arguments, format);
        fputs("FAILED: ", stdout);
        vprintf(format, arguments);
        putchar('\n');
        va_end(arguments);
    }
    return 0;
}

/* For calls without which the test cannot go on. */
#define NEED(call)                                                                                 \
    do {                                                                                           \
        if ((call) != PV_OK) {                                                                     \
            printf("FAILED: %s: %s\n", #call, pv_error());                                         \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

/* The exit status of the program; one without checks has failed. */
HELPER int check_end(void)
{
    printf("%ld checks, %ld failed\n", check_count, check_failures);
    return check_failures || !check_count;
}

#endif
