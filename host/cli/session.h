/* session.h -- a trained run, opened for encoding or evaluation. */
#ifndef PV_SESSION_H
#define PV_SESSION_H

#include "polarvae/run_evaluation.h"

typedef struct {
    pv_config config; /* of the run, with what the command line says of evaluation */
    pv_device *device;
    pv_stream *stream;
    pv_model model;
    pv_data data;
    pv_device_data images;
} pv_session;

/* set: "key=value" of data, device, threads and the evaluation's keys; a key that was decided when
 * the model was trained is PV_EUSAGE. The data set must be the one the model was trained on, or
 * be named by data=. */
pv_status pv_session_open(pv_session *out, const char *run, int count, const char *const *set,
                          int quiet);
void pv_session_close(pv_session *session); /* a zeroed one is fine */

/* Metrics of the mean and sampled codes that are there, behind a bar; says so where they are no
 * whole grid of factors. */
pv_status pv_show_metrics(pv_metric_results *out, const pv_codes *codes, const char *list,
                          pv_stream *stream, const pv_metric_options *options, int quiet);

#endif
