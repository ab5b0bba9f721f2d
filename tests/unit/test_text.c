/* test_text.c -- numbers, UTF-8 and JSON as text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "base/text.h"

/* ---- numbers ---- */

static const char *number(double value)
{
    static char text[32];
    pv_number_text(text, value);
    return text;
}

static void numbers_are_short(void **state)
{
    (void)state;
    assert_string_equal(number(0.1), "0.1");
    assert_string_equal(number(1e-4), "0.0001");
    assert_string_equal(number(0.1 + 0.2), "0.30000000000000004");
    assert_string_equal(number(300000), "300000");
    assert_string_equal(number(1e6), "1e+06");
    assert_string_equal(number(-1234567), "-1234567");
    assert_string_equal(number(0.0), "0");
    assert_string_equal(number(-0.0), "-0");
    assert_string_equal(number(DBL_TRUE_MIN), "5e-324");
    assert_string_equal(number(DBL_MAX), "1.7976931348623157e+308");
}

static uint64_t next_random(uint64_t *x)
{
    *x ^= *x << 13;
    *x ^= *x >> 7;
    *x ^= *x << 17;
    return *x;
}

static void numbers_read_back_to_the_same_bits(void **state)
{
    (void)state;
    uint64_t seed = 88172645463325252u;
    int tried = 0;
    for (int i = 0; i < 20000; i++) {
        uint64_t bits = next_random(&seed);
        /* Half of them near everyday sizes. */
        if (i % 2) bits = (bits & 0x800fffffffffffffu) | (0x3f0u + (uint64_t)i % 40) << 52;
        double value, back;
        memcpy(&value, &bits, sizeof value);
        if (!isfinite(value)) continue;
        tried++;
        assert_true(pv_number_parse(&back, number(value)));
        assert_memory_equal(&value, &back, sizeof value);
    }
    assert_in_range(tried, 19000, 20000);
}

static void only_whole_strings_are_numbers(void **state)
{
    (void)state;
    static const char *const good[] = {"4", "-0.5", "+.5", "5.", "1e-4", "1E+4", "007", "1e-400"};
    static const char *const bad[] = {
        "",    " 4",  "4 ",    "nan", "inf", "-inf", "0x10", "1e",   "1e+", "1e999", ".",       "-",
        "+-4", "4,5", "1_000", "4a",  "e5",  "1..2", "4\n",  "auto", "--4", "1e4.5", "\xd9\xa4"};
    double value;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(pv_number_parse(&value, good[i]));
        assert_true(value == strtod(good[i], NULL));
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (pv_number_parse(&value, bad[i])) fail_msg("'%s' is no number", bad[i]);
}

static void counts_are_whole(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t value;
    } good[] = {{"300000", 300000},
                {"3e5", 300000},
                {"1.5E3", 1500},
                {"-7", -7},
                {"2.0", 2},
                {"010", 10},
                {"9223372036854775807", INT64_MAX},
                {"9007199254740991.0", INT64_C(9007199254740991)}};
    static const char *const bad[] = {
        "1.5",   "1e-1", "9223372036854775808", "1e19", "9007199254740993.", "", "0x1",
        "1e400", "ten"};
    int64_t value;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_true(pv_whole_parse(&value, good[i].text));
        assert_true(value == good[i].value);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (pv_whole_parse(&value, bad[i])) fail_msg("'%s' is no count", bad[i]);
}

/* ---- UTF-8 ---- */

static void characters_are_decoded(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t size;
        uint32_t code;
    } good[] = {{"", 1, 0},
                {"a", 1, 'a'},
                {"\xc2\x80", 2, 0x80},
                {"\xdf\xbf!", 2, 0x7ff},
                {"\xe0\xa0\x80", 3, 0x800},
                {"\xed\x9f\xbf", 3, 0xd7ff},
                {"\xef\xbf\xbf", 3, 0xffff},
                {"\xf0\x90\x80\x80", 4, 0x10000},
                {"\xf4\x8f\xbf\xbf", 4, 0x10ffff}};
    /* Stray, cut, overlong, a surrogate, beyond the last. */
    static const char *const bad[] = {"\x80",
                                      "\xff",
                                      "\xc3",
                                      "\xe2\x82",
                                      "\xf0\x90\x80",
                                      "\xc1\xbf",
                                      "\xe0\x9f\xbf",
                                      "\xed\xa0\x80",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf4\x90\x80\x80",
                                      "\xf8\x88\x80\x80\x80",
                                      "\xc3("};
    uint32_t code = 0;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        assert_int_equal(pv_utf8_decode(&code, good[i].text), good[i].size);
        assert_int_equal(code, good[i].code);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(pv_utf8_decode(&code, bad[i]), 0);
}

static void edits_are_counted(void **state)
{
    (void)state;
    assert_int_equal(pv_edit_distance("", ""), 0);
    assert_int_equal(pv_edit_distance("", "abc"), 3);
    assert_int_equal(pv_edit_distance("bata", "beta"), 1);
    assert_int_equal(pv_edit_distance("kitten", "sitting"), 3);
    assert_int_equal(pv_edit_distance("sitting", "kitten"), 3);
    assert_int_equal(pv_edit_distance("learning-rate", "learning_rate"), 1);
    char longest[65] = "";
    memset(longest, 'x', 63);
    assert_int_equal(pv_edit_distance(longest, ""), 63);
    memset(longest, 'x', 64);
    assert_int_equal(pv_edit_distance(longest, longest), INT_MAX);
}

/* ---- JSON ---- */

static void assert_json(pv_json *j, const char *want)
{
    char path[] = "/tmp/pv_json_XXXXXX", *text;
    int file = mkstemp(path);
    assert_true(file >= 0);
    close(file);
    assert_int_equal(pv_json_finish(j, path), PV_OK);
    assert_int_equal(pv_read_text(&text, NULL, path), PV_OK);
    assert_string_equal(text, want);
    free(text);
    unlink(path);
}

static void all_values_are_written(void **state)
{
    (void)state;
    pv_json *j = pv_json_new();
    pv_json_object(j, NULL);
    pv_json_whole(j, "whole", LLONG_MIN);
    pv_json_real(j, "real", 0.1);
    pv_json_real(j, "nan", NAN);
    pv_json_real(j, "infinite", -INFINITY);
    pv_json_truth(j, "yes", 7);
    pv_json_truth(j, "no", 0);
    pv_json_text(j, "none", NULL);
    pv_json_array(j, "list");
    pv_json_whole(j, NULL, 1);
    pv_json_text(j, NULL, "two");
    pv_json_object(j, NULL);
    pv_json_end(j);
    pv_json_array(j, NULL);
    pv_json_end(j);
    pv_json_end(j);
    pv_json_matrix(j, "matrix", (const double[]){1, NAN, -0.5, 1e300, 0, 3}, 2, 3);
    pv_json_matrix(j, "empty", NULL, 0, 3);
    pv_json_end(j);
    assert_json(j, "{\n"
                   "  \"whole\": -9223372036854775808,\n"
                   "  \"real\": 0.1,\n"
                   "  \"nan\": null,\n"
                   "  \"infinite\": null,\n"
                   "  \"yes\": true,\n"
                   "  \"no\": false,\n"
                   "  \"none\": null,\n"
                   "  \"list\": [\n"
                   "    1,\n"
                   "    \"two\",\n"
                   "    {},\n"
                   "    []\n"
                   "  ],\n"
                   "  \"matrix\": [\n"
                   "    [1, null, -0.5],\n"
                   "    [1e+300, 0, 3]\n"
                   "  ],\n"
                   "  \"empty\": []\n"
                   "}\n");
}

static void text_is_escaped(void **state)
{
    (void)state;
    pv_json *j = pv_json_new();
    pv_json_array(j, NULL);
    pv_json_text(j, NULL, "");
    pv_json_text(j, NULL, "a\"b\\c/d");
    pv_json_text(j, NULL, "\b\f\n\r\t\x01\x1f\x7f");
    pv_json_text(j, NULL, "\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80");
    pv_json_text(j, NULL,
                 "\xff"
                 "a\xc3");
    pv_json_end(j);
    assert_json(j, "[\n"
                   "  \"\",\n"
                   "  \"a\\\"b\\\\c/d\",\n"
                   "  \"\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\",\n"
                   "  \"\xc3\xbc\xe2\x82\xac\xf0\x9f\x98\x80\",\n"
                   "  \"\\ufffda\\ufffd\"\n"
                   "]\n");
    j = pv_json_new();
    pv_json_text(j, "a key\n", "x");
    assert_json(j, "{\n  \"a key\\n\": \"x\"\n}\n");
}

static void what_is_open_is_closed(void **state)
{
    (void)state;
    assert_json(pv_json_new(), "{}\n");
    pv_json *j = pv_json_new();
    pv_json_whole(j, "a", 1);
    pv_json_array(j, "b");
    pv_json_object(j, NULL);
    assert_json(j, "{\n  \"a\": 1,\n  \"b\": [\n    {}\n  ]\n}\n");
    j = pv_json_new();
    pv_json_real(j, NULL, 2.5);
    assert_json(j, "2.5\n");
}

static void failures_are_told_at_the_end(void **state)
{
    (void)state;
    pv_json *j = pv_json_new();
    pv_json_whole(j, "a", 1);
    assert_int_equal(pv_json_finish(j, "/none/such/x.json"), PV_EIO);
    assert_non_null(strstr(pv_error(), "/none/such/x.json: cannot be written"));
    /* No memory from the start on. */
    pv_json_object(NULL, NULL);
    pv_json_text(NULL, "a", "b");
    pv_json_matrix(NULL, "m", NULL, 1, 1);
    pv_json_end(NULL);
    assert_int_equal(pv_json_finish(NULL, "x.json"), PV_ENOMEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_short),
        cmocka_unit_test(numbers_read_back_to_the_same_bits),
        cmocka_unit_test(only_whole_strings_are_numbers),
        cmocka_unit_test(counts_are_whole),
        cmocka_unit_test(characters_are_decoded),
        cmocka_unit_test(edits_are_counted),
        cmocka_unit_test(all_values_are_written),
        cmocka_unit_test(text_is_escaped),
        cmocka_unit_test(what_is_open_is_closed),
        cmocka_unit_test(failures_are_told_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
