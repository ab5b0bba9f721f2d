/* evaluate.h -- mean against sampled representations, and the variables that are passive.
 *
 * Definitions: Bonheme & Grzes, Be More Active! (arXiv 2109.12679); scores as disentanglement_lib
 * computes them (Locatello et al., arXiv 1811.12359). */
#ifndef POLARVAE_EVALUATE_H
#define POLARVAE_EVALUATE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "polarvae/config.h"
#include "polarvae/device.h"
#include "polarvae/metrics.h"

/* What an encoder made of N examples; host memory, row-major; owned by the struct. */
typedef struct {
    size_t examples;
    int latents, factors;
    float *mean, *variance, *sampled; /* [examples, latents] */
    int32_t *factor;                  /* [examples, factors], or NULL: */
    double *factor_value;             /* where some factor is no whole number, all of them */
    char (*factor_name)[32];          /* [factors] */
    size_t copies;     /* rows of each combination of factors, where that is known to be so and more
                          than 1: they differ in nuisance factors */
    int32_t *variable; /* [latents] their names in a model before it was pruned, or NULL */
    const char *precision; /* of the encoder's layers, static text; NULL: not known */
} pv_codes;
void pv_codes_free(pv_codes *codes); /* a zeroed struct is fine */

/* Arrays mean, variance, sampled (f32 [N, D]), factors (i32 or f64 [N, K]), factor_names and, where
 * there are any, copies (i32 [1, 1]): as
 * NumPy's .npz if the name ends so, else as HDF5 with the attribute precision, which is not read.
 * The file appears under its name only when it is complete. */
pv_status pv_codes_write(const pv_codes *codes, const char *path);
/* From that HDF5 file, from NumPy's .npz with arrays of these names, or from a .npy of codes alone:
 * the file's first bytes tell. What is missing is NULL; without a mean, "codes" are taken for it.
 * Factors may be floats: where all are whole numbers, they are read as such. PV_EDATA where there
 * are no codes, and where a factor is not finite. */
pv_status pv_codes_read(pv_codes *out, const char *path);
/* The factors of codes that have none, from a file of their own: a .npy [N, K], or one with factors
 * as above. */
pv_status pv_codes_read_factors(pv_codes *codes, const char *path);

/* Drops all variables but the `count` that `column` names, which keep their numbers as names. */
pv_status pv_codes_keep(pv_codes *codes, const int *column, int count);

typedef enum { PV_ACTIVE, PV_MIXED, PV_PASSIVE, PV_TYPES } pv_type;
extern const char *const pv_type_name[PV_TYPES]; /* "active", ... */

/* The paper's rule, on the posterior variance s of one latent over the examples: with m its
 * average and v its population variance, a variable is active if v < variance_threshold and
 * m <= mean_error, passive if v < variance_threshold and |m - 1| <= mean_error, else mixed. Of one
 * example, whose variance is m, the same with v = 0. */
pv_type pv_variable_type(double mean_variance, double variance_of_variance,
                         double variance_threshold, double mean_error);

/* Sets of types that are scored: bit t is set if variables of type t belong. */
enum { PV_SUBSETS = 7 };
extern const unsigned pv_subset_types[PV_SUBSETS];
extern const char *const pv_subset_name[PV_SUBSETS]; /* all, active, mixed, passive, active+mixed,
                                                        active+passive, mixed+passive */

/* Scores of one set of variables; NaN where undefined (fewer than two variables, a set that lacks
 * one of its types, a singular covariance), with the reason. */
typedef struct {
    int size;
    double total_correlation;       /* 1/2 (sum log S_ii - log det S), nats */
    double mutual_information;      /* mean over ordered pairs of the binned estimate, nats */
    double wasserstein_correlation; /* 2 tr S - 2 tr (diag(S) S)^(1/2) */
    double effective_rank;          /* exp(entropy of the normalised singular values of S) */
    const char *reason;             /* static text, or NULL */
} pv_scores;

typedef struct {
    double *correlation, *covariance; /* [latents, latents], covariance with N - 1; owned */
    double *mutual_information;       /* [latents, latents], nats, diagonal = entropy; owned */
    pv_scores subset[PV_SUBSETS];
} pv_representation;

/* Examples in bins of equal width; a constant is the middle of a range of 1. */
typedef struct {
    double low, high;
    uint32_t *count; /* [bins]; owned */
} pv_histogram;
enum { PV_OF_MEAN, PV_OF_SAMPLED, PV_OF_VARIANCE, PV_HISTOGRAMS };

/* How many variables have each type under other thresholds than those of the evaluation. */
typedef struct {
    double variance_threshold, mean_error;
    int count[PV_TYPES];
} pv_sensitivity;
enum { PV_SENSITIVITIES = 25 }; /* 5 by 5: both thresholds times 1/4, 1/2, 1, 2 and 4 */

typedef struct {
    int bins;
    double variance_threshold, mean_error;
} pv_evaluation_options;

/* What tells images and training apart: keys of a run's configuration. */
enum { PV_RUN_KEYS = 4 };
extern const char *const pv_run_key[PV_RUN_KEYS]; /* "data", "variant", "nuisance", "correlation" */

typedef struct {
    size_t examples;
    int latents;                               /* 0: only metrics were computed */
    char device[PV_DESCRIPTION], precision[8]; /* where codes were scored, and how encoded or "" */
    pv_type *type;                             /* [latents]; owned, as the next three */
    double *mean_variance, *variance_of_variance; /* of the posterior variance, over examples */
    double *kl;                                   /* average KL of each variable, nats */
    int32_t *variable; /* the number of each: 0, 1, ..., or what pruning has left */
    int count[PV_TYPES];
    size_t *examples_of[PV_TYPES];   /* [latents] on how many examples a variable is of the type */
    size_t *examples_with[PV_TYPES]; /* [latents + 1] how many examples have n variables of it */
    pv_sensitivity sensitivity[PV_SENSITIVITIES];
    pv_representation mean, sampled;
    pv_evaluation_options options;          /* that types and scores were made with */
    char of_run[PV_RUN_KEYS][PV_TEXT];      /* values of pv_run_key; "": the codes are of no run */
    pv_histogram *histogram[PV_HISTOGRAMS]; /* [latents] each; owned */
    double reconstruction_loss, reconstruction_kl, reconstruction_elbo; /* NaN if not measured */
    pv_metric_results metrics;  /* of "mean" and "sampled"; empty if not computed; owned */
    pv_sklearn_era sklearn_era; /* of the metrics */
} pv_evaluation;
void pv_evaluation_free(pv_evaluation *evaluation);

/* Types and scores of codes; moments, histograms and contingency tables are computed on the
 * stream's device. NaN or infinite codes are PV_EDATA, naming the variable. */
pv_status pv_evaluate_codes(pv_evaluation *out, const pv_codes *codes, pv_stream *stream,
                            const pv_evaluation_options *options);

/* design: evaluation.json */
pv_status pv_evaluation_write(const pv_evaluation *evaluation, const char *path);
/* The table that a person reads. */
void pv_evaluation_print(const pv_evaluation *evaluation, FILE *to);

#endif
