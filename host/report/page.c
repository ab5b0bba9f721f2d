/* page.c -- an HTML page in the making. */
#include "report/page.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "base/text.h"
#include "report/gnuplot.h"

/* A plot's place in the section: its label stands between these two. */
enum { PLOT = 1, PLOT_END = 2 };

const char *pv_colour(const char *name)
{
#define X(colour, light, dark)                                                                     \
    if (strcmp(name, #colour) == 0) return light;
    PV_COLOURS(X)
#undef X
    return "#000000";
}

/* ---- text ---- */

void pv_put(pv_page *page, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vfprintf(page->html, format, arguments);
    va_end(arguments);
}

static void escape(FILE *to, const char *text)
{
    while (*text) {
        uint32_t code;
        const size_t size = pv_utf8_decode(&code, text);
        const char *entity = *text == '&'   ? "&amp;"
                             : *text == '<' ? "&lt;"
                             : *text == '>' ? "&gt;"
                             : *text == '"' ? "&quot;"
                                            : NULL;
        if (entity)
            fputs(entity, to);
        else if (size == 0 || code < 0x20 || (code >= 0x7f && code < 0xa0))
            fputs("\xef\xbf\xbd", to);
        else
            fwrite(text, 1, size, to);
        text += size ? size : 1;
    }
}

void pv_put_text(pv_page *page, const char *text) { escape(page->html, text); }

void pv_put_word(pv_page *page, const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "/._+-=:@,%";
    /* Not to be taken for an option, nor for key=value. */
    const char first = word[strcspn(word, "/.-=")];
    if (*word == '-' || first == '=') fputs("./", page->html);
    if (*word && word[strspn(word, plain)] == 0) {
        fputs(word, page->html);
        return;
    }
    fputc('\'', page->html);
    for (const char *c; (c = strchr(word, '\'')); word = c + 1) {
        char *before = strndup(word, (size_t)(c - word));
        escape(page->html, before ? before : "");
        free(before);
        fputs("'\\''", page->html);
    }
    escape(page->html, word);
    fputc('\'', page->html);
}

static int digits_of(double value)
{
    const double size = fabs(value);
    return size >= 1000 ? 0 : size >= 100 ? 1 : size >= 10 ? 2 : 3;
}

void pv_put_number(pv_page *page, double value, int digits)
{
    if (isnan(value))
        fputs("&ndash;", page->html);
    else if (value != 0 && (fabs(value) >= 1e7 || (digits < 0 && fabs(value) < 5e-4)))
        fprintf(page->html, "%.2g", value);
    else
        fprintf(page->html, "%.*f", digits < 0 ? digits_of(value) : digits, value);
}

void pv_put_average(pv_page *page, pv_average a, int digits)
{
    if (digits < 0 && !isnan(a.mean)) digits = digits_of(a.mean);
    pv_put_number(page, a.mean, digits);
    if (isnan(a.deviation)) return;
    fputs("<i> &plusmn;&nbsp;", page->html);
    pv_put_number(page, a.deviation, digits);
    fputs("</i>", page->html);
}

void pv_put_legend(pv_page *page, const char *const (*entry)[2])
{
    pv_put(page, "<p class=legend>");
    for (; (*entry)[0]; entry++)
        pv_put(page, "<span><i style=\"background:var(--%s)\"></i>%s</span> ", (*entry)[0],
               (*entry)[1]);
    pv_put(page, "</p>\n");
}

/* ---- plots ---- */

void pv_page_plot(pv_page *page, int width, int height, const char *label, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, label);
    vsnprintf(text, sizeof text, label, arguments);
    va_end(arguments);
    fputc(PLOT, page->html);
    escape(page->html, text);
    fputc(PLOT_END, page->html);
    page->plots++;
    fprintf(
        page->script,
        "reset\nset terminal svg noenhanced dynamic size %d,%d font ',13'\n"
        "set key off\nset border 3 lc rgb '%s'\nset tics nomirror out scale 0.5 tc rgb 'black'\n"
        "set grid ytics lt 1 lw 1 lc rgb '%s'\nset style fill solid noborder\n",
        width, height, pv_colour("line"), pv_colour("line"));
}

double pv_tics_of(double range)
{
    const double rough = range / 4, power = pow(10, floor(log10(rough)));
    return power * (rough < 1.5 * power ? 1 : rough < 3 * power ? 2 : rough < 7 * power ? 5 : 10);
}

/* ---- the file ---- */

static pv_status begin_section(pv_page *page)
{
    page->plots = 0;
    page->html = open_memstream(&page->html_text, &page->html_size);
    page->script = open_memstream(&page->script_text, &page->script_size);
    return page->html && page->script ? PV_OK : pv_fail(PV_ENOMEM, "out of memory: a page");
}

static void drop_section(pv_page *page)
{
    if (page->html) fclose(page->html);
    if (page->script) fclose(page->script);
    free(page->html_text);
    free(page->script_text);
    page->html = page->script = NULL;
    page->html_text = page->script_text = NULL;
}

static pv_status fail_write(const pv_page *page)
{
    return pv_fail(PV_EIO, "%s: cannot be written: %s", page->path, strerror(errno));
}

/* The section, with plots in their places. */
static pv_status write_section(pv_page *page, const char *plots)
{
    const char *text = page->html_text;
    for (const char *mark; (mark = strchr(text, PLOT));) {
        const char *end = strchr(mark, PLOT_END);
        fwrite(text, 1, (size_t)(mark - text), page->file);
        PV_TRY(pv_svg_embed(page->file, &plots, mark + 1, (size_t)(end - mark - 1)));
        text = end + 1;
    }
    return fputs(text, page->file) < 0 || fflush(page->file) != 0 ? fail_write(page) : PV_OK;
}

pv_status pv_page_flush(pv_page *page)
{
    char *plots = NULL;
    size_t size;
    if (fflush(page->html) != 0 || fflush(page->script) != 0)
        return pv_fail(PV_ENOMEM, "out of memory: a section of a page");
    pv_status status = page->plots ? pv_gnuplot(&plots, &size, page->script_text) : PV_OK;
    if (status == PV_OK) status = write_section(page, plots ? plots : "");
    free(plots);
    page->figures += page->plots;
    drop_section(page);
    return status == PV_OK ? begin_section(page) : status;
}

pv_status pv_page_open(pv_page *out, const char *path, const char *title)
{
    *out = (pv_page){.path = path};
    PV_TRY(pv_part_begin(out->part, path));
    if (!(out->file = fopen(out->part, "we"))) return fail_write(out);
    PV_TRY(begin_section(out));
    pv_put(out, "<!doctype html>\n<html lang=en>\n<meta charset=utf-8>\n"
                "<meta name=viewport content=\"width=device-width, initial-scale=1\">\n"
                "<meta name=color-scheme content=\"light dark\">\n<title>");
    pv_put_text(out, title);
    pv_put(out, "</title>\n<style>\n:root{color-scheme:light dark;--ink:#1b1f24;--soft:#57606a;"
                "--paper:#fff;--card:#f6f8fa;");
#define X(name, light, dark) "--" #name ":" light ";"
    pv_put(out, PV_COLOURS(X) "}\n");
#undef X
    pv_put(out, "@media screen and (prefers-color-scheme:dark){:root{--ink:#e6e9ed;--soft:#9aa5b1;"
                "--paper:#11151a;--card:#1a2027;");
#define X(name, light, dark) "--" #name ":" dark ";"
    pv_put(out, PV_COLOURS(X) "}}\n");
#undef X
    pv_put(out, "%s</style>\n<body>\n", pv_style);
    return PV_OK;
}

pv_status pv_page_commit(pv_page *page)
{
    pv_put(page, "</body>\n</html>\n");
    PV_TRY(pv_page_flush(page));
    FILE *file = page->file;
    page->file = NULL;
    if (fclose(file) != 0) {
        pv_part_abandon(page->part);
        return fail_write(page);
    }
    return pv_part_commit(page->part, page->path);
}

void pv_page_close(pv_page *page)
{
    drop_section(page);
    if (page->file) {
        fclose(page->file);
        pv_part_abandon(page->part);
    }
    *page = (pv_page){0};
}
