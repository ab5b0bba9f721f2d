/* session_metrics.c -- disentanglement metrics of codes, and of a trained model. */
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "cli/session.h"

pv_metric_options pv_metric_options_of(const pv_config *c)
{
    pv_metric_options o = pv_metric_defaults;
    o.train = (size_t)c->metric_train;
    o.test = (size_t)c->metric_test;
    o.bins = (int)c->bins;
    o.era = (pv_sklearn_era)c->sklearn_era;
    o.seed = (uint64_t)c->evaluation_seed;
    o.threads = (int)c->threads;
    return o;
}

pv_status pv_show_metrics(pv_metric_results *out, const pv_codes *codes, const char *list,
                          pv_stream *stream, const pv_metric_options *options, int quiet)
{
    const char *const name[] = {"mean", "sampled"};
    const float *const code[] = {codes->mean, codes->sampled};
    pv_labelled labelled[2] = {{0}};
    int count = 0;
    pv_bar bar;
    pv_status status = PV_OK;
    for (int i = 0; i < 2 && status == PV_OK; i++)
        if (code[i])
            status = pv_labelled_open(&labelled[count++], name[i], code[i], (size_t)codes->latents,
                                      codes->factor, codes->factors, codes->examples, NULL,
                                      codes->latents);
    if (status == PV_OK && !labelled[0].row && !quiet)
        fprintf(stderr,
                "note: not every combination of the factors is there once: metrics learn from the "
                "first two thirds of the rows\n");
    pv_bar_start(&bar, "metrics", 0, quiet);
    pv_progress progress = pv_bar_progress(&bar);
    if (status == PV_OK)
        status = pv_metrics_compute(out, labelled, count, list, stream, options, &progress);
    pv_bar_end(&bar);
    for (int i = 0; i < count; i++) pv_labelled_close(&labelled[i]);
    return status;
}

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

pv_status pv_session_metrics(pv_metric_results *out, pv_session *s, const pv_codes *codes,
                             int quiet)
{
    const pv_metric_options options = pv_metric_options_of(&s->config);
    pv_codes all = {0};
    memset(out, 0, sizeof *out);
    if (strcmp(s->config.metrics, "none") == 0) return PV_OK;
    if (!s->data.complete)
        return pv_show_metrics(out, codes, s->config.metrics, s->stream, &options, quiet);
    PV_TRY(encode_all(&all, s, quiet));
    pv_status status = pv_show_metrics(out, &all, s->config.metrics, s->stream, &options, quiet);
    pv_codes_free(&all);
    return status;
}
