/* test_math.c -- kernels/elementary.h against libm in double precision, over the whole float
 * range: every 997th bit pattern, and all of them around the places where a method changes. */
#include "elementary.h"

#include <float.h>

#include "check.h"

#ifdef NEEDS_FMA
#define CAN_RUN() __builtin_cpu_supports("fma")
#else
#define CAN_RUN() 1
#endif

/* The distance of neighbouring floats at y; at infinity, that below it. */
static double ulp(double y)
{
    int exponent;
    y = fmin(fmax(fabs(y), (double)FLT_MIN), (double)FLT_MAX);
    frexp(y, &exponent);
    return ldexp(1.0, exponent - FLT_MANT_DIG);
}

/* In ulp. Infinity counts as 2^128: an overflow that comes a little early is a small error. */
static double error(float got, double want)
{
    if (isnan(want) || isnan(got)) return isnan(want) && isnan(got) ? 0.0 : HUGE_VAL;
    double limit = ldexp(1.0, 128);
    if (isinf((float)want)) want = copysign(limit, want);
    return fabs(fmin(fmax((double)got, -limit), limit) - want) / ulp(want);
}

static double logistic(double x) { return 1.0 / (1.0 + exp(-x)); }

/* exp(x) - 1 - x by its series where the difference would cancel. */
static double exp_excess(double x)
{
    if (!(fabs(x) < 0.5)) return isinf(x) ? HUGE_VAL : expm1(x) - x;
    double term = x * x / 2.0, sum = 0.0;
    for (int k = 3; k < 20; k++) {
        sum += term;
        term *= x / k;
    }
    return sum;
}

typedef struct {
    const char *name;
    float (*got)(float);
    double (*want)(double);
    double bound; /* ulp */
    double worst;
    float at;
} function;

/* pv_ functions are inlined everywhere: here are some with an address. */
#define ADDRESS(f)                                                                                 \
    static float f##_(float x) { return f(x); }
ADDRESS(pv_exp)
ADDRESS(pv_expm1)
ADDRESS(pv_exp_excess)
ADDRESS(pv_log)
ADDRESS(pv_log1p)
ADDRESS(pv_logistic)

static function functions[] = {
    {.name = "exp", .got = pv_exp_, .want = exp, .bound = 1.1},
    {.name = "expm1", .got = pv_expm1_, .want = expm1, .bound = 1.9},
    {.name = "exp_excess", .got = pv_exp_excess_, .want = exp_excess, .bound = 8},
    {.name = "log", .got = pv_log_, .want = log, .bound = 0.9},
    {.name = "log1p", .got = pv_log1p_, .want = log1p, .bound = 1.5},
    {.name = "logistic", .got = pv_logistic_, .want = logistic, .bound = 3},
};
enum { FUNCTIONS = sizeof functions / sizeof *functions };

static void try_at(uint32_t bits)
{
    float x = pv_float_of(bits);
    for (function *f = functions; f < functions + FUNCTIONS; f++) {
        double e = error(f->got(x), f->want((double)x));
        if (e > f->worst) {
            f->worst = e;
            f->at = x;
        }
    }
}

static void try_around(double x)
{
    for (int sign = 0; sign < 2; sign++) {
        uint32_t bits = pv_bits_of((float)(sign ? -x : x));
        for (uint32_t d = 0; d < 300; d++) {
            try_at(bits + d);
            try_at(bits - d);
        }
    }
}

static void test_accuracy(void)
{
    for (uint64_t bits = 0; bits <= UINT32_MAX; bits += 997) try_at((uint32_t)bits);
    for (int n = 0; n < 320; n++) try_around(0.5 * n * log(2.0)); /* of exp: centres and edges */
    for (int n = -149; n < 128; n++) {
        try_around(ldexp(1.0, n));
        try_around(ldexp(sqrt(0.5), n)); /* where log changes its exponent */
    }
    const double edges[] = {
        0,  FLT_MIN, FLT_MAX, HUGE_VAL, (double)NAN, 0.34, 1e-6,          1e-4,  20,
        30, 88,      89,      100,      104,         110,  -log(FLT_MIN), 103.97};
    for (size_t i = 0; i < sizeof edges / sizeof *edges; i++) try_around(edges[i]);
    for (const function *f = functions; f < functions + FUNCTIONS; f++) {
        printf("%-10s %5.2f ulp at %a\n", f->name, f->worst, (double)f->at);
        check(f->worst <= f->bound, "%s(%a) = %a is %g ulp from %a; the bound is %g", f->name,
              (double)f->at, (double)f->got(f->at), f->worst, f->want((double)f->at), f->bound);
    }
}

/* What callers rely on, exactly. */
static void test_properties(void)
{
    check(pv_exp(0.0f) == 1.0f && pv_exp(-0.0f) == 1.0f, "exp(0) is not 1");
    check(pv_expm1(0.0f) == 0.0f && pv_expm1(-0.0f) == 0.0f, "expm1(0) is not 0");
    check(pv_log(1.0f) == 0.0f && pv_log1p(0.0f) == 0.0f, "log(1) is not 0");
    check(pv_logistic(0.0f) == 0.5f, "logistic(0) is not 1/2");
    for (uint64_t bits = 0; bits <= UINT32_MAX; bits += 4999) {
        float x = pv_float_of((uint32_t)bits);
        if (isnan(x)) continue;
        check(pv_exp_excess(x) >= 0.0f, "exp(%a) - 1 - x is negative", (double)x);
        if (x >= 0.0f && x <= 1.0f) check(pv_log(x) <= 0.0f, "log(%a) is positive", (double)x);
        float p = pv_logistic(x), q = pv_logistic(-x);
        check(p >= 0.0f && p <= 1.0f, "logistic(%a) is not a probability", (double)x);
        check(fabsf(p + q - 1.0f) <= FLT_EPSILON, "logistic(%a) and its mirror do not sum to 1",
              (double)x);
    }
}

static void test_turn(void)
{
    double worst = 0.0, length = 0.0;
    float at = 0.0f;
    for (uint32_t bits = 0; bits <= pv_bits_of(1.0f); bits += bits < pv_bits_of(1e-3f) ? 997 : 31) {
        float u = pv_float_of(bits), sine, cosine;
        pv_sincos_turn(u, &sine, &cosine);
        double angle = 6.283185307179586 * (double)u;
        double e = fmax(fabs((double)sine - sin(angle)), fabs((double)cosine - cos(angle)));
        if (e > worst) {
            worst = e;
            at = u;
        }
        double square = (double)sine * (double)sine + (double)cosine * (double)cosine;
        length = fmax(length, fabs(square - 1.0));
    }
    printf("sincos     %.2e at %a, length off by %.2e\n", worst, (double)at, length);
    check(worst < 1e-7, "sine or cosine of %a turns is off by %g", (double)at, worst);
    check(length < 3e-7, "sine and cosine are off the unit circle by %g", length);
    for (int quarter = 0; quarter <= 4; quarter++) {
        static const float want[] = {0, 1, 0, -1, 0, 1};
        float sine, cosine;
        pv_sincos_turn(0.25f * (float)quarter, &sine, &cosine);
        check(sine == want[quarter] && cosine == want[quarter + 1], "%d quarters of a turn: %g, %g",
              quarter, (double)sine, (double)cosine);
    }
}

int main(void)
{
    if (!CAN_RUN()) {
        puts("skipped: this processor has no fused multiply-add");
        return SKIPPED;
    }
    test_accuracy();
    test_properties();
    test_turn();
    return check_end();
}
