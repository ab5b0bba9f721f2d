/* window.h -- the part of a data set that a model in training holds when it cannot hold all.
 *
 * The images are cut into blocks that lie together in the file, and the blocks are put into a list:
 * a fresh permutation of them after another (seed, PV_FOR_BLOCKS). The window holds `slots` blocks
 * in a row of that list; every `turn` steps the first one leaves, and the next one, which a thread
 * has read meanwhile, takes its slot. Batches are drawn from the whole window. A block stays for
 * `slots` turns, in which as many images are drawn from it, on average, as it has: an image is seen
 * as often as by drawing from all of them. What a step sees is a function of (seed, step). */
#ifndef PV_TRAIN_WINDOW_H
#define PV_TRAIN_WINDOW_H

#include "polarvae/train.h"

typedef struct pv_window pv_window;

/* bytes: how much memory the window takes at most, but for two blocks of 64 images; one block more
 * is being read. A block is at most half of it. */
pv_status pv_window_open(pv_window **out, const pv_device_data *data, pv_stream *stream,
                         uint64_t seed, size_t batch, size_t bytes);
void pv_window_close(pv_window *window); /* NULL is fine */

/* What is gathered from: stays where it is. */
const void *pv_window_images(const pv_window *window);
size_t pv_window_examples(const pv_window *window);

/* Makes the window that of step `step`, before it is run. */
pv_status pv_window_move(pv_window *window, uint64_t step);

#endif
