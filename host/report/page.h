/* page.h -- an HTML page in the making: text, and plots that gnuplot draws section by section. */
#ifndef PV_REPORT_PAGE_H
#define PV_REPORT_PAGE_H

#include <stdio.h>

#include "polarvae/status.h"
#include "report/study.h"

/* X(name, light, dark): the colours of the page, safe for colour-blind readers. A plot is drawn in
 * the light one and shown as var(--name); black becomes the text's colour. */
#define PV_COLOURS(X)                                                                              \
    X(mean, "#0072b2", "#5ab4ec")                                                                  \
    X(sampled, "#d55e00", "#ff9145")                                                               \
    X(active, "#009e73", "#2fc096")                                                                \
    X(mixed, "#e69f00", "#f2bd4b")                                                                 \
    X(passive, "#b4589a", "#d98cc4")                                                               \
    X(variance, "#59636e", "#a3adb8")                                                              \
    X(random, "#6e6e6e", "#a8a8a8")                                                                \
    X(positive, "#c0322b", "#ff7b70")                                                              \
    X(negative, "#1f66ad", "#62a8f0")                                                              \
    X(line, "#dadfe4", "#39424c")

typedef struct {
    const char *path;
    char part[4096];
    FILE *file;          /* of the part */
    FILE *html, *script; /* of this section, in memory */
    char *html_text, *script_text;
    size_t html_size, script_size;
    size_t plots, figures, places; /* of this section; of the page; headings with a place */
} pv_page;

/* Opens the file that appears at pv_page_commit, and writes the page's head. */
pv_status pv_page_open(pv_page *out, const char *path, const char *title);
/* Draws the plots of the section and writes it out. */
pv_status pv_page_flush(pv_page *page);
pv_status pv_page_commit(pv_page *page); /* with the last section */
void pv_page_close(pv_page *page);       /* removes what was not committed; zeroed is fine */

/* HTML as it is; text, escaped; a shell's word, quoted and escaped. */
__attribute__((format(printf, 2, 3))) void pv_put(pv_page *page, const char *format, ...);
void pv_put_text(pv_page *page, const char *text);
void pv_put_word(pv_page *page, const char *word);
/* "12.3 ± 0.4", "12.3", or a dash; with `digits` after the point, or as many as suit if < 0. */
void pv_put_average(pv_page *page, pv_average average, int digits);
void pv_put_number(pv_page *page, double value, int digits);
/* <span> with a swatch for each name of PV_COLOURS: "mean", "mean codes", NULL. */
void pv_put_legend(pv_page *page, const char *const (*entry)[2]);

/* A plot of width by height units, which fills the width of what is around it. `label` says what
 * it shows to those who cannot see it. What follows goes to page->script: gnuplot's commands up to
 * one `plot`, or a multiplot. */
__attribute__((format(printf, 4, 5))) void pv_page_plot(pv_page *page, int width, int height,
                                                        const char *label, ...);
/* The distance of some three to six tics over a range: 1, 2 or 5 times a power of ten. */
double pv_tics_of(double range);
/* The light colour of a name: "#0072b2". */
const char *pv_colour(const char *name);

/* Rewrites the next SVG file in *from as an element of a page, and moves *from behind it: without
 * ids and fonts, with the page's colours. PV_EDATA if there is none. (svg.c) */
pv_status pv_svg_embed(FILE *to, const char **from, const char *label, size_t label_size);

extern const char pv_style[]; /* the style sheet, without colours (style.c) */

/* ---- the parts of a report ---- */

void pv_put_strength_figures(pv_page *page, const pv_study *study, const pv_report_method *method);
void pv_put_score_figures(pv_page *page, const pv_study *study, const pv_report_method *method);
void pv_put_downstream_figures(pv_page *page, const pv_study *study,
                               const pv_report_method *method);
/* Histograms, heat maps and development of the first seed of a point. */
pv_status pv_put_model_figures(pv_page *page, const pv_study *study, const pv_report_point *point,
                               int open);
void pv_put_overview(pv_page *page, const pv_study *study);
void pv_put_method_tables(pv_page *page, const pv_study *study, const pv_report_method *method);
void pv_put_models(pv_page *page, const pv_study *study);
void pv_put_not_used(pv_page *page, const pv_study *study);

/* ---- the same as numbers ---- */

pv_status pv_report_csv_write(const pv_study *study, const char *path);
pv_status pv_report_hdf5_write(const pv_study *study, const char *path);

#endif
