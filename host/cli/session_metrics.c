/* session_metrics.c -- disentanglement metrics of codes, behind a bar. */
#include <stdio.h>

#include "base/base.h"
#include "cli/session.h"

pv_status pv_show_metrics(pv_metric_results *out, const pv_codes *codes, const char *list,
                          pv_stream *stream, const pv_metric_options *options, int quiet)
{
    int grid;
    pv_bar bar;
    pv_bar_start(&bar, "metrics", 0, quiet);
    pv_progress progress = pv_bar_progress(&bar);
    pv_status status =
        pv_codes_metrics(out, codes, list, "all", NULL, 0, stream, options, &progress, &grid);
    pv_bar_end(&bar);
    if (status == PV_OK && !grid && !quiet)
        fprintf(stderr, "note: %s: metrics learned from the first two thirds of the rows\n",
                codes->factor ? "not every combination of the factors is there"
                              : "factors are real-valued");
    return status;
}
