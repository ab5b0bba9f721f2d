/* config_yaml.c -- a YAML mapping of scalars and flat lists, as settings with line numbers; in a
 * sweep file also its grid, a list of such mappings. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <yaml.h>

#include "base/base.h"
#include "base/config_table.h"

enum { LARGEST_FILE = 16 << 20 };

typedef struct {
    const char *path, *text;
    size_t size;
    yaml_parser_t parser;
    yaml_event_t event; /* the current one */
    pv_settings *settings;
    pv_grid *grid; /* NULL: a configuration, or a mapping of a grid: they have none */
    int inside;    /* a mapping of a grid */
} reader;

static size_t line(const reader *r) { return r->event.start_mark.line + 1; }

#define FAIL(r, ...) pv_setting_fail(&(pv_setting){.path = (r)->path, .line = line(r)}, __VA_ARGS__)

static pv_status out_of_memory(const reader *r)
{
    return pv_fail(PV_ENOMEM, "%s: out of memory for its keys", r->path);
}

/* The line of a byte; of the last one for those beyond. */
static size_t line_of(const reader *r, size_t offset)
{
    size_t at = 1;
    for (size_t i = 0; i < offset && i + 1 < r->size; i++) at += r->text[i] == '\n';
    return at;
}

/* Where the bytes are no text, libyaml tells an offset, and at the end a line that is not there. */
static pv_status fail_yaml(const reader *r)
{
    const yaml_parser_t *p = &r->parser;
    if (p->error == YAML_MEMORY_ERROR) return out_of_memory(r);
    if (p->error == YAML_READER_ERROR)
        return pv_fail(PV_EUSAGE, "%s:%zu: not a text file in UTF-8: %s", r->path,
                       line_of(r, p->problem_offset), p->problem);
    size_t at = p->problem_mark.line + 1, last = line_of(r, r->size);
    return pv_fail(PV_EUSAGE, "%s:%zu: not valid YAML: %s", r->path, at < last ? at : last,
                   p->problem);
}

static pv_status next(reader *r)
{
    yaml_event_delete(&r->event);
    return yaml_parser_parse(&r->parser, &r->event) ? PV_OK : fail_yaml(r);
}

/* A copy of the scalar, which must hold no 0 byte: C would read only what stands before it. */
static pv_status copy_scalar(const reader *r, char **out)
{
    const char *text = (const char *)r->event.data.scalar.value;
    if (strlen(text) != r->event.data.scalar.length)
        return FAIL(r, "a value must not hold a 0 byte");
    *out = strdup(text);
    return *out ? PV_OK : out_of_memory(r);
}

/* The items of a sequence, with commas between them. */
static pv_status read_list(reader *r, pv_setting *s)
{
    size_t used = 0, room = 64;
    s->list = 1;
    if (!(s->value = calloc(1, room))) return out_of_memory(r);
    for (;;) {
        PV_TRY(next(r));
        if (r->event.type == YAML_SEQUENCE_END_EVENT) return PV_OK;
        if (r->event.type != YAML_SCALAR_EVENT || r->event.data.scalar.length == 0)
            return FAIL(r, "%.60s must hold plain values", s->key);
        const char *text = (const char *)r->event.data.scalar.value;
        size_t length = r->event.data.scalar.length;
        if (strcspn(text, ",") < length)
            return FAIL(r, "a value in the list of %.60s must not hold a comma or a 0 byte",
                        s->key);
        if (used + length + 2 > room) {
            room = 2 * (used + length + 2);
            char *grown = realloc(s->value, room);
            if (!grown) return out_of_memory(r);
            s->value = grown;
        }
        if (used) s->value[used++] = ',';
        memcpy(s->value + used, text, length + 1);
        used += length;
    }
}

static pv_status read_value(reader *r, pv_setting *s)
{
    switch (r->event.type) {
    case YAML_SCALAR_EVENT:
        return copy_scalar(r, &s->value);
    case YAML_SEQUENCE_START_EVENT:
        return read_list(r, s);
    case YAML_MAPPING_START_EVENT:
        return FAIL(r, "%.60s takes a value, not keys of its own", s->key);
    default:
        return FAIL(r, "YAML aliases are not supported; write the value itself");
    }
}

static pv_status read_grid(reader *r);

/* Keys that only a sweep file has. `grid` is read here, and *done becomes 1. */
static pv_status read_special(reader *r, const pv_setting *key, int *done)
{
    const int grid = strcmp(key->key, "grid") == 0;
    *done = 0;
    if (!grid && strcmp(key->key, "seeds") != 0) return PV_OK;
    if (r->inside)
        return pv_setting_fail(key, "'%s' stands outside of grid, once for all", key->key);
    if (!r->grid)
        return pv_setting_fail(key, "'%s' stands in a sweep file: use 'polarvae sweep'", key->key);
    if (!grid) return PV_OK;
    if (r->grid->line)
        return pv_setting_fail(key, "key 'grid' is given twice, first in line %zu", r->grid->line);
    *done = 1;
    r->grid->line = key->line;
    PV_TRY(next(r));
    return read_grid(r);
}

/* From the event of a key to the last one of its value. */
static pv_status read_entry(reader *r)
{
    pv_setting s = {.path = r->path, .line = line(r)};
    pv_status status = PV_OK;
    if (r->event.type != YAML_SCALAR_EVENT) return FAIL(r, "a key must be one word");
    if ((status = copy_scalar(r, &s.key)) != PV_OK) goto out;
    for (int i = 0; i < r->settings->count; i++) {
        const pv_setting *other = &r->settings->at[i];
        if (strcmp(other->key, s.key) != 0) continue;
        status = pv_setting_fail(&s, "key '%.60s' is given twice, first in line %zu", s.key,
                                 other->line);
        goto out;
    }
    int done;
    if ((status = read_special(r, &s, &done)) != PV_OK || done) goto out;
    if ((status = next(r)) != PV_OK) goto out;
    if ((status = read_value(r, &s)) != PV_OK) goto out;
    status = pv_settings_add(r->settings, &s);
out:
    free(s.key);
    free(s.value);
    return status;
}

static pv_status read_mapping(reader *r)
{
    for (;;) {
        PV_TRY(next(r));
        if (r->event.type == YAML_MAPPING_END_EVENT) return PV_OK;
        PV_TRY(read_entry(r));
    }
}

static pv_status add_group(pv_grid *grid)
{
    pv_settings *at = realloc(grid->at, ((size_t)grid->count + 1) * sizeof *at);
    if (!at) return pv_fail(PV_ENOMEM, "out of memory: %d mappings of a grid", grid->count + 1);
    grid->at = at;
    at[grid->count++] = (pv_settings){0};
    return PV_OK;
}

static pv_status read_grid(reader *r)
{
    pv_grid *grid = r->grid;
    pv_settings *outer = r->settings;
    if (r->event.type != YAML_SEQUENCE_START_EVENT)
        return FAIL(r, "grid must be a list of mappings, each as '- objective: beta_vae'");
    r->grid = NULL;
    r->inside = 1;
    for (;;) {
        PV_TRY(next(r));
        if (r->event.type == YAML_SEQUENCE_END_EVENT) break;
        if (r->event.type != YAML_MAPPING_START_EVENT)
            return FAIL(r, "grid must hold mappings, each as '- objective: beta_vae'");
        PV_TRY(add_group(grid));
        r->settings = &grid->at[grid->count - 1];
        PV_TRY(read_mapping(r));
        if (r->settings->count == 0) return FAIL(r, "a mapping of grid must not be empty");
    }
    if (grid->count == 0) return FAIL(r, "grid must hold at least one mapping");
    r->grid = grid;
    r->inside = 0;
    r->settings = outer;
    return PV_OK;
}

static pv_status read_document(reader *r)
{
    PV_TRY(next(r)); /* of the stream's start */
    PV_TRY(next(r));
    if (r->event.type == YAML_STREAM_END_EVENT) return PV_OK;
    PV_TRY(next(r));
    /* "---" alone is an empty document. */
    int empty = r->event.type == YAML_SCALAR_EVENT && r->event.data.scalar.length == 0;
    if (r->event.type != YAML_MAPPING_START_EVENT && !empty)
        return FAIL(r, "a configuration must be lines of the form 'key: value'");
    if (!empty) PV_TRY(read_mapping(r));
    PV_TRY(next(r)); /* of the document's end */
    PV_TRY(next(r));
    if (r->event.type == YAML_STREAM_END_EVENT) return PV_OK;
    return FAIL(r, "a second document begins; a configuration has one");
}

static pv_status read_file(pv_settings *settings, pv_grid *grid, const char *path)
{
    struct stat info;
    if (stat(path, &info) == 0 && (S_ISDIR(info.st_mode) || info.st_size > LARGEST_FILE))
        return pv_fail(PV_EUSAGE, "%s: %s, not a configuration file", path,
                       S_ISDIR(info.st_mode) ? "is a directory" : "is larger than 16 MiB");
    char *text;
    reader r = {.path = path, .settings = settings, .grid = grid};
    PV_TRY(pv_read_text(&text, &r.size, path));
    r.text = text;
    pv_status status = PV_OK;
    if (!yaml_parser_initialize(&r.parser)) {
        status = out_of_memory(&r);
        goto out;
    }
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, r.size);
    status = read_document(&r);
    yaml_event_delete(&r.event);
    yaml_parser_delete(&r.parser);
out:
    free(text);
    return status;
}

pv_status pv_config_read_yaml(pv_settings *settings, const char *path)
{
    return read_file(settings, NULL, path);
}

pv_status pv_config_read_sweep(pv_settings *settings, pv_grid *grid, const char *path)
{
    return read_file(settings, grid, path);
}

void pv_grid_clear(pv_grid *grid)
{
    for (int i = 0; i < grid->count; i++) pv_settings_clear(&grid->at[i]);
    free(grid->at);
    *grid = (pv_grid){0};
}
