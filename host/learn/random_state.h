/* random_state.h -- numpy's legacy generator: RandomState, an MT19937 (Matsumoto & Nishimura 1998).
 * Its draws decide which examples a metric sees, so that a score equals the reference's for the
 * same seed. */
#ifndef PV_LEARN_RANDOM_STATE_H
#define PV_LEARN_RANDOM_STATE_H

#include <stdint.h>

typedef struct {
    uint32_t word[624];
    int next;
} pv_random_state;

void pv_random_state_seed(pv_random_state *r, uint32_t seed);
uint32_t pv_random_state_word(pv_random_state *r);
/* Uniform in [0, n): RandomState.randint(n), n in [1, 2^32]. */
uint32_t pv_random_state_below(pv_random_state *r, uint64_t n);
/* Uniform in [0, 1) with 53 bits: RandomState.random_sample(). */
double pv_random_state_uniform(pv_random_state *r);

#endif
