/* test_metrics_awkward.c -- metrics of awkward codes: a number where the definition gives one, else
 * a reason; an error where the codes are wrong; never both, and never neither. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "metric_tables.h"

/* Values that are shares, correlations or areas. */
static int is_share(const char *key)
{
    static const char *const part[] = {"accuracy",   "discrete_mig",    "SAP_score",
                                       "modularity", "explicitness",    "informativeness",
                                       "importance", "disentanglement", "completeness"};
    for (size_t i = 0; i < sizeof part / sizeof *part; i++)
        if (strstr(key, part[i])) return 1;
    return 0;
}

/* Every result has values, or a reason where there are none or some are no numbers, and only there.
 */
static void sound(const char *what, const pv_metric_results *all)
{
    check(all->count > 0, "%s: no results", what);
    for (int i = 0; i < all->count; i++) {
        const pv_metric_result *r = &all->result[i];
        int missing = r->count == 0;
        for (int v = 0; v < r->count; v++) {
            int n;
            const double *x = numbers(&r->value[v], &n);
            for (int e = 0; e < n; e++) {
                missing |= !isfinite(x[e]);
                check(!isinf(x[e]), "%s %s %s: is infinite", what, r->metric, r->value[v].key);
                check(isnan(x[e]) || !is_share(r->value[v].key) ||
                          (x[e] >= -1e-9 && x[e] <= 1 + 1e-9),
                      "%s %s %s: is %g", what, r->metric, r->value[v].key, x[e]);
            }
        }
        check(missing == (*r->reason != 0), "%s %s: %d values, and '%s'", what, r->metric, r->count,
              r->reason);
    }
}

static void reason(const char *what, const pv_metric_results *all, const char *metric,
                   const char *words)
{
    const pv_metric_result *r = of(all, metric);
    check(strstr(r->reason, words) != NULL, "%s %s: no '%s' in '%s'", what, metric, words,
          r->reason);
}

/* All metrics, by either scikit-learn, of discrete and of continuous factors. */
static pv_metric_results all_metrics(const char *what, const table *t)
{
    pv_metric_options o = few;
    pv_metric_results r;
    o.era = PV_SKLEARN_STUDY;
    o.continuous = 1;
    r = run(t, "all", &o);
    sound(what, &r);
    pv_metric_results_free(&r);
    r = run(t, "all", &few);
    sound(what, &r);
    return r;
}

/* Only these metrics, of a list with a space after each, have no number at all. */
static void undefined(const char *what, const pv_metric_results *all, const char *list)
{
    for (int i = 0; i < all->count; i++) {
        const pv_metric_result *r = &all->result[i];
        char word[40];
        snprintf(word, sizeof word, "%s ", r->metric);
        check((r->count == 0) == (strstr(list, word) != NULL), "%s %s: %d values, '%s'", what,
              r->metric, r->count, r->reason);
    }
}

static void all_metrics_but(const char *what, const table *t, const char *without)
{
    pv_metric_results r = all_metrics(what, t);
    undefined(what, &r, without);
    pv_metric_results_free(&r);
}

#define NO_GRID "beta_vae factor_vae "

/* ---- codes ---- */

static void refuse(float bad, const char *text)
{
    static const int with[] = {0, 3, 2}, without[] = {0, 1, 3};
    static table t;
    pv_labelled l;
    make_noisy(&t, 4);
    t.code[17 * 4 + 2] = bad;
    for (int subset = 0; subset < 2; subset++) {
        const pv_status status = pv_labelled_open(&l, "sampled", t.code, 4, t.factor, 3, t.rows,
                                                  subset ? with : NULL, subset ? 3 : 4);
        check(status == PV_EDATA && strstr(pv_error(), "sampled of example 17, variable 2") &&
                  strstr(pv_error(), text) && !strchr(pv_error(), '\n'),
              "%s: status %d: %s", text, status, pv_error());
        check(!l.code && !l.factor && !l.size && !l.row, "%s: something is left", text);
    }
    open_table(&l, &t, without, 3); /* it is not looked at */
    check(l.row != NULL, "%s: is no grid", text);
    pv_labelled_close(&l);
}

static void not_finite(void)
{
    refuse(NAN, "nan");
    refuse(INFINITY, "inf");
    refuse(-INFINITY, "-inf");
}

static void refused_shapes(void)
{
    static table t;
    pv_labelled l;
    make_noisy(&t, 4);
    static const struct {
        int factors, variables;
        size_t rows;
        const char *text;
    } wrong[] = {{0, 4, 60, "0 factors"},
                 {PV_MAX_FACTORS + 1, 4, 60, "17 factors"},
                 {3, 0, 60, "no variables"},
                 {3, 4, 1, "1 examples"},
                 {3, 4, 0, "0 examples"}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        check(pv_labelled_open(&l, "mean", t.code, 4, t.factor, wrong[i].factors, wrong[i].rows,
                               NULL, wrong[i].variables) == PV_EDATA &&
                  strstr(pv_error(), wrong[i].text) && !l.code,
              "%s: %s", wrong[i].text, pv_error());
    open_table(&l, &t, NULL, 4);
    pv_metric_results r;
    pv_metric_options o = few;
    check(pv_metrics_compute(&r, &l, 1, "mig,,dci", stream, &o, NULL) == PV_EUSAGE && !r.result,
          "an empty name: %s", pv_error());
    for (o.bins = 1; o.bins < 300; o.bins += 255)
        check(pv_metrics_compute(&r, &l, 1, "mig", stream, &o, NULL) == PV_EUSAGE && !r.result,
              "%d bins: %s", o.bins, pv_error());
    pv_labelled_close(&l);
}

static void constant_codes(void)
{
    static table t;
    make_noisy(&t, 4);
    for (size_t i = 0; i < t.rows * 4; i++) t.code[i] = 0.1f; /* a sum of which rounds */
    pv_metric_results r = all_metrics("constant", &t);
    undefined("constant", &r, "");
    check(number(&r, "mig", "discrete_mig") == 0 && number(&r, "irs", "IRS") == 0 &&
              number(&r, "dci", "disentanglement") < 1e-9 &&
              number(&r, "factor_vae", "num_active_dims") == 0 &&
              fabs(number(&r, "explicitness", "explicitness_score_test") - 0.5) < 1e-12,
          "constant codes know something");
    pv_metric_results_free(&r);
    shuffle(&t);
    t.rows--;
    all_metrics_but("constant, no grid", &t, NO_GRID);
    make_noisy(&t, 4);
    for (size_t i = 0; i < t.rows; i++) t.code[i * 4 + 1] = -2.7f;
    r = all_metrics("one constant", &t);
    undefined("one constant", &r, "");
    check(pv_metric_value_of(of(&r, "irs"), "max_deviations")->matrix[1] == 0 &&
              number(&r, "factor_vae", "num_active_dims") == 3,
          "a constant varies");
    reason("one constant", &r, "unsupervised", "singular");
    pv_metric_results_free(&r);
}

/* Of any size that a float can have. */
static void extreme_codes(void)
{
    static const float size[] = {1e30f, 1e-30f, FLT_MAX / 8, FLT_TRUE_MIN};
    static table t;
    char what[40];
    for (size_t s = 0; s < sizeof size / sizeof *size; s++) {
        make_noisy(&t, 3);
        for (size_t i = 0; i < t.rows * 3; i++) t.code[i] *= size[s];
        snprintf(what, sizeof what, "codes of about %g", (double)size[s]);
        all_metrics_but(what, &t, "");
        shuffle(&t);
        t.rows--;
        all_metrics_but(what, &t, NO_GRID);
    }
    make_noisy(&t, 3);
    for (size_t i = 0; i < t.rows; i++) t.code[i * 3] = i % 2 ? FLT_MAX : -FLT_MAX;
    all_metrics_but("the largest floats", &t, "");
}

/* ---- few of something ---- */

static void one_variable(void)
{
    static table t;
    make_noisy(&t, 1);
    pv_metric_results r = all_metrics("one variable", &t);
    undefined("one variable", &r, "mig sap unsupervised ");
    for (int i = 0; i < 3; i++)
        reason("one variable", &r, ((const char *const[]){"mig", "sap", "unsupervised"})[i],
               "only one");
    check(isnan(number(&r, "dci", "completeness")) &&
              isfinite(number(&r, "dci", "disentanglement")),
          "one variable: dci");
    reason("one variable", &r, "dci", "one variable");
    pv_metric_results_free(&r);
}

static void one_factor(void)
{
    static table t;
    make_grid(&t, 4, 1, (const int[]){70});
    fill(&t);
    for (size_t i = 0; i < t.rows; i++) t.factor[i] %= 7;
    pv_metric_results r = all_metrics("one factor", &t);
    undefined("one factor", &r, NO_GRID "modularity ");
    reason("one factor", &r, "modularity", "only one");
    check(isnan(number(&r, "dci", "disentanglement")) &&
              isfinite(number(&r, "dci", "completeness")),
          "one factor: dci");
    pv_metric_results_free(&r);
    make_grid(&t, 4, 1, (const int[]){7});
    fill(&t);
    r = all_metrics("one factor, a grid", &t);
    undefined("one factor, a grid", &r, "beta_vae modularity ");
    check(number(&r, "factor_vae", "eval_accuracy") == 1, "one factor: another is voted for");
    pv_metric_results_free(&r);
}

static void two_rows(void)
{
    static table t;
    t = (table){.rows = 2, .d = 2, .k = 1, .code = {0.5f, 1, -1, 2}, .factor = {0, 1}};
    all_metrics_but("two rows, a grid", &t, "beta_vae modularity ");
    t.factor[1] = 0;
    all_metrics_but("two rows alike", &t,
                    NO_GRID "mig dci sap explicitness modularity downstream_logistic "
                            "downstream_trees ");
    t.rows = 3;
    t.factor[2] = 1;
    all_metrics_but("three rows", &t,
                    NO_GRID "dci sap explicitness modularity downstream_logistic "
                            "downstream_trees ");
    t.d = t.k = 1;
    all_metrics_but("three rows, one variable", &t,
                    NO_GRID "mig dci sap explicitness modularity unsupervised downstream_logistic "
                            "downstream_trees ");
}

/* ---- factors ---- */

static void one_value(void)
{
    static table t;
    make_grid(&t, 4, 3, (const int[]){4, 1, 9});
    fill(&t);
    pv_metric_results r = all_metrics("one value", &t);
    undefined("one value", &r, "mig dci sap explicitness ");
    for (int i = 0; i < 4; i++)
        reason("one value", &r, ((const char *const[]){"mig", "dci", "sap", "explicitness"})[i],
               "factor 1 has one value only");
    reason("one value", &r, "downstream_trees", "factor 1 has one value");
    check(isnan(number(&r, "downstream_trees", "60:mean_test_accuracy")), "a mean of two of three");
    pv_metric_results_free(&r);
}

/* Ten rows of ten classes: those to test on are of classes never seen. */
static void more_classes_than_examples(void)
{
    static table t;
    t = (table){.rows = 20, .d = 3, .k = 2};
    for (size_t i = 0; i < t.rows; i++)
        t.factor[i * 2] = (int32_t)(i * i), t.factor[i * 2 + 1] = i % 3;
    for (size_t i = 0; i < t.rows * 3; i++) t.code[i] = (float)((i * 37 + 11) % 64) / 8;
    pv_metric_results r = all_metrics("a class each", &t);
    undefined("a class each", &r, NO_GRID "explicitness ");
    reason("a class each", &r, "explicitness", "factor 0 has the value 0 among");
    check(number(&r, "dci", "informativeness_test") <= 0.5, "what was never seen is predicted");
    pv_metric_results_free(&r);
}

/* A value that one row has. */
static void class_in_one_part(void)
{
    static const struct {
        size_t row;
        const char *text;
    } where[] = {{5, "factor 0 has the value 2 among the examples to learn from only"},
                 {50, "factor 0 has the value 2 among the examples to test on only"}};
    static table t;
    for (int part = 0; part < 2; part++) {
        make_noisy(&t, 4);
        shuffle(&t);
        for (size_t i = 0; i < t.rows; i++) t.factor[i * 3] = (int32_t)(i % 2);
        t.factor[where[part].row * 3] = 2;
        pv_metric_results r = all_metrics("a class in one part", &t);
        undefined("a class in one part", &r, NO_GRID "explicitness ");
        reason("a class in one part", &r, "explicitness", where[part].text);
        pv_metric_results_free(&r);
    }
}

/* A class that one of the five folds of ten has, and the others have not. */
static void one_of_a_class(void)
{
    static table t;
    make_grid(&t, 3, 2, (const int[]){30, 2});
    fill(&t);
    for (size_t i = 0; i < t.rows; i++) t.factor[i * 2] = i == 4 || i == 50;
    all_metrics_but("one of a class", &t, NO_GRID);
}

static void nearly_a_grid(void)
{
    static table t;
    pv_labelled l;
    make_noisy(&t, 4);
    for (int more = 0; more < 2; more++) { /* in the place of another, and beside all others */
        make_noisy(&t, 4);
        shuffle(&t);
        t.rows += (size_t)more;
        memcpy(t.factor + (t.rows - 1) * 3, t.factor + 9 * 3, 3 * sizeof *t.factor);
        open_table(&l, &t, NULL, 4);
        check(l.row == NULL, "a combination that is there twice makes a grid");
        pv_labelled_close(&l);
        pv_metric_results r = all_metrics("nearly a grid", &t);
        undefined("nearly a grid", &r, NO_GRID);
        reason("nearly a grid", &r, "beta_vae", "every combination of the factors once");
        check(of(&r, "mig")->train == t.rows && of(&r, "dci")->train == t.rows * 2 / 3 &&
                  of(&r, "dci")->test == t.rows - t.rows * 2 / 3,
              "nearly a grid: other examples");
        pv_metric_results_free(&r);
    }
}

int main(void)
{
    open_device();
    not_finite();
    refused_shapes();
    constant_codes();
    extreme_codes();
    one_variable();
    one_factor();
    two_rows();
    one_value();
    more_classes_than_examples();
    class_in_one_part();
    one_of_a_class();
    nearly_a_grid();
    close_device();
    return check_end();
}
