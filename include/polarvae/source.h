/* source.h -- which file a configuration's `data` stands for. */
#ifndef POLARVAE_SOURCE_H
#define POLARVAE_SOURCE_H

#include "polarvae/data.h"

/* Opens data=NAME: a file, or `dsprites`: the whole generated grid, which is rendered once into
 * the user's cache directory (and stderr told so). Shows progress unless quiet. */
pv_status pv_source_open(pv_data *out, const char *name, int threads, int quiet);

#endif
