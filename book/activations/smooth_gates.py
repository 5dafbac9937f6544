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
# # Smooth gates: Swish, GELU and their family (平滑门控: Swish, GELU)
#
# ReLU asks one question of its input, *are you positive?*, and passes it whole or not at all. What if the door could stand ajar?
# That is the single idea behind Swish, SiLU, GELU and Mish, and, with a second door, behind the gated linear units inside today's large
# language models. This section opens the door step by step. On the way it finds out where the odd numbers 1.702 and 0.044715 come
# from, makes one single neuron solve a problem that is famous for needing two, and shows a parameter that is learnt in many
# networks and adds nothing to what they can compute.
#
# **You need:** the section on [rectifiers](rectifiers.ipynb), and what the derivative of an activation does in
# [back-propagation](../backprop/backpropagation.ipynb).
#
# **Time to run:** see the [Execution](../execution.md) page. About 20 seconds on one core.

# %% tags=["install", "hide-cell"]
# Only where the package is missing, as on Colab.
import importlib.util

if importlib.util.find_spec("nndl_support") is None:
    print("This notebook needs the package nndl_support: run pip install '.[data]' in a copy of its repository.")

# %%
import copy

import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import brentq, minimize_scalar
from scipy.special import expit, lambertw, ndtr

from nndl_support import plot
from nndl_support.activations import comparison, gated_units, smooth_gates
from nndl_support.activations.learnt_units import LearntUnitClassifier
from nndl_support.activations.rectifiers import relu
from nndl_support.activations.smooth_gates import gelu, gelu_sigmoid, gelu_tanh, mish, silu, swish
from nndl_support.backprop.mlp import MLPClassifier
from nndl_support.data.digits import load_digits
from nndl_support.source import show_source

plot.use_style()
x = np.linspace(-5, 5, 1001)

# %% [markdown]
# ## A door in front of the input
#
# Write ReLU as a product: $\operatorname{relu}(x) = x \cdot [x > 0]$. The bracket is a **gate** (门): 1 lets the input pass, 0 holds it
# back. Every function of this section keeps the product and softens the gate,
#
# $$ f(x) = x\,g(x), \qquad g \text{ rising smoothly from } 0 \text{ to } 1. $$
#
# The input decides how far its own gate opens, which is why one speaks of **self-gating** (自门控). Three gates have made a career: the
# logistic function $\sigma$, the distribution function $\Phi$ of the normal distribution, and the tanh of a softplus.

# %% mystnb={"image": {"alt": "Left: four gates against the input. The hard gate of ReLU jumps from 0 to 1 at zero, the normal distribution function rises most steeply, the logistic function more slowly, and the gate of Mish passes zero at six tenths. Right: the input times these gates. All follow ReLU far away and dip below zero on the left."}}
gates = {"ReLU: $[x > 0]$": (x > 0) * 1.0, r"GELU: $\Phi(x)$": ndtr(x), r"SiLU: $\sigma(x)$": expit(x)}
gates[r"Mish: $\tanh\,\mathrm{softplus}(x)$"] = np.tanh(np.logaddexp(0, x))
figure, (left, right) = plt.subplots(1, 2, figsize=(7, 3))
for (name, gate), line in zip(gates.items(), ("-", "--", "-.", ":")):
    left.plot(x, gate, line, label=name)
    right.plot(x, x * gate, line, label=name.split(":")[0])
left.set(xlabel="input $x$", ylabel="gate $g(x)$", title="how far the gate is open")
right.set(xlabel="input $x$", ylabel="$x\\,g(x)$", title="what comes through", xlim=(-4, 2), ylim=(-0.5, 2))
for ax in (left, right):
    ax.legend(fontsize=7)
plt.show()

# %% [markdown]
# Two things are visible at once. Far from zero all four agree: the gate is shut on the left and open on the right. Near zero the smooth
# ones *dip below zero* before they die out, so they are not monotonic. Keep an eye on that dip; we shall solve for its bottom and put it to use.
#
# A third thing is visible only to algebra. The gates $\sigma$ and $\Phi$ are symmetric, $g(-x) = 1 - g(x)$, and therefore
# $f(x) - f(-x) = x\,g(x) + x\,g(-x) = x$. Such a function is half the identity plus something *even*:
# ReLU is $x/2 + |x|/2$, and SiLU and GELU are $x/2$ plus a rounded $|x|/2$. All they change about ReLU is how the corner of $|x|$ is rounded off.

# %%
for name, f in {"SiLU": silu, "GELU": gelu, "GELU, tanh form": gelu_tanh, "Mish": mish}.items():
    print(f"{name:16} largest |f(x) - f(-x) - x| = {np.abs(f(x) - f(-x) - x).max():.1e}")
assert np.abs(gelu(x) - gelu(-x) - x).max() < 1e-14 < np.abs(mish(x) - mish(-x) - x).max()

# %% [markdown]
# Mish is the odd one out: its gate stands at $3/5$ when the input is 0, since $\tanh\ln 2 = 3/5$.
#
# ## Swish: a gate with a steepness
#
# **Swish** (Swish 函数) puts a dial on the logistic gate (Qiu 2019, equation 4.26):
#
# $$ \operatorname{swish}_\beta(x) = x\,\sigma(\beta x) = \frac{x}{1 + e^{-\beta x}} \tag{4.26} $$
#
# With $\beta = 0$ the gate is stuck half open and the unit is *linear*, $x/2$; with $\beta \to \infty$ it becomes ReLU. In between lie $\beta = 1$, which is called **SiLU**
# (sigmoid linear unit), and $\beta = 1.702$, which will turn out to be nearly GELU. Its code is the formula with one precaution.

# %%
show_source(smooth_gates.swish, smooth_gates._times_logistic)

# %% [markdown]
# For $x = -1000$ the exponential overflows to infinity, and $x$ divided by infinity is 0, the right limit: the overflow is harmless
# and the code says so. The tempting alternative $\tfrac{x}{2}(1 + \tanh\tfrac{x}{2})$ never overflows, but subtracts two nearly equal
# numbers on the left, and loses all digits there. Now figure 4.5 of the textbook, with the derivatives beside it.

# %% mystnb={"image": {"alt": "Left: Swish for four steepnesses. For beta 0 it is the line x over 2, for one half and 1 a curve with a shallow dip, for 100 it cannot be told from ReLU. Right: the derivatives: constant one half for beta 0, S-shaped curves that undershoot 0 on the left and overshoot 1 on the right, and a steep step for 100."}}
dense = np.linspace(-5, 5, 10_001)
figure, (left, right) = plt.subplots(1, 2, figsize=(7, 3))
for beta, line in zip((0, 0.5, 1, 100), (":", "-.", "--", "-")):
    left.plot(x, swish(x, beta), line, label=rf"$\beta = {beta}$")
    right.plot(dense, smooth_gates.swish_derivative(dense, beta), line)
left.set(xlabel="input $x$", ylabel=r"$\mathrm{swish}_\beta(x)$", ylim=(-1.5, 4))
right.set(xlabel="input $x$", ylabel="derivative by $x$")
left.legend()
plt.show()

# %% [markdown]
# How far from ReLU is Swish? Where the input is positive, too little passes, and where it is negative, too much; both times the gap is
# $|x|\,\sigma(-\beta|x|)$. Substitute $t = \beta|x|$ and it reads $\tfrac1\beta\, t\,\sigma(-t)$: a fixed curve, divided by $\beta$. So
# the largest gap is a constant over $\beta$. Hold that constant in mind, it will come back within a minute.

# %%
bump = minimize_scalar(lambda t: -t * expit(-t), bounds=(0, 5), method="bounded", options={"xatol": 1e-10})
print(f"the largest value of t sigma(-t) is {-bump.fun:.6f}")
fine = np.linspace(-5, 5, 100_001)
for beta in (1, 10, 100):
    gap = np.abs(swish(fine, beta) - relu(fine)).max()
    print(f"beta = {beta:3d}: largest |swish - ReLU| = {gap:.6f}, times beta {beta * gap:.4f}")
    assert gap <= -bump.fun / beta + 1e-12
assert np.array_equal(swish(x, 0), x / 2)

# %% [markdown]
# ### The derivative (exercise 4-4)
#
# The product rule, with $\sigma' = \sigma(1 - \sigma)$, gives for every gate and for Swish in particular
#
# \begin{align}
# f'(x) &= g(x) + x\,g'(x) \\
# \operatorname{swish}_\beta'(x) &= \sigma(\beta x) + \beta x\,\sigma(\beta x)\bigl(1 - \sigma(\beta x)\bigr)
# \end{align}
#
# Often this is written $\beta f(x) + \sigma(\beta x)(1 - \beta f(x))$, which is the same and saves an array when $f$ is at hand. Differentiate once more, and collect
# $1 - 2\sigma(z) = -\tanh(z/2)$:
#
# $$ \operatorname{swish}_\beta''(x) = \beta\,\sigma'(\beta x)\,\bigl(2 - \beta x \tanh\tfrac{\beta x}{2}\bigr) $$

# %%
h, beta = 1e-5, 0.7
numeric = (swish(x + h, beta) - swish(x - h, beta)) / (2 * h)
short = beta * swish(x, beta) + expit(beta * x) * (1 - beta * swish(x, beta))
exact = smooth_gates.swish_derivative(x, beta)
print(
    f"exact against differences {np.abs(exact - numeric).max():.1e}, against the short form {np.abs(exact - short).max():.1e}"
)
assert np.abs(exact - numeric).max() < 1e-9

# %% [markdown]
# ## The dip
#
# Where is the bottom? For SiLU set the derivative to zero and divide by $\sigma$: $1 + x(1 - \sigma(x)) = 0$, that is
# $1 + e^{x} = -x$. Put $x = -(1 + w)$, and the equation becomes $e^{-(1+w)} = w$, or $w e^w = 1/e$. The function that solves $w e^w = c$ for $w$ has a
# name, Lambert's $W$, so that
#
# $$ x_{\min} = -1 - W(1/e), \qquad f(x_{\min}) = -W(1/e). $$
#
# For GELU and Mish a root finder must do. The slope is steepest, and most negative, where the *second* derivative vanishes.

# %%
w = lambertw(np.exp(-1)).real
print(f"closed form for SiLU: bottom at {-1 - w:.6f}, depth {-w:.6f}")
bottoms = {}
for name, f in {"silu": silu, "gelu": gelu, "mish": mish}.items():
    slope, bend = getattr(smooth_gates, name + "_derivative"), getattr(smooth_gates, name + "_second_derivative")
    bottoms[name] = brentq(slope, -2, -0.5, xtol=1e-14)
    steepest, turns = brentq(bend, 0.5, 5), brentq(bend, -5, -0.9)
    print(f"{name}: bottom {f(bottoms[name]):.4f} at {bottoms[name]:.4f}; ", end="")
    print(f"slope from {slope(turns):.4f} at {turns:.3f} to {slope(steepest):.4f} at {steepest:.3f}")
assert abs(bottoms["silu"] + 1 + w) < 1e-10
assert abs(silu(bottoms["silu"]) + w) < 1e-14

# %% [markdown]
# There it is again: the depth of SiLU's dip is the constant that measured its distance from ReLU, and no wonder, since the dip *is* that distance on the
# left side. For GELU the slope turns at exactly $\pm\sqrt2$, because $f'' = \varphi(x)(2 - x^2)$ with the normal density $\varphi$.
#
# Mind the largest slopes. They exceed 1: a GELU passes a gradient *amplified* by up to 1.13 where the input is moderately positive, and lets
# a little of it through with the *wrong sign* in the tail on the left. Neither harms in practice, but a bound such as "the derivative of an activation is at most
# one", true of tanh, ReLU and softplus, is false here.
#
# ### One neuron, two answers
#
# What does non-monotonicity (非单调性) buy? A neuron with a monotonic activation, followed by a threshold, cuts its input space along *one* hyperplane; that is why
# the exclusive or needs a hidden layer of at least two. A unit with a dip can cut twice. Send $z = x_1 + x_2$, which is 0, 1, 1, 2 on the four corners, to $f(2.7z - 4)$:

# %%
corners, answer = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
outputs = silu(2.7 * corners.sum(axis=1) - 4.0)
print("outputs", outputs.round(3), "-> below -0.2:", (outputs < -0.2).astype(int))
assert ((outputs < -0.2) == answer).all()

# %% [markdown]
# One hidden unit, one threshold, exclusive or. Is this a trick with hand-picked weights, or does gradient descent find it too? Ten starts each, one
# hidden unit:

# %%
solved = {}
for name in ("tanh", "relu", "softplus", "silu", "gelu", "mish"):
    options = {"activation": name, "update": "accumulated", "learning_rate": 0.3, "max_epochs": 600, "alpha": 0}
    runs = [MLPClassifier(1, random_state=seed, **options).fit(corners, answer) for seed in range(10)]
    solved[name] = sum(run.score(corners, answer) == 1 for run in runs)
print("starts out of ten that solve the exclusive or with a single hidden unit:", solved)
assert solved["tanh"] == solved["relu"] == solved["softplus"] == 0
assert min(solved["silu"], solved["gelu"], solved["mish"]) >= 8

# %% [markdown]
# We expected a few lucky starts. Nearly all of them succeed: the dip is not a curiosity of the formula but something that descent finds and uses. The
# monotonic units fail every time, as they must, whatever the training.
#
# ## GELU: a gate thrown by chance
#
# A year before Swish, Hendrycks and Gimpel (2016) had reached almost the same shape from another side. Dropout, met at the end of SELU's story, multiplies a unit by 0 or 1 at random, ReLU multiplies by 0 or 1 according to the
# sign. Combine them: keep the input with a probability that depends on its value. If inputs are about normally distributed, a natural choice is the probability that a standard
# normal number $X$ lies below $x$:
#
# $$ m \sim \operatorname{Bernoulli}\bigl(\Phi(x)\bigr), \qquad \mathrm{E}[x\,m] = x\,\Phi(x) = x\,P(X \le x) = \operatorname{GELU}(x) $$
#
# The **Gaussian error linear unit** (高斯误差线性单元) is the *average* of that lottery. Let us hold it:

# %%
rng = np.random.default_rng(0)
points, tickets = np.linspace(-3, 3, 25), 4000
kept = rng.normal(size=(tickets, 1)) <= points
average = (points * kept).mean(axis=0)
error = np.abs(points) * np.sqrt(ndtr(points) * ndtr(-points) / tickets)
worst = np.max(np.abs(average - gelu(points))[error > 0] / error[error > 0])
print(f"averages of {tickets} draws: largest distance from GELU {np.abs(average - gelu(points)).max():.4f}")
print(f"in standard errors: {worst:.1f}")
assert worst < 4

# %% mystnb={"image": {"alt": "Against the input: the curve of GELU, single draws lying either on the diagonal or on zero, and averages of four thousand draws, which lie on the curve."}}
few = rng.normal(size=(40, 1)) <= points
figure, ax = plt.subplots(figsize=(7, 3))
ax.plot(np.tile(points, 40), (points * few).ravel(), ".", color=plot.PALETTE[4], alpha=0.15, markersize=6)
ax.plot([], [], ".", color=plot.PALETTE[4], label="single draws, $x\\,m$")
ax.plot(points, average, "o", color=plot.PALETTE[1], label="averages of 4000 draws")
ax.plot(x, gelu(x), color=plot.PALETTE[0], label=r"$\mathrm{GELU}(x) = x\,\Phi(x)$")
ax.set(xlabel="input $x$", ylabel="output", xlim=(-3, 3), ylim=(-3, 3))
ax.legend()
plt.show()

# %% [markdown]
# Every single draw lies on the diagonal or on zero, on either side of 0; only the average is smooth. So the smoothness of GELU is that of an expectation, and
# a dip appears because a negative input is sometimes, if rarely, let through at its full negative value.
#
# ## Two approximations and their strange numbers
#
# When GELU was young, libraries had no fast error function, and the same paper offered two substitutes:
#
# \begin{align}
# \operatorname{GELU}(x) &\approx \tfrac{x}{2}\Bigl(1 + \tanh\bigl(\sqrt{2/\pi}\,(x + 0.044715\,x^3)\bigr)\Bigr) \\
# \operatorname{GELU}(x) &\approx x\,\sigma(1.702\,x)
# \end{align}
#
# As $\tfrac12(1 + \tanh u) = \sigma(2u)$, *both* are logistic gates: of $1.702\,x$ and of the cubic $v = \sqrt{8/\pi}\,(x + 0.044715\,x^3)$. How good are they? A grid of points can miss the worst case,
# so we let an optimiser climb to it.

# %%
worst = {}
for name, f in {"tanh form": gelu_tanh, "sigmoid form": gelu_sigmoid}.items():
    found = minimize_scalar(
        lambda t, f=f: -abs(f(t) - gelu(t)), bounds=(1.5, 4), method="bounded", options={"xatol": 1e-10}
    )
    worst[name] = -found.fun
    print(f"{name}: largest error {worst[name]:.4e} at x = {found.x:.4f} (and at {-found.x:.4f})")
    assert np.abs(f(x) - gelu(x)).max() <= worst[name] * (1 + 1e-9)

# %% mystnb={"image": {"alt": "Error of the two approximations of GELU against the input. Left: the sigmoid form errs by up to two hundredths, with two humps on each side. Right, on a scale forty times finer: the tanh form errs by less than five ten-thousandths, with the opposite signs."}}
figure, axes = plt.subplots(1, 2, figsize=(7, 2.8))
for ax, (name, f) in zip(axes, {"sigmoid form": gelu_sigmoid, "tanh form": gelu_tanh}.items()):
    ax.plot(x, f(x) - gelu(x), color=plot.PALETTE[0])
    ax.axhline(0, color="#555555", linewidth=0.8)
    ax.set(title=name, xlabel="input $x$")
    ax.ticklabel_format(axis="y", scilimits=(-2, 2))
axes[0].set_ylabel("approximation minus GELU")
plt.show()

# %% [markdown]
# By the way, both errors are *even* functions: the identity $f(x) - f(-x) = x$ holds on both sides of the approximation, so the odd parts cancel.
#
# ### Where do 1.702 and 0.044715 come from?
#
# The paper does not say by which criterion the constants were fitted. We can ask the numbers themselves: fit $\beta$ in $\sigma(\beta x)$ by every sensible criterion, and see which one returns
# 1.702. Candidates: match the slope at 0; match the variance of the two distributions; least squares or the least *largest* error, of the gate or of the function $x\,g(x)$.

# %%
t = np.linspace(-9, 9, 6001)
difference = {"gate": lambda gate: gate - ndtr(t), "function": lambda gate: t * (gate - ndtr(t))}
measure = {"largest error": lambda d: np.abs(d).max(), "least squares": lambda d: np.mean(d**2)}
families = {
    "beta": (lambda b: expit(b * t), (1.4, 2.0)),
    "cubic": (lambda a: expit(np.sqrt(8 / np.pi) * (t + a * t**3)), (0.03, 0.06)),
}
fitted = {}
for parameter, (gate, bounds) in families.items():
    for of, of_what in difference.items():
        for kind, size in measure.items():
            best = minimize_scalar(
                lambda p, g=gate, o=of_what, s=size: s(o(g(p))),
                bounds=bounds,
                method="bounded",
                options={"xatol": 1e-9},
            )
            fitted[parameter, of, kind] = best.x
            print(f"{parameter}: {kind} of the {of:8} -> {best.x:.6f}")

# %%
print(f"beta: same slope at 0 {np.sqrt(8 / np.pi):.5f}, same variance {np.pi / np.sqrt(3):.5f}")
print(f"cubic: same third derivative at 0 {(4 - np.pi) / (6 * np.pi):.5f}")
assert abs(fitted["beta", "gate", "largest error"] - 1.702) < 0.0005
assert abs(fitted["cubic", "gate", "largest error"] - 0.044715) < 5e-7
for (parameter, *criterion), value in fitted.items():
    published, digits_of_it = (1.702, 5e-4) if parameter == "beta" else (0.044715, 5e-7)
    assert (abs(value - published) < digits_of_it) == (criterion == ["gate", "largest error"])

# %% [markdown]
# Both constants are **minimax fits** (极小化最大误差) *of the gate*: among all slopes, 1.702 makes the largest gap between $\sigma(\beta x)$ and $\Phi(x)$ as small as it can be, and among all cubics with the
# right slope at 0, 0.044715 does, to all its digits. No other criterion on the list returns either of them. The first is an old acquaintance of another field: test theory
# (项目反应理论) has replaced the normal by the logistic curve with a factor of 1.7 for decades, and Camilli (1994) traces it to a minimax argument of Haley in 1952.
#
# Which raises a question that the paper leaves open. A network never sees the gate alone; it sees $x$ *times* the gate. Fitted to the function, the constants come out differently. By how much could the
# approximations have been better, at no cost?

# %%
gains = {}
for parameter, used, gate in (("beta", 1.702, families["beta"][0]), ("cubic", 0.044715, families["cubic"][0])):
    better = fitted[parameter, "function", "largest error"]
    before, after = (np.abs(t * (gate(p) - ndtr(t))).max() for p in (used, better))
    gains[parameter] = after / before
    print(f"{parameter}: {used} errs by {before:.2e}, {better:.5f} by {after:.2e}: {1 - after / before:.0%} less")
assert gains["beta"] < 0.7
assert gains["cubic"] < 0.85

# %% [markdown]
# The sigmoid form could have been a third better with 1.773 in place of 1.702. Nobody will change it now: networks have been trained with 1.702, and a
# network should be run with the function that it was trained with. How much that matters is measured below.
#
# ## Mish
#
# Misra (2019) proposed $\operatorname{mish}(x) = x\tanh(\operatorname{softplus}(x))$. Softplus, then tanh, then a product: it looks expensive. But
# $\tanh\ln s = (s^2 - 1)/(s^2 + 1)$, and with $s = 1 + e^x$
#
# $$ \operatorname{mish}(x) = x\,\frac{w}{w + 2}, \qquad w = e^x(e^x + 2), $$
#
# a single exponential.

# %%
show_source(smooth_gates.mish, smooth_gates._exponential_and_w)

# %% [markdown]
# The minimum with 40 is not decoration. The derivative, as the paper gives it, is
#
# $$ f'(x) = \frac{e^x\,\omega}{\delta^2}, \qquad \omega = 4(x + 1) + 4e^{2x} + e^{3x} + e^x(4x + 6), \qquad \delta = 2e^x + e^{2x} + 2 . $$
#
# Correct, and a trap: numerator and denominator grow like $e^{4x}$. In single precision, the one in which networks are trained, that overflows at
# an input which is anything but extreme.

# %%
ramp = np.arange(0, 200, 0.1)
for kind in (np.float32, np.float64):
    s = ramp.astype(kind)
    with np.errstate(over="ignore", invalid="ignore"):
        e = np.exp(s)
        naive = e * (4 * (s + 1) + 4 * e**2 + e**3 + e * (4 * s + 6)) / (2 * e + e**2 + 2) ** 2
    safe = smooth_gates.mish_derivative(ramp)
    good = np.isfinite(naive)
    print(
        f"{kind.__name__}: not a number from x = {ramp[~good].min():.1f}; before, off by {np.abs(naive - safe)[good].max():.1e}"
    )
assert np.isfinite(smooth_gates.mish_derivative([-1e4, 1e4])).all()

# %% [markdown]
# Infinity divided by infinity is not a number; and one such number in one gradient turns all weights into NaN with the next update. The remedy is always the same: divide numerator and denominator by
# their largest term *before* computing, or, as here, cut the exponent where the answer no longer changes.
#
# ## Two doors: gated linear units
#
# So far the input opens its own gate. Dauphin et al. (2017) let *another* linear map of the same input do it. A layer of **gated linear units** (门控线性单元, GLU) has two weight
# matrices,
#
# $$ h = \sigma(xW + b) \odot (xV + c), $$
#
# one to decide and one to carry. The gradient that flows into the carrying part is multiplied by the gate and by *no derivative of a squashing function*: a linear path, as in the LSTM, a recurrent unit of a later chapter.
# Shazeer (2020) tried other gates in the feed-forward blocks of a Transformer: ReLU (ReGLU), GELU (GEGLU), SiLU (**SwiGLU**), and none at all (bilinear). He offers no explanation for their success.

# %%
show_source(gated_units.gated_linear_unit_backward)

# %% [markdown]
# Two matrices cost twice the weights. A fair comparison gives the gated layer fewer units: Shazeer shrank a block of 3072 units to 2048, two thirds. In general
#
# $$ M = n\,\frac{D + 1 + K}{2(D + 1) + K} $$
#
# gated units have as many parameters as $n$ plain ones between $D$ inputs and $K$ outputs. Before we trust the gradients, we check every one of them by differences, through a network of two such layers.

# %%
assert gated_units.matched_width(3072, 768, 768) == 2048
digits = load_digits()
few, labels = digits.X_train[:11], digits.y_train[:11]
tiny = LearntUnitClassifier((5, 3), unit="swiglu", max_epochs=3, random_state=0).fit(digits.X_train, digits.y_train)
analytic, V = tiny.gradients(few, labels)[0][0], tiny.layers_[0][2]
numeric = np.zeros_like(V)
for i in np.ndindex(V.shape):
    losses = []
    for step in (1e-5, -2e-5, 1e-5):  # up, down, back
        V[i] += step
        losses.append(-np.log(tiny.predict_proba(few)[np.arange(11), labels]).mean())
    numeric[i] = (losses[0] - losses[1]) / 2e-5
print(f"largest difference over {V.size} weights: {np.abs(numeric.ravel() - analytic[V.size :]).max():.1e}")
assert np.abs(numeric.ravel() - analytic[V.size :]).max() < 1e-8

# %% [markdown]
# Now real data: the optdigits, one hidden layer, ten seeds. Plain ReLU with 64 units is the reference; the gated kinds run once with as many *parameters* and once with as many *units*, which is
# the unfair comparison that one meets more often. In brackets stands the interval that covers the true mean with 95 % confidence (Student's *t*, from the scatter of the ten seeds).

# %%
width, scores = gated_units.matched_width(64, 64, 10), {}
for unit in ("relu", *gated_units.KINDS):
    for size in (64,) if unit == "relu" else (width, 64):
        scores[unit, size] = []
        for seed in range(10):
            model = LearntUnitClassifier(size, unit=unit, schedule="linear", max_epochs=20, random_state=seed)
            scores[unit, size].append(model.fit(digits.X_train, digits.y_train).score(digits.X_test, digits.y_test))
        mean, low, high = comparison.mean_interval(scores[unit, size])
        print(f"{unit:9}{size:3d} units, {model.n_parameters_} parameters: {mean:.4f} ({low:.4f} to {high:.4f})")

# %% mystnb={"image": {"alt": "Test accuracy of ten seeds on the small digits as dots, for plain ReLU and five gated kinds, each gated kind with as many parameters and with as many units as the plain layer. The clouds of ReLU and GLU lie lowest, those of the four other kinds overlap widely; all means lie within about one percentage point."}}
figure, ax = plt.subplots(figsize=(7, 3))
jitter = np.linspace(-0.12, 0.12, 10)
for place, ((unit, size), values) in enumerate(scores.items()):
    colour = plot.PALETTE[0] if unit == "relu" else plot.PALETTE[1] if size == width else plot.PALETTE[4]
    ax.plot(place + jitter, values, ".", color=colour, alpha=0.6)
    ax.plot([place - 0.25, place + 0.25], [np.mean(values)] * 2, color=colour)
ax.set_xticks(range(len(scores)), [f"{unit}\n{size} units" for unit, size in scores], fontsize=6.5)
ax.set(ylabel="test accuracy", title="dots: ten seeds; bars: their mean")
plt.show()

# %%
for unit in ("glu", "swiglu"):
    gap = comparison.paired_difference(scores[unit, width], scores["relu", 64])
    print(
        f"{unit} minus ReLU, equal parameters: {gap.mean:+.4f} ({gap.low:+.4f} to {gap.high:+.4f}), p = {gap.p_value:.3f}"
    )
spread = max(np.mean(values) for values in scores.values()) - min(np.mean(values) for values in scores.values())
print(f"from the worst to the best mean: {spread:.4f}")
assert spread < 0.02

# %% [markdown]
# Read the figure with care, for there is a trap in every column. One test image in 359 is worth almost three thousandths, so the dots lie in rows, and the means of the whole figure span less than four images. Still, the
# seeds are paired (the same seed means the same order of examples), and for SwiGLU the interval of the difference leaves zero out. The original GLU, with its S-shaped gate, gains nothing here. (The [last section](choosing.ipynb) says more about such comparisons.)
#
# Two things we had not expected. Doubling the units of a gated layer bought *nothing* on these data, so this time the unfair comparison would have misled nobody. And the **bilinear** layer, which
# has no activation function whatever, is at the top. It is nonlinear all the same, for a product of two linear maps is a quadratic form, and pictures of digits are apparently well described by products of pixels. Much of what
# a gated unit adds is the product, not the particular curve of its gate.
#
# ## What goes wrong: the wrong door at test time
#
# A checkpoint says "gelu", the library that loads it computes another of the three forms. Nothing crashes. What does it cost? We train a deep network with the exact function and swap afterwards.

# %%
deep = MLPClassifier((64,) * 8, activation="gelu", learning_rate=0.02, schedule="linear", max_epochs=30, random_state=0)
deep.fit(digits.X_train, digits.y_train)
truth = deep.predict_proba(digits.X_test)
print(f"as trained: accuracy {deep.score(digits.X_test, digits.y_test):.4f}")
moved = {}
for name in ("gelu_tanh", "gelu_sigmoid", "silu", "relu"):
    swapped = copy.deepcopy(deep)
    swapped.activations_ = (name,) * 8 + ("softmax",)
    moved[name] = np.abs(swapped.predict_proba(digits.X_test) - truth).max()
    changed = (swapped.predict(digits.X_test) != deep.predict(digits.X_test)).mean()
    print(
        f"run with {name:13} accuracy {swapped.score(digits.X_test, digits.y_test):.4f}; largest change of a probability",
        end=" ",
    )
    print(f"{moved[name]:.3f}, answers changed {changed:.1%}")
assert moved["gelu_tanh"] < moved["gelu_sigmoid"] < moved["silu"]

# %% [markdown]
# The tanh form may stand in for the exact one: not a single answer changes, although eight layers had the chance to add up its errors. The sigmoid form moves a probability by as much as a tenth, and one answer in 359. With SiLU or
# ReLU in place of GELU, single probabilities turn over completely, and yet the accuracy falls by no more than a point and a half, which is the dangerous part: a mistake of this kind hides behind a plausible score. Compare *outputs*
# with those of the original, not accuracies.
#
# ## A parameter that adds nothing: learning $\beta$
#
# Ramachandran et al. (2017), who found Swish by an automated search over formulas, let every network learn its $\beta$. Its gradient is $\partial f/\partial\beta = x^2\sigma'(\beta x)$. Here is one $\beta$ for each hidden unit, all starting from 1:

# %%
options = {"learning_rate": 0.05, "schedule": "linear", "max_epochs": 40, "random_state": 0}
learnt = LearntUnitClassifier((64, 64), unit="swish", **options).fit(digits.X_train, digits.y_train)
betas = [layer[2] for layer in learnt.layers_[:2]]
for layer, values in enumerate(betas, start=1):
    print(f"layer {layer}: beta from {values.min():.2f} to {values.max():.2f}, median {np.median(values):.2f}")
assert all(np.abs(values - 1).max() > 0.05 for values in betas)

# %% [markdown]
# They move, though not far. But look at the formula again, with $z = xW + b$:
#
# $$ \operatorname{swish}_\beta(z) = z\,\sigma(\beta z) = \tfrac{1}{\beta}\,(\beta z)\,\sigma(\beta z) = \tfrac{1}{\beta}\operatorname{silu}(\beta z) $$
#
# Multiply the weights and the bias below a unit by its $\beta$, divide the weights above by it, and the $\beta$ is gone: *for every network with learnt $\beta$ there is one with plain SiLU that computes the
# same function*. Here it is.

# %%
plain = MLPClassifier((64, 64), activation="silu", **(options | {"max_epochs": 1})).fit(digits.X_train, digits.y_train)
(W1, b1, beta1), (W2, b2, beta2), (W3, b3) = learnt.layers_
plain.coefs_ = [W1 * beta1, W2 / beta1[:, None] * beta2, W3 / beta2[:, None]]
plain.intercepts_ = [b1 * beta1, b2 * beta2, b3]
difference = np.abs(plain.predict_proba(digits.X_test) - learnt.predict_proba(digits.X_test)).max()
print(f"largest difference between the network with learnt beta and plain SiLU: {difference:.1e}")
assert difference < 1e-12

# %% [markdown]
# So $\beta$ adds no function to the network's repertoire. It changes only the *path*: the same function is reached through other gradients, with another effective learning rate, and the weight penalty acts on
# other numbers. (Only the limits 0 and infinity are out of reach of the rescaling.) That is a good test for any proposed "learnable activation": can its parameter be absorbed by the weights next to it? The slope of PReLU cannot.
#
# ## Second derivatives
#
# Plain back-propagation never asks for $f''$. Whoever differentiates a *gradient* does: Newton-like methods, penalties on gradients, networks that must satisfy a differential equation. There ReLU and its piecewise-linear
# kin fail outright, since their second derivative is 0 wherever it exists. The smooth gates all have one, and all of one shape:

# %% mystnb={"image": {"alt": "Second derivatives against the input. SiLU, GELU and Mish have a positive bump around zero and shallow negative dips on both sides; that of GELU is the narrowest and highest, that of Mish lies a little to the left and has a deeper dip on the right."}}
figure, ax = plt.subplots(figsize=(7, 2.8))
for name, line in zip(("silu", "gelu", "mish"), ("-.", "--", ":")):
    ax.plot(x, getattr(smooth_gates, name + "_second_derivative")(x), line, label=f"{name}''")
ax.axhline(0, color="#555555", linewidth=0.8, label="ReLU (apart from the kink)")
ax.set(xlabel="input $x$", ylabel="second derivative")
ax.legend()
plt.show()

# %% [markdown]
# The area under each of these curves is 1, because the slope climbs from 0 to 1: all of them spread the kink of ReLU, an infinitely sharp spike of area 1, over a neighbourhood. GELU spreads it least.
#
# ## Checked against PyTorch
#
# Values, first and second derivatives, on 6001 points from $-30$ to 30, zero included. The derivatives on the other side come from automatic differentiation, applied twice.

# %%
import torch

peers = {"silu": torch.nn.functional.silu, "gelu": torch.nn.functional.gelu, "mish": torch.nn.functional.mish}
peers["gelu_tanh"] = lambda z: torch.nn.functional.gelu(z, approximate="tanh")
peers["gelu_sigmoid"] = lambda z: z * torch.sigmoid(1.702 * z)
points = torch.linspace(-30, 30, 6001, dtype=torch.float64, requires_grad=True)
for name, peer in peers.items():
    value = peer(points)
    (first,) = torch.autograd.grad(value.sum(), points, create_graph=True)
    (second,) = torch.autograd.grad(first.sum(), points)
    ours = [getattr(smooth_gates, name + suffix) for suffix in ("", "_derivative", "_second_derivative")]
    gaps = [
        np.abs(f(points.detach().numpy()) - theirs.detach().numpy()).max()
        for f, theirs in zip(ours, (value, first, second))
    ]
    print(f"{name:13} values {gaps[0]:.0e}, first {gaps[1]:.0e}, second {gaps[2]:.0e}")
    assert gaps[0] < 1e-14
    assert max(gaps[1:]) < 1e-10

# %% [markdown]
# The differences are a few units in the last place. In the left tail, though, a difference of $10^{-16}$ may be everything there is. At $x = -10$ the true value of GELU is about $-10^{-22}$:

# %%
tail = torch.tensor(-10.0, dtype=torch.float64)
print(f"torch {torch.nn.functional.gelu(tail).item():.4e}, ours {gelu(-10.0).item():.4e}")
log_gate = torch.special.log_ndtr(tail).item()
print(f"closed form by the logarithm of the distribution function {-10 * np.exp(log_gate):.4e}")
assert abs(gelu(-10.0) / (-10 * np.exp(log_gate)) - 1) < 1e-12

# %% [markdown]
# PyTorch returns zero, because it adds 1 to an error function that is $-1$ to all digits; ours asks for $\Phi$ itself and keeps every digit. No network notices. A logarithm of a gate, or a ratio of two, would.
#
# ## Exercises
#
# 1. Show that $\operatorname{swish}_\beta(x) = \tfrac{x}{2} + \tfrac{x}{2}\tanh\tfrac{\beta x}{2}$, and conclude that its even part lies between 0 and $|x|/2$. What is the even part of ReLU?
#    <details><summary>Answer</summary>
#
#    $\sigma(z) = \tfrac12(1 + \tanh\tfrac z2)$. The second term is a product of two odd functions, hence even, and $0 \le \tfrac{x}{2}\tanh\tfrac{\beta x}{2} \le \tfrac{|x|}{2}$. The even part of ReLU is $|x|/2$ itself.
#
#    </details>
# 2. Do for GELU what exercise 4-4 asks for Swish, differentiate it twice, and find where its slope is largest without a computer.
#    <details><summary>Answer</summary>
#
#    $f' = \Phi + x\varphi$, and as $\varphi' = -x\varphi$, $f'' = 2\varphi - x^2\varphi = \varphi(x)(2 - x^2)$. The slope is extreme at $\pm\sqrt2$: $\Phi(\sqrt2) + \sqrt2\,\varphi(\sqrt2) \approx 1.129$, and 1 minus that on the left.
#
#    </details>
# 3. Compute the value and the slope of Mish at 0 by hand.
#    <details><summary>Answer</summary>
#
#    $e^0 = 1$, so $w = 3$ and the gate is $3/5$: the value is 0, and the slope, $g(0) + 0\cdot g'(0)$, is $3/5$.
#
#    </details>
# 4. Choose weights that make a single GELU unit with threshold solve the exclusive or. Which property of the three numbers $f(b), f(b + a), f(b + 2a)$ do you need?
#    <details><summary>Hint</summary>
#
#    The middle one must be smaller than both others: put $b + a$ at the bottom, near $-0.75$, and $b$ far to the left.
#
#    </details>
# 5. Can a single SiLU unit tell the parity of *three* bits?
#    <details><summary>Answer</summary>
#
#    Not through the sum of the bits: the outputs on sums 0, 1, 2, 3 would have to lie on alternating sides of the threshold, which takes two turning points, and SiLU has one. Nor by any other weights: a line $f = $ const meets the curve at most twice, so the unit followed by a threshold separates by the sign of a polynomial of degree two, $(w^\top x - p)(w^\top x - q)$, and the parity of $n$ bits is the sign of no polynomial of degree below $n$ (Minsky and Papert).
#
#    </details>
# 6. Fit $\beta$ so that the *slopes* of $x\sigma(\beta x)$ and GELU differ as little as possible in the worst case. Is it nearer to 1.702 or to 1.773?
#    <details><summary>Answer</summary>
#
#    About 1.697, close to the fit of the gate. Whoever cares for gradients more than for values may call 1.702 a good choice after all.
#
#    </details>
# 7. Absorb the slope $s$ of a PReLU unit into the weights around it. Where does the attempt fail?
#    <details><summary>Answer</summary>
#
#    Scaling the input of the unit by $c > 0$ scales both branches alike; the *ratio* of the two slopes, which is $s$, stays what it is. For Swish the scaling changes the shape, and that is why it can undo $\beta$.
#
#    </details>
# 8. Replace SwiGLU's gate by the carried line itself, $W = V$ and $b = c$. Which function of $z$ do you get, and how does it grow?
#    <details><summary>Answer</summary>
#
#    $z^2\sigma(z)$: like $z^2$ on the right. Products make gated units grow quadratically where a plain unit grows linearly; in deep stacks that calls for normalisation or care with the learning rate.
#
#    </details>
#
# ## Summary
#
# - ReLU is the input times a hard gate. Swish, GELU and Mish soften the gate; with a symmetric gate $f(x) - f(-x) = x$, and only the corner of $|x|$ is rounded.
# - $\operatorname{swish}_\beta$ runs from $x/2$ to ReLU, never farther from it than $0.2785/\beta$. The same constant, $W(1/e)$, is the depth of SiLU's dip.
# - The dip makes one unit cut twice: a single SiLU, GELU or Mish unit learns the exclusive or, which no monotonic unit can.
# - GELU is the expectation of a random gate. Its approximations use minimax fits of the *gate*, 1.702 and 0.044715; fitted to the function they could have been closer.
# - Learnt $\beta$ can be absorbed by the weights and adds no function. A second weight matrix, as in GLU and SwiGLU, does.
# - Cut exponents before they overflow, run a network with the function that it was trained with, and compare gated layers at equal numbers of parameters.
#
# So far a slope was a property of one unit. The next section multiplies slopes through many layers: [vanishing and exploding gradients](vanishing_gradients.ipynb).
#
# ## Sources
#
# - Qiu (2019), 《神经网络与深度学习》, <https://nndl.github.io/>, section 4.1: equation 4.26, figure 4.5, exercise 4-4.
# - Hendrycks and Gimpel (2016), Gaussian error linear units (GELUs), [arXiv:1606.08415](https://arxiv.org/abs/1606.08415). It names the SiLU too.
# - Elfwing, Uchibe and Doya (2018), Sigmoid-weighted linear units for neural network function approximation in reinforcement learning, [arXiv:1702.03118](https://arxiv.org/abs/1702.03118).
# - Ramachandran, Zoph and Le (2017), Searching for activation functions, [arXiv:1710.05941](https://arxiv.org/abs/1710.05941).
# - Misra (2019), Mish: a self regularized non-monotonic activation function, [arXiv:1908.08681](https://arxiv.org/abs/1908.08681).
# - Dauphin, Fan, Auli and Grangier (2017), Language modeling with gated convolutional networks, [arXiv:1612.08083](https://arxiv.org/abs/1612.08083).
# - Shazeer (2020), GLU variants improve Transformer, [arXiv:2002.05202](https://arxiv.org/abs/2002.05202).
# - Camilli (1994), Origin of the scaling constant d = 1.7 in item response theory, [doi:10.2307/1165298](https://doi.org/10.2307/1165298).
