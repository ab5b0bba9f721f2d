/* test_config_objective.c -- keys that only some objectives read, with two made-up ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "base/base.h"
#include "base/config_table.h"

static const pv_objective plain = {
    .name = "plain",
    .keys = (const pv_objective_key[]){{"beta", 0, 1e6, 1, "weight", NULL}, {0}},
};
static const pv_objective rising = {
    .name = "rising",
    .keys = (const pv_objective_key[]){{"gamma", 0, 100, 1000.0 / 16, "slope", NULL},
                                       {"beta", 2, 8, 3, "start", NULL},
                                       {"capacity", 0, 50, 25, "end", NULL},
                                       {0}},
};
static const char *const ways[] = {"up", "down", "round", NULL};
static const pv_objective worded = {
    .name = "worded",
    .keys = (const pv_objective_key[]){{"way", 0, 2, 1, "where to", ways}, {0}},
};
static const pv_objective bare = {.name = "bare", .keys = (const pv_objective_key[]){{0}}};
static const pv_objective *const all[] = {&plain, &rising, &worded, &bare, NULL};

/* "key=value key=value" for an objective. */
static pv_status resolve(pv_config *config, const char *objective, const char *assignments)
{
    pv_settings settings = {0};
    char text[200], *rest = text;
    strcpy(text, assignments);
    memset(config, 0, sizeof *config);
    memset(config->objective_value, 0xff, sizeof config->objective_value);
    strcpy(config->objective, objective);
    for (char *word; (word = strsep(&rest, " "));) {
        char *equals = strchr(word, '=');
        if (!equals) continue;
        *equals = 0;
        pv_setting setting = {.key = word, .value = equals + 1};
        assert_int_equal(pv_settings_add(&settings, &setting), PV_OK);
    }
    pv_status status = pv_config_resolve(config, all, &settings);
    pv_settings_clear(&settings);
    return status;
}

static void assert_values(const char *objective, const char *assignments, double a, double b,
                          double c)
{
    pv_config config;
    const double want[PV_OBJECTIVE_VALUES] = {a, b, c};
    assert_int_equal(resolve(&config, objective, assignments), PV_OK);
    assert_memory_equal(config.objective_value, want, sizeof want);
}

static void assert_refused(const char *objective, const char *assignments, const char *want)
{
    pv_config config;
    assert_int_equal(resolve(&config, objective, assignments), PV_EUSAGE);
    assert_string_equal(pv_error(), want);
}

static void auto_is_the_published_value(void **state)
{
    (void)state;
    assert_values("plain", "", 1, 0, 0);
    assert_values("rising", "", 62.5, 3, 25);
    assert_values("bare", "", 0, 0, 0);
    assert_values("rising", "beta=auto gamma=auto", 62.5, 3, 25);
    assert_values("plain", "beta=auto gamma=auto capacity=auto", 1, 0, 0);
}

static void values_go_where_the_objective_reads_them(void **state)
{
    (void)state;
    assert_values("plain", "beta=1e-1", 0.1, 0, 0);
    assert_values("rising", "capacity=50 beta=2", 62.5, 2, 50);
    assert_values("rising", "beta=5 beta=8", 62.5, 8, 25);
    assert_values("plain", "gamma=5 gamma=auto", 1, 0, 0);
}

static void choices_are_words(void **state)
{
    (void)state;
    assert_values("worded", "", 1, 0, 0);
    assert_values("worded", "way=round", 2, 0, 0);
    assert_values("worded", "way=up way=auto", 1, 0, 0);
    assert_refused("worded", "way=left",
                   "way=left: way must be one of up|down|round, or auto (worded: down)");
    assert_refused("worded", "way=2",
                   "way=2: way must be one of up|down|round, or auto (worded: down)");
}

static void unread_keys_are_refused(void **state)
{
    (void)state;
    assert_refused(
        "plain", "gamma=5",
        "gamma=5: objective plain does not read gamma; its keys are: beta (gamma is read "
        "by: rising)");
    assert_refused(
        "bare", "beta=5",
        "beta=5: objective bare does not read beta; its keys are: none (beta is read by: "
        "plain, rising)");
    assert_refused("plain", "beta=3 capacity=auto capacity=x",
                   "capacity=x: objective plain does not read capacity; its keys are: beta "
                   "(capacity is read by: rising)");
}

static void ranges_are_those_of_the_objective(void **state)
{
    (void)state;
    assert_values("rising", "beta=8", 62.5, 8, 25);
    assert_refused("rising", "beta=8.01",
                   "beta=8.01: beta must be between 2 and 8, or auto (rising: 3)");
    assert_values("plain", "beta=8.01", 8.01, 0, 0);
    assert_refused("plain", "beta=", "beta=: beta must be between 0 and 1e+06, or auto (plain: 1)");
    assert_refused("plan", "", "unknown objective 'plan'; there are: plain, rising, worded, bare");
}

static void keys_are_listed_once(void **state)
{
    (void)state;
    static const char *const want[] = {"beta", "gamma", "capacity", "way"};
    for (int i = 0; i < 4; i++) assert_string_equal(pv_config_objective_key(all, i), want[i]);
    assert_null(pv_config_objective_key(all, 4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(auto_is_the_published_value),
        cmocka_unit_test(values_go_where_the_objective_reads_them),
        cmocka_unit_test(choices_are_words),
        cmocka_unit_test(unread_keys_are_refused),
        cmocka_unit_test(ranges_are_those_of_the_objective),
        cmocka_unit_test(keys_are_listed_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
