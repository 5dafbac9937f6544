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
# # Hyper-parameter search (超参数优化)
#
# Gradient descent finds the weights. Who finds the learning rate, the width, the number of layers, the share of dropout? For these **hyper-parameters**
# (超参数) there is no gradient: some are whole numbers, some are names, and to learn what a choice is worth one has to train a network with it. One
# evaluation costs seconds on a toy and weeks on a large model. The question of this section is therefore one of economy: given a budget, which
# configurations should be tried, and for how long?
#
# We build six answers with one interface, from the grid that everybody starts with to Bayesian optimisation and Hyperband, and let them race on the same network
# with the same number of epochs. On the way we test two popular sentences ("random search beats grid search" and "sixty random trials are enough"), find that a
# famous algorithm and its famous table disagree, and watch a search choose a network by luck.
#
# **You need:** the section on [optimisers](optimizers.ipynb), for what the rates mean; from probability the normal distribution and
# expectations.
#
# **Time to run:** see the [Execution](../execution.md) page. The race itself takes several minutes and is loaded from a record that travels with the book; a small version
# runs live.
#
# Equation and algorithm numbers are those of Qiu (2019), section 7.6.

# %% tags=["install", "hide-cell"]
# Only where the package is missing, as on Colab.
import importlib.util

if importlib.util.find_spec("nndl_support") is None:
    print("This notebook needs the package nndl_support: run pip install '.[data]' in a copy of its repository.")

# %%
import itertools
import tempfile
from fractions import Fraction
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import torch
from scipy.stats import spearmanr
from sklearn.gaussian_process import GaussianProcessRegressor as Peer
from sklearn.gaussian_process.kernels import ConstantKernel, Matern

from nndl_support import plot, records
from nndl_support.data.digits import load_digits
from nndl_support.optimization import acquisition, architecture_search, brackets, parzen, search, tpe
from nndl_support.optimization.architecture_table import N_CHOICES, ArchitectureTable, describe
from nndl_support.optimization.bayesian_optimization import compress
from nndl_support.optimization.gaussian_posterior import GaussianPosterior
from nndl_support.optimization.gaussian_process import GaussianProcessRegressor
from nndl_support.optimization.search import (
    TPE,
    BayesianOptimization,
    GridSearch,
    Hyperband,
    RandomSearch,
    SuccessiveHalving,
)
from nndl_support.optimization.search_space import SearchSpace
from nndl_support.optimization.tuning_task import SPACE, TuningTask
from nndl_support.source import show_source

torch.set_num_threads(1)
plot.use_style()

# %% [markdown]
# ## A space and an objective
#
# A **search space** (搜索空间) is a dict. A pair of floats is a range of real numbers, a pair of ints a range of whole numbers, a list is a choice, and whatever
# spans powers of ten is a distribution: a learning rate between 0.001 and 1 should be as likely to fall between 0.001 and 0.01 as between 0.1 and 1, which is what
# `loguniform` says. (Drawn uniformly, nine tenths of the rates would be larger than 0.1.) The objective is a function of one configuration, the smaller the better.

# %%
digits = load_digits()
task = TuningTask((digits.X_train[:1000], digits.y_train[:1000]), (digits.X_train[1000:], digits.y_train[1000:]))
for name, meaning in SearchSpace(SPACE).describe().items():
    print(f"{name:14s} {meaning}")
result = RandomSearch().minimize(lambda config: task(config, 3), SPACE, budget=20, random_state=0)
print(
    f"best of {len(result.trials)}: {result.best_value:.3f} of the validation digits wrong, with {result.best_config}"
)

# %% [markdown]
# Seven hyper-parameters, of which two have their own section only after this one: *dropout* (丢弃法) silences a random share of the units in every step of the training, and *weight decay* (权重衰减) pulls
# every weight a little towards zero; both are brakes against overfitting. (`randint` leaves its upper end out, so a width is at most 128 and a depth at most 3.)
#
# That was random search: twenty draws, three epochs each. Every search below is called in the same way, and each of them is a *plan*, a generator that yields batches of
# proposals and is sent what became of them. The plan of random search has one line; a grid replaces the draws by a product.

# %%
show_source(RandomSearch, GridSearch._plan, docstring="first")

# %% [markdown]
# Keeping the plan apart from the loop that runs it pays three times. The loop may hand the proposals of a batch to as many workers as there are (`n_jobs`, through joblib: processes, threads,
# or a cluster) and the result does not depend on how many. A training that crashes becomes a trial with an error message, and the search goes on. And
# if every finished trial is written to a journal at once, a search that was killed can be replayed up to where it died: the plan is deterministic, so it proposes the same
# configurations again and finds their values in the file. Here the power fails after eight trainings.

# %%
journal, calls = Path(tempfile.mkdtemp()) / "search.jsonl", []


def interrupted(config):
    if len(calls) == 8:
        raise KeyboardInterrupt
    calls.append(config)
    return task(config, 1)


# %%
arguments = {"space": SPACE, "budget": 12, "random_state": 3}
try:
    RandomSearch().minimize(interrupted, resume=journal, **arguments)
except KeyboardInterrupt:
    print(f"stopped after {len(calls)} trainings")

# %%
continued = RandomSearch().minimize(lambda config: task(config, 1), resume=journal, **arguments)
undisturbed = RandomSearch().minimize(lambda config: task(config, 1), **arguments)
print(
    f"went on to {len(continued.trials)}; the same as without the interruption: {continued.trials == undisturbed.trials}"
)
assert continued.trials == undisturbed.trials

# %% [markdown]
# ## Grid or random?
#
# **Grid search** (网格搜索) takes $m$ values of each of $d$ hyper-parameters and tries all $m^d$ combinations. The price is in the exponent. Bergstra and Bengio (2012) pointed at a second, less obvious
# defect. Usually a few hyper-parameters matter and most hardly do: the problem has a low **effective dimension** (有效维度). If only one of $d$ matters, the grid
# has tried $m$ different values of it, each $m^{d-1}$ times over. **Random search** (随机搜索) with as many trials has tried $m^d$.

# %% mystnb={"image": {"alt": "Two squares with 25 trials each, a five by five grid and random points. Below each, the same trials projected onto the important axis: five distinct ticks under the grid, twenty-five under the random points, with the curve of the objective, whose narrow valley the ticks of the grid miss and those of the random search hit."}}
plane = {"important": (0.0, 1.0), "unimportant": (0.0, 1.0)}
fig, axes = plt.subplots(1, 2, figsize=(7, 3.4), sharey=True)
x = np.linspace(0, 1, 401)
for ax, method in zip(axes, (GridSearch(), RandomSearch())):
    found = method.minimize(lambda config: abs(config["important"] - 0.63), plane, budget=25, random_state=2)
    points = np.array([list(trial.config.values()) for trial in found.trials])
    ax.plot(*points.T, "o", ms=4, color=plot.PALETTE[0])
    ax.plot(points[:, 0], np.full(25, -0.1), "|", ms=12, color=plot.PALETTE[1])
    ax.plot(x, 1.15 + 0.25 * np.minimum(abs(x - 0.63) / 0.08, 1), color=plot.PALETTE[2])
    ax.set(title=type(method).__name__, xlabel="important (no unit)", yticks=[0, 0.5, 1])
    print(
        f"{type(method).__name__}: {len(set(points[:, 0]))} values of what matters, nearest {found.best_value:.3f} away"
    )
axes[0].set_ylabel("unimportant (no unit)")
plt.show()

# %% [markdown]
# The ticks under the squares are what the objective (the green curve above, a valley) gets to see. How much does it matter on average? Let $x^*$ be
# anywhere. The nearest of $m$ evenly spaced levels is on average $\frac{1}{4m}$ away, the nearest of $N$ random draws about $\frac{1}{2(N+1)}$. With $N = m^d = 81$ trials:

# %%
rng, optimum = np.random.default_rng(0), np.random.default_rng(1).random(2000)
draws = rng.random((2000, 81))
random_distance = abs(draws - optimum[:, None]).min(axis=1).mean()
grid_distance = {}
for d in (1, 2, 4):
    m = round(81 ** (1 / d))
    grid_distance[d] = abs((np.arange(m) + 0.5) / m - optimum[:, None]).min(axis=1).mean()
    print(f"d={d}: {m:2d} levels, nearest {grid_distance[d]:.4f} (1/4m = {1 / (4 * m):.4f})", end="; ")
    print(f"random {random_distance:.4f} (1/(2N+2) = {1 / 164:.4f})")
assert grid_distance[1] < random_distance < grid_distance[2] < grid_distance[4]

# %% [markdown]
# With four hyper-parameters of which one matters the random draws come more than ten times as close. But look at the first line: with a single
# hyper-parameter the *grid* is nearer, by a factor of two, since random draws leave gaps and clump. So what of the sentence that random
# search beats grid search? Let both of two hyper-parameters matter, and measure the distance in the plane.

# %%
levels = (np.arange(9) + 0.5) / 9
lattice = np.stack(np.meshgrid(levels, levels), axis=-1).reshape(-1, 2)
targets = np.random.default_rng(2).random((2000, 2))
to_grid = np.linalg.norm(targets[:, None] - lattice, axis=2).min(axis=1).mean()
to_random = np.mean([np.linalg.norm(rng.random((81, 2)) - target, axis=1).min() for target in targets])
print(f"both matter, 81 trials: nearest point of the grid {to_grid:.4f}, nearest random point {to_random:.4f}")
assert to_grid < to_random

# %% [markdown]
# The sentence is false as it stands. Random search wins *because, and as far as, the effective dimension is smaller than the number of hyper-parameters*. That this is so for
# neural networks is an observation, and a good one; it is not a theorem about random numbers.
#
# ## "Sixty random trials are enough"
#
# The argument is pretty. Call the best 5 % of the space good. One draw misses it with probability 0.95, $n$ independent draws all miss it with probability $0.95^n$, and

# %%
print(f"1 - 0.95 ** 59 = {1 - 0.95**59:.4f}, 1 - 0.95 ** 58 = {1 - 0.95**58:.4f}")
hits = [np.random.default_rng(seed).random(59).min() < 0.05 for seed in range(4000)]
print(f"measured over {len(hits)} searches: {np.mean(hits):.4f}")
assert abs(np.mean(hits) - (1 - 0.95**59)) < 0.015
for d in (1, 2, 7):
    print(f"{d} hyper-parameters: a cube with 5 % of the volume has a side of {0.05 ** (1 / d):.2f}")

# %% [markdown]
# So 59 draws do it with 95 % confidence, whatever the dimension. That sounds too good, and the last lines say why: 5 % *of the volume*
# is a weak promise. In seven dimensions a cube of that volume has sides of 65 % of the range. One may be anywhere in the better two thirds of each
# of the seven ranges, and count as good. The argument bounds a rank and says nothing about values. What is the promise worth on a real network? The record of the race below holds 96 random configurations
# for each of six tasks:

# %%
race = records.load("optimization/search_race")
trials = [np.array([row for row in rows if row[0] is not None]) for rows in race["draws"]]
for number, rows in enumerate(trials):
    fifth, best = np.quantile(rows[:, 0], 0.05), rows[:, 0].min()
    print(f"task {number}: entrance to the best 5 % at an error of {fifth:.3f}, best {best:.3f}")
entrance = np.mean([np.quantile(rows[:, 0], 0.05) / rows[:, 0].min() for rows in trials])
print(f"entrance over best: {entrance:.2f} on average")
assert entrance > 1.1

# %% [markdown]
# Sixty trials put one into the club, most likely; between the door of the club and its best member there is still a
# considerable part of the error, and these bests are only those of 96 draws: the race will undercut them. The sentence is true and answers another question than the one people ask.
#
# ## Learning from the trials: Bayesian optimisation
#
# Grid and random search never look at a result. **Sequential model-based optimisation** (时序模型优化, SMBO) fits a cheap model to what was seen and asks *it* where to look next (Qiu's
# algorithm 7.1). In **Bayesian optimisation** (贝叶斯优化) the model is a **Gaussian process** (高斯过程). It takes the values at any set of points as jointly normal, more correlated the nearer
# the points. How much more, a **covariance function** (协方差函数) $k(x, x')$ says. Ours is Matérn's with $\nu = 5/2$: it falls from the variance of the objective to zero over a distance called the **length-scale** (长度尺度), one for each coordinate.
# Nobody knows these numbers either. They are those under which the values that were observed are most probable, with the function itself integrated out (the **marginal likelihood**, 边际似然), times a broad prior.
#
# Conditioned on what was observed, with $k(x)$ the covariances with the observed points, $K$ those among them (plus the variance of the noise on the diagonal), and $m$ what the process expects where it knows nothing, the value at $x$ is normal with
#
# $$ \mu(x) = m + k(x)^\top K^{-1}(y - m), \qquad \sigma^2(x) = k(x, x) - k(x)^\top K^{-1} k(x) . $$
#
# In code $K$ is not inverted but factored, $K = L L^\top$. Then $\alpha = K^{-1}(y - m)$ needs two triangular systems, and `_solve` is $L^{-1} k(x)$, the square of which is the variance that the observations took away.

# %%
show_source(GaussianPosterior.mean, GaussianPosterior.std, docstring="none")

# %% [markdown]
# The next point maximises an **acquisition function** (收益函数). The usual one is the **expected improvement** (期望改善) on the best value $y^*$ so far,
#
# $$ \mathrm{EI}(x) = \int_{-\infty}^{\infty} \max(y^* - y, 0)\; p(y \mid x, \mathcal H)\, dy, \tag{7.58} $$
#
# where $\mathcal H$ is the history, all trials so far. For a normal $p$ it can be integrated. With $\varphi$ and $\Phi$ the density and the distribution function of the standard normal distribution, substitute $y = \mu + \sigma z$ and $u = (y^* - \mu)/\sigma$; the integrand vanishes for $z > u$, and with $\int_{-\infty}^u z \varphi(z)\, dz = -\varphi(u)$
#
# $$ \mathrm{EI} = \sigma \int_{-\infty}^{u} (u - z)\, \varphi(z)\, dz = \sigma \bigl( u\, \Phi(u) + \varphi(u) \bigr) . $$

# %%
show_source(acquisition.expected_improvement, docstring="none")

# %% [markdown]
# A formula that took two lines deserves a check that took none of them: draw from the normal distribution and average the improvement.

# %%
rng = np.random.default_rng(0)
for mean, std in [(0.3, 0.1), (0.5, 0.2), (0.6, 0.05)]:
    closed = acquisition.expected_improvement([mean], [std], 0.4)[0][0]
    sampled = np.maximum(0.4 - rng.normal(mean, std, 10**6), 0)
    error = sampled.std() / 1000
    print(f"mean {mean}, deviation {std}: closed form {closed:.6f}, Monte Carlo {sampled.mean():.6f} +- {error:.6f}")
    assert abs(closed - sampled.mean()) < 5 * error

# %% [markdown]
# The second candidate has a *worse* mean than the best value, 0.5 against 0.4, and a considerable expected improvement all the same, because it is uncertain. The third is nearly as
# good on average and promises next to nothing. This is the trade between exploitation (利用) and exploration (探索), and no parameter was needed to make it.
#
# Let us watch it choose a learning rate. The thin line is the truth, 41 networks of one hidden layer trained for two epochs each, which the search does not know. It begins
# with three points.

# %%
fixed = {"width": 32, "batch_size": 64, "momentum": 0.5}
exponents = np.linspace(-3, 1, 41)
truth = np.array([task(fixed | {"learning_rate": 10**e}, 2) for e in exponents])

# %%
tried, pictures = [2, 20, 38], []
for _ in range(4):
    process = GaussianProcessRegressor(noise_variance=1e-3, random_state=0)
    process.fit(exponents[tried, None] / 4 + 0.75, truth[tried])
    mean, std = process.predict(exponents[:, None] / 4 + 0.75, return_std=True)
    promise = acquisition.expected_improvement(mean, std, truth[tried].min())[0]
    promise[tried] = 0
    pictures.append((list(tried), mean, std, promise))
    tried.append(int(promise.argmax()))

# %% mystnb={"image": {"alt": "Four panels, one per step. In each the true validation error against the exponent of the learning rate is a thin valley-shaped line, with the evaluated points, the mean of the Gaussian process and a band of two standard deviations, and below it the expected improvement with a vertical line at its maximum. The band narrows around the points from step to step, and the maxima move into the valley."}}
fig, axes = plt.subplots(2, 4, figsize=(9, 4), sharex=True, sharey="row", height_ratios=[2.4, 1])
for step, (seen, mean, std, promise) in enumerate(pictures):
    top, low = axes[:, step]
    top.plot(exponents, truth, color="#555555", lw=0.8)
    top.plot(exponents, mean, color=plot.PALETTE[0])
    top.fill_between(exponents, mean - 2 * std, mean + 2 * std, color=plot.PALETTE[0], alpha=0.2)
    top.plot(exponents[seen], truth[seen], "o", color=plot.PALETTE[1], ms=5)
    top.set(title=f"{len(seen)} trainings", ylim=(-0.3, 1.3))
    low.plot(exponents, promise / promise.max(), color=plot.PALETTE[2])
    for ax in (top, low):
        ax.axvline(exponents[promise.argmax()], color=plot.PALETTE[2], lw=0.8, ls="--")
axes[0, 0].set_ylabel("validation error (share)")
axes[1, 0].set_ylabel("EI / max")
fig.supxlabel(r"$\log_{10}$ of the learning rate", fontsize=10)
plt.show()

# %%
best = truth[tried].min()
print(
    f"tried 10^{', 10^'.join(f'{exponents[i]:.1f}' for i in tried)}; best {best:.3f}, best of all 41 {truth.min():.3f}"
)
seen, mean, std, _ = pictures[-1]
surprise = np.where(np.isin(np.arange(41), seen), 0, abs(truth - mean) / std)
print(f"after 6 trainings the truth is {surprise.max():.0f} deviations off at 10^{exponents[surprise.argmax()]:.1f}")
assert best < 2.5 * truth.min()

# %% [markdown]
# Seven trainings, of which four were chosen by the model, and the search stands in the valley. Note what the band does near the points that were tried: it closes, and EI dies there
# by itself. Note also where it is wrong. At rates above one the training collapses, and the error climbs to nine tenths as up a cliff; the process has one length for the whole axis, takes the cliff for a slope, and is sure
# of it. Here no harm is done, because nobody wants to go there. We shall meet a case where it is fatal.
#
# The second model-based search turns the question around. The **tree-structured Parzen estimator** (TPE, 树状 Parzen 估计) does not model the value of a configuration but where the good
# ones are: the density $l(x)$ of the best share $\gamma$ of the trials and the density $g(x)$ of the rest. Let $y^*$ be the value that separates the two. Then all configurations together have the density $p(x) = \gamma\, l(x) + (1 - \gamma)\, g(x)$, and Bayes' rule $p(y \mid x) = p(x \mid y)\, p(y) / p(x)$ turns
# the expected improvement on $y^*$ into
#
# $$ \mathrm{EI}(x) = \frac{l(x)}{p(x)} \int_{-\infty}^{y^*} (y^* - y)\, p(y)\, dy \;\propto\; \left( \gamma + \frac{g(x)}{l(x)}\,(1 - \gamma) \right)^{-1}, $$
#
# because $p(x \mid y)$ is $l(x)$ for every $y$ below $y^*$, and the integral is the same for every $x$. So TPE draws candidates from $l$ and keeps the one with the largest $l/g$. No matrix has to be factored; choices, whole numbers and real numbers need no common metric.

# %%
show_source(tpe.relative_improvement, docstring="none")

# %% [markdown]
# Both densities are **Parzen estimators** (Parzen 窗估计): a normal curve on each point, as wide as the distance to its neighbours, and one very wide one that stands for the ignorance from before. On the learning rates of the last figure, with twenty of
# them tried at random and the best quarter called good:

# %%
seen = np.random.default_rng(0).choice(41, size=20, replace=False)
good, bad = (seen[part] for part in tpe.split(truth[seen], 0.25))
u, unit = np.linspace(0, 1, 401)[:, None], exponents[:, None] / 4 + 0.75
densities = {name: parzen.ParzenDensity(unit[part], [None], [False]) for name, part in (("l", good), ("g", bad))}
l_of_u, g_of_u = (np.exp(density.log_density(u)) for density in densities.values())
promise = tpe.relative_improvement(l_of_u, g_of_u, 0.25)

# %%
draws = densities["l"].sample(24, np.random.default_rng(1))
ratio = densities["l"].log_density(draws) - densities["g"].log_density(draws)
proposal = 4 * draws[ratio.argmax(), 0] - 3
print(
    f"best tried 10^{exponents[good[0]]:.1f}, proposed 10^{proposal:.2f}, best of all 10^{exponents[truth.argmin()]:.1f}"
)
assert abs(proposal - exponents[truth.argmin()]) < 0.5

# %% mystnb={"image": {"alt": "Two panels over the exponent of the learning rate. Above, the true validation error as a thin line with five filled good points in its valley and fifteen hollow bad ones elsewhere. Below, the density of the good points, a hump over the valley, that of the bad ones, low there and high on the left, and their relative improvement, which rises over the valley; ticks show the candidates drawn from the good density and a dashed line the one that is proposed."}}
fig, (top, low) = plt.subplots(2, 1, figsize=(7, 4.4), sharex=True)
top.plot(exponents, truth, color="#555555", lw=0.8, label="truth")
top.plot(exponents[good], truth[good], "o", color=plot.PALETTE[1], label="good")
top.plot(exponents[bad], truth[bad], "o", color=plot.PALETTE[0], mfc="none", label="bad")
top.set(ylabel="validation error (share)")
low.plot(4 * u - 3, l_of_u, color=plot.PALETTE[1], label="$l$, density of the good")
low.plot(4 * u - 3, g_of_u, "--", color=plot.PALETTE[0], label="$g$, density of the bad")
low.plot(4 * u - 3, promise, color=plot.PALETTE[2], label="relative improvement")
low.plot(4 * draws - 3, np.full(24, -0.3), "|", color=plot.PALETTE[1], ms=8)
low.axvline(proposal, color=plot.PALETTE[2], lw=0.8, ls="--")
low.set(xlabel=r"$\log_{10}$ of the learning rate", ylabel="density, improvement")
low.set_ylim(-0.6, 4.6)
top.legend(fontsize=8, loc="lower left")
low.legend(fontsize=8, loc="upper left")
plt.show()

# %% [markdown]
# TPE has never been told by *how much* a good point is good. It learns that the good ones lie together and the bad ones elsewhere, and draws its candidates (the ticks) where
# the former are. The proposal lies in the gap between the good points at $-0.4$ and $0$, in which the minimum is. That $l$ is wider than the valley is intended: no curve may be narrower than $1/(N+2)$ of the range, a seventh for $N = 5$ points, since five points are no reason to be sure.
#
# ## Where the minimum is known
#
# How good are these searches at what they are made for? On functions with a known minimum one can measure the **regret** (遗憾), the best value found minus the smallest there is. Branin's function has two coordinates and three equally deep valleys, Hartmann's has
# six coordinates and four bumps. Optuna is a widely used library with a Gaussian process and a TPE of its own. The record `bayesian_vs_optuna` has ten seeds of each, with 50 and 80 evaluations.

# %%
bayesian = records.load("optimization/bayesian_vs_optuna")
contestants = ["random", "TPE", "optuna TPE", "GP, probability of improvement", "optuna GP", "GP, expected improvement"]
regret = {
    f: {name: np.median(runs[name]["final_regrets"]) for name in contestants} for f, runs in bayesian["figures"].items()
}
for name in contestants:
    print(f"{name:31s} median regret: " + ", ".join(f"{f} {regret[f][name]:.1e}" for f in regret))
print("time on Branin, ours / Optuna's Gaussian process:", np.round(bayesian["time_ratios"], 2))
assert all(r["GP, expected improvement"] < 1e-3 < 0.05 < r["TPE"] < r["random"] for r in regret.values())

# %% mystnb={"image": {"alt": "Two panels, Branin and Hartmann-6: regret on a logarithmic axis against the number of evaluations, median and quartiles of ten seeds. Random search stays near one, the two Parzen estimators end near 0.1, and the three Gaussian processes fall to 1e-4 and below, ours with expected improvement lowest."}}
fig, axes = plt.subplots(1, 2, figsize=(9, 4.2), sharey=True, layout="constrained")
for ax, (function, runs) in zip(axes, bayesian["figures"].items()):
    for name, colour in zip(contestants, plot.PALETTE):
        low, median, high = np.maximum(runs[name]["quartiles"], 1e-9)
        n_evaluations = np.arange(1, len(median) + 1)
        ax.semilogy(n_evaluations, median, color=colour, ls="--" if "optuna" in name else "-", label=name)
        ax.fill_between(n_evaluations, low, high, color=colour, alpha=0.12)
    ax.set(xlabel="evaluations", title={"branin": "Branin", "hartmann6": "Hartmann-6"}[function])
axes[0].set(ylabel="regret (units of the function)")
fig.legend(*axes[0].get_legend_handles_labels(), loc="outside lower center", ncols=3, fontsize=8)
plt.show()

# %% [markdown]
# Read the axis first: it is logarithmic, and from top to bottom it spans eight powers of ten. For the first ten evaluations all searches look alike, since they begin with a design or with random draws. Then they part into three families. Random search stays near one. Both TPE come down to about a tenth and flatten: they know
# *where* the good points are, but not how the function falls between them, and a density of a few points has no slope to follow. The Gaussian processes use the values themselves and go on to four digits and more, ours with expected improvement furthest, and in a quarter of the time of Optuna's. The *probability* of improvement, the same model with
# another acquisition function, is slower: it asks whether a point is better, not by how much, and so takes many small sure steps (exercise 1).
#
# Do not carry these powers of ten over to networks. Branin and Hartmann are smooth, free of noise, and of the length for which the process was made; the validation error of a network jumps in steps of one example and by more than that between two seeds. There, as the race below will show, the third digit means nothing, and TPE is as good.
#
# ## Sure of a wrong thing
#
# "Bayesian optimisation beats random search", one reads, and the last figure seems to prove it. So let us hide a deep narrow valley beside a shallow wide one, in a single hyper-parameter, and give every search twenty evaluations.


# %%
def hidden(config):
    wide, narrow = 2 * (config["x"] - 0.25) ** 2, 0.9 * np.exp(-(((config["x"] - 0.8) / 0.05) ** 2))
    return wide - narrow


# %%
sure = {"GP": BayesianOptimization(), "GP, 12 first": BayesianOptimization(n_initial=12), "random": RandomSearch()}
hunts = {
    name: [method.minimize(hidden, {"x": (0.0, 1.0)}, budget=20, random_state=seed) for seed in range(60)]
    for name, method in sure.items()
}
missed = {name: np.array([found.best_value > -0.1 for found in hunt]) for name, hunt in hunts.items()}
for name, which in missed.items():
    print(f"{name:13s} missed the deep valley in {which.sum()} of {len(which)} searches")
assert missed["GP"].sum() > missed["GP, 12 first"].sum()
assert missed["GP"].mean() > 0.15

# %% [markdown]
# The famous model has no advantage over dice: twenty random draws miss the valley about as often. To see why, we look at what the model believed after twelve evaluations, when it had begun to choose for itself, in every search that was to miss.

# %%
line, beliefs = np.linspace(0, 1, 401)[:, None], []
for found in np.array(hunts["GP"])[missed["GP"]]:
    x_tried = np.array([[trial.config["x"]] for trial in found.trials])
    values, _ = compress([trial.value for trial in found.trials[:12]])
    model = GaussianProcessRegressor(random_state=0).fit(x_tried[:12], values)
    mean, std = model.predict(line, return_std=True)
    log_ei = acquisition.log_expected_improvement(mean, np.maximum(std, 1e-12), values.min())[0] / np.log(10)
    beliefs.append((log_ei[320], model.length_scale_[0], x_tried, values, mean, std))

# %%
beliefs.sort(key=lambda belief: belief[0])
promise, length, x_tried, values, mean, std = beliefs[len(beliefs) // 2]
near = np.median([(abs(belief[2] - 0.25) < 0.05).sum() for belief in beliefs])
print(f"the median case: length-scale {length:.2f}, EI in the hidden valley 10^{promise:.0f}")
print(f"in the end {near:.0f} of 20 evaluations lie within 0.05 of the bottom of the wide valley")
assert promise < -20

# %% mystnb={"image": {"alt": "Two panels. Above, the objective, a wide shallow valley at 0.25 and a narrow one at 0.8 that is deeper, with the first twelve evaluations, none of which lies near the bottom of the narrow valley. Below, the mean of the model with a narrow band of two standard deviations; over the narrow valley both run high and almost level, without a dip."}}
fig, (top, low) = plt.subplots(2, 1, figsize=(7, 4.4), sharex=True)
top.plot(line, [hidden({"x": x}) for x in line[:, 0]], color="#555555", lw=0.8, label="objective")
top.plot(x_tried[:12], [hidden({"x": x}) for x in x_tried[:12, 0]], "o", ms=4, color=plot.PALETTE[1], label="evaluated")
top.set(ylabel="value (no unit)")
low.plot(line, mean, color=plot.PALETTE[0], label="mean of the model")
low.fill_between(line[:, 0], mean - 2 * std, mean + 2 * std, color=plot.PALETTE[0], alpha=0.3)
low.plot(x_tried[:12], values, "o", ms=4, color=plot.PALETTE[1])
low.set(xlabel="x (no unit)", ylabel="value as the model sees it")
for ax in (top, low):
    ax.axvline(0.8, color=plot.PALETTE[2], lw=0.8, ls="--", label="bottom of the deep valley")
    ax.legend(fontsize=8, loc="upper left")
plt.show()

# %% [markdown]
# Nothing among the first points contradicts a smooth function, so the most probable length-scale is long; a long length-scale narrows the band, also where nobody has looked; and where the band is narrow and high, EI is zero to almost a hundred digits. (The model sees values above the median on a logarithmic scale, so that one
# terrible trial does not flatten the rest; hence the other axis below.) The search then spends more than half of its budget on polishing the wrong minimum. The model is not uncertain and mistaken. It is *certain* and mistaken, and an acquisition function can only explore what the model admits not to know.
#
# More points at the beginning help, as the second line of the output says, and so does a share of random draws that no model can talk one out of (exercise 4). Bayesian optimisation beats random search where its assumption holds, that the objective varies on a scale which a few points reveal.

# %% [markdown]
# ## Stopping early: successive halving
#
# All of this treats a training as a black box that costs the same whatever happens inside. But anybody who watches a loss stand at 2.3 for three epochs presses the button. **Successive halving** (逐次减半)
# presses it systematically: start $N$ configurations with little of a resource (epochs, examples), keep the better half, double the resource, and so on. In Qiu's algorithm 7.2
# the total $B$ is shared by $T = \lceil \log_2 N \rceil - 1$ rungs, and $|S_t|$ configurations get each
#
# $$ r_t = \left\lfloor \frac{B}{|S_t| \times T} \right\rfloor . $$

# %%
show_source(SuccessiveHalving._plan, search._climb, docstring="none")

# %%
print("algorithm 7.2, N=16, B=64:      ", brackets.halving_rungs(16, 64))
print("Jamieson and Talwalkar, one more:", brackets.halving_rungs(16, 64, n_rungs=4))
assert brackets.halving_rungs(16, 64) == [(16, 1), (8, 2), (4, 5)]
overspent = [(n, 64 // (n * 3)) for n in (16, 8, 4, 2)]
print(f"with t = T as well: {overspent} costs {brackets.bracket_cost(overspent)}")

# %% [markdown]
# Two conventions hide in these lines. After Qiu's last rung two configurations are left, not one, and the winner is simply the better one there; the original
# paper has one more rung, in which the last two meet with more of the resource. And $T$ counts the rungs $t = 0, \dots, T-1$: let $t$ run up to
# $T$, and more than the budget is spent, as the last line shows.
#
# How many to begin with? Many configurations get a short look, few a long one, and which is right depends on how early one can tell. **Hyperband** (Li et al. 2018) refuses to choose. With $R$ the most
# that one configuration may get and $s_\max = \lfloor \log_\eta R \rfloor$ it runs successive halving $s_\max + 1$ times, in *brackets* from the most hasty to plain random search, which begin with
#
# $$ n = \left\lceil \frac{s_\max + 1}{s + 1}\, \eta^s \right\rceil, \qquad r = R\, \eta^{-s} . $$
#
# The paper also prints the brackets for $R = 81$, $\eta = 3$ as a table. Let us compute it.

# %%
show_source(brackets.hyperband_brackets, docstring="none")

# %%
for s, algorithm, table in zip(
    range(4, -1, -1), brackets.hyperband_brackets(81), brackets.hyperband_brackets(81, sizes="table")
):
    print(f"s={s}: algorithm {algorithm!s:48s} table {table}")
exact = {s: Fraction(5, s + 1) * 3**s for s in range(4, -1, -1)}
print("before rounding up:", {s: str(n) for s, n in exact.items()})
assert [bracket[0][0] for bracket in brackets.hyperband_brackets(81)] == [81, 34, 15, 8, 5]

# %% [markdown]
# They disagree. For $s = 3$ the formula gives $5/4 \cdot 27 = 33.75$, rounded up 34; the printed table has 27. For $s = 2$ it gives exactly 15, and the table has 9. The table is what comes out
# when the *fraction* is rounded, and down: $\lfloor \frac{s_\max+1}{s+1} \rfloor\, \eta^s$. Libraries follow one or the other, and users who compared
# have asked their authors which is right (see the sources). Ours follows the algorithm, which spends nearly the same in every bracket, and has the table as `sizes="table"`. (A third trap: `math.log(243, 3)` is a little less than 5 in floating point, and an
# implementation that rounds it down loses a bracket. Ours counts with integers.)
#
# ## Whom halving kills
#
# Successive halving assumes that who is ahead early is ahead late. Is it so? The record `learning_curves` has 81 random configurations of the MNIST network of the race, each trained for
# 27 epochs. We can replay any decision on it.

# %%
curves = records.load("optimization/learning_curves")["curves"]
finished = [curve for curve in curves if curve["validation_error"] is not None]
error = np.array([curve["validation_error"] for curve in finished])
print(f"{len(curves) - len(finished)} of {len(curves)} diverged")
for epoch in (1, 3, 9):
    agreement = spearmanr(error[:, epoch - 1], error[:, -1])[0]
    print(f"ranks after {epoch} epoch(s) and after 27: correlation {agreement:.2f}")

# %%
winner = int(error[:, -1].argmin())
places = [int((error[:, epoch - 1] < error[winner, epoch - 1]).sum()) + 1 for epoch in (1, 3, 9, 27)]
print(f"the final winner was in place {places} after 1, 3, 9 and 27 epochs")
assert places[0] > 8

# %% mystnb={"image": {"alt": "Validation error against epoch on logarithmic axes for 79 configurations in thin grey. Two are drawn bold. The leader after one epoch starts lowest and is overtaken; the final winner starts eleventh, at twice the error of the leader, and crosses it late."}}
leader = int(error[:, 0].argmin())
fig, ax = plt.subplots(figsize=(7, 3.4))
epochs = np.arange(1, 28)
ax.plot(epochs, error.T, color="#999999", lw=0.4)
ax.plot(epochs, error[leader], color=plot.PALETTE[1], label="leader after one epoch")
ax.plot(epochs, error[winner], "--", color=plot.PALETTE[0], label="winner after 27 epochs")
ax.set(xscale="log", yscale="log", xlabel="epoch", ylabel="validation error (share)")
ax.set_xticks([1, 3, 9, 27], ["1", "3", "9", "27"])
ax.set_yticks([0.07, 0.1, 0.2, 0.5, 0.9], ["0.07", "0.1", "0.2", "0.5", "0.9"])
ax.minorticks_off()
ax.legend(loc="lower left")
plt.show()

# %%
for label, i in (("leader", leader), ("winner", winner)):
    config = finished[i]["config"]
    shown = ", ".join(f"{name} {value:.3g}" for name, value in config.items())
    print(f"{label}: {shown}; error after 1 epoch {error[i, 0]:.3f}, after 27 {error[i, -1]:.3f}")
for keep in (26, 13, 9):
    survivors = np.argsort(error[:, 0], kind="stable")[:keep]
    print(f"keep {keep} after one epoch: winner survives {winner in survivors}", end="; ")
    print(f"best survivor ends at {error[survivors, -1].min():.3f}, best of all {error[:, -1].min():.3f}")
assert error[np.argsort(error[:, 0], kind="stable")[:9], -1].min() > error[:, -1].min()

# %% [markdown]
# Keep a third after one epoch, as $\eta = 3$ does, and the winner survives. Keep one in nine and it dies: it stands in eleventh place, at twice the error of the leader. That is the late bloomer (大器晚成)
# of this space, and its configuration says why. It has two hidden layers to the leader's one and drops more of the units, both of which make the first epoch slow and the last ones good. A rung decided after one epoch
# is biased, systematically, against what costs speed first: small learning rates, strong regularisation, depth.
#
# The damage is small here, a tenth of a percentage point, and that is instructive too. The ranks after one epoch are a moderate guide to the ranks after 27, but halving does not need the ranks. It needs *somebody*
# nearly as good as the winner among those it keeps, and there are several. Hyperband's last bracket, which stops nobody, is the insurance against spaces where there are not.
#
# ## The race
#
# Now all together, on MNIST-5k with seven hyper-parameters, those of the first cell. A training has at most nine epochs; every search may spend 432 epochs, that is 48 full trainings, and recommends one
# configuration. Six tasks differ in which 2000 images are trained on, which 1000 validate, and in the initial weights. One search gets more: random search with twice the budget, 864 epochs, the
# yardstick that Li et al. hold against their own method. An idea has to be worth more than a second computer.

# %%
names = list(race["runs"])
validation = {name: np.array([run["validation_error"] for run in race["runs"][name]]) for name in names}
test = {name: np.array([run["test_error"] for run in race["runs"][name]]) for name in names}
for name in names:
    run = race["runs"][name][0]
    print(f"{name:26s}{run['n_configurations']:4d} configurations, {run['epochs']} epochs: ", end="")
    print(f"validation {validation[name].mean():.4f}, test {test[name].mean():.4f} +- {test[name].std(ddof=1):.4f}")

# %% mystnb={"image": {"alt": "Left: best validation error so far, mean over six tasks, against epochs spent; the grid and successive halving start high and fall in steps, Hyperband and the two model-based searches are low from the beginning, and the model-based ones pass below all others in the second half. Right: test error of the recommended network, six dots for each search and a bar for the mean; the dots of all searches overlap widely."}}
fig, (left, right) = plt.subplots(1, 2, figsize=(9, 3.8))
grid_of_epochs = np.arange(54, 433, 9)
for i, name in enumerate(n for n in names if "twice" not in n):
    steps = []
    for run in race["runs"][name]:
        spent, value = np.array(run["falls"]).T
        steps.append(value[np.searchsorted(spent, grid_of_epochs, side="right") - 1])
    left.plot(grid_of_epochs, np.mean(steps, axis=0), color=plot.PALETTE[i], label=name)
left.set(xlabel="epochs spent", ylabel="best validation error so far")
left.legend(fontsize=8)
for i, name in enumerate(names):
    right.plot(test[name], np.full(6, i), "o", color=plot.PALETTE[0], ms=4, alpha=0.6)
    right.plot(test[name].mean(), i, "|", color=plot.PALETTE[1], ms=16, mew=2)
right.set_yticks(range(len(names)), names)
right.invert_yaxis()
right.set_xlabel("test error of the recommended network")
plt.show()

# %%
for name in names[2:]:
    by_validation, by_test = validation["random"] - validation[name], test["random"] - test[name]
    standard = by_test.std(ddof=1) / 6**0.5
    print(f"{name:26s}better than random by {by_validation.mean():+.4f} (validation)", end="; ")
    print(f"{by_test.mean():+.4f} +- {standard:.4f} (test), on {np.sum(by_validation > 0)} of 6 tasks by validation")

# %%
grid_sizes = GridSearch().sizes(SearchSpace(SPACE), 48)
print("levels of the grid:", dict(zip(SPACE, grid_sizes)))
modelled = [run["config"]["dropout"] for name in ("Gaussian process", "TPE") for run in race["runs"][name]]
print(f"median dropout that the models recommend: {np.median(modelled):.2f}")
print(f"standard error of an error of 8 % on 1000 images: {(0.08 * 0.92 / 1000) ** 0.5:.4f}")
same = [run["config"] == other["config"] for run, other in zip(race["runs"][names[2]], race["runs"]["Hyperband"])]
print(f"Hyperband ends with the same network as random search with twice the budget on {sum(same)} of 6 tasks")
assert validation["TPE"].mean() < validation["random, twice the budget"].mean()
assert validation["Gaussian process"].mean() < validation["random, twice the budget"].mean()
assert all(abs(validation[name].mean() - validation["random, twice the budget"].mean()) < 0.002 for name in names[-2:])

# %% [markdown]
# **The grid** had 48 points for seven axes: three learning rates, two widths, two momenta, the four batch sizes, and a single value, the middle of the range, of depth, dropout and
# weight decay. Nothing it did could find out that a dropout of 0.3 is more than a training of nine epochs can use; the model-based searches settled on much less. By validation error it ties with random search all the same, since middles of
# sensible ranges are sensible; by test error it is last.
#
# **Successive halving and Hyperband** do what their authors claim: with 432 epochs they reach what random search reaches with 864. (From the same seed all of them draw the same configurations in the same order, which makes
# the comparison a fair one. That Hyperband often ends with the very network that random search pays double for is no accident: it is the best of the draws, found at half the price.) On the left one sees how: halving looks hopeless for
# two thirds of its budget, while everything it has was trained for one or three epochs. What counts is where it ends.
#
# **The two model-based searches** are the only ones to leave the luck of the draws behind. Both beat random search with twice their budget on the objective they were given, and random search with the same budget on each of the six tasks. TPE, hopeless on Branin beside the Gaussian process, is level with it here.
#
# Now the right picture, and the test column. There the advantage shrinks to less than half a percentage point, with standard errors as large as itself. And random search with twice the budget, which by validation cannot be worse than with
# one, is no better by test (a shade worse, within the error): it searched longer and found a better number, not a better network. On 1000 test images an error near 8 % is uncertain by almost a percentage point. Six tasks cannot rank these searches by test error,
# and a table that does so from one seed ranks noise. Random search is a strong baseline not because it is clever, but because near the optimum there is little left to win.
#
# A small race that you can alter, on the 8 by 8 digits: 81 epochs for each, trainings of three.

# %%
small = {
    "random": (RandomSearch(), 27),
    "Gaussian process": (BayesianOptimization(), 27),
    "TPE": (TPE(), 27),
    "successive halving": (SuccessiveHalving(27, n_rungs=2), 81),
    "Hyperband": (Hyperband(3), 81),
}
for name, (method, budget) in small.items():
    best = []
    for seed in (0, 1, 2):
        found = method.minimize(lambda config, r=3: task(config, r), SPACE, budget=budget, random_state=seed)
        best.append(found.best_value)
    print(f"{name:20s} best validation error {np.round(best, 3)}")
    assert max(best) < 0.3

# %% [markdown]
# ## What goes wrong: the search learns the validation set
#
# The value that a search reports is a minimum over many noisy numbers, and a minimum prefers numbers that are too small. Nobody trains on the validation set, and yet a
# choice among a hundred networks is fitted to it. First the mechanism with everything else removed: networks that are *all* wrong in 10 % of the cases, measured on 100 images, of which a search reports the best.

# %%
simulated = np.random.default_rng(1)
for n in (1, 10, 100):
    reported = simulated.binomial(100, 0.1, (4000, n)).min(axis=1).mean() / 100
    print(f"best of {n:3d} equally good networks reports an error of {reported:.3f}")
assert reported < 0.05

# %% [markdown]
# The search has found nothing, and says so with a good number. In reality the networks differ, so that a choice is worth something. How much of the reported gain is then luck? The record has, for every random
# trial, the error on all 1000 validation images, on the first 100 of them, and on the test set. Let a search select by the small set or by the large one, and look at the difference between the error it reports and the test
# error of what it selected. The order of the trials is shuffled 200 times, to average over luck; of the 96 we use at most 94, because in one task a training diverged.

# %%
rng, sizes = np.random.default_rng(0), np.array([1, 2, 4, 8, 16, 32, 64, 94])

# %%
reported = {100: np.zeros(8), 1000: np.zeros(8)}
delivered = {100: np.zeros(8), 1000: np.zeros(8)}
for rows in trials:
    for _ in range(200):
        shuffled = rows[rng.permutation(len(rows))]
        for images, column in ((100, 2), (1000, 0)):
            chosen = [shuffled[shuffled[:n, column].argmin()] for n in sizes]
            reported[images] += [row[column] / 1200 for row in chosen]
            delivered[images] += [row[1] / 1200 for row in chosen]
optimism = {images: delivered[images] - reported[images] for images in (100, 1000)}

# %% mystnb={"image": {"alt": "Two panels against the number of trials, logarithmic. Left: test error of the selected network; both curves fall from above 0.35, that of selection by 100 images flattens earlier and ends about one percentage point above that of 1000 images. Right: test error minus reported error, relative to a single trial; the curve of 100 images rises to about two percentage points, that of 1000 images to less than half of one."}}
fig, (left, right) = plt.subplots(1, 2, figsize=(8.5, 3.2))
for images, colour, style in ((100, plot.PALETTE[1], "o-"), (1000, plot.PALETTE[0], "s--")):
    left.plot(sizes, delivered[images], style, ms=4, color=colour, label=f"chosen by {images} images")
    right.plot(sizes, 100 * (optimism[images] - optimism[images][0]), style, ms=4, color=colour)
left.set(xscale="log", yscale="log", xlabel="trials", ylabel="test error of the choice")
left.set_yticks([0.08, 0.1, 0.2, 0.4], ["0.08", "0.1", "0.2", "0.4"])
right.set(xscale="log", xlabel="trials", ylabel="optimism (percentage points)")
for ax in (left, right):
    ax.minorticks_off()
    ax.set_xticks(sizes[:-1], [str(n) for n in sizes[:-1]])
left.legend(fontsize=8)
plt.show()

# %%
for images in (100, 1000):
    gained = optimism[images][-1] - optimism[images][0]
    print(
        f"{images} images: one trial is off by {-optimism[images][0]:+.4f}, {sizes[-1]} trials by {-optimism[images][-1]:+.4f}; ",
        end="",
    )
    print(f"optimism {gained:.4f}; the choice errs on {delivered[images][-1]:.4f} of the test set")
assert optimism[100][-1] - optimism[100][0] > 3 * (optimism[1000][-1] - optimism[1000][0]) > 0
assert delivered[100][-1] > delivered[1000][-1]

# %% [markdown]
# We had expected the plain difference to turn negative for the small set, and it does not: the number that the search reports from 100 images is right to within a fifth of a percentage point. By luck. The first hundred images of some of our six validation sets are harder than the
# average, so that a *single* trial reports almost two points too much, and the search then eats these two points up, trial by trial. Only the change along the curve shows what the search did. Two errors that cancel are two errors.
#
# With 1000 images the optimism is small, though not zero. And choosing by 100 images ends with the worse network, from the same trainings. Hence the rules: select by one set and report another, which the search has never seen; look at that one
# once; and spend as much thought on the size of the validation set as on the search.
#
# ## A small architecture search
#
# The number and kind of layers are hyper-parameters as well, and **neural architecture search** (神经架构搜索) is their optimisation under a name of its own. A well-known form trains a controller by
# reinforcement. It makes decision $s$ (which layer comes first?) by a softmax of numbers $\theta_s$; the validation accuracy of the architecture $a$ that results is its reward $R(a)$; and after a batch of $B$ of them **REINFORCE** makes rewarded decisions more probable,
#
# $$ \theta \leftarrow \theta + \eta\, \frac1B \sum_{b=1}^{B} \frac{R(a_b) - \bar R}{\hat\sigma}\, \nabla_\theta \log \pi_\theta(a_b), $$
#
# where $\pi_\theta(a)$ is the probability of $a$, and $\bar R$ and $\hat\sigma$ are running averages of the rewards and of their deviation. No derivative of the reward is needed, only of the logarithm of the policy, and that is the old acquaintance from the cross-entropy: one-hot minus softmax.
#
# *Regularised evolution* needs no policy: of a few members of a population the best one has a child, which differs in one decision, and the oldest member dies. To compare them without training for days one uses a *table*: here all 517 networks of up to three layers (empty, or 8 or 64 units with one
# of three activations) with or without a skip connection, each trained three times beforehand on 2000 MNIST images.

# %%
table = ArchitectureTable(records.load("optimization/architecture_table"))
goal = table.threshold(0.01)
tuples = list(itertools.product(*map(range, N_CHOICES)))
winners = [describe(a) for a in tuples if table.reward(a) >= goal]
print(
    f"{len(tuples)} tuples of decisions; the best 1 % are {len(winners)}:",
    {name: winners.count(name) for name in set(winners)},
)
searches = {
    "random search": architecture_search.random_search,
    "regularised evolution": architecture_search.regularized_evolution,
    "REINFORCE": architecture_search.reinforce,
}

# %%
medians = {}
for share in (0.01, 0.05):
    goal = table.threshold(share)
    for name, method in searches.items():
        runs = [method(table.reward, N_CHOICES, 300, np.random.default_rng(seed)) for seed in range(50)]
        counts = [table.evaluations_to_reach(run.architectures, goal) or np.inf for run in runs]
        low, median, high = np.quantile(counts, [0.25, 0.5, 0.75], method="nearest")
        medians[name, share] = median
        print(f"best {share:.0%}: {name:22s} after {median:.0f} trainings (quartiles {low:.0f}, {high:.0f})")
assert medians["regularised evolution", 0.01] < medians["random search", 0.01]

# %% [markdown]
# The best hundredth of the 686 tuples are six, and these are only two networks, each written in three ways, because the empty slot may stand anywhere. (Random search draws tuples, hence shallow networks more often than deep ones.) To hit one of them evolution needs about half the trainings of random draws; it inherits what worked. The controller
# has to earn its information by sampling and lies between. With the best twentieth as the goal, nothing is left of the order: all three get there after about fifteen trainings.
#
# So does architecture search beat random search? It depends on whether one wants *the* winner or a good network. Let us ask for what one gets: the test accuracy of the chosen network, where a search sees only one noisy training of each proposal, as it would in reality.

# %%
at, chosen = [5, 10, 20, 50, 100, 300], {}
for name, method in searches.items():
    chosen[name] = np.zeros(6)
    for seed in range(100):
        rng = np.random.default_rng(seed)
        run = method(lambda a, rng=rng: table.reward(a, run=int(rng.integers(3))), N_CHOICES, 300, rng)
        best = [run.architectures[run.rewards[:k].argmax()] for k in at]
        chosen[name] += [table.mean_test[table.row(a)] / 100 for a in best]
    print(f"{name:22s} test accuracy of the chosen after {at}: {chosen[name].round(4)}")
spread = np.median(table.test.std(axis=1, ddof=1))
linear, top = table.mean_test[table.row((0, 0, 0, 0))], table.mean_test.max()
print(f"no hidden layer {linear:.4f}, best of 517 {top:.4f}; the same network trained again varies by {spread:.4f}")
evolved, drawn = chosen["regularised evolution"], chosen["random search"]
assert 0 < evolved[-1] - drawn[-1] < spread
assert drawn[0] - linear > evolved[-1] - drawn[-1]

# %% mystnb={"image": {"alt": "Mean test accuracy of the chosen network against the number of networks trained, logarithmic: three curves from about 0.902 to 0.908 and 0.909, evolution and REINFORCE above random search from 50 trainings on; a grey band below the best of all, as high as the scatter of one network between trainings, holds all three."}}
fig, ax = plt.subplots(figsize=(7, 3.4))
for (name, accuracy), colour, style in zip(chosen.items(), plot.PALETTE, ("o-", "s--", "^:")):
    ax.semilogx(at, accuracy, style, color=colour, label=name)
ax.axhspan(top - spread, top, color="#999999", alpha=0.25, label="scatter of one network")
ax.set(xlabel="networks trained", ylabel="mean test accuracy of the chosen")
ax.set_xticks(at, [str(n) for n in at])
ax.minorticks_off()
ax.legend(fontsize=8, loc="lower right")
plt.show()

# %% [markdown]
# Evolution and the controller end ahead, by less than two thousandths, after three hundred trainings. The grey band says what this is worth: its height is the standard deviation between trainings of the *same* network with other initial weights, some four times as large. Most of what there is to gain over the network without hidden layers was gained by the first five draws. The
# difference is real, since it is a mean over a hundred searches, and nobody who trains one network would notice it. Li and Talwalkar (2019) found plain random search hard to beat on published search spaces, too.
#
# ## Checked against scikit-learn
#
# The Gaussian process, with the same kernel and the same hyper-parameters, against that of scikit-learn:

# %%
rng = np.random.default_rng(0)
X, y, places = rng.random((17, 3)), rng.normal(size=17), rng.random((29, 3))
options = {"length_scale": 0.3, "signal_variance": 2.0, "noise_variance": 0.01, "mean": 0.0, "optimizer": None}
ours = GaussianProcessRegressor(**options).fit(X, y).predict(places, return_std=True)
kernel = ConstantKernel(2.0) * Matern(0.3, nu=2.5)
theirs = Peer(kernel, alpha=0.01, optimizer=None).fit(X, y).predict(places, return_std=True)
difference = max(np.abs(a - b).max() for a, b in zip(ours, theirs))
print(f"largest difference of mean and standard deviation: {difference:.1e}")
assert difference < 1e-9

# %% [markdown]
# And successive halving against `HalvingRandomSearchCV`, on a support vector machine for the digits, with the same space, as many configurations, and at most the examples that theirs handed out. Forty
# seeds, from a record:

# %%
halving = records.load("optimization/halving_vs_sklearn")["runs"]
print("rungs:", halving[0]["rungs"], "theirs;", halving[0]["ours"]["rungs"], "ours; total", halving[0]["budget"])

# %%
for kind, meaning in (
    ("best_score", "best cross-validation of the search"),
    ("full_score", "chosen one on all examples"),
):
    score = {name: np.array([run[name][kind] for run in halving]) for name in ("ours", "sklearn")}
    gain = score["ours"] - score["sklearn"]
    print(f"{meaning}: ours {score['ours'].mean():.4f}, theirs {score['sklearn'].mean():.4f}", end="; ")
    print(f"difference {gain.mean():+.4f} +- {gain.std(ddof=1) / len(gain) ** 0.5:.4f}")
assert np.mean([run["ours"]["best_score"] - run["sklearn"]["best_score"] for run in halving]) > 0

# %% [markdown]
# By the number that the searches report, ours is ahead. Do not be impressed, and remember the section before last: our last rung has two configurations with 740 examples and theirs three with 540, and a score measured with
# more training examples is a higher score. Trained on all examples, the two choices are equally good within the error of the comparison.
#
# ## Exercises
#
# **1.** Derive the closed form of the **probability of improvement** (改善概率) and of EI for a *margin*, $\max(y^* - \xi - y, 0)$. What does PI alone propose after a lucky trial, and why?
#
# <details>
# <summary>Answer</summary>
#
# $\mathrm{PI} = \Phi(u)$ with $u = (y^* - \xi - \mu)/\sigma$, and EI as before with this $u$. Without a margin PI proposes points next to the best one: a hair's breadth of improvement is nearly certain there
# (one half, as $\mu \to y^*$), and PI does not ask how much. `acquisition.probability_of_improvement` in place of EI in the figure of the learning rate shows it.
# </details>
#
# **2.** Write down the rungs of algorithm 7.2 for $N = 27$, $B = 100$, and those of the original. What goes wrong? For which $N$ does algorithm 7.2 divide by zero, and what would you do?
#
# <details>
# <summary>Answer</summary>
#
# $T = \lceil \log_2 27 \rceil - 1 = 4$, but $27 \cdot 4 > 100$: the first rung would get $\lfloor 100/108 \rfloor = 0$, and the function refuses. With $B = 108$: (27, 1), (13, 2), (6, 4), (3, 9). The original has $T = 5$ and needs 135: (27, 1), (13, 2), (6, 4), (3, 9), (1, 27). For $N \le 2$ the
# formula gives $T \le 0$; we use one rung, which is random search.
# </details>
#
# **3.** How much does Hyperband with $R = 81$ cost in all, by the algorithm and by the table, and how much if a promoted configuration *goes on* from its checkpoint instead of training anew?
#
# <details>
# <summary>Hint</summary>
#
# `sum(map(brackets.bracket_cost, brackets.hyperband_brackets(81)))` is the first, 1902; the other sizes give 1701. With checkpoints a rung costs $n_i (r_i - r_{i-1})$. The objective can keep them itself, under `search_space.config_key(config)`; see the
# docstring of `nndl_support.optimization.search`.
# </details>
#
# **4.** The argument of the sixty trials needs the draws to be independent and the 5 % to be fixed. Which sentence of the argument fails for Bayesian optimisation? Does it follow that one should not believe in it?
#
# <details>
# <summary>Hint</summary>
#
# Its trials depend on each other, so the misses do not multiply. A wrong model can avoid the good region for ever. Many implementations therefore mix in a share of random draws, which restores a guarantee at a constant factor.
# </details>
#
# **5.** Replace `table.threshold(0.01)` by 0.1 and 0.002, and `table.reward` by one noisy run (`lambda a: table.reward(a, run=0)`). Which search suffers from noise, and how does the order depend on how strict the goal is?
#
# <details>
# <summary>Hint</summary>
#
# Keep the *goal* in terms of the mean accuracy while the search sees one run. Evolution that kills the worst instead of the oldest (`kill_oldest=False`) never forgets a lucky run.
# </details>
#
# **6.** Show that $\mathbb E[b\, \nabla \log \pi_\theta(a)] = 0$ for every constant $b$. What does it say about the baseline $\bar R$ in REINFORCE, and why must $\bar R$ not contain the rewards of the batch itself?
#
# <details>
# <summary>Answer</summary>
#
# $\sum_a \pi(a)\, b\, \nabla \log \pi(a) = b\, \nabla \sum_a \pi(a) = b\, \nabla 1 = 0$. Any baseline leaves the mean of the step alone; a good one takes away variance, because without it rewards that are all near 0.9 would make *every* choice more probable. A baseline with the reward $R(a_b)$ in it is no constant: it depends on $a_b$, and takes
# away a part of the signal.
# </details>
#
# **7.** A configuration whose training crashes counts as the worst value so far. What would happen if the model just did not get to see it? And two workers ask for proposals at once: why not the two points with the largest EI?
#
# <details>
# <summary>Answer</summary>
#
# The model would be as it was, EI would have its maximum in the same place, and the search would propose the crash for ever. The two largest values of EI are neighbours and tell nearly the same. One pretends that the first proposal came out as predicted: the mean stays, the deviation there falls, and the second goes elsewhere (`condition_on`).
# </details>
#
# **8.** Put `(0.001, 1.0)` instead of `loguniform(1e-3, 1.0)` into the space of the first cell and repeat the small race with random search, ten seeds. What do you lose?
#
# <details>
# <summary>Hint</summary>
#
# Nine draws of ten now have a rate above 0.1. Compare medians; and count how many of the trials of each search failed with a message.
# </details>
#
# ## Summary
#
# - A grid spends its budget on every axis alike. Random search wins where few axes matter, and loses, by a little, where all do.
# - Sixty draws hit the best 5 % of the space with 95 % probability; in many dimensions that is a large place, and far from the best.
# - Bayesian optimisation models the objective, TPE the good configurations. Both were ahead of random search with twice the budget on the validation error; test error on six tasks could not tell.
# - A model of the objective finds digits that random search never sees where the objective is smooth, and nothing at all where it is sure of a wrong thing.
# - Successive halving reaches with half the epochs what random search does, if early ranks are informative; it kills late bloomers. Hyperband hedges.
# - The printed table of Hyperband and its algorithm differ, 27 against 34.
# - Searches for architectures find *the* winner sooner than random draws do; for a good network, a few draws suffice.
# - The best validation error of a search is optimistic, the more so the smaller the set and the more the trials.
#
# ## Sources
#
# - Qiu (2019), 《神经网络与深度学习》, section 7.6, [nndl.github.io](https://nndl.github.io/).
# - Bergstra and Bengio (2012), Random search for hyper-parameter optimization, [JMLR 13](https://jmlr.org/papers/v13/bergstra12a.html).
# - Bergstra, Bardenet, Bengio and Kégl (2011), Algorithms for hyper-parameter optimization (TPE), NeurIPS 24.
# - Rasmussen and Williams (2006), Gaussian Processes for Machine Learning, [gaussianprocess.org](https://gaussianprocess.org/gpml/), algorithm 2.1.
# - Jones, Schonlau and Welch (1998), Efficient global optimization of expensive black-box functions (expected improvement), [doi:10.1023/A:1008306431147](https://doi.org/10.1023/A:1008306431147).
# - Snoek, Larochelle and Adams (2012), Practical Bayesian optimization of machine learning algorithms, [arXiv:1206.2944](https://arxiv.org/abs/1206.2944).
# - Jamieson and Talwalkar (2016), Non-stochastic best arm identification and hyperparameter optimization, [arXiv:1502.07943](https://arxiv.org/abs/1502.07943).
# - Li, Jamieson, DeSalvo, Rostamizadeh and Talwalkar (2018), Hyperband, [arXiv:1603.06560](https://arxiv.org/abs/1603.06560). The difference between table and algorithm was noticed by users of
#   [NNI](https://github.com/microsoft/nni/issues/1567) and [NePS](https://github.com/automl/neps/issues/11).
# - Williams (1992), Simple statistical gradient-following algorithms for connectionist reinforcement learning (REINFORCE), [doi:10.1007/BF00992696](https://doi.org/10.1007/BF00992696).
# - Zoph and Le (2017), Neural architecture search with reinforcement learning, [arXiv:1611.01578](https://arxiv.org/abs/1611.01578); Real et al. (2019), Regularized evolution,
#   [arXiv:1802.01548](https://arxiv.org/abs/1802.01548); Li and Talwalkar (2019), Random search and reproducibility for NAS, [arXiv:1902.07638](https://arxiv.org/abs/1902.07638).
