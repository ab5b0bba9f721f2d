/* mat.h -- an array of bytes from a MATLAB file. */
#ifndef PV_IMPORT_MAT_H
#define PV_IMPORT_MAT_H

#include <stddef.h>
#include <stdint.h>

#include "polarvae/status.h"

enum { PV_MAT_RANK = 8 };

/* Reads the variable `name`, uint8 of exactly these dims (more than 4 bytes, at least 2 dims), in
 * MATLAB's order: the first dim is the fastest. Files are of MATLAB 5 to 7.2, compressed or not;
 * what stands before the variable must be arrays of numbers or text. PV_EDATA says what is wrong
 * with any other file, and nothing is allocated on its word. */
pv_status pv_mat_read(uint8_t *out, const char *path, const char *name, int rank,
                      const size_t *dim);

#endif
