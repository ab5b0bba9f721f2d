"""Writes tests/golden/trajectory_NAME.h5: what training makes of a start that the engine wrote.

PyTorch in float64 on the CPU, every step from the images, noise and permutations of the start file;
nothing of the engine is used. README.md has the layout of both files.

    pip install -r tests/oracle/requirements.txt
    python3 tests/oracle/trajectory.py NAME.h5 ...
    python3 tests/oracle/trajectory.py --self-test

FactorVAE trains two networks at a time. factor_batch "same" (disentanglement_lib): the gradients of
both losses are taken from one forward pass, at the parameters before the step. "second" (Kim &
Mnih, algorithm 2): the loss of the discriminator takes the z of the first batch, as drawn before the
step, and the permuted z of a second batch. There the algorithm updates the VAE first, and then
encodes the second batch (second_after_update true, the default); false encodes it before the
update, so that both networks move at once. In all three the VAE's gradient sees the discriminator
of before the step, and no gradient of the discriminator's loss reaches the encoder.
"""
import json
import pathlib
import sys
import zlib

import h5py
import numpy as np
import torch

import formulas
from model import GOLDEN, Adam, Discriminator, Vae, reconstruction_loss, sample, word

PROBES, SKETCH = 32, 64
NOISE = 500  # number of the first noise among the sketches

# The keys that each objective reads, and their values where the file is silent (None: it may not be).
KEYS = {
    "beta_vae": {"beta": None},
    "annealed_vae": {"gamma": None, "c_max": None, "iteration_threshold": None},
    "factor_vae": {"gamma": None, "factor_batch": "same", "second_after_update": True},
    "beta_tcvae": {"beta": None, "estimator": "weighted", "tc_constants": False, "examples": 0},
    "dip_vae_i": {"lambda_od": None, "lambda_d_factor": None},
    "dip_vae_ii": {"lambda_od": None, "lambda_d_factor": None},
}

# As published, where the file is silent.
DISCRIMINATOR_ADAM = {
    "discriminator_learning_rate": 1e-4,
    "discriminator_beta1": 0.5,
    "discriminator_beta2": 0.9,
    "discriminator_epsilon": 1e-8,
}


def read_keys(config):
    objective = config["objective"]
    unknown = set(config) - set(KEYS[objective]) - {"objective"}
    keys = {**KEYS[objective], **config}
    missing = [k for k, v in keys.items() if v is None]
    if unknown or missing:
        raise SystemExit(f"{objective}: unknown keys {sorted(unknown)}, missing keys {missing}")
    return keys


# ---- the start ----

def text(x):
    return x.decode() if isinstance(x, bytes) else str(x)


class Start:
    """The attributes and data sets of a start file, given out in one precision."""

    def __init__(self, attributes, arrays, precision=torch.float64):
        self.attributes, self.arrays, self.precision = attributes, arrays, precision
        self.batch, self.latents = int(attributes["batch"]), int(attributes["latents"])
        self.channels = int(attributes["channels"])
        self.config = read_keys(json.loads(text(attributes["config"])))
        self.steps = len(arrays["noise"])

    def vae(self):
        network = text(self.attributes.get("network", "conv"))
        return Vae(network, int(self.attributes["kernel"]), self.channels, self.latents)

    def tensor(self, x, shape=None):
        return torch.from_numpy(x).to(self.precision).reshape(shape or x.shape)

    def adam(self):
        a = self.attributes
        return Adam(float(a["learning_rate"]), float(a["beta1"]), float(a["beta2"]),
                    float(a["epsilon"]), text(a["placement"]))

    def discriminator_adam(self):
        a = {**DISCRIMINATOR_ADAM, **self.attributes}
        return Adam(*(float(a[key]) for key in DISCRIMINATOR_ADAM), text(a["placement"]))

    def initial(self, network, prefix):
        """The first values of a network; every array of the group must be one of its tensors."""
        names = {f"{prefix}{name.removeprefix('discriminator/')}": (name, shape)
                 for name, shape, _ in network.tensors()}
        found = {n for n in self.arrays if n.startswith(prefix)}
        if found != set(names):
            raise SystemExit(f"{prefix}: {sorted(found ^ set(names))} do not fit the network")
        return {name: self.tensor(self.arrays[place], shape).requires_grad_()
                for place, (name, shape) in names.items()}

    def image(self, step, suffix=""):
        x = self.arrays["images" + suffix][step]
        scale = float(self.attributes["image_max"]) if x.dtype == np.uint8 else 1.0
        return self.tensor(x, (self.batch, 64, 64, self.channels)) / scale

    def noise(self, step, suffix=""):
        return self.tensor(self.arrays["noise" + suffix][step], (self.batch, self.latents))

    def permutation(self, step):
        """Row b, column d of the permuted z is z[permutation[b, d], d]."""
        order = self.arrays["permutation"][step].astype(np.int64)
        order = order.reshape(self.batch, self.latents)
        assert (np.sort(order, axis=0) == np.arange(self.batch)[:, None]).all()
        return torch.from_numpy(order)


def read_start(path):
    arrays = {}
    with h5py.File(path) as f:
        f.visititems(lambda name, x: arrays.update({name: x[()]}) if isinstance(
            x, h5py.Dataset) else None)
        return Start(dict(f.attrs), arrays)


# ---- training ----

def regularise(keys, step, mean, logvar, z, logits):
    """The named terms after the reconstruction, and what is added to it."""
    objective, kl = keys["objective"], formulas.kl(mean, logvar)
    if objective == "beta_vae":
        return {"kl": kl}, keys["beta"] * kl
    if objective == "annealed_vae":
        c = formulas.capacity(keys["c_max"], step, keys["iteration_threshold"])
        return {"kl": kl, "capacity": torch.tensor(c)}, keys["gamma"] * (kl - c).abs()
    if objective == "factor_vae":
        tc = formulas.discriminator_tc(logits)
        return {"kl": kl, "total_correlation": tc}, kl + keys["gamma"] * tc
    if objective == "beta_tcvae":
        estimator = "constants" if keys["tc_constants"] else keys["estimator"]
        assert not (keys["tc_constants"] and keys["estimator"] == "stratified")
        weights = formulas.log_weights(estimator, len(z), keys["examples"])
        mi, tc, dimension_wise = (x.mean() for x in formulas.decomposition(z, mean, logvar, weights))
        return ({"kl": kl, "mutual_information": mi, "total_correlation": tc,
                 "dimension_wise_kl": dimension_wise}, kl + (keys["beta"] - 1) * tc)
    off, diagonal = formulas.dip_terms(mean, logvar, objective == "dip_vae_ii")
    penalty = keys["lambda_od"] * (off + keys["lambda_d_factor"] * diagonal)
    return {"kl": kl, "off_diagonal": off, "diagonal": diagonal, "penalty": penalty}, kl + penalty


def update(network, adam, gradients):
    values = adam.step([x.detach() for x in network.parameters.values()], gradients)
    for name, x in zip(network.parameters, values):
        network.parameters[name] = x.requires_grad_()


def permuted(start, step, z):
    return torch.gather(z.detach(), 0, start.permutation(step))


def second_z(start, step, vae):
    with torch.no_grad():
        return sample(*vae.encode(start.image(step, "2")), start.noise(step, "2"))


def train(start):
    """Names of the terms, their values [steps, terms], and the networks in the end."""
    keys, vae, adam = start.config, start.vae(), start.adam()
    vae.parameters = start.initial(vae, "parameters/")
    networks, factor = [vae], keys["objective"] == "factor_vae"
    if factor:
        discriminator = Discriminator(start.latents)
        discriminator_adam = start.discriminator_adam()
        discriminator.parameters = start.initial(discriminator, "discriminator/")
        networks.append(discriminator)
        second, late = keys["factor_batch"] == "second", keys["second_after_update"]
    rows = []
    for step in range(start.steps):
        image = start.image(step)
        mean, logvar = vae.encode(image)
        z = sample(mean, logvar, start.noise(step))
        reconstruction = reconstruction_loss(vae.decode(z), image)
        logits = discriminator(z) if factor else None
        terms, regulariser = regularise(keys, step, mean, logvar, z, logits)
        loss = reconstruction + regulariser
        gradients = torch.autograd.grad(loss, list(vae.parameters.values()), retain_graph=factor)
        if factor:
            other = second_z(start, step, vae) if second and not late else z
        update(vae, adam, gradients)
        if factor:
            if second and late:
                other = second_z(start, step, vae)
            permuted_logits = discriminator(permuted(start, step, other))
            own = formulas.discriminator_loss(logits, permuted_logits)
            gradients = torch.autograd.grad(own, list(discriminator.parameters.values()))
            terms["discriminator_loss"] = own
            terms["discriminator_accuracy"] = formulas.discriminator_accuracy(
                logits, permuted_logits)
            update(discriminator, discriminator_adam, gradients)
        terms = {"reconstruction": reconstruction, **terms, "loss": loss}
        rows.append([t.item() for t in terms.values()])
    return list(terms), np.array(rows), networks


# ---- the golden file ----

def sketch(tensor, x):
    """SKETCH sums of all elements with random signs: the difference of two of them, squared, is
    on average the squared norm of the difference of the tensors."""
    bits = [word(2000 + 2 * tensor + half, len(x)) for half in range(SKETCH // 32)]
    sign = lambda k: 2.0 * (bits[k // 32] >> np.uint32(k % 32) & np.uint32(1)) - 1.0
    return [float(sign(k) @ x) for k in range(SKETCH)]


def flat(parameters):
    return {name: x.detach().double().flatten().numpy() for name, x in parameters.items()}


def names(x):
    return np.array([n.encode() for n in x], dtype="S48")


def train_and_write(path, start):
    """Also in float32, to tell what of a difference is rounding. Returns what train does."""
    term, terms, networks = train(start)
    _, single_terms, single_networks = train(Start(start.attributes, start.arrays, torch.float32))
    first, final, single = {}, {}, {}
    for i, prefix in enumerate(("parameters/", "discriminator/")[: len(networks)]):
        first.update(flat(start.initial(networks[i], prefix)))
        final.update(flat(networks[i].parameters))
        single.update(flat(single_networks[i].parameters))
    norm = lambda x: float(np.sqrt((x * x).sum()))
    position = [word(900 + t, PROBES) % len(x) for t, x in enumerate(final.values())]
    crc = [zlib.crc32(np.ascontiguousarray(x).tobytes()) for x in start.arrays.values()]
    with h5py.File(path, "w") as f:
        f.attrs.update({k: np.bytes_(v) if isinstance(v, (str, bytes)) else v
                        for k, v in start.attributes.items()})
        f.attrs["steps"] = start.steps
        f["input"], f["input_crc"] = names(start.arrays), np.array(crc, dtype=np.int64)
        noise = [start.arrays[n].astype(np.float64).ravel() for n in ("noise", "noise2")
                 if n in start.arrays]
        f["noise_sketch"] = np.array([sketch(NOISE + i, x) for i, x in enumerate(noise)])
        f["term"], f["terms"], f["terms_float32"] = names(term), terms, single_terms
        f["tensor"] = names(final)
        f["size"] = np.array([len(x) for x in final.values()], dtype=np.int64)
        f["norm"] = np.array([norm(x) for x in final.values()])
        f["moved"] = np.array([norm(x - first[name]) for name, x in final.items()])
        f["lost_float32"] = np.array([norm(x - single[name]) for name, x in final.items()])
        f["sketch"] = np.array([sketch(t, x) for t, x in enumerate(final.values())])
        f["position"] = np.array(position, dtype=np.int64)
        f["value"] = np.array([x[p] for x, p in zip(final.values(), position)])
    return term, terms, networks


def main(arguments):
    if arguments == ["--self-test"]:
        import trajectory_check
        return trajectory_check.main()
    if not arguments or arguments[0].startswith("-"):
        raise SystemExit(__doc__)
    for path in map(pathlib.Path, arguments):
        golden = GOLDEN / f"trajectory_{path.stem}.h5"
        term, terms, _ = train_and_write(golden, read_start(path))
        with h5py.File(golden) as f:
            error = np.abs(f["terms_float32"] - terms) / np.maximum(np.abs(terms), 1)
            lost, moved = (np.linalg.norm(f[x]) for x in ("lost_float32", "moved"))
        for k, name in enumerate(term):
            print(f"{path.stem}: {name} {terms[0, k]:.6g} ... {terms[-1, k]:.6g}, "
                  f"float32 loses up to {error[:, k].max():.0e} of max(it, 1)")
        print(f"{path.stem}: of what the parameters moved, float32 loses {lost / moved:.0e}")


if __name__ == "__main__":
    main(sys.argv[1:])
