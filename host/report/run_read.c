/* run_read.c -- one run: its configuration, what became of it, and its numbers. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/base.h"
#include "report/study.h"

double pv_report_value(const pv_report_run *run, int measure, int codes, int subset)
{
    if (measure < 0 || measure >= run->measures) return NAN;
    return run->value[(measure * PV_CODES + codes) * PV_SUBSETS + subset];
}

double pv_report_strength(const pv_report_run *run)
{
    return run->config.objective_value[run->strength];
}

double pv_run_active(const pv_report_run *run) { return run->count[PV_ACTIVE]; }
double pv_run_mixed(const pv_report_run *run) { return run->count[PV_MIXED]; }
double pv_run_passive(const pv_report_run *run) { return run->count[PV_PASSIVE]; }
double pv_run_elbo(const pv_report_run *run) { return run->elbo; }

static pv_status keep_text(char **out, const char *text)
{
    free(*out);
    *out = strdup(text);
    return *out ? PV_OK : pv_fail(PV_ENOMEM, "out of memory: a run's name");
}

/* What has just failed is the run's, unless memory is gone. */
static pv_status damaged(pv_report_run *run, pv_status status)
{
    if (status == PV_ENOMEM) return status;
    run->outcome = PV_REPORT_DAMAGED;
    return keep_text(&run->note, pv_error());
}

static pv_status read_config(pv_report_run *run, const char *path)
{
    PV_TRY(pv_config_load(&run->config, path, 0, NULL));
    pv_config_clear(&run->config); /* only of its lists */
    run->objective = pv_objective_find(run->config.objective);
    run->readable = 1;
    run->bins = (double)run->config.bins;
    run->variance_threshold = run->config.variance_threshold;
    run->mean_error = run->config.mean_error;
    return PV_OK;
}

static pv_status judge(pv_report_run *run, pv_measures *measures, const char *directory)
{
    char path[4096];
    struct stat info;
    if (run->status.state == PV_RUN_FAILED) {
        run->outcome = PV_REPORT_FAILED;
        return keep_text(&run->note, *run->status.error ? run->status.error : "no reason is given");
    }
    snprintf(path, sizeof path, "%s/%s/pruning.json", directory, run->name);
    if (pv_file_exists(path)) {
        run->outcome = PV_REPORT_LEFT_OUT;
        return keep_text(&run->note, "a pruned copy of a model");
    }
    run->outcome = PV_REPORT_UNFINISHED;
    if (run->status.state != PV_RUN_FINISHED) return PV_OK;
    run->outcome = PV_REPORT_UNEVALUATED;
    snprintf(path, sizeof path, "%s/%s/evaluation.json", directory, run->name);
    if (stat(path, &info) != 0) return PV_OK;
    const pv_status status = pv_report_evaluation_read(run, measures, path);
    if (status != PV_OK) return damaged(run, status);
    run->outcome = PV_REPORT_USED;
    return PV_OK;
}

pv_status pv_report_run_read(pv_report_run *out, pv_measures *measures, const char *directory,
                             const char *name)
{
    char path[4096];
    *out = (pv_report_run){.count = {NAN, NAN, NAN}, .loss = NAN, .kl = NAN, .elbo = NAN};
    PV_TRY(keep_text(&out->name, name));
    if (snprintf(path, sizeof path, "%s/%s/evaluation.json", directory, name) >= (int)sizeof path)
        return damaged(out, pv_fail(PV_EIO, "%.60s...: path too long", name));
    snprintf(path, sizeof path, "%s/%s/config.yaml", directory, name);
    pv_status status = pv_file_exists(path) ? read_config(out, path) : PV_OK;
    snprintf(path, sizeof path, "%s/%s", directory, name);
    if (status == PV_OK) status = pv_run_status_read(&out->status, path);
    if (status != PV_OK) return damaged(out, status);
    if (!out->readable && out->status.state == PV_RUN_FINISHED)
        return damaged(out, pv_fail(PV_EDATA, "%s: has no config.yaml", path));
    return judge(out, measures, directory);
}

void pv_report_run_clear(pv_report_run *run)
{
    free(run->name);
    free(run->note);
    free(run->value);
    *run = (pv_report_run){0};
}
