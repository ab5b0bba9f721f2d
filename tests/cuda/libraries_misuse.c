/* libraries_misuse.c -- the stand-ins for cuBLAS and cuDNN find what programs do wrong with them.
 *
 * Each case runs in a process of its own, which must say what was wrong, or nothing. */
#include <cublas_v2.h>
#include <cudnn.h>

#include "device_arrays.h"
#include "processes.h"

enum { N = 8, BYTES = N * N * sizeof(float), ROOM = 64 << 10 };

static const float one = 1, zero = 0;
static cublasHandle_t blas, other_blas;
static cudnnHandle_t dnn;
static cudaStream_t streams[2];
static float *a, *b, *c, *d; /* [N, N]; a and b are written */
static char *workspace;
static cudnnTensorDescriptor_t image, output;
static cudnnFilterDescriptor_t filter;
static cudnnConvolutionDescriptor_t how;

/* ---- cuBLAS ---- */

static cublasStatus_t multiply(cublasHandle_t handle, const float *x, const float *y, float *to)
{
    return cublasSgemm(handle, CUBLAS_OP_N, CUBLAS_OP_T, N, N, N, &one, x, N, y, N, &zero, to, N);
}

static void refused(cublasStatus_t status)
{
    check(status == CUBLAS_STATUS_INVALID_VALUE, "status %d", (int)status);
}

static void good_products(void) { WORKS(multiply(blas, a, b, c)); }

static void small_ld(void)
{
    refused(
        cublasSgemm(blas, CUBLAS_OP_N, CUBLAS_OP_N, N, N, N, &one, a, N - 1, b, N, &zero, c, N));
}

static void small_ld_transposed(void)
{
    refused(cublasSgemm(blas, CUBLAS_OP_N, CUBLAS_OP_T, N, N, 2, &one, a, N, b, 2, &zero, c, N));
}

static void large_ld(void)
{
    WORKS(!cublasSgemm(blas, CUBLAS_OP_N, CUBLAS_OP_N, N, N, N, &one, a, N + 1, b, N, &zero, c, N));
}

static void negative_size(void)
{
    refused(cublasSgemm(blas, CUBLAS_OP_N, CUBLAS_OP_N, N, -1, N, &one, a, N, b, N, &zero, c, N));
}

static void alias(void) { WORKS(multiply(blas, a, b, a)); }

static void alias_in_part(void)
{
    WORKS(cublasSgemm(blas, CUBLAS_OP_N, CUBLAS_OP_N, 4, 4, 4, &one, a, N, b, N, &zero, b + 3, N));
}

static void columns_between_columns(void)
{
    WORKS(cublasSgemm(blas, CUBLAS_OP_N, CUBLAS_OP_N, N / 2, N, 1, &one, a, N, b, N, &zero,
                      a + N / 2, N));
}

static void host_pointer(void) { WORKS(!multiply(blas, (const float[N * N]){1}, b, c)); }
static void misaligned(void) { WORKS(!multiply(blas, (float *)((char *)a + 2), b, c)); }
static void unwritten(void) { WORKS(multiply(blas, a, d, c)); }

static void unwritten_c(void)
{
    WORKS(cublasSgemm(blas, CUBLAS_OP_N, CUBLAS_OP_N, N, N, N, &one, a, N, b, N, &one, c, N));
}

static void out_of_bounds(void)
{
    WORKS(!cublasSgemm(blas, CUBLAS_OP_N, CUBLAS_OP_N, N, N + 1, N, &one, a, N, b, N, &zero, c, N));
}

static void device_scalar(void)
{
    refused(cublasSgemm(blas, CUBLAS_OP_N, CUBLAS_OP_N, N, N, N, a, a, N, b, N, &zero, c, N));
}

static void host_scalar(void)
{
    WORKS(cublasSetPointerMode(blas, CUBLAS_POINTER_MODE_DEVICE));
    WORKS(!multiply(blas, a, b, c));
}

static void batch_on_itself(void)
{
    WORKS(cublasSgemmStridedBatched(blas, CUBLAS_OP_N, CUBLAS_OP_N, 2, 2, 2, &one, a, N, 2, b, N, 2,
                                    &zero, c, N, 1, 3));
}

static void small_workspace(void)
{
    WORKS(cublasSetWorkspace(blas, workspace, 8 << 10));
    check(multiply(blas, a, b, c) == CUBLAS_STATUS_ALLOC_FAILED, "a workspace of 8 KiB");
}

static void skewed_workspace(void) { refused(cublasSetWorkspace(blas, workspace + 128, 32 << 10)); }

static void lost_workspace(void)
{
    WORKS(cublasSetWorkspace(blas, workspace, ROOM));
    WORKS(cublasSetStream(blas, streams[0]));
    WORKS(multiply(blas, a, b, c));
}

static void two_streams_one_handle(void)
{
    WORKS(cublasSetStream(blas, streams[0]));
    WORKS(multiply(blas, a, b, c));
    WORKS(cudaStreamSynchronize(streams[0]));
    WORKS(cublasSetStream(blas, streams[1]));
    WORKS(multiply(blas, a, b, d));
}

static void dead_handle(void)
{
    WORKS(cublasDestroy(blas));
    check(multiply(blas, a, b, c) == CUBLAS_STATUS_NOT_INITIALIZED, "a destroyed handle");
    WORKS(cublasCreate(&blas));
}

static void two_handles(int waits, void *first, void *second, const float *from)
{
    cudaEvent_t event;
    WORKS(cudaEventCreateWithFlags(&event, cudaEventDisableTiming));
    WORKS(cublasSetStream(blas, streams[0]));
    WORKS(cublasSetStream(other_blas, streams[1]));
    if (first) WORKS(cublasSetWorkspace(blas, first, ROOM / 2));
    if (second) WORKS(cublasSetWorkspace(other_blas, second, ROOM / 2));
    WORKS(multiply(blas, a, b, c));
    WORKS(cudaEventRecord(event, streams[0]));
    if (waits) WORKS(cudaStreamWaitEvent(streams[1], event, 0));
    WORKS(multiply(other_blas, from, b, d));
    WORKS(cudaEventDestroy(event));
}

static void ordered_streams(void) { two_handles(1, workspace, workspace, c); }
static void missing_wait(void) { two_handles(0, NULL, NULL, c); }
static void own_workspaces(void) { two_handles(0, workspace, workspace + ROOM / 2, a); }
static void shared_workspace(void) { two_handles(0, workspace, workspace, a); }

/* ---- cuDNN ---- */

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
    WORKS(cudnnSetStream(dnn, streams[0]));
    WORKS(cudaStreamBeginCapture(streams[0], cudaStreamCaptureModeThreadLocal));
    check(cudnnFindConvolutionForwardAlgorithmEx(dnn, image, a, filter, b, how, output, c, 4,
                                                 &count, list, workspace, ROOM) != 0,
          "a trial during a capture");
    check(cudaStreamEndCapture(streams[0], &graph) != cudaSuccess, "the capture goes on");
}

/* A graph of a product and a convolution computes, each time, what is then in memory. */
static void captured(void)
{
    cudaGraph_t graph;
    cudaGraphExec_t run;
    float found[N * N], twice[N * N];
    WORKS(cublasSetStream(blas, streams[0]));
    WORKS(cublasSetWorkspace(blas, workspace + ROOM / 2, ROOM / 2));
    WORKS(cudnnSetStream(dnn, streams[0]));
    WORKS(cudaStreamBeginCapture(streams[0], cudaStreamCaptureModeThreadLocal));
    WORKS(multiply(blas, a, b, c));
    WORKS(convolve_with(0, 0, c, b, d));
    WORKS(cudaStreamEndCapture(streams[0], &graph));
    WORKS(cudaGraphInstantiate(&run, graph, 0));
    WORKS(cudaGraphLaunch(run, streams[0]));
    WORKS(cudaStreamSynchronize(streams[0]));
    WORKS(cudaMemcpy(found, d, 8 * sizeof(float), cudaMemcpyDeviceToHost));
    WORKS(cudaMemcpy(twice, a, BYTES, cudaMemcpyDeviceToHost));
    for (int i = 0; i < N * N; i++) twice[i] *= 2;
    WORKS(cudaMemcpy(a, twice, BYTES, cudaMemcpyHostToDevice));
    WORKS(cudaDeviceSynchronize());
    WORKS(cudaGraphLaunch(run, streams[0]));
    WORKS(cudaStreamSynchronize(streams[0]));
    WORKS(cudaMemcpy(twice, d, 8 * sizeof(float), cudaMemcpyDeviceToHost));
    for (int i = 0; i < 8; i++) check(twice[i] == 2 * found[i], "element %d of a graph", i);
    WORKS(cudaGraphExecDestroy(run));
    WORKS(cudaGraphDestroy(graph));
}

/* Calls that are made to fail give their errors, and nothing is said. */
static void failing_product(void)
{
    setenv("EMULATED_FAIL", "cublasSgemm:2", 1);
    WORKS(multiply(blas, a, b, c));
    check(multiply(blas, a, b, c) == CUBLAS_STATUS_EXECUTION_FAILED, "cublasSgemm");
    WORKS(multiply(blas, a, b, c));
}

static void failing_convolution(void)
{
    setenv("EMULATED_FAIL", "cudnnConvolutionForward:1", 1);
    check(convolve(a, b, c) == CUDNN_STATUS_EXECUTION_FAILED, "cudnnConvolutionForward");
    WORKS(convolve(a, b, c));
}

static void failing_handles(void)
{
    cublasHandle_t handle;
    setenv("EMULATED_FAIL", "cublasCreate:1", 1);
    check(cublasCreate(&handle) == CUBLAS_STATUS_ALLOC_FAILED, "cublasCreate");
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
    {"good products", good_products, 0, NULL},
    {"small ld", small_ld, 1, "lda = 7 for 8 rows"},
    {"small ld of the transposed", small_ld_transposed, 1, "ldb = 2 for 8 rows"},
    {"large ld", large_ld, 1, "cublasSgemm: A = "},
    {"negative size", negative_size, 1, "n = -1"},
    {"alias", alias, 1, "A and C overlap"},
    {"alias in part", alias_in_part, 1, "B and C overlap"},
    {"columns between columns", columns_between_columns, 0, NULL},
    {"host pointer", host_pointer, 1, "does not lie in one allocation"},
    {"misaligned", misaligned, 1, "is not a multiple of its 4-byte elements"},
    {"unwritten operand", unwritten, 1, "reads memory that nobody wrote"},
    {"unwritten C", unwritten_c, 1, "reads memory that nobody wrote"},
    {"out of bounds", out_of_bounds, 2, "does not lie in one allocation"},
    {"scalar on the device", device_scalar, 1, "on the device, in host pointer mode"},
    {"scalar on the host", host_scalar, 2, "alpha = "},
    {"batch on itself", batch_on_itself, 1, "elements of the output C fall together"},
    {"small workspace", small_workspace, 1, "a workspace of 8192 bytes"},
    {"skewed workspace", skewed_workspace, 1, "is not aligned to 256 bytes"},
    {"lost workspace", lost_workspace, 1, "the workspace was lost"},
    {"one handle in two streams", two_streams_one_handle, 1, "results may differ from run to run"},
    {"dead handle", dead_handle, 1, "was never created, or is destroyed"},
    {"ordered streams", ordered_streams, 0, NULL},
    {"missing wait", missing_wait, 1, "leaves open which comes first"},
    {"own workspaces", own_workspaces, 0, NULL},
    {"shared workspace", shared_workspace, 1, "leaves open which comes first"},
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
    {"captured", captured, 0, NULL},
    {"failing product", failing_product, 0, NULL},
    {"failing convolution", failing_convolution, 0, NULL},
    {"failing handles", failing_handles, 0, NULL},
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
    for (int i = 0; i < 2; i++)
        WORKS(cudaStreamCreateWithFlags(&streams[i], cudaStreamNonBlocking));
    WORKS(cublasCreate(&blas));
    WORKS(cublasCreate(&other_blas));
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
    WORKS(cublasDestroy(other_blas));
    WORKS(cublasDestroy(blas));
    for (int i = 0; i < 2; i++) WORKS(cudaStreamDestroy(streams[i]));
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
