/* udr.h -- unsupervised disentanglement ranking: which of several models of the same data is best
 * disentangled, without any factor being known (Duan et al., arXiv 1905.12614), as the authors'
 * program in disentanglement_lib computes it (evaluation/udr/metrics/udr.py, commit 86a644d).
 *
 * The idea: disentangled models agree on their variables, up to order and sign; entangled ones
 * differ, each in its own way.
 *
 *     pv_udr_compute(&udr, names, codes, count, &pv_udr_defaults);
 *     udr.model[i].score, udr.pairwise[j * count + i], ...
 *     pv_udr_free(&udr);
 *
 * For models i and j with mean codes of the same N examples:
 *
 *     KL_i[a]    = average over the examples of 1/2 (mean^2 + variance - log variance - 1), nats
 *     z_i[a]     = mean codes of variable a less their average, over their population deviation;
 *                  0 everywhere if KL_i[a] <= 0.01
 *     R_ij[a, b] = |weight of z_i[a]| in the Lasso (alpha 0.1) that predicts z_j[b] from z_i, or
 *                  |Spearman's rank correlation| of z_i[a] and z_j[b]
 *     S(R)       = 1/2 (mean over columns b of max_a R^2 / sum_a R
 *                     + mean over rows    a of max_b R^2 / sum_b R)
 *     pair[i, j] = S of the rows a with KL_i[a] > 0.01 and the columns b with KL_j[b] > 0.01
 *     score_i    = median over j != i of pair[j, i]
 *
 * A term 0 / 0, or with a NaN in it, is 0. Scores are 0 to 1; two models with the same variables,
 * up to order and sign, have 0.9 with the Lasso, as its penalty takes 0.1 of every weight, and the
 * Lasso's pair[i, j] is not pair[j, i]. Models of one configuration that differ by their seeds are
 * what UDR is of; of several configurations together it is the paper's UDR-A2A.
 *
 * Edge cases:
 * - A model without a variable of KL > 0.01: its pairs and its score are NaN, with a reason, and
 *   the medians of the others go without it (`others` says over how many they are). The authors'
 *   program raises an error for the lot.
 * - All variables (`unfiltered`) with Spearman: variables of KL <= 0.01 have no ranks to correlate,
 *   their entries of R are NaN, and every row and column with one counts 0. So it is in the
 *   authors' program; with the Lasso their entries are 0.
 * - A variable whose codes are constant although its KL is above 0.01 is kept: its entries are 0
 *   with the Lasso and NaN with Spearman.
 * - With exact copies among a model's variables the Lasso's optimum is not unique, and the first of
 *   them gets all the weight. */
#ifndef POLARVAE_UDR_H
#define POLARVAE_UDR_H

#include "polarvae/evaluate.h"

#define PV_UDR_KL 0.01 /* nats; a variable must have more */

typedef enum { PV_UDR_LASSO, PV_UDR_SPEARMAN, PV_UDR_METHODS } pv_udr_method;
extern const char *const pv_udr_method_name[PV_UDR_METHODS]; /* "lasso", "spearman" */

typedef struct {
    pv_udr_method method;
    int unfiltered;   /* pair[i, j] over all rows and columns of R */
    double tolerance; /* of the Lasso; 1e-4, scikit-learn's: weights within about 1e-5 of the
                         optimum, and with it the scores; 1e-13: the optimum to rounding */
    int sweeps;       /* of the Lasso at most; 1000, scikit-learn's */
    int threads;      /* 0: all cores; results do not depend on it */
} pv_udr_options;
extern const pv_udr_options pv_udr_defaults;

typedef struct {
    const char *name; /* borrowed */
    double *kl;       /* [latents], nats; owned */
    int informative;  /* variables with KL > 0.01 */
    int others;       /* models that the score is a median over */
    double score;
    const char *reason; /* why the score is NaN (static text), or NULL */
} pv_udr_model;

typedef struct {
    pv_udr_method method;
    int count, latents;
    size_t examples;
    pv_udr_model *model; /* [count], in the order given; owned, as what follows */
    int *best;           /* [count] models by falling score, those without one last */
    double *raw;         /* R: [count, count, latents, latents]; i = j: 0 */
    double *pairwise;    /* pair: [count, count]; i = j: 0 */
} pv_udr;

/* codes[i]: mean and variance of model i (the rest may be missing), and factors, where two models
 * have them: they must be equal, or the examples are not the same. Names stand in messages, and
 * must outlive the result. PV_EUSAGE: fewer than two models, or options that make no sense.
 * PV_EDATA: differing numbers of examples or latents, fewer than two examples, different examples,
 * a mean or a variance that is missing or no finite number, a variance below 0. */
pv_status pv_udr_compute(pv_udr *out, const char *const *name, const pv_codes *codes, int count,
                         const pv_udr_options *options);
void pv_udr_free(pv_udr *udr); /* a zeroed struct is fine */

/* Everything, with NaN as null. "-" is stdout. */
pv_status pv_udr_write(const pv_udr *udr, const char *path);
/* A table that a person reads, best model first. */
void pv_udr_print(const pv_udr *udr, FILE *to);

#endif
