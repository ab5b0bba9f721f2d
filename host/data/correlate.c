/* correlate.c -- weights of examples whose factors are correlated. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "data/factors.h"

typedef struct {
    int a, b, inverse;
    double strength;
} pair;

typedef struct {
    const pv_data *data;
    const char *text;
    double low[PV_MAX_FACTORS], scale[PV_MAX_FACTORS]; /* c = (value - low) scale */
    pair pairs[PV_MAX_FACTORS * PV_MAX_FACTORS];
    int count;
} correlation;

/* ---- the text ---- */

static pv_status refuse(const correlation *c, const char *at, size_t length)
{
    return pv_fail(
        PV_EUSAGE,
        "correlation=%s: '%.*s' is no pair of factors; it is FACTOR:FACTOR:STRENGTH, "
        "such as shape:scale:0.1, with -FACTOR for the inverse and * for all others, and "
        "a strength above 0",
        c->text, (int)length, at);
}

static pv_status find(const correlation *c, const char *name, size_t length, int *factor)
{
    *factor = pv_data_factor(c->data, name, length);
    return *factor < 0 ? pv_data_no_factor(c->data, "correlation", name, length) : PV_OK;
}

static pv_status add(correlation *c, const pair *p, const char *at, size_t length)
{
    if (p->a == p->b) return refuse(c, at, length);
    for (int i = 0; i < c->count; i++) {
        const pair *q = &c->pairs[i];
        if ((q->a == p->a && q->b == p->b) || (q->a == p->b && q->b == p->a))
            return pv_fail(PV_EUSAGE, "correlation=%s: %s and %s are a pair twice", c->text,
                           c->data->factor_name[p->a], c->data->factor_name[p->b]);
    }
    c->pairs[c->count++] = *p;
    return PV_OK;
}

/* FACTOR:FACTOR:STRENGTH in `length` characters. */
static pv_status parse_pair(correlation *c, const char *at, size_t length)
{
    const char *second = memchr(at, ':', length);
    const char *third = second ? memchr(second + 1, ':', length - (size_t)(second + 1 - at)) : NULL;
    char *end;
    pair p;
    if (!third) return refuse(c, at, length);
    p.strength = strtod(third + 1, &end);
    if (end == third + 1 || end != at + length || !(p.strength > 0) || !isfinite(p.strength))
        return refuse(c, at, length);
    const char *name = second + 1;
    p.inverse = *name == '-';
    name += p.inverse;
    PV_TRY(find(c, at, (size_t)(second - at), &p.a));
    if (third - name == 1 && *name == '*') {
        const int before = c->count;
        for (p.b = 0; p.b < c->data->factors; p.b++)
            if (p.b != p.a && !c->data->nuisance[p.b]) PV_TRY(add(c, &p, at, length));
        if (c->count > before) return PV_OK;
        return pv_fail(PV_EUSAGE, "correlation=%s: no factor but %s is observed", c->text,
                       c->data->factor_name[p.a]);
    }
    PV_TRY(find(c, name, (size_t)(third - name), &p.b));
    return add(c, &p, at, length);
}

static pv_status parse(correlation *c)
{
    for (const char *at = c->text;;) {
        const size_t length = strcspn(at, ",");
        PV_TRY(parse_pair(c, at, length));
        if (!at[length]) return PV_OK;
        at += length + 1;
    }
}

/* ---- weights ---- */

static void find_ranges(correlation *c)
{
    for (int f = 0; f < c->data->factors; f++) {
        double high;
        pv_data_range(c->data, f, &c->low[f], &high);
        c->scale[f] = high > c->low[f] ? 1 / (high - c->low[f]) : 0;
    }
}

static double weight(const correlation *c, size_t example)
{
    const double *value = c->data->factor_value + example * (size_t)c->data->factors;
    double exponent = 0;
    for (int i = 0; i < c->count; i++) {
        const pair *p = &c->pairs[i];
        const double a = (value[p->a] - c->low[p->a]) * c->scale[p->a];
        const double b = (value[p->b] - c->low[p->b]) * c->scale[p->b];
        const double apart = (a - (p->inverse ? 1 - b : b)) / p->strength;
        exponent += apart * apart / 2;
    }
    return exp(-exponent);
}

/* Shares of 2^64; every number from the last share's end on belongs to it. */
static pv_status accumulate(uint64_t *cumulative, const correlation *c)
{
    const size_t n = c->data->examples;
    double all = 0, sum = 0;
    size_t last = 0;
    for (size_t i = 0; i < n; i++) {
        const double w = weight(c, i);
        all += w;
        if (w > 0) last = i;
    }
    if (!(all > 0))
        return pv_fail(PV_EUSAGE,
                       "correlation=%s: leaves no image with a weight above 0; larger strengths "
                       "leave more",
                       c->text);
    for (size_t i = 0; i < n; i++) {
        sum += weight(c, i);
        const double share = sum / all;
        cumulative[i] = i >= last || share >= 1 ? UINT64_MAX : (uint64_t)(share * 0x1p64);
    }
    return PV_OK;
}

pv_status pv_data_correlate(uint64_t **cumulative, const pv_data *data, const char *text)
{
    correlation c = {.data = data, .text = text};
    *cumulative = NULL;
    PV_TRY(parse(&c));
    find_ranges(&c);
    PV_TRY(pv_new(cumulative, data->examples, sizeof **cumulative, "weights of examples"));
    const pv_status status = accumulate(*cumulative, &c);
    if (status == PV_OK) return PV_OK;
    free(*cumulative);
    *cumulative = NULL;
    return status;
}
