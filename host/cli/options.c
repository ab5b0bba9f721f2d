/* options.c -- options of a command, from a table. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

/* How many of the first letters agree: enough to guess what was meant. */
static const char *nearest(const pv_option *options, const char *name)
{
    const char *best = options->name;
    size_t most = 0;
    for (const pv_option *o = options; o->name; o++) {
        size_t same = 0;
        while (o->name[same] && o->name[same] == name[same]) same++;
        if (same > most) {
            most = same;
            best = o->name;
        }
    }
    return best;
}

static pv_status set_number(const pv_option *o, const char *text)
{
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (errno || end == text || *end || value < o->low || value > o->high)
        return pv_fail(PV_EUSAGE, "%s %s: must be a whole number from %ld to %ld", o->name, text,
                       o->low, o->high);
    *o->number = value;
    return PV_OK;
}

static pv_status set_option(const pv_option *o, const char *inline_value, int argc, char **argv,
                            int *i)
{
    if (o->flag) {
        if (inline_value) return pv_fail(PV_EUSAGE, "%s: takes no value", o->name);
        *o->flag = 1;
        return PV_OK;
    }
    const char *value = inline_value ? inline_value : *i + 1 < argc ? argv[++*i] : NULL;
    if (!value || !*value) return pv_fail(PV_EUSAGE, "%s: a value must follow", o->name);
    if (o->number) return set_number(o, value);
    *o->text = value;
    return PV_OK;
}

int pv_is_assignment(const char *argument)
{
    const char *equals = strchr(argument, '=');
    return equals && strcspn(argument, "/.-") > (size_t)(equals - argument);
}

pv_status pv_options_parse(const pv_option *options, int argc, char **argv, pv_arguments *rest)
{
    for (int i = 1; i < argc; i++) {
        const char *argument = argv[i];
        if (strcmp(argument, "--") == 0) {
            while (++i < argc) rest->value[rest->count++] = argv[i];
            break;
        }
        if (argument[0] != '-' || !argument[1]) {
            rest->value[rest->count++] = argument;
            continue;
        }
        if (strcmp(argument, "-o") == 0) argument = "--out";
        if (strcmp(argument, "-h") == 0) argument = "--help";
        const char *equals = strchr(argument, '=');
        const size_t length = equals ? (size_t)(equals - argument) : strlen(argument);
        const pv_option *o = options;
        while (o->name && (strlen(o->name) != length || strncmp(o->name, argument, length) != 0))
            o++;
        if (!o->name)
            return pv_fail(PV_EUSAGE, "%s: unknown option of %s; did you mean %s?", argument,
                           argv[0], nearest(options, argument));
        rest->given |= 1u << (o - options);
        PV_TRY(set_option(o, equals ? equals + 1 : NULL, argc, argv, &i));
    }
    return PV_OK;
}
