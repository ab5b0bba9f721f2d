/* bench_report.c -- what a benchmark found: beside the floor, as text, JSON or a line of a table.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/base.h"
#include "cli/bench.h"
#include "polarvae/version.h"

/* ---- what a step costs ---- */

/* Of a pass of one image. */
static double products(const pv_layer *l)
{
    if (l->kind == PV_LAYER_DENSE) return (double)l->fold * (double)l->in * (double)l->out;
    return (double)l->weights * (double)(l->height / l->stride) * (double)(l->width / l->stride);
}

double pv_bench_train_flops(const pv_vae *vae, size_t batch)
{
    const pv_layer *l;
    double total = 0.0;
    for (int i = 0; (l = pv_vae_layer(vae, i)); i++) total += (i == 0 ? 2.0 : 3.0) * products(l);
    return 2.0 * (double)batch * total;
}

double pv_bench_discriminator_flops(const pv_vae *vae, size_t batch)
{
    double total = 0.0;
    for (int i = 0; i < vae->discriminator.layers; i++)
        total += 3.0 * products(&vae->discriminator.layer[i]);
    return 2.0 * (double)batch * total;
}

double pv_bench_encode_flops(const pv_vae *vae, size_t batch)
{
    double total = products(&vae->mean) + products(&vae->logvar);
    for (int i = 0; i < vae->encoder.layers; i++) total += products(&vae->encoder.layer[i]);
    return 2.0 * (double)batch * total;
}

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double pv_bench_median(double *value, size_t count)
{
    qsort(value, count, sizeof *value, ascending);
    return count % 2 ? value[count / 2] : 0.5 * (value[count / 2 - 1] + value[count / 2]);
}

/* ---- the result ---- */

/* What is told: medians of the rounds. */
typedef struct {
    double steps, images, flops, peak, share;
} summary;

static pv_status append(const char *path, const char *line, const char *heading)
{
    const int old = pv_file_exists(path);
    FILE *file = fopen(path, "a");
    if (!file) return pv_fail(PV_EIO, "%s: cannot be written", path);
    if (!old) fprintf(file, "%s\n", heading);
    fprintf(file, "%s\n", line);
    return fclose(file) ? pv_fail(PV_EIO, "%s: cannot be written", path) : PV_OK;
}

static pv_status append_line(const pv_bench_result *r, const pv_bench_options *o, const summary *s)
{
    const pv_bench_times *t = &r->times;
    char line[1024], day[32];
    const time_t now = time(NULL);
    strftime(day, sizeof day, "%Y-%m-%d", gmtime(&now));
    snprintf(line, sizeof line,
             "%s,%s,\"%s\",%s,%ld,%ld,%d,%d,%.3f,%.1f,%.1f,%.1f,%.4f,%.3f,%.3f,%.3f,%.3f,%.3f,%s",
             day, PV_COMMIT, r->machine, r->work, o->kernel, o->batch, r->threads, r->lanes,
             s->steps, s->images, s->flops * 1e-9, s->peak * 1e-9, s->share, t->median, t->low,
             t->high, t->rate[0], t->rate[PV_BENCH_ROUNDS - 1], r->precision);
    return append(o->csv, line,
                  "date,commit,machine,objective,kernel,batch,threads,lanes,steps_per_second,"
                  "images_per_second,gflops,peak_gflops,direct_floor_share,median_ms,min_ms,"
                  "max_ms,slowest_round,fastest_round,precision");
}

static pv_status print_json(const pv_bench_result *r, const pv_bench_options *o, const summary *s)
{
    pv_json *j = pv_json_new();
    pv_json_object(j, NULL);
    pv_json_text(j, "machine", r->machine);
    pv_json_text(j, "objective", r->work);
    pv_json_text(j, "precision", r->precision);
    pv_json_whole(j, "kernel", o->kernel);
    pv_json_whole(j, "batch", o->batch);
    pv_json_whole(j, "threads", r->threads);
    pv_json_whole(j, "lanes", r->lanes);
    pv_json_real(j, "steps_per_second", s->steps);
    pv_json_real(j, "images_per_second", s->images);
    pv_json_real(j, "gflops", s->flops * 1e-9);
    pv_json_real(j, "peak_gflops", s->peak * 1e-9);
    pv_json_real(j, "direct_floor_share", s->share);
    pv_json_real(j, "median_ms", r->times.median);
    pv_json_real(j, "min_ms", r->times.low);
    pv_json_real(j, "max_ms", r->times.high);
    if (r->times.gather > 0) pv_json_real(j, "gather_ms", r->times.gather);
    pv_json_end(j);
    return pv_json_finish(j, "-");
}

static void print(const pv_bench_result *r, const pv_bench_options *o, const summary *s)
{
    const pv_bench_times *t = &r->times;
    printf("%s; %s\n%s, kernel %ld, batch %ld: %d lane(s) of %d thread(s)\n", r->machine,
           r->precision, r->work, o->kernel, o->batch, r->lanes, r->threads);
    printf("  %.2f steps/s (rounds %.2f to %.2f), %.0f images/s\n", s->steps, t->rate[0],
           t->rate[PV_BENCH_ROUNDS - 1], s->images);
    printf(
        "  %.1f GFLOP/s counted as direct convolutions; peak %.1f GFLOP/s (rounds %.1f to %.1f)\n",
        s->flops * 1e-9, s->peak * 1e-9, t->peak[0] * 1e-9, t->peak[PV_BENCH_ROUNDS - 1] * 1e-9);
    printf("  %.1f %% of the direct floor\n", 100.0 * s->share);
    printf("  a step: median %.2f ms, %.2f to %.2f\n", t->median, t->low, t->high);
    if (t->gather > 0)
        printf("  gathering its batch: %.3f ms, %.1f %% of it\n", t->gather,
               100.0 * t->gather / t->median);
}

pv_status pv_bench_report(pv_bench_result *r, const pv_bench_options *o)
{
    const double steps = pv_bench_median(r->times.rate, PV_BENCH_ROUNDS);
    const double peak = pv_bench_median(r->times.peak, PV_BENCH_ROUNDS);
    const summary s = {.steps = steps,
                       .images = steps * (double)o->batch,
                       .flops = steps * r->flops,
                       .peak = peak,
                       .share = steps * r->flops / peak};
    if (o->csv) PV_TRY(append_line(r, o, &s));
    if (o->json) return print_json(r, o, &s);
    print(r, o, &s);
    return PV_OK;
}
