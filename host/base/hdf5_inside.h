/* hdf5_inside.h -- what the files hdf5*.c share. */
#ifndef PV_HDF5_INSIDE_H
#define PV_HDF5_INSIDE_H

#include <hdf5.h>

#include "base/hdf5.h"
#include "base/hdf5_image.h"

struct pv_h5 {
    hid_t id;
    char path[4096];
    /* of a file that is written, else -1 and "" */
    int descriptor;
    char part[4096];
    pv_h5_image image;
};

/* The library is entered only between these two: it keeps its state without locks, and prints its
 * errors unless told otherwise in each thread. */
void pv_h5_enter(void);
void pv_h5_leave(void);

/* Everything below is called inside. */

void pv_h5_drop(hid_t id); /* closes anything; negative is fine */

/* Fails with the library's own words about its last error. */
pv_status pv_h5_refuse(pv_status status, const pv_h5 *file, const char *name, const char *what);

/* The data set or attribute `name`; what it is follows from whether the name has an '@'. */
pv_status pv_h5_locate(const pv_h5 *file, const char *name, hid_t *out);
int pv_h5_is_attribute(const char *name);
/* Splits "object@attribute" and returns the attribute; the object of "@x" is "/". */
const char *pv_h5_split(char object[static 256], const char *name);

size_t pv_h5_elements(const pv_h5_array *array);
/* The type in memory, to be dropped. Text is as the file has it (`stored`), else ASCII. */
hid_t pv_h5_memory_type(const pv_h5_array *array, hid_t stored);

/* Of the chunks of a data set that hold these rows: all are there, and have their size. */
pv_status pv_h5_check_chunks(const pv_h5 *file, const pv_h5_array *array, hid_t id, size_t first,
                             size_t rows);

#endif
