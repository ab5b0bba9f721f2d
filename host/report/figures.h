/* figures.h -- what figures share that have a method's strengths side by side. */
#ifndef PV_REPORT_FIGURES_H
#define PV_REPORT_FIGURES_H

#include "report/page.h"

/* The key whose values are the strengths. */
const char *pv_strength_key(const pv_study *study, const pv_report_method *method);
/* The strengths, at whole numbers; of more than `labels`, some. */
void pv_put_strengths_axis(pv_page *page, const pv_study *study, const pv_report_method *method,
                           int labels);
/* The largest average with its deviation; at least `least`. */
double pv_top_of(const pv_study *study, const pv_report_method *method, int measure, int subset,
                 double least);
/* A block of data $NAME: place, average, deviation. */
void pv_put_averages(pv_page *page, const pv_study *study, const pv_report_method *method,
                     const char *name, int measure, int codes, int subset);
/* The blocks $mean and $sampled, for the end of a `plot`: mean as discs on a line, sampled as
 * squares on dashes, both with deviations. */
void pv_put_codes_plots(pv_page *page, const char *axes);
/* Some model has the value. */
int pv_is_seen(const pv_study *study, const pv_report_method *method, int measure, int subset);

#endif
