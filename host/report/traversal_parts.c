/* traversal_parts.c -- what the pictures of traversals share: colours, labels, images. */
#include <math.h>
#include <stdio.h>

#include "report/canvas.h"
#include "report/traversal.h"

/* Told apart by the colour-blind; levels of a coloured GIF (gif.h). */
const uint32_t pv_type_colour[PV_TYPES] = {
    [PV_ACTIVE] = 0x0066cc, [PV_MIXED] = 0xcc6600, [PV_PASSIVE] = 0x666666};

void pv_traversal_colour(cairo_t *canvas, uint32_t colour)
{
    cairo_set_source_rgb(canvas, (colour >> 16 & 255) / 255.0, (colour >> 8 & 255) / 255.0,
                         (colour & 255) / 255.0);
}

const char *pv_traversal_kl(char out[static 32], double kl)
{
    snprintf(out, 32, kl < 0.9995 ? "KL %.3f nats" : "KL %.2f nats", kl);
    return out;
}

int pv_traversal_zoom(const pv_traversal_picture *p, int wanted)
{
    return p->height < wanted ? wanted / p->height : 1;
}

void pv_traversal_image(cairo_t *canvas, const pv_traversal_picture *p, const float *value,
                        int zoom, double scale, double x, double y)
{
    pv_canvas_draw_image(canvas,
                         &(pv_canvas_image){.value = value,
                                            .height = p->height,
                                            .width = p->width,
                                            .channels = p->channels,
                                            .zoom = zoom},
                         (int)lround(x * scale), (int)lround(y * scale));
}
