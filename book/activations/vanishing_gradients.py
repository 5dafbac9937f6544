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
# # Vanishing and exploding gradients (梯度消失与梯度爆炸)
#
# For twenty years people knew how to compute the gradient of a deep network and could not train one. The gradient was correct, and
# useless: by the time it reached the first layers it was a millionth of what it had been at the top, or a million times as much. This
# section follows an error signal down through the layers and asks what happens to it on the way. There is a theorem, and there is a
# popular statement that the theorem does not support. We rebuild a famous worked example as a network one can run, measure how
# fast each layer of a real network learns, predict the measurement from an integral, and then try the remedy that occurs to everybody
# first: if the gradient is small, why not simply make the learning rate large?
#
# **You need:** the recursion for $\delta^{(l)}$ from the section on [back-propagation](../backprop/backpropagation.ipynb), and the functions of
# the three sections before this one. Some probability: the mean of a function of a normal variable.
#
# **Time to run:** see the [Execution](../execution.md) page. About 20 seconds on one core; two longer experiments are loaded from
# records that travel with the book.
#
# Equation numbers are those of Qiu (2019), section 4.6.

# %% tags=["install", "hide-cell"]
# Only where the package is missing, as on Colab.
import importlib.util

if importlib.util.find_spec("nndl_support") is None:
    print("This notebook needs the package nndl_support: run pip install '.[data]' in a copy of its repository.")

# %%
import matplotlib.pyplot as plt
import numpy as np
import torch

from nndl_support import plot, records
from nndl_support.activations import chain_of_factors, flow, random_depth, registry, slopes, two_unit_surface
from nndl_support.activations.deep_stack import DeepStack
from nndl_support.activations.flow import gradient_norms
from nndl_support.activations.speed_of_learning import speeds_during_training
from nndl_support.activations.worked_update import chain_with_gradient
from nndl_support.backprop import network
from nndl_support.backprop.mlp import MLPClassifier
from nndl_support.data.digits import load_digits, load_mnist_5k
from nndl_support.source import show_source

torch.set_num_threads(1)
plot.use_style()

# %% [markdown]
# ## One factor per layer
#
# Write layer $l$ as $z^{(l)} = W^{(l)} a^{(l-1)} + b^{(l)}$, $a^{(l)} = f_l(z^{(l)})$, with Qiu's columns. The error term travels down by
#
# $$ \delta^{(l)} = f_l'(z^{(l)}) \odot \bigl( {W^{(l+1)}}^\top \delta^{(l+1)} \bigr), \tag{4.86} $$
#
# so between two layers two things happen to it and nothing else: a matrix turns and stretches it, and slopes scale its entries. The slopes
# of the two classical functions are bounded,
#
# $$ \sigma'(x) = \sigma(x)(1 - \sigma(x)) \in [0, 0.25], \tag{4.87} $$
#
# $$ \tanh'(x) = 1 - \tanh^2(x) \in [0, 1]. \tag{4.88} $$
#
# From here textbooks jump to the conclusion that the gradient of a deep logistic network vanishes. Let us do the step
# in between, because it has a condition.
#
# **Theorem.** Let $s_k$ be the largest slope of layer $k$ and $\lVert W \rVert_2$ the largest singular value of a matrix. Then
#
# $$ \frac{\lVert \delta^{(l)} \rVert}{\lVert \delta^{(L)} \rVert} \le \prod_{k=l}^{L-1} s_k \, \lVert W^{(k+1)} \rVert_2 . $$
#
# In particular, if $n$ logistic layers lie below the output and no matrix lengthens any vector, at most $0.25^{n}$ of the
# error arrives at the first of them.
#
# *Proof.* A product entry by entry with numbers of size at most $s$ makes no vector longer than $s$ times its length. A product with
# $W^\top$ makes none longer than $\lVert W^\top \rVert_2 = \lVert W \rVert_2$ times. Apply both once per layer. $\square$

# %%
show_source(chain_of_factors.delta_bounds)

# %% [markdown]
# The bound can be attained. Take ten logistic layers between identity matrices, with biases that put all net inputs to 0, where the
# slope is exactly a quarter. Beside it, a network with random weights of the usual size, $\mathcal N(0, 1/n)$:

# %%
names = ["logistic"] * 10 + ["identity"]
rng = np.random.default_rng(0)
centred = [np.eye(30)] * 11, [np.zeros(30), *[np.full(30, -0.5)] * 9, np.zeros(30)]
usual = [rng.normal(0, 30**-0.5, (30, 30)) for _ in range(11)], [np.zeros(30)] * 11
shares = {}
for label, (W, b) in {"identity matrices": centred, "random matrices": usual}.items():
    passed = network.forward(np.zeros((1, 30)), W, b, names)
    deltas = network.deltas(np.ones((1, 30)), *passed, W, names, "squared_error")
    shares[label] = np.linalg.norm(deltas[0]) / np.linalg.norm(deltas[-1])
    print(f"{label}: {shares[label]:.3g} of the error arrives, bound {chain_of_factors.delta_bounds(W)[0]:.3g}")
print(f"0.25 ** 10 = {0.25**10:.3g}; largest singular value of a random matrix {np.linalg.norm(usual[0][1], 2):.2f}")
assert np.isclose(shares["identity matrices"], 0.25**10)
assert shares["random matrices"] < chain_of_factors.delta_bounds(usual[0])[0]

# %% [markdown]
# With identity matrices the theorem is sharp: one part in a million arrives. With random matrices two things differ. The bound is useless, because the
# largest singular value of such a matrix is near 2, and the theorem allows for an error that lies along the most favourable direction in every
# layer. And what really arrives is of the same tiny order as before, because a *typical* direction is neither stretched nor
# shrunk. A bound on the worst case and a prediction of the typical case are different things. We shall need the second, further below.
#
# ## Where the bound stops holding
#
# "Sigmoids always vanish" is a sentence one reads often. The theorem does not say so: it has weights in it. Look at a chain of single
# units, where layer $l$ contributes the plain number $w_l\, \sigma'(w_l a_{l-1} + b_l)$. Nielsen (2015, chapter 5) asks when that number
# is at least 1. Since $1/\sigma'(z) = 2 + 2\cosh z$, the condition reads $2\cosh z \le |w| - 2$. No $z$ satisfies it unless $|w| \ge 4$, and
# then $z$ must lie within $\pm\operatorname{arccosh}\frac{|w|-2}{2}$. The input $a$ moves $z$ by $|w|$ times as much, so that $a$ has to stay in a
# **window** (窗口) of width
#
# $$ \frac{2}{|w|} \operatorname{arccosh} \frac{|w| - 2}{2} . $$

# %% mystnb={"image": {"alt": "Left: the factor w sigma prime of w a plus b against the input a for weights 1, 4, 8 and 20; the curves are bells around one half that grow higher and narrower with the weight, and only those for 8 and 20 rise above the line at 1. Right: the width of the window against the weight; it opens at 4, is widest just below 7 at about 0.45, and shrinks slowly afterwards."}}
a, w = np.linspace(0, 1, 401), np.linspace(0, 40, 401)
fig, (left, right) = plt.subplots(1, 2, figsize=(7, 3))
for weight, colour, line in zip((1, 4, 8, 20), plot.PALETTE, ("-", "--", "-.", ":")):
    left.plot(a, chain_of_factors.factor(weight, a, -weight / 2), line, color=colour, label=f"$w = {weight}$")
left.axhline(1, color="#555555", lw=0.8)
left.set(xlabel="input $a$ of the unit", ylabel=r"factor $w\,\sigma'(wa + b)$")
left.legend()
right.plot(w, chain_of_factors.window_width(w))
right.set(xlabel="weight $w$", ylabel="width of the window in $a$", ylim=(0, 0.5))
plt.show()

# %%
w = np.linspace(4, 40, 36_001)
width = chain_of_factors.window_width(w)
print(f"widest window {width.max():.3f}, at w = {w[width.argmax()]:.2f}")
assert width.max() < 0.46

# %% [markdown]
# So even in the most favourable case, a weight of about 7, the input must be inside a window of less than half of the interval $(0, 1)$ that a
# logistic unit can send. But it *can* be inside. Here is a logistic network in which the gradient does not vanish, and the careless sentence is
# refuted: with $w = 8$, $b = -4$ and an input of ½, each unit receives $z = 0$, sends ½ to the next, and doubles the error.

# %%
weights, biases = np.full(10, 8.0), np.full(10, -4.0)
gradients = chain_of_factors.chain_bias_gradients(weights, biases, x=0.5, y=0.0)
growth = gradients[0] / gradients[-1]
print(f"ten logistic units: the first bias has {growth:.0f} times the gradient of the last")
assert np.isclose(growth, 2**9)

# %% [markdown]
# Is it a fluke? In a sense that can be made precise, yes. The slope of the whole chain, $\partial a_L/\partial x$, is the product of
# all factors. A chain of single units is a monotone function with values in $(0, 1)$. Hence the *integral* of its slope
# over the inputs from 0 to 1 is the difference of two outputs, at most 1 in size, **however deep the chain and however large its weights**. If the
# slope is $2^{L}$ somewhere, it must be nearly 0 almost everywhere else. Let us look at six units of that kind.

# %% mystnb={"image": {"alt": "The slope of a chain of six logistic units against its input between 0 and 1 on a linear axis: a single needle at one half that reaches 64, and practically zero everywhere else."}}
x = np.linspace(0, 1, 20_001)
slope, sent = np.ones_like(x), x
for _ in range(6):
    slope = slope * chain_of_factors.factor(8.0, sent, -4.0)
    sent = registry.get("logistic").function(8.0 * sent - 4.0)
fig, ax = plt.subplots(figsize=(7, 2.4))
ax.plot(x, slope)
ax.set(xlabel="input $x$ of the chain", ylabel=r"slope $\partial a_6/\partial x$")
plt.show()

# %%
print(f"largest slope {slope.max():.1f}, mean slope {np.trapezoid(slope, x):.3f}")
print(f"share of the inputs on which the slope is below 0.1: {np.mean(slope < 0.1):.2f}")
assert np.trapezoid(slope, x) <= 1 < slope.max()

# %% [markdown]
# A needle. This surprised us when we first plotted it: the network with the exploding gradient and the network with the vanishing gradient are *the
# same network*, seen from two inputs. Large weights do not cure vanishing; they concentrate what little slope there is. That is why one rarely
# meets the exception in practice, and why people speak of **unstable gradients** (不稳定的梯度) rather than of small ones: a product
# of many factors wants to be very small or very large, and only a balance keeps it near 1.
#
# (In wider layers the argument weakens. A sum of rising and falling units need not be monotone, and then the output can go up and down many
# times; average slopes above 1 become possible, as we shall measure.)
#
# ## All the slopes in one figure
#
# What the chapter has collected by now, function and derivative, is Qiu's figure 4.11 and table 4.2 with the later functions added. It
# is drawn from the registry, so nothing can be missing.

# %% mystnb={"image": {"alt": "A grid of small panels, one for each elementwise activation function of the book from elu to tanh, each with the function as a solid and its derivative as a dashed line for inputs from minus four to four. The derivative of the logistic function is by far the flattest; that of SELU jumps highest."}}
elementwise = [name for name in registry.names() if registry.get(name).derivative is not None]
z = np.linspace(-4, 4, 801)
fig, axes = plt.subplots(3, 6, figsize=(7.4, 4.3), sharex=True, sharey=True)
for ax in axes.flat[len(elementwise) :]:
    ax.set_axis_off()
for ax, name in zip(axes.flat, elementwise):
    ax.plot(z, registry.get(name).function(z), lw=1.3, label="$f$")
    ax.plot(z, registry.get(name).derivative(z), "--", lw=1.3, label="$f'$")
    ax.set_title(name, fontsize=8)
    ax.set(ylim=(-1.3, 2.2), xticks=(-3, 0, 3))
axes[0, 0].legend(fontsize=7, loc="upper left")
fig.supxlabel("net input $z$", fontsize=9)
fig.supylabel("value", fontsize=9)
plt.show()

# %% [markdown]
# The same as numbers. For each function: how steep it is at its steepest and where, how steep on average when its inputs are standard normal
# (the root of $\mathbb E f'(z)^2$, which will matter soon), and, as for every derivative in this book, the largest deviation from
# a central difference. At a kink no derivative exists and the two sides of a difference disagree, so the inputs avoid the kinks.

# %%
z = np.linspace(-6, 6, 1200) + 0.0007  # no kink lies within 1e-5 of these points
largest = {}
for name in elementwise:
    f = registry.get(name)
    at, largest[name] = slopes.steepest_slope(name)
    typical = slopes.mean_square_slope(name, 1.0) ** 0.5
    miss = np.abs((f.function(z + 1e-5) - f.function(z - 1e-5)) / 2e-5 - f.derivative(z)).max()
    print(f"{name:14s} max |f'| = {largest[name]:.4f} at {at:6.2f}   typical {typical:.3f}   off by {miss:.0e}")
    assert miss < 1e-8

# %%
gentle = {name for name in elementwise if largest[name] < 0.9999}
assert gentle == {"logistic", "hard_logistic"}
assert all(np.isclose(largest[name], 0.25) for name in gentle)

# %% [markdown]
# The logistic function and its hard imitation are in a class of their own: a quarter, where everything else reaches 1. (The softplus
# approaches 1 without attaining it. Where the largest slope is attained on a whole interval, the place printed is the first of a grid.) SELU is the steepest, and the smooth gates (Swish, GELU, Mish) all exceed 1 somewhere, which means that
# with them the theorem above gives no guarantee of shrinking even for identity matrices.
#
# ## A famous update, rebuilt
#
# A widely translated article on activation functions (Hansen 2019; in Chinese 《从ReLU到GELU》) makes the problem tangible by one number. A
# weight has the value 0.2. After an update with learning rate 0.5 it has the value 0.199999978. The
# network to which the weight belongs is not shown. From the two values, $\partial C/\partial w = (0.2 - 0.199999978)/0.5 = 4.4 \cdot 10^{-8}$. Can we
# build a network in which this happens, with nothing exotic about it?
#
# Take a chain of eleven logistic units without biases, one example $x = 1$ with target 0, half the squared error, and the first weight 0.2. Let
# the other ten weights be equal. Their common value is then the only unknown, and the gradient a function of it; a root finder does the rest.

# %%
show_source(chain_with_gradient, chain_of_factors.chain_bias_gradients)

# %%
weights, biases = chain_with_gradient(4.4e-8)
print(f"first weight {weights[0]}, the ten others {weights[1]:.6f}")

# %% [markdown]
# The ten weights come out close to 1: a perfectly ordinary network. The design used the product formula; now we run the
# real thing, back-propagation, ask PyTorch's automatic differentiation for a second opinion, and make the update.

# %%
W, b = [np.array([[w]]) for w in weights], [np.zeros(1)] * 11
passed = network.forward(np.ones((1, 1)), W, b, ["logistic"] * 11)
by_weight, _ = network.backward(np.zeros((1, 1)), *passed, W, ["logistic"] * 11, "squared_error")
tensor, sent = torch.tensor(weights, requires_grad=True), torch.ones((), dtype=torch.float64)
for w in tensor:
    sent = torch.sigmoid(w * sent)
(sent**2 / 2).backward()
gradient = by_weight[0].item()
print(f"output {passed[1][-1].item():.4f}, target 0")
print(f"gradient by back-propagation {gradient:.10e}, by autograd {tensor.grad[0]:.10e}")
print(f"updated weight: {weights[0] - 0.5 * gradient:.9f}")
print(f"updates of this size to move the weight by 0.1: {0.1 / (0.5 * gradient):,.0f}")
assert f"{weights[0] - 0.5 * gradient:.9f}" == "0.199999978"
assert np.isclose(gradient, tensor.grad[0].item(), rtol=1e-10, atol=0)

# %% [markdown]
# There it is, 0.199999978, from a network that errs by more than a half. At this pace the weight needs millions of updates to get
# anywhere. Note what the *last* weight of the same network gets in the same step, and what happens to the first in half precision, the
# format in which graphics cards like to train:

# %%
print(
    f"gradient of the last weight: {by_weight[-1].item():.4f}, that is {by_weight[-1].item() / gradient:.1e} times as large"
)
half = np.float16(weights[0]) - np.float16(0.5 * gradient)
print(f"in float16: {np.float16(weights[0])} becomes {half}, next number below {np.nextafter(half, np.float16(0))}")
assert half == np.float16(weights[0])

# %% [markdown]
# In half precision the gradient has vanished in the most literal sense: the step is smaller than the distance between two neighbouring numbers, and the weight
# does not move at all. This is one reason why programs that train in half precision keep their weights in single precision.
#
# ## The speed of learning, layer by layer
#
# One designed chain is an anecdote. Nielsen (2015, chapter 5) measured real networks for handwritten digits: layers of 30 logistic
# units, weights drawn from $\mathcal N(0, 1/n)$ and biases from $\mathcal N(0, 1)$. His yardstick is the **speed of learning** (学习速度) of a layer,
# the length of its bias gradient, $\lVert \partial \mathcal L / \partial b^{(l)} \rVert = \lVert \sum \delta^{(l)} \rVert$. Biases are a fairer yardstick than weights,
# because every layer of 30 units has just as many of them, while the first weight matrix is 26 times as large as the others. The function `gradient_norms` of this
# book measures either, for our estimators and for any module of PyTorch.

# %%
show_source(flow.gradient_norms)

# %%
mnist = load_mnist_5k()
x, y = torch.tensor(mnist.X_train[:1000]), torch.tensor(mnist.y_train[:1000])


def nielsen(n_hidden, activation="logistic", seed=0):
    """Layers of 30 units on MNIST, drawn as Nielsen draws them."""
    generator = torch.Generator().manual_seed(seed)
    return DeepStack([784, *[30] * n_hidden, 10], activation, bias_std=1.0, generator=generator)


for n_hidden in (2, 3, 4, 5):
    speeds = gradient_norms(nielsen(n_hidden), x, y, of="biases")
    print(f"{n_hidden} hidden layers:", "  ".join(f"{speed:.5f}" for speed in speeds))

# %% [markdown]
# Each row is one network before any training, from the first layer to the output. Every layer is several times slower than the one above
# it, and the factor hardly depends on the depth. So adding a layer leaves the upper layers as they are and starves the new bottom layer: with
# five hidden layers the first learns thousands of times more slowly than the output. Here is the factor as an average
# over three draws, for five activation functions with exactly the same weights and biases.

# %% mystnb={"image": {"alt": "Speed of learning on a logarithmic axis against the number of the layer, 1 to 6, for five activations. The logistic curve climbs steeply along a straight line over more than three powers of ten; tanh, relu and gelu climb gently by a factor of about ten; selu is nearly flat."}}
activations = ["logistic", "tanh", "relu", "gelu", "selu"]
start = {}
for name in activations:
    draws = [gradient_norms(nielsen(5, name, seed), x, y, of="biases") for seed in range(3)]
    start[name] = np.exp(np.log(draws).mean(axis=0))
fig, ax = plt.subplots(figsize=(7, 3))
plot.loss_curves(start, ax=ax, xlabel="layer, from the first hidden one to the output", log=True)
ax.set_ylabel(r"speed of learning $\Vert\partial L/\partial b\Vert$")
plt.show()

# %%
per_layer = {name: (speed[4] / speed[0]) ** (1 / 4) for name, speed in start.items()}
for name, ratio in per_layer.items():
    print(f"{name:9s} each hidden layer is {ratio:.2f} times as fast as the one below it")
assert per_layer["logistic"] > 3 > 2 > max(ratio for name, ratio in per_layer.items() if name != "logistic")

# %% [markdown]
# A straight line on a logarithmic axis is a constant factor per layer. For the logistic function it is above four, about the reciprocal of the slope $\frac14$, as
# the theory for typical directions will explain. The other four are closer to 1, without being 1.
#
# ### What happens during training?
#
# We train the logistic network with four hidden layers as Nielsen does for his figure: all 1000 images at once, learning rate 0.1, 500 epochs (without
# his weight penalty). A whole-batch step on a thousand images is cheap, so that this run can be made here.

# %%
stack = nielsen(4)
looks = speeds_during_training(stack, x, y, learning_rate=0.1, n_epochs=500, every=5)
speeds = np.array(looks["speeds"])
for look in (0, 10, 100):
    values = "  ".join(f"{speed:.1e}" for speed in speeds[look])
    print(f"epoch {looks['epochs'][look]:3d}: loss {looks['losses'][look]:.3f}, speeds {values}")

# %% mystnb={"image": {"alt": "Left: speeds of the four hidden layers of a logistic network over 500 epochs on a logarithmic axis; they start far apart, fall steeply within the first hundred epochs and then lie flat close together, below one ten-thousandth. Right: speed of the first hidden layer for five activations; the logistic one is lowest at the start, falls for fifty epochs and then stays flat, the others stay one to four powers of ten higher."}}
recorded = records.load("activations/speed_of_learning")["figures"]
fig, (left, right) = plt.subplots(1, 2, figsize=(7.4, 3.3), sharey=True)
hidden = {f"hidden layer {layer + 1}": speeds[:, layer] for layer in range(4)}
steps = dict.fromkeys(hidden, looks["epochs"])
plot.loss_curves(hidden, ax=left, steps=steps, log=True, ylabel="speed of learning")
first = {run["activation"]: run for run in recorded if run["n_hidden"] == 4 and run["seed"] == 0}
curves = {name: np.array(run["speeds"])[:, 0] for name, run in first.items()}
plot.loss_curves(curves, ax=right, steps={name: run["epochs"] for name, run in first.items()}, log=True, ylabel="")
left.set_title("logistic, this run")
right.set_title("first hidden layer, from the record")
plt.show()

# %% [markdown]
# We expected parallel lines. What came is stranger: the four speeds start a factor of a hundred apart, fall together, and end up practically *equal*. Has
# the first layer caught up? No: all have stopped. The loss rests at 2.30, the logarithm of ten, which is the
# loss of a network that gives each digit the same probability whatever it sees. To understand the equal speeds we look at single examples
# instead of their sum.

# %%
W = [layer.weight.detach().numpy().T for layer in stack.layers]
b = [layer.bias.detach().numpy() for layer in stack.layers]
names = ["logistic"] * 4 + ["softmax"]
passed = network.forward(x.numpy(), W, b, names)
deltas = network.deltas(np.eye(10)[y], *passed, W, names, "cross_entropy")
alone = np.array([np.linalg.norm(delta, axis=1).sum() for delta in deltas])
together = np.array([np.linalg.norm(delta.sum(axis=0)) for delta in deltas])
print("examples one by one: ", "  ".join(f"{value:.1e}" for value in alone))
print("summed over the batch:", "  ".join(f"{value:.1e}" for value in together))
print("survives the sum:     ", "  ".join(f"{share:.3%}" for share in together / alone))
spread = passed[1][-2].std(axis=0).mean()
print(f"standard deviation of the last hidden layer over the images: {spread:.1e}")
assert np.all(alone[1:] > 2 * alone[:-1])
assert spread < 1e-3

# %% [markdown]
# For each image by itself nothing has changed: the signal still shrinks by a constant factor from layer to layer, as the first row says. But images pull in opposite
# directions and cancel, and the higher the layer, the more completely: at the top a few hundred-thousandths survive. The reason is the *forward* pass. The same quarter slopes that weaken
# the error on its way down weaken the differences between images on their way up; the last hidden layer sends practically the same vector for every
# digit. All the network can still learn from it is how frequent each digit is, and after some fifty epochs it knows. Vanishing gradients and
# **vanishing information** (信息消失) are two sides of one product, a point that a figure of gradients alone does not show.
#
# The record holds the same training for two to five hidden layers, three draws each.

# %%
print("hidden layers:", *(f"{n:12d}" for n in (2, 3, 4, 5)))
accuracy = {}
for name in activations:
    for n in (2, 3, 4, 5):
        runs = [run["test_accuracy"] for run in recorded if (run["activation"], run["n_hidden"]) == (name, n)]
        accuracy[name, n] = np.mean(runs)
    print(f"{name:13s}", *(f"{accuracy[name, n]:12.3f}" for n in (2, 3, 4, 5)))
assert max(accuracy["logistic", n] for n in (3, 4, 5)) < 0.5 < 0.7 < min(accuracy[name, 5] for name in activations[1:])

# %% [markdown]
# Test accuracy after 500 epochs. Ten digits, so 0.1 is guessing. Every function but the logistic learns at every depth, with the same learning rate and from the
# same draw of weights. (The differences among the four should not be read as a ranking: the learning rate suits some better than others. The section on
# [choosing](choosing.ipynb) gives each its own.)
#
# ## The opposite: exploding gradients (梯度爆炸)
#
# The article's other example has weights of 100. Let four units follow one another with weights of 100 and biases that keep every net input at 0, where the slope is a
# quarter; let the first bias be 1.56 and the learning rate 0.5 as it says, and set the derivative of the cost by the output to 1.

# %%
weights, biases = np.full(4, 100.0), np.array([1.56, -50.0, -50.0, -50.0])
gradients = chain_of_factors.chain_bias_gradients(weights, biases, x=-0.0156, y=-0.5)
print("gradients of the biases:", gradients)
biases[0] -= 0.5 * gradients[0]
print(f"first bias after one update: {biases[0]:.1f}")
again = chain_of_factors.chain_bias_gradients(weights, biases, x=-0.0156, y=-0.5)
print("gradients now:", again)
assert gradients[0] > 3000
assert np.abs(again).max() < 1e-20

# %% [markdown]
# Each unit multiplies by 25, and a bias of order one is thrown to minus two thousand. Now read the last line. The explosion is over at once, and what
# it leaves behind is the most complete vanishing there is: the first unit is so deep in saturation that it sends 0, the next one therefore receives −50 and saturates too, and so on up to the
# last. All gradients are zero or nearly so, and no later update will bring the chain back. In logistic networks an exploding gradient is a short event with a long silence after it. ReLU
# networks have no saturation to end it; there the loss itself runs to infinity.
#
# The cure for the event is **gradient clipping** (梯度裁剪): a gradient longer than a threshold is shortened to it, $g \leftarrow g \cdot
# \min(1, c/\lVert g \rVert)$, so that its direction survives and its length cannot do harm.

# %%
threshold = 1.0
clipped = gradients * min(1.0, threshold / np.linalg.norm(gradients))
print(f"length before {np.linalg.norm(gradients):.0f}, after {np.linalg.norm(clipped):.2f}")
print(f"first bias after a clipped update: {1.56 - 0.5 * clipped[0]:.3f}")
assert np.isclose(np.linalg.norm(clipped), threshold)

# %% [markdown]
# Clipping stops explosions and does nothing against vanishing: a short vector is not made longer. The chapter on optimisation comes back to it, and
# recurrent networks, whose depth is the length of a sentence, cannot do without it.
#
# ## Predicting the factor
#
# Can we compute beforehand whether the errors of a network will vanish or explode? For random weights, yes. Let the weights of a layer of $n$ units be normal
# with variance $\sigma_w^2/n$ and the biases normal with variance $\sigma_b^2$. A net input is a sum of many independent terms, hence nearly
# normal, with a variance $q$ that the layer hands on (the map that SELU's constants were made for, now with biases):
#
# $$ q_{l+1} = \sigma_w^2\, \mathbb E f(z)^2 + \sigma_b^2, \qquad z \sim \mathcal N(0, q_l). $$
#
# On the way down, $\delta^{(l)}_i = f'(z_i) \sum_j w_{ij} \delta_j$ has mean square $\mathbb E f'(z)^2 \cdot \sigma_w^2/n \cdot \lVert\delta^{(l+1)}\rVert^2$.
# Summed over the $n$ units,
#
# $$ \mathbb E \lVert \delta^{(l)} \rVert^2 = \chi \; \mathbb E \lVert \delta^{(l+1)} \rVert^2, \qquad \chi = \sigma_w^2\, \mathbb E f'(z)^2 . $$
#
# Everything hangs on one number. For $\chi < 1$ errors vanish, for $\chi > 1$ they explode, exponentially in both cases, and the line $\chi = 1$ between them
# is called **critical** (临界). (Poole et al. 2016; Schoenholz et al. 2017. The derivation treats the weights of the way up and
# of the way down as independent. They are the same weights, so the prediction deserves a test.)

# %%
show_source(random_depth.backward_factor, random_depth.next_variance)

# %% [markdown]
# The test: twenty random networks for each setting, thirty layers of 200 units, an error of length 1 sent down from the top. Dots are measured means of
# $\lVert\delta^{(l)}\rVert^2$, lines the product of the predicted factors.

# %% mystnb={"image": {"alt": "Two panels of the mean squared error term against the layer on logarithmic axes, for tanh and for ReLU. Dots fall on predicted lines: for small weights they fall towards the first layer by many powers of ten, for large weights they rise, and for one value in the middle they stay near one."}}
cases = {"tanh": (0.8, 1.0, 1.3, 2.0), "relu": (1.0, 2**0.5, 1.7)}
ratios = []
fig, axes = plt.subplots(1, 2, figsize=(7.4, 3.3), sharey=True)
for ax, (name, stds) in zip(axes, cases.items()):
    for std, colour in zip(stds, plot.PALETTE):
        squared = random_depth.squared_deltas(name, std, np.random.default_rng(1), n_layers=30, n_networks=20).mean(
            axis=0
        )
        q, predicted = 1.0, [1.0]
        for _ in range(29):
            predicted.append(predicted[-1] / random_depth.backward_factor(q, name, std))
            q = random_depth.next_variance(q, name, std)
        predicted = np.array(predicted) / predicted[-1]
        ratios.append((squared[0] / predicted[0]) ** (1 / 29))
        ax.semilogy(np.arange(1, 31), predicted, color=colour, lw=1.2)
        ax.semilogy(np.arange(1, 31), squared, ".", color=colour, label=rf"$\sigma_w = {std:.3g}$")
    ax.set(title=name, xlabel="layer")
    ax.legend(fontsize=7.5)
axes[0].set_ylabel(r"mean of $\Vert\delta\Vert^2$")
plt.show()

# %%
print("measured factor per layer over predicted:", " ".join(f"{ratio:.3f}" for ratio in ratios))
assert np.all(np.abs(np.array(ratios) - 1) < 0.03)

# %% [markdown]
# Over thirty layers and up to nine powers of ten, the measured factor per layer is within a few per cent of an integral over the normal
# distribution. For ReLU, $\mathbb E f'^2 = \frac12$ whatever the variance, so that $\chi = \sigma_w^2/2$ and the critical value is $\sqrt 2$: this is the
# initialisation of He et al. (2015). For tanh without biases it is 1, that of Glorot and Bengio (2010). Look at tanh at exactly 1: the errors still shrink, though
# no longer exponentially. The variance $q$ creeps to 0, and only in that limit is the slope really 1.
#
# For the logistic function the slope at 0 is a quarter, so $\chi \approx \sigma_w^2/16$. Networks drawn with $\sigma_w = 1$
# lose a factor of 16 in the square and hence 4 in the length per layer, somewhat more when biases push the units off the middle. This is why
# the initialisation of this book gives logistic layers four times the usual weights. (The estimate holds while net inputs are small; what four times is really worth,
# we shall see under the remedies.) And it lets us predict the figure of speeds: Nielsen's networks have
# $\sigma_w = \sigma_b = 1$, so that each layer should be $1/\sqrt{\chi}$ times as fast as the one below it.

# %%
for name in activations:
    q = random_depth.settled_variance(name, 1.0, 1.0)
    expected = random_depth.backward_factor(q, name, 1.0) ** -0.5
    print(f"{name:9s} predicted {expected:.2f}, measured on digits {per_layer[name]:.2f}")
    assert abs(per_layer[name] / expected - 1) < 0.15

# %% [markdown]
# An integral that knows nothing of digits, of the loss, or of the thirty units that are hardly "many", foretells the speeds of learning. Now vary the
# biases as well. For each $\sigma_b$ there is one $\sigma_w$ at which tanh is critical.

# %% mystnb={"image": {"alt": "The plane of sigma b and sigma w for tanh: a critical line rises from sigma w equal to 1 at sigma b zero to about 1.9 at sigma b one; below it errors vanish, above it they explode."}}
bias_stds = np.linspace(0.01, 1.0, 12)
critical = [random_depth.critical_weight_std("tanh", bias_std) for bias_std in bias_stds]
fig, ax = plt.subplots(figsize=(5, 2.9))
ax.plot(bias_stds, critical)
ax.text(0.55, 1.15, r"errors vanish, $\chi < 1$", fontsize=9)
ax.text(0.1, 1.85, r"errors explode, $\chi > 1$", fontsize=9)
ax.set(xlabel=r"standard deviation of the biases $\sigma_b$", ylabel=r"$\sigma_w$ (tanh)", ylim=(0.9, 2.1))
plt.show()
assert np.all(np.diff(critical) > 0)

# %% [markdown]
# The wider the biases scatter the units over the flat parts of tanh, the larger the weights must be to make up for it. A network on the line can be very
# deep; a network off the line has a depth beyond which nothing gets through, in either direction.
#
# ## A surface one can look at
#
# Qiu illustrates the trouble by the smallest deep network there is, two units in a row,
#
# $$ y = \sigma\bigl(w_2\, \sigma(w_1 x)\bigr), \tag{4.85} $$
#
# with one example, $x = 1$, whose target is 1, and draws the squared error $(1 - y)^2$ and the cross-entropy over the plane of the two weights (figure
# 4.10). Beside the equation the cross-entropy is printed as $\ln y$; the figure shows $-\ln y$, and so does this one. (That the printed form cannot be
# meant is shown in the section on [back-propagation](../backprop/backpropagation.ipynb).) With two parameters, everything about a surface can be computed, its second
# derivatives included. Where the Hessian has eigenvalues of both signs, the surface bends up in one direction and down in another, so that
# it is **not convex** (非凸). Those regions are hatched.

# %%
show_source(two_unit_surface.hessian)

# %% mystnb={"image": {"alt": "Three contour plots over the plane of w1 and w2. Squared error and cross-entropy of one example fall towards large w2; for the squared error the lower half is flat, for the cross-entropy it slopes. Hatched regions, where the Hessian is indefinite, cover large parts of both, among them the line w2 equal to zero. The third plot, cross-entropy of two opposite examples, has a saddle at the origin with valleys leading to two opposite corners."}}
w1, w2 = np.meshgrid(np.linspace(-8, 8, 161), np.linspace(-8, 8, 161))
one, two = ([1.0], [1.0]), ([1.0, -1.0], [1.0, 0.0])
panels = {"squared error": (*one, "squared_error"), "cross-entropy": (*one, "cross_entropy")}
panels["two opposite examples"] = (*two, "cross_entropy")
plt.rcParams.update({"hatch.color": "white", "hatch.linewidth": 0.6})
fig, axes = plt.subplots(1, 3, figsize=(7.6, 3), sharey=True)
indefinite = {}
for ax, (title, arguments) in zip(axes, panels.items()):
    surface = two_unit_surface.loss(w1, w2, *arguments)
    indefinite[title] = np.linalg.det(two_unit_surface.hessian(w1, w2, *arguments)) < 0
    shown = ax.contourf(w1, w2, surface, 14, cmap=plot.SEQUENTIAL)
    ax.contourf(w1, w2, indefinite[title], [0.5, 1.5], colors="none", hatches=["///"])
    fig.colorbar(shown, ax=ax, shrink=0.9, orientation="horizontal", ticks=plt.MaxNLocator(4))
    ax.set_title(title, fontsize=9)
    ax.set_xlabel("$w_1$")
    ax.grid(False)
axes[0].set_ylabel("$w_2$")
plt.show()

# %% [markdown]
# A hatched area is a picture; a proof is better. On the line $w_2 = 0$ the output is ½ whatever $w_1$ is. The loss does not change along the line,
# so the second derivative by $w_1$ is 0 there. The mixed derivative is not, and a symmetric matrix with a zero on the diagonal and
# something beside it has a negative determinant, that is, eigenvalues of both signs:
#
# $$ \det \nabla^2 L = -\bigl(\ell'(0)\, x\, \sigma'(w_1 x)\bigr)^2 < 0 \qquad\text{on } w_2 = 0 . $$

# %%
for title, arguments in list(panels.items())[:2]:
    low, high = np.linalg.eigvalsh(two_unit_surface.hessian(0.5, 0.0, *arguments))
    print(f"{title}: eigenvalues at (0.5, 0) are {low:.4f} and {high:.4f}; hatched {indefinite[title].mean():.0%}")
    assert low < 0 < high

# %% [markdown]
# So neither loss is convex. But is there a saddle, a point without slope? We looked for one and found that on this surface there is *no stationary
# point at all*. The derivative by $w_2$ is $\ell'(z)\, \sigma(w_1 x)$, and both factors have a fixed sign: more $w_2$ is always better, the valley runs to infinity,
# and no minimum is ever reached. What figure 4.10 shows are plateaus. A true saddle needs two examples that disagree. Take $x = 1$ with target 1, and $x = -1$ with target 0: at the origin both outputs are
# ½, the two slopes cancel, and in the third panel the valleys lead off to two opposite corners.

# %%
downhill = two_unit_surface.gradient(w1, w2, *panels["cross-entropy"])[..., 1].max()
print(f"one example: the largest derivative by w2 on the grid is {downhill:.1e}")
slope = two_unit_surface.gradient(0.0, 0.0, *panels["two opposite examples"])
low, high = np.linalg.eigvalsh(two_unit_surface.hessian(0.0, 0.0, *panels["two opposite examples"]))
print(f"two examples: gradient at the origin {slope}, eigenvalues {low:.3f} and {high:.3f}")
assert downhill < 0
assert np.all(slope == 0)
assert low < 0 < high

# %% [markdown]
# That saddle is the starting point of everyone who initialises with zeros.
#
# ### What cross-entropy mends, and what it does not
#
# In the lower right corner of the first two panels the network is sure and wrong: $y \approx 0$. The squared error is flat there, the
# cross-entropy is not. Compare the two gradients at one such place.

# %%
for name in two_unit_surface.LOSSES:
    by_w1, by_w2 = two_unit_surface.gradient(6.0, -6.0, *one, name)
    print(f"{name:14s} dL/dw1 = {by_w1:.2e}   dL/dw2 = {by_w2:.2e}   ratio {abs(by_w1 / by_w2):.4f}")

# %% [markdown]
# Cross-entropy makes both a couple of hundred times larger, and *by the same factor*: it cancels the one slope $\sigma'(z)$ of the output unit that
# the squared error carries. The ratio of the first weight to the second is untouched, because the slope inside, $\sigma'(w_1 x)$, is still in the product. In a
# deep network one factor of many is restored, that of the last layer. To see it, take six layers, make them confidently wrong by
# a bias of 6 on one class, and compare both losses layer by layer.

# %%
digits = load_digits()
xd, yd = torch.tensor(digits.X_train), torch.tensor(digits.y_train)
wrong = DeepStack([64, *[30] * 5, 10], generator=torch.Generator().manual_seed(0))
with torch.no_grad():
    wrong.layers[-1].bias[0] = 6.0
others, one_hot = yd > 0, torch.eye(10)
entropy = gradient_norms(wrong, xd[others], yd[others])
squared = gradient_norms(
    wrong, xd[others], yd[others], loss=lambda s, t: ((torch.softmax(s, 1) - one_hot[t]) ** 2).sum() / (2 * len(t))
)
print("cross-entropy:", "  ".join(f"{norm:.1e}" for norm in entropy))
print("squared error:", "  ".join(f"{norm:.1e}" for norm in squared))
print("their ratio:  ", "  ".join(f"{ratio:.1f}" for ratio in entropy / squared))
assert np.all(entropy / squared > 5)
assert entropy[-1] / entropy[0] > 1000

# %% [markdown]
# Every layer gains, by nearly the same factor; the first is still more than a thousand times slower than the last. Choosing the right loss for the output is right, and
# it is not a cure for depth.
#
# ## Can a larger learning rate help?
#
# That is Qiu's exercise 4-9, and every student's first idea. The gradient of the first layer is a thousand times too small: why not
# multiply it by a thousand? We tried it on the digits of 8 × 8 pixels, with five hidden layers of 30 logistic units and weights from
# $\mathcal N(0, 1/n)$: ten rates over nearly five powers of ten, 60 epochs each, three draws. It is recorded, and one of the runs can be
# repeated here:

# %%
from nndl_support.training import fit


def train(stack, groups, epochs=60, optimizer=torch.optim.SGD, **options):
    """Test accuracy after training in batches of 100."""
    fit(
        stack,
        torch.nn.CrossEntropyLoss(),
        (xd, yd),
        optimizer(groups, **options),
        epochs=epochs,
        batch_size=100,
        seed=0,
    )
    with torch.no_grad():
        return (stack(torch.tensor(digits.X_test)).argmax(1).numpy() == digits.y_test).mean()


stack = DeepStack([64, *[30] * 5, 10], generator=torch.Generator().manual_seed(0))
print(f"one rate of 1.0 for all layers: accuracy {train(stack, stack.parameters(), lr=1.0):.3f}")

# %%
sweep = records.load("activations/learning_rate_sweep")["figures"]


def mean_of(kind, figure, label=None):
    """Rates, and the mean over the draws of a figure (the first layer's where there is one per layer)."""
    chosen = [run for run in sweep if run["kind"] == kind and label in (None, run["label"])]
    rates = sorted({run["rate"] for run in chosen})
    return rates, [np.mean([np.ravel(run[figure])[0] for run in chosen if run["rate"] == rate]) for rate in rates]


# %% mystnb={"image": {"alt": "Against the learning rate on a logarithmic axis, from 0.003 to 1000. Left: test accuracy, flat at about one tenth for a single rate at every value, with a rate per layer a peak of a little more than a half, and horizontal lines for four remedies, three above nine tenths and that of ReLU at about eight tenths. Right: the relative change of the first weight matrix, at most a few hundredths up to a rate of 30 and steeply rising beyond, and the share of saturated units in the last hidden layer, which jumps from zero to one between 3 and 10."}}
fig, (left, right) = plt.subplots(1, 2, figsize=(7.4, 3.3))
left.semilogx(*mean_of("global", "test_accuracy"), "o-", label="one rate")
left.semilogx(*mean_of("layerwise", "test_accuracy"), "s--", label="a rate per layer")
for label, colour, line in zip(
    ("4 x Xavier", "tanh", "relu, He", "shortcuts"), plot.PALETTE[2:], ("-", "--", "-.", ":")
):
    left.axhline(mean_of("remedy", "test_accuracy", label)[1][0], color=colour, ls=line, label=label)
left.set(xlabel="learning rate, or length of the first step", ylabel="test accuracy", ylim=(0, 1.02))
left.legend(fontsize=7, loc="center right")
right.semilogx(*mean_of("global", "moved"), "o-", label="relative change of $W^{(1)}$")
right.semilogx(*mean_of("global", "saturated"), "s--", label="saturated share, layer 5")
right.set(xlabel="learning rate", ylabel="share")
right.legend(fontsize=7)
plt.show()

# %%
rates, accuracies = mean_of("global", "test_accuracy")
saturated = dict(zip(*mean_of("global", "saturated")))
moved = dict(zip(*mean_of("global", "moved")))
print(f"one rate: best accuracy {max(accuracies):.3f} over rates from {rates[0]} to {rates[-1]}")
for rate in (1.0, 10.0, 100.0):
    print(
        f"rate {rate:5.0f}: first layer moved by {moved[rate]:.1%}, last hidden layer saturated {saturated[rate]:.0%}"
    )
print(f"a rate per layer: best accuracy {max(mean_of('layerwise', 'test_accuracy')[1]):.3f}")
relu = [(run["test_accuracy"], run["losses"]) for run in sweep if run["label"] == "relu, He"]
print(
    "relu:",
    "; ".join(f"accuracy {right:.3f}, loss {min(loss):.3f} at best, {loss[-1]:.3f} at last" for right, loss in relu),
)
assert max(accuracies) < 0.2
assert saturated[100.0] > 0.9 > 0.1 > saturated[1.0]

# %% [markdown]
# Within 60 epochs: no. At *no* single rate does the network do much better than guessing. The right panel says why. Up to a rate of a few, the first layer practically stands
# still. From about ten on, the upper layers, for which such a rate is absurd, throw their units into saturation, and through a saturated layer no error passes
# (still larger rates move the first layer, but only as a blow of the first steps). There is no room between "too small for the bottom" and "too large for the top":
# the gradients of the layers are three powers of ten apart, and one number has to serve them all. (The line of ReLU lies lower than its fellows for an
# honest reason: at the rate of 0.3 one of its three draws had learnt the digits and was then thrown out again by a step too long, an explosion of the kind above.)
#
# The better question is whether each layer could have *its own* rate, in inverse proportion to its gradient, so that the first step
# moves every layer by the same length. That helps somewhat, at the best step length, and less than one hopes, for a reason worth knowing: the factor between the layers is not a
# constant of the network. As soon as the upper layers begin to work, the gradients below them grow, and the enormous rate of the first layer, right for
# the first step, is ruinous for the fiftieth. Rates must *follow* the gradients. That is what Adam does, an optimiser of the next chapter, and with Adam the
# same network learns, from the same starts:

# %%
adam = np.mean(mean_of("adam", "test_accuracy")[1])
print(f"Adam, 60 epochs: test accuracy {adam:.3f}")
assert adam > max(mean_of("layerwise", "test_accuracy")[1]) + 0.1

# %% [markdown]
# ### Patience
#
# And if one simply waits? We gave three of the rates a thousand epochs instead of sixty.

# %% mystnb={"image": {"alt": "Training loss against the epoch for rates 0.3, 1 and 3, three draws each. All nine curves lie flat at 2.3 for two hundred to six hundred epochs, then leave it suddenly and fall to nearly zero, with single spikes; two of rate 3 are the first to leave."}}
patient = [run for run in sweep if run["kind"] == "patience"]
fig, ax = plt.subplots(figsize=(7, 3))
for rate, colour, line in zip((0.3, 1.0, 3.0), plot.PALETTE, ("-", "--", "-.")):
    for run in (run for run in patient if run["rate"] == rate):
        label = f"rate {rate}" if run["seed"] == 0 else None
        ax.plot(np.arange(1, len(run["losses"]) + 1), run["losses"], line, color=colour, lw=1.1, label=label)
ax.set(xlabel="epoch", ylabel="cross-entropy (nats)")
ax.legend()
plt.show()

# %%
for rate in (0.3, 1.0, 3.0):
    runs = [run for run in patient if run["rate"] == rate]
    escapes = [int(np.argmax(np.array([*run["losses"], 0.0]) < 2.0)) for run in runs]
    accuracies = ", ".join(f"{run['test_accuracy']:.3f}" for run in runs)
    print(f"rate {rate}: epochs before the loss is below 2: {escapes}; test accuracy {accuracies}")
    assert min(escapes) > 100
    assert min(run["test_accuracy"] for run in runs) > 0.9
quick = [int(np.argmax(np.array([*run["losses"], 0.0]) < 2.0)) for run in sweep if run["kind"] == "remedy"]
print(f"the same for the remedies of the figure: at most {max(quick)}")
assert max(quick) < 10

# %% [markdown]
# We did not expect that. For hundreds of epochs the loss stands at that of guessing, without any sign that something is going on, and then every one of the nine
# runs falls off its plateau and ends with more than nine digits in ten right. A vanished gradient is small; it is not wrong, and it is not zero. The first
# layers creep, the information that reaches the top slowly grows, and since both grow with each other, the end is sudden.
#
# So the measured answer to exercise 4-9 has three parts. A larger rate *does* shorten the wait, but ten times the rate by far less than ten times. The
# gain ends where the upper layers saturate, here between 3 and 10, long before it could make up for three powers of ten. And a network that repairs the
# product instead leaves the same plateau within a handful of epochs. (Had the experiment ended after 60 epochs, as our first version of it did,
# we should have written that the network cannot be trained. A budget is not a proof.)
#
# ## What does help
#
# Four remedies were drawn as horizontal lines above. They repair the product itself. To see how, let us make
# the stack deep, thirty layers, and look at the gradient in each of them before training.

# %% mystnb={"image": {"alt": "Norm of the weight gradient on a logarithmic axis against the layer, 2 to 30, for five stacks of 31 layers. The plain logistic stack falls along a straight line to below ten to the minus fifteen. The logistic stack with weights four times as large falls far more slowly, by between six and seven powers of ten; tanh and relu and the logistic stack with shortcuts stay within about one power of ten."}}
recipes = {
    "logistic": {},
    "logistic, 4 x": {"gain": 4.0},
    "tanh": {"activation": "tanh"},
    "relu, He": {"activation": "relu", "gain": 2**0.5},
    "logistic, shortcuts": {"residual": True},
}
norms = {}
for label, options in recipes.items():
    deep = DeepStack([64, *[30] * 30, 10], generator=torch.Generator().manual_seed(0), **options)
    norms[label] = gradient_norms(deep, xd, yd)[1:-1]
fig, ax = plt.subplots(figsize=(7, 3.2))
plot.loss_curves(norms, ax=ax, steps=dict.fromkeys(norms, np.arange(2, 31)), log=True, xlabel="layer")
ax.set_ylabel("norm of the weight gradient")
plt.show()

# %%
for label, values in norms.items():
    print(f"{label:20s} second layer over thirtieth: {values[0] / values[-1]:.1e}")
assert norms["logistic"][0] / norms["logistic"][-1] < 1e-12
assert min(norms[label][0] / norms[label][-1] for label in ("tanh", "relu, He", "logistic, shortcuts")) > 1e-3

# %% [markdown]
# - **Initialisation** (初始化). Weights chosen so that $\chi = 1$: He's for ReLU. For logistic layers four times the usual size is a step in that direction, and enough for the
#   six layers of the sweep (labelled "4 x Xavier" above, after Xavier Glorot). But the balance is one of the first step; nothing keeps it.
# - **Another function.** With slope 1 at the origin, or on half the line, the balance needs no large weights, and is easier to keep.
# - **Shortcuts** (残差连接). A residual layer computes $h + f(Wh + b)$ (He et al. 2016). Its Jacobian is the identity *plus* the product we worried
#   about, so that an error has one way down on which nothing multiplies it. Even the logistic function, the worst of all, then delivers the error
#   through thirty layers. (The layers of recurrent networks called LSTM and GRU use the same trick in time.)
# - **Normalisation** (归一化) resets the variance $q$ at every layer while the network learns, instead of once at the start. It belongs to the chapter on
#   optimisation.
#
# Why does the curve of "logistic, 4 x" still fall, by more than six powers of ten? Because $\chi = 4^2/16 = 1$ is the value for net inputs near 0, and they are not near 0: logistic
# outputs have the mean ½, which four times the weight turns into a large variance $q$, and there the slopes are smaller. It is the bias shift of the
# [first section](sigmoid_family.ipynb) again. The race there began, for fairness, with biases that cancel the mean, $b_i = -\frac12 \sum_j W_{ij}$; here they are the cure. First the prediction, then the cure:

# %%
q = random_depth.settled_variance("logistic", 4.0)
predicted = random_depth.backward_factor(q, "logistic", 4.0) ** 0.5
values = norms["logistic, 4 x"]
print(
    f"q settles at {q:.1f}: predicted factor per layer {predicted:.2f}, measured {(values[0] / values[-1]) ** (1 / 28):.2f}"
)

# %%
deep = DeepStack([64, *[30] * 30, 10], gain=4.0, generator=torch.Generator().manual_seed(0))
with torch.no_grad():
    for layer in deep.layers[1:-1]:
        layer.bias.copy_(-layer.weight.sum(dim=1) / 2)
values = gradient_norms(deep, xd, yd)[1:-1]
print(f"with biases that cancel the mean: second layer over thirtieth {values[0] / values[-1]:.1e}")
assert values[0] / values[-1] > 1e3 * norms["logistic, 4 x"][0] / norms["logistic, 4 x"][-1]

# %% [markdown]
# Nearly all of the error arrives. With its mean cancelled, a logistic layer with four times the weights is, by $\tanh x = 2\sigma(2x) - 1$, a tanh layer at its critical point $\sigma_w = 1$.
#
# Two of the four remedies, run here on the six-layer network of the sweep:

# %%
reached = {}
for label, rate, options in (("4 x Xavier", 1.0, {"gain": 4.0}), ("shortcuts", 0.3, {"residual": True})):
    stack = DeepStack([64, *[30] * 5, 10], generator=torch.Generator().manual_seed(0), **options)
    reached[label] = train(stack, stack.parameters(), lr=rate)
print(", ".join(f"{label}: accuracy {value:.3f}" for label, value in reached.items()))
assert min(reached.values()) > 0.9

# %% [markdown]
# ## Checked against PyTorch
#
# Every norm above came out of `gradient_norms`. For our own estimators it uses the back-propagation of this book, for modules it uses PyTorch's
# automatic differentiation. Give both the same weights, and they have to agree, for each layer and each activation. The estimator has been trained for
# one epoch, so that the weights are not special; its biases are checked as well.

# %%
torch_functions = {"logistic": torch.nn.Sigmoid, "tanh": torch.nn.Tanh, "relu": torch.nn.ReLU}
torch_functions |= {"gelu": torch.nn.GELU, "selu": torch.nn.SELU}
for name, function in torch_functions.items():
    ours = MLPClassifier((30, 20, 30), activation=name, learning_rate=0.01, max_epochs=1, random_state=0)
    ours.fit(digits.X_train, digits.y_train)
    pieces = []
    for W, b in zip(ours.coefs_, ours.intercepts_):
        linear = torch.nn.Linear(*W.shape, dtype=torch.float64)
        linear.load_state_dict({"weight": torch.tensor(W.T), "bias": torch.tensor(b)})
        pieces += [linear, function()]
    theirs, worst = torch.nn.Sequential(*pieces[:-1]), 0.0
    for of in ("weights", "biases"):
        both = [gradient_norms(net, digits.X_train, digits.y_train, of=of) for net in (ours, theirs)]
        worst = max(worst, np.abs(both[0] / both[1] - 1).max())
    print(f"{name:9s} largest relative difference over four layers: {worst:.1e}")
    assert worst < 1e-10

# %% [markdown]
# ## What goes wrong when one measures
#
# Three traps we fell into while writing this section.
#
# *Norms of different things.* The weight gradient of the first layer of an MNIST network has 23,520 entries, that of the second 900. Its norm is
# larger for that reason alone. Compare bias gradients, or layers of the same shape, as the figure of thirty layers does by leaving out the first and the last.
#
# *The penalty.* An update also contains the slope of the weight penalty, $\alpha W$. In a layer whose gradient has vanished, this is all that is left, and a
# log of "gradient norms" taken from the optimiser looks perfectly healthy. `MLPClassifier.gradients` therefore leaves the penalty out:

# %%
starved = MLPClassifier((30,) * 8, activation="logistic", initialisation="he", max_epochs=1, random_state=0)
starved.fit(digits.X_train, digits.y_train)
by_loss = gradient_norms(starved, digits.X_train, digits.y_train)[0]
by_penalty = starved.alpha * np.linalg.norm(starved.coefs_[0])
print(f"first of nine layers: gradient of the loss {by_loss:.1e}, of the penalty {by_penalty:.1e}")
assert by_penalty > 10 * by_loss

# %% [markdown]
# *The sum over examples.* A mean gradient of zero can mean that nothing arrives, or that what arrives cancels. The plateau of the logistic
# network was the second; only the $\delta$ of single examples told us.
#
# ## Exercises
#
# **1.** Show that no chain of *tanh* units with $|w_l| \le 1$ can have an exploding gradient, and find one with $w = 2$ that does. At which input?
#
# <details>
# <summary>Hint</summary>
#
# The steepest slope of tanh is 1, at 0. With biases of 0 and the input 0, every net input is 0 and each unit multiplies by $w$:
# `chain_bias_gradients(np.full(10, 2.0), np.zeros(10), 0.0, 1.0, "tanh")`. As with the logistic chain, the slope integrated over $[-1, 1]$ is at most 2.
# </details>
#
# **2.** For which $w$ is the window of a *tanh* unit, the inputs with $w \tanh'(wa) \ge 1$, the widest, and how wide is it?
#
# <details>
# <summary>Answer</summary>
#
# $\tanh'(z) = 1/\cosh^2 z$, so the condition is $\cosh^2 z \le w$ and the width is $\frac{2}{w}\operatorname{arccosh}\sqrt w$, open from $w = 1$ on. With
# $\cosh 2u = 2\cosh^2 u - 1$ it equals $\frac1w \operatorname{arccosh}(2w - 1)$: put $4w$ for the weight in the formula of the logistic unit, and twice its
# width comes out, as $\tanh(z) = 2\sigma(2z) - 1$ demands. The maximum is therefore at a quarter of the logistic 6.9, about 1.7, and about 0.9 wide.
# </details>
#
# **3.** The critical $\sigma_w$ of GELU without biases. Does $\chi = 1$ suffice to keep the gradient *and* the signal?
#
# <details>
# <summary>Hint</summary>
#
# Iterate `next_variance("gelu", ...)` for several $\sigma_w$ and look at `backward_factor` along the way. GELU is not scale-free: the variance at which $\chi = 1$
# may not be one at which $q$ stays. Which of the two runs away first?
# </details>
#
# **4.** (Exercise 4-9, continued.) Rescale *every* step so that each layer moves by the same length, $W \leftarrow W - c\, g_l/\lVert g_l\rVert$. Does the six-layer
# logistic network learn? Compare with the fixed rates per layer.
#
# <details>
# <summary>Hint</summary>
#
# Write the loop by hand: `loss.backward()`, then for each layer divide the gradients by their norm before stepping, with $c$ near 0.1 and falling to 0,
# because such steps never get shorter by themselves.
# </details>
#
# **5.** Plot the test accuracy of `DeepStack(..., residual=True)` with logistic units against the depth, up to 60 layers. How does it fall, and which quantity tells you
# beforehand?
#
# <details>
# <summary>Hint</summary>
#
# A logistic unit is never negative, so that $h + f(\cdot)$ only ever grows: look at the size of the last $h$. A function that is centred, or a factor in front of $f$,
# keeps it in bounds.
# </details>
#
# ## Summary
#
# - Between two layers an error is multiplied by a matrix and by slopes. With slopes of at most ¼ and matrices that lengthen nothing, $0.25^n$ arrives, at most.
# - Larger weights can beat the bound, but only at a few inputs: for a chain of single units the mean slope is at most 1.
# - In typical random layers the squared error term changes by $\chi = \sigma_w^2\, \mathbb E f'(z)^2$ per layer. Vanishing and exploding are the two sides of $\chi = 1$.
# - What weakens errors on the way down weakens information on the way up.
# - Cross-entropy restores the factor of the last layer, and no other.
# - A larger learning rate shortens the wait a little, until the top saturates. Initialisation, other functions, shortcuts and normalisation act on
#   the product itself; three of these four, tried here, leave the plateau within six epochs.
#
# ## Sources
#
# - Qiu (2019), 《神经网络与深度学习》, sections 4.1 and 4.6, [nndl.github.io](https://nndl.github.io/).
# - Nielsen (2015), *Neural Networks and Deep Learning*, [chapter 5](http://neuralnetworksanddeeplearning.com/chap5.html).
# - Hansen (2019), [Activation functions explained](https://mlfromscratch.com/activation-functions-explained/); in Chinese 《从ReLU到GELU，一文概览神经网络的激活函数》.
# - Hochreiter (1998), The vanishing gradient problem during learning recurrent neural nets and problem solutions,
#   [doi:10.1142/S0218488598000094](https://doi.org/10.1142/S0218488598000094).
# - Bengio, Simard and Frasconi (1994), Learning long-term dependencies with gradient descent is difficult,
#   [doi:10.1109/72.279181](https://doi.org/10.1109/72.279181).
# - Glorot and Bengio (2010), Understanding the difficulty of training deep feedforward neural networks,
#   [AISTATS](https://proceedings.mlr.press/v9/glorot10a.html).
# - He, Zhang, Ren and Sun (2015), Delving deep into rectifiers, [arXiv:1502.01852](https://arxiv.org/abs/1502.01852); (2016), Deep residual learning for image
#   recognition, [arXiv:1512.03385](https://arxiv.org/abs/1512.03385).
# - Poole, Lahiri, Raghu, Sohl-Dickstein and Ganguli (2016), Exponential expressivity in deep neural networks through transient chaos,
#   [arXiv:1606.05340](https://arxiv.org/abs/1606.05340); Schoenholz, Gilmer, Ganguli and Sohl-Dickstein (2017), Deep information
#   propagation, [arXiv:1611.01232](https://arxiv.org/abs/1611.01232).
# - Pascanu, Mikolov and Bengio (2013), On the difficulty of training recurrent neural networks (clipping), [arXiv:1211.5063](https://arxiv.org/abs/1211.5063).
