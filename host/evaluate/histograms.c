/* histograms.c -- how the values of each variable are distributed. */
#include "evaluate/histograms.h"

#include <stdlib.h>

#include "base/base.h"
#include "evaluate/information.h"

static pv_status fill(pv_histogram *h, double *value, uint8_t *bin, size_t n, int bins)
{
    PV_TRY(pv_new(&h->count, (size_t)bins, sizeof *h->count, "a histogram"));
    h->low = h->high = value[0];
    for (size_t i = 1; i < n; i++) {
        h->low = value[i] < h->low ? value[i] : h->low;
        h->high = value[i] > h->high ? value[i] : h->high;
    }
    if (h->low == h->high) {
        h->low -= 0.5;
        h->high += 0.5;
    }
    pv_bin(bin, value, n, bins);
    for (size_t i = 0; i < n; i++) h->count[bin[i]]++;
    return PV_OK;
}

pv_status pv_histograms_make(pv_histogram **out, const float *x, size_t examples, int variables,
                             int bins)
{
    double *value = NULL;
    uint8_t *bin = NULL;
    *out = NULL;
    pv_status status = pv_new(out, (size_t)variables, sizeof **out, "histograms");
    if (status == PV_OK) status = pv_new(&value, examples, sizeof *value, "values");
    if (status == PV_OK) status = pv_new(&bin, examples, sizeof *bin, "bins");
    for (int v = 0; v < variables && status == PV_OK; v++) {
        for (size_t i = 0; i < examples; i++) value[i] = x[i * (size_t)variables + (size_t)v];
        status = fill(&(*out)[v], value, bin, examples, bins);
    }
    free(value);
    free(bin);
    return status;
}

void pv_histograms_free(pv_histogram *histogram, int variables)
{
    for (int v = 0; histogram && v < variables; v++) free(histogram[v].count);
    free(histogram);
}
