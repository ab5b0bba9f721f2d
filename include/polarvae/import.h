/* import.h -- public files of image data sets, rewritten into the one layout that data.h reads.
 *
 * The published preprocessing is kept to the bit: 64 x 64 pixels, Lanczos where images are larger,
 * factors in the order of disentanglement_lib (Locatello et al., arXiv 1811.12359, its data/
 * ground_truth). Images lie in the order of their factors, the last factor fastest; factors that
 * the study samples but does not observe are marked as nuisance. */
#ifndef POLARVAE_IMPORT_H
#define POLARVAE_IMPORT_H

#include "polarvae/data.h"

typedef struct {
    const char *factors; /* images: the CSV file; NULL: factors.csv in the folder */
    const char *subset;  /* mpi3d: how many values each factor has in a part of the public grid, as
                            "4:4:2:3:3:40:40"; NULL: all of them */
    int side;            /* images: pixels of a side, a multiple of 16; 0: 64 */
    int threads;         /* that compress; 0: all cores. The file does not depend on it */
} pv_import_options;

struct pv_public; /* host/import/public.h */

typedef struct {
    const char *name;   /* "smallnorb": what the command and, once imported, data= call it */
    int kept;           /* data=NAME finds it where data sets are kept (source.h) */
    const char *source; /* what SOURCE is, as help says it */
    pv_status (*open)(struct pv_public *out, const char *source, const pv_import_options *options);
} pv_import_kind;
extern const pv_import_kind pv_import_kinds[]; /* ended by a NULL name */

/* Reads the public file or files at `source` and writes `out`, which appears only when it is
 * complete. PV_EUSAGE names an unknown kind; PV_EDATA and PV_EIO say what is wrong with the source,
 * where, and what would be right. `note`, if not empty afterwards, is a line for the user about
 * what the source lacks. progress may be NULL. */
enum { PV_IMPORT_NOTE = 512 };
pv_status pv_import(const char *kind, const char *source, const char *out,
                    const pv_import_options *options, char note[PV_IMPORT_NOTE],
                    const pv_progress *progress);

#endif
