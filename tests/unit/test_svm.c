/* test_svm.c -- the support vector machine against scikit-learn's and its optimum; the area under
 * the ROC curve against its definition. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "learn/auc.h"
#include "learn/parallel.h"
#include "learn/svm.h"
#include "learners.h"

/* ---- support vector machines ---- */

/* By how much the optimal machines [machines][2], weight and intercept, prefer another label. */
static double regret(const pv_labels *labels, const double *machine, double x, int32_t label)
{
    double best = 0.0, own = 0.0;
    for (int k = 0; k < labels->classes; k++) {
        double score = 0.0;
        if (labels->classes > 2) score = machine[2 * k] * x + machine[2 * k + 1];
        if (labels->classes == 2 && k == 1) score = machine[0] * x + machine[1];
        best = k ? fmax(best, score) : score;
        if (labels->value[k] == label) own = score;
    }
    return best - own;
}

static void agrees_on(pv_h5 *file, const char *problem)
{
    size_t n, tests, numbers;
    double *x = golden(file, PV_H5_F64, "svm", problem, "x", &n);
    int32_t *label = golden(file, PV_H5_I32, "svm", problem, "label", NULL);
    double *x_test = golden(file, PV_H5_F64, "svm", problem, "x_test", &tests);
    double *optimum = golden(file, PV_H5_F64, "svm", problem, "optimum", &numbers);
    int32_t *primal = golden(file, PV_H5_I32, "svm", problem, "primal/predicted", NULL);
    int32_t *got;
    OK(pv_new(&got, tests, sizeof *got, "labels"));

    pv_svm svm;
    OK(pv_svm_fit(&svm, x, label, n, golden_number(file, "svm", problem, "c")));
    int one = svm.labels.classes == 2;
    assert_int_equal(numbers, one ? 2 : 2 * svm.labels.classes);
    if (one) assert_true(svm.weight[0] == 0.0 && svm.intercept[0] == 0.0);
    double size[2] = {0};
    for (size_t i = 0; i < numbers; i++) size[i % 2] = fmax(size[i % 2], fabs(optimum[i]));
    for (size_t i = 0; i < numbers; i++) {
        double found = (i % 2 ? svm.intercept : svm.weight)[i / 2 + (size_t)one];
        if (!(fabs(found - optimum[i]) <= 1e-5 * size[i % 2] + 1e-12))
            fail_msg("%s, %zu: %.12g, the optimum is %.12g", problem, i, found, optimum[i]);
    }
    pv_svm_predict(&svm, x_test, tests, got);
    for (size_t i = 0; i < tests; i++)
        assert_true(regret(&svm.labels, optimum, x_test[i], got[i]) < 1e-6);
    /* Where x is constant and classes are of one size, rounding decides between them. */
    if (strcmp(problem, "constant") != 0) assert_int_equal(differing(got, primal, tests), 0);
    pv_svm_free(&svm);
    pv_svm_free(&svm);
    free(x), free(label), free(x_test), free(optimum), free(primal), free(got);
}

static void svm_agrees_with_scikit_learn(void **state)
{
    (void)state;
    const char *problem[] = {"classes2", "classes5", "classes10", "constant",
                             "large",    "tiny",     "zero"};
    pv_h5 *file = open_learners();
    for (size_t p = 0; p < sizeof problem / sizeof *problem; p++) agrees_on(file, problem[p]);
    pv_h5_close(file);
}

static void one_class_is_refused(void **state)
{
    (void)state;
    pv_svm svm;
    assert_int_equal(pv_svm_fit(&svm, (double[]){1, 2, 3}, (int32_t[]){4, 4, 4}, 3, 0.01),
                     PV_EDATA);
    assert_non_null(strstr(pv_error(), "3 labels"));
    assert_null(svm.weight);
}

static void any_label_is_predicted(void **state)
{
    (void)state;
    const int32_t label[] = {INT32_MAX, INT32_MAX, INT32_MIN, INT32_MIN};
    const double x[] = {-2, -1, 1, 2};
    int32_t got[4];
    pv_svm svm;
    OK(pv_svm_fit(&svm, x, label, 4, 1.0));
    pv_svm_predict(&svm, x, 4, got);
    assert_memory_equal(got, label, sizeof label);
    pv_svm_free(&svm);
}

static void the_first_of_equals_is_predicted(void **state)
{
    (void)state;
    int32_t value[3] = {-4, 2, 9}, got[3];
    double weight[3] = {-1, 1, 1}, intercept[3] = {0, 1, 1};
    pv_svm svm = {{.classes = 3, .value = value}, weight, intercept};
    pv_svm_predict(&svm, (double[]){-3, -0.5, 4}, 3, got);
    assert_memory_equal(got, ((int32_t[]){-4, -4, 2}), sizeof got);
}

enum { FITS = 12, ROWS = 200 };

typedef struct {
    double x[FITS][ROWS], weight[FITS][8], intercept[FITS][8];
    int32_t label[FITS][ROWS];
} fits;

static pv_status fit_one(void *context, size_t i)
{
    fits *f = context;
    pv_svm svm;
    PV_TRY(pv_svm_fit(&svm, f->x[i], f->label[i], ROWS, 0.01));
    memcpy(f->weight[i], svm.weight, (size_t)svm.labels.classes * sizeof(double));
    memcpy(f->intercept[i], svm.intercept, (size_t)svm.labels.classes * sizeof(double));
    pv_svm_free(&svm);
    return PV_OK;
}

static void threads_do_not_matter(void **state)
{
    (void)state;
    static fits alone, together;
    pv_random_state r;
    pv_random_state_seed(&r, 3);
    for (int i = 0; i < FITS; i++)
        for (int t = 0; t < ROWS; t++) {
            alone.label[i][t] = (int32_t)pv_random_state_below(&r, (uint64_t)(2 + i % 7));
            alone.x[i][t] = normal(&r) + alone.label[i][t];
        }
    together = alone;
    OK(pv_parallel(FITS, 1, fit_one, &alone));
    OK(pv_parallel(FITS, 3, fit_one, &together));
    assert_true(alone.weight[0][1] > 0.0);
    assert_memory_equal(&alone, &together, sizeof alone);
}

/* ---- area under the ROC curve ---- */

static void auc_agrees_with_scikit_learn(void **state)
{
    (void)state;
    const char *problem[] = {"classes2_plain", "classes2_ties", "classes3_plain", "classes3_ties",
                             "classes8_plain", "classes8_ties", "equal"};
    pv_h5 *file = open_learners();
    for (size_t p = 0; p < sizeof problem / sizeof *problem; p++) {
        size_t scores, n;
        double *score = golden(file, PV_H5_F64, "auc", problem[p], "score", &scores), got;
        int32_t *of = golden(file, PV_H5_I32, "auc", problem[p], "of", &n);
        OK(pv_auc_macro(&got, score, of, n, (int)(scores / n)));
        double want = golden_number(file, "auc", problem[p], "macro");
        if (!(fabs(got - want) < 1e-10)) fail_msg("%s: %.12g, not %.12g", problem[p], got, want);
        free(score);
        free(of);
    }
    pv_h5_close(file);
}

/* All pairs, as the definition says. */
static double all_pairs(const double *score, const int32_t *of, int n, int classes)
{
    double sum = 0.0;
    for (int k = 0; k < classes; k++) {
        double pairs = 0.0, ordered = 0.0;
        for (int i = 0; i < n; i++)
            for (int j = 0; j < n; j++) {
                if (of[i] != k || of[j] == k) continue;
                double a = score[i * classes + k], b = score[j * classes + k];
                pairs += 1.0;
                ordered += a > b ? 1.0 : a == b ? 0.5 : 0.0;
            }
        sum += ordered / pairs;
    }
    return sum / classes;
}

static void ties_count_half(void **state)
{
    (void)state;
    enum { N = 90, CLASSES = 4 };
    double score[N * CLASSES], got;
    int32_t of[N];
    pv_random_state r;
    for (uint32_t values = 1; values < 40; values++) {
        pv_random_state_seed(&r, values);
        for (int i = 0; i < N; i++)
            of[i] = i < CLASSES ? i : (int32_t)pv_random_state_below(&r, CLASSES);
        for (int i = 0; i < N * CLASSES; i++)
            score[i] = pv_random_state_below(&r, values) - 0.1 * of[i / CLASSES];
        OK(pv_auc_macro(&got, score, of, N, CLASSES));
        assert_true(fabs(got - all_pairs(score, of, N, CLASSES)) < 1e-13);
    }
}

static void auc_without_pairs_is_no_number(void **state)
{
    (void)state;
    const double score[] = {1, 2, 3, 4, 5, 6};
    double got = 0.0;
    OK(pv_auc_macro(&got, score, (int32_t[]){0, 1, 0}, 3, 2));
    assert_false(isnan(got));
    OK(pv_auc_macro(&got, score, (int32_t[]){1, 1, 1}, 3, 2)); /* none of 0, all of 1 */
    assert_true(isnan(got));
    OK(pv_auc_macro(&got, score, (int32_t[]){0, 1}, 2, 3)); /* none of 2 */
    assert_true(isnan(got));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(svm_agrees_with_scikit_learn),
        cmocka_unit_test(one_class_is_refused),
        cmocka_unit_test(any_label_is_predicted),
        cmocka_unit_test(the_first_of_equals_is_predicted),
        cmocka_unit_test(threads_do_not_matter),
        cmocka_unit_test(auc_agrees_with_scikit_learn),
        cmocka_unit_test(ties_count_half),
        cmocka_unit_test(auc_without_pairs_is_no_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
