/* cmd_evaluate.c -- polarvae evaluate: variable types and scores of one run or several. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "cli/cli.h"
#include "cli/session.h"
#include "report/picture.h"

static const char usage[] =
    "Usage: polarvae evaluate RUN [RUN ...] [key=value ...] [--json] [--quiet]\n"
    "\n"
    "Encodes examples, tells active, mixed and passive variables apart, and scores the mean and\n"
    "the sampled representation on every set of them; computes disentanglement metrics of both,\n"
    "for which every image of the data set is encoded once. Writes RUN/evaluation.json,\n"
    "RUN/correlation.png and RUN/reconstructions.png; prints tables, and for several runs one\n"
    "that compares them.\n"
    "\n"
    "  key=value   examples, evaluation_seed, bins, variance_threshold, mean_error, metrics,\n"
    "              metric_train, metric_test, sklearn_era, data, device, threads;\n"
    "              polarvae train --help explains them\n"
    "  --json      evaluation.json on stdout instead of tables (one RUN)\n"
    "  --device D  auto, cpu or cuda:N\n"
    "  --quiet     nothing on stderr but errors\n"
    "  --help      this text\n"
    "\n"
    "Example:\n"
    "  polarvae evaluate runs/beta4 examples=20000 metrics=mig,dci\n";

typedef struct {
    int json, quiet;
} options;

typedef struct {
    const char *run;
    pv_evaluation result;
} evaluated;

/* ---- pictures ---- */

enum { PICTURES = 10 };

static pv_status draw_reconstructions(const pv_session *s, const char *run)
{
    const pv_vae *v = &s->model.vae;
    const size_t pixels = v->pixels;
    char path[4096];
    float *block;
    PV_TRY(pv_new(&block, 2 * PICTURES * pixels, sizeof *block, "pictures"));
    pv_status status = pv_reconstruct(block, block + PICTURES * pixels, &s->model, &s->images,
                                      s->stream, PICTURES, (uint64_t)s->config.evaluation_seed);
    snprintf(path, sizeof path, "%s/reconstructions.png", run);
    if (status == PV_OK)
        status = pv_image_grid_write(&(pv_image_grid){.pixels = block,
                                                      .rows = 2,
                                                      .columns = PICTURES,
                                                      .height = v->height,
                                                      .width = v->width,
                                                      .channels = v->channels,
                                                      .zoom = 2},
                                     path);
    free(block);
    return status;
}

static pv_status draw_correlations(const pv_evaluation *e, const char *run)
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
    snprintf(path, sizeof path, "%s/correlation.png", run);
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

/* ---- one run ---- */

static pv_status score(pv_session *s, evaluated *e, int quiet)
{
    const pv_config *c = &s->config;
    const pv_evaluation_options rule = {.bins = (int)c->bins,
                                        .variance_threshold = c->variance_threshold,
                                        .mean_error = c->mean_error};
    pv_codes codes;
    pv_losses losses;
    pv_bar bar;
    char path[4096];
    pv_bar_start(&bar, "encoding", 0, quiet);
    pv_progress progress = pv_bar_progress(&bar);
    pv_status status = pv_encode(&codes, &losses, &s->model, &s->images, s->stream,
                                 (size_t)c->examples, (uint64_t)c->evaluation_seed, &progress);
    pv_bar_end(&bar);
    if (status != PV_OK) return status;
    status = pv_evaluate_codes(&e->result, &codes, s->stream, &rule);
    e->result.sklearn_era = (pv_sklearn_era)c->sklearn_era;
    if (status == PV_OK) status = pv_session_metrics(&e->result.metrics, s, &codes, quiet);
    pv_codes_free(&codes);
    if (status != PV_OK) return status;
    e->result.reconstruction_loss = losses.reconstruction;
    e->result.reconstruction_kl = losses.kl;
    e->result.reconstruction_elbo = losses.elbo;
    snprintf(path, sizeof path, "%s/evaluation.json", e->run);
    PV_TRY(pv_evaluation_write(&e->result, path));
    PV_TRY(draw_correlations(&e->result, e->run));
    return draw_reconstructions(s, e->run);
}

static pv_status evaluate_run(evaluated *e, int count, const char *const *set, int quiet)
{
    pv_session s;
    PV_TRY(pv_session_open(&s, e->run, count, set, quiet));
    pv_status status = score(&s, e, quiet);
    pv_session_close(&s);
    return status;
}

static pv_status print(const evaluated *e, int json)
{
    if (json) return pv_evaluation_write(&e->result, "-");
    printf("%s: %zu examples, %s; reconstruction %.2f, KL %.2f, ELBO %.2f nats\n\n", e->run,
           e->result.examples, e->result.precision, e->result.reconstruction_loss,
           e->result.reconstruction_kl, e->result.reconstruction_elbo);
    pv_evaluation_print(&e->result, stdout);
    printf("\n%s/: evaluation.json, correlation.png, reconstructions.png\n\n", e->run);
    return PV_OK;
}

/* ---- several runs ---- */

static void print_pair(double mean, double sampled, int digits)
{
    const double value[2] = {mean, sampled};
    printf(" |");
    for (int i = 0; i < 2; i++)
        if (isfinite(value[i]))
            printf(" %7.*f", digits, value[i]);
        else
            printf(" %7s", "-");
}

/* The length of the directory that all runs are in. */
static size_t common_directory(const evaluated *e, int count)
{
    const char *slash = strrchr(e[0].run, '/');
    const size_t length = slash && slash[1] ? (size_t)(slash - e[0].run) + 1 : 0;
    for (int i = 1; i < count; i++)
        if (strncmp(e[i].run, e[0].run, length) != 0 || strchr(e[i].run + length, '/')) return 0;
    return length;
}

static void print_comparison(const evaluated *e, int count)
{
    enum { ALL, ACTIVE };
    const size_t directory = common_directory(e, count);
    int width = directory > 3 ? (int)directory : 3;
    for (int i = 0; i < count; i++)
        if ((int)strlen(e[i].run + directory) > width) width = (int)strlen(e[i].run + directory);
    printf("Active, mixed and passive variables; total correlation (TC) of all variables and of\n"
           "the active ones alone, and mutual information (MI), of mean and sampled codes, in "
           "nats\n\n");
    printf("%-*s              | %15s | %15s | %15s |\n", width, "", "TC, all", "TC, active",
           "MI, all");
    printf("%-*.*s  act mix pas", width, directory ? (int)directory : 3,
           directory ? e[0].run : "run");
    for (int i = 0; i < 3; i++) printf(" | %7s %7s", "mean", "sampled");
    printf(" | %8s\n", "ELBO");
    for (int i = 0; i < count; i++) {
        const pv_evaluation *r = &e[i].result;
        const pv_scores *mean = r->mean.subset, *sampled = r->sampled.subset;
        printf("%-*s  %3d %3d %3d", width, e[i].run + directory, r->count[PV_ACTIVE],
               r->count[PV_MIXED], r->count[PV_PASSIVE]);
        print_pair(mean[ALL].total_correlation, sampled[ALL].total_correlation, 3);
        print_pair(mean[ACTIVE].total_correlation, sampled[ACTIVE].total_correlation, 3);
        print_pair(mean[ALL].mutual_information, sampled[ALL].mutual_information, 4);
        printf(" | %8.2f\n", r->reconstruction_elbo);
    }
}

static pv_status evaluate_all(evaluated *e, int runs, int count, const char *const *set,
                              const options *o)
{
    for (int i = 0; i < runs; i++) {
        PV_TRY(evaluate_run(&e[i], count, set, o->quiet));
        PV_TRY(print(&e[i], o->json));
    }
    if (runs > 1) print_comparison(e, runs);
    return PV_OK;
}

/* Runs first, then assignments. */
static pv_status evaluate(const pv_arguments *rest, void *state)
{
    const options *o = state;
    int runs = 0;
    while (runs < rest->count && !pv_is_assignment(rest->value[runs])) runs++;
    for (int i = runs; i < rest->count; i++)
        if (!pv_is_assignment(rest->value[i]))
            return pv_fail(PV_EUSAGE, "%s: runs come before key=value", rest->value[i]);
    if (runs == 0) return pv_fail(PV_EUSAGE, "evaluate: a run directory must be named; see --help");
    if (o->json && runs > 1) return pv_fail(PV_EUSAGE, "--json: takes one run, not %d", runs);
    evaluated *e;
    PV_TRY(pv_new(&e, (size_t)runs, sizeof *e, "results"));
    for (int i = 0; i < runs; i++) e[i].run = rest->value[i];
    pv_status status = evaluate_all(e, runs, rest->count - runs, rest->value + runs, o);
    for (int i = 0; i < runs; i++) pv_evaluation_free(&e[i].result);
    free(e);
    return status;
}

int pv_command_evaluate(int argc, char **argv)
{
    options o = {0};
    const pv_option known[] = {
        {.name = "--json", .flag = &o.json}, {.name = "--quiet", .flag = &o.quiet}, {0}};
    return pv_command_run(
        &(pv_command){
            .usage = usage, .options = known, .sets_device = 1, .run = evaluate, .state = &o},
        argc, argv);
}
