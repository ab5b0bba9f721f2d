/* device_arrays.h -- arrays on the device, for the tests of the stand-in libraries. */
#ifndef TEST_DEVICE_ARRAYS_H
#define TEST_DEVICE_ARRAYS_H

#include <cuda_runtime_api.h>
#include <string.h>

#include "check.h"

/* For calls of CUDA's libraries without which the test cannot go on; all of them return 0. */
#define WORKS(call)                                                                                \
    do {                                                                                           \
        const int status_of_call = (int)(call);                                                    \
        if (status_of_call) {                                                                      \
            printf("FAILED: %s: status %d\n", #call, status_of_call);                              \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

/* `bytes` bytes of device memory, with those of `from`, or unwritten if it is NULL. Waits, for a
 * copy may return before the bytes are where another stream finds them. */
HELPER void *on_device(const void *from, size_t bytes)
{
    void *at;
    WORKS(cudaMalloc(&at, bytes));
    if (from) WORKS(cudaMemcpy(at, from, bytes, cudaMemcpyHostToDevice));
    WORKS(cudaDeviceSynchronize());
    return at;
}

/* Copies the bytes back and frees them. */
HELPER void off_device(void *to, void *at, size_t bytes)
{
    if (to) WORKS(cudaMemcpy(to, at, bytes, cudaMemcpyDeviceToHost));
    WORKS(cudaFree(at));
}

/* Multiples of 1/8 in -2..2: products and their sums are exact in single precision. */
HELPER void fill(float *x, size_t count, unsigned seed)
{
    for (size_t i = 0; i < count; i++) {
        seed = seed * 1664525u + 1013904223u;
        x[i] = (float)((int)(seed >> 24) % 33 - 16) / 8;
    }
}

#endif
