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
# # Why physics? (为什么需要物理知识)
#
# Every network in this book so far has learnt from examples. This chapter is about networks that are told something else besides: a *law*, an equation that the answer has to obey. A network trained with such an equation
# in its loss is called **physics-informed** (物理知识神经网络, PINN). Why should one want that, when data are cheap and networks are good at them?
#
# Because there are questions that no amount of data answers. In this section a network sees a thousand points of a parabola and predicts a line on which not one of them lies. Another has watched a weight bob on a spring and believes that it will leave through the ceiling, or the floor. A third has seen one
# half of the most famous picture in chaos theory and cannot guess the other half, while three numbers and a formula draw it at once. In each case a law repairs what the data could not. And then, because this is to be an honest chapter, we go and look for
# the places where the law is no help: where it has two answers, where it has none, where it has a cheap wrong one, and where the right one cannot be followed by anybody.
#
# **You need:** least squares, a [multilayer perceptron](../backprop/multilayer_perceptron.ipynb), [automatic differentiation](../backprop/automatic_differentiation.ipynb), the names Adam and L-BFGS from the [optimisers](../optimization/optimizers.ipynb), and what a differential equation is. Nothing about solving one.
#
# **Time to run:** see the [Execution](../execution.md) page. Everything is computed here, on one core.

# %% tags=["install", "hide-cell"]
# Only where the package is missing, as on Colab.
import importlib.util

if importlib.util.find_spec("nndl_support") is None:
    print("This notebook needs the package nndl_support: run pip install '.[data]' in a copy of its repository.")

# %%
import math
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import torch
from scipy.integrate import solve_bvp, solve_ivp
from scipy.optimize import curve_fit

# %%
from nndl_support import plot
from nndl_support.pinn import bratu_network, heat_terms, lorenz, oscillator, pitchfork, two_valued
from nndl_support.pinn.arclength import bratu_equations, follow_branch
from nndl_support.pinn.bratu import bratu_fold, bratu_lambda, bratu_solution, residual_floor
from nndl_support.pinn.one_step_map import train_one_step_map
from nndl_support.pinn.tanh_layer import gauss_points, jet
from nndl_support.source import show_source

plot.use_style()
torch.set_num_threads(1)

# %% [markdown]
# ## A curve that least squares cannot see
#
# Take the relation $y^2 = x$. For every $x > 0$ there are two answers, $+\sqrt x$ and $-\sqrt x$. Draw a thousand points, $x$ evenly from $[0, 1]$ and the branch by a fair coin, and fit a network of two hidden layers with twenty tanh units each by least squares. Nothing is noisy, nothing is missing, the network is flexible, and L-BFGS converges.

# %%
generator = torch.Generator().manual_seed(0)
x, y = two_valued.draw_two_valued(1000, generator)
fitted = two_valued.small_network(1, seed=0)
by_examples = two_valued.train(fitted, torch.nn.MSELoss(), (x, y), iterations=20)

# %% [markdown]
# And beside it train a network with two outputs, on the same thousand places, *without showing it a single* $y$. It is told only the law, in a form that we derive below.

# %%
heads = two_valued.small_network(2, seed=0)
by_law = two_valued.train(heads, two_valued.vieta_loss, x)

# %% mystnb={"image": {"alt": "Two panels, y against x from 0 to 1. Grey dots lie on a sideways parabola. Left: the network that was fitted to the dots runs flat along y = 0 through the empty middle. Right: the two outputs of the network that knows the law run along the upper and the lower branch."}}
fig, (left, right) = plt.subplots(1, 2, figsize=(6.4, 3), sharey=True)
at = torch.linspace(0, 1, 201, dtype=torch.float64)[:, None]
for ax, network, title in ((left, fitted, "1000 examples, no law"), (right, heads, "no examples, one law")):
    ax.plot(x[:300], y[:300], "o", ms=2.5, color="gray")
    ax.plot(at, network(at).detach(), lw=3)
    ax.set(xlabel="x", title=title)
left.set(ylabel="y")
plt.show()

# %% [markdown]
# On the right the two outputs follow the two branches, only close to $x = 0$ do they keep a gap (we shall see why). On the left, the answer of the method that most of this book relies on: a curve that keeps away from every example it was shown. It is not a bad optimum, it is the *best* one. For a function $f$,
#
# $$ \mathbb{E}\bigl[(f(x) - y)^2 \mid x\bigr] = \bigl(f(x) - \mathbb{E}[y \mid x]\bigr)^2 + \operatorname{var}(y \mid x) , $$
#
# so the minimiser is the **conditional mean** (条件均值). If the upper branch has the probability $p$, then
#
# $$ f(x) = p\sqrt x - (1 - p)\sqrt x = (2p - 1)\sqrt x, \qquad \mathbb{E}_x[\operatorname{var}(y \mid x)] = \int_0^1 4p(1 - p)\,x\,dx = 2p(1 - p) . $$
#
# For a fair coin that is the line $f = 0$ with a mean square error of $\tfrac12$; for a loaded one it is another parabola, on which there are no examples either. More data make it *more certain* to be wrong:

# %%
for share in (0.5, 0.75):
    off, theory = {}, two_valued.least_risk(share)
    for n in (30, 3000):
        data = two_valued.draw_two_valued(n, generator, share_above=share)
        network = two_valued.small_network(1, seed=1)
        loss = two_valued.train(network, torch.nn.MSELoss(), data, iterations=20)[-1]
        off[n] = (network(at) - two_valued.conditional_mean(at, share)).square().mean().sqrt().item()
        print(f"p = {share}, {n:4d} examples: {off[n]:.3f} from the mean, loss {loss:.3f} (theory {theory})")
    assert off[3000] < min(off[30], 0.06)
    assert abs(loss - theory) < 0.03

# %% [markdown]
# A wiser loss could predict a *distribution* (Bishop's mixture density network does), and would need the examples to say what shape it has. But we know something better than examples. We know the equation.
#
# ### The residual
#
# Put the network's answer into the equation and see what is left over: the **residual** (残差) $r = y^2 - x$. It can be computed for *any* $y$ at any $x$, no label needed. Train one output to make it small:
#
# $$ L = \frac1B \sum_x \bigl(y(x)^2 - x\bigr)^2 \qquad \text{over } B \text{ places } x . $$

# %%
show_source(two_valued.residual_loss, two_valued.vieta_loss)

# %%
alone, both = [], []
for seed in range(6):
    network = two_valued.small_network(1, seed)
    two_valued.train(network, two_valued.residual_loss, at)
    alone.append(network(at).detach())
    network = two_valued.small_network(2, seed)
    two_valued.train(network, two_valued.residual_loss, at)
    both.append(network(at).detach()[-1].sign().int().tolist())
print("one head, y(1):", [round(float(found[-1]), 2) for found in alone])
print("two heads that do not know of each other, signs:", both)
assert all(abs(abs(float(found[-1])) - 1) < 0.05 for found in alone)

# %% [markdown]
# One head finds *one* branch, cleanly, and which one is a matter of its random beginning. Two heads, each with its own residual, are two coins: in some runs they part, in others they land on the same branch. Nothing in the loss keeps them apart. What could?
#
# **Vieta's formulas** (韦达定理). We want the *pair*, so write down a law for the pair. If $y_1, y_2$ are both roots, then $t^2 - x = (t - y_1)(t - y_2)$ for all $t$, and comparing coefficients,
#
# $$ y_1 + y_2 = 0, \qquad y_1 y_2 = -x . $$
#
# Two heads on one branch have the sum $\pm 2\sqrt x$ and are expelled. Where do the heads go if they start together at zero, as a symmetric network would? At $y_1 = y_2 = 0$ the gradient of $(y_1 + y_2)^2 + (y_1 y_2 + x)^2$ vanishes, and the Hessian is
#
# \begin{align}
# H = \begin{pmatrix} 2 & 2 + 2x \\ 2 + 2x & 2 \end{pmatrix}, \qquad \text{eigenvalues } 4 + 2x \text{ along } (1, 1), \quad -2x \text{ along } (1, -1) .
# \end{align}
#
# A saddle (鞍点). The sum is pulled to zero at once and the difference is pushed open, at a speed that dies away at $x = 0$, where the two roots become one. It works in all six runs:

# %%
parted = []
for seed in range(6):
    network = two_valued.small_network(2, seed)
    two_valued.train(network, two_valued.vieta_loss, at)
    parted.append(network(at).detach())
print("Vieta, y(1):", [[round(v, 2) for v in found[-1].tolist()] for found in parted])
assert all(float(found[-1].prod()) < -0.9 for found in parted)

# %% [markdown]
# (There are other ways to keep two answers apart. One is to make the first repel the second; we shall need it when the law is a differential equation and has no Vieta.)
#
# ### What a small residual does not say
#
# How far is the network from the true root? From $r = y^2 - x = (y - \sqrt x)(y + \sqrt x)$,
#
# $$ |y - \sqrt x| = \frac{|r|}{y + \sqrt x} \approx \frac{|r|}{2\sqrt x} \quad \text{but} \quad |y| = \sqrt{|r|} \ \text{ at } x = 0 . $$
#
# Where the two roots meet, the error is the *square root* of the residual. A residual of $10^{-4}$ may be an error of $10^{-2}$.

# %%
r = (parted[0] ** 2 - at).abs().amax(1).numpy()
error = (parted[0].abs() - at.sqrt()).abs().amax(1).numpy()
near, far = at[:, 0].numpy() < 0.02, at[:, 0].numpy() > 0.3
print(f"x < 0.02: residual up to {r[near].max():.1e}, error up to {error[near].max():.1e}")
print(f"x > 0.3:  residual up to {r[far].max():.1e}, error up to {error[far].max():.1e}")
assert error[near].max() > 3 * r[near].max()
assert error[far].max() < r[far].max()

# %% [markdown]
# Finally let the network speak about negative $x$, where there is no real answer. The residual there is at least $|x|$, whatever $y$: the best that can be done is $y = 0$. And so the network that is trained by the law reports by itself where the law cannot be kept.

# %%
wide = torch.linspace(-1, 1, 201, dtype=torch.float64)[:, None]
network = two_valued.small_network(1, seed=0)
two_valued.train(network, two_valued.residual_loss, wide)
left_over = (network(wide).detach() ** 2 - wide)[:, 0].abs()
without = wide[:, 0] < -0.1
excess = float((left_over + wide[:, 0])[without].abs().max())
print(
    f"x < -0.1: the residual is |x| up to {excess:.3f}; x > 0.1: at most {float(left_over[wide[:, 0] > 0.1].max()):.3f}"
)
assert excess < 0.05
assert float(left_over[wide[:, 0] > 0.1].max()) < 0.09

# %% [markdown]
# Keep four things in mind, because all of them come back: the law picks *a* solution, not all; something must keep several apart; where solutions meet, small residuals hide large errors; and where there is none, the residual stays positive and says so.
#
# ## Physics as a term of the loss
#
# The laws of physics are mostly differential equations, and a differential equation alone has too many solutions. What chooses one, **initial conditions** (初始条件) and **boundary conditions** (边界条件), becomes further terms. Take a rod with cold ends,
#
# $$ u_t = \kappa u_{xx}, \qquad u(0, x) = \sin \pi x, \qquad u(t, 0) = u(t, 1) = 0, $$
#
# with the conductivity $\kappa = 0.1$ and a thermometer at its middle. The **physics-informed loss** is a sum of four mean squares (a bar is the mean over points),
#
# $$ L = \underbrace{\overline{(u_t - \kappa u_{xx})^2}}_{\text{residual}} + \underbrace{\overline{(u(0, x) - \sin \pi x)^2}}_{\text{initial}} + \underbrace{\tfrac12\,\overline{u(t, 0)^2} + \tfrac12\,\overline{u(t, 1)^2}}_{\text{boundary}} + \underbrace{\overline{(u(t_i, x_i) - u_i)^2}}_{\text{data}} , $$
#
# where $u_i$ is what the thermometer read at $(t_i, x_i)$ and the derivatives come from automatic differentiation. No matter who computes $u$, a network or a formula, the terms can be evaluated.

# %%
show_source(heat_terms.heat_residual, heat_terms.heat_terms)

# %%
t_in, x_in, t_wall = torch.rand(3, 400, generator=generator, dtype=torch.float64)
t_seen, middle = torch.linspace(0, 1, 11, dtype=torch.float64), torch.full((11,), 0.5, dtype=torch.float64)
points = {
    "inside": torch.stack([t_in, x_in], 1),
    "at_start": x_in,
    "at_walls": t_wall,
    "data": torch.stack([t_seen, middle, heat_terms.heat_solution(t_seen, middle)], 1),
}

# %% [markdown]
# Is each term zero at the exact solution, and is each of them needed? Six candidates, and what the four terms say about them:

# %%
exact, wave = heat_terms.heat_solution, lambda x: torch.sin(2 * math.pi * x)
candidates = {
    "the solution": exact,
    "nothing at all": lambda t, x: 0 * t,
    "twice as hot": lambda t, x: 2 * exact(t, x),
    "a warm room": lambda t, x: exact(t, x) + 0.3,
    "wrong conductivity": lambda t, x: exact(t, x, 0.2),
    "a growing wave": lambda t, x: exact(t, x) + 0.3 * t * wave(x),
}
terms = np.array([[term.item() for term in heat_terms.heat_terms(u, **points)] for u in candidates.values()])

# %% mystnb={"image": {"alt": "A table of coloured cells, six candidate functions by four terms of the loss, with the value in each cell. The row of the exact solution is zero in all four columns. Every other row has zeros in some columns and clearly positive values in others; the growing wave is zero everywhere except in the residual."}}
fig, ax = plt.subplots(figsize=(6.4, 3))
ax.imshow(np.log10(terms + 1e-4), cmap="Blues", vmin=-4, vmax=1, aspect="auto")
for (i, j), value in np.ndenumerate(terms):
    ax.text(j, i, "0" if value < 1e-20 else f"{value:.3f}", ha="center", va="center")
ax.set(xticks=range(4), xticklabels=heat_terms.HeatTerms._fields, yticks=range(6), yticklabels=candidates)
ax.grid(False)
plt.show()

# %%
assert (terms[0] < 1e-20).all()
assert (terms[1:].max(axis=1) > 0.01).all()
for blind, column in (("nothing at all", "residual"), ("twice as hot", "residual"), ("wrong conductivity", "initial")):
    print(f"{blind}: {column} {terms[list(candidates).index(blind)][heat_terms.HeatTerms._fields.index(column)]:.1e}")
    assert terms[list(candidates).index(blind)][heat_terms.HeatTerms._fields.index(column)] < 1e-20
assert (terms[5, 1:] < 1e-20).all()

# %% [markdown]
# Read the rows. The residual is perfectly content with *nothing at all*, which is the favourite solution of careless PINNs, and with a rod twice as hot. The initial term cannot see a wrong conductivity. The last row passes the start, both walls and the thermometer, for the wave happens to vanish at the middle: only
# the residual objects. The first three terms together have one common zero, the solution. So what are data for? Two things: they can stand in for a condition that nobody knows, and they can find what is unknown *in the equation*. The next example does both.
#
# ## Beyond the data
#
# A weight on a spring, with friction, $x'' + 2\gamma x' + \omega^2 x = 0$: $\gamma$ measures the friction, $\omega$ is the frequency that it would have without. We measure its position two dozen times, with a little noise, over the first third of the time that interests us. There is no initial condition, since nobody saw the start exactly.

# %%
gamma, omega, horizon, noise = 0.15, 2.0, 12.0, 0.05

rngs = [np.random.default_rng(seed) for seed in range(5)]
law = {"gamma": gamma, "omega": omega, "noise": noise}
measured = [oscillator.measure_oscillation(24, horizon / 3, rng, **law) for rng in rngs]

# %% [markdown]
# The network is a single layer of 24 tanh units, small enough that its two derivatives and all their slopes in the weights can be written out by hand. Its loss has a term for the $M$ measurements $x_m$, in units of their noise $\sigma$, and one for the law,
#
# $$ L = \frac1M \sum_m \Bigl(\frac{x(t_m) - x_m}{\sigma}\Bigr)^2 + \beta^2\; \overline{(x'' + 2\gamma x' + \omega^2 x)^2} , $$
#
# the mean of which runs over a hundred points of *all* the time, also where nobody measured. It is a sum of squares, and sums of squares have an optimiser of their own, the **Levenberg–Marquardt method** (莱文贝格–马夸特法): replace every residual by its tangent, solve the linear least-squares problem that results, and go only part of the way when the tangent cannot be trusted. (Larger networks,
# automatic differentiation and other optimisers are what the rest of the chapter is about.)

# %%
show_source(jet, docstring="none")

# %% [markdown]
# We fit it three times to the same measurements, and all that for five draws of noise. Once to data alone, $\beta = 0$. Once to data and law, $\beta = 30$, the two coefficients of which are unknown and fitted along with the weights. And once to data and a *wrong* law, that of a spring without friction, $\gamma = 0$, with $\beta = 100$ so that it is obeyed. The misfit that is printed is the square root of the first term.

# %%
options = {"horizon": horizon, "noise": noise}
fits = {"data": [], "data and law": [], "data and wrong law": []}
for rng, (t, seen) in zip(rngs, measured):
    fits["data"].append(oscillator.fit_oscillator(t, seen, **options, rng=rng, physics=0.0))
    fits["data and law"].append(oscillator.fit_oscillator(t, seen, **options, rng=rng, physics=30.0))
    fits["data and wrong law"].append(
        oscillator.fit_oscillator(t, seen, **options, rng=rng, physics=100.0, law=(0.0, omega))
    )

# %% mystnb={"image": {"alt": "Three panels, position against time from 0 to 12, measurements as dots up to time 4, the true oscillation as a black dotted line. Left, data alone: five curves pass the measurements, wriggle between them, and beyond them fly off. Middle, data and law: five curves follow the true oscillation to the end. Right, wrong law: the curves go on swinging without decay."}}
fig, axes = plt.subplots(1, 3, figsize=(8, 2.8), sharey=True)
grid = np.linspace(0, horizon, 400)
for ax, (name, found) in zip(axes, fits.items()):
    for fit in found:
        ax.plot(grid, fit.position(grid), lw=1.2)
    ax.plot(grid, oscillator.damped_oscillation(grid, gamma, omega), "k:", lw=1.5)
    ax.plot(*measured[0], "o", ms=3, color="gray")
    ax.set(xlabel="time (s)", title=name, ylim=(-2, 2))
axes[0].set(ylabel="position (m)")
plt.show()

# %%
beyond = grid > horizon / 3
truth = oscillator.damped_oscillation(grid[beyond], gamma, omega)
wrong = {name: [np.sqrt(np.mean((f.position(grid[beyond]) - truth) ** 2)) for f in fits[name]] for name in fits}
for name, errors in wrong.items():
    misfit = np.mean([f.misfit for f in fits[name]])
    print(f"{name}: error beyond the data {np.min(errors):.3f} to {np.max(errors):.3f}; misfit {misfit:.2f} sigma")
print("friction found:", [round(f.gamma, 3) for f in fits["data and law"]], "true:", gamma)
assert max(wrong["data and law"]) < 0.5 * min(wrong["data"])
assert max(wrong["data and law"]) < 0.5 * min(wrong["data and wrong law"])
assert np.mean([f.misfit for f in fits["data"]]) < np.mean([f.misfit for f in fits["data and law"]])
assert all(abs(f.gamma - gamma) < 0.1 for f in fits["data and law"])

# %% [markdown]
# The network with data alone has the *smallest* misfit of the three, less than the noise, since it fits the noise too; between its points it wriggles, and beyond the last one it is worthless, for the sum of tanh units goes wherever it happens to point. The law carries the curve to the end of the time, and tells us the friction besides, though
# nobody measured a friction. This is an **inverse problem** (反问题), and it came for free.
#
# The third panel is a warning. A wrong law makes a forecast that looks as confident as a right one. But look at the misfit: it is well above one standard deviation of the noise. Data and law pull in different directions, and that tension is visible. Whenever a physics-informed network cannot fit its data to
# within their noise, doubt the physics.

# %%
tension = [f.misfit for f in fits["data and wrong law"]]
print("misfit under the wrong law, in sigma:", np.round(tension, 2))
assert np.mean(tension) > 1.3 * np.mean([f.misfit for f in fits["data and law"]])

# %% [markdown]
# ## When the law has several solutions
#
# ### The pitchfork
#
# Descend the residual of $y^2 = x$ at one place, by gradient flow on $\tfrac14 (y^2 - x)^2$:
#
# $$ \frac{dy}{d\tau} = -\,y\,(y^2 - x) = x\,y - y^3 . $$
#
# With $\mu$ for $x$ and $x$ for $y$ this is $\dot x = \mu x - x^3$, a famous equation of the theory of **bifurcations** (分岔), of changes in the number or the stability of solutions: the **pitchfork** (叉形分岔). For $\mu < 0$ everything falls to zero. For $\mu > 0$ the zero state becomes unstable and two new ones appear, $\pm\sqrt\mu$.
# The parabola at the top of this page is two of the three prongs of the pitchfork, the stable ones, and the line of the left network is the third, from which training by the residual falls away to either side. We did not plan that when we chose the examples.
#
# As a law in time it is a slide downhill on $V(x) = -\tfrac12 \mu x^2 + \tfrac14 x^4$, and it can be solved exactly,
#
# $$ x(t) = \frac{x_0 e^{\mu t}}{\sqrt{1 + x_0^2 (e^{2\mu t} - 1)/\mu}} . $$
#
# Both valleys are within reach: the sign of $x_0$ decides. Give a network of twenty units the residual at a hundred points and the initial value, $L = \overline{(\dot x - \mu x + x^3)^2} + (x(0) - x_0)^2$, with $\mu = 1$ and $x_0 = \pm 0.3$, and let the time be short or long:

# %%
outcomes = {}
for T in (4.0, 16.0):
    grid = np.linspace(0, T, 400)
    for seed in range(6 if T < 5 else 12):
        sign = 1 if seed % 2 == 0 else -1
        fit = pitchfork.fit_pitchfork(0.3 * sign, T, np.random.default_rng(seed))
        path = sign * jet(fit.weights, grid).value
        right = np.abs(path - pitchfork.pitchfork_solution(grid, 0.3)).max() < 0.01
        outcomes.setdefault(T, []).append((right, fit.loss, path, sign, fit.weights))

# %%
detour = pitchfork.loss_of_a_detour(0.3, 1.0, 16.0)
for T, runs in outcomes.items():
    print(f"T = {T:.0f}: {sum(run[0] for run in runs)} of {len(runs)} right; losses", [f"{run[1]:.1e}" for run in runs])
trapped = [run for run in outcomes[16.0] if abs(run[1] / detour - 1) < 0.05]
print(f"theory of the trap: {detour:.2e}; {len(trapped)} runs within 5 % of it")
assert all(run[0] for run in outcomes[4.0])
assert sum(run[0] for run in outcomes[16.0]) <= 7
assert len(trapped) >= 3

# %% mystnb={"image": {"alt": "Position against time from 0 to 16. The true solution, a thick grey line, climbs from 0.3 to 1 within about four time units and stays. A few of the thin lines follow it; most bend down instead to zero, where they stay for long, and some fall late towards minus one; one or two follow the solution for a while and then drop to zero in a vertical leap."}}
fig, ax = plt.subplots(figsize=(6.4, 3))
ax.plot(grid, pitchfork.pitchfork_solution(grid, 0.3), color="lightgray", lw=7, label="solution")
for right, _, path, *_ in outcomes[16.0]:
    ax.plot(grid, path, lw=1.2, color=plot.PALETTE[2 if right else 1])
ax.plot([], [], color=plot.PALETTE[2], label="network, right")
ax.plot([], [], color=plot.PALETTE[1], label="network, wrong")
ax.set(xlabel="time", ylabel="x, upwards from the start")
ax.legend(loc="center right", bbox_to_anchor=(1, 0.68))
plt.show()

# %% [markdown]
# Over a short time every network is right, on both branches. Over a long one most are wrong, and they are wrong in the same way: they leave the start in the wrong direction, settle on the ridge at zero, where the solution would never rest, and stay there, some to the end and some until they slide into the other valley. It *costs nothing* to
# stay, since $x = 0$ satisfies the law. **The residual does not know about stability.**
#
# And it costs little to get there. Write $f = -V'$ for the right side. Then $(\dot x - f)^2 = (\dot x + f)^2 - 4 f \dot x$, and the last term integrates to a difference of heights, so that for any path from $x_0$ up to the ridge
#
# $$ \int_0^T (\dot x - f)^2\,dt = \int_0^T (\dot x + f)^2\,dt + 4\bigl(V(0) - V(x_0)\bigr) \;\ge\; 4\bigl(V(0) - V(x_0)\bigr), $$
#
# with equality for the motion run *backwards in time*. The mean residual of the false solution is therefore $4\,\Delta V / T$: **the longer the time, the cheaper the lie.** (The price is known from elsewhere: Freidlin and Wentzell found it as the exponent for noise to kick a system out of its valley. And for a start close to the ridge, says Rohrhofer's study of such traps, the false solution can
# become the better one.) The network can save a little by starting too low, at $a$ instead of $x_0$. The best compromise, $\min_a 4(V(0) - V(a))/T + (a - x_0)^2$, predicts the loss of the trapped runs to a few per cent: it is the "theory of the trap" printed above.
#
# Some of the others have a loss that is far smaller and are wrong all the same. Their secret is in the collocation points: with a hundred of them over sixteen time units, a steep tanh unit can leap from one solution to another *between two points*, where nobody looks: the vertical lines of the figure.

# %%
times, fine = gauss_points(100, 16.0)[0], np.linspace(0, 16, 20_001)
for right, loss, _, _, weights in outcomes[16.0]:
    seen, real = pitchfork.largest_residual(weights, times), pitchfork.largest_residual(weights, fine)
    print(
        "right" if right else "wrong",
        f"loss {loss:.1e}; largest residual at the points {seen:.1e}, anywhere {real:.1e}",
    )
    assert right or real > 0.1

# %% [markdown]
# Looked at closely, no wrong run survives. Two habits follow. Check the residual where it was *not* trained. And go through long times piece by piece, as nature does: solve up to $T = 4$, use that as the start for the next piece. The chapter returns to this under the name of causality.
#
# ### Bratu's problem: two, one, none
#
# A slab of a material that heats itself the more, the hotter it is, between two cold walls; $u$ is the temperature above theirs, $\lambda$ the strength of the reaction:
#
# $$ u'' + \lambda e^u = 0, \qquad u(0) = u(1) = 0 . $$
#
# For a boundary value problem it is remarkably friendly, for it has a closed solution,
#
# $$ u(x) = -2 \ln \frac{\cosh\bigl((x - \tfrac12)\,\theta/2\bigr)}{\cosh(\theta/4)}, \qquad \theta = \sqrt{2\lambda}\, \cosh(\theta/4), $$
#
# provided that the second equation has a root. With $z = \theta/4$ it says $\lambda = 8z^2/\cosh^2 z$, a curve that rises, turns and falls. Its derivative vanishes where $z \tanh z = 1$, and since $1/\cosh^2 z = 1 - \tanh^2 z = 1 - 1/z^2$ there,
#
# $$ \boxed{\;\lambda^* = 8\,(z^2 - 1), \qquad z \tanh z = 1\;} $$
#
# Below the **fold** (折叠分岔) $\lambda^*$ there are two solutions, a mild one and a hot one; above it there is none: no steady state, the slab explodes.

# %%
fold, theta_fold = bratu_fold()
print(f"fold: lambda* = {fold:.9f}, height there {2 * np.log(np.cosh(theta_fold / 4)):.6f}")
for branch in ("lower", "upper"):
    print(f"lambda = 2, {branch}: height {bratu_solution(0.5, 2.0, branch):.6f}")

# %% [markdown]
# Now a network, with the boundary values built in, $u = x(1 - x)\,N(x)$, where $N$ is a layer of twelve tanh units, and only the residual to minimise. It begins as a parabola of some height.

# %%
show_source(bratu_network.fit_bratu, docstring="none")

# %%
found = {"lower": {}, "upper": {}}
for lam, hot in {0.5: 5.5, 1.0: 4.5, 2.0: 3.0, 3.0: 2.0, 3.5: 1.5}.items():
    for branch, height in (("lower", 0.3), ("upper", hot)):
        starts = [bratu_network.start_at_height(height, np.random.default_rng(seed)) for seed in range(3)]
        fits_here = [bratu_network.fit_bratu(lam, start) for start in starts]
        found[branch][lam] = [(fit.profile([0.5])[0], fit.residual) for fit in fits_here]

# %%
for branch, rows in found.items():
    for lam, runs in rows.items():
        height = bratu_solution(0.5, lam, branch)
        off = np.sort([abs(run[0] - height) for run in runs])
        print(
            f"lambda = {lam}, {branch}: height {height:.4f}; {(off < 0.01).sum()} of 3 runs there, the best off by {off[0]:.0e}"
        )
        assert off[0] < 0.01

# %% [markdown]
# Both branches, from two different starts. But this was a matter of knowing where to start. Suppose that we know the lower solution $u_1$ and wonder whether there is another. There is no Vieta for differential equations, but there is what Vieta does: *divide by the root that is known*. **Deflation** (消减) multiplies the residual by
#
# $$ 1 + \frac{1}{\lVert u - u_1 \rVert^2}, $$
#
# which is infinite at $u_1$ and leaves all other zeros as they are. From the very same start:

# %%
rows = []
for seed in range(6):
    start = bratu_network.start_at_height(1.0, np.random.default_rng(seed))
    plain = bratu_network.fit_bratu(2.0, start)
    second = bratu_network.fit_bratu(2.0, start, away_from=plain.profile)
    rows.append((plain.profile([0.5])[0], second.profile([0.5])[0], second.residual))
print("plain:   ", [round(float(row[0]), 3) for row in rows])
print("deflated:", [round(float(row[1]), 3) for row in rows])
upper = bratu_solution(0.5, 2.0, "upper")
arrived = [abs(row[1] - upper) < 0.02 for row in rows]
assert all(abs(row[0] - bratu_solution(0.5, 2.0)) < 0.01 for row in rows)
assert sum(arrived) >= 4

# %%
starts = [bratu_network.start_at_height(0.0, np.random.default_rng(seed)) for seed in range(6)]
pushed = [bratu_network.fit_bratu(2.0, s, away_from=lambda x: bratu_solution(x, 2.0)) for s in starts]
print("from zero:", [(round(float(fit.profile([0.5])[0]), 2), f"{fit.residual:.0e}") for fit in pushed])
assert any(fit.residual > 1 for fit in pushed)

# %% [markdown]
# A push has a direction. Start *below* the known solution, and many runs are driven down, into a hollow at negative temperatures where no solution is. The residual of several units gives them away.
#
# ### Above the fold
#
# What does the network do where there is nothing to find? It finds the function that violates the law least. We should like to know how well it does, and that turns out to be a lovely piece of mathematics. At the fold there is a direction $w$ in which the solution can move without changing the residual to first order, $w'' + \lambda^* e^{u^*} w = 0$, with
# $w > 0$ inside and zero at the walls. Take *any* $u$ with the right boundary values, multiply its residual $r$ by $w$ and integrate by parts twice:
#
# $$ \int r\,w\,dx = \int (u'' + \lambda e^u)\,w\,dx = \int \bigl(\lambda e^u - \lambda^* e^{u^*} u\bigr)\,w\,dx . $$
#
# The bracket is, for every $x$, a convex function of the number $u$; it is least at $u = u^* + \ln(\lambda^*/\lambda)$. Put that in. What remains is $\lambda^* e^{u^*}\bigl(1 - u^* + \ln(\lambda/\lambda^*)\bigr)$, of which the first two terms integrate to zero (they are the same identity for $u^*$, whose residual vanishes). With the inequality of Cauchy and Schwarz,
#
# $$ \lVert r \rVert_2 \;\ge\; \lambda^* \ln\frac{\lambda}{\lambda^*} \cdot \frac{\int e^{u^*} w\,dx}{\lVert w \rVert_2} \;>\; 0 \qquad \text{for every } \lambda > \lambda^* . $$
#
# That is a proof that there is no solution above the fold, *and* a floor under the loss of every network that will ever try. How close does ours come?

# %%
beyond_fold, suspicious = {}, []
for lam in (3.52, 3.6, 3.8, 4.0, 5.0, 8.0):
    starts = [bratu_network.start_at_height(1.2, np.random.default_rng(seed)) for seed in range(3)]
    runs = [bratu_network.fit_bratu(lam, start) for start in starts]
    floor, beyond_fold[lam] = residual_floor(lam), min(run.residual for run in runs)
    suspicious += [(lam, run.seen, run.residual) for run in runs if run.seen < 0.999 * floor]
    print(f"lambda = {lam}: floor {floor:.5f}, network {beyond_fold[lam]:.5f}, {beyond_fold[lam] / floor:.4f} times")
    assert floor * (1 - 1e-6) < beyond_fold[lam] < 1.06 * floor
assert beyond_fold[3.52] < 1.005 * residual_floor(3.52)

# %%
for lam, seen, residual in suspicious:
    print(
        f"lambda = {lam}: a residual of {seen:.3f} in training, below the floor {residual_floor(lam):.3f}! Between the points too: {residual:.3f}"
    )
    assert residual > residual_floor(lam)
print(f"{len(suspicious)} of 18 runs claim to have beaten the proof")

# %% mystnb={"image": {"alt": "Two panels over lambda from 0 to 6. Left: height of the solution in the middle of the slab; a curve goes out along a low branch to the fold at 3.51 and comes back along a high one; dots of the networks lie on both branches. Right: root mean square residual; zero up to the fold, then a rising line of the floor with the networks' dots on it."}}
fig, (left, right) = plt.subplots(1, 2, figsize=(7, 3))
theta = np.linspace(0.01, 16, 500)
left.plot(bratu_lambda(theta), 2 * np.log(np.cosh(theta / 4)), label="exact")
dots = np.array([(lam, *run) for rows in found.values() for lam, runs in rows.items() for run in runs])
left.plot(dots[:, 0], dots[:, 1], "o", ms=5, label="networks")
left.set(xlabel="λ", ylabel="height u(1/2)", xlim=(0, 5.3), ylim=(0, 7))
line = np.linspace(0.1, 5.3, 300)
right.plot(line, [residual_floor(lam) for lam in line], label="floor (proved)")
right.plot(*zip(*[(lam, value) for lam, value in beyond_fold.items() if lam < 6]), "o", ms=5, label="networks")
right.plot(dots[:, 0], dots[:, 2], "o", ms=5, color=plot.PALETTE[1])
right.set(xlabel="λ", ylabel="r.m.s. residual")
left.legend()
right.legend()
plt.show()

# %% [markdown]
# We had expected a floor somewhere below the dots. The dots *stand* on it: close to the fold the network reaches the proved minimum to a few parts in ten thousand. Here minimising a residual is more than solving an equation. Newton's method would wander about and report nothing; the network comes back with the best compromise and with a number that says *there is no solution here*.
#
# And a proof is a good policeman. When a training run reports a residual *below* the floor, something impossible has happened, and we know the trick already: a steep unit leaps between two collocation points. The residuals in the table and in the figure are measured on a hundred times as many points as were trained, where no run gets away with it.
#
# A caution about the neighbourhood. At $\lambda = 3.52$ the least residual is only about 0.015. Without the theory one might take it for an imperfectly trained success. It is the square root of the parabola again: where two solutions merge, small residuals mean little.

# %%
near_fold = [(lam, bratu_solution(0.5, lam, "upper") - bratu_solution(0.5, lam)) for lam in (3.41, 3.51, 3.5137)]
for lam, gap in near_fold:
    print(
        f"lambda* - lambda = {fold - lam:.5f}: the two heights differ by {gap:.4f}; gap^2 / (lambda* - lambda) = {gap**2 / (fold - lam):.2f}"
    )
ratios = [gap**2 / (fold - lam) for lam, gap in near_fold]
assert max(ratios) / min(ratios) < 1.05

# %% [markdown]
# ## When the law cannot be followed
#
# In 1963 Edward Lorenz reduced convection to three equations,
#
# $$ \dot x = \sigma (y - x), \qquad \dot y = x(\rho - z) - y, \qquad \dot z = xy - \beta z, \qquad \sigma = 10, \ \rho = 28, \ \beta = \tfrac83, $$
#
# and found that they never repeat and cannot be forecast: **chaos** (混沌). Two nearby states separate, on average, like $e^{\lambda_1 t}$, where $\lambda_1$ is the largest **Lyapunov exponent** (李雅普诺夫指数). We measure the exponents along all three directions, over a crowd of independent states. Their sum is the rate at which volumes grow, the divergence of the field, which is known.

# %%
dt = 0.02
rng = np.random.default_rng(0)
crowd = rng.normal(size=(200, 3)) * 8 + [0, 0, 24]
crowd = lorenz.iterate(lambda s: lorenz.lorenz_map(s, 0.1), crowd, 200)[-1]
exponents = lorenz.lyapunov_exponents(crowd, 20.0)
rate = exponents[:, 0].mean()
print("exponents", exponents.mean(0).round(3), "with standard errors", (exponents.std(0) / np.sqrt(200)).round(3))
print(f"sum {exponents.sum(1).mean():.4f}, divergence of the field {-(10 + 1 + 8 / 3):.4f}")
print(f"an error doubles in {math.log(2) / rate:.2f} time units and grows tenfold in {math.log(10) / rate:.2f}")
assert abs(exponents.sum(1).mean() + 41 / 3) < 1e-3
assert abs(rate - 0.906) < 0.06

# %% [markdown]
# ### Where physics helps: the other wing
#
# The attractor has two wings, and a state circles in one for a while before it changes to the other. Suppose that we have only ever seen the *right* wing: pairs of states, 0.02 time units apart, with $x > 0$, without noise. One model is a network of 32 hidden units that learns the step from the pairs. The other is the formula above with three unknown constants, fitted to the same pairs.


# %%
flow = partial(lorenz.lorenz_map, time=dt, n_substeps=5)
orbit = lorenz.iterate(flow, crowd[0], 5000)
before, after = orbit[:-1], orbit[1:]
seen = before[:, 0] > 0
spread = orbit.std(axis=0)
constants = lorenz.recover_constants(before[seen], after[seen], dt)
print(f"{seen.sum()} pairs on the right wing; constants found:", constants.round(5))
assert np.abs(constants - lorenz.CLASSICAL).max() < 0.01

# %%
network = train_one_step_map(torch.from_numpy(before[seen]), torch.from_numpy(after[seen]), width=32, iterations=300)
with_law = partial(flow, constants=tuple(constants))
errors = {}
for name, step in (("network", network.advance), ("law", with_law)):
    errors[name] = [lorenz.one_step_error(step, before[wing], after[wing], spread) for wing in (seen, ~seen)]
    print(f"{name}: error of one step on the right wing {errors[name][0]:.1e}, on the left {errors[name][1]:.1e}")
assert errors["network"][0] < 0.005
assert errors["network"][1] > 20 * errors["network"][0]
assert errors["law"][1] < 1e-4

# %%
centre = np.array([math.sqrt(8 / 3 * 27), math.sqrt(8 / 3 * 27), 27.0])
start = before[np.linalg.norm(before - centre, axis=1).argmin()]
walks = {
    "seen": before[seen],
    "network": lorenz.iterate(network.advance, start[None], 2500)[:, 0],
    "law": lorenz.iterate(with_law, start[None], 2500)[:, 0],
}
together = np.abs((walks["network"] - walks["law"]) / spread).max(axis=1) < 0.4
print(
    f"network and law agree for {together.argmin() * dt:.1f} time units; first at x < 0: {(walks['law'][:, 0] < 0).argmax() * dt:.1f}"
)
print(
    f"share of the left wing on the law's walk {(walks['law'][:, 0] < 0).mean():.2f}, on the true orbit {(~seen).mean():.2f}"
)
assert 0.1 < (walks["law"][:, 0] < 0).mean() < 0.9
assert together.argmin() * dt > 1

# %% mystnb={"image": {"alt": "Three panels, z against x. Left: what was seen, the right wing of the Lorenz attractor only. Middle: the network's walk, which spirals on the right wing, crosses to the left and ends in a large loop far off the attractor. Right: the walk of the law with fitted constants, which draws both wings."}}
fig, axes = plt.subplots(1, 3, figsize=(8, 2.9), sharey=True)
for ax, (name, walk), colour in zip(axes, walks.items(), ("gray", *plot.PALETTE[1:3])):
    ax.plot(orbit[:, 0], orbit[:, 2], lw=0.3, color="#DDDDDD")
    ax.plot(walk[:, 0], walk[:, 2], "." if name == "seen" else "-", ms=1, lw=0.7, color=colour)
    ax.set(xlabel="x", title=name, xlim=(-32, 32), ylim=(-20, 60))
axes[0].set(ylabel="z")
plt.show()

# %%
late = walks["network"][1500:]
off_z = abs(late[:, 2].mean() - orbit[:, 2].mean()) / spread[2]
off_x = late[:, 0].std() / spread[0]
print(f"network, last part of its walk: mean z off by {off_z:.1f} spreads, spread of x {off_x:.2f} times the true one")
print(f"law: mean z {walks['law'][:, 2].mean():.2f}, true {orbit[:, 2].mean():.2f}")
assert off_z > 0.5 or abs(off_x - 1) > 0.3
assert abs(walks["law"][:, 2].mean() - orbit[:, 2].mean()) < 1.5

# %% [markdown]
# On its own wing the network is excellent, and for some four time units its walk cannot be told from the law's. They part at about the first change of wings, and on the other side the network is extrapolating, as the sum of tanh units did beyond the last measurement of the spring, and it goes astray. The law has never seen the left wing either. But its three numbers are the same on both sides, and the left wing was *in the formula* all the time.
# That is what a law is: a statement about places where nobody has been.
#
# ### Where it does not: the horizon
#
# So let the network see both wings, more units, more training. And give the law its data with noise, so that its constants are not perfect. And, as the best that anybody could ever have, take the true law with the true constants and a start that is wrong by some tiny amount. How long is each forecast valid, that is, within 0.4 standard deviations of the truth? If an error $\varepsilon$ grows like $e^{\lambda_1 t}$, then
#
# $$ T(\varepsilon) \approx \frac{1}{\lambda_1} \ln \frac{0.4}{\varepsilon} . $$

# %%
begin, sizes = crowd[:50], 10.0 ** -np.arange(1, 14, 3)
push = rng.normal(size=(5, *begin.shape))
push *= sizes[:, None, None] * spread / np.sqrt(np.mean(push**2, axis=2, keepdims=True))
truth, *twins = np.moveaxis(lorenz.iterate(flow, np.stack([begin, *(begin + push)]), 2000), 1, 0)
valid = [lorenz.valid_time(twin, truth, spread, dt).mean() for twin in twins]
horizons = {"law, start slightly wrong": list(zip(sizes, valid))}
horizons |= {"law, constants from noisy data": [], "network, data alone": []}

# %%
for level in (0.1, 1e-3, 1e-5, 1e-7):
    noisy = orbit + level * rng.normal(size=orbit.shape)
    fitted_law = partial(flow, constants=tuple(lorenz.recover_constants(noisy[:-1], noisy[1:], dt, n_substeps=5)))
    forecast = lorenz.iterate(fitted_law, begin, 1700)
    error = lorenz.one_step_error(fitted_law, before, after, spread)
    valid = lorenz.valid_time(forecast, truth[:1701], spread, dt).mean()
    horizons["law, constants from noisy data"].append((error, valid))

# %%
climate = {}
for width, iterations in ((8, 100), (16, 200), (32, 300), (48, 400)):
    pairs = torch.from_numpy(before[::4]), torch.from_numpy(after[::4])
    network = train_one_step_map(*pairs, width=width, iterations=iterations)
    forecast = lorenz.iterate(network.advance, begin, 600)
    valid = lorenz.valid_time(forecast, truth[:601], spread, dt).mean()
    horizons["network, data alone"].append((lorenz.one_step_error(network.advance, before, after, spread), valid))
    climate[width] = lorenz.iterate(network.advance, begin[:20], 2000)[500:].reshape(-1, 3)

# %% mystnb={"image": {"alt": "Valid time of the forecast, from 0 to 35 time units, against the error on a logarithmic axis from 0.1 down to ten to the minus fourteen. Three sets of points, all rising along parallel straight lines of about two and a half time units per power of ten: the law with a slightly wrong start, the law with constants from noisy data, and, crowded at the lower end, four networks trained by data alone."}}
fig, ax = plt.subplots(figsize=(6.4, 3.2))
for (name, rows), marker in zip(horizons.items(), "os^"):
    ax.semilogx(*zip(*rows), marker, ms=6, label=name)
size = np.array([1e-13, 1e-1])
ax.semilogx(size, np.log(0.4 / size) / rate, "k--", lw=1, label=r"$\ln(0.4/\varepsilon)/\lambda_1$")
ax.set(xlabel="error ε, of the start or of one step (spreads)", ylabel="valid time (time units)")
ax.invert_xaxis()
ax.legend(fontsize=8)
plt.show()

# %%
slopes = {}
for name, rows in horizons.items():
    slopes[name] = -np.polyfit(np.log10([row[0] for row in rows]), [row[1] for row in rows], 1)[0]
    print(name, "; ".join(f"{size:.0e}: {valid:.1f}" for size, valid in rows), f"; {slopes[name]:.2f} per power of ten")
print(f"theory: {math.log(10) / rate:.2f} time units for each power of ten")
for digits in (16, 32):
    print(f"a start that is right to {digits} digits: {math.log(0.4 * 10.0**digits) / rate:.0f} time units")
assert all(0.8 < slopes[name] < 5 for name in slopes)
assert abs(slopes["law, start slightly wrong"] - math.log(10) / rate) < 0.4
assert max(valid for _, valid in horizons["network, data alone"]) < horizons["law, constants from noisy data"][1][1]

# %% [markdown]
# Read the slope. **Ten times the accuracy buys two and a half time units**, three or four turns in a wing, for anybody. Going from the network to the fitted law bought many powers of ten at once, and so a horizon several times as long; that is what physics is good for. But the dots all climb parallel lines. With the true law and the sixteen decimal digits of double precision, the end of the world is at some
# forty time units, as printed; a computer with 32 digits would see as far again. Constants or networks that err in *every* step lie somewhat below the line, because their errors go on being fed.
#
# What is left beyond the horizon? Not the state, but the statistics: which values of $z$ occur how often. For these the networks are not bad at all, and the reason is that they are asked about places where they have been.

# %%
for width, walk in climate.items():
    gap = [abs(walk[:, 2].mean() - orbit[:, 2].mean()), abs(walk[:, 2].std() - orbit[:, 2].std())]
    print(f"network, {width} units: mean of z {walk[:, 2].mean():.2f}, spread {walk[:, 2].std():.2f}")
print(f"truth: mean of z {orbit[:, 2].mean():.2f}, spread {orbit[:, 2].std():.2f}")
assert max(gap) < 1.5

# %% [markdown]
# Here is the same in motion: four hundred states inside a ball whose radius is a thousandth of the attractor's spread. For seven time units or so they travel as one point. Then one goes round once more where its neighbour changes wings.

# %%
ball = rng.normal(size=(400, 3))
ball = orbit[0] + 1e-3 * spread * ball / np.linalg.norm(ball, axis=1, keepdims=True)
clouds = lorenz.iterate(lambda s: lorenz.lorenz_map(s, 0.5, n_substeps=50), ball, 32)
width = clouds.std(axis=1).max(axis=1)
together = 0.5 * (width > 2).argmax()
print(
    f"the cloud is wider than 2 after {together:.1f} time units; at the end {float((clouds[-1][:, 0] > 0).mean()):.0%} are on the right"
)
assert 3 < together < 15
assert 0.15 < float((clouds[-1][:, 0] > 0).mean()) < 0.85


# %%
def show_cloud(k):
    dots.set_data(clouds[k][:, 0], clouds[k][:, 2])
    ax.set_title(f"t = {0.5 * k:.1f}")


fig, ax = plt.subplots(figsize=(5, 3.4))
ax.plot(orbit[:, 0], orbit[:, 2], lw=0.3, color="#DDDDDD")
(dots,) = ax.plot([], [], "o", ms=2.5, color=plot.PALETTE[1])
ax.set(xlabel="x", ylabel="z")
spreading = "A cloud of 400 states moves as a single dot over the Lorenz attractor for about seven time units, is drawn out to a thread, and at last covers both wings."
plot.animate(show_cloud, len(clouds), fig, interval=200, alt=spreading, dpi=80)

# %% [markdown]
# No law, no network and no computer can say where one of these dots is at the end: a question about the *start* to a precision that nobody has. A physics-informed network can solve the Lorenz equations over a few time units to many digits. Over forty, a residual that is zero to the last bit still leaves the state free.
#
# ## Checked against
#
# Four results by other means: Bratu's solutions by SciPy's boundary value solver, and its fold by the classical method, pseudo-arclength continuation, which follows the curve of solutions of a finite difference scheme round the corner.

# %%
mesh = np.linspace(0, 1, 21)
for branch in ("lower", "upper"):
    guess = np.vstack([4 * bratu_solution(0.5, 2.0, branch) * mesh * (1 - mesh), 0 * mesh])
    peer = solve_bvp(
        lambda x, s: np.vstack([s[1], -2.0 * np.exp(s[0])]), lambda a, b: [a[0], b[0]], mesh, guess, tol=1e-9
    )
    difference = np.abs(peer.sol(mesh)[0] - bratu_solution(mesh, 2.0, branch)).max()
    print(f"solve_bvp, {branch} branch: largest difference {difference:.0e} from the formula")
    assert difference < 1e-6

# %%
for n in (15, 31, 63):
    _, lam = follow_branch(bratu_equations(n), np.zeros(n), 0.0, step=0.05, n_steps=600)
    print(
        f"continuation, {n} points: fold at {lam.max():.5f}, off by {lam.max() - fold:+.5f}; it ends at {lam[-1]:.3f}"
    )
assert abs(lam.max() - fold) < 0.003
assert lam[-1] < 1

# %% [markdown]
# Then the friction, by fitting the *formula* of the damped oscillation with `curve_fit`, and the flow of Lorenz by a Runge–Kutta method of order eight.


# %%
for fit, (t, position) in zip(fits["data and law"], measured):
    best, covariance = curve_fit(oscillator.damped_oscillation, t, position, p0=(0.2, 1.8, 1.0, 0.0))
    print(f"friction: network {fit.gamma:.3f}, formula {best[0]:.3f} ± {np.sqrt(covariance[0, 0]):.3f}")
    assert abs(fit.gamma - best[0]) < 2 * np.sqrt(covariance[0, 0])

# %%
peer = solve_ivp(
    lambda t, s: lorenz.lorenz_field(s), (0, 10), orbit[0], method="DOP853", rtol=1e-12, atol=1e-12, t_eval=[1, 10]
)
ours = lorenz.iterate(lambda s: lorenz.lorenz_map(s, dt), orbit[0], 500)[[50, 500]]
apart = np.abs(peer.y.T - ours).max(axis=1)
print(
    f"DOP853 and ours: {apart[0]:.0e} apart after 1 time unit, {apart[1]:.0e} after 10; e^(9 λ) = {math.exp(9 * rate):.0f}"
)
assert apart[0] < 1e-6
assert apart[1] < 0.1

# %% [markdown]
# The friction found by the network is the formula's to within its statistical error. This is worth saying plainly: for *this* problem the network was a roundabout way to a four-parameter fit, and whoever has the formula should use it. The network earns its keep where there is none. And the two integrators, both good to many digits, come apart by exactly the law of the last figure.
#
# ## Exercises
#
# 1. For which loss would the best single answer to the two-valued data *be* a branch? Try the mean absolute error with $p = 0.75$.
#    <details><summary>Hint</summary>
#
#    The absolute error is least at the conditional median, which for two values is the more frequent one. With a fair coin every value in between is as good.
#
#    </details>
# 2. Derive the Hessian of the Vieta loss at $y_1 = y_2 = 0$. What would three heads for $y^3 = x^2 y$ need?
#    <details><summary>Hint</summary>
#
#    Three coefficients: $y_1 + y_2 + y_3 = 0$, $y_1 y_2 + y_1 y_3 + y_2 y_3 = -x^2$, $y_1 y_2 y_3 = 0$.
#
#    </details>
# 3. Find a function that makes the residual, boundary and data terms of the rod zero, but not the initial one.
#    <details><summary>Hint</summary>
#
#    Add the second mode, $e^{-4\kappa\pi^2 t} \sin 2\pi x$, with the thermometer at the middle.
#
#    </details>
# 4. Let `physics` in the oscillator go from 0.1 to 300. How do the misfit, the error beyond the data and the friction move?
#    <details><summary>Hint</summary>
#
#    A small weight is the left panel, a large one the four-parameter fit. In between the network may bend the law wherever there are no data.
#
#    </details>
# 5. Solve the pitchfork up to $T = 16$ by doubling: fit $T = 4$, rescale the weights to $T = 8$ as the `start`, and so on. How many of twelve seeds are right now?
#    <details><summary>Hint</summary>
#
#    The weights of the short solution extended to longer times are a start whose residual is already small, on the right branch.
#
#    </details>
# 6. Multiply Bratu's residual by $\sin \pi x$ instead of $w$. For which $\lambda$ does that prove that there is no solution?
#    <details><summary>Answer</summary>
#
#    $\int r \sin \pi x\,dx = \int (\lambda e^u - \pi^2 u) \sin \pi x\,dx$, whose bracket is at least $\pi^2 (1 + \ln(\lambda/\pi^2))$: positive for $\lambda > \pi^2/e \approx 3.63$. The mode $w$ closes the gap down to the fold.
#
#    </details>
# 7. Lorenz's equations do not change under $(x, y, z) \to (-x, -y, z)$. Add the mirrored pairs of the right wing to the network's data, or build the symmetry into the network. Does it now find the left wing?
#    <details><summary>Hint</summary>
#
#    A symmetry is a piece of physics too, and a cheap one. Watch what happens near $x = 0$.
#
#    </details>
# 8. How many decimal digits must the start have for a forecast of 100 time units?
#    <details><summary>Answer</summary>
#
#    Each digit is worth about 2.5 time units: some forty digits, *and* arithmetic of that many.
#
#    </details>
#
# ## Summary
#
# - Least squares answers with the conditional mean. For a relation with several values that is a value that never occurs, and more data do not help.
# - A law is used through its residual, which needs no examples. One output finds one solution; Vieta's relations, or deflation, keep several apart.
# - Residual, initial, boundary and data terms each see what the others miss; all are zero at the solution, and the residual alone is content with nothing at all.
# - With a law the network goes on where the data end, and finds unknown constants on the way. A wrong law shows in the misfit.
# - The residual knows nothing of stability, and nothing of what happens between its points. Over a time $T$ a false solution costs only $4\,\Delta V / T$.
# - Bratu's problem has two solutions, one, none; above the fold a proved floor, $\lambda^* \ln(\lambda/\lambda^*)$ times a constant, holds the residual up, and the networks stand on it.
# - In chaos the horizon grows with the logarithm of the accuracy. Physics moves us far along that line and never off it.
#
# ## Sources
#
# - Bishop (1994), Mixture density networks, [Aston University NCRG/94/004](https://publications.aston.ac.uk/id/eprint/373/).
# - Lagaris, Likas and Fotiadis (1998), Artificial neural networks for solving ordinary and partial differential equations, [doi:10.1109/72.712178](https://doi.org/10.1109/72.712178).
# - Raissi, Perdikaris and Karniadakis (2019), Physics-informed neural networks, [doi:10.1016/j.jcp.2018.10.045](https://doi.org/10.1016/j.jcp.2018.10.045).
# - Moré (1978), The Levenberg-Marquardt algorithm: implementation and theory, [doi:10.1007/BFb0067700](https://doi.org/10.1007/BFb0067700).
# - Rohrhofer, Posch, Gößnitzer and Geiger (2023), On the role of fixed points of dynamical systems in training physics-informed neural networks, [arXiv:2203.13648](https://arxiv.org/abs/2203.13648).
# - Freidlin and Wentzell (2012), Random Perturbations of Dynamical Systems, [doi:10.1007/978-3-642-25847-3](https://doi.org/10.1007/978-3-642-25847-3).
# - Strogatz (2015), Nonlinear Dynamics and Chaos, [doi:10.1201/9780429492563](https://doi.org/10.1201/9780429492563).
# - Ascher, Mattheij and Russell (1995), Numerical Solution of Boundary Value Problems for Ordinary Differential Equations, [doi:10.1137/1.9781611971231](https://doi.org/10.1137/1.9781611971231).
# - Farrell, Birkisson and Funke (2015), Deflation techniques for finding distinct solutions of nonlinear partial differential equations, [doi:10.1137/140984798](https://doi.org/10.1137/140984798).
# - Keller (1977), Numerical solution of bifurcation and nonlinear eigenvalue problems, in Applications of Bifurcation Theory, Academic Press.
# - Lorenz (1963), Deterministic nonperiodic flow, [doi:10.1175/1520-0469(1963)020<0130:DNF>2.0.CO;2](https://doi.org/10.1175/1520-0469%281963%29020%3C0130%3ADNF%3E2.0.CO%3B2).
# - Benettin, Galgani, Giorgilli and Strelcyn (1980), Lyapunov characteristic exponents, [doi:10.1007/BF02128236](https://doi.org/10.1007/BF02128236).
# - Pathak, Hunt, Girvan, Lu and Ott (2018), Model-free prediction of large spatiotemporally chaotic systems from data, [doi:10.1103/PhysRevLett.120.024102](https://doi.org/10.1103/PhysRevLett.120.024102).
