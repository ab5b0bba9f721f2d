/* ops.h -- every kernel: what it takes, and the one list.
 *
 * A kernel works on `rows` rows (images of a batch, parameters of a block, variables...). Its
 * argument struct is generated from its PV_FIELDS_ macro, in which each pointer declares its role:
 *
 *   IN, OUT, INOUT   row-aligned: row r reads or writes elements [r*width, (r+1)*width)
 *   WHOLE            [rows, width], read across rows: the kernel couples the batch
 *   SHARED           read by every row, `width` elements in all
 *   SUM              written, `width` elements in all: a sum over the rows, in a fixed order
 *   STATE            read and written by the kernel as a whole, `width` elements in all
 *
 * F(role, type, name, width) is a pointer, V(type, name) a value; a width may use `a`, the
 * arguments. Every struct starts with `rows`; `first`, the index of its first row in the whole
 * (a device that takes the rows in pieces sets it, so that random numbers do not depend on the
 * pieces); and `cols`. From the declarations a device knows what may run side by side, what may
 * be cut into chunks of rows, and where it must wait.
 *
 * Adding a kernel: its fields and a line in PV_OPS here, a body in kernels/<family>.h, a case in
 * tests/unit/test_kernels.c. */
#ifndef POLARVAE_OPS_H
#define POLARVAE_OPS_H

#include <stddef.h>
#include <stdint.h>

#include "polarvae/layer_ops.h"
#include "polarvae/step.h"

/* clang-format off */

/* ---- batches (kernels/batch.h) ---- */

/* index[row]: which example row `first + row` of the batch of the current step is.
 *   ORDER_IID       drawn uniformly with replacement, as the study does
 *   ORDER_EPOCHS    a walk through a fresh permutation of all examples every epoch
 *   ORDER_LISTED    first + row
 *   ORDER_WEIGHTED  drawn with replacement, example i with the probability (cumulative[i] -
 *                   cumulative[i - 1]) / 2^64; the last one that can be drawn has 2^64 - 1
 * `batch` is the rows of a whole batch. */
typedef enum { PV_ORDER_IID, PV_ORDER_EPOCHS, PV_ORDER_LISTED, PV_ORDER_WEIGHTED } pv_order;
#define PV_FIELDS_pick(F, V)                                                                       \
    V(int, order) V(uint64_t, seed) V(uint64_t, purpose) V(uint64_t, examples) V(uint64_t, batch)  \
    F(SHARED, pv_step, step, 1) F(SHARED, uint64_t, cumulative, a->examples)                       \
    F(OUT, uint32_t, index, 1)

/* image[row, :] = example index[row] as floats; bits: 32 pixels a word, lowest bit first, each row
 * of `words` words; bytes: 0..255 becomes 0..1. cols = pixels of an image. */
#define PV_FIELDS_gather_bits(F, V)                                                                \
    V(size_t, words) V(size_t, examples)                                                           \
    F(IN, uint32_t, index, 1)                                                                      \
    F(SHARED, uint32_t, bits, a->words * a->examples)                                              \
    F(OUT, float, image, a->cols)
#define PV_FIELDS_gather_bytes(F, V)                                                               \
    V(size_t, examples)                                                                            \
    F(IN, uint32_t, index, 1)                                                                      \
    F(SHARED, uint8_t, bytes, a->cols * a->examples)                                               \
    F(OUT, float, image, a->cols)
/* Resized images that leave 0..255: divided by 255, too. */
#define PV_FIELDS_gather_shorts(F, V)                                                              \
    V(size_t, examples)                                                                            \
    F(IN, uint32_t, index, 1)                                                                      \
    F(SHARED, int16_t, shorts, a->cols * a->examples)                                              \
    F(OUT, float, image, a->cols)

/* Binary images become red, green and blue, cols = 3 * pixels, with numbers u in [0, 1) from (seed,
 * purpose, step, row, ...): the variants of data.h. */
#define PV_VARIANT_FIELDS(F, V)                                                                    \
    V(size_t, words) V(size_t, examples) V(uint64_t, seed) V(uint64_t, purpose)                    \
    F(SHARED, pv_step, step, 1)                                                                    \
    F(IN, uint32_t, index, 1)                                                                      \
    F(SHARED, uint32_t, bits, a->words * a->examples)                                              \
    F(OUT, float, image, a->cols)
#define PV_FIELDS_gather_color(F, V) PV_VARIANT_FIELDS(F, V)
#define PV_FIELDS_gather_noisy(F, V) PV_VARIANT_FIELDS(F, V)
/* background [background_height, background_width, 3]; the patch starts at a row drawn below
 * background_height - height (0 where that is 0), and a column likewise. */
#define PV_FIELDS_gather_scream(F, V)                                                              \
    V(size_t, height) V(size_t, width) V(size_t, background_height) V(size_t, background_width)    \
    F(SHARED, uint8_t, background, a->background_height * a->background_width * 3)                 \
    PV_VARIANT_FIELDS(F, V)

/* ---- the posterior (kernels/gaussian.h); cols = latents ---- */

/* noise ~ N(0, 1), from (seed, purpose, step, row, col). */
#define PV_FIELDS_noise(F, V)                                                                      \
    V(uint64_t, seed) V(uint64_t, purpose)                                                         \
    F(SHARED, pv_step, step, 1) F(OUT, float, noise, a->cols)

/* to = columns column[0], column[1], ... of from [rows, width] */
#define PV_FIELDS_select(F, V)                                                                     \
    V(size_t, width)                                                                               \
    F(IN, float, from, a->width) F(SHARED, uint32_t, column, a->cols) F(OUT, float, to, a->cols)

/* z = mean + exp(logvar / 2) noise */
#define PV_FIELDS_reparameterise(F, V)                                                             \
    F(IN, float, mean, a->cols) F(IN, float, logvar, a->cols) F(IN, float, noise, a->cols)         \
    F(OUT, float, z, a->cols)

/* variance = exp(logvar); with less_one, exp(logvar) - 1, exact for collapsed units, too */
#define PV_FIELDS_variance(F, V)                                                                   \
    V(int, less_one)                                                                               \
    F(IN, float, logvar, a->cols) F(OUT, float, variance, a->cols)

/* kl[row] = KL(N(mean, exp(logvar)) || N(0, I)) in nats = sum over cols of
 * (mean^2 + exp(logvar) - 1 - logvar) / 2. */
#define PV_FIELDS_kl(F, V)                                                                         \
    F(IN, float, mean, a->cols) F(IN, float, logvar, a->cols) F(OUT, float, kl, 1)

/* precision = exp(-logvar) */
#define PV_FIELDS_precision(F, V)                                                                  \
    F(IN, float, logvar, a->cols) F(OUT, float, precision, a->cols)

/* Gradients of  L(z) + weight * sum of kl  with dz = dL/dz:
 *   dmean = dz + weight mean,  dlogvar = dz noise exp(logvar / 2) / 2 + weight (exp(logvar) - 1) / 2
 * slope, if not NULL, is a further factor of weight that changes from step to step. */
#define PV_FIELDS_posterior_grad(F, V)                                                             \
    V(float, weight) F(SHARED, float, slope, 1)                                                    \
    F(IN, float, mean, a->cols) F(IN, float, logvar, a->cols) F(IN, float, noise, a->cols)         \
    F(IN, float, dz, a->cols) F(OUT, float, dmean, a->cols) F(OUT, float, dlogvar, a->cols)

/* ---- regularisers (kernels/regularisers.h) ---- */

/* AnnealedVAE: capacity = min(c_max, c_max count / iterations), penalty = gamma |kl - capacity|, and
 * slope = d penalty / d kl. rows = 1. */
#define PV_FIELDS_anneal(F, V)                                                                     \
    V(float, gamma) V(double, c_max) V(double, iterations)                                         \
    F(SHARED, pv_step, step, 1) F(SHARED, float, kl, 1)                                            \
    F(STATE, float, capacity, 1) F(STATE, float, penalty, 1) F(STATE, float, slope, 1)

/* DIP-VAE: off_diagonal = sum of the squares of the covariances of two variables, diagonal = that of
 * their variances less one, and slope = d(weight_off off_diagonal + weight_diagonal diagonal) /
 * d covariance. Variances are covariance[i, i], and, if excess is not NULL, 1 + excess[i] more.
 * rows = 1. */
#define PV_FIELDS_dip(F, V)                                                                        \
    V(double, weight_off) V(double, weight_diagonal)                                               \
    F(SHARED, double, covariance, a->cols * a->cols) F(SHARED, double, excess, a->cols)            \
    F(STATE, float, off_diagonal, 1) F(STATE, float, diagonal, 1)                                  \
    F(STATE, float, slope, a->cols * a->cols)

/* Adds its gradients: dmean += 2 scale slope (mean - centre), dlogvar += scale slope[i, i]
 * exp(logvar) if `variances` count; scale = 1 / batch, centre = the mean of `mean`. */
#define PV_FIELDS_dip_grad(F, V)                                                                   \
    V(float, scale) V(int, variances)                                                              \
    F(SHARED, float, slope, a->cols * a->cols) F(SHARED, double, centre, a->cols)                  \
    F(IN, float, mean, a->cols) F(IN, float, logvar, a->cols)                                      \
    F(INOUT, float, dmean, a->cols) F(INOUT, float, dlogvar, a->cols)

/* ---- total correlation (kernels/total_correlation.h); cols = latents ---- */

/* Estimates of log q(z) and log q(z_l) from the posteriors of a minibatch: row j is a z, i runs over
 * the posteriors, L_jil = log N(z_jl; mean_il, exp(logvar_il)), and log weights w_ji are `own` for
 * i = j, `next` for i = j + 1 (0 after the last), `other` elsewhere:
 *   joint_j = log sum over i of exp(w_ji + sum over l of L_jil),  share_ji = each one's share of it
 *   marginal_jl = log sum over i of exp(w_ji + L_jil)
 * information = log q(z|x) - log q(z), correlation = log q(z) - sum over l of log q(z_l),
 * dimensions = sum over l of log q(z_l) - log p(z); and to = dz + weight d(correlation)/dz. */
#define PV_TC_WEIGHTS(V) V(size_t, batch) V(float, own) V(float, next) V(float, other)
#define PV_FIELDS_total_correlation(F, V)                                                          \
    PV_TC_WEIGHTS(V) V(float, weight)                                                              \
    F(IN, float, z, a->cols) F(WHOLE, float, mean, a->cols) F(WHOLE, float, logvar, a->cols)       \
    F(WHOLE, float, precision, a->cols) F(IN, float, dz, a->cols)                                  \
    F(OUT, float, share, a->batch) F(OUT, float, marginal, a->cols)                                \
    F(OUT, float, information, 1) F(OUT, float, correlation, 1) F(OUT, float, dimensions, 1)       \
    F(OUT, float, to, a->cols)

/* Row i is a posterior: adds weight d(sum of all correlations)/d(mean_i), and /d(logvar_i). */
#define PV_FIELDS_total_correlation_grad(F, V)                                                     \
    PV_TC_WEIGHTS(V) V(float, weight)                                                              \
    F(WHOLE, float, z, a->cols) F(WHOLE, float, share, a->batch)                                   \
    F(WHOLE, float, marginal, a->cols)                                                             \
    F(IN, float, mean, a->cols) F(IN, float, logvar, a->cols) F(IN, float, precision, a->cols)     \
    F(INOUT, float, dmean, a->cols) F(INOUT, float, dlogvar, a->cols)

/* ---- the discriminator of FactorVAE (kernels/discriminator.h); cols = latents ---- */

/* key: 32 random bits, from (seed, purpose, step, row, col). */
#define PV_FIELDS_keys(F, V)                                                                       \
    V(uint64_t, seed) V(uint64_t, purpose)                                                         \
    F(SHARED, pv_step, step, 1) F(OUT, uint32_t, key, a->cols)

/* rank[row, col]: how many keys of column `col` are smaller, or equal and of an earlier row. Each
 * column of ranks is a permutation of its own of the rows of the batch. */
#define PV_FIELDS_ranks(F, V)                                                                      \
    V(size_t, batch) F(WHOLE, uint32_t, key, a->cols) F(OUT, uint32_t, rank, a->cols)

/* pair[row] = z[row], and beside it the codes from[rank[row, col], col]: two rows of a
 * discriminator for each row of the batch. */
#define PV_FIELDS_pair(F, V)                                                                       \
    F(IN, float, z, a->cols) F(WHOLE, float, from, a->cols) F(IN, uint32_t, rank, a->cols)         \
    F(OUT, float, pair, 2 * a->cols)

/* From the logits of a pair, two for z (class 0) and two for the permuted codes (class 1), cols = 1:
 * correlation = logit 0 - logit 1 of z; loss = - (log p_0(z) + log p_1(permuted)) / 2 with
 * probabilities clipped to [clip, 1 - clip]; right = how many of the two have the larger logit at
 * their class, over 2. direction = (1, -1) for both, the gradient of logit 0 - logit 1 to the
 * logits; slope = scale * d loss / d (logit 0 - logit 1) for both, 0 where clipped. */
#define PV_FIELDS_discriminate(F, V)                                                               \
    V(float, scale) V(float, clip)                                                                 \
    F(IN, float, logits, 4)                                                                        \
    F(OUT, float, correlation, 1) F(OUT, float, loss, 1) F(OUT, float, right, 1)                   \
    F(OUT, float, direction, 4) F(OUT, float, slope, 2)

/* to = dz + weight dpair of the first of each pair. */
#define PV_FIELDS_unpair(F, V)                                                                     \
    V(float, weight)                                                                               \
    F(IN, float, dz, a->cols) F(IN, float, dpair, 2 * a->cols) F(OUT, float, to, a->cols)

/* ---- reconstruction (kernels/reconstruction.h); cols = pixels * channels ---- */

/* loss[row] = sum over pixels of max(l, 0) - l x + log1p(exp(-|l|)), the negative log-likelihood
 * of a Bernoulli with logits l, in nats; dlogits = scale (sigmoid(l) - x). */
#define PV_FIELDS_bernoulli(F, V)                                                                  \
    V(float, scale)                                                                                \
    F(IN, float, logits, a->cols) F(IN, float, image, a->cols)                                     \
    F(OUT, float, loss, 1) F(OUT, float, dlogits, a->cols)

/* probability = sigmoid(logit) */
#define PV_FIELDS_sigmoid(F, V)                                                                    \
    F(IN, float, logits, a->cols) F(OUT, float, probability, a->cols)

/* ---- parameters (kernels/parameters.h); a row is one parameter, cols = 1 ---- */

/* uniform in [-limit, limit], from (seed, purpose, row). */
#define PV_FIELDS_uniform(F, V)                                                                    \
    V(uint64_t, seed) V(uint64_t, purpose) V(float, limit)                                         \
    F(OUT, float, value, 1)

/* One Adam update; m and v are the running moments, rates the bias-corrected rates.
 * torch_epsilon = 0: w -= rate m / (sqrt(v) + epsilon), TensorFlow's placement ("epsilon hat",
 * section 2 of Kingma & Ba 2015); 1: epsilon is added to the bias-corrected sqrt(v).
 * A moment that is smaller than 1e-37 becomes 0. */
#define PV_FIELDS_adam(F, V)                                                                       \
    V(float, beta1) V(float, beta2) V(float, epsilon) V(int, torch_epsilon)                        \
    F(SHARED, pv_rates, rates, 1)                                                                  \
    F(IN, float, gradient, 1)                                                                      \
    F(INOUT, float, value, 1) F(INOUT, float, m, 1) F(INOUT, float, v, 1)

/* to = from */
#define PV_FIELDS_copy(F, V) F(IN, float, from, a->cols) F(OUT, float, to, a->cols)

/* ---- the step block (kernels/parameters.h); rows = 1 ---- */

/* What adam reads, from step->count. The decays are those that adam holds: 1 - beta2 as a float is
 * 1e-5 away from that of the double. */
#define PV_FIELDS_adam_rates(F, V)                                                                 \
    V(double, learning_rate) V(float, beta1) V(float, beta2)                                       \
    F(SHARED, pv_step, step, 1) F(STATE, pv_rates, rates, 1)
/* After a step: log[count % capacity, :] = terms, then count += 1. cols = terms. */
#define PV_FIELDS_end_step(F, V)                                                                   \
    V(size_t, capacity)                                                                            \
    F(SHARED, float, terms, a->cols)                                                               \
    F(STATE, float, log, a->cols * a->capacity)                                                    \
    F(STATE, pv_step, step, 1)

/* ---- statistics (kernels/statistics.h) ---- */

/* sum[col] = scale * sum over rows of value[row, col]; float for the terms of a loss, double for
 * evaluation. */
#define PV_FIELDS_column_sum(F, V)                                                                 \
    V(float, scale) F(IN, float, value, a->cols) F(SUM, float, sum, a->cols)
#define PV_FIELDS_column_mean(F, V)                                                                \
    V(double, scale) F(IN, float, value, a->cols) F(SUM, double, mean, a->cols)

/* covariance[i, j] = scale * sum over rows of (x_i - mean_i)(x_j - mean_j);
 * variables = columns of x, cols = variables^2. */
#define PV_FIELDS_covariance(F, V)                                                                 \
    V(size_t, variables) V(double, scale)                                                          \
    F(IN, float, x, a->variables) F(SHARED, double, mean, a->variables)                            \
    F(SUM, double, covariance, a->cols)

/* Smallest and largest of column `row` of x [examples, rows]. */
#define PV_FIELDS_range(F, V)                                                                      \
    V(size_t, examples)                                                                            \
    F(SHARED, float, x, a->examples * a->cols) F(OUT, float, low, 1) F(OUT, float, high, 1)

/* bin[row, col] in 0..bins-1: how many of the left edges [cols, bins] of the column are <= x, less
 * one (numpy.digitize against numpy.histogram's left edges). */
#define PV_FIELDS_digitise(F, V)                                                                   \
    V(int, bins)                                                                                   \
    F(IN, float, x, a->cols) F(SHARED, double, edges, a->cols * (size_t)a->bins)                   \
    F(OUT, uint8_t, bin, a->cols)

/* Joint histogram of columns i and j of bin [examples, variables], row = i * variables + j:
 * count[row, bin_i * bins + bin_j]; cols = bins^2. */
#define PV_FIELDS_contingency(F, V)                                                                \
    V(size_t, examples) V(size_t, variables) V(int, bins)                                          \
    F(SHARED, uint8_t, bin, a->examples * a->variables)                                            \
    F(OUT, uint32_t, count, a->cols)

/* The list. map: one call per element, rows * cols of them. each: a map that touches nothing but
 * element i of fields of floats, and SHARED ones. rows: one team per row. columns: one team per
 * column, summing over the rows. */
#define PV_OPS(map, each, rows, columns)                                                                 \
    map(pick)                                                                                      \
    rows(gather_bits)                                                                              \
    rows(gather_bytes)                                                                             \
    rows(gather_shorts)                                                                            \
    rows(gather_color)                                                                             \
    rows(gather_noisy)                                                                             \
    rows(gather_scream)                                                                            \
    map(noise)                                                                                     \
    map(select)                                                                                    \
    each(reparameterise)                                                                           \
    each(variance)                                                                                 \
    rows(kl)                                                                                       \
    each(precision)                                                                                \
    each(posterior_grad)                                                                           \
    rows(anneal)                                                                                   \
    rows(dip)                                                                                      \
    map(dip_grad)                                                                                  \
    rows(total_correlation)                                                                        \
    rows(total_correlation_grad)                                                                   \
    map(keys)                                                                                      \
    map(ranks)                                                                                     \
    map(pair)                                                                                      \
    map(discriminate)                                                                              \
    map(unpair)                                                                                    \
    rows(bernoulli)                                                                                \
    each(sigmoid)                                                                                  \
    map(uniform)                                                                                   \
    each(adam)                                                                                     \
    each(copy)                                                                                     \
    rows(adam_rates)                                                                               \
    rows(end_step)                                                                                 \
    columns(column_sum)                                                                            \
    columns(column_mean)                                                                           \
    columns(covariance)                                                                            \
    rows(range)                                                                                    \
    map(digitise)                                                                                  \
    rows(contingency)

#define PV_ALL_OPS(op) PV_LAYER_OPS(op) PV_OPS(op, op, op, op)

/* ---- what follows is generated ---- */

#define PV_CONST_IN const
#define PV_CONST_WHOLE const
#define PV_CONST_SHARED const
#define PV_CONST_OUT
#define PV_CONST_INOUT
#define PV_CONST_SUM
#define PV_CONST_STATE

#define PV_STRUCT_POINTER(role, type, name, width) PV_CONST_##role type *name;
#define PV_STRUCT_VALUE(type, name) type name;
#define PV_STRUCT(op)                                                                              \
    typedef struct {                                                                               \
        size_t rows, first, cols;                                                                  \
        PV_FIELDS_##op(PV_STRUCT_POINTER, PV_STRUCT_VALUE)                                         \
    } pv_##op##_args;
PV_ALL_OPS(PV_STRUCT)
#undef PV_STRUCT

#define PV_ENUM(op) PV_OP_##op,
typedef enum { PV_ALL_OPS(PV_ENUM) PV_OP_COUNT } pv_op;
#undef PV_ENUM

/* clang-format on */
#endif
