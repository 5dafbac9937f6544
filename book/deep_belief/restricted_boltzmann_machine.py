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
# # Restricted Boltzmann machine (受限玻尔兹曼机)
#
# A [Boltzmann machine](boltzmann_machine.ipynb) can learn any distribution and hardly ever does: each step of learning needs two averages, and each average
# a long walk in which one unit after the other is drawn anew. Smolensky (1986) took connections away, all those inside the hidden and all those inside the visible
# group, and half of the work disappeared: given one layer, the other needs no walk. Hinton (2002) found that the other half could be cut
# short without much harm. The deep belief networks of 2006 were stacked from such machines (Hinton, Osindero and Teh 2006). Which of the shortcuts are harmless, and how would one notice when they are not?
#
# We can afford an unusual rigour here: twelve hidden units have 4096 states, so the partition function can be *written out*, and every method
# will be judged by the exact likelihood, to several digits.
#
# **You need:** [Boltzmann machine](boltzmann_machine.ipynb) for energy, Gibbs sampling and the two phases of learning; the logistic function
# $\sigma(x) = 1 / (1 + e^{-x})$.
#
# **Time to run:** see the [Execution](../execution.md) page. About a minute on one core.
#
# Equation numbers are those of Qiu (2019), chapter 12; Zhou (2016) has the machine in section 5.5.6.

# %% tags=["install", "hide-cell"]
# Only where the package is missing, as on Colab.
import importlib.util

if importlib.util.find_spec("nndl_support") is None:
    print("This notebook needs the package nndl_support: run pip install '.[data]' in a copy of its repository.")

# %%
import math
import time

import matplotlib.pyplot as plt
import numpy as np
import torch
from scipy.integrate import quad
from scipy.stats import multivariate_normal
from sklearn.neural_network import BernoulliRBM

# %%
from nndl_support import plot, records
from nndl_support.data.bars_and_stripes import make_bars_and_stripes
from nndl_support.data.colors import load_colors
from nndl_support.data.digits import load_digits, load_mnist_5k
from nndl_support.deep_belief import enumeration, expected_divergence, monitoring
from nndl_support.deep_belief.harmonium import Harmonium
from nndl_support.deep_belief.moments import centred_gradient, contrastive_divergence, moments
from nndl_support.deep_belief.negative_phase import NegativePhase
from nndl_support.deep_belief.rbm import RestrictedBoltzmannMachine
from nndl_support.deep_belief.rbm_classifier import RBMClassifier, label_free_phase
from nndl_support.deep_belief.units import BernoulliUnits, GaussianUnits, SoftmaxUnits
from nndl_support.device import pick_device
from nndl_support.source import show_source

torch.set_num_threads(1)
torch.set_default_dtype(torch.float64)
plot.use_style()
device = pick_device()

# %% [markdown]
# ## Two layers and nothing inside of them
#
# The visible units $v \in \{0, 1\}^{K_v}$ hold an example, the hidden units $h \in \{0, 1\}^{K_h}$ explain it. Each connection joins one of these with one of those. The energy has
# a bias for every unit and a weight for every connection:
#
# \begin{align}
# E(v, h) &= -\sum_i a_i v_i - \sum_j b_j h_j - \sum_i \sum_j v_i w_{ij} h_j \tag{12.29} \\
#         &= -a^\top v - b^\top h - v^\top W h \tag{12.30}
# \end{align}
#
# and low energy means high probability, with a partition function (配分函数) $Z$ that makes the sum one:
#
# \begin{align}
# p(v, h) &= \tfrac1Z \exp(-E(v, h)) \tag{12.31} \\
#         &= \tfrac1Z \exp(a^\top v) \exp(b^\top h) \exp(v^\top W h) \tag{12.32}
# \end{align}
#
# Here is the machine of Qiu's figure 12.3, four visible and three hidden units, with random weights. It has $2^{4+3} = 128$ states. We list them all.

# %% mystnb={"image": {"alt": "Four visible units in one column and three hidden units in another. Every visible unit is joined to every hidden one; no two units of the same column are joined."}}
fig, ax = plt.subplots(figsize=(4.2, 2.6))
letters = [[f"$v_{i}$" for i in range(1, 5)], [f"$h_{j}$" for j in range(1, 4)]]
plot.draw_network([4, 3], ax=ax, unit_labels=letters, layer_names=["visible (可观测)", "hidden (隐藏)"])
plt.show()

# %%
generator = torch.Generator().manual_seed(1)
W, a, b = (torch.randn(shape, generator=generator) for shape in ((4, 3), (4,), (3,)))
tiny = Harmonium(W, a, b)
V, H = tiny.visible.states(), tiny.hidden.states()
v, h = V.repeat_interleave(8, 0), H.repeat(16, 1)
joint = (-tiny.energy(v, h)).softmax(0).reshape(16, 8)

# %%
double_sum = torch.tensor(
    [
        -sum(a[i] * x[i] for i in range(4))
        - sum(b[j] * y[j] for j in range(3))
        - sum(x[i] * W[i, j] * y[j] for i in range(4) for j in range(3))
        for x, y in zip(v, h)
    ]
)
gap = (tiny.energy(v, h) - double_sum).abs().max()
print(f"{len(v)} states, probabilities sum to {joint.sum():.12f}; 12.29 and 12.30 differ by {gap:.0e}")
assert gap < 1e-13

# %% [markdown]
# ## What the missing connections buy
#
# **Theorem 12.2.** *Given the hidden units, the visible ones are independent, and the other way round:*
#
# \begin{align}
# p(v_i = 1 \mid h) &= \sigma\Bigl(a_i + \sum_j w_{ij} h_j\Bigr) \tag{12.33} \\
# p(h_j = 1 \mid v) &= \sigma\Bigl(b_j + \sum_i w_{ij} v_i\Bigr) \tag{12.34}
# \end{align}
#
# The proof is one line of algebra done well. Sum the joint probability over $h$: the exponential of a sum over $j$ is a product over $j$, and each hidden unit appears in one factor
# only, so the sum of $2^{K_h}$ terms becomes a product of $K_h$ sums of *two*:
#
# \begin{align}
# p(v) &= \frac1Z \sum_h e^{-E(v,h)} \notag \\
#      &= \frac{e^{a^\top v}}{Z} \prod_j \sum_{h_j \in \{0, 1\}} e^{h_j (b_j + \sum_i w_{ij} v_i)} \notag \\
#      &= \frac{e^{a^\top v}}{Z} \prod_j \Bigl(1 + e^{b_j + \sum_i w_{ij} v_i}\Bigr) \tag{12.35–12.40}
# \end{align}
#
# Hold one $h_j$ at 1 instead and the factor $1 + e^x$ turns into $e^x$; the quotient of the two is $\sigma(x)$. (Equations 12.41 to 12.49 are this step and its mirror image for $v_i$.) With all units of a layer in one vector,
#
# \begin{align}
# p(h = 1 \mid v) &= \sigma(W^\top v + b) \tag{12.50} \\
# p(v = 1 \mid h) &= \sigma(W h + a) \tag{12.51}
# \end{align}
#
# The logarithm of the unnormalised $p(v)$ is worth a name. Its negative is the **free energy** (自由能), that of the [Boltzmann machine](boltzmann_machine.ipynb) at temperature 1 with $v$ clamped:
#
# $$ F(v) = -a^\top v - \sum_j \log\bigl(1 + e^{b_j + \sum_i w_{ij} v_i}\bigr), \qquad p(v) = \frac{e^{-F(v)}}{Z} . $$

# %%
show_source(Harmonium.mean_hidden, Harmonium.free_energy, docstring="first")

# %% [markdown]
# The program asks the `hidden` layer for its mean and its log-normaliser instead of naming $\sigma$ and $\log(1 + e^x)$; later that will let other kinds of units in. Everything the theorem says
# can be read off the table of all probabilities:

# %%
checks = {
    "p(v) from the free energy": (-tiny.free_energy(V)).softmax(0) - joint.sum(1),
    "p(h) from the free energy of h": (-tiny.hidden_free_energy(H)).softmax(0) - joint.sum(0),
    "p(h = 1 | v)": tiny.mean_hidden(V) - joint / joint.sum(1, keepdim=True) @ H,
    "p(v = 1 | h)": tiny.mean_visible(H) - (joint / joint.sum(0)).T @ V,
    "log Z": enumeration.log_z(tiny) - (-tiny.energy(v, h)).logsumexp(0),
}
for what, difference in checks.items():
    print(f"{what:32s} differs from enumeration by {difference.abs().max():.0e}")
    assert difference.abs().max() < 1e-10

# %% [markdown]
# And independence itself: the conditional probability of a whole hidden *vector* is the product of those of its units.

# %%
p = tiny.mean_hidden(V)[:, None, :]
product = torch.where(H == 1, p, 1 - p).prod(-1)
gap = (product - joint / joint.sum(1, keepdim=True)).abs().max()
print(f"p(h | v) and the product over units differ by {gap:.0e}")
assert gap < 1e-10

# %% [markdown]
# Note what is *not* true: hidden units are not independent by themselves, only given an example. If they were, the machine could not model anything that a table of single
# probabilities cannot.
#
# ## Gibbs sampling in two strokes
#
# In a Boltzmann machine a Gibbs sampler must draw unit after unit. Here all hidden units can be drawn at once given $v$, then all visible ones given $h$; this is **block Gibbs
# sampling** (分组吉布斯采样), the zigzag $v_0 \to h_0 \to v_1 \to h_1 \to \dots$ of figure 12.4. One step is two matrix products and two throws of dice, for any number of chains at once.

# %%
show_source(Harmonium.gibbs_step)

# %% [markdown]
# Does the zigzag lead to $p(v)$? For the tiny machine the whole chain is a matrix of transition probabilities, $T_{vv'} = \sum_h p(h \mid v)\, p(v' \mid h)$, so we can compare 20,000 sampled chains, all started from
# $v = (0, 0, 0, 0)$, with powers of $T$. The distance is the total variation, half the sum of the absolute differences of all 16 probabilities.

# %%
T = expected_divergence.gibbs_matrix(tiny)
target, exact, chains = joint.sum(1), torch.eye(16)[0], torch.zeros(20_000, 4)
sampled_distance, exact_distance = [], []
for _ in range(16):
    share = torch.bincount((chains @ torch.tensor([8.0, 4.0, 2.0, 1.0])).long(), minlength=16) / len(chains)
    sampled_distance.append(0.5 * (share - target).abs().sum().item())
    exact_distance.append(0.5 * (exact - target).abs().sum().item())
    chains, exact = tiny.gibbs_step(chains, generator), exact @ T

# %% mystnb={"image": {"alt": "Total variation distance to the model against Gibbs steps on a logarithmic axis. The exact curve falls along a straight line to far below one in a thousand; the sampled one follows it and then levels off at about one in a hundred, the noise of 20,000 chains."}}
fig, ax = plt.subplots(figsize=(6.2, 2.8))
ax.semilogy(exact_distance, "-", label="exact, powers of the matrix")
ax.semilogy(sampled_distance, "o", label="20,000 chains")
ax.set(xlabel="block Gibbs steps", ylabel="distance to $p(v)$")
ax.legend()
plt.show()

# %%
second = np.sort(np.linalg.eigvals(T.numpy()).real)[-2]
print(f"distance shrinks by {exact_distance[-1] / exact_distance[-2]:.4f} a step; second eigenvalue {second:.4f}")
assert abs(exact_distance[-1] / exact_distance[-2] - second) < 0.01
assert max(abs(x - y) for x, y in zip(sampled_distance, exact_distance)) < 0.03

# %% [markdown]
# The line is straight: each step the chain forgets where it started by a constant factor, the second eigenvalue of $T$. The dots leave the line at about one in a hundred, where the noise of 20,000 chains hides the rest. Remember the eigenvalue: it will decide how good a shortcut is.
#
# ## The gradient
#
# Learning maximises the mean log-likelihood of $N$ examples,
#
# $$ \mathcal L(\mathcal D; W, a, b) = \frac1N \sum_n \log p(\hat v^{(n)}; W, a, b) . \tag{12.52} $$
#
# As in every Boltzmann machine its derivative is a difference of two averages, one with the visible units held at the data and one under the model on its own:
#
# \begin{align}
# \frac{\partial \mathcal L}{\partial w_{ij}} &= \mathbb E_{\hat p(v)} \mathbb E_{p(h \mid v)} [v_i h_j] - \mathbb E_{p(v, h)} [v_i h_j] \tag{12.53} \\
# \frac{\partial \mathcal L}{\partial a_i} &= \mathbb E_{\hat p(v)} \mathbb E_{p(h \mid v)} [v_i] - \mathbb E_{p(v, h)} [v_i] \tag{12.54} \\
# \frac{\partial \mathcal L}{\partial b_j} &= \mathbb E_{\hat p(v)} \mathbb E_{p(h \mid v)} [h_j] - \mathbb E_{p(v, h)} [h_j] \tag{12.55}
# \end{align}
#
# The first, positive phase costs one matrix product thanks to the theorem. The second, negative phase runs over all states; where one layer is small it can be summed, because $p(h)$ has a closed form too.

# %%
show_source(moments, enumeration.exact_moments, docstring="none")

# %%
data = torch.bernoulli(torch.full((5, 4), 0.6), generator=generator)
gradient = moments(tiny, data).minus(enumeration.exact_moments(tiny))


def mean_log_likelihood(W, a, b):
    return enumeration.exact_log_likelihood(Harmonium(W, a, b), data).mean()


# %%
step, worst = 1e-5, 0.0
for k, name in enumerate(("W", "a", "b")):
    for place in np.ndindex(*getattr(tiny, name).shape):
        up, down = [W.clone(), a.clone(), b.clone()], [W.clone(), a.clone(), b.clone()]
        up[k][place] += step
        down[k][place] -= step
        slope = (mean_log_likelihood(*up) - mean_log_likelihood(*down)) / (2 * step)
        worst = max(worst, abs(slope - gradient[k][place]).item())
print(f"largest difference from central differences, all 19 parameters: {worst:.0e}")
assert worst < 1e-9

# %% [markdown]
# The update rules follow, for one example $\hat v$ and with the learning rate $\alpha$ (12.56 to 12.58). In the public file the last one reads $h_j \leftarrow h_j + \alpha (\dots)$. That is a misprint: $h_j$ is a state, not a
# parameter, and must read
#
# $$ b_j \leftarrow b_j + \alpha \bigl( \langle h_j \rangle_{\text{data}} - \langle h_j \rangle_{\text{model}} \bigr) . \tag{12.58, corrected} $$
#
# Take it literally and two things happen: the "new $h_j$" is no state of the machine, and $b$ never moves. To see what that costs, let a machine with one hidden unit, whose bias starts 5 too high, learn 200 states of another machine
# by a thousand exact steps under either rule:

# %%
teacher, examples = Harmonium(3 * W, a, b), torch.zeros(200, 4)
for _ in range(50):
    examples = teacher.gibbs_step(examples, generator)
finals = {}
for rule in ("b_j", "h_j"):
    machine = [W[:, :1], a, b[:1] + 5]
    for _ in range(1000):
        rbm = Harmonium(*machine)
        change = moments(rbm, examples).minus(enumeration.exact_moments(rbm))
        machine = [x + 0.2 * d for x, d in zip(machine, change)]
        if rule == "h_j":
            machine[2] = b[:1] + 5
    finals[rule] = enumeration.exact_log_likelihood(Harmonium(*machine), examples).mean().item()
    print(f"{rule} <- {rule} + ...: log-likelihood {finals[rule]:.3f} nats")
assert finals["b_j"] > finals["h_j"] + 0.003

# %%
literal = torch.tensor([1.0, 0.0, 1.0]) + 0.2 * gradient.b
print("h = (1, 0, 1) after the printed update:", literal.numpy().round(3), "- not 0 or 1")
assert not ((literal == 0) | (literal == 1)).any()

# %% [markdown]
# The loss of likelihood is small here, because weights and visible biases make up for most of what the stuck bias spoils; after a thousand steps they have not made up for all of it.
#
# ## Contrastive divergence
#
# For large machines the negative phase must be sampled, and an honest sample needs a long chain for *every* step of learning. Hinton's idea: start the chain at the training example and run it for $k$ steps only, in practice often for one. If the machine
# models the data well, the data are already close to where a chain would end. This is **contrastive divergence** (对比散度, CD-$k$), Qiu's algorithm 12.1.

# %%
show_source(contrastive_divergence)

# %% [markdown]
# Zhou writes the same for $k = 1$ as
#
# $$ \Delta w = \eta \bigl( v h^\top - v' h'^\top \bigr) \tag{5.24} $$
#
# with *sampled* $h$ and $h'$, where ours puts their means. Both have the same expectation; his is noisier. His energy, $E(s) = -\sum_{i<j} w_{ij} s_i s_j - \sum_i \theta_i s_i$ (5.20), calls $\theta_i$ a **threshold** (阈值). Mind the sign: everywhere else in his chapter a neuron
# fires when its input *exceeds* the threshold, so $\theta$ is subtracted; here a larger $\theta_i$ makes unit $i$ fire *more* often. It is a bias, Qiu's $a_i$ or $b_j$, with the same sign.

# %%
raised = Harmonium(W, a, b + torch.tensor([1.0, 0.0, 0.0]))
print(f"p(h_1 = 1) with theta_1 raised by 1: {enumeration.exact_moments(raised).b[0]:.3f}", end=", ")
print(f"before: {enumeration.exact_moments(tiny).b[0]:.3f}")
assert enumeration.exact_moments(raised).b[0] > enumeration.exact_moments(tiny).b[0]

# %%
many = data.repeat(20_000, 1)
_, ends = contrastive_divergence(tiny, many, 1, generator)
zhou = torch.stack(
    [
        (many[:, :, None] * tiny.sample_hidden(many, generator)[:, None]),
        -ends[:, :, None] * tiny.sample_hidden(ends, generator)[:, None],
    ]
).sum(0)
ours = many[:, :, None] * tiny.mean_hidden(many)[:, None] - ends[:, :, None] * tiny.mean_hidden(ends)[:, None]
print(f"means of 5.24 and of ours differ by {(zhou.mean(0) - ours.mean(0)).abs().max():.4f}")
print(f"variance of an entry: {zhou.var(0).mean():.3f} by 5.24, {ours.var(0).mean():.3f} with means")
assert (zhou.mean(0) - ours.mean(0)).abs().max() < 0.01
assert ours.var(0).mean() < zhou.var(0).mean()

# %% [markdown]
# ### The bias of CD-k, exactly
#
# A short chain has not arrived, so CD-$k$ is biased. By how much? The matrix $T$ answers without a sample: after $k$ steps a chain that started from the data distribution $\hat p$ has the distribution $\hat p\, T^k$.

# %%
show_source(expected_divergence.expected_negative_phase, docstring="first")

# %%
p_data = torch.bincount((data @ torch.tensor([8.0, 4.0, 2.0, 1.0])).long(), minlength=16) / len(data)
ks, bias = np.arange(1, 13), {}
for strength in (0.5, 1.0, 2.0):
    scaled = Harmonium(strength * W, a, b)
    truth = enumeration.exact_moments(scaled)
    error = [expected_divergence.expected_negative_phase(scaled, p_data, int(k)).minus(truth) for k in ks]
    bias[strength] = [max(part.abs().max().item() for part in e) for e in error]

# %% mystnb={"image": {"alt": "Largest error of the expected CD-k update against k on a logarithmic axis, for weights multiplied by a half, one and two. All three fall along straight lines; the stronger the weights, the higher the start and the flatter the line."}}
fig, ax = plt.subplots(figsize=(6.2, 2.8))
for (strength, errors), line in zip(bias.items(), ("o-", "s--", "^-.")):
    ax.semilogy(ks, errors, line, ms=4, label=f"weights $\\times$ {strength:g}")
ax.set(xlabel="$k$, Gibbs steps of CD-$k$", ylabel="largest error of the mean update")
ax.legend()
plt.show()

# %%
rates = []
for strength, errors in bias.items():
    rate = np.sort(np.linalg.eigvals(expected_divergence.gibbs_matrix(Harmonium(strength * W, a, b)).numpy()).real)[-2]
    print(f"weights x {strength:g}: bias {errors[0]:.3f} at k = 1, {errors[-1]:.1e} at k = 12, eigenvalue {rate:.3f}")
    assert abs(errors[5] / errors[4] - rate) < 0.05
    rates.append(rate)
assert rates == sorted(rates)
assert bias[0.5][-1] < bias[1.0][-1] < bias[2.0][-1]

# %% [markdown]
# Geometric, with the eigenvalue from above as the factor (the lowest line bends at its end because no float64 is more precise than that), and the factor is larger for stronger weights. There lies the catch: **as learning goes on the weights grow, and the bias grows with them.** A $k$ that was fine in the first epoch may not be in the hundredth.
#
# A biased direction need not matter if it vanishes at the same place. Does it? We look for the place where learning by the true gradient comes to rest, put the machine there, and let the *expected* CD-$k$ update
# carry on. The data are the six patterns of 2 × 2 pixels of which each row or each column has one colour, mixed with as many random patterns so that no weight wants to be infinite; two hidden units are too few to model them perfectly.

# %%
squares = torch.tensor(make_bars_and_stripes(2).X)
p_squares = torch.full((16,), 0.5 / 16)
p_squares[(squares @ torch.tensor([8.0, 4.0, 2.0, 1.0])).long()] += 0.5 / 6
one = torch.Generator().manual_seed(1)
start = Harmonium(*(0.8 * torch.randn(shape, generator=one) for shape in ((4, 2), (4,), (2,))))
summit, _ = expected_divergence.rest_point(start, p_squares, n_steps=None)

# %%
losses = []
top = (p_squares @ enumeration.exact_log_likelihood(summit, V)).item()
print(f"true gradient: rests at {top:.6f} nats")
for k in (1, 2, 5):
    end, rest = expected_divergence.rest_point(summit, p_squares, n_steps=k)
    losses.append(top - (p_squares @ enumeration.exact_log_likelihood(end, V)).item())
    print(f"CD-{k}: leaves the summit and rests {losses[-1]:.1e} nats lower (update left: {rest:.0e})")
assert losses[0] > losses[1] > losses[2] > 0

# %% [markdown]
# So CD-1 is no ascent of the likelihood: its fixed point is another one. But look at the size. Carreira-Perpiñán and Hinton (2005) found the same in small machines: in general the two places differ, typically by little. With *one* hidden unit the two places even coincide (exercise 3). The bias at the end is not
# the main trouble with CD-1. That is what a chain that never leaves the neighbourhood of the data cannot see, and it takes real data to show it.
#
# ## Four ways to the negative phase
#
# - **CD-k** starts its chains at the data, again and again.
# - **Persistent contrastive divergence** (持续性对比散度, PCD; Tieleman 2008) never restarts them. The weights change little from one update to the next, so a chain that was in equilibrium nearly still is.
# - **Parallel tempering** (并行回火; Desjardins and others 2010) keeps chains at several temperatures. In the code `beta` is the inverse temperature $1/T$; it runs from 0, where the pixels are independent with biases `base`, to 1, the machine itself. Hot chains move freely, and neighbours exchange their states by a Metropolis rule that leaves every distribution as it is.
# - **Exact**: the sum over the states of the smaller layer, as long as it is small.

# %%
show_source(NegativePhase.__call__, NegativePhase._tempered, docstring="none")

# %% [markdown]
# The data: 8 × 8 digits, black where the ink covers more than half, 1438 to learn from and 359 to test on. With 12 hidden units everything can be enumerated, and the likelihood after each epoch is exact.

# %%
digits = load_digits()
X_train, X_test = ((X > 7.5 / 16).astype("float32") for X in (digits.X_train, digits.X_test))
print(f"{X_train.shape[0]} + {X_test.shape[0]} images, {X_train.mean():.0%} of the pixels black")

# %%
race = {"CD-1": ("cd", 1), "CD-10": ("cd", 10), "PCD-1": ("pcd", 1), "tempering": ("pt", 1), "exact": ("exact", 1)}
order = np.random.default_rng(0)
curves = {}
for name, (method, n_steps) in race.items():
    rbm = RestrictedBoltzmannMachine(
        12,
        method=method,
        n_steps=n_steps,
        n_temperatures=5,
        learning_rate=0.1,
        centred=True,
        batch_size=20,
        random_state=0,
    )
    curves[name] = []
    for epoch in range(30):
        rbm.partial_fit(X_train[order.permutation(len(X_train))])
        if epoch % 2:
            curves[name].append(rbm.score(X_test))

# %% mystnb={"image": {"alt": "Exact mean log-likelihood of the test digits against the epoch for five methods. All five rise from about minus 25 nats to about minus 19.4 and lie almost on top of each other."}}
fig, ax = plt.subplots(figsize=(6.4, 3.2))
plot.loss_curves(curves, ax=ax, ylabel="test log-likelihood (nats)", steps=dict.fromkeys(curves, np.arange(2, 31, 2)))
plt.show()

# %%
for name, values in curves.items():
    print(f"{name:10s} after 30 epochs: {values[-1]:.2f} nats")
last = [values[-1] for values in curves.values()]
assert max(last) - min(last) < 0.6
assert min(last) > -20.5

# %% [markdown]
# Five curves, hardly to be told apart: as far as thirty epochs go, the sampled negative phases are as good as the sum over all 4096 states. This is the good news about contrastive divergence, and part of its success.
#
# All of them are still rising. So take longer steps, let the rate fall to zero on a line, and go on for 600 epochs. One more trick: `centred` counts every
# unit from its mean instead of from 0 (Cho and others 2011; Montavon and Müller 2012). Most pixels are white most of the time, and without it a weight and a bias do partly the same work and get into each other's way.

# %%
show_source(centred_gradient, docstring="none")

# %%
best = {}
options = {"schedule": "linear", "centred": True, "batch_size": 100, "random_state": 0}
sampled = RestrictedBoltzmannMachine(12, method="pcd", learning_rate=0.4, n_epochs=600, **options).fit(X_train)
by_sum = RestrictedBoltzmannMachine(12, method="exact", learning_rate=0.2, n_epochs=100, momentum=0.9, **options).fit(
    X_train
)
for name, rbm in {"PCD-1": sampled, "exact": by_sum}.items():
    best[name] = rbm.score(X_test)
    print(f"{name}: train {rbm.score(X_train):.2f}, test {best[name]:.2f} nats")
assert best["PCD-1"] > -19.0
assert best["exact"] > -19.0
assert min(best.values()) > max(last)

# %% [markdown]
# The record of a longer study has three seeds for every method and, beside them, scikit-learn's `BernoulliRBM` with six settings of its rate and epochs.

# %%
study = records.load("deep_belief/rbm_digits_book")
print("exact log-likelihood in nats, mean of the seeds       train    test   (spread)")
for row in study["table"]:
    print(f"{row['name']:50s} {np.mean(row['train']):8.2f} {np.mean(row['test']):7.2f}   ({np.ptp(row['test']):.2f})")

# %%
for row in study["sklearn"]:
    rate, epochs = row["options"]["learning_rate"], row["options"]["n_iter"]
    print(f"scikit-learn, rate {rate}, {epochs} epochs of batches of 10: test {np.mean(row['test']):.2f} nats")
peer = max(np.mean(row["test"]) for row in study["sklearn"] if row["options"]["n_iter"] <= 300)
by_name = {row["name"]: np.mean(row["test"]) for row in study["table"]}
assert by_name["PCD-1, 500 chains"] > by_name["exact gradient"] - 0.1
assert abs(by_name["PCD-1, 100 chains, not centred"] - by_name["PCD-1, 500 chains"]) < 0.1
assert by_name["PCD-1, 500 chains"] > max(-18.8, peer + 0.5)

# %% [markdown]
# A sampled method comes within a tenth of a nat of the exact gradient. Centring, honestly, cannot be seen in this table: without it and with fewer chains PCD ends at the same place, to less than the seeds differ. scikit-learn's is PCD too, and its likelihood is more than half a nat lower up to 300 epochs, although
# batches of ten make that about five times as many updates as ours. Its rate cannot fall: at the larger rate more epochs do not help, at the smaller one they do. How close it comes with 600 of them depends on the split of the data; on another one the distance is smaller:

# %%
other = records.load("deep_belief/rbm_digits_sklearn")
theirs, ours = (max(other[k], key=lambda row: np.mean(row["test"])) for k in ("sklearn", "table"))
print(f"best of scikit-learn {np.mean(theirs['test']):.2f} nats with {theirs['options']}")
print(f"best of ours         {np.mean(ours['test']):.2f} nats with {ours['name']}")

# %% [markdown]
# ## What the hidden units learn
#
# Each hidden unit has a weight for every pixel: a **filter**. Watch twelve of them being learnt.

# %%
frames, learner = [], RestrictedBoltzmannMachine(12, learning_rate=0.1, centred=True, batch_size=20, random_state=1)
for _ in range(24):
    learner.partial_fit(X_train[order.permutation(len(X_train))])
    frames.append(learner.components_.reshape(12, 8, 8).copy())

# %%
fig, axes = plt.subplots(2, 6, figsize=(5.6, 2.2))
pictures = [ax.imshow(f, cmap=plot.DIVERGING, vmin=-3, vmax=3) for ax, f in zip(axes.flat, frames[0])]
for ax in axes.flat:
    ax.set(xticks=[], yticks=[])
    ax.grid(False)


def show_epoch(i):
    fig.suptitle(f"epoch {i + 1}", fontsize=9)
    for picture, f in zip(pictures, frames[i]):
        picture.set_data(f)


growing = "Twelve filters of 8 by 8 pixels begin almost white and turn into strokes: blue and red arcs and bars at different places."
plot.animate(show_epoch, 24, fig, interval=250, alt=growing)

# %%
low, high = frames[-1].min((1, 2)), frames[-1].max((1, 2))
print(f"of the last filters, the smallest weights lie below {low.max():.1f}, the largest above {high.min():.1f}")
assert low.max() < -0.3
assert high.min() > 0.3

# %% [markdown]
# Blue pixels (positive weights) speak for the unit and red ones against it. Every filter has both: it is a *contrast*, ink here and no ink there. A digit is then a set of answers to twelve such questions, and the machine can be asked for digits in two ways. **Reconstruction** goes up with a real digit and down
# again. **Sampling** lets a chain run from random pixels, here for 2000 steps.

# %%
fantasies = sampled.sample(20, n_steps=2000, random_state=0)
shown = np.vstack([X_test[:10], sampled.reconstruct(X_test[:10]), fantasies])

# %% mystnb={"image": {"alt": "Four rows of ten images. First row: test digits in black and white. Second row: their reconstructions, blurred versions of the same shapes. Third and fourth rows: black-and-white samples of the machine with ragged edges; some can be read as digits, others are only strokes like those of a digit."}}
plot.image_grid(shown.reshape(-1, 8, 8), n_columns=10, cmap="gray_r", figsize=(6.2, 2.6))
plt.show()

# %%
error = float(monitoring.reconstruction_error(sampled.harmonium_, torch.tensor(X_test, dtype=torch.float64)).mean())
ink = abs(fantasies.mean() - X_train.mean())
guess = np.square(X_test - X_train.mean(0)).mean()
print(
    f"squared error of a reconstructed pixel {error:.3f}, of the mean image {guess:.3f}; share of ink in samples off by {ink:.3f}"
)
assert error < 0.75 * guess
assert ink < 0.05

# %% [markdown]
# Twelve answers are few: the reconstructions (second row) keep the shape of a digit and lose its edges, though they are much closer than the mean image would be. The samples (last two rows) have the right amount of ink and the right kind of strokes; some can be read and some cannot.

# %% [markdown]
# ## Where chains get stuck: bars and stripes
#
# A distribution made to be hard: 4 × 4 pixels, either all rows or all columns of one colour, 30 patterns, all equally likely (Fischer and Igel 2010 use the set too). No model can exceed $-\ln 30$, the negative entropy. From one pattern to the next one must change four pixels at once, and every
# pattern in between is impossible: a good model of these data is *by construction* one in which chains get stuck.

# %%
bars = make_bars_and_stripes(4)
print(f"{len(bars.X)} patterns, bound {-bars.entropy:.4f} nats")
common = {"learning_rate": 0.3, "schedule": "linear", "centred": True, "batch_size": 30, "random_state": 0}
patterns = bars.X.astype("float32")

# %% mystnb={"image": {"alt": "Ten of the thirty patterns of bars and stripes: pictures of four by four pixels whose rows, or whose columns, are all white or all black."}}
plot.image_grid(bars.X[1::3].reshape(-1, 4, 4), n_columns=10, cmap="gray_r", figsize=(6.2, 0.9))
plt.show()

# %%
stuck = {}
for name, extra in {
    "CD-1": {"method": "cd", "n_epochs": 3000},
    "PCD-1": {"method": "pcd", "n_chains": 500, "n_epochs": 3000},
    "tempering": {"method": "pt", "n_chains": 100, "n_temperatures": 8, "n_epochs": 3000},
}.items():
    stuck[name] = RestrictedBoltzmannMachine(12, **common, **extra).fit(patterns)
    print(f"{name:10s}: {stuck[name].score(patterns):.3f} nats")
assert stuck["tempering"].score(patterns) > -3.6
assert stuck["tempering"].score(patterns) > stuck["CD-1"].score(patterns)

# %% [markdown]
# Likelihood is lost in two ways: probability is spent on pictures that do not exist, or the 30 patterns share theirs unevenly. (Even shares of a total $s$ would give $\ln(s/30)$ nats.) And how well do chains move? Put a hundred of them on the all-black pattern of the best machine and count how many are still there, or there again, after 200 steps; a perfect sampler would leave 1 in 30.

# %%
uneven = {}
for name, rbm in stuck.items():
    total = np.exp(rbm.score_samples(patterns)).sum()
    uneven[name] = np.log(total / 30) - rbm.score(patterns)
    print(f"{name:10s}: the 30 patterns together {total:.2f}, lost by uneven shares {uneven[name]:.2f} nats")
assert uneven["CD-1"] > uneven["tempering"]
m = stuck["tempering"].harmonium_
black = torch.ones(100, 16)
tempered = NegativePhase("pt", n_temperatures=8, base_bias=torch.zeros(16), generator=generator)
tempered.chains = black.expand(8, -1, -1)
plain = black
for _ in range(200):
    plain = m.gibbs_step(plain, generator)
    tempered(m, black)

# %%
left = {"plain": plain.all(-1).double().mean().item(), "tempered": tempered.chains[-1].all(-1).double().mean().item()}
print({name: f"{share:.0%} on all black" for name, share in left.items()})
assert left["plain"] > 0.15
assert left["tempered"] < 0.15

# %% [markdown]
# Here the methods differ, and by more than the total shows. CD-1 gives the patterns nearly as much probability together as tempering does, but shares it unevenly, which here costs more than what is missing. A likely reason: chains that start at every pattern equally often and hardly leave it cannot tell that the model prefers some of them. Persistent chains could, but once the
# weights are large they move rarely, as the plain chains have just shown. Chains that can warm up, walk over, and cool down reach the other patterns. The record, with four seeds and some more patience:

# %%
study = records.load("deep_belief/rbm_bars_and_stripes")
for row in study["table"]:
    print(
        f"{row['n_hidden']} hidden, {row['name']:34s}: worst {min(row['values']):7.3f}, best {max(row['values']):7.3f}"
    )
assert min(min(r["values"]) for r in study["table"] if r["name"].startswith("tempering")) > -3.6

# %% [markdown]
# ## Other kinds of units
#
# Pixels are 0 or 1, measurements are not. The machine with real visible units is the **Gaussian–Bernoulli** RBM (高斯-伯努利), that with real hidden ones **Bernoulli–Gaussian** (伯努利-高斯). With $\mu$ and $\sigma$ for the centre and the width of a real unit, the energies are
#
# \begin{align}
# E(v, h) &= \sum_i \frac{(v_i - \mu_i)^2}{2 \sigma_i^2} - \sum_j b_j h_j - \sum_{i,j} \frac{v_i}{\sigma_i} w_{ij} h_j \tag{12.59} \\
# E(v, h) &= -\sum_i a_i v_i + \sum_j \frac{(h_j - \mu_j)^2}{2 \sigma_j^2} - \sum_{i,j} v_i w_{ij} \frac{h_j}{\sigma_j} \tag{12.60}
# \end{align}
#
# The second is the corrected form: in the public file the signs of the first two terms of 12.60 are the other way round. The bias is a matter of convention; the quadratic term is not. With a minus sign the energy falls without bound as $h$ grows, and $e^{-E}$ has no integral:

# %%
small = Harmonium(torch.tensor([[0.7], [-0.4]]), torch.tensor([0.2, 0.1]), torch.tensor([0.3]), hidden=GaussianUnits(1))
for sign, label in ((1, "corrected"), (-1, "as printed")):
    areas = [quad(lambda x, s=sign: math.exp(-s * 0.5 * (x - 0.3) ** 2 + 0.7 * x), -L, L)[0] for L in (4, 8, 16)]
    print(f"{label:10s}: integral over h from -L to L, L = 4, 8, 16:", *(f"{area:.3g}" for area in areas))
    assert (areas[2] / areas[1] < 1.01) == (sign == 1)

# %%
x_on = torch.tensor([[1.0, 0.0]])


def weight(x):
    return float((-small.energy(x_on, torch.tensor([[x]]))).exp())


area = quad(weight, -15, 15)[0]
mean = quad(lambda x: x * weight(x) / area, -15, 15)[0]
print(f"mean of h given v: integrated {mean:.10f}, formula {small.mean_hidden(x_on).item():.10f}")
assert abs(mean - small.mean_hidden(x_on).item()) < 1e-8
assert abs(-math.log(area) - small.free_energy(x_on).item()) < 1e-8

# %% [markdown]
# A run on real numbers: 949 colours that people named in a survey, each a triple of red, green and blue. Columns are divided by their standard deviations first, so that $\sigma_i = 1$ (our program does so by itself, and refuses a constant column). A machine with $H$ binary hidden units is a mixture
# of $2^H$ Gaussians whose means are the corners of a skewed cube. After 0 epochs it is still nearly one Gaussian with independent columns. The log-density, exactly, beside that of a single Gaussian with a full covariance matrix:

# %%
rgb = load_colors().X[np.random.default_rng(0).permutation(949)]
learn_on, held_out = rgb[:700], rgb[700:]
options = {
    "visible": "gaussian",
    "method": "exact",
    "learning_rate": 0.05,
    "momentum": 0.9,
    "batch_size": 50,
    "random_state": 0,
}
density = {}
for n_epochs in (0, 200):
    colours = RestrictedBoltzmannMachine(6, n_epochs=n_epochs, **options).fit(learn_on)
    density[f"machine, {n_epochs} epochs"] = colours.score(learn_on), colours.score(held_out)
full = multivariate_normal(learn_on.mean(0), np.cov(learn_on.T))
density["one Gaussian, full covariance"] = full.logpdf(learn_on).mean(), full.logpdf(held_out).mean()

# %%
for name, (on_train, on_test) in density.items():
    print(f"{name:30s}: {on_train:.3f} nats a colour, held out {on_test:.3f}")
trained = density["machine, 200 epochs"]
assert trained[0] > density["machine, 0 epochs"][0] + 0.003
assert trained[1] > density["machine, 0 epochs"][1] > density["one Gaussian, full covariance"][1]

# %% [markdown]
# It learns, and what it learns holds for colours it has not seen, where, on this split, the full covariance matrix does worse than no correlations at all. But the gain is small. The reason is worth knowing before one uses this machine: each of its Gaussians has the variance $\sigma_i^2$ in every direction, and we set that to the variance of the *whole* column. From there
# it can only add spread, never sharpen. One would have to learn $\sigma_i$ as well, which our program does not do.
#
# The pattern behind all of these is that a layer of units is known by three functions of the field $\eta$ it feels: the log-normaliser $A(\eta)$, its gradient the mean, and a way to sample. The rest of the program never changes.

# %%
show_source(BernoulliUnits.log_normalizer, GaussianUnits.log_normalizer, SoftmaxUnits.log_normalizer)

# %% [markdown]
# The third kind is for what takes one of $K$ values: a colour, a word, a rating. One visible "unit" is a group of $K$ columns with a single 1, and given $h$ it is drawn from a softmax (Qiu's exercise 12-5):
#
# $$ p\bigl(v_i^{(k)} = 1 \mid h\bigr) = \frac{\exp\bigl(a_i^{(k)} + \sum_j W_{ij}^{(k)} h_j\bigr)}{\sum_{k'} \exp\bigl(a_i^{(k')} + \sum_j W_{ij}^{(k')} h_j\bigr)} \tag{12.67} $$

# %%
softmax = Harmonium(*(torch.randn(s, generator=generator) for s in ((6, 2), (6,), (2,))), SoftmaxUnits(6, 3))
states, given = softmax.visible.states(), torch.tensor([[1.0, 0.0]])
weights = (-softmax.energy(states, given.expand(9, -1))).exp()
gap = (weights @ states / weights.sum() - softmax.mean_visible(given)).abs().max()
print(f"{len(states)} states of two groups of three; softmax and enumeration differ by {gap:.0e}")
assert gap < 1e-12

# %% [markdown]
# ## Labels as units
#
# Put the label beside the pixels, as a softmax group of ten, and the same machine is a classifier. For a given image the free energy of each of the ten completions costs little, and $Z$ cancels:
#
# $$ p(y \mid x) = \frac{e^{-F(x, y)}}{\sum_{y'} e^{-F(x, y')}} . $$
#
# It can be trained on two objectives. The **generative** one, $\log p(x, y)$, needs a negative phase over both. The **discriminative** one, $\log p(y \mid x)$, clamps $x$ in *both* phases, and the negative phase is a sum over ten labels: exact, and without a chain (Larochelle and Bengio 2008).

# %%
show_source(label_free_phase, docstring="first")

# %%
settings = {
    "generative": {"generative": math.inf, "learning_rate": 0.2, "momentum": 0.0, "n_epochs": 40},
    "hybrid": {"generative": 0.01},
    "discriminative": {"generative": 0.0},
}
reader, accuracy = {}, {}
for name, options in settings.items():
    reader[name] = RBMClassifier(100, random_state=0, **options).fit(digits.X_train.astype("float32"), digits.y_train)
    accuracy[name] = reader[name].score(digits.X_test, digits.y_test)
    print(f"{name:15s} test accuracy {accuracy[name]:.3f}")
assert accuracy["discriminative"] > accuracy["generative"] > 0.88
assert min(accuracy["hybrid"], accuracy["discriminative"]) > 0.94

# %% [markdown]
# Classification is a matter of $p(y \mid x)$, and the objective that aims at it wins here. A pinch of the generative gradient, one per cent here, is meant as a regulariser. On the small digits nothing is gained by it; on MNIST, with fewer images per pixel, it makes a visible difference (a record: three seeds, 300 hidden units, 4000 images):

# %%
study = records.load("deep_belief/rbm_classifier")
for row in study["table"]:
    print(
        f"{row['name']:15s} test accuracy {np.mean(row['test']):.3f} {np.round(row['test'], 3)}, on training data {np.mean(row['train']):.3f}"
    )
mnist_accuracy = {row["name"]: np.mean(row["test"]) for row in study["table"]}
assert mnist_accuracy["hybrid"] > mnist_accuracy["discriminative"] + 0.005

# %% [markdown]
# And what the discriminative machine can *not* do: hold the label and let the pixels run. We ask each machine for the digits 0 to 9, and let the discriminative one read the drawings.

# %%
drawn = [np.vstack([model.sample(k, 1, n_steps=500, random_state=k) for k in range(10)]) for model in reader.values()]

# %% mystnb={"image": {"alt": "Three rows of ten images drawn with the labels zero to nine held. The generative and the hybrid machine draw grey, mostly recognisable digits of the label asked for; the discriminative one draws nearly the same meaningless blotch ten times."}}
plot.image_grid(np.vstack(drawn).reshape(-1, 8, 8), n_columns=10, cmap="gray_r", figsize=(6.2, 2.0))
plt.show()

# %%
judge = reader["discriminative"]
read = {name: (judge.predict(images) == np.arange(10)).sum() for name, images in zip(reader, drawn)}
print("of ten drawn digits the discriminative machine reads as meant:", {k: int(v) for k, v in read.items()})
assert read["generative"] >= 5
assert read["hybrid"] > read["discriminative"]

# %% [markdown]
# It reads most drawings of the other two (first and second row) and has no idea of its own what a digit looks like (third row): nothing in its objective asked for one.
#
# ## What goes wrong, silently
#
# A network that is trained on a loss shows its divergence: the loss explodes. An RBM has no loss that anybody computes. Its probabilities stay in [0, 1], nothing becomes infinite, and people watch the **reconstruction error** (重构误差), because it is free. Fischer and Igel (2010) showed on bars and stripes how this misleads. Contrastive divergence at a constant rate and a
# long training, 4000 epochs, all gauges side by side, and the exact gradient at the same rate:

# %%
truth = torch.tensor(bars.X)
watched = {}
for name, method in {"CD-1": "cd", "exact": "exact"}.items():
    rbm = RestrictedBoltzmannMachine(12, method=method, learning_rate=0.3, batch_size=30, random_state=0)
    rows = []
    for epoch in range(1, 4001):
        rbm.partial_fit(patterns)
        if epoch % 100 == 0:
            m = rbm.harmonium_
            exact_value = enumeration.exact_log_likelihood(m, truth).mean().item()
            rows.append((monitoring.reconstruction_error(m, truth).mean().item(), exact_value, m.W.abs().max().item()))
    watched[name] = np.array(rows).T

# %% mystnb={"image": {"alt": "Three panels against the epoch. Left, on a logarithmic axis: the reconstruction errors of CD-1 and of the exact gradient fall by orders of magnitude. Middle: the log-likelihood of CD-1 peaks near minus 5 and then sinks by about a nat, while that of the exact gradient never falls and ends near minus 3.5. Right: the largest weights of both keep growing."}}
fig, axes = plt.subplots(1, 3, figsize=(7.4, 2.8))
for k, label in enumerate(("reconstruction error", "log-likelihood (nats)", "largest weight")):
    for (name, values), line in zip(watched.items(), ("-", "--")):
        axes[k].plot(np.arange(100, 4001, 100), values[k], line, label=name)
    axes[k].set(xlabel="epoch", title=label)
axes[0].set_yscale("log")
axes[1].set_ylim(-12, -3)
axes[0].legend(fontsize=7)
plt.show()

# %%
errors, values, sizes = watched["CD-1"]
print(f"CD-1: likelihood at its best {values.max():.2f}, at the end {values[-5:].mean():.2f} nats")
print(
    f"reconstruction error then {errors[values.argmax()]:.4f}, at the end {errors[-1]:.6f}; largest weight {sizes[-1]:.1f}"
)
assert values[-5:].mean() < values.max() - 0.2
assert errors[-1] < 0.5 * errors[values.argmax()]
print(f"exact gradient at the end: {watched['exact'][1][-1]:.2f} nats")
assert watched["exact"][1][-1] > max(watched["exact"][1].max() - 0.05, values.max() + 0.5)

# %% [markdown]
# The likelihood falls while the reconstruction error says that things get better and better. There is no contradiction: with huge weights a chain that starts at a pattern returns to it, so every pattern is perfectly reconstructed, and CD-1, which asks just this question, is content. That the model meanwhile gives its probability to pictures that were never shown, the
# reconstructions cannot say. (Whether a rate that is simply too high would be louder is exercise 8.) What one can do:
#
# | Gauge | What it shows | What it costs |
# |---|---|---|
# | exact likelihood | everything | $2^K$ for the smaller layer $K \le 20$ |
# | annealed importance sampling | nearly everything | [the next section](partition_function.ipynb) |
# | free-energy gap | learning by heart | two matrix products |
# | size of the weights, saturated units (always 0 or always 1) | that chains no longer mix | nothing |
# | samples from long chains | modes without data | patience |
# | reconstruction error | that the code is not broken | nothing |
#
# The **free-energy gap** deserves a demonstration: $\bar F(\text{held out}) - \bar F(\text{train})$ is *exactly* the difference of the two mean log-likelihoods, because $\log Z$ cancels. A hundred digits, learnt by heart:

# %%
few, gaps = X_train[:100], []
rbm = RestrictedBoltzmannMachine(12, method="exact", learning_rate=0.2, batch_size=20, random_state=0)
held = torch.tensor(X_test, dtype=torch.float64)
for epoch in range(400):
    rbm.partial_fit(few)
    if epoch % 20 == 19:
        m = rbm.harmonium_
        gaps.append(
            (monitoring.free_energy_gap(m, torch.tensor(few).double(), held), rbm.score(few), rbm.score(X_test))
        )
gaps = np.array(gaps).T

# %% mystnb={"image": {"alt": "Left: log-likelihood against the epoch; that of a hundred training digits keeps rising, that of test digits has a maximum early and then falls. Right: the free-energy gap grows steadily from the beginning."}}
fig, (left_panel, right_panel) = plt.subplots(1, 2, figsize=(7, 2.8))
at = np.arange(20, 401, 20)
left_panel.plot(at, gaps[1], label="100 training digits")
left_panel.plot(at, gaps[2], "--", label="test digits")
left_panel.set(xlabel="epoch", ylabel="log-likelihood (nats)")
left_panel.legend()
right_panel.plot(at, gaps[0])
right_panel.set(xlabel="epoch", ylabel="free-energy gap (nats)")
plt.show()

# %%
print(
    f"test log-likelihood: best {gaps[2].max():.2f} at epoch {at[gaps[2].argmax()]}, at the end {gaps[2][-1]:.2f} nats"
)
print(f"gap {gaps[0][0]:.2f} at epoch 20, {gaps[0][-1]:.2f} at the end")
assert np.allclose(gaps[0], gaps[1] - gaps[2], atol=1e-3)
assert gaps[2][-1] < gaps[2].max() - 0.3
assert gaps[0][-1] > gaps[0][0] + 2

# %% [markdown]
# ## Checked against scikit-learn
#
# scikit-learn's `BernoulliRBM` is PCD-1 at a constant rate. Its formulas can be checked against ours directly, whatever it learnt.

# %%
theirs = BernoulliRBM(12, learning_rate=0.03, n_iter=10, random_state=0).fit(X_train)
same = Harmonium(
    *(
        torch.tensor(x, dtype=torch.float64)
        for x in (theirs.components_.T, theirs.intercept_visible_, theirs.intercept_hidden_)
    )
)
gap_h = np.abs(theirs.transform(X_test) - same.mean_hidden(held).numpy()).max()
gap_f = np.abs(theirs._free_energy(X_test) - same.free_energy(held).numpy()).max()
print(f"hidden means differ by {gap_h:.0e}, free energies by {gap_f:.0e} (float32)")
assert gap_h < 1e-5
assert gap_f < 1e-3

# %% [markdown]
# Its speed is a matter of measurement, side by side on one thread: an epoch of PCD-1 in batches of 100. learnergy is another library with RBMs. A ratio below 1 means that ours is faster.

# %%
for row in records.load("deep_belief/rbm_time")["repetitions"]:
    ratios = ", ".join(f"{ratio:.2f} of {name}'s" for name, ratio in row["ratios"].items())
    print(f"{row['size']:8s} {row['dtype']}: our seconds are {ratios}")
    assert row["ratios"].get("learnergy", 0) < 1

# %% [markdown]
# With 784 and 256 units the matrix products dominate, and scikit-learn and we are about equal: a little faster in float32, a little slower in float64. At the size of our digits, 64 and 12, overhead decides, and scikit-learn has less of it than we do. learnergy takes longer at both sizes.

# %% tags=["gpu"]
if device.type == "cuda":
    mnist = load_mnist_5k()
    big = RestrictedBoltzmannMachine(500, batch_size=100, n_epochs=50, schedule="linear", random_state=0, device=device)
    seconds = time.perf_counter()
    big.fit(mnist.X_train.astype("float32"))
    print(f"500 hidden units on 4000 images, 50 epochs: {time.perf_counter() - seconds:.1f} s")
else:
    print("skipped without a CUDA device: 500 hidden units on 4000 images of MNIST, 50 epochs")

# %% [markdown]
# ## Exercises
#
# 1. Show that without hidden units a machine with visible biases only has the optimum $a_i = \log \frac{m_i}{1 - m_i}$, $m_i$ the mean of pixel $i$. Where does our program use this?
#    <details><summary>Answer</summary>
#
#    Set 12.54 to zero: $m_i = \sigma(a_i)$. It is the first visible bias (`base_bias_`), so that the weights need not learn the means, and the easy end of the ladder of temperatures.
#
#    </details>
# 2. A machine with $H$ hidden units is a mixture model. Of how many components, and what is special about their parameters? Count the parameters of a free mixture of that many components.
#    <details><summary>Answer</summary>
#
#    $2^H$ components, one for each $h$; their log-odds are $a + W h$, sums of $H$ columns. A free mixture would need $2^H (V + 1) - 1$ numbers instead of $VH + V + H$: hidden units *share* their work.
#
#    </details>
# 3. With a single hidden unit CD-1 rests exactly where maximum likelihood does. Why?
#    <details><summary>Answer</summary>
#
#    At the optimum $\langle h \rangle_{\text{data}} = \langle h \rangle_{\text{model}}$ by 12.55. For one binary unit the mean *is* the distribution, so $h$ given the data is distributed as under the model; what is drawn from $h$ then is, too, and the expected negative phase is the exact one. With two units only their means agree, not their joint distribution.
#
#    </details>
# 4. Give PCD the momentum 0.9 on the digits, everything else equal. What happens to the exact likelihood, what to the weights, and why does the exact gradient not mind?
#    <details><summary>Hint</summary>
#
#    The effective step grows tenfold. Persistent chains are in equilibrium only while the model moves slowly; the exact negative phase has no memory.
#
#    </details>
# 5. Derive 12.67 from the energy $-\sum_i \sum_k a_i^{(k)} v_i^{(k)} - b^\top h - \sum_{ijk} v_i^{(k)} W_{ij}^{(k)} h_j$, and its free energy. For $K = 2$, which binary machine is it?
#    <details><summary>Answer</summary>
#
#    Given $h$ the groups are independent, and in a group only one term survives: a softmax. Summing out $v$ gives $\sum_i \log \sum_k e^{\cdot}$. For $K = 2$ only differences count: weights $W^{(2)} - W^{(1)}$, bias $a^{(2)} - a^{(1)}$.
#
#    </details>
# 6. Derive the conditionals of 12.59 (Qiu's exercise 12-4): show that $p(v_i \mid h)$ is normal with mean $\mu_i + \sigma_i \sum_j w_{ij} h_j$ and variance $\sigma_i^2$.
#    <details><summary>Hint</summary>
#
#    Complete the square in $v_i$.
#
#    </details>
# 7. The Metropolis rule for exchanging the states of two temperatures contains no partition function. Why?
#    <details><summary>Answer</summary>
#
#    The ratio is $p_s(v_t) p_t(v_s) / (p_s(v_s) p_t(v_t))$; each $Z$ stands once above and once below.
#
#    </details>
# 8. Train by the exact gradient on bars and stripes at the rate 0.9, three times that of the three gauges. Does the reconstruction error warn you?
#    <details><summary>Hint</summary>
#
#    Record the same gauges every 100 epochs. Look at the likelihood for jumps, and at the reconstruction error at the same epochs.
#
#    </details>
#
# ## Summary
#
# - Without connections inside a layer each layer is independent given the other: Gibbs sampling in two strokes, a free energy in closed form, a positive phase without a sample.
# - The negative phase remains. CD-$k$ cuts the chain short; in the machines above its bias falls geometrically in $k$ and rises with the weights, and its fixed point is not the maximum of the likelihood, though close.
# - On digits CD, PCD and tempering all come within a fraction of a nat of the exact gradient. On bars and stripes they differ, and tempering comes closest to the bound.
# - Real, categorical and label units change three functions. The quadratic terms are positive, whatever the print says.
# - Reconstruction error is no likelihood. Watch something that can tell.
#
# ## Sources
#
# - Qiu (2019), 《神经网络与深度学习》, section 12.2 and exercises 12-4, 12-5.
# - Zhou (2016), 《机器学习》, section 5.5.6, Fig. 5.14.
# - Smolensky (1986), Information processing in dynamical systems: foundations of harmony theory, in Parallel Distributed Processing 1, 194–281.
# - Hinton (2002), Training products of experts by minimizing contrastive divergence, [doi:10.1162/089976602760128018](https://doi.org/10.1162/089976602760128018).
# - Carreira-Perpiñán and Hinton (2005), On contrastive divergence learning, AISTATS.
# - Welling, Rosen-Zvi and Hinton (2005), Exponential family harmoniums with an application to information retrieval, NIPS 17.
# - Hinton, Osindero and Teh (2006), A fast learning algorithm for deep belief nets, [doi:10.1162/neco.2006.18.7.1527](https://doi.org/10.1162/neco.2006.18.7.1527).
# - Tieleman (2008), Training restricted Boltzmann machines using approximations to the likelihood gradient, [doi:10.1145/1390156.1390290](https://doi.org/10.1145/1390156.1390290).
# - Larochelle and Bengio (2008), Classification using discriminative restricted Boltzmann machines, [doi:10.1145/1390156.1390224](https://doi.org/10.1145/1390156.1390224).
# - Desjardins, Courville, Bengio, Vincent and Delalleau (2010), Tempered Markov chain Monte Carlo for training of restricted Boltzmann machines, AISTATS.
# - Fischer and Igel (2010), Empirical analysis of the divergence of Gibbs sampling based learning algorithms for restricted Boltzmann machines, [doi:10.1007/978-3-642-15825-4_26](https://doi.org/10.1007/978-3-642-15825-4_26).
# - Cho, Raiko and Ilin (2011), Enhanced gradient and adaptive learning rate for training restricted Boltzmann machines, ICML.
# - Montavon and Müller (2012), Deep Boltzmann machines and the centering trick, [doi:10.1007/978-3-642-35289-8_33](https://doi.org/10.1007/978-3-642-35289-8_33).
# - Hinton (2012), A practical guide to training restricted Boltzmann machines, [doi:10.1007/978-3-642-35289-8_32](https://doi.org/10.1007/978-3-642-35289-8_32).
