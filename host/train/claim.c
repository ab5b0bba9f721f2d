/* claim.c -- one process at a time works in a run directory.
 *
 * An advisory lock on DIRECTORY/.lock, which ends with its process however that ends: a file of its
 * own, because the others are replaced while they are written, and open for writing, because NFS
 * locks nothing else. It may not reach other machines, so that there is a token as well. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/base.h"
#include "polarvae/train.h"

enum { TOKEN = 128, NONE = -1, BEAT = 10 /* seconds */ };

struct pv_claim {
    char directory[3072], path[3584];
    char host[65], token[TOKEN]; /* "host pid number" */
    int lock;                    /* a file, or NONE: nothing can be locked here */
    double beaten;               /* when the last sign of life was given */
};

/* 0 where there is none. */
static int read_owner(const char *path, char token[static TOKEN], struct timespec *touched)
{
    struct stat info;
    const int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return 0;
    const ssize_t length = read(file, token, TOKEN - 1);
    const int known = length >= 0 && fstat(file, &info) == 0;
    close(file);
    token[length > 0 ? length : 0] = '\0';
    token[strcspn(token, "\n")] = '\0';
    if (known) *touched = info.st_mtim;
    return known;
}

static int is_ours(const pv_claim *c)
{
    char token[TOKEN];
    struct timespec touched;
    return read_owner(c->path, token, &touched) && strcmp(token, c->token) == 0;
}

static void make_token(pv_claim *c)
{
    unsigned long long number = 0;
    if (getrandom(&number, sizeof number, 0) < 0) number = (unsigned long long)time(NULL);
    pv_machine_name(c->host);
    snprintf(c->token, sizeof c->token, "%s %ld %016llx", c->host, (long)getpid(), number);
}

/* 1 if another process holds the lock. */
static int take_lock(pv_claim *c)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/.lock", c->directory);
    c->lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (c->lock < 0 || flock(c->lock, LOCK_EX | LOCK_NB) == 0) return 0;
    const int held = errno == EWOULDBLOCK;
    close(c->lock);
    c->lock = NONE;
    return held;
}

static double seconds_between(const struct timespec *from, const struct timespec *to)
{
    return (double)(to->tv_sec - from->tv_sec) + 1e-9 * (double)(to->tv_nsec - from->tv_nsec);
}

static pv_status refuse(const pv_claim *c, const char *owner, double quiet_for, double silence)
{
    char since[32];
    if (!*owner)
        return pv_fail(PV_EOWNED,
                       "%s: another process is training there; wait for it, or use another "
                       "directory",
                       c->directory);
    return pv_fail(PV_EOWNED,
                   "%s: another process is training there (%.*s), last seen %s ago; it is taken "
                   "over when it has been silent for %g s",
                   c->directory, (int)strcspn(owner, " "), owner, pv_duration(since, quiet_for),
                   silence);
}

/* Our token in a file of its own, whose time is the file system's present. */
static pv_status write_token(const pv_claim *c, char part[static 4096], struct timespec *now)
{
    struct stat info;
    snprintf(part, 4096, "%s.%s", c->path, strrchr(c->token, ' ') + 1);
    const int file = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    const size_t size = strlen(c->token);
    const int done =
        file >= 0 && write(file, c->token, size) == (ssize_t)size && fstat(file, &info) == 0;
    const int why = errno;
    if (file >= 0) close(file);
    if (done) {
        *now = info.st_mtim;
        return PV_OK;
    }
    if (file >= 0) unlink(part);
    return pv_fail(PV_EIO, "%s: cannot be written: %s", c->path, strerror(why));
}

/* Two that take over at once see each other: the later rename stays. */
static pv_status put_token(pv_claim *c, const char *part, int taken_over)
{
    const struct timespec settle = {.tv_nsec = 100 * 1000 * 1000};
    if (rename(part, c->path) != 0) {
        pv_status status = pv_fail(PV_EIO, "%s: cannot be written: %s", c->path, strerror(errno));
        unlink(part);
        return status;
    }
    if (taken_over) nanosleep(&settle, NULL);
    c->beaten = pv_now();
    return is_ours(c) ? PV_OK : refuse(c, "", 0, 0);
}

static pv_status take(pv_claim *c, double silence)
{
    char owner[TOKEN] = "", part[4096];
    struct timespec touched = {0}, now = {0};
    const int locked_out = take_lock(c);
    if (locked_out && !read_owner(c->path, owner, &touched)) return refuse(c, "", 0, 0);
    PV_TRY(write_token(c, part, &now));
    const int owned = read_owner(c->path, owner, &touched);
    const size_t host = strlen(c->host);
    const int local = owned && strncmp(owner, c->host, host) == 0 && owner[host] == ' ';
    const int dead = local && c->lock != NONE; /* or it would hold the lock */
    const double quiet_for = owned ? seconds_between(&touched, &now) : 0;
    if (owned && !dead && quiet_for < silence) {
        unlink(part);
        return refuse(c, owner, quiet_for, silence);
    }
    return put_token(c, part, owned && !dead);
}

static pv_status may_publish(void *claim) { return pv_claim_check(claim); }

pv_status pv_run_claim(pv_claim **out, const char *directory, double silence)
{
    pv_claim *c;
    *out = NULL;
    PV_TRY(pv_new(&c, 1, sizeof *c, "a claim"));
    snprintf(c->directory, sizeof c->directory, "%s", directory);
    snprintf(c->path, sizeof c->path, "%s/.owner", c->directory);
    make_token(c);
    pv_status status = take(c, silence > 0 ? silence : PV_SILENCE);
    if (status != PV_OK) {
        if (c->lock != NONE) close(c->lock);
        free(c);
        return status;
    }
    pv_part_guard(may_publish, c);
    *out = c;
    return PV_OK;
}

pv_status pv_claim_check(pv_claim *c)
{
    if (is_ours(c)) return PV_OK;
    return pv_fail(PV_EOWNED,
                   "%s: another process has taken it over; what this one has done since is dropped",
                   c->directory);
}

pv_status pv_claim_beat(pv_claim *c)
{
    const double now = pv_now();
    if (now - c->beaten < BEAT) return PV_OK;
    PV_TRY(pv_claim_check(c));
    c->beaten = now;
    (void)utimensat(AT_FDCWD, c->path, NULL, 0);
    return PV_OK;
}

void pv_claim_release(pv_claim *c)
{
    if (!c) return;
    pv_part_guard(NULL, NULL);
    if (is_ours(c)) unlink(c->path);
    if (c->lock != NONE) close(c->lock);
    free(c);
}
