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
# # Initialisation (参数初始化)
#
# Before a network can learn anything, somebody has to choose a few thousand numbers at random. From which distribution? A program never asks: every
# library has a default, it is called when a layer is made, and most people never see it. For a network of two layers that is fine,
# as we shall find. For a network of ten layers, the default of a very popular library makes plain gradient descent fail, on data that the
# two-layer network masters in seconds, and nothing warns you. The loss just stays where it was.
#
# The question of this section is how large the first weights must be so that a signal survives fifty layers, and an error survives the way back. There is
# a short calculation that answers it, with a famous compromise in its last line and a famous misprint beside it. Then we shall ask what the calculation leaves
# out: it speaks of an average over all networks, while you draw one; it speaks of the length of a vector, while a network needs to keep
# all directions apart. Finally we train: six recipes, three depths, two activation functions, every learning rate from a grid.
#
# **You need:** variances of sums of independent numbers; the sections on [back-propagation](../backprop/backpropagation.ipynb) and on
# [vanishing gradients](../activations/vanishing_gradients.ipynb), where the product of many factors was taken apart. Singular values for one part.
#
# **Time to run:** see the [Execution](../execution.md) page. The training of more than three hundred networks is loaded from records that travel
# with the book.
#
# Equation numbers are those of Qiu (2019), section 7.3.

# %% tags=["install", "hide-cell"]
# Only where the package is missing, as on Colab.
import importlib.util

if importlib.util.find_spec("nndl_support") is None:
    print("This notebook needs the package nndl_support: run pip install '.[data]' in a copy of its repository.")

# %%
import matplotlib.pyplot as plt
import numpy as np
import torch
from torch import nn

from nndl_support import plot, records
from nndl_support.activations import random_depth
from nndl_support.data.digits import load_digits
from nndl_support.optimization import deep_mlp, isometry, variance_propagation
from nndl_support.optimization import initialization as init
from nndl_support.optimization.lsuv import lsuv_
from nndl_support.source import show_source

torch.set_num_threads(1)
plot.use_style()

# %% [markdown]
# ## Why not zero
#
# Zero would be the neutral choice, and it is the one choice that never works. Units that start equal receive equal gradients and stay equal; we
# [saw it](../backprop/backpropagation.ipynb) in a network with one hidden layer, whose eight units remained one unit printed eight times (exercise 4-8 of Qiu).
# Depth makes it no better. In a deep network of tanh units with all weights zero exactly one thing receives a gradient at all, the biases
# of the output:

# %%
digits = load_digits()
x, y = torch.tensor(digits.X_train, dtype=torch.float32), torch.tensor(digits.y_train)
model = deep_mlp.initialise_(deep_mlp.deep_mlp(64, 64, 5, 10, "tanh"), "zero", "tanh")
nn.functional.cross_entropy(model(x), y).backward()
moving = [name for name, parameter in model.named_parameters() if parameter.grad.count_nonzero()]
print(f"{len(list(model.parameters()))} tensors, of which receive a gradient: {moving}")
assert moving == ["10.bias"]

# %% [markdown]
# The weights have to differ, and chance is the cheapest way to make them (**symmetry breaking**, 打破对称性). The
# classical recipe, **fixed-variance initialisation** (固定方差初始化), draws every weight from $\mathcal N(0, \sigma^2)$ with some small
# $\sigma$ such as 0.01, or from a uniform distribution (均匀分布) on $[-r, r]$. Between the two there is one formula to remember: an interval
# $[a, b]$ has the variance
#
# $$ \operatorname{var}(w) = \frac{(b - a)^2}{12}, \tag{7.36} $$
#
# so that $r = \sqrt{3\sigma^2}$. What matters is the variance; the shape hardly does. But *which* variance? Too small, and the signal fades; too large, and it
# saturates sigmoids or overflows. "Too small" must depend on something, and it is the number of terms in a sum.
#
# ## One layer: a count of terms
#
# Take one unit, $z = \sum_{i=1}^{n} w_i a_i$, with $n$ inputs (**fan-in**, 扇入). Let the weights be independent of each other and of the inputs, with mean 0.
# Each product has mean 0 and the variance $\operatorname{var}(w)\, \mathbb E a_i^2$, the products are uncorrelated, and variances of uncorrelated numbers add
# up. If the inputs have mean 0 too, then
#
# $$ \operatorname{var}(z) = n \operatorname{var}(w) \operatorname{var}(a) . $$
#
# On the way down it is the same sum, over the $n'$ units that an input reaches (**fan-out**, 扇出): the error arriving at an input is $\sum_j w_j \delta_j$, with variance
# $n' \operatorname{var}(w) \operatorname{var}(\delta)$. These are the steps 7.28 to 7.34 of Qiu (6.10 to 6.12 in the draft that many lecture
# notes still quote), with the activation taken as the identity. To keep the signal one wants $\operatorname{var}(w) = 1/n$, to keep the error $1/n'$. Both together are
# impossible unless the layer is square, and Glorot and Bengio (2010) take the harmonic mean of the two, which is known by the first name of the first
# author as **Xavier initialisation**:
#
# $$ \operatorname{var}(w) = \frac{2}{n + n'} \tag{7.35} $$
#
# $$ w \sim U(-r, r), \qquad r = \sqrt{\frac{6}{n + n'}} \tag{7.37} $$

# %%
show_source(variance_propagation.measured_ratios, init.xavier_uniform_)

# %% [markdown]
# A calculation with so many "let them be independent" deserves a test, with error bars. A layer from 64 inputs to 32 units under Xavier's rule: $r = \sqrt{6/96} = \frac14$,
# variance $2/96$, hence factors $64 \cdot 2/96 = \frac43$ upwards and $\frac23$ downwards. We draw a thousand matrices with a fresh input and a fresh
# error for each.

# %%
r = (6 / (64 + 32)) ** 0.5
mean, error = variance_propagation.measured_ratios(
    lambda rng, shape: rng.uniform(-r, r, shape), 64, 32, np.random.default_rng(0)
)

# %%
predicted = np.array(variance_propagation.variance_ratios(64, 32, (2 * r) ** 2 / 12))
print(f"r = {r}, variance {(2 * r) ** 2 / 12:.7f} = 2/96")
for way, m, e, p in zip(("up", "down"), mean, error, predicted):
    print(f"{way:4s} measured {m:.4f} +- {e:.4f}, predicted {p:.4f}")
assert np.all(np.abs(mean - predicted) < 4 * error)

# %% [markdown]
# > **An erratum.** In the chapter file of April 2019 the line "$\operatorname{var}(w) = 1$" stands beside 7.37. It contradicts 7.35 three lines above: a layer whose weights have
# > variance 1 multiplies signals by 64 here, not by 4/3. It is best struck out; the test that refutes it measures both.
#
# ## Which factor for which function
#
# The identity is not much of an activation function. Near 0, a smooth function is nearly linear with slope $f'(0)$, so one layer multiplies the variance by $n
# \operatorname{var}(w)\, f'(0)^2$, in both directions. For tanh the slope is 1, and nothing changes. For the logistic function it is ¼, its square is 1/16, and the
# variance of the weights has to be **16 times** as large, the interval **four times** as wide:
#
# $$ \text{tanh: } r = \sqrt{\frac{6}{n + n'}}, \qquad\qquad \text{logistic: } r = 4 \sqrt{\frac{6}{n + n'}} . $$
#
# > **A second erratum.** In April 2019 the two factors are printed the other way round (7.26 and 7.27; the file of January 2020 repeats them as 7.35 and 7.36, and
# > the file of February has them right). Readers have programmed from it. The cell below computes what each version does to a small signal per layer.

# %%
for version, factors in {"printed": (1, 4), "corrected": (init.slope_gain("sigmoid"), init.slope_gain("tanh"))}.items():
    for activation, factor in zip(("logistic", "tanh"), factors):
        per_layer = random_depth.backward_factor(0.0, activation, factor)
        print(
            f"{version:9s} {activation:8s} {factor:.0f} x sqrt(6/(n + n')): variance times {per_layer:7.4f} per layer"
        )
        assert (per_layer == 1) == (version == "corrected")

# %% [markdown]
# As printed, a logistic network loses 15/16 of its variance in every layer, and a tanh network multiplies small signals by 16 until they
# saturate. What does the misprint cost? We train each network twice, ten hidden layers of 64 units on the 8 × 8 digits, everything else equal.
# (The logistic units get biases that cancel the mean ½ of their inputs, $b_i = -\frac12 \sum_j w_{ij}$, the trick of the section on vanishing gradients.)

# %%
show_source(deep_mlp.train)

# %%
x_test, y_test = torch.tensor(digits.X_test, dtype=torch.float32), torch.tensor(digits.y_test)
reached = {}
for activation, printed, corrected in (("logistic", 1, 4), ("tanh", 4, 1)):
    for version, factor in (("printed", printed), ("corrected", corrected)):
        model = deep_mlp.deep_mlp(64, 64, 10, 10, activation)
        generator = torch.Generator().manual_seed(0)
        for number, layer in enumerate(deep_mlp.linear_layers(model)):
            init.xavier_uniform_(layer.weight, factor, generator)
            centred = activation == "logistic" and number > 0
            layer.bias.data = -layer.weight.detach().sum(dim=1) / 2 if centred else torch.zeros(len(layer.bias))
        losses, reached[activation, version] = deep_mlp.train(model, (x, y), (x_test, y_test), rate=0.01, epochs=15)
        accuracy = reached[activation, version]
        print(f"{activation:8s} {version:9s} loss {losses[-1]:.3f}, test accuracy {accuracy:.3f}")

# %%
for activation in ("logistic", "tanh"):
    assert reached[activation, "corrected"] > reached[activation, "printed"] + 0.3

# %% [markdown]
# Everything. Guessing gives 0.1, and that is what both misprinted networks do, for opposite reasons: in the one no difference between two images reaches the top,
# in the other every unit sits in its saturated ends, and the order of two images at the top has nothing to do with their order at the bottom.
#
# For ReLU the argument by the slope at 0 fails, since there is a kink. He et al. (2015) count instead: a ReLU passes half of a symmetric net
# input's square, $\mathbb E f(z)^2 = \frac12 \operatorname{var}(z)$, exactly, so the weights must make up for one half,
#
# $$ \operatorname{var}(w) = \frac{2}{n} \quad\text{(upwards)}, \qquad \operatorname{var}(w) = \frac{2}{n'} \quad\text{(downwards)}, $$
#
# known as **He** or **Kaiming initialisation**, again by the name and the first name of one person. Unlike 7.35 there is no compromise; one picks a side, and the
# paper argues that either suffices: if the signal is kept, the error is off only by the ratio of the last width to the first.
#
# One recipe, one function, one principle? Libraries gather all this in a table of **gains** (增益), the factor by which the standard deviation exceeds
# $1/\sqrt n$. Let us hold the table that PyTorch offers as `calculate_gain` against two principles: the gain that undoes the slope at 0, and the gain that hands a variance of exactly
# 1 on, $\sigma_w = 1/\sqrt{\mathbb E f(z)^2}$ for standard normal $z$.

# %%
print("function   PyTorch's gain   1/f'(0)   keeps variance 1")
slopes_at_zero = {"linear": 1.0, "sigmoid": 4.0, "tanh": 1.0}
for name, ours in (
    ("linear", "identity"),
    ("sigmoid", "logistic"),
    ("tanh", "tanh"),
    ("relu", "relu"),
    ("selu", "selu"),
):
    gain, keeps = init.calculate_gain(name), variance_propagation.variance_gain(ours)
    print(f"{name:9s} {gain:10.4f} {slopes_at_zero.get(name, np.nan):14.1f} {keeps:14.4f}")
assert init.calculate_gain("sigmoid") == 1

# %% [markdown]
# Five rows and, as far as we can see, four principles. The rows *linear* and *relu* keep the variance. *tanh*, 5/3, is a rounded number a little
# above the 1.59 that would keep it. *selu*, ¾, is documented as found by experiment, and the documentation warns that self-normalising networks
# want 1 instead. And *sigmoid*, 1, keeps nothing at all: with this gain a logistic network is the misprinted one. The name of a
# function in a table is no guarantee that somebody did the calculation for it. (The book's `calculate_gain` has the same table, because it is what readers will
# meet; `slope_gain` has Qiu's factors, corrected.)
#
# ## Fifty layers
#
# A factor of $\frac43$ is harmless once. In depth, factors multiply, and what is left of a variance is $(\text{factor})^{50}$. Six recipes, fifty layers of 300 units, both
# directions:
#
# - **small**: $\mathcal N(0, 0.01^2)$, the classical fixed variance;
# - **default**: what a `torch.nn.Linear` contains when you touch nothing. The source calls `kaiming_uniform_` with the odd argument $a = \sqrt5$, so that the gain is
#   $\sqrt{2/6}$ and the variance $1/(3n)$: it carries He's name and has a sixth of his variance;
# - **xavier** and **he**, normal;
# - **orthogonal** and **lsuv**, of which more below.
#
# The arrays are NumPy's, and weights only: the biases of the default, which are random too, are left out of this figure.

# %%
show_source(deep_mlp.initialise_)

# %%
rng = np.random.default_rng(0)
normal_input = rng.normal(size=(100, 300))
profiles = {}
for activation in ("tanh", "relu"):
    for scheme in deep_mlp.SCHEMES[1:]:
        model = deep_mlp.deep_mlp(300, 300, 50, 10, activation)
        batch, generator = torch.tensor(normal_input, dtype=torch.float32), torch.Generator().manual_seed(0)
        deep_mlp.initialise_(model, scheme, activation, batch=batch, generator=generator)
        weights = [layer.weight.detach().double().numpy().T for layer in deep_mlp.linear_layers(model)[:-1]]
        profiles[activation, scheme] = variance_propagation.measured_profile(weights, normal_input, activation, rng)

# %% mystnb={"image": {"alt": "Four panels on logarithmic axes, variance of the net inputs and mean squared error term against the layer, 1 to 50, for tanh above and ReLU below. In each, the lines of small and default fall straight down through many powers of ten. For tanh, xavier and orthogonal lie on each other and sink slowly upwards, and he and lsuv are level upwards while their errors grow towards the first layer. For ReLU, xavier falls straight by fifteen powers of ten both ways while he, orthogonal and lsuv stay level."}}
fig, axes = plt.subplots(2, 2, figsize=(7.4, 5.2), sharex=True)
styles, widths = ("-", "--", "-", ":", (0, (3, 2)), (0, (8, 2))), (1.5, 1.5, 3.2, 1.8, 1.5, 1.5)
colours = [*plot.PALETTE[:4], "#222222", plot.PALETTE[5]]
for row, activation in zip(axes, ("tanh", "relu")):
    for scheme, colour, line, width in zip(deep_mlp.SCHEMES[1:], colours, styles, widths):
        for ax, values in zip(row, profiles[activation, scheme]):
            ax.semilogy(np.arange(1, 51), values, color=colour, ls=line, lw=width, label=scheme)
    row[0].set(ylabel=f"{activation}: variance of $z$", ylim=(1e-16, 1e4))
    row[1].set(ylabel=r"mean of $\delta^2$, top layer 1", ylim=(1e-16, 1e4))
axes[0, 0].legend(fontsize=7.5, ncols=2, loc="center right", handlelength=3.2)
for ax in axes[1]:
    ax.set_xlabel("layer")
axes[0, 0].set_title("signals, upwards")
axes[0, 1].set_title("errors, downwards (read from right to left)")
plt.show()

# %%
stds = {"small": 0.01 * 300**0.5, "default": 3**-0.5, "xavier": 1.0, "he": 2**0.5}
print("factor per layer, measured / predicted:      signals          errors")
for (activation, scheme), (up, down) in profiles.items():
    if scheme not in stds:
        continue
    q, errors = variance_propagation.predicted_profile(activation, stds[scheme], 50, start=up[0])
    rates = [(values[0] / values[-1]) ** (1 / 49) for values in (up[::-1], q[::-1], down, errors)]
    print(f"{activation:5s} {scheme:8s} {' ' * 22} {rates[0]:8.3f} / {rates[1]:.3f} {rates[2]:8.3f} / {rates[3]:.3f}")
    assert np.isclose(rates[0], rates[1], rtol=0.05)
    assert np.isclose(rates[2], rates[3], rtol=0.05)

# %% [markdown]
# Straight lines on a logarithmic axis: a constant factor per layer, predicted by the mean-field map of the section on
# [vanishing gradients](../activations/vanishing_gradients.ipynb) to within a few per cent. With *small* the factor is $n\sigma^2 = 0.03$, with the *default* a third for
# tanh and a sixth for ReLU, and after fifty layers nothing is left that floating point could hold on to. ReLU with *xavier* loses half per layer, as He's count says.
# (The real default layers have random biases, so that their signal does not fade to zero. It fades to those biases: every image arrives as the same vector.)
#
# The upper row is more interesting, because no curve in it is what the simple rule promises. Xavier at tanh sinks, and orthogonal weights, which have the same variance, sink with it, so closely that the two lines can hardly be told apart. The slope is 1 only at 0, and for any
# signal of finite size tanh loses a little; the variance creeps down like $1/l$, never quite arriving at the limit for which the calculation was made.
# He at tanh does not explode upwards, because tanh cannot; it settles. But its errors grow on the way down, by a constant factor. Which of the two flaws is worse for learning? The
# theory of variances does not tell. Keep the question in mind.
#
# ## What the average hides
#
# "He's initialisation keeps the variance." In the calculation the variance is an *expectation over all networks* one might draw. But you draw one. Let us draw five thousand ReLU
# networks with He's weights, fifty layers of 64 units, and look at each one's variance at the top. Nothing here is approximate: given the layer below, the net inputs of a
# layer are independent normal numbers, so that whole networks can be drawn exactly and fast.

# %%
show_source(variance_propagation.relu_log_variances)

# %% mystnb={"image": {"alt": "Histograms of the mean square of the last outputs of ReLU networks of 50 layers on a logarithmic axis. For width 64 a broad bell from ten to the minus four to ten, centred well below one half. For width 1000 a narrow bell near one half. Dashed normal curves from the formula lie on both."}}
fig, ax = plt.subplots(figsize=(7, 3))
grid, logs = np.linspace(-10, 4, 400), {}
for width, colour in ((64, plot.PALETTE[1]), (1000, plot.PALETTE[0])):
    count = 5000 if width == 64 else 1000
    logs[width] = variance_propagation.relu_log_variances(width, 50, count, np.random.default_rng(0))
    ax.hist(logs[width] / np.log(10), bins=40, density=True, alpha=0.5, color=colour, label=f"{width} units per layer")
    mean, var = np.log(0.5) - 2.5 * 50 / width, 5 * 50 / width
    curve = np.exp(-((grid - mean) ** 2) / (2 * var)) / np.sqrt(2 * np.pi * var) * np.log(10)
    ax.plot(grid / np.log(10), curve, "--", color=colour, lw=1.5)
ax.axvline(np.log10(0.5), color="#555555", lw=1, label="mean over networks")
ax.set(xlabel=r"$\log_{10}$ of the mean square at the top", ylabel="density", xlim=(-4.3, 1.7))
ax.legend()
plt.show()

# %%
tops = np.exp(logs[64])
print(f"mean over networks {tops.mean():.3f} (theory 0.5), median {np.median(tops):.3f}")

# %%
low, high = np.quantile(tops, (0.05, 0.95))
print(f"nine networks in ten lie between {low:.4f} and {high:.2f}: a factor of {high / low:.0f}")
print(f"share of networks below the mean that is 'kept': {np.mean(tops < 0.5):.2f}")
assert np.median(tops) < 0.2
assert high / low > 100
assert np.quantile(np.exp(logs[1000]), 0.95) / np.quantile(np.exp(logs[1000]), 0.05) < 10

# %% [markdown]
# This surprised us. The mean is what the formula says, and it describes hardly any network: it is made by a few loud ones, while the typical one has lost most of its variance, and
# two draws of the same recipe differ by a factor of hundreds. The reason is that each layer multiplies by a random number of mean 1 and variance $5/n$. The logarithms of such factors add up, with a mean
# of about $-5/(2n)$ each, so after $L$ layers (Hanin and Nica 2020)
#
# $$ \log v_L \approx \mathcal N\Bigl(\log \tfrac12 - \frac{5L}{2n},\; \frac{5L}{n}\Bigr), $$
#
# the dashed curves. What counts is depth *divided by width*. A network of 1000 units per layer keeps the promise for 50 layers, one of 64 does not, and that is a network that one meets in practice.
# It explains a thing that users of such networks report and textbooks do not: the same script, with another seed, sometimes does not learn.
#
# ## What a length hides
#
# Even where the length of a signal survives, the network may lose almost everything. Take a linear network, the simplest deep network there is, with normal weights of variance $1/n$: by
# the count of terms it is perfect in both directions. Its product of matrices $W_L \cdots W_1$ has singular values, the factors by which it stretches
# the $n$ directions. The mean of their squares is kept. The singular values themselves?
#
# A product of fifty matrices cannot be decomposed directly: its singular values differ by more powers of ten than floating point has. So an orthonormal frame is sent
# through the layers, and straightened by a QR decomposition after each. For normal matrices there is an exact answer to compare with: the rate of the $k$-th direction is
#
# $$ \lambda_k = \tfrac12 \Bigl(\log\tfrac2n + \psi\bigl(\tfrac{n - k + 1}{2}\bigr)\Bigr) \quad\text{per layer} $$
#
# where $\psi$ is the digamma function. (What a normal matrix makes of the $k$-th vector, less its parts along the first $k - 1$, is as long as a normal vector with $n - k + 1$ entries. The rates
# are Newman's, 1986.)

# %%
show_source(isometry.stretching_exponents, isometry.gaussian_exponents)

# %%
rng, n = np.random.default_rng(0), 64
gaussian = [rng.normal(0, n**-0.5, (n, n)) for _ in range(50)]
generator = torch.Generator().manual_seed(0)
orthogonal = [init.orthogonal_(torch.empty(n, n, dtype=torch.float64), generator=generator).numpy() for _ in range(50)]

# %%
measured, exact = isometry.stretching_exponents(gaussian), isometry.gaussian_exponents(n)
print(f"largest deviation from the closed form over {n} directions: {np.abs(measured - exact).max():.3f} per layer")
print(f"orthogonal matrices: largest rate {np.abs(isometry.stretching_exponents(orthogonal)).max():.1e}")
for k in (1, n // 4, n // 2):
    print(f"direction {k:2d} of {n}, after 50 layers: a length of 1 becomes {np.exp(50 * measured[k - 1]):.1e}")
assert np.abs(measured - exact).max() < 0.6
assert np.exp(50 * measured[n // 2 - 1]) < 1e-4

# %% mystnb={"image": {"alt": "Stretching of the 64 directions against depth, logarithmic axis from ten to the minus sixteen to ten. Gaussian matrices: a fan of falling lines that starts at one and opens downwards; only the uppermost stays near one, the middle one is below ten to the minus six at depth fifty. Orthogonal matrices: one level line at one."}}
depths = np.arange(1, 51)
paths = np.array([isometry.stretching_exponents(gaussian[:depth]) * depth for depth in depths])
fig, ax = plt.subplots(figsize=(7, 3.2))
ax.semilogy(depths, np.exp(paths[:, ::3]), color=plot.PALETTE[1], lw=0.8)
ax.semilogy([], [], color=plot.PALETTE[1], label="normal weights, every third direction")
ax.axhline(1, color=plot.PALETTE[0], label="orthogonal weights, all directions")
ax.set(xlabel="depth (layers)", ylabel="length that 1 becomes", ylim=(1e-16, 10))
ax.legend(loc="lower left")
plt.show()

# %% [markdown]
# A fan. With normal weights, half of all directions are multiplied by less than a millionth after fifty layers. The average was kept because the first few directions
# make up for the others; a signal comes out with the right length, pointing in one of very few directions. And with it the errors on their way down. All weights obey the count of terms to the
# letter.
#
# **Orthogonal initialisation** (正交初始化) removes the fan: $W W^\top = I$ stretches nothing, whatever the depth, and so does every product of such matrices. Saxe, McClelland
# and Ganguli (2014), who solved the learning of deep linear networks exactly, called the state in which all singular values of the
# whole network are near 1 **dynamical isometry** (动力学等距). To draw such a matrix *uniformly*, decompose a normal one as $QR$ and choose the signs so that the diagonal of $R$ is positive;
# `orthogonal_` does that. Its lengths are kept even at a depth that nobody trains:

# %%
z = start = torch.randn(64, 5, dtype=torch.float64, generator=generator)
for _ in range(1000):
    z = init.orthogonal_(torch.empty(64, 64, dtype=torch.float64), generator=generator) @ z
change = ((z.norm(dim=0) / start.norm(dim=0)) - 1).abs().max()
print(f"relative change of length after 1000 orthogonal layers: {change:.1e}")
assert change < 1e-12

# %% [markdown]
# A nonlinear network has slopes between its matrices, so it is no longer an isometry. For tanh, whose slopes are near 1 as long as signals are small, most of it should survive; for ReLU, half of the
# units are off at any moment, and a matrix that is half zeros cannot keep all directions. The whole map from input to top is the Jacobian matrix, and automatic differentiation computes it:

# %%
spreads = {}
for activation in ("tanh", "relu"):
    for scheme in ("xavier" if activation == "tanh" else "he", "orthogonal"):
        model = deep_mlp.deep_mlp(64, 64, 50, 10, activation).double()
        deep_mlp.initialise_(model, scheme, activation, generator=torch.Generator().manual_seed(0))
        point = 0.3 * torch.randn(64, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
        s = torch.linalg.svdvals(torch.func.jacrev(model[:-1])(point))
        spreads[activation, scheme] = (s[31] / s[0]).item()
        print(f"{activation:5s} {scheme:10s} largest {s[0]:.1e}, of rank 16 {s[15]:.1e}, of rank 32 {s[31]:.1e}")
assert spreads["tanh", "orthogonal"] > 1e3 * spreads["tanh", "xavier"]

# %% [markdown]
# So it is. Under tanh the orthogonal network passes half of all directions at a comparable strength, after fifty layers; the normal one does not. Under ReLU the choice matters much
# less. That is a prediction: orthogonal weights should help tanh networks visibly, and ReLU networks a little.
#
# ## Measuring instead of deriving
#
# All rules so far are derived for layers of one kind. What of a network with pooling, shortcuts, and functions nobody has done the integral for? Mishkin and Matas (2016)
# do not derive, they measure. **LSUV**, layer-sequential unit variance (逐层单位方差), starts orthogonal, sends one batch through the network and divides the weights of
# each layer by the standard deviation of what it sends, from the bottom to the top. With biases of 0 a layer is proportional to its weights, so that one division
# is exact, and since the corrected output is handed on at once, one pass suffices (the paper's loop repeats the division until a tolerance is met).

# %%
show_source(lsuv_)

# %%
model = deep_mlp.deep_mlp(64, 64, 50, 10, "tanh")
divisors = list(lsuv_(model, x[:256], torch.Generator().manual_seed(0)).values())

# %%
print("divided by:", " ".join(f"{std:.3f}" for std in divisors[:4]), "...", f"{divisors[-2]:.3f}")

# %%
gain = 1 / np.mean(divisors[5:-1])
print(
    f"hidden layers end with a gain of {gain:.3f}; the integral says {variance_propagation.variance_gain('tanh'):.3f}"
)
assert abs(gain / variance_propagation.variance_gain("tanh") - 1) < 0.05

# %%
model = deep_mlp.deep_mlp(64, 64, 50, 10, "relu")
gains = 1 / np.array(list(lsuv_(model, x[:256], torch.Generator().manual_seed(0)).values())[1:-1])
print(f"ReLU: gains from {gains.min():.2f} to {gains.max():.2f}, mean {gains.mean():.3f}")
assert abs(gains.mean() / 2**0.5 - 1) < 0.1

# %% [markdown]
# On tanh, LSUV finds by measurement the gain that the integral of the table gives, 1.59. For ReLU it finds gains that scatter around He's $\sqrt2$, one for each layer of this very draw; it does
# not know whose name the number bears. That makes it the most general recipe here. Its price is a batch of data, and its weak point is a layer that sends nothing. Here is a network with one
# dead layer in the middle, whose units send 0 unless their net input exceeds an absurd threshold:


# %%
model = nn.Sequential(nn.Linear(64, 30), nn.ReLU(), nn.Linear(30, 30), nn.Threshold(1e6, 0.0), nn.Linear(30, 10))
try:
    lsuv_(model, x[:256])
except ValueError as error:
    print(error)

# %% [markdown]
# A division by a standard deviation of 0 would have filled the weights with infinities, which show up only as a loss of NaN, later and elsewhere. The function names the layer and puts all weights back as they were.
#
# ## Who learns
#
# Now the experiment. Networks of 2, 10 and 50 hidden layers of 64 units, tanh and ReLU, on the 8 × 8 digits; six initialisations; stochastic gradient descent with momentum 0.9 for 25 epochs. Everything
# hangs on the learning rate, so every combination gets its own, from a grid for each depth, chosen by the *training* loss of the first seed. (In a first version one grid served all depths, and the best rates
# lay at its ends. Comparisons of that kind measure the grid.) What is shown is the
# accuracy on the test images, for three seeds. It comes from a record.

# %%
record = records.load("optimization/initialization_depth")
accuracy = {(f["activation"], f["n_hidden"], f["scheme"]): f["test_accuracies"] for f in record["figures"]}
for activation in ("tanh", "relu"):
    print(f"{activation}: hidden layers", *(f"{depth:>12d}" for depth in (2, 10, 50)))
    for scheme in deep_mlp.SCHEMES[1:]:
        means = [np.mean(accuracy[activation, depth, scheme]) for depth in (2, 10, 50)]
        print(f"  {scheme:18s}", *(f"{mean:12.3f}" for mean in means))

# %% mystnb={"image": {"alt": "Two panels, tanh and ReLU: test accuracy of three seeds against the number of hidden layers, 2, 10 and 50, for six initialisations. At depth 2 all lie together near 0.96. At depth 10 small is at 0.1 in both panels, default far down, the others still near 0.96. At depth 50 tanh: orthogonal highest, he and lsuv below, xavier lower with a wide spread, small and default at 0.1. At depth 50 ReLU: orthogonal and lsuv highest, he lower, xavier, default and small at 0.1."}}
fig, axes = plt.subplots(1, 2, figsize=(7.4, 3.2), sharey=True)
for ax, activation in zip(axes, ("tanh", "relu")):
    for shift, (scheme, colour, marker) in enumerate(zip(deep_mlp.SCHEMES[1:], plot.PALETTE, "os^DvP")):
        runs = np.array([accuracy[activation, depth, scheme] for depth in (2, 10, 50)])
        places = np.arange(3) + 0.06 * (shift - 2.5)
        ax.plot(places, runs.mean(axis=1), color=colour, lw=0.8, alpha=0.6)
        ax.plot(np.repeat(places, 3), runs.ravel(), marker, color=colour, ms=4, label=scheme)
    ax.set(title=activation, xlabel="hidden layers", xticks=range(3), xticklabels=(2, 10, 50))
axes[0].set(ylabel="test accuracy", ylim=(0, 1))
axes[0].legend(fontsize=7.5, loc="lower left")
plt.show()

# %% [markdown]
# Read it from left to right. **With two hidden layers it does not matter.** All six recipes end within a few points of each other, the classical 0.01 included (at a small rate it does not get going, but every recipe
# preferred a larger one). Whoever tells you that a three-layer classifier failed because of its initialisation should first be asked about the learning rate.
#
# **With ten layers it decides.** *Small* guesses at every rate of the grid, and so does the *default* under ReLU. Nothing is exotic about this network: ten times `nn.Linear` and `nn.ReLU`,
# as anyone would type them. Every one of the four that follow a rule learns.
#
# **With fifty layers the rules themselves part.** And here the popular version of the rules, "Xavier for tanh, He for ReLU, always", can be put to the test.


# %%
def mean(activation, depth, scheme):
    return np.mean(accuracy[activation, depth, scheme])


# %%
rules = deep_mlp.SCHEMES[3:]
for depth in (2, 10, 50):
    tanh, relu = ({s: mean(a, depth, s) for s in rules} for a in ("tanh", "relu"))
    print(
        f"{depth:2d} layers: tanh, xavier - he {tanh['xavier'] - tanh['he']:+.3f}; relu, he - xavier {relu['he'] - relu['xavier']:+.3f}"
    )
    print(f"           best: tanh {max(tanh, key=tanh.get)}, relu {max(relu, key=relu.get)}")

# %%
assert abs(mean("relu", 2, "he") - mean("relu", 2, "xavier")) < 0.03
assert mean("relu", 50, "he") > mean("relu", 50, "xavier") + 0.2
assert mean("tanh", 50, "xavier") < min(mean("tanh", 50, "orthogonal") - 0.02, mean("tanh", 50, "he") + 0.02)

# %% [markdown]
# Half of the rule stands. He for ReLU: irrelevant at two layers, a matter of life and death at fifty. The other half does not. For tanh, Xavier is nowhere the best of the four
# (up to ten layers the differences are too small to mean much), and in fifty layers He's weights, "wrong" by a factor of two, do no worse. The figure of the profiles told us why we could not decide: Xavier's signal fades, He's errors grow, and both
# are mild. What helps tanh most is neither variance but the shape of the matrix: orthogonal weights, of exactly Xavier's variance.
#
# And our own prediction? "Orthogonal weights should help tanh visibly, and ReLU little." The first half came true. The second did not: under ReLU, at fifty layers, orthogonal weights are far ahead of He's, although
# the spread of directions is as bad for both. Something else must be at work, and the bell of the last-but-one section suggests what: the *length*. With orthogonal matrices a layer keeps the whole
# length and only the units chosen by ReLU fluctuate, so the factor per layer should have the variance $3/n$ instead of $5/n$:

# %%
spread, generator = {}, torch.Generator().manual_seed(0)
for scheme in ("he", "orthogonal"):
    tops = []
    for _ in range(60):
        h = torch.full((64,), 0.5**0.5, dtype=torch.float64)
        for _ in range(50):
            W = torch.empty(64, 64, dtype=torch.float64)
            W = (
                init.kaiming_normal_(W, generator=generator)
                if scheme == "he"
                else init.orthogonal_(W, 2**0.5, generator)
            )
            h = torch.relu(W @ h)
        tops.append(h.square().mean().log().item())
    spread[scheme] = np.std(tops)
    formula = ((5 if scheme == "he" else 3) * 50 / 64) ** 0.5
    print(f"{scheme:10s} standard deviation of the log variance {spread[scheme]:.2f} (formula {formula:.2f})")

# %%
assert spread["orthogonal"] < spread["he"]

# %% [markdown]
# That is a correlation and not yet a cause, but LSUV points the same way: it fixes the length of *this* network on *these* data, whatever the draw, and it too is ahead of He's.
#
# How does the learning itself look? Training losses at the chosen rates, first seed:

# %% mystnb={"image": {"alt": "Training loss over 25 epochs of networks of fifty hidden layers, left tanh, right ReLU, six initialisations. small and default, and for ReLU also xavier, are flat lines at 2.3. The others fall; for tanh orthogonal falls fastest, for ReLU orthogonal and lsuv."}}
fig, axes = plt.subplots(1, 2, figsize=(7.4, 3.1), sharey=True)
for ax, activation in zip(axes, ("tanh", "relu")):
    curves = {
        f["scheme"]: f["losses"] for f in record["figures"] if f["activation"] == activation and f["n_hidden"] == 50
    }
    plot.loss_curves(
        curves, ax=ax, steps={name: np.arange(1, len(c) + 1) for name, c in curves.items()}, xlabel="epoch"
    )
    ax.set(title=f"{activation}, 50 hidden layers", ylabel="cross-entropy (nats)" if activation == "tanh" else "")
axes[0].get_legend().remove()
plt.show()

# %% [markdown]
# The failures are horizontal lines at $\ln 10 = 2.30$, from the first epoch to the last. A bad initialisation does not look like slow learning. It looks like no learning, and in a log file it
# cannot be told from a bug in the data. Hence the most useful habit of this section: *before* the first epoch, send one batch through and print the standard deviation of every layer.
#
# ## Do modern methods make it irrelevant?
#
# One hears that initialisation was a problem of the past. Adam divides every gradient by its own size, so small gradients cannot hurt; batch normalisation
# (批量归一化, the [next section](normalization.ipynb)) resets the variance in every layer, so weights may have any scale. Both arguments can be
# tested on the fifty layers. Each method has its own grid of rates; plain SGD is repeated for comparison.

# %%
methods = {"plain SGD": "depth", "Adam": "adam", "batch norm": "batch_norm"}
results = {}
for method, name in methods.items():
    for f in records.load(f"optimization/initialization_{name}")["figures"]:
        if f["n_hidden"] == 50:
            results[f["activation"], method, f["scheme"]] = f["test_accuracies"]

# %%
for activation in ("tanh", "relu"):
    print(f"{activation:12s}", *(f"{scheme:>16s}" for scheme in deep_mlp.SCHEMES[2:-1]))
    for method in methods:
        runs = [results[activation, method, scheme] for scheme in deep_mlp.SCHEMES[2:-1]]
        print(f"  {method:10s}", *(f"{min(r):8.2f} to {max(r):.2f}" for r in runs))
print("rates tried with batch norm:", records.load("optimization/initialization_batch_norm")["rates"])


# %%
def best(activation, method, scheme):
    return np.mean(results[activation, method, scheme])


assert best("relu", "Adam", "default") < 0.3 < 0.5 < best("relu", "Adam", "orthogonal")
assert best("relu", "batch norm", "orthogonal") < best("relu", "plain SGD", "orthogonal") - 0.2
assert best("tanh", "batch norm", "default") > best("tanh", "plain SGD", "default") + 0.4

# %% [markdown]
# **Adam does not save them.** Where plain SGD guesses, Adam guesses. The argument was about the size of the gradient, and that is not what is missing: in these networks the top layer receives the same vector for every
# image, as the next cell shows. A gradient that contains no information can be magnified as much as one likes. Where the signal survives, Adam helps, most of all He's weights under ReLU.

# %%
for scheme in ("default", "orthogonal"):
    model = deep_mlp.initialise_(
        deep_mlp.deep_mlp(64, 64, 50, 10, "relu"), scheme, "relu", generator=torch.Generator().manual_seed(0)
    )
    top = model[:-1](x.detach()).detach()
    differing = (top.std(dim=0).norm() / top.square().mean(dim=0).sqrt().norm()).item()
    print(f"{scheme:10s} part of the top layer that differs between images: {differing:.1e}")
    assert (differing < 1e-4) == (scheme == "default")

# %% [markdown]
# **Batch normalisation** does what it promises, with a consequence that we did not foresee. It makes the scale of the weights nearly irrelevant: under tanh the default, which guessed, now learns. The rows become
# level, good and bad recipes alike, but level is not high. Under ReLU the recipes that learnt without it are pulled *down*, far down, and none of the rates of its grid, in the last line, mends it. Why? Look at the
# gradient, layer by layer, before training:

# %%
for activation in ("tanh", "relu"):
    for scheme in ("small", "default", "he", "orthogonal"):
        model = deep_mlp.deep_mlp(64, 256, 50, 10, activation, batch_norm=True)
        deep_mlp.initialise_(model, scheme, activation, generator=torch.Generator().manual_seed(0))
        nn.functional.cross_entropy(model(x[:500]), y[:500]).backward()
        inner = deep_mlp.linear_layers(model)[1:-1]
        first, last = inner[0].weight.grad.norm(), inner[-1].weight.grad.norm()
        factor = ((first / last) ** (2 / 48)).item()
        print(
            f"{activation:5s} {scheme:10s} squared gradient grows by {factor:.2f} per layer, by {factor**48:.0e} in all"
        )
        assert factor > (1.1 if activation == "tanh" else 1.3)

# %% [markdown]
# The error explodes on its way down, by a factor that depends on the activation function and not on the weights. Batch normalisation cures the way up and *causes* an
# explosion on the way down; Yang et al. (2019) derived it, and that no variance of the initial weights can prevent it; networks of such depth need shortcuts, or layers that are nearly linear. A factor of 1.4 per layer is a factor of 2 in two layers and one of about 30 in ten; in fifty it is the tens of millions of the last column. So of the two popular arguments,
# one is wrong, and the other is right and helps less than one thinks. (What batch normalisation does for networks of ordinary depth, the next section measures.)
#
# ## Checked against PyTorch
#
# Every function above has a namesake in `torch.nn.init` with the same arguments. Fed with the same generator, both should give the same weights, not only the same
# distribution, for matrices and for the kernels of convolutions, whose fans count the entries of the kernel as well.

# %%
cases = {
    "xavier_uniform_": {"gain": 4.0},
    "xavier_normal_": {},
    "kaiming_uniform_": {"a": 5**0.5},
    "kaiming_normal_": {"mode": "fan_out", "nonlinearity": "relu"},
    "orthogonal_": {"gain": 2**0.5},
    "uniform_": {"a": -0.25, "b": 0.25},
    "normal_": {"mean": 1.0, "std": 0.01},
}

# %%
for name, options in cases.items():
    worst = 0.0
    for shape in ((32, 64), (64, 32), (7, 5, 3), (5, 7, 3, 2), (3, 2, 5, 7, 2)):
        both = [
            getattr(library, name)(
                torch.empty(shape, dtype=torch.float64), **options, generator=torch.Generator().manual_seed(3)
            )
            for library in (init, nn.init)
        ]
        worst = max(worst, (both[0] - both[1]).abs().max().item())
    print(f"{name:17s} largest difference {worst}")
    assert worst <= 1e-12

# %% [markdown]
# Bit for bit. The two that are not in PyTorch, `lecun_normal_` and `lsuv_`, are checked in the tests against the formula and against the paper's loop. One difference is deliberate. PyTorch multiplies by the
# *sign* of the diagonal of $R$, and the sign of an exact 0 is 0, which would erase a column; here a 0 counts as positive.
#
# ## What goes wrong
#
# Four failures were shown above; here they are together, with what one sees.
#
# | failure | what one sees | cure |
# |---|---|---|
# | all weights zero, or all equal | units remain copies; in deep tanh networks only the last bias moves | any random draw |
# | fixed 0.01 in ten layers or more | loss at $\ln K$ from the first epoch to the last, at every rate | variance by fan-in |
# | Xavier with swapped factors | logistic: as above; tanh: saturation, memorising at best | 4 for the *logistic* function |
# | LSUV over a dead layer | elsewhere: infinities; here: an error that names the layer | look at that layer first |
#
# Two more are quieter. A weight matrix stored as (inputs, outputs), as this book's NumPy code does, has its fans swapped when it is given to a function that expects (outputs, inputs): Xavier does not notice,
# He does. And an initialisation chosen for one function is often kept when the function is changed; the table of gains shows what that costs per layer.
#
# ## Exercises
#
# **1.** (Qiu's exercise on the backward variance.) Derive the condition $n' \operatorname{var}(w) = 1$ from the recursion of the error terms, and say which of the assumptions is certainly false, although the prediction is good.
#
# <details>
# <summary>Answer</summary>
#
# $\delta^{(l)}_i = f'(z_i) \sum_j w_{ij}\, \delta^{(l+1)}_j$ with $f' = 1$: a sum of $n'$ products of mean 0, so $\operatorname{var}(\delta^{(l)}) = n' \operatorname{var}(w) \operatorname{var}(\delta^{(l+1)})$, if weights and errors are
# independent. They are not: $\delta^{(l+1)}$ was computed from outputs that these very weights produced. In wide layers the dependence is weak; the figure of profiles shows measured factors within a few per cent of the prediction.
# </details>
#
# **2.** (6.10 to 6.12 by Monte Carlo.) Repeat the measurement of one layer with weights that are $+s$ or $-s$ with equal probability, and then with Student's $t$ weights of three degrees of freedom, scaled to the same variance. Which of
# the two has the larger error bars, and why?
#
# <details>
# <summary>Hint</summary>
#
# Pass `lambda rng, shape: rng.choice([-s, s], shape)` and `lambda rng, shape: s / 3**0.5 * rng.standard_t(3, shape)` to `measured_ratios`. The mean depends on the variance alone, the spread on the fourth
# moment, and with three degrees of freedom there is none: the error bars themselves are then unreliable.
# </details>
#
# **3.** (Exercise 4-8, with a twist.) Start a network of two hidden tanh layers with all *weights* zero, but with random *biases*. Does the symmetry break? Do the hidden weights ever move?
#
# <details>
# <summary>Answer</summary>
#
# It breaks. Units with different biases send different constants, so the output weights receive different gradients in the first step; errors pass down from the second step on, layer by layer. Chance is needed somewhere, but not in the weights. It learns
# slowly, since each layer has to wait for the one above, and it is no remedy for deep networks.
# </details>
#
# **4.** How wide must a ReLU network of 50 layers be so that nine out of ten draws keep the variance within a factor of 4 of each other? Check with `relu_log_variances`.
#
# <details>
# <summary>Answer</summary>
#
# The middle 90 % of a normal distribution are $3.29$ standard deviations wide: $3.29 \sqrt{5 \cdot 50/n} \le \ln 4$ gives $n \ge 250 \cdot (3.29/1.386)^2 \approx 1400$ units.
# </details>
#
# **5.** Take a ReLU network with shortcuts, $h \leftarrow h + f(Wh)$, and compare the mean square of $h$ after 10, 20, 30 and 40 layers under He's initialisation and under LSUV. Which law of growth does each follow?
#
# <details>
# <summary>Answer</summary>
#
# `DeepStack(..., "relu", gain=2**0.5, residual=True)` of the activations chapter builds it, and `lsuv_` takes it. Under He's weights each layer adds something as large as $h$ itself, so that the mean square at least doubles per layer:
# exponential growth, from an initialisation that is right for networks without shortcuts. Under LSUV every layer adds numbers of order one, and the growth is a power of the depth.
# </details>
#
# **6.** Vary the gain of orthogonal tanh weights between 1 and 1.3 in 50 layers, at a fixed rate such as 0.003, and follow the training loss. Which gain learns fastest? What does the mean-field map say about the signal, and about $\chi$, at your best value?
#
# <details>
# <summary>Hint</summary>
#
# `random_depth.settled_variance("tanh", g)` and `backward_factor` at that variance. Above 1 the signal settles at a positive variance instead of fading, at the price of errors that are no longer kept exactly.
# </details>
#
# ## Summary
#
# - Signals are multiplied by $n \operatorname{var}(w)$ per layer, errors by $n' \operatorname{var}(w)$. Xavier's $2/(n + n')$ is the compromise; the slope at 0 gives the factor 4 for the *logistic* function, not for tanh.
# - A ReLU halves the square, so He's variance is twice $1/n$. The default of `nn.Linear` is a sixth of that, and ten layers of it do not learn.
# - The promise "the variance is kept" concerns a mean over networks. The typical network of depth $L$ and width $n$ deviates by $e^{\pm\sqrt{5L/n}}$.
# - Lengths are not everything: products of normal matrices extinguish most directions, products of orthogonal ones none.
# - At two layers no recipe matters, at fifty the right one is decisive. For tanh it was orthogonal; Xavier was not better than He.
# - Adam does not replace a good start. Batch normalisation makes the scale irrelevant, but in fifty layers without shortcuts its own gradient explodes.
#
# ## Sources
#
# - Qiu (2019), 《神经网络与深度学习》, section 7.3, [nndl.github.io](https://nndl.github.io/); the discussions [nndl #492](https://github.com/nndl/nndl/issues/492) and
#   [#320](https://github.com/nndl/nndl/issues/320) on the two errata.
# - LeCun, Bottou, Orr and Müller (1998), Efficient backprop, [doi:10.1007/3-540-49430-8_2](https://doi.org/10.1007/3-540-49430-8_2).
# - Glorot and Bengio (2010), Understanding the difficulty of training deep feedforward neural networks, [AISTATS](https://proceedings.mlr.press/v9/glorot10a.html).
# - Saxe, McClelland and Ganguli (2014), Exact solutions to the nonlinear dynamics of learning in deep linear neural networks, [arXiv:1312.6120](https://arxiv.org/abs/1312.6120).
# - He, Zhang, Ren and Sun (2015), Delving deep into rectifiers, [arXiv:1502.01852](https://arxiv.org/abs/1502.01852).
# - Mishkin and Matas (2016), All you need is a good init, [arXiv:1511.06422](https://arxiv.org/abs/1511.06422).
# - Hanin and Nica (2020), Products of many large random matrices and gradients in deep neural networks, [arXiv:1812.05994](https://arxiv.org/abs/1812.05994).
# - Yang, Pennington, Rao, Sohl-Dickstein and Schoenholz (2019), A mean field theory of batch normalization, [arXiv:1902.08129](https://arxiv.org/abs/1902.08129).
# - Newman (1986), The distribution of Lyapunov exponents: exact results for random matrices, *Communications in Mathematical Physics* 103; Forrester (2015),
#   [arXiv:1501.05702](https://arxiv.org/abs/1501.05702).
# - Mezzadri (2007), How to generate random matrices from the classical compact groups, [arXiv:math-ph/0609050](https://arxiv.org/abs/math-ph/0609050).
