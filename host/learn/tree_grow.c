/* tree_grow.c -- grows one tree: sums by bin, the best split, its two sides. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "learn/random_state.h"
#include "learn/tree.h"

/* Sums over rows of one node in one bin. No residual of its class is negative, and no other one is
 * positive: apart, they bound the sum over any of the rows. */
typedef struct {
    int64_t sum[2]; /* of the residuals that are not negative; of the others */
    uint32_t count;
} cell;

/* What is left of the beginning of a bin. */
typedef struct {
    int64_t sum;
    uint32_t count;
} prefix;

typedef struct {
    double gain;     /* times rows^2; negative: none */
    int place;       /* of its variable in grower->drawn */
    size_t position; /* the first row on the right, or rows of other nodes before it */
} split;

typedef struct {
    int index;           /* in the tree */
    uint32_t begin, end; /* in grower->rows */
    int64_t sum;         /* of its residuals */
} node;

struct pv_tree_grower {
    const pv_tree_data *data;
    const double *residual;
    double unit;     /* one in fixed point */
    int64_t *fixed;  /* [rows] residuals */
    int64_t size;    /* sum of their absolute values */
    uint32_t *rows;  /* node by node */
    uint32_t *spare; /* [rows] */
    uint8_t *of;     /* [rows] the node */
    cell *cells[PV_TREE_DEPTH];
    prefix *left; /* as cells: of the node at hand */
    double *bound;
    uint32_t end[PV_TREE_LEAVES];
    pv_random_state random;
    int *drawn; /* [variables]: in which order the node at hand looks at them */
};

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
        if ((rc = pv_new(&g->cells[depth], bins, sizeof(cell), "sums")) != PV_OK) goto out;
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

/* ---- sums ---- */

/* Residuals in fixed point, to 50 bits, or as many as sums of all of them allow. */
static void fix(pv_tree_grower *g, node *root)
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

static void add_up_all(const pv_tree_grower *g, cell *cells)
{
    const pv_tree_data *data = g->data;
    memset(cells, 0, data->first[data->variables] * sizeof *cells);
    for (int f = 0; f < data->variables; f++) {
        const uint8_t *bin_of = data->bin_of + (size_t)f * data->rows;
        cell *at = cells + data->first[f];
        for (size_t i = 0; i < data->rows; i++) at[bin_of[i]].sum[g->fixed[i] < 0] += g->fixed[i];
        for (size_t b = data->first[f]; b < data->first[f + 1]; b++)
            cells[b].count = data->bin[b].end - data->bin[b].start;
    }
}

static void add_up(const pv_tree_grower *g, cell *cells, const node *of)
{
    const pv_tree_data *data = g->data;
    memset(cells, 0, data->first[data->variables] * sizeof *cells);
    for (int f = 0; f < data->variables; f++) {
        const uint8_t *bin_of = data->bin_of + (size_t)f * data->rows;
        cell *at = cells + data->first[f];
        for (uint32_t j = of->begin; j < of->end; j++) {
            uint32_t i = g->rows[j];
            cell *c = &at[bin_of[i]];
            c->sum[g->fixed[i] < 0] += g->fixed[i];
            c->count++;
        }
    }
}

static void subtract(cell *from, const cell *part, size_t bins)
{
    for (size_t b = 0; b < bins; b++) {
        from[b].sum[1] -= part[b].sum[1];
        from[b].sum[0] -= part[b].sum[0];
        from[b].count -= part[b].count;
    }
}

/* ---- the best split ---- */

/* Its order is that of n_l n_r / n (mean_l - mean_r)^2; times n (rows * unit)^2 for whole numbers.
 */
static double gain_of(const node *of, int64_t sum, uint32_t count)
{
    double left = count, right = of->end - of->begin - count;
    double difference = right * (double)sum - left * (double)(of->sum - sum);
    return difference * difference / (left * right);
}

/* No split before a row inside the bin, nor before its first, has a larger gain. */
static double bound_of(const node *of, int64_t size, prefix left, const cell *c)
{
    double n = of->end - of->begin, sum = (double)of->sum;
    double fewest = left.count ? left.count : 1, most = left.count + c->count - 1;
    double low = n * (double)(left.sum + c->sum[1]), high = n * (double)(left.sum + c->sum[0]);
    double a = left.count * sum, b = most * sum;
    double up = high - (a < b ? a : b), down = (a > b ? a : b) - low;
    double most_off = (up > down ? up : down) + 8 * DBL_EPSILON * n * (double)size;
    double x = fewest * (n - fewest), y = most * (n - most);
    return most_off * most_off / (x < y ? x : y);
}

/* Of equal gains, the first variable drawn has it, and there the lowest threshold. */
static int better(const split *than, double gain, int place, size_t position)
{
    if (gain != than->gain) return gain > than->gain;
    return place < than->place || (place == than->place && position < than->position);
}

static void shuffle(pv_tree_grower *g)
{
    for (int f = g->data->variables - 1; f > 0; f--) {
        int other = (int)pv_random_state_below(&g->random, (uint64_t)f + 1), at = g->drawn[f];
        g->drawn[f] = g->drawn[other];
        g->drawn[other] = at;
    }
}

/* The best split at the beginning of a bin; and a bound on what the inside of each could gain. */
static split between_bins(pv_tree_grower *g, const node *of, const cell *cells)
{
    const pv_tree_data *data = g->data;
    split best = {.gain = -1};
    for (int place = 0; place < data->variables; place++) {
        int f = g->drawn[place];
        prefix left = {0, 0};
        for (size_t b = data->first[f]; b < data->first[f + 1]; b++) {
            const pv_tree_bin *bin = &data->bin[b];
            const cell *c = &cells[b];
            g->left[b] = left;
            g->bound[b] = -1;
            if (!c->count) continue;
            if (left.count && bin->apart) {
                double gain = gain_of(of, left.sum, left.count);
                if (gain > best.gain) best = (split){gain, place, bin->start};
            }
            if ((bin->inside && c->count > 1) || (left.count && !bin->apart))
                g->bound[b] = bound_of(of, g->size, left, c);
            left.sum += c->sum[1] + c->sum[0];
            left.count += c->count;
        }
    }
    return best;
}

/* The last row of the node before `position` of a variable's order. */
static size_t before(const pv_tree_grower *g, const node *of, const uint32_t *order,
                     size_t position)
{
    do position--;
    while (g->of[order[position]] != of->index);
    return position;
}

/* Looks at every candidate of a bin. */
static void inside_bin(const pv_tree_grower *g, const node *of, split *best, int place, size_t b)
{
    const pv_tree_data *data = g->data;
    int f = g->drawn[place];
    const uint32_t *order = data->order + (size_t)f * data->rows;
    const float *x = data->x + (size_t)f * data->rows;
    prefix left = g->left[b];
    size_t last = left.count ? before(g, of, order, data->bin[b].start) : 0;
    for (size_t p = data->bin[b].start; p < data->bin[b].end; p++) {
        uint32_t i = order[p];
        if (g->of[i] != of->index) continue;
        if (left.count) {
            double gain = gain_of(of, left.sum, left.count);
            if (better(best, gain, place, p) && pv_tree_apart(x[order[last]], x[i]))
                *best = (split){gain, place, p};
        }
        left.sum += g->fixed[i];
        left.count++;
        last = p;
    }
}

static split best_split(pv_tree_grower *g, const node *of, const cell *cells)
{
    const pv_tree_data *data = g->data;
    shuffle(g);
    split best = between_bins(g, of, cells);
    for (int place = 0; place < data->variables; place++) {
        int f = g->drawn[place];
        for (size_t b = data->first[f]; b < data->first[f + 1]; b++)
            if (g->bound[b] >= 0 && g->bound[b] >= best.gain) inside_bin(g, of, &best, place, b);
    }
    return best;
}

/* ---- the tree ---- */

/* Is the variance no more than rounding? Not where two residuals are so far apart. */
static int pure(const pv_tree_grower *g, const node *of)
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

static double threshold_of(const pv_tree_grower *g, const node *of, const split *s)
{
    size_t variable = (size_t)g->drawn[s->place] * g->data->rows;
    const uint32_t *order = g->data->order + variable;
    const float *x = g->data->x + variable;
    size_t right = s->position;
    while (g->of[order[right]] != of->index) right++;
    size_t left = before(g, of, order, right);
    return x[order[left]] / 2.0 + x[order[right]] / 2.0;
}

/* Rows of the left child first, both in ascending order. */
static void part(pv_tree_grower *g, const node *of, int f, double threshold, node child[2])
{
    const float *x = g->data->x + (size_t)f * g->data->rows;
    uint32_t *rows = g->rows, *spare = g->spare, at = of->begin, others = 0;
    int64_t sum = 0, *fixed = g->fixed;
    uint8_t index = (uint8_t)(2 * of->index + 1), *home = g->of;
    for (uint32_t j = of->begin, end = of->end; j < end; j++) {
        uint32_t i = rows[j], right = x[i] > threshold;
        rows[at] = i;
        spare[others] = i;
        home[i] = (uint8_t)(index + right);
        at += !right;
        others += right;
        sum += fixed[i] & -(int64_t)right;
    }
    memcpy(rows + at, spare, others * sizeof *spare);
    child[0] = (node){index, of->begin, at, of->sum - sum};
    child[1] = (node){index + 1, at, of->end, sum};
}

/* All rows of a node without a split are of the first leaf below it. */
static void stop(pv_tree_grower *g, const node *of, int depth)
{
    int leaves = 1 << (PV_TREE_DEPTH - depth), first = (of->index + 1) * leaves - PV_TREE_LEAVES;
    for (int leaf = first; leaf < first + leaves; leaf++) g->end[leaf] = of->end;
}

/* cells: the node's; overwritten. */
static void grow(pv_tree *tree, pv_tree_grower *g, const node *of, int depth, cell *cells)
{
    split best = {.gain = -1};
    if (depth < PV_TREE_DEPTH && of->end - of->begin > 1 && !pure(g, of))
        best = best_split(g, of, cells);
    if (best.gain < 0) {
        stop(g, of, depth);
        return;
    }
    node child[2];
    tree->variable[of->index] = g->drawn[best.place];
    tree->threshold[of->index] = threshold_of(g, of, &best);
    tree->gain[of->index] = best.gain / g->unit / g->unit / (of->end - of->begin);
    part(g, of, tree->variable[of->index], tree->threshold[of->index], child);

    int small = child[1].end - child[1].begin < child[0].end - child[0].begin;
    cell *fewer = NULL;
    if (depth + 1 < PV_TREE_DEPTH) {
        fewer = g->cells[depth + 1];
        add_up(g, fewer, &child[small]);
        subtract(cells, fewer, g->data->first[g->data->variables]);
    }
    grow(tree, g, &child[small], depth + 1, fewer);
    grow(tree, g, &child[!small], depth + 1, cells);
}

void pv_tree_grow(pv_tree *tree, pv_tree_grower *g, const double *residual)
{
    node root = {.end = (uint32_t)g->data->rows};
    g->residual = residual;
    for (uint32_t i = 0; i < root.end; i++) g->rows[i] = i;
    memset(g->of, 0, g->data->rows);
    memset(tree, 0, sizeof *tree);
    for (int i = 0; i < PV_TREE_SPLITS; i++) tree->threshold[i] = INFINITY;
    fix(g, &root);
    add_up_all(g, g->cells[0]);
    grow(tree, g, &root, 0, g->cells[0]);
}

const uint32_t *pv_tree_rows(const pv_tree_grower *g) { return g->rows; }
const uint32_t *pv_tree_ends(const pv_tree_grower *g) { return g->end; }
