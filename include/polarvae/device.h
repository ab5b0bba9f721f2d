/* device.h -- the only door between the host code and a device (a CPU, a GPU).
 *
 * A device owns memory; a stream is an ordered queue on it; a program is a list of kernels that
 * was recorded once and is run many times. Nothing else runs a kernel: initialisation, a training
 * step and an evaluation are all programs. How a program is carried out (chunk by chunk on a CPU,
 * as a graph on a GPU) is the device's own affair; the bits do not depend on the number of
 * threads.
 *
 *     pv_device_open(&device, "cpu");
 *     pv_stream_open(&stream, device, 2);
 *     pv_program_begin(&program, stream, batch);
 *         float *x = pv_rows(program, float, 64 * 64);     an activation: a name, not an address
 *         pv_dense(program, &(pv_dense_args){...});        recorded, see ops.h
 *     pv_program_seal(program);
 *     pv_program_run(program);  pv_stream_sync(stream);
 *
 * Device memory is never dereferenced by the host. A device may be used by several threads at
 * once, a stream by one. */
#ifndef POLARVAE_DEVICE_H
#define POLARVAE_DEVICE_H

#include <stddef.h>
#include <stdint.h>

#include "polarvae/ops.h"
#include "polarvae/status.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct pv_device pv_device;
typedef struct pv_stream pv_stream;
typedef struct pv_program pv_program;

/* ---- devices ---- */

/* name: "cpu", "cuda:N", or "auto" (a GPU where there is one, else the CPU). */
pv_status pv_device_open(pv_device **out, const char *name);
void pv_device_close(pv_device *device); /* after its streams and memory; NULL is fine */
const char *pv_device_name(const pv_device *device);
/* One line, shorter than PV_DESCRIPTION: model, instruction set or compute capability, cores,
 * memory. Lives as long as device. */
enum { PV_DESCRIPTION = 192 };
const char *pv_device_description(const pv_device *device);
/* Why "auto" did not take a GPU, or NULL. */
const char *pv_device_notice(const pv_device *device);
/* Bytes of images that a device of its own memory holds with room for models beside them: four
 * fifths of all. 0: it shares the host's. */
size_t pv_device_memory(const pv_device *device);

/* ---- memory: blocks belong to the caller, aligned to 64 bytes at least ---- */

pv_status pv_device_alloc(pv_device *device, size_t bytes, void **out);
void pv_device_release(pv_device *device, void *block); /* NULL is fine */

/* Host memory that kernels only read (a data set), as the device sees it: on a CPU the same
 * memory, on a GPU a copy. `from` must stay as it is until unshare. */
pv_status pv_device_share(pv_device *device, const void *from, size_t bytes, const void **out);
void pv_device_unshare(pv_device *device, const void *shared); /* NULL is fine */

/* ---- streams ---- */

/* How many processor cores this process may run on, at least 1: fewer than the machine has where a
 * batch system or taskset binds it. */
int pv_cores(void);

/* threads: how many host threads a CPU stream computes with, the caller's included; 0: all cores.
 */
pv_status pv_stream_open(pv_stream **out, pv_device *device, int threads);
void pv_stream_close(pv_stream *stream); /* NULL is fine */
pv_device *pv_stream_device(const pv_stream *stream);
int pv_stream_threads(const pv_stream *stream);

/* How layers multiply; parameters, sums and everything else are float32 in all of them. tf32:
 * factors rounded to 11 bits; bf16: to 8 bits, and what convolutions write, too. */
typedef enum { PV_FP32, PV_TF32, PV_BF16 } pv_layer_precision;

/* How layers are computed in programs that are sealed from now on. A stream begins with zeros.
 * PV_EUSAGE where a device has no such precision. */
typedef struct {
    pv_layer_precision precision;
    int measured; /* of several ways the one that is fastest when the program is sealed: the last
                     bits may be others the next time. On a CPU there is one way only. */
} pv_layer_rule;
pv_status pv_stream_set_layers(pv_stream *stream, const pv_layer_rule *rule);
const char *pv_stream_precision(const pv_stream *stream); /* "fp32" */

/* In the order of the stream. download has the data when it returns; upload may be reused then. */
pv_status pv_upload(pv_stream *stream, void *to, const void *from, size_t bytes);
pv_status pv_download(pv_stream *stream, void *to, const void *from, size_t bytes);
pv_status pv_fill(pv_stream *stream, void *to, int byte, size_t bytes);
/* Waits for all work, and reports failures that came late. */
pv_status pv_stream_sync(pv_stream *stream);

/* Floating-point operations a second of multiply-adds alone, measured now on all of the stream's
 * threads: what a benchmark compares with. Takes a few hundredths of a second. */
pv_status pv_stream_peak(pv_stream *stream, double *flops);

/* ---- programs ---- */

/* Starts recording a program whose batch is `rows` rows. */
pv_status pv_program_begin(pv_program **out, pv_stream *stream, size_t rows);
void pv_program_close(pv_program *program); /* NULL is fine */
size_t pv_program_rows(const pv_program *program);

/* A new activation of `width` elements of `size` bytes a row: a handle that only kernels of this
 * program can use; the device places it when the program is sealed. NULL if memory is short: the
 * next kernel that is recorded then fails. A row of one kernel sees only the same row, unless the
 * kernel declares it as WHOLE. A kernel of k times the rows takes an activation as [rows k, width /
 * k].
 */
void *pv_program_rows_of(pv_program *program, size_t width, size_t size);
#define pv_rows(program, type, width) ((type *)pv_program_rows_of(program, width, sizeof(type)))

/* Ends recording. From here on only run and close. Every pointer that is not an activation must
 * stay valid. */
pv_status pv_program_seal(pv_program *program);
pv_status pv_program_run(pv_program *program);

/* What the device chose for each convolution of a sealed program, a line each; lives as long as the
 * program. NULL where there was nothing to choose. */
const char *pv_program_choices(const pv_program *program);

/* Records one kernel; args->rows = 0 stands for the rows of the program, first must be 0. The
 * arguments are copied. */
pv_status pv_program_add(pv_program *program, pv_op op, const void *args);

/* pv_kl(program, &(pv_kl_args){...}) and so on, one for each kernel of ops.h. */
#define PV_WRAPPER(op)                                                                             \
    static inline pv_status pv_##op(pv_program *program, const pv_##op##_args *args)               \
    {                                                                                              \
        return pv_program_add(program, PV_OP_##op, args);                                          \
    }
PV_ALL_OPS(PV_WRAPPER)
#undef PV_WRAPPER

#ifdef __cplusplus
}
#endif
#endif
