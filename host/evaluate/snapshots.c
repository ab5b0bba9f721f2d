/* snapshots.c -- how the mean codes vary together while a model is trained (Be More Active!,
 * section 5: the same examples are encoded by each snapshot). */
#include "evaluate/snapshots.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "evaluate/moments.h"
#include "evaluate/scores.h"

static pv_status open_all(pv_snapshots *s, size_t latents)
{
    const size_t cells = s->count * latents * latents;
    s->latents = (int)latents;
    PV_TRY(pv_new(&s->covariance, cells, sizeof *s->covariance, "covariances"));
    return pv_new(&s->correlation, cells, sizeof *s->correlation, "correlations");
}

static pv_status measure(pv_snapshots *s, size_t at, const pv_run_evaluation *w)
{
    const size_t d = (size_t)s->latents;
    double *covariance = s->covariance + at * d * d, *correlation = s->correlation + at * d * d;
    pv_model model;
    pv_codes codes;
    pv_moments m;
    PV_TRY(pv_model_open_snapshot(&model, w->directory, s->step[at], w->stream));
    pv_status status =
        pv_encode(&codes, NULL, &model, w->images, w->stream, (size_t)w->config->examples,
                  (uint64_t)w->config->evaluation_seed, NULL);
    pv_model_close(&model);
    if (status != PV_OK) return status;
    status = pv_moments_compute(&m, w->stream,
                                &(pv_moments_input){.x = codes.mean,
                                                    .examples = codes.examples,
                                                    .variables = codes.latents,
                                                    .freedom = (double)codes.examples - 1});
    pv_codes_free(&codes);
    if (status != PV_OK) return status;
    memcpy(covariance, m.covariance, d * d * sizeof *covariance);
    pv_correlate(correlation, covariance, s->latents);
    pv_moments_free(&m);
    return PV_OK;
}

pv_status pv_snapshots_measure(pv_snapshots *out, const pv_run_evaluation *what,
                               const pv_progress *progress)
{
    *out = (pv_snapshots){0};
    PV_TRY(pv_run_snapshots(&out->step, &out->count, what->directory));
    pv_status status = open_all(out, what->model->vae.latents);
    for (size_t i = 0; i < out->count && status == PV_OK; i++) {
        status = measure(out, i, what);
        if (status == PV_OK && progress)
            status = progress->report(progress->state, i + 1, out->count);
    }
    if (status != PV_OK) pv_snapshots_free(out);
    return status;
}

void pv_snapshots_free(pv_snapshots *s)
{
    free(s->step);
    free(s->covariance);
    free(s->correlation);
    *s = (pv_snapshots){0};
}

pv_status pv_snapshots_write(const pv_snapshots *s, const pv_evaluation *e, const char *path)
{
    char *text = NULL;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    if (!to) return pv_fail(PV_ENOMEM, "out of memory: %s", path);
    fputs("step,variable_a,variable_b,type_a,type_b,covariance,correlation\n", to);
    for (size_t i = 0; i < s->count; i++)
        for (int a = 0; a < s->latents; a++)
            for (int b = a; b < s->latents; b++) {
                const size_t at =
                    (i * (size_t)s->latents + (size_t)a) * (size_t)s->latents + (size_t)b;
                fprintf(to, "%llu,%d,%d,%s,%s,%.9g,", (unsigned long long)s->step[i],
                        e->variable[a], e->variable[b], pv_type_name[e->type[a]],
                        pv_type_name[e->type[b]], s->covariance[at]);
                if (isfinite(s->correlation[at])) fprintf(to, "%.9g", s->correlation[at]);
                fputc('\n', to);
            }
    pv_status status = PV_OK;
    if (fclose(to) != 0) status = pv_fail(PV_ENOMEM, "out of memory: %s", path);
    if (status == PV_OK) status = pv_write_text(path, text, size);
    free(text);
    return status;
}
