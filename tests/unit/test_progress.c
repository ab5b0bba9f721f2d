/* test_progress.c -- the progress line at every width, and the bar on a terminal and elsewhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/progress.h"
#include "base/text.h"

static void assert_duration(double seconds, const char *want)
{
    char text[32];
    assert_string_equal(pv_duration(text, seconds), want);
}

static void durations(void **state)
{
    (void)state;
    assert_duration(0, "0.0 s");
    assert_duration(4.5, "4.5 s");
    assert_duration(59.94, "59.9 s");
    assert_duration(59.96, "1:00");
    assert_duration(61, "1:01");
    assert_duration(3599.4, "59:59");
    assert_duration(3599.6, "1:00:00");
    assert_duration(3723, "1:02:03");
    assert_duration(86400 * 3 + 3723, "3d 01:02:03");
    assert_duration(-1, "--");
    assert_duration(0.0 / 0.0, "--");
    assert_duration(1e300, "--");
}

static int columns(const char *text)
{
    int count = 0;
    uint32_t code;
    for (size_t size; *text; text += size, count++) {
        size = pv_utf8_decode(&code, text);
        assert_in_range(size, 1, 4);
        assert_true(code >= 0x20 && code != 0x7f);
    }
    return count;
}

static void a_line_has_all_of_it(void **state)
{
    (void)state;
    char text[1024];
    pv_progress_line line = {.title = "training",
                             .detail = "loss 31.2  kl 11.9",
                             .first = 1000,
                             .done = 1500,
                             .total = 2000,
                             .seconds = 10,
                             .columns = 100};
    pv_progress_text(text, &line);
    assert_string_equal(text,
                        "training  ━━━━━━━━━━━━━━━━━━━━━━━━╸────────  75%  1500/2000  50.0/s  "
                        "ETA 10.0 s  loss 31.2  kl 11.9");
    line.columns = 0;
    pv_progress_text(text, &line);
    assert_string_equal(text, "training: 75%, 1500/2000, 50.0/s, ETA 10.0 s, loss 31.2  kl 11.9");
    line.done = 2000;
    line.detail = "";
    pv_progress_text(text, &line);
    assert_string_equal(text, "training: 100%, 2000/2000, 100/s, in 10.0 s");
    line.seconds = 0;
    line.done = 1000;
    pv_progress_text(text, &line);
    assert_string_equal(text, "training: 50%, 1000/2000, ETA --");
}

static int count(const char *text, const char *part)
{
    int found = 0;
    for (; (text = strstr(text, part)); text += strlen(part)) found++;
    return found;
}

static void a_bar_grows_by_half_cells(void **state)
{
    (void)state;
    char text[1024];
    for (size_t done = 0; done <= 80; done++) {
        pv_progress_text(text, &(pv_progress_line){.title = "x",
                                                   .detail = "",
                                                   .done = done,
                                                   .total = 80,
                                                   .seconds = 1,
                                                   .columns = 120});
        assert_int_equal(count(text, "━"), done / 2);
        assert_int_equal(count(text, "╸"), done % 2);
        assert_int_equal(count(text, "─"), 40 - (done + 1) / 2);
    }
}

static void no_line_is_wider_than_the_terminal(void **state)
{
    (void)state;
    static const char *const details[] = {"", "loss 31.2", "\xff\x1b[2J\n\x9b", "größer ∑ 😀"};
    char text[1024];
    for (int width = 1; width <= 300; width++)
        for (size_t i = 0; i < 4; i++)
            for (size_t done = 0; done <= 12; done += 3) {
                pv_progress_line line = {.title = "Größe\tder Bilder",
                                         .detail = details[i],
                                         .done = done,
                                         .total = 9 * (done % 2), /* 0, and less than done */
                                         .seconds = 1e-3,
                                         .columns = width};
                pv_progress_text(text, &line);
                assert_true(columns(text) < width);
            }
    char longest[3000];
    memset(longest, 'x', sizeof longest);
    longest[sizeof longest - 1] = 0;
    for (int width = 0; width < 5000; width += 500) {
        pv_progress_text(
            text,
            &(pv_progress_line){
                .title = longest, .detail = longest, .total = 1, .columns = width, .colour = 1});
        assert_in_range(strlen(text), width ? 499 : 1000, 1023);
    }
}

/* What the bar writes to stderr, which is `file` meanwhile. */
static void show(int file, int quiet, const char *detail)
{
    pv_bar bar;
    int before = dup(STDERR_FILENO);
    fflush(stderr);
    assert_true(dup2(file, STDERR_FILENO) >= 0);
    pv_bar_start(&bar, "encoding", 0, quiet);
    for (size_t done = 1; done <= 1000; done++) pv_bar_show(&bar, done, 1000, detail);
    pv_bar_end(&bar);
    fflush(stderr);
    assert_true(dup2(before, STDERR_FILENO) >= 0);
    close(before);
}

/* Reads what was written before a mark that ends it: a terminal hands on its text when it likes. */
static void read_back(int from, int to, char *text, size_t size)
{
    size_t used = 0;
    assert_int_equal(write(to, "|", 1), 1);
    do {
        ssize_t n = read(from, text + used, size - used);
        assert_true(n > 0);
        used += (size_t)n;
    } while (text[used - 1] != '|');
    text[used - 1] = 0;
}

static void elsewhere_it_is_one_plain_line(void **state)
{
    (void)state;
    char text[4096];
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    show(ends[1], 1, "quiet");
    read_back(ends[0], ends[1], text, sizeof text);
    assert_string_equal(text, "");
    show(ends[1], 0, "kl 2");
    read_back(ends[0], ends[1], text, sizeof text);
    assert_memory_equal(text, "encoding: 100%, 1000/1000, ", 27);
    assert_string_equal(strchr(text, '\n') - 6, ", kl 2\n");
    close(ends[0]);
    close(ends[1]);
}

static int open_terminal(int *master)
{
    *master = posix_openpt(O_RDWR | O_NOCTTY);
    if (*master < 0 || grantpt(*master) != 0 || unlockpt(*master) != 0) return -1;
    ioctl(*master, TIOCSWINSZ, &(struct winsize){.ws_row = 24, .ws_col = 72});
    return open(ptsname(*master), O_RDWR | O_NOCTTY);
}

static void on_a_terminal_it_is_a_bar(void **state)
{
    (void)state;
    char text[65536];
    int master, terminal = open_terminal(&master);
    if (terminal < 0) skip();
    setenv("NO_COLOR", "1", 1);
    setenv("TERM", "xterm", 1);
    show(terminal, 1, "quiet");
    read_back(master, terminal, text, sizeof text);
    assert_string_equal(text, "");
    show(terminal, 0, "kl 2");
    read_back(master, terminal, text, sizeof text);
    assert_memory_equal(text, "\rencoding  ", 11);
    char *last = strrchr(text, '\r'); /* of the line's end: the terminal makes \r\n of \n */
    assert_string_equal(last, "\r\n");
    *last = 0;
    last = strrchr(text, '\r') + 1;
    assert_non_null(strstr(last, "━ 100%  1000/1000"));
    assert_string_equal(last + strlen(last) - 3, "\033[K");
    last[strlen(last) - 3] = 0;
    assert_true(columns(last) < 72);

    setenv("TERM", "dumb", 1);
    show(terminal, 0, "kl 2");
    read_back(master, terminal, text, sizeof text);
    assert_memory_equal(text, "encoding: 100%", 14);
    close(terminal);
    close(master);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(durations),
        cmocka_unit_test(a_line_has_all_of_it),
        cmocka_unit_test(a_bar_grows_by_half_cells),
        cmocka_unit_test(no_line_is_wider_than_the_terminal),
        cmocka_unit_test(elsewhere_it_is_one_plain_line),
        cmocka_unit_test(on_a_terminal_it_is_a_bar),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
