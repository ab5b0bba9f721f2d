/* test_trajectory.c -- 50 captured training steps of every objective against PyTorch in float64
 * (tests/oracle/trajectory.py), from the same parameters, images and noise.
 *
 *     test_trajectory [DEVICE]       compares with tests/golden/trajectory_NAME.h5
 *     test_trajectory --write DIR    writes DIR/NAME.h5, of which trajectory.py makes those */
#include "trajectory_start.h"

enum { MAX_TENSORS = 48, MAX_SET = 8, SKETCH = 64, NOISE = 500 };
enum { VAE, DISCRIMINATOR };
static const char *const networks[] = {"vae", "discriminator"};

/* Of a term: relative to it, or to 1 nat if it is smaller. Of a tensor in the end: relative to its
 * norm; and, as 50 steps move little, to what it moved by: each, and all of a network. At p = 1/2
 * the gradients of codes and permuted codes all but cancel in the discriminator, and one of its
 * rectifiers that rounding puts on the other side stands out. */
static const double TERM = 1e-4, NORM = 1e-3, MOVED[] = {1e-2, 5e-2}, ALL_MOVED[] = {1e-3, 2e-2};

/* Rates at which single precision stays far within these for 50 steps. */
#define ALL "batch=16", "latents=10", "learning_rate=3e-6", "epsilon=1e-3"
#define FACTOR ALL, "objective=factor_vae", "discriminator_learning_rate=3e-6"

static const struct {
    const char *name, *set[MAX_SET];
} rows[] = {
    {"beta_vae", {ALL, "objective=beta_vae", "beta=4", "kernel=4", "order=epochs"}},
    {"annealed_vae",
     {ALL, "objective=annealed_vae", "gamma=100", "c_max=10", "iteration_threshold=40"}},
    {"beta_tcvae_weighted", {ALL, "objective=beta_tcvae", "beta=6", "kernel=4"}},
    {"beta_tcvae_stratified", {ALL, "objective=beta_tcvae", "beta=6", "estimator=stratified"}},
    {"factor_vae_same", {FACTOR, "kernel=4"}},
    {"factor_vae_second", {FACTOR, "factor_batch=second", "adam_epsilon=torch"}},
    {"dip_vae_i", {ALL, "objective=dip_vae_i", "lambda_od=10", "adam_epsilon=torch"}},
    {"dip_vae_ii", {ALL, "objective=dip_vae_ii", "lambda_od=10", "kernel=4"}},
};
static const char *write_to;

/* ---- golden files ---- */

typedef struct {
    size_t terms, tensors, inputs;
    char term[PV_MAX_TERMS + 1][48], tensor[MAX_TENSORS][48], input[MAX_INPUTS][48];
    double value[STEPS][PV_MAX_TERMS + 1];
    double norm[MAX_TENSORS], moved[MAX_TENSORS], sketch[MAX_TENSORS][SKETCH];
    int64_t crc[MAX_INPUTS];
    double noise_sketch[2][SKETCH];
} golden;

static void read_array(pv_h5 *file, const char *name, pv_h5_type type, size_t n, size_t cols,
                       void *out)
{
    pv_h5_array a = {.name = name, .type = type, .rank = 1 + (cols > 0), .dim = {n, cols}};
    if (type == PV_H5_TEXT) a.width = 48;
    NEED(pv_h5_read(file, &a, out));
}

static size_t length(pv_h5 *file, const char *name, size_t most)
{
    pv_h5_array a;
    NEED(pv_h5_find(file, name, &a));
    if (!check(a.dim[0] <= most, "%s: %zu of %s", pv_h5_path(file), a.dim[0], name))
        exit(check_end());
    return a.dim[0];
}

static void read_golden(golden *g, pv_h5 *f)
{
    const size_t n = g->tensors = length(f, "tensor", MAX_TENSORS);
    g->terms = length(f, "term", PV_MAX_TERMS + 1);
    g->inputs = length(f, "input", MAX_INPUTS);
    double value[STEPS * (PV_MAX_TERMS + 1)];
    read_array(f, "term", PV_H5_TEXT, g->terms, 0, g->term);
    read_array(f, "terms", PV_H5_F64, STEPS, g->terms, value);
    for (size_t i = 0; i < STEPS * g->terms; i++) g->value[i / g->terms][i % g->terms] = value[i];
    read_array(f, "tensor", PV_H5_TEXT, n, 0, g->tensor);
    read_array(f, "norm", PV_H5_F64, n, 0, g->norm);
    read_array(f, "moved", PV_H5_F64, n, 0, g->moved);
    read_array(f, "sketch", PV_H5_F64, n, SKETCH, g->sketch);
    read_array(f, "input", PV_H5_TEXT, g->inputs, 0, g->input);
    read_array(f, "input_crc", PV_H5_I64, g->inputs, 0, g->crc);
    read_array(f, "noise_sketch", PV_H5_F64, length(f, "noise_sketch", 2), SKETCH, g->noise_sketch);
}

/* ---- sketches: trajectory.py's, of tensor number `tensor` ---- */

static void make_sketch(double out[SKETCH], size_t tensor, const float *x, size_t n)
{
    for (uint32_t half = 0; half < SKETCH / 32; half++) {
        const uint32_t key = hash(2000 + 2 * (uint32_t)tensor + half);
        double *sum = out + 32 * half;
        for (int k = 0; k < 32; k++) sum[k] = 0.0;
        for (size_t i = 0; i < n; i++) {
            const uint32_t word = hash(key + (uint32_t)i);
            const double both[2] = {-(double)x[i], (double)x[i]};
            for (int k = 0; k < 32; k++) sum[k] += both[word >> k & 1];
        }
    }
}

/* About the norm of the difference of the tensors. */
static double distance(const double a[SKETCH], const double b[SKETCH])
{
    double sum = 0.0;
    for (int k = 0; k < SKETCH; k++) sum += (a[k] - b[k]) * (a[k] - b[k]) / SKETCH;
    return sqrt(sum);
}

/* ---- is this still the start? ---- */

static pv_status compare_attribute(pv_h5 *file, const pv_h5_array *want, const void *value)
{
    pv_h5_array a;
    char text[512] = "";
    NEED(pv_h5_find(file, want->name, &a));
    const int text_fits = a.type == PV_H5_TEXT && a.width <= sizeof text;
    if (want->type != PV_H5_TEXT) {
        NEED(pv_h5_read(file, want, text));
        check(memcmp(text, value, 8) == 0, "%s: another %s", pv_h5_path(file), want->name);
    } else if (check(text_fits, "%s: %s is no short text", pv_h5_path(file), want->name)) {
        NEED(pv_h5_read(file, &a, text));
        check(strcmp(text, value) == 0, "%s: %s is %s, not %s", pv_h5_path(file), want->name, text,
              (const char *)value);
    }
    return PV_OK;
}

/* Noise comes of logarithms and sines, whose last bits differ from one instruction set to another:
 * where its checksum does, its sketch must be that of the golden file to rounding. */
static int same_input(const golden *g, size_t at, const input *in)
{
    double sketch[SKETCH];
    if (input_crc(in) == g->crc[at]) return 1;
    if (strncmp(in->name, "noise", 5) != 0) return 0;
    const size_t second = in->name[5] == '2', n = in->rows * in->cols;
    make_sketch(sketch, NOISE + second, in->value, n);
    return distance(sketch, g->noise_sketch[second]) < 3e-7 * sqrt((double)n);
}

static int compare_start(const golden *g, const start *s, pv_h5 *file)
{
    const long failures = check_failures;
    each_attribute(s, file, compare_attribute);
    check(g->inputs == (size_t)s->inputs, "%s: %zu inputs, not %d", context, g->inputs, s->inputs);
    for (int i = 0; i < s->inputs; i++) {
        size_t at = 0;
        while (at < g->inputs && strcmp(g->input[at], s->input[i].name) != 0) at++;
        check(at < g->inputs && same_input(g, at, &s->input[i]), "%s: %s is another", context,
              s->input[i].name);
    }
    return check(check_failures == failures,
                 "%s: the start has changed: test_trajectory --write, then trajectory.py", context);
}

/* ---- the trajectory ---- */

/* The column of a golden file that holds a term; -1: "penalty", which the loss shows. */
static int find_term(const golden *g, const char *name)
{
    for (size_t i = 0; i < g->terms; i++)
        if (strcmp(g->term[i], name) == 0) return (int)i;
    check(strcmp(name, "penalty") == 0, "%s: no term %s in the golden file", context, name);
    return -1;
}

static void compare_terms(const golden *g, const start *s)
{
    worst w[PV_MAX_TERMS + 1] = {0}, all = {0};
    double term[PV_MAX_TERMS + 1];
    const int n = pv_trainer_terms(s->trainer);
    int column[PV_MAX_TERMS + 1];
    for (int i = 0; i <= n; i++)
        column[i] = find_term(g, i < n ? pv_trainer_term(s->trainer, i) : "loss");
    for (size_t step = 0; step < STEPS; step++) {
        NEED(pv_trainer_step(s->trainer));
        NEED(pv_trainer_log(s->trainer, 1, term, &term[n]));
        for (int i = 0; i <= n; i++) {
            if (column[i] < 0) continue;
            const double want = g->value[step][column[i]];
            compare(&w[i], step, term[i], want, TERM * fmax(fabs(want), 1.0));
        }
    }
    for (int i = 0; i <= n; i++) {
        if (column[i] < 0) continue;
        judge(g->term[column[i]], &w[i]);
        compare(&all, (size_t)column[i], TERM * w[i].error, 0.0, 1.0);
    }
    printf("  %s: terms within %.1e (%s)\n", context, all.error, g->term[all.at]);
}

/* What the tensors of a network are off by in the end. */
typedef struct {
    worst norm, moved;
    double error, change; /* norms: of the differences of all, and of what all moved by */
} ending;

static void compare_tensor(const golden *g, size_t t, const float *x, size_t n, int network,
                           ending *e)
{
    double sketch[SKETCH];
    make_sketch(sketch, t, x, n);
    const double error = distance(sketch, g->sketch[t]);
    compare(&e->norm, t, error, 0.0, NORM * g->norm[t]);
    compare(&e->moved, t, error, 0.0, MOVED[network] * g->moved[t]);
    e->error = hypot(e->error, error);
    e->change = hypot(e->change, g->moved[t]);
}

static void judge_ending(int network, const ending *e)
{
    const double share = e->error / e->change;
    judge("error to the norm of tensor", &e->norm);
    judge("error to the move of tensor", &e->moved);
    check(share <= ALL_MOVED[network], "%s: the %s is off by %.2g of what it moved by", context,
          networks[network], share);
    printf("  %s: tensors of the %s within %.1e of their norms, %.1e of their moves; all of it "
           "%.1e\n",
           context, networks[network], NORM * e->norm.error, MOVED[network] * e->moved.error,
           share);
}

static void compare_parameters(const golden *g, const start *s)
{
    ending ends[2] = {0};
    const pv_vae *vae = pv_trainer_vae(s->trainer);
    const pv_parameters *p = pv_trainer_parameters(s->trainer);
    float *value = new_floats(p->count);
    NEED(pv_download(s->stream, value, p->value, p->count * sizeof *value));
    const pv_layer *l;
    size_t t = 0;
    for (int i = 0; (l = pv_vae_layer(vae, i)); i++)
        for (int bias = 0; bias < 2; bias++, t++) {
            const int network = of_discriminator(l->name) ? DISCRIMINATOR : VAE;
            char name[64];
            snprintf(name, sizeof name, "%s/%s", l->name, bias ? "bias" : "weight");
            if (check(t < g->tensors && strcmp(g->tensor[t], name) == 0, "%s: tensor %zu is %s",
                      context, t, name))
                compare_tensor(g, t, value + (bias ? l->bias : l->weight),
                               bias ? l->biases : l->weights, network, &ends[network]);
        }
    check(t == g->tensors, "%s: %zu tensors, not %zu", context, t, g->tensors);
    for (int i = 0; i < 2; i++)
        if (i == VAE || vae->discriminator.layers) judge_ending(i, &ends[i]);
    free(value);
}

static void trajectory(const char *name, int count, const char *const *set)
{
    char path[512];
    start s;
    pv_h5 *file;
    static golden g;
    snprintf(context, sizeof context, "%s", name);
    start_open(&s, stream[1], count, set);
    if (write_to) {
        snprintf(path, sizeof path, "%s/%s.h5", write_to, name);
        start_write(&s, path);
    } else {
        snprintf(path, sizeof path, PV_SOURCE_DIR "/tests/golden/trajectory_%s.h5", name);
        NEED(pv_h5_open(&file, path));
        read_golden(&g, file);
        if (compare_start(&g, &s, file)) {
            compare_terms(&g, &s);
            compare_parameters(&g, &s);
        }
        pv_h5_close(file);
    }
    start_close(&s);
}

/* Every objective there is has a row. */
static void check_rows(void)
{
    for (int o = 0; pv_objectives[o]; o++) {
        char want[64];
        int found = 0;
        snprintf(want, sizeof want, "objective=%s", pv_objectives[o]->name);
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
            for (int j = 0; j < MAX_SET && rows[i].set[j]; j++)
                found += strcmp(rows[i].set[j], want) == 0;
        check(found > 0, "no trajectory with %s", want);
    }
}

static void all(void)
{
    check_rows();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int count = 0;
        while (count < MAX_SET && rows[i].set[count]) count++;
        trajectory(rows[i].name, count, rows[i].set);
    }
}

int main(int argc, char **argv)
{
    char *cpu[] = {argv[0], "cpu"};
    if (argc == 3 && strcmp(argv[1], "--write") == 0) write_to = argv[2];
    test_devices(2, argc == 2 ? argv : cpu, all);
    return write_to ? 0 : check_end();
}
