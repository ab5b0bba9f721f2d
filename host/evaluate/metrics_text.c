/* metrics_text.c -- results of metrics as JSON, and as a table that a person reads. */
#include <math.h>
#include <string.h>

#include "base/base.h"
#include "polarvae/metrics.h"

void pv_metrics_json(pv_json *j, const pv_metric_results *results, const char *representation)
{
    for (int i = 0; i < results->count; i++) {
        const pv_metric_result *r = &results->result[i];
        if (strcmp(r->representation, representation) != 0) continue;
        pv_json_object(j, r->metric);
        for (int v = 0; v < r->count; v++) {
            const pv_metric_value *value = &r->value[v];
            if (value->matrix)
                pv_json_matrix(j, value->key, value->matrix, value->rows, value->columns);
            else
                pv_json_real(j, value->key, value->number);
        }
        pv_json_whole(j, "seed", r->seed);
        if (r->train) pv_json_whole(j, "train", (long long)r->train);
        if (r->test) pv_json_whole(j, "test", (long long)r->test);
        if (*r->reason) pv_json_text(j, "reason", r->reason);
        pv_json_end(j);
    }
}

/* The value that stands for a metric in a table: on examples it has not seen, where there are. */
static const char *const main_keys[][3] = {
    {"beta_vae", "eval_accuracy", "accuracy"},
    {"factor_vae", "eval_accuracy", "accuracy"},
    {"mig", "discrete_mig", ""},
    {"dci", "disentanglement", "disentanglement"},
    {"dci", "completeness", "completeness"},
    {"dci", "informativeness_test", "informativeness"},
    {"sap", "SAP_score", ""},
    {"modularity", "modularity_score", ""},
    {"explicitness", "explicitness_score_test", ""},
    {"irs", "IRS", ""},
    {"unsupervised", "gaussian_total_correlation", "total correlation"},
    {"unsupervised", "gaussian_wasserstein_correlation_norm", "Wasserstein, of the trace"},
    {"unsupervised", "mutual_info_score", "mutual information"},
    {"downstream_logistic", "mean_test_accuracy", "accuracy after"},
    {"downstream_trees", "mean_test_accuracy", "accuracy after"},
};

static const pv_metric_result *result_of(const pv_metric_results *all, const char *metric,
                                         const char *representation)
{
    for (int i = 0; i < all->count; i++)
        if (strcmp(all->result[i].metric, metric) == 0 &&
            strcmp(all->result[i].representation, representation) == 0)
            return &all->result[i];
    return NULL;
}

/* Up to this many representations side by side. */
enum { COLUMNS = 4 };

static void row(FILE *to, const char *title, const pv_metric_results *all, const char *metric,
                const char *key, const char *const *representation, int columns)
{
    fprintf(to, "%-44s", title);
    for (int c = 0; c < columns; c++) {
        const pv_metric_result *r = result_of(all, metric, representation[c]);
        const pv_metric_value *v = r ? pv_metric_value_of(r, key) : NULL;
        if (v && isfinite(v->number))
            fprintf(to, "%11.4f", v->number);
        else
            fprintf(to, "%11s", "-");
    }
    fputc('\n', to);
}

/* A row for each number of examples that predictors saw: of keys "N:mean_test_accuracy". */
static void rows_by_size(FILE *to, const pv_metric_results *all, const char *metric,
                         const char *key, const char *what, const char *const *representation,
                         int columns)
{
    char title[128];
    const pv_metric_result *first = result_of(all, metric, representation[0]);
    for (int v = 0; v < first->count; v++) {
        const char *colon = strchr(first->value[v].key, ':');
        if (!colon || strcmp(colon + 1, key) != 0) continue;
        snprintf(title, sizeof title, "%s %s %.*s", metric, what,
                 (int)(colon - first->value[v].key), first->value[v].key);
        row(to, title, all, metric, first->value[v].key, representation, columns);
    }
}

void pv_metrics_print(const pv_metric_results *results, FILE *to)
{
    const char *representation[COLUMNS];
    int columns = 0;
    for (int i = 0; i < results->count && columns < COLUMNS; i++)
        if (columns == 0 ||
            strcmp(results->result[i].representation, representation[columns - 1]) != 0)
            representation[columns++] = results->result[i].representation;
    if (columns == 0) return;
    fprintf(to, "%-44s", "Disentanglement metrics");
    for (int c = 0; c < columns; c++) fprintf(to, "%11s", representation[c]);
    fputs("\n\n", to);
    for (size_t k = 0; k < sizeof main_keys / sizeof *main_keys; k++) {
        const char *metric = main_keys[k][0], *key = main_keys[k][1], *what = main_keys[k][2];
        char title[128];
        const pv_metric_result *r = result_of(results, metric, representation[0]);
        if (!r || (r->count == 0 && k > 0 && strcmp(metric, main_keys[k - 1][0]) == 0)) continue;
        snprintf(title, sizeof title, "%s%s%s", metric, *what ? " " : "", r->count ? what : "");
        if (strncmp(metric, "downstream", strlen("downstream")) == 0 && r->count)
            rows_by_size(to, results, metric, key, what, representation, columns);
        else
            row(to, title, results, metric, key, representation, columns);
    }
    for (int i = 0; i < results->count; i++)
        if (*results->result[i].reason &&
            strcmp(results->result[i].representation, representation[0]) == 0)
            fprintf(to, "  - %s: %s\n", results->result[i].metric, results->result[i].reason);
}
