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
        double slope = 0.0;
        for (int i = 0; i < ROWS; i++) slope += x[i * COLUMNS + j] * y[i] / ROWS;
        assert_true(fabs(w[j] - soft(slope, 0.1)) < 1e-14);
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
        double slope[D] = {0}, mean = 0.0;
        for (int i = 0; i < N; i++) {
            double residual = y[i * T + k] - intercept[k];
            for (int j = 0; j < D; j++) residual -= x[i * D + j] * w[k * D + j];
            mean += residual / N;
            for (int j = 0; j < D; j++) slope[j] += x[i * D + j] * residual / N;
        }
        assert_true(fabs(mean) < 1e-12);
        for (int j = 0; j < D; j++) {
            const double weight = w[k * D + j];
            zeros += weight == 0.0;
            if (weight == 0.0)
                assert_true(fabs(slope[j]) <= 0.1 + 1e-9);
            else
                assert_true(fabs(slope[j] - copysign(0.1, weight)) < 1e-9);
        }
    }
    assert_true(zeros > 0 && zeros < T * D - T);
}

/* y less its mean and columns of x less theirs, with one target of y [n, targets]. */
typedef struct {
    int n, d;
    double x[N * D], y[N], residual[N];
} centred;

static void centre(centred *c, const double *x, const double *y, int n, int d, int targets)
{
    double mean = 0.0;
    *c = (centred){.n = n, .d = d};
    for (int i = 0; i < n; i++) mean += y[i * targets] / n;
    for (int i = 0; i < n; i++) c->residual[i] = c->y[i] = y[i * targets] - mean;
    for (int j = 0; j < d; j++) {
        double average = 0.0;
        for (int i = 0; i < n; i++) average += x[i * d + j] / n;
        for (int i = 0; i < n; i++) c->x[i * d + j] = x[i * d + j] - average;
    }
}

static double product(const centred *c, const double *a, int step, const double *b)
{
    double sum = 0.0;
    for (int i = 0; i < c->n; i++) sum += a[i * step] * b[i];
    return sum;
}

/* 1/2 |y - X w|^2 + n alpha |w|_1 less 1/2 |y|^2 - 1/2 |y - v|^2, where v is y - X w, made so short
 * that no column's product with it is above n alpha. */
static double gap(const centred *c, const double *w, double penalty)
{
    double steepest = penalty, value = 0.0;
    for (int j = 0; j < c->d; j++) {
        steepest = fmax(steepest, fabs(product(c, c->x + j, c->d, c->residual)));
        value += penalty * fabs(w[j]);
    }
    for (int i = 0; i < c->n; i++) {
        const double r = c->residual[i], away = c->y[i] - r * penalty / steepest;
        value += 0.5 * (r * r - c->y[i] * c->y[i] + away * away);
    }
    return value;
}

/* Coordinate descent on residuals. Returns how often a small step was not the end. */
static int descend(double *w, centred *c, const pv_lasso_rule *rule)
{
    const double penalty = c->n * rule->alpha;
    int not_yet = 0;
    for (int j = 0; j < c->d; j++) w[j] = 0.0;
    for (int sweep = 0; sweep < rule->sweeps; sweep++) {
        double step = 0.0, largest = 0.0;
        for (int j = 0; j < c->d; j++) {
            double square = 0.0, old = w[j];
            for (int i = 0; i < c->n; i++) square += c->x[i * c->d + j] * c->x[i * c->d + j];
            w[j] = soft(product(c, c->x + j, c->d, c->residual) + old * square, penalty) / square;
            for (int i = 0; i < c->n; i++) c->residual[i] -= (w[j] - old) * c->x[i * c->d + j];
            step = fmax(step, fabs(w[j] - old));
            largest = fmax(largest, fabs(w[j]));
        }
        if (step > rule->tolerance * largest) continue;
        if (gap(c, w, penalty) <= rule->tolerance * product(c, c->y, 1, c->y)) break;
        not_yet++;
    }
    return not_yet;
}

/* Both end after the same sweep. Returns how often a small step was not the end. */
static int same_descent(const double *x, const double *y, int d, int targets,
                        const pv_lasso_rule *rule)
{
    double target[N], got[D], want[D];
    centred c;
    centre(&c, x, y, N, d, targets);
    for (int i = 0; i < N; i++) target[i] = y[i * targets];
    const int not_yet = descend(want, &c, rule);
    OK(pv_lasso_fit(got, NULL, x, target, N, d, 1, rule));
    for (int j = 0; j < d; j++)
        if (!(fabs(got[j] - want[j]) <= 1e-9 * (1 + fabs(want[j]))))
            fail_msg("alpha %g, tolerance %g, %d sweeps, weight %d: %.12g, not %.12g", rule->alpha,
                     rule->tolerance, rule->sweeps, j, got[j], want[j]);
    return not_yet;
}

/* Sweep by sweep the same as on residuals, and as many. Two columns that are nearly equal move
 * slowly: there a small step is no end, but the duality gap is one. */
static void descends_as_plain_coordinate_descent(void **state)
{
    (void)state;
    double x[N * D], y[N * T], alike[N * 2], difference[N];
    pv_random_state r;
    int not_yet = 0;
    make_problem(x, y);
    pv_random_state_seed(&r, 8);
    for (int i = 0; i < N; i++) {
        const double shared = normal(&r), own = normal(&r);
        alike[2 * i] = shared;
        alike[2 * i + 1] = shared + 0.2 * own;
        difference[i] = 3 * shared + 10 * own;
    }
    for (int sweeps = 1; sweeps <= 3; sweeps++) {
        const pv_lasso_rule few = {.alpha = 0.1, .tolerance = 1e-13, .sweeps = sweeps};
        same_descent(x, y, D, T, &few);
    }
    for (double tolerance = 0.3; tolerance > 1e-6; tolerance /= 2)
        for (double alpha = 0.01; alpha < 2; alpha *= 3) {
            const pv_lasso_rule rule = {.alpha = alpha, .tolerance = tolerance, .sweeps = 100000};
            not_yet += same_descent(x, y, D, T, &rule);
            not_yet += same_descent(alike, difference, 2, 1, &rule);
        }
    assert_true(not_yet > 10);
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
        cmocka_unit_test(descends_as_plain_coordinate_descent),
        cmocka_unit_test(stops_within_the_tolerance),
        cmocka_unit_test(columns_without_variance_have_weight_0),
        cmocka_unit_test(targets_do_not_matter_to_each_other),
        cmocka_unit_test(ranks_share_ties),
        cmocka_unit_test(ranks_correlate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
