/* examples.c -- the examples that a metric sees, drawn as disentanglement_lib draws them. */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "evaluate/metric.h"

enum { BATCH = 16 }; /* of its draws */

void pv_examples_free(pv_examples *e)
{
    free(e->code);
    free(e->factor);
    memset(e, 0, sizeof *e);
}

void pv_draw_factors(pv_metric_run *run, int32_t *factor, size_t count)
{
    const size_t factors = (size_t)run->from->factors;
    for (size_t k = 0; k < factors; k++)
        for (size_t i = 0; i < count; i++)
            factor[i * factors + k] =
                (int32_t)pv_random_state_below(&run->random, (uint64_t)run->from->size[k]);
}

size_t pv_row_of(const pv_labelled *from, const int32_t *factor)
{
    size_t at = 0;
    for (int k = 0; k < from->factors; k++) at = at * (size_t)from->size[k] + (size_t)factor[k];
    return from->row[at];
}

static void copy_row(pv_examples *e, size_t to, const pv_labelled *from, size_t row)
{
    const size_t d = (size_t)from->variables, k = (size_t)from->factors;
    memcpy(e->code + to * d, from->code + row * d, d * sizeof *e->code);
    memcpy(e->factor + to * k, from->factor + row * k, k * sizeof *e->factor);
}

pv_status pv_examples_draw(pv_metric_run *run, pv_examples *out, size_t first, size_t count)
{
    const pv_labelled *from = run->from;
    const size_t factors = (size_t)from->factors;
    int32_t factor[BATCH * PV_MAX_FACTORS];
    out->count = count;
    PV_TRY(pv_new(&out->code, count * (size_t)from->variables, sizeof *out->code, "examples"));
    PV_TRY(pv_new(&out->factor, count * factors, sizeof *out->factor, "examples"));
    for (size_t done = 0; done < count; done += BATCH) {
        const size_t batch = count - done < BATCH ? count - done : BATCH;
        if (from->row) pv_draw_factors(run, factor, batch);
        for (size_t i = 0; i < batch; i++)
            copy_row(out, done + i, from,
                     from->row ? pv_row_of(from, factor + i * factors) : first + done + i);
    }
    return PV_OK;
}

pv_status pv_examples_all(pv_metric_run *run, pv_examples *out)
{
    const size_t count = run->from->row ? run->options->train : run->from->rows;
    run->result->train = count;
    return pv_examples_draw(run, out, 0, count);
}

pv_status pv_examples_split(pv_metric_run *run, pv_examples *train, pv_examples *test)
{
    const pv_labelled *from = run->from;
    const size_t first = from->row ? run->options->train : from->rows * 2 / 3,
                 rest = from->row ? run->options->test : from->rows - first;
    run->result->train = first;
    run->result->test = rest;
    PV_TRY(pv_examples_draw(run, train, 0, first));
    return pv_examples_draw(run, test, first, rest);
}

pv_status pv_examples_label(int32_t **out, const pv_examples *e, int factors, int k)
{
    PV_TRY(pv_new(out, e->count, sizeof **out, "labels"));
    for (size_t i = 0; i < e->count; i++) (*out)[i] = e->factor[i * (size_t)factors + (size_t)k];
    return PV_OK;
}

pv_status pv_examples_code(double **out, const pv_examples *e, int variables)
{
    const size_t n = e->count * (size_t)variables;
    PV_TRY(pv_new(out, n, sizeof **out, "codes"));
    for (size_t i = 0; i < n; i++) (*out)[i] = (double)e->code[i];
    return PV_OK;
}

int pv_factors_vary(pv_metric_run *run, const pv_examples *e)
{
    const int factors = run->from->factors;
    for (int k = 0; k < factors; k++) {
        size_t i = 1;
        while (i < e->count && e->factor[i * (size_t)factors + (size_t)k] == e->factor[k]) i++;
        if (i < e->count) continue;
        pv_metric_undefined(run, "factor %d has one value only among the examples to learn from",
                            k);
        return 0;
    }
    return 1;
}

double pv_accuracy(const int32_t *predicted, const int32_t *label, size_t count)
{
    size_t right = 0;
    for (size_t i = 0; i < count; i++) right += predicted[i] == label[i];
    return (double)right / (double)count;
}

double pv_mean_gap(const double *score, const double *unit, int variables, int factors)
{
    double sum = 0;
    for (int k = 0; k < factors; k++) {
        double best = 0, second = 0;
        for (int j = 0; j < variables; j++) {
            const double x = score[j * factors + k];
            if (x > best) {
                second = best;
                best = x;
            } else if (x > second)
                second = x;
        }
        sum += unit ? (best - second) / unit[k] : best - second;
    }
    return sum / factors;
}
