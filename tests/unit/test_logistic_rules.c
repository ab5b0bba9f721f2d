/* test_logistic_rules.c -- what logistic regression promises: names, scales and threads do not
 * matter, it stops where scikit-learn does, C is chosen in folds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <float.h>

#include "learn/descent.h"
#include "learn/parallel.h"
#include "learn/softmax_loss.h"
#include "logistic_problem.h"

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

/* ---- how C is chosen, written out with copies of rows ---- */

static double loss_at(void *loss, const double *w, double *gradient)
{
    return pv_softmax_loss_at(loss, w, gradient);
}

/* From w, over n rows; scikit-learn's rules. */
static void minimise(double *w, const double *x, const int32_t *of, size_t n, double c)
{
    pv_columns columns;
    OK(pv_columns_copy(&columns, x, n, D));
    pv_softmax_loss loss = {.x = &columns,
                            .of = of,
                            .classes = CLASSES,
                            .scale = 1.0 / (double)n,
                            .penalty = 1.0 / (c * (double)n)};
    OK(pv_softmax_work(&loss.work, CLASSES));
    OK(pv_descend(&(pv_descent){.value = loss_at,
                                .context = &loss,
                                .size = CLASSES * (D + 1),
                                .slope = 1e-4,
                                .decrease = 64.0 * DBL_EPSILON,
                                .iterations = 100},
                  w));
    pv_columns_free(&columns);
    free(loss.work);
}

static double share_right(const double *w, const double *x, const int32_t *of, size_t n)
{
    size_t right = 0;
    for (size_t i = 0; i < n; i++) {
        int best = 0;
        double most = -HUGE_VAL;
        for (int k = 0; k < CLASSES; k++) {
            double z = w[k * (D + 1) + D];
            for (int j = 0; j < D; j++) z += w[k * (D + 1) + j] * x[i * D + (size_t)j];
            if (z > most) best = k;
            most = fmax(most, z);
        }
        right += best == of[i];
    }
    return (double)right / (double)n;
}

static double cross_validate(double *w, const data *in, size_t n)
{
    static const size_t extra[5][5] = {{0}, {1}, {1, 1}, {1, 1, 1}, {1, 1, 1, 1}};
    double path[5][10][CLASSES * (D + 1)] = {0}, sum[10] = {0};
    for (size_t f = 0, begin = 0; f < 5; f++) {
        size_t test = n / 5 + extra[n % 5][f], end = begin + test;
        data train = *in;
        memcpy(train.x + begin * D, in->x + end * D, (n - end) * D * sizeof(double));
        memcpy(train.label + begin, in->label + end, (n - end) * sizeof(int32_t));
        for (int i = 0; i < 10; i++) {
            if (i) memcpy(path[f][i], path[f][i - 1], sizeof path[f][i]);
            minimise(path[f][i], train.x, train.label, n - test, pow(10.0, i * 8.0 / 9.0 - 4.0));
            sum[i] += share_right(path[f][i], in->x + begin * D, in->label + begin, test);
        }
        begin = end;
    }
    int best = 0;
    for (int i = 1; i < 10; i++)
        if (sum[i] > sum[best]) best = i;
    memset(w, 0, CLASSES * (D + 1) * sizeof *w);
    for (int f = 0; f < 5; f++)
        for (int k = 0; k < CLASSES * (D + 1); k++) w[k] += path[f][best][k] / 5.0;
    double c = pow(10.0, best * 8.0 / 9.0 - 4.0);
    minimise(w, in->x, in->label, n, c);
    return c;
}

static void folds_are_consecutive_rows(void **state)
{
    (void)state;
    int differ = 0;
    double first = 0.0;
    for (uint32_t seed = 0; seed < 30; seed++) {
        data in;
        double want[CLASSES * (D + 1)];
        fill(&in, seed, CLASSES, 1.0);
        size_t n = 12 + seed;
        for (int i = 0; i < CLASSES; i++) in.label[i] = i;
        pv_logistic model;
        OK(pv_logistic_fit_cv(&model, in.x, in.label, n, D, PV_ERA_CURRENT));
        double c = cross_validate(want, &in, n);
        assert_true(fabs(model.c / c - 1.0) < 1e-12);
        for (int k = 0; k < CLASSES; k++) {
            assert_true(largest_difference(model.weight + k * D, want + k * (D + 1), D) < 1e-3);
            assert_true(fabs(model.intercept[k] - want[k * (D + 1) + D]) < 1e-3);
        }
        if (seed == 0) first = c;
        differ += c != first;
        pv_logistic_free(&model);
    }
    assert_true(differ > 5);
}

/* Variables of very different sizes: after 100 iterations it is still far from the minimum. */
static void a_hundred_iterations_are_enough(void **state)
{
    (void)state;
    data in;
    fill(&in, 12, CLASSES, 1.0);
    for (int i = 0; i < N; i++) in.x[i * D] *= 1e4, in.x[i * D + 1] *= 1e2;
    double want[CLASSES * (D + 1)] = {0};
    pv_logistic model;
    OK(pv_logistic_fit(&model, in.x, in.label, N, D, 1e3, PV_ERA_CURRENT));
    minimise(want, in.x, in.label, N, 1e3);
    for (int k = 0; k < CLASSES; k++)
        for (int j = 0; j <= D; j++)
            assert_true((j < D ? model.weight[k * D + j] : model.intercept[k]) ==
                        want[k * (D + 1) + j]);
    double further[CLASSES * (D + 1)];
    memcpy(further, want, sizeof want);
    minimise(further, in.x, in.label, N, 1e3);
    assert_true(largest_difference(further, want, CLASSES * (D + 1)) > 1e-3);
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
        cmocka_unit_test(names_of_labels_do_not_matter),
        cmocka_unit_test(scale_and_strength_go_together),
        cmocka_unit_test(it_stops_at_the_minimum),
        cmocka_unit_test(folds_are_consecutive_rows),
        cmocka_unit_test(a_hundred_iterations_are_enough),
        cmocka_unit_test(threads_do_not_matter),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
