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
# # Boltzmann machine (玻尔兹曼机)
#
# A [Hopfield network](associative_memory.ipynb) always goes downhill, and where it comes to rest first, there it stays, be the place
# good or bad. In 1983 Geoffrey Hinton and Terrence Sejnowski let every unit toss a coin instead: downhill probably, uphill sometimes. It sounds like
# a repair that costs precision. It is much more. A network of coins never comes to rest; it wanders over *all* its states and spends in each of them a known share of its
# time. So it no longer holds a few memories, it holds a **probability distribution**. And a distribution can be learnt, by a rule so
# simple that each connection needs to watch only the two units at its ends.
#
# This section does both halves exactly: how the coins reach their distribution and how fast, and how the weights find the
# distribution of given data. Small machines have few states, so nearly every claim below is checked against a sum over all of them.
#
# **You need:** the [Hopfield network](associative_memory.ipynb); the logistic function; conditional and marginal probabilities. For the chains, that a
# matrix has eigenvalues.
#
# **Time to run:** see the [Execution](../execution.md) page. About half a minute on one core.
#
# Equation numbers are those of Qiu (2019), chapter 12.

# %% tags=["install", "hide-cell"]
# Only where the package is missing, as on Colab.
import importlib.util

if importlib.util.find_spec("nndl_support") is None:
    print("This notebook needs the package nndl_support: run pip install '.[data]' in a copy of its repository.")

# %%
from itertools import permutations

import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import minimize
from sklearn.linear_model import LogisticRegression

from nndl_support import plot, records
from nndl_support.annealing import anneal, geometric_schedule
from nndl_support.data.digits import load_digits
from nndl_support.deep_belief import boltzmann_transitions as chains
from nndl_support.deep_belief.boltzmann import BoltzmannMachine
from nndl_support.deep_belief.boltzmann_distribution import (
    all_states,
    boltzmann_probabilities,
    entropy,
    free_energy,
    internal_energy,
    kl_divergence,
    total_variation,
)

# %%
from nndl_support.deep_belief.boltzmann_energy import energy, joint_distribution, visible_log_probabilities
from nndl_support.deep_belief.boltzmann_gibbs import (
    full_conditional,
    gibbs_sweep,
    random_states,
    random_update,
    run_chains,
)
from nndl_support.deep_belief.boltzmann_gradient import (
    centre_gradient,
    exact_gradient,
    likelihood_hessian,
    pattern_distribution,
    phases,
    sampled_gradient,
)
from nndl_support.deep_belief.constraint_satisfaction import constraint_network, cost, queens, sudoku
from nndl_support.deep_belief.encoder_task import encoder_connections, encoder_patterns, learn_encoder, n_distinct_codes
from nndl_support.deep_belief.max_cut import (
    cut_network,
    cut_value,
    grid_graph,
    grid_maximum_cut,
    maximum_cut,
    random_graph,
)
from nndl_support.source import show_source

plot.use_style()

# %% [markdown]
# ## Energy and probability
#
# Ludwig Boltzmann asked in 1868 how the molecules of a gas share out their energy. His answer holds for any system that exchanges energy with surroundings of
# temperature $T$. In **thermal equilibrium** (热平衡) the probability of a state $\alpha$ depends on its energy alone, the **Boltzmann distribution** (玻尔兹曼分布):
#
# $$ p_\alpha = \frac1Z \exp\!\left(\frac{-E_\alpha}{kT}\right) \tag{12.3} $$
#
# $$ Z = \sum_\alpha \exp\!\left(\frac{-E_\alpha}{kT}\right) \tag{12.4} $$
#
# $\exp(-E/kT)$ is the **Boltzmann factor** (玻尔兹曼因子) and $Z$ the **partition function** (配分函数). The constant $k$ only translates degrees into units of energy, and we set it to 1. Divide two such
# probabilities and $Z$ is gone:
#
# $$ \frac{p_\alpha}{p_\beta} = \exp\!\left(\frac{E_\beta - E_\alpha}{kT}\right) \tag{12.5} $$
#
# Only the *difference* of two energies matters. Neither where zero is nor which other states exist makes any difference to the ratio. This one line will save us from $Z$ again and again.

# %%
E = np.array([0.0, 1.0, 2.5])
shifted, crowded = E + 7.0, np.append(E, [-3.0, 0.2, 9.0])
for T in (0.5, 1.0, 5.0):
    ratios = [p[1] / p[2] for p in (boltzmann_probabilities(e, T) for e in (E, shifted, crowded))]
    print(f"T = {T}: p(1) / p(2) = {ratios[0]:.6f}, and by (12.5) {np.exp((E[2] - E[1]) / T):.6f}")
    assert np.allclose(ratios, np.exp((E[2] - E[1]) / T), rtol=1e-12)

# %% [markdown]
# ## The machine
#
# A **Boltzmann machine** has binary units $x_i \in \{0, 1\}$. Every two of them may be connected, by one weight $w_{ij} = w_{ji}$ that serves both directions, and every unit has a bias $b_i$. The energy of a state adds up what the units
# have to say about each other:
#
# $$ p(x) = \frac1Z \exp\!\left(\frac{-E(x)}{T}\right) \tag{12.1} $$
#
# $$ E(x) = -\Bigl(\sum_{i<j} w_{ij} x_i x_j + \sum_i b_i x_i\Bigr) \tag{12.2} $$
#
# A positive weight says "together, please", a negative one "not both". Zhou (2016, section 5.5.6) writes the same energy, $E(s) = -\sum_{i<j} w_{ij} s_i s_j - \sum_i \theta_i s_i$. Mind that his $\theta_i$ is here *added*: unlike the
# threshold of his neurons, a large one switches the unit on.
#
# Some of the units are **visible** (可观测): the data live there. The others are **hidden** (隐变量), and what they are good for must be seen. Qiu's figure 12.1 has three of each.

# %% mystnb={"image": {"alt": "Six units on a circle, three visible ones in blue on the left and three hidden ones in vermilion on the right, every two connected by a line; blue lines are positive weights, red lines negative ones, thick lines strong ones."}}
rng = np.random.default_rng(8)
W6 = np.triu(rng.normal(scale=1.6, size=(6, 6)), 1)
W6, b6 = W6 + W6.T, rng.normal(scale=0.8, size=6)
angle = np.pi * (np.array([0, 1, 2, 5, 4, 3]) / 3 + 2 / 3)
places = np.column_stack([np.cos(angle), np.sin(angle)])
figure, ax = plt.subplots(figsize=(3.6, 3.2))
for i, j in zip(*np.triu_indices(6, 1)):
    colour = plt.get_cmap(plot.DIVERGING)(0.5 + 0.45 * np.sign(W6[i, j]))
    ax.plot(*places[[i, j]].T, color=colour, linewidth=1.5 * abs(W6[i, j]), zorder=1)
for i, (x, y) in enumerate(places):
    ax.scatter(x, y, s=420, color=plot.PALETTE[i // 3], zorder=2)
    ax.text(x, y, f"${'vh'[i // 3]}_{i % 3 + 1}$", ha="center", va="center", color="white")
ax.set(xlim=(-1.3, 1.3), ylim=(-1.3, 1.3), aspect="equal", title="blue lines attract, red lines repel")
ax.axis("off")
plt.show()

# %% [markdown]
# Six units have $2^6 = 64$ states. That is nothing to a computer, so for this machine there are no secrets: list them all, sum, divide.

# %%
show_source(energy, joint_distribution, docstring="none")

# %%
S6 = all_states(6)
E6, p6 = energy(W6, b6, S6), joint_distribution(W6, b6)
order = np.argsort(E6)
print(f"Z = {np.exp(-E6).sum():.3f} from {len(S6)} states; probabilities sum to {p6.sum():.12f}")
for k in order[:4]:
    print("v h =", S6[k].astype(int), f"  energy {E6[k]:6.3f}   probability {p6[k]:.4f}")
assert np.allclose(p6, np.exp(-E6) / np.exp(-E6).sum(), rtol=1e-12)
assert abs(np.log(p6[order[0]] / p6[order[1]]) - (E6[order[1]] - E6[order[0]])) < 1e-12

# %% [markdown]
# ### What the physicists know about it
#
# Physics has names for the sums that we shall meet. The mean energy is $U = \sum_x p(x) E(x)$, and the **entropy** (熵) $S = -\sum_x p(x) \ln p(x)$ says over how many states the machine
# is spread. The **free energy** (自由能) $F = -T \ln Z$ ties them together: take logarithms in 12.1, and average over $p$:
#
# $$ F = U - T S $$
#
# A cold machine minimises the energy, a hot one maximises the entropy, and at every temperature it is $U - TS$ that the Boltzmann distribution makes smallest. No other distribution has a smaller one: replace $p$ by any $q$ and $U - TS$
# grows by exactly $T \cdot \mathrm{KL}(q \| p)$, where $\mathrm{KL}(q \| p) = \sum_x q(x) \ln \frac{q(x)}{p(x)} \ge 0$ is the Kullback–Leibler divergence (KL 散度) of the two, in nats (natural units of information). The cell verifies both, and the slopes $dF/dT = -S$ and $dU/dT = \operatorname{Var}(E)/T^2$ (the heat capacity) as well.

# %%
temperatures = np.geomspace(0.02, 20, 60)
U = np.array([internal_energy(E6, T) for T in temperatures])
F = np.array([free_energy(E6, T) for T in temperatures])
S = np.array([entropy(boltzmann_probabilities(E6, T)) for T in temperatures])
print(f"largest |F - (U - TS)|: {np.abs(F - (U - temperatures * S)).max():.1e}")
assert np.abs(F - (U - temperatures * S)).max() < 1e-12

# %%
q, T, h = np.random.default_rng(1).dirichlet(np.ones(64)), 1.3, 1e-5
excess = q @ E6 - T * entropy(q) - free_energy(E6, T)
slopes = [(f(E6, T + h) - f(E6, T - h)) / (2 * h) for f in (free_energy, internal_energy)]

# %%
p = boltzmann_probabilities(E6, T)
print(f"another distribution pays {excess:.6f} more, and T KL is {T * kl_divergence(q, p):.6f}")
print(f"dF/dT = {slopes[0]:.6f}, -S = {-entropy(p):.6f}; dU/dT = {slopes[1]:.6f}, ", end="")
print(f"Var(E)/T^2 = {(p @ E6**2 - (p @ E6) ** 2) / T**2:.6f}")
assert abs(excess - T * kl_divergence(q, p)) < 1e-10
assert abs(slopes[0] + entropy(p)) < 1e-6
assert abs(slopes[1] - (p @ E6**2 - (p @ E6) ** 2) / T**2) < 1e-6

# %% mystnb={"image": {"alt": "Left: mean energy and free energy of the six-unit machine against temperature on a logarithmic axis; both start at the lowest energy, the mean energy rises to a plateau, the free energy falls without bound. Right: entropy rises from zero over a shoulder near 0.7 to the logarithm of 64."}}
figure, (left, right) = plt.subplots(1, 2, figsize=(7, 2.9))
left.semilogx(temperatures, U, label="mean energy $U$")
left.semilogx(temperatures, F, "--", label="free energy $F = U - TS$")
left.axhline(E6.min(), color="#555555", linewidth=0.8, linestyle=":", label="lowest energy")
left.set(xlabel="temperature $T$ (units of energy)", ylabel="energy", ylim=(-25, 2))
left.legend(loc="lower left")
right.semilogx(temperatures, S, color=plot.PALETTE[2])
right.axhline(np.log(64), color="#555555", linewidth=0.8, linestyle=":")
right.text(0.03, np.log(64) - 0.25, r"$\ln 64$: all states alike", fontsize=8)
right.set(xlabel="temperature $T$ (units of energy)", ylabel="entropy $S$ (nats)")
plt.show()

# %%
shoulder = entropy(boltzmann_probabilities(E6, 0.3))
print(f"entropy at T = 0.3: {shoulder:.2f}; ln 2 = {np.log(2):.2f}")
assert abs(shoulder - np.log(2)) < 0.1

# %% [markdown]
# From left to right the machine melts. At absolute zero it sits in its state of lowest energy, and the entropy is zero. The shoulder near $\ln 2 \approx 0.69$ is the second best state, whose energy is only a little higher (look at the list above): to a machine that is warm enough to confuse the two, but not with any other, they are one bit. Hot, all 64 states are alike.
#
# ## One unit at a time
#
# With a hundred units there are $2^{100}$ states, and nobody can sum over them. But let all units except one be fixed. Two states are left, and their energies differ by
#
# \begin{align}
# \Delta E_i(x_{\setminus i}) &= E(x_i = 0, x_{\setminus i}) - E(x_i = 1, x_{\setminus i}) = \sum_j w_{ij} x_j + b_i \tag{12.10}
# \end{align}
#
# All other terms cancel. By 12.5 the odds of 1 against 0 are $\exp(\Delta E_i / T)$, and from the odds follows the probability, Qiu's **theorem 12.1** on the **full conditional** (全条件概率):
#
# \begin{align}
# p(x_i = 1 \mid x_{\setminus i}) &= \sigma\!\left(\frac{\sum_j w_{ij} x_j + b_i}{T}\right) \tag{12.6} \\
# p(x_i = 0 \mid x_{\setminus i}) &= 1 - p(x_i = 1 \mid x_{\setminus i}) \tag{12.7}
# \end{align}
#
# with the logistic function $\sigma$. The logistic unit of the other chapters, in its original home! A unit needs nothing but its weighted input to toss the right coin: $Z$ has cancelled. Against the sum over all states:

# %%
show_source(full_conditional)

# %%
differences = []
for T in (0.2, 1.0, 6.0):
    p, on = joint_distribution(W6, b6, T), full_conditional(W6, b6, S6, temperature=T)
    for i in range(6):
        one = np.where(S6[:, i] == 1, p, p[np.arange(64) ^ (32 >> i)])
        both = p + p[np.arange(64) ^ (32 >> i)]
        differences.append(np.abs(on[:, i] - one / both).max())
print(f"largest difference between theorem 12.1 and enumeration: {max(differences):.1e}")
assert max(differences) < 1e-10

# %% [markdown]
# The temperature decides how much the unit cares. As $T \to \infty$ its probability goes to 0.5, whatever the neighbours say. As $T \to 0$ the curve becomes a step,
#
# \begin{align}
# p(x_i = 1 \mid x_{\setminus i}) \to \begin{cases} 1 & \text{if } \sum_j w_{ij} x_j + b_i > 0 \\ 0 & \text{if } \sum_j w_{ij} x_j + b_i < 0 \end{cases} \tag{12.17}
# \end{align}
#
# and the machine becomes a Hopfield network. (With an input of exactly 0 the limit is one half: a tie leaves the coin fair at all temperatures. A Hopfield network has to settle ties by decree.)

# %% mystnb={"image": {"alt": "Probability of a unit to be on against its input from minus six to six, for four temperatures: a step at nearly zero, the logistic function at one, a gentle slope at four, and almost the constant one half at forty."}}
net = np.linspace(-6, 6, 241)
figure, ax = plt.subplots(figsize=(5.2, 2.9))
for T, line in zip((0.05, 1, 4, 40), ("-", "--", "-.", ":")):
    ax.plot(net, [full_conditional([[0.0]], [a], [0], temperature=T)[0] for a in net], line, label=f"$T = {T}$")
ax.set(xlabel=r"input $\sum_j w_{ij} x_j + b_i$ (units of energy)", ylabel="$p(x_i = 1)$")
ax.legend()
plt.show()

# %%
hot = full_conditional(W6, b6, S6, temperature=1e9)
cold = full_conditional(W6, b6, S6, temperature=1e-5)
step = (S6 @ W6 + b6 > 0).astype(float)
print(
    f"hot: at most {np.abs(hot - 0.5).max():.0e} from 0.5; cold: at most {np.abs(cold - step).max():.0e} from the step"
)

# %%
assert np.abs(hot - 0.5).max() < 1e-8
assert np.array_equal(full_conditional(W6, b6, S6, temperature=0.0), step)
assert np.abs(joint_distribution(W6, b6, np.inf) - 1 / 64).max() < 1e-15

# %% [markdown]
# ## Gibbs sampling
#
# Now let it run. **Gibbs sampling** (吉布斯采样) picks one unit after another and draws it from its full conditional. Many machines can run side by side, so that one line of NumPy serves all of them:

# %%
show_source(gibbs_sweep, docstring="none")

# %% [markdown]
# Does this lead to the Boltzmann distribution? For six units we can answer without any sampling. One step turns a distribution over the 64 states (a row vector) into another by a 64 × 64 matrix of **transition probabilities** (转移概率). There are several ways to choose the units,
# and a rival, **Metropolis' algorithm** (Qiu's algorithm 11.2), which proposes to flip a unit and accepts with probability $\min\{1, e^{-\Delta E/T}\}$. Two properties make a chain right:
#
# - **detailed balance** (细致平衡): $p_x P_{xy} = p_y P_{yx}$. In equilibrium every traffic is balanced by the traffic back; it follows that $pP = p$;
# - every state can be reached from every other, and there is no rhythm. Then the chain forgets its start.

# %%
matrices = {
    "one unit at random (Gibbs)": chains.random_scan_matrix(W6, b6),
    "one unit at random (Metropolis)": chains.metropolis_matrix(W6, b6),
    "sweep, unit after unit (Gibbs)": chains.sweep_matrix(W6, b6),
}

# %%
for name, P in matrices.items():
    balance = chains.detailed_balance_error(P, p6)
    print(f"{name:32s} pP = p to {np.abs(p6 @ P - p6).max():.0e}, detailed balance to {balance:.0e}")
    assert np.abs(p6 @ P - p6).max() < 1e-14
    assert (balance < 1e-14) == ("sweep" not in name)

# %% [markdown]
# The last line surprises many. A sweep leaves the Boltzmann distribution alone and yet it is *not* in detailed balance: run the film backwards, and the units come in the opposite order. Each single update is balanced, their product is
# not, and it need not be.
#
# The distance to equilibrium is measured by the **total variation** (全变差距离), the largest difference in the probability of any event. From the *worst* of all starting states, after work that is comparable (one sweep or six single updates):

# %%
start = np.eye(64)[np.argmax(E6)]
powers = {"sweep, unit after unit (Gibbs)": matrices["sweep, unit after unit (Gibbs)"]}
for name in list(matrices)[:2]:
    powers[name] = np.linalg.matrix_power(matrices[name], 6)

# %%
distances = {name: chains.distances_to_equilibrium(P, p6, 200) for name, P in powers.items()}
for name, d in distances.items():
    print(f"{name:32s} after 1, 10, 50, 200: " + " ".join(f"{d[k]:.1e}" for k in (1, 10, 50, 200)), end="")
    print(f"   factor per sweep {1 - chains.spectral_gap(powers[name]):.3f}")
    assert np.all(np.diff(d) < 1e-12)
    assert abs(d[40] / d[39] - (1 - chains.spectral_gap(powers[name]))) < 1e-3
sweep, random_gibbs, random_metropolis = (chains.spectral_gap(P) for P in powers.values())
assert sweep > random_metropolis > random_gibbs

# %%
rng, n_chains = np.random.default_rng(0), 20_000
x = np.tile(S6[np.argmax(E6)], (n_chains, 1))
sampled = [x]
for _ in range(40):
    sampled.append(gibbs_sweep(W6, b6, sampled[-1], rng=rng))

# %%
counted = [total_variation(pattern_distribution(x), p6) for x in sampled]
exact = chains.distances_to_equilibrium(powers["sweep, unit after unit (Gibbs)"], p6, 40, start)
noise = np.mean([total_variation(rng.multinomial(n_chains, p6) / n_chains, p6) for _ in range(50)])
print(f"after 40 sweeps {counted[40]:.4f}; {n_chains:,} draws from the exact distribution are {noise:.4f} away from it")
assert counted[40] < 2 * noise + exact[40]

# %% mystnb={"image": {"alt": "Total variation to equilibrium against sweeps, logarithmic. Left: three straight lines for systematic Gibbs, random Gibbs and Metropolis from the worst start. Right: twenty thousand chains follow the exact curve of matrix powers until they reach the level of counting noise and stay there."}}
figure, (left, right) = plt.subplots(1, 2, figsize=(7.2, 3.1), sharey=True)
for (name, d), line in zip(distances.items(), ("-", "--", ":")):
    left.semilogy(d[:41], line, label=name.replace("one unit at random", "random").replace(", unit after unit", ""))
left.set(xlabel="sweeps (6 updates)", ylabel="total variation", title="exact, worst start", ylim=(1e-4, 1.3))
left.legend()
right.semilogy(exact, label="matrix powers")
right.semilogy(counted, "o", markersize=3, label=f"{n_chains:,} chains")
right.axhline(noise, color="#555555", linestyle=":", linewidth=1, label="noise of counting")
right.set(xlabel="sweeps", title="one start")
right.legend()
plt.show()

# %% [markdown]
# Sweeping in order forgets fastest here, and Metropolis, who never turns down a move that falls, is ahead of Gibbs at random. All are straight lines on a logarithmic axis: the distance falls by the same factor with every sweep. That factor is the second largest eigenvalue of the matrix (the largest is 1), and what it lacks to 1 is called the **spectral gap** (谱隙). On the right the chains can do no better than an honest sample of their number, and they do as well as that.
#
# Watch the chains arrive. All twenty thousand start in the state of highest energy; states are sorted by energy, so equilibrium is a slope.

# %%
figure, ax = plt.subplots(figsize=(6.4, 2.8))
bars = ax.bar(np.arange(64), np.zeros(64), color=plot.PALETTE[0], label="chains")
ax.plot(np.arange(64), p6[order], color=plot.PALETTE[1], label="equilibrium")
ax.set(xlabel="states, from low to high energy", ylabel="share", ylim=(0, 1.1 * p6.max()))
ax.legend(loc="upper right")


def show_sweep(k):
    """Heights of the bars after k sweeps."""
    for bar, height in zip(bars, pattern_distribution(sampled[k])[order]):
        bar.set_height(height)
    ax.set_title(f"after {k} sweeps: total variation {counted[k]:.3f}")


spreading = "Bars for the share of chains in each of 64 states. They start all in the last state, jump to low energies within a sweep, and fill the equilibrium curve over twenty sweeps."
plot.animate(show_sweep, 21, figure, interval=350, alt=spreading, dpi=80)

# %% [markdown]
# ### Cold machines are slow
#
# How long does it take? A common measure is the **mixing time** (混合时间): sweeps until the total variation is below a quarter, from any start. Take six units that all want to agree, with biases that make all-off and all-on equally good, and cool them.

# %%
W_agree, b_agree = 1.0 - np.eye(6), np.full(6, -2.5)
barrier = max(energy(W_agree, b_agree, np.tri(7, 6, -1)))  # switch on one by one
cooling, gaps, times = np.array([0.25, 0.35, 0.5, 0.75, 1, 2, 4, 8]), [], []
for T in cooling:
    P = chains.sweep_matrix(W_agree, b_agree, temperature=T)
    gaps.append(chains.spectral_gap(P))
    times.append(chains.mixing_time(P, joint_distribution(W_agree, b_agree, T)))
    print(f"T = {T:5}: spectral gap {gaps[-1]:.2e}, mixing time {times[-1]:,} sweeps")

# %%
slope = np.diff(np.log(gaps[:2])) / np.diff(1 / cooling[:2])
print(f"the gap of the cold machine falls as exp(-{-slope[0]:.2f}/T); the barrier between the two modes is {barrier}")
assert abs(-slope[0] - barrier) < 0.5

# %% [markdown]
# The time grows like $e^{\text{barrier}/T}$. To cross from all-off to all-on the machine must climb over a hill of height 4.5, and 12.5 says how rarely a cold one does (Arrhenius' law of chemistry, once more). A cold machine knows the good states and cannot move between them; a hot one moves freely and
# knows nothing. Everything that follows is about living with this.
#
# ## Escaping
#
# Qiu's figure 12.2 compares the energy of a Hopfield network with that of a Boltzmann machine. Twelve units with random weights; first we list the **local minima** (局部最小), states that no single flip improves.

# %%
rng = np.random.default_rng(4)
W12 = np.triu(rng.normal(scale=2.0, size=(12, 12)), 1)
W12, b12 = W12 + W12.T, rng.normal(size=12)
E12 = energy(W12, b12, all_states(12))
neighbours = np.arange(4096)[:, None] ^ (1 << np.arange(12))
minima = np.flatnonzero(np.all(E12[neighbours] > E12[:, None], axis=1))
print("energies of the local minima:", np.sort(E12[minima]).round(2))

# %%
start = random_states(1000, 12, np.random.default_rng(0))
traces, states = {}, {}
for T in (0.0, 1.5):
    rng, x, lowest = np.random.default_rng(2), start, energy(W12, b12, start)
    traces[T] = [lowest]
    for _ in range(600):
        x = random_update(W12, b12, x, rng=rng, temperature=T)
        traces[T].append(energy(W12, b12, x))
    traces[T] = np.array(traces[T])
    visited = np.mean(np.any(np.abs(traces[T] - E12.min()) < 1e-9, axis=0))
    print(f"T = {T}: {visited:.2f} of 1000 runs have met the lowest energy within 600 updates")

# %%
assert np.all(np.diff(traces[0.0], axis=0) < 1e-9)
assert np.mean(np.any(np.abs(traces[1.5] - E12.min()) < 1e-9, axis=0)) > 0.9
assert np.mean(np.abs(traces[0.0][-1] - E12.min()) < 1e-9) < 0.4

# %% mystnb={"image": {"alt": "Energy against updates. Four runs of a Hopfield network fall in steps and stay flat at different energies; one run of a Boltzmann machine from the same start goes up and down all the time and touches the lowest energy, a dotted line, several times."}}
figure, ax = plt.subplots(figsize=(7, 3.1))
poor = np.flatnonzero(traces[0.0][-1] > E12.min() + 1)
ax.plot(traces[1.5][:400, poor[0]], color=plot.PALETTE[1], linewidth=1, label="Boltzmann machine, $T = 1.5$")
for k, run in enumerate(poor[:4]):
    ax.plot(traces[0.0][:400, run], color=plot.PALETTE[0], label="Hopfield networks" if k == 0 else None)
ax.axhline(E12.min(), color="#555555", linestyle=":", linewidth=1, label="lowest of all 4096 states")
ax.set(xlabel="updates of one unit", ylabel="energy")
ax.legend(loc="upper right")
plt.show()

# %% [markdown]
# The four Hopfield runs of the figure are the first that end well above the lowest energy. A Hopfield network never climbs (the cell asserts it for a thousand runs), so it comes to rest in the first hollow, and here that is the wrong one in most runs. The Boltzmann machine climbs out of every hollow, and nearly all runs meet the deepest point. But it does not stay there either.
#
# ### Simulated annealing
#
# So begin hot and become cold: **simulated annealing** (模拟退火). While hot, the machine chooses between the valleys; while cold, it goes to the bottom of the valley it is in. The question of any consequence is how fast to cool.
#
# The test is **maximum cut** (最大割): divide the nodes of a graph in two so that as many edges as possible run between the halves. One unit per node says on which side it is; an edge that is cut should lower the energy by 1, and $x_i + x_j - 2 x_i x_j$ is 1 exactly when the ends differ. So $w_{ij} = -2$ for every edge and $b_i$ is the number of
# edges at $i$. First ten graphs of fourteen nodes, whose maximum is known by enumeration, with the [annealing](../backprop/using_bp.ipynb) that this book has used before, a hundred chains each:


# %%
def cut_success(A, n_steps, rng):
    """Share of 100 chains that end in a maximum cut."""
    W, b = cut_network(A)
    flip = lambda x, rng: np.abs(x - np.eye(len(A))[rng.integers(len(A), size=len(x))])  # noqa: E731
    first = random_states(100, len(A), rng)
    result = anneal(lambda x: energy(W, b, x), first, flip, geometric_schedule(4.0, 0.2, n_steps), rng=rng)
    return np.mean(cut_value(A, result.final_state) == maximum_cut(A)[0])


# %%
rng = np.random.default_rng(0)
graphs = [random_graph(14, 0.5, rng) for _ in range(10)]
found = {n: np.mean([cut_success(A, n, rng) for A in graphs]) for n in (14, 70, 350, 1400)}
print("steps of the schedule and share of chains that end in a maximum cut:")
print("   ".join(f"{n}: {share:.2f}" for n, share in found.items()))
assert np.all(np.diff(list(found.values())) > 0)
assert found[1400] > 0.6

# %% [markdown]
# Fourteen nodes are small. Now a grid of 12 × 8 = 96 nodes whose edges have weight $+1$ or $-1$ at random (physicists call it a *spin glass*, 自旋玻璃). No enumeration of $2^{96}$ states; but a grid can be solved row by row with dynamic programming, an independent method that gives the true maximum. We compare fast and slow cooling with *equal total work*: 400 sweeps are spent on one run of 400, on ten runs
# of 40, or on a hundred runs of 4, and the best of the runs counts. (Three sweeps at temperature 0, which end every run, are counted as well.)

# %%
rng = np.random.default_rng(0)
across, down = rng.choice([-1.0, 1.0], size=(12, 7)), rng.choice([-1.0, 1.0], size=(11, 8))
glass, best = grid_graph(across, down), grid_maximum_cut(across, down)
W, b = cut_network(glass)
success, cuts, lucky = {}, {}, {}
for n_sweeps in (4, 12, 40, 120, 400):
    x = random_states(300, 96, rng)
    schedule = np.append(geometric_schedule(4.0, 0.3, n_sweeps), np.zeros(3))
    cuts[n_sweeps] = cut_value(glass, run_chains(W, b, x, schedule, rng=rng))
    success[n_sweeps] = np.mean(cuts[n_sweeps] == best)
    lucky[n_sweeps] = 1 - (1 - success[n_sweeps]) ** (400 / len(schedule))
    print(f"{n_sweeps:3d} sweeps: mean cut {cuts[n_sweeps].mean():.2f} of {best:.0f}, ", end="")
    print(f"best in {success[n_sweeps]:.3f} of runs; with 400 sweeps in all {lucky[n_sweeps]:.2f}")

# %%
frozen = cut_value(glass, run_chains(W, b, random_states(300, 96, rng), np.zeros(60), rng=rng))
print(f"without temperature (Hopfield): mean cut {frozen.mean():.2f}, best in {np.mean(frozen == best):.3f}")
assert max(values.max() for values in cuts.values()) == best
assert np.all(np.diff([values.mean() for values in cuts.values()]) > 0)
assert cuts[400].mean() > frozen.mean() + 0.5
assert lucky[400] < max(lucky.values())

# %% [markdown]
# No chain ever exceeds the maximum of the dynamic programme, and here even the shortest runs reach it now and then. The mean cut rises with every slowdown. The last column is the sober one: for the *best* of several runs the slow schedule gains nothing, since the success of a single run
# grows less than in proportion to its length. Slow cooling makes every run good; many runs make one of them lucky. Geman and Geman (1984) proved that cooling as slowly as $T \propto 1/\ln k$ finds the optimum with certainty; nobody has the time.
#
# ## Learning
#
# So far somebody gave us the weights. Now data come: visible patterns $\hat v^{(1)}, \dots, \hat v^{(N)}$, and we want weights under which they are likely. The mean log-likelihood is
#
# \begin{align}
# \mathcal{L}(\mathcal{D} \mid W, b) &= \frac1N \sum_{n=1}^N \log p(\hat v^{(n)} \mid W, b) \tag{12.18} \\
# &= \frac1N \sum_{n=1}^N \log \sum_h p(\hat v^{(n)}, h \mid W, b) \tag{12.19} \\
# &= \frac1N \sum_{n=1}^N \Bigl( \log \sum_h e^{-E(\hat v^{(n)}, h)} - \log \sum_{v, h} e^{-E(v, h)} \Bigr) \tag{12.20}
# \end{align}
#
# Each of the two logarithms is minus a free energy: one of the machine with its visible units *clamped* (钳住) to the data, and one of the machine running free. The derivative of the logarithm of such a sum is an average. For any parameter $\theta$
#
# $$ \frac{\partial \mathcal L}{\partial \theta} = -\frac1N \sum_n \mathbb{E}_{p(h \mid \hat v^{(n)})}\!\left[\frac{\partial E}{\partial \theta}\right] + \mathbb{E}_{p(v, h)}\!\left[\frac{\partial E}{\partial \theta}\right] \tag{12.23} $$
#
# In the file of April 2019 the first sign is $+$ and the second $-$, since the minus of $e^{-E}$ got lost in 12.23. (A reader, lintongmao, reported it and the author mended it.) With $\partial E/\partial w_{ij} = -x_i x_j$ the signs turn, and
# the formulas that a programmer needs are right in the file as well:
#
# \begin{align}
# \frac{\partial \mathcal L}{\partial w_{ij}} &= \mathbb{E}_{\hat p(v)} \mathbb{E}_{p(h \mid v)}[x_i x_j] - \mathbb{E}_{p(v, h)}[x_i x_j] \tag{12.26} \\
# \frac{\partial \mathcal L}{\partial b_i} &= \mathbb{E}_{\hat p(v)} \mathbb{E}_{p(h \mid v)}[x_i] - \mathbb{E}_{p(v, h)}[x_i] \tag{12.27}
# \end{align}
#
# for $T = 1$; otherwise divide by $T$. The rule of Ackley, Hinton and Sejnowski (1985) takes a step in this direction:
#
# $$ \Delta w_{ij} = \alpha \bigl( \langle x_i x_j \rangle_+ - \langle x_i x_j \rangle_- \bigr) \tag{12.28} $$
#
# In the **positive phase** (正相) the world sits on the visible units, and what fires together is wired together: Hebb's rule. In the **negative phase** (负相) the machine dreams, and what fires together in the dream is *un*wired. When the dream looks like the world, learning stops. And each weight needs to observe its own two units only: the rule is **local** (局部).

# %%
show_source(exact_gradient, phases, docstring="none")

# %%
rng = np.random.default_rng(3)
target = pattern_distribution(rng.integers(0, 2, size=(11, 3)))
dW, db, value = exact_gradient(W6, b6, target)
h, numerical = 1e-5, np.zeros((6, 6))
for i, j in zip(*np.triu_indices(6, 1)):
    bump = np.zeros((6, 6))
    bump[[i, j], [j, i]] = h
    rise = [target @ visible_log_probabilities(W6 + s * bump, b6, 3) for s in (1, -1)]
    numerical[[i, j], [j, i]] = (rise[0] - rise[1]) / (2 * h)

# %%
print(f"largest difference from central differences: {np.abs(dW - numerical).max():.1e}")
assert np.abs(dW - numerical).max() < 1e-9

# %% [markdown]
# Now 12.23 as printed, literally: the mean of $\partial E / \partial w_{ij}$ over the clamped machine minus its mean over the free one.

# %%
both = phases(W6, b6, target)
slope_of_energy = -S6[:, :, None] * S6[:, None, :]
printed = np.tensordot(both.positive - both.negative, slope_of_energy, axes=1)
np.fill_diagonal(printed, 0.0)
for name, direction in (("as printed", printed), ("with the minus", -printed)):
    after = target @ visible_log_probabilities(W6 + 0.05 * direction, b6, 3)
    print(f"a step along 12.23 {name}: log-likelihood {value:.4f} -> {after:.4f}")
assert np.allclose(printed, -numerical, atol=1e-8)
assert target @ visible_log_probabilities(W6 + 0.05 * printed, b6, 3) < value

# %% [markdown]
# As printed, gradient *ascent* goes down, entry for entry the opposite of the truth.
#
# ### Two chains instead of two sums
#
# Larger machines take both averages from Gibbs chains, some clamped and some free. The estimate is right on average and noisy; with $C$ chains its variance falls as $1/C$. We let chains run for 60 sweeps, which is long for this machine, and repeat.

# %%
rng, errors = np.random.default_rng(0), {}
for n_chains in (10, 100, 1000):
    estimates = []
    for _ in range(40):
        x = random_states(n_chains, 6, rng)
        x[:, :3] = all_states(3)[rng.choice(8, size=n_chains, p=target)]
        plus = run_chains(W6, b6, x, np.ones(60), rng=rng, clamped=[0, 1, 2])
        minus = run_chains(W6, b6, random_states(n_chains, 6, rng), np.ones(60), rng=rng)
        estimates.append(sampled_gradient(plus, minus)[0])
    errors[n_chains] = np.mean((np.array(estimates) - dW) ** 2)
    bias = np.linalg.norm(np.mean(estimates, axis=0) - dW) / np.linalg.norm(dW)
    print(f"{n_chains:4d} chains: mean squared error {errors[n_chains]:.2e}, mean estimate off by {bias:.1%}")

# %%
assert 5 < errors[10] / errors[100] < 20
assert 5 < errors[100] / errors[1000] < 20

# %% [markdown]
# ## Everything visible: one hill, one summit
#
# Without hidden units, learning is a pleasant problem. The second derivative of $\log p(v)$ is then minus the covariance of the products $x_i x_j$ and of the $x_i$ under the model; a covariance is never negative, so $\mathcal{L}$ is **concave** (凹): a single hill, and every way up leads to the summit. At the summit the model has the means and the correlations of the data, and among all
# distributions that do it is the one of largest entropy.

# %%
curvature = [
    np.linalg.eigvalsh(likelihood_hessian((a := np.triu(rng.normal(size=(6, 6)) * s, 1)) + a.T, rng.normal(size=6) * s))
    for s in (0.1, 1, 3)
    for _ in range(20)
]
print(f"largest eigenvalue of 60 Hessians: {np.max(curvature):.1e}")
assert np.max(curvature) < 1e-10

# %% [markdown]
# A target that such a machine *can* represent must therefore be found. Twelve units, the 4096 probabilities of a random machine as the target, and the plain rule 12.28 with momentum. It gets nearer, slowly, and at a larger rate it falls off the hill. The cure, in the last line, is instructive.

# %%
rng = np.random.default_rng(4)
A = np.triu(rng.normal(size=(12, 12)), 1)
W_true, b_true = A + A.T, rng.normal(size=12)
p_true = joint_distribution(W_true, b_true)

# %%
final = []
for name, rate, centred in (("plain", 0.5, False), ("plain", 2.0, False), ("centred", 2.0, True)):
    machine = BoltzmannMachine(learning_rate=rate, centred=centred, n_epochs=500, tolerance=1e-9)
    machine.fit(all_states(12), sample_weight=p_true)
    final.append(kl_divergence(p_true, joint_distribution(machine.weights_, machine.biases_)))
    print(f"{name:8s} rate {rate}: KL {final[-1]:.1e} after {machine.n_iter_} steps; weights off by at most ", end="")
    print(f"{np.abs(machine.weights_ - W_true).max():.1e}")
assert final[2] < 1e-6 < final[0] < 0.1 < final[1]

# %%
show_source(centre_gradient, docstring="none")

# %% [markdown]
# Products of 0s and 1s are nearly always positive, so the gradients of all weights and biases point the same way and the steps zigzag along a narrow ridge. If the units are measured from their means instead of from 0, the weights follow *covariances*, and no weight has to do the work of a bias. The machine is the same,
# the summit is the same; only the coordinates are better (Montavon and Müller 2012, and Cho, Raiko and Ilin 2011). The divergence arrives where rounding begins. (Another random machine may take more steps. Targets in which some patterns are all but forbidden take longer, with or without centring: the weights that forbid them hardly show in any average.) `BoltzmannMachine` centres unless it is told not to.
#
# ### Real data: twelve pixels
#
# In 2006 Schneidman, Berry, Segev and Bialek fitted a machine without hidden units to the spikes of ten to forty neurons of a salamander's retina, and started a field. Their question: how much of the structure of real patterns is due to *pairs*? We ask it of handwriting. Twelve pixels from the middle of the digits, black or white; first all pixels independent, then a Boltzmann machine.

# %%
digits = load_digits()
X, X_test = (
    (part.reshape(-1, 8, 8)[:, 2:6, 2:5] > 0.5).reshape(-1, 12).astype(float)
    for part in (digits.X_train, digits.X_test)
)
pairs = BoltzmannMachine(learning_rate=1.0, n_epochs=300, tolerance=1e-6).fit(X)
independent = BoltzmannMachine(connections=np.zeros((12, 12), dtype=bool), learning_rate=1.0, n_epochs=300).fit(X)
observed = pattern_distribution(X)

# %%
print("log-likelihood in nats per image    train     test")
for name, machine in (("independent pixels", independent), ("Boltzmann machine", pairs)):
    print(f"{name:32s} {machine.score(X):8.3f} {machine.score(X_test):8.3f}")
total = -entropy(observed) - independent.score(X)
share = (pairs.score(X) - independent.score(X)) / total
print(f"pairs explain {share:.0%} of the {total:.2f} nats that the pixels tell about each other")
assert pairs.score(X_test) > independent.score(X_test) + 1
assert share > 0.5

# %% mystnb={"image": {"alt": "Predicted against observed share of patterns of twelve pixels, both logarithmic. The points of independent pixels lie far below the diagonal, by a factor of ten and more; those of the Boltzmann machine scatter much nearer to it, most of them still below."}}
often = observed >= 4 / len(X)
figure, ax = plt.subplots(figsize=(4.6, 3.6))
for (name, machine), marker in zip((("independent pixels", independent), ("Boltzmann machine", pairs)), "s."):
    predicted = joint_distribution(machine.weights_, machine.biases_)[often]
    spread = np.sqrt(np.mean(np.log(predicted / observed[often]) ** 2))
    ax.loglog(observed[often], predicted, marker, label=f"{name}", markersize=4 if marker == "s" else 8)
    print(f"{name}: typical factor between prediction and observation {np.exp(spread):.1f};", end="")
    print(f" {np.mean(predicted < observed[often]):.0%} of the points below the line")
    assert np.mean(predicted < observed[often]) > 0.5
ax.plot([2e-3, 5e-2], [2e-3, 5e-2], color="#555555", linewidth=1)
ax.set(xlabel="observed share of a pattern", ylabel="predicted share", xlim=(2e-3, 6e-2))
ax.set_xticks([0.003, 0.01, 0.03], ["0.003", "0.01", "0.03"])
ax.set_xticks([], minor=True)
ax.legend(loc="lower right")
plt.show()

# %% [markdown]
# The figure shows the patterns that occur at least four times. Independent pixels miss them by a large factor, the machine by a much smaller one, and no pattern was ever shown to it as a pattern: it knows means and pairs only. Still most points lie below the line. Handwriting prefers certain wholes, more than its pairs betray. More than half of the structure is explained by pairs. (The entropy of the data is estimated by counting, which makes the share a little too small: rare patterns look like structure.) The rest is of higher
# order. Is there a distribution that pairs cannot describe at all?
#
# ## What pairs cannot say
#
# Yes: XOR. Three units of which an even number is on, all four such states equally likely. Look at any two of the units: all four combinations are equally frequent, exactly as for fair coins. A machine that matches means and pairs therefore *is* three fair coins, and its divergence from the target is $\ln 8 - \ln 4 = \ln 2$.

# %%
even = all_states(3)[all_states(3).sum(axis=1) % 2 == 0]
parity = pattern_distribution(even)
pairs_only = BoltzmannMachine(learning_rate=0.5).fit(even)
q = joint_distribution(pairs_only.weights_, pairs_only.biases_)
print(
    f"three visible units: KL {kl_divergence(parity, q):.12f}, ln 2 = {np.log(2):.12f}; weights {pairs_only.weights_.max()}"
)
assert abs(kl_divergence(parity, q) - np.log(2)) < 1e-12

# %% [markdown]
# One **hidden unit** changes everything. Let it be the AND of the first two: then $x_3 = x_1 + x_2 - 2h$ holds in all four states, the energy $\beta (x_1 + x_2 - x_3 - 2h)^2$ is zero there and at least $\beta$ elsewhere, and a square of a sum contains nothing but pairs (and single units, because $x^2 = x$). Can the machine find this by itself?

# %%
a = np.array([1.0, 1.0, -1.0, -2.0])
for beta in (2, 10):
    W, b = -2 * beta * (np.outer(a, a) - np.diag(a**2)), -beta * a**2
    by_hand = kl_divergence(parity, np.exp(visible_log_probabilities(W, b, 3)))
    print(f"by hand, beta = {beta}: KL {by_hand:.1e}")

# %%
learnt = [
    BoltzmannMachine(1, learning_rate=0.5, n_epochs=800, initial_scale=1.0, random_state=s).fit(even) for s in range(10)
]
divergences = [-np.log(4) - machine.score(even) for machine in learnt]
print("learnt, ten starts: KL", np.round(divergences, 3))
assert by_hand < 1e-3
assert np.median(divergences) < 0.05

# %% [markdown]
# It can: from all of these ten starts (the cell asserts it for the median, since other starts may fail). Success is not guaranteed any more: with hidden units $\mathcal{L}$ is no longer concave, and a hill may have several summits.
#
# ## The encoder
#
# Ackley, Hinton and Sejnowski chose a harder exam. Two groups of four visible units, in which the same unit is on; the groups are *not* connected with each other, and what passes between them must go through two hidden units. Four messages, two bits: the machine has to invent a **code** (编码), and it may not waste a single word.

# %%
X424, mask424 = encoder_patterns(4), encoder_connections(4, 2)
results = []
for seed in range(12):
    machine = BoltzmannMachine(2, learning_rate=1.0, n_epochs=250, connections=mask424, random_state=seed).fit(X424)
    n_codes = n_distinct_codes(machine.hidden_distribution(X424))
    results.append((n_codes, -np.log(4) - machine.score(X424), machine))

# %%
for n_codes in (4, 3, 2):
    same = [kl for codes, kl, _ in results if codes == n_codes]
    if same:
        print(f"{n_codes} different codes: {len(same)} of 12 starts, KL {min(same):.3f} to {max(same):.3f}")
assert max(codes for codes, _, _ in results) == 4
assert min(kl for _, kl, _ in results) < 0.03
assert all(kl > 0.3 for codes, kl, _ in results if codes < 4)

# %% mystnb={"image": {"alt": "Weights of a trained encoder as two grids of coloured squares, one for each hidden unit: rows for the two groups, columns for the four units. In both groups a hidden unit has positive weights to the same two units and negative weights to the other two, and the two hidden units differ in their choice."}}
machine = next(m for codes, _, m in results if codes == 4)
hidden = machine.hidden_distribution(X424)
print("most probable code of each pattern:", [all_states(2)[k].astype(int).tolist() for k in hidden.argmax(axis=1)])
figure = plot.image_grid(
    machine.weights_[8:, :8].reshape(2, 2, 4),
    titles=["hidden unit 1", "hidden unit 2"],
    signed=True,
    figsize=(6, 1.9),
    label="weight",
)
for ax in figure.axes[:2]:
    ax.axhline(0.5, color="white")
plt.show()

# %% [markdown]
# The upper row is the first group, the lower the second; both have learnt the same word for the same unit. From more than half of these starts, however, the gradient (the *exact* gradient, nothing is left to chance here) ends with three codes: two patterns share one, and the divergence is $\frac12 \ln 2 \approx 0.347$. There is no way up from there. The authors' machine, whose gradient was sampled, noisy and
# reduced to its sign, is reported to have found four codes in all of 250 runs. Is noise an advantage? We rebuild their procedure: patterns with flipped bits, annealing from random states in both phases, ten sweeps of statistics, and every weight moved up or down by a fixed amount.

# %%
run = learn_encoder(16, 400, np.random.default_rng(0))
smooth = learn_encoder(16, 400, np.random.default_rng(0), fixed_step=False, step=0.5)
first = [int(np.argmax(c == 4)) + 1 for c in run.codes.T if (c == 4).any()]
for name, r in (("fixed steps (1985)", run), ("steps in proportion", smooth)):
    print(f"{name}: four codes in {np.mean(r.codes[-1] == 4):.2f} of 16 machines after 400 cycles")
print(f"median of the first cycle with four codes, of those that have them: {np.median(first):.0f}")

# %%
p424, good = pattern_distribution(X424), run.codes[-1] == 4
kl = [
    kl_divergence(p424, np.exp(visible_log_probabilities(W, b, 8))) for W, b in zip(run.weights[good], run.biases[good])
]
print(
    f"machines with four codes after fixed steps: KL {min(kl):.2f} to {max(kl):.2f}; at best by the exact gradient {min(r[1] for r in results):.3f}"
)
assert min(kl) > 0.1
assert np.mean(run.codes[-1] == 4) > np.mean(smooth.codes[-1] == 4)

# %% mystnb={"image": {"alt": "Share of sixteen machines with four different codes against learning cycles. With fixed steps the share climbs steadily to well above a half; with steps in proportion to the gradient it stays low."}}
figure, ax = plt.subplots(figsize=(5.6, 2.8))
ax.plot(np.mean(run.codes == 4, axis=1), label="fixed steps, as in 1985")
ax.plot(np.mean(smooth.codes == 4, axis=1), "--", label="steps in proportion to the gradient")
ax.set(xlabel="cycle of learning", ylabel="machines with four codes", ylim=(-0.02, 1))
ax.legend()
plt.show()

# %% [markdown]
# It is. A step of fixed size is too large wherever the gradient is small, in particular at a wrong summit: the weights stagger about, and sooner or later they stagger out. The price is in the line above: they never rest at the right summit either, and the flipped bits keep them from its top.
#
# Do *all* machines find four codes, given time? A longer run left a record: sixty machines for 1500 cycles, and sixty more whose steps shrink by a hundredth per cycle after cycle 400.

# %%
record = records.load("deep_belief/boltzmann_encoder")["figures"]
first = [cycle for runs in record["fixed"] for cycle in runs["first"]]
met = [cycle for cycle in first if cycle is not None]
kept = {name: np.mean([runs["four_at_the_end"] for runs in record[name]]) for name in record}
closest = {name: np.median([runs["divergence"] for runs in record[name]]) for name in record}
print(
    f"{len(met)} of {len(first)} machines met four codes, half of them by cycle {np.median(met):.0f}, all by {max(met)}"
)
for name in record:
    print(f"{name:9s} steps: {kept[name]:.2f} have four codes at the end, median KL {closest[name]:.2f}")
assert len(met) > 0.9 * len(first)
assert kept["shrinking"] > kept["fixed"] + 0.2

# %% [markdown]
# Nearly all of them do, though half of them need about twice the cycles that the authors report (their median was 110; their longest run, 1810, was longer than any of ours). But one of their findings we could not repeat: they write that a machine which had found four codes kept them, and with fixed steps many of ours *lose* their code again. The likely reason is that the weights go on growing, until
# annealing no longer brings the free chains to equilibrium and the rule is misled by its own dreams, of which more below. Steps that shrink keep what they have found. Noise that helps early harms late, which is annealing once more, this time of the weights.
#
# ## With inputs: a machine that answers
#
# Clamp some visible units, the **inputs**, in *both* phases, and the same rule climbs the likelihood of the others *given* the inputs: supervised learning. Without hidden units and with one output this must be nothing else than logistic regression, since the conditional of one unit is a logistic function of the others. Eight pixels of a digit, and the question whether it is a 5 or later:

# %%
pixels = (digits.X_train.reshape(-1, 8, 8)[:, 2:6, [2, 5]] > 0.5).reshape(-1, 8).astype(float)
late = (digits.y_train >= 5).astype(float)
answers = BoltzmannMachine(n_inputs=8, learning_rate=1.0, n_epochs=600, tolerance=1e-9)
answers.fit(np.column_stack([pixels, late]))

# %%
logistic = LogisticRegression(C=np.inf, tol=1e-10, max_iter=1000).fit(pixels, late)
gap = np.abs(answers.weights_[8, :8] - logistic.coef_[0]).max()
print(
    f"mean log-likelihood {answers.score(np.column_stack([pixels, late])):.6f}; largest difference of a weight {gap:.1e}"
)
assert gap < 1e-4

# %%
for n_inputs, n_hidden in ((2, 0), (2, 1), (3, 0), (3, 2)):
    bits = all_states(n_inputs)
    examples = np.column_stack([bits, bits.sum(axis=1) % 2])
    options = {"n_inputs": n_inputs, "learning_rate": 0.5, "n_epochs": 800, "initial_scale": 1.0}
    scores = [BoltzmannMachine(n_hidden, random_state=s, **options).fit(examples).score(examples) for s in range(8)]
    print(f"parity of {n_inputs} bits, {n_hidden} hidden: log-likelihood {max(scores):.3f} at best, ", end="")
    print(f"{np.mean(np.array(scores) > -0.1):.2f} of 8 starts solve it")
    assert (max(scores) > -0.1) == (n_hidden > 0)

# %% [markdown]
# ## With fixed weights: a machine that searches
#
# The weights can also be *written* instead of learnt. Qiu mentions search problems (搜索问题): the weights hold the rules, and a sample at low temperature is a proposal that breaks few of them. "Exactly one of these units is on" costs $(\sum_i x_i - 1)^2$, which is a sum of pairs and single units. Eight queens on a chessboard: exactly one in each row and column, at most one on each diagonal, 64 units.

# %%
show_source(constraint_network, docstring="none")

# %%
puzzle = queens(4)
W, b, constant = constraint_network(puzzle)
squares = all_states(16)
prices = energy(W, b, squares) + constant
print(f"four queens: {np.sum(np.abs(prices) < 1e-9)} of {len(squares):,} states cost nothing")
print(squares[np.abs(prices) < 1e-9][0].reshape(4, 4).astype(int))
assert np.allclose(prices, cost(puzzle, squares))
assert np.sum(np.abs(prices) < 1e-9) == 2

# %%
solutions = {
    rows
    for rows in permutations(range(8))
    if len({r + c for c, r in enumerate(rows)}) == len({r - c for c, r in enumerate(rows)}) == 8
}

# %%
puzzle, rng, successes = queens(8), np.random.default_rng(0), []
W, b, _ = constraint_network(puzzle)
for name, schedule in (("annealed", geometric_schedule(2.0, 0.15, 200)), ("at temperature 0", np.zeros(200))):
    x = run_chains(W, b, random_states(200, 64, rng), np.append(schedule, np.zeros(3)), rng=rng)
    solved = x[cost(puzzle, x) == 0].reshape(-1, 8, 8)
    found = {tuple(board.argmax(axis=0).tolist()) for board in solved}
    print(f"{name}: {len(solved)} of 200 chains solve it, {len(found)} of {len(solutions)} solutions")
    assert found <= solutions
    successes.append(len(solved))
assert successes[0] > successes[1] + 10

# %% [markdown]
# Every board that costs nothing is among the 92 that a search through all permutations finds. And if some units are *clamped*, the machine completes what is given. A small sudoku, four by four, with four clues:

# %%
clues = {(0, 0): 3, (0, 2): 2, (1, 1): 4, (3, 2): 3}
lines = list(permutations((1, 2, 3, 4)))
grids = np.array(lines)[np.stack(np.meshgrid(*[np.arange(24)] * 4, indexing="ij"), axis=-1).reshape(-1, 4)]
boxes = grids.reshape(-1, 2, 2, 2, 2).transpose(0, 1, 3, 2, 4).reshape(-1, 4, 4)
legal = grids[
    (np.sort(grids, axis=1) == [[1], [2], [3], [4]]).all(axis=(1, 2))
    & (np.sort(boxes) == [1, 2, 3, 4]).all(axis=(1, 2))
]

# %%
answer = legal[np.all([legal[:, r, c] == d for (r, c), d in clues.items()], axis=0)]
print(f"{len(legal)} legal grids, {len(answer)} of them with these clues")
assert len(answer) == 1

# %%
puzzle, rng = sudoku(2), np.random.default_rng(0)
W, b, _ = constraint_network(puzzle)
x = random_states(100, 64, rng).reshape(100, 4, 4, 4)
for (r, c), digit in clues.items():
    x[:, r, c] = np.eye(4)[digit - 1]
clamped = [(4 * r + c) * 4 + d for r, c in clues for d in range(4)]
x = run_chains(
    W, b, x.reshape(100, 64), np.append(geometric_schedule(2.0, 0.2, 60), np.zeros(3)), rng=rng, clamped=clamped
)

# %%
solved = x[cost(puzzle, x) == 0].reshape(-1, 4, 4, 4).argmax(axis=3) + 1
print(f"{len(solved)} of 100 chains solve it")
print(solved[0])
assert len(solved) > 20
assert all(any(np.array_equal(grid, one) for one in answer) for grid in solved)

# %% [markdown]
# ## Checked against three peers
#
# They know nothing of phases. **Iterative proportional fitting** (Deming and Stephan 1940) rescales a table until all its pair margins are right. **SciPy** minimises the convex dual of the maximum entropy problem with BFGS. And for each unit of a finished machine, **scikit-learn**'s logistic regression of that unit on the others, weighted with the probabilities of the 64 states, must find the unit's weights, since theorem 12.1 says that this is what they are.

# %%
data = pattern_distribution(X_test[:, :6])
ours = BoltzmannMachine(learning_rate=1.0, n_epochs=2000, tolerance=1e-11).fit(X_test[:, :6])
p_ours = joint_distribution(ours.weights_, ours.biases_)

# %%
table = np.full(64, 1 / 64)
for _ in range(400):
    for i, j in zip(*np.triu_indices(6, 1)):
        cell = (2 * S6[:, i] + S6[:, j]).astype(int)
        table *= (np.bincount(cell, data) / np.bincount(cell, table))[cell]
print(f"iterative proportional fitting: largest difference of a probability {np.abs(table - p_ours).max():.1e}")
assert np.abs(table - p_ours).max() < 1e-8

# %%
i, j = np.triu_indices(6, 1)
features = np.hstack([S6[:, i] * S6[:, j], S6])
dual = lambda theta: np.log(np.exp(features @ theta).sum()) - data @ features @ theta  # noqa: E731
slope = lambda theta: boltzmann_probabilities(-features @ theta, 1.0) @ features - data @ features  # noqa: E731
theta = minimize(dual, np.zeros(21), jac=slope, method="BFGS", options={"gtol": 1e-9}).x
difference = np.abs(theta - np.append(ours.weights_[i, j], ours.biases_)).max()
print(f"SciPy's BFGS: largest difference of a weight or bias {difference:.1e}")
assert difference < 1e-4

# %%
worst = 0.0
for unit in range(6):
    others = np.delete(np.arange(6), unit)
    regression = LogisticRegression(C=np.inf, tol=1e-12, max_iter=5000)
    regression.fit(S6[:, others], S6[:, unit], sample_weight=p6)
    worst = max(worst, np.abs(regression.coef_[0] - W6[unit, others]).max(), abs(regression.intercept_[0] - b6[unit]))
print(f"scikit-learn's logistic regressions: largest difference {worst:.1e}")
assert worst < 1e-3

# %% [markdown]
# ## What goes wrong
#
# ### A dream that is too short
#
# The negative phase wants equilibrium, and equilibrium takes time, ever more as the weights grow. What if one does not wait? The data are 400 draws from a machine of six units that like to agree, so there are two modes. We watch the exact divergence while learning by sampling.

# %%
W_two, b_two = 1.5 * (1 - np.eye(6)), np.full(6, -3.75)
data = all_states(6)[np.random.default_rng(1).choice(64, size=400, p=joint_distribution(W_two, b_two))]
observed, settings = (
    pattern_distribution(data),
    {
        "restarted, 1 sweep": {"persistent": False, "n_sweeps": 1},
        "restarted, 10 sweeps": {"persistent": False, "n_sweeps": 10},
        "persistent, 1 sweep": {"n_sweeps": 1},
        "persistent, rate 5 times as large": {"n_sweeps": 1, "learning_rate": 1.0},
    },
)

# %%
drift = {}
for name, options in settings.items():
    options = {"learning_rate": 0.2, "n_chains": 200, "momentum": 0.0, "centred": False, "random_state": 0} | options
    machine, drift[name] = BoltzmannMachine(method="sampled", **options), []
    for _ in range(800):
        machine.partial_fit(data)
        drift[name].append(kl_divergence(observed, joint_distribution(machine.weights_, machine.biases_)))
    print(f"{name:34s} lowest KL {min(drift[name]):.3f}, mean of the last 200 {np.mean(drift[name][-200:]):.3f}")

# %%
summit = BoltzmannMachine(learning_rate=1.0).fit(data)
floor = kl_divergence(observed, joint_distribution(summit.weights_, summit.biases_))
print(f"the best that six visible units can do: {floor:.3f}")
late = {name: np.mean(values[-200:]) for name, values in drift.items()}
assert late["restarted, 1 sweep"] > 2 * late["restarted, 10 sweeps"]
assert late["persistent, rate 5 times as large"] > 2 * late["persistent, 1 sweep"]
assert late["restarted, 10 sweeps"] < 3 * floor
assert late["restarted, 1 sweep"] > 2 * min(drift["restarted, 1 sweep"])
assert late["persistent, 1 sweep"] < late["restarted, 1 sweep"]

# %% mystnb={"image": {"alt": "Divergence against step of learning, logarithmic, for four settings. Restarted chains with one sweep fall and then rise again; with ten sweeps the curve settles near the dotted optimum; persistent chains with one sweep settle there with more noise; with five times the rate the curve swings over two orders of magnitude."}}
figure, ax = plt.subplots(figsize=(7, 3.2))
for (name, values), line in zip(drift.items(), ("-", "-", "--", ":")):
    ax.semilogy(values, line, linewidth=1.3, label=name)
ax.axhline(floor, color="#555555", linestyle=":", linewidth=1, label="the best there is")
ax.set(xlabel="step of learning", ylabel="KL from the data (nats)", ylim=(0.02, 60))
ax.legend(fontsize=7.5, ncols=2, loc="upper right")
plt.show()

# %% [markdown]
# Chains that are restarted at random and run for one sweep fall short of equilibrium, so that the machine believes its dreams to be paler than they are and makes its weights ever stronger: the divergence falls and then *rises*, and no alarm goes off, since in practice nobody can compute it. Ten sweeps cure it here. **Persistent** chains, which go on where they stopped, come near with a tenth of the work, if with more noise: while the weights move slowly, the chains are never far
# from equilibrium. With too large a rate they are. All of them sit in one mode, the rule digs the other mode deeper until they rush over, and so forth, from side to side.
#
# ### The dream is stuck
#
# That is the slow mixing of the cold machine, met again inside learning. A machine that has learnt two clearly different things has a barrier between them:

# %%
for factor in (0.5, 1.0, 2.0, 4.0):
    P = chains.sweep_matrix(factor * W_two, factor * b_two)
    p = joint_distribution(factor * W_two, factor * b_two)
    x = run_chains(factor * W_two, factor * b_two, np.zeros((500, 6)), np.ones(50), rng=np.random.default_rng(0))
    print(f"weights x {factor}: mixing time {chains.mixing_time(P, p):,} sweeps; ", end="")
    print(f"of 500 chains started in all-off, {np.mean(x.sum(axis=1) > 3):.3f} are in the other mode after 50")
assert np.mean(x.sum(axis=1) > 3) < 0.01

# %% [markdown]
# Doubling all weights is halving the temperature. At the end half of the probability is at all-on, and not one chain knows. This, together with the *two* chains that every step of learning needs, is why the full Boltzmann machine stayed a beautiful idea. The [next section](restricted_boltzmann_machine.ipynb) takes away the connections that cause the trouble.
#
# ## Exercises
#
# 1. **Ratios.** A machine of 50 units has unknown $Z$. How much more probable is state $x$ with unit 7 on than with unit 7 off, if its input is 2 and $T = 0.5$?
#
# <details><summary>Answer</summary>
#
# $e^{2/0.5} = e^4 \approx 54.6$ times.
#
# </details>
#
# 2. **From −1 to 0.** Hopfield's units are ±1. Substitute $s = 2x - 1$ into $-\frac12 s^\top J s$ and find $W$ and $b$ of the Boltzmann machine with the same energy up to a constant.
#
# <details><summary>Answer</summary>
#
# $W = 4J$ and $b_i = -2 \sum_j J_{ij}$. The temperature stays the same.
#
# </details>
#
# 3. **All at once.** Update all units *simultaneously* from their full conditionals. Is the Boltzmann distribution still stationary? Build the matrix for `W6` and look.
#
# <details><summary>Hint</summary>
#
# The matrix is a product over units: `np.prod(np.where(S6[None] == 1, on[:, None], 1 - on[:, None]), axis=2)`. Two units that excite each other, both off, switch on together. The stationary distribution is another one (Little's model).
#
# </details>
#
# 4. **Metropolis or Gibbs?** A flip is accepted by Metropolis with probability $\min(1, e^{-\Delta E/T})$ and by Gibbs with $1/(1 + e^{\Delta E/T})$. Show that the first is never smaller, and yet a chain of Metropolis can have a rhythm that Gibbs never has. When?
#
# <details><summary>Hint</summary>
#
# $T = \infty$ and one unit: Metropolis flips it at every step, for ever. Compute `spectral_gap(metropolis_matrix([[0.0]], [0.0]))`.
#
# </details>
#
# 5. **Three colours.** Colour the nodes of the Petersen graph with three colours (`constraint_satisfaction.colouring`), count the solutions among many chains, and compare with 120, the number of proper 3-colourings.
#
# <details><summary>Hint</summary>
#
# Outer ring 0–4, inner star 5–9: edges $(i, i+1)$, $(5 + i, 5 + (i + 2) \bmod 5)$, $(i, 5 + i)$.
#
# </details>
#
# 6. **Noise in the encoder.** Learn the 4-2-4 encoder by the exact gradient from patterns with flipped bits (`sample_weight` takes the noisy distribution). Do more starts find four codes? Why might that be?
#
# <details><summary>Hint</summary>
#
# Take 24 starts of each kind, `n_epochs=250`, rate 1. More of them should succeed with noise. Flipped bits keep the weights small, and small weights keep the landscape smooth.
#
# </details>
#
# ## Summary
#
# - At equilibrium a state has probability $e^{-E/T}/Z$; ratios depend on energy differences only; $F = U - TS$.
# - Given all others, a unit is a logistic unit. Gibbs sampling uses nothing else and converges to the joint distribution, geometrically, with a rate that collapses like $e^{-\text{barrier}/T}$ in the cold.
# - Hot machines escape local minima and cold ones keep what they have: annealing does one after the other, and slower is better.
# - The gradient of the likelihood is the difference of two correlations, awake and dreaming. Equation 12.23 needs its minus.
# - Without hidden units learning is concave, reaches any representable target, and cannot represent XOR. With hidden units it can, and there are wrong summits.
# - The negative phase is the bottleneck: too short it drifts, too fast it swings, and between modes it is stuck.
#
# ## Sources
#
# - Ackley, Hinton and Sejnowski (1985), A learning algorithm for Boltzmann machines, Cognitive Science 9(1), [doi:10.1207/s15516709cog0901_7](https://doi.org/10.1207/s15516709cog0901_7).
# - Qiu (2019), 《神经网络与深度学习》, section 12.1, [nndl.github.io](https://nndl.github.io/); the sign of 12.23: [nndl issue 357](https://github.com/nndl/nndl/issues/357).
# - 周志华 (2016), 《机器学习》, section 5.5.6.
# - Metropolis, Rosenbluth, Rosenbluth, Teller and Teller (1953), [doi:10.1063/1.1699114](https://doi.org/10.1063/1.1699114); Kirkpatrick, Gelatt and Vecchi (1983), [doi:10.1126/science.220.4598.671](https://doi.org/10.1126/science.220.4598.671); Geman and Geman (1984), [doi:10.1109/TPAMI.1984.4767596](https://doi.org/10.1109/TPAMI.1984.4767596).
# - Montavon and Müller (2012), Deep Boltzmann machines and the centering trick, [doi:10.1007/978-3-642-35289-8_33](https://doi.org/10.1007/978-3-642-35289-8_33).
# - Schneidman, Berry, Segev and Bialek (2006), Weak pairwise correlations imply strongly correlated network states in a neural population, Nature 440, [doi:10.1038/nature04701](https://doi.org/10.1038/nature04701).
# - Tieleman (2008), Training restricted Boltzmann machines using approximations to the likelihood gradient, [doi:10.1145/1390156.1390290](https://doi.org/10.1145/1390156.1390290).
# - Lucas (2014), Ising formulations of many NP problems, [doi:10.3389/fphy.2014.00005](https://doi.org/10.3389/fphy.2014.00005).
# - Deming and Stephan (1940), On a least squares adjustment of a sampled frequency table, [doi:10.1214/aoms/1177731829](https://doi.org/10.1214/aoms/1177731829).
