/* pairs.cu -- bias gradients that are summed while their operand leaves the layer that makes it: a
 * pass through memory less for each. */
#include "cuda.h"

/* The bias gradient of a call, and the matrix whose columns it sums; or a layer's result. */
typedef struct {
    float *bias;
    const float *of;
    size_t cols;
} column_sums;

static column_sums sums_of(const pv_call *call)
{
    column_sums s = {NULL, NULL, 0};
    if (call->op == PV_OP_dense_weight_grad) {
        const pv_dense_weight_grad_args *a = (const pv_dense_weight_grad_args *)call->args;
        if (!a->scale) s = {a->dbias, a->dy, a->out};
    } else if (call->op == PV_OP_conv_weight_grad) {
        const pv_conv_weight_grad_args *a = (const pv_conv_weight_grad_args *)call->args;
        s = {a->dbias, a->bias_big ? a->big : a->small,
             (size_t)(a->bias_big ? a->channels : a->filters)};
    }
    return s;
}

static column_sums made_by(const pv_call *call)
{
    column_sums s = {NULL, NULL, 0};
    if (call->op == PV_OP_dense) {
        const pv_dense_args *a = (const pv_dense_args *)call->args;
        s = {NULL, a->to, a->pass == PV_FORWARD ? a->out : a->in};
    } else if (call->op == PV_OP_conv) {
        const pv_conv_args *a = (const pv_conv_args *)call->args;
        s = {NULL, a->to, (size_t)(a->pass == PV_FORWARD ? a->filters : a->channels)};
    }
    return s;
}

static int writes(const pv_call *call, long id)
{
    pv_field field[PV_MAX_FIELDS];
    const int fields = pv_cuda_host->ops[call->op].fields(call->args, field);
    for (int j = 0; j < fields; j++)
        if (pv_role_writes(field[j].role) &&
            pv_activation_id(pv_field_get(call->args, &field[j])) == id)
            return 1;
    return 0;
}

void pv_cuda_pair_sums(const pv_program *program, float **sums, char *summed)
{
    for (size_t j = 0; j < program->call_count; j++) {
        const column_sums wanted = sums_of(&program->calls[j]);
        const long id = wanted.bias ? pv_activation_id(wanted.of) : -1;
        size_t i = j;
        if (id < 0) continue;
        while (i > 0 && !writes(&program->calls[i - 1], id)) i--;
        if (i == 0) continue;
        const column_sums made = made_by(&program->calls[i - 1]);
        if (made.of != wanted.of || made.cols != wanted.cols || sums[i - 1]) continue;
        sums[i - 1] = wanted.bias;
        summed[j] = 1;
    }
}
