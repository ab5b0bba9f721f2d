/* snapshots.c -- the parameters that a run has kept on its way. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "polarvae/train.h"
#include "train/checkpoint.h"

void pv_snapshot_path(char out[static 4096], const char *directory, uint64_t step)
{
    snprintf(out, 4096, "%s/snapshots/%012llu.h5", directory, (unsigned long long)step);
}

/* The step of a file, by its name. */
static int is_snapshot(uint64_t *step, const char *name)
{
    char *end;
    if (*name < '0' || *name > '9') return 0;
    *step = strtoull(name, &end, 10);
    return strcmp(end, ".h5") == 0;
}

static int ascending(const void *a, const void *b)
{
    const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static pv_status add(uint64_t **step, size_t *count, uint64_t found)
{
    uint64_t *grown = realloc(*step, (*count + 1) * sizeof *grown);
    if (!grown) return pv_fail(PV_ENOMEM, "out of memory: snapshots");
    *step = grown;
    grown[(*count)++] = found;
    return PV_OK;
}

pv_status pv_run_snapshots(uint64_t **step, size_t *count, const char *directory)
{
    char path[4096];
    uint64_t found;
    pv_status status = PV_OK;
    *step = NULL;
    *count = 0;
    snprintf(path, sizeof path, "%s/snapshots", directory);
    DIR *list = opendir(path);
    if (!list && errno == ENOENT) return PV_OK;
    if (!list) return pv_fail(PV_EIO, "%s: %s", path, strerror(errno));
    for (const struct dirent *entry; status == PV_OK && (entry = readdir(list));)
        if (is_snapshot(&found, entry->d_name)) status = add(step, count, found);
    closedir(list);
    if (*count) qsort(*step, *count, sizeof **step, ascending);
    if (status != PV_OK) free(*step);
    return status;
}
