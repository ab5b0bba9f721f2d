/* train.h -- training one model: the captured step, and a run in its directory. */
#ifndef POLARVAE_TRAIN_H
#define POLARVAE_TRAIN_H

#include "polarvae/config.h"
#include "polarvae/data.h"
#include "polarvae/device.h"
#include "polarvae/net.h"
#include "polarvae/objective.h"

/* ---- a data set on a device: one for all models that train on it ---- */

typedef struct {
    const pv_data *data; /* must stay; borrowed */
    pv_device *device;
    const void *images;     /* bits, bytes or shorts, as data has them; NULL: more than fits */
    const void *background; /* of a variant that has one */
} pv_device_data;

/* Images that do not fit into the device's memory, or stay in their file, are no failure: models in
 * training then hold a part of them that changes, and others read what they need. */
pv_status pv_device_data_open(pv_device_data *out, pv_device *device, const pv_data *data);
void pv_device_data_close(pv_device_data *data); /* a zeroed struct is fine */
/* A warning where images do not fit, or NULL. */
const char *pv_device_data_notice(const pv_device_data *data);

/* What a batch is gathered from, and with which random numbers a variant makes its images. */
typedef struct {
    const uint32_t *index; /* [rows] which images */
    const void *images;    /* in device memory, in data's form; NULL: all of data's */
    size_t examples;       /* of `images` */
    uint64_t seed, purpose;
    const pv_step *step;
} pv_gathering;
/* Records the gathering as floats, [rows, pixels], in 0..1 (resized images may leave it). */
pv_status pv_device_data_gather(pv_program *program, const pv_device_data *data,
                                const pv_gathering *what, float **image);

/* ---- a model in training ---- */

typedef struct pv_trainer pv_trainer;

/* Makes the model of a configuration, freshly initialised, and captures its step. config, data and
 * stream must stay. */
pv_status pv_trainer_open(pv_trainer **out, const pv_config *config, const pv_device_data *data,
                          pv_stream *stream);
void pv_trainer_close(pv_trainer *trainer); /* NULL is fine */

/* One optimiser update; returns when it is queued. */
pv_status pv_trainer_step(pv_trainer *trainer);

uint64_t pv_trainer_count(const pv_trainer *trainer); /* updates done */
const pv_vae *pv_trainer_vae(const pv_trainer *trainer);
const pv_parameters *pv_trainer_parameters(const pv_trainer *trainer);
const pv_program *pv_trainer_program(const pv_trainer *trainer); /* the captured step */

/* Columns of the log: "reconstruction", then the objective's terms. */
int pv_trainer_terms(const pv_trainer *trainer);
const char *pv_trainer_term(const pv_trainer *trainer, int index);

/* The means of the terms over the last `steps` updates (at most log_every), and the loss. Waits.
 * PV_ENUMERIC names the step and the term if one is not finite. */
pv_status pv_trainer_log(pv_trainer *trainer, uint64_t steps, double terms[PV_MAX_TERMS],
                         double *loss);

/* A test's or a comparison's step: given images and noise, no update. image [batch, pixels] in
 * 0..1 and noise [batch, latents] in host memory replace what would be drawn (but for the second
 * batch of an objective that wants one); afterwards the gradients are in
 * pv_trainer_parameters()->gradient, and terms[] and *loss hold the terms. */
pv_status pv_trainer_probe(pv_trainer *trainer, const float *image, const float *noise,
                           double terms[PV_MAX_TERMS], double *loss);

/* Parameters, moments, step and log into a file that appears when it is complete, and back. The
 * checksum is over all of it. PV_EDATA if the file is damaged, PV_EUSAGE if it belongs to another
 * configuration or data set (naming the key). */
pv_status pv_trainer_save(pv_trainer *trainer, const char *path);
pv_status pv_trainer_restore(pv_trainer *trainer, const char *path);

/* ---- a run directory belongs to one process at a time ---- */

/* On one machine a lock tells whether the owner lives. Elsewhere DIRECTORY/.owner does: it holds
 * the owner's token, and is touched while the owner works. A claim that nobody has given back may
 * be taken over by another machine, or from a process that hangs, when it has not been touched for
 * `silence` seconds (by the file system's clock; 0: PV_SILENCE). */
typedef struct pv_claim pv_claim;
enum { PV_SILENCE = 600 };

/* PV_EOWNED, and nothing is changed, where another process works there. Until the claim is
 * released, files that this thread writes appear under their names only while it holds: a process
 * that was taken over changes nothing. One claim a thread. */
pv_status pv_run_claim(pv_claim **out, const char *directory, double silence);
/* PV_EOWNED if another process has taken over. */
pv_status pv_claim_check(pv_claim *claim);
/* The same every few seconds, and a sign of life; else it costs nothing. */
pv_status pv_claim_beat(pv_claim *claim);
void pv_claim_release(pv_claim *claim); /* by the same thread; NULL is fine */

/* ---- a run: DIR/config.yaml, log.csv, checkpoint.h5, snapshots/, status.json; on a GPU also
 * algorithms.txt: what was chosen for each convolution ---- */

/* What a run borrows where several are trained side by side; else it has its own. */
typedef struct {
    pv_stream *stream;
    const pv_device_data *images; /* of config->data */
    pv_claim *claim;              /* of the directory, which is there */
    /* In place of messages on stderr, on the thread of the run: how many steps are done, when it
     * has begun or gone on and after each step; note: a line for the user, or NULL. */
    void (*hear)(void *state, uint64_t step, const char *note);
    void *state;
} pv_run_lane;

typedef struct {
    const char *directory;
    int resume; /* continue what is there; else the directory must hold no run */
    int quiet;
    const pv_run_lane *lane; /* may be NULL */
} pv_run_options;

/* Trains to config->steps. A signal leaves a checkpoint and PV_ESTOPPED. PV_EOWNED, and nothing is
 * changed, where another process is training in the directory. */
pv_status pv_run_train(const pv_config *config, const pv_run_options *options);

/* ---- what became of a run: status.json ---- */

/* X(name, as it stands in the file) */
#define PV_RUN_STATES(X)                                                                           \
    X(RUNNING, "running") /* or cut off without a chance to say so */                              \
    X(STOPPED, "stopped")                                                                          \
    X(FAILED, "failed")                                                                            \
    X(FINISHED, "finished")
typedef enum {
    PV_RUN_NONE, /* there is no such file */
#define X(name, text) PV_RUN_##name,
    PV_RUN_STATES(X)
#undef X
} pv_run_state;

typedef struct {
    pv_run_state state;
    uint64_t step, steps; /* done when it was written; of the configuration */
    char error[512];      /* why it failed or stopped; else "" */
} pv_run_status;

pv_status pv_run_status_read(pv_run_status *out, const char *directory);

/* Keeps why a run could not begin or go on: status.json says `failed` with pv_error() as the
 * reason, which stays; all else is as it was. Does nothing where a run of another configuration is,
 * or where it cannot be written. The caller has claimed the directory. */
void pv_run_fail(const pv_config *config, const char *directory);

/* Keeps why a finished run could not be evaluated, or "", if it was; the caller has claimed it. */
void pv_run_note(const char *directory, const char *error);

/* PV_EUSAGE, which names the key, if the directory holds a run that the configuration cannot go on
 * with. */
pv_status pv_run_check(const pv_config *config, const char *directory);

/* ---- a trained model ---- */

typedef struct {
    pv_config config;
    pv_vae vae;
    pv_parameters parameters; /* values only */
    uint64_t step;
    uint64_t data_checksum;
    size_t latents;    /* before any were pruned: random numbers stay indexed by these */
    int32_t *variable; /* [vae.latents] which of these are left, ascending; NULL: all; owned */
} pv_model;

/* The model of a run directory, from its checkpoint; or from snapshots/ as it was after `step` of
 * its steps. */
pv_status pv_model_open(pv_model *out, const char *directory, pv_stream *stream);
pv_status pv_model_open_snapshot(pv_model *out, const char *directory, uint64_t step,
                                 pv_stream *stream);
/* The steps of its snapshots, ascending; the caller frees *step. */
pv_status pv_run_snapshots(uint64_t **step, size_t *count, const char *directory);
void pv_model_close(pv_model *model); /* a zeroed struct is fine */

/* Writes a run directory with the same model without some of its variables: their rows are cut out
 * of the encoder's heads, and what they add to the layers that read z is folded into these layers'
 * biases, as if each always were `mean[j]`. keep [latents]: which stay, at least one. The directory
 * must not exist, or be empty. The model loads like any other, but is not trained on. */
pv_status pv_model_prune(const char *directory, const char *out, const int *keep,
                         const double *mean, pv_stream *stream);

#endif
