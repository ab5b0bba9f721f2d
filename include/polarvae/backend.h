/* backend.h -- for those who write a device: its table of calls, and what a program consists of.
 *
 * Host code includes device.h instead. */
#ifndef POLARVAE_BACKEND_H
#define POLARVAE_BACKEND_H

#include "polarvae/device.h"

#ifdef __cplusplus
extern "C" {
#endif

/* X(call, parameters, arguments): all that a device does and that can fail. The list makes the
 * table below, and the fault-injecting device of the tests. */
#define PV_DEVICE_CALLS(X)                                                                         \
    X(alloc, (pv_device * d, size_t bytes, void **out), (d, bytes, out))                           \
    X(share, (pv_device * d, const void *from, size_t bytes, const void **out),                    \
      (d, from, bytes, out))                                                                       \
    X(stream_open, (pv_device * d, int threads, pv_stream **out), (d, threads, out))               \
    X(set_layers, (pv_stream * s, const pv_layer_rule *rule), (s, rule))                           \
    X(upload, (pv_stream * s, void *to, const void *from, size_t bytes), (s, to, from, bytes))     \
    X(download, (pv_stream * s, void *to, const void *from, size_t bytes), (s, to, from, bytes))   \
    X(fill, (pv_stream * s, void *to, int byte, size_t bytes), (s, to, byte, bytes))               \
    X(sync, (pv_stream * s), (s))                                                                  \
    X(record, (pv_program * p, pv_op op, const void *args), (p, op, args))                         \
    X(peak, (pv_stream * s, double *flops), (s, flops))                                            \
    X(seal, (pv_program * p), (p))                                                                 \
    X(run, (pv_program * p), (p))

typedef struct {
#define X(call, parameters, arguments) pv_status(*call) parameters;
    PV_DEVICE_CALLS(X)
#undef X
    void (*release)(pv_device *, void *block);
    void (*unshare)(pv_device *, const void *);
    void (*stream_close)(pv_stream *);
    void (*program_close)(pv_program *); /* frees p->plan, NULL if never sealed */
    void (*close)(pv_device *);
} pv_device_calls;

/* A device's own struct starts with this. */
struct pv_device {
    const pv_device_calls *calls;
    char name[32];
    char description[PV_DESCRIPTION];
    char notice[192]; /* see pv_device_notice */
    size_t memory;    /* see pv_device_memory */
};

/* A device's own stream starts with this. */
struct pv_stream {
    pv_device *device;
    int threads;
    pv_layer_rule layers;
};

/* One recorded kernel; `args` is the op's struct, with rows filled in. */
typedef struct {
    pv_op op;
    void *args;
} pv_call;

struct pv_program {
    pv_stream *stream;
    size_t rows;
    pv_call *calls;
    size_t call_count;
    size_t *activations; /* bytes a row of each */
    size_t activation_count;
    int out_of_memory;
    void *plan; /* the device's, as what follows */
    const char *choices;
};

/* ---- the declarations of ops.h as data ---- */

typedef enum { PV_MAP, PV_ROWS, PV_COLUMNS, PV_LAYER } pv_kind;
typedef enum {
    PV_ROLE_IN,
    PV_ROLE_OUT,
    PV_ROLE_INOUT,
    PV_ROLE_WHOLE,
    PV_ROLE_SHARED,
    PV_ROLE_SUM,
    PV_ROLE_STATE
} pv_role;

typedef struct {
    const char *name;
    size_t offset; /* of the pointer in the struct */
    size_t size;   /* bytes of an element */
    size_t width;  /* elements a row, or in all for SHARED, SUM, STATE */
    pv_role role;
} pv_field;

enum { PV_MAX_FIELDS = 12 };

typedef struct {
    const char *name;
    pv_kind kind;
    size_t args_size;
    int (*fields)(const void *args, pv_field out[PV_MAX_FIELDS]); /* how many */
} pv_op_info;
extern const pv_op_info pv_ops[PV_OP_COUNT];

/* The three words every argument struct starts with. */
typedef struct {
    size_t rows, first, cols;
} pv_head;

static inline void *pv_field_get(const void *args, const pv_field *f)
{
    return *(void *const *)((const char *)args + f->offset);
}
static inline void pv_field_set(void *args, const pv_field *f, void *value)
{
    *(void **)((char *)args + f->offset) = value;
}
static inline int pv_role_row_aligned(pv_role r) { return r <= PV_ROLE_WHOLE; }
static inline int pv_role_writes(pv_role r)
{
    return r == PV_ROLE_OUT || r == PV_ROLE_INOUT || r == PV_ROLE_SUM || r == PV_ROLE_STATE;
}

/* Handles of activations are addresses that no memory can have. */
#define PV_ACTIVATION_BASE ((uintptr_t)1 << (8 * sizeof(uintptr_t) - 2))

/* Which activation of its program a pointer names, or -1 for an address. */
static inline long pv_activation_id(const void *pointer)
{
    uintptr_t p = (uintptr_t)pointer;
    return p & PV_ACTIVATION_BASE ? (long)((p - PV_ACTIVATION_BASE) / 64) : -1;
}

/* ---- the devices ---- */

pv_status pv_cpu_open(pv_device **out, int ordinal);
pv_status pv_cuda_open(pv_device **out, int ordinal); /* opens the plugin first */
const char *pv_cuda_absent(void);                     /* why there can be none here, or NULL */

/* A plugin exports one function, and takes nothing from the program but this. */
typedef struct {
    const char *version; /* of the program: a plugin of another version is refused */
    const pv_op_info *ops;
    pv_status (*fail)(pv_status status, const char *format, ...);
} pv_host;
typedef pv_status pv_plugin_open(const pv_host *host, pv_device **out, int ordinal);
#define PV_CUDA_PLUGIN "libpolarvae_cuda.so"
#define PV_CUDA_PLUGIN_OPEN "pv_cuda_plugin_open"

#ifdef __cplusplus
}
#endif
#endif
