/* source.h -- the data set that a configuration asks for. */
#ifndef POLARVAE_SOURCE_H
#define POLARVAE_SOURCE_H

#include "polarvae/config.h"
#include "polarvae/data.h"

/* What the keys of the section "data" decide about images, names resolved. */
typedef struct {
    char name[PV_TEXT]; /* as the configuration has it */
    char file[4096];    /* where the images are */
    char background[4096];
    char nuisance[PV_TEXT]; /* "auto": as in the file */
    int generated;          /* the file is rendered if it is not there */
    int unclipped;
    pv_variant variant;
    int64_t memory; /* MiB, 0: what the machine has */
} pv_source;

/* data=NAME is a file, or the name of a data set of the study:
 *   dsprites             dsprites.h5 where data sets are kept: the public images if they were
 *                        imported, else the generated grid, which is rendered once
 *   dsprites_noshape     the same with shape as nuisance
 *   color_dsprites, noisy_dsprites, scream_dsprites    the same in a variant
 *   smallnorb, cars3d, shapes3d, mpi3d_toy, mpi3d_realistic, mpi3d_real    once imported
 * smallnorb_overshoot is for smallnorb, and files that hold such images; other names ignore it.
 * PV_EUSAGE where keys contradict each other. A zeroed struct compares with memcmp. */
pv_status pv_source_of(pv_source *out, const pv_config *config);

/* Opens it; unless quiet, shows progress and says on stderr what is rendered. */
pv_status pv_source_open(pv_data *out, const pv_source *source, int threads, int quiet);

/* Where data sets are kept: $POLARVAE_DATA, else the user's cache directory; made if missing. */
pv_status pv_data_directory(char out[4096]);

#endif
