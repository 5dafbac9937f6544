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
# # Training pathologies and their remedies (训练病理与改进)
#
# A physics-informed network that has failed looks exactly like one that has succeeded: the loss went down, the curve is smooth, the program ended without complaint. Nothing in an ordinary chapter on
# training prepares one for this. A classifier that is wrong has a test set to tell it so. Here the loss *is* the only witness, and we shall meet a witness that swears to seven decimal places and lies.
#
# This section is a hospital round. There are five patients, each as small as we could make it, each with one illness: terms of the loss that shout each other down, fast waves that are never learnt, a solution
# that is wrong between the points, a time that runs out of order, and numbers with too few digits. For each there is a remedy with a name and a paper, and each is tried **with and without, at the same number of steps, with several seeds**.
# Some remedies work as advertised, some work for another reason than the advertised one, and one made the patient worse. The most useful thing to take away is not a remedy but the habit of asking which illness it is.
#
# **You need:** the loss of a physics-informed network, collocation points, Adam, and Levenberg–Marquardt as a black box that takes a damped Gauss–Newton step. The [next section](second_order_training.ipynb) opens that box.
#
# **Time to run:** see the [Execution](../execution.md) page. One seed of most experiments runs here; the other seeds are read from a record.

# %% tags=["install", "hide-cell"]
# Only where the package is missing, as on Colab.
import importlib.util

if importlib.util.find_spec("nndl_support") is None:
    print("This notebook needs the package nndl_support: run pip install '.[data]' in a copy of its repository.")

# %%
import dataclasses

import matplotlib.pyplot as plt
import numpy as np
import torch

# %%
from nndl_support import plot, records
from nndl_support.pinn import problems, spectral_bias
from nndl_support.pinn.causal_weights import CausalWeights, causal_weights
from nndl_support.pinn.collocation import point_generator, residual_density
from nndl_support.pinn.embeddings import FourierFeatures, Rescale
from nndl_support.pinn.loss_balancing import (
    LossBalancing,
    annealing_weights,
    gradient_norm_weights,
    term_gradients,
    trace_weights,
)
from nndl_support.pinn.network import MLP
from nndl_support.pinn.objective import Objective
from nndl_support.pinn.operators import partial
from nndl_support.pinn.pathological_problems import (
    convection,
    oscillation,
    standing_wave,
    standing_wave_with_soft_ends,
)
from nndl_support.pinn.solver import solve
from nndl_support.source import show_source

plot.use_style()
torch.set_num_threads(1)
record = records.load("pinn/training_pathologies")
line = np.linspace(0, 1, 301)[:, None]

# %% [markdown]
# ## First patient: a term that cannot be heard
#
# The equation is about as easy as equations get, and its solution is $\sin 4\pi x$:
#
# $$ u_{xx} + (4\pi)^2 \sin 4\pi x = 0, \qquad u(0) = u(1) = 0, \qquad L = \underbrace{\operatorname{mean}_n r_n^2}_{\text{equation}} + \lambda\, \underbrace{\tfrac12\left(u(0)^2 + u(1)^2\right)}_{\text{ends}} $$
#
# The two terms have different units. A residual is a curvature, and a curvature of a wave with $k$ half waves is $(k\pi)^2$ times its height: 158 here, and squared in the loss. Before any training, let us see how hard each term pulls at the weights of the network.

# %%
problem = standing_wave_with_soft_ends()
objective = Objective(problem, problem.network(seed=0), n_points=60, rng=point_generator(0))
pulls = term_gradients(objective)
for name, gradient in pulls.items():
    print(f"{name}: largest slope {float(gradient.abs().max()):.3g}, mean slope {float(gradient.abs().mean()):.2g}")
print(
    f"length of the gradients, one over the other: {float(pulls['equation'].norm() / pulls['u at the ends'].norm()):.0f}"
)
assert pulls["equation"].norm() > 20 * pulls["u at the ends"].norm()

# %% [markdown]
# This is **gradient imbalance** (梯度失衡): a step down the sum is a step down the equation, and the ends are a rounding error in it. An equation without its boundary conditions has infinitely many solutions, here $\sin 4\pi x + a + bx$, and the optimiser will be content with any.
#
# Wang, Teng and Perdikaris (2021) proposed to set the weight of a term by what it does to the parameters, and called it **learning rate annealing** (学习率退火). Every ten steps the weight moves a tenth of the way to
#
# $$ \hat\lambda = \frac{\max_p |\partial L_{\text{equation}} / \partial\theta_p|}{\operatorname{mean}_p |\partial L_{\text{ends}} / \partial\theta_p|} , $$
#
# so that the *mean* pull of the ends equals the *largest* pull of the equation. A relative of it makes all gradients equally long, and a third, from the theory of the tangent kernel that we meet below, equalises the traces $\operatorname{tr} J_i J_i^\top$ of the terms:

# %%
show_source(annealing_weights, gradient_norm_weights, trace_weights, docstring="first")

# %% [markdown]
# One detail matters later. Read the published formula, and the gradient in the denominator is that of the bare term. Read the authors' published program for the Helmholtz equation, and it is the gradient of the term *multiplied by its present weight*. We call the second reading "damped". It rests not at the ratio $q$
# but where $\lambda = q / \lambda$, at $\sqrt q$. Both are tried here: 600 steps of Adam, seed 0, and all else equal.

# %%
balancing = {rule: LossBalancing(rule) for rule in ("annealing", "damped_annealing")}
adam, levenberg = {"method": "adam", "learning_rate": 3e-3}, {"method": "levenberg_marquardt"}
found = {
    rule: solve(problem, **adam, max_iterations=600, n_points=60, callback=callback)
    for rule, callback in ({"none": None} | balancing).items()
}

# %% mystnb={"image": {"alt": "Left: the exact solution, two full waves, and what three runs found. Without weights the found wave has the right bends but is tilted and far off at both ends. Annealing is zero at the ends and follows no wave between them. Damped annealing lies close to the exact curve. Right: weight of the ends against steps, logarithmic. Damped annealing stays between ten and a hundred; annealing as published climbs by many orders of magnitude."}}
fig, (left, right) = plt.subplots(1, 2, figsize=(6.8, 3))
left.plot(line, problem.exact(line), color="black", lw=1, label="exact")
for (rule, solution), colour in zip(found.items(), plot.PALETTE, strict=False):
    left.plot(line, solution.predict(line), "--", color=colour, label=rule.replace("_", " "))
    if rule != "none":
        history = [weights["u at the ends"] for weights in balancing[rule].history]
        right.semilogy(10 * np.arange(1, len(history) + 1), history, color=colour)
left.set(xlabel="x", ylabel="u")
left.legend(fontsize=8)
right.set(xlabel="steps", ylabel=r"weight $\lambda$ of the ends")
plt.show()

# %%
for rule, solution in found.items():
    print(
        f"{rule}: relative error {solution.relative_error(line):.3f}, ends {solution.history['u at the ends'][-1]:.1e}, "
        f"equation {solution.history['equation'][-1]:.2g}"
    )
runaway, damped = (rule.history[-1]["u at the ends"] for rule in balancing.values())
print(f"weight of the ends at last: annealing {runaway:.0e}, damped {damped:.0f}")
assert runaway > 1e6
assert found["damped_annealing"].relative_error(line) < min(
    found[r].relative_error(line) for r in ("none", "annealing")
)


# %% [markdown]
# Without weights the wave has the right bends and floats: the equation is nearly satisfied (the function zero would leave $158^2 / 2$, some 12 500), and the ends are wherever they happen to be. And annealing *as published* has made things worse in a new way. The curve is nailed to zero at the ends and has little to do with the equation. Look at the right panel: the weight runs away. The mechanism is a vicious circle. The ends are two points and easy to satisfy; once they are,
# their gradient is nearly zero; the rule sees a term that pulls too weakly and gives it more weight; so it is satisfied even better. In the end the network cares about nothing but being zero at the ends, and the equation cannot be heard. A boundary in the plane, with hundreds of points, is never satisfied as exactly as that, which may be why the paper did not meet it. With the weight inside the gradient, as the program has it, a runaway damps itself.
#
# Now all seeds and 1200 steps, from the record, and beside the remedies two that nobody would call one: a weight of 100 that was guessed, and no weight but another optimiser.


# %%
def medians(part, key, *columns):
    """One line for each value of a column: median and range of the others over the seeds."""
    rows = record[part]["rows"]
    for value in dict.fromkeys(row[key] for row in rows):
        chosen = [[row[column] for column in columns] for row in rows if row[key] == value]
        middle, low, high = (f(chosen, axis=0) for f in (np.median, np.min, np.max))
        print(
            f"{value!s:>20}: ",
            *(f"{c} {m:.1e} ({a:.0e} to {b:.0e})  " for c, m, a, b in zip(columns, middle, low, high, strict=True)),
        )


def column(part, name, **which):
    """Values of a column in the rows that match."""
    return [row[name] for row in record[part]["rows"] if all(row[k] == v for k, v in which.items())]


medians("balance", "rule", "error", "weight", "seconds")
assert max(column("balance", "error", rule="levenberg_marquardt")) < min(column("balance", "error", rule="none")) / 1000

# %% [markdown]
# Annealing as published ends in the runaway with every seed. Damped, it finds for itself a weight near the guessed 100, and with two seeds of three an error as small: this is the remedy as one hopes to see it. The other two rules arrive at weights of thousands, where the ends are perfect and the equation pays; with some seeds they are good, with others no better than nothing. None beats the guess. And the last line puts the discussion into perspective: Levenberg–Marquardt with *no* weight reaches errors about a hundred times smaller than the best of them, in the median, in a fifth of the seconds. A Gauss–Newton step asks for *all* residuals to vanish and does not care how loudly each of them shouts: if a step exists that makes all of them zero, it is the same for any weights. Gradient imbalance is an illness of steps along the gradient.
#
# ## Second patient: fast waves
#
# From here on the ends are built in and the residual is divided by $(k\pi)^2$, so nothing is out of balance. The problem is the number of half waves $k$. We count the steps of Adam until the relative error is below 5 %, for three seeds, looking every 50 steps; 1000 means that it did not happen.


# %%
for scale in (None, 1.0, 4.0):
    for k in (1, 4, 8):
        steps = column("waves", "steps", method="adam", scale=scale, half_waves=k)
        print(f"{'no features' if scale is None else f'scale {scale}':>12}, k = {k:2d}: steps {steps}")

# %% [markdown]
# Without features the steps grow at least in proportion to $k$, and eight half waves are too many for a thousand. That slow waves come first is the **spectral bias** (谱偏差) of networks. Its cause is linear algebra. Under small steps of gradient descent on $L = \lVert\rho\rVert^2$ the parameters move by $-2J^\top\rho$, so the residuals move by
#
# $$ \dot\rho = -2 J J^\top \rho = -2 K \rho , \qquad \rho(t) = e^{-2Kt}\rho(0) $$
#
# with the **neural tangent kernel** (神经正切核) $K = JJ^\top$, as long as $K$ does not change much. Along an eigenvector the error dies at twice the eigenvalue. So ask the kernel of the network's *values* how fast it would let each wave $s_k = \sin k\pi x$ die, $\kappa_k = s_k^\top K s_k / (N\, s_k^\top s_k)$:

# %%
points = torch.linspace(0, 1, 201, dtype=torch.float64)[:, None]
half_waves = np.arange(1, 33)
waves = spectral_bias.sine_waves(points, half_waves)
rates = {}
for name, scale in (("no features", None), ("scale 1", 1.0), ("scale 4", 4.0)):
    runs = []
    for seed in range(5):
        features = Rescale([0.0], [1.0]) if scale is None else FourierFeatures(1, 64, scale, seed=seed)
        network = MLP(1, hidden=(20, 20), embedding=features, seed=seed)
        runs.append(spectral_bias.shrinking_rates(spectral_bias.tangent_kernel(network, points), waves))
    rates[name] = torch.stack(runs).median(dim=0).values

# %% mystnb={"image": {"alt": "Rate at which each wave shrinks against its number of half waves, on logarithmic axes, for a network without features and with Fourier features of scales 1 and 4. Without features the rate falls steeply from the first wave on. With scale 1 it is higher everywhere, most so around four half waves, and then falls as steeply. With scale 4 it hardly falls up to about ten half waves, and then does."}}
fig, ax = plt.subplots(figsize=(6.4, 3))
for (name, values), marker in zip(rates.items(), "os^", strict=True):
    ax.loglog(half_waves, values, marker=marker, ms=3, label=name)
ax.set(xlabel="half waves k", ylabel=r"rate $\kappa_k$ (1 / time)", xticks=[1, 2, 4, 8, 16, 32])
ax.set_xticklabels([1, 2, 4, 8, 16, 32])
ax.legend(fontsize=8)
plt.show()

# %%
for name, values in rates.items():
    listed = "  ".join(f"k = {k:2d}: {float(values[k - 1]):6.3f}" for k in (1, 2, 4, 8, 16))
    print(f"{name:>11}  {listed}   wave 1 dies {float(values[0] / values[15]):3.0f} times as fast as wave 16")
assert rates["no features"][0] > 50 * rates["no features"][15]
assert rates["scale 4"][0] < 30 * rates["scale 4"][15]
assert rates["scale 1"][7] > 3 * rates["no features"][7]

# %% [markdown]
# Without features the rate falls from the first wave on, to a two-hundredth at the sixteenth: what takes a hundred steps for one takes twenty thousand for the other, if a step length suits both. (The network's own waves are its tanh units, which bend once each.) The remedy in the figure is due to Tancik and others (2020): send $x$ through **random Fourier features** (随机傅里叶特征) before the first layer,
#
# $$ \phi(x) = [\cos 2\pi B x,\ \sin 2\pi B x], \qquad B_{fd} \sim \mathcal N(0, s^2) , $$
#
# so that the network need not bend a straight line into a wave but is handed waves to combine. The scale $s$, in waves per unit of length (two half waves each), says how fast they are. With scale 1 the curve is as steep in the end, but it starts to fall later: between two and eight half waves the rates are five to ten times those without features, and the table of steps shows it. With scale 4 the curve hardly falls up to ten half waves. The figure makes one want the largest $s$ there is. The table of steps above says otherwise: with scale 4 even the slowest wave takes several times as long, and $k = 4$ is not reached at all. The kernel says how fast an error can die, not what errors are made on the way. A network that is handed waves of up to ten per unit of length begins with an output full of them, and an *equation* magnifies them: a ripple with ten times the frequency of the solution has a hundredfold second derivative, and ten thousandfold weight in the loss. In fitting images, where features come from, there is no such amplifier. In a differential equation a scale that is too large costs more than one that is too small.
#
# Look at it happen for $k = 8$, with and without, and with a scale that is too large.

# %%
wave = standing_wave(8)
networks = {"no features": MLP(1, hidden=(20, 20), embedding=Rescale([0.0], [1.0]))}
networks |= {f"scale {s:.0f}": MLP(1, hidden=(20, 20), embedding=FourierFeatures(1, 64, s, seed=0)) for s in (1.0, 4.0)}
found = {name: solve(wave, network, **adam, max_iterations=500) for name, network in networks.items()}

# %% mystnb={"image": {"alt": "Three panels with the exact solution, eight half waves, and what 500 steps of Adam found: without features a curve that misses the waves; with scale 1 the waves; with scale 4 all eight half waves, riding on a slow error as large as they are or larger."}}
fig, axes = plt.subplots(1, 3, figsize=(6.8, 2.6), sharey=True)
for ax, (name, solution) in zip(axes, found.items(), strict=True):
    ax.plot(line, wave.exact(line), color="black", lw=1)
    ax.plot(line, solution.predict(line), color=plot.PALETTE[1], lw=1.3)
    ax.set(title=f"{name}: error {solution.relative_error(line):.2f}", xlabel="x", ylim=(-3, 3))
    ax.title.set_fontsize(9)
axes[0].set_ylabel("u")
plt.show()
assert found["scale 1"].relative_error(line) < 0.5 * found["no features"].relative_error(line)

# %% [markdown]
# Left: half of the waves are missing, and those that are there ride on a large slow error. Middle: handed waves of about the right length, the network has them all. Right: all the waves, on a slow error that will not go away. The fast ripples that this network began with filled the loss; they are gone, and what remains hardly counts, because a slow error has a small second derivative. The spectral bias has been turned round.
#
# And the optimiser? Levenberg–Marquardt multiplies the gradient by (nearly) the inverse of $J^\top J$, which is made of the same singular values as $K$: a direction with a small eigenvalue gets a correspondingly long step. Spectral bias ought to be cured by it, and up to a point it is. The record, with 200 steps and no features:

# %%
for scale in (None, 1.0, 4.0):
    for k in (1, 4, 8):
        rows = column("waves", "error", method="levenberg_marquardt", scale=scale, half_waves=k)
        steps = column("waves", "steps", method="levenberg_marquardt", scale=scale, half_waves=k)
        print(
            f"{'no features' if scale is None else f'scale {scale}':>12}, k = {k:2d}: steps {steps}, "
            f"errors {' '.join(f'{e:.0e}' for e in rows)}"
        )

# %% [markdown]
# No contest, where it works: fifty or a hundred steps (we looked every fifty) for what took Adam hundreds, with no features, and the wave that Adam never saw. So spectral bias is to a large part a property of *gradient descent on this network*, not of the network. Not entirely: the step of Levenberg–Marquardt is a step of a linear model, and a random start that contains no waves of the right kind gives it nothing to be linear in. Exercise 5 looks for the $k$ at which it ends. And with scale 4 it fails for *every* $k$, the slowest included. How can the better optimiser be helpless before one half wave?

# %%
fast = MLP(1, hidden=(20, 20), embedding=FourierFeatures(1, 64, 4.0, seed=0))
helpless = solve(standing_wave(1), fast, **levenberg, max_iterations=30)
between = helpless.evaluate(line, lambda f: f.u_xx / np.pi**2 + torch.sin(np.pi * f.x))
print(f"{sum(p.numel() for p in fast.parameters())} weights, 100 points: loss {helpless.history['loss'][-1]:.1e}")
print(f"relative error {helpless.relative_error(line):.2f}, mean square between the points {np.mean(between**2):.1e}")
assert np.mean(between**2) > 100 * helpless.history["loss"][-1]

# %% [markdown]
# It is not helpless at all. It has made the loss zero but for rounding; the answer is wrong *between* the points, where nobody asked. That is another illness, and the subject of the next bed.
#
# ## Third patient: right at the points, wrong between them
#
# Burgers' equation with a small viscosity steepens a sine into a shock at $x = 0$. Start and ends are built in, so the loss is the mean square of the residual and nothing else, and the optimiser is Levenberg–Marquardt, so nobody can blame the optimiser. 400 collocation points (配点), 150 steps, three ways to choose the points: once and for all; new ones every ten steps, spread evenly; and new ones every ten steps
# with the density of Wu and others (2023, their equation 2), **residual-based adaptive distribution** or RAD (基于残差的自适应采样),
#
# $$ p(x) \propto \frac{|r(x)|^k}{\mathbb E |r|^k} + c , \qquad k = c = 1 . \tag{2} $$

# %%
show_source(residual_density, docstring="first")

# %%
burgers = problems.burgers()
x, t = np.linspace(-1, 1, 161), np.linspace(0, 1, 81)
grid = np.column_stack([axis.ravel() for axis in np.meshgrid(x, t, indexing="ij")])
exact, states, found = burgers.exact(grid), {}, {}
ways = {"fixed": {"resample": 0}, "uniform": {"resample": 10, "candidates": 0}, "residual": {"resample": 10}}
for how, options in ways.items():
    network = MLP(2, hidden=(20, 20, 20), embedding=Rescale([-1.0, 0.0], [1.0, 1.0]))
    states[how] = []
    options |= {"n_points": 400, "callback": states[how].append}
    found[how] = solve(burgers, network, **levenberg, max_iterations=150, **options)

# %%
residuals = {
    how: solution.evaluate(grid, lambda f: f.u_t + f.u * f.u_x - 0.01 / np.pi * f.u_xx)
    for how, solution in found.items()
}
for how, solution in found.items():
    between = np.mean(residuals[how] ** 2)
    print(
        f"{how:>8}: loss {solution.history['loss'][-1]:.1e}, mean square on a fine grid {between:.1e}, "
        f"relative error {solution.relative_error(grid, exact):.3f}"
    )
print(f"spacing of 400 points on an area of 2: {np.sqrt(2 / 400):.3f}; width of the shock, 4 nu: {0.04 / np.pi:.3f}")
assert np.mean(residuals["fixed"] ** 2) > 1000 * found["fixed"].history["loss"][-1]

# %% [markdown]
# Here is the lying witness. With fixed points the loss is of the order $10^{-7}$, and a careful reader of losses would go home. The solution is wrong by a tenth. The same residual, asked on a fine grid instead of at the points that were trained on, has a mean square that is larger by a factor of millions.

# %% mystnb={"image": {"alt": "Three maps of the size of the residual over x and t on a logarithmic colour scale, with the collocation points in white. With fixed and with evenly redrawn points, a broad bright streak of residuals up to ten lies along x equal to zero, in a corridor between the points. With points drawn by the residual they crowd along this line and the streak is thin. A fourth panel shows u at t = 0.75 near the shock: exact and residual-based solution agree, the two others have their shock beside it."}}
fig, axes = plt.subplots(2, 2, figsize=(6.8, 5.2))
for ax, how in zip(axes.flat, found, strict=False):
    size = np.log10(np.abs(residuals[how]) + 1e-6).reshape(len(x), len(t))
    image = ax.pcolormesh(t, x, size, vmin=-5, vmax=1, cmap=plot.SEQUENTIAL, shading="nearest", rasterized=True)
    cloud = states[how][-1].objective.blocks[0].points
    ax.plot(cloud[:, 1], cloud[:, 0], ".", color="white", ms=1.5)
    ax.set(title=f"{how}", xlabel="t", ylabel="x", ylim=(-0.3, 0.3))
fig.colorbar(image, ax=axes[:, :1], label=r"$\log_{10} |r|$", location="left")
near = np.column_stack([np.linspace(-0.15, 0.15, 201), np.full(201, 0.75)])
ax = axes[1, 1]
ax.plot(near[:, 0], burgers.exact(near), color="black", lw=1, label="exact")
for how, solution in found.items():
    ax.plot(near[:, 0], solution.predict(near), "--", label=how)
ax.set(xlabel="x at t = 0.75", ylabel="u")
ax.legend(fontsize=7)
plt.show()

# %% [markdown]
# The maps show the strip $|x| < 0.3$ around the shock, in which 400 evenly spread points leave gaps several times as wide as the shock. With fixed points the network has found a solution of Burgers' equation *at every point it was asked*, and put everything that is wrong into the gaps, where the residual reaches the tens. Bottom right one sees what that buys: a shock in the wrong place. By symmetry it must stand at $x = 0$; it has stepped aside, into a corridor between the points, where being wrong costs nothing.
#
# New points, evenly spread, find the false shock now and then; a handful of 400 land on it, the network gives way, and in ten steps has found another corridor. What helps is to put the points where the residual was found to be large, and the third map shows them lined up along the shock, as if the network had been told where it is. For three seeds:

# %%
medians("resampling", "points", "loss", "mean_square", "error")
for seed in (0, 1, 2):
    errors = [column("resampling", "error", points=how, seed=seed)[0] for how in ways]
    assert errors[2] < min(errors[:2])

# %% [markdown]
# The smallest errors belong to the largest losses. **The loss at points that were trained on is an exam whose questions were handed out beforehand**; with RAD the questions are chosen by an examiner who remembers last week's weak answers, so the marks are worse and the learning better.
#
# ## Fourth patient: time out of order
#
# An equation of evolution is solved by nature from the start onwards. A network is fitted everywhere at once, and the late times do not wait for the early ones. Here is the example of Krishnapriyan and others (2021), as plain as can be: a sine carried along a circle, $u_t + \beta u_x = 0$. Its solution is $\sin(x - \beta t)$. The record ran it with three speeds, with Levenberg–Marquardt and 400 points that stay:

# %%
medians("convection", "speed", "loss", "error")
assert max(column("convection", "error", speed=1.0)) < 1e-2
assert min(column("convection", "error", speed=30.0)) > 0.5

# %% [markdown]
# A slow wave, followed through a sixth of a revolution, is found to four digits. A faster one ($\beta = 10$, one and a half revolutions) still comes out. At $\beta = 30$ every seed ends with an error of one, that is, with nothing; and with a loss that is *smaller* than that of the good answers at $\beta = 10$. The paper saw this failure with first-order training and called it a matter of optimisation. Here the optimiser has done its work to seven decimal places. So what has it found? Here are the weights of seed 0, from the record.

# %%
problem = convection(30.0)
flat = problem.network(seed=0)
flat_objective = Objective(problem, flat, n_points=400, rng=point_generator(0))
stored = column("convection", "weights", speed=30.0, seed=0)[0]
flat_objective.set(torch.tensor(stored, dtype=torch.float64))
circle, times = np.linspace(0, 2 * np.pi, 121), np.linspace(0, 0.3, 121)
where = np.column_stack([axis.ravel() for axis in np.meshgrid(circle, times, indexing="ij")])
f = flat_objective.fields(where, ((), (0,), (1,)))
size = (f.u_t + 30 * f.u_x).abs().detach().numpy().reshape(121, 121)
u, seen = f.u.detach().numpy().reshape(121, 121), flat_objective.blocks[0].points.numpy()
print(f"loss {flat_objective.value():.1e}, of {len(flat_objective.residuals())} residuals and {len(stored)} weights")
print(f"mean square of the residual before t = 0.3, on a fine grid: {np.mean(size**2):.0f}")
assert np.mean(size**2) > 1e5 * flat_objective.value()

# %% mystnb={"image": {"alt": "Left: the network's u over t up to 0.3 and x: slanted stripes of a moving sine that end at a barrier near x = 2 and leave a constant after t = 0.2. Right: the size of the residual on a logarithmic colour scale, with collocation points in white: a bright barrier with residuals up to a hundred winds between the points."}}
fig, axes = plt.subplots(1, 2, figsize=(6.8, 2.9), sharey=True)
pictures = ((u, plot.DIVERGING, (-1, 1), "u"), (np.log10(size), plot.SEQUENTIAL, (-4, 2), r"$\log_{10} |r|$"))
for ax, (values, colours, (low, high), label) in zip(axes, pictures, strict=True):
    image = ax.pcolormesh(times, circle, values, cmap=colours, vmin=low, vmax=high, shading="nearest", rasterized=True)
    fig.colorbar(image, ax=ax, label=label)
    ax.set(xlabel="t", ylabel="x", xlim=(0, 0.3))
axes[1].plot(seen[:, 1], seen[:, 0], ".", color="white", ms=3)
plt.show()

# %% [markdown]
# The sine is there at $t = 0$, as the initial condition demands. It even moves, at the right speed: the stripes are slanted as they should be. Then, between $x = 2$ and $x = 3$, it runs into something and is swallowed, and from $t = 0.2$ on, after less than one revolution of the five, the solution is a constant. A constant satisfies $u_t + \beta u_x = 0$ perfectly, so four fifths of the domain cost nothing. The price of getting there is paid in a thin barrier on the way, where the residual reaches a hundred: it winds between the points like a slalom course. The line above the picture says how this is possible: there are more weights than residuals. A network with more than 900 weights can be right at 400 points and 50 more and do what it likes elsewhere.
#
# Is this the pathology of time, or that of the third patient over again? That is not a quibble; the two have different remedies. To find out we take the same thing in one dimension, where a run lasts a second. We follow one point of the circle: an oscillation, $u_{tt}/\omega^2 + u = 0$ with $\omega = 30$, from $u = 1$ at rest, almost five periods long. Start and slope are built in, $u = 1 + t^2 N(t)$, so there is only one term, nothing to balance. 100 points, 400 steps of Levenberg–Marquardt.
#
# **Causal weights** (因果加权), by Wang, Sankaran and Perdikaris (2024), are the remedy for an order that got lost. Cut the time into $M$ slices with losses $L_i$, and let a slice count only as far as all before it are solved:
#
# $$ w_i = \exp\Bigl(-\varepsilon \sum_{k<i} L_k\Bigr) $$

# %%
show_source(causal_weights, docstring="first")

# %% [markdown]
# The sum in the exponent is small when the slices before are solved to about $1/\varepsilon$; here $\varepsilon = 1000$, and $M = 16$. Against it we put a remedy from the last ward: new points every ten steps, spread evenly or by the residual.

# %%
medians("causality", "remedy", "loss", "error", "last_weight")
for remedy in ("none", "causal", "new points", "residual"):
    print(f"{remedy:>10}: errors", *(f"{e:.1e}" for e in column("causality", "error", remedy=remedy)))
print("last weights of the causal runs:", *(f"{w:.2g}" for w in column("causality", "last_weight", remedy="causal")))
assert min(column("causality", "error", remedy="none")) > 0.1
assert max(column("causality", "error", remedy="new points")) < min(column("causality", "error", remedy="none"))

# %% [markdown]
# That is a clear verdict, and not the one we expected when we set this up. The loss of the untreated runs is $10^{-9}$ and their answer is flat. Causal weights do not help: in three runs of five they end at one for every slice, the last included, because the losses of all slices, *as seen at the points*, are tiny. The network cheats between the points of the first slice, and a weight on a point cannot see what happens beside it. (The other two runs had not got to the end, and their last weights say so.) New points cure it, and here evenly spread ones do better than RAD, which has one failure of its own: with 100 points, a crowd in one place is missed in another. So the flat solution is the illness of the third patient, not of the fourth.
#
# So that causal weights get a fair trial, take away the excuse. New points every ten steps for everybody, so that there is nowhere to hide, and a faster oscillation, $\omega = 50$, nearly eight periods, with 32 slices. Seed 1, with and without causal weights, for 300 steps:

# %%
causal, ringing, found = CausalWeights(32, 1000.0), oscillation(50.0), {}
for name in ("new points", "causal and new points"):

    def order(state, name=name):
        if state.iteration % 10 == 0:
            state.objective.resample()
        if name != "new points":
            causal(state)

    found[name] = solve(ringing, **levenberg, max_iterations=300, callback=order, seed=1)
front = torch.stack(causal.history).T

# %% mystnb={"image": {"alt": "Left: the exact fast oscillation, a solution with new points alone whose amplitude decays to zero, and the causal solution, which follows the oscillation over the first quarter of the time or so and then runs off the picture. Right: weight of each of 32 slices of time against steps: the region of weights near one grows from the first slice upwards."}}
fig, (left, right) = plt.subplots(1, 2, figsize=(6.8, 2.9))
left.plot(line, ringing.exact(line), color="black", lw=1, label="exact")
for (name, solution), colour in zip(found.items(), plot.PALETTE, strict=False):
    left.plot(line, solution.predict(line), "--", color=colour, label=name)
left.set(xlabel="t", ylabel="u", ylim=(-2, 3))
left.legend(fontsize=8)
image = right.pcolormesh(
    np.arange(1, front.shape[1] + 1), (np.arange(32) + 0.5) / 32, front, cmap=plot.SEQUENTIAL, rasterized=True
)
fig.colorbar(image, ax=right, label="weight $w_i$")
right.set(xlabel="steps", ylabel="t")
plt.show()

# %%
for name, solution in found.items():
    off = np.abs(solution.predict(line) - ringing.exact(line)[:, None])[:, 0] > 0.2
    print(f"{name:>21}: here, after 300 steps, until t = {line[np.argmax(off), 0]:.2f}")
for name in found:
    until = column("front", "until", remedy=name)
    print(
        f"{name:>21}: within 0.2 of the truth until t =", *(f"{t:.2f}" for t in until), " errors",
        *(f"{e:.2g}" for e in column("front", "error", remedy=name)),
    )  # fmt: skip
assert min(column("front", "until", remedy="causal and new points")) > max(
    column("front", "until", remedy="new points")
)

# %% [markdown]
# Here is the order of time at last. Without the weights the oscillation loses height from the first period on and settles at zero: a bad answer whose residual is small nearly everywhere. With them the network works its way upwards, and the right panel shows the front, slice by slice. After the record's 600 steps it is right up to some fraction of the time, a fifth to a half by seed, and nonsense after.
#
# Read the numbers twice. By the relative error the causal answer is *worse*, by far, because nobody has yet told the late times anything and they are free to be large, while zero has error one. It is the better answer all the same: it is right somewhere, it knows where (the weights say up to which slice the equation is solved), and more steps will move the front on. The plain answer is wrong from the beginning and does not know it. The price is time: each slice must be solved to about $1/\varepsilon$ before the next counts, and every change of the weights moves the goal of the optimiser. (In the record's 600 steps both were run with three seeds; the figure shows half of such a run.)
#
# ## Fifth patient: too few digits
#
# Most of deep learning lives in single precision, about seven digits, and is happy. A derivative by automatic differentiation is exact in formula, not in arithmetic: every derivative multiplies by weights and adds terms of either sign. Take one network, in both precisions, and compare derivatives of rising order.

# %%
double = MLP(1, hidden=(20, 20, 20), seed=0)
with torch.no_grad():
    for layer in double.layers:
        layer.weight.mul_(2.0)
single = MLP(1, hidden=(20, 20, 20), dtype=torch.float32)
single.load_state_dict(double.state_dict())
where = torch.linspace(-1, 1, 501, dtype=torch.float64)[:, None].requires_grad_()
coarse = where.detach().float().requires_grad_()
u64, u32, lost = double(where)[:, 0], single(coarse)[:, 0], []
for order in range(5):
    lost.append(float((u32.double() - u64).detach().norm() / u64.detach().norm()))
    print(f"derivative {order}: single precision is off by {lost[-1]:.1e}")
    u64, u32 = partial(u64, where, (0,)), partial(u32, coarse, (0,))
assert max(lost) < 1e-4

# %% [markdown]
# This surprised us. We had expected digits to fall away order by order, as they do with difference quotients, where rounding is divided by $h^2$. They do not: relative to its own size the fourth derivative is as good as the function, about six digits, and an error of a millionth is far below what Adam ever reaches. Automatic differentiation is not the culprit. It is another matter for a method that *could* use the other digits.

# %%
wave, runs = standing_wave(1), {}
for bits, dtype in ((32, torch.float32), (64, torch.float64)):
    runs[bits] = solve(wave, wave.network(dtype=dtype), **levenberg, max_iterations=200, log_every=5)
    loss, error = runs[bits].history["loss"][-1], runs[bits].relative_error(line)
    print(f"{bits} bits: loss {loss:.1e}, relative error {error:.1e}")

# %% mystnb={"image": {"alt": "Loss of Levenberg-Marquardt against steps, on a logarithmic axis, with 32 and with 64 bits. Both fall together at first; with 32 bits the loss then stays, with 64 bits it goes on falling by several orders of magnitude."}}
fig, ax = plt.subplots(figsize=(6.4, 2.8))
for (bits, run), style in zip(runs.items(), ("-", "--"), strict=True):
    ax.semilogy(run.history["iteration"], run.history["loss"], style, label=f"{bits} bits")
ax.set(xlabel="steps of Levenberg–Marquardt", ylabel="loss")
ax.legend()
plt.show()

# %%
for method in ("adam", "levenberg_marquardt"):
    for bits in (32, 64):
        errors = column("precision", "error", method=method, bits=bits)
        print(f"{method:>20}, {bits} bits: errors", *(f"{e:.1e}" for e in errors))
worst = max(column("precision", "error", method="levenberg_marquardt", bits=64))
assert worst < min(column("precision", "error", method="levenberg_marquardt", bits=32))

# %% [markdown]
# With Adam the precision makes no difference that one could see: the optimiser stops long before the digits do. Levenberg–Marquardt in single precision stops after some dozens of steps, and for the rest of its budget finds no step that is downhill in its arithmetic. In double precision it goes on, and after the 400 steps of the record the error is smaller by a factor between a few and a hundred, by seed.
#
# Which digits were missing? Not those of the residual. Let the network of 32 bits be evaluated with 64, and see how far its residual was off. The suspect is another: the method solves a system with $J^\top J$ or $J J^\top$, whose eigenvalues are the *squares* of the singular values of $J$. A direction whose eigenvalue is less than $10^{-7}$ of the largest is lost in the rounding of the matrix. How much of the loss that is left lies along such directions?

# %%
stuck, twin = runs[32], wave.network()
twin.load_state_dict(stuck.network.state_dict())
equation = wave.equations["equation"]
by_single = stuck.evaluate(line, lambda f: equation(f, None))
by_double = dataclasses.replace(stuck, network=twin).evaluate(line, lambda f: equation(f, None))
print(
    f"mean square of the residual {np.mean(by_single**2):.0e}, of its rounding error {np.mean((by_single - by_double) ** 2):.0e}"
)
rho, J = Objective(wave, twin, n_points=100, rng=point_generator(0)).jacobian()
left, singular, _ = torch.linalg.svd(J, full_matrices=False)
parts, hidden = (left.T @ rho) ** 2, singular**2 < torch.finfo(torch.float32).eps * singular[0] ** 2
print(
    f"directions {len(hidden)}, hidden {int(hidden.sum())}; share of the loss along these: {parts[hidden].sum() / parts.sum():.1%}"
)
assert np.mean((by_single - by_double) ** 2) < 0.01 * np.mean(by_single**2)
assert parts[hidden].sum() > 0.9 * parts.sum()

# %% [markdown]
# Practically all of it. The residual is known to one or two parts in a hundred, which is plenty for a step; what single precision cannot see is the *way* there, because squaring the Jacobian costs half of seven digits. Whoever must work with 32 bits should form and solve the system with 64 (exercise 7, and a test of this book). That is why this book solves equations in float64 on a CPU where others reach for float32 on a GPU. Note also what was *not* lost: an error of a few $10^{-7}$ in single precision is plenty for most purposes.
#
# ## Checked against
#
# The tangent kernel comes from one backward pass and outer products. `torch.func` knows nothing of that trick; it differentiates the network for each point by itself:

# %%
network, some = MLP(1, hidden=(20, 20), seed=3), points[::20]
parameters = {name: p.detach() for name, p in network.named_parameters()}
parts = torch.func.jacrev(lambda p: torch.func.functional_call(network, p, (some,))[:, 0])(parameters)
jacobian = torch.cat([part.reshape(len(some), -1) for part in parts.values()], dim=1)
difference = (spectral_bias.tangent_kernel(network, some) - jacobian @ jacobian.T).abs().max()
print(f"largest difference of the kernels: {float(difference):.1e}")
assert difference < 1e-10

# %% [markdown]
# The inner product of the features of two points is an average of $\cos 2\pi b\cdot\Delta$ over random $b$, and the mean of a cosine under a normal law is known: $e^{-2\pi^2 s^2 \lVert\Delta\rVert^2}$. So random features are a Gaussian kernel, of width $1 / (2\pi s)$, and $s$ chooses the width:

# %%
features = FourierFeatures(1, 20_000, 2.0, seed=1)(points[:21])
empirical = features @ features.T / 10_000
gaussian = spectral_bias.expected_fourier_kernel(torch.cdist(points[:21], points[:21]), 2.0)
print(f"10,000 waves against the closed form: largest difference {float((empirical - gaussian).abs().max()):.4f}")
assert (empirical - gaussian).abs().max() < 0.06

# %% [markdown]
# The kernel's forecast $e^{-2Kt}\rho(0)$ against gradient descent itself, in small steps; and the density of resampling against the formula by hand:

# %%
small = Objective(standing_wave(2), standing_wave(2).network(seed=0), n_points=30, rng=point_generator(0))
rho, J = small.jacobian()
forecast = spectral_bias.gradient_flow(J @ J.T, rho, 2e-3)
for _ in range(100):
    small.set(small.get() - 2e-5 * small.gradient()[1])
moved = small.residuals().detach()
print(f"forecast and descent differ by {float((moved - forecast).norm() / (rho - moved).norm()):.1e} of the change")
r = np.array([0.5, -2.0, 1.5])
by_hand = (np.abs(r) / (4 / 3) + 1) / 6
print(f"density: {residual_density(r)}; by hand {by_hand}")
assert (moved - forecast).norm() < 0.05 * (rho - moved).norm()
np.testing.assert_allclose(residual_density(r), by_hand)

# %% [markdown]
# ## The chart at the foot of the bed
#
# | illness | how it looks | remedy | what it did here |
# |---|---|---|---|
# | gradient imbalance | equation satisfied, ends afloat | a weight on the ends, guessed or damped | helped Adam by two or three digits; *annealing as published* ran away |
# | | | Levenberg–Marquardt | made the question disappear, in a fifth of the time |
# | spectral bias | slow part right, fast part missing | Fourier features of a fitting scale | made $k = 8$ possible for Adam; too large a scale lost everything |
# | wrong between the points | loss tiny, error large | new points by residual (RAD) | six to twelve times smaller error; evenly spread new points did little for a shock |
# | flat solution | loss tiny, nothing moves | new points, of any kind | cured it; causal weights did not |
# | time out of order | late times settle for zero | causal weights | kept the early times right; slowed everything down |
# | too few digits | loss stops falling | double precision, above all in $J^\top J$ | about one digit more with Levenberg–Marquardt, none with Adam |
#
# ## Exercises
#
# 1. Give the ends of the first patient the weight 100 and let Levenberg–Marquardt solve it. Then $10^{-4}$, then $10^8$. Over which range does the error hardly change?
#
# <details><summary>Hint</summary>
#
# A full Gauss–Newton step that makes all residuals zero does so whatever their weights. What spoils the argument at the extremes is the damping $\mu$, which is a length to be compared with the weighted Jacobian, and rounding.
#
# </details>
#
# 2. A rule that sets the weight of a term by the ratio of *losses* instead of gradients is simpler. What would it do to a term that is satisfied exactly? Compare with the runaway in the first figure.
#
# <details><summary>Hint</summary>
#
# The square of the ratio of the residuals, where the gradients have about the ratio itself: it runs away faster.
#
# </details>
#
# 3. Show that for a single linear layer on Fourier features $\phi_f$ the rate is $\kappa_k = \sum_f (\phi_f \cdot s_k)^2 / (N \lVert s_k\rVert^2)$. Why is it small for $k/2$ beyond the fastest wave, and why is it larger for a network with hidden layers?
#
# <details><summary>Hint</summary>
#
# $K = \Phi\Phi^\top$ with $\Phi$ the features at the points. A tanh of a wave contains its third harmonic.
#
# </details>
#
# 4. (Program.) In the third patient, set `candidates` of the resampling from 2000 down to 400. At which size does RAD lose its advantage, and why must it, at 400?
#
# <details><summary>Hint</summary>
#
# Drawing 400 of 400 candidates without repetition leaves no choice.
#
# </details>
#
# 5. (Program.) Up to which $k$ does Levenberg–Marquardt find the standing wave in 200 steps, without features? Does a start with weights of the first layer multiplied by $k$ help?
#
# <details><summary>Hint</summary>
#
# `network.layers[0].weight.data.mul_(k)`. A tanh with a steep slope bends within one wave; but where it is flat, the linear model sees nothing.
#
# </details>
#
# 6. (Program.) Run the oscillation with $\omega = 30$ and 100 points with a network of *fewer* than 100 weights, say `hidden=(7, 7)`. Is the flat solution still within reach? Is the right one?
#
# <details><summary>Hint</summary>
#
# Count: $2 \cdot 7 + 8 \cdot 7 + 8 = 78$ weights. Compare the loss at the points with the mean square between them, as before.
#
# </details>
#
# 7. (Program.) Give Levenberg–Marquardt an objective of 32 bits whose `jacobian()` and `get()` return 64 and whose `set` takes them, so that only the linear algebra is double. How far down does the loss go now?
#
# <details><summary>Hint</summary>
#
# A class with the four methods `jacobian`, `get`, `set` and `value` around `Objective` will do; `LevenbergMarquardt(it).step()`. Expect a loss several times lower than with 32 bits throughout, and not as low as with 64.
#
# </details>
#
# ## Summary
#
# A small loss says that the residuals are small where one looked, weighted as one weighted them. Every patient in this section had a small loss. What brought the truth to light was always the same cheap examination: **evaluate the residual on a fine grid that was not trained on**, term by term, slice by slice. Where it is large, put points. Where a term is not heard, weigh it, or take an optimiser that does not care. Where fast waves are missing, hand them to the network. And count: fewer residuals than weights is an invitation to cheat.
#
# ## Sources
#
# - Wang, Teng and Perdikaris (2021), Understanding and mitigating gradient flow pathologies in physics-informed neural networks, SIAM Journal on Scientific Computing 43(5), https://doi.org/10.1137/20M1318043; program: https://github.com/PredictiveIntelligenceLab/GradientPathologiesPINNs
# - Wang, Yu and Perdikaris (2022), When and why PINNs fail to train: a neural tangent kernel perspective, Journal of Computational Physics 449, https://doi.org/10.1016/j.jcp.2021.110768
# - Wang, Sankaran, Wang and Perdikaris (2023), An expert's guide to training physics-informed neural networks, https://arxiv.org/abs/2308.08468
# - Jacot, Gabriel and Hongler (2018), Neural tangent kernel: convergence and generalization in neural networks, https://arxiv.org/abs/1806.07572
# - Rahaman and others (2019), On the spectral bias of neural networks, https://arxiv.org/abs/1806.08734
# - Tancik and others (2020), Fourier features let networks learn high frequency functions in low dimensional domains, https://arxiv.org/abs/2006.10739
# - Krishnapriyan, Gholami, Zhe, Kirby and Mahoney (2021), Characterizing possible failure modes in physics-informed neural networks, https://arxiv.org/abs/2109.01050
# - Wang, Sankaran and Perdikaris (2024), Respecting causality for training physics-informed neural networks, Computer Methods in Applied Mechanics and Engineering 421, https://doi.org/10.1016/j.cma.2024.116813
# - Wu, Zhu, Tan, Kartha and Lu (2023), A comprehensive study of non-adaptive and residual-based adaptive sampling for physics-informed neural networks, Computer Methods in Applied Mechanics and Engineering 403, https://doi.org/10.1016/j.cma.2022.115671
