/* test_trees.c -- gradient-boosted trees against scikit-learn's, their splits against a search
 * through all, and what must hold for any data. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "learn/tree.h"
#include "learn/trees.h"
#include "learners.h"

/* ---- scikit-learn ---- */

typedef struct {
    const char *name;
    int copies;         /* variables 0 and 3 are */
    double importance;  /* how near */
    double predictions; /* the share of labels that may differ */
} problem;

/* Where scikit-learn draws between splits, one of its fits is not the next one. */
static const problem problems[] = {
    {"five", 0, 1e-9, 0},
    {"five_continuous_ties", 0, 0.015, 0.05},
    {"five_fine", 0, 1e-9, 0},
    {"no_split", 0, 0, 0},
    {"one_variable", 0, 1e-9, 0},
    {"separable", 0, 1e-9, 0},
    {"ten_rows", 0, 1e-9, 0},
    {"twelve", 0, 1e-9, 0},
    {"twelve_copies_ties", 1, 1e-9, 0},
    {"two", 0, 1e-9, 0},
    {"two_continuous", 0, 0.01, 0},
};

/* [d] by scikit-learn: the mean over its fits. */
static double *golden_importance(pv_h5 *file, const char *name, const char *kind, size_t *d)
{
    size_t count, fits = 5;
    double *value = golden(file, PV_H5_F64, "trees", name, kind, &count);
    *d = count / fits;
    for (size_t i = *d; i < count; i++) value[i % *d] += value[i];
    for (size_t f = 0; f < *d; f++) value[f] /= (double)fits;
    return value;
}

static void agrees_on(pv_h5 *file, const problem *p)
{
    size_t n, tests, d;
    int32_t *label = golden(file, PV_H5_I32, "trees", p->name, "label", &n);
    int32_t *predicted = golden(file, PV_H5_I32, "trees", p->name, "predicted", NULL);
    float *x = golden(file, PV_H5_F32, "trees", p->name, "x", NULL);
    float *x_test = golden(file, PV_H5_F32, "trees", p->name, "x_test", &tests);
    double *want[2] = {golden_importance(file, p->name, "importance", &d),
                       golden_importance(file, p->name, "importance_study", &d)};
    pv_trees *trees;
    OK(pv_trees_fit(&trees, x, label, n, (int)d));
    for (int era = 0; era < 2; era++) {
        double got[8];
        assert_true(d <= 8);
        pv_trees_importance(trees, got, era ? PV_ERA_STUDY : PV_ERA_CURRENT);
        if (p->copies) {
            assert_true(fabs(got[0] - want[era][0]) < 0.1);
            got[0] += got[3], want[era][0] += want[era][3];
            got[3] = want[era][3] = 0;
        }
        double away = largest_difference(got, want[era], d);
        if (!(away <= p->importance)) fail_msg("%s, era %d: %g away", p->name, era, away);
    }
    tests /= d;
    int32_t *got;
    OK(pv_new(&got, tests, sizeof *got, "labels"));
    pv_trees_predict(trees, x_test, tests, got);
    double share = (double)differing(got, predicted, tests) / (double)tests;
    if (share > p->predictions) fail_msg("%s: %g of the labels differ", p->name, share);
    pv_trees_free(trees);
    free(label), free(predicted), free(x), free(x_test), free(want[0]), free(want[1]), free(got);
}

static void agrees_with_scikit_learn(void **state)
{
    (void)state;
    pv_h5 *file = open_learners();
    for (size_t p = 0; p < sizeof problems / sizeof *problems; p++) agrees_on(file, &problems[p]);
    pv_h5_close(file);
}

/* ---- every split ---- */

enum { VARIABLES = 7 };

/* Hard ones: continuous, few values, neighbours nearer than 1e-7, such chains far apart, one
 * frequent value among many, constant, large. */
static void hard(float *x, size_t n, pv_random_state *r)
{
    for (size_t i = 0; i < n; i++, x += VARIABLES) {
        x[0] = (float)normal(r);
        x[1] = (float)pv_random_state_below(r, 5);
        x[2] = 6e-8f * (float)pv_random_state_below(r, (uint64_t)n);
        x[3] = (float)pv_random_state_below(r, 300) * 0.01f + 4e-8f * (float)(i % 7);
        x[4] = i % 3 ? 0.25f : (float)normal(r);
        x[5] = -3.0f;
        x[6] = (float)normal(r) * 1e30f;
    }
}

typedef struct {
    float value;
    double residual;
} row;

static int by_value(const void *a, const void *b)
{
    float x = ((const row *)a)->value, y = ((const row *)b)->value;
    return (x > y) - (x < y);
}

/* By what splitting these rows before `left` lowers the sum of squares. */
static double lowered(double sum, double left_sum, double n, double left)
{
    double right = n - left, away = left_sum / left - (sum - left_sum) / right;
    return left * right / n * away * away;
}

/* The largest, and with the threshold given, over a node's rows in one variable. Sorts them. */
static double best_of(row *rows, size_t n, double threshold, double *at_threshold)
{
    double sum = 0, left = 0, best = -1;
    qsort(rows, n, sizeof *rows, by_value);
    for (size_t i = 0; i < n; i++) sum += rows[i].residual;
    for (size_t i = 1; i < n; i++) {
        left += rows[i - 1].residual;
        if (rows[i].value <= rows[i - 1].value + 1e-7f) continue;
        double gain = lowered(sum, left, (double)n, (double)i);
        best = fmax(best, gain);
        if (threshold == rows[i - 1].value / 2.0 + rows[i].value / 2.0) *at_threshold = gain;
    }
    return best;
}

/* The node of the tree where a row is after `depth` decisions. */
static int node_at(const pv_tree *tree, const float *x, int depth)
{
    int node = 0;
    while (depth--) node = 2 * node + 1 + (x[tree->variable[node]] > tree->threshold[node]);
    return node;
}

static void check_node(const pv_tree *tree, int node, int depth, const float *x,
                       const double *residual, size_t n)
{
    row *rows;
    double best = -1, own = -1;
    OK(pv_new(&rows, n, sizeof *rows, "rows"));
    for (int f = 0; f < VARIABLES; f++) {
        size_t count = 0;
        for (size_t i = 0; i < n; i++)
            if (node_at(tree, x + i * VARIABLES, depth) == node)
                rows[count++] = (row){x[i * VARIABLES + (size_t)f], residual[i]};
        double there = -1, gain = best_of(rows, count, tree->threshold[node], &there);
        best = fmax(best, gain);
        if (f == tree->variable[node]) own = there;
    }
    int split = isfinite(tree->threshold[node]);
    if (split != (best >= 0) || (split && !(fabs(own - best) <= 1e-9 * best)) ||
        (split && !(fabs(tree->gain[node] - best) <= 1e-9 * best)))
        fail_msg("%zu rows, node %d: gain %.12g at %.9g in %d (%.12g there), the best is %.12g", n,
                 node, tree->gain[node], tree->threshold[node], tree->variable[node], own, best);
    free(rows);
}

/* scale < 0: of one class a few, of the others many. */
static void splits_of(size_t n, double scale, pv_random_state *r)
{
    float *x;
    double *residual;
    pv_tree_data data;
    pv_tree_grower *grower;
    pv_tree tree;
    OK(pv_new(&x, n * VARIABLES, sizeof *x, "x"));
    OK(pv_new(&residual, n, sizeof *residual, "residuals"));
    hard(x, n, r);
    OK(pv_tree_data_new(&data, x, n, VARIABLES));
    OK(pv_tree_grower_new(&grower, &data));
    for (int again = 0; again < 3; again++) {
        for (size_t i = 0; i < n; i++) {
            double u = pv_random_state_uniform(r);
            residual[i] = scale * (2 * u - 1);
            if (scale < 0) residual[i] = pv_random_state_below(r, 40) ? -0.05 * u : 1 - 0.1 * u;
        }
        pv_tree_grow(&tree, grower, residual);
        for (int node = 0, depth = 0; node < PV_TREE_SPLITS; node++) {
            depth += node == (2 << depth) - 1;
            check_node(&tree, node, depth, x, residual, n);
        }
        /* Rows stand with the leaf that a descent leads to. */
        const uint32_t *rows = pv_tree_rows(grower), *end = pv_tree_ends(grower);
        for (uint32_t leaf = 0, j = 0; leaf < PV_TREE_LEAVES; leaf++)
            for (; j < end[leaf]; j++)
                assert_int_equal(pv_tree_descend(&tree, x + rows[j] * VARIABLES), leaf);
        assert_int_equal(end[PV_TREE_LEAVES - 1], n);
    }
    pv_tree_grower_free(grower);
    pv_tree_data_free(&data);
    free(x), free(residual);
}

static void every_split_is_the_best(void **state)
{
    (void)state;
    const size_t sizes[] = {2, 3, 7, 60, 257, 1000, 5000};
    pv_random_state r;
    pv_random_state_seed(&r, 1);
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        splits_of(sizes[s], 0.5, &r);
        splits_of(sizes[s], 1e-6, &r);
        splits_of(sizes[s], -1, &r);
    }
}

/* The first 12 and the last 12 rows gain the same when split off; the last begin a bin, so that
 * they are seen first. The lower threshold is taken, and a falling variable gains as much. */
static void lowest_threshold_of_equals(void **state)
{
    (void)state;
    enum { N = 602, EACH = 12 };
    float x[N];
    double residual[N], gain[2];
    for (int falling = 0; falling < 2; falling++) {
        pv_tree_data data;
        pv_tree_grower *grower;
        pv_tree tree;
        for (int i = 0; i < N; i++) {
            x[i] = (float)(falling ? -i : i);
            residual[i] = i < EACH || i >= N - EACH ? 0.7 : -0.1;
        }
        OK(pv_tree_data_new(&data, x, N, 1));
        int begins = 0;
        for (size_t b = 0; b < data.first[1]; b++) begins += data.bin[b].start == N - EACH;
        assert_int_equal(begins, 1);
        OK(pv_tree_grower_new(&grower, &data));
        pv_tree_grow(&tree, grower, residual);
        assert_true(tree.threshold[0] == (falling ? EACH - N + 0.5 : EACH - 0.5));
        gain[falling] = tree.gain[0];
        pv_tree_grower_free(grower);
        pv_tree_data_free(&data);
    }
    assert_true(gain[0] == gain[1]);
}

/* ---- what must hold for any data ---- */

enum { ROWS = 400, WIDE = 3 };

/* Three variables: two that matter and a constant one; three classes. */
static void make(float x[ROWS * WIDE], int32_t label[ROWS], uint32_t seed)
{
    pv_random_state r;
    pv_random_state_seed(&r, seed);
    for (size_t i = 0; i < ROWS; i++) {
        x[i * WIDE] = (float)normal(&r);
        x[i * WIDE + 1] = 0.75f;
        x[i * WIDE + 2] = (float)normal(&r);
        double z = x[i * WIDE] + 0.5 * x[i * WIDE + 2] + 0.3 * normal(&r);
        label[i] = z > 0.5 ? 1000000007 : z < -0.5 ? INT32_MIN : -1;
    }
}

static void fit_predict(const float *x, const int32_t *label, size_t n, int d, int32_t *predicted,
                        double *importance)
{
    pv_trees *trees;
    OK(pv_trees_fit(&trees, x, label, n, d));
    pv_trees_predict(trees, x, n, predicted);
    pv_trees_importance(trees, importance, PV_ERA_CURRENT);
    pv_trees_free(trees);
}

static void monotone_transforms_change_nothing(void **state)
{
    (void)state;
    float x[ROWS * WIDE];
    int32_t label[ROWS], plain[ROWS], bent[ROWS];
    double importance[2][WIDE];
    make(x, label, 2);
    fit_predict(x, label, ROWS, WIDE, plain, importance[0]);
    for (size_t i = 0; i < ROWS; i++) {
        x[i * WIDE] = 1000 * (x[i * WIDE] + 10) * (x[i * WIDE] + 10);
        x[i * WIDE + 2] = x[i * WIDE + 2] * 64 - 5;
    }
    fit_predict(x, label, ROWS, WIDE, bent, importance[1]);
    assert_memory_equal(plain, bent, sizeof plain);
    assert_memory_equal(importance[0], importance[1], sizeof importance[0]);
    assert_true(importance[0][1] == 0);
    assert_true(importance[0][0] > importance[0][2] && importance[0][2] > 0.1);
    assert_true(fabs(importance[0][0] + importance[0][2] - 1) < 1e-12);
    /* labels of any value, and most of them learnt */
    size_t wrong = differing(plain, label, ROWS);
    assert_true(wrong < ROWS / 10);
}

/* Two equal columns: the same trees, and each column has a good part of the importance. */
static void copies_share(void **state)
{
    (void)state;
    float x[ROWS * WIDE], one[ROWS], two[ROWS * 2];
    int32_t label[ROWS], of_one[ROWS], of_two[ROWS];
    double importance[2];
    make(x, label, 3);
    for (size_t i = 0; i < ROWS; i++) one[i] = two[2 * i] = two[2 * i + 1] = x[i * WIDE];
    fit_predict(one, label, ROWS, 1, of_one, importance);
    assert_true(fabs(importance[0] - 1) < 1e-12);
    fit_predict(two, label, ROWS, 2, of_two, importance);
    assert_memory_equal(of_one, of_two, sizeof of_one);
    assert_true(importance[0] > 0.3 && importance[1] > 0.3);
}

static void same_input_same_trees(void **state)
{
    (void)state;
    float x[ROWS * WIDE];
    int32_t label[ROWS], first[ROWS], second[ROWS];
    double importance[2][WIDE];
    make(x, label, 4);
    fit_predict(x, label, ROWS, WIDE, first, importance[0]);
    fit_predict(x, label, ROWS, WIDE, second, importance[1]);
    assert_memory_equal(first, second, sizeof first);
    assert_memory_equal(importance[0], importance[1], sizeof importance[0]);
}

static void one_class_is_refused(void **state)
{
    (void)state;
    pv_trees *trees = NULL;
    const float x[] = {1, 2, 3};
    assert_int_equal(pv_trees_fit(&trees, x, (const int32_t[]){4, 4, 4}, 3, 1), PV_EDATA);
    assert_non_null(strstr(pv_error(), "gradient-boosted trees"));
    assert_non_null(strstr(pv_error(), "3 labels"));
    assert_int_equal(pv_trees_fit(&trees, x, (const int32_t[]){0}, 0, 1), PV_EDATA);
    assert_null(trees);
    pv_trees_free(NULL);
}

static void two_rows(void **state)
{
    (void)state;
    const float x[] = {1, 2}, between[] = {0, 1.5f, 1.6f, 9};
    const int32_t label[] = {5, -5};
    int32_t got[4];
    double importance[2];
    pv_trees *trees;
    OK(pv_trees_fit(&trees, x, label, 2, 1));
    pv_trees_predict(trees, between, 4, got);
    /* A threshold itself goes left. */
    assert_memory_equal(got, ((const int32_t[]){5, 5, -5, -5}), sizeof got);
    pv_trees_importance(trees, importance, PV_ERA_STUDY);
    assert_true(fabs(importance[0] - 1) < 1e-12);
    pv_trees_free(trees);
}

/* Nothing to split at: the most frequent label, and no importance. */
static void equal_rows(void **state)
{
    (void)state;
    float x[10 * 2];
    const int32_t label[10] = {3, 3, 1, 1, 1, 1, 2, 2, 2, 3};
    int32_t got[10];
    double importance[2];
    for (size_t i = 0; i < 10; i++) x[2 * i] = 1, x[2 * i + 1] = 1e-8f * (float)i;
    fit_predict(x, label, 10, 2, got, importance);
    for (size_t i = 0; i < 10; i++) assert_int_equal(got[i], 1);
    assert_true(importance[0] == 0 && importance[1] == 0);
}

/* More rows than 16 bits count, and a step that is found exactly. */
static void many_rows(void **state)
{
    (void)state;
    enum { MANY = 70000 };
    float *x;
    int32_t *label, *got;
    double importance;
    OK(pv_new(&x, MANY, sizeof *x, "x"));
    OK(pv_new(&label, MANY, sizeof *label, "labels"));
    OK(pv_new(&got, MANY, sizeof *got, "labels"));
    for (size_t i = 0; i < MANY; i++) {
        x[i] = (float)i;
        label[i] = i >= 65538;
    }
    fit_predict(x, label, MANY, 1, got, &importance);
    assert_memory_equal(got, label, MANY * sizeof *got);
    free(x), free(label), free(got);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(agrees_with_scikit_learn),
        cmocka_unit_test(every_split_is_the_best),
        cmocka_unit_test(lowest_threshold_of_equals),
        cmocka_unit_test(monotone_transforms_change_nothing),
        cmocka_unit_test(copies_share),
        cmocka_unit_test(same_input_same_trees),
        cmocka_unit_test(one_class_is_refused),
        cmocka_unit_test(two_rows),
        cmocka_unit_test(equal_rows),
        cmocka_unit_test(many_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
