/* table.c -- an evaluation as text that a person reads, 100 columns wide. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "polarvae/evaluate.h"

enum { NAMED = 12 }; /* variables that a sentence names before it says "..." */

static const char *const type_colour[PV_TYPES] = {
    [PV_ACTIVE] = "\033[32m", [PV_MIXED] = "\033[33m", [PV_PASSIVE] = "\033[31m"};

static void variables(const pv_evaluation *e, FILE *to)
{
    int colour = isatty(fileno(to)) && !getenv("NO_COLOR");
    fprintf(to, "Latent variables over %zu examples\n\n", e->examples);
    fprintf(to, "%5s  %-8s%19s%17s%10s%21s%18s\n", "index", "type", "posterior variance",
            "variance of that", "KL, nats", "variance of the mean", "act, pas examples");
    for (int v = 0; v < e->latents; v++) {
        const char *start = colour ? type_colour[e->type[v]] : "", *end = colour ? "\033[0m" : "";
        const double share = 100.0 / (double)e->examples;
        fprintf(to, "%5d  %s%-8s%s%19.4f%17.2e%10.4f%21.2e%9.0f %%%5.0f %%\n", e->variable[v],
                start, pv_type_name[e->type[v]], end, e->mean_variance[v],
                e->variance_of_variance[v], e->kl[v], e->mean.covariance[v * e->latents + v],
                share * (double)e->examples_of[PV_ACTIVE][v],
                share * (double)e->examples_of[PV_PASSIVE][v]);
    }
}

/* A set has a row if all of its types occur, and if it is not all variables under another name. */
static int stands(const pv_evaluation *e, int subset)
{
    int types = 0;
    if (subset == 0) return 1;
    for (int t = 0; t < PV_TYPES; t++) {
        if (!(pv_subset_types[subset] >> t & 1)) continue;
        if (e->count[t] == 0) return 0;
        types++;
    }
    return types == 1 || e->mean.subset[subset].size < e->latents;
}

static void number(FILE *to, double value, int width, int digits)
{
    if (!isfinite(value))
        fprintf(to, "%*s", width, "-");
    else if (fabs(value) < 1e4)
        fprintf(to, "%*.*f", width, digits, value);
    else
        fprintf(to, "%*.2e", width, value);
}

static void pair(FILE *to, double mean, double sampled, int digits)
{
    number(to, mean, 11, digits);
    number(to, sampled, 9, digits);
}

/* Why there is a "-" in the row of a set. */
static void reason(const pv_evaluation *e, int subset, FILE *to)
{
    const char *mean = e->mean.subset[subset].reason, *sampled = e->sampled.subset[subset].reason;
    const char *name = pv_subset_name[subset];
    if (mean && sampled && strcmp(mean, sampled) == 0) {
        fprintf(to, "  - %s: %s\n", name, mean);
        return;
    }
    if (mean) fprintf(to, "  - %s, mean: %s\n", name, mean);
    if (sampled) fprintf(to, "  - %s, sampled: %s\n", name, sampled);
}

static void comparison(const pv_evaluation *e, FILE *to)
{
    fprintf(to, "%-20s%20s%20s%20s%20s\n", "", "total correlation", "mutual information",
            "Wasserstein corr.", "effective rank");
    fprintf(to, "%-15s%5s", "variables", "size");
    for (int s = 0; s < 4; s++) fprintf(to, "%11s%9s", "mean", "sampled");
    fputc('\n', to);
    for (int s = 0; s < PV_SUBSETS; s++) {
        const pv_scores *mean = &e->mean.subset[s], *sampled = &e->sampled.subset[s];
        if (!stands(e, s)) continue;
        fprintf(to, "%-15s%5d", pv_subset_name[s], mean->size);
        pair(to, mean->total_correlation, sampled->total_correlation, 4);
        pair(to, mean->mutual_information, sampled->mutual_information, 4);
        pair(to, mean->wasserstein_correlation, sampled->wasserstein_correlation, 4);
        pair(to, mean->effective_rank, sampled->effective_rank, 2);
        fputc('\n', to);
    }
    for (int s = 0; s < PV_SUBSETS; s++)
        if (stands(e, s)) reason(e, s, to);
}

static void count(const pv_evaluation *e, pv_type type, const char *meaning, FILE *to)
{
    int named = 0;
    if (e->count[type] == 0) {
        fprintf(to, "No variable is %s.\n", pv_type_name[type]);
        return;
    }
    fprintf(to, "%d of %d variables %s %s (", e->count[type], e->latents,
            e->count[type] == 1 ? "is" : "are", pv_type_name[type]);
    for (int v = 0; v < e->latents; v++) {
        if (e->type[v] != type || named > NAMED) continue;
        if (named == NAMED)
            fprintf(to, ", ...");
        else
            fprintf(to, "%s%d", named ? ", " : "", e->variable[v]);
        named++;
    }
    fprintf(to, "): %s.\n", meaning);
}

/* Do other thresholds give other counts? */
static void sensitivity(const pv_evaluation *e, FILE *to)
{
    enum { HALF = 6, TWICE = 18 }; /* both thresholds */
    const int *half = e->sensitivity[HALF].count, *twice = e->sensitivity[TWICE].count;
    fprintf(to,
            "Active, mixed, passive: %d, %d, %d; %d, %d, %d with half, %d, %d, %d with twice "
            "the thresholds.\n",
            e->count[PV_ACTIVE], e->count[PV_MIXED], e->count[PV_PASSIVE], half[PV_ACTIVE],
            half[PV_MIXED], half[PV_PASSIVE], twice[PV_ACTIVE], twice[PV_MIXED], twice[PV_PASSIVE]);
}

static void sentences(const pv_evaluation *e, FILE *to)
{
    const pv_scores *mean = e->mean.subset, *sampled = e->sampled.subset;
    double all = fabs(mean[0].total_correlation - sampled[0].total_correlation);
    double active = fabs(mean[1].total_correlation - sampled[1].total_correlation);
    count(e, PV_PASSIVE, "posterior and prior agree, whatever the image", to);
    if (e->count[PV_MIXED] > 0) count(e, PV_MIXED, "used for some of the images only", to);
    if (isfinite(all))
        fprintf(to,
                "Total correlation of mean and sampled codes differs by %.4f nats on all "
                "variables%s",
                all, isfinite(active) ? ",\n" : ".\n");
    if (isfinite(all) && isfinite(active))
        fprintf(to, "and by %.4f nats on the %d active ones.\n", active, e->count[PV_ACTIVE]);
}

void pv_evaluation_print(const pv_evaluation *evaluation, FILE *to)
{
    const int typed = evaluation->latents > 0, scored = evaluation->metrics.count > 0;
    if (typed) {
        variables(evaluation, to);
        fprintf(to, "\nMean against sampled codes (total correlation and mutual information in "
                    "nats)\n\n");
        comparison(evaluation, to);
        fputc('\n', to);
        sentences(evaluation, to);
        sensitivity(evaluation, to);
    }
    if (!scored) return;
    for (int s = 0; s < PV_SUBSETS; s++)
        pv_metrics_print(&evaluation->metrics, pv_subset_name[s], to);
}
