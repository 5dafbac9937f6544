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
# # The multilayer perceptron (多层感知机)
#
# One neuron draws a line; two layers of them solved XOR in [the section before](perceptron.ipynb). How much more can layers do? The answer of this
# section is: everything continuous, and one can write the weights down. On the way we meet what every later chapter takes for granted, namely how a
# network is laid out, how a whole batch passes through it in a few matrix products, what its last layer should look like, what is minimised in
# training, and how many numbers there are to train. How to *find* weights is left to [the next section](backpropagation.ipynb).
#
# **You need:** matrix products, the perceptron, and for the error bounds a little calculus (the mean value theorem).
#
# **Time to run:** see the [Execution](../execution.md) page. About 15 seconds on one core.
#
# Equation numbers are those of Qiu (2019), 《神经网络与深度学习》, chapter 4; Zhou (2016), 《机器学习》, treats the same in section 5.2.

# %% tags=["install", "hide-cell"]
# Only where the package is missing, as on Colab.
import importlib.util

if importlib.util.find_spec("nndl_support") is None:
    print("This notebook needs the package nndl_support: run pip install '.[data]' in a copy of its repository.")

# %%
import time

import matplotlib.pyplot as plt
import numpy as np
import torch
from scipy.special import expit, logit
from scipy.special import softmax as peer_softmax
from sklearn.neural_network import MLPClassifier

from nndl_support import plot
from nndl_support.activations.sigmoid_family import logistic, softmax
from nndl_support.backprop import architecture, losses, network, perceptron
from nndl_support.backprop import universal_approximation as ua
from nndl_support.data.digits import load_digits
from nndl_support.source import show_source

plot.use_style()

# %% [markdown]
# ## Three ways to wire neurons
#
# A network is a set of neurons and a rule about who listens to whom. Three rules have proved fruitful. In a **feed-forward network** (前馈网络) the neurons stand in layers, and
# signals run from each layer to the next, never back: the network is a function. In a **feedback network** (反馈网络), also called a memory network, neurons hear one another, often themselves too,
# so the network has a state that moves in time. In a **graph network** (图网络) every node of a given graph holds a group of neurons and exchanges messages with
# its neighbours, which suits molecules or acquaintances, whose shape differs from one example to the next.

# %% mystnb={"image": {"alt": "Three drawings. Left: a feed-forward network with arrows from three inputs to four hidden units to two outputs. Middle: five neurons in a ring, every pair joined by arrows in both directions. Right: six nodes joined as an irregular graph, each holding a small group of neurons."}}
figure, axes = plt.subplots(1, 3, figsize=(7, 2.6))
plot.draw_network([3, 4, 2], ax=axes[0], arrows=True)
angle = 2 * np.pi * np.arange(5) / 5 + np.pi / 2
ring = np.column_stack([np.cos(angle), np.sin(angle)])
for i, j in np.argwhere(~np.eye(5, dtype=bool)):
    arrow = {"arrowstyle": "-|>", "color": plot.PALETTE[6], "shrinkA": 9, "shrinkB": 9}
    axes[1].annotate("", ring[j], ring[i], arrowprops=arrow | {"connectionstyle": "arc3,rad=0.12", "lw": 0.8})
nodes = np.array([[0, 0], [1, 0.6], [2, 0.1], [0.6, -1], [1.7, -1.1], [2.7, -0.7]])
for i, j in [(0, 1), (0, 3), (1, 2), (1, 4), (3, 4), (2, 5), (4, 5)]:
    axes[2].plot(*nodes[[i, j]].T, color=plot.PALETTE[6], zorder=0)
for ax, places, size in ((axes[1], ring, 280), (axes[2], nodes, 480)):
    ax.scatter(*places.T, s=size, facecolor="white", edgecolor=plot.PALETTE[2], linewidth=1.8)
    ax.set_aspect("equal")
    ax.axis("off")
    ax.margins(0.2)
for dx, dy in ((-0.13, -0.06), (0.13, -0.06), (0, 0.12)):
    axes[2].scatter(nodes[:, 0] + dx, nodes[:, 1] + dy, s=14, color=plot.PALETTE[0])
for ax, name in zip(axes, ("feed-forward (前馈)", "feedback (反馈)", "graph (图)")):
    ax.set_title(name)
plt.show()

# %% [markdown]
# This chapter is about the left drawing. Every unit of a layer hears every unit of the layer below and no other: such a **fully connected** (全连接) feed-forward network is the
# **multilayer perceptron** (多层感知机). The name is a misnomer that stuck, since its units are smooth or piecewise linear and not the jumping ones of the perceptron.
# Counting layers is a trap as well: the input layer computes nothing, so Zhou (figure 5.6) prefers to say how many *hidden* layers there are, and so do we.
#
# ## The forward pass
#
# Let $a^{(l-1)}$ be what layer $l-1$ emits, and $a^{(0)} = x$ the input. A layer takes weighted sums, its **net input** (净输入) $z^{(l)}$, and sends them through its **activation
# function** (激活函数) $f_l$ (equations 4.29–4.30):
#
# $$ z^{(l)} = W^{(l)} a^{(l-1)} + b^{(l)}, \qquad a^{(l)} = f_l\big(z^{(l)}\big) $$
#
# Doing this layer after layer, until the last one gives the prediction, is the **forward pass** (前向计算). Books write an example as a column. Computers prefer a batch of examples as the *rows* of a
# matrix $X$, and then the same layer reads `X @ W + b` with the transposed weight matrix. That is all the code has to do:

# %%
show_source(network.forward)

# %% [markdown]
# "Vectorised" means that no loop over examples or units is left. A loop computes the same numbers, slowly:

# %%
rng = np.random.default_rng(0)
activations = ["tanh", "tanh", "identity"]
weights, biases = network.initialise([7, 31, 13, 3], activations, rng)
X = rng.normal(size=(2000, 7))
start = time.perf_counter()
together = network.forward(X, weights, biases, activations)[1][-1]
middle = time.perf_counter()
apart = np.vstack([network.forward(x[None, :], weights, biases, activations)[1][-1] for x in X])
end = time.perf_counter()
print(f"one batch of 2000: {1e3 * (middle - start):.1f} ms")
print(f"one by one: {1e3 * (end - middle):.1f} ms")
print(f"largest difference {np.abs(together - apart).max():.1e}")
assert np.allclose(together, apart, atol=1e-12)
assert end - middle > 3 * (middle - start)

# %% [markdown]
# ### Without the bend, nothing is gained
#
# If all activation functions were the identity, a product of matrices would be a matrix, and a hundred layers would be one. The non-linearity *is* the network:

# %%
straight = network.forward(X, weights, biases, ["identity"] * 3)[1][-1]
product = weights[0] @ weights[1] @ weights[2]
shift = (biases[0] @ weights[1] + biases[1]) @ weights[2] + biases[2]
one_layer = X @ product + shift
print(f"three linear layers against one: {np.abs(straight - one_layer).max():.1e}")
assert np.allclose(straight, one_layer)

# %% [markdown]
# ## The last layer says what kind of answer it is
#
# Hidden layers may be chosen freely; the output layer must fit the question (equations 4.36–4.38).
#
# | question | output layer | a prediction is | loss |
# |---|---|---|---|
# | how much? (回归) | linear, $\hat y = z$ | any number | squared error (平方误差) |
# | yes or no? (二分类) | logistic, $\hat y = \sigma(z) = 1/(1 + e^{-z})$ | a probability $p(y = 1 \mid x)$ | cross-entropy of two classes |
# | which of K? (多分类) | softmax, $\hat y_k = e^{z_k} / \sum_j e^{z_j}$ | K probabilities that sum to 1 | cross-entropy (交叉熵) |
#
# The three output layers are called *heads*, and two of them are related: logistic is softmax over two classes, one of which has the net input 0.

# %%
z = np.array([-30.0, -2.0, 0.0, 2.0, 30.0])
pair = softmax(np.column_stack([np.zeros(5), z]))
print("    z      logistic(z)    softmax(0, z), class 1")
for row in zip(z, logistic(z), pair[:, 1]):
    print("{:5.0f} {:16.8e} {:25.8e}".format(*row))
np.testing.assert_allclose(pair[:, 1], logistic(z), rtol=1e-12)

# %% [markdown]
# A prediction is judged by a **loss** (损失). Write the true class as a vector $y$ with a 1 in its place and 0 elsewhere (**one-hot**, 独热). For probabilities the natural loss is the **cross-entropy** (equations 4.39–4.40),
# for a single yes-or-no output and for $K$ classes
#
# $$ L = -y \log \hat y - (1 - y) \log (1 - \hat y), \qquad L = -\sum_{k=1}^{K} y_k \log \hat y_k $$
#
# Either way only the probability of what really happened counts. Its negative logarithm is the *surprise* when the truth is revealed, measured in nats because the logarithm is the natural one. Minimising the sum of surprises is
# maximising the probability of the whole training set. The loss is unbounded: a network that was certain and wrong pays without limit, whereas half the squared distance of two probability vectors never passes 1.

# %%
truth = np.array([[1.0, 0.0, 0.0]])
for certainty in (0.9, 1 / 3, 0.1, 1e-6):
    guess = np.array([[certainty, (1 - certainty) / 2, (1 - certainty) / 2]])
    surprise, distance = losses.cross_entropy(truth, guess), losses.squared_error(truth, guess)
    print(f"p(true class) {certainty:8.6f}: {surprise:6.3f} nats, half squared error {distance:.3f}")

# %% [markdown]
# ## What training minimises
#
# The mean loss over the training set is the **empirical risk** (经验风险). Minimising it alone invites a network that memorises, so one adds a price for large weights and gets the **structural risk**
# (结构风险, equations 4.41–4.42). Its strength, $\lambda$ in Qiu (2019), is $\alpha$ here, the name that scikit-learn and our code use:
#
# $$ R(W, b) = \frac{1}{N} \sum_{n=1}^{N} L\big(y^{(n)}, \hat y^{(n)}\big) + \frac{\alpha}{2} \sum_l \big\lVert W^{(l)} \big\rVert_F^2, \qquad \lVert W \rVert_F^2 = \sum_{ij} w_{ij}^2 $$
#
# The **Frobenius norm** (F 范数) is the length of a matrix read as one long vector. Training then walks downhill with steps of learning rate $\eta$: **gradient descent** (梯度下降), equations 4.43–4.46,
#
# \begin{align}
# W^{(l)} &\leftarrow W^{(l)} - \eta \Big( \frac{1}{N} \sum_{n=1}^{N} \frac{\partial L^{(n)}}{\partial W^{(l)}} + \alpha W^{(l)} \Big) \\
# b^{(l)} &\leftarrow b^{(l)} - \frac{\eta}{N} \sum_{n=1}^{N} \frac{\partial L^{(n)}}{\partial b^{(l)}}
# \end{align}
#
# The factor ½ in the penalty was put there so that its derivative is plainly $\alpha W$. Seen alone, that term shrinks every weight by the same fraction at each step, hence its name **weight decay** (权重衰减). Where
# the other derivatives come from is the next section's story. The risk itself we can compute already:

# %%
X, y = rng.normal(size=(11, 7)), rng.normal(size=(11, 3))
prediction = network.forward(X, weights, biases, activations)[1][-1]
mean_loss = losses.squared_error(y, prediction)
by_hand = mean_loss + 0.01 / 2 * sum(np.linalg.norm(W) ** 2 for W in weights)
risk = network.objective(X, y, weights, biases, activations, "squared_error", alpha=0.01)
print(f"mean loss {mean_loss:.6f}, structural risk {risk:.6f}, by hand {by_hand:.6f}")
assert np.isclose(risk, by_hand, rtol=1e-14)

# %% [markdown]
# ### Why the biases go free
#
# The sum runs over the weights and leaves out $b$ (exercise 4-7 asks why). A weight says how *steeply* the output reacts to the input, and steepness is what overfitting needs. A bias only says *where* things happen.
# Penalise it, and the model depends on the arbitrary zero of your units. The smallest case shows it: fit a line to temperatures measured at different heights, once in degrees Celsius and once in kelvin, with and without a penalty on the
# bias. The minimum has a closed form, as the risk is quadratic.

# %%
height = rng.uniform(0, 3, 40)
celsius = 15 - 6.5 * height + rng.normal(0, 1, 40)
design = np.column_stack([height, np.ones(40)])
for name, penalty in (("weight only", np.diag([1.0, 0.0])), ("weight and bias", np.eye(2))):
    normal = design.T @ design / 40 + 0.1 * penalty
    fit = [np.linalg.solve(normal, design.T @ t / 40) for t in (celsius, celsius + 273.15)]
    moved = design @ fit[1] - 273.15 - design @ fit[0]
    print(f"penalty on {name}: slopes {fit[0][0]:.2f} (Celsius) and {fit[1][0]:.2f} (kelvin) K/km")
    print(f"    predictions differ by up to {np.abs(moved).max():.2f} K")
    assert (np.abs(moved).max() < 1e-9) == (name == "weight only")

# %% [markdown]
# With the bias left out both thermometers agree on the predictions. With the bias punished, 273 degrees of offset are expensive, the fit saves on them, and even the sign of the slope changes.
#
# ## How many numbers are there?
#
# A layer with $n_{l-1}$ inputs and $n_l$ units has $n_{l-1} n_l$ weights and $n_l$ biases. In all
#
# $$ P = \sum_{l=1}^{L} (n_{l-1} + 1)\, n_l $$

# %%
for sizes in ([2, 2, 1], [64, 32, 10], [784, 300, 100, 10]):
    weights, biases = network.initialise(sizes, ["relu"] * (len(sizes) - 1), rng)
    counted = sum(array.size for array in weights + biases)
    print(f"{sizes!s:20} formula {architecture.count_parameters(sizes):7,d}   counted {counted:7,d}")
    assert counted == architecture.count_parameters(sizes)

# %% [markdown]
# ### Deep or wide?
#
# You may spend $N$ hidden units, an even number, shared equally by $D$ hidden layers, with $n_0$ inputs and one output (exercise 4-5). Which depth has the most parameters, which the fewest? Inserting $N/D$ units a layer gives
#
# $$ P(D) = N + 1 + (n_0 + 1)\frac{N}{D} + (D - 1)\frac{N^2}{D^2} $$
#
# With $s = 1/D$ this is a parabola in $s$ that opens downwards. Its top lies at $s = \frac12 + \frac{n_0 + 1}{2N}$, always to the right of $\frac12$. The most parameters therefore stand at $s = \frac12$ or at $s = 1$, whichever is nearer to the top: at $D = 2$ if the top lies
# below $\frac34$, that is if $N > 2(n_0 + 1)$, otherwise at $D = 1$. The **fewest** must stand at an end, and comparing the two ends gives $P(1) - P(N) = n_0 (N - 1) > 0$: the thinnest network, a chain of single units, has the fewest. Brute force agrees:

# %%
show_source(architecture.parameters_at_depth)

# %%
n_hidden = 120
depths = [D for D in range(1, n_hidden + 1) if n_hidden % D == 0]
curves = {}
for n in (5, 59, 300):
    shapes = [[n, *[n_hidden // D] * D, 1] for D in depths]
    counts = curves[n] = [architecture.count_parameters(sizes) for sizes in shapes]
    assert counts == [architecture.parameters_at_depth(n, n_hidden, D) for D in depths]
    most, fewest = depths[np.argmax(counts)], depths[np.argmin(counts)]
    assert (most, fewest) == architecture.depths_with_most_and_fewest(n, n_hidden)
    print(f"{n:3d} inputs: most at depth {most}, {max(counts):,d}; fewest at depth {fewest}, {min(counts):,d}")
assert curves[59][0] == curves[59][1]

# %% mystnb={"image": {"alt": "Parameters against depth on logarithmic axes for 5, 59 and 300 inputs and 120 hidden units in all. For 5 inputs the curve rises from depth 1 to a maximum at depth 2 and then falls; for 300 inputs it falls from the start; all end low at depth 120."}}
figure, ax = plt.subplots()
for (n, counts), style in zip(curves.items(), ("o-", "s--", "^-.")):
    ax.loglog(depths, counts, style, label=f"{n} inputs")
ticks = [1, 2, 4, 10, 30, 120]
ax.set(xlabel="hidden layers D, sharing 120 units", ylabel="parameters", xticks=ticks, xticklabels=ticks)
ax.minorticks_off()
ax.legend()
plt.show()

# %% [markdown]
# With few inputs the connections *between* hidden layers dominate, and there are most of them with two layers. With many inputs the first layer dominates, and every further layer only makes it narrower. At $n_0 = 59$, where $N = 2(n_0 + 1)$, depths 1 and 2 tie.
#
# ## Can it represent anything?
#
# ### The theorem, with its quantifiers in order
#
# The **universal approximation theorem** (通用近似定理, theorem 4.1, equations 4.34–4.35) concerns one hidden layer and a linear output. Let $\varphi$ be a non-constant, bounded, increasing continuous function, such as the logistic. Then
# *for every* continuous $f$ on the unit cube *and every* $\varepsilon > 0$ *there are* a number $M$ of units and weights such that
#
# $$ F(x) = \sum_{m=1}^{M} v_m\, \varphi\big(w_m^\top x + b_m\big), \qquad |F(x) - f(x)| < \varepsilon \quad \text{for all } x $$
#
# The order of the quantifiers matters. In the print edition $M$ exists *before* the function and the tolerance are named ([reported by a reader](https://github.com/nndl/nndl/issues/538) and since partly corrected), as though one size fitted all. It does not. A network of $M$ ReLU units on a line is
# piecewise linear with at most $M + 1$ pieces, and each piece crosses zero at most once. The wave $\sin(2 \pi k x)$ on $[0, 1]$ has $2k$ crests and valleys in turn; to stay within less than 1 of it, a network must be positive at
# every crest and negative at every valley, hence change sign $2k - 1$ times. So $M + 1 \ge 2k - 1$, or $M \ge 2k - 2$, and the wave was free to choose $k$ after $M$:

# %%
x = np.linspace(0, 1, 4001)
kinks = np.column_stack([np.maximum(0, x[:, None] - np.arange(16) / 16), np.ones_like(x)])
for k in (1, 4, 16):
    wave = np.sin(2 * np.pi * k * x)
    fitted = kinks @ np.linalg.lstsq(kinks, wave, rcond=None)[0]
    worst = np.abs(fitted - wave).max()
    print(f"k = {k:2d} needs at least {2 * k - 2:2d} units; largest error with 16 units {worst:.2f}")
    assert 2 * k - 2 <= 16 or worst >= 1

# %% [markdown]
# With sixteen units and sixteen waves no choice of weights gets below 1, which is what the constant 0 achieves. (The cell fits the output weights by least squares, which
# minimises the mean of the squared errors, so its largest error may even exceed 1; the count of zero crossings covers all other choices.)
#
# ### A proof that one can run: bumps
#
# Existence theorems leave one empty-handed, so let us construct. Two logistic units of opposite sign, one switching on at the left end of a cell and one switching off at its right end, make a **bump**. Divide the interval $[a, b]$ into
# $M + 1$ cells of width $h$ with centres $m_0, \dots, m_M$, put a bump of height $f(m_k)$ on each, and add up. At the border $s_k$ between cells $k - 1$ and $k$ one bump switches off and the next switches on: the two units merge into one that steps
# from $f(m_{k-1})$ to $f(m_k)$. Such a **staircase** takes only $M$ units. Their *sharpness* $c$ says how steep a step is compared with the width of a cell:
#
# $$ F(x) = f(m_0) + \sum_{k=1}^{M} \big(f(m_k) - f(m_{k-1})\big)\, \sigma\Big(\frac{c}{h}(x - s_k)\Big) $$

# %%
show_source(ua.logistic_staircase, ua.relu_interpolant)

# %% [markdown]
# How good is it? Let $f$ change by at most $L$ per unit of $x$ (a **Lipschitz constant**, 利普希茨常数), and look at a point $x$ whose nearest step is $s_k$, at distance $d \le h/2$. If all steps were ideal except this one, the output would be a weighted mean of
# $f(m_{k-1})$ and $f(m_k)$. The nearer of the two centres is $h/2 - d$ away, the farther $h/2 + d$, and the sigmoid gives the nearer one at least half of the weight; so the mean is wrong by at most $L h / 2$. (Before the first centre and behind the last one there is nothing to mix, and $f$ is at most $L h/2$ away from that centre's value.) Every other step has at most height $L h$ and is off by its tail $\sigma(-t) \le e^{-t}$,
# where $t$ is at least $\frac12 c, c, \frac32 c, \dots$ for one step after the other. These tails form a geometric series. In sum
#
# $$ |F(x) - f(x)| \le L h \left( \frac12 + \frac{e^{-c} + e^{-c/2}}{1 - e^{-c}} \right) $$
#
# with $h = (b - a)/(M + 1)$, which is as small as you like for large $M$. A function that is merely continuous has no $L$; but on a closed interval it is uniformly continuous, and its largest change over a distance $h$, which tends to 0 with $h$, takes the place of $L h$. That proves the theorem for one input
# and the logistic.
#
# The second construction, exercise 4-6, uses **ReLU** units, $\mathrm{ReLU}(s) = \max(0, s)$. They are not bounded, so theorem 4.1 is silent about them (Leshno and others showed in 1993 that *every* continuous activation works unless it is a polynomial), but the construction needs no theorem. Each unit adds
# a kink, so $M$ of them draw the straight segments through $M + 1$ points of the graph. If $|f''| \le K$, a point of the segment from $t$ to $t + h$ obeys, by Rolle's theorem used twice, $f(x) - F(x) = \frac12 f''(\xi)(x - t)(x - t - h)$ for some $\xi$. The product of the brackets is largest in the
# middle, $h^2/4$ in size, and so
#
# $$ |F(x) - f(x)| \le \frac{K h^2}{8}, \qquad h = \frac{b - a}{M} $$
#
# Our example is $f(x) = \sin 2\pi x + \frac12 \sin 6 \pi x$ on $[0, 1]$. Its derivative is at most $L = 5\pi$ and its second derivative at most $K = 22 \pi^2$.

# %%
LIPSCHITZ, CURVATURE = 5 * np.pi, 22 * np.pi**2


def f(x):
    return np.sin(2 * np.pi * x) + 0.5 * np.sin(6 * np.pi * x)


# %% mystnb={"image": {"alt": "Left: the target curve with eleven coloured logistic bumps under it and their sum, a rounded staircase. Right: the same curve with the polygon drawn by ten ReLU units through eleven points."}}
figure, axes = plt.subplots(1, 2, figsize=(7, 3), sharey=True)
staircase, polygon = ua.logistic_staircase(f, 0, 1, 10), ua.relu_interpolant(f, 0, 1, 10)
for cell in range(11):
    bump = ua.logistic_bump(cell / 11, (cell + 1) / 11, f((cell + 0.5) / 11), steepness=10 * 11)
    axes[0].fill_between(x, ua.evaluate(*bump, "logistic", x), color=plot.PALETTE[cell % 7], alpha=0.25, linewidth=0)
axes[0].plot(x, ua.evaluate(*staircase, "logistic", x), color=plot.PALETTE[1], label="10 logistic units")
axes[1].plot(x, ua.evaluate(*polygon, "relu", x), color=plot.PALETTE[0], label="10 ReLU units")
for ax in axes:
    ax.plot(x, f(x), color="black", linewidth=1, linestyle="--", label="f")
    ax.set(xlabel="x")
    ax.legend()
axes[0].set(ylabel="f(x), F(x)")
plt.show()

# %% [markdown]
# On the left eleven bumps, with sharpness $c = 10$, add up to the staircase of ten units. Nothing here was trained. Both networks run through the same `forward` as every other network of this book; only their weights were written down. Now add units, one by one:


# %%
def show_units(i):
    for line, (construct, activation), ax in zip(lines, constructions.values(), axes):
        parameters = construct(f, 0, 1, i + 1)
        line.set_data(x[::8], ua.evaluate(*parameters, activation, x[::8]))
        error = ua.sup_error(f, *parameters, activation, 0, 1)
        ax.set_title(f"{activation}, M = {i + 1}: error {error:.2f}")


constructions = {"staircase": (ua.logistic_staircase, "logistic"), "polygon": (ua.relu_interpolant, "relu")}
figure, axes = plt.subplots(1, 2, figsize=(7, 2.8), sharey=True)
lines = [ax.plot([], [], color=colour)[0] for ax, colour in zip(axes, plot.PALETTE[1::-1])]
for ax in axes:
    ax.plot(x, f(x), color="black", linewidth=1, linestyle="--")
    ax.set(xlabel="x", ylim=(-1.4, 1.4))
axes[0].set(ylabel="f(x), F(x)")
approaching = "With more units, a logistic staircase and a ReLU polygon come closer to the curve."
plot.animate(show_units, 40, figure, interval=250, alt=approaching)

# %% [markdown]
# ### The error, measured and certified
#
# A bound that is never compared with the truth is only an opinion. For up to 512 units we measure the largest error on a grid with 32 points for each unit, and fit the order, which is the slope in a log–log plot with its sign turned round.

# %%
units = 2 ** np.arange(2, 10)
errors = {name: [] for name in constructions}
for name, (construct, activation) in constructions.items():
    errors[name] = [ua.sup_error(f, *construct(f, 0, 1, m), activation, 0, 1) for m in units]
bounds = {
    "staircase": [ua.staircase_error_bound(m, lipschitz=LIPSCHITZ, length=1) for m in units],
    "polygon": [ua.interpolant_error_bound(m, curvature=CURVATURE, length=1) for m in units],
}
order = {name: -np.polyfit(np.log(units[3:]), np.log(errors[name][3:]), 1)[0] for name in errors}
print(*(f"{name}: order {value:.3f}" for name, value in order.items()), sep="\n")
assert all((np.array(errors[name]) <= bounds[name]).all() for name in errors)
assert abs(order["staircase"] - 1) < 0.05
assert abs(order["polygon"] - 2) < 0.05

# %% mystnb={"image": {"alt": "Log-log plot of the sup-error against the number of units from 4 to 512. The staircase falls with slope minus one, the polygon with slope minus two; each stays a little below its dashed certified bound."}}
figure, ax = plt.subplots()
for name, colour, marker in (("staircase", plot.PALETTE[1], "o"), ("polygon", plot.PALETTE[0], "s")):
    ax.loglog(units, errors[name], marker, color=colour, label=f"{name}, measured order {order[name]:.2f}")
    ax.loglog(units, bounds[name], "--", color=colour, linewidth=1, label=f"{name}, certified bound")
ax.set(xlabel="hidden units M", ylabel=r"$\sup |F - f|$", xticks=units, xticklabels=units)
ax.legend()
plt.show()

# %% [markdown]
# Steps have order 1: twice the units, half the error. Segments have order 2: twice the units, a quarter of the error. Solving the bounds for $M$ turns them into the $M(\varepsilon)$ of the theorem, for the segments $M = (b - a) \sqrt{K / (8 \varepsilon)}$ rounded up, and each promise can be checked:

# %%
print("epsilon   steps needed  their error    segments needed  their error")
for epsilon in (0.3, 0.1, 0.03, 0.01):
    m = ua.staircase_units(epsilon, lipschitz=LIPSCHITZ, length=1)
    n = ua.interpolant_units(epsilon, curvature=CURVATURE, length=1)
    steps = ua.sup_error(f, *ua.logistic_staircase(f, 0, 1, m), "logistic", 0, 1)
    segments = ua.sup_error(f, *ua.relu_interpolant(f, 0, 1, n), "relu", 0, 1)
    print(f"{epsilon:7.2f} {m:14d} {steps:12.4f} {n:18d} {segments:12.5f}")
    assert max(steps, segments) <= epsilon

# %% [markdown]
# ### More than one input
#
# A hidden unit looks at $x$ through one number, $w^\top x$. Such **ridge functions** (岭函数) are constant along all directions at right angles to $w$, yet their sums reach everything: products of sines and cosines are sums of sines and cosines of $w^\top x$, and trigonometric polynomials come
# arbitrarily close to any continuous function on a cube (Weierstrass). For example
#
# \begin{align}
# \sin \pi x_1 \cos \pi x_2 &= \tfrac12 \sin \pi (x_1 + x_2) \\
# &+ \tfrac12 \sin \pi (x_1 - x_2)
# \end{align}
#
# Each half is a curve, and curves we can do. On the square $[-1, 1]^2$ both inner products run from $-2$ to 2, and the second derivatives stay within $K = \pi^2/2$. With $m$ units for each direction, $h = 4/m$, and the two bounds $K h^2/8 = \pi^2/m^2$ add up to $2 \pi^2 / m^2$.

# %%
ridges = [([1, sign], lambda s: 0.5 * np.sin(np.pi * s), -2, 2) for sign in (1, -1)]
side = np.linspace(-1, 1, 161)
grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
target = np.sin(np.pi * grid[:, 0]) * np.cos(np.pi * grid[:, 1])
surfaces = {m: ua.evaluate(*ua.ridge_network(ridges, m), "relu", grid) for m in (5, 10, 20, 40)}
for m, surface in surfaces.items():
    error, bound = np.abs(surface - target).max(), 2 * np.pi**2 / m**2
    print(f"{2 * m:3d} units: error {error:.4f}, bound {bound:.4f}")
    assert error <= bound

# %% mystnb={"image": {"alt": "Three colour maps over the square from -1 to 1: networks of 10 and 20 ReLU units show faceted versions of an egg-box pattern, the third panel is the smooth target."}}
figure, axes = plt.subplots(1, 3, figsize=(7, 2.6), sharey=True)
for ax, (name, values) in zip(axes, {"10 units": surfaces[5], "20 units": surfaces[10], "target": target}.items()):
    pixels = values.reshape(161, 161)
    image = ax.imshow(pixels, extent=(-1, 1, -1, 1), origin="lower", cmap=plot.DIVERGING, vmin=-1, vmax=1)
    ax.set(title=name, xlabel="$x_1$", xticks=[-1, 0, 1])
    ax.grid(False)
axes[0].set(ylabel="$x_2$", yticks=[-1, 0, 1])
figure.colorbar(image, ax=axes, label="F(x)")
plt.show()

# %% [markdown]
# The creases of the polygons run along the two diagonals, the only directions these hidden units can see. What the theorem does *not* say is as important: nothing about how many units a function of many variables needs (often hopelessly many), and nothing about whether training finds them.
#
# ## A forward pass through a trained network
#
# Let someone else do the training for now: scikit-learn fits a network with hidden layers of 64 and 32 ReLU units to the 8 × 8 digits. We take its weights and send the test digits through *our* forward pass.

# %%
digits = load_digits()
trained = MLPClassifier((64, 32), random_state=0, max_iter=400)
trained.fit(digits.X_train, digits.y_train)
parameters = trained.coefs_, trained.intercepts_
layers = ["relu", "relu", "softmax"]
net_inputs, outputs = network.forward(digits.X_test, *parameters, layers)
accuracy = (outputs[-1].argmax(axis=1) == digits.y_test).mean()
print("shapes from input to output:", *(a.shape for a in outputs))
print(f"test accuracy {accuracy:.3f}")
assert accuracy > 0.95

# %% [markdown]
# What happens to the digits on their way? We project each layer's outputs onto the two directions along which they vary most (principal components). Every mark is one test digit.

# %% mystnb={"image": {"alt": "Three scatter plots of test digits drawn as numerals, for the pixels and the two hidden layers. The clusters of equal numerals become tighter from left to right, and the share of variance between the classes, written above, grows."}}
figure, axes = plt.subplots(1, 3, figsize=(7, 2.9))
views = {"pixels": outputs[0], "hidden layer 1": outputs[1], "hidden layer 2": outputs[2]}
between = []
for ax, (name, values) in zip(axes, views.items()):
    centred = values - values.mean(axis=0)
    plane = centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T
    class_means = np.array([centred[digits.y_test == k].mean(axis=0) for k in range(10)])
    between.append((class_means[digits.y_test] ** 2).sum() / (centred**2).sum())
    for k in range(10):
        ax.scatter(*plane[digits.y_test == k].T, marker=f"${k}$", s=18, linewidth=0.2, color=plot.PALETTE[k % 7])
    ax.set(title=f"{name}\n{between[-1]:.0%} between classes", xlabel="first component", xticks=[], yticks=[])
axes[0].set(ylabel="second component")
assert between[0] < between[1] < between[2]
plt.show()

# %% [markdown]
# A plane shows little of 64 or 32 dimensions. The number above each picture measures all of them: the share of the variance that lies *between* the means of the classes, while the rest is scatter within them. It grows from layer to layer, although the test digits had no part in the training.
#
# Does that help to tell the classes apart? Give each layer's outputs to a perceptron, train it for at most twenty epochs on the training digits, and count its mistakes. All inputs are divided by the longest, so that the radius $R$ of the convergence theorem is the same for each layer and a lower count is what a wider margin allows.

# %%
training_outputs = network.forward(digits.X_train, *parameters, layers)[1]
mistakes = []
for name, inside, outside in zip(views, training_outputs, outputs):
    scale = np.linalg.norm(inside, axis=1).max()
    probe = perceptron.Perceptron(averaged=True, max_epochs=20, random_state=0)
    probe.fit(inside / scale, digits.y_train)
    mistakes.append(probe.n_mistakes_)
    score = probe.score(outside / scale, digits.y_test)
    print(f"{name:14}: {probe.n_mistakes_:5d} mistakes in training, test accuracy {score:.3f}")
assert mistakes[0] > mistakes[1] > mistakes[2]

# %% [markdown]
# Layer by layer the problem becomes easier for a linear classifier. This is XOR at scale: hidden layers move the points until planes can part them.
#
# ## Checked against
#
# The forward pass against scikit-learn's own `predict_proba`, and heads and losses against SciPy and torch, in double precision:

# %%
probabilities = trained.predict_proba(digits.X_test)
print(f"probabilities: largest difference {np.abs(outputs[-1] - probabilities).max():.1e}")
np.testing.assert_allclose(outputs[-1], probabilities, atol=1e-12)
z = rng.normal(0, 50, (29, 5))
np.testing.assert_allclose(softmax(z), peer_softmax(z, axis=1), rtol=1e-12)
np.testing.assert_allclose(logistic(z), expit(z), rtol=1e-12)
one_hot, tensor = np.eye(5)[rng.integers(0, 5, 29)], torch.as_tensor
z = rng.normal(size=(29, 5))
torch_cross_entropy = torch.nn.functional.cross_entropy(tensor(z), tensor(one_hot))
torch_squared_error = 5 / 2 * torch.nn.functional.mse_loss(tensor(z), tensor(one_hot))
pairs = {
    "cross-entropy": (losses.cross_entropy(one_hot, softmax(z)), torch_cross_entropy),
    "squared error": (losses.squared_error(one_hot, z), torch_squared_error),
}
for name, (ours, peer) in pairs.items():
    print(f"{name}: {ours:.12f}, difference {abs(ours - peer.item()):.1e}")
    assert abs(ours - peer.item()) < 1e-12

# %% [markdown]
# Torch averages the squared error over outputs as well as examples and has no factor ½; hence the 5/2.
#
# ## What goes wrong
#
# ### Softmax, written as printed
#
# Taken literally, $e^{z_k} / \sum_j e^{z_j}$ fails as soon as a net input passes about 709, the logarithm of the largest double. Subtracting the largest $z$ from all of them changes nothing in exact arithmetic, as numerator and denominator lose the same factor, and keeps every exponential at or below 1.

# %%
z = np.array([[1000.0, 999.0, 0.0]])
with np.errstate(over="ignore", invalid="ignore"):
    literal = np.exp(z) / np.exp(z).sum()
print("as printed:      ", literal)
print("with the maximum:", softmax(z))
assert np.isnan(literal).any()
np.testing.assert_allclose(softmax(z)[0, :2], [expit(1), expit(-1)])

# %% [markdown]
# ### A head that cannot say the answer
#
# An S-shaped output lives in (0, 1). A target beyond that is out of reach, whatever the hidden layers do: the error is at least the distance to the interval. For our $f$ the least possible error is more than 1, because $f$ falls below $-1$. Let a network with a logistic output try, by squeezing eight times the polygon through $\sigma$:

# %%
weights, biases = ua.relu_interpolant(f, 0, 1, 100)
linear = network.forward(x[:, None], weights, biases, ["relu", "identity"])[1][-1][:, 0]
sharp = [weights[0], 8 * weights[1]], [biases[0], 8 * biases[1] - 4]
squashed = network.forward(x[:, None], *sharp, ["relu", "logistic"])[1][-1][:, 0]
unreachable = np.abs(f(x) - np.clip(f(x), 0, 1)).max()
print(f"least possible error of any logistic output {unreachable:.2f}")
print(f"error of this logistic output {np.abs(squashed - f(x)).max():.2f}")
print(f"error of the linear output {np.abs(linear - f(x)).max():.4f}")
assert np.abs(squashed - f(x)).max() >= unreachable > 1

# %% mystnb={"image": {"alt": "The target curve, which swings beyond plus and minus 1. The linear output follows it so closely that the curves coincide; the logistic output follows it only between 0 and 1 and stays near 0 where the target is negative."}}
curves = {"target f": f(x), "linear output": linear, "logistic output": squashed}
ax = plot.loss_curves(curves, steps=dict.fromkeys(curves, x), xlabel="x", ylabel="value")
ax.axhspan(0, 1, color=plot.PALETTE[6], alpha=0.15)
plt.show()

# %% [markdown]
# The shaded band is all that a logistic output can reach. Choose a linear output for quantities. When the answer must never leave a range, as the opening of a valve or a dose, limit it on purpose: scale the targets into (0, 1), keep the S-shaped output,
# and scale back. For the range from $-1.5$ to $1.5$ the polygon now follows the net input whose $\sigma$ is right:

# %%
weights, biases = ua.relu_interpolant(lambda x: logit((f(x) + 1.5) / 3), 0, 1, 100)
limited = 3 * network.forward(x[:, None], weights, biases, ["relu", "logistic"])[1][-1][:, 0] - 1.5
exaggerated = [8 * W for W in weights], [8 * b for b in biases]
wild = 3 * network.forward(x[:, None], *exaggerated, ["relu", "logistic"])[1][-1][:, 0] - 1.5
print(f"error of the limited output {np.abs(limited - f(x)).max():.4f}")
print(f"all weights and biases times 8: values from {wild.min():.3f} to {wild.max():.3f}")
assert np.abs(limited - f(x)).max() < 0.01
assert np.abs(wild).max() <= 1.5

# %% [markdown]
# Even with its parameters blown up eightfold this network stays in its range, which a linear output would not.
#
# Softmax has a limit of its own: its outputs sum to 1. A picture with a cat *and* a dog, or with neither, has no right answer among them; such labels want one logistic output for each class.

# %%
wanted = np.array([1.0, 1.0, 0.0])
scores = np.array([[20.0, 20.0, -20.0]])
print("softmax: ", softmax(scores)[0].round(4))
print("logistic:", logistic(scores)[0].round(4))
assert np.abs(softmax(scores)[0] - wanted).max() >= 0.5
assert np.abs(logistic(scores)[0] - wanted).max() < 1e-8

# %% [markdown]
# ## Exercises
#
# 1. **Counting.** A network for 28 × 28 images has one hidden layer and ten outputs, and 100,000 parameters are allowed. How many hidden units is that? How many in each of two equal hidden layers?
#
# <details><summary>Answer</summary>
#
# $785 H + 10 (H + 1) \le 100000$ gives $H = 125$. With two layers $785 H + (H + 1) H + 10 (H + 1) \le 100000$ gives $H = 110$. Check with `count_parameters`.
#
# </details>
#
# 2. **Kinks where they are needed.** $f(x) = \sqrt{x}$ on $[0, 1]$ has unbounded derivatives. Measure the order of the ReLU interpolant. Then choose unequal knots that restore order 2.
#
# <details><summary>Hint</summary>
#
# The order falls to ½. Knots at $(k/M)^4$ make all segments err equally much.
#
# </details>
#
# 3. **A bump from ReLU.** Build a triangular bump of height 1 from three ReLU units, and show that any continuous piecewise-linear function on an interval is a sum of such bumps.
#
# <details><summary>Answer</summary>
#
# $\mathrm{ReLU}(x + 1) - 2\,\mathrm{ReLU}(x) + \mathrm{ReLU}(x - 1)$. Shifted and stretched, with the values of the function at the knots as heights, they are the "hat functions" of linear interpolation.
#
# </details>
#
# 4. **Sharpness.** In the staircase, vary $c$ from 1 to 100 at fixed $M$ and plot the measured error and the bound. Where do they part, and why does a smaller $c$ beat the bound by far?
#
# <details><summary>Hint</summary>
#
# They part for small $c$, where the tails are long: the bound charges every tail with the same sign, but in truth those of steps up and steps down cancel.
#
# </details>
#
# 5. **Product.** Multiply two numbers in $[-1, 1]$ with 40 ReLU units and an error of at most 0.0025.
#
# <details><summary>Answer</summary>
#
# $x_1 x_2 = \frac14 (x_1 + x_2)^2 - \frac14 (x_1 - x_2)^2$: a `ridge_network` with 20 units for each direction. Both errors lie between 0 and $1/m^2$ with opposite signs, so the bound is $1/m^2 = 0.0025$.
#
# </details>
#
# 6. **Symmetry.** How many weight settings of a network with $H$ tanh units in one hidden layer compute the same function?
#
# <details><summary>Answer</summary>
#
# At least $2^H H!$: units may be permuted, and the signs into and out of each unit flipped.
#
# </details>
#
# ## Summary
#
# - A layer is `f(X @ W + b)`; a multilayer perceptron is a chain of layers, and without the bend $f$ it collapses into one matrix.
# - The output layer and the loss follow from the question: linear with squared error, logistic or softmax with cross-entropy. Training minimises the mean loss plus a penalty on the weights, not on the biases.
# - A layer has $(n_{l-1} + 1) n_l$ parameters. For a fixed number of hidden units, two layers have the most (one, if there are many inputs) and the thinnest chain the fewest.
# - One hidden layer approximates every continuous function: for every $f$ and $\varepsilon$ there is an $M$. Logistic steps do it with order 1, ReLU segments with order 2, with weights that can be written down.
# - Finding weights when $f$ is known only through examples is what [back-propagation](backpropagation.ipynb) is for.
#
# ## Sources
#
# - 邱锡鹏 (2019), 《神经网络与深度学习》, <https://nndl.github.io/>, chapter 4: equations (4.29)–(4.46), theorem 4.1, exercises 4-5 to 4-7.
# - 周志华 (2016), 《机器学习》, 清华大学出版社, section 5.2, figure 5.6.
# - Cybenko (1989), Approximation by superpositions of a sigmoidal function, <https://doi.org/10.1007/BF02551274>.
# - Hornik, Stinchcombe and White (1989), Multilayer feedforward networks are universal approximators, Neural Networks 2(5), <https://doi.org/10.1016/0893-6080(89)90020-8>.
# - Leshno, Lin, Pinkus and Schocken (1993), Multilayer feedforward networks with a nonpolynomial activation function can approximate any function, Neural Networks 6(6), <https://doi.org/10.1016/S0893-6080(05)80131-5>.
