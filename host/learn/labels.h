/* labels.h -- labels of any value as classes 0, 1, ..., in ascending order of the labels. */
#ifndef PV_LEARN_LABELS_H
#define PV_LEARN_LABELS_H

#include <stddef.h>
#include <stdint.h>

#include "polarvae/status.h"

/* Which defaults of scikit-learn hold. */
typedef enum {
    PV_ERA_CURRENT, /* 1.x */
    PV_ERA_STUDY    /* 0.19, of late 2018, when the 12,600 models were scored */
} pv_era;

typedef struct {
    int classes;
    int32_t *value; /* [classes] ascending; owned */
    int32_t *of;    /* [n] the class of each label; owned */
} pv_labels;
pv_status pv_labels_find(pv_labels *out, const int32_t *label, size_t n);
void pv_labels_free(pv_labels *labels); /* a zeroed struct is fine */

#endif
