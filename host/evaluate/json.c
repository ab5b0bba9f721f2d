/* json.c -- evaluation.json. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "polarvae/evaluate.h"

static void histograms(pv_json *j, const pv_evaluation *e, int variable)
{
    static const char *const name[PV_HISTOGRAMS] = {
        [PV_OF_MEAN] = "mean", [PV_OF_SAMPLED] = "sampled", [PV_OF_VARIANCE] = "variance"};
    pv_json_object(j, "histograms");
    for (int h = 0; h < PV_HISTOGRAMS; h++) {
        const pv_histogram *of = &e->histogram[h][variable];
        pv_json_object(j, name[h]);
        pv_json_real(j, "low", of->low);
        pv_json_real(j, "high", of->high);
        pv_json_array(j, "count");
        for (int b = 0; b < e->options.bins; b++) pv_json_whole(j, NULL, of->count[b]);
        pv_json_end(j);
        pv_json_end(j);
    }
    pv_json_end(j);
}

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
        histograms(j, e, v);
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

static const char *const representations[] = {"mean", "sampled"};
enum { REPRESENTATIONS = 2 };

/* A value for each set of variables that has results. */
typedef void subset_writer(pv_json *j, const pv_metric_results *results, const char *representation,
                           const char *subset);

static int has_results(const pv_metric_results *results, const char *representation,
                       const char *subset)
{
    for (int i = 0; i < results->count; i++)
        if (strcmp(results->result[i].subset, subset) == 0 &&
            strcmp(results->result[i].representation, representation) == 0)
            return 1;
    return 0;
}

static void by_subset(pv_json *j, const char *key, const pv_metric_results *results, int first,
                      subset_writer *write)
{
    pv_json_object(j, key);
    for (int i = 0; i < REPRESENTATIONS; i++) {
        pv_json_object(j, representations[i]);
        for (int s = first; s < PV_SUBSETS; s++)
            if (has_results(results, representations[i], pv_subset_name[s]))
                write(j, results, representations[i], pv_subset_name[s]);
        pv_json_end(j);
    }
    pv_json_end(j);
}

static void whole_metrics(pv_json *j, const pv_metric_results *results, const char *representation,
                          const char *subset)
{
    pv_json_object(j, subset);
    pv_metrics_json(j, results, representation, subset);
    pv_json_end(j);
}

/* predictor: {train size: mean accuracy on examples that it has not seen} */
static void accuracies(pv_json *j, const pv_metric_results *results, const char *representation,
                       const char *subset)
{
    static const char prefix[] = "downstream_", wanted[] = ":mean_test_accuracy";
    char size[64];
    pv_json_object(j, subset);
    for (int i = 0; i < results->count; i++) {
        const pv_metric_result *r = &results->result[i];
        if (strncmp(r->metric, prefix, strlen(prefix)) != 0 || strcmp(r->subset, subset) != 0 ||
            strcmp(r->representation, representation) != 0)
            continue;
        pv_json_object(j, r->metric + strlen(prefix));
        for (int v = 0; v < r->count; v++) {
            const char *colon = strstr(r->value[v].key, wanted);
            if (!colon) continue;
            snprintf(size, sizeof size, "%.*s", (int)(colon - r->value[v].key), r->value[v].key);
            pv_json_real(j, size, r->value[v].number);
        }
        if (*r->reason) pv_json_text(j, "reason", r->reason);
        pv_json_end(j);
    }
    pv_json_end(j);
}

static void metrics(pv_json *j, const pv_evaluation *e)
{
    const pv_metric_results *all = &e->metrics;
    int subsets = 0;
    if (all->count == 0) return;
    pv_json_object(j, "metrics");
    pv_json_text(j, "sklearn_era", e->sklearn_era == PV_SKLEARN_STUDY ? "study" : "current");
    for (int i = 0; i < REPRESENTATIONS; i++) {
        pv_json_object(j, representations[i]);
        pv_metrics_json(j, all, representations[i], pv_subset_name[0]);
        pv_json_end(j);
    }
    pv_json_end(j);
    for (int i = 0; i < all->count; i++) subsets |= strcmp(all->result[i].subset, "all") != 0;
    if (subsets) by_subset(j, "subset_metrics", all, 1, whole_metrics);
    by_subset(j, "downstream", all, 0, accuracies);
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

const char *const pv_run_key[PV_RUN_KEYS] = {"data", "variant", "nuisance", "correlation"};

static void settings(pv_json *j, const pv_evaluation *e)
{
    pv_json_object(j, "settings");
    pv_json_whole(j, "bins", e->options.bins);
    pv_json_real(j, "variance_threshold", e->options.variance_threshold);
    pv_json_real(j, "mean_error", e->options.mean_error);
    for (int k = 0; k < PV_RUN_KEYS; k++)
        if (*e->of_run[k]) pv_json_text(j, pv_run_key[k], e->of_run[k]);
    pv_json_end(j);
}

/* What needs mean, variance and sampled codes. */
static void types_and_scores(pv_json *j, const pv_evaluation *e)
{
    settings(j, e);
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
