/* onnx.c -- the messages of an ONNX model; their bytes are protobuf-c's work. */
#include "export/onnx.h"

#include <assert.h>
#include <export/onnx.pb-c.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "polarvae/version.h"

enum { IR_VERSION = 7, OPSET = 13 };

#define KIND(name) &pv_onnx__##name##__descriptor

struct pv_onnx {
    PvOnnx__ModelProto *model;
    PvOnnx__GraphProto *graph; /* of the model */
    pv_status status;
};

/* ---- messages and their fields: malloc's memory, as protobuf-c frees it ---- */

static void *block(pv_onnx *o, size_t count, size_t size)
{
    void *out = NULL;
    if (o->status == PV_OK) o->status = pv_new(&out, count, size, "an ONNX model");
    return out;
}

static char *copy(pv_onnx *o, const char *text)
{
    char *out = block(o, strlen(text) + 1, 1);
    return out ? strcpy(out, text) : NULL;
}

static void *message(pv_onnx *o, const ProtobufCMessageDescriptor *kind)
{
    void *out = block(o, 1, kind->sizeof_message);
    if (out) protobuf_c_message_init(kind, out);
    return out;
}

/* Room for one more pointer in the list that a repeated field is; 0 after a failure. */
static int grow(pv_onnx *o, void *list, size_t count)
{
    void **from, **to = block(o, count + 1, sizeof *to);
    if (!to) return 0;
    memcpy(&from, list, sizeof from);
    if (count) memcpy(to, from, count * sizeof *to);
    memcpy(list, &to, sizeof to);
    free(from);
    return 1;
}

static void put(void *list, size_t *count, void *item)
{
    void **to;
    memcpy(&to, list, sizeof to);
    if (item) to[(*count)++] = item;
}

/* A new message at the end of a repeated field; NULL after a failure. */
static void *add(pv_onnx *o, void *list, size_t *count, const ProtobufCMessageDescriptor *kind)
{
    void *out = grow(o, list, *count) ? message(o, kind) : NULL;
    put(list, count, out);
    return out;
}

static void add_text(pv_onnx *o, char ***list, size_t *count, const char *text)
{
    if (grow(o, list, *count)) put(list, count, copy(o, text));
}

/* ---- the model ---- */

static void begin(pv_onnx *o, const char *graph)
{
    PvOnnx__ModelProto *m = o->model = message(o, KIND(model_proto));
    if (!m) return;
    m->has_ir_version = 1;
    m->ir_version = IR_VERSION;
    m->producer_name = copy(o, "polarvae");
    m->producer_version = copy(o, PV_VERSION);
    PvOnnx__OperatorSetIdProto *opset =
        add(o, &m->opset_import, &m->n_opset_import, KIND(operator_set_id_proto));
    if (!opset) return;
    opset->domain = copy(o, "");
    opset->has_version = 1;
    opset->version = OPSET;
    m->graph = o->graph = message(o, KIND(graph_proto));
    if (o->graph) o->graph->name = copy(o, graph);
}

pv_status pv_onnx_new(pv_onnx **out, const char *graph)
{
    PV_TRY(pv_new(out, 1, sizeof **out, "an ONNX model"));
    begin(*out, graph);
    const pv_status status = (*out)->status;
    if (status == PV_OK) return PV_OK;
    pv_onnx_free(*out);
    *out = NULL;
    return status;
}

void pv_onnx_free(pv_onnx *o)
{
    if (!o) return;
    if (o->model) pv_onnx__model_proto__free_unpacked(o->model, NULL);
    free(o);
}

void pv_onnx_property(pv_onnx *o, const char *key, const char *value)
{
    PvOnnx__ModelProto *m = o->model;
    PvOnnx__StringStringEntryProto *entry =
        add(o, &m->metadata_props, &m->n_metadata_props, KIND(string_string_entry_proto));
    if (!entry) return;
    entry->key = copy(o, key);
    entry->value = copy(o, value);
}

/* ---- what goes in and comes out ---- */

static void set_shape(pv_onnx *o, PvOnnx__TensorShapeProto *shape, int rank, const int64_t *dim)
{
    for (int i = -1; i < rank; i++) {
        PvOnnx__TensorShapeProto__Dimension *d =
            add(o, &shape->dim, &shape->n_dim, KIND(tensor_shape_proto__dimension));
        if (!d) return;
        if (i < 0) {
            d->dim_param = copy(o, "N");
        } else {
            d->has_dim_value = 1;
            d->dim_value = dim[i];
        }
    }
}

static void set_value(pv_onnx *o, PvOnnx__ValueInfoProto *value, const char *name, int rank,
                      const int64_t *dim)
{
    if (!value) return;
    value->name = copy(o, name);
    value->type = message(o, KIND(type_proto));
    if (!value->type) return;
    PvOnnx__TypeProto__Tensor *t = value->type->tensor_type = message(o, KIND(type_proto__tensor));
    if (!t) return;
    t->has_elem_type = 1;
    t->elem_type = PV_ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
    t->shape = message(o, KIND(tensor_shape_proto));
    if (t->shape) set_shape(o, t->shape, rank, dim);
}

void pv_onnx_input(pv_onnx *o, const char *name, int rank, const int64_t *dim)
{
    PvOnnx__GraphProto *g = o->graph;
    set_value(o, add(o, &g->input, &g->n_input, KIND(value_info_proto)), name, rank, dim);
}

void pv_onnx_output(pv_onnx *o, const char *name, int rank, const int64_t *dim)
{
    PvOnnx__GraphProto *g = o->graph;
    set_value(o, add(o, &g->output, &g->n_output, KIND(value_info_proto)), name, rank, dim);
}

/* ---- constants ---- */

static PvOnnx__TensorProto *constant(pv_onnx *o, const char *name, int type, int rank,
                                     const int64_t *dim, size_t *count)
{
    PvOnnx__GraphProto *g = o->graph;
    PvOnnx__TensorProto *t = add(o, &g->initializer, &g->n_initializer, KIND(tensor_proto));
    if (!t) return NULL;
    t->name = copy(o, name);
    t->has_data_type = 1;
    t->data_type = type;
    t->dims = block(o, (size_t)rank, sizeof *t->dims);
    if (!t->dims) return NULL;
    t->n_dims = (size_t)rank;
    *count = 1;
    for (int i = 0; i < rank; i++) *count *= (size_t)(t->dims[i] = dim[i]);
    return t;
}

float *pv_onnx_reals(pv_onnx *o, const char *name, int rank, const int64_t *dim)
{
    size_t count = 0;
    PvOnnx__TensorProto *t =
        constant(o, name, PV_ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, rank, dim, &count);
    if (!t) return NULL;
    t->float_data = block(o, count, sizeof *t->float_data);
    if (t->float_data) t->n_float_data = count;
    return t->float_data;
}

int64_t *pv_onnx_wholes(pv_onnx *o, const char *name, int64_t length)
{
    size_t count = 0;
    PvOnnx__TensorProto *t =
        constant(o, name, PV_ONNX__TENSOR_PROTO__DATA_TYPE__INT64, 1, &length, &count);
    if (!t) return NULL;
    t->int64_data = block(o, count, sizeof *t->int64_data);
    if (t->int64_data) t->n_int64_data = count;
    return t->int64_data;
}

/* ---- nodes ---- */

static void set_attribute(pv_onnx *o, PvOnnx__AttributeProto *to, const pv_onnx_attribute *from)
{
    if (!to) return;
    to->name = copy(o, from->name);
    to->has_type = 1;
    if (from->count == 0) {
        to->type = PV_ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT;
        to->has_f = 1;
        to->f = from->real;
    } else if (from->count == 1) {
        to->type = PV_ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT;
        to->has_i = 1;
        to->i = from->value[0];
    } else {
        to->type = PV_ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS;
        to->ints = block(o, (size_t)from->count, sizeof *to->ints);
        if (!to->ints) return;
        to->n_ints = (size_t)from->count;
        memcpy(to->ints, from->value, to->n_ints * sizeof *to->ints);
    }
}

void pv_onnx_add(pv_onnx *o, const pv_onnx_node *node)
{
    PvOnnx__GraphProto *g = o->graph;
    PvOnnx__NodeProto *n = add(o, &g->node, &g->n_node, KIND(node_proto));
    if (!n) return;
    n->name = copy(o, node->output);
    n->op_type = copy(o, node->type);
    for (int i = 0; i < 3 && node->input[i]; i++)
        add_text(o, &n->input, &n->n_input, node->input[i]);
    add_text(o, &n->output, &n->n_output, node->output);
    for (int i = 0; i < 4 && node->attribute[i].name; i++)
        set_attribute(o, add(o, &n->attribute, &n->n_attribute, KIND(attribute_proto)),
                      &node->attribute[i]);
}

/* ---- its bytes ---- */

pv_status pv_onnx_pack(const pv_onnx *o, const char *path, uint8_t **bytes, size_t *size)
{
    *bytes = NULL;
    if (o->status != PV_OK) return o->status;
    *size = pv_onnx__model_proto__get_packed_size(o->model);
    if (*size > INT32_MAX)
        return pv_fail(PV_EUSAGE, "%s: would have %zu bytes; an ONNX file has at most %d", path,
                       *size, INT32_MAX);
    PV_TRY(pv_new(bytes, *size, 1, "an ONNX file"));
    const size_t packed = pv_onnx__model_proto__pack(o->model, *bytes);
    assert(packed == *size);
    (void)packed;
    return PV_OK;
}
