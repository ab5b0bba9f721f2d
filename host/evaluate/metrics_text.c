/* metrics_text.c -- results of metrics as JSON, and as a table that a person reads. */
#include <math.h>
#include <string.h>

#include "base/base.h"
#include "polarvae/metrics.h"

void pv_metrics_json(pv_json *j, const pv_metric_results *results, const char *representation,
                     const char *subset)
{
    for (int i = 0; i < results->count; i++) {
        const pv_metric_result *r = &results->result[i];
        if (strcmp(r->representation, representation) != 0 || strcmp(r->subset, subset) != 0)
            continue;
        pv_json_object(j, r->metric);
        for (int v = 0; v < r->count; v++) {
            const pv_metric_value *value = &r->value[v];
            if (value->matrix)
                pv_json_matrix(j, value->key, value->matrix, value->rows, value->columns);
            else
                pv_json_real(j, value->key, value->number);
        }
        if (r->continuous) pv_json_truth(j, "continuous_factors", 1);
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
    {"downstream_random", "mean_test_accuracy", "accuracy after"},
};

/* Up to this many representations side by side. */
enum { COLUMNS = 4 };

typedef struct {
    FILE *to;
    const pv_metric_results *all;
    const char *subset;
    const char *representation[COLUMNS];
    int columns;
} table;

static const pv_metric_result *result_of(const table *t, const char *metric, int column)
{
    for (int i = 0; i < t->all->count; i++) {
        const pv_metric_result *r = &t->all->result[i];
        if (strcmp(r->metric, metric) == 0 && strcmp(r->subset, t->subset) == 0 &&
            strcmp(r->representation, t->representation[column]) == 0)
            return r;
    }
    return NULL;
}

static void row(const table *t, const char *title, const char *metric, const char *key)
{
    fprintf(t->to, "%-44s", title);
    for (int c = 0; c < t->columns; c++) {
        const pv_metric_result *r = result_of(t, metric, c);
        const pv_metric_value *v = r ? pv_metric_value_of(r, key) : NULL;
        if (v && isfinite(v->number))
            fprintf(t->to, "%11.4f", v->number);
        else
            fprintf(t->to, "%11s", "-");
    }
    fputc('\n', t->to);
}

/* A row for each number of examples that predictors saw: of keys "N:mean_test_accuracy". */
static void rows_by_size(const table *t, const char *metric, const char *key, const char *what)
{
    char title[128];
    const pv_metric_result *first = result_of(t, metric, 0);
    for (int v = 0; v < first->count; v++) {
        const char *colon = strchr(first->value[v].key, ':');
        if (!colon || strcmp(colon + 1, key) != 0) continue;
        snprintf(title, sizeof title, "%s %s %.*s", metric, what,
                 (int)(colon - first->value[v].key), first->value[v].key);
        row(t, title, metric, first->value[v].key);
    }
}

static void find_columns(table *t)
{
    for (int i = 0; i < t->all->count && t->columns < COLUMNS; i++) {
        const pv_metric_result *r = &t->all->result[i];
        if (strcmp(r->subset, t->subset) == 0 &&
            (t->columns == 0 || strcmp(r->representation, t->representation[t->columns - 1]) != 0))
            t->representation[t->columns++] = r->representation;
    }
}

static void print_reasons(const table *t)
{
    for (int i = 0; i < t->all->count; i++) {
        const pv_metric_result *r = &t->all->result[i];
        if (*r->reason && strcmp(r->subset, t->subset) == 0 &&
            strcmp(r->representation, t->representation[0]) == 0)
            fprintf(t->to, "  - %s: %s\n", r->metric, r->reason);
    }
}

void pv_metrics_print(const pv_metric_results *results, const char *subset, FILE *to)
{
    table t = {.to = to, .all = results, .subset = subset};
    char title[128];
    find_columns(&t);
    if (t.columns == 0) return;
    const int all = strcmp(subset, "all") == 0;
    snprintf(title, sizeof title, all ? "Disentanglement metrics" : "Metrics of %s variables",
             subset);
    fputc('\n', to);
    fprintf(to, "%-44s", title);
    for (int c = 0; c < t.columns; c++) fprintf(to, "%11s", t.representation[c]);
    fputs("\n\n", to);
    for (size_t k = 0; k < sizeof main_keys / sizeof *main_keys; k++) {
        const char *metric = main_keys[k][0], *key = main_keys[k][1], *what = main_keys[k][2];
        const pv_metric_result *r = result_of(&t, metric, 0);
        if (!r || (r->count == 0 && k > 0 && strcmp(metric, main_keys[k - 1][0]) == 0)) continue;
        if (r->continuous) what = "by squared correlation";
        snprintf(title, sizeof title, "%s%s%s", metric, *what ? " " : "", r->count ? what : "");
        if (strncmp(metric, "downstream", strlen("downstream")) == 0 && r->count)
            rows_by_size(&t, metric, key, what);
        else
            row(&t, title, metric, key);
    }
    print_reasons(&t);
}
