/* graphs.c -- capturing streams into graphs, and replaying them.
 *
 * Each stream of a capture is a chain of nodes, in order; a node's clock says how many nodes of
 * each chain come before it. A launch maps chains to timelines and clocks with them. */
#include <stdlib.h>
#include <string.h>

#include "api.h"

typedef struct {
    work_body body;
    int chain;
    uint32_t number; /* in its chain, from 1 */
    work_clock after;
} node;

typedef struct CUgraph_st {
    node *nodes;
    int count, room, chains;
    uint32_t length[TIMELINES]; /* of each chain */
} graph;

typedef struct CUgraphExec_st {
    graph g;
    int timeline[TIMELINES]; /* of each chain but the first, which is the launching stream's */
    work_clock last;
} exec_graph;

struct capture {
    graph *g;
    emu_stream *origin;
    enum cudaStreamCaptureMode mode;
    pthread_t thread;
    bool invalid;
    int members;
    emu_stream *member[TIMELINES]; /* the stream of each chain */
};

static int graphs_alive;

int graph_count(void) { return graphs_alive; }

bool capture_allows(const capture *c)
{
    if (c->mode == cudaStreamCaptureModeThreadLocal)
        return !pthread_equal(c->thread, pthread_self());
    return c->mode == cudaStreamCaptureModeRelaxed;
}

void capture_invalidate(capture *c) { c->invalid = true; }

static void add(graph *g, int chain, const work_clock *after, const work_body *body)
{
    if (g->count == g->room) {
        g->room = g->room ? 2 * g->room : 64;
        g->nodes = realloc(g->nodes, (size_t)g->room * sizeof *g->nodes);
        if (!g->nodes) emu_unknown("the host has no memory left");
    }
    g->nodes[g->count++] = (node){work_copy(body), chain, ++g->length[chain], *after};
}

static void empty(graph *g)
{
    for (int i = 0; i < g->count; i++) work_discard(&g->nodes[i].body);
    free(g->nodes);
}

/* ---- capture ---- */

/* A capturing stream's tail is in terms of chains; its own is put aside. */
static void enter(capture *c, emu_stream *stream, const work_clock *at)
{
    stream->capture = c;
    stream->chain = c->members;
    stream->outside = stream->tail;
    stream->tail = at ? *at : (work_clock){{0}};
    c->member[c->members++] = stream;
    c->g->chains = c->members;
}

cudaError_t capture_add(emu_stream *stream, const work_body *body)
{
    capture *c = stream->capture;
    if (c->invalid) return cudaErrorStreamCaptureInvalidated;
    add(c->g, stream->chain, &stream->tail, body);
    stream->tail.of[stream->chain] = c->g->length[stream->chain];
    return cudaSuccess;
}

cudaError_t capture_record(emu_stream *stream, emu_event *event)
{
    if (stream->capture->invalid) return cudaErrorStreamCaptureInvalidated;
    event->capture = stream->capture;
    event->at = stream->tail;
    event->recorded = false;
    return cudaSuccess;
}

cudaError_t capture_join(emu_stream *stream, emu_event *event)
{
    if (!event->capture) {
        if (!event->recorded) return cudaSuccess;
        stream->capture->invalid = true;
        emu_report("cudaStreamWaitEvent: a captured stream waits for an event from outside");
        return cudaErrorStreamCaptureIsolation;
    }
    if (event->capture->invalid) return cudaErrorStreamCaptureInvalidated;
    if (!stream->capture) {
        enter(event->capture, stream, &event->at);
        return cudaSuccess;
    }
    if (stream->capture != event->capture) {
        stream->capture->invalid = event->capture->invalid = true;
        emu_report("cudaStreamWaitEvent: joins two captures");
        return cudaErrorStreamCaptureMerge;
    }
    work_join(&stream->tail, &event->at);
    return cudaSuccess;
}

cudaError_t cudaStreamBeginCapture(cudaStream_t handle, enum cudaStreamCaptureMode mode)
{
    API_ENTER(cudaErrorStreamCaptureUnsupported);
    API_STREAM(stream, handle);
    if (stream == stream_of(0))
        API_REJECT(cudaErrorStreamCaptureUnsupported, "%s: the legacy stream", __func__);
    if (stream->capture) API_REJECT(cudaErrorIllegalState, "%s: is capturing already", __func__);
    capture *c = calloc(1, sizeof *c);
    graph *g = calloc(1, sizeof *g);
    if (!c || !g) emu_unknown("the host has no memory left");
    *c = (capture){.g = g, .origin = stream, .mode = mode, .thread = pthread_self()};
    enter(c, stream, NULL);
    return api_leave(cudaSuccess);
}

cudaError_t cudaStreamEndCapture(cudaStream_t handle, cudaGraph_t *out)
{
    API_ENTER_FREE();
    API_STREAM(stream, handle);
    capture *c = stream->capture;
    *out = NULL;
    if (!c) API_REJECT(cudaErrorIllegalState, "%s: the stream does not capture", __func__);
    if (c->origin != stream) {
        c->invalid = true;
        API_REJECT(cudaErrorStreamCaptureUnmatched, "%s: begun in another stream", __func__);
    }
    cudaError_t error = c->invalid ? cudaErrorStreamCaptureInvalidated : cudaSuccess;
    for (int i = 1; i < c->members && !error; i++)
        if (stream->tail.of[i] < c->g->length[i]) {
            emu_report("%s: work of a forked stream was not joined", __func__);
            error = cudaErrorStreamCaptureUnjoined;
        }
    for (int i = 0; i < c->members; i++) {
        c->member[i]->capture = NULL;
        c->member[i]->tail = c->member[i]->outside;
    }
    event_forget_capture(c);
    if (error) {
        empty(c->g);
        free(c->g);
    } else {
        *out = c->g;
        graphs_alive++;
    }
    free(c);
    return api_leave(error);
}

cudaError_t cudaStreamIsCapturing(cudaStream_t handle, enum cudaStreamCaptureStatus *status)
{
    API_ENTER(cudaErrorInvalidValue);
    API_STREAM(stream, handle);
    *status = !stream->capture           ? cudaStreamCaptureStatusNone
              : stream->capture->invalid ? cudaStreamCaptureStatusInvalidated
                                         : cudaStreamCaptureStatusActive;
    return api_leave(cudaSuccess);
}

/* ---- graphs ---- */

cudaError_t cudaGraphInstantiate(cudaGraphExec_t *out, cudaGraph_t g, unsigned long long flags)
{
    API_ENTER(cudaErrorMemoryAllocation);
    if (!g || flags) return api_leave(cudaErrorInvalidValue);
    exec_graph *e = calloc(1, sizeof *e);
    if (!e) return api_leave(cudaErrorMemoryAllocation);
    for (int i = 0; i < g->count; i++)
        add(&e->g, g->nodes[i].chain, &g->nodes[i].after, &g->nodes[i].body);
    e->g.chains = g->chains;
    for (int i = 1; i < g->chains; i++) e->timeline[i] = work_new_timeline();
    graphs_alive++;
    *out = e;
    return api_leave(cudaSuccess);
}

cudaError_t cudaGraphUpload(cudaGraphExec_t e, cudaStream_t handle)
{
    API_ENTER(cudaErrorMemoryAllocation);
    API_STREAM(stream, handle);
    return api_leave(e && !stream->capture ? cudaSuccess : cudaErrorInvalidValue);
}

static void queue_nodes(exec_graph *e, emu_stream *stream)
{
    e->timeline[0] = stream->timeline;
    work_join(&stream->tail, &e->last);
    const work_clock before = stream->tail;
    uint32_t base[TIMELINES];
    for (int i = 0; i < e->g.chains; i++) base[i] = work_issued(e->timeline[i]);
    for (int i = 0; i < e->g.count; i++) {
        const node *n = &e->g.nodes[i];
        work_clock clock = before;
        for (int k = 0; k < e->g.chains; k++)
            if (n->after.of[k]) clock.of[e->timeline[k]] = base[k] + n->after.of[k];
        work_queue(e->timeline[n->chain], &clock, &n->body);
        work_join(&stream->tail, &clock);
    }
    e->last = stream->tail;
}

cudaError_t cudaGraphLaunch(cudaGraphExec_t e, cudaStream_t handle)
{
    API_ENTER(cudaErrorLaunchFailure);
    API_STREAM(stream, handle);
    if (!e) return api_leave(cudaErrorInvalidValue);
    if (stream->capture) emu_unknown("%s into a stream that is captured", __func__);
    stream_join_legacy(stream);
    queue_nodes(e, stream);
    return api_leave(cudaSuccess);
}

cudaError_t cudaGraphDestroy(cudaGraph_t g)
{
    API_ENTER_FREE();
    if (!g) return api_leave(cudaErrorInvalidValue);
    empty(g);
    free(g);
    graphs_alive--;
    return api_leave(cudaSuccess);
}

cudaError_t cudaGraphExecDestroy(cudaGraphExec_t e)
{
    API_ENTER_FREE();
    if (!e) return api_leave(cudaErrorInvalidValue);
    for (int i = 1; i < e->g.chains; i++) work_free_timeline(e->timeline[i]);
    empty(&e->g);
    free(e);
    graphs_alive--;
    return api_leave(cudaSuccess);
}

cudaError_t cudaGraphGetNodes(cudaGraph_t g, cudaGraphNode_t *nodes, size_t *count)
{
    API_ENTER(cudaErrorInvalidValue);
    if (!g || !count) return api_leave(cudaErrorInvalidValue);
    if (nodes) emu_unknown("%s: handles of nodes", __func__);
    *count = (size_t)g->count;
    return api_leave(cudaSuccess);
}
