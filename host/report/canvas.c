/* canvas.c -- a cairo picture in memory that becomes a PNG file, and text and images on it. */
#include "report/canvas.h"

#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "base/base.h"

enum { LARGEST = 32767 }; /* cairo's */

static pv_status fail(const char *path, cairo_status_t why)
{
    pv_status status = why == CAIRO_STATUS_NO_MEMORY ? PV_ENOMEM : PV_EIO;
    const char *words =
        why == CAIRO_STATUS_WRITE_ERROR && errno ? strerror(errno) : cairo_status_to_string(why);
    return pv_fail(status, "%s: picture cannot be written: %s", path, words);
}

pv_status pv_canvas_open(cairo_t **out, const char *path, double width, double height, double scale)
{
    *out = NULL;
    double w = ceil(width * scale), h = ceil(height * scale);
    if (!(w >= 1 && h >= 1 && w <= LARGEST && h <= LARGEST))
        return pv_fail(PV_EUSAGE, "%s: a picture of %.0f x %.0f pixels; 1 to %d each are possible",
                       path, w, h, LARGEST);
    cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24, (int)w, (int)h);
    cairo_t *canvas = cairo_create(surface);
    cairo_surface_destroy(surface); /* the canvas holds it */
    if (cairo_status(canvas) != CAIRO_STATUS_SUCCESS) {
        pv_status status = fail(path, cairo_status(canvas));
        cairo_destroy(canvas);
        return status;
    }
    cairo_set_source_rgb(canvas, 1, 1, 1);
    cairo_paint(canvas);
    cairo_scale(canvas, scale, scale);
    cairo_select_font_face(canvas, "sans-serif", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
    *out = canvas;
    return PV_OK;
}

pv_status pv_canvas_write(cairo_t *canvas, const char *path)
{
    char part[4096];
    cairo_status_t why = cairo_status(canvas);
    pv_status status = why == CAIRO_STATUS_SUCCESS ? pv_part_begin(part, path) : fail(path, why);
    if (status == PV_OK) {
        errno = 0;
        why = cairo_surface_write_to_png(cairo_get_target(canvas), part);
        if (why == CAIRO_STATUS_SUCCESS) {
            status = pv_part_commit(part, path);
        } else {
            status = fail(path, why);
            pv_part_abandon(part);
        }
    }
    cairo_destroy(canvas);
    return status;
}

double pv_canvas_text_width(cairo_t *canvas, const char *text, double size)
{
    cairo_text_extents_t extents;
    cairo_set_font_size(canvas, size);
    cairo_text_extents(canvas, text, &extents);
    return extents.x_advance;
}

void pv_canvas_text(cairo_t *canvas, const char *text, double size, double x, double y,
                    pv_align align, double room)
{
    double width = pv_canvas_text_width(canvas, text, size);
    if (room > 0 && width > room) {
        size *= room / width;
        width = pv_canvas_text_width(canvas, text, size);
    }
    /* The middle of capital letters and digits, whatever this text is made of. */
    cairo_text_extents_t extents;
    cairo_text_extents(canvas, "0", &extents);
    double left = align == PV_LEFT ? x : align == PV_CENTRE ? x - width / 2 : x - width;
    cairo_move_to(canvas, left, y + extents.height / 2);
    cairo_show_text(canvas, text);
}

static uint32_t level(float value)
{
    return value > 0 ? value < 1 ? (uint32_t)(value * 255 + 0.5F) : 255 : 0; /* NaN is black */
}

/* As cairo's 0x00rrggbb. */
static uint32_t colour(const float *pixel, int channels)
{
    uint32_t red = level(pixel[0]);
    if (channels == 1) return red << 16 | red << 8 | red;
    return red << 16 | level(pixel[1]) << 8 | level(pixel[2]);
}

void pv_canvas_draw_image(cairo_t *canvas, const pv_canvas_image *image, int left, int top)
{
    const pv_canvas_image i = *image;
    cairo_surface_t *surface = cairo_get_target(canvas);
    assert(left >= 0 && left + i.width * i.zoom <= cairo_image_surface_get_width(surface));
    assert(top >= 0 && top + i.height * i.zoom <= cairo_image_surface_get_height(surface));
    cairo_surface_flush(surface);
    const size_t stride = (size_t)cairo_image_surface_get_stride(surface);
    unsigned char *corner = cairo_image_surface_get_data(surface) + (size_t)top * stride;
    for (int y = 0; y < i.height * i.zoom; y++) {
        uint32_t *row = (uint32_t *)(void *)(corner + (size_t)y * stride) + left;
        const float *from = i.value + (size_t)(y / i.zoom) * (size_t)(i.width * i.channels);
        for (int x = 0; x < i.width * i.zoom; x++)
            row[x] = colour(from + x / i.zoom * i.channels, i.channels);
    }
    cairo_surface_mark_dirty(surface);
}
