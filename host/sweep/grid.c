/* grid.c -- from the settings of a sweep file to dimensions. */
#include "sweep/grid.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/text.h"

void pv_block_clear(pv_block *block)
{
    for (int i = 0; i < block->count; i++) {
        free(block->at[i].item);
        free(block->at[i].text);
    }
    free(block->at);
    *block = (pv_block){0};
}

/* ---- the values of one setting ---- */

/* Cuts `text` (taken over) at its commas, where it is a list. */
static pv_status fill(pv_dimension *d, char *text, int list)
{
    d->text = text;
    if (!text) return pv_fail(PV_ENOMEM, "out of memory: values of %s", d->setting.key);
    d->count = 1;
    for (const char *c = text; list && *c; c++) d->count += *c == ',';
    PV_TRY(pv_new(&d->item, d->count, sizeof *d->item, "values"));
    for (size_t i = 0; i < d->count; i++) {
        d->item[i] = text;
        if (!list) break;
        text += strcspn(text, ",");
        if (*text) *text++ = '\0';
    }
    return PV_OK;
}

static int takes_list(const pv_setting *s)
{
    const pv_config_key *key = pv_config_key_find(s->key);
    return key && key->kind == PV_KEY_LIST;
}

static pv_status make(pv_dimension *d, const pv_setting *s)
{
    const int plain = !s->list || takes_list(s);
    *d = (pv_dimension){.setting = *s, .listed = !plain};
    if (!plain && !*s->value) return pv_setting_fail(s, "the list of %s is empty", s->key);
    if (!plain) d->setting.list = 0;
    return fill(d, strdup(s->value), !plain);
}

static pv_status make_block(pv_block *out, const pv_settings *settings)
{
    out->models = 1;
    if (settings->count == 0) return PV_OK;
    PV_TRY(pv_new(&out->at, (size_t)settings->count, sizeof *out->at, "dimensions"));
    for (int i = 0; i < settings->count; i++) {
        pv_dimension *d = &out->at[out->count++];
        PV_TRY(make(d, &settings->at[i]));
        if (out->models > PV_SWEEP_MODELS / d->count)
            return pv_setting_fail(&settings->at[i], "more than %d models", PV_SWEEP_MODELS);
        out->models *= d->count;
    }
    return PV_OK;
}

/* ---- seeds ---- */

/* "3" is 0, 1, 2; [3] from a file, or [3] and 3,5 on the command line, is a list. */
static pv_status make_seeds(pv_block *out, const pv_setting *s)
{
    const size_t length = strlen(s->value);
    const int bracketed =
        !s->list && length > 2 && s->value[0] == '[' && s->value[length - 1] == ']';
    int64_t count;
    size_t size;
    char *text = NULL;
    PV_TRY(pv_new(&out->at, 1, sizeof *out->at, "seeds"));
    pv_dimension *d = &out->at[0];
    d->setting = *s;
    d->setting.key = "seed";
    d->setting.list = 0;
    d->listed = 1;
    out->count = 1;
    if (s->list || bracketed || strchr(s->value, ',')) {
        text = strndup(s->value + bracketed, length - 2 * (size_t)bracketed);
        if (text && !*text) {
            free(text);
            return pv_setting_fail(s, "the list of seeds is empty");
        }
    } else {
        if (!pv_whole_parse(&count, s->value) || count < 1 || count > PV_SWEEP_MODELS)
            return pv_setting_fail(s, "seeds must be a count from 1 to %d, or a list of seeds",
                                   PV_SWEEP_MODELS);
        FILE *to = open_memstream(&text, &size);
        for (int64_t i = 0; to && i < count; i++) fprintf(to, "%s%lld", i ? "," : "", (long long)i);
        if (to) fclose(to);
    }
    PV_TRY(fill(d, text, 1));
    out->models = d->count;
    return PV_OK;
}

/* ---- the whole ---- */

static const pv_setting *find(const pv_settings *settings, const char *key)
{
    for (int i = settings->count - 1; i >= 0; i--)
        if (strcmp(settings->at[i].key, key) == 0) return &settings->at[i];
    return NULL;
}

/* What is given in two places of which neither could give way. */
static pv_status check_places(const pv_sweep *s, const pv_setting *seeds)
{
    const pv_setting *outer;
    for (int i = 0; i < s->arguments.count; i++) {
        const pv_setting *argument = &s->arguments.at[i], *inner = NULL;
        for (int g = 0; g < s->grid.count && !inner; g++)
            inner = find(&s->grid.at[g], argument->key);
        if (inner)
            return pv_setting_fail(argument, "%s is given by the grid, in %s:%zu", argument->key,
                                   inner->path, inner->line);
        if (seeds && strcmp(argument->key, "seed") == 0)
            return pv_setting_fail(argument, "seed is given by seeds; use seeds=[N]");
    }
    for (int g = 0; g < s->grid.count; g++)
        for (int i = 0; i < s->grid.at[g].count; i++) {
            const pv_setting *inner = &s->grid.at[g].at[i];
            if (seeds && strcmp(inner->key, "seed") == 0)
                return pv_setting_fail(inner, "seed is given by seeds");
            outer = find(&s->file, inner->key);
            if (outer && outer->list && !takes_list(outer) && !find(&s->arguments, inner->key))
                return pv_setting_fail(inner, "%s is a list in line %zu already", inner->key,
                                       outer->line);
        }
    outer = find(&s->file, "seed");
    if (seeds && outer) return pv_setting_fail(outer, "seed is given by seeds");
    return PV_OK;
}

/* The settings outside of grid in their order, with those of the command line in their places. */
static pv_status gather(pv_settings *out, const pv_sweep *s)
{
    for (int i = 0; i < s->file.count; i++) {
        const pv_setting *given = &s->file.at[i];
        const pv_setting *instead = find(&s->arguments, given->key);
        if (strcmp(given->key, "seeds") != 0)
            PV_TRY(pv_settings_add(out, instead ? instead : given));
    }
    for (int i = 0; i < s->arguments.count; i++) {
        const pv_setting *given = &s->arguments.at[i];
        if (!find(&s->file, given->key) && strcmp(given->key, "seeds") != 0)
            PV_TRY(pv_settings_add(out, given));
    }
    return PV_OK;
}

/* Whether two files of the list would have the same name without their directories. */
static void choose_data_names(pv_block *block)
{
    char one[PV_TEXT], other[PV_TEXT];
    for (int k = 0; k < block->count; k++) {
        pv_dimension *d = &block->at[k];
        if (strcmp(d->setting.key, "data") != 0) continue;
        for (size_t i = 0; i < d->count; i++)
            for (size_t j = 0; j < i; j++) {
                pv_sweep_data_name(one, d->item[i], 0);
                pv_sweep_data_name(other, d->item[j], 0);
                d->whole_path |= strcmp(one, other) == 0;
            }
    }
}

pv_status pv_sweep_expand(pv_sweep *s)
{
    const pv_setting *seeds = find(&s->arguments, "seeds");
    if (!seeds) seeds = find(&s->file, "seeds");
    PV_TRY(check_places(s, seeds));
    PV_TRY(gather(&s->outer, s));
    PV_TRY(make_block(&s->base, &s->outer));
    choose_data_names(&s->base);
    s->seeds.models = 1;
    if (seeds) PV_TRY(make_seeds(&s->seeds, seeds));

    const int methods = s->grid.count ? s->grid.count : 1;
    const pv_settings none = {0};
    PV_TRY(pv_new(&s->method, (size_t)methods, sizeof *s->method, "a grid"));
    for (; s->methods < methods; s->methods++) {
        pv_block *block = &s->method[s->methods];
        pv_status status = make_block(block, s->grid.count ? &s->grid.at[s->methods] : &none);
        if (status != PV_OK) pv_block_clear(block);
        PV_TRY(status);
        choose_data_names(block);
        s->combinations += block->models;
    }
    /* No factor is above a million, but for the sum of the methods. */
    if (s->combinations > PV_SWEEP_MODELS ||
        s->base.models * s->combinations > PV_SWEEP_MODELS / s->seeds.models)
        return pv_fail(PV_EUSAGE, "%s: more than %d models", s->path, PV_SWEEP_MODELS);
    s->count = s->base.models * s->combinations * s->seeds.models;
    return PV_OK;
}
