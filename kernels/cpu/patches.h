/* patches.h -- convolutions of any shape as matrix products over patches (im2col).
 *
 * A patch is the kernel * kernel * channels numbers of the big image under one pixel of the small
 * one: patch[pixel][ky][kx][c], rows padded to whole vectors. An image goes through at a time. */
#ifndef PV_CPU_PATCHES_H
#define PV_CPU_PATCHES_H

#include "gemm.h"

typedef struct {
    size_t H, W, C, h, w, K, kernel, stride, pad;
    size_t patch, patch_row; /* floats of a patch, and of a row of them in whole vectors */
    size_t filters;          /* K in whole vectors */
    size_t bordered_row;     /* floats of a row of the big image with its padding */
    size_t bordered;         /* and of all its rows */
} patching;

#define PATCHING(a)                                                                                \
    {                                                                                              \
        .H = (size_t)(a)->height, .W = (size_t)(a)->width, .C = (size_t)(a)->channels,             \
        .h = PV_CONV_SIZE(height), .w = PV_CONV_SIZE(width), .K = (size_t)(a)->filters,            \
        .kernel = (size_t)(a)->kernel, .stride = (size_t)(a)->stride, .pad = (size_t)(a)->pad,     \
        .patch = (size_t)((a)->kernel * (a)->kernel * (a)->channels),                              \
        .patch_row = pv_round_up((size_t)((a)->kernel * (a)->kernel * (a)->channels), V),          \
        .filters = pv_round_up((size_t)(a)->filters, V),                                           \
        .bordered_row = (size_t)(((a)->width + 2 * (a)->pad) * (a)->channels),                     \
        .bordered =                                                                                \
            (size_t)(((a)->height + 2 * (a)->pad) * ((a)->width + 2 * (a)->pad) * (a)->channels),  \
    }

/* The work space of an image: its bordered copy, its patches, and small pixels. */
static size_t patches_scratch(const patching *s)
{
    return (pv_round_up(s->bordered, V) + s->h * s->w * (s->patch_row + s->filters)) *
           sizeof(float);
}

INLINE float *patches_of(const patching *s, const pv_cpu_space *space)
{
    return (float *)space->scratch + pv_round_up(s->bordered, V);
}

/* The patches of one image. */
INLINE void make_patches(const patching *s, const float *image, const pv_cpu_space *space)
{
    const size_t line = s->kernel * s->C, row = s->W * s->C;
    const float *from = image;
    if (s->pad > 0) {
        float *bordered = space->scratch;
        memset(bordered, 0, s->bordered * sizeof(float));
        for (size_t y = 0; y < s->H; y++)
            memcpy(bordered + (y + s->pad) * s->bordered_row + s->pad * s->C, image + y * row,
                   row * sizeof(float));
        from = bordered;
    }
    float *patch = patches_of(s, space);
    for (size_t y = 0; y < s->h; y++) {
        const float *corner = from + y * s->stride * s->bordered_row;
        if (line == 4 && s->kernel == 4) /* one channel: a copy the compiler can see through */
            for (size_t x = 0; x < s->w; x++, patch += s->patch_row, corner += s->stride * s->C)
                for (size_t ky = 0; ky < 4; ky++)
                    memcpy(patch + ky * 4, corner + ky * s->bordered_row, 4 * sizeof(float));
        else
            for (size_t x = 0; x < s->w; x++, patch += s->patch_row, corner += s->stride * s->C)
                for (size_t ky = 0; ky < s->kernel; ky++)
                    memcpy(patch + ky * line, corner + ky * s->bordered_row, line * sizeof(float));
    }
    if (s->patch < s->patch_row)
        for (size_t i = 0; i < s->h * s->w; i++)
            memset(patches_of(s, space) + i * s->patch_row + s->patch, 0,
                   (s->patch_row - s->patch) * sizeof(float));
}

INLINE void patches_forward(const pv_conv_args *a, const pv_cpu_space *space)
{
    const patching s = PATCHING(a);
    const size_t pixels = s.h * s.w;
    const int direct = s.K % V == 0;
    float *patch = patches_of(&s, space), *small = patch + pixels * s.patch_row;
    for (size_t image = 0; image < a->rows; image++) {
        const size_t at = image * pixels * s.K;
        const epilogue e = {a->activation, a->bias, a->mask ? a->mask + at : NULL};
        make_patches(&s, a->from + image * s.H * s.W * s.C, space);
        gemm(&(gemm_args){.rows = pixels,
                          .vectors = s.filters / V,
                          .k = s.patch,
                          .a = patch,
                          .a_row = s.patch_row,
                          .a_col = 1,
                          .b = space->packed,
                          .b_row = 2 * V,
                          .b_panel = s.patch * 2 * V,
                          .c = direct ? a->to + at : small,
                          .c_row = s.filters,
                          .leave = direct ? &e : NULL});
        if (!direct) store_pixels(small, s.filters, &e, a->to + at, e.mask, pixels, s.K);
    }
}

/* Adds the patches of an image up in its bordered copy. Patches whose columns do not overlap are
 * taken in turn, so that the additions of one pass are independent. */
INLINE void add_patches(const patching *s, float *bordered, const float *patch)
{
    const size_t line = s->kernel * s->C, apart = (s->kernel + s->stride - 1) / s->stride;
    memset(bordered, 0, s->bordered * sizeof(float));
    for (size_t y = 0; y < s->h; y++)
        for (size_t ky = 0; ky < s->kernel; ky++) {
            float *to = bordered + (y * s->stride + ky) * s->bordered_row;
            const float *from = patch + y * s->w * s->patch_row + ky * line;
            for (size_t start = 0; start < apart; start++)
                for (size_t x = start; x < s->w; x += apart) {
                    float *sum = to + x * s->stride * s->C;
                    const float *part = from + x * s->patch_row;
                    if (line == 4) {
                        PV_LOOP
                        for (size_t i = 0; i < 4; i++) sum[i] += part[i];
                    } else {
                        PV_LOOP
                        for (size_t i = 0; i < line; i++) sum[i] += part[i];
                    }
                }
        }
}

/* An image without its border, through the epilogue. */
INLINE void store_bordered(const patching *s, const float *bordered, float *to, const epilogue *e,
                           const float *masks)
{
    for (size_t y = 0; y < s->H; y++) {
        const float *row = bordered + (y + s->pad) * s->bordered_row + s->pad * s->C;
        const size_t at = y * s->W * s->C;
        const float *mask = masks ? masks + at : NULL;
        if (s->C == 1 && e->bias) { /* one channel: vectors run along the row */
            const epilogue plain = {e->activation, NULL, NULL};
            const float bias = e->bias[0];
            for (size_t x = 0; x < s->W; x += V)
                store_some(to + at + x,
                           finish_vector(&plain, load_some(row + x, s->W - x) + bias, 0,
                                         mask ? mask + x : NULL, s->W - x),
                           s->W - x);
        } else
            store_pixels(row, s->C, e, to + at, mask, s->W, s->C);
    }
}

INLINE void patches_data_grad(const pv_conv_args *a, const pv_cpu_space *space)
{
    const patching s = PATCHING(a);
    const epilogue e = {a->activation, a->bias, a->mask};
    const size_t pixels = s.h * s.w;
    float *bordered = space->scratch, *patch = patches_of(&s, space);
    for (size_t image = 0; image < a->rows; image++) {
        gemm(&(gemm_args){.rows = pixels,
                          .vectors = s.patch_row / V,
                          .k = s.K,
                          .a = a->from + image * pixels * s.K,
                          .a_row = s.K,
                          .a_col = 1,
                          .b = space->packed,
                          .b_row = 2 * V,
                          .b_panel = s.K * 2 * V,
                          .c = patch,
                          .c_row = s.patch_row});
        add_patches(&s, bordered, patch);
        store_bordered(&s, bordered, a->to + image * s.H * s.W * s.C, &e,
                       a->mask ? a->mask + image * s.H * s.W * s.C : NULL);
    }
}

enum { PIXELS = 192 }; /* of a matrix product: their patches and filters stay in the first cache */

/* sums[patch][filter] += patches^T small */
INLINE void patches_weights(const pv_conv_weight_grad_args *a, const pv_cpu_space *space)
{
    const patching s = PATCHING(a);
    const size_t pixels = s.h * s.w;
    const float *patch = patches_of(&s, space);
    float *copy = patches_of(&s, space) + pixels * s.patch_row;
    for (size_t image = 0; image < a->rows; image++) {
        const float *small = a->small + image * pixels * s.K;
        make_patches(&s, a->big + image * s.H * s.W * s.C, space);
        if (s.K != s.filters) {
            memset(copy, 0, pixels * s.filters * sizeof(float));
            for (size_t i = 0; i < pixels; i++)
                memcpy(copy + i * s.filters, small + i * s.K, s.K * sizeof(float));
            small = copy;
        }
        for (size_t i = 0; i < pixels; i += PIXELS)
            gemm(&(gemm_args){.rows = s.patch,
                              .vectors = s.filters / V,
                              .k = smaller(PIXELS, pixels - i),
                              .a = patch + i * s.patch_row,
                              .a_row = 1,
                              .a_col = s.patch_row,
                              .b = small + i * s.filters,
                              .b_row = s.filters,
                              .b_panel = 2 * V,
                              .c = space->sums,
                              .c_row = s.filters,
                              .add = !space->first || image > 0 || i > 0});
    }
}

/* Units are panels. */
INLINE void patches_prepare(const pv_conv_args *a, float *packed, size_t from, size_t to)
{
    const patching s = PATCHING(a);
    if (a->pass == PV_FORWARD)
        pack_panels(packed, a->w, s.patch, s.K, 1, s.patch, from, to);
    else
        pack_panels(packed, a->w, s.K, s.patch, s.patch, 1, from, to);
}

/* Units are filters. */
INLINE void patches_finish(const pv_conv_weight_grad_args *a, const void *const *sums, int count,
                           size_t from, size_t to)
{
    const patching s = PATCHING(a);
    for (size_t i = 0; i < s.patch; i++)
        for (size_t f = from; f < to; f++) {
            float sum = ((const float *)sums[0])[i * s.filters + f];
            for (int g = 1; g < count; g++) sum += ((const float *)sums[g])[i * s.filters + f];
            a->dw[f * s.patch + i] = sum;
        }
}

#endif
