/* sheet.c -- rows of images with titles and captions as one PNG file. */
#include <assert.h>
#include <math.h>
#include <stddef.h>

#include "report/canvas.h"
#include "report/picture.h"

/* In units of the picture, of which each is SCALE pixels: text is sharp on a fine screen. */
enum { SCALE = 2, GAP = 6, MARGIN = 16, TEXT = 12, SMALL = 10, CAPTION = 16, WANTED = 64 };
static const double dark = 0.1, soft = 0.4;

static double title_width(cairo_t *canvas, const pv_sheet *s)
{
    double width = 0;
    for (int r = 0; r < s->rows; r++) {
        width = fmax(width, pv_canvas_text_width(canvas, s->row[r].title, TEXT));
        if (s->row[r].note)
            width = fmax(width, pv_canvas_text_width(canvas, s->row[r].note, SMALL));
    }
    return ceil(width) + GAP * 2;
}

static pv_status measure(const pv_sheet *s, const char *path, double *titles)
{
    cairo_t *canvas;
    PV_TRY(pv_canvas_open(&canvas, path, 1, 1, SCALE));
    *titles = title_width(canvas, s);
    cairo_destroy(canvas);
    return PV_OK;
}

static void draw_titles(cairo_t *canvas, const pv_sheet_row *row, double y)
{
    cairo_set_source_rgb(canvas, dark, dark, dark);
    pv_canvas_text(canvas, row->title, TEXT, MARGIN, row->note ? y - 8 : y, PV_LEFT, 0);
    cairo_set_source_rgb(canvas, soft, soft, soft);
    if (row->note) pv_canvas_text(canvas, row->note, SMALL, MARGIN, y + 8, PV_LEFT, 0);
}

pv_status pv_sheet_write(const pv_sheet *s, const char *path)
{
    const int wanted = SCALE * WANTED, zoom = s->height < wanted ? wanted / s->height : 1;
    const double wide = s->width * (double)zoom / SCALE, high = s->height * (double)zoom / SCALE;
    const double across = wide + GAP, down = high + CAPTION + GAP;
    const size_t image = (size_t)s->height * (size_t)s->width * (size_t)s->channels;
    int columns = 1;
    double titles;
    cairo_t *canvas;
    for (int r = 0; r < s->rows; r++) {
        assert(s->row[r].images <= PV_SHEET_COLUMNS);
        if (s->row[r].images > columns) columns = s->row[r].images;
    }
    PV_TRY(measure(s, path, &titles));
    PV_TRY(pv_canvas_open(&canvas, path, 2 * MARGIN + titles + columns * across - GAP,
                          2 * MARGIN + s->rows * down - GAP, SCALE));
    const float *pixels = s->pixels;
    for (int r = 0; r < s->rows; r++) {
        const double y = MARGIN + r * down;
        draw_titles(canvas, &s->row[r], y + high / 2);
        for (int c = 0; c < s->row[r].images; c++, pixels += image) {
            const double x = MARGIN + titles + c * across;
            pv_canvas_draw_image(canvas,
                                 &(pv_canvas_image){.value = pixels,
                                                    .height = s->height,
                                                    .width = s->width,
                                                    .channels = s->channels,
                                                    .zoom = zoom},
                                 (int)(x * SCALE), (int)(y * SCALE));
            pv_canvas_text(canvas, s->row[r].caption[c], SMALL, x + wide / 2,
                           y + high + CAPTION / 2.0, PV_CENTRE, wide);
        }
    }
    return pv_canvas_write(canvas, path);
}
