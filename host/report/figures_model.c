/* figures_model.c -- one model: how its codes are distributed, how they correlate, and how that
 * came about. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "report/page.h"

/* ---- histograms ---- */

/* $NAME: the outline of a histogram; the tallest bin is 1. */
static void outline(pv_page *page, const char *name, const pv_counts *h, int bins)
{
    double most = 1e-300;
    for (int b = 0; b < bins; b++)
        if (h->count[b] > most) most = h->count[b];
    fprintf(page->script, "$%s << END\n%.6g 0\n", name, h->low);
    for (int b = 0; b < bins; b++) {
        const double left = h->low + (h->high - h->low) * b / bins,
                     right = h->low + (h->high - h->low) * (b + 1) / bins,
                     height = isnan(h->count[b]) ? 0 : h->count[b] / most;
        fprintf(page->script, "%.6g %.4g\n%.6g %.4g\n", left, height, right, height);
    }
    fprintf(page->script, "%.6g 0\nEND\n", h->high);
}

static void widen(double range[2], const pv_counts *all, int count)
{
    for (int v = 0; v < count; v++) {
        if (all[v].low < range[0]) range[0] = all[v].low;
        if (all[v].high > range[1]) range[1] = all[v].high;
    }
}

static void histogram_cell(pv_page *page, const pv_report_model *m, int v, const double codes[2],
                           const double variance[2])
{
    const char *type = pv_type_name[m->type[v]];
    pv_put(page, "<div><h5>%d <span style=\"color:var(--%s)\">%s</span></h5>", m->index[v], type,
           type);
    pv_page_plot(page, 200, 200, "Histograms of mean, sampled and variance of variable %d, %s",
                 m->index[v], type);
    outline(page, "mean", &m->histogram[PV_SHAPE_MEAN][v], m->bins);
    outline(page, "sampled", &m->histogram[PV_SHAPE_SAMPLED][v], m->bins);
    outline(page, "variance", &m->histogram[PV_SHAPE_VARIANCE][v], m->bins);
    fprintf(page->script,
            "unset ytics\nunset grid\nset border 1 lc rgb '%s'\nset yrange [0:1.05]\n"
            "set multiplot\nset lmargin at screen 0.05\nset rmargin at screen 0.95\n"
            "set tmargin at screen 0.98\nset bmargin at screen 0.52\n"
            "set xrange [%.6g:%.6g]\nset xtics %.6g offset 0,0.3\n"
            "plot $mean with filledcurves y1=0 fs transparent solid 0.4 noborder lc rgb '%s', "
            "$mean with lines lw 1.5 lc rgb '%s', $sampled with lines lw 1.8 lc rgb '%s'\n",
            pv_colour("line"), codes[0], codes[1], pv_tics_of(codes[1] - codes[0]),
            pv_colour("mean"), pv_colour("mean"), pv_colour("sampled"));
    fprintf(page->script,
            "set tmargin at screen 0.38\nset bmargin at screen 0.12\n"
            "set xrange [%.6g:%.6g]\nset xtics %.6g\n"
            "plot $variance with filledcurves y1=0 fs transparent solid 0.3 noborder lc rgb '%s', "
            "$variance with lines lw 1.5 lc rgb '%s'\nunset multiplot\n",
            variance[0], variance[1], pv_tics_of(variance[1] - variance[0]), pv_colour("variance"),
            pv_colour("variance"));
}

static void histograms(pv_page *page, const pv_study *s, const pv_report_run *run,
                       const pv_report_model *m)
{
    double codes[2] = {-3, 3}, variance[2] = {-0.05, 1.2};
    (void)s;
    if (!m->histogram[PV_SHAPE_MEAN]) return;
    widen(codes, m->histogram[PV_SHAPE_MEAN], m->latents);
    widen(codes, m->histogram[PV_SHAPE_SAMPLED], m->latents);
    widen(variance, m->histogram[PV_SHAPE_VARIANCE], m->latents);
    pv_put(page, "<figure><h4>Distribution of each variable</h4>\n");
    pv_put_legend(page, (const char *const[][2]){{"mean", "mean"},
                                                 {"sampled", "sampled"},
                                                 {"variance", "variance (below)"},
                                                 {NULL, NULL}});
    pv_put(page, "<div class=cells>\n");
    for (int v = 0; v < m->latents; v++) {
        histogram_cell(page, m, v, codes, variance);
        pv_put(page, "</div>\n");
    }
    pv_put(
        page,
        "</div>\n<figcaption>%zu examples in %d bins over each variable&rsquo;s whole range; every "
        "histogram is scaled to its tallest bin.</figcaption></figure>\n",
        run->examples, m->bins);
}

/* ---- heat maps ---- */

static void heat_map(pv_page *page, const pv_report_model *m, int codes)
{
    const int d = m->latents, every = (d + 15) / 16;
    const double *r = m->matrix[0][codes];
    pv_put(page, "<div><h5>%s codes</h5>", pv_codes_name[codes]);
    pv_page_plot(page, 300, 300, "Correlation of the %s codes of every two variables",
                 pv_codes_name[codes]);
    fprintf(page->script, "$cells << END\n");
    for (int i = 0; i < d; i++)
        for (int j = 0; j < d; j++) {
            const double value = r[i * d + j], size = fmin(fabs(value), 1);
            const char *colour = pv_colour(value < 0 ? "negative" : "positive");
            if (isnan(value) || size < 0.01) continue;
            fprintf(page->script, "%d %d 0x%02x%s\n", j, i, (int)lround(255 * (1 - size)),
                    colour + 1);
        }
    fprintf(page->script, "-9 -9 0xff000000\nEND\n");
    for (int t = 0; t < PV_TYPES; t++) {
        fprintf(page->script, "$%s << END\n-9 -9\n", pv_type_name[t]);
        for (int i = 0; i < d; i++)
            if (m->type[i] == (pv_type)t) fprintf(page->script, "%d -0.95\n-0.95 %d\n", i, i);
        fprintf(page->script, "END\n");
    }
    fprintf(page->script,
            "set border 0\nunset grid\nset size square\nset xtics scale 0 offset 0,0.4 (");
    for (int i = 0; i < d; i += every)
        fprintf(page->script, "%s\"%d\" %d", i ? "," : "", m->index[i], i);
    fprintf(page->script, ")\nset ytics scale 0 offset 0.6,0 (");
    for (int i = 0; i < d; i += every)
        fprintf(page->script, "%s\"%d\" %d", i ? "," : "", m->index[i], i);
    fprintf(
        page->script,
        ")\nset xrange [-1.3:%g]\nset yrange [%g:-1.3]\nset lmargin 3\nset bmargin 1.6\nset "
        "tmargin 0.3\nset rmargin 0.5\n"
        "set object 1 rectangle from -0.5,-0.5 to %g,%g fs empty border lc rgb '%s' behind\n"
        "plot $cells using 1:2:(0.48):(0.48):3 with boxxyerror fs solid noborder lc rgb variable",
        d - 0.5, d - 0.5, d - 0.5, d - 0.5, pv_colour("line"));
    for (int t = 0; t < PV_TYPES; t++)
        fprintf(page->script,
                ", $%s using 1:2:($2<0?0.42:0.2):($2<0?0.2:0.42) with boxxyerror fs solid noborder "
                "lc rgb '%s'",
                pv_type_name[t], pv_colour(pv_type_name[t]));
    fprintf(page->script, "\n");
    pv_put(page, "</div>\n");
}

static const char *const types_legend[][2] = {
    {"active", "active"}, {"mixed", "mixed"}, {"passive", "passive"}, {NULL, NULL}};

static void heat_maps(pv_page *page, const pv_report_run *run, const pv_report_model *m)
{
    if (!m->matrix[0][PV_MEAN_CODES] || !m->matrix[0][PV_SAMPLED_CODES]) return;
    pv_put(page, "<figure><h4>Correlation of every two variables</h4>\n"
                 "<p class=legend><span>&minus;1 <i class=scale></i> 1</span></p>\n");
    pv_put_legend(page, types_legend);
    pv_put(page, "<div class=\"cells wide\">\n");
    for (int c = 0; c < PV_CODES; c++) heat_map(page, m, c);
    pv_put(page,
           "</div>\n<figcaption>Pearson&rsquo;s correlation over %zu examples; the strips beside a "
           "map tell the variables&rsquo; types.</figcaption></figure>\n",
           run->examples);
}

/* ---- over training ---- */

/* What a pair is drawn as: with a passive variable, else with a mixed one, else active. */
static pv_type type_of_pair(const pv_report_model *m, int pair)
{
    pv_type type = PV_ACTIVE;
    for (int side = 0; side < 2; side++)
        for (int v = 0; v < m->latents; v++)
            if (m->index[v] == m->pair[pair][side] && m->type[v] > type) type = m->type[v];
    return type;
}

/* Returns how many pairs are of a type; $NAME holds their lines, with at most STEPS steps each. */
static int lines_block(pv_page *page, const pv_report_model *m, int what, pv_type type)
{
    enum { STEPS = 100 };
    const size_t every = (m->steps + STEPS - 1) / STEPS;
    int count = 0;
    fprintf(page->script, "$%s << END\n", pv_type_name[type]);
    for (int p = 0; p < m->pairs; p++) {
        if (type_of_pair(m, p) != type) continue;
        if (count++) fputc('\n', page->script);
        for (size_t i = 0; i < m->steps; i++) {
            const double y = m->over_time[what][i * (size_t)m->pairs + (size_t)p];
            if ((m->steps - 1 - i) % every != 0) continue;
            if (isnan(y))
                fprintf(page->script, "%.9g NaN\n", m->step[i]);
            else
                fprintf(page->script, "%.9g %.4g\n", m->step[i], y);
        }
    }
    fputs("END\n", page->script);
    return count;
}

static void lines(pv_page *page, const pv_report_model *m, int what)
{
    static const char *const title[] = {"correlation", "covariance"};
    double low = 0, high = 1e-9;
    const char *comma = "";
    for (size_t i = 0; i < m->steps * (size_t)m->pairs; i++) {
        low = fmin(low, m->over_time[what][i]);
        high = fmax(high, m->over_time[what][i]);
    }
    pv_put(page, "<div><h5>%s</h5>", title[what]);
    pv_page_plot(page, 500, 280, "The %s of every pair of variables against the training step",
                 title[what]);
    int count[PV_TYPES];
    for (int t = 0; t < PV_TYPES; t++) count[t] = lines_block(page, m, what, (pv_type)t);
    if (what == 0) low = -1, high = 1;
    fprintf(page->script,
            "set lmargin 8\nset rmargin 3\nset tmargin 0.6\nset bmargin 3.2\nset xlabel 'step' "
            "offset 0,0.4\nset xrange [0:%.9g]\nset yrange [%.6g:%.6g]\nset xtics "
            "autofreq\nset format x '%%.0s%%c'\nplot ",
            m->step[m->steps - 1] > 0 ? m->step[m->steps - 1] : 1, 1.05 * low, 1.05 * high);
    for (int t = PV_TYPES - 1; t >= 0; t--) {
        if (!count[t]) continue;
        fprintf(page->script, "%s$%s with lines lw 1.2 lc rgb '%s'", comma, pv_type_name[t],
                pv_colour(pv_type_name[t]));
        comma = ", ";
    }
    fprintf(page->script, "\n");
    pv_put(page, "</div>\n");
}

static void development(pv_page *page, const pv_report_model *m)
{
    if (m->steps == 0 || m->pairs == 0) return;
    pv_put(page, "<figure><h4>Correlation and covariance over training</h4>\n");
    pv_put_legend(page, (const char *const[][2]){{"active", "pairs of active variables"},
                                                 {"mixed", "with a mixed one"},
                                                 {"passive", "with a passive one"},
                                                 {NULL, NULL}});
    pv_put(page, "<div class=pair>\n");
    for (int what = 0; what < 2; what++) lines(page, m, what);
    pv_put(page,
           "</div>\n<figcaption>A line for each of %d pairs of mean codes, from %zu snapshots of "
           "this model; colours are by the types at the end of training.</figcaption></figure>\n",
           m->pairs, m->steps);
}

/* ---- all of it ---- */

pv_status pv_put_model_figures(pv_page *page, const pv_study *study, const pv_report_point *point,
                               int open)
{
    const pv_report_run *run = &study->run[point->first];
    pv_report_model model;
    char value[32];
    const pv_status status = pv_report_model_read(&model, study->directory, run->name);
    if (status == PV_ENOMEM) return status;
    pv_number_text(value, point->strength);
    pv_put(page, "<details%s><summary>%s %s, seed %lld: <code>", open ? " open" : "",
           run->objective->keys[run->strength].name, value, (long long)run->config.seed);
    pv_put_text(page, run->name);
    pv_put(page, "</code></summary>\n");
    if (status != PV_OK) {
        fprintf(stderr, "damaged: %s: %s\n", run->name, pv_error());
        pv_put(page, "<p class=alert>Not drawn: ");
        pv_put_text(page, pv_error());
        pv_put(page, "</p>\n");
    } else {
        histograms(page, study, run, &model);
        heat_maps(page, run, &model);
        development(page, &model);
    }
    pv_put(page, "</details>\n");
    pv_report_model_clear(&model);
    return PV_OK;
}
