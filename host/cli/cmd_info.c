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
                            "  --device NAME  default: cpu\n"
                            "  --json         for programs\n"
                            "  --help         this text\n"
                            "\n"
                            "Example:\n"
                            "  POLARVAE_ISA=avx2 polarvae info\n";

typedef struct {
    const char *device;
    int json;
} options;

static pv_status info(const pv_arguments *rest, void *state)
{
    const options *o = state;
    pv_device *device;
    (void)rest;
    PV_TRY(pv_device_open(&device, o->device));
    const double gigabytes =
        (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE) / (double)(1 << 30);
    pv_status status = PV_OK;
    if (o->json) {
        pv_json *j = pv_json_new();
        pv_json_object(j, NULL);
        pv_json_text(j, "version", PV_VERSION);
        pv_json_text(j, "commit", PV_COMMIT);
        pv_json_text(j, "compiler", __VERSION__);
        pv_json_text(j, "sanitizer", *PV_SANITIZER ? PV_SANITIZER : NULL);
        pv_json_real(j, "memory_gb", gigabytes);
        pv_json_array(j, "devices");
        pv_json_object(j, NULL);
        pv_json_text(j, "name", pv_device_name(device));
        pv_json_text(j, "description", pv_device_description(device));
        pv_json_end(j);
        pv_json_end(j);
        pv_json_end(j);
        status = pv_json_finish(j, "-");
    } else {
        printf("polarvae  %s (%s), compiler %s%s\n", PV_VERSION, PV_COMMIT, __VERSION__,
               *PV_SANITIZER ? ", sanitizer: " PV_SANITIZER : "");
        printf("%-9s %s, %.1f GB\n", pv_device_name(device), pv_device_description(device),
               gigabytes);
        printf("cuda      not in this version\n");
    }
    pv_device_close(device);
    return status;
}

int pv_command_info(int argc, char **argv)
{
    options o = {.device = "cpu"};
    const pv_option known[] = {
        {.name = "--device", .text = &o.device}, {.name = "--json", .flag = &o.json}, {0}};
    return pv_command_run(
        &(pv_command){.usage = usage, .options = known, .bare = 1, .run = info, .state = &o}, argc,
        argv);
}
