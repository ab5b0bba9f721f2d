/* tree_split.h -- a tree while it grows, and the best split of a node. Private to tree_*.c.
 *
 * The split is the best of all, as if every candidate were looked at, but few are. Sums by bin give
 * the gain at the beginning of each bin, and a bound on the gain of every candidate inside; only
 * bins whose bound reaches the best gain are walked row by row. Sums are of residuals in fixed
 * point: exact in any order, so that a child's are its parent's less its sibling's, and splits that
 * divide the rows alike have equal gains. */
#ifndef PV_LEARN_TREE_SPLIT_H
#define PV_LEARN_TREE_SPLIT_H

#include "learn/random_state.h"
#include "learn/tree.h"

typedef struct {
    int index;           /* in the tree */
    uint32_t begin, end; /* in grower->rows */
    int64_t sum;         /* of its residuals */
} pv_tree_node;

/* Of the rows of one node in one bin. Apart, the two sums bound the sum over any of the rows. */
typedef struct {
    int64_t sum[2]; /* of the residuals that are not negative; of the others */
    uint32_t count;
} pv_tree_cell;

/* What is left of the beginning of a bin. */
typedef struct {
    int64_t sum;
    uint32_t count;
} pv_tree_prefix;

struct pv_tree_grower {
    const pv_tree_data *data;
    const double *residual;
    double unit;     /* one in fixed point */
    int64_t *fixed;  /* [rows] residuals */
    int64_t size;    /* the sum of their absolute values */
    uint32_t *rows;  /* node by node, in ascending order */
    uint32_t *spare; /* [rows] */
    uint8_t *of;     /* [rows] the node */
    uint32_t end[PV_TREE_LEAVES];
    pv_tree_cell *cells[PV_TREE_DEPTH]; /* [bins] each */
    pv_random_state random;
    /* of the node whose split is looked for */
    int *drawn;           /* [variables] in random order */
    pv_tree_prefix *left; /* [bins] */
    double *bound;        /* [bins] no candidate inside gains more; negative: there is none */
};

/* The sums of a node, and of a node without some of its rows. */
void pv_tree_add_up(const pv_tree_grower *g, pv_tree_cell *cells, const pv_tree_node *of);
void pv_tree_subtract(const pv_tree_grower *g, pv_tree_cell *from, const pv_tree_cell *part);

typedef struct {
    double gain; /* n_l n_r (mean_l - mean_r)^2 in fixed point; negative: there is no split */
    double threshold;
    int variable;
} pv_tree_split;
pv_tree_split pv_tree_best_split(pv_tree_grower *g, const pv_tree_node *of,
                                 const pv_tree_cell *cells);

#endif
