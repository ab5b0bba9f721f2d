/* contact_sheet.h -- a picture of what the factors of a data set do. */
#ifndef POLARVAE_CONTACT_SHEET_H
#define POLARVAE_CONTACT_SHEET_H

#include "polarvae/train.h"

/* A PNG file with a row for each factor, which goes through its values (12 of them, evenly spaced,
 * where there are more) while the others stay at their middle ones. Below each image stands the
 * value, with "~" before it where no image has just these factors and the nearest one is shown.
 * Variants are shown as a batch of training would have them, from (seed 0). */
pv_status pv_contact_sheet_write(const char *path, const pv_device_data *data, pv_stream *stream);

#endif
