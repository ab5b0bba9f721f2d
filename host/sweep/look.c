/* look.c -- how far a sweep is, from what its run directories say. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "polarvae/train.h"
#include "sweep/team.h"

enum { ALIVE = 60 /* seconds */, TAIL = 1024 };

static int is_owned(const char *directory)
{
    char path[4096 + 16];
    struct stat info;
    snprintf(path, sizeof path, "%s/.owner", directory);
    return stat(path, &info) == 0 && difftime(time(NULL), info.st_mtim.tv_sec) < ALIVE;
}

/* Step and rate of a run, from the last two lines of its log; what cannot be read is left alone. */
static void read_log(uint64_t *step, double *rate, const char *directory)
{
    char path[4096 + 16], text[TAIL + 1];
    unsigned long long at[2] = {0};
    double seconds[2] = {0};
    int lines = 0;
    snprintf(path, sizeof path, "%s/log.csv", directory);
    FILE *log = fopen(path, "r");
    if (!log) return;
    if (fseek(log, -TAIL, SEEK_END) != 0) rewind(log);
    text[fread(text, 1, TAIL, log)] = '\0';
    fclose(log);
    /* A line that is not there as a whole is not looked at. */
    for (char *line = strchr(text, '\n'); line && strchr(line + 1, '\n');
         line = strchr(line + 1, '\n')) {
        unsigned long long found;
        double when;
        if (sscanf(line + 1, "%llu,%lf", &found, &when) != 2) continue;
        at[0] = at[1], seconds[0] = seconds[1];
        at[1] = found, seconds[1] = when;
        lines++;
    }
    if (lines > 0) *step = at[1];
    if (lines > 1 && seconds[1] > seconds[0])
        *rate = (double)(at[1] - at[0]) / (seconds[1] - seconds[0]);
}

static void look_at(pv_sweep_survey *s, const pv_sweep_model *m, const char *directory,
                    void (*tell)(void *, const char *, const char *), void *state)
{
    pv_run_status run;
    double rate = 0;
    const uint64_t steps = (uint64_t)m->config.steps;
    s->steps += steps;
    if (pv_run_status_read(&run, directory) != PV_OK || run.state == PV_RUN_NONE) {
        s->missing++;
        return;
    }
    const int trained = run.state == PV_RUN_FINISHED && run.step >= steps;
    const int evaluated = trained && pv_sweep_evaluated(directory);
    if (evaluated) {
        s->finished++;
    } else if (run.state != PV_RUN_FAILED && is_owned(directory)) {
        s->running++;
        if (!trained) read_log(&run.step, &rate, directory);
    } else if (trained && !*run.error) {
        s->trained++;
    } else if (trained || run.state == PV_RUN_FAILED) {
        s->failed++;
        if (tell) tell(state, m->name, run.error);
    } else {
        s->stopped++;
    }
    s->done += run.step < steps ? run.step : steps;
    s->steps_per_second += rate;
}

pv_status pv_sweep_look(pv_sweep_survey *out, const pv_sweep *sweep, const char *directory,
                        void (*tell)(void *state, const char *name, const char *error), void *state)
{
    const pv_team team = {.options = &(pv_sweep_options){.directory = directory}};
    memset(out, 0, sizeof *out);
    out->models = pv_sweep_count(sweep);
    for (size_t i = 0; i < out->models; i++) {
        pv_sweep_model m;
        char path[4096];
        PV_TRY(pv_sweep_model_open(&m, sweep, i));
        pv_sweep_path(path, &team, &m);
        look_at(out, &m, path, tell, state);
        pv_sweep_model_close(&m);
    }
    return PV_OK;
}
