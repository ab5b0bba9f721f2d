/* report_runs.h -- for tests: run directories with a few numbers in their files, for reports;
 * included after cmocka.h. */
#ifndef TESTS_REPORT_RUNS_H
#define TESTS_REPORT_RUNS_H

#include <ftw.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"

static char runs_directory[] = "/tmp/polarvae_runs_XXXXXX";

static int remove_one(const char *name, const struct stat *info, int flag, struct FTW *where)
{
    (void)info;
    (void)flag;
    (void)where;
    return remove(name);
}

/* Set-up and tear-down of a test. */
static int make_runs(void **state)
{
    (void)state;
    strcpy(runs_directory + strlen(runs_directory) - 6, "XXXXXX");
    return mkdtemp(runs_directory) ? 0 : -1;
}

static int remove_runs(void **state)
{
    (void)state;
    return nftw(runs_directory, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Writes DIRECTORY/NAME/FILE. */
__attribute__((format(printf, 3, 4))) static void put_file(const char *name, const char *file,
                                                           const char *format, ...)
{
    char path[1024], text[8192];
    va_list arguments;
    va_start(arguments, format);
    const int size = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    snprintf(path, sizeof path, "%s/%s", runs_directory, name);
    if (pv_make_directory(path) != PV_OK) fail_msg("%s", pv_error());
    snprintf(path, sizeof path, "%s/%s/%s", runs_directory, name, file);
    if (pv_write_text(path, text, (size_t)size) != PV_OK) fail_msg("%s", pv_error());
}

static void put_state(const char *name, const char *state)
{
    put_file(name, "status.json", "{\"state\": \"%s\", \"step\": 9, \"steps\": 300000}", state);
}

/* Two active and `passive` passive variables, TC of mean codes `tc` ("null": none) and its half of
 * sampled ones, MIG `mig`. */
static void put_evaluation(const char *name, int passive, const char *tc, double mig)
{
    put_file(
        name, "evaluation.json",
        "{\"examples\": 500, \"variables\": [{\"index\": 0, \"type\": \"active\"},"
        " {\"index\": 1, \"type\": \"passive\"}],"
        " \"counts\": {\"active\": 2, \"mixed\": 0, \"passive\": %d},"
        " \"representations\": {"
        "  \"mean\": {\"all\": {\"size\": 4, \"total_correlation\": %s},"
        "   \"active\": {\"size\": 2, \"total_correlation\": 0.25},"
        "   \"active+mixed\": {\"size\": 2, \"total_correlation\": null},"
        "   \"correlation\": [[1, -0.5], [-0.5, 1]]},"
        "  \"sampled\": {\"all\": {\"size\": 4, \"total_correlation\": 0.125},"
        "   \"correlation\": [[1, 0], [0, 1]]}},"
        " \"metrics\": {\"sklearn_era\": \"current\", \"mean\": {\"mig\": {\"discrete_mig\": %g,"
        "   \"seed\": 3}, \"downstream_logistic\": {\"100:mean_test_accuracy\": 0.75}}},"
        " \"downstream\": {\"mean\": {\"active\": {\"trees\": {\"1000\": 0.5}}}},"
        " \"reconstruction\": {\"loss\": 10, \"kl\": 2, \"elbo\": -12}}",
        passive, tc, mig);
}

/* A finished and evaluated run. */
static void put_run(const char *name, const char *keys, int passive, const char *tc, double mig)
{
    put_file(name, "config.yaml", "latents: 4\n%s\n", keys);
    put_state(name, "finished");
    put_evaluation(name, passive, tc, mig);
}

#endif
