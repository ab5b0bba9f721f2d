/* gaussian.h -- the posterior N(mean, exp(logvar)) with diagonal covariance, and its KL divergence
 * from N(0, I) (Kingma & Welling 2014, appendix B). */
#ifndef PV_GAUSSIAN_H
#define PV_GAUSSIAN_H

#include "philox.h"

PV_FN void pv_noise_at(size_t i, const pv_noise_args *a)
{
    a->noise[i] = pv_normal(a->seed, a->purpose, a->step->count, a->first * a->cols + i);
}

PV_FN void pv_select_at(size_t i, const pv_select_args *a)
{
    a->to[i] = a->from[i / a->cols * a->width + a->column[i % a->cols]];
}

PV_FN void pv_reparameterise_at(size_t i, const pv_reparameterise_args *a)
{
    a->z[i] = a->mean[i] + pv_exp(0.5f * a->logvar[i]) * a->noise[i];
}

PV_FN void pv_variance_at(size_t i, const pv_variance_args *a)
{
    a->variance[i] = a->less_one ? pv_expm1(a->logvar[i]) : pv_exp(a->logvar[i]);
}

/* KL of one latent, in nats. Near logvar = 0, exp - 1 - logvar cancels to noise, and the KL of a
 * collapsed unit can come out negative: hence a function of its own. */
PV_FN float pv_kl_of(float mean, float logvar)
{
    return 0.5f * (mean * mean + pv_exp_excess(logvar));
}

PV_FN void pv_kl_at(pv_team t, size_t row, const pv_kl_args *a)
{
    const float *mean = a->mean + row * a->cols, *logvar = a->logvar + row * a->cols;
    float sum = 0.0f;
    for (size_t j = (size_t)t.lane; j < a->cols; j += (size_t)t.size)
        sum += pv_kl_of(mean[j], logvar[j]);
    sum = pv_team_sum(t, sum);
    if (t.lane == 0) a->kl[row] = sum;
}

PV_FN void pv_precision_at(size_t i, const pv_precision_args *a)
{
    a->precision[i] = pv_exp(-a->logvar[i]);
}

PV_FN void pv_posterior_grad_at(size_t i, const pv_posterior_grad_args *a)
{
    const float logvar = a->logvar[i], dz = a->dz[i];
    const float weight = a->slope ? a->weight * a->slope[0] : a->weight;
    a->dmean[i] = dz + weight * a->mean[i];
    a->dlogvar[i] = 0.5f * (dz * a->noise[i] * pv_exp(0.5f * logvar) + weight * pv_expm1(logvar));
}

#endif
