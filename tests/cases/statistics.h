/* statistics.h -- cases of the kernels in kernels/statistics.h. */
#ifndef PV_CASES_STATISTICS_H
#define PV_CASES_STATISTICS_H

#include "cases/inputs.h"

static void case_column_sum(size_t rows, size_t cols)
{
    float *exact = whole(21, rows * cols), *value = hard(22, rows * cols, 10);
    float *sum = new_floats(cols);
    for (int pass = 0; pass < 2; pass++) {
        const float *x = pass ? value : exact, scale = pass ? 0.01f : 0.5f;
        RUN(column_sum, .rows = rows, .cols = cols, .scale = scale, .value = x, .sum = sum);
        worst w = {0};
        for (size_t col = 0; col < cols; col++) {
            double want = 0.0, size = 0.0;
            for (size_t i = col; i < rows * cols; i += cols) {
                want += (double)scale * (double)x[i];
                size += (double)scale * fabs((double)x[i]);
            }
            compare(&w, col, (double)sum[col], want, pass ? 1.2e-7 * size : 0.0);
        }
        judge(pass ? "sum" : "sum of whole numbers", &w);
    }
    free(exact);
    free(value);
    free(sum);
}

static void case_column_mean(size_t rows, size_t cols)
{
    float *exact = whole(23, rows * cols), *value = hard(24, rows * cols, 10);
    double *mean = malloc(cols * sizeof *mean);
    for (int pass = 0; pass < 2; pass++) {
        const float *x = pass ? value : exact;
        const double scale = pass ? 1.0 / (double)rows : 0.25;
        RUN(column_mean, .rows = rows, .cols = cols, .scale = scale, .value = x, .mean = mean);
        worst w = {0};
        for (size_t col = 0; col < cols; col++) {
            double want = 0.0, size = 0.0;
            for (size_t i = col; i < rows * cols; i += cols) {
                want += (double)x[i];
                size += fabs((double)x[i]);
            }
            compare(&w, col, mean[col], scale * want, pass ? 1e-15 * size : 0.0);
        }
        judge(pass ? "mean" : "mean of whole numbers", &w);
    }
    free(exact);
    free(value);
    free(mean);
}

static void case_covariance(size_t rows, size_t cols)
{
    if (cols > 33) return;
    float *exact = whole(25, rows * cols), *value = uniform(26, rows * cols, 5, 9);
    double *mean = malloc(cols * sizeof *mean), *covariance = malloc(cols * cols * sizeof *mean);
    for (int pass = 0; pass < 2; pass++) {
        const float *x = pass ? value : exact;
        const double scale = pass ? 1.0 / 99.0 : 0.5;
        for (size_t col = 0; col < cols; col++) mean[col] = pass ? 7.01 : (double)(col % 3);
        RUN(covariance, .rows = rows, .cols = cols * cols, .variables = cols, .scale = scale,
            .x = x, .mean = mean, .covariance = covariance);
        worst w = {0};
        for (size_t i = 0; i < cols * cols; i++) {
            double want = 0.0;
            for (size_t row = 0; row < rows; row++)
                want += ((double)x[row * cols + i / cols] - mean[i / cols]) *
                        ((double)x[row * cols + i % cols] - mean[i % cols]);
            compare(&w, i, covariance[i], scale * want, pass ? 1e-14 * scale * (double)rows : 0.0);
        }
        judge(pass ? "covariance" : "covariance of whole numbers", &w);
    }
    free(exact);
    free(value);
    free(mean);
    free(covariance);
}

static void case_range(size_t rows, size_t cols)
{
    /* a row of the kernel is a variable; of many examples, where that is not too slow */
    const size_t examples = cols > 33 ? rows : 33 * rows, variables = cols;
    float *x = hard(27, examples * variables, 3);
    float *low = new_floats(variables), *high = new_floats(variables);
    RUN(range, .rows = variables, .cols = variables, .examples = examples, .x = x, .low = low,
        .high = high);
    worst least = {0}, most = {0};
    for (size_t v = 0; v < variables; v++) {
        double a = HUGE_VAL, b = -HUGE_VAL;
        for (size_t e = 0; e < examples; e++) {
            a = fmin(a, (double)x[e * variables + v]);
            b = fmax(b, (double)x[e * variables + v]);
        }
        compare(&least, v, (double)low[v], a, 0.0);
        compare(&most, v, (double)high[v], b, 0.0);
    }
    judge("low", &least);
    judge("high", &most);
    free(x);
    free(low);
    free(high);
}

/* Edges as numpy.histogram makes them; values on them, and outside. */
static void case_digitise(size_t rows, size_t cols)
{
    static const int bin_counts[] = {2, 20, 255};
    float *x = hard(28, rows * cols, 3);
    uint8_t *bin = malloc(rows * cols);
    double *edges = malloc(cols * 255 * sizeof *edges);
    for (size_t b = 0; b < sizeof bin_counts / sizeof *bin_counts; b++) {
        const int bins = bin_counts[b];
        for (size_t i = 0; i < cols * (size_t)bins; i++)
            edges[i] = -2.5 + 5.0 * (double)(i % (size_t)bins) / bins;
        for (size_t row = 0; row < rows; row++) /* exactly on an edge, as far as a float can be */
            x[row * cols] = (float)edges[hash((uint32_t)row) % (unsigned)bins];
        RUN(digitise, .rows = rows, .cols = cols, .bins = bins, .x = x, .edges = edges, .bin = bin);
        worst w = {0};
        for (size_t i = 0; i < rows * cols; i++) {
            const double *left = edges + i % cols * (size_t)bins;
            int want = bins - 1;
            while (want > 0 && !(left[want] <= (double)x[i])) want--;
            compare(&w, i, bin[i], want, 0.0);
        }
        judge("bin", &w);
    }
    free(x);
    free(bin);
    free(edges);
}

static void case_contingency(size_t rows, size_t cols)
{
    if (cols > 33) return;
    const size_t examples = rows * 20 + 1, variables = cols < 10 ? cols : 10;
    const int bins = (int)cols;
    const size_t cells = cols * cols, pairs = variables * variables;
    uint8_t *bin = malloc(examples * variables);
    uint32_t *count = malloc(pairs * cells * sizeof *count);
    uint32_t *want = calloc(pairs * cells, sizeof *want);
    for (size_t i = 0; i < examples * variables; i++)
        bin[i] = (uint8_t)(hash((uint32_t)i) % (unsigned)bins);
    RUN(contingency, .rows = pairs, .cols = cells, .examples = examples, .variables = variables,
        .bins = bins, .bin = bin, .count = count);
    for (size_t e = 0; e < examples; e++)
        for (size_t i = 0; i < variables; i++)
            for (size_t j = 0; j < variables; j++) {
                const uint8_t *b = bin + e * variables;
                want[(i * variables + j) * cells + b[i] * cols + b[j]]++;
            }
    worst w = {0};
    for (size_t i = 0; i < pairs * cells; i++) compare(&w, i, count[i], want[i], 0.0);
    judge("count", &w);
    free(bin);
    free(count);
    free(want);
}

#endif
