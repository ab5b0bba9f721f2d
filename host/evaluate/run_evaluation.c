/* run_evaluation.c -- everything that is told about a trained model, into its run directory. */
#include "polarvae/run_evaluation.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/config_table.h"
#include "evaluate/snapshots.h"
#include "report/picture.h"

/* ---- progress ---- */

typedef struct {
    const pv_run_evaluation *what;
    const char *stage;
} hearing;

static pv_status pass_on(void *state, size_t done, size_t total)
{
    const hearing *h = state;
    return h->what->hear ? h->what->hear(h->what->state, h->stage, done, total) : PV_OK;
}

static void say(const pv_run_evaluation *w, const char *note)
{
    if (w->say) w->say(w->state, note);
}

/* ---- metrics ---- */

pv_metric_options pv_metric_options_of(const pv_config *c)
{
    pv_metric_options o = pv_metric_defaults;
    o.train = (size_t)c->metric_train;
    o.test = (size_t)c->metric_test;
    o.bins = (int)c->bins;
    o.era = (pv_sklearn_era)c->sklearn_era;
    o.seed = (uint64_t)c->evaluation_seed;
    o.threads = (int)c->threads;
    return o;
}

static int wanted(const char *list) { return strcmp(list, "none") != 0; }

pv_status pv_metric_lists_check(const pv_config *c)
{
    if (wanted(c->metrics)) PV_TRY(pv_metrics_check(c->metrics));
    return wanted(c->subset_metrics) ? pv_metrics_check(c->subset_metrics) : PV_OK;
}

/* With whichever factors the codes have. */
static pv_status open_labelled(pv_labelled *out, const char *name, const float *code,
                               const pv_codes *c, const int *variable, int count)
{
    const size_t width = (size_t)c->latents;
    const int variables = variable ? count : c->latents;
    if (c->factor) {
        PV_TRY(pv_labelled_open(out, name, code, width, c->factor, c->factors, c->examples,
                                variable, variables));
        return c->copies > 1 ? pv_labelled_set_copies(out, c->copies) : PV_OK;
    }
    PV_TRY(pv_labelled_open_reals(out, name, code, width, c->factor_value, c->factors, c->examples,
                                  variable, variables));
    out->factor_name = (const char(*)[32])c->factor_name;
    return PV_OK;
}

pv_status pv_codes_metrics(pv_metric_results *out, const pv_codes *codes, const char *list,
                           const char *subset, const int *variable, int count, pv_stream *stream,
                           const pv_metric_options *options, const pv_progress *progress, int *grid)
{
    const char *const name[] = {"mean", "sampled"};
    const float *const code[] = {codes->mean, codes->sampled};
    pv_labelled labelled[2] = {{0}};
    int opened = 0;
    pv_status status = PV_OK;
    memset(out, 0, sizeof *out);
    for (int i = 0; i < 2 && status == PV_OK; i++) {
        if (!code[i]) continue;
        status = open_labelled(&labelled[opened], name[i], code[i], codes, variable, count);
        labelled[opened++].subset = subset;
    }
    if (status == PV_OK)
        status = pv_metrics_compute(out, labelled, opened, list, stream, options, progress);
    if (grid) *grid = opened > 0 && labelled[0].row;
    for (int i = 0; i < opened; i++) pv_labelled_close(&labelled[i]);
    return status;
}

/* The variables of a set, if all of its types occur; else none. */
static int variables_of(int *variable, const pv_evaluation *e, int subset)
{
    int count = 0;
    for (int t = 0; t < PV_TYPES; t++)
        if ((pv_subset_types[subset] >> t & 1) && e->count[t] == 0) return 0;
    for (int v = 0; v < e->latents; v++)
        if (pv_subset_types[subset] >> e->type[v] & 1) variable[count++] = v;
    return count;
}

pv_status pv_subset_metrics(pv_evaluation *e, const pv_codes *codes, const char *list,
                            pv_stream *stream, const pv_metric_options *options,
                            const pv_progress *progress)
{
    int *variable;
    if (!wanted(list)) return PV_OK;
    pv_status status = pv_new(&variable, (size_t)e->latents, sizeof *variable, "variables");
    for (int s = 1; s < PV_SUBSETS && status == PV_OK; s++) {
        pv_metric_results more;
        const int count = variables_of(variable, e, s);
        if (count == 0) continue;
        status = pv_codes_metrics(&more, codes, list, pv_subset_name[s], variable, count, stream,
                                  options, progress, NULL);
        if (status == PV_OK) status = pv_metric_results_join(&e->metrics, &more);
    }
    free(variable);
    return status;
}

static pv_status measure(pv_evaluation *e, const pv_run_evaluation *w, const pv_codes *codes)
{
    const pv_metric_options options = pv_metric_options_of(w->config);
    hearing h = {w, "metrics"};
    const pv_progress progress = {.report = pass_on, .state = &h};
    if (wanted(w->config->metrics))
        PV_TRY(pv_codes_metrics(&e->metrics, codes, w->config->metrics, pv_subset_name[0], NULL, 0,
                                w->stream, &options, &progress, NULL));
    h.stage = "metrics of sets";
    return pv_subset_metrics(e, codes, w->config->subset_metrics, w->stream, &options, &progress);
}

static pv_status measure_all(pv_evaluation *e, const pv_run_evaluation *w, const pv_codes *codes)
{
    const pv_config *c = w->config;
    pv_codes all = {0};
    hearing h = {w, "encoding all"};
    if (!wanted(c->metrics) && !wanted(c->subset_metrics)) return PV_OK;
    if (!w->images->data->complete) {
        say(w, "note: not every combination of the factors is there: metrics learn from the "
               "first two thirds of the rows");
        return measure(e, w, codes);
    }
    PV_TRY(pv_encode(&all, NULL, w->model, w->images, w->stream, 0, (uint64_t)c->evaluation_seed,
                     &(pv_progress){.report = pass_on, .state = &h}));
    pv_status status = measure(e, w, &all);
    pv_codes_free(&all);
    return status;
}

/* ---- pictures ---- */

static pv_status draw_correlations(const pv_evaluation *e, const char *directory)
{
    char path[4096];
    char(*label)[16];
    const char **labels;
    PV_TRY(pv_new(&label, (size_t)e->latents, sizeof *label, "labels"));
    pv_status status = pv_new(&labels, (size_t)e->latents, sizeof *labels, "labels");
    for (int i = 0; i < e->latents && status == PV_OK; i++) {
        snprintf(label[i], sizeof label[i], "%d %s", e->variable[i], pv_type_name[e->type[i]]);
        labels[i] = label[i];
    }
    snprintf(path, sizeof path, "%s/correlation.png", directory);
    const pv_heat_map maps[2] = {{e->mean.correlation, "mean representation"},
                                 {e->sampled.correlation, "sampled representation"}};
    if (status == PV_OK)
        status = pv_heat_maps_write(
            &(pv_heat_maps){
                .maps = 2, .size = e->latents, .map = maps, .label = labels, .low = -1, .high = 1},
            path);
    free(labels);
    free(label);
    return status;
}

/* ---- snapshots ---- */

static pv_status follow_training(const pv_evaluation *e, const pv_run_evaluation *w)
{
    hearing h = {w, "snapshots"};
    pv_snapshots s;
    char path[4096];
    PV_TRY(pv_snapshots_measure(&s, w, &(pv_progress){.report = pass_on, .state = &h}));
    pv_status status = PV_OK;
    snprintf(path, sizeof path, "%s/snapshots.csv", w->directory);
    if (s.count > 0) status = pv_snapshots_write(&s, e, path);
    snprintf(path, sizeof path, "%s/snapshots.svg", w->directory);
    if (s.count > 0 && status == PV_OK && pv_snapshots_draw(&s, e, path) != PV_OK) {
        char note[8192];
        snprintf(note, sizeof note, "note: %s: not drawn: %s", path, pv_error());
        say(w, note);
    }
    pv_snapshots_free(&s);
    return status;
}

/* ---- all of it ---- */

static pv_status evaluate(pv_evaluation *out, const pv_run_evaluation *w)
{
    const pv_config *c = w->config;
    const pv_evaluation_options rule = {.bins = (int)c->bins,
                                        .variance_threshold = c->variance_threshold,
                                        .mean_error = c->mean_error};
    hearing h = {w, "encoding"};
    pv_codes codes;
    pv_losses losses;
    PV_TRY(pv_encode(&codes, &losses, w->model, w->images, w->stream, (size_t)c->examples,
                     (uint64_t)c->evaluation_seed, &(pv_progress){.report = pass_on, .state = &h}));
    pv_status status = pv_evaluate_codes(out, &codes, w->stream, &rule);
    for (int k = 0; k < PV_RUN_KEYS; k++) pv_config_value_text(out->of_run[k], c, pv_run_key[k]);
    out->sklearn_era = (pv_sklearn_era)c->sklearn_era;
    out->reconstruction_loss = losses.reconstruction;
    out->reconstruction_kl = losses.kl;
    out->reconstruction_elbo = losses.elbo;
    if (status == PV_OK) status = measure_all(out, w, &codes);
    pv_codes_free(&codes);
    return status;
}

pv_status pv_run_evaluate(pv_evaluation *out, const pv_run_evaluation *what)
{
    char path[4096];
    memset(out, 0, sizeof *out);
    pv_status status = evaluate(out, what);
    if (status == PV_OK) status = draw_correlations(out, what->directory);
    if (status == PV_OK)
        status = pv_draw_reconstructions(what->directory, what->model, what->images, what->stream,
                                         (uint64_t)what->config->evaluation_seed);
    if (status == PV_OK) status = follow_training(out, what);
    snprintf(path, sizeof path, "%s/evaluation.json", what->directory);
    if (status == PV_OK) status = pv_evaluation_write(out, path);
    if (status != PV_OK) pv_evaluation_free(out);
    return status;
}
