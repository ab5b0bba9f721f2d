/* sprite.h -- the geometry of the generated sprites, and their factors.
 *
 * An image is 64 x 64 pixels; pixel (i, j) is the point x = j, y = i (y points down). A sprite's
 * centre of mass lies at MARGIN + position * (63 - 2 * MARGIN) in each direction: a margin of 16
 * makes a step of position one pixel, so that an image is the sprite's own box of pixels, moved.
 * No point of a sprite is farther than 16 from its centre: no sprite touches the frame. A pixel is
 * 1 where the point at its centre lies in the shape, else 0. */
#ifndef PV_SPRITE_H
#define PV_SPRITE_H

#include <stdint.h>

enum {
    PV_SPRITE_FACTORS = 5, /* shape, scale, orientation, x, y */
    PV_SPRITE_SIDE = 64,
    PV_SPRITE_PIXELS = PV_SPRITE_SIDE * PV_SPRITE_SIDE,
    PV_SPRITE_MARGIN = 16,
    PV_SPRITE_BOX = 2 * PV_SPRITE_MARGIN + 1
};

/* The value of a factor's class, as in the public files: shape 1..3, scale 0.5..1, orientation
 * 0..2 pi, positions 0..1. */
double pv_sprite_value(int factor, int class);

/* The pixels around the centre. */
typedef struct {
    uint8_t pixel[PV_SPRITE_BOX][PV_SPRITE_BOX];
} pv_sprite_box;

/* Fills the box for the classes of the first three factors. */
void pv_sprite_shape(const int factor[3], pv_sprite_box *box);

/* Puts it where the classes of x and y say, in an image [64, 64] that is otherwise 0. */
void pv_sprite_place(const pv_sprite_box *box, const int position[2], uint8_t *pixels);

#endif
