/* images_folder.c -- PNG and JPEG files of a folder, and a CSV that says what they show. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/base.h"
#include "base/text.h"
#include "data/picture.h"
#include "import/images.h"
#include "import/images_csv.h"

enum { PATH = 4096 };

typedef struct {
    const char *path; /* of the CSV */
    const char *folder;
    pv_csv csv;
    const char **file; /* [examples], names as they stand in the CSV, in the table's order */
    pv_images_fit fit;
    char paths[]; /* of what the two point to */
} folder_images;

static void close_folder(void *state)
{
    folder_images *s = state;
    pv_csv_free(&s->csv);
    pv_images_fit_close(&s->fit);
    free(s->file);
    free(s);
}

/* ---- names of files ---- */

static int leaves(const char *name)
{
    for (const char *part = name; part; part = strchr(part, '/')) {
        part += *part == '/';
        const size_t length = strcspn(part, "/");
        if (length == 2 && part[0] == '.' && part[1] == '.') return 1;
    }
    return *name == '/';
}

static pv_status check_file_name(const folder_images *s, const char *name, size_t line)
{
    if (!*name) return pv_fail(PV_EDATA, "%s: line %zu names no file", s->path, line);
    if (leaves(name))
        return pv_fail(PV_EDATA,
                       "%s: line %zu: '%.80s' leaves the folder; expected a name relative to it",
                       s->path, line, name);
    if (strlen(s->folder) + 1 + strlen(name) >= PATH)
        return pv_fail(PV_EDATA, "%s: line %zu: '%.80s...' is too long a name", s->path, line,
                       name);
    return PV_OK;
}

static void whole_path(const folder_images *s, const char *name, char out[static PATH])
{
    snprintf(out, PATH, "%s/%s", s->folder, name);
}

/* ---- factors ---- */

static const char *field_of(const folder_images *s, size_t row, size_t column)
{
    return s->csv.field[row * s->csv.columns + column];
}

static pv_status check_header(const folder_images *s, pv_data *table)
{
    if (strcmp(field_of(s, 0, 0), "file") != 0)
        return pv_fail(PV_EDATA, "%s: the header begins with '%.40s'; expected file,NAME,...",
                       s->path, field_of(s, 0, 0));
    PV_TRY(pv_images_table(table, s->csv.rows - 1, s->csv.columns - 1, s->path));
    for (int f = 0; f < table->factors; f++)
        PV_TRY(pv_images_name(table, f, field_of(s, 0, (size_t)f + 1), s->path));
    return PV_OK;
}

static int is_infinite_or_nan(const char *text)
{
    text += *text == '+' || *text == '-';
    return strcasecmp(text, "nan") == 0 || strcasecmp(text, "inf") == 0 ||
           strcasecmp(text, "infinity") == 0;
}

/* *number: the field is one. */
static pv_status take_value(const folder_images *s, size_t row, size_t column, double *value,
                            int *number)
{
    const char *text = field_of(s, row, column), *name = field_of(s, 0, column);
    const size_t line = s->csv.line[row], length = strlen(text);
    double found = 0;
    if (length == 0)
        return pv_fail(PV_EDATA, "%s: line %zu: '%s' has no value", s->path, line, name);
    if (strchr(" \t", text[0]) || strchr(" \t", text[length - 1]))
        return pv_fail(PV_EDATA, "%s: line %zu: '%s' has a blank before or after '%.40s'", s->path,
                       line, name, text);
    *number = pv_number_parse(&found, text);
    if (!isfinite(found) || is_infinite_or_nan(text))
        return pv_fail(PV_EDATA, "%s: line %zu: '%s' is %.40s; expected a finite number, or a text",
                       s->path, line, name, text);
    *value = found + 0.0; /* -0 is 0 */
    return PV_OK;
}

/* A factor is numbers where every row has one. A note tells where only some have: there, a typing
 * error would make texts of numbers. */
static pv_status take_factor(const folder_images *s, pv_public *out, int factor, const char **text)
{
    pv_data *t = &out->table;
    size_t numbers = 0, column = (size_t)factor + 1, k = (size_t)t->factors, other = 0;
    for (size_t i = 0; i < t->examples; i++) {
        int number = 0;
        PV_TRY(take_value(s, i + 1, column, &t->factor_value[i * k + (size_t)factor], &number));
        numbers += (size_t)number;
        if (!number && !other) other = i + 1;
        text[i] = field_of(s, i + 1, column);
    }
    if (other && numbers && !*out->note)
        snprintf(out->note, sizeof out->note,
                 "%.200s: '%s' is taken as text, not as numbers: line %zu has '%.40s'", s->path,
                 t->factor_name[factor], s->csv.line[other], text[other - 1]);
    return pv_images_classes(t, factor, other ? text : NULL);
}

/* Factors, and files in their order. */
static pv_status take_table(folder_images *s, pv_public *out)
{
    pv_data *t = &out->table;
    const char **text = NULL;
    size_t *order = NULL;
    PV_TRY(check_header(s, t));
    PV_TRY(pv_new(&s->file, t->examples, sizeof *s->file, "file names"));
    for (size_t i = 0; i < t->examples; i++)
        PV_TRY(check_file_name(s, field_of(s, i + 1, 0), s->csv.line[i + 1]));
    pv_status status = pv_new(&text, t->examples, sizeof *text, "fields");
    if (status == PV_OK) status = pv_new(&order, t->examples, sizeof *order, "rows");
    for (int f = 0; status == PV_OK && f < t->factors; f++) status = take_factor(s, out, f, text);
    if (status == PV_OK) {
        for (size_t i = 0; i < t->examples; i++) text[i] = field_of(s, i + 1, 0);
        status = pv_images_sort(t, text, order);
    }
    for (size_t i = 0; status == PV_OK && i < t->examples; i++) s->file[i] = text[order[i]];
    free(text);
    free(order);
    return status;
}

/* ---- images ---- */

/* One colour image makes colour of all. */
static pv_status look_at_files(const folder_images *s, const pv_data *table, int *channels)
{
    char path[PATH];
    pv_picture_file picture;
    *channels = 1;
    for (size_t i = 0; i < table->examples; i++) {
        whole_path(s, s->file[i], path);
        PV_TRY(pv_picture_look(&picture, path));
        if (picture.channels > *channels) *channels = picture.channels;
    }
    return PV_OK;
}

static pv_status read_images(void *state, size_t first, size_t rows, uint8_t *out)
{
    folder_images *s = state;
    const size_t side = (size_t)s->fit.side, bytes = side * side * (size_t)s->fit.channels;
    char path[PATH];
    for (size_t i = 0; i < rows; i++) {
        pv_picture_file p;
        whole_path(s, s->file[first + i], path);
        PV_TRY(pv_picture_read(&p, path, s->fit.channels == 3));
        pv_status status = PV_OK;
        if (p.channels != s->fit.channels)
            status = pv_fail(PV_EIO, "%s: was changed while the images were imported", path);
        if (status == PV_OK)
            status = pv_images_square(&s->fit, p.pixels, p.height, p.width, out + i * bytes);
        pv_picture_free(&p);
        PV_TRY(status);
    }
    return PV_OK;
}

/* The state has copies of the paths, which are the caller's. */
static pv_status make_state(folder_images **out, const char *folder, const char *factors)
{
    static const char standard[] = "factors.csv";
    const size_t length = strlen(folder), more = factors ? strlen(factors) : sizeof standard;
    PV_TRY(pv_new(out, 1, sizeof **out + 2 * length + more + 3, "a folder"));
    folder_images *s = *out;
    char *path = s->paths + length + 1;
    memcpy(s->paths, folder, length + 1);
    if (factors)
        memcpy(path, factors, more + 1);
    else
        sprintf(path, "%s/%s", folder, standard);
    s->folder = s->paths;
    s->path = path;
    return PV_OK;
}

pv_status pv_images_open_folder(pv_public *out, const char *folder, const char *factors, int side)
{
    folder_images *s;
    PV_TRY(make_state(&s, folder, factors));
    out->state = s;
    out->close = close_folder;
    out->images = read_images;
    PV_TRY(pv_csv_read(&s->csv, s->path));
    PV_TRY(take_table(s, out));
    s->fit = (pv_images_fit){.side = side};
    PV_TRY(look_at_files(s, &out->table, &s->fit.channels));
    out->table.height = out->table.width = side;
    out->table.channels = s->fit.channels;
    return PV_OK;
}
