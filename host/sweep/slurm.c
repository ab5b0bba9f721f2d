/* slurm.c -- a sweep dealt out to array jobs, which are written and submitted. */
#include "polarvae/slurm.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/base.h"
#include "polarvae/train.h"
#include "sweep/slurm.h"
#include "sweep/team.h"

enum { PATH = 4096 };

typedef struct {
    const pv_sweep *sweep;
    const pv_slurm_options *options;
    char program[PATH], present[PATH], file[PATH], directory[PATH], logs[PATH];
    size_t total;        /* tasks, of all models */
    unsigned char *work; /* [total]: a model is not finished */
    size_t finished;     /* models */
    size_t array;        /* tasks of an array job at most */
    size_t arrays;       /* that have work */
    size_t submitted;    /* of them */
    char *jobs;          /* their numbers, a line each */
} plan;

/* ---- where things are ---- */

static pv_status make_absolute(char out[static PATH], const char *present, const char *path)
{
    const int length = *path == '/' ? snprintf(out, PATH, "%s", path)
                                    : snprintf(out, PATH, "%s/%s", present, path);
    if (length >= PATH) return pv_fail(PV_EUSAGE, "%.80s...: the path is too long", path);
    return PV_OK;
}

static pv_status find_places(plan *p)
{
    const ssize_t length = readlink("/proc/self/exe", p->program, PATH - 1);
    if (length < 0) return pv_fail(PV_EIO, "/proc/self/exe: %s", strerror(errno));
    p->program[length] = '\0';
    if (!getcwd(p->present, PATH))
        return pv_fail(PV_EIO, "the present directory has no path: %s", strerror(errno));
    PV_TRY(make_absolute(p->file, p->present, p->options->file));
    PV_TRY(make_absolute(p->directory, p->present, p->options->directory));
    return make_absolute(p->logs, p->directory, "slurm");
}

/* ---- who does what ---- */

static pv_status look_at(int *finished, const plan *p, size_t index)
{
    pv_sweep_model m;
    char directory[PATH];
    const pv_team team = {.options = &(pv_sweep_options){.directory = p->options->directory}};
    PV_TRY(pv_sweep_model_open(&m, p->sweep, index));
    pv_sweep_path(directory, &team, &m);
    const pv_status status = pv_run_check(&m.config, directory);
    *finished = status == PV_OK && pv_sweep_trained(directory, &m.config) &&
                (p->options->train_only || pv_sweep_evaluated(directory));
    pv_sweep_model_close(&m);
    return status;
}

static pv_status find_work(plan *p)
{
    const pv_slurm_options *o = p->options;
    const size_t models = pv_sweep_count(p->sweep);
    const size_t each = o->models_per_task ? o->models_per_task : PV_SLURM_MODELS;
    p->total = o->tasks ? o->tasks : (models + each - 1) / each;
    if (p->total > models) p->total = models;
    PV_TRY(pv_new(&p->work, p->total, 1, "tasks"));
    for (size_t i = 0; i < models; i++) {
        int finished;
        PV_TRY(look_at(&finished, p, i));
        if (finished)
            p->finished++;
        else
            p->work[i % p->total] = 1;
    }
    return PV_OK;
}

static pv_status ask_array(plan *p)
{
    static const char key[] = "MaxArraySize";
    char *answer;
    p->array = p->options->max_array;
    if (p->array) return PV_OK;
    const pv_status status =
        pv_slurm_ask(&answer, (const char *const[]){"scontrol", "show", "config", NULL});
    /* A script can be looked at where there is no Slurm. */
    if (status != PV_OK && !p->options->dry_run) return status;
    if (status != PV_OK) {
        p->array = PV_SLURM_ARRAY;
        return PV_OK;
    }
    const char *at = strstr(answer, key);
    at = at ? strchr(at, '=') : NULL;
    p->array = at ? strtoul(at + 1, NULL, 10) : PV_SLURM_ARRAY;
    free(answer);
    if (p->array == 0) return pv_fail(PV_EIO, "this Slurm takes no array jobs: MaxArraySize is 0");
    return PV_OK;
}

/* "0-3,7": those of the tasks from `first` on that have work; NULL: none has. Freed by the caller.
 */
static pv_status list_tasks(char **out, size_t *count, const plan *p, size_t first)
{
    size_t size, end = first + p->array < p->total ? first + p->array : p->total;
    FILE *file = open_memstream(out, &size);
    if (!file) return pv_fail(PV_ENOMEM, "out of memory for a list of tasks");
    *count = 0;
    for (size_t i = first, next; i < end; i = next + 1) {
        for (next = i; next < end && p->work[next];) next++;
        if (next == i) continue;
        fprintf(file, "%s%zu", *count ? "," : "", i - first);
        if (next > i + 1) fprintf(file, "-%zu", next - 1 - first);
        *count += next - i;
    }
    if (fclose(file) == 0) return PV_OK;
    free(*out);
    return pv_fail(PV_ENOMEM, "out of memory for a list of tasks");
}

/* ---- submitting ---- */

/* Two jobs with the same tasks would stand in each other's way. */
static pv_status check_queue(const plan *p)
{
    char path[PATH + 8], *jobs, *queued;
    size_t size;
    snprintf(path, sizeof path, "%s/jobs", p->logs);
    if (!pv_file_exists(path)) return PV_OK;
    PV_TRY(pv_read_text(&jobs, &size, path));
    for (char *c = jobs; *c; c++)
        if (*c == '\n') *c = ',';
    pv_status status =
        pv_slurm_ask(&queued, (const char *const[]){"squeue", "--noheader", "--format=%F", "--jobs",
                                                    jobs, NULL});
    free(jobs);
    if (status != PV_OK) return PV_OK; /* jobs that Slurm has forgotten are none */
    if (*queued)
        status = pv_fail(PV_EIO,
                         "%s: job %.*s of an earlier submission is still in Slurm's queue; wait "
                         "for it, or scancel it",
                         p->directory, (int)strcspn(queued, "\n"), queued);
    free(queued);
    return status;
}

static pv_status keep_job(plan *p, const char *number, size_t length)
{
    char path[PATH + 8], *more;
    snprintf(path, sizeof path, "%s/jobs", p->logs);
    if (asprintf(&more, "%s%.*s\n", p->jobs ? p->jobs : "", (int)length, number) < 0)
        return pv_fail(PV_ENOMEM, "out of memory for the numbers of jobs");
    free(p->jobs);
    p->jobs = more;
    return pv_write_text(path, more, strlen(more));
}

static pv_status submit(plan *p, const char *path, size_t tasks)
{
    char *answer;
    PV_TRY(pv_slurm_ask(&answer, (const char *const[]){"sbatch", "--parsable", path, NULL}));
    const size_t length = strspn(answer, "0123456789"); /* "12" or "12;cluster" */
    pv_status status = PV_OK;
    if (length == 0) {
        status = pv_fail(PV_EIO, "sbatch: gave no number of a job but: %.*s",
                         (int)strcspn(answer, "\n"), answer);
    } else {
        p->submitted++;
        fprintf(p->options->out, "submitted array job %.*s: %zu task%s, %s\n", (int)length, answer,
                tasks, tasks == 1 ? "" : "s", path);
        fflush(p->options->out);
        status = keep_job(p, answer, length);
    }
    free(answer);
    return status;
}

/* ---- the array jobs, one after another ---- */

typedef struct {
    size_t first, count; /* tasks */
    const char *tasks, *path;
} part;

static pv_status write_part(plan *p, const part *a)
{
    char *text;
    size_t size;
    p->arrays++;
    PV_TRY(pv_slurm_script(&text, &size,
                           &(pv_slurm_array){.options = p->options,
                                             .path = a->path,
                                             .program = p->program,
                                             .file = p->file,
                                             .directory = p->directory,
                                             .logs = p->logs,
                                             .present = p->present,
                                             .tasks = a->tasks,
                                             .offset = a->first,
                                             .total = p->total}));
    pv_status status = PV_OK;
    if (p->options->dry_run)
        fwrite(text, 1, size, p->options->out);
    else
        status = pv_write_text(a->path, text, size);
    free(text);
    return status;
}

static pv_status submit_part(plan *p, const part *a)
{
    const pv_status status = submit(p, a->path, a->count);
    if (status == PV_OK || p->submitted == 0) return status;
    char why[512];
    snprintf(why, sizeof why, "%s", pv_error());
    return pv_fail(status, "%s; %zu of %zu array jobs are submitted, %s is the next", why,
                   p->submitted, p->arrays, a->path);
}

static pv_status for_each_part(plan *p, pv_status (*each)(plan *p, const part *a))
{
    char path[PATH + 40], *tasks;
    for (size_t first = 0; first < p->total; first += p->array) {
        part a = {.first = first, .path = path};
        snprintf(path, sizeof path, "%s/array-%zu.sh", p->logs, first / p->array);
        PV_TRY(list_tasks(&tasks, &a.count, p, first));
        a.tasks = tasks;
        const pv_status status = a.count ? each(p, &a) : PV_OK;
        free(tasks);
        PV_TRY(status);
    }
    return PV_OK;
}

/* Scripts of an earlier submission would be taken for some of this one. */
static void remove_parts(const plan *p)
{
    DIR *logs = opendir(p->logs);
    if (!logs) return;
    for (struct dirent *e; (e = readdir(logs));) {
        const size_t digits =
            strncmp(e->d_name, "array-", 6) ? 0 : strspn(e->d_name + 6, "0123456789");
        if (digits && strcmp(e->d_name + 6 + digits, ".sh") == 0)
            unlinkat(dirfd(logs), e->d_name, 0);
    }
    closedir(logs);
}

static void tell(const plan *p)
{
    size_t work = 0;
    for (size_t i = 0; i < p->total; i++) work += p->work[i];
    const size_t models = pv_sweep_count(p->sweep);
    fprintf(p->options->out, "%s: %zu of %zu models finished; ", p->options->directory, p->finished,
            models);
    if (work)
        fprintf(p->options->out, "%zu of %zu tasks have work\n", work, p->total);
    else
        fputs("there is nothing to submit\n", p->options->out);
}

pv_status pv_slurm_submit(const pv_sweep *sweep, const pv_slurm_options *options)
{
    plan p = {.sweep = sweep, .options = options};
    pv_status status = find_places(&p);
    if (status == PV_OK) status = find_work(&p);
    if (status == PV_OK) status = ask_array(&p);
    if (status == PV_OK && !options->dry_run) {
        tell(&p);
        status = pv_make_directory(p.logs);
        if (status == PV_OK) status = check_queue(&p);
        if (status == PV_OK) remove_parts(&p);
    }
    if (status == PV_OK) status = for_each_part(&p, write_part);
    if (status == PV_OK && !options->dry_run) status = for_each_part(&p, submit_part);
    free(p.work);
    free(p.jobs);
    return status;
}
