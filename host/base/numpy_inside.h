/* numpy_inside.h -- what the sources of numpy.h share. */
#ifndef PV_NUMPY_INSIDE_H
#define PV_NUMPY_INSIDE_H

#include <stdint.h>
#include <stdio.h>
#include <zip.h>

#include "base/numpy.h"

#define PV_NUMPY_NPY "\x93NUMPY" /* its first PV_NUMPY_MARK bytes */

struct pv_numpy {
    char path[4096];
    const char *alone; /* of a .npy; NULL: an .npz */
    FILE *plain;
    zip_t *archive;
    uint64_t size; /* of the file */
};

/* What the header of a .npy says; its sizes do not overflow. */
typedef struct {
    char type;   /* f i u b S U */
    size_t size; /* bytes of an element */
    int swapped; /* the first byte is the highest */
    int fortran; /* the first dimension runs fastest */
    int rank;
    size_t dim[PV_NUMPY_RANK];
    uint64_t elements, bytes;
} pv_numpy_header;

/* `text` is the dictionary, ended by a zero byte that `size` does not count; `label` begins an
 * error. */
pv_status pv_numpy_header_parse(pv_numpy_header *out, const char *text, size_t size,
                                const char *label);

/* The array of that header, as it is described to callers. */
pv_numpy_array pv_numpy_described(const pv_numpy_header *header, const char *name);

/* Turns elements `first` to first + count - 1 of the file's order, at `bytes`, into those of `out`.
 */
pv_status pv_numpy_convert(const pv_numpy_header *header, const pv_numpy_array *array,
                           const unsigned char *bytes, uint64_t first, size_t count, void *out,
                           const char *label);

/* How many entries NAME.npy an .npz has, and the last one's index. */
int pv_numpy_entries(pv_numpy *file, const char *name, zip_uint64_t *index);

typedef struct {
    pv_numpy *file;
    char label[4224]; /* begins an error: "FILE: 'NAME'", or "FILE:" of a .npy */
    zip_file_t *entry;
    uint64_t left; /* bytes that are said to follow */
} pv_numpy_stream;

/* Opens an array and takes its header; as many bytes follow as it promises. */
pv_status pv_numpy_begin(pv_numpy_stream *s, pv_numpy *file, const char *name,
                         pv_numpy_header *header);
pv_status pv_numpy_take(pv_numpy_stream *s, void *out, size_t size);
/* All was taken: nothing follows, and the entry's checksum is right, which is told at its end. */
pv_status pv_numpy_finish(pv_numpy_stream *s);
void pv_numpy_end(pv_numpy_stream *s); /* after pv_numpy_begin went well */

/* "int64 [59, 3]", for messages. */
typedef char pv_numpy_text[256];
const char *pv_numpy_header_text(pv_numpy_text out, const pv_numpy_header *header);
const char *pv_numpy_array_text(pv_numpy_text out, const pv_numpy_array *array);

#endif
