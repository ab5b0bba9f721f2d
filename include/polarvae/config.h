/* config.h -- everything that decides a run: one table of keys.
 *
 * The table makes the struct, the parser, the range checks, `--help`, the dump (config.yaml of a
 * run, configs/base.yaml) and the nearest-key suggestion for a typing error. Files are YAML
 * mappings of scalars (a list of whole numbers for `snapshots`). A value on the command line is
 * `key=value`. */
#ifndef POLARVAE_CONFIG_H
#define POLARVAE_CONFIG_H

#include <stdint.h>
#include <stdio.h>

#include "polarvae/status.h"

enum { PV_TEXT = 1024, PV_MAX_SNAPSHOTS = 4096, PV_OBJECTIVE_VALUES = 8 };

/* TEXT(key, default, help)                  char[PV_TEXT]
 * CHOICE(key, default, "a|b|c", help)       int: index into the choices
 * COUNT(key, default, low, high, help)      int64_t
 * REAL(key, default, low, high, help)       double
 * LIST(key, default, help)                  pv_config_list of whole numbers, ascending
 * SECTION(title)                            a heading of the dump
 * Between SECTION("objective") and the next, the keys of the objectives appear as well: they
 * stand in the objectives' own files (objective.h), default to `auto` (the published value), and
 * any other value is an error where the chosen objective does not read the key. */
/* clang-format off */
#define PV_CONFIG_KEYS(SECTION, TEXT, CHOICE, COUNT, REAL, LIST)                                                        \
    SECTION("data")                                                                                                     \
    TEXT(data, "dsprites", "an HDF5 file in the dSprites or 3dshapes layout, or a data set of the study: dsprites (the generated grid), dsprites_noshape, color_dsprites, noisy_dsprites, scream_dsprites and, once imported, smallnorb, cars3d, shapes3d, mpi3d_toy, mpi3d_realistic, mpi3d_real") \
    CHOICE(variant, "none", "none|color|noisy|scream", "what binary images get when a batch is gathered: a random colour, noise around them, a patch of a picture behind them") \
    TEXT(background, "auto", "that picture, PNG or JPEG; auto: scream.jpg where data sets are kept")                    \
    TEXT(nuisance, "auto", "factors that vary but are not observed, names with commas, or none; auto: as the data set has them") \
    CHOICE(smallnorb_overshoot, "false", "false|true", "SmallNORB with pixels below 0 and above 1 where resizing made them, as the study saw it") \
    CHOICE(order, "iid", "iid|epochs", "iid: drawn with replacement, as the study; epochs: shuffled passes")            \
    TEXT(correlation, "none", "correlated factors in training: FACTOR:FACTOR:STRENGTH, with commas, as shape:scale:0.1; the smaller, the stronger; -FACTOR: inverse; *: all others") \
    COUNT(data_memory, 0, 0, 100000000, "MiB of images that are held; more stay in the file, in blocks that change as training goes on. 0: what the machine has") \
    SECTION("model")                                                                                                    \
    CHOICE(network, "conv", "conv|fc", "the study's convolutional pair, or its fully connected one")                    \
    CHOICE(kernel, "2", "2|4", "kernel size of encoder layers 3 and 4: 2 is the study's code, 4 its paper's table")     \
    COUNT(latents, 10, 1, 4096, "number of latent variables")                                                           \
    SECTION("objective")                                                                                                \
    TEXT(objective, "beta_vae", "which objective is minimised")                                                         \
    SECTION("training")                                                                                                 \
    COUNT(steps, 300000, 0, 1000000000000, "optimiser updates")                                                         \
    COUNT(batch, 64, 1, 8192, "images of a step")                                                                       \
    REAL(learning_rate, 1e-4, 0, 10, "Adam's")                                                                          \
    REAL(adam_beta1, 0.9, 0, 0.999999, "decay of the first moment")                                                     \
    REAL(adam_beta2, 0.999, 0, 0.99999999, "decay of the second moment")                                                \
    REAL(epsilon, 1e-8, 0, 1, "Adam's epsilon")                                                                         \
    CHOICE(adam_epsilon, "tensorflow", "tensorflow|torch", "where epsilon stands: beside the raw or the bias-corrected root") \
    COUNT(seed, 0, 0, 9223372036854775807, "of initial values, batches and noise")                                      \
    SECTION("machine")                                                                                                  \
    TEXT(device, "auto", "auto, cpu or cuda:N")                                                                         \
    CHOICE(precision, "fp32", "fp32|tf32|bf16", "of the factors in layers; all else is float32. On a GPU only")          \
    CHOICE(cudnn_benchmark, "false", "false|true", "on a GPU: convolutions by the algorithm that is fastest when measured, not by estimate; last bits may differ the next time") \
    COUNT(threads, 0, 0, 1024, "host threads; 0: all cores. Results do not depend on it")                               \
    SECTION("output")                                                                                                   \
    COUNT(log_every, 100, 1, 100000, "steps between lines of log.csv")                                                  \
    COUNT(checkpoint_every, 5000, 1, 1000000000000, "steps between checkpoints")                                        \
    LIST(snapshots, "[]", "steps at which the parameters are kept in snapshots/")                                       \
    SECTION("evaluation")                                                                                               \
    COUNT(examples, 10000, 2, 100000000, "examples that are encoded")                                                   \
    COUNT(evaluation_seed, 0, 0, 9223372036854775807, "of the choice of examples and of the sampled codes")             \
    COUNT(bins, 20, 2, 255, "histogram bins of the mutual information")                                                 \
    REAL(variance_threshold, 0.1, 0, 10, "a variable whose posterior variance varies by this much or more is mixed")    \
    REAL(mean_error, 0.1, 0, 0.5, "active: average posterior variance within this of 0; passive: of 1")                 \
    TEXT(metrics, "study", "disentanglement metrics: study (the nine of the study, and guesses as a baseline), all, none, or names with commas: beta_vae, factor_vae, mig, dci, sap, modularity, explicitness, unsupervised, downstream, irs") \
    TEXT(subset_metrics, "none", "metrics of every set of variables by type (active, mixed, passive, active+mixed, ...) as well: as `metrics`") \
    COUNT(metric_train, 10000, 10, 10000000, "examples that metrics learn from")                                        \
    COUNT(metric_test, 5000, 10, 10000000, "examples that they are tested on")                                          \
    CHOICE(sklearn_era, "current", "current|study", "whose defaults learners have: scikit-learn's of today, or of 2018, when the study was made")
/* clang-format on */

typedef struct {
    int count;
    int64_t *value; /* owned by the config */
} pv_config_list;

typedef struct {
#define SECTION(title)
#define TEXT(key, initial, help) char key[PV_TEXT];
#define CHOICE(key, initial, choices, help) int key;
#define COUNT(key, initial, low, high, help) int64_t key;
#define REAL(key, initial, low, high, help) double key;
#define LIST(key, initial, help) pv_config_list key;
    PV_CONFIG_KEYS(SECTION, TEXT, CHOICE, COUNT, REAL, LIST)
#undef SECTION
#undef TEXT
#undef CHOICE
#undef COUNT
#undef REAL
#undef LIST
    /* The chosen objective's keys, in its own order (objective.h); `auto` is resolved. */
    double objective_value[PV_OBJECTIVE_VALUES];
} pv_config;

enum { PV_ORDER_KEY_IID, PV_ORDER_KEY_EPOCHS }; /* config->order */
enum { PV_NETWORK_CONV, PV_NETWORK_FC };        /* config->network */
enum { PV_KERNEL_2, PV_KERNEL_4 };              /* config->kernel */
enum { PV_EPSILON_TENSORFLOW, PV_EPSILON_TORCH };

/* All defaults. The config owns its lists: pv_config_clear frees them (a zeroed one is fine). */
pv_status pv_config_init(pv_config *config);
void pv_config_clear(pv_config *config);

/* Defaults, then the file (NULL: none), then `count` assignments "key=value", then `auto` resolved
 * and the whole checked. PV_EUSAGE names file, line, key and what would be right, as in
 *   configs/x.yaml:3: unknown key 'bata'; did you mean 'beta'?
 *   beta=-1: beta must be between 0 and 1e+06
 *   gamma: objective beta_vae does not read it; its keys are: beta */
pv_status pv_config_load(pv_config *config, const char *path, int count, const char *const *set);

/* A complete YAML file that pv_config_load reads back to the same bits; `comment` (may be NULL)
 * becomes its first line. With help != 0 each key is preceded by its help and range, and objective
 * keys are written for all objectives as `auto`: that is configs/base.yaml. */
pv_status pv_config_write(const pv_config *config, FILE *to, const char *comment, int help);

/* The same as a file that appears when it is complete. */
pv_status pv_config_save(const pv_config *config, const char *path, const char *comment);

/* The table as text for `polarvae train --help`: key, default, range, help; objectives with their
 * keys and published values. */
void pv_config_help(FILE *to);

/* Names the first key whose value would change a model's bits or meaning and differs between two
 * configs (precision, but not threads, device, steps, log_every, checkpoint_every, snapshots or the
 * evaluation's keys), or NULL. */
const char *pv_config_difference(const pv_config *a, const pv_config *b);

/* A hash of what pv_config_difference compares, and of steps: equal for two configurations that end
 * in the same model. */
uint64_t pv_config_identity(const pv_config *config);

#endif
