/* parameters.h -- cases of the kernels in kernels/parameters.h; a row is one parameter. */
#ifndef PV_CASES_PARAMETERS_H
#define PV_CASES_PARAMETERS_H

#include "cases/inputs.h"

static void case_uniform(size_t rows, size_t cols)
{
    const size_t n = rows * cols;
    const float limit = 0.0765f;
    float *value = new_floats(n);
    double mean = 0.0, square = 0.0;
    RUN(uniform, .rows = n, .cols = 1, .seed = 3, .purpose = PV_FOR_PARAMETERS, .limit = limit,
        .value = value);
    worst w = {0};
    for (size_t i = 0; i < n; i++) {
        double u = (double)pv_unit(pv_random_word(3, PV_FOR_PARAMETERS, 0, i));
        compare(&w, i, (double)value[i], (double)limit * (2.0 * u - 1.0), 1.2e-7 * (double)limit);
        mean += (double)value[i] / (double)limit / (double)n;
        square += (double)value[i] * (double)value[i] / (double)limit / (double)limit / (double)n;
    }
    judge("value", &w);
    check(fabs(mean) < 5.0 / sqrt(3.0 * (double)n), "%s: the mean is %g limits", context, mean);
    check(fabs(square - 1.0 / 3.0) < 5.0 * sqrt(4.0 / 45.0 / (double)n), "%s: the variance is %g",
          context, square);
    free(value);
}

/* Moments that have all but vanished become 0. */
static double settled(double moment) { return fabs(moment) < 1e-37 ? 0.0 : moment; }

static void case_adam(size_t rows, size_t cols)
{
    const size_t n = rows * cols;
    const float beta1 = 0.9f, beta2 = 0.999f, epsilon = 1e-8f;
    for (int torch = 0; torch < 2; torch++) {
        float *gradient = hard(15, n, 0.1), *value = hard(16, n, 1), *m = hard(17, n, 0.1);
        float *v = uniform(18, n, 0, 0.01), *value0 = hard(16, n, 1), *m0 = hard(17, n, 0.1);
        float *v0 = uniform(18, n, 0, 0.01);
        for (size_t i = 0; i < n; i += 5) v[i] = v0[i] = 0.0f; /* epsilon decides */
        const pv_rates rates = {1e-4f, 2e-4f, 1.5f};
        RUN(adam, .rows = n, .cols = 1, .beta1 = beta1, .beta2 = beta2, .epsilon = epsilon,
            .torch_epsilon = torch, .rates = &rates, .gradient = gradient, .value = value, .m = m,
            .v = v);
        worst of_m = {0}, of_v = {0}, of_value = {0};
        for (size_t i = 0; i < n; i++) {
            double g = (double)gradient[i], b1 = (double)beta1, b2 = (double)beta2;
            double wm = settled(b1 * (double)m0[i] + (1.0 - b1) * g);
            double wv = settled(b2 * (double)v0[i] + (1.0 - b2) * g * g);
            compare(&of_m, i, (double)m[i], wm,
                    2e-7 * (b1 * fabs((double)m0[i]) + (1.0 - b1) * fabs(g)) + TINY);
            compare(&of_v, i, (double)v[i], wv, FEW * wv + 2 * TINY);
            double root = sqrt((double)v[i]),
                   rate = torch ? (double)rates.torch : (double)rates.epsilon_hat;
            double moved = rate * (double)m[i] /
                           (root * (torch ? (double)rates.torch_root : 1.0) + (double)epsilon);
            compare(&of_value, i, (double)value[i], (double)value0[i] - moved,
                    1.2e-7 * fabs((double)value0[i]) + FEW * fabs(moved) + TINY);
        }
        judge("m", &of_m);
        judge("v", &of_v);
        judge(torch ? "value (torch)" : "value (tensorflow)", &of_value);
        free(gradient);
        free(value);
        free(value0);
        free(m);
        free(m0);
        free(v);
        free(v0);
    }
}

static void case_copy(size_t rows, size_t cols)
{
    float *from = hard(30, rows * cols, 3), *to = new_floats(rows * cols);
    RUN(copy, .rows = rows, .cols = cols, .from = from, .to = to);
    worst w = {0};
    for (size_t i = 0; i < rows * cols; i++) compare(&w, i, (double)to[i], (double)from[i], 0.0);
    judge("to", &w);
    free(from);
    free(to);
}

static void case_adam_rates(size_t rows, size_t cols)
{
    if (rows > 1 || cols > 1) return; /* there is one step block */
    static const uint64_t counts[] = {0, 1, 9, 999, 123456, 300000, 5000000000};
    const float beta1 = 0.9f, beta2 = 0.999f;
    const double rate = 1e-4;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        const pv_step step = {.count = counts[i]};
        pv_rates rates = {NAN, NAN, NAN};
        RUN(adam_rates, .rows = 1, .cols = 1, .learning_rate = rate, .beta1 = beta1, .beta2 = beta2,
            .step = &step, .rates = &rates);
        double t = (double)counts[i] + 1.0, one = 1.0 - pow((double)beta1, t),
               two = 1.0 - pow((double)beta2, t);
        worst w = {0};
        compare(&w, 0, (double)rates.epsilon_hat, rate * sqrt(two) / one, 6.1e-8 * rate);
        compare(&w, 1, (double)rates.torch, rate / one, 6.1e-8 * rate / one);
        compare(&w, 2, (double)rates.torch_root, 1.0 / sqrt(two), 6.1e-8 / sqrt(two));
        judge("epsilon_hat, torch, torch_root", &w);
    }
}

static void case_end_step(size_t rows, size_t cols)
{
    if (rows > 1) return;
    enum { CAPACITY = 7 };
    float *terms = hard(19, cols, 1), *log = whole(20, cols * CAPACITY);
    float *log0 = whole(20, cols * CAPACITY);
    pv_step step = step_of(CAPACITY * 3 + 5);
    RUN(end_step, .rows = 1, .cols = cols, .capacity = CAPACITY, .terms = terms, .log = log,
        .step = &step);
    check(step.count == CAPACITY * 3 + 6, "%s: the count is %d", context, (int)step.count);
    worst w = {0};
    for (size_t i = 0; i < cols * CAPACITY; i++)
        compare(&w, i, (double)log[i], (double)(i / cols == 5 ? terms[i % cols] : log0[i]), 0.0);
    judge("log", &w);
    free(terms);
    free(log);
    free(log0);
}

#endif
