/* config_table.c -- the table of keys as data. */
#include "base/config_table.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"

const pv_config_key pv_config_keys[] = {
#define SECTION(title) {.kind = PV_KEY_SECTION, .name = title},
#define TEXT(key, value, text)                                                                     \
    {.kind = PV_KEY_TEXT,                                                                          \
     .name = #key,                                                                                 \
     .offset = offsetof(pv_config, key),                                                           \
     .initial = value,                                                                             \
     .help = text},
#define CHOICE(key, value, list, text)                                                             \
    {.kind = PV_KEY_CHOICE,                                                                        \
     .name = #key,                                                                                 \
     .offset = offsetof(pv_config, key),                                                           \
     .initial = value,                                                                             \
     .choices = list,                                                                              \
     .help = text},
#define COUNT(key, value, low, high, text)                                                         \
    {.kind = PV_KEY_COUNT,                                                                         \
     .name = #key,                                                                                 \
     .offset = offsetof(pv_config, key),                                                           \
     .count = value,                                                                               \
     .count_low = low,                                                                             \
     .count_high = high,                                                                           \
     .help = text},
#define REAL(key, value, low, high, text)                                                          \
    {.kind = PV_KEY_REAL,                                                                          \
     .name = #key,                                                                                 \
     .offset = offsetof(pv_config, key),                                                           \
     .real = value,                                                                                \
     .real_low = low,                                                                              \
     .real_high = high,                                                                            \
     .help = text},
#define LIST(key, value, text)                                                                     \
    {.kind = PV_KEY_LIST,                                                                          \
     .name = #key,                                                                                 \
     .offset = offsetof(pv_config, key),                                                           \
     .initial = value,                                                                             \
     .help = text},
    PV_CONFIG_KEYS(SECTION, TEXT, CHOICE, COUNT, REAL, LIST)
#undef SECTION
#undef TEXT
#undef CHOICE
#undef COUNT
#undef REAL
#undef LIST
};
const int pv_config_key_count = sizeof pv_config_keys / sizeof *pv_config_keys;

const pv_config_key *pv_config_key_find(const char *name)
{
    for (int i = 0; i < pv_config_key_count; i++) {
        const pv_config_key *key = &pv_config_keys[i];
        if (key->kind != PV_KEY_SECTION && strcmp(key->name, name) == 0) return key;
    }
    return NULL;
}

const char *pv_config_choice(const char *choices, int index, int *length)
{
    for (; index > 0; index--) {
        choices = strchr(choices, '|');
        if (!choices) return NULL;
        choices++;
    }
    *length = (int)strcspn(choices, "|");
    return choices;
}

void pv_config_range_text(char out[static 128], const pv_config_key *key)
{
    char low[32], high[32];
    *out = 0;
    if (key->kind == PV_KEY_CHOICE) snprintf(out, 128, "%s", key->choices);
    if (key->kind == PV_KEY_COUNT)
        snprintf(out, 128, "%lld..%lld", (long long)key->count_low, (long long)key->count_high);
    if (key->kind == PV_KEY_REAL) {
        pv_number_text(low, key->real_low);
        pv_number_text(high, key->real_high);
        snprintf(out, 128, "%s..%s", low, high);
    }
}

void pv_config_default_text(char out[static 128], const pv_config_key *key)
{
    if (key->kind == PV_KEY_COUNT)
        snprintf(out, 128, "%lld", (long long)key->count);
    else if (key->kind == PV_KEY_REAL)
        pv_number_text(out, key->real);
    else
        snprintf(out, 128, "%s", key->initial);
}
