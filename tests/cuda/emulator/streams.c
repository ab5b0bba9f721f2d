/* streams.c -- streams and events. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "api.h"

/* When a timed event was reached; shared by the event and the work that waits to set it. */
typedef struct event_mark {
    int users;
    double at;
} event_mark;

static emu_stream legacy = {.timeline = -1};
static emu_stream *streams;
static emu_event *events;
static int stream_numbers;

static emu_stream *the_legacy(void)
{
    if (legacy.timeline < 0) legacy.timeline = work_new_timeline();
    return &legacy;
}

emu_stream *stream_of(cudaStream_t handle)
{
    if (!handle || handle == cudaStreamLegacy) return the_legacy();
    if (handle == cudaStreamPerThread) emu_unknown("cudaStreamPerThread");
    for (emu_stream *s = streams; s; s = s->next)
        if (s == handle) return s;
    return NULL;
}

int emu_is_stream(cudaStream_t handle)
{
    emu_lock();
    emu_stream *stream = stream_of(handle);
    emu_unlock();
    return stream != NULL;
}

static bool is_event(const emu_event *event)
{
    for (const emu_event *e = events; e; e = e->next)
        if (e == event) return true;
    return false;
}

bool stream_refuse_captures(void)
{
    bool found = false;
    for (emu_stream *s = streams; s; s = s->next)
        if (s->capture && !capture_allows(s->capture)) {
            capture_invalidate(s->capture);
            found = true;
        }
    return found;
}

/* The legacy stream and streams that block wait for each other. */
void stream_join_legacy(emu_stream *stream)
{
    if (stream == the_legacy()) {
        for (const emu_stream *s = streams; s; s = s->next)
            if (!(s->flags & cudaStreamNonBlocking)) work_join(&stream->tail, &s->tail);
    } else if (!(stream->flags & cudaStreamNonBlocking))
        work_join(&stream->tail, &legacy.tail);
}

cudaError_t stream_issue(emu_stream *stream, const work_body *body)
{
    if (stream->capture) return capture_add(stream, body);
    for (const emu_stream *s = stream == the_legacy() ? streams : NULL; s; s = s->next)
        if (s->capture && !(s->flags & cudaStreamNonBlocking)) {
            capture_invalidate(s->capture);
            emu_report("%s: in the legacy stream while one that waits for it is captured",
                       body->what);
            return cudaErrorStreamCaptureImplicit;
        }
    stream_join_legacy(stream);
    work_queue(stream->timeline, &stream->tail, body);
    return cudaSuccess;
}

/* ---- streams ---- */

static cudaError_t create(cudaStream_t *stream, unsigned flags)
{
    if (!stream || flags > cudaStreamNonBlocking) return cudaErrorInvalidValue;
    emu_stream *s = calloc(1, sizeof *s);
    if (!s) return cudaErrorMemoryAllocation;
    the_legacy();
    s->timeline = work_new_timeline();
    s->number = ++stream_numbers;
    s->flags = flags;
    s->next = streams;
    streams = s;
    *stream = s;
    return cudaSuccess;
}

cudaError_t cudaStreamCreate(cudaStream_t *stream)
{
    API_ENTER(cudaErrorMemoryAllocation);
    return api_leave(create(stream, cudaStreamDefault));
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t *stream, unsigned flags)
{
    API_ENTER(cudaErrorMemoryAllocation);
    return api_leave(create(stream, flags));
}

cudaError_t cudaStreamCreateWithPriority(cudaStream_t *stream, unsigned flags, int priority)
{
    (void)priority; /* a hint */
    API_ENTER(cudaErrorMemoryAllocation);
    return api_leave(create(stream, flags));
}

cudaError_t cudaStreamDestroy(cudaStream_t handle)
{
    API_ENTER_FREE();
    API_STREAM(stream, handle);
    if (stream == &legacy) API_REJECT(cudaErrorInvalidResourceHandle, "%s: stream 0", __func__);
    if (stream->capture) {
        capture_invalidate(stream->capture);
        API_REJECT(cudaErrorStreamCaptureUnsupported, "%s: the stream is captured", __func__);
    }
    for (emu_stream **s = &streams; *s; s = &(*s)->next)
        if (*s == stream) {
            *s = stream->next;
            break;
        }
    work_free_timeline(stream->timeline);
    free(stream);
    return api_leave(cudaSuccess);
}

cudaError_t cudaStreamSynchronize(cudaStream_t handle)
{
    API_ENTER(cudaErrorLaunchFailure);
    API_STREAM(stream, handle);
    cudaError_t refused = api_refuse_capture(__func__, stream);
    if (refused) return api_leave(refused);
    if (stream == the_legacy()) stream_join_legacy(stream);
    work_wait(&stream->tail);
    return api_leave(cudaSuccess);
}

cudaError_t cudaStreamQuery(cudaStream_t handle)
{
    API_ENTER(cudaErrorLaunchFailure);
    API_STREAM(stream, handle);
    cudaError_t refused = api_refuse_capture(__func__, stream);
    if (refused) return api_leave(refused);
    return api_leave(work_poll(&stream->tail) ? cudaSuccess : cudaErrorNotReady);
}

cudaError_t cudaDeviceSynchronize(void)
{
    API_ENTER(cudaErrorLaunchFailure);
    cudaError_t refused = api_refuse_capture(__func__, NULL);
    if (refused) return api_leave(refused);
    work_wait_all();
    return api_leave(cudaSuccess);
}

cudaError_t cudaStreamWaitEvent(cudaStream_t handle, cudaEvent_t event, unsigned flags)
{
    API_ENTER(cudaErrorInvalidValue);
    API_STREAM(stream, handle);
    if (flags) emu_unknown("%s: flags %u", __func__, flags);
    if (!is_event(event)) API_REJECT(cudaErrorInvalidResourceHandle, "%s: not an event", __func__);
    if (event->capture || stream->capture) return api_leave(capture_join(stream, event));
    if (event->recorded) work_join(&stream->tail, &event->at);
    return api_leave(cudaSuccess);
}

/* ---- events ---- */

static void leave_mark(event_mark *mark)
{
    if (mark && --mark->users == 0) free(mark);
}

static cudaError_t create_event(cudaEvent_t *event, unsigned flags)
{
    if (!event || flags & ~(unsigned)(cudaEventBlockingSync | cudaEventDisableTiming))
        return cudaErrorInvalidValue;
    emu_event *e = calloc(1, sizeof *e);
    if (!e) return cudaErrorMemoryAllocation;
    e->flags = flags;
    e->next = events;
    events = e;
    *event = e;
    return cudaSuccess;
}

cudaError_t cudaEventCreate(cudaEvent_t *event)
{
    API_ENTER(cudaErrorMemoryAllocation);
    return api_leave(create_event(event, cudaEventDefault));
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned flags)
{
    API_ENTER(cudaErrorMemoryAllocation);
    return api_leave(create_event(event, flags));
}

cudaError_t cudaEventDestroy(cudaEvent_t event)
{
    API_ENTER_FREE();
    emu_event **e = &events;
    while (*e && *e != event) e = &(*e)->next;
    if (!*e) API_REJECT(cudaErrorInvalidResourceHandle, "%s: not an event", __func__);
    *e = event->next;
    leave_mark(event->mark);
    free(event);
    return api_leave(cudaSuccess);
}

static void reach(void *arguments)
{
    event_mark *mark = *(event_mark **)arguments;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    mark->at = (double)now.tv_sec * 1e3 + (double)now.tv_nsec * 1e-6;
    leave_mark(mark);
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t handle)
{
    API_ENTER(cudaErrorInvalidValue);
    API_STREAM(stream, handle);
    if (!is_event(event)) API_REJECT(cudaErrorInvalidResourceHandle, "%s: not an event", __func__);
    if (stream->capture) return api_leave(capture_record(stream, event));
    stream_join_legacy(stream);
    if (!(event->flags & cudaEventDisableTiming)) {
        leave_mark(event->mark);
        event->mark = calloc(1, sizeof *event->mark);
        if (!event->mark) return api_leave(cudaErrorMemoryAllocation);
        event->mark->users = 2;
        cudaError_t error = stream_issue(stream, &(work_body){.what = "cudaEventRecord",
                                                              .run = reach,
                                                              .arguments = &event->mark,
                                                              .size = sizeof event->mark});
        if (error) return api_leave(error);
    }
    event->at = stream->tail;
    event->recorded = true;
    event->capture = NULL;
    return api_leave(cudaSuccess);
}

/* An event to wait for. */
static cudaError_t usable(const char *call, const emu_event *event)
{
    if (!is_event(event)) {
        emu_report("%s: not an event", call);
        return cudaErrorInvalidResourceHandle;
    }
    if (!event->capture) return cudaSuccess;
    capture_invalidate(event->capture);
    emu_report("%s: an event that was recorded in a capture", call);
    return cudaErrorCapturedEvent;
}

cudaError_t cudaEventSynchronize(cudaEvent_t event)
{
    API_ENTER(cudaErrorLaunchFailure);
    cudaError_t error = usable(__func__, event);
    if (!error) error = api_refuse_capture(__func__, NULL);
    if (!error && event->recorded) work_wait(&event->at);
    return api_leave(error);
}

cudaError_t cudaEventQuery(cudaEvent_t event)
{
    API_ENTER(cudaErrorLaunchFailure);
    cudaError_t error = usable(__func__, event);
    if (!error) error = api_refuse_capture(__func__, NULL);
    if (!error && event->recorded && !work_poll(&event->at)) error = cudaErrorNotReady;
    return api_leave(error);
}

cudaError_t cudaEventElapsedTime(float *milliseconds, cudaEvent_t start, cudaEvent_t end)
{
    API_ENTER(cudaErrorInvalidValue);
    cudaError_t error = usable(__func__, start);
    if (!error) error = usable(__func__, end);
    if (error) return api_leave(error);
    if (!start->recorded || !end->recorded || !start->mark || !end->mark)
        API_REJECT(cudaErrorInvalidResourceHandle, "%s: an event without a time", __func__);
    if (start->mark->users > 1 || end->mark->users > 1) return api_leave(cudaErrorNotReady);
    *milliseconds = (float)(end->mark->at - start->mark->at);
    return api_leave(cudaSuccess);
}

/* The capture is over: its events mean nothing any more. */
void event_forget_capture(const capture *c)
{
    for (emu_event *e = events; e; e = e->next)
        if (e->capture == c) e->capture = NULL;
}

void handle_report_leaks(void)
{
    for (const emu_stream *s = streams; s; s = s->next) emu_report("leak: stream %d", s->number);
    for (const emu_event *e = events; e; e = e->next) emu_report("leak: an event");
    for (int i = graph_count(); i > 0; i--) emu_report("leak: a graph");
}

/* ---- host work ---- */

cudaError_t emu_enqueue(cudaStream_t handle, const char *what, void (*work)(void *),
                        const void *arguments, size_t size, const emu_range *ranges, int count)
{
    emu_lock();
    API_STREAM(stream, handle);
    return api_leave(stream_issue(stream, &(work_body){.what = what,
                                                       .run = work,
                                                       .arguments = (void *)(uintptr_t)arguments,
                                                       .size = size,
                                                       .ranges = (emu_range *)(uintptr_t)ranges,
                                                       .count = count}));
}

typedef struct {
    cudaHostFn_t function;
    void *data;
} host_call;

static void call_host(void *arguments)
{
    const host_call *call = arguments;
    call->function(call->data);
}

cudaError_t cudaLaunchHostFunc(cudaStream_t handle, cudaHostFn_t function, void *data)
{
    API_ENTER(cudaErrorLaunchFailure);
    API_STREAM(stream, handle);
    if (!function) return api_leave(cudaErrorInvalidValue);
    host_call call = {function, data};
    return api_leave(stream_issue(stream, &(work_body){.what = "cudaLaunchHostFunc",
                                                       .run = call_host,
                                                       .arguments = &call,
                                                       .size = sizeof call,
                                                       .unlocked = true}));
}
