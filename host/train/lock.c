/* lock.c -- one process at a time trains in a run directory.
 *
 * An advisory lock on DIRECTORY/.lock: a file of its own, because the others are replaced while
 * they are written, and open for writing, because NFS locks nothing else. The file stays; that it
 * is there means nothing. */
#include "train/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

pv_status pv_lock_take(int *out, const char *directory)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/.lock", directory);
    *out = PV_NO_LOCK;
    const int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (file < 0) return PV_OK;
    if (flock(file, LOCK_EX | LOCK_NB) == 0) {
        *out = file;
        return PV_OK;
    }
    const int held = errno == EWOULDBLOCK;
    close(file);
    if (!held) return PV_OK;
    return pv_fail(PV_EIO,
                   "%s: another process is training there; wait for it, or start another run "
                   "with --out DIR",
                   directory);
}

void pv_lock_release(int lock)
{
    if (lock != PV_NO_LOCK) close(lock);
}
