/* log.c -- log.csv of a run. */
#include "train/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "train/trainer.h"

static pv_status write_failed(const pv_log *log)
{
    return pv_fail(PV_EIO, "%s: cannot be written: %s", log->path, strerror(errno));
}

/* How much of a log belongs to a run that goes on: the heading and the lines of updates that were
 * done. A last line that only a shorter run has, which ended there, goes as well. */
static size_t kept(pv_log *log, const char *text, const pv_trainer *trainer)
{
    const pv_config *c = trainer->config;
    const char *at = strchr(text, '\n'), *line = at;
    uint64_t before = 0;
    if (!at) return 0;
    for (at++; *at;) {
        const char *end = strchr(at, '\n');
        char *comma;
        const uint64_t step = strtoull(at, &comma, 10);
        if (!end || comma == at || *comma != ',' || step > trainer->count) break;
        log->seconds = strtod(comma + 1, NULL);
        before = log->step;
        log->step = step;
        line = at;
        at = end + 1;
    }
    if (log->step % (uint64_t)c->log_every != 0 && log->step < (uint64_t)c->steps) {
        log->step = before;
        at = line;
    }
    return (size_t)(at - text);
}

static pv_status heading(pv_log *log, const pv_trainer *trainer)
{
    fputs("step,seconds,loss", log->file);
    for (int i = 0; i < pv_trainer_terms(trainer); i++)
        fprintf(log->file, ",%s", pv_trainer_term(trainer, i));
    return putc('\n', log->file) == EOF || fflush(log->file) ? write_failed(log) : PV_OK;
}

pv_status pv_log_open(pv_log *out, const char *path, const pv_trainer *trainer)
{
    size_t size = 0, keep = 0;
    memset(out, 0, sizeof *out);
    snprintf(out->path, sizeof out->path, "%s", path);
    if (pv_file_exists(path)) {
        char *text;
        PV_TRY(pv_read_text(&text, &size, path));
        keep = kept(out, text, trainer);
        free(text);
        if (keep < size && truncate(path, (off_t)keep) != 0) return write_failed(out);
    }
    out->file = fopen(path, "a");
    if (!out->file) return write_failed(out);
    return keep == 0 ? heading(out, trainer) : PV_OK;
}

pv_status pv_log_line(pv_log *log, const pv_trainer *trainer, double seconds, double loss,
                      const double *terms)
{
    fprintf(log->file, "%llu,%.3f,%.9g", (unsigned long long)pv_trainer_count(trainer),
            log->seconds + seconds, loss);
    for (int i = 0; i < pv_trainer_terms(trainer); i++) fprintf(log->file, ",%.9g", terms[i]);
    return putc('\n', log->file) == EOF || fflush(log->file) ? write_failed(log) : PV_OK;
}

pv_status pv_log_sync(pv_log *log)
{
    return fsync(fileno(log->file)) != 0 && errno != EINVAL ? write_failed(log) : PV_OK;
}

void pv_log_close(pv_log *log)
{
    if (log->file) fclose(log->file);
    log->file = NULL;
}
