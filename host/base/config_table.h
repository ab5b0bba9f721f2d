/* config_table.h -- the parts of the configuration: its table, and values as they were given. */
#ifndef PV_CONFIG_TABLE_H
#define PV_CONFIG_TABLE_H

#include "polarvae/config.h"
#include "polarvae/objective.h"

/* ---- the table (config_table.c) ---- */

typedef enum {
    PV_KEY_SECTION,
    PV_KEY_TEXT,
    PV_KEY_CHOICE,
    PV_KEY_COUNT,
    PV_KEY_REAL,
    PV_KEY_LIST
} pv_key_kind;

typedef struct {
    pv_key_kind kind;
    const char *name;    /* the title of a section */
    size_t offset;       /* in pv_config */
    const char *initial; /* as text, for all but numbers */
    const char *choices; /* "a|b|c" */
    int64_t count, count_low, count_high;
    double real, real_low, real_high;
    const char *help;
} pv_config_key;

extern const pv_config_key pv_config_keys[];
extern const int pv_config_key_count;

/* NULL if the table has no such key. */
const pv_config_key *pv_config_key_find(const char *name);
/* Choice number `index` of "a|b|c": its start, and its length; NULL beyond the last. */
const char *pv_config_choice(const char *choices, int index, int *length);

/* The next key from *at on that decides a model's bits, without its number of steps; NULL behind
 * the last. *at and *inside are 0 at the start. */
const pv_config_key *pv_config_next_decisive(int *at, int *inside);

/* ---- values as given ---- */

typedef struct {
    const char *path; /* the file, or NULL for the command line */
    size_t line;
    char *key, *value; /* owned; of a list, its items with commas between them */
    int list;          /* given as a YAML sequence */
} pv_setting;

typedef struct {
    pv_setting *at;
    int count;
} pv_settings;

/* The mappings of a sweep file's grid. */
typedef struct {
    pv_settings *at;
    int count;
    size_t line; /* of the key; 0: there is none */
} pv_grid;
void pv_grid_clear(pv_grid *grid);

/* Copies key and value. */
pv_status pv_settings_add(pv_settings *settings, const pv_setting *setting);
/* "key=value" of a command line. */
pv_status pv_settings_add_argument(pv_settings *settings, const char *argument);
void pv_settings_clear(pv_settings *settings);
/* PV_EUSAGE: "configs/x.yaml:3: <text>" or "beta=-1: <text>". */
__attribute__((format(printf, 2, 3))) pv_status pv_setting_fail(const pv_setting *setting,
                                                                const char *format, ...);

/* ---- from text to config ---- */

/* Appends what a YAML file holds (config_yaml.c). */
pv_status pv_config_read_yaml(pv_settings *settings, const char *path);
/* The same of a sweep file, with its grid beside; both are to be cleared also after a failure. */
pv_status pv_config_read_sweep(pv_settings *settings, pv_grid *grid, const char *path);
/* Defaults, then the settings in their order, then `auto` resolved and the whole checked. After a
 * failure there is nothing to clear. */
pv_status pv_config_apply(pv_config *config, const pv_settings *settings);
/* Checks a value and stores it under its key (config_value.c). */
pv_status pv_config_store(pv_config *config, const pv_config_key *key, const pv_setting *setting);
/* Fills objective_value of the objective that config->objective names, from those settings that
 * are no keys of the table; the last setting of a key counts (config_objective.c). */
pv_status pv_config_resolve(pv_config *config, const pv_objective *const *objectives,
                            const pv_settings *settings);

/* ---- from config to text ---- */

/* "1..8192", "iid|epochs", "" where anything goes; the default as it stands in a file. */
void pv_config_range_text(char out[static 128], const pv_config_key *key);
void pv_config_default_text(char out[static 128], const pv_config_key *key);
/* The value of a key of the table that is no list, or of the objective, as it stands in a file but
 * without quotes. */
void pv_config_value_text(char out[static PV_TEXT], const pv_config *config, const char *key);
/* Number `index` of the distinct keys of all objectives; NULL beyond the last. */
const char *pv_config_objective_key(const pv_objective *const *objectives, int index);
/* The row of `key` among the keys of one objective, or NULL. */
const pv_objective_key *pv_objective_key_find(const pv_objective *objective, const char *key);
/* A value of an objective's key, and what is allowed, as they are written. */
void pv_objective_value_text(char out[static 32], const pv_objective_key *key, double value);
void pv_objective_range_text(char out[static 128], const pv_objective_key *key);
/* Words of `text` in lines of at most 100 columns that start with `start`. */
void pv_config_wrap(FILE *to, const char *start, const char *text);

#endif
