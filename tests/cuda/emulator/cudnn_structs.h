/* cudnn_structs.h -- the inside of handles, descriptors and convolutions of the stand-in for cuDNN.
 */
#ifndef EMULATOR_CUDNN_STRUCTS_H
#define EMULATOR_CUDNN_STRUCTS_H

#include <cudnn.h>

#include "libraries.h"

#pragma GCC visibility push(hidden)

struct cudnnContext {
    int alive, capability;
    cudaStream_t stream;
    void *own;
};

/* Extents and strides of images, channels, height and width; all 0 until they are set. */
struct cudnnTensorStruct {
    int alive;
    cudnnDataType_t type;
    int extent[4], stride[4];
};

/* Filters, channels, height and width; all 0 until they are set. */
struct cudnnFilterStruct {
    int alive;
    cudnnDataType_t type;
    cudnnTensorFormat_t format;
    int extent[4];
};

/* Index 0 is the height, 1 the width; stride 0 until they are set. */
struct cudnnConvolutionStruct {
    int alive;
    int pad[2], stride[2], dilation[2], groups;
    cudnnConvolutionMode_t mode;
    cudnnDataType_t compute;
    cudnnMathType_t math;
};

typedef enum { PASS_FORWARD, PASS_DATA, PASS_FILTER, PASSES } conv_pass;

/* A convolution of images x [n, c, h, w] with filters w [k, c / groups, r, s] to y [n, k, p, q];
 * of the three, `pass` says which is computed: y (forward), x (data) or w (filter). Strides are in
 * the order of the extents. flipped: a convolution instead of a cross-correlation. */
typedef struct {
    conv_pass pass;
    int n, c, h, w, k, r, s, p, q;
    int pad[2], step[2], dilation[2], groups, flipped;
    int64_t x_stride[4], y_stride[4], w_stride[4];
    int filter_nhwc, capability;
    number_format stored;
    cudnnMathType_t math;
} convolution;

/* Reports parameters that the real library refuses with CUDNN_STATUS_BAD_PARAM, keeps the text for
 * cudnnGetLastErrorString, and returns the status. */
__attribute__((format(printf, 3, 4))) cudnnStatus_t
cudnn_refuse(cudnnStatus_t status, const char *call, const char *format, ...);

/* CUDNN_STATUS_SUCCESS, or the refusal of a dead or foreign handle or descriptor. */
cudnnStatus_t cudnn_alive(cudnnHandle_t handle, const char *call);
cudnnStatus_t cudnn_descriptors_alive(const char *call, const cudnnTensorDescriptor_t x,
                                      const cudnnFilterDescriptor_t w,
                                      const cudnnConvolutionDescriptor_t conv,
                                      const cudnnTensorDescriptor_t y);

/* Puts descriptors together, and refuses those that do not fit. */
cudnnStatus_t convolution_of(convolution *out, const char *call, conv_pass pass,
                             cudnnHandle_t handle, const cudnnTensorDescriptor_t x,
                             const cudnnFilterDescriptor_t w,
                             const cudnnConvolutionDescriptor_t conv,
                             const cudnnTensorDescriptor_t y);

/* What cuDNN documents of an algorithm: whether it can do this convolution (or
 * CUDNN_STATUS_NOT_SUPPORTED); whether two runs give the same bits. And a workspace, in bytes. */
cudnnStatus_t algorithm_supports(const convolution *c, int algorithm);
int algorithm_deterministic(conv_pass pass, int algorithm);
size_t algorithm_workspace(const convolution *c, int algorithm);

#pragma GCC visibility pop

#endif
