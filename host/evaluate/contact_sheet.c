/* contact_sheet.c -- which images a contact sheet shows, and their pixels. */
#include "polarvae/contact_sheet.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "report/picture.h"

enum { COLUMNS = PV_SHEET_COLUMNS, CAPTION = 16, MOST_NUMBERS = 120000000 };

typedef struct {
    const pv_device_data *data;
    size_t count; /* images, row by row */
    size_t example[PV_MAX_FACTORS * COLUMNS];
    char caption[PV_MAX_FACTORS * COLUMNS][CAPTION];
    pv_sheet_row row[PV_MAX_FACTORS];
    float *pixels;
} sheet;

/* ---- which ---- */

static void choose(sheet *s, const pv_data_index *index, int factor, int columns)
{
    const pv_data *d = s->data->data;
    const size_t k = (size_t)d->factors;
    const int64_t last = d->factor_size[factor] - 1;
    int32_t class[PV_MAX_FACTORS];
    for (int f = 0; f < d->factors; f++) class[f] = (d->factor_size[f] - 1) / 2;
    s->row[factor] = (pv_sheet_row){.title = d->factor_name[factor],
                                    .note = d->nuisance[factor] ? "nuisance" : NULL};
    for (int c = 0; c < columns; c++, s->count++) {
        class[factor] = columns == 1 ? 0 : (int32_t)((int64_t)c * last / (columns - 1));
        const size_t found = s->example[s->count] = pv_data_nearest(index, class, factor);
        const int exact = memcmp(d->factor + found * k, class, k * sizeof *class) == 0;
        snprintf(s->caption[s->count], CAPTION, "%s%.3g", exact ? "" : "~",
                 d->factor_value[found * k + (size_t)factor]);
        s->row[factor].caption[c] = s->caption[s->count];
    }
    s->row[factor].images = columns;
}

static pv_status choose_all(sheet *s)
{
    const pv_data *d = s->data->data;
    pv_data_index *index;
    PV_TRY(pv_data_index_open(&index, d));
    for (int f = 0; f < d->factors; f++)
        choose(s, index, f, d->factor_size[f] < COLUMNS ? d->factor_size[f] : COLUMNS);
    pv_data_index_close(index);
    return PV_OK;
}

/* ---- pixels ---- */

/* The images themselves, their numbers 0, 1, ..., and a step of zeros, in device memory. */
typedef struct {
    void *block;
    char *page;
    uint32_t *line;
    pv_step *step;
    float *pixels;
} place;

static pv_status bring(place *p, const sheet *s, pv_stream *stream, size_t numbers)
{
    const pv_data *d = s->data->data;
    const size_t image = pv_data_image_bytes(d), all = (s->count * image + 63) / 64 * 64;
    const size_t lines = (s->count * sizeof *p->line + 63) / 64 * 64;
    char *page;
    uint32_t line[PV_MAX_FACTORS * COLUMNS];
    PV_TRY(pv_device_alloc(pv_stream_device(stream),
                           64 + all + lines + s->count * numbers * sizeof(float), &p->block));
    p->step = p->block;
    p->page = (char *)p->block + 64;
    p->line = (uint32_t *)(p->page + all);
    p->pixels = (float *)(p->page + all + lines);
    PV_TRY(pv_fill(stream, p->step, 0, sizeof *p->step));
    PV_TRY(pv_new(&page, s->count, image, "a contact sheet"));
    pv_status status = PV_OK;
    for (size_t i = 0; i < s->count && status == PV_OK; i++) {
        line[i] = (uint32_t)i;
        status = pv_data_rows(d, s->example[i], 1, page + i * image);
    }
    if (status == PV_OK) status = pv_upload(stream, p->page, page, s->count * image);
    if (status == PV_OK) status = pv_upload(stream, p->line, line, s->count * sizeof *line);
    free(page);
    return status;
}

static pv_status gather(const place *p, const sheet *s, pv_program *program, size_t numbers)
{
    const pv_gathering what = {.index = p->line,
                               .images = p->page,
                               .examples = s->count,
                               .purpose = PV_FOR_VARIANT,
                               .step = p->step};
    float *image;
    PV_TRY(pv_device_data_gather(program, s->data, &what, &image));
    return pv_copy(program, &(pv_copy_args){.cols = numbers, .from = image, .to = p->pixels});
}

static pv_status take_pixels(sheet *s, pv_stream *stream)
{
    const pv_data *d = s->data->data;
    const size_t numbers = (size_t)(d->height * d->width * d->channels);
    place p = {0};
    pv_program *program = NULL;
    if (s->count * numbers > MOST_NUMBERS)
        return pv_fail(
            PV_EUSAGE,
            "a contact sheet of %zu images of %d x %d pixels is too large; they may have "
            "%d megapixels together",
            s->count, d->width, d->height, MOST_NUMBERS / d->channels / 1000000);
    PV_TRY(pv_new(&s->pixels, s->count * numbers, sizeof *s->pixels, "a contact sheet"));
    pv_status status = bring(&p, s, stream, numbers);
    if (status == PV_OK) status = pv_program_begin(&program, stream, s->count);
    if (status == PV_OK) status = gather(&p, s, program, numbers);
    if (status == PV_OK) status = pv_program_seal(program);
    if (status == PV_OK) status = pv_program_run(program);
    if (status == PV_OK)
        status = pv_download(stream, s->pixels, p.pixels, s->count * numbers * sizeof(float));
    pv_program_close(program);
    pv_device_release(pv_stream_device(stream), p.block);
    return status;
}

pv_status pv_contact_sheet_write(const char *path, const pv_device_data *data, pv_stream *stream)
{
    const pv_data *d = data->data;
    sheet *s;
    PV_TRY(pv_new(&s, 1, sizeof *s, "a contact sheet"));
    s->data = data;
    pv_status status = choose_all(s);
    if (status == PV_OK) status = take_pixels(s, stream);
    if (status == PV_OK)
        status = pv_sheet_write(&(pv_sheet){.rows = d->factors,
                                            .row = s->row,
                                            .pixels = s->pixels,
                                            .height = d->height,
                                            .width = d->width,
                                            .channels = d->channels},
                                path);
    free(s->pixels);
    free(s);
    return status;
}
