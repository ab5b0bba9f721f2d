/* picture.h -- PNG files: grids of images, and heat maps of matrices. */
#ifndef PV_PICTURE_H
#define PV_PICTURE_H

#include <stddef.h>

#include "polarvae/status.h"

/* rows x columns images [height, width, channels] (1 or 3), values in 0..1 (clipped), separated by
 * thin lines, each pixel `zoom` pixels wide. image[r * columns + c] starts at
 * pixels + (r * columns + c) * height * width * channels. */
typedef struct {
    const float *pixels;
    int rows, columns, height, width, channels, zoom;
} pv_image_grid;
pv_status pv_image_grid_write(const pv_image_grid *grid, const char *path);

/* Rows of images [height, width, channels] (1 or 3), values in 0..1 (clipped), each row with a
 * title before it and a caption below each image. pixels holds the rows' images one after another.
 */
enum { PV_SHEET_COLUMNS = 12 };
typedef struct {
    const char *title, *note; /* note: a line below the title, or NULL */
    int images;               /* at most PV_SHEET_COLUMNS */
    const char *caption[PV_SHEET_COLUMNS];
} pv_sheet_row;
typedef struct {
    int rows;
    const pv_sheet_row *row;
    const float *pixels;
    int height, width, channels;
} pv_sheet;
pv_status pv_sheet_write(const pv_sheet *sheet, const char *path);

/* Square matrices side by side, each with a title above, row and column labels (may be NULL:
 * numbers), a colour for each value from `low` to `high` (blue, white, red around the middle), the
 * number written into each cell, and a colour scale. NaN cells are grey. */
typedef struct {
    const double *value; /* [size, size] */
    const char *title;
} pv_heat_map;
typedef struct {
    int maps, size;
    const pv_heat_map *map;
    const char *const *label; /* [size] */
    double low, high;
} pv_heat_maps;
pv_status pv_heat_maps_write(const pv_heat_maps *maps, const char *path);

#endif
