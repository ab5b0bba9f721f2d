/* parallel.c -- see parallel.h. */
#include "learn/parallel.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/base.h"
#include "polarvae/device.h"

typedef struct {
    pthread_mutex_t lock;
    size_t next, count, failed; /* failed: the lowest task that did, or count */
    pv_status status;
    char message[512];
    pv_status (*task)(void *context, size_t i);
    void *context;
} queue;

static void *work(void *argument)
{
    queue *q = argument;
    for (;;) {
        pthread_mutex_lock(&q->lock);
        size_t i = q->failed == q->count ? q->next : q->count;
        if (i < q->count) q->next++;
        pthread_mutex_unlock(&q->lock);
        if (i >= q->count) return NULL;

        pv_status rc = q->task(q->context, i);
        if (rc == PV_OK) continue;
        pthread_mutex_lock(&q->lock);
        if (i < q->failed) {
            q->failed = i;
            q->status = rc;
            snprintf(q->message, sizeof q->message, "%s", pv_error());
        }
        pthread_mutex_unlock(&q->lock);
    }
}

pv_status pv_parallel(size_t count, int threads, pv_status (*task)(void *context, size_t i),
                      void *context)
{
    queue q = {.count = count, .failed = count, .status = PV_OK, .task = task, .context = context};
    if (threads <= 0) threads = pv_cores();
    if ((size_t)threads > count) threads = count ? (int)count : 1;
    pthread_t *helper;
    PV_TRY(pv_new(&helper, (size_t)threads, sizeof *helper, "threads"));
    pthread_mutex_init(&q.lock, NULL);
    /* A thread that cannot be had leaves its work to the others. */
    int started = 0;
    while (started < threads - 1 && pthread_create(&helper[started], NULL, work, &q) == 0)
        started++;
    work(&q);
    for (int i = 0; i < started; i++) pthread_join(helper[i], NULL);
    pthread_mutex_destroy(&q.lock);
    free(helper);
    return q.status == PV_OK ? PV_OK : pv_fail(q.status, "%s", q.message);
}
