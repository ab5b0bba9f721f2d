/* metrics.c -- which metrics there are, their seeds, and how they run side by side. */
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/base.h"
#include "evaluate/metric.h"
#include "learn/parallel.h"

static const pv_metric *const metrics[] = {
    &pv_metric_beta_vae,
    &pv_metric_factor_vae,
    &pv_metric_mig,
    &pv_metric_dci,
    &pv_metric_sap,
    &pv_metric_modularity,
    &pv_metric_explicitness,
    &pv_metric_unsupervised,
    &pv_metric_downstream_logistic,
    &pv_metric_downstream_trees,
    &pv_metric_downstream_random,
    &pv_metric_irs,
};
enum { METRICS = sizeof metrics / sizeof *metrics };

const pv_metric_options pv_metric_defaults = {
    .train = 10000, .test = 5000, .downstream = {10, 100, 1000, 10000}, .bins = 20};

/* ---- names ---- */

const char *const pv_metric_names[] = {"beta_vae",
                                       "factor_vae",
                                       "mig",
                                       "dci",
                                       "sap",
                                       "modularity",
                                       "explicitness",
                                       "unsupervised",
                                       "downstream_logistic",
                                       "downstream_trees",
                                       "downstream_random",
                                       "irs",
                                       NULL};
_Static_assert(sizeof pv_metric_names / sizeof *pv_metric_names == METRICS + 1, "a name each");

static const pv_metric *find(const char *name, size_t length)
{
    for (int i = 0; i < METRICS; i++)
        if (strlen(metrics[i]->name) == length && strncmp(metrics[i]->name, name, length) == 0)
            return metrics[i];
    return NULL;
}

const char *pv_metric_title(const char *name) { return find(name, strlen(name))->title; }

/* Does a word of a list mean this metric? "downstream" means all predictors. */
static int means(const char *word, size_t length, const pv_metric *m)
{
    static const char all[] = "all", study[] = "study", downstream[] = "downstream";
    if (length == strlen(all) && strncmp(word, all, length) == 0) return 1;
    if (length == strlen(study) && strncmp(word, study, length) == 0) return m != &pv_metric_irs;
    if (length == strlen(downstream) && strncmp(word, downstream, length) == 0)
        return strncmp(m->name, downstream, length) == 0;
    return find(word, length) == m;
}

/* Sets chosen[i] where the list names metrics[i]. */
static pv_status choose(int chosen[METRICS], const char *list)
{
    memset(chosen, 0, METRICS * sizeof *chosen);
    for (const char *word = list; *word;) {
        const size_t length = strcspn(word, ",");
        int found = 0;
        for (int i = 0; i < METRICS; i++)
            if (means(word, length, metrics[i])) found = chosen[i] = 1;
        if (!found)
            return pv_fail(PV_EUSAGE,
                           "metrics: there is no '%.*s'; there are beta_vae, factor_vae, mig, dci, "
                           "sap, modularity, explicitness, unsupervised, downstream, irs; study "
                           "and all",
                           (int)length, word);
        word += length;
        if (*word == ',') word++;
    }
    return PV_OK;
}

pv_status pv_metrics_check(const char *list)
{
    int chosen[METRICS];
    return choose(chosen, list);
}

/* ---- seeds ---- */

/* The study drew all seeds from one generator: two for the representations, mean and sampled, then
 * for each of these one for each of its nine metrics. What it had not is numbered. */
enum { STUDY_FIRST = 2, STUDY_METRICS = 9 };

static uint32_t seed_of(const pv_metric *m, const char *name, uint64_t from)
{
    const int representation = strcmp(name, "sampled") == 0;
    pv_random_state random;
    const int draw = STUDY_FIRST + representation * STUDY_METRICS + m->seed;
    uint32_t seed = 0;
    if (m->seed == PV_SEED_NUMBERED) return (uint32_t)from + (uint32_t)representation;
    pv_random_state_seed(&random, (uint32_t)from);
    for (int i = 0; i <= draw; i++) seed = pv_random_state_word(&random);
    return seed;
}

/* ---- results ---- */

void pv_metric_undefined(pv_metric_run *run, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    vsnprintf(run->result->reason, sizeof run->result->reason, format, values);
    va_end(values);
}

static pv_status add_value(pv_metric_run *run, pv_metric_value value, const char *key)
{
    pv_metric_result *r = run->result;
    pv_metric_value *grown = realloc(r->value, (size_t)(r->count + 1) * sizeof *grown);
    if (!grown) {
        free(value.matrix);
        return pv_fail(PV_ENOMEM, "out of memory for the values of a metric");
    }
    r->value = grown;
    snprintf(value.key, sizeof value.key, "%s", key);
    r->value[r->count++] = value;
    return PV_OK;
}

pv_status pv_metric_number(pv_metric_run *run, double value, const char *key)
{
    return add_value(run, (pv_metric_value){.number = value}, key);
}

pv_status pv_metric_matrix(pv_metric_run *run, const double *value, int rows, int columns,
                           const char *key)
{
    const size_t n = (size_t)rows * (size_t)columns;
    pv_metric_value v = {.rows = rows, .columns = columns};
    PV_TRY(pv_new(&v.matrix, n, sizeof *v.matrix, "a matrix"));
    memcpy(v.matrix, value, n * sizeof *value);
    return add_value(run, v, key);
}

const pv_metric_value *pv_metric_value_of(const pv_metric_result *result, const char *key)
{
    for (int i = 0; i < result->count; i++)
        if (strcmp(result->value[i].key, key) == 0) return &result->value[i];
    return NULL;
}

void pv_metric_results_free(pv_metric_results *results)
{
    for (int i = 0; i < results->count; i++) {
        pv_metric_result *r = &results->result[i];
        for (int v = 0; v < r->count; v++) free(r->value[v].matrix);
        free(r->value);
    }
    free(results->result);
    memset(results, 0, sizeof *results);
}

pv_status pv_metric_results_join(pv_metric_results *results, pv_metric_results *more)
{
    const size_t count = (size_t)results->count, added = (size_t)more->count;
    pv_metric_result *grown = realloc(results->result, (count + added + 1) * sizeof *grown);
    if (!grown) return pv_fail(PV_ENOMEM, "out of memory for the results of metrics");
    if (added) memcpy(grown + count, more->result, added * sizeof *grown);
    results->result = grown;
    results->count += more->count;
    free(more->result);
    *more = (pv_metric_results){0};
    return PV_OK;
}

/* ---- running ---- */

typedef struct {
    const pv_metric *metric;
    pv_metric_run run;
    pthread_mutex_t lock; /* of result->seconds */
} job;

typedef struct {
    job *job;
    size_t i;
} task;

typedef struct {
    job *jobs;
    int count;
    task *task;
    size_t tasks;
    const pv_progress *progress;
    pthread_mutex_t lock;
    size_t done;
} work;

/* Processor time of this thread. */
static double thread_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void spent(job *j, double since)
{
    pthread_mutex_lock(&j->lock);
    j->run.result->seconds += thread_seconds() - since;
    pthread_mutex_unlock(&j->lock);
}

static pv_status prepare(void *context, size_t i)
{
    work *w = context;
    job *j = &w->jobs[i];
    const double start = thread_seconds();
    pv_status status = PV_OK;
    const int fits = j->metric->takes_reals || pv_factors_have_classes(&j->run);
    if (fits && j->metric->intervenes && !j->run.from->row)
        pv_metric_undefined(&j->run, "needs examples that share a factor: the codes do not hold "
                                     "every combination of the factors once");
    else if (fits)
        status = j->metric->prepare(&j->run);
    if (*j->run.result->reason) j->run.tasks = 0;
    spent(j, start);
    return status;
}

static pv_status learn(void *context, size_t i)
{
    work *w = context;
    const task *t = &w->task[i];
    const double start = thread_seconds();
    pv_status status = t->job->metric->task(&t->job->run, t->i);
    spent(t->job, start);
    if (status != PV_OK || !w->progress) return status;
    pthread_mutex_lock(&w->lock);
    status = w->progress->report(w->progress->state, ++w->done, w->tasks);
    pthread_mutex_unlock(&w->lock);
    return status;
}

/* Long tasks first: metrics are asked for theirs in turn, so that the last ones are of all kinds.
 */
static pv_status gather_tasks(work *w)
{
    size_t most = 0;
    for (int i = 0; i < w->count; i++) {
        w->tasks += w->jobs[i].run.tasks;
        if (w->jobs[i].run.tasks > most) most = w->jobs[i].run.tasks;
    }
    PV_TRY(pv_new(&w->task, w->tasks + 1, sizeof *w->task, "tasks"));
    size_t at = 0;
    for (size_t k = most; k-- > 0;)
        for (int i = 0; i < w->count; i++)
            if (k < w->jobs[i].run.tasks) w->task[at++] = (task){&w->jobs[i], k};
    return PV_OK;
}

static pv_status finish(const work *w, pv_stream *stream)
{
    for (int i = 0; i < w->count; i++) {
        job *j = &w->jobs[i];
        if (*j->run.result->reason) continue;
        const double start = thread_seconds();
        j->run.stream = stream;
        PV_TRY(j->metric->finish(&j->run));
        spent(j, start);
    }
    return PV_OK;
}

static pv_status run_all(work *w, pv_stream *stream, int threads)
{
    PV_TRY(pv_parallel((size_t)w->count, threads, prepare, w));
    PV_TRY(gather_tasks(w));
    PV_TRY(pv_parallel(w->tasks, threads, learn, w));
    return finish(w, stream);
}

static pv_status make_jobs(work *w, pv_metric_results *out, const pv_labelled *representation,
                           int count, const int chosen[METRICS], const pv_metric_options *options)
{
    int metrics_chosen = 0;
    for (int i = 0; i < METRICS; i++) metrics_chosen += chosen[i];
    const size_t n = (size_t)(metrics_chosen * count);
    PV_TRY(pv_new(&out->result, n + 1, sizeof *out->result, "results of metrics"));
    PV_TRY(pv_new(&w->jobs, n + 1, sizeof *w->jobs, "metrics"));
    for (int r = 0; r < count; r++)
        for (int i = 0; i < METRICS; i++) {
            if (!chosen[i]) continue;
            job *j = &w->jobs[w->count++];
            pv_metric_result *result = &out->result[out->count++];
            pthread_mutex_init(&j->lock, NULL);
            j->metric = metrics[i];
            result->metric = metrics[i]->name;
            result->representation = representation[r].name;
            result->subset = representation[r].subset;
            result->seed = seed_of(metrics[i], representation[r].name, options->seed);
            j->run =
                (pv_metric_run){.from = &representation[r], .options = options, .result = result};
            pv_random_state_seed(&j->run.random, result->seed);
            PV_TRY(pv_new(&j->run.state, 1, metrics[i]->state, "a metric"));
        }
    return PV_OK;
}

pv_status pv_metrics_compute(pv_metric_results *out, const pv_labelled *representation, int count,
                             const char *list, pv_stream *stream, const pv_metric_options *options,
                             const pv_progress *progress)
{
    int chosen[METRICS];
    work w = {.progress = progress};
    memset(out, 0, sizeof *out);
    PV_TRY(choose(chosen, list));
    if (options->bins < 2 || options->bins > 255)
        return pv_fail(PV_EUSAGE, "bins: %d is not in [2, 255]", options->bins);
    pthread_mutex_init(&w.lock, NULL);
    pv_status status = make_jobs(&w, out, representation, count, chosen, options);
    if (status == PV_OK) status = run_all(&w, stream, options->threads);
    for (int i = 0; i < w.count; i++) {
        if (w.jobs[i].run.state && w.jobs[i].metric->close)
            w.jobs[i].metric->close(w.jobs[i].run.state);
        free(w.jobs[i].run.state);
        pthread_mutex_destroy(&w.jobs[i].lock);
    }
    free(w.jobs);
    free(w.task);
    pthread_mutex_destroy(&w.lock);
    if (status != PV_OK) pv_metric_results_free(out);
    return status;
}
