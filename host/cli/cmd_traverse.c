/* cmd_traverse.c -- polarvae traverse: what each variable of a trained model does, as pictures. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/session.h"
#include "polarvae/traverse.h"
#include "report/picture.h"
#include "report/traversal.h"

static const char usage[] =
    "Usage: polarvae traverse RUN [--out DIR] [--examples N] [--steps S] [--range R]\n"
    "                             [--latents K] [key=value ...] [--quiet]\n"
    "\n"
    "Draws what a trained model has learned. A traversal takes the mean code of an example, "
    "replaces\n"
    "one variable by values from -R to R (in standard deviations of the prior) and decodes that.\n"
    "Variables are sorted by their KL to the prior, the largest first, and marked as active, "
    "mixed\n"
    "or passive, as polarvae evaluate tells them. A pruned model's keep their numbers. Files in "
    "DIR:\n"
    "\n"
    "  traversal.png        a row for each variable, a column for each value, of the first "
    "example\n"
    "  traversal-2.png ...  the same of the 2nd, ..., Nth example\n"
    "  traversal.gif        the first one as an animation, with twice as many values\n"
    "  reconstructions.png  10 examples, their reconstructions below\n"
    "  samples.png          64 decoded codes that were drawn from the prior\n"
    "\n"
    "  --out DIR       default: RUN/traversals\n"
    "  --examples N    1 to 100; default: 1\n"
    "  --steps S       values of a variable: 2 to 51; default: 11\n"
    "  --range R       above 0, at most 100; default: 3\n"
    "  --latents K     at most so many variables, those of largest KL: 1 to 128; default: 32\n"
    "  key=value       examples (that types and KL are told from), evaluation_seed,\n"
    "                  variance_threshold, mean_error, data, device, threads\n"
    "  --device D      auto, cpu or cuda:N\n"
    "  --quiet         nothing on stderr but errors\n"
    "  --help          this text\n"
    "\n"
    "Example:\n"
    "  polarvae traverse runs/beta4 --examples 3 --range 2.5\n";

typedef struct {
    const char *out, *range;
    long examples, steps, latents;
    int quiet;
} options;

/* What is drawn, and where. */
typedef struct {
    pv_session s;
    const char *directory;
    pv_codes codes;
    pv_evaluation types;
    int *order; /* [latents] variables by falling KL; the first `rows` are drawn */
    int rows, steps;
    double range;
    size_t examples;
    float *example, *reconstruction; /* [examples, pixels] */
} work;

/* ---- pictures ---- */

static const char *in_directory(char path[static 4096], const work *w, const char *name)
{
    snprintf(path, 4096, "%s/%s", w->directory, name);
    return path;
}

typedef pv_status write_picture(const pv_traversal_picture *picture, const char *path);

/* The traversal of example `i` with so many values of each variable. */
static pv_status draw_traversal(const work *w, size_t i, int steps, write_picture *write,
                                const char *name)
{
    const pv_vae *v = &w->s.model.vae;
    const size_t latents = v->latents, count = (size_t)w->rows * (size_t)steps;
    const float *code = w->codes.mean + i * latents;
    char path[4096];
    float *z = NULL, *decoded = NULL, *example = NULL;
    pv_traversal_row *row = NULL;
    pv_status status = pv_new(&z, count * latents, sizeof *z, "codes");
    if (status == PV_OK) status = pv_new(&decoded, count * v->pixels, sizeof *decoded, "pictures");
    if (status == PV_OK) status = pv_new(&example, 2 * v->pixels, sizeof *example, "pictures");
    if (status == PV_OK) status = pv_new(&row, (size_t)w->rows, sizeof *row, "variables");
    if (status == PV_OK) {
        memcpy(example, w->example + i * v->pixels, v->pixels * sizeof *example);
        memcpy(example + v->pixels, w->reconstruction + i * v->pixels, v->pixels * sizeof *example);
        for (int r = 0; r < w->rows; r++) {
            const int j = w->order[r];
            row[r] = (pv_traversal_row){.variable = w->types.variable[j],
                                        .type = w->types.type[j],
                                        .kl = w->types.kl[j],
                                        .own = (double)code[j]};
        }
        pv_traverse(
            z, code, (int)latents,
            &(pv_traversal){
                .variable = w->order, .variables = w->rows, .steps = steps, .range = w->range});
        status = pv_decode(decoded, &w->s.model, w->s.stream, z, count);
    }
    if (status == PV_OK)
        status = write(&(pv_traversal_picture){.rows = w->rows,
                                               .columns = steps,
                                               .variables = (int)latents,
                                               .row = row,
                                               .range = w->range,
                                               .pixels = decoded,
                                               .example = example,
                                               .height = v->height,
                                               .width = v->width,
                                               .channels = v->channels},
                       in_directory(path, w, name));
    free(row);
    free(example);
    free(decoded);
    free(z);
    return status;
}

static pv_status draw_traversals(const work *w, int quiet)
{
    char name[40] = "traversal.png";
    pv_bar bar;
    pv_bar_start(&bar, "drawing", 0, quiet);
    const pv_progress progress = pv_bar_progress(&bar);
    pv_status status = PV_OK;
    for (size_t i = 0; i < w->examples && status == PV_OK; i++) {
        if (i > 0) snprintf(name, sizeof name, "traversal-%zu.png", i + 1);
        status = draw_traversal(w, i, w->steps, pv_traversal_write_png, name);
        if (status == PV_OK) status = progress.report(progress.state, i + 1, w->examples);
    }
    pv_bar_end(&bar);
    return status;
}

static pv_status draw_samples(const work *w)
{
    enum { SIDE = 8, SAMPLES = SIDE * SIDE };
    const pv_vae *v = &w->s.model.vae;
    char path[4096];
    float *z, *decoded = NULL;
    PV_TRY(pv_new(&z, SAMPLES * v->latents, sizeof *z, "codes"));
    pv_status status = pv_new(&decoded, SAMPLES * v->pixels, sizeof *decoded, "pictures");
    if (status == PV_OK)
        status = pv_draw_prior(z, &w->s.model, w->s.stream, SAMPLES,
                               (uint64_t)w->s.config.evaluation_seed);
    if (status == PV_OK) status = pv_decode(decoded, &w->s.model, w->s.stream, z, SAMPLES);
    if (status == PV_OK)
        status = pv_image_grid_write(&(pv_image_grid){.pixels = decoded,
                                                      .rows = SIDE,
                                                      .columns = SIDE,
                                                      .height = v->height,
                                                      .width = v->width,
                                                      .channels = v->channels,
                                                      .zoom = 2},
                                     in_directory(path, w, "samples.png"));
    free(decoded);
    free(z);
    return status;
}

/* ---- the run ---- */

/* Codes of the examples, types and KL of the variables, and their order. */
static pv_status look(work *w, const options *o)
{
    const pv_config *c = &w->s.config;
    const int latents = (int)w->s.model.vae.latents, most = o->latents ? (int)o->latents : 32;
    pv_bar bar;
    pv_bar_start(&bar, "encoding", 0, o->quiet);
    const pv_progress progress = pv_bar_progress(&bar);
    pv_status status = pv_encode(&w->codes, NULL, &w->s.model, &w->s.images, w->s.stream,
                                 (size_t)c->examples, (uint64_t)c->evaluation_seed, &progress);
    pv_bar_end(&bar);
    if (status != PV_OK) return status;
    PV_TRY(pv_evaluate_codes(&w->types, &w->codes, w->s.stream,
                             &(pv_evaluation_options){.bins = (int)c->bins,
                                                      .variance_threshold = c->variance_threshold,
                                                      .mean_error = c->mean_error}));
    PV_TRY(pv_new(&w->order, (size_t)latents, sizeof *w->order, "variables"));
    pv_order_by_kl(w->order, w->types.kl, latents);
    w->rows = latents < most ? latents : most;
    if (w->rows < latents && !o->quiet)
        fprintf(stderr, "drawing %d of %d variables, those of largest KL; --latents is how many\n",
                w->rows, latents);
    return PV_OK;
}

/* The first examples; the size of the data set's images is checked here. */
static pv_status take_examples(work *w)
{
    const size_t pixels = w->s.model.vae.pixels;
    if (w->examples > (size_t)w->s.config.examples)
        return pv_fail(PV_EUSAGE, "--examples: %zu of the %lld that are encoded; give examples=%zu",
                       w->examples, (long long)w->s.config.examples, w->examples);
    PV_TRY(pv_new(&w->example, w->examples * pixels, sizeof *w->example, "pictures"));
    PV_TRY(pv_new(&w->reconstruction, w->examples * pixels, sizeof *w->reconstruction, "pictures"));
    return pv_reconstruct(w->example, w->reconstruction, &w->s.model, &w->s.images, w->s.stream,
                          w->examples, (uint64_t)w->s.config.evaluation_seed);
}

static pv_status draw(work *w, const options *o)
{
    PV_TRY(take_examples(w));
    PV_TRY(pv_make_directory(w->directory));
    PV_TRY(pv_draw_reconstructions(w->directory, &w->s.model, &w->s.images, w->s.stream,
                                   (uint64_t)w->s.config.evaluation_seed));
    PV_TRY(look(w, o));
    PV_TRY(draw_samples(w));
    PV_TRY(draw_traversals(w, o->quiet));
    /* Halfway between the values of the table, too, so that it moves evenly. */
    PV_TRY(draw_traversal(w, 0, 2 * w->steps - 1, pv_traversal_write_gif, "traversal.gif"));
    printf("%s/: traversal.png, traversal.gif, reconstructions.png, samples.png", w->directory);
    if (w->examples > 1) printf(", traversal-2.png");
    if (w->examples > 2) printf(" to traversal-%zu.png", w->examples);
    printf("\n");
    return PV_OK;
}

static pv_status traverse(const pv_arguments *rest, void *state)
{
    const options *o = state;
    char directory[4096];
    if (rest->count == 0 || pv_is_assignment(rest->value[0]))
        return pv_fail(PV_EUSAGE, "traverse: a run directory must be named; see --help");
    const char *run = rest->value[0];
    snprintf(directory, sizeof directory, "%s/traversals", run);
    work w = {.directory = o->out ? o->out : directory,
              .examples = o->examples ? (size_t)o->examples : 1,
              .steps = o->steps ? (int)o->steps : 11,
              .range = 3};
    if (o->range && !(pv_number_parse(&w.range, o->range) && w.range > 0 && w.range <= 100))
        return pv_fail(PV_EUSAGE, "--range %s: must be a number above 0, at most 100", o->range);
    PV_TRY(pv_session_open(&w.s, run, rest->count - 1, rest->value + 1, o->quiet));
    pv_status status = draw(&w, o);
    free(w.reconstruction);
    free(w.example);
    free(w.order);
    pv_evaluation_free(&w.types);
    pv_codes_free(&w.codes);
    pv_session_close(&w.s);
    return status;
}

int pv_command_traverse(int argc, char **argv)
{
    options o = {0};
    const pv_option known[] = {{.name = "--out", .text = &o.out},
                               {.name = "--examples", .number = &o.examples, .low = 1, .high = 100},
                               {.name = "--steps", .number = &o.steps, .low = 2, .high = 51},
                               {.name = "--range", .text = &o.range},
                               {.name = "--latents", .number = &o.latents, .low = 1, .high = 128},
                               {.name = "--quiet", .flag = &o.quiet},
                               {0}};
    return pv_command_run(
        &(pv_command){
            .usage = usage, .options = known, .sets_device = 1, .run = traverse, .state = &o},
        argc, argv);
}
