/* test_export_files.c -- what ONNX files say of their model, and that both appear or none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "onnx_run.h"
#include "polarvae/version.h"
#include "random_model.h"

/* ---- what is said of a model ---- */

static void property(const onnx_run *run, const char *key, const char *want)
{
    int found = 0;
    for (size_t i = 0; i < run->model->n_metadata_props; i++) {
        const PvOnnx__StringStringEntryProto *entry = run->model->metadata_props[i];
        if (strcmp(entry->key, key) != 0) continue;
        assert_string_equal(entry->value, want);
        found++;
    }
    if (found != 1) fail_msg("%s is there %d times", key, found);
}

/* A pruned model keeps the numbers of its variables. */
static void metadata(void **state)
{
    (void)state;
    static const kind tc = {
        "tc", {"objective=beta_tcvae", "beta=6.5", "latents=3", "seed=18446744073", "network=fc"},
        5,    4,
        4,    1};
    char where[4100], path[4200];
    int32_t left[] = {0, 2, 1117};
    pv_model m;
    onnx_run run;
    model_open(&m, &tc);
    m.latents = 2000;
    snprintf(where, sizeof where, "%s/tc", directory);
    for (int pruned = 0; pruned < 2; pruned++) {
        m.variable = pruned ? left : NULL;
        OK(pv_export_model(&m, stream, where));
        for (int i = 0; i < 2; i++) {
            onnx_open(&run, file_in(path, where, i ? "encoder.onnx" : "decoder.onnx"));
            assert_int_equal(run.model->ir_version, 7);
            assert_string_equal(run.model->producer_name, "polarvae");
            assert_string_equal(run.model->producer_version, PV_VERSION);
            assert_int_equal(run.model->n_opset_import, 1);
            assert_string_equal(run.model->opset_import[0]->domain, "");
            assert_int_equal(run.model->opset_import[0]->version, 13);
            property(&run, "objective", "beta_tcvae");
            property(&run, "beta", "6.5");
            property(&run, "estimator", "weighted");
            property(&run, "step", "1234");
            property(&run, "seed", "18446744073");
            property(&run, "version", PV_VERSION);
            property(&run, "variables", pruned ? "0,2,1117" : "0,1,2");
            onnx_close(&run);
        }
    }
    remove_files(where);
    model_close(&m);
}

/* ---- files ---- */

/* Where one file cannot be written, the other stays as it was. */
static void both_or_none(void **state)
{
    (void)state;
    static const kind small = {"small", {"network=fc", "latents=2"}, 2, 3, 2, 1};
    char where[4100], encoder[4200], decoder[4200], *before, *after;
    size_t size_before, size_after;
    pv_model m;
    model_open(&m, &small);
    snprintf(where, sizeof where, "%s/small", directory);
    OK(pv_export_model(&m, stream, where));
    OK(pv_read_text(&before, &size_before, file_in(encoder, where, "encoder.onnx")));
    assert_int_equal(unlink(file_in(decoder, where, "decoder.onnx")), 0);
    OK(pv_make_directory(decoder));

    m.step++;
    assert_int_equal(pv_export_model(&m, stream, where), PV_EIO);
    assert_non_null(strstr(pv_error(), "decoder.onnx: is a directory"));
    OK(pv_read_text(&after, &size_after, encoder));
    assert_int_equal(size_before, size_after);
    assert_memory_equal(before, after, size_before);
    free(after);

    assert_int_equal(rmdir(decoder), 0);
    OK(pv_export_model(&m, stream, where));
    OK(pv_read_text(&after, &size_after, encoder));
    assert_true(size_before != size_after || memcmp(before, after, size_before) != 0);
    free(before);
    free(after);

    assert_int_equal(pv_export_model(&m, stream, encoder), PV_EIO);
    assert_non_null(strstr(pv_error(), "encoder.onnx: cannot be made a directory"));
    remove_files(where);
    model_close(&m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metadata),
        cmocka_unit_test(both_or_none),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
