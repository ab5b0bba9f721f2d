/* generate.c -- the dSprites grid, rendered into a file. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/base.h"
#include "data/sprite.h"
#include "data/write.h"

enum {
    F = PV_SPRITE_FACTORS,
    COLUMNS = F + 1 /* of the tables: a constant colour comes first */
};

static const char *const names[COLUMNS] = {"color",       "shape", "scale",
                                           "orientation", "posX",  "posY"};

pv_status pv_sprites_parse(pv_sprites *out, const char *text)
{
    const int *full = pv_sprites_full.size;
    const char *at = text;
    int good = 1;
    for (int f = 0; good && f < F; f++) {
        char *end;
        long n = strtol(at, &end, 10);
        good = *at >= '0' && *at <= '9' && n >= 1 && n <= full[f] && *end == (f < F - 1 ? ':' : 0);
        out->size[f] = (int)n;
        at = end + 1;
    }
    if (good) return PV_OK;
    return pv_fail(PV_EUSAGE,
                   "'%s' is not a subset; it is five numbers like %d:%d:%d:%d:%d: how many shapes, "
                   "scales, orientations, x and y, each from 1 to what is written here",
                   text, full[0], full[1], full[2], full[3], full[4]);
}

/* Which class of the full grid is number i of the n that are kept: from the first to the last in
 * even steps, a single one from the middle. Orientations go round, so the step is a share of the
 * circle, and the last, which repeats the first, is kept only among all. */
static int kept(int factor, int i, int n)
{
    int last = pv_sprites_full.size[factor] - 1;
    if (factor == 2) return i * (last + 1) / n;
    return n == 1 ? last / 2 : (2 * i * last + n - 1) / (2 * (n - 1));
}

static void unravel(const pv_sprites *sprites, size_t index, int choice[F])
{
    for (int f = F - 1; f >= 0; f--) {
        choice[f] = (int)(index % (size_t)sprites->size[f]);
        index /= (size_t)sprites->size[f];
    }
}

static pv_status render(void *state, size_t first, size_t rows, uint8_t *out)
{
    const pv_sprites *sprites = state;
    pv_sprite_box box;
    int before[3] = {-1, -1, -1}, choice[F];
    for (size_t r = 0; r < rows; r++) {
        unravel(sprites, first + r, choice);
        for (int f = 0; f < F; f++) choice[f] = kept(f, choice[f], sprites->size[f]);
        if (memcmp(before, choice, sizeof before) != 0) pv_sprite_shape(choice, &box);
        memcpy(before, choice, sizeof before);
        pv_sprite_place(&box, choice + 3, out + r * PV_SPRITE_PIXELS);
    }
    return PV_OK;
}

static pv_status make_table(pv_data *out, const pv_sprites *sprites)
{
    *out = (pv_data){.examples = 1,
                     .height = PV_SPRITE_SIDE,
                     .width = PV_SPRITE_SIDE,
                     .channels = 1,
                     .factors = COLUMNS};
    for (int f = 0; f < COLUMNS; f++) {
        strcpy(out->factor_name[f], names[f]);
        out->factor_size[f] = f ? sprites->size[f - 1] : 1;
        out->examples *= (size_t)out->factor_size[f];
    }
    PV_TRY(pv_new(&out->factor, out->examples * COLUMNS, sizeof *out->factor, "factors"));
    PV_TRY(pv_new(&out->factor_value, out->examples * COLUMNS, sizeof *out->factor_value,
                  "factor values"));
    for (size_t i = 0; i < out->examples; i++) {
        int choice[F];
        unravel(sprites, i, choice);
        out->factor_value[i * COLUMNS] = 1;
        for (size_t f = 0; f < F; f++) {
            out->factor[i * COLUMNS + f + 1] = choice[f];
            out->factor_value[i * COLUMNS + f + 1] =
                pv_sprite_value((int)f, kept((int)f, choice[f], sprites->size[f]));
        }
    }
    return PV_OK;
}

pv_status pv_sprites_write(const pv_sprites *sprites, const char *path, int threads,
                           const pv_progress *progress)
{
    pv_data table;
    pv_sprites what = *sprites;
    for (int f = 0; f < F; f++)
        assert(what.size[f] >= 1 && what.size[f] <= pv_sprites_full.size[f]);
    pv_status status = make_table(&table, &what);
    if (status == PV_OK)
        status = pv_data_write(
            path,
            &(pv_data_contents){
                .title = "Generated sprites in the layout of the dSprites dataset",
                .description = "Every combination of shape (1 square, 2 ellipse, 3 heart), scale, "
                               "orientation (radians) and position, the last factor fastest. "
                               "Rendered by polarvae; not the images of the published dataset.",
                .table = &table,
                .images = render,
                .state = &what},
            threads, progress);
    pv_data_close(&table);
    return status;
}
