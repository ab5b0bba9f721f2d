/* report_csv.c -- all numbers of a report as one table: RFC 4180, a row for each run, its codes and
 * each of its sets of variables; one row for a run without numbers. */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"
#include "report/page.h"

static const char *const outcome_name[] = {
#define X(name, text) [PV_REPORT_##name] = text,
    PV_REPORT_OUTCOMES(X)
#undef X
};

static void put_text(FILE *to, const char *text)
{
    if (text[strcspn(text, ",\"\r\n")] == 0) {
        fputs(text, to);
        return;
    }
    fputc('"', to);
    for (; *text; text++) {
        if (*text == '"') fputc('"', to);
        fputc(*text, to);
    }
    fputc('"', to);
}

/* Behind a comma; nothing for what is missing. */
static void put_number(FILE *to, double value)
{
    fputc(',', to);
    if (!isnan(value)) fprintf(to, "%.10g", value);
}

static void heading(FILE *to, const pv_study *s)
{
    fputs("run,outcome,data,objective,strength_key,strength,seed,latents,steps,examples,active,"
          "mixed,passive,loss,kl,elbo,codes,subset,size",
          to);
    for (int i = 0; i < s->ordered; i++) fprintf(to, ",%s", s->measures.at[s->order[i]].name);
    fputs(",note\r\n", to);
}

/* The columns that all rows of a run share. */
static void put_run(FILE *to, const pv_report_run *run)
{
    const pv_config *c = &run->config;
    put_text(to, run->name);
    fprintf(to, ",%s,", outcome_name[run->outcome]);
    if (run->readable) {
        put_text(to, c->data);
        fprintf(to, ",%s,%s", c->objective, run->objective->keys[run->strength].name);
        put_number(to, pv_report_strength(run));
        fprintf(to, ",%lld,%lld,%lld", (long long)c->seed, (long long)c->latents,
                (long long)c->steps);
    } else {
        fputs(",,,,,,", to);
    }
    const int used = run->outcome == PV_REPORT_USED;
    put_number(to, used ? (double)run->examples : NAN);
    for (int t = 0; t < PV_TYPES; t++) put_number(to, used ? run->count[t] : NAN);
    put_number(to, used ? run->loss : NAN);
    put_number(to, used ? run->kl : NAN);
    put_number(to, used ? run->elbo : NAN);
}

static void put_row(FILE *to, const pv_study *s, const pv_report_run *run, int codes, int subset)
{
    put_run(to, run);
    fprintf(to, ",%s,%s", pv_codes_name[codes], pv_subset_name[subset]);
    put_number(to, run->size[subset]);
    for (int i = 0; i < s->ordered; i++)
        put_number(to, pv_report_value(run, s->order[i], codes, subset));
    fputs(",\r\n", to);
}

static void put_empty_row(FILE *to, const pv_study *s, const pv_report_run *run)
{
    put_run(to, run);
    fputs(",,,", to);
    for (int i = 0; i < s->ordered; i++) fputc(',', to);
    fputc(',', to);
    put_text(to, run->note ? run->note : "");
    fputs("\r\n", to);
}

static void put_table(FILE *to, const pv_study *s)
{
    heading(to, s);
    for (size_t i = 0; i < s->runs; i++) {
        const pv_report_run *run = &s->run[i];
        if (i >= s->used) put_empty_row(to, s, run);
        for (int c = 0; c < PV_CODES && i < s->used; c++)
            for (int u = 0; u < PV_SUBSETS; u++)
                if (u == 0 || run->size[u] > 0) put_row(to, s, run, c, u);
    }
}

pv_status pv_report_csv_write(const pv_study *study, const char *path)
{
    char part[4096];
    PV_TRY(pv_part_begin(part, path));
    FILE *file = fopen(part, "we");
    if (!file) return pv_fail(PV_EIO, "%s: cannot be written: %s", path, strerror(errno));
    put_table(file, study);
    const int failed = ferror(file);
    if (fclose(file) == 0 && !failed) return pv_part_commit(part, path);
    pv_status status = pv_fail(PV_EIO, "%s: cannot be written: %s", path, strerror(errno));
    pv_part_abandon(part);
    return status;
}
