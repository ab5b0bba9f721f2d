/* check.h -- one fixed training step per objective: kept in a file on one device, compared on
 * another.
 *
 * What runs is what training runs: the captured step of a trainer, on 4 of 64 generated images,
 * with 10 latents, for every objective, and for the other networks and choices that change the
 * kernels of a step. Everything that it computes is compared: what every kernel writes for a row
 * (indices, images, noise, codes, layers forward and back, logits, what the objective makes of
 * them), the terms of the loss, and the gradient and updated value of every parameter. No data file
 * is needed. Parameters are made on the host, from a hash, biases included, so that hardly anything
 * is zero.
 *
 * An error is relative to the largest element of the tensor in the file. What is allowed is argued
 * from how numbers are rounded:
 *
 *   input       0: indices, permutations and images hold whole numbers, or quotients of them.
 *   noise       1e-6: a logarithm, a root and a sine of equal bits, each within 2 units in the last
 *               place, 2^-23.
 *   rectified   1e-5. A sum of n float32 products is off by sqrt(n / 2) 2^-25 of its own spread
 *               where errors are independent: 1.3e-6 for the 4096 products of the longest. After
 *               12 layers one upon the other it is 4.6e-6; the largest error and the largest
 *               element of many stand to each other as their spreads do.
 *   activation, gradient   3e-5. Products of what flows back may be of numbers in two parts, each
 *               off by 2^-17.4 (kernels/cpu/amx.h), and so are their sums by that share of their
 *               spread: 2.2e-5 after the 14 layers of discriminator and encoder. (1e-5, the bound
 *               there for whole steps, is too little for these 4 images: AMX is off by up to
 *               1.3e-5, float32 arithmetic by up to 9.9e-6.)
 *   term        1e-5 of itself, or of 1 where it is less: the terms are differences of numbers of
 *               16 to 64 nats, of which a unit in the last place is 2e-6 to 4e-6.
 *   updated     what the gradient may be off, times the steepest that Adam's first step is; and two
 *               roundings of the value, 2^-22. The step is done with epsilon = 1: with the usual
 *               1e-8 it is the sign of the gradient, which rounding turns over where a gradient is
 *               next to nothing.
 *
 * A rectifier's slope jumps at 0: an input nearer to 0 than an activation may be off could take
 * either slope, and a gradient that differs by far more than rounding. So the steps are ones where
 * none is: the seed of each was searched for, and pv_check_write refuses one that is not.
 *
 * Of a tensor the file holds 128 elements (all, where it has no more), the largest magnitude, and a
 * sketch that no element escapes: 32 sums of all elements times random signs. The mean square of
 * the difference of two sketches estimates that of all elements, within 12 % (a standard deviation)
 * of its root. */
#ifndef POLARVAE_CHECK_H
#define POLARVAE_CHECK_H

#include "polarvae/data.h"
#include "polarvae/device.h"

/* X(name, in tables, allowed of the largest element; `updated` adds to it) */
#define PV_CHECK_KINDS(X)                                                                          \
    X(INPUT, "input", 0.0)                                                                         \
    X(NOISE, "noise", 1e-6)                                                                        \
    X(ACTIVATION, "activation", 3e-5)                                                              \
    X(RECTIFIED, "rectified", 1e-5) /* an activation before its rectifier: never near 0 */         \
    X(TERM, "term", 1e-5)                                                                          \
    X(GRADIENT, "gradient", 3e-5)                                                                  \
    X(UPDATED, "updated", 0x1p-22)
#define X(name, text, allowed) PV_CHECK_##name,
typedef enum { PV_CHECK_KINDS(X) PV_CHECK_KIND_COUNT } pv_check_kind;
#undef X
extern const char *const pv_check_kind_name[PV_CHECK_KIND_COUNT];

enum { PV_CHECK_NAME = 64, PV_CHECK_DEVICE = 192 };

/* A tensor of a step against the file; errors are relative to `largest`. */
typedef struct {
    const char *step;         /* "beta_vae" */
    char name[PV_CHECK_NAME]; /* "encoder/conv1/weight" */
    pv_check_kind kind;
    uint64_t size;
    double largest;       /* magnitude in the file */
    double maximum, most; /* largest error of the kept elements, and of 99 % of them */
    double rms;           /* of all elements, from the sketch */
    double allowed;       /* for all three */
    int passed;
} pv_check_line;

typedef struct {
    char device[PV_CHECK_DEVICE]; /* that wrote the file */
    char version[32];             /* of the program that did */
    size_t count, failed;
    pv_check_line *line; /* [count], owned */
    size_t worst;        /* the line of the largest error in terms of what is allowed */
} pv_check_report;

/* Runs the steps on the stream and keeps them; the file appears when it is complete. progress (may
 * be NULL) counts steps. */
pv_status pv_check_write(const char *path, pv_stream *stream, const pv_progress *progress);

/* Runs the steps and compares. PV_OK also where some fail; PV_EDATA where the file is damaged, or
 * is of a program with other steps. */
pv_status pv_check_compare(pv_check_report *out, const char *path, pv_stream *stream,
                           const pv_progress *progress);
void pv_check_report_free(pv_check_report *report); /* a zeroed one is fine */

#endif
