/* figures.c -- how many variables are of which type, and total correlation and mutual information
 * of all of them, against the strength of the regularisation. */
#include "report/figures.h"

enum { WIDE = 440, HIGH = 290, LABELS = 8 };

static double latents_of(const pv_study *s, const pv_report_method *m)
{
    return (double)s->run[s->point[m->first].first].config.latents;
}

static void types_block(pv_page *page, const pv_study *s, const pv_report_method *m)
{
    fputs("$types << END\n", page->script);
    for (size_t i = 0; i < m->count; i++) {
        const pv_report_point *p = &s->point[m->first + i];
        const double active = pv_point_number(s, p, pv_run_active).mean,
                     mixed = pv_point_number(s, p, pv_run_mixed).mean,
                     passive = pv_point_number(s, p, pv_run_passive).mean;
        fprintf(page->script, "%zu %.6g %.6g %.6g\n", i, active, mixed, passive);
    }
    fputs("END\n", page->script);
}

static void passive_figure(pv_page *page, const pv_study *s, const pv_report_method *m, int measure,
                           const char *what)
{
    pv_put(page, "<figure><h4>Passive variables, %s</h4>\n", what);
    pv_put_legend(page, (const char *const[][2]){{"passive", "passive variables (bars)"},
                                                 {"mean", "mean codes (discs)"},
                                                 {"sampled", "sampled codes (squares)"},
                                                 {NULL, NULL}});
    pv_page_plot(page, WIDE, HIGH, "Number of passive variables and %s against %s", what,
                 pv_strength_key(s, m));
    types_block(page, s, m);
    for (int c = 0; c < PV_CODES; c++) pv_put_averages(page, s, m, pv_codes_name[c], measure, c, 0);
    pv_put_strengths_axis(page, s, m, LABELS);
    fprintf(
        page->script,
        "set border 11\nset xlabel '%s' offset 0,0.4\nset ylabel 'passive variables' offset "
        "1,0\nset y2label '%s, nats' offset -0.6,0\n"
        "set yrange [0:%g]\nset y2range [0:%.6g]\nset y2tics nomirror\n"
        "set lmargin 7.5\nset rmargin 9.5\nset tmargin 0.6\nset bmargin 3.2\n"
        "set boxwidth 0.62\nplot $types using 1:4 with boxes fs transparent solid 0.45 noborder lc "
        "rgb "
        "'%s', ",
        pv_strength_key(s, m), what, latents_of(s, m), pv_top_of(s, m, measure, 0, 1e-3) * 1.06,
        pv_colour("passive"));
    pv_put_codes_plots(page, "axes x1y2");
    fprintf(page->script, "\n");
    pv_put(page,
           "<figcaption>Bars: how many of %g variables are passive. Points: %s over all variables, "
           "%s.</figcaption></figure>\n",
           latents_of(s, m), what,
           measure == PV_TC ? "of a Gaussian with the codes&rsquo; covariance"
                            : "averaged over pairs, from histograms");
}

static void types_figure(pv_page *page, const pv_study *s, const pv_report_method *m)
{
    pv_put(page, "<figure><h4>Active, mixed and passive variables</h4>\n");
    pv_put_legend(
        page, (const char *const[][2]){
                  {"active", "active"}, {"mixed", "mixed"}, {"passive", "passive"}, {NULL, NULL}});
    pv_page_plot(page, WIDE, HIGH, "Number of active, mixed and passive variables against %s",
                 pv_strength_key(s, m));
    types_block(page, s, m);
    pv_put_strengths_axis(page, s, m, LABELS);
    fprintf(page->script,
            "set xlabel '%s' offset 0,0.4\nset ylabel 'variables' offset 1,0\nset yrange "
            "[0:%g]\nset boxwidth 0.62\n"
            "set lmargin 7.5\nset rmargin 0.6\nset tmargin 0.6\nset bmargin 3.2\n"
            "plot $types using 1:($2+$3+$4) with boxes lc rgb '%s', "
            "$types using 1:($2+$3) with boxes lc rgb '%s', "
            "$types using 1:2 with boxes lc rgb '%s'\n",
            pv_strength_key(s, m), latents_of(s, m), pv_colour("passive"), pv_colour("mixed"),
            pv_colour("active"));
    const pv_report_run *run = &s->run[s->point[m->first].first];
    pv_put(page,
           "<figcaption>By the variance that the encoder gives a variable, over %zu examples: with "
           "m its average and v its variance, active if v &lt; %g and m &le; %g, passive if v "
           "&lt; %g and |m &minus; 1| &le; %g, else mixed.</figcaption></figure>\n",
           run->examples, run->variance_threshold, run->mean_error, run->variance_threshold,
           run->mean_error);
}

void pv_put_strength_figures(pv_page *page, const pv_study *study, const pv_report_method *method)
{
    pv_put(page, "<div class=pair>\n");
    passive_figure(page, study, method, PV_TC, "total correlation");
    passive_figure(page, study, method, PV_MI, "mutual information");
    types_figure(page, study, method);
    pv_put(page, "</div>\n");
}
