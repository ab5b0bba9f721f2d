/* data_info.c -- polarvae data info: what a data set holds, as text, JSON and a picture. */
#include "cli/data_info.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "polarvae/contact_sheet.h"
#include "polarvae/source.h"

static const char *const variant_name[] = {
    [PV_PLAIN] = "none", [PV_COLOR] = "color", [PV_NOISY] = "noisy", [PV_SCREAM] = "scream"};

static const char *pixel_text(const pv_data *d)
{
    static const char *const of_form[] = {[PV_BITS] = "0 or 1",
                                          [PV_BYTES] = "0..255",
                                          [PV_SHORTS] = "0..255 and beyond, not clipped"};
    return of_form[pv_data_form(d)];
}

static double memory(const pv_data *d)
{
    size_t image = pv_data_in_memory(d) ? pv_data_image_bytes(d) : 0;
    size_t factors = (size_t)d->factors * (sizeof *d->factor + sizeof *d->factor_value);
    return (double)(d->examples * (image + factors)) / 1e6;
}

static void print(const pv_data *d, const char *path)
{
    printf("%s\n", path);
    printf("  images    %zu of %d x %d pixels, %d channel%s, %s\n", d->examples, d->height,
           d->width, d->channels, d->channels > 1 ? "s" : "", pixel_text(d));
    if (d->variant) printf("  variant   %s\n", variant_name[d->variant]);
    printf("  factors   %d%s\n", d->factors,
           d->complete ? ", every combination in order" : ", not every combination in order");
    for (int f = 0; f < d->factors; f++) {
        double low, high;
        pv_data_range(d, f, &low, &high);
        printf("    %-16s %4d value%s from %g to %g%s\n", d->factor_name[f], d->factor_size[f],
               d->factor_size[f] > 1 ? "s" : " ", low, high,
               d->nuisance[f] ? ", nuisance: not observed" : "");
    }
    printf("  memory    %.1f MB\n", memory(d));
    printf("  checksum  %016" PRIx64 "\n", d->checksum);
}

static pv_status print_json(const pv_data *d, const char *path)
{
    char sum[17];
    pv_json *j = pv_json_new();
    pv_json_object(j, NULL);
    pv_json_text(j, "file", path);
    pv_json_whole(j, "images", (long long)d->examples);
    pv_json_whole(j, "height", d->height);
    pv_json_whole(j, "width", d->width);
    pv_json_whole(j, "channels", d->channels);
    pv_json_truth(j, "binary", pv_data_form(d) == PV_BITS);
    pv_json_text(j, "variant", variant_name[d->variant]);
    pv_json_truth(j, "complete", d->complete);
    pv_json_array(j, "factors");
    for (int f = 0; f < d->factors; f++) {
        double low, high;
        pv_data_range(d, f, &low, &high);
        pv_json_object(j, NULL);
        pv_json_text(j, "name", d->factor_name[f]);
        pv_json_whole(j, "size", d->factor_size[f]);
        pv_json_real(j, "low", low);
        pv_json_real(j, "high", high);
        pv_json_truth(j, "nuisance", d->nuisance[f]);
        pv_json_end(j);
    }
    pv_json_end(j);
    snprintf(sum, sizeof sum, "%016" PRIx64, d->checksum);
    pv_json_text(j, "checksum", sum);
    pv_json_end(j);
    return pv_json_finish(j, "-");
}

static pv_status draw_sheet(const pv_data *data, const pv_config *c, const char *path)
{
    pv_device *device = NULL;
    pv_stream *stream = NULL;
    pv_device_data images = {0};
    pv_status status = pv_device_open(&device, c->device);
    if (status == PV_OK) status = pv_stream_open(&stream, device, (int)c->threads);
    if (status == PV_OK) status = pv_device_data_open(&images, device, data);
    if (status == PV_OK) status = pv_contact_sheet_write(path, &images, stream);
    pv_device_data_close(&images);
    pv_stream_close(stream);
    pv_device_close(device);
    return status;
}

/* DATA and the keys as a configuration. */
static pv_status read_config(pv_config *out, const pv_arguments *rest)
{
    char name[PV_TEXT + 8];
    const char **set;
    if (rest->count < 1 || pv_is_assignment(rest->value[0]))
        return pv_fail(PV_EUSAGE, "data info: a file or the name of a data set must come first");
    if (snprintf(name, sizeof name, "data=%s", rest->value[0]) >= (int)sizeof name)
        return pv_fail(PV_EUSAGE, "data info: the path is too long");
    for (int i = 1; i < rest->count; i++)
        if (!pv_is_assignment(rest->value[i]))
            return pv_fail(PV_EUSAGE, "data info: %s: one data set can be named, and key=value",
                           rest->value[i]);
    PV_TRY(pv_new(&set, (size_t)rest->count + 1, sizeof *set, "arguments"));
    set[0] = name;
    for (int i = 1; i < rest->count; i++) set[i] = rest->value[i];
    set[rest->count] = "device=cpu";
    const pv_status status = pv_config_load(out, NULL, rest->count + 1, set);
    free(set);
    return status;
}

/* As many images as there would have to be if all were drawn alike: 1 / sum of squared chances. */
static pv_status count_likely(double *out, const pv_data *d, const char *text)
{
    uint64_t *cumulative;
    double squares = 0;
    *out = 0;
    if (strcmp(text, "none") == 0) return PV_OK;
    PV_TRY(pv_data_correlate(&cumulative, d, text));
    for (size_t i = 0; i < d->examples; i++) {
        const double chance = (double)(cumulative[i] - (i ? cumulative[i - 1] : 0)) * 0x1p-64;
        squares += chance * chance;
    }
    free(cumulative);
    *out = 1 / squares;
    return PV_OK;
}

pv_status pv_show_data(const pv_arguments *rest, const char *sheet, int json, int quiet)
{
    pv_config config;
    pv_source source;
    pv_data data = {0};
    double likely = 0;
    PV_TRY(read_config(&config, rest));
    pv_status status = pv_source_of(&source, &config);
    if (status == PV_OK) status = pv_source_open(&data, &source, 0, quiet);
    if (status == PV_OK) status = count_likely(&likely, &data, config.correlation);
    if (status == PV_OK && sheet) status = draw_sheet(&data, &config, sheet);
    if (status == PV_OK && json)
        status = print_json(&data, source.file);
    else if (status == PV_OK)
        print(&data, source.file);
    if (status == PV_OK && !json && likely > 0)
        printf("  drawn     by %s: as from %.0f images that are equally likely\n",
               config.correlation, likely);
    pv_data_close(&data);
    pv_config_clear(&config);
    return status;
}
