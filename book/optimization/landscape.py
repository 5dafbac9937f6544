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
# # The landscape (优化地形)
#
# Everybody draws it as a mountain range: the loss is the height, two weights are the map, and a ball rolls into a valley. The picture is
# helpful and it lies. A range over two coordinates has valleys everywhere; the loss of a network has thousands of coordinates, and there the typical flat
# spot is of another kind. The ball does not see the range but a noisy sketch of it, drawn from a handful of examples. The steepness of the
# valley in which it ends is decided less by the range than by the length and the noise of its steps. And here and there the ground simply stops at a cliff.
#
# This section walks through these four corrections with measurements. Several sentences that one reads everywhere will be put to the test on
# the way: that gradient descent gets stuck in saddle points, that the noise of mini-batches frees it, that flat minima
# generalise. None of the three survives as it stands.
#
# **You need:** [back-propagation](../backprop/backpropagation.ipynb), and from linear algebra the eigenvalues of a symmetric matrix. One
# formula uses singular values.
#
# **Time to run:** see the [Execution](../execution.md) page. Under half a minute on one core; three longer experiments are loaded from records that
# travel with the book.
#
# Equation numbers are those of Qiu (2019), chapter 7.

# %% tags=["install", "hide-cell"]
# Only where the package is missing, as on Colab.
import importlib.util

if importlib.util.find_spec("nndl_support") is None:
    print("This notebook needs the package nndl_support: run pip install '.[data]' in a copy of its repository.")

# %%
import math

import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn

# %%
from nndl_support import plot, records
from nndl_support.data.digits import load_digits, load_mnist_5k
from nndl_support.optimization import batch_size, cliff, clipping, critical_points, flat_minima, minibatch
from nndl_support.optimization.edge_of_stability import descend_watching
from nndl_support.optimization.network_saddles import NetworkLoss
from nndl_support.optimization.sharpness import hutchinson_trace, sharpness
from nndl_support.optimization.surfaces import SURFACES
from nndl_support.source import show_source

torch.set_num_threads(1)
plot.use_style()

# %% [markdown]
# ## Flat spots
#
# A **critical point** (驻点) of a loss $L(\theta)$ is a place where the gradient vanishes, so that gradient descent stands still. Whether that is good news is
# decided by the second derivatives. Near such a point
#
# $$ L(\theta^* + d) = L(\theta^*) + \tfrac12\, d^\top H d + \dots, $$
#
# and the **Hessian** (海森矩阵) $H$ has an orthonormal basis of eigenvectors. Along each of them the surface is a parabola, open to the top where the eigenvalue is
# positive and to the bottom where it is negative. All positive: a minimum. All negative: a maximum. Both kinds: a **saddle point**
# (鞍点). The share of negative ones is called the **index** (指数) of the critical point; it says how many ways down there are.

# %%
saddle, rate = SURFACES["saddle"], 0.05
grid = np.stack(np.meshgrid(np.linspace(-1.2, 1.2, 121), np.linspace(-1.2, 1.2, 121)), axis=-1)

# %% mystnb={"image": {"alt": "Contour lines of x squared minus y squared with its saddle in the middle. Three paths of gradient descent start on the right close to the horizontal axis, run towards the origin, turn near it, and leave along the vertical axis; the closer a path starts to the axis, the closer it comes to the origin before it turns."}}
fig, ax = plt.subplots(figsize=(4.6, 3.8))
ax.contour(
    grid[..., 0], grid[..., 1], saddle.value(grid), levels=np.linspace(-1.4, 1.4, 15), cmap="RdBu", linewidths=0.9
)
for y, colour, line in zip((1e-1, 1e-3, -1e-5), plot.PALETTE, ("o-", "s-", "^-")):
    path = [np.array([1.1, y])]
    while abs(path[-1][1]) < 1.1:
        path.append(path[-1] - rate * saddle.gradient(path[-1]))
    ax.plot(*np.array(path).T, line, color=colour, ms=2.5, lw=1, label=f"$y_0 = ${y:g}, {len(path) - 1} steps")
ax.set(xlabel="$x$", ylabel="$y$", xlim=(-1.2, 1.2), ylim=(-1.2, 1.2))
ax.legend(fontsize=7.5, loc="lower left")
plt.show()

# %%
hessian = np.diag([2.0, -2.0])
print(critical_points.classify(hessian), "with index", critical_points.index(hessian))
for y in (1e-1, 1e-3, 1e-5):
    print(f"start at a distance of {y:g}: {critical_points.steps_to_leave(y, 1.1, -2.0, rate):.1f} steps to leave")

# %% [markdown]
# This is Qiu's figure 7.1, $x^2 - y^2$, from above. On its way down the slope in $x$ a descent that starts near the axis seems to converge, and then turns. Each step multiplies
# the distance $y$ from the axis by the same factor $1 + 2\eta$, so the number of steps to get away is
#
# $$ t = \frac{\ln (r / \varepsilon)}{\ln (1 + \eta |\lambda|)} , $$
#
# a *logarithm* of how close one started. A start a hundred times closer costs the same number of additional steps, each time. To be caught for good
# one would have to start exactly on the axis.
#
# ## How rare are minima?
#
# In one dimension half of all flat spots are minima, in two dimensions it is natural to guess a quarter: two signs, both must be positive. So in
# $n$ dimensions a share of $2^{-n}$? If one draws a Hessian at random, the truth is more extreme. Take a symmetric matrix with
# independent normal entries (the *Gaussian orthogonal ensemble*, 高斯正交系综). Its eigenvalues are not independent: their joint density contains the factor
# $\prod_{i<j} |\lambda_i - \lambda_j|$, so they push each other apart. For two of them one can integrate by hand. In polar coordinates,
#
# $$ P = \frac{\int_0^{\pi/2} |\cos\varphi - \sin\varphi|\, d\varphi}{\int_0^{2\pi} |\cos\varphi - \sin\varphi|\, d\varphi}
#      = \frac{2\sqrt2 - 2}{4\sqrt2} = \frac{2 - \sqrt2}{4} \approx 0.146, $$
#
# and not 0.25. For larger $n$ the integral can still be computed exactly, because the product of differences is a determinant (Vandermonde's), and de Bruijn (1955) turned
# integrals of determinants into a single Pfaffian. Dean and Majumdar (2006) derived the law for large $n$, $P \approx e^{-\frac{\ln 3}{4} n^2}$. A square in
# the exponent!

# %%
n = np.arange(1, 13)
exact = np.array([critical_points.log_probability_of_minimum(k) for k in n]) / math.log(10)
rng = np.random.default_rng(0)
drawn = [
    np.mean(np.linalg.eigvalsh(critical_points.gaussian_orthogonal(k, 60_000, rng))[:, 0] > 0) for k in range(1, 6)
]

# %% mystnb={"image": {"alt": "Probability that a random symmetric matrix has only positive eigenvalues against its size from 1 to 12, on a logarithmic axis. The exact values curve downwards to about ten to the minus nineteen at twelve; dots from drawn matrices lie on them up to size five; the straight line of independent signs ends at about two in ten thousand."}}
fig, ax = plt.subplots(figsize=(6.4, 3.2))
ax.semilogy(n, 0.5**n, "--", color=plot.PALETTE[1], label="independent signs, $2^{-n}$")
ax.semilogy(n, 10**exact, "-", color=plot.PALETTE[0], label="exact")
ax.semilogy(n[:5], drawn, "o", color=plot.PALETTE[2], label="60,000 drawn matrices")
ax.set(xlabel="size $n$ of the Hessian", ylabel="probability of a minimum")
ax.legend()
plt.show()

# %%
print(f"n = 2: exact {10 ** exact[1]:.6f}, by hand {(2 - math.sqrt(2)) / 4:.6f}, drawn {drawn[1]:.4f}")
print(f"n = 12: {10 ** exact[11]:.1e}, independent signs would give {0.5**12:.1e}")

# %%
natural = exact * math.log(10)
estimate = -(natural[11] - 2 * natural[9] + natural[7]) / 8
print(f"curvature of the exact curve: {estimate:.5f}; ln 3 / 4 = {math.log(3) / 4:.5f}")
assert abs(estimate - math.log(3) / 4) < 1e-3

# %% [markdown]
# Twelve dimensions, and a minimum is already an event of less than one in ten million million million. Sampling gives up at five: it would take more matrices than
# anybody can draw. The second difference of the exact curve, which isolates the coefficient of $n^2$, agrees with Dean and Majumdar's constant to three digits
# although their law is one for large $n$.
#
# From here the popular argument runs: a network has a million weights, so its critical points are saddles. Careful. It assumes
# that the Hessian of a network is such a random matrix, and nobody has shown that. A Hessian near the bottom of a bowl is not random, it is positive. Dauphin and
# others (2014) therefore looked. They searched for critical points of real networks and found: the **higher the loss, the higher the index**. Let us look as well,
# and with a theory of our own that can be checked to the last eigenvalue.
#
# ## The saddles of a real network
#
# Take a network with one hidden tanh layer, softmax, cross-entropy and a little weight decay (权重衰减) $\alpha$, and put a hidden unit
# to **sleep**: set all its incoming and outgoing weights to zero. It sends 0 to every input. Its outgoing weights have no gradient, because the
# gradient of $W_2$ is multiplied by what the unit sends. Its incoming weights have none either, because the error comes back through
# the outgoing weights. So:
#
# > Every critical point of a *smaller* network is a critical point of every *larger* one, with the additional units asleep.
#
# (Fukumizu and Amari (2000) found this, in a more general form.) And what does the Hessian see of the sleeping unit? Only the product of an incoming and an outgoing
# weight acts, so there is a block with $\alpha$ on its diagonal and beside it the mean error of the sleeping network as a function of the input,
#
# \begin{align}
# \begin{pmatrix} \alpha I & M \\ M^\top & \alpha I \end{pmatrix}, \qquad
# M = \frac1N \sum_n \binom{x_n}{1} (p_n - y_n)^\top,
# \end{align}
#
# whose eigenvalues are $\alpha \pm \sigma_i(M)$. **Every correlation between the inputs and what is still wrong with the outputs is a way down, for every
# unit that is asleep.** This is the theory. The test: 500 digits, shrunk to 16 pixels, six hidden units. In the record there are minima of networks with none to
# six units, padded to six, and besides the critical points that a blind search found (Newton-like steps on $\lVert \nabla L \rVert^2$ from random places, as Dauphin's,
# kept only where the gradient fell below $10^{-8}$).

# %%
show_source(NetworkLoss.with_sleeping_units, NetworkLoss.sleeping_curvatures, docstring="first")

# %%
digits = load_digits()
X16 = torch.tensor(digits.X_train.reshape(-1, 4, 2, 4, 2).mean(axis=(2, 4)).reshape(-1, 16)[:500])
y16 = torch.tensor(digits.y_train[:500])
record = records.load("optimization/network_saddles")
full = NetworkLoss(X16, y16, n_hidden=6, n_classes=10, weight_decay=record["weight_decay"])
nested = [p for p in record["points"] if p["kind"] == "nested"]
found = [p for p in record["points"] if p["kind"] == "found"]
print(
    f"{full.n_parameters} weights; {len(nested)} nested points, {len(found)} found by {record['n_searches']} searches"
)

# %%
print("awake   loss   largest gradient   ways down: predicted, counted")
for point in nested[:7]:
    theta, asleep = torch.tensor(point["theta"], dtype=torch.float64), 6 - point["n_awake"]
    predicted = asleep * int((full.sleeping_curvatures(theta) < 0).sum())
    counted = int((torch.linalg.eigvalsh(full.hessian(theta)) < -1e-8).sum())
    gradient = full.gradient(theta).abs().max()
    print(f"{point['n_awake']:4d}   {full(theta):7.3f}   {gradient:10.1e}   {predicted:16d} {counted:8d}")
    assert predicted == counted

# %% [markdown]
# The counts agree, all of them. A digit network with no unit awake knows the frequencies of the classes and nothing else; ten classes leave nine independent
# errors that the inputs could explain; so each of its six sleeping units offers nine ways down, 54 in all. Each unit that wakes takes its nine along and lowers
# the loss. At the bottom, with all units awake, no way is left. Now all points in one figure.

# %% mystnb={"image": {"alt": "Share of negative eigenvalues against the loss of critical points of a network on digits. Circles for nested points climb steadily from zero at a loss of 0.43 to 0.31 at a loss of 2.3; triangles for points found by the blind search lie near the lower end of the rising line, a little below it, and at its very top."}}
fig, ax = plt.subplots(figsize=(6.4, 3.2))
for points, marker, colour, label in (
    (nested, "o", plot.PALETTE[0], "minima of smaller networks, other units asleep"),
    (found, "^", plot.PALETTE[1], "found by blind search"),
):
    ax.plot(
        [p["loss"] for p in points], [p["index"] for p in points], marker, ms=6, color=colour, alpha=0.7, label=label
    )
ax.set(xlabel="loss of the critical point (nats)", ylabel="index: share of ways down")
ax.legend()
plt.show()

# %%
loss, index = np.array([[p["loss"], p["index"]] for p in record["points"]]).T
print(f"correlation of loss and index: {np.corrcoef(loss, index)[0, 1]:.3f}")
print("distinct losses of the points found:", np.unique(np.round([p["loss"] for p in found], 3)))

# %%
bad = sum(p["index"] == 0 and p["loss"] > 1.1 * loss.min() for p in record["points"])
print(f"critical points without a way down whose loss is more than a tenth above the best: {bad}")
assert np.corrcoef(loss, index)[0, 1] > 0.9
assert bad == 0

# %% [markdown]
# Dauphin's law, and for these points it is no mystery from random matrices: what is still wrong at a critical point is exactly what a sleeping unit could put right. High loss *is* ways
# down. The triangles are the better test, because those with a loss below 0.47, the best that we found five units do, can hardly have a sleeping unit: they are saddles of other kinds, and they keep to the same order. A word on the blind search, because papers rarely say it: most of our searches failed. They ended where the Hessian is singular and the
# gradient small but not zero, and such places are no critical points at all. Had we kept them, there would be more points and a nicer cloud.
#
# ## "Gradient descent gets stuck in saddle points"
#
# So saddles are everywhere. Do they hold gradient descent? Put the network on one of them, three units asleep and the others at their
# minimum, and push all weights by a random vector of length $\varepsilon$.

# %%
start = torch.tensor(nested[3]["theta"], dtype=torch.float64)
curvatures, rate = torch.linalg.eigvalsh(full.hessian(start)), 0.3
push = torch.randn(len(start), generator=torch.Generator().manual_seed(0), dtype=torch.float64)

# %%
courses = {}
for exponent in (2, 4, 6):
    theta, losses = start + 10.0**-exponent * push / push.norm(), []
    for _ in range(2200):
        losses.append(full(theta).item())
        theta = theta - rate * full.gradient(theta)
    courses[f"push of $10^{{-{exponent}}}$"] = losses

# %% mystnb={"image": {"alt": "Loss against the step for pushes of ten to the minus two, minus four and minus six. Each curve lies flat at about 0.76 and then falls along the same shape; the moments of falling are separated by the same distance of about five hundred steps."}}
ax = plot.loss_curves(courses, xlabel="step of gradient descent", ylabel="loss (nats)")
plt.show()

# %%
departures = [int(np.argmax(np.array(values) < 0.74)) for values in courses.values()]
between = math.log(1e2) / math.log1p(-rate * curvatures[0].item())
print(
    f"curvatures {curvatures[0]:.4f} to {curvatures[-1]:.2f}: predicted {between:.0f} steps more for a push a hundred times smaller"
)
print("steps until the loss is below 0.74:", departures, "differences", np.diff(departures))
assert np.allclose(np.diff(departures), between, rtol=0.15)

# %% [markdown]
# Not stuck: *delayed*, by a number of steps that one eigenvalue predicts. (In our first version the rate was 1, the third departure came far too early, and we looked for an error in the theory. There was none. With the largest
# curvature above 5, steps that long are unstable, and the descent had left through the *steepest* direction instead of downhill. Keep this in mind for the part on the edge of stability.) A theorem says the same in general: from a random start gradient
# descent converges to a strict saddle with probability zero (Lee and others 2016). What the theorem does not say is how long it takes; with many saddles in a row
# the delays can add up to a time exponential in the dimension (Du and others 2017). The honest sentence is: saddles cost time, and look, while one waits, exactly like convergence.
#
# And the noise of mini-batches, does it help? One reads that it "kicks the weights out of saddle points". Try it here: start *exactly* on the saddle and use batches of 8.

# %%
theta, generator = start.clone(), torch.Generator().manual_seed(1)
for _ in range(3000):
    rows = torch.randint(len(X16), (8,), generator=generator)
    batch = NetworkLoss(X16[rows], y16[rows], n_hidden=6, n_classes=10, weight_decay=full.weight_decay)
    theta = theta - 0.1 * batch.gradient(theta)
W1, b1, W2, _ = full.parts(theta)
print(f"the weights have moved by {(theta - start).norm():.2f}")
print(f"largest weight of the three sleeping units: {max(W1[:, 3:].abs().max(), W2[3:].abs().max()):.1f}")
assert W1[:, 3:].abs().max() == W2[3:].abs().max() == b1[3:].abs().max() == 0
assert (theta - start).norm() > 0.1

# %% [markdown]
# The noise has shaken the network thoroughly, and the three units are still asleep, to the last bit. The reason takes one line: the argument for the vanishing gradient of a
# sleeping unit never used the *mean* over the examples, it holds for each example by itself. Mini-batch noise lives where the gradients of the examples live, and none of them has a component along
# the ways out. (The same holds for two units with equal weights: they stay equal in every batch. Symmetry survives every noise that comes
# from the data.) What frees such a network is noise in the *weights*: the random initialisation. That is the deepest reason why one never starts at zero.
#
# ## What a mini-batch sees
#
# Let us look at this noise closely. With a batch $\mathcal S_t$ of $K$ examples out of $N$, mini-batch gradient descent (小批量梯度下降) uses
#
# $$ g_t = \frac1K \sum_{(x, y) \in \mathcal S_t} \frac{\partial \mathcal L(y, f(x; \theta))}{\partial \theta} \tag{7.1} $$
#
# and steps by $-\eta g_t$. Two facts of sampling theory describe it completely to second order. It is **unbiased** (无偏): over all batches its mean is the full gradient $\bar g$. And its
# covariance is that of a single example's gradient, $\Sigma$, divided by $K$; if no example can occur twice, times the finite-population factor
# (有限总体校正) of Cochran's textbook:
#
# $$ \mathbb E\, \lVert g_t - \bar g \rVert^2 = \frac{\operatorname{tr} \Sigma}{K} \cdot \frac{N - K}{N - 1} . $$
#
# No limit and no normal distribution is involved, so one can check it by writing down *every* batch. Seven examples of a tiny network:

# %%
rng = np.random.default_rng(0)

# %%
tiny = tuple(rng.normal(size=shape) for shape in ((3, 2), (2,), (2, 5), (5,)))
each = minibatch.per_example_gradients(tiny, rng.normal(size=(7, 3)), rng.integers(0, 5, 7))
for replace in (True, False):
    every = list(minibatch.all_batches(7, 3, replace=replace))
    means = np.stack([each[list(rows)].mean(axis=0) for rows in every])
    bias = np.abs(means.mean(axis=0) - each.mean(axis=0)).max()
    variance = np.mean(np.sum((means - each.mean(axis=0)) ** 2, axis=1))
    formula = minibatch.gradient_variance(each, 3, replace=replace)
    print(f"{len(every):3d} batches: largest bias {bias:.0e}, variance {variance:.12f}, formula {formula:.12f}")
    assert np.isclose(variance, formula, rtol=1e-12)
    assert bias < 1e-14

# %% [markdown]
# And on real images, with the gradients of all 1438 digits before any training:

# %%
weights = tuple(rng.normal(size=shape) / 8 for shape in ((64, 30), (30,), (30, 10), (10,)))
each = minibatch.per_example_gradients(weights, digits.X_train, digits.y_train)
sizes, mean = np.array([1, 4, 16, 64, 256, 700, 1300]), each.mean(axis=0)

# %% mystnb={"image": {"alt": "Variance of the mini-batch gradient against the batch size on logarithmic axes. The line with replacement falls straight with slope minus one; the line without replacement follows it up to a few hundred and then drops to zero at all 1438 examples; measured points lie on both lines."}}
fig, ax = plt.subplots(figsize=(6.4, 3))
for replace, colour, marker in ((True, plot.PALETTE[0], "o"), (False, plot.PALETTE[1], "s")):
    measured = []
    for size in sizes:
        drawn = [each[rng.choice(len(each), size, replace=replace)].mean(axis=0) - mean for _ in range(40)]
        measured.append(np.mean(np.sum(np.square(drawn), axis=1)))
    line = np.arange(1, len(each) if not replace else 3000)
    ax.loglog(line, minibatch.gradient_variance(each, line, replace=replace), color=colour)
    ax.loglog(sizes, measured, marker, color=colour, label=f"{'with' if replace else 'without'} replacement")
ax.set(xlabel="batch size $K$", ylabel=r"variance $\mathbb{E}\,\|g - \bar g\|^2$")
ax.legend()
plt.show()

# %% [markdown]
# Two things are worth noticing. The standard deviation falls only as $1/\sqrt K$: four times the work for half the noise. And in the usual practice, a random order of all
# examples cut into batches, the noise has memory: what the first half of an epoch overweighted, the second half underweights, so that over a whole
# epoch the noise cancels (at fixed weights, exactly).
#
# ## Batch size, per step and per epoch
#
# Now train. Qiu's figure 7.3 shows the loss for several batch sizes twice, over the steps (迭代) and over the epochs (回合). Here is ours: a network with 30 hidden units
# on 4000 images of MNIST, one learning rate for all.

# %%
mnist = load_mnist_5k()
X, y = torch.tensor(mnist.X_train, dtype=torch.float32), torch.tensor(mnist.y_train)


# %%
def network(seed: int = 0) -> nn.Sequential:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Linear(784, 30), nn.Tanh(), nn.Linear(30, 10))


def train(size: int, rate: float, n_steps: int, *, every: int = 25, warmup: int = 0) -> batch_size.Log:
    options = {"n_steps": n_steps, "measure_every": every, "warmup": warmup}
    generator = torch.Generator().manual_seed(0)
    return batch_size.descend(network(), X, y, batch_size=size, learning_rate=rate, generator=generator, **options)


# %%
logs = {f"K = {size}": train(size, 0.1, 6 * len(X) // size, every=max(1, 160 // size)) for size in (8, 32, 128, 512)}

# %% mystnb={"image": {"alt": "Training loss on MNIST for batch sizes 8, 32, 128 and 512 at the learning rate 0.1. Left, over the first 46 steps, all curves fall together, the larger batches more smoothly and slightly lower. Right, over six epochs, the order is reversed and wide apart: batch size 8 is far below, 512 barely leaves its start."}}
fig, (left, right) = plt.subplots(1, 2, figsize=(7.2, 3.2), sharey=True)
plot.loss_curves(
    {k: v.losses for k, v in logs.items()}, ax=left, steps={k: v.steps for k, v in logs.items()}, xlabel="step"
)
plot.loss_curves({k: v.losses for k, v in logs.items()}, ax=right, steps={k: v.epochs for k, v in logs.items()})
left.set(xlim=(0, 46), ylabel="training loss (nats)")
right.set(ylabel="")
right.get_legend().remove()
plt.show()

# %%
for label, log in logs.items():
    print(f"{label:8s} after {log.steps[-1]:5d} steps = {log.epochs[-1]:.1f} epochs: loss {log.losses[-1]:.3f}")
final = [log.losses[-1] for log in logs.values()]
assert final == sorted(final)

# %% [markdown]
# Per step a large batch is (a little) better, per epoch a small one is much better, and both are the same data. A step is a step: at a rate
# this small, a batch of 8 points nearly as well as one of 512, and an epoch holds 64 times as many of them. The right panel compares unfairly, though. A batch of 512 has less
# noise; should it not be allowed longer steps?
#
# ## How far to step with how many examples
#
# Model the loss near $\theta$ by a parabola and take the expectation of one mini-batch step over all batches:
#
# $$ \mathbb E\, L(\theta - \eta g_t) = L - \eta \lVert \bar g \rVert^2
#    + \frac{\eta^2}{2} \Bigl( \bar g^\top H \bar g + \frac{\operatorname{tr}(H \Sigma)}{K} \Bigr) . $$
#
# The last term is what noise costs. The best rate follows by one derivative,
#
# $$ \eta(K) = \frac{\eta_{\max}}{1 + B/K}, \qquad B = \frac{\operatorname{tr}(H \Sigma)}{\bar g^\top H \bar g}
#    \approx \frac{\operatorname{tr} \Sigma}{\lVert \bar g \rVert^2} , $$
#
# where the simple form on the right, McCandlish's **noise scale** (噪声尺度), pretends that $H$ is a multiple of the identity. Batches much smaller than $B$ are all
# noise, and the best rate grows **in proportion to $K$**. This is the *linear scaling rule* (线性缩放规则) of Goyal and others (2017). Batches much larger than $B$ are
# all signal; the best rate stands still, and more examples are a waste. The steps to reach a given loss behave accordingly, $S(K) = S_{\min}(1 + B/K)$.
#
# A record holds the test: six batch sizes, eight rates, three seeds, and the number of steps until the training loss is below 0.3.

# %%
sweep = records.load("optimization/batch_size")
sizes = np.array([int(size) for size in sweep["best"]])
steps, rates = np.array([[best["steps"], best["rate"]] for best in sweep["best"].values()]).T
fewest, critical = sweep["fit"]["fewest"], sweep["fit"]["critical"]
for size, s, r in zip(sizes, steps, rates):
    print(f"K = {size:4d}: best rate {r:.3f}, {s:6.0f} steps, {s * size / len(X):6.1f} epochs")

# %%
noise = np.array([[at["loss"], at["noise_scale"]] for at in sweep["along"] if at["loss"] > sweep["target"]]).T
print(
    f"fitted: S_min {fewest:.0f} steps, B {critical:.0f} examples; noise scale on the way {noise[1].min():.0f} to {noise[1].max():.0f}"
)

# %% mystnb={"image": {"alt": "Left: steps to reach a loss of 0.3 against the batch size on logarithmic axes; the points fall in proportion up to a batch of 32 and flatten at about 45 steps beyond 500, along the fitted curve. Right: the best learning rate against the batch size; it rises along the dashed line of proportionality up to 32 and then stays near 1, as the curve with the noise scale predicts."}}
line = np.geomspace(2, 4000, 100)
fig, (left, right) = plt.subplots(1, 2, figsize=(7.2, 3.1))
left.loglog(sizes, steps, "o", label="measured")
left.loglog(line, [batch_size.steps_needed(k, fewest, critical) for k in line], label=r"$S_{\min}(1 + B/K)$")
left.set(xlabel="batch size $K$", ylabel="steps to a loss of 0.3")
right.loglog(sizes, rates, "o", label="best of the grid")
right.loglog(line, rates.max() / (1 + critical / line), label=r"$\eta_{\max}/(1 + B/K)$")
right.loglog(line[line < 130], rates[0] * line[line < 130] / 2, "--", color="#555555", lw=1, label="in proportion")
right.set(xlabel="batch size $K$", ylabel=r"best learning rate $\eta$")
left.legend()
right.legend()
plt.show()

# %%
print("best rate / K:", np.round(rates / sizes, 4))
print(f"noise scale before training {noise[1][0]:.0f}, at a loss of {noise[0][-1]:.2f}: {noise[1][-1]:.0f}")
assert noise[1][-1] > 2 * noise[1][0]
assert np.ptp(np.log2(rates[:3] / sizes[:3])) <= 1  # one step of the grid
assert rates[-1] / sizes[-1] < 0.1 * rates[0] / sizes[0]
assert 0.2 < critical / np.median(noise[1]) < 5

# %% [markdown]
# The rule holds over a factor of 16: from 2 to 32 examples the best rate grows exactly in proportion. Then it bends, and from 512 to 4000, eight times the work per
# step buys next to nothing. The bend sits at a $B$ that the noise scale, a number measured from gradients without a single training run, predicts within a
# factor of two to three. That is less than the papers' figures suggest and more than we had hoped for.
# Note also that the noise scale *grows* while the loss falls: gradients shrink, noise does not. Small batches are good at the beginning and
# large ones at the end.
#
# **What goes wrong.** Whoever reads "multiply the rate by the batch size" as a law gets this:

# %%
for size in (32, 128, 512, 2000):
    scaled = 0.2 * size / 8
    log, warm = train(size, scaled, 150), train(size, scaled, 150, warmup=50)
    print(
        f"K = {size:4d}, rate {scaled:5.1f}: loss {log.losses[-1]:.3f}, with a warm-up of 50 steps {warm.losses[-1]:.3f}"
    )
    if size == 32:
        assert max(log.losses[-1], warm.losses[-1]) < 0.5
    if size == 2000:
        assert min(log.losses[-1], warm.losses[-1]) > 1

# %% [markdown]
# Linear scaling from the good pair $K = 8$, $\eta = 0.2$ works for a while and then ruins the network. Goyal's remedy, a warm-up (预热) over the first steps, moves the boundary but cannot remove it: past
# $B$ the noise was not what limited the step. The curvature was. This is the subject of the next part.
#
# ## Flat and sharp minima
#
# Call the largest eigenvalue of the Hessian the **sharpness** (锐度). For a network one cannot write the matrix down, but one does not have to: a product $Hv$ costs about two gradients
# (Pearlmutter 1994), and products are all that power iteration (幂迭代) needs. The trace comes from products with random signs (Hutchinson 1990).

# %%
show_source(sharpness, docstring="none")

# %% [markdown]
# An old and attractive idea (Hochreiter and Schmidhuber 1997; Qiu's figure 7.2) is that a **flat minimum** (平坦最小值) generalises better than a sharp one: the test loss is a slightly shifted
# copy of the training loss, and a shift costs less where the ground is level. Now a network of ReLU units, and an operation that Dinh and others
# (2017) made famous: multiply the weights into a layer by $c$ and divide the weights out of it by $c$. Since $\max(0, cz) = c \max(0, z)$, the two factors cancel.

# %%
Xd, yd = torch.tensor(digits.X_train, dtype=torch.float32), torch.tensor(digits.y_train)
torch.manual_seed(0)
relu = nn.Sequential(nn.Linear(64, 30), nn.ReLU(), nn.Linear(30, 10))
log = batch_size.descend(
    relu, Xd, yd, batch_size=32, learning_rate=0.3, n_steps=1500, generator=torch.Generator().manual_seed(0)
)
print(f"training loss {log.losses[0]:.3f} -> {log.losses[-1]:.3f}")


# %%
def measure(model: nn.Module) -> dict[str, float]:
    loss = lambda: nn.functional.cross_entropy(model(Xd), yd)  # noqa: E731
    size = torch.cat([p.detach().flatten().abs() for p in model.parameters()])
    signs = torch.Generator().manual_seed(0)
    absolute, _ = sharpness(loss, model.parameters(), generator=signs, max_iterations=60)
    relative, _ = sharpness(loss, model.parameters(), scale=size, generator=signs, max_iterations=60)
    trace, _ = hutchinson_trace(loss, model.parameters(), n_vectors=10, generator=signs)
    return {"sharpness": absolute, "trace": trace, "relative sharpness": relative}


# %%
before, outputs = measure(relu), relu(Xd)
flat_minima.rescale_relu(relu, 0, 16.0)
after = measure(relu)
print("largest change of any output:", (relu(Xd) - outputs).abs().max().item())

# %%
for name in before:
    print(f"{name:20s} {before[name]:10.3f} -> {after[name]:10.3f}")
assert torch.equal(relu(Xd), outputs)
assert after["sharpness"] > 20 * before["sharpness"]
assert abs(after["relative sharpness"] / before["relative sharpness"] - 1) < 0.05

# %% [markdown]
# Not one output has changed by one bit (16 is a power of two), so the two networks generalise *identically*. The sharpness has grown by two powers of ten. A statement
# "the flatter of two minima generalises better" is therefore not false, it is **not defined**: flat in which units? The third line shows a way out. If one measures the curvature against
# relative changes of each weight, $|\theta_i|$ being its unit of length, the factors cancel. Adaptive sharpness-aware
# minimisation (ASAM, Kwon and others 2021) is built on that.
#
# Pictures are subject to the same trap. Here are slices through the loss of both networks, along a random direction, and along a direction in which every unit's incoming weights
# have the length that they have in the network (filter normalisation, Li and others 2018).

# %%
distances, loss = np.linspace(-1, 1, 31), lambda: nn.functional.cross_entropy(relu(Xd), yd)

# %% mystnb={"image": {"alt": "Two panels with the loss along a random direction before and after rescaling. Left, with plain random directions, the rescaled network looks like a needle and the original like a shallow bowl. Right, with filter-normalised directions, the two curves coincide."}}
fig, panels = plt.subplots(1, 2, figsize=(7.2, 2.8), sharey=True)
for label, factor, line in (("rescaled", 1.0, "--"), ("original", 1 / 16, "-")):
    flat_minima.rescale_relu(relu, 0, factor)
    generator = torch.Generator().manual_seed(4)
    plain = [torch.randn(p.shape, generator=generator) for p in relu.parameters()]
    normalised = flat_minima.filter_normalized_direction(relu, generator=torch.Generator().manual_seed(4))
    for panel, direction in zip(panels, (plain, normalised)):
        values = flat_minima.loss_along(relu, loss, direction, distances)
        panel.plot(distances, values, line, label=label, zorder=3 if label == "rescaled" else 2)
panels[0].set(title="random direction", xlabel="distance", ylabel="loss (nats)", ylim=(0, 8))
panels[1].set(title="filter-normalised direction", xlabel="distance")
panels[0].legend()
plt.show()

# %% [markdown]
# Keskar and others (2017) claimed that large batches end in sharp minima and therefore generalise worse. What do we find when batches and rates are varied *separately*, and all
# runs are stopped at the same training loss of 0.02? From the record, means over three seeds:

# %%
runs = records.load("optimization/flat_minima")["runs"]
ways = list(dict.fromkeys((run["batch_size"], run["rate"]) for run in runs))
columns = ("steps", "sharpness", "relative_sharpness", "test_accuracy", "norm")
table = {}
print("   K  rate   steps  sharpness  relative  test accuracy  length of the weights")
for way in ways:
    rows = [[run[c] for c in columns] for run in runs if (run["batch_size"], run["rate"]) == way]
    table[way] = np.mean(rows, axis=0)
    print("{:4d} {:5.2f} {:7.0f} {:9.2f} {:10.4f} {:13.4f} {:17.1f}".format(*way, *table[way]))

# %%
everything = np.array([[run[c] for c in columns] for run in runs])
correlation = np.corrcoef(everything.T)
print(
    f"correlation with the test accuracy: sharpness {correlation[1, 3]:+.2f}, relative sharpness {correlation[2, 3]:+.2f}"
)

# %%
spread = np.ptp([table[way][3] for way in ways])
within = np.mean([np.ptp([r["test_accuracy"] for r in runs if (r["batch_size"], r["rate"]) == way]) for way in ways])
print(f"spread of the mean test accuracies: {100 * spread:.2f} points; of three seeds, on average: {100 * within:.2f}")
assert table[8, 0.2][1] < 0.5 * table[500, 0.05][1]
assert abs(table[8, 0.05][1] / table[64, 0.4][1] - 1) < 0.2
assert abs(table[64, 0.05][1] / table[500, 0.4][1] - 1) < 0.2
assert max(table, key=lambda way: table[way][4]) == (8, 0.2)
assert np.ptp([row[2] for row in table.values()]) < 0.2 * table[8, 0.2][2]

# %% [markdown]
# Read the column of sharpness first. It spans a factor of four, and neither the batch size nor the rate orders it: $K = 8$ with the rate 0.05 is as sharp as $K = 64$ with 0.4, and
# $K = 64$ with 0.05 as sharp as $K = 500$ with 0.4. What these pairs share is the quotient $\eta/K$. It is the strength of the noise: a step's variance is $\eta^2\,\Sigma/K$, and the number of steps for a given way is proportional to
# $1/\eta$. (Jastrzębski and others (2017) found this quotient.) "Small batches find flat minima" is thus half true: *noisy* descents do, and with a rate that grows with the batch a large batch does it too.
#
# Now the next column. In relative units the sharpness is the same everywhere, to within a tenth or so. The flattest minimum is the one with the *longest* weights (last column): what looked like flatness is, in good part, Dinh's rescaling, carried out by the training itself. And the accuracies? The noisiest
# runs are the best on average, by less than a point, with three seeds that differ by as much among themselves. On these data one can tell the story with either ending.
#
# ## The edge of stability
#
# Can the *rate* decide alone, without noise, how sharp a minimum is? On a parabola with curvature $\lambda$ a step multiplies the distance from the bottom by $1 - \eta\lambda$. For $\lambda > 2/\eta$ that is
# below $-1$: every step overshoots further. A descent with rate $\eta$ cannot stay in a valley sharper than $2/\eta$. So far the textbook; it suggests choosing $\eta$ safely below 2/sharpness. Now measure the sharpness
# *during* full-batch descent, without any noise.

# %%
Xe = torch.tensor(digits.X_train[:400] - digits.X_train.mean(axis=0), dtype=torch.float32)
targets = nn.functional.one_hot(torch.tensor(digits.y_train[:400]), 10).float()

# %%
edge_rates, walks = (0.3, 0.5, 0.8), []
for rate in edge_rates:
    torch.manual_seed(0)
    deep = nn.Sequential(nn.Linear(64, 30), nn.Tanh(), nn.Linear(30, 30), nn.Tanh(), nn.Linear(30, 10))
    squared = lambda deep=deep: ((deep(Xe) - targets) ** 2).sum(dim=1).mean() / 2  # noqa: E731
    walks.append(descend_watching(deep, squared, learning_rate=rate, n_steps=1500, measure_every=25))

# %% mystnb={"image": {"alt": "Left: the squared loss of full-batch gradient descent over 1500 steps for rates 0.3, 0.5 and 0.8, falling with visible spikes for the larger rates. Right: the sharpness along the way; it starts near 2.3, rises for each rate to the horizontal line at two over the rate, and then stays there, trembling."}}
fig, (left, right) = plt.subplots(1, 2, figsize=(7.2, 3))
for rate, walk, colour, line in zip(edge_rates, walks, plot.PALETTE, ("-", "--", "-.")):
    left.semilogy(walk.losses, line, color=colour, lw=0.9, label=rf"$\eta = {rate}$")
    right.plot(walk.steps, walk.sharpnesses, line, color=colour, lw=1.2)
    right.hlines(2 / rate, 0, 1500, color=colour, lw=0.8)
    right.annotate(rf"$2/{rate}$", (1530, 2 / rate), va="center", color=colour, fontsize=8)
left.set(xlabel="step", ylabel="squared loss")
right.set(xlabel="step", ylabel="sharpness (largest eigenvalue)", xlim=(-50, 1780))
left.legend()
plt.show()

# %%
for rate, walk in zip(edge_rates, walks):
    late, losses = np.mean(walk.sharpnesses[30:]), np.array(walk.losses)
    print(f"rate {rate}: first {walk.sharpnesses[0]:.2f}, second half {late:.2f}, 2/rate {2 / rate:.2f};", end=" ")
    print(f"the loss rose in {np.sum(np.diff(losses) > 0)} of 1500 steps and fell to {losses[-1]:.3f}")
for rate, walk in zip(edge_rates[1:], walks[1:]):
    assert 0.95 < np.mean(walk.sharpnesses[30:]) * rate / 2 < 1.15
    assert walk.losses[-1] < 0.5 * walk.losses[100]

# %% [markdown]
# This is what surprised us most in this chapter. The sharpness does not keep the value it has; it **rises** until it meets the very limit at which descent becomes unstable, and then it stays there.
# The loss goes up in a good part of the steps, and still falls in the long run. Cohen and others (2021) found this *edge of stability* (稳定性边缘) in networks of all kinds. It turns the textbook upside down: one does not
# fit the rate to the curvature, the curvature fits itself to the rate. In the table above the rates were far too small for that, with $2/\eta$ between 5 and 40, and noise decided; here there is no noise, and a minimum is as sharp as the steps allow.
#
# ## The cliff
#
# The last feature of the landscape cannot be seen near a minimum at all. Feed a single logistic unit with its own output, a hundred times, and ask for the state 0.65 at the end:
#
# $$ h_t = \sigma(w h_{t-1} + b), \qquad h_0 = 0.3, \qquad L(w, b) = (h_{100} - 0.65)^2 . $$
#
# Two weights, so that for once the surface can be drawn whole. It is that of Qiu's figure 7.5, here as cuts and as a map.

# %%
w, b = np.meshgrid(np.linspace(3.7, 5.6, 191), np.linspace(-3, -1, 201))
L = cliff.loss(w, b)

# %% mystnb={"image": {"alt": "Left: the loss against the bias b for four weights; every curve comes down from a high plateau on the left, drops almost vertically somewhere between minus 2.1 and minus 2.5, the earlier the larger the weight, and stays low. Right: the loss as a map over w and b, with two lines along the edge of the cliff: the saddle-node curve follows the edge for small w and leaves it for large w; the straight line through the start does the opposite."}}
fig, (cuts, flat) = plt.subplots(1, 2, figsize=(7.4, 3.3))
fine = np.linspace(-3, -1, 2001)
for weight, colour, line in zip((4.2, 4.6, 5.0, 5.4), plot.PALETTE, ("-", "--", "-.", ":")):
    cuts.plot(fine, cliff.loss(weight, fine), line, color=colour, lw=1.4, label=f"$w = {weight}$")
cuts.set(xlabel="bias $b$", ylabel="loss $L$")
cuts.legend()
image = flat.pcolormesh(w, b, L, shading="gouraud", cmap="viridis")
fig.colorbar(image, ax=flat, label="loss $L$")
edge_w = np.linspace(4, 5.6, 200)
flat.plot(edge_w, cliff.saddle_node(edge_w)[1], "--", color="white", lw=1.5, label="saddle-node")
flat.plot(edge_w, np.log(0.3 / 0.7) - 0.3 * edge_w, ":", color="#FF9E9E", lw=1.8, label="start = unstable point")
flat.set(xlabel="weight $w$", ylabel="bias $b$", xlim=(4, 5.6), ylim=(-2.75, -1.7))
flat.grid(False)
flat.legend(facecolor="#444444", labelcolor="white", fontsize=7.5, loc="upper right")
plt.show()

# %%
coarse = cliff.loss(*np.meshgrid(np.linspace(4, 5.6, 33), np.linspace(-3, -1, 41)))
bias = np.linspace(-3, -1, 401)

# %%
jump = np.abs(np.diff(cliff.loss(5.0, bias)))
print(f"on a grid of steps of 0.05: from {coarse.min():.5f} to {coarse.max():.4f}")
print(
    f"at w = 5 the largest step is {jump.max():.3f}, between b = {bias[jump.argmax()]:.3f} and {bias[jump.argmax() + 1]:.3f}"
)
print(
    f"steepest gradient there: {np.linalg.norm(cliff.gradient(5.0, np.linspace(-2.36, -2.33, 3001)), axis=1).max():.0f}"
)

# %% [markdown]
# The surface is harmless nearly everywhere, with slopes of a few tenths. Then, within a two-hundredth of $b$, it falls by a tenth, with a gradient in the thousands. Why there? Textbooks say: "gradients explode because $w$ is multiplied a hundred times". That names the size but not
# the place. The place follows from asking where the state *goes*.
#
# The map $h \mapsto \sigma(wh + b)$ has fixed points (不动点), and for $w > 4$ there is an interval of biases with three of them: a low and a high stable one and an unstable one
# between. At the ends of the interval two of them merge and vanish: a **saddle-node bifurcation** (鞍结分岔). There the curve touches the diagonal,
#
# $$ h = \sigma(wh + b), \qquad w h (1 - h) = 1, $$
#
# which has the two solutions
#
# $$ h_\pm = \tfrac12 \bigl( 1 \pm \sqrt{1 - 4/w} \bigr), \qquad b_\pm = \ln \tfrac{h_\pm}{1 - h_\pm} - w h_\pm . $$
#
# When $b$ rises past $b_-$, the low state dies, and the unit ends in the high one instead. This is the usual explanation of the cliff, and it is half of the truth, as the right panel shows: the dashed curve leaves the edge for large $w$. For there the state
# tips *earlier*, while the low state still exists: it suffices that the unstable point falls below the start $h_0$. Which happens where $h_0$ itself is a fixed point, $b = \ln\frac{h_0}{1-h_0} - w h_0$, a
# straight line. The two meet where the unit at its start has slope 1.

# %%
meeting = 1 / (0.3 * 0.7)
print(f"the two edges meet at w = {meeting:.3f}")

# %%
for weight in (4.3, 5.0, 5.6):
    bias = np.linspace(-3, -1, 200_001)
    high = cliff.states(weight, bias)[-1] > 0.5
    node, tips = float(cliff.saddle_node(weight)[1]), float(cliff.edge(weight))
    print(f"w = {weight}: tips at {bias[high.argmax()]:.4f}; saddle-node {node:.4f}, edge {tips:.4f}")
    assert abs(bias[high.argmax()] - tips) < 0.01
    assert weight < meeting or abs(bias[high.argmax()] - tips) < abs(bias[high.argmax()] - node)

# %% [markdown]
# So the famous number, a step at $b \approx -2.345$ for $w = 5$, lies where the start crosses the watershed, and not at the saddle-node, which is near by accident. On the watershed every one of the hundred steps multiplies a deviation by
# the slope $w h_0 (1 - h_0)$, which is larger than 1 there: the gradient grows geometrically with the length of the sequence.
#
# (A remark for those who compare figures: the range from 0.00092 to 0.3488 that is quoted for this surface is that of a grid with steps of 0.05. The surface itself
# reaches zero, along a curve at the foot of the cliff.)
#
# ## Thrown off, and clipped
#
# What does gradient descent do at such a place? From the plain above, the loss pulls towards the edge, because the final state there is too high. One step too far, and it stands on the wall:

# %%
free, free_losses = cliff.descend([5.0, -2.0], learning_rate=0.2, n_steps=400)
lengths = np.linalg.norm(np.diff(free, axis=0), axis=1)
print(
    f"longest step {lengths.max():.1f}, at step {lengths.argmax()}: the median is {np.median(lengths[: lengths.argmax()]):.3f}"
)
print(f"it ends at w = {free[-1, 0]:.1f}, b = {free[-1, 1]:.1f} with a loss of {free_losses[-1]:.4f}")
assert lengths.max() > 5
assert free_losses[-1] > 0.05

# %% [markdown]
# One step of the gradient has thrown the weights out of the picture, to a place where the unit is saturated, the gradient vanishes, and no further step will ever bring them back. The remedy is crude and works: **gradient clipping** (梯度截断). By value,
# entry by entry, or by norm:
#
# $$ g_t = \max(\min(g_t, b), a), \tag{7.24} $$
#
# $$ g_t = \frac{b}{\lVert g_t \rVert}\, g_t \quad \text{where } \lVert g_t \rVert > b . \tag{7.25} $$

# %%
show_source(clipping.clip_by_value, clipping.clip_by_norm, docstring="none")

# %%
bounded = {
    "norm at most 0.5": lambda g: clipping.clip_by_norm(g, 0.5),
    "each value at most 0.5": lambda g: clipping.clip_by_value(g, -0.5, 0.5),
}
tamed = {name: cliff.descend([5.0, -2.0], learning_rate=0.2, n_steps=400, clip=clip) for name, clip in bounded.items()}
for name, (_, losses) in tamed.items():
    print(f"{name}: loss {losses.min():.0e} at best, {losses[-1]:.0e} at the end")

# %% mystnb={"image": {"alt": "Two panels. Left: the map of the loss with three paths from w 5, b minus 2. All walk down to the edge; without clipping the path then leaves the map in a straight line; clipped by norm it zigzags along the edge to w below 4; clipped by value it zigzags too, with diagonal jumps, and comes to a halt near w 4.1. Right: the losses against the step; without clipping the curve stays at 0.12 for ever, clipped by norm it falls below 0.001 after many jumps, clipped by value it goes on jumping between 0.001 and 0.1."}}
fig, (left, right) = plt.subplots(1, 2, figsize=(7.4, 3.4))
left.pcolormesh(w, b, L, shading="gouraud", cmap="Greys", vmax=0.6)
left.plot(*free.T, "o-", ms=3, lw=1, color=plot.PALETTE[1], label="no clipping")
right.semilogy(free_losses, lw=1.5, color=plot.PALETTE[1])
for (name, (path, losses)), colour, line in zip(tamed.items(), (plot.PALETTE[0], plot.PALETTE[2]), ("o-", "^-")):
    left.plot(*path.T, line, ms=1.8, lw=0.6, color=colour, label=name)
    right.semilogy(losses, lw=0.8, color=colour)
left.set(xlim=(3.7, 5.6), ylim=(-2.6, -1.4), xlabel="weight $w$", ylabel="bias $b$")
left.grid(False)
left.legend(loc="upper right", fontsize=7.5)
right.set(xlabel="step", ylabel="loss $L$", ylim=(1e-5, 1))
plt.show()

# %% [markdown]
# By norm, the path jumps back from the wall again and again, works its way down along the edge, and arrives. By value it does not. The picture of the two formulas shows what the difference is. Formula 7.25
# pulls a long gradient back to a circle, along its own direction; formula 7.24 pushes it into a square, and all that are long in both coordinates end in a *corner*.

# %% mystnb={"image": {"alt": "Two panels with the same twelve gradients as faint arrows from the origin. Left, clipping by norm: solid arrows end on a circle with radius one half, each along its own gradient. Right, clipping by value: solid arrows end on a square; several arrows of different directions end in the same corner."}}
angles = np.linspace(0, 2 * np.pi, 12, endpoint=False) + 0.2
gradients = 1.3 * np.column_stack([np.cos(angles), np.sin(angles)])
fig, panels = plt.subplots(1, 2, figsize=(6.4, 3.2), sharey=True)
for panel, (name, clip), colour in zip(panels, bounded.items(), (plot.PALETTE[0], plot.PALETTE[2])):
    for g in gradients:
        panel.annotate("", g, (0, 0), arrowprops={"arrowstyle": "->", "color": "#BBBBBB"})
        panel.annotate("", clip(g), (0, 0), arrowprops={"arrowstyle": "->", "color": colour, "lw": 1.6, "shrinkB": 0})
    panel.set(title=name, xlabel="gradient by $w$", xlim=(-1.5, 1.5), ylim=(-1.5, 1.5), aspect="equal")
panels[0].add_patch(plt.Circle((0, 0), 0.5, fill=False, color=plot.PALETTE[0]))
panels[1].add_patch(plt.Rectangle((-0.5, -0.5), 1, 1, fill=False, color=plot.PALETTE[2]))
panels[0].set_ylabel("gradient by $b$")
plt.show()

# %%
on_the_wall = cliff.gradient(5.0, -2.3472)
print("on the wall", on_the_wall.round(0))
for name, clip in bounded.items():
    short = clip(on_the_wall)
    cosine = short @ on_the_wall / np.linalg.norm(short) / np.linalg.norm(on_the_wall)
    print(f"{name:22s} {short.round(3)}, length {np.linalg.norm(short):.3f}, cosine with the gradient {cosine:.4f}")
    assert (abs(cosine - 1) < 1e-12) == (name == "norm at most 0.5")

# %% [markdown]
# On this wall the gradient points nearly along $b$, and clipping by value turns it into the diagonal. Each jump then carries $w$ up by as much as $b$, where the true direction would have it rise by a third of that. What the quiet steps
# between two jumps win in $w$, the next jump takes back, and the descent bounces at one place for ever. Is this one unlucky start? Two hundred starts, two rates, 500 steps, and two questions: has
# the descent *ever* seen a loss below 0.01, and is it there at the end?

# %%
rng = np.random.default_rng(0)
starts = np.column_stack([rng.uniform(4, 5.6, 200), rng.uniform(-3, -1, 200)])


# %%
by_norm = lambda g, bound: g * np.minimum(1, bound / np.linalg.norm(g, axis=1, keepdims=True).clip(1e-300))  # noqa: E731
assert np.allclose(by_norm(gradients, 0.5), [clipping.clip_by_norm(g, 0.5) for g in gradients])
kinds = {
    "no clipping": None,
    "by norm, 0.5": lambda g: by_norm(g, 0.5),
    "by norm, 0.1": lambda g: by_norm(g, 0.1),
    "by value, 0.5": bounded["each value at most 0.5"],
}

# %%
shares = {}
for rate in (0.2, 1.0):
    for name, clip in kinds.items():
        _, losses = cliff.descend(starts, learning_rate=rate, n_steps=500, clip=clip)
        shares[rate, name] = np.mean(losses.min(axis=0) < 0.01), np.mean(losses[-1] < 0.01)
        print(f"rate {rate}, {name:14s} ever {shares[rate, name][0]:.2f}, at the end {shares[rate, name][1]:.2f}")

# %%
assert shares[0.2, "by norm, 0.5"][1] > shares[0.2, "no clipping"][1] + 0.1
assert shares[0.2, "by norm, 0.1"][1] < shares[0.2, "by norm, 0.5"][1]
assert shares[0.2, "by value, 0.5"][0] > 0.8
assert shares[0.2, "by value, 0.5"][1] < shares[0.2, "no clipping"][1] - 0.2

# %% [markdown]
# Clipping by norm at 0.5 saves every descent at both rates. A bound of 0.1 saves as well but leaves many still on their way, since a clipped step has at most the length $\eta b$. Clipping by value at the smaller rate is the surprise: nearly every descent passes a good place, and three in four
# do not stay there; they do worse than those without clipping at all. (At the larger rate it does no harm. We would not have guessed that either.) Clipping is no substitute for a rate, and it does not remove the cliff: all the paths jump. By norm, it turns a
# catastrophe into a nuisance.
#
# So clip by norm. In a network, clip all parameters by *one* common norm; clipping each tensor by itself changes the direction again.
#
# ## Checked against PyTorch and SciPy
#
# The functions for training, `clip_grad_norm_` and `clip_grad_value_`, have PyTorch's names and must do what PyTorch's do, for every norm. The sharpness must be the largest eigenvalue of a Hessian that somebody else computed,
# and the gradient of the cliff the one of automatic differentiation.

# %%
for norm_type in (1.0, 2.0, 3.5, math.inf):
    results = []
    for clip in (clipping.clip_grad_norm_, nn.utils.clip_grad_norm_):
        torch.manual_seed(0)
        model = nn.Sequential(nn.Linear(7, 5), nn.Tanh(), nn.Linear(5, 3)).double()
        (100 * model(torch.ones(2, 7, dtype=torch.float64)) ** 2).sum().backward()
        norm = clip(model.parameters(), 0.3, norm_type=norm_type)
        results.append(torch.cat([norm[None], *[p.grad.flatten() for p in model.parameters()]]))
    difference = ((results[0] - results[1]) / results[1]).abs().max().item()
    print(f"p = {norm_type}: norm {results[0][0]:.2f}, largest relative difference {difference:.1e}")
    assert difference < 1e-12

# %%
theta = torch.tensor(nested[4]["theta"], dtype=torch.float64)
theirs = torch.autograd.functional.hessian(full, theta)
largest, _ = sharpness(
    lambda: full(leaf), [leaf := theta.clone().requires_grad_()], tolerance=1e-12, max_iterations=2000
)
print(f"sharpness: relative difference {abs(largest / torch.linalg.eigvalsh(theirs)[-1].item() - 1):.1e}")
print(f"Hessian of the network: largest difference {(full.hessian(theta) - theirs).abs().max():.1e}")
assert abs(largest / torch.linalg.eigvalsh(theirs)[-1].item() - 1) < 1e-6

# %%
weights = torch.tensor([4.4, -2.0], dtype=torch.float64, requires_grad=True)
h = torch.tensor(0.3, dtype=torch.float64)
for _ in range(100):
    h = torch.sigmoid(weights[0] * h + weights[1])
((h - 0.65) ** 2).backward()
difference = np.abs(cliff.gradient(4.4, -2.0) / weights.grad.numpy() - 1).max()
print(f"gradient of the cliff: largest relative difference {difference:.1e}")
assert difference < 1e-9

# %% [markdown]
# ## Exercises
#
# **1.** (The linear scaling rule.) Show that for $K \ll B$ the expected change of the weights over one epoch does not depend on $K$ when $\eta \propto K$. And the variance of that change?
#
# <details>
# <summary>Answer</summary>
#
# An epoch has $N/K$ steps of mean length $\eta \bar g$, so that the mean change is $-\frac{N}{K} \eta\, \bar g$ as long as $\bar g$ hardly changes: constant for $\eta = cK$. Its variance
# (drawn with replacement) is $\frac NK \eta^2 \frac{\Sigma}{K} = N c^2 \Sigma$: constant as well. The rule keeps both moments. For $\eta \propto \sqrt K$ only the variance of a *single* step would be kept.
# </details>
#
# **2.** (Clipping, 7.25.) Adam divides the gradient by a running mean of its own size. What does clipping by norm do to it, if every gradient is clipped, and what if only one in a hundred is?
#
# <details>
# <summary>Hint</summary>
#
# Multiply all gradients by the same constant: Adam's step does not change (apart from its $\varepsilon$). With a bound far below the usual norms, all gradients get the length $b$ and Adam sees only directions. With a
# bound that only outliers meet, clipping keeps a single outlier from blowing up the running mean of squares, which would shorten the steps for about $1/(1-\beta_2)$ steps to come.
# </details>
#
# **3.** Derive $P = \frac{\pi - 2\sqrt 2}{4\pi}$ for three eigenvalues numerically: compare `log_probability_of_minimum(3)` with a million drawn matrices. How many matrices would $n = 8$ take for ten hits?
#
# <details>
# <summary>Hint</summary>
#
# `math.exp(-critical_points.log_probability_of_minimum(8))` is the number of matrices per hit.
# </details>
#
# **4.** Two hidden units with equal weights: show that each is a critical point of the larger network when the single unit is one of the smaller, if the outgoing weights are split, $v = \lambda v + (1 - \lambda) v$. What does weight decay do to the line of such points?
#
# <details>
# <summary>Answer</summary>
#
# Without decay, the output and all errors are the same for every $\lambda$, the gradient of the outgoing weights is that of the single unit (zero), and that of the incoming weights is $\lambda$ and $1 - \lambda$ times zero. So there is a whole line. With decay the
# incoming weights are paid for twice and the outgoing ones at the price $\lambda^2 + (1-\lambda)^2$: the gradient no longer vanishes on the line, because the larger network pays more for the same function. Units that sleep cost nothing, which is why they survive.
# </details>
#
# **5.** Change `TARGET` in `cliff` from 0.65 to 0.9 (call `states` and build the loss yourself). Does descent from $(5, -2)$ still meet the cliff?
#
# <details>
# <summary>Hint</summary>
#
# On the plain the final state is between 0.8 and 0.95. For a target above it the loss pulls away from the edge.
# </details>
#
# **6.** Repeat the experiment on the edge of stability with batches of 50 instead of all 400. Where does the sharpness settle, compared with $2/\eta$?
#
# <details>
# <summary>Hint</summary>
#
# `batch_size.descend` a few hundred steps at a time (it uses the cross-entropy; compare with full-batch descent on the same loss), then `sharpness` on all examples. Noise pushes sideways out of
# sharp valleys, so expect a value below $2/\eta$.
# </details>
#
# ## Summary
#
# - By chance, minima become rare as $e^{-\frac{\ln 3}{4} n^2}$. In networks the index of a critical point rises with its loss, because what is still wrong is what an unused unit could put right.
# - Saddles delay descent by the logarithm of the distance. Mini-batch noise cannot break a symmetry that every example respects.
# - A mini-batch gradient is unbiased, with variance $\propto 1/K$. The noise scale $B$ divides batches that are too noisy for long steps from batches that are too large to pay.
# - The best rate grows in proportion to the batch up to about $B$, and then no more.
# - Sharpness depends on the units of the weights. With noise it is ordered by $\eta/K$; in full-batch descent with long steps it climbs to $2/\eta$. "Flat minima generalise" needs a scale before it can be true or false.
# - Cliffs stand where the fate of the state changes: at a bifurcation, or where the start crosses the watershed. Clipping by norm keeps the direction and bounds the damage; clipping by value turns the gradient, and on our wall it kept three descents in four from settling.
#
# ## Sources
#
# - Qiu (2019), 《神经网络与深度学习》, section 7.1 and 7.2, [nndl.github.io](https://nndl.github.io/).
# - Dauphin, Pascanu, Gulcehre, Cho, Ganguli and Bengio (2014), Identifying and attacking the saddle point problem in high-dimensional non-convex optimization, [arXiv:1406.2572](https://arxiv.org/abs/1406.2572).
# - Dean and Majumdar (2006), Large deviations of extreme eigenvalues of random matrices, [doi:10.1103/PhysRevLett.97.160201](https://doi.org/10.1103/PhysRevLett.97.160201).
# - Fukumizu and Amari (2000), Local minima and plateaus in hierarchical structures of multilayer perceptrons, [doi:10.1016/S0893-6080(00)00009-5](https://doi.org/10.1016/S0893-6080%2800%2900009-5).
# - Lee, Simchowitz, Jordan and Recht (2016), Gradient descent converges to minimizers, [arXiv:1602.04915](https://arxiv.org/abs/1602.04915); Du, Jin, Lee, Jordan, Poczos and Singh (2017), Gradient descent can take
#   exponential time to escape saddle points, [arXiv:1705.10412](https://arxiv.org/abs/1705.10412).
# - Goyal and others (2017), Accurate, large minibatch SGD, [arXiv:1706.02677](https://arxiv.org/abs/1706.02677); McCandlish, Kaplan, Amodei and others (2018), An empirical model of large-batch training,
#   [arXiv:1812.06162](https://arxiv.org/abs/1812.06162).
# - Hochreiter and Schmidhuber (1997), Flat minima, [doi:10.1162/neco.1997.9.1.1](https://doi.org/10.1162/neco.1997.9.1.1); Keskar and others (2017), On large-batch training for deep learning, [arXiv:1609.04836](https://arxiv.org/abs/1609.04836);
#   Dinh, Pascanu, Bengio and Bengio (2017), Sharp minima can generalize for deep nets, [arXiv:1703.04933](https://arxiv.org/abs/1703.04933).
# - Jastrzębski, Kenton, Arpit, Ballas, Fischer, Bengio and Storkey (2017), Three factors influencing minima in SGD, [arXiv:1711.04623](https://arxiv.org/abs/1711.04623).
# - Li, Xu, Taylor, Studer and Goldstein (2018), Visualizing the loss landscape of neural nets, [arXiv:1712.09913](https://arxiv.org/abs/1712.09913); Kwon, Kim, Park and Choi (2021), ASAM, [arXiv:2102.11600](https://arxiv.org/abs/2102.11600);
#   Pearlmutter (1994), Fast exact multiplication by the Hessian, [doi:10.1162/neco.1994.6.1.147](https://doi.org/10.1162/neco.1994.6.1.147).
# - Cohen, Kaur, Li, Kolter and Talwalkar (2021), Gradient descent on neural networks typically occurs at the edge of stability, [arXiv:2103.00065](https://arxiv.org/abs/2103.00065).
# - Pascanu, Mikolov and Bengio (2013), On the difficulty of training recurrent neural networks, [arXiv:1211.5063](https://arxiv.org/abs/1211.5063).
