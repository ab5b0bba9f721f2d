/* test_softmax_loss.c -- what logistic regression minimises, against its formula; its exp; and the
 * minimiser on functions whose minimum is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "learn/descent.h"
#include "learn/exponential.h"
#include "learn/softmax_loss.h"
#include "learners.h"

/* ---- exp ---- */

static void exp_is_within_its_error(void **state)
{
    (void)state;
    double worst = 0.0;
    for (int i = 0; i <= 400000; i++) {
        /* Evenly to -500, and ever closer to 0. */
        double x = i % 2 ? -500.0 * i / 400000.0 : -ldexp(1.0 + i / 400000.0, -(i / 2 % 60));
        double want = (double)expl(x);
        worst = fmax(worst, fabs(pv_exp_below_zero(x) - want) / want);
    }
    assert_true(worst < 3e-16);
    assert_true(pv_exp_below_zero(0.0) == 1.0);
    assert_true(pv_exp_below_zero(-0.0) == 1.0);
    const double far[] = {-500.0001, -745.0, -1e4, -1e300, -HUGE_VAL};
    for (int i = 0; i < 5; i++) assert_true(pv_exp_below_zero(far[i]) == pv_exp_below_zero(-500.0));
}

/* ---- the loss ---- */

typedef struct {
    int n, d, classes, first, begin, end;
} shape;
/* Rows and columns that fill blocks and groups of four, and that do not; rows left out at the
 * start, the end, within a block and across two. */
static const shape shapes[] = {
    {1, 1, 2, 1, 0, 0},        {7, 3, 3, 0, 2, 4},       {128, 4, 4, 0, 0, 0},
    {129, 5, 5, 0, 0, 25},     {300, 8, 2, 1, 100, 160}, {300, 6, 2, 0, 240, 300},
    {400, 10, 40, 0, 80, 390}, {256, 2, 3, 0, 128, 256}, {20, 0, 3, 0, 0, 4},
    {200, 2, 3, 0, 127, 140},
};
enum { SHAPES = sizeof shapes / sizeof *shapes, MOST_WEIGHTS = 440 };

typedef struct {
    shape s;
    double *x, weight[MOST_WEIGHTS];
    int32_t *of;
    pv_columns columns;
    pv_softmax_loss loss;
    int size;
} problem;

static void make(problem *p, shape s)
{
    *p = (problem){.s = s, .size = (s.classes - s.first) * (s.d + 1)};
    assert_true(p->size <= MOST_WEIGHTS);
    OK(pv_new(&p->x, (size_t)(s.n * s.d), sizeof *p->x, "x"));
    OK(pv_new(&p->of, (size_t)s.n, sizeof *p->of, "classes"));
    pv_random_state r;
    pv_random_state_seed(&r, (uint32_t)(s.n + s.classes));
    for (int i = 0; i < s.n * s.d; i++) p->x[i] = 2.0 * normal(&r);
    for (int i = 0; i < s.n; i++)
        p->of[i] = (int32_t)pv_random_state_below(&r, (uint64_t)s.classes);
    for (int i = 0; i < p->size; i++) p->weight[i] = normal(&r);
    OK(pv_columns_copy(&p->columns, p->x, (size_t)s.n, s.d));
    p->loss = (pv_softmax_loss){.x = &p->columns,
                                .of = p->of,
                                .classes = s.classes,
                                .first = s.first,
                                .out_begin = (size_t)s.begin,
                                .out_end = (size_t)s.end,
                                .scale = 0.37,
                                .penalty = 0.21};
    OK(pv_softmax_work(&p->loss.work, s.classes));
}

static void clear(problem *p)
{
    pv_columns_free(&p->columns);
    free(p->x);
    free(p->of);
    free(p->loss.work);
}

static double logit(const problem *p, int row, int c)
{
    if (c < p->s.first) return 0.0;
    const double *w = p->weight + (c - p->s.first) * (p->s.d + 1);
    double z = w[p->s.d];
    for (int j = 0; j < p->s.d; j++) z += w[j] * p->x[row * p->s.d + j];
    return z;
}

/* The formula, in long double where numbers add up. */
static double formula(const problem *p)
{
    long double sum = 0.0L, squares = 0.0L;
    for (int i = 0; i < p->s.n; i++) {
        if (i >= p->s.begin && i < p->s.end) continue;
        long double total = 0.0L;
        for (int c = 0; c < p->s.classes; c++) total += expl(logit(p, i, c));
        sum += logl(total) - logit(p, i, p->of[i]);
    }
    for (int k = 0; k < p->size; k++)
        if (k % (p->s.d + 1) != p->s.d) squares += p->weight[k] * p->weight[k];
    return (double)(p->loss.scale * sum + p->loss.penalty / 2 * squares);
}

static void loss_is_its_formula(void **state)
{
    (void)state;
    for (int k = 0; k < SHAPES; k++) {
        problem p;
        double gradient[MOST_WEIGHTS];
        make(&p, shapes[k]);
        double got = pv_softmax_loss_at(&p.loss, p.weight, gradient), want = formula(&p);
        if (!(fabs(got - want) <= 1e-13 * fabs(want)))
            fail_msg("shape %d: %.17g, not %.17g", k, got, want);
        clear(&p);
    }
}

static void gradient_is_the_slope(void **state)
{
    (void)state;
    for (int k = 0; k < SHAPES; k++) {
        problem p;
        double gradient[MOST_WEIGHTS], unused[MOST_WEIGHTS];
        make(&p, shapes[k]);
        pv_softmax_loss_at(&p.loss, p.weight, gradient);
        for (int i = 0; i < p.size; i++) {
            const double step = 1e-5;
            double at = p.weight[i];
            p.weight[i] = at + step;
            double above = pv_softmax_loss_at(&p.loss, p.weight, unused);
            p.weight[i] = at - step;
            double below = pv_softmax_loss_at(&p.loss, p.weight, unused);
            p.weight[i] = at;
            double slope = (above - below) / (2.0 * step);
            if (!(fabs(gradient[i] - slope) < 1e-7))
                fail_msg("shape %d, weight %d: %.12g, not %.12g", k, i, gradient[i], slope);
        }
        clear(&p);
    }
}

/* Logits enter by their differences only; none is too large. */
static void a_constant_changes_nothing(void **state)
{
    (void)state;
    const double constant[] = {3.0, 1e3, -1e6};
    for (int k = 0; k < 3; k++) {
        problem p;
        double before[MOST_WEIGHTS], after[MOST_WEIGHTS];
        make(&p, (shape){200, 3, 5, 0, 10, 50});
        double loss = pv_softmax_loss_at(&p.loss, p.weight, before);
        for (int c = 0; c < 5; c++) p.weight[c * 4 + 3] += constant[k];
        assert_true(fabs(pv_softmax_loss_at(&p.loss, p.weight, after) / loss - 1.0) < 1e-9);
        assert_true(largest_difference(before, after, (size_t)p.size) < 1e-7);
        clear(&p);
    }
}

static void large_logits_stay_finite(void **state)
{
    (void)state;
    problem p;
    double gradient[MOST_WEIGHTS];
    make(&p, (shape){200, 3, 4, 0, 0, 0});
    for (int i = 0; i < p.size; i++) p.weight[i] *= 1e8;
    double want = 0.0;
    for (int i = 0; i < p.s.n; i++) {
        double top = -HUGE_VAL;
        for (int c = 0; c < 4; c++) top = fmax(top, logit(&p, i, c));
        want += top - logit(&p, i, p.of[i]);
    }
    p.loss.penalty = 0.0;
    double got = pv_softmax_loss_at(&p.loss, p.weight, gradient);
    assert_true(fabs(got / (p.loss.scale * want) - 1.0) < 1e-12);
    for (int i = 0; i < p.size; i++) assert_true(isfinite(gradient[i]));
    clear(&p);
}

static void accuracy_is_of_rows_left_out(void **state)
{
    (void)state;
    for (int k = 0; k < SHAPES; k++) {
        problem p;
        make(&p, shapes[k]);
        int right = 0, rows = p.s.end - p.s.begin;
        int32_t *best;
        OK(pv_new(&best, (size_t)p.s.n, sizeof *best, "classes"));
        for (int i = p.s.begin; i < p.s.end; i++) {
            for (int c = 1; c < p.s.classes; c++)
                if (logit(&p, i, c) > logit(&p, i, best[i])) best[i] = c;
            right += best[i] == p.of[i];
        }
        if (rows) {
            assert_true(pv_softmax_accuracy(&p.loss, p.weight) == (double)right / rows);
            p.loss.of = best;
            assert_true(pv_softmax_accuracy(&p.loss, p.weight) == 1.0);
        }
        free(best);
        clear(&p);
    }
}

static void the_first_of_equals_is_chosen(void **state)
{
    (void)state;
    problem p;
    make(&p, (shape){150, 2, 3, 0, 20, 140});
    int first = 0;
    for (int i = p.s.begin; i < p.s.end; i++) first += p.of[i] == 0;
    memset(p.weight, 0, sizeof p.weight);
    assert_true(pv_softmax_accuracy(&p.loss, p.weight) == first / 120.0);
    clear(&p);
}

/* ---- the minimiser ---- */

typedef struct {
    int calls;
    double unevenness;
} valley;

/* Rosenbrock's function, minimum 0 at (1, 1). */
static double rosenbrock(void *context, const double *w, double *gradient)
{
    valley *v = context;
    v->calls++;
    double a = 1.0 - w[0], b = w[1] - w[0] * w[0];
    gradient[0] = -2.0 * a - 4.0 * v->unevenness * b * w[0];
    gradient[1] = 2.0 * v->unevenness * b;
    return a * a + v->unevenness * b * b;
}

static double slope_at(const double *w, double unevenness)
{
    double gradient[2];
    rosenbrock(&(valley){.unevenness = unevenness}, w, gradient);
    return fmax(fabs(gradient[0]), fabs(gradient[1]));
}

static void the_minimum_is_found(void **state)
{
    (void)state;
    valley v = {.unevenness = 100.0};
    double w[2] = {-1.2, 1.0};
    pv_descent d = {
        .value = rosenbrock, .context = &v, .size = 2, .slope = 1e-9, .iterations = 200};
    OK(pv_descend(&d, w));
    assert_true(fabs(w[0] - 1.0) < 1e-8 && fabs(w[1] - 1.0) < 1e-8);
}

static void each_rule_stops_it(void **state)
{
    (void)state;
    valley v = {.unevenness = 100.0};
    const pv_descent free = {
        .value = rosenbrock, .context = &v, .size = 2, .slope = 0.0, .iterations = 1000};

    /* The slope, at the start as well: nothing moves. */
    double w[2] = {-1.2, 1.0};
    pv_descent d = free;
    d.slope = 1.0;
    OK(pv_descend(&d, w));
    assert_true(slope_at(w, 100.0) <= 1.0 && slope_at(w, 100.0) > 1e-6);
    double there[2] = {w[0], w[1]};
    v.calls = 0;
    OK(pv_descend(&d, w));
    assert_true(w[0] == there[0] && w[1] == there[1]);
    assert_int_equal(v.calls, 1);

    /* Iterations: none, and each one lowers the value. */
    double last = HUGE_VAL, gradient[2];
    for (int k = 1; k < 12; k++) {
        double from[2] = {-1.2, 1.0};
        d = free;
        d.iterations = k;
        OK(pv_descend(&d, from));
        double f = rosenbrock(&v, from, gradient);
        assert_true(f < last);
        last = f;
    }

    /* The decrease, relative to values above 1: a little more than the first step's ends it, a
     * little less does not. */
    const double start[2][2] = {{-1.2, 1.0}, {0.5, 0.25}};
    for (int k = 0; k < 2; k++) {
        double first[2] = {start[k][0], start[k][1]};
        d = free;
        d.iterations = 1;
        OK(pv_descend(&d, first));
        double before = rosenbrock(&v, start[k], gradient);
        double drop = (before - rosenbrock(&v, first, gradient)) / fmax(before, 1.0);
        assert_true(drop > 0.0 && (before > 1.0) == (k == 0));
        for (int less = 0; less < 2; less++) {
            double at[2] = {start[k][0], start[k][1]};
            d = free;
            d.decrease = drop * (less ? 0.999 : 1.001);
            OK(pv_descend(&d, at));
            assert_int_equal(at[0] == first[0] && at[1] == first[1], !less);
        }
    }

    /* No rule: at the minimum, where no line search goes on. */
    double end[2] = {-1.2, 1.0};
    OK(pv_descend(&free, end));
    assert_true(fabs(end[0] - 1.0) < 1e-6 && fabs(end[1] - 1.0) < 1e-6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exp_is_within_its_error),
        cmocka_unit_test(loss_is_its_formula),
        cmocka_unit_test(gradient_is_the_slope),
        cmocka_unit_test(a_constant_changes_nothing),
        cmocka_unit_test(large_logits_stay_finite),
        cmocka_unit_test(accuracy_is_of_rows_left_out),
        cmocka_unit_test(the_first_of_equals_is_chosen),
        cmocka_unit_test(the_minimum_is_found),
        cmocka_unit_test(each_rule_stops_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
