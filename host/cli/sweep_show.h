/* sweep_show.h -- what `polarvae sweep` says on stdout, as text or as JSON. */
#ifndef PV_CLI_SWEEP_SHOW_H
#define PV_CLI_SWEEP_SHOW_H

#include "polarvae/sweep.h"

/* What was done. */
pv_status pv_show_result(const pv_sweep_result *result, const char *directory, int json);
/* How far it is, and which models have failed. */
pv_status pv_show_survey(const pv_sweep *sweep, const char *directory, int json);

#endif
