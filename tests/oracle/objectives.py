"""Writes tests/golden/objectives.h5: values and gradients of the regularisers, in float64.

By PyTorch's autograd from formulas.py, on inputs that are float32 numbers. The script stops unless
restatement.py (numpy, gradients by hand), finite differences and known values agree.

    pip install -r tests/oracle/requirements.txt
    python3 tests/oracle/objectives.py

z is an input of its own: gradients to z, mean and logvar are partial ones. README.md has the layout
of the file.
"""
import h5py
import numpy as np
import torch

import formulas
import restatement
from model import GOLDEN, sample

EXAMPLES = 737280  # of dSprites
LAMBDA_OD, FACTOR = 2.0, {"dip_i": 10.0, "dip_ii": 1.0}
GAMMA = 1000.0
TERMS = ("mutual_information", "total_correlation", "dimension_wise_kl")
KINDS = ("ordinary", "extreme", "collapsed")
ALL, O, E, C = KINDS, ("ordinary",), ("extreme",), ("collapsed",)
SIZES = [  # batch, latents, kinds
    (1, 1, O + E), (1, 2, O), (1, 10, ALL), (1, 33, O), (2, 10, O + E),
    (3, 1, O + E), (3, 2, ALL), (3, 10, O + E), (3, 33, O),
    (7, 1, O + C), (7, 2, ALL), (7, 10, ALL), (7, 33, E),
    (64, 1, O + C), (64, 2, O + E), (64, 10, ALL), (64, 33, O),
]
CASES = [(batch, latents, kind) for batch, latents, kinds in SIZES for kind in kinds]
LOGITS = [(batch, kind) for batch in (1, 3, 7, 64) for kind in ("ordinary", "extreme")]


# ---- inputs ----

def float32(x):
    return np.asarray(x, dtype=np.float32)


def make_inputs(seed, batch, latents, kind):
    rng = np.random.default_rng(seed)
    shape = batch, latents
    noise = rng.standard_normal(shape)
    if kind == "ordinary":
        mean, logvar = rng.standard_normal(shape), -1 + 1.2 * rng.standard_normal(shape)
    elif kind == "collapsed":
        mean, logvar = 1e-4 * rng.standard_normal(shape), 1e-4 * rng.standard_normal(shape)
    else:
        mean, logvar = rng.uniform(-30, 30, shape), rng.uniform(-20, 20, shape)
        mean = np.where(rng.random(shape) < 0.5, 30 * np.sign(mean), mean)
        logvar = np.where(rng.random(shape) < 0.5, 20 * np.sign(logvar), logvar)
    x = {"mean": float32(mean), "logvar": float32(logvar), "noise": float32(noise)}
    mean, logvar, noise = (torch.from_numpy(a).double() for a in x.values())
    x["z"] = float32(sample(mean, logvar, noise))
    return x


def make_logits(seed, batch, kind):
    """No difference is near 0 or near where a probability is clipped, 13.8155."""
    rng = np.random.default_rng(seed)
    while True:
        x = 2.0 * rng.standard_normal((2, batch, 2))
        if kind == "extreme":
            x = np.where(rng.random(x.shape) < 0.7, rng.choice([-1, 1], x.shape) *
                         rng.uniform(30, 100, x.shape), 4 * x)
        x = float32(x)
        gap = np.abs(x[..., 0].astype(np.float64) - x[..., 1])
        if gap.min() > 0.01 and np.abs(gap - np.log(1e6)).min() > 0.1:
            return x[0], x[1]


# ---- outputs ----

def gradients(value, variables):
    found = torch.autograd.grad(value, variables, retain_graph=True, allow_unused=True)
    return [torch.zeros_like(v) if g is None else g for g, v in zip(found, variables)]


def kl_outputs(mean, logvar):
    """Of AnnealedVAE [below, above]: c below and above the kl; NaN if none is clearly below."""
    kl = formulas.kl(mean, logvar)
    out = {"kl": kl}
    out["kl_dmean"], out["kl_dlogvar"] = gradients(kl, [mean, logvar])
    c = torch.from_numpy(float32([0.5 * kl.item(), 1.5 * kl.item() + 1])).to(kl)
    if kl < 0.1:
        c[0] = torch.nan
    annealed = GAMMA * (kl - c).abs()
    slopes = torch.stack([gradients(a, [kl])[0] for a in annealed])
    for a, slope in zip(annealed[c.isfinite()], slopes[c.isfinite()]):
        for g, d in zip(gradients(a, [mean, logvar]), (out["kl_dmean"], out["kl_dlogvar"])):
            rounding = 8 * torch.finfo(g.dtype).eps * GAMMA
            assert (g - slope * d).abs().max() <= rounding * (1 + d.abs().max())
    out.update(annealed_c=c, annealed=annealed, annealed_slope=slopes)
    return out


def dip_outputs(mean, logvar):
    out = {}
    for name, factor in FACTOR.items():
        off, diagonal = formulas.dip_terms(mean, logvar, name == "dip_ii")
        penalty = LAMBDA_OD * off + factor * LAMBDA_OD * diagonal
        dmean, dlogvar = gradients(penalty, [mean, logvar])
        out.update({name: penalty, f"{name}_off": off, f"{name}_diagonal": diagonal,
                    f"{name}_dmean": dmean})
        if name == "dip_ii":
            out[f"{name}_dlogvar"] = dlogvar
        else:
            assert not dlogvar.any()
    return out


def tc_outputs(estimator, z, mean, logvar):
    """Each term's mean over rows, its rows, and the gradients of the mean; NaN where the estimator
    is not defined. Constants do not change gradients; of the stratified estimator the total
    correlation has them."""
    out, batch = {}, len(z)
    defined = estimator != "stratified" or batch > 1
    if defined:
        rows = formulas.decomposition(z, mean, logvar,
                                      formulas.log_weights(estimator, batch, EXAMPLES))
    else:
        rows = [torch.full((batch,), torch.nan, dtype=torch.float64)] * 3
    for term, row in zip(TERMS, rows):
        out[f"{estimator}/{term}"] = row.mean()
        out[f"{estimator}/{term}_rows"] = row
        if estimator == "weighted" or estimator == "stratified" and term == TERMS[1]:
            found = gradients(row.mean(), [z, mean, logvar]) if defined else [torch.nan * z] * 3
            out.update({f"{estimator}/{term}_d{of}": g
                        for of, g in zip(("z", "mean", "logvar"), found)})
    return out


def outputs(inputs, dtype=torch.float64):
    mean, logvar, z = (torch.from_numpy(inputs[k]).to(dtype).requires_grad_()
                       for k in ("mean", "logvar", "z"))
    out = {**kl_outputs(mean, logvar), **dip_outputs(mean, logvar)}
    for estimator in ("weighted", "constants", "stratified"):
        out.update(tc_outputs(estimator, z, mean, logvar))
    return {name: x.detach().numpy() for name, x in out.items()}


def discriminator_outputs(joint, permuted):
    joint, permuted = (torch.from_numpy(x).double().requires_grad_() for x in (joint, permuted))
    tc, loss = formulas.discriminator_tc(joint), formulas.discriminator_loss(joint, permuted)
    out = {"tc": tc, "loss": loss}
    out["accuracy"] = formulas.discriminator_accuracy(joint, permuted)
    out["tc_dlogits"], = gradients(tc, [joint])
    out["loss_dlogits"], out["loss_dpermuted"] = gradients(loss, [joint, permuted])
    return {name: x.detach().numpy() for name, x in out.items()}


# ---- the file ----

def short(x, bits=28):
    """Rounded, with 28 bits by 4e-9 at most, so that it can be compressed."""
    with np.errstate(invalid="ignore"):
        m, e = np.frexp(x)
        return np.where(np.isfinite(x), np.ldexp(np.round(np.ldexp(m, bits)), e - bits), x)


def store(group, name, parts, shape=None):
    """Concatenated; long float64 ones and sizes are shortened."""
    x = np.concatenate([np.atleast_1d(p) for p in parts])
    x = x if shape is None else x.reshape(shape)
    if x.size > 200:
        x = short(x) if x.dtype == np.float64 else short(x, 8) if name.endswith("_size") else x
        group.create_dataset(name, data=x, compression="gzip", compression_opts=9, shuffle=True)
    else:
        group[name] = x


def starts(sizes):
    return np.concatenate([[0], np.cumsum(sizes)[:-1]]).astype(np.int64)


def write(path, inputs, results, logits, discriminated):
    batch, latents = (np.array([c[k] for c in CASES], dtype=np.int64) for k in (0, 1))
    with h5py.File(path, "w") as f:
        f.attrs.update(examples=EXAMPLES, lambda_od=LAMBDA_OD, dip_i_factor=FACTOR["dip_i"],
                       dip_ii_factor=FACTOR["dip_ii"], gamma=GAMMA)
        f["kind_name"] = np.array([k.encode() for k in KINDS], dtype="S32")
        f["batch"], f["latents"] = batch, latents
        f["kind"] = np.array([KINDS.index(c[2]) for c in CASES], dtype=np.int64)
        f["row"], f["element"] = starts(batch), starts(batch * latents)
        for name in inputs[0]:
            store(f, name, [x[name].ravel() for x in inputs])
        for name in results[0]:
            pairs = (len(CASES), 2) if name.startswith("annealed") else None
            store(f, name, [x[name].ravel() for x in results], pairs)
        g = f.create_group("discriminator")
        g["batch"] = np.array([c[0] for c in LOGITS], dtype=np.int64)
        g["kind"] = np.array([KINDS.index(c[1]) for c in LOGITS], dtype=np.int64)
        g["row"] = starts([c[0] for c in LOGITS])
        for name, column in (("logits", 0), ("permuted", 1)):
            store(g, name, [x[column].ravel() for x in logits], (-1, 2))
        for name in discriminated[0]:
            pairs = (-1, 2) if "_d" in name else None
            store(g, name, [x[name].ravel() for x in discriminated], pairs)


def rounding(inputs, results):
    """What the same formulas lose in float32: a guide to tolerances."""
    worst = {}
    for (_, _, kind), x, right in zip(CASES, inputs, results):
        single = outputs(x, torch.float32)
        for name, value in single.items():
            size = right.get(name + "_size", np.max(np.abs(right[name])))
            if np.all(size > 0) and not name.startswith("annealed"):
                error = np.max(np.abs(value - right[name]) / size)
                worst.setdefault(name, {}).setdefault(kind, []).append(error)
    print("largest error of float32 PyTorch, relative to the size or the largest of a case:")
    for name, by_kind in worst.items():
        print(f"  {name:34s}", *(f"{k} {max(e):.0e}" for k, e in by_kind.items()))


def main():
    inputs = [make_inputs(i, *case) for i, case in enumerate(CASES)]
    results = [outputs(x) for x in inputs]
    logits = [make_logits(1000 + i, *case) for i, case in enumerate(LOGITS)]
    discriminated = [discriminator_outputs(*x) for x in logits]
    for case, x, result in zip(CASES, inputs, results):
        result.update(restatement.check_case(case, x, result, EXAMPLES, LAMBDA_OD, FACTOR))
    for x, result in zip(logits, discriminated):
        restatement.check_discriminator(*x, result)
    restatement.check_known_values(outputs)
    restatement.check_finite_differences(inputs[CASES.index((7, 10, "ordinary"))], outputs)
    write(GOLDEN / "objectives.h5", inputs, results, logits, discriminated)
    rounding(inputs, results)


if __name__ == "__main__":
    main()
