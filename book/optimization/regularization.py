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
# # Regularisation (正则化)
#
# So far this chapter has asked how to get the training loss down. Now comes the awkward question what that is good for. A network with enough units
# learns any finite set of examples by heart, labels made of noise included, and the loss it is praised for says nothing about the next image. Everything that
# narrows the gap between the two is called **regularisation** (正则化): a price on large weights, an early end, units that fall silent at random, images bent
# a little, labels that are not quite sure.
#
# Textbooks list these as one family of proven remedies. We shall run them all on the same network and the same data, with the same care for each, and the outcome is not what the lists suggest: most
# make no measurable difference, one is worth more than all the others together, and the runner-up wins for a reason that has little to do with
# regularisation. We shall find out what that reason is. Before that, each method gets its mathematics, a few exact statements that can be checked by counting,
# and the traps in its conventions, of which there are many: the letter $p$ alone has two opposite meanings.
#
# **You need:** [back-propagation](../backprop/backpropagation.ipynb), what Adam does, and the earlier sections of this chapter, above all
# [initialisation](initialization.ipynb) and [normalisation](normalization.ipynb). From statistics: mean, variance, cross-entropy.
#
# **Time to run:** see the [Execution](../execution.md) page. Less than a minute on one core; the longer experiments are loaded from records that
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
import scipy.ndimage
import torch
from sklearn import linear_model
from sklearn.datasets import load_diabetes
from torch.nn import functional as F

from nndl_support import plot, records
from nndl_support.data.digits import load_digits, load_mnist_5k
from nndl_support.optimization import augmentation, combination, elastic_net, mc_dropout, penalties, subnetworks
from nndl_support.optimization.calibration import accuracy_of_the_surest, expected_calibration_error
from nndl_support.optimization.optimizers import SGD, Adam
from nndl_support.optimization.recurrent_dropout import DroppedSRN, measured_share
from nndl_support.optimization.regularization import (
    DropConnect,
    Dropout,
    StochasticDepth,
    VariationalDropout,
    distillation_loss,
    label_smoothing_cross_entropy,
    soft_threshold,
)
from nndl_support.optimization.regularizer_race import judge, train
from nndl_support.optimization.stopping_study import replay
from nndl_support.optimization.weight_decay import descend, resting_point
from nndl_support.source import show_source
from nndl_support.training import GL, PQ, UP, fit

# %%
torch.set_num_threads(1)
plot.use_style()
rng = np.random.default_rng(0)

# %% [markdown]
# ## The gap
#
# The data of this section are 5000 images of MNIST, 4000 to train on and 1000 to test with; few enough that generalising is work. The network has 256 rectified units between
# 784 pixels and 10 classes, about 200 thousand weights for 4000 labels.

# %%
mnist = load_mnist_5k()
X, X_test = (torch.tensor(part, dtype=torch.float32) for part in (mnist.X_train, mnist.X_test))
y, y_test = torch.tensor(mnist.y_train), torch.tensor(mnist.y_test)

# %%
plain, _ = train("none", 0.0, X, y, seed=0)
seen, unseen = judge(plain, X, y), judge(plain, X_test, y_test)
print(f"accuracy: training {seen['accuracy']:.3f}, test {unseen['accuracy']:.3f}")
assert seen["accuracy"] > 0.99
assert 0.92 < unseen["accuracy"] < 0.955

# %% [markdown]
# Nearly every training label is known, one test image in sixteen is wrong. That is the **generalisation gap** (泛化差距). Keep this plain network in mind, "none" in all the tables below; it will have
# more to say than it seems.
#
# ## A price on weights
#
# The oldest idea: among all weights that explain the data, prefer small ones. It is written in two ways, as a penalty (惩罚) or as a constraint (约束):
#
# $$ \min_\theta \frac1N \sum_{n=1}^N \mathcal L\bigl(y^{(n)}, f(x^{(n)}; \theta)\bigr) + \lambda\, \ell_p(\theta) \tag{7.59} $$
#
# $$ \min_\theta \frac1N \sum_{n=1}^N \mathcal L\bigl(y^{(n)}, f(x^{(n)}; \theta)\bigr) \quad\text{such that}\quad \ell_p(\theta) \le r \tag{7.60, 7.61} $$
#
# The two are one problem. At the constrained optimum the slope of the loss points straight into the ball, and its size *is* the $\lambda$ that makes the penalised problem stop at the same place. (Size in the *dual* norm, the one with $1/p + 1/q = 1$: the
# largest entry for $\ell_1$, the sum of all for $\ell_\infty$, and for $\ell_2$ the length.) We take a quadratic loss $\frac12 w^\top A w - b^\top w$, find its minimum in the balls of $p = 1, 2, \infty$ by projected gradient descent, a step downhill and then back to the nearest point of the ball, read off $\lambda$,
# and look whether any other point has a smaller penalised value.

# %%
A, b = np.array([[1.0, 0.4], [0.4, 0.6]]), np.array([1.9, 1.0])
optima = {p: penalties.minimum_in_ball(A, b, 1.0, p) for p in penalties.BALLS}


# %%
def penalised(v, price, p):
    return 0.5 * np.einsum("ni,ij,nj->n", v, A, v) - v @ b + price * penalties.lp_norm(v, p)


# %%
for p, w in optima.items():
    price = penalties.multiplier(A, b, w, p)
    others = w + rng.normal(size=(20_000, 2)) * 10 ** rng.uniform(-4, 0, (20_000, 1))
    better = penalised(others, price, p).min() - penalised(w[None], price, p)[0]
    print(f"p = {p:3}: w = {w.round(3)}, lambda = {price:.3f}, best of 20,000 others {better:+.1e}")
    assert better > -1e-12

# %% mystnb={"image": {"alt": "Three panels with the elliptic contours of the same quadratic loss over two weights and the unit balls of the norms 1, 2 and infinity: a diamond, a disc and a square. The optimum in the diamond sits on the corner on the horizontal axis, that in the disc at a point of the rim with two non-zero weights, that in the square on its upper right corner."}}
fig, axes = plt.subplots(1, 3, figsize=(7.2, 2.7), sharey=True)
circle = np.linspace(0, 2 * np.pi, 401)
w1, w2 = np.meshgrid(np.linspace(-1.4, 2.6, 121), np.linspace(-1.4, 2.2, 121))
loss = (A[0, 0] * w1**2 + 2 * A[0, 1] * w1 * w2 + A[1, 1] * w2**2) / 2 - b[0] * w1 - b[1] * w2
for ax, (p, w) in zip(axes, optima.items()):
    rim = np.stack([np.cos(circle), np.sin(circle)], axis=1)
    rim /= penalties.lp_norm(rim, p)[:, None]
    ax.contour(w1, w2, loss, 14, colors="#999999", linewidths=0.7)
    ax.fill(*rim.T, color=plot.PALETTE[0], alpha=0.25)
    ax.plot(*w, "o", color=plot.PALETTE[1])
    ax.plot(*np.linalg.solve(A, b), "x", color="black")
    ax.set(title=f"$p$ = {p}".replace("inf", "∞"), xlabel="$w_1$", aspect="equal")
axes[0].set_ylabel("$w_2$")
plt.show()

# %% [markdown]
# This is Qiu's figure 7.9 with computed optima: the cross is the free minimum, the dot the best point allowed. The diamond is met at a corner, $w_2 = 0$ exactly. The disc is met anywhere. The third panel is
# less often drawn: under $\ell_\infty$ weights do not vanish, but become *equal in size*, when the square is met at one of its corners.
#
# One example proves nothing about how often that happens, so we draw 2000 quadratics in five dimensions at random and count.

# %%
factor, goal = rng.normal(size=(2000, 5, 8)), rng.normal(size=(2000, 5)) * 3
many = np.einsum("nik,njk->nij", factor, factor) / 8 + 0.1 * np.eye(5)
zeros, ties = {}, {}
for p in penalties.BALLS:
    w = penalties.minimum_in_ball(many, goal, 1.0, p)
    zeros[p] = np.mean(w == 0)
    ties[p] = np.mean(np.isclose(np.abs(w), np.abs(w).max(axis=1, keepdims=True), rtol=1e-9))
    print(f"p = {p:3}: share of weights that are exactly 0: {zeros[p]:.3f}; as large as the largest: {ties[p]:.3f}")
assert zeros[1] > 0.5
assert zeros[2] == zeros[math.inf] == 0
assert ties[math.inf] > 0.5

# %% [markdown]
# Well over half of the weights are exactly zero under $\ell_1$, none under $\ell_2$; under $\ell_\infty$ most are of one size. (One in five is always as large as the largest: the largest itself.)
#
# The reason can also be told without a picture. Near zero the penalty $\lambda w^2/2$ has no slope and cannot push a weight the last bit of the way; $\lambda|w|$ pushes with the full force $\lambda$ down to the end, and
# a weight whose data pull less than $\lambda$ stays at zero. Solving for one weight gives the **soft threshold** (软阈值), $S_t(x) = \operatorname{sign}(x)\max(|x| - t, 0)$.

# %%
show_source(soft_threshold)

# %% [markdown]
# That corner is also a nuisance: $|w|$ has no derivative at 0. The usual way out replaces it by a smooth function,
#
# $$ \ell_1(\theta) \approx \sum_{d=1}^D \sqrt{\theta_d^2 + \epsilon} \tag{7.62} $$
#
# whose slope is $w/\sqrt{w^2 + \epsilon}$, and zero at zero. Here the smoothing gives away the very thing $\ell_1$ was chosen for. We fit a linear model to the diabetes data, ten standardised measurements of 442 patients, by gradient
# descent, once on the smoothed penalty and once with a soft threshold after every step:

# %%
diabetes = load_diabetes(scaled=False)
Z = (diabetes.data - diabetes.data.mean(axis=0)) / diabetes.data.std(axis=0)
t = (diabetes.target - diabetes.target.mean()) / diabetes.target.std()
print(f"{len(t)} patients; correlation of the columns s1 and s2: {np.corrcoef(Z[:, 4], Z[:, 5])[0, 1]:.2f}")

# %%
smooth, sharp, rate, price = np.zeros(10), np.zeros(10), 0.1, 0.1
for _ in range(3000):
    smooth -= rate * (Z.T @ (Z @ smooth - t) / len(t) + price * penalties.smoothed_l1_gradient(smooth, 1e-4))
    sharp = penalties.soft_threshold(sharp - rate * Z.T @ (Z @ sharp - t) / len(t), rate * price)
print("smoothed  ", smooth.round(4))
print("threshold ", sharp.round(4))
assert np.sum(sharp == 0) >= 4
assert np.all(smooth != 0)

# %% [markdown]
# The weights that matter agree. The others are exact zeros below and small numbers above, and whoever wants to *read* which measurements the model uses has to guess a limit.
#
# ### The elastic net
#
# $\ell_1$ has a weakness among relatives: of two columns that say nearly the same it takes one and drops the other, on a whim of the sample. A bit of $\ell_2$ makes it share. The **elastic net** (弹性网络) has both,
#
# $$ \min_\theta \frac1N \sum_{n=1}^N \mathcal L\bigl(y^{(n)}, f(x^{(n)}; \theta)\bigr) + \lambda_1 \ell_1(\theta) + \lambda_2 \ell_2(\theta) \tag{7.63} $$
#
# For a squared error, coordinate descent solves it weight by weight with the soft threshold:

# %%
show_source(elastic_net.coordinate_descent)

# %% mystnb={"image": {"alt": "Two panels with the ten weights of a linear model of the diabetes data against the strength of the penalty on a logarithmic axis that runs from strong to weak. Left, pure lasso; right, elastic net with one fifth of the weight on the absolute values. In both, weights leave zero one after the other as the penalty weakens; on the right more of them are non-zero at the same stage and the curves are smoother."}}
fig, axes = plt.subplots(1, 2, figsize=(7.2, 3), sharey=True)
for ax, ratio in zip(axes, (1.0, 0.2)):
    strengths, weights = elastic_net.regularization_path(Z, t, l1_ratio=ratio)
    for j, name in enumerate(diabetes.feature_names):
        ax.semilogx(strengths, weights[:, j], color=plot.PALETTE[j % 7], ls="-" if j < 7 else "--", lw=1.2, label=name)
    ax.set(title=f"share of $\\ell_1$: {ratio}", xlabel="strength $\\alpha$")
    ax.invert_xaxis()
axes[0].set_ylabel("weight (standardised)")
axes[0].legend(ncols=2, fontsize=7)
plt.show()

# %% [markdown]
# Read from left to right, the penalty lets go and the weights appear one by one, body mass and the serum value s5 first in both panels. With little $\ell_1$ they appear sooner and more of them keep company. At the weak end on the left s1 and s2, two cholesterol values with the correlation
# printed above, run apart into large weights of opposite sign: that is what a model does with two columns that say nearly the same, if nothing holds it back. The clearest case is a column that occurs twice, with a little noise of its own:

# %%
copies = Z[:, [8, 8]] + 0.05 * rng.normal(size=(len(t), 2))
shared = {ratio: elastic_net.ElasticNet(alpha=0.3, l1_ratio=ratio).fit(copies, t).coef_ for ratio in (1.0, 0.2)}
print({f"l1 share {ratio}": w.round(3) for ratio, w in shared.items()})
assert shared[1.0].min() < 0.1 * shared[1.0].max()
assert shared[0.2].min() > 0.8 * shared[0.2].max()

# %% [markdown]
# A trap for those who compare libraries. The squared error may stand there as a sum, a mean, or half a mean, and scikit-learn has two of the three: `ElasticNet` divides by $2N$, `Ridge` does not divide. The same penalty therefore has strengths that differ by the factor $N$:

# %%
ours = elastic_net.ElasticNet(alpha=0.05, l1_ratio=0.0).fit(Z, t).coef_
same_letter, scaled = (linear_model.Ridge(alpha=a).fit(Z, t).coef_ for a in (0.05, 0.05 * len(t)))
print(f"alpha 0.05: differs by {np.abs(ours - same_letter).max():.3f}; "
      f"alpha 0.05 N: by {np.abs(ours - scaled).max():.0e}")  # fmt: skip
assert np.abs(ours - same_letter).max() > 0.1
assert np.abs(ours - scaled).max() < 1e-8

# %% [markdown]
# ## Weight decay is not a penalty
#
# **Weight decay** (权重衰减) shrinks the weights a little at every step, past the gradient:
#
# $$ \theta_t \leftarrow (1 - \beta)\, \theta_{t-1} - \alpha g_t \tag{7.64} $$
#
# With plain gradient descent this *is* an $\ell_2$ penalty with $\lambda = \beta/\alpha$: put $g + \lambda\theta$ for the gradient and multiply out. For other optimisers it is not, and Qiu's exercise 7-4 asks why. The penalty's gradient goes *through* the optimiser,
# which does with it what it does with gradients: momentum multiplies it, Adam divides it by the size of past gradients. The decay goes past all that. On two parabolas $\frac{a_i}{2}(w_i - c_i)^2$ we can say where each comes to rest.

# %%
show_source(descend)

# %%
curvature, center = torch.tensor([4.0, 0.25]).double(), torch.tensor([2.0, 2.0]).double()
optimizers = {
    "SGD": lambda w: SGD([w], lr=0.1),
    "momentum": lambda w: SGD([w], lr=0.02, momentum=0.9),
    "Adam": lambda w: Adam([w], lr=0.05, betas=(0.9, 0.9)),
}

# %%
ways = {}
for name, make in optimizers.items():
    for kind in ("l2", "decay"):
        w = torch.zeros(2).double()
        optimizer = make(w)
        fading = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 2000)
        way = descend(optimizer, lambda w: curvature * (w - center), 2000, scheduler=fading, **{kind: 0.7})
        ways[name, kind] = way.numpy()

# %% mystnb={"image": {"alt": "Three panels, one per optimiser, with the paths of two weights from the origin over the contours of a quadratic loss whose minimum is at (2, 2). SGD: the paths with penalty and with decay coincide. Momentum: the paths overshoot, and the one with decay ends much nearer to the minimum. Adam: the path with the penalty ends where that of SGD did, while the one with decay runs along the diagonal and stops at the corner of a dotted box, (1.43, 1.43)."}}
fig, axes = plt.subplots(1, 3, figsize=(7.2, 2.7), sharey=True)
w1, w2 = np.meshgrid(np.linspace(-0.2, 3.4, 80), np.linspace(-0.2, 2.6, 80))
for ax, name in zip(axes, optimizers):
    ax.contour(w1, w2, 2 * (w1 - 2) ** 2 + (w2 - 2) ** 2 / 8, 12, colors="#BBBBBB", linewidths=0.7)
    for kind, style, colour in (("l2", "-", plot.PALETTE[0]), ("decay", "--", plot.PALETTE[1])):
        ax.plot(*ways[name, kind].T, style, color=colour, lw=1.3, label=kind)
        ax.plot(*ways[name, kind][-1], "o", color=colour)
    ax.set(title=name, xlabel="$w_1$", xlim=(-0.2, 3.4), ylim=(-0.2, 2.6), aspect="equal")
axes[2].plot([1 / 0.7, 1 / 0.7, -0.2], [-0.2, 1 / 0.7, 1 / 0.7], ":", color="black")
axes[0].set_ylabel("$w_2$")
axes[0].legend(loc="upper left")
plt.show()

# %%
expected = {
    ("SGD", "l2"): resting_point("l2", curvature, center, 0.7),
    ("SGD", "decay"): resting_point("sgd decay", curvature, center, 0.7),
    ("momentum", "l2"): resting_point("l2", curvature, center, 0.7),
    ("momentum", "decay"): resting_point("sgd decay", curvature, center, 0.7, momentum=0.9),
    ("Adam", "l2"): resting_point("l2", curvature, center, 0.7),
    ("Adam", "decay"): resting_point("adam decay", curvature, center, 0.7),
}

# %%
for key, point in expected.items():
    print(f"{key!s:22s} measured {ways[key][-1].round(3)}, closed form {point.numpy().round(3)}")
    assert np.allclose(ways[key][-1], point, atol=0.01)
assert np.abs(ways["SGD", "l2"] - ways["SGD", "decay"]).max() < 1e-12
assert np.abs(ways["momentum", "l2"] - ways["momentum", "decay"]).max() > 0.2

# %% [markdown]
# With SGD the two paths agree step for step, to the last digit. The *penalty* has one resting point for all three optimisers, as it must: it changes the loss, and a minimum does not depend on who looks for it. The *decay* rests elsewhere each time. Momentum 0.9
# moves ten times as far on the same gradient and so withstands the decay ten times better; to get the same end, multiply the decay by $1/(1 - \mu)$. And Adam with decay does something odd: without gradient noise it is no ridge penalty at all but a **box**. Adam's steps
# have the size of the learning rate whatever the slope; the decay pulls with $\lambda w$ times that rate; so each weight goes to its own optimum if that lies within $\pm 1/\lambda$ and stops at $\pm 1/\lambda$ if not. The flat and the
# steep direction are cut alike, an $\ell_\infty$ constraint, the third panel of our first figure. (With much gradient noise it turns into a ridge penalty again, scaled by the noise.)
#
# So AdamW, which decays, and Adam with a penalty are different methods. Which is better? The popular answer is AdamW. On our data, with both strengths chosen on validation images, the difference will turn out to be too small to see.
#
# ## Stopping early
#
# While the training error falls, the validation error falls, turns, and rises. Stop at the turn: **early stopping** (提前停止) costs a held-out set and nothing else. The drawing in every textbook has one smooth valley. Real curves wiggle, and a rule has to tell a wiggle from a turn.
# Prechelt (1998) made three families of rules. GL stops when the validation error is $\alpha$ per cent above its best; PQ when that loss is large *compared with what training still gains*, in strips of five epochs; UP when it has risen at the ends of $s$ strips in a row.

# %%
show_source(GL)

# %% [markdown]
# A record holds twenty trainings that ran for 120 epochs without any stop: on 1500 images of which a fifth have random labels, and on 400 clean images, with 16 and 64 hidden units, five seeds each. Whatever a rule would have done can be replayed on them.
# First a single run:

# %% mystnb={"image": {"alt": "Validation loss and test error of one training on noisy labels over the first 40 of 120 epochs. The validation loss falls steeply, has a small bump at the fourth epoch, reaches its minimum at the sixth and then climbs steadily; the test error falls with it and rises more slowly. A dotted line after four epochs marks where GL with half a per cent stops, one after seven where GL with two per cent does."}}
record = records.load("optimization/early_stopping")
run = next(r for r in record["figures"] if (r["task"], r["n_hidden"], r["seed"]) == ("noisy labels", 64, 4))
curves = run["validation_loss"], run["train_loss"], run["test_error"]
hasty, calm = replay(GL(0.5), *curves), replay(GL(2), *curves)
fig, left = plt.subplots(figsize=(6.4, 3))
left.plot(range(1, 41), run["validation_loss"][:40], color=plot.PALETTE[0], label="validation loss (left)")
right = left.twinx()
right.plot(range(1, 41), run["test_error"][:40], "--", color=plot.PALETTE[1], label="test error (right)")
for outcome, label, side in ((hasty, "GL(0.5) ", "right"), (calm, " GL(2)", "left")):
    left.axvline(outcome.n_epochs, ls=":", color="black")
    left.text(outcome.n_epochs, 1.93, label, ha=side)
left.set(xlabel="epoch", ylabel="validation loss (nats)", ylim=(1.2, 2.0))
right.set(ylabel="test error", ylim=(0.1, 0.4))
right.grid(False)
fig.legend(loc="outside upper center", ncols=2)
plt.show()

# %%
print(f"GL(0.5): {hasty.n_epochs} epochs, test error {hasty.test_error:.3f}; "
      f"GL(2): {calm.n_epochs} epochs, {calm.test_error:.3f}; to the end: {run['test_error'][-1]:.3f}")  # fmt: skip
assert min(run["validation_loss"]) < run["validation_loss"][hasty.best_epoch] - 0.03
assert calm.best_epoch == np.argmin(run["validation_loss"])

# %% [markdown]
# A small bump in the fourth epoch fools the impatient rule; the valley comes two epochs later. It is the double rise that smooth drawings leave out. Now all rules on all runs: what they cost, and what error the kept weights have.

# %%
rules = {"GL": (GL, (0.5, 1, 2, 5, 10)), "PQ": (PQ, (0.02, 0.05, 0.1, 0.2, 0.5)), "UP": (UP, (1, 2, 3, 4, 6))}
tasks = ("noisy labels", "few images")
spent, kept = {}, {}
for task in tasks:
    runs = [r for r in record["figures"] if r["task"] == task]
    for name, (rule, settings) in rules.items():
        for value in settings:
            ends = [replay(rule(value), r["validation_loss"], r["train_loss"], r["test_error"]) for r in runs]
            spent[task, name, value] = np.mean([end.n_epochs for end in ends])
            kept[task, name, value] = np.mean([end.test_error for end in ends])

# %% mystnb={"image": {"alt": "Two panels, noisy labels and few images: mean test error of the weights kept by a stopping rule against the mean number of epochs spent, a line with five markers for each of GL, PQ and UP; a dotted line shows the error after all 120 epochs. With noisy labels the dotted line is far above, at 0.276, all rules reach 0.150 and only GL with the smallest setting misses it; with few images all errors lie within 0.003 of the dotted line."}}
fig, axes = plt.subplots(1, 2, figsize=(7.2, 3))
final = {task: np.mean([r["test_error"][-1] for r in record["figures"] if r["task"] == task]) for task in tasks}
for ax, task in zip(axes, tasks):
    for (name, (_, settings)), colour, marker in zip(rules.items(), plot.PALETTE, "os^"):
        points = [(spent[task, name, value], kept[task, name, value]) for value in settings]
        ax.plot(*zip(*points), marker + "-", color=colour, lw=1, label=name)
    ax.axhline(final[task], ls=":", color="black", label="no stop, 120 epochs")
    ax.set(title=task, xlabel="epochs spent (mean of 10 runs)", ylabel="test error")
axes[0].legend(loc="center right")
plt.show()

# %%
for task in tasks:
    best = min(kept[key] for key in kept if key[0] == task)
    print(f"{task}: stopped, at best {best:.4f}; after 120 epochs {final[task]:.4f}; "
          f"UP(2) spends {spent[task, 'UP', 2]:.1f} epochs")  # fmt: skip
assert kept["noisy labels", "UP", 2] < 0.6 * final["noisy labels"]
assert kept["noisy labels", "GL", 0.5] > kept["noisy labels", "GL", 2] + 0.005
assert abs(kept["few images", "UP", 2] - final["few images"]) < 0.005
assert all(kept["noisy labels", rule, value] < 0.153 for task, rule, value in kept if (rule, value) != ("GL", 0.5))

# %%
few = [r for r in record["figures"] if r["task"] == "few images"]
lowest, last = (np.mean([pick(r["validation_loss"]) for r in few]) for pick in (min, lambda losses: losses[-1]))
where = np.mean([np.argmin(r["validation_loss"]) + 1 for r in few])
print(f"few images: validation loss at its lowest {lowest:.3f} (epoch {where:.0f}), after 120 epochs {last:.3f}")
assert all(r["validation_loss"][-1] > 1.15 * min(r["validation_loss"]) for r in few)

# %% [markdown]
# Two very different panels. With noisy labels early stopping almost halves the error, from .276 to .150: the network fits what is common before it fits what is random, and who stops in between never learns the noise. All rules find the place, UP with two strips in 17 epochs; more patience buys nothing. Only the hasty
# GL(0.5) loses a bit.
#
# With few but clean images stopping gains *nothing*, although the validation loss has just as clear a minimum and climbs a long way afterwards. Look at the measure: the loss rises since the network becomes ever surer of its few mistakes; the *number* of mistakes stays. Stopping at
# the minimum of the loss is right if you need probabilities. If you count errors, a rising validation loss alone is no sign of harm.
#
# ## Dropout
#
# **Dropout** (丢弃法) silences each unit at random, anew for each example, while training:
#
# $$ \operatorname{mask}(x) = m \odot x \ \text{ in training}, \qquad \operatorname{mask}(x) = p\,x \ \text{ in testing}, \qquad m_i \sim \operatorname{Bernoulli}(p) \tag{7.65} $$
#
# and the layer computes $f(W \operatorname{mask}(x) + b)$. Three traps sit in these lines.
#
# The first is the letter. Here, and in the paper by Srivastava and others, $p$ is the probability of **keeping** a unit (保留率). PyTorch's `Dropout(p)` is the probability of **dropping** it. At ½ nobody notices. The book's advice that for inputs $p$ should be near 1, typed into PyTorch, erases
# nearly everything. Our module takes both, and prints both:

# %%
image, g = torch.ones(1, 10_000), torch.Generator().manual_seed(0)
passed_on = []
for layer in (Dropout(0.9, generator=g), Dropout(keep=0.9, generator=g)):
    passed_on.append((layer(image) != 0).double().mean().item())
    print(layer, f"passes on {passed_on[-1]:.3f} of the inputs")
assert passed_on[0] < 0.12 < 0.88 < passed_on[1]

# %% [markdown]
# The second: where does the factor go? An early edition said that in testing the *output* of each neuron is multiplied by $p$; a reader objected ([nndl #370](https://github.com/nndl/nndl/issues/370)) and the author mended it. It is the *input* of the layer, as (7.65) says. With a bias the two differ. Six inputs have 64 masks, so no sampling is
# needed: we take the mean over all of them.

# %%
W, bias, x = rng.normal(size=(3, 6)), rng.normal(size=3), rng.normal(size=6)
masks = subnetworks.all_masks(6)
weight = subnetworks.mask_probabilities(masks, keep=0.8)
mean = weight @ ((masks * x) @ W.T + bias)
print("mean over 64 masks", mean.round(4))
print("input times p     ", (W @ (0.8 * x) + bias).round(4))
print("output times p    ", (0.8 * (W @ x + bias)).round(4))
assert np.allclose(mean, W @ (0.8 * x) + bias)
assert not np.allclose(mean, 0.8 * (W @ x + bias), atol=0.01)

# %% [markdown]
# The third: libraries divide by the probability of keeping *during training* instead, $m \odot x / p$, and leave testing alone ("inverted dropout"). The mean is the same, and the network at test time knows nothing of dropout. Weights trained with one form and used with the other are off by the factor $p$ in every layer.

# %%
show_source(Dropout)

# %% [markdown]
# ### What the mean of 2ⁿ networks is
#
# A network with $n$ units that may be dropped contains $2^n$ networks. Training with dropout trains all of them a little, with shared weights, and testing with scaled weights is said to average them. In the Bayesian reading Qiu writes the average over networks as an integral, and approximates it by a sum,
#
# $$ \mathbb E_{q(\theta)}[y] = \int f(x; \theta)\, q(\theta)\, d\theta \tag{7.66} $$
#
# $$ \approx \frac1M \sum_{m=1}^M f(x; \theta_m) \tag{7.67} $$
#
# Is the network with scaled weights that average? For a linear network we have just seen: exactly. For a softmax on top of the dropped units there is a classical answer: exactly too, but it is the *geometric* mean of the distributions, renormalised, since the logarithm of a softmax is
# linear but for a constant. With a rectifier in between nothing is exact. How near is it? We train a small network on the 8×8 digits with dropout on ten hidden units, 1024 subnetworks, visit all of them, and do it again for a network with one more layer above.

# %%
digits = load_digits()
D, D_test = (torch.tensor(part, dtype=torch.float32) for part in (digits.X_train, digits.X_test))
d, d_test = torch.tensor(digits.y_train), torch.tensor(digits.y_test)


# %%
def small_network(*above):
    torch.manual_seed(0)
    top = [torch.nn.Sequential(torch.nn.Linear(10, 10), torch.nn.ReLU()) for _ in above]
    layers = [torch.nn.Linear(64, 10), torch.nn.ReLU(), Dropout(0.2), *top, torch.nn.Linear(10, 10)]
    network = torch.nn.Sequential(*layers)
    fit(network, torch.nn.CrossEntropyLoss(), (D, d),
        torch.optim.Adam(network.parameters(), lr=0.01), epochs=25, batch_size=50, seed=0)  # fmt: skip
    return network


# %%
masks = subnetworks.all_masks(10)
weight = subnetworks.mask_probabilities(masks, keep=0.8)
gaps, right = {}, {}
for label, above in (("softmax on top", ()), ("one more layer", (1,))):
    network = small_network(*above)
    with torch.no_grad():
        hidden = network[:2](D_test)[:, None] * torch.tensor(masks, dtype=torch.float32) / 0.8
        every = network[3:](hidden).double().softmax(-1).numpy()
        scaled = network(D_test).double().softmax(-1).numpy()
    geometric = np.array([subnetworks.geometric_mean(p, weight) for p in every])
    arithmetic = np.einsum("m,nmk->nk", weight, every)
    gaps[label] = np.abs(scaled - geometric).max(), np.abs(scaled - arithmetic).mean()
    answers = {"scaled weights": scaled, "geometric": geometric, "arithmetic": arithmetic}
    right[label] = {k: round(float(np.mean(v.argmax(1) == digits.y_test)), 3) for k, v in answers.items()}
    print(f"{label}: largest gap to the geometric mean {gaps[label][0]:.1e}; accuracy", right[label])

# %%
assert gaps["softmax on top"][0] < 1e-5
assert gaps["one more layer"][0] > 1e-2
assert all(max(accuracies.values()) - min(accuracies.values()) < 0.03 for accuracies in right.values())

# %% [markdown]
# With the softmax directly above, scaled weights give the geometric mean of 1024 networks up to rounding, in the time of one. With one more layer the equality is gone, single probabilities are off by up to a tenth, and yet the accuracies are hardly apart. That is the honest form of the slogan "dropout averages exponentially many networks": one
# layer deep it is a theorem, deeper it is an approximation, and here a good one for the answers and a poor one for single probabilities.
#
# ### Dropout as a price on weights
#
# For linear regression the mean of the squared error over all masks can be written down,
#
# $$ \mathbb E_m \lVert y - (M \odot X) w/\pi \rVert^2 = \lVert y - Xw \rVert^2 + \frac{1 - \pi}{\pi} \sum_i \Bigl(\sum_n x_{ni}^2\Bigr) w_i^2 $$
#
# with $\pi$ for the probability of keeping: the mean is unharmed, the variance is paid for. It is ridge regression in which each weight is charged in the units of its input. If all columns have the same length it is plain ridge; if not, it has the advantage that changing the units of a column changes nothing.

# %%
ridge = linear_model.Ridge(alpha=0.25 * len(t), fit_intercept=False)
as_dropout = subnetworks.dropout_regression(Z, t, keep=0.8)
units = np.geomspace(0.01, 100, 10)
print(f"standardised columns: {np.abs(ridge.fit(Z, t).coef_ - as_dropout).max():.0e}")
change = {"dropout": np.abs((Z * units) @ subnetworks.dropout_regression(Z * units, t, 0.8) - Z @ as_dropout).max()}
change["ridge"] = np.abs(ridge.fit(Z * units, t).predict(Z * units) - ridge.fit(Z, t).predict(Z)).max()
print({name: f"{value:.0e}" for name, value in change.items()}, "change of predictions under new units")
assert np.allclose(ridge.fit(Z, t).coef_, as_dropout)
assert change["dropout"] < 1e-8 < 0.1 < change["ridge"]

# %% [markdown]
# ### Asking many times
#
# If the random networks are there anyway, why not keep the masks in use, and look at how much the answers differ? **MC dropout** (Gal and Ghahramani 2016) reads the masks as samples $\theta_m$ from a distribution over weights, and the mean (7.67) of the probabilities, $\frac1M \sum_m \operatorname{softmax} f(x; \theta_m)$,
# as a Bayesian prediction. The entropy of the mean is the uncertainty in all; the part that is disagreement *between* the networks is their mutual information with the answer. The test of an uncertainty is something the network has never seen. We turn an image of a 1 until it stands on its head.

# %%
show_source(mc_dropout.sample_probabilities, mc_dropout.mutual_information)

# %%
dropped, _ = train("dropout, inputs too", 0.5, X, y, seed=0)
one = X_test[(y_test == 1).nonzero()[3]].reshape(1, 28, 28)
angles = torch.arange(0.0, 181.0, 15.0)
turned = augmentation.rotate(one.expand(len(angles), -1, -1), angles).reshape(-1, 784)
torch.manual_seed(0)
samples = mc_dropout.sample_probabilities(dropped, turned, n_samples=200)

# %% mystnb={"image": {"alt": "Above, a handwritten one turned by 0 to 180 degrees in seven steps. Below, against the angle: the entropy of a single prediction without dropout, the entropy of the mean of 200 predictions with dropout, and the mutual information. The two entropies are near zero for the upright one, have a first hill from 15 to 45 degrees, a valley at 75 and a second hill at 120, and fall again as it stands on its head; the one with dropout is above the other; the mutual information stays small throughout."}}
with torch.no_grad():
    single = mc_dropout.entropy(dropped(turned).double().softmax(1))
fig, axes = plt.subplots(2, 1, figsize=(6.4, 3.8), height_ratios=(1, 3))
axes[0].imshow(np.concatenate(list(turned.reshape(-1, 28, 28)[::2]), axis=1), cmap="gray_r")
axes[0].axis("off")
total, between = mc_dropout.predictive_entropy(samples), mc_dropout.mutual_information(samples)
for line, label, style in (
    (single, "one prediction", "--"),
    (total, "MC dropout", "-"),
    (between, "disagreement", ":"),
):
    axes[1].plot(angles, line, style, marker="o", ms=3, label=label)
axes[1].set(xlabel="turned by (degrees)", ylabel="nats", ylim=(0, None))
axes[1].legend()
plt.show()

# %% [markdown]
# We had expected a hill with its top at 90 degrees. There are two hills, the first already at 15 degrees, and a valley in between: lying flat, the stroke is taken for something definite.

# %%
print("angle   ", *(f"{angle:4.0f}" for angle in angles))
print("answer  ", *(f"{answer:4d}" for answer in samples.mean(0).argmax(1)))
print("doubt   ", *(f"{value:4.1f}" for value in total))
assert total[0] < 0.5 < total.max()
assert (between < 0.5 * total)[1:].all()
assert (total > single).all()

# %% [markdown]
# The mean over masks is less sure than the single prediction at every angle. But the *shape* of the curve is the same, and the disagreement of the subnetworks, the part that is supposed to say "I have never seen this", is a small part of the doubt at every angle: they were trained together, and seem to err together.
#
# One image makes a figure; two questions make a test, on upright images and on images turned by 30 degrees. Do the uncertain answers contain the wrong ones? And do probabilities mean what they say? For the second, answers are sorted into
# fifteen bins by their largest probability, the confidence; the **calibration error** (校准误差) is the mean distance, over all answers, between the confidence of a bin and the share of its answers that are right.

# %%
shown = {"upright": X_test, "turned by 30°": augmentation.rotate(X_test.reshape(-1, 28, 28), 30.0).reshape(-1, 784)}
error, surest = {}, {}
for name, images in shown.items():
    torch.manual_seed(0)
    samples = mc_dropout.sample_probabilities(dropped, images, n_samples=50)
    with torch.no_grad():
        once, many = dropped(images).double().softmax(1), samples.mean(0)
    for kind, p, doubt in (("one prediction", once, mc_dropout.entropy(once)), ("MC dropout", many, mc_dropout.entropy(many)),
                           ("disagreement", many, mc_dropout.mutual_information(samples))):  # fmt: skip
        correct = (p.argmax(1) == y_test).numpy()
        error[name, kind] = expected_calibration_error(p.numpy(), y_test.numpy())
        surest[name, kind] = accuracy_of_the_surest(doubt.numpy(), correct, np.linspace(0.3, 1, 15))
        print(f"{name:14s} {kind:15s} accuracy {correct.mean():.3f}, calibration error {error[name, kind]:.3f}, "
              f"surest 60 %: {surest[name, kind][6]:.3f}")  # fmt: skip

# %% mystnb={"image": {"alt": "Two panels, upright and turned digits: accuracy on the images that remain when the most uncertain are rejected, against the share kept from 30 to 100 per cent, for three measures of doubt. All three curves fall together from near 1; on the turned digits the accuracy falls from about 0.83 to below 0.6, and the curve of the disagreement lies lowest."}}
fig, axes = plt.subplots(1, 2, figsize=(7.2, 2.8))
for ax, name in zip(axes, shown):
    for kind, style in (("one prediction", "--"), ("MC dropout", "-"), ("disagreement", ":")):
        ax.plot(np.linspace(30, 100, 15), surest[name, kind], style, label=kind)
    ax.set(title=name, xlabel="kept: the surest (per cent)", ylabel="accuracy on the kept")
axes[0].legend()
plt.show()

# %%
assert all(surest[key][6] > surest[key][-1] + 0.03 for key in surest)

# %% [markdown]
# The answer is mixed, and less flattering than the usual figure. Rejecting the doubtful helps a lot: of the surest 60 per cent of the upright images hardly one is wrong. But the entropy of *one* prediction, for a fiftieth of the work, sorts them just as well, and the
# disagreement, the quantity with the Bayesian pedigree, sorts the turned ones worst of the three. As to calibration, averaging makes every answer more modest. On turned images, where the single network is far too sure, modesty is what is missing, and the error falls. On upright images the single network was well calibrated already, and the same modesty
# makes it *worse*. MC dropout does not know the difference between the two.

# %%
assert error["turned by 30°", "MC dropout"] < error["turned by 30°", "one prediction"] - 0.02
assert error["upright", "MC dropout"] > error["upright", "one prediction"] + 0.01
assert np.mean(surest["turned by 30°", "disagreement"]) < np.mean(surest["turned by 30°", "one prediction"])
assert abs(surest["upright", "MC dropout"][6] - surest["upright", "one prediction"][6]) < 0.01

# %% [markdown]
# ### Dropping weights
#
# **DropConnect** (Wan and others 2013) drops single weights in place of units: a layer with $K \times D$ weights has $2^{KD}$ subnetworks. The mean before the activation is again that of the mean weights; after a rectifier it is not, and the authors propose to approximate the net input by a normal variable with the right mean and variance and to average the
# activation over that. With six weights we can see how much it brings.

# %%
exact, x3 = 0, torch.tensor([[1.0, -2.0, 0.5]])
torch.manual_seed(3)
layer = DropConnect(3, 2, keep=0.5, activation=torch.relu).eval()
moments = DropConnect(3, 2, keep=0.5, activation=torch.relu, inference="moments", n_samples=20_000).eval()
_ = moments.load_state_dict(layer.state_dict())

# %%
with torch.no_grad():
    for mask in torch.tensor(subnetworks.all_masks(6), dtype=torch.float32).reshape(-1, 2, 3):
        exact = exact + torch.relu(x3 @ (mask * layer.linear.weight / 0.5).T + layer.linear.bias) / 64
    means, normal = layer(x3), moments(x3)
print(
    "all 64 masks", exact.numpy().round(3), "mean weights", means.numpy().round(3), "moments", normal.numpy().round(3)
)
assert (normal - exact).abs().sum() < (means - exact).abs().sum()

# %% [markdown]
# ### Dropping layers
#
# A whole layer can be dropped too, where something is left when it is gone: in a *residual* block $x + f(x)$, which passes its input on and adds to it. **Stochastic depth** (按层丢弃; Huang and others 2016) computes $x + \frac{b}{\pi} f(x)$ with one random $b$ per example, zero or one.
# A tower of three such blocks contains eight networks, from no layer to three. Each $b$ occurs once, so for linear branches the mean is once more exactly what evaluation computes:

# %%
show_source(StochasticDepth)

# %%
torch.manual_seed(0)
tower = torch.nn.Sequential(*(StochasticDepth(torch.nn.Linear(4, 4), keep=0.8) for _ in range(3))).double().eval()
x4, mean, depths = torch.randn(1, 4).double(), 0, subnetworks.all_masks(3)
with torch.no_grad():
    for kept_blocks, share in zip(depths.tolist(), subnetworks.mask_probabilities(depths, keep=0.8)):
        state = x4
        for block, b_block in zip(tower, kept_blocks):
            state = state + b_block / 0.8 * block.branch(state)
        mean = mean + float(share) * state
    whole, sampled = tower(x4), tower.train()(x4.expand(20_000, 4)).mean(0)
print(
    f"eight networks against evaluation: {(mean - whole).abs().max():.0e}; 20,000 draws: {(sampled - mean).abs().max():.3f} off"
)
assert torch.allclose(mean, whole)
assert torch.allclose(sampled, mean[0], atol=0.1)

# %% [markdown]
# ## Dropout through time
#
# A recurrent network uses its weights once per step, and dropout has two places to go (Qiu's figures 7.11 and 7.12): on the way *up*, from the input to the state, or on the way *through time*, from one state to the next. Exercise 7-5 asks why the second is a bad idea with a new mask at every step. The answer is a power:
# what is to be remembered for $t$ steps has to survive $t$ independent masks.
#
# For a linear network with an orthogonal matrix, $h_t = U(m_t \odot h_{t-1})/\pi$, it can be made exact. The mean over the masks keeps its length; the mean *square* grows by $1/\pi$ at every step, as each mask adds noise. So the share of the state that is still memory is
#
# $$ \frac{\lVert \mathbb E\, h_t \rVert^2}{\mathbb E\, \lVert h_t \rVert^2} = \pi^t $$
#
# and half of the memory is gone after $\ln 2/\ln(1/\pi)$ steps: after one step at $\pi = .5$, after three at .8. **Variational dropout** (变分丢弃) draws one mask per sequence and uses it at all steps:

# %%
ones = torch.ones(3, 1, 12)
for layer in (Dropout(0.5, generator=torch.Generator().manual_seed(1)),
              VariationalDropout(0.5, generator=torch.Generator().manual_seed(1))):  # fmt: skip
    print(type(layer).__name__, *(layer(ones)[:, 0] > 0).int().numpy(), sep="\n  ")

# %%
show_source(DroppedSRN.states, measured_share)

# %% [markdown]
# We measure the law, and then whether it matters for a network that learns. The task is pure memory: the class is the sign of the first number of a sequence, then follow 4, 8 or 16 steps of noise.


# %%
def memory_task(delay, n, seed):
    draws = torch.randn(n, delay + 1, 1, generator=torch.Generator().manual_seed(seed))
    labels = (draws[:, 0, 0] > 0).long()
    draws[:, 1:] *= 0.3
    return draws, labels


# %%
places = {"nowhere": 0.0, "inputs": 0.5, "states": 0.5, "states, one mask": 0.5}
recalled = {}
for delay in (4, 8, 16):
    task, unseen_task = memory_task(delay, 600, 0), memory_task(delay, 1000, 1)
    for where, p in places.items():
        scores = []
        for seed in (0, 1):
            torch.manual_seed(seed)
            reader = DroppedSRN(1, 32, 2, where, p, seed=seed)
            adam = torch.optim.Adam(reader.parameters(), lr=3e-3)
            fit(reader, torch.nn.CrossEntropyLoss(), task, adam, epochs=20, batch_size=50, seed=seed, clip_norm=1.0)
            scores.append(judge(reader, *unseen_task)["accuracy"])
        recalled[where, delay] = np.mean(scores)

# %% mystnb={"image": {"alt": "Left: share of memory against time steps from 0 to 12 on a logarithmic axis, for a probability of keeping of 0.8 and 0.5. With new masks the measured points lie on the straight lines of the powers of the probability; with one mask they fall more slowly. Right: test accuracy on the memory task against the delay of 4, 8 and 16 steps; without dropout, with dropped inputs and with one mask it stays near 1, with new masks on the states it falls to about one half at 16 steps."}}
fig, axes = plt.subplots(1, 2, figsize=(7.2, 3))
steps, memory = np.arange(13), {}
for keep, colour in ((0.8, plot.PALETTE[0]), (0.5, plot.PALETTE[1])):
    for one_mask, style in ((False, "o"), (True, "s-")):
        g = torch.Generator().manual_seed(0)
        shares = np.array(measured_share(12, keep, one_mask=one_mask, n_samples=5_000, generator=g))
        memory[keep, one_mask] = shares
        shares = np.where(shares > 3e-4, shares, np.nan)
        label = f"$\\pi$ = {keep}, " + ("one mask" if one_mask else "new masks")
        axes[0].semilogy(steps, shares, style, color=colour, lw=0.8, ms=4, label=label)
    axes[0].semilogy(steps, keep**steps, ":", color=colour)
axes[0].set(xlabel="steps $t$", ylabel="share that is memory", ylim=(2e-4, 1.5))
axes[0].legend(fontsize=7)
for where, marker in zip(places, "osD^"):
    axes[1].plot((4, 8, 16), [recalled[where, delay] for delay in (4, 8, 16)], marker + "-", lw=1, label=where)
axes[1].axhline(0.5, ls=":", color="black")
axes[1].set(xlabel="steps to remember", ylabel="test accuracy", ylim=(0.4, 1.05))
axes[1].legend(fontsize=8, title="dropped", loc="lower left")
plt.show()

# %%
print({key: round(float(value), 2) for key, value in recalled.items() if key[1] == 16 or key[0] == "states"})
assert all(np.allclose(memory[keep, False][:6], keep ** steps[:6], rtol=0.2) for keep in (0.8, 0.5))
assert memory[0.5, False][6] < memory[0.5, True][6] < 0.5
assert recalled["states", 4] > 0.9
assert recalled["states", 16] < 0.75
assert min(recalled[where, 16] for where in ("nowhere", "inputs", "states, one mask")) > 0.85

# %% [markdown]
# The points lie on the powers, and at 16 steps the network with new masks is near guessing, while one mask, or dropping inputs only, does little harm. Two things in this figure surprised us. At 4 steps the dropped states recall nearly everything, although the law leaves a sixteenth of it: a *trained* network can hold a bit in many units at once and refresh it,
# which a linear one cannot. The power is a law for memories that nobody defends. And the single mask forgets too in the linear network, if more slowly: it is the same damage at every step, $(U M/\pi)^t$, and no matrix that is orthogonal stays so when units are missing. The remedy works since the network can learn to live with a *fixed* subset, not because nothing is lost.
#
# ## More data for nothing
#
# The best regulariser is more data, and often one can make them: an image of a 3, turned by ten degrees, moved by a pixel or bent a little is again an image of a 3. **Data augmentation** (数据增强) draws such a change anew for each image of each batch. Turning, zooming, moving and mirroring are affine maps of the pixel grid; an
# **elastic distortion** (弹性形变; Simard and others 2003) moves each pixel by a smooth random field.

# %%
show_source(augmentation.warp, augmentation.elastic_displacement)

# %% mystnb={"image": {"alt": "A handwritten digit two in seven versions: as it is, turned by 20 degrees, enlarged by a quarter, moved by three pixels, with noise, elastically bent, and mirrored. The first six are twos; the mirrored one is not."}}
two = X_test[(y_test == 2).nonzero()[4]].reshape(1, 28, 28)
g = torch.Generator().manual_seed(2)
field = augmentation.elastic_displacement((1, 28, 28), strength=1.3, smoothness=4.0, generator=g)
no_turn = augmentation.affine_matrices(1)
versions = {
    "as it is": two,
    "turned 20°": augmentation.rotate(two, 20.0),
    "zoomed 1.25": augmentation.zoom(two, 1.25),
    "moved (3, 3)": augmentation.shift(two, (3.0, 3.0)),
    "noise 0.2": augmentation.add_noise(two, 0.2, generator=g),
    "elastic": augmentation.warp(two, no_turn, field),
    "mirrored": augmentation.mirror(two),
}
plot.image_grid(
    torch.cat(list(versions.values())).clamp(0, 1), titles=list(versions), cmap="gray_r", figsize=(7.4, 1.5)
)
plt.show()

# %% [markdown]
# Each change is a claim about the world: that the label survives it. Mirroring is standard for photographs of cats. For digits we expected 0, 1 and 8 to survive it, which have a mirror symmetry, and 2, 3 and 7 to break. We asked the plain network, which has never seen a mirrored image:

# %%
mirrored = augmentation.mirror(X_test.reshape(-1, 28, 28)).reshape(-1, 784)
with torch.no_grad():
    answers = plain(mirrored).argmax(1)
print("accuracy", {k: round((answers[y_test == k] == k).double().mean().item(), 2) for k in range(10)})
print("taken for", {k: answers[y_test == k].mode().values.item() for k in range(10)})
print(f"all mirrored images: {(answers == y_test).double().mean():.3f}")
assert (answers == y_test).double().mean() < 0.5 < unseen["accuracy"]
assert all((answers[y_test == k] == k).double().mean() < 0.1 for k in (3, 5))
assert all((answers[y_test == k] == k).double().mean() < 0.65 for k in (0, 1, 8))

# %% [markdown]
# Fewer than half are right. The 3 breaks down completely, as does the 5, but 0, 1 and 8 suffer too, and the 4, which has no symmetry, comes off best. Handwriting leans: we measure by how many pixels a stroke moves to the right per pixel of height.

# %%
ink = mnist.X_train.reshape(-1, 28, 28) / mnist.X_train.sum(axis=1)[:, None, None]
rows, columns = np.mgrid[:28, :28]
up = (ink * rows).sum((1, 2), keepdims=True) - rows
across = columns - (ink * columns).sum((1, 2), keepdims=True)
lean = (ink * up * across).sum((1, 2)) / (ink * up**2).sum((1, 2))
print({k: round(lean[mnist.y_train == k].mean().item(), 2) for k in range(10)})
print(f"ones that lean to the left: {np.mean(lean[mnist.y_train == 1] < 0):.0%}")
assert lean[mnist.y_train == 1].mean() > 0.2 > lean[mnist.y_train == 4].mean()

# %% [markdown]
# Zeros, ones, fives and eights lean to the right by a fifth to a third; mirrored, they lean to the left, as few of the training images do. Fours and nines stand nearly upright. The symmetry is in our idea of a digit, not in the data. And what a network makes of a mirrored 2, often enough a 2, says nothing about what it *should* make of it. Which changes a label
# survives is knowledge that somebody has to bring along. The recipe below turns, zooms, moves and bends by little, and does not mirror.
#
# ## Labels that are not quite sure
#
# A network that has to give the right class probability 1 is asked for infinite logits. **Label smoothing** (标签平滑) asks for less. With $K$ classes and $\epsilon$ to give away, Qiu sets the label to
#
# $$ \tilde y = \Bigl(\frac{\epsilon}{K-1}, \ldots, \frac{\epsilon}{K-1},\ 1 - \epsilon,\ \frac{\epsilon}{K-1}, \ldots\Bigr) $$
#
# whereas PyTorch and the Inception paper mix with the uniform distribution over *all* classes, so that the right one gets $1 - \epsilon + \epsilon/K$. The two agree if the $\epsilon$ of PyTorch is $K/(K-1)$ times the book's; with equal letters they differ:

# %%
show_source(label_smoothing_cross_entropy)

# %%
logits, target = torch.randn(6, 10, generator=torch.Generator().manual_seed(0)), torch.arange(6)
book = label_smoothing_cross_entropy(logits, target, smoothing=0.09, convention="book")
for epsilon in (0.09, 0.1):
    torch_like = label_smoothing_cross_entropy(logits, target, smoothing=epsilon)
    print(f"book .09 against torch {epsilon}: difference {abs(book - torch_like):.1e}")
assert torch.allclose(book, torch_like)

# %% [markdown]
# Exercise 7-6 asks for the loss and its least value. Since $\tilde y$ is fixed, the loss is its entropy plus the **Kullback–Leibler divergence** (KL 散度) of the network's answer $q$ from it, $\mathrm{KL}(\tilde y \,\Vert\, q) = \sum_k \tilde y_k \ln(\tilde y_k/q_k)$,
# which is positive but for $q = \tilde y$. So the least value is the entropy of the smooth label, at finite logits whose gap is $\ln\frac{(1 - \epsilon)(K - 1)}{\epsilon}$ in the book's letters:

# %%
best_logits = torch.zeros(1, 10).double()
best_logits[0, 3] = math.log((1 - 0.1) * 9 / 0.1)
best_logits.requires_grad_()
least = label_smoothing_cross_entropy(best_logits, torch.tensor([3]), smoothing=0.1, convention="book")
(slope,) = torch.autograd.grad(least, best_logits)
label_entropy = mc_dropout.entropy(torch.tensor([0.9] + [0.1 / 9] * 9).double())
print(
    f"gap {best_logits.max():.2f}: loss {least:.4f}, entropy of the label {label_entropy:.4f}, slope {slope.abs().max():.0e}"
)
assert torch.allclose(least, label_entropy)
assert slope.abs().max() < 1e-12

# %% [markdown]
# In the race below, with strengths chosen on validation images like everybody's, label smoothing will come out at .965, two and a half points ahead of the plain network, *with $\epsilon = .8$*, the largest value on offer. Right class .28, each wrong one .08: that is hardly a gentle correction. Almost the same accuracy comes from something nobody calls a regulariser, plain
# squared error between logits and one-hot labels. And training accuracy goes *up*, not down. This does not look like the usual story, that smoothing stops the network from being too sure. We looked for the cause, in a record with five seeds per setting and no selection:

# %%
rates = records.load("optimization/label_smoothing_rates")["figures"]
table = {(r["regularizer"], r["learning_rate"], r["epochs"]): r for r in rates}
for (name, rate, epochs), r in table.items():
    train_share, test_share, active = (np.mean(r[key]) for key in ("train", "test", "active"))
    print(f"{name:16s} rate {rate:<6} {epochs:3d} epochs: training {train_share:.4f}, test {test_share:.4f}, "
          f"open rectifiers {active:.2f}")  # fmt: skip

# %% mystnb={"image": {"alt": "Two panels against the learning rate of Adam, 0.001, 0.003 and 0.01, for no regulariser and for label smoothing of 0.8, with single seeds as dots. Left, test accuracy: without regulariser it climbs from 0.939 to 0.957; with smoothing it stays near 0.965 and drops at the largest rate. Right, share of open rectifiers: without it falls from 0.78 to 0.36; with smoothing from 0.33 to near zero."}}
fig, axes = plt.subplots(1, 2, figsize=(7.2, 3))
for ax, key in zip(axes, ("test", "active")):
    for name, colour, marker in (("none", plot.PALETTE[0], "o"), ("label smoothing", plot.PALETTE[1], "s")):
        rows = [r for r in rates if r["regularizer"] == name and r["epochs"] == 30]
        places_x = [r["learning_rate"] for r in rows]
        ax.semilogx(places_x, [np.mean(r[key]) for r in rows], "-", color=colour, label=name)
        for r in rows:
            ax.plot([r["learning_rate"]] * 5, r[key], marker, ms=3, color=colour, alpha=0.6)
    ax.set(xlabel="learning rate of Adam")
axes[0].set_ylabel("test accuracy")
axes[1].set_ylabel("share of open rectifiers")
axes[1].legend()
plt.show()

# %%
means = {key: np.mean(r["test"]) for key, r in table.items()}
smoothing = "label smoothing"
at_first = means[smoothing, 1e-3, 30] - means["none", 1e-3, 30]
at_best = max(means[smoothing, r, 30] for r in (1e-3, 3e-3, 1e-2)) - max(
    means["none", r, 30] for r in (1e-3, 3e-3, 1e-2)
)
print(f"advantage of smoothing at the common rate {at_first:.4f}, each at its best rate {at_best:.4f}")
assert at_best < at_first / 2
assert means["none", 1e-3, 120] < means["none", 1e-2, 30] - 0.01
assert means[smoothing, 1e-2, 30] < means["none", 1e-2, 30]

# %% [markdown]
# Most of the advantage was the learning rate. The race gave all methods Adam's usual 0.001, which suits smoothing and is too small for the plain network: with ten times the rate it comes from .939 to .957, and at that rate smoothing is the *worse* of the two. Four times as many epochs at the small rate hardly help, so it is not a matter of waiting.
#
# The right panel holds a clue. At the small rate the rectifiers of the plain network are open for almost four out of five images: a hidden unit that is nearly always open is a linear unit, and the network has learnt the training labels with features that are not far from linear. At the larger rate only a third are open; with smoothed labels a third are open already at the small rate.
# We *suppose* that both do the same: they keep the first layer moving. Cross-entropy with hard labels falls silent as soon as an image is well inside its class, while a soft target or a squared error pulls at every image, from both sides, until its logits are just so. But that is a supposition. Open rectifiers go with worse accuracy here only up to a point (the network with the fewest, 3 per cent,
# is poor), and an advantage of .7 points remains that we cannot explain. What is certain is the moral: *a regulariser compared at one learning rate may be credited with mending that rate.*
#
# One more popular sentence: smoothing improves calibration. The record of the race has the calibration errors too.

# %%
race = {row["regularizer"]: row for row in records.load("optimization/regularizers")["figures"]}
for name in ("none", "dropout", "label smoothing"):
    print(f"{name:16s} strength {race[name]['strength']}: calibration error {np.mean(race[name]['calibration_error']):.3f}, "
          f"test loss {np.mean(race[name]['test_cross_entropy']):.3f} nats")  # fmt: skip
assert np.mean(race["label smoothing"]["calibration_error"]) > 0.5
assert np.mean(race["none"]["calibration_error"]) < 0.03

# %% [markdown]
# Not here, and it could not: a network that learns to say .28 when it is right has probabilities that mean something else. The plain network was well calibrated to begin with, so there was nothing to improve. With $\epsilon$ in the order of the true doubt, smoothing can help an overconfident network; chosen for accuracy, it wrecks the probabilities. Rescale them afterwards, on validation data, before you use them.
#
# ## Learning from a teacher
#
# Label smoothing treats all wrong classes alike. A large trained network knows better: this 4 looks a bit like a 9 and not at all like a 0. **Knowledge distillation** (知识蒸馏; Hinton, Vinyals and Dean 2015) trains a small network, the student, on the answers $v$ of a large one, softened by a temperature $T$:
#
# $$ L = \alpha\, T^2\, \mathrm{KL}\bigl(\operatorname{softmax}(v/T) \,\Vert\, \operatorname{softmax}(z/T)\bigr) + (1 - \alpha)\, \mathrm{CE}(y, \operatorname{softmax}(z)) $$

# %%
show_source(distillation_loss)

# %% [markdown]
# Why $T^2$? The gradient of the divergence by $z$ is $(\operatorname{softmax}(z/T) - \operatorname{softmax}(v/T))/T$, and the difference itself falls as $1/T$. The factor keeps the teacher's share constant when $T$ is turned. For large $T$ one can expand: the loss tends to $\frac{1}{2K}\lVert (z - \bar z) - (v - \bar v)\rVert^2$. A hot teacher is a regression on centred
# logits:

# %%
g = torch.Generator().manual_seed(0)
z, v = torch.randn(5, 10, generator=g).double().requires_grad_(), torch.randn(5, 10, generator=g).double() * 2
centred = (z - z.mean(1, keepdim=True)) - (v - v.mean(1, keepdim=True))
limit = centred.square().sum(1).mean().item() / 20
for temperature in (1.0, 4.0, 16.0, 256.0):
    loss = distillation_loss(z, v, alpha=1.0, temperature=temperature)
    (gradient,) = torch.autograd.grad(loss, z)
    print(f"T = {temperature:5.0f}: loss {loss:.4f}, gradient {gradient.norm():.3f}   (limit {limit:.4f})")
assert abs(loss.item() - limit) < 0.002 * limit

# %% [markdown]
# Does it help? A teacher with two layers of 400 units and dropout, five seeds; students with 12, 64 and 256 units, alone or with $T = 4$ and $\alpha = .9$. "Distance" is the KL divergence of student and teacher at $T = 4$ on the *training* images: how well the student can do what it is told.

# %%
taught = records.load("optimization/distillation_width")["figures"]
students = {(r["width"], r["learning_rate"], r["temperature"]): r for r in taught}
for (width, rate, temperature), r in students.items():
    test_share, agrees, distance = (np.mean(r[key]) for key in ("test", "agrees", "distance"))
    print(f"{width:3d} units, rate {rate:<5}, {'alone' if temperature is None else 'taught':6s}: test {test_share:.4f} "
          f"± {np.std(r['test']):.4f}, agrees with the teacher {agrees:.3f}, distance {distance:.4f}")  # fmt: skip

# %%
gain = {key[:2]: np.mean(students[*key[:2], 4.0]["test"]) - np.mean(r["test"])
        for key, r in students.items() if key[2] is None}  # fmt: skip
print({key: f"{value:+.4f}" for key, value in gain.items()})
assert max(gain[12, 2e-3], gain[64, 2e-3]) < 0 < gain[256, 1e-2]
assert np.mean(students[12, 2e-3, 4.0]["distance"]) > 5 * np.mean(students[256, 2e-3, 4.0]["distance"])

# %% [markdown]
# For the smallest student, for which the method was made, teaching *costs* accuracy, and with 64 units still a little. For the one with 256 units it gains, .012 at the first learning rate and .007 at the larger one, so that this gain is not only that of a small rate again. What separates them is the distance: twelve units cannot reproduce ten soft numbers per image, and spend their few means on the attempt,
# whereas hard labels ask for nothing but the right side of a boundary. That is an explanation after the fact, from one data set; but a student that stays far from its teacher on the very images it was taught on is a warning that costs nothing to look at.
#
# Another record holds the temperature and the teacher's own labels, for the student with 12 units:

# %%
record = records.load("optimization/distillation")["figures"]
teachers, pupils = {}, {}
for smoothed in (0.0, 0.1):
    row = []
    for temperature in (1.0, 2.0, 4.0, 8.0):
        runs = [
            r
            for r in record
            if r["role"] == "distilled" and (r["smoothing"], r["temperature"]) == (smoothed, temperature)
        ]
        row.append(np.mean([r["accuracy"] for r in runs]))
    teacher = np.mean([r["accuracy"] for r in record if r["role"] == "teacher" and r["smoothing"] == smoothed])
    print(f"teacher smoothed by {smoothed}: {teacher:.3f}; students at T = 1, 2, 4, 8: {np.round(row, 3)}")
    assert row == sorted(row, reverse=True)
    teachers[smoothed], pupils[smoothed] = teacher, np.array(row)
assert teachers[0.1] > teachers[0.0]
assert (pupils[0.1] < pupils[0.0]).all()
softness = [(r["plain"], r["smoothed"]) for r in record if r["role"] == "softness"]
print("largest probability of the teacher at T = 4, plain and smoothed:", np.mean(softness, axis=0).round(2))

# %% [markdown]
# The hotter, the worse. And a teacher trained on smoothed labels is the *better* network and the *worse* teacher at every temperature: smoothing has pressed all wrong classes to one level, and with them what the student was to learn.
#
# ## The race
#
# Now all of them, each with the strength that two seeds on 800 validation images chose, then five seeds on the test images. One network, thirty epochs of Adam at 0.001, the rate falling to 0 along a cosine.

# %% mystnb={"image": {"alt": "Test accuracy of eleven methods, five seeds as dots and their mean as a bar. From none, 0.939, up to dropout on inputs and hidden units, 0.946, all differ little; squared error and label smoothing stand apart at 0.964 and 0.965. A vertical line marks the plain network at ten times the rate, 0.957."}}
names = sorted(race, key=lambda name: np.mean(race[name]["test"]))
fig, ax = plt.subplots(figsize=(6.8, 3.8))
for k, name in enumerate(names):
    ax.plot(race[name]["test"], [k] * 5, "o", ms=4, color=plot.PALETTE[1], alpha=0.7)
    ax.plot(np.mean(race[name]["test"]), k, "|", ms=16, mew=2.5, color=plot.PALETTE[0])
labels = [f"{name} ({race[name]['strength']:g})" if race[name]["strength"] else name for name in names]
ax.set_yticks(range(len(names)), labels)
ax.axvline(means["none", 1e-2, 30], ls=":", color="black")
ax.text(means["none", 1e-2, 30] + 0.0005, 0, "none, rate 0.01", fontsize=8)
ax.set(xlim=(0.92, 0.975), xlabel="test accuracy (dots: five seeds, bar: their mean)")
plt.show()

# %%
average = {name: np.mean(row["test"]) for name, row in race.items()}
for name in names:
    print(f"{name:19s} {average[name]:.4f}, against none {average[name] - average['none']:+.4f}")
assert all(abs(average[name] - average["none"]) < 0.002 for name in ("l1", "l2", "weight decay"))
assert max(average["fewer epochs"], average["drop connect"]) < average["none"]
assert average["dropout, inputs too"] > average["none"] + 0.003
assert sorted(average.values())[-3] < means["none", 1e-2, 30] < average["squared error"]
assert np.mean(race["label smoothing"]["train"]) > np.mean(race["none"]["train"])

# %% [markdown]
# $\ell_1$, $\ell_2$ and weight decay change nothing at all, to the third decimal. (So much for AdamW against Adam with a penalty: on this task there is nothing to win.) Fewer epochs and DropConnect cost a little, although validation data chose their strengths; both took the weakest on offer. Dropout gives a quarter of a point, with the inputs dropped too
# seven tenths, noise on the inputs half a point. All these methods lie left of the dotted line, the same network without any of them and with a better learning rate.
#
# That does not refute them. The labels are clean, there is little noise to be learnt by heart; the panel with noisy labels above shows what even the simplest of them can do when there is. But it is a warning about order: tune the optimiser first.
#
# ## All together
#
# At last everything this chapter has built, in one network: He's start, AdamW, a cosine schedule, batch normalisation, augmentation, dropout, weight decay, smoothed labels. Two layers of 256 rectifiers, nothing from PyTorch but linear layers and rectifiers.

# %%
show_source(combination.build)

# %%
combined = records.load("optimization/combination")
recipe = combination.Recipe(**combined["chosen"], epochs=combined["epochs"])
model, result = combination.train(recipe, X, y, seed=0)
final_accuracy = combination.accuracy(model, X_test, y_test)
print(f"test accuracy {final_accuracy:.3f}, plain network {unseen['accuracy']:.3f}")
assert 1 - final_accuracy < (1 - unseen["accuracy"]) / 2

# %% [markdown]
# Fewer than half of the errors of the plain network are left, here not much more than a quarter. And who deserves the credit? An **ablation study** (消融实验) takes out one part at a time, or adds one alone to nothing:

# %% mystnb={"image": {"alt": "Two panels of horizontal bars for eight parts of the recipe with five seeds as dots. Left, what test accuracy loses when the part is taken out of the whole: augmentation 0.017, Adam 0.005, batch normalisation 0.004, label smoothing 0.002, the other four about nothing. Right, what it gains alone over a network with no part: augmentation 0.018 with one seed far below zero, batch normalisation and label smoothing 0.014, He's start 0.012, Adam 0.008, dropout 0.006, weight decay 0.002, the schedule slightly negative."}}
scores = {name: np.array(r["test"]) for name, r in combined["results"].items()}
parts = sorted(combination.PARTS, key=lambda part: -np.mean(scores[f"without {part}"]))
fig, axes = plt.subplots(1, 2, figsize=(7.4, 3.4), sharey=True)
for k, part in enumerate(parts):
    lost = scores["all parts"].mean() - scores[f"without {part}"]
    gained = scores[f"only {part}"] - scores["no part"].mean()
    for ax, change in zip(axes, (lost, gained)):
        ax.barh(k, change.mean(), color=plot.PALETTE[0], alpha=0.5)
        ax.plot(change, [k] * 5, "o", ms=3, color=plot.PALETTE[1])
axes[0].set_yticks(range(len(parts)), [part.replace("_", " ") for part in parts])
axes[0].set(title="lost without it", xlabel="test accuracy")
axes[1].set(title="gained by it alone", xlabel="test accuracy")
plt.show()

# %%
lost = {part: scores["all parts"].mean() - scores[f"without {part}"].mean() for part in parts}
print("lost:", {part: f"{value:+.4f}" for part, value in sorted(lost.items(), key=lambda item: -item[1])})
gained = {part: scores[f"only {part}"].mean() - scores["no part"].mean() for part in parts}
print("alone:", {part: f"{value:+.4f}" for part, value in sorted(gained.items(), key=lambda item: -item[1])})
assert lost["augmentation"] > sum(max(value, 0) for part, value in lost.items() if part != "augmentation")
assert min(gained["he_start"], gained["dropout"]) > 0.004
assert max(abs(lost[part]) for part in ("he_start", "dropout", "weight_decay", "schedule")) < 0.002
assert scores["only augmentation"].min() < scores["no part"].mean()

# %% [markdown]
# Augmentation is nearly everything: without it 1.7 points go, more than for all the others together. Four parts can be left out without a measurable loss: He's start (batch normalisation makes it superfluous, as the section on [normalisation](normalization.ipynb) let us expect), dropout, weight decay, and the schedule.
# It would be wrong to call them useless. *Alone*, He's start and dropout do help; on top of the others nothing is left for them to mend.
#
# And what about the one dot of augmentation far to the left? We first took it for a training that got stuck, and were wrong. We train it once more and look at the test images after every epoch; then we let it go on for three epochs, in which the rate falls to 0:

# %%
alone = combination.Recipe(**combined["chosen"]).with_only("augmentation")
worst = int(np.argmin(scores["only augmentation"]))
torch.manual_seed(worst)
network = combination.build(alone)
optimizer = SGD(network.parameters(), lr=alone.sgd_rate)
after_each = {"accuracy": lambda model: combination.accuracy(model, X_test, y_test)}
settings = {"batch_size": alone.batch_size, "seed": worst, "metrics": after_each}
cross_entropy = torch.nn.CrossEntropyLoss()

# %%
steady = fit(network, cross_entropy, (X, y), optimizer, epochs=combined["epochs"], **settings)
falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 3)
ending = fit(network, cross_entropy, (X, y), optimizer, epochs=3, scheduler=falling, **settings)
hops, landing = (np.array(part.history["accuracy"]) for part in (steady, ending))
print(f"seed {worst}, the last ten epochs:", hops[-10:].round(3))
print("three more with a falling rate:   ", landing.round(3))
assert np.ptp(hops[-10:]) > 0.01
assert landing[-1] > hops[-10:].mean()
assert landing[-1] > 0.965

# %% [markdown]
# At a large constant rate the weights hop about until the end, and now and then the accuracy drops by several points for one epoch; the record caught this seed in such a moment. Three epochs with a falling rate bring it down, above the mean of those ten: the schedule, which "gives nothing" in the left panel and less than nothing alone, is just what this run lacked.
# Parts substitute for each other and rescue each other. A table of single gains, from whichever side, does not add up.
#
# ## Checked against PyTorch, scikit-learn and SciPy
#
# Dropout: once the mask is given, ours is PyTorch's function. (The random numbers differ, so we hand our layer the mask that PyTorch drew.) Smoothed cross-entropy and distillation: the library's loss, values and gradients.

# %%
x = torch.randn(7, 11, generator=torch.Generator().manual_seed(0)).double()
theirs = F.dropout(x, 0.3)
layer = Dropout(0.3)
layer._mask = lambda like, *shape: (theirs != 0).to(like)
print(f"dropout: largest difference {(layer(x) - theirs).abs().max():.0e}")
assert torch.allclose(layer(x), theirs, atol=1e-15)

# %%
goal = torch.randint(10, (5,), generator=torch.Generator().manual_seed(1))
peer_loss = torch.nn.KLDivLoss(reduction="batchmean")
pairs = {
    "label smoothing": (
        label_smoothing_cross_entropy(z, goal, smoothing=0.3),
        F.cross_entropy(z, goal, label_smoothing=0.3),
    ),
    "distillation": (
        distillation_loss(z, v, alpha=1.0, temperature=3.0),
        9 * peer_loss((z / 3).log_softmax(1), (v / 3).softmax(1)),
    ),
}
for name, (mine, peer) in pairs.items():
    slopes = [torch.autograd.grad(value, z)[0] for value in (mine, peer)]
    print(f"{name}: difference {abs(mine - peer).item():.0e}, of gradients {(slopes[0] - slopes[1]).abs().max():.0e}")
    assert torch.allclose(slopes[0], slopes[1], atol=1e-12)

# %%
for ratio in (1.0, 0.5, 0.1):
    peer = linear_model.ElasticNet(alpha=0.05, l1_ratio=ratio, tol=1e-12, max_iter=100_000).fit(Z, t).coef_
    for solver in ("coordinate_descent", "proximal_gradient"):
        mine = elastic_net.ElasticNet(alpha=0.05, l1_ratio=ratio, solver=solver).fit(Z, t).coef_
        print(f"elastic net, l1 share {ratio}, {solver:18s}: largest difference {np.abs(mine - peer).max():.0e}")
        assert np.allclose(mine, peer, atol=1e-6)

# %%
picture = two[0].double().numpy()
options = {"order": 1, "mode": "grid-constant"}
moves = {
    "turn": (augmentation.rotate(two.double(), 20.0), scipy.ndimage.rotate(picture, 20.0, reshape=False, **options)),
    "move": (augmentation.shift(two.double(), (1.5, -2.25)), scipy.ndimage.shift(picture, (1.5, -2.25), **options)),
}
for name, (mine, peer) in moves.items():
    print(f"{name}: largest difference {np.abs(mine[0].numpy() - peer).max():.0e}")
    assert np.allclose(mine[0].numpy(), peer, atol=1e-9)

# %% [markdown]
# ## What goes wrong
#
# Some of it has been shown on the way: $p$ read the wrong way round, the soft threshold replaced by a smooth slope, $\alpha$ off by a factor $N$, an impatient stop, masks that forget. Three more.
#
# **Forgetting `eval()`.** A network with dropout that is asked in training mode answers with one of its random subnetworks. Nothing warns; the accuracy is a bit lower, and the same question gets two answers:

# %%
torch.manual_seed(0)
with torch.no_grad():
    first, second = (dropped.train()(X_test).argmax(1) for _ in range(2))
    proper = dropped.eval()(X_test).argmax(1)
shares = [(answer == y_test).double().mean().item() for answer in (first, second, proper)]
print(f"training mode {shares[0]:.3f} and {shares[1]:.3f}, evaluation {shares[2]:.3f}; "
      f"the two disagree on {(first != second).double().mean():.1%}")  # fmt: skip
assert shares[2] > max(shares[:2]) + 0.01

# %% [markdown]
# **Adam with a penalty on noisy gradients.** Take weights that the data say nothing about: their gradients are pure noise, and a regulariser should let them fade. Decay shrinks all at one speed. A *penalty* under Adam is divided by the size of the noise, so that weights with the noisiest gradients, of all, are hardly regularised:

# %%
for sigma in (1.0, 8.0):
    left_over = {}
    for kind in ("l2", "decay"):
        w, g = torch.ones(2000).double(), torch.Generator().manual_seed(0)
        noise = torch.randn(800, 2000, generator=g, dtype=torch.float64) * sigma
        draws = iter(noise)
        way = descend(Adam([w], lr=0.002), lambda w, draws=draws: next(draws), 800, **{kind: 1.0})
        left_over[kind] = way[-1].mean().item()
    print(
        f"noise {sigma}: left of the weights under penalty {left_over['l2']:.2f}, under decay {left_over['decay']:.2f}"
    )
assert left_over["l2"] > 0.75 > 0.3 > left_over["decay"]

# %% [markdown]
# **Choosing at the edge.** The best strength of label smoothing was the last of its list, .8. A choice at the edge of a grid says that the grid is too short, or, as here, that the parameter does something else than one thinks. Look where in its range each winner lies. Five of ours lie at an edge:

# %%
at_edge = [
    name
    for name, row in race.items()
    if len(row["strengths"]) > 1 and row["strength"] in (row["strengths"][0], row["strengths"][-1])
]
for name in at_edge:
    print(f"{name}: chose {race[name]['strength']} among {race[name]['strengths']}")
assert len(at_edge) == 5

# %% [markdown]
# Three of them chose the *weakest* strength they had, and would have liked to be weaker still: their lists begin too high. Input noise, at its strongest, might have gone further. Our race is fair in that everybody had a list; it is not the last word on any of them.
#
# ## Exercises
#
# **1.** (Exercise 7-4 of the book.) Show that weight decay and an $\ell_2$ penalty are one under plain gradient descent. Write down the first two steps under momentum, from $v_0 = 0$, and find the first term in which they differ.
#
# <details>
# <summary>Answer</summary>
#
# $w - \alpha(g + \lambda w) = (1 - \alpha\lambda) w - \alpha g$, so $\beta = \alpha\lambda$. With momentum, $v_1 = g_1 + \lambda w_0$: the first step is the same. In the second, the penalty's $v_2$ contains $\mu\lambda w_0$, which the decay never has: every past pull of the penalty is kept and applied again, $1/(1 - \mu)$ times in the end.
# </details>
#
# **2.** Why is the resting point of Adam with decay, without noise, a box? Derive its half-width $1/\lambda$ and say what happens to weights whose optimum lies inside.
#
# <details>
# <summary>Answer</summary>
#
# Far from its optimum a weight has gradients of one sign, $\hat m/\sqrt{\hat v} \to \pm 1$, a step of $\eta$; the decay is $\eta\lambda w$. They balance at $|w| = 1/\lambda$. If the optimum is nearer, the gradient changes its sign there, the normalised step takes any value between $-1$ and $1$, and the decay is balanced without a shift.
# </details>
#
# **3.** (Exercise 7-5.) A network shall remember one bit for 50 steps. With new masks on the states, how large must the probability of keeping be so that a *linear* network retains half of the memory? Why can a trained one do with less?
#
# <details>
# <summary>Answer</summary>
#
# $\pi^{50} = .5$ gives $\pi = 2^{-1/50} \approx .986$. A trained network can write the bit into many units and restore its size by the saturation of tanh at every step; then the noise of the masks is averaged and cut off before it adds up.
# </details>
#
# **4.** (Exercise 7-6.) Find the logits at which the label-smoothed loss is least, in both conventions, and that least value for $K = 10$ and $\epsilon = .1$.
#
# <details>
# <summary>Answer</summary>
#
# The softmax must equal the smooth label. Book: gap $\ln(.9 \cdot 9/.1) = 4.39$, least loss $-.9\ln .9 - .1\ln(.1/9) = .545$ nats. PyTorch: right class .91, others .01: gap $\ln 91 = 4.51$, least loss $-.91 \ln .91 - .09\ln .01 = .500$.
# </details>
#
# **5.** Show that the renormalised geometric mean of the softmax outputs over all masks is the softmax of the mean logits. Where does the proof use that the dropped units are *directly* below the softmax?
#
# <details>
# <summary>Hint</summary>
#
# $\ln p_k^{(m)} = z_k^{(m)} - \ln\sum_j e^{z_j^{(m)}}$. The second term does not depend on $k$ and disappears in the normalisation. The mean of $z^{(m)}$ is the network with scaled weights only if $z$ is linear in the mask.
# </details>
#
# **6.** Train the plain network with Adam's rate at 0.01 for the first layer and 0.001 for the second, and the other way round. Which of the two comes nearer to 0.01 for both? What does the answer say about the supposition on the first layer?
#
# <details>
# <summary>Hint</summary>
#
# Give the optimiser two groups of parameters. With the one or two seeds that we tried both helped, the first layer more. Try five before you believe it.
# </details>
#
# **7.** Which two parts of the recipe can go *together* without a measurable loss? Write down a guess first, then try `recipe.without(a, b)`, and count how many pairs and seeds you would need for an honest answer.
#
# <details>
# <summary>Hint</summary>
#
# There are 28 pairs. Parts that substitute for each other, such as He's start and batch normalisation, can each go alone but perhaps not together. The spread over seeds is .002, so differences below that need many seeds.
# </details>
#
# **8.** Why does it make no sense to penalise the biases? Add 5 to the target of the elastic net above, and compare penalising the intercept with leaving it out.
#
# <details>
# <summary>Answer</summary>
#
# The intercept only sets the level. Penalised, it is pulled to 0, and the predictions depend on the origin of the target: a temperature in Celsius and in Kelvin would give different models.
# </details>
#
# ## Summary
#
# - A penalty and a constraint are one problem. $\ell_1$ gives exact zeros (by the soft threshold, not by a smoothed slope), $\ell_2$ none, $\ell_\infty$ equal sizes.
# - Weight decay is an $\ell_2$ penalty under plain gradient descent only. Under momentum it is weaker by $1 - \mu$; under Adam without noise it is a box.
# - Early stopping halves the error with noisy labels and does nothing for few clean images, although the validation loss turns in both.
# - Qiu's $p$ keeps, PyTorch's drops. The factor belongs to the layer's input. One softmax layer deep, scaled weights are exactly the geometric mean of all subnetworks; deeper, nearly.
# - MC dropout makes answers more modest, which mends an overconfident network and spoils a calibrated one. It did not sort doubtful images better than the entropy of one prediction.
# - New masks on recurrent links leave $\pi^t$ of a linear memory. One mask per sequence can be lived with.
# - Augmentation was worth more than everything else in the chapter; it has to respect what a label survives.
# - Most of the victory of label smoothing was a learning rate too small for its rivals. Distillation helped the student that could follow its teacher, and harmed the one that could not.
#
# ## Sources
#
# - Qiu (2019), 《神经网络与深度学习》, section 7.7, [nndl.github.io](https://nndl.github.io/).
# - Zou and Hastie (2005), Regularization and variable selection via the elastic net,
#   [doi:10.1111/j.1467-9868.2005.00503.x](https://doi.org/10.1111/j.1467-9868.2005.00503.x); Friedman, Hastie and Tibshirani (2010), Regularization paths for generalized linear models via
#   coordinate descent, [doi:10.18637/jss.v033.i01](https://doi.org/10.18637/jss.v033.i01).
# - Loshchilov and Hutter (2019), Decoupled weight decay regularization, [arXiv:1711.05101](https://arxiv.org/abs/1711.05101); Xie and Li (2024), Implicit bias of AdamW,
#   [arXiv:2404.04454](https://arxiv.org/abs/2404.04454).
# - Prechelt (1998), Automatic early stopping using cross validation, [doi:10.1016/S0893-6080(98)00010-0](https://doi.org/10.1016/S0893-6080%2898%2900010-0).
# - Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov (2014), Dropout, Journal of Machine Learning Research 15, 1929–1958; Baldi and Sadowski (2014), The dropout learning algorithm,
#   [doi:10.1016/j.artint.2014.02.004](https://doi.org/10.1016/j.artint.2014.02.004); Wager, Wang and Liang (2013), Dropout training as adaptive regularization,
#   [arXiv:1307.1493](https://arxiv.org/abs/1307.1493).
# - Gal and Ghahramani (2016), Dropout as a Bayesian approximation, [arXiv:1506.02142](https://arxiv.org/abs/1506.02142), and A theoretically grounded application of dropout in recurrent neural
#   networks, [arXiv:1512.05287](https://arxiv.org/abs/1512.05287); Zaremba, Sutskever and Vinyals (2014), Recurrent neural network regularization, [arXiv:1409.2329](https://arxiv.org/abs/1409.2329).
# - Wan, Zeiler, Zhang, LeCun and Fergus (2013), Regularization of neural networks using DropConnect, ICML; Huang, Sun, Liu, Sedra and Weinberger (2016), Deep networks with stochastic depth,
#   [arXiv:1603.09382](https://arxiv.org/abs/1603.09382).
# - Simard, Steinkraus and Platt (2003), Best practices for convolutional neural networks applied to visual document analysis,
#   [doi:10.1109/ICDAR.2003.1227801](https://doi.org/10.1109/ICDAR.2003.1227801).
# - Szegedy, Vanhoucke, Ioffe, Shlens and Wojna (2016), Rethinking the Inception architecture for computer vision, [arXiv:1512.00567](https://arxiv.org/abs/1512.00567).
# - Hinton, Vinyals and Dean (2015), Distilling the knowledge in a neural network, [arXiv:1503.02531](https://arxiv.org/abs/1503.02531).
# - Guo, Pleiss, Sun and Weinberger (2017), On calibration of modern neural networks, [arXiv:1706.04599](https://arxiv.org/abs/1706.04599).
