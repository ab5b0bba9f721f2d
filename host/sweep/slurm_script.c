/* slurm_script.c -- the script of an array job: what Slurm is asked for, a task, and how it ends.
 */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "polarvae/version.h"
#include "sweep/slurm.h"

/* ---- quoting ---- */

/* For the shell; plain words stay as they are. */
static void put_word(FILE *out, const char *word)
{
    static const char plain[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._=+:,@%-";
    if (*word && !word[strspn(word, plain)]) {
        fputs(word, out);
        return;
    }
    putc('\'', out);
    for (; *word; word++) {
        if (*word == '\'')
            fputs("'\\''", out);
        else
            putc(*word, out);
    }
    putc('\'', out);
}

/* For a line of #SBATCH, and as a file name that Slurm makes: there %% is %. */
static void put_file_name(FILE *out, const char *name)
{
    for (; *name; name++) {
        if (*name == '"') putc('\\', out);
        if (*name == '%') putc('%', out);
        putc(*name, out);
    }
}

/* In a comment nothing ends the line. */
static void put_comment(FILE *out, const char *text)
{
    for (; *text; text++) putc((unsigned char)*text < ' ' ? '?' : *text, out);
}

/* sweep.yaml becomes polarvae-sweep */
static void put_job_name(FILE *out, const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    const char *end = strrchr(name, '.');
    if (!end || end == name) end = name + strlen(name);
    fputs("polarvae-", out);
    for (; name < end; name++) {
        const int plain = strchr("._-", *name) || (*name >= '0' && *name <= '9') ||
                          (*name >= 'A' && *name <= 'Z') || (*name >= 'a' && *name <= 'z');
        putc(plain ? *name : '_', out);
    }
}

/* ---- its parts ---- */

static void put_head(FILE *out, const pv_slurm_array *a)
{
    fputs("#!/bin/sh\n# ", out);
    put_comment(out, a->path);
    fprintf(out,
            "\n"
            "# An array job of a sweep, written by polarvae %s (%s): `sbatch` takes this file.\n"
            "# Task T trains the models whose index leaves the remainder %zu + T when divided by "
            "%zu;\n"
            "# `polarvae sweep --list` has the indices. What was cut off goes on to the same "
            "bits.\n",
            PV_VERSION, PV_COMMIT, a->offset, a->total);
}

/* A later option replaces an earlier one: the user's replace ours, but for the tasks. */
static void put_options(FILE *out, const pv_slurm_array *a)
{
    const char *given = a->options->sbatch;
    fputs("#SBATCH --job-name=", out);
    put_job_name(out, a->file);
    fputs("\n#SBATCH --output=\"", out);
    put_file_name(out, a->logs);
    fputs("/%A_%a.log\"\n#SBATCH --open-mode=append\n#SBATCH --requeue\n", out);
    fputs("#SBATCH --signal=B:USR1@120\n", out);
    if (given[strspn(given, " \t")]) fprintf(out, "#SBATCH %s\n", given);
    fprintf(out, "#SBATCH --array=%s\n", a->tasks);
}

static void put_task(FILE *out, const pv_slurm_array *a)
{
    fprintf(out,
            "\n"
            "task=${SLURM_ARRAY_JOB_ID:?is set by sbatch}_$SLURM_ARRAY_TASK_ID\n"
            "shard=$((SLURM_ARRAY_TASK_ID + %zu))/%zu\n"
            "echo \"task $task, shard $shard, restart ${SLURM_RESTART_COUNT:-0}: $(uname -n), "
            "$(date)\"\n"
            "cd ",
            a->offset, a->total);
    put_word(out, a->present);
    fputs(" || exit 1\n"
          "\n"
          "# TERM comes with scancel and preemption, USR1 before the time limit. Either way the\n"
          "# models at work leave checkpoints before polarvae ends.\n"
          "stopped= program=\n"
          "stop() {\n"
          "    stopped=yes\n"
          "    [ -z \"$program\" ] || kill -TERM \"$program\"\n"
          "}\n"
          "trap stop TERM USR1\n",
          out);
    put_word(out, a->program);
    fputs(" sweep ", out);
    put_word(out, a->file);
    for (int i = 0; i < a->options->count; i++) {
        putc(' ', out);
        put_word(out, a->options->argument[i]);
    }
    fputs(" \\\n    --dir ", out);
    put_word(out, a->directory);
    fputs(" --shard \"$shard\" </dev/null &\n"
          "program=$!\n"
          "[ -z \"$stopped\" ] || stop\n"
          "# A signal ends `wait`, but not yet the program.\n"
          "wait \"$program\"\n"
          "status=$?\n"
          "while kill -0 \"$program\" 2>/dev/null; do\n"
          "    wait \"$program\"\n"
          "    status=$?\n"
          "done\n"
          "if [ -z \"$stopped\" ] || [ $status -eq 0 ]; then exit $status; fi\n",
          out);
}

static void put_end(FILE *out)
{
    fprintf(
        out,
        "\n"
        "# Slurm itself queues again what it preempts and what a node fails, and nothing that\n"
        "# was cancelled; none of these is RUNNING any more. A task that is has come near its\n"
        "# time limit, or is in the grace before preemption: it has itself queued again.\n"
        "state=$(squeue --noheader --jobs=\"$task\" --format=%%T)\n"
        "[ \"$state\" = RUNNING ] || exit $status\n"
        "if [ \"${SLURM_RESTART_COUNT:-0}\" -ge %d ]; then\n"
        "    echo \"was queued %d times already: no more; polarvae sweep --slurm goes on\" >&2\n"
        "    exit $status\n"
        "fi\n"
        "scontrol requeue \"$task\"\n"
        "exit $status\n",
        PV_SLURM_RESTARTS, PV_SLURM_RESTARTS);
}

/* ---- all of it ---- */

static pv_status check(const pv_slurm_array *a)
{
    if (strpbrk(a->options->sbatch, "\r\n"))
        return pv_fail(PV_EUSAGE, "--slurm: the options of sbatch must stand on one line");
    if (strpbrk(a->logs, "\\\r\n"))
        return pv_fail(PV_EUSAGE,
                       "%s: Slurm cannot write to a path with a backslash or a line break; choose "
                       "another --dir",
                       a->logs);
    return PV_OK;
}

pv_status pv_slurm_script(char **out, size_t *size, const pv_slurm_array *array)
{
    *out = NULL;
    PV_TRY(check(array));
    FILE *file = open_memstream(out, size);
    if (!file) return pv_fail(PV_ENOMEM, "out of memory for the script of an array job");
    put_head(file, array);
    put_options(file, array);
    put_task(file, array);
    put_end(file);
    if (fclose(file) == 0) return PV_OK;
    free(*out);
    *out = NULL;
    return pv_fail(PV_ENOMEM, "out of memory for the script of an array job");
}
