/* cmd_export.c -- polarvae export: encoder and decoder of a trained model as ONNX files. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"
#include "polarvae/export.h"

static const char usage[] =
    "Usage: polarvae export RUN [--out DIR] [--device NAME] [--quiet]\n"
    "\n"
    "Writes a trained model, pruned or not, as ONNX files (opset 13), which need no polarvae:\n"
    "\n"
    "  encoder.onnx   image [N, C, H, W] in 0..1  ->  mean, log_variance [N, latents]\n"
    "  decoder.onnx   z [N, latents]              ->  logits, probability [N, C, H, W]\n"
    "\n"
    "All are float32, N is free. Their metadata are objective and its keys, step, seed, version,\n"
    "and variables: the numbers of the latent variables before any were pruned. The codes of\n"
    "examples as NumPy's arrays: polarvae encode RUN --out codes.npz\n"
    "\n"
    "  --out DIR      default: RUN/export; files that are there are replaced\n"
    "  --device NAME  that the model is read on: auto, cpu or cuda:N (default: cpu)\n"
    "  --quiet        nothing on stderr but errors\n"
    "  --help         this text\n"
    "\n"
    "Example:\n"
    "  polarvae export runs/beta4 --out beta4-onnx\n";

typedef struct {
    const char *out;
    int quiet;
} options;

static void tell(const pv_vae *vae, const char *directory)
{
    char image[64];
    snprintf(image, sizeof image, "[N, %d, %d, %d]", vae->channels, vae->height, vae->width);
    printf("%s/encoder.onnx: image %s -> mean, log_variance [N, %zu]\n", directory, image,
           vae->latents);
    printf("%s/decoder.onnx: z [N, %zu] -> logits, probability %s\n", directory, vae->latents,
           image);
}

static pv_status export_on(const char *device_name, const char *run, const char *directory)
{
    pv_device *device = NULL;
    pv_stream *stream = NULL;
    pv_model model = {0};
    pv_status status = pv_device_open(&device, device_name);
    if (status == PV_OK) status = pv_stream_open(&stream, device, 1);
    if (status == PV_OK) status = pv_model_open(&model, run, stream);
    if (status == PV_OK) status = pv_export_model(&model, stream, directory);
    if (status == PV_OK) tell(&model.vae, directory);
    pv_model_close(&model);
    pv_stream_close(stream);
    pv_device_close(device);
    return status;
}

static pv_status export(const pv_arguments *rest, void *state)
{
    const options *o = state;
    const char *device = "cpu";
    char beside[4096];
    if (rest->count == 0 || pv_is_assignment(rest->value[0]))
        return pv_fail(PV_EUSAGE, "export: a run directory must be named; see --help");
    for (int i = 1; i < rest->count; i++) {
        if (strncmp(rest->value[i], "device=", 7) != 0)
            return pv_fail(PV_EUSAGE, "export: takes one run, and not also '%s'", rest->value[i]);
        device = rest->value[i] + 7;
    }
    if (snprintf(beside, sizeof beside, "%s/export", rest->value[0]) >= (int)sizeof beside)
        return pv_fail(PV_EUSAGE, "%.80s...: path too long", rest->value[0]);
    return export_on(device, rest->value[0], o->out ? o->out : beside);
}

int pv_command_export(int argc, char **argv)
{
    options o = {0};
    const pv_option known[] = {
        {.name = "--out", .text = &o.out}, {.name = "--quiet", .flag = &o.quiet}, {0}};
    return pv_command_run(
        &(pv_command){
            .usage = usage, .options = known, .sets_device = 1, .run = export, .state = &o},
        argc, argv);
}
