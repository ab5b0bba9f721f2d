/* emulator.h -- what the stand-in libraries for cuBLAS and cuDNN use of the stand-in CUDA runtime.
 *
 * Device addresses lie in a reserved range that nobody can read or write: a host that follows one
 * crashes, as it would with a GPU. Work that runs on the device reaches the bytes by emu_at. */
#ifndef EMULATOR_H
#define EMULATOR_H

#include <cuda_runtime_api.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Device memory that work reads or writes: `bytes` bytes at `at`; with times > 1 as often, every
 * `step` bytes (the columns of a matrix, the images of a batch). bytes = 0: nothing. */
typedef struct {
    const void *at;
    size_t bytes;
    int reads, writes;
    size_t times, step;
} emu_range;

/* Queues host work on a stream, or adds it to the graph that is being captured there; `arguments`
 * (`size` bytes) and the ranges are copied, `what` must stay. When it runs, each range is checked:
 * it must lie inside one live device allocation, be written before where it is read, and be ordered
 * by streams and events with all other work that touches those bytes. Then work(arguments) is
 * called, unless a range lies outside of device memory: that is reported, and the work left out.
 * Ranges of one call may overlap; that a call forbids it is for the caller to find. */
cudaError_t emu_enqueue(cudaStream_t stream, const char *what, void (*work)(void *arguments),
                        const void *arguments, size_t size, const emu_range *ranges, int count);

/* Where the bytes of a device address are. Pinned host memory is where it says. */
void *emu_at(const void *device);

/* The whole range is inside one live device allocation (not pinned host memory). */
int emu_is_device(const void *at, size_t bytes);

/* The stream is alive (0, the legacy stream, always is). */
int emu_is_stream(cudaStream_t stream);

/* A finding: printed on stderr as "emulator: ...", and the program's exit status becomes 98. */
void emu_report(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Counts a call of the API; true if it is the one that EMULATED_FAIL makes fail. To be called once,
 * first thing, in everything but what frees or destroys. */
int emu_fails(const char *call);

/* A call, an option or an instruction that the emulator does not know: says so, exit status 97. */
void emu_unknown(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* Memory that a library keeps on the device for itself (a workspace of its own): never reported as
 * a leak. NULL if there is no room. emu_release after a synchronisation by the caller. */
void *emu_reserve(size_t bytes);
void emu_release(void *at);

/* The lock of all that the stand-ins keep for the whole program; a thread may take it again. */
void emu_lock(void);
void emu_unlock(void);

#ifdef __cplusplus
}
#endif

#endif
