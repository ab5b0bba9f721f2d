/* models_table.c -- every model: its numbers, and the commands that make it again. */
#include <string.h>

#include "base/text.h"
#include "report/page.h"

enum { MOST_ROWS = 400 };

/* Metrics that some model has, of all variables. */
static int is_shown(const pv_measure *m) { return m->kind == PV_METRIC && m->seen; }

static void headings(pv_page *page, const pv_study *s)
{
    pv_put(page, "<thead><tr><th>model<th>seed<th>active<th>mixed<th>passive<th>TC mean"
                 "<th>TC sampled<th>MI mean<th>MI sampled<th>ELBO");
    for (int i = 0; i < s->ordered; i++)
        if (is_shown(&s->measures.at[s->order[i]]))
            pv_put(page, "<th>%s", s->measures.at[s->order[i]].title);
    pv_put(page, "<th class=commands>commands<tbody>\n");
}

static void put_cell(pv_page *page, double value, int digits)
{
    pv_put(page, "<td>");
    pv_put_number(page, value, digits);
}

static void commands(pv_page *page, const pv_study *s, const pv_report_run *run)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s/config.yaml", s->directory, run->name);
    pv_put(page, "<td class=\"text commands\"><code>polarvae train ");
    pv_put_word(page, path);
    pv_put(page, " --out ");
    pv_put_word(page, run->name);
    pv_put(page, "<br>polarvae evaluate ");
    pv_put_word(page, run->name);
    pv_put(page, "</code>");
}

static void model_row(pv_page *page, const pv_study *s, const pv_report_run *run)
{
    pv_put(page, "<tr><th scope=row><code>");
    pv_put_text(page, run->name);
    pv_put(page, "</code><td>%lld", (long long)run->config.seed);
    for (int t = 0; t < PV_TYPES; t++) put_cell(page, run->count[t], 0);
    for (int measure = PV_TC; measure <= PV_MI; measure++)
        for (int c = 0; c < PV_CODES; c++) put_cell(page, pv_report_value(run, measure, c, 0), -1);
    put_cell(page, run->elbo, 2);
    for (int i = 0; i < s->ordered; i++)
        if (is_shown(&s->measures.at[s->order[i]]))
            put_cell(page, pv_report_value(run, s->order[i], PV_MEAN_CODES, 0), -1);
    commands(page, s, run);
    pv_put(page, "\n");
}

void pv_put_models(pv_page *page, const pv_study *study)
{
    const int all = study->used <= MOST_ROWS;
    size_t rows = 0;
    pv_put(page,
           "<h2 id=models>%s</h2>\n<details><summary>%zu models, with the commands that make "
           "them again</summary>\n",
           all ? "Every model" : "A model of every point", all ? study->used : study->points);
    pv_put(page,
           "<p class=soft>Metrics are those of mean codes. A run&rsquo;s <code>config.yaml</code> "
           "holds all that decides its bits; options that <code>evaluate</code> was given are "
           "not kept.%s</p>\n<div class=table><table>",
           all ? ""
               : " With so many models the table holds the first seed of every point; all are "
                 "in the CSV file.");
    headings(page, study);
    for (size_t p = 0; p < study->points; p++)
        for (size_t i = 0; i < (all ? study->point[p].count : 1) && rows < 4 * MOST_ROWS;
             i++, rows++)
            model_row(page, study, &study->run[study->point[p].first + i]);
    pv_put(page, "</table></div>\n</details>\n");
}
