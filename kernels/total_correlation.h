/* total_correlation.h -- the terms of beta-TCVAE from the posteriors of a minibatch (Chen et al.
 * 2018, section 4 and appendix C), and their gradients. The densities of all pairs are made when
 * they are needed and never stored; only the shares of log q(z) are, one for each pair of rows.
 *
 * With r_jil = share_ji - exp(w_ji + L_jil - marginal_jl) = d(correlation_j) / d L_jil and
 * e = (z_jl - mean_il) precision_il:
 *   d/dz_jl = -sum over i of r e,  d/dmean_il = sum over j of r e,
 *   d/dlogvar_il = sum over j of r (e (z_jl - mean_il) - 1) / 2 */
#ifndef PV_TOTAL_CORRELATION_H
#define PV_TOTAL_CORRELATION_H

#include "elementary.h"

#define PV_LOG_TWO_PI 1.83787707f

/* log N(z; mean, exp(logvar)) */
PV_FN float pv_log_density(float z, float mean, float logvar, float precision)
{
    const float d = z - mean;
    return -0.5f * (PV_LOG_TWO_PI + logvar + d * d * precision);
}

/* w_ji of a struct of arguments. */
#define PV_LOG_WEIGHT(a, j, i)                                                                     \
    ((i) == (j) ? (a)->own : (i) == ((j) + 1) % (a)->batch ? (a)->next : (a)->other)

PV_FN void pv_total_correlation_at(pv_team t, size_t row, const pv_total_correlation_args *a)
{
    const size_t j = a->first + row, cols = a->cols, first = (size_t)t.lane, step = (size_t)t.size;
    const float *z = a->z + row * cols;
    float *share = a->share + row * a->batch;

    float most = -INFINITY, sum = 0.0f, of_pair = 0.0f, prior = 0.0f;
    for (size_t i = first; i < a->batch; i += step) {
        float density = 0.0f;
        for (size_t l = 0; l < cols; l++)
            density += pv_log_density(z[l], a->mean[i * cols + l], a->logvar[i * cols + l],
                                      a->precision[i * cols + l]);
        if (i == j) of_pair = density;
        share[i] = density + PV_LOG_WEIGHT(a, j, i);
        most = share[i] > most ? share[i] : most;
    }
    most = pv_team_max(t, most);
    PV_SUM_LOOP(sum)
    for (size_t i = first; i < a->batch; i += step) sum += pv_exp(share[i] - most);
    const float joint = most + pv_log(pv_team_sum(t, sum));
    of_pair = pv_team_sum(t, of_pair);
    PV_LOOP
    for (size_t i = first; i < a->batch; i += step) share[i] = pv_exp(share[i] - joint);

    float marginals = 0.0f;
    for (size_t l = 0; l < cols; l++) {
        const float *mean = a->mean + l, *logvar = a->logvar + l, *precision = a->precision + l;
        float top = -INFINITY, all = 0.0f, slope = 0.0f;
        for (size_t i = first; i < a->batch; i += step) {
            const float density =
                pv_log_density(z[l], mean[i * cols], logvar[i * cols], precision[i * cols]) +
                PV_LOG_WEIGHT(a, j, i);
            top = density > top ? density : top;
        }
        top = pv_team_max(t, top);
        PV_SUM_LOOP(all)
        for (size_t i = first; i < a->batch; i += step)
            all +=
                pv_exp(pv_log_density(z[l], mean[i * cols], logvar[i * cols], precision[i * cols]) +
                       PV_LOG_WEIGHT(a, j, i) - top);
        const float marginal = top + pv_log(pv_team_sum(t, all));
        PV_SUM_LOOP(slope)
        for (size_t i = first; i < a->batch; i += step) {
            const float part =
                pv_exp(pv_log_density(z[l], mean[i * cols], logvar[i * cols], precision[i * cols]) +
                       PV_LOG_WEIGHT(a, j, i) - marginal);
            slope += (part - share[i]) * (z[l] - mean[i * cols]) * precision[i * cols];
        }
        slope = pv_team_sum(t, slope);
        marginals += marginal;
        prior += pv_log_density(z[l], 0.0f, 0.0f, 1.0f);
        if (t.lane > 0) continue;
        a->marginal[row * cols + l] = marginal;
        a->to[row * cols + l] = a->dz[row * cols + l] + a->weight * slope;
    }
    if (t.lane > 0) return;
    a->information[row] = of_pair - joint;
    a->correlation[row] = joint - marginals;
    a->dimensions[row] = marginals - prior;
}

PV_FN void pv_total_correlation_grad_at(pv_team t, size_t row,
                                        const pv_total_correlation_grad_args *a)
{
    const size_t i = a->first + row, cols = a->cols, first = (size_t)t.lane, step = (size_t)t.size;
    for (size_t l = 0; l < cols; l++) {
        const size_t at = row * cols + l;
        const float mean = a->mean[at], logvar = a->logvar[at], precision = a->precision[at];
        const float *z = a->z + l, *marginal = a->marginal + l, *share = a->share + i;
        float of_mean = 0.0f, of_logvar = 0.0f;
        PV_PAIR_LOOP(of_mean, of_logvar)
        for (size_t j = first; j < a->batch; j += step) {
            const float d = z[j * cols] - mean, e = d * precision;
            const float part = pv_exp(pv_log_density(z[j * cols], mean, logvar, precision) +
                                      PV_LOG_WEIGHT(a, j, i) - marginal[j * cols]);
            const float r = share[j * a->batch] - part;
            of_mean += r * e;
            of_logvar += r * 0.5f * (e * d - 1.0f);
        }
        of_mean = pv_team_sum(t, of_mean);
        of_logvar = pv_team_sum(t, of_logvar);
        if (t.lane > 0) continue;
        a->dmean[at] += a->weight * of_mean;
        a->dlogvar[at] += a->weight * of_logvar;
    }
}

#endif
