/* gnuplot.c -- a script goes to gnuplot, an SVG comes back. */
#include "report/gnuplot.h"

#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"

extern char **environ;

/* Files in memory: no pipe that could fill while nobody reads. */
enum { SCRIPT, PLOT, COMPLAINT, FILES };

static pv_status open_files(int file[FILES], const char *script)
{
    for (int i = 0; i < FILES; i++) {
        file[i] = memfd_create("gnuplot", MFD_CLOEXEC);
        if (file[i] < 0) return pv_fail(PV_EIO, "gnuplot: no file in memory: %s", strerror(errno));
    }
    for (size_t done = 0, size = strlen(script); done < size;) {
        const ssize_t n = write(file[SCRIPT], script + done, size - done);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return pv_fail(PV_EIO, "gnuplot: its script: %s", strerror(errno));
        done += (size_t)n;
    }
    lseek(file[SCRIPT], 0, SEEK_SET);
    return PV_OK;
}

static pv_status take_text(char **out, size_t *size, int file)
{
    const off_t end = lseek(file, 0, SEEK_END);
    size_t done = 0;
    PV_TRY(pv_new(out, (size_t)end + 1, 1, "a plot"));
    for (*size = (size_t)end; done < *size;) {
        const ssize_t n = pread(file, *out + done, *size - done, (off_t)done);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) break;
        done += (size_t)n;
    }
    *size = done;
    return PV_OK;
}

static pv_status run(int *exit_status, const int file[FILES])
{
    char *const argument[] = {"gnuplot", "-", NULL};
    posix_spawn_file_actions_t actions;
    pid_t child;
    if (posix_spawn_file_actions_init(&actions) != 0)
        return pv_fail(PV_ENOMEM, "out of memory: gnuplot");
    for (int i = 0; i < FILES; i++) posix_spawn_file_actions_adddup2(&actions, file[i], i);
    const int error = posix_spawnp(&child, argument[0], &actions, NULL, argument, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error)
        return pv_fail(PV_EIO, "gnuplot: %s; plots need it (Debian: gnuplot-nox)", strerror(error));
    while (waitpid(child, exit_status, 0) < 0)
        if (errno != EINTR) return pv_fail(PV_EIO, "gnuplot: %s", strerror(errno));
    return PV_OK;
}

/* gnuplot shows the line and a mark below it before it says what is wrong. */
static pv_status complain(int file)
{
    char *text;
    size_t size;
    PV_TRY(take_text(&text, &size, file));
    const char *at = strstr(text, "line ");
    if (!at) at = text;
    pv_status status = pv_fail(PV_EDATA, "gnuplot: %.*s", (int)strcspn(at, "\n"), at);
    free(text);
    return status;
}

pv_status pv_gnuplot(char **out, size_t *size, const char *script)
{
    int file[FILES] = {-1, -1, -1}, exit_status = 0;
    pv_status status = open_files(file, script);
    if (status == PV_OK) status = run(&exit_status, file);
    if (status == PV_OK)
        status = exit_status ? complain(file[COMPLAINT]) : take_text(out, size, file[PLOT]);
    for (int i = 0; i < FILES; i++)
        if (file[i] >= 0) close(file[i]);
    return status;
}
