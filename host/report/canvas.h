/* canvas.h -- a cairo picture in memory that becomes a PNG file, and text and images on it. */
#ifndef PV_CANVAS_H
#define PV_CANVAS_H

#include <cairo.h>

#include "polarvae/status.h"

typedef enum { PV_LEFT, PV_CENTRE, PV_RIGHT } pv_align;

/* A white picture of width x height units, each `scale` pixels wide; `path` is for the message. */
pv_status pv_canvas_open(cairo_t **out, const char *path, double width, double height,
                         double scale);
/* Writes the file and frees the picture in every case. */
pv_status pv_canvas_write(cairo_t *canvas, const char *path);

/* One line of text at (x, y), which is its vertical middle; shrunk to fit into `room` if room > 0.
 * In the current colour. */
void pv_canvas_text(cairo_t *canvas, const char *text, double size, double x, double y,
                    pv_align align, double room);
double pv_canvas_text_width(cairo_t *canvas, const char *text, double size);

/* An image [height, width, channels] (1 or 3), values in 0..1 (clipped, NaN is black), each of its
 * pixels `zoom` pixels of the picture wide. */
typedef struct {
    const float *value;
    int height, width, channels, zoom;
} pv_canvas_image;
/* Its corner is the pixel, not the unit, (x, y) of the picture, in which it lies. */
void pv_canvas_draw_image(cairo_t *canvas, const pv_canvas_image *image, int x, int y);

#endif
