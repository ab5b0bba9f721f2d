/* gnuplot.h -- plots as SVG, drawn by the program gnuplot. */
#ifndef PV_REPORT_GNUPLOT_H
#define PV_REPORT_GNUPLOT_H

#include <stddef.h>

#include "polarvae/status.h"

/* Runs gnuplot on a script that holds its data ("$d << END") and sets an svg terminal, and returns
 * what it prints: *out is freed by the caller and ends with a 0 byte that is not counted.
 * PV_EIO where there is no gnuplot; PV_EDATA with its first complaint where it fails. */
pv_status pv_gnuplot(char **out, size_t *size, const char *script);

#endif
