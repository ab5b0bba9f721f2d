/* test_udr.c -- UDR of four models against disentanglement_lib's own (tests/oracle/udr.py), what
 * leaves it as it is, models without a variable, and what is refused. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/hdf5.h"
#include "check.h"
#include "json.h"
#include "learn/random_state.h"
#include "polarvae/udr.h"

enum { MODELS = 4, GRID = 1800, D = 6, N = 1000, BATCH = 10, FACTORS = 5, FIRST = 64 };

static pv_h5 *golden;
static const char *const names[MODELS] = {"zero", "one", "two", "three"};
static float mean[MODELS][N * D], variance[MODELS][N * D];
static const pv_udr_options optimum = {
    .method = PV_UDR_LASSO, .tolerance = 1e-13, .sweeps = 100000, .threads = 2};

/* ---- models ---- */

static void read_golden(const char *name, pv_h5_type type, size_t a, size_t b, size_t c, size_t d,
                        void *out)
{
    const pv_h5_array array = {
        .name = name, .type = type, .rank = !!a + !!b + !!c + !!d, .dim = {a, b, c, d}};
    NEED(pv_h5_read(golden, &array, out));
}

/* The reference's examples: rows of the grid, as numpy draws them. */
static void draw_rows(int32_t row[N])
{
    int32_t size[FACTORS], first[FIRST];
    int64_t next;
    pv_random_state random;
    read_golden("sizes", PV_H5_I32, FACTORS, 0, 0, 0, size);
    read_golden("rows", PV_H5_I32, FIRST, 0, 0, 0, first);
    read_golden("next_word", PV_H5_I64, 0, 0, 0, 0, &next);
    pv_random_state_seed(&random, 0);
    for (int i = 0; i < N; i++) row[i] = 0;
    for (int start = 0; start < N; start += BATCH)
        for (int k = 0; k < FACTORS; k++)
            for (int i = start; i < start + BATCH; i++)
                row[i] =
                    row[i] * size[k] + (int32_t)pv_random_state_below(&random, (uint64_t)size[k]);
    check(memcmp(row, first, sizeof first) == 0, "other examples than the reference's");
    check(pv_random_state_word(&random) == (uint32_t)next, "more or fewer draws");
}

static void load_models(void)
{
    static float all[2][MODELS][GRID][D];
    static int32_t row[N];
    draw_rows(row);
    read_golden("mean", PV_H5_F32, MODELS, GRID, D, 0, all[0]);
    read_golden("variance", PV_H5_F32, MODELS, GRID, D, 0, all[1]);
    for (int m = 0; m < MODELS; m++)
        for (int i = 0; i < N; i++) {
            memcpy(mean[m] + i * D, all[0][m][row[i]], sizeof all[0][m][0]);
            memcpy(variance[m] + i * D, all[1][m][row[i]], sizeof all[1][m][0]);
        }
}

static pv_codes codes_of(float *means, float *variances)
{
    return (pv_codes){.examples = N, .latents = D, .mean = means, .variance = variances};
}

static void all_models(pv_codes out[MODELS])
{
    for (int m = 0; m < MODELS; m++) out[m] = codes_of(mean[m], variance[m]);
}

static double largest_difference(const double *a, const double *b, size_t n)
{
    double top = 0.0;
    for (size_t i = 0; i < n; i++)
        top = isnan(a[i]) && isnan(b[i])   ? top
              : isnan(a[i]) || isnan(b[i]) ? HUGE_VAL
                                           : fmax(top, fabs(a[i] - b[i]));
    return top;
}

/* ---- the reference ---- */

static void agrees(const char *group, const pv_udr_options *o, double allowed)
{
    char path[96];
    double raw[MODELS * MODELS * D * D], pair[MODELS * MODELS], score[MODELS], got[MODELS];
    pv_codes codes[MODELS];
    pv_udr u;
    all_models(codes);
    NEED(pv_udr_compute(&u, names, codes, MODELS, o));
    snprintf(path, sizeof path, "%s/raw_correlations", group);
    if (!o->unfiltered) {
        read_golden(path, PV_H5_F64, MODELS, MODELS, D, D, raw);
        const double away = largest_difference(raw, u.raw, MODELS * MODELS * D * D);
        check(away <= allowed, "%s: correlations differ by %g", group, away);
    }
    snprintf(path, sizeof path, "%s/pairwise_disentanglement_scores", group);
    read_golden(path, PV_H5_F64, MODELS, MODELS, 0, 0, pair);
    const double pairs_away = largest_difference(pair, u.pairwise, MODELS * MODELS);
    check(pairs_away <= allowed, "%s: pairs differ by %g", group, pairs_away);
    snprintf(path, sizeof path, "%s/model_scores", group);
    read_golden(path, PV_H5_F64, MODELS, 0, 0, 0, score);
    for (int m = 0; m < MODELS; m++) got[m] = u.model[m].score;
    const double scores_away = largest_difference(score, got, MODELS);
    check(scores_away <= allowed, "%s: scores differ by %g", group, scores_away);
    pv_udr_free(&u);
}

static void agrees_with_the_reference(void)
{
    pv_udr_options o = optimum;
    agrees("lasso", &pv_udr_defaults, 1e-5);
    agrees("lasso_optimum", &o, 1e-8);
    o.unfiltered = 1;
    agrees("lasso_optimum_unfiltered", &o, 1e-8);
    o = pv_udr_defaults;
    o.unfiltered = 1;
    agrees("lasso_unfiltered", &o, 1e-5);
    o.method = PV_UDR_SPEARMAN;
    agrees("spearman_unfiltered", &o, 1e-12);
    o.unfiltered = 0;
    agrees("spearman", &o, 1e-11); /* the golden values have 36 bits */
}

static void tells_what_informs(void)
{
    static const int informative[MODELS] = {5, 5, 5, 2};
    double kl[MODELS * D];
    pv_codes codes[MODELS];
    pv_udr u;
    all_models(codes);
    read_golden("kl", PV_H5_F64, MODELS, D, 0, 0, kl);
    NEED(pv_udr_compute(&u, names, codes, MODELS, &pv_udr_defaults));
    check(u.count == MODELS && u.latents == D && u.examples == N, "another size");
    for (int m = 0; m < MODELS; m++) {
        const double away = largest_difference(kl + m * D, u.model[m].kl, D);
        check(away <= 1e-12, "%s: KL differs by %g", names[m], away);
        check(u.model[m].informative == informative[m], "%s: %d informative variables", names[m],
              u.model[m].informative);
        check(u.model[m].others == MODELS - 1 && !u.model[m].reason && u.model[m].name == names[m],
              "%s: others, reason or name", names[m]);
    }
    pv_udr_free(&u);
}

static void sorts_models(void)
{
    static const int best[MODELS] = {0, 1, 2, 3}, shuffled[MODELS] = {3, 1, 0, 2};
    for (int turn = 0; turn < 2; turn++) {
        const int *order = turn ? shuffled : best;
        pv_codes codes[MODELS];
        pv_udr u;
        for (int i = 0; i < MODELS; i++) codes[i] = codes_of(mean[order[i]], variance[order[i]]);
        NEED(pv_udr_compute(&u, names, codes, MODELS, &pv_udr_defaults));
        for (int i = 0; i < MODELS; i++)
            check(order[u.best[i]] == best[i], "turn %d: %d is at %d", turn, u.best[i], i);
        pv_udr_free(&u);
    }
}

/* ---- what leaves scores as they are ---- */

static void identical_models_have_0_9(void)
{
    pv_codes two[2] = {codes_of(mean[0], variance[0]), codes_of(mean[0], variance[0])};
    pv_udr u;
    NEED(pv_udr_compute(&u, names, two, 2, &optimum));
    for (int i = 0; i < 2; i++)
        check(fabs(u.model[i].score - 0.9) < 1e-12, "lasso: %.15g", u.model[i].score);
    pv_udr_free(&u);
    NEED(pv_udr_compute(&u, names, two, 2, &pv_udr_defaults));
    check(fabs(u.model[0].score - 0.9) < 1e-4, "lasso, not to the optimum: %.15g",
          u.model[0].score);
    pv_udr_free(&u);
}

/* Model `of` with variable k where order[k] was, times sign[k] * scale. */
static void rearrange(float *means, float *variances, int of, const int *order, const int *sign,
                      float scale)
{
    for (int i = 0; i < N; i++)
        for (int k = 0; k < D; k++) {
            means[i * D + k] = (float)sign[k] * scale * mean[of][i * D + order[k]];
            variances[i * D + k] = variance[of][i * D + order[k]];
        }
}

/* The scores of all models, with model 1 rearranged. */
static double change(const pv_udr_options *o, const int *order, const int *sign, float scale)
{
    static float means[N * D], variances[N * D];
    pv_codes codes[MODELS];
    pv_udr before, after;
    double away = 0.0;
    all_models(codes);
    NEED(pv_udr_compute(&before, names, codes, MODELS, o));
    rearrange(means, variances, 1, order, sign, scale);
    codes[1] = codes_of(means, variances);
    NEED(pv_udr_compute(&after, names, codes, MODELS, o));
    for (int m = 0; m < MODELS; m++)
        away = fmax(away, fabs(before.model[m].score - after.model[m].score));
    pv_udr_free(&before);
    pv_udr_free(&after);
    return away;
}

static void order_and_sign_do_not_matter(void)
{
    static const int same[D] = {0, 1, 2, 3, 4, 5}, plus[D] = {1, 1, 1, 1, 1, 1},
                     order[D] = {3, 5, 0, 1, 4, 2}, sign[D] = {1, -1, -1, 1, 1, -1};
    pv_udr_options spearman = pv_udr_defaults;
    spearman.method = PV_UDR_SPEARMAN;
    const pv_udr_options *const each[] = {&optimum, &pv_udr_defaults, &spearman};
    const double allowed[] = {1e-9, 1e-4, 1e-12};
    for (int i = 0; i < 3; i++) {
        const double signs = change(each[i], same, sign, 1.0f),
                     scales = change(each[i], same, plus, 0.5f),
                     both = change(each[i], order, sign, 1.0f);
        check(signs <= 1e-14, "%d: signs change scores by %g", i, signs);
        check(scales <= 1e-14, "%d: a scale changes scores by %g", i, scales);
        check(both <= allowed[i], "%d: order and sign change scores by %g", i, both);
    }
}

static void threads_do_not_matter(void)
{
    for (int method = 0; method < PV_UDR_METHODS; method++) {
        pv_codes codes[MODELS];
        pv_udr u[2];
        all_models(codes);
        for (int i = 0; i < 2; i++) {
            pv_udr_options o = pv_udr_defaults;
            o.method = (pv_udr_method)method;
            o.threads = i ? 3 : 1;
            NEED(pv_udr_compute(&u[i], names, codes, MODELS, &o));
        }
        check(memcmp(u[0].raw, u[1].raw, sizeof(double) * MODELS * MODELS * D * D) == 0,
              "method %d: other correlations with 3 threads", method);
        check(memcmp(u[0].pairwise, u[1].pairwise, sizeof(double) * MODELS * MODELS) == 0,
              "method %d: other pairs with 3 threads", method);
        for (int m = 0; m < MODELS; m++)
            check(u[0].model[m].score == u[1].model[m].score, "method %d: other scores", method);
        pv_udr_free(&u[0]);
        pv_udr_free(&u[1]);
    }
}

/* Model i's score is of column i: how well the others predict it. */
static void scores_are_medians_of_columns(void)
{
    pv_codes codes[MODELS];
    pv_udr u;
    all_models(codes);
    NEED(pv_udr_compute(&u, names, codes, 3, &pv_udr_defaults));
    for (int i = 0; i < 3; i++) {
        double sum = 0.0, row = 0.0;
        for (int j = 0; j < 3; j++) {
            sum += u.pairwise[j * 3 + i];
            row += u.pairwise[i * 3 + j];
        }
        check(fabs(u.model[i].score - 0.5 * sum) < 1e-15, "%d: no mean of two", i);
        check(fabs(sum - row) > 1e-6, "%d: pairs are symmetric", i);
        check(u.pairwise[i * 3 + i] == 0.0, "%d: compared with itself", i);
    }
    pv_udr_free(&u);
}

/* ---- models without a variable, constant variables ---- */

static float nothing[N * D], ones[N * D];

static void models_without_a_variable(void)
{
    pv_codes codes[MODELS];
    pv_udr with, without;
    char text[65536] = "";
    all_models(codes);
    NEED(pv_udr_compute(&without, names, codes, 2, &pv_udr_defaults));
    codes[2] = codes_of(nothing, ones);
    NEED(pv_udr_compute(&with, names, codes, 3, &pv_udr_defaults));
    const pv_udr_model *dead = &with.model[2];
    check(isnan(dead->score) && dead->reason && dead->informative == 0, "a score of nothing");
    for (int i = 0; i < 2; i++) {
        check(with.model[i].score == without.model[i].score && with.model[i].others == 1,
              "%d: another score beside a model without a variable", i);
        check(isnan(with.pairwise[i * 3 + 2]) && isnan(with.pairwise[6 + i]), "%d: a pair", i);
    }
    FILE *file = tmpfile();
    pv_udr_print(&with, file);
    rewind(file);
    const size_t size = fread(text, 1, sizeof text - 1, file);
    fclose(file);
    const char *three = strstr(text, "\ntwo "), *zero = strstr(text, "\nzero "),
               *one = strstr(text, "\none ");
    check(size > 0 && zero && one && three && three > zero && three > one &&
              (zero < one) == (with.model[0].score >= with.model[1].score),
          "the table's order:\n%s", text);
    check(strstr(text, "- two: no variable has a KL above 0.01") != NULL, "no reason:\n%s", text);
    pv_udr_free(&with);
    pv_udr_free(&without);

    codes[3] = codes_of(nothing, ones);
    codes[2] = codes_of(mean[2], variance[2]);
    codes[0] = codes_of(nothing, ones);
    NEED(pv_udr_compute(&with, names, codes, MODELS, &pv_udr_defaults));
    const int first = with.model[1].score >= with.model[2].score ? 1 : 2;
    check(with.best[0] == first && with.best[1] == 3 - first && with.best[2] == 0 &&
              with.best[3] == 3,
          "best: %d, %d, %d, %d", with.best[0], with.best[1], with.best[2], with.best[3]);
    pv_udr_free(&with);

    codes[0] = codes_of(nothing, ones);
    NEED(pv_udr_compute(&with, names, codes, 2, &pv_udr_defaults));
    check(isnan(with.model[0].score) && isnan(with.model[1].score), "a score of one model");
    check(with.model[1].reason && strstr(with.model[1].reason, "no other model"), "reason: %s",
          with.model[1].reason ? with.model[1].reason : "none");
    pv_udr_free(&with);

    pv_udr_options all = pv_udr_defaults;
    all.unfiltered = 1;
    NEED(pv_udr_compute(&with, names, codes, 2, &all));
    check(with.model[0].score == 0.0 && with.model[1].score == 0.0 && !with.model[0].reason,
          "unfiltered: %g, %g", with.model[0].score, with.model[1].score);
    pv_udr_free(&with);
}

/* Variable 0 of model 0 has a KL by its mean of 2, and says nothing. */
static void a_constant_variable(void)
{
    static float means[N * D];
    pv_codes codes[2] = {codes_of(means, variance[0]), codes_of(mean[1], variance[1])};
    pv_udr u;
    pv_udr_options o = pv_udr_defaults;
    memcpy(means, mean[0], sizeof means);
    for (int i = 0; i < N; i++) means[i * D] = 2.1f;
    NEED(pv_udr_compute(&u, names, codes, 2, &o));
    check(u.model[0].informative == 5, "is left out");
    for (int b = 0; b < D; b++) {
        check(u.raw[D * D + b] == 0.0, "lasso, 0 and %d: %g", b, u.raw[D * D + b]);
        check(u.raw[2 * D * D + b * D] == 0.0, "lasso, %d and 0: %g", b, u.raw[2 * D * D + b * D]);
    }
    check(u.model[0].score > 0.0, "lasso: no score");
    pv_udr_free(&u);
    o.method = PV_UDR_SPEARMAN;
    NEED(pv_udr_compute(&u, names, codes, 2, &o));
    for (int b = 0; b < D; b++) check(isnan(u.raw[D * D + b]), "spearman, 0 and %d", b);
    check(!isnan(u.raw[D * D + D]), "spearman: NaN elsewhere");
    pv_udr_free(&u);
}

/* ---- files, failures ---- */

static void writes_json(void)
{
    char path[] = "/tmp/polarvae_udr_XXXXXX", *text;
    size_t size;
    pv_codes codes[MODELS];
    pv_udr u;
    all_models(codes);
    codes[3] = codes_of(nothing, ones);
    NEED(pv_udr_compute(&u, names, codes, MODELS, &pv_udr_defaults));
    const int file = mkstemp(path);
    if (!check(file >= 0, "%s cannot be made", path)) exit(1);
    NEED(pv_udr_write(&u, path));
    NEED(pv_read_text(&text, &size, path));
    remove(path);
    check(json_valid(text), "no JSON");
    const struct {
        const char *where;
        double value;
    } numbers[] = {{"models/1/score", u.model[1].score},
                   {"models/0/kl/2", u.model[0].kl[2]},
                   {"models/2/others", 2},
                   {"models/3/informative", 0},
                   {"kl_threshold", 0.01},
                   {"examples", N},
                   {"pairwise_disentanglement_scores/0/2", u.pairwise[2]},
                   {"raw_correlations/2/1/4/3", u.raw[((2 * MODELS + 1) * D + 4) * D + 3]}};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        const char *at = json_at(text, numbers[i].where);
        check(at && strtod(at, NULL) == numbers[i].value, "%s: %.20s", numbers[i].where,
              at ? at : "nothing");
    }
    const char *score = json_at(text, "models/3/score"), *reason = json_at(text, "models/3/reason");
    check(score && strncmp(score, "null", 4) == 0 && reason, "a model without a variable");
    check(!json_at(text, "models/0/reason"), "a reason of a number");
    free(text);
    pv_udr_free(&u);
}

/* The call fails, with these words in its line. */
static void refused(pv_status status, const char *words, const pv_codes *codes, int count,
                    const pv_udr_options *o)
{
    pv_udr u;
    const pv_status got = pv_udr_compute(&u, names, codes, count, o);
    check(got == status && strstr(pv_error(), words), "%d, not %d with '%s': %s", (int)got,
          (int)status, words, got == PV_OK ? "success" : pv_error());
    pv_udr_free(&u);
}

static void wrong_value(float *at, float value, const char *words)
{
    pv_codes codes[MODELS];
    const float before = *at;
    all_models(codes);
    *at = value;
    refused(PV_EDATA, words, codes, MODELS, &pv_udr_defaults);
    *at = before;
}

static void refuses(void)
{
    static int32_t factor[2][2 * N];
    pv_codes codes[MODELS];
    pv_udr_options o = pv_udr_defaults;
    all_models(codes);
    refused(PV_EUSAGE, "1 is too few, 2 are needed", codes, 1, &o);
    refused(PV_EUSAGE, "0 is too few", codes, 0, &o);
    refused(PV_EUSAGE, "-1 is too few", codes, -1, &o);
    codes[2].latents = 5;
    refused(PV_EDATA, "two: has 5 latent variables, but zero has 6", codes, MODELS, &o);
    codes[2].latents = D;
    codes[1].examples = 999;
    refused(PV_EDATA, "one: has codes of 999 examples, but zero of 1000", codes, MODELS, &o);
    codes[0].examples = codes[1].examples = 1;
    refused(PV_EDATA, "zero: has 6 variables of 1 examples", codes, 2, &o);
    all_models(codes);
    codes[1].variance = NULL;
    refused(PV_EDATA, "one: has no variance", codes, MODELS, &o);
    codes[0].mean = NULL;
    refused(PV_EDATA, "zero: has no mean", codes, MODELS, &o);

    all_models(codes);
    for (int m = 0; m < 2; m++) {
        codes[m].factor = factor[m];
        codes[m].factors = 2;
    }
    factor[1][2 * N - 1] = 1;
    refused(PV_EDATA, "one: has other factors than zero", codes, MODELS, &o);
    codes[1].factors = 1;
    refused(PV_EDATA, "one: has other factors than zero", codes, MODELS, &o);
    factor[1][2 * N - 1] = 0;
    codes[1].factors = 2;
    pv_udr u;
    NEED(pv_udr_compute(&u, names, codes, MODELS, &o));
    pv_udr_free(&u);

    wrong_value(&mean[2][13], NAN, "two: mean of example 2, variable 1 is nan");
    wrong_value(&mean[0][N * D - 1], -INFINITY, "zero: mean of example 999, variable 5 is -inf");
    wrong_value(&variance[3][6], INFINITY, "three: variance of example 1, variable 0 is inf");
    wrong_value(&variance[1][0], -0.5f, "one: variance of example 0, variable 0 is -0.5, below 0");

    all_models(codes);
    o.tolerance = 0.0;
    refused(PV_EUSAGE, "tolerance 0", codes, MODELS, &o);
    o.tolerance = NAN;
    refused(PV_EUSAGE, "tolerance nan", codes, MODELS, &o);
    o = pv_udr_defaults;
    o.sweeps = 0;
    refused(PV_EUSAGE, "0 sweeps", codes, MODELS, &o);
    o = pv_udr_defaults;
    o.method = PV_UDR_METHODS;
    refused(PV_EUSAGE, "there are lasso and spearman", codes, MODELS, &o);
}

int main(void)
{
    NEED(pv_h5_open(&golden, PV_SOURCE_DIR "/tests/golden/udr.h5"));
    for (int i = 0; i < N * D; i++) ones[i] = 1.0f;
    load_models();
    agrees_with_the_reference();
    tells_what_informs();
    sorts_models();
    identical_models_have_0_9();
    order_and_sign_do_not_matter();
    threads_do_not_matter();
    scores_are_medians_of_columns();
    models_without_a_variable();
    a_constant_variable();
    writes_json();
    refuses();
    pv_h5_close(golden);
    return check_end();
}
