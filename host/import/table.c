/* table.c -- what is asked of the table of a public file before its images are read. */
#include "import/table.h"

#include <math.h>
#include <stdio.h>

pv_status pv_table_count(pv_public *out, const char *source, size_t images, size_t all)
{
    if (images == 0) return pv_fail(PV_EDATA, "%s: holds no images", source);
    if (images > all)
        return pv_fail(PV_EDATA, "%s: holds %zu images; the public release of %s has %zu", source,
                       images, out->kind, all);
    if (images < all)
        snprintf(out->note, sizeof out->note, "%.380s: %zu images; the public release has %zu",
                 source, images, all);
    return PV_OK;
}

/* How many combinations the factors have; more than `most` are not counted. */
static size_t combinations(const pv_data *d, size_t most)
{
    size_t all = 1;
    for (int f = 0; f < d->factors && all <= most; f++) all *= (size_t)d->factor_size[f];
    return all;
}

/* `same` is the first row of the class. */
static pv_status check_cell(const pv_data *d, const char *source, size_t i, size_t f, size_t class,
                            size_t same)
{
    const size_t k = (size_t)d->factors;
    const char *name = d->factor_name[f];
    const double value = d->factor_value[i * k + f], first = d->factor_value[same * k + f];
    if (d->factor[i * k + f] != (int32_t) class)
        return pv_fail(PV_EDATA,
                       "%s: image %zu has class %d of %s; expected %zu: images stand in the order "
                       "of their factors, the last one fastest",
                       source, i, (int)d->factor[i * k + f], name, class);
    if (!isfinite(value))
        return pv_fail(PV_EDATA, "%s: image %zu has %s %g; it must be finite", source, i, name,
                       value);
    if (value == first) return PV_OK;
    return pv_fail(PV_EDATA, "%s: image %zu has %s %g, but image %zu of the same class %g", source,
                   i, name, value, same, first);
}

pv_status pv_table_order(const pv_data *d, const char *source)
{
    if (combinations(d, d->examples) != d->examples)
        return pv_fail(PV_EDATA,
                       "%s: holds %zu images, which is not the number of combinations of its "
                       "factors; expected every combination once",
                       source, d->examples);
    for (size_t i = 0; i < d->examples; i++)
        for (size_t f = (size_t)d->factors, rest = i, step = 1; f-- > 0;) {
            const size_t size = (size_t)d->factor_size[f], class = rest % size;
            PV_TRY(check_cell(d, source, i, f, class, class * step));
            rest /= size;
            step *= size;
        }
    return PV_OK;
}
