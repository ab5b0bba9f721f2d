/* test_evaluate.c -- variable types and scores: against numpy, scipy and scikit-learn (golden
 * files), against exact values of Gaussian codes, and against what must hold for any codes. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/hdf5.h"
#include "evaluate/scores.h"
#include "polarvae/evaluate.h"

#include "synthetic.h"

#define PV_GOLDEN PV_SOURCE_DIR "/tests/golden"

enum { EXAMPLES = 10000, LATENTS = 10, SCORES = 5 };

static const pv_evaluation_options paper = {
    .bins = 20, .variance_threshold = 0.1, .mean_error = 0.1};
static pv_device *device;
static pv_stream *stream;

static int open_device(void **state)
{
    (void)state;
    return pv_device_open(&device, "cpu") != PV_OK || pv_stream_open(&stream, device, 2) != PV_OK;
}

static int close_device(void **state)
{
    (void)state;
    pv_stream_close(stream);
    pv_device_close(device);
    return 0;
}

static void need(pv_status status)
{
    if (status != PV_OK) fail_msg("%s", pv_error());
}

static void near(double got, double want, double error, const char *what)
{
    if (isnan(got) && isnan(want)) return;
    if (!(fabs(got - want) <= error))
        fail_msg("%s: %.12g, not %.12g +- %g", what, got, want, error);
}

/* ---- the rule ---- */

static pv_type rule(double mean, double spread) { return pv_variable_type(mean, spread, 0.1, 0.1); }

/* Passive on a share p of the examples and active elsewhere: average p, variance p (1 - p). */
static void partition(void **state)
{
    (void)state;
    for (int k = 0; k <= 1000; k++) {
        double p = k / 1000.0;
        pv_type want = k <= 100 ? PV_ACTIVE : k >= 900 ? PV_PASSIVE : PV_MIXED;
        if (rule(p, p * (1 - p)) != want)
            fail_msg("p = %g is %s", p, pv_type_name[rule(p, p * (1 - p))]);
    }
}

static void thresholds(void **state)
{
    (void)state;
    assert_int_equal(rule(0.1, 0.0999), PV_ACTIVE);
    assert_int_equal(rule(0.1, 0.1), PV_MIXED);
    assert_int_equal(rule(0.1 + 1e-9, 0), PV_MIXED);
    assert_int_equal(rule(0, 0), PV_ACTIVE);
    assert_int_equal(rule(1, 0.1), PV_MIXED);
    assert_int_equal(rule(0.9, 0), PV_PASSIVE);
    assert_int_equal(rule(0.9 - 1e-9, 0), PV_MIXED);
    assert_int_equal(rule(1.1 - 1e-9, 0), PV_PASSIVE);
    assert_int_equal(rule(1.1 + 1e-9, 0), PV_MIXED);
    assert_int_equal(rule(7, 0), PV_MIXED);
    assert_int_equal(pv_variable_type(0.3, 0.3, 0.5, 0.4), PV_ACTIVE);
    assert_int_equal(pv_variable_type(0.65, 0.3, 0.5, 0.4), PV_PASSIVE);
}

/* The same on codes: whole numbers of examples make p exact, also at 0.1 and 0.9. */
static void partition_of_codes(void **state)
{
    (void)state;
    enum { N = 1000, D = 5 };
    static const int passive[D] = {0, 100, 500, 900, 1000};
    static const pv_type want[D] = {PV_ACTIVE, PV_ACTIVE, PV_MIXED, PV_PASSIVE, PV_PASSIVE};
    pv_codes c = synthetic_codes(N, D, 0, 0, 1);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < D; j++) c.variance[i * D + j] = (float)(i < passive[j]);
    pv_evaluation e;
    need(pv_evaluate_codes(&e, &c, stream, &paper));
    for (int j = 0; j < D; j++) {
        double p = passive[j] / (double)N;
        assert_int_equal(e.type[j], want[j]);
        near(e.mean_variance[j], p, 0, "average of the variance");
        near(e.variance_of_variance[j], p * (1 - p), 1e-13, "variance of the variance");
    }
    for (int t = 0; t < PV_TYPES; t++) assert_int_equal(e.count[t], t == PV_MIXED ? 1 : 2);
    pv_evaluation_free(&e);
    pv_codes_free(&c);
}

/* Example by example: on the first `passive[j]` of them variable j is passive, on the last 7 mixed,
 * on the rest active. */
static void types_of_examples(void **state)
{
    (void)state;
    enum { N = 1000, D = 4, BETWEEN = 7 };
    static const int passive[D] = {0, 100, 500, 900};
    pv_codes c = synthetic_codes(N, D, 0, 0, 1);
    for (int i = 0; i < N; i++)
        for (int j = 0; j < D; j++)
            c.variance[i * D + j] = i >= N - BETWEEN ? 0.5f : i < passive[j] ? 1.05f : 0.05f;
    pv_evaluation e;
    need(pv_evaluate_codes(&e, &c, stream, &paper));
    for (int j = 0; j < D; j++) {
        assert_int_equal(e.examples_of[PV_PASSIVE][j], passive[j]);
        assert_int_equal(e.examples_of[PV_MIXED][j], BETWEEN);
        assert_int_equal(e.examples_of[PV_ACTIVE][j], N - BETWEEN - passive[j]);
    }
    static const size_t with_passive[D + 1] = {100, 400, 400, 100, 0};
    for (int n = 0; n <= D; n++) {
        assert_int_equal(e.examples_with[PV_PASSIVE][n], with_passive[n]);
        assert_int_equal(e.examples_with[PV_MIXED][n], n == 0 ? N - BETWEEN : n == D ? BETWEEN : 0);
    }
    pv_evaluation_free(&e);
    pv_codes_free(&c);
}

/* Posterior variances of 0.06 and 0.3 without spread, and one of 0 or 1 in turn, a spread of 1/4.
 */
static void sensitivity(void **state)
{
    (void)state;
    enum { N = 100, D = 3 };
    pv_codes c = synthetic_codes(N, D, 0, 0, 1);
    for (int i = 0; i < N; i++) {
        c.variance[i * D] = 0.06f;
        c.variance[i * D + 1] = 0.3f;
        c.variance[i * D + 2] = (float)(i % 2);
    }
    pv_evaluation e;
    need(pv_evaluate_codes(&e, &c, stream, &paper));
    for (int k = 0; k < PV_SENSITIVITIES; k++) {
        const pv_sensitivity *s = &e.sensitivity[k];
        const int active = (s->mean_error >= 0.06) + (s->mean_error >= 0.3) +
                           (s->variance_threshold > 0.25 && s->mean_error >= 0.5);
        near(s->variance_threshold, 0.1 * pow(2, k / 5 - 2), 1e-15, "a threshold");
        near(s->mean_error, 0.1 * pow(2, k % 5 - 2), 1e-15, "a threshold");
        assert_int_equal(s->count[PV_ACTIVE], active);
        assert_int_equal(s->count[PV_PASSIVE], 0);
        assert_int_equal(s->count[PV_MIXED], D - active);
    }
    pv_evaluation_free(&e);
    pv_codes_free(&c);
}

/* ---- bins ---- */

/* Labels of numpy.digitize less one: equal widths, the largest value in the last bin, a constant in
 * the middle. */
static void bins_of_numpy(void **state)
{
    (void)state;
    enum { N = 6, D = 3, BINS = 4, CELLS = BINS * BINS };
    static const float x[N * D] = {1, 6, 9, 2, 5, 9, 3, 4, 9, 4, 3, 9, 5, 2, 9, 6, 1, 9};
    static const int bin[N][D] = {{0, 3, 2}, {0, 3, 2}, {1, 2, 2}, {2, 1, 2}, {3, 0, 2}, {3, 0, 2}};
    pv_moments m;
    need(pv_moments_compute(
        &m, stream,
        &(pv_moments_input){.x = x, .examples = N, .variables = D, .bins = BINS, .freedom = N}));
    for (int i = 0; i < D; i++)
        for (int j = 0; j < D; j++) {
            uint32_t want[CELLS] = {0};
            for (int k = 0; k < N; k++) want[bin[k][i] * BINS + bin[k][j]]++;
            assert_memory_equal(m.count + (i * D + j) * CELLS, want, sizeof want);
        }
    near(m.mean[1], 3.5, 0, "mean");
    near(m.covariance[1], -17.5 / N, 1e-15, "covariance");
    near(m.covariance[2 * D + 2], 0, 0, "variance of a constant");
    pv_moments_free(&m);
}

/* ---- golden files ---- */

static void read_expected(pv_h5 *file, const char *name, int rows, int columns, double *out)
{
    char path[96];
    snprintf(path, sizeof path, "expected/%s", name);
    pv_h5_array array = {.name = path, .type = PV_H5_F64, .rank = columns ? 2 : 1};
    array.dim[0] = (size_t)rows;
    array.dim[1] = (size_t)columns;
    need(pv_h5_read(file, &array, out));
}

static void compare_variables(pv_h5 *file, const pv_evaluation *e)
{
    int32_t type[LATENTS];
    double mean[LATENTS], spread[LATENTS], kl[LATENTS];
    const pv_h5_array array = {
        .name = "expected/type", .type = PV_H5_I32, .rank = 1, .dim = {(size_t)e->latents}};
    need(pv_h5_read(file, &array, type));
    read_expected(file, "mean_variance", e->latents, 0, mean);
    read_expected(file, "variance_of_variance", e->latents, 0, spread);
    read_expected(file, "kl", e->latents, 0, kl);
    for (int v = 0; v < e->latents; v++) {
        assert_int_equal(e->type[v], type[v]);
        near(e->mean_variance[v], mean[v], 1e-12 * mean[v], "mean_variance");
        near(e->variance_of_variance[v], spread[v], 1e-9 * spread[v] + 1e-25, "variance");
        near(e->kl[v], kl[v], 1e-9 * kl[v] + 1e-15, "kl");
    }
}

static void compare_matrix(pv_h5 *file, const char *name, const double *got, int d, double error)
{
    double want[LATENTS * LATENTS];
    read_expected(file, name, d, d, want);
    for (int i = 0; i < d; i++)
        for (int j = 0; j < d; j++) {
            double scale = 1; /* covariances are as exact as the product of the deviations */
            if (strstr(name, "covariance")) scale = sqrt(want[i * d + i] * want[j * d + j]);
            near(got[i * d + j], want[i * d + j], error * scale, name);
        }
}

static void compare_scores(pv_h5 *file, const char *name, const pv_representation *r, int d)
{
    double want[PV_SUBSETS * SCORES], trace = 0;
    read_expected(file, name, PV_SUBSETS, SCORES, want);
    for (int v = 0; v < d; v++) trace += r->covariance[v * d + v];
    for (int k = 0; k < PV_SUBSETS; k++) {
        const pv_scores *s = &r->subset[k];
        const double *w = want + k * SCORES;
        assert_int_equal(s->size, (int)w[0]);
        near(s->total_correlation, w[1], 1e-9, "total correlation");
        near(s->mutual_information, w[2], 1e-9, "mutual information");
        near(s->wasserstein_correlation, w[3], 1e-7 * trace, "Wasserstein correlation");
        near(s->effective_rank, w[4], 1e-9 * w[4], "effective rank");
        assert_int_equal(s->reason != NULL, isnan(w[1]));
    }
}

static void golden(const char *name)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/evaluate_%s.h5", PV_GOLDEN, name);
    pv_codes c;
    pv_evaluation e;
    pv_h5 *file;
    need(pv_codes_read(&c, path));
    assert_string_equal(c.factor_name[1], "scale");
    assert_int_equal(c.factor[3], 3);
    need(pv_evaluate_codes(&e, &c, stream, &paper));
    need(pv_h5_open(&file, path));
    compare_variables(file, &e);
    compare_matrix(file, "mean/covariance", e.mean.covariance, e.latents, 1e-12);
    compare_matrix(file, "mean/correlation", e.mean.correlation, e.latents, 1e-12);
    compare_matrix(file, "mean/mutual_information", e.mean.mutual_information, e.latents, 1e-9);
    compare_scores(file, "mean/subsets", &e.mean, e.latents);
    compare_matrix(file, "sampled/covariance", e.sampled.covariance, e.latents, 1e-12);
    compare_matrix(file, "sampled/correlation", e.sampled.correlation, e.latents, 1e-12);
    compare_matrix(file, "sampled/mutual_information", e.sampled.mutual_information, e.latents,
                   1e-9);
    compare_scores(file, "sampled/subsets", &e.sampled, e.latents);
    pv_h5_close(file);
    pv_evaluation_free(&e);
    pv_codes_free(&c);
}

static void ordinary(void **state) { (void)state, golden("ordinary"); }
static void awkward(void **state) { (void)state, golden("awkward"); }
static void only_passive(void **state) { (void)state, golden("passive"); }
static void two_examples(void **state) { (void)state, golden("two_examples"); }
static void one_variable(void **state) { (void)state, golden("one_variable"); }

/* ---- Gaussian codes ---- */

/* Total correlation of the population in nats, mean and sampled. */
static const struct {
    int active;
    double shared, mean, sampled;
    double slack; /* half a unit of the last decimal */
} population[] = {
    {0, 0.2, 2.267, 0.002, 5e-4},      {2, 0.2, 1.702, 0.022, 5e-4},
    {4, 0.2, 1.217, 0.101, 5e-4},      {5, 0.2, 1.001, 0.153, 5e-4},
    {6, 0.2, 0.805, 0.212, 5e-4},      {8, 0.2, 0.498, 0.343, 5e-4},
    {10, 0.2, 0.489, 0.489, 5e-4},     {2, 0.002, 1.683, 0.002, 5e-4},
    {5, 0.002, 0.858, 0.002, 5e-4},    {8, 0.002, 0.171, 0.001, 5e-4},
    {10, 0.002, 0.0001, 0.0001, 1e-4},
};
enum { POPULATIONS = sizeof population / sizeof population[0] };

static void exact(int k, int sampled, double want)
{
    double covariance[LATENTS * LATENTS];
    uint32_t count[LATENTS * LATENTS] = {0};
    pv_type type[LATENTS];
    pv_moments m = {
        .variables = LATENTS, .bins = 1, .examples = 1, .covariance = covariance, .count = count};
    pv_representation r;
    for (int v = 0; v < LATENTS; v++) type[v] = v < population[k].active ? PV_ACTIVE : PV_PASSIVE;
    synthetic_covariance(covariance, LATENTS, population[k].active, population[k].shared, sampled);
    need(pv_representation_score(&r, &m, type));
    near(r.subset[0].total_correlation, want, population[k].slack, "total correlation");
    pv_representation_free(&r);
}

static void exact_covariances(void **state)
{
    (void)state;
    for (int k = 0; k < POPULATIONS; k++) {
        exact(k, 0, population[k].mean);
        exact(k, 1, population[k].sampled);
    }
}

/* Four standard errors of the estimate, (sum of squared correlations - d) / 2N being its variance,
 * and its bias. */
static double sampling_error(const double *correlation)
{
    double sum = -LATENTS;
    for (int i = 0; i < LATENTS * LATENTS; i++) sum += correlation[i] * correlation[i];
    return 4 * sqrt(fmax(sum, 0) / (2 * EXAMPLES)) + LATENTS * (LATENTS - 1) / (4.0 * EXAMPLES);
}

/* What holds for any encoder: off-diagonal covariances are those of the mean, the diagonal grows by
 * the average posterior variance, and noise does not add total correlation. */
static void check_invariants(const pv_evaluation *e)
{
    const double *mean = e->mean.covariance, *sampled = e->sampled.covariance;
    double traces = 0, variances = 0;
    for (int i = 0; i < LATENTS; i++) {
        for (int j = 0; j < LATENTS; j++) {
            double error = 5 * sqrt(sampled[i * LATENTS + i] * sampled[j * LATENTS + j] / EXAMPLES);
            if (i != j) near(sampled[i * LATENTS + j], mean[i * LATENTS + j], error, "covariance");
        }
        traces += sampled[i * LATENTS + i] - mean[i * LATENTS + i];
        variances += e->mean_variance[i];
    }
    near(traces, variances, 5 * sqrt(2.0 * LATENTS / EXAMPLES) + 0.01, "trace");
    for (int s = 0; s < PV_SUBSETS; s++)
        if (!isnan(e->mean.subset[s].total_correlation))
            assert_true(e->sampled.subset[s].total_correlation <=
                        e->mean.subset[s].total_correlation + 0.005);
}

static void check_sample(int k)
{
    int active = population[k].active;
    pv_codes c = synthetic_codes(EXAMPLES, LATENTS, active, population[k].shared, 7 + (uint64_t)k);
    pv_evaluation e;
    need(pv_evaluate_codes(&e, &c, stream, &paper));
    assert_int_equal(e.count[PV_ACTIVE], active);
    assert_int_equal(e.count[PV_PASSIVE], LATENTS - active);
    near(e.mean.subset[0].total_correlation, population[k].mean,
         sampling_error(e.mean.correlation) + 5e-4, "total correlation of mean codes");
    near(e.sampled.subset[0].total_correlation, population[k].sampled,
         sampling_error(e.sampled.correlation) + 5e-4, "total correlation of sampled codes");
    if (active >= 2) /* active variables are as correlated in both */
        near(e.sampled.subset[1].total_correlation, e.mean.subset[1].total_correlation, 0.005,
             "total correlation of active variables");
    check_invariants(&e);
    pv_evaluation_free(&e);
    pv_codes_free(&c);
}

static void samples(void **state)
{
    (void)state;
    for (int k = 0; k < POPULATIONS; k++) check_sample(k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(partition),
        cmocka_unit_test(thresholds),
        cmocka_unit_test(partition_of_codes),
        cmocka_unit_test(types_of_examples),
        cmocka_unit_test(sensitivity),
        cmocka_unit_test(bins_of_numpy),
        cmocka_unit_test(ordinary),
        cmocka_unit_test(awkward),
        cmocka_unit_test(only_passive),
        cmocka_unit_test(two_examples),
        cmocka_unit_test(one_variable),
        cmocka_unit_test(exact_covariances),
        cmocka_unit_test(samples),
    };
    return cmocka_run_group_tests(tests, open_device, close_device);
}
