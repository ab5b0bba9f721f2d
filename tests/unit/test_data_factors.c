/* test_data_factors.c -- factors by name, from factors to images, and correlated factors, against
 * tests/oracle/correlate.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <limits.h>
#include <math.h>

#include "base/hdf5.h"
#include "batch.h"
#include "polarvae/data.h"

#include "scratch.h"

#define GOLDEN PV_SOURCE_DIR "/tests/golden/correlate.h5"

/* ---- tables of factors without images ---- */

static void make_table(pv_data *d, size_t examples, int factors, const int *size)
{
    const size_t entries = examples * (size_t)factors;
    *d = (pv_data){.examples = examples, .factors = factors};
    for (int f = 0; f < factors; f++) {
        d->factor_size[f] = size[f];
        snprintf(d->factor_name[f], PV_FACTOR_NAME, "factor_%d", f);
    }
    OK(pv_new(&d->factor, entries, sizeof *d->factor, "factors"));
    OK(pv_new(&d->factor_value, entries, sizeof *d->factor_value, "factor values"));
}

static uint32_t draw(uint32_t below)
{
    static uint64_t at;
    return (uint32_t)(pv_philox(5, 0, 0, at++).word[0] % below);
}

/* Every combination; example i is number i of them, or the one at a place of chance. */
static void make_grid(pv_data *d, int factors, const int *size, int shuffled)
{
    size_t examples = 1, k = (size_t)factors;
    for (int f = 0; f < factors; f++) examples *= (size_t)size[f];
    make_table(d, examples, factors, size);
    for (size_t i = 0; i < examples; i++)
        for (size_t f = k, rest = i; f-- > 0; rest /= (size_t)size[f])
            d->factor[i * k + f] = (int32_t)(rest % (size_t)size[f]);
    for (size_t i = examples; shuffled && --i > 0;) {
        int32_t *a = d->factor + i * k, *b = d->factor + draw((uint32_t)i + 1) * k, kept;
        for (size_t f = 0; f < k; f++) {
            kept = a[f];
            a[f] = b[f];
            b[f] = kept;
        }
    }
    d->complete = !shuffled;
}

/* ---- names ---- */

static void names_are_found(void **state)
{
    (void)state;
    pv_data d;
    make_grid(&d, 3, (int[]){2, 3, 2}, 0);
    assert_int_equal(pv_data_factor(&d, "factor_1", 8), 1);
    assert_int_equal(pv_data_factor(&d, "factor_1:rest", 8), 1);
    assert_int_equal(pv_data_factor(&d, "factor_1", 7), -1);
    assert_int_equal(pv_data_factor(&d, "factor_12", 9), -1);
    assert_int_equal(pv_data_factor(&d, "Factor_1", 8), -1);
    assert_int_equal(pv_data_factor(&d, "", 0), -1);
    pv_data_close(&d);
}

static void nuisance_is_set(void **state)
{
    (void)state;
    static const struct {
        const char *names;
        int nuisance[3];
    } good[] = {{"factor_0", {1, 0, 0}},
                {"factor_2,factor_0", {1, 0, 1}},
                {"none", {0, 0, 0}},
                {"factor_1,factor_1,factor_1", {0, 1, 0}},
                {"factor_1,factor_2", {0, 1, 1}},
                {"factor_2", {0, 0, 1}}};
    static const struct {
        const char *names, *text;
    } bad[] = {{"factor_0,factor_1,factor_2", "leaves no factor"},
               {"factor_3", "no factor 'factor_3'; it has factor_0, factor_1, factor_2"},
               {"factor_0,color", "no factor 'color'"},
               {"factor_0,none", "no factor 'none'"},
               {"factor_0, factor_1", "no factor ' factor_1'"},
               {",factor_0", "no factor ''"},
               {"factor_0,", "no factor ''"},
               {"factor_0,,factor_1", "no factor ''"},
               {"", "no factor ''"}};
    pv_data d;
    make_grid(&d, 3, (int[]){2, 3, 2}, 0);
    assert_int_equal(pv_data_observed(&d), 3);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        OK(pv_data_set_nuisance(&d, good[i].names));
        int observed = 3;
        for (int f = 0; f < 3; f++) {
            assert_int_equal(d.nuisance[f], good[i].nuisance[f]);
            observed -= d.nuisance[f];
        }
        assert_int_equal(pv_data_observed(&d), observed);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_int_equal(pv_data_set_nuisance(&d, bad[i].names), PV_EUSAGE);
        if (!strstr(pv_error(), bad[i].text) || strchr(pv_error(), '\n'))
            fail_msg("'%s': %s", bad[i].names, pv_error());
        assert_int_equal(pv_data_observed(&d), 2); /* as before */
    }
    pv_data_close(&d);
}

/* ---- from factors to images ---- */

enum { UNIT = 2520 }; /* a multiple of 1 to 10: distances in whole numbers */

/* The example that the contract names, or d->examples where none has these factors. */
static size_t search(const pv_data *d, const int32_t *class, int exactly)
{
    const size_t k = (size_t)d->factors;
    long least = LONG_MAX;
    size_t best = d->examples;
    for (size_t i = 0; i < d->examples; i++) {
        long distance = 0;
        for (size_t f = 0; f < k; f++)
            if (d->factor_size[f] > 1)
                distance +=
                    labs((long)d->factor[i * k + f] - class[f]) * UNIT / (d->factor_size[f] - 1);
        if (distance >= least || (exactly && distance > 0)) continue;
        least = distance;
        best = i;
    }
    return best;
}

/* Asks for every combination of classes, by both functions. */
static void compare_searches(const pv_data *d)
{
    pv_data_index *index;
    size_t combinations = 1, missing = 0;
    int32_t class[PV_MAX_FACTORS];
    OK(pv_data_index_open(&index, d));
    for (int f = 0; f < d->factors; f++) combinations *= (size_t)d->factor_size[f];
    for (size_t i = 0; i < combinations; i++) {
        size_t rest = i, found = SIZE_MAX;
        for (int f = d->factors; f-- > 0; rest /= (size_t)d->factor_size[f])
            class[f] = (int32_t)(rest % (size_t)d->factor_size[f]);
        const size_t there = search(d, class, 1);
        const pv_status status = pv_data_find(index, class, &found);
        assert_int_equal(status, there < d->examples ? PV_OK : PV_EUSAGE);
        if (status == PV_OK) {
            assert_int_equal(found, there);
        } else {
            char text[64];
            snprintf(text, sizeof text, "no image has %s %d", d->factor_name[0], (int)class[0]);
            assert_non_null(strstr(pv_error(), text));
            assert_null(strchr(pv_error(), '\n'));
            missing++;
        }
        const size_t nearest = pv_data_nearest(index, class, -1), want = search(d, class, 0);
        if (nearest != want) fail_msg("combination %zu: nearest %zu, not %zu", i, nearest, want);
    }
    if (d->complete) assert_int_equal(missing, 0);
    pv_data_index_close(index);
}

static void grids_are_searched(void **state)
{
    (void)state;
    static const int size[] = {3, 1, 4, 2, 5};
    for (int shuffled = 0; shuffled < 2; shuffled++) {
        pv_data d;
        make_grid(&d, 5, size, shuffled);
        compare_searches(&d);
        pv_data_close(&d);
    }
    pv_data_index_close(NULL);
}

/* Holes, duplicates, and ties: halves, thirds, tenths and the like that sum to the same. */
static void tables_of_chance_are_searched(void **state)
{
    (void)state;
    for (int round = 0; round < 60; round++) {
        static const int sizes[] = {1, 2, 3, 4, 5, 6, 8, 10, 11};
        int size[4], factors = 1 + (int)draw(4);
        pv_data d;
        for (int f = 0; f < factors; f++) size[f] = sizes[draw(9)];
        const size_t examples = 1 + draw(120);
        make_table(&d, examples, factors, size);
        for (size_t i = 0; i < examples * (size_t)factors; i++)
            d.factor[i] = (int32_t)draw((uint32_t)size[i % (size_t)factors]);
        compare_searches(&d);
        pv_data_close(&d);
    }
}

static void classes_out_of_range_are_missing(void **state)
{
    (void)state;
    static const int32_t outside[][2] = {{-1, 0}, {3, 0}, {0, -1}, {0, 4}, {2, 100}, {-5, 50}};
    for (int shuffled = 0; shuffled < 2; shuffled++) {
        pv_data d;
        pv_data_index *index;
        make_grid(&d, 2, (int[]){3, 4}, shuffled);
        OK(pv_data_index_open(&index, &d));
        for (size_t i = 0; i < sizeof outside / sizeof *outside; i++) {
            size_t found;
            assert_int_equal(pv_data_find(index, outside[i], &found), PV_EUSAGE);
            assert_int_equal(pv_data_nearest(index, outside[i], -1), search(&d, outside[i], 0));
        }
        pv_data_index_close(index);
        pv_data_close(&d);
    }
}

/* ---- correlated factors ---- */

enum { CASES = 19, TEXT = 64 };
typedef struct {
    char table[CASES][16], text[CASES][TEXT], nuisance[CASES][16];
} golden_cases;

static void read_text(pv_h5 *file, const char *name, size_t rows, size_t width, void *out)
{
    OK(pv_h5_read(
        file,
        &(pv_h5_array){.name = name, .type = PV_H5_TEXT, .rank = 1, .dim = {rows}, .width = width},
        out));
}

/* A data set with the values of a golden table: generated, or made up. */
static void open_table(pv_data *d, pv_h5 *file, const char *table)
{
    char name[32];
    pv_h5_array array;
    double *value;
    snprintf(name, sizeof name, "%s/value", table);
    OK(pv_h5_find(file, name, &array));
    const size_t entries = array.dim[0] * array.dim[1];
    OK(pv_new(&value, entries, sizeof *value, "values"));
    OK(pv_h5_read(file, &array, value));
    if (strcmp(table, "sprites") == 0) {
        OK(pv_sprites_write(&(pv_sprites){{3, 6, 8, 4, 2}}, path, 1, NULL));
        OK(pv_data_open(d, path, NULL));
        assert_int_equal(d->examples * (size_t)d->factors, entries);
        for (size_t i = 0; i < entries; i++)
            assert_true(fabs(d->factor_value[i] - value[i]) < 1e-15 * (1 + fabs(value[i])));
        free(value);
        return;
    }
    make_table(d, array.dim[0], (int)array.dim[1], (int[]){2, 2, 2, 2});
    free(d->factor_value);
    d->factor_value = value;
    snprintf(name, sizeof name, "%s/name", table);
    read_text(file, name, array.dim[1], PV_FACTOR_NAME, d->factor_name);
}

/* The share of 2^64 that each example has. */
static double *shares(const pv_data *d, const char *text)
{
    uint64_t *cumulative, before = 0;
    double *share;
    if (pv_data_correlate(&cumulative, d, text) != PV_OK) fail_msg("%s: %s", text, pv_error());
    OK(pv_new(&share, d->examples, sizeof *share, "shares"));
    for (size_t i = 0; i < d->examples; i++) {
        if (cumulative[i] < before) fail_msg("%s: example %zu ends before the last one", text, i);
        share[i] = (double)(cumulative[i] - before) * 0x1p-64;
        before = cumulative[i];
    }
    assert_true(before == UINT64_MAX);
    free(cumulative);
    return share;
}

static void weights_are_those_of_the_formula(void **state)
{
    (void)state;
    static golden_cases g;
    pv_h5 *file;
    OK(pv_h5_open(&file, GOLDEN));
    read_text(file, "table", CASES, sizeof g.table[0], g.table);
    read_text(file, "text", CASES, TEXT, g.text);
    read_text(file, "nuisance", CASES, sizeof g.nuisance[0], g.nuisance);
    for (int c = 0; c < CASES; c++) {
        char name[32];
        pv_data d;
        double *want, largest = 0;
        open_table(&d, file, g.table[c]);
        OK(pv_data_set_nuisance(&d, g.nuisance[c]));
        OK(pv_new(&want, d.examples, sizeof *want, "weights"));
        snprintf(name, sizeof name, "weight/%d", c);
        OK(pv_h5_read(
            file, &(pv_h5_array){.name = name, .type = PV_H5_F64, .rank = 1, .dim = {d.examples}},
            want));
        double *got = shares(&d, g.text[c]);
        for (size_t i = 0; i < d.examples; i++) largest = fmax(largest, want[i]);
        for (size_t i = 0; i < d.examples; i++) {
            if (fabs(got[i] - want[i]) > 1e-12 * largest)
                fail_msg("%s: example %zu has %.17g, not %.17g", g.text[c], i, got[i], want[i]);
            if (want[i] == 0 && got[i] > 0) fail_msg("%s: %zu has no weight", g.text[c], i);
        }
        free(got);
        free(want);
        pv_data_close(&d);
    }
    pv_h5_close(file);
}

/* What a strength leaves: the examples whose two factors have equal places, as often each. */
static void tiny_strengths_leave_the_diagonal(void **state)
{
    (void)state;
    static const char *const texts[] = {"factor_0:factor_1:0.001", "factor_0:factor_1:1e-30",
                                        "factor_1:factor_0:1e-300", "factor_0:factor_1:5e-324"};
    enum { SIZE = 50 };
    pv_data d;
    make_grid(&d, 2, (int[]){SIZE, SIZE}, 0);
    for (size_t i = 0; i < d.examples; i++) {
        d.factor_value[2 * i] = d.factor[2 * i] - 3;
        d.factor_value[2 * i + 1] = 0.25 * d.factor[2 * i + 1];
    }
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
        double *share = shares(&d, texts[t]);
        for (size_t i = 0; i < d.examples; i++) {
            const int equal = d.factor[2 * i] == d.factor[2 * i + 1];
            if (fabs(share[i] - equal * (1.0 / SIZE)) > equal * 1e-14)
                fail_msg("%s: example %zu has a share of %g", texts[t], i, share[i]);
        }
        free(share);
    }
    pv_data_close(&d);
}

/* Behind the last example that has a share there are others: none of them is drawn. */
static void examples_without_weight_are_not_drawn(void **state)
{
    (void)state;
    pv_data d;
    uint64_t *cumulative;
    make_grid(&d, 2, (int[]){2, 5}, 0);
    for (size_t i = 0; i < d.examples; i++) {
        d.factor_value[2 * i] = d.factor[2 * i];
        d.factor_value[2 * i + 1] = d.factor[2 * i + 1];
    }
    OK(pv_data_correlate(&cumulative, &d, "factor_0:-factor_1:1e-9")); /* examples 4 and 5 */
    const pv_pick_args a = {.examples = d.examples, .cumulative = cumulative};
    const uint64_t half = UINT64_C(1) << 63;
    assert_int_equal(pv_weighted_place(0, &a), 4);
    assert_int_equal(pv_weighted_place(half - 1, &a), 4);
    assert_int_equal(pv_weighted_place(half, &a), 5);
    assert_int_equal(pv_weighted_place(UINT64_MAX - 1, &a), 5);
    assert_int_equal(pv_weighted_place(UINT64_MAX, &a), 5);
    for (size_t i = 0; i < d.examples; i++)
        assert_true(cumulative[i] == (i < 4 ? 0 : i == 4 ? half : UINT64_MAX));
    free(cumulative);
    pv_data_close(&d);
}

static void refuses_text(const pv_data *d, const char *text, const char *reason)
{
    uint64_t *cumulative = (uint64_t *)d;
    assert_int_equal(pv_data_correlate(&cumulative, d, text), PV_EUSAGE);
    assert_null(cumulative);
    if (!strstr(pv_error(), "correlation") || !strstr(pv_error(), reason) ||
        strchr(pv_error(), '\n'))
        fail_msg("'%s': %s", text, pv_error());
}

static void wrong_texts_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text, *reason;
    } wrong[] = {
        {"", "'' is no pair"},
        {"none", "'none' is no pair"},
        {",", "'' is no pair"},
        {"factor_0", "'factor_0' is no pair"},
        {"factor_0:factor_1", "'factor_0:factor_1' is no pair"},
        {"factor_0:factor_1:", "'factor_0:factor_1:' is no pair"},
        {"factor_0:factor_1:x", "'factor_0:factor_1:x' is no pair"},
        {"factor_0:factor_1:0", "a strength above 0"},
        {"factor_0:factor_1:-0.1", "a strength above 0"},
        {"factor_0:factor_1:1e-400", "a strength above 0"},
        {"factor_0:factor_1:nan", "'factor_0:factor_1:nan' is no pair"},
        {"factor_0:factor_1:inf", "'factor_0:factor_1:inf' is no pair"},
        {"factor_0:factor_1:1e400", "'factor_0:factor_1:1e400' is no pair"},
        {"factor_0:factor_1:0.1x", "'factor_0:factor_1:0.1x' is no pair"},
        {"factor_0:factor_1:0.1:0.2", "'factor_0:factor_1:0.1:0.2' is no pair"},
        {"factor_0:factor_1:0.1 factor_0:factor_2:0.1", "is no pair"},
        {"factor_0:factor_0:0.1", "'factor_0:factor_0:0.1' is no pair"},
        {"factor_0:-factor_0:0.1", "is no pair"},
        {"factor_0:factor_1:0.1,", "'' is no pair"},
        {"factor_0:factor_1:0.1,,factor_0:factor_2:0.1", "'' is no pair"},
        {",factor_0:factor_1:0.1", "'' is no pair"},
        {"factor_0:factor_1:0.1,factor_1:factor_2", "'factor_1:factor_2' is no pair"},
        {":factor_1:0.1", "no factor ''"},
        {"factor_0::0.1", "no factor ''"},
        {"factor_0:-:0.1", "no factor ''"},
        {"color:factor_1:0.1", "no factor 'color'; it has factor_0, factor_1, factor_2"},
        {"factor_0:color:0.1", "no factor 'color'"},
        {"factor_0:--factor_1:0.1", "no factor '-factor_1'"},
        {"-factor_0:factor_1:0.1", "no factor '-factor_0'"},
        {"*:factor_1:0.1", "no factor '*'"},
        {"factor_0: factor_1:0.1", "no factor ' factor_1'"},
        {"factor_0:factor_1:0.1,factor_0:factor_1:0.2", "factor_0 and factor_1 are a pair twice"},
        {"factor_0:factor_1:0.1,factor_1:-factor_0:0.2", "are a pair twice"},
        {"factor_0:*:0.1,factor_2:factor_0:0.2", "are a pair twice"},
        {"factor_0:*:0.1,factor_1:*:0.2", "are a pair twice"}};
    pv_data d;
    make_grid(&d, 3, (int[]){2, 3, 2}, 0);
    for (size_t i = 0; i < d.examples * 3; i++) d.factor_value[i] = d.factor[i];
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        refuses_text(&d, wrong[i].text, wrong[i].reason);
    pv_data_close(&d);
}

static void no_image_may_be_left(void **state)
{
    (void)state;
    pv_data d;
    make_grid(&d, 2, (int[]){1, 3}, 0); /* a constant factor is at 0, inverse: at 1 */
    for (size_t i = 0; i < d.examples; i++) d.factor_value[2 * i + 1] = 1 + 0.25 * (double)i;
    refuses_text(&d, "factor_1:factor_0:0.001,factor_0:-factor_1:0.001", "are a pair twice");
    double *share = shares(&d, "factor_1:factor_0:0.001");
    assert_true(share[0] == 1);
    free(share);
    d.factor_value[0] = d.factor_value[1];
    d.examples = 1; /* both are constant */
    refuses_text(&d, "factor_1:-factor_0:0.001", "leaves no image");
    share = shares(&d, "factor_1:-factor_0:1");
    assert_true(share[0] == 1);
    free(share);
    pv_data_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_found),
        cmocka_unit_test(nuisance_is_set),
        cmocka_unit_test(grids_are_searched),
        cmocka_unit_test(tables_of_chance_are_searched),
        cmocka_unit_test(classes_out_of_range_are_missing),
        cmocka_unit_test(weights_are_those_of_the_formula),
        cmocka_unit_test(tiny_strengths_leave_the_diagonal),
        cmocka_unit_test(examples_without_weight_are_not_drawn),
        cmocka_unit_test(wrong_texts_are_refused),
        cmocka_unit_test(no_image_may_be_left),
    };
    return cmocka_run_group_tests(tests, make, clean);
}
