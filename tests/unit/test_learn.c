/* test_learn.c -- labels, numpy's random numbers, tasks on threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sched.h>
#include <stdatomic.h>

#include "learn/guess.h"
#include "learn/labels.h"
#include "learn/parallel.h"
#include "learners.h"

/* ---- labels ---- */

static void labels_become_classes(void **state)
{
    (void)state;
    const int32_t label[] = {7, INT32_MIN, 7, -3, INT32_MAX, -3, 0};
    const int32_t value[] = {INT32_MIN, -3, 0, 7, INT32_MAX}, of[] = {3, 0, 3, 1, 4, 1, 2};
    pv_labels found;
    OK(pv_labels_find(&found, label, 7));
    assert_int_equal(found.classes, 5);
    assert_memory_equal(found.value, value, sizeof value);
    assert_memory_equal(found.of, of, sizeof of);
    pv_labels_free(&found);
    assert_null(found.value);
    pv_labels_free(&found);
}

static void few_labels(void **state)
{
    (void)state;
    pv_labels found;
    OK(pv_labels_find(&found, (int32_t[]){5, 5, 5}, 3));
    assert_int_equal(found.classes, 1);
    pv_labels_free(&found);
    OK(pv_labels_find(&found, NULL, 0));
    assert_int_equal(found.classes, 0);
    pv_labels_free(&found);
}

/* ---- random numbers ---- */

static void draws_are_those_of_numpy(void **state)
{
    (void)state;
    pv_h5 *file = open_learners();
    size_t seeds, kinds, draws, reals;
    int64_t *seed = golden(file, PV_H5_I64, "random_state", "", "seed", &seeds);
    int64_t *n = golden(file, PV_H5_I64, "random_state", "", "n", &kinds);
    int64_t *below = golden(file, PV_H5_I64, "random_state", "", "below", &draws);
    double *uniform = golden(file, PV_H5_F64, "random_state", "", "uniform", &reals);
    pv_h5_close(file);
    draws /= seeds, reals /= seeds;
    assert_true(seeds >= 3 && draws > 624 && reals > 624);
    for (size_t s = 0; s < seeds; s++) {
        pv_random_state r;
        pv_random_state_seed(&r, (uint32_t)seed[s]);
        for (size_t t = 0; t < draws; t++)
            assert_int_equal(pv_random_state_below(&r, (uint64_t)n[t % kinds]),
                             below[s * draws + t]);
        for (size_t t = 0; t < reals; t++)
            assert_true(pv_random_state_uniform(&r) == uniform[s * reals + t]);
    }
    free(seed);
    free(n);
    free(below);
    free(uniform);
}

/* DummyClassifier(strategy="uniform", random_state=7) of scikit-learn 1.9, fitted to these labels.
 */
static void guesses_are_those_of_scikit_learn(void **state)
{
    (void)state;
    const int32_t label[] = {5, -2, 9, 5};
    const int32_t wanted[] = {-2, 5, 9, -2, 5, 9, -2, 5, 9, 9, 9, -2, 9, -2, -2, -2};
    int32_t guessed[16];
    OK(pv_guess(guessed, 16, label, 4, 7));
    assert_memory_equal(guessed, wanted, sizeof wanted);
}

/* ---- tasks ---- */

enum { TASKS = 300 };

typedef struct {
    atomic_int called[TASKS];
    size_t fails[2], waits; /* tasks that fail; the one that first waits until the other is there */
    atomic_int there;
} work;

static pv_status count(void *context, size_t i)
{
    work *w = context;
    w->called[i]++;
    return PV_OK;
}

static void every_task_runs_once(void **state)
{
    (void)state;
    const size_t counts[] = {0, 1, 2, 7, TASKS};
    for (size_t c = 0; c < 5; c++)
        for (int threads = 0; threads <= 9; threads++) {
            work w = {0};
            OK(pv_parallel(counts[c], threads, count, &w));
            for (size_t i = 0; i < TASKS; i++) assert_int_equal(w.called[i], i < counts[c]);
        }
}

static pv_status fail_some(void *context, size_t i)
{
    work *w = context;
    w->called[i]++;
    if (i == w->waits)
        while (!w->there) sched_yield();
    if (i != w->fails[0] && i != w->fails[1]) return PV_OK;
    w->there = 1;
    return pv_fail(i == w->fails[0] ? PV_EDATA : PV_EIO, "task %d", (int)i);
}

static void the_lowest_failure_is_told(void **state)
{
    (void)state;
    for (int late = 0; late < 2; late++)
        for (int repetition = 0; repetition < 100; repetition++) {
            work w = {.fails = {3, 4}, .waits = late ? 3 : 4};
            pv_status rc = pv_parallel(TASKS, 2 + repetition % 3, fail_some, &w);
            assert_int_equal(rc, PV_EDATA);
            assert_string_equal(pv_error(), "task 3");
            for (size_t i = 0; i < 3; i++) assert_int_equal(w.called[i], 1);
        }
}

static void nothing_starts_after_a_failure(void **state)
{
    (void)state;
    work w = {.fails = {5, 9}, .waits = TASKS};
    assert_int_equal(pv_parallel(TASKS, 1, fail_some, &w), PV_EDATA);
    for (size_t i = 0; i < TASKS; i++) assert_int_equal(w.called[i], i <= 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(labels_become_classes),
        cmocka_unit_test(few_labels),
        cmocka_unit_test(draws_are_those_of_numpy),
        cmocka_unit_test(guesses_are_those_of_scikit_learn),
        cmocka_unit_test(every_task_runs_once),
        cmocka_unit_test(the_lowest_failure_is_told),
        cmocka_unit_test(nothing_starts_after_a_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
