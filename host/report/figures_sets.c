/* figures_sets.c -- scores and predictions of sets of variables, against the strength of the
 * regularisation. */
#include <string.h>

#include "report/figures.h"

enum { WIDE = 200, HIGH = 170, LABELS = 4 };

/* One cell for each set that some model has; top: of the shared axis; random: the measure of
 * guesses, or -1. */
static void subset_cells(pv_page *page, const pv_study *s, const pv_report_method *m, int measure,
                         double top, int random)
{
    pv_put(page, "<div class=cells>\n");
    for (int u = 0; u < PV_SUBSETS; u++) {
        if (!pv_is_seen(s, m, measure, u)) continue;
        const int guessed = random >= 0 && pv_is_seen(s, m, random, u);
        pv_put(page, "<div><h5>%s</h5>", pv_subset_name[u]);
        pv_page_plot(page, WIDE, HIGH, "%s, %s variables, of mean and sampled codes against %s",
                     s->measures.at[measure].title, pv_subset_name[u], pv_strength_key(s, m));
        for (int c = 0; c < PV_CODES; c++)
            pv_put_averages(page, s, m, pv_codes_name[c], measure, c, u);
        if (guessed) pv_put_averages(page, s, m, "random", random, PV_MEAN_CODES, u);
        pv_put_strengths_axis(page, s, m, LABELS);
        fprintf(page->script,
                "set yrange [0:%.6g]\nset ytics %.6g\nset xlabel '%s' offset 0,0.7\n"
                "set tics font ',12'\nset lmargin 4.8\nset rmargin 0.4\nset tmargin 0.5\n"
                "set bmargin 2.7\nset xtics offset 0,0.3\nset ytics offset 0.6,0\nplot ",
                top, pv_tics_of(top), pv_strength_key(s, m));
        if (guessed)
            fprintf(page->script,
                    "$random using 1:2 with linespoints lw 1.5 dt (2,3) pt 6 ps 0.5 lc rgb '%s', ",
                    pv_colour("random"));
        pv_put_codes_plots(page, "");
        fprintf(page->script, "\n");
        pv_put(page, "</div>\n");
    }
    pv_put(page, "</div>\n");
}

static void score_figure(pv_page *page, const pv_study *s, const pv_report_method *m, int measure,
                         const char *how)
{
    double top = 1e-3;
    for (int u = 0; u < PV_SUBSETS; u++) top = pv_top_of(s, m, measure, u, top);
    if (!s->measures.at[measure].seen) return;
    pv_put(page, "<figure><h4>%s</h4>\n", s->measures.at[measure].title);
    subset_cells(page, s, m, measure, top * 1.06, -1);
    pv_put(page, "<figcaption>%s</figcaption></figure>\n", how);
}

void pv_put_score_figures(pv_page *page, const pv_study *study, const pv_report_method *method)
{
    const pv_report_run *run = &study->run[study->point[method->first].first];
    char information[512];
    snprintf(information, sizeof information,
             "Average over pairs of variables, in nats, from histograms of %g bins a variable "
             "over its whole range.",
             run->bins);
    pv_put(page, "<h4>Scores of sets of variables, mean against sampled</h4>\n");
    pv_put_legend(page, (const char *const[][2]){{"mean", "mean codes (discs)"},
                                                 {"sampled", "sampled codes (squares)"},
                                                 {NULL, NULL}});
    pv_put(page,
           "<p class=soft>A cell for each set of variables by type, on %zu examples; averages and "
           "standard deviations over those seeds whose model has the set with at least two "
           "variables. Axes of a row are alike.</p>\n",
           run->examples);
    score_figure(
        page, study, method, PV_TC,
        "&frac12; (&sum; log S<sub>ii</sub> &minus; log det S) with S the covariance of the "
        "set&rsquo;s codes. For all Gaussian codes, that of sampled ones cannot be the larger.");
    score_figure(page, study, method, PV_MI, information);
    score_figure(
        page, study, method, PV_WASSERSTEIN,
        "2 tr S &minus; 2 tr (diag(S) S)<sup>&frac12;</sup>: how far a Gaussian is from one "
        "with independent variables.");
    score_figure(
        page, study, method, PV_RANK,
        "exp of the entropy of the covariance&rsquo;s normalised singular values: between how "
        "many directions the variance is spread.");
}

/* ---- predictions ---- */

static int random_of(const pv_study *s, size_t train)
{
    for (int m = 0; m < s->measures.count; m++)
        if (s->measures.at[m].kind == PV_DOWNSTREAM && s->measures.at[m].train == train &&
            strncmp(s->measures.at[m].name, "downstream_random_", strlen("downstream_random_")) ==
                0)
            return m;
    return -1;
}

/* Is there the same predictor with more examples? */
static int is_largest(const pv_study *s, const pv_report_method *method, int measure)
{
    const pv_measure *m = &s->measures.at[measure];
    const size_t prefix = strrchr(m->name, '_') - m->name + 1;
    for (int o = 0; o < s->measures.count; o++) {
        const pv_measure *other = &s->measures.at[o];
        if (other->kind == PV_DOWNSTREAM && strncmp(other->name, m->name, prefix) == 0 &&
            other->train > m->train && pv_is_seen(s, method, o, 0))
            return 0;
    }
    return 1;
}

void pv_put_downstream_figures(pv_page *page, const pv_study *study, const pv_report_method *method)
{
    int any = 0;
    for (int i = 0; i < study->ordered; i++) {
        const int measure = study->order[i];
        const pv_measure *m = &study->measures.at[measure];
        const int random = random_of(study, m->train);
        if (m->kind != PV_DOWNSTREAM || measure == random ||
            !pv_is_seen(study, method, measure, 0) || !is_largest(study, method, measure))
            continue;
        if (!any++) {
            pv_put(page, "<h4>Predicting the factors from sets of variables</h4>\n");
            pv_put_legend(page, (const char *const[][2]){{"mean", "mean codes (discs)"},
                                                         {"sampled", "sampled codes (squares)"},
                                                         {"random", "guesses (dots)"},
                                                         {NULL, NULL}});
        }
        pv_put(page, "<figure><h4>");
        pv_put_text(page, m->title);
        pv_put(page, "</h4>\n");
        subset_cells(page, study, method, measure, 1, random);
        pv_put(page,
               "<figcaption>Share of test examples whose factor is predicted, averaged over "
               "factors, after training on %zu examples; codes are not "
               "scaled.</figcaption></figure>\n",
               m->train);
    }
}
