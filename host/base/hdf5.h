/* hdf5.h -- HDF5 files: whole typed arrays and attributes by name, each checked.
 *
 * A name is "group/data set" or "object@attribute" ("@seed": of the file itself). Groups on the
 * way are made when something is written. Every failure is one line that holds the file, the name,
 * what was found and what was expected. All calls may be made from any thread: one lock for the
 * process stands before the library. Nothing is opened with HDF5's own file locks, which fail on
 * NFS and Lustre: a file here appears under its name only when it is complete.
 *
 *     pv_h5 *file;
 *     pv_h5_array mean = {.name = "mean", .type = PV_H5_F32, .rank = 2, .dim = {n, d}};
 *     PV_TRY(pv_h5_create(&file, path));
 *     rc = pv_h5_write(file, &mean, codes->mean);
 *     if (rc == PV_OK) rc = pv_h5_commit(file);
 *     pv_h5_close(file);
 */
#ifndef PV_HDF5_H
#define PV_HDF5_H

#include <stddef.h>

#include "polarvae/status.h"

/* X(name, C type, the library's type in memory, the name in messages) */
#define PV_H5_TYPES(X)                                                                             \
    X(U8, uint8_t, H5T_NATIVE_UINT8, "uint8")                                                      \
    X(I16, int16_t, H5T_NATIVE_INT16, "int16")                                                     \
    X(I32, int32_t, H5T_NATIVE_INT32, "int32")                                                     \
    X(I64, int64_t, H5T_NATIVE_INT64, "int64")                                                     \
    X(U64, uint64_t, H5T_NATIVE_UINT64, "uint64")                                                  \
    X(F32, float, H5T_NATIVE_FLOAT, "float32")                                                     \
    X(F64, double, H5T_NATIVE_DOUBLE, "float64")

#define X(name, c, memory, text) PV_H5_##name,
typedef enum {
    PV_H5_TYPES(X) PV_H5_TEXT /* rows of `width` bytes, each ended by a zero byte */
} pv_h5_type;
#undef X

enum { PV_H5_RANK = 4 };

typedef struct {
    const char *name;
    pv_h5_type type;
    int rank; /* 0: one value */
    size_t dim[PV_H5_RANK];
    size_t width; /* of a TEXT row, in bytes, with the zero */
    size_t chunk; /* data sets: rows of a compressed chunk, 0: stored as they are */
} pv_h5_array;

typedef struct pv_h5 pv_h5;

pv_status pv_h5_open(pv_h5 **out, const char *path); /* to read */
/* To write; the file is there under `path` after pv_h5_commit (write, fsync, rename), and in
 * memory until then. */
pv_status pv_h5_create(pv_h5 **out, const char *path);
pv_status pv_h5_commit(pv_h5 *file);
void pv_h5_close(pv_h5 *file); /* removes what was not committed; NULL is fine */
const char *pv_h5_path(const pv_h5 *file);

int pv_h5_has(pv_h5 *file, const char *name);
/* The same, for what a file may lack: PV_EDATA where it is so damaged that nobody can tell. */
pv_status pv_h5_look(pv_h5 *file, const char *name, int *there);
/* Fills in type (the nearest of ours), rank, dim, width and chunk; PV_EDATA where there is none, or
 * the file is too small for what it claims. */
pv_status pv_h5_find(pv_h5 *file, const char *name, pv_h5_array *out);

/* Reads or writes the whole array. To be read, it must have exactly this rank and these dims, and
 * be of the same kind (whole numbers, reals, text); its width is converted, and a value that does
 * not fit is an error; infinity fits. */
pv_status pv_h5_read(pv_h5 *file, const pv_h5_array *array, void *out);
pv_status pv_h5_write(pv_h5 *file, const pv_h5_array *array, const void *value);

/* Data sets in pieces. `array` has the whole shape; rows are those of the first dimension. */
pv_status pv_h5_read_rows(pv_h5 *file, const pv_h5_array *array, size_t first, size_t rows,
                          void *out);
/* Makes a data set of compressed chunks of array->chunk rows, empty so far ... */
pv_status pv_h5_make(pv_h5 *file, const pv_h5_array *array);
/* ... and stores the chunk that starts at row `first`: `size` bytes, a zlib stream of the whole
 * chunk (the last one is padded to array->chunk rows). Chunks may come in any order. */
pv_status pv_h5_write_chunk(pv_h5 *file, const pv_h5_array *array, size_t first, const void *zlib,
                            size_t size);

#endif
