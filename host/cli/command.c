/* command.c -- from a command line to a command's work: verb, options, help, exit status. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

enum { OPTIONS = 24 };

/* What a command has besides its own options, and room for what --device becomes. */
typedef struct {
    int help;
    const char *device;
    char assignment[64];
} common;

static void add_common(pv_option out[OPTIONS + 1], const pv_command *command, common *c)
{
    int count = 0;
    for (; command->options[count].name; count++) {
        assert(count < OPTIONS - 2);
        out[count] = command->options[count];
    }
    if (command->sets_device) out[count++] = (pv_option){.name = "--device", .text = &c->device};
    out[count++] = (pv_option){.name = "--help", .flag = &c->help};
    out[count] = (pv_option){0};
}

static pv_status set_device(pv_arguments *rest, common *c)
{
    if (!c->device) return PV_OK;
    const int length = snprintf(c->assignment, sizeof c->assignment, "device=%s", c->device);
    if (length >= (int)sizeof c->assignment)
        return pv_fail(PV_EUSAGE, "--device %.32s...: use auto, cpu or cuda:N", c->device);
    rest->value[rest->count++] = c->assignment;
    return PV_OK;
}

/* "'train', 'encode' or 'kernels'" */
static const char *list(char out[static 128], const char *const *verbs)
{
    size_t used = 0;
    for (int i = 0; verbs[i]; i++) {
        const char *before = i == 0 ? "" : verbs[i + 1] ? ", " : " or ";
        used += (size_t)snprintf(out + used, 128 - used, "%s'%s'", before, verbs[i]);
        assert(used < 128);
    }
    return out;
}

static pv_status take_verb(pv_arguments *rest, const pv_command *command, const char *name)
{
    char names[128];
    const char *const *verbs = command->verbs;
    if (rest->count == 0)
        return pv_fail(PV_EUSAGE, "%s: %s must follow; see --help", name, list(names, verbs));
    while (verbs[rest->verb] && strcmp(verbs[rest->verb], rest->value[0]) != 0) rest->verb++;
    if (!verbs[rest->verb])
        return pv_fail(PV_EUSAGE, "%s %s: must be %s", name, rest->value[0], list(names, verbs));
    rest->value++;
    rest->count--;
    return PV_OK;
}

/* Of the given options, each must be one that the verb heeds. */
static pv_status check_options(const pv_arguments *rest, const pv_command *command,
                               const char *name)
{
    for (int i = 0; command->options[i].name; i++) {
        const pv_option *o = &command->options[i];
        if (rest->given >> i & 1 && o->verbs && !(o->verbs >> rest->verb & 1))
            return pv_fail(PV_EUSAGE, "%s %s: does not take %s", name, command->verbs[rest->verb],
                           o->name);
    }
    return PV_OK;
}

static pv_status run(const pv_command *command, int argc, char **argv, const char **room)
{
    common c = {0};
    pv_option options[OPTIONS + 1];
    pv_arguments rest = {.value = room};
    add_common(options, command, &c);
    PV_TRY(pv_options_parse(options, argc, argv, &rest));
    if (c.help) {
        fputs(command->usage, stdout);
        if (command->more_usage) command->more_usage(stdout);
        return PV_OK;
    }
    if (command->verbs) PV_TRY(take_verb(&rest, command, argv[0]));
    PV_TRY(check_options(&rest, command, argv[0]));
    if (command->bare && rest.count > 0)
        return pv_fail(PV_EUSAGE, "%s: takes no argument '%s'", argv[0], rest.value[0]);
    PV_TRY(set_device(&rest, &c));
    return command->run(&rest, command->state);
}

int pv_command_run(const pv_command *command, int argc, char **argv)
{
    /* One more than the arguments, for what --device becomes. */
    const char **room = calloc((size_t)argc + 1, sizeof *room);
    pv_status status = room ? run(command, argc, argv, room) : pv_fail(PV_ENOMEM, "out of memory");
    if (status != PV_OK) fprintf(stderr, "polarvae: %s\n", pv_error());
    free(room);
    return pv_exit_code(status);
}
