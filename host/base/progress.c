/* progress.c -- how far a long piece of work is, on stderr. */
#include "base/progress.h"

#include <math.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/text.h"

enum { LINE = 1024, WIDEST_BAR = 40, NARROWEST_BAR = 8 };
static const double redraw_every = 0.1, print_every = 10; /* seconds */

const char *pv_duration(char out[static 32], double seconds)
{
    if (!(seconds >= 0 && seconds < 1e9)) {
        snprintf(out, 32, "--");
        return out;
    }
    if (seconds < 59.95) {
        snprintf(out, 32, "%.1f s", seconds);
        return out;
    }
    long s = lround(seconds), days = s / 86400;
    if (days)
        snprintf(out, 32, "%ldd %02ld:%02ld:%02ld", days, s / 3600 % 24, s / 60 % 60, s % 60);
    else if (s >= 3600)
        snprintf(out, 32, "%ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
    else
        snprintf(out, 32, "%ld:%02ld", s / 60, s % 60);
    return out;
}

/* A buffer that counts columns: each character is one wide. */
typedef struct {
    char *out;
    size_t used;
    int columns, room; /* room: columns in all */
} line_buffer;

static void put_bytes(line_buffer *b, const char *bytes, size_t size)
{
    if (b->used + size >= LINE) return;
    memcpy(b->out + b->used, bytes, size);
    b->used += size;
    b->out[b->used] = 0;
}

/* As much as there is room for; control characters, which would move the cursor, become blanks. */
static void put(line_buffer *b, const char *text)
{
    uint32_t code = 0;
    while (*text && b->columns < b->room) {
        size_t size = pv_utf8_decode(&code, text);
        int shown = size > 0 && code >= 0x20 && (code < 0x7f || code >= 0xa0);
        put_bytes(b, shown ? text : " ", shown ? size : 1);
        b->columns++;
        text += size ? size : 1;
    }
}

static int columns(const char *text)
{
    char copy[LINE];
    line_buffer b = {.out = copy, .room = LINE};
    put(&b, text);
    return b.columns;
}

__attribute__((format(printf, 2, 3))) static void print(line_buffer *b, const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    put(b, text);
}

static void put_bar(line_buffer *b, double share, int width, int colour)
{
    /* Half a cell is the smallest step. */
    int halves = (int)(share * 2 * width);
    if (colour) put_bytes(b, "\033[36m", 5);
    for (int i = 0; i < width; i++) {
        if (colour && i == (halves + 1) / 2) put_bytes(b, "\033[2m", 4);
        put(b, 2 * i + 1 < halves ? "━" : 2 * i < halves ? "╸" : "─");
    }
    if (colour) put_bytes(b, "\033[0m", 4);
}

/* 0.034, 3.41, 34.1, 341, 34100: about three digits. */
static void put_rate(line_buffer *b, double rate)
{
    int decimals = rate >= 100 ? 0 : rate >= 10 ? 1 : rate >= 1 ? 2 : 3;
    print(b, "%.*f/s", decimals, rate);
}

/* "126000/300000  53.2/s  ETA 54:21": what is there apart from title, bar and detail. */
static void put_numbers(line_buffer *b, const pv_progress_line *line, const char *gap)
{
    char time[32];
    size_t fresh = line->done > line->first ? line->done - line->first : 0;
    double rate = line->seconds > 0 ? (double)fresh / line->seconds : 0;
    if (line->total)
        print(b, "%zu/%zu", line->done, line->total);
    else
        print(b, "%zu", line->done);
    if (rate > 0) {
        put(b, gap);
        put_rate(b, rate);
    }
    put(b, gap);
    if (line->done >= line->total)
        print(b, "in %s", pv_duration(time, line->seconds));
    else if (rate > 0)
        print(b, "ETA %s", pv_duration(time, (double)(line->total - line->done) / rate));
    else
        put(b, "ETA --");
}

void pv_progress_text(char out[static 1024], const pv_progress_line *line)
{
    double share = line->total ? (double)line->done / (double)line->total : 0;
    if (share > 1) share = 1;
    line_buffer b = {.out = out, .room = line->columns ? line->columns - 1 : LINE};
    *out = 0;
    if (!line->columns) {
        print(&b, "%s: %.0f%%, ", line->title, floor(100 * share));
        put_numbers(&b, line, ", ");
        if (*line->detail) put(&b, ", ");
        put(&b, line->detail);
        return;
    }
    char numbers[LINE];
    line_buffer n = {.out = numbers, .room = LINE};
    put_numbers(&n, line, "  ");
    /* 11: two gaps of two, the gap after the bar, "100%", and two of the detail's. */
    int width = b.room - columns(line->title) - n.columns - columns(line->detail) - 11;
    if (width > WIDEST_BAR) width = WIDEST_BAR;
    print(&b, "%s  ", line->title);
    if (width >= NARROWEST_BAR) {
        put_bar(&b, share, width, line->colour);
        put(&b, " ");
    }
    print(&b, "%3.0f%%  %s", floor(100 * share), numbers);
    if (*line->detail) put(&b, "  ");
    put(&b, line->detail);
}

/* ---- on stderr ---- */

static int terminal_columns(void)
{
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}

void pv_bar_start(pv_bar *bar, const char *title, size_t first, int quiet)
{
    const char *term = getenv("TERM");
    *bar = (pv_bar){.quiet = quiet, .first = first, .start = pv_now()};
    snprintf(bar->title, sizeof bar->title, "%s", title);
    bar->terminal = isatty(STDERR_FILENO) && term && *term && strcmp(term, "dumb") != 0;
}

void pv_bar_show(pv_bar *bar, size_t done, size_t total, const char *detail)
{
    if (bar->quiet) return;
    double now = pv_now();
    /* The first plain line waits as well: short work then leaves only its last one. */
    double since = now - (bar->last > 0 || bar->terminal ? bar->last : bar->start);
    if (done != total && since < (bar->terminal ? redraw_every : print_every)) return;
    bar->last = now;
    const char *no_colour = getenv("NO_COLOR");
    char text[LINE];
    pv_progress_text(text, &(pv_progress_line){.title = bar->title,
                                               .detail = detail,
                                               .first = bar->first,
                                               .done = done,
                                               .total = total,
                                               .seconds = now - bar->start,
                                               .columns = bar->terminal ? terminal_columns() : 0,
                                               .colour = !no_colour || !*no_colour});
    fprintf(stderr, bar->terminal ? "\r%s\033[K" : "%s\n", text);
    fflush(stderr);
}

void pv_bar_say(pv_bar *bar, const char *text)
{
    if (bar->quiet) return;
    fprintf(stderr, "%s%s\n", bar->terminal && bar->last > 0 ? "\r\033[K" : "", text);
    if (bar->terminal) bar->last = 0; /* to be drawn anew */
}

void pv_bar_end(pv_bar *bar)
{
    if (!bar->quiet && bar->terminal && bar->last > 0) fputc('\n', stderr);
    bar->last = 0;
}

static pv_status report(void *state, size_t done, size_t total)
{
    pv_bar *bar = state;
    pv_bar_show(bar, done, total, "");
    int number = pv_signal_came();
    if (!number) return PV_OK;
    return pv_fail(PV_ESTOPPED, "%s: stopped by %s", bar->title,
                   number == SIGINT ? "SIGINT" : "SIGTERM");
}

pv_progress pv_bar_progress(pv_bar *bar) { return (pv_progress){.report = report, .state = bar}; }
