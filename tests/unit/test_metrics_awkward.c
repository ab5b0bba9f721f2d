/* test_metrics_awkward.c -- metrics of awkward codes: a number where the definition gives one, else
 * a reason; an error where the codes are wrong; never both, and never neither. */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "learn/trees.h"
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
                            "downstream_trees downstream_random ");
    t.rows = 3;
    t.factor[2] = 1;
    all_metrics_but("three rows", &t,
                    NO_GRID "dci sap explicitness modularity downstream_logistic "
                            "downstream_trees downstream_random ");
    t.d = t.k = 1;
    all_metrics_but("three rows, one variable", &t,
                    NO_GRID "mig dci sap explicitness modularity unsupervised downstream_logistic "
                            "downstream_trees downstream_random ");
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

/* ---- real-valued factors ---- */

/* The factors of a table, but factor k of bit k is halved. */
static void halve(double *value, const table *t, unsigned which)
{
    for (size_t i = 0; i < t->rows * (size_t)t->k; i++)
        value[i] = t->factor[i] / (which >> i % (size_t)t->k & 1 ? 2.0 : 1.0);
}

static pv_metric_results run_reals(const table *t, const double *value, const char (*name)[32])
{
    pv_labelled l;
    pv_metric_results out;
    NEED(pv_labelled_open_reals(&l, "mean", t->code, (size_t)t->d, value, t->k, t->rows, NULL,
                                t->d));
    check(!l.row && !l.factor && !l.size, "real factors: classes");
    l.factor_name = name;
    NEED(pv_metrics_compute(&out, &l, 1, "all", stream, &few, NULL));
    pv_labelled_close(&l);
    return out;
}

/* sap, irs and unsupervised have what they have of whole numbers; the others tell why not. */
static void real_factors(void)
{
    static const char name[3][32] = {"shape", "an angle of thirty-one letters!", "x"};
    static const struct {
        unsigned which;
        const char *names, *numbers;
    } cases[] = {{1, "factor 0 (shape) is real-valued: leave it out", "factor 0 is"},
                 {5, "factors 0 (shape), 2 (x) are real-valued: leave them", "factors 0, 2 are"},
                 {6, "factors 1 (an angle of thirty-one letters!), 2 (x) are", "factors 1, 2 are"},
                 {7, "all of these are real-valued", "all of these are real-valued"}};
    static const char *const taken = "sap irs unsupervised ";
    static double value[ROWS * FACTORS];
    static table t;
    make_noisy(&t, 4);
    shuffle(&t);
    pv_metric_options continuous = few;
    continuous.continuous = 1;
    memcpy(t.factor + (t.rows - 1) * 3, t.factor, 3 * sizeof *t.factor); /* no grid */
    pv_metric_results whole = run(&t, "sap,irs,unsupervised", &continuous);
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++)
        for (int named = 0; named < 2; named++) {
            halve(value, &t, cases[c].which);
            pv_metric_results r = run_reals(&t, value, named ? name : NULL);
            sound("real factors", &r);
            for (int i = 0; i < r.count; i++) {
                const char *metric = r.result[i].metric;
                if (!strstr(taken, metric)) {
                    check(r.result[i].count == 0, "real factors: %s has a value", metric);
                    reason("real factors", &r, metric, named ? cases[c].names : cases[c].numbers);
                    continue;
                }
                const pv_metric_result *want = of(&whole, metric);
                check(r.result[i].count == want->count && r.result[i].train == want->train,
                      "real factors: %s sees something else", metric);
                for (int v = 0; v < want->count; v++) {
                    int n;
                    const double *x = numbers(&r.result[i].value[v], &n),
                                 *y = numbers(&want->value[v], &n);
                    for (int e = 0; e < n; e++)
                        check(fabs(x[e] - y[e]) <= 1e-12, "real factors: %s %s is %.15g, not %.15g",
                              metric, want->value[v].key, x[e], y[e]);
                }
            }
            check(of(&r, "sap")->continuous && of(&whole, "sap")->continuous,
                  "real factors: sap does not tell");
            pv_metric_results_free(&r);
        }
    pv_metric_results_free(&whole);
}

/* Sixteen of seventeen letters each: their numbers are told, for their names there is no room. */
static void many_real_factors(void)
{
    enum { K = PV_MAX_FACTORS, N = 40 };
    static char name[K][32];
    static double value[N * K];
    static table t;
    pv_labelled l;
    pv_metric_results r;
    make_noisy(&t, 4);
    for (int k = 0; k < K; k++) snprintf(name[k], sizeof name[k], "factor_number_%03d", k);
    for (int i = 0; i < N * K; i++) value[i] = i % K ? i * 0.37 : i;
    NEED(pv_labelled_open_reals(&l, "mean", t.code, 4, value, K, N, NULL, 4));
    l.factor_name = (const char(*)[32])name;
    NEED(pv_metrics_compute(&r, &l, 1, "mig", stream, &few, NULL));
    reason("many", &r, "mig", "but factors 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 are ");
    reason("many", &r, "mig", "real-valued: leave them out to score the others");
    pv_metric_results_free(&r);
    pv_labelled_close(&l);
}

/* Of any size that a double can have, and far from 0. */
static void extreme_real_factors(void)
{
    static const struct {
        double unit, from;
    } cases[] = {
        {0x1p1022, 0}, {-0x1p1022, 0}, {0x1p-1022, 0}, {4 * DBL_TRUE_MIN, 0}, {0x1p-18, 0x1p30}};
    static double value[ROWS * FACTORS];
    static table t;
    make_noisy(&t, 4);
    halve(value, &t, 7);
    pv_metric_results plain = run_reals(&t, value, NULL);
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        for (size_t i = 0; i < t.rows * 3; i++)
            value[i] = cases[c].from + cases[c].unit * (t.factor[i] / 4.0);
        pv_metric_results r = run_reals(&t, value, NULL);
        sound("extreme real factors", &r);
        const double off =
            fabs(number(&r, "sap", "SAP_score") - number(&plain, "sap", "SAP_score"));
        check(off < 1e-12, "real factors of about %g + %g: sap is off by %g", cases[c].from,
              cases[c].unit, off);
        pv_metric_results_free(&r);
    }
    pv_metric_results_free(&plain);
}

static void refused_real_factors(void)
{
    static const double bad[] = {NAN, INFINITY, -INFINITY};
    static double value[ROWS * FACTORS];
    static table t;
    pv_labelled l;
    make_noisy(&t, 4);
    halve(value, &t, 2);
    for (size_t i = 0; i < t.rows; i++) value[i * 3 + 1] = 0.5;
    pv_metric_results r = run_reals(&t, value, NULL);
    reason("one real value", &r, "sap", "factor 1 has one value only");
    pv_metric_results_free(&r);
    for (int b = 0; b < 3; b++) {
        value[17 * 3 + 2] = bad[b];
        check(pv_labelled_open_reals(&l, "mean", t.code, 4, value, 3, t.rows, NULL, 4) ==
                      PV_EDATA &&
                  strstr(pv_error(), "factor 2 of example 17 is ") && !l.value && !l.code,
              "%g: %s", bad[b], pv_error());
    }
}

/* A tree for each of 1001 classes, a hundred times, would take its time. */
static void too_many_classes(void)
{
    static table t;
    for (int more = 0; more < 2; more++) {
        const pv_metric_options o = {
            .train = 10, .test = 10, .downstream = {10, 1500}, .bins = 16, .threads = 2};
        t = (table){.rows = 3000, .d = 2, .k = 1};
        for (size_t i = 0; i < t.rows; i++) {
            t.factor[i] = more ? (int32_t)(i % (PV_TREES_CLASSES + 1)) : (int32_t)(i % 5);
            t.code[i * 2] = (float)(i % 97);
            t.code[i * 2 + 1] = (float)(i % 31);
        }
        pv_metric_results r = run(&t, "dci,downstream_trees", &o);
        sound("many classes", &r);
        undefined("many classes", &r, more ? "dci downstream_trees " : "");
        if (more) {
            reason("many classes", &r, "dci", "factor 0 has 1001 values; trees are grown for at ");
            reason("many classes", &r, "downstream_trees", "factor 0 has 1001 values; trees are");
        }
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
    real_factors();
    many_real_factors();
    extreme_real_factors();
    refused_real_factors();
    too_many_classes();
    close_device();
    return check_end();
}
