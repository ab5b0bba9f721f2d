/* programs.c -- what nvcc makes a program register before main: fat binaries, kernels, variables.
 */
#include <stdlib.h>
#include <string.h>

#include "api.h"
#include "programs.h"

#include <fatbinary_section.h>

/* A fat binary is a header, then entries: PTX (kind 1) and machine code (kind 2). */
typedef struct {
    uint32_t magic;
    uint16_t version, header_bytes;
    uint64_t bytes;
} fat_header;

typedef struct {
    uint16_t kind, version;
    uint32_t header_bytes;
    uint64_t bytes;
    uint32_t compressed_bytes, options;
    uint16_t minor, major;
    uint32_t sm;
} fat_entry;

enum { KIND_PTX = 1 };

struct program {
    const fat_header *image;
    ptx_module *module; /* read when it is first used */
};

static emu_function *functions;
static emu_variable *variables;

/* The newest PTX that the device can run. */
static const fat_entry *choose(const fat_header *image)
{
    struct cudaDeviceProp p;
    device_properties(&p);
    const char *at = (const char *)image + image->header_bytes, *end = at + image->bytes;
    const fat_entry *best = NULL;
    while (at < end) {
        const fat_entry *e = (const fat_entry *)at;
        if (e->kind == KIND_PTX && e->sm <= (uint32_t)(10 * p.major + p.minor) &&
            (!best || e->sm > best->sm))
            best = e;
        at += e->header_bytes + e->bytes;
    }
    return best;
}

static cudaError_t load(program *p)
{
    if (p->module) return cudaSuccess;
    const fat_entry *e = choose(p->image);
    if (!e) {
        emu_report("no PTX for this device in the program (-gencode code=compute_75)");
        return cudaErrorNoKernelImageForDevice;
    }
    if (e->compressed_bytes) emu_unknown("compressed PTX: compile with --no-compress");
    const char *text = (const char *)e + e->header_bytes;
    p->module = ptx_read(text, strnlen(text, e->bytes));
    return cudaSuccess;
}

emu_function *program_function(const void *handle)
{
    for (emu_function *f = functions; f; f = f->next)
        if (f->host == handle || f == handle) return f;
    return NULL;
}

cudaError_t program_kernel(emu_function *f)
{
    cudaError_t error = load(f->from);
    if (error || f->kernel) return error;
    f->kernel = ptx_find_kernel(f->from->module, f->name);
    return f->kernel ? cudaSuccess : cudaErrorInvalidDeviceFunction;
}

cudaError_t program_variable(const void *handle, void **at, size_t *bytes)
{
    const emu_variable *v = variables;
    while (v && v->host != handle) v = v->next;
    if (!v) return cudaErrorInvalidSymbol;
    cudaError_t error = load(v->from);
    if (error) return error;
    const ptx_variable *found = ptx_find_variable(v->from->module, v->name);
    if (!found) return cudaErrorInvalidSymbol;
    *at = found->at;
    *bytes = found->bytes;
    return cudaSuccess;
}

/* ---- entry points; crt/host_runtime.h declares them ---- */

static void *zeroed(size_t bytes)
{
    void *at = calloc(1, bytes);
    if (!at) emu_unknown("the host has no memory left");
    return at;
}

void **__cudaRegisterFatBinary(void *wrapper)
{
    program *p = zeroed(sizeof *p);
    p->image = (const fat_header *)((const __fatBinC_Wrapper_t *)wrapper)->data;
    return (void **)p;
}

void __cudaRegisterFatBinaryEnd(void **handle) { (void)handle; }

void __cudaUnregisterFatBinary(void **handle)
{
    emu_lock();
    work_wait_all(); /* what was never waited for is done while its code is still there */
    const program *p = (const program *)handle;
    for (emu_function **f = &functions; *f;) {
        emu_function *one = *f;
        if (one->from != p) {
            f = &one->next;
            continue;
        }
        *f = one->next;
        free(one);
    }
    for (emu_variable **v = &variables; *v;) {
        emu_variable *one = *v;
        if (one->from != p) {
            v = &one->next;
            continue;
        }
        *v = one->next;
        free(one);
    }
    emu_unlock();
}

char __cudaInitModule(void **handle)
{
    (void)handle;
    return 1;
}

void __cudaRegisterFunction(void **handle, const char *host, char *device, const char *name,
                            int threads, uint3 *tid, uint3 *bid, dim3 *block, dim3 *grid, int *warp)
{
    (void)device, (void)threads, (void)tid, (void)bid, (void)block, (void)grid, (void)warp;
    emu_function *f = zeroed(sizeof *f);
    *f = (emu_function){.host = host, .name = name, .from = (program *)handle};
    emu_lock();
    f->next = functions;
    functions = f;
    emu_unlock();
}

void __cudaRegisterVar(void **handle, char *host, char *device, const char *name, int external,
                       size_t bytes, int constant, int global)
{
    (void)device, (void)external, (void)bytes, (void)constant, (void)global;
    emu_variable *v = zeroed(sizeof *v);
    *v = (emu_variable){.host = host, .name = name, .from = (program *)handle};
    emu_lock();
    v->next = variables;
    variables = v;
    emu_unlock();
}
