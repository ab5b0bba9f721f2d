/* table.c -- what is kept of a tensor: size, largest element, some elements, a sketch of all. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/step.h"

uint32_t pv_check_word(uint64_t key, uint64_t i)
{
    uint64_t x = (key << 48 ^ i) * UINT64_C(0x9e3779b97f4a7c15);
    x = (x ^ x >> 32) * UINT64_C(0xd6e8feb86659fd93);
    x = (x ^ x >> 32) * UINT64_C(0xd6e8feb86659fd93);
    return (uint32_t)(x >> 32);
}

/* One somewhere in each of 128 equal parts. */
static size_t position(size_t j, size_t size)
{
    if (size <= PV_CHECK_PROBES) return j;
    const double at = (double)j + (double)pv_check_word(PV_CHECK_FOR_POSITION, j) * 0x1p-32;
    return (size_t)(at / PV_CHECK_PROBES * (double)size);
}

size_t pv_check_probes(const pv_check_table *t, size_t row)
{
    return t->size[row] < PV_CHECK_PROBES ? (size_t)t->size[row] : PV_CHECK_PROBES;
}

static void sketch(double sum[PV_CHECK_SKETCH], const float *x, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        const uint32_t bits = pv_check_word(PV_CHECK_FOR_SIGN, i);
        const double term[2] = {-(double)x[i], (double)x[i]};
        for (int k = 0; k < PV_CHECK_SKETCH; k++) sum[k] += term[bits >> k & 1];
    }
}

pv_status pv_check_table_resize(pv_check_table *t, size_t count)
{
#define X(column, type, c, width)                                                                  \
    c *column = realloc(t->column, count * (width) * sizeof *column);                              \
    if (!column) return pv_fail(PV_ENOMEM, "out of memory for %zu tensors", count);                \
    t->column = column;                                                                            \
    for (size_t i = t->count * (width); i < count * (width); i++) column[i] = 0;
    PV_CHECK_COLUMNS(X)
#undef X
    t->count = count;
    return PV_OK;
}

void pv_check_table_clear(pv_check_table *t)
{
#define X(column, type, c, width) free(t->column);
    PV_CHECK_COLUMNS(X)
#undef X
    memset(t, 0, sizeof *t);
}

static void put_name(pv_check_table *t, const char *name, pv_check_kind kind)
{
    const size_t row = t->count - 1;
    char *to = t->name + row * PV_CHECK_NAME;
    snprintf(to, PV_CHECK_NAME, "%s", name);
    for (int same = 2, i = 0; i < (int)row; i++)
        if (t->kind[i] == kind && strcmp(t->name + (size_t)i * PV_CHECK_NAME, to) == 0) {
            snprintf(to, PV_CHECK_NAME, "%.50s#%d", name, same++);
            i = -1;
        }
}

pv_status pv_check_table_add(pv_check_table *t, const char *name, pv_check_kind kind,
                             const float *x, size_t size)
{
    PV_TRY(pv_check_table_resize(t, t->count + 1));
    const size_t row = t->count - 1;
    t->kind[row] = (uint8_t)kind;
    t->size[row] = size;
    t->smallest[row] = INFINITY;
    put_name(t, name, kind);
    for (size_t i = 0; i < size; i++) {
        const double magnitude = fabs((double)x[i]);
        if (!(magnitude <= t->largest[row])) t->largest[row] = magnitude;
        if (magnitude < t->smallest[row]) t->smallest[row] = magnitude;
    }
    for (size_t j = 0; j < pv_check_probes(t, row); j++)
        t->value[row * PV_CHECK_PROBES + j] = x[position(j, size)];
    sketch(t->sketch + row * PV_CHECK_SKETCH, x, size);
    return PV_OK;
}
