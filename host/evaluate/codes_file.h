/* codes_file.h -- codes in the formats of files. */
#ifndef PV_CODES_FILE_H
#define PV_CODES_FILE_H

#include <stddef.h>

#include "polarvae/evaluate.h"

/* ---- reading: what is asked of a file, whatever its format ---- */

/* Rows of numbers (float, int32_t, double), or of names (char[PV_CODES_NAME], in one column). */
typedef enum { PV_CODES_REALS, PV_CODES_WHOLES, PV_CODES_DOUBLES, PV_CODES_NAMES } pv_codes_kind;
enum { PV_CODES_NAME = 32 };

typedef struct {
    const char *name;
    pv_codes_kind kind;
    size_t rows, columns;
} pv_codes_table;

typedef struct {
    int rank; /* 2: a table */
    size_t dim[2];
    int fractions; /* it is of floats */
} pv_codes_shape;

typedef struct {
    /* Fails where the file is too damaged to tell. */
    pv_status (*has)(void *file, const char *name, int *there);
    /* Fails where there is no such array. */
    pv_status (*shape)(void *file, const char *name, pv_codes_shape *out);
    /* Fails where the array is of another kind or shape, or a value does not fit. */
    pv_status (*read)(void *file, const pv_codes_table *table, void *out);
    void (*close)(void *file);
} pv_codes_format;

typedef struct {
    const pv_codes_format *format;
    void *file;
    const char *path; /* borrowed */
} pv_codes_file;

pv_status pv_codes_open_hdf5(pv_codes_file *out, const char *path);
/* `alone` names the array of a .npy file. */
pv_status pv_codes_open_numpy(pv_codes_file *out, const char *path, const char *alone);

/* ---- writing ---- */

pv_status pv_codes_write_hdf5(const pv_codes *codes, const char *path);
pv_status pv_codes_write_numpy(const pv_codes *codes, const char *path);

#endif
