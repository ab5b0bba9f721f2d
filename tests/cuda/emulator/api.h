/* api.h -- how a call of the CUDA runtime begins and ends: the lock, the count, the last error. */
#ifndef EMULATOR_API_H
#define EMULATOR_API_H

#include "inside.h"

/* Takes the lock; an error to return at once (there is no device, EMULATED_FAIL, a function of the
 * host calls CUDA), or cudaSuccess. */
cudaError_t api_enter(const char *call, cudaError_t when_it_fails);

/* As api_enter for what frees: never made to fail. */
cudaError_t api_enter_free(const char *call);

/* Refuses a call that may not be made during a capture: of this stream, or (NULL) of any that does
 * not allow it. The capture is then invalid. */
cudaError_t api_refuse_capture(const char *call, emu_stream *stream);

/* Keeps the error for cudaGetLastError and releases the lock. */
cudaError_t api_leave(cudaError_t error);

/* Reports what a program should not do, and leaves with the error that CUDA would give. */
#define API_REJECT(error, ...) return (emu_report(__VA_ARGS__), api_leave(error))

#define API_ENTER(when_it_fails)                                                                   \
    do {                                                                                           \
        cudaError_t entered = api_enter(__func__, when_it_fails);                                  \
        if (entered) return api_leave(entered);                                                    \
    } while (0)

#define API_ENTER_FREE()                                                                           \
    do {                                                                                           \
        cudaError_t entered = api_enter_free(__func__);                                            \
        if (entered) return api_leave(entered);                                                    \
    } while (0)

/* The stream of a handle, or an error for the caller. */
#define API_STREAM(stream, handle)                                                                 \
    emu_stream *stream = stream_of(handle);                                                        \
    if (!stream)                                                                                   \
    API_REJECT(cudaErrorInvalidResourceHandle, "%s: not a stream (destroyed?)", __func__)

void device_properties(struct cudaDeviceProp *p);

#endif
