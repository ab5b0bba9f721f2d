/* golden_metrics.h -- metrics of a table of codes against disentanglement_lib's own: those that
 * count to rounding, those that solve to a thousandth, those that grow trees within the reference's
 * own spread or a hundredth. A table's scores stand in a group of a golden file
 * (tests/oracle/README.md, "metrics_NAME.h5"). */
#ifndef TESTS_GOLDEN_METRICS_H
#define TESTS_GOLDEN_METRICS_H

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/hdf5.h"
#include "check.h"
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

HELPER double attribute(pv_h5 *golden, const char *group, const char *name, double missing)
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
HELPER double *read_numbers(pv_h5 *golden, const char *path, size_t *count)
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

HELPER void compare_values(pv_h5 *golden, const char *file, const pv_metric_result *r,
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

/* The scores of codes stand in a group of `golden`; `file` names it. */
typedef struct {
    pv_h5 *golden;
    const char *file, *group;
    const pv_labelled *codes;
} golden_table;

HELPER void compare_metric(const golden_table *t, const struct comparison *c)
{
    char group[128];
    pv_metric_options o = pv_metric_defaults;
    pv_metric_results results;
    snprintf(group, sizeof group, "%s/%s", t->group, c->group);
    o.train = (size_t)attribute(t->golden, group, "num_train", 10000);
    o.test = (size_t)attribute(t->golden, group, "num_test",
                               attribute(t->golden, group, "num_eval", 5000));
    o.continuous = c->continuous;
    o.era = c->study ? PV_SKLEARN_STUDY : PV_SKLEARN_CURRENT;
    NEED(pv_metrics_compute(&results, t->codes, 1, c->metric, stream, &o, NULL));
    const pv_metric_result *r = &results.result[0];
    check(r->seed == (uint32_t)attribute(t->golden, group, "seed", r->seed), "%s: seed %u", group,
          r->seed);
    compare_values(t->golden, t->file, r, group, c);
    pv_metric_results_free(&results);
}

/* ---- predictors ---- */

enum { SIZES = 3 }; /* numbers of examples that predictors saw */

/* How far apart accuracies may be, beside the reference's range: of logistic regression that from
 * where scikit-learn stops to the optimum, of trees that over three seeds. In ten rows many splits
 * are equally good, and one example more or less of a fold chooses another C. */
HELPER double allowed_apart(int trees, size_t size, int of_factor)
{
    if (trees) return size > 10 ? 0.015 : of_factor ? 0.2 : 0.05;
    return !of_factor ? 2e-3 : size > 100 ? 2e-3 : size > 10 ? 0.01 : 0.02;
}

typedef struct {
    double *low, *high; /* [count] */
    size_t count;
} range;

HELPER range read_range(const golden_table *t, int trees, const char *key)
{
    char path[200];
    size_t count;
    range r;
    snprintf(path, sizeof path, "%s/%s/%s", t->group,
             trees ? "downstream_boosted_trees" : "downstream_logistic_regression", key);
    r.low = read_numbers(t->golden, path, &r.count);
    snprintf(path, sizeof path, "%s/%s/%s%s", t->group,
             trees ? "downstream_boosted_trees" : "downstream_logistic_regression_optimum", key,
             trees ? "_range" : "");
    r.high = read_numbers(t->golden, path, &count);
    for (size_t i = 0; i < r.count; i++) {
        const double a = trees ? r.high[i] : r.low[i], b = r.high[trees ? r.count + i : i];
        r.low[i] = fmin(a, b);
        r.high[i] = fmax(a, b);
    }
    return r;
}

/* Accuracies by the number of examples: [SIZES], or [SIZES, factors]. */
HELPER void compare_downstream(const golden_table *t, int trees)
{
    static const char *const keys[] = {"mean_train_accuracy", "mean_test_accuracy",
                                       "train_accuracy", "test_accuracy"};
    char path[200];
    int64_t size[SIZES];
    pv_metric_options o = pv_metric_defaults;
    pv_metric_results results;
    snprintf(path, sizeof path, "%s/downstream_logistic_regression", t->group);
    o.test = (size_t)attribute(t->golden, path, "num_test", 0);
    strcat(path, "@num_train");
    NEED(pv_h5_read(t->golden,
                    &(pv_h5_array){.name = path, .type = PV_H5_I64, .rank = 1, .dim = {SIZES}},
                    size));
    for (int i = 0; i < PV_DOWNSTREAM_SIZES; i++) o.downstream[i] = i < SIZES ? (size_t)size[i] : 0;
    NEED(pv_metrics_compute(&results, t->codes, 1,
                            trees ? "downstream_trees" : "downstream_logistic", stream, &o, NULL));
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
        const range r = read_range(t, trees, keys[k]);
        const size_t each = r.count / SIZES;
        for (size_t i = 0; i < r.count; i++) {
            char key[64];
            snprintf(key, sizeof key, "%zu:%s", o.downstream[i / each], keys[k]);
            const pv_metric_value *got = pv_metric_value_of(&results.result[0], key);
            check(got != NULL, "%s %s: no %s", t->file, t->group, key);
            if (!got) continue;
            const double value = got->matrix ? got->matrix[i % each] : got->number,
                         allowed = allowed_apart(trees, o.downstream[i / each], each > 1);
            check(value >= r.low[i] - allowed && value <= r.high[i] + allowed,
                  "%s %s %s %s[%zu]: %.6g, the reference %.6g to %.6g", t->file, t->group,
                  trees ? "trees" : "logistic", key, i % each, value, r.low[i], r.high[i]);
        }
        free(r.low);
        free(r.high);
    }
    pv_metric_results_free(&results);
}

/* Every metric that the reference has. */
HELPER void compare_table(const golden_table *t)
{
    for (int c = 0; c < COMPARISONS; c++) compare_metric(t, &comparisons[c]);
    compare_downstream(t, 0);
    compare_downstream(t, 1);
}

#endif
