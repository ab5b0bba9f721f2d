/* test_sweep.c -- what a sweep file stands for: models in their order, their names and keys, and
 * what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "config_file.h"
#include "polarvae/sweep.h"

#define OK(call)                                                                                   \
    do {                                                                                           \
        if ((call) != PV_OK) fail_msg("%s: %s", #call, pv_error());                                \
    } while (0)

static pv_status open_text(pv_sweep **out, const char *text, const char *argument)
{
    put_config(text, strlen(text));
    return pv_sweep_open(out, config_path, argument != NULL, &argument);
}

static void assert_model(const pv_sweep *sweep, size_t index, const char *name, const char *keys)
{
    pv_sweep_model m;
    OK(pv_sweep_model_open(&m, sweep, index));
    assert_string_equal(m.name, name);
    if (keys) assert_string_equal(m.keys, keys);
    pv_sweep_model_close(&m);
}

/* Names of all models of a file, with an assignment or without (NULL). */
static void assert_names(const char *text, const char *argument, const char *const *names)
{
    pv_sweep *sweep;
    size_t count = 0;
    OK(open_text(&sweep, text, argument));
    for (; names[count]; count++)
        if (count < pv_sweep_count(sweep)) assert_model(sweep, count, names[count], NULL);
    assert_int_equal(count, pv_sweep_count(sweep));
    pv_sweep_close(sweep);
}
#define NAMES(...)                                                                                 \
    (const char *const[]) { __VA_ARGS__, NULL }

/* ---- order ---- */

static void models_come_in_the_documented_order(void **state)
{
    (void)state;
    pv_sweep *sweep;
    OK(open_text(&sweep,
                 "data: [a.h5, dir/b.h5]\nsteps: 7\nlatents: [3, 4]\ngrid:\n"
                 "  - objective: beta_vae\n    beta: [1, 2]\n    batch: [8, 16]\n"
                 "  - {objective: factor_vae, gamma: 1e1, steps: 5}\nseeds: [5, 3]\n",
                 NULL));
    size_t index = 0;
    for (int data = 0; data < 2; data++)
        for (int latents = 3; latents < 5; latents++)
            for (int g = 0; g < 5; g++)
                for (int seed = 5; seed >= 3; seed -= 2, index++) {
                    pv_sweep_model m;
                    char want[200];
                    OK(pv_sweep_model_open(&m, sweep, index));
                    const int beta = 1 + g / 2, batch = g % 2 ? 16 : 8, factor = g == 4;
                    assert_string_equal(m.config.data, data ? "dir/b.h5" : "a.h5");
                    assert_true(m.config.latents == latents && m.config.seed == seed);
                    assert_true(m.config.steps == (factor ? 5 : 7));
                    assert_true(m.config.batch == (factor ? 64 : batch));
                    assert_true(m.config.objective_value[0] == (factor ? 10 : beta));
                    if (factor)
                        snprintf(want, sizeof want, "factor_vae-data=%s-latents=%d-seed=%d",
                                 data ? "b" : "a", latents, seed);
                    else
                        snprintf(want, sizeof want,
                                 "beta_vae-data=%s-latents=%d-beta=%d-batch=%d-seed=%d",
                                 data ? "b" : "a", latents, beta, batch, seed);
                    assert_string_equal(m.name, want);
                    pv_sweep_model_close(&m);
                }
    assert_int_equal(pv_sweep_count(sweep), index);
    assert_model(sweep, 9, "factor_vae-data=a-latents=3-seed=3",
                 "data=a.h5 latents=3 objective=factor_vae gamma=10 steps=5 seed=3");
    pv_sweep_close(sweep);
}

/* The 12,600 models of the study under its own numbers. */
static void the_numbers_of_the_study_can_be_had(void **state)
{
    (void)state;
    static const char *const data[] = {"dsprites", "color.h5",  "noisy.h5",   "scream.h5",
                                       "norb.h5",  "cars3d.h5", "3dshapes.h5"};
    static const struct {
        const char *objective;
        double value[6];
    } method[] = {{"beta_vae", {1, 2, 4, 6, 8, 16}},    {"factor_vae", {10, 20, 30, 40, 50, 100}},
                  {"dip_vae_i", {1, 2, 5, 10, 20, 50}}, {"dip_vae_ii", {1, 2, 5, 10, 20, 50}},
                  {"beta_tcvae", {1, 2, 4, 6, 8, 10}},  {"annealed_vae", {5, 10, 25, 50, 75, 100}}};
    pv_sweep *sweep;
    OK(open_text(
        &sweep,
        "data: [dsprites, color.h5, noisy.h5, scream.h5, norb.h5, cars3d.h5, 3dshapes.h5]\n"
        "grid:\n"
        "  - {objective: beta_vae, beta: [1, 2, 4, 6, 8, 16]}\n"
        "  - {objective: factor_vae, gamma: [10, 20, 30, 40, 50, 100], steps: 150000}\n"
        "  - {objective: dip_vae_i, lambda_od: [1, 2, 5, 10, 20, 50]}\n"
        "  - {objective: dip_vae_ii, lambda_od: [1, 2, 5, 10, 20, 50]}\n"
        "  - {objective: beta_tcvae, beta: [1, 2, 4, 6, 8, 10]}\n"
        "  - {objective: annealed_vae, c_max: [5, 10, 25, 50, 75, 100]}\n"
        "seeds: 50\n",
        NULL));
    assert_int_equal(pv_sweep_count(sweep), 12600);
    for (size_t number = 0; number < 12600; number++) {
        pv_sweep_model m;
        OK(pv_sweep_model_open(&m, sweep, number));
        const size_t k = number / 300 % 6, value = number / 50 % 6;
        const pv_objective *objective = pv_objective_find(method[k].objective);
        const char *key = k == 0 || k == 4 ? "beta"
                          : k == 1         ? "gamma"
                          : k == 5         ? "c_max"
                                           : "lambda_od";
        assert_string_equal(m.config.data, data[number / 1800]);
        assert_string_equal(m.config.objective, objective->name);
        assert_true(
            m.config.objective_value[pv_objective_key_find(objective, key) - objective->keys] ==
            method[k].value[value]);
        assert_int_equal(m.config.seed, number % 50);
        assert_int_equal(m.config.steps, k == 1 ? 150000 : 300000);
        pv_sweep_model_close(&m);
    }
    assert_model(sweep, 4 * 1800 + 1 * 300 + 2 * 50 + 49, "factor_vae-data=norb-gamma=30-seed=49",
                 "data=norb.h5 objective=factor_vae gamma=30 steps=150000 seed=49");
    pv_sweep_close(sweep);
}

/* A model is what its keys make of the rest of the file. */
static void a_model_is_its_keys(void **state)
{
    (void)state;
    static const char rest[] = "steps: 9\nbatch: 4\nsnapshots: [0, 5]\ndata: x.h5\n";
    char text[1000];
    pv_sweep *sweep;
    snprintf(
        text, sizeof text,
        "%sgrid:\n- {objective: beta_tcvae, beta: [1, auto, 3.5], tc_constants: true, "
        "snapshots: [1, 2]}\n- {objective: dip_vae_ii, lambda_od: [1e-4, 1000000]}\nseeds: 3\n",
        rest);
    assert_int_equal(open_text(&sweep, text, NULL), PV_EUSAGE); /* auto is 1 */
    *strstr(text, "auto") = '6';
    memcpy(strstr(text, "6uto"), "6   ", 4);
    OK(open_text(&sweep, text, NULL));
    put_config(rest, strlen(rest));
    for (size_t i = 0; i < pv_sweep_count(sweep); i++) {
        pv_sweep_model m;
        pv_config config;
        const char *set[8];
        int count = 0;
        OK(pv_sweep_model_open(&m, sweep, i));
        for (char *word = strtok(m.keys, " "); word; word = strtok(NULL, " ")) set[count++] = word;
        OK(pv_config_load(&config, config_path, count, set));
        assert_same(&m.config, &config);
        pv_config_clear(&config);
        pv_sweep_model_close(&m);
    }
    assert_model(sweep, 12, "dip_vae_ii-lambda_od=1e+06-seed=0", NULL);
    assert_int_equal(pv_sweep_count(sweep), 15);
    pv_sweep_close(sweep);
}

/* ---- names ---- */

static void names_hold_what_tells_models_apart(void **state)
{
    (void)state;
    assert_names("beta: 3\n", NULL, NAMES("beta_vae"));
    assert_names("beta: [3]\nseeds: 1\n", NULL, NAMES("beta_vae-beta=3-seed=0"));
    assert_names("objective: [beta_vae, dip_vae_i]\n", NULL, NAMES("beta_vae", "dip_vae_i"));
    /* Plain values, where another mapping of the objective has others or none. */
    assert_names("grid:\n- {beta: 1, batch: 8}\n- {beta: 2, batch: 8}\n- {beta: 2, kernel: 4}\n"
                 "- {objective: factor_vae, gamma: 5, batch: 8}\n",
                 NULL,
                 NAMES("beta_vae-beta=1-batch=8", "beta_vae-beta=2-batch=8",
                       "beta_vae-beta=2-kernel=4", "factor_vae"));
    assert_names("objective: dip_vae_i\ngrid:\n- {lambda_od: 3}\n- {objective: beta_vae}\n", NULL,
                 NAMES("dip_vae_i", "beta_vae"));
    /* Data files: safe characters, and the whole path where the end is not enough. */
    assert_names("data: ['a b/x y.hdf5', \"c/\\u00fc.h5\"]\n", NULL,
                 NAMES("beta_vae-data=x_y", "beta_vae-data=__"));
    assert_names("data: [a/x.h5, b/x.h5, y]\n", NULL,
                 NAMES("beta_vae-data=a_x", "beta_vae-data=b_x", "beta_vae-data=y"));
    /* A list of a key that is one. */
    assert_names("snapshots: [1, 2]\nbeta: [1, 2]\n", NULL,
                 NAMES("beta_vae-beta=1", "beta_vae-beta=2"));
}

static void assignments_replace_what_the_file_gives(void **state)
{
    (void)state;
    pv_sweep *sweep;
    pv_sweep_model m;
    static const char text[] = "data: [a.h5, b.h5]\nsteps: 5\nseeds: 2\n";
    assert_names(text, "data=c.h5", NAMES("beta_vae-seed=0", "beta_vae-seed=1"));
    assert_names(text, "seeds=1", NAMES("beta_vae-data=a-seed=0", "beta_vae-data=b-seed=0"));
    assert_names("beta: 2\n", "seeds=7,4", NAMES("beta_vae-seed=7", "beta_vae-seed=4"));
    assert_names("beta: 2\n", "seeds=[7]", NAMES("beta_vae-seed=7"));
    OK(open_text(&sweep, text, "steps=6"));
    OK(pv_sweep_model_open(&m, sweep, 3));
    assert_int_equal(m.config.steps, 6);
    assert_string_equal(m.config.data, "b.h5");
    pv_sweep_model_close(&m);
    pv_sweep_close(sweep);
}

/* ---- mistakes ---- */

static void assert_refused(const char *text, const char *argument, const char *want)
{
    pv_sweep *sweep;
    const char *got;
    assert_int_equal(open_text(&sweep, text, argument), PV_EUSAGE);
    assert_null(sweep);
    got = pv_error();
    if (*want == ':') {
        assert_memory_equal(got, config_path, strlen(config_path));
        got += strlen(config_path);
    }
    const size_t length = strlen(want);
    if (want[length - 1] == ' ')
        assert_memory_equal(got, want, length);
    else
        assert_string_equal(got, want);
}

static void mistakes_are_explained(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want; /* what follows the name of the file; with a blank: its start */
    } files[] = {
        {"grid: 3", ":1: grid must be a list of mappings, each as '- objective: beta_vae'"},
        {"grid: {beta: 3}", ":1: grid must be a list of mappings, "},
        {"\ngrid: []", ":2: grid must hold at least one mapping"},
        {"grid:\n- {}\n", ":2: a mapping of grid must not be empty"},
        {"grid:\n- beta\n", ":2: grid must hold mappings, each as '- objective: beta_vae'"},
        {"grid:\n- {beta: 1}\nsteps: 1\ngrid:\n- {beta: 3}",
         ":4: key 'grid' is given twice, first in line 1"},
        {"grid:\n- {beta: 1, beta: 2}", ":2: key 'beta' is given twice, first in line 2"},
        {"grid:\n- {beta: {a: 2}}", ":2: beta takes a value, not keys of its own"},
        {"grid:\n- {beta: 1, grid: [1]}", ":2: 'grid' stands outside of grid, once for all"},
        {"grid:\n- {beta: 1}\n- {beta: 2,\n   seeds: 3}",
         ":4: 'seeds' stands outside of grid, once for all"},
        {"grid:\n- {beta: [1,\n  x]}", ":2: beta must be between 0 and 1e+06, or auto "},
        {"steps: 3\ngrid:\n- {beta: 1}\n- {objective: factor_vae, gama: 3}\n",
         ":4: unknown key 'gama'; did you mean 'gamma'?"},
        {"beta: 4\ngrid:\n- {objective: beta_vae}\n- {objective: factor_vae}\n",
         ":1: objective factor_vae does not read beta; "},
        {"grid:\n- {objective: [beta_vae, vae]}\n", ":2: unknown objective 'vae'; there are: "},
        {"grid:\n- {beta: []}", ":2: the list of beta is empty"},
        {"grid:\n- {beta: [1, '']}", ":2: beta must hold plain values"},
        {"data: ['a,b', c]", ":1: a value in the list of data must not hold a comma or a 0 byte"},
        {"seeds: 0", ":1: seeds must be a count from 1 to 1000000, or a list of seeds"},
        {"seeds: -3", ":1: seeds must be a count from 1 to 1000000, or a list of seeds"},
        {"seeds: few", ":1: seeds must be a count from 1 to 1000000, or a list of seeds"},
        {"seeds: []", ":1: the list of seeds is empty"},
        {"seeds: [3, x]", ":1: seed must be a whole number between 0 and 9223372036854775807, "},
        {"seeds: 3\nseed: 1", ":2: seed is given by seeds"},
        {"grid:\n- {seed: 1}\nseeds: 3\n", ":2: seed is given by seeds"},
        {"beta: [1, 2]\ngrid:\n- {beta: 3}", ":3: beta is a list in line 1 already"},
        {"beta: [1, 2]\nseeds: 1000000\n", ": more than 1000000 models"},
        {"device: [cpu, auto]", ": beta_vae-device=auto has device auto and others have cpu; "},
    };
    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        assert_refused(files[i].text, NULL, files[i].want);
    assert_refused("grid:\n- {beta: [1, 2]}", "beta=3", "beta=3: beta is given by the grid, in ");
    assert_refused("seeds: 3", "seed=3", "seed=3: seed is given by seeds; use seeds=[N]");
    assert_refused("beta: 3", "seeds=0", "seeds=0: seeds must be a count ");
    assert_refused("beta: 3", "seeds=1,x", "seed=x: seed must be a whole number ");
    assert_refused("beta: 3", "bata=4", "bata=4: unknown key 'bata'; did you mean 'beta'?");
    assert_refused("beta: 3", "beta", "'beta': must be key=value, ");
    char text[300];
    snprintf(text, sizeof text, "data: [%0200d]", 0);
    assert_refused(text, NULL, ":1: the name of a model would be longer than 200 characters");
}

static void models_differ(void **state)
{
    (void)state;
    assert_refused("steps: 1\ngrid:\n- {beta: [4, 5, 4.0]}\n", NULL,
                   ":3: models 0 (beta=4) and 2 (beta=4) would both be named beta_vae-beta=4");
    assert_refused("seeds: [1, 2, 1]\n", NULL,
                   ":1: models 0 (seed=1) and 2 (seed=1) would both be named beta_vae-seed=1");
    assert_refused("grid:\n- {beta: 2}\n- {beta: 2, latents: 10}\n", NULL,
                   ":3: models 0 (beta_vae) and 1 (beta_vae-latents=10) are the same");
    assert_refused("examples: [10, 20]\n", NULL,
                   ":1: models 0 (beta_vae-examples=10) and 1 (beta_vae-examples=20) are the same");
    assert_refused("grid:\n- {data: a/x.h5}\n- {data: b/x.h5}\n", NULL,
                   ":3: models 0 (data=a/x.h5) and 1 (data=b/x.h5) would both be named "
                   "beta_vae-data=x");
    assert_names("steps: [10, 20]\n", NULL, NAMES("beta_vae-steps=10", "beta_vae-steps=20"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(models_come_in_the_documented_order),
        cmocka_unit_test(the_numbers_of_the_study_can_be_had),
        cmocka_unit_test(a_model_is_its_keys),
        cmocka_unit_test(names_hold_what_tells_models_apart),
        cmocka_unit_test(assignments_replace_what_the_file_gives),
        cmocka_unit_test(mistakes_are_explained),
        cmocka_unit_test(models_differ),
    };
    return cmocka_run_group_tests(tests, make_config_directory, remove_config_directory);
}
