/* picture.h -- a PNG or JPEG file as bytes. */
#ifndef PV_DATA_PICTURE_H
#define PV_DATA_PICTURE_H

#include <stdint.h>

#include "polarvae/status.h"

typedef struct {
    int height, width, channels; /* channels 1 (grey) or 3 (red, green, blue) */
    uint8_t *pixels;             /* [height, width, channels]; owned */
} pv_picture_file;

/* Which of the two a file is, its first bytes tell. Palettes, 16 bits and transparency (over black)
 * become 8-bit grey or colour; colour = 1: always 3 channels, 0: 1 where the file is grey. Sides of
 * at most 16384 pixels. PV_EDATA says what is wrong with a damaged file; a JPEG that ends early is
 * refused, not filled up. */
pv_status pv_picture_read(pv_picture_file *out, const char *path, int colour);
void pv_picture_free(pv_picture_file *picture); /* a zeroed struct is fine */

#endif
