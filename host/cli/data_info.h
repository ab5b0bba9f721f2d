/* data_info.h -- polarvae data info. */
#ifndef PV_CLI_DATA_INFO_H
#define PV_CLI_DATA_INFO_H

#include "cli/cli.h"

/* rest: a file or a name, and key=value. sheet: a PNG file to write, or NULL. */
pv_status pv_show_data(const pv_arguments *rest, const char *sheet, int json, int quiet);

#endif
