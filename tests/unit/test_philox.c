/* test_philox.c -- the random numbers: known answers, distributions, and what must not depend on
 * what. Nothing here is left to chance: the numbers are a function of their arguments. */
#include "philox.h"

#include "check.h"

enum { SAMPLES = 1 << 18 };
static const uint64_t seeds[] = {0, 1, 12345, UINT64_C(0x9e3779b97f4a7c15)};
enum { SEEDS = sizeof seeds / sizeof *seeds };

/* Random123, tests/kat_vectors: philox4x32, 10 rounds. */
static void test_known_answers(void)
{
    static const struct {
        uint32_t counter[4], key[2], word[4];
    } known[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        pv_random r = pv_philox_block(known[i].counter[0], known[i].counter[1], known[i].counter[2],
                                      known[i].counter[3], known[i].key[0], known[i].key[1]);
        for (int w = 0; w < 4; w++)
            check(r.word[w] == known[i].word[w], "vector %zu, word %d: %08x, not %08x", i, w,
                  r.word[w], known[i].word[w]);
    }
}

static int by_size(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Every bit of seed, purpose, step and index leads to another block: no two of these are equal. */
static void test_arguments_count(void)
{
    static const uint64_t value[] = {0,
                                     1,
                                     2,
                                     UINT64_C(1) << 16,
                                     UINT64_C(1) << 31,
                                     UINT64_C(1) << 32,
                                     UINT64_C(3) << 32,
                                     UINT64_C(1) << 47};
    enum { VALUES = 8, PURPOSES = 7 };
    static uint64_t block[VALUES * VALUES * VALUES * PURPOSES];
    size_t n = 0;
    for (uint64_t i = 0; i < VALUES * VALUES * VALUES; i++)
        for (uint64_t purpose = 0; purpose < PURPOSES; purpose++) {
            pv_random r = pv_philox(value[i % 8], purpose, value[i / 8 % 8], value[i / 64]);
            block[n++] = (uint64_t)r.word[0] << 32 | r.word[1];
        }
    qsort(block, n, sizeof *block, by_size);
    for (size_t i = 1; i < n; i++) check(block[i] != block[i - 1], "two blocks are the same");

    for (uint64_t i = 0; i < 100; i++)
        check(pv_random_word(7, 3, 9, i) == pv_philox(7, 3, 9, i / 4).word[i % 4],
              "word %d is not the word of its block", (int)i);
}

/* ---- distributions ---- */

typedef struct {
    double mean, variance, skewness, kurtosis, lag; /* lag: correlation with the next one */
    double distance;                                /* Kolmogorov and Smirnov's, times sqrt(n) */
} shape;

static int ascending(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static shape shape_of(float *x, double (*cumulative)(double))
{
    shape s = {0};
    for (int i = 0; i < SAMPLES; i++) s.mean += (double)x[i] / SAMPLES;
    for (int i = 0; i < SAMPLES; i++) {
        double d = (double)x[i] - s.mean, next = (double)x[(i + 1) % SAMPLES] - s.mean;
        s.variance += d * d / SAMPLES;
        s.skewness += d * d * d / SAMPLES;
        s.kurtosis += d * d * d * d / SAMPLES;
        s.lag += d * next / SAMPLES;
    }
    s.skewness /= pow(s.variance, 1.5);
    s.kurtosis /= s.variance * s.variance;
    s.lag /= s.variance;
    qsort(x, SAMPLES, sizeof *x, ascending);
    for (int i = 0; i < SAMPLES; i++) {
        double f = cumulative((double)x[i]);
        double away = fmax(f - (double)i / SAMPLES, (double)(i + 1) / SAMPLES - f);
        s.distance = fmax(s.distance, away * sqrt(SAMPLES));
    }
    return s;
}

/* Five standard errors, and the distance that one sample in 2,000 exceeds. */
static void check_shape(const char *what, shape s, double variance, double kurtosis)
{
    double unit = 5.0 / sqrt(SAMPLES);
    check(fabs(s.variance / variance - 1.0) < unit * sqrt(kurtosis - 1.0), "%s: variance %g", what,
          s.variance);
    check(fabs(s.skewness) < unit * sqrt(6.0), "%s: skewness %g", what, s.skewness);
    check(fabs(s.kurtosis - kurtosis) < unit * sqrt(24.0), "%s: kurtosis %g", what, s.kurtosis);
    check(fabs(s.lag) < unit, "%s: neighbours are correlated by %g", what, s.lag);
    check(s.distance < 2.04, "%s: %g from its distribution", what, s.distance);
}

static double cumulative_uniform(double x) { return x; }
static double cumulative_normal(double x) { return 0.5 * erfc(-x * sqrt(0.5)); }

static void test_uniform(float *x)
{
    check(pv_unit(0) > 0.0f && pv_unit(UINT32_MAX) == 1.0f, "units leave (0, 1]");
    for (uint64_t word = 0; word <= UINT32_MAX; word += 9973) {
        double want = ((double)word + 0.5) * 0x1p-32;
        check(fabs((double)pv_unit((uint32_t)word) - want) <= want * 0x1p-23, "unit of word %08x",
              (uint32_t)word);
    }
    for (int s = 0; s < SEEDS; s++) {
        for (uint64_t i = 0; i < SAMPLES; i++) x[i] = pv_unit(pv_random_word(seeds[s], 2, 5, i));
        shape got = shape_of(x, cumulative_uniform);
        check(fabs(got.mean - 0.5) < 5.0 * sqrt(1.0 / 12.0 / SAMPLES), "uniform: mean %g",
              got.mean);
        check_shape("uniform", got, 1.0 / 12.0, 1.8);
    }
}

/* pv_normal in double precision, from the same two units. */
static double exact_normal(uint64_t seed, uint64_t purpose, uint64_t step, uint64_t index)
{
    pv_random r = pv_philox(seed, purpose, step, index / 4);
    uint64_t pair = index % 4 / 2;
    double radius = sqrt(-2.0 * log((double)pv_unit(r.word[2 * pair])));
    double angle = 6.283185307179586 * (double)pv_unit(r.word[2 * pair + 1]);
    return radius * (index % 2 ? cos(angle) : sin(angle));
}

static void test_normal(float *x)
{
    double worst = 0.0;
    for (int s = 0; s < SEEDS; s++) {
        for (uint64_t i = 0; i < SAMPLES; i++) {
            x[i] = pv_normal(seeds[s], PV_FOR_NOISE, 77, i);
            worst = fmax(worst, fabs((double)x[i] - exact_normal(seeds[s], PV_FOR_NOISE, 77, i)));
        }
        shape got = shape_of(x, cumulative_normal);
        check(fabs(got.mean) < 5.0 / sqrt(SAMPLES), "normal: mean %g", got.mean);
        check_shape("normal", got, 1.0, 3.0);
        check(x[0] > -7.0f && x[SAMPLES - 1] < 7.0f, "normal: %g, %g", (double)x[0],
              (double)x[SAMPLES - 1]);
    }
    printf("normals are within %.2e of double precision\n", worst);
    check(worst < 6e-7, "a normal is off by %g", worst);
}

/* Streams that differ in one argument have nothing in common. */
static void test_independence(void)
{
    static const uint64_t other[][3] = {{1, 1, 1},
                                        {0, 2, 1},
                                        {0, 3, 1},
                                        {0, 1, 2},
                                        {0, 1, UINT64_C(1) << 32},
                                        {UINT64_C(1) << 32, 1, 1}};
    for (size_t k = 0; k < sizeof other / sizeof *other; k++) {
        double product = 0.0;
        int same = 0;
        for (uint64_t i = 0; i < SAMPLES; i++) {
            const uint64_t *o = other[k];
            product += (double)pv_normal(0, 1, 1, i) * (double)pv_normal(o[0], o[1], o[2], i);
            same += pv_random_word(0, 1, 1, i) == pv_random_word(o[0], o[1], o[2], i);
        }
        check(fabs(product) < 5.0 * sqrt(SAMPLES), "stream %zu is correlated by %g", k,
              product / SAMPLES);
        check(same <= 1, "stream %zu has %d words at the same places", k, same);
    }
}

/* ---- permutations ---- */

static void test_permutation(uint64_t n)
{
    uint8_t *seen = calloc(n, 1);
    uint64_t bad = 0, same_number = 0, same_seed = 0, fixed = 0;
    for (uint64_t i = 0; i < n; i++) {
        uint64_t to = pv_permuted(5, PV_FOR_ORDER, 11, n, i);
        bad += to >= n || seen[to]++;
        fixed += to == i;
        same_number += to == pv_permuted(5, PV_FOR_ORDER, 12, n, i);
        same_seed += to == pv_permuted(6, PV_FOR_ORDER, 11, n, i);
    }
    free(seen);
    check(bad == 0, "%d of %d places are taken twice or outside", (int)bad, (int)n);
    if (n < 64) return;
    /* each is 1 on average, and Poisson */
    check(fixed < 8 && same_number < 8 && same_seed < 8,
          "permutations of %d: %d fixed, %d as in the next, %d as with the next seed", (int)n,
          (int)fixed, (int)same_number, (int)same_seed);
}

/* Where the first of n things goes, over many permutations: chi-squared, at 5 standard errors. */
static void test_permutation_spread(uint64_t n)
{
    enum { NUMBERS = 20000, MOST = 50 };
    double count[MOST] = {0}, square = 0.0, expected = (double)NUMBERS / (double)n;
    for (uint64_t number = 0; number < NUMBERS; number++) count[pv_permuted(3, 2, number, n, 0)]++;
    for (uint64_t i = 0; i < n; i++)
        square += (count[i] - expected) * (count[i] - expected) / expected;
    double freedom = (double)n - 1.0;
    check(square < freedom + 5.0 * sqrt(2.0 * freedom), "first of %d: chi-squared is %g", (int)n,
          square);
}

int main(void)
{
    static float x[SAMPLES];
    test_known_answers();
    test_arguments_count();
    test_uniform(x);
    test_normal(x);
    test_independence();
    static const uint64_t sizes[] = {1, 2, 3, 5, 64, 1000, 4096, 4097, 737280};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) test_permutation(sizes[i]);
    static const uint64_t spread[] = {2, 3, 5, 16, 17, 50};
    for (size_t i = 0; i < sizeof spread / sizeof *spread; i++) test_permutation_spread(spread[i]);
    return check_end();
}
