/* statistics.h -- sums, moments and histograms of what many examples gave. */
#ifndef PV_STATISTICS_H
#define PV_STATISTICS_H

#include "fn.h"

PV_FN double pv_column_sum_at(size_t row, size_t col, const pv_column_sum_args *a)
{
    return (double)(a->scale * a->value[row * a->cols + col]);
}

PV_FN double pv_column_mean_at(size_t row, size_t col, const pv_column_mean_args *a)
{
    return a->scale * (double)a->value[row * a->cols + col];
}

PV_FN double pv_covariance_at(size_t row, size_t col, const pv_covariance_args *a)
{
    size_t i = col / a->variables, j = col % a->variables;
    const float *x = a->x + row * a->variables;
    return a->scale * ((double)x[i] - a->mean[i]) * ((double)x[j] - a->mean[j]);
}

PV_FN void pv_range_at(pv_team t, size_t row, const pv_range_args *a)
{
    float low = a->x[row + a->first], high = low;
    for (size_t i = (size_t)t.lane; i < a->examples; i += (size_t)t.size) {
        float x = a->x[i * a->cols + row + a->first];
        low = x < low ? x : low;
        high = x > high ? x : high;
    }
    low = -pv_team_max(t, -low);
    high = pv_team_max(t, high);
    if (t.lane == 0) {
        a->low[row] = low;
        a->high[row] = high;
    }
}

PV_FN void pv_digitise_at(size_t i, const pv_digitise_args *a)
{
    const double *edges = a->edges + i % a->cols * (size_t)a->bins;
    double x = (double)a->x[i];
    int bin = 0;
    for (int k = 1; k < a->bins; k++) bin += edges[k] <= x;
    a->bin[i] = (uint8_t)bin;
}

PV_FN void pv_contingency_at(pv_team t, size_t row, const pv_contingency_args *a)
{
    uint32_t *count = a->count + row * a->cols;
    size_t i = (row + a->first) / a->variables, j = (row + a->first) % a->variables;
    for (size_t k = (size_t)t.lane; k < a->cols; k += (size_t)t.size) count[k] = 0;
    pv_team_wait(t);
    for (size_t e = (size_t)t.lane; e < a->examples; e += (size_t)t.size) {
        const uint8_t *bin = a->bin + e * a->variables;
        pv_team_count(t, &count[(size_t)bin[i] * (size_t)a->bins + bin[j]]);
    }
}

#endif
