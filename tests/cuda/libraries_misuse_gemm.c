/* libraries_misuse_gemm.c -- the stand-in for cuBLAS finds what programs do wrong with it.
 *
 * Each case runs in a process of its own, of which must be said what was wrong, or nothing. */
#include <cublas_v2.h>

#include "device_arrays.h"
#include "processes.h"

enum { N = 8, BYTES = N * N * sizeof(float), ROOM = 64 << 10 };

static const float one = 1, zero = 0;
static cublasHandle_t blas, other_blas;
static cudaStream_t streams[2];
static float *a, *b, *c, *d; /* [N, N]; a and b are written */
static char *workspace;

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

static void batch_on_one(void)
{
    WORKS(cublasSgemmStridedBatched(blas, CUBLAS_OP_N, CUBLAS_OP_N, 2, 2, 2, &one, a, N, 2, b, N, 2,
                                    &zero, c, N, 0, 3));
}

static void shared_factor(void)
{
    WORKS(cublasSgemmStridedBatched(blas, CUBLAS_OP_N, CUBLAS_OP_N, 2, 2, 2, &one, a, N, 0, b, N, 2,
                                    &zero, c, N, 2, 3));
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
    WORKS(cudaMemset(c, 0, BYTES));
    WORKS(cudaDeviceSynchronize());
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

/* Calls that are made to fail give their errors, and nothing is said. */
static void failing_product(void)
{
    setenv("EMULATED_FAIL", "cublasSgemm:2", 1);
    WORKS(multiply(blas, a, b, c));
    check(multiply(blas, a, b, c) == CUBLAS_STATUS_EXECUTION_FAILED, "cublasSgemm");
    WORKS(multiply(blas, a, b, c));
}

static void failing_handles(void)
{
    cublasHandle_t handle;
    setenv("EMULATED_FAIL", "cublasCreate:1", 1);
    check(cublasCreate(&handle) == CUBLAS_STATUS_ALLOC_FAILED, "cublasCreate");
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
    {"batch on one C", batch_on_one, 1, "elements of the output C fall together"},
    {"one A for a batch", shared_factor, 0, NULL},
    {"small workspace", small_workspace, 1, "a workspace of 8192 bytes"},
    {"skewed workspace", skewed_workspace, 1, "is not aligned to 256 bytes"},
    {"lost workspace", lost_workspace, 1, "the workspace was lost"},
    {"one handle in two streams", two_streams_one_handle, 1, "results may differ from run to run"},
    {"dead handle", dead_handle, 1, "was never created, or is destroyed"},
    {"ordered streams", ordered_streams, 0, NULL},
    {"missing wait", missing_wait, 1, "nothing orders the two"},
    {"own workspaces", own_workspaces, 0, NULL},
    {"shared workspace", shared_workspace, 1, "nothing orders the two"},
    {"failing product", failing_product, 0, NULL},
    {"failing handles", failing_handles, 0, NULL},
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
    cases[index].run();
    cudaDeviceSynchronize();
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
