/* checkpoint.h -- the state of a model in host memory, and its file; private to host/train/. */
#ifndef PV_TRAIN_CHECKPOINT_H
#define PV_TRAIN_CHECKPOINT_H

#include "base/hdf5.h"
#include "train/trainer.h"

enum { PV_PARTS = 3 }; /* parameters, Adam's m and v */

/* All of the state: PV_PARTS times `count` floats, then the log. */
typedef struct {
    float *memory; /* owned */
    float *part[PV_PARTS];
    float *log;
    size_t count, log_rows, log_terms;
} pv_state;
pv_status pv_state_open(pv_state *out, size_t count, size_t log_rows, size_t log_terms);

/* What a checkpoint says of its model besides the state. */
typedef struct {
    const pv_vae *vae;
    uint64_t step, seed, data;
    const char *objective, *device;
    size_t latents;          /* before any were pruned */
    const int32_t *variable; /* [vae->latents] which of these are left; NULL: all */
} pv_origin;

/* DIRECTORY/snapshots/000000001000.h5 */
void pv_snapshot_path(char out[static 4096], const char *directory, uint64_t step);

/* The file appears when it is complete. */
pv_status pv_state_write(const pv_state *state, const pv_origin *origin, const char *path);
/* Opens the state, which the caller frees also after a failure. */
pv_status pv_state_read(pv_state *out, uint64_t *step, const pv_vae *vae, pv_h5 *file);

#endif
