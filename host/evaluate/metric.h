/* metric.h -- what a metric is made of: examples are drawn, what it learns is learned in tasks that
 * run side by side, and values are made of both. */
#ifndef PV_EVALUATE_METRIC_H
#define PV_EVALUATE_METRIC_H

#include "learn/labels.h"
#include "learn/random_state.h"
#include "polarvae/metrics.h"

typedef struct {
    const pv_labelled *from;
    const pv_metric_options *options;
    pv_stream *stream; /* in finish only */
    pv_random_state random;
    pv_metric_result *result;
    size_t tasks; /* how many prepare leaves */
    void *state;  /* of the metric's own type, zeroed */
} pv_metric_run;

/* Which of the study's draws for a representation a metric's seed is. */
enum {
    PV_SEED_BETA_VAE,
    PV_SEED_DCI,
    PV_SEED_TREES,
    PV_SEED_LOGISTIC,
    PV_SEED_FACTOR_VAE,
    PV_SEED_MIG,
    PV_SEED_MODULARITY,
    PV_SEED_SAP,
    PV_SEED_UNSUPERVISED,
    PV_SEED_NUMBERED /* none */
};

typedef struct {
    const char *name, *title;
    int seed;
    int intervenes;  /* needs examples that share a factor */
    int takes_reals; /* factors may be real-valued; else it needs classes */
    size_t state;    /* bytes */
    pv_status (*prepare)(pv_metric_run *run); /* draws; may say that the metric is undefined */
    pv_status (*task)(pv_metric_run *run, size_t i); /* NULL: there are none */
    pv_status (*finish)(pv_metric_run *run);
    void (*close)(void *state); /* after a failure as well */
} pv_metric;

extern const pv_metric pv_metric_beta_vae, pv_metric_factor_vae, pv_metric_mig, pv_metric_dci,
    pv_metric_sap, pv_metric_modularity, pv_metric_explicitness, pv_metric_irs,
    pv_metric_unsupervised, pv_metric_downstream_logistic, pv_metric_downstream_trees,
    pv_metric_downstream_random;

/* ---- results ---- */

/* There is no value, or not of every kind, and why. From prepare: neither tasks nor finish follow.
 */
__attribute__((format(printf, 2, 3))) void pv_metric_undefined(pv_metric_run *run,
                                                               const char *format, ...);
pv_status pv_metric_number(pv_metric_run *run, double value, const char *key);
pv_status pv_metric_matrix(pv_metric_run *run, const double *value, int rows, int columns,
                           const char *key);

/* ---- examples ---- */

typedef struct {
    size_t count;
    float *code;     /* [count, variables] */
    int32_t *factor; /* [count, factors], or NULL: */
    double *value;   /* where factors are real-valued */
} pv_examples;
void pv_examples_free(pv_examples *examples);

/* The next `count` examples; codes that are no generator give `first`... of their rows instead. */
pv_status pv_examples_draw(pv_metric_run *run, pv_examples *out, size_t first, size_t count);
/* As many as the options say, for a metric without a test. */
pv_status pv_examples_all(pv_metric_run *run, pv_examples *out);
/* First those to learn from, then those to test on. */
pv_status pv_examples_split(pv_metric_run *run, pv_examples *train, pv_examples *test);

/* Factors of `count` examples, [count, factors] as classes 0, 1, ...: factor by factor, as
 * disentanglement_lib draws; and the rows of such examples, one of them drawn where there are
 * several copies. */
void pv_draw_factors(pv_metric_run *run, int32_t *factor, size_t count);
void pv_rows_of(pv_metric_run *run, const int32_t *factor, size_t count, size_t *row);

/* Column k of factors, [count]. */
pv_status pv_examples_label(int32_t **out, const pv_examples *e, int factors, int k);
/* The same as numbers, of either kind of factors. */
pv_status pv_examples_number(double **out, const pv_examples *e, int factors, int k);
/* Codes as doubles, [count, variables]. */
pv_status pv_examples_code(double **out, const pv_examples *e, int variables);
/* Undefined where a factor has one value only among the examples. 1 if so. */
int pv_factors_vary(pv_metric_run *run, const pv_examples *examples);
/* Trees are grown one for each class: undefined where a factor has more values among the examples
 * than PV_TREES_CLASSES. */
pv_status pv_factors_suit_trees(pv_metric_run *run, const pv_examples *examples);
/* Undefined where factors are real-valued, and which. 1 if not. */
int pv_factors_have_classes(pv_metric_run *run);

static inline pv_era pv_era_of(const pv_metric_options *o)
{
    return o->era == PV_SKLEARN_STUDY ? PV_ERA_STUDY : PV_ERA_CURRENT;
}

/* Of score [variables, factors], none below 0: how far the best variable is ahead of the second, in
 * units of unit[factors] (NULL: 1), averaged over the factors. */
double pv_mean_gap(const double *score, const double *unit, int variables, int factors);

double pv_accuracy(const int32_t *predicted, const int32_t *label, size_t count);

#endif
