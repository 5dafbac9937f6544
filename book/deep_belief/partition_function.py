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
# # The partition function (配分函数)
#
# A restricted Boltzmann machine gives every image a probability, $p(v) = e^{-F(v)} / Z$. The numerator is a matter of one product with $W$. The denominator is a sum over all images that
# there could ever be, and nobody has ever computed it for a machine of useful size. Learning got along without it, because $Z$ cancels from ratios. But ask the plainest question of all,
# *how good is this model?*, and there it stands.
#
# This section computes $Z$ exactly where that is possible, finds out what it costs, and then estimates it where it is not. The estimator, **annealed importance sampling** (退火重要性采样, AIS), is one of the
# most beautiful arguments in this field: a few hundred short, unfinished Markov chains, none of which ever reaches equilibrium, and yet the average of what they carry is *exactly* right. It is also an estimator that can be
# wrong by a factor of ten and report an error of one per cent. We shall see both, and learn to tell them apart.
#
# **You need:** the energy and the free energy of a [restricted Boltzmann machine](restricted_boltzmann_machine.ipynb), Gibbs sampling, expectation and variance. Parallel tempering is mentioned once.
#
# **Time to run:** see the [Execution](../execution.md) page. About half a minute on one core; the largest machine is read from a record.

# %% tags=["install", "hide-cell"]
# Only where the package is missing, as on Colab.
import importlib.util

if importlib.util.find_spec("nndl_support") is None:
    print("This notebook needs the package nndl_support: run pip install '.[data]' in a copy of its repository.")

# %%
import math
import time
from itertools import pairwise

import matplotlib.pyplot as plt
import numpy as np
import torch
from sklearn.neural_network import BernoulliRBM

# %%
from nndl_support import plot, records
from nndl_support.data.digits import load_digits, load_mnist_5k
from nndl_support.deep_belief import (
    annealing_moments,
    annealing_path,
    importance_sampling,
    partition,
    pseudo_likelihood,
    reverse_annealing,
    thermodynamic_integration,
)
from nndl_support.deep_belief.enumeration import exact_log_likelihood
from nndl_support.deep_belief.harmonium import Harmonium
from nndl_support.deep_belief.moments import contrastive_divergence, moments
from nndl_support.deep_belief.monitoring import reconstruction_error
from nndl_support.deep_belief.rbm import RestrictedBoltzmannMachine
from nndl_support.deep_belief.tempering import tempered_gibbs_step
from nndl_support.device import pick_device
from nndl_support.source import show_source

plot.use_style()
torch.set_num_threads(1)
device = pick_device()

# %% [markdown]
# ## What the number is for
#
# The joint probability of a visible and a hidden state is (the number is Qiu's)
#
# $$ p(v, h) = \frac{1}{Z}\, e^{a^\top v}\, e^{b^\top h}\, e^{v^\top W h} \tag{12.32} $$
#
# $$ Z = \sum_v \sum_h e^{a^\top v + b^\top h + v^\top W h} = \sum_v e^{-F(v)} $$
#
# $Z$, the **partition function** (配分函数), makes the probabilities sum to one. Take the small digits, 8 × 8 pixels cut at one half, and train machines with 2, 6 and 16 hidden units. Each of
# them can sample and reconstruct, and samples can be admired. The average log-probability of *test* images, in nats, can be compared:

# %%
digits = load_digits()
X, X_test = (torch.tensor((images > 0.5).astype(float)) for images in (digits.X_train, digits.X_test))
options = {"method": "pcd", "learning_rate": 0.1, "batch_size": 50, "n_chains": 100, "n_epochs": 40}
machines = {H: RestrictedBoltzmannMachine(H, **options, random_state=0).fit(X) for H in (2, 6, 16)}

# %%
base = torch.as_tensor(machines[16].base_bias_)
scores = {0: float((X_test @ base - torch.nn.functional.softplus(base).sum()).mean())}
scores |= {H: rbm.score(X_test) for H, rbm in machines.items()}
for H, score in scores.items():
    print(
        f"{H:2d} hidden units: log-probability {score:.2f} nats, a code of {-score / 64 / math.log(2):.3f} bits a pixel"
    )
print(f"16 units against none: e^{scores[16] - scores[0]:.2f}, a factor of {math.exp(scores[16] - scores[0]):.0f}")
assert scores[0] < scores[2] < scores[6] < scores[16]
assert scores[16] - scores[0] > 3

# %% [markdown]
# The machine without hidden units is the **base model**: every pixel an independent coin with the bias of the data. Each nat is a factor of $e$ in probability, so the best machine finds an unseen
# digit (in the geometric mean) about a hundred times more probable than the coins do. No reconstruction error says such a thing. The scores are possible because `score` summed over all $2^{16}$ hidden states, and that is the first thing to understand.
#
# ## Exactly: sum out a layer
#
# Written down naively, $Z$ has $2^{V+H}$ terms. But given $h$ the visible units are independent, so the sum over $v$ factorises:
#
# $$ Z = \sum_h e^{b^\top h} \prod_{i=1}^{V} \bigl(1 + e^{a_i + W_{i:} h}\bigr) $$
#
# and only $2^H$ terms are left, or $2^V$ if that is less. The 64 pixels have become free of charge. On a machine small enough for the naive sum, both must agree:

# %%
generator = torch.Generator().manual_seed(1)
tiny = Harmonium(
    *(s * torch.randn(shape, generator=generator).double() for s, shape in ((1.5, (5, 3)), (1, 5), (1, 3)))
)
print(f"sum over 2^8 pairs: {importance_sampling.log_z_over_both_layers(tiny):.12f}")
print(f"sum over 2^3 hidden states: {partition.exact_log_z(tiny):.12f}")
assert abs(importance_sampling.log_z_over_both_layers(tiny) - partition.exact_log_z(tiny)) < 1e-12

# %%
sizes, seconds = np.arange(10, 19, 2), []
for H in sizes.tolist():
    random_machine = Harmonium(0.1 * torch.randn(64, H).double(), torch.zeros(64).double(), torch.zeros(H).double())
    runs = []
    for _ in range(3):
        start = time.process_time()
        partition.exact_log_z(random_machine)
        runs.append(time.process_time() - start)
    seconds.append(min(runs))

# %% mystnb={"image": {"alt": "Seconds for the exact partition function against the number of hidden units from 10 to 18, on a logarithmic axis: a straight line upwards, a factor of about two for each unit."}}
fig, ax = plt.subplots(figsize=(6.4, 3))
ax.semilogy(sizes, seconds, "o-", label="measured, 64 visible units")
ax.semilogy(sizes, seconds[-1] * 2.0 ** (sizes - 18), "--", label="a factor of 2 for each unit")
ax.set(xlabel="hidden units H", ylabel="time for log Z (s)", xticks=sizes)
ax.legend()
plt.show()

# %%
growth = (seconds[-1] / seconds[1]) ** (1 / 6)
years = seconds[-1] * 2.0**82 / 3.15e7
print(f"factor for each additional unit: {growth:.2f}; with 100 hidden units it would take {years:.0e} years")
assert 1.5 < growth < 2.7
assert years > 1e10

# %% [markdown]
# One unit more, twice the time, or somewhat more, since the number of terms doubles and longer lists are also slower to fetch from memory. The machine of 2008 that made this question urgent had 500 hidden units. (Could a cleverer algorithm do it? Long and Servedio (2010) proved that even approximating $\log Z$ of a restricted Boltzmann machine is
# NP-hard in the worst case. What follows works in *good* cases, and the art is to know which case one has.)
#
# ## A first idea, and why it fails
#
# Any sum is an expectation. Take the base model $p_0(v) = e^{-F_0(v)} / Z_0$, whose $Z_0$ is a product of $V$ brackets, and write
#
# $$ \frac{Z}{Z_0} = \sum_v \frac{e^{-F(v)}}{Z_0} = \sum_v p_0(v)\, \frac{e^{-F(v)}}{e^{-F_0(v)}} = \mathbb{E}_{p_0}[w(v)], \qquad w(v) = e^{F_0(v) - F(v)} . $$
#
# Draw images from the base model and average their **importance weights** (重要性权重). The mean is right on paper for any base that leaves nothing out. In practice nearly all weights are nearly zero, because hardly any heap of independent pixels looks like a digit,
# and the rest of the work is done by one or two draws. The **effective sample size** (有效样本量), $(\sum w)^2 / \sum w^2$, counts how many draws take part. For many draws its share tends to
#
# $$ \rho = \frac{\mathbb{E}[w]^2}{\mathbb{E}[w^2]} = \frac{1}{1 + \operatorname{var}(w) / \mathbb{E}[w]^2} , $$
#
# and for a machine made of $n$ copies of a small one, side by side without connection, expectations multiply and the share is $\rho^n$: **exponentially small in the dimension**. Both can be computed.

# %%
copies, n_draws = np.arange(1, 31), 10_000
log_mean, log_square = importance_sampling.exact_log_weight_moments(tiny, torch.zeros(5))
rho, measured = math.exp(2 * log_mean - log_square), []
for n in copies.tolist():
    block = Harmonium(torch.block_diag(*[tiny.W] * n), tiny.a.repeat(n), tiny.b.repeat(n))
    log_w, _ = importance_sampling.importance_log_weights(block, torch.zeros(5 * n).double(), n_draws, generator)
    measured.append(importance_sampling.effective_sample_size(log_w) / n_draws)

# %% mystnb={"image": {"alt": "Share of effective draws against the number of visible units, on a logarithmic axis. The exact share falls as a straight line to about ten to the minus twenty at 150 units. The measured share follows it down to about ten to the minus four and stays there, because one draw in ten thousand always counts."}}
fig, ax = plt.subplots(figsize=(6.4, 3.1))
ax.semilogy(5 * copies, rho**copies, "-", label=r"exact, $\rho^n$")
ax.semilogy(5 * copies, measured, "o", ms=4, label="measured with 10,000 draws")
ax.axhline(1 / n_draws, color="black", lw=1, ls=":", label="one draw")
ax.set(xlabel="visible units", ylabel="effective share of the draws")
ax.legend(fontsize=8)
plt.show()

# %%
print(
    f"rho = {rho:.3f}; measured with one copy {measured[0]:.3f}; thirty copies: exact {rho**30:.0e}, measured {measured[-1]:.0e}"
)
assert abs(measured[0] - rho) < 0.05
assert measured[-1] > 1000 * rho**30

# %% [markdown]
# Read the figure twice. The line says that importance sampling is hopeless beyond some dozens of units. The dots say something worse: the *measured* share stops falling when one draw does all the work, because one draw is always at least one. With 150 units
# the machine would need of the order of $10^{20}$ draws for a single effective one, and the measurement reports one out of ten thousand. **A sample cannot report what it has not met.** Keep this sentence; it returns at the end. On the digits, with a base that knows the means, things are not that bad:

# %%
rbm, exact = machines[16], partition.exact_log_z(machines[16])
machine, uniform = rbm.harmonium_, torch.zeros(64).double()
for name, bias in (("data means", base), ("uniform", uniform)):
    log_w, log_z0 = importance_sampling.importance_log_weights(machine, bias, 100_000, generator)
    estimate, error = partition.log_mean_weight(log_w)
    effective = importance_sampling.effective_sample_size(log_w)
    print(
        f"base {name}: log Z too high by {log_z0 + estimate - exact:+.2f} ± {error:.2f}, {effective:.0f} of 100,000 effective"
    )
assert estimate + log_z0 - exact < -1

# %% [markdown]
# From the means of the data a few dozen draws of a hundred thousand do the work, and the estimate is usable. From uniform noise it is more than ten nats too low, a factor of the order of a million in $Z$, with an error that claims less than one nat.
#
# ## Annealing: many small ratios
#
# If one step from the base to the machine is too long, take many. Put a ladder of distributions in between,
#
# $$ p_k(v) = \frac{1}{Z_k}\, e^{-F_k(v)} , $$
#
# where $F_k$ is the free energy of a machine with the weights $\beta_k W$, the visible biases $(1 - \beta_k)\, a_0 + \beta_k a$ and the hidden biases $\beta_k b$, and $a_0$ are the biases of the base. The inverse temperature $\beta$ climbs
# from $\beta_0 = 0$ (the base) to $\beta_K = 1$ (the machine). Every rung is itself a restricted Boltzmann machine. Then $Z / Z_0$ is a product of ratios $Z_k / Z_{k-1}$, each close to one and each easy, *if we had samples of each rung*. To get
# them one would have to run a chain to equilibrium on every rung. Neal (2001) saw that one need not. Let a single chain climb: draw $v_0$ from the base; for $k = 1, \dots, K$ multiply
# the weight by how much more the state counts on the next rung, and make one Gibbs step there:
#
# \begin{align}
# w &\leftarrow w \cdot e^{F_{k-1}(v_{k-1}) - F_k(v_{k-1})}, \\
# v_k &\sim T_k(v_k \mid v_{k-1}) .
# \end{align}
#
# The chain lags behind the ladder and is never in equilibrium. Nevertheless
#
# $$ \boxed{\;\mathbb{E}[w] = \frac{Z}{Z_0} \quad \text{exactly, for any number of rungs.}\;} $$
#
# **Proof.** Suppose it holds up to some rung in the following stronger form: for every state $v$, the average weight of the chains that are at $v$ is $\mathbb{E}[w\, \mathbb{1}(v_{k-1} = v)] = e^{-F_{k-1}(v)} / Z_0$. For $k = 1$ this says $p_0(v) = e^{-F_0(v)} / Z_0$. Multiplying the weight turns
# the right side into $e^{-F_k(v)} / Z_0$. This is $p_k$ up to a factor that does not depend on $v$, and the Gibbs step leaves $p_k$ as it is, so it leaves the weighted cloud of chains as it is: the claim holds for $k$. Sum over $v$ at the top. ∎
#
# In words: the chains are in the wrong places, but each carries a weight that makes up for it, and a step that keeps the right distribution keeps the *weighted* distribution too. It is importance sampling after all, in the space of whole paths.

# %%
show_source(partition.annealed_log_weights, partition.log_ratio, docstring="first")

# %% [markdown]
# The chains are rows of a matrix, so a hundred of them cost hardly more than one, and a rung costs two products with $W$. On the tiny machine we need not trust a proof, nor a sample. A chain is a product of transition matrices and its weight a diagonal between them,
# so $\mathbb{E}[w]$, $\mathbb{E}[w^2]$ and $\mathbb{E}[\log w]$ are computed to the last digit:

# %%
log_z, origin = partition.exact_log_z(tiny), torch.zeros(5).double()
log_z0, spread = annealing_path.log_z_at_base(tiny, origin), {}
for T in (2, 3, 5, 11, 101):
    beta = annealing_path.linear_temperatures(T)
    exactly = annealing_moments.exact_weight_moments(tiny, beta, origin)
    log_w, *_ = partition.annealed_log_weights(tiny, beta, origin, n_chains=5000, generator=generator)
    spread[T] = math.exp(exactly.log_mean_square - 2 * exactly.log_mean) - 1
    w = (log_w - log_w.mean()).exp()
    low = exactly.mean_log + log_z0 - log_z
    print(
        f"T = {T:3d}: log E[w] - log Z/Z0 = {exactly.log_mean + log_z0 - log_z:8.1e}; E[log w] is {low:+.3f} off;"
        f" var(w)/E[w]^2 = {spread[T]:.3f}, sampled {float(w.var() / w.mean() ** 2):.3f}"
    )
    assert abs(exactly.log_mean + log_z0 - log_z) < 1e-12
assert abs(spread[2] - (1 / rho - 1)) < 1e-9
assert 7 < spread[11] / spread[101] < 14

# %% [markdown]
# The identity holds to rounding whether there are two temperatures or a hundred; what the rungs buy is *variance*, which falls like $1/T$ once there are enough of them: ten times the steps, a tenth of it. (Two temperatures are simple importance sampling, with the variance $1/\rho - 1$ from above.)
#
# ## On the digits
#
# The fitted estimator knows its base. The function returns $\log Z$ and a standard error. Four machines, trained from four seeds, with 16 hidden units each so that the truth is known:

# %%
for seed in range(4):
    trained = machines[16] if seed == 0 else RestrictedBoltzmannMachine(16, **options, random_state=seed).fit(X)
    log_z, error = partition.annealed_importance_sampling(trained, n_chains=100, n_temperatures=1000, random_state=seed)
    off = log_z - partition.exact_log_z(trained)
    print(f"seed {seed}: log Z = {log_z:.3f} ± {error:.3f}; enumeration says {log_z - off:.3f}: off by {off:+.3f}")
    assert abs(off) < 0.1
    assert abs(off) < 4 * error + 0.01

# %% [markdown]
# One or two hundredths of a nat, from a hundred chains. Where does the scatter come from? Since every rung is a machine that can be enumerated, we may watch the weights on their way and compare them with the exact $Z_k$.

# %%
rungs = annealing_path.linear_temperatures(61).tolist()
v, carried = machine.visible.sample(base.expand(200, -1), generator), [torch.zeros(200).double()]
for low, high in pairwise(rungs):
    carried.append(carried[-1] + partition.log_ratio(machine, v, machine.hidden_field(v), low, high, base))
    v = tempered_gibbs_step(machine, v, high, base, generator)
between = [partition.exact_log_z(annealing_path.tempered_machine(machine, b, base)) for b in rungs]
carried = torch.stack(carried) - (torch.tensor(between) - between[0])[:, None]

# %% mystnb={"image": {"alt": "Log-weights of thirty chains minus the exact value against beta: a fan of thin lines that opens slowly from zero and leans downwards, to between about minus one and a half and plus one and a half. The logarithm of the mean weight of 200 chains stays close to zero all the way, the mean of the logarithms sinks a little below."}}
fig, ax = plt.subplots(figsize=(6.4, 3.2))
ax.plot(rungs, carried[:, :30], color="gray", lw=0.6, alpha=0.6)
ax.plot(rungs, carried.logsumexp(1) - math.log(200), label="logarithm of the mean weight")
ax.plot(rungs, carried.mean(1), "--", label="mean of the logarithms")
ax.set(xlabel="β", ylabel=r"$\log w - \log Z_k / Z_0$ (nats)")
ax.legend(fontsize=8)
plt.show()

# %%
top = carried[-1]
print(
    f"at the top: logarithm of the mean {float(top.logsumexp(0)) - math.log(200):+.3f}, mean of the logarithms {float(top.mean()):+.3f}"
)
print(f"spread {float(top.std()):.2f}; {float((top < 0).double().mean()):.0%} of the chains ended too low")
assert abs(float(top.logsumexp(0)) - math.log(200)) < 0.3
assert float(top.mean()) < 0
assert float((top < 0).double().mean()) > 0.5

# %% [markdown]
# Each grey chain drifts; more of them drift downwards than upwards, because a chain that lags behind finds the next rung a little less inviting than it should be; a few drift up and make good for it in the mean. Nothing in the fan is the mistake of the method. It is the price of not waiting for equilibrium, paid in variance instead of in bias.
#
# How long must the ladder be, how many chains, and is the error honest? We run four
# thousand chains for each length and deal them out to make-believe experiments: 800 with 5 chains, 200 with 20, or 40 with 100.

# %%
table = {}
for name, bias in (("data means", base), ("uniform", uniform)):
    for T in (3, 10, 30, 100):
        log_w, log_z0, _ = partition.annealed_log_weights(
            machine, annealing_path.linear_temperatures(T), bias, n_chains=4000, generator=generator
        )
        for C in (5, 20, 100):
            found = [partition.log_mean_weight(group) for group in log_w.split(C)]
            off = np.array([log_mean for log_mean, _ in found]) + log_z0 - exact
            inside = np.mean(np.abs(off) < 3 * np.array([error for _, error in found]))
            table[name, T, C] = off.mean(), np.sqrt(np.mean(off**2)), inside
        w = (log_w - log_w.mean()).exp()
        table[name, T, "half"] = float(w.var() / w.mean() ** 2) / 2

# %% mystnb={"image": {"alt": "Two panels against the number of temperatures from 3 to 100. Left: root mean square error of log Z on a logarithmic axis for 5, 20 and 100 chains; all curves fall, those with the uniform base from between ten and twenty nats to a few tenths, those with data means from about one nat to less than a tenth for a hundred chains. Right: share of experiments in which the truth lies within three standard errors; with data means it rises from between 0.6 and 0.8 to almost one, with the uniform base from nearly zero."}}
fig, (left, right) = plt.subplots(1, 2, figsize=(8, 3.3))
for (name, style), colour in zip((("data means", "-"), ("uniform", "--")), plot.PALETTE):
    for C, marker in ((5, "o"), (20, "s"), (100, "^")):
        rows = [table[name, T, C] for T in (3, 10, 30, 100)]
        left.loglog((3, 10, 30, 100), [r[1] for r in rows], style, marker=marker, color=colour, label=f"{name}, {C}")
        right.semilogx((3, 10, 30, 100), [r[2] for r in rows], style, marker=marker, color=colour)
left.set(xlabel="temperatures", ylabel="r.m.s. error of log Z (nats)")
right.set(xlabel="temperatures", ylabel="share within 3 standard errors", ylim=(-0.03, 1.05))
left.legend(fontsize=7, title="base, chains", title_fontsize=7)
plt.show()

# %%
shown = (
    ("uniform", 3, 100),
    ("uniform", 100, 100),
    ("data means", 10, 5),
    ("data means", 10, 100),
    ("data means", 100, 100),
)
for name, T, C in shown:
    bias, rms, inside = table[name, T, C]
    print(
        f"{name}, {T} temperatures, {C} chains: mean error {bias:+.3f}, r.m.s. {rms:.3f}, inside 3 sigma {inside:.0%}"
    )
assert table["uniform", 3, 100][2] < 0.2
assert table["uniform", 3, 100][0] < -5
assert table["data means", 10, 5][0] < -0.05
assert table["data means", 100, 100][2] > 0.85
assert table["data means", 10, 100][1] < 4 * table["uniform", 100, 100][1]
print(
    f"data means, 30 temperatures, 20 chains: mean error {table['data means', 30, 20][0]:+.3f},"
    f" minus half the relative variance of the mean {-table['data means', 30, 'half'] / 20:+.3f}"
)
assert abs(table["data means", 30, 20][0] + table["data means", 30, "half"] / 20) < 0.1

# %% [markdown]
# Three lessons.
#
# **log Z is too low on average.** $\mathbb{E}[\bar w]$ is exact, but the logarithm is concave, so by Jensen's inequality $\mathbb{E}[\log \bar w] \le \log \mathbb{E}[\bar w]$. While the relative variance of the mean is small the bias is about minus half of it,
#
# $$ \mathbb{E}[\log \bar w] - \log \frac{Z}{Z_0} \approx - \frac{1}{2C} \frac{\operatorname{var}(w)}{\mathbb{E}[w]^2} , $$
#
# negligible beside the standard error itself. It means that the test log-probability, $-F - \log Z$, is too *high*: the method flatters the model.
#
# **Few chains, short ladders: errors too small.** A heavy-tailed weight that has not been drawn yet is missing from the mean and from the variance at once. Of the experiments with a uniform base and three temperatures next to none holds the truth within three of its standard errors, and they are off by more than ten nats.
#
# **The base is worth more than the chains.** Starting from the means of the data instead of from uniform noise saves most of the temperatures: the error with ten rungs from there is within a factor of two or so of that with a hundred from the noise. It costs nothing. (One half-lit image is added to the data, or a pixel that is never lit would get a bias of $-\infty$, from which no chain returns.)
#
# Where should the rungs stand? Salakhutdinov and Murray put most of them near $\beta = 1$. There is a theory (Gelman and Meng, 1998): with chains close to equilibrium the variance of $\log w$ is a sum of squared steps in a metric whose speed is the standard deviation of
# $\partial F_\beta / \partial \beta$, and it is least when all steps have the same length. A pilot run measures the speed.

# %%
spacings = {}
for name, bias in (("data means", base), ("uniform", uniform)):
    ladders = {
        "linear": annealing_path.linear_temperatures(100),
        "2008": annealing_path.temperatures_of_2008(100),
        "equal": annealing_path.equal_length_temperatures(machine, 100, bias, n_chains=300, generator=generator),
    }
    for kind, beta in ladders.items():
        log_w, *_ = partition.annealed_log_weights(machine, beta, bias, n_chains=2000, generator=generator)
        spacings[name, kind] = float(log_w.var())
    print(f"base {name}: variance of log w", {kind: round(spacings[name, kind], 3) for kind in ladders})
    assert spacings[name, "equal"] < 1.1 * spacings[name, "linear"] < spacings[name, "2008"]

# %% [markdown]
# We had expected the famous spacing to win. On this machine it loses, by a factor of two from the data means and of ten or so from the uniform base, because nothing dramatic happens near the top and the long first half is left to a few giant steps. Equal lengths gain a little over even spacing.
# A spacing is a guess about where the distribution changes; measure rather than copy.
#
# ## From the other side
#
# AIS errs downwards. If there were a method that errs upwards, the two would hold the truth between them. There is, and it is the same method read backwards (Grosse, Ghahramani and Adams, 2015). Start chains at *samples of the machine*, descend the ladder, and collect the same
# weights $w$. The proof above, run from the top, gives
#
# $$ \mathbb{E}\Bigl[\frac{1}{w}\Bigr] = \frac{Z_0}{Z}, \qquad \text{so} \qquad \mathbb{E}_\uparrow[\log w] \;\le\; \log \frac{Z}{Z_0} \;\le\; \mathbb{E}_\downarrow[\log w] $$
#
# by Jensen on either side. Only the first $v$ must come from the machine itself. Here we can afford exact samples: draw a hidden state from the enumerated list, then the pixels.

# %%
show_source(reverse_annealing.reverse_log_weights, docstring="first")

# %%
beta5 = annealing_path.linear_temperatures(5)
up = annealing_moments.exact_weight_moments(tiny, beta5, origin)
down = annealing_moments.exact_reverse_moments(tiny, beta5, origin)
truth = partition.exact_log_z(tiny) - annealing_path.log_z_at_base(tiny, origin)
print(f"five temperatures, exactly: E[log w] up {up.mean_log:.3f} < {truth:.3f} < down {-down.mean_log:.3f}")
assert abs(down.log_mean + truth) < 1e-12
assert up.mean_log < truth < -down.mean_log

# %%
samples = reverse_annealing.exact_samples(machine, 200, generator)
ends = {
    T: reverse_annealing.sandwich(rbm, samples, n_chains=200, n_temperatures=T, random_state=T)
    for T in (3, 10, 30, 100, 300)
}

# %% mystnb={"image": {"alt": "Left: lower and upper bound of log Z minus the exact value against the number of temperatures; they enclose zero and close in from minus two and plus three at three temperatures to almost nothing at three hundred. Right: histograms of the log-weights of climbing and of descending chains with ten temperatures, relative to the exact value: two overlapping bells that cross at zero."}}
fig, (left, right) = plt.subplots(1, 2, figsize=(8, 3.2))
for side, colour in (("lower", 0), ("upper", 1)):
    value = [getattr(e, side) - exact for e in ends.values()]
    errors = [3 * getattr(e, side + "_error") for e in ends.values()]
    left.errorbar(list(ends), value, errors, fmt="o-", color=plot.PALETTE[colour], label=side, capsize=2)
left.axhline(0, color="black", lw=1, ls=":")
left.set(xlabel="temperatures", ylabel="bound minus log Z (nats)", xscale="log")
left.legend()
beta, many = annealing_path.linear_temperatures(10), reverse_annealing.exact_samples(machine, 4000, generator)
log_up, log_z0, _ = partition.annealed_log_weights(machine, beta, base, n_chains=4000, generator=generator)
log_down, *_ = reverse_annealing.reverse_log_weights(machine, beta, base, many, generator)
for values, name in ((log_up, "climbing"), (log_down, "descending")):
    right.hist(values + log_z0 - exact, bins=np.linspace(-5, 6, 45), density=True, histtype="step", lw=1.6, label=name)
right.axvline(0, color="black", lw=1, ls=":")
right.set(xlabel=r"$\log w + \log Z_0 - \log Z$ (nats)", ylabel="density")
right.legend(fontsize=8)
plt.show()

# %%
for T, e in ends.items():
    print(
        f"{T:3d} temperatures: {e.lower - exact:+.3f} ± {e.lower_error:.3f} < log Z < {e.upper - exact:+.3f} ± {e.upper_error:.3f}"
    )
    assert e.lower - 4 * e.lower_error < exact < e.upper + 4 * e.upper_error
assert all(ends[T].lower < exact < ends[T].upper for T in (3, 10))
assert ends[3].gap > 8 * ends[100].gap
bennett = reverse_annealing.bennett_log_ratio(log_up, log_down) + log_z0 - exact
print(f"Bennett's estimate from 4000 + 4000 chains, ten temperatures: {bennett:+.3f}")
assert abs(bennett) < 0.15

# %% [markdown]
# The sandwich closes roughly like $1/T$. On the right is a small miracle: the two histograms cross *at the true value*. It is no accident. A path and its reverse have probabilities whose ratio is $w Z_0 / Z$, so the densities of $\log w$ obey
#
# $$ \frac{p_\downarrow(\log w)}{p_\uparrow(\log w)} = w\, \frac{Z_0}{Z} , $$
#
# which equals 1 where $w = Z / Z_0$. Physicists know this as Crooks' theorem: stretch a molecule and let it go, measure the work in both directions, and the histograms cross at the free energy. Bennett (1976) derived the best estimate from both sets of weights.
#
# **The fine print.** The upper end needs samples of the *machine*. One is tempted to start at the training data. Data are no samples of the model, and then nothing is guaranteed. Transition matrices give the expectation of the "upper bound" for any distribution of the start. Here is a machine with
# seven pixels and one hidden unit that makes one image, all pixels lit, about nine times as probable as the 127 others together:

# %%
splinter = Harmonium(torch.full((7, 1), 8.0).double(), torch.zeros(7).double(), torch.tensor([7.05 - 8 * 7]).double())
dark, truth = torch.zeros(7).double(), partition.exact_log_z(splinter)
print(
    f"lit image against all others together: {1 / math.expm1(truth - float(-splinter.free_energy(torch.ones(1, 7).double()))):.1f}"
)
starts = {"the machine": None, "the lit image": torch.eye(128)[-1], "uniform images": torch.full((128,), 1 / 128)}
for name, p in starts.items():
    down = annealing_moments.exact_reverse_moments(splinter, beta5, dark, p)
    starts[name] = annealing_path.log_z_at_base(splinter, dark) - down.mean_log
    print(f"start from {name:14s}: 'upper bound' {starts[name]:.2f}, log Z = {truth:.2f}")
assert starts["uniform images"] < truth - 1 < truth < starts["the machine"] < starts["the lit image"]

# %%
images = X[torch.randperm(len(X), generator=generator)[:200]]
from_data = reverse_annealing.sandwich(rbm, images, n_temperatures=10, random_state=0)
print(
    f"digits, from the data: log Z + {from_data.upper - exact:.2f} ± {from_data.upper_error:.2f}; from samples log Z + {ends[10].upper - exact:.2f}"
)
assert from_data.upper > exact - 3 * from_data.upper_error

# %% [markdown]
# From uniform images the bound is no bound. On the digits the machine resembles its data well enough, and the mistake is harmless (though the "bound" lies closer to the truth than a bound should at ten temperatures: a sign that it is none). If the data come from one corner of what the machine believes, it is not harmless at all. We shall come back to that.
#
# ## A machine that nobody can enumerate
#
# 784 visible and 100 hidden units, MNIST cut at one half: $2^{100}$ terms. We train for a few seconds and let a hundred chains climb. First a look at what they do on their way.

# %%
mnist = load_mnist_5k()
M, M_test = (torch.tensor((images > 0.5).astype("float32")) for images in (mnist.X_train, mnist.X_test))
big = RestrictedBoltzmannMachine(
    100, **(options | {"learning_rate": 0.05, "schedule": "linear", "n_epochs": 15}), random_state=0
).fit(M)
large, a0 = big.harmonium_.to(torch.float32), torch.tensor(big.base_bias_, dtype=torch.float32)

# %% mystnb={"image": {"alt": "Three chains, one to a row, at six temperatures from left to right: at zero an unstructured cloud in the middle of the image, at 0.6 denser blobs, at one shapes with the strokes of digits."}}
v, stages = large.visible.sample(a0.expand(3, -1), generator), []
for k, b in enumerate(annealing_path.linear_temperatures(501).tolist()):
    v = tempered_gibbs_step(large, v, b, a0, generator)
    if k % 100 == 0:
        stages.append(v.reshape(3, 28, 28))
plot.image_grid(
    torch.stack(stages, 1).flatten(0, 1), n_columns=6, titles=[f"β = {b:.1f}" for b in np.linspace(0, 1, 6)] + [""] * 12
)
plt.show()

# %% [markdown]
# A cloud of independent pixels condenses into strokes, most of it between β = 0.4 and 0.8. Now the weights, in single precision, which halves the time (they are added up in double). For the descending chains there are no exact samples any more; we take chains that started at training images and ran for five hundred steps, and remember that it is an approximation.

# %%
start = M[torch.randperm(len(M), generator=generator)[:100]]
for _ in range(500):
    start = large.gibbs_step(start, generator)
free = float(large.free_energy(M_test).double().mean())
coins = float((M_test @ a0 - torch.nn.functional.softplus(a0).sum()).mean())
bounds = {
    T: reverse_annealing.sandwich(large, start, base_bias=a0, n_temperatures=T, random_state=0)
    for T in (30, 100, 300, 1000)
}

# %%
for T, e in bounds.items():
    print(
        f"{T:4d} temperatures: log Z between {e.lower:.2f} ± {e.lower_error:.2f} and {e.upper:.2f} ± {e.upper_error:.2f}; Bennett {e.bennett:.2f}"
    )
e = bounds[1000]
print(
    f"test log-probability between {-free - e.upper:.1f} and {-free - e.lower:.1f} nats; independent pixels {coins:.1f}"
)
assert bounds[30].gap > bounds[100].gap > e.gap
assert e.gap < 2.5
assert -free - e.upper > coins + 40

# %% [markdown]
# With a thousand temperatures the two ends are a nat or so apart: we know the log-probability of the test images to better than one part in a hundred. The machine beats independent pixels by some seventy nats an image. Against the differences that one wants to
# see, a few nats between two ways of training, that is good enough; against those of the last decimal of a paper it is not.
#
# There is another way to be conservative. Start the descending chain at a *test image* and average $1/w$ over chains from the same image: $\hat p(v) = e^{-F(v)} \overline{1/w} / Z_0$. Burda, Grosse and Salakhutdinov (2015) call it **RAISE**. It is an unbiased estimate of the probability that *a climbing chain ends at*
# $v$: the annealed model, a proper generative model with finitely many steps. Its logarithm errs downwards, so where AIS flatters, RAISE is hard. When they meet, believe both.

# %%
sixty, courses = M_test[:60], {"AIS": [], "RAISE": []}
for T in (30, 100, 300, 1000):
    log_z = bounds[T].climbing
    courses["AIS"].append(float(-large.free_energy(sixty).double().mean()) - log_z)
    conservative = reverse_annealing.raise_log_probability(
        large, sixty, n_chains=2, n_temperatures=T, base_bias=a0, random_state=0
    )
    courses["RAISE"].append(float(conservative.mean()))
    print(f"{T:4d} temperatures: AIS {courses['AIS'][-1]:.1f}, RAISE {courses['RAISE'][-1]:.1f} nats")
assert courses["RAISE"][0] < courses["RAISE"][-1] < courses["AIS"][-1] + 1

# %% mystnb={"image": {"alt": "Average log-probability of sixty test images against the number of temperatures: the estimate by annealed importance sampling comes down from above by about a nat, that of reverse annealing rises from below by three, and the two almost meet at a thousand temperatures."}}
fig, ax = plt.subplots(figsize=(6.4, 3))
for (name, values), marker in zip(courses.items(), "os"):
    ax.semilogx((30, 100, 300, 1000), values, marker=marker, label=name)
ax.set(xlabel="temperatures", ylabel="log-probability of an image (nats)")
ax.legend()
plt.show()

# %% [markdown]
# A record holds the same for 500 hidden units, trained for 25 passes, from three seeds, with up to ten thousand temperatures.

# %%
record = records.load("deep_belief/partition_mnist")
for run in record["runs"]:
    ends500 = -run["free_energy_test"] - np.array([run["upper"], run["lower"]])
    print(
        f"seed {run['seed']}, {run['n_temperatures']:5d} temperatures: test log-probability {ends500[0]:.1f} to {ends500[1]:.1f} nats"
    )
    assert ends500[0] > run["base_test"] + 50

# %%
widths = {run["n_temperatures"]: run["upper"] - run["lower"] for run in record["runs"] if run["seed"] == 0}
single = [-run["free_energy_test"] - run["climbing"] for run in record["runs"]]
print(f"width of the sandwich: {', '.join(f'{w:.1f} nats at {T}' for T, w in widths.items())}")
print("a plain AIS score would have been", np.round(single, 1))
assert widths[100] > widths[1000] > widths[10_000]
assert max(single) - min(single) < 10
assert all(5 < run["upper"] - run["lower"] < 10 for run in record["runs"] if run["n_temperatures"] == 1000)

# %% [markdown]
# Five times the hidden units and ten more passes, thirty nats better on unseen images, and a road on which more happens: what a hundred temperatures did for the smaller machine takes ten thousand here. A single AIS number, as most papers report it, looks steady from run to run, within a few nats, and the sandwich says that a thousand
# temperatures leave six to nine nats open. The sampled chains at the top are only nearly in equilibrium, so even the upper ends are to be taken with a grain of salt; and all this with weights from 4000 images. Compare with numbers from papers only where the pixels were made binary in the same way; ours are cut at one half, others are drawn anew from the grey values at every step, and the two are different data.

# %% tags=["gpu"]
if device.type == "cuda":
    on_gpu, images = big.harmonium_.to(torch.float32, device), start.to(device)
    wide = reverse_annealing.sandwich(
        on_gpu, images.repeat(10, 1), n_chains=1000, n_temperatures=10_000, base_bias=a0.to(device), random_state=0
    )
    print(f"1000 chains, 10,000 temperatures: log Z between {wide.lower:.2f} and {wide.upper:.2f}")
else:
    print(
        "skipped: 1000 chains up and down 10,000 temperatures are left to a CUDA device; ten times fewer of each ran above"
    )

# %% [markdown]
# ## Pseudo-likelihood: cheap, and blind
#
# Before all this, people watched something that needs no $Z$. Besag (1975) proposed to multiply the probabilities of every unit *given all others*, the **pseudo-likelihood** (伪似然). In
# each of them $Z$ cancels:
#
# $$ \log \mathrm{PL}(v) = \sum_i \log p(v_i \mid v_{-i}) = \sum_i \log \sigma\bigl(F(v^{(i)}) - F(v)\bigr) , $$
#
# where $v^{(i)}$ is $v$ with pixel $i$ turned over. On the tiny machine the conditionals can be read off the table of all probabilities:

# %%
show_source(pseudo_likelihood.flip_costs, docstring="first")

# %%
states = tiny.visible.states()
p = exact_log_likelihood(tiny, states).exp().reshape(2, 2, 2, 2, 2)
from_table = sum((p / p.sum(i, keepdim=True)).log() for i in range(5)).flatten()
gap = float((pseudo_likelihood.log_pseudo_likelihood(tiny, states) - from_table).abs().max())
print(f"largest difference of the log pseudo-likelihood of 32 states from the table: {gap:.1e}")
assert gap < 1e-10

# %% [markdown]
# scikit-learn's `BernoulliRBM.score_samples` returns a stochastic version: turn over *one* pixel, chosen at random, and multiply its term by $V$. Its expectation is the pseudo-likelihood. (The name of the method suggests a log-probability, and it is none.)
#
# What does pseudo-likelihood miss? Take data with two modes: twelve pixels, nearly all dark or nearly all lit, half of the images each, and 5 % of the pixels flipped. A machine with one hidden unit describes that exactly. Spoil it in two ways. **A** gets the pixels right but believes that 99 % of the images are dark. **B** knows that
# it is half and half, but thinks that 10 % of the pixels are flipped.

# %%
faces = Harmonium(torch.zeros(12, 1).double(), torch.zeros(12).double(), torch.zeros(1).double()).visible.states()
lit = faces.sum(1)
judged, data = {}, None
for name, noise, share in (("truth", 0.05, 0.5), ("A", 0.05, 0.01), ("B", 0.1, 0.5)):
    x, hidden_bias = math.log(noise / (1 - noise)), math.log(share / (1 - share))
    model = Harmonium(*(torch.tensor(t).double() for t in ([[-2 * x]] * 12, [x] * 12, [hidden_bias + 12 * x])))
    log_p = exact_log_likelihood(model, faces)
    data = log_p.exp() if data is None else data
    judged[name] = float(data @ log_p), float(data @ pseudo_likelihood.log_pseudo_likelihood(model, faces))
    print(f"{name:5s}: log-likelihood {judged[name][0]:.2f}, log pseudo-likelihood {judged[name][1]:.2f} nats")
assert judged["A"][0] < judged["B"][0] - 1
assert judged["A"][1] > judged["B"][1] + 0.1
assert abs(judged["A"][1] - judged["truth"][1]) < 0.01

# %% [markdown]
# Pseudo-likelihood prefers A, by a fifth of a nat, and hardly distinguishes it from the truth; the likelihood prefers B, by more than a nat. Given eleven dark pixels the twelfth is dark; how *often* images are dark is a question that no single pixel can answer. **It measures the inside of the modes and not
# their weights.** The reconstruction error is blind in the same way, and more so. Does that matter in training? The bars and stripes of size 4 × 4 (30 images) are the classical place to look. The exact log-likelihood can be had at any time, by $2^{16}$ terms.

# %%
lines = torch.cartesian_prod(*[torch.tensor([0.0, 1.0])] * 4).double()
bars = torch.cat([lines.repeat_interleave(4, 1), lines.repeat(1, 4)]).unique(dim=0)
generator = torch.Generator().manual_seed(0)
learner = Harmonium(0.1 * torch.randn(16, 16, generator=generator).double(), *torch.zeros(2, 16).double())
chains, course = bars.clone(), []

# %%
for step in range(3001):
    if step % 100 == 0:
        likelihood = float(exact_log_likelihood(learner, bars).mean())
        pseudo = float(pseudo_likelihood.log_pseudo_likelihood(learner, bars).mean())
        course.append((step, likelihood, pseudo, 16 * float(reconstruction_error(learner, bars).mean())))
    negative, chains = contrastive_divergence(learner, chains, 1, generator)
    for parameter, direction in zip((learner.W, learner.a, learner.b), moments(learner, bars).minus(negative)):
        parameter.add_(direction, alpha=0.3)

# %% mystnb={"image": {"alt": "Training on bars and stripes. The exact log-likelihood rises from minus eleven to about minus five within five hundred updates and then falls, unsteadily, to about minus twenty. The pseudo-likelihood rises all the time towards zero and the reconstruction error falls to zero."}}
step, likelihood, pseudo, mistakes = np.array(course).T
fig, ax = plt.subplots(figsize=(6.4, 3.3))
for values, style, label in (
    (likelihood, "-", "log-likelihood, exact"),
    (pseudo, "--", "log pseudo-likelihood"),
    (-mistakes, ":", "minus reconstruction error"),
):
    ax.plot(step, values, style, label=label)
ax.axhline(-math.log(30), color="black", lw=1)
ax.text(3000, -math.log(30) + 0.2, "best possible, −ln 30", ha="right", fontsize=8)
ax.set(xlabel="update", ylabel="nats per image (error: pixels)", ylim=(likelihood.min() - 1, 1))
ax.legend(fontsize=8, loc="lower left")
plt.show()

# %%
best = int(likelihood.argmax())
print(
    f"log-likelihood {likelihood[best]:.2f} at update {step[best]:.0f}, {likelihood[-5:].mean():.2f} in the last five measurements"
)
print(
    f"pseudo-likelihood {pseudo[best]:.2f} and {pseudo[-5:].mean():.2f}, reconstruction error {mistakes[best]:.3f} and {mistakes[-5:].mean():.3f}"
)
assert likelihood[-5:].mean() < likelihood[best] - 1
assert pseudo[-5:].mean() > pseudo[best]
assert mistakes[-5:].mean() < mistakes[best]

# %% [markdown]
# One chain step at too large a rate: the persistent chains cannot keep up with weights that grow, they stay in some modes, and the machine puts its mass wherever they are not. The likelihood collapses. Pseudo-likelihood and reconstruction error report steady progress to the end, because inside the modes everything *is* better than ever. Who
# stops training by them stops never. Fischer and Igel (2010) found the same for contrastive divergence. The remedy is to look: exactly in small machines, and by AIS in large ones.
#
# ## What goes wrong: the needle
#
# Now the failure that AIS cannot see. One hidden unit and thirty pixels: as long as the unit is off, all $2^{30}$ images are equally likely, a wide haystack. The unit switches on only near the image in which all pixels are lit, and then it pays so well
# that this one image has ninety per cent of the probability.

# %%
needle = Harmonium(torch.full((30, 1), 8.0).double(), torch.zeros(30).double(), torch.tensor([23.0 - 8 * 30]).double())
truth, hay = partition.exact_log_z(needle), 30 * math.log(2)
print(
    f"log Z = {truth:.3f}; haystack alone {hay:.3f}; the needle holds {1 - math.exp(hay - truth):.1%} of the probability"
)
for T in (100, 1000):
    log_z, error = partition.annealed_importance_sampling(needle, n_temperatures=T, random_state=0)
    print(
        f"{T:4d} temperatures: log Z = {log_z:.3f} ± {error:.3f}, {(truth - log_z) / error:.0f} standard errors too low"
    )
    assert abs(log_z - hay) < 0.1
    assert error < 0.05

# %% [markdown]
# A factor of ten in $Z$ is missing, and the estimate claims to be accurate to one per cent or better. More temperatures make it *surer*. What happened? The identity is still true: $\mathbb{E}[w] = Z / Z_0$. But nine tenths of this expectation sit in a chain that wanders into the needle, about one in many thousands, with an enormous weight. The mean slope
# $\mathbb{E}_\beta[-\partial F / \partial \beta]$, whose area is $\log Z - \log Z_0$, shows what the chains do not see. (The first tenth of the road, where the unit is switched off, is left out of the figure; there both agree.)

# %%
betas = np.linspace(0, 1, 201)
flat = torch.zeros(30).double()
expected = [thermodynamic_integration.exact_mean_slope(needle, b, flat) for b in betas]
v, climbed = torch.bernoulli(torch.full((500, 30), 0.5).double(), generator=generator), []
for b in betas.tolist():
    v = tempered_gibbs_step(needle, v, b, flat, generator)
    climbed.append(float(annealing_path.slope(needle, v, b, flat).mean()))

# %% mystnb={"image": {"alt": "Mean slope against beta for the needle machine. From beta 0.1 on the exact curve lies at zero, bends upwards at about 0.75 and reaches twenty at one. The curve of 500 climbing chains stays at zero all the way."}}
fig, ax = plt.subplots(figsize=(6.4, 3))
ax.plot(betas[20:], expected[20:], label="exact")
ax.plot(betas[20:], climbed[20:], "--", label="500 climbing chains")
ax.set(xlabel="β", ylabel="mean slope (nats)")
ax.legend()
plt.show()

# %%
print(f"slope at β = 1: exact {expected[-1]:.1f}, climbing chains {abs(climbed[-1]):.1f} nats")
print(f"hay and needle weigh the same at β = {hay / 23:.2f}")
assert expected[-1] > 15
assert climbed[-1] < 3

# %% [markdown]
# Physicists call it a **first-order phase transition** (一级相变): at $\beta \approx 0.9$ the two phases are equally likely, and between them lie states that are neither. Water can be cooled below zero without freezing; our chains are undercooled hay. (The exact curve would be a step for thousands of units; thirty round it off.) Parallel tempering swaps along the same road and suffers from the same barrier.
#
# So what helps? A look from the other side, if one has samples of the machine:

# %%
inside = reverse_annealing.exact_samples(needle, 100, generator)
straw = torch.bernoulli(torch.full((100, 30), 0.5).double(), generator=generator)
for name, begin in (("samples of the machine", inside), ("straws only", straw)):
    e = reverse_annealing.sandwich(needle, begin, random_state=0)
    print(
        f"from {name}: {e.lower:.2f} ± {e.lower_error:.2f} < log Z = {truth:.2f} < {e.upper:.2f} ± {e.upper_error:.2f} ?"
    )
    assert (e.upper > truth + 2) == (name != "straws only")
    assert abs(e.lower - hay) < 0.2
assert e.upper < truth - 2

# %% [markdown]
# With true samples the sandwich stays wide open: ten nats. It does not say what $\log Z$ is, but it says *loudly* that one does not know. Started at straws, which is what one gets from data that contain no needle, or from chains that never found it, the sandwich closes on a wrong value and the "upper bound" is below the truth. No method that looks where the chains are can do
# better: **a sample cannot report what it has not met.** A **spurious mode** (虚假模式), one that the data lack and the machine believes in, is exactly such a needle, and the score of such a machine is flattered by all of its mass.
#
# The base helps when it knows about the mode. Fitted to samples of the machine it starts near the needle:

# %%
informed = annealing_path.bias_of_means(inside)
log_z, error = partition.annealed_importance_sampling(needle, base_bias=informed, random_state=0)
print(
    f"base fitted to samples: off by {log_z - truth:+.3f} ± {error:.3f}; log of the needle's share is {math.log(1 - math.exp(hay - truth)):.3f}"
)
assert abs(log_z - truth) < 0.5
small = Harmonium(torch.full((20, 1), 6.0).double(), torch.zeros(20).double(), torch.tensor([16.0 - 6 * 20]).double())
for T in (30, 10_000):
    off = np.array(partition.annealed_importance_sampling(small, n_temperatures=T, n_chains=100, random_state=3))
    print(
        f"a needle in twenty pixels, {T:5d} temperatures: off by {off[0] - partition.exact_log_z(small):+.2f} ± {off[1]:.2f}"
    )
assert abs(off[0] - partition.exact_log_z(small)) < 1

# %% [markdown]
# Look closely at the first line. The error is a tenth of a nat now, and again its standard error does not admit it: these chains have found the needle and lost the *hay*, a tenth of the probability. The second remedy, more temperatures, works for a lower barrier: with twenty pixels a chain
# finds the needle often enough when it climbs slowly. For thirty it is beyond patience, since the time to cross grows exponentially with the height of the barrier.
#
# ## Checked against
#
# Enumeration was the judge all along. Here are two that share no formula with it. First **thermodynamic integration** (热力学积分), $\log Z = \log Z_0 + \int_0^1 \mathbb{E}_\beta[-\partial F_\beta / \partial \beta]\, d\beta$: chains in equilibrium on twelve rungs at the nodes of a Gauss–Legendre rule, which exchange places, and an area. No weights.

# %%
area, error = thermodynamic_integration.thermodynamic_integration(
    rbm, n_nodes=12, n_steps=60, n_burn_in=20, random_state=0
)
print(f"thermodynamic integration {area:.3f} ± {error:.3f}, enumeration {exact:.3f}: off by {area - exact:+.3f}")
assert abs(area - exact) < 5 * error + 0.02

# %% [markdown]
# Second, scikit-learn. Given the same weights, and the same pixels to turn over (its draws are those of a seeded NumPy generator), `score_samples` must agree with our terms number for number, and many of its calls average to the exact pseudo-likelihood.

# %%
peer = BernoulliRBM(16, random_state=0)
peer.components_, peer.intercept_visible_ = rbm.components_, rbm.intercept_visible_
peer.intercept_hidden_ = rbm.intercept_hidden_
pixels = np.random.RandomState(0).randint(0, 64, len(X_test))
terms = 64 * torch.nn.functional.logsigmoid(pseudo_likelihood.flip_costs(machine, X_test))
gap = np.abs(peer.score_samples(X_test.numpy()) - terms.numpy()[np.arange(len(pixels)), pixels]).max()
print(f"largest difference over {len(pixels)} images: {gap:.1e}")
assert gap < 1e-9

# %%
peer.random_state = np.random.RandomState(1)
draws = np.array([peer.score_samples(X_test.numpy()).mean() for _ in range(200)])
ours = float(pseudo_likelihood.log_pseudo_likelihood(rbm, X_test).mean())
print(
    f"scikit-learn, mean of 200 calls {draws.mean():.3f} ± {draws.std() / 200**0.5:.3f}; exact pseudo-likelihood {ours:.3f}"
)
print(f"exact log-likelihood of the same images {rbm.score(X_test):.3f}")
assert abs(draws.mean() - ours) < 5 * draws.std() / 200**0.5

# %% [markdown]
# For AIS itself there is no peer: neither scikit-learn nor learnergy estimates a partition function. A record compares it with enumeration over three machines and twenty repetitions instead.

# %%
rows = records.load("deep_belief/partition_cost_accuracy")["runs"]
for name in dict.fromkeys(row["method"] for row in rows):
    mine = [row for row in rows if row["method"] == name]
    rms, spent = (np.mean([row[key] for row in mine]) for key in ("rms_error", "seconds"))
    print(
        f"{name:59s} {spent:5.2f} s, r.m.s. error {rms:.3f}, inside 3 sigma {np.mean([r['inside_3_sigma'] for r in mine]):.0%}"
    )

mean_rms = {
    name: np.mean([row["rms_error"] for row in rows if row["method"] == name]) for name in {r["method"] for r in rows}
}
assert (
    mean_rms["annealing, 100 chains, 1000 temperatures"]
    < 0.1 * mean_rms["simple importance sampling, data means, 100000 draws"]
)

# %% [markdown]
# Ten times the work, three times the accuracy: beyond thirty temperatures the error falls like one over the square root of chains times temperatures, and it does not matter much which of the two one buys. (It does where chains get stuck.) With as many draws as the chains make steps, simple importance sampling is more than ten times worse from the best base, and useless from the
# uniform one. And thermodynamic integration, the physicists' method since Kirkwood (1935), is as accurate as annealing *here*, in about twice the time, where chains mix fast and a dozen rungs suffice; it gives no bound and cannot be started from a test image.
#
# ## Exercises
#
# 1. Show that simple importance sampling is AIS with two temperatures, and that the variance of its weight is $\mathbb{E}[w]^2\,(e^{D} - 1)$, where $D$ is the Rényi divergence of order 2 between machine and base.
#    <details><summary>Answer</summary>
#
#    With T = 2 the only factor is $e^{F_0(v_0) - F_1(v_0)}$, and the final Gibbs step does not touch the weight. $\mathbb{E}[w^2]/\mathbb{E}[w]^2 = \sum_v p_0(v)\,(p(v)/p_0(v))^2 = e^{D}$.
#
#    </details>
# 2. Why may the Gibbs step on the last rung be left out without changing the estimate?
#    <details><summary>Answer</summary>
#
#    The weight is complete before it. The step only brings the chain's end nearer to the machine, and makes AIS and RAISE talk about the same annealed model.
#
#    </details>
# 3. Suppose $\log w$ is normal with mean $\mu$ and variance $\sigma^2$ for climbing chains. What are $\log Z / Z_0$, the distribution for descending ones, and the gap of the sandwich?
#    <details><summary>Answer</summary>
#
#    $\log \mathbb{E}[w] = \mu + \sigma^2/2$. By Crooks' relation the descending density is $w\,Z_0/Z$ times the climbing one: normal with mean $\mu + \sigma^2$ and the same variance. The gap is $\sigma^2$, and the truth lies in the middle. Compare with the histograms above.
#
#    </details>
# 4. The needle had two bases: from one the hay was lost, from the other the needle. Each estimate is very accurate for the mode that it finds. Compute $\log(e^{x} + e^{y})$ of the two. Why is that right here, and what would have to be known to do it elsewhere?
#    <details><summary>Answer</summary>
#
#    The modes are disjoint and each run sees one of them, so the sums over states add up. One would have to know that no mode is counted twice and that none is missing: the very thing one wants to find out.
#
#    </details>
# 5. For which machines does the pseudo-likelihood equal the likelihood?
#    <details><summary>Answer</summary>
#
#    Where the visible units are independent: W = 0, or each hidden unit connected to at most one visible one. Then $p(v_i \mid v_{-i}) = p(v_i)$.
#
#    </details>
# 6. Mix the two bases: choose one of them by a coin for every chain, with a Bernoulli-mixture as $p_0$. Write down $F_0$ and the ladder.
#    <details><summary>Hint</summary>
#
#    The base no longer has the form of a machine with bias only; a restricted Boltzmann machine with a single hidden unit does. Its weights fall as those of the other grow.
#
#    </details>
# 7. Redo the figure of bars and stripes with contrastive divergence (chains start at the data each time) and a rate of 0.05. Does the likelihood still fall?
#    <details><summary>Hint</summary>
#
#    Yes, later and less deeply; run it for 20,000 updates.
#
#    </details>
# 8. Estimate $\log Z$ of the MNIST machine with its biases set to zero as the base. How many temperatures make up for the worse beginning?
#    <details><summary>Hint</summary>
#
#    `base_bias=torch.zeros(784)`; compare the gap of the sandwich at 1000 temperatures, and double.
#
#    </details>
#
# ## Summary
#
# - $Z$ is what stands between an energy and a likelihood. Exactly it costs $2^{\min(V, H)}$ terms, one layer being summed out by hand.
# - Simple importance sampling needs exponentially many draws, and its effective sample size does not say so.
# - Annealed importance sampling is unbiased for $Z$ with any number of temperatures; on tiny machines transition matrices confirm it to the last digit. Its logarithm is too low by about half the relative variance, so it flatters models.
# - Start from the data means; measure where the rungs are needed; distrust few chains and short ladders.
# - Descending chains from true samples bound from above. A closed sandwich from *true* samples is a proof up to noise, an open one a warning; one from other samples proves nothing.
# - Pseudo-likelihood and reconstruction error look inside the modes and do not see their weights. Training can ruin the likelihood while both improve.
# - A mode that no chain has met is missing from estimate and error alike.
#
# ## Sources
#
# - Neal (2001), Annealed importance sampling, [doi:10.1023/A:1008923215028](https://doi.org/10.1023/A:1008923215028).
# - Salakhutdinov and Murray (2008), On the quantitative analysis of deep belief networks, [doi:10.1145/1390156.1390266](https://doi.org/10.1145/1390156.1390266).
# - Grosse, Ghahramani and Adams (2015), Sandwiching the marginal likelihood using bidirectional Monte Carlo, [arXiv:1511.02543](https://arxiv.org/abs/1511.02543).
# - Burda, Grosse and Salakhutdinov (2015), Accurate and conservative estimates of MRF log-likelihood using reverse annealing, [arXiv:1412.8566](https://arxiv.org/abs/1412.8566).
# - Gelman and Meng (1998), Simulating normalizing constants, [doi:10.1214/ss/1028905934](https://doi.org/10.1214/ss/1028905934).
# - Bennett (1976), Efficient estimation of free energy differences from Monte Carlo data, [doi:10.1016/0021-9991(76)90078-4](https://doi.org/10.1016/0021-9991(76)90078-4); Crooks (2000), Path-ensemble averages, [doi:10.1103/PhysRevE.61.2361](https://doi.org/10.1103/PhysRevE.61.2361).
# - Besag (1975), Statistical analysis of non-lattice data, [doi:10.2307/2987782](https://doi.org/10.2307/2987782).
# - Long and Servedio (2010), Restricted Boltzmann machines are hard to approximately evaluate or simulate, ICML.
# - Fischer and Igel (2010), Empirical analysis of the divergence of Gibbs sampling based learning algorithms for restricted Boltzmann machines, [doi:10.1007/978-3-642-15825-4_26](https://doi.org/10.1007/978-3-642-15825-4_26).
# - Qiu (2019), 《神经网络与深度学习》, section 12.2 (equation 12.32).
