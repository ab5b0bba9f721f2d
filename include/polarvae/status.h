/* status.h -- what a function that can fail returns, and the one line that says why.
 *
 * The innermost failure writes the text (pv_fail); everybody else passes the status on. */
#ifndef POLARVAE_STATUS_H
#define POLARVAE_STATUS_H

#ifdef __cplusplus
extern "C" {
#endif

/* X(name, exit status of the program, what kind of failure) */
#define PV_STATUS_LIST(X)                                                                          \
    X(OK, 0, "success")                                                                            \
    X(EUSAGE, 2, "bad argument, key or value")                                                     \
    X(EDATA, 1, "a file does not hold what it should")                                             \
    X(EIO, 1, "reading or writing failed")                                                         \
    X(ENOMEM, 1, "out of memory")                                                                  \
    X(EDEVICE, 1, "a device failed or is not there")                                               \
    X(EOWNED, 1, "another process works on it")                                                    \
    X(ENUMERIC, 1, "a number is not finite")                                                       \
    X(ESTOPPED, 1, "interrupted by a signal")

typedef enum {
#define X(name, code, text) PV_##name,
    PV_STATUS_LIST(X)
#undef X
} pv_status;

/* Sets the thread's error text and returns `status`: `return pv_fail(PV_EDATA, "%s: ...", path);`
 */
__attribute__((format(printf, 2, 3))) pv_status pv_fail(pv_status status, const char *format, ...);

/* The text of the thread's last failure, one line without a newline; "" before the first. */
const char *pv_error(void);

/* The exit status of a program that ends with `status`. */
int pv_exit_code(pv_status status);

/* Returns from the calling function when `call` fails. Only where nothing is owned yet. */
#define PV_TRY(call)                                                                               \
    do {                                                                                           \
        pv_status pv_try_status = (call);                                                          \
        if (pv_try_status != PV_OK) return pv_try_status;                                          \
    } while (0)

#ifdef __cplusplus
}
#endif
#endif
