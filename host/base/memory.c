/* memory.c -- zeroed memory, with an error text where there is none left. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

pv_status pv_new(void *out, size_t count, size_t size, const char *what)
{
    int overflow = size && count > SIZE_MAX / size;
    /* One element at least, so that NULL means failure. */
    void *block = overflow ? NULL : calloc(count ? count : 1, size ? size : 1);
    memcpy(out, &block, sizeof block);
    if (block) return PV_OK;
    return pv_fail(PV_ENOMEM, "out of memory: %.0f bytes of %s", (double)count * (double)size,
                   what);
}
