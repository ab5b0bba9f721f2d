/* image_grid.c -- a table of small images as one PNG file. */
#include <assert.h>
#include <stddef.h>

#include "report/canvas.h"
#include "report/picture.h"

enum { LINE = 1 }; /* pixels between images, and around them */
static const double line_grey = 0.45;

pv_status pv_image_grid_write(const pv_image_grid *g, const char *path)
{
    assert(g->rows > 0 && g->columns > 0 && g->height > 0 && g->width > 0 && g->zoom > 0);
    assert(g->channels == 1 || g->channels == 3);
    double down = g->height * (double)g->zoom + LINE, across = g->width * (double)g->zoom + LINE;
    cairo_t *canvas;
    PV_TRY(pv_canvas_open(&canvas, path, g->columns * across + LINE, g->rows * down + LINE, 1));
    cairo_set_source_rgb(canvas, line_grey, line_grey, line_grey);
    cairo_paint(canvas);

    const size_t size = (size_t)g->height * (size_t)g->width * (size_t)g->channels;
    for (int r = 0; r < g->rows; r++)
        for (int c = 0; c < g->columns; c++) {
            const size_t image = (size_t)r * (size_t)g->columns + (size_t)c;
            pv_canvas_draw_image(canvas,
                                 &(pv_canvas_image){.value = g->pixels + image * size,
                                                    .height = g->height,
                                                    .width = g->width,
                                                    .channels = g->channels,
                                                    .zoom = g->zoom},
                                 (int)(LINE + c * across), (int)(LINE + r * down));
        }
    return pv_canvas_write(canvas, path);
}
