/* slurm_ask.c -- a program of Slurm is run, and what it says is kept. */
#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/base.h"
#include "sweep/slurm.h"

extern char **environ;

/* Files in memory: no pipe that could fill while nobody reads. */
typedef struct {
    int answer, complaint;
} said;

static pv_status text_of(char **out, int file)
{
    struct stat s;
    if (fstat(file, &s) != 0) return pv_fail(PV_EIO, "a file in memory: %s", strerror(errno));
    PV_TRY(pv_new(out, (size_t)s.st_size + 1, 1, "what Slurm says"));
    const ssize_t n = pread(file, *out, (size_t)s.st_size, 0);
    (*out)[n > 0 ? n : 0] = '\0';
    return PV_OK;
}

static pv_status run(int *status, const said *s, const char *const *argument)
{
    posix_spawn_file_actions_t actions;
    pid_t child;
    if (posix_spawn_file_actions_init(&actions) != 0)
        return pv_fail(PV_ENOMEM, "out of memory: %s", argument[0]);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, s->answer, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, s->complaint, STDERR_FILENO);
    const int error =
        posix_spawnp(&child, argument[0], &actions, NULL, (char *const *)argument, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (error)
        return pv_fail(PV_EIO, "%s: %s; --slurm wants a machine that submits to Slurm", argument[0],
                       strerror(error));
    while (waitpid(child, status, 0) < 0)
        if (errno != EINTR) return pv_fail(PV_EIO, "%s: %s", argument[0], strerror(errno));
    return PV_OK;
}

/* "sbatch: error: invalid partition specified: x\nsbatch: error: Batch job ..." as one line, with
 * the name of the program once. */
static pv_status complain(const char *program, char *text)
{
    char line[400] = "";
    const size_t length = strlen(program);
    for (char *rest = text, *part; (part = strsep(&rest, "\n"));) {
        if (strncmp(part, program, length) == 0 && strncmp(part + length, ": ", 2) == 0)
            part += length + 2;
        if (strncmp(part, "error: ", 7) == 0) part += 7;
        if (!*part) continue;
        if (*line) strncat(line, "; ", sizeof line - strlen(line) - 1);
        strncat(line, part, sizeof line - strlen(line) - 1);
    }
    return pv_fail(PV_EIO, "%s: %s", program, *line ? line : "failed without a word");
}

pv_status pv_slurm_ask(char **out, const char *const *argument)
{
    said s = {.answer = memfd_create("answer", MFD_CLOEXEC),
              .complaint = memfd_create("complaint", MFD_CLOEXEC)};
    int exit_status = 0;
    char *complaint = NULL;
    *out = NULL;
    pv_status status = PV_OK;
    if (s.answer < 0 || s.complaint < 0)
        status = pv_fail(PV_EIO, "%s: no file in memory: %s", argument[0], strerror(errno));
    if (status == PV_OK) status = run(&exit_status, &s, argument);
    if (status == PV_OK && exit_status) {
        status = text_of(&complaint, s.complaint);
        if (status == PV_OK) status = complain(argument[0], complaint);
    }
    if (status == PV_OK) status = text_of(out, s.answer);
    free(complaint);
    if (s.answer >= 0) close(s.answer);
    if (s.complaint >= 0) close(s.complaint);
    return status;
}
