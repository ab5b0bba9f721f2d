/* figures_parts.c -- what figures by strength share: axes, data, the look of mean and sampled. */
#include <math.h>

#include "base/text.h"
#include "report/figures.h"

const char *pv_strength_key(const pv_study *s, const pv_report_method *m)
{
    const pv_report_run *run = &s->run[s->point[m->first].first];
    return run->objective->keys[run->strength].name;
}

/* ---- axes ---- */

void pv_put_strengths_axis(pv_page *page, const pv_study *s, const pv_report_method *m, int labels)
{
    const size_t every = (m->count + (size_t)labels - 1) / (size_t)labels;
    char text[32];
    fprintf(page->script, "set xrange [-0.6:%g]\nset xtics (", (double)m->count - 0.4);
    for (size_t i = 0; i < m->count; i += every) {
        pv_number_text(text, s->point[m->first + i].strength);
        fprintf(page->script, "%s\"%s\" %zu", i ? ", " : "", text, i);
    }
    fprintf(page->script, ")\n");
}

double pv_top_of(const pv_study *s, const pv_report_method *m, int measure, int subset,
                 double least)
{
    double top = least;
    for (size_t i = 0; i < m->count; i++)
        for (int c = 0; c < PV_CODES; c++) {
            const pv_average a = pv_point_average(s, &s->point[m->first + i], measure, c, subset);
            const double high = a.mean + (isnan(a.deviation) ? 0 : a.deviation);
            if (high > top) top = high;
        }
    return top;
}

/* ---- data: blocks that a plot reads ---- */

static void put_value(pv_page *page, double value)
{
    if (isnan(value))
        fputs(" NaN", page->script);
    else
        fprintf(page->script, " %.6g", value);
}

void pv_put_averages(pv_page *page, const pv_study *s, const pv_report_method *m, const char *name,
                     int measure, int codes, int subset)
{
    fprintf(page->script, "$%s << END\n", name);
    for (size_t i = 0; i < m->count; i++) {
        const pv_average a = pv_point_average(s, &s->point[m->first + i], measure, codes, subset);
        fprintf(page->script, "%g", (double)i + (codes == PV_MEAN_CODES ? -0.07 : 0.07));
        put_value(page, a.mean);
        put_value(page, isnan(a.deviation) ? 0 : a.deviation);
        fputc('\n', page->script);
    }
    fputs("END\n", page->script);
}

void pv_put_codes_plots(pv_page *page, const char *axes)
{
    static const char *const look[PV_CODES] = {"dt 1 pt 7 ps 0.8", "dt (6,4) pt 5 ps 0.8"};
    for (int c = 0; c < PV_CODES; c++)
        fprintf(page->script,
                "%s$%s using 1:2:3 %s with errorbars lw 1.2 pt 0 ps 0 lc rgb '%s', "
                "$%s using 1:2 %s with linespoints lw 2 %s lc rgb '%s'",
                c ? ", " : "", pv_codes_name[c], axes, pv_colour(pv_codes_name[c]),
                pv_codes_name[c], axes, look[c], pv_colour(pv_codes_name[c]));
}

int pv_is_seen(const pv_study *s, const pv_report_method *m, int measure, int subset)
{
    for (size_t i = 0; i < m->count; i++)
        for (int c = 0; c < PV_CODES; c++)
            if (pv_point_average(s, &s->point[m->first + i], measure, c, subset).count) return 1;
    return 0;
}
