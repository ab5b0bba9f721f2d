/* information.h -- codes in bins, and what they tell about each other and about factors. */
#ifndef PV_EVALUATE_INFORMATION_H
#define PV_EVALUATE_INFORMATION_H

#include "evaluate/metric.h"

/* The left edges of numpy.histogram: equal widths between the smallest and the largest value; a
 * constant is the middle of a range of 1. */
void pv_left_edges(double *edge, int bins, double low, double high);

/* bin[i] is that of x[i], over the range of x: as numpy.digitize against these edges, less one. */
void pv_bin(uint8_t *bin, const double *x, size_t n, int bins);

/* Mutual information of two labellings from their joint histogram [rows, columns], by the plug-in
 * estimate, in nats. */
double pv_mutual_information(const uint32_t *joint, size_t rows, size_t columns);

/* information [variables, factors] of codes in bins and factors; entropy [factors] of factors. */
pv_status pv_factor_information(double *information, double *entropy, const pv_metric_run *run,
                                const pv_examples *examples);

#endif
