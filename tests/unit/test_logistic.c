/* test_logistic.c -- logistic regression against scikit-learn, and what must hold for any. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "learn/logistic.h"
#include "learn/parallel.h"
#include "learners.h"

static const char *const era_name[] = {[PV_ERA_CURRENT] = "current", [PV_ERA_STUDY] = "study"};

/* ---- golden values ---- */

typedef struct {
    const char *kind, *problem;
    pv_era era;
    double tolerance; /* of probabilities; of weights relative to the largest, or 1 */
} expected;

/* kind/problem/ERA/name */
static void *of_era(pv_h5 *file, const expected *e, pv_h5_type type, const char *name,
                    size_t *count)
{
    char where[64];
    snprintf(where, sizeof where, "%s/%s", era_name[e->era], name);
    return golden(file, type, e->kind, e->problem, where, count);
}

static void check_weights(const pv_logistic *model, pv_h5 *file, const expected *e)
{
    size_t weights, machines;
    double *weight = of_era(file, e, PV_H5_F64, "coef", &weights);
    double *intercept = of_era(file, e, PV_H5_F64, "intercept", &machines);
    size_t first = (size_t)model->labels.classes - machines, d = (size_t)model->features;
    assert_int_equal(first, model->labels.classes == 2);
    double size = 1.0;
    for (size_t i = 0; i < weights; i++) size = fmax(size, fabs(weight[i]));
    for (size_t i = 0; i < machines; i++) size = fmax(size, fabs(intercept[i]));
    double away = fmax(largest_difference(model->weight + first * d, weight, weights),
                       largest_difference(model->intercept + first, intercept, machines));
    if (!(away <= e->tolerance * size))
        fail_msg("%s/%s, %s: weights are %g away, of %g", e->kind, e->problem, era_name[e->era],
                 away, size);
    free(weight), free(intercept);
}

static void check_predicted(const pv_logistic *model, pv_h5 *file, const expected *e,
                            const double *x, const char *name)
{
    size_t n;
    int32_t *want = of_era(file, e, PV_H5_I32, name, &n), *got;
    OK(pv_new(&got, n, sizeof *got, "labels"));
    pv_logistic_predict(model, x, n, got);
    if (differing(got, want, n))
        fail_msg("%s/%s, %s: %zu of %zu labels differ", e->kind, e->problem, era_name[e->era],
                 differing(got, want, n), n);
    free(want), free(got);
}

static void agree(const expected *e, size_t cases)
{
    pv_h5 *file = open_learners();
    for (; cases; cases--, e++) {
        size_t numbers, n, tests;
        int cross = strcmp(e->kind, "logistic_cv") == 0;
        double *x = golden(file, PV_H5_F64, e->kind, e->problem, "x", &numbers);
        int32_t *label = golden(file, PV_H5_I32, e->kind, e->problem, "label", &n);
        double *x_test = golden(file, PV_H5_F64, e->kind, e->problem, "x_test", &tests);
        int d = (int)(numbers / n);
        tests /= (size_t)d;
        pv_logistic model;
        if (cross) {
            OK(pv_logistic_fit_cv(&model, x, label, n, d, e->era));
            double *c = of_era(file, e, PV_H5_F64, "c", NULL);
            if (e->era == PV_ERA_CURRENT || model.labels.classes == 2)
                assert_true(fabs(model.c / c[0] - 1.0) < 1e-9);
            else
                assert_true(isnan(model.c));
            free(c);
            check_predicted(&model, file, e, x, "predicted_train");
        } else {
            double c = golden_number(file, e->kind, e->problem, "c");
            OK(pv_logistic_fit(&model, x, label, n, d, c, e->era));
            assert_true(model.c == c);
            double *want = of_era(file, e, PV_H5_F64, "probability", &numbers), *got;
            OK(pv_new(&got, numbers, sizeof *got, "probabilities"));
            pv_logistic_probability(&model, x_test, tests, got);
            double away = largest_difference(got, want, numbers);
            if (!(away <= e->tolerance))
                fail_msg("%s, %s: probabilities are %g away", e->problem, era_name[e->era], away);
            free(want), free(got);
        }
        check_weights(&model, file, e);
        check_predicted(&model, file, e, x_test, "predicted");
        pv_logistic_free(&model);
        free(x), free(label), free(x_test);
    }
    pv_h5_close(file);
}

/* Where scikit-learn goes on until rounding shows, more is forgiven. */
static void fits_agree_with_scikit_learn(void **state)
{
    (void)state;
    static const expected cases[] = {
        {"logistic", "classes2_c1", PV_ERA_CURRENT, 1e-9},
        {"logistic", "classes2_c001", PV_ERA_CURRENT, 1e-9},
        {"logistic", "classes3_c1", PV_ERA_CURRENT, 1e-9},
        {"logistic", "classes3_c001", PV_ERA_CURRENT, 1e-9},
        {"logistic", "classes10_c1", PV_ERA_CURRENT, 1e-9},
        {"logistic", "classes10_c001", PV_ERA_CURRENT, 1e-9},
        {"logistic", "scales", PV_ERA_CURRENT, 1e-3},
        {"logistic", "separable", PV_ERA_CURRENT, 1e-9},
        {"logistic", "constant", PV_ERA_CURRENT, 1e-9},
        {"logistic", "classes2_c1", PV_ERA_STUDY, 1e-6},
        {"logistic", "classes2_c001", PV_ERA_STUDY, 1e-6},
        {"logistic", "classes3_c1", PV_ERA_STUDY, 1e-6},
        {"logistic", "classes3_c001", PV_ERA_STUDY, 1e-6},
        {"logistic", "classes10_c1", PV_ERA_STUDY, 1e-6},
        {"logistic", "classes10_c001", PV_ERA_STUDY, 1e-6},
        {"logistic", "scales", PV_ERA_STUDY, 1e-5},
        {"logistic", "separable", PV_ERA_STUDY, 1e-6},
        {"logistic", "constant", PV_ERA_STUDY, 1e-6},
    };
    agree(cases, sizeof cases / sizeof *cases);
}

/* Those of the study are compared with the optimum, a little beyond where scikit-learn stopped. */
static void cross_validation_agrees_with_scikit_learn(void **state)
{
    (void)state;
    static const char *const problem[] = {
        "two",   "three",        "six",           "ten_rows",           "hundred_rows",
        "noise", "one_variable", "near_constant", "folds_lack_classes", "fold_of_one_class"};
    for (size_t p = 0; p < sizeof problem / sizeof *problem; p++) {
        int rough = strcmp(problem[p], "folds_lack_classes") == 0 ||
                    strcmp(problem[p], "one_variable") == 0;
        agree(&(expected){"logistic_cv", problem[p], PV_ERA_CURRENT, rough ? 1e-3 : 1e-5}, 1);
        agree(&(expected){"logistic_cv", problem[p], PV_ERA_STUDY, 1e-4}, 1);
    }
}

/* ---- problems of our own ---- */

enum { N = 150, D = 3, CLASSES = 4 };

typedef struct {
    double x[N * D];
    int32_t label[N];
} data;

/* Each class has its place; `noise` around it. */
static void fill(data *out, uint32_t seed, int classes, double noise)
{
    pv_random_state r;
    pv_random_state_seed(&r, seed);
    for (int i = 0; i < N; i++) {
        out->label[i] = (int32_t)pv_random_state_below(&r, (uint64_t)classes);
        for (int j = 0; j < D; j++)
            out->x[i * D + j] = cos(2.0 * out->label[i] + j) + noise * normal(&r);
    }
}

static size_t wrong(const pv_logistic *model, const data *in)
{
    int32_t got[N];
    pv_logistic_predict(model, in->x, N, got);
    return differing(got, in->label, N);
}

static int all_finite(const pv_logistic *model)
{
    for (int i = 0; i < model->labels.classes * model->features; i++)
        if (!isfinite(model->weight[i])) return 0;
    for (int k = 0; k < model->labels.classes; k++)
        if (!isfinite(model->intercept[k])) return 0;
    return 1;
}

static pv_status fit(pv_logistic *model, const data *in, pv_era era, int cross)
{
    if (cross) return pv_logistic_fit_cv(model, in->x, in->label, N, D, era);
    return pv_logistic_fit(model, in->x, in->label, N, D, 1.0, era);
}

#define EACH_WAY                                                                                   \
    for (pv_era era = PV_ERA_CURRENT; era <= PV_ERA_STUDY; era++)                                  \
        for (int cross = 0; cross < 2; cross++)

static void probabilities_belong_to_predictions(void **state)
{
    (void)state;
    for (int classes = 2; classes <= CLASSES; classes++) EACH_WAY
        {
            data in;
            fill(&in, 1, classes, 0.8);
            for (int j = 0; j < D; j++) in.x[j] = 1e5; /* logits too large for exp */
            pv_logistic model;
            OK(fit(&model, &in, era, cross));
            double probability[N * CLASSES];
            int32_t label[N];
            pv_logistic_probability(&model, in.x, N, probability);
            pv_logistic_predict(&model, in.x, N, label);
            for (int i = 0; i < N; i++) {
                const double *p = probability + i * classes;
                double sum = 0.0;
                int best = 0;
                for (int k = 0; k < classes; k++) {
                    assert_true(p[k] >= 0.0);
                    sum += p[k];
                    if (p[k] > p[best]) best = k;
                }
                assert_true(fabs(sum - 1.0) < 1e-12);
                assert_int_equal(label[i], best);
            }
            pv_logistic_free(&model);
        }
}

static void names_of_labels_do_not_matter(void **state)
{
    (void)state;
    static const int32_t name[CLASSES] = {INT32_MAX, -5, INT32_MIN, 1000};
    static const int rank[CLASSES] = {3, 1, 0, 2};
    EACH_WAY
    {
        data plain, named;
        fill(&plain, 2, CLASSES, 0.8);
        named = plain;
        for (int i = 0; i < N; i++) named.label[i] = name[plain.label[i]];
        pv_logistic a, b;
        OK(fit(&a, &plain, era, cross));
        OK(fit(&b, &named, era, cross));
        for (int k = 0; k < CLASSES; k++) {
            assert_int_equal(b.labels.value[rank[k]], name[k]);
            assert_true(largest_difference(a.weight + k * D, b.weight + rank[k] * D, D) < 1e-6);
            assert_true(fabs(a.intercept[k] - b.intercept[rank[k]]) < 1e-6);
        }
        assert_int_equal(wrong(&a, &plain), wrong(&b, &named));
        pv_logistic_free(&a);
        pv_logistic_free(&b);
    }
}

/* With C / s^2, s x has the weights of x over s. At the optimum only. */
static void scale_and_strength_go_together(void **state)
{
    (void)state;
    const double scale = 7.0;
    data in, scaled;
    fill(&in, 3, CLASSES, 0.8);
    scaled = in;
    for (int i = 0; i < N * D; i++) scaled.x[i] *= scale;
    /* Intercepts are penalised too, unless C is large. */
    pv_logistic a, b;
    OK(pv_logistic_fit(&a, in.x, in.label, N, D, 1e6, PV_ERA_STUDY));
    OK(pv_logistic_fit(&b, scaled.x, scaled.label, N, D, 1e6 / (scale * scale), PV_ERA_STUDY));
    for (int i = 0; i < CLASSES * D; i++)
        assert_true(fabs(b.weight[i] * scale - a.weight[i]) < 1e-4);
    assert_true(largest_difference(a.intercept, b.intercept, CLASSES) < 1e-4);
    assert_true(fabs(a.weight[0]) > 0.1);
    pv_logistic_free(&a);
    pv_logistic_free(&b);
}

/* The slope of scikit-learn's objective is at most 1e-4 where it stops. */
static void it_stops_at_the_minimum(void **state)
{
    (void)state;
    data in;
    fill(&in, 4, CLASSES, 1.5);
    pv_logistic model;
    OK(pv_logistic_fit(&model, in.x, in.label, N, D, 1.0, PV_ERA_CURRENT));
    double probability[N * CLASSES], slope[CLASSES * (D + 1)] = {0}, most = 0.0;
    pv_logistic_probability(&model, in.x, N, probability);
    for (int i = 0; i < N; i++)
        for (int k = 0; k < CLASSES; k++)
            for (int j = 0; j <= D; j++)
                slope[k * (D + 1) + j] += (probability[i * CLASSES + k] - (in.label[i] == k)) *
                                          (j < D ? in.x[i * D + j] : 1.0) / N;
    for (int k = 0; k < CLASSES; k++)
        for (int j = 0; j <= D; j++) {
            double penalty = j < D ? model.weight[k * D + j] / N : 0.0;
            most = fmax(most, fabs(slope[k * (D + 1) + j] + penalty));
        }
    assert_true(most <= 1.0001e-4 && most > 1e-9);
    pv_logistic_free(&model);
}

/* ---- near the trouble ---- */

static void one_class_is_refused(void **state)
{
    (void)state;
    data in;
    fill(&in, 5, CLASSES, 1.0);
    for (int i = 0; i < N; i++) in.label[i] = -7;
    EACH_WAY
    {
        pv_logistic model;
        assert_int_equal(fit(&model, &in, era, cross), PV_EDATA);
        assert_non_null(strstr(pv_error(), "150 labels"));
        assert_null(model.weight);
        pv_logistic_free(&model);
    }
}

static void few_rows(void **state)
{
    (void)state;
    data in;
    fill(&in, 6, CLASSES, 1.0);
    for (pv_era era = PV_ERA_CURRENT; era <= PV_ERA_STUDY; era++) {
        pv_logistic model;
        int32_t got[5];
        assert_int_equal(pv_logistic_fit_cv(&model, in.x, (int32_t[]){1, 2, 1, 2}, 4, D, era),
                         PV_EDATA);
        assert_non_null(strstr(pv_error(), "4 examples"));
        assert_null(model.weight);

        /* As many classes as rows, so that every fold lacks its own. */
        const int32_t each[] = {4, 3, 2, 1, 0};
        OK(pv_logistic_fit_cv(&model, in.x, each, 5, D, era));
        assert_int_equal(model.labels.classes, 5);
        assert_true(all_finite(&model));
        pv_logistic_free(&model);
        OK(pv_logistic_fit(&model, in.x, each, 5, D, 1e6, era));
        pv_logistic_predict(&model, in.x, 5, got);
        if (era == PV_ERA_CURRENT) assert_memory_equal(got, each, sizeof got);
        pv_logistic_free(&model);
    }
}

static void separable_data_stay_finite(void **state)
{
    (void)state;
    for (int classes = 2; classes <= 3; classes++)
        for (pv_era era = PV_ERA_CURRENT; era <= PV_ERA_STUDY; era++) {
            data in;
            fill(&in, 7, classes, 0.01);
            pv_logistic model;
            OK(pv_logistic_fit(&model, in.x, in.label, N, D, 1e10, era));
            assert_true(all_finite(&model));
            assert_int_equal(wrong(&model, &in), 0);
            pv_logistic_free(&model);
            OK(fit(&model, &in, era, 1));
            assert_true(all_finite(&model));
            assert_int_equal(wrong(&model, &in), 0);
            pv_logistic_free(&model);
        }
}

/* Classes that lie apart are told apart at any scale, while C leaves them the weights they need. */
static void scales_are_survived(void **state)
{
    (void)state;
    const double scale[] = {1e-6, 1e-3, 1e3, 1e6, 1e9};
    for (int s = 0; s < 5; s++) EACH_WAY
        {
            data in;
            fill(&in, 8, 3, 0.05);
            for (int i = 0; i < N * D; i++) in.x[i] *= scale[s];
            pv_logistic model;
            OK(fit(&model, &in, era, cross));
            assert_true(all_finite(&model));
            if (scale[s] > 1.0) assert_int_equal(wrong(&model, &in), 0);
            pv_logistic_free(&model);
        }
}

static void no_variables_leave_the_shares(void **state)
{
    (void)state;
    const int32_t label[] = {0, 1, 1, 2, 1, 0, 1, 1};
    pv_logistic model;
    double probability[3], none = 0.0;
    OK(pv_logistic_fit(&model, &none, label, 8, 0, 1.0, PV_ERA_CURRENT));
    pv_logistic_probability(&model, &none, 1, probability);
    assert_true(largest_difference(probability, (double[]){0.25, 0.625, 0.125}, 3) < 2e-3);
    pv_logistic_free(&model);
}

/* ---- threads ---- */

enum { FITS = 16 };

typedef struct {
    data in[FITS];
    double weight[FITS][CLASSES * D], intercept[FITS][CLASSES];
} fits;

static pv_status fit_one(void *context, size_t i)
{
    fits *f = context;
    pv_logistic model;
    PV_TRY(fit(&model, &f->in[i], i % 2 ? PV_ERA_STUDY : PV_ERA_CURRENT, i / 2 % 2));
    memcpy(f->weight[i], model.weight, sizeof f->weight[i]);
    memcpy(f->intercept[i], model.intercept, sizeof f->intercept[i]);
    pv_logistic_free(&model);
    return PV_OK;
}

static void threads_do_not_matter(void **state)
{
    (void)state;
    static fits alone, together;
    for (int i = 0; i < FITS; i++) fill(&alone.in[i], (uint32_t)i, CLASSES, 1.0);
    together = alone;
    OK(pv_parallel(FITS, 1, fit_one, &alone));
    OK(pv_parallel(FITS, 3, fit_one, &together));
    assert_true(alone.weight[0][0] != 0.0);
    assert_memory_equal(&alone, &together, sizeof alone);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fits_agree_with_scikit_learn),
        cmocka_unit_test(cross_validation_agrees_with_scikit_learn),
        cmocka_unit_test(probabilities_belong_to_predictions),
        cmocka_unit_test(names_of_labels_do_not_matter),
        cmocka_unit_test(scale_and_strength_go_together),
        cmocka_unit_test(it_stops_at_the_minimum),
        cmocka_unit_test(one_class_is_refused),
        cmocka_unit_test(few_rows),
        cmocka_unit_test(separable_data_stay_finite),
        cmocka_unit_test(scales_are_survived),
        cmocka_unit_test(no_variables_leave_the_shares),
        cmocka_unit_test(threads_do_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
