/* average.c -- means and deviations over the seeds of a point. */
#include <math.h>

#include "report/study.h"

/* Two passes; values that are missing do not count. */
static pv_average average(double (*value)(const void *state, size_t i), const void *state, size_t n)
{
    pv_average a = {NAN, NAN, 0};
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        const double x = value(state, i);
        if (isnan(x)) continue;
        sum += x;
        a.count++;
    }
    if (a.count == 0) return a;
    a.mean = sum / (double)a.count;
    for (size_t i = 0; i < n; i++) {
        const double x = value(state, i);
        if (!isnan(x)) squares += (x - a.mean) * (x - a.mean);
    }
    if (a.count > 1) a.deviation = sqrt(squares / (double)(a.count - 1));
    return a;
}

static double of_array(const void *state, size_t i) { return ((const double *)state)[i]; }

pv_average pv_average_of(const double *value, size_t count)
{
    return average(of_array, value, count);
}

typedef struct {
    const pv_report_run *run;
    int measure, codes, subset;
    pv_run_number *number;
} wanted;

static double of_run(const void *state, size_t i)
{
    const wanted *w = state;
    if (w->number) return w->number(&w->run[i]);
    return pv_report_value(&w->run[i], w->measure, w->codes, w->subset);
}

pv_average pv_point_average(const pv_study *study, const pv_report_point *point, int measure,
                            int codes, int subset)
{
    const wanted w = {
        .run = &study->run[point->first], .measure = measure, .codes = codes, .subset = subset};
    return average(of_run, &w, point->count);
}

pv_average pv_point_number(const pv_study *study, const pv_report_point *point,
                           pv_run_number *number)
{
    const wanted w = {.run = &study->run[point->first], .number = number};
    return average(of_run, &w, point->count);
}
