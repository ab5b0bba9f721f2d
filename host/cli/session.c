/* session.c -- a trained run, opened for encoding or evaluation. */
#include "cli/session.h"

#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "base/config_table.h"
#include "polarvae/source.h"

/* Keys that say which images are encoded; a model may be shown others than it was trained with. */
static const char *const of_images[] = {
    "data", "variant", "background", "nuisance", "data_memory", "smallnorb_overshoot", NULL};
static const char *const of_machine[] = {"device", "threads", NULL};

static int is_of(const char *const *keys, const char *setting)
{
    const size_t length = strcspn(setting, "=");
    for (; *keys; keys++)
        if (strlen(*keys) == length && strncmp(*keys, setting, length) == 0) return 1;
    return 0;
}

static int is_of_evaluation(const char *setting)
{
    const size_t length = strcspn(setting, "=");
    int inside = 0;
    for (int k = 0; k < pv_config_key_count; k++) {
        const pv_config_key *key = &pv_config_keys[k];
        if (key->kind == PV_KEY_SECTION)
            inside = strcmp(key->name, "evaluation") == 0;
        else if (inside && strlen(key->name) == length && strncmp(key->name, setting, length) == 0)
            return 1;
    }
    return 0;
}

/* Of what is set on the command line, everything must be read here, or have been decided. */
static pv_status check_keys(int count, const char *const *set)
{
    for (int i = 0; i < count; i++)
        if (!is_of(of_images, set[i]) && !is_of(of_machine, set[i]) && !is_of_evaluation(set[i]))
            return pv_fail(PV_EUSAGE,
                           "%s: is for training; encoding and evaluation do not read it, and "
                           "multiply in fp32",
                           set[i]);
    return PV_OK;
}

/* So that only what was decided in training differs. */
static void take_images(pv_config *to, const pv_config *from)
{
    strcpy(to->data, from->data);
    strcpy(to->background, from->background);
    strcpy(to->nuisance, from->nuisance);
    to->variant = from->variant;
    to->smallnorb_overshoot = from->smallnorb_overshoot;
    to->data_memory = from->data_memory;
}

static pv_status load_config(pv_session *s, const char *run, int count, const char *const *set)
{
    char path[4096];
    pv_config trained;
    snprintf(path, sizeof path, "%s/config.yaml", run);
    if (!pv_file_exists(path))
        return pv_fail(PV_EUSAGE, "%s: is not a run directory: it has no config.yaml", run);
    PV_TRY(pv_config_load(&trained, path, 0, NULL));
    pv_status status = pv_config_load(&s->config, path, count, set);
    take_images(&trained, &s->config);
    const char *key = status == PV_OK ? pv_config_difference(&s->config, &trained) : NULL;
    if (key) status = pv_fail(PV_EUSAGE, "%s: %s was decided when the model was trained", run, key);
    if (status == PV_OK) status = check_keys(count, set);
    pv_config_clear(&trained);
    return status;
}

static int names_images(int count, const char *const *set)
{
    for (int i = 0; i < count; i++)
        if (is_of(of_images, set[i])) return 1;
    return 0;
}

pv_status pv_session_open(pv_session *s, const char *run, int count, const char *const *set,
                          int quiet)
{
    pv_source source;
    memset(s, 0, sizeof *s);
    pv_status status = load_config(s, run, count, set);
    const pv_config *c = &s->config;
    if (status == PV_OK) status = pv_metric_lists_check(c);
    if (status == PV_OK) status = pv_device_open(&s->device, c->device);
    if (status == PV_OK) status = pv_stream_open(&s->stream, s->device, (int)c->threads);
    if (status == PV_OK) status = pv_model_open(&s->model, run, s->stream);
    if (status == PV_OK) status = pv_source_of(&source, c);
    if (status == PV_OK) status = pv_source_open(&s->data, &source, (int)c->threads, quiet);
    if (status == PV_OK && s->data.checksum != s->model.data_checksum && !names_images(count, set))
        status = pv_fail(PV_EUSAGE,
                         "%s: is no longer the data set that %s was trained on; give data=FILE",
                         c->data, run);
    if (status == PV_OK) status = pv_device_data_open(&s->images, s->device, &s->data);
    if (status != PV_OK) pv_session_close(s);
    return status;
}

void pv_session_close(pv_session *s)
{
    pv_device_data_close(&s->images);
    pv_data_close(&s->data);
    pv_model_close(&s->model);
    pv_stream_close(s->stream);
    pv_device_close(s->device);
    pv_config_clear(&s->config);
    memset(s, 0, sizeof *s);
}
