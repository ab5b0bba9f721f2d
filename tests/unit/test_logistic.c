/* test_logistic.c -- logistic regression against scikit-learn, and near the trouble. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "logistic_problem.h"

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

static int all_finite(const pv_logistic *model)
{
    for (int i = 0; i < model->labels.classes * model->features; i++)
        if (!isfinite(model->weight[i])) return 0;
    for (int k = 0; k < model->labels.classes; k++)
        if (!isfinite(model->intercept[k])) return 0;
    return 1;
}

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

static void the_first_of_equals_is_predicted(void **state)
{
    (void)state;
    int32_t value[3] = {-4, 2, 9}, got[3];
    double weight[3] = {-1, 1, 1}, intercept[3] = {0, 1, 1};
    pv_logistic model = {.labels = {.classes = 3, .value = value},
                         .features = 1,
                         .weight = weight,
                         .intercept = intercept};
    pv_logistic_predict(&model, (double[]){-3, -0.5, 4}, 3, got);
    assert_memory_equal(got, ((int32_t[]){-4, -4, 2}), sizeof got);
}

/* Where every class is next to impossible, sigmoids are their exponentials. */
static void impossible_classes_have_probabilities(void **state)
{
    (void)state;
    double weight[3] = {-1000.0, -1001.0, -1002.0}, intercept[3] = {0}, got[3];
    pv_logistic model = {.labels = {.classes = 3},
                         .features = 1,
                         .weight = weight,
                         .intercept = intercept,
                         .era = PV_ERA_STUDY};
    pv_logistic_probability(&model, (double[]){1.0}, 1, got);
    double sum = 1.0 + exp(-1.0) + exp(-2.0);
    const double want[] = {1.0 / sum, exp(-1.0) / sum, exp(-2.0) / sum};
    assert_true(largest_difference(got, want, 3) < 1e-12);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fits_agree_with_scikit_learn),
        cmocka_unit_test(cross_validation_agrees_with_scikit_learn),
        cmocka_unit_test(probabilities_belong_to_predictions),
        cmocka_unit_test(the_first_of_equals_is_predicted),
        cmocka_unit_test(impossible_classes_have_probabilities),
        cmocka_unit_test(one_class_is_refused),
        cmocka_unit_test(few_rows),
        cmocka_unit_test(separable_data_stay_finite),
        cmocka_unit_test(scales_are_survived),
        cmocka_unit_test(no_variables_leave_the_shares),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
