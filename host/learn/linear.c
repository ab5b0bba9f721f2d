/* linear.c -- see linear.h. */
#include "learn/linear.h"

#include <limits.h>
#include <linear.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"

static void say_nothing(const char *text) { (void)text; }
static void silence(void) { set_print_string_function(say_nothing); }

/* Each row ends with the 1 that the intercept multiplies, and an index of -1. */
static void fill(const pv_linear *in, struct feature_node *node, struct feature_node **row,
                 double *y)
{
    for (size_t i = 0; i < in->n; i++) {
        row[i] = node;
        y[i] = in->labels->of[i];
        for (int j = 0; j < in->d; j++)
            *node++ = (struct feature_node){.index = j + 1,
                                            .value = in->x[i * (size_t)in->d + (size_t)j]};
        *node++ = (struct feature_node){.index = in->d + 1, .value = 1.0};
        *node++ = (struct feature_node){.index = -1};
    }
}

/* LIBLINEAR sorts classes as they come, and w by features first. */
static void read_model(const pv_linear *in, const struct model *model, double *weight,
                       double *intercept)
{
    int machines = model->nr_class == 2 ? 1 : model->nr_class;
    for (int m = 0; m < model->nr_class; m++) {
        double sign = m < machines ? 1.0 : -1.0;
        const double *w = model->w + (m < machines ? m : 0);
        int class = model->label[m];
        for (int j = 0; j < in->d; j++) weight[class * in->d + j] = sign * w[j * machines];
        intercept[class] = sign * w[in->d * machines];
    }
}

pv_status pv_linear_fit(const pv_linear *in, double *weight, double *intercept)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, silence);
    if (in->n > INT_MAX)
        return pv_fail(PV_EDATA, "LIBLINEAR: %zu examples; at most %d", in->n, INT_MAX);

    int classes = in->labels->classes;
    struct feature_node *node = NULL, **row = NULL;
    double *y = NULL;
    int *class = NULL;
    pv_status rc = pv_new(&node, in->n * ((size_t)in->d + 2), sizeof *node, "examples");
    if (rc == PV_OK) rc = pv_new(&row, in->n, sizeof *row, "examples");
    if (rc == PV_OK) rc = pv_new(&y, in->n, sizeof *y, "labels");
    if (rc == PV_OK) rc = pv_new(&class, (size_t)classes, sizeof *class, "classes");
    if (rc != PV_OK) goto out;
    fill(in, node, row, y);
    for (int c = 0; c < classes; c++) class[c] = c;

    struct problem problem = {.l = (int)in->n, .n = in->d + 1, .y = y, .x = row, .bias = 1.0};
    struct parameter parameter = {.solver_type = in->solver, .eps = 1e-8, .C = in->c, .p = 0.1};
    if (in->class_weight) {
        parameter.nr_weight = classes;
        parameter.weight_label = class;
        parameter.weight = (double *)in->class_weight;
    }
    const char *wrong = check_parameter(&problem, &parameter);
    if (wrong) {
        rc = pv_fail(PV_EDATA, "LIBLINEAR: %s", wrong);
        goto out;
    }
    struct model *model = train(&problem, &parameter);
    read_model(in, model, weight, intercept);
    free_and_destroy_model(&model);
out:
    free(node);
    free(row);
    free(y);
    free(class);
    return rc;
}
