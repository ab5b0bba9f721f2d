/* test_metrics.c -- metrics of nine tables of codes against disentanglement_lib's own functions
 * (tests/oracle/metrics.py), for mean and sampled codes: those that count to rounding, those that
 * solve to a thousandth, those that grow trees within the reference's own spread or a hundredth. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/hdf5.h"
#include "check.h"
#include "polarvae/evaluate.h"
#include "polarvae/metrics.h"

static pv_device *device;
static pv_stream *stream;

/* What is compared: our metric and key, the reference's group and name, and how far they may be
 * apart beside the reference's own range, if it has one. */
static const struct comparison {
    const char *metric, *key, *group, *name;
    double allowed;
    int continuous, study;
} comparisons[] = {
    {"beta_vae", "train_accuracy", "beta_vae_sklearn", "train_accuracy", 1e-3, 0, 0},
    {"beta_vae", "eval_accuracy", "beta_vae_sklearn", "eval_accuracy", 1e-3, 0, 0},
    {"beta_vae", "train_accuracy", "beta_vae_sklearn_study", "train_accuracy", 1e-3, 0, 1},
    {"beta_vae", "eval_accuracy", "beta_vae_sklearn_study", "eval_accuracy", 1e-3, 0, 1},
    {"factor_vae", "train_accuracy", "factor_vae", "train_accuracy", 1e-9, 0, 0},
    {"factor_vae", "eval_accuracy", "factor_vae", "eval_accuracy", 1e-9, 0, 0},
    {"mig", "discrete_mig", "mig", "discrete_mig", 1e-9, 0, 0},
    {"mig", "mutual_information", "mig", "mutual_information", 1e-9, 0, 0},
    {"modularity", "modularity_score", "modularity_explicitness", "modularity_score", 1e-9, 0, 0},
    {"explicitness", "explicitness_score_train", "modularity_explicitness",
     "explicitness_score_train", 1e-3, 0, 0},
    {"explicitness", "explicitness_score_test", "modularity_explicitness",
     "explicitness_score_test", 1e-3, 0, 0},
    {"explicitness", "explicitness_test", "modularity_explicitness", "explicitness_test", 1e-3, 0,
     0},
    {"explicitness", "explicitness_score_test", "modularity_explicitness_study",
     "explicitness_score_test", 1e-3, 0, 1},
    {"sap", "SAP_score", "sap", "SAP_score", 1e-3, 0, 0},
    {"sap", "score_matrix", "sap_optimum", "score_matrix", 1e-3, 0, 0},
    {"sap", "SAP_score", "sap_continuous", "SAP_score", 1e-9, 1, 0},
    {"sap", "score_matrix", "sap_continuous", "score_matrix", 1e-9, 1, 0},
    {"dci", "disentanglement", "dci", "disentanglement", 0.01, 0, 0},
    {"dci", "completeness", "dci", "completeness", 0.01, 0, 0},
    {"dci", "informativeness_train", "dci", "informativeness_train", 0.01, 0, 0},
    {"dci", "informativeness_test", "dci", "informativeness_test", 0.01, 0, 0},
    {"dci", "importance", "dci", "importance", 0.01, 0, 0},
    {"dci", "disentanglement", "dci_normalised", "disentanglement", 0.01, 0, 1},
    {"dci", "completeness", "dci_normalised", "completeness", 0.01, 0, 1},
    {"irs", "IRS", "irs", "IRS", 1e-9, 0, 0},
    {"unsupervised", "gaussian_total_correlation", "unsupervised", "gaussian_total_correlation",
     1e-9, 0, 0},
    {"unsupervised", "gaussian_wasserstein_correlation", "unsupervised",
     "wasserstein_by_eigenvalues", 1e-6, 0, 0},
    {"unsupervised", "mutual_info_score", "unsupervised", "mutual_info_score", 1e-9, 0, 0},
};
enum { COMPARISONS = sizeof comparisons / sizeof *comparisons };

static double attribute(pv_h5 *golden, const char *group, const char *name, double missing)
{
    char path[160];
    int64_t value;
    snprintf(path, sizeof path, "%s@%s", group, name);
    if (!pv_h5_has(golden, path)) return missing;
    const pv_h5_array array = {.name = path, .type = PV_H5_I64};
    NEED(pv_h5_read(golden, &array, &value));
    return (double)value;
}

/* All numbers of an array, in an order of its own; NULL where there is no such array. */
static double *read_numbers(pv_h5 *golden, const char *path, size_t *count)
{
    pv_h5_array array;
    double *value;
    *count = 1;
    if (!pv_h5_has(golden, path)) return NULL;
    NEED(pv_h5_find(golden, path, &array));
    for (int i = 0; i < array.rank; i++) *count *= array.dim[i];
    NEED(pv_new(&value, *count, sizeof *value, path));
    array.type = PV_H5_F64;
    array.name = path;
    NEED(pv_h5_read(golden, &array, value));
    return value;
}

static void compare_values(pv_h5 *golden, const char *file, const pv_metric_result *r,
                           const char *group, const struct comparison *c)
{
    char path[200];
    size_t count, range_count;
    snprintf(path, sizeof path, "%s/%s", group, c->name);
    /* Which of two copies a tree takes is drawn, and their shares with it. */
    if (strcmp(c->key, "importance") == 0 && strcmp(file, "duplicated") == 0) return;
    double *want = read_numbers(golden, path, &count);
    if (!want) return; /* upstream has no value */
    snprintf(path, sizeof path, "%s/%s_range", group, c->name);
    double *range = read_numbers(golden, path, &range_count);
    const pv_metric_value *got = pv_metric_value_of(r, c->key);
    check(got != NULL, "%s %s %s: no value: %s", file, group, c->key, r->reason);
    for (size_t i = 0; i < count && got; i++) {
        const double value = got->matrix ? got->matrix[i] : got->number;
        double low = want[i], high = want[i];
        if (range) {
            low = range[i];
            high = range[count + i];
        }
        const int undefined = !isfinite(want[i]) && !isfinite(value);
        check(undefined || (value >= low - c->allowed && value <= high + c->allowed),
              "%s %s %s[%zu]: %.12g, the reference %.12g to %.12g", file, group, c->key, i, value,
              low, high);
    }
    free(want);
    free(range);
}

static void compare_metric(pv_h5 *golden, const char *file, const pv_labelled *codes, int second,
                           const struct comparison *c)
{
    char group[128];
    pv_metric_options o = pv_metric_defaults;
    pv_metric_results results;
    snprintf(group, sizeof group, "%s/%s", codes[second].name, c->group);
    o.train = (size_t)attribute(golden, group, "num_train", 10000);
    o.test =
        (size_t)attribute(golden, group, "num_test", attribute(golden, group, "num_eval", 5000));
    o.continuous = c->continuous;
    o.era = c->study ? PV_SKLEARN_STUDY : PV_SKLEARN_CURRENT;
    NEED(pv_metrics_compute(&results, codes, 2, c->metric, stream, &o, NULL));
    const pv_metric_result *r = &results.result[second];
    check(r->seed == (uint32_t)attribute(golden, group, "seed", r->seed), "%s: seed %u", group,
          r->seed);
    compare_values(golden, file, r, group, c);
    pv_metric_results_free(&results);
}

/* ---- predictors ---- */

enum { SIZES = 3 };
static const size_t sizes[SIZES] = {10, 100, 1000}; /* examples that they saw */

/* How far apart accuracies may be, beside the reference's range: of logistic regression that from
 * where scikit-learn stops to the optimum, of trees that over three seeds. In ten rows many splits
 * are equally good, and one example more or less of a fold chooses another C. */
static double allowed_apart(int trees, size_t size, int of_factor)
{
    if (trees) return size > 10 ? 0.015 : of_factor ? 0.2 : 0.05;
    return !of_factor ? 2e-3 : size > 100 ? 2e-3 : size > 10 ? 0.01 : 0.02;
}

typedef struct {
    double *low, *high; /* [count] */
    size_t count;
} range;

static range read_range(pv_h5 *golden, const char *representation, int trees, const char *key)
{
    static const char logistic[] = "downstream_logistic_regression";
    char path[200];
    size_t count;
    range r;
    snprintf(path, sizeof path, "%s/%s/%s", representation,
             trees ? "downstream_boosted_trees" : logistic, key);
    r.low = read_numbers(golden, path, &r.count);
    snprintf(path, sizeof path, "%s/%s%s/%s%s", representation,
             trees ? "downstream_boosted_trees" : logistic, trees ? "" : "_optimum", key,
             trees ? "_range" : "");
    r.high = read_numbers(golden, path, &count);
    for (size_t i = 0; i < r.count; i++) {
        const double a = trees ? r.high[i] : r.low[i], b = r.high[trees ? r.count + i : i];
        r.low[i] = fmin(a, b);
        r.high[i] = fmax(a, b);
    }
    return r;
}

/* Accuracies by the number of examples: [sizes], or [sizes, factors]. */
static void compare_downstream(pv_h5 *golden, const char *file, const pv_labelled *codes,
                               int second, int trees)
{
    static const char *const keys[] = {"mean_train_accuracy", "mean_test_accuracy",
                                       "train_accuracy", "test_accuracy"};
    pv_metric_options o = pv_metric_defaults;
    pv_metric_results results;
    memset(o.downstream, 0, sizeof o.downstream);
    memcpy(o.downstream, sizes, sizeof sizes);
    o.test = 2000;
    NEED(pv_metrics_compute(&results, codes, 2, trees ? "downstream_trees" : "downstream_logistic",
                            stream, &o, NULL));
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
        const range r = read_range(golden, codes[second].name, trees, keys[k]);
        const size_t each = r.count / SIZES;
        for (size_t i = 0; i < r.count; i++) {
            char key[64];
            snprintf(key, sizeof key, "%zu:%s", sizes[i / each], keys[k]);
            const pv_metric_value *got = pv_metric_value_of(&results.result[second], key);
            check(got != NULL, "%s %s: no %s", file, codes[second].name, key);
            if (!got) continue;
            const double value = got->matrix ? got->matrix[i % each] : got->number,
                         allowed = allowed_apart(trees, sizes[i / each], each > 1);
            check(value >= r.low[i] - allowed && value <= r.high[i] + allowed,
                  "%s %s %s %s[%zu]: %.6g, the reference %.6g to %.6g", file, codes[second].name,
                  trees ? "trees" : "logistic", key, i % each, value, r.low[i], r.high[i]);
        }
        free(r.low);
        free(r.high);
    }
    pv_metric_results_free(&results);
}

static void compare_file(const char *name)
{
    char path[256];
    pv_codes codes;
    pv_h5 *golden;
    pv_labelled both[2];
    snprintf(path, sizeof path, "%s/tests/golden/codes_%s.h5", PV_SOURCE_DIR, name);
    NEED(pv_codes_read(&codes, path));
    snprintf(path, sizeof path, "%s/tests/golden/metrics_%s.h5", PV_SOURCE_DIR, name);
    NEED(pv_h5_open(&golden, path));
    NEED(pv_labelled_open(&both[0], "mean", codes.mean, (size_t)codes.latents, codes.factor,
                          codes.factors, codes.examples, NULL, codes.latents));
    NEED(pv_labelled_open(&both[1], "sampled", codes.sampled, (size_t)codes.latents, codes.factor,
                          codes.factors, codes.examples, NULL, codes.latents));
    check(both[0].row != NULL, "%s: is no grid", name);
    for (int second = 0; second < 2; second++)
        for (int c = 0; c < COMPARISONS; c++)
            compare_metric(golden, name, both, second, &comparisons[c]);
    for (int second = 0; second < 2; second++) {
        compare_downstream(golden, name, both, second, 0);
        compare_downstream(golden, name, both, second, 1);
    }
    pv_labelled_close(&both[0]);
    pv_labelled_close(&both[1]);
    pv_codes_free(&codes);
    pv_h5_close(golden);
}

/* Factors of which three are real-valued, in rows that are no grid. */
static void compare_real_factors(void)
{
    static const char *const keys[][2] = {{"sap", "SAP_score"},
                                          {"sap", "score_matrix"},
                                          {"irs", "IRS"},
                                          {"irs", "IRS_matrix"},
                                          {"irs", "max_deviations"}};
    const pv_metric_options options = {.bins = 20, .threads = 2};
    static const char *const name[] = {"mean", "sampled"};
    pv_codes codes;
    pv_h5 *golden;
    NEED(pv_codes_read(&codes, PV_SOURCE_DIR "/tests/golden/real_factors.h5"));
    NEED(pv_h5_open(&golden, PV_SOURCE_DIR "/tests/golden/real_factors.h5"));
    for (int second = 0; second < 2; second++) {
        pv_labelled l;
        pv_metric_results results;
        NEED(pv_labelled_open_reals(&l, name[second], second ? codes.sampled : codes.mean,
                                    (size_t)codes.latents, codes.factor_value, codes.factors,
                                    codes.examples, NULL, codes.latents));
        NEED(pv_metrics_compute(&results, &l, 1, "sap,irs", stream, &options, NULL));
        check(results.result[0].continuous && !results.result[1].continuous,
              "real factors: not told, or told of irs");
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
            char path[120];
            size_t count;
            const int irs = strcmp(keys[k][0], "irs") == 0;
            const pv_metric_value *got = pv_metric_value_of(&results.result[irs], keys[k][1]);
            snprintf(path, sizeof path, "reference/%s/%s/%s", name[second], keys[k][0], keys[k][1]);
            double *want = read_numbers(golden, path, &count);
            check(got && want, "%s: none", path);
            for (size_t i = 0; i < count && got && want; i++) {
                const double value = got->matrix ? got->matrix[i] : got->number;
                check(fabs(value - want[i]) <= 1e-9, "%s[%zu]: %.12g, not %.12g", path, i, value,
                      want[i]);
            }
            free(want);
        }
        pv_metric_results_free(&results);
        pv_labelled_close(&l);
    }
    pv_codes_free(&codes);
    pv_h5_close(golden);
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"identity", "permuted", "duplicated", "zeros",  "rotated",
                                        "noisy",    "constant", "polarised",  "trained"};
    NEED(pv_device_open(&device, "cpu"));
    NEED(pv_stream_open(&stream, device, 1));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (argc < 2 || strcmp(argv[1], names[i]) == 0) compare_file(names[i]);
    if (argc < 2) compare_real_factors();
    pv_stream_close(stream);
    pv_device_close(device);
    return check_end();
}
