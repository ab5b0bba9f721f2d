/* snapshots_draw.c -- covariance and correlation over training, as curves. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/base.h"
#include "evaluate/snapshots.h"
#include "report/gnuplot.h"

enum { DRAWN = 24 }; /* variables; more would be a blot, and the CSV has them */

/* What a pair is made of decides its colour. */
enum { BOTH_ACTIVE, WITH_MIXED, WITH_PASSIVE, KINDS };
static const struct {
    const char *title, *colour;
} kind[KINDS] = {[BOTH_ACTIVE] = {"active with active", "#0072b2"},
                 [WITH_MIXED] = {"with a mixed variable", "#999999"},
                 [WITH_PASSIVE] = {"with a passive variable", "#d55e00"}};

typedef struct {
    const pv_snapshots *s;
    const pv_evaluation *e;
    int drawn;
    FILE *to;
} drawing;

static int kind_of(const pv_evaluation *e, int a, int b)
{
    if (e->type[a] == PV_PASSIVE || e->type[b] == PV_PASSIVE) return WITH_PASSIVE;
    return e->type[a] == PV_ACTIVE && e->type[b] == PV_ACTIVE ? BOTH_ACTIVE : WITH_MIXED;
}

/* Curves with a blank line after each; *curves: how many. */
static void data(const drawing *d, const char *name, const double *value, int wanted, int *curves)
{
    const size_t n = (size_t)d->s->latents;
    *curves = 0;
    fprintf(d->to, "$%s%d << END\n", name, wanted);
    for (int a = 0; a < d->drawn; a++)
        for (int b = a + 1; b < d->drawn; b++) {
            if (kind_of(d->e, a, b) != wanted) continue;
            for (size_t i = 0; i < d->s->count; i++) {
                const double y = value[(i * n + (size_t)a) * n + (size_t)b];
                if (isfinite(y))
                    fprintf(d->to, "%llu %.6g\n", (unsigned long long)d->s->step[i], y);
            }
            fputc('\n', d->to);
            ++*curves;
        }
    fputs("END\n", d->to);
}

static void panel(const drawing *d, const char *name, const double *value, int keyed)
{
    int curves[KINDS], first = 1;
    for (int k = 0; k < KINDS; k++) data(d, name, value, k, &curves[k]);
    fprintf(d->to, "set ylabel '%s of mean codes'\nset xlabel '%s'\nset key %s\nplot ", name,
            keyed ? "" : "step", keyed ? "outside above" : "off");
    /* Those of passive variables lie below the others. */
    for (int k = KINDS - 1; k >= 0; k--) {
        if (curves[k] == 0) continue;
        fprintf(d->to, "%s$%s%d using 1:2 with %s lw 1.3 lc rgb '%s' title '%s'", first ? "" : ", ",
                name, k, d->s->count > 1 ? "lines" : "points pt 7", kind[k].colour, kind[k].title);
        first = 0;
    }
    fputc('\n', d->to);
}

static pv_status write_script(const drawing *d)
{
    fputs("set terminal svg size 900,760 dynamic font 'DejaVu Sans,13' background '#ffffff'\n"
          "set grid lc rgb '#dddddd'\nset border 3\nset tics nomirror\n"
          "set multiplot layout 2,1\nset yrange [-1:1]\n",
          d->to);
    panel(d, "correlation", d->s->correlation, 1);
    fputs("set autoscale y\n", d->to);
    panel(d, "covariance", d->s->covariance, 0);
    fputs("unset multiplot\n", d->to);
    return PV_OK;
}

pv_status pv_snapshots_draw(const pv_snapshots *s, const pv_evaluation *e, const char *path)
{
    drawing d = {.s = s, .e = e, .drawn = s->latents < DRAWN ? s->latents : DRAWN};
    char *script = NULL, *plot = NULL;
    size_t size;
    if (s->latents < 2) return pv_fail(PV_EUSAGE, "one variable makes no pair");
    d.to = open_memstream(&script, &size);
    if (!d.to) return pv_fail(PV_ENOMEM, "out of memory: %s", path);
    pv_status status = write_script(&d);
    if (fclose(d.to) != 0) status = pv_fail(PV_ENOMEM, "out of memory: %s", path);
    if (status == PV_OK) status = pv_gnuplot(&plot, &size, script);
    if (status == PV_OK) status = pv_write_text(path, plot, size);
    free(plot);
    free(script);
    return status;
}
