/* images_fit.c -- images of any size as squares of one. */
#include <string.h>

#include "import/images.h"

/* In place: a row never moves towards the end. */
static int cut(uint8_t *pixels, int height, int width, int channels)
{
    const int side = height < width ? height : width;
    const size_t each = (size_t)channels, row = (size_t)side * each;
    const uint8_t *from = pixels;
    from += ((size_t)((height - side) / 2) * (size_t)width + (size_t)((width - side) / 2)) * each;
    for (int y = 0; y < side; y++, from += (size_t)width * each)
        memmove(pixels + (size_t)y * row, from, row);
    return side;
}

pv_status pv_images_square(pv_images_fit *fit, uint8_t *pixels, int height, int width, uint8_t *out)
{
    const int side = cut(pixels, height, width, fit->channels);
    if (side == fit->side) {
        memcpy(out, pixels, (size_t)side * (size_t)side * (size_t)fit->channels);
        return PV_OK;
    }
    if (side != fit->from) {
        pv_images_fit_close(fit);
        PV_TRY(pv_resize_open(&fit->resize, side, fit->side, PV_LANCZOS));
        fit->from = side;
    }
    return pv_resize_bytes(fit->resize, fit->resize, fit->channels, pixels, out);
}

void pv_images_fit_close(pv_images_fit *fit)
{
    pv_resize_close(fit->resize);
    fit->resize = NULL;
    fit->from = 0;
}
