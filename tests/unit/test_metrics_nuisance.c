/* test_metrics_nuisance.c -- metrics of codes whose examples also differ in factors that nobody
 * observes, against disentanglement_lib's own functions (tests/oracle/nuisance.py). */
#include "evaluate/metric.h"
#include "golden_metrics.h"

static pv_h5 *golden;

/* Codes [rows, variables] with the factors that are observed [rows, factors]. */
typedef struct {
    const char *name;
    int32_t size[PV_MAX_FACTORS]; /* of all factors */
    int all, unseen[PV_MAX_FACTORS];
    size_t rows, variables, factors, copies;
    double *code;
    float *mean;
    int32_t *factor;
} table;

static size_t read_whole(const char *name, const char *what, int32_t *out)
{
    char path[80];
    pv_h5_array array;
    snprintf(path, sizeof path, "%s/%s", name, what);
    NEED(pv_h5_find(golden, path, &array));
    array.name = path;
    NEED(pv_h5_read(golden, &array, out));
    return array.dim[0];
}

static table open_table(const char *name)
{
    table t = {.name = name, .rows = 1, .copies = 1};
    int32_t place[PV_MAX_FACTORS];
    char path[80];
    size_t count;
    t.all = (int)read_whole(name, "sizes", t.size);
    const size_t unseen = read_whole(name, "unseen", place);
    for (size_t u = 0; u < unseen; u++) {
        t.unseen[place[u]] = 1;
        t.copies *= (size_t)t.size[place[u]];
    }
    for (int f = 0; f < t.all; f++) t.rows *= (size_t)t.size[f];
    t.factors = (size_t)t.all - unseen;
    snprintf(path, sizeof path, "%s/mean", name);
    t.code = read_numbers(golden, path, &count);
    t.variables = count / t.rows;
    NEED(pv_new(&t.mean, count, sizeof *t.mean, name));
    NEED(pv_new(&t.factor, t.rows * t.factors, sizeof *t.factor, name));
    for (size_t i = 0; i < count; i++) t.mean[i] = (float)t.code[i];
    for (size_t i = 0; i < t.rows; i++) {
        size_t rest = i, k = t.factors;
        for (int f = t.all; f-- > 0; rest /= (size_t)t.size[f])
            if (!t.unseen[f]) t.factor[i * t.factors + --k] = (int32_t)(rest % (size_t)t.size[f]);
    }
    return t;
}

static void close_table(table *t)
{
    free(t->code);
    free(t->mean);
    free(t->factor);
}

static pv_labelled label(const table *t, size_t rows)
{
    pv_labelled l;
    NEED(pv_labelled_open(&l, "mean", t->mean, t->variables, t->factor, (int)t->factors, rows, NULL,
                          (int)t->variables));
    NEED(pv_labelled_set_copies(&l, t->copies));
    return l;
}

/* ---- against the reference ---- */

/* After its draws, a metric's generator stands where the reference's does. */
static void compare_draws(const table *t, const pv_labelled *codes, const pv_metric *metric,
                          const char *name)
{
    char group[120];
    pv_metric_result result = {.metric = metric->name};
    pv_metric_options o = pv_metric_defaults;
    pv_metric_run run = {.from = codes, .options = &o, .result = &result};
    snprintf(group, sizeof group, "%s/%s", t->name, name);
    o.train = (size_t)attribute(golden, group, "num_train", 0);
    o.test = (size_t)attribute(golden, group, "num_test", attribute(golden, group, "num_eval", 0));
    pv_random_state_seed(&run.random, (uint32_t)attribute(golden, group, "seed", -1));
    NEED(pv_new(&run.state, 1, metric->state, "a metric"));
    NEED(metric->prepare(&run));
    strcat(group, "/next_word");
    int64_t want;
    NEED(pv_h5_read(golden, &(pv_h5_array){.name = group, .type = PV_H5_I64}, &want));
    const uint32_t word = pv_random_state_word(&run.random);
    check(want == word, "%s: the next word is %u, not %lld", group, word, (long long)want);
    metric->close(run.state);
    free(run.state);
}

static void compare_all_draws(const table *t, const pv_labelled *codes)
{
    static const struct {
        const pv_metric *metric;
        const char *group;
    } draws[] = {{&pv_metric_beta_vae, "beta_vae_sklearn"},
                 {&pv_metric_factor_vae, "factor_vae"},
                 {&pv_metric_mig, "mig"},
                 {&pv_metric_modularity, "modularity_explicitness"},
                 {&pv_metric_explicitness, "modularity_explicitness"},
                 {&pv_metric_sap, "sap"},
                 {&pv_metric_dci, "dci"},
                 {&pv_metric_irs, "irs"},
                 {&pv_metric_unsupervised, "unsupervised"}};
    for (size_t i = 0; i < sizeof draws / sizeof *draws; i++)
        compare_draws(t, codes, draws[i].metric, draws[i].group);
}

static void compare_name(const char *name)
{
    char path[80];
    table t = open_table(name);
    pv_labelled codes = label(&t, t.rows);
    check(codes.row && codes.copies == t.copies, "%s: %zu copies, not %zu", name, codes.copies,
          t.copies);
    for (int c = 0; c < COMPARISONS; c++) {
        snprintf(path, sizeof path, "%s/%s/%s", name, comparisons[c].group, comparisons[c].name);
        check(pv_h5_has(golden, path), "%s: the reference has no score", path);
    }
    compare_table(&(golden_table){golden, name, name, &codes});
    compare_all_draws(&t, &codes);
    pv_labelled_close(&codes);
    close_table(&t);
}

/* ---- what is a generator ---- */

static const pv_metric_options few = {.train = 200, .test = 100, .bins = 20, .threads = 2};

static pv_metric_results measure(const pv_labelled *codes)
{
    pv_metric_results r;
    NEED(pv_metrics_compute(&r, codes, 1, "beta_vae,factor_vae,mig,irs", stream, &few, NULL));
    return r;
}

/* Rows in any order, as long as copies of one combination keep theirs: here all first copies come
 * first, then all second ones. */
static void rows_in_another_order(void)
{
    table t = open_table("smallnorb"), moved = open_table("smallnorb");
    const size_t inner = t.rows / 3 / t.copies; /* examples of a category and an instance */
    for (size_t i = 0; i < t.rows; i++) {
        const size_t category = i / inner / t.copies, instance = i / inner % t.copies,
                     to = (instance * 3 + category) * inner + i % inner;
        memcpy(moved.mean + to * t.variables, t.mean + i * t.variables,
               t.variables * sizeof *t.mean);
        memcpy(moved.factor + to * t.factors, t.factor + i * t.factors,
               t.factors * sizeof *t.factor);
    }
    check(memcmp(moved.mean, t.mean, t.rows * t.variables * sizeof *t.mean) != 0, "nothing moved");
    pv_labelled one = label(&t, t.rows), other = label(&moved, t.rows);
    pv_metric_results a = measure(&one), b = measure(&other);
    for (int i = 0; i < a.count; i++)
        for (int v = 0; v < a.result[i].count; v++)
            check(a.result[i].value[v].matrix ||
                      a.result[i].value[v].number == b.result[i].value[v].number,
                  "%s: another %s in another order", a.result[i].metric, a.result[i].value[v].key);
    pv_metric_results_free(&a);
    pv_metric_results_free(&b);
    pv_labelled_close(&one);
    pv_labelled_close(&other);
    close_table(&t);
    close_table(&moved);
}

/* No generator: nothing is drawn, and metrics that need interventions say why they have no value.
 */
static void no_generator(const char *what, const table *t, size_t rows)
{
    pv_labelled codes = label(t, rows);
    check(codes.row == NULL, "%s: is a generator", what);
    pv_metric_results r = measure(&codes);
    for (int i = 0; i < r.count; i++) {
        const pv_metric_result *of = &r.result[i];
        if (i < 2)
            check(of->count == 0 && strstr(of->reason, "every combination of the factors once"),
                  "%s: %s is not undefined, but: %s", what, of->metric, of->reason);
        else
            check(of->count > 0 && of->train == rows, "%s: %s of %zu examples, not %zu: %s", what,
                  of->metric, of->train, rows, of->reason);
    }
    pv_metric_results_free(&r);
    pv_labelled_close(&codes);
}

static void unequal_copies(void)
{
    table t = open_table("pairs");
    no_generator("a copy short", &t, t.rows - 1);
    no_generator("a combination short", &t, t.rows - 2);
    /* As many rows as two copies of each, but one combination has three, another one. */
    int32_t *second = t.factor + t.factors;
    second[t.factors - 1] = (second[t.factors - 1] + 1) % t.size[t.all - 1];
    no_generator("one copy with other factors", &t, t.rows);
    close_table(&t);
}

int main(void)
{
    static const char *const names[] = {"smallnorb", "noshape", "last", "pairs", "two"};
    NEED(pv_device_open(&device, "cpu"));
    NEED(pv_stream_open(&stream, device, 1));
    NEED(pv_h5_open(&golden, PV_SOURCE_DIR "/tests/golden/nuisance.h5"));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) compare_name(names[i]);
    rows_in_another_order();
    unequal_copies();
    pv_h5_close(golden);
    pv_stream_close(stream);
    pv_device_close(device);
    return check_end();
}
