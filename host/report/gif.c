/* gif.c -- animated GIF files that play again and again. */
#include "report/gif.h"

#include <assert.h>
#include <errno.h>
#include <gif_lib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

enum {
    COLOURS = 256,
    GREYS = 208, /* the first of a grey palette */
    MIXTURES = 16,
    LEVELS = 6,
    STEP = 255 / (LEVELS - 1), /* between levels */
    LARGEST = 65535            /* pixels across */
};

struct pv_gif {
    pv_gif_format format;
    char path[4096], part[4096];
    FILE *file;
    GifFileType *gif;
    GifColorType colour[COLOURS];
    GifPixelType *line; /* [width] */
};

/* ---- colours ---- */

static int red(uint32_t c) { return c >> 16 & 255; }
static int green(uint32_t c) { return c >> 8 & 255; }
static int blue(uint32_t c) { return c & 255; }

static GifByteType mix(int ink, int share)
{
    return (GifByteType)(255 - ((255 - ink) * share + MIXTURES / 2) / MIXTURES);
}

static void grey_palette(GifColorType *colour, const pv_gif_format *f)
{
    for (int i = 0; i < GREYS; i++) {
        const GifByteType v = (GifByteType)((i * 255 + (GREYS - 1) / 2) / (GREYS - 1));
        colour[i] = (GifColorType){v, v, v};
    }
    for (int k = 0; k < f->inks; k++)
        for (int i = 0; i < MIXTURES; i++) {
            const uint32_t ink = f->ink[k];
            colour[GREYS + k * MIXTURES + i] =
                (GifColorType){mix(red(ink), i + 1), mix(green(ink), i + 1), mix(blue(ink), i + 1)};
        }
}

static void cube_palette(GifColorType *colour)
{
    for (int i = 0; i < LEVELS * LEVELS * LEVELS; i++)
        colour[i] = (GifColorType){(GifByteType)(i / (LEVELS * LEVELS) * STEP),
                                   (GifByteType)(i / LEVELS % LEVELS * STEP),
                                   (GifByteType)(i % LEVELS * STEP)};
}

/* White itself, the last of the greys, is one. */
static GifPixelType nearest_mixture(const GifColorType *colour, int inks, uint32_t pixel)
{
    int best = 0, least = INT32_MAX;
    for (int i = GREYS - 1; i < GREYS + inks * MIXTURES; i++) {
        const int r = colour[i].Red - red(pixel), g = colour[i].Green - green(pixel),
                  b = colour[i].Blue - blue(pixel), distance = r * r + g * g + b * b;
        if (distance < least) least = distance, best = i;
    }
    return (GifPixelType)best;
}

static GifPixelType grey_index(const pv_gif *g, uint32_t pixel)
{
    const int r = red(pixel);
    if ((r == green(pixel) && r == blue(pixel)) || g->format.inks == 0)
        return (GifPixelType)((r * (GREYS - 1) + 127) / 255);
    return nearest_mixture(g->colour, g->format.inks, pixel);
}

/* Bayer's pattern: between two levels, as many pixels of 16 are of the upper one as the value is
 * sixteenths above the lower. A value on a level stays. */
static int dithered(int value, int x, int y)
{
    static const int pattern[4][4] = {{0, 8, 2, 10}, {12, 4, 14, 6}, {3, 11, 1, 9}, {15, 7, 13, 5}};
    return (value * 32 + STEP * (2 * pattern[y % 4][x % 4] + 1)) / (STEP * 32);
}

static GifPixelType cube_index(uint32_t pixel, int x, int y)
{
    return (GifPixelType)((dithered(red(pixel), x, y) * LEVELS + dithered(green(pixel), x, y)) *
                              LEVELS +
                          dithered(blue(pixel), x, y));
}

/* ---- the file ---- */

static int write_bytes(GifFileType *gif, const GifByteType *bytes, int size)
{
    return (int)fwrite(bytes, 1, (size_t)size, gif->UserData);
}

static pv_status fail(const pv_gif *g)
{
    return pv_fail(PV_EIO, "%s: cannot be written: %s", g->path,
                   errno ? strerror(errno) : "giflib fails");
}

/* Netscape's extension: how often it is played, 0 being for ever. */
static int put_loop(GifFileType *gif)
{
    static const GifByteType times[3] = {1, 0, 0};
    return EGifPutExtensionLeader(gif, APPLICATION_EXT_FUNC_CODE) == GIF_OK &&
           EGifPutExtensionBlock(gif, 11, "NETSCAPE2.0") == GIF_OK &&
           EGifPutExtensionBlock(gif, sizeof times, times) == GIF_OK &&
           EGifPutExtensionTrailer(gif) == GIF_OK;
}

static pv_status begin(pv_gif *g)
{
    const pv_gif_format *f = &g->format;
    PV_TRY(pv_new(&g->line, (size_t)f->width, sizeof *g->line, "a line of a GIF"));
    PV_TRY(pv_part_begin(g->part, g->path));
    errno = 0;
    g->file = fopen(g->part, "wb");
    if (!g->file) return fail(g);
    g->gif = EGifOpen(g->file, write_bytes, NULL);
    ColorMapObject *map = GifMakeMapObject(COLOURS, g->colour);
    if (!g->gif || !map) {
        GifFreeMapObject(map);
        return pv_fail(PV_ENOMEM, "%s: out of memory", g->path);
    }
    EGifSetGifVersion(g->gif, true);
    const int put =
        EGifPutScreenDesc(g->gif, f->width, f->height, 8, 0, map) == GIF_OK && put_loop(g->gif);
    GifFreeMapObject(map);
    return put ? PV_OK : fail(g);
}

pv_status pv_gif_open(pv_gif **out, const char *path, const pv_gif_format *f)
{
    pv_gif *g;
    *out = NULL;
    assert(f->inks >= 0 && f->inks <= PV_GIF_INKS);
    if (f->width < 1 || f->height < 1 || f->width > LARGEST || f->height > LARGEST)
        return pv_fail(PV_EUSAGE, "%s: an animation of %d x %d pixels; 1 to %d each are possible",
                       path, f->width, f->height, LARGEST);
    PV_TRY(pv_new(&g, 1, sizeof *g, "a GIF"));
    g->format = *f;
    snprintf(g->path, sizeof g->path, "%s", path);
    if (f->coloured)
        cube_palette(g->colour);
    else
        grey_palette(g->colour, f);
    pv_status status = begin(g);
    if (status != PV_OK) return pv_gif_close(g, status);
    *out = g;
    return PV_OK;
}

pv_status pv_gif_frame(pv_gif *g, const uint32_t *pixel, size_t stride)
{
    const pv_gif_format *f = &g->format;
    GifByteType control[4];
    EGifGCBToExtension(&(GraphicsControlBlock){.DisposalMode = DISPOSE_DO_NOT,
                                               .DelayTime = f->delay,
                                               .TransparentColor = NO_TRANSPARENT_COLOR},
                       control);
    errno = 0;
    int put = EGifPutExtension(g->gif, GRAPHICS_EXT_FUNC_CODE, sizeof control, control) == GIF_OK &&
              EGifPutImageDesc(g->gif, 0, 0, f->width, f->height, false, NULL) == GIF_OK;
    for (int y = 0; y < f->height && put; y++) {
        const uint32_t *from = pixel + (size_t)y * stride;
        for (int x = 0; x < f->width; x++)
            g->line[x] = f->coloured ? cube_index(from[x], x, y) : grey_index(g, from[x]);
        put = EGifPutLine(g->gif, g->line, f->width) == GIF_OK;
    }
    return put ? PV_OK : fail(g);
}

pv_status pv_gif_close(pv_gif *g, pv_status status)
{
    if (!g) return status;
    errno = 0;
    if (g->gif && EGifCloseFile(g->gif, NULL) != GIF_OK && status == PV_OK) status = fail(g);
    if (g->file) {
        const int bad = ferror(g->file);
        if ((fclose(g->file) != 0 || bad) && status == PV_OK) status = fail(g);
        if (status == PV_OK)
            status = pv_part_commit(g->part, g->path);
        else
            pv_part_abandon(g->part);
    }
    free(g->line);
    free(g);
    return status;
}
