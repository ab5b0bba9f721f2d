/* signals.c -- SIGINT and SIGTERM as a flag that long work looks at, and a clock. */
#include <signal.h>
#include <stdatomic.h>
#include <time.h>

#include "base/base.h"

static atomic_int came;

static void remember(int number)
{
    int none = 0;
    atomic_compare_exchange_strong(&came, &none, number);
}

void pv_signals_catch(void)
{
    struct sigaction action = {.sa_handler = remember, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGTERM, &action, NULL);
    /* Ctrl-C twice kills: for the impatient, and for work that does not look. */
    action.sa_flags |= (int)SA_RESETHAND;
    sigaction(SIGINT, &action, NULL);
}

int pv_signal_came(void) { return atomic_load(&came); }

double pv_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}
