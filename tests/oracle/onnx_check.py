"""Checks exported ONNX files with onnx.checker, and their results in onnxruntime with the engine's.

    onnx_check.py DIR                    what `test_export --write DIR` left: networks of every kind
    onnx_check.py RUN/export CODES.npz DATA.h5 [EVALUATION.json]
                                         a trained model: codes that `polarvae encode` made of that
                                         data set; the reconstruction loss of `polarvae evaluate`

Nothing is written. Status 1 if anything is further apart than 1e-5.
"""
import json
import pathlib
import sys

import h5py
import numpy as np
import onnx
import onnxruntime

ALLOWED = 1e-5
worst = 0.0


def load(path):
    """An onnxruntime interpreter of the graph, and its metadata."""
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    assert model.producer_name == "polarvae" and model.ir_version == 7
    assert [(o.domain, o.version) for o in model.opset_import] == [("", 13)]
    kinds = [node.op_type for node in model.graph.node]
    assert "Transpose" not in kinds, kinds
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for tensor in session.get_inputs() + session.get_outputs():
        assert tensor.type == "tensor(float)" and tensor.shape[0] == "N", tensor
    return session, {p.key: p.value for p in model.metadata_props}


def compare(name, got, want):
    """Largest difference, relative to the largest number where that is above 1."""
    global worst
    got, want = np.asarray(got, np.float64), np.asarray(want, np.float64)
    assert got.shape == want.shape, (name, got.shape, want.shape)
    apart = np.abs(got - want).max() / max(1.0, np.abs(want).max())
    worst = max(worst, apart if np.isfinite(apart) else np.inf)
    print(f"  {name:14} {str(got.shape):20} apart by {apart:.2g}")


def to_nchw(images):
    return np.ascontiguousarray(images.transpose(0, 3, 1, 2), np.float32)


def check_networks(directory):
    for place in sorted(p.parent for p in directory.glob("*/engine.h5")):
        print(place.name)
        encoder, _ = load(place / "encoder.onnx")
        decoder, _ = load(place / "decoder.onnx")
        with h5py.File(place / "engine.h5") as file:
            want = {name: file[name][()] for name in file}
        mean, log_variance = encoder.run(
            ["mean", "log_variance"], {"image": to_nchw(want["image"])}
        )
        logits, probability = decoder.run(["logits", "probability"], {"z": want["z"]})
        compare("mean", mean, want["mean"])
        compare("log_variance", log_variance, want["logvar"])
        compare("logits", logits, to_nchw(want["logits"]))
        compare("probability", probability, to_nchw(want["probability"]))
        # Any number of images, and none.
        one = encoder.run(["mean"], {"image": to_nchw(want["image"][:1])})[0]
        compare("one image", one, want["mean"][:1])
        none = encoder.run(["mean"], {"image": to_nchw(want["image"][:0])})[0]
        assert none.shape == (0, want["mean"].shape[1]), none.shape


def examples(data, factors):
    """The images with these factors, as float32 [N, C, H, W]."""
    with h5py.File(data) as file:
        images, classes = file["imgs"], file["latents/classes"][()]
        classes = classes[:, -factors.shape[1] :]
        at = {tuple(row): i for i, row in enumerate(classes)}
        index = np.array([at[tuple(row)] for row in factors])
        images = images[()][index].astype(np.float32)
    return np.ascontiguousarray(images.reshape(len(index), 1, *images.shape[1:3]))


def check_model(directory, codes_file, data, evaluation):
    encoder, properties = load(directory / "encoder.onnx")
    decoder, _ = load(directory / "decoder.onnx")
    print(properties)
    codes = np.load(codes_file)
    images = examples(data, codes["factors"])
    mean, log_variance = encoder.run(["mean", "log_variance"], {"image": images})
    compare("mean", mean, codes["mean"])
    compare("log-variance", log_variance, np.log(codes["variance"]))
    if not evaluation:
        return
    logits = decoder.run(["logits"], {"z": codes["sampled"]})[0].astype(np.float64)
    loss = np.logaddexp(0, logits) - logits * images
    loss = loss.sum(axis=(1, 2, 3)).mean()
    reported = json.loads(pathlib.Path(evaluation).read_text())["reconstruction"]["loss"]
    print(f"  reconstruction loss {loss:.6f}, reported {reported:.6f} nats")
    compare("loss / reported", loss / reported, 1.0)


def main():
    if len(sys.argv) == 2:
        check_networks(pathlib.Path(sys.argv[1]))
    elif len(sys.argv) in (4, 5):
        check_model(pathlib.Path(sys.argv[1]), *sys.argv[2:4], (sys.argv + [None])[4])
    else:
        sys.exit(__doc__)
    print(f"all within {worst:.2g}" if worst > 0 else "nothing compared")
    sys.exit(not 0 < worst <= ALLOWED)


main()
