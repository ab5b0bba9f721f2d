/* files.c -- files that appear whole or not at all, and what goes with them. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"

enum { PATH = 4096 };

static pv_status fail_write(const char *path)
{
    return pv_fail(PV_EIO, "%s: cannot be written: %s", path, strerror(errno));
}

/* The directory of `path`, with "/." so that a plain file is none, and the name in it. */
static const char *split(char directory[static PATH], const char *path)
{
    const char *slash = strrchr(path, '/');
    int length = slash ? (int)(slash - path) + 1 : 0;
    snprintf(directory, PATH, "%.*s.", length, path);
    return path + length;
}

void pv_machine_name(char out[static 65])
{
    if (gethostname(out, 65) != 0 || !*out) strcpy(out, "localhost");
    out[64] = 0;
    for (char *c = out; *c; c++)
        if (*c == '/') *c = '-';
}

/* Removes "<name>.<host>.<pid>.part" of this machine's processes that are no more, and what libzip
 * makes beside it, "....part.XXXXXX". */
static void remove_stale(const char *directory, const char *name, const char *host)
{
    DIR *list = opendir(directory);
    if (!list) return;
    char start[PATH];
    int length = snprintf(start, sizeof start, "%s.%s.", name, host);
    for (struct dirent *entry; (entry = readdir(list));) {
        if (strncmp(entry->d_name, start, (size_t)length) != 0) continue;
        char *end;
        errno = 0;
        long pid = strtol(entry->d_name + length, &end, 10);
        const int known = strncmp(end, ".part", 5) == 0 && (end[5] == 0 || end[5] == '.');
        if (errno || pid <= 0 || pid > INT_MAX || !known) continue;
        if (kill((pid_t)pid, 0) != 0 && errno == ESRCH) unlinkat(dirfd(list), entry->d_name, 0);
    }
    closedir(list);
}

pv_status pv_part_begin(char part[static 4096], const char *path)
{
    char directory[PATH], host[65];
    if (strlen(path) >= PATH - 100) return pv_fail(PV_EUSAGE, "%.80s...: path too long", path);
    const char *name = split(directory, path);
    if (!*name) return pv_fail(PV_EUSAGE, "'%s': must name a file", path);
    struct stat info;
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode))
        return pv_fail(PV_EIO, "%s: is %s, not a file", path,
                       S_ISDIR(info.st_mode) ? "a directory" : "a device or a pipe");
    if (faccessat(AT_FDCWD, directory, W_OK | X_OK, AT_EACCESS) != 0) return fail_write(path);
    pv_machine_name(host);
    remove_stale(directory, name, host);
    snprintf(part, PATH, "%.*s.%s.%ld.part", PATH - 100, path, host, (long)getpid());
    return PV_OK;
}

/* Makes the contents of a file, or the names in a directory, outlive a power cut. */
static int sync_path(const char *path, int flags)
{
    int file = open(path, flags | O_CLOEXEC);
    if (file < 0) return -1;
    int result = fsync(file), why = errno;
    close(file);
    errno = why;
    return result;
}

static _Thread_local struct {
    pv_status (*may)(void *state);
    void *state;
} guard;

void pv_part_guard(pv_status (*may)(void *state), void *state)
{
    guard.may = may;
    guard.state = state;
}

static pv_status publish(const char *part, const char *path)
{
    if (sync_path(part, O_RDWR) != 0) return fail_write(path);
    if (guard.may) PV_TRY(guard.may(guard.state));
    return rename(part, path) == 0 ? PV_OK : fail_write(path);
}

pv_status pv_part_commit(const char *part, const char *path)
{
    char directory[PATH];
    split(directory, path);
    pv_status status = publish(part, path);
    if (status != PV_OK) {
        unlink(part);
        return status;
    }
    /* Some file systems cannot sync a directory, and some directories cannot be opened. */
    if (sync_path(directory, O_RDONLY | O_DIRECTORY) != 0 && (errno == EIO || errno == ENOSPC))
        return fail_write(path);
    return PV_OK;
}

void pv_part_abandon(const char *part) { unlink(part); }

pv_status pv_make_directory(const char *path)
{
    char upto[PATH];
    size_t length = strlen(path);
    if (length == 0 || length >= PATH) return pv_fail(PV_EUSAGE, "'%.80s': not a path", path);
    memcpy(upto, path, length + 1);
    for (size_t i = 1; i <= length; i++) {
        if (upto[i] != '/' && upto[i] != 0) continue;
        upto[i] = 0;
        struct stat info;
        int why = mkdir(upto, 0777) == 0 ? 0 : errno;
        if (why && (stat(upto, &info) != 0 || !S_ISDIR(info.st_mode)))
            return pv_fail(PV_EIO, "%s: cannot be made a directory: %s", upto, strerror(why));
        upto[i] = path[i];
    }
    return PV_OK;
}

int pv_file_exists(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0;
}

pv_status pv_write_text(const char *path, const char *text, size_t size)
{
    char part[PATH];
    PV_TRY(pv_part_begin(part, path));
    int file = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file < 0) return fail_write(path);
    size_t done = 0;
    while (done < size) {
        ssize_t n = write(file, text + done, size - done);
        if (n < 0 && errno != EINTR) break;
        if (n > 0) done += (size_t)n;
    }
    int why = done < size ? errno : 0;
    if (close(file) != 0 && !why) why = errno;
    if (!why) return pv_part_commit(part, path);
    pv_part_abandon(part);
    errno = why;
    return fail_write(path);
}

static pv_status fail_read(const char *path)
{
    return pv_fail(PV_EIO, "%s: cannot be read: %s", path, strerror(errno));
}

pv_status pv_read_text(char **out, size_t *size, const char *path)
{
    enum { FIRST = 4096 };
    size_t room = FIRST, used = 0;
    struct stat info;
    pv_status status = PV_OK;
    *out = NULL;
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) return fail_read(path);
    /* One byte more than the file has, so that the end is seen without growing. */
    if (fstat(file, &info) == 0 && info.st_size >= FIRST) room = (size_t)info.st_size + 1;
    char *text = malloc(room + 1);
    while (text) {
        ssize_t n = read(file, text + used, room - used);
        if (n == 0) break;
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) {
            status = fail_read(path);
            goto out;
        }
        used += (size_t)n;
        if (used < room) continue;
        room *= 2;
        char *more = realloc(text, room + 1);
        if (!more) free(text);
        text = more;
    }
    if (!text) {
        status = pv_fail(PV_ENOMEM, "%s: out of memory: %zu bytes of text", path, room + 1);
        goto out;
    }
    text[used] = 0;
    *out = text;
    if (size) *size = used;
    text = NULL;
out:
    free(text);
    close(file);
    return status;
}

pv_status pv_cache_directory(char out[static 4096])
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    struct passwd entry, *user = NULL;
    char names[4096];
    if (!home || !*home) {
        if (getpwuid_r(getuid(), &entry, names, sizeof names, &user) == 0 && user)
            home = user->pw_dir;
    }
    int length;
    if (cache && *cache == '/')
        length = snprintf(out, PATH, "%s/polarvae", cache);
    else if (home && *home)
        length = snprintf(out, PATH, "%s/.cache/polarvae", home);
    else
        return pv_fail(PV_EIO, "no cache directory: set XDG_CACHE_HOME or HOME");
    if (length >= PATH) return pv_fail(PV_EIO, "the path of the cache directory is too long");
    return pv_make_directory(out);
}
