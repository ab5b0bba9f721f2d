/* check.c -- runs the fixed steps, and keeps or compares what they compute. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "check/step.h"

#define X(name, text, allowed) text,
const char *const pv_check_kind_name[PV_CHECK_KIND_COUNT] = {PV_CHECK_KINDS(X)};
#undef X
#define X(name, text, allowed) allowed,
static const double allowed_of[PV_CHECK_KIND_COUNT] = {PV_CHECK_KINDS(X)};
#undef X

/* ---- one step ---- */

static pv_status add_terms(pv_check_table *t, const pv_check_model *m)
{
    double terms[PV_MAX_TERMS], loss;
    PV_TRY(pv_trainer_log(m->trainer, 1, terms, &loss));
    for (int i = 0; i <= pv_trainer_terms(m->trainer); i++) {
        const int last = i == pv_trainer_terms(m->trainer);
        const float value = (float)(last ? loss : terms[i]);
        PV_TRY(pv_check_table_add(t, last ? "loss" : pv_trainer_term(m->trainer, i), PV_CHECK_TERM,
                                  &value, 1));
    }
    return PV_OK;
}

static pv_status add_parameters(pv_check_table *t, const pv_check_model *m, pv_check_kind kind,
                                const float *from, float *room)
{
    const pv_layer *l;
    char name[PV_CHECK_NAME];
    PV_TRY(pv_download(m->stream, room, from, m->count * sizeof *room));
    for (int i = 0; (l = pv_vae_layer(pv_trainer_vae(m->trainer), i)); i++) {
        snprintf(name, sizeof name, "%s/weight", l->name);
        PV_TRY(pv_check_table_add(t, name, kind, room + l->weight, l->weights));
        snprintf(name, sizeof name, "%s/bias", l->name);
        PV_TRY(pv_check_table_add(t, name, kind, room + l->bias, l->biases));
    }
    return PV_OK;
}

/* Of rate g / (|g| + epsilon), which the first step is; in TensorFlow's placement epsilon stands
 * beside the root of (1 - beta2) g^2. That of the discriminator is less steep. */
static double steepest(const pv_config *c)
{
    const double root = c->adam_epsilon == PV_EPSILON_TORCH ? 1.0 : sqrt(1.0 - c->adam_beta2);
    return c->learning_rate * root / c->epsilon;
}

static pv_status run_model(pv_check_table *t, const pv_check_model *m)
{
    const pv_parameters *p = pv_trainer_parameters(m->trainer);
    float *room;
    t->inputs = m->inputs;
    t->slope = steepest(&m->config);
    PV_TRY(pv_check_watch(t, m));
    PV_TRY(pv_trainer_step(m->trainer));
    PV_TRY(add_terms(t, m));
    PV_TRY(pv_new(&room, m->count, sizeof *room, "parameters"));
    pv_status status = add_parameters(t, m, PV_CHECK_GRADIENT, p->gradient, room);
    if (status == PV_OK) status = add_parameters(t, m, PV_CHECK_UPDATED, p->value, room);
    free(room);
    return status;
}

static pv_status run_step(pv_check_table *out, const pv_check_step *step, pv_stream *stream)
{
    pv_check_model model;
    PV_TRY(pv_check_model_open(&model, step, stream));
    pv_status status = run_model(out, &model);
    pv_check_model_close(&model);
    return status;
}

static pv_status tell(const pv_progress *progress, int done)
{
    if (!progress) return PV_OK;
    return progress->report(progress->state, (size_t)done, (size_t)pv_check_steps());
}

static void clear_tables(pv_check_table *tables)
{
    for (int i = 0; tables && i < pv_check_steps(); i++) pv_check_table_clear(&tables[i]);
    free(tables);
}

/* ---- to keep ---- */

static const char *row_name(const pv_check_table *t, size_t row)
{
    return t->name + row * PV_CHECK_NAME;
}

static pv_status check_rectified(const pv_check_table *t, const pv_check_step *step)
{
    for (size_t i = 0; i < t->count; i++)
        if (t->kind[i] == PV_CHECK_RECTIFIED &&
            !(t->smallest[i] > allowed_of[PV_CHECK_RECTIFIED] * t->largest[i]))
            return pv_fail(PV_ENUMERIC,
                           "step %s with seed %llu: %s comes within %.1e of its largest element to "
                           "0, where rounding decides; give the step another seed",
                           step->name, (unsigned long long)step->seed, row_name(t, i),
                           t->smallest[i] / t->largest[i]);
    return PV_OK;
}

pv_status pv_check_write(const char *path, pv_stream *stream, const pv_progress *progress)
{
    pv_check_table *tables;
    PV_TRY(pv_new(&tables, (size_t)pv_check_steps(), sizeof *tables, "steps"));
    pv_status status = PV_OK;
    for (int i = 0; i < pv_check_steps() && status == PV_OK; i++) {
        const pv_check_step step = pv_check_step_get(i);
        status = run_step(&tables[i], &step, stream);
        if (status == PV_OK) status = check_rectified(&tables[i], &step);
        if (status == PV_OK) status = tell(progress, i + 1);
    }
    if (status == PV_OK)
        status = pv_check_file_write(path, tables, pv_device_description(pv_stream_device(stream)));
    clear_tables(tables);
    return status;
}

/* ---- to compare ---- */

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of the largest element; of what is not a number, infinite. */
static double relative(double error, double largest)
{
    if (error == 0.0) return 0.0;
    const double e = error / largest;
    return e >= 0.0 ? e : INFINITY;
}

static void measure(pv_check_line *line, const pv_check_table *reference, const pv_check_table *own,
                    size_t row)
{
    double error[PV_CHECK_PROBES] = {0}, square = 0.0;
    const size_t probes = pv_check_probes(reference, row);
    for (size_t j = 0; j < probes; j++) {
        const size_t at = row * PV_CHECK_PROBES + j;
        error[j] =
            relative(fabs((double)own->value[at] - (double)reference->value[at]), line->largest);
    }
    qsort(error, probes, sizeof *error, ascending);
    line->maximum = error[probes - 1];
    line->most = error[(probes * 99 + 99) / 100 - 1];
    for (size_t k = 0; k < PV_CHECK_SKETCH; k++) {
        const size_t at = row * PV_CHECK_SKETCH + k;
        const double d = own->sketch[at] - reference->sketch[at];
        square += d * d / PV_CHECK_SKETCH;
    }
    line->rms = relative(sqrt(square / (double)line->size), line->largest);
    if (line->rms < 1e-14) line->rms = 0.0; /* of the sums themselves */
}

/* What the gradient of an updated parameter may be off, in terms of the parameter's largest. */
static double from_gradient(const pv_check_table *t, double slope, size_t row)
{
    for (size_t i = 0; i < row; i++)
        if (t->kind[i] == PV_CHECK_GRADIENT && strcmp(row_name(t, i), row_name(t, row)) == 0)
            return slope * allowed_of[PV_CHECK_GRADIENT] * t->largest[i] / t->largest[row];
    return 0.0;
}

static pv_status check_same(const pv_check_table *reference, const pv_check_table *own,
                            const char *name, const char *path)
{
    int same = reference->inputs == own->inputs && reference->count == own->count;
    for (size_t i = 0; same && i < own->count; i++)
        same = reference->size[i] == own->size[i] && reference->kind[i] == own->kind[i] &&
               strcmp(row_name(reference, i), row_name(own, i)) == 0;
    if (same) return PV_OK;
    return pv_fail(PV_EDATA,
                   "%s: step %s there has other inputs or tensors than in this program; "
                   "write the file with this version",
                   path, name);
}

/* The worse of two errors in terms of what is allowed. */
static double severity(const pv_check_line *line)
{
    const double error = fmax(line->maximum, line->rms);
    return error > 0.0 ? error / line->allowed : 0.0;
}

static pv_status add_lines(pv_check_report *out, const pv_check_table *reference,
                           const pv_check_table *own, const char *name)
{
    pv_check_line *grown = realloc(out->line, (out->count + own->count) * sizeof *grown);
    if (!grown) return pv_fail(PV_ENOMEM, "out of memory for a report");
    out->line = grown;
    for (size_t i = 0; i < own->count; i++) {
        pv_check_line *line = &grown[out->count];
        *line = (pv_check_line){.step = name,
                                .kind = (pv_check_kind)own->kind[i],
                                .size = own->size[i],
                                .largest = reference->largest[i],
                                .allowed = allowed_of[own->kind[i]]};
        snprintf(line->name, sizeof line->name, "%s", row_name(own, i));
        if (line->kind == PV_CHECK_TERM) line->largest = fmax(line->largest, 1.0);
        if (line->kind == PV_CHECK_UPDATED)
            line->allowed += from_gradient(reference, own->slope, i);
        measure(line, reference, own, i);
        line->passed = line->maximum <= line->allowed && line->rms <= line->allowed;
        out->failed += !line->passed;
        if (severity(line) > severity(&grown[out->worst])) out->worst = out->count;
        out->count++;
    }
    return PV_OK;
}

static pv_status compare(pv_check_report *out, const pv_check_table *tables, const char *path,
                         pv_stream *stream, const pv_progress *progress)
{
    for (int i = 0; i < pv_check_steps(); i++) {
        const pv_check_step step = pv_check_step_get(i);
        pv_check_table own = {0};
        pv_status status = run_step(&own, &step, stream);
        if (status == PV_OK) status = check_same(&tables[i], &own, step.name, path);
        if (status == PV_OK) status = add_lines(out, &tables[i], &own, step.name);
        if (status == PV_OK) status = tell(progress, i + 1);
        pv_check_table_clear(&own);
        PV_TRY(status);
    }
    return PV_OK;
}

pv_status pv_check_compare(pv_check_report *out, const char *path, pv_stream *stream,
                           const pv_progress *progress)
{
    pv_check_table *tables;
    memset(out, 0, sizeof *out);
    PV_TRY(pv_new(&tables, (size_t)pv_check_steps(), sizeof *tables, "steps"));
    pv_status status = pv_check_file_read(tables, out, path);
    if (status == PV_OK) status = compare(out, tables, path, stream, progress);
    clear_tables(tables);
    if (status != PV_OK) pv_check_report_free(out);
    return status;
}

void pv_check_report_free(pv_check_report *r)
{
    free(r->line);
    memset(r, 0, sizeof *r);
}
