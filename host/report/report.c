/* report.c -- many runs as one page, and its numbers beside it. */
#include "polarvae/report.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/base.h"
#include "base/text.h"
#include "polarvae/version.h"
#include "report/page.h"

/* Beyond this many points, models are drawn at the ends of a method's strengths only. */
enum { DRAWN_POINTS = 60, OPEN_METHODS = 12 };

static void put_tile(pv_page *page, size_t number, const char *what)
{
    pv_put(page, "<div><b>%zu</b>%s</div>", number, what);
}

static void put_links(pv_page *page)
{
    static const char *const other[][2] = {{".csv", "CSV"}, {".h5", "HDF5"}};
    const char *slash = strrchr(page->path, '/'), *name = slash ? slash + 1 : page->path;
    const int length = (int)(strlen(name) - strlen(".html"));
    char text[4096];
    pv_put(page, "<p>The same numbers: ");
    for (int i = 0; i < 2; i++) {
        snprintf(text, sizeof text, "%.*s%s", length, name, other[i][0]);
        pv_put(page, "%s%s, ", i ? "and " : "", other[i][1]);
        pv_put(page, "<code>");
        pv_put_text(page, text);
        pv_put(page, "</code>%s", i ? "" : " ");
    }
    pv_put(page, ", beside this file.</p>\n");
}

static void put_header(pv_page *page, const pv_study *s)
{
    char now[64];
    struct tm parts;
    const time_t seconds = time(NULL);
    gmtime_r(&seconds, &parts);
    strftime(now, sizeof now, "%Y-%m-%d %H:%M UTC", &parts);
    pv_put(page, "<header><h1>Mean against sampled representations</h1>\n<p class=soft><code>");
    pv_put_text(page, s->directory);
    pv_put(page, "</code> &middot; polarvae %s (%s) &middot; %s</p>\n<div class=tiles>", PV_VERSION,
           PV_COMMIT, now);
    put_tile(page, s->runs, s->runs == 1 ? "model" : "models");
    put_tile(page, s->outcome[PV_REPORT_USED], "trained and evaluated");
#define X(name, text)                                                                              \
    if (PV_REPORT_##name != PV_REPORT_USED && s->outcome[PV_REPORT_##name])                        \
        put_tile(page, s->outcome[PV_REPORT_##name], text);
    PV_REPORT_OUTCOMES(X)
#undef X
    pv_put(page, "</div>\n");
    pv_put(page,
           "<p>A variational autoencoder gives every image a <b>mean</b> and a <b>variance</b> for "
           "each latent variable; a <b>sampled</b> code is drawn from them. Regularisation makes "
           "some variables <b>passive</b>: their posterior is the prior, and they carry nothing. "
           "Others are <b>active</b>, or <b>mixed</b>: active for some images and passive for "
           "others. Shown is what passive variables do to mean and sampled codes "
           "(Bonheme &amp; Grzes, <i>Be More Active!</i>, arXiv 2109.12679).</p>\n");
    put_links(page);
    pv_put(page, "</header>\n");
}

static void put_contents(pv_page *page, const pv_study *s)
{
    pv_put(page, "<nav aria-label=Contents><ul>");
    for (size_t m = 0; m < s->methods; m++) {
        pv_put(page, "<li><a href=\"#m%zu\">", m);
        if (s->datas > 1) {
            pv_put_text(page, s->data[s->method[m].data]);
            pv_put(page, ": ");
        }
        pv_put_text(page, s->method[m].title);
        pv_put(page, "</a>");
    }
    if (s->used) pv_put(page, "<li><a href=\"#models\">models</a>");
    if (s->runs > s->used) pv_put(page, "<li><a href=\"#others\">not in the figures</a>");
    pv_put(page, "</ul></nav>\n");
}

/* What the models of a method share. */
static void put_method_header(pv_page *page, const pv_study *s, size_t method)
{
    const pv_report_method *m = &s->method[method];
    const pv_report_point *p = &s->point[m->first];
    const pv_report_run *run = &s->run[p->first];
    size_t least = p->count, most = p->count;
    char text[32];
    for (size_t i = 1; i < m->count; i++) {
        if (p[i].count < least) least = p[i].count;
        if (p[i].count > most) most = p[i].count;
    }
    if (method == 0 || s->method[method - 1].data != m->data) {
        pv_put(page, "<h2>");
        pv_put_text(page, s->data[m->data]);
        pv_put(page, "</h2>\n");
    }
    pv_put(page, "<section><h3 id=m%zu>", method);
    pv_put_text(page, m->title);
    pv_put(page, "</h3>\n<p class=soft>%s (", run->config.objective);
    pv_put_text(page, run->objective->source);
    pv_put(page, "); %s = ", run->objective->keys[run->strength].name);
    for (size_t i = 0; i < m->count; i++) {
        pv_number_text(text, p[i].strength);
        pv_put(page, "%s%s", i ? ", " : "", text);
    }
    pv_put(page, "; %zu", least);
    if (most > least) pv_put(page, " to %zu", most);
    pv_put(page, " seed%s each; %lld latent variables; %lld steps of %lld images.</p>\n",
           most == 1 ? "" : "s", (long long)run->config.latents, (long long)run->config.steps,
           (long long)run->config.batch);
}

/* The first seed of every strength, or of the ends. */
static pv_status put_drawn_models(pv_page *page, const pv_study *s, const pv_report_method *m)
{
    const int all = s->points <= DRAWN_POINTS;
    pv_put(page,
           "<h4>Single models</h4>\n<p class=soft>The first seed of %s; the strongest "
           "regularisation is unfolded.</p>\n",
           all ? "every strength" : "the weakest and of the strongest regularisation");
    for (size_t i = 0; i < m->count; i++)
        if (all || i == 0 || i + 1 == m->count)
            PV_TRY(pv_put_model_figures(page, s, &s->point[m->first + i], i + 1 == m->count));
    return PV_OK;
}

static pv_status put_method(pv_page *page, const pv_study *s, size_t method)
{
    const pv_report_method *m = &s->method[method];
    put_method_header(page, s, method);
    const int folded = s->methods > OPEN_METHODS;
    if (folded) pv_put(page, "<details><summary>Figures and tables</summary>\n");
    pv_put_strength_figures(page, s, m);
    pv_put_score_figures(page, s, m);
    pv_put_downstream_figures(page, s, m);
    PV_TRY(put_drawn_models(page, s, m));
    pv_put_method_tables(page, s, m);
    pv_put(page, "%s</section>\n", folded ? "</details>\n" : "");
    return pv_page_flush(page);
}

static pv_status write_page(pv_page *page, const pv_study *s, int quiet)
{
    pv_bar bar;
    put_header(page, s);
    put_contents(page, s);
    if (s->outcome[PV_REPORT_FAILED] + s->outcome[PV_REPORT_DAMAGED])
        pv_put(page,
               "<p class=alert>%zu failed and %zu damaged: <a href=\"#others\">why</a>.</p>\n",
               s->outcome[PV_REPORT_FAILED], s->outcome[PV_REPORT_DAMAGED]);
    if (s->used)
        pv_put_overview(page, s);
    else
        pv_put(page, "<p>No model is finished and evaluated yet: there is nothing to draw.</p>\n");
    PV_TRY(pv_page_flush(page));
    pv_bar_start(&bar, "drawing", 0, quiet);
    pv_status status = PV_OK;
    for (size_t m = 0; m < s->methods && status == PV_OK; m++) {
        status = put_method(page, s, m);
        if (status == PV_OK && pv_signal_came()) status = pv_fail(PV_ESTOPPED, "stopped");
        pv_bar_show(&bar, m + 1, s->methods, "");
    }
    pv_bar_end(&bar);
    if (status != PV_OK) return status;
    if (s->used) pv_put_models(page, s);
    pv_put_not_used(page, s);
    return pv_page_flush(page);
}

/* X.html, X.csv, X.h5 */
static pv_status find_paths(char out[3][4096], const char *path)
{
    static const char *const ending[3] = {".html", ".csv", ".h5"};
    char part[4096];
    const size_t length = strlen(path), size = strlen(ending[0]);
    if (length <= size || strcmp(path + length - size, ending[0]) != 0 ||
        path[length - size - 1] == '/')
        return pv_fail(PV_EUSAGE, "%.200s: the page's name must end in .html, as report.html",
                       path);
    if (length >= sizeof part) return pv_fail(PV_EUSAGE, "%.80s...: path too long", path);
    for (int i = 0; i < 3; i++) {
        snprintf(out[i], 4096, "%.*s%s", (int)(length - size), path, ending[i]);
        PV_TRY(pv_part_begin(part, out[i])); /* before work is done that could not be kept */
    }
    return PV_OK;
}

static pv_status write_report(pv_report_result *out, const pv_report_options *o)
{
    char path[3][4096];
    pv_study study;
    pv_page page = {0};
    PV_TRY(find_paths(path, o->path));
    PV_TRY(pv_study_open(&study, o->directory, o->quiet));
    pv_status status = pv_page_open(&page, path[0], "PolarVAE report");
    if (status == PV_OK) status = write_page(&page, &study, o->quiet);
    if (status == PV_OK) status = pv_report_csv_write(&study, path[1]);
    if (status == PV_OK) status = pv_report_hdf5_write(&study, path[2]);
    if (status == PV_OK) status = pv_page_commit(&page);
    *out =
        (pv_report_result){.runs = study.runs, .methods = study.methods, .figures = page.figures};
    memcpy(out->outcome, study.outcome, sizeof out->outcome);
    pv_page_close(&page);
    pv_study_close(&study);
    return status;
}

pv_status pv_report_write(pv_report_result *out, const pv_report_options *options)
{
    /* Numbers with decimal points in all of what is written, whatever the program's locale. */
    const locale_t plain = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    *out = (pv_report_result){0};
    if (!plain) return pv_fail(PV_ENOMEM, "out of memory: a locale");
    const locale_t before = uselocale(plain);
    const pv_status status = write_report(out, options);
    uselocale(before);
    freelocale(plain);
    return status;
}
