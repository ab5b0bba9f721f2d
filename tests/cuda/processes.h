/* processes.h -- programs of which the emulator must say something, each case a process. */
#ifndef TEST_PROCESSES_H
#define TEST_PROCESSES_H

#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

enum { STATUS_FINDINGS = 98, SAID = 1 << 14 };

/* Runs this program again with `index` as its argument; what it says on stderr, and its status. */
HELPER int process(int index, char said[SAID])
{
    char number[16];
    int ends[2], status;
    size_t length = 0;
    ssize_t more;
    snprintf(number, sizeof number, "%d", index);
    if (pipe(ends)) exit(1);
    const pid_t child = fork();
    if (!child) {
        dup2(ends[1], STDERR_FILENO);
        close(ends[0]);
        execl("/proc/self/exe", "case", number, (char *)NULL);
        _exit(1);
    }
    close(ends[1]);
    while ((more = read(ends[0], said + length, SAID - 1 - length)) > 0) length += (size_t)more;
    said[length] = '\0';
    close(ends[0]);
    if (child < 0 || waitpid(child, &status, 0) != child) exit(1);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* That case `index` makes the emulator report so many findings, one of them with `text`. */
HELPER void check_process(const char *name, int index, int findings, const char *text)
{
    static char said[SAID];
    const int status = process(index, said);
    int found = 0;
    for (const char *at = said; (at = strstr(at, "emulator: ")); at++) found++;
    if (findings) found--; /* the last line counts them */
    check(status == (findings ? STATUS_FINDINGS : 0), "%s: status %d: %s", name, status, said);
    check(found == findings, "%s: %d findings: %s", name, found, said);
    if (text) check(strstr(said, text) != NULL, "%s: not said: %s: %s", name, text, said);
}

#endif
