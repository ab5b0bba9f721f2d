/* resize.h -- resampling, to the bit what Pillow makes of it. */
#ifndef PV_DATA_RESIZE_H
#define PV_DATA_RESIZE_H

#include <stdint.h>

#include "polarvae/status.h"

/* Lanczos' window of three lobes, or the cubic one with a = -1/2. */
typedef enum { PV_LANCZOS, PV_BICUBIC } pv_filter;

/* Weights of one size to another, in pixels of a side: the window widens with the reduction. */
typedef struct pv_resize pv_resize;
pv_status pv_resize_open(pv_resize **out, int from, int to, pv_filter filter);
void pv_resize_close(pv_resize *resize); /* NULL is fine */

/* [height, width, channels] u8 to u8, first along the width, then along the height, rounded and
 * clipped to 0..255 after each, as Pillow does with "L" and "RGB" images. As of Pillow 13, it is
 * the other way round where the height loses more than twice the pixels that the width does. */
pv_status pv_resize_bytes(const pv_resize *across, const pv_resize *down, int channels,
                          const uint8_t *from, uint8_t *to);

/* One channel of u8 to whole numbers that are not clipped, rounded half away from zero after each
 * pass, as Pillow does with "I" images: what disentanglement_lib's SmallNORB gets. */
pv_status pv_resize_unclipped(const pv_resize *across, const pv_resize *down, const uint8_t *from,
                              int16_t *to);

#endif
