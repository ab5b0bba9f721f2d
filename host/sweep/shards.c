/* shards.c -- which processes of a sweep that was dealt out are at work: each touches a file,
 * DIR/.shards/I-of-N, and removes it when it leaves. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sweep/team.h"

enum { BEAT = 10, LOOK = 5 /* seconds */ };

static void path_of(char out[static 4096], const pv_team *t, int shard)
{
    snprintf(out, 4096, "%s/.shards/%d-of-%d", t->options->directory, shard, t->options->shards);
}

/* By the clock of the file system. */
static int touched(double *seconds, const char *path)
{
    struct stat info;
    if (stat(path, &info) != 0) return 0;
    *seconds = (double)info.st_mtim.tv_sec + 1e-9 * (double)info.st_mtim.tv_nsec;
    return 1;
}

static void touch(pv_team *t)
{
    char path[4096];
    t->beaten = pv_now();
    snprintf(path, sizeof path, "%s/.shards", t->options->directory);
    if (pv_make_directory(path) != PV_OK) return;
    path_of(path, t, t->options->shard);
    const int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
    if (file < 0) return;
    futimens(file, NULL);
    close(file);
}

void pv_shard_beat(pv_team *t)
{
    if (t->options->shards > 0 && pv_now() - t->beaten > BEAT) touch(t);
}

static void look(pv_team *t)
{
    char path[4096];
    double now, then;
    touch(t);
    t->looked = t->beaten;
    path_of(path, t, t->options->shard);
    if (!touched(&now, path)) return; /* nothing can be known: nobody is silent */
    for (int s = 0; s < t->options->shards; s++) {
        path_of(path, t, s);
        t->silent[s] = !touched(&then, path) || now - then >= t->options->steal_after;
    }
}

int pv_shard_is_silent(pv_team *t, size_t index)
{
    const size_t shards = (size_t)t->options->shards;
    if (!t->silent && !(t->silent = calloc(shards, 1))) return 0;
    if (t->looked == 0 || pv_now() - t->looked > LOOK) look(t);
    return t->silent[index % shards];
}

void pv_shard_leave(const pv_team *t)
{
    char path[4096];
    if (t->options->shards == 0) return;
    path_of(path, t, t->options->shard);
    unlink(path);
    snprintf(path, sizeof path, "%s/.shards", t->options->directory);
    rmdir(path); /* by the last one */
}
