/* onnx.h -- an ONNX model, put together piece by piece: opset 13, IR version 7.
 *
 * A failure is remembered, what comes after it does nothing, and pv_onnx_pack tells it. Names are
 * copied. */
#ifndef PV_ONNX_H
#define PV_ONNX_H

#include <stddef.h>
#include <stdint.h>

#include "polarvae/status.h"

enum { PV_ONNX_RANK = 4, PV_ONNX_NAME = 64 };

typedef struct pv_onnx pv_onnx;

pv_status pv_onnx_new(pv_onnx **out, const char *graph);
void pv_onnx_free(pv_onnx *onnx); /* NULL is fine */

void pv_onnx_property(pv_onnx *onnx, const char *key, const char *value);

/* float32 [N, dim...]: N is free. */
void pv_onnx_input(pv_onnx *onnx, const char *name, int rank, const int64_t *dim);
void pv_onnx_output(pv_onnx *onnx, const char *name, int rank, const int64_t *dim);

/* A constant. The caller fills in what is returned, by rows; NULL after a failure. */
float *pv_onnx_reals(pv_onnx *onnx, const char *name, int rank, const int64_t *dim);
int64_t *pv_onnx_wholes(pv_onnx *onnx, const char *name, int64_t count);

typedef struct {
    const char *name;
    int count; /* 0: a real; 1: a whole number; more: a list of them */
    int64_t value[PV_ONNX_RANK];
    float real;
} pv_onnx_attribute;

/* A node is called after its only output. */
typedef struct {
    const char *type;
    const char *input[3]; /* ends with NULL where there are fewer */
    const char *output;
    pv_onnx_attribute attribute[4]; /* ends with a NULL name where there are fewer */
} pv_onnx_node;
void pv_onnx_add(pv_onnx *onnx, const pv_onnx_node *node);

/* The whole as the bytes of its file, to be freed; `path` begins an error. PV_EUSAGE if they are
 * more than the 2 GiB that a file of this kind can have. */
pv_status pv_onnx_pack(const pv_onnx *onnx, const char *path, uint8_t **bytes, size_t *size);

#endif
