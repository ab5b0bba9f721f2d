/* image_grid.c -- a table of small images as one PNG file. */
#include <assert.h>
#include <stdint.h>

#include "report/canvas.h"
#include "report/picture.h"

enum { LINE = 1 }; /* pixels between images, and around them */
static const double line_grey = 0.45;

static uint32_t level(float value)
{
    return value > 0 ? value < 1 ? (uint32_t)(value * 255 + 0.5F) : 255 : 0; /* NaN is black */
}

/* The pixel (y, x) of the picture, which lies in one image, as cairo's 0x00rrggbb. */
static uint32_t colour(const float *pixel, int channels)
{
    uint32_t red = level(pixel[0]);
    if (channels == 1) return red << 16 | red << 8 | red;
    return red << 16 | level(pixel[1]) << 8 | level(pixel[2]);
}

static void draw_image(const pv_image_grid *g, const float *pixels, unsigned char *corner,
                       int stride)
{
    for (int y = 0; y < g->height * g->zoom; y++) {
        uint32_t *row = (uint32_t *)(void *)(corner + (size_t)y * (size_t)stride);
        const float *from = pixels + (size_t)(y / g->zoom) * (size_t)(g->width * g->channels);
        for (int x = 0; x < g->width * g->zoom; x++)
            row[x] = colour(from + x / g->zoom * g->channels, g->channels);
    }
}

pv_status pv_image_grid_write(const pv_image_grid *g, const char *path)
{
    assert(g->rows > 0 && g->columns > 0 && g->height > 0 && g->width > 0 && g->zoom > 0);
    assert(g->channels == 1 || g->channels == 3);
    double down = g->height * (double)g->zoom + LINE, across = g->width * (double)g->zoom + LINE;
    cairo_t *canvas;
    PV_TRY(pv_canvas_open(&canvas, path, g->columns * across + LINE, g->rows * down + LINE, 1));
    cairo_set_source_rgb(canvas, line_grey, line_grey, line_grey);
    cairo_paint(canvas);

    cairo_surface_t *surface = cairo_get_target(canvas);
    cairo_surface_flush(surface);
    unsigned char *picture = cairo_image_surface_get_data(surface);
    int stride = cairo_image_surface_get_stride(surface);
    size_t size = (size_t)g->height * (size_t)g->width * (size_t)g->channels;
    for (int r = 0; r < g->rows; r++)
        for (int c = 0; c < g->columns; c++) {
            size_t y = (size_t)(LINE + r * down), x = (size_t)(LINE + c * across);
            draw_image(g, g->pixels + ((size_t)r * (size_t)g->columns + (size_t)c) * size,
                       picture + y * (size_t)stride + x * sizeof(uint32_t), stride);
        }
    cairo_surface_mark_dirty(surface);
    return pv_canvas_write(canvas, path);
}
