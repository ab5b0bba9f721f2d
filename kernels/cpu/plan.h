/* plan.h -- how a program is carried out on the CPU.
 *
 * The batch is cut into a fixed number of groups of rows, whatever the number of threads. A stage
 * is a set of tasks that may run in any order and side by side: preparing packed operands, taking
 * one group through a run of kernels that see one row at a time, finishing sums over the batch,
 * kernels that want all rows, kernels over something else than the batch (parameters). A kernel
 * goes into the earliest stage in which all that it reads is complete.
 *
 * Within a group, rows go through consecutive kernels a few images at a time, so that what one
 * kernel writes is in cache when the next one reads it: few images for large activations, all of
 * the chunk for small ones with many weights. Activations that live within such a segment, within
 * a stage, or across stages, are placed in work space of that size.
 *
 * Sums over the batch are kept for each group and added in the order of the groups: no bit depends
 * on which thread did what. */
#ifndef PV_CPU_PLAN_H
#define PV_CPU_PLAN_H

#include "kernels.h"
#include "pool.h"

typedef struct pv_plan pv_plan;

pv_status pv_plan_make(pv_plan **out, const pv_program *program, const pv_cpu_table *table,
                       int threads);
void pv_plan_free(pv_plan *plan); /* NULL is fine */
void pv_plan_run(pv_plan *plan, pv_pool *pool);

#endif
