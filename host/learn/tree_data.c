/* tree_data.c -- variables sorted and cut into bins, once for all trees of a fit. */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "learn/tree.h"

typedef struct {
    float value;
    uint32_t row;
} entry;

static int ascending(const void *a, const void *b)
{
    const entry *x = a, *y = b;
    if (x->value != y->value) return x->value < y->value ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

/* Cuts a sorted variable into at most PV_TREE_BINS bins, and returns how many. Equal values share a
 * bin. One each where that is enough; else bins are of n / 128 rows or a little more, but values
 * that are as frequent are alone: two bins at most for every n / 128 rows. */
static size_t cut(pv_tree_bin *bin, const entry *sorted, size_t n)
{
    size_t bins = 0, different = 1, enough = 1;
    for (size_t p = 1; p < n; p++) different += sorted[p].value != sorted[p - 1].value;
    if (different > PV_TREE_BINS) enough = (2 * n + PV_TREE_BINS - 1) / PV_TREE_BINS;

    for (size_t p = 0, next; p < n; p = next) {
        for (next = p + 1; next < n && sorted[next].value == sorted[p].value;) next++;
        if (!bins || p - bin[bins - 1].start >= enough || next - p >= enough)
            bin[bins++] =
                (pv_tree_bin){.start = (uint32_t)p,
                              .apart = p && pv_tree_apart(sorted[p - 1].value, sorted[p].value)};
        bin[bins - 1].end = (uint32_t)next;
        bin[bins - 1].inside =
            (uint8_t)pv_tree_apart(sorted[bin[bins - 1].start].value, sorted[next - 1].value);
    }
    return bins;
}

pv_status pv_tree_data_new(pv_tree_data *out, const float *x, size_t n, int d)
{
    entry *sorted = NULL;
    size_t columns = (size_t)d, most = n < PV_TREE_BINS ? n : PV_TREE_BINS;
    pv_status rc;
    *out = (pv_tree_data){.rows = n, .variables = d};
    if ((rc = pv_new(&out->x, n * columns, sizeof *out->x, "variables")) != PV_OK ||
        (rc = pv_new(&out->order, n * columns, sizeof *out->order, "sorted rows")) != PV_OK ||
        (rc = pv_new(&out->bin_of, n * columns, sizeof *out->bin_of, "bins of rows")) != PV_OK ||
        (rc = pv_new(&out->first, columns + 1, sizeof *out->first, "bins")) != PV_OK ||
        (rc = pv_new(&out->bin, most * columns, sizeof *out->bin, "bins")) != PV_OK ||
        (rc = pv_new(&sorted, n, sizeof *sorted, "rows to sort")) != PV_OK)
        goto out;
    for (size_t f = 0; f < columns; f++) {
        for (size_t i = 0; i < n; i++) sorted[i] = (entry){x[i * columns + f], (uint32_t)i};
        qsort(sorted, n, sizeof *sorted, ascending);
        pv_tree_bin *bin = out->bin + out->first[f];
        size_t bins = cut(bin, sorted, n), b = 0;
        for (size_t p = 0; p < n; p++) {
            b += p == bin[b].end;
            out->x[f * n + sorted[p].row] = sorted[p].value;
            out->order[f * n + p] = sorted[p].row;
            out->bin_of[f * n + sorted[p].row] = (uint8_t)b;
        }
        out->first[f + 1] = out->first[f] + bins;
    }
out:
    free(sorted);
    if (rc != PV_OK) pv_tree_data_free(out);
    return rc;
}

void pv_tree_data_free(pv_tree_data *data)
{
    free(data->x);
    free(data->order);
    free(data->bin_of);
    free(data->first);
    free(data->bin);
    memset(data, 0, sizeof *data);
}
