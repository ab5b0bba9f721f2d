/* picture.h -- a PNG or JPEG file as bytes. */
#ifndef PV_DATA_PICTURE_H
#define PV_DATA_PICTURE_H

#include <stdint.h>

#include "polarvae/status.h"

typedef struct {
    int height, width, channels; /* channels 1 (grey) or 3 (red, green, blue) */
    uint8_t *pixels;             /* [height, width, channels]; owned */
} pv_picture_file;

/* Which of the two a file is, its first bytes tell. Palettes, 16 bits (their high byte) and
 * transparency (over black) become 8-bit grey or colour; colour = 1: always 3 channels, 0: 1 where
 * the file is grey: by its header, or by a palette of greys. Sides of at most 16384 pixels.
 * PV_EDATA says what is wrong with a damaged file; a JPEG that ends early is refused, not filled
 * up. Colour profiles, gamma and EXIF (so also a camera's orientation) are not applied, and of an
 * animation the first picture is read. Pixels are Pillow's, but for grey of 16 bits, which its
 * convert("L") clips. */
pv_status pv_picture_read(pv_picture_file *out, const char *path, int colour);
/* Sizes and channels as pv_picture_read would find them with colour = 0, from the header alone. */
pv_status pv_picture_look(pv_picture_file *out, const char *path);
void pv_picture_free(pv_picture_file *picture); /* a zeroed struct is fine */

#endif
