/* source.c -- the data set a configuration names; the generated grid is made when first asked for.
 */
#include "polarvae/source.h"

#include <stdio.h>
#include <string.h>

#include "base/base.h"

static pv_status generate(const char *path, int threads, int quiet)
{
    pv_bar bar;
    if (!quiet) fprintf(stderr, "data=dsprites: rendering all 737280 images once, into %s\n", path);
    pv_bar_start(&bar, "rendering", 0, quiet);
    pv_progress progress = pv_bar_progress(&bar);
    pv_status status = pv_sprites_write(&pv_sprites_full, path, threads, &progress);
    pv_bar_end(&bar);
    return status;
}

pv_status pv_source_open(pv_data *out, const char *name, int threads, int quiet)
{
    char directory[4096], path[4096 + 16];
    pv_bar bar;
    memset(out, 0, sizeof *out);
    if (strcmp(name, "dsprites") == 0) {
        PV_TRY(pv_cache_directory(directory));
        snprintf(path, sizeof path, "%s/dsprites.h5", directory);
        if (!pv_file_exists(path)) PV_TRY(generate(path, threads, quiet));
        name = path;
    }
    pv_bar_start(&bar, "loading", 0, quiet);
    pv_progress progress = pv_bar_progress(&bar);
    pv_status status = pv_data_open(out, name, &progress);
    pv_bar_end(&bar);
    return status;
}
