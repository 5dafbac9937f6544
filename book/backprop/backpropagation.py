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
# # Back-propagation (误差逆传播)
#
# A network with a hundred thousand weights has just called a 4 a 9. Which of the weights is to blame, and by how much? One could
# nudge every weight in turn and run the network again: a hundred thousand runs for a single answer. **Back-propagation**
# (误差逆传播, BP) answers for all the weights at once, for about the price of two more runs. This section derives it, writes it in
# a dozen lines, refuses to believe it until it has been checked for every layer, activation and loss, and then lets it learn:
# first on seventeen watermelons, where every step can be watched, then on handwritten digits.
#
# **You need:** the chain rule, and the forward pass of the section on [multilayer perceptrons](multilayer_perceptron.ipynb).
#
# **Time to run:** see the [Execution](../execution.md) page. About 15 seconds on one core.
#
# Two textbooks accompany us: Qiu (2019), 《神经网络与深度学习》, section 4.4, for networks of any depth, and Zhou (2016),
# 《机器学习》, section 5.3, for one hidden layer. Equation numbers are theirs.

# %% tags=["install", "hide-cell"]
# Only where the package is missing, as on Colab.
import importlib.util

if importlib.util.find_spec("nndl_support") is None:
    print("This notebook needs the package nndl_support: run pip install '.[data]' in a copy of its repository.")

# %%
import itertools
import textwrap

import matplotlib.pyplot as plt
import numpy as np

from nndl_support import plot
from nndl_support.backprop import five_steps, gradient_check, losses, network, standard_bp
from nndl_support.backprop.mlp import MLPClassifier
from nndl_support.data.digits import load_digits, load_mnist_5k
from nndl_support.data.watermelon import FIVE_MELONS, load_watermelon
from nndl_support.source import show_source

plot.use_style()

# %% [markdown]
# ## Blame flows backwards
#
# Write a layer as $z^{(l)} = a^{(l-1)} W^{(l)} + b^{(l)}$ and $a^{(l)} = f_l(z^{(l)})$, for $l = 1, \dots, L$, with one example per row
# and $a^{(0)} = x$. Let $\mathcal L$ be the mean loss over the $B$ examples of a batch. A weight in layer $l$ can influence
# $\mathcal L$ only through the net input $z^{(l)}$ of its own layer. So if we knew the **error term** (误差项)
#
# $$ \delta^{(l)} = \frac{\partial \mathcal L}{\partial z^{(l)}} , $$
#
# the blame for every weight of that layer would follow in one step. The weight $W^{(l)}_{ij}$ multiplies $a^{(l-1)}_i$ on its way into
# $z^{(l)}_j$, and a bias multiplies 1:
#
# $$ \frac{\partial \mathcal L}{\partial W^{(l)}} = {a^{(l-1)}}^\top \delta^{(l)}, \qquad \frac{\partial \mathcal L}{\partial b^{(l)}} = \sum_{\text{examples}} \delta^{(l)} . $$
#
# And how do we know $\delta^{(l)}$? From the layer above. What unit $j$ of layer $l$ sends out reaches the net input of every unit
# $k$ of layer $l+1$ through the weight $W^{(l+1)}_{jk}$. The chain rule adds up what comes back along the same wires, and the slope of the
# unit itself scales the sum. For one example,
#
# $$ \frac{\partial \mathcal L}{\partial z^{(l)}_j} = \sum_k \frac{\partial \mathcal L}{\partial z^{(l+1)}_k}\, \frac{\partial z^{(l+1)}_k}{\partial a^{(l)}_j}\, \frac{\partial a^{(l)}_j}{\partial z^{(l)}_j} = f_l'(z^{(l)}_j) \sum_k \delta^{(l+1)}_k\, W^{(l+1)}_{jk} . $$
#
# For all units and all examples at once, with $\odot$ for the product entry by entry:
#
# $$ \delta^{(l)} = f_l'(z^{(l)}) \odot \bigl(\delta^{(l+1)} {W^{(l+1)}}^\top\bigr) . $$
#
# This is the recursion of Qiu (2019), equations 4.47–4.63, and algorithm 4.1 is the loop around it: run forward and remember $z$ and
# $a$; start with $\delta^{(L)}$ at the output; go down layer by layer. Nothing is computed twice. That is the whole invention.
#
# The start is the chain rule as well, $\delta^{(L)} = f_L'(z^{(L)}) \odot \partial \mathcal L / \partial a^{(L)}$, and there a loss and its natural
# activation cancel beautifully. For softmax with cross-entropy, for a logistic unit with binary cross-entropy, and for a linear
# unit with half the squared error alike, $\delta^{(L)} = (\hat y - y)/B$: **prediction minus target**, shared out among the batch.
#
# > **Rows or columns.** Qiu writes an example as a column and a layer as $Wa + b$, so that his recursion reads
# > $f_l'(z^{(l)}) \odot ({W^{(l+1)}}^\top \delta^{(l+1)})$. All his vector derivatives are in *denominator layout* (分母布局): the derivative of the column
# > $z$ by one number is a *row*, and the chain rule is read from right to left. Equation 4.51, where such a row appears, has puzzled
# > readers for that reason ([nndl #417](https://github.com/nndl/nndl/issues/417)); it is a convention and not a mistake.

# %% [markdown]
# ## A dozen lines
#
# Here is the code that the rest of the chapter relies on. `deltas` is the recursion; `backward` turns error terms into gradients and
# adds that of a weight penalty of strength `alpha`, to which we come back below. Each activation knows how to pull a gradient back through itself (`pull_back`), which for an elementwise
# function is the factor $f_l'(z^{(l)})$, and for softmax the product with its Jacobian matrix.

# %%
show_source(network.deltas, network.backward)

# %% [markdown]
# What does it cost? Count the multiplications of a 784–128–64–10 network. The forward pass needs one for each weight and example. The
# backward pass needs one for each weight to form the gradient, and one more for each weight *above the first layer* to send the
# error down.

# %%
sizes = [784, 128, 64, 10]
weights_per_layer = [n * m for n, m in itertools.pairwise(sizes)]
forward_cost = sum(weights_per_layer)
backward_cost = sum(weights_per_layer) + sum(weights_per_layer[1:])
ratio = backward_cost / forward_cost
print(f"forward {forward_cost:,}   backward {backward_cost:,}   ratio {ratio:.2f}")
print(f"nudging each weight both ways: {2 * forward_cost:,} forward passes")
assert backward_cost < 2 * forward_cost

# %% [markdown]
# The ratio can never exceed two, however deep the network. This is why networks can be large: a gradient costs a constant number of
# runs, not one run per weight. The section on [automatic differentiation](automatic_differentiation.ipynb) shows that the same
# bargain holds for any program that returns one number.

# %% [markdown]
# ## Believe nothing that has not been checked
#
# A wrong gradient rarely crashes. It learns a little worse, and one blames the data. So every gradient in this book stands trial
# against **numerical differentiation** (数值微分): nudge, run again, take the difference. That is far too slow for learning, but it
# knows nothing of the derivation, and so it cannot share its mistakes. A nudge of $h$ to both sides gives a slope $D(h)$ whose error
# shrinks as $h^2$, so that $\frac13 \bigl(4 D(h/2) - D(h)\bigr)$ is better still: the errors of order $h^2$ cancel.

# %%
show_source(gradient_check.gradient_and_resolution)

# %% [markdown]
# Two nudges by $h$ and two by $h/2$ make four runs for every single weight. First a single case, layer by layer: a network with
# seven tanh and five ReLU units, a softmax, eleven examples. The printed figures are relative errors, the largest deviation
# divided by the largest entry.

# %%
rng = np.random.default_rng(0)
activations = ["tanh", "relu", "softmax"]
weights, biases = network.initialise([3, 7, 5, 2], activations, rng)
X, y = rng.normal(size=(11, 3)), np.eye(2)[rng.integers(2, size=11)]
case = X, y, weights, biases, activations, "cross_entropy"
errors = network.check_all_gradients(*case, alpha=0.1)
for name, error in zip(["W1", "W2", "W3", "b1", "b2", "b3"], errors):
    print(f"{name}: relative error {error:.1e}")

# %% [markdown]
# Now many of them. Rows are the activations of two hidden layers, eight that this chapter meets (the next chapter brings
# more, and checks them one by one). Columns are the heads: each of the eight as output activation with the squared
# error, and the cross-entropies with outputs that are probabilities. Each cell of the picture is the *worst* of the six parameter arrays, as a power of ten. Had any of them exceeded $10^{-8}$, the
# cell below would have stopped with an error and no picture would stand here. (One caution: where a net input lies closer to the
# kink of a rectifier than the step of the difference, the two nudges land on different sides and the *difference* is wrong. The
# biases below, and weights of half the usual size, keep the inputs away from it.)

# %%
functions = ["identity", "leaky_relu", "log_softmax", "logistic", "relu", "softmax", "softplus", "tanh"]
heads = [(output, "squared_error") for output in functions]
heads += [("softmax", "cross_entropy"), ("logistic", "cross_entropy")]
heads += [("logistic", "binary_cross_entropy")]
table = np.empty((len(functions), len(heads)))
for row, hidden in enumerate(functions):
    for column, (output, loss) in enumerate(heads):
        names = [hidden, hidden, output]
        W, b = network.initialise([3, 7, 5, 2], names, np.random.default_rng(3))
        W = [weight / 2 for weight in W]
        b = [bias + 0.1 * np.arange(1, bias.size + 1) for bias in b]
        case = X, y, W, b, names, loss
        table[row, column] = max(network.check_all_gradients(*case, alpha=0.1))
print(f"{table.size} networks, worst relative error {table.max():.1e}")
assert table.max() <= 1e-8
by_hidden = dict(zip(functions, np.log10(table).mean(axis=1)))
assert max(by_hidden, key=by_hidden.get) == "softmax"

# %% mystnb={"image": {"alt": "A heat map of eight hidden activations against eleven pairs of output and loss; every cell holds an exponent between minus twelve and minus nine, so every gradient agrees with numerical differentiation."}}
short = {"squared_error": "squared error", "cross_entropy": "cross-entropy", "binary_cross_entropy": "binary c.-e."}
fig, ax = plt.subplots(figsize=(7, 4.2), layout="constrained")
ax.imshow(np.log10(table), cmap="Blues", vmin=-15, vmax=-8, aspect="auto")
for row, column in np.ndindex(table.shape):
    exponent = np.log10(table[row, column])
    ink = "white" if exponent > -10.5 else "black"
    ax.text(column, row, f"{exponent:.0f}", ha="center", va="center", color=ink, fontsize=8)
ax.set_xticks(range(len(heads)), [f"{o}, {short[loss]}" for o, loss in heads], rotation=40, ha="right", fontsize=7.5)
ax.set_yticks(range(len(table)), functions)
ax.set(xlabel="output activation and loss", ylabel="hidden activation", title="log10 of the relative error")
ax.grid(False)
plt.show()

# %% [markdown]
# Nine to twelve digits agree, which is as many as differences can resolve. The hidden softmax comes off worst on average: its
# outputs share a sum of one, so that a nudge of a weight moves them little, and the rounding weighs more. The derivation holds for every layer, activation and
# loss that this book offers; a test repeats the same table against PyTorch.

# %% [markdown]
# ## The trial is only worth something if it convicts
#
# Let us plant a bug that many a first implementation has contained: the error is sent back through $W$ instead of $W^\top$. In
# most networks the shapes disagree and the program stops. When neighbouring layers happen to be of equal size, nothing stops, and
# nothing warns.

# %%
square, _ = network.initialise([4, 4, 4, 4], ["tanh"] * 3, rng)
zero, X4, y4 = [np.zeros(4)] * 3, rng.normal(size=(11, 4)), rng.normal(size=(11, 4))
passed = network.forward(X4, square, zero, ["tanh"] * 3)
transposed = [square[0], square[1].T, square[2].T]
wrong = network.backward(y4, *passed, transposed, ["tanh"] * 3, "squared_error")[0][0]
try:
    gradient_check.check_gradient(
        lambda W: network.objective(X4, y4, [W, *square[1:]], zero, ["tanh"] * 3, "squared_error"), wrong, square[0]
    )
except AssertionError as complaint:
    print(textwrap.fill(str(complaint), 75))
else:
    raise RuntimeError("the planted bug was not found")

# %% [markdown]
# The check names the worst entry and both of its values. A second culprit is the *sign*. Beside equation 4.85, Qiu (2019) writes the
# cross-entropy of a single output as $\ln y$, and the minus sign is missing. As printed, the loss is negative, and it rewards
# the worse of two predictions for a target of 1:

# %%
target, good, bad = np.array([[1.0]]), np.array([[0.9]]), np.array([[0.1]])
print(f"as printed:  good {np.log(good).item():+.3f}   bad {np.log(bad).item():+.3f}")
print(f"with minus:  good {losses.cross_entropy(target, good):+.3f}   bad {losses.cross_entropy(target, bad):+.3f}")
assert np.log(bad) < np.log(good)  # refuted: descending this loss would seek bad predictions
assert losses.cross_entropy(target, good) < losses.cross_entropy(target, bad)

# %% [markdown]
# ## The same in Zhou's letters
#
# The watermelon book tells the story for one hidden layer of logistic units, with thresholds that are *subtracted*. Input $x_i$ reaches
# hidden unit $h$ through the weight $v_{ih}$; the unit receives $\alpha_h = \sum_i v_{ih} x_i$ and sends $b_h = f(\alpha_h - \gamma_h)$; output $j$ receives
# $\beta_j = \sum_h w_{hj} b_h$ and answers $\hat y_j = f(\beta_j - \theta_j)$. The thresholds are $\gamma_h$ and $\theta_j$, and $f$ is
# the logistic function. The error of example $k$ is
#
# $$ E_k = \frac12 \sum_{j} (\hat y_j^k - y_j^k)^2 . \tag{5.4} $$
#
# In a picture, with two inputs, three hidden units and one output:

# %% mystnb={"image": {"alt": "A network of two inputs x, three hidden units labelled b and one output labelled y hat; arrows labelled by the layer names run from left to right."}}
fig, ax = plt.subplots(figsize=(6.4, 2.8), layout="constrained")
letters = [["$x_1$", "$x_2$"], ["$b_1$", "$b_2$", "$b_3$"], ["$\\hat{y}_1$"]]
layers = [
    "inputs $x_i$,\nweights $v_{ih}$",
    "hidden units,\nthresholds $\\gamma_h$, weights $w_{hj}$",
    "outputs,\nthresholds $\\theta_j$",
]
plot.draw_network([2, 3, 1], ax=ax, layer_names=layers, unit_labels=letters, arrows=True)
plt.show()

# %% [markdown]
# For the logistic function $f' = f(1-f)$, so slopes need no extra work. The two **gradient terms** (梯度项) are
#
# $$ g_j = \hat y_j (1 - \hat y_j)(y_j - \hat y_j), \tag{5.10} $$
#
# $$ e_h = b_h (1 - b_h) \sum_j w_{hj}\, g_j , \tag{5.15} $$
#
# and the four updates, with learning rate $\eta$, read
#
# \begin{align}
# \Delta w_{hj} &= \eta\, g_j b_h \tag{5.11} \\
# \Delta \theta_j &= -\eta\, g_j \tag{5.12} \\
# \Delta v_{ih} &= \eta\, e_h x_i \tag{5.13} \\
# \Delta \gamma_h &= -\eta\, e_h \tag{5.14}
# \end{align}
#
# Compare with the recursion: $g$ and $e$ are the error terms of the two layers with the sign turned round, $g = -\delta^{(2)}$ and
# $e = -\delta^{(1)}$, because Zhou writes the step *down* the error and not the slope of it. Thresholds are negative biases, hence
# the minus signs in 5.12 and 5.14.

# %%
show_source(standard_bp.gradient_terms, standard_bp.steps)

# %% [markdown]
# Are the two tellings really one? We give the same weights to both and compare the error terms.

# %%
zhou = standard_bp.random_network(3, 7, 2, rng)
g, e = standard_bp.gradient_terms(zhou, standard_bp.forward(zhou, X), y)
parameters = [zhou.v, zhou.w], [-zhou.gamma, -zhou.theta]
both = ["logistic", "logistic"]
passed = network.forward(X, *parameters, both)
delta_1, delta_2 = network.deltas(y, *passed, parameters[0], both, "squared_error")
print(f"max |g + m delta2| = {np.abs(g + len(X) * delta_2).max():.1e}")
print(f"max |e + m delta1| = {np.abs(e + len(X) * delta_1).max():.1e}")
assert np.allclose(g, -len(X) * delta_2)
assert np.allclose(e, -len(X) * delta_1)

# %% [markdown]
# They agree to the last digit; the factor $m$, the number of examples, is there because our $\delta$ already contains the average
# over the batch, and Zhou's $g$ and $e$ belong to a single example.

# %% [markdown]
# ## One melon at a time, or all at once?
#
# When should the weights move? Figure 5.8 of Zhou (2016) moves them after *every* example, and calls this **standard BP** (标准 BP).
# The alternative adds up all the examples first and descends the **accumulated error** (累积误差)
#
# $$ E = \frac1m \sum_{k=1}^m E_k , \tag{5.16} $$
#
# moving *once* per pass through the data: **accumulated BP** (累积 BP). A pass is called a *round* or an *epoch* (轮).
#
# We race them on watermelon data 3.0α: seventeen melons, two features, density and sugar content, good or bad. Both start from the
# same network with five hidden units, all weights and thresholds drawn from $(0, 1)$ as the figure asks.

# %%
melons = load_watermelon()
X17, Y17 = melons.X, melons.y[:, None].astype(float)
start = standard_bp.random_network(2, 5, 1, np.random.default_rng(0))
by_one_melon, by_all = standard_bp.standard_epoch, standard_bp.accumulated_epoch
standard = standard_bp.train(start, X17, Y17, 1.0, 2000, epoch=by_one_melon)
accumulated = standard_bp.train(start, X17, Y17, 1.0, 2000, epoch=by_all)
hurried = standard_bp.train(start, X17, Y17, 17.0, 2000, epoch=by_all)

# %% mystnb={"image": {"alt": "Two panels of error curves. Against epochs, standard back-propagation falls first, rests on a plateau near 0.1 and leaves it after about 1500 epochs, while accumulated back-propagation at the same rate is still on the plateau after 2000. Against the number of updates, accumulated back-propagation is the lower curve throughout."}}
E = {
    label: np.array([standard_bp.error(net, X17, Y17) for net in history])
    for label, history in [("standard, η = 1", standard), ("accumulated, η = 1", accumulated)]
}
fig, (left, right) = plt.subplots(1, 2, figsize=(7, 3.3), layout="constrained", sharey=True)
plot.loss_curves(E, ax=left, ylabel="accumulated error E")
steps = {label: k * np.arange(2001) for label, k in zip(E, (17, 1))}
plot.loss_curves(E, ax=right, steps=steps, xlabel="updates of the weights", ylabel="")
right.set_xlim(0, 2000)
plt.show()

# %%
by_one, at_once = E["standard, η = 1"], E["accumulated, η = 1"]
print(f"updates in 2000 rounds: standard {17 * 2000:,}, accumulated {2000:,}")
for what, i, j in [("2000 rounds", 2000, 2000), ("1700 updates", 100, 1700)]:
    print(f"error after {what}: standard {by_one[i]:.4f}, accumulated {at_once[j]:.4f}")
assert by_one[-1] < at_once[-1]
assert at_once[1700] < by_one[100]

# %% [markdown]
# Both curves meet a plateau near 0.1, where the network has found the tendency of the data and not yet the exceptions. Standard BP gets
# there first and leaves it within the 2000 rounds, for it has moved seventeen times as often. Per *update*, on the
# right, accumulated BP is the better of the two: its step is the average opinion of all the melons, and goes down without detours.
# If averaging is all that slows it, then seventeen times the learning rate should bring it level:

# %%
errors = np.array([standard_bp.error(net, X17, Y17) for net in hurried])
print(f"accumulated with η = 17: {errors[-1]:.4f} after 2000 rounds")
for rate, curve in [(17, errors), (1, at_once)]:
    print(f"rounds in which the error rose at η = {rate}: {np.mean(np.diff(curve) > 0):.0%}")
assert errors[-1] < by_one[-1]
assert np.mean(np.diff(errors) > 0) > 0.25

# %% [markdown]
# It does, and even ahead; but now about every third round goes uphill, because a single step of that length overshoots. So the choice is a trade. What
# exactly does an update of standard BP waste? Let $s_k$ be the step that melon $k$ asks for. If all the melons agreed, the length of the
# sum would be the sum of the lengths; a good melon and a bad one that pull in opposite directions **cancel** (抵消). The share that is
# lost, $1 - \lVert\sum_k s_k\rVert / \sum_k \lVert s_k\rVert$, can be measured on the way.

# %% mystnb={"image": {"alt": "The share of cancelled steps against epochs on a logarithmic axis: it rises from about a half to above nine tenths within the first rounds and stays there."}}
rounds = np.unique(np.geomspace(1, 2000, 60).astype(int))
lost = [standard_bp.cancellation(accumulated[k], X17, Y17) for k in rounds]
fig, ax = plt.subplots(figsize=(7, 3), layout="constrained")
ax.semilogx(rounds, lost)
ax.set(xlabel="epoch", ylabel="share of the steps that cancels", ylim=(0, 1.02))
plt.show()

# %%
at_first = standard_bp.cancellation(start, X17, Y17)
print(f"lost at the start: {at_first:.0%}, at the end: {lost[-1]:.0%}")
assert np.min(np.array(lost)[rounds >= 20]) > 0.9 > 0.6 > at_first

# %% [markdown]
# At the start many melons agree that the general level of the answer is off. Soon that is mended, and from then on more
# than nine tenths of all movement is melons undoing each other's work. Standard BP walks all of it; accumulated BP
# walks only the difference. Yet Zhou notes that standard BP often gets to a good solution sooner once accumulated BP crawls,
# above all on very large training sets: there a whole pass buys only one step, although many of its examples say the same. In
# practice one meets in the middle, with **mini-batches** (小批量) of, say, 32 examples.

# %% [markdown]
# ## Watching a boundary bend
#
# Figure 5.9 of Zhou (2016) follows a network on five melons through 25, 50 and 100 rounds. It does not say which five, so these are
# our own choice: three good and two bad. Each round is five updates, with $\eta = 2$.

# %%
five = load_watermelon(melons=FIVE_MELONS)
X5, Y5 = five.X, five.y[:, None].astype(float)
history = standard_bp.train(standard_bp.random_network(2, 5, 1, np.random.default_rng(1)), X5, Y5, 2.0, 400)
for k in (0, 25, 50, 100, 400):
    answer = standard_bp.forward(history[k], X5).y_hat
    right = int(((answer > 0.5) == Y5).sum())
    E_k = standard_bp.error(history[k], X5, Y5)
    print(f"round {k:3d}: E = {E_k:.4f}, {right} of 5 right, {(answer > 0.5).sum()} called good")

# %% mystnb={"image": {"alt": "Three panels of the plane of density and sugar content after 25, 50 and 100 rounds: the boundary between good and bad melons sweeps to the left and turns upright, until four of the five points lie on their own side."}}
fig, axes = plt.subplots(1, 3, figsize=(7.6, 3), layout="constrained", sharey=True)
for ax, k in zip(axes, (25, 50, 100)):
    plot.decision_regions(
        lambda P, k=k: standard_bp.forward(history[k], P).y_hat[:, 0],
        X5, five.y, ax=ax, class_names=five.target_names, feature_names=five.feature_names, resolution=120,
    )  # fmt: skip
    ax.set_title(f"round {k}")
plt.show()

# %% [markdown]
# The boundary is born outside the picture: at first the network gives all five melons the same answer. Then the line sweeps in, and
# the updates turn it between the two classes. The strength of the colour tells how sure the network is, and for a long time it is
# hardly sure of anything. One good melon, low in density and in sugar, is won over last, after round 100. Press play to see the rounds between.

# %%
fig, ax = plt.subplots(figsize=(4.6, 3.4), layout="constrained")


def draw(frame):
    """Show the network after a number of rounds."""
    ax.clear()
    k = (0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 60, 70, 80, 90, 100, 120, 150, 200, 250, 300, 350, 400)[frame]
    plot.decision_regions(
        lambda P: standard_bp.forward(history[k], P).y_hat[:, 0], X5, five.y, ax=ax,
        class_names=five.target_names, feature_names=five.feature_names, resolution=60,
    )  # fmt: skip
    ax.set_title(f"round {k}")


plot.animate(draw, 23, fig, interval=250, alt="The decision boundary on five melons bends over 400 rounds.")

# %% [markdown]
# ## Five steps that fit on an index card
#
# Before there were libraries, a two-layer network was trained by a script of five numbered steps, and the script is still the
# shortest honest account of the method. Here the hidden layer is tanh and the output is linear, and the examples stand in columns: `P`
# for the inputs, `T` for the targets.
#
# 1. **Initialise** `W1, B1, W2, B2` with small random numbers, here from $[-1, 1]$.
# 2. **Forward**: `A1 = tanh(W1 P + B1)`, `A2 = W2 A1 + B2`, and the error `E = T − A2`.
# 3. **Backward**: `D2 = E`, and `D1 = (1 − A1²) ⊙ (W2ᵀ D2)`.
# 4. **Update**: each weight moves along delta times input, added up over the examples.
# 5. **Look**: is the sum of squared errors below the goal? If so stop, otherwise return to step 2.

# %%
show_source(five_steps.step_3_backward, five_steps.step_4_update)

# %% [markdown]
# The signs are Zhou's: `D1` and `D2` are $-\delta^{(1)}$ and $-\delta^{(2)}$ for half the sum of squares, so the update adds them. The task
# is a sine, at 21 points.

# %%
P = np.linspace(-1, 1, 21)[None, :]
T = np.sin(np.pi * P)
weights_5 = five_steps.step_1_initialise(1, 5, 1, np.random.default_rng(0))
A1, A2, E0 = five_steps.step_2_forward(weights_5, P, T)
D1, D2 = five_steps.step_3_backward(weights_5, A1, E0)
moved = five_steps.step_4_update(weights_5, P, A1, D1, D2, learning_rate=0.01)
E1 = five_steps.step_2_forward(moved, P, T)[2]
print(f"sum of squared errors: {(E0**2).sum():.3f}, after one update {(E1**2).sum():.3f}")
assert (E1**2).sum() < (E0**2).sum()

# %% [markdown]
# One turn lowers the error a little. `train` turns the crank until the goal of 0.02 is met. We let it run at two learning rates.

# %% mystnb={"image": {"alt": "Left: two error curves on a logarithmic axis; the small learning rate falls slowly and smoothly, the rate four times as large falls faster but leaps up twice by more than a factor of ten. Right: the network's output follows a sine through its 21 points."}}
curves = {}
for rate in (0.005, 0.02):
    fitted, curves[f"η = {rate}"] = five_steps.train(
        P, T, 5, np.random.default_rng(0), learning_rate=rate, goal=0.02, max_epochs=20000
    )
fig, (left, right) = plt.subplots(1, 2, figsize=(7, 3.2), layout="constrained")
plot.loss_curves(curves, ax=left, ylabel="sum of squared errors", log=True)
right.plot(P[0], T[0], "o", label="targets")
right.plot(P[0], five_steps.step_2_forward(fitted, P, T)[1][0], label="network")
right.set(xlabel="input", ylabel="output")
right.legend()
plt.show()

# %%
epochs = {label: len(curve) - 1 for label, curve in curves.items()}
print("epochs to the goal:", epochs)
assert all(curve[-1] <= 0.02 for curve in curves.values())
fast = np.array(curves["η = 0.02"])
print(f"highest error at η = 0.02: {fast.max():.1f}, at the start: {fast[0]:.1f}")
assert epochs["η = 0.02"] < 0.3 * epochs["η = 0.005"]
assert np.sum(np.diff((fast > fast[0]).astype(int)) == 1) == 2  # two leaps above the start

# %% [markdown]
# Four times the rate needs about a quarter of the epochs, and the five units follow the sine. But look at the two spikes: twice the
# faster run is thrown out of its valley, to an error above that of the untrained network, and finds its way back. A warning.

# %% [markdown]
# ## What goes wrong (1): a rate too large
#
# If four times is good, is ten times better? The slope is only a local promise. A step that is longer than the valley is wide
# lands on the opposite slope, higher up, where the gradient is steeper and the next step longer still.

# %%
diverged = []
for rate in (0.02, 0.035, 0.05, 1.0):
    settings = {"learning_rate": rate, "goal": 0.02, "max_epochs": 3000}
    try:
        _, curve = five_steps.train(P, T, 5, np.random.default_rng(0), **settings)
        uphill = np.mean(np.diff(curve) > 0)
        print(f"η = {rate}: {curve[-1]:.4g} after {len(curve) - 1} epochs, {uphill:.0%} of them uphill")
    except FloatingPointError as error:
        diverged.append(rate)
        print(f"η = {rate}: {error}")
assert diverged == [0.05, 1.0]

# %% [markdown]
# The failure has stages: first a few epochs go uphill, then so many that the goal is never met, and finally the error grows until
# the numbers overflow. The estimators of this book report the last stage as an error instead of returning weights
# full of `nan`; the first two one has to see for oneself, in the loss curve.

# %% [markdown]
# ## What goes wrong (2): perfect symmetry
#
# Why must step 1 draw *random* numbers? Suppose that all hidden units start with the same weights. Then they send the same output,
# receive the same error term, and take the same step, and so on for ever: many units do the work of one.

# %%
digits = load_digits()
small = {"hidden_layer_sizes": 8, "activation": "tanh", "max_epochs": 15}
small |= {"learning_rate": 0.1, "random_state": 0}
alike = MLPClassifier(initialisation=0.1, **small).fit(digits.X_train, digits.y_train)
broken = MLPClassifier(**small).fit(digits.X_train, digits.y_train)
for label, net in [("equal start", alike), ("random start", broken)]:
    spread, accuracy = np.ptp(net.coefs_[0], axis=1).max(), net.score(digits.X_test, digits.y_test)
    print(f"{label}: accuracy {accuracy:.3f}, largest difference between units {spread:.2g}")

# %% mystnb={"image": {"alt": "Two rows of eight small pictures, the input weights of the hidden units. In the first row, from an equal start, all eight pictures are the same; in the second, from a random start, all differ."}}
pictures = np.concatenate([alike.coefs_[0].T, broken.coefs_[0].T]).reshape(16, 8, 8)
titles = [f"equal {h}" for h in range(1, 9)] + [f"random {h}" for h in range(1, 9)]
plot.image_grid(pictures, titles=titles, n_columns=8, signed=True, label="weight")
plt.show()

# %%
assert np.ptp(alike.coefs_[0], axis=1).max() < 1e-6 < np.ptp(broken.coefs_[0], axis=1).max()
assert alike.score(digits.X_test, digits.y_test) < broken.score(digits.X_test, digits.y_test) - 0.3

# %% [markdown]
# Eight units from an equal start are one unit, printed eight times, and one number cannot tell ten digits apart. A random start breaks
# the symmetry; how large the random numbers should be is a question for the chapter on optimisation. (Biases may start at zero: once
# the weights differ, the biases soon do.)
#
# With all weights exactly zero it is worse. No error passes through $W^\top = 0$, so the first layer does not move in the
# first update; and tanh units, with $\tanh 0 = 0$, send nothing up, so the second layer does not move either. Only the biases of the
# outputs have a gradient:

# %%
one_hot, head = np.eye(10)[digits.y_train], ["tanh", "softmax"]
W0, b0 = network.initialise([64, 8, 10], head, rng, scheme=0.0)
passed = network.forward(digits.X_train, W0, b0, head)
(W1, W2), (b1, b2) = network.backward(one_hot, *passed, W0, head, "cross_entropy")
for name, slope in {"W1": W1, "b1": b1, "W2": W2, "b2": b2}.items():
    print(f"largest gradient entry of {name}: {np.abs(slope).max():.4f}")
assert not any(slope.any() for slope in (W1, b1, W2))
assert b2.any()

# %% [markdown]
# A symmetric start does not always stay symmetric in floating point: rounding can differ between columns of a matrix product, and
# training amplifies the difference. Do not count on rescue by rounding.

# %% [markdown]
# ## Keeping the weights small
#
# A network that can bend anywhere will bend around every single example. Zhou (2016) adds a price for complexity,
#
# $$ E = \lambda \frac1m \sum_{k=1}^m E_k + (1 - \lambda) \sum_i w_i^2 , \tag{5.17} $$
#
# where the sum runs over *all* weights and thresholds. Qiu (2019, equations 4.39–4.42) adds $\frac12\lambda\lVert W\rVert_F^2$ to the mean loss, with
# the Frobenius norm (F 范数) $\lVert W\rVert_F = \sqrt{\sum_{ij} W_{ij}^2}$, and
# leaves the biases out: a large weight makes a function steep, while a bias only moves it sideways. Mind the letter: Zhou's
# $\lambda$ multiplies the *data*, Qiu's the *penalty*. The estimators of this book follow Qiu and call the factor `alpha`.
# Qiu's form was on trial above, with `alpha` 0.1; here is Zhou's, with $\lambda = 0.9$:

# %%
downhill = standard_bp.regularised_steps(start, X17, Y17, 0.9)
for field, step, point in zip(start._fields, downhill, start):

    def error_if(p, field=field):
        return standard_bp.regularised_error(start._replace(**{field: p}), X17, Y17, 0.9)

    relative = gradient_check.check_gradient(error_if, -step, point)
    print(f"gradient of 5.17 by {field}: relative error {relative:.1e}")

# %% [markdown]
# Does the price help? Take only 100 digits to learn from, so that there is something to overdo, and raise `alpha`. The accuracy, on
# the test set, is the mean over five seeds.

# %%
scores, few = {}, {"learning_rate": 0.05, "max_epochs": 100}
for alpha in (0.0, 0.003, 0.03, 0.3):
    nets = [
        MLPClassifier(64, alpha=alpha, random_state=seed, **few)
        .fit(digits.X_train[:100], digits.y_train[:100]) for seed in range(5)
    ]  # fmt: skip
    scores[alpha] = np.mean([net.score(digits.X_test, digits.y_test) for net in nets])
    norm = np.sqrt(sum((W**2).sum() for W in nets[0].coefs_))
    print(f"alpha {alpha:<5}   norm of the weights {norm:5.2f}   accuracy {scores[alpha]:.3f}")
assert scores[0.3] < scores[0.03] < scores[0.0]
assert abs(scores[0.003] - scores[0.0]) < 0.02

# %% [markdown]
# The weights shrink as they should. A moderate price changes the accuracy by a point or two at most, and too high a price costs far
# more than none: a penalty is a mild remedy. The other classical one, **early stopping** (早停), holds back some examples and stops when the error on *them* no longer
# falls; the section on [using BP networks](using_bp.ipynb) puts both to work.

# %% [markdown]
# ## Real handwriting
#
# Four thousand digits of 28×28 pixels, a hidden layer of 128 ReLU units, mini-batches of 32, momentum 0.9, ten epochs, a learning
# rate that falls along a line to zero. A thousand digits stay unseen for the test. The five nearest neighbours in pixel space, a
# method without any training, are the honest opponent on so little data.

# %%
mnist = load_mnist_5k()
settings = {"learning_rate": 0.1, "schedule": "linear", "max_epochs": 10}
classifier = MLPClassifier(128, random_state=0, **settings)
classifier.fit(mnist.X_train, mnist.y_train)
accuracy = classifier.score(mnist.X_test, mnist.y_test)
print(f"train {classifier.score(mnist.X_train, mnist.y_train):.3f}   test {accuracy:.3f}")
print("loss per epoch:", np.round(classifier.loss_curve_, 3))
assert accuracy >= 0.945

# %%
from sklearn.neighbors import KNeighborsClassifier

neighbours = KNeighborsClassifier(5).fit(mnist.X_train, mnist.y_train)
neighbours = neighbours.score(mnist.X_test, mnist.y_test)
print(f"five nearest neighbours: {neighbours:.3f}")
assert accuracy > neighbours

# %% [markdown]
# The network beats them: it has learnt something about digits that distances between pixels do not say. The gap between its own two
# figures, train and test, is overfitting.
#
# Error terms can do more than move weights. Nothing stops the recursion at the first layer: one more step,
# $\partial \mathcal L/\partial x = \delta^{(1)} {W^{(1)}}^\top$, tells for every *pixel* how the loss would change if it were darker or brighter. For four misread
# digits, let us see which pixels the network blames; each map is scaled to its own largest entry.

# %% mystnb={"image": {"alt": "Four misclassified handwritten digits above, and below each a coloured map of the same size that shows which pixels would have to become brighter or darker for the right answer; the strong colours lie on the strokes and on the gaps that distinguish the digits."}}
guesses = classifier.predict(mnist.X_test)
missed = np.flatnonzero(guesses != mnist.y_test)[:4]
images, truth = mnist.X_test[missed], np.eye(10)[mnist.y_test[missed]]
net = classifier.coefs_, classifier.intercepts_, classifier.activations_
passed = network.forward(images, *net)
delta = network.deltas(truth, *passed, net[0], net[2], "cross_entropy")[0]
blame = -(delta @ classifier.coefs_[0].T)
blame /= np.abs(blame).max(axis=1, keepdims=True)
titles = [f"{t}, read as {g}" for t, g in zip(mnist.y_test[missed], guesses[missed])] + ["wanted change"] * 4
plot.image_grid(
    np.concatenate([images, blame]).reshape(8, 28, 28), titles=titles, n_columns=4, signed=True, label="ink"
)
plt.show()

# %% [markdown]
# Blue marks ink to be added, red ink to be removed. Where a stroke misleads, such as the bar of a crossed 7 or the curled tail of a 9,
# the map wants it gone. It also asks for scattered dots that no person would miss: the network sees pixels, not strokes.
#
# The same map with its sign turned round does harm. Take the digits that were read correctly, and change every pixel by a tenth of the
# range from white to black, in the direction that raises the loss. These are **adversarial examples** (对抗样本); the same
# amount of change in random directions is the control.

# %%
read_well = guesses == mnist.y_test
images, labels = mnist.X_test[read_well], mnist.y_test[read_well]
passed = network.forward(images, *net)
delta = network.deltas(np.eye(10)[labels], *passed, net[0], net[2], "cross_entropy")[0]
uphill = np.sign(delta @ net[0][0].T)
at_random = rng.choice([-1.0, 1.0], size=images.shape)
still_right = {
    name: np.mean(classifier.predict(np.clip(images + 0.1 * change, 0, 1)) == labels)
    for name, change in [("uphill", uphill), ("at random", at_random)]
}
print({name: f"{share:.0%} still right" for name, share in still_right.items()})
assert still_right["uphill"] < 0.5 < 0.95 < still_right["at random"]

# %% [markdown]
# Noise of that size hardly disturbs the network; the same amount of ink, put where the gradient points, ruins it. A gradient
# knows far more about a network than chance does, which is why learning by gradients works at all.

# %% [markdown]
# ## Checked against
#
# PyTorch differentiates by recording operations, a road that shares nothing with our formulas. The same network, the same batch, in
# 64-bit numbers on both sides:

# %%
try:
    import torch
    from torch.nn.functional import cross_entropy

    leaves = [torch.tensor(p, requires_grad=True) for p in (*weights, *biases)]
    W1, W2, W3, b1, b2, b3 = leaves
    hidden = torch.relu(torch.tanh(torch.tensor(X) @ W1 + b1) @ W2 + b2)
    cross_entropy(hidden @ W3 + b3, torch.tensor(y)).backward()
    passed = network.forward(X, weights, biases, activations)
    ours = network.backward(y, *passed, weights, activations, "cross_entropy")
    difference = max(np.abs(p.grad.numpy() - g).max() for p, g in zip(leaves, [*ours[0], *ours[1]]))
    print(f"largest difference of any gradient entry: {difference:.1e}")
    assert difference < 1e-14
except ImportError:
    print("PyTorch is missing, so this comparison is skipped.")

# %% [markdown]
# And is the *learning* as good as a library's? A benchmark of this project trains scikit-learn's `MLPClassifier` beside ours: equal
# network, batch size and number of epochs, five seeds, one thread, interleaved runs. It left this record:

# %%
from nndl_support import records

record = records.load("backprop/mlp_vs_sklearn")
for name, result in record["figures"].items():
    mean, ratio = result["mean_accuracy"], result["median_time_ratio"]
    print(f"{name}: our accuracy {mean['ours']:.3f}")
    for peer, label in [("adam", "with Adam"), ("sgd", "with momentum")]:
        print(f"    peer {label}: {mean[peer]:.3f}, our time / its time {ratio[peer]:.2f}")
    assert mean["ours"] >= max(mean["adam"], mean["sgd"]) - 0.003
    assert max(ratio.values()) <= 0.6

# %% [markdown]
# ## Exercises
#
# 1. Derive $\delta^{(L)} = (\hat y - y)/B$ for softmax with cross-entropy.
#    <details><summary>Hint</summary>
#
#    With $p$ for the prediction, $\partial p_k / \partial z_j$ is $p_k(1 - p_j)$ for $k = j$ and $-p_k p_j$ otherwise. Multiply it by $-y_k/p_k$, sum over $k$, and use
#    $\sum_k y_k = 1$.
#
#    </details>
# 2. Why does the backward pass cost at most twice the forward pass? Which layer makes it *less* than twice?
#    <details><summary>Answer</summary>
#
#    Two matrix products per layer instead of one; the first layer needs only one, because nobody asks
#    for the error term of the inputs.
#
#    </details>
# 3. Zhou's exercise 5.5: after 2000 rounds, standard BP had won the race above. Find a learning rate, the same for both, at which
#    accumulated BP is ahead after 500 rounds.
#    <details><summary>Hint</summary>
#
#    Try $\eta = 5$: at that rate standard BP is thrown about by whichever melon comes last.
#
#    </details>
# 4. Qiu's exercise 4-7: penalise the biases as well (add `alpha * b` to their gradients) and train on digits shifted by a constant of 5.
#    What happens, and why?
#    <details><summary>Answer</summary>
#
#    The network needs large biases to undo the shift. The penalty forbids them, so it underfits, although
#    the problem has not become any more complex.
#
#    </details>
# 5. Qiu's exercise 4-8: repeat the start from exactly zero with logistic units. Which layers move in the first update, and which in the
#    second? Will two hidden units ever differ? And can the tanh network ever learn more than its output biases?
#    <details><summary>Hint</summary>
#
#    A logistic unit sends 1/2 even then, so the output weights move first, and then, all alike, the input
#    weights. With tanh nothing changes from update to update: zero goes up and zero comes back.
#
#    </details>
# 6. Plant a bug of your own in a copy of `deltas` that lowers the accuracy on digits by less than one point. Does `check_all_gradients`
#    find it?
#    <details><summary>Hint</summary>
#
#    Drop $f'$ of one layer, or forget the penalty's gradient. It does.
#
#    </details>
#
# ## Summary
#
# - An error term $\delta^{(l)}$ says how the loss changes with the net input of layer $l$; it comes from the layer above, and it gives
#   the gradient of every weight below it by one product.
# - A gradient costs less than three forward passes, however many weights there are.
# - A gradient is not believed before it agrees with numerical differentiation; wrong ones look harmless.
# - Standard BP moves after each example, accumulated BP after each pass; most single steps cancel; mini-batches are the compromise.
# - Equal starting weights stay equal, large learning rates diverge, and a weight penalty is a mild remedy against overfitting.
#
# ## Sources
#
# - Zhou (2016), 《机器学习》, section 5.3, equations 5.3–5.17, figures 5.7–5.9.
# - Qiu (2019), 《神经网络与深度学习》, public chapter files of April 2019, section 4.4, equations 4.29–4.63, algorithm 4.1,
#   exercises 4-7 and 4-8.
# - Rumelhart, Hinton and Williams (1986), *Learning representations by back-propagating errors*, Nature 323, 533–536,
#   [doi:10.1038/323533a0](https://doi.org/10.1038/323533a0).
