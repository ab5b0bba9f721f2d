/* source.c -- the data set that a configuration asks for; the generated grid is made when first
 * asked for. */
#include "polarvae/source.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "polarvae/import.h"

/* ---- names ---- */

/* Data sets that are made of the sprites. */
static const struct {
    const char *name, *nuisance;
    pv_variant variant;
} of_sprites[] = {{"dsprites", NULL, PV_PLAIN},
                  {"dsprites_noshape", "shape", PV_PLAIN},
                  {"color_dsprites", NULL, PV_COLOR},
                  {"noisy_dsprites", NULL, PV_NOISY},
                  {"scream_dsprites", NULL, PV_SCREAM}};
enum { OF_SPRITES = sizeof of_sprites / sizeof *of_sprites };

static int is_imported(const char *name)
{
    for (const pv_import_kind *k = pv_import_kinds; k->name; k++)
        if (k->kept && strcmp(k->name, name) == 0) return 1;
    return 0;
}

pv_status pv_data_directory(char out[4096])
{
    const char *set = getenv("POLARVAE_DATA");
    if (!set || !*set) return pv_cache_directory(out);
    if (snprintf(out, 4096, "%s", set) >= 4096)
        return pv_fail(PV_EUSAGE, "POLARVAE_DATA: the path is too long");
    const pv_status status = pv_make_directory(out);
    return status == PV_OK ? PV_OK : pv_fail(status, "POLARVAE_DATA: %s", pv_error());
}

static pv_status keep_in(char out[static 4096], const char *name, const char *extension)
{
    char directory[4096];
    PV_TRY(pv_data_directory(directory));
    if (snprintf(out, 4096, "%s/%s%s", directory, name, extension) >= 4096)
        return pv_fail(PV_EUSAGE, "%s: the path is too long", directory);
    return PV_OK;
}

static pv_status name_sprites(pv_source *s, const pv_config *c, int which)
{
    PV_TRY(keep_in(s->file, "dsprites", ".h5"));
    s->generated = 1;
    if (of_sprites[which].variant != PV_PLAIN) {
        if (c->variant != PV_PLAIN && c->variant != (int)of_sprites[which].variant)
            return pv_fail(PV_EUSAGE, "data=%s is a variant already; variant must be none",
                           c->data);
        s->variant = of_sprites[which].variant;
    }
    if (of_sprites[which].nuisance && strcmp(c->nuisance, "auto") == 0)
        strcpy(s->nuisance, of_sprites[which].nuisance);
    return PV_OK;
}

pv_status pv_source_of(pv_source *out, const pv_config *c)
{
    int which = 0;
    memset(out, 0, sizeof *out);
    strcpy(out->name, c->data);
    strcpy(out->nuisance, c->nuisance);
    out->variant = (pv_variant)c->variant;
    out->memory = c->data_memory;
    while (which < OF_SPRITES && strcmp(c->data, of_sprites[which].name) != 0) which++;
    if (which < OF_SPRITES)
        PV_TRY(name_sprites(out, c, which));
    else if (is_imported(c->data)) {
        PV_TRY(keep_in(out->file, c->data, ".h5"));
        out->unclipped = c->smallnorb_overshoot && strcmp(c->data, "smallnorb") == 0;
    } else {
        strcpy(out->file, c->data);
        out->unclipped = c->smallnorb_overshoot;
    }
    if (out->variant != PV_SCREAM) {
        if (strcmp(c->background, "auto") != 0)
            return pv_fail(PV_EUSAGE, "background=%s: is read with variant=scream only",
                           c->background);
        return PV_OK;
    }
    if (strcmp(c->background, "auto") == 0) return keep_in(out->background, "scream", ".jpg");
    strcpy(out->background, c->background);
    return PV_OK;
}

/* ---- opening ---- */

/* Bytes that images may take of what the machine has left: four fifths. */
static size_t spare_memory(void)
{
    char line[256];
    unsigned long long kilobytes = 0;
    FILE *f = fopen("/proc/meminfo", "r");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "MemAvailable: %llu kB", &kilobytes) == 1) break;
    if (f) fclose(f);
    return (size_t)kilobytes * 1024 / 5 * 4; /* 0, no limit, where nobody can tell */
}

static pv_status generate(const pv_source *s, int threads, int quiet)
{
    pv_bar bar;
    if (!quiet)
        fprintf(stderr, "data=%s: rendering all 737280 images once, into %s\n", s->name, s->file);
    pv_bar_start(&bar, "rendering", 0, quiet);
    pv_progress progress = pv_bar_progress(&bar);
    pv_status status = pv_sprites_write(&pv_sprites_full, s->file, threads, &progress);
    pv_bar_end(&bar);
    return status;
}

static pv_status check_files(const pv_source *s, int threads, int quiet)
{
    if (s->variant == PV_SCREAM && !pv_file_exists(s->background))
        return pv_fail(PV_EUSAGE,
                       "variant scream: there is no background %s; put a picture there, or name "
                       "one with background=FILE (PNG or JPEG)",
                       s->background);
    if (pv_file_exists(s->file)) return PV_OK;
    if (s->generated) return generate(s, threads, quiet);
    if (!is_imported(s->name)) return PV_OK; /* told when it is opened */
    return pv_fail(PV_EUSAGE,
                   "data=%s: %s is not there; polarvae data import %s SOURCE writes it from the "
                   "public files (polarvae data --help)",
                   s->name, s->file, s->name);
}

pv_status pv_source_open(pv_data *out, const pv_source *s, int threads, int quiet)
{
    pv_bar bar;
    memset(out, 0, sizeof *out);
    PV_TRY(check_files(s, threads, quiet));
    pv_bar_start(&bar, "loading", 0, quiet);
    pv_progress progress = pv_bar_progress(&bar);
    const pv_data_options options = {
        .unclipped = s->unclipped, .memory = s->memory ? (size_t)s->memory << 20 : spare_memory()};
    pv_status status = pv_data_open_with(out, s->file, &options, &progress);
    pv_bar_end(&bar);
    if (status != PV_OK) return status;
    if (strcmp(s->nuisance, "auto") != 0) status = pv_data_set_nuisance(out, s->nuisance);
    if (status == PV_OK) status = pv_data_vary(out, s->variant, s->background);
    if (status != PV_OK) pv_data_close(out);
    return status;
}
