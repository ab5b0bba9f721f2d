/* test_udr.c -- UDR of four models against disentanglement_lib's own (tests/oracle/udr.py), and
 * what leaves it as it is. */
#include <math.h>
#include <stdio.h>

#include "udr_models.h"

static const pv_udr_options optimum = {
    .method = PV_UDR_LASSO, .tolerance = 1e-13, .sweeps = 100000, .threads = 2};

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

/* Golden correlations have 36 bits. */
static void agrees_with_the_reference(void)
{
    pv_udr_options o = optimum;
    agrees("lasso", &pv_udr_defaults, 1e-11);
    agrees("lasso_optimum", &o, 1e-11);
    o.unfiltered = 1;
    agrees("lasso_optimum_unfiltered", &o, 1e-11);
    o = pv_udr_defaults;
    o.unfiltered = 1;
    agrees("lasso_unfiltered", &o, 1e-11);
    o.method = PV_UDR_SPEARMAN;
    agrees("spearman_unfiltered", &o, 1e-11);
    o.unfiltered = 0;
    agrees("spearman", &o, 1e-11);
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

int main(void)
{
    load_models();
    agrees_with_the_reference();
    tells_what_informs();
    sorts_models();
    identical_models_have_0_9();
    order_and_sign_do_not_matter();
    threads_do_not_matter();
    scores_are_medians_of_columns();
    pv_h5_close(golden);
    return check_end();
}
