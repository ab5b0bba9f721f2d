/* export.c -- the ONNX files of a trained model. */
#include "polarvae/export.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/config_table.h"
#include "export/graph.h"
#include "polarvae/version.h"

typedef struct {
    const char *name;
    void (*graph)(pv_onnx *onnx, const pv_vae *vae, const float *block);
    char path[4096], part[4096];
    uint8_t *bytes;
    size_t size;
} output;

/* ---- the models ---- */

static void add_whole(pv_onnx *onnx, const char *key, uint64_t value)
{
    char text[24];
    snprintf(text, sizeof text, "%llu", (unsigned long long)value);
    pv_onnx_property(onnx, key, text);
}

/* "0,2,5" */
static pv_status add_variables(pv_onnx *onnx, const pv_model *m)
{
    enum { DIGITS = 11 }; /* and a comma */
    char *text;
    size_t used = 0;
    PV_TRY(pv_new(&text, m->vae.latents, DIGITS + 1, "variables"));
    for (size_t i = 0; i < m->vae.latents; i++)
        used += (size_t)snprintf(text + used, DIGITS + 1, "%s%d", i ? "," : "",
                                 m->variable ? m->variable[i] : (int)i);
    pv_onnx_property(onnx, "variables", text);
    free(text);
    return PV_OK;
}

static pv_status add_properties(pv_onnx *onnx, const pv_model *m)
{
    const pv_objective *objective = pv_objective_find(m->config.objective);
    pv_onnx_property(onnx, "objective", objective->name);
    for (int i = 0; objective->keys[i].name; i++) {
        char value[32];
        pv_objective_value_text(value, &objective->keys[i], m->config.objective_value[i]);
        pv_onnx_property(onnx, objective->keys[i].name, value);
    }
    add_whole(onnx, "step", m->step);
    add_whole(onnx, "seed", (uint64_t)m->config.seed);
    pv_onnx_property(onnx, "version", PV_VERSION);
    return add_variables(onnx, m);
}

static pv_status pack(output *out, const pv_model *m, const float *block)
{
    pv_onnx *onnx;
    PV_TRY(pv_onnx_new(&onnx, out->name));
    out->graph(onnx, &m->vae, block);
    pv_status status = add_properties(onnx, m);
    if (status == PV_OK) status = pv_onnx_pack(onnx, out->path, &out->bytes, &out->size);
    pv_onnx_free(onnx);
    return status;
}

/* ---- the files ---- */

static pv_status write_part(output *out)
{
    PV_TRY(pv_part_begin(out->part, out->path));
    FILE *file = fopen(out->part, "wb");
    int why = file ? 0 : errno;
    if (file && fwrite(out->bytes, 1, out->size, file) != out->size) why = errno;
    if (file && fclose(file) != 0 && !why) why = errno;
    if (!why) return PV_OK;
    return pv_fail(PV_EIO, "%s: cannot be written: %s", out->path, strerror(why));
}

static pv_status write_all(output *out, int count)
{
    pv_status status = PV_OK;
    int committed = 0;
    for (int i = 0; status == PV_OK && i < count; i++) status = write_part(&out[i]);
    for (; status == PV_OK && committed < count; committed++)
        status = pv_part_commit(out[committed].part, out[committed].path);
    for (int i = committed; i < count; i++)
        if (out[i].part[0]) pv_part_abandon(out[i].part);
    return status;
}

/* ---- all of it ---- */

static pv_status export(output *out, int count, const pv_model *m, const float *block,
                        const char *directory)
{
    for (int i = 0; i < count; i++) {
        const int length =
            snprintf(out[i].path, sizeof out[i].path, "%s/%s.onnx", directory, out[i].name);
        if (length >= (int)sizeof out[i].path)
            return pv_fail(PV_EUSAGE, "%.80s...: path too long", directory);
        PV_TRY(pack(&out[i], m, block));
    }
    PV_TRY(pv_make_directory(directory));
    return write_all(out, count);
}

pv_status pv_export_model(const pv_model *m, pv_stream *stream, const char *directory)
{
    enum { FILES = 2 };
    float *block = NULL;
    output *out = NULL;
    pv_status status = pv_new(&out, FILES, sizeof *out, "files");
    if (status == PV_OK) {
        out[0].name = "encoder", out[0].graph = pv_graph_encoder;
        out[1].name = "decoder", out[1].graph = pv_graph_decoder;
        status = pv_new(&block, m->vae.parameters, sizeof *block, "parameters");
    }
    if (status == PV_OK)
        status = pv_download(stream, block, m->parameters.value, m->vae.parameters * sizeof *block);
    if (status == PV_OK) status = export(out, FILES, m, block, directory);
    for (int i = 0; out && i < FILES; i++) free(out[i].bytes);
    free(out);
    free(block);
    return status;
}
