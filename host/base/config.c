/* config.c -- a configuration from defaults, a file and the command line, and comparing two. */
#include "polarvae/config.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/config_table.h"
#include "base/text.h"

pv_status pv_settings_add(pv_settings *settings, const pv_setting *setting)
{
    size_t room = ((size_t)settings->count + 1) * sizeof *settings->at;
    pv_setting *at = realloc(settings->at, room);
    if (at) settings->at = at;
    pv_setting copy = *setting;
    copy.key = strdup(setting->key);
    copy.value = strdup(setting->value);
    if (!at || !copy.key || !copy.value) {
        free(copy.key);
        free(copy.value);
        return pv_fail(PV_ENOMEM, "out of memory: %zu bytes of settings", room);
    }
    settings->at[settings->count++] = copy;
    return PV_OK;
}

void pv_settings_clear(pv_settings *settings)
{
    for (int i = 0; i < settings->count; i++) {
        free(settings->at[i].key);
        free(settings->at[i].value);
    }
    free(settings->at);
    *settings = (pv_settings){0};
}

pv_status pv_settings_add_argument(pv_settings *settings, const char *argument)
{
    const char *equals = strchr(argument, '=');
    if (!equals || equals == argument)
        return pv_fail(PV_EUSAGE, "'%.200s': must be key=value, such as beta=4", argument);
    char *key = strndup(argument, (size_t)(equals - argument));
    if (!key) return pv_fail(PV_ENOMEM, "out of memory: a key");
    pv_setting setting = {.key = key, .value = (char *)equals + 1};
    pv_status status = pv_settings_add(settings, &setting);
    free(key);
    return status;
}

static pv_status set_defaults(pv_config *config)
{
    char value[128];
    memset(config, 0, sizeof *config);
    for (int i = 0; i < pv_config_key_count; i++) {
        const pv_config_key *key = &pv_config_keys[i];
        if (key->kind == PV_KEY_SECTION) continue;
        pv_config_default_text(value, key);
        pv_setting setting = {.key = (char *)key->name, .value = value};
        PV_TRY(pv_config_store(config, key, &setting));
    }
    return PV_OK;
}

/* Keeps the nearer of two names; at the same distance the one with the typed first letter. */
static void consider(const char **best, int *least, const char *typed, const char *name)
{
    int distance = pv_edit_distance(typed, name);
    if (distance > *least || (distance == *least && *best && (*best)[0] == typed[0])) return;
    *best = name;
    *least = distance;
}

/* Suggests a key of which less than half was typed wrongly. */
static pv_status fail_unknown(const pv_setting *s)
{
    const char *best = NULL, *name;
    int least = 3;
    for (int i = 0; i < pv_config_key_count; i++)
        if (pv_config_keys[i].kind != PV_KEY_SECTION)
            consider(&best, &least, s->key, pv_config_keys[i].name);
    for (int i = 0; (name = pv_config_objective_key(pv_objectives, i)); i++)
        consider(&best, &least, s->key, name);
    if (best && 2 * (size_t)least < strlen(best))
        return pv_setting_fail(s, "unknown key '%.60s'; did you mean '%s'?", s->key, best);
    return pv_setting_fail(s, "unknown key '%.60s'; 'polarvae train --help' lists all keys",
                           s->key);
}

static int is_objective_key(const char *key)
{
    for (const pv_objective *const *o = pv_objectives; *o; o++)
        if (pv_objective_key_find(*o, key)) return 1;
    return 0;
}

static pv_status store_all(pv_config *config, const pv_settings *settings)
{
    PV_TRY(set_defaults(config));
    for (int i = 0; i < settings->count; i++) {
        const pv_setting *s = &settings->at[i];
        const pv_config_key *key = pv_config_key_find(s->key);
        if (key)
            PV_TRY(pv_config_store(config, key, s));
        else if (!is_objective_key(s->key))
            return fail_unknown(s);
    }
    return pv_config_resolve(config, pv_objectives, settings);
}

pv_status pv_config_apply(pv_config *config, const pv_settings *settings)
{
    pv_status status = store_all(config, settings);
    if (status != PV_OK) pv_config_clear(config);
    return status;
}

pv_status pv_config_load(pv_config *config, const char *path, int count, const char *const *set)
{
    pv_settings settings = {0};
    pv_status status = path ? pv_config_read_yaml(&settings, path) : PV_OK;
    for (int i = 0; status == PV_OK && i < count; i++)
        status = pv_settings_add_argument(&settings, set[i]);
    memset(config, 0, sizeof *config);
    if (status == PV_OK) status = pv_config_apply(config, &settings);
    pv_settings_clear(&settings);
    return status;
}

pv_status pv_config_init(pv_config *config) { return pv_config_load(config, NULL, 0, NULL); }

void pv_config_clear(pv_config *config)
{
    for (int i = 0; i < pv_config_key_count; i++) {
        if (pv_config_keys[i].kind != PV_KEY_LIST) continue;
        pv_config_list *list = (void *)((char *)config + pv_config_keys[i].offset);
        free(list->value);
        *list = (pv_config_list){0};
    }
}

/* The bytes of a value that does not live elsewhere; 0 of a list and of a heading. */
static size_t value_size(const pv_config *config, const pv_config_key *key)
{
    switch (key->kind) {
    case PV_KEY_TEXT:
        return strlen((const char *)config + key->offset) + 1;
    case PV_KEY_CHOICE:
        return sizeof(int);
    case PV_KEY_COUNT:
        return sizeof(int64_t);
    case PV_KEY_REAL:
        return sizeof(double);
    case PV_KEY_LIST:
    case PV_KEY_SECTION:
        break;
    }
    return 0;
}

const pv_config_key *pv_config_next_decisive(int *at, int *inside)
{
    static const char *const decisive[] = {"data", "model", "objective", "training", NULL};
    while (*at < pv_config_key_count) {
        const pv_config_key *key = &pv_config_keys[(*at)++];
        if (key->kind == PV_KEY_SECTION) {
            *inside = 0;
            for (int d = 0; decisive[d]; d++) *inside |= strcmp(key->name, decisive[d]) == 0;
        } else if ((*inside && strcmp(key->name, "steps") != 0) ||
                   strcmp(key->name, "precision") == 0) {
            return key;
        }
    }
    return NULL;
}

const char *pv_config_difference(const pv_config *a, const pv_config *b)
{
    const pv_config_key *key;
    for (int at = 0, inside = 0; (key = pv_config_next_decisive(&at, &inside));) {
        const size_t size = value_size(a, key);
        if (size != value_size(b, key) ||
            memcmp((const char *)a + key->offset, (const char *)b + key->offset, size) != 0)
            return key->name;
    }
    const pv_objective *objective = pv_objective_find(a->objective);
    for (int i = 0; objective && objective->keys[i].name; i++)
        if (a->objective_value[i] != b->objective_value[i]) return objective->keys[i].name;
    return NULL;
}

uint64_t pv_config_identity(const pv_config *config)
{
    uint64_t hash = pv_hash(PV_HASH_START, &config->steps, sizeof config->steps);
    const pv_config_key *key;
    for (int at = 0, inside = 0; (key = pv_config_next_decisive(&at, &inside));)
        hash = pv_hash(hash, (const char *)config + key->offset, value_size(config, key));
    return pv_hash(hash, config->objective_value, sizeof config->objective_value);
}
