/* picture_png.c -- a PNG file of any kind as 8-bit grey or colour, by libpng. */
#include <png.h>
#include <setjmp.h>
#include <string.h>

#include "data/picture_inside.h"

/* A deflated stream unpacks to at most 1032 times its size: 258 bytes of two bits. */
enum { EXPANSION = 1032, RGBA = 4 };

typedef struct {
    const pv_picture_input *in;
    pv_picture_file *out;
    png_struct *png;
    png_info *info;
    png_byte **row; /* of libpng's */
    jmp_buf failed;
    char message[160];
} reader;

static void stop(png_struct *png, const char *message)
{
    reader *r = png_get_error_ptr(png);
    snprintf(r->message, sizeof r->message, "%s", message);
    longjmp(r->failed, 1);
}

static void ignore(png_struct *png, const char *message)
{
    (void)png;
    (void)message;
}

/* Every chunk's checksum counts. Only those are looked into that the pixels depend on. */
static void set_up(reader *r)
{
    png_set_crc_action(r->png, PNG_CRC_ERROR_QUIT, PNG_CRC_ERROR_QUIT);
    png_set_benign_errors(r->png, 0);
    png_set_keep_unknown_chunks(r->png, PNG_HANDLE_CHUNK_NEVER, NULL, -1);
    png_init_io(r->png, r->in->file);
    png_read_info(r->png, r->info);
}

static int is_grey(const reader *r)
{
    png_color *palette;
    int count;
    if (png_get_color_type(r->png, r->info) != PNG_COLOR_TYPE_PALETTE)
        return !(png_get_color_type(r->png, r->info) & PNG_COLOR_MASK_COLOR);
    if (!png_get_PLTE(r->png, r->info, &palette, &count)) return 0;
    for (int i = 0; i < count; i++)
        if (palette[i].red != palette[i].green || palette[i].red != palette[i].blue) return 0;
    return 1;
}

/* Whatever the file has, rows come as red, green, blue and alpha, or as grey, twice, and alpha. */
static void read_pixels(reader *r)
{
    const png_uint_32 height = png_get_image_height(r->png, r->info);
    const size_t bytes = png_get_image_width(r->png, r->info) * (size_t)RGBA;
    png_set_expand(r->png);
    png_set_strip_16(r->png);
    png_set_gray_to_rgb(r->png);
    png_set_add_alpha(r->png, 0xff, PNG_FILLER_AFTER);
    png_set_interlace_handling(r->png);
    png_read_update_info(r->png, r->info);
    if (png_get_rowbytes(r->png, r->info) != bytes) png_error(r->png, "rows of another size");
    r->row = png_malloc(r->png, height * sizeof *r->row);
    for (png_uint_32 y = 0; y < height; y++) r->row[y] = r->out->pixels + y * bytes;
    png_read_image(r->png, r->row);
    png_read_end(r->png, NULL);
}

/* In place: a pixel is never longer than it was. */
static void lay_over_black(pv_picture_file *out)
{
    const size_t pixels = (size_t)out->width * (size_t)out->height;
    const size_t channels = (size_t)out->channels;
    for (size_t i = 0; i < pixels; i++) {
        const uint8_t *from = out->pixels + i * RGBA;
        const unsigned alpha = from[3];
        for (size_t c = 0; c < channels; c++)
            out->pixels[i * channels + c] = (uint8_t)((from[c] * alpha + 127) / 255);
    }
}

static pv_status read_file(reader *r)
{
    if (setjmp(r->failed)) return pv_fail(PV_EDATA, "%s: PNG: %s", r->in->path, r->message);
    r->png = png_create_read_struct(PNG_LIBPNG_VER_STRING, r, stop, ignore);
    if (r->png) r->info = png_create_info_struct(r->png);
    if (!r->info) return pv_fail(PV_ENOMEM, "%s: out of memory", r->in->path);
    set_up(r);
    const unsigned bits = png_get_bit_depth(r->png, r->info) * png_get_channels(r->png, r->info);
    PV_TRY(pv_picture_make(r->out, r->in, png_get_image_width(r->png, r->info),
                           png_get_image_height(r->png, r->info), RGBA,
                           r->in->size * EXPANSION * 8 / bits));
    r->out->channels = r->in->colour || !is_grey(r) ? 3 : 1;
    if (r->in->look) return PV_OK;
    read_pixels(r);
    lay_over_black(r->out);
    return PV_OK;
}

pv_status pv_picture_png(pv_picture_file *out, const pv_picture_input *in)
{
    reader r = {.in = in, .out = out};
    pv_status status = read_file(&r);
    if (r.row) png_free(r.png, r.row);
    if (r.png) png_destroy_read_struct(&r.png, &r.info, NULL);
    return status;
}
