/* objective.h -- what is minimised: one file per paper in host/objectives/, and the list here.
 *
 * An objective records kernels into a training program: from the posterior and the reconstruction
 * it makes the gradient that flows back into the encoder, and the named terms of the loss. */
#ifndef POLARVAE_OBJECTIVE_H
#define POLARVAE_OBJECTIVE_H

#include "polarvae/config.h"
#include "polarvae/device.h"
#include "polarvae/net.h"

/* Adding an objective: its file, and a line here. */
#define PV_OBJECTIVES(X)                                                                           \
    X(beta_vae) X(annealed_vae) X(factor_vae) X(beta_tcvae) X(dip_vae_i) X(dip_vae_ii)

typedef struct {
    const char *name;
    double low, high;
    double published; /* what `auto` stands for: the study's first value */
    const char *help;
    const char *const *choices; /* NULL: a number; or words, of which the value is the index */
} pv_objective_key;

enum { PV_MAX_TERMS = 12 };

/* What an objective works on while a program is recorded. Activations have a row per image. */
typedef struct {
    pv_program *program;
    const pv_config *config;
    size_t batch, latents;
    uint64_t examples; /* of the data set */
    const pv_vae *vae;
    const pv_parameters *parameters;
    int update; /* whether the step changes parameters, or only tells their gradients */
    const pv_step *step;
    const float *mean, *logvar, *noise, *z; /* [batch, latents] */
    const float *second_z;                  /* of a second batch, if the objective wants one */
    const float *dz;                        /* d(mean reconstruction loss)/dz */
    float *dmean, *dlogvar;                 /* to be recorded by the objective */
    float *terms;                           /* device, [term_count]: batch means, to be recorded */
    void *space;                            /* device: what `space` of the objective asks for */
} pv_objective_context;

typedef struct {
    const char *name;
    const char *title;               /* as people write it */
    const char *source;              /* the paper */
    const pv_objective_key *keys;    /* at most PV_OBJECTIVE_VALUES, ends with a NULL name */
    const char *strength;            /* of its keys, the one that studies vary */
    const char *const *terms;        /* log.csv columns after reconstruction; NULL-ended */
    size_t (*space)(size_t latents); /* bytes of device memory of its own; NULL: none */
    int discriminator;               /* there is one (net.h): the objective trains it */
    int (*second_batch)(const pv_config *config); /* whether it wants second_z; NULL: no */
    /* Records everything after `dz` is known. terms[0] is the reconstruction loss and is there
     * already; the objective fills terms[1..]. */
    pv_status (*record)(const pv_objective_context *context);
    /* The loss from its terms (host, for the log): reconstruction + regulariser. */
    double (*loss)(const pv_config *config, const double *terms, uint64_t step);
} pv_objective;

#define X(name) extern const pv_objective pv_objective_##name;
PV_OBJECTIVES(X)
#undef X

/* NULL-ended list of all. */
extern const pv_objective *const pv_objectives[];

/* sum of the KL divergence over latents, its batch mean into *term (device). */
pv_status pv_objective_kl(const pv_objective_context *context, float *term);
/* The batch mean of an activation of one float a row into *term (device). */
pv_status pv_objective_mean(const pv_objective_context *context, const float *value, float *term);
/* dmean and dlogvar from dz and weight * KL (slope: see posterior_grad of ops.h). */
pv_status pv_objective_posterior(const pv_objective_context *context, const float *dz,
                                 double weight, const float *slope);

/* By name; NULL if there is none. */
const pv_objective *pv_objective_find(const char *name);

#endif
