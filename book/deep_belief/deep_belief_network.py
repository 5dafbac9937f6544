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
# # Deep belief network (深度信念网络)
#
# A network with many layers, thought most people in 2005, cannot be trained. In 2006 Geoffrey Hinton, Simon Osindero and Yee-Whye Teh trained one, and their recipe sounds too simple to be true: train a restricted
# Boltzmann machine, treat its hidden units as if they were data, train the next machine on *them*, and so forth. Nobody doubted that one can do this. The question is why it should *help*. When you put a second machine on top
# of the first, does the whole become a better model of the data than the first machine was alone, or only a taller one?
#
# There is an answer, with a proof of five lines, and on networks small enough to list every state we can watch it to ten decimal places: where it holds, how much it gives, and what happens when one of its premises is dropped. On the way the
# network learns to dream: at the end you ask it for a seven, and it draws one.
#
# **You need:** the [restricted Boltzmann machine](restricted_boltzmann_machine.ipynb) with its free energy and contrastive divergence, and from [the partition function](partition_function.ipynb) what annealed importance sampling does.
# Kullback–Leibler divergence and Jensen's inequality appear once each.
#
# **Time to run:** see the [Execution](../execution.md) page. About 40 seconds on one core.
#
# Equation numbers are those of Qiu (2019), 《神经网络与深度学习》, chapter 12.

# %% tags=["install", "hide-cell"]
# Only where the package is missing, as on Colab.
import importlib.util

if importlib.util.find_spec("nndl_support") is None:
    print("This notebook needs the package nndl_support: run pip install '.[data]' in a copy of its repository.")

# %%
import copy
import itertools
import math
from collections import Counter

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.neighbors import KNeighborsClassifier

# %%
from nndl_support import plot
from nndl_support.data.bars_and_stripes import make_bars_and_stripes
from nndl_support.data.digits import load_digits, load_mnist, load_mnist_5k
from nndl_support.data.registry import DownloadError
from nndl_support.deep_belief import dbn_bound, enumeration, explaining_away, sigmoid_belief, wake_sleep
from nndl_support.deep_belief.belief_stack import BeliefStack, Layer, bernoulli_log_probability
from nndl_support.deep_belief.complementary_prior import tied_log_likelihood, tied_posterior, transition_matrix
from nndl_support.deep_belief.dbn import DeepBeliefNetwork
from nndl_support.deep_belief.deep_boltzmann import DeepBoltzmannMachine
from nndl_support.deep_belief.exact_wake_sleep import climb, exact_wake_sleep
from nndl_support.deep_belief.harmonium import Harmonium
from nndl_support.deep_belief.layer_machine import LayerMachine, upside_down
from nndl_support.deep_belief.moments import moments
from nndl_support.deep_belief.partition import annealed_importance_sampling
from nndl_support.deep_belief.rbm import RestrictedBoltzmannMachine
from nndl_support.deep_belief.units import BernoulliUnits
from nndl_support.device import pick_device
from nndl_support.source import show_source

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
plot.use_style()

# %% [markdown]
# ## Causes and effects
#
# A Boltzmann machine has opinions, not causes: every connection works in both directions. Let us give the connections a direction. Units stand in an order, each is switched on by its **parents** among the earlier ones, and the probability is a logistic function of what they send:
#
# $$ p(x_k = 1 \mid x_{\pi_k}) = \sigma\Bigl(b_k + \sum_{i \in \pi_k} W_{ik}\, x_i\Bigr) \tag{12.65} $$
#
# This is a **sigmoid belief network** (Sigmoid 信念网络, SBN; Radford Neal 1992). The joint probability is the product of these factors. There is no partition function, and a sample needs a single pass, from the causes down to the effects: toss the coin of each unit once its parents are known.

# %%
show_source(bernoulli_log_probability, sigmoid_belief.SigmoidBeliefNetwork.log_joint)

# %% [markdown]
# Generating is that easy. Now turn the question round. You see the effects: what were the causes? Hinton, Osindero and Teh tell it with a house that jumps. An earthquake makes houses jump; so does a truck that drives into one. Both are rare, with odds of
# $e^{-10}$, and they have nothing to do with each other. Then the house jumps.

# %%
network = explaining_away.earthquake_and_truck()
states, p = network.posterior({2: 1})
for (truck, earthquake, _), probability in zip(states.int().tolist(), p):
    print(f"truck {truck}, earthquake {earthquake}: {probability:.5f}")
with_truck = network.posterior({0: 1, 2: 1})[1][1]
print(f"earthquake, given the jump: {p[1] + p[3]:.4f}; given the jump and a truck: {with_truck:.6f}")
assert abs(p[1] + p[3] - 0.5) < 1e-3
assert with_truck < 1e-3

# %% [markdown]
# Given the jump, either cause has a probability of one half, but not independently. As soon as somebody reports a truck, the earthquake falls back to its old rarity: the truck **explains it away** (相消解释). Two causes that were independent have become almost perfect opposites, because they share an effect.
#
# This is the curse of directed models. To learn one needs the posterior of the causes, and the posterior is not a product, however simple the prior was. How badly does the best product fit? Its distance from the posterior is the **total correlation** (总相关), the Kullback–Leibler divergence between a distribution and the product of its marginals.

# %%
marginals = (p @ states)[:2]
product = torch.where(states[:, :2].bool(), marginals, 1 - marginals).prod(1)
correlation = explaining_away.total_correlation(states[:, :2], p)
print(f"total correlation {correlation:.4f} nats; ln 2 = {math.log(2):.4f}")
assert abs(correlation - math.log(2)) < 2e-3

# %% mystnb={"image": {"alt": "Four states of the two causes with two bars each. The posterior puts one half on earthquake alone and one half on truck alone; the product of its marginals puts a quarter on each of the four states, also on neither and on both."}}
fig, ax = plt.subplots(figsize=(6, 2.8))
place = np.arange(4)
ax.bar(place - 0.2, p, 0.4, label="posterior")
ax.bar(place + 0.2, product, 0.4, label="product of its marginals", hatch="//", edgecolor="white")
ax.set_xticks(place, ["neither", "earthquake", "truck", "both"])
ax.set(ylabel="probability, given the jump")
ax.legend()
plt.show()

# %% [markdown]
# A whole bit is missing. The product puts half of its faith in states that practically never occur: in a jump without reason, and in a disaster with two.
#
# ## Learning with the exact posterior
#
# For a handful of causes the posterior can simply be listed, and then learning is beautiful. The gradient of the likelihood is a **delta rule**, what a child did minus what its parents predicted, averaged over the posterior:
#
# $$ \frac{\partial \log p(v)}{\partial W_{ik}} = \mathbb E_{p(h \mid v)}\bigl[x_i\,\bigl(x_k - p(x_k = 1 \mid x_{\pi_k})\bigr)\bigr] $$
#
# Expectation maximisation (期望最大化, EM) computes the posterior once, climbs for a while, and computes it anew. Our data are pictures of $3 \times 3$ pixels drawn by a network with two causes: one lights the left column, the other the top row, and they meet in a corner.

# %%
show_source(sigmoid_belief.exact_gradient, sigmoid_belief.em_step)

# %%
generator = torch.Generator().manual_seed(0)
effects = torch.zeros(2, 3, 3)
effects[0, :, 0] = effects[1, 0, :] = 6.0
truth = sigmoid_belief.layered([effects.reshape(2, 9)], [torch.zeros(2), torch.full((9,), -3.0)])
pictures = truth.sample(300, generator)[:, 2:]
learnt = []
for _ in range(4):
    net = sigmoid_belief.layered([0.1 * torch.randn(2, 9, generator=generator)], [torch.zeros(2), torch.zeros(9)])
    course = [sigmoid_belief.log_likelihood(net, pictures).mean().item()]
    for _ in range(40):
        net = sigmoid_belief.em_step(net, pictures, n_steps=10, rate=2.0)
        course.append(sigmoid_belief.log_likelihood(net, pictures).mean().item())
    assert min(np.diff(course)) > -1e-9  # EM never goes back
    learnt.append((course[-1], net))

# %%
best = max(learnt, key=lambda pair: pair[0])
of_truth = sigmoid_belief.log_likelihood(truth, pictures).mean().item()
print("four starts end at", ", ".join(f"{end:.3f}" for end, _ in learnt), "nats per picture")
print(f"the network that drew the pictures: {of_truth:.3f}")
assert best[0] > of_truth

# %% mystnb={"image": {"alt": "Weights of the two learnt causes as pictures of three by three pixels with a colour scale. One cause has its large weights on the left column, the other on the top row; one of them is positive, the other negative."}}
W = best[1].W[:2, 2:].reshape(2, 3, 3)
plot.image_grid(W, titles=["weights of cause 1", "weights of cause 2"], signed=True, label="weight")
plt.show()

# %% [markdown]
# The best of four starts explains the pictures a hair better than the network that drew them, for it has seen these pictures and no others, and it has found the column and the row. A cause may come out reversed, as one that *darkens*, with biases that make up for it; the likelihood cannot tell.
#
# Now make both causes rarer, with a bias of $-1$, and cover the picture so that a single pixel is visible, the corner that both can light. It is on.

# %%
corner = sigmoid_belief.layered([effects[:, :1, 0]], [torch.full((2,), -1.0), torch.tensor([-3.0])])
states, p = corner.posterior({2: 1})
column_too = corner.posterior({0: 1, 2: 1})[1][1]
print(f"neither, row, column, both: {np.round(p.numpy(), 3)}")
print(
    f"row {p[1] + p[3]:.3f}; row, if the column is known to be lit {column_too:.3f}, and before any look {torch.sigmoid(corner.b[1]):.3f}"
)
print(f"total correlation {explaining_away.total_correlation(states[:, :2], p):.3f} nats")
assert column_too < p[1] + p[3] - 0.1
assert abs(column_too - torch.sigmoid(corner.b[1])) < 0.02

# %% [markdown]
# Milder than the earthquake, but the same thing: the column explains the corner, and the row goes back almost to what it was before we looked.
#
# The list has $2^H$ rows for $H$ causes. With the 500 of a serious network there are more rows than atoms, and the two usual ways out are both painful: Gibbs sampling of one cause at a time, or a product distribution that ignores what we just saw. In this corner stood the field for fourteen years.
#
# ## The prior that cancels explaining away
#
# Hinton's insight came from a strange construction. Take a restricted Boltzmann machine and write its Gibbs chain down as a stack of layers,
#
# $$ \cdots \to h_1 \to v_1 \to h_0 \to v_0, $$
#
# each arrow a logistic layer, with $W$ on every way from $v$ to $h$ and $W^\top$ on every way from $h$ to $v$. Read from the left this is a sigmoid belief network, and an infinitely deep one. What does it generate? A Gibbs chain that has run for ever has forgotten its start, so $v_0$ has the distribution of the *machine*. A directed
# network with infinitely many layers and one set of weights, and an undirected machine with two layers, are the same model!
#
# And that has a consequence for the posterior. In the machine, $p(h_0 \mid v_0)$ is a product. So it is one in the infinite network too: all the layers above $h_0$ act as a prior on $h_0$ that is correlated in just the way to cancel the correlations that explaining away would create. It is called a **complementary prior** (互补先验).
#
# Can one see this? Cut the network off at a finite depth, let the topmost layer consist of independent units, and compute everything exactly:

# %%
show_source(tied_posterior, transition_matrix)

# %%
generator = torch.Generator().manual_seed(1)
rbm = Harmonium(*(torch.randn(shape, generator=generator) for shape in ((5, 4), (5,), (4,))))
v = torch.tensor([[1.0, 0, 1, 1, 0], [0, 0, 1, 0, 1]])
exact, depths = enumeration.exact_log_likelihood(rbm, v).mean(), list(range(0, 33, 2))
gradient = moments(rbm, v).minus(enumeration.exact_moments(rbm)).W
table = {"likelihood, $|\\Delta \\log p(v)|$": [], "gradient, largest entry": [], "posterior, total correlation": []}
for depth in depths:
    W = rbm.W.clone().requires_grad_()
    value = tied_log_likelihood(Harmonium(W, rbm.a, rbm.b), v, depth).mean()
    (slope,) = torch.autograd.grad(value, W)
    posterior = tied_posterior(rbm, v, depth)
    errors = (abs(value.detach() - exact), (slope - gradient).abs().max())
    correlation = explaining_away.total_correlation(rbm.hidden.states(), posterior).max()
    for row, number in zip(table.values(), (*errors, correlation.clamp_min(1e-16))):
        row.append(float(number))

# %% mystnb={"image": {"alt": "Three curves on a logarithmic axis against the number of pairs of layers above the first hidden layer, from 0 to 32. The error of the likelihood and that of the gradient fall along straight lines to below 1e-9; the total correlation of the posterior falls twice as steeply and reaches the rounding error near depth 20."}}
fig, ax = plt.subplots(figsize=(6.4, 3.2))
for (label, row), marker in zip(table.items(), "os^"):
    ax.semilogy(depths, row, marker + "-", ms=4, label=label)
ax.set(xlabel="pairs of layers above $h_0$", ylabel="distance from the machine (nats; gradient: its units)")
ax.legend()
plt.show()

# %%
second = torch.linalg.eigvals(transition_matrix(rbm)).abs().sort().values[-2].item()
likelihoods, gradients, correlations = table.values()
measured, of_gradient = ((row[-1] / row[-5]) ** (1 / 8) for row in (likelihoods, gradients))
print(f"each pair of layers shrinks the error by {measured:.4f}; second eigenvalue of the Gibbs chain {second:.4f}")
print(f"and that of the gradient by {of_gradient:.4f}")
squared = (correlations[8] / correlations[4]) ** (1 / 8)
print(f"and the total correlation by {squared:.4f}; the square of the eigenvalue is {second**2:.4f}")
assert abs(measured - second) < 0.02
assert abs(of_gradient - second) < 0.05
assert abs(squared - second**2) < 0.02
assert correlations[-1] < 1e-10

# %% [markdown]
# All three lines are straight: the error falls by a constant factor with every pair of layers, and the factor is the second eigenvalue of the Gibbs chain, as it must be for a chain that forgets. The total correlation falls with its square. (The gradient lags a little: its error is the derivative of $\lambda^k$, that is $k \lambda^{k-1}$ times another derivative, and the factor $k$ bends the line.) That line says that even *learning* is the same. In the infinite network, the weight $W$ collects delta rules from infinitely many layers,
#
# \begin{align}
# \frac{\partial \log p(v_0)}{\partial W} &= \langle (v_0 - v_1)\, h_0^\top \rangle + \langle v_1 (h_0 - h_1)^\top \rangle + \langle (v_1 - v_2)\, h_1^\top \rangle + \dots \\
# &= \langle v_0 h_0^\top \rangle - \langle v_\infty h_\infty^\top \rangle,
# \end{align}
#
# where everything in between cancels and the rule of the Boltzmann machine remains. Contrastive divergence after one step now has a meaning as well: it trains the lowest layers and ignores the derivatives of those above.
#
# From here to a deep network it is one step. Learn $W$ with all layers tied. Then *freeze* the lowest one, untie it from the rest, and go on learning the rest, which is still an infinite tied network: another restricted Boltzmann machine, whose data are the $h_0$. Now that is a recipe.
#
# ## The network
#
# Stop untying at some layer, and you have a **deep belief network** (深度信念网络, DBN). Its topmost two layers are a restricted Boltzmann machine, standing for the infinite rest. Below it, everything is directed and points down:
#
# \begin{align}
# p(v, h^{(1)}, \dots, h^{(L)}) &= p(v \mid h^{(1)}) \Bigl(\prod_{l=1}^{L-2} p(h^{(l)} \mid h^{(l+1)})\Bigr) \notag \\
#      &\qquad \times p(h^{(L-1)}, h^{(L)}) \tag{12.61}
# \end{align}
#
# $$ p(h^{(l)} = 1 \mid h^{(l+1)}) = \sigma\bigl(a^{(l)} + W^{(l+1)} h^{(l+1)}\bigr), \qquad h^{(0)} = v \tag{12.64} $$
#
# To guess hidden states from data there is a second set of weights, the **recognition weights** (认知权重); those of (12.64) are the **generative weights** (生成权重). After the greedy training they are the same numbers:
#
# $$ p(h^{(l)} = 1 \mid h^{(l-1)}) = \sigma\bigl(b^{(l)} + (W^{(l)})^\top h^{(l-1)}\bigr) \tag{12.66} $$

# %% mystnb={"image": {"alt": "A drawing of a deep belief network with layers v, h1, h2 and h3 from the bottom up. Double arrows join h2 and h3, the restricted Boltzmann machine at the top. Solid arrows lead from h2 down to h1 and from h1 down to v; dashed arrows lead up."}}
fig, ax = plt.subplots(figsize=(6, 3.6))
sizes, names = (5, 4, 4, 6), ("$v$", "$h^{(1)}$", "$h^{(2)}$", "$h^{(3)}$")
for level, (n, name) in enumerate(zip(sizes, names)):
    x = np.arange(n) - (n - 1) / 2
    ax.scatter(x, np.full(n, level), s=330, color=plot.PALETTE[0] if level else "#999999", zorder=3)
    ax.text(-3.6, level, name, va="center", fontsize=12)
notes = ("12.64 down, 12.66 up", "12.64 down, 12.66 up", "undirected: an RBM")
for level, note in enumerate(notes):
    top = level == 2
    arrows = [(0.0, "<->", "-")] if top else [(-0.25, "<-", "-"), (0.25, "->", "--")]
    for shift, style, line in arrows:
        arrow = {"arrowstyle": style, "linestyle": line, "lw": 2, "color": plot.PALETTE[1]}
        ax.annotate("", (shift, level + 0.8), (shift, level + 0.2), arrowprops=arrow)
    ax.text(0.9, level + 0.5, note, va="center", fontsize=9)
ax.set(xlim=(-4, 4), ylim=(-0.5, 3.5))
ax.axis("off")
plt.show()

# %% [markdown]
# A misprint to know: the public draft prints (12.64) and (12.66) with the *same* $W^{(l)}$ and no transpose in either. For layers of different size that does not multiply; for layers of the same size it multiplies and is wrong. We take a machine with as many hidden as visible units, list its states, and ask which formula gives its conditional probabilities.

# %%
square = Harmonium(torch.randn(3, 3, generator=generator), torch.zeros(3), torch.zeros(3))
v_all, h_all = square.visible.states(), square.hidden.states()
joint = torch.stack([-square.energy(v_all, h.expand(8, 3)) for h in h_all]).exp()  # (h, v)
from_table = (joint / joint.sum(1, keepdim=True)) @ v_all
down, printed = torch.sigmoid(h_all @ square.W.T), torch.sigmoid(h_all @ square.W)
print(
    f"with one transpose: error {(down - from_table).abs().max():.0e}; as printed: {(printed - from_table).abs().max():.2f}"
)
assert (down - from_table).abs().max() < 1e-12 < 0.05 < (printed - from_table).abs().max()

# %% [markdown]
# And is (12.61) a distribution at all, with its mixture of directed and undirected parts? Take a network with layers of 5, 3, 2 and 4 units, random and *untied*, write the formula down for each of its $2^{14}$ states, and add.

# %%
sizes = (5, 3, 2, 4)
ways = [Layer(torch.randn(m, n, generator=generator), torch.randn(n, generator=generator)) for m, n in ((3, 5), (2, 3))]
back = [Layer(torch.randn(m, n, generator=generator), torch.randn(n, generator=generator)) for m, n in ((5, 3), (3, 2))]
top = Harmonium(torch.randn(2, 4, generator=generator), torch.zeros(2), torch.zeros(4))
random_stack = BeliefStack(back, ways, top)
v, h1, h2, h3 = BernoulliUnits(sum(sizes)).states().split(sizes, dim=1)
log_p = random_stack.log_directed([v, h1, h2]) - top.energy(h2, h3) - enumeration.log_z(top)
print(f"{len(log_p)} states, sum of their probabilities - 1 = {log_p.exp().sum() - 1:.1e}")
assert abs(log_p.exp().sum() - 1) < 1e-10

# %% [markdown]
# ## Why stacking helps
#
# Now the five lines. Let $q(h \mid v)$ be the product that the first machine uses to infer $h = h^{(1)}$. For any model with hidden units, Jensen's inequality gives a **variational bound** (变分下界)
#
# \begin{align}
# \log p(v) &\ge \mathcal L(v) = \mathbb E_{q(h \mid v)}\bigl[\log p(v \mid h) + \log p(h)\bigr] + H\bigl(q(h \mid v)\bigr) \\
# &= \log p(v) - \operatorname{KL}\bigl(q(h \mid v) \,\|\, p(h \mid v)\bigr).
# \end{align}
#
# 1. For the first machine itself, $q$ *is* the posterior. The divergence is zero, and the bound equals the log-likelihood.
# 2. The first machine defines $p(v \mid h)$ and $p(h)$ by the same $W$. Freeze $p(v \mid h)$ and $q$; replace $p(h)$ by anything else. Only one term of the bound moves, $\mathbb E_{q}[\log p(h)]$.
# 3. That term, averaged over the data, is the log-likelihood of a model of $h$ whose data are drawn from $q(h \mid v)$. So train a second machine on hidden states of the first.
# 4. If the second starts as the first turned upside down, weights $W^\top$ and biases exchanged, its $p(h)$ is the old one, and nothing has changed.
# 5. So every step uphill from there raises the bound above the likelihood of the first machine, and the likelihood of the whole lies higher still.
#
# Our test is the 14 bars and stripes of $3 \times 3$ pixels, one machine with five hidden units, and full lists of all states. Nothing is sampled.

# %%
show_source(dbn_bound.exact_bound, dbn_bound.log_weights, upside_down)

# %%
bars = torch.tensor(make_bars_and_stripes(3).X, dtype=torch.float64)
options = {"method": "exact", "learning_rate": 0.3, "batch_size": 14, "n_epochs": 1500, "random_state": 0}
first = RestrictedBoltzmannMachine(5, **options).fit(bars.numpy()).harmonium_
alone = enumeration.exact_log_likelihood(first, bars)
stack = BeliefStack.from_machines([first, upside_down(first)])
difference = (dbn_bound.exact_bound(stack, bars) - alone).abs().max()
print(f"one machine: {alone.mean():.4f} nats; the bound of the stack differs by {difference:.1e}")
assert difference < 1e-10

# %% [markdown]
# Premise 4 confirmed. Now the second machine learns by exact gradient ascent. Beside it we drop the premise in two ways: a second machine of the same size that starts at small random weights, and one with only two units, which cannot hold the transposed weights at all.


# %%
def fresh(n_units):
    """A second machine with small random weights whose visible bias fits the mean hidden states."""
    bias = first.mean_hidden(bars).mean(0).logit()
    return Harmonium(0.01 * torch.randn(5, n_units, generator=generator), bias, torch.zeros(n_units))


starts = {"transposed, 9 units": upside_down(first), "random, 9 units": fresh(9), "random, 2 units": fresh(2)}
courses, ends = {}, {}
for name, second in starts.items():
    net, course = BeliefStack.from_machines([first, second]), []
    for _ in range(16):
        course.append([f(net, bars).mean().item() for f in (dbn_bound.exact_bound, dbn_bound.exact_log_likelihood)])
        net = climb(net, bars, n_steps=20, rate=0.5, parts=("top",))
    courses[name], ends[name] = np.array(course), net

# %% mystnb={"image": {"alt": "Variational bound (solid) and log-likelihood (dashed) against the steps of the second machine. From transposed weights both start exactly at the dotted line of the first machine and rise above it. From random weights, with nine or two units, both start more than 0.4 nats below that line and have not come back after 300 steps."}}
fig, ax = plt.subplots(figsize=(6.6, 3.4))
steps = 20 * np.arange(16)
for (name, course), colour, marker in zip(courses.items(), plot.PALETTE, "os^"):
    ax.plot(steps, course[:, 0], "-" + marker, ms=3.5, color=colour, label=f"bound, {name}")
    ax.plot(steps, course[:, 1], "--", color=colour, lw=1.2)
ax.axhline(alone.mean(), ls=":", color="#333333", label="the first machine alone")
ax.set(xlabel="gradient steps of the second machine", ylabel="nats per picture (dashed: $\\log p(v)$)")
ax.legend(fontsize=7.5, loc=(0.03, 0.42))
plt.show()

# %%
for name, course in courses.items():
    print(f"{name:20s} bound {course[0, 0]:.4f} -> {course[-1, 0]:.4f}, log-likelihood -> {course[-1, 1]:.4f}")
assert (np.diff(courses["transposed, 9 units"][:, 0]) > 0).all()
assert courses["transposed, 9 units"][-1, 0] > alone.mean() + 0.02
assert courses["random, 9 units"][-1, 1] < alone.mean()
assert courses["random, 2 units"][-1, 1] < alone.mean()

# %% [markdown]
# The theorem holds, step by step. Three things are worth reading twice.
#
# - **The theorem promises a sign, not a size.** The second machine improves the prior of five units and nothing else, since the way down is frozen. It gains five hundredths of a nat.
# - **The bound is not the likelihood.** The dashed line moves away from the solid one, because with a new prior the old $q$ is no longer the posterior. Measured from the transposed start the likelihood gains at least what the bound gains, since the divergence was zero there; for single later steps, or another start, the theorem speaks of the bound alone.
# - **The premise matters.** A random second machine throws the old prior away and starts with independent units. Both bound and likelihood fall by about half a nat, and after three hundred steps most of that is still missing, with two units nearly all. In practice everybody starts layers at random and with whatever size they like. Then the theorem gives no guarantee, and one has to look.
#
# ## Up and down: wake–sleep
#
# The greedy recipe freezes each layer as soon as it is trained. **Wake–sleep** (醒–睡算法) lets all of them move again, and from here on recognition and generative weights go separate ways.
#
# - **Wake.** The recognition weights carry an example up and draw states. Each *generative* layer learns to predict what lies below it. This is the gradient of the bound with respect to everything that generates.
# - **Top.** The machine at the top takes a contrastive divergence step from where the data have led, and so gives the algorithm its full name, *contrastive* wake–sleep, or up–down.
# - **Sleep.** From where the top's chain has ended the generative weights dream downward. Each *recognition* layer learns to guess the causes of the dream, which for once are known.
#
# Both phases use the delta rule from above. Forward and backward, nothing is sent that a connection does not have at its two ends.

# %%
show_source(wake_sleep.delta_rule, wake_sleep.contrastive_wake_sleep)

# %% [markdown]
# Is a delta rule the gradient of a log-probability? Automatic differentiation decides, for dreams of the little network:

# %%
states, _ = stack.sample_down(first.sample_hidden(bars, generator), generator)
up = Layer(*(p.clone().requires_grad_() for p in stack.recognition[0]))
value = bernoulli_log_probability(states[1], states[0] @ up.weight + up.bias).mean()
by_autograd = torch.autograd.grad(value, up)
by_hand = wake_sleep.delta_rule(states[0], states[1], up)
print("largest difference", max(float((g - d).detach().abs().max()) for g, d in zip(by_autograd, by_hand)))
assert all(torch.allclose(g, d, atol=1e-12, rtol=0) for g, d in zip(by_autograd, by_hand))

# %% [markdown]
# The wake phase climbs the bound. The sleep phase does *not*: it climbs $\mathbb E_{p(v, h)}[\log q(h \mid v)]$. It fits $q$ to the posterior, but with the divergence taken the wrong way round, and on dreams in place of data. How different is that? Take the network whose second machine has learnt, and compare with the true gradient of the bound by the recognition weights:

# %%
trained = ends["transposed, 9 units"]
up = [Layer(*(p.clone().requires_grad_() for p in layer)) for layer in trained.recognition]
bound = dbn_bound.exact_bound(BeliefStack(up, trained.generative, trained.top), bars).mean()
true = torch.cat([g.flatten() for g in torch.autograd.grad(bound, up[0])])
sleep = torch.cat([d.flatten() for d in exact_wake_sleep(trained, bars).recognition[0]])
cosine = float(true @ sleep / true.norm() / sleep.norm())
print(f"angle between sleep and the gradient of the bound: {math.degrees(math.acos(cosine)):.0f} degrees")
assert 0 < cosine < 0.99

# %% [markdown]
# So there is no theorem for the whole. There is a measurement. All parts now move together, still without a sample, starting from where the greedy training ended:

# %%
net, course = trained, [courses["transposed, 9 units"][-1]]
for _ in range(10):
    net = climb(net, bars, n_steps=25, rate=0.5)
    course.append([f(net, bars).mean().item() for f in (dbn_bound.exact_bound, dbn_bound.exact_log_likelihood)])
course = np.array(course)
print(f"bound {course[0, 0]:.4f} -> {course[-1, 0]:.4f}, log-likelihood {course[0, 1]:.4f} -> {course[-1, 1]:.4f}")
print(
    f"gap   {course[0, 1] - course[0, 0]:.4f} -> {course[-1, 1] - course[-1, 0]:.4f}; one machine had {alone.mean():.4f}"
)
assert course[-1, 0] > course[0, 0] + 0.1
assert (course[:, 1] >= course[:, 0]).all()

# %% [markdown]
# Wake–sleep adds several times what the greedy second layer did, and the gap between bound and truth stays near a hundredth of a nat. The factorial $q$, which looked hopeless beside the earthquake and the truck, costs next to nothing here. The reason is not luck: the greedy start makes the posterior a product, and the sleep phase keeps pulling $q$ towards the posterior.
#
# Before we celebrate, a control that papers rarely show. The theorem compares the stack with the first machine *as it was frozen*. What if the first machine had simply gone on learning, for as many steps as second machine and wake–sleep together took?

# %%
alone_longer = climb(BeliefStack([], [], first), bars, n_steps=550, rate=0.5)
control = dbn_bound.exact_log_likelihood(alone_longer, bars).mean()
print(f"the first machine after 550 further steps: {control:.4f}; the stack {course[-1, 1]:.4f}")
assert control > course[-1, 1] > alone.mean()

# %% [markdown]
# It would have come further still. "Better than before" is not "better than anything else one could have done". We keep the control for the real data.
#
# ## Digits, with every number exact
#
# The whole recipe is Qiu's algorithm 12.2, **greedy layer-wise training** (逐层贪婪训练), and the estimator's `fit` is little else than its loop. Machines are trained from the bottom up; what one infers, as probabilities, becomes the data of the next, which draws states from them anew in every pass (`redraw`), as step 3 of the
# argument demands:

# %%
show_source(DeepBeliefNetwork.fit, docstring="first")

# %% [markdown]
# Now real data: the $8 \times 8$ digits, each pixel on or off. With 16 units in the first hidden layer, both partition functions are sums over $2^{16}$ states, so the machine's likelihood is exact, and so is the only term of the bound that could have spoilt it. The rest is a mean over draws of $q$. This time the first machine learns until it hardly gets
# better.

# %%
digits = load_digits()
X, X_test = ((images > 0.5).astype(float) for images in (digits.X_train, digits.X_test))
V_test = torch.tensor(X_test)
options = {"method": "pcd", "n_chains": 100, "batch_size": 20, "schedule": "linear", "random_state": 0}
layers = {"n_epochs": (100, 40), "learning_rate": (0.4, 0.2)}
dbn = DeepBeliefNetwork((16, 64), start="transpose", **options, **layers).fit(X)
greedy, single = copy.deepcopy(dbn), dbn.rbms_[0]

# %%
doubled = BeliefStack.from_machines([single.harmonium_, upside_down(single.harmonium_)])
log_z = enumeration.log_z(doubled.top)
one_draw = dbn_bound.sampled_bound(doubled, V_test, log_z, n_samples=1, generator=generator)
difference = np.abs(one_draw.numpy() - single.score_samples(X_test)).max()
print(f"transposed start: the bound from one draw of q differs from the exact likelihood by {difference:.1e}")
assert difference < 1e-10

# %% [markdown]
# Even a *single* draw of $q$ gives the likelihood without any noise: at this start $p(v, h)/q(h \mid v)$ is $p(v)$ whatever $h$ is. Now the whole course, on training and on test images, with three controls: two second machines that start at random, and the single machine with twice the passes.

# %%
results = {"one machine, 100 passes": (single.score(X), single.score(X_test))}
results["+ second machine, 40 passes"] = (dbn.score(X), dbn.score(X_test))
dbn.wake_sleep(X, n_epochs=40, learning_rate=0.02)
results["+ wake-sleep, 40 passes"] = (dbn.score(X), dbn.score(X_test))

# %%
hidden = torch.tensor(single.transform(X))
for n_units in (64, 8):
    second = LayerMachine(n_units, n_epochs=40, learning_rate=0.2, **options).learn(hidden, redraw=True)
    pair = BeliefStack.from_machines([single.harmonium_, second.harmonium_])
    log_z = enumeration.log_z(pair.top)
    draws = (dbn_bound.sampled_bound(pair, torch.tensor(part), log_z, generator=generator) for part in (X, X_test))
    results[f"random second machine of {n_units}"] = tuple(part.mean().item() for part in draws)
longer = RestrictedBoltzmannMachine(16, n_epochs=200, learning_rate=0.4, **options).fit(X)
results["one machine, 200 passes"] = (longer.score(X), longer.score(X_test))

# %%
print("nats per image                  training     test")
for name, (on_training, on_test) in results.items():
    print(f"{name:30s} {on_training:9.3f} {on_test:9.3f}")
one, two, refined, random_64, random_8, control = results.values()
assert one[0] < two[0] < refined[0]
assert one[1] < refined[1]
assert one[1] < control[1]
assert all(a < b < c for a, b, c in zip(random_8, random_64, one))

# %% [markdown]
# On the images from which it learns, and only of these the theorem speaks, the bound of the stack lies above the exact likelihood of the machine, and wake–sleep raises it again. New images profit as well here, but by less, and nothing promises it. The second machine that starts at random ends well *below* the single machine, the one of eight units further below: for them the premise is gone.
#
# And the control? The gains of a stack on top of a machine that has nearly converged are of the order of a tenth of a nat, and twice the passes for the single machine bring about as much; on new images, here, more. That is a sober result about a famous method, and an honest one. What stacking gave the world in 2006 was less a better density than a *start* for networks with many layers, which is the
# subject of the next section.
#
# How far is the bound from the truth? Draw $K$ times from $q$ and take the logarithm of the mean of $p(v, h)/q(h \mid v)$ instead of the mean of the logarithm. This is still a lower bound, and it rises to $\log p(v)$ with $K$ (Burda, Grosse and Salakhutdinov 2015).

# %%
generator, log_z = torch.Generator().manual_seed(0), dbn.log_partition()
mean_of_logarithms = dbn_bound.sampled_bound(dbn.stack_, V_test, log_z, n_samples=50, generator=generator).mean()
print(f"the bound:  {mean_of_logarithms:.3f} nats")
for k in (10, 100):
    closer = dbn_bound.importance_weighted_bound(dbn.stack_, V_test, log_z, n_samples=k, generator=generator).mean()
    print(f"K = {k:3d}:    {closer:.3f} nats")
assert mean_of_logarithms < closer < mean_of_logarithms + 0.5

# %% [markdown]
# The difference, less than a tenth of a nat, is about what the factorial $q$ costs on digits. For layers of a hundred units and more no sum is possible, and the partition function comes from annealed importance sampling. The estimates carry an error, so we print it:

# %%
layers = {"n_epochs": (40, 20), "learning_rate": (0.2, 0.1)}
wide = DeepBeliefNetwork((60, 64), start="transpose", **options, **layers).fit(X)
first_estimate, error = annealed_importance_sampling(
    wide.stack_.top, random_state=0, base_bias=wide.rbms_[1].base_bias_
)
second_estimate = wide.log_partition(random_state=1)
print(
    f"log Z of the top machine: {first_estimate:.3f} with a standard error of {error:.3f}; once more {second_estimate:.3f}"
)
scores = [wide.rbms_[0].score(X_test), wide.score(X_test)]
scores.append(wide.wake_sleep(X, n_epochs=20, learning_rate=0.02).score(X_test))
print("60 hidden units: machine {:.3f}, stack {:.3f}, after wake-sleep {:.3f}".format(*scores))
assert max(scores) - min(scores) < 0.3

# %% [markdown]
# Look at the standard error before reading the scores: the steps from machine to stack and on are no longer than it. With sixty hidden units the single machine leaves so little undone that the gain of stacking drowns in the error of the annealing. This is the reason for the small network above.
#
# ## Asking for a digit
#
# In their paper Hinton, Osindero and Teh did one more thing. Beside the second-last layer they put ten label units, of which exactly one is on, and let the top machine learn images and labels *together*. Now the network can be used in three ways. Clamp an image and read off the label: a classifier. Clamp a label, let the top machine run, and go down: a digit on demand. Clamp nothing: a dream.
#
# Our network has 784 pixels, 200 hidden units, then 300 above 200 + 10 labels, and 4000 images to learn from, whose grey values count as probabilities. Drawing is Gibbs steps at the top, with the label put back before each, and then one pass down by the generative weights:

# %%
show_source(BeliefStack.sample_top, BeliefStack.sample_down)

# %%
mnist = load_mnist_5k()
images, test_images = (part.astype(np.float32) for part in (mnist.X_train, mnist.X_test))
options = {"method": ("cd", "pcd"), "n_steps": (1, 2), "n_epochs": (12, 25), "n_chains": 100, "learning_rate": 0.1}
options |= {"batch_size": 50, "momentum": 0.5, "schedule": "linear", "use_labels": True, "random_state": 0}
artist = DeepBeliefNetwork((200, 300), **options).fit(images, mnist.y_train)
accuracy = (artist.predict(test_images) == mnist.y_test).mean()
print(f"right labels on test images: {accuracy:.3f}")
assert accuracy > 0.88

# %%
wanted = np.repeat(np.arange(10), 12)
drawn = artist.sample(120, label=wanted, n_steps=300, probabilities=True, random_state=1)
judge = KNeighborsClassifier(3).fit(images, mnist.y_train)
agreement = (judge.predict(drawn) == wanted).mean()
print(f"three nearest neighbours, right on {judge.score(test_images, mnist.y_test):.3f} of real digits,")
print(f"reads the digit that was asked for in {agreement:.3f} of the drawings")
misread = Counter((str(w), str(r)) for w, r in zip(wanted, judge.predict(drawn)) if w != r)
print("most often asked for -> read:", ", ".join(f"{w} -> {r} ({n})" for (w, r), n in misread.most_common(4)))
nearest = judge.kneighbors(drawn, 1)[0].min()
print(f"no drawing is closer to an image of the training set than {nearest:.1f}")
assert agreement > 0.6
assert nearest > 1

# %% mystnb={"image": {"alt": "Eighty generated digits in eight rows of ten, column k showing what the network drew when it was asked for the digit k. Most are legible and of the right class, in different handwritings; some have become another digit or a blur between two."}}
shown = drawn.reshape(10, 12, 28, 28)[:, :8].swapaxes(0, 1).reshape(-1, 28, 28)
plot.image_grid(shown, n_columns=10, figsize=(6.4, 5.2), titles=[str(k) for k in range(10)] + [""] * 70)
plt.show()

# %% [markdown]
# None of these is a copy of a training image. They differ in slant and stroke, and the column does what it was told, mostly. Some chains have wandered into the valley of another digit (the list names the most frequent), since the label is only ten units beside two hundred and the start was random. Watch how a drawing comes about. Ten chains start from random states, one for each label:

# %%
painter, labels = artist.stack_, torch.eye(10)
generator = torch.Generator().manual_seed(3)
x = painter.top.visible.sample(painter.top.a.expand(10, -1), generator)
frames = []
for frame in range(20):
    x = painter.sample_top(x, 1 if frame < 10 else 5, generator, labels=labels)
    frames.append(painter.sample_down(x[:, :200], generator)[1].reshape(10, 28, 28))

# %%
figure, axes = plt.subplots(2, 5, figsize=(5.2, 2.4))
pictures = [ax.imshow(image, cmap="gray", vmin=0, vmax=1) for ax, image in zip(axes.flat, frames[0])]
for digit, ax in enumerate(axes.flat):
    ax.set_title(f"{digit}", fontsize=9)
    ax.axis("off")
plot.animate(
    lambda k: [picture.set_data(image) for picture, image in zip(pictures, frames[k])],
    len(frames),
    figure,
    interval=300,
    dpi=80,
    alt="Ten pictures that begin as vague blobs and within about ten Gibbs steps become the digits 0 to 9, then keep changing their handwriting.",
)

# %% [markdown]
# The way down is one pass; all the thinking is done at the top, where the associative memory of two layers settles into a state that suits the label.
#
# ## Deep belief network or deep Boltzmann machine?
#
# What if *all* layers are undirected? The **deep Boltzmann machine** (深度玻尔兹曼机, DBM; Salakhutdinov and Hinton 2009) has the energy
#
# $$ E(v, h, g) = -a^\top v - b^\top h - c^\top g - v^\top W h - h^\top U g. $$
#
# It looks like a small change, and inference becomes another thing. In a DBN the standard guess of $h$ looks at the data only. In a DBM the units of $h$ feel the layer above as well, $p(h \mid v, g) = \sigma(b + W^\top v + U g)$, so that $h$ and $g$ must come to an agreement. The usual approximation is **mean field** (平均场): a product distribution with means $\mu$, $\nu$ that satisfy
#
# $$ \mu = \sigma(b + W^\top v + U \nu), \qquad \nu = \sigma(c + U^\top \mu). $$
#
# Sampling differs as well. A DBN runs Gibbs steps in its top two layers and then goes down once. A DBM runs them through all layers: $h$ given $v$ and $g$, then both given $h$. The listing of states comes cheap, because a DBM with two hidden layers is, folded up, a restricted Boltzmann machine with $h$ on one side and $(v, g)$ on the other.

# %%
show_source(DeepBoltzmannMachine.folded, DeepBoltzmannMachine.mean_field)

# %%
generator = torch.Generator().manual_seed(0)
start = DeepBoltzmannMachine(first.W, 0.1 * torch.randn(5, 9, generator=generator), first.a, first.b, torch.zeros(9))
dbm = start.climbed(bars, n_steps=300)
likelihood = dbm.log_likelihood(bars)
states, posterior = dbm.posterior(bars)
print(f"log-likelihood: DBM {likelihood.mean():.3f}, DBN {course[-1, 1]:.3f}, one machine {alone.mean():.3f}")
for name, sweeps in (("one pass up", 0), ("mean field", 50)):
    mu, nu = dbm.mean_field(bars, sweeps)
    gap = (likelihood - dbm.bound(bars, mu, nu)).mean()
    print(f"DBM, {name}: gap {gap:.4f} nats, mean error of the means {(posterior @ states - mu).abs().mean():.5f}")

# %%
h = dbn_bound.hidden_states(net)[0]
means = dbn_bound.exact_log_posterior(net, bars).exp() @ h
gap_dbn = (dbn_bound.exact_log_likelihood(net, bars) - dbn_bound.exact_bound(net, bars)).mean()
print(
    f"DBN, one pass up: gap {gap_dbn:.4f} nats, mean error of the means {(means - net.means_up(bars)[0]).abs().mean():.5f}"
)
single_pass = (likelihood - dbm.bound(bars, *dbm.mean_field(bars, 0))).mean()
mean_field = (likelihood - dbm.bound(bars, *dbm.mean_field(bars))).mean()
assert mean_field < gap_dbn < 0.1
assert mean_field < single_pass

# %% [markdown]
# For the DBN one pass is nearly right, because wake–sleep has trained its recognition weights for just that. For the DBM one pass is *not* right, and the conversation between the layers repairs it. What mean field buys is feedback: higher layers help to decide what a lower one sees. What it costs is tens of sweeps for every example, where the DBN needs one. (The likelihoods are not a fair race: the DBM was trained on its exact likelihood, which only tiny machines allow, and the DBN by
# wake–sleep for a fixed number of steps.)
#
# Both can dream, and the lists can judge their dreams. We draw 2000 pictures from either and count how many are true bars or stripes; the exact probability of that set is a sum of 14 terms.

# %%
dreams = {"DBM": dbm.sample(2000, 1000, generator)}
top_states = net.sample_top(torch.rand(2000, 5, generator=generator).round(), 1000, generator)
dreams["DBN"] = net.sample_down(top_states, generator)[0][0]
exact = {"DBM": likelihood.exp().sum(), "DBN": dbn_bound.exact_log_likelihood(net, bars).exp().sum()}
for name, pictures in dreams.items():
    share = (pictures[:, None] == bars).all(2).any(1).double().mean()
    print(f"{name}: {share:.3f} of the dreams are bars or stripes, exactly {exact[name]:.3f}")
    assert abs(share - exact[name]) < 0.15

# %% [markdown]
# The shares agree here up to the noise of 2000 draws. They need not: chains that start at random states forget them slowly where a machine has sharp modes, and after too few steps the share comes out wrong. With enumeration at hand one can tell.
#
# ## Checked against
#
# No library that we know computes the bound of a deep belief network, so there is none to compare with. Instead: plain loops. The cell below knows nothing of our tensors' shapes or of free energies. It goes through all states of the random network of layers 5, 3, 2, 4 one by one with Python's `math`, and adds.


# %%
def logistic(x):
    return 1 / (1 + math.exp(-x))


def factor(below, above, layer):
    """The probability of the states below, given those above, unit by unit."""
    result = 1.0
    for i, state in enumerate(below):
        on = logistic(layer.bias[i] + sum(layer.weight[j, i] * above[j] for j in range(len(above))))
        result *= on if state else 1 - on
    return result


bits = {n: list(itertools.product((0, 1), repeat=n)) for n in (2, 3, 4)}
weight = dict.fromkeys(bits[2], 0.0)
for h2, h3 in itertools.product(bits[2], bits[4]):
    weight[h2] += math.exp(sum(top.W[i, j] * h2[i] * h3[j] for i in range(2) for j in range(4)))
total = sum(weight.values())

# %%
image = (1, 0, 1, 1, 0)
likelihood_by_loops, bound_by_loops = 0.0, 0.0
for h1, h2 in itertools.product(bits[3], bits[2]):
    joint = factor(image, h1, ways[0]) * factor(h1, h2, ways[1]) * weight[h2] / total
    q = factor(h1, image, back[0]) * factor(h2, h1, back[1])
    likelihood_by_loops += joint
    bound_by_loops += q * math.log(joint / q)
row = torch.tensor([image], dtype=torch.float64)
errors = (
    math.log(likelihood_by_loops) - dbn_bound.exact_log_likelihood(random_stack, row).item(),
    bound_by_loops - dbn_bound.exact_bound(random_stack, row).item(),
)
print(
    f"log-likelihood {math.log(likelihood_by_loops):.6f}, bound {bound_by_loops:.6f}; differences {errors[0]:.0e}, {errors[1]:.0e}"
)
assert max(map(abs, errors)) < 1e-10

# %% [markdown]
# ## What goes wrong
#
# **Too fast a night.** Wake–sleep chases itself: recognition follows the dreams, the dreams follow recognition. At a moderate rate that works. Take the greedy network for the digits and raise the rate:

# %%
print(f"greedy: {greedy.score(X_test):8.3f}")
forgetting = {}
for rate in (0.02, 0.3, 1.0):
    trial = copy.deepcopy(greedy).wake_sleep(X, n_epochs=3, learning_rate=rate)
    forgetting[rate] = trial.score(X_test)
    print(f"three passes of wake-sleep at rate {rate}: {forgetting[rate]:8.3f}")
assert forgetting[1.0] < greedy.score(X_test) - 0.5
assert forgetting[0.02] > forgetting[1.0] + 0.5

# %% [markdown]
# A large rate undoes in three passes much of what a hundred had built. Long steps are noisy, and the two phases hand their errors to each other: while the recognition weights are wrong, the wake phase trains the way down on wrong states, and the next night's dreams teach the way up to expect them.
#
# **A start at random, and too small a top.** The table of the digits had both: a second machine that starts at random ends almost half a nat below the single machine even with 64 units, and more than half a nat below it with eight. The first part is the price of the start, the rest that of the size. A stack is not better because it is taller.
#
# **A bound is a bound.** After annealed importance sampling the "bound" is an estimate, and an estimate of $\log Z$ is too *low* on average, which makes the bound too *high*. A comparison of deep models by a few tenths of a nat is worth what its standard error is worth.
#
# ## With a GPU
#
# The network of the paper had 500, 500 and 2000 units and learnt from all 60,000 digits for days. Where a GPU and the full data are at hand, the next cell trains that shape for a few passes and asks it for digits.

# %% tags=["gpu"]
device, full = pick_device(), None
if device.type == "cuda":
    try:
        full = load_mnist()
    except DownloadError as error:
        print(f"a GPU, but not the optional data: {error}")
if full is None:
    print("skipped: the network 784-500-500-2000 on 60,000 digits (needs a CUDA device and 12 MB of optional data)")
else:
    options |= {"n_epochs": (20, 20, 40), "method": ("cd", "cd", "pcd"), "n_steps": (1, 1, 2), "batch_size": 100}
    large = DeepBeliefNetwork((500, 500, 2000), device=device, **options).fit(full.X_train, full.y_train)
    print(f"right labels on test images: {(large.predict(full.X_test) == full.y_test).mean():.4f}")
    drawn = large.sample(120, label=wanted, n_steps=500, probabilities=True)
    print(f"digits as asked for: {(judge.predict(drawn) == wanted).mean():.3f}")

# %% [markdown]
# ## Exercises
#
# 1. (Qiu 12-6) Where exactly does the argument for greedy training use that the second machine starts at $W^\top$?
#    <details><summary>Answer</summary>
#
#    In the comparison with the first machine. Without it, training the second machine still raises the bound from wherever it starts; but the start may lie below the likelihood of the first machine, as the random starts did, and then no conclusion about the first machine follows.
#
#    </details>
# 2. Is it possible that the bound rises and the log-likelihood falls?
#    <details><summary>Answer</summary>
#
#    Yes: $\log p = \mathcal L + \mathrm{KL}$, and the divergence may shrink by more than the bound gains. It cannot happen in the first step from the transposed start, where the divergence is zero and can only grow; so there the likelihood rises by at least what the bound gains.
#
#    </details>
# 3. (Qiu 12-7) Name what distinguishes a deep belief network from a deep Boltzmann machine in (a) the graph, (b) the posterior of the first hidden layer, (c) how one samples.
#    <details><summary>Answer</summary>
#
#    (a) Directed below the top pair, against undirected everywhere. (b) In a DBN it depends on the data through explaining away and through the prior of the layers above, and the usual guess ignores both; in a DBM it is coupled to the second layer, and mean field takes that into account. (c) Gibbs steps in the top pair and one pass down, against Gibbs steps through all layers.
#
#    </details>
# 4. Set the weights of the earthquake network to 10 instead of 20. Is the posterior still far from a product?
#    <details><summary>Hint</summary>
#
#    With one cause the house then jumps with odds of $e^{-10}$ only, so both causes together become a good explanation. Compute `total_correlation`.
#
#    </details>
# 5. Why is the bound from a single draw of $q$ without noise at the transposed start, and not later?
#    <details><summary>Answer</summary>
#
#    There $q(h \mid v) = p(h \mid v)$ for every $h$, so $p(v, h)/q(h \mid v) = p(v)$ does not depend on $h$. Once the prior moves, the ratio varies with $h$, and its spread is what separates $K = 1$ from $K = 100$.
#
#    </details>
# 6. Let the artist draw with no label clamped, and have the judge count the classes. Are they equally frequent?
#    <details><summary>Hint</summary>
#
#    `artist.sample(500, n_steps=1000, probabilities=True)`. Compare with the frequencies of the training data, and think of how chains move between modes.
#
#    </details>
# 7. Show that a layer that learns from probabilities instead of states (`redraw=False`) does not climb the bound.
#    <details><summary>Hint</summary>
#
#    The bound needs $\mathbb E_q[\log p(h)]$, and $\log p(h)$ is convex in $h$: $\log p(\mathbb E h) \le \mathbb E \log p(h)$. What is climbed lies below it. Compare the scores on the digits.
#
#    </details>
#
# ## Summary
#
# - A sigmoid belief network generates in one pass and is hard to invert: causes that share an effect explain each other away, and the posterior is not a product.
# - An infinite directed network with tied weights is a restricted Boltzmann machine; the layers above are a complementary prior, and the errors of a finite depth fall with the second eigenvalue of the Gibbs chain.
# - A deep belief network is a restricted Boltzmann machine on top of directed layers. Started at $W^\top$, a new layer leaves the bound at exactly the old likelihood, and training raises it; started at random or too small, it may begin and stay below.
# - Wake–sleep trains all layers with delta rules. The wake phase is the gradient of the bound, the sleep phase is not; together they raised the bound on every network here, at moderate rates.
# - With label units at the top, the network classifies, and draws what it is asked for.
# - A deep Boltzmann machine infers by a conversation between the layers, a deep belief network by one pass upward.
#
# What such a stack gives a *classifier* is the subject of [fine-tuning](fine_tuning.ipynb).
#
# ## Sources
#
# - Qiu (2019), 《神经网络与深度学习》, section 12.3 and 12.4, [nndl.github.io](https://nndl.github.io/).
# - Hinton, Osindero and Teh (2006), A fast learning algorithm for deep belief nets, Neural Computation 18(7), [doi:10.1162/neco.2006.18.7.1527](https://doi.org/10.1162/neco.2006.18.7.1527).
# - Neal (1992), Connectionist learning of belief networks, Artificial Intelligence 56, [doi:10.1016/0004-3702(92)90065-6](https://doi.org/10.1016/0004-3702%2892%2990065-6).
# - Hinton, Dayan, Frey and Neal (1995), The wake-sleep algorithm for unsupervised neural networks, Science 268, [doi:10.1126/science.7761831](https://doi.org/10.1126/science.7761831).
# - Salakhutdinov and Murray (2008), On the quantitative analysis of deep belief networks, ICML, [doi:10.1145/1390156.1390266](https://doi.org/10.1145/1390156.1390266).
# - Salakhutdinov and Hinton (2009), Deep Boltzmann machines, AISTATS, [proceedings.mlr.press/v5](https://proceedings.mlr.press/v5/salakhutdinov09a.html).
# - Burda, Grosse and Salakhutdinov (2015), Importance weighted autoencoders, [arXiv:1509.00519](https://arxiv.org/abs/1509.00519).
# - Pearl (1988), Probabilistic reasoning in intelligent systems, Morgan Kaufmann (explaining away).
