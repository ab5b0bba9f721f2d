/* examples.c -- the examples that a metric sees, drawn as disentanglement_lib draws them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "evaluate/metric.h"
#include "learn/trees.h"

enum { BATCH = 16 }; /* of its draws */

void pv_examples_free(pv_examples *e)
{
    free(e->code);
    free(e->factor);
    free(e->value);
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

void pv_rows_of(pv_metric_run *run, const int32_t *factor, size_t count, size_t *row)
{
    const pv_labelled *from = run->from;
    for (size_t i = 0; i < count; i++) {
        size_t at = 0;
        for (int k = 0; k < from->factors; k++) at = at * (size_t)from->size[k] + (size_t)*factor++;
        at *= from->copies;
        if (from->copies > 1) at += pv_random_state_below(&run->random, from->copies);
        row[i] = from->row[at];
    }
}

static void copy_row(pv_examples *e, size_t to, const pv_labelled *from, size_t row)
{
    const size_t d = (size_t)from->variables, k = (size_t)from->factors;
    memcpy(e->code + to * d, from->code + row * d, d * sizeof *e->code);
    if (from->value)
        memcpy(e->value + to * k, from->value + row * k, k * sizeof *e->value);
    else
        memcpy(e->factor + to * k, from->factor + row * k, k * sizeof *e->factor);
}

pv_status pv_examples_draw(pv_metric_run *run, pv_examples *out, size_t first, size_t count)
{
    const pv_labelled *from = run->from;
    const size_t factors = (size_t)from->factors;
    int32_t factor[BATCH * PV_MAX_FACTORS];
    size_t row[BATCH];
    out->count = count;
    PV_TRY(pv_new(&out->code, count * (size_t)from->variables, sizeof *out->code, "examples"));
    if (from->value)
        PV_TRY(pv_new(&out->value, count * factors, sizeof *out->value, "examples"));
    else
        PV_TRY(pv_new(&out->factor, count * factors, sizeof *out->factor, "examples"));
    for (size_t done = 0; done < count; done += BATCH) {
        const size_t batch = count - done < BATCH ? count - done : BATCH;
        for (size_t i = 0; i < batch; i++) row[i] = first + done + i;
        if (from->row) {
            pv_draw_factors(run, factor, batch);
            pv_rows_of(run, factor, batch, row);
        }
        for (size_t i = 0; i < batch; i++) copy_row(out, done + i, from, row[i]);
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

pv_status pv_examples_number(double **out, const pv_examples *e, int factors, int k)
{
    PV_TRY(pv_new(out, e->count, sizeof **out, "factors"));
    for (size_t i = 0; i < e->count; i++) {
        const size_t at = i * (size_t)factors + (size_t)k;
        (*out)[i] = e->value ? e->value[at] : (double)e->factor[at];
    }
    return PV_OK;
}

pv_status pv_examples_code(double **out, const pv_examples *e, int variables)
{
    const size_t n = e->count * (size_t)variables;
    PV_TRY(pv_new(out, n, sizeof **out, "codes"));
    for (size_t i = 0; i < n; i++) (*out)[i] = (double)e->code[i];
    return PV_OK;
}

pv_status pv_factors_suit_trees(pv_metric_run *run, const pv_examples *e)
{
    for (int k = 0; k < run->from->factors; k++) {
        pv_labels labels = {0};
        int32_t *label;
        PV_TRY(pv_examples_label(&label, e, run->from->factors, k));
        const pv_status status = pv_labels_find(&labels, label, e->count);
        free(label);
        PV_TRY(status);
        if (labels.classes > PV_TREES_CLASSES)
            pv_metric_undefined(run, "factor %d has %d values; trees are grown for at most %d", k,
                                labels.classes, PV_TREES_CLASSES);
        pv_labels_free(&labels);
    }
    return PV_OK;
}

/* Do these examples share factor k? */
static int alike(const pv_examples *e, size_t factors, size_t i, size_t j, size_t k)
{
    return e->value ? e->value[i * factors + k] == e->value[j * factors + k]
                    : e->factor[i * factors + k] == e->factor[j * factors + k];
}

int pv_factors_vary(pv_metric_run *run, const pv_examples *e)
{
    const int factors = run->from->factors;
    for (int k = 0; k < factors; k++) {
        size_t i = 1;
        while (i < e->count && alike(e, (size_t)factors, i, 0, (size_t)k)) i++;
        if (i < e->count) continue;
        pv_metric_undefined(run, "factor %d has one value only among the examples to learn from",
                            k);
        return 0;
    }
    return 1;
}

/* The numbers of real-valued factors, with or without names; the length that this takes. */
static size_t list_reals(char *out, size_t size, const pv_labelled *from, int named, int *count)
{
    size_t n = 0;
    *count = 0;
    for (int k = 0; k < from->factors && n < size; k++) {
        if (!(from->real >> k & 1)) continue;
        n += (size_t)snprintf(out + n, size - n, (*count)++ ? ", %d" : "%d", k);
        if (named && n < size)
            n += (size_t)snprintf(out + n, size - n, " (%s)", from->factor_name[k]);
    }
    return n;
}

int pv_factors_have_classes(pv_metric_run *run)
{
    const pv_labelled *from = run->from;
    char which[80];
    int reals;
    if (!from->value) return 1;
    if (list_reals(which, sizeof which, from, from->factor_name != NULL, &reals) >= sizeof which)
        list_reals(which, sizeof which, from, 0, &reals); /* 52 characters of 16 */
    if (reals == from->factors)
        pv_metric_undefined(run, "needs factors with classes, and all of these are real-valued");
    else if (reals == 1)
        pv_metric_undefined(run,
                            "needs classes, but factor %s is real-valued: leave it out to "
                            "score the others",
                            which);
    else
        pv_metric_undefined(run,
                            "needs classes, but factors %s are real-valued: leave them out to "
                            "score the others",
                            which);
    return 0;
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
