/* cmd_check.c -- polarvae check: a device against a reference file that another one wrote. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/base.h"
#include "cli/cli.h"
#include "polarvae/check.h"

static const char usage[] =
    "Usage: polarvae check FILE [--device D] [--json] [--quiet]\n"
    "       polarvae check --write FILE [--device D] [--quiet]\n"
    "\n"
    "Runs one fixed training step for every objective on a device, and compares all that it\n"
    "computes (activations, loss terms, gradients, updated parameters) with what another device\n"
    "or instruction set wrote to FILE. Errors are relative to a tensor's largest element; what is\n"
    "allowed follows from float32 rounding. Exit status 1 if a tensor is off by more.\n"
    "\n"
    "  --write FILE  writes the file instead\n"
    "  --device D    auto, cpu or cuda:N\n"
    "  --json        for programs\n"
    "  --quiet       nothing on stderr but errors\n"
    "  --help        this text\n"
    "\n"
    "Columns: elements, largest of them in FILE, maximum and 99 % error of those kept there, rms\n"
    "error of all as its sketch estimates it, what is allowed.\n"
    "\n"
    "Examples:\n"
    "  polarvae check benchmarks/reference.h5 --device cuda:0\n"
    "  POLARVAE_ISA=reference polarvae check --write reference.h5 --device cpu\n";

typedef struct {
    const char *write, *device;
    int json, quiet;
} options;

/* ---- the report ---- */

static void print_lines(const pv_check_report *r)
{
    const char *step = "";
    for (size_t i = 0; i < r->count; i++) {
        const pv_check_line *l = &r->line[i];
        if (strcmp(step, l->step) != 0)
            printf("%s%-32s %-10s %9s %9s %9s %9s %9s %9s\n", *step ? "\n" : "", l->step, "kind",
                   "elements", "largest", "maximum", "99 %", "rms", "allowed");
        step = l->step;
        printf("%-32s %-10s %9llu %9.2e %9.1e %9.1e %9.1e %9.1e %s\n", l->name,
               pv_check_kind_name[l->kind], (unsigned long long)l->size, l->largest, l->maximum,
               l->most, l->rms, l->allowed, l->passed ? "pass" : "FAIL");
    }
}

static void print_summary(const pv_check_report *r)
{
    printf("\n%-12s %7s %9s %9s %9s\n", "", "tensors", "maximum", "rms", "failed");
    for (int kind = 0; kind < PV_CHECK_KIND_COUNT; kind++) {
        size_t count = 0, failed = 0;
        double maximum = 0.0, rms = 0.0;
        for (size_t i = 0; i < r->count; i++) {
            const pv_check_line *l = &r->line[i];
            if ((int)l->kind != kind) continue;
            count++;
            failed += !l->passed;
            if (l->maximum > maximum) maximum = l->maximum;
            if (l->rms > rms) rms = l->rms;
        }
        printf("%-12s %7zu %9.1e %9.1e %9zu\n", pv_check_kind_name[kind], count, maximum, rms,
               failed);
    }
}

static pv_status print_json(const pv_check_report *r, const char *device)
{
    pv_json *j = pv_json_new();
    pv_json_object(j, NULL);
    pv_json_text(j, "device", device);
    pv_json_text(j, "reference_device", r->device);
    pv_json_text(j, "reference_version", r->version);
    pv_json_whole(j, "tensors", (long long)r->count);
    pv_json_whole(j, "failed", (long long)r->failed);
    pv_json_array(j, "lines");
    for (size_t i = 0; i < r->count; i++) {
        const pv_check_line *l = &r->line[i];
        pv_json_object(j, NULL);
        pv_json_text(j, "step", l->step);
        pv_json_text(j, "name", l->name);
        pv_json_text(j, "kind", pv_check_kind_name[l->kind]);
        pv_json_whole(j, "elements", (long long)l->size);
        pv_json_real(j, "largest", l->largest);
        pv_json_real(j, "maximum", l->maximum);
        pv_json_real(j, "most", l->most);
        pv_json_real(j, "rms", l->rms);
        pv_json_real(j, "allowed", l->allowed);
        pv_json_truth(j, "passed", l->passed);
        pv_json_end(j);
    }
    pv_json_end(j);
    pv_json_end(j);
    return pv_json_finish(j, "-");
}

/* One line that names the worst. */
static pv_status judge(const pv_check_report *r, const char *path, const pv_device *device)
{
    if (!r->failed) return PV_OK;
    const pv_check_line *l = &r->line[r->worst];
    return pv_fail(PV_EDEVICE,
                   "%s: %s is off in %zu of %zu tensors, most in step %s, %s %s: by %.1e of its "
                   "largest element (rms %.1e), %.1e is allowed",
                   path, pv_device_name(device), r->failed, r->count, l->step,
                   pv_check_kind_name[l->kind], l->name, l->maximum, l->rms, l->allowed);
}

/* ---- the command ---- */

static pv_status write_file(const options *o, pv_stream *stream, const pv_progress *progress)
{
    struct stat info;
    PV_TRY(pv_check_write(o->write, stream, progress));
    const double megabytes = stat(o->write, &info) == 0 ? (double)info.st_size / 1e6 : 0.0;
    printf("%s: %.1f MB, by %s\n", o->write, megabytes,
           pv_device_description(pv_stream_device(stream)));
    return PV_OK;
}

static pv_status compare(const options *o, const char *path, pv_stream *stream,
                         const pv_progress *progress)
{
    pv_check_report r;
    const pv_device *device = pv_stream_device(stream);
    PV_TRY(pv_check_compare(&r, path, stream, progress));
    pv_status status = PV_OK;
    if (o->json)
        status = print_json(&r, pv_device_description(device));
    else {
        printf("%s: %s (%s)\n%s: %s\n\n", path, r.device, r.version, pv_device_name(device),
               pv_device_description(device));
        print_lines(&r);
        print_summary(&r);
    }
    if (status == PV_OK) status = judge(&r, path, device);
    pv_check_report_free(&r);
    return status;
}

static pv_status check(const pv_arguments *rest, void *state)
{
    const options *o = state;
    pv_device *device;
    pv_stream *stream = NULL;
    pv_bar bar;
    if (o->write ? rest->count > 0 : rest->count != 1)
        return pv_fail(PV_EUSAGE, "check: one FILE to compare with, or --write FILE; see --help");
    if (o->write && o->json) return pv_fail(PV_EUSAGE, "check --write: does not take --json");
    PV_TRY(pv_device_open(&device, o->device ? o->device : "auto"));
    pv_status status = pv_stream_open(&stream, device, 0);
    pv_bar_start(&bar, "steps", 0, o->quiet);
    pv_progress progress = pv_bar_progress(&bar);
    if (status == PV_OK && pv_device_notice(device)) pv_bar_say(&bar, pv_device_notice(device));
    if (status == PV_OK)
        status = o->write ? write_file(o, stream, &progress)
                          : compare(o, rest->value[0], stream, &progress);
    pv_bar_end(&bar);
    pv_stream_close(stream);
    pv_device_close(device);
    return status;
}

int pv_command_check(int argc, char **argv)
{
    options o = {0};
    const pv_option known[] = {{.name = "--write", .text = &o.write},
                               {.name = "--device", .text = &o.device},
                               {.name = "--json", .flag = &o.json},
                               {.name = "--quiet", .flag = &o.quiet},
                               {0}};
    return pv_command_run(
        &(pv_command){.usage = usage, .options = known, .run = check, .state = &o}, argc, argv);
}
