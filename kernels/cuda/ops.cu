/* ops.cu -- the kernels of PV_OPS, expanded over their bodies, and the table of them. */
#include "drivers.cuh"

#include "../batch.h"
#include "../discriminator.h"
#include "../gaussian.h"
#include "../parameters.h"
#include "../reconstruction.h"
#include "../regularisers.h"
#include "../statistics.h"
#include "../total_correlation.h"

PV_OPS(MAP, EACH, ROWS, COLUMNS)

/* Designated entries are no C++17: the list's own order makes the table. */
#define ENTRY_MAP(op) {NULL, op##_queue},
#define ENTRY_EACH(op) {NULL, op##_queue_each},
#define ENTRY_COLUMNS(op) {op##_workspace, op##_queue},
static const cuda_kernel table[] = {PV_OPS(ENTRY_MAP, ENTRY_EACH, ENTRY_MAP, ENTRY_COLUMNS)};

const cuda_kernel *pv_cuda_kernel(pv_op op)
{
    if (op == PV_OP_dense) return &pv_cuda_dense;
    if (op == PV_OP_dense_weight_grad) return &pv_cuda_dense_weight_grad;
    return &table[op - PV_OP_conv_weight_grad - 1];
}
