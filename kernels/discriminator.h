/* discriminator.h -- what FactorVAE's discriminator is shown, and what its logits are worth. */
#ifndef PV_DISCRIMINATOR_H
#define PV_DISCRIMINATOR_H

#include "elementary.h"
#include "philox.h"

PV_FN void pv_keys_at(size_t i, const pv_keys_args *a)
{
    a->key[i] = pv_random_word(a->seed, a->purpose, a->step->count, a->first * a->cols + i);
}

PV_FN void pv_ranks_at(size_t i, const pv_ranks_args *a)
{
    const size_t row = a->first + i / a->cols, col = i % a->cols;
    const uint32_t own = a->key[row * a->cols + col];
    uint32_t rank = 0;
    for (size_t j = 0; j < a->batch; j++) {
        const uint32_t other = a->key[j * a->cols + col];
        rank += other < own || (other == own && j < row);
    }
    a->rank[i] = rank;
}

PV_FN void pv_pair_at(size_t i, const pv_pair_args *a)
{
    const size_t row = i / a->cols, col = i % a->cols;
    float *pair = a->pair + 2 * row * a->cols + col;
    pair[0] = a->z[i];
    pair[a->cols] = a->from[(size_t)a->rank[i] * a->cols + col];
}

/* -log p for a margin d of the right logit over the other, p = clip(1 / (1 + exp(-d))); and its
 * derivative, -(1 - p). */
PV_FN float pv_clipped_loss(float d, float clip, float *slope)
{
    const float wrong = pv_logistic(-d), right = pv_logistic(d);
    const int clipped = wrong < clip || right < clip;
    *slope = clipped ? 0.0f : -wrong;
    if (right < clip) return -pv_log(clip);
    return wrong < clip ? -pv_log1p(-clip) : (d < 0.0f ? -d : 0.0f) + pv_log1p(pv_exp(-fabsf(d)));
}

PV_FN void pv_discriminate_at(size_t i, const pv_discriminate_args *a)
{
    const float *logits = a->logits + 4 * i;
    float *direction = a->direction + 4 * i, *slope = a->slope + 2 * i;
    const float joint = logits[0] - logits[1], permuted = logits[3] - logits[2];
    float joint_slope, permuted_slope;
    float loss = pv_clipped_loss(joint, a->clip, &joint_slope);
    loss += pv_clipped_loss(permuted, a->clip, &permuted_slope);
    a->correlation[i] = joint;
    a->loss[i] = 0.5f * loss;
    a->right[i] = 0.5f * (float)((joint > 0.0f) + (permuted > 0.0f));
    for (int j = 0; j < 4; j++) direction[j] = j % 2 ? -1.0f : 1.0f;
    slope[0] = 0.5f * a->scale * joint_slope;
    slope[1] = -0.5f * a->scale * permuted_slope;
}

PV_FN void pv_unpair_at(size_t i, const pv_unpair_args *a)
{
    const size_t row = i / a->cols, col = i % a->cols;
    a->to[i] = a->dz[i] + a->weight * a->dpair[2 * row * a->cols + col];
}

#endif
