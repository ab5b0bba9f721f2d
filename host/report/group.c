/* group.c -- which runs belong together: seeds of a point, points of a method. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/config_table.h"
#include "report/study.h"

/* ---- comparing configurations ---- */

static int compare_numbers(double a, double b) { return (a > b) - (a < b); }

static int compare_key(const pv_config *a, const pv_config *b, const pv_config_key *key)
{
    const char *x = (const char *)a + key->offset, *y = (const char *)b + key->offset;
    switch (key->kind) {
    case PV_KEY_TEXT:
        return strverscmp(x, y);
    case PV_KEY_CHOICE:
        return compare_numbers(*(const int *)(const void *)x, *(const int *)(const void *)y);
    case PV_KEY_COUNT: {
        const int64_t i = *(const int64_t *)(const void *)x, j = *(const int64_t *)(const void *)y;
        return (i > j) - (i < j);
    }
    case PV_KEY_REAL:
        return compare_numbers(*(const double *)(const void *)x, *(const double *)(const void *)y);
    case PV_KEY_LIST:
    case PV_KEY_SECTION:
        break;
    }
    return 0;
}

static int place_of(const pv_objective *objective)
{
    int i = 0;
    while (pv_objectives[i] && pv_objectives[i] != objective) i++;
    return i;
}

/* Calls `each` for every key but data, objective, strength and seed in which two runs of the same
 * objective differ, until it returns other than 0. */
typedef int (*difference)(void *state, const char *key, int order);

static int visit_differences(const pv_report_run *a, const pv_report_run *b, difference each,
                             void *state)
{
    static const char *const skipped[] = {"data", "objective", "seed", NULL};
    const pv_config_key *key;
    int stop = 0;
    for (int at = 0, inside = 0; !stop && (key = pv_config_next_decisive(&at, &inside));) {
        int skip = 0;
        for (int i = 0; skipped[i]; i++) skip |= strcmp(key->name, skipped[i]) == 0;
        const int order = skip ? 0 : compare_key(&a->config, &b->config, key);
        if (order) stop = each(state, key->name, order);
    }
    for (int i = 0; !stop && a->objective->keys[i].name; i++) {
        const int order =
            compare_numbers(a->config.objective_value[i], b->config.objective_value[i]);
        if (order && i != a->strength) stop = each(state, a->objective->keys[i].name, order);
    }
    if (!stop && a->config.steps != b->config.steps)
        stop = each(state, "steps", a->config.steps < b->config.steps ? -1 : 1);
    return stop;
}

static int take_first(void *state, const char *key, int order)
{
    (void)state;
    (void)key;
    return order;
}

/* 0: the same method. */
static int compare_methods(const pv_report_run *a, const pv_report_run *b)
{
    const int data = strverscmp(a->config.data, b->config.data);
    if (data) return data;
    if (a->objective != b->objective)
        return place_of(a->objective) < place_of(b->objective) ? -1 : 1;
    return visit_differences(a, b, take_first, NULL);
}

static int compare_points(const pv_report_run *a, const pv_report_run *b)
{
    const int method = compare_methods(a, b);
    return method ? method : compare_numbers(pv_report_strength(a), pv_report_strength(b));
}

static int compare_models(const pv_report_run *a, const pv_report_run *b)
{
    const int point = compare_points(a, b);
    return point ? point : (a->config.seed > b->config.seed) - (a->config.seed < b->config.seed);
}

static int in_order(const void *a, const void *b)
{
    const pv_report_run *x = a, *y = b;
    const int use_x = x->outcome == PV_REPORT_USED, use_y = y->outcome == PV_REPORT_USED;
    if (use_x != use_y) return use_y - use_x;
    const int model = use_x ? compare_models(x, y) : 0;
    return model ? model : strverscmp(x->name, y->name);
}

/* ---- the axis ---- */

/* How many values the runs of an objective have for a key, up to MANY. */
static int distinct(const pv_study *s, const pv_objective *objective, int key)
{
    enum { MANY = 32 };
    double found[MANY];
    int count = 0;
    for (size_t i = 0; i < s->runs && count < MANY; i++) {
        const pv_report_run *run = &s->run[i];
        if (run->outcome != PV_REPORT_USED || run->objective != objective) continue;
        const double value = run->config.objective_value[key];
        int known = 0;
        while (known < count && found[known] != value) known++;
        if (known == count) found[count++] = value;
    }
    return count;
}

/* The key that is meant to be varied, unless it is not and another is. */
static int choose_strength(const pv_study *s, const pv_objective *objective)
{
    int best = 0, most;
    for (int k = 0; objective->keys[k].name; k++)
        if (strcmp(objective->keys[k].name, objective->strength) == 0) best = k;
    if ((most = distinct(s, objective, best)) > 1) return best;
    for (int k = 0; objective->keys[k].name; k++) {
        const int count = distinct(s, objective, k);
        if (count > most) best = k, most = count;
    }
    return best;
}

/* ---- names ---- */

static char *short_name(const char *path, int whole)
{
    static const char *const endings[] = {".h5", ".hdf5"};
    const char *slash = strrchr(path, '/');
    char *name = strdup(slash && slash[1] && !whole ? slash + 1 : path);
    for (size_t e = 0; name && !whole && e < sizeof endings / sizeof *endings; e++) {
        const size_t length = strlen(name), size = strlen(endings[e]);
        if (length > size && strcmp(name + length - size, endings[e]) == 0) name[length - size] = 0;
    }
    return name;
}

static const char *path_of(const pv_study *s, const pv_report_method *m)
{
    return s->run[s->point[m->first].first].config.data;
}

/* The methods' data sets stand together: their names, whole paths where short ones are not
 * distinct. */
static pv_status name_data(pv_study *s)
{
    PV_TRY(pv_new(&s->data, s->methods, sizeof *s->data, "names of data sets"));
    for (int whole = 0, clash = 1; clash && whole < 2; whole++) {
        for (; s->datas > 0; s->datas--) free(s->data[s->datas - 1]);
        clash = 0;
        for (size_t m = 0; m < s->methods; m++) {
            const char *path = path_of(s, &s->method[m]);
            s->method[m].data = s->datas;
            if (m > 0 && strcmp(path, path_of(s, &s->method[m - 1])) == 0) {
                s->method[m].data = s->datas - 1;
                continue;
            }
            if (!(s->data[s->datas] = short_name(path, whole)))
                return pv_fail(PV_ENOMEM, "out of memory: the name of a data set");
            for (int d = 0; d < s->datas; d++) clash |= strcmp(s->data[d], s->data[s->datas]) == 0;
            s->datas++;
        }
    }
    return PV_OK;
}

enum { KEYS = 16 };
typedef struct {
    const char *key[KEYS];
    int count;
} differing;

/* Keeps them in the order of the alphabet. */
static int add_difference(void *state, const char *key, int order)
{
    differing *d = state;
    int at = 0;
    (void)order;
    while (at < d->count && strcmp(d->key[at], key) < 0) at++;
    if (d->count == KEYS || (at < d->count && strcmp(d->key[at], key) == 0)) return 0;
    memmove(&d->key[at + 1], &d->key[at], (size_t)(d->count - at) * sizeof *d->key);
    d->key[at] = key;
    d->count++;
    return 0;
}

/* The objective, and what tells the method from others of it on the same data. */
static pv_status name_method(const pv_study *s, pv_report_method *m)
{
    differing d = {.count = 0};
    char value[PV_TEXT];
    size_t size;
    const pv_report_run *own = &s->run[s->point[m->first].first];
    for (size_t i = 0; i < s->methods; i++) {
        const pv_report_run *other = &s->run[s->point[s->method[i].first].first];
        if (other->objective == own->objective && s->method[i].data == m->data)
            visit_differences(own, other, add_difference, &d);
    }
    FILE *to = open_memstream(&m->title, &size);
    if (!to) return pv_fail(PV_ENOMEM, "out of memory: the name of a method");
    fputs(own->objective->title, to);
    for (int k = 0; k < d.count; k++) {
        pv_config_value_text(value, &own->config, d.key[k]);
        fprintf(to, ", %s %s", d.key[k], value);
    }
    return fclose(to) == 0 ? PV_OK : pv_fail(PV_ENOMEM, "out of memory: the name of a method");
}

/* ---- all of it ---- */

static pv_status leave_out_copies(pv_study *s)
{
    for (size_t i = 1, kept = 0; i < s->used; i++) {
        pv_report_run *run = &s->run[i];
        if (compare_models(&s->run[kept], run) != 0) {
            kept = i;
            continue;
        }
        run->outcome = PV_REPORT_LEFT_OUT;
        if (asprintf(&run->note, "the same model as %s", s->run[kept].name) < 0) {
            run->note = NULL;
            return pv_fail(PV_ENOMEM, "out of memory: a note");
        }
    }
    return PV_OK;
}

static void sort_runs(pv_study *s)
{
    qsort(s->run, s->runs, sizeof *s->run, in_order);
    for (s->used = 0; s->used < s->runs && s->run[s->used].outcome == PV_REPORT_USED;) s->used++;
}

static void split(pv_study *s)
{
    for (size_t i = 0; i < s->used; i++) {
        const pv_report_run *run = &s->run[i];
        if (i == 0 || compare_points(run - 1, run) != 0) {
            if (i == 0 || compare_methods(run - 1, run) != 0)
                s->method[s->methods++] = (pv_report_method){.first = s->points};
            s->method[s->methods - 1].count++;
            s->point[s->points++] =
                (pv_report_point){.first = i, .strength = pv_report_strength(run)};
        }
        s->point[s->points - 1].count++;
    }
}

pv_status pv_study_group(pv_study *s)
{
    for (int o = 0; pv_objectives[o]; o++) {
        const int key = choose_strength(s, pv_objectives[o]);
        for (size_t i = 0; i < s->runs; i++)
            if (s->run[i].objective == pv_objectives[o]) s->run[i].strength = key;
    }
    sort_runs(s);
    PV_TRY(leave_out_copies(s));
    sort_runs(s);
    for (size_t i = 0; i < s->runs; i++) s->outcome[s->run[i].outcome]++;
    PV_TRY(pv_new(&s->point, s->used + 1, sizeof *s->point, "points"));
    PV_TRY(pv_new(&s->method, s->used + 1, sizeof *s->method, "methods"));
    split(s);
    if (s->methods) PV_TRY(name_data(s));
    for (size_t m = 0; m < s->methods; m++) PV_TRY(name_method(s, &s->method[m]));
    return PV_OK;
}
