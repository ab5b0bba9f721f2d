/* labels.c -- see labels.h. */
#include "learn/labels.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"

static int ascending(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

pv_status pv_labels_find(pv_labels *out, const int32_t *label, size_t n)
{
    memset(out, 0, sizeof *out);
    PV_TRY(pv_new(&out->of, n ? n : 1, sizeof *out->of, "classes"));
    pv_status rc = pv_new(&out->value, n ? n : 1, sizeof *out->value, "labels");
    if (rc != PV_OK) {
        pv_labels_free(out);
        return rc;
    }
    if (n) memcpy(out->value, label, n * sizeof *label);
    qsort(out->value, n, sizeof *out->value, ascending);
    for (size_t i = 0; i < n; i++)
        if (!i || out->value[i] != out->value[out->classes - 1])
            out->value[out->classes++] = out->value[i];
    for (size_t i = 0; i < n; i++) {
        const int32_t *at =
            bsearch(&label[i], out->value, (size_t)out->classes, sizeof *out->value, ascending);
        out->of[i] = (int32_t)(at - out->value);
    }
    return PV_OK;
}

void pv_labels_free(pv_labels *labels)
{
    free(labels->value);
    free(labels->of);
    memset(labels, 0, sizeof *labels);
}
