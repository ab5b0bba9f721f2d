/* test_base.c -- error texts, memory, the checksum, signals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"

/* ---- errors ---- */

static void *fail_elsewhere(void *text)
{
    assert_string_equal(pv_error(), "");
    pv_fail(PV_EIO, "%s", (const char *)text);
    return NULL;
}

static void errors_are_one_line(void **state)
{
    (void)state;
    assert_int_equal(pv_fail(PV_EDATA, "a\nb\r\tc\x1b[31m %d", 7), PV_EDATA);
    assert_string_equal(pv_error(), "a b  c [31m 7");
    pv_fail(PV_EIO, "outer: %s", pv_error());
    assert_string_equal(pv_error(), "outer: a b  c [31m 7");

    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, fail_elsewhere, "other"), 0);
    pthread_join(thread, NULL);
    assert_string_equal(pv_error(), "outer: a b  c [31m 7");
}

static void long_errors_end_between_characters(void **state)
{
    (void)state;
    for (int shift = 0; shift < 4; shift++) {
        char text[900] = "xxx";
        for (size_t i = (size_t)shift; i + 2 < sizeof text; i += 2) memcpy(text + i, "\u00fc", 2);
        text[sizeof text - 1] = 0;
        pv_fail(PV_EIO, "%s", text);
        size_t length = strlen(pv_error());
        assert_in_range(length, 509, 511);
        assert_int_equal((length - (size_t)shift) % 2, 0);
    }
}

static void exit_codes(void **state)
{
    (void)state;
    assert_int_equal(pv_exit_code(PV_OK), 0);
    assert_int_equal(pv_exit_code(PV_EUSAGE), 2);
    assert_int_equal(pv_exit_code(PV_EIO), 1);
    assert_int_equal(pv_exit_code((pv_status)99), 1);
}

static void memory_is_zero_and_checked(void **state)
{
    (void)state;
    unsigned char *block;
    assert_int_equal(pv_new(&block, 37, 3, "bytes"), PV_OK);
    for (int i = 0; i < 37 * 3; i++) assert_int_equal(block[i], 0);
    free(block);
    assert_int_equal(pv_new(&block, 0, 8, "nothing"), PV_OK);
    assert_non_null(block);
    free(block);
    assert_int_equal(pv_new(&block, SIZE_MAX / 2, 16, "pixels"), PV_ENOMEM);
    assert_null(block);
    assert_non_null(strstr(pv_error(), "pixels"));
}

/* ---- the checksum ---- */

static uint64_t fnv(uint64_t hash, uint64_t byte) { return (hash ^ byte) * 1099511628211u; }

/* The definition, one lane after the other. */
static uint64_t plain_hash(uint64_t start, const unsigned char *byte, size_t size)
{
    uint64_t sum = (start ^ size) * 1099511628211u;
    for (size_t l = 0; l < 8; l++) {
        uint64_t lane = start;
        for (size_t i = l; i < size; i += 8) lane = fnv(lane, byte[i]);
        for (int k = 0; k < 8; k++, lane >>= 8) sum = fnv(sum, lane & 255);
    }
    return sum;
}

static void the_hash_sees_every_bit(void **state)
{
    (void)state;
    unsigned char bytes[67];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (unsigned char)(i * 37);
    uint64_t before = 0;
    for (size_t size = 0; size <= sizeof bytes; size++) {
        uint64_t hash = pv_hash(PV_HASH_START, bytes, size);
        assert_true(hash == plain_hash(PV_HASH_START, bytes, size));
        assert_true(hash != before);
        before = hash;
        for (size_t bit = 0; bit < 8 * size; bit++) {
            bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
            assert_true(pv_hash(PV_HASH_START, bytes, size) != hash);
            bytes[bit / 8] ^= (unsigned char)(1u << bit % 8);
        }
    }
    assert_true(pv_hash(before, bytes, 9) != pv_hash(PV_HASH_START, bytes, 9));
}

/* ---- signals ---- */

static int wait_for(pid_t child)
{
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void signals_set_a_flag(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        pv_bar bar;
        pv_signals_catch();
        pv_bar_start(&bar, "rendering", 0, 1);
        pv_progress progress = pv_bar_progress(&bar);
        if (pv_signal_came() || progress.report(progress.state, 1, 9) != PV_OK) _exit(1);
        raise(SIGTERM);
        if (pv_signal_came() != SIGTERM) _exit(2);
        if (progress.report(progress.state, 2, 9) != PV_ESTOPPED) _exit(3);
        if (strcmp(pv_error(), "rendering: stopped by SIGTERM") != 0) _exit(4);
        raise(SIGINT);
        if (pv_signal_came() != SIGTERM) _exit(5);
        raise(SIGINT);
        _exit(6);
    }
    int status = wait_for(child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGINT);
    double before = pv_now();
    assert_true(pv_now() >= before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_are_one_line),
        cmocka_unit_test(long_errors_end_between_characters),
        cmocka_unit_test(exit_codes),
        cmocka_unit_test(memory_is_zero_and_checked),
        cmocka_unit_test(the_hash_sees_every_bit),
        cmocka_unit_test(signals_set_a_flag),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
