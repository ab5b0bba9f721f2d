/* evaluate.c -- from codes to variable types and scores. */
#include "polarvae/evaluate.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "evaluate/histograms.h"
#include "evaluate/moments.h"
#include "evaluate/scores.h"
#include "evaluate/types.h"

enum {
    MAX_BINS = 256,     /* a bin's number is a byte on the device */
    MAX_LATENTS = 1024, /* joint histograms of all pairs: 1.6 GB at 20 bins */
};

static pv_status check_finite(const char *representation, const float *x, size_t examples,
                              size_t variables)
{
    for (size_t i = 0; i < examples * variables; i++)
        if (!isfinite(x[i]))
            return pv_fail(PV_EDATA,
                           "codes: %s of example %zu, variable %zu is %g, not a number "
                           "to score",
                           representation, i / variables, i % variables, (double)x[i]);
    return PV_OK;
}

static pv_status check(const pv_codes *c, const pv_evaluation_options *o)
{
    size_t d = (size_t)c->latents;
    if (o->bins < 2 || o->bins > MAX_BINS)
        return pv_fail(PV_EUSAGE, "bins: %d is not in [2, %d]", o->bins, MAX_BINS);
    if (c->latents < 1 || c->latents > MAX_LATENTS)
        return pv_fail(PV_EDATA, "codes: %d variables, not 1 to %d", c->latents, MAX_LATENTS);
    if (c->examples < 2)
        return pv_fail(PV_EDATA, "codes: %zu examples, a covariance needs at least 2", c->examples);
    if (c->examples > UINT32_MAX)
        return pv_fail(PV_EDATA, "codes: %zu examples, at most %u can be counted", c->examples,
                       UINT32_MAX);
    PV_TRY(check_finite("mean", c->mean, c->examples, d));
    PV_TRY(check_finite("variance", c->variance, c->examples, d));
    PV_TRY(check_finite("sampled", c->sampled, c->examples, d));
    for (size_t i = 0; i < c->examples * d; i++)
        if (c->variance[i] < 0)
            return pv_fail(PV_EDATA, "codes: variance of example %zu, variable %zu is %g, below 0",
                           i / d, i % d, (double)c->variance[i]);
    return PV_OK;
}

/* Average KL(N(mean, variance) || N(0, 1)) of each variable. On the host, because in float a
 * passive variable's would be lost in variance - 1 - log(variance). */
static void average_kl(double *kl, const pv_codes *c)
{
    size_t d = (size_t)c->latents;
    for (size_t e = 0; e < c->examples; e++)
        for (size_t j = 0; j < d; j++) {
            double m = c->mean[e * d + j], v = c->variance[e * d + j];
            kl[j] += (m * m + v - 1 - log(v)) / 2;
        }
    for (size_t j = 0; j < d; j++) kl[j] /= (double)c->examples;
}

static pv_status find_types(pv_evaluation *out, const pv_codes *codes, pv_stream *stream,
                            const pv_evaluation_options *options)
{
    size_t d = (size_t)codes->latents;
    pv_moments m;
    PV_TRY(pv_moments_compute(&m, stream,
                              &(pv_moments_input){.x = codes->variance,
                                                  .examples = codes->examples,
                                                  .variables = codes->latents,
                                                  .freedom = (double)codes->examples}));
    for (size_t j = 0; j < d; j++) {
        double average = m.mean[j], spread = m.covariance[j * d + j];
        out->mean_variance[j] = average;
        out->variance_of_variance[j] = spread;
        out->type[j] =
            pv_variable_type(average, spread, options->variance_threshold, options->mean_error);
        out->count[out->type[j]]++;
    }
    pv_moments_free(&m);
    pv_types_sensitivity(out, options);
    return pv_types_by_example(out, codes->variance, options);
}

static pv_status score(pv_representation *out, const pv_evaluation *evaluation, const float *x,
                       pv_stream *stream, int bins)
{
    pv_moments m;
    PV_TRY(pv_moments_compute(&m, stream,
                              &(pv_moments_input){.x = x,
                                                  .examples = evaluation->examples,
                                                  .variables = evaluation->latents,
                                                  .bins = bins,
                                                  .freedom = (double)evaluation->examples - 1}));
    pv_status rc = pv_representation_score(out, &m, evaluation->type);
    pv_moments_free(&m);
    return rc;
}

static pv_status make_histograms(pv_evaluation *out, const pv_codes *codes, int bins)
{
    const float *const of[PV_HISTOGRAMS] = {[PV_OF_MEAN] = codes->mean,
                                            [PV_OF_SAMPLED] = codes->sampled,
                                            [PV_OF_VARIANCE] = codes->variance};
    for (int h = 0; h < PV_HISTOGRAMS; h++)
        PV_TRY(pv_histograms_make(&out->histogram[h], of[h], out->examples, out->latents, bins));
    return PV_OK;
}

pv_status pv_evaluate_codes(pv_evaluation *out, const pv_codes *codes, pv_stream *stream,
                            const pv_evaluation_options *options)
{
    size_t d = (size_t)codes->latents;
    pv_status rc;
    memset(out, 0, sizeof *out);
    PV_TRY(check(codes, options));
    out->examples = codes->examples;
    out->latents = codes->latents;
    out->options = *options;
    snprintf(out->device, sizeof out->device, "%s",
             pv_device_description(pv_stream_device(stream)));
    snprintf(out->precision, sizeof out->precision, "%s", codes->precision ? codes->precision : "");
    out->reconstruction_loss = out->reconstruction_kl = out->reconstruction_elbo = NAN;
    if ((rc = pv_new(&out->type, d, sizeof *out->type, "types of variables")) != PV_OK) goto out;
    if ((rc = pv_new(&out->mean_variance, d, sizeof(double), "variances")) != PV_OK) goto out;
    if ((rc = pv_new(&out->variance_of_variance, d, sizeof(double), "variances")) != PV_OK)
        goto out;
    if ((rc = pv_new(&out->kl, d, sizeof(double), "KL of variables")) != PV_OK) goto out;

    if ((rc = pv_new(&out->variable, d, sizeof(int32_t), "variables")) != PV_OK) goto out;

    for (int j = 0; j < out->latents; j++)
        out->variable[j] = codes->variable ? codes->variable[j] : j;
    average_kl(out->kl, codes);
    if ((rc = find_types(out, codes, stream, options)) != PV_OK) goto out;
    if ((rc = score(&out->mean, out, codes->mean, stream, options->bins)) != PV_OK) goto out;
    if ((rc = score(&out->sampled, out, codes->sampled, stream, options->bins)) != PV_OK) goto out;
    rc = make_histograms(out, codes, options->bins);
out:
    if (rc != PV_OK) pv_evaluation_free(out);
    return rc;
}

void pv_evaluation_free(pv_evaluation *evaluation)
{
    free(evaluation->type);
    free(evaluation->mean_variance);
    free(evaluation->variance_of_variance);
    free(evaluation->kl);
    free(evaluation->variable);
    for (int t = 0; t < PV_TYPES; t++) {
        free(evaluation->examples_of[t]);
        free(evaluation->examples_with[t]);
    }
    for (int h = 0; h < PV_HISTOGRAMS; h++)
        pv_histograms_free(evaluation->histogram[h], evaluation->latents);
    pv_representation_free(&evaluation->mean);
    pv_representation_free(&evaluation->sampled);
    pv_metric_results_free(&evaluation->metrics);
    memset(evaluation, 0, sizeof *evaluation);
}
