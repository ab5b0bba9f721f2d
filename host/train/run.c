/* run.c -- a run: training in a directory, so that it can be cut off anywhere and resumed. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "polarvae/source.h"
#include "polarvae/train.h"
#include "polarvae/version.h"
#include "train/checkpoint.h"
#include "train/log.h"
#include "train/status.h"
#include "train/trainer.h"

typedef struct {
    const pv_config *config;
    const pv_run_options *options;
    pv_claim *claim;
    /* Its own, unless it trains in a lane. */
    pv_data own_data;
    pv_device *own_device;
    pv_stream *own_stream;
    pv_device_data own_images;
    pv_claim *own_claim;
    pv_stream *stream;
    const pv_device_data *images;
    pv_trainer *trainer;
    pv_log log;
    pv_bar bar;
    uint64_t logged; /* the last step that was looked at for the log */
    double start;
} run;

static void path_in(char out[static 4096], const run *r, const char *name)
{
    snprintf(out, 4096, "%s/%s", r->options->directory, name);
}

/* ---- files ---- */

static const char *device_of(const run *r)
{
    return pv_device_description(pv_stream_device(r->stream));
}

static pv_status write_status(const run *r, pv_run_state state, const char *error)
{
    pv_run_status status = {
        .state = state, .step = pv_trainer_count(r->trainer), .steps = (uint64_t)r->config->steps};
    snprintf(status.error, sizeof status.error, "%s", error);
    return pv_run_status_write(&status, r->options->directory, device_of(r));
}

pv_status pv_run_check(const pv_config *config, const char *directory)
{
    char path[4096];
    pv_config old;
    snprintf(path, sizeof path, "%s/config.yaml", directory);
    if (!pv_file_exists(path)) return PV_OK;
    PV_TRY(pv_config_load(&old, path, 0, NULL));
    const char *key = pv_config_difference(config, &old);
    /* The checkpoint holds the terms of the last log_every steps. */
    if (!key && config->log_every != old.log_every) key = "log_every";
    pv_status status = PV_OK;
    if (key)
        status =
            pv_fail(PV_EUSAGE, "%s: the run has another %s; a changed one needs another directory",
                    path, key);
    pv_config_clear(&old);
    return status;
}

/* A new run needs a directory without one, a resumed run one of the same configuration. */
static pv_status check_directory(const run *r)
{
    char path[4096];
    path_in(path, r, "config.yaml");
    if (!r->options->resume && pv_file_exists(path))
        return pv_fail(PV_EUSAGE,
                       "%s: holds a run already; --resume continues it, --out DIR starts another",
                       r->options->directory);
    return pv_run_check(r->config, r->options->directory);
}

static pv_status snapshot_path(char out[static 4096], const run *r)
{
    path_in(out, r, "snapshots");
    PV_TRY(pv_make_directory(out));
    pv_snapshot_path(out, r->options->directory, pv_trainer_count(r->trainer));
    return PV_OK;
}

/* ---- steps ---- */

static void tell(const run *r, const char *note)
{
    const pv_run_lane *lane = r->options->lane;
    if (lane) lane->hear(lane->state, pv_trainer_count(r->trainer), note);
}

static pv_status write_log(run *r)
{
    double terms[PV_MAX_TERMS], loss;
    const uint64_t count = pv_trainer_count(r->trainer);
    if (count == r->logged) return PV_OK;
    PV_TRY(pv_trainer_log(r->trainer, (uint64_t)r->config->log_every, terms, &loss));
    r->logged = count;
    if (count % (uint64_t)r->config->log_every != 0 && count != (uint64_t)r->config->steps)
        return PV_OK; /* looked at, for numbers that are not finite, but no line of the log */
    PV_TRY(pv_claim_check(r->claim));
    PV_TRY(pv_log_line(&r->log, r->trainer, pv_now() - r->start, loss, terms));
    char detail[256];
    int length = snprintf(detail, sizeof detail, "loss %.4g", loss);
    for (int i = 0; i < pv_trainer_terms(r->trainer) && length < (int)sizeof detail; i++)
        length += snprintf(detail + length, sizeof detail - (size_t)length, "  %s %.4g",
                           pv_trainer_term(r->trainer, i), terms[i]);
    pv_bar_show(&r->bar, (size_t)count, (size_t)r->config->steps, detail);
    return PV_OK;
}

static pv_status checkpoint(run *r)
{
    char path[4096];
    PV_TRY(write_log(r));
    PV_TRY(pv_log_sync(&r->log));
    path_in(path, r, "checkpoint.h5");
    return pv_trainer_save(r->trainer, path);
}

static int wants_snapshot(const run *r)
{
    const pv_config_list *list = &r->config->snapshots;
    for (int i = 0; i < list->count; i++)
        if ((uint64_t)list->value[i] == pv_trainer_count(r->trainer)) return 1;
    return 0;
}

static pv_status after_step(run *r)
{
    char path[4096];
    const uint64_t count = pv_trainer_count(r->trainer);
    if (count % (uint64_t)r->config->log_every == 0) PV_TRY(write_log(r));
    if (wants_snapshot(r)) {
        PV_TRY(write_log(r));
        PV_TRY(snapshot_path(path, r));
        PV_TRY(pv_trainer_save(r->trainer, path));
    }
    const int last = count == (uint64_t)r->config->steps; /* train() leaves that one */
    return count % (uint64_t)r->config->checkpoint_every == 0 && !last ? checkpoint(r) : PV_OK;
}

static pv_status train(run *r)
{
    if (pv_trainer_count(r->trainer) == 0 && wants_snapshot(r)) PV_TRY(after_step(r));
    while (pv_trainer_count(r->trainer) < (uint64_t)r->config->steps) {
        if (pv_signal_came()) {
            PV_TRY(checkpoint(r));
            return pv_fail(PV_ESTOPPED,
                           "stopped at step %llu of %lld; continue with: polarvae train --resume "
                           "--out %s",
                           (unsigned long long)pv_trainer_count(r->trainer),
                           (long long)r->config->steps, r->options->directory);
        }
        PV_TRY(pv_claim_beat(r->claim));
        PV_TRY(pv_trainer_step(r->trainer));
        tell(r, NULL);
        PV_TRY(after_step(r));
    }
    return checkpoint(r);
}

/* ---- a run ---- */

static void print_header(const run *r)
{
    const pv_data *d = r->images->data;
    if (r->options->quiet || r->options->lane) return;
    const char *notice = pv_device_notice(pv_stream_device(r->stream));
    if (notice) fprintf(stderr, "%s\n", notice);
    const int threads = pv_stream_threads(r->stream);
    fprintf(stderr, "polarvae %s (%s): %s on %s: %s, %d thread%s, %s\n", PV_VERSION, PV_COMMIT,
            r->config->objective, pv_device_name(pv_stream_device(r->stream)), device_of(r),
            threads, threads == 1 ? "" : "s", pv_stream_precision(r->stream));
    fprintf(stderr, "%s: %zu images %dx%dx%d; %zu parameters; step %llu of %lld; %s\n",
            r->config->data, d->examples, d->height, d->width, d->channels,
            pv_trainer_vae(r->trainer)->parameters,
            (unsigned long long)pv_trainer_count(r->trainer), (long long)r->config->steps,
            r->options->directory);
}

/* What the device chose for convolutions, where it had a choice. */
static pv_status write_choices(const run *r)
{
    char path[4096];
    const char *choices = pv_program_choices(pv_trainer_program(r->trainer));
    path_in(path, r, "algorithms.txt");
    if (choices) return pv_write_text(path, choices, strlen(choices));
    (void)unlink(path); /* of a device that the run was on before */
    return PV_OK;
}

static pv_status restore(run *r)
{
    char path[4096], device[PV_DESCRIPTION];
    path_in(path, r, "checkpoint.h5");
    if (!r->options->resume || !pv_file_exists(path)) return PV_OK;
    PV_TRY(pv_trainer_restore(r->trainer, path));
    PV_TRY(pv_checkpoint_device(device, path));
    if (!device[0] || strcmp(device, device_of(r)) == 0) return PV_OK;
    char note[PV_DESCRIPTION + 128];
    snprintf(note, sizeof note,
             "note: the checkpoint was written on %s; here the last bits may differ", device);
    if (r->options->lane)
        tell(r, note);
    else if (!r->options->quiet)
        fprintf(stderr, "%s\n", note);
    return PV_OK;
}

static pv_status claim_own(run *r)
{
    PV_TRY(pv_make_directory(r->options->directory));
    return pv_run_claim(&r->own_claim, r->options->directory, 0);
}

static pv_status open_own(run *r)
{
    const pv_config *c = r->config;
    PV_TRY(pv_device_open(&r->own_device, c->device));
    PV_TRY(pv_stream_open(&r->own_stream, r->own_device, (int)c->threads));
    pv_source source;
    PV_TRY(pv_source_of(&source, c));
    PV_TRY(pv_source_open(&r->own_data, &source, (int)c->threads, r->options->quiet));
    PV_TRY(pv_device_data_open(&r->own_images, r->own_device, &r->own_data));
    const char *notice = pv_device_data_notice(&r->own_images);
    if (notice && !r->options->quiet) fprintf(stderr, "warning: %s: %s\n", c->data, notice);
    r->stream = r->own_stream;
    r->images = &r->own_images;
    return PV_OK;
}

static pv_status prepare(run *r)
{
    char path[4096];
    const pv_run_lane *lane = r->options->lane;
    if (!lane) PV_TRY(claim_own(r));
    r->claim = lane ? lane->claim : r->own_claim;
    PV_TRY(check_directory(r));
    r->stream = lane ? lane->stream : NULL;
    r->images = lane ? lane->images : NULL;
    if (!lane) PV_TRY(open_own(r));
    PV_TRY(pv_trainer_open(&r->trainer, r->config, r->images, r->stream));
    PV_TRY(restore(r));
    path_in(path, r, "config.yaml");
    PV_TRY(pv_config_save(r->config, path, "polarvae " PV_VERSION));
    PV_TRY(write_choices(r));
    path_in(path, r, "log.csv");
    PV_TRY(pv_log_open(&r->log, path, r->trainer));
    PV_TRY(write_status(r, PV_RUN_RUNNING, ""));
    r->logged = r->log.step;
    r->start = pv_now();
    print_header(r);
    pv_bar_start(&r->bar, "training", (size_t)pv_trainer_count(r->trainer),
                 r->options->quiet || lane);
    tell(r, NULL);
    return PV_OK;
}

pv_status pv_run_train(const pv_config *config, const pv_run_options *options)
{
    run r = {.config = config, .options = options};
    pv_status status = prepare(&r);
    if (status == PV_OK) {
        status = train(&r);
        pv_bar_end(&r.bar);
        char error[512];
        snprintf(error, sizeof error, "%s", pv_error());
        pv_run_state state = status == PV_OK         ? PV_RUN_FINISHED
                             : status == PV_ESTOPPED ? PV_RUN_STOPPED
                                                     : PV_RUN_FAILED;
        pv_status told =
            status == PV_EOWNED ? status : write_status(&r, state, status == PV_OK ? "" : error);
        if (status == PV_OK)
            status = told;
        else
            pv_fail(status, "%s", error); /* the first failure is the one to tell */
    }
    pv_log_close(&r.log);
    pv_trainer_close(r.trainer);
    pv_device_data_close(&r.own_images);
    pv_stream_close(r.own_stream);
    pv_device_close(r.own_device);
    pv_data_close(&r.own_data);
    pv_claim_release(r.own_claim);
    return status;
}
