/* cmd_data.c -- polarvae data: makes a data set file, and says what is in one. */
#include <inttypes.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/base.h"
#include "cli/cli.h"
#include "polarvae/data.h"

static const char usage[] =
    "Usage: polarvae data generate OUT.h5 [--subset 3:6:40:32:32] [--threads N] [--quiet]\n"
    "       polarvae data info FILE [--json] [--quiet]\n"
    "\n"
    "generate renders every combination of 3 shapes (square, ellipse, heart), 6 scales,\n"
    "40 orientations and 32 x 32 positions into an HDF5 file in the dSprites layout:\n"
    "64 x 64 pixels, 0 or 1. info reads a file in the dSprites or 3dshapes layout as training\n"
    "does, checks all of it, and says what it holds.\n"
    "\n"
    "  --subset A:B:C:D:E  generate: how many shapes, scales, orientations, x and y to keep,\n"
    "                      evenly spaced (default: 3:6:40:32:32, all 737280 images)\n"
    "  --threads N         generate: 0, the default: all cores; the file does not depend on it\n"
    "  --json              info: for programs\n"
    "  --quiet             no progress on stderr\n"
    "  --help              this text\n"
    "\n"
    "Examples:\n"
    "  polarvae data generate sprites.h5\n"
    "  polarvae data generate small.h5 --subset 3:2:8:8:8\n"
    "  polarvae data info sprites.h5 --json\n";

typedef struct {
    const char *file, *subset;
    long threads;
    int quiet, json;
} options;

static pv_status generate(const options *o)
{
    pv_sprites sprites = pv_sprites_full;
    pv_bar bar;
    struct stat info;
    char time[32];
    if (o->subset) PV_TRY(pv_sprites_parse(&sprites, o->subset));
    double start = pv_now();
    pv_bar_start(&bar, "rendering", 0, o->quiet);
    pv_progress progress = pv_bar_progress(&bar);
    pv_status status = pv_sprites_write(&sprites, o->file, (int)o->threads, &progress);
    pv_bar_end(&bar);
    if (status != PV_OK) return status;
    size_t images = 1;
    for (int f = 0; f < 5; f++) images *= (size_t)sprites.size[f];
    double megabytes = stat(o->file, &info) == 0 ? (double)info.st_size / 1e6 : 0;
    printf("%s: %zu images, %.1f MB, in %s\n", o->file, images, megabytes,
           pv_duration(time, pv_now() - start));
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

static const char *pixel_text(const pv_data *d) { return d->bits ? "0 or 1" : "0..255"; }

static double memory(const pv_data *d)
{
    size_t image = d->bits ? d->words * sizeof *d->bits
                           : (size_t)d->height * (size_t)d->width * (size_t)d->channels;
    size_t factors = (size_t)d->factors * (sizeof *d->factor + sizeof *d->factor_value);
    return (double)(d->examples * (image + factors)) / 1e6;
}

static void print(const pv_data *d, const char *path)
{
    printf("%s\n", path);
    printf("  images    %zu of %d x %d pixels, %d channel%s, %s\n", d->examples, d->height,
           d->width, d->channels, d->channels > 1 ? "s" : "", pixel_text(d));
    printf("  factors   %d%s\n", d->factors,
           d->complete ? ", every combination in order" : ", not every combination in order");
    for (int f = 0; f < d->factors; f++) {
        double low, high;
        range(d, f, &low, &high);
        printf("    %-14s %4d value%s from %g to %g\n", d->factor_name[f], d->factor_size[f],
               d->factor_size[f] > 1 ? "s" : " ", low, high);
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
    pv_json_truth(j, "binary", d->bits != NULL);
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
        pv_json_end(j);
    }
    pv_json_end(j);
    snprintf(sum, sizeof sum, "%016" PRIx64, d->checksum);
    pv_json_text(j, "checksum", sum);
    pv_json_end(j);
    return pv_json_finish(j, "-");
}

static pv_status info(const options *o)
{
    pv_data data;
    pv_bar bar;
    pv_bar_start(&bar, "reading", 0, o->quiet);
    pv_progress progress = pv_bar_progress(&bar);
    pv_status status = pv_data_open(&data, o->file, &progress);
    pv_bar_end(&bar);
    if (status != PV_OK) return status;
    if (o->json)
        status = print_json(&data, o->file);
    else
        print(&data, o->file);
    pv_data_close(&data);
    return status;
}

/* ---- the command ---- */

enum { GENERATE, INFO };
static const char *const verbs[] = {[GENERATE] = "generate", [INFO] = "info", NULL};

static pv_status run(const pv_arguments *rest, void *state)
{
    options *o = state;
    if (rest->count != 1)
        return pv_fail(PV_EUSAGE, "data %s: exactly one file must be named", verbs[rest->verb]);
    o->file = rest->value[0];
    return rest->verb == GENERATE ? generate(o) : info(o);
}

int pv_command_data(int argc, char **argv)
{
    options o = {0};
    const pv_option known[] = {{.name = "--subset", .text = &o.subset, .verbs = 1u << GENERATE},
                               {.name = "--threads",
                                .number = &o.threads,
                                .low = 0,
                                .high = 1024,
                                .verbs = 1u << GENERATE},
                               {.name = "--json", .flag = &o.json, .verbs = 1u << INFO},
                               {.name = "--quiet", .flag = &o.quiet},
                               {0}};
    return pv_command_run(
        &(pv_command){.usage = usage, .verbs = verbs, .options = known, .run = run, .state = &o},
        argc, argv);
}
