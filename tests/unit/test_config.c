/* test_config.c -- what a configuration takes, refuses, and writes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>

#include "config_file.h"

static pv_status load(pv_config *config, const char *text)
{
    put_config(text, strlen(text));
    return pv_config_load(config, config_path, 0, NULL);
}

static pv_status set(pv_config *config, const char *assignment)
{
    return pv_config_load(config, NULL, 1, &assignment);
}

static void defaults_are_those_of_the_table(void **state)
{
    (void)state;
    static const char *const empty[] = {"", "\n", "# nothing\n", "---\n", "--- {}\n", "---\n...\n"};
    pv_config config, other;
    assert_int_equal(pv_config_init(&config), PV_OK);
    for (size_t i = 0; i < sizeof empty / sizeof *empty; i++) {
        assert_int_equal(load(&other, empty[i]), PV_OK);
        assert_same(&config, &other);
        pv_config_clear(&other);
    }
#define SECTION(title)
#define TEXT(key, initial, help) assert_string_equal(config.key, initial);
#define CHOICE(key, initial, choices, help)                                                        \
    {                                                                                              \
        int length;                                                                                \
        const char *choice = pv_config_choice(choices, config.key, &length);                       \
        assert_int_equal(length, strlen(initial));                                                 \
        assert_memory_equal(choice, initial, length);                                              \
    }
#define COUNT(key, initial, low, high, help) assert_true(config.key == initial);
#define REAL(key, initial, low, high, help) assert_true(config.key == initial);
#define LIST(key, initial, help) assert_int_equal(config.key.count, 0);
    PV_CONFIG_KEYS(SECTION, TEXT, CHOICE, COUNT, REAL, LIST)
    assert_true(config.objective_value[0] == pv_objective_find("beta_vae")->keys[0].published);
    pv_config_clear(&config);
    pv_config_clear(&config);
}

static void files_and_arguments_are_taken(void **state)
{
    (void)state;
    pv_config config;
    static const char *const arguments[] = {"seed=7", "beta=16", "data=a=b", "seed=8"};
    static const char text[] =
        "beta: 2.5e-1\nsteps: 3e5\nkernel: \"4\"\nlearning_rate: +.001\n"
        "snapshots: [0, 100, 1000]\ndata: /data/my file.h5 # comment\norder: 'epochs'\n";
    put_config(text, strlen(text));
    assert_int_equal(pv_config_load(&config, config_path, 4, arguments), PV_OK);
    assert_true(config.objective_value[0] == 16);
    assert_true(config.steps == 300000 && config.seed == 8 && config.learning_rate == 1e-3);
    assert_int_equal(config.kernel, PV_KERNEL_4);
    assert_int_equal(config.order, PV_ORDER_KEY_EPOCHS);
    assert_string_equal(config.data, "a=b");
    assert_int_equal(config.snapshots.count, 3);
    assert_true(config.snapshots.value[0] == 0 && config.snapshots.value[2] == 1000);
    pv_config_clear(&config);

    assert_int_equal(load(&config, "snapshots:\n  - 3\n  - 1e1\ndata: cuda:0\n"), PV_OK);
    assert_true(config.snapshots.count == 2 && config.snapshots.value[1] == 10);
    assert_string_equal(config.data, "cuda:0");
    pv_config_clear(&config);
    static const char *const lists[] = {"snapshots=[5, 6]", "snapshots=5,6", "snapshots= 5 , 6 "};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(set(&config, lists[i]), PV_OK);
        assert_true(config.snapshots.count == 2 && config.snapshots.value[1] == 6);
        pv_config_clear(&config);
    }
    assert_int_equal(set(&config, "snapshots=[]"), PV_OK);
    assert_int_equal(config.snapshots.count, 0);
    pv_config_clear(&config);
}

/* One that ends with a blank may go on. */
static void assert_error(const char *got, const char *want)
{
    size_t length = strlen(want);
    if (length > 0 && want[length - 1] == ' ')
        assert_memory_equal(got, want, length);
    else
        assert_string_equal(got, want);
}

/* file: what follows its name; an argument: the whole line. */
static void mistakes_are_explained(void **state)
{
    (void)state;
    static const struct {
        const char *text, *want;
    } files[] = {
        {"steps: 1\nlatents: 2\nbata: 4\n", ":3: unknown key 'bata'; did you mean 'beta'?"},
        {"zzz: 4", ":1: unknown key 'zzz'; 'polarvae train --help' lists all keys"},
        {"\nbeta: -1", ":2: beta must be between 0 and 1e+06, or auto "},
        {"beta: four", ":1: beta must be between 0 and 1e+06, or auto "},
        {"beta: [1]", ":1: beta must be between 0 and 1e+06, or auto "},
        {"steps: 1.5", ":1: steps must be a whole number between 0 and 1000000000000, not '1.5'"},
        {"latents:", ":1: latents must be a whole number between 1 and 4096, not ''"},
        {"latents: 0x10", ":1: latents must be a whole number between 1 and 4096, not '0x10'"},
        {"learning_rate: .nan", ":1: learning_rate must be between 0 and 10, not '.nan'"},
        {"learning_rate: [1, 2]", ":1: learning_rate takes one value, not a list"},
        {"network: cnn", ":1: network must be one of conv|fc, not 'cnn'"},
        {"network: con", ":1: network must be one of conv|fc, not 'con'"},
        {"objective: vae", ":1: unknown objective 'vae'; there are: "},
        {"data: ''", ":1: data must not be empty"},
        {"seed: 1\nsteps: 2\nseed: 1\n", ":3: key 'seed' is given twice, first in line 1"},
        {"data:\n  path: x\n", ":2: data takes a value, not keys of its own"},
        {"snapshots: [1, [2]]", ":1: snapshots must hold plain values"},
        {"snapshots: [1, {a: 2}]", ":1: snapshots must hold plain values"},
        {"snapshots: [1,\n 2.5]",
         ":1: snapshots must hold whole numbers between 0 and 1000000000000, not '2.5'"},
        {"snapshots: [3, 2]", ":1: snapshots must ascend: 2 follows 3"},
        {"snapshots:", ":1: snapshots must be a list, such as [0, 100]"},
        {"just words", ":1: a configuration must be lines of the form 'key: value'"},
        {"- 1\n- 2", ":1: a configuration must be lines of the form 'key: value'"},
        {"[a]: 1", ":1: a key must be one word"},
        {"a: 1\n? {b: 1}\n: 2", ":2: a key must be one word"},
        {"seed: 1\n---\nseed: 2\n", ":2: a second document begins; a configuration has one"},
        {"seed: &x 1\nsteps: *x\n", ":2: YAML aliases are not supported; write the value itself"},
        {"data: \"a\\0b\"", ":1: a value must not hold a 0 byte"},
        {"\"se\\0ed\": 1", ":1: a value must not hold a 0 byte"},
        {"seed: 1\n\tsteps: 2", ":2: not valid YAML: "},
        {"seed: 1\nsteps: [1", ":2: not valid YAML: "},
        {"seed: 1\n\n\x01", ":3: not a text file in UTF-8: "},
        {"seed: 1\ndata: \xff", ":2: not a text file in UTF-8: "},
        {"\x89HDF\r\n\x1a\n", ":1: not a text file in UTF-8: "},
    };
    static const struct {
        const char *text, *want;
    } arguments[] = {
        {"beta=-1", "beta=-1: beta must be between 0 and 1e+06, or auto "},
        {"beta", "'beta': must be key=value, such as beta=4"},
        {"=4", "'=4': must be key=value, such as beta=4"},
        {"batc=4", "batc=4: unknown key 'batc'; did you mean 'batch'?"},
        {"data=\xff", "data=\xff: data must be UTF-8 text"},
        {"snapshots=[1,,2]", "snapshots=[1,,2]: snapshots must hold whole numbers between 0 and "
                             "1000000000000, not ''"},
        {"snapshots=1,", "snapshots=1,: snapshots must hold whole numbers between 0 and "
                         "1000000000000, not ''"},
    };
    pv_config config;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        assert_int_equal(load(&config, files[i].text), PV_EUSAGE);
        assert_memory_equal(pv_error(), config_path, strlen(config_path));
        assert_error(pv_error() + strlen(config_path), files[i].want);
    }
    for (size_t i = 0; i < sizeof arguments / sizeof *arguments; i++) {
        assert_int_equal(set(&config, arguments[i].text), PV_EUSAGE);
        assert_error(pv_error(), arguments[i].want);
    }
}

static void files_that_cannot_be_read(void **state)
{
    (void)state;
    pv_config config;
    assert_int_equal(pv_config_load(&config, "/none/x.yaml", 0, NULL), PV_EIO);
    assert_string_equal(pv_error(), "/none/x.yaml: cannot be read: No such file or directory");
    assert_int_equal(pv_config_load(&config, config_directory, 0, NULL), PV_EUSAGE);
    assert_non_null(strstr(pv_error(), "is a directory, not a configuration file"));
    put_config("", 0);
    assert_int_equal(truncate(config_path, 20 << 20), 0);
    assert_int_equal(pv_config_load(&config, config_path, 0, NULL), PV_EUSAGE);
    assert_non_null(strstr(pv_error(), "is larger than 16 MiB"));
}

static void assert_set(const char *key, const char *value, pv_status want)
{
    char text[3000];
    pv_config config;
    snprintf(text, sizeof text, "%s=%s", key, value);
    if (set(&config, text) != want) fail_msg("%.80s: %s", text, pv_error());
    pv_config_clear(&config);
}

static void ranges_are_inclusive(void **state)
{
    (void)state;
    char text[2000];
    for (int i = 0; i < pv_config_key_count; i++) {
        const pv_config_key *key = &pv_config_keys[i];
        if (key->kind == PV_KEY_COUNT) {
            snprintf(text, sizeof text, "%lld", (long long)key->count_low);
            assert_set(key->name, text, PV_OK);
            snprintf(text, sizeof text, "%lld", (long long)key->count_high);
            assert_set(key->name, text, PV_OK);
            snprintf(text, sizeof text, "%llu", (unsigned long long)key->count_high + 1);
            assert_set(key->name, text, PV_EUSAGE);
            snprintf(text, sizeof text, "%lld", (long long)key->count_low - 1);
            assert_set(key->name, text, PV_EUSAGE);
        } else if (key->kind == PV_KEY_REAL) {
            const double value[] = {key->real_low, key->real_high,
                                    nextafter(key->real_low, -HUGE_VAL),
                                    nextafter(key->real_high, HUGE_VAL)};
            for (int k = 0; k < 4; k++) {
                snprintf(text, sizeof text, "%.17g", value[k]);
                assert_set(key->name, text, k < 2 ? PV_OK : PV_EUSAGE);
            }
        }
    }
    memset(text, 'x', sizeof text);
    text[PV_TEXT] = 0;
    assert_set("data", text, PV_EUSAGE);
    text[PV_TEXT - 1] = 0;
    assert_set("data", text, PV_OK);
}

static void snapshots_are_limited(void **state)
{
    (void)state;
    static char text[PV_MAX_SNAPSHOTS * 8] = "snapshots: [0";
    pv_config config;
    for (int i = 1; i < PV_MAX_SNAPSHOTS; i++) sprintf(text + strlen(text), ",%d", i);
    strcat(text, "]");
    assert_int_equal(load(&config, text), PV_OK);
    assert_int_equal(config.snapshots.count, PV_MAX_SNAPSHOTS);
    pv_config_clear(&config);
    text[strlen(text) - 1] = 0;
    strcat(text, ",9999]");
    assert_int_equal(load(&config, text), PV_EUSAGE);
    assert_non_null(strstr(pv_error(), "snapshots must hold at most 4096 numbers"));
}

static void differences_are_named(void **state)
{
    (void)state;
    static const struct {
        const char *set, *want;
    } cases[] = {{"seed=1", "seed"},       {"data=x", "data"},     {"kernel=4", "kernel"},
                 {"epsilon=0", "epsilon"}, {"beta=5", "beta"},     {"order=epochs", "order"},
                 {"beta=auto", NULL},      {"steps=5", NULL},      {"threads=2", NULL},
                 {"device=cpu", NULL},     {"log_every=1", NULL},  {"checkpoint_every=1", NULL},
                 {"snapshots=1", NULL},    {"examples=50", NULL},  {"evaluation_seed=3", NULL},
                 {"bins=5", NULL},         {"mean_error=0", NULL}, {"latents=3", "latents"}};
    pv_config base, other;
    assert_int_equal(pv_config_init(&base), PV_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(set(&other, cases[i].set), PV_OK);
        const char *got = pv_config_difference(&base, &other);
        if (cases[i].want)
            assert_string_equal(got, cases[i].want);
        else
            assert_null(got);
        pv_config_clear(&other);
    }
    pv_config_clear(&base);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_those_of_the_table),
        cmocka_unit_test(files_and_arguments_are_taken),
        cmocka_unit_test(mistakes_are_explained),
        cmocka_unit_test(files_that_cannot_be_read),
        cmocka_unit_test(ranges_are_inclusive),
        cmocka_unit_test(snapshots_are_limited),
        cmocka_unit_test(differences_are_named),
    };
    return cmocka_run_group_tests(tests, make_config_directory, remove_config_directory);
}
