/* report.c -- findings, settings from the environment, failing calls, and the end of the program.
 */
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "inside.h"

enum { STATUS_UNKNOWN = 97, STATUS_FINDINGS = 98, PRINTED = 50 };

static atomic_long findings, calls, calls_named;
static pthread_mutex_t lock;

static void say(const char *format, va_list values)
{
    flockfile(stderr);
    fputs("emulator: ", stderr);
    vfprintf(stderr, format, values);
    fputc('\n', stderr);
    funlockfile(stderr);
}

void emu_report(const char *format, ...)
{
    long before = atomic_fetch_add(&findings, 1);
    if (before >= PRINTED) return;
    va_list values;
    va_start(values, format);
    say(format, values);
    va_end(values);
}

void emu_unknown(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    say(format, values);
    va_end(values);
    fflush(NULL);
    _exit(STATUS_UNKNOWN);
}

long emu_setting(const char *name, long otherwise)
{
    const char *text = getenv(name);
    if (!text || !*text) return otherwise;
    char *end;
    long value = strtol(text, &end, 10);
    if (*end || value < 0) emu_unknown("%s=%s: must be a whole number", name, text);
    return value;
}

int emu_fails(const char *call)
{
    long number = atomic_fetch_add(&calls, 1) + 1;
    const char *wanted = getenv("EMULATED_FAIL");
    if (!wanted || !*wanted) return 0;
    const char *colon = strchr(wanted, ':');
    if (colon) {
        size_t length = (size_t)(colon - wanted);
        if (strlen(call) != length || strncmp(call, wanted, length) != 0) return 0;
        number = atomic_fetch_add(&calls_named, 1) + 1;
        wanted = colon + 1;
    }
    return number == strtol(wanted, NULL, 10);
}

void emu_lock(void) { pthread_mutex_lock(&lock); }
void emu_unlock(void) { pthread_mutex_unlock(&lock); }
pthread_mutex_t *emu_mutex(void) { return &lock; }

static void finish(void)
{
    memory_report_leaks();
    handle_report_leaks();
    if (emu_setting("EMULATED_COUNT", 0)) fprintf(stderr, "emulator: %ld calls\n", (long)calls);
    if (!findings) return;
    fprintf(stderr, "emulator: %ld finding%s\n", (long)findings, findings == 1 ? "" : "s");
    fflush(NULL);
    _exit(STATUS_FINDINGS);
}

/* Registered before anything that uses the library registers its own end, and so called last. */
__attribute__((constructor)) static void start(void)
{
    pthread_mutexattr_t kind;
    pthread_mutexattr_init(&kind);
    pthread_mutexattr_settype(&kind, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&lock, &kind);
    pthread_mutexattr_destroy(&kind);
    atexit(finish);
}
