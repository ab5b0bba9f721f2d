/* test_metrics.c -- metrics of nine tables of codes against disentanglement_lib's own functions
 * (tests/oracle/metrics.py), for mean and sampled codes; and of real-valued factors. */
#include "golden_metrics.h"
#include "polarvae/evaluate.h"

static void compare_file(const char *name)
{
    char path[256];
    pv_codes codes;
    pv_h5 *golden;
    pv_labelled both[2];
    snprintf(path, sizeof path, "%s/tests/golden/codes_%s.h5", PV_SOURCE_DIR, name);
    NEED(pv_codes_read(&codes, path));
    snprintf(path, sizeof path, "%s/tests/golden/metrics_%s.h5", PV_SOURCE_DIR, name);
    NEED(pv_h5_open(&golden, path));
    NEED(pv_labelled_open(&both[0], "mean", codes.mean, (size_t)codes.latents, codes.factor,
                          codes.factors, codes.examples, NULL, codes.latents));
    NEED(pv_labelled_open(&both[1], "sampled", codes.sampled, (size_t)codes.latents, codes.factor,
                          codes.factors, codes.examples, NULL, codes.latents));
    check(both[0].row != NULL, "%s: is no grid", name);
    for (int second = 0; second < 2; second++)
        compare_table(&(golden_table){golden, name, both[second].name, &both[second]});
    pv_labelled_close(&both[0]);
    pv_labelled_close(&both[1]);
    pv_codes_free(&codes);
    pv_h5_close(golden);
}

/* Factors of which three are real-valued, in rows that are no grid. */
static void compare_real_factors(void)
{
    static const char *const keys[][2] = {{"sap", "SAP_score"},
                                          {"sap", "score_matrix"},
                                          {"irs", "IRS"},
                                          {"irs", "IRS_matrix"},
                                          {"irs", "max_deviations"}};
    const pv_metric_options options = {.bins = 20, .threads = 2};
    static const char *const name[] = {"mean", "sampled"};
    pv_codes codes;
    pv_h5 *golden;
    NEED(pv_codes_read(&codes, PV_SOURCE_DIR "/tests/golden/real_factors.h5"));
    NEED(pv_h5_open(&golden, PV_SOURCE_DIR "/tests/golden/real_factors.h5"));
    for (int second = 0; second < 2; second++) {
        pv_labelled l;
        pv_metric_results results;
        NEED(pv_labelled_open_reals(&l, name[second], second ? codes.sampled : codes.mean,
                                    (size_t)codes.latents, codes.factor_value, codes.factors,
                                    codes.examples, NULL, codes.latents));
        NEED(pv_metrics_compute(&results, &l, 1, "sap,irs", stream, &options, NULL));
        check(results.result[0].continuous && !results.result[1].continuous,
              "real factors: not told, or told of irs");
        for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
            char path[120];
            size_t count;
            const int irs = strcmp(keys[k][0], "irs") == 0;
            const pv_metric_value *got = pv_metric_value_of(&results.result[irs], keys[k][1]);
            snprintf(path, sizeof path, "reference/%s/%s/%s", name[second], keys[k][0], keys[k][1]);
            double *want = read_numbers(golden, path, &count);
            check(got && want, "%s: none", path);
            for (size_t i = 0; i < count && got && want; i++) {
                const double value = got->matrix ? got->matrix[i] : got->number;
                check(fabs(value - want[i]) <= 1e-9, "%s[%zu]: %.12g, not %.12g", path, i, value,
                      want[i]);
            }
            free(want);
        }
        pv_metric_results_free(&results);
        pv_labelled_close(&l);
    }
    pv_codes_free(&codes);
    pv_h5_close(golden);
}

int main(int argc, char **argv)
{
    static const char *const names[] = {"identity", "permuted", "duplicated", "zeros",  "rotated",
                                        "noisy",    "constant", "polarised",  "trained"};
    NEED(pv_device_open(&device, "cpu"));
    NEED(pv_stream_open(&stream, device, 1));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (argc < 2 || strcmp(argv[1], names[i]) == 0) compare_file(names[i]);
    if (argc < 2) compare_real_factors();
    pv_stream_close(stream);
    pv_device_close(device);
    return check_end();
}
