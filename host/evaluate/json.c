/* json.c -- evaluation.json. */
#include <math.h>

#include "base/base.h"
#include "polarvae/evaluate.h"

static void variables(pv_json *j, const pv_evaluation *e)
{
    pv_json_array(j, "variables");
    for (int v = 0; v < e->latents; v++) {
        pv_json_object(j, NULL);
        pv_json_whole(j, "index", e->variable[v]);
        pv_json_text(j, "type", pv_type_name[e->type[v]]);
        pv_json_real(j, "mean_variance", e->mean_variance[v]);
        pv_json_real(j, "variance_of_variance", e->variance_of_variance[v]);
        pv_json_real(j, "kl", e->kl[v]);
        if (!isfinite(e->kl[v])) pv_json_text(j, "reason", "infinite KL: a variance is 0");
        pv_json_object(j, "examples");
        for (int t = 0; t < PV_TYPES; t++)
            pv_json_whole(j, pv_type_name[t], (long long)e->examples_of[t][v]);
        pv_json_end(j);
        pv_json_end(j);
    }
    pv_json_end(j);
}

static void scores(pv_json *j, const char *key, const pv_scores *s)
{
    pv_json_object(j, key);
    pv_json_whole(j, "size", s->size);
    pv_json_real(j, "total_correlation", s->total_correlation);
    pv_json_real(j, "mutual_information", s->mutual_information);
    pv_json_real(j, "wasserstein_correlation", s->wasserstein_correlation);
    pv_json_real(j, "effective_rank", s->effective_rank);
    if (s->reason) pv_json_text(j, "reason", s->reason);
    pv_json_end(j);
}

static void representation(pv_json *j, const char *key, const pv_representation *r, int latents)
{
    pv_json_object(j, key);
    for (int s = 0; s < PV_SUBSETS; s++) scores(j, pv_subset_name[s], &r->subset[s]);
    pv_json_matrix(j, "correlation", r->correlation, latents, latents);
    pv_json_matrix(j, "covariance", r->covariance, latents, latents);
    pv_json_end(j);
}

static void metrics(pv_json *j, const pv_evaluation *e)
{
    static const char *const name[] = {"mean", "sampled"};
    if (e->metrics.count == 0) return;
    pv_json_object(j, "metrics");
    pv_json_text(j, "sklearn_era", e->sklearn_era == PV_SKLEARN_STUDY ? "study" : "current");
    for (int i = 0; i < 2; i++) {
        pv_json_object(j, name[i]);
        pv_metrics_json(j, &e->metrics, name[i]);
        pv_json_end(j);
    }
    pv_json_end(j);
}

/* How many examples have 0, 1, ... variables of each type. */
static void examples(pv_json *j, const pv_evaluation *e)
{
    pv_json_object(j, "examples_by_count");
    for (int t = 0; t < PV_TYPES; t++) {
        pv_json_array(j, pv_type_name[t]);
        for (int n = 0; n <= e->latents; n++)
            pv_json_whole(j, NULL, (long long)e->examples_with[t][n]);
        pv_json_end(j);
    }
    pv_json_end(j);
}

static void sensitivity(pv_json *j, const pv_evaluation *e)
{
    pv_json_array(j, "sensitivity");
    for (int k = 0; k < PV_SENSITIVITIES; k++) {
        const pv_sensitivity *s = &e->sensitivity[k];
        pv_json_object(j, NULL);
        pv_json_real(j, "variance_threshold", s->variance_threshold);
        pv_json_real(j, "mean_error", s->mean_error);
        for (int t = 0; t < PV_TYPES; t++) pv_json_whole(j, pv_type_name[t], s->count[t]);
        pv_json_end(j);
    }
    pv_json_end(j);
}

/* What needs mean, variance and sampled codes. */
static void types_and_scores(pv_json *j, const pv_evaluation *e)
{
    variables(j, e);
    pv_json_object(j, "counts");
    for (int t = 0; t < PV_TYPES; t++) pv_json_whole(j, pv_type_name[t], e->count[t]);
    pv_json_end(j);
    examples(j, e);
    sensitivity(j, e);
    pv_json_object(j, "representations");
    representation(j, "mean", &e->mean, e->latents);
    representation(j, "sampled", &e->sampled, e->latents);
    pv_json_end(j);
}

pv_status pv_evaluation_write(const pv_evaluation *evaluation, const char *path)
{
    const pv_evaluation *e = evaluation;
    pv_json *j = pv_json_new();
    pv_json_object(j, NULL);
    pv_json_whole(j, "examples", (long long)e->examples);
    pv_json_text(j, "device", e->device);
    pv_json_text(j, "precision", *e->precision ? e->precision : NULL);
    if (e->latents > 0) types_and_scores(j, e);
    metrics(j, e);
    pv_json_object(j, "reconstruction");
    pv_json_real(j, "loss", e->reconstruction_loss);
    pv_json_real(j, "kl", e->reconstruction_kl);
    pv_json_real(j, "elbo", e->reconstruction_elbo);
    if (isnan(e->reconstruction_loss)) pv_json_text(j, "reason", "not measured");
    pv_json_end(j);
    pv_json_end(j);
    return pv_json_finish(j, path);
}
