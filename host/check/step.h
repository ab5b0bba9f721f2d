/* step.h -- the fixed steps, and what is kept of one; private to host/check/. */
#ifndef PV_CHECK_STEP_H
#define PV_CHECK_STEP_H

#include "polarvae/check.h"
#include "polarvae/train.h"

/* ---- what is kept: a row for each tensor ---- */

enum { PV_CHECK_PROBES = 128, PV_CHECK_SKETCH = 32 };

/* X(column, type in the file, C type, elements a row)
 * smallest: magnitude. sketch, value: see check.h; values of whole numbers are their last 24 bits.
 */
#define PV_CHECK_COLUMNS(X)                                                                        \
    X(name, TEXT, char, PV_CHECK_NAME)                                                             \
    X(kind, U8, uint8_t, 1)                                                                        \
    X(size, U64, uint64_t, 1)                                                                      \
    X(largest, F64, double, 1)                                                                     \
    X(smallest, F64, double, 1)                                                                    \
    X(sketch, F64, double, PV_CHECK_SKETCH)                                                        \
    X(value, F32, float, PV_CHECK_PROBES)

typedef struct {
    uint64_t inputs; /* a hash of images, parameters and settings */
    double slope;    /* the steepest of Adam's first step; not in the file */
    size_t count;
#define X(column, type, c, width) c *column;
    PV_CHECK_COLUMNS(X)
#undef X
} pv_check_table;

/* Adds a row about `size` numbers; the name is told apart from equal ones of the same kind. */
pv_status pv_check_table_add(pv_check_table *table, const char *name, pv_check_kind kind,
                             const float *x, size_t size);
pv_status pv_check_table_resize(pv_check_table *table, size_t count); /* new rows are zero */
void pv_check_table_clear(pv_check_table *table);                     /* a zeroed one is fine */
/* How many values of a row there are. */
size_t pv_check_probes(const pv_check_table *table, size_t row);

/* 32 random bits. key: the number of an image, or one of these, the last plus a seed. */
enum { PV_CHECK_FOR_POSITION = 1000, PV_CHECK_FOR_SIGN, PV_CHECK_FOR_VALUES };
uint32_t pv_check_word(uint64_t key, uint64_t i);

/* ---- the steps ---- */

typedef struct {
    const char *name; /* "factor_batch=second" */
    const char *objective;
    const char *set[3]; /* beside the settings that all have; ends with NULL */
    int channels;
    uint64_t seed; /* of the parameters */
} pv_check_step;

int pv_check_steps(void); /* how many */
pv_check_step pv_check_step_get(int index);

/* A step's model in training, with its parameters set. */
typedef struct {
    pv_config config;
    pv_data data;
    pv_device_data images;
    pv_trainer *trainer;
    pv_stream *stream;
    float *value; /* the parameters of the start, [count] */
    size_t count;
    uint64_t inputs;
} pv_check_model;

pv_status pv_check_model_open(pv_check_model *out, const pv_check_step *step, pv_stream *stream);
void pv_check_model_close(pv_check_model *model); /* a zeroed one is fine */

/* What the kernels of the captured step write for a row, of a copy of it that changes no
 * parameters. */
pv_status pv_check_watch(pv_check_table *table, const pv_check_model *model);

/* ---- the file ---- */

/* The tables of all steps, in their order. Those that were read are cleared by the caller, also
 * after a failure; device and version of the report become those that wrote the file. */
pv_status pv_check_file_write(const char *path, const pv_check_table *tables, const char *device);
pv_status pv_check_file_read(pv_check_table *tables, pv_check_report *report, const char *path);

#endif
