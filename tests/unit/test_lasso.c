/* test_lasso.c -- the Lasso against its closed form, its conditions of optimality and plain
 * coordinate descent on residuals; ranks against counting. test_udr.c has scikit-learn's weights.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "learn/lasso.h"
#include "learn/rank.h"
#include "learners.h"

enum { N = 120, D = 7, T = 3 };
static const pv_lasso_rule usual = {.alpha = 0.1, .tolerance = 1e-4, .sweeps = 1000},
                           optimum = {.alpha = 0.1, .tolerance = 1e-13, .sweeps = 100000};

/* Columns that share a part and have means of their own; targets of which the first few variables
 * and noise are made. */
static void make_problem(double *x, double *y)
{
    pv_random_state r;
    pv_random_state_seed(&r, 5);
    for (int i = 0; i < N; i++) {
        const double shared = normal(&r);
        for (int j = 0; j < D; j++) x[i * D + j] = (0.7 * shared + normal(&r)) * (j + 1) / 3 + j;
        for (int k = 0; k < T; k++)
            y[i * T + k] = x[i * D + k] - 0.5 * x[i * D + k + 1] + 0.5 * normal(&r) + 10 * k;
    }
}

static double soft(double value, double by)
{
    return value > by ? value - by : value < -by ? value + by : 0.0;
}

/* ---- the Lasso ---- */

/* Columns of +-1 that are orthogonal to each other and to 1: weights are soft thresholds. */
static void thresholds_on_orthogonal_columns(void **state)
{
    (void)state;
    enum { ROWS = 64, COLUMNS = 6 };
    double x[ROWS * COLUMNS], y[ROWS], w[COLUMNS], intercept;
    pv_random_state r;
    pv_random_state_seed(&r, 1);
    for (int i = 0; i < ROWS; i++) {
        for (int j = 0; j < COLUMNS; j++) x[i * COLUMNS + j] = i >> j & 1 ? 1.0 : -1.0;
        y[i] = 3 + normal(&r) + 0.4 * x[i * COLUMNS] - 0.9 * x[i * COLUMNS + 3];
    }
    OK(pv_lasso_fit(w, &intercept, x, y, ROWS, COLUMNS, 1, &usual));
    double mean = 0.0;
    for (int i = 0; i < ROWS; i++) mean += y[i] / ROWS;
    int zeros = 0;
    for (int j = 0; j < COLUMNS; j++) {
        double product = 0.0;
        for (int i = 0; i < ROWS; i++) product += x[i * COLUMNS + j] * y[i] / ROWS;
        assert_true(fabs(w[j] - soft(product, 0.1)) < 1e-14);
        zeros += w[j] == 0.0;
    }
    assert_true(zeros > 0 && zeros < COLUMNS - 1);
    assert_true(fabs(intercept - mean) < 1e-14);
}

/* At the optimum the residual has mean 0 and its products with the columns are alpha times the
 * signs of weights, or at most alpha where the weight is 0. */
static void meets_the_conditions_of_optimality(void **state)
{
    (void)state;
    double x[N * D], y[N * T], w[T * D], intercept[T];
    int zeros = 0;
    make_problem(x, y);
    OK(pv_lasso_fit(w, intercept, x, y, N, D, T, &optimum));
    for (int k = 0; k < T; k++) {
        double product[D] = {0}, mean = 0.0;
        for (int i = 0; i < N; i++) {
            double residual = y[i * T + k] - intercept[k];
            for (int j = 0; j < D; j++) residual -= x[i * D + j] * w[k * D + j];
            mean += residual / N;
            for (int j = 0; j < D; j++) product[j] += x[i * D + j] * residual / N;
        }
        assert_true(fabs(mean) < 1e-12);
        for (int j = 0; j < D; j++) {
            const double weight = w[k * D + j];
            zeros += weight == 0.0;
            if (weight == 0.0)
                assert_true(fabs(product[j]) <= 0.1 + 1e-9);
            else
                assert_true(fabs(product[j] - copysign(0.1, weight)) < 1e-9);
        }
    }
    assert_true(zeros > 0 && zeros < T * D - T);
}

/* Sweep by sweep, the same as coordinate descent on the residuals of centred columns. */
static void descends_in_the_order_of_columns(void **state)
{
    (void)state;
    double x[N * D], y[N * T], target[N], residual[N], w[D] = {0}, got[D], mean = 0.0;
    make_problem(x, y);
    for (int i = 0; i < N; i++) mean += y[i * T] / N;
    for (int i = 0; i < N; i++) {
        target[i] = y[i * T];
        residual[i] = y[i * T] - mean;
    }
    for (int sweeps = 1; sweeps <= 3; sweeps++) {
        for (int j = 0; j < D; j++) {
            double average = 0.0, square = 0.0, product = 0.0;
            for (int i = 0; i < N; i++) average += x[i * D + j] / N;
            for (int i = 0; i < N; i++) {
                const double v = x[i * D + j] - average;
                square += v * v / N;
                product += v * (residual[i] + v * w[j]) / N;
            }
            const double next = soft(product, 0.1) / square;
            for (int i = 0; i < N; i++) residual[i] -= (next - w[j]) * (x[i * D + j] - average);
            w[j] = next;
        }
        const pv_lasso_rule few = {.alpha = 0.1, .tolerance = 1e-13, .sweeps = sweeps};
        OK(pv_lasso_fit(got, NULL, x, target, N, D, 1, &few));
        assert_true(largest_difference(w, got, D) < 1e-12);
    }
}

static double objective(const double *w, double b, const double *x, const double *y, int k)
{
    double squares = 0.0, size = 0.0;
    for (int i = 0; i < N; i++) {
        double residual = y[i * T + k] - b;
        for (int j = 0; j < D; j++) residual -= x[i * D + j] * w[j];
        squares += residual * residual;
    }
    for (int j = 0; j < D; j++) size += fabs(w[j]);
    return squares / (2 * N) + 0.1 * size;
}

/* The tolerance is of the objective, relative to that of y's variance; and it is made use of. */
static void stops_within_the_tolerance(void **state)
{
    (void)state;
    double x[N * D], y[N * T], w[T * D], b[T], best[T * D], best_b[T];
    make_problem(x, y);
    OK(pv_lasso_fit(best, best_b, x, y, N, D, T, &optimum));
    for (double tolerance = 1e-1; tolerance > 1e-9; tolerance /= 10) {
        const pv_lasso_rule rule = {.alpha = 0.1, .tolerance = tolerance, .sweeps = 100000};
        OK(pv_lasso_fit(w, b, x, y, N, D, T, &rule));
        assert_true(largest_difference(w, best, T * D) > 0.0);
        for (int k = 0; k < T; k++) {
            double mean = 0.0, variance = 0.0;
            for (int i = 0; i < N; i++) mean += y[i * T + k] / N;
            for (int i = 0; i < N; i++)
                variance += (y[i * T + k] - mean) * (y[i * T + k] - mean) / N;
            const double above =
                objective(w + k * D, b[k], x, y, k) - objective(best + k * D, best_b[k], x, y, k);
            assert_true(above >= -1e-12 && above <= tolerance * variance);
        }
    }
}

/* A step below the tolerance is no proof: two columns that are nearly equal move slowly, and the
 * duality gap keeps the descent going. */
static void does_not_stop_at_a_small_step(void **state)
{
    (void)state;
    double x[N * 2], y[N], w[2], b;
    pv_random_state r;
    pv_random_state_seed(&r, 8);
    for (int i = 0; i < N; i++) {
        const double shared = normal(&r), own = normal(&r);
        x[2 * i] = shared;
        x[2 * i + 1] = shared + 0.03 * own;
        y[i] = 3 * shared + 30 * own;
    }
    const pv_lasso_rule rule = {.alpha = 0.01, .tolerance = 0.01, .sweeps = 100000};
    const pv_lasso_rule exact = {.alpha = 0.01, .tolerance = 1e-13, .sweeps = 10000000};
    double best[2];
    OK(pv_lasso_fit(w, &b, x, y, N, 2, 1, &rule));
    OK(pv_lasso_fit(best, &b, x, y, N, 2, 1, &exact));
    assert_true(fabs(best[1]) > 500);
    assert_true(largest_difference(w, best, 2) < 0.12 * fabs(best[1]));
}

static void columns_without_variance_have_weight_0(void **state)
{
    (void)state;
    double x[N * D], y[N * T], w[T * D], intercept[T];
    make_problem(x, y);
    for (int i = 0; i < N; i++) {
        x[i * D + 1] = 0.1;
        y[i * T + 2] = 7.3;
    }
    OK(pv_lasso_fit(w, intercept, x, y, N, D, T, &usual));
    assert_true(w[1] == 0.0 && w[D + 1] == 0.0 && w[0] != 0.0);
    for (int j = 0; j < D; j++) assert_true(w[2 * D + j] == 0.0);
    assert_true(fabs(intercept[2] - 7.3) < 1e-12);

    const pv_lasso_rule heavy = {.alpha = 1e4, .tolerance = 1e-4, .sweeps = 1000};
    OK(pv_lasso_fit(w, intercept, x, y, N, D, T, &heavy));
    for (int j = 0; j < T * D; j++) assert_true(w[j] == 0.0);

    OK(pv_lasso_fit(w, intercept, x, y, 1, D, T, &usual)); /* one row */
    for (int j = 0; j < T * D; j++) assert_true(w[j] == 0.0);
    for (int k = 0; k < T; k++) assert_true(intercept[k] == y[k]);
}

static void targets_do_not_matter_to_each_other(void **state)
{
    (void)state;
    double x[N * D], y[N * T], one[N], all[T * D], w[D];
    make_problem(x, y);
    OK(pv_lasso_fit(all, NULL, x, y, N, D, T, &usual));
    for (int k = 0; k < T; k++) {
        for (int i = 0; i < N; i++) one[i] = y[i * T + k];
        OK(pv_lasso_fit(w, NULL, x, one, N, D, 1, &usual));
        assert_memory_equal(w, all + k * D, sizeof w);
    }
}

/* ---- ranks ---- */

static void ranks_share_ties(void **state)
{
    (void)state;
    enum { ROWS = 200 };
    double x[ROWS], rank[ROWS];
    pv_random_state r;
    pv_random_state_seed(&r, 2);
    for (int i = 0; i < ROWS; i++)
        x[i] = (double)pv_random_state_below(&r, i < 100 ? 12 : 1000) - 6.0;
    OK(pv_rank(rank, x, ROWS));
    for (int i = 0; i < ROWS; i++) {
        int smaller = 0, equal = 0;
        for (int j = 0; j < ROWS; j++) {
            smaller += x[j] < x[i];
            equal += x[j] == x[i];
        }
        assert_true(rank[i] == smaller + 0.5 * (1 + equal));
    }
}

static double correlation(const double *x, const double *y, size_t n)
{
    double a[16], b[16], sum = 0.0;
    OK(pv_rank_normalised(a, x, n));
    OK(pv_rank_normalised(b, y, n));
    for (size_t i = 0; i < n; i++) sum += a[i] * b[i];
    return sum;
}

static void ranks_correlate(void **state)
{
    (void)state;
    const double x[] = {3, 1, 4, 1.5, 9}, rising[] = {30, -1, 31, 2, 1e9},
                 falling[] = {-3, -1, -4, -1.5, -9}, equal[] = {2, 2, 2, 2, 2},
                 tied[] = {1, 1, 2, 2, 2};
    assert_true(fabs(correlation(x, rising, 5) - 1.0) < 1e-15);
    assert_true(fabs(correlation(x, falling, 5) + 1.0) < 1e-15);
    assert_true(isnan(correlation(x, equal, 5)));
    /* ranks 3 1 4 2 5 and 1.5 1.5 4 4 4 */
    assert_true(fabs(correlation(x, tied, 5) - 5.0 / sqrt(10.0 * 7.5)) < 1e-15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thresholds_on_orthogonal_columns),
        cmocka_unit_test(meets_the_conditions_of_optimality),
        cmocka_unit_test(descends_in_the_order_of_columns),
        cmocka_unit_test(stops_within_the_tolerance),
        cmocka_unit_test(does_not_stop_at_a_small_step),
        cmocka_unit_test(columns_without_variance_have_weight_0),
        cmocka_unit_test(targets_do_not_matter_to_each_other),
        cmocka_unit_test(ranks_share_ties),
        cmocka_unit_test(ranks_correlate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
