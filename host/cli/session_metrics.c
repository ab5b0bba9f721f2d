/* session_metrics.c -- disentanglement metrics of a trained model. */
#include <string.h>

#include "base/base.h"
#include "cli/session.h"

static pv_status encode_all(pv_codes *out, pv_session *s, int quiet)
{
    pv_bar bar;
    pv_bar_start(&bar, "encoding all", 0, quiet);
    pv_progress progress = pv_bar_progress(&bar);
    pv_status status = pv_encode(out, NULL, &s->model, &s->images, s->stream, 0,
                                 (uint64_t)s->config.evaluation_seed, &progress);
    pv_bar_end(&bar);
    return status;
}

static pv_status compute(pv_metric_results *out, pv_session *s, const pv_codes *codes, int quiet)
{
    const pv_config *c = &s->config;
    const char *const name[] = {"mean", "sampled"};
    const float *const code[] = {codes->mean, codes->sampled};
    pv_metric_options options = pv_metric_defaults;
    pv_labelled both[2] = {{0}};
    pv_bar bar;
    options.train = (size_t)c->metric_train;
    options.test = (size_t)c->metric_test;
    options.bins = (int)c->bins;
    options.era = (pv_sklearn_era)c->sklearn_era;
    options.seed = (uint64_t)c->evaluation_seed;
    options.threads = (int)c->threads;
    pv_status status = PV_OK;
    for (int i = 0; i < 2 && status == PV_OK; i++)
        status = pv_labelled_open(&both[i], name[i], code[i], (size_t)codes->latents, codes->factor,
                                  codes->factors, codes->examples, NULL, codes->latents);
    pv_bar_start(&bar, "metrics", 0, quiet);
    pv_progress progress = pv_bar_progress(&bar);
    if (status == PV_OK)
        status = pv_metrics_compute(out, both, 2, c->metrics, s->stream, &options, &progress);
    pv_bar_end(&bar);
    for (int i = 0; i < 2; i++) pv_labelled_close(&both[i]);
    return status;
}

pv_status pv_session_metrics(pv_metric_results *out, pv_session *s, const pv_codes *codes,
                             int quiet)
{
    pv_codes all = {0};
    memset(out, 0, sizeof *out);
    if (strcmp(s->config.metrics, "none") == 0) return PV_OK;
    if (!s->data.complete) return compute(out, s, codes, quiet);
    PV_TRY(encode_all(&all, s, quiet));
    pv_status status = compute(out, s, &all, quiet);
    pv_codes_free(&all);
    return status;
}
