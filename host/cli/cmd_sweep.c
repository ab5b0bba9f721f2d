/* cmd_sweep.c -- polarvae sweep: trains the models of a sweep file. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "cli/cli.h"
#include "cli/sweep_show.h"
#include "polarvae/slurm.h"
#include "polarvae/sweep.h"

static const char usage[] =
    "Usage: polarvae sweep SWEEP.yaml --dir DIR [key=value ...] [--devices LIST] [--lanes L]\n"
    "                      [--index I | --shard I/N] [--steal-after S] [--quiet]\n"
    "       polarvae sweep SWEEP.yaml --dir DIR [key=value ...] --status [--json]\n"
    "       polarvae sweep SWEEP.yaml [key=value ...] --list [--index I]\n"
    "       polarvae sweep SWEEP.yaml --dir DIR [key=value ...] --slurm TEXT [--dry-run]\n"
    "\n"
    "Trains every model of a sweep file into a run directory DIR/NAME, and evaluates it. Finished\n"
    "models are not touched, what was cut off goes on to the same bits, what failed is tried\n"
    "again; the bits of a model are those of `polarvae train` and `polarvae evaluate`, whatever\n"
    "the number of lanes. Several processes and machines may work in one DIR.\n"
    "\n"
    "  key=value      replaces what the file gives outside of its grid, also seeds=N\n"
    "  --dir DIR      where the run directories are\n"
    "  --devices LIST all (every GPU, or the CPU), or names: cuda:0,cuda:1; 0,1 means the same\n"
    "  --lanes L      models trained side by side on each device (default: one a thread of the\n"
    "                 CPU, see the key threads; one on a GPU)\n"
    "  --index I      only the model of that index\n"
    "  --shard I/N    only models whose index leaves the remainder I when divided by N\n"
    "  --steal-after S  take over the work of another machine or shard that has been silent for S\n"
    "                 seconds (default: runs after 600 s, whole shards never)\n"
    "  --train-only   do not evaluate\n"
    "  --status       how far it is, also while others train\n"
    "  --json         how far it is, or what was done, as JSON on stdout\n"
    "  --list         trains nothing: index, name and keys of every model, with tabs between\n"
    "  --device D     auto, cpu or cuda:N\n"
    "  --quiet        nothing on stderr but errors\n"
    "  --help         this text\n"
    "\n"
    "On a cluster with Slurm, the models are dealt out to the tasks of array jobs. A task that is\n"
    "preempted, whose node fails or whose time is up is queued again and goes on; scancel stops "
    "it.\n"
    "\n"
    "  --slurm TEXT  writes DIR/slurm/array-*.sh and submits them; TEXT: options of sbatch, such "
    "as\n"
    "                partition, GPUs and time; the tasks' logs are in DIR/slurm too\n"
    "  --dry-run     prints the scripts; writes and submits nothing\n"
    "  --models-per-task M  (default: 10)\n"
    "  --tasks N            how many tasks, instead\n"
    "  --max-array N        tasks of an array job at most (default: the cluster's MaxArraySize)\n"
    "\n"
    "A sweep file is a configuration (polarvae train --help has its keys) and two keys more:\n"
    "\n"
    "  data: [a.h5, b.h5]       a list where a configuration has one value\n"
    "  grid:                    mappings that follow one another; of the lists in one, every\n"
    "                           combination is taken\n"
    "    - {objective: beta_vae, beta: [1, 4, 16]}\n"
    "    - {objective: factor_vae, gamma: [10, 30], steps: 150000}\n"
    "  seeds: 5                 0, 1, 2, 3, 4; or a list\n"
    "\n"
    "Order, from slowest to fastest: the lists outside of grid, the mappings, the lists of a\n"
    "mapping (of several the first is slower), the seeds. Index 0 is the first model. Above, the\n"
    "index is data * 25 + (number in the grid, 0 to 4) * 5 + seed; factor_vae with gamma 30, seed "
    "2\n"
    "and b.h5 is model 47, factor_vae-data=b-gamma=30-seed=2.\n"
    "\n"
    "Example:\n"
    "  polarvae sweep configs/demo.yaml --list\n"
    "  polarvae sweep configs/demo.yaml --dir runs/demo steps=3000\n"
    "  polarvae sweep configs/demo.yaml --dir runs/demo \\\n"
    "      --slurm \"--partition=gpu --gres=gpu:1 --cpus-per-task=8 --time=4:00:00\"\n";

typedef struct {
    pv_sweep_options run;
    long index, lanes;
    int list, status, json;
    const char *shard, *steal_after;
    const char *slurm;
    long tasks, models_per_task, max_array;
    int dry_run;
} options;

static pv_status list(const pv_sweep *sweep, long index)
{
    pv_sweep_model m;
    const size_t end = index < 0 ? pv_sweep_count(sweep) : (size_t)index + 1;
    for (size_t i = index < 0 ? 0 : (size_t)index; i < end; i++) {
        PV_TRY(pv_sweep_model_open(&m, sweep, i));
        printf("%zu\t%s\t%s\n", i, m.name, m.keys);
        pv_sweep_model_close(&m);
    }
    return PV_OK;
}

static pv_status train(const pv_sweep *sweep, const options *o)
{
    pv_sweep_result r;
    PV_TRY(pv_sweep_run(&r, sweep, &o->run));
    return pv_show_result(&r, o->run.directory, o->json);
}

/* ---- Slurm ---- */

/* The tasks are called with what is no business of Slurm. */
static pv_status submit(const pv_sweep *sweep, const pv_arguments *rest, const options *o)
{
    char lanes[32];
    int count = 0;
    const char **argument;
    snprintf(lanes, sizeof lanes, "%ld", o->lanes);
    const char *const passed[][2] = {{"--lanes", o->lanes ? lanes : NULL},
                                     {"--devices", o->run.devices},
                                     {"--steal-after", o->steal_after}};
    PV_TRY(pv_new(&argument, (size_t)rest->count + 8, sizeof *argument, "arguments"));
    for (int i = 1; i < rest->count; i++) argument[count++] = rest->value[i];
    for (int i = 0; i < 3; i++) {
        if (!passed[i][1]) continue;
        argument[count++] = passed[i][0];
        argument[count++] = passed[i][1];
    }
    if (o->run.train_only) argument[count++] = "--train-only";
    if (o->run.quiet) argument[count++] = "--quiet";
    const pv_status status =
        pv_slurm_submit(sweep, &(pv_slurm_options){.directory = o->run.directory,
                                                   .sbatch = o->slurm,
                                                   .file = rest->value[0],
                                                   .count = count,
                                                   .argument = argument,
                                                   .train_only = o->run.train_only,
                                                   .tasks = (size_t)o->tasks,
                                                   .models_per_task = (size_t)o->models_per_task,
                                                   .max_array = (size_t)o->max_array,
                                                   .dry_run = o->dry_run,
                                                   .out = stdout});
    free(argument);
    return status;
}

static pv_status check_slurm(const options *o)
{
    if (!o->slurm && (o->dry_run || o->tasks || o->models_per_task || o->max_array))
        return pv_fail(PV_EUSAGE, "sweep: --dry-run, --tasks, --models-per-task and --max-array "
                                  "go with --slurm TEXT");
    if (o->slurm && (o->list || o->status || o->index >= 0 || o->shard))
        return pv_fail(PV_EUSAGE, "sweep: --slurm submits all models; it takes no --list, "
                                  "--status, --index or --shard");
    if (o->tasks && o->models_per_task)
        return pv_fail(PV_EUSAGE, "sweep: --tasks or --models-per-task, not both");
    return PV_OK;
}

/* "3/8" */
static pv_status read_shard(options *o)
{
    int read = 0;
    if (!o->shard) return PV_OK;
    if (sscanf(o->shard, "%d/%d%n", &o->run.shard, &o->run.shards, &read) != 2 || o->shard[read] ||
        o->run.shard < 0 || o->run.shard >= o->run.shards || o->run.shards > PV_SWEEP_MODELS)
        return pv_fail(PV_EUSAGE, "--shard %s: must be I/N with 0 <= I < N, such as 0/4", o->shard);
    if (o->index >= 0 || o->list || o->status)
        return pv_fail(PV_EUSAGE, "--shard: does not go with --index, --list or --status");
    return PV_OK;
}

static pv_status read_silence(options *o)
{
    char *end;
    if (!o->steal_after) return PV_OK;
    o->run.steal_after = strtod(o->steal_after, &end);
    if (end == o->steal_after || *end || !(o->run.steal_after >= 30) || o->run.steal_after > 1e9)
        return pv_fail(PV_EUSAGE, "--steal-after %s: must be a number of seconds from 30",
                       o->steal_after);
    return PV_OK;
}

static pv_status check(const pv_arguments *rest, const options *o)
{
    if (rest->count == 0 || pv_is_assignment(rest->value[0]))
        return pv_fail(PV_EUSAGE, "sweep: a sweep file must come first; see --help");
    if (!pv_file_exists(rest->value[0]))
        return pv_fail(PV_EUSAGE, "%s: there is no such sweep file", rest->value[0]);
    for (int i = 1; i < rest->count; i++)
        if (!pv_is_assignment(rest->value[i]))
            return pv_fail(PV_EUSAGE, "%s: is neither an option nor key=value", rest->value[i]);
    if (!o->list && !o->run.directory)
        return pv_fail(PV_EUSAGE, "sweep: --dir DIR is missing, where the models go");
    if (o->status && (o->list || o->index >= 0))
        return pv_fail(PV_EUSAGE, "--status: is of all models; it takes no --list or --index");
    if (o->json && (o->list || o->slurm))
        return pv_fail(PV_EUSAGE, "--json: does not go with --list or --slurm");
    return check_slurm(o);
}

static pv_status sweep(const pv_arguments *rest, void *state)
{
    options *o = state;
    pv_sweep *s;
    PV_TRY(check(rest, o));
    PV_TRY(read_shard(o));
    PV_TRY(read_silence(o));
    o->run.index = o->index;
    o->run.lanes = (int)o->lanes;
    PV_TRY(pv_sweep_open(&s, rest->value[0], rest->count - 1, rest->value + 1));
    pv_status status = PV_OK;
    if (o->index >= (long)pv_sweep_count(s))
        status = pv_fail(PV_EUSAGE, "--index %ld: the sweep has %zu models, from 0", o->index,
                         pv_sweep_count(s));
    if (status == PV_OK)
        status = o->list     ? list(s, o->index)
                 : o->status ? pv_show_survey(s, o->run.directory, o->json)
                 : o->slurm  ? submit(s, rest, o)
                             : train(s, o);
    pv_sweep_close(s);
    return status;
}

int pv_command_sweep(int argc, char **argv)
{
    options o = {.index = -1};
    const pv_option known[] = {
        {.name = "--dir", .text = &o.run.directory},
        {.name = "--lanes", .number = &o.lanes, .low = 1, .high = 1024},
        {.name = "--index", .number = &o.index, .low = 0, .high = PV_SWEEP_MODELS},
        {.name = "--devices", .text = &o.run.devices},
        {.name = "--shard", .text = &o.shard},
        {.name = "--steal-after", .text = &o.steal_after},
        {.name = "--train-only", .flag = &o.run.train_only},
        {.name = "--status", .flag = &o.status},
        {.name = "--json", .flag = &o.json},
        {.name = "--list", .flag = &o.list},
        {.name = "--quiet", .flag = &o.run.quiet},
        {.name = "--slurm", .text = &o.slurm},
        {.name = "--dry-run", .flag = &o.dry_run},
        {.name = "--tasks", .number = &o.tasks, .low = 1, .high = PV_SWEEP_MODELS},
        {.name = "--models-per-task",
         .number = &o.models_per_task,
         .low = 1,
         .high = PV_SWEEP_MODELS},
        {.name = "--max-array", .number = &o.max_array, .low = 1, .high = PV_SWEEP_MODELS},
        {0}};
    return pv_command_run(
        &(pv_command){
            .usage = usage, .options = known, .sets_device = 1, .run = sweep, .state = &o},
        argc, argv);
}
