/* norb_matrix.h -- the binary files of NORB: a matrix each, checked and read by position.
 *
 * A file is a magic number that tells the type, the number of dimensions, at least three of them
 * (all int32, low byte first), and the values. Files that end in .gz are unpacked once, into a file
 * in $TMPDIR (or /tmp) that has no name. */
#ifndef PV_IMPORT_NORB_MATRIX_H
#define PV_IMPORT_NORB_MATRIX_H

#include <stddef.h>
#include <stdint.h>

#include "polarvae/status.h"

/* X(name, magic number, bytes of a value, in messages) */
#define PV_NORB_TYPES(X)                                                                           \
    X(BYTE, 0x1e3d4c55, 1, "uint8")                                                                \
    X(WHOLE, 0x1e3d4c54, 4, "int32")

#define X(name, magic, bytes, text) PV_NORB_##name,
typedef enum { PV_NORB_TYPES(X) } pv_norb_type;
#undef X

enum { PV_NORB_RANK = 4, PV_NORB_PATH = 4096 };

typedef struct {
    pv_norb_type type;
    int rank;
    int dim[PV_NORB_RANK]; /* of the first dimension, the most; found are 1 up to it */
} pv_norb_shape;

typedef struct {
    char path[PV_NORB_PATH];
    int file;        /* -1: none is open */
    size_t rows;     /* of the first dimension */
    uint64_t size;   /* bytes of the file, unpacked */
    uint64_t values; /* where they begin */
} pv_norb_matrix;

/* Opens `path` or, where there is none, `path`.gz. Its type is that of `shape`, and so are its
 * dimensions; the file is exactly as long as they say. After a failure nothing is open. */
pv_status pv_norb_open(pv_norb_matrix *out, const char *path, const pv_norb_shape *shape);
/* `size` bytes of the values, from byte `at` on. */
pv_status pv_norb_read(const pv_norb_matrix *matrix, uint64_t at, void *out, size_t size);
void pv_norb_close(pv_norb_matrix *matrix);

#endif
