/* config_objective.c -- the keys that belong to objectives: who reads which, and `auto`. */
#include <stdio.h>
#include <string.h>

#include "base/config_table.h"
#include "base/text.h"

const pv_objective_key *pv_objective_key_find(const pv_objective *objective, const char *key)
{
    for (const pv_objective_key *k = objective->keys; k->name; k++)
        if (strcmp(k->name, key) == 0) return k;
    return NULL;
}

const char *pv_config_objective_key(const pv_objective *const *objectives, int index)
{
    for (const pv_objective *const *o = objectives; *o; o++)
        for (const pv_objective_key *k = (*o)->keys; k->name; k++) {
            int earlier = 0;
            for (const pv_objective *const *e = objectives; e < o; e++)
                earlier |= pv_objective_key_find(*e, k->name) != NULL;
            if (!earlier && index-- == 0) return k->name;
        }
    return NULL;
}

/* Appends ", word", or "word" as the first; what has no room is left out. */
static void append(char *list, size_t size, const char *word)
{
    size_t used = strlen(list);
    snprintf(list + used, size - used, "%s%s", used ? ", " : "", word);
}

/* Of the last setting of the key; NULL if it was not given. */
static const pv_setting *last(const pv_settings *settings, const char *key)
{
    for (int i = settings->count - 1; i >= 0; i--)
        if (strcmp(settings->at[i].key, key) == 0) return &settings->at[i];
    return NULL;
}

static int is_auto(const pv_setting *s) { return !s->list && strcmp(s->value, "auto") == 0; }

static pv_status fail_unread(const pv_setting *s, const pv_objective *chosen,
                             const pv_objective *const *objectives)
{
    char own[160] = "", readers[160] = "";
    for (const pv_objective_key *k = chosen->keys; k->name; k++) append(own, sizeof own, k->name);
    for (const pv_objective *const *o = objectives; *o; o++)
        if (pv_objective_key_find(*o, s->key)) append(readers, sizeof readers, (*o)->name);
    return pv_setting_fail(s, "objective %s does not read %s; its keys are: %s (%s is read by: %s)",
                           chosen->name, s->key, *own ? own : "none", s->key, readers);
}

static pv_status fail_objective(const pv_config *config, const pv_objective *const *objectives,
                                const pv_settings *settings)
{
    char names[200] = "";
    for (const pv_objective *const *o = objectives; *o; o++)
        append(names, sizeof names, (*o)->name);
    const pv_setting *s = last(settings, "objective");
    if (s) return pv_setting_fail(s, "unknown objective '%.60s'; there are: %s", s->value, names);
    return pv_fail(PV_EUSAGE, "unknown objective '%.60s'; there are: %s", config->objective, names);
}

void pv_objective_value_text(char out[static 32], const pv_objective_key *key, double value)
{
    if (key->choices)
        snprintf(out, 32, "%s", key->choices[(int)value]);
    else
        pv_number_text(out, value);
}

void pv_objective_range_text(char out[static 128], const pv_objective_key *key)
{
    char low[32], high[32];
    pv_number_text(low, key->low);
    pv_number_text(high, key->high);
    if (!key->choices) {
        snprintf(out, 128, "%s..%s", low, high);
        return;
    }
    out[0] = '\0';
    for (int i = 0; key->choices[i]; i++)
        snprintf(out + strlen(out), 128 - strlen(out), "%s%s", i ? "|" : "", key->choices[i]);
}

/* Does the text stand for a value of the key? */
static int parse(double *to, const pv_objective_key *key, const char *text)
{
    if (!key->choices) return pv_number_parse(to, text) && *to >= key->low && *to <= key->high;
    for (int i = 0; key->choices[i]; i++)
        if (strcmp(key->choices[i], text) == 0) {
            *to = i;
            return 1;
        }
    return 0;
}

static pv_status store(double *to, const pv_objective *objective, const pv_objective_key *key,
                       const pv_setting *s)
{
    double value;
    *to = key->published;
    if (!s || is_auto(s)) return PV_OK;
    if (!s->list && parse(&value, key, s->value)) {
        *to = value;
        return PV_OK;
    }
    char range[128], low[32], high[32], published[32];
    pv_objective_range_text(range, key);
    pv_number_text(low, key->low);
    pv_number_text(high, key->high);
    pv_objective_value_text(published, key, key->published);
    return pv_setting_fail(s, "%s must be %s%s%s%s, or auto (%s: %s)%s%.60s%s", key->name,
                           key->choices ? "one of " : "between ", key->choices ? range : low,
                           key->choices ? "" : " and ", key->choices ? "" : high, objective->name,
                           published, s->path ? ", not '" : "", s->path ? s->value : "",
                           s->path ? "'" : "");
}

pv_status pv_config_resolve(pv_config *config, const pv_objective *const *objectives,
                            const pv_settings *settings)
{
    const pv_objective *const *chosen = objectives;
    while (*chosen && strcmp((*chosen)->name, config->objective) != 0) chosen++;
    if (!*chosen) return fail_objective(config, objectives, settings);
    memset(config->objective_value, 0, sizeof config->objective_value);

    const char *name;
    for (int i = 0; (name = pv_config_objective_key(objectives, i)); i++) {
        const pv_setting *s = last(settings, name);
        const pv_objective_key *key = pv_objective_key_find(*chosen, name);
        if (key)
            PV_TRY(store(&config->objective_value[key - (*chosen)->keys], *chosen, key, s));
        else if (s && !is_auto(s))
            return fail_unread(s, *chosen, objectives);
    }
    return PV_OK;
}
