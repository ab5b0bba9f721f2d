/* data.h -- images with known factors: data set files, their factors, and the sprite generator.
 *
 * Images are in host memory as they will be on the device: binary images as bits (32 pixels a word,
 * lowest bit first), 0..255 as bytes, resized images that leave 0..255 as 16-bit numbers. They
 * become floats, and random where a variant says so, when a batch is gathered. */
#ifndef POLARVAE_DATA_H
#define POLARVAE_DATA_H

#include <stddef.h>
#include <stdint.h>

#include "polarvae/status.h"

enum { PV_MAX_FACTORS = 16, PV_FACTOR_NAME = 32 };

/* What becomes of binary images in a batch (disentanglement_lib's data sets): red, green and blue
 * numbers u are uniform in [0, 1), drawn for every image that is gathered.
 *   COLOR   sprite (1 + u) / 2, one u for each channel of an image, on black
 *   NOISY   min(sprite + u, 1), a u for each pixel and channel
 *   SCREAM  b = (patch + u) / 2, one u for each channel, patch a part of the background that is
 *           drawn as well; b where there is no sprite, 1 - b where there is one */
typedef enum { PV_PLAIN, PV_COLOR, PV_NOISY, PV_SCREAM } pv_variant;

typedef struct {
    size_t examples;
    int height, width, channels; /* of a gathered image: a variant's has 3 channels */
    int factors;
    int factor_size[PV_MAX_FACTORS];                  /* number of values */
    char factor_name[PV_MAX_FACTORS][PV_FACTOR_NAME]; /* "shape", "scale", ... */
    int nuisance[PV_MAX_FACTORS]; /* 1: varies, but is not observed: no metric asks for it */
    int32_t *factor;              /* [examples, factors], class of each; owned */
    double *factor_value;         /* [examples, factors], as in the file; owned */
    int complete;                 /* row-major grid: example = index of its factor combination */
    /* The images, one of three; owned. All NULL where they stay in their file. */
    uint32_t *bits;             /* [examples, words] if binary; of one channel */
    size_t words;               /* per binary image: height * width / 32 */
    uint8_t *bytes;             /* [examples, height * width * channels] */
    int16_t *shorts;            /* the same, where resizing left 0..255 */
    struct pv_image_file *file; /* of images that stay there: pv_data_rows reads them; owned */
    pv_variant variant;
    uint8_t *background; /* of SCREAM: [background_height, background_width, 3]; owned */
    int background_height, background_width;
    uint64_t checksum; /* of images, factors and variant: names the data set in checkpoints */
} pv_data;

/* How far a long piece of work is; called now and then with done <= total. `state` is the
 * caller's. A return other than PV_OK stops the work with that status. */
typedef struct {
    pv_status (*report)(void *state, size_t done, size_t total);
    void *state;
} pv_progress;

/* Opens a dSprites-layout file (`imgs` u8 [N,H,W] or [N,H,W,C], `latents/classes` i64 [N,K],
 * `latents/values` f64 [N,K], attributes latents_names, latents_sizes and, in imported files,
 * latents_nuisance; a constant first factor "color" of size 1 is dropped) or a 3dshapes.h5
 * (`images` u8 [N,64,64,3], `labels` f64 [N,6]). Images are square, of a
 * multiple of 16 pixels, with 1 or 3 channels. Everything is checked here: layout, types, shapes,
 * that classes lie in their ranges, that binary images hold only 0 and 1, that values are finite.
 * PV_EDATA or PV_EIO says what is wrong, where, and what would be right. Single-channel u8 images
 * whose pixels are all 0 or 1 are binary, unless the attribute `pixels` of an imported file says
 * "0..255"; other images are 0..255. A single-channel file without that attribute in which
 * some images hold only 0 and 1 and others do not is refused: black images apart, it is damaged.
 * progress may be NULL. pv_data_close frees what it holds; a zeroed struct is fine. */
pv_status pv_data_open(pv_data *out, const char *path, const pv_progress *progress);
void pv_data_close(pv_data *data);

typedef struct {
    int unclipped; /* imgs_unclipped (i16) in place of imgs: SmallNORB as the study saw it */
    size_t memory; /* bytes of images that may be held; more stay in the file. 0: no limit */
} pv_data_options;
/* The same with options (NULL: none). Images that stay in the file are read once, to be checked. */
pv_status pv_data_open_with(pv_data *out, const char *path, const pv_data_options *options,
                            const pv_progress *progress);

/* ---- images ---- */

typedef enum { PV_BITS, PV_BYTES, PV_SHORTS } pv_image_form;
pv_image_form pv_data_form(const pv_data *data);
size_t pv_data_image_bytes(const pv_data *data); /* of an image in memory, in its form */
const void *pv_data_images(const pv_data *data); /* bits, bytes or shorts; NULL: in the file */
int pv_data_in_memory(const pv_data *data);
size_t pv_data_chunk(const pv_data *data); /* how many are best read together */
/* Images first .. first + rows - 1 in their form, from memory or from the file; any thread. */
pv_status pv_data_rows(const pv_data *data, size_t first, size_t rows, void *out);

/* Makes binary images those of a variant; SCREAM needs `background`, a PNG or JPEG file, which is
 * shrunk to fit 350 x 274 pixels where it is larger, as the study's is by Pillow's thumbnail
 * (bicubic, but without the shortcut that a JPEG's decoder offers). PV_EUSAGE where
 * the images are not binary, or the background is too small. */
pv_status pv_data_vary(pv_data *data, pv_variant variant, const char *background);

/* ---- factors ---- */

/* Marks as nuisance the factors that `names` lists ("shape,scale"), and no others; "none": none.
 * PV_EUSAGE names one that is unknown, and lists those there are. */
pv_status pv_data_set_nuisance(pv_data *data, const char *names);
int pv_data_observed(const pv_data *data); /* how many factors are not nuisance */
/* The smallest and the largest value of a factor. */
void pv_data_range(const pv_data *data, int factor, double *low, double *high);
int pv_data_factor(const pv_data *data, const char *name, size_t length); /* or -1 */

/* From factors to images. Where `classes` [factors] are no example's, the nearest one is found:
 * that with the smallest sum over the factors of |difference| / (size - 1), the first of several.
 */
typedef struct pv_data_index pv_data_index;
pv_status pv_data_index_open(pv_data_index **out, const pv_data *data); /* data must stay */
void pv_data_index_close(pv_data_index *index);                         /* NULL is fine */
/* PV_EUSAGE where no example has these classes. */
pv_status pv_data_find(const pv_data_index *index, const int32_t *classes, size_t *example);
/* fixed: a factor in which the image must not differ, where there is one such; -1: none. */
size_t pv_data_nearest(const pv_data_index *index, const int32_t *classes, int fixed);

/* Correlated factors, as Roth et al. (Disentanglement of Correlated Factors via Hausdorff
 * Factorized Support, arXiv 2210.07347, after Traeuble et al., arXiv 2006.07886) sample them: an
 * example has the weight product over the pairs of exp(-(c_a - c_b)^2 / (2 strength^2)), c the
 * values of a factor, moved and scaled to 0..1; a pair a:-b has 1 - c_b in the place of c_b. `text`
 * lists pairs with their strength, the smaller the stronger: "shape:scale:0.1",
 * "floor_hue:wall_hue:0.1,shape:-scale:0.4"; "shape:*:0.2" is a pair with each other observed
 * factor. cumulative [examples] is as the kernel `pick` wants it; freed by the caller. PV_EUSAGE
 * says what is wrong with the text, or that no example is left. */
pv_status pv_data_correlate(uint64_t **cumulative, const pv_data *data, const char *text);

/* The generated dSprites grid: how many values of each factor to keep, evenly spaced over the full
 * one (3 shapes, 6 scales, 40 orientations, 32 x 32 positions), its ends included; a single one is
 * from the middle, a single orientation is 0. The last orientation, 2 pi, repeats the first: it is
 * kept only among all 40. */
typedef struct {
    int size[5]; /* shape, scale, orientation, x, y */
} pv_sprites;
extern const pv_sprites pv_sprites_full;

/* Parses "3:6:40:32:32"; PV_EUSAGE with the allowed ranges. */
pv_status pv_sprites_parse(pv_sprites *out, const char *text);

/* Renders the grid into a file in the public dSprites layout, compressed, with `threads` threads
 * (0: all cores). The file appears under `path` only when it is complete. */
pv_status pv_sprites_write(const pv_sprites *sprites, const char *path, int threads,
                           const pv_progress *progress);

/* One sprite: pixels [64, 64] in {0, 1} for factor classes of the full grid (shape 0..2, scale
 * 0..5, orientation 0..39, x 0..31, y 0..31). */
void pv_sprite_render(const int factor[5], uint8_t *pixels);

#endif
