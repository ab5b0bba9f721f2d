/* traversal.c -- latent traversals as a table of images. */
#include "report/traversal.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>

#include "report/canvas.h"

/* In units of 1 / SCALE pixel. */
enum {
    SCALE = 2,
    IMAGE = 128, /* pixels that an image is high, about */
    EDGE = 14,   /* white all round */
    LABEL = 104, /* room for the labels on the left */
    BAR = 4,     /* width of the coloured bar before a label */
    GAP = 2,     /* between images */
    TRACK = 14,  /* below a row: the line with the mark */
    VALUES = 18, /* room for the values above and below the rows */
    HEAD = 84,   /* the part above them, at least */
    LINE = 17,   /* of text */
    TEXT_WIDTH = 470,
    TITLE = 16, /* font sizes */
    LARGE = 14,
    SMALL = 12,
};

typedef struct {
    const pv_traversal_picture *p;
    cairo_t *canvas;
    int zoom;
    double image_width, image_height; /* in units, as what follows */
    double left, top;                 /* of the first image of the first row */
    double across, down;              /* from column to column, from row to row */
    double width, height;
} sheet;

static sheet measure(const pv_traversal_picture *p)
{
    sheet s = {.p = p, .zoom = pv_traversal_zoom(p, IMAGE)};
    s.image_width = p->width * (double)s.zoom / SCALE;
    s.image_height = p->height * (double)s.zoom / SCALE;
    s.left = EDGE + LABEL;
    s.top = EDGE + fmax(HEAD, s.image_height + LINE) + LINE + VALUES;
    s.across = s.image_width + GAP;
    s.down = fmax(s.image_height, 3 * LINE) + TRACK;
    s.width = s.left + fmax(p->columns * s.across, 2 * (s.across + GAP) + TEXT_WIDTH) + EDGE;
    s.height = s.top + p->rows * s.down + VALUES + EDGE;
    return s;
}

static double centre(const sheet *s, double column)
{
    return s->left + column * s->across + s->image_width / 2;
}

static void text(const sheet *s, uint32_t colour, const char *words, double size, double x,
                 double y, pv_align align, double room)
{
    pv_traversal_colour(s->canvas, colour);
    pv_canvas_text(s->canvas, words, size, x, y, align, room);
}

/* A filled triangle that points at (x, y): up, to the left (-1) or to the right (1). */
static void draw_mark(cairo_t *canvas, double x, double y, int aside)
{
    enum { HALF = 4, LENGTH = 7 };
    pv_traversal_colour(canvas, PV_TRAVERSAL_DARK);
    cairo_move_to(canvas, x, y);
    if (aside) {
        cairo_line_to(canvas, x - aside * LENGTH, y - HALF);
        cairo_line_to(canvas, x - aside * LENGTH, y + HALF);
    } else {
        cairo_line_to(canvas, x - HALF, y + LENGTH);
        cairo_line_to(canvas, x + HALF, y + LENGTH);
    }
    cairo_fill(canvas);
}

static void draw_label(const sheet *s, const pv_traversal_row *row, double y)
{
    char words[32];
    const double x = EDGE + BAR + 7, middle = y + s->image_height / 2, room = s->left - x - 4;
    const double height = fmin(s->image_height, 3 * LINE + 8);
    pv_traversal_colour(s->canvas, pv_type_colour[row->type]);
    cairo_rectangle(s->canvas, EDGE, middle - height / 2, BAR, height);
    cairo_fill(s->canvas);
    snprintf(words, sizeof words, "variable %d", row->variable);
    text(s, PV_TRAVERSAL_DARK, words, LARGE, x, middle - LINE, PV_LEFT, room);
    text(s, pv_type_colour[row->type], pv_type_name[row->type], LARGE, x, middle, PV_LEFT, room);
    text(s, PV_TRAVERSAL_SOFT, pv_traversal_kl(words, row->kl), SMALL, x, middle + LINE, PV_LEFT,
         room);
}

/* A line from the first value to the last with a tick at each, and where the own value is. */
static void draw_track(const sheet *s, double own, double y)
{
    cairo_t *canvas = s->canvas;
    const int last = s->p->columns - 1;
    const double at = (own / s->p->range + 1) / 2 * last;
    pv_traversal_colour(canvas, PV_TRAVERSAL_LINE);
    cairo_rectangle(canvas, centre(s, 0), y - 0.25, last * s->across, 0.5);
    for (int c = 0; c <= last; c++) cairo_rectangle(canvas, centre(s, c) - 0.25, y - 1.5, 0.5, 3);
    cairo_fill(canvas);
    if (at < 0)
        draw_mark(canvas, centre(s, 0) - 9, y, -1);
    else if (at > last)
        draw_mark(canvas, centre(s, last) + 9, y, 1);
    else
        draw_mark(canvas, centre(s, at), y - 1, 0);
}

static void draw_row(const sheet *s, int r)
{
    const pv_traversal_picture *p = s->p;
    const double y = s->top + r * s->down;
    const size_t size = (size_t)p->height * (size_t)p->width * (size_t)p->channels;
    const float *image = p->pixels + (size_t)r * (size_t)p->columns * size;
    draw_label(s, &p->row[r], y);
    for (int c = 0; c < p->columns; c++)
        pv_traversal_image(s->canvas, p, image + (size_t)c * size, s->zoom, SCALE,
                           s->left + c * s->across, y);
    draw_track(s, p->row[r].own, y + s->image_height + 5);
}

static void draw_values(const sheet *s, double y)
{
    char words[32];
    const int last = s->p->columns - 1;
    for (int c = 0; c <= last; c++) {
        snprintf(words, sizeof words, "%.3g", s->p->range * (2 * c - last) / last);
        text(s, PV_TRAVERSAL_DARK, words, SMALL, centre(s, c), y, PV_CENTRE, s->across - 4);
    }
}

/* The example, its reconstruction, and what is to be seen. */
static void draw_head(const sheet *s)
{
    const pv_traversal_picture *p = s->p;
    const size_t size = (size_t)p->height * (size_t)p->width * (size_t)p->channels;
    static const char *const caption[2] = {"example", "decoded"};
    for (int i = 0; i < 2; i++) {
        const double x = s->left + i * s->across;
        pv_traversal_image(s->canvas, p, p->example + (size_t)i * size, s->zoom, SCALE, x, EDGE);
        text(s, PV_TRAVERSAL_DARK, caption[i], SMALL, x + s->image_width / 2,
             EDGE + s->image_height + 10, PV_CENTRE, s->across);
    }
    char title[80] = "Latent traversals";
    if (p->rows < p->variables)
        snprintf(title, sizeof title, "Latent traversals: %d of %d variables, those of largest KL",
                 p->rows, p->variables);
    const double x = s->left + 2 * s->across + 12, room = s->width - EDGE - x;
    double y = EDGE + TITLE / 2.0;
    text(s, PV_TRAVERSAL_DARK, title, TITLE, x, y, PV_LEFT, room);
    text(s, PV_TRAVERSAL_SOFT, "Each row decodes the example's mean code with one variable set to",
         SMALL, x, y += LINE + 4, PV_LEFT, room);
    text(s, PV_TRAVERSAL_SOFT, "the values above it, in standard deviations of the prior.", SMALL,
         x, y += LINE, PV_LEFT, room);
    draw_mark(s->canvas, x + 4, (y += LINE) - 4, 0);
    text(s, PV_TRAVERSAL_SOFT, "the example's own value", SMALL, x + 13, y, PV_LEFT, room - 13);
}

pv_status pv_traversal_write_png(const pv_traversal_picture *p, const char *path)
{
    assert(p->rows > 0 && p->columns > 1 && p->range > 0);
    sheet s = measure(p);
    PV_TRY(pv_canvas_open(&s.canvas, path, s.width, s.height, SCALE));
    draw_head(&s);
    draw_values(&s, s.top - VALUES / 2.0);
    for (int r = 0; r < p->rows; r++) draw_row(&s, r);
    draw_values(&s, s.top + p->rows * s.down + VALUES / 2.0 - 4);
    return pv_canvas_write(s.canvas, path);
}
