/* plugin.c -- the CUDA device, which is opened on demand: the program starts where no CUDA library
 * is. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "polarvae/backend.h"
#include "polarvae/version.h"

static const pv_host host = {PV_VERSION, pv_ops, pv_fail};

/* Beside the program, where it is installed, or where the loader looks. */
static void *open_library(void)
{
    static const char *const places[] = {"%s/" PV_CUDA_PLUGIN,
                                         "%s/" PV_LIBRARY_FROM_PROGRAM "/" PV_CUDA_PLUGIN};
    char directory[4096], path[8192];
    const ssize_t length = readlink("/proc/self/exe", directory, sizeof directory - 1);
    directory[length > 0 ? length : 0] = '\0';
    char *slash = strrchr(directory, '/');
    if (slash) *slash = '\0';
    for (size_t i = 0; slash && i < sizeof places / sizeof *places; i++) {
        snprintf(path, sizeof path, places[i], directory);
        if (access(path, F_OK) == 0) return dlopen(path, RTLD_NOW | RTLD_LOCAL);
    }
    return dlopen(PV_CUDA_PLUGIN, RTLD_NOW | RTLD_LOCAL);
}

/* The driver's own library is asked first: the others are large. */
const char *pv_cuda_absent(void)
{
    void *driver = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);
    if (!driver) return "no CUDA device: this machine has no NVIDIA driver";
    dlclose(driver);
    return NULL;
}

pv_status pv_cuda_open(pv_device **out, int ordinal)
{
    *out = NULL;
    void *library = open_library(); /* stays open: streams may end at the program's end */
    if (!library) return pv_fail(PV_EDEVICE, "cuda:%d cannot be opened: %s", ordinal, dlerror());
    pv_plugin_open *open;
    *(void **)&open = dlsym(library, PV_CUDA_PLUGIN_OPEN);
    if (!open) return pv_fail(PV_EDEVICE, "cuda:%d: " PV_CUDA_PLUGIN " is not PolarVAE's", ordinal);
    return open(&host, out, ordinal);
}
