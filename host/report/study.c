/* study.c -- all runs of a directory, read one at a time. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "report/study.h"

typedef struct {
    char **at;
    size_t count;
} names;

static void clear_names(names *n)
{
    for (size_t i = 0; i < n->count; i++) free(n->at[i]);
    free(n->at);
}

static pv_status add_name(names *n, const char *name)
{
    if ((n->count & (n->count + 1)) == 0 || !n->at) { /* grows at 0, 1, 3, 7, ... */
        char **at = realloc(n->at, (2 * n->count + 2) * sizeof *at);
        if (!at) return pv_fail(PV_ENOMEM, "out of memory: names of runs");
        n->at = at;
    }
    if (!(n->at[n->count] = strdup(name))) return pv_fail(PV_ENOMEM, "out of memory: a name");
    n->count++;
    return PV_OK;
}

static int is_run(const char *directory, const char *name)
{
    static const char *const files[] = {"config.yaml", "status.json"};
    char path[4096];
    if (*name == '.') return 0;
    for (size_t f = 0; f < sizeof files / sizeof *files; f++)
        if (snprintf(path, sizeof path, "%s/%s/%s", directory, name, files[f]) < (int)sizeof path &&
            pv_file_exists(path))
            return 1;
    return 0;
}

static int by_name(const void *a, const void *b)
{
    return strverscmp(*(char *const *)a, *(char *const *)b);
}

static pv_status list_runs(names *out, const char *directory)
{
    DIR *list = opendir(directory);
    if (!list) return pv_fail(PV_EUSAGE, "%s: cannot be opened: %s", directory, strerror(errno));
    pv_status status = PV_OK;
    for (struct dirent *entry; status == PV_OK && (entry = readdir(list));)
        if (is_run(directory, entry->d_name)) status = add_name(out, entry->d_name);
    closedir(list);
    if (status == PV_OK && out->count == 0)
        status = pv_fail(PV_EUSAGE,
                         "%s: holds no runs; it should be the DIR of 'polarvae sweep', or hold "
                         "directories that 'polarvae train --out DIR/NAME' made",
                         directory);
    if (out->count) qsort(out->at, out->count, sizeof *out->at, by_name);
    return status;
}

static pv_status read_runs(pv_study *study, const names *n, int quiet)
{
    pv_bar bar;
    PV_TRY(pv_new(&study->run, n->count, sizeof *study->run, "runs"));
    pv_bar_start(&bar, "reading runs", 0, quiet);
    pv_status status = PV_OK;
    while (study->runs < n->count && status == PV_OK) {
        pv_report_run *run = &study->run[study->runs];
        status = pv_report_run_read(run, &study->measures, study->directory, n->at[study->runs]);
        study->runs++;
        if (status == PV_OK && run->outcome == PV_REPORT_DAMAGED)
            fprintf(stderr, "damaged: %s: %s\n", run->name, run->note);
        if (status == PV_OK && pv_signal_came()) status = pv_fail(PV_ESTOPPED, "stopped");
        pv_bar_show(&bar, study->runs, n->count, "");
    }
    pv_bar_end(&bar);
    return status;
}

pv_status pv_study_open(pv_study *out, const char *directory, int quiet)
{
    names n = {0};
    *out = (pv_study){.directory = directory};
    pv_status status = list_runs(&n, directory);
    if (status == PV_OK) status = pv_measures_open(&out->measures);
    if (status == PV_OK) status = read_runs(out, &n, quiet);
    if (status == PV_OK) status = pv_measures_order(&out->measures, &out->order, &out->ordered);
    if (status == PV_OK) status = pv_study_group(out);
    clear_names(&n);
    if (status != PV_OK) pv_study_close(out);
    return status;
}

void pv_study_close(pv_study *study)
{
    for (size_t i = 0; i < study->runs; i++) pv_report_run_clear(&study->run[i]);
    for (size_t i = 0; i < study->methods; i++) free(study->method[i].title);
    for (int i = 0; i < study->datas; i++) free(study->data[i]);
    free(study->run);
    free(study->point);
    free(study->method);
    free(study->data);
    free(study->order);
    pv_measures_close(&study->measures);
    *study = (pv_study){0};
}
