/* canvas.h -- a cairo picture in memory that becomes a PNG file, and text on it. */
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

#endif
