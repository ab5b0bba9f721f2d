/* slurm.h -- the script of an array job, and what Slurm's programs say; private to host/sweep/. */
#ifndef PV_SWEEP_SLURM_H
#define PV_SWEEP_SLURM_H

#include "polarvae/slurm.h"

/* ---- the script ---- */

typedef struct {
    const pv_slurm_options *options;
    /* All of them absolute. */
    const char *path; /* of the script itself */
    const char *program, *file, *directory, *logs;
    const char *present;  /* the directory that other paths are relative to */
    const char *tasks;    /* as --array wants them: "0-3,7" */
    size_t offset, total; /* task T of the array is shard `offset` + T of `total` */
} pv_slurm_array;

/* The text, freed by the caller. PV_EUSAGE if Slurm has no way to write to that directory. */
pv_status pv_slurm_script(char **out, size_t *size, const pv_slurm_array *array);

/* ---- Slurm's programs ---- */

/* Runs a program of the PATH; *out is what it wrote on stdout, freed by the caller. PV_EIO with its
 * words on stderr, as one line, if it is not there or its exit status is not 0. */
pv_status pv_slurm_ask(char **out, const char *const *argument);

#endif
