/* config_write.c -- a configuration as YAML that reads back to the same bits, and as help. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "base/config_table.h"
#include "base/text.h"

enum { COLUMNS = 100 };

void pv_config_wrap(FILE *to, const char *start, const char *text)
{
    int column = 0;
    while (*(text += strspn(text, " "))) {
        int length = (int)strcspn(text, " ");
        if (column && column + 1 + length > COLUMNS) {
            fputc('\n', to);
            column = 0;
        }
        column += fprintf(to, "%s%.*s", column ? " " : start, length, text);
        text += length;
    }
    fputc('\n', to);
}

/* What YAML 1.1 may hold inside double quotes as it is. */
static int is_printable(uint32_t code)
{
    return (code >= 0x20 && code < 0x7f) ||
           (code >= 0xa0 && code < 0xfffe && code != 0xfeff && code != 0x2028 && code != 0x2029) ||
           code >= 0x10000;
}

/* Words of these characters mean themselves; all else goes in quotes. */
static int is_bare(const char *text)
{
    static const char safe[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-";
    size_t length = strspn(text, safe);
    return length > 0 && text[length] == 0 && text[0] != '-';
}

static void write_text(FILE *to, const char *text)
{
    if (is_bare(text)) {
        fputs(text, to);
        return;
    }
    fputc('"', to);
    uint32_t code;
    for (size_t size; *text && (size = pv_utf8_decode(&code, text)) > 0; text += size) {
        if (code == '"' || code == '\\')
            fprintf(to, "\\%c", (int)code);
        else if (is_printable(code))
            fwrite(text, 1, size, to);
        else
            fprintf(to, "\\u%04x", (unsigned)code);
    }
    fputc('"', to);
}

static void table_value_text(char out[static PV_TEXT], const pv_config *config,
                             const pv_config_key *key)
{
    const void *at = (const char *)config + key->offset;
    int length;
    switch (key->kind) {
    case PV_KEY_TEXT:
        snprintf(out, PV_TEXT, "%s", (const char *)at);
        break;
    case PV_KEY_CHOICE: {
        const char *choice = pv_config_choice(key->choices, *(const int *)at, &length);
        snprintf(out, PV_TEXT, "%.*s", length, choice);
        break;
    }
    case PV_KEY_COUNT:
        snprintf(out, PV_TEXT, "%lld", (long long)*(const int64_t *)at);
        break;
    case PV_KEY_REAL:
        pv_number_text(out, *(const double *)at);
        break;
    case PV_KEY_LIST:
    case PV_KEY_SECTION:
        break;
    }
}

void pv_config_value_text(char out[static PV_TEXT], const pv_config *config, const char *name)
{
    const pv_config_key *key = pv_config_key_find(name);
    const pv_objective *objective = pv_objective_find(config->objective);
    const pv_objective_key *own = objective ? pv_objective_key_find(objective, name) : NULL;
    *out = '\0';
    if (key)
        table_value_text(out, config, key);
    else if (own)
        pv_objective_value_text(out, own, config->objective_value[own - objective->keys]);
}

static void write_list(FILE *to, const pv_config_list *list)
{
    fputc('[', to);
    for (int i = 0; i < list->count; i++)
        fprintf(to, "%s%lld", i ? ", " : "", (long long)list->value[i]);
    fputc(']', to);
}

static void write_value(FILE *to, const pv_config *config, const pv_config_key *key)
{
    char text[PV_TEXT];
    table_value_text(text, config, key);
    if (key->kind == PV_KEY_TEXT)
        write_text(to, text);
    else if (key->kind == PV_KEY_LIST)
        write_list(to, (const pv_config_list *)((const char *)config + key->offset));
    else
        fputs(text, to);
}

static void write_key_help(FILE *to, const pv_config_key *key)
{
    char range[128], text[512];
    pv_config_range_text(range, key);
    snprintf(text, sizeof text, "%s%s%s%s", key->help, *range ? " [" : "", range,
             *range ? "]" : "");
    pv_config_wrap(to, "# ", text);
}

/* "beta_vae: weight of the KL term [0..1e+06]; auto is 4", or without the name of the objective. */
static void objective_key_text(char out[static 512], const char *name, const pv_objective_key *key)
{
    char range[128], published[32];
    pv_objective_range_text(range, key);
    pv_objective_value_text(published, key, key->published);
    snprintf(out, 512, "%s%s%s [%s]; auto is %s", name ? name : "", name ? ": " : "", key->help,
             range, published);
}

static void write_all_objective_keys(FILE *to)
{
    const char *name;
    char text[512];
    for (int i = 0; (name = pv_config_objective_key(pv_objectives, i)); i++) {
        for (const pv_objective *const *o = pv_objectives; *o; o++) {
            const pv_objective_key *key = pv_objective_key_find(*o, name);
            if (!key) continue;
            objective_key_text(text, (*o)->name, key);
            pv_config_wrap(to, "# ", text);
        }
        fprintf(to, "%s: auto\n", name);
    }
}

static pv_status write_objective_values(FILE *to, const pv_config *config)
{
    const pv_objective *objective = pv_objective_find(config->objective);
    char number[32];
    if (!objective) return pv_fail(PV_EUSAGE, "unknown objective '%.60s'", config->objective);
    for (int i = 0; objective->keys[i].name; i++) {
        pv_objective_value_text(number, &objective->keys[i], config->objective_value[i]);
        fprintf(to, "%s: %s\n", objective->keys[i].name, number);
    }
    return PV_OK;
}

static void write_comment(FILE *to, const char *comment)
{
    fputs("# ", to);
    uint32_t code;
    while (*comment) {
        size_t size = pv_utf8_decode(&code, comment);
        if (size && is_printable(code))
            fwrite(comment, 1, size, to);
        else
            fputc(' ', to);
        comment += size ? size : 1;
    }
    fputc('\n', to);
}

pv_status pv_config_write(const pv_config *config, FILE *to, const char *comment, int help)
{
    if (comment) write_comment(to, comment);
    for (int i = 0; i < pv_config_key_count; i++) {
        const pv_config_key *key = &pv_config_keys[i];
        if (key->kind == PV_KEY_SECTION) {
            fprintf(to, "%s# ---- %s ----\n", i || comment ? "\n" : "", key->name);
            continue;
        }
        if (help) write_key_help(to, key);
        fprintf(to, "%s: ", key->name);
        write_value(to, config, key);
        fputc('\n', to);
        if (strcmp(key->name, "objective") != 0) continue;
        if (help)
            write_all_objective_keys(to);
        else
            PV_TRY(write_objective_values(to, config));
    }
    if (fflush(to) == 0 && !ferror(to)) return PV_OK;
    return pv_fail(PV_EIO, "the configuration cannot be written: %s", strerror(errno));
}

void pv_config_help(FILE *to)
{
    char range[128], value[128], text[512];
    for (int i = 0; i < pv_config_key_count; i++) {
        const pv_config_key *key = &pv_config_keys[i];
        if (key->kind == PV_KEY_SECTION) {
            fprintf(to, "%s%s\n", i ? "\n" : "", key->name);
            continue;
        }
        pv_config_range_text(range, key);
        pv_config_default_text(value, key);
        fprintf(to, "  %s=%s%s%s%s\n", key->name, value, *range ? "  [" : "", range,
                *range ? "]" : "");
        pv_config_wrap(to, "      ", key->help);
        if (strcmp(key->name, "objective") != 0) continue;
        for (const pv_objective *const *o = pv_objectives; *o; o++) {
            fprintf(to, "  objective=%s\n", (*o)->name);
            pv_config_wrap(to, "      ", (*o)->source);
            for (const pv_objective_key *k = (*o)->keys; k->name; k++) {
                objective_key_text(text, NULL, k);
                fprintf(to, "    %s=auto\n", k->name);
                pv_config_wrap(to, "      ", text);
            }
        }
    }
}

pv_status pv_config_save(const pv_config *config, const char *path, const char *comment)
{
    char part[4096];
    PV_TRY(pv_part_begin(part, path));
    FILE *file = fopen(part, "w");
    if (!file) return pv_fail(PV_EIO, "%s: cannot be written", path);
    pv_status status = pv_config_write(config, file, comment, 0);
    if (fclose(file) == 0 && status == PV_OK) return pv_part_commit(part, path);
    pv_part_abandon(part);
    return pv_fail(PV_EIO, "%s: cannot be written; is the disk full?", path);
}
