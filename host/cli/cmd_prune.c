/* cmd_prune.c -- polarvae prune: a model without its passive variables, and what that changes. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "cli/cli.h"
#include "cli/session.h"

static const char usage[] =
    "Usage: polarvae prune RUN --out RUN2 [key=value ...] [--json] [--quiet]\n"
    "\n"
    "Writes a copy of a trained model without its passive variables: their rows are cut out of\n"
    "the encoder's heads, and what their average adds to the decoder goes into its first bias.\n"
    "Random numbers stay those of the original variables. Then encodes the same examples with "
    "both\n"
    "models and says what has changed: the codes of the variables that are left must be equal to\n"
    "the bit, the reconstruction loss through mean codes must stay within 0.1 %, and that through\n"
    "sampled codes must not grow by more (it may fall: the noise of the passive variables is "
    "gone),\n"
    "or the exit status is 1. RUN2 can be encoded and evaluated like any run, but not trained on;\n"
    "RUN2/pruning.json holds the report.\n"
    "\n"
    "  --out RUN2     a new directory\n"
    "  key=value      examples, evaluation_seed, variance_threshold, mean_error, data, device,\n"
    "                 threads\n"
    "  --json         the report as JSON on stdout\n"
    "  --device D     auto, cpu or cuda:N\n"
    "  --quiet        nothing on stderr but errors\n"
    "  --help         this text\n"
    "\n"
    "Example:\n"
    "  polarvae prune runs/beta8 --out runs/beta8-pruned\n";

static const double ALLOWED = 1e-3; /* of a reconstruction loss */

typedef struct {
    const char *out;
    int json, quiet;
} options;

typedef struct {
    pv_codes codes;
    pv_losses losses;
} encoded;

typedef struct {
    encoded before, after;
    pv_evaluation types;
    int *keep;    /* [latents] */
    double *mean; /* [latents] */
    int kept;
    size_t differing;           /* codes of variables that are left, in any bit */
    double of_mean, of_sampled; /* changes of the reconstruction losses, as shares of them */
} report;

static pv_status encode(encoded *e, pv_session *s, const char *title, int quiet)
{
    const pv_config *c = &s->config;
    pv_bar bar;
    pv_bar_start(&bar, title, 0, quiet);
    pv_progress progress = pv_bar_progress(&bar);
    pv_status status = pv_encode(&e->codes, &e->losses, &s->model, &s->images, s->stream,
                                 (size_t)c->examples, (uint64_t)c->evaluation_seed, &progress);
    pv_bar_end(&bar);
    return status;
}

/* Which variables stay, and the averages of all. */
static pv_status choose(report *r, const pv_session *s)
{
    const pv_config *c = &s->config;
    const pv_codes *codes = &r->before.codes;
    const size_t d = (size_t)codes->latents;
    PV_TRY(pv_evaluate_codes(&r->types, codes, s->stream,
                             &(pv_evaluation_options){.bins = (int)c->bins,
                                                      .variance_threshold = c->variance_threshold,
                                                      .mean_error = c->mean_error}));
    PV_TRY(pv_new(&r->keep, d, sizeof *r->keep, "variables"));
    PV_TRY(pv_new(&r->mean, d, sizeof *r->mean, "averages"));
    for (size_t j = 0; j < d; j++) {
        r->keep[j] = r->types.type[j] != PV_PASSIVE;
        r->kept += r->keep[j];
        for (size_t i = 0; i < codes->examples; i++)
            r->mean[j] += (double)codes->mean[i * d + j] / (double)codes->examples;
    }
    return PV_OK;
}

static size_t differing(const float *before, const float *after, const report *r)
{
    const size_t d = (size_t)r->before.codes.latents, kept = (size_t)r->kept;
    size_t count = 0;
    for (size_t i = 0; i < r->before.codes.examples; i++)
        for (size_t j = 0, k = 0; j < d; j++)
            if (r->keep[j])
                count += memcmp(&before[i * d + j], &after[i * kept + k++], sizeof *before) != 0;
    return count;
}

static void compare(report *r)
{
    const pv_codes *a = &r->before.codes, *b = &r->after.codes;
    r->differing = differing(a->mean, b->mean, r) + differing(a->variance, b->variance, r) +
                   differing(a->sampled, b->sampled, r);
    const pv_losses *was = &r->before.losses, *is = &r->after.losses;
    r->of_mean = is->reconstruction_of_mean / was->reconstruction_of_mean - 1;
    r->of_sampled = is->reconstruction / was->reconstruction - 1;
}

static void json_loss(pv_json *j, const char *key, double before, double after, double change)
{
    pv_json_object(j, key);
    pv_json_real(j, "before", before);
    pv_json_real(j, "after", after);
    pv_json_real(j, "change", change);
    pv_json_end(j);
}

static pv_status write_json(const report *r, const char *path)
{
    pv_json *j = pv_json_new();
    pv_json_object(j, NULL);
    pv_json_whole(j, "examples", (long long)r->before.codes.examples);
    pv_json_array(j, "variables");
    for (int v = 0; v < r->before.codes.latents; v++) {
        pv_json_object(j, NULL);
        pv_json_whole(j, "index", v);
        pv_json_text(j, "type", pv_type_name[r->types.type[v]]);
        pv_json_real(j, "mean", r->mean[v]);
        pv_json_truth(j, "kept", r->keep[v]);
        pv_json_end(j);
    }
    pv_json_end(j);
    pv_json_whole(j, "codes_that_differ", (long long)r->differing);
    json_loss(j, "reconstruction_of_mean", r->before.losses.reconstruction_of_mean,
              r->after.losses.reconstruction_of_mean, r->of_mean);
    json_loss(j, "reconstruction", r->before.losses.reconstruction, r->after.losses.reconstruction,
              r->of_sampled);
    pv_json_end(j);
    return pv_json_finish(j, path);
}

static pv_status tell(const report *r, const char *run, const options *o)
{
    char path[4096];
    const int cut = r->before.codes.latents - r->kept;
    snprintf(path, sizeof path, "%s/pruning.json", o->out);
    PV_TRY(write_json(r, path));
    if (o->json) {
        PV_TRY(write_json(r, "-"));
    } else {
        printf("%s: %s without %d of its %d variables (", o->out, run, cut,
               r->before.codes.latents);
        for (int v = 0, first = 1; v < r->before.codes.latents; v++)
            if (!r->keep[v]) printf("%s%d", first ? "" : ", ", v), first = 0;
        printf("%s)\n%zu examples: codes of the %d others are %s; reconstruction loss\n"
               "through mean codes %.4f, was %.4f nats (%+.4f %%), through sampled ones %.4f, was "
               "%.4f (%+.4f %%)\n",
               cut ? "" : "none is passive", r->before.codes.examples, r->kept,
               r->differing ? "NOT equal" : "equal to the bit",
               r->after.losses.reconstruction_of_mean, r->before.losses.reconstruction_of_mean,
               100 * r->of_mean, r->after.losses.reconstruction, r->before.losses.reconstruction,
               100 * r->of_sampled);
    }
    if (r->differing)
        return pv_fail(PV_ENUMERIC, "%s: %zu codes of variables that are left differ", o->out,
                       r->differing);
    if (!(fabs(r->of_mean) <= ALLOWED && r->of_sampled <= ALLOWED))
        return pv_fail(
            PV_ENUMERIC,
            "%s: the reconstruction loss has changed by %.2f %% through mean codes and by "
            "%.2f %% through sampled ones: the passive variables were not without effect",
            o->out, 100 * r->of_mean, 100 * r->of_sampled);
    return PV_OK;
}

/* The pruned model, opened as its user would, on the data and the device that were named. */
static pv_status encode_pruned(report *r, const char *out, int count, const char *const *set,
                               int quiet)
{
    pv_session s;
    PV_TRY(pv_session_open(&s, out, count, set, quiet));
    pv_status status = encode(&r->after, &s, "encoding again", quiet);
    pv_session_close(&s);
    return status;
}

static pv_status run(report *r, const char *name, int count, const char *const *set,
                     const options *o)
{
    pv_session s;
    PV_TRY(pv_session_open(&s, name, count, set, o->quiet));
    pv_status status = encode(&r->before, &s, "encoding", o->quiet);
    if (status == PV_OK) status = choose(r, &s);
    if (status == PV_OK) status = pv_model_prune(name, o->out, r->keep, r->mean, s.stream);
    pv_session_close(&s);
    if (status == PV_OK) status = encode_pruned(r, o->out, count, set, o->quiet);
    if (status != PV_OK) return status;
    compare(r);
    return tell(r, name, o);
}

static pv_status prune(const pv_arguments *rest, void *state)
{
    const options *o = state;
    report r = {0};
    if (rest->count == 0 || pv_is_assignment(rest->value[0]))
        return pv_fail(PV_EUSAGE, "prune: a run directory must be named; see --help");
    if (!o->out) return pv_fail(PV_EUSAGE, "prune: --out must name a new run directory");
    pv_status status = run(&r, rest->value[0], rest->count - 1, rest->value + 1, o);
    pv_codes_free(&r.before.codes);
    pv_codes_free(&r.after.codes);
    pv_evaluation_free(&r.types);
    free(r.keep);
    free(r.mean);
    return status;
}

int pv_command_prune(int argc, char **argv)
{
    options o = {0};
    const pv_option known[] = {{.name = "--out", .text = &o.out},
                               {.name = "--json", .flag = &o.json},
                               {.name = "--quiet", .flag = &o.quiet},
                               {0}};
    return pv_command_run(
        &(pv_command){
            .usage = usage, .options = known, .sets_device = 1, .run = prune, .state = &o},
        argc, argv);
}
