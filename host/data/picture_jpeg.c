/* picture_jpeg.c -- a JPEG file as 8-bit grey or colour, by libjpeg. */
#include <stdio.h>

#include <jerror.h>
#include <jpeglib.h>
#include <setjmp.h>

#include "data/picture_inside.h"

/* Huffman codes take a bit at least for each block of 8 x 8 pixels. */
enum { EXPANSION = 8 * 64 };
/* Nobody makes so many; each costs as much time as a whole picture, but hardly any bytes. */
enum { MOST_SCANS = 100 };

typedef struct {
    struct jpeg_error_mgr error; /* first: libjpeg hands out a pointer to it */
    struct jpeg_progress_mgr progress;
    struct jpeg_decompress_struct jpeg;
    const pv_picture_input *in;
    pv_picture_file *out;
    jmp_buf failed;
    char message[JMSG_LENGTH_MAX];
} reader;

static void stop(j_common_ptr jpeg)
{
    reader *r = (reader *)jpeg->err;
    r->error.format_message(jpeg, r->message);
    longjmp(r->failed, 1);
}

/* Below 0: the data are damaged, and what follows would be made up. */
static void judge(j_common_ptr jpeg, int level)
{
    if (level < 0) stop(jpeg);
}

static void say_nothing(j_common_ptr jpeg) { (void)jpeg; }

static void count_scans(j_common_ptr jpeg)
{
    reader *r = (reader *)jpeg->err;
    if (r->jpeg.input_scan_number <= MOST_SCANS) return;
    snprintf(r->message, sizeof r->message, "more than %d scans", MOST_SCANS);
    longjmp(r->failed, 1);
}

static pv_status read_header(reader *r)
{
    jpeg_create_decompress(&r->jpeg);
    r->jpeg.progress = &r->progress;
    jpeg_stdio_src(&r->jpeg, r->in->file);
    jpeg_read_header(&r->jpeg, TRUE);
    const int colours = r->jpeg.num_components;
    if (colours != 1 && colours != 3)
        return pv_fail(PV_EDATA, "%s: JPEG: has %d colours%s; 1 (grey) or 3 are possible",
                       r->in->path, colours, colours == 4 ? " (CMYK)" : "");
    if (r->jpeg.arith_code)
        return pv_fail(PV_EDATA, "%s: JPEG: is arithmetically coded; expected Huffman codes",
                       r->in->path);
    r->out->channels = r->in->colour ? 3 : colours;
    return pv_picture_make(r->out, r->in, r->jpeg.image_width, r->jpeg.image_height,
                           r->out->channels, r->in->size * EXPANSION);
}

static void read_pixels(reader *r)
{
    const size_t bytes = (size_t)r->out->width * (size_t)r->out->channels;
    r->jpeg.out_color_space = r->out->channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
    jpeg_start_decompress(&r->jpeg);
    while (r->jpeg.output_scanline < r->jpeg.output_height) {
        JSAMPROW row = r->out->pixels + r->jpeg.output_scanline * bytes;
        jpeg_read_scanlines(&r->jpeg, &row, 1);
    }
    jpeg_finish_decompress(&r->jpeg);
}

static pv_status read_file(reader *r)
{
    if (setjmp(r->failed)) return pv_fail(PV_EDATA, "%s: JPEG: %s", r->in->path, r->message);
    PV_TRY(read_header(r));
    if (!r->in->look) read_pixels(r);
    return PV_OK;
}

pv_status pv_picture_jpeg(pv_picture_file *out, const pv_picture_input *in)
{
    reader r = {.in = in, .out = out, .progress = {.progress_monitor = count_scans}};
    r.jpeg.err = jpeg_std_error(&r.error);
    r.error.error_exit = stop;
    r.error.emit_message = judge;
    r.error.output_message = say_nothing;
    pv_status status = read_file(&r);
    jpeg_destroy_decompress(&r.jpeg);
    return status;
}
