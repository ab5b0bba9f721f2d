/* sets.c -- the data sets of a sweep: opened when first wanted, closed when no model is left. */
#include "sweep/sets.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

pv_status pv_sets_add(pv_sets *sets, const pv_config *config, size_t *index)
{
    pv_source source;
    size_t i = 0;
    PV_TRY(pv_source_of(&source, config));
    while (i < sets->count && memcmp(&sets->at[i]->source, &source, sizeof source) != 0) i++;
    if (i == sets->count) {
        pv_set **at = realloc(sets->at, (sets->count + 1) * sizeof(pv_set *));
        if (!at) return pv_fail(PV_ENOMEM, "out of memory: data sets");
        sets->at = at;
        PV_TRY(pv_new(&at[i], 1, sizeof **at, "a data set"));
        memcpy(&at[i]->source, &source, sizeof source); /* with its padding, for memcmp */
        pthread_mutex_init(&at[i]->door, NULL);
        sets->count++;
    }
    sets->at[i]->wanted++;
    *index = i;
    return PV_OK;
}

static void drop(pv_set *s)
{
    for (int d = 0; d < PV_SWEEP_DEVICES; d++) {
        pv_device_data_close(&s->images[d]);
        s->images[d] = (pv_device_data){0};
    }
    pv_data_close(&s->data);
    s->data = (pv_data){0};
}

void pv_sets_close(pv_sets *sets)
{
    for (size_t i = 0; i < sets->count; i++) {
        drop(sets->at[i]);
        pthread_mutex_destroy(&sets->at[i]->door);
        free(sets->at[i]);
    }
    free(sets->at);
    *sets = (pv_sets){0};
}

static pv_status open_set(pv_set *s, pv_device *device, int number, int quiet)
{
    pv_status status = PV_OK;
    if (!s->opened) status = pv_source_open(&s->data, &s->source, 0, quiet);
    s->opened |= status == PV_OK;
    if (status == PV_OK) status = pv_device_data_open(&s->images[number], device, &s->data);
    const char *notice = status == PV_OK ? pv_device_data_notice(&s->images[number]) : NULL;
    if (notice && !quiet) fprintf(stderr, "warning: %s: %s\n", s->source.name, notice);
    if (status == PV_OK) return PV_OK;
    snprintf(s->error, sizeof s->error, "%s", pv_error());
    return status;
}

pv_status pv_set_take(pv_set *s, pv_device *device, int number, int quiet,
                      const pv_device_data **out)
{
    pthread_mutex_lock(&s->door);
    if (s->status == PV_OK && !s->images[number].data)
        s->status = open_set(s, device, number, quiet);
    const pv_status status = s->status == PV_OK ? PV_OK : pv_fail(s->status, "%s", s->error);
    if (s->status == PV_ESTOPPED) s->status = PV_OK;
    pthread_mutex_unlock(&s->door);
    *out = &s->images[number];
    return status;
}

void pv_set_leave(pv_set *s)
{
    pthread_mutex_lock(&s->door);
    if (--s->wanted == 0) drop(s);
    pthread_mutex_unlock(&s->door);
}
