/* traversal_gif.c -- latent traversals as an animation. */
#include <assert.h>
#include <math.h>
#include <stdio.h>

#include "report/canvas.h"
#include "report/gif.h"
#include "report/traversal.h"

/* In pixels. */
enum {
    IMAGE = 128,      /* that an image is high, about */
    SMALL_IMAGE = 64, /* where there are more than MANY */
    MANY = 32,
    EDGE = 14,
    GAP = 16,
    BAR = 5,
    LABEL = 40,   /* above an image */
    TRACK = 26,   /* below it */
    NARROW = 108, /* room for a label's line, at least */
    LINE = 18,
    FOOT = 20,
    LARGE = 15, /* font sizes */
    SMALL = 13,
    LEAST = 430, /* width of the foot's line */
};

typedef struct {
    const pv_traversal_picture *p;
    int zoom, columns, lines; /* of tiles */
    int image_width, image_height, tile, across, down, width, height;
} sheet;

static sheet measure(const pv_traversal_picture *p)
{
    sheet s = {.p = p, .zoom = pv_traversal_zoom(p, p->rows > MANY ? SMALL_IMAGE : IMAGE)};
    /* Tiles are higher than wide: twice as many beside as below each other. */
    s.columns = (int)ceil(sqrt(2.0 * p->rows));
    if (s.columns > p->rows) s.columns = p->rows;
    s.lines = (p->rows + s.columns - 1) / s.columns;
    s.columns = (p->rows + s.lines - 1) / s.lines;
    s.image_width = p->width * s.zoom;
    s.image_height = p->height * s.zoom;
    s.tile = s.image_width < NARROW ? NARROW : s.image_width;
    s.across = s.tile + GAP;
    s.down = LABEL + s.image_height + TRACK;
    s.width = s.columns * s.across - GAP;
    s.width = (s.width < LEAST ? LEAST : s.width) + 2 * EDGE;
    s.height = s.lines * s.down + FOOT + 2 * EDGE;
    return s;
}

/* The values from end to end, with a tick at the own one and a dot at the one that is shown. */
static void draw_track(cairo_t *canvas, const sheet *s, double own, double value, double x,
                       double y)
{
    const double half = s->image_width / 2.0 - 5, middle = x + s->image_width / 2.0;
    const double range = s->p->range;
    pv_traversal_colour(canvas, PV_TRAVERSAL_LINE);
    cairo_rectangle(canvas, middle - half, y - 1, 2 * half, 2);
    cairo_fill(canvas);
    pv_traversal_colour(canvas, PV_TRAVERSAL_SOFT);
    if (fabs(own) <= range) cairo_rectangle(canvas, middle + own / range * half - 1, y - 6, 2, 12);
    cairo_fill(canvas);
    pv_traversal_colour(canvas, PV_TRAVERSAL_DARK);
    cairo_arc(canvas, middle + value / range * half, y, 4.5, 0, 2 * M_PI);
    cairo_fill(canvas);
}

static void draw_label(cairo_t *canvas, const sheet *s, const pv_traversal_row *row, double x,
                       double y)
{
    char words[32];
    const double from = x + BAR + 6, room = s->tile - BAR - 6;
    pv_traversal_colour(canvas, pv_type_colour[row->type]);
    cairo_rectangle(canvas, x, y, BAR, LABEL - 6);
    cairo_fill(canvas);
    snprintf(words, sizeof words, "%d %s", row->variable, pv_type_name[row->type]);
    pv_traversal_colour(canvas, pv_type_colour[row->type]);
    pv_canvas_text(canvas, words, LARGE, from, y + 8, PV_LEFT, room);
    pv_traversal_colour(canvas, PV_TRAVERSAL_SOFT);
    pv_canvas_text(canvas, pv_traversal_kl(words, row->kl), SMALL, from, y + 8 + LINE, PV_LEFT,
                   room);
}

static void draw_tile(cairo_t *canvas, const sheet *s, int r, int c)
{
    const pv_traversal_picture *p = s->p;
    const size_t size = (size_t)p->height * (size_t)p->width * (size_t)p->channels;
    const size_t image = (size_t)r * (size_t)p->columns + (size_t)c;
    const double x = EDGE + r % s->columns * s->across, y = EDGE + r / s->columns * s->down;
    const double value = p->range * (2.0 * c - (p->columns - 1)) / (p->columns - 1);
    draw_label(canvas, s, &p->row[r], x, y);
    pv_traversal_image(canvas, p, p->pixels + image * size, s->zoom, 1, x, y + LABEL);
    draw_track(canvas, s, p->row[r].own, value, x, y + LABEL + s->image_height + 11);
}

static void draw_frame(cairo_t *canvas, const sheet *s, int c)
{
    char words[128];
    cairo_set_source_rgb(canvas, 1, 1, 1);
    cairo_paint(canvas);
    for (int r = 0; r < s->p->rows; r++) draw_tile(canvas, s, r, c);
    int length =
        snprintf(words, sizeof words, "dot: the value, %g to %g; tick: the example's own value",
                 -s->p->range, s->p->range);
    if (s->p->rows < s->p->variables)
        snprintf(words + length, sizeof words - (size_t)length, "; %d of %d variables", s->p->rows,
                 s->p->variables);
    pv_traversal_colour(canvas, PV_TRAVERSAL_SOFT);
    pv_canvas_text(canvas, words, SMALL, EDGE, s->height - EDGE - FOOT / 2.0 + 4, PV_LEFT,
                   s->width - 2 * EDGE);
}

/* There and back; the ends are not shown twice. */
static pv_status draw_frames(pv_gif *gif, cairo_t *canvas, const sheet *s)
{
    const int last = s->p->columns - 1;
    cairo_surface_t *surface = cairo_get_target(canvas);
    const size_t stride = (size_t)cairo_image_surface_get_stride(surface) / sizeof(uint32_t);
    for (int i = 0; i < 2 * last; i++) {
        draw_frame(canvas, s, i <= last ? i : 2 * last - i);
        cairo_surface_flush(surface);
        const unsigned char *pixels = cairo_image_surface_get_data(surface);
        PV_TRY(pv_gif_frame(gif, (const uint32_t *)(const void *)pixels, stride));
    }
    return PV_OK;
}

pv_status pv_traversal_write_gif(const pv_traversal_picture *p, const char *path)
{
    assert(p->rows > 0 && p->columns > 1 && p->range > 0);
    const sheet s = measure(p);
    pv_gif *gif = NULL;
    cairo_t *canvas;
    PV_TRY(pv_canvas_open(&canvas, path, s.width, s.height, 1));
    pv_gif_format format = {.width = s.width,
                            .height = s.height,
                            .delay = PV_TRAVERSAL_DELAY,
                            .coloured = p->channels == 3,
                            .inks = 2};
    format.ink[0] = pv_type_colour[PV_ACTIVE];
    format.ink[1] = pv_type_colour[PV_MIXED];
    pv_status status = pv_gif_open(&gif, path, &format);
    if (status == PV_OK) status = pv_gif_close(gif, draw_frames(gif, canvas, &s));
    cairo_destroy(canvas);
    return status;
}
