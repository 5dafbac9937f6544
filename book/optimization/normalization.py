# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # Normalisation (归一化)
#
# Measure one feature in metres and another in millimetres, and gradient descent may need a million times as many steps. Nothing about the problem
# has changed but the units. Dividing by a scale mends it, and every practitioner does so with the inputs. In 2015 somebody did it to the inputs of
# *every layer*, during training, and networks that had been hard to train became easy. That was batch normalisation. It came with an
# explanation which sounds convincing, and which fails the first experiment that takes it at its word. We shall run that experiment.
#
# On the way we derive the pass back of batch normalisation by hand, find that those of its relatives follow from it, hold seven layers against PyTorch, and collect the ways in which they break:
# batches that are too small, statistics that are too young, sequences that are too long.
#
# **You need:** the chain rule as in [back-propagation](../backprop/backpropagation.ipynb), and what
# [vanishing gradients](../activations/vanishing_gradients.ipynb) are. Eigenvalues of a symmetric matrix.
#
# **Time to run:** see the [Execution](../execution.md) page. About half a minute on one core; one longer experiment is loaded from a record that
# travels with the book.
#
# Equation numbers are those of Qiu (2019), chapter 7. (In the older draft that some lecture notes quote, min–max scaling is 6.4 and the picture of whitening figure 6.2.)

# %% tags=["install", "hide-cell"]
# Only where the package is missing, as on Colab.
import importlib.util

if importlib.util.find_spec("nndl_support") is None:
    print("This notebook needs the package nndl_support: run pip install '.[data]' in a copy of its repository.")

# %%
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn import preprocessing
from sklearn.decomposition import PCA

from nndl_support import plot, records
from nndl_support.data.digits import load_digits, load_mnist_5k
from nndl_support.optimization import conditioning, covariate_shift, normalization, scale_invariance
from nndl_support.optimization import internal_covariate_shift as ics
from nndl_support.optimization import normalization_by_hand as by_hand
from nndl_support.optimization import recurrent_normalization as recurrent
from nndl_support.optimization.normalized_mlp import NormalizedMLP, accuracy, train
from nndl_support.optimization.scaling import MinMaxScaler, PCAWhitening, StandardScaler, ZCAWhitening
from nndl_support.source import show_source

torch.set_num_threads(1)
plot.use_style()

# %% [markdown]
# ## Why units matter
#
# Near a minimum every smooth loss is a quadratic, $\frac12 (\theta - \theta^*)^\top H (\theta - \theta^*)$. A step of gradient descent multiplies the error
# by $I - \alpha H$: along an eigenvector with eigenvalue $\lambda$ it keeps the share $1 - \alpha\lambda$. The steepest direction, eigenvalue $\ell$, forbids rates
# above $2/\ell$. The flattest, eigenvalue $\mu$, then makes next to no progress. All that counts is the **condition number** (条件数)
# $\kappa = \ell/\mu$. The best rate makes both ends equally bad, and what a step leaves of the error is
#
# $$ \rho = \frac{\kappa - 1}{\kappa + 1}, \qquad \alpha = \frac{2}{\ell + \mu}, $$
#
# so that the number of steps for a given accuracy grows like $\kappa$. With momentum, well chosen, it grows like $\sqrt\kappa$ only:
# the same formula with $\sqrt\kappa$ in the place of $\kappa$ (Polyak 1964).

# %%
show_source(conditioning.best_parameters)

# %% [markdown]
# For linear regression $H$ is the matrix of second moments of the features, $X^\top X/N$. Its condition number is a property of the data, and scaling the data changes it. Qiu's
# figure 7.7 draws this as contours: ellipses for features of different scale, circles for features of the same. Here it is with numbers, two features on $[0, 10]$ and
# $[0, 1]$, as measured and standardised, each with nine tenths of its own best rate.

# %%
rng = np.random.default_rng(0)
raw = rng.uniform(size=(400, 2)) * [10, 1]
scaled = StandardScaler().fit_transform(raw)

# %%
hessians = {}
for label, X in {"as measured": raw, "standardised": scaled}.items():
    hessians[label] = conditioning.regression_hessian(X)
    _, _, rho = conditioning.best_parameters(hessians[label])
    _, _, rho_momentum = conditioning.best_parameters(hessians[label], heavy_ball=True)
    needed = conditioning.steps_to(1e-6, rho), conditioning.steps_to(1e-6, rho_momentum)
    print(f"{label:13s} condition number {conditioning.condition_number(hessians[label]):7.1f}, steps to 1e-6: "
          f"{needed[0]} plain, {needed[1]} with momentum")  # fmt: skip
assert conditioning.condition_number(hessians["standardised"]) < 1.5

# %% mystnb={"image": {"alt": "Two contour plots of the loss of linear regression over the two weights, each with the path of sixty steps of gradient descent. Left, features as measured: the contours are long thin ellipses, the path zigzags across the valley, then creeps along its floor and covers a third of the way. Right, standardised features: the contours are nearly circles and the path runs into the minimum at once."}}
fig, axes = plt.subplots(1, 2, figsize=(7, 3))
for ax, (label, H) in zip(axes, hessians.items()):
    inner = H[1:, 1:]
    rate, _, _ = conditioning.best_parameters(inner)
    path = conditioning.descend(inner, [0.3, 3.0], 0.9 * rate, steps=60)
    reach = 4.0 if label == "standardised" else 0.7
    w1, w2 = np.meshgrid(np.linspace(-reach, reach, 101), np.linspace(-4, 4, 101))
    loss = (inner[0, 0] * w1**2 + 2 * inner[0, 1] * w1 * w2 + inner[1, 1] * w2**2) / 2
    ax.contour(w1, w2, loss, loss.max() * np.linspace(0.08, 0.8, 9) ** 2, cmap="viridis", linewidths=0.8)
    print(f"{label}: after 60 steps the error of w2 is {path[-1, 1]:.2f}")
    ax.plot(*path.T, "o-", color=plot.PALETTE[1], ms=3, lw=0.9)
    ax.set(title=label, xlabel="error of $w_1$", ylabel="error of $w_2$")
plt.show()

# %% [markdown]
# The left path bounces between the walls, then creeps along the floor, and after sixty steps has covered a third of the way; the right one arrives within a few. (The two panels have different horizontal scales, or the left valley would
# be a line.) Now the law. We count the steps for a series of condition numbers, from the worst start:

# %%
kappas = np.array([3, 10, 30, 100, 300, 1000])
counted = {"plain": [], "momentum": []}
for kappa in kappas:
    H = np.diag([1.0, kappa])
    for name, heavy in (("plain", False), ("momentum", True)):
        rate, momentum, _ = conditioning.best_parameters(H, heavy_ball=heavy)
        path = conditioning.descend(H, [1.0, 1.0], rate, steps=8000, momentum=momentum)
        counted[name].append(int(np.argmax(np.abs(path).max(axis=1) < 1e-6)))

# %%
slopes = {name: np.polyfit(np.log(kappas[2:]), np.log(c[2:]), 1)[0] for name, c in counted.items()}
print("condition number:", *(f"{kappa:5d}" for kappa in kappas))
for name, steps in counted.items():
    print(f"{name:17s}", *(f"{count:5d}" for count in steps), f"  slope {slopes[name]:.2f}")
assert abs(slopes["plain"] - 1) < 0.05
assert abs(slopes["momentum"] - 0.5) < 0.1

# %% [markdown]
# On logarithmic scales the slopes are 1 and about ½, as promised.
#
# A unit with an activation has a second trouble with wide features. Take Qiu's $y = \tanh(w_1 x_1 + w_2 x_2 + b)$ with $x_1 \in [0, 10]$, $x_2 \in [0, 1]$. The slope of tanh
# is alive for net inputs between $-2$ and $2$, so $w_1$ has to be small where $w_2$ need not be, and an initialisation that treats both alike fails one of them:

# %%
for label, X, std in (
    ("as measured, std 1", raw, 1.0),
    ("as measured, std 0.1", raw, 0.1),
    ("standardised, std 1", scaled, 1.0),
):
    share = conditioning.live_share(X, std, rng=np.random.default_rng(0))
    print(f"{label:21s} share of net inputs within (-2, 2): {share:.2f}")

# %% [markdown]
# And the condition number at a minimum, for one and the same function written in both sets of features:

# %%
theta = np.array([-0.5, 0.1, 0.5])  # b, w1, w2
H_raw = conditioning.tanh_unit_hessian(theta, raw)
# The same function of standardised features: w * std, b + w * mean.
same = np.array([theta[0] + theta[1:] @ raw.mean(0), *(theta[1:] * raw.std(0))])
kappa_raw, kappa_scaled = (
    conditioning.condition_number(H_raw),
    conditioning.condition_number(conditioning.tanh_unit_hessian(same, scaled)),
)
print(f"condition number at the minimum: {kappa_raw:.0f} as measured, {kappa_scaled:.1f} standardised")
assert kappa_raw > 50 * kappa_scaled

# %% [markdown]
# Small weights revive the unit but leave the condition number where it was. Scaling repairs both.
#
# ## Scaling the inputs
#
# Three ways are common. To a range, from the extremes of each column,
#
# $$ \hat x = \frac{x - \min x}{\max x - \min x}; \tag{7.38} $$
#
# to mean 0 and variance 1, the **z-score** (标准归一化),
#
# $$ \mu = \frac1N \sum_{n=1}^N x^{(n)}, \tag{7.39} $$
#
# $$ \sigma^2 = \frac1N \sum_{n=1}^N (x^{(n)} - \mu)^2, \tag{7.40} $$
#
# $$ \hat x = \frac{x - \mu}{\sigma}; \tag{7.41} $$
#
# and **whitening** (白化), which also removes the correlations. With the eigenvectors $V$ and eigenvalues $\Lambda$ of the covariance, PCA whitening is
# $\Lambda^{-1/2} V^\top (x - \mu)$. Any rotation of white data is white; ZCA rotates back, $V \Lambda^{-1/2} V^\top (x - \mu)$, and thereby stays as close to
# the original as whitening can. In the figure, marked points show what happens to individuals (Qiu's figure 7.8).

# %%
tilted = rng.normal(size=(200, 2)) @ [[3.0, 1.2], [0.0, 0.5]] + [4, 1]
views = {"as measured": tilted}
for label, scaler in (
    ("standardised", StandardScaler()),
    ("PCA whitening", PCAWhitening()),
    ("ZCA whitening", ZCAWhitening()),
):
    views[label] = scaler.fit_transform(tilted)

# %% mystnb={"image": {"alt": "Four scatter plots of the same two hundred correlated points, with three of them marked. As measured: a long tilted ellipse. Standardised: still a tilted ellipse, with equal spread along both axes. PCA whitening: a round cloud, the marked points turned to other places. ZCA whitening: a round cloud with the marked points near where they were."}}
fig, axes = plt.subplots(1, 4, figsize=(7.4, 2.4))
for ax, (label, points) in zip(axes, views.items()):
    ax.scatter(*points.T, s=5, color=plot.PALETTE[0], alpha=0.5)
    for k, marker in zip(np.argsort(tilted[:, 0])[[0, 100, -1]], "so^"):
        ax.scatter(*points[k], s=40, marker=marker, color=plot.PALETTE[1], edgecolor="black", zorder=3)
    ax.set(title=label, xlabel="$x_1$", aspect="equal", adjustable="datalim")
axes[0].set_ylabel("$x_2$")
plt.show()

# %% [markdown]
# Each of the three divides by something that may be zero. A constant column has no range and no variance; two columns that repeat each other have a direction
# without variance. Real data have both: in MNIST, the corner pixels are always black.

# %%
mnist = load_mnist_5k()
train_images = mnist.X_train
constant = StandardScaler().fit(train_images).constant_
dropped = StandardScaler(drop_constant=True).fit_transform(train_images)

# %%
short = np.array([[1.0, 7.0], [1.0, 7.0], [1.0, 7.0], [5.0, 7.0]])
print(
    "min-max: ",
    *MinMaxScaler().fit_transform(short).T.round(3),
    "  dropped:",
    MinMaxScaler(drop_constant=True).fit_transform(short).shape,
)
print("z-score: ", *StandardScaler().fit_transform(short).T.round(3))
print("a new row", MinMaxScaler().fit(short).transform([[9.0, 8.0]]), "lies outside [0, 1] unless clip=True")

# %%
collinear = np.column_stack([tilted, tilted.sum(axis=1), np.full(200, 7.0)])
kept = PCAWhitening().fit_transform(collinear)
print(f"{constant.sum()} of 784 pixels are constant; {dropped.shape[1]} columns are left")
print(f"4 columns, one the sum of two others, one constant: {kept.shape[1]} white directions")
print(f"covariance of them is off the identity by {np.abs(np.cov(kept.T) - np.eye(2)).max():.0e}")
assert kept.shape[1] == 2
assert np.allclose(np.cov(kept.T), np.eye(2))

# %% [markdown]
# Scalers and whitenings here leave out what has no variance beyond rounding, or, for the two column scalers, keep a constant column (as zeros) unless told to drop it. A careless implementation divides by the rounding error.
#
# No implementation can know, however, how *your* data were rounded. Let the column of sums pass through a file with two decimals, and whiten again:

# %% mystnb={"image": {"alt": "Left: the singular values of three columns on a logarithmic axis. Two are large in both cases; the third is at ten to the minus fourteen where the sum is exact and at about 0.02 where it was rounded to two decimals, far above the dashed line of floating-point rounding. Right: the third white feature of the rounded data against the first: a square-edged cloud as wide as any other feature."}}
stored = np.column_stack([tilted, tilted.sum(axis=1).round(2)])
fig, (left, right) = plt.subplots(1, 2, figsize=(7, 2.8))
for data, marker, label in ((collinear[:, :3], "o", "sum exact"), (stored, "s", "sum with two decimals")):
    lengths = np.linalg.svd(data - data.mean(axis=0), compute_uv=False)
    left.semilogy(range(1, 4), lengths.clip(1e-16), marker, ms=7 if marker == "o" else 4, label=label)
left.axhline(len(data) * np.finfo(float).eps * lengths[0], ls="--", color="#777777", label="rounding of float64")
left.set(xlabel="direction", ylabel="singular value", xticks=range(1, 4), ylim=(1e-17, 1e6))
left.legend(loc="center left", fontsize=7.5)
white = PCAWhitening().fit_transform(stored)
right.scatter(white[:, 0], white[:, 2], s=6, color=plot.PALETTE[1])
right.set(xlabel="first white feature", ylabel="third white feature")
plt.show()

# %%
print("standard deviations of the white features:", white.std(axis=0, ddof=1).round(3))
print("directions kept with tol=1e-3:", PCAWhitening(tol=1e-3).fit_transform(stored).shape[1])
assert white.shape[1] == 3
assert PCAWhitening(tol=1e-3).fit_transform(stored).shape[1] == 2

# %% [markdown]
# The errors in the third decimal have become a feature as large as all others, and nothing in its looks betrays it. So look at the singular values before you whiten, and cut what your data cannot resolve: `tol`, relative to the largest, is the place.
#
# ## When the inputs move: covariate shift
#
# A scaler keeps the statistics of the training set. What if the inputs come from elsewhere when the model is used? **Covariate shift** (协变量偏移) means
# that $p(x)$ changes while the law $p(y \mid x)$ stays. Then nothing has changed about the truth, and yet a model that cannot represent it has been fitted in
# the wrong place. Shimodaira's (2000) example is a straight line for a cubic law:

# %%
x, y = covariate_shift.draw(300, covariate_shift.TRAIN, rng=np.random.default_rng(0))
weights = covariate_shift.importance_weights(x, covariate_shift.TRAIN, covariate_shift.TEST)
lines = {
    "unweighted": covariate_shift.fit_polynomial(x, y, 1),
    "weighted": covariate_shift.fit_polynomial(x, y, 1, weights),
}
for label, (height, slope) in lines.items():
    print(f"{label:10s} y = {height:+.2f} {slope:+.2f} x")

# %% mystnb={"image": {"alt": "Top: the densities of the inputs in training, a normal curve around 0.5, and in use, a narrower one around 0. Bottom: training points scattered around a cubic curve; the unweighted line rises through the training points, the weighted line falls along the curve where the inputs in use are."}}
grid = np.linspace(-1, 1.8, 200)
fig, (top, bottom) = plt.subplots(2, 1, figsize=(7, 4), sharex=True, height_ratios=(1, 2))
for label, inputs, line in (("training", covariate_shift.TRAIN, "-"), ("use", covariate_shift.TEST, "--")):
    top.plot(grid, inputs.density(grid), line, label=label)
bottom.scatter(x, y, s=5 + 12 * weights, color="#888888", alpha=0.5, label="training (area: weight)")
bottom.plot(grid, grid**3 - grid, color="black", lw=1, label="law")
for (label, c), line in zip(lines.items(), ("-.", ":")):
    bottom.plot(grid, np.polynomial.polynomial.polyval(grid, c), line, lw=2.4, label=label)
top.set(ylabel="density of $x$")
bottom.set(xlabel="input $x$", ylabel="target $y$", ylim=(-1.5, 2))
top.legend()
bottom.legend(ncols=2)
plt.show()

# %%
for degree in (1, 3):
    risks = {"unweighted": [], "weighted": []}
    for seed in range(50):
        x, y = covariate_shift.draw(300, covariate_shift.TRAIN, rng=np.random.default_rng(seed))
        w = covariate_shift.importance_weights(x, covariate_shift.TRAIN, covariate_shift.TEST)
        for label, weighting in (("unweighted", None), ("weighted", w)):
            c = covariate_shift.fit_polynomial(x, y, degree, weighting)
            risks[label].append(covariate_shift.risk(c, covariate_shift.TEST))
    means = {label: float(np.mean(r)) for label, r in risks.items()}
    print(f"degree {degree}: " + ", ".join(f"{label} {value:.4f}" for label, value in means.items()))
    assert (means["weighted"] < means["unweighted"]) == (degree == 1)
print(f"300 weighted examples are worth {covariate_shift.effective_sample_size(w):.0f}")

# %% [markdown]
# Each example is weighted by $w(x) = p_{\text{use}}(x) / p_{\text{training}}(x)$, which makes the training loss an unbiased estimate of the loss in use. For the line this is a rescue.
# For a cubic, which can represent the law, the cell shows the other side: the unweighted fit was right everywhere, and weighting
# threw most of the examples away. Weighting is medicine for a model that is wrong.
#
# ## Batch normalisation
#
# A deep layer is a model whose inputs move all the time, because the layers below it learn. Ioffe and Szegedy (2015) called this **internal covariate shift** (内部协变量偏移) and
# proposed to fix the first two moments of what every unit receives. Take the net inputs $z = W a + b$ of a layer (7.42) for a mini-batch of $K$ examples, and unit by unit
#
# $$ \mu_{\mathcal B} = \frac1K \sum_{k=1}^K z^{(k)}, \tag{7.44} $$
#
# $$ \sigma^2_{\mathcal B} = \frac1K \sum_{k=1}^K (z^{(k)} - \mu_{\mathcal B}) \odot (z^{(k)} - \mu_{\mathcal B}), \tag{7.45} $$
#
# $$ \hat z = \frac{z - \mu_{\mathcal B}}{\sqrt{\sigma^2_{\mathcal B} + \epsilon}} \odot \gamma + \beta \triangleq \mathrm{BN}_{\gamma,\beta}(z), \tag{7.46} $$
#
# and the layer becomes $a = f(\mathrm{BN}_{\gamma,\beta}(W a))$ (7.48). The bias has gone: subtracting the mean would remove it. The learnt $\gamma$ and $\beta$ exist so that nothing is lost; $\gamma = \sqrt{\sigma^2 + \epsilon}$ and
# $\beta = \mu$ restore what was there.
#
# ### The pass back
#
# The statistics are part of the function, so the gradient flows through them as well. For one unit with $m$ values, write $s = \sqrt{\sigma^2 + \epsilon}$ and $\hat x_i = (x_i - \mu)/s$. Two derivatives are needed:
# $\partial\mu/\partial x_j = 1/m$, and from $s^2 = \frac1m\sum(x_i - \mu)^2 + \epsilon$
#
# $$ \frac{\partial s}{\partial x_j} = \frac{1}{2s} \cdot \frac{2}{m} (x_j - \mu) = \frac{\hat x_j}{m}, $$
#
# where the derivative of $\mu$ inside the sum drops out because $\sum (x_i - \mu) = 0$. The quotient rule gives
#
# $$ \frac{\partial \hat x_i}{\partial x_j} = \frac1s \Bigl( \delta_{ij} - \frac1m - \frac{\hat x_i \hat x_j}{m} \Bigr), $$
#
# a symmetric matrix, and therefore, for a gradient $g$ with respect to $\hat x$,
#
# $$ \frac{\partial L}{\partial x} = \frac1s \Bigl( g - \operatorname{mean}(g) - \hat x \operatorname{mean}(g \odot \hat x) \Bigr). $$
#
# Read it aloud: subtract from the error its mean, and its projection on $\hat x$, and divide by the scale. Whatever error comes from above, what arrives below is orthogonal to
# $(1, \dots, 1)$ and to $\hat x$: **no gradient can move the mean of the batch, and none can change its spread.** It would be wasted, as the layer undoes both.

# %%
show_source(by_hand.standardize, by_hand.standardize_backward, by_hand.batch_norm_backward)

# %%
z, up = rng.normal(3, 2, (7, 5)), rng.normal(size=(7, 5))
y, cache = by_hand.batch_norm(z, eps=0.0)
restored, _ = by_hand.batch_norm(z, gamma=cache.scale.ravel(), beta=cache.mean.ravel(), eps=0.0)
by_z, _, _ = by_hand.batch_norm_backward(up, cache)
print(f"restored by gamma = sigma, beta = mu: off by {np.abs(restored - z).max():.0e}")
print(
    f"gradient against 1: {np.abs(by_z.sum(axis=0)).max():.0e}, against x_hat: {np.abs((by_z * y).sum(axis=0)).max():.0e}"
)

# %%
direction, h = rng.normal(size=z.shape), 1e-5
slope = [(by_hand.batch_norm(z + s * direction, eps=0.0)[0] * up).sum() for s in (h, -h)]
error = abs((slope[0] - slope[1]) / (2 * h) - (by_z * direction).sum())
print(f"against a central difference: off by {error:.0e}")
assert error < 1e-8
assert np.abs((by_z * y).sum(axis=0)).max() < 1e-12

# %% [markdown]
# ### After training: two variances
#
# In use there may be one example only, and its answer should not depend on its company. So during training one keeps moving averages (移动平均) of the batch statistics,
#
# $$ \mu \leftarrow (1 - m)\, \mu + m\, \mu_{\mathcal B}, \qquad \sigma^2 \leftarrow (1 - m)\, \sigma^2 + m\, \sigma^2_{\mathcal B}, $$
#
# and in **evaluation mode** (评估模式) the layer is a fixed affine map with these in the place of the batch's. Here the sources differ and one has to be careful. Qiu writes one $\sigma$ for everything. PyTorch divides by the root of the *biased* variance in training, 7.45, and *keeps* the
# unbiased one, larger by $K/(K-1)$. For batches of 32 that is three per cent, for batches of 2 a factor of two.

# %%
layer = torch.nn.BatchNorm1d(5, momentum=1.0, dtype=torch.float64)
divided = layer(torch.tensor(z)).detach().numpy()
print("variance after dividing:", divided.var(axis=0).round(4))
print("kept / biased:          ", (layer.running_var.numpy() / z.var(axis=0)).round(4), " 7/6 =", round(7 / 6, 4))
assert np.allclose(layer.running_var, z.var(axis=0, ddof=1))

# %%
ours, one = normalization.BatchNorm1d(5, dtype=torch.float64), torch.tensor(z[:1])
for _ in range(200):
    ours(torch.tensor(z))
in_training, alone = ours(torch.tensor(z))[:1], ours.eval()(one)
by_formula = by_hand.batch_norm_inference(z[:1], ours.running_mean.numpy(), ours.running_var.numpy())
print("first example in training mode, in its batch:", in_training.detach().numpy()[0].round(3))
print("the same in evaluation mode, alone:          ", alone.detach().numpy()[0].round(3))
assert np.allclose(alone.detach(), by_formula)
assert 0.9 < (alone / in_training).min() < (alone / in_training).max() < 0.95

# %% [markdown]
# After many repetitions of one batch the two modes still differ, by the factor $\sqrt{6/7} = 0.926$: the price of the two variances. Another trap hides in the word momentum. PyTorch's `momentum=0.1` is the weight of the *new* batch, not of the old average.
#
# ## What it gives
#
# Now real data: MNIST-5k, ReLU networks with hidden layers of 64 units and He's initialisation, three epochs of plain gradient descent on batches of 64, three seeds. We vary the depth and the
# learning rate. These runs take a few minutes and are loaded from a record.

# %%
record = records.load("optimization/normalization_batch_size")


def mean_accuracy(rows, key="accuracy", **wanted):
    return np.mean([row[key] for row in rows if all(row[k] == v for k, v in wanted.items())])


# %% mystnb={"image": {"alt": "Three panels for networks of 3, 10 and 20 hidden layers: test accuracy against the learning rate from 0.03 to 10 on a logarithmic axis, for no, batch and layer normalisation. With 3 layers all reach about 0.9, but without normalisation the accuracy falls to chance at rate 1, with batch normalisation only at 10. With more layers the unnormalised curve collapses at ever smaller rates; batch normalisation is the highest."}}
rates = sorted({row["rate"] for row in record["rates"]})
fig, axes = plt.subplots(1, 3, figsize=(7.4, 2.8), sharey=True)
for ax, depth in zip(axes, (3, 10, 20)):
    for norm, marker, line in (("none", "o", "-"), ("batch", "s", "--"), ("layer", "^", "-.")):
        values = [mean_accuracy(record["rates"], depth=depth, norm=norm, rate=rate) for rate in rates]
        ax.semilogx(rates, values, line, marker=marker, label=norm)
    ax.axhline(0.1, color="#777777", lw=0.8)
    ax.set(title=f"{depth} hidden layers", xlabel="learning rate")
axes[0].set_ylabel("test accuracy after 3 epochs")
axes[0].legend()
plt.show()

# %%
for depth in (3, 10, 20):
    best = {
        n: max((mean_accuracy(record["rates"], depth=depth, norm=n, rate=r), r) for r in rates)
        for n in ("none", "batch", "layer")
    }
    trains = {
        n: max((r for r in rates if mean_accuracy(record["rates"], depth=depth, norm=n, rate=r) > 0.5), default=0)
        for n in best
    }
    print(depth, {n: f"best {a:.3f} at {r}, largest rate that trains {trains[n]}" for n, (a, r) in best.items()})
    assert trains["batch"] > trains["none"]
    assert (trains["layer"] > trains["none"]) == (depth < 20)
    assert best["batch"][0] > best["none"][0]

# %% [markdown]
# Batch normalisation widens the range of rates that work, by more the deeper the network is, and at its own best rate it is ahead at every depth. Note what it does *not* do: a well
# initialised network of three layers trains without it to nearly the same accuracy. Layer normalisation, which we shall meet further below, widens the range by a single step of the grid in the networks of three and of ten layers, and not at all in that of twenty: in deep plain ReLU stacks
# it is no substitute.
#
# ## Why does it work? A popular answer is put to the test
#
# The title of the paper gives the answer: by *reducing internal covariate shift*. The distribution of what a layer receives no longer drifts, so that the layer need not chase it. It is repeated
# in most textbooks. Santurkar et al. (2018) had a merciless idea: **put the drift back, after the normalisation.** At every step of the training each unit gets a new random shift and a new random factor.
# If stable inputs are the reason, the advantage must go.

# %%
show_source(ics.NoisyBatchNorm1d.forward, ics.drift)

# %% [markdown]
# Two networks of five hidden layers, one of logistic units, the kind for which batch normalisation made its name, and one of ReLUs, each in three versions. Before each step we measure, on the same 256 images, mean and standard
# deviation of what every unit receives, and how far the two have moved since the step before (in standard deviations of the unit).

# %%
X, X_test = (torch.tensor(part, dtype=torch.float32) for part in (mnist.X_train, mnist.X_test))
y, y_test = torch.tensor(mnist.y_train), torch.tensor(mnist.y_test)
seeds = iter(range(99))
versions = {"none": "none", "batch": "batch"}
versions["batch + noise"] = lambda n: ics.NoisyBatchNorm1d(n, shift=1.0, scale=1.5, seed=next(seeds))

# %%
runs, scores, drifts = {}, {}, {}
for activation, rate in (("logistic", 0.3), ("relu", 0.1)):
    for label, norm in versions.items():
        model = NormalizedMLP([784, *[64] * 5, 10], norm, activation, seed=0)

        def watch(m, t):
            return ics.input_moments(m, X[:256])

        run = train(model, X, y, epochs=5, batch_size=64, learning_rate=rate, observe=watch)
        key = activation, label
        runs[key], scores[key] = run, accuracy(model, X_test, y_test)
        drifts[key] = np.array([np.median(ics.drift([step[k] for step in run.observed])) for k in range(5)])
        moved = " ".join(f"{d:7.4f}" for d in drifts[key])
        print(f"{activation:8s} {label:13s} accuracy {scores[key]:.3f}, drift per step, layers 1-5: {moved}")

# %% mystnb={"image": {"alt": "Two panels of cross-entropy against the step for three versions of a network. Left, logistic units: without normalisation the curve stays at 2.3 throughout; with batch normalisation it falls quickly to about 0.3, with batch normalisation and noise nearly as quickly. Right, ReLU units: all three fall; the one without normalisation starts slowest, the noisy one ends highest."}}
fig, axes = plt.subplots(1, 2, figsize=(7.2, 3), sharey=True)
for (activation, label), run in runs.items():
    ax, line = axes[int(activation == "relu")], {"none": "-", "batch": "--"}.get(label, ":")
    ax.plot(np.convolve(run.losses, np.ones(10) / 10, "valid"), line, label=label)
    ax.set(xlabel="step", title={"logistic": "logistic units", "relu": "ReLU units"}[activation])
axes[0].set_ylabel("cross-entropy, mean of 10 steps (nats)")
axes[1].legend()
plt.show()

# %%
for activation in ("logistic", "relu"):
    assert (drifts[activation, "batch + noise"] > 50 * drifts[activation, "batch"]).all()
    assert scores[activation, "batch + noise"] > scores[activation, "batch"] - 0.1
assert scores["logistic", "batch + noise"] > scores["logistic", "none"] + 0.5
assert (drifts["relu", "batch + noise"] > 2 * drifts["relu", "none"]).all()
assert scores["relu", "batch + noise"] > scores["relu", "none"] - 0.1

# %% [markdown]
# This was the surprise of the section for us. A network in the middle of an earthquake, where the inputs of every layer jump at every step by most of a standard deviation, learns nearly as well as the one with
# still inputs. (Its training loss stays higher, because the noise is in it.)
#
# Look at the ReLU networks first, because there the comparison is clean. The noisy network's inputs drift several times as much as those of the network *without* normalisation, in all five layers; if drift were the
# obstacle it should be the worst of the three by far. It is not. (With other seeds the noisy network and the one without normalisation change places, within a point or two.) The logistic network without normalisation is more complicated: its two lowest layers receive almost still inputs, and the highest drift by many of their standard deviations, which
# have shrunk to next to nothing. So a defender could say that this one fails because of its drift. But the noisy version drifts as well, in all of its layers, and learns.
#
# In fairness: the moments measured are those that batch normalisation fixes by construction, and a drift in higher moments is not seen. And a large enough noise does harm (exercise 6). But the claim
# was that drift is *the* obstacle, and here a drift hundreds of times that of plain batch normalisation costs hardly anything.
#
# ### The answer that replaced it
#
# Santurkar et al. propose another: batch normalisation makes the landscape smoother, so that a gradient stays valid over a longer step. We can measure that too. At every twentieth step, go along the
# negative gradient by various rates, and see by how much the gradient changes, relative to its length: 0 means that it predicted perfectly.

# %%
changes = {}
for activation, depth, rate in (("relu", 10, 0.1), ("logistic", 5, 0.3)):
    for norm in ("none", "batch"):

        def watch(m, t):
            return ics.along_gradient(m, X[t : t + 64], y[t : t + 64], (0.1, 0.3, 1.0)) if t % 20 == 0 else None

        model = NormalizedMLP([784, *[64] * depth, 10], norm, activation, seed=0)
        run = train(model, X, y, epochs=2, batch_size=64, learning_rate=rate, observe=watch)
        changes[activation, norm] = np.median([seen["gradient"] for seen in run.observed if seen], axis=0)
        print(
            f"{depth:2d} layers, {activation:8s} {norm:5s} change of the gradient at rates 0.1, 0.3, 1:",
            changes[activation, norm].round(2),
        )
assert changes["relu", "none"][1] > changes["relu", "batch"][1]
assert changes["logistic", "none"][1] < changes["logistic", "batch"][1]

# %% [markdown]
# For the deep ReLU network the new answer holds: without normalisation the gradient at the end of a step of 0.3 has little to do with the one at its beginning, and at rate 1 it explodes; with it, the
# change stays near the size of the gradient. But look at the last two rows. For the logistic network, where the gain was largest, the landscape *without* normalisation is the smoother one. It is smooth
# because it is flat: hardly any signal passes through five logistic layers, as the [section on vanishing gradients](../activations/vanishing_gradients.ipynb) computed, and a constant
# function has a perfectly predictable gradient. There batch normalisation helps by rescaling the signal at every layer. So "smoothness" is not *the* reason either. One layer, two obstacles,
# two cures; a single reason was too much to ask.
#
# ## Weights without a length
#
# One consequence can be proved. Multiply the weights in front of a batch normalisation by $c > 0$: the layer divides the factor out, $L(cw) = L(w)$. Differentiate with respect to $c$ at 1, and with respect to $w$:
#
# $$ w^\top \nabla L(w) = 0, \qquad \nabla L(c w) = \tfrac1c \nabla L(w). $$
#
# The gradient is perpendicular to the weights, hence by Pythagoras every step makes them longer, $\lVert w_{t+1}\rVert^2 = \lVert w_t\rVert^2 + \eta^2\lVert\nabla L\rVert^2$. And longer weights turn
# more slowly: what matters is the **effective learning rate** (有效学习率) $\eta/\lVert w\rVert^2$, which falls by itself.
#
# What then does weight decay do here? It cannot make the function simpler, since length has no effect on the function. It shortens $w$ and so *raises* the effective rate. This is exact. Write
# $w_t = (1 - \eta\lambda)^t v_t$ in $w_{t+1} = (1 - \eta\lambda) w_t - \eta\nabla L(w_t)$, and
#
# $$ v_{t+1} = v_t - \eta\,(1 - \eta\lambda)^{-(2t+1)}\, \nabla L(v_t) $$
#
# comes out: no decay any more, and a learning rate that **grows exponentially** (Li and Arora 2020). We train the same network both ways:

# %%
digits = load_digits()
D, d = torch.tensor(digits.X_train), torch.tensor(digits.y_train)
histories, lengths = {}, {}
for label, decay, growing in (("no decay", 0.0, False), ("decay", 0.1, False), ("growing rate", 0.1, True)):
    model = NormalizedMLP([64, 32, 32, 10], partial(normalization.BatchNorm1d, eps=0.0), "tanh", dtype=torch.float64)
    options = {"learning_rate": 0.1, "weight_decay": decay, "steps": 200, "batch_size": 128}
    histories[label] = scale_invariance.descend(
        model, D, d, as_growing_rate=growing, lengths=lengths.setdefault(label, []), **options
    )

# %%
apart = np.abs(np.subtract(histories["decay"], histories["growing rate"])).max()
print(f"largest difference of the losses, decay against growing rate: {apart:.0e}")
print(f"rate at the last step: {scale_invariance.growing_rate(0.1, 0.1, step=199):.2f} instead of 0.1")
assert apart < 1e-6
assert np.diff(lengths["no decay"]).min() > 0

# %% mystnb={"image": {"alt": "Left: the common length of the normalised weights against the step. Without decay it hardly changes, with decay it shrinks to a fifth, with the growing rate it grows. Right: cross-entropy against the step; the curves for decay and for the growing rate lie on top of each other, that without decay is close by."}}
fig, (left, right) = plt.subplots(1, 2, figsize=(7.2, 2.8))
for (label, length), line in zip(lengths.items(), ("-", "-", ":")):
    left.semilogy(length, line, label=label, lw=1.6)
    right.plot(histories[label], line, label=label, lw=2.4 if line == ":" else 1.2)
left.set(xlabel="step", ylabel="length of the weights", yticks=(2, 4, 8), yticklabels=("2", "4", "8"))
left.minorticks_off()
right.set(xlabel="step", ylabel="cross-entropy (nats)")
left.legend()
plt.show()

# %% [markdown]
# The weights of the two runs differ in length by far, and the losses agree in all digits that rounding leaves, down to the spike near the end, where the effective rate has become too large in both. Under batch normalisation, "$\ell_2$ regularisation" of these weights *is* a schedule of the
# learning rate. The [section on regularisation](regularization.ipynb) has more on what decay is and is not.
#
# ## Normalising rows instead of columns
#
# A batch is a matrix, examples by units. Batch normalisation standardises its columns and so ties the examples together. **Layer normalisation** (层归一化) standardises its rows (Ba, Kiros and Hinton 2016): over the $n$ units of one layer
# for one example,
#
# $$ \mu = \frac1n \sum_{i=1}^n z_i, \tag{7.49} $$
#
# $$ \sigma^2 = \frac1n \sum_{i=1}^n (z_i - \mu)^2, \tag{7.50} $$
#
# $$ \hat z = \frac{z - \mu}{\sqrt{\sigma^2 + \epsilon}} \odot \gamma + \beta \triangleq \mathrm{LN}_{\gamma,\beta}(z). \tag{7.51} $$
#
# The algebra of the pass back is the same, with rows for columns, and indeed $\mathrm{LN}(X) = \mathrm{BN}(X^\top)^\top$. Which entries belong together is the only difference in the whole family:
#
# | layer | shares one mean and variance | needs other examples |
# |---|---|---|
# | batch (BN) | one channel, all examples and positions | yes |
# | layer (LN) | one example, all channels | no |
# | **group** (组归一化, GN) | one example, a group of channels, all positions | no |
# | **instance** (实例归一化, IN) | one example, one channel, all positions | no |
# | **RMS** (均方根归一化) | as layer, but no mean is subtracted | no |

# %%
x3 = rng.normal(3, 2, (7, 6, 5))
pairs = {
    "LN(X) and BN(X^T)^T": (by_hand.layer_norm(z)[0], by_hand.batch_norm(z.T)[0].T),
    "one group and LN": (by_hand.group_norm(x3, 1)[0].reshape(7, -1), by_hand.layer_norm(x3.reshape(7, -1))[0]),
    "as many groups as channels and IN": (by_hand.group_norm(x3, 6)[0], by_hand.instance_norm(x3)[0]),
    "RMS of centred rows and LN": (by_hand.rms_norm(z - z.mean(1, keepdims=True))[0], by_hand.layer_norm(z)[0]),
}

# %%
for label, (first, second) in pairs.items():
    print(f"{label}: {np.abs(first - second).max():.0e}")
    assert np.allclose(first, second)

# %% [markdown]
# ### Two relatives: the weights, and the neighbours
#
# **Weight normalisation** (权重归一化; Salimans and Kingma 2016) normalises no activations but writes each row of $W$ as a length times a direction,
#
# $$ W_{i,:} = \frac{g_i}{\lVert v_i \rVert} v_i . \tag{7.55} $$
#
# The gradient with respect to $v_i$ is that of $W_{i,:}$ with its part along $v_i$ removed: the perpendicular gradient once more, this time without any data in the formula. So $v$ can
# only grow, and slows itself down.
#
# **Local response normalisation** (局部响应归一化), from AlexNet, divides a unit by the activity of its neighbours among the channels at the same place, a little lateral inhibition:
#
# $$ \hat y^p = y^p \Big/ \Bigl( k + \alpha \sum_{j=\max(1, p - n/2)}^{\min(P, p + n/2)} (y^j)^2 \Bigr)^{\beta} . \tag{7.56} $$

# %%
show_source(by_hand.weight_norm_backward, by_hand.local_response_norm)

# %%
v, g = rng.normal(size=(3, 5)), rng.normal(size=3)
by_v, by_g = by_hand.weight_norm_backward(rng.normal(size=(3, 5)), v, g)
print(f"weight norm: v against its gradient {np.abs((v * by_v).sum(axis=1)).max():.0e}")

# %%
channels = torch.tensor(rng.normal(size=(2, 11, 3)))
book, _ = by_hand.local_response_norm(channels.numpy(), 5, alpha=0.3)
for label, alpha in (("alpha", 0.3), ("5 alpha", 1.5)):
    theirs = torch.nn.functional.local_response_norm(channels, 5, alpha=alpha, k=2.0).numpy()
    print(f"LRN: the book with alpha against PyTorch with {label}: {np.abs(book - theirs).max():.0e}")
loud = 100 * channels.numpy()
printed, alexnet = (by_hand.local_response_norm(loud, 5, alpha=a)[0] for a in (10e-4, 1e-4))
print(f"largest answer to loud inputs: {np.abs(printed).max():.1f} with 10e-4, {np.abs(alexnet).max():.1f} with 1e-4")
assert np.allclose(book, theirs)
assert np.abs(alexnet).max() > 2 * np.abs(printed).max()

# %% [markdown]
# Two traps. PyTorch divides $\alpha$ by the size of the window, the book and AlexNet do not: to get the formula, pass $n\alpha$ (our module has a switch, `divide_alpha`). And the book prints
# $\alpha = 10\mathrm{e}{-4}$, which any program reads as $10^{-3}$; AlexNet has $10^{-4}$. For loud channels that is a factor of several.
#
# ## What goes wrong
#
# ### Small batches
#
# With few examples the statistics of a batch are noise. Wu and He (2018) plotted accuracy against batch size; here is our version, networks of three hidden layers, two epochs,
# with the rate proportional to the batch size:

# %% mystnb={"image": {"alt": "Test accuracy against the batch size from 2 to 64 on a logarithmic axis for no, batch, layer and group normalisation. Three curves are nearly level at about 0.9. That of batch normalisation falls steeply below a batch size of 8, to about 0.3 at 2, and is among the highest at 32."}}
sizes = sorted({row["size"] for row in record["batch_sizes"]})
fig, ax = plt.subplots(figsize=(7, 3))
for norm, marker, line in (("none", "o", "-"), ("batch", "s", "--"), ("layer", "^", "-."), ("group", "D", ":")):
    values = [mean_accuracy(record["batch_sizes"], size=size, norm=norm) for size in sizes]
    ax.semilogx(sizes, values, line, marker=marker, label=norm, base=2)
ax.set_xticks(sizes, map(str, sizes))
ax.set(xlabel="batch size", ylabel="test accuracy after 2 epochs", ylim=(0, 1))
ax.legend(ncols=4, loc="lower right")
plt.show()

# %%
for size in (2, 4, 8, 32):
    values = {n: mean_accuracy(record["batch_sizes"], size=size, norm=n) for n in ("batch", "group")}
    same_mode = mean_accuracy(record["batch_sizes"], key="in_training_mode", size=size, norm="batch")
    print(
        f"batches of {size:2d}: batch {values['batch']:.3f} (judged in training mode {same_mode:.3f}), group {values['group']:.3f}"
    )
    assert size != 2 or values["batch"] < values["group"] - 0.3
    assert same_mode < values["batch"]

# %% [markdown]
# At two examples batch normalisation collapses. The usual explanation is that the statistics kept for evaluation do not match those of so small a batch. The figures in brackets contradict it: judged in training mode, with
# batches of the very size it was trained with, the network is *worse*. What is lost is lost in training, and one can say what. For two values with half their difference $\delta$, the
# standardised values are $\pm\delta/\sqrt{\delta^2 + \epsilon}$, which is $\pm 1$ unless they are nearly equal: whether this example or the other is the larger. How much larger, and everything else about
# the input, is erased, unit by unit. The cell prints $\delta$ and, below it, what two examples become.

# %%
inputs = rng.normal(size=(2, 6))
delta = (inputs[0] - inputs[1]) / 2
two, _ = by_hand.batch_norm(inputs)
print(np.stack([delta, *two]).round(3))
assert np.allclose(two[0], delta / np.sqrt(delta**2 + 1e-5))

# %%
try:
    normalization.BatchNorm1d(6)(torch.zeros(1, 6))
except ValueError as problem:
    print(problem)

# %% [markdown]
# With one example even that is gone: $\hat x = 0$, whatever was there. The module refuses and says so. (In evaluation mode one example is fine.)
#
# ### Young statistics
#
# The running averages start at mean 0 and variance 1 and need time. Who evaluates too early, or sets the momentum so small that the averages lag, judges another network than the one trained:

# %%
gaps = {}
for steps in (1, 3, 10, 62):
    for momentum in (0.1, 0.01, None):
        model = NormalizedMLP([784, 64, 64, 64, 10], partial(normalization.BatchNorm1d, momentum=momentum))
        train(model, X[: 64 * steps], y[: 64 * steps], epochs=1, batch_size=64, learning_rate=0.3)
        late = accuracy(model, X_test, y_test)
        gaps[steps, momentum] = late, accuracy(model, X_test, y_test, training=True)
    print(f"after {steps:2d} steps, evaluation / training mode: " + "; ".join(
        f"momentum {m}: {gaps[steps, m][0]:.2f} / {gaps[steps, m][1]:.2f}" for m in (0.1, 0.01, None)))  # fmt: skip
assert gaps[10, 0.01][0] < gaps[10, 0.01][1] - 0.1

# %% [markdown]
# The weights are the same in each pair. A validation curve that hops while the training loss is calm is often nothing but this. The remedy is cheap: reset the statistics, set `momentum=None`, which keeps the plain
# mean, and pass some training data through once before judging.
#
# ### Sequences
#
# In a recurrent network the same layer is used at every step, $z_t = U h_{t-1} + W x_t$ (7.53), $h_t = f(\mathrm{LN}_{\gamma,\beta}(z_t))$ (7.54). Could we not use batch normalisation there? Exercise 7-3 of the book asks why
# not. We feed the 8×8 digits four pixels at a time, sixteen steps, to networks of 64 tanh units: without normalisation, with layer normalisation, with one batch normalisation for all steps, and with one for each step.

# %%
S, S_test = (torch.tensor(part, dtype=torch.float32).reshape(-1, 16, 4) for part in (digits.X_train, digits.X_test))
d_test = torch.tensor(digits.y_test)

# %%
readers, results = {}, {}
for kind in recurrent.KINDS:
    readers[kind] = recurrent.NormalizedSRN(4, 64, 10, kind, n_steps=16, seed=0)
    train(readers[kind], S, d, epochs=8, batch_size=32, learning_rate=0.3)
    late = accuracy(readers[kind], S_test, d_test)
    results[kind] = late, accuracy(readers[kind], S_test, d_test, training=True)
    print(f"{kind:16s} evaluation {results[kind][0]:.3f}, training mode {results[kind][1]:.3f}")
assert results["layer"][0] > results["none"][0] + 0.03
assert results["batch, shared"][1] > results["batch, shared"][0] + 0.02

# %% [markdown]
# Layer normalisation rescues the plain network, which hardly trains at this rate (how far it comes depends on the seed, and even on the order in which the processor adds). With shared batch statistics the network has learnt, as the training mode shows, and evaluates badly. In training every step was normalised by its own
# statistics; what was kept is one average for all steps. Let us look at the spread of the net inputs in both modes:

# %% mystnb={"image": {"alt": "Mean over the units of the standard deviation of the net input against the time step from 1 to 16, for the network with shared batch normalisation. In training mode it is about 0.2 at the first step and 1.3 at all others, where the line of the kept value lies too; in evaluation mode it climbs slowly from 0.2 and stays below the kept value to the end."}}
shared = readers["batch, shared"]
kept, spread = shared.norms[0].running_var.sqrt().mean().item(), {}
for mode in ("evaluation", "training"):
    shared.train(mode == "training")
    with torch.no_grad():
        spread[mode] = [z_t.std(dim=0).mean().item() for z_t in shared.net_inputs(S)]
ax = plot.loss_curves(spread, xlabel="time step", ylabel="standard deviation of $z_t$")
ax.axhline(kept, ls=":", color="black", label="kept for all steps")
ax.set(ylim=(0, None))
ax.legend(loc="lower right")
plt.show()

# %%
for mode, v in spread.items():
    print(
        f"{mode:10s} steps 1, 2, 8, 16: {v[0]:.2f}, {v[1]:.2f}, {v[7]:.2f}, {v[15]:.2f}; kept for all steps: {kept:.2f}"
    )
assert spread["training"][0] < 0.5 * kept
assert spread["evaluation"][7] < 0.97 * spread["training"][7]

# %% [markdown]
# We had expected sixteen different spreads. In training, fifteen of them are nearly alike, and only the *first* step is another: there is no history yet, the input alone is small. One odd step is enough. In evaluation its net
# input is divided by the common value, which is several times too large, so the first state comes out too small, hence the second net input, and so on: an error at the first step is handed on through the whole sequence.
#
# Statistics for each step apart mend that, and raise the next question: what about step 17? A sequence with two blank steps in front is the same digit, read after a pause.

# %%
paused = torch.cat([torch.zeros(len(S_test), 2, 4), S_test], dim=1)
print(f"layer normalisation after a pause: {accuracy(readers['layer'], paused, d_test):.3f}")
try:
    accuracy(readers["batch, per step"], paused, d_test)
except ValueError as problem:
    print(problem)
assert accuracy(readers["layer"], paused, d_test) > 0.7

# %% [markdown]
# ## Checked against PyTorch and scikit-learn
#
# Our modules have the names, arguments and states of `torch.nn`. The same parameters, ten random batches, values, gradients, and afterwards everything in the state, running statistics included:

# %%
cases = {
    "BatchNorm1d": (6,),
    "LayerNorm": (5,),
    "GroupNorm": (3, 6),
    "InstanceNorm1d": (6,),
    "RMSNorm": (5,),
    "LocalResponseNorm": (4,),
}

# %%
for name, args in cases.items():
    ours, theirs = (getattr(module, name)(*args).double() for module in (normalization, torch.nn))
    worst = 0.0
    for _ in range(10):
        batch, upstream = torch.tensor(rng.normal(3, 2, (7, 6, 5))), torch.tensor(rng.normal(size=(7, 6, 5)))
        leaves = [batch.clone().requires_grad_() for _ in range(2)]
        values = [module(leaf) for module, leaf in zip((ours, theirs), leaves)]
        gradients = [torch.autograd.grad(value, leaf, upstream)[0] for value, leaf in zip(values, leaves)]
        states = zip(ours.state_dict().values(), theirs.state_dict().values())
        worst = max(worst, *((a - b).abs().max().item() for a, b in (values, gradients, *states)))
    print(f"{name:18s} largest difference {worst:.0e}")
    assert worst < 1e-10

# %%
from torch.nn.utils.parametrizations import weight_norm

torch.manual_seed(0)
ours = normalization.WeightNorm(torch.nn.Linear(5, 3).double())
theirs = weight_norm(torch.nn.Linear(5, 3).double())
theirs.load_state_dict(ours.module.state_dict())
for layer in (ours, theirs):
    layer(torch.tensor(z)).pow(3).sum().backward()
print(f"WeightNorm gradient of v: {(ours.v.grad - theirs.parametrizations.weight.original1.grad).abs().max():.0e}")
assert torch.allclose(ours.v.grad, theirs.parametrizations.weight.original1.grad)

# %%
peers = {
    "MinMaxScaler": (MinMaxScaler(), preprocessing.MinMaxScaler()),
    "StandardScaler": (StandardScaler(), preprocessing.StandardScaler()),
    "PCAWhitening": (PCAWhitening(), PCA(whiten=True)),
}

# %%
for name, (mine, peer) in peers.items():
    a, b = (scaler.fit_transform(tilted) for scaler in (mine, peer))
    difference = np.abs(np.abs(a) - np.abs(b)).max()  # the sign of a principal axis is free
    print(f"{name:14s} largest difference {difference:.0e}")
    assert difference < 1e-10

# %% [markdown]
# And the time of one pass forward and back, on one thread, from a record: the ratio of ours to PyTorch's fused kernels.

# %%
figures = records.load("optimization/normalization_vs_torch")["figures"]
for name, result in figures.items():
    print(f"{name:18s} {tuple(result['shape'])!s:14s} {result['median_ratio']:.1f} times the time of torch")

# %% [markdown]
# ## Exercises
#
# **1.** Derive the Jacobian of RMS normalisation, $\hat x = x/\sqrt{\operatorname{mean}(x^2) + \epsilon}$. To which vector is the gradient that comes back orthogonal, and to which no longer?
#
# <details>
# <summary>Answer</summary>
#
# $\partial \hat x_i/\partial x_j = \frac1s(\delta_{ij} - \hat x_i \hat x_j/m)$. For $\epsilon = 0$ the gradient is orthogonal to $x$, because scaling $x$ changes nothing. It need not sum to zero: a shift of $x$ does change the
# output. Compare `rms_norm_backward`.
# </details>
#
# **2.** (Exercise 7-3 of the book.) Why can batch normalisation not be applied to a recurrent network as it is to a feed-forward one? Name at least two reasons and the cell above that shows each.
#
# <details>
# <summary>Answer</summary>
#
# The statistics of the first step are not those of the others, so that shared ones misfit, and the error is handed on (the gap between the modes, and the figure below it). Separate ones do not exist for steps beyond the longest training sequence (the error message). A third: sequences
# of different lengths end at different times, so that late steps have few examples, and the figure of batch sizes says what that means.
# </details>
#
# **3.** A column has the values 1, 1, 1, 5. What do (7.38) and (7.41) make of it? And if the last entry were 5000? Which of the two would you use for data with outliers, and what would you rather use?
#
# <details>
# <summary>Answer</summary>
#
# Min–max gives 0, 0, 0, 1 both times. The z-score gives $-0.577$ three times and $1.732$, both times as well: both are blind to the size of a lone outlier, which takes up the whole scale. Median and quartiles are not impressed by it.
# </details>
#
# **4.** Show that the covariance of PCA-whitened data is the identity, and that multiplying white data by any orthogonal matrix leaves them white. Why does ZCA choose the rotation back?
#
# <details>
# <summary>Hint</summary>
#
# $\Lambda^{-1/2} V^\top \Sigma V \Lambda^{-1/2} = I$. Among all $W$ with $W \Sigma W^\top = I$, minimise $\mathbb E \lVert W(x - \mu) - (x - \mu)\rVert^2$: this maximises the trace of $W\Sigma$, and $W = \Sigma^{-1/2}$ does it.
# </details>
#
# **5.** Let $w$ be scale-invariant and train with rate $\eta$ and decay $\lambda$. At which length do the weights settle if the gradient at unit length has the size $G$?
#
# <details>
# <summary>Answer</summary>
#
# Balance of growth and decay: $\eta^2 \lVert\nabla L\rVert^2 = 2\eta\lambda\lVert w\rVert^2$ to first order, with $\lVert\nabla L\rVert = G/\lVert w\rVert$. Hence $\lVert w\rVert^4 = \eta G^2/(2\lambda)$, and the effective rate
# $\eta/\lVert w\rVert^2 = \sqrt{2\eta\lambda}/G$: only the product $\eta\lambda$ matters in the end. Check it with `scale_invariance.descend`.
# </details>
#
# **6.** Increase `shift` of `NoisyBatchNorm1d` until training fails. How large must it be, and does it matter whether the noise comes before or after the normalisation?
#
# <details>
# <summary>Hint</summary>
#
# Before the normalisation a shift and a factor common to all examples are undone exactly, however large they are. Afterwards, a logistic unit saturates once the shift is several times larger than its useful range.
# </details>
#
# **7.** A colleague puts batch normalisation in front of the softmax and predicts on test batches sorted by class, in training mode. What happens, and why?
#
# <details>
# <summary>Hint</summary>
#
# In training mode an answer depends on its company. A batch with one class has the mean of that class subtracted, which is just what distinguishes it.
# </details>
#
# ## Summary
#
# - Gradient descent needs steps in proportion to the condition number, with momentum to its root. Scaling the inputs changes that number; constant and collinear columns need care.
# - Under covariate shift, importance weights rescue a model that is wrong, and cost a model that is right.
# - Batch normalisation standardises columns, layer normalisation rows. The pass back removes the mean of the error and its part along $\hat x$.
# - PyTorch divides by the biased variance and keeps the unbiased one; it divides LRN's $\alpha$ by $n$.
# - It widens the range of learning rates, the more the deeper the network. "Because it reduces internal covariate shift" did not survive: with the shift put back, training stays fast. "Because the landscape
#   gets smoother" held for a deep ReLU network and not for a logistic one.
# - Weights in front of it have no length; decay acts on them as an exponentially growing learning rate.
# - It fails for batches of two, with young statistics, and across time; normalisations within an example do not.
#
# ## Sources
#
# - Qiu (2019), 《神经网络与深度学习》, sections 7.4 and 7.5, [nndl.github.io](https://nndl.github.io/).
# - Polyak (1964), Some methods of speeding up the convergence of iteration methods,
#   [doi:10.1016/0041-5553(64)90137-5](https://doi.org/10.1016/0041-5553%2864%2990137-5).
# - Shimodaira (2000), Improving predictive inference under covariate shift by weighting the log-likelihood function,
#   [doi:10.1016/S0378-3758(00)00115-4](https://doi.org/10.1016/S0378-3758%2800%2900115-4).
# - Ioffe and Szegedy (2015), Batch normalization, [arXiv:1502.03167](https://arxiv.org/abs/1502.03167).
# - Santurkar, Tsipras, Ilyas and Mądry (2018), How does batch normalization help optimization?, [arXiv:1805.11604](https://arxiv.org/abs/1805.11604).
# - Li and Arora (2020), An exponential learning rate schedule for deep learning, [arXiv:1910.07454](https://arxiv.org/abs/1910.07454); van Laarhoven (2017),
#   L2 regularization versus batch and weight normalization, [arXiv:1706.05350](https://arxiv.org/abs/1706.05350).
# - Ba, Kiros and Hinton (2016), Layer normalization, [arXiv:1607.06450](https://arxiv.org/abs/1607.06450); Wu and He (2018), Group normalization,
#   [arXiv:1803.08494](https://arxiv.org/abs/1803.08494); Ulyanov, Vedaldi and Lempitsky (2016), Instance normalization,
#   [arXiv:1607.08022](https://arxiv.org/abs/1607.08022); Zhang and Sennrich (2019), Root mean square layer normalization,
#   [arXiv:1910.07467](https://arxiv.org/abs/1910.07467).
# - Salimans and Kingma (2016), Weight normalization, [arXiv:1602.07868](https://arxiv.org/abs/1602.07868).
# - Krizhevsky, Sutskever and Hinton (2012), ImageNet classification with deep convolutional neural networks,
#   [doi:10.1145/3065386](https://doi.org/10.1145/3065386).
# - Cooijmans, Ballas, Laurent, Gülçehre and Courville (2017), Recurrent batch normalization, [arXiv:1603.09025](https://arxiv.org/abs/1603.09025).
