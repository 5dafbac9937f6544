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
# # From radial functions to physics-informed networks (从径向基到物理知识神经网络)
#
# [Kansa's collocation](kansa.ipynb) was a network with one layer of hills that stand still. It solved a linear equation by one linear system, with errors that fell exponentially, and it stopped where the matrix ran out of digits or the solution out of smoothness. In this section we let the
# hidden units move, put more layers on top of each other, and ask the same of them: satisfy the equation at some points. The linear system becomes a non-linear least-squares problem, and everything becomes more general and slower.
#
# How much more general, and how much slower? We state equations in the form in which they stand on paper, solve eleven of them, and measure all of them against exact or spectral solutions, against Kansa, against finite differences and against the most widely used library of this field. The answer will not be that networks win. On two of the test problems the older methods are hundreds of times faster. But we shall see what a network is good at, and one thing
# about it that nobody would guess who knows only its loss.
#
# **You need:** [Kansa's collocation](kansa.ipynb), [automatic differentiation](../backprop/automatic_differentiation.ipynb), a multilayer perceptron. How the training works inside is the subject of [second-order training](second_order_training.ipynb); here we use it.
#
# **Time to run:** see the [Execution](../execution.md) page. Small problems are solved here, on one core; longer runs are read from a record.

# %% tags=["install", "hide-cell"]
# Only where the package is missing, as on Colab.
import importlib.util

if importlib.util.find_spec("nndl_support") is None:
    print("This notebook needs the package nndl_support: run pip install '.[data]' in a copy of its repository.")

# %%
import dataclasses
import time

import matplotlib.pyplot as plt
import numpy as np
import torch

# %%
from nndl_support import plot, records
from nndl_support.pinn import exact_solutions, forward_rivals, grid_solvers, lifts, operators, problems, taylor
from nndl_support.pinn.collocation import point_generator, relative_l2
from nndl_support.pinn.forward_records import on_grid, plain_problem, restored, with_weights
from nndl_support.pinn.forward_rivals import unit_grid
from nndl_support.pinn.geometry import Interval, SpaceTime
from nndl_support.pinn.network import MLP
from nndl_support.pinn.objective import Objective
from nndl_support.pinn.problem import Condition, Problem, dirichlet
from nndl_support.pinn.solver import solve
from nndl_support.source import show_source

plot.use_style()
torch.set_num_threads(1)

# %% [markdown]
# ## From hills to layers
#
# Kansa's ansatz was $u(x) = \sum_j c_j\, \varphi(\varepsilon \lVert x - x_j \rVert)$: one hidden layer, whose weights (the centres and the shape) are chosen beforehand. Only the $c_j$ are unknown, and they enter linearly. A **multilayer perceptron** (多层感知机) as ansatz (试探解),
#
# $$ u_\theta(x) = W_L\, \sigma\bigl( \cdots \sigma(W_2\, \sigma(W_1 x + b_1) + b_2) \cdots \bigr) + b_L , \tag{1} $$
#
# has all its weights $\theta$ unknown. Units can move to where the solution changes, which hills could not. The price: $\theta$ enters non-linearly, so there is no system to solve, only a sum of squares to bring down, with local minima and no guarantee. The activation $\sigma$ has to be smooth. We differentiate twice, and a rectified linear unit has no second derivative to offer: a network of them is a solution of $u'' = 0$ almost everywhere.
#
# ## Derivatives without differences
#
# The equation contains derivatives of $u_\theta$ by its *inputs*. There are two exact ways to get them.
#
# **Reverse mode, nested** (反向模式). One backward pass gives all first derivatives, at all points of a batch at once: the gradient of the *sum* of the outputs has in row $n$ the gradient at point $n$, since no point knows of another. The result can be differentiated again. Gradient, Laplacian, divergence, curl and the rest are a few lines each:

# %%
show_source(operators.gradient, operators.laplacian, operators.curl, docstring="first")

# %% [markdown]
# Do they tell the truth? Take fields whose derivatives one can write down, at a thousand points of space and time.

# %%
generator = torch.Generator().manual_seed(0)
q = torch.rand(1000, 3, generator=generator, dtype=torch.float64).requires_grad_()
x, y, t = q.unbind(1)
wave_like = torch.sin(2 * x) * torch.exp(y) * torch.cos(3 * t)
flow = torch.stack([x * y**2, torch.sin(x) * t], dim=1)
gradient = torch.stack([2 * torch.cos(2 * x), torch.sin(2 * x), 0 * x], 1) * (torch.exp(y) * torch.cos(3 * t))[:, None]

# %%
checks = {
    "gradient (x and y)": (operators.gradient(wave_like, q)[:, :2], gradient[:, :2]),
    "Laplacian": (operators.laplacian(wave_like, q, [0, 1]), -3 * wave_like),
    "time derivative": (operators.time_derivative(wave_like, q), -3 * wave_like * torch.tan(3 * t)),
    "mixed third derivative": (operators.partial(wave_like, q, (0, 1, 2)), 3 * gradient[:, 0] * -torch.tan(3 * t)),
    "divergence": (operators.divergence(flow, q), y**2),
    "curl": (operators.curl(flow, q), torch.cos(x) * t - 2 * x * y),
}

# %%
for name, (found, wanted) in checks.items():
    print(f"{name:24s} largest difference {(found - wanted).abs().max():.1e}")
    torch.testing.assert_close(found, wanted, rtol=1e-9, atol=1e-9)

# %% [markdown]
# All to rounding. (The quotients by the cosine are ours, not the operators'.) But nesting is expensive. Each order of differentiation is a backward pass through the graph of the one before, and training needs one more, by the weights.
#
# **Taylor mode** (泰勒模式) goes forward instead. Carry with each layer's value $z$ also its derivatives by the coordinates, $z_i = \partial z / \partial x_i$ and $z_{ij} = \partial^2 z / \partial x_i \partial x_j$; together they are called a *jet* (射流). A linear layer maps each of them by the same matrix. An activation function maps them by the chain rule of higher order, the formula of Faà di Bruno:
#
# \begin{align}
# \partial_i\, \sigma(z) &= \sigma'(z)\, z_i , \tag{2} \\
# \partial_{ij}\, \sigma(z) &= \sigma'(z)\, z_{ij} + \sigma''(z)\, z_i z_j . \tag{3}
# \end{align}
#
# One pass, all derivatives that the equation contains, and nothing else: for $u_t - \nu u_{xx}$ the mixed derivative is never computed.

# %%
show_source(taylor.layer_jets, docstring="first")

# %%
network = MLP(2, 1, hidden=(20, 20, 20), seed=0)
p = torch.rand(500, 2, generator=generator, dtype=torch.float64).requires_grad_()
by_taylor = taylor.derivatives(network.layers, p, [(0, 0), (1, 1), (0, 0, 1)])
for index in [(0, 0), (1, 1), (0, 0, 1)]:
    difference = (by_taylor[index][:, 0] - operators.partial(network(p), p, index)).abs().max()
    print(f"derivative {index}: Taylor and reverse mode differ by {difference:.1e}")
    assert difference < 1e-10

# %% [markdown]
# Two algorithms that share nothing but the network agree to the last digits. (The tuple says by which coordinates: `(0, 0, 1)` is $\partial_x \partial_x \partial_y$.) Which one is faster? What counts is one evaluation of all residuals *and* the gradient of their squares by the weights, since that is what every step of training costs.

# %%
for way in ("taylor", "autograd"):
    problem = problems.kovasznay()
    objective = Objective(problem, problem.network(), n_points=500, rng=point_generator(0), derivatives=way)
    objective.gradient()
    start = time.process_time()
    for _ in range(5):
        objective.gradient()
    print(f"{way:8s} {1e3 * (time.process_time() - start) / 5:6.1f} ms for one loss and its gradient")

# %%
gradients = records.load("pinn/forward_gradients")["problems"]
for name, row in gradients.items():
    ours, theirs = 1e3 * row["seconds"], 1e3 * row["seconds_of_deepxde"]
    print(f"{name:11s} {row['points']:4d} points: {ours:5.1f} ms, DeepXDE {theirs:5.1f} ms, ratio {row['ratio']:.2f}")
assert all(row["ratio"] <= 0.6 for row in gradients.values())
assert gradients["kovasznay"]["ratio"] < 0.4

# %% [markdown]
# The first two lines were measured now, on a flow with three unknown functions; the table below them comes from the benchmark, where the same networks and points were given to DeepXDE, which nests reverse mode. The more derivatives and the more unknown functions an equation has, the more Taylor mode gains, because its one pass serves all of them, whereas nesting starts anew for each component.
#
# ## What the loss is made of
#
# A problem has an equation $\mathcal{N}[u] = 0$ inside, conditions $\mathcal{B}[u] = 0$ on the boundary and $\mathcal{I}[u] = 0$ at the start, and perhaps data $u_n$ at points $x_n$. Each becomes a mean of squares over $N$ points of its own, with a weight $w$ (Raissi, Perdikaris and Karniadakis 2019):
#
# \begin{align}
# L(\theta) &= \frac{w_r}{N_r} \sum_n \mathcal{N}[u_\theta](x_n)^2 + \frac{w_b}{N_b} \sum_n \mathcal{B}[u_\theta](x_n)^2 \tag{4} \\
# &\quad + \frac{w_0}{N_0} \sum_n \mathcal{I}[u_\theta](x_n)^2 + \frac{w_d}{N_d} \sum_n (u_\theta(x_n) - u_n)^2 . \notag
# \end{align}
#
# The first example is an ordinary differential equation, the weight on a spring with friction of [the first section](why_physics.ipynb), $u'' + 2\delta u' + \omega^2 u = 0$ with $u(0) = 1$ and $u'(0) = 0$. This is all one has to write:

# %%
delta, omega = 0.5, 6.0
spring = Problem(
    Interval(0.0, 3.0, name="t"),
    lambda f, p: (f.u_tt + 2 * delta * f.u_t + omega**2 * f.u) / omega**2,
    conditions=[
        dirichlet(1.0, on=[[0.0]], name="position"),
        Condition("velocity", lambda f, p: f.u_t / omega, on=[[0.0]]),
    ],
    hidden=(20,),
)

# %%
times = np.linspace(0, 3, 301)[:, None]

# %%
swing = solve(spring, max_iterations=150, n_points=100, resample=0)

# %%
exact = exact_solutions.oscillator(times[:, 0], damping=delta, frequency=omega)
print(f"{swing.n_iterations} steps, relative error {swing.relative_error(times, exact):.1e}")
assert swing.relative_error(times, exact) < 1e-3

# %% [markdown]
# `f.u_tt` is $u_{tt}$; `p` would hold unknown constants, of which there are none here. Before the first step the solver calls the equation once on random numbers to see which names it asks for, and so knows which derivatives to carry along. A condition is a residual of the same kind, at points of its own. The optimiser is Levenberg–Marquardt's method, non-linear least squares with the full Jacobian, one row for each residual; we shall come back to it in [its own section](second_order_training.ipynb).
#
# Why did we divide by $\omega^2$ and by $\omega$? So that all three residuals have the size of $u$. In (4) nothing tells a metre from a metre per second squared, and the sum adds them all the same. The weights $w$ are where units hide.
#
# ## Conditions: asked for, or built in
#
# A term in the loss is a **soft constraint** (软约束): it asks. Since Lagaris, Likas and Fotiadis (1998) one knows another way. Put the network into a frame,
#
# $$ u_\theta(x) = A(x) + B(x)\, N_\theta(x) , \tag{5} $$
#
# where the *lift* $A$ satisfies the condition and the factor $B$ vanishes where it holds: a **hard constraint** (硬约束), true for all weights. Poisson's equation on the square, zero on its edge, both ways, with two weights for the soft one:

# %%
square, built_in = unit_grid(65), problems.poisson()
on_edge = ((square == 0) | (square == 1)).any(axis=1)
ways = {
    f"soft, weight {w:g}": dataclasses.replace(built_in, hard=None, conditions=[dirichlet(0.0, weight=w)])
    for w in (1.0, 100.0)
}
ways["hard"] = built_in

# %%
solved = {name: solve(problem, max_iterations=60) for name, problem in ways.items()}
for name, solution in solved.items():
    off = abs(solution.predict(square[on_edge])).max()
    rows = len(Objective(ways[name], solution.network, n_points=400, rng=point_generator(0)).residuals())
    print(
        f"{name:17s} {rows} residuals, error {solution.relative_error(square):.1e}, largest value on the edge {off:.1e}"
    )

# %%
soft, weighted, hard = (solution.relative_error(square) for solution in solved.values())
assert hard < weighted < soft
assert hard < 0.3 * weighted
off_centre = np.abs(solved["soft, weight 1"].predict(square)[:, 0] - exact_solutions.poisson(square))
print(
    f"soft, weight 1: largest error on the edge {off_centre[on_edge].max():.1e}, inside {off_centre[~on_edge].max():.1e}"
)

# %% mystnb={"image": {"alt": "Three maps of the logarithm of the error on the unit square. Soft with weight 1: up to 1e-3, largest at the edge and in the corners. Soft with weight 100: about 1e-4. Hard: below 1e-5, and zero along the whole edge."}}
figure, axes = plt.subplots(1, 3, figsize=(6.8, 2.5), sharey=True, layout="constrained")
for ax, (name, solution) in zip(axes, solved.items(), strict=True):
    error = np.abs(solution.predict(square)[:, 0] - exact_solutions.poisson(square)).reshape(65, 65).T
    image = ax.imshow(
        np.log10(error + 1e-9), origin="lower", extent=(0, 1, 0, 1), vmin=-7, vmax=-2, cmap=plot.SEQUENTIAL
    )
    ax.set(title=name, xlabel="x")
    ax.grid(False)
axes[0].set(ylabel="y")
figure.colorbar(image, ax=axes, label="log10 of the error")
plt.show()

# %% [markdown]
# After the same number of steps the first and the last differ by a factor of hundreds. With weight 1 the second derivatives of the equation, up to $2\pi^2 \approx 20$ in size, drown the condition: the error is largest *on the edge*, and above all in some of the corners, from where it reaches inwards. Weight 100 repairs most of it, but nobody told us 100. Built in, there is nothing to balance, and a third of the residuals need not be computed.
#
# What if the values on the edge are not zero? Then the lift has to take them. On a rectangle there is a formula of 1973, **transfinite interpolation** (超限插值): blend opposite edges linearly, in both directions, and subtract the corners that were counted twice.

# %%
show_source(lifts.transfinite, docstring="first")

# %% [markdown]
# It is asked for the edges only, and so it may be used with a good conscience: no information from inside gets in. With it the velocity of a flow is exact on all four sides before training begins.

# %%
flow_problem = problems.kovasznay()
side, _ = flow_problem.geometry.sample_boundary(400, rng=np.random.default_rng(0))
untrained = flow_problem.network(seed=5)(torch.as_tensor(side)).detach().numpy()
print(
    f"untrained network, velocity on the edge: largest error {abs(untrained - flow_problem.exact(side))[:, :2].max():.1e}"
)
assert abs(untrained - flow_problem.exact(side))[:, :2].max() < 1e-12

# %% [markdown]
# ## Seven problems, one record
#
# Now the field's standard problems. What is not listed is built in: the start, the edge, the period.
#
# | problem | equation | domain and start | exact solution |
# |---|---|---|---|
# | `poisson` | $u_{xx} + u_{yy} = -2\pi^2 \sin \pi x \sin \pi y$ | $[0, 1]^2$ | $\sin \pi x \sin \pi y$ |
# | `heat` (热传导) | $u_t = 0.4\, u_{xx}$ | $[0, 1]$, from $\sin \pi x$ | $e^{-0.4 \pi^2 t} \sin \pi x$ |
# | `helmholtz` | $u_{xx} + u_{yy} + u = q$ | $[-1, 1]^2$ | $\sin \pi x \sin 4 \pi y$, which gives $q$ |
# | `wave` (波动) | $u_{tt} = 4\, u_{xx}$ | $[0, 1]$, from $\sin \pi x + \frac12 \sin 4 \pi x$ at rest | two standing waves |
# | `allen_cahn` | $u_t = 10^{-4} u_{xx} + 5u - 5u^3$ | $[-1, 1]$, periodic, from $x^2 \cos \pi x$ | none: spectral reference |
# | `kovasznay` | steady Navier–Stokes, Reynolds number 40 | $[-\frac12, 1] \times [-\frac12, \frac32]$ | closed form |
# | `taylor_green` | unsteady Navier–Stokes, $\nu = 0.01$ | $[-1, 1]^2$ | decaying vortices |
#
# The two flows have three unknown functions, the velocities $u, v$ and the pressure $p$ (divided by the density), and three equations:
#
# $$ u_t + u u_x + v u_y = -p_x + \nu \nabla^2 u, \qquad v_t + u v_x + v v_y = -p_y + \nu \nabla^2 v, \qquad u_x + v_y = 0 . $$
#
# Each was solved with the options that served it best, for so many seconds on one core, with three seeds. The median error stands below; a record also holds the `bar`, the error that it had to pass.

# %%
names = ("poisson", "heat", "helmholtz", "wave", "allen_cahn", "kovasznay", "taylor_green")
forward = {name: records.load(f"pinn/forward_{name}") for name in names}


def median_error(name, output="all"):
    return float(np.median([r["errors"][output] for r in forward[name]["runs"]]))


# %%
for name, record in forward.items():
    seconds = np.median([r["seconds"] for r in record["runs"]])
    each = ", ".join(
        f"{output} {median_error(name, output):.1e}" for output in record["runs"][0]["errors"] if output != "all"
    )
    print(f"{name:12s} {record['unknowns']:4d} weights, {seconds:4.0f} s: {each}")
    assert median_error(name) < record["bar"]

# %%
assert median_error("taylor_green", "p") == max(
    median_error(n, o) for n in names for o in forward[n]["runs"][0]["errors"]
)

# %% [markdown]
# The worst entry is a pressure. In a flow, pressure has no equation of its own; it is whatever makes the velocity free of sources, and only its slope occurs. It is the part of every solution here that is known least.
#
# Three of the seven are worth looking at, with their errors, since each needed a thought that is not in (4).

# %%
titles = {"wave": "wave", "allen_cahn": "Allen–Cahn", "kovasznay": "Kovasznay"}
shown = {titles[name]: on_grid(restored(forward[name]), (101, 81)) for name in titles}
(x, y), *both = shown["Kovasznay"]
shown["Kovasznay"] = (y, x), *(values.T for values in both)  # x to the right

# %% mystnb={"image": {"alt": "Two rows of three maps. Above the solutions: the wave with a checkered pattern, Allen and Cahn's equation with two sharp fronts between minus one and one that form with time, Kovasznay's flow in stripes along x that fade to the right. Below the logarithms of their errors: the wave's below 1e-3 everywhere, Allen and Cahn's in stripes along time, largest around x = 0; Kovasznay's smooth and without a place of its own."}}
figure, axes = plt.subplots(2, 3, figsize=(6.8, 4.4), layout="constrained")
for (upper, lower), (name, ((up, right), field, error)) in zip(axes.T, shown.items(), strict=True):
    image = upper.pcolormesh(right, up, field, cmap=plot.DIVERGING)
    figure.colorbar(image, ax=upper, orientation="horizontal", shrink=0.8, label="u")
    image = lower.pcolormesh(right, up, np.log10(error + 1e-9), cmap=plot.SEQUENTIAL)
    figure.colorbar(image, ax=lower, orientation="horizontal", shrink=0.8, label="log10 of the error")
    x_up = ("y", "x") if name == "Kovasznay" else ("x", "t")
    upper.set(title=name, ylabel=x_up[0], xlabel=x_up[1])
    lower.set(ylabel=x_up[0], xlabel=x_up[1])
plt.show()

# %% [markdown]
# **The wave** carries four full periods of its fastest part through the interval of time. A network of tanh on inputs in $[-1, 1]$ starts out nearly linear and learns waves last, which is its *spectral bias* ([next section](training_pathologies.ipynb)). Here the activation is a sine, and the inputs are stretched, so that it begins with about as many waves as it needs. And the factor in (5), which has to vanish like $t^2$ so that position *and* velocity are right at the start, is $1 - e^{-(10 t)^2}$ and not $t^2$. Both are exact at the start. But with $t^2$ the network would
# have to reach $16 \pi^2$, some 160, there and the size of 1 at the end; with the other it is of one size throughout.
#
# **Allen and Cahn's equation**, $u_t = 10^{-4} u_{xx} + 5u - 5u^3$ from $u = x^2 \cos \pi x$, is the one that made physics-informed networks notorious. Three things are done for it. The start has a *kink* at the ends of the period, which no smooth ansatz has and which diffusion rounds off at once; we know exactly how, because near the kink nothing but diffusion matters, and so the lift contains that piece of the solution in closed form (`lifts.diffused_kink`). The solution is even, and so are the features. The third we understand after looking at a failure below.
#
# **Kovasznay's flow** is easy once the boundary is exact.
#
# Look where the errors are. Those of Kovasznay's flow have no place of their own. Allen and Cahn's are born at the left as fine dust, run along lines of constant $x$, and are brightest around $x = 0$. There the start is zero, with no slope to push it off; zero is the unstable state, and each early error at this place is multiplied by up to $e^5$, about 150.
#
# ### A shock, live
#
# Burgers' equation $u_t + u u_x = \nu u_{xx}$ with $\nu = 0.01/\pi$ lets a sine steepen into a shock. Every twenty steps the points are drawn anew, more of them where the residual is large, which they find out by themselves:

# %%
shock = solve(problems.burgers(), method="levenberg_marquardt", max_iterations=80, n_points=800, resample=20)
strip = np.stack(np.meshgrid(np.linspace(-1, 1, 201), np.linspace(0, 1, 51), indexing="ij"), axis=-1).reshape(-1, 2)
print(f"Burgers: relative error {shock.relative_error(strip):.1e} after {shock.n_iterations} steps")
assert shock.relative_error(strip) < 0.1

# %% mystnb={"image": {"alt": "Left: the solution of Burgers' equation over time and place, positive below and negative above the middle, with a sharp line at x = 0 from time 0.4 on. Right: u against x at the times 0, 0.4 and 0.9: a sine, a steeper curve, and a saw tooth with a vertical drop at 0."}}
figure, (left, right) = plt.subplots(1, 2, figsize=(6.8, 2.9), layout="constrained")
(place, moments), field, _ = on_grid(shock, (201, 51))
image = left.pcolormesh(moments, place, field, cmap=plot.DIVERGING)
figure.colorbar(image, ax=left, label="u")
left.set(xlabel="t", ylabel="x")
line = np.linspace(-1, 1, 401)
for moment, colour in zip((0.0, 0.4, 0.9), plot.PALETTE, strict=False):
    right.plot(line, shock.predict(np.stack([line, np.full(401, moment)], axis=1)), color=colour, label=f"t = {moment}")
right.set(xlabel="x", ylabel="u")
right.legend(fontsize=8)
plt.show()

# %% [markdown]
# The left panel shows the two humps of the sine run into each other at $x = 0$, the right one how the slope between them becomes a jump. A smooth network with 921 weights makes a front that is one per cent of the interval wide, because its units can go there. Kansa's hills stand where they were put. [Second-order training](second_order_training.ipynb) takes this problem down to $10^{-4}$ and beyond.
#
# ## Kansa, network, grid
#
# Two smooth linear problems that all three can solve. The heat equation has a time; to Kansa that is one more coordinate, diffusion along $x$ and wind along $t$. Condition numbers are those of Kansa's matrix and of the network's Jacobian at the end.


# %%
def network_row(problem, points, steps):
    start = time.process_time()
    solution = solve(problem, max_iterations=steps)
    seconds = time.process_time() - start
    objective = Objective(problem, solution.network, n_points=400, rng=point_generator(1))
    condition = float(torch.linalg.cond(objective.jacobian()[1]))
    size = sum(weight.numel() for weight in solution.network.parameters())
    return forward_rivals.Row("network, hard constraints", size, seconds, solution.relative_error(points), condition)


# %%
table = {
    "Poisson": [
        forward_rivals.grid_poisson(257),
        forward_rivals.grid_poisson(33, order=4),
        forward_rivals.kansa_poisson(12),
        network_row(built_in, square, 100),
    ],
    "heat": [forward_rivals.grid_heat(257), forward_rivals.kansa_heat(14), network_row(problems.heat(), square, 100)],
}

# %%
for name, rows in table.items():
    print(f"{name}:{'':24s} unknowns   seconds     error  condition")
    for row in rows:
        condition = "" if row.condition is None else f"{row.condition:9.0e}"
        print(f"   {row.method:28s} {row.unknowns:7d} {row.seconds:9.4f} {row.error:9.1e}  {condition}")
    *others, ours = rows
    assert ours.seconds > 10 * min(row.seconds for row in others)
    assert ours.error < 1e-4

# %% [markdown]
# Read the column of seconds. For the heat equation a scheme of 1947 needs some milliseconds, and so does Kansa's system; the network takes a hundred times as long or more for an error that is not much better. For Poisson's equation a grid with nine-point stencils reaches a few parts in ten million in less time than the network takes for a single step. **If your problem is linear, smooth, of low dimension, on a simple domain, and you want its solution once, do not train a network.** Nothing in the rest of this chapter will take that sentence back.
#
# The column of conditions says why. Kansa's matrix and the network's Jacobian are both hopelessly ill-conditioned, beyond the $10^{16}$ that double precision can tell from infinity. Kansa's solver factorises once and stops there. The network feels its way along the same ill-conditioned valley with a hundred linearisations, each as expensive as Kansa's whole solution.
#
# Where then is the place of the mesh-free? What the grid has to be *programmed* for, the others get by stating it. Kansa: any domain, scattered points, exponential accuracy while the solution is smooth. The network: equations that are not linear, features that form somewhere inside, conditions at odd places, several equations at once; and above all, unknowns in the equation and data in the domain ([inverse problems](inverse_problems.ipynb)), where a mesh solver has to be run in a loop and here one line changes. What one pays for is generality.
#
# ## An equation of your own
#
# Seven problems were prepared, and so was Burgers'. What about one that nobody prepared? Take the **sine-Gordon equation** (正弦-戈尔登方程), $u_{tt} - u_{xx} + \sin u = 0$, of coupled pendulums and of junctions in superconductors. It has a famous solution, the *breather* (呼吸子), a lump that beats in place, here from $u = 0$ with a given velocity. Position and velocity at the start are built in, the ends are asked to stay near zero. All of it:

# %%
beat = 0.6
k = (1 - beat**2) ** 0.5


def breather(points):
    x, t = points[:, 0], points[:, 1]
    return 4 * np.arctan(k / beat * np.sin(beat * t) / np.cosh(k * x))


# %%
sine_gordon = Problem(
    SpaceTime(Interval(-10, 10), 0, 6),
    lambda f, p: f.u_tt - f.u_xx + torch.sin(f.u),
    conditions=[dirichlet(0.0)],
    hard=(lambda q: torch.tanh(q[:, 1]) * 4 * k / torch.cosh(k * q[:, 0]), lambda q: torch.tanh(q[:, 1]) ** 2),
    exact=breather,
    hidden=(20, 20),
)

# %%
pendulums = solve(sine_gordon, max_iterations=110, n_points=800, resample=20, candidates=0)

# %%
frame = unit_grid(81) * [20, 6] - [10, 0]
print(f"sine-Gordon: relative error {pendulums.relative_error(frame):.1e}")

# %%
energy = (
    pendulums.evaluate(frame, lambda f: f.u_t**2 / 2 + f.u_x**2 / 2 + 1 - torch.cos(f.u)).reshape(81, 81).sum(axis=0)
    * 20
    / 80
)
print(f"energy along the way: {energy.min():.3f} to {energy.max():.3f}; in closed form {16 * k:.3f}")
assert pendulums.relative_error(frame) < 0.03
assert abs(energy / (16 * k) - 1).max() < 0.03

# %% mystnb={"image": {"alt": "Left: the breather over time and place, a single hump around x = 0 that rises until time 2.6, falls until time 5.2 and then turns negative. Right: u against x at the times 1, 2.6 and 5, the network's curves on the dots of the closed form."}}
figure, (left, right) = plt.subplots(1, 2, figsize=(6.8, 2.9), layout="constrained")
(place, moments), field, _ = on_grid(pendulums, (101, 61))
image = left.pcolormesh(moments, place, field, cmap=plot.SEQUENTIAL)
figure.colorbar(image, ax=left, label="u, in radians")
left.set(xlabel="t", ylabel="x")
line = np.linspace(-10, 10, 201)
for moment, colour in zip((1.0, 2.6, 5.0), plot.PALETTE, strict=False):
    points = np.stack([line, np.full(201, moment)], axis=1)
    right.plot(line, pendulums.predict(points), color=colour, label=f"t = {moment}")
    right.plot(line[::8], breather(points)[::8], "o", ms=3, color=colour)
right.set(xlabel="x", ylabel="u, in radians")
right.legend(fontsize=8)
plt.show()

# %% [markdown]
# Fifteen lines, a domain, an equation, conditions, and no word about how to discretise anything. Left the hump rises, falls and turns negative; right the curves lie on the dots of the closed form. The energy
#
# $$ E = \int \bigl( \tfrac12 u_t^2 + \tfrac12 u_x^2 + 1 - \cos u \bigr)\, dx , $$
#
# of which the network was never told, stays what it should be: a check that works without a known solution. `evaluate` writes it with the same names as the equation.
#
# ## Checked against
#
# The exact solutions have judged so far. Two programs that share no line with ours: finite differences of fourth order for the values of Poisson's solution, and DeepXDE for four of the seven problems, with the same ansatz, the same hard constraints, the same points, in the same precision, trained as its examples do it, by Adam and then by L-BFGS.

# %%
coarse = np.linspace(0, 1, 65)
stencils = grid_solvers.poisson_grid(exact_solutions.poisson_source, 0.0, coarse, coarse, order=4)
apart = relative_l2(solved["hard"].predict(square)[:, 0], stencils.ravel())
print(f"network and nine-point stencils differ by {apart:.1e}, relative")
assert apart < 1e-4

# %%
for name in ("poisson", "wave", "allen_cahn", "kovasznay"):
    peer, runs = forward[name]["peer"], forward[name]["runs"]
    target = peer["errors"]["all"]
    reached = [min((s for s, e in run["course"] if e <= target), default=float("inf")) for run in runs]
    print(
        f"{name:11s} DeepXDE {target:.1e} in {peer['seconds']:4.0f} s; this book {median_error(name):.1e} in "
        f"{runs[0]['seconds']:3.0f} s, and as good as DeepXDE after {np.median(reached):.1f} s"
    )
    assert median_error(name) < target

# %% [markdown]
# Same ansatz, same points: what differs is how the derivatives are computed and, far more, how the minimum is sought. This is not an argument against DeepXDE, which can do much that this book cannot; it is one against first-order training of small networks, and its reasons are two sections away. One should add that ours needs the full Jacobian and a system of as many equations as there are weights. That is quick for a thousand weights and out of the question for a million, where Adam still runs.
#
# ## What goes wrong
#
# ### Small loss, wrong solution
#
# The thing about physics-informed networks that their loss does not tell. Logistic growth, $u' = u (1 - u)$ from $u(0) = 0.05$: an easier equation is hard to find.

# %%
growth = Problem(
    Interval(0.0, 8.0, name="t"),
    lambda f, p: f.u_t - f.u * (1 - f.u),
    conditions=[dirichlet(0.05, on=[[0.0]], name="start")],
    hidden=(10,),
    solver={"n_points": 60, "resample": 0},
)

# %%
built = dataclasses.replace(growth, conditions=(), hard=(lambda q: 0.05 + 0 * q[:, 0], lambda q: torch.tanh(q[:, 0])))
hours = np.linspace(0, 8, 201)[:, None]
truth = exact_solutions.logistic(hours[:, 0], start=0.05)

# %%
runs = {
    name: [solve(problem, max_iterations=80, seed=seed) for seed in range(6)]
    for name, problem in (("asked for", growth), ("built in", built))
}
for name, attempts in runs.items():
    found = [f"{run.relative_error(hours, truth):.0e} ({run.history['loss'][-1]:.0e})" for run in attempts]
    print(f"start {name}: error (loss) {', '.join(found)}")

# %%
lost = sum(run.relative_error(hours, truth) > 0.5 for attempts in runs.values() for run in attempts)
assert lost >= 4
assert all(run.history["loss"][-1] < 2e-3 for attempts in runs.values() for run in attempts)

# %% [markdown]
# A loss of about five ten-thousandths, and the solution is *zero* while the truth grows to one. Even with the start built in, most seeds fall from 0.05 to zero at once and stay there. For zero is a solution as well. Leaving the true one costs the residual a short stretch of time near the start, where everything is small; staying with it means being right for a long time. And zero is an *unstable* solution: the equation multiplies any deviation by $e^{t}$. Marching in time, nobody would ever arrive there; but (4) looks at all times at once and forgives an error early as
# readily as late.
#
# The cure follows from the diagnosis. If the equation multiplies early errors by $e^{t}$, early residuals should count more by that factor:

# %%
fading = dataclasses.replace(growth, equations=lambda f, p: torch.exp(-f.t) * (f.u_t - f.u * (1 - f.u)))
cured = [solve(fading, max_iterations=80, seed=seed) for seed in range(6)]
print("residual times exp(-t): error", ", ".join(f"{run.relative_error(hours, truth):.0e}" for run in cured))
assert np.median([run.relative_error(hours, truth) for run in cured]) < 0.05

# %% mystnb={"image": {"alt": "u against t from 0 to 8. The exact logistic curve rises from 0.05 to one; the networks with fading residuals lie on it; the networks with an even residual fall to zero."}}
figure, ax = plt.subplots(figsize=(6.4, 3))
for i, run in enumerate(runs["asked for"]):
    ax.plot(
        hours, run.predict(hours), color=plot.PALETTE[1], lw=1, label="all times count the same" if i == 0 else None
    )
for i, run in enumerate(cured):
    ax.plot(hours, run.predict(hours), color=plot.PALETTE[0], lw=1, label="residual times exp(-t)" if i == 0 else None)
ax.plot(hours[::10], truth[::10], "o", ms=4, color="gray", label="exact")
ax.set(xlabel="t", ylabel="u")
ax.legend()
plt.show()

# %% [markdown]
# Three lines of reasoning, one factor in the equation. It is the third thing that was done for Allen and Cahn's equation, where $u = 0$ is unstable at the rate $5$ and the fronts stand on it: its residual is multiplied by $e^{-2t}$. How the same equation fares without all three, the start merely asked for, the record says, and how the wave does with $t^2$ and tanh:

# %%
plain = records.load("pinn/forward_plain")["runs"]
for name, run in plain.items():
    print(
        f"{name:11s} plainly stated: loss {run['loss']:.1e}, error {run['errors']['all']:.1e}; with craft {median_error(name):.1e}"
    )
    assert run["errors"]["all"] > 3 * median_error(name)

# %%
line = np.linspace(-1, 1, 401)
late = np.stack([line, np.full(401, 0.9)], axis=1)

# %% mystnb={"image": {"alt": "Allen and Cahn's u against x at time 0.9: the network with craft and the reference coincide, with fronts at plus and minus one half and a dip to zero in the middle; the plainly stated network has the fronts right and only half of the dip."}}
figure, ax = plt.subplots(figsize=(6.4, 3))
ax.plot(
    line,
    with_weights(plain_problem("allen_cahn"), plain["allen_cahn"]["weights"]).predict(late),
    label="plainly stated",
)
ax.plot(line, restored(forward["allen_cahn"]).predict(late), label="with craft")
ax.plot(line[::10], problems.allen_cahn().exact(late[::10]), "o", ms=3, color="gray", label="spectral reference")
ax.set(xlabel="x", ylabel="u at t = 0.9")
ax.legend(fontsize=8)
plt.show()

# %% [markdown]
# The fronts are right, both of them, and one would believe the rest. But in the middle, where the truth stays close to the unstable zero, this network has left it too early, with a loss of some $10^{-5}$. [Training pathologies](training_pathologies.ipynb) treats all this systematically, under the name of causality, with weights that find the rate by themselves.
#
# ### Fewer points than weights
#
# The residual is seen at points only. With twenty points and 921 weights the network can satisfy all twenty equations exactly, and will. The run with 400 points is the hard one from above:

# %%
for n_points, run in ((20, solve(built_in, max_iterations=60, n_points=20)), (400, solved["hard"])):
    between = run.evaluate(square, lambda f: built_in.equations["equation"](f, None))
    loss, error = run.history["loss"][-1], run.relative_error(square)
    print(
        f"{n_points:3d} points: loss {loss:.0e}, mean square residual elsewhere {np.mean(between**2):.0e}, error {error:.0e}"
    )
    if n_points == 20:
        assert loss < 1e-12 * np.mean(between**2)
        few = error
assert few > 5 * error

# %% [markdown]
# A loss of zero to rounding, and between the points the equation does not hold. It is overfitting as everybody knows it, with one advantage: a physicist's test set costs nothing. Draw fresh points and look. (What may surprise: with twenty points the solution is still good to three digits. A smooth network cannot wiggle much between points at which its *second* derivatives are held.)
#
# ## Exercises
#
# 1. Why can a network of rectified linear units never satisfy $u'' = f$ in the sense of (4), whatever its size? What does its residual converge to?
#
#    <details><summary>Hint</summary>
#
#    Its second derivative is zero wherever it exists. The loss is the mean of $f^2$, and no gradient will change it.
#
#    </details>
#
# 2. Find a lift and a factor for $u(0) = a$, $u'(1) = b$ on the unit interval.
#
#    <details><summary>Hint</summary>
#
#    $A = a + bx$. The factor has to vanish at 0, and $(BN)'$ at 1 for any $N$: then $B(1) = B'(1) = 0$, such as $x (1 - x)^2$. But this also prescribes $u(1) = a + b$, which nobody asked for. Conditions on slopes can be built in only by using the network's own slope in the ansatz.
#
#    </details>
#
# 3. How many entries has a jet for the Laplacian in $d$ dimensions, and how many backward passes does nested reverse mode take?
#
#    <details><summary>Answer</summary>
#
#    $1 + d + d$: the value, first and pure second derivatives. One pass for the gradient and one for each second derivative, $d + 1$; and the gradient by the weights runs through all of them again.
#
#    </details>
#
# 4. (Program.) State the Fisher–Kolmogorov equation $u_t = u_{xx} + u (1 - u)$ with the front $u = (1 + e^{(x - 5t/\sqrt 6)/\sqrt 6})^{-2}$ as start, boundary values and judge. Does it fall into the trap of this section?
#
#    <details><summary>Hint</summary>
#
#    Zero is unstable here as well, and it is the state ahead of the front. Compare with and without a factor $e^{-t}$.
#
#    </details>
#
# 5. (Program.) Repeat the logistic runs with the factor $e^{-2t}$ and with $e^{-4t}$. What is the price?
#
#    <details><summary>Hint</summary>
#
#    Late residuals count so little that rounding and the stopping of the optimiser hide them.
#
#    </details>
#
# 6. (Program.) Replace the tanh of `sine_gordon` by the sine. What happens, and why is the wave equation different?
#
#    <details><summary>Hint</summary>
#
#    `dataclasses.replace(sine_gordon, activation="sin")`. A breather is one lump on a long, flat domain.
#
#    </details>
#
#
# ## Summary
#
# - A physics-informed network is collocation with a non-linear ansatz: mean squares of residuals, conditions and data at points, brought down by training. Kansa's method is the case of one layer that stands still.
# - Derivatives by the inputs come from nested reverse mode or, cheaper, from Taylor mode: value and derivatives go through each layer together.
# - What can be built in should be: conditions become exact, and nothing has to be balanced. Transfinite interpolation lifts any values on a rectangle; singular pieces that are known belong into the lift as well.
# - With a good ansatz and second-order training, seven classical problems come to relative errors between $10^{-8}$ and about $10^{-3}$ (a pressure) in half a minute or less on one core; the four that DeepXDE was given too, with the same ansatz, further than Adam and L-BFGS take them there.
# - On smooth linear problems in low dimension Kansa and finite differences are faster by orders of magnitude. Networks earn their price by generality.
# - A small loss does not mean a solution. Where the equation amplifies errors, early residuals must count more; and the residual must be looked at between the points.
#
# ## Sources
#
# - Raissi, Perdikaris and Karniadakis (2019), Physics-informed neural networks, [doi:10.1016/j.jcp.2018.10.045](https://doi.org/10.1016/j.jcp.2018.10.045).
# - Lagaris, Likas and Fotiadis (1998), Artificial neural networks for solving ordinary and partial differential equations, [doi:10.1109/72.712178](https://doi.org/10.1109/72.712178).
# - Lu, Meng, Mao and Karniadakis (2021), DeepXDE, [doi:10.1137/19M1274067](https://doi.org/10.1137/19M1274067).
# - Bettencourt, Johnson and Duvenaud (2019), [Taylor-mode automatic differentiation for higher-order derivatives in JAX](https://openreview.net/forum?id=SkxEF3FNPH); Griewank and Walther (2008), Evaluating Derivatives, chapter 13, [doi:10.1137/1.9780898717761](https://doi.org/10.1137/1.9780898717761).
# - Gordon and Hall (1973), Transfinite element methods, [doi:10.1007/BF01436298](https://doi.org/10.1007/BF01436298).
# - Kansa (1990), [doi:10.1016/0898-1221(90)90271-K](https://doi.org/10.1016/0898-1221(90)90271-K).
# - LeVeque (2007), Finite Difference Methods for Ordinary and Partial Differential Equations, [doi:10.1137/1.9780898717839](https://doi.org/10.1137/1.9780898717839).
