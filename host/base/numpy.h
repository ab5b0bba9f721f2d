/* numpy.h -- arrays of NumPy's files: .npy and .npz to read, .npz to write.
 *
 * An .npz is a zip archive of .npy files: its array "mean" is the entry mean.npy, stored or
 * deflated. A .npy holds one array and no name; who opens it gives it one. Which of the two a file
 * is, its first bytes tell. Read are versions 1.0, 2.0 and 3.0 with floats of 32 and 64 bits (f4
 * f8), whole numbers (i1 i2 i4 i8 u1 u2 u4 u8 b1) and text (S, U), of either byte order, by rows or
 * by columns (fortran_order). Python objects are refused: they are pickles, which are programs.
 *
 * Each claim of a file is checked. Nothing is allocated on a file's word: an array has as many
 * bytes as its header promises, and no more than what is in the file can unpack to. Entries are
 * looked up by name, never unpacked to disk. Every failure is one line that holds the file, the
 * array, what was found and what would be right.
 *
 *     pv_numpy *file;
 *     pv_numpy_array mean = {.name = "mean", .kind = PV_NUMPY_REAL, .rank = 2, .dim = {n, d}};
 *     PV_TRY(pv_numpy_open(&file, path, NULL));
 *     rc = pv_numpy_read(file, &mean, out);
 *     pv_numpy_close(file);
 */
#ifndef PV_NUMPY_H
#define PV_NUMPY_H

#include <stddef.h>
#include <stdint.h>

#include "polarvae/status.h"

/* X(name, the type in memory, in messages) */
#define PV_NUMPY_KINDS(X)                                                                          \
    X(REAL, float, "float32")                                                                      \
    X(DOUBLE, double, "float64") /* what is found is REAL */                                       \
    X(WHOLE, int32_t, "int32")                                                                     \
    X(BYTE, uint8_t, "uint8") /* only of u1 and b1; what is found is WHOLE */                      \
    X(TEXT, char, "text")     /* rows of `width` bytes of UTF-8, filled up with zero bytes */

#define X(name, c, text) PV_NUMPY_##name,
typedef enum { PV_NUMPY_KINDS(X) } pv_numpy_kind;
#undef X

enum { PV_NUMPY_RANK = 9 };

typedef struct {
    const char *name;
    pv_numpy_kind kind;
    int rank; /* 0: one value */
    size_t dim[PV_NUMPY_RANK];
    size_t width; /* to read TEXT: bytes of a row, with a zero byte */
} pv_numpy_array;

typedef struct pv_numpy pv_numpy;

/* How many first bytes of a file tell what it is; whether these are of a file to be read here. */
enum { PV_NUMPY_MARK = 6 };
int pv_numpy_begins(const unsigned char start[static PV_NUMPY_MARK]);

/* `alone` names the array of a .npy file; where it is NULL, a .npy file is refused. */
pv_status pv_numpy_open(pv_numpy **out, const char *path, const char *alone);
void pv_numpy_close(pv_numpy *file); /* NULL is fine */

int pv_numpy_has(pv_numpy *file, const char *name);
/* Fills in kind, rank and dim; what they claim has been checked. */
pv_status pv_numpy_find(pv_numpy *file, const char *name, pv_numpy_array *out);
/* Reads the whole array, by rows. It must have exactly this kind, rank and these dims; its width in
 * bits is converted, and a value that does not fit is an error. */
pv_status pv_numpy_read(pv_numpy *file, const pv_numpy_array *array, void *out);

/* The same in parts, one after another, of an array that the file holds by rows: never more of it
 * is in memory than is asked for. Of a .npy, nothing else is read meanwhile. */
typedef struct pv_numpy_parts pv_numpy_parts;
pv_status pv_numpy_parts_open(pv_numpy_parts **out, pv_numpy *file, const pv_numpy_array *array);
/* The next `count` elements. Whether the archive's checksum over all of them is right is told with
 * the last ones. */
pv_status pv_numpy_parts_next(pv_numpy_parts *parts, size_t count, void *out);
void pv_numpy_parts_close(pv_numpy_parts *parts); /* before the file; NULL is fine */

/* An array to be written; its name is the one in the file. TEXT needs a width too. */
typedef struct {
    pv_numpy_array array;
    const void *value;
} pv_numpy_item;

/* Writes an .npz as numpy.savez does, stored: numbers and, of UTF-8, Unicode text.
 * The same values make the same bytes. The file appears when it is complete. */
pv_status pv_numpy_write(const char *path, const pv_numpy_item *item, int count);

#endif
