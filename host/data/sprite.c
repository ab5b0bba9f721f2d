/* sprite.c -- square, ellipse and heart: which pixels belong to them. */
#include "data/sprite.h"

#include <math.h>
#include <string.h>

#include "polarvae/data.h"

/* Sizes at scale 1, in pixels. Those of the square and the ellipse are chosen so that as many
 * orientations as possible differ in at least one pixel, at every scale. */
static const double square_half_side = 11.04;
static const double ellipse_long = 15.8, ellipse_short = 9;
static const double heart_radius = 8.35; /* of a lobe */

const pv_sprites pv_sprites_full = {{3, 6, 40, 32, 32}};

double pv_sprite_value(int factor, int class)
{
    static const double low[PV_SPRITE_FACTORS] = {1, 0.5, 0, 0, 0};
    static const double high[PV_SPRITE_FACTORS] = {3, 1, 2 * M_PI, 1, 1};
    int last = pv_sprites_full.size[factor] - 1;
    double step = (high[factor] - low[factor]) / last;
    return class == last ? high[factor] : low[factor] + class * step;
}

/* ---- shapes: whether the point (x, y) from the centre of mass lies inside, at scale 1 ---- */

static int in_square(double x, double y)
{
    return fabs(x) <= square_half_side && fabs(y) <= square_half_side;
}

static int in_ellipse(double x, double y)
{
    double a = x / ellipse_long, b = y / ellipse_short;
    return a * a + b * b <= 1;
}

/* Two discs, and the tangents from them to a tip below. With radius 1 and y up: the discs lie at
 * (+-aside, 0), the tip at (0, -tip), the centre of mass at (0, -sink) (by summation over a fine
 * grid). (tx, ty) is the direction from the tip along the right tangent. */
static int in_heart(double x, double y)
{
    const double aside = 0.85, tip = 2.1, sink = 0.27144;
    const double square = aside * aside + tip * tip, length = sqrt(square - 1);
    const double tx = (aside * length + tip) / square, ty = (tip * length - aside) / square;
    double u = fabs(x) / heart_radius, v = -y / heart_radius - sink;
    if ((u - aside) * (u - aside) + v * v <= 1) return 1;
    int within_tangent = ty * u - tx * (v + tip) <= 0;
    int below_touch = v <= ty * length - tip, between_discs = u <= aside && v <= 0;
    return within_tangent && (below_touch || between_discs);
}

void pv_sprite_shape(const int factor[3], pv_sprite_box *box)
{
    static int (*const inside[])(double x, double y) = {in_square, in_ellipse, in_heart};
    /* The last orientation is the first one again, to the bit. */
    int turn = factor[2] % (pv_sprites_full.size[2] - 1);
    double scale = pv_sprite_value(1, factor[1]), angle = pv_sprite_value(2, turn);
    double c = cos(angle) / scale, s = sin(angle) / scale;
    for (int i = 0; i < PV_SPRITE_BOX; i++)
        for (int j = 0; j < PV_SPRITE_BOX; j++) {
            double x = j - PV_SPRITE_MARGIN, y = i - PV_SPRITE_MARGIN;
            box->pixel[i][j] = (uint8_t)inside[factor[0]](c * x + s * y, c * y - s * x);
        }
}

void pv_sprite_place(const pv_sprite_box *box, const int position[2], uint8_t *pixels)
{
    memset(pixels, 0, PV_SPRITE_PIXELS);
    for (int i = 0; i < PV_SPRITE_BOX; i++)
        memcpy(pixels + (position[1] + i) * PV_SPRITE_SIDE + position[0], box->pixel[i],
               PV_SPRITE_BOX);
}

void pv_sprite_render(const int factor[5], uint8_t *pixels)
{
    pv_sprite_box box;
    pv_sprite_shape(factor, &box);
    pv_sprite_place(&box, factor + 3, pixels);
}
