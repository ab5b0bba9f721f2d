/* lanes.h -- the devices of a sweep, and the lanes on them; private to host/sweep/. */
#ifndef PV_SWEEP_LANES_H
#define PV_SWEEP_LANES_H

#include "sweep/team.h"

/* Opens the team's devices, and on each as many lanes as the options say and the jobs are worth. */
pv_status pv_lanes_open(pv_lane **out, int *count, pv_team *team);
void pv_lanes_close(pv_lane *lanes, int count);

#endif
