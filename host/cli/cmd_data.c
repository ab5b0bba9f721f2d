/* cmd_data.c -- polarvae data: makes data set files, and says what is in one. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/base.h"
#include "cli/cli.h"
#include "polarvae/contact_sheet.h"
#include "polarvae/import.h"
#include "polarvae/source.h"

static const char usage[] =
    "Usage: polarvae data generate OUT.h5 [--subset 3:6:40:32:32] [--threads N] [--quiet]\n"
    "       polarvae data import KIND SOURCE [OUT.h5] [--factors FILE.csv] [--size N]\n"
    "                            [--subset SIZES] [--threads N] [--quiet]\n"
    "       polarvae data info DATA [key=value ...] [--sheet OUT.png] [--json] [--quiet]\n"
    "\n"
    "generate renders every combination of 3 shapes (square, ellipse, heart), 6 scales,\n"
    "40 orientations and 32 x 32 positions into an HDF5 file in the dSprites layout:\n"
    "64 x 64 pixels, 0 or 1.\n"
    "\n"
    "import rewrites public files into that layout, as disentanglement_lib prepares them (64 x 64\n"
    "pixels, Lanczos where they are larger). Without OUT.h5 the file is kept where data=KIND "
    "finds\n"
    "it: in $POLARVAE_DATA, else in ~/.cache/polarvae.\n"
    "\n"
    "info opens a data set as training does (a file, or a name such as color_dsprites; the keys "
    "are\n"
    "those of `polarvae train --help` under data), checks all of it, and says what it holds.\n"
    "\n"
    "  --subset SIZES      generate: how many shapes, scales, orientations, x and y to keep, "
    "evenly\n"
    "                      spaced (default: 3:6:40:32:32, all 737280 images); import mpi3d_...: "
    "how\n"
    "                      many values each factor has in a file with a part of the public images\n"
    "  --factors FILE.csv  import images: the factors; default: factors.csv in the folder\n"
    "  --size N            import images: pixels of a side, a multiple of 16; default: 64\n"
    "  --threads N         0, the default: all cores; the file does not depend on it\n"
    "  --sheet OUT.png     info: also a contact sheet, a row of images for each factor\n"
    "  --json              info: for programs\n"
    "  --quiet             no progress on stderr\n"
    "  --help              this text\n"
    "\n"
    "Examples:\n"
    "  polarvae data generate small.h5 --subset 3:2:8:8:8\n"
    "  polarvae data import smallnorb ~/downloads/smallnorb\n"
    "  polarvae data import images photos photos.h5 --size 64\n"
    "  polarvae data info small.h5 variant=noisy --sheet small.png\n";

static void print_kinds(FILE *to)
{
    fprintf(to, "\nKinds of public files to import, and what SOURCE is:\n");
    for (const pv_import_kind *k = pv_import_kinds; k->name; k++)
        fprintf(to, "  %-16s %s\n", k->name, k->source);
    fprintf(to,
            "\nThe CSV of images begins with a line `file,FACTOR,...` (nuisance:FACTOR for one\n"
            "that is not observed) and has a line for each picture: its name, and the values.\n");
}

typedef struct {
    const char *subset, *factors, *sheet;
    long threads, size;
    int quiet, json;
} options;

static void tell_size(const char *path, size_t images, double start)
{
    struct stat info;
    char time[32];
    const double megabytes = stat(path, &info) == 0 ? (double)info.st_size / 1e6 : 0;
    printf("%s: %zu images, %.1f MB, in %s\n", path, images, megabytes,
           pv_duration(time, pv_now() - start));
}

/* Images are counted by their progress. */
typedef struct {
    pv_bar bar;
    size_t images;
} counter;

static pv_status count(void *state, size_t done, size_t total)
{
    counter *c = state;
    const pv_progress bar = pv_bar_progress(&c->bar);
    c->images = total;
    return bar.report(bar.state, done, total);
}

static pv_status generate(const options *o, const char *out)
{
    pv_sprites sprites = pv_sprites_full;
    counter c = {.images = 0};
    if (o->subset) PV_TRY(pv_sprites_parse(&sprites, o->subset));
    const double start = pv_now();
    pv_bar_start(&c.bar, "rendering", 0, o->quiet);
    pv_status status = pv_sprites_write(&sprites, out, (int)o->threads, &(pv_progress){count, &c});
    pv_bar_end(&c.bar);
    if (status == PV_OK) tell_size(out, c.images, start);
    return status;
}

/* ---- import ---- */

static pv_status keep_at(char out[static 4096], const char *kind)
{
    char directory[4096];
    const pv_import_kind *k = pv_import_kinds;
    while (k->name && strcmp(k->name, kind) != 0) k++;
    if (k->name && !k->kept)
        return pv_fail(PV_EUSAGE, "data import %s: a file to write must be named", kind);
    PV_TRY(pv_data_directory(directory));
    if (snprintf(out, 4096, "%s/%s.h5", directory, kind) >= 4096)
        return pv_fail(PV_EUSAGE, "%s: the path is too long", directory);
    return PV_OK;
}

static pv_status check_options(const options *o, const char *kind)
{
    const int of_images = strcmp(kind, "images") == 0, of_mpi3d = strncmp(kind, "mpi3d_", 6) == 0;
    if (o->size % 16 != 0)
        return pv_fail(PV_EUSAGE, "--size %ld: a side must be a multiple of 16", o->size);
    if ((o->factors || o->size) && !of_images)
        return pv_fail(PV_EUSAGE, "data import %s: --factors and --size are for images", kind);
    if (o->subset && !of_mpi3d)
        return pv_fail(PV_EUSAGE, "data import %s: --subset is for mpi3d_toy and its like", kind);
    return PV_OK;
}

static pv_status import(const options *o, const pv_arguments *rest)
{
    char kept[4096], note[PV_IMPORT_NOTE];
    const char *kind = rest->value[0], *out = rest->count == 3 ? rest->value[2] : kept;
    const pv_import_options how = {.factors = o->factors,
                                   .subset = o->subset,
                                   .side = (int)o->size,
                                   .threads = (int)o->threads};
    counter c = {.images = 0};
    PV_TRY(check_options(o, kind));
    if (rest->count == 2) PV_TRY(keep_at(kept, kind));
    const double start = pv_now();
    pv_bar_start(&c.bar, "importing", 0, o->quiet);
    pv_status status = pv_import(kind, rest->value[1], out, &how, note, &(pv_progress){count, &c});
    pv_bar_end(&c.bar);
    if (status != PV_OK) return status;
    if (*note && !o->quiet) fprintf(stderr, "note: %s\n", note);
    tell_size(out, c.images, start);
    return PV_OK;
}

/* ---- info ---- */

static void range(const pv_data *d, int factor, double *low, double *high)
{
    const double *value = d->factor_value + factor;
    *low = *high = *value;
    for (size_t i = 0; i < d->examples; i++, value += d->factors) {
        if (*value < *low) *low = *value;
        if (*value > *high) *high = *value;
    }
}

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
        range(d, f, &low, &high);
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
        range(d, f, &low, &high);
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

static pv_status info(const options *o, const pv_arguments *rest)
{
    pv_config config;
    pv_source source;
    pv_data data = {0};
    PV_TRY(read_config(&config, rest));
    pv_status status = pv_source_of(&source, &config);
    if (status == PV_OK) status = pv_source_open(&data, &source, 0, o->quiet);
    if (status == PV_OK && o->sheet) status = draw_sheet(&data, &config, o->sheet);
    if (status == PV_OK && o->json)
        status = print_json(&data, source.file);
    else if (status == PV_OK)
        print(&data, source.file);
    pv_data_close(&data);
    pv_config_clear(&config);
    return status;
}

/* ---- the command ---- */

enum { GENERATE, IMPORT, INFO };
static const char *const verbs[] = {
    [GENERATE] = "generate", [IMPORT] = "import", [INFO] = "info", NULL};

static pv_status run(const pv_arguments *rest, void *state)
{
    const options *o = state;
    switch (rest->verb) {
    case GENERATE:
        if (rest->count != 1)
            return pv_fail(PV_EUSAGE, "data generate: exactly one file must be named");
        return generate(o, rest->value[0]);
    case IMPORT:
        if (rest->count < 2 || rest->count > 3)
            return pv_fail(PV_EUSAGE,
                           "data import: KIND, SOURCE and perhaps the file to write must be named");
        return import(o, rest);
    default:
        return info(o, rest);
    }
}

int pv_command_data(int argc, char **argv)
{
    options o = {0};
    const unsigned makes = 1u << GENERATE | 1u << IMPORT;
    const pv_option known[] = {
        {.name = "--subset", .text = &o.subset, .verbs = makes},
        {.name = "--factors", .text = &o.factors, .verbs = 1u << IMPORT},
        {.name = "--size", .number = &o.size, .low = 16, .high = 1024, .verbs = 1u << IMPORT},
        {.name = "--threads", .number = &o.threads, .low = 0, .high = 1024, .verbs = makes},
        {.name = "--sheet", .text = &o.sheet, .verbs = 1u << INFO},
        {.name = "--json", .flag = &o.json, .verbs = 1u << INFO},
        {.name = "--quiet", .flag = &o.quiet},
        {0}};
    return pv_command_run(&(pv_command){.usage = usage,
                                        .more_usage = print_kinds,
                                        .verbs = verbs,
                                        .options = known,
                                        .run = run,
                                        .state = &o},
                          argc, argv);
}
