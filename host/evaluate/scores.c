/* scores.c -- total correlation, mutual information, Wasserstein correlation, effective rank. */
#include "evaluate/scores.h"

#include <gsl/gsl_eigen.h>
#include <gsl/gsl_errno.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

/* Codes are floats: a smaller share of a variable's variance that others do not explain is their
 * rounding, (2^-24)^2 and a margin. */
static const double SINGULAR = 1e-14;

/* The variables of a subset, and room for its matrices. */
typedef struct {
    int size;
    int *member;    /* [size] */
    double *matrix; /* [size, size], destroyed by eigenvalues() */
    double *value;  /* [size] eigenvalues */
    gsl_eigen_symm_workspace *eigen;
} subset;

static void quiet_gsl(void) { gsl_set_error_handler_off(); }

static void subset_close(subset *s)
{
    free(s->member);
    free(s->matrix);
    free(s->value);
    if (s->eigen) gsl_eigen_symm_free(s->eigen);
}

static pv_status subset_open(subset *s, int variables, const pv_type *type, unsigned types)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, quiet_gsl); /* its default is to abort */
    size_t n = (size_t)variables;
    pv_status rc;
    memset(s, 0, sizeof *s);
    if ((rc = pv_new(&s->member, n, sizeof *s->member, "a set of variables")) != PV_OK) return rc;
    for (int v = 0; v < variables; v++)
        if (types >> type[v] & 1) s->member[s->size++] = v;
    if (s->size == 0) return PV_OK;
    n = (size_t)s->size;
    rc = pv_new(&s->matrix, n * n, sizeof *s->matrix, "a covariance");
    if (rc == PV_OK) rc = pv_new(&s->value, n, sizeof *s->value, "eigenvalues");
    if (rc == PV_OK && !(s->eigen = gsl_eigen_symm_alloc(n)))
        rc = pv_fail(PV_ENOMEM, "no memory for the eigenvalues of %d variables", s->size);
    if (rc != PV_OK) subset_close(s);
    return rc;
}

/* Of s->matrix, into s->value, in no order. */
static pv_status eigenvalues(subset *s)
{
    size_t n = (size_t)s->size;
    gsl_matrix_view matrix = gsl_matrix_view_array(s->matrix, n, n);
    gsl_vector_view value = gsl_vector_view_array(s->value, n);
    int rc = gsl_eigen_symm(&matrix.matrix, &value.vector, s->eigen);
    if (rc == GSL_SUCCESS) return PV_OK;
    return pv_fail(PV_ENUMERIC, "eigenvalues of a covariance: %s", gsl_strerror(rc));
}

/* s->matrix = members of the full matrix `from` [variables, variables]. */
static void select_members(subset *s, const double *from, int variables)
{
    for (int i = 0; i < s->size; i++)
        for (int j = 0; j < s->size; j++)
            s->matrix[i * s->size + j] = from[s->member[i] * variables + s->member[j]];
}

/* -1/2 log det R over the correlation matrix R, which is the formula in the header without its
 * cancellation; NaN if R is singular or a variable is constant. */
static pv_status total_correlation(double *out, subset *s, const double *correlation, int variables)
{
    *out = NAN;
    select_members(s, correlation, variables);
    for (int i = 0; i < s->size; i++)
        if (isnan(s->matrix[i * s->size + i])) return PV_OK;
    PV_TRY(eigenvalues(s));
    double sum = 0;
    for (int i = 0; i < s->size; i++) {
        if (s->value[i] <= SINGULAR * s->size) return PV_OK;
        sum -= log(s->value[i]) / 2;
    }
    *out = fmax(sum, 0); /* which only rounding can pass */
    return PV_OK;
}

/* diag(S) S has the eigenvalues of D^(1/2) S D^(1/2), which is symmetric. */
static pv_status wasserstein_correlation(double *out, subset *s, const double *covariance,
                                         int variables)
{
    double trace = 0, root = 0;
    select_members(s, covariance, variables);
    for (int i = 0; i < s->size; i++) {
        s->value[i] = sqrt(s->matrix[i * s->size + i]);
        trace += s->matrix[i * s->size + i];
    }
    for (int i = 0; i < s->size; i++)
        for (int j = 0; j < s->size; j++) s->matrix[i * s->size + j] *= s->value[i] * s->value[j];
    PV_TRY(eigenvalues(s));
    for (int i = 0; i < s->size; i++) root += sqrt(fmax(s->value[i], 0));
    *out = fmax(2 * trace - 2 * root, 0);
    return PV_OK;
}

/* NaN if all variables are constant. */
static pv_status effective_rank(double *out, subset *s, const double *covariance, int variables)
{
    double total = 0, entropy = 0;
    select_members(s, covariance, variables);
    PV_TRY(eigenvalues(s));
    for (int i = 0; i < s->size; i++) total += fabs(s->value[i]);
    for (int i = 0; i < s->size; i++) {
        double share = fabs(s->value[i]) / total;
        if (share > 0) entropy -= share * log(share);
    }
    *out = total > 0 ? exp(entropy) : NAN;
    return PV_OK;
}

static double mean_pair(const subset *s, const double *information, int variables)
{
    double sum = 0;
    for (int i = 0; i < s->size; i++)
        for (int j = 0; j < s->size; j++)
            if (i != j) sum += information[s->member[i] * variables + s->member[j]];
    return sum / ((double)s->size * (s->size - 1));
}

/* Why a set is not scored, or NULL. */
static const char *missing(unsigned types, int size, const int *count)
{
    static const char *const none[PV_TYPES] = {[PV_ACTIVE] = "no variables of type active",
                                               [PV_MIXED] = "no variables of type mixed",
                                               [PV_PASSIVE] = "no variables of type passive"};
    for (int t = 0; t < PV_TYPES; t++)
        if (types != pv_subset_types[0] && types >> t & 1 && count[t] == 0) return none[t];
    return size < 2 ? "fewer than two variables" : NULL;
}

static pv_status score(pv_scores *out, const pv_representation *r, int variables,
                       const pv_type *type, unsigned types)
{
    int count[PV_TYPES] = {0};
    for (int v = 0; v < variables; v++) count[type[v]]++;
    subset s;
    PV_TRY(subset_open(&s, variables, type, types));
    *out = (pv_scores){s.size, NAN, NAN, NAN, NAN, missing(types, s.size, count)};
    pv_status rc = PV_OK;
    if (out->reason) goto out;
    out->mutual_information = mean_pair(&s, r->mutual_information, variables);
    rc = total_correlation(&out->total_correlation, &s, r->correlation, variables);
    if (rc == PV_OK)
        rc = wasserstein_correlation(&out->wasserstein_correlation, &s, r->covariance, variables);
    if (rc == PV_OK) rc = effective_rank(&out->effective_rank, &s, r->covariance, variables);
    if (isnan(out->total_correlation)) out->reason = "singular covariance";
out:
    subset_close(&s);
    return rc;
}

void pv_correlate(double *r, const double *covariance, int n)
{
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++) {
            double scale = sqrt(covariance[i * n + i]) * sqrt(covariance[j * n + j]);
            double x = covariance[i * n + j] / scale;
            r[i * n + j] = !(scale > 0) ? NAN : i == j ? 1 : fmin(fmax(x, -1), 1);
        }
}

/* Plug-in estimate in nats from one joint histogram of `examples`. */
static double information(const uint32_t *count, int bins, const double *of_row,
                          const double *of_column, double examples)
{
    double sum = 0;
    for (int a = 0; a < bins; a++)
        for (int b = 0; b < bins; b++) {
            double n = count[a * bins + b];
            if (n > 0) sum += n / examples * log(n * examples / (of_row[a] * of_column[b]));
        }
    return fmax(sum, 0);
}

static pv_status inform(double *out, const pv_moments *m)
{
    int n = m->variables, bins = m->bins;
    size_t cells = (size_t)bins * (size_t)bins;
    double *marginal;
    PV_TRY(pv_new(&marginal, (size_t)n * (size_t)bins, sizeof *marginal, "histograms"));
    for (int i = 0; i < n; i++) /* a variable's own histogram is the diagonal against itself */
        for (int b = 0; b < bins; b++)
            marginal[i * bins + b] = m->count[(size_t)(i * n + i) * cells + (size_t)(b * bins + b)];
    for (int i = 0; i < n; i++)
        for (int j = i; j < n; j++)
            out[i * n + j] = out[j * n + i] =
                information(m->count + (size_t)(i * n + j) * cells, bins, marginal + i * bins,
                            marginal + j * bins, (double)m->examples);
    free(marginal);
    return PV_OK;
}

pv_status pv_representation_score(pv_representation *out, const pv_moments *moments,
                                  const pv_type *type)
{
    int n = moments->variables;
    size_t pairs = (size_t)n * (size_t)n;
    pv_status rc;
    memset(out, 0, sizeof *out);
    rc = pv_new(&out->covariance, pairs, sizeof(double), "a covariance");
    if (rc == PV_OK) rc = pv_new(&out->correlation, pairs, sizeof(double), "a correlation");
    if (rc == PV_OK) rc = pv_new(&out->mutual_information, pairs, sizeof(double), "information");
    if (rc == PV_OK) rc = inform(out->mutual_information, moments);
    if (rc == PV_OK) {
        memcpy(out->covariance, moments->covariance, pairs * sizeof(double));
        pv_correlate(out->correlation, out->covariance, n);
    }
    for (int s = 0; s < PV_SUBSETS && rc == PV_OK; s++)
        rc = score(&out->subset[s], out, n, type, pv_subset_types[s]);
    if (rc != PV_OK) pv_representation_free(out);
    return rc;
}

void pv_representation_free(pv_representation *r)
{
    free(r->correlation);
    free(r->covariance);
    free(r->mutual_information);
    memset(r, 0, sizeof *r);
}
