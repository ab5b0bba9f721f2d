"""trajectory.py --self-test: synthetic starts, and what must hold of their trajectories."""
import json
import pathlib
import tempfile

import h5py
import numpy as np
import torch

import formulas
import trajectory
from model import Discriminator, Vae, reconstruction_loss, sample

STEPS, BATCH, LATENTS = 4, 5, 3
OBJECTIVES = [
    {"objective": "beta_vae", "beta": 4.0},
    {"objective": "annealed_vae", "gamma": 50.0, "c_max": 2.0, "iteration_threshold": 3},
    {"objective": "beta_tcvae", "beta": 6.0},
    {"objective": "beta_tcvae", "beta": 6.0, "tc_constants": True, "examples": 737280},
    {"objective": "beta_tcvae", "beta": 6.0, "estimator": "stratified", "examples": 737280},
    {"objective": "dip_vae_i", "lambda_od": 5.0, "lambda_d_factor": 10.0},
    {"objective": "dip_vae_ii", "lambda_od": 5.0, "lambda_d_factor": 1.0},
    {"objective": "factor_vae", "gamma": 10.0},
    {"objective": "factor_vae", "gamma": 10.0, "factor_batch": "second"},
    {"objective": "factor_vae", "gamma": 10.0, "factor_batch": "second", "second_after_update": False},
]


def draw(rng, network):
    return {name: np.float32(rng.uniform(-1, 1, shape) * (0.1 if limit is None else limit))
            for name, shape, limit in network.tensors()}


def start_file(path, config, placement="tensorflow", **arrays):
    """As the engine writes it; `arrays` replaces data sets."""
    rng = np.random.default_rng(0)
    x = {f"parameters/{k}": v for k, v in draw(rng, Vae("conv", 4, 1, LATENTS)).items()}
    for suffix in ("", "2"):
        x["images" + suffix] = rng.integers(0, 2, (STEPS, BATCH, 64, 64, 1), dtype=np.uint8)
        x["noise" + suffix] = np.float32(rng.standard_normal((STEPS, BATCH, LATENTS)))
    if config["objective"] == "factor_vae":
        x.update(draw(rng, Discriminator(LATENTS)))
        x["permutation"] = np.int32(rng.permuted(
            np.tile(np.arange(BATCH)[:, None], (STEPS, 1, LATENTS)), axis=1))
    x.update(arrays)
    with h5py.File(path, "w") as f:
        f.attrs.update(config=np.bytes_(json.dumps(config)), network=np.bytes_("conv"), kernel=4,
                       channels=1, latents=LATENTS, batch=BATCH, image_max=1.0, learning_rate=1e-3,
                       beta1=0.9, beta2=0.999, epsilon=1e-8, placement=np.bytes_(placement))
        for name, value in x.items():
            f[name] = value
    return trajectory.read_start(path)


def final(networks):
    return np.concatenate([x.detach().flatten().numpy() for x in networks.parameters.values()])


# ---- checks ----

def check_slopes(start):
    """The gradient of the first step, by central differences of a loss stated afresh."""
    vae, keys = start.vae(), start.config
    vae.parameters = start.initial(vae, "parameters/")
    discriminator = None
    if keys["objective"] == "factor_vae":
        discriminator = Discriminator(LATENTS)
        discriminator.parameters = start.initial(discriminator, "discriminator/")

    def losses():
        mean, logvar = vae.encode(start.image(0))
        z = sample(mean, logvar, start.noise(0))
        logits = discriminator(z) if discriminator else None
        _, regulariser = trajectory.regularise(keys, 1, mean, logvar, z, logits)
        total = reconstruction_loss(vae.decode(z), start.image(0)) + regulariser
        own = formulas.discriminator_loss(
            logits, discriminator(trajectory.permuted(start, 0, z))) if discriminator else None
        return total, own

    def check(network, index):
        parameters = list(network.parameters.values())
        gradient = torch.autograd.grad(losses()[index], parameters)
        length = 1e-6 / sum((g**2).sum() for g in gradient).sqrt()
        values = []
        with torch.no_grad():
            for side in (1, -2):
                for p, g in zip(parameters, gradient):
                    p += side * length * g
                values.append(losses()[index].item())
            for p, g in zip(parameters, gradient):
                p += length * g
        slope, expected = (values[0] - values[1]) / 2, 1e-12 / length.item()
        assert abs(slope - expected) < 1e-3 * expected, (keys, index, slope, expected)

    check(vae, 0)
    if discriminator:
        check(discriminator, 1)


def check_torch_adam(directory):
    """A plain PyTorch loop with its own Adam."""
    start = start_file(directory / "torch.h5", OBJECTIVES[0], "torch")
    _, terms, (trained,) = trajectory.train(start)
    vae, losses = start.vae(), []
    vae.parameters = start.initial(vae, "parameters/")
    adam = torch.optim.Adam(list(vae.parameters.values()), lr=1e-3)
    for step in range(STEPS):
        mean, logvar = vae.encode(start.image(step))
        logits = vae.decode(mean + torch.exp(logvar / 2) * start.noise(step))
        image = start.image(step).flatten(1)
        bernoulli = torch.distributions.Bernoulli(logits=logits)
        normal = torch.distributions.Normal(mean, torch.exp(logvar / 2))
        kl = torch.distributions.kl_divergence(normal, torch.distributions.Normal(0.0, 1.0))
        loss = -bernoulli.log_prob(image).sum(1).mean() + 4 * kl.sum(1).mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
        losses.append(loss.item())
    assert np.allclose(terms[:, -1], losses, rtol=1e-10, atol=0), (terms[:, -1], losses)
    assert np.allclose(final(trained), final(vae), rtol=0, atol=1e-8)


def check_torch_factor(directory, config):
    """The same for FactorVAE, the discriminator's loss as a cross entropy of z.detach()."""
    start = start_file(directory / "torch.h5", config, "torch")
    _, terms, networks = trajectory.train(start)
    vae, discriminator, losses = start.vae(), Discriminator(LATENTS), []
    vae.parameters = start.initial(vae, "parameters/")
    discriminator.parameters = start.initial(discriminator, "discriminator/")
    adam = torch.optim.Adam(list(vae.parameters.values()), lr=1e-3)
    own_adam = torch.optim.Adam(list(discriminator.parameters.values()), lr=1e-4, betas=(0.5, 0.9))
    for step in range(STEPS):
        mean, logvar = vae.encode(start.image(step))
        z = mean + torch.exp(logvar / 2) * start.noise(step)
        logits = discriminator(z)
        kl = 0.5 * (mean**2 + torch.exp(logvar) - logvar - 1).sum(1).mean()
        loss = reconstruction_loss(vae.decode(z), start.image(step)) + kl
        loss = loss + config["gamma"] * (logits[:, 0] - logits[:, 1]).mean()
        adam.zero_grad()
        loss.backward()
        adam.step()
        other = z.detach().clone()
        if config.get("factor_batch") == "second":
            mean, logvar = vae.encode(start.image(step, "2"))
            other = (mean + torch.exp(logvar / 2) * start.noise(step, "2")).detach()
        order = start.arrays["permutation"][step]
        shuffled = torch.stack([other[order[:, d], d] for d in range(LATENTS)], 1)
        joint, product = discriminator(z.detach()), discriminator(shuffled)
        own = torch.nn.functional.cross_entropy(joint, torch.zeros(BATCH, dtype=torch.long)) / 2
        own = own + torch.nn.functional.cross_entropy(product, torch.ones(BATCH, dtype=torch.long)) / 2
        own_adam.zero_grad()
        own.backward()
        own_adam.step()
        losses.append((loss.item(), own.item()))
    assert np.allclose(terms[:, [-1, 3]], losses, rtol=1e-10, atol=0), (terms, losses)
    for a, b in zip(networks, (vae, discriminator)):
        assert np.allclose(final(a), final(b), rtol=0, atol=1e-8)


def check_limits(directory):
    """Objectives that must train the VAE as another does."""
    def trained(config, **arrays):
        return trajectory.train(start_file(directory / "limit.h5", config, **arrays))[2]

    plain = final(trained({"objective": "beta_vae", "beta": 1.0})[0])
    for config in ({"objective": "beta_tcvae", "beta": 1.0},
                   {"objective": "dip_vae_i", "lambda_od": 0.0, "lambda_d_factor": 1.0},
                   {"objective": "dip_vae_ii", "lambda_od": 0.0, "lambda_d_factor": 1.0},
                   {"objective": "annealed_vae", "gamma": 1.0, "c_max": 0.0, "iteration_threshold": 1},
                   {"objective": "factor_vae", "gamma": 0.0}):
        assert np.allclose(final(trained(config)[0]), plain, rtol=0, atol=1e-9), config
    constants = [final(trained(config)[0]) for config in OBJECTIVES[2:4]]
    assert np.allclose(*constants, rtol=0, atol=1e-7) and not np.allclose(constants[0], plain)

    factor = OBJECTIVES[7]
    same = trained(factor)
    start = trajectory.read_start(directory / "limit.h5")
    twice = {name: start.arrays[name[:-1]] for name in ("images2", "noise2")}
    again = trained(OBJECTIVES[9], **twice)
    late, fresh = trained(OBJECTIVES[8], **twice), trained(OBJECTIVES[8])
    for a, b, c in zip(same, again, late):
        assert np.array_equal(final(a), final(b)) and not np.array_equal(final(a), final(c))
    assert not np.allclose(final(late[1]), final(fresh[1]))


def check_sketch(golden, networks):
    """Sketches tell the norm of a difference, and one small change in a large tensor."""
    with h5py.File(golden) as f:
        assert (f["lost_float32"][:] < 0.02 * f["moved"][:]).all()
        assert np.allclose(f["terms"], f["terms_float32"], rtol=1e-4, atol=1e-4)
        assert (f["size"][:] == [x.numel() for n in networks for x in n.parameters.values()]).all()
        norm, sketch, rng = f["norm"][:], f["sketch"][:], np.random.default_rng(1)
    for t, x in enumerate(x.detach().flatten().numpy() for n in networks
                          for x in n.parameters.values()):
        difference = 1e-3 * norm[t] * rng.standard_normal(len(x)) / np.sqrt(len(x))
        told = np.sqrt(np.mean((np.array(trajectory.sketch(t, x + difference)) - sketch[t]) ** 2))
        assert 0.5 < told / np.linalg.norm(difference) < 2, (t, told)
        difference = np.zeros(len(x))
        difference[rng.integers(len(x))] = 1e-5
        told = np.array(trajectory.sketch(t, x + difference)) - sketch[t]
        assert np.allclose(abs(told), 1e-5, rtol=1e-3), (t, told)


def main():
    with tempfile.TemporaryDirectory() as directory:
        directory = pathlib.Path(directory)
        for config in OBJECTIVES:
            start = start_file(directory / "start.h5", config)
            check_slopes(start)
            golden = directory / "trajectory_start.h5"
            term, terms, networks = trajectory.train_and_write(golden, start)
            assert terms.shape == (STEPS, len(term)) and np.isfinite(terms).all()
            print(config, f"{golden.stat().st_size} bytes")
            for name, column in zip(term, terms.T):
                print(f"  {name:24s}", *(f"{x:12.6f}" for x in column))
        check_sketch(golden, networks)
        check_torch_adam(directory)
        check_torch_factor(directory, OBJECTIVES[7])
        check_torch_factor(directory, OBJECTIVES[8])
        check_limits(directory)
    print("passed")
