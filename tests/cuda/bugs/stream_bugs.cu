/* stream_bugs.cu -- work that streams and events leave unordered, and calls in captures. */
#include "bugs.h"

__global__ void fill(float *to, float value) { to[threadIdx.x] = value; }
__global__ void copy(const float *from, float *to) { to[threadIdx.x] = from[threadIdx.x]; }

/* Two streams that do not wait for the legacy one, an event, and 64 zeros. */
struct setting {
    cudaStream_t one, two;
    cudaEvent_t event;
    float *x;
    setting()
    {
        DO(cudaStreamCreateWithFlags(&one, cudaStreamNonBlocking));
        DO(cudaStreamCreateWithFlags(&two, cudaStreamNonBlocking));
        DO(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
        x = zeros<float>(64);
    }
    ~setting()
    {
        DO(cudaDeviceSynchronize());
        DO(cudaFree(x));
        DO(cudaEventDestroy(event));
        DO(cudaStreamDestroy(one));
        DO(cudaStreamDestroy(two));
    }
};

static void missing_wait(void)
{
    setting s;
    fill<<<1, 32, 0, s.one>>>(s.x, 1);
    DO(cudaEventRecord(s.event, s.one));
    copy<<<1, 32, 0, s.two>>>(s.x, s.x + 32);
}

/* The other way round: what is read is overwritten. */
static void missing_wait_before_write(void)
{
    setting s;
    copy<<<1, 32, 0, s.one>>>(s.x, s.x + 32);
    fill<<<1, 32, 0, s.two>>>(s.x, 1);
}

/* Two readers; the writer waits for one of them only. */
static void wait_for_one_of_two(void)
{
    setting s;
    float *y = zeros<float>(64);
    copy<<<1, 32, 0, s.one>>>(s.x, y);
    copy<<<1, 32, 0, s.two>>>(s.x, y + 32);
    fill<<<1, 32, 0, s.two>>>(s.x, 1);
    DO(cudaDeviceSynchronize());
    DO(cudaFree(y));
}

/* An event that was not recorded when it is waited for means nothing. */
static void wait_too_early(void)
{
    setting s;
    DO(cudaStreamWaitEvent(s.two, s.event, 0));
    fill<<<1, 32, 0, s.one>>>(s.x, 1);
    DO(cudaEventRecord(s.event, s.one));
    copy<<<1, 32, 0, s.two>>>(s.x, s.x + 32);
}

/* The event is recorded before the work it should stand for. */
static void record_too_early(void)
{
    setting s;
    DO(cudaEventRecord(s.event, s.one));
    fill<<<1, 32, 0, s.one>>>(s.x, 1);
    DO(cudaStreamWaitEvent(s.two, s.event, 0));
    copy<<<1, 32, 0, s.two>>>(s.x, s.x + 32);
}

/* The copy in the legacy stream does not wait for streams made with cudaStreamNonBlocking. */
static void legacy_copy(void)
{
    setting s;
    float host[32];
    fill<<<1, 32, 0, s.one>>>(s.x, 1);
    DO(cudaMemcpy(host, s.x, sizeof host, cudaMemcpyDeviceToHost));
}

static void async_copy_unordered(void)
{
    setting s;
    float *pinned;
    DO(cudaMallocHost((void **)&pinned, 128));
    memset(pinned, 0, 128);
    DO(cudaMemcpyAsync(s.x, pinned, 128, cudaMemcpyHostToDevice, s.one));
    copy<<<1, 32, 0, s.two>>>(s.x, s.x + 32);
    DO(cudaDeviceSynchronize());
    DO(cudaFreeHost(pinned));
}

static void malloc_async_unordered(void)
{
    setting s;
    float *y;
    DO(cudaMallocAsync((void **)&y, 128, s.one));
    fill<<<1, 32, 0, s.two>>>(y, 1);
    DO(cudaDeviceSynchronize());
    DO(cudaFree(y));
}

static void free_async_unordered(void)
{
    setting s;
    float *y;
    DO(cudaMallocAsync((void **)&y, 128, s.one));
    fill<<<1, 32, 0, s.one>>>(y, 1);
    DO(cudaFreeAsync(y, s.two));
}

/* The copy may still run. */
static void free_host_early(void)
{
    setting s;
    float *pinned;
    DO(cudaMallocHost((void **)&pinned, 128));
    DO(cudaMemcpyAsync(pinned, s.x, 128, cudaMemcpyDeviceToHost, s.one));
    DO(cudaFreeHost(pinned));
}

/* The first replay's branches are ordered, but not the graph and the other stream. */
static void graph_unordered(void)
{
    setting s;
    cudaGraph_t graph;
    cudaGraphExec_t exec;
    DO(cudaStreamBeginCapture(s.one, cudaStreamCaptureModeThreadLocal));
    fill<<<1, 32, 0, s.one>>>(s.x, 1);
    DO(cudaStreamEndCapture(s.one, &graph));
    DO(cudaGraphInstantiate(&exec, graph, 0));
    DO(cudaGraphLaunch(exec, s.one));
    copy<<<1, 32, 0, s.two>>>(s.x, s.x + 32);
    DO(cudaDeviceSynchronize());
    DO(cudaGraphExecDestroy(exec));
    DO(cudaGraphDestroy(graph));
}

/* A fork inside the graph without the wait that should order it. */
static void graph_branches(void)
{
    setting s;
    cudaGraph_t graph;
    cudaGraphExec_t exec;
    cudaEvent_t joined;
    DO(cudaEventCreateWithFlags(&joined, cudaEventDisableTiming));
    DO(cudaStreamBeginCapture(s.one, cudaStreamCaptureModeThreadLocal));
    DO(cudaEventRecord(s.event, s.one));
    DO(cudaStreamWaitEvent(s.two, s.event, 0));
    fill<<<1, 32, 0, s.one>>>(s.x, 1);
    copy<<<1, 32, 0, s.two>>>(s.x, s.x + 32);
    DO(cudaEventRecord(joined, s.two));
    DO(cudaStreamWaitEvent(s.one, joined, 0));
    DO(cudaStreamEndCapture(s.one, &graph));
    DO(cudaGraphInstantiate(&exec, graph, 0));
    DO(cudaGraphLaunch(exec, s.one));
    DO(cudaStreamSynchronize(s.one));
    DO(cudaGraphExecDestroy(exec));
    DO(cudaGraphDestroy(graph));
    DO(cudaEventDestroy(joined));
}

static void sync_in_capture(void)
{
    setting s;
    cudaGraph_t graph;
    DO(cudaStreamBeginCapture(s.one, cudaStreamCaptureModeThreadLocal));
    fill<<<1, 32, 0, s.one>>>(s.x, 1);
    cudaStreamSynchronize(s.one);
    cudaStreamEndCapture(s.one, &graph);
}

static void malloc_in_capture(void)
{
    setting s;
    cudaGraph_t graph;
    void *y;
    DO(cudaStreamBeginCapture(s.one, cudaStreamCaptureModeThreadLocal));
    cudaMalloc(&y, 4);
    cudaStreamEndCapture(s.one, &graph);
}

static void unjoined_fork(void)
{
    setting s;
    cudaGraph_t graph;
    DO(cudaStreamBeginCapture(s.one, cudaStreamCaptureModeThreadLocal));
    DO(cudaEventRecord(s.event, s.one));
    DO(cudaStreamWaitEvent(s.two, s.event, 0));
    fill<<<1, 32, 0, s.two>>>(s.x, 1);
    cudaStreamEndCapture(s.one, &graph);
}

static void destroyed_stream(void)
{
    setting s;
    cudaStream_t gone;
    DO(cudaStreamCreateWithFlags(&gone, cudaStreamNonBlocking));
    DO(cudaStreamDestroy(gone));
    fill<<<1, 32, 0, gone>>>(s.x, 1);
}

static void call_cuda(void *x) { cudaMemset(x, 0, 4); }

static void cuda_in_host_function(void)
{
    setting s;
    DO(cudaLaunchHostFunc(s.one, call_cuda, s.x));
    DO(cudaStreamSynchronize(s.one));
}

static void leaked_stream(void)
{
    cudaStream_t stream;
    DO(cudaStreamCreate(&stream));
}

#define LIST(B)                                                                                    \
    B(missing_wait, "race between streams")                                                        \
    B(missing_wait_before_write, "race between streams")                                           \
    B(wait_for_one_of_two, "race between streams")                                                 \
    B(wait_too_early, "race between streams")                                                      \
    B(record_too_early, "race between streams")                                                    \
    B(legacy_copy, "race between streams")                                                         \
    B(async_copy_unordered, "race between streams")                                                \
    B(malloc_async_unordered, "race between streams")                                              \
    B(free_async_unordered, "race between streams")                                                \
    B(free_host_early, "race between streams")                                                     \
    B(graph_unordered, "race between streams")                                                     \
    B(graph_branches, "race between streams")                                                      \
    B(sync_in_capture, "not allowed in a capture")                                                 \
    B(malloc_in_capture, "not allowed in a capture")                                               \
    B(unjoined_fork, "was not joined")                                                             \
    B(destroyed_stream, "no stream")                                                               \
    B(cuda_in_host_function, "called by a function of cudaLaunchHostFunc")                         \
    B(leaked_stream, "leak: stream")

BUG_TABLE(LIST)
