/* trees.c -- gradient boosting: residuals, a tree for each class, its leaves. */
#include "learn/trees.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/base.h"
#include "learn/clones.h"
#include "learn/exponential.h"
#include "learn/tree.h"

enum { STAGES = 100, BLOCK = 64 };
static const double rate = 0.1;

/* Two classes have one score, the second's log odds. */
struct pv_trees {
    pv_labels labels;
    int variables, scores;
    double *start; /* [scores] */
    pv_tree *tree; /* [STAGES, scores] */
};

static pv_status make(pv_trees **out, const int32_t *label, size_t n, int d)
{
    pv_trees *t;
    pv_status rc;
    PV_TRY(pv_new(&t, 1, sizeof *t, "trees"));
    t->variables = d;
    if ((rc = pv_labels_find(&t->labels, label, n)) != PV_OK) goto out;
    int classes = t->labels.classes;
    if (classes < 2) {
        rc = pv_fail(PV_EDATA,
                     "gradient-boosted trees need two classes at least; all %zu labels are equal",
                     n);
        goto out;
    }
    t->scores = classes == 2 ? 1 : classes;
    size_t scores = (size_t)t->scores;
    if ((rc = pv_new(&t->start, (size_t)classes, sizeof *t->start, "classes")) != PV_OK ||
        (rc = pv_new(&t->tree, STAGES * scores, sizeof *t->tree, "trees")) != PV_OK)
        goto out;
    for (size_t i = 0; i < n; i++) t->start[t->labels.of[i]]++;
    for (int k = 0; k < classes; k++) t->start[k] = log(t->start[k] / (double)n);
    if (classes == 2) t->start[0] = t->start[1] - t->start[0];
out:
    if (rc != PV_OK) {
        pv_trees_free(t);
        return rc;
    }
    *out = t;
    return PV_OK;
}

/* residual[k, i]: 1 if i is of class k, else 0, less its share as the scores have it. Of rows
 * [0, BLOCK), or fewer, behind the pointers; the classes are n apart. */
PV_CLONES static void softmax(double *residual, const double *score, const int32_t *of, size_t rows,
                              size_t n, int classes)
{
    double top[BLOCK], sum[BLOCK] = {0};
    for (size_t i = 0; i < rows; i++) top[i] = score[i];
    for (int k = 1; k < classes; k++) {
        const double *s = score + (size_t)k * n;
#pragma omp simd
        for (size_t i = 0; i < rows; i++) top[i] = top[i] > s[i] ? top[i] : s[i];
    }
    for (int k = 0; k < classes; k++) {
        const double *s = score + (size_t)k * n;
        double *r = residual + (size_t)k * n;
#pragma omp simd
        for (size_t i = 0; i < rows; i++) {
            r[i] = pv_exp_below_zero(s[i] - top[i]);
            sum[i] += r[i];
        }
    }
    for (int k = 0; k < classes; k++) {
        double *r = residual + (size_t)k * n;
#pragma omp simd
        for (size_t i = 0; i < rows; i++) r[i] = (of[i] == k) - r[i] / sum[i];
    }
}

static void residuals(double *residual, const pv_trees *t, const double *score, size_t n)
{
    const int32_t *of = t->labels.of;
    if (t->scores == 1)
        for (size_t i = 0; i < n; i++) residual[i] = of[i] - 1 / (1 + exp(-score[i]));
    for (size_t i = 0; i < n && t->scores > 1; i += BLOCK)
        softmax(residual + i, score + i, of + i, n - i < BLOCK ? n - i : BLOCK, n, t->scores);
}

/* One step of Newton's method for each leaf, times the rate; and what it does to the scores. */
static void leaves(pv_tree *tree, const pv_trees *t, const pv_tree_grower *g, int class,
                   const double *residual, double *score)
{
    const uint32_t *row = pv_tree_rows(g), *end = pv_tree_ends(g);
    double share = t->scores == 1 ? 1 : (t->scores - 1.0) / t->scores;
    for (uint32_t leaf = 0, begin = 0; leaf < PV_TREE_LEAVES; begin = end[leaf++]) {
        double n = end[leaf] - begin, sum = 0, curvature = 0;
        for (uint32_t j = begin; j < end[leaf]; j++) {
            double r = residual[row[j]], p = (t->labels.of[row[j]] == class) - r;
            sum += r;
            curvature += p * (1 - p);
        }
        if (curvature < 1e-150 * n || n == 0) continue;
        tree->leaf[leaf] = rate * (share * sum / curvature);
        for (uint32_t j = begin; j < end[leaf]; j++) score[row[j]] += tree->leaf[leaf];
    }
}

pv_status pv_trees_fit(pv_trees **out, const float *x, const int32_t *label, size_t n, int d)
{
    pv_trees *t = NULL;
    pv_tree_data data = {0};
    pv_tree_grower *g = NULL;
    double *score = NULL, *residual = NULL;
    pv_status rc;
    assert(d > 0);
    if (n > INT32_MAX)
        return pv_fail(PV_EDATA, "gradient-boosted trees: %zu examples, at most %d", n, INT32_MAX);
    PV_TRY(make(&t, label, n, d));
    size_t scores = (size_t)t->scores;
    if ((rc = pv_tree_data_new(&data, x, n, d)) != PV_OK ||
        (rc = pv_tree_grower_new(&g, &data)) != PV_OK ||
        (rc = pv_new(&score, n * scores, sizeof *score, "scores")) != PV_OK ||
        (rc = pv_new(&residual, n * scores, sizeof *residual, "residuals")) != PV_OK)
        goto out;
    for (size_t k = 0; k < scores; k++)
        for (size_t i = 0; i < n; i++) score[k * n + i] = t->start[k];
    for (size_t stage = 0; stage < STAGES; stage++) {
        residuals(residual, t, score, n);
        for (size_t k = 0; k < scores; k++) {
            pv_tree *tree = &t->tree[stage * scores + k];
            pv_tree_grow(tree, g, residual + k * n);
            leaves(tree, t, g, scores == 1 ? 1 : (int)k, residual + k * n, score + k * n);
        }
    }
out:
    free(residual);
    free(score);
    pv_tree_grower_free(g);
    pv_tree_data_free(&data);
    if (rc != PV_OK) {
        pv_trees_free(t);
        return rc;
    }
    *out = t;
    return PV_OK;
}

void pv_trees_free(pv_trees *t)
{
    if (!t) return;
    pv_labels_free(&t->labels);
    free(t->start);
    free(t->tree);
    free(t);
}

void pv_trees_predict(const pv_trees *t, const float *x, size_t n, int32_t *label)
{
    size_t d = (size_t)t->variables, scores = (size_t)t->scores;
    for (size_t begin = 0; begin < n; begin += BLOCK) {
        size_t rows = n - begin < BLOCK ? n - begin : BLOCK;
        double score[BLOCK], most[BLOCK];
        for (size_t k = 0; k < scores; k++) {
            for (size_t i = 0; i < rows; i++) score[i] = t->start[k];
            for (size_t stage = 0; stage < STAGES; stage++) {
                const pv_tree *tree = &t->tree[stage * scores + k];
                for (size_t i = 0; i < rows; i++)
                    score[i] += tree->leaf[pv_tree_descend(tree, x + (begin + i) * d)];
            }
            for (size_t i = 0; i < rows; i++) {
                if (k && score[i] <= most[i]) continue;
                most[i] = score[i];
                label[begin + i] = t->labels.value[scores == 1 ? score[i] >= 0 : k];
            }
        }
    }
}

void pv_trees_importance(const pv_trees *t, double *importance, pv_era era)
{
    size_t d = (size_t)t->variables, trees = STAGES * (size_t)t->scores;
    double total = 0;
    for (size_t f = 0; f < d; f++) importance[f] = 0;
    for (size_t k = 0; k < trees; k++) {
        const pv_tree *tree = &t->tree[k];
        double sum = 0;
        for (int i = 0; i < PV_TREE_SPLITS; i++) sum += tree->gain[i];
        if (!(sum > 0)) continue;
        double unit = era == PV_ERA_STUDY ? sum : 1;
        for (int i = 0; i < PV_TREE_SPLITS; i++)
            importance[tree->variable[i]] += tree->gain[i] / unit;
        total += sum / unit;
    }
    if (era == PV_ERA_STUDY) total = (double)trees;
    for (size_t f = 0; f < d; f++)
        if (total > 0) importance[f] /= total;
}
