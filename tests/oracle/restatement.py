"""The objectives once more, for objectives.py to be compared with: numpy, loops over the batch as
disentanglement_lib and Chen et al. state them, gradients derived by hand, no autograd."""
import numpy as np

REAL = np.longdouble
WORST, ROUNDING = 1e-11, 1e-15  # relative to the largest of an array; absolute


def agree(what, value, expected, size=None):
    """`size` stands for the largest of the array where terms of that size cancel."""
    value, expected = np.asarray(value, dtype=REAL), np.asarray(expected, dtype=REAL)
    assert value.shape == expected.shape, (what, value.shape, expected.shape)
    size = np.max(np.abs(expected)) if size is None else size
    error = np.max(np.abs(value - expected))
    assert error <= WORST * size + ROUNDING, (what, float(error), float(size))


# ---- beta-TCVAE ----

def log_density(x, mean, logvar):
    return -((x - mean) ** 2 * np.exp(-logvar) + logvar + np.log(2 * REAL(np.pi))) / 2


def log_sum_exp(x, axis):
    top = np.max(x, axis=axis, keepdims=True)
    return np.squeeze(top, axis) + np.log(np.sum(np.exp(x - top), axis=axis))


def weight(estimator, batch, examples, j, i):
    """Chen et al., appendix: the example that z_j was drawn for stands for itself alone, 1/N; of
    the M others one stands for those that are not in the batch."""
    n, m = REAL(examples), REAL(batch - 1)
    if estimator != "stratified":
        return 1 / (n * batch) if estimator == "constants" else REAL(1)
    if i == j:
        return 1 / n
    return (n - m) / (n * m) if i == (j + 1) % batch else 1 / m


def total_correlation(estimator, z, mean, logvar, examples):
    """Rows of the three terms; of the mean of each the gradient to z, mean, logvar; and the sums
    of magnitudes that make up the second: of its rows, of its gradient."""
    batch, latents = z.shape
    rows = np.zeros((3, batch), dtype=REAL)
    gradient = np.zeros((3, 3, batch, latents), dtype=REAL)
    row_size, size = np.zeros(batch, dtype=REAL), np.zeros((3, batch, latents), dtype=REAL)
    for j in range(batch):
        log_q = np.array([log_density(z[j], mean[i], logvar[i]) for i in range(batch)])
        log_w = np.log([weight(estimator, batch, examples, j, i) for i in range(batch)])
        joint_terms, product_terms = log_q.sum(axis=1) + log_w, log_q + log_w[:, None]
        joint, product = log_sum_exp(joint_terms, 0), log_sum_exp(product_terms, 0)
        prior = log_density(z[j], REAL(0), REAL(0))
        rows[:, j] = (log_q[j].sum() - joint, joint - product.sum(), product.sum() - prior.sum())
        share_joint = np.exp(joint_terms - joint)[:, None]  # each sums to 1 over i
        share_product = np.exp(product_terms - product)
        own = (np.arange(batch) == j)[:, None]
        scaled = (z[j] - mean) * np.exp(-logvar)
        square = scaled * (z[j] - mean)
        for t, share in enumerate((own - share_joint, share_joint - share_product, share_product)):
            gradient[t, 0, j] -= (share * scaled).sum(axis=0)
            gradient[t, 1] += share * scaled
            gradient[t, 2] += share * (square - 1) / 2
        gradient[2, 0, j] += z[j]
        share = share_joint + share_product
        row_size[j] = abs(joint) + abs(product).sum()
        size[0, j] = (share * abs(scaled)).sum(axis=0)
        size[1] += share * abs(scaled)
        size[2] += share * (square + 1) / 2
    return rows, gradient / batch, row_size, size / batch


def published_weights(batch, examples):
    """The matrix that Chen et al.'s program makes (vae_quant.py of rtqichen/beta-tcvae): its
    strides are one short of the diagonal, so that column 0 holds 1/N and column 1 the rest."""
    n, m = examples, batch - 1
    w = np.full((batch, batch), 1 / m)
    w.reshape(-1)[:: m + 1] = 1 / n
    w.reshape(-1)[1 :: m + 1] = (n - m) / (n * m)
    w[m - 1, 0] = (n - m) / (n * m)
    return w


# ---- DIP-VAE ----

def dip(mean, logvar, lambda_od, lambda_d, second):
    """disentanglement_lib: E[mu mu^T] - E[mu] E[mu]^T."""
    batch, latents = mean.shape
    average = mean.sum(axis=0) / batch
    covariance = sum(np.outer(m, m) for m in mean) / batch - np.outer(average, average)
    if second:
        covariance += np.diag(np.exp(logvar).sum(axis=0) / batch)
    slope, penalty = np.zeros_like(covariance), REAL(0)
    for a in range(latents):
        for b in range(latents):
            strength, excess = (lambda_d, covariance[a, b] - 1) if a == b else (
                lambda_od, covariance[a, b])
            penalty += strength * excess**2
            slope[a, b] = 2 * strength * excess
    dmean = 2 * (mean - average) @ slope / batch
    return penalty, dmean, np.diag(slope) * np.exp(logvar) / batch


# ---- comparisons ----

def check_case(case, inputs, result, examples, lambda_od, factor):
    """Returns the sizes of the total correlation, by name."""
    batch, sizes = case[0], {}
    mean, logvar, z = (inputs[k].astype(REAL) for k in ("mean", "logvar", "z"))
    agree("kl", result["kl"], (mean**2 + np.exp(logvar) - logvar - 1).sum() / (2 * batch))
    for name, f in factor.items():
        expected = dip(mean, logvar, lambda_od, f * lambda_od, name == "dip_ii")
        for what, x in zip(("", "_dmean", "_dlogvar"), expected):
            if name + what in result:
                agree((case, name + what), result[name + what], x)
    names = ("mutual_information", "total_correlation", "dimension_wise_kl")
    for estimator in ("weighted", "constants", "stratified"):
        if estimator == "stratified" and batch == 1:
            sizes.update({name.replace("weighted", estimator): x * np.nan for name, x in sizes.items()})
            continue
        rows, gradient, *size = total_correlation(estimator, z, mean, logvar, examples)
        if estimator != "constants":
            sizes.update({f"{estimator}/total_correlation_{of}_size": x.astype(np.float32)
                          for of, x in zip(("rows", "dz", "dmean", "dlogvar"), [size[0], *size[1]])})
        for t, name in enumerate(names):
            name = f"{estimator}/{name}"
            agree((case, name), result[name + "_rows"], rows[t], np.max(np.abs(rows)))
            for k, of in enumerate(("z", "mean", "logvar")):
                if f"{name}_d{of}" in result:
                    agree((case, name, of), result[f"{name}_d{of}"], gradient[t, k],
                          np.max(np.abs(gradient[:, k])))
        if estimator == "constants":  # moves values, not gradients
            free = gradient_of_weighted
            agree((case, "constants"), gradient, free)
            constant = np.log(REAL(examples) * batch)
            agree((case, "constant"), result["constants/total_correlation_rows"],
                  result["weighted/total_correlation_rows"] + (z.shape[1] - 1) * constant)
        gradient_of_weighted = gradient
    return sizes


def check_discriminator(joint, permuted, result):
    """disentanglement_lib: clip_by_value of the softmax; the gradient passes within the limits."""
    loss, right = REAL(0), 0
    gradient = {"loss_dlogits": [], "loss_dpermuted": []}
    for logits, own, name in ((joint, 0, "loss_dlogits"), (permuted, 1, "loss_dpermuted")):
        for row in logits.astype(REAL):
            p = 1 / (1 + np.exp(row[1 - own] - row[own]))
            loss -= np.log(min(max(p, REAL(1e-6)), 1 - REAL(1e-6))) / (2 * len(logits))
            slope = -(1 - p) / (2 * len(logits)) if 1e-6 <= p <= 1 - 1e-6 else REAL(0)
            gradient[name].append([slope, -slope] if own == 0 else [-slope, slope])
            right += row[own] > row[1 - own]
    agree("discriminator loss", result["loss"], loss)
    agree("tc", result["tc"], (joint[:, 0].astype(REAL) - joint[:, 1]).sum() / len(joint))
    agree("accuracy", result["accuracy"], REAL(right) / (2 * len(joint)))
    agree("tc_dlogits", result["tc_dlogits"], np.tile([1, -1], (len(joint), 1)) / REAL(len(joint)))
    for name, g in gradient.items():
        agree(name, result[name], g)


def check_known_values(outputs):
    """Values that disentanglement_lib's own functions gave for these inputs."""
    x = {"mean": [[.5, -1, .2], [1.5, .3, -.7], [-.4, .8, .1], [.9, -.2, 1.1]],
         "logvar": [[-1, .2, 0], [-.5, -2, .3], [.1, -.3, -1.2], [-.8, .4, -.1]],
         "noise": [[.3, -.5, 1.2], [-1, .7, 0], [.4, .1, -.6], [1.5, -.9, .2]]}
    x = {name: np.array(v) for name, v in x.items()}
    x["z"] = x["mean"] + np.exp(x["logvar"] / 2) * x["noise"]
    result = outputs(x)
    kl, tc = result["kl"], result["weighted/total_correlation"]
    known = {"kl": (kl, 1.19552267254011), "dip_i": (result["dip_i"], 18.917365625),
             "dip_ii": (result["dip_ii"], 0.6071537549753627), "tc": (tc, -2.5897192575411316),
             "beta 6": (kl + 5 * tc, -11.75307361516555)}
    for step, value in ((0, 1195.52267254011), (50000, 11304.47732745989),
                        (100000, 23804.47732745989), (200000, 23804.47732745989)):
        from formulas import capacity
        known[f"annealed {step}"] = 1000 * abs(kl - capacity(25, step, 100000)), value
    for name, (value, expected) in known.items():
        assert abs(value - expected) <= 1e-13 * max(1, abs(expected)), (name, value, expected)
    rows = [-2.04686272, -2.91198051, -2.63349153, -2.76654227]
    assert np.max(np.abs(result["weighted/total_correlation_rows"] - rows)) < 1e-8


def check_finite_differences(inputs, outputs):
    """Central differences along random directions, of every value that has gradients."""
    rng = np.random.default_rng(0)
    x = {name: v.astype(np.float64) for name, v in inputs.items()}
    result, length = outputs(x), 1e-5
    for of in ("z", "mean", "logvar"):
        direction = rng.standard_normal(x[of].shape)
        high, low = (outputs({**x, of: x[of] + s * length * direction}) for s in (1, -1))
        names = [n for n in result if n.endswith(f"_d{of}")]
        assert len(names) >= 4
        for name in names:
            value = name[: -len(f"_d{of}")]
            slope = (high[value] - low[value]) / (2 * length)
            expected = (result[name] * direction).sum()
            assert abs(slope - expected) < 1e-7 * (1 + abs(expected)), (name, slope, expected)
