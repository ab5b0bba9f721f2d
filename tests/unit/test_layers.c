/* test_layers.c -- dense layers and convolutions against plain loops in double precision: each
 * kernel of PV_LAYER_OPS, at sizes that are no multiple of a tile, a vector or a chunk. argv[1]
 * names the device; the default is the CPU with each of its instruction sets.
 *
 * Errors are relative to the largest sum of a tensor. */
#include "cases/direct.h"

static const double ALLOWED = 1e-5;
static double worst_of_all;

static double largest_of(const double *x, size_t n)
{
    double largest = 0.0;
    for (size_t i = 0; i < n; i++) largest = fmax(largest, fabs(x[i]));
    return largest;
}

/* `allowed` is relative to `largest`: that of the sums before a bounded activation takes them. */
static void judge_tensor(const char *what, const float *got, const double *want, size_t n,
                         double largest, double allowed)
{
    worst w = {0};
    for (size_t i = 0; i < n; i++) compare(&w, i, (double)got[i], want[i], allowed * largest);
    judge(what, &w);
    if (allowed > 0.0) worst_of_all = fmax(worst_of_all, w.error * allowed);
}

/* ---- dense ---- */

static void dense_forward(size_t rows, size_t in, size_t out, int f, int with_bias)
{
    float *x = uniform(1, rows * in, -1, 1), *w = uniform(2, in * out, -1, 1);
    float *bias = with_bias ? uniform(3, out, -1, 1) : NULL, *y = new_floats(rows * out);
    double *want = doubles(NULL, rows * out);
    RUN(dense, .rows = rows, .cols = 1, .pass = PV_FORWARD, .activation = f, .in = in, .out = out,
        .from = x, .w = w, .bias = bias, .to = y);
    for (size_t i = 0; i < rows * out; i++) {
        const float *a = x + i / out * in, *b = w + i % out * in;
        double sum = bias ? (double)bias[i % out] : 0.0;
        for (size_t j = 0; j < in; j++) sum += (double)a[j] * (double)b[j];
        want[i] = sum;
    }
    const double largest = largest_of(want, rows * out);
    for (size_t i = 0; i < rows * out; i++) want[i] = activation(f, want[i]);
    judge_tensor("y", y, want, rows * out, largest, ALLOWED);
    free(x);
    free(w);
    free(bias);
    free(y);
    free(want);
}

static void dense_data_grad(size_t rows, size_t in, size_t out, int f, int with_mask, int with_plus)
{
    float *dy = uniform(4, rows * out, -1, 1), *w = uniform(5, in * out, -1, 1);
    float *mask = with_mask ? outputs_of(f, 6, rows * in) : NULL, *dx = new_floats(rows * in);
    float *plus = with_plus ? uniform(7, rows * in, -1, 1) : NULL;
    double *want = doubles(plus, rows * in);
    RUN(dense, .rows = rows, .cols = 1, .pass = PV_DATA_GRAD, .activation = f, .in = in, .out = out,
        .from = dy, .w = w, .plus = plus, .mask = mask, .to = dx);
    for (size_t row = 0; row < rows; row++)
        for (size_t o = 0; o < out; o++)
            for (size_t i = 0; i < in; i++)
                want[row * in + i] += (double)dy[row * out + o] * (double)w[o * in + i];
    const double largest = largest_of(want, rows * in);
    for (size_t i = 0; mask && i < rows * in; i++) want[i] *= slope(f, (double)mask[i]);
    judge_tensor("dx", dx, want, rows * in, largest, ALLOWED);
    free(dy);
    free(w);
    free(mask);
    free(plus);
    free(dx);
    free(want);
}

static const size_t dense_shapes[][3] = {
    /* rows, in, out */
    {1, 1, 1},     {3, 2, 5},      {5, 17, 1},     {1, 1024, 256}, {16, 10, 256},
    {17, 33, 63},  {33, 64, 65},   {64, 256, 10},  {65, 257, 3},   {37, 3, 1200},
    {2, 4097, 31}, {48, 100, 100}, {2, 700, 1000}, {19, 901, 590}, /* wide.h */
};
enum { DENSE_SHAPES = sizeof dense_shapes / sizeof *dense_shapes };

static void case_dense(void)
{
    for (int i = 0; i < DENSE_SHAPES; i++)
        for (int f = PV_LINEAR; f <= PV_TANH; f++) {
            const size_t rows = dense_shapes[i][0], in = dense_shapes[i][1],
                         out = dense_shapes[i][2];
            if (in * out > 500000 && f % 2) continue; /* two of four take long enough */
            snprintf(context, sizeof context, "dense %zu -> %zu, %zu rows, f %d", in, out, rows, f);
            dense_forward(rows, in, out, f, i % 3 > 0);
            dense_data_grad(rows, in, out, f, i % 4 > 0 || f > 0, i % 2);
        }
}

static void case_dense_weight_grad(void)
{
    for (int i = 0; i < DENSE_SHAPES; i++)
        for (int exact = 0; exact < 2; exact++) {
            const size_t rows = dense_shapes[i][0], in = dense_shapes[i][1],
                         out = dense_shapes[i][2];
            snprintf(context, sizeof context, "dense weights %zu -> %zu, %zu rows", in, out, rows);
            float *x = exact ? whole(8, rows * in) : uniform(8, rows * in, -1, 1);
            float *dy = exact ? whole(9, rows * out) : uniform(9, rows * out, -1, 1);
            float *dw = new_floats(in * out), *dbias = new_floats(out);
            float *scale = i % 2 ? whole(10, rows) : NULL;
            double *want = doubles(NULL, in * out), *want_bias = doubles(NULL, out);
            RUN(dense_weight_grad, .rows = rows, .cols = 1, .in = in, .out = out, .x = x, .dy = dy,
                .scale = scale, .dw = dw, .dbias = dbias);
            for (size_t row = 0; row < rows; row++)
                for (size_t o = 0; o < out; o++) {
                    double d = (double)dy[row * out + o] * (scale ? (double)scale[row] : 1.0);
                    want_bias[o] += d;
                    for (size_t j = 0; j < in; j++) want[o * in + j] += d * (double)x[row * in + j];
                }
            judge_tensor("dw", dw, want, in * out, largest_of(want, in * out),
                         exact ? 0.0 : ALLOWED);
            judge_tensor("dbias", dbias, want_bias, out, largest_of(want_bias, out),
                         exact ? 0.0 : ALLOWED);
            free(x);
            free(dy);
            free(scale);
            free(dw);
            free(dbias);
            free(want);
            free(want_bias);
        }
}

/* ---- convolutions: the shapes ---- */

static void name_shape(const char *what, const shape *s)
{
    snprintf(context, sizeof context,
             "%s: %zu x %d x %d x %d, %d filters %d x %d, stride %d, pad %d", what, s->rows,
             s->height, s->width, s->channels, s->filters, s->kernel, s->kernel, s->stride, s->pad);
}

static void square(void (*visit)(const shape *), size_t rows, int side, int channels, int filters,
                   const int kernel[3])
{
    visit(&(shape){rows, side, side, channels, filters, kernel[0], kernel[1], kernel[2]});
}

static const int four[] = {4, 2, 1}, two[] = {2, 2, 0}; /* kernel, stride, pad */

static void each_shape(void (*visit)(const shape *))
{
    static const int counts[] = {1, 2, 3, 5, 16, 17, 32, 64};
    static const int sides[] = {2, 4, 6, 10, 14, 16, 32, 36, 64};
    static const int batches[] = {1, 5, 16, 17, 33};
    static const int general[][3] = {{3, 1, 1}, {5, 2, 2}, {4, 4, 0}, {4, 1, 0},
                                     {1, 1, 0}, {4, 2, 1}, {2, 2, 0}, {3, 2, 0}};
    for (int i = 0; i < 64; i++) { /* every pair of numbers of channels */
        square(visit, 3, 8, counts[i / 8], counts[i % 8], four);
        if (i % 3 == 0) square(visit, 2, 6, counts[i / 8], counts[i % 8], two);
    }
    for (int i = 0; i < 9; i++) { /* every size */
        const size_t rows = sides[i] < 32 ? 3 : 1;
        square(visit, rows, sides[i], 1, 32, four);
        square(visit, rows, sides[i], 3, 5, four);
        square(visit, rows, sides[i], 16, 17, four);
        square(visit, rows, sides[i], 9, 8, four);
        square(visit, rows, sides[i], 16, 33, two);
    }
    for (int i = 0; i < 5; i++) { /* every batch */
        square(visit, (size_t)batches[i], 8, 32, 16, four);
        square(visit, (size_t)batches[i], 16, 1, 32, four);
        square(visit, (size_t)batches[i], 4, 64, 64, two);
        square(visit, (size_t)batches[i], 32, 8, 8, four);
    }
    for (int i = 0; i < 8; i++) { /* other kernels; odd sides, of which a row may remain unused */
        square(visit, 3, 8, 5, 7, general[i]);
        square(visit, 17, 9, 3, 16, general[i]);
        square(visit, 1, 11, 1, 1, general[i]);
        square(visit, 2, 12, 32, 17, general[i]);
    }
    visit(&(shape){3, 6, 20, 16, 16, 4, 2, 1}); /* not square */
    visit(&(shape){2, 34, 38, 8, 9, 4, 2, 1});
    visit(&(shape){3, 20, 6, 3, 16, 4, 2, 1});
    visit(&(shape){3, 10, 4, 16, 5, 2, 2, 0});
    visit(&(shape){3, 34, 34, 32, 32, 4, 2, 1}); /* rows of more than one tile of 16 pixels */
    visit(&(shape){2, 50, 70, 64, 32, 4, 2, 1});
    visit(&(shape){1, 2, 300, 32, 32, 4, 2, 1});
    visit(&(shape){1, 34, 66, 32, 32, 2, 2, 0});
    visit(&(shape){5, 18, 22, 33, 32, 4, 2, 1}); /* and of less than one */
    visit(&(shape){3, 32, 32, 32, 32, 4, 2, 1}); /* the study's layers */
    visit(&(shape){5, 16, 16, 32, 64, 4, 2, 1});
    visit(&(shape){9, 8, 8, 64, 64, 4, 2, 1});
}

/* ---- convolutions: the passes ---- */

/* One pass, with bias and activation or with a mask. `want` is the bare sum. */
static void conv_pass(const shape *s, int pass, int f, int masked, const float *from,
                      const float *w, const double *want)
{
    const size_t n = s->rows * (pass == PV_FORWARD ? small_size(s) : big_size(s));
    const size_t channels = (size_t)(pass == PV_FORWARD ? s->filters : s->channels);
    float *bias = masked ? NULL : uniform(12, channels, -1, 1);
    float *mask = masked ? outputs_of(f, 13, n) : NULL, *to = new_floats(n);
    double *left = doubles(NULL, n);
    RUN(conv, .rows = s->rows, .cols = 1, .pass = pass, .activation = f, .height = s->height,
        .width = s->width, .channels = s->channels, .filters = s->filters, .kernel = s->kernel,
        .stride = s->stride, .pad = s->pad, .from = from, .w = w, .bias = bias, .mask = mask,
        .to = to);
    for (size_t i = 0; i < n; i++)
        left[i] = masked ? want[i] * slope(f, (double)mask[i])
                         : activation(f, want[i] + (double)bias[i % channels]);
    judge_tensor(pass == PV_FORWARD ? "small" : "big", to, left, n, largest_of(want, n), ALLOWED);
    free(bias);
    free(mask);
    free(to);
    free(left);
}

static void conv_shape(const shape *s)
{
    static int turn; /* the activations take turns */
    const size_t big = s->rows * big_size(s), small = s->rows * small_size(s), n = weight_size(s);
    float *x = uniform(10, big, -1, 1), *y = uniform(11, small, -1, 1), *w = uniform(14, n, -1, 1);
    double *X = doubles(x, big), *Y = doubles(y, small), *W = doubles(w, n);
    double *want_small = doubles(NULL, small), *want_big = doubles(NULL, big);
    direct_conv(s, TO_SMALL, X, want_small, W);
    direct_conv(s, TO_BIG, want_big, Y, W);
    for (int masked = 0; masked < 2; masked++) {
        name_shape(masked ? "conv, mask" : "conv", s);
        conv_pass(s, PV_FORWARD, turn++ % 4, masked, x, w, want_small);
        conv_pass(s, PV_DATA_GRAD, (turn + 1) % 4, masked, y, w, want_big);
    }
    turn++;
    free(x);
    free(y);
    free(w);
    free(X);
    free(Y);
    free(W);
    free(want_small);
    free(want_big);
}

static void case_conv(void) { each_shape(conv_shape); }

static void weight_grad_shape(const shape *s)
{
    const size_t big = s->rows * big_size(s), small = s->rows * small_size(s), n = weight_size(s);
    float *x = uniform(15, big, -1, 1), *y = uniform(16, small, -1, 1);
    double *X = doubles(x, big), *Y = doubles(y, small), *want = doubles(NULL, n);
    direct_conv(s, TO_WEIGHTS, X, Y, want);
    for (int bias_big = 0; bias_big < 2; bias_big++) {
        const size_t channels = (size_t)(bias_big ? s->channels : s->filters);
        const size_t elements = bias_big ? big : small;
        float *dw = new_floats(n), *dbias = new_floats(channels);
        double *want_bias = doubles(NULL, channels);
        for (size_t i = 0; i < elements; i++) want_bias[i % channels] += (bias_big ? X : Y)[i];
        name_shape(bias_big ? "weights, bias of big" : "weights", s);
        RUN(conv_weight_grad, .rows = s->rows, .cols = 1, .bias_big = bias_big, .height = s->height,
            .width = s->width, .channels = s->channels, .filters = s->filters, .kernel = s->kernel,
            .stride = s->stride, .pad = s->pad, .big = x, .small = y, .dw = dw, .dbias = dbias);
        judge_tensor("dw", dw, want, n, largest_of(want, n), ALLOWED);
        judge_tensor("dbias", dbias, want_bias, channels, largest_of(want_bias, channels), ALLOWED);
        free(dw);
        free(dbias);
        free(want_bias);
    }
    free(x);
    free(y);
    free(X);
    free(Y);
    free(want);
}

static void case_conv_weight_grad(void) { each_shape(weight_grad_shape); }

/* ---- adjointness ---- */

static double inner(const float *a, const float *b, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++) sum += (double)a[i] * (double)b[i];
    return sum;
}

/* <conv(x, w), y> = <x, convT(y, w)> = <w, weights(x, y)>: in whole numbers exactly, unless a
 * transform divides by three, as that of larger images may. */
static void adjoint(const shape *s)
{
    const size_t big = s->rows * big_size(s), small = s->rows * small_size(s), n = weight_size(s);
    float *x = whole(17, big), *y = whole(18, small), *w = whole(19, n);
    float *to_small = new_floats(small), *to_big = new_floats(big), *to_w = new_floats(n);
    name_shape("adjoint", s);
#define SAME_SHAPE                                                                                 \
    .rows = s->rows, .cols = 1, .height = s->height, .width = s->width, .channels = s->channels,   \
    .filters = s->filters, .kernel = s->kernel, .stride = s->stride, .pad = s->pad
    RUN(conv, SAME_SHAPE, .pass = PV_FORWARD, .from = x, .w = w, .to = to_small);
    RUN(conv, SAME_SHAPE, .pass = PV_DATA_GRAD, .from = y, .w = w, .to = to_big);
    RUN(conv_weight_grad, SAME_SHAPE, .big = x, .small = y, .dw = to_w);
#undef SAME_SHAPE
    double a = inner(to_small, y, small), b = inner(x, to_big, big), c = inner(w, to_w, n);
    double allowed =
        s->height < 32 ? 0.0 : 1e-5 * sqrt(inner(to_small, to_small, small) * inner(y, y, small));
    check(fabs(a - b) <= allowed, "%s: <conv x, y> = %.9g, <x, convT y> = %.9g", context, a, b);
    check(fabs(a - c) <= allowed, "%s: <conv x, y> = %.9g, <w, weights> = %.9g", context, a, c);
    check(fabs(a) > 1.0, "%s: nothing meets", context);
    free(x);
    free(y);
    free(w);
    free(to_small);
    free(to_big);
    free(to_w);
}

static void adjointness(void)
{
    static const int general[][3] = {{4, 2, 1}, {2, 2, 0}, {3, 1, 1},
                                     {5, 2, 2}, {4, 4, 0}, {1, 1, 0}};
    static const int channels[][2] = {{1, 3}, {3, 2}, {8, 9}, {16, 8}};
    for (int i = 0; i < 24; i++)
        square(adjoint, 3, 10, channels[i % 4][0], channels[i % 4][1], general[i / 4]);
    square(adjoint, 2, 32, 8, 9, four);
    square(adjoint, 2, 64, 1, 8, four);
}

/* ---- all ---- */

static const struct {
    const char *name;
    void (*run)(void);
} cases[] = {
#define CASE(op) {#op, case_##op},
    PV_LAYER_OPS(CASE)
#undef CASE
        {"adjointness", adjointness},
};

static void all_cases(void)
{
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        if (only && strcmp(only, cases[c].name) != 0) continue;
        worst_of_all = 0.0;
        cases[c].run();
        if (worst_of_all > 0.0) printf("  %-18s largest error %.1e\n", cases[c].name, worst_of_all);
    }
}

int main(int argc, char **argv)
{
    test_devices(argc, argv, all_cases);
    return check_end();
}
