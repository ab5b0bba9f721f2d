/* onnx_run.h -- for tests: an ONNX file, run node by node in double precision, without any library
 * but protobuf-c. Whatever it does not know, and every shape that does not fit, fails the test. */
#ifndef PV_TEST_ONNX_RUN_H
#define PV_TEST_ONNX_RUN_H

#include <export/onnx.pb-c.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

enum { ONNX_TENSORS = 96, ONNX_RANK = 4 };

typedef struct {
    const char *name;
    int rank;
    size_t dim[ONNX_RANK];
    double *value; /* owned */
} onnx_tensor;

typedef struct {
    PvOnnx__ModelProto *model;
    onnx_tensor tensor[ONNX_TENSORS];
    int tensors;
} onnx_run;

/* ---- tensors ---- */

static size_t onnx_count(const onnx_tensor *t)
{
    size_t count = 1;
    for (int i = 0; i < t->rank; i++) count *= t->dim[i];
    return count;
}

static const onnx_tensor *onnx_find(const onnx_run *r, const char *name)
{
    for (int i = 0; i < r->tensors; i++)
        if (strcmp(r->tensor[i].name, name) == 0) return &r->tensor[i];
    fail_msg("no tensor '%s'", name);
    return NULL;
}

static onnx_tensor *onnx_new(onnx_run *r, const char *name, int rank, const size_t *dim)
{
    for (int i = 0; i < r->tensors; i++) assert_string_not_equal(r->tensor[i].name, name);
    assert_true(r->tensors < ONNX_TENSORS && rank <= ONNX_RANK);
    onnx_tensor *t = &r->tensor[r->tensors++];
    *t = (onnx_tensor){.name = name, .rank = rank};
    memcpy(t->dim, dim, (size_t)rank * sizeof *dim);
    t->value = calloc(onnx_count(t), sizeof *t->value);
    assert_non_null(t->value);
    return t;
}

static void onnx_constant(onnx_run *r, const PvOnnx__TensorProto *from)
{
    size_t dim[ONNX_RANK];
    assert_in_range(from->n_dims, 1, ONNX_RANK);
    for (size_t i = 0; i < from->n_dims; i++) dim[i] = (size_t)from->dims[i];
    onnx_tensor *t = onnx_new(r, from->name, (int)from->n_dims, dim);
    const int whole = from->data_type == PV_ONNX__TENSOR_PROTO__DATA_TYPE__INT64;
    assert_int_equal(onnx_count(t), whole ? from->n_int64_data : from->n_float_data);
    for (size_t i = 0; i < onnx_count(t); i++)
        t->value[i] = whole ? (double)from->int64_data[i] : (double)from->float_data[i];
}

/* ---- attributes ---- */

static const PvOnnx__AttributeProto *onnx_attribute(const PvOnnx__NodeProto *n, const char *name)
{
    for (size_t i = 0; i < n->n_attribute; i++)
        if (strcmp(n->attribute[i]->name, name) == 0) return n->attribute[i];
    return NULL;
}

static size_t onnx_whole(const PvOnnx__NodeProto *n, const char *name)
{
    const PvOnnx__AttributeProto *a = onnx_attribute(n, name);
    assert_true(a && a->has_i && a->type == PV_ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT);
    return (size_t)a->i;
}

/* 0 where the list may be missing and is. */
static size_t onnx_item(const PvOnnx__NodeProto *n, const char *name, size_t i)
{
    const PvOnnx__AttributeProto *a = onnx_attribute(n, name);
    if (!a && strcmp(name, "output_padding") == 0) return 0;
    assert_true(a && i < a->n_ints && a->type == PV_ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS);
    return (size_t)a->ints[i];
}

/* ---- nodes ---- */

static void onnx_gemm(onnx_run *r, const PvOnnx__NodeProto *n)
{
    const onnx_tensor *a = onnx_find(r, n->input[0]), *b = onnx_find(r, n->input[1]);
    const onnx_tensor *bias = onnx_find(r, n->input[2]);
    assert_int_equal(onnx_whole(n, "transB"), 1);
    assert_true(a->rank == 2 && b->rank == 2 && a->dim[1] == b->dim[1]);
    assert_true(bias->rank == 1 && bias->dim[0] == b->dim[0]);
    onnx_tensor *y = onnx_new(r, n->output[0], 2, (size_t[]){a->dim[0], b->dim[0]});
    for (size_t i = 0; i < a->dim[0]; i++)
        for (size_t j = 0; j < b->dim[0]; j++) {
            double sum = bias->value[j];
            for (size_t k = 0; k < a->dim[1]; k++)
                sum += a->value[i * a->dim[1] + k] * b->value[j * a->dim[1] + k];
            y->value[i * b->dim[0] + j] = sum;
        }
}

/* What moves over an image: sides are rows, columns. */
typedef struct {
    int transposed;
    size_t kernel[2], stride[2], pad[4], more[2];
} onnx_window;

static onnx_window onnx_window_of(const PvOnnx__NodeProto *n, int transposed)
{
    onnx_window w = {.transposed = transposed};
    for (size_t i = 0; i < 4; i++) w.pad[i] = onnx_item(n, "pads", i);
    for (size_t i = 0; i < 2; i++) {
        w.kernel[i] = onnx_item(n, "kernel_shape", i);
        w.stride[i] = onnx_item(n, "strides", i);
        w.more[i] = onnx_item(n, "output_padding", i);
    }
    return w;
}

/* The side of a convolution's output. */
static size_t onnx_side(const onnx_window *w, size_t from, int i)
{
    const size_t pads = w->pad[i] + w->pad[i + 2];
    if (!w->transposed) return (from + pads - w->kernel[i]) / w->stride[i] + 1;
    return (from - 1) * w->stride[i] + w->kernel[i] + w->more[i] - pads;
}

/* One channel of x to one channel of y, by their kernel. */
static void onnx_slide(const onnx_window *w, const onnx_tensor *x, const double *from,
                       const onnx_tensor *y, double *to, const double *kernel)
{
    const onnx_tensor *small = w->transposed ? x : y, *big = w->transposed ? y : x;
    for (size_t i = 0; i < small->dim[2]; i++)
        for (size_t j = 0; j < small->dim[3]; j++)
            for (size_t k = 0; k < w->kernel[0] * w->kernel[1]; k++) {
                const size_t row = i * w->stride[0] + k / w->kernel[1];
                const size_t column = j * w->stride[1] + k % w->kernel[1];
                if (row < w->pad[0] || row - w->pad[0] >= big->dim[2]) continue;
                if (column < w->pad[1] || column - w->pad[1] >= big->dim[3]) continue;
                const size_t at = (row - w->pad[0]) * big->dim[3] + column - w->pad[1];
                const size_t under = i * small->dim[3] + j;
                to[w->transposed ? at : under] += kernel[k] * from[w->transposed ? under : at];
            }
}

static void onnx_convolution(onnx_run *r, const PvOnnx__NodeProto *n, int transposed)
{
    const onnx_tensor *x = onnx_find(r, n->input[0]), *w = onnx_find(r, n->input[1]);
    const onnx_tensor *bias = onnx_find(r, n->input[2]);
    const onnx_window window = onnx_window_of(n, transposed);
    assert_true(x->rank == 4 && w->rank == 4 && x->dim[1] == w->dim[transposed ? 0 : 1]);
    assert_true(w->dim[2] == window.kernel[0] && w->dim[3] == window.kernel[1]);
    const size_t filters = w->dim[transposed ? 1 : 0], channels = x->dim[1];
    const size_t area = w->dim[2] * w->dim[3];
    assert_true(bias->rank == 1 && bias->dim[0] == filters);
    const size_t dim[] = {x->dim[0], filters, onnx_side(&window, x->dim[2], 0),
                          onnx_side(&window, x->dim[3], 1)};
    onnx_tensor *y = onnx_new(r, n->output[0], 4, dim);
    const size_t from = x->dim[2] * x->dim[3], to = y->dim[2] * y->dim[3];
    for (size_t i = 0; i < onnx_count(y); i++) y->value[i] = bias->value[i / to % filters];
    for (size_t i = 0; i < x->dim[0] * filters * channels; i++) {
        const size_t b = i / (filters * channels), m = i / channels % filters, c = i % channels;
        const size_t kernel = transposed ? c * filters + m : m * channels + c;
        onnx_slide(&window, x, x->value + (b * channels + c) * from, y,
                   y->value + (b * filters + m) * to, w->value + kernel * area);
    }
}

static void onnx_pointwise(onnx_run *r, const PvOnnx__NodeProto *n)
{
    const onnx_tensor *x = onnx_find(r, n->input[0]);
    onnx_tensor *y = onnx_new(r, n->output[0], x->rank, x->dim);
    const PvOnnx__AttributeProto *alpha = onnx_attribute(n, "alpha");
    for (size_t i = 0; i < onnx_count(x); i++) {
        const double v = x->value[i];
        if (strcmp(n->op_type, "Relu") == 0)
            y->value[i] = v > 0 ? v : 0;
        else if (strcmp(n->op_type, "LeakyRelu") == 0 && alpha && alpha->has_f)
            y->value[i] = v > 0 ? v : (double)alpha->f * v;
        else if (strcmp(n->op_type, "Tanh") == 0)
            y->value[i] = tanh(v);
        else if (strcmp(n->op_type, "Sigmoid") == 0)
            y->value[i] = 1 / (1 + exp(-v));
        else
            fail_msg("%s: unknown node '%s'", n->name, n->op_type);
    }
}

/* The same values by another shape. */
static void onnx_shaped(onnx_run *r, const PvOnnx__NodeProto *n)
{
    const onnx_tensor *x = onnx_find(r, n->input[0]);
    size_t dim[ONNX_RANK] = {x->dim[0], onnx_count(x) / x->dim[0]};
    int rank = 2;
    if (strcmp(n->op_type, "Flatten") == 0) {
        assert_int_equal(onnx_whole(n, "axis"), 1);
    } else {
        const onnx_tensor *shape = onnx_find(r, n->input[1]);
        assert_in_range(shape->dim[0], 1, ONNX_RANK);
        rank = (int)shape->dim[0];
        for (int i = 0; i < rank; i++)
            dim[i] = shape->value[i] == 0 ? x->dim[i] : (size_t)shape->value[i];
    }
    onnx_tensor *y = onnx_new(r, n->output[0], rank, dim);
    assert_int_equal(onnx_count(x), onnx_count(y));
    memcpy(y->value, x->value, onnx_count(x) * sizeof *x->value);
}

/* ---- a file ---- */

static void onnx_open(onnx_run *r, const char *path)
{
    char *bytes;
    size_t size;
    *r = (onnx_run){.tensors = 0};
    if (pv_read_text(&bytes, &size, path) != PV_OK) fail_msg("%s", pv_error());
    r->model = pv_onnx__model_proto__unpack(NULL, size, (const uint8_t *)bytes);
    free(bytes);
    assert_non_null(r->model);
    for (size_t i = 0; i < r->model->graph->n_initializer; i++)
        onnx_constant(r, r->model->graph->initializer[i]);
}

static void onnx_close(onnx_run *r)
{
    for (int i = 0; i < r->tensors; i++) free(r->tensor[i].value);
    pv_onnx__model_proto__free_unpacked(r->model, NULL);
}

/* An input or output is declared as float32 [N, dim...]. */
static void onnx_declared(const PvOnnx__ValueInfoProto *value, int rank, const size_t *dim)
{
    const PvOnnx__TypeProto__Tensor *t = value->type->tensor_type;
    assert_int_equal(t->elem_type, PV_ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT);
    assert_int_equal(t->shape->n_dim, rank);
    assert_string_equal(t->shape->dim[0]->dim_param, "N");
    assert_false(t->shape->dim[0]->has_dim_value);
    for (int i = 1; i < rank; i++) assert_int_equal(t->shape->dim[i]->dim_value, dim[i]);
}

/* Runs all nodes on the only input, whose name and shape must be as declared; then the outputs'
 * shapes must be. */
static inline void onnx_evaluate(onnx_run *r, const char *name, int rank, const size_t *dim,
                                 const double *value)
{
    const PvOnnx__GraphProto *g = r->model->graph;
    assert_int_equal(g->n_input, 1);
    assert_string_equal(g->input[0]->name, name);
    onnx_declared(g->input[0], rank, dim);
    onnx_tensor *x = onnx_new(r, name, rank, dim);
    memcpy(x->value, value, onnx_count(x) * sizeof *value);
    for (size_t i = 0; i < g->n_node; i++) {
        const PvOnnx__NodeProto *n = g->node[i];
        if (strcmp(n->op_type, "Gemm") == 0)
            onnx_gemm(r, n);
        else if (strcmp(n->op_type, "Conv") == 0 || strcmp(n->op_type, "ConvTranspose") == 0)
            onnx_convolution(r, n, n->op_type[4] != 0);
        else if (strcmp(n->op_type, "Flatten") == 0 || strcmp(n->op_type, "Reshape") == 0)
            onnx_shaped(r, n);
        else
            onnx_pointwise(r, n);
    }
    for (size_t i = 0; i < g->n_output; i++) {
        const onnx_tensor *y = onnx_find(r, g->output[i]->name);
        onnx_declared(g->output[i], y->rank, y->dim);
    }
}

#endif
