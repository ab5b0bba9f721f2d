/* tables.c -- the numbers behind the figures: averages by strength, and how models ended. */
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "report/page.h"

/* ---- one row for each method ---- */

static void put_ends(pv_page *page, const pv_average ends[2], int digits)
{
    pv_put(page, "<td>");
    pv_put_number(page, ends[0].mean, digits);
    pv_put(page, " &rarr; ");
    pv_put_number(page, ends[1].mean, digits);
}

static void overview_row(pv_page *page, const pv_study *s, size_t method)
{
    const pv_report_method *m = &s->method[method];
    const pv_report_point *end[2] = {&s->point[m->first], &s->point[m->first + m->count - 1]};
    const pv_report_run *run = &s->run[end[0]->first];
    const int codes[][2] = {{PV_TC, PV_MEAN_CODES},
                            {PV_TC, PV_SAMPLED_CODES},
                            {PV_MI, PV_MEAN_CODES},
                            {PV_MI, PV_SAMPLED_CODES}};
    pv_average a[2];
    char text[2][32];
    size_t models = 0;
    for (size_t i = 0; i < m->count; i++) models += end[0][i].count;
    for (int e = 0; e < 2; e++) pv_number_text(text[e], end[e]->strength);
    pv_put(page, "<tr><th scope=row><a href=\"#m%zu\">", method);
    pv_put_text(page, m->title);
    pv_put(page, "</a>");
    pv_put(page, "<td class=text>");
    pv_put_text(page, s->data[m->data]);
    pv_put(page, "<td>%zu<td>%s %s", models, run->objective->keys[run->strength].name, text[0]);
    if (m->count > 1) pv_put(page, " &rarr; %s", text[1]);
    for (int e = 0; e < 2; e++) a[e] = pv_point_number(s, end[e], pv_run_passive);
    put_ends(page, a, 1);
    for (size_t k = 0; k < sizeof codes / sizeof *codes; k++) {
        for (int e = 0; e < 2; e++) a[e] = pv_point_average(s, end[e], codes[k][0], codes[k][1], 0);
        put_ends(page, a, -1);
    }
    pv_put(page, "\n");
}

void pv_put_overview(pv_page *page, const pv_study *study)
{
    pv_put(page,
           "<div class=table><table><caption>Averages over seeds at the weakest and the "
           "strongest regularisation; total correlation (TC) and mutual information (MI) of "
           "all variables, in nats.</caption>\n<thead><tr><th>method<th class=text>data<th>models"
           "<th>strength<th>passive<th>TC mean<th>TC sampled<th>MI mean<th>MI sampled"
           "<tbody>\n");
    for (size_t m = 0; m < study->methods; m++) overview_row(page, study, m);
    pv_put(page, "</table></div>\n");
}

/* ---- one column for each strength ---- */

static void heading(pv_page *page, const pv_study *s, const pv_report_method *m, const char *rows)
{
    const pv_report_run *run = &s->run[s->point[m->first].first];
    pv_put(page, "<div class=table><table><thead><tr><th>%s", rows);
    for (size_t i = 0; i < m->count; i++) {
        char text[32];
        pv_number_text(text, s->point[m->first + i].strength);
        pv_put(page, "<th>%s %s", run->objective->keys[run->strength].name, text);
    }
    pv_put(page, "<tbody>\n");
}

static void number_row(pv_page *page, const pv_study *s, const pv_report_method *m,
                       const char *title, pv_run_number *number, int digits)
{
    pv_put(page, "<tr><th scope=row>%s<td>", title);
    for (size_t i = 0; i < m->count; i++) {
        pv_put(page, "<td>");
        pv_put_average(page, pv_point_number(s, &s->point[m->first + i], number), digits);
    }
    pv_put(page, "\n");
}

static double models_of(const pv_report_run *run) { return isnan(run->count[0]) ? NAN : 1; }
static double loss_of(const pv_report_run *run) { return run->loss; }
static double kl_of(const pv_report_run *run) { return run->kl; }

/* Both codes; nothing where no model has the value. */
static void measure_rows(pv_page *page, const pv_study *s, const pv_report_method *m, int measure,
                         int subset, const char *title)
{
    for (int c = 0; c < PV_CODES; c++) {
        size_t values = 0;
        for (size_t i = 0; i < m->count; i++)
            values += pv_point_average(s, &s->point[m->first + i], measure, c, subset).count;
        if (!values) continue;
        pv_put(page, "<tr%s><th scope=row>%s<td style=\"color:var(--%s)\">%s",
               c ? "" : " class=first", c ? "" : title, pv_codes_name[c], pv_codes_name[c]);
        for (size_t i = 0; i < m->count; i++) {
            pv_put(page, "<td>");
            pv_put_average(page, pv_point_average(s, &s->point[m->first + i], measure, c, subset),
                           -1);
        }
        pv_put(page, "\n");
    }
}

static void all_variables(pv_page *page, const pv_study *s, const pv_report_method *m)
{
    heading(page, s, m, "all variables<th>codes");
    pv_put(page, "<tr><th scope=row>Models<td>");
    for (size_t i = 0; i < m->count; i++)
        pv_put(page, "<td>%zu", pv_point_number(s, &s->point[m->first + i], models_of).count);
    pv_put(page, "\n");
    number_row(page, s, m, "Active variables", pv_run_active, 1);
    number_row(page, s, m, "Mixed variables", pv_run_mixed, 1);
    number_row(page, s, m, "Passive variables", pv_run_passive, 1);
    number_row(page, s, m, "Reconstruction loss, nats", loss_of, 2);
    number_row(page, s, m, "KL divergence, nats", kl_of, 2);
    number_row(page, s, m, "ELBO, nats", pv_run_elbo, 2);
    for (int i = 0; i < s->ordered; i++)
        measure_rows(page, s, m, s->order[i], 0, s->measures.at[s->order[i]].title);
    pv_put(page, "</table></div>\n");
}

static int has_subset(const pv_study *s, const pv_report_method *m, int subset)
{
    for (size_t i = 0; i < m->count; i++) {
        const pv_report_point *p = &s->point[m->first + i];
        for (size_t r = p->first; r < p->first + p->count; r++)
            if (s->run[r].size[subset] > 0) return 1;
    }
    return 0;
}

void pv_put_method_tables(pv_page *page, const pv_study *study, const pv_report_method *method)
{
    pv_put(page, "<h4>Numbers</h4>\n<p class=soft>Averages over seeds &plusmn; standard deviation "
                 "(of a sample).</p>\n");
    all_variables(page, study, method);
    pv_put(page, "<details><summary>The same for sets of variables</summary>\n");
    for (int u = 1; u < PV_SUBSETS; u++) {
        if (!has_subset(study, method, u)) continue;
        char rows[64];
        snprintf(rows, sizeof rows, "%s variables<th>codes", pv_subset_name[u]);
        heading(page, study, method, rows);
        for (int i = 0; i < study->ordered; i++)
            measure_rows(page, study, method, study->order[i], u,
                         study->measures.at[study->order[i]].title);
        pv_put(page, "</table></div>\n");
    }
    pv_put(page, "</details>\n");
}

/* ---- runs that are in no figure ---- */

static const char *const outcome_name[] = {
#define X(name, text) [PV_REPORT_##name] = text,
    PV_REPORT_OUTCOMES(X)
#undef X
};

static void put_note(pv_page *page, const pv_report_run *run)
{
    static const char *const state[] = {[PV_RUN_NONE] = "not begun",
#define X(name, text) [PV_RUN_##name] = text,
                                        PV_RUN_STATES(X)
#undef X
    };
    if (run->note)
        pv_put_text(page, run->note);
    else if (run->outcome == PV_REPORT_UNFINISHED)
        pv_put(page, "%s, %llu of %llu steps", state[run->status.state],
               (unsigned long long)run->status.step, (unsigned long long)run->status.steps);
    else
        pv_put(page, "run: polarvae evaluate");
}

void pv_put_not_used(pv_page *page, const pv_study *study)
{
    enum { MOST = 300 };
    const size_t count = study->runs - study->used;
    const size_t wrong = study->outcome[PV_REPORT_FAILED] + study->outcome[PV_REPORT_DAMAGED];
    size_t told = 0;
    if (!count) return;
    pv_put(page, "<h2 id=others>Not in the figures</h2>\n<details%s><summary>%zu run%s</summary>\n",
           wrong || count <= 20 ? " open" : "", count, count == 1 ? "" : "s");
    pv_put(page, "<div class=table><table><thead><tr><th>run<th>state<th class=text>why<tbody>\n");
    for (int o = PV_REPORT_FAILED, n = 0; n < PV_REPORT_OUTCOME_COUNT; n++) {
        for (size_t i = study->used; i < study->runs; i++) {
            const pv_report_run *run = &study->run[i];
            if (run->outcome != (pv_report_outcome)o || told == MOST) continue;
            told++;
            pv_put(page, "<tr><th scope=row><code>");
            pv_put_text(page, run->name);
            pv_put(page, "</code><td>%s<td class=text>", outcome_name[o]);
            put_note(page, run);
            pv_put(page, "\n");
        }
        o = (o + 1) % PV_REPORT_OUTCOME_COUNT;
    }
    pv_put(page, "</table></div>\n");
    if (told < count)
        pv_put(page, "<p>The first %zu are told; all are in the CSV file.</p>\n", told);
    pv_put(page, "</details>\n");
}
