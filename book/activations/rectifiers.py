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
# # Rectifiers (修正线性单元)
#
# The S-shaped curve ruled for decades, and then a function that a schoolchild can compute took its place: keep what is positive, drop what
# is negative. It is not smooth, it is not bounded, half of the time it is silent, and it made deep networks trainable. This
# section builds the rectifier and the family that grew around its one weakness, a unit that falls silent for ever. We shall kill such
# a unit on purpose, prove that it is dead, and try three ways of bringing it back. One of the three, the best known, turns out to be weaker than its reputation.
#
# **You need:** [the sigmoid family](sigmoid_family.ipynb) and [back-propagation](../backprop/backpropagation.ipynb).
#
# **Time to run:** see the [Execution](../execution.md) page. About 25 seconds on one core.
#
# Equation numbers are those of Qiu (2019), 《神经网络与深度学习》, chapter 4.

# %% tags=["install", "hide-cell"]
# Only where the package is missing, as on Colab.
import importlib.util

if importlib.util.find_spec("nndl_support") is None:
    print("This notebook needs the package nndl_support: run pip install '.[data]' in a copy of its repository.")

# %%
from copy import deepcopy
from functools import partial

import matplotlib.pyplot as plt
import numpy as np

from nndl_support import plot, records
from nndl_support.activations import dead_units, deep_signal, maxout_fit, random_depth, rectifiers, registry
from nndl_support.activations.learnt_units import LearntUnitClassifier
from nndl_support.activations.rectifiers import leaky_relu, relu, selu, softplus
from nndl_support.backprop import network
from nndl_support.backprop.mlp import MLPClassifier
from nndl_support.data.digits import load_digits, load_mnist_5k
from nndl_support.source import show_source

plot.use_style()

# %% [markdown]
# ## Keep the positive, drop the negative
#
# The **rectified linear unit** (修正线性单元, ReLU) is
#
# \begin{align}
# \text{ReLU}(x) &= \begin{cases} x & x \ge 0 \\ 0 & x < 0 \end{cases} \tag{4.16} \\
# &= \max(0, x) . \tag{4.17}
# \end{align}
#
# It costs one comparison. Its slope is 1 wherever it is not 0, so an error that passes through an active unit keeps its full size,
# where a logistic unit would have taken three quarters of it. And it is one-sided, as real nerve cells are: below the threshold a cell is silent (单侧抑制, one-sided
# inhibition), above it the firing rate may grow for long (宽兴奋边界, a wide range of excitation).
#
# At 0 the slope jumps from 0 to 1, and strictly no derivative exists. Any number from 0 to 1 is a **subgradient** (次梯度) there. This book takes the slope
# of the left side, 0 for ReLU, and so does PyTorch. The choice matters more often than one would think, because net inputs that are *exactly* 0 are common: think
# of black pixels, zero biases, and layers below that are silent.

# %%
show_source(rectifiers.relu, rectifiers.relu_derivative)

# %% [markdown]
# ### Half of them are silent
#
# With weights drawn symmetrically about 0, a net input is positive with probability 1/2, whatever comes in. So at birth about half of all units are
# silent for any given example: a **sparse** (稀疏) activity, for free. Does training keep it so? We measure the share of silent units in a network of three hidden layers, for all digits, before and after.

# %%
digits = load_digits()
X, y, X_test, y_test = digits.X_train, digits.y_train, digits.X_test, digits.y_test
fresh, trained = [], []
for seed in range(5):
    born = network.initialise([64, 64, 64, 64, 10], ["relu"] * 3 + ["softmax"], np.random.default_rng(seed))
    z = network.forward(X, *born, ["relu"] * 3 + ["softmax"])[0]
    fresh.append([np.mean(layer <= 0) for layer in z[:3]])
    net = MLPClassifier((64, 64, 64), schedule="linear", max_epochs=15, random_state=seed).fit(X, y)
    z = network.forward(X, net.coefs_, net.intercepts_, net.activations_)[0]
    trained.append([np.mean(layer <= 0) for layer in z[:3]])
print("share of silent units per layer, fresh:  ", np.mean(fresh, axis=0).round(3))
print("share of silent units per layer, trained:", np.mean(trained, axis=0).round(3))
assert np.allclose(np.mean(fresh, axis=0), 0.5, atol=0.06)

# %% [markdown]
# One half at birth, as symmetry demands, and not far from it afterwards. Silent is not dead: a unit that is silent for a 3 may speak for an 8.
# The trouble begins when it is silent for everything.
#
# ## A unit dies
#
# The **dying ReLU** (死亡 ReLU 问题) is the reason why the family has so many members. Suppose that one large step has pushed the bias of
# a hidden unit so low that its net input is negative for *all* examples. Then, for all examples, its output is 0 and its slope is 0. Back-propagation
# multiplies the error by the slope, so the gradients of its weights and of its bias are zero; it multiplies by the output, so the gradients
# of the weights that lead on from it are zero too. Nothing will ever move again. (Qiu's exercise 4-3 asks for such a unit and for its rescue.)
#
# We take a trained network of sixteen hidden units and lower the bias of the first one until it is dead, by a margin of 1. Momentum and weight decay are off, so that
# gradients alone can move anything.

# %%
plain = {"learning_rate": 0.1, "momentum": 0.0, "alpha": 0.0, "random_state": 0}
victim = MLPClassifier(16, max_epochs=10, **plain).fit(X, y)
print(f"before: test accuracy {victim.score(X_test, y_test):.3f}")
victim.intercepts_[0][0] = dead_units.deadly_bias(X, victim.coefs_[0][:, 0], margin=1)
net_input = X @ victim.coefs_[0][:, 0] + victim.intercepts_[0][0]
print(
    f"after:  test accuracy {victim.score(X_test, y_test):.3f}, net inputs {net_input.min():.1f} to {net_input.max():.1f}"
)

# %%
(into, onward), (by_bias, _) = victim.gradients(X, y)
for name, gradient in {"weights in": into[:, 0], "bias": by_bias[0], "weights out": onward[0]}.items():
    print(f"{name:11}: largest gradient over all {len(X)} digits {np.abs(gradient).max()}")
    assert not np.any(gradient)
before = victim.coefs_[0][:, 0].copy()
later = deepcopy(victim)
for _ in range(40):
    later.partial_fit(X, y)
print(f"after 40 more epochs its weights have moved by {np.abs(later.coefs_[0][:, 0] - before).max()}")
print(f"test accuracy of the other fifteen: {later.score(X_test, y_test):.3f}")
assert np.array_equal(later.coefs_[0][:, 0], before)

# %% [markdown]
# The gradients are not small. They are zero, over all the data, and forty epochs leave the weights as they were to the last bit. The
# other fifteen units have meanwhile taken over its work and more, so the accuracy does not betray the corpse. That is typical:
# a network with dead units is not wrong, it is smaller than the one that was paid for.
#
# ## Three ways back
#
# What can revive it? Three kinds of remedies are on offer, and each gets a copy of the patient:
#
# 1. **A slope on the left.** Give the negative side a slope $\gamma$, so that a gradient comes back (leaky ReLU, PReLU, ELU; the formulas follow below).
# 2. **A new start for the unit.** Draw its weights anew, and set the bias to 0.
# 3. **Normalise the net input.** Shift and scale it to mean 0 and variance 1 over the data, as a batch-normalisation layer does. About half of it is then positive, whatever the weights.

# %%
show_source(dead_units.normalised)

# %%
slopes = {"leaky ReLU, slope 0.01": "leaky_relu", "PReLU, slope 0.25": "prelu", "ELU": "elu"}
patients = {name: deepcopy(victim) for name in ["ReLU, untouched", *slopes, "redrawn", "normalised"]}
for name, activation in slopes.items():
    patients[name].activations_ = (activation, "softmax")
patients["redrawn"].coefs_[0][:, 0] = np.random.default_rng(0).normal(scale=np.sqrt(2 / 64), size=64)
patients["redrawn"].intercepts_[0][0] = 0
w, b = dead_units.normalised(X, before)
patients["normalised"].coefs_[0][:, 0], patients["normalised"].intercepts_[0][0] = w, b

# %%
activity = {}
for name, net in patients.items():
    gradient = np.abs(net.gradients(X, y)[0][0][:, 0]).max()
    activity[name] = []
    for _ in range(41):
        activity[name].append(np.mean(X @ net.coefs_[0][:, 0] + net.intercepts_[0][0] > 0))
        net.partial_fit(X, y)
    print(
        f"{name:23}: first gradient {gradient:.1e}, after 40 epochs active for {activity[name][-1]:6.1%} of the digits"
    )

# %% mystnb={"image": {"alt": "Share of digits for which the unit is active, against epochs from zero to forty, for six patients. Untouched, leaky ReLU and PReLU stay at zero; ELU leaves zero after some fifteen epochs and reaches about a fifth; the redrawn unit climbs from below a tenth to a sixth; the normalised one starts near one half and climbs to nine tenths."}}
figure, ax = plt.subplots(figsize=(6.4, 3.3))
for (name, shares), style in zip(activity.items(), ("-", "--", "-.", ":", (0, (8, 2)), (0, (5, 1, 1, 1)))):
    ax.plot(100 * np.array(shares), linestyle=style, label=name)
ax.set(xlabel="epochs after the treatment", ylabel="digits with positive net input (%)")
ax.legend(fontsize=7)
plt.show()

# %%
assert max(activity["ReLU, untouched"]) == max(activity["leaky ReLU, slope 0.01"]) == 0
assert activity["ELU"][0] == 0 < 0.1 < activity["ELU"][-1]
assert min(activity["redrawn"]) > 0.03
assert 0.4 < activity["normalised"][0] < 0.6

# %% [markdown]
# This is not quite the story of the textbooks. All remedies bring a gradient back. But the *leaky slope* of 0.01 brings back a hundredth of it, and forty
# epochs later the unit is still negative for every digit. It is alive, in the sense that it moves and that its output, a
# hundredth of a linear unit, is used. It has not come back to the positive side. A slope of 0.25 moves it faster, to the threshold and hardly beyond. ELU, whose slope rises towards 1 as the net input climbs towards 0, returns it to work. Re-drawing and normalising act at once: they do not
# wait for a gradient to pull the unit out of its hole, they lift it.
#
# ## How they die in training
#
# Nobody lowers biases by hand. Units die because of steps that are too large. We train networks with two hidden layers of 64 on MNIST-5k, four epochs without
# momentum, at three learning rates, and count in the first hidden layer the units whose net input is negative for all 4000 training images. Remember from the
# [previous section](sigmoid_family.ipynb) that all-positive inputs push all weights of a unit in the same direction. Pixels are all-positive. So there is a third candidate beside leaky slopes and smaller steps: subtract the mean image.

# %%
mnist = load_mnist_5k()
mean_image = mnist.X_train.mean(axis=0)
cases = {
    "ReLU": ("relu", 0.0),
    "leaky ReLU": ("leaky_relu", 0.0),
    "ELU": ("elu", 0.0),
    "ReLU, centred pixels": ("relu", mean_image),
}
rates, silent, scores = (0.2, 0.4, 0.8), {}, {}
settings = {"momentum": 0.0, "max_epochs": 4}
for name, (activation, shift) in cases.items():
    for rate in rates:
        for seed in range(3):
            net = MLPClassifier((64, 64), activation=activation, learning_rate=rate, random_state=seed, **settings)
            net.fit(mnist.X_train - shift, mnist.y_train)
            z = (mnist.X_train - shift) @ net.coefs_[0] + net.intercepts_[0]
            silent.setdefault((name, rate), []).append(dead_units.is_dead(z).mean())
            scores.setdefault((name, rate), []).append(net.score(mnist.X_test - shift, mnist.y_test))

# %%
print("learning rate         " + "".join(f"{rate:>16}" for rate in rates))
for name in cases:
    row = [f"{np.mean(silent[name, r]):7.0%} / {np.mean(scores[name, r]):.2f}" for r in rates]
    print(f"{name:22}" + "".join(f"{cell:>16}" for cell in row))
print("(units negative for all images / test accuracy, means of three seeds)")
share = {key: np.mean(values) for key, values in silent.items()}
assert share["ReLU", 0.2] <= share["ReLU", 0.4] < share["ReLU", 0.8]
assert share["leaky ReLU", 0.8] > 0.3
assert max(share["ReLU, centred pixels", rate] for rate in rates) < 0.02
assert np.mean(scores["ReLU, centred pixels", 0.8]) > np.mean(scores["ReLU", 0.8]) + 0.05

# %% [markdown]
# At the largest rate more than half of the ReLU layer is dead, and the accuracy goes with it. The table corrects three beliefs. **The leaky slope does not
# prevent the death**: nearly as many of its units end up negative for every image, and at that rate its accuracy has fallen too, though less, because its silent units still whisper. **ELU**, which rescued our patient best of all,
# is here the first to collapse. One reason is measured further down: on average it passes on a larger part of the error than ReLU, so that a given rate makes larger steps. And **centring the pixels**, which has nothing to do with the activation function, removes
# the death of the first layer altogether: a gradient can now move some weights up and others down, instead of pushing the whole unit under the floor at one go. The cheapest cure of all is to stay in the left column.
#
# ### Born dead
#
# A network may even be dead before the first step. Draw a layer of $n$ ReLU units without biases: for a given input, each is silent with probability 1/2, so with probability
# $2^{-n}$ *all* are, and then everything above them is silent as well. After $L$ layers the chance of an output that no longer depends on the input is
#
# $$ p = 1 - \bigl(1 - 2^{-n}\bigr)^{L} . $$
#
# For narrow and deep networks this is no rare event (Lu and others 2020 study it in detail). Two thousand draws of each kind:

# %%
rng = np.random.default_rng(0)
for width, depth in ((2, 5), (2, 20), (5, 20), (10, 20)):
    share = dead_units.born_dead_share(width, depth, rng, n_networks=2000)
    predicted = dead_units.born_dead_probability(width, depth)
    print(f"width {width:2d}, depth {depth:2d}: {share:6.1%} born dead, formula {predicted:6.1%}")
    assert abs(share - predicted) < 0.04

# %% [markdown]
# ## A slope on the left: leaky ReLU and PReLU
#
# **Leaky ReLU** (带泄露的 ReLU) keeps a small slope $\gamma$, say 0.01, on the negative side:
#
# \begin{align}
# \text{LeakyReLU}(x) &= \begin{cases} x & x > 0 \\ \gamma x & x \le 0 \end{cases} \tag{4.18} \\
# &= \max(0, x) + \gamma \min(0, x) . \tag{4.19}
# \end{align}
#
# A shorter form is popular, $\max(x, \gamma x)$ (4.20), and it comes with the condition $\gamma < 1$. What if one forgets it?

# %%
x = np.linspace(-3, 3, 601)
for slope in (0.01, 0.5, 1.0, 2.0):
    gap = np.abs(np.maximum(x, slope * x) - leaky_relu(x, slope)).max()
    print(f"slope {slope:4}: max(x, slope x) is off by up to {gap}")
    assert (gap == 0) == (slope <= 1)

# %% [markdown]
# For $\gamma > 1$ the maximum chooses the wrong piece on *both* sides: a steep left side makes the function concave, and a maximum of straight lines is always convex. The condition
# matters as soon as the slope is learnt, because nobody then guarantees that it stays below 1.
#
# **PReLU** (带参数的 ReLU) learns it, one slope $\gamma_i$ for each unit:
#
# \begin{align}
# \text{PReLU}_i(x) &= \begin{cases} x & x > 0 \\ \gamma_i x & x \le 0 \end{cases} \tag{4.21} \\
# &= \max(0, x) + \gamma_i \min(0, x) . \tag{4.22}
# \end{align}
#
# The gradient by the slope is read off (4.22): it is $\min(0, x)$, summed over all examples with the error that arrives. It is not subject to weight decay: a penalty would pull PReLU towards
# ReLU. Starting from 0.25, as is usual, which slopes does a network want?

# %%
show_source(rectifiers.prelu, rectifiers.prelu_slope_derivative)

# %%
learnt, accuracy = {}, {}
for name, data, epochs in (("digits", digits, 15), ("MNIST-5k", mnist, 6)):
    for unit in ("relu", "prelu"):
        for seed in range(3):
            net = LearntUnitClassifier((64,) * 3, unit=unit, schedule="linear", max_epochs=epochs, random_state=seed)
            net.fit(data.X_train, data.y_train)
            accuracy.setdefault((name, unit), []).append(net.score(data.X_test, data.y_test))
            if unit == "prelu":
                learnt.setdefault(name, []).append([layer[2] for layer in net.layers_[:3]])
    gain = np.mean(accuracy[name, "prelu"]) - np.mean(accuracy[name, "relu"])
    print(f"{name}: ReLU {np.mean(accuracy[name, 'relu']):.3f}, PReLU {gain:+.3f}, {net.n_parameters_} parameters")
    for layer, values in enumerate(np.moveaxis(learnt[name], 0, 1), start=1):
        print(
            f"    layer {layer}: slopes {values.mean():.2f} ± {values.std():.2f}, from {values.min():.2f} to {values.max():.2f}"
        )

# %% mystnb={"image": {"alt": "Two panels of histograms of the slopes that PReLU units learnt, on digits and on MNIST-5k, for three hidden layers; in all of them the slopes scatter around the starting value of one quarter, most of them between 0.1 and 0.4."}}
figure, axes = plt.subplots(1, 2, figsize=(7, 2.9), sharey=True)
bins = np.linspace(-0.1, 0.7, 33)
for ax, (name, values) in zip(axes, learnt.items()):
    for layer, slopes_of_layer in enumerate(np.moveaxis(values, 0, 1), start=1):
        ax.hist(slopes_of_layer.ravel(), bins, histtype="step", linewidth=1.6, label=f"layer {layer}")
    ax.axvline(0.25, color="black", linewidth=1, linestyle=":")
    ax.set(title=name, xlabel=r"learnt slope $\gamma$")
axes[0].set_ylabel("units (three seeds)")
axes[1].legend(fontsize=8)
plt.show()

# %%
every = np.concatenate([np.ravel(values) for values in learnt.values()])
print(
    f"{np.mean(np.abs(every - 0.25) < 0.2):.0%} of all slopes stay within 0.2 of their start; largest {every.max():.2f}"
)
print(f"{np.mean(every < 0.05):.0%} of them are below 0.05, nearly ReLU")
assert np.mean(every < 0.05) < 0.1
assert every.max() < 1
assert max(abs(np.mean(accuracy[n, "prelu"]) - np.mean(accuracy[n, "relu"])) for n in learnt) < 0.015

# %% [markdown]
# The slopes spread out around their start, and few of them go back to the 0 of ReLU or below: given the choice, most units keep a good part of the negative side. None passes 1. But
# the accuracy moves by a tenth of a point, down on one set and up on the other, which is no difference. The 192 slopes are a drop in the sea of parameters, and on sets of this size they have nothing to add. (How far they
# travel depends on the length of the training too; a start of 0.25 is not forgotten in so few epochs.)
#
# ## A curve on the left: ELU
#
# The **exponential linear unit** (指数线性单元, ELU) bends the left side down to $-\gamma$, smoothly if $\gamma = 1$:
#
# \begin{align}
# \text{ELU}(x) &= \begin{cases} x & x > 0 \\ \gamma(e^{x} - 1) & x \le 0 \end{cases} \tag{4.23} \\
# &= \max(0, x) + \min\bigl(0, \gamma(e^{x} - 1)\bigr) . \tag{4.24}
# \end{align}
#
# (Libraries call this parameter `alpha`; so does this book's code.) Two things are gained. Negative outputs let the mean of a unit come close to 0, which the
# previous section showed to be worth something, and far to the left the unit saturates, so that a very negative input does not shout. For a standard normal net input we ask the functions themselves. The last column, the mean squared slope, says how much of a squared error passes, on average, back through a unit:

# %%
z = np.random.default_rng(0).normal(size=1_000_000)
for name in ("relu", "leaky_relu", "elu", "selu", "softplus"):
    out, slope = registry.get(name).function(z), registry.get(name).derivative(z)
    print(f"{name:10}: mean {out.mean():+.3f}, variance {out.var():.3f}, mean squared slope {np.mean(slope**2):.3f}")
assert abs(registry.get("elu").function(z).mean()) < 0.5 * relu(z).mean()
assert abs(relu(z).mean() - 1 / np.sqrt(2 * np.pi)) < 0.003

# %% mystnb={"image": {"alt": "Two panels over x from minus three to three. Left: ReLU, leaky ReLU with slope one quarter, ELU, SELU and softplus; they agree roughly on the right and differ on the left. Right: their first derivatives, steps for ReLU and leaky ReLU, curves with and without a jump at zero for SELU and ELU, a logistic curve for softplus."}}
figure, (left, right) = plt.subplots(1, 2, figsize=(7, 3))
for name, style in zip(("relu", "prelu", "elu", "selu", "softplus"), ("-", "--", "-.", ":", (0, (8, 2)))):
    f = registry.get(name)
    label = {"relu": "ReLU", "prelu": "leaky, 0.25", "elu": "ELU", "selu": "SELU"}.get(name, name)
    left.plot(x, f.function(x), linestyle=style, label=label)
    right.plot(x, f.derivative(x), linestyle=style)
left.set(xlabel="net input x", ylabel="output f(x)", ylim=(-2.1, 3.2))
right.set(xlabel="net input x", ylabel="first derivative")
left.legend(fontsize=7)
plt.show()

# %% [markdown]
# ELU sends up less than half of the mean that ReLU sends, and more of a squared error comes back through it. That is the reason promised for its collapse at large rates.
#
# ## A fixed point: SELU
#
# One line of the table stands out: the mean and variance of SELU are 0 and 1, just like those of what went in. That is no accident but the definition. Klambauer and others (2017) took ELU, multiplied it by a scale,
#
# $$ \text{SELU}(x) = \lambda\,\text{ELU}_\alpha(x) = \lambda \begin{cases} x & x > 0 \\ \alpha(e^{x} - 1) & x \le 0 \end{cases} $$
#
# and chose the two constants by two conditions: for standard normal $z$, $\mathrm E[\text{SELU}(z)] = 0$ and $\mathrm E[\text{SELU}(z)^2] = 1$. The expectations of exponentials over the negative half need one trick, completing the square:
#
# $$ \mathrm E[e^{kz};\ z < 0] = \int_{-\infty}^0 e^{kz}\,\frac{e^{-z^2/2}}{\sqrt{2\pi}}\,dz = e^{k^2/2}\,\Phi(-k), $$
#
# with the normal distribution function $\Phi$. The first condition is then linear in $\alpha$ and does not contain $\lambda$, and the second gives $\lambda$:
#
# \begin{align}
# 0 &= \tfrac{1}{\sqrt{2\pi}} + \alpha\bigl(e^{1/2}\Phi(-1) - \tfrac12\bigr) \\
# 1 &= \lambda^2 \Bigl(\tfrac12 + \alpha^2\bigl(e^{2}\Phi(-2) - 2e^{1/2}\Phi(-1) + \tfrac12\bigr)\Bigr)
# \end{align}

# %%
show_source(rectifiers.selu_constants)

# %%
alpha, scale = rectifiers.selu_constants()
print(f"alpha = {alpha:.15f}, lambda = {scale:.15f}")
print("moments of SELU(z), z standard normal:", rectifiers.selu_moments(0.0, 1.0))
assert abs(alpha / rectifiers.SELU_ALPHA - 1) < 1e-15
assert np.allclose(rectifiers.selu_moments(0.0, 1.0), (0, 1), rtol=0, atol=1e-14)

# %% [markdown]
# A fixed point is worth little unless it attracts. Let the weights of a layer be drawn with mean 0 and variance $1/n$. Net inputs are then nearly normal with variance $q$, the mean square of the outputs below, and the next layer's
# variance is a function of it, $q \mapsto \mathrm E[f(z)^2]$ with $z \sim \mathcal N(0, q)$. Where its curve crosses the diagonal, a variance reproduces itself; it attracts where the crossing is flatter than the diagonal. Beside SELU we draw tanh, and ReLU twice: with variance $1/n$, and with $2/n$, a gain of 2, which makes up for the half of
# the mean square that ReLU drops. The latter is **He's initialisation** (He 初始化; He and others 2015), which this book uses for ReLU.

# %%
q = np.geomspace(0.02, 20, 61)
maps = {
    "SELU": ("selu", 1.0),
    "ReLU, gain 2": ("relu", np.sqrt(2)),
    "ReLU, gain 1": ("relu", 1.0),
    "tanh": ("tanh", 1.0),
}
curves = {
    name: [random_depth.next_variance(value, f, deviation) for value in q] for name, (f, deviation) in maps.items()
}
near = np.array([random_depth.next_variance(value, "selu", 1.0) for value in (0.999, 1.001)])
print(f"slope of the map of SELU at q = 1: {np.diff(near)[0] / 0.002:.3f}")
assert 0 < np.diff(near)[0] / 0.002 < 1

# %% mystnb={"image": {"alt": "Two panels. Left: log-log plot of the variance in the next layer against the variance in this one. ReLU with gain two lies on the diagonal, ReLU with gain one and tanh below it; SELU crosses the diagonal at one, from above to below. Right: the variance over thirty layers of SELU from five different starts, all of which run into one."}}
figure, (left, right) = plt.subplots(1, 2, figsize=(7, 3.1))
left.loglog(q, q, color="black", linewidth=0.8)
for (name, curve), style in zip(curves.items(), ("-", "--", "-.", ":")):
    left.loglog(q, curve, linestyle=style, label=name)
for start in (0.02, 0.2, 2, 20, 200):
    path = [start]
    for _ in range(30):
        path.append(random_depth.next_variance(path[-1], "selu", 1.0))
    assert abs(path[-1] - 1) < 0.02
    right.semilogy(path, color=plot.PALETTE[0])
left.set(xlabel="variance q in this layer", ylabel="variance in the next layer")
right.set(xlabel="layer", ylabel="variance, SELU")
left.legend(fontsize=7)
plt.show()

# %% [markdown]
# SELU is the only curve that crosses. Small variances grow, large ones shrink, and thirty layers bring everything between 0.02 and 200 to 1. ReLU with He's gain lies *on* the diagonal: it
# keeps any variance and corrects none. The other two lose the signal layer by layer.
#
# ### Sixty-four layers
#
# Now no longer theory: 500 digits, standardised pixel by pixel, go through 64 layers of 500 units with fresh random weights. And, because a theorem is best understood by breaking its conditions, the same with the wrong initialisation and with **dropout** (丢弃法), which sets outputs to 0 at random while a network learns.

# %%
spread = np.maximum(X.std(axis=0), 0.05)  # some border pixels are always white
inputs, rng = ((X - X.mean(axis=0)) / spread)[:500], np.random.default_rng(1)
conditions = {
    "SELU": (selu, 1.0, None),
    "SELU, He's initialisation": (selu, 2.0, None),
    "SELU, 10 % dropout": (selu, 1.0, partial(deep_signal.dropout, rate=0.1, rng=rng)),
    "SELU, 10 % alpha dropout": (selu, 1.0, partial(deep_signal.alpha_dropout, rate=0.1, rng=rng)),
    "ReLU, He's initialisation": (relu, 2.0, None),
    "tanh": (np.tanh, 1.0, None),
}
signals = {}
for name, (f, gain, drop) in conditions.items():
    layers = deep_signal.layers(f, inputs, 64, np.random.default_rng(0), gain=gain, drop=drop)
    signals[name] = [a for depth, a in enumerate(layers, start=1) if depth in (1, 8, 64)]
    print(f"{name:26}: after 64 layers mean {signals[name][-1].mean():8.3f}, variance {signals[name][-1].var():9.3f}")

# %%
ends, narrow = [], []
for seed in range(3):
    *_, last = deep_signal.layers(relu, inputs, 64, np.random.default_rng(seed), gain=2.0)
    ends.append(last.var())
    *_, last = deep_signal.layers(selu, inputs, 64, np.random.default_rng(seed), width=50)
    narrow.append(last.var())
    for source in (inputs, np.random.default_rng(seed).normal(size=(500, 500))):
        *_, last = deep_signal.layers(selu, source, 64, np.random.default_rng(seed))
        assert abs(last.mean()) < 0.05
        assert abs(last.var() - 1) < 0.05
print("variance of ReLU after 64 layers, three draws:", np.round(ends, 2))
print("variance of SELU with only 50 units, three draws:", np.round(narrow, 2))
assert max(ends) > 1.3 * min(ends)
assert max(narrow) > 1.1 * min(narrow)
assert signals["SELU, He's initialisation"][-1].var() > 100
assert signals["SELU, 10 % dropout"][-1].var() > 1.3 > 1.1 > signals["SELU, 10 % alpha dropout"][-1].var()

# %% mystnb={"image": {"alt": "Histograms of the outputs after one, eight and sixty-four layers. For SELU the three histograms lie on top of each other, a broad hill that begins at minus 1.76 and a tail to the right. For ReLU there is a spike at zero and a tail, much the same at all depths in this draw. For tanh the values collapse from a broad distribution to a needle at zero."}}
figure, axes = plt.subplots(1, 3, figsize=(7.2, 2.8), sharey=True)
for ax, name in zip(axes, ("SELU", "ReLU, He's initialisation", "tanh")):
    for a, depth, style in zip(signals[name], (1, 8, 64), ("-", "--", ":")):
        heights, edges = np.histogram(a, np.linspace(-2.5, 3, 90), density=True)
        ax.stairs(np.maximum(heights, 1e-3), edges, linestyle=style, linewidth=1.4, label=f"layer {depth}")
    ax.set(title=name, xlabel="output", yscale="log", ylim=(1e-3, 60))
axes[0].set_ylabel("density")
axes[0].legend(fontsize=7)
plt.show()

# %% [markdown]
# SELU looks after 64 layers as it did after one, and does so in every draw. ReLU with its own initialisation keeps its scale *on average*, but the three draws end at different variances, because nothing pulls a deviation back. With He's initialisation, made for ReLU, the variance is no longer reproduced but grows without bound; SELU wants variance $1/n$ and nothing else. Ordinary dropout, which multiplies by
# 0 or by $1/0.9$, adds variance in every layer and moves the equilibrium; *alpha dropout* (drop to $-\lambda\alpha$, then rescale) was invented to mend that, and does. The tolerance of 0.05 that the assertions check is a
# statement about *wide* layers: with 50 units instead of 500 the three draws of the variance scatter by more than a tenth (exercise 5).
#
# How far the statement reaches: it holds for random weights at the start of training. Nothing pins weights to these conditions afterwards.
#
# ## Softplus, and where σ comes in again
#
# The **softplus** (Softplus 函数) is a ReLU with its corner rounded,
#
# $$ \text{Softplus}(x) = \log(1 + e^{x}), \tag{4.25} $$
#
# and its derivative is the logistic function: $e^x/(1 + e^x) = \sigma(x)$. So the smooth rectifier is the integral of the smooth step, just as ReLU is the integral of the step. Its second derivative is
# $\sigma(1-\sigma)$. Softplus is not sparse, it is never exactly 0, and its mean is far from 0, which is why it is rarer in hidden layers than at outputs that must be positive, a variance for instance.
# As it stands, the formula overflows at 710. Written as $\max(x, 0) + \log(1 + e^{-|x|})$ it does not.

# %%
show_source(rectifiers.softplus)

# %%
h = 1e-5
numerical = (softplus(x + h) - softplus(x - h)) / (2 * h)
gap = np.abs(numerical - registry.get("logistic").function(x)).max()
print(f"slope of softplus against sigma: {gap:.0e};  softplus(-1000), softplus(1000) = {softplus([-1000.0, 1000.0])}")
print(f"distance from ReLU: at 0 {softplus(0.0):.3f} = log 2, at 5 {softplus(5.0) - 5:.4f}")
assert gap < 1e-9

# %% [markdown]
# ## Maxout: learn the whole shape
#
# If slopes can be learnt, why not the function? A **maxout unit** (Maxout 单元) has $K$ weight vectors and biases and passes on the largest of their $K$ net inputs:
#
# \begin{align}
# z_k &= w_k^\top x + b_k, \qquad 1 \le k \le K \tag{4.27} \\
# \text{maxout}(x) &= \max_{1 \le k \le K} z_k \tag{4.28}
# \end{align}
#
# A maximum of straight lines is a **convex piecewise-linear** (凸的分段线性) function, and every such function with $K$ pieces can be written so. ReLU is the case of two pieces, one of them 0; leaky ReLU
# is $\max(x, \gamma x)$; two pieces $x$ and $-x$ make $|x|$. The gradient goes to the piece that won and to no other.

# %%
show_source(rectifiers.maxout, rectifiers.maxout_backward)

# %% [markdown]
# We let single units learn two curves on the interval from −1 to 1, by gradient descent: $|x|$ with two pieces, and $x^2$ with $K$. For the parabola the best possible error is known: on an interval of half-width $1/K$ the
# best straight line leaves a Legendre polynomial $\frac{2}{3K^2} P_2$, so no unit can have a root mean squared error below $2/(3\sqrt5\,K^2)$. Two starts compete: random lines, and tangents of the parabola at equally spaced points.

# %%
u = np.linspace(-1, 1, 401)
bent = maxout_fit.fit(u, np.abs(u), np.array([0.5, -0.3]), np.array([0.1, 0.0]))
print(
    f"|x| with two pieces: slopes {bent[0].round(4)}, largest error {np.abs(maxout_fit.evaluate(u, *bent) - np.abs(u)).max():.0e}"
)
fits, rng = {}, np.random.default_rng(0)
for K in (2, 4, 8, 16):
    centres = (2 * np.arange(K) + 1) / K - 1
    starts = {"random": (rng.normal(size=K), 0.1 * rng.normal(size=K)), "tangents": (2 * centres, -(centres**2))}
    for name, (slopes, offsets) in starts.items():
        fits[name, K] = maxout_fit.fit(u, u**2, slopes, offsets)
        error = np.sqrt(np.mean((maxout_fit.evaluate(u, *fits[name, K]) - u**2) ** 2))
        used = len(np.unique(maxout_fit.winners(u, *fits[name, K])))
        print(
            f"K = {K:2d} from {name:8}: {used:2d} pieces in use, error {error / maxout_fit.parabola_floor(K):5.2f} times the floor"
        )

# %% mystnb={"image": {"alt": "Three panels of maxout fits on the interval from minus one to one: the absolute value hit exactly by two lines, the parabola wrapped by four lines, and a tent that points upwards, at which the convex unit fails and draws a horizontal line through the middle."}}
tent = maxout_fit.fit(u, -np.abs(u), *fits["tangents", 4])
shown = {
    "|x|, K = 2": (np.abs(u), bent),
    "$x^2$, K = 4": (u**2, fits["tangents", 4]),
    "−|x|, K = 4": (-np.abs(u), tent),
}
figure, axes = plt.subplots(1, 3, figsize=(7.2, 2.8))
for ax, (name, (target, (slopes, offsets))) in zip(axes, shown.items()):
    for slope, offset in zip(slopes, offsets):
        ax.plot(u, slope * u + offset, color=plot.PALETTE[6], linewidth=0.7, alpha=0.7)
    ax.plot(u, target, color="black", linewidth=1, label="target")
    ax.plot(u, maxout_fit.evaluate(u, slopes, offsets), "--", color=plot.PALETTE[1], label="maxout")
    ax.set(title=name, xlabel="x", ylim=target.min() - 0.3 + np.array([0, 1.6]))
axes[0].set_ylabel("y")
axes[0].legend(fontsize=7, loc="upper center")
plt.show()

# %%
error = {key: np.sqrt(np.mean((maxout_fit.evaluate(u, *fit) - u**2) ** 2)) for key, fit in fits.items()}
assert all(error["tangents", K] < 1.1 * maxout_fit.parabola_floor(K) for K in (2, 4, 8, 16))
assert len(np.unique(maxout_fit.winners(u, *fits["random", 16]))) < 16
assert np.std(maxout_fit.evaluate(u, *tent)) < 0.01

# %% [markdown]
# From tangents the unit reaches its floor. From a random start it does not, and the reason is an old acquaintance: a piece that wins nowhere receives no gradient and never moves. **Maxout has no dead units, but it has dead pieces.** And the third panel shows the limit of
# the whole idea: a tent is concave, no maximum of lines can follow it, and the best the unit can do is to give up and draw the mean. The *difference* of two maxout units can follow any continuous piecewise-linear curve; that needs one more layer.
#
# ## Checked against
#
# PyTorch, values and slopes on a grid from −30 to 30 that contains the kink:

# %%
try:
    import torch
    from torch.nn import functional as F

    grid = np.linspace(-30, 30, 1201)
    for name, peer in {
        "relu": F.relu,
        "leaky_relu": F.leaky_relu,
        "elu": F.elu,
        "selu": F.selu,
        "softplus": F.softplus,
    }.items():
        t = torch.tensor(grid, requires_grad=True)
        value = peer(t)
        (first,) = torch.autograd.grad(value.sum(), t)
        gap = np.abs(registry.get(name).function(grid) - value.detach().numpy()).max()
        slope_gap = np.abs(registry.get(name).derivative(grid) - first.numpy()).max()
        print(f"{name:10}: value {gap:.0e}, slope {slope_gap:.0e}")
        assert name == "softplus" or max(gap, slope_gap) <= 1e-14
except ImportError:
    print("PyTorch is missing, so this comparison is skipped.")

# %% [markdown]
# All agree to rounding, with one exception: softplus differs by two billionths. Who is right? PyTorch replaces the function by $x$ itself as soon as $x > 20$. NumPy's `logaddexp` and SciPy's `expit` make no such cut:

# %%
from scipy.special import expit

wide = np.linspace(-30, 30, 1201)
print(f"softplus against logaddexp: {np.abs(softplus(wide) / np.logaddexp(0, wide) - 1).max():.0e} (relative)")
print(
    f"its slope against expit:    {np.abs(rectifiers.softplus_derivative(wide) / expit(wide) - 1).max():.0e} (relative)"
)
print(f"the cut at 20 costs {softplus(20.0) - 20:.1e}")
assert np.allclose(softplus(wide), np.logaddexp(0, wide), rtol=1e-14, atol=0)

# %% [markdown]
# The speed on one thread, from the record of a benchmark (10 000 numbers of 64 bits):

# %%
record = records.load("activations/elementwise_vs_torch")["figures"]["10000"]
for name in ("relu", "leaky_relu", "prelu", "elu", "selu", "softplus"):
    ratios = {kind: record[name][kind]["median_ratio"] for kind in ("function", "derivative")}
    print(f"{name:10}: our time / PyTorch's {ratios['function']:.1f}, for the slope {ratios['derivative']:.1f}")
    assert ratios["function"] <= 6

# %% [markdown]
# ## Exercises
#
# 1. Qiu's exercise 4-3: build a dead unit for the sixteen-unit network *by a single gradient step* instead of by hand. Which quantity must be large?
#    <details><summary>Hint</summary>
#
#    One example with a large error and a learning rate of, say, 20. The bias moves by $-\eta\,\delta$; with all-positive inputs the weights move the same way.
#
#    </details>
# 2. With weight decay switched on (`alpha` above 0), the weights of a dead unit shrink while its bias stays. Does weight decay revive the unit? What if the bias decays as well?
#    <details><summary>Answer</summary>
#
#    With shrinking weights the net input tends to the bias, which is negative for our patient: no. (A unit that died of negative weights, with a positive bias, would come back.) If the bias shrinks by the same factor, the net input keeps its sign: no again. Only a bias that shrinks faster than the weights would do.
#
#    </details>
# 3. Show that PReLU with $\gamma = -1$ is the absolute value. For which $\gamma$ is PReLU monotone, for which convex, and for which can it be undone (is it invertible)?
#    <details><summary>Answer</summary>
#
#    Monotone for $\gamma \ge 0$, convex for $\gamma \le 1$, invertible for $\gamma > 0$.
#
#    </details>
# 4. Derive the mean of ReLU and of ELU for standard normal $z$ in closed form, and compare with the table above.
#    <details><summary>Answer</summary>
#
#    $1/\sqrt{2\pi} \approx 0.399$; for ELU add $e^{1/2}\Phi(-1) - \tfrac12 \approx -0.238$.
#
#    </details>
# 5. Repeat the 64 layers of SELU with 50, 200 and 800 units and twenty seeds each. How does the scatter of the variance depend on the width?
#    <details><summary>Hint</summary>
#
#    `deep_signal.layers(selu, inputs, 64, rng, width=50)`. It shrinks steadily; plot it against the width on logarithmic axes.
#
#    </details>
# 6. Write the tent $-|x|$ as a difference of two maxout units. Then write an arbitrary zigzag through given points that way.
#    <details><summary>Answer</summary>
#
#    $-|x| = 0 - \max(x, -x)$. For a zigzag, put all the corners that bend upwards into the first unit and all that bend downwards, with the sign changed, into the second.
#
#    </details>
#
# ## Summary
#
# - ReLU passes errors at full size through active units and not at all through silent ones; half of the units are silent at birth.
# - A unit that is silent on all data is dead: all its gradients are exactly zero. Too large learning rates kill units, above all on all-positive inputs.
# - A leaky slope of 0.01 keeps a unit moving but hardly brings it back; ELU, redrawing and normalising do. Smaller steps and centred inputs prevent the death.
# - $\max(x, \gamma x)$ is leaky ReLU only for $\gamma \le 1$. Slopes learnt on digits scatter around their start; the accuracy hardly moves.
# - SELU's two constants follow from two moments; its fixed point attracts, for weights of variance $1/n$ and without ordinary dropout.
# - Softplus is the integral of σ. Maxout learns a convex shape, and pieces that never win never learn.
#
# The next section makes the corner smooth again: [smooth gates](smooth_gates.ipynb).
#
# ## Sources
#
# - 邱锡鹏 (2019), 《神经网络与深度学习》, <https://nndl.github.io/>, section 4.1: equations (4.16)–(4.28), exercise 4-3.
# - Nair and Hinton (2010), Rectified linear units improve restricted Boltzmann machines, ICML; Glorot, Bordes and Bengio (2011), Deep sparse rectifier neural networks, AISTATS, <https://proceedings.mlr.press/v15/glorot11a.html>.
# - Maas, Hannun and Ng (2013), Rectifier nonlinearities improve neural network acoustic models, ICML workshop (leaky ReLU).
# - He, Zhang, Ren and Sun (2015), Delving deep into rectifiers, <https://arxiv.org/abs/1502.01852> (PReLU and its initialisation).
# - Clevert, Unterthiner and Hochreiter (2016), Fast and accurate deep network learning by exponential linear units, <https://arxiv.org/abs/1511.07289>.
# - Klambauer, Unterthiner, Mayr and Hochreiter (2017), Self-normalizing neural networks, <https://arxiv.org/abs/1706.02515>.
# - Dugas, Bengio, Bélisle, Nadeau and Garcia (2001), Incorporating second-order functional knowledge for better option pricing, NIPS 13 (softplus).
# - Goodfellow, Warde-Farley, Mirza, Courville and Bengio (2013), Maxout networks, <https://arxiv.org/abs/1302.4389>.
# - Lu, Shin, Su and Karniadakis (2020), Dying ReLU and initialization: theory and numerical examples, Communications in Computational Physics 28(5), <https://doi.org/10.4208/cicp.OA-2020-0165>.
