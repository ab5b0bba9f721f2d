/* test_metrics_properties.c -- what leaves metrics as they are, and what they are of clear cases.
 */
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "metric_tables.h"

/* ---- results ---- */

static void same_result(const char *what, const pv_metric_result *a, const pv_metric_result *b)
{
    check(a->seed == b->seed && a->train == b->train && a->test == b->test && a->count == b->count,
          "%s %s: another result", what, a->metric);
    check(strcmp(a->reason, b->reason) == 0, "%s %s: '%s', not '%s'", what, a->metric, a->reason,
          b->reason);
    for (int v = 0; v < a->count && a->count == b->count; v++) {
        int n, m;
        const double *x = numbers(&a->value[v], &n), *y = numbers(&b->value[v], &m);
        check(n == m && strcmp(a->value[v].key, b->value[v].key) == 0, "%s %s: %s, not %s", what,
              a->metric, a->value[v].key, b->value[v].key);
        for (int i = 0; i < n && n == m; i++)
            check(x[i] == y[i] || (isnan(x[i]) && isnan(y[i])), "%s %s %s[%d]: %.17g, not %.17g",
                  what, a->metric, a->value[v].key, i, x[i], y[i]);
    }
}

/* The same to the bit, but for the time they took; `but` may be another. */
static void same_results(const char *what, const pv_metric_results *a, const pv_metric_results *b,
                         const char *but)
{
    check(a->count == b->count && a->count > 0, "%s: %d results, not %d", what, a->count, b->count);
    for (int i = 0; i < a->count; i++)
        if (!but || strcmp(a->result[i].metric, but) != 0)
            same_result(what, &a->result[i], &b->result[i]);
}

/* ---- what changes nothing ---- */

static void same_for_all_threads(void)
{
    static table t[2];
    pv_labelled both[2];
    pv_metric_results one, more;
    pv_metric_options o = few;
    for (int i = 0; i < 2; i++) {
        make_noisy(&t[i], 4 - i);
        open_table(&both[i], &t[i], NULL, 4 - i);
    }
    both[1].name = "sampled";
    o.threads = 1;
    NEED(pv_metrics_compute(&one, both, 2, "all", stream, &o, NULL));
    check(one.count == 24, "%d results", one.count);
    for (int i = 0; i < 11; i++)
        check(one.result[i].seed != one.result[i + 11].seed, "%s: draws are shared",
              one.result[i].metric);
    for (o.threads = 2; o.threads <= 5; o.threads += 3) {
        NEED(pv_metrics_compute(&more, both, 2, "all", stream, &o, NULL));
        same_results("threads", &more, &one, NULL);
        pv_metric_results_free(&more);
    }
    for (int i = 0; i < 11; i++) { /* alone as among others */
        NEED(pv_metrics_compute(&more, both, 1, pv_metric_names[i], stream, &o, NULL));
        check(more.count == 1, "%s alone: %d results", pv_metric_names[i], more.count);
        same_result("alone", &more.result[0], &one.result[i]);
        pv_metric_results_free(&more);
    }
    pv_metric_results_free(&one);
    pv_labelled_close(&both[0]);
    pv_labelled_close(&both[1]);
}

/* A grid is drawn from by its factors, not its rows; and classes count, not their names, but for
 * irs, which takes factors as numbers. */
static void same_for_order_and_names(void)
{
    static const int32_t name[] = {INT32_MIN, -70000, -1, 40, INT32_MAX};
    static table t;
    make_noisy(&t, 4);
    pv_metric_results before = run(&t, "all", &few), after;
    shuffle(&t);
    after = run(&t, "all", &few);
    same_results("other rows", &after, &before, NULL);
    pv_metric_results_free(&after);
    for (size_t i = 0; i < t.rows * 3; i++) t.factor[i] = name[t.factor[i]];
    after = run(&t, "all", &few);
    same_results("other names", &after, &before, "irs");
    check(isfinite(number(&after, "irs", "IRS")), "other names: no irs");
    pv_metric_results_free(&after);
    pv_metric_results_free(&before);
}

static void same_for_columns_and_subset(void)
{
    static const int variable[] = {4, 1, 2};
    static table t, part;
    pv_labelled subset;
    pv_metric_results a, b;
    make_noisy(&t, 5);
    make_noisy(&part, 3);
    for (size_t i = 0; i < t.rows; i++)
        for (size_t j = 0; j < 3; j++) part.code[i * 3 + j] = t.code[i * 5 + (size_t)variable[j]];
    open_table(&subset, &t, variable, 3);
    NEED(pv_metrics_compute(&a, &subset, 1, "all", stream, &few, NULL));
    b = run(&part, "all", &few);
    same_results("a subset", &a, &b, NULL);
    pv_metric_results_free(&a);
    pv_metric_results_free(&b);
    pv_labelled_close(&subset);
}

/* A variable that hardly moves has no vote in factor_vae, though it knows a factor. */
static void same_without_a_dead_one(void)
{
    static const int variable[] = {1, 2, 3, 4};
    static table t;
    pv_labelled subset;
    pv_metric_results a, b;
    make_noisy(&t, 5);
    for (size_t i = 0; i < t.rows; i++) t.code[i * 5] = (float)t.factor[i * 3] / 64;
    open_table(&subset, &t, variable, 4);
    NEED(pv_metrics_compute(&a, &subset, 1, "factor_vae", stream, &few, NULL));
    b = run(&t, "factor_vae", &few);
    same_results("a dead variable", &a, &b, NULL);
    pv_metric_results_free(&b);
    for (size_t i = 0; i < t.rows; i++) t.code[i * 5] *= 64;
    b = run(&t, "factor_vae", &few);
    check(number(&b, "factor_vae", "eval_accuracy") > number(&a, "factor_vae", "eval_accuracy"),
          "a variable that knows a factor has no vote");
    pv_metric_results_free(&a);
    pv_metric_results_free(&b);
    pv_labelled_close(&subset);
}

/* How far a score may move when variables change places, are doubled, or moved by 4; < 0: it may.
 * Penalties of a classifier see the scale; trees draw which of equally good splits they take. */
static const struct score {
    const char *metric, *key;
    double permuted, doubled, moved;
} scores[] = {
    {"beta_vae", "eval_accuracy", 0.02, -1, 0},
    {"factor_vae", "train_accuracy", 0, 0, 0},
    {"factor_vae", "eval_accuracy", 0, 0, 0},
    {"mig", "discrete_mig", 0, 0, 0},
    {"dci", "disentanglement", 0.02, 0, 1e-9},
    {"dci", "completeness", 0.02, 0, 1e-9},
    {"dci", "informativeness_test", 0, 0, 0},
    {"sap", "SAP_score", 1e-12, 1e-12, 1e-9},
    {"modularity", "modularity_score", 1e-12, 0, 0},
    {"explicitness", "explicitness_score_test", 1e-3, 0, 1e-3},
    {"irs", "IRS", 1e-12, 0, 1e-9},
    {"unsupervised", "gaussian_total_correlation", 1e-9, 1e-9, 1e-9},
    {"unsupervised", "gaussian_wasserstein_correlation_norm", 1e-9, 1e-9, 1e-9},
    {"unsupervised", "mutual_info_score", 1e-9, 0, 0},
    {"downstream_trees", "60:mean_test_accuracy", 0.02, 0, 0},
};

static void near_scores(const char *what, const pv_metric_results *got,
                        const pv_metric_results *want, size_t at)
{
    for (size_t i = 0; i < sizeof scores / sizeof *scores; i++) {
        const double allowed = *(const double *)((const char *)&scores[i] + at),
                     x = number(got, scores[i].metric, scores[i].key),
                     y = number(want, scores[i].metric, scores[i].key);
        check(allowed < 0 || fabs(x - y) <= allowed, "%s %s %s: %.12g, not %.12g", what,
              scores[i].metric, scores[i].key, x, y);
    }
}

/* Row j of a matrix is that of variable[j] before. */
static void moved_rows(const pv_metric_results *got, const pv_metric_results *want,
                       const int *variable)
{
    static const char *const matrix[][2] = {{"mig", "mutual_information"},
                                            {"modularity", "mutual_information"},
                                            {"dci", "importance"},
                                            {"sap", "score_matrix"},
                                            {"irs", "IRS_matrix"}};
    for (size_t i = 0; i < sizeof matrix / sizeof *matrix; i++) {
        const pv_metric_value *a = pv_metric_value_of(of(got, matrix[i][0]), matrix[i][1]),
                              *b = pv_metric_value_of(of(want, matrix[i][0]), matrix[i][1]);
        if (!check(a && b && a->rows == 4 && a->columns == 3 && b->rows == 4, "%s: no %s",
                   matrix[i][0], matrix[i][1]))
            continue;
        for (int j = 0; j < 4; j++)
            for (int k = 0; k < 3; k++)
                check(fabs(a->matrix[j * 3 + k] - b->matrix[variable[j] * 3 + k]) <=
                          (strcmp(matrix[i][0], "dci") == 0 ? 0.02 : 0),
                      "permuted: %s of variable %d, factor %d is %.12g, not %.12g", matrix[i][0], j,
                      k, a->matrix[j * 3 + k], b->matrix[variable[j] * 3 + k]);
    }
}

static void near_for_changed_codes(void)
{
    static const int variable[] = {2, 3, 0, 1};
    static table t;
    pv_labelled labelled;
    pv_metric_options o = few;
    make_noisy(&t, 4);
    pv_metric_results before = run(&t, "all", &o), after;
    open_table(&labelled, &t, variable, 4);
    NEED(pv_metrics_compute(&after, &labelled, 1, "all", stream, &o, NULL));
    near_scores("permuted", &after, &before, offsetof(struct score, permuted));
    moved_rows(&after, &before, variable);
    pv_labelled_close(&labelled);
    pv_metric_results_free(&before);
    pv_metric_results_free(&after);

    o.continuous = 1; /* the classifier of sap has a penalty */
    before = run(&t, "all", &o);
    for (size_t i = 0; i < t.rows * 4; i++) t.code[i] *= 2;
    after = run(&t, "all", &o);
    near_scores("doubled", &after, &before, offsetof(struct score, doubled));
    pv_metric_results_free(&after);
    for (size_t i = 0; i < t.rows * 4; i++) t.code[i] = t.code[i] / 2 + 4;
    after = run(&t, "all", &o);
    near_scores("moved", &after, &before, offsetof(struct score, moved));
    pv_metric_results_free(&after);
    pv_metric_results_free(&before);
}

/* ---- clear cases ---- */

static void between(const char *what, const pv_metric_results *all, const char *metric,
                    const char *key, double low, double high)
{
    const double x = number(all, metric, key);
    check(x >= low - 1e-9 && x <= high + 1e-9, "%s: %s %s is %.12g, not %g to %g", what, metric,
          key, x, low, high);
}

/* Codes are the factors: once, and each twice. */
static void identity(int copies)
{
    static table t;
    const char *what = copies == 1 ? "identity" : "copies";
    pv_metric_options o = few;
    make_grid(&t, 3 * copies, 3, (const int[]){6, 7, 8});
    for (size_t i = 0; i < t.rows; i++)
        for (int j = 0; j < t.d; j++)
            t.code[i * (size_t)t.d + (size_t)j] = (float)t.factor[i * 3 + (size_t)(j % 3)];
    o.train = 2000;
    o.test = 1000;
    o.continuous = 1;
    pv_metric_results r =
        run(&t, "beta_vae,factor_vae,mig,dci,sap,modularity,irs,explicitness,unsupervised", &o);
    between(what, &r, "beta_vae", "train_accuracy", 1, 1);
    between(what, &r, "beta_vae", "eval_accuracy", 1, 1);
    between(what, &r, "factor_vae", "train_accuracy", 1, 1);
    between(what, &r, "factor_vae", "eval_accuracy", 1, 1);
    between(what, &r, "factor_vae", "num_active_dims", t.d, t.d);
    between(what, &r, "modularity", "modularity_score", 0.9, 1);
    between(what, &r, "dci", "disentanglement", 0.999, 1);
    between(what, &r, "dci", "informativeness_train", 1, 1);
    between(what, &r, "dci", "informativeness_test", 1, 1);
    between(what, &r, "irs", "IRS", 0.9, 1);
    between(what, &r, "explicitness", "explicitness_score_test", 0.75, 1);
    between(what, &r, "mig", "discrete_mig", copies == 1 ? 0.95 : 0, copies == 1 ? 1 : 0);
    between(what, &r, "sap", "SAP_score", copies == 1 ? 0.95 : 0, copies == 1 ? 1 : 0);
    /* Copies share a factor between two of six variables. */
    between(what, &r, "dci", "completeness", copies == 1 ? 0.999 : 0.6, copies == 1 ? 1 : 0.62);
    if (copies == 1)
        between(what, &r, "unsupervised", "gaussian_total_correlation", 0, 0.01);
    else
        check(*of(&r, "unsupervised")->reason != 0, "copies: total correlation without a reason");
    pv_metric_results_free(&r);
}

/* In each row the variables know the factors in an order of its own: no variable knows one. */
static void permuted_by_row(void)
{
    static table t;
    pv_random_state random;
    pv_random_state_seed(&random, 5);
    t = (table){.rows = ROWS, .d = 3, .k = 3};
    for (size_t i = 0; i < ROWS; i++) {
        const int first = (int)pv_random_state_below(&random, 3),
                  step = 1 + (int)pv_random_state_below(&random, 2);
        for (size_t f = 0; f < 3; f++)
            t.factor[i * 3 + f] = (int32_t)pv_random_state_below(&random, 5);
        for (int j = 0; j < 3; j++)
            t.code[i * 3 + (size_t)j] = (float)t.factor[i * 3 + (size_t)((first + j * step) % 3)];
    }
    pv_metric_results r = run(&t, "mig,dci,modularity,factor_vae", &few);
    between("permuted by row", &r, "mig", "discrete_mig", 0, 0.02);
    between("permuted by row", &r, "dci", "disentanglement", 0, 0.1);
    between("permuted by row", &r, "dci", "completeness", 0, 0.1);
    between("permuted by row", &r, "modularity", "modularity_score", 0, 0.2);
    check(of(&r, "factor_vae")->count == 0, "permuted by row: is taken for a grid");
    pv_metric_results_free(&r);
}

/* Nothing is known: as upstream, and no total correlation. */
static void zeros(void)
{
    static table t;
    make_grid(&t, 3, 3, (const int[]){4, 3, 5});
    pv_metric_results r = run(&t, "all", &few);
    between("zeros", &r, "factor_vae", "eval_accuracy", 0, 0);
    between("zeros", &r, "factor_vae", "num_active_dims", 0, 0);
    between("zeros", &r, "mig", "discrete_mig", 0, 0);
    between("zeros", &r, "dci", "disentanglement", 0, 0);
    between("zeros", &r, "dci", "completeness", 0, 0);
    between("zeros", &r, "sap", "SAP_score", 0, 0);
    between("zeros", &r, "modularity", "modularity_score", 0, 0);
    between("zeros", &r, "explicitness", "explicitness_score_test", 0.5, 0.5);
    between("zeros", &r, "irs", "IRS", 0, 0);
    between("zeros", &r, "beta_vae", "eval_accuracy", 0.2, 0.5);
    check(isnan(number(&r, "unsupervised", "gaussian_total_correlation")) &&
              *of(&r, "unsupervised")->reason,
          "zeros: total correlation");
    pv_metric_results_free(&r);
}

int main(void)
{
    open_device();
    same_for_all_threads();
    same_for_order_and_names();
    same_for_columns_and_subset();
    same_without_a_dead_one();
    near_for_changed_codes();
    identity(1);
    identity(2);
    permuted_by_row();
    zeros();
    close_device();
    return check_end();
}
