/* factors.c -- factors by name, and from factors to images. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "data/factors.h"

/* ---- names ---- */

int pv_data_factor(const pv_data *d, const char *name, size_t length)
{
    for (int f = 0; f < d->factors; f++)
        if (strlen(d->factor_name[f]) == length && memcmp(d->factor_name[f], name, length) == 0)
            return f;
    return -1;
}

pv_status pv_data_no_factor(const pv_data *d, const char *what, const char *name, size_t length)
{
    char names[PV_MAX_FACTORS * (PV_FACTOR_NAME + 2)] = "";
    for (int f = 0; f < d->factors; f++) {
        strcat(names, f ? ", " : "");
        strcat(names, d->factor_name[f]);
    }
    return pv_fail(PV_EUSAGE, "%s: the data set has no factor '%.*s'; it has %s", what, (int)length,
                   name, names);
}

pv_status pv_data_set_nuisance(pv_data *d, const char *names)
{
    int nuisance[PV_MAX_FACTORS] = {0}, left = d->factors;
    for (const char *at = strcmp(names, "none") == 0 ? NULL : names; at;) {
        const size_t length = strcspn(at, ",");
        const int f = pv_data_factor(d, at, length);
        if (f < 0) return pv_data_no_factor(d, "nuisance", at, length);
        left -= !nuisance[f];
        nuisance[f] = 1;
        at = at[length] ? at + length + 1 : NULL;
    }
    if (left == 0) return pv_fail(PV_EUSAGE, "nuisance=%s: leaves no factor to observe", names);
    memcpy(d->nuisance, nuisance, sizeof nuisance);
    return PV_OK;
}

void pv_data_range(const pv_data *d, int factor, double *low, double *high)
{
    const double *value = d->factor_value + factor;
    *low = *high = *value;
    for (size_t i = 0; i < d->examples; i++, value += d->factors) {
        if (*value < *low) *low = *value;
        if (*value > *high) *high = *value;
    }
}

int pv_data_observed(const pv_data *d)
{
    int count = 0;
    for (int f = 0; f < d->factors; f++) count += !d->nuisance[f];
    return count;
}

/* ---- from factors to images ---- */

struct pv_data_index {
    const pv_data *data;
    uint32_t *order; /* [examples] sorted by factors; NULL: they are */
};

static int compare(const int32_t *a, const int32_t *b, size_t factors)
{
    for (size_t f = 0; f < factors; f++)
        if (a[f] != b[f]) return a[f] < b[f] ? -1 : 1;
    return 0;
}

static int by_factors(const void *a, const void *b, void *state)
{
    const pv_data *d = state;
    const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    const size_t k = (size_t)d->factors;
    const int order = compare(d->factor + x * k, d->factor + y * k, k);
    return order ? order : (x > y) - (x < y);
}

pv_status pv_data_index_open(pv_data_index **out, const pv_data *data)
{
    pv_data_index *index;
    *out = NULL;
    PV_TRY(pv_new(&index, 1, sizeof *index, "an index of factors"));
    index->data = data;
    if (!data->complete) {
        const pv_status status =
            pv_new(&index->order, data->examples, sizeof *index->order, "an index of factors");
        if (status != PV_OK) {
            free(index);
            return status;
        }
        for (size_t i = 0; i < data->examples; i++) index->order[i] = (uint32_t)i;
        qsort_r(index->order, data->examples, sizeof *index->order, by_factors, (void *)data);
    }
    *out = index;
    return PV_OK;
}

void pv_data_index_close(pv_data_index *index)
{
    if (!index) return;
    free(index->order);
    free(index);
}

/* The first example in order whose factors are not before `class`. */
static size_t lower_bound(const pv_data_index *index, const int32_t *class)
{
    const pv_data *d = index->data;
    const size_t k = (size_t)d->factors;
    size_t low = 0, high = d->examples;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        const size_t example = index->order ? index->order[middle] : middle;
        if (compare(d->factor + example * k, class, k) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int has(const pv_data_index *index, const int32_t *class, size_t *example)
{
    const pv_data *d = index->data;
    const size_t at = lower_bound(index, class), k = (size_t)d->factors;
    if (at == d->examples) return 0;
    *example = index->order ? index->order[at] : at;
    return compare(d->factor + *example * k, class, k) == 0;
}

pv_status pv_data_find(const pv_data_index *index, const int32_t *class, size_t *example)
{
    const pv_data *d = index->data;
    char text[PV_MAX_FACTORS * (PV_FACTOR_NAME + 16)] = "";
    if (has(index, class, example)) return PV_OK;
    for (int f = 0; f < d->factors; f++)
        sprintf(text + strlen(text), "%s%s %d", f ? ", " : "", d->factor_name[f], (int)class[f]);
    return pv_fail(PV_EUSAGE, "no image has %s", text);
}

/* Infinite where the images differ in `fixed`, and beyond `limit`. */
static double distance(const pv_data *d, const int32_t *of, const int32_t *class, int fixed,
                       double limit)
{
    double sum = 0;
    if (fixed >= 0 && of[fixed] != class[fixed]) return INFINITY;
    for (int f = 0; f < d->factors && sum < limit; f++)
        if (d->factor_size[f] > 1)
            sum += fabs((double)of[f] - (double)class[f]) / (d->factor_size[f] - 1);
    return sum;
}

size_t pv_data_nearest(const pv_data_index *index, const int32_t *class, int fixed)
{
    const pv_data *d = index->data;
    const size_t k = (size_t)d->factors;
    const double rounding = 1e-12; /* sums that should be equal differ by less */
    size_t nearest = 0;
    double least = INFINITY;
    if (has(index, class, &nearest)) return nearest;
    for (size_t i = 0; i < d->examples; i++) {
        const double here = distance(d, d->factor + i * k, class, fixed, least);
        if (here < least - rounding) {
            least = here;
            nearest = i;
        }
    }
    return least < INFINITY || fixed < 0 ? nearest : pv_data_nearest(index, class, -1);
}
