/* queue.c -- which lane works on which model next. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "polarvae/train.h"
#include "sweep/team.h"

/* Seconds after which a lane without work looks again at what other processes do. */
enum { LOOK_AGAIN = 2 };

void pv_team_show(pv_team *t)
{
    char detail[160];
    snprintf(detail, sizeof detail,
             "%zu of %zu models done, %zu training, %zu evaluating, %zu failed",
             t->result->finished, t->result->models, t->training, t->evaluating, t->result->failed);
    pv_bar_show(&t->bar, t->done, t->total, detail);
}

/* ---- taking ---- */

static int suits(const pv_lane *l, const pv_job *j, double now)
{
    if (j->not_yet > now) return 0;
    if (j->stage == PV_TO_TRAIN && !l->trains) return 0;
    return j->own || pv_shard_is_silent(l->team, j->index);
}

/* Second turns come last, own jobs before those of silent shards; of these, what is to be evaluated
 * comes first where the lane hurries, last where it does not. */
static int rank(const pv_lane *l, const pv_job *j)
{
    const int evaluate = j->stage == PV_TO_EVALUATE;
    return 4 * j->again + 2 * !j->own + (evaluate != l->hurries);
}

/* Removes the best job from the queue, or NULL. */
static pv_job *pick(pv_lane *l)
{
    pv_team *t = l->team;
    const double now = pv_now();
    size_t best = t->queued;
    for (size_t i = 0; i < t->queued; i++) {
        if (best < t->queued && rank(l, t->queue[i]) >= rank(l, t->queue[best])) continue;
        if (suits(l, t->queue[i], now)) best = i;
        if (best == i && rank(l, t->queue[i]) == 0) break;
    }
    if (best == t->queued) return NULL;
    pv_job *j = t->queue[best];
    t->queued--;
    memmove(t->queue + best, t->queue + best + 1, (t->queued - best) * sizeof(pv_job *));
    return j;
}

/* Until something changed, or it is time to look again. */
static void wait_a_little(pv_team *t)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += 200 * 1000 * 1000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_cond_timedwait(&t->changed, &t->lock, &until);
    pv_shard_beat(t);
}

pv_job *pv_team_take(pv_lane *l)
{
    pv_team *t = l->team;
    pv_job *j = NULL;
    pthread_mutex_lock(&t->lock);
    l->begun = 0;
    l->first = l->step = 0;
    while (!pv_signal_came() && !(j = pick(l)) && t->open > 0) wait_a_little(t);
    if (j) {
        const int training = j->stage == PV_TO_TRAIN;
        *(training ? &t->training : &t->evaluating) += 1;
        if (training && !j->counted) t->total += j->steps;
        j->counted = training;
    }
    pthread_mutex_unlock(&t->lock);
    return j;
}

/* ---- putting back ---- */

/* The steps of a model that will not be done, or not now, are no part of the work. */
static void forget(pv_team *t, const pv_lane *l, pv_job *j)
{
    j->counted = 0;
    t->total -= j->steps;
    t->done -= l->step;
    t->bar.first -= l->first;
}

static void queue_again(pv_team *t, pv_job *j) { t->queue[t->queued++] = j; }

static void close_job(pv_team *t, pv_job *j, pv_job_stage stage)
{
    j->stage = stage;
    t->result->taken_over += !j->own && stage == PV_DONE;
    if (!j->own) return;
    t->open--;
    *(stage == PV_DONE ? &t->result->finished : &t->result->failed) += 1;
}

static int may_pass(pv_status status)
{
    return status == PV_EIO || status == PV_ENOMEM || status == PV_EDEVICE;
}

static void fail(pv_team *t, pv_job *j, pv_status status, int moved)
{
    j->error = strdup(pv_error());
    if (may_pass(status) && moved && !j->again) {
        j->again = 1;
        queue_again(t, j);
    } else {
        close_job(t, j, PV_FAILED);
    }
}

void pv_team_put_back(pv_lane *l, pv_job *j, pv_status status, int moved)
{
    pv_team *t = l->team;
    const int trained = j->stage == PV_TO_TRAIN;
    pthread_mutex_lock(&t->lock);
    *(trained ? &t->training : &t->evaluating) -= 1;
    free(j->error);
    j->error = NULL;
    if (trained && status != PV_OK && status != PV_ESTOPPED) forget(t, l, j);
    if (trained && status == PV_OK && !moved) forget(t, l, j);
    if (status == PV_OK && trained && moved) t->result->trained++;
    if (status == PV_OK && trained && !t->options->train_only) {
        j->stage = PV_TO_EVALUATE;
        j->again = 0;
        queue_again(t, j);
    } else if (status == PV_OK) {
        close_job(t, j, PV_DONE);
    } else if (status == PV_EOWNED) {
        j->not_yet = pv_now() + LOOK_AGAIN;
        queue_again(t, j);
    } else if (status != PV_ESTOPPED) {
        fail(t, j, status, moved);
    }
    const int over = j->stage == PV_DONE || j->stage == PV_FAILED;
    if (t->done < t->total) pv_team_show(t);
    pthread_cond_broadcast(&t->changed);
    pthread_mutex_unlock(&t->lock);
    if (over) pv_set_leave(t->sets.at[j->set]);
}
