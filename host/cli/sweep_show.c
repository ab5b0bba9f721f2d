/* sweep_show.c -- what `polarvae sweep` says on stdout, as text or as JSON. */
#include "cli/sweep_show.h"

#include <stdio.h>

#include "base/base.h"

/* ---- what was done ---- */

static pv_status json_result(const pv_sweep_result *r)
{
    pv_json *j = pv_json_new();
    pv_json_object(j, NULL);
    pv_json_whole(j, "models", (long long)r->models);
    pv_json_whole(j, "finished", (long long)r->finished);
    pv_json_whole(j, "trained", (long long)r->trained);
    pv_json_whole(j, "failed", (long long)r->failed);
    pv_json_whole(j, "taken_over", (long long)r->taken_over);
    pv_json_end(j);
    return pv_json_finish(j, "-");
}

pv_status pv_show_result(const pv_sweep_result *r, const char *directory, int json)
{
    if (json) return json_result(r);
    printf("%s: all of %zu models finished, %zu of them now\n", directory, r->models, r->trained);
    if (r->taken_over > 0) printf("%s: and %zu of silent shards\n", directory, r->taken_over);
    return PV_OK;
}

/* ---- how far it is ---- */

static void tell_failed(void *state, const char *name, const char *error)
{
    (void)state;
    printf("failed: %s: %s\n", name, error);
}

static void print_survey(const pv_sweep_survey *s, const char *directory)
{
    const char *const what[] = {"finished", "to be evaluated", "running",
                                "stopped",  "failed",          "not begun"};
    const size_t count[] = {s->finished, s->trained, s->running, s->stopped, s->failed, s->missing};
    char eta[32];
    printf("%s: %zu models:", directory, s->models);
    for (int i = 0, first = 1; i < 6; i++) {
        if (count[i] == 0) continue;
        printf("%s %zu %s", first ? "" : ",", count[i], what[i]);
        first = 0;
    }
    printf("\n%.0f %% of %llu steps", s->steps ? 100.0 * (double)s->done / (double)s->steps : 100.0,
           (unsigned long long)s->steps);
    if (s->steps_per_second > 0)
        printf(", %.3g a second, ETA %s", s->steps_per_second,
               pv_duration(eta, (double)(s->steps - s->done) / s->steps_per_second));
    putchar('\n');
}

static pv_status json_survey(const pv_sweep_survey *s)
{
    pv_json *j = pv_json_new();
    pv_json_object(j, NULL);
    pv_json_whole(j, "models", (long long)s->models);
    pv_json_whole(j, "finished", (long long)s->finished);
    pv_json_whole(j, "to_be_evaluated", (long long)s->trained);
    pv_json_whole(j, "running", (long long)s->running);
    pv_json_whole(j, "stopped", (long long)s->stopped);
    pv_json_whole(j, "failed", (long long)s->failed);
    pv_json_whole(j, "not_begun", (long long)s->missing);
    pv_json_whole(j, "steps_done", (long long)s->done);
    pv_json_whole(j, "steps", (long long)s->steps);
    pv_json_real(j, "steps_per_second", s->steps_per_second);
    pv_json_end(j);
    return pv_json_finish(j, "-");
}

pv_status pv_show_survey(const pv_sweep *sweep, const char *directory, int json)
{
    pv_sweep_survey s;
    PV_TRY(pv_sweep_look(&s, sweep, directory, json ? NULL : tell_failed, NULL));
    if (json) return json_survey(&s);
    print_survey(&s, directory);
    return PV_OK;
}
