/* cmd_info.c -- polarvae info: which program this is and what it can use. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/base.h"
#include "cli/cli.h"
#include "polarvae/device.h"
#include "polarvae/version.h"

static const char usage[] = "Usage: polarvae info [--device NAME] [--json]\n"
                            "\n"
                            "Version, devices, and what the processor offers.\n"
                            "\n"
                            "Example:\n"
                            "  POLARVAE_ISA=avx2 polarvae info\n";

static pv_status info(const char *name, int json)
{
    pv_device *device;
    PV_TRY(pv_device_open(&device, name));
    const double gigabytes =
        (double)sysconf(_SC_PHYS_PAGES) * (double)sysconf(_SC_PAGESIZE) / (double)(1 << 30);
    pv_status status = PV_OK;
    if (json) {
        pv_json *j = pv_json_new();
        pv_json_object(j, NULL);
        pv_json_text(j, "version", PV_VERSION);
        pv_json_text(j, "commit", PV_COMMIT);
        pv_json_text(j, "compiler", __VERSION__);
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
        printf("polarvae  %s (%s), compiler %s\n", PV_VERSION, PV_COMMIT, __VERSION__);
        printf("%-9s %s, %.1f GB\n", pv_device_name(device), pv_device_description(device),
               gigabytes);
        printf("cuda      not in this version\n");
    }
    pv_device_close(device);
    return status;
}

int pv_command_info(int argc, char **argv)
{
    int help = 0, json = 0, quiet = 0;
    const char *device = "cpu";
    const pv_option known[] = {{.name = "--device", .text = &device},
                               {.name = "--json", .flag = &json},
                               {.name = "--quiet", .flag = &quiet},
                               {.name = "--help", .flag = &help},
                               {0}};
    pv_arguments rest = {.value = calloc((size_t)argc, sizeof *rest.value)};
    if (!rest.value) return pv_command_end(pv_fail(PV_ENOMEM, "out of memory"));
    pv_status status = pv_options_parse(known, argc, argv, &rest);
    if (status == PV_OK && help)
        fputs(usage, stdout);
    else if (status == PV_OK && rest.count > 0)
        status = pv_fail(PV_EUSAGE, "info: takes no argument '%s'", rest.value[0]);
    else if (status == PV_OK)
        status = info(device, json);
    free(rest.value);
    return pv_command_end(status);
}
