/* test_report.c -- what a report makes of runs: which belong together, averages, what is missing or
 * damaged, and names that mean something to HTML, CSV and shells. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "report/page.h"
#include "report/study.h"
#include "report_runs.h"

#define OK(call)                                                                                   \
    do {                                                                                           \
        if ((call) != PV_OK) fail_msg("%s: %s", #call, pv_error());                                \
    } while (0)

static pv_study study;

static void open_study(void) { OK(pv_study_open(&study, runs_directory, 1)); }

static void assert_near(double value, double wanted)
{
    if (!(fabs(value - wanted) <= 1e-12 * (1 + fabs(wanted))))
        fail_msg("%.17g is not %.17g", value, wanted);
}

/* ---- which runs belong together ---- */

static void runs_become_methods_strengths_and_seeds(void **state)
{
    (void)state;
    put_run("c", "objective: factor_vae\ngamma: 30", 0, "1", 0);
    put_run("a1", "objective: beta_vae\nbeta: 16\nseed: 1", 1, "1", 0);
    put_run("a0", "objective: beta_vae\nbeta: 16\nseed: 0", 1, "1", 0);
    put_run("z", "objective: beta_vae\nbeta: 2", 1, "1", 0);
    put_run("d", "objective: beta_vae\nbeta: 2\ndata: dir/other.h5", 1, "1", 0);
    open_study();
    assert_int_equal(study.used, 5);
    assert_int_equal(study.methods, 3);
    assert_int_equal(study.datas, 2);
    assert_string_equal(study.data[0], "other");
    assert_string_equal(study.data[1], "dsprites");
    assert_string_equal(study.method[1].title, "β-VAE");
    assert_string_equal(study.method[2].title, "FactorVAE");
    const pv_report_point *p = &study.point[study.method[1].first];
    assert_int_equal(study.method[1].count, 2);
    assert_near(p[0].strength, 2);
    assert_int_equal(p[0].count, 1);
    assert_near(p[1].strength, 16);
    assert_int_equal(p[1].count, 2);
    assert_string_equal(study.run[p[1].first].name, "a0");
    assert_string_equal(study.run[p[1].first + 1].name, "a1");
    pv_study_close(&study);
}

static void what_else_differs_makes_methods_of_its_own(void **state)
{
    (void)state;
    put_run("a", "beta: 2\nlearning_rate: 0.001", 0, "1", 0);
    put_run("b", "beta: 2\nlearning_rate: 0.01", 0, "1", 0);
    put_run("c", "beta: 4\nlearning_rate: 0.001\nthreads: 3\nlog_every: 7", 0, "1", 0);
    put_run("d", "beta: 4\nlearning_rate: 0.001\nsteps: 5", 0, "1", 0);
    open_study();
    assert_int_equal(study.methods, 3);
    assert_string_equal(study.method[0].title, "β-VAE, learning_rate 0.001, steps 5");
    assert_string_equal(study.method[1].title, "β-VAE, learning_rate 0.001, steps 300000");
    assert_int_equal(study.method[1].count, 2);
    pv_study_close(&study);
}

static void the_axis_is_the_key_that_varies(void **state)
{
    (void)state;
    put_run("a", "objective: annealed_vae\nc_max: 25\ngamma: 10", 0, "1", 0);
    put_run("b", "objective: annealed_vae\nc_max: 25\ngamma: 1000", 0, "1", 0);
    open_study();
    assert_int_equal(study.methods, 1);
    assert_int_equal(study.points, 2);
    assert_near(study.point[1].strength, 1000);
    pv_study_close(&study);
    put_run("c", "objective: annealed_vae\nc_max: 5\ngamma: 10", 0, "1", 0);
    open_study(); /* now the one that studies vary does */
    assert_int_equal(study.methods, 2);
    assert_string_equal(study.method[0].title, "AnnealedVAE, gamma 10");
    assert_near(study.point[0].strength, 5);
    assert_near(study.point[1].strength, 25);
    pv_study_close(&study);
}

static void copies_and_pruned_models_do_not_count(void **state)
{
    (void)state;
    put_run("a", "beta: 2", 0, "1", 0);
    put_run("b", "beta: 2\nthreads: 2", 0, "3", 0);
    put_run("p", "beta: 3", 0, "3", 0);
    put_file("p", "pruning.json", "{}");
    open_study();
    assert_int_equal(study.used, 1);
    assert_int_equal(study.outcome[PV_REPORT_LEFT_OUT], 2);
    assert_string_equal(study.run[1].note, "the same model as a");
    assert_string_equal(study.run[2].note, "a pruned copy of a model");
    pv_study_close(&study);
}

/* ---- averages ---- */

static void averages_are_those_of_a_sample(void **state)
{
    (void)state;
    const double value[] = {1, NAN, 2, 6};
    pv_average a = pv_average_of(value, 4);
    assert_int_equal(a.count, 3);
    assert_near(a.mean, 3);
    assert_near(a.deviation, sqrt(7)); /* (4 + 1 + 9) / 2 */
    a = pv_average_of(value, 2);
    assert_near(a.mean, 1);
    assert_true(isnan(a.deviation));
    a = pv_average_of(value + 1, 1);
    assert_int_equal(a.count, 0);
    assert_true(isnan(a.mean) && isnan(a.deviation));
}

static int measure_named(const char *name)
{
    for (int i = 0; i < study.ordered; i++)
        if (strcmp(study.measures.at[study.order[i]].name, name) == 0) return study.order[i];
    fail_msg("no measure %s", name);
    return -1;
}

static void averages_are_over_seeds_that_have_the_value(void **state)
{
    (void)state;
    put_run("a", "seed: 0", 2, "1", 0.5);
    put_run("b", "seed: 1", 1, "null", 0.25);
    put_run("c", "seed: 2", 0, "4", 0.75);
    open_study();
    const pv_report_point *p = study.point;
    assert_int_equal(study.points, 1);
    pv_average a = pv_point_average(&study, p, PV_TC, PV_MEAN_CODES, 0);
    assert_int_equal(a.count, 2);
    assert_near(a.mean, 2.5);
    assert_near(a.deviation, 1.5 * sqrt(2));
    a = pv_point_number(&study, p, pv_run_passive);
    assert_near(a.mean, 1);
    assert_near(a.deviation, 1);
    a = pv_point_average(&study, p, measure_named("mig"), PV_MEAN_CODES, 0);
    assert_near(a.mean, 0.5);
    assert_near(a.deviation, 0.25);
    assert_int_equal(pv_point_average(&study, p, measure_named("mig"), PV_SAMPLED_CODES, 0).count,
                     0);
    assert_near(pv_report_value(study.run, measure_named("downstream_trees_1000"), 0, 1), 0.5);
    assert_near(pv_report_value(study.run, measure_named("downstream_logistic_100"), 0, 0), 0.75);
    /* active+mixed is no set of a model without mixed variables; the first has 2 passive ones */
    assert_near(study.run[0].size[0], 4);
    assert_near(study.run[0].size[3], 2);
    assert_near(study.run[0].size[4], 0);
    assert_near(study.run[2].size[5], 0);
    pv_study_close(&study);
}

/* ---- what is not finished, and what is damaged ---- */

static void what_became_of_runs_is_told(void **state)
{
    (void)state;
    put_run("used", "beta: 2", 0, "1", 0);
    put_run("running", "beta: 3", 0, "1", 0);
    put_state("running", "running");
    put_run("bare", "beta: 4", 0, "1", 0);
    char path[1024];
    snprintf(path, sizeof path, "%s/bare/evaluation.json", runs_directory);
    assert_int_equal(unlink(path), 0);
    put_file("begun", "config.yaml", "beta: 5\n");
    put_file("failed", "status.json", "{\"state\": \"failed\", \"error\": \"no such data\"}");
    put_file("notes", "text", "not a run");
    open_study();
    assert_int_equal(study.runs, 5);
    assert_int_equal(study.outcome[PV_REPORT_USED], 1);
    assert_int_equal(study.outcome[PV_REPORT_UNEVALUATED], 1);
    assert_int_equal(study.outcome[PV_REPORT_UNFINISHED], 2);
    assert_int_equal(study.outcome[PV_REPORT_FAILED], 1);
    for (size_t i = 0; i < study.runs; i++)
        if (study.run[i].outcome == PV_REPORT_FAILED)
            assert_string_equal(study.run[i].note, "no such data");
    pv_study_close(&study);
}

static void damaged_files_are_named(void **state)
{
    static const struct {
        const char *file, *text, *why;
    } damage[] = {
        {"evaluation.json", "", "evaluation.json:1: not valid JSON"},
        {"evaluation.json", "{\"examples\": 5, \"counts\": {\"act", "not valid JSON"},
        {"evaluation.json", "[1]", "does not hold a JSON object"},
        {"evaluation.json", "{\"counts\": {\"active\": 1}}", "no number of mixed variables"},
        {"evaluation.json", "{\"counts\": {\"active\": \"1\"}}", "active must be a number"},
        {"evaluation.json",
         "{\"counts\": {\"active\": 1, \"mixed\": 0, \"passive\": 0}, \"representations\": "
         "{\"mean\": 3}}",
         "representations.mean must be an object"},
        {"evaluation.json",
         "{\"counts\": {\"active\": 1, \"mixed\": 0, \"passive\": 0}, \"representations\": "
         "{\"mean\": "
         "{\"all\": {\"total_correlation\": [1]}}}}",
         "total_correlation must be a number"},
        {"config.yaml", "beta: [", "config.yaml:"},
        {"config.yaml", "bata: 3\n", "unknown key 'bata'"},
        {"status.json", "{\"state\": \"odd\"}", "unknown state 'odd'"},
    };
    (void)state;
    put_run("good", "beta: 2", 0, "1", 0);
    for (size_t i = 0; i < sizeof damage / sizeof *damage; i++) {
        put_run("bad", "beta: 3", 0, "1", 0);
        put_file("bad", damage[i].file, "%s", damage[i].text);
        open_study();
        assert_int_equal(study.used, 1);
        assert_int_equal(study.run[1].outcome, PV_REPORT_DAMAGED);
        if (!strstr(study.run[1].note, damage[i].why) || !strstr(study.run[1].note, "bad/"))
            fail_msg("%s: '%s' in '%s'", damage[i].text, damage[i].why, study.run[1].note);
        pv_study_close(&study);
    }
}

static void models_that_cannot_be_drawn_are_named(void **state)
{
    pv_report_model m;
    (void)state;
    put_run("a", "beta: 2", 0, "1", 0);
    OK(pv_report_model_read(&m, runs_directory, "a"));
    assert_int_equal(m.latents, 2);
    assert_near(m.matrix[0][PV_MEAN_CODES][1], -0.5);
    assert_null(m.matrix[1][PV_MEAN_CODES]);
    assert_null(m.histogram[0]);
    pv_report_model_clear(&m);
    put_file("a", "evaluation.json",
             "{\"variables\": [{\"type\": \"active\"}], \"representations\": {\"mean\": "
             "{\"correlation\": [[1, 2], [3, 4]]}}}");
    assert_int_equal(pv_report_model_read(&m, runs_directory, "a"), PV_EDATA);
    assert_non_null(strstr(pv_error(), "correlation must be 1 by 1 numbers"));
    put_file(
        "a", "evaluation.json",
        "{\"variables\": [{\"type\": \"active\", \"histograms\": {\"mean\": {\"count\": [1]}}}]}");
    assert_int_equal(pv_report_model_read(&m, runs_directory, "a"), PV_EDATA);
    put_file("a", "evaluation.json", "{\"variables\": [{\"type\": \"odd\"}]}");
    assert_int_equal(pv_report_model_read(&m, runs_directory, "a"), PV_EDATA);
}

static void snapshots_are_read_by_step_and_pair(void **state)
{
    pv_report_model m;
    (void)state;
    put_run("a", "beta: 2", 0, "1", 0);
    put_file(
        "a", "snapshots.csv",
        "step,variable_a,variable_b,type_a,type_b,covariance,correlation\n"
        "10,0,0,active,active,2,1\n10,0,1,active,passive,0.5,0.25\n10,1,1,passive,passive,1,1\n"
        "20,0,1,active,passive,,nan\nhalf a li");
    OK(pv_report_model_read(&m, runs_directory, "a"));
    assert_int_equal(m.steps, 2);
    assert_int_equal(m.pairs, 1);
    assert_near(m.step[1], 20);
    assert_near(m.over_time[0][0], 0.25);
    assert_near(m.over_time[1][0], 0.5);
    assert_true(isnan(m.over_time[0][1]) && isnan(m.over_time[1][1]));
    pv_report_model_clear(&m);
}

/* ---- the files ---- */

static char *report_text(const char *name)
{
    char path[1024], *text;
    snprintf(path, sizeof path, "%s/%s", runs_directory, name);
    OK(pv_read_text(&text, NULL, path));
    return text;
}

static void write_report(pv_report_result *result)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/r.html", runs_directory);
    OK(pv_report_write(result, &(pv_report_options){runs_directory, path, 1}));
}

static void assert_holds(const char *text, const char *wanted)
{
    if (!strstr(text, wanted)) fail_msg("not there: %s", wanted);
}

static void hostile_names_are_escaped(void **state)
{
    static const char name[] = "<b>&\"it's\", $(x)";
    pv_report_result result;
    (void)state;
    put_run(name, "beta: 2\ndata: 'x<i>\"&.h5'", 1, "1", 0);
    put_run("beta=3", "beta: 3\ndata: 'x<i>\"&.h5'", 1, "1", 0);
    put_file("\xff", "status.json",
             "{\"state\": \"failed\", \"error\": \"<script>alert(1)</script>\"}");
    write_report(&result);
    assert_int_equal(result.outcome[PV_REPORT_USED], 2);
    char *page = report_text("r.html"), *table = report_text("r.csv");
    assert_null(strstr(page, "<b>&"));
    assert_null(strstr(page, "<script"));
    assert_null(strstr(page, "<i>\""));
    assert_holds(page, "&lt;script&gt;alert(1)&lt;/script&gt;");
    assert_holds(page, "<h2>x&lt;i&gt;&quot;&amp;</h2>");
    assert_holds(page, "--out '&lt;b&gt;&amp;&quot;it'\\''s&quot;, $(x)'<br>");
    assert_holds(page, "polarvae evaluate ./beta=3<");
    assert_holds(page, "\xef\xbf\xbd</code>");
    assert_holds(table,
                 "\"<b>&\"\"it's\"\", $(x)\",evaluated,\"x<i>\"\"&.h5\",beta_vae,beta,2,0,4,");
    free(page);
    free(table);
}

/* Every line of a table has as many fields, quoted ones counted as one. */
static void assert_rectangular(const char *text, size_t lines)
{
    size_t first = 0, fields = 1, found = 0;
    int quoted = 0;
    for (; *text; text++) {
        if (*text == '"') quoted = !quoted;
        if (*text == ',' && !quoted) fields++;
        if (*text != '\n' || quoted) continue;
        assert_int_equal(text[-1], '\r');
        if (!found++) first = fields;
        assert_int_equal(fields, first);
        fields = 1;
    }
    assert_int_equal(found, lines);
}

static void the_table_has_a_row_for_each_set_of_variables(void **state)
{
    pv_report_result result;
    (void)state;
    put_run("a", "beta: 2", 2, "1.5", 0.5);
    put_run("b", "beta: 4", 0, "null", 0.5);
    put_file("odd, \"run\"", "status.json", "{\"state\": \"failed\", \"error\": \"a, b\"}");
    write_report(&result);
    char *table = report_text("r.csv");
    /* all, active, passive, active+passive; all, active; of mean and sampled */
    assert_rectangular(table, 1 + 2 * 4 + 2 * 2 + 1);
    assert_holds(
        table,
        "a,evaluated,dsprites,beta_vae,beta,2,0,4,300000,500,2,0,2,10,2,-12,mean,all,4,1.5,0.5");
    assert_holds(
        table,
        "b,evaluated,dsprites,beta_vae,beta,4,0,4,300000,500,2,0,0,10,2,-12,mean,all,2,,0.5");
    assert_holds(table, "\"odd, \"\"run\"\"\",failed,");
    assert_holds(table, "\"a, b\"\r\n");
    free(table);
}

static void the_page_stands_alone(void **state)
{
    pv_report_result result;
    char page_name[1024];
    (void)state;
    put_run("a", "beta: 2", 2, "1.5", 0.5);
    put_run("b", "beta: 4", 1, "2.5", 0.5);
    write_report(&result);
    char *page = report_text("r.html");
    size_t pictures = 0;
    for (const char *at = page; (at = strstr(at, "<svg ")); at++) pictures++;
    assert_int_equal(pictures, result.figures);
    assert_true(pictures > 5);
    assert_null(strstr(page, "http://"));
    assert_null(strstr(page, "https://"));
    assert_null(strstr(page, "gnuplot_plot"));
    assert_null(strstr(page, "rgb("));
    assert_null(strchr(page, 1));
    assert_holds(page, "var(--passive)");
    free(page);
    snprintf(page_name, sizeof page_name, "%s/r.htm", runs_directory);
    assert_int_equal(pv_report_write(&result, &(pv_report_options){runs_directory, page_name, 1}),
                     PV_EUSAGE);
}

static void pictures_that_are_not_there_are_missed(void **state)
{
    (void)state;
    const char *const broken[] = {
        "", "text", "<svg viewBox=\"0 0 1 1\">", "<svg><g a=>", "<svg a='", "<svg><title>x</svg>"};
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        const char *from = broken[i];
        char *text;
        size_t size;
        FILE *to = open_memstream(&text, &size);
        assert_int_equal(pv_svg_embed(to, &from, "x", 1), PV_EDATA);
        assert_ptr_equal(from, broken[i]);
        fclose(to);
        assert_int_equal(size, 0);
        free(text);
    }
}

static void pictures_lose_what_pages_do_not_need(void **state)
{
    (void)state;
    const char *from = "<?xml?><svg viewBox='0 0 9 9'><title>T</title><defs><g id='a'/></defs>"
                       "<rect fill='white'/><g id='p' fill='none'><g color='black'></g>"
                       "<path stroke='rgb(  0, 114, 178)' d='M0 0'/></g>"
                       "<use xlink:href='#gpPt6' color='#d55e00'/></svg>rest";
    char *text;
    size_t size;
    FILE *to = open_memstream(&text, &size);
    OK(pv_svg_embed(to, &from, "a label", 7));
    fclose(to);
    assert_string_equal(text, "<svg role=\"img\" viewBox=\"0 0 9 9\" aria-label=\"a label\">"
                              "<path stroke=\"var(--mean)\" d=\"M0 0\"/>"
                              "<g color=\"var(--sampled)\"><circle fill=\"currentColor\" "
                              "stroke=\"none\" r=\"1\"/></g></svg>");
    assert_string_equal(from, "rest");
    free(text);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, make_runs, remove_runs)
    const struct CMUnitTest tests[] = {
        T(runs_become_methods_strengths_and_seeds),
        T(what_else_differs_makes_methods_of_its_own),
        T(the_axis_is_the_key_that_varies),
        T(copies_and_pruned_models_do_not_count),
        T(averages_are_those_of_a_sample),
        T(averages_are_over_seeds_that_have_the_value),
        T(what_became_of_runs_is_told),
        T(damaged_files_are_named),
        T(models_that_cannot_be_drawn_are_named),
        T(snapshots_are_read_by_step_and_pair),
        T(hostile_names_are_escaped),
        T(the_table_has_a_row_for_each_set_of_variables),
        T(the_page_stands_alone),
        T(pictures_that_are_not_there_are_missed),
        T(pictures_lose_what_pages_do_not_need),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
