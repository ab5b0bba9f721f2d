/* moments.c -- averages, products and joint histograms of a matrix, computed on a device.
 *
 * Two programs: one for sums and ranges; one that needs the averages and bin edges that the host
 * makes of them. Sums are divided on the host, so that sums of whole numbers stay exact. */
#include "evaluate/moments.h"

#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "evaluate/information.h"

/* The blocks on the device. */
enum { X, MEAN, LOW, HIGH, PRODUCTS, EDGES, BIN, COUNT, BLOCKS };

typedef struct {
    const pv_moments_input *in;
    pv_stream *stream;
    size_t variables, bins;
    size_t bytes[BLOCKS];
    void *block[BLOCKS];
} work;

static pv_status work_open(work *w, pv_stream *stream, const pv_moments_input *in)
{
    size_t v = (size_t)in->variables, bins = (size_t)in->bins;
    *w = (work){.in = in, .stream = stream, .variables = v, .bins = bins};
    w->bytes[X] = in->examples * v * sizeof(float);
    w->bytes[MEAN] = v * sizeof(double);
    w->bytes[PRODUCTS] = v * v * sizeof(double);
    if (bins > 0) {
        w->bytes[LOW] = w->bytes[HIGH] = v * sizeof(float);
        w->bytes[EDGES] = v * bins * sizeof(double);
        w->bytes[BIN] = in->examples * v * sizeof(uint8_t);
        w->bytes[COUNT] = v * v * bins * bins * sizeof(uint32_t);
    }
    for (int b = 0; b < BLOCKS; b++) {
        if (w->bytes[b] == 0) continue;
        PV_TRY(pv_device_alloc(pv_stream_device(stream), w->bytes[b], &w->block[b]));
    }
    return pv_upload(stream, w->block[X], in->x, w->bytes[X]);
}

static void work_close(work *w)
{
    for (int b = 0; b < BLOCKS; b++) pv_device_release(pv_stream_device(w->stream), w->block[b]);
}

static pv_status fetch(work *w, void *to, int block)
{
    return pv_download(w->stream, to, w->block[block], w->bytes[block]);
}

static pv_status record_sums(pv_program *p, const work *w)
{
    PV_TRY(pv_column_mean(
        p, &(pv_column_mean_args){
               .cols = w->variables, .scale = 1, .value = w->block[X], .mean = w->block[MEAN]}));
    if (w->bins == 0) return PV_OK;
    return pv_range(p, &(pv_range_args){.rows = w->variables,
                                        .cols = w->variables,
                                        .examples = w->in->examples,
                                        .x = w->block[X],
                                        .low = w->block[LOW],
                                        .high = w->block[HIGH]});
}

static pv_status record_products(pv_program *p, const work *w)
{
    size_t v = w->variables;
    PV_TRY(pv_covariance(p, &(pv_covariance_args){.cols = v * v,
                                                  .variables = v,
                                                  .scale = 1,
                                                  .x = w->block[X],
                                                  .mean = w->block[MEAN],
                                                  .covariance = w->block[PRODUCTS]}));
    if (w->bins == 0) return PV_OK;
    PV_TRY(pv_digitise(p, &(pv_digitise_args){.cols = v,
                                              .bins = (int)w->bins,
                                              .x = w->block[X],
                                              .edges = w->block[EDGES],
                                              .bin = w->block[BIN]}));
    return pv_contingency(p, &(pv_contingency_args){.rows = v * v,
                                                    .cols = w->bins * w->bins,
                                                    .examples = w->in->examples,
                                                    .variables = v,
                                                    .bins = (int)w->bins,
                                                    .bin = w->block[BIN],
                                                    .count = w->block[COUNT]});
}

static pv_status run(work *w, pv_status (*record)(pv_program *, const work *))
{
    pv_program *p = NULL;
    pv_status rc = pv_program_begin(&p, w->stream, w->in->examples);
    if (rc == PV_OK) rc = record(p, w);
    if (rc == PV_OK) rc = pv_program_seal(p);
    if (rc == PV_OK) rc = pv_program_run(p);
    if (rc == PV_OK) rc = pv_stream_sync(w->stream);
    pv_program_close(p);
    return rc;
}

static pv_status upload_edges(work *w)
{
    float *low = NULL, *high = NULL;
    double *edges = NULL;
    pv_status rc;
    if ((rc = pv_new(&low, w->variables, sizeof *low, "ranges of variables")) != PV_OK) goto out;
    if ((rc = pv_new(&high, w->variables, sizeof *high, "ranges of variables")) != PV_OK) goto out;
    if ((rc = pv_new(&edges, w->variables * w->bins, sizeof *edges, "bin edges")) != PV_OK)
        goto out;
    if ((rc = fetch(w, low, LOW)) != PV_OK) goto out;
    if ((rc = fetch(w, high, HIGH)) != PV_OK) goto out;
    for (size_t v = 0; v < w->variables; v++)
        pv_left_edges(edges + v * w->bins, (int)w->bins, low[v], high[v]);
    rc = pv_upload(w->stream, w->block[EDGES], edges, w->bytes[EDGES]);
out:
    free(edges);
    free(high);
    free(low);
    return rc;
}

/* Divides the sums of products; both triangles become the upper one, because (s a) b and (s b) a
 * may differ in the last bit. */
static void finish_covariance(double *c, size_t variables, double freedom)
{
    for (size_t i = 0; i < variables; i++)
        for (size_t j = i; j < variables; j++)
            c[i * variables + j] = c[j * variables + i] = c[i * variables + j] / freedom;
}

pv_status pv_moments_compute(pv_moments *out, pv_stream *stream, const pv_moments_input *input)
{
    size_t v = (size_t)input->variables, bins = (size_t)input->bins;
    work w;
    *out = (pv_moments){
        .variables = input->variables, .bins = input->bins, .examples = input->examples};
    pv_status rc = work_open(&w, stream, input);
    if (rc != PV_OK) goto out;
    if ((rc = pv_new(&out->mean, v, sizeof *out->mean, "averages")) != PV_OK) goto out;
    if ((rc = pv_new(&out->covariance, v * v, sizeof(double), "a covariance")) != PV_OK) goto out;
    if (bins > 0) {
        rc = pv_new(&out->count, v * v * bins * bins, sizeof *out->count, "joint histograms");
        if (rc != PV_OK) goto out;
    }

    if ((rc = run(&w, record_sums)) != PV_OK) goto out;
    if ((rc = fetch(&w, out->mean, MEAN)) != PV_OK) goto out;
    for (size_t i = 0; i < v; i++) out->mean[i] /= (double)input->examples;
    if ((rc = pv_upload(stream, w.block[MEAN], out->mean, w.bytes[MEAN])) != PV_OK) goto out;
    if (bins > 0 && (rc = upload_edges(&w)) != PV_OK) goto out;

    if ((rc = run(&w, record_products)) != PV_OK) goto out;
    if ((rc = fetch(&w, out->covariance, PRODUCTS)) != PV_OK) goto out;
    finish_covariance(out->covariance, v, input->freedom);
    if (bins > 0) rc = fetch(&w, out->count, COUNT);
out:
    work_close(&w);
    if (rc != PV_OK) pv_moments_free(out);
    return rc;
}

void pv_moments_free(pv_moments *moments)
{
    free(moments->mean);
    free(moments->covariance);
    free(moments->count);
    memset(moments, 0, sizeof *moments);
}
