/* report_hdf5.c -- all numbers of a report as arrays. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/hdf5.h"
#include "report/page.h"

static const char *const outcome_name[] = {
#define X(name, text) [PV_REPORT_##name] = text,
    PV_REPORT_OUTCOMES(X)
#undef X
};

/* ---- columns: text or a number of each of `count` things ---- */

typedef const char *text_of(const pv_study *s, size_t i);
typedef double number_of(const pv_study *s, size_t i);

static pv_status write_texts(pv_h5 *file, const char *name, const pv_study *s, size_t count,
                             text_of *text)
{
    char *rows;
    size_t width = 1;
    for (size_t i = 0; i < count; i++)
        if (strlen(text(s, i)) >= width) width = strlen(text(s, i)) + 1;
    PV_TRY(pv_new(&rows, count + 1, width, "texts of a report"));
    for (size_t i = 0; i < count; i++) strcpy(rows + i * width, text(s, i));
    const pv_h5_array array = {
        .name = name, .type = PV_H5_TEXT, .rank = 1, .dim = {count}, .width = width};
    pv_status status = pv_h5_write(file, &array, rows);
    free(rows);
    return status;
}

static pv_status write_numbers(pv_h5 *file, const char *name, const pv_study *s, size_t count,
                               number_of *number)
{
    double *rows;
    PV_TRY(pv_new(&rows, count + 1, sizeof *rows, "numbers of a report"));
    for (size_t i = 0; i < count; i++) rows[i] = number(s, i);
    const pv_h5_array array = {.name = name, .type = PV_H5_F64, .rank = 1, .dim = {count}};
    pv_status status = pv_h5_write(file, &array, rows);
    free(rows);
    return status;
}

/* ---- runs ---- */

#define TEXT(name, value)                                                                          \
    static const char *name(const pv_study *s, size_t i) { return value; }
#define NUMBER(name, value)                                                                        \
    static double name(const pv_study *s, size_t i) { return value; }
/* X(column of runs/, what) */
#define TEXTS(X)                                                                                   \
    X(name, s->run[i].name)                                                                        \
    X(outcome, outcome_name[s->run[i].outcome])                                                    \
    X(note, s->run[i].note ? s->run[i].note : "")                                                  \
    X(data, s->run[i].config.data)                                                                 \
    X(objective, s->run[i].config.objective)                                                       \
    X(strength_key, s->run[i].objective ? s->run[i].objective->keys[s->run[i].strength].name : "")
#define IF_READABLE(value) (s->run[i].readable ? (double)(value) : NAN)
#define IF_USED(value) (i < s->used ? (double)(value) : NAN)
#define NUMBERS(X)                                                                                 \
    X(strength, IF_READABLE(pv_report_strength(&s->run[i])))                                       \
    X(seed, IF_READABLE(s->run[i].config.seed))                                                    \
    X(latents, IF_READABLE(s->run[i].config.latents))                                              \
    X(steps, IF_READABLE(s->run[i].config.steps))                                                  \
    X(examples, IF_USED(s->run[i].examples))                                                       \
    X(active, IF_USED(s->run[i].count[PV_ACTIVE]))                                                 \
    X(mixed, IF_USED(s->run[i].count[PV_MIXED]))                                                   \
    X(passive, IF_USED(s->run[i].count[PV_PASSIVE]))                                               \
    X(loss, IF_USED(s->run[i].loss))                                                               \
    X(kl, IF_USED(s->run[i].kl))                                                                   \
    X(elbo, IF_USED(s->run[i].elbo))
TEXTS(TEXT)
NUMBERS(NUMBER)

static pv_status write_runs(pv_h5 *file, const pv_study *s)
{
#define X(column, value) PV_TRY(write_texts(file, "runs/" #column, s, s->runs, column));
    TEXTS(X)
#undef X
#define X(column, value) PV_TRY(write_numbers(file, "runs/" #column, s, s->runs, column));
    NUMBERS(X)
#undef X
    return PV_OK;
}

/* ---- values [used runs, codes, sets of variables] ---- */

TEXT(code_name, ((void)s, pv_codes_name[i]))
TEXT(subset_name, ((void)s, pv_subset_name[i]))

static pv_status write_values(pv_h5 *file, const pv_study *s)
{
    char name[128];
    double *value;
    PV_TRY(write_texts(file, "codes", s, PV_CODES, code_name));
    PV_TRY(write_texts(file, "subsets", s, PV_SUBSETS, subset_name));
    PV_TRY(pv_new(&value, s->used * PV_CODES * PV_SUBSETS + 1, sizeof *value, "values"));
    pv_status status = PV_OK;
    for (int k = -1; k < s->ordered && status == PV_OK; k++) {
        size_t n = 0;
        for (size_t i = 0; i < s->used; i++)
            for (int c = 0; c < (k < 0 ? 1 : PV_CODES); c++)
                for (int u = 0; u < PV_SUBSETS; u++)
                    value[n++] =
                        k < 0 ? s->run[i].size[u] : pv_report_value(&s->run[i], s->order[k], c, u);
        snprintf(name, sizeof name, "values/%s", k < 0 ? "size" : s->measures.at[s->order[k]].name);
        pv_h5_array array = {
            .name = name, .type = PV_H5_F64, .rank = 3, .dim = {s->used, PV_CODES, PV_SUBSETS}};
        if (k < 0) array.rank = 2, array.dim[1] = PV_SUBSETS;
        status = pv_h5_write(file, &array, value);
    }
    free(value);
    return status;
}

/* ---- models that are drawn: the first of every point ---- */

static pv_status write_array(pv_h5 *file, const char *group, const char *name, int rank,
                             const size_t *dim, const void *value, pv_h5_type type)
{
    char path[128];
    pv_h5_array array = {.name = path, .type = type, .rank = rank};
    snprintf(path, sizeof path, "%s/%s", group, name);
    memcpy(array.dim, dim, (size_t)rank * sizeof *dim);
    return value ? pv_h5_write(file, &array, value) : PV_OK;
}

static pv_status write_histograms(pv_h5 *file, const char *group, const pv_report_model *m)
{
    static const char *const shape[PV_SHAPES] = {"mean", "sampled", "variance"};
    const size_t d = (size_t)m->latents, bins = (size_t)m->bins;
    double *value;
    char name[64];
    if (!m->histogram[0]) return PV_OK;
    PV_TRY(pv_new(&value, d * (bins + 2), sizeof *value, "histograms"));
    pv_status status = PV_OK;
    for (int h = 0; h < PV_SHAPES && status == PV_OK; h++) {
        double *range = value + d * bins;
        for (size_t v = 0; v < d; v++) {
            memcpy(value + v * bins, m->histogram[h][v].count, bins * sizeof *value);
            range[2 * v] = m->histogram[h][v].low;
            range[2 * v + 1] = m->histogram[h][v].high;
        }
        snprintf(name, sizeof name, "histogram_%s", shape[h]);
        status = write_array(file, group, name, 2, (size_t[]){d, bins}, value, PV_H5_F64);
        snprintf(name, sizeof name, "histogram_%s_range", shape[h]);
        if (status == PV_OK)
            status = write_array(file, group, name, 2, (size_t[]){d, 2}, range, PV_H5_F64);
    }
    free(value);
    return status;
}

static pv_status write_model(pv_h5 *file, const char *group, const pv_report_model *m, size_t run)
{
    static const char *const matrix[2] = {"correlation", "covariance"};
    const size_t d = (size_t)m->latents, pairs = (size_t)m->pairs;
    const double number = (double)run;
    char name[64];
    PV_TRY(write_array(file, group, "run", 0, (size_t[]){0}, &number, PV_H5_F64));
    PV_TRY(write_array(file, group, "index", 1, (size_t[]){d}, m->index, PV_H5_I32));
    PV_TRY(write_array(file, group, "type", 1, (size_t[]){d}, m->type, PV_H5_I32));
    for (int k = 0; k < 2; k++)
        for (int c = 0; c < PV_CODES; c++) {
            snprintf(name, sizeof name, "%s_%s", matrix[k], pv_codes_name[c]);
            PV_TRY(write_array(file, group, name, 2, (size_t[]){d, d}, m->matrix[k][c], PV_H5_F64));
        }
    PV_TRY(write_histograms(file, group, m));
    if (m->steps == 0) return PV_OK;
    PV_TRY(write_array(file, group, "step", 1, (size_t[]){m->steps}, m->step, PV_H5_F64));
    PV_TRY(write_array(file, group, "pair", 2, (size_t[]){pairs, 2}, m->pair, PV_H5_I32));
    for (int k = 0; k < 2; k++) {
        snprintf(name, sizeof name, "%s_over_training", matrix[k]);
        PV_TRY(write_array(file, group, name, 2, (size_t[]){m->steps, pairs}, m->over_time[k],
                           PV_H5_F64));
    }
    return PV_OK;
}

static pv_status write_models(pv_h5 *file, const pv_study *s)
{
    char group[64];
    for (size_t p = 0; p < s->points; p++) {
        pv_report_model model;
        const size_t run = s->point[p].first;
        snprintf(group, sizeof group, "models/%zu", p);
        pv_status status = pv_report_model_read(&model, s->directory, s->run[run].name);
        if (status == PV_ENOMEM) return status;
        if (status != PV_OK) continue; /* told where it is drawn */
        status = write_model(file, group, &model, run);
        pv_report_model_clear(&model);
        if (status != PV_OK) return status;
    }
    return PV_OK;
}

pv_status pv_report_hdf5_write(const pv_study *study, const char *path)
{
    pv_h5 *file;
    PV_TRY(pv_h5_create(&file, path));
    pv_status status = write_runs(file, study);
    if (status == PV_OK) status = write_values(file, study);
    if (status == PV_OK) status = write_models(file, study);
    if (status == PV_OK) status = pv_h5_commit(file);
    pv_h5_close(file);
    return status;
}
