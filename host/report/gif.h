/* gif.h -- animated GIF files that play again and again. */
#ifndef PV_REPORT_GIF_H
#define PV_REPORT_GIF_H

#include <stddef.h>
#include <stdint.h>

#include "polarvae/status.h"

enum { PV_GIF_INKS = 3 };

/* A GIF has 256 colours. Of a grey one these are 208 greys, and 16 mixtures of white with each of
 * `inks` colours, 0x00rrggbb, in which labels may be drawn. Of a coloured one they are 6 levels of
 * red, green and blue each, 0, 51, ..., 255, and what lies between them is dithered. */
typedef struct {
    int width, height;
    int delay; /* of each frame, in hundredths of a second */
    int coloured;
    int inks;
    uint32_t ink[PV_GIF_INKS];
} pv_gif_format;

typedef struct pv_gif pv_gif;

pv_status pv_gif_open(pv_gif **out, const char *path, const pv_gif_format *format);
/* pixel[y * stride + x] = 0x00rrggbb, as cairo has it */
pv_status pv_gif_frame(pv_gif *gif, const uint32_t *pixel, size_t stride);
/* The file appears if `status`, what has become of the frames, is PV_OK; frees gif (NULL is fine)
 * in every case, and returns `status` or what went wrong now. */
pv_status pv_gif_close(pv_gif *gif, pv_status status);

#endif
