/* measures.c -- what is told of a representation in one number: scores, metrics, predictions. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "report/study.h"

const char *const pv_codes_name[PV_CODES] = {"mean", "sampled"};

/* Of a metric, the value that stands for it: on examples it has not seen, where there are. The
 * objects of scores have no name. */
static const struct {
    const char *metric, *key, *name, *title;
} known[] = {
    {"", "total_correlation", "total_correlation", "Total correlation, nats"},
    {"", "mutual_information", "mutual_information", "Mutual information, nats"},
    {"", "wasserstein_correlation", "wasserstein_correlation", "Wasserstein correlation"},
    {"", "effective_rank", "effective_rank", "Effective rank"},
    {"beta_vae", "eval_accuracy", "beta_vae", "BetaVAE accuracy"},
    {"factor_vae", "eval_accuracy", "factor_vae", "FactorVAE accuracy"},
    {"mig", "discrete_mig", "mig", "MIG"},
    {"dci", "disentanglement", "dci_disentanglement", "DCI disentanglement"},
    {"dci", "completeness", "dci_completeness", "DCI completeness"},
    {"dci", "informativeness_test", "dci_informativeness", "DCI informativeness"},
    {"sap", "SAP_score", "sap", "SAP"},
    {"modularity", "modularity_score", "modularity", "Modularity"},
    {"explicitness", "explicitness_score_test", "explicitness", "Explicitness"},
    {"irs", "IRS", "irs", "IRS"},
    {"unsupervised", "gaussian_total_correlation", "unsupervised_total_correlation",
     "Unsupervised: total correlation"},
    {"unsupervised", "gaussian_wasserstein_correlation_norm", "unsupervised_wasserstein_norm",
     "Unsupervised: Wasserstein, of the trace"},
    {"unsupervised", "mutual_info_score", "unsupervised_mutual_information",
     "Unsupervised: mutual information"},
};
enum { KNOWN = sizeof known / sizeof *known };

pv_status pv_measures_open(pv_measures *out)
{
    *out = (pv_measures){0};
    PV_TRY(pv_new(&out->at, KNOWN, sizeof *out->at, "measures"));
    for (out->count = 0; out->count < KNOWN; out->count++) {
        pv_measure *m = &out->at[out->count];
        m->kind = *known[out->count].metric ? PV_METRIC : PV_SCORE;
        snprintf(m->name, sizeof m->name, "%s", known[out->count].name);
        snprintf(m->title, sizeof m->title, "%s", known[out->count].title);
    }
    return PV_OK;
}

void pv_measures_close(pv_measures *measures)
{
    free(measures->at);
    *measures = (pv_measures){0};
}

pv_status pv_measures_downstream(pv_measures *measures, int *out, const char *predictor,
                                 size_t train)
{
    pv_measure made = {.kind = PV_DOWNSTREAM, .train = train};
    snprintf(made.name, sizeof made.name, "downstream_%.32s_%zu", predictor, train);
    snprintf(made.title, sizeof made.title, "Downstream, %.32s, %zu examples", predictor, train);
    for (*out = 0; *out < measures->count; ++*out)
        if (strcmp(measures->at[*out].name, made.name) == 0) return PV_OK;
    pv_measure *at = realloc(measures->at, ((size_t)measures->count + 1) * sizeof *at);
    if (!at) return pv_fail(PV_ENOMEM, "out of memory: measures");
    measures->at = at;
    at[measures->count++] = made;
    return PV_OK;
}

pv_status pv_measures_find(pv_measures *measures, int *out, const char *metric, const char *key)
{
    static const char downstream[] = "downstream_", accuracy[] = ":mean_test_accuracy";
    char *end;
    for (*out = 0; *out < KNOWN; ++*out)
        if (strcmp(known[*out].metric, metric) == 0 && strcmp(known[*out].key, key) == 0)
            return PV_OK;
    *out = -1;
    if (strncmp(metric, downstream, strlen(downstream)) != 0) return PV_OK;
    const unsigned long train = strtoul(key, &end, 10);
    if (end == key || strcmp(end, accuracy) != 0) return PV_OK;
    return pv_measures_downstream(measures, out, metric + strlen(downstream), train);
}

/* As they stand in the table; then by predictor and number of examples. */
static int by_rank(const void *a, const void *b, void *measures)
{
    const pv_measure *all = measures;
    const int i = *(const int *)a, j = *(const int *)b;
    const pv_measure *x = &all[i], *y = &all[j];
    if (x->kind != PV_DOWNSTREAM || y->kind != PV_DOWNSTREAM) return i < j ? -1 : 1;
    const size_t nx = strcspn(x->title, "0123456789"), ny = strcspn(y->title, "0123456789");
    const int order = strncmp(x->title, y->title, nx > ny ? nx : ny);
    if (nx != ny || strncmp(x->title, y->title, nx) != 0) return order;
    return x->train < y->train ? -1 : 1;
}

pv_status pv_measures_order(const pv_measures *measures, int **order, int *count)
{
    *count = 0;
    PV_TRY(pv_new(order, (size_t)measures->count, sizeof **order, "measures"));
    for (int m = 0; m < measures->count; m++)
        if (measures->at[m].seen) (*order)[(*count)++] = m;
    qsort_r(*order, (size_t)*count, sizeof **order, by_rank, measures->at);
    return PV_OK;
}
