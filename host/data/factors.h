/* factors.h -- a name that no factor of a data set has. */
#ifndef PV_DATA_FACTORS_H
#define PV_DATA_FACTORS_H

#include "polarvae/data.h"

/* PV_EUSAGE with the names there are; `what` is the key that named it. */
pv_status pv_data_no_factor(const pv_data *data, const char *what, const char *name, size_t length);

#endif
