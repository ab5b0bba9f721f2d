/* reconstruction.h -- cases of the kernels in kernels/reconstruction.h. */
#ifndef PV_CASES_RECONSTRUCTION_H
#define PV_CASES_RECONSTRUCTION_H

#include "cases/inputs.h"

static double sigmoid(double x) { return 1.0 / (1.0 + exp(-x)); }

/* Pixels are 0, 1 and, one in four, something between or a little outside. */
static float *pixels(size_t n)
{
    float *x = uniform(12, n, -0.03, 1.08);
    for (size_t i = 0; i < n; i++)
        if (hash((uint32_t)i) % 4) x[i] = (float)(hash((uint32_t)i) / 4 % 2);
    return x;
}

static void case_bernoulli(size_t rows, size_t cols)
{
    const size_t n = rows * cols;
    const float scale = 0.015625f;
    float *logits = hard(13, n, 12), *image = pixels(n);
    float *loss = new_floats(rows), *dlogits = new_floats(n);
    RUN(bernoulli, .rows = rows, .cols = cols, .scale = scale, .logits = logits, .image = image,
        .loss = loss, .dlogits = dlogits);
    worst sum = {0}, gradient = {0};
    for (size_t row = 0; row < rows; row++) {
        double want = 0.0, size = 0.0;
        for (size_t i = row * cols; i < (row + 1) * cols; i++) {
            double l = (double)logits[i], x = (double)image[i];
            double parts[] = {fmax(l, 0.0), -l * x, log1p(exp(-fabs(l)))};
            want += parts[0] + parts[1] + parts[2];
            size += parts[0] + fabs(parts[1]) + parts[2];
            double p = sigmoid(l);
            compare(&gradient, i, (double)dlogits[i], (double)scale * (p - x),
                    (double)scale * FEW * (p + fabs(x)) + TINY);
        }
        compare(&sum, row, (double)loss[row], want, (FEW + 2e-9 * (double)cols) * size);
    }
    judge("loss", &sum);
    judge("dlogits", &gradient);
    free(logits);
    free(image);
    free(loss);
    free(dlogits);
}

static void case_sigmoid(size_t rows, size_t cols)
{
    float *logits = hard(14, rows * cols, 12), *probability = new_floats(rows * cols);
    RUN(sigmoid, .rows = rows, .cols = cols, .logits = logits, .probability = probability);
    worst w = {0};
    for (size_t i = 0; i < rows * cols; i++) {
        double want = sigmoid((double)logits[i]);
        compare(&w, i, (double)probability[i], want, 3.6e-7 * want + TINY);
    }
    judge("probability", &w);
    free(logits);
    free(probability);
}

#endif
