/* cmd_info.c -- polarvae info: which program this is and what it can use. */
#include <stdio.h>
#include <unistd.h>

#include "base/base.h"
#include "cli/cli.h"
#include "polarvae/device.h"
#include "polarvae/version.h"

static const char usage[] = "Usage: polarvae info [--device NAME] [--json]\n"
                            "\n"
                            "Version, devices, and what the processor offers.\n"
                            "\n"
                            "  --device NAME  only this one\n"
                            "  --json         for programs\n"
                            "  --help         this text\n"
                            "\n"
                            "Example:\n"
                            "  POLARVAE_ISA=avx2 polarvae info\n";

typedef struct {
    const char *device;
    int json;
} options;

/* Told on one line, or in the open list of JSON. */
static void tell(const pv_device *device, pv_json *j)
{
    if (!j) {
        printf("%-9s %s\n", pv_device_name(device), pv_device_description(device));
        return;
    }
    pv_json_object(j, NULL);
    pv_json_text(j, "name", pv_device_name(device));
    pv_json_text(j, "description", pv_device_description(device));
    pv_json_end(j);
}

/* The devices cuda:0, cuda:1, ...; why there is none becomes *reason. */
static void tell_gpus(pv_json *j, char reason[static 256])
{
    pv_device *device;
    char name[32] = "cuda:0";
    int count = 0;
    while (pv_device_open(&device, name) == PV_OK) {
        tell(device, j);
        pv_device_close(device);
        snprintf(name, sizeof name, "cuda:%d", ++count);
    }
    snprintf(reason, 256, "%s", count ? "" : pv_error());
}

static pv_status info(const pv_arguments *rest, void *state)
{
    const options *o = state;
    char reason[256] = "";
    pv_device *device;
    (void)rest;
    PV_TRY(pv_device_open(&device, o->device ? o->device : "cpu"));
    const double gigabytes =
        (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE) / (double)(1 << 30);
    pv_json *j = o->json ? pv_json_new() : NULL;
    if (j) {
        pv_json_object(j, NULL);
        pv_json_text(j, "version", PV_VERSION);
        pv_json_text(j, "commit", PV_COMMIT);
        pv_json_text(j, "compiler", __VERSION__);
        pv_json_text(j, "sanitizer", *PV_SANITIZER ? PV_SANITIZER : NULL);
        pv_json_real(j, "memory_gb", gigabytes);
        pv_json_array(j, "devices");
    } else
        printf("polarvae  %s (%s), compiler %s%s; %.1f GB of memory\n", PV_VERSION, PV_COMMIT,
               __VERSION__, *PV_SANITIZER ? ", sanitizer: " PV_SANITIZER : "", gigabytes);
    tell(device, j);
    pv_device_close(device);
    if (!o->device) tell_gpus(j, reason);
    if (!j) {
        if (*reason) printf("cuda      none: %s\n", reason);
        return PV_OK;
    }
    pv_json_end(j);
    pv_json_text(j, "no_cuda", *reason ? reason : NULL);
    pv_json_end(j);
    return pv_json_finish(j, "-");
}

int pv_command_info(int argc, char **argv)
{
    options o = {0};
    const pv_option known[] = {
        {.name = "--device", .text = &o.device}, {.name = "--json", .flag = &o.json}, {0}};
    return pv_command_run(
        &(pv_command){.usage = usage, .options = known, .bare = 1, .run = info, .state = &o}, argc,
        argv);
}
