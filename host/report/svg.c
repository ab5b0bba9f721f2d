/* svg.c -- an SVG file of gnuplot's becomes an element of a page.
 *
 * Several in one page must not share ids, a file's fonts and white ground are wrong in a page that
 * may be dark, and nine tenths of it are groups without contents. */
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "report/page.h"

enum { DEEPEST = 32, ATTRIBUTES = 24, LONGEST = 256 };

typedef struct {
    const char *name, *value; /* in the file */
    int name_size, value_size;
} attribute;

typedef struct {
    const char *name;
    int name_size, closes, empty; /* </name>, <name/> */
    attribute attribute[ATTRIBUTES];
    int count;
} tag;

typedef struct {
    char *text;
    size_t size, room;
    int failed;
    size_t open[DEEPEST]; /* where the text of each open group begins, and where its contents do */
    size_t inside[DEEPEST];
    int depth;
} output;

static void put(output *o, const char *text, size_t size)
{
    if (o->size + size + 1 > o->room) {
        const size_t room = 2 * (o->size + size) + 4096;
        char *grown = o->failed ? NULL : realloc(o->text, room);
        if (!grown) {
            o->failed = 1;
            return;
        }
        o->text = grown;
        o->room = room;
    }
    memcpy(o->text + o->size, text, size);
    o->size += size;
}
static void put_text(output *o, const char *text) { put(o, text, strlen(text)); }

/* ---- reading ---- */

static const char *skip_space(const char *c) { return c + strspn(c, " \t\r\n"); }

/* The tag that begins at `c`; returns what is behind it, or NULL. */
static const char *read_tag(tag *t, const char *c)
{
    *t = (tag){.closes = c[1] == '/'};
    t->name = c + 1 + t->closes;
    t->name_size = (int)strcspn(t->name, " \t\r\n/>");
    for (c = skip_space(t->name + t->name_size); *c && *c != '>' && *c != '/'; c = skip_space(c)) {
        attribute a = {.name = c, .name_size = (int)strcspn(c, " \t\r\n=/>")};
        c = skip_space(c + a.name_size);
        if (*c != '=') return NULL;
        c = skip_space(c + 1);
        const char quote = *c, *end = quote == '"' || quote == '\'' ? strchr(c + 1, quote) : NULL;
        if (!end) return NULL;
        a.value = c + 1;
        a.value_size = (int)(end - a.value);
        if (t->count < ATTRIBUTES) t->attribute[t->count++] = a;
        c = end + 1;
    }
    t->empty = *c == '/';
    c += t->empty;
    return *c == '>' ? c + 1 : NULL;
}

static int is(const char *text, int size, const char *wanted)
{
    return (int)strlen(wanted) == size && strncmp(text, wanted, (size_t)size) == 0;
}

static int named(const tag *t, const char *name) { return is(t->name, t->name_size, name); }

static const attribute *find(const tag *t, const char *name)
{
    for (int i = 0; i < t->count; i++)
        if (is(t->attribute[i].name, t->attribute[i].name_size, name)) return &t->attribute[i];
    return NULL;
}

/* Behind the end of an element that is left out with all that is in it. */
static const char *skip_element(const tag *t, const char *c)
{
    char end[LONGEST];
    if (t->empty) return c;
    snprintf(end, sizeof end, "</%.*s>", t->name_size, t->name);
    c = strstr(c, end);
    return c ? c + strlen(end) : NULL;
}

/* ---- writing ---- */

/* rgb(0, 114, 178) or #0072b2 as the page's own. */
static void put_colour(output *o, const attribute *a)
{
    static const struct {
        const char *light, *variable;
    } known[] = {
#define X(name, light, dark) {light, "var(--" #name ")"},
        PV_COLOURS(X)
#undef X
    };
    char hex[LONGEST];
    int red, green, blue;
    snprintf(hex, sizeof hex, "%.*s", a->value_size, a->value);
    if (sscanf(hex, "rgb(%d,%d,%d)", &red, &green, &blue) == 3)
        snprintf(hex, sizeof hex, "#%02x%02x%02x", red, green, blue);
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (strcasecmp(hex, known[i].light) == 0) {
            put_text(o, known[i].variable);
            return;
        }
    put_text(o, strcmp(hex, "black") == 0 || strcmp(hex, "#000000") == 0 ? "currentColor" : hex);
}

/* What the page or the whole picture says already, or what would be wrong in it. */
static int is_left_out(const attribute *a)
{
    static const char *const without[] = {
        "id", "class", "font-family", "stroke-linecap", "stroke-linejoin", "xlink:href", NULL};
    static const struct {
        const char *name, *value;
    } usual[] = {{"color", "black"},       {"color", "gray"},      {"color", "#FFFFFF"},
                 {"color", "white"},       {"fill", "none"},       {"stroke", "currentColor"},
                 {"stroke-width", "1.00"}, {"font-size", "13.00"}, {NULL, NULL}};
    for (int i = 0; without[i]; i++)
        if (is(a->name, a->name_size, without[i])) return 1;
    for (int i = 0; usual[i].name; i++)
        if (is(a->name, a->name_size, usual[i].name) && is(a->value, a->value_size, usual[i].value))
            return 1;
    return 0;
}

static void put_attributes(output *o, const tag *t)
{
    for (int i = 0; i < t->count; i++) {
        const attribute *a = &t->attribute[i];
        if (is_left_out(a)) continue;
        put_text(o, " ");
        put(o, a->name, (size_t)a->name_size);
        put_text(o, "=\"");
        if (is(a->name, a->name_size, "stroke") || is(a->name, a->name_size, "fill") ||
            is(a->name, a->name_size, "color"))
            put_colour(o, a);
        else
            put(o, a->value, (size_t)a->value_size);
        put_text(o, "\"");
    }
}

/* A point refers to one of gnuplot's shapes: disc, square or ring take their places. */
static void put_point(output *o, const tag *t)
{
    const attribute *shape = find(t, "xlink:href");
    const attribute *colour = find(t, "color");
    /* No point is wanted, or the ground is cleared for one that follows. */
    if (shape && is(shape->value, shape->value_size, "#gpDot")) return;
    if (colour && (is(colour->value, colour->value_size, "white") ||
                   is(colour->value, colour->value_size, "#FFFFFF")))
        return;
    put_text(o, "<g");
    put_attributes(o, t);
    if (shape && is(shape->value, shape->value_size, "#gpPt4"))
        put_text(o, "><path fill=\"currentColor\" stroke=\"none\" d=\"M-.9-.9H.9V.9H-.9z\"/></g>");
    else if (shape && is(shape->value, shape->value_size, "#gpPt6"))
        put_text(o, "><circle fill=\"currentColor\" stroke=\"none\" r=\"1\"/></g>");
    else
        put_text(o, "><circle stroke-width=\".3\" r=\"1\"/></g>");
}

static void begin_group(output *o, const tag *t)
{
    if (o->depth == DEEPEST) {
        o->failed = 1;
        return;
    }
    o->open[o->depth] = o->size;
    put_text(o, "<g");
    put_attributes(o, t);
    put_text(o, ">");
    o->inside[o->depth++] = o->size;
}

/* A group without contents goes, as do the tags of one that says nothing. */
static void end_group(output *o)
{
    if (o->depth == 0 || o->failed) return;
    const size_t open = o->open[--o->depth], inside = o->inside[o->depth];
    if (o->size == inside) {
        o->size = open;
    } else if (inside - open == strlen("<g>")) {
        memmove(o->text + open, o->text + inside, o->size - inside);
        o->size -= inside - open;
    } else {
        put_text(o, "</g>");
    }
}

static void put_start(output *o, const tag *t, const char *label, size_t label_size)
{
    const attribute *box = find(t, "viewBox");
    put_text(o, "<svg role=\"img\" viewBox=\"");
    if (box) put(o, box->value, (size_t)box->value_size);
    put_text(o, "\" aria-label=\"");
    put(o, label, label_size);
    put_text(o, "\">");
}

static void put_element(output *o, const tag *t)
{
    if (named(t, "g")) {
        if (t->closes)
            end_group(o);
        else
            begin_group(o, t);
    } else if (named(t, "use")) {
        put_point(o, t);
    } else if (!named(t, "tspan")) {
        put_text(o, t->closes ? "</" : "<");
        put(o, t->name, (size_t)t->name_size);
        put_attributes(o, t);
        put_text(o, t->empty ? "/>" : ">");
    }
}

static const char *embed(output *o, const char *c, const char *label, size_t label_size)
{
    static const char *const without[] = {"title", "desc", "defs", "rect", NULL};
    tag t;
    if (!(c = read_tag(&t, c))) return NULL;
    put_start(o, &t, label, label_size);
    while (c && *c && !o->failed) {
        if (*c != '<') {
            const char *text = skip_space(c);
            c = text + strcspn(text, "<");
            put(o, text, (size_t)(c - text));
            continue;
        }
        if (!(c = read_tag(&t, c))) return NULL;
        int skip = 0;
        for (int i = 0; without[i]; i++) skip |= !t.closes && named(&t, without[i]);
        if (skip)
            c = skip_element(&t, c);
        else
            put_element(o, &t);
        if (t.closes && named(&t, "svg")) return o->failed ? NULL : c;
    }
    return NULL;
}

pv_status pv_svg_embed(FILE *to, const char **from, const char *label, size_t label_size)
{
    output o = {0};
    const char *start = strstr(*from, "<svg"), *end = NULL;
    if (start) end = embed(&o, start, label, label_size);
    if (end) fwrite(o.text, 1, o.size, to);
    free(o.text);
    if (o.failed) return pv_fail(PV_ENOMEM, "out of memory: a plot");
    if (!end) return pv_fail(PV_EDATA, "gnuplot: fewer plots than were asked for");
    *from = end;
    return PV_OK;
}
