/* cmd_report.c -- polarvae report: the runs of a directory as one page. */
#include <stdio.h>

#include "base/base.h"
#include "cli/cli.h"
#include "polarvae/report.h"

static const char usage[] =
    "Usage: polarvae report DIR [-o REPORT.html] [--quiet]\n"
    "\n"
    "Shows the runs of a directory, such as a sweep's, in one self-contained HTML page: for each\n"
    "data set and objective how many variables are active, mixed and passive, and total\n"
    "correlation, mutual information, further scores and the accuracy of predictions of mean and\n"
    "sampled codes, all against the strength of the regularisation, as averages and standard\n"
    "deviations over seeds; histograms, correlations and their development of single models;\n"
    "tables of metrics; which runs failed, and why; the commands that make each model again.\n"
    "Runs may be in training meanwhile: those that are finished and have an evaluation.json are\n"
    "drawn, the others counted. A run that is damaged is named on stderr and left out.\n"
    "\n"
    "Beside the page go its numbers. REPORT.csv has a row for each run, its codes (mean, sampled)\n"
    "and each set of its variables (subset: all, active, active+passive, ...), in the columns\n"
    "run, outcome, data, objective, strength_key, strength, seed, latents, steps, examples,\n"
    "active, mixed, passive, loss, kl, elbo, codes, subset, size, one for each score and metric,\n"
    "and note; a run without an evaluation has one row, without codes. In pandas:\n"
    "  runs = pandas.read_csv(\"report.csv\").query(\"subset == 'all'\")\n"
    "  runs.groupby([\"objective\", \"strength\", \"codes\"]).total_correlation.mean()\n"
    "REPORT.h5 has the same: runs/NAME of all runs, evaluated ones first; values/NAME\n"
    "[evaluated run, codes, subset]; models/N, what is drawn of single models (run: its row).\n"
    "\n"
    "  -o, --out FILE  the page; its name ends in .html (report.html)\n"
    "  --quiet         nothing on stderr but what is damaged, and errors\n"
    "  --help          this text\n"
    "\n"
    "Plots are drawn by gnuplot.\n"
    "\n"
    "Example:\n"
    "  polarvae report runs -o runs.html\n";

typedef struct {
    const char *out;
    int quiet;
} options;

static pv_status report(const pv_arguments *rest, void *state)
{
    const options *o = state;
    pv_report_result r;
    if (rest->count == 0)
        return pv_fail(PV_EUSAGE, "report: a directory of runs must be named; see --help");
    if (rest->count > 1)
        return pv_fail(PV_EUSAGE, "report: takes one directory, and '%s' is a second",
                       rest->value[1]);
    const char *out = o->out ? o->out : "report.html";
    pv_signals_catch();
    PV_TRY(pv_report_write(
        &r, &(pv_report_options){.directory = rest->value[0], .path = out, .quiet = o->quiet}));
    printf("%s: %zu of %zu models, %zu methods, %zu figures\n", out, r.outcome[PV_REPORT_USED],
           r.runs, r.methods, r.figures);
    return PV_OK;
}

int pv_command_report(int argc, char **argv)
{
    options o = {0};
    const pv_option known[] = {
        {.name = "--out", .text = &o.out}, {.name = "--quiet", .flag = &o.quiet}, {0}};
    return pv_command_run(
        &(pv_command){.usage = usage, .options = known, .run = report, .state = &o}, argc, argv);
}
