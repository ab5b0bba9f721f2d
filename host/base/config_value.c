/* config_value.c -- one value: from text, checked, into the config. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/config_table.h"
#include "base/text.h"

#define PV_LAST_STEP INT64_C(1000000000000)

pv_status pv_setting_fail(const pv_setting *setting, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (setting->path) return pv_fail(PV_EUSAGE, "%s:%zu: %s", setting->path, setting->line, text);
    return pv_fail(PV_EUSAGE, "%.60s=%.60s: %s", setting->key, setting->value, text);
}

/* What was given instead, where the message does not start with it. */
static const char *instead(char out[static 100], const pv_setting *s)
{
    *out = 0;
    if (s->path) snprintf(out, 100, s->list ? ", not [%.60s]" : ", not '%.60s'", s->value);
    return out;
}

static pv_status store_text(char *to, const pv_setting *s)
{
    size_t length = strlen(s->value);
    if (length == 0) return pv_setting_fail(s, "%s must not be empty", s->key);
    if (length >= PV_TEXT)
        return pv_setting_fail(s, "%s must be shorter than %d bytes", s->key, PV_TEXT);
    uint32_t code;
    for (const char *c = s->value; *c; c += pv_utf8_decode(&code, c))
        if (pv_utf8_decode(&code, c) == 0)
            return pv_setting_fail(s, "%s must be UTF-8 text", s->key);
    memcpy(to, s->value, length + 1);
    return PV_OK;
}

static pv_status store_choice(int *to, const pv_config_key *key, const pv_setting *s)
{
    int length;
    const char *choice;
    for (int i = 0; (choice = pv_config_choice(key->choices, i, &length)); i++) {
        if (strlen(s->value) != (size_t)length || memcmp(choice, s->value, (size_t)length) != 0)
            continue;
        *to = i;
        return PV_OK;
    }
    char got[100];
    return pv_setting_fail(s, "%s must be one of %s%s", s->key, key->choices, instead(got, s));
}

static pv_status store_count(int64_t *to, const pv_config_key *key, const pv_setting *s)
{
    int64_t value;
    if (pv_whole_parse(&value, s->value) && value >= key->count_low && value <= key->count_high) {
        *to = value;
        return PV_OK;
    }
    char got[100];
    return pv_setting_fail(s, "%s must be a whole number between %lld and %lld%s", s->key,
                           (long long)key->count_low, (long long)key->count_high, instead(got, s));
}

static pv_status store_real(double *to, const pv_config_key *key, const pv_setting *s)
{
    double value;
    char low[32], high[32], got[100];
    if (pv_number_parse(&value, s->value) && value >= key->real_low && value <= key->real_high) {
        *to = value;
        return PV_OK;
    }
    pv_number_text(low, key->real_low);
    pv_number_text(high, key->real_high);
    return pv_setting_fail(s, "%s must be between %s and %s%s", s->key, low, high, instead(got, s));
}

/* The next item of "0, 100,1000" without the blanks around it; moves *rest behind its comma, or to
 * NULL after the last one. */
static void next_item(char out[static 64], const char **rest)
{
    const char *start = *rest + strspn(*rest, " \t");
    size_t length = strcspn(start, ",");
    *rest = start[length] == ',' ? start + length + 1 : NULL;
    while (length > 0 && (start[length - 1] == ' ' || start[length - 1] == '\t')) length--;
    if (length > 63) length = 63;
    memcpy(out, start, length);
    out[length] = 0;
}

static pv_status parse_items(pv_config_list *list, const pv_setting *s, const char *text)
{
    char item[64];
    int64_t value;
    size_t room = 1;
    for (const char *c = text; *c; c++) room += *c == ',';
    if (room > PV_MAX_SNAPSHOTS)
        return pv_setting_fail(s, "%s must hold at most %d numbers", s->key, PV_MAX_SNAPSHOTS);
    PV_TRY(pv_new(&list->value, room, sizeof *list->value, "a list"));
    for (const char *rest = text; rest;) {
        next_item(item, &rest);
        if (!pv_whole_parse(&value, item) || value < 0 || value > PV_LAST_STEP)
            return pv_setting_fail(s, "%s must hold whole numbers between 0 and %lld, not '%s'",
                                   s->key, (long long)PV_LAST_STEP, item);
        if (list->count > 0 && value <= list->value[list->count - 1])
            return pv_setting_fail(s, "%s must ascend: %lld follows %lld", s->key, (long long)value,
                                   (long long)list->value[list->count - 1]);
        list->value[list->count++] = value;
    }
    return PV_OK;
}

/* [0, 100], or 0,100 as it is easier to type in a shell. */
static pv_status store_list(pv_config_list *to, const pv_setting *s)
{
    pv_config_list list = {0};
    size_t length = strlen(s->value);
    int bracketed = !s->list && length >= 2 && s->value[0] == '[' && s->value[length - 1] == ']';
    if (!s->list && length == 0)
        return pv_setting_fail(s, "%s must be a list, such as [0, 100]", s->key);
    char *text = strndup(s->value + bracketed, length - 2 * (size_t)bracketed);
    if (!text) return pv_fail(PV_ENOMEM, "out of memory: a list");
    int empty = text[strspn(text, " \t")] == 0;
    pv_status status = empty ? PV_OK : parse_items(&list, s, text);
    free(text);
    if (status != PV_OK) {
        free(list.value);
        return status;
    }
    free(to->value);
    *to = list;
    return PV_OK;
}

pv_status pv_config_store(pv_config *config, const pv_config_key *key, const pv_setting *setting)
{
    void *to = (char *)config + key->offset;
    if (setting->list && key->kind != PV_KEY_LIST)
        return pv_setting_fail(setting, "%s takes one value, not a list", setting->key);
    switch (key->kind) {
    case PV_KEY_TEXT:
        return store_text(to, setting);
    case PV_KEY_CHOICE:
        return store_choice(to, key, setting);
    case PV_KEY_COUNT:
        return store_count(to, key, setting);
    case PV_KEY_REAL:
        return store_real(to, key, setting);
    case PV_KEY_LIST:
        return store_list(to, setting);
    case PV_KEY_SECTION:
        break;
    }
    return PV_OK;
}
