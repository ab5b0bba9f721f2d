/* trainer.h -- what a model in training consists of; private to host/train/. */
#ifndef PV_TRAINER_H
#define PV_TRAINER_H

#include "polarvae/train.h"
#include "train/window.h"

struct pv_trainer {
    const pv_config *config;
    const pv_device_data *data;
    pv_window *window;    /* of images that are too many, else NULL */
    uint64_t *cumulative; /* weights of examples whose factors are correlated, else NULL ... */
    const void *weights;  /* ... on the device */
    pv_stream *stream;
    const pv_objective *objective;
    pv_vae vae;
    pv_parameters parameters;
    pv_program *step; /* the captured step */
    void *block;      /* device: step block, rates, the objective's space, terms, log */
    pv_step *step_block;
    pv_rates *rates; /* of the VAE's Adam */
    void *space;
    float *terms; /* [term_count] */
    float *log;   /* [log_every, term_count]: row = step mod log_every */
    int term_count;
    uint64_t count;
};

/* Where a step's images and noise come from: drawn (both NULL), or given in device memory. */
typedef struct {
    const float *image, *noise;
} pv_step_source;

/* Records forward pass, objective and backward pass; with `update` also Adam and the log. */
pv_status pv_trainer_record(pv_trainer *trainer, pv_program *program, const pv_step_source *source,
                            int update);

/* The description of the device that wrote a checkpoint; "" if it does not say. */
pv_status pv_checkpoint_device(char out[static PV_DESCRIPTION], const char *path);

#endif
