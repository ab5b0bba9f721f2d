/* heat_map.c -- matrices as coloured, numbered squares with a colour scale. */
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/canvas.h"
#include "report/picture.h"

/* In units of 1 / SCALE pixel. */
enum {
    SCALE = 2,
    EDGE = 14,  /* white all round */
    GAP = 30,   /* between maps */
    TITLE = 30, /* room above a map */
    PAD = 6,    /* between a map and its labels */
    LABEL = 12, /* font sizes */
    HEADING = 15,
    BAR = 14, /* width of the colour scale */
    TICKS = 5,
    TICK_ROOM = 48,
    BAR_HEIGHT = 280, /* at most */
};
static const double map_side = 440, largest_cell = 46, smallest_cell = 14, smallest_numbered = 26;
static const double nan_grey = 0.78;

typedef struct {
    double red, green, blue;
} colour;

/* Even in lightness on both sides of the middle, and apart for the colour-blind. */
static const colour ramp[] = {{0.13, 0.40, 0.67},
                              {0.57, 0.77, 0.87},
                              {0.97, 0.97, 0.97},
                              {0.96, 0.65, 0.51},
                              {0.70, 0.09, 0.17}};

static colour mix(double share)
{
    enum { LAST = sizeof ramp / sizeof *ramp - 1 };
    double at = fmin(fmax(share, 0), 1) * LAST;
    int i = at < LAST ? (int)at : LAST - 1;
    double t = at - i;
    return (colour){ramp[i].red + t * (ramp[i + 1].red - ramp[i].red),
                    ramp[i].green + t * (ramp[i + 1].green - ramp[i].green),
                    ramp[i].blue + t * (ramp[i + 1].blue - ramp[i].blue)};
}

static int is_dark(colour c) { return 0.3 * c.red + 0.59 * c.green + 0.11 * c.blue < 0.58; }

static void use(cairo_t *canvas, colour c) { cairo_set_source_rgb(canvas, c.red, c.green, c.blue); }

/* As many digits as the eye needs: 0.53, -7.20, 15.3, 240, 2e+05. */
static const char *number_text(char out[static 32], double value)
{
    double size = fabs(value);
    snprintf(out, 32,
             size < 9.995    ? "%.2f"
             : size < 99.95  ? "%.1f"
             : size < 9999.5 ? "%.0f"
                             : "%.0e",
             value);
    return strcmp(out, "-0.00") == 0 ? out + 1 : out;
}

static const char *label(const pv_heat_maps *m, int i, char own[static 16])
{
    if (m->label) return m->label[i];
    snprintf(own, 16, "%d", i);
    return own;
}

/* Sizes that all maps share. */
typedef struct {
    double cell, side; /* of a cell, of a map */
    double label;      /* width of the widest label */
    int upright;       /* column labels do not fit across: they stand */
    double number;     /* font size in cells, 0: no numbers */
} sizes;

static double shrink(cairo_t *canvas, const char *text, double size, double room)
{
    double width = pv_canvas_text_width(canvas, text, size);
    return width > room ? size * room / width : size;
}

static sizes measure(cairo_t *canvas, const pv_heat_maps *m)
{
    sizes s = {.cell = fmin(fmax(map_side / m->size, smallest_cell), largest_cell)};
    char own[16], text[32];
    s.side = s.cell * m->size;
    for (int i = 0; i < m->size; i++)
        s.label = fmax(s.label, pv_canvas_text_width(canvas, label(m, i, own), LABEL));
    s.upright = s.label > s.cell - 4;
    if (s.cell < smallest_numbered) return s;
    s.number = LABEL;
    for (int i = 0; i < m->maps; i++)
        for (int j = 0; j < m->size * m->size; j++) {
            double value = m->map[i].value[j];
            if (!isnan(value))
                s.number = shrink(canvas, number_text(text, value), s.number, s.cell - 6);
        }
    return s;
}

static void draw_cell(cairo_t *canvas, const pv_heat_maps *m, const sizes *s, double value,
                      double x, double y)
{
    char text[32];
    colour c = isnan(value) ? (colour){nan_grey, nan_grey, nan_grey}
                            : mix((value - m->low) / (m->high - m->low));
    use(canvas, c);
    cairo_rectangle(canvas, x + 0.25, y + 0.25, s->cell - 0.5, s->cell - 0.5);
    cairo_fill(canvas);
    if (isnan(value) || s->number == 0) return;
    use(canvas, is_dark(c) ? (colour){1, 1, 1} : (colour){0.1, 0.1, 0.1});
    pv_canvas_text(canvas, number_text(text, value), s->number, x + s->cell / 2, y + s->cell / 2,
                   PV_CENTRE, 0);
}

static void draw_labels(cairo_t *canvas, const pv_heat_maps *m, const sizes *s, double x, double y)
{
    char own[16];
    cairo_set_source_rgb(canvas, 0.2, 0.2, 0.2);
    for (int i = 0; i < m->size; i++) {
        const char *text = label(m, i, own);
        double middle = (i + 0.5) * s->cell;
        pv_canvas_text(canvas, text, LABEL, x - PAD, y + middle, PV_RIGHT, 0);
        cairo_save(canvas);
        cairo_translate(canvas, x + middle, y + s->side + PAD);
        if (s->upright) cairo_rotate(canvas, -M_PI / 2);
        if (s->upright)
            pv_canvas_text(canvas, text, LABEL, 0, 0, PV_RIGHT, 0);
        else
            pv_canvas_text(canvas, text, LABEL, 0, LABEL / 2.0, PV_CENTRE, 0);
        cairo_restore(canvas);
    }
}

static void draw_scale(cairo_t *canvas, const pv_heat_maps *m, double x, double y, double height)
{
    char text[32];
    for (int i = 0; i < (int)height; i++) {
        use(canvas, mix(1 - i / (height - 1)));
        cairo_rectangle(canvas, x, y + i, BAR, 1.5);
        cairo_fill(canvas);
    }
    cairo_set_source_rgb(canvas, 0.2, 0.2, 0.2);
    for (int i = 0; i < TICKS; i++) {
        double share = i / (TICKS - 1.0), at = y + height * (1 - share);
        cairo_rectangle(canvas, x + BAR, at - 0.5, 4, 1);
        cairo_fill(canvas);
        snprintf(text, sizeof text, "%.4g", m->low + share * (m->high - m->low));
        pv_canvas_text(canvas, text, LABEL, x + BAR + 7, at, PV_LEFT, TICK_ROOM - 7);
    }
}

static void draw(cairo_t *canvas, const pv_heat_maps *m, const sizes *s)
{
    double x = EDGE, y = EDGE + TITLE;
    for (int i = 0; i < m->maps; i++, x += s->side + GAP) {
        x += s->label + PAD;
        cairo_set_source_rgb(canvas, 0.1, 0.1, 0.1);
        pv_canvas_text(canvas, m->map[i].title, HEADING, x + s->side / 2, EDGE + TITLE / 2.0 - 4,
                       PV_CENTRE, s->side);
        for (int r = 0; r < m->size; r++)
            for (int c = 0; c < m->size; c++)
                draw_cell(canvas, m, s, m->map[i].value[r * m->size + c], x + c * s->cell,
                          y + r * s->cell);
        draw_labels(canvas, m, s, x, y);
    }
    double height = fmin(s->side, BAR_HEIGHT);
    draw_scale(canvas, m, x, y + (s->side - height) / 2, height);
}

pv_status pv_heat_maps_write(const pv_heat_maps *m, const char *path)
{
    assert(m->maps > 0 && m->size > 0 && m->low < m->high);
    cairo_t *canvas;
    PV_TRY(pv_canvas_open(&canvas, path, 1, 1, SCALE)); /* to measure text */
    sizes s = measure(canvas, m);
    cairo_destroy(canvas);
    double width = 2 * EDGE + m->maps * (s.label + PAD + s.side + GAP) + BAR + TICK_ROOM;
    double below = PAD + (s.upright ? s.label : LABEL);
    double height = 2 * EDGE + TITLE + s.side + below;
    PV_TRY(pv_canvas_open(&canvas, path, width, height, SCALE));
    draw(canvas, m, &s);
    return pv_canvas_write(canvas, path);
}
