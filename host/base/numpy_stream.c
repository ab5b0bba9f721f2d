/* numpy_stream.c -- the bytes of one array of a .npy or .npz file, one after another. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/numpy_inside.h"

/* A deflated stream unpacks to at most 1032 times its size: 258 bytes of two bits. */
enum { EXPANSION = 1032, HEADER_MOST = 65535 };

int pv_numpy_entries(pv_numpy *file, const char *name, zip_uint64_t *index)
{
    int count = 0;
    const zip_int64_t all = zip_get_num_entries(file->archive, 0);
    const size_t length = strlen(name);
    for (zip_int64_t i = 0; i < all; i++) {
        const char *entry = zip_get_name(file->archive, (zip_uint64_t)i, ZIP_FL_ENC_RAW);
        if (!entry || strncmp(entry, name, length) != 0 || strcmp(entry + length, ".npy") != 0)
            continue;
        *index = (zip_uint64_t)i;
        count++;
    }
    return count;
}

/* The sizes that an archive states of an entry, against each other and the file's. */
static pv_status check_entry(const pv_numpy_stream *s, const zip_stat_t *is)
{
    const zip_uint64_t wanted =
        ZIP_STAT_SIZE | ZIP_STAT_COMP_SIZE | ZIP_STAT_COMP_METHOD | ZIP_STAT_ENCRYPTION_METHOD;
    if ((is->valid & wanted) != wanted)
        return pv_fail(PV_EDATA, "%s has no size in its archive", s->label);
    if (is->encryption_method != ZIP_EM_NONE)
        return pv_fail(PV_EDATA, "%s is encrypted; expected a file of numpy.savez", s->label);
    if (is->comp_method != ZIP_CM_STORE && is->comp_method != ZIP_CM_DEFLATE)
        return pv_fail(PV_EDATA, "%s is packed by zip's method %u; expected stored or deflated",
                       s->label, (unsigned)is->comp_method);
    const uint64_t most = is->comp_method == ZIP_CM_STORE ? 1 : EXPANSION;
    if (is->comp_size > s->file->size || is->size / most > is->comp_size)
        return pv_fail(PV_EDATA,
                       "%s is forged or damaged: %" PRIu64 " bytes cannot come of %" PRIu64
                       " packed ones in a file of %" PRIu64,
                       s->label, (uint64_t)is->size, (uint64_t)is->comp_size, s->file->size);
    return PV_OK;
}

static pv_status begin_entry(pv_numpy_stream *s, const char *name)
{
    zip_uint64_t index;
    zip_stat_t is;
    const int count = pv_numpy_entries(s->file, name, &index);
    if (count != 1)
        return pv_fail(PV_EDATA, "%s: has %d arrays '%s'; expected one", s->file->path, count,
                       name);
    zip_stat_init(&is);
    if (zip_stat_index(s->file->archive, index, 0, &is) == 0) {
        PV_TRY(check_entry(s, &is));
        s->left = is.size;
        s->entry = zip_fopen_index(s->file->archive, index, 0);
        if (s->entry) return PV_OK;
    }
    return pv_fail(PV_EDATA, "%s is damaged: %s", s->label, zip_strerror(s->file->archive));
}

static pv_status begin_plain(pv_numpy_stream *s, const char *name)
{
    if (strcmp(name, s->file->alone) != 0)
        return pv_fail(PV_EDATA, "%s: has no array '%s'", s->file->path, name);
    s->left = s->file->size;
    if (fseek(s->file->plain, 0, SEEK_SET) == 0) return PV_OK;
    return pv_fail(PV_EIO, "%s: cannot be read: %s", s->file->path, strerror(errno));
}

pv_status pv_numpy_take(pv_numpy_stream *s, void *out, size_t size)
{
    if (size > s->left) return pv_fail(PV_EDATA, "%s ends within its header", s->label);
    s->left -= size;
    if (!s->entry) {
        if (fread(out, 1, size, s->file->plain) == size) return PV_OK;
        return pv_fail(PV_EIO, "%s cannot be read: %s", s->label,
                       ferror(s->file->plain) ? strerror(errno) : "it became shorter");
    }
    for (size_t got = 0; got < size;) {
        zip_int64_t n = zip_fread(s->entry, (char *)out + got, size - got);
        if (n <= 0)
            return pv_fail(PV_EDATA, "%s is damaged: %s", s->label,
                           n == 0 ? "the array ends early" : zip_file_strerror(s->entry));
        got += (size_t)n;
    }
    return PV_OK;
}

pv_status pv_numpy_finish(pv_numpy_stream *s)
{
    char more;
    if (!s->entry) return PV_OK;
    zip_int64_t n = zip_fread(s->entry, &more, 1);
    if (n == 0) return PV_OK;
    return pv_fail(PV_EDATA, "%s is damaged: %s", s->label,
                   n > 0 ? "the array is longer than stated" : zip_file_strerror(s->entry));
}

static pv_status take_header(pv_numpy_stream *s, pv_numpy_header *h)
{
    unsigned char mark[12] = {0};
    char text[HEADER_MOST + 1];
    PV_TRY(pv_numpy_take(s, mark, 8));
    if (memcmp(mark, PV_NUMPY_NPY, PV_NUMPY_MARK) != 0)
        return pv_fail(PV_EDATA, "%s is no .npy: its first 6 bytes are not NumPy's", s->label);
    if (mark[6] < 1 || mark[6] > 3 || mark[7] != 0)
        return pv_fail(PV_EDATA,
                       "%s has the .npy format's version %d.%d; expected 1.0, 2.0 or "
                       "3.0",
                       s->label, mark[6], mark[7]);
    PV_TRY(pv_numpy_take(s, mark + 8, mark[6] == 1 ? 2 : 4));
    const size_t size =
        mark[8] | (size_t)mark[9] << 8 | (size_t)mark[10] << 16 | (size_t)mark[11] << 24;
    if (size > HEADER_MOST)
        return pv_fail(PV_EDATA, "%s has a header of %zu bytes; at most %d are read", s->label,
                       size, HEADER_MOST);
    PV_TRY(pv_numpy_take(s, text, size));
    text[size] = 0;
    PV_TRY(pv_numpy_header_parse(h, text, size, s->label));
    if (h->bytes == s->left) return PV_OK;
    pv_numpy_text is;
    return pv_fail(PV_EDATA,
                   "%s is %s, which takes %" PRIu64 " bytes, but %" PRIu64 " follow its header",
                   s->label, pv_numpy_header_text(is, h), h->bytes, s->left);
}

void pv_numpy_end(pv_numpy_stream *s)
{
    if (s->entry) zip_fclose(s->entry);
}

pv_status pv_numpy_begin(pv_numpy_stream *s, pv_numpy *file, const char *name, pv_numpy_header *h)
{
    *s = (pv_numpy_stream){.file = file};
    if (file->archive)
        snprintf(s->label, sizeof s->label, "%s: '%s'", file->path, name);
    else
        snprintf(s->label, sizeof s->label, "%s:", file->path);
    pv_status status = file->archive ? begin_entry(s, name) : begin_plain(s, name);
    if (status == PV_OK) status = take_header(s, h);
    if (status != PV_OK) pv_numpy_end(s);
    return status;
}
