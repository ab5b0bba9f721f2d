/* direct.h -- convolutions that halve an image, and their data gradients, on the AMX unit.
 *
 * Such a convolution is a sum over the four pixel parities (planes) of its big image: plane
 * q = 2a + b holds the pixels (2i - pad + a, 2j - pad + b), and meets the taps (a + 2t, b + 2u),
 * t and u < taps = kernel / 2. So
 *
 *   small(y, x)    = sum over q, t, u of plane q (y + t, x + u) w(a + 2t, b + 2u)
 *   plane q (i, j) = sum over t, u of small(i - t, j - u) w(a + 2t, b + 2u) */
#ifndef PV_CPU_DIRECT_H
#define PV_CPU_DIRECT_H

#include "cells.h"

/* Where sums go: runs `row` floats apart, their cells `pixel`, their lanes `image`. */
typedef struct {
    float *to;
    const float *mask; /* shaped like `to`, or NULL */
    size_t row, pixel, image;
    size_t channels;
    size_t cells, lanes, count; /* of a run; lanes from `count` on are empty */
} landing;

/* 32 sums of a pixel from channel `from` on; whole: all of them are there. */
INLINE void land(const float *sums, const landing *l, size_t at, size_t from, const epilogue *e,
                 int whole)
{
    for (size_t v = 0; v < 32 && (whole || from + v < l->channels); v += V) {
        const size_t c = from + v, left = whole ? (size_t)V : l->channels - c;
        store_some(l->to + at + c,
                   finish_vector(e, load(sums + v), c, l->mask ? l->mask + at + c : NULL, left),
                   left);
    }
}

/* Sums [16 cells][32 channels] from cell `first` of a run and channel c on. The two epilogues that
 * networks are made of are code of their own. */
static void land_tile(const float *sums, const landing *l, size_t run, size_t first, size_t c,
                      const epilogue *e)
{
    const int usual = e->activation == PV_RELU && l->channels % 32 == 0;
    size_t lane = first % l->lanes, at = run * l->row + first / l->lanes * l->pixel;
    for (size_t cell = first; cell < smaller(first + 16, l->cells); cell++, sums += 32) {
        const size_t here = at + lane * l->image;
        if (lane >= l->count)
            ;
        else if (usual && e->bias && !l->mask)
            land(sums, &(landing){.to = l->to}, here, c, &(epilogue){PV_RELU, e->bias, NULL}, 1);
        else if (usual && l->mask && !e->bias)
            land(sums, l, here, c, &(epilogue){PV_RELU, NULL, l->mask}, 1);
        else
            land(sums, l, here, c, e, 0);
        if (++lane == l->lanes) {
            lane = 0;
            at += l->pixel;
        }
    }
}

/* ---- products ---- */

/* What a layer does its work with. */
typedef struct {
    float sums[32 * 32];
    uint32_t waste[TILE_WORDS];
} direct_space;

/* The sums of all cells from `cells` on. Weights are [channels / 32][steps][part][2 tiles]; step i
 * reads cells offset[i] words behind those of the sum. */
INLINE void multiply_cells(int parts, const halving *s, const grid *g, const uint32_t *cells,
                           const uint32_t *weights, const size_t *offset, size_t steps,
                           const landing *to, const epilogue *e, direct_space *space)
{
    const size_t tiles = s->h * s->run;
    for (size_t tile = 0; tile < tiles; tile += 2) {
        const size_t other = tile + 1 < tiles ? tile + 1 : tile;
        const size_t y[2] = {tile / s->run, other / s->run},
                     x[2] = {tile % s->run * 16, other % s->run * 16};
        const uint32_t *first = cells + y[0] * g->row + x[0] * g->words,
                       *second = cells + y[1] * g->row + x[1] * g->words, *w = weights;
        for (size_t c = 0; c < to->channels; c += 32) {
            sums_clear();
            for (size_t i = 0; i < steps; i++, w += (size_t)parts * 2 * TILE_WORDS)
                sums_add(parts,
                         &(operand){first + offset[i], second + offset[i], g->words, g->part},
                         &(operand){w, w + TILE_WORDS, 16, 2 * TILE_WORDS}, space->waste);
            sums_store(2, 2, space->sums, 32);
            for (size_t i = 0; i <= other - tile; i++)
                land_tile(space->sums + i * 16 * 32, to, y[i], x[i], c, e);
        }
    }
}

static size_t direct_steps(const halving *s, int forward)
{
    return s->taps * s->taps * (forward ? 4 * s->channels : s->filters) / 32;
}

/* Rounds of as many images as there are lanes. */
INLINE void direct_run(const pv_conv_args *a, const pv_cpu_space *space)
{
    const halving s = HALVING(a);
    const int forward = a->pass == PV_FORWARD;
    const epilogue e = {a->activation, a->bias, a->mask};
    const grid g = forward ? planes_of(&s, 0) : bordered(&s);
    const size_t big = s.H * s.W * s.C, small = s.h * s.w * s.K, in = forward ? big : small,
                 out = forward ? small : big, steps = direct_steps(&s, forward),
                 plane_weights = s.channels / 32 * steps * DATA_GRAD_PARTS * 2 * TILE_WORDS;
    direct_space *own = space->scratch;
    size_t *offset = (size_t *)(own + 1), *o = offset;
    uint32_t *cells = (uint32_t *)(offset + pv_round_up(steps, 8));
    for (size_t q = 0; q < g.planes; q++)
        for (size_t t = 0; t < s.taps; t++)
            for (size_t u = 0; u < s.taps; u++)
                for (size_t word = 0; word < g.words; word += 16)
                    *o++ = word + (forward ? q * g.plane + t * g.row + u * g.cell
                                           : (s.pad - t) * g.row + (s.pad - u) * g.cell);
    tiles_begin();
    for (size_t image = 0; image < a->rows; image += s.lanes) {
        const size_t count = smaller(s.lanes, a->rows - image);
        split_images(&g, cells,
                     &(images){a->from + image * in, count, forward ? s.H : s.h,
                               forward ? s.W : s.w, forward ? s.C : s.K});
        const landing to = {.to = a->to + image * out,
                            .mask = a->mask ? a->mask + image * out : NULL,
                            .row = forward ? s.w * s.K : 2 * s.W * s.C,
                            .pixel = forward ? s.K : 2 * s.C,
                            .image = out,
                            .channels = forward ? s.K : s.C,
                            .cells = s.w * s.lanes,
                            .lanes = s.lanes,
                            .count = count};
        if (forward) {
            multiply_cells(FORWARD_PARTS, &s, &g, cells, space->packed, offset, steps, &to, &e,
                           own);
            continue;
        }
        for (size_t q = 0; q < 4; q++) {
            /* with padding, the first row of an even plane is outside the image */
            const size_t down = s.pad && q / 2 == 0, right = s.pad && q % 2 == 0,
                         y = 2 * down + q / 2 - s.pad, x = 2 * right + q % 2 - s.pad;
            landing plane = to;
            plane.to += (y * s.W + x) * s.C;
            if (plane.mask) plane.mask += (y * s.W + x) * s.C;
            multiply_cells(DATA_GRAD_PARTS, &s, &g, cells + down * g.row + right * g.cell,
                           (const uint32_t *)space->packed + q * plane_weights, offset, steps,
                           &plane, &e, own);
        }
    }
    tiles_end();
}

/* ---- weights into tiles; a unit is a step of 32 channels of a result ---- */

static size_t direct_units(const halving *s, int forward)
{
    return (forward ? s->filters : 4 * s->channels) / 32 * direct_steps(s, forward);
}

INLINE void direct_needs(const pv_conv_args *a, pv_cpu_needs *needs)
{
    const halving s = HALVING(a);
    const int forward = a->pass == PV_FORWARD;
    const grid g = forward ? planes_of(&s, 0) : bordered(&s);
    needs->prepare_units = direct_units(&s, forward);
    needs->packed = needs->prepare_units * (size_t)g.parts * 2 * TILE_BYTES;
    needs->scratch = sizeof(direct_space) +
                     pv_round_up(direct_steps(&s, forward), 8) * sizeof(size_t) +
                     grid_words(&g) * sizeof(uint32_t);
}

/* Where the channels of tap (t, u) of plane q of a filter start. */
INLINE size_t tap_offset(const halving *s, size_t f, size_t q, size_t t, size_t u)
{
    const size_t y = q / 2 + 2 * t, x = q % 2 + 2 * u, kernel = 2 * s->taps;
    return ((f * kernel + y) * kernel + x) * s->C;
}

/* The same in w; NULL beyond the last filter. */
INLINE const float *tap_at(const float *w, const halving *s, size_t f, size_t q, size_t t, size_t u)
{
    return f < s->K ? w + tap_offset(s, f, q, t, u) : NULL;
}

/* [filters / 32][q][t][u][channels / 32]: filters are the columns of tiles. */
INLINE void prepare_forward(const pv_conv_args *a, uint32_t *to, size_t from, size_t end)
{
    const halving s = HALVING(a);
    const size_t blocks = s.channels / 32, steps = direct_steps(&s, 1);
    for (size_t unit = from; unit < end; unit++) {
        const size_t step = unit % steps, c = step % blocks * 32, u = step / blocks % s.taps,
                     t = step / blocks / s.taps % s.taps, q = step / blocks / s.taps / s.taps;
        for (size_t half = 0; half < 2; half++) {
            const size_t first = unit / steps * 32 + half * 16;
            vec_words tile[FORWARD_PARTS][16], p[MOST_PARTS];
            for (size_t i = 0; i < 16; i++) {
                const float *w = tap_at(a->w, &s, first + i, q, t, u);
                split(FORWARD_PARTS, channels_from(w, c, s.C), channels_from(w, c + 16, s.C), p);
                for (int part = 0; part < FORWARD_PARTS; part++) tile[part][i] = p[part];
            }
            for (size_t part = 0; part < FORWARD_PARTS; part++) {
                transpose(tile[part]);
                memcpy(to + ((unit * FORWARD_PARTS + part) * 2 + half) * TILE_WORDS, tile[part],
                       TILE_BYTES);
            }
        }
    }
}

/* [q][channels / 32][t][u][filters / 32]: channels are the columns of tiles. */
INLINE void prepare_data_grad(const pv_conv_args *a, uint32_t *to, size_t from, size_t end)
{
    const halving s = HALVING(a);
    const size_t blocks = s.filters / 32, steps = direct_steps(&s, 0), wide = s.channels / 32;
    for (size_t unit = from; unit < end; unit++) {
        const size_t step = unit % steps, f = step % blocks * 32, u = step / blocks % s.taps,
                     t = step / blocks / s.taps, c = unit / steps % wide * 32,
                     q = unit / steps / wide;
        for (size_t i = 0; i < 16; i++) {
            const float *one = tap_at(a->w, &s, f + i, q, t, u),
                        *two = tap_at(a->w, &s, f + i + 16, q, t, u);
            for (size_t half = 0; half < 2; half++) {
                vec_words p[MOST_PARTS];
                split(DATA_GRAD_PARTS, channels_from(one, c + 16 * half, s.C),
                      channels_from(two, c + 16 * half, s.C), p);
                for (size_t part = 0; part < DATA_GRAD_PARTS; part++)
                    store_words(to + ((unit * DATA_GRAD_PARTS + part) * 2 + half) * TILE_WORDS +
                                    i * 16,
                                p[part]);
            }
        }
    }
}

INLINE void direct_prepare(const pv_conv_args *a, void *packed, size_t from, size_t to)
{
    if (a->pass == PV_FORWARD)
        prepare_forward(a, packed, from, to);
    else
        prepare_data_grad(a, packed, from, to);
}

#endif
