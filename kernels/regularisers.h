/* regularisers.h -- penalties on the KL divergence and on the covariance of the codes of a batch:
 * AnnealedVAE (Burgess et al. 2018, equation 8) and DIP-VAE (Kumar et al. 2018, equations 6, 7). */
#ifndef PV_REGULARISERS_H
#define PV_REGULARISERS_H

#include "elementary.h"

PV_FN void pv_anneal_at(pv_team t, size_t row, const pv_anneal_args *a)
{
    if (t.lane > 0) return;
    const double done = (double)a->step->count / a->iterations;
    const float capacity = (float)(a->c_max * (done < 1.0 ? done : 1.0));
    const float excess = a->kl[row] - capacity;
    a->capacity[row] = capacity;
    a->penalty[row] = a->gamma * (excess < 0.0f ? -excess : excess);
    a->slope[row] = a->gamma * (float)((excess > 0.0f) - (excess < 0.0f));
}

PV_FN void pv_dip_at(pv_team t, size_t row, const pv_dip_args *a)
{
    (void)row;
    if (t.lane > 0) return;
    double off = 0.0, diagonal = 0.0;
    for (size_t i = 0; i < a->cols; i++)
        for (size_t j = 0; j < a->cols; j++) {
            double c = a->covariance[i * a->cols + j];
            if (i == j) {
                c += a->excess ? a->excess[i] : -1.0;
                diagonal += c * c;
            } else
                off += c * c;
            a->slope[i * a->cols + j] =
                (float)(2.0 * (i == j ? a->weight_diagonal : a->weight_off) * c);
        }
    a->off_diagonal[0] = (float)off;
    a->diagonal[0] = (float)diagonal;
}

PV_FN void pv_dip_grad_at(size_t i, const pv_dip_grad_args *a)
{
    const size_t col = i % a->cols;
    const float *mean = a->mean + (i - col), *slope = a->slope + col * a->cols;
    float sum = 0.0f;
    for (size_t j = 0; j < a->cols; j++) sum += slope[j] * (float)((double)mean[j] - a->centre[j]);
    a->dmean[i] += 2.0f * a->scale * sum;
    if (a->variances) a->dlogvar[i] += a->scale * slope[col] * pv_exp(a->logvar[i]);
}

#endif
