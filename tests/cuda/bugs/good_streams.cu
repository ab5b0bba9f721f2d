/* good_streams.cu -- streams, events, graphs, pools and threads used as they should be. */
#include "bugs.h"
#include <thread>

enum { COUNT = 1000, STEPS = 5 };

__global__ void fill(float *to, float value)
{
    for (int i = (int)threadIdx.x; i < COUNT; i += (int)blockDim.x) to[i] = value;
}

__global__ void add(const float *x, float *y, const float *factor)
{
    const int i = (int)(blockIdx.x * blockDim.x + threadIdx.x);
    if (i < COUNT) y[i] += *factor * x[i];
}

__global__ void next(float *factor) { *factor += 1; }

static int expect(const char *what, const float *got, float right)
{
    for (int i = 0; i < COUNT; i++)
        if (got[i] != right) {
            fprintf(stderr, "%s: element %d is %g, not %g\n", what, i, got[i], right);
            return 1;
        }
    return 0;
}

/* Two streams that take turns by events; the host sees the end. */
static int turns(void)
{
    cudaStream_t stream[2];
    cudaEvent_t event;
    float *x = zeros<float>(COUNT), *y = zeros<float>(COUNT), *factor = zeros<float>(1), *pinned;
    DO(cudaMallocHost((void **)&pinned, COUNT * sizeof(float)));
    for (int i = 0; i < 2; i++) DO(cudaStreamCreateWithFlags(&stream[i], cudaStreamNonBlocking));
    DO(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
    fill<<<1, 128, 0, stream[0]>>>(x, 1);
    for (int k = 0; k < STEPS; k++) {
        next<<<1, 1, 0, stream[k % 2]>>>(factor);
        add<<<8, 128, 0, stream[k % 2]>>>(x, y, factor);
        DO(cudaEventRecord(event, stream[k % 2]));
        DO(cudaStreamWaitEvent(stream[1 - k % 2], event, 0));
    }
    DO(cudaMemcpyAsync(pinned, y, COUNT * sizeof(float), cudaMemcpyDeviceToHost,
                       stream[STEPS % 2]));
    DO(cudaEventRecord(event, stream[STEPS % 2]));
    cudaError_t state;
    while ((state = cudaEventQuery(event)) == cudaErrorNotReady) continue;
    DO(state);
    cudaGetLastError();
    const int wrong = expect("turns", pinned, 15);
    for (int i = 0; i < 2; i++) DO(cudaStreamDestroy(stream[i]));
    DO(cudaEventDestroy(event));
    DO(cudaFreeHost(pinned));
    DO(cudaFree(x));
    DO(cudaFree(y));
    DO(cudaFree(factor));
    return wrong;
}

static void count(void *at) { ++*(int *)at; }

/* A graph with two branches, replayed; a host function and a copy among its nodes. */
static int graph(void)
{
    cudaStream_t one, two;
    cudaEvent_t fork, join;
    cudaGraph_t graph;
    cudaGraphExec_t exec;
    int calls = 0;
    float *x = zeros<float>(COUNT), *y = zeros<float>(2 * COUNT), *factor = zeros<float>(1);
    float host[COUNT];
    DO(cudaStreamCreateWithFlags(&one, cudaStreamNonBlocking));
    DO(cudaStreamCreateWithFlags(&two, cudaStreamNonBlocking));
    DO(cudaEventCreateWithFlags(&fork, cudaEventDisableTiming));
    DO(cudaEventCreateWithFlags(&join, cudaEventDisableTiming));
    fill<<<1, 128, 0, one>>>(x, 2);

    DO(cudaStreamBeginCapture(one, cudaStreamCaptureModeThreadLocal));
    next<<<1, 1, 0, one>>>(factor);
    DO(cudaEventRecord(fork, one));
    DO(cudaStreamWaitEvent(two, fork, 0));
    add<<<8, 128, 0, one>>>(x, y, factor);
    add<<<8, 128, 0, two>>>(x, y + COUNT, factor);
    DO(cudaLaunchHostFunc(two, count, &calls));
    DO(cudaEventRecord(join, two));
    DO(cudaStreamWaitEvent(one, join, 0));
    add<<<8, 128, 0, one>>>(y, y + COUNT, factor);
    DO(cudaStreamEndCapture(one, &graph));
    DO(cudaGraphInstantiate(&exec, graph, 0));
    DO(cudaGraphUpload(exec, one));
    for (int k = 0; k < 3; k++) DO(cudaGraphLaunch(exec, one));
    DO(cudaMemcpyAsync(host, y + COUNT, sizeof host, cudaMemcpyDeviceToHost, one));
    DO(cudaStreamSynchronize(one));
    /* y: 2, 6, 12; the other: 2 + 2, 4 + 4 + 2 * 6, 20 + 6 + 3 * 12 */
    int wrong = expect("graph", host, 62);
    if (calls != 3) wrong += fprintf(stderr, "the host function was called %d times\n", calls) > 0;
    DO(cudaGraphExecDestroy(exec));
    DO(cudaGraphDestroy(graph));
    DO(cudaEventDestroy(fork));
    DO(cudaEventDestroy(join));
    DO(cudaStreamDestroy(one));
    DO(cudaStreamDestroy(two));
    DO(cudaFree(x));
    DO(cudaFree(y));
    DO(cudaFree(factor));
    return wrong;
}

/* Threads with a stream and memory of their own share what was written before. */
static void lane(const float *shared, int number, int *wrong)
{
    cudaStream_t stream;
    float *y, *factor, host[COUNT];
    DO(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    DO(cudaMallocAsync((void **)&y, COUNT * sizeof(float), stream));
    DO(cudaMallocAsync((void **)&factor, sizeof(float), stream));
    DO(cudaMemsetAsync(y, 0, COUNT * sizeof(float), stream));
    DO(cudaMemsetAsync(factor, 0, sizeof(float), stream));
    for (int k = 0; k < STEPS + number; k++) {
        next<<<1, 1, 0, stream>>>(factor);
        add<<<8, 128, 0, stream>>>(shared, y, factor);
    }
    DO(cudaMemcpyAsync(host, y, sizeof host, cudaMemcpyDeviceToHost, stream));
    DO(cudaFreeAsync(y, stream));
    DO(cudaFreeAsync(factor, stream));
    DO(cudaStreamSynchronize(stream));
    const int n = STEPS + number;
    *wrong = expect("lane", host, (float)(n * (n + 1) / 2) * 3);
    DO(cudaStreamDestroy(stream));
}

static int lanes(void)
{
    float *shared = on_device<float>(COUNT);
    int wrong[2];
    fill<<<1, 32>>>(shared, 3);
    DO(cudaDeviceSynchronize());
    std::thread other(lane, shared, 1, &wrong[1]);
    lane(shared, 0, &wrong[0]);
    other.join();
    DO(cudaFree(shared));
    return wrong[0] + wrong[1];
}

/* The legacy stream orders itself with streams that do not say otherwise. */
static int legacy(void)
{
    cudaStream_t blocking;
    float *x = on_device<float>(COUNT), host[COUNT];
    DO(cudaStreamCreate(&blocking));
    fill<<<1, 32, 0, blocking>>>(x, 4);
    fill<<<1, 32>>>(x, 5);
    fill<<<1, 32, 0, blocking>>>(x, 6);
    DO(cudaMemcpy(host, x, sizeof host, cudaMemcpyDeviceToHost));
    DO(cudaStreamDestroy(blocking));
    DO(cudaFree(x));
    return expect("legacy", host, 6);
}

/* Copies of rows; and of memory that is not all written, of which nobody reads the rest. Blocks
 * whose last warp is not full. */
static int copies(void)
{
    enum { ROWS = 10, WIDTH = COUNT / ROWS, PITCH = WIDTH + 28 };
    float *x = on_device<float>(ROWS * PITCH), *y = on_device<float>(ROWS * PITCH);
    float *factor = zeros<float>(1), host[COUNT];
    for (int i = 0; i < COUNT; i++) host[i] = 3;
    DO(cudaMemcpy2DAsync(x, PITCH * 4, host, WIDTH * 4, WIDTH * 4, ROWS, cudaMemcpyHostToDevice,
                         0));
    DO(cudaMemcpyAsync(y, x, ROWS * PITCH * 4, cudaMemcpyDeviceToDevice, 0));
    memset(host, 0, sizeof host);
    DO(cudaMemcpy2DAsync(host, WIDTH * 4, y, PITCH * 4, WIDTH * 4, ROWS, cudaMemcpyDeviceToHost,
                         0));
    int wrong = expect("copies", host, 3);
    next<<<1, 1>>>(factor);
    fill<<<1, 77>>>(x, 2);
    fill<<<1, 33>>>(y, 5);
    add<<<COUNT / 50, 50>>>(x, y, factor);
    DO(cudaMemcpy(host, y, sizeof host, cudaMemcpyDeviceToHost));
    wrong += expect("narrow blocks", host, 7);
    DO(cudaFree(x));
    DO(cudaFree(y));
    DO(cudaFree(factor));
    return wrong;
}

int main(void)
{
    const int wrong = copies() + turns() + graph() + lanes() + legacy();
    return wrong != 0;
}
