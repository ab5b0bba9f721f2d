/* status.c -- status.json of a run: what became of it. */
#include "train/status.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/config_table.h"
#include "base/text.h"
#include "polarvae/version.h"

static const char *const state_name[] = {
#define X(name, text) [PV_RUN_##name] = text,
    PV_RUN_STATES(X)
#undef X
};

pv_status pv_run_status_write(const pv_run_status *status, const char *directory,
                              const char *device)
{
    char path[4096];
    pv_json *j = pv_json_new();
    snprintf(path, sizeof path, "%s/status.json", directory);
    pv_json_object(j, NULL);
    pv_json_text(j, "state", state_name[status->state]);
    pv_json_whole(j, "step", (long long)status->step);
    pv_json_whole(j, "steps", (long long)status->steps);
    pv_json_text(j, "error", *status->error ? status->error : NULL);
    pv_json_text(j, "version", PV_VERSION);
    pv_json_text(j, "commit", PV_COMMIT);
    pv_json_text(j, "device", device);
    pv_json_end(j);
    return pv_json_finish(j, path);
}

static pv_status take(pv_run_status *out, const pv_setting *s)
{
    int64_t number;
    const int step = strcmp(s->key, "step") == 0;
    if (strcmp(s->key, "state") == 0) {
        for (int i = PV_RUN_NONE + 1; i <= PV_RUN_FINISHED; i++)
            if (strcmp(s->value, state_name[i]) == 0) out->state = (pv_run_state)i;
        if (out->state == PV_RUN_NONE) return pv_setting_fail(s, "unknown state '%s'", s->value);
    } else if (step || strcmp(s->key, "steps") == 0) {
        if (!pv_whole_parse(&number, s->value) || number < 0)
            return pv_setting_fail(s, "%s must be a whole number, not '%s'", s->key, s->value);
        *(step ? &out->step : &out->steps) = (uint64_t)number;
    } else if (strcmp(s->key, "error") == 0 && strcmp(s->value, "null") != 0) {
        snprintf(out->error, sizeof out->error, "%s", s->value);
    }
    return PV_OK;
}

/* A flat JSON object is a YAML mapping. */
pv_status pv_run_status_read(pv_run_status *out, const char *directory)
{
    char path[4096];
    pv_settings settings = {0};
    memset(out, 0, sizeof *out);
    snprintf(path, sizeof path, "%s/status.json", directory);
    if (!pv_file_exists(path)) return PV_OK;
    pv_status status = pv_config_read_yaml(&settings, path);
    for (int i = 0; i < settings.count && status == PV_OK; i++) status = take(out, &settings.at[i]);
    pv_settings_clear(&settings);
    return status;
}

void pv_run_fail(const pv_config *config, const char *directory)
{
    pv_run_status old, now = {.state = PV_RUN_FAILED, .steps = (uint64_t)config->steps};
    snprintf(now.error, sizeof now.error, "%s", pv_error());
    if (pv_run_check(config, directory) == PV_OK && pv_run_status_read(&old, directory) == PV_OK &&
        (old.state != PV_RUN_FAILED || strcmp(old.error, now.error) != 0)) { /* else the run did */
        now.step = old.step;
        pv_run_status_write(&now, directory, NULL);
    }
    pv_fail(PV_EIO, "%s", now.error); /* what failed on the way is not the reason */
}

void pv_run_note(const char *directory, const char *error)
{
    pv_run_status status;
    char said[512];
    snprintf(said, sizeof said, "%s", error);
    if (pv_run_status_read(&status, directory) != PV_OK || status.state != PV_RUN_FINISHED) return;
    if (strcmp(status.error, said) == 0) return;
    strcpy(status.error, said);
    pv_run_status_write(&status, directory, NULL);
    pv_fail(PV_EIO, "%s", said);
}
