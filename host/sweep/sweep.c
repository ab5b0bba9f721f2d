/* sweep.c -- a sweep: opened, checked model by model, and each model by its index. */
#include "polarvae/sweep.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/text.h"
#include "polarvae/run_evaluation.h"
#include "sweep/grid.h"

/* ---- one model ---- */

/* Where an index leads: a mapping of grid, and the item of every dimension. */
typedef struct {
    const pv_block *block[3]; /* base, method, seeds */
    size_t number[3];         /* of the combination in each */
} place;

static place locate(const pv_sweep *s, size_t index)
{
    place p = {.block = {&s->base, s->method, &s->seeds}};
    p.number[2] = index % s->seeds.models;
    index /= s->seeds.models;
    p.number[0] = index / s->combinations;
    p.number[1] = index % s->combinations;
    for (; p.number[1] >= p.block[1]->models; p.block[1]++) p.number[1] -= p.block[1]->models;
    return p;
}

/* Calls `each` for every dimension of a model in the order of the file, with the item. */
typedef pv_status (*visitor)(void *state, const pv_block *block, const pv_dimension *d,
                             const char *item);

static pv_status visit(const place *p, visitor each, void *state)
{
    for (int b = 0; b < 3; b++) {
        const pv_block *block = p->block[b];
        size_t rest = p->number[b], below = block->models;
        for (int i = 0; i < block->count; i++) {
            const pv_dimension *d = &block->at[i];
            below /= d->count;
            PV_TRY(each(state, block, d, d->item[rest / below]));
            rest %= below;
        }
    }
    return PV_OK;
}

typedef struct {
    pv_setting *at; /* borrowed keys and values */
    int count;
} collected;

static pv_status collect(void *state, const pv_block *block, const pv_dimension *d,
                         const char *item)
{
    collected *c = state;
    (void)block;
    c->at[c->count] = d->setting;
    c->at[c->count++].value = (char *)item;
    return PV_OK;
}

static pv_status load(pv_config *config, const place *p)
{
    collected c = {0};
    int room = 0;
    for (int b = 0; b < 3; b++) room += p->block[b]->count;
    PV_TRY(pv_new(&c.at, (size_t)room, sizeof *c.at, "settings"));
    pv_status status = visit(p, collect, &c);
    if (status == PV_OK)
        status = pv_config_apply(config, &(pv_settings){.at = c.at, .count = c.count});
    free(c.at);
    return status;
}

/* ---- its name ---- */

typedef struct {
    const pv_sweep *sweep;
    const place *place;
    pv_sweep_model *model;
    size_t length;
    FILE *keys;
} naming;

static const pv_dimension *find(const pv_block *block, const char *key)
{
    for (int i = block->count - 1; i >= 0; i--)
        if (strcmp(block->at[i].setting.key, key) == 0) return &block->at[i];
    return NULL;
}

static int holds(const pv_dimension *d, const char *item)
{
    for (size_t i = 0; i < d->count; i++)
        if (strcmp(d->item[i], item) == 0) return 1;
    return 0;
}

/* Does another mapping of grid make models of this objective that lack the key, or have another
 * value? */
static int distinguishes(const naming *n, const pv_dimension *d)
{
    const pv_sweep *s = n->sweep;
    const char *objective = n->model->config.objective;
    for (int m = 0; m < s->methods; m++) {
        if (&s->method[m] == n->place->block[1]) continue;
        const pv_dimension *own = find(&s->method[m], "objective");
        const pv_dimension *same = find(&s->method[m], d->setting.key);
        if (!own) own = find(&s->base, "objective");
        if (own ? !holds(own, objective) : strcmp(objective, "beta_vae") != 0) continue;
        if (!same || same->listed || strcmp(same->item[0], d->item[0]) != 0) return 1;
    }
    return 0;
}

void pv_sweep_data_name(char out[static PV_TEXT], const char *path, int whole)
{
    static const char *const endings[] = {".h5", ".hdf5", NULL};
    const char *slash = strrchr(path, '/');
    snprintf(out, PV_TEXT, "%s", whole || !slash ? path : slash + 1);
    for (int i = 0; endings[i]; i++) {
        const size_t length = strlen(out), size = strlen(endings[i]);
        if (length > size && strcmp(out + length - size, endings[i]) == 0) out[length - size] = 0;
    }
    for (char *c = out; *c; c++)
        if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-", *c))
            *c = '_';
}

static pv_status name_part(void *state, const pv_block *block, const pv_dimension *d,
                           const char *item)
{
    naming *n = state;
    char value[PV_TEXT], text[PV_TEXT];
    const char *key = d->setting.key;
    const int method = block == n->place->block[1];
    const pv_config_key *row = pv_config_key_find(key);
    const int list = row && row->kind == PV_KEY_LIST;
    pv_config_value_text(value, &n->model->config, key);
    if (d->listed || method)
        fprintf(n->keys, "%s%s=%s", ftell(n->keys) ? " " : "", key, list ? item : value);
    if (strcmp(key, "objective") == 0 || list) return PV_OK;
    if (!d->listed && !(method && distinguishes(n, d))) return PV_OK;
    pv_sweep_data_name(text, value, strcmp(key, "data") != 0 || d->whole_path);
    n->length += (size_t)snprintf(n->model->name + n->length, PV_SWEEP_NAME - n->length, "-%s=%s",
                                  key, text);
    if (n->length < PV_SWEEP_NAME) return PV_OK;
    return pv_setting_fail(&d->setting, "the name of a model would be longer than %d characters",
                           PV_SWEEP_NAME - 1);
}

static pv_status make_name(pv_sweep_model *out, const pv_sweep *s, const place *p)
{
    naming n = {.sweep = s, .place = p, .model = out};
    size_t size;
    n.keys = open_memstream(&out->keys, &size);
    if (!n.keys) return pv_fail(PV_ENOMEM, "out of memory: the keys of a model");
    n.length = (size_t)snprintf(out->name, sizeof out->name, "%s", out->config.objective);
    pv_status status = visit(p, name_part, &n);
    if (fclose(n.keys) == 0) return status;
    return pv_fail(PV_ENOMEM, "out of memory: the keys of a model");
}

pv_status pv_sweep_model_open(pv_sweep_model *out, const pv_sweep *sweep, size_t index)
{
    const place p = locate(sweep, index);
    memset(out, 0, sizeof *out);
    PV_TRY(load(&out->config, &p));
    pv_status status = make_name(out, sweep, &p);
    if (status != PV_OK) pv_sweep_model_close(out);
    return status;
}

void pv_sweep_model_close(pv_sweep_model *model)
{
    pv_config_clear(&model->config);
    free(model->keys);
    memset(model, 0, sizeof *model);
}

/* ---- all of them ---- */

typedef struct {
    uint64_t hash;
    size_t index;
} hashed;

static int by_hash(const void *a, const void *b)
{
    const hashed *x = a, *y = b;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    return x->index < y->index ? -1 : x->index > y->index;
}

/* Two models of one hash, if they are what it says. */
static pv_status compare(const pv_sweep *s, size_t first, size_t second)
{
    pv_sweep_model a, b = {0};
    PV_TRY(pv_sweep_model_open(&a, s, first));
    pv_status status = pv_sweep_model_open(&b, s, second);
    const place p = locate(s, second);
    /* Where one may look: the mapping, or what makes another model of the same mapping. */
    const pv_block *block = p.block[1]->count ? p.block[1] : s->base.count ? &s->base : &s->seeds;
    if (status == PV_OK && strcmp(a.name, b.name) == 0)
        status = pv_setting_fail(&block->at[0].setting,
                                 "models %zu (%s) and %zu (%s) would both be named %s", first,
                                 a.keys, second, b.keys, a.name);
    else if (status == PV_OK && a.config.steps == b.config.steps &&
             !pv_config_difference(&a.config, &b.config))
        status = pv_setting_fail(&block->at[0].setting, "models %zu (%s) and %zu (%s) are the same",
                                 first, a.name, second, b.name);
    pv_sweep_model_close(&a);
    pv_sweep_model_close(&b);
    return status;
}

static pv_status check_unique(const pv_sweep *s, hashed *list)
{
    qsort(list, s->count, sizeof *list, by_hash);
    for (size_t i = 1; i < s->count; i++)
        if (list[i].hash == list[i - 1].hash) PV_TRY(compare(s, list[i - 1].index, list[i].index));
    return PV_OK;
}

static pv_status check_device(const pv_sweep *s, const pv_sweep_model *m, const char *device)
{
    if (strcmp(m->config.device, device) == 0) return PV_OK;
    return pv_fail(PV_EUSAGE, "%s: %s has device %s and others have %s; a sweep has one device",
                   s->path, m->name, m->config.device, device);
}

static pv_status check_models(const pv_sweep *s)
{
    hashed *name, *content = NULL;
    char device[PV_TEXT] = "";
    PV_TRY(pv_new(&name, s->count, sizeof *name, "models"));
    pv_status status = pv_new(&content, s->count, sizeof *content, "models");
    for (size_t i = 0; i < s->count && status == PV_OK; i++) {
        pv_sweep_model m;
        status = pv_sweep_model_open(&m, s, i);
        if (status != PV_OK) break;
        if (i == 0) strcpy(device, m.config.device);
        name[i] = (hashed){pv_hash(PV_HASH_START, m.name, strlen(m.name)), i};
        content[i] = (hashed){pv_config_identity(&m.config), i};
        status = check_device(s, &m, device);
        if (status == PV_OK) status = pv_metric_lists_check(&m.config);
        pv_sweep_model_close(&m);
    }
    if (status == PV_OK) status = check_unique(s, content);
    if (status == PV_OK) status = check_unique(s, name);
    free(name);
    free(content);
    return status;
}

pv_status pv_sweep_open(pv_sweep **out, const char *path, int count, const char *const *set)
{
    pv_sweep *s;
    *out = NULL;
    PV_TRY(pv_new(&s, 1, sizeof *s, "a sweep"));
    pv_status status = PV_OK;
    s->path = strdup(path);
    if (!s->path) status = pv_fail(PV_ENOMEM, "out of memory: a path");
    if (status == PV_OK) status = pv_config_read_sweep(&s->file, &s->grid, s->path);
    for (int i = 0; i < count && status == PV_OK; i++)
        status = pv_settings_add_argument(&s->arguments, set[i]);
    if (status == PV_OK) status = pv_sweep_expand(s);
    if (status == PV_OK) status = check_models(s);
    if (status == PV_OK)
        *out = s;
    else
        pv_sweep_close(s);
    return status;
}

void pv_sweep_close(pv_sweep *s)
{
    if (!s) return;
    for (int i = 0; i < s->methods; i++) pv_block_clear(&s->method[i]);
    free(s->method);
    pv_block_clear(&s->base);
    pv_block_clear(&s->seeds);
    pv_grid_clear(&s->grid);
    pv_settings_clear(&s->outer);
    pv_settings_clear(&s->arguments);
    pv_settings_clear(&s->file);
    free(s->path);
    free(s);
}

size_t pv_sweep_count(const pv_sweep *sweep) { return sweep->count; }
