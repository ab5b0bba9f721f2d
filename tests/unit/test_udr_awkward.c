/* test_udr_awkward.c -- UDR of models without a variable and with constant ones, its table and its
 * JSON, and what is refused. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/base.h"
#include "json.h"
#include "udr_models.h"

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
    load_models();
    for (int i = 0; i < N * D; i++) ones[i] = 1.0f;
    models_without_a_variable();
    a_constant_variable();
    writes_json();
    refuses();
    pv_h5_close(golden);
    return check_end();
}
