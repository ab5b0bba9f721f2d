/* parameters.h -- initial values, the Adam update, and the step block. */
#ifndef PV_PARAMETERS_H
#define PV_PARAMETERS_H

#include "philox.h"

PV_FN void pv_uniform_at(size_t i, const pv_uniform_args *a)
{
    float u = pv_unit(pv_random_word(a->seed, a->purpose, 0, a->first + i));
    a->value[i] = a->limit * (2.0f * u - 1.0f);
}

/* Moments of a unit that gets no gradient any more decay towards 0; among the denormal numbers
 * they would make every update of theirs ten times slower. */
PV_FN float pv_settled(float moment) { return fabsf(moment) < 1e-37f ? 0.0f : moment; }

PV_FN void pv_adam_at(size_t i, const pv_adam_args *a)
{
    const pv_rates *rates = a->rates;
    float g = a->gradient[i];
    float m = pv_settled(a->beta1 * a->m[i] + (1.0f - a->beta1) * g);
    float v = pv_settled(a->beta2 * a->v[i] + (1.0f - a->beta2) * g * g);
    a->m[i] = m;
    a->v[i] = v;
    float root = sqrtf(v);
    a->value[i] -= a->torch_epsilon ? rates->torch * m / (root * rates->torch_root + a->epsilon)
                                    : rates->epsilon_hat * m / (root + a->epsilon);
}

PV_FN void pv_copy_at(size_t i, const pv_copy_args *a) { a->to[i] = a->from[i]; }

/* x^n by squaring: the same bits on every device, which pow would not give. */
PV_FN double pv_power(double x, uint64_t n)
{
    double y = 1.0;
    for (; n; n >>= 1) {
        if (n & 1) y *= x;
        x *= x;
    }
    return y;
}

PV_FN void pv_adam_rates_at(pv_team t, size_t row, const pv_adam_rates_args *a)
{
    if (t.lane != 0 || row != 0) return;
    double bias1 = 1.0 - pv_power((double)a->beta1, a->step->count + 1);
    double bias2 = 1.0 - pv_power((double)a->beta2, a->step->count + 1);
    a->rates->epsilon_hat = (float)(a->learning_rate * sqrt(bias2) / bias1);
    a->rates->torch = (float)(a->learning_rate / bias1);
    a->rates->torch_root = (float)(1.0 / sqrt(bias2));
}

PV_FN void pv_end_step_at(pv_team t, size_t row, const pv_end_step_args *a)
{
    if (row != 0) return;
    float *log = a->log + a->step->count % a->capacity * a->cols;
    for (size_t j = (size_t)t.lane; j < a->cols; j += (size_t)t.size) log[j] = a->terms[j];
    pv_team_wait(t);
    if (t.lane == 0) a->step->count += 1;
}

#endif
