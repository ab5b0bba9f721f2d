/* test_train_step.c -- one whole training step against PyTorch in float64 (tests/oracle/
 * train_step.py, which also defines the inputs), the loss against finite differences, and the
 * optimiser against a float64 one on the same gradients. On the CPU with each of its instruction
 * sets, and with several numbers of threads, whose results must be equal to the bit. */
#include "base/hdf5.h"
#include "polarvae/train.h"
#include "run_kernel.h"

enum { MAX_TENSORS = 32, PROBES = 200, ROWS = 3 };

/* ---- golden files ---- */

typedef struct {
    int64_t network, kernel, channels, latents, batch, key;
    double beta, gain, terms[3];
    size_t tensors;
    char name[MAX_TENSORS][32];
    int64_t size[MAX_TENSORS], position[MAX_TENSORS][PROBES];
    double norm[MAX_TENSORS], sum[MAX_TENSORS], largest[MAX_TENSORS], value[MAX_TENSORS][PROBES];
} golden;

static void read_array(pv_h5 *file, const char *name, pv_h5_type type, size_t rows, size_t cols,
                       void *out)
{
    pv_h5_array a = {.name = name, .type = type, .dim = {rows, cols}};
    a.rank = (rows > 0) + (cols > 0);
    if (type == PV_H5_TEXT) a.width = 32;
    NEED(pv_h5_read(file, &a, out));
}

static void read_golden(golden *g, const char *name)
{
    char path[512];
    pv_h5 *f;
    pv_h5_array tensor;
    snprintf(path, sizeof path, PV_SOURCE_DIR "/tests/golden/%s.h5", name);
    NEED(pv_h5_open(&f, path));
    NEED(pv_h5_find(f, "tensor", &tensor));
    const size_t n = g->tensors = tensor.dim[0];
    if (!check(n <= MAX_TENSORS, "%s: %zu tensors", path, n)) exit(check_end());
    read_array(f, "@network", PV_H5_I64, 0, 0, &g->network);
    read_array(f, "@kernel", PV_H5_I64, 0, 0, &g->kernel);
    read_array(f, "@channels", PV_H5_I64, 0, 0, &g->channels);
    read_array(f, "@latents", PV_H5_I64, 0, 0, &g->latents);
    read_array(f, "@batch", PV_H5_I64, 0, 0, &g->batch);
    read_array(f, "@key", PV_H5_I64, 0, 0, &g->key);
    read_array(f, "@beta", PV_H5_F64, 0, 0, &g->beta);
    read_array(f, "@gain", PV_H5_F64, 0, 0, &g->gain);
    read_array(f, "terms", PV_H5_F64, 3, 0, g->terms);
    read_array(f, "tensor", PV_H5_TEXT, n, 0, g->name);
    read_array(f, "size", PV_H5_I64, n, 0, g->size);
    read_array(f, "norm", PV_H5_F64, n, 0, g->norm);
    read_array(f, "sum", PV_H5_F64, n, 0, g->sum);
    read_array(f, "largest", PV_H5_F64, n, 0, g->largest);
    read_array(f, "position", PV_H5_I64, n, PROBES, g->position);
    read_array(f, "value", PV_H5_F64, n, PROBES, g->value);
    pv_h5_close(f);
}

/* ---- a model in training on one of the streams ---- */

typedef struct {
    pv_config config;
    pv_data data;
    pv_device_data on_device;
    pv_trainer *trainer;
    pv_stream *stream;
    size_t count; /* of parameters */
} model;

enum { EXAMPLES = 50 };

/* `epsilon` is the value of adam_epsilon. */
static void model_open(model *m, const golden *g, pv_stream *s, const char *epsilon)
{
    char text[6][32];
    const char *set[6];
    snprintf(text[0], 32, "network=%s", g->network ? "fc" : "conv");
    snprintf(text[1], 32, "kernel=%d", g->kernel == 4 ? 4 : 2);
    snprintf(text[2], 32, "latents=%d", (int)g->latents);
    snprintf(text[3], 32, "batch=%d", (int)g->batch);
    snprintf(text[4], 32, "beta=%g", g->beta);
    snprintf(text[5], 32, "adam_epsilon=%s", epsilon);
    for (int i = 0; i < 6; i++) set[i] = text[i];
    *m = (model){.stream = s};
    NEED(pv_config_load(&m->config, NULL, 6, set));
    const size_t pixels = (size_t)(64 * 64 * g->channels);
    m->data =
        (pv_data){.examples = EXAMPLES, .height = 64, .width = 64, .channels = (int)g->channels};
    m->data.bytes = malloc(EXAMPLES * pixels);
    for (size_t i = 0; i < EXAMPLES * pixels; i++) m->data.bytes[i] = (uint8_t)hash((uint32_t)i);
    NEED(pv_device_data_open(&m->on_device, device, &m->data));
    NEED(pv_trainer_open(&m->trainer, &m->config, &m->on_device, s));
    m->count = pv_trainer_parameters(m->trainer)->count;
}

static void model_close(model *m)
{
    pv_trainer_close(m->trainer);
    pv_device_data_close(&m->on_device);
    free(m->data.bytes);
    pv_config_clear(&m->config);
}

static float *download(const model *m, const float *from)
{
    float *x = new_floats(m->count);
    NEED(pv_download(m->stream, x, from, m->count * sizeof *x));
    return x;
}

static void set_values(const model *m, const float *value)
{
    NEED(pv_upload(m->stream, pv_trainer_parameters(m->trainer)->value, value,
                   m->count * sizeof *value));
}

/* ---- the inputs of the oracle ---- */

/* Weight and bias of each layer in turn: tensor t = 2 l + (0 or 1). */
static float *oracle_parameters(const golden *g, const model *m)
{
    const pv_vae *vae = pv_trainer_vae(m->trainer);
    float *value = new_floats(m->count);
    const pv_layer *l;
    size_t t = 0;
    for (int i = 0; (l = pv_vae_layer(vae, i)); i++)
        for (int bias = 0; bias < 2; bias++, t++) {
            char name[64];
            const size_t size = bias ? l->biases : l->weights, start = bias ? l->bias : l->weight;
            const double limit = g->gain * sqrt(6.0 / (double)(l->fan_in + l->fan_out));
            snprintf(name, sizeof name, "%s/%s", l->name, bias ? "bias" : "weight");
            if (!check(t < g->tensors && strcmp(name, g->name[t]) == 0 &&
                           size == (size_t)g->size[t],
                       "tensor %zu is %s of %zu, not %s of %d", t, name, size, g->name[t],
                       (int)g->size[t]))
                exit(check_end());
            for (size_t j = 0; j < size; j++)
                value[start + j] = (float)((bias ? 0.1 : limit) * hashed(100 + (uint32_t)t, j));
        }
    check(t == g->tensors, "%zu tensors, not %zu", t, g->tensors);
    return value;
}

static float *oracle_images(const golden *g)
{
    const size_t pixels = (size_t)g->channels * 64 * 64, n = (size_t)g->batch * pixels;
    float *x = new_floats(n);
    for (size_t i = 0; i < n; i++) {
        uint32_t word = hash(hash((uint32_t)g->key) + (uint32_t)(i % (ROWS * pixels)));
        x[i] = g->channels == 1 ? (float)(word & 1) : (float)((word & 255) / 255.0);
    }
    return x;
}

static float *oracle_noise(const golden *g)
{
    const size_t n = (size_t)(g->batch * g->latents);
    float *x = new_floats(n);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)(2.0 * hashed((uint32_t)g->key + 1, i % (ROWS * (size_t)g->latents)));
    return x;
}

/* ---- gradients ---- */

/* Relative to the largest element, the norm, the term. */
static const double GRADIENT = 1e-5, TERM = 2e-6;

static void compare_gradient(const golden *g, const model *m, const float *gradient)
{
    const pv_vae *vae = pv_trainer_vae(m->trainer);
    worst probe = {0}, norm = {0}, sum = {0};
    size_t at = 0;
    for (size_t t = 0; t < g->tensors; t++) {
        const pv_layer *l = pv_vae_layer(vae, (int)t / 2);
        const float *x = gradient + (t % 2 ? l->bias : l->weight);
        const size_t size = (size_t)g->size[t];
        double square = 0.0, total = 0.0;
        for (size_t i = 0; i < size; i++) {
            square += (double)x[i] * (double)x[i];
            total += (double)x[i];
        }
        for (int j = 0; j < PROBES; j++)
            compare(&probe, at++, (double)x[g->position[t][j]], g->value[t][j],
                    GRADIENT * g->largest[t]);
        compare(&norm, t, sqrt(square), g->norm[t], GRADIENT * g->norm[t]);
        compare(&sum, t, total, g->sum[t], GRADIENT * g->norm[t] * sqrt((double)size));
    }
    judge("gradient, tensor * 200 + probe", &probe);
    judge("norm of the gradient, tensor", &norm);
    judge("sum of the gradient, tensor", &sum);
    printf("  %-28s gradients within %.1e\n", context,
           GRADIENT * fmax(probe.error, fmax(norm.error, sum.error)));
}

static void step_of_golden(const char *name)
{
    static golden g;
    float *first = NULL, *image, *noise;
    read_golden(&g, name);
    image = oracle_images(&g);
    noise = oracle_noise(&g);
    for (int i = 0; i < streams; i++) {
        model m;
        double terms[PV_MAX_TERMS], loss;
        snprintf(context, sizeof context, "%s, %d threads", name, stream_threads[i]);
        model_open(&m, &g, stream[i], "tensorflow");
        float *value = oracle_parameters(&g, &m);
        set_values(&m, value);
        NEED(pv_trainer_probe(m.trainer, image, noise, terms, &loss));
        float *gradient = download(&m, pv_trainer_parameters(m.trainer)->gradient);
        if (!first) {
            worst w = {0};
            compare(&w, 0, terms[0], g.terms[0], TERM * g.terms[0]);
            compare(&w, 1, terms[1], g.terms[1], 5.0 * TERM * g.terms[1]);
            compare(&w, 2, loss, g.terms[2], TERM * g.terms[2]);
            judge("reconstruction, kl, loss", &w);
            compare_gradient(&g, &m, gradient);
            float *after = download(&m, pv_trainer_parameters(m.trainer)->value);
            check(memcmp(value, after, m.count * sizeof *value) == 0, "%s: parameters moved",
                  context);
            free(after);
            first = gradient;
        } else {
            check(memcmp(first, gradient, m.count * sizeof *first) == 0, "%s: other bits", context);
            free(gradient);
        }
        free(value);
        model_close(&m);
    }
    free(first);
    free(image);
    free(noise);
}

/* ---- finite differences ---- */

/* The slope of the loss along a direction, by central differences, is <gradient, direction>. */
static void finite_differences(const char *name)
{
    static golden g;
    model m;
    double terms[PV_MAX_TERMS], loss[2];
    read_golden(&g, name);
    snprintf(context, sizeof context, "%s, differences", name);
    model_open(&m, &g, stream[1], "tensorflow");
    float *value = oracle_parameters(&g, &m), *image = oracle_images(&g), *noise = oracle_noise(&g);
    float *moved = new_floats(m.count);
    set_values(&m, value);
    NEED(pv_trainer_probe(m.trainer, image, noise, terms, &loss[0]));
    float *gradient = download(&m, pv_trainer_parameters(m.trainer)->gradient);
    double square = 0.0;
    for (size_t i = 0; i < m.count; i++) square += (double)gradient[i] * (double)gradient[i];
    for (uint32_t key = 0; key < 4; key++) {
        /* the gradient's own direction, on a random half of the parameters: slopes that stand out
         * of the rounding of the loss */
        double slope = 0.0;
        const double length = 2e-3;
        for (int side = 0; side < 2; side++) {
            for (size_t i = 0; i < m.count; i++) {
                double step =
                    hashed(key, i) < 0.0 ? 0.0 : length / sqrt(square) * (double)gradient[i];
                moved[i] = (float)((double)value[i] + (side ? step : -step));
                slope +=
                    ((double)moved[i] - (double)value[i]) * (double)gradient[i] * (side ? 1 : -1);
            }
            set_values(&m, moved);
            NEED(pv_trainer_probe(m.trainer, image, noise, terms, &loss[side]));
        }
        check(fabs(loss[1] - loss[0] - slope) < 0.01 * fabs(slope), "%s: %g, the gradient says %g",
              context, loss[1] - loss[0], slope);
    }
    free(value);
    free(moved);
    free(gradient);
    free(image);
    free(noise);
    model_close(&m);
}

/* ---- the optimiser, on the engine's own gradients ---- */

static void own_updates(const char *epsilon)
{
    const golden g = {.kernel = 2, .channels = 1, .latents = 10, .batch = 33, .beta = 1.0};
    model m;
    snprintf(context, sizeof context, "updates, epsilon of %s", epsilon);
    model_open(&m, &g, stream[1], epsilon);
    const pv_parameters *p = pv_trainer_parameters(m.trainer);
    const double rate = m.config.learning_rate, eps = m.config.epsilon;
    const double b1 = (double)(float)m.config.adam_beta1, b2 = (double)(float)m.config.adam_beta2;
    double *mean = calloc(m.count, sizeof *mean), *square = calloc(m.count, sizeof *square);
    for (int t = 1; t <= 4; t++) {
        float *before = download(&m, p->value);
        NEED(pv_trainer_step(m.trainer));
        float *gradient = download(&m, p->gradient), *after = download(&m, p->value);
        worst w = {0};
        int moved = 0;
        for (size_t i = 0; i < m.count; i++) {
            const double x = (double)gradient[i], one = 1.0 - pow(b1, t), two = 1.0 - pow(b2, t);
            const double largest = b1 * fabs(mean[i]) + (1.0 - b1) * fabs(x);
            mean[i] = b1 * mean[i] + (1.0 - b1) * x;
            square[i] = b2 * square[i] + (1.0 - b2) * x * x;
            const double factor = strcmp(epsilon, "torch") == 0
                                      ? rate / one / (sqrt(square[i] / two) + eps)
                                      : rate * sqrt(two) / one / (sqrt(square[i]) + eps);
            compare(&w, i, (double)after[i], (double)before[i] - factor * mean[i],
                    1.2e-7 * fabs((double)before[i]) + 2e-6 * factor * largest + 1e-12);
            moved += after[i] != before[i];
        }
        judge("parameter", &w);
        check((size_t)moved > m.count / 2, "%s: only %d parameters moved", context, moved);
        free(before);
        free(gradient);
        free(after);
    }
    free(mean);
    free(square);
    model_close(&m);
}

static void all(void)
{
    static const char *const names[] = {"step_conv2", "step_conv4", "step_conv2_colour",
                                        "step_conv4_colour", "step_fc"};
    /* The plain loops take long: they do the smallest. */
    const int plain = strstr(pv_device_description(device), "reference") != NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!plain || i == 2) step_of_golden(names[i]);
    if (plain) return;
    finite_differences("step_conv2_colour");
    own_updates("tensorflow");
    own_updates("torch");
}

int main(int argc, char **argv)
{
    test_devices(argc, argv, all);
    return check_end();
}
