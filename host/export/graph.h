/* graph.h -- networks as ONNX graphs. */
#ifndef PV_EXPORT_GRAPH_H
#define PV_EXPORT_GRAPH_H

#include "export/onnx.h"
#include "polarvae/net.h"

/* image [N, C, H, W] -> mean, log_variance [N, latents]. block: the parameters, in host memory. */
void pv_graph_encoder(pv_onnx *onnx, const pv_vae *vae, const float *block);

/* z [N, latents] -> logits, probability [N, C, H, W] */
void pv_graph_decoder(pv_onnx *onnx, const pv_vae *vae, const float *block);

#endif
