/* resize.c -- resampling, to the bit what Pillow makes of it.
 *
 * As Resample.c of Pillow 13 has it, its order of operations included: the weights of one output
 * pixel are scaled to a sum of 1 in double precision; for bytes they become whole numbers, of 22
 * bits after the point. */
#include "data/resize.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/base.h"

enum { POINT = 32 - 8 - 2, LOBES = 3, MOST = 1 << 16 };

struct pv_resize {
    int from, to, taps;
    int *first, *count; /* [to], input pixels of an output pixel; count <= taps */
    double *weight;     /* [to, taps] */
    int32_t *whole;     /* [to, taps], weight * 2^POINT */
};

static double sinc(double x) { return x == 0 ? 1 : sin(x * M_PI) / (x * M_PI); }

static double lanczos(double x) { return x >= -LOBES && x < LOBES ? sinc(x) * sinc(x / LOBES) : 0; }

/* Keys' cubic convolution (1981), a = -1/2, in Horner's form. */
static double cubic(double x)
{
    const double a = -0.5;
    x = fabs(x);
    if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
    return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

static const struct {
    double (*at)(double x);
    int reach; /* 0 beyond */
} windows[] = {[PV_LANCZOS] = {lanczos, LOBES}, [PV_BICUBIC] = {cubic, 2}};

static void weigh(pv_resize *r, pv_filter filter)
{
    const double scale = (double)r->from / r->to, wide = scale < 1 ? 1 : scale;
    const double support = windows[filter].reach * wide, narrow = 1 / wide;
    for (int i = 0; i < r->to; i++) {
        const double centre = (i + 0.5) * scale;
        const int low = (int)(centre - support + 0.5), high = (int)(centre + support + 0.5);
        const int first = low < 0 ? 0 : low, count = (high > r->from ? r->from : high) - first;
        double *weight = r->weight + (size_t)i * (size_t)r->taps, sum = 0;
        int32_t *whole = r->whole + (size_t)i * (size_t)r->taps;
        for (int k = 0; k < count; k++) {
            weight[k] = windows[filter].at((k + first - centre + 0.5) * narrow);
            sum += weight[k];
        }
        for (int k = 0; k < count; k++) {
            weight[k] /= sum;
            whole[k] = (int32_t)((weight[k] < 0 ? -0.5 : 0.5) + weight[k] * (1 << POINT));
        }
        r->first[i] = first;
        r->count[i] = count;
    }
}

pv_status pv_resize_open(pv_resize **out, int from, int to, pv_filter filter)
{
    assert(from > 0 && from <= MOST && to > 0 && to <= MOST);
    const double scale = (double)from / to;
    pv_resize *r;
    *out = NULL;
    PV_TRY(pv_new(&r, 1, sizeof *r, "weights"));
    r->from = from;
    r->to = to;
    r->taps = (int)ceil(windows[filter].reach * (scale < 1 ? 1 : scale)) * 2 + 1;
    const size_t pixels = (size_t)to, weights = pixels * (size_t)r->taps;
    pv_status status = pv_new(&r->first, pixels, sizeof *r->first, "weights");
    if (status == PV_OK) status = pv_new(&r->count, pixels, sizeof *r->count, "weights");
    if (status == PV_OK) status = pv_new(&r->weight, weights, sizeof *r->weight, "weights");
    if (status == PV_OK) status = pv_new(&r->whole, weights, sizeof *r->whole, "weights");
    if (status != PV_OK) {
        pv_resize_close(r);
        return status;
    }
    weigh(r, filter);
    *out = r;
    return PV_OK;
}

void pv_resize_close(pv_resize *r)
{
    if (!r) return;
    free(r->first);
    free(r->count);
    free(r->weight);
    free(r->whole);
    free(r);
}

/* ---- one pass: each of the rows is `from` times `width` numbers that go together ---- */

/* What a sum may reach: weights of one pixel have magnitudes of less than 1.6 in all. */
static uint8_t clipped(int32_t sum)
{
    const int32_t value = sum >> POINT;
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

static void pass_bytes(const pv_resize *r, size_t rows, size_t width, const uint8_t *from,
                       uint8_t *to)
{
    for (; rows > 0; rows--, from += (size_t)r->from * width)
        for (int i = 0; i < r->to; i++, to += width) {
            const int32_t *weight = r->whole + (size_t)i * (size_t)r->taps;
            const uint8_t *in = from + (size_t)r->first[i] * width;
            for (size_t x = 0; x < width; x++) {
                int32_t sum = 1 << (POINT - 1);
                for (int k = 0; k < r->count[i]; k++) sum += in[(size_t)k * width + x] * weight[k];
                to[x] = clipped(sum);
            }
        }
}

static void pass_shorts(const pv_resize *r, size_t rows, size_t width, const int16_t *from,
                        int16_t *to)
{
    for (; rows > 0; rows--, from += (size_t)r->from * width)
        for (int i = 0; i < r->to; i++, to += width) {
            const double *weight = r->weight + (size_t)i * (size_t)r->taps;
            const int16_t *in = from + (size_t)r->first[i] * width;
            for (size_t x = 0; x < width; x++) {
                double sum = 0;
                for (int k = 0; k < r->count[i]; k++) sum += in[(size_t)k * width + x] * weight[k];
                to[x] = (int16_t)(sum >= 0 ? sum + 0.5 : sum - 0.5);
            }
        }
}

/* ---- both passes ---- */

static int down_first(const pv_resize *across, const pv_resize *down)
{
    const int lost = down->from - down->to;
    return lost > 0 && lost > 2 * (across->from - across->to);
}

/* Pixels between the passes. */
static size_t between(const pv_resize *across, const pv_resize *down)
{
    return down_first(across, down) ? (size_t)down->to * (size_t)across->from
                                    : (size_t)down->from * (size_t)across->to;
}

pv_status pv_resize_bytes(const pv_resize *across, const pv_resize *down, int channels,
                          const uint8_t *from, uint8_t *to)
{
    const size_t each = (size_t)channels;
    uint8_t *half;
    PV_TRY(pv_new(&half, between(across, down), each, "pixels"));
    if (down_first(across, down)) {
        pass_bytes(down, 1, (size_t)across->from * each, from, half);
        pass_bytes(across, (size_t)down->to, each, half, to);
    } else {
        pass_bytes(across, (size_t)down->from, each, from, half);
        pass_bytes(down, 1, (size_t)across->to * each, half, to);
    }
    free(half);
    return PV_OK;
}

pv_status pv_resize_unclipped(const pv_resize *across, const pv_resize *down, const uint8_t *from,
                              int16_t *to)
{
    const size_t pixels = (size_t)down->from * (size_t)across->from;
    int16_t *wide, *half;
    PV_TRY(pv_new(&wide, pixels + between(across, down), sizeof *wide, "pixels"));
    half = wide + pixels;
    for (size_t i = 0; i < pixels; i++) wide[i] = from[i];
    if (down_first(across, down)) {
        pass_shorts(down, 1, (size_t)across->from, wide, half);
        pass_shorts(across, (size_t)down->to, 1, half, to);
    } else {
        pass_shorts(across, (size_t)down->from, 1, wide, half);
        pass_shorts(down, 1, (size_t)across->to, half, to);
    }
    free(wide);
    return PV_OK;
}
