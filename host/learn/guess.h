/* guess.h -- the baseline of all predictors. */
#ifndef PV_LEARN_GUESS_H
#define PV_LEARN_GUESS_H

#include <stddef.h>
#include <stdint.h>

#include "polarvae/status.h"

/* predicted[count]: each of the labels that stand in label[n], with the same chance; the draws are
 * those of scikit-learn's DummyClassifier(strategy="uniform", random_state=seed). */
pv_status pv_guess(int32_t *predicted, size_t count, const int32_t *label, size_t n, uint32_t seed);

#endif
