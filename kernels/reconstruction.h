/* reconstruction.h -- the likelihood of an image under the decoder's output. */
#ifndef PV_RECONSTRUCTION_H
#define PV_RECONSTRUCTION_H

#include "elementary.h"

/* max(l, 0) - l x + log1p(exp(-|l|)): the textbook form overflows at l > 88. */
PV_FN void pv_bernoulli_at(pv_team t, size_t row, const pv_bernoulli_args *a)
{
    const float *logits = a->logits + row * a->cols, *image = a->image + row * a->cols;
    float *dlogits = a->dlogits + row * a->cols;
    float scale = a->scale, sum = 0.0f;
    PV_SUM_LOOP(sum)
    for (size_t j = (size_t)t.lane; j < a->cols; j += (size_t)t.size) {
        float l = logits[j], x = image[j];
        float e = pv_exp(l < 0.0f ? l : -l);
        float s = 1.0f / (1.0f + e);
        sum += (l > 0.0f ? l : 0.0f) - l * x + pv_log1p(e);
        dlogits[j] = scale * ((l < 0.0f ? e * s : s) - x);
    }
    sum = pv_team_sum(t, sum);
    if (t.lane == 0) a->loss[row] = sum;
}

PV_FN void pv_sigmoid_at(size_t i, const pv_sigmoid_args *a)
{
    a->probability[i] = pv_logistic(a->logits[i]);
}

#endif
