/* cmd_data.c -- polarvae data: makes data set files, and says what is in one. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/base.h"
#include "cli/cli.h"
#include "cli/data_info.h"
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
    "pixels, Lanczos where they are larger). Without OUT.h5 the file is kept where data=KIND\n"
    "finds it: in $POLARVAE_DATA, else in ~/.cache/polarvae.\n"
    "\n"
    "info opens a data set as training does (a file, or a name such as color_dsprites; the keys\n"
    "are those of `polarvae train --help` under data), checks all of it, and says what it holds.\n"
    "\n"
    "  --subset SIZES      generate: how many shapes, scales, orientations, x and y to keep,\n"
    "                      evenly spaced (default: 3:6:40:32:32, all 737280 images); import of\n"
    "                      mpi3d_...: how many values each factor has in a part of the public "
    "file\n"
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
        return pv_show_data(rest, o->sheet, o->json, o->quiet);
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
