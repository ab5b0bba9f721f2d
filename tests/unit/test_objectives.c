/* test_objectives.c -- every objective against values and gradients in float64 from an independent
 * implementation (tests/oracle/objectives.py): odd sizes, log-variances of +-20, means of +-30,
 * collapsed units. On the CPU with each of its instruction sets.
 *
 * An error of a difference is relative to the size of what it is the difference of. */
#include "base/hdf5.h"
#include "polarvae/objective.h"
#include "run_kernel.h"

static const double ALLOWED = 4e-6;

/* ---- the golden file ---- */

static pv_h5 *file;
static size_t cases;
static int64_t *batches, *latents, *starts, examples;

/* All of a data set, as doubles. */
static double *read_all(const char *name)
{
    pv_h5_array a;
    NEED(pv_h5_find(file, name, &a));
    size_t n = 1;
    for (int i = 0; i < a.rank; i++) n *= a.dim[i];
    double *x = malloc(n * sizeof *x);
    if (a.type == PV_H5_F64) {
        NEED(pv_h5_read(file, &a, x));
        return x;
    }
    float *single = malloc(n * sizeof *single);
    NEED(pv_h5_read(file, &a, single));
    for (size_t i = 0; i < n; i++) x[i] = (double)single[i];
    free(single);
    return x;
}

static int64_t *read_whole(const char *name)
{
    pv_h5_array a;
    NEED(pv_h5_find(file, name, &a));
    int64_t *x = malloc((a.rank ? a.dim[0] : 1) * sizeof *x);
    NEED(pv_h5_read(file, &a, x));
    return x;
}

/* [elements], or kl: one for each case. */
static double *mean, *logvar, *noise, *z, *kl, *kl_dmean, *kl_dlogvar;

/* ---- an objective on a case ---- */

typedef struct {
    size_t n; /* batch * latents */
    double term[PV_MAX_TERMS], loss;
    float *dmean, *dlogvar;
} outcome;

static float *upload_case(float **at, const double *from, size_t start, size_t n)
{
    float *host = malloc((n + 1) * sizeof *host), *here = *at;
    for (size_t i = 0; i < n; i++) host[i] = from ? (float)from[start + i] : 0.0f;
    NEED(pv_upload(stream[0], here, host, n * sizeof *host));
    free(host);
    *at += (n + 15) / 16 * 16;
    return here;
}

/* With dz = 0, after one step. set: "key=value", the objective first. */
static outcome run_case(size_t k, int count, const char *const *set)
{
    const size_t batch = (size_t)batches[k], d = (size_t)latents[k], n = batch * d,
                 start = (size_t)starts[k];
    const pv_step step = {.count = 1};
    outcome o = {.n = n, .dmean = new_floats(n), .dlogvar = new_floats(n)};
    pv_config config;
    pv_program *program;
    void *block;
    NEED(pv_config_load(&config, NULL, count, set));
    const pv_objective *objective = pv_objective_find(config.objective);
    const size_t space = objective->space ? objective->space(d) : 0;
    NEED(pv_device_alloc(device, 256 + space + 7 * (n + 16) * sizeof(float), &block));
    NEED(pv_upload(stream[0], block, &step, sizeof step));
    pv_objective_context c = {.config = &config,
                              .batch = batch,
                              .latents = d,
                              .examples = (uint64_t)examples,
                              .step = block};
    c.terms = (float *)((char *)block + 64);
    c.space = (char *)block + 128;
    float *at = (float *)((char *)c.space + (space + 63) / 64 * 64);
    c.mean = upload_case(&at, mean, start, n);
    c.logvar = upload_case(&at, logvar, start, n);
    c.noise = upload_case(&at, noise, start, n);
    c.z = upload_case(&at, z, start, n);
    c.dz = upload_case(&at, NULL, 0, n);
    c.dmean = upload_case(&at, NULL, 0, n);
    c.dlogvar = upload_case(&at, NULL, 0, n);
    NEED(pv_program_begin(&program, stream[0], batch));
    c.program = program;
    NEED(objective->record(&c));
    NEED(pv_program_seal(program));
    NEED(pv_program_run(program));
    float term[PV_MAX_TERMS] = {0};
    int terms = 0;
    while (objective->terms[terms]) terms++;
    NEED(pv_download(stream[0], term + 1, c.terms + 1, (size_t)terms * sizeof *term));
    NEED(pv_download(stream[0], o.dmean, c.dmean, n * sizeof(float)));
    NEED(pv_download(stream[0], o.dlogvar, c.dlogvar, n * sizeof(float)));
    for (int i = 0; i <= terms; i++) o.term[i] = (double)term[i];
    o.loss = objective->loss(&config, o.term, 1);
    pv_program_close(program);
    pv_device_release(device, block);
    pv_config_clear(&config);
    snprintf(context, sizeof context, "%s, %zu x %zu, case %zu", objective->name, batch, d, k);
    return o;
}

static void outcome_free(outcome *o)
{
    free(o->dmean);
    free(o->dlogvar);
}

static void judge_value(const char *what, double got, double want, double size)
{
    worst w = {0};
    compare(&w, 0, got, want, ALLOWED * size + 1e-30);
    judge(what, &w);
}

static double largest(const double *x, size_t n)
{
    double most = 0.0;
    for (size_t i = 0; i < n; i++) most = fmax(most, fabs(x[i]));
    return most;
}

/* ---- the objectives ---- */

static void test_beta(size_t k)
{
    outcome o = run_case(k, 2, (const char *const[]){"objective=beta_vae", "beta=3"});
    const size_t at = (size_t)starts[k];
    worst m = {0}, v = {0};
    for (size_t i = 0; i < o.n; i++) {
        compare(&m, i, (double)o.dmean[i], 3 * kl_dmean[at + i],
                ALLOWED * 3 * fabs(kl_dmean[at + i]) + 1e-30);
        compare(&v, i, (double)o.dlogvar[i], 3 * kl_dlogvar[at + i],
                ALLOWED * 3 * fabs(kl_dlogvar[at + i]) + 1e-30);
    }
    judge("dmean", &m);
    judge("dlogvar", &v);
    judge_value("kl", o.term[1], kl[k], kl[k]);
    judge_value("loss", o.loss, 3 * kl[k], 3 * kl[k]);
    outcome_free(&o);
}

static void test_annealed(size_t k, const double *c, const double *penalty, const double *slope)
{
    for (size_t side = 2 * k; side < 2 * k + 2; side++) {
        if (isnan(c[side])) continue;
        char capacity[64];
        snprintf(capacity, sizeof capacity, "c_max=%.17g", c[side]);
        outcome o = run_case(k, 4,
                             (const char *const[]){"objective=annealed_vae", "gamma=1000", capacity,
                                                   "iteration_threshold=1"});
        const size_t at = (size_t)starts[k];
        worst m = {0}, v = {0};
        for (size_t i = 0; i < o.n; i++) {
            const double dm = slope[side] * kl_dmean[at + i], dv = slope[side] * kl_dlogvar[at + i];
            compare(&m, i, (double)o.dmean[i], dm, ALLOWED * fabs(dm) + 1e-30);
            compare(&v, i, (double)o.dlogvar[i], dv, ALLOWED * fabs(dv) + 1e-30);
        }
        judge("dmean", &m);
        judge("dlogvar", &v);
        judge_value("capacity", o.term[2], c[side], c[side]);
        judge_value("loss", o.loss, penalty[side], 1000 * (kl[k] + c[side]));
        outcome_free(&o);
    }
}

typedef struct {
    double *off, *diagonal, *penalty, *dmean, *dlogvar;
} dip_golden;

static void test_dip(size_t k, int second, const dip_golden *g)
{
    outcome o = run_case(
        k, 3,
        (const char *const[]){second ? "objective=dip_vae_ii" : "objective=dip_vae_i",
                              "lambda_od=2", second ? "lambda_d_factor=1" : "lambda_d_factor=10"});
    const size_t at = (size_t)starts[k];
    const double size = largest(g->dmean + at, o.n),
                 size_v = second ? largest(g->dlogvar + at, o.n) : 0.0;
    worst m = {0}, v = {0};
    for (size_t i = 0; i < o.n; i++) {
        const double dv = second ? g->dlogvar[at + i] : 0.0;
        compare(&m, i, (double)o.dmean[i], g->dmean[at + i] + kl_dmean[at + i],
                ALLOWED * (size + fabs(kl_dmean[at + i])) + 1e-30);
        compare(&v, i, (double)o.dlogvar[i], dv + kl_dlogvar[at + i],
                ALLOWED * (size_v + fabs(kl_dlogvar[at + i])) + 1e-30);
    }
    judge("dmean", &m);
    judge("dlogvar", &v);
    judge_value("off_diagonal", o.term[2], g->off[k], g->off[k] + 1e-9);
    judge_value("diagonal", o.term[3], g->diagonal[k], g->diagonal[k]);
    judge_value("loss", o.loss, kl[k] + g->penalty[k], kl[k] + g->penalty[k]);
    outcome_free(&o);
}

/* [term]: mutual information, total correlation, dimension-wise KL; dz, dmean, dlogvar of the
 * total correlation, and the sizes of their sums and of its rows. */
typedef struct {
    double *term[3], *gradient[3], *size[3], *row_size;
} tc_golden;

static void test_tc(size_t k, int count, const char *const *set, const tc_golden *g,
                    const int64_t *rows)
{
    enum { DZ, DMEAN, DLOGVAR };
    const double weight = 2.0; /* beta - 1 */
    outcome o = run_case(k, count, set);
    const size_t at = (size_t)starts[k];
    worst m = {0}, v = {0};
    double size = 0.0;
    for (size_t j = 0; j < (size_t)batches[k]; j++)
        size += g->row_size[(size_t)rows[k] + j] / (double)batches[k];
    for (size_t i = at; i < at + o.n; i++) {
        const double through = 0.5 * noise[i] * exp(0.5 * logvar[i]);
        compare(&m, i - at, (double)o.dmean[i - at],
                weight * (g->gradient[DZ][i] + g->gradient[DMEAN][i]) + kl_dmean[i],
                ALLOWED * (weight * (g->size[DZ][i] + g->size[DMEAN][i]) + fabs(kl_dmean[i])) +
                    1e-30);
        compare(&v, i - at, (double)o.dlogvar[i - at],
                weight * (g->gradient[DZ][i] * through + g->gradient[DLOGVAR][i]) + kl_dlogvar[i],
                ALLOWED * (weight * (g->size[DZ][i] * fabs(through) + g->size[DLOGVAR][i]) +
                           fabs(kl_dlogvar[i])) +
                    1e-30);
    }
    judge("dmean", &m);
    judge("dlogvar", &v);
    static const char *const names[] = {"mutual information", "total correlation",
                                        "dimension-wise KL"};
    for (int t = 0; t < 3; t++)
        judge_value(names[t], o.term[2 + t], g->term[t][k], size + fabs(g->term[t][k]));
    judge_value("loss", o.loss, kl[k] + weight * g->term[1][k], kl[k] + 3 * size);
    outcome_free(&o);
}

static void read_tc(tc_golden *g, const char *estimator, const char *gradients)
{
    static const char *const terms[] = {"mutual_information", "total_correlation",
                                        "dimension_wise_kl"};
    static const char *const of[] = {"dz", "dmean", "dlogvar"};
    char name[96];
    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "%s/%s", estimator, terms[i]);
        g->term[i] = read_all(name);
        snprintf(name, sizeof name, "%s/total_correlation_%s", gradients, of[i]);
        g->gradient[i] = read_all(name);
        snprintf(name, sizeof name, "%s/total_correlation_%s_size", gradients, of[i]);
        g->size[i] = read_all(name);
    }
    snprintf(name, sizeof name, "%s/total_correlation_rows_size", gradients);
    g->row_size = read_all(name);
}

static void free_tc(tc_golden *g)
{
    for (int i = 0; i < 3; i++) {
        free(g->term[i]);
        free(g->gradient[i]);
        free(g->size[i]);
    }
    free(g->row_size);
}

/* Objectives whose regularisers cancel are those of a plain VAE; AnnealedVAE without a capacity is
 * beta-VAE. `exact`: to the bit. */
static void test_limit(size_t k, int exact, const char *const a[4], const char *const b[4])
{
    outcome x = run_case(k, 4, a), y = run_case(k, 4, b);
    worst m = {0}, v = {0};
    for (size_t i = 0; i < x.n; i++) {
        const double dm = (double)x.dmean[i], dv = (double)x.dlogvar[i];
        compare(&m, i, dm, (double)y.dmean[i], exact ? 0.0 : ALLOWED * fabs(dm));
        compare(&v, i, dv, (double)y.dlogvar[i], exact ? 0.0 : ALLOWED * fabs(dv));
    }
    judge("limit of dmean", &m);
    judge("limit of dlogvar", &v);
    outcome_free(&x);
    outcome_free(&y);
}

static void test_limits(size_t k)
{
    static const char *const vae[] = {"objective=beta_vae", "beta=1", "seed=0", "steps=1"};
    test_limit(k, 1, (const char *const[]){"objective=beta_tcvae", "beta=1", "seed=0", "steps=1"},
               vae);
    test_limit(k, 1,
               (const char *const[]){"objective=dip_vae_i", "lambda_od=0", "seed=0", "steps=1"},
               vae);
    test_limit(k, 1,
               (const char *const[]){"objective=dip_vae_ii", "lambda_od=0", "seed=0", "steps=1"},
               vae);
    if (kl[k] > 0.0) /* its float may be 0 */
        test_limit(k, 0,
                   (const char *const[]){"objective=annealed_vae", "gamma=3", "c_max=0", "steps=1"},
                   (const char *const[]){"objective=beta_vae", "beta=3", "seed=0", "steps=1"});
}

static double *c_of, *penalty_of, *slope_of;
static dip_golden dip[2];
static tc_golden weighted, with_constants, stratified;
static int64_t *row_starts;

static void all_cases(void)
{
    for (size_t k = 0; k < cases; k++) {
        test_beta(k);
        test_limits(k);
        test_annealed(k, c_of, penalty_of, slope_of);
        test_dip(k, 0, &dip[0]);
        test_dip(k, 1, &dip[1]);
        test_tc(k, 2, (const char *const[]){"objective=beta_tcvae", "beta=3"}, &weighted,
                row_starts);
        test_tc(k, 3, (const char *const[]){"objective=beta_tcvae", "beta=3", "tc_constants=true"},
                &with_constants, row_starts);
        if (batches[k] > 1)
            test_tc(k, 3,
                    (const char *const[]){"objective=beta_tcvae", "beta=3", "estimator=stratified"},
                    &stratified, row_starts);
    }
}

int main(int argc, char **argv)
{
    NEED(pv_h5_open(&file, PV_SOURCE_DIR "/tests/golden/objectives.h5"));
    pv_h5_array a;
    NEED(pv_h5_find(file, "batch", &a));
    cases = a.dim[0];
    batches = read_whole("batch");
    latents = read_whole("latents");
    starts = read_whole("element");
    row_starts = read_whole("row");
    int64_t *n = read_whole("@examples");
    examples = *n;
    free(n);
    double **const inputs[] = {&mean,     &logvar,     &noise, &z,          &kl,
                               &kl_dmean, &kl_dlogvar, &c_of,  &penalty_of, &slope_of};
    static const char *const names[] = {"mean",     "logvar",        "noise",      "z",
                                        "kl",       "kl_dmean",      "kl_dlogvar", "annealed_c",
                                        "annealed", "annealed_slope"};
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) *inputs[i] = read_all(names[i]);
    dip[0] = (dip_golden){read_all("dip_i_off"), read_all("dip_i_diagonal"), read_all("dip_i"),
                          read_all("dip_i_dmean"), NULL};
    dip[1] = (dip_golden){read_all("dip_ii_off"), read_all("dip_ii_diagonal"), read_all("dip_ii"),
                          read_all("dip_ii_dmean"), read_all("dip_ii_dlogvar")};
    read_tc(&weighted, "weighted", "weighted");
    read_tc(&with_constants, "constants", "weighted");
    read_tc(&stratified, "stratified", "stratified");
    test_devices(argc, argv, all_cases);
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++) free(*inputs[i]);
    for (int i = 0; i < 2; i++) {
        double *const all[] = {dip[i].off, dip[i].diagonal, dip[i].penalty, dip[i].dmean,
                               dip[i].dlogvar};
        for (int j = 0; j < 5; j++) free(all[j]);
    }
    free_tc(&weighted);
    free_tc(&with_constants);
    free_tc(&stratified);
    free(batches);
    free(latents);
    free(starts);
    free(row_starts);
    pv_h5_close(file);
    return check_end();
}
