/* guess.c -- the baseline of all predictors: labels at random. */
#include "learn/guess.h"

#include "learn/labels.h"
#include "learn/random_state.h"

pv_status pv_guess(int32_t *predicted, size_t count, const int32_t *label, size_t n, uint32_t seed)
{
    pv_labels seen;
    pv_random_state random;
    PV_TRY(pv_labels_find(&seen, label, n));
    pv_random_state_seed(&random, seed);
    for (size_t i = 0; i < count; i++)
        predicted[i] = seen.value[pv_random_state_below(&random, (uint64_t)seen.classes)];
    pv_labels_free(&seen);
    return PV_OK;
}
