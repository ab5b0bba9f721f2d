/* patches.cu -- a convolution as one product over patches, [small pixel][y, x, channel of the
 * kernel]: for shapes that cuDNN does not take, and where that is faster. */
#include "conv.h"
#include "drivers.cuh"

/* The offset of a patch's element in the big images, or -1 where it lies outside. */
static __device__ inline long long place_of(const convolution &c, size_t pixel, size_t element)
{
    const size_t x = pixel % c.small_width, y = pixel / c.small_width % c.small_height,
                 image = pixel / c.small_width / c.small_height, channel = element % c.channels;
    const long long column =
        (long long)(x * c.stride + element / c.channels % c.kernel) - (long long)c.pad;
    const long long row =
        (long long)(y * c.stride + element / c.channels / c.kernel) - (long long)c.pad;
    if (row < 0 || column < 0 || row >= (long long)c.height || column >= (long long)c.width)
        return -1;
    return (((long long)image * (long long)c.height + row) * (long long)c.width + column) *
               (long long)c.channels +
           (long long)channel;
}

static __global__ void gather_patches(const __grid_constant__ convolution c, const float *big,
                                      float *patches, size_t size, size_t n)
{
    GRID_STRIDE(i, n)
    {
        const long long at = place_of(c, i / size, i % size);
        patches[i] = at < 0 ? 0.0f : big[at];
    }
}

/* Each big pixel sums what patches have of it, in the order of the kernel. */
static __global__ void add_patches(const __grid_constant__ convolution c, const float *patches,
                                   float *big, size_t size, size_t n)
{
    GRID_STRIDE(i, n)
    {
        const size_t channel = i % c.channels, column = i / c.channels % c.width + c.pad,
                     row = i / c.channels / c.width % c.height + c.pad,
                     image = i / c.channels / c.width / c.height;
        float sum = 0.0f;
        for (size_t ky = row % c.stride; ky < c.kernel && ky <= row; ky += c.stride)
            for (size_t kx = column % c.stride; kx < c.kernel && kx <= column; kx += c.stride) {
                const size_t y = (row - ky) / c.stride, x = (column - kx) / c.stride;
                if (y >= c.small_height || x >= c.small_width) continue;
                const size_t pixel = (image * c.small_height + y) * c.small_width + x;
                sum += patches[pixel * size + (ky * c.kernel + kx) * c.channels + channel];
            }
        big[i] = sum;
    }
}

pv_status pv_cuda_convolve_patches(const launch *l, const convolution *c, const conv_operands *o)
{
    const size_t rows = small_pixels(c), size = patch(c);
    float *patches = (float *)l->workspace;
    cudaStream_t queue = l->stream->queue;
    if (c->pass == PV_DATA_GRAD) {
        const size_t n = big_pixels(c) * c->channels;
        PV_TRY(pv_cuda_data_grad(l, rows, size, c->filters, o->one, o->two, patches));
        add_patches<<<blocks_for(l, n), THREADS, 0, queue>>>(*c, patches, o->to, size, n);
        return launched(l, "add_patches");
    }
    gather_patches<<<blocks_for(l, rows * size), THREADS, 0, queue>>>(*c, o->one, patches, size,
                                                                      rows * size);
    PV_TRY(launched(l, "gather_patches"));
    if (c->pass == PV_FORWARD)
        return pv_cuda_forward(l, rows, size, c->filters, patches, o->two, o->to);
    return pv_cuda_weight_grad(l, rows, size, c->filters, patches, o->two, o->to);
}
