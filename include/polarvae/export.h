/* export.h -- a trained model as ONNX files, for other programs.
 *
 *     encoder.onnx   image [N, C, H, W] in 0..1  ->  mean, log_variance [N, latents]
 *     decoder.onnx   z [N, latents]              ->  logits, probability [N, C, H, W]
 *
 * All float32, opset 13, IR version 7; N is free. Metadata: `objective` and its keys (`beta`...),
 * `step`, `seed`, `version` of this library, `variables`: the numbers that the latent variables had
 * before any were pruned ("0,2,5"). */
#ifndef POLARVAE_EXPORT_H
#define POLARVAE_EXPORT_H

#include "polarvae/train.h"

/* Writes both files into a directory, which is made; files of these names are replaced, and only
 * when both new ones are complete. */
pv_status pv_export_model(const pv_model *model, pv_stream *stream, const char *directory);

#endif
