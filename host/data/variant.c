/* variant.c -- binary images that become coloured when they are gathered. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "data/picture.h"
#include "data/resize.h"

/* disentanglement_lib's ground_truth/dsprites.py shrinks The Scream to fit these. */
enum { WIDEST = 350, TALLEST = 274 };

/* The whole number next to `side` that keeps the aspect better, as Pillow's thumbnail chooses it.
 */
static int keep_aspect(double side, double aspect, double other, int is_width)
{
    const double low = fmax(floor(side), 1), high = fmax(ceil(side), 1);
    const double off_low = fabs(aspect - (is_width ? low / other : other / low));
    const double off_high = fabs(aspect - (is_width ? high / other : other / high));
    return (int)(off_high < off_low ? high : low);
}

static void fit(int *width, int *height)
{
    const double aspect = (double)*width / *height;
    if (*width <= WIDEST && *height <= TALLEST) return;
    if ((double)WIDEST / TALLEST >= aspect) {
        *width = keep_aspect(TALLEST * aspect, aspect, TALLEST, 1);
        *height = TALLEST;
    } else {
        *height = keep_aspect(WIDEST / aspect, aspect, WIDEST, 0);
        *width = WIDEST;
    }
}

static pv_status shrink(pv_data *d, const pv_picture_file *picture)
{
    int width = picture->width, height = picture->height;
    pv_resize *across = NULL, *down = NULL;
    fit(&width, &height);
    pv_status status = pv_new(&d->background, (size_t)width * (size_t)height, 3, "a background");
    if (status == PV_OK) status = pv_resize_open(&across, picture->width, width, PV_BICUBIC);
    if (status == PV_OK) status = pv_resize_open(&down, picture->height, height, PV_BICUBIC);
    if (status == PV_OK) status = pv_resize_bytes(across, down, 3, picture->pixels, d->background);
    pv_resize_close(across);
    pv_resize_close(down);
    d->background_width = width;
    d->background_height = height;
    return status;
}

static void drop_background(pv_data *d)
{
    free(d->background);
    d->background = NULL;
    d->background_width = d->background_height = 0;
}

static pv_status load_background(pv_data *d, const char *path)
{
    pv_picture_file picture;
    PV_TRY(pv_picture_read(&picture, path, 1));
    drop_background(d);
    pv_status status = shrink(d, &picture);
    pv_picture_free(&picture);
    if (status == PV_OK && (d->background_width < d->width || d->background_height < d->height))
        status = pv_fail(PV_EUSAGE,
                         "%s: is a background of %d x %d pixels (images of more than %d x %d are "
                         "shrunk to fit); it must be at least as large as the images, %d x %d",
                         path, d->background_width, d->background_height, WIDEST, TALLEST, d->width,
                         d->height);
    if (status != PV_OK) drop_background(d);
    return status;
}

pv_status pv_data_vary(pv_data *d, pv_variant variant, const char *background)
{
    if (variant == PV_PLAIN) return PV_OK;
    if (pv_data_form(d) != PV_BITS)
        return pv_fail(
            PV_EUSAGE,
            "variant: is for binary images, such as those of dsprites; those of this data set are "
            "0..255");
    if (variant == PV_SCREAM) {
        PV_TRY(load_background(d, background));
        d->checksum = pv_hash(d->checksum, d->background,
                              (size_t)d->background_width * (size_t)d->background_height * 3);
    }
    const int32_t is[] = {variant, d->background_width, d->background_height};
    d->checksum = pv_hash(d->checksum, is, sizeof is);
    d->variant = variant;
    d->channels = 3;
    return PV_OK;
}
