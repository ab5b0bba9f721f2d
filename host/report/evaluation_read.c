/* evaluation_read.c -- the numbers of an evaluation.json. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/base.h"
#include "report/evaluation_json.h"
#include "report/study.h"

typedef struct {
    const char *path;
    pv_report_run *run;
    pv_measures *measures;
} reader;

static pv_status put(reader *r, int measure, int codes, int subset, double value)
{
    pv_report_run *run = r->run;
    const int each = PV_CODES * PV_SUBSETS;
    if (measure >= run->measures) {
        double *grown = realloc(run->value, (size_t)r->measures->count * each * sizeof *grown);
        if (!grown) return pv_fail(PV_ENOMEM, "out of memory: a run's numbers");
        for (int i = run->measures * each; i < r->measures->count * each; i++) grown[i] = NAN;
        run->value = grown;
        run->measures = r->measures->count;
    }
    run->value[(measure * PV_CODES + codes) * PV_SUBSETS + subset] = value;
    if (!isnan(value)) r->measures->at[measure].seen = 1;
    return PV_OK;
}

/* Values of an object under the measures they stand for. */
static pv_status take_values(reader *r, json_t *from, const char *metric, int codes, int subset)
{
    const char *key;
    json_t *value;
    json_object_foreach(from, key, value)
    {
        int measure;
        double number;
        PV_TRY(pv_measures_find(r->measures, &measure, metric, key));
        if (measure < 0) continue;
        PV_TRY(pv_json_number(&number, r->path, from, key));
        PV_TRY(put(r, measure, codes, subset, number));
    }
    return PV_OK;
}

static pv_status take_metrics(reader *r, json_t *from, int codes, int subset)
{
    const char *metric;
    json_t *object;
    json_object_foreach(from, metric, object) if (json_is_object(object))
        PV_TRY(take_values(r, object, metric, codes, subset));
    return PV_OK;
}

/* Accuracies by the number of examples that a predictor saw. */
static pv_status take_accuracies(reader *r, json_t *from, const char *predictor, int codes,
                                 int subset)
{
    const char *key;
    json_t *value;
    json_object_foreach(from, key, value)
    {
        char *end;
        int measure;
        double number;
        const unsigned long train = strtoul(key, &end, 10);
        if (end == key || *end) continue;
        PV_TRY(pv_json_number(&number, r->path, from, key));
        PV_TRY(pv_measures_downstream(r->measures, &measure, predictor, train));
        PV_TRY(put(r, measure, codes, subset, number));
    }
    return PV_OK;
}

static pv_status take_downstream(reader *r, json_t *from, int codes, int subset)
{
    const char *predictor;
    json_t *object;
    json_object_foreach(from, predictor, object)
    {
        PV_TRY(take_accuracies(r, object, predictor, codes, subset));
    }
    return PV_OK;
}

/* How many variables a set has: none where it lacks one of its types, as then it is another set. */
static double size_of(const pv_report_run *run, int subset)
{
    double size = 0;
    for (int t = 0; t < PV_TYPES; t++) {
        if (!(pv_subset_types[subset] >> t & 1)) continue;
        if (run->count[t] == 0 && subset > 0) return 0;
        size += run->count[t];
    }
    return size;
}

static pv_status take_codes(reader *r, json_t *root, int codes)
{
    const char *name = pv_codes_name[codes];
    json_t *scores, *metrics, *subset_metrics, *downstream;
    PV_TRY(pv_json_inside(&scores, r->path, root, "representations", name));
    PV_TRY(pv_json_inside(&metrics, r->path, root, "metrics", name));
    PV_TRY(pv_json_inside(&subset_metrics, r->path, root, "subset_metrics", name));
    PV_TRY(pv_json_inside(&downstream, r->path, root, "downstream", name));
    PV_TRY(take_metrics(r, metrics, codes, 0));
    for (int s = 0; s < PV_SUBSETS; s++) {
        const char *subset = pv_subset_name[s];
        r->run->size[s] = size_of(r->run, s);
        PV_TRY(take_values(r, json_object_get(scores, subset), "", codes, s));
        if (s > 0) PV_TRY(take_metrics(r, json_object_get(subset_metrics, subset), codes, s));
        PV_TRY(take_downstream(r, json_object_get(downstream, subset), codes, s));
    }
    return PV_OK;
}

/* What types and scores were made with; files without it go by the run's configuration. */
static pv_status take_settings(reader *r, json_t *root)
{
    json_t *used = json_object_get(root, "settings");
    if (!used) return PV_OK;
    PV_TRY(pv_json_number(&r->run->bins, r->path, used, "bins"));
    PV_TRY(pv_json_number(&r->run->variance_threshold, r->path, used, "variance_threshold"));
    return pv_json_number(&r->run->mean_error, r->path, used, "mean_error");
}

static pv_status take_counts(reader *r, json_t *root)
{
    json_t *counts = json_object_get(root, "counts");
    for (int t = 0; t < PV_TYPES; t++) {
        PV_TRY(pv_json_number(&r->run->count[t], r->path, counts, pv_type_name[t]));
        if (!(r->run->count[t] >= 0))
            return pv_fail(PV_EDATA, "%s: has no number of %s variables under counts", r->path,
                           pv_type_name[t]);
    }
    return PV_OK;
}

static pv_status take(reader *r, json_t *root)
{
    double examples;
    json_t *losses = json_object_get(root, "reconstruction");
    PV_TRY(pv_json_number(&examples, r->path, root, "examples"));
    r->run->examples = examples >= 1 && examples < 1e15 ? (size_t)examples : 0;
    PV_TRY(take_counts(r, root));
    PV_TRY(take_settings(r, root));
    PV_TRY(pv_json_number(&r->run->loss, r->path, losses, "loss"));
    PV_TRY(pv_json_number(&r->run->kl, r->path, losses, "kl"));
    PV_TRY(pv_json_number(&r->run->elbo, r->path, losses, "elbo"));
    for (int c = 0; c < PV_CODES; c++) PV_TRY(take_codes(r, root, c));
    return PV_OK;
}

pv_status pv_report_evaluation_read(pv_report_run *out, pv_measures *measures, const char *path)
{
    json_t *root;
    reader r = {.path = path, .run = out, .measures = measures};
    PV_TRY(pv_json_load(&root, path));
    pv_status status = take(&r, root);
    json_decref(root);
    return status;
}
