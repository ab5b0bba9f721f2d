/* hdf5.c -- HDF5 files and the names in them. */
#include "base/hdf5.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/base.h"
#include "base/hdf5_inside.h"

static pthread_mutex_t door = PTHREAD_MUTEX_INITIALIZER;

void pv_h5_enter(void)
{
    pthread_mutex_lock(&door);
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
    H5Eclear2(H5E_DEFAULT);
}

void pv_h5_leave(void) { pthread_mutex_unlock(&door); }

void pv_h5_drop(hid_t id)
{
    if (id >= 0) H5Idec_ref(id);
}

static herr_t innermost(unsigned depth, const H5E_error2_t *error, void *out)
{
    if (depth == 0 && error->desc) snprintf(out, 256, "%s", error->desc);
    return 0;
}

pv_status pv_h5_refuse(pv_status status, const pv_h5 *file, const char *name, const char *what)
{
    char words[256] = "no reason given";
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, innermost, words);
    for (char *c = words; *c; c++)
        if (*c == '\n') *c = ' ';
    if (!name) return pv_fail(status, "%s: %s: %s", file->path, what, words);
    return pv_fail(status, "%s: '%s' %s: %s", file->path, name, what, words);
}

/* ---- opening ---- */

/* Files are opened without the library's locks, not with locks where they work: what appears under
 * its name only when complete needs none, and whether a lock on NFS or Lustre fails at once, fails
 * later or hangs depends on how it is mounted. HDF5_USE_FILE_LOCKING, where set, still decides. */
static hid_t access_list(void)
{
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_file_locking(access, 0, 1);
    H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
    return access;
}

static pv_status make(pv_h5 **out, const char *path)
{
    if (strlen(path) >= sizeof(*out)->path)
        return pv_fail(PV_EUSAGE, "%.80s...: path too long", path);
    PV_TRY(pv_new(out, 1, sizeof **out, "an open file"));
    (*out)->id = -1;
    (*out)->descriptor = -1;
    strcpy((*out)->path, path);
    return PV_OK;
}

/* What the library would say less clearly. */
static pv_status inspect(const char *path)
{
    static const unsigned char mark[8] = {0x89, 'H', 'D', 'F', '\r', '\n', 0x1a, '\n'};
    unsigned char start[8] = {0};
    struct stat info;
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a pipe would wait for its writer */
    if (file < 0 || fstat(file, &info) != 0) {
        int why = errno;
        if (file >= 0) close(file);
        return pv_fail(PV_EIO, "%s: cannot be opened: %s", path, strerror(why));
    }
    ssize_t n = S_ISREG(info.st_mode) ? pread(file, start, sizeof start, 0) : 0;
    close(file);
    if (S_ISDIR(info.st_mode))
        return pv_fail(PV_EDATA, "%s: is a directory, not an HDF5 file", path);
    if (!S_ISREG(info.st_mode)) return pv_fail(PV_EDATA, "%s: is not a regular file", path);
    if (info.st_size == 0)
        return pv_fail(PV_EDATA, "%s: is empty (0 bytes), not an HDF5 file", path);
    if (n != (ssize_t)sizeof start || memcmp(start, mark, sizeof mark) != 0)
        return pv_fail(PV_EDATA, "%s: is not an HDF5 file: its first 8 bytes are not HDF5's", path);
    return PV_OK;
}

pv_status pv_h5_open(pv_h5 **out, const char *path)
{
    *out = NULL;
    PV_TRY(inspect(path));
    PV_TRY(make(out, path));
    pv_status status = PV_OK;
    pv_h5_enter();
    hid_t access = access_list();
    (*out)->id = H5Fopen(path, H5F_ACC_RDONLY, access);
    if ((*out)->id < 0)
        status = pv_h5_refuse(PV_EDATA, *out, NULL, "truncated or damaged HDF5 file");
    pv_h5_drop(access);
    pv_h5_leave();
    if (status != PV_OK) {
        pv_h5_close(*out);
        *out = NULL;
    }
    return status;
}

pv_status pv_h5_create(pv_h5 **out, const char *path)
{
    *out = NULL;
    pv_h5 *file;
    pv_status status = PV_OK;
    PV_TRY(make(&file, path));
    if ((status = pv_part_begin(file->part, path)) != PV_OK) {
        file->part[0] = 0;
        goto out;
    }
    file->descriptor = open(file->part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (file->descriptor < 0) {
        status = pv_fail(PV_EIO, "%s: cannot be written: %s", path, strerror(errno));
        file->part[0] = 0;
        goto out;
    }
    pv_h5_enter();
    hid_t access = access_list(), creation = H5Pcreate(H5P_FILE_CREATE);
    /* The newest format since 1.10: its tables carry checksums, and it holds no times of day, so
     * that the same contents are the same bytes. */
    H5Pset_libver_bounds(access, H5F_LIBVER_V110, H5F_LIBVER_LATEST);
    H5Pset_obj_track_times(creation, 0);
    if (pv_h5_image_keep(access, &file->image) >= 0)
        file->id = H5Fcreate(file->part, H5F_ACC_TRUNC, creation, access);
    if (file->id < 0) status = pv_h5_refuse(PV_EIO, file, NULL, "cannot be written");
    pv_h5_drop(creation);
    pv_h5_drop(access);
    pv_h5_leave();
out:
    if (status != PV_OK)
        pv_h5_close(file);
    else
        *out = file;
    return status;
}

pv_status pv_h5_commit(pv_h5 *file)
{
    pv_h5_enter();
    herr_t closed = H5Fclose(file->id);
    file->id = -1;
    pv_status status = closed < 0 ? pv_h5_refuse(PV_EIO, file, NULL, "cannot be written") : PV_OK;
    pv_h5_leave();
    if (status == PV_OK) status = pv_h5_image_write(&file->image, file->descriptor, file->path);
    if (close(file->descriptor) != 0 && status == PV_OK)
        status = pv_fail(PV_EIO, "%s: cannot be written: %s", file->path, strerror(errno));
    file->descriptor = -1;
    if (status != PV_OK) return status;
    status = pv_part_commit(file->part, file->path);
    file->part[0] = 0;
    return status;
}

void pv_h5_close(pv_h5 *file)
{
    if (!file) return;
    pv_h5_enter();
    if (file->id >= 0) H5Fclose(file->id);
    pv_h5_leave();
    if (file->descriptor >= 0) close(file->descriptor);
    if (file->part[0]) pv_part_abandon(file->part);
    free(file->image.bytes);
    free(file);
}

const char *pv_h5_path(const pv_h5 *file) { return file->path; }

/* ---- names ---- */

int pv_h5_is_attribute(const char *name) { return strchr(name, '@') != NULL; }

const char *pv_h5_split(char object[static 256], const char *name)
{
    const char *at = strchr(name, '@');
    snprintf(object, 256, "%.*s", (int)(at - name), name);
    if (!*object) strcpy(object, "/");
    return at + 1;
}

/* Whether every step of a path is there: the library takes a missing one on the way for an error.
 * Negative, as in the next: the library cannot tell. */
static htri_t object_exists(hid_t file, const char *name)
{
    char upto[256];
    htri_t there = 1;
    for (const char *end = name; *end && there > 0;) {
        end += strspn(end, "/");
        end += strcspn(end, "/");
        snprintf(upto, sizeof upto, "%.*s", (int)(end - name), name);
        if (strcmp(upto, "/") != 0) there = H5Lexists(file, upto, H5P_DEFAULT);
    }
    return there;
}

static htri_t exists(hid_t file, const char *name)
{
    char object[256];
    if (!pv_h5_is_attribute(name)) return object_exists(file, name);
    const char *attribute = pv_h5_split(object, name);
    const htri_t there = object_exists(file, object);
    return there > 0 ? H5Aexists_by_name(file, object, attribute, H5P_DEFAULT) : there;
}

int pv_h5_has(pv_h5 *file, const char *name)
{
    pv_h5_enter();
    int there = exists(file->id, name) > 0;
    pv_h5_leave();
    return there;
}

static pv_status look(const pv_h5 *file, const char *name, int *there)
{
    const htri_t found = exists(file->id, name);
    *there = found > 0;
    return found < 0 ? pv_h5_refuse(PV_EDATA, file, name, "cannot be looked up") : PV_OK;
}

pv_status pv_h5_look(pv_h5 *file, const char *name, int *there)
{
    pv_h5_enter();
    pv_status status = look(file, name, there);
    pv_h5_leave();
    return status;
}

pv_status pv_h5_locate(const pv_h5 *file, const char *name, hid_t *out)
{
    char object[256];
    int attribute = pv_h5_is_attribute(name), there;
    const char *kind = attribute ? "attribute" : "data set";
    *out = -1;
    PV_TRY(look(file, name, &there));
    if (!there) return pv_fail(PV_EDATA, "%s: has no %s '%s'", file->path, kind, name);
    if (attribute) {
        const char *short_name = pv_h5_split(object, name);
        *out = H5Aopen_by_name(file->id, object, short_name, H5P_DEFAULT, H5P_DEFAULT);
    } else {
        *out = H5Dopen2(file->id, name, H5P_DEFAULT);
    }
    if (*out >= 0) return PV_OK;
    return pv_h5_refuse(PV_EDATA, file, name,
                        attribute ? "is a damaged attribute"
                                  : "is not a data set, or a damaged one");
}
