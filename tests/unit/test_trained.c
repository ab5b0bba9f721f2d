/* test_trained.c -- a model that was trained here: losses that fall, codes that do not depend on
 * how they are made, and what mean and sampled codes must have in common. */
#include "small_model.h"

#include <math.h>

#include "polarvae/encode.h"

enum { LATENTS = 6 };
static pv_model trained;
static pv_stream *stream;

/* Trains a model with active and mixed variables, and opens it from its files as `trained`. */
static void losses_fall(void **state)
{
    (void)state;
    enum { PERIODS = 12, PERIOD = 20 };
    static const char *const set[] = {"batch=16", "latents=6", "beta=8", "learning_rate=0.001",
                                      "log_every=20"};
    double terms[PV_MAX_TERMS], loss[PERIODS], reconstruction[PERIODS];
    model m;
    model_open(&m, &images, 2, 5, set);
    for (int i = 0; i < PERIODS; i++) {
        steps(&m, PERIOD);
        OK(pv_trainer_log(m.trainer, PERIOD, terms, &loss[i]));
        reconstruction[i] = terms[0];
        assert_true(fabs(loss[i] - (terms[0] + 8.0 * terms[1])) < 1e-6 * loss[i]);
    }
    printf("loss %.4g to %.4g, reconstruction %.4g to %.4g\n", loss[0], loss[PERIODS - 1],
           reconstruction[0], reconstruction[PERIODS - 1]);
    assert_true(loss[PERIODS - 1] < 0.5 * loss[0]);
    assert_true(reconstruction[PERIODS - 1] < 0.5 * reconstruction[0]);
    assert_true(loss[PERIODS - 1] < loss[PERIODS / 3]);
    OK(pv_trainer_save(m.trainer, in_directory("checkpoint.h5")));
    FILE *file = fopen(in_directory("config.yaml"), "w");
    assert_non_null(file);
    OK(pv_config_write(&m.config, file, NULL, 0));
    assert_int_equal(fclose(file), 0);
    model_close(&m);
    OK(pv_model_open(&trained, directory, stream));
    assert_int_equal(trained.step, PERIODS * PERIOD);
}

static void codes_do_not_depend_on_batches_or_threads(void **state)
{
    (void)state;
    static const int threads[] = {1, 2, 3, 8};
    static const size_t examples[] = {600, 37, 250, 251}; /* encoded 250 at a time */
    pv_codes first, again;
    OK(pv_encode(&first, NULL, &trained, &images, stream, 600, 5, NULL));
    for (int i = 0; i < 4; i++) {
        pv_stream *other;
        pv_losses losses;
        const size_t n = examples[i], bytes = n * LATENTS * sizeof(float);
        OK(pv_stream_open(&other, device, threads[i]));
        OK(pv_encode(&again, &losses, &trained, &images, other, n, 5, NULL));
        assert_int_equal(again.examples, n);
        assert_memory_equal(again.mean, first.mean, bytes);
        assert_memory_equal(again.variance, first.variance, bytes);
        assert_memory_equal(again.sampled, first.sampled, bytes);
        assert_memory_equal(again.factor, first.factor,
                            n * (size_t)first.factors * sizeof *first.factor);
        assert_true(losses.elbo == -(losses.reconstruction + losses.kl));
        pv_codes_free(&again);
        pv_stream_close(other);
    }
    OK(pv_encode(&again, NULL, &trained, &images, stream, 600, 6, NULL));
    assert_true(memcmp(again.mean, first.mean, 600 * LATENTS * sizeof(float)) != 0);
    pv_codes_free(&again);
    pv_codes_free(&first);
}

/* The spread of Cov(sampled)_ij - Cov(mean)_ij over the noise, whose expectation is 0 for i != j
 * and E[s_i] for i = j, with s the posterior variance. */
static double spread(const pv_codes *c, int i, int j)
{
    double centre[2] = {0}, sum = 0.0;
    const double n = (double)c->examples;
    for (size_t r = 0; r < c->examples; r++) {
        centre[0] += (double)c->mean[r * LATENTS + (size_t)i] / n;
        centre[1] += (double)c->mean[r * LATENTS + (size_t)j] / n;
    }
    for (size_t r = 0; r < c->examples; r++) {
        const double x = (double)c->mean[r * LATENTS + (size_t)i] - centre[0];
        const double y = (double)c->mean[r * LATENTS + (size_t)j] - centre[1];
        const double s = (double)c->variance[r * LATENTS + (size_t)i];
        const double t = (double)c->variance[r * LATENTS + (size_t)j];
        sum += i == j ? 4.0 * x * x * s + 2.0 * s * s : x * x * t + y * y * s + s * t;
    }
    return sqrt(sum) / n;
}

/* Bonheme & Grzes, arXiv 2109.12679: z = mean + noise that is independent of everything else, so
 * that Cov(z) = Cov(mean) + diag(E[s]), and noise cannot add to the total correlation. */
static void mean_and_sampled_codes_agree(void **state)
{
    (void)state;
    enum { N = 6000 };
    const pv_evaluation_options options = {
        .bins = 20, .variance_threshold = 0.1, .mean_error = 0.1};
    pv_codes codes;
    pv_losses losses;
    pv_evaluation e;
    OK(pv_encode(&codes, &losses, &trained, &images, stream, N, 1, NULL));
    OK(pv_evaluate_codes(&e, &codes, stream, &options));
    double trace = 0.0, variance = 0.0, noise = 0.0, kl = 0.0, least = 1.0;
    for (int i = 0; i < LATENTS; i++) {
        for (int j = 0; j < i; j++) {
            const double mean = e.mean.covariance[i * LATENTS + j];
            const double sampled = e.sampled.covariance[i * LATENTS + j];
            if (!(fabs(sampled - mean) < 5.0 * spread(&codes, i, j)))
                fail_msg("covariance of %d and %d: %g of mean codes, %g of sampled ones, "
                         "spread %g",
                         i, j, mean, sampled, spread(&codes, i, j));
        }
        const int at = i * LATENTS + i;
        trace += e.sampled.covariance[at] - e.mean.covariance[at];
        variance += e.mean_variance[i];
        noise += pow(spread(&codes, i, i), 2.0);
        kl += e.kl[i];
        least = fmin(least, e.mean_variance[i]);
    }
    printf("%d active, %d mixed, %d passive; trace %g, variances %g; KL %g\n", e.count[PV_ACTIVE],
           e.count[PV_MIXED], e.count[PV_PASSIVE], trace, variance, kl);
    assert_true(least < 0.5); /* the model has learnt to use a variable */
    assert_true(fabs(trace - variance) < 5.0 * sqrt(noise));
    assert_true(fabs(kl - losses.kl) < 1e-4 * kl);
    const double sampled = e.sampled.subset[0].total_correlation;
    const double mean = e.mean.subset[0].total_correlation;
    printf("total correlation: mean %g, sampled %g\n", mean, sampled);
    assert_true(mean > 0.0);
    assert_true(sampled <= mean + 10.0 * LATENTS * (LATENTS - 1) / (4.0 * N));
    pv_evaluation_free(&e);
    pv_codes_free(&codes);
}

static int close_model(void **state)
{
    pv_model_close(&trained);
    pv_stream_close(stream);
    return end(state);
}

static int open_stream(void **state)
{
    if (begin(state) != 0) return -1;
    OK(pv_stream_open(&stream, device, 2));
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(losses_fall),
        cmocka_unit_test(codes_do_not_depend_on_batches_or_threads),
        cmocka_unit_test(mean_and_sampled_codes_agree),
    };
    return cmocka_run_group_tests(tests, open_stream, close_model);
}
