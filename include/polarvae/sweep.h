/* sweep.h -- many models from one file, trained side by side in lanes.
 *
 * A sweep file is a configuration (config.h) with two more keys:
 *
 *     data: [dsprites, scream.h5]                    a list where a configuration has one value
 *     steps: 300000
 *     grid:
 *       - {objective: beta_vae, beta: [1, 2, 4, 6, 8, 16]}
 *       - {objective: factor_vae, gamma: [10, 20, 30, 40, 50, 100], steps: 150000}
 *     seeds: 50                                      0..49; or a list: [3, 5, 8]
 *
 * `grid` is a list of mappings. A value in a mapping may be a list: the mapping stands for every
 * combination, and the mappings follow one another. A value of a mapping replaces that of the rest
 * of the file.
 *
 * Order. From slowest to fastest: the lists outside of grid, in the order of the file; the mappings
 * of grid; the lists of a mapping, in the order of the file; the seeds. So with G combinations in
 * the whole grid and S seeds, model (d, g, s) has the index d * G * S + g * S + s, from 0: of seven
 * data sets, six mappings of six values each and `seeds: 50`, model (data set, method, value, seed)
 * is number dataset * 1800 + method * 300 + value * 50 + seed. The order depends on nothing else.
 *
 * Names. A model is an ordinary run directory DIR/NAME, with NAME made of the objective and of
 * key=value for what the file gives as a list or as seeds, and for what distinguishes mappings of
 * the same objective: factor_vae-gamma=30-seed=2. Of a data file stands the name without
 * directory and ending, or the whole path where two of them would be alike. NAME holds letters,
 * digits and . _ = + - only, and does not change when values or seeds are added to a list. */
#ifndef POLARVAE_SWEEP_H
#define POLARVAE_SWEEP_H

#include <stddef.h>

#include "polarvae/config.h"

enum { PV_SWEEP_MODELS = 1000000, PV_SWEEP_NAME = 201 };

typedef struct pv_sweep pv_sweep;

/* Reads the file and then `count` assignments "key=value", which replace values of the file outside
 * of grid (also `seeds`), and checks every model: PV_EUSAGE names file, line, key and what would be
 * right, as pv_config_load does; also if two models are the same, or would have the same name. */
pv_status pv_sweep_open(pv_sweep **out, const char *path, int count, const char *const *set);
void pv_sweep_close(pv_sweep *sweep); /* NULL is fine */

size_t pv_sweep_count(const pv_sweep *sweep);

typedef struct {
    char name[PV_SWEEP_NAME];
    char
        *keys; /* what the grid, the lists and the seeds give: "objective=beta_vae beta=4 seed=0" */
    pv_config config;
} pv_sweep_model;

/* Model `index` < pv_sweep_count. */
pv_status pv_sweep_model_open(pv_sweep_model *out, const pv_sweep *sweep, size_t index);
void pv_sweep_model_close(pv_sweep_model *model); /* a zeroed one is fine */

/* ---- training and evaluating them ---- */

enum { PV_SWEEP_DEVICES = 64 };

typedef struct {
    const char *directory;
    long index; /* < pv_sweep_count: of the only model to train; negative: all */
    /* Of several processes that share the work, this one has the models whose index leaves the
     * remainder `shard` when divided by `shards`; 0: all. */
    int shard, shards;
    /* Seconds of silence after which a run is taken over from a process on another machine (0:
     * PV_SILENCE); and, if not 0, after which the models of another shard are, when those of this
     * one are done. */
    double steal_after;
    const char *devices; /* "all" (every GPU, or the CPU), or names with commas; NULL: the
                            configuration's one */
    int lanes;           /* on each device; 0: one a thread, or one a GPU */
    int train_only;      /* do not evaluate */
    int quiet;
} pv_sweep_options;

typedef struct {
    size_t models;            /* that are this process's */
    size_t finished, trained; /* all that are, and those of them that it has trained now */
    size_t failed;            /* each with a line on stderr */
    size_t taken_over;        /* models of other shards, finished now */
} pv_sweep_result;

/* Trains what is missing and evaluates what is trained (run_evaluation.h). There is one copy of
 * each data set on a device while models want it. Each lane is a host thread with its own stream:
 * it takes the next model of the list until none is left. On a CPU a lane evaluates what it has
 * trained before it takes the next; on a GPU lanes go on training, and another one evaluates. The
 * key `threads` (0: all cores) is the number of threads of all lanes together. The bits of a model
 * do not depend on any of this: they are those that pv_run_train and pv_run_evaluate make.
 *
 * A finished model is not touched. One that was cut off or has failed is resumed from its last
 * checkpoint. One that fails now for want of a resource (PV_EIO, PV_ENOMEM, PV_EDEVICE) is tried
 * once more when all others have been; status.json of each failed one keeps the reason. If a data
 * set cannot be opened the models that want it fail, and the others are trained. Models that other
 * processes work on are waited for, or taken over.
 *
 * PV_EUSAGE, and nothing is trained, if a directory holds a run of another configuration (it names
 * the first one and the key). PV_ESTOPPED after a signal: every lane has left a checkpoint. Another
 * failure if any model failed. *out is complete in every case. */
pv_status pv_sweep_run(pv_sweep_result *out, const pv_sweep *sweep,
                       const pv_sweep_options *options);

/* ---- how far it is ---- */

typedef struct {
    size_t models, finished, trained; /* finished: evaluated as well; trained: not yet */
    size_t running, stopped, failed, missing;
    uint64_t done, steps;    /* of all models */
    double steps_per_second; /* of those that run, by their last lines of log.csv */
} pv_sweep_survey;

/* Reads what the run directories say of themselves, while others write. `tell` (may be NULL) is
 * called for each model that has failed, with the reason. A run is running if its owner was seen
 * within the last minute. */
pv_status pv_sweep_look(pv_sweep_survey *out, const pv_sweep *sweep, const char *directory,
                        void (*tell)(void *state, const char *name, const char *error),
                        void *state);

#endif
