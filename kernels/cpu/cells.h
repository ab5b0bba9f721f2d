/* cells.h -- images as words for the AMX unit (amx.h): the geometry of convolutions that halve an
 * image, and the way from pixels to cells.
 *
 * A grid is cells[part][plane][row][col][lane][word]: pixels with a border of zeros. A row of cells
 * is a run of rows of a product; where images are narrow, several of them lie side by side as
 * lanes, so that a run fills tiles. A lane is an image, and a word holds channels c and c + 16 of
 * it; or, for products that add over pixels, a lane is a pair of images, and a word holds the same
 * channel of both. */
#ifndef PV_CPU_CELLS_H
#define PV_CPU_CELLS_H

#include "amx.h"

/* A convolution of stride 2 from big images [H, W, C] to small ones [h, w, K]: 4x4 with padding 1,
 * or 2x2 with none. */
typedef struct {
    size_t H, W, C, h, w, K;
    size_t taps, pad;         /* taps on a side that meet one parity of pixels */
    size_t channels, filters; /* C and K in whole 32s */
    size_t lanes;             /* images of a round, or pairs of them */
    size_t run;               /* tiles of a row of cells */
} halving;

INLINE halving halving_of(int height, int width, int channels, int filters, int kernel)
{
    halving s = {.H = (size_t)height, .W = (size_t)width, .C = (size_t)channels};
    s.h = s.H / 2;
    s.w = s.W / 2;
    s.K = (size_t)filters;
    s.taps = (size_t)kernel / 2;
    s.pad = s.taps - 1;
    s.channels = pv_round_up(s.C, 32);
    s.filters = pv_round_up(s.K, 32);
    s.lanes = s.w < 16 ? 16 / s.w : 1;
    s.run = (s.w * s.lanes + 15) / 16;
    return s;
}
#define HALVING(a) halving_of((a)->height, (a)->width, (a)->channels, (a)->filters, (a)->kernel)

/* Is it such a convolution, and are its channels enough to fill tiles? */
INLINE int halves(int height, int width, int channels, int filters, int kernel, int stride, int pad)
{
    return stride == 2 && height % 2 == 0 && width % 2 == 0 &&
           ((kernel == 4 && pad == 1) || (kernel == 2 && pad == 0)) &&
           pv_round_up((size_t)channels, 32) * pv_round_up((size_t)filters, 32) <=
               2 * (size_t)channels * (size_t)filters;
}
#define HALVES(a)                                                                                  \
    halves((a)->height, (a)->width, (a)->channels, (a)->filters, (a)->kernel, (a)->stride, (a)->pad)

/* Parts of a number (amx.h), by the error of a whole training step against float64: with two in
 * forward passes, too, it reaches 1.5e-5 of the largest gradient; a third in weight gradients,
 * which are sums over all pixels, makes no difference. */
enum { FORWARD_PARTS = 3, DATA_GRAD_PARTS = 2, WEIGHT_GRAD_PARTS = 2 };

/* ---- grids ---- */

typedef struct {
    size_t planes, rows, cols, lanes, words;
    size_t cell, row, plane, part; /* words from one to the next */
    int pairs, parts;              /* a lane is a pair of images; parts of a word */
    size_t step, edge; /* cell (i, j) of plane q is pixel (i step + q / 2, j step + q % 2) - edge */
} grid;

INLINE grid grid_of(size_t planes, size_t rows, size_t cols, size_t lanes, size_t words)
{
    grid g = {.planes = planes, .rows = rows, .cols = cols, .lanes = lanes, .words = words};
    g.cell = lanes * words;
    g.row = cols * g.cell;
    g.plane = rows * g.row;
    g.part = planes * g.plane;
    return g;
}

/* The four pixel parities of big images. */
INLINE grid planes_of(const halving *s, int pairs)
{
    grid g = grid_of(4, s->h + s->pad, s->w + s->pad, s->lanes, s->channels / (pairs ? 1 : 2));
    g.pairs = pairs;
    g.parts = pairs ? WEIGHT_GRAD_PARTS : FORWARD_PARTS;
    g.step = 2;
    g.edge = s->pad;
    return g;
}

/* Small images with their border. */
INLINE grid bordered(const halving *s)
{
    grid g = grid_of(1, s->h + 2 * s->pad, s->w + 2 * s->pad, s->lanes, s->filters / 2);
    g.parts = DATA_GRAD_PARTS;
    g.step = 1;
    g.edge = s->pad;
    return g;
}

/* Tiles read up to 15 lanes behind the last row. */
INLINE size_t grid_words(const grid *g)
{
    return pv_round_up((size_t)g->parts * g->part + 15 * g->words, 16);
}

/* ---- from pixels to cells ---- */

/* Images [count, height, width, channels]. */
typedef struct {
    const float *at;
    size_t count, height, width, channels;
} images;

INLINE size_t image_size(const images *from) { return from->height * from->width * from->channels; }

/* V channels of a pixel, c and on; zeros beyond the last, and where there is no pixel (NULL). */
INLINE vec channels_from(const float *pixel, size_t c, size_t channels)
{
    return pixel && c < channels ? load_some(pixel + c, channels - c) : (vec){0};
}

INLINE void store_cell(const grid *g, int parts, uint32_t *at, const vec_words part[MOST_PARTS])
{
    for (int i = 0; i < parts; i++) store_words(at + (size_t)i * g->part, part[i]);
}

static void split_nothing(const grid *g, uint32_t *cell, size_t count)
{
    for (size_t j = 0; j < count; j++, cell += g->cell)
        for (size_t word = 0; word < g->words; word += 16)
            store_cell(g, g->parts, cell + word, (vec_words[MOST_PARTS]){{0}});
}

/* Cells from pixels `step` floats apart: of one image, or (two) of both of a pair. whole: all the
 * channels that their words have are there. */
INLINE void split_pixels(const grid *g, uint32_t *cell, size_t cells, const float *one,
                         const float *two, size_t step, size_t channels, int pairs, int parts,
                         int whole)
{
    for (size_t j = 0; j < cells; j++, cell += g->cell, one += step, two += two ? step : 0)
        for (size_t word = 0; word < g->words; word += 16) {
            const size_t c = pairs ? word : 2 * word, d = pairs ? word : c + 16;
            vec_words p[MOST_PARTS];
            split(parts, whole ? load(one + c) : channels_from(one, c, channels),
                  whole ? load(two + d) : channels_from(two, d, channels), p);
            store_cell(g, parts, cell + word, p);
        }
}

/* Row i of the cells of one lane of plane q. */
INLINE void split_line(const grid *g, uint32_t *cell, const images *from, size_t q, size_t i,
                       size_t lane)
{
    const size_t image = g->pairs ? 2 * lane : lane, C = from->channels, step = g->step * C,
                 y = i * g->step + q / 2 - g->edge, before = q % 2 < g->edge,
                 x = before * g->step + q % 2 - g->edge;
    if (y >= from->height || image >= from->count) { /* y wraps around above the image */
        split_nothing(g, cell, g->cols);
        return;
    }
    const size_t cells = smaller((from->width - x + g->step - 1) / g->step, g->cols - before);
    split_nothing(g, cell, before);
    split_nothing(g, cell + (before + cells) * g->cell, g->cols - before - cells);
    cell += before * g->cell;
    const float *one = from->at + image * image_size(from) + (y * from->width + x) * C,
                *two = !g->pairs                 ? one
                       : image + 1 < from->count ? one + image_size(from)
                                                 : NULL;
    if (g->pairs && two && C == g->words)
        split_pixels(g, cell, cells, one, two, step, C, 1, WEIGHT_GRAD_PARTS, 1);
    else if (!g->pairs && C == 2 * g->words && g->planes == 4)
        split_pixels(g, cell, cells, one, two, step, C, 0, FORWARD_PARTS, 1);
    else if (!g->pairs && C == 2 * g->words)
        split_pixels(g, cell, cells, one, two, step, C, 0, DATA_GRAD_PARTS, 1);
    else
        split_pixels(g, cell, cells, one, two, step, C, g->pairs, g->parts, 0);
}

static void split_images(const grid *g, uint32_t *to, const images *from)
{
    for (size_t i = 0; i < g->rows; i++)
        for (size_t q = 0; q < g->planes; q++)
            for (size_t lane = 0; lane < g->lanes; lane++)
                split_line(g, to + q * g->plane + i * g->row + lane * g->words, from, q, i, lane);
}

#endif
