/* cmd_evaluate.c -- polarvae evaluate: variable types and scores of one run or several. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "cli/cli.h"
#include "cli/session.h"

static const char usage[] =
    "Usage: polarvae evaluate RUN [RUN ...] [key=value ...] [--json] [--quiet]\n"
    "\n"
    "Encodes examples, tells active, mixed and passive variables apart, and scores the mean and\n"
    "the sampled representation on every set of them; computes disentanglement metrics of both,\n"
    "for which every image of the data set is encoded once. Writes RUN/evaluation.json,\n"
    "RUN/correlation.png and RUN/reconstructions.png, and where the run kept snapshots\n"
    "RUN/snapshots.csv and RUN/snapshots.svg: covariance and correlation of every pair of mean\n"
    "codes over training. Prints tables, and for several runs one that compares them.\n"
    "\n"
    "  key=value   examples, evaluation_seed, bins, variance_threshold, mean_error, metrics,\n"
    "              subset_metrics, metric_train, metric_test, sklearn_era, data, device,\n"
    "              threads; polarvae train --help explains them\n"
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

/* ---- one run ---- */

typedef struct {
    pv_bar bar;
    const char *stage; /* that the bar shows, or NULL */
    int quiet;
} progress;

static pv_status hear(void *state, const char *stage, size_t done, size_t total)
{
    progress *p = state;
    if (!p->stage || strcmp(p->stage, stage) != 0) {
        if (p->stage) pv_bar_end(&p->bar);
        pv_bar_start(&p->bar, stage, 0, p->quiet);
        p->stage = stage;
    }
    const pv_progress bar = pv_bar_progress(&p->bar);
    return bar.report(bar.state, done, total);
}

static void say(void *state, const char *note)
{
    progress *p = state;
    pv_bar_say(&p->bar, note);
}

static pv_status evaluate_run(evaluated *e, int count, const char *const *set, int quiet)
{
    pv_session s;
    progress p = {.quiet = quiet};
    PV_TRY(pv_session_open(&s, e->run, count, set, quiet));
    pv_bar_start(&p.bar, "", 0, quiet);
    pv_status status = pv_run_evaluate(&e->result, &(pv_run_evaluation){.directory = e->run,
                                                                        .config = &s.config,
                                                                        .model = &s.model,
                                                                        .images = &s.images,
                                                                        .stream = s.stream,
                                                                        .hear = hear,
                                                                        .say = say,
                                                                        .state = &p});
    if (p.stage) pv_bar_end(&p.bar);
    pv_session_close(&s);
    return status;
}

static pv_status print(const evaluated *e, int json)
{
    char path[4096];
    if (json) return pv_evaluation_write(&e->result, "-");
    printf("%s: %zu examples, %s; reconstruction %.2f, KL %.2f, ELBO %.2f nats\n\n", e->run,
           e->result.examples, e->result.precision, e->result.reconstruction_loss,
           e->result.reconstruction_kl, e->result.reconstruction_elbo);
    pv_evaluation_print(&e->result, stdout);
    snprintf(path, sizeof path, "%s/snapshots.csv", e->run);
    printf("\n%s/: evaluation.json, correlation.png, reconstructions.png%s\n\n", e->run,
           pv_file_exists(path) ? ", snapshots.csv, snapshots.svg" : "");
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
