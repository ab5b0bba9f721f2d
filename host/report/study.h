/* study.h -- what a report is made of: runs with their numbers, and how they belong together.
 *
 * A run is read once and leaves only numbers. Runs of the same configuration but for the seed are a
 * point, over which averages are taken; points that differ in nothing but the strength of their
 * regularisation are a method, which has its own section. */
#ifndef PV_REPORT_STUDY_H
#define PV_REPORT_STUDY_H

#include <stdint.h>

#include "polarvae/config.h"
#include "polarvae/evaluate.h"
#include "polarvae/report.h"
#include "polarvae/train.h"

enum { PV_MEAN_CODES, PV_SAMPLED_CODES, PV_CODES };
extern const char *const pv_codes_name[PV_CODES]; /* "mean", "sampled" */

/* ---- measures: what there may be one number of for each representation and set of variables ----
 */

typedef enum { PV_SCORE, PV_METRIC, PV_DOWNSTREAM } pv_measure_kind;

typedef struct {
    pv_measure_kind kind;
    char name[64];  /* a column: "total_correlation", "mig", "downstream_logistic_10000" */
    char title[96]; /* a row: "MIG" */
    size_t train;   /* DOWNSTREAM: how many examples the predictor saw */
    int seen;       /* some run has it */
} pv_measure;

/* The scores come first. */
enum { PV_TC, PV_MI, PV_WASSERSTEIN, PV_RANK, PV_SCORES };

typedef struct {
    pv_measure *at; /* owned */
    int count;
} pv_measures;

pv_status pv_measures_open(pv_measures *out); /* with scores and metrics, none of them seen */
void pv_measures_close(pv_measures *measures);
/* The measure of a value in a metric's object of evaluation.json, or -1: it stands for none. */
pv_status pv_measures_find(pv_measures *measures, int *out, const char *metric, const char *key);
/* The measure of a predictor ("logistic") that saw `train` examples; made where there is none. */
pv_status pv_measures_downstream(pv_measures *measures, int *out, const char *predictor,
                                 size_t train);
/* All that were seen, in an order that does not depend on the runs': *order is the caller's. */
pv_status pv_measures_order(const pv_measures *measures, int **order, int *count);

/* ---- runs ---- */

typedef struct {
    char *name; /* of its directory */
    pv_report_outcome outcome;
    char *note;       /* why it failed, what is damaged, why it was left out; or NULL */
    int readable;     /* config is there */
    pv_config config; /* without its lists */
    const pv_objective *objective;
    int strength; /* which of the objective's keys is the axis */
    pv_run_status status;
    /* Of evaluation.json; NaN where there is none. */
    double count[PV_TYPES], loss, kl, elbo;
    size_t examples;
    double bins, variance_threshold, mean_error;
    int measures;            /* how many were known when it was read */
    double *value;           /* [measures][PV_CODES][PV_SUBSETS]; owned */
    double size[PV_SUBSETS]; /* variables of each set; 0: there is no such set */
} pv_report_run;

/* NaN where there is none. */
double pv_report_value(const pv_report_run *run, int measure, int codes, int subset);
/* The regularisation's strength. */
double pv_report_strength(const pv_report_run *run);

/* The same configuration but for the seed: `count` runs, one after another. */
typedef struct {
    size_t first, count;
    double strength;
} pv_report_point;

typedef struct {
    size_t first, count; /* points */
    char *title;         /* "β-VAE", "β-VAE, latents 20"; owned */
    int data;            /* index of the data set's name */
} pv_report_method;

typedef struct {
    const char *directory;
    pv_measures measures;
    int *order, ordered; /* of the measures that were seen; owned */
    pv_report_run *run;  /* used ones first, in the order of methods, strengths and seeds */
    size_t runs, used;
    pv_report_point *point;
    size_t points;
    pv_report_method *method;
    size_t methods;
    char **data; /* names of data sets, as short as they are distinct */
    int datas;
    size_t outcome[PV_REPORT_OUTCOME_COUNT];
} pv_study;

/* Reads all runs of a directory and groups them. PV_ESTOPPED after a signal. */
pv_status pv_study_open(pv_study *out, const char *directory, int quiet);
void pv_study_close(pv_study *study); /* a zeroed struct is fine */

/* One run (run_read.c): what cannot be read becomes its outcome and note, not a failure. */
pv_status pv_report_run_read(pv_report_run *out, pv_measures *measures, const char *directory,
                             const char *name);
void pv_report_run_clear(pv_report_run *run);
/* The numbers of DIRECTORY/evaluation.json (evaluation_read.c). */
pv_status pv_report_evaluation_read(pv_report_run *out, pv_measures *measures, const char *path);

/* Puts the runs in order, and makes points and methods of those that are used (group.c). */
pv_status pv_study_group(pv_study *study);

/* ---- averages over the seeds of a point ---- */

typedef struct {
    double mean, deviation; /* of a sample (n - 1); NaN without or with a single value */
    size_t count;           /* of values; those that are missing do not count */
} pv_average;

pv_average pv_average_of(const double *value, size_t count);
pv_average pv_point_average(const pv_study *study, const pv_report_point *point, int measure,
                            int codes, int subset);
/* Of a number that a run has once. */
typedef double pv_run_number(const pv_report_run *run);
pv_average pv_point_number(const pv_study *study, const pv_report_point *point,
                           pv_run_number *number);
double pv_run_active(const pv_report_run *run), pv_run_mixed(const pv_report_run *run),
    pv_run_passive(const pv_report_run *run), pv_run_elbo(const pv_report_run *run);

/* ---- what is drawn of one model: too much to be kept of all ---- */

enum { PV_SHAPE_MEAN, PV_SHAPE_SAMPLED, PV_SHAPE_VARIANCE, PV_SHAPES };

typedef struct {
    double low, high;
    double *count; /* [bins]; owned */
} pv_counts;

typedef struct {
    int latents;
    int *index;                  /* [latents] the variables' numbers */
    pv_type *type;               /* [latents] */
    double *matrix[2][PV_CODES]; /* [latents, latents]: correlation, then covariance; or NULL */
    int bins;
    pv_counts *histogram[PV_SHAPES]; /* [latents] each, or NULL */
    /* snapshots.csv: [steps][pairs] of the mean codes; steps is 0 without it */
    size_t steps;
    int pairs;
    double *step; /* [steps] */
    int (*pair)[2];
    double *over_time[2]; /* correlation, covariance */
} pv_report_model;

pv_status pv_report_model_read(pv_report_model *out, const char *directory, const char *name);
void pv_report_model_clear(pv_report_model *model);

#endif
