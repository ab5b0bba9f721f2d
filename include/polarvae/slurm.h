/* slurm.h -- a sweep as array jobs of Slurm.
 *
 * The models are dealt out to N tasks: task i trains those whose index leaves the remainder i when
 * divided by N, with `polarvae sweep ... --shard i/N`. Tasks are elements of array jobs; there are
 * several arrays where a cluster's arrays are shorter than N. Tasks whose models are all finished
 * are left out.
 *
 * An array job is a file DIR/slurm/array-K.sh, which `sbatch` takes as it is; what its tasks say is
 * in DIR/slurm/JOB_TASK.log, and the numbers of the jobs are in DIR/slurm/jobs.
 *
 * How a task ends, and what follows:
 *   preempted, node failed   Slurm queues it again (--requeue)
 *   time limit               USR1 comes 120 s before; the models at work leave checkpoints; the
 *                            task has itself queued again, at most PV_SLURM_RESTARTS times
 *   grace before preemption  as at the time limit
 *   scancel                  the models at work leave checkpoints, and that is all
 *   a model failed           the others are trained; then the task has failed, with status 1
 * Whatever was cut off goes on to the same bits. */
#ifndef POLARVAE_SLURM_H
#define POLARVAE_SLURM_H

#include <stdio.h>

#include "polarvae/sweep.h"

enum {
    PV_SLURM_MODELS = 10,    /* of a task, unless something else is asked for */
    PV_SLURM_ARRAY = 1001,   /* MaxArraySize of a cluster that says nothing else */
    PV_SLURM_RESTARTS = 100, /* after which a task does not queue itself again */
};

typedef struct {
    const char *directory; /* DIR */
    const char *sbatch;    /* options of sbatch: "--partition=gpu --gres=gpu:1 --time=4:00:00" */
    const char *file;      /* the sweep file */
    /* What else the tasks' `polarvae sweep` is called with: assignments, "--lanes", "4". */
    int count;
    const char *const *argument;
    int train_only; /* models are finished without an evaluation */
    /* At most one of these is not 0. */
    size_t tasks, models_per_task;
    size_t max_array; /* tasks of an array job at most; 0: the cluster's MaxArraySize */
    int dry_run;      /* nothing is written or submitted, the files go to `out` */
    FILE *out;        /* a line for each array job that was submitted */
} pv_slurm_options;

/* PV_EUSAGE if a directory holds a run of another configuration, or the options of sbatch are none.
 * PV_EIO with Slurm's own words if it refuses, and how many arrays had been submitted; or if jobs
 * of an earlier submission are still in the queue. */
pv_status pv_slurm_submit(const pv_sweep *sweep, const pv_slurm_options *options);

#endif
