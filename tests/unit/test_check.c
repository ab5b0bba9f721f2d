/* test_check.c -- `check` finds what differs from a reference file, and that alone: in one element,
 * in none of those that are kept, and in numbers that are none. */
#include <math.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "check/step.h"

enum { MOST = 16, SPOILED = 5 };

static pv_check_table tables[MOST];

/* A row that a step has, of more than `size` elements. */
static size_t row_of(int step, pv_check_kind kind, uint64_t size)
{
    const pv_check_table *t = &tables[step];
    for (size_t i = 0; i < t->count; i++)
        if (t->kind[i] == kind && t->size[i] > size) return i;
    printf("FAILED: step %d has no %s\n", step, pv_check_kind_name[kind]);
    exit(1);
}

typedef struct {
    int step;
    size_t row;
} place;

static float *value_at(place p) { return tables[p.step].value + p.row * PV_CHECK_PROBES; }
static float largest_at(place p) { return (float)tables[p.step].largest[p.row]; }

/* More than is allowed, whatever the error was. */
static void spoil(place out[SPOILED])
{
    out[0] = (place){0, row_of(0, PV_CHECK_GRADIENT, 0)};
    value_at(out[0])[7] += 1e-4f * largest_at(out[0]);

    out[1] = (place){2, row_of(2, PV_CHECK_ACTIVATION, 0)};
    value_at(out[1])[0] = NAN;

    out[2] = (place){3, row_of(3, PV_CHECK_INPUT, 0)};
    value_at(out[2])[0] += 1.0f;

    /* All elements by a little, but none that is kept. */
    out[3] = (place){1, row_of(1, PV_CHECK_UPDATED, PV_CHECK_PROBES)};
    const double off = largest_at(out[3]) * 0.1 * sqrt((double)tables[1].size[out[3].row]);
    for (int k = 0; k < PV_CHECK_SKETCH; k++)
        tables[1].sketch[out[3].row * PV_CHECK_SKETCH + (size_t)k] += k % 2 ? off : -off;

    out[4] = (place){5, row_of(5, PV_CHECK_TERM, 0)};
    value_at(out[4])[0] *= 1.001f;
}

static void spoiled_tensors_fail_alone(pv_stream *stream, const char *path)
{
    pv_check_report r = {0};
    place wrong[SPOILED];
    size_t first = 0;
    NEED(pv_check_file_read(tables, &r, PV_SOURCE_DIR "/benchmarks/reference.h5"));
    spoil(wrong);
    NEED(pv_check_file_write(path, tables, "a device that is wrong"));
    NEED(pv_check_compare(&r, path, stream, NULL));
    check(strcmp(r.device, "a device that is wrong") == 0, "written by %s", r.device);
    check(r.failed == SPOILED, "%zu tensors fail, not %d", r.failed, SPOILED);
    for (int step = 0; step < pv_check_steps(); step++) {
        for (int i = 0; i < SPOILED; i++)
            if (wrong[i].step == step) {
                const pv_check_line *l = &r.line[first + wrong[i].row];
                check(!l->passed, "%s, %s %s passes", l->step, pv_check_kind_name[l->kind],
                      l->name);
            }
        first += tables[step].count;
    }
    check(first == r.count, "%zu lines, not %zu", r.count, first);
    const pv_check_line *worst = &r.line[r.worst];
    check(!worst->passed && isinf(worst->maximum), "the worst is %s %s", worst->step, worst->name);
    pv_check_report_free(&r);
}

/* A sketch is as far from another as the two tensors are. */
static void sketches_estimate_distances(void)
{
    enum { SIZE = 5000 };
    static float x[2][SIZE];
    pv_check_table t = {0};
    double square = 0.0, estimate = 0.0;
    for (int i = 0; i < SIZE; i++) {
        x[0][i] = (float)pv_check_word(1, (uint64_t)i) * 0x1p-32f;
        x[1][i] = x[0][i] + (i % 3 ? 0.0f : 1e-3f * (float)(i % 7));
        square += pow((double)x[1][i] - (double)x[0][i], 2.0);
    }
    for (int i = 0; i < 2; i++) NEED(pv_check_table_add(&t, "x", PV_CHECK_ACTIVATION, x[i], SIZE));
    for (int k = 0; k < PV_CHECK_SKETCH; k++)
        estimate += pow(t.sketch[PV_CHECK_SKETCH + k] - t.sketch[k], 2.0) / PV_CHECK_SKETCH;
    check(fabs(sqrt(estimate / square) - 1.0) < 0.4, "%g instead of %g", sqrt(estimate),
          sqrt(square));
    check(strcmp(t.name, "x") == 0 && strcmp(t.name + PV_CHECK_NAME, "x#2") == 0, "named %s, %s",
          t.name, t.name + PV_CHECK_NAME);
    pv_check_table_clear(&t);
}

int main(void)
{
    char path[] = "/tmp/polarvae_check_XXXXXX";
    pv_device *device;
    pv_stream *stream;
    const int made = mkstemp(path);
    if (made < 0 || pv_check_steps() > MOST) return 1;
    close(made);
    NEED(pv_device_open(&device, "cpu"));
    NEED(pv_stream_open(&stream, device, 0));
    sketches_estimate_distances();
    spoiled_tensors_fail_alone(stream, path);
    for (int i = 0; i < pv_check_steps(); i++) pv_check_table_clear(&tables[i]);
    pv_stream_close(stream);
    pv_device_close(device);
    remove(path);
    return check_end();
}
