/* test_evaluate_files.c -- codes files, evaluation.json, the table, and codes that are refused. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/base.h"
#include "base/hdf5.h"
#include "polarvae/evaluate.h"

#include "json.h"
#include "synthetic.h"

enum { EXAMPLES = 300, LATENTS = 6 };

static const pv_evaluation_options paper = {
    .bins = 20, .variance_threshold = 0.1, .mean_error = 0.1};
static pv_device *device;
static pv_stream *stream;
static char path[64];

static int open_all(void **state)
{
    (void)state;
    snprintf(path, sizeof path, "test_evaluate.%ld.tmp", (long)getpid());
    return pv_device_open(&device, "cpu") != PV_OK || pv_stream_open(&stream, device, 2) != PV_OK;
}

static int close_all(void **state)
{
    (void)state;
    unlink(path);
    pv_stream_close(stream);
    pv_device_close(device);
    return 0;
}

static void need(pv_status status)
{
    if (status != PV_OK) fail_msg("%s", pv_error());
}

/* The call failed so, with a line that holds all of these words. */
static void refused(pv_status got, pv_status want, const char *const *word)
{
    if (got != want) fail_msg("status %d, not %d: %s", (int)got, (int)want, pv_error());
    for (; *word; word++)
        if (!strstr(pv_error(), *word)) fail_msg("no \"%s\" in: %s", *word, pv_error());
}
#define REFUSED(call, status, ...) refused(call, status, (const char *const[]){__VA_ARGS__, NULL})

/* ---- codes ---- */

static void same(const pv_codes *a, const pv_codes *b)
{
    size_t values = a->examples * (size_t)a->latents * sizeof(float);
    assert_int_equal(a->examples, b->examples);
    assert_int_equal(a->latents, b->latents);
    assert_int_equal(a->factors, b->factors);
    assert_memory_equal(a->mean, b->mean, values);
    assert_memory_equal(a->variance, b->variance, values);
    assert_memory_equal(a->sampled, b->sampled, values);
    if (a->factors == 0) return;
    assert_memory_equal(a->factor, b->factor, a->examples * sizeof *a->factor);
    assert_string_equal(a->factor_name[0], b->factor_name[0]);
}

static void round_trip(void **state)
{
    (void)state;
    pv_codes c = synthetic_codes(EXAMPLES, LATENTS, 3, 0.2, 1), back;
    for (int factors = 1; factors >= 0; factors--) {
        c.factors = factors;
        need(pv_codes_write(&c, path));
        need(pv_codes_read(&back, path));
        same(&c, &back);
        pv_codes_free(&back);
    }
    pv_codes_free(&c);
    REFUSED(pv_codes_read(&back, "no/such/codes.h5"), PV_EIO, "no/such/codes.h5");
    assert_null(back.mean);
}

/* Codes of another program: float64, int64, and factors without names. */
static void foreign_codes(void **state)
{
    (void)state;
    static const double value[4] = {0.5, -1, 2, 0.25};
    static const int64_t factor[6] = {0, 1, 2, 3, 4, 5};
    pv_h5 *file;
    pv_codes c;
    need(pv_h5_create(&file, path));
    for (int k = 0; k < 3; k++) {
        static const char *const name[] = {"mean", "variance", "sampled"};
        need(pv_h5_write(
            file, &(pv_h5_array){.name = name[k], .type = PV_H5_F64, .rank = 2, .dim = {2, 2}},
            value));
    }
    need(pv_h5_write(file,
                     &(pv_h5_array){.name = "factors", .type = PV_H5_I64, .rank = 2, .dim = {2, 3}},
                     factor));
    need(pv_h5_commit(file));
    pv_h5_close(file);
    need(pv_codes_read(&c, path));
    assert_true(c.sampled[1] == -1 && c.mean[3] == 0.25f);
    assert_int_equal(c.factors, 3);
    assert_int_equal(c.factor[5], 5);
    assert_string_equal(c.factor_name[2], "factor 2");
    pv_codes_free(&c);
}

/* The factors of a file of two examples that holds these as floats. */
static pv_status read_floats(pv_codes *out, const double value[6])
{
    static const float mean[4] = {0.5, -1, 2, 0.25};
    pv_h5 *file;
    need(pv_h5_create(&file, path));
    need(pv_h5_write(
        file, &(pv_h5_array){.name = "mean", .type = PV_H5_F32, .rank = 2, .dim = {2, 2}}, mean));
    need(pv_h5_write(file,
                     &(pv_h5_array){.name = "factors", .type = PV_H5_F64, .rank = 2, .dim = {2, 3}},
                     value));
    need(pv_h5_commit(file));
    pv_h5_close(file);
    return pv_codes_read(out, path);
}

/* Whole numbers are whole numbers, whatever their type; one that is none makes all real. */
static void float_factors(void **state)
{
    (void)state;
    static const double whole[6] = {0, -0.0, 2147483647, -2147483648.0, 4, 5};
    static const double other[] = {0.5, 2147483648.0, -2147483649.0, 1e300, 1e-300};
    static const double bad[] = {NAN, INFINITY, -INFINITY};
    double value[6];
    pv_codes c, back;
    need(read_floats(&c, whole));
    assert_null(c.factor_value);
    assert_true(c.factor[1] == 0 && c.factor[2] == INT32_MAX && c.factor[3] == INT32_MIN);
    pv_codes_free(&c);
    for (size_t k = 0; k < sizeof other / sizeof *other; k++) {
        memcpy(value, whole, sizeof value);
        value[4] = other[k];
        need(read_floats(&c, value));
        assert_null(c.factor);
        assert_memory_equal(c.factor_value, value, sizeof value);
        c.variance = synthetic_new(4, sizeof *c.variance);
        c.sampled = synthetic_new(4, sizeof *c.sampled);
        need(pv_codes_write(&c, path));
        need(pv_codes_read(&back, path));
        assert_memory_equal(back.factor_value, value, sizeof value);
        assert_string_equal(back.factor_name[2], "factor 2");
        pv_codes_free(&back);
        pv_codes_free(&c);
    }
    for (size_t k = 0; k < sizeof bad / sizeof *bad; k++) {
        memcpy(value, whole, sizeof value);
        value[5] = bad[k];
        REFUSED(read_floats(&c, value), PV_EDATA, path, "factor 2 (factor 2) of example 1 is ",
                "not a number");
        assert_null(c.mean);
    }
}

/* Writes two tables of codes, or one: [4, 3], and the second of a shape of its own. */
static void write_two(const char *one, const char *two, size_t rows, size_t columns)
{
    static const float value[24] = {0};
    pv_h5 *file;
    const pv_h5_array first = {.name = one, .type = PV_H5_F32, .rank = 2, .dim = {4, 3}},
                      second = {.name = two, .type = PV_H5_F32, .rank = 2, .dim = {rows, columns}};
    need(pv_h5_create(&file, path));
    need(pv_h5_write(file, &first, value));
    if (two) need(pv_h5_write(file, &second, value));
    need(pv_h5_commit(file));
    pv_h5_close(file);
}

static void wrong_shapes(void **state)
{
    (void)state;
    pv_codes back;
    write_two("mean", "variance", 3, 4);
    REFUSED(pv_codes_read(&back, path), PV_EDATA, path, "variance");
    write_two("sampled", "mean", 4, 2);
    REFUSED(pv_codes_read(&back, path), PV_EDATA, path, "sampled");
    write_two("something", NULL, 0, 0);
    REFUSED(pv_codes_read(&back, path), PV_EDATA, path, "no codes", "mean", "sampled");
}

/* A user's own file: what is missing is NULL, and codes are a mean by another name. */
static void some_codes(void **state)
{
    (void)state;
    static const char *const named[] = {"mean", "codes", "sampled"};
    for (int k = 0; k < 3; k++) {
        pv_codes back;
        write_two(named[k], k == 0 ? "codes" : NULL, 2, 7);
        need(pv_codes_read(&back, path));
        assert_int_equal(back.examples, 4);
        assert_int_equal(back.latents, 3);
        assert_true((back.mean != NULL) == (k < 2));
        assert_true((back.sampled != NULL) == (k == 2));
        assert_null(back.variance);
        assert_int_equal(back.factors, 0);
        pv_codes_free(&back);
    }
}

static void not_a_table(void **state)
{
    (void)state;
    static const float value[24] = {0};
    static const pv_h5_array mean[] = {
        {.name = "mean", .type = PV_H5_F32, .rank = 1, .dim = {12}},
        {.name = "mean", .type = PV_H5_F32, .rank = 3, .dim = {4, 3, 2}},
    };
    for (int k = 0; k < 2; k++) {
        pv_h5 *file;
        pv_codes back;
        need(pv_h5_create(&file, path));
        need(pv_h5_write(file, &mean[k], value));
        need(pv_h5_commit(file));
        pv_h5_close(file);
        REFUSED(pv_codes_read(&back, path), PV_EDATA, path, "mean", "not a table");
    }
}

static void refuse_value(pv_codes *c, float *where, float value, const char *representation)
{
    pv_evaluation e;
    float kept = *where;
    *where = value;
    REFUSED(pv_evaluate_codes(&e, c, stream, &paper), PV_EDATA, representation, "example 17",
            "variable 3");
    assert_null(e.type);
    *where = kept;
}

static void refused_codes(void **state)
{
    (void)state;
    pv_codes c = synthetic_codes(EXAMPLES, LATENTS, 3, 0.2, 1);
    pv_evaluation_options options = paper;
    pv_evaluation e;
    size_t at = 17 * LATENTS + 3;
    refuse_value(&c, c.mean + at, NAN, "mean");
    refuse_value(&c, c.sampled + at, INFINITY, "sampled");
    refuse_value(&c, c.variance + at, -INFINITY, "variance");
    refuse_value(&c, c.variance + at, -0.5f, "below 0");
    c.examples = 1;
    REFUSED(pv_evaluate_codes(&e, &c, stream, &paper), PV_EDATA, "at least 2");
    c.examples = EXAMPLES;
    c.latents = 1025;
    REFUSED(pv_evaluate_codes(&e, &c, stream, &paper), PV_EDATA, "1025 variables", "1024");
    c.latents = LATENTS;
    options.bins = 1;
    REFUSED(pv_evaluate_codes(&e, &c, stream, &options), PV_EUSAGE, "bins", "256");
    options.bins = 257;
    REFUSED(pv_evaluate_codes(&e, &c, stream, &options), PV_EUSAGE, "bins", "256");
    pv_codes_free(&c);
}

/* ---- reports ---- */

/* A mixed variable among active and passive ones; `constant`: variable 5 does not vary. */
static pv_evaluation evaluate(int active, int mixed, int constant)
{
    pv_codes c = synthetic_codes(EXAMPLES, LATENTS, active, 0.2, 1);
    pv_evaluation e;
    for (int i = 0; i < EXAMPLES; i++) {
        if (mixed) c.variance[i * LATENTS] = (float)(i % 2);
        if (constant) c.mean[i * LATENTS + 5] = 0.75f;
    }
    need(pv_evaluate_codes(&e, &c, stream, &paper));
    pv_codes_free(&c);
    return e;
}

static void is(const char *json, const char *at, const char *want)
{
    const char *got = json_at(json, at);
    if (!got || strncmp(got, want, strlen(want)) != 0)
        fail_msg("%s: %.40s, not %s", at, got ? got : "nothing", want);
}

static void is_number(const char *json, const char *at, double want)
{
    const char *got = json_at(json, at);
    if (!got || strtod(got, NULL) != want)
        fail_msg("%s: %.40s, not %.17g", at, got ? got : "nothing", want);
}

static void json_scores(const char *json, const char *key, const pv_representation *r)
{
    char at[128];
    for (int s = 0; s < PV_SUBSETS; s++) {
        const pv_scores *x = &r->subset[s];
        const double value[] = {x->size, x->total_correlation, x->mutual_information,
                                x->wasserstein_correlation, x->effective_rank};
        static const char *const name[] = {"size", "total_correlation", "mutual_information",
                                           "wasserstein_correlation", "effective_rank"};
        for (int k = 0; k < 5; k++) {
            snprintf(at, sizeof at, "representations/%s/%s/%s", key, pv_subset_name[s], name[k]);
            if (isnan(value[k]))
                is(json, at, "null");
            else
                is_number(json, at, value[k]);
        }
        snprintf(at, sizeof at, "representations/%s/%s/reason", key, pv_subset_name[s]);
        assert_int_equal(json_at(json, at) != NULL, x->reason != NULL);
    }
    snprintf(at, sizeof at, "representations/%s/covariance/4/2", key);
    is_number(json, at, r->covariance[4 * LATENTS + 2]);
    snprintf(at, sizeof at, "representations/%s/correlation/1/0", key);
    is_number(json, at, r->correlation[LATENTS]);
}

static void json(void **state)
{
    (void)state;
    pv_evaluation e = evaluate(3, 1, 1);
    char *text;
    size_t size;
    e.reconstruction_loss = 20.5;
    e.reconstruction_kl = 11.25;
    e.reconstruction_elbo = -31.75;
    need(pv_evaluation_write(&e, path));
    need(pv_read_text(&text, &size, path));
    assert_true(json_valid(text));
    is_number(text, "examples", EXAMPLES);
    is_number(text, "counts/active", 2);
    is_number(text, "counts/mixed", 1);
    is_number(text, "counts/passive", 3);
    is(text, "variables/0/type", "\"mixed\"");
    is(text, "variables/0/reason", "\"infinite KL");
    is(text, "variables/0/kl", "null");
    is(text, "variables/5/type", "\"passive\"");
    is_number(text, "variables/5/index", 5);
    is_number(text, "variables/1/kl", e.kl[1]);
    is_number(text, "variables/1/mean_variance", e.mean_variance[1]);
    is_number(text, "variables/0/variance_of_variance", 0.25);
    assert_null(json_at(text, "variables/6"));
    json_scores(text, "mean", &e.mean);
    json_scores(text, "sampled", &e.sampled);
    is(text, "representations/mean/mixed/reason", "\"fewer than two variables\"");
    is(text, "representations/mean/passive/reason", "\"singular covariance\"");
    is(text, "representations/mean/correlation/5/5", "null");
    is_number(text, "reconstruction/loss", 20.5);
    is_number(text, "reconstruction/kl", 11.25);
    is_number(text, "reconstruction/elbo", -31.75);
    assert_null(json_at(text, "reconstruction/reason"));
    free(text);
    pv_evaluation_free(&e);
}

static void json_not_measured(void **state)
{
    (void)state;
    pv_evaluation e = evaluate(LATENTS, 0, 0);
    char *text;
    size_t size;
    need(pv_evaluation_write(&e, path));
    need(pv_read_text(&text, &size, path));
    assert_true(json_valid(text));
    is(text, "reconstruction/loss", "null");
    is(text, "reconstruction/reason", "\"not measured\"");
    is(text, "representations/sampled/passive/reason", "\"no variables of type passive\"");
    is(text, "representations/sampled/active+mixed/reason", "\"no variables of type mixed\"");
    free(text);
    pv_evaluation_free(&e);
}

/* The table of an evaluation; freed by the caller. Plain lines of at most 100 columns. */
static char *table(const pv_evaluation *e)
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    assert_non_null(to);
    pv_evaluation_print(e, to);
    fclose(to);
    for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
        if (strcspn(line, "\n") > 100) fail_msg("a line is wider than 100 columns: %s", line);
    for (const char *c = text; *c; c++) assert_true(*c == '\n' || (*c >= ' ' && *c <= '~'));
    return text;
}

static void holds(const char *text, const char *part)
{
    if (!strstr(text, part)) fail_msg("no \"%s\" in\n%s", part, text);
}

static void tables(void **state)
{
    (void)state;
    pv_evaluation e = evaluate(3, 1, 1);
    char *text = table(&e), number[32];
    holds(text, "3 of 6 variables are passive (3, 4, 5)");
    holds(text, "1 of 6 variables is mixed (0)");
    holds(text, "all, mean: singular covariance");
    holds(text, "mixed: fewer than two variables");
    holds(text, "\nactive+passive ");
    snprintf(number, sizeof number, "%.4f", e.sampled.subset[0].total_correlation);
    holds(text, number);
    snprintf(number, sizeof number, "%.4f", e.mean.subset[1].mutual_information);
    holds(text, number);
    free(text);
    pv_evaluation_free(&e);
}

/* What the last sentence says of the difference between mean and sampled. */
static void differences(void **state)
{
    (void)state;
    pv_evaluation e = evaluate(3, 0, 0);
    char *text = table(&e), line[128];
    double difference[2];
    for (int s = 0; s < 2; s++)
        difference[s] =
            fabs(e.mean.subset[s].total_correlation - e.sampled.subset[s].total_correlation);
    snprintf(line, sizeof line, "by %.4f nats on all variables,\nand by %.4f nats on the 3 active",
             difference[0], difference[1]);
    holds(text, line);
    free(text);
    pv_evaluation_free(&e);
}

static void tables_of_one_type(void **state)
{
    (void)state;
    pv_evaluation e = evaluate(LATENTS, 0, 0);
    char *text = table(&e), line[128];
    holds(text, "No variable is passive.");
    assert_null(strstr(text, "\nactive+passive "));
    snprintf(line, sizeof line, "differs by %.4f nats on all variables",
             fabs(e.mean.subset[0].total_correlation - e.sampled.subset[0].total_correlation));
    holds(text, line);
    free(text);
    pv_evaluation_free(&e);
    e = evaluate(0, 0, 0);
    text = table(&e);
    holds(text, "6 of 6 variables are passive");
    assert_null(strstr(text, "active ones"));
    free(text);
    pv_evaluation_free(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),         cmocka_unit_test(foreign_codes),
        cmocka_unit_test(float_factors),      cmocka_unit_test(wrong_shapes),
        cmocka_unit_test(not_a_table),        cmocka_unit_test(some_codes),
        cmocka_unit_test(refused_codes),      cmocka_unit_test(json),
        cmocka_unit_test(json_not_measured),  cmocka_unit_test(tables),
        cmocka_unit_test(tables_of_one_type), cmocka_unit_test(differences),
    };
    return cmocka_run_group_tests(tests, open_all, close_all);
}
