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
# # Optimisers (优化算法)
#
# Back-propagation says which way is down. It does not say how far to go, and that is most of the art. Go too far and the loss explodes; go carefully and
# you wait for weeks. Every optimiser of this section is one answer to the same question: given all the gradients seen so far,
# **in which direction, and how far in each coordinate?**
#
# The answers come with reputations. Adam is fast and needs no tuning. Adam generalises worse than plain descent. AdaDelta has no learning rate.
# Muon sets all singular values to one. We derive each method, hold our implementation against PyTorch's, and then put the reputations to the test: in a race of
# seventeen entrants in which every one of them may tune its rate, and in a few places where one cell of code is enough.
#
# **You need:** [back-propagation](../backprop/backpropagation.ipynb), and from [the landscape](landscape.ipynb) what a mini-batch gradient is and where $2/\eta$ comes
# from. For the last part, the singular value decomposition.
#
# **Time to run:** see the [Execution](../execution.md) page. Under half a minute on one core; the race is loaded from a record that travels with the book.
#
# Equation numbers are those of Qiu (2019), chapter 7, as far as formulas are his. The learning rate is $\alpha$, the gradient of step $t$ is $g_t$, and products, quotients and roots of vectors are meant entry by entry.

# %% tags=["install", "hide-cell"]
# Only where the package is missing, as on Colab.
import importlib.util

if importlib.util.find_spec("nndl_support") is None:
    print("This notebook needs the package nndl_support: run pip install '.[data]' in a copy of its repository.")

# %%
import math
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import torch
from scipy.optimize import minimize
from torch.nn import functional as F

# %%
from nndl_support import plot, records
from nndl_support.data.digits import load_digits, load_mnist_5k
from nndl_support.optimization import adam_bias, adam_counterexample, lbfgs, muon, race, schedules, unified
from nndl_support.optimization.adam import Adam, AdamW, NAdam
from nndl_support.optimization.adaptive import Adadelta, Adagrad, RMSprop
from nndl_support.optimization.descent_path import descend
from nndl_support.optimization.lbfgs import LBFGS
from nndl_support.optimization.lion import Lion
from nndl_support.optimization.muon import Muon
from nndl_support.optimization.sgd import SGD
from nndl_support.optimization.soap import SOAP
from nndl_support.optimization.surfaces import SURFACES, Surface, quadratic
from nndl_support.source import show_source

torch.set_num_threads(1)
plot.use_style()

# %% [markdown]
# ## Plain descent and its speed limit
#
# Stochastic gradient descent (随机梯度下降, SGD) steps by $\theta_t = \theta_{t-1} - \alpha g_t$. On a bowl with curvature $\lambda$ along one axis the gradient is $\lambda\theta$, and all of the
# dynamics is one factor:
#
# $$ \theta_t = (1 - \alpha\lambda)^t\, \theta_0 . $$
#
# It shrinks while $|1 - \alpha\lambda| < 1$, that is for $\alpha < 2/\lambda$. The steepest axis sets this limit for all the others. Here the curvatures are 1 and 25.

# %%
start, curvature = torch.tensor([-1.8, 0.6], dtype=torch.float64), torch.tensor([1.0, 25.0], dtype=torch.float64)
for factor in (1.9, 2.0, 2.1):
    rate = factor / 25
    end = descend(quadratic(25.0), start.tolist(), partial(SGD, lr=rate), 60)[-1]
    closed = (1 - rate * curvature) ** 60 * start
    print(f"rate {factor}/25: after 60 steps {end.numpy().round(4)}, closed form {closed.numpy().round(4)}")
    assert torch.allclose(end, closed, rtol=1e-9)
    assert (abs(end[1]) < 0.5) == (factor < 2)

# %%
for condition in (25, 1e6):
    steps = math.log(100) / -math.log1p(-1.9 / condition)
    print(f"curvatures 1 and {condition:g}: the flat coordinate shrinks a hundredfold in {steps:.3g} steps")

# %% [markdown]
# Just below the limit the steep coordinate shrinks by a factor of 0.9 a step and changes its sign each time. At the limit it swings for ever, above it explodes. And look at the flat coordinate: with nearly the
# largest rate that the steep one permits it needs about 60 steps for a factor of a hundred. With curvatures of 1 and a million it needs millions. So the ratio of the curvatures, the
# condition number (条件数), is the price of a single rate for everything. There are two ways out. One *accumulates* along directions in which successive gradients agree: momentum. The other gives each
# coordinate a rate of its own: the adaptive methods. Adam does both.
#
# ## Momentum
#
# Let a step keep a share $\rho$ of the last one:
#
# $$ \Delta\theta_t = \rho\, \Delta\theta_{t-1} - \alpha g_t = -\alpha \sum_{\tau=1}^{t} \rho^{\,t-\tau} g_\tau \tag{7.15} $$
#
# (One printing has $\beta$ and a stray comma in the place of $\rho$, [nndl #319](https://github.com/nndl/nndl/issues/319).) Where gradients point the same way the sum grows to $1/(1-\rho)$
# times a gradient: momentum (动量) of 0.9 is a rate ten times as large, along consistent directions only. Where they alternate, they cancel. The sum is, up to that factor, an **exponential moving average** (指数加权移动平均) of the
# gradients,
#
# $$ (1 - \rho) \sum_{\tau=1}^{t} \rho^{\,t-\tau} g_\tau, $$
#
# and this is Qiu's exercise 7-1. In code:

# %%
show_source(SGD._update, docstring="none")

# %%
rng = np.random.default_rng(0)
gradients = rng.normal(size=(40, 3))
walks = {}
for dampening in (0.0, 0.9):
    theta = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    optimizer, path = SGD([theta], lr=1.0, momentum=0.9, dampening=dampening), [np.zeros(3)]
    for g in gradients:
        theta.grad = torch.tensor(g)
        optimizer.step()
        path.append(theta.detach().numpy().copy())
    walks[dampening] = -np.diff(path, axis=0)

# %%
average = adam_bias.moving_averages(gradients, 0.9)
print(f"(1 - rho) x velocity against the average: largest difference {np.abs(0.1 * walks[0.0] - average).max():.1e}")
print(f"the same with dampening=0.9: largest difference {np.abs(walks[0.9] - average).max():.2f}")
assert np.abs(0.1 * walks[0.0] - average).max() < 1e-12
assert np.allclose(walks[0.9] - average, 0.9 * 0.9 ** np.arange(40)[:, None] * gradients[0], atol=1e-12)

# %% [markdown]
# The first line is the exercise. The second is a trap. PyTorch's `SGD` has an option `dampening` that multiplies new gradients by $1 - \text{dampening}$, and `dampening = momentum` looks as if it made
# the velocity an average. It does not: the first gradient enters undamped, with ten times the weight of any later one, and the assertion shows that this accounts for the whole difference.
#
# ### Where does the rate stand?
#
# In (7.15) the rate stands *inside* the sum. PyTorch (and we) keep $v_t = \rho v_{t-1} + g_t$ and step by $-\alpha v_t$: the rate stands *outside*. As long as it never changes, nobody can tell. Let it fall to a tenth at step 30, with
# a gradient that is always 1:

# %%
rates = np.where(np.arange(60) < 30, 0.1, 0.01)
inside, outside, velocity = [0.0], [], 0.0
for rate in rates:
    inside.append(0.9 * inside[-1] + rate)
    velocity = 0.9 * velocity + 1.0
    outside.append(rate * velocity)

# %%
inside, outside = np.array(inside[1:]), np.array(outside)
print(f"before the change: largest difference {np.abs(inside - outside)[:30].max():.1e}")
print(f"step 31: inside {inside[30]:.3f}, outside {outside[30]:.3f}")
print(f"way after the change: inside {inside[30:].sum():.2f}, outside {outside[30:].sum():.2f}")
assert np.abs(inside - outside)[:30].max() < 1e-12
assert inside[30:].sum() > 2 * outside[30:].sum()

# %% [markdown]
# With the rate inside, the old velocity rolls on with the old rate and dies out over some ten steps; with the rate outside, the change bites at once. Whoever ports a schedule from one program to another should know which
# of the two it was tuned for. A warm-up shows the mirror image: inside, the velocity is still small when the rate is already large.
#
# ### Overshoot, and Nesterov's look ahead
#
# A ball with momentum rolls through the bottom. Nesterov's method (Nesterov 加速梯度) asks for the gradient not where the ball is but where its momentum will carry it, and so begins to brake before the bottom instead of after it:
#
# \begin{align}
# \hat\theta &= \theta_{t-1} + \rho\, \Delta\theta_{t-1} \notag \\
# \Delta\theta_t &= \rho\, \Delta\theta_{t-1} - \alpha\, g(\hat\theta) \tag{7.16–7.18} \\
# \theta_t &= \theta_{t-1} + \Delta\theta_t \notag
# \end{align}
#
# A program would have to evaluate the gradient at a place where the parameters are not. The form in libraries steps along $g_t + \rho v_t$ at the present place. Is that the same method? It is, with other bookkeeping: what
# PyTorch calls the parameters is the *place looked at*, $\hat\theta$.

# %%
rosenbrock, place, change = SURFACES["rosenbrock"], np.array([-1.2, 1.0]), np.zeros(2)
looked_at = [place]
for _ in range(200):
    change = 0.9 * change - 5e-4 * rosenbrock.gradient(looked_at[-1])
    place = place + change
    looked_at.append(place + 0.9 * change)

# %%
path = descend(rosenbrock, (-1.2, 1.0), partial(SGD, lr=5e-4, momentum=0.9, nesterov=True), 200).numpy()
print(f"largest difference between our parameters and the places looked at: {np.abs(path - looked_at).max():.1e}")
print(f"... and the places themselves at the end: {np.abs(path[-1] - place).max():.1e}")
assert np.abs(path - looked_at).max() < 1e-12

# %% [markdown]
# Does the look ahead help? The three on the bowl, at the same rate:

# %%
makers = {
    "plain": partial(SGD, lr=0.03),
    "momentum 0.9": partial(SGD, lr=0.03, momentum=0.9),
    "Nesterov 0.9": partial(SGD, lr=0.03, momentum=0.9, nesterov=True),
}
paths = {name: descend(quadratic(25.0), start.tolist(), make, 120).numpy() for name, make in makers.items()}

# %% mystnb={"image": {"alt": "Left: three paths on an elongated bowl. Plain descent drops into the valley and creeps along it; momentum swings widely around the bottom; Nesterov's path swings much less. Right: the distance from the bottom on a logarithmic axis over 120 steps. Plain descent falls in a straight slow line, momentum falls faster with humps, Nesterov's momentum falls fastest."}}
fig, (left, right) = plt.subplots(1, 2, figsize=(7.2, 3.1))
grid = np.stack(np.meshgrid(np.linspace(-2, 1.4, 100), np.linspace(-0.8, 0.8, 100)), axis=-1)
left.contour(grid[..., 0], grid[..., 1], quadratic(25.0).value(grid), levels=10, colors="#BBBBBB", linewidths=0.7)
for (name, path), line in zip(paths.items(), ("-", "--", "-.")):
    left.plot(*path[:45].T, line, marker=".", ms=3, lw=1, label=name)
    right.semilogy(np.linalg.norm(path, axis=1), line, lw=1.3)
left.set(xlabel=r"$\theta_1$ (curvature 1)", ylabel=r"$\theta_2$ (curvature 25)")
right.set(xlabel="step", ylabel="distance from the bottom")
left.legend(fontsize=7.5, loc="upper right")
plt.show()

# %%
ends = {name: np.linalg.norm(path[-1]) for name, path in paths.items()}
overshoot = {name: path[:, 0].max() for name, path in paths.items()}
for name in paths:
    print(f"{name:13s} ends at a distance of {ends[name]:.1e}; rolls {overshoot[name]:.2f} beyond the bottom")
assert ends["Nesterov 0.9"] < ends["momentum 0.9"] < ends["plain"]
assert overshoot["Nesterov 0.9"] < overshoot["momentum 0.9"]

# %% [markdown]
# On quadratics all of this has closed forms; [normalisation](normalization.ipynb) uses one of them. For curvatures from 1 to $\kappa$ the best rate of plain descent is $2/(1+\kappa)$; with momentum
# the best pair (Polyak 1964) is $\alpha = \bigl(2/(1+\sqrt\kappa)\bigr)^2$ and $\rho = \bigl((\sqrt\kappa-1)/(\sqrt\kappa+1)\bigr)^2$. How many steps until the distance stays below a thousandth?

# %%
counts = {}
for condition in (4, 16, 64):
    root = math.sqrt(condition)
    heavy = partial(SGD, lr=(2 / (1 + root)) ** 2, momentum=((root - 1) / (root + 1)) ** 2)
    for name, make in (("plain", partial(SGD, lr=2 / (1 + condition))), ("momentum", heavy)):
        distance = descend(quadratic(condition), (1.0, 1.0), make, 300).norm(dim=1)
        counts[name, condition] = int((distance >= 1e-3).nonzero()[-1]) + 1
    print(f"condition {condition:2d}:", {name: counts[name, condition] for name in ("plain", "momentum")})
assert 3.5 < counts["plain", 64] / counts["plain", 16] < 4.5
assert 1.7 < counts["momentum", 64] / counts["momentum", 16] < 2.3

# %% [markdown]
# Four times the condition number costs plain descent four times the steps, momentum only twice: the number of steps grows with the condition number and with its *root*. That is why hardly anybody trains without it.
#
# ## A rate for every coordinate
#
# **AdaGrad** (Duchi and others 2011) divides each coordinate by the root of all its squared gradients so far:
#
# $$ G_t = \sum_{\tau=1}^{t} g_\tau \odot g_\tau \tag{7.8} $$
#
# $$ \Delta\theta_t = -\frac{\alpha}{\sqrt{G_t + \epsilon}} \odot g_t \tag{7.9} $$
#
# Scale a coordinate's gradients by any number and nothing changes. The first step has the length $\alpha$ in *every* coordinate. But the sum only grows, and so the rate falls like $1/\sqrt t$ even if nothing asks for it.
# **RMSprop** (Tieleman and Hinton 2012) forgets, by an exponential average in the place of the sum:
#
# $$ G_t = \beta G_{t-1} + (1 - \beta)\, g_t \odot g_t \tag{7.10} $$
#
# $$ G_t = (1 - \beta) \sum_{\tau=1}^{t} \beta^{\,t-\tau} g_\tau \odot g_\tau \tag{7.11} $$
#
# $$ \Delta\theta_t = -\frac{\alpha}{\sqrt{G_t + \epsilon}} \odot g_t \tag{7.12} $$
#
# (7.10) and (7.11) are the same thing, once as a recursion and once unrolled. (Most programs, ours included, put $\epsilon$ beside the root and not under it; for the usual tiny values this matters only where gradients are tiny too.) The difference between
# the two methods shows when the gradients change their size. Let it be 10 for 50 steps and then 0.1.

# %%
sizes = np.where(np.arange(600) < 50, 10.0, 0.1)
recursive = adam_bias.moving_averages(sizes**2, 0.99)
unrolled = np.array([unified.moving_average(sizes[:t, None] ** 2, 0.99)[0] for t in range(1, 601)])
step_sizes = {"AdaGrad": sizes / np.sqrt(np.cumsum(sizes**2)), r"RMSprop, $\beta = 0.99$": sizes / np.sqrt(recursive)}
step_sizes[r"RMSprop, $\beta = 0.9$"] = sizes / np.sqrt(adam_bias.moving_averages(sizes**2, 0.9))
print(f"recursion against sum: largest relative difference {np.abs(recursive / unrolled - 1).max():.1e}")
assert np.allclose(recursive, unrolled, rtol=1e-12)

# %% mystnb={"image": {"alt": "Length of the steps in units of the rate over 600 steps, logarithmic. All drop by a factor of a hundred when the gradients do at step 50. RMSprop with beta 0.9 is back at one after about a hundred steps, with beta 0.99 it is still at a quarter at step 600; AdaGrad stays below two thousandths for ever. At the very start both curves of RMSprop lie above one."}}
ax = plot.loss_curves(step_sizes, xlabel="step", ylabel=r"length of a step / $\alpha$", log=True)
plt.show()

# %%
for name, lengths in step_sizes.items():
    print(f"{name:26s} first step {lengths[0]:5.2f}, step 51 {lengths[50]:.4f}, last {lengths[-1]:.4f}")
back = int(np.argmax(step_sizes[r"RMSprop, $\beta = 0.9$"][50:] > 0.7))
print(f"RMSprop with 0.9 is above 0.7 again after {back} steps; ln(10^4) is {math.log(1e4):.1f}")
assert step_sizes["AdaGrad"][-1] < 2e-3
assert step_sizes[r"RMSprop, $\beta = 0.9$"][-1] > 0.99
assert step_sizes[r"RMSprop, $\beta = 0.99$"][-1] < 0.5
assert 8 < back / 10 < 10

# %% [markdown]
# AdaGrad never recovers from its first fifty steps. RMSprop does, but not as soon as one might think: its memory has a length of $1/(1-\beta)$ steps, and the average has to fall from $10^2$ to $10^{-2}$, which takes $\ln 10^4$, or nine, of these lengths. With
# $\beta = 0.99$ that is more than 900 steps, and our 600 are not enough. And at the left edge is something that neither the formula nor most texts mention: RMSprop's *first* step is
# $1/\sqrt{1-\beta}$ times too long, 10 for the usual $\beta = 0.99$, because the average starts at zero. Keep this in mind.
#
# **AdaDelta** (Zeiler 2012) starts from an observation about units (量纲). If $\theta$ is in metres and the loss a pure number, the gradient is in 1/metre; a step of plain descent, $\alpha g$, has the wrong unit, and that of RMSprop, a pure number times
# $\alpha$, has none. A step should be in metres. So multiply by the root mean square of the previous *steps*:
#
# $$ \Delta X^2_{t-1} = \beta\, \Delta X^2_{t-2} + (1 - \beta)\, \Delta\theta_{t-1} \odot \Delta\theta_{t-1} \tag{7.13} $$
#
# $$ \Delta\theta_t = -\frac{\sqrt{\Delta X^2_{t-1} + \epsilon}}{\sqrt{G_t + \epsilon}}\, g_t \tag{7.14} $$
#
# The rate is gone. It is a pretty argument, and one can put it to the test: one parabola, one metre from its bottom, and we ask how many steps it takes to come half-way. Then the same parabola in millimetres and in kilometres.

# %%
half_way = {}
methods = {"SGD": partial(SGD, lr=0.1), "AdaGrad": partial(Adagrad, lr=0.1), "AdaDelta": Adadelta}
methods |= {f"AdaDelta, eps {eps:g}": partial(Adadelta, eps=eps) for eps in (1e-10, 1e-8, 1e-4, 1e-2)}
for name, make in methods.items():
    for word, unit in (("mm", 1e-3), ("m", 1.0), ("km", 1e3)):
        parabola = Surface("", abs, lambda x, unit=unit: x * unit**2, ((-1, 1), (-1, 1)), np.empty((0, 2)))
        metres = descend(parabola, (1 / unit, 0.0), make, 5000)[:, 0] * unit
        arrived = (metres.abs() < 0.5).nonzero()
        half_way[name, word] = int(arrived[0]) if len(arrived) else None
    print(f"{name:20s}", {word: half_way[name, word] for word in ("mm", "m", "km")})

# %%
assert half_way["AdaDelta", "m"] is not None
assert half_way["AdaDelta", "mm"] is half_way["AdaDelta", "km"] is None
assert half_way["AdaDelta, eps 1e-10", "m"] > 500 * half_way["AdaDelta, eps 0.01", "m"]

# %% [markdown]
# In metres AdaDelta arrives; in millimetres and in kilometres it does not within 5000 steps (`None`), just like the methods it was to replace. (In millimetres it crawls. In kilometres it leaps over the bottom, back, and a little further each time. AdaGrad's first leap there is absurd too, but its rate falls by so much at once that it gets away with it.) The argument is correct and the algorithm does not follow it. The same $\epsilon$ is added to squares of steps *and* to squares of gradients, two quantities of different
# units, so it has a meaning in one system of units only. And with no steps to start from, $\epsilon$ *is* the first step: from $10^{-10}$ to $10^{-2}$ the number of steps falls from thousands to a couple. AdaDelta has a learning rate. It is called
# $\epsilon$, and nobody tunes it. (In the race below AdaDelta gets a factor in front, as PyTorch's has, and we shall see which one it wants.)

# %% [markdown]
# ## Adam
#
# Momentum in the numerator, RMSprop in the denominator, and one more idea. Adam (Kingma and Ba 2015; 自适应动量估计) keeps
#
# $$ M_t = \beta_1 M_{t-1} + (1 - \beta_1)\, g_t \tag{7.19} $$
#
# $$ G_t = \beta_2 G_{t-1} + (1 - \beta_2)\, g_t \odot g_t \tag{7.20} $$
#
# and corrects both for having started at zero:
#
# $$ \hat M_t = \frac{M_t}{1 - \beta_1^t} \tag{7.21} $$
#
# $$ \hat G_t = \frac{G_t}{1 - \beta_2^t} \tag{7.22} $$
#
# $$ \Delta\theta_t = -\frac{\alpha}{\sqrt{\hat G_t + \epsilon}}\, \hat M_t \tag{7.23} $$
#
# Exercise 7-2 asks why. If all gradients have the same expectation, (7.19) unrolled gives
#
# $$ \mathbb E[M_t] = (1 - \beta_1) \sum_{\tau=1}^{t} \beta_1^{\,t-\tau}\, \mathbb E[g] = (1 - \beta_1^t)\, \mathbb E[g], $$
#
# a geometric sum. Dividing by $1 - \beta_1^t$ makes $\mathbb E[\hat M_t] = \mathbb E[g]$, exactly, in every step; the same holds for $\hat G_t$ and $\mathbb E[g^2]$. Independence is not needed. Here are 20,000 runs with gamma-distributed gradients of mean 3:

# %%
draws = rng.gamma(2.0, 1.5, size=(40, 20_000))
t = np.arange(1, 41)
raw = adam_bias.moving_averages(draws, 0.9)
corrected = raw / (1 - 0.9 ** t[:, None])
error = corrected.std(axis=1) / math.sqrt(20_000)

# %%
print("t           1      5      20     40")
for name, values in (("M", raw), ("M hat", corrected)):
    print(f"E[{name}]".ljust(9), *(f"{values[i - 1].mean():6.3f}" for i in (1, 5, 20, 40)))
print("formula  ", *(f"{adam_bias.expected_average(3.0, 0.9, i):6.3f}" for i in (1, 5, 20, 40)))
assert np.all(np.abs(corrected.mean(axis=1) - 3.0) < 5 * error)

# %% [markdown]
# An erratum of an early draft belongs here ([nndl #95](https://github.com/nndl/nndl/issues/95)): its last line divided by the root of $G_t$, not of $\hat G_t$. Half a correction is worse than none. For a constant gradient all four variants have closed forms, and the length of a step is

# %%
show_source(adam_bias.step_lengths)

# %%
t = np.arange(1, 3001)
variants = {"both corrected": (True, True), "only $M$ (the draft)": (True, False), "none": (False, False)}
lengths = {
    name: adam_bias.step_lengths(0.9, 0.999, t, correct_mean=mean, correct_square=square)
    for name, (mean, square) in variants.items()
}
lengths[r"only $M$, $\beta_2 = 0.99$"] = adam_bias.step_lengths(0.9, 0.99, t, correct_square=False)

# %% mystnb={"image": {"alt": "Length of Adam's step for a constant gradient in units of the rate, over the step on a logarithmic axis. With both corrections it is one throughout. With only M corrected it starts at 32 and is still above one after a thousand steps; with beta two 0.99 it starts at 10. Without corrections it starts at 3, rises to 6.6 near step 12, and then falls towards one."}}
fig, ax = plt.subplots(figsize=(6.4, 3))
for (name, values), line in zip(lengths.items(), ("-", "--", "-.", ":")):
    ax.loglog(t, values, line, label=name)
ax.set(xlabel="step $t$", ylabel=r"length of a step / $\alpha$")
ax.legend()
plt.show()

# %%
none, half = lengths["none"], r"only $M$, $\beta_2 = 0.99$"
print(
    f"only M corrected: first step {lengths['only $M$ (the draft)'][0]:.1f} times the rate, with 0.99 {lengths[half][0]:.0f} times"
)
print(f"... step 1000 is {lengths['only $M$ (the draft)'][999]:.2f} times the rate")
print(f"no correction: first step {none[0]:.2f}, longest {none.max():.2f} at step {none.argmax() + 1}")
assert np.isclose(lengths["only $M$ (the draft)"][0], math.sqrt(1000))
assert np.isclose(lengths[half][0], 10)
assert lengths["only $M$ (the draft)"][999] > 1.2
assert none.max() < lengths["only $M$ (the draft)"][0]

# %% [markdown]
# With the usual $\beta_2 = 0.999$ the draft's formula makes the first step 32 times too long, and the thousandth still by a quarter. (The draft recommends $\beta_2 = 0.99$, which makes it 10. Kingma and Ba, and every library, have 0.999.) The figure also tells why one sees
# a **warm-up** beside Adam so often: the first steps have full length, and rest on averages over a handful of examples.
#
# ### Where Adam goes to the wrong end
#
# Adam's proof of convergence had a gap, and Reddi, Kale and Kumar (2018) found an example that falls through it. One variable in $[-1, 1]$; the losses are straight lines, one steep, $1010\,x$, then a hundred gentle ones, $-10\,x$, and again. Over a cycle they add up to
# $10\,x$: the best point is $-1$. The rate is $\alpha/\sqrt t$, as the theory wants.

# %%
cycles = {
    "SGD": partial(SGD, lr=0.001),
    r"Adam, $\beta_2 = 0.99$": partial(Adam, lr=1.0, betas=(0.9, 0.99)),
    r"AMSGrad, $\beta_2 = 0.99$": partial(Adam, lr=1.0, betas=(0.9, 0.99), amsgrad=True),
    r"Adam, $\beta_2 = 0.9999$": partial(Adam, lr=1.0, betas=(0.9, 0.9999)),
}
places = {name: adam_counterexample.follow(make, 40).numpy() for name, make in cycles.items()}

# %% mystnb={"image": {"alt": "Place after each of 40 cycles for four optimisers. Adam with beta two 0.99 climbs steadily to plus one, the worst point, and stays. SGD and AMSGrad go towards minus one, and Adam with beta two 0.9999 also drifts slowly downwards."}}
ax = plot.loss_curves(places, xlabel="cycle of 101 steps", ylabel="place $x$ (best: $-1$)")
plt.show()

# %%
for name, values in places.items():
    print(f"{name:25s} ends at {values[-1]:+.3f}")
assert places[r"Adam, $\beta_2 = 0.99$"][-1] == 1.0
assert places[r"AMSGrad, $\beta_2 = 0.99$"][-1] < -0.5
assert np.all(np.diff(places[r"Adam, $\beta_2 = 0.9999$"]) < 0)

# %% [markdown]
# Adam walks to the **worst** point and stays there. The reason is the division: the steep gradient, 101 times as large, is divided by a root that it dominates itself, and so counts as one long step instead of 101; a hundred steps later the denominator has forgotten it, and the gentle
# gradients make full steps the wrong way. Rare, large and important gradients are exactly what Adam plays down.
# **AMSGrad** divides by the largest $G$ seen so far, $\tilde G_t = \max(\tilde G_{t-1}, G_t)$, so that the denominator cannot forget. The last line is the other remedy: with a memory of $1/(1-\beta_2) = 10{,}000$ steps, many cycles, Adam turns round by itself. Zhang and others (2022) proved this in general; which $\beta_2$ is
# large enough depends on the problem. In the race we shall see whether AMSGrad buys anything when no adversary chooses the losses.
#
# ### Two relatives
#
# **Nadam** (Dozat 2016) puts Nesterov's look ahead in the place of the momentum, and so weighs the newest gradient more:
#
# $$ \Delta\theta_t = -\frac{\alpha}{\sqrt{\hat G_t} + \epsilon} \Bigl( \beta_1 \hat M_t + \frac{1 - \beta_1}{1 - \beta_1^t}\, g_t \Bigr) $$
#
# (PyTorch and we let the look ahead grow, with $\mu_t = \beta_1 (1 - \frac12\, 0.96^{t/250})$ in the place of a constant $\beta_1$.) **AdamW** (Loshchilov and Hutter 2019) mends weight decay (权重衰减). Adding $\lambda\theta$ to the gradient, as one does for an
# $\ell_2$ penalty, has it divided by $\sqrt{\hat G}$ as well: weights with large gradients are then hardly shrunk at all. AdamW multiplies the weights by $1 - \alpha\lambda$ apart from the gradient. For SGD without momentum both are the same (exercise 5); for Adam they are different methods.
# Two weights, both 1; the gradients are noise, of size 0.1 for one and of size 10 for the other. What does each way of decaying take away, beside what the noise does anyway?

# %%
pushes = torch.randn(1000, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * torch.tensor(
    [0.1, 10.0]
)
ends = {}
for name, make, decay in (("noise", Adam, 0.0), ("Adam with a penalty", Adam, 0.1), ("AdamW", AdamW, 0.1)):
    w = torch.ones(2, dtype=torch.float64, requires_grad=True)
    optimizer = make([w], lr=0.001, weight_decay=decay)
    for g in pushes:
        w.grad = g
        optimizer.step()
    ends[name] = w.detach().numpy()

# %%
lost = {name: ends["noise"] - ends[name] for name in ("Adam with a penalty", "AdamW")}
for name, (small, large) in lost.items():
    print(f"{name:20s} takes {small:.3f} where gradients are small, {large:.3f} where they are large")
assert lost["Adam with a penalty"][0] > 20 * lost["Adam with a penalty"][1]
assert np.isclose(*lost["AdamW"], rtol=1e-3)

# %% [markdown]
# The penalty spares the weight with the large gradients; the decay treats both alike.
#
# ## One form for all
#
# By now a pattern is visible. Every method so far is
#
# $$ \Delta\theta_t = -\frac{\alpha}{\sqrt{\psi(g_1, \dots, g_t)}} \odot \phi(g_1, \dots, g_t), $$
#
# a direction $\phi$ and a squared scale $\psi$, both functions of the gradients so far. We take this at its word: a class that stores *all* gradients and calls two functions, written as sums. That costs a time quadratic in the number of steps, and is of no use but one: it cannot have the same mistakes as an implementation with buffers.

# %%
show_source(unified.UnifiedOptimizer.step, docstring="none")

# %%
partners = {
    "SGD": SGD,
    "momentum": partial(SGD, momentum=0.9),
    "Nesterov": partial(SGD, momentum=0.9, nesterov=True),
    "AdaGrad": partial(Adagrad, eps=1e-8),
    "RMSprop": RMSprop,
    "AdaDelta": Adadelta,
    "Adam": Adam,
    "AMSGrad": partial(Adam, amsgrad=True),
    "Nadam": NAdam,
    "Lion": Lion,
}
stream = rng.normal(size=(150, 7)) * np.geomspace(0.01, 30, 7)

# %%
print(f"{'':9s} {'scale psi':39s} {'direction phi':33s} largest difference")
for name, rule in unified.rules().items():
    eps = 1e-8 if name in ("AdaGrad", "RMSprop", "Adam", "AMSGrad", "Nadam") else 0.0
    formal = unified.UnifiedOptimizer(rule.psi, rule.phi, lr=0.03, eps=eps, eps_inside=rule.eps_inside)
    theta, there = torch.ones(7, dtype=torch.float64, requires_grad=True), np.ones(7)
    optimizer = partners[name]([theta], lr=0.03)
    for g in stream:
        theta.grad = torch.tensor(g)
        optimizer.step()
        there = formal.step(there, g)
    difference = np.abs(there - theta.detach().numpy()).max()
    print(f"{name:9s} {rule.psi_text:39s} {rule.phi_text:33s} {difference:.0e}")
    assert difference < (1e-6 if name == "Nadam" else 1e-11)

# %% [markdown]
# Ten optimisers, one class, and differences from rounding only. (Nadam's is larger: like PyTorch's it keeps the product of its momenta in 32 bits.) Read the table by columns. The column of $\psi$ is a history of forgetting: nothing, everything, an average, a maximum. Between
# AdaDelta and RMSprop lies one quotient, between Adam and RMSprop a momentum and a correction. And the last row, Lion, has no denominator at all and yet takes steps of one size: the sign does it.
#
# What does *not* fit into the form? Whatever mixes coordinates. We come to that.
#
# ## Paths
#
# Six of them on two classical surfaces, from one start. So that no method is favoured by our choice of a rate, each one has tried nine, and the one that ends with the smallest loss is shown. (On the plane one may peek. In the race we shall not.)

# %%
walkers = {
    "SGD": SGD,
    "momentum": partial(SGD, momentum=0.9),
    "AdaGrad": Adagrad,
    "RMSprop": RMSprop,
    "Adam": Adam,
    "Lion": Lion,
}
stages, best = {"beale": (1.0, 1.5), "rosenbrock": (-1.5, 2.0)}, {}

# %%
for stage, begin in stages.items():
    surface = SURFACES[stage]
    for name, make in walkers.items():
        tried = []
        for rate in np.geomspace(1e-4, 1, 9):
            path = descend(surface, begin, partial(make, lr=rate), 200).numpy()
            if len(path) == 201 and np.abs(path).max() < 10:
                tried.append((surface.value(path[-1]), rate, path))
        best[stage, name] = min(tried, key=lambda trial: trial[0])
    print(stage, ", ".join(f"{name} {best[stage, name][0]:.3f} (rate {best[stage, name][1]:.2g})" for name in walkers))
first_leap = np.abs(np.diff(best["rosenbrock", "RMSprop"][2], axis=0)[0])
assert np.allclose(first_leap, 10 * best["rosenbrock", "RMSprop"][1], rtol=1e-3)
assert best["rosenbrock", "RMSprop"][2][-1, 0] > 1.5
assert best["beale", "Lion"][0] > 0.01 > max(best["beale", name][0] for name in walkers if name != "Lion")
assert min(best["rosenbrock", name][0] for name in ("SGD", "AdaGrad")) > 10 * best["rosenbrock", "momentum"][0]

# %% mystnb={"image": {"alt": "Two contour maps, Beale's function and Rosenbrock's, with the paths of six optimisers growing frame by frame from a common start; a star marks each minimum."}}
figure, axes = plt.subplots(1, 2, figsize=(7.2, 3.5))
lines = []
for ax, (stage, limits) in zip(axes, (("beale", ((-0.5, 4), (-1.2, 2))), ("rosenbrock", ((-2.2, 2.4), (-1, 4.5))))):
    grid = np.stack(np.meshgrid(*(np.linspace(*limit, 120) for limit in limits)), axis=-1)
    height = np.log10(SURFACES[stage].value(grid) + 1e-2)
    ax.contour(grid[..., 0], grid[..., 1], height, levels=14, colors="#CCCCCC", linewidths=0.7)
    ax.plot(*SURFACES[stage].minima[0], "*", color="#333333", ms=11)
    ax.set(xlim=limits[0], ylim=limits[1], xlabel="$x$", ylabel="$y$", title=SURFACES[stage].name)
    ax.grid(False)
    lines += [(ax.plot([], [], "-o", ms=2, lw=1.3, label=name)[0], best[stage, name][2]) for name in walkers]
figure.legend(handles=[line for line, _ in lines[:6]], loc="outside lower center", ncol=6, fontsize=8)
plot.animate(
    lambda frame: [line.set_data(*path[: 5 * frame + 1].T) for line, path in lines],
    41,
    figure,
    dpi=80,
    alt="Paths of six optimisers over Beale's and Rosenbrock's functions, five steps a frame.",
)

# %% [markdown]
# On Beale's function all arrive but Lion, whose step never gets shorter than its rate: it dances past the star. In Rosenbrock's bent valley plain descent and AdaGrad creep, momentum follows the floor, and Adam, at the largest rate that we offered, cuts the corner. The strangest path is RMSprop's. Its first step is ten times its rate, as we saw, and at the best of the nine rates that throws it clean across the ridge
# into the *other* arm of the valley, where it does quite well. Its best rate is the one whose accident ends best.
#
# Such animations are beautiful, and everybody has seen one. Do they teach anything about networks? A caution, with numbers. The coordinatewise methods see the plane through its two axes. Turn the axes of a bowl of condition 100 under them, everything else equal, and count the steps until the loss stays below $10^{-3}$:

# %%
steps = {}
for name, make in (
    ("SGD", partial(SGD, lr=0.018)),
    ("momentum", partial(SGD, lr=0.018, momentum=0.8)),
    ("AdaGrad", partial(Adagrad, lr=0.5)),
    ("Adam", partial(Adam, lr=0.1)),
):
    for degrees in (0, 22.5, 45):
        angle = math.radians(degrees)
        c, s = math.cos(angle), math.sin(angle)
        bowl, begin = quadratic(100.0, angle), (1.5 * c - s, 1.5 * s + c)
        height = bowl.value(descend(bowl, begin, make, 600))
        steps[name, degrees] = int((height >= 1e-3).nonzero()[-1]) + 1
    print(f"{name:9s}", {f"{degrees} degrees": steps[name, degrees] for degrees in (0, 22.5, 45)})
assert steps["SGD", 0] == steps["SGD", 45]
assert steps["Adam", 0] < steps["SGD", 0] < steps["Adam", 45]
assert steps["AdaGrad", 45] > 20 * steps["AdaGrad", 0]

# %% [markdown]
# Plain descent and momentum do not notice. AdaGrad goes from a dozen steps to hundreds, and Adam from twice as fast as plain descent to nearly twice as slow. The usual pictures have their valleys along the axes and so show the adaptive methods at their best. In a network the axes are
# single weights, and whether the loss is aligned with them is an empirical question. Put the other way: if one could *find* good axes first, Adam would be much better. That is the idea of SOAP, at the end of this section.

# %% [markdown]
# ## Schedules
#
# A constant rate has to serve two masters. Early, long steps save time. Late, the noise of the mini-batches shakes the weights about the minimum, with an amplitude that grows with the rate. A **schedule** (学习率衰减) lets it fall. The classical decays answer one question in two ways: does the rate lose a constant
# *share* in each step, or an ever smaller one?
#
# $$ \alpha_t = \frac{\alpha_0}{1 + \beta t} \tag{7.5} $$
#
# $$ \alpha_t = \alpha_0\, \beta^t, \quad \beta < 1 \tag{7.6} $$
#
# $$ \alpha_t = \alpha_0\, e^{-\beta t} \tag{7.7} $$
#
# Inverse time (逆时衰减), exponential (指数衰减), natural exponential (自然指数衰减). The last two are one family; but the same letter is a share *kept* in (7.6) and a share *lost* in (7.7): $\beta = 0.96$ is a gentle decay in one, and in the other the rate is below a hundredth after five steps.
# Only (7.5) has a sum that diverges while the sum of its squares converges, which is the classical condition for noisy descent to arrive (Robbins and Monro 1951). With (7.6) all steps to come have a total length of at most $\alpha_0/(1-\beta)$ gradients: if the minimum is further away, one never arrives.
#
# The newer ones: the **piecewise constant** staircase (分段常数衰减), with a factor $\beta_m$ from the milestone $T_m$ on; the **cosine** (余弦衰减), slow at both ends; **warm-up** (预热), which climbs first, for $T'$ steps, and then hands over to another schedule; **triangles** (三角循环), which climb
# for $u$ steps, fall for $u$, and again, for ever; and **warm restarts** (SGDR, 热重启), which fall and jump back, $T_{\text{cur}}$ being the time since the last jump and $T_i$ the length of the present period. In this order:
#
# \begin{align}
# \alpha_t &= \alpha_0\, \beta_m, \quad T_m \le t < T_{m+1} \notag \\
# \alpha_t &= \tfrac12 \alpha_0 \bigl( 1 + \cos(\pi t / T) \bigr) \notag \\
# \alpha_t &= \alpha_0\, (t + 1) / T', \quad t < T' \notag \\
# \alpha_t &= \alpha_{\min} + (\alpha_{\max} - \alpha_{\min}) \max(0, 1 - \lvert t/u - 2m + 1 \rvert) \notag \\
# m &= \lfloor 1 + t/(2u) \rfloor \notag \\
# \alpha_t &= \tfrac12 \alpha_0 \bigl( 1 + \cos(\pi T_{\text{cur}} / T_i) \bigr) \notag
# \end{align}

# %%
show_source(
    schedules.InverseTimeLR.rate, schedules.CosineAnnealingLR.rate, schedules.CosineAnnealingWarmRestarts.period
)

# %%
fresh = lambda lr=0.1: torch.optim.SGD([torch.zeros(1, requires_grad=True)], lr=lr)  # noqa: E731

# %%
shown = {
    "inverse time": schedules.InverseTimeLR(fresh(), beta=0.1),
    "exponential": schedules.ExponentialLR(fresh(), gamma=0.95),
    "piecewise constant": schedules.PiecewiseConstantLR(fresh(), [30, 60], [0.3, 0.1]),
    "warm-up, then cosine": schedules.WarmupLR(schedules.CosineAnnealingLR(fresh(), T_max=90), total_iters=10),
    "triangular": schedules.CyclicLR(fresh(), base_lr=0.01, max_lr=0.1, step_size_up=15),
    "warm restarts": schedules.CosineAnnealingWarmRestarts(fresh(), T_0=14, T_mult=2),
}

# %% mystnb={"image": {"alt": "Six small panels with the learning rate over a hundred steps: inverse time falls steeply and then flattens, exponential falls to near zero, piecewise constant goes down in two stairs, warm-up climbs for ten steps and then follows half a cosine, triangular goes up and down three times, warm restarts fall and jump back at steps 14 and 42, each fall twice as long."}}
fig, axes = plt.subplots(2, 3, figsize=(7.2, 3.2), sharex=True, sharey=True)
for ax, (name, schedule) in zip(axes.flat, shown.items()):
    ax.plot([schedule.rate(t) for t in range(100)], color=plot.PALETTE[0])
    ax.set_title(name, fontsize=8.5)
fig.supxlabel("step", fontsize=9)
fig.supylabel("learning rate", fontsize=9)
plt.show()

# %%
t = np.arange(98)  # at 98 is the next restart
formulas = {
    "inverse time": 0.1 / (1 + 0.1 * t),
    "exponential": 0.1 * 0.95**t,
    "piecewise constant": 0.1 * np.select([t < 30, t < 60], [1.0, 0.3], 0.1),
    "warm-up, then cosine": np.where(t < 10, 0.1 * (t + 1) / 10, 0.05 * (1 + np.cos(np.pi * (t - 9) / 90))),
    "triangular": 0.01 + 0.09 * np.maximum(0, 1 - np.abs(t / 15 - 2 * np.floor(1 + t / 30) + 1)),
    "warm restarts": 0.05 * (1 + np.cos(np.pi * np.select([t < 14, t < 42], [t / 14, (t - 14) / 28], (t - 42) / 56))),
}
apart = {name: np.abs([schedule.rate(i) for i in t] - formulas[name]).max() for name, schedule in shown.items()}
print(f"largest difference from the formulas: {max(apart.values()):.0e}")
assert max(apart.values()) < 1e-12

# %%
kept = {
    kind.__name__: kind(fresh(1.0), 0.96).rate(5) for kind in (schedules.ExponentialLR, schedules.NaturalExponentialLR)
}
print("0.96, share of the rate after five steps:", {name: round(share, 4) for name, share in kept.items()})
totals = {
    n: (shown["exponential"].rate(np.arange(n)).sum(), shown["inverse time"].rate(np.arange(n)).sum())
    for n in (1000, 10**6)
}
for n, (exponential, inverse) in totals.items():
    print(f"sum of {n:7d} rates: exponential {exponential:.3f}, inverse time {inverse:.2f}")
assert kept["ExponentialLR"] > 0.8
assert kept["NaturalExponentialLR"] < 0.01
assert np.isclose(totals[10**6][0], 0.1 / (1 - 0.95))
assert totals[10**6][1] > 2 * totals[1000][1]

# %% [markdown]
# The formulas hold, $\alpha_0/(1-\beta)$ is where the exponential rates stop adding up, and the inverse-time ones go on.
#
# In ours each schedule is a closed form `rate(t)`. PyTorch has six of the same name, written as recursions: the new rate from the present one. On their own the two agree to the last digits:

# %%
pairs = {
    "ExponentialLR": {"gamma": 0.97},
    "MultiStepLR": {"milestones": [30, 80], "gamma": 0.3},
    "LinearLR": {"start_factor": 0.1, "total_iters": 40},
    "CosineAnnealingLR": {"T_max": 60, "eta_min": 0.01},
    "CosineAnnealingWarmRestarts": {"T_0": 7, "T_mult": 2},
    "CyclicLR": {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 11, "mode": "triangular2"},
}

# %%
for name, options in pairs.items():
    apart = 0.0
    more = {"cycle_momentum": False} if name == "CyclicLR" else {}
    ours = getattr(schedules, name)(fresh(), **options)
    theirs = getattr(torch.optim.lr_scheduler, name)(fresh(), **options, **more)
    for _ in range(300):
        for schedule in (ours, theirs):
            schedule.optimizer.step()
            schedule.step()
        apart = max(apart, abs(ours.get_last_lr()[0] - theirs.get_last_lr()[0]))
    print(f"{name:28s} largest difference over 300 steps {apart:.0e}")
    assert apart < 1e-12

# %% [markdown]
# Together they do not. Chain the cosine with an exponential decay, which PyTorch's documentation invites one to do, and go on after the bottom of the cosine:

# %%
chained = {}
for label, package in (("ours", schedules), ("torch", torch.optim.lr_scheduler)):
    optimizer = fresh(0.4)
    cosine = package.CosineAnnealingLR(optimizer, T_max=10, eta_min=0.1)
    both = torch.optim.lr_scheduler.ChainedScheduler([cosine, package.ExponentialLR(optimizer, gamma=0.9)])
    chained[label] = []
    for _ in range(22):
        chained[label].append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        both.step()

# %%
product = [(0.1 + 0.15 * (1 + math.cos(math.pi * t / 10))) * 0.9**t for t in range(22)]
print("step    ", *(f"{t:7d}" for t in range(9, 21, 2)))
for label, values in (chained | {"formula": product}).items():
    print(f"{label:8s}", *(f"{values[t]:7.3f}" for t in range(9, 21, 2)))
assert np.allclose(chained["ours"], product, rtol=1e-9)
assert min(chained["torch"]) < -0.2

# %% [markdown]
# PyTorch's rates become **negative**, and the optimiser climbs, without a warning. Its cosine looks at the present rate, which the other schedule has changed, and after the bottom adds a rise that belongs to the untouched $\alpha_0$. (The documentation does call it a
# recursive approximation.) Print your rates before you trust them. Another popular mistake needs no library: a schedule made for epochs and stepped once a batch has ended before the first epoch has.
#
# ## The race
#
# Now data. One hidden layer of 100 rectified units on MNIST-5k, batches of 50, 12 epochs; thirteen optimisers, some of them with a cosine down to zero as well, so that there are seventeen entrants; the same initial weights and the same batches for all. Whoever compares optimisers at their default rates compares
# defaults. So each entrant tries the same eleven rates from $10^{-4}$ to 10, two runs each, and is judged by its mean accuracy on 800 *validation* images that are taken out of the training set. If the best rate were at an end of the grid, the grid would be continued; nobody needed it. With the rate that wins, five new seeds train on all 4000 training images, and only
# now the test images are looked at. All this takes some minutes and is in a record.

# %%
record = records.load("optimization/optimizer_race")
entrants = record["figures"]
final = {name: np.array(entry["test_accuracy"])[:, -1] for name, entry in entrants.items()}
print("training loss after 1, 3 and 12 epochs, test accuracy after 12:")
print(f"{'':19s} rate  1      3      12        test accuracy     CPU s")
for name, entry in sorted(entrants.items(), key=lambda item: -final[item[0]].mean()):
    loss = np.mean(entry["training_loss"], axis=0)
    tests = f"{final[name].mean():.4f} ± {final[name].std(ddof=1):.4f}"
    print(
        f"{name:17s} {entry['lr']:6g}  {loss[1]:.3f}  {loss[3]:.3f}  {loss[12]:.1e}   {tests}  {entry['cpu_seconds']:.2f}"
    )

# %%
favourites = {
    "SGD": "SGD",
    "momentum": "momentum",
    "AdaGrad": "AdaGrad",
    "AdaDelta": "AdaDelta",
    "Adam": "Adam",
    "Muon": "Muon, cosine",
}

# %% mystnb={"image": {"alt": "Left: training loss over twelve epochs on a logarithmic axis for six optimisers with bands for five seeds. Muon falls fastest by far, to four millionths; Adam is second at first and then wavers at about a hundredth; momentum and AdaDelta end lower than Adam; AdaGrad and plain SGD end highest. Right: validation accuracy against the learning rate; all have a hill of similar width, Muon and Adam at 0.01, AdaGrad and momentum near 0.1, SGD at 1, AdaDelta at 3, and most fall steeply to the right of it."}}
fig, (left, right) = plt.subplots(1, 2, figsize=(7.4, 3.2))
for (label, name), colour, marker in zip(favourites.items(), plot.PALETTE, "os^Dv*"):
    curves = np.array(entrants[name]["training_loss"])
    left.semilogy(curves.mean(axis=0), "-", marker=marker, ms=3.5, color=colour, lw=1.3, label=label)
    left.fill_between(range(13), curves.min(axis=0), curves.max(axis=0), color=colour, alpha=0.15, lw=0)
    scores = {float(rate): score for rate, score in entrants[name]["validation_accuracy"].items()}
    right.semilogx(list(scores), list(scores.values()), "-", marker=marker, ms=3.5, color=colour, lw=1.3)
left.set(xlabel="epoch", ylabel="training loss (nats)")
right.set(xlabel=r"learning rate $\alpha$", ylabel="validation accuracy", ylim=(0.8, 0.97))
left.legend(fontsize=7.5)
plt.show()

# %% [markdown]
# On the left the loss over the epochs, mean and range of five seeds; on the right the whole tuning. Now the reputations, one by one.
#
# **"Adam is fast."** Faster than plain descent, clearly. But faster than momentum?

# %%
loss = {name: np.array(entry["training_loss"]) for name, entry in entrants.items()}
print("epochs until the training loss is below 0.1, five seeds:")
for name in ("SGD", "momentum", "Adam", "Muon, cosine"):
    print(f"  {name:13s}", [int(np.argmax(curve < 0.1)) for curve in loss[name]])
assert np.all(loss["Adam"][:, 1] < loss["momentum"][:, 1])
assert np.all(loss["Adam"][:, 3] < loss["SGD"][:, 3])
assert loss["Adam"][:, 12].mean() > loss["momentum"][:, 12].mean()

# %% [markdown]
# At first, yes: after one epoch Adam is ahead of momentum with every seed. After three the lead is small, and in the end momentum has a loss several times *lower*. The band around Adam's curve says why: at a constant rate its steps do not shrink with the gradients, since it divides by their size, and so it keeps kicking the weights about. Momentum's steps vanish by themselves
# where the gradients do. The two need the cosine in different degrees:

# %%
for name in ("SGD", "momentum", "Adam", "AdamW"):
    with_cosine = f"{name}, cosine"
    change = final[with_cosine].mean() - final[name].mean()
    print(
        f"{name:9s} test accuracy {final[name].mean():.4f}, with the cosine {final[with_cosine].mean():.4f} ({change:+.4f});",
        f"training loss {loss[name][:, 12].mean():.1e}, with the cosine {loss[with_cosine][:, 12].mean():.1e}",
    )
assert final["Adam, cosine"].mean() > final["Adam"].mean()
assert loss["Adam, cosine"][:, 12].mean() < loss["Adam"][:, 12].mean()
assert loss["momentum, cosine"][:, 12].mean() > loss["momentum"][:, 12].mean()
assert np.all(final["momentum"] > final["Adam"])
assert abs(final["Adam, cosine"].mean() - final["momentum"].mean()) < final["momentum"].std(ddof=1)
assert final["SGD"].mean() < final["Adam"].mean()

# %% [markdown]
# **"Adam generalises worse"** (Wilson and others 2017). At constant rates it looks like it: momentum beats Adam by more than a point, with every one of the five seeds. But that comparison is between a method that has finished and one that has not, as the training losses show. With the cosine Adam's test accuracy is that of momentum, within the spread. What was missing was a schedule and not a virtue. And plain descent, for which the reputation speaks, has here the lower accuracy of the two, if by less than the spread. (Wilson and others report themselves that Adam gains from a tuned decay.) (And "a schedule always
# helps" is not true either: for SGD and momentum the cosine ends with the *larger* training loss. Twelve epochs are too few for them to waste the last on tiny steps.)
#
# If any entrant generalises worse, it is Lion. Its training loss is among the lowest, its accuracy is the lowest of all, and its test loss is by far the largest: it becomes sure of its mistakes.

# %%
test_loss = {name: np.mean(entry["test_loss"], axis=0)[-1] for name, entry in entrants.items()}
print(
    "training and test loss at the end:",
    {
        n: (round(float(loss[n][:, 12].mean()), 4), round(float(test_loss[n]), 3))
        for n in ("Adam, cosine", "Lion, cosine", "Muon, cosine")
    },
)
assert max(test_loss, key=test_loss.get) == "Lion, cosine"
assert loss["Lion, cosine"][:, 12].mean() < loss["Adam, cosine"][:, 12].mean()

# %% [markdown]
# We gave it no weight decay, its default, and its authors recommend a strong one; so this is a verdict on our setting. Its best rate is a third of AdamW's, within their advice.
#
# **"Adam needs no tuning."** Look at the right panel: all hills are about equally wide. What does a rate cost that is ten times too small, or three times too large?


# %%
costs_of = {}
for name in ("SGD", "momentum", "AdaGrad", "RMSprop", "AdaDelta", "Adam", "Muon, cosine", "SOAP, cosine"):
    scores = list(entrants[name]["validation_accuracy"].values())
    best_at = int(np.argmax(scores))
    costs_of[name] = scores[best_at] - scores[best_at - 2], scores[best_at] - scores[best_at + 1]
    low, high = costs_of[name]
    print(f"{name:13s} loses {low:.3f} with a tenth of its best rate, {high:.3f} with three times that")

# %%
at_default = {name: entrants[name]["validation_accuracy"]["0.001"] for name in ("SGD", "Adam")}
print("validation accuracy at PyTorch's default of 0.001:", at_default)
assert costs_of["SGD"][0] < costs_of["Adam"][0] < costs_of["momentum"][0]
assert costs_of["SGD"][1] > 0.5
assert at_default["SGD"] < 0.5 < 0.9 < at_default["Adam"]

# %% [markdown]
# A tenth of the best rate costs two points with Adam, a little less with plain descent, three with momentum: Adam is no more tolerant. (Upwards it is, since its steps are bounded. Three times its best rate ruins plain descent altogether.) What distinguishes it is *where* the hill stands. Because the gradient's size cancels, the good rates tend to lie near $10^{-3}$ to $10^{-2}$, and so a library can offer a
# default that works. The very same number is the default of `SGD`, and useless there. Adam does not need less tuning; somebody has done the tuning for it.
#
# The rest of the table:

# %%
means = {name: float(values.mean()) for name, values in final.items()}
spreads = {name: float(values.std(ddof=1)) for name, values in final.items()}
factors = entrants["AdaDelta"]["validation_accuracy"]
print(f"AdaDelta, validation accuracy with a factor of 3: {factors['3.0']:.4f}, of 1: {factors['1.0']:.4f}")
print(f"standard error of an accuracy of .95 on 1000 images: {math.sqrt(0.95 * 0.05 / 1000):.4f}")
print("highest mean:", sorted(means, key=means.get)[-2:], " smallest spread:", min(spreads, key=spreads.get))
assert min(spreads, key=spreads.get) == "AdaDelta"
assert means["AdaDelta"] > max(means[name] for name in ("AdaGrad", "RMSprop", "Adam", "AMSGrad", "AdamW", "Nadam"))
assert all(abs(means[name] - means["Adam"]) < spreads["Adam"] for name in ("AMSGrad", "AdamW", "Nadam"))
assert set(sorted(means, key=means.get)[-2:]) == {"Muon, cosine", "SOAP, cosine"}
assert min(means, key=means.get) == "Lion, cosine"
assert 0 < factors["3.0"] - factors["1.0"] < 0.01
assert loss["Muon, cosine"][:, 12].mean() < 0.02 * min(loss[n][:, 12].mean() for n in entrants if n != "Muon, cosine")

# %% [markdown]
# **AdaDelta**, which we took to pieces above, does well: best without schedule among those that adapt, and with the smallest spread of all. It wants the factor 3 in front and loses less than a hundredth with Zeiler's 1. A wrong argument can lead to a good algorithm.
#
# **AMSGrad, Nadam, AdamW** cannot be told from Adam on these data: the differences are below the spread over seeds.
#
# **Muon and SOAP** lead, in loss and in accuracy; Muon's loss is about a hundredth of SOAP's and less than that of anybody else's. But a step of theirs costs more. At equal *time* instead of equal epochs:

# %%
for name, epoch in (("Muon, cosine", 3), ("SOAP, cosine", 5), ("Adam, cosine", 12), ("momentum", 12)):
    seconds = entrants[name]["cpu_seconds"] * epoch / 12
    accuracy = np.array(entrants[name]["test_accuracy"])[:, epoch].mean()
    print(
        f"{name:13s} {epoch:2d} epochs, {seconds:.2f} s: training loss {loss[name][:, epoch].mean():.4f}, test {accuracy:.3f}"
    )
assert final["Muon, cosine"].mean() > final["Adam, cosine"].mean()
assert loss["Muon, cosine"][:, 3].mean() > loss["Adam, cosine"][:, 12].mean()

# %% [markdown]
# (Their shorter runs are a little handicapped here, because their cosine was made for twelve epochs.) On a network this small, time for time, the old methods win. How large must the differences in the last column but one be before one may believe them? The test set has 1000 images, so that an accuracy of .95 has a standard error of .007 from the images alone, plus the spread over seeds. Ranks between .942 and
# .954 mean little. Choi and others (2019) found that the order of the field changes with the protocol of tuning; Schmidt and others (2021), over many tasks, no method that wins on all. And ours is one network, one data set, one batch size, and a grid of half decades.
#
# So that nobody has to believe the record, three of its runs again, live:

# %%
mnist = load_mnist_5k()
training = torch.tensor(mnist.X_train, dtype=torch.float32), torch.tensor(mnist.y_train)
test = torch.tensor(mnist.X_test, dtype=torch.float32), torch.tensor(mnist.y_test)
for name in ("SGD", "momentum", "Adam"):
    lr, options = entrants[name]["lr"], record["options"]
    curves = race.run(race.ENTRANTS[name], lr, training, test, seed=0, **options)
    then, now = entrants[name]["training_loss"][0][3], curves.training_loss[3]
    print(
        f"{name:9s} third epoch: training loss {now:.4f} now, {then:.4f} in the record; test {curves.accuracy[-1]:.3f}"
    )
    assert abs(now / then - 1) < 0.1

# %% [markdown]
# ## L-BFGS: when the batch is everything
#
# Newton's method divides the gradient by the curvature and needs a $P \times P$ matrix for it. **L-BFGS** (有限内存拟牛顿法) remembers the last few steps $s_k$ and what each did to the gradient, $y_k$. Every pair is one measured fact about the inverse Hessian, $H y_k \approx s_k$, and the update
#
# $$ H_{k+1} = (I - \rho_k s_k y_k^\top)\, H_k\, (I - \rho_k y_k s_k^\top) + \rho_k s_k s_k^\top, \qquad \rho_k = \frac{1}{y_k^\top s_k} $$
#
# makes it true for the newest. The matrix is never written down; two loops over the pairs apply it to a vector:

# %%
show_source(lbfgs._two_loops)

# %% [markdown]
# A line search (线搜索) then finds a step that lowers the loss enough and flattens the slope enough. All of this supposes that two gradients belong to the *same* function; with mini-batches $y$ would mostly measure the noise. It is a method for the full batch, and there it has no rival. Logistic regression on 1438
# digits, 650 parameters, a little weight decay:

# %%
digits = load_digits()
X, y = torch.tensor(digits.X_train), torch.tensor(digits.y_train)


def objective(theta: torch.Tensor) -> torch.Tensor:
    W, b = theta[:640].view(64, 10), theta[640:]
    return F.cross_entropy(X @ W + b, y) + 5e-4 * (W**2).sum()


def search(scale: float = 1.0, make=LBFGS, **options) -> tuple[float, list[float]]:
    theta, history = torch.zeros(650, dtype=torch.float64, requires_grad=True), []
    optimizer = make([theta], line_search_fn="strong_wolfe", **options)

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        history.append(objective(theta).item())
        (scale * objective(theta)).backward()
        return scale * objective(theta).detach()

    optimizer.step(closure)
    return objective(theta).item(), history


# %%
reached, history = search(max_iter=500, max_eval=1000, tolerance_change=0.0)
gradient = torch.func.grad(objective)
theirs = minimize(
    lambda v: objective(torch.tensor(v)).item(),
    np.zeros(650),
    jac=lambda v: gradient(torch.tensor(v)).numpy(),
    method="L-BFGS-B",
    options={"maxcor": 100, "ftol": 0.0, "gtol": 1e-7, "maxiter": 500},
)
print(f"ours  {reached:.12f} after {len(history)} evaluations")
print(f"scipy {theirs.fun:.12f} after {theirs.nfev} evaluations")
assert abs(reached - theirs.fun) < 1e-9

# %%
bottom, gaps = min(reached, theirs.fun), {"L-BFGS": history}
for name, make in (("momentum", partial(SGD, momentum=0.9)), ("Adam", Adam)):
    tried = {}
    for rate in (0.03, 0.1, 0.3, 1.0, 3.0, 10.0):
        w, tried[rate] = torch.zeros(650, dtype=torch.float64, requires_grad=True), []
        optimizer = make([w], lr=rate)
        for _ in range(200):
            tried[rate].append(objective(w.detach()).item())
            w.grad = gradient(w.detach())
            optimizer.step()
    rate = min(tried, key=lambda r: tried[r][-1])
    assert min(tried) < rate < max(tried)
    gaps[f"{name}, rate {rate:g}"] = tried[rate]

# %% mystnb={"image": {"alt": "Loss above the minimum on a logarithmic axis against the number of gradients, for logistic regression on digits. L-BFGS falls ever faster and reaches ten to the minus ten after about ninety gradients; momentum and Adam at their best rates fall in slow curves and are at about ten to the minus four after two hundred."}}
fig, ax = plt.subplots(figsize=(6.4, 3))
for (name, losses), line in zip(gaps.items(), ("-", "--", "-.")):
    ax.semilogy(np.maximum(np.minimum.accumulate(losses) - bottom, 1e-12), line, label=name)
ax.set(xlabel="gradients of the full batch", ylabel="loss above the minimum (nats)", ylim=(1e-11, 5))
ax.legend()
plt.show()

# %%
first_order = min(min(losses) - bottom for name, losses in gaps.items() if name != "L-BFGS")
print(
    f"best first-order method after 200 gradients: {first_order:.1e}; L-BFGS after 80: {min(history[:80]) - bottom:.1e}"
)
assert min(history[:80]) - bottom < 0.01 * first_order

# %% [markdown]
# Not a faster line but another shape: the fall gets steeper while it goes on, because the estimate of the curvature gets better. Nobody needs a logistic regression to ten digits, but many a problem outside of deep learning, an equation to be solved by a network for instance, does, and there Adam gives up four digits
# too early.
#
# **Its trap** is silent. The default tolerances are absolute numbers, in PyTorch as here: stop when no entry of the gradient exceeds $10^{-7}$, when the loss changes by less than $10^{-9}$, and so on. Multiply the loss by a constant, and the minimum stays where it is:

# %%
stops = {}
for scale in (1.0, 1e-3, 1e-6):
    found, evaluated = search(scale, max_iter=120)
    relative, _ = search(scale, max_iter=120, tolerance_grad=0.0, tolerance_change=0.0, min_curvature=0.0)
    stops[scale] = found - bottom, relative - bottom
    print(
        f"loss x {scale:g}: stops {found - bottom:.1e} above the minimum after {len(evaluated)} evaluations;", end=" "
    )
    print(f"with tolerances of 0 {abs(relative - bottom):.0e}")
assert stops[1e-6][0] > 1
assert max(abs(relative) for _, relative in stops.values()) < 1e-9

# %% [markdown]
# With the loss in millionths (a mean over a large area, a physical unit, an unlucky normalisation) it does not take one step, and reports success. Set the tolerances to zero and give a number of iterations instead; then the scale has no influence. If somebody tells you that L-BFGS
# "converges early" on his problem, ask for the size of his loss.
#
# ## Three new ones: Lion, Muon, SOAP
#
# ### Lion
#
# Lion (Chen and others 2023) was not derived but found, by a search over programs. What survived the search is short: the **sign** (符号) of an average, and nothing else.
#
# \begin{align}
# c_t &= \beta_1 m_{t-1} + (1 - \beta_1)\, g_t \notag \\
# \theta_t &= \theta_{t-1} - \alpha \bigl( \operatorname{sign}(c_t) + \lambda\, \theta_{t-1} \bigr) \notag \\
# m_t &= \beta_2 m_{t-1} + (1 - \beta_2)\, g_t \notag
# \end{align}

# %%
show_source(Lion._update)

# %% [markdown]
# One buffer instead of Adam's two, and a step of exactly $\alpha$ in every coordinate. The authors advise a rate three to ten times smaller than AdamW's. Why just this factor? Feed both with pure noise:

# %%
noise = torch.randn(300, 10_000, generator=torch.Generator().manual_seed(0))
sizes = {}
for name, make in (("Lion", Lion), ("AdamW", partial(AdamW, weight_decay=0.0))):
    theta = torch.zeros(10_000, requires_grad=True)
    optimizer, squares = make([theta], lr=1.0), []
    for g in noise:
        before, theta.grad = theta.detach().clone(), g
        optimizer.step()
        squares.append((theta.detach() - before).square().mean())
    sizes[name] = torch.stack(squares[100:]).mean().sqrt().item()
    print(f"{name:6s} root mean square of a step on noise: {sizes[name]:.3f} times the rate")
print(f"square root of (1 - 0.9)/(1 + 0.9): {math.sqrt(0.1 / 1.9):.3f}")
assert abs(sizes["AdamW"] - math.sqrt(0.1 / 1.9)) < 0.01

# %% [markdown]
# On noise Adam's average cancels most of the gradient: its variance is that of an exponential average, $(1-\beta_1)/(1+\beta_1)$, so a step has the length $0.23\,\alpha$. Lion's is always $\alpha$, 4.4 times as far. The advice is a change of units. (It has a second side: a sign hides everything. An infinite gradient has a perfectly good one. This is one reason why our optimisers check.)

# %%
theta = torch.zeros(3, requires_grad=True)
theta.grad = torch.tensor([1.0, math.inf, -1.0])
try:
    Lion([("layer.weight", theta)], lr=0.1).step()
except ValueError as error:
    print(error)
assert theta.abs().sum() == 0

# %% [markdown]
# ### Muon
#
# A weight matrix is not a bag of numbers. It maps vectors to vectors, and the natural size of a change is its largest singular value, the most by which it can change an output. Under that norm the direction of steepest descent for a gradient $G = U S V^\top$ is $-U V^\top$: the same
# singular vectors, all with the same strength. Gradients of layers have a few strong directions and many weak ones; $UV^\top$ moves along all. Muon (Jordan and others 2024) does this to the momentum, and avoids the decomposition by an odd polynomial, which acts on the singular values alone:
#
# \begin{align}
# X_0 &= M / \lVert M \rVert_F \notag \\
# X_{k+1} &= a X_k + b\, (X_k X_k^\top) X_k + c\, (X_k X_k^\top)^2 X_k \notag \\
# s_{k+1} &= a s_k + b s_k^3 + c s_k^5 \notag
# \end{align}
#
# The last line is what it does to each singular value.

# %%
show_source(muon.newton_schulz, muon.Muon._update, docstring="none")

# %%
network = race.new_network(784, 100, 10, seed=0)
F.cross_entropy(network(training[0][:100]), training[1][:100]).backward()
G = network[0].weight.grad
before, after = torch.linalg.svdvals(G) / G.norm(), torch.linalg.svdvals(muon.newton_schulz(G))

# %% mystnb={"image": {"alt": "Left: what one to five iterations of two polynomials make of a singular value, on logarithmic axes. Muon's polynomial lifts a value of 0.001 to one half in five steps and larger ones to a wavering line around one; the convergent one reaches one smoothly, but after five steps only for values above about 0.1. Right: the hundred singular values of a gradient before, falling from 0.6 over many decades, and after five iterations, a plateau between 0.7 and 1.2 that breaks off at the end."}}
fig, (left, right) = plt.subplots(1, 2, figsize=(7.4, 3.1))
s = np.geomspace(1e-3, 1, 400)
for (a, b, c), colour, label in (
    (muon.JORDAN, plot.PALETTE[0], "Muon's"),
    (muon.CONVERGENT, plot.PALETTE[1], "convergent"),
):
    value = s
    for k in range(5):
        value = a * value + b * value**3 + c * value**5
        left.loglog(s, value, color=colour, lw=0.6 + 0.3 * k, alpha=0.4 + 0.15 * k, label=label if k == 4 else None)
left.set(xlabel="singular value at first", ylabel="after 1 (thin) to 5 (thick) steps")
right.semilogy(before, "o", ms=3, label=r"of $G / \|G\|_F$", color=plot.PALETTE[1])
right.semilogy(after, "s", ms=3, label="after five steps", color=plot.PALETTE[0])
right.set(xlabel="number of the singular value", ylabel="singular value", ylim=(1e-4, 3))
left.legend()
right.legend(loc="lower left")
plt.show()

# %%
below, above = (after < 0.68).double().mean(), (after > 1.21).double().mean()
exact = muon.polar_factor(G)
cosine = (muon.newton_schulz(G) * exact).sum() / muon.newton_schulz(G).norm() / exact.norm()
print(
    f"stable rank of the gradient: {1 / before[0] ** 2:.1f} of 100; smallest value after five steps {after.min():.1e}"
)
print(f"share of values below 0.68: {below:.2f}, above 1.21: {above:.2f}; cosine with the exact direction {cosine:.3f}")
assert 1 / before[0] ** 2 < 6
assert 0.05 < below < 0.25
assert above == 0
assert 0.85 < cosine < 0.99

# %%
(a, b, c), value, wavers = muon.JORDAN, np.array([0.1, 0.5, 1.0]), []
for _ in range(100):
    value = a * value + b * value**3 + c * value**5
    wavers.append(value)
print(
    f"five steps multiply a tiny value by {a**5:.0f}; from step 50 to 100: {np.min(wavers[49:]):.2f} to {np.max(wavers[49:]):.2f}"
)
assert np.min(wavers[49:]) < 0.75
assert np.max(wavers[49:]) > 1.1

# %% [markdown]
# "Muon makes all singular values one" is generous. The polynomial is steep at 0, with a slope of 3.4445, so that five steps lift a tiny value by a factor of nearly 500; for this it gives up convergence. It never settles, but wavers between about 0.7 and 1.1 however long one iterates. And what is *too* small is not lifted in five steps: about a tenth of
# the values of this real gradient stay below. A batch of 100 examples cannot excite all directions, and most of its gradient lies in very few: the *stable rank* (稳定秩), the sum of all squared singular values over the largest one, counts how many directions carry it, and here it is 3 of 100. So Muon's step is not $UV^\top$,
# but its cosine with $UV^\top$ is above 0.9, and it works all the same. Whether exactly equal values would be better is exercise 7.
#
# Muon is for hidden weight matrices. Biases, gains, embeddings and the last layer stay with AdamW, so that in practice one runs two optimisers.
#
# ### SOAP
#
# We saw that Adam depends on the axes. SOAP (Vyas and others 2024) looks for good ones first. It averages $L = \mathbb E[G G^\top]$ and $R = \mathbb E[G^\top G]$ as Shampoo does (Gupta and others 2018), takes their eigenvectors $Q_L, Q_R$ as axes for the rows and columns of $G$, runs Adam on $Q_L^\top G\, Q_R$, and turns the step back. The axes follow
# every ten steps or so, by one product and one QR decomposition.

# %%
show_source(SOAP._step)

# %% [markdown]
# With fixed axes it *is* Adam in turned coordinates. Does it cure what we saw on the bowl? Take a matrix $W$ of 8 by 8 weights, curvatures from 1 to 100, noisy gradients, and turn everything at random from both sides:

# %%
generator = torch.Generator().manual_seed(0)
Q, P = (torch.linalg.qr(torch.randn(8, 8, generator=generator, dtype=torch.float64)).Q for _ in range(2))
begin = torch.randn(8, 8, generator=generator, dtype=torch.float64)
curvatures = torch.outer(*[torch.logspace(0, 1, 8, dtype=torch.float64)] * 2)
disturbances = 0.1 * torch.randn(150, 8, 8, generator=generator, dtype=torch.float64)

# %%
values, identity = {}, torch.eye(8, dtype=torch.float64)
for name, make in (("Adam", partial(Adam, betas=(0.95, 0.95))), ("SOAP", partial(SOAP, weight_decay=0.0))):
    for rows, columns in ((identity, identity), (Q, P)):
        W, places = (rows @ begin @ columns.T).requires_grad_(), []
        optimizer = make([W], lr=0.03)
        for disturbance in disturbances:
            places.append(rows.T @ W.detach() @ columns)
            W.grad = rows @ (curvatures * places[-1] + disturbance) @ columns.T
            optimizer.step()
        values[name, rows is Q] = 0.5 * (curvatures * torch.stack(places) ** 2).sum(dim=(1, 2))
        length = torch.stack(places[1:31]).diff(dim=0).norm(dim=(1, 2)).mean() / 0.03
        where = "turned  " if rows is Q else "straight"
        print(
            f"{name} {where}: loss after 100 steps {values[name, rows is Q][99]:6.2f}, length of early steps {length:.1f} x rate"
        )

# %%
assert abs(values["SOAP", True][99] / values["SOAP", False][99] - 1) < 1e-6
assert abs(values["Adam", True][99] / values["Adam", False][99] - 1) > 0.1
assert values["SOAP", False][99] > values["Adam", True][99]

# %% [markdown]
# SOAP does not notice the turning; Adam does. And yet SOAP is *slower* here at the same rate, whichever way Adam is turned. The last column says why. While the gradient hardly changes, the axes that SOAP finds are the gradient's own, and in its own axes a matrix is diagonal: eight entries move by the rate instead of sixty-four. So SOAP's rate means something else
# than Adam's, and being independent of the axes is not the same as being fast. What it is good for shows on networks, with a tuned rate, and there it came second in our race.
#
# ### What goes wrong
#
# Failures have been met on the way: Adam at the worst point, rates below zero, an L-BFGS that stops before it starts. One more surprised us. Train with the full batch, so that the first gradients are (nearly) the same, and look at SOAP's first step:

# %%
G0 = 1000 * torch.randn(64, 64, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
cosines = {}
for dtype in (torch.float32, torch.float64):
    w = torch.zeros(64, 64, dtype=dtype, requires_grad=True)
    optimizer = SOAP([w], lr=1.0, weight_decay=0.0)
    for _ in range(2):
        w.grad = G0.to(dtype)
        optimizer.step()
    cosines[dtype] = F.cosine_similarity(-w.detach().double().flatten(), G0.flatten(), dim=0).item()
    print(f"{dtype}: cosine of the first step with the downhill direction {cosines[dtype]:.3f}")
assert abs(cosines[torch.float32]) < 0.2
assert cosines[torch.float64] > 0.5

# %% [markdown]
# In 32 bits the step has next to nothing to do with the gradient. The first call only finds the axes, from $G$; the second meets the same $G$, which in these axes is *diagonal*. The other entries are rounding errors, and Adam divides each of them by its own size. So 63 of 64 entries of the step are amplified rounding. In 64 bits $\epsilon = 10^{-8}$ is larger than the errors and
# hides them. With mini-batches nobody notices.
#
# ### What they cost
#
# A step on a million parameters in sixteen matrices, from a record:

# %%
costs = records.load("optimization/new_optimizers")["figures"]
for name in ("lion", "muon", "soap", "lbfgs"):
    print(f"{name:6s} {costs[name]['milliseconds']['ours']:6.1f} ms a step")
assert costs["soap"]["milliseconds"]["ours"] > 10 * costs["lion"]["milliseconds"]["ours"]

# %% [markdown]
# Read this beside the time of a gradient. In a large network with large batches a gradient costs seconds and these milliseconds disappear; on a network of this book's size they dominate, as the last column of the race shows. (There Muon was dearer than SOAP: its iteration ran in 32 bits, without the fast 16-bit units, and SOAP had only the short side of one matrix to turn.) "Fewer steps" and "less time" are different prizes.
#
# ## Checked against PyTorch and pytorch-optimizer
#
# All methods that PyTorch has, 1000 steps in 64 bits, some with options that are not the default, the gradient depending on the place. Lion and SOAP are held against pytorch-optimizer, SOAP for 20 steps only, because the peer keeps one decomposition in 32 bits:

# %%
comparisons = [
    (torch.optim, "SGD", SGD, {"lr": 0.02, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
    (torch.optim, "Adagrad", Adagrad, {"lr": 0.1, "lr_decay": 0.01}),
    (torch.optim, "RMSprop", RMSprop, {"lr": 0.01, "momentum": 0.5, "centered": True}),
    (torch.optim, "Adadelta", Adadelta, {"rho": 0.95}),
    (torch.optim, "Adam", Adam, {"lr": 0.01, "amsgrad": True}),
    (torch.optim, "AdamW", AdamW, {"lr": 0.01, "weight_decay": 0.1}),
    (torch.optim, "NAdam", NAdam, {"lr": 0.01}),
    (torch.optim, "Muon", Muon, {"lr": 0.01}),
]
if importlib.util.find_spec("pytorch_optimizer") is None:
    print("pytorch-optimizer is not installed: Lion and SOAP are left out")
else:
    import pytorch_optimizer

    comparisons += [(pytorch_optimizer, "Lion", Lion, {"lr": 0.003}), (pytorch_optimizer, "SOAP", SOAP, {"lr": 0.003})]

# %%
pulls = torch.randn(1000, 7, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
for package, name, mine, options in comparisons:
    if not hasattr(package, name):
        print(f"{name}: this PyTorch has none")
        continue
    ends, n_steps = [], 20 if name == "SOAP" else 1000
    for make in (mine, getattr(package, name)):
        W = torch.ones(7, 5, dtype=torch.float64, requires_grad=True)
        optimizer = make([W], **options)
        for pull in pulls[:n_steps]:
            W.grad = 0.5 * W.detach() + pull
            optimizer.step()
        ends.append(W.detach())
    difference = (ends[0] - ends[1]).abs().max().item()
    print(f"{package.__name__:17s} {name:9s} largest difference after {n_steps:4d} steps {difference:.0e}")
    assert difference < (1e-6 if name == "SOAP" else 1e-12)

# %%
(_, ours), (_, theirs) = (search(make=make, max_iter=40) for make in (LBFGS, torch.optim.LBFGS))
print(
    f"L-BFGS: {len(ours)} and {len(theirs)} evaluations; largest difference {np.abs(np.subtract(ours, theirs)).max():.0e}"
)
assert np.allclose(ours, theirs, rtol=1e-9)

# %%
speed = records.load("optimization/optimizers_vs_torch")["figures"]
for label in ("SGD", "SGD without the check", "Adam"):
    print(label.ljust(22), {layout: round(table[label]["median_ratio"], 2) for layout, table in speed.items()})

# %% [markdown]
# The last cell is the price of one feature, as our time over PyTorch's for a million parameters. Ours look for NaN and infinity in every gradient *before* anything is changed. For Adam this drowns in the rest. A step of plain SGD is so cheap that the look shows; where the parameters lie in fifty tensors it costs more than the half that we
# allow ourselves, and `check_finite=False` switches it off.
#
# ## Exercises
#
# **1.** (Qiu 7-1.) Show that the momentum step (7.15) is an exponential moving average of the gradients, up to a factor, and find how far one gradient moves the weights in the long run.
#
# <details>
# <summary>Answer</summary>
#
# Unrolled, $\Delta\theta_t = -\alpha \sum_\tau \rho^{t-\tau} g_\tau = -\frac{\alpha}{1-\rho}\bigl[(1-\rho)\sum_\tau \rho^{t-\tau} g_\tau\bigr]$; the bracket is the average that starts at zero. One gradient appears in all later steps with the weights $1, \rho, \rho^2, \dots$ and moves $\theta$ by
# $-\alpha g/(1-\rho)$ in all. So compare momentum $\rho$ at the rate $\alpha$ with plain descent at the rate $\alpha/(1-\rho)$, and not at $\alpha$.
# </details>
#
# **2.** (Qiu 7-2.) Derive the correction of $G_t$ in Adam. What does $\mathbb E[\hat G_t]$ become when $\mathbb E[g^2]$ is not constant but grows by a factor $q$ a step?
#
# <details>
# <summary>Answer</summary>
#
# $\mathbb E[G_t] = (1-\beta_2)\sum_\tau \beta_2^{t-\tau}\,\mathbb E[g^2] = (1-\beta_2^t)\,\mathbb E[g^2]$. With $\mathbb E[g_\tau^2] = q^{\tau} c$ the sum is $(1-\beta_2)\, c\, q^t\, \frac{1 - (\beta_2/q)^t}{1 - \beta_2/q}$: after the start the average is $\frac{1-\beta_2}{1-\beta_2/q}$ of the present value.
# The correction removes the bias of the start and not the lag.
# </details>
#
# **3.** On a bowl with curvature $\lambda$, for which rates is momentum $\rho$ stable? Check your formula with `descend(quadratic(...))`.
#
# <details>
# <summary>Answer</summary>
#
# $\theta_{t+1} = (1 + \rho - \alpha\lambda)\theta_t - \rho\,\theta_{t-1}$. Both roots of $z^2 - (1+\rho-\alpha\lambda) z + \rho$ are inside of the unit circle for $0 < \alpha\lambda < 2(1+\rho)$: nearly twice as far as without momentum.
# </details>
#
# **4.** Multiply the loss by 1000. Which of the ten optimisers of the table take the same path? Which only up to $\epsilon$?
#
# <details>
# <summary>Answer</summary>
#
# $\psi$ homogeneous of degree 2 and $\phi$ of degree 1 leave the quotient as it is: AdaGrad, RMSprop, Adam, AMSGrad, Nadam, up to $\epsilon$; AdaDelta only after its start, where $\epsilon$ decides. Lion exactly: $\phi$ has degree 0 and $\psi = 1$. SGD, momentum and Nesterov take steps 1000 times as long.
# </details>
#
# **5.** (Qiu 7-4.) Show that weight decay and an $\ell_2$ penalty are the same for SGD, with which constants, and that they differ for momentum.
#
# <details>
# <summary>Answer</summary>
#
# $\theta - \alpha(g + \lambda\theta) = (1 - \alpha\lambda)\theta - \alpha g$. With momentum the penalty's gradient enters the velocity and acts on later steps, when $\theta$ is another; the decay acts at once and has no memory. Two steps by hand show the difference.
# </details>
#
# **6.** The sum of all rates of (7.6) is finite. Start plain descent on `quadratic(1.0)` at a distance of 100 with $\alpha_0 = 0.1$ and $\beta = 0.9$. Where does it stop?
#
# <details>
# <summary>Hint</summary>
#
# The distance is multiplied by $\prod_t (1 - \alpha_0\beta^t)$, whose logarithm is a little below $-\sum_t \alpha_0 \beta^t = -1$. It stops at a distance of 36, with a rate of zero and a gradient of 36.
# </details>
#
# **7.** Orthogonalise the gradient exactly: run `race.run` with an entrant that steps along `muon.polar_factor` of the momentum. Is it better than five Newton–Schulz steps?
#
# <details>
# <summary>Hint</summary>
#
# `Muon(..., ns_steps=30, ns_coefficients=muon.CONVERGENT, ns_dtype=None)` does it without new code. Tune the rate for both, on validation images, with the same grid.
# </details>
#
# ## Summary
#
# - A rate is limited by the steepest direction and judged by the flattest. Momentum helps with the root of the condition number; a rate for each coordinate helps where the axes are those of the problem.
# - Momentum is a moving average of gradients, Adam's two averages need their correction, and half a correction (the draft's $G$ for $\hat G$) is worse than none.
# - One table of $\psi$ and $\phi$ contains ten optimisers.
# - Where the rate stands, where $\epsilon$ stands and where the parameters of Nesterov's method stand differ between books and programs, and cost nothing until something changes.
# - With tuned rates the reputations shrink: Adam is fast at first, needs a schedule to finish, and then generalises like momentum; its rate is not easier to tune, only easier to guess. Muon and SOAP take the fewest epochs and the most time.
# - L-BFGS is in a class of its own on full batches, and stops early, silently, where the loss is small.
# - Lion's small rate is a change of units. Muon does not make all singular values one. SOAP is independent of the axes, which is not yet a gain.
#
# ## Sources
#
# - Qiu (2019), 《神经网络与深度学习》, section 7.2, [nndl.github.io](https://nndl.github.io/).
# - Polyak (1964), Some methods of speeding up the convergence of iteration methods, [doi:10.1016/0041-5553(64)90137-5](https://doi.org/10.1016/0041-5553%2864%2990137-5).
# - Duchi, Hazan and Singer (2011), Adaptive subgradient methods for online learning and stochastic optimization, JMLR 12; Tieleman and Hinton (2012), RMSProp, lecture 6.5 of Neural Networks for Machine Learning.
# - Zeiler (2012), ADADELTA, [arXiv:1212.5701](https://arxiv.org/abs/1212.5701); Kingma and Ba (2015), Adam, [arXiv:1412.6980](https://arxiv.org/abs/1412.6980).
# - Reddi, Kale and Kumar (2018), On the convergence of Adam and beyond, [arXiv:1904.09237](https://arxiv.org/abs/1904.09237); Zhang, Chen, Shi, Sun and Luo (2022), Adam can converge without any modification on update rules, [arXiv:2208.09632](https://arxiv.org/abs/2208.09632).
# - Dozat (2016), Incorporating Nesterov momentum into Adam, ICLR workshop; Loshchilov and Hutter (2019), Decoupled weight decay regularization, [arXiv:1711.05101](https://arxiv.org/abs/1711.05101).
# - Robbins and Monro (1951), A stochastic approximation method, [doi:10.1214/aoms/1177729586](https://doi.org/10.1214/aoms/1177729586).
# - Smith (2017), Cyclical learning rates, [arXiv:1506.01186](https://arxiv.org/abs/1506.01186); Loshchilov and Hutter (2017), SGDR, [arXiv:1608.03983](https://arxiv.org/abs/1608.03983); Goyal and others (2017), Accurate, large minibatch SGD, [arXiv:1706.02677](https://arxiv.org/abs/1706.02677).
# - Wilson, Roelofs, Stern, Srebro and Recht (2017), The marginal value of adaptive gradient methods in machine learning, [arXiv:1705.08292](https://arxiv.org/abs/1705.08292); Choi and others (2019), On empirical comparisons of optimizers for deep learning, [arXiv:1910.05446](https://arxiv.org/abs/1910.05446);
#   Schmidt, Schneider and Hennig (2021), Descending through a crowded valley, [arXiv:2007.01547](https://arxiv.org/abs/2007.01547).
# - Liu and Nocedal (1989), On the limited memory BFGS method for large scale optimization, Mathematical Programming 45, [doi:10.1007/BF01589116](https://doi.org/10.1007/BF01589116).
# - Chen and others (2023), Symbolic discovery of optimization algorithms, [arXiv:2302.06675](https://arxiv.org/abs/2302.06675); Jordan and others (2024), [Muon](https://kellerjordan.github.io/posts/muon/); Liu and others (2025), Muon is scalable for LLM training,
#   [arXiv:2502.16982](https://arxiv.org/abs/2502.16982); Vyas and others (2024), SOAP, [arXiv:2409.11321](https://arxiv.org/abs/2409.11321); Gupta, Koren and Singer (2018), Shampoo, [arXiv:1802.09568](https://arxiv.org/abs/1802.09568).
