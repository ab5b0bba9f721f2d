/* metrics.h -- disentanglement metrics of codes whose factors are known, as disentanglement_lib
 * computes them (Locatello et al., arXiv 1811.12359; version 1.5): the same random choices for the
 * same seed, and so the same numbers on the same codes.
 *
 *     pv_labelled_open(&mean, "mean", codes.mean, codes.latents, codes.factor, codes.factors, N);
 *     pv_metrics_compute(&results, &mean, 1, "mig,dci", stream, &options);
 *     pv_metric_value_of(&results.result[0], "discrete_mig");
 */
#ifndef POLARVAE_METRICS_H
#define POLARVAE_METRICS_H

#include <stdio.h>

#include "polarvae/data.h"
#include "polarvae/device.h"

struct pv_json; /* host/base/base.h */

/* One representation of examples with known factors. Where the rows hold every combination of the
 * factors' values exactly once, in any order, it serves as a generator: examples are drawn from it
 * with replacement, and interventions (examples that share a factor) are look-ups. It also does
 * where each is there `copies` times and the caller says so: the copies differ in nuisance factors,
 * and one of them is drawn for each example, in the order of their rows, as disentanglement_lib
 * draws the value of one such factor. Of several, one draw decides too, where its state space would
 * draw factor by factor. Otherwise metrics that train a predictor use the first two thirds of the
 * rows and test on the rest, the others use all, and those that need interventions are undefined.
 */
typedef struct {
    const char *name;   /* "mean", "sampled": in results */
    const char *subset; /* static text: which of a model's variables these are; "all" once opened */
    size_t rows;
    int variables, factors;
    float *code;     /* [rows, variables]; owned, as what follows */
    int32_t *factor; /* [rows, factors] as given */
    int32_t *size;   /* [factors] how many values a factor has */
    size_t *row;     /* [combinations, copies], row-major; NULL: no generator */
    size_t copies;   /* rows that share a combination: 1, unless the caller says more */
    /* Where some factor is real-valued, in place of the last three: */
    double *value; /* [rows, factors], each factor in units of a power of two: at most 1 */
    unsigned real; /* bit k: factor k is real-valued, the others are whole numbers */
    const char (*factor_name)[32]; /* for messages; borrowed, NULL: the caller has set none */
} pv_labelled;

/* Copies code [rows, variables] and factor [rows, factors]. variable: which of the columns of code
 * to take, `variables` of them out of `width`; NULL: all. PV_EDATA names a code that is not finite.
 */
pv_status pv_labelled_open(pv_labelled *out, const char *name, const float *code, size_t width,
                           const int32_t *factor, int factors, size_t rows, const int *variable,
                           int variables);
/* The same with factors [rows, factors] some of which are no whole numbers. The codes serve as no
 * generator; sap (by squared correlation), irs (factors in bins) and unsupervised take them, other
 * metrics need classes and are undefined. PV_EDATA names a factor that is not finite. */
pv_status pv_labelled_open_reals(pv_labelled *out, const char *name, const float *code,
                                 size_t width, const double *factor, int factors, size_t rows,
                                 const int *variable, int variables);
/* Each combination is there `copies` times. */
pv_status pv_labelled_set_copies(pv_labelled *labelled, size_t copies);
void pv_labelled_close(pv_labelled *labelled); /* a zeroed struct is fine */

/* Which defaults of scikit-learn hold: they changed in 0.20 (importances of trees) and 0.22
 * (logistic regression), after the study of 12,600 models. */
typedef enum { PV_SKLEARN_CURRENT, PV_SKLEARN_STUDY } pv_sklearn_era;

enum { PV_DOWNSTREAM_SIZES = 4 };
typedef struct {
    size_t train, test;                     /* examples; 10000 and 5000 in the study */
    size_t downstream[PV_DOWNSTREAM_SIZES]; /* examples that predictors see: 10, 100, 1000, 10000;
                                               0: unused */
    int bins;                               /* of codes, 20 */
    int continuous; /* factors are numbers: SAP by squared correlation; real-valued ones always are
                     */
    pv_sklearn_era era;
    uint64_t seed; /* of the seeds: 0 gives those of the study */
    int threads;   /* 0: all cores */
} pv_metric_options;
extern const pv_metric_options pv_metric_defaults; /* the study's */

/* A number, or a matrix. */
typedef struct {
    char key[64];      /* disentanglement_lib's: "discrete_mig", "10:mean_test_accuracy" */
    int rows, columns; /* 0: one number */
    double number;
    double *matrix; /* owned */
} pv_metric_value;

typedef struct {
    const char *metric, *representation, *subset; /* "mig", "mean", "all" */
    uint32_t seed;
    size_t train, test; /* examples, 0 where there are none of the kind */
    char reason[160];   /* why there are no values, or why some are no numbers; else "" */
    int continuous;     /* factors were numbers to it: SAP by squared correlation */
    int count;
    pv_metric_value *value; /* owned */
    double seconds;         /* of processor time, over all threads */
} pv_metric_result;

typedef struct {
    int count;
    pv_metric_result
        *result; /* owned; in the order of the list, representation by representation */
} pv_metric_results;

/* Computes the metrics that `list` names ("mig,dci"; "study": the nine of the study and
 * a baseline; "all") on each
 * of `count` representations of the same examples. What a metric learns is learned side by side on
 * options->threads threads; results do not depend on how many. A metric without a value for these
 * codes has a reason instead. PV_EUSAGE where the list holds an unknown name. The stream computes
 * moments; progress may be NULL. */
pv_status pv_metrics_compute(pv_metric_results *out, const pv_labelled *representation, int count,
                             const char *list, pv_stream *stream, const pv_metric_options *options,
                             const pv_progress *progress);
void pv_metric_results_free(pv_metric_results *results); /* a zeroed struct is fine */
/* PV_EUSAGE where a list of metrics holds an unknown name. */
pv_status pv_metrics_check(const char *list);
/* A value by its key, or NULL. */
const pv_metric_value *pv_metric_value_of(const pv_metric_result *result, const char *key);

/* Moves all of `more` behind the results. */
pv_status pv_metric_results_join(pv_metric_results *results, pv_metric_results *more);

/* Objects named after the metrics, each with its values, seed, train and test, or a reason: for
 * evaluation.json, inside of what is open. */
void pv_metrics_json(struct pv_json *j, const pv_metric_results *results,
                     const char *representation, const char *subset);
/* A table that a person reads: the main value of each metric, for each representation. */
void pv_metrics_print(const pv_metric_results *results, const char *subset, FILE *to);

/* The names of all metrics, ended by NULL; a line about one. */
extern const char *const pv_metric_names[];
const char *pv_metric_title(const char *name);

#endif
