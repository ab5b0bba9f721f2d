/* conv.h -- what the parts of a convolution share: its shape, its ways, its operands. */
#ifndef PV_CUDA_CONV_H
#define PV_CUDA_CONV_H

#include "cuda.h"

/* One way to compute it: an algorithm of cuDNN and the work space it wants, or patches. */
enum { PATCHES = -1, MOST_ALGORITHMS = 8 };
typedef struct {
    int algorithm;
    size_t bytes;
} conv_way;

struct convolution {
    pv_device *device;
    int pass; /* of which gradient of what, too: PV_WEIGHT_GRAD */
    size_t images, height, width, channels, small_height, small_width, filters, kernel, stride, pad;
    cudnnTensorDescriptor_t big, small;
    cudnnFilterDescriptor_t filter;
    cudnnConvolutionDescriptor_t convolution;
    conv_way
        way[MOST_ALGORITHMS + 1]; /* by cuDNN's own estimate, the best one first; then patches */
    int ways;
    conv_way chosen;
    pv_layer_rule rule;
    char choice[384]; /* in words */
};

static inline size_t big_pixels(const convolution *c) { return c->images * c->height * c->width; }
static inline size_t small_pixels(const convolution *c)
{
    return c->images * c->small_height * c->small_width;
}
static inline size_t patch(const convolution *c) { return c->kernel * c->kernel * c->channels; }

/* The two that are read, and the one that is written; big or small image, or the filters. */
typedef struct {
    const float *one, *two;
    float *to;
} conv_operands;

/* conv.cu: one way, on operands. NOT_SUPPORTED is for the caller to act on. */
cudnnStatus_t pv_cuda_convolve(const launch *l, const convolution *c, conv_way way,
                               const conv_operands *o);
/* patches.cu */
pv_status pv_cuda_convolve_patches(const launch *l, const convolution *c, const conv_operands *o);
/* choose.cu: asks cuDNN for ways. */
pv_status pv_cuda_conv_ways(convolution *c, cudnnHandle_t dnn);
pv_status pv_cuda_conv_choose_way(const launch *l, convolution *c, const conv_operands *o);

#endif
