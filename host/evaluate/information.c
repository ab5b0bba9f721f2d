/* information.c -- see information.h. */
#include "evaluate/information.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "learn/labels.h"

void pv_left_edges(double *edge, int bins, double low, double high)
{
    if (low == high) {
        low -= 0.5;
        high += 0.5;
    }
    double step = (high - low) / bins;
    for (int k = 0; k < bins; k++) edge[k] = k * step + low;
}

double pv_mutual_information(const uint32_t *joint, size_t rows, size_t columns)
{
    double n = 0, sum = 0;
    for (size_t i = 0; i < rows * columns; i++) n += joint[i];
    for (size_t i = 0; i < rows; i++) {
        double row = 0;
        for (size_t j = 0; j < columns; j++) row += joint[i * columns + j];
        for (size_t j = 0; j < columns && row > 0; j++) {
            const double both = joint[i * columns + j];
            double column = 0;
            if (both == 0) continue;
            for (size_t k = 0; k < rows; k++) column += joint[k * columns + j];
            sum += both / n * log(both * n / (row * column)); /* whole numbers: exactly log 1 */
        }
    }
    return sum > 0 ? sum : 0;
}

void pv_bin(uint8_t *bin, const double *x, size_t n, int bins)
{
    double edge[256], low = x[0], high = x[0];
    for (size_t i = 1; i < n; i++) {
        low = fmin(low, x[i]);
        high = fmax(high, x[i]);
    }
    pv_left_edges(edge, bins, low, high);
    for (size_t i = 0; i < n; i++) {
        int b = 0;
        while (b + 1 < bins && edge[b + 1] <= x[i]) b++;
        bin[i] = (uint8_t)b;
    }
}

static double entropy_of(const pv_labels *l, size_t n, uint32_t *count)
{
    double entropy = 0;
    memset(count, 0, (size_t)l->classes * sizeof *count);
    for (size_t i = 0; i < n; i++) count[l->of[i]]++;
    for (int c = 0; c < l->classes; c++) {
        const double p = count[c] / (double)n;
        entropy -= p * log(p);
    }
    return entropy;
}

pv_status pv_factor_information(double *information, double *entropy, const pv_metric_run *run,
                                const pv_examples *e)
{
    const size_t d = (size_t)run->from->variables, k = (size_t)run->from->factors,
                 bins = (size_t)run->options->bins;
    pv_labels label[PV_MAX_FACTORS] = {{0}};
    int32_t *column = NULL;
    uint32_t *joint = NULL;
    uint8_t *bin = NULL;
    double *x = NULL;
    size_t most = 1;
    pv_status status = pv_new(&bin, e->count, sizeof *bin, "bins");
    if (status == PV_OK) status = pv_new(&x, e->count, sizeof *x, "codes");
    for (size_t f = 0; f < k && status == PV_OK; f++) {
        status = pv_examples_label(&column, e, (int)k, (int)f);
        if (status == PV_OK) status = pv_labels_find(&label[f], column, e->count);
        if ((size_t)label[f].classes > most) most = (size_t)label[f].classes;
        free(column);
        column = NULL;
    }
    if (status == PV_OK) status = pv_new(&joint, bins * most, sizeof *joint, "a joint histogram");
    for (size_t f = 0; f < k && status == PV_OK; f++)
        entropy[f] = entropy_of(&label[f], e->count, joint);
    for (size_t v = 0; v < d && status == PV_OK; v++) {
        for (size_t i = 0; i < e->count; i++) x[i] = (double)e->code[i * d + v];
        pv_bin(bin, x, e->count, (int)bins);
        for (size_t f = 0; f < k; f++) {
            const size_t classes = (size_t)label[f].classes;
            memset(joint, 0, bins * classes * sizeof *joint);
            for (size_t i = 0; i < e->count; i++)
                joint[bin[i] * classes + (size_t)label[f].of[i]]++;
            information[v * k + f] = pv_mutual_information(joint, bins, classes);
        }
    }
    for (size_t f = 0; f < k; f++) pv_labels_free(&label[f]);
    free(joint);
    free(x);
    free(bin);
    return status;
}
