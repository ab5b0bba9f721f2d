/* traversal.h -- pictures of latent traversals: a table in a PNG file, and an animation. */
#ifndef PV_REPORT_TRAVERSAL_H
#define PV_REPORT_TRAVERSAL_H

#include <cairo.h>
#include <stdint.h>

#include "polarvae/evaluate.h"

/* A variable that is varied. */
typedef struct {
    int variable; /* its number */
    pv_type type;
    double kl;  /* nats */
    double own; /* the example's own value: the mean code */
} pv_traversal_row;

/* Images [height, width, channels] (1 or 3), values in 0..1. */
typedef struct {
    int rows, columns;           /* variables that are drawn, and values of each: 2 or more */
    int variables;               /* of the model */
    const pv_traversal_row *row; /* [rows] */
    double range;                /* columns go from -range to range, evenly spaced */
    const float *pixels;         /* images [rows, columns] */
    const float *example;        /* images [2]: the example and its reconstruction */
    int height, width, channels;
} pv_traversal_picture;

/* A row for each variable, labelled with number, type in a colour and KL; a column for each value;
 * a mark below each row where the example's own value lies; the example above. */
pv_status pv_traversal_write_png(const pv_traversal_picture *picture, const char *path);

/* A tile for each variable, labelled alike, which goes through its columns and back, for ever; a
 * dot below it says which value is shown. The example is not drawn. */
enum { PV_TRAVERSAL_DELAY = 6 }; /* of each frame, in hundredths of a second */
pv_status pv_traversal_write_gif(const pv_traversal_picture *picture, const char *path);

/* ---- what both are drawn with ---- */

extern const uint32_t pv_type_colour[PV_TYPES]; /* 0x00rrggbb */
void pv_traversal_colour(cairo_t *canvas, uint32_t colour);
enum { PV_TRAVERSAL_DARK = 0x1a1a1a, PV_TRAVERSAL_SOFT = 0x666666, PV_TRAVERSAL_LINE = 0xb3b3b3 };

/* "KL 3.21 nats" */
const char *pv_traversal_kl(char out[static 32], double kl);
/* How many pixels wide each of an image's is, for images about `wanted` pixels high. */
int pv_traversal_zoom(const pv_traversal_picture *picture, int wanted);
/* An image in whole pixels, at (x, y) in units of 1 / scale pixel. */
void pv_traversal_image(cairo_t *canvas, const pv_traversal_picture *picture, const float *value,
                        int zoom, double scale, double x, double y);

#endif
