/* tree.h -- one regression tree of depth 3 on residuals, which trees.h boosts. Private to it.
 *
 * Each variable is sorted once for the whole fit, and consecutive rows share a bin. */
#ifndef PV_LEARN_TREE_H
#define PV_LEARN_TREE_H

#include <stddef.h>
#include <stdint.h>

#include "polarvae/status.h"

enum {
    PV_TREE_DEPTH = 3,
    PV_TREE_LEAVES = 1 << PV_TREE_DEPTH,
    PV_TREE_SPLITS = PV_TREE_LEAVES - 1,
    PV_TREE_BINS = 256 /* at most, of a variable */
};

/* ---- the variables, sorted ---- */

typedef struct {
    uint32_t start, end; /* its rows in `order` */
    uint8_t apart;       /* its first value is far enough above the one before for a split */
    uint8_t inside;      /* its values are far enough apart for splits between them */
} pv_tree_bin;

typedef struct {
    size_t rows;
    int variables;
    float *x;        /* [variables, rows] */
    uint32_t *order; /* [variables, rows]: rows by ascending value, then number */
    uint8_t *bin_of; /* [variables, rows] */
    size_t *first;   /* [variables + 1]: where a variable's bins begin in `bin` */
    pv_tree_bin *bin;
} pv_tree_data;

/* x [n, d], finite; 0 < n < 2^31. */
pv_status pv_tree_data_new(pv_tree_data *out, const float *x, size_t n, int d);
void pv_tree_data_free(pv_tree_data *data); /* a zeroed struct is fine */

/* Is there a candidate between two neighbours, a <= b? In float, as scikit-learn. */
static inline int pv_tree_apart(float a, float b) { return b > a + 1e-7f; }

/* ---- a tree ---- */

/* The children of node i are 2 i + 1 and 2 i + 2; x <= threshold goes left. A node without a split
 * sends all to the left, its threshold being infinite. */
typedef struct {
    double threshold[PV_TREE_SPLITS];
    double gain[PV_TREE_SPLITS]; /* by what the split lowered the sum of squares */
    double leaf[PV_TREE_LEAVES];
    int32_t variable[PV_TREE_SPLITS];
} pv_tree;

/* 0 to PV_TREE_LEAVES - 1 */
static inline int pv_tree_descend(const pv_tree *tree, const float *x)
{
    int node = 0;
    for (int depth = 0; depth < PV_TREE_DEPTH; depth++)
        node = 2 * node + 1 + (x[tree->variable[node]] > tree->threshold[node]);
    return node - PV_TREE_SPLITS;
}

/* ---- growing it ---- */

typedef struct pv_tree_grower pv_tree_grower;
pv_status pv_tree_grower_new(pv_tree_grower **out, const pv_tree_data *data);
void pv_tree_grower_free(pv_tree_grower *grower); /* NULL is fine */

/* Splits for residuals [rows] in [-1, 1]; fills all of *tree but its leaves. Then rows[end[l - 1]]
 * to rows[end[l] - 1] are those of leaf l. */
void pv_tree_grow(pv_tree *tree, pv_tree_grower *grower, const double *residual);
const uint32_t *pv_tree_rows(const pv_tree_grower *grower);
const uint32_t *pv_tree_ends(const pv_tree_grower *grower); /* [PV_TREE_LEAVES] */

#endif
