/* tree_split.c -- sums by bin, and the best split of a node. */
#include <float.h>
#include <string.h>

#include "learn/tree_split.h"

typedef struct {
    double gain;
    int place;       /* of its variable in grower->drawn */
    size_t position; /* of the first row on the right, or of rows of other nodes before it */
} candidate;

/* ---- sums ---- */

static void add_up_all(const pv_tree_grower *g, pv_tree_cell *cells)
{
    const pv_tree_data *data = g->data;
    for (int f = 0; f < data->variables; f++) {
        const uint8_t *bin_of = data->bin_of + (size_t)f * data->rows;
        pv_tree_cell *at = cells + data->first[f];
        for (size_t i = 0; i < data->rows; i++) at[bin_of[i]].sum[g->fixed[i] < 0] += g->fixed[i];
        for (size_t b = data->first[f]; b < data->first[f + 1]; b++)
            cells[b].count = data->bin[b].end - data->bin[b].start;
    }
}

void pv_tree_add_up(const pv_tree_grower *g, pv_tree_cell *cells, const pv_tree_node *of)
{
    const pv_tree_data *data = g->data;
    memset(cells, 0, data->first[data->variables] * sizeof *cells);
    if (of->end - of->begin == data->rows) {
        add_up_all(g, cells);
        return;
    }
    for (int f = 0; f < data->variables; f++) {
        const uint8_t *bin_of = data->bin_of + (size_t)f * data->rows;
        pv_tree_cell *at = cells + data->first[f];
        for (uint32_t j = of->begin; j < of->end; j++) {
            uint32_t i = g->rows[j];
            pv_tree_cell *c = &at[bin_of[i]];
            c->sum[g->fixed[i] < 0] += g->fixed[i];
            c->count++;
        }
    }
}

void pv_tree_subtract(const pv_tree_grower *g, pv_tree_cell *from, const pv_tree_cell *part)
{
    for (size_t b = 0; b < g->data->first[g->data->variables]; b++) {
        from[b].sum[0] -= part[b].sum[0];
        from[b].sum[1] -= part[b].sum[1];
        from[b].count -= part[b].count;
    }
}

/* ---- gains ---- */

/* The same for the mirrored split, to the bit. */
static double gain_of(const pv_tree_node *of, pv_tree_prefix part)
{
    double left = part.count, right = of->end - of->begin - part.count;
    double difference = right * (double)part.sum - left * (double)(of->sum - part.sum);
    return difference * difference / (left * right);
}

/* Left are `left` and some rows of a bin, not all. The difference as above is n S_l - n_l S, linear
 * in n_l; 1 / (n_l n_r) is largest at an end. Rounding is allowed for. */
static double bound_of(const pv_tree_grower *g, const pv_tree_node *of, pv_tree_prefix left,
                       const pv_tree_cell *c)
{
    double n = of->end - of->begin, sum = (double)of->sum;
    double fewest = left.count ? left.count : 1, most = left.count + c->count - 1;
    double a = left.count * sum, b = most * sum;
    double up = n * (double)(left.sum + c->sum[0]) - (a < b ? a : b);
    double down = (a > b ? a : b) - n * (double)(left.sum + c->sum[1]);
    double difference = (up > down ? up : down) + 8 * DBL_EPSILON * n * (double)g->size;
    double x = fewest * (n - fewest), y = most * (n - most);
    return difference * difference / (x < y ? x : y);
}

/* ---- the search ---- */

/* Of equal gains, the first variable drawn has it, and there the lowest threshold. */
static int better(const candidate *than, double gain, int place, size_t position)
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

/* The best split at the beginning of a bin; and a bound for the inside of each. */
static candidate between_bins(pv_tree_grower *g, const pv_tree_node *of, const pv_tree_cell *cells)
{
    const pv_tree_data *data = g->data;
    candidate best = {.gain = -1};
    for (int place = 0; place < data->variables; place++) {
        int f = g->drawn[place];
        pv_tree_prefix left = {0, 0};
        for (size_t b = data->first[f]; b < data->first[f + 1]; b++) {
            const pv_tree_bin *bin = &data->bin[b];
            const pv_tree_cell *c = &cells[b];
            g->left[b] = left;
            g->bound[b] = -1;
            if (!c->count) continue;
            if (left.count && bin->apart) {
                double gain = gain_of(of, left);
                if (gain > best.gain) best = (candidate){gain, place, bin->start};
            }
            if ((bin->inside && c->count > 1) || (left.count && !bin->apart))
                g->bound[b] = bound_of(g, of, left, c);
            left.sum += c->sum[0] + c->sum[1];
            left.count += c->count;
        }
    }
    return best;
}

/* The last row of the node before a position in a variable's order; there is one. */
static size_t before(const pv_tree_grower *g, const pv_tree_node *of, const uint32_t *order,
                     size_t position)
{
    do position--;
    while (g->of[order[position]] != of->index);
    return position;
}

/* Looks at every candidate of a bin, the beginning included. */
static void inside_bin(const pv_tree_grower *g, const pv_tree_node *of, candidate *best, int place,
                       size_t b)
{
    size_t column = (size_t)g->drawn[place] * g->data->rows;
    const uint32_t *order = g->data->order + column;
    const float *x = g->data->x + column;
    const pv_tree_bin *bin = &g->data->bin[b];
    pv_tree_prefix left = g->left[b];
    size_t last = left.count ? before(g, of, order, bin->start) : 0;
    for (size_t p = bin->start; p < bin->end; p++) {
        uint32_t i = order[p];
        if (g->of[i] != of->index) continue;
        if (left.count) {
            double gain = gain_of(of, left);
            if (better(best, gain, place, p) && pv_tree_apart(x[order[last]], x[i]))
                *best = (candidate){gain, place, p};
        }
        left.sum += g->fixed[i];
        left.count++;
        last = p;
    }
}

/* Half way between the neighbours in the node. */
static pv_tree_split split_at(const pv_tree_grower *g, const pv_tree_node *of, const candidate *c)
{
    int f = g->drawn[c->place];
    const uint32_t *order = g->data->order + (size_t)f * g->data->rows;
    const float *x = g->data->x + (size_t)f * g->data->rows;
    size_t right = c->position;
    while (g->of[order[right]] != of->index) right++;
    size_t left = before(g, of, order, right);
    return (pv_tree_split){c->gain, x[order[left]] / 2.0 + x[order[right]] / 2.0, f};
}

pv_tree_split pv_tree_best_split(pv_tree_grower *g, const pv_tree_node *of,
                                 const pv_tree_cell *cells)
{
    const pv_tree_data *data = g->data;
    shuffle(g);
    candidate best = between_bins(g, of, cells);
    for (int place = 0; place < data->variables; place++) {
        int f = g->drawn[place];
        for (size_t b = data->first[f]; b < data->first[f + 1]; b++)
            if (g->bound[b] >= 0 && g->bound[b] >= best.gain) inside_bin(g, of, &best, place, b);
    }
    if (best.gain < 0) return (pv_tree_split){.gain = -1};
    return split_at(g, of, &best);
}
