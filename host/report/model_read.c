/* model_read.c -- what is drawn of one model: matrices and histograms of its evaluation.json, and
 * its snapshots.csv. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "report/evaluation_json.h"
#include "report/study.h"

enum { MOST_LATENTS = 4096, MOST_BINS = 4096 };

/* ---- evaluation.json ---- */

static pv_status read_type(pv_type *out, const char *path, const json_t *variable)
{
    const char *text = json_string_value(json_object_get(variable, "type"));
    for (int t = 0; t < PV_TYPES; t++)
        if (text && strcmp(text, pv_type_name[t]) == 0) {
            *out = (pv_type)t;
            return PV_OK;
        }
    return pv_fail(PV_EDATA, "%s: the type of a variable must be active, mixed or passive", path);
}

static pv_status read_histogram(pv_report_model *m, pv_counts *out, const char *path,
                                const json_t *from)
{
    const size_t bins = json_array_size(json_object_get(from, "count"));
    if (m->bins == 0) m->bins = bins <= MOST_BINS ? (int)bins : 0;
    if (m->bins < 1)
        return pv_fail(PV_EDATA, "%s: a histogram must have 1 to %d bins", path, MOST_BINS);
    PV_TRY(pv_json_number(&out->low, path, from, "low"));
    PV_TRY(pv_json_number(&out->high, path, from, "high"));
    PV_TRY(pv_json_numbers(&out->count, path, from, "count", 0, m->bins));
    return out->count ? PV_OK : pv_fail(PV_EDATA, "%s: a histogram has no count", path);
}

static pv_status read_histograms(pv_report_model *m, const char *path, const json_t *variables)
{
    static const char *const name[PV_SHAPES] = {"mean", "sampled", "variance"};
    if (!json_object_get(json_array_get(variables, 0), "histograms")) return PV_OK;
    for (int h = 0; h < PV_SHAPES; h++) {
        PV_TRY(pv_new(&m->histogram[h], (size_t)m->latents, sizeof **m->histogram, "histograms"));
        for (int v = 0; v < m->latents; v++) {
            const json_t *all = json_object_get(json_array_get(variables, (size_t)v), "histograms");
            PV_TRY(read_histogram(m, &m->histogram[h][v], path, json_object_get(all, name[h])));
        }
    }
    return PV_OK;
}

static pv_status read_variables(pv_report_model *m, const char *path, const json_t *variables)
{
    const size_t count = json_array_size(variables);
    if (count < 1 || count > MOST_LATENTS)
        return pv_fail(PV_EDATA, "%s: must have 1 to %d variables", path, MOST_LATENTS);
    m->latents = (int)count;
    PV_TRY(pv_new(&m->index, count, sizeof *m->index, "variables"));
    PV_TRY(pv_new(&m->type, count, sizeof *m->type, "variables"));
    for (size_t v = 0; v < count; v++) {
        const json_t *variable = json_array_get(variables, v);
        double index;
        PV_TRY(pv_json_number(&index, path, variable, "index"));
        m->index[v] = index >= 0 && index < 1e9 ? (int)index : (int)v;
        PV_TRY(read_type(&m->type[v], path, variable));
    }
    return read_histograms(m, path, variables);
}

static pv_status read_evaluation(pv_report_model *m, const char *path)
{
    static const char *const matrix[2] = {"correlation", "covariance"};
    json_t *root, *codes;
    PV_TRY(pv_json_load(&root, path));
    pv_status status = read_variables(m, path, json_object_get(root, "variables"));
    for (int c = 0; c < PV_CODES && status == PV_OK; c++) {
        status = pv_json_inside(&codes, path, root, "representations", pv_codes_name[c]);
        for (int k = 0; k < 2 && status == PV_OK; k++)
            status =
                pv_json_numbers(&m->matrix[k][c], path, codes, matrix[k], m->latents, m->latents);
    }
    json_decref(root);
    return status;
}

/* ---- snapshots.csv ---- */

typedef struct {
    double step, covariance, correlation;
    int a, b;
} line;

/* step,variable_a,variable_b,type_a,type_b,covariance,correlation */
static int parse_line(line *out, const char *text)
{
    char covariance[64] = "", correlation[64] = "";
    const int fields = sscanf(text, "%lf,%d,%d,%*[a-z],%*[a-z],%63[^,\r\n],%63[^,\r\n]", &out->step,
                              &out->a, &out->b, covariance, correlation);
    if (fields < 3) return 0;
    char *end;
    out->covariance = strtod(covariance, &end);
    if (end == covariance) out->covariance = NAN;
    out->correlation = strtod(correlation, &end);
    if (end == correlation) out->correlation = NAN;
    return 1;
}

/* Calls `each` for every line of two different variables. */
static void visit_lines(const char *text, void (*each)(pv_report_model *m, const line *l),
                        pv_report_model *m)
{
    line l;
    for (const char *at = strchr(text, '\n'); at && at[1]; at = strchr(at + 1, '\n'))
        if (parse_line(&l, at + 1) && l.a != l.b) each(m, &l);
}

/* Steps and pairs follow one another; room is there for as many as there are lines. */
static void take_place(pv_report_model *m, const line *l)
{
    if (m->steps == 0 || m->step[m->steps - 1] != l->step) m->step[m->steps++] = l->step;
    if (m->steps > 1) return;
    m->pair[m->pairs][0] = l->a;
    m->pair[m->pairs++][1] = l->b;
}

static void take_values(pv_report_model *m, const line *l)
{
    size_t step = 0;
    int pair = 0;
    while (step < m->steps && m->step[step] != l->step) step++;
    while (pair < m->pairs && (m->pair[pair][0] != l->a || m->pair[pair][1] != l->b)) pair++;
    if (step == m->steps || pair == m->pairs) return;
    m->over_time[0][step * (size_t)m->pairs + (size_t)pair] = l->correlation;
    m->over_time[1][step * (size_t)m->pairs + (size_t)pair] = l->covariance;
}

static pv_status read_text(pv_report_model *m, const char *text)
{
    size_t lines = 1;
    for (const char *c = text; *c; c++) lines += *c == '\n';
    PV_TRY(pv_new(&m->step, lines, sizeof *m->step, "snapshots"));
    PV_TRY(pv_new(&m->pair, lines, sizeof *m->pair, "snapshots"));
    visit_lines(text, take_place, m);
    const size_t values = m->steps * (size_t)m->pairs;
    for (int k = 0; k < 2; k++) {
        PV_TRY(pv_new(&m->over_time[k], values + 1, sizeof(double), "snapshots"));
        for (size_t i = 0; i < values; i++) m->over_time[k][i] = NAN;
    }
    visit_lines(text, take_values, m);
    return PV_OK;
}

static pv_status read_snapshots(pv_report_model *m, const char *path)
{
    char *text;
    if (!pv_file_exists(path)) return PV_OK;
    PV_TRY(pv_read_text(&text, NULL, path));
    pv_status status = read_text(m, text);
    free(text);
    return status;
}

/* ---- both ---- */

pv_status pv_report_model_read(pv_report_model *out, const char *directory, const char *name)
{
    char path[4096];
    *out = (pv_report_model){0};
    snprintf(path, sizeof path, "%s/%s/evaluation.json", directory, name);
    pv_status status = read_evaluation(out, path);
    snprintf(path, sizeof path, "%s/%s/snapshots.csv", directory, name);
    if (status == PV_OK) status = read_snapshots(out, path);
    if (status != PV_OK) pv_report_model_clear(out);
    return status;
}

void pv_report_model_clear(pv_report_model *m)
{
    for (int h = 0; h < PV_SHAPES; h++) {
        for (int v = 0; m->histogram[h] && v < m->latents; v++) free(m->histogram[h][v].count);
        free(m->histogram[h]);
    }
    for (int k = 0; k < 2; k++) {
        for (int c = 0; c < PV_CODES; c++) free(m->matrix[k][c]);
        free(m->over_time[k]);
    }
    free(m->index);
    free(m->type);
    free(m->step);
    free(m->pair);
    *m = (pv_report_model){0};
}
