/* libraries_misuse_convolution.c -- the stand-in for cuDNN finds what programs do wrong with it.
 *
 * Each case runs in a process of its own, of which must be said what was wrong, or nothing. */
#include <cublas_v2.h>
#include <cudnn.h>

#include "device_arrays.h"
#include "processes.h"

enum { N = 8, BYTES = N * N * sizeof(float), ROOM = 64 << 10 };

static const float one = 1, zero = 0;
static cudnnHandle_t dnn;
static cudaStream_t stream;
static float *a, *b, *c, *d; /* [N, N]; a and b are written */
static char *workspace;
static cudnnTensorDescriptor_t image, output;
static cudnnFilterDescriptor_t filter;
static cudnnConvolutionDescriptor_t how;

/* Of 1 x 4 x 4 images of 2 channels with 2 filters of 2 x 2 and stride 2, in a, b and c. */
static cudnnStatus_t convolve_with(cudnnConvolutionFwdAlgo_t algorithm, size_t size, const void *x,
                                   const void *w, void *y)
{
    return cudnnConvolutionForward(dnn, &one, image, x, filter, w, how, algorithm, workspace, size,
                                   &zero, output, y);
}

static cudnnStatus_t convolve(const void *x, const void *w, void *y)
{
    return convolve_with(CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM, ROOM, x, w, y);
}

static void refused_by_dnn(cudnnStatus_t status)
{
    char text[200];
    check(status == CUDNN_STATUS_BAD_PARAM, "status %d", (int)status);
    cudnnGetLastErrorString(text, sizeof text);
    check(text[0] != '\0', "no text");
}

static void good_convolution(void) { WORKS(convolve(a, b, c)); }
static void small_dnn_workspace(void) { refused_by_dnn(convolve_with(1, 128, a, b, c)); }
static void dnn_alias(void) { WORKS(convolve(a, b, a)); }
static void dnn_workspace_alias(void) { WORKS(convolve(a, b, workspace)); }
static void dnn_unwritten(void) { WORKS(convolve(a, d, c)); }
static void dnn_host_pointer(void) { WORKS(!convolve(a, &one, c)); }

static void wrong_output(void)
{
    WORKS(cudnnSetTensor4dDescriptor(output, CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT, 1, 2, 4, 4));
    refused_by_dnn(convolve(a, b, c));
}

static void wrong_channels(void)
{
    WORKS(cudnnSetFilter4dDescriptor(filter, CUDNN_DATA_FLOAT, CUDNN_TENSOR_NHWC, 2, 1, 2, 2));
    refused_by_dnn(convolve(a, b, c));
}

static void wrong_stride(void)
{
    WORKS(cudnnSetTensor4dDescriptorEx(image, CUDNN_DATA_FLOAT, 2, 2, 4, 4, 64, 1, 8, 2));
    WORKS(cudnnSetTensor4dDescriptor(output, CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT, 2, 2, 2, 2));
    WORKS(!convolve(a, b, c));
}

static void wrong_padding(void)
{
    refused_by_dnn(cudnnSetConvolution2dDescriptor(how, -1, 0, 2, 2, 1, 1, CUDNN_CROSS_CORRELATION,
                                                   CUDNN_DATA_FLOAT));
}

static void never_set(void)
{
    cudnnTensorDescriptor_t fresh;
    WORKS(cudnnCreateTensorDescriptor(&fresh));
    refused_by_dnn(
        cudnnConvolutionForward(dnn, &one, fresh, a, filter, b, how, 0, NULL, 0, &zero, output, c));
    WORKS(cudnnDestroyTensorDescriptor(fresh));
}

static void dead_descriptor(void)
{
    WORKS(cudnnDestroyTensorDescriptor(image));
    refused_by_dnn(convolve(a, b, c));
    WORKS(cudnnCreateTensorDescriptor(&image));
}

static void lost_descriptor(void)
{
    cudnnTensorDescriptor_t fresh;
    WORKS(cudnnCreateTensorDescriptor(&fresh));
}

static void find_in_capture(void)
{
    cudnnConvolutionFwdAlgoPerf_t list[4];
    int count;
    cudaGraph_t graph;
    WORKS(cudnnSetStream(dnn, stream));
    WORKS(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
    check(cudnnFindConvolutionForwardAlgorithmEx(dnn, image, a, filter, b, how, output, c, 4,
                                                 &count, list, workspace, ROOM) != 0,
          "a trial during a capture");
    check(cudaStreamEndCapture(stream, &graph) != cudaSuccess, "the capture goes on");
}

/* Two handles, a stream each, and nothing that orders them. */
static void two_handles(void *workspace_of_other, const void *from)
{
    cudnnHandle_t other;
    cudaStream_t its;
    WORKS(cudaMemset(c, 0, BYTES));
    WORKS(cudaDeviceSynchronize());
    WORKS(cudaStreamCreateWithFlags(&its, cudaStreamNonBlocking));
    WORKS(cudnnCreate(&other));
    WORKS(cudnnSetStream(dnn, stream));
    WORKS(cudnnSetStream(other, its));
    WORKS(convolve(a, b, c));
    WORKS(cudnnConvolutionForward(other, &one, image, from, filter, b, how,
                                  CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM,
                                  workspace_of_other, ROOM / 2, &zero, output, d));
    WORKS(cudaDeviceSynchronize());
    WORKS(cudnnDestroy(other));
    WORKS(cudaStreamDestroy(its));
}

static void own_workspaces(void) { two_handles(workspace + ROOM / 2, a); }
static void shared_workspace(void) { two_handles(workspace, a); }
static void missing_wait(void) { two_handles(workspace + ROOM / 2, c); }

/* A graph of a product and a convolution computes, each time, what is then in memory. */
static void captured(void)
{
    cudaGraph_t graph;
    cudaGraphExec_t run;
    float found[N * N], twice[N * N];
    cublasHandle_t blas;
    WORKS(cublasCreate(&blas));
    WORKS(cublasSetStream(blas, stream));
    WORKS(cublasSetWorkspace(blas, workspace + ROOM / 2, ROOM / 2));
    WORKS(cudnnSetStream(dnn, stream));
    WORKS(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal));
    WORKS(cublasSgemm(blas, CUBLAS_OP_N, CUBLAS_OP_T, N, N, N, &one, a, N, b, N, &zero, c, N));
    WORKS(convolve_with(0, 0, c, b, d));
    WORKS(cudaStreamEndCapture(stream, &graph));
    WORKS(cudaGraphInstantiate(&run, graph, 0));
    WORKS(cudaGraphLaunch(run, stream));
    WORKS(cudaStreamSynchronize(stream));
    WORKS(cudaMemcpy(found, d, 8 * sizeof(float), cudaMemcpyDeviceToHost));
    WORKS(cudaMemcpy(twice, a, BYTES, cudaMemcpyDeviceToHost));
    for (int i = 0; i < N * N; i++) twice[i] *= 2;
    WORKS(cudaMemcpy(a, twice, BYTES, cudaMemcpyHostToDevice));
    WORKS(cudaDeviceSynchronize());
    WORKS(cudaGraphLaunch(run, stream));
    WORKS(cudaStreamSynchronize(stream));
    WORKS(cudaMemcpy(twice, d, 8 * sizeof(float), cudaMemcpyDeviceToHost));
    for (int i = 0; i < 8; i++) check(twice[i] == 2 * found[i], "element %d of a graph", i);
    WORKS(cudaGraphExecDestroy(run));
    WORKS(cudaGraphDestroy(graph));
    WORKS(cublasDestroy(blas));
}

/* Calls that are made to fail give their errors, and nothing is said. */
static void failing_convolution(void)
{
    setenv("EMULATED_FAIL", "cudnnConvolutionForward:1", 1);
    check(convolve(a, b, c) == CUDNN_STATUS_EXECUTION_FAILED, "cudnnConvolutionForward");
    WORKS(convolve(a, b, c));
}

/* No device memory for what the library itself needs. */
static void failing_allocation(void)
{
    cudnnHandle_t handle;
    setenv("EMULATED_FAIL", "cudaMalloc:1", 1);
    check(cudnnCreate(&handle) == CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED,
          "cudnnCreate");
}

/* ---- cases ---- */

static const struct {
    const char *name;
    void (*run)(void);
    int findings;
    const char *said; /* of one of them */
} cases[] = {
    {"good convolution", good_convolution, 0, NULL},
    {"small workspace of cuDNN", small_dnn_workspace, 1, "a workspace of 128 bytes"},
    {"alias in cuDNN", dnn_alias, 1, "x and y overlap"},
    {"output in the workspace", dnn_workspace_alias, 1, "y and workspace overlap"},
    {"unwritten filters", dnn_unwritten, 1, "reads memory that nobody wrote"},
    {"host pointer in cuDNN", dnn_host_pointer, 1, "does not lie in one allocation"},
    {"wrong output", wrong_output, 1, "1, 2, 2, 2 would fit"},
    {"wrong channels", wrong_channels, 1, "images of 2 channels, filters of 1 in 1 groups"},
    {"wrong stride", wrong_stride, 1, "does not lie in one allocation"},
    {"wrong padding", wrong_padding, 1, "padding -1, 0"},
    {"descriptor never set", never_set, 1, "never set"},
    {"dead descriptor", dead_descriptor, 1, "is none, or destroyed"},
    {"lost descriptor", lost_descriptor, 1, "leak: 1 descriptor of cuDNN"},
    {"trial during a capture", find_in_capture, 2, "waits for the device"},
    {"own workspaces", own_workspaces, 0, NULL},
    {"shared workspace", shared_workspace, 1, "nothing orders the two"},
    {"missing wait", missing_wait, 1, "nothing orders the two"},
    {"captured", captured, 0, NULL},
    {"failing convolution", failing_convolution, 0, NULL},
    {"failing allocation", failing_allocation, 0, NULL},
};

static int run_case(int index)
{
    float values[N * N];
    fill(values, N * N, 1);
    a = on_device(values, BYTES);
    b = on_device(values, BYTES);
    c = on_device(NULL, BYTES);
    d = on_device(NULL, BYTES);
    workspace = on_device(NULL, ROOM);
    WORKS(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking));
    WORKS(cudnnCreate(&dnn));
    WORKS(cudnnCreateTensorDescriptor(&image));
    WORKS(cudnnCreateTensorDescriptor(&output));
    WORKS(cudnnCreateFilterDescriptor(&filter));
    WORKS(cudnnCreateConvolutionDescriptor(&how));
    WORKS(cudnnSetTensor4dDescriptor(image, CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT, 1, 2, 4, 4));
    WORKS(cudnnSetTensor4dDescriptor(output, CUDNN_TENSOR_NHWC, CUDNN_DATA_FLOAT, 1, 2, 2, 2));
    WORKS(cudnnSetFilter4dDescriptor(filter, CUDNN_DATA_FLOAT, CUDNN_TENSOR_NHWC, 2, 2, 2, 2));
    WORKS(cudnnSetConvolution2dDescriptor(how, 0, 0, 2, 2, 1, 1, CUDNN_CROSS_CORRELATION,
                                          CUDNN_DATA_FLOAT));
    cases[index].run();
    cudaDeviceSynchronize();
    WORKS(cudnnDestroyConvolutionDescriptor(how));
    WORKS(cudnnDestroyFilterDescriptor(filter));
    WORKS(cudnnDestroyTensorDescriptor(output));
    WORKS(cudnnDestroyTensorDescriptor(image));
    WORKS(cudnnDestroy(dnn));
    WORKS(cudaStreamDestroy(stream));
    void *const arrays[] = {a, b, c, d, workspace};
    for (int i = 0; i < 5; i++) off_device(NULL, arrays[i], 0);
    return check_failures != 0;
}

int main(int argc, char **argv)
{
    if (argc == 2) return run_case(atoi(argv[1]));
    for (unsigned i = 0; i < sizeof cases / sizeof cases[0]; i++)
        check_process(cases[i].name, (int)i, cases[i].findings, cases[i].said);
    return check_end();
}
