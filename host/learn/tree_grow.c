/* tree_grow.c -- grows one tree: residuals in fixed point, nodes and their two sides. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "learn/tree_split.h"

pv_status pv_tree_grower_new(pv_tree_grower **out, const pv_tree_data *data)
{
    size_t n = data->rows, bins = data->first[data->variables];
    pv_tree_grower *g;
    pv_status rc;
    PV_TRY(pv_new(&g, 1, sizeof *g, "tree"));
    g->data = data;
    pv_random_state_seed(&g->random, 0);
    if ((rc = pv_new(&g->fixed, n, sizeof *g->fixed, "residuals")) != PV_OK ||
        (rc = pv_new(&g->rows, n, sizeof *g->rows, "rows of nodes")) != PV_OK ||
        (rc = pv_new(&g->spare, n, sizeof *g->spare, "rows of nodes")) != PV_OK ||
        (rc = pv_new(&g->of, n, sizeof *g->of, "nodes of rows")) != PV_OK ||
        (rc = pv_new(&g->left, bins, sizeof *g->left, "sums")) != PV_OK ||
        (rc = pv_new(&g->drawn, (size_t)data->variables, sizeof *g->drawn, "variables")) != PV_OK ||
        (rc = pv_new(&g->bound, bins, sizeof *g->bound, "bounds")) != PV_OK)
        goto out;
    for (int depth = 0; depth < PV_TREE_DEPTH; depth++)
        if ((rc = pv_new(&g->cells[depth], bins, sizeof(pv_tree_cell), "sums")) != PV_OK) goto out;
    for (int f = 0; f < data->variables; f++) g->drawn[f] = f;
out:
    if (rc != PV_OK) {
        pv_tree_grower_free(g);
        return rc;
    }
    *out = g;
    return PV_OK;
}

void pv_tree_grower_free(pv_tree_grower *g)
{
    if (!g) return;
    for (int depth = 0; depth < PV_TREE_DEPTH; depth++) free(g->cells[depth]);
    free(g->fixed);
    free(g->rows);
    free(g->spare);
    free(g->of);
    free(g->left);
    free(g->bound);
    free(g->drawn);
    free(g);
}

/* Residuals in fixed point, to 50 bits, or as many as sums of all of them allow. */
static void fix(pv_tree_grower *g, pv_tree_node *root)
{
    size_t n = g->data->rows;
    double most = 0;
    int exponent, bits;
    for (size_t i = 0; i < n; i++) {
        double size = fabs(g->residual[i]);
        most = size > most ? size : most;
    }
    frexp(most, &exponent);
    frexp((double)n, &bits);
    g->size = 0;
    bits = bits > 12 ? 62 - bits : 50;
    g->unit = ldexp(1, bits - exponent < 1000 ? bits - exponent : 1000);
    for (size_t i = 0; i < n; i++) {
        double scaled = g->residual[i] * g->unit;
        g->fixed[i] = (int64_t)(scaled + (scaled < 0 ? -0.5 : 0.5));
        root->sum += g->fixed[i];
        g->size += g->fixed[i] < 0 ? -g->fixed[i] : g->fixed[i];
    }
}

/* Is the variance no more than rounding? Not where two residuals are so far apart. */
static int pure(const pv_tree_grower *g, const pv_tree_node *of)
{
    double n = of->end - of->begin, sum = 0, squares = 0, first = g->residual[g->rows[of->begin]];
    for (uint32_t j = of->begin; j < of->end; j++) {
        double x = g->residual[g->rows[j]] - first;
        if (x * x > 2 * n * DBL_EPSILON) return 0;
        sum += x;
        squares += x * x;
    }
    return squares / n - sum / n * (sum / n) <= DBL_EPSILON;
}

/* Rows of the left child first, both in ascending order. */
static void part(pv_tree_grower *g, const pv_tree_node *of, const pv_tree_split *split,
                 pv_tree_node child[2])
{
    const float *x = g->data->x + (size_t)split->variable * g->data->rows;
    uint32_t *rows = g->rows, *spare = g->spare, at = of->begin, others = 0;
    int64_t sum = 0, *fixed = g->fixed;
    uint8_t index = (uint8_t)(2 * of->index + 1), *home = g->of;
    for (uint32_t j = of->begin, end = of->end; j < end; j++) {
        uint32_t i = rows[j], right = x[i] > split->threshold;
        rows[at] = i;
        spare[others] = i;
        home[i] = (uint8_t)(index + right);
        at += !right;
        others += right;
        sum += fixed[i] & -(int64_t)right;
    }
    memcpy(rows + at, spare, others * sizeof *spare);
    child[0] = (pv_tree_node){index, of->begin, at, of->sum - sum};
    child[1] = (pv_tree_node){index + 1, at, of->end, sum};
}

/* All rows of a node without a split are of the first leaf below it. */
static void stop(pv_tree_grower *g, const pv_tree_node *of, int depth)
{
    int leaves = 1 << (PV_TREE_DEPTH - depth), first = (of->index + 1) * leaves - PV_TREE_LEAVES;
    for (int leaf = first; leaf < first + leaves; leaf++) g->end[leaf] = of->end;
}

/* cells: the sums of the node; overwritten. */
static void grow(pv_tree *tree, pv_tree_grower *g, const pv_tree_node *of, int depth,
                 pv_tree_cell *cells)
{
    pv_tree_split split = {.gain = -1};
    if (depth < PV_TREE_DEPTH && of->end - of->begin > 1 && !pure(g, of))
        split = pv_tree_best_split(g, of, cells);
    if (split.gain < 0) {
        stop(g, of, depth);
        return;
    }
    tree->variable[of->index] = split.variable;
    tree->threshold[of->index] = split.threshold;
    tree->gain[of->index] = split.gain / g->unit / g->unit / (of->end - of->begin);
    pv_tree_node child[2];
    part(g, of, &split, child);

    int small = child[1].end - child[1].begin < child[0].end - child[0].begin;
    pv_tree_cell *fewer = NULL;
    if (depth + 1 < PV_TREE_DEPTH) {
        fewer = g->cells[depth + 1];
        pv_tree_add_up(g, fewer, &child[small]);
        pv_tree_subtract(g, cells, fewer);
    }
    grow(tree, g, &child[small], depth + 1, fewer);
    grow(tree, g, &child[!small], depth + 1, cells);
}

void pv_tree_grow(pv_tree *tree, pv_tree_grower *g, const double *residual)
{
    pv_tree_node root = {.end = (uint32_t)g->data->rows};
    g->residual = residual;
    for (uint32_t i = 0; i < root.end; i++) g->rows[i] = i;
    memset(g->of, 0, g->data->rows);
    memset(tree, 0, sizeof *tree);
    for (int i = 0; i < PV_TREE_SPLITS; i++) tree->threshold[i] = INFINITY;
    fix(g, &root);
    pv_tree_add_up(g, g->cells[0], &root);
    grow(tree, g, &root, 0, g->cells[0]);
}

const uint32_t *pv_tree_rows(const pv_tree_grower *g) { return g->rows; }
const uint32_t *pv_tree_ends(const pv_tree_grower *g) { return g->end; }
