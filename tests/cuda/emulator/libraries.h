/* libraries.h -- what the stand-ins for cuBLAS and cuDNN share: number formats and operands. */
#ifndef EMULATOR_LIBRARIES_H
#define EMULATOR_LIBRARIES_H

#include <stddef.h>
#include <stdint.h>

#include "emulator.h"

#pragma GCC visibility push(hidden)

/* Formats of numbers: FLOAT and BF16 lie in memory; the others are what a tensor core makes of an
 * operand before it multiplies. All round to nearest, ties to even. */
typedef enum { NUMBER_FLOAT, NUMBER_BF16, NUMBER_TF32, NUMBER_HALF } number_format;

size_t number_size(number_format stored);
double number_round(number_format to, double x);

/* Elements at a host address as doubles, rounded to `to` first; and back, with one rounding. */
double number_load(number_format stored, number_format to, const void *at, int64_t index);
void number_store(number_format stored, void *at, int64_t index, double x);

/* What tensor cores may make of floats: TF32 from compute capability 8.0 on, unless
 * NVIDIA_TF32_OVERRIDE=0 forbids it, as in the real libraries. */
number_format number_tf32(int capability);

/* 75, 80, 90...: of the current device; 0 if there is none. */
int device_capability(void);

/* An array in device memory that a call reads or writes; extents and strides in elements, all
 * dimensions that are not named have extent 0 and do not count. size: bytes of an element. */
enum { OPERAND_DIMS = 4 };
typedef struct {
    const char *name;
    const void *at;
    size_t size;
    int reads, writes;
    int64_t extent[OPERAND_DIMS], stride[OPERAND_DIMS];
} operand;

/* Queues the work of a library call, with the exact bytes of its operands. Reports what the real
 * libraries leave to their callers: operands that are not device memory, misaligned or overlapping
 * ones, outputs whose elements fall together. Work on operands that cannot be touched is not
 * queued. Operands without address are skipped. */
cudaError_t operands_enqueue(cudaStream_t stream, const char *call, void (*work)(void *arguments),
                             const void *arguments, size_t size, const operand *operands,
                             int count);

/* Whether the stream is under capture, where calls that wait for the device are not allowed: that
 * is reported, and the capture is invalid. */
int refused_in_capture(cudaStream_t stream, const char *call);

#pragma GCC visibility pop

#endif
