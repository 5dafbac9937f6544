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
# # Second-order training (二阶训练)
#
# A physics-informed network that is trained with Adam learns fast, then slowly, then hardly at all. The error stands at one per cent or at one per mille, the loss still falls, a little, and whoever waits longer gets older. Nothing is wrong with the network: the
# same 900 weights can hold the solution to five digits. What is missing is a method that finds them.
#
# This section asks why Adam stalls, and answers by looking at the curvature of the loss. Then it builds the methods that do not stall: Gauss–Newton and Levenberg–Marquardt, which know that the loss is a sum of squares; the energy natural gradient, which looks like a different idea and is not; and the quasi-Newton methods (拟牛顿法), which
# learn the curvature on the way. They race, at equal seconds on one core. The winner is none of them as it stands in the books, and we shall see why: for such a network *new points* are as important as good steps, and the textbook methods want the same points all the time.
#
# **You need:** the [physics-informed network](physics_informed_networks.ipynb) with its residual and its built-in conditions, the sampling by residual from [training pathologies](training_pathologies.ipynb), and L-BFGS from the chapter on [optimisation](../optimization/optimizers.ipynb). Of linear algebra: eigenvalues, least squares, and what a condition number is.
#
# **Time to run:** see the [Execution](../execution.md) page. About a minute on one core; the long races are read from a record.

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
import scipy.optimize
import torch

# %%
from nndl_support import plot, records
from nndl_support.device import pick_device
from nndl_support.pinn import (
    first_order,
    levenberg_marquardt,
    natural_gradient,
    problems,
    recursive_levenberg_marquardt,
    reference,
    self_scaled_broyden,
)
from nndl_support.pinn.collocation import point_generator
from nndl_support.pinn.loss_curvature import curvature, rescaled, unused_decrease
from nndl_support.pinn.objective import Objective
from nndl_support.pinn.race import median_error, race
from nndl_support.pinn.solver import METHODS, solve
from nndl_support.source import show_source

plot.use_style()
torch.set_num_threads(1)
device = pick_device()

# %% [markdown]
# ## Where Adam stops
#
# Poisson's equation on the unit square, $-\nabla^2 u = 2 \pi^2 \sin \pi x \sin \pi y$, zero on the edge, which is built in. It could hardly be kinder: no boundary terms to balance, a single smooth hump. A network of two layers of ten units has 151 weights, few enough to look at everything. First Adam, 1000 steps on the same 200 points;
# then, from the same start, the method of this section, whose steps we shall derive in a moment:

# %%
small = dataclasses.replace(problems.poisson(), hidden=(10, 10))


def objective(problem, seed: int = 0, n_points: int = 200, **network) -> Objective:
    return Objective(problem, problem.network(seed=seed, **network), n_points=n_points, rng=point_generator(seed))


# %%
here = objective(small)
start, losses = here.get(), {"Adam": [], "Levenberg–Marquardt": []}
adam = first_order.AdamSteps(here, learning_rate=5e-3)
losses["Adam"] = [adam.step() for _ in range(1000)]
stalled = here.get()
here.set(start)
damped, left_out = levenberg_marquardt.LevenbergMarquardt(here), {}
for k in range(61):
    losses["Levenberg–Marquardt"].append(here.value())
    if k in (0, 5, 20, 60):
        left_out[k] = curvature(here).left_out
    damped.step()

# %% mystnb={"image": {"alt": "Loss against steps, both axes logarithmic. Adam falls from about a hundred to a few hundredths in 1000 steps. Levenberg-Marquardt falls in one bend from the same start to below a millionth within about twenty steps."}}
fig, ax = plt.subplots(figsize=(6.4, 3))
for (name, values), line in zip(losses.items(), ("-", "--")):
    ax.loglog(np.arange(1, len(values) + 1), values, line, label=name)
ax.set(xlabel="steps", ylabel="loss (mean squared residual)")
ax.legend()
plt.show()

# %%
print(f"Adam after 1000 steps: {losses['Adam'][-1]:.1e}")
fast = losses["Levenberg–Marquardt"]
print(f"Levenberg–Marquardt after 5, 20 and 60 steps: {fast[5]:.1e}, {fast[20]:.1e}, {fast[60]:.1e}")
assert fast[20] < 1e-2 * losses["Adam"][-1]

# %% [markdown]
# Twenty steps do what a thousand do not, by four orders of magnitude. A step costs more, and we shall pay attention to that; but first the reason.
#
# **The Hessian tells.** Near a minimum a loss is a quadratic with the Hessian $H$ as its matrix, and along the eigenvector $q_i$ with eigenvalue $\lambda_i$ the quadratic model could still lower it by
#
# $$ \Delta_i = \frac{1}{2}\, \frac{(q_i^\top \nabla L)^2}{\lambda_i} . $$
#
# Gradient descent with rate $\alpha$ multiplies the distance along $q_i$ by $1 - \alpha \lambda_i$ at each step. The largest eigenvalue limits the rate to $\alpha < 2 / \lambda_1$, so a direction whose curvature is a thousandth of the largest needs at least five hundred steps for each factor $e$, and one with a millionth
# half a million. Where has Adam left its loss?

# %%
here.set(stalled)
view = curvature(here)
values, decrease = unused_decrease(view.gradient, view.gauss_newton)
scaled = torch.linalg.eigvalsh(rescaled(view.gauss_newton)).flip(0)
flat = float(decrease[values < 1e-3 * values[0]].sum() / decrease.sum())
weak = [int((v < 1e-6 * v[0]).sum()) for v in (torch.linalg.eigvalsh(view.gauss_newton).flip(0), scaled)]

# %% mystnb={"image": {"alt": "Left: the eigenvalues of the loss's curvature in falling order on a logarithmic axis, a nearly straight fall over more than thirteen orders of magnitude within eighty of the 151 directions; with every weight rescaled the curve is the same. Right: the decrease that is still to be had along each eigenvector against its curvature: large for curvatures between a ten-thousandth and a thousandth of the largest, small for the largest ones."}}
fig, (left, right) = plt.subplots(1, 2, figsize=(8, 3.2))
left.semilogy(values / values[0], "-", label="Gauss–Newton matrix")
left.semilogy((scaled / scaled[0]).clamp_min(1e-17), "--", label="each weight rescaled")
left.set(xlabel="number of the eigenvalue", ylabel="eigenvalue / largest", xlim=(0, 100), ylim=(1e-16, 3))
left.legend(fontsize=8)
right.loglog(values / values[0], decrease, "o", ms=4)
right.set(xlabel="curvature / largest", ylabel="decrease to be had", ylim=(1e-12, 1))
plt.show()

# %%
print(f"loss {here.value():.1e}, of which the quadratic model would remove {float(decrease.sum()):.1e} in one step")
print(f"{flat:.1%} of that lies along directions with less than a thousandth of the largest curvature")
print(f"eigenvalues below a millionth of the largest: {weak[0]} of {len(start)}; each weight rescaled: {weak[1]}")
assert flat > 0.8
assert min(weak) > 70

# %% [markdown]
# The eigenvalues (left) fall like a geometric series, through all the orders that double precision can show: the condition number is not large, it is infinite for practical purposes. In the right panel every dot is one eigenvector. Adam has done its work along the few steep directions, at the right end; what is left of the loss lies, for 99 parts in 100, where the
# surface is more than a thousand times flatter. The quadratic model says that practically *all* of the loss could go in one step.
#
# But Adam divides every component by its own size. Is it not made for that? It rescales *weights*, and the dashed curve shows what the best possible scale for each single weight does to the spectrum: next to nothing. The steep and the flat directions are not axes but
# mixtures of all weights, and no diagonal matrix tells them apart.
#
# Where do they come from? From the equation itself. Take two derivatives of a function with wave number $k$, and it is multiplied by $k^2$; square that for the loss, and features with wave number ten weigh $10^4$ times as much as those with one. De Ryck and others (2023) make it exact: the conditioning of the training is that of the operator $\mathcal{D}^* \mathcal{D}$, the equation's own applied
# twice, seen through the tangent functions of the network. Rathore and others (2024) measured such spectra for trained networks. It is the old story that a fine grid makes a stiff matrix, and numerical analysis has not solved *that* by gradient descent either.
#
# ## Gauss and Newton (高斯–牛顿法)
#
# Write all residuals, divided by the root of their number, as one vector $\rho(\theta)$, so that $L = \lVert \rho \rVert^2$, and let $J = \partial \rho / \partial \theta$. Then
#
# \begin{align}
# \nabla L &= 2 J^\top \rho , \\
# \nabla^2 L &= 2 J^\top J + 2 \sum_s \rho_s \nabla^2 \rho_s .
# \end{align}
#
# The second part of the Hessian needs second derivatives by the weights, and is weighted with the residuals: with the very numbers that are going to vanish. Drop it. What remains is positive semi-definite and needs first derivatives only; the step is the solution of a linear least-squares problem,
#
# $$ \delta = \arg\min_\delta \lVert \rho + J \delta \rVert^2, \qquad J^\top J\, \delta = - J^\top \rho . $$
#
# How much is dropped? During the run above the whole Hessian was computed at four places, and the spectral norm of the dropped part compared with that of the whole:

# %%
for k, share in left_out.items():
    print(f"after {k:2d} steps, loss {fast[k]:8.1e}: left out {share:.1e} of the Hessian")
assert left_out[0] > 0.05
assert left_out[20] < 1e-3

# %% [markdown]
# At the start, a third: there the Gauss–Newton matrix is not the Hessian in any sense. After twenty steps a few millionths. This is the fortune of a physics-informed network: for noisy data the residuals would never vanish, but an equation *can* be satisfied, and then Gauss–Newton converges like Newton's method for the price of first derivatives.
#
# The price of the Jacobian is small too, though automatic differentiation has no cheap way to many gradients at once. The residual at a point depends on the network at this point only. So one backward pass of the *sum* of all residuals leaves, at the output of every layer, what each single point sends back, and an outer product with what the layer had received gives every row
# of $J$. (`nndl_support.pinn.jacobian` does it, derivatives carried along included.)
#
# ## Levenberg and Marquardt (莱文贝格–马夸特法): how far to trust it
#
# $J^\top J$ is as singular as the figure shows, and far from the minimum the linear model is a fantasy. Levenberg (1944) added a penalty on the step, the **damping** (阻尼) $\mu$,
#
# $$ (J^\top J + \mu I)\, \delta = - J^\top \rho , $$
#
# and with it a scale between two methods: large $\mu$ gives a short step down the gradient, $\mu \to 0$ the step of Gauss and Newton. Directions with curvature below $\mu$ are left alone. How large should it be? Ask the model for its promise, $\lVert \rho \rVert^2 - \lVert \rho + J \delta \rVert^2$, and look how much of it was kept. Nielsen's rule (1999) divides $\mu$ by up to three when the promise was
# kept, and multiplies it by 2, 4, 8, … while the loss rises.

# %%
show_source(levenberg_marquardt.damped_step, levenberg_marquardt.LevenbergMarquardt.step, docstring="first")

# %% [markdown]
# Two lines need a word. `gram_matrix` works out one half of $J^\top J$ and copies it to the other, and a step that was refused does not need it anew: $\mu$ changes the diagonal only. The other is the `wide` case. With fewer residuals than weights the matrix $J^\top J$ is larger than it need be, and Woodbury's identity offers the same step from a system as large as the number of residuals. From $J^\top (J J^\top + \mu I) = (J^\top J + \mu I)\, J^\top$ follows
#
# $$ (J^\top J + \mu I)^{-1} J^\top \rho = J^\top (J J^\top + \mu I)^{-1} \rho . $$
#
# With half as many points as weights it is several times cheaper:

# %%
burgers = problems.burgers()
J = objective(burgers, n_points=450).jacobian()[1]
S, P = J.shape
rho, damping, eye = torch.ones(S).to(J), 1e-2, torch.eye(P).to(J)
began = time.process_time()
tall = torch.linalg.solve(J.T @ J + damping * eye, J.T @ rho)
middle = time.process_time()
wide = J.T @ torch.linalg.solve(J @ J.T + damping * eye[:S, :S], rho)
seconds = middle - began, time.process_time() - middle
print(f"J is {tuple(J.shape)}: difference {float((tall - wide).norm() / tall.norm()):.1e}")
print(f"milliseconds: {1e3 * seconds[0]:.0f} by weights, {1e3 * seconds[1]:.0f} by residuals")
assert (tall - wide).norm() < 1e-7 * tall.norm()

# %% [markdown]
# ## The energy natural gradient (能量自然梯度)
#
# Müller and Zeinhofer (2023) start from another end. Forget the weights: the loss is a functional of the *function* $u$, $E(u) = \int (\mathcal{D} u - f)^2$, for a linear operator $\mathcal{D}$ a quadratic one, and Newton's method in function space would jump to the solution. The network cannot move in any direction, only along its tangent functions $\partial_i u = \partial u_\theta / \partial \theta_i$. So let it
# follow the Newton direction $v$ as well as it can, measured in the energy of the problem, $a(v, w) = \int \mathcal{D} v\, \mathcal{D} w$:
#
# $$ \min_\delta\; a\Bigl(\textstyle\sum_i \delta_i\, \partial_i u - v,\; \sum_i \delta_i\, \partial_i u - v\Bigr) \quad\Longrightarrow\quad G \delta = -\tfrac{1}{2} \nabla L, \qquad G_{ij} = a(\partial_i u, \partial_j u) . $$
#
# (The right side: $E$ is stationary at the end of Newton's step, so $2\, a(v, w) = -E'(u)\, w$ for all $w$, and $E'(u)\, \partial_i u = \partial_i L$.) The name comes from the natural gradient of statistics: $G$ is the metric of function space, pulled back to the weights. It is a beautiful derivation, and with $N$ points for the integral,
#
# $$ G_{ij} \approx \frac{1}{N} \sum_n \mathcal{D} \partial_i u(x_n)\; \mathcal{D} \partial_j u(x_n) = (J^\top J)_{ij} , $$
#
# it ends *exactly* at Gauss and Newton. For a residual that is not linear in $u$, linearise $\mathcal{D}$, and the same holds (Müller and Zeinhofer, 2024). Energies that are not sums of squares, as in the Ritz method, are where the two ideas part. What differs here is the handling of the singular matrix: in place of damping, a pseudo-inverse that cuts off small eigenvalues, and a search along the step.

# %%
show_source(natural_gradient.least_squares_direction, docstring="first")

# %% [markdown]
# ## Quasi-Newton: learn the curvature from the steps
#
# The other family never looks at $J$. A step $s$ and the change $y$ of the gradient along it are a measurement of the Hessian, $\nabla^2 L\, s \approx y$, and the approximation $H$ of its *inverse* is corrected until it agrees: the **secant equation** (割线方程) $H y = s$. There are many symmetric corrections of rank two that do. Broyden's family, with two free numbers, is
#
# $$ H \leftarrow \frac{1}{\tau} \Bigl[ H - \frac{H y y^\top H}{y^\top H y} + \varphi\, v v^\top \Bigr] + \frac{s s^\top}{y^\top s}, \qquad v = \sqrt{y^\top H y} \Bigl( \frac{s}{y^\top s} - \frac{H y}{y^\top H y} \Bigr) . $$
#
# Multiply by $y$. The first two terms cancel, $v^\top y = \sqrt{y^\top H y}\,(1 - 1) = 0$, and the last one is $s$: the secant equation holds for *every* $\tau$ and $\varphi$. With $\varphi = 1$ and $\tau = 1$ it is BFGS, with $\varphi = 0$ the older method of Davidon, Fletcher and Powell. L-BFGS is BFGS with a short memory, started anew at every step from a multiple of the identity.
#
# What to do with the freedom? BFGS corrects one direction at a time. Where the present model is wrong *everywhere*, by a factor, hundreds of steps are spent on finding that out. **Self-scaling** (自缩放) reads the factor off the newest pair: $b = s^\top H^{-1} s / y^\top s$ is the curvature that the model claimed along $s$ over the one that was found, and if the model claimed too much, all of it is scaled.
# The choice of Al-Baali (1998) for $\tau$ and $\varphi$ together is the one that Urbán, Stefanou and Pons (2025) brought to physics-informed networks, under the name SSBroyden, and with which they lowered the loss by several orders of magnitude; Kiyani and others (2025) found the same on more equations. It needs the whole matrix: $P^2$ numbers, so some thousand weights.

# %%
show_source(self_scaled_broyden.scaling_factors, self_scaled_broyden.broyden_update, docstring="first")

# %%
rng = np.random.default_rng(0)
root, s, y = (torch.tensor(rng.normal(size=size)) for size in ((7, 7), 7, 7))
y = y if y @ s > 0 else -y
for tau, phi in ((1.0, 1.0), (1.0, 0.0), (0.3, 0.7)):
    H = self_scaled_broyden.broyden_update(root @ root.T, s, y, tau, phi)
    print(f"tau = {tau}, phi = {phi}: |H y - s| = {float((H @ y - s).norm()):.0e}")
    assert (H @ y - s).norm() < 1e-10 * (1 + H.norm() * y.norm())

# %% [markdown]
# ## What a step costs
#
# Five methods with very different steps; hence the race is run against the clock. On Burgers' equation with 1000 points and 921 weights:

# %%
here, memory, price = objective(burgers, n_points=1000), {}, {}
P, S = len(here.get()), 1000
first = here.get()
for name, numbers in {
    "adam": 2 * P,
    "lbfgs": 2 * 50 * P,
    "ssbroyden": P * P,
    "levenberg_marquardt": S * P + P * P,
    "natural_gradient": S * P + 2 * P * P,
}.items():
    here.set(first)
    method, steps = METHODS[name](here), 10 if name in ("adam", "ssbroyden") else 2
    method.step()
    began = time.process_time()
    for _ in range(steps):
        method.step()
    per = {"lbfgs": 10}.get(name, 1)
    price[name], memory[name] = (time.process_time() - began) / steps / per, 8e-6 * numbers

# %%
print("method                 ms per iteration   MB kept")
for name, cost in price.items():
    print(f"{name:22s} {1e3 * cost:13.0f} {memory[name]:13.2f}")
assert price["adam"] < price["levenberg_marquardt"] < price["natural_gradient"]

# %% [markdown]
# (An iteration with a line search evaluates the gradient once or several times.) A step of Levenberg and Marquardt costs as much as about ten of Adam. The product $J^\top J$ takes $2 S P^2$ operations, six times as many as the $P^3 / 3$ of the Cholesky factor. All eigenvalues and eigenvectors take some ten $P^3$, which is what the
# natural gradient pays for its pseudo-inverse. All the matrices are small: with 921 weights a method keeps some 20 MB at most. With a million weights none of this section would be possible, and it is another fortune of this field that the networks are small.
#
# ## The race
#
# Every method got the same network, three layers of twenty units, on two problems: Poisson's equation for 8 seconds and Burgers' with $\nu = 0.01 / \pi$, which steepens into a shock, for 60 seconds *of the processor*, from three seeds. Each has settings that were good to it: Adam a rate that decays, the quasi-Newton methods points that stay for hundreds of iterations, Gauss–Newton
# methods new points every 20 steps. Median over the seeds:

# %%
record = records.load("pinn/second_order_race")
names = {
    "adam": "Adam",
    "lbfgs": "L-BFGS",
    "ssbroyden": "SSBroyden",
    "natural_gradient": "natural gradient",
    "levenberg_marquardt": "Levenberg–Marquardt",
}

curves = {
    (problem, method): [run["curve"] for run in seeds.values()]
    for problem, methods in record["runs"].items()
    for method, seeds in methods.items()
}

# %% mystnb={"image": {"alt": "Relative error against processor seconds for five methods, logarithmic axes, two panels. On Poisson's equation Adam ends at some ten-thousandths, L-BFGS at some millionths, SSBroyden, Levenberg-Marquardt and the natural gradient at a ten-millionth or so, the last within the first second. On Burgers' equation Levenberg-Marquardt and SSBroyden fall below one per mille within a minute; L-BFGS and Adam stay at some per cent, the natural gradient at ten."}}
fig, axes = plt.subplots(1, 2, figsize=(8, 3.5))
final = {}
for ax, problem, end in zip(axes, ("poisson", "burgers"), (8, 60)):
    times = np.geomspace(1 if end == 8 else 2, end, 40)
    for i, (method, label) in enumerate(names.items()):
        error = median_error(curves[problem, method], times)
        final[problem, method] = error[-1]
        ax.loglog(times, error, ("-", "--", "-.", ":", "-")[i], marker="osv^D"[i], markevery=8, ms=4, label=label)
    ticks = [1, 2, 4, 8] if end == 8 else [2, 5, 10, 20, 60]
    ax.set(xlabel="processor time (s)", title=problem.capitalize())
    ax.set_xticks(ticks, labels=[str(t) for t in ticks])
    ax.xaxis.minorticks_off()
axes[0].set_ylabel("relative $L^2$ error")
axes[1].legend(fontsize=7)
plt.show()

# %%
for (problem, method), error in final.items():
    ends = [median_error([c], times[-1:] if problem == "burgers" else [8.0])[0] for c in curves[problem, method]]
    print(f"{problem:8s} {names[method]:20s} median {error:.1e}, seeds {min(ends):.1e} to {max(ends):.1e}")
assert min(final["poisson", m] for m in ("levenberg_marquardt", "natural_gradient")) < 1e-2 * final["poisson", "adam"]
assert final["burgers", "levenberg_marquardt"] < 0.1 * final["burgers", "adam"]

# %% [markdown]
# On the kind problem the order is that of the textbooks. Adam's error falls like a power of the time, L-BFGS is two digits better, SSBroyden three, and Levenberg–Marquardt a little more. The natural gradient, which dares undamped steps, is at the bottom within the first second.
#
# On Burgers' equation the field opens. Adam and L-BFGS stand at a few per cent after a minute. Levenberg and Marquardt get below one per mille, and SSBroyden, which never saw a Jacobian, is its equal, with a wider spread between seeds. The disappointment is the natural gradient: last, behind Adam. Its derivation is the most beautiful of all, its step is
# nearly the same as Levenberg's, and nearly is not enough. Look at its first step, with three thresholds for what counts as zero:

# %%
here.set(first)
rho, J = here.jacobian()
spectrum = torch.linalg.eigvalsh(J.T @ J)
print(f"{int((spectrum < 1e-10 * spectrum[-1]).sum())} of {P} eigenvalues are below 1e-10 of the largest")
halves, lengths = 0.5 ** np.arange(14), {}
for cutoff in (1e-12, 1e-6, 1e-4):
    way, losses = natural_gradient.least_squares_direction(rho, J, cutoff), []
    for fraction in halves:
        here.set(first + fraction * way)
        losses.append(here.value())
    lengths[cutoff] = float(way.norm() / first.norm())
    print(f"cutoff {cutoff:.0e}: step / weights {lengths[cutoff]:6.1f}, loss {losses[0]:.1e} after all of it, ", end="")
    print(f"{min(losses):.2f} after the best fraction, {halves[np.argmin(losses)]:.4f}")
here.set(first)
print(f"loss at the start {here.value():.2f}")
assert lengths[1e-12] > 100 * lengths[1e-4]

# %% [markdown]
# With a thousand points for 921 weights there are hundreds of directions about which the points say next to nothing. The pseudo-inverse either keeps them, and then the step is two thousand times as long as the vector of weights itself and no fraction of it helps; or it cuts them, with one
# threshold for the whole run, and with them those that matter later. (The race was run with $10^{-6}$, the best of four.) Damping does neither, and adapts. Where the solution is smooth, in the left panel, the method is as good as its fame.
#
# ## The points move, and Gauss–Newton suffers
#
# Why does the winner bring new points every 20 steps at all? Because 921 weights can satisfy an equation at 500 points and nowhere else. And why does it then not draw new ones at *every* step? Three runs of 150 steps on Burgers' equation with 500 points each:

# %%
X, T = np.linspace(-1, 1, 256), np.linspace(0, 1, 100)
grid = np.stack(np.meshgrid(X, T, indexing="ij"), axis=-1).reshape(-1, 2)
truth, elsewhere = reference.burgers(X, T).ravel(), burgers.geometry.sample(4000, rng=point_generator(9))
equation = burgers.equations["equation"]
ways = {
    "the same points": {"method": "levenberg_marquardt", "resample": 0},
    "new ones at every step": {"memory": 0.0, "share": 0.0},
    "new ones, and a memory": {"memory": 0.9},
}

# %%
outcome = {}
for name, options in ways.items():
    run = solve(burgers, n_points=500, max_iterations=150, **options)
    wide_loss = np.mean(run.evaluate(elsewhere, lambda f: equation(f, None)) ** 2)
    outcome[name] = run.history["loss"][-1], wide_loss, run.relative_error(grid, truth)
    print(
        f"{name:23s} loss {outcome[name][0]:.0e} at its own points, {wide_loss:.0e} elsewhere; error {outcome[name][2]:.1e}"
    )
assert outcome["the same points"][1] > 100 * outcome["the same points"][0]
assert outcome["new ones, and a memory"][1] < 0.4 * min(outcome[name][1] for name in list(ways)[:2])
assert outcome["new ones, and a memory"][2] < outcome["the same points"][2]

# %% [markdown]
# The first line is the trap of this field in one row: a loss that any training curve would celebrate, a solution that is several per cent off, and a mean squared residual *between* the points that is a million times as large. With new points at every step that cannot happen; but now each step solves its 500 equations as if they were the only ones, and
# forgets what the last 500 had said. A gradient method averages over batches by taking small steps. Gauss–Newton takes whole ones.
#
# The third line is the remedy, and the largest single gain of this section. Keep the old equations! Not their points: what a step knew was a *linear model*, $\rho_j + J_j (\theta - \theta_j)$, and a sum of squares of linear models is a quadratic, which is one matrix and one vector however many there were. Let them fade with a factor $\lambda$:
#
# $$ Q_k(\theta) = \frac{1}{w_k} \sum_{j \le k} \lambda^{k - j}\, \lVert \rho_j + J_j (\theta - \theta_j) \rVert^2 , \qquad w_k = \sum_{j \le k} \lambda^{k-j} . $$
#
# With $A_k$ for half the Hessian of the sum and $g_k$ for half its gradient at $\theta_k$, one step later both are known again: fade, move the gradient along the quadratic, add the new model,
#
# \begin{align}
# A_k &= \lambda A_{k-1} + J_k^\top J_k , \\
# g_k &= \lambda\, (g_{k-1} + A_{k-1}\, \delta_{k-1}) + J_k^\top \rho_k .
# \end{align}
#
# Signal processing has known this for long as recursive least squares, with a non-linear model as the extended Kalman filter (Bertsekas, 1996), and with the damping as **recursive Levenberg–Marquardt** (递推莱文贝格–马夸特法; Ngia and Sjöberg, 2000), there because data come one by one. Here we *choose* to let them come in small portions. With $\lambda = 0.9$ a step looks at ten times as many equations as it evaluates; an old model is slightly wrong, since
# it was made at another place, but the error is of second order in a distance that shrinks.
#
# One thing has to be thought about anew: when is a step good? The loss of the new points may rise although all is well. The step promises a decrease $D$ of $Q_k$. On the new points we can see by how much their *linear model* erred, $e = \lVert \rho(\theta + \delta) \rVert^2 - \lVert \rho + J \delta \rVert^2$. The gain is $(D - e) / D$, which without memory is the old ratio of actual to
# predicted decrease.

# %%
show_source(
    recursive_levenberg_marquardt.RecursiveLevenbergMarquardt.step,
    recursive_levenberg_marquardt.RecursiveLevenbergMarquardt._remember,
    docstring="first",
)

# %% [markdown]
# ## Burgers' equation, live
#
# The recipe: 500 points at a time, drawn anew at every step among 2500 candidates in proportion to one plus the relative size of the residual, which is surveyed every five steps; $\lambda = 0.9$, and after 400 steps more, so that always the last fortieth of the run is remembered. It is what `solve(problems.burgers())` does. Here it runs for 45 seconds of the processor, long enough to see it pass a ten-thousandth (the dotted line) on most machines; beside it its record of two minutes from three seeds, and DeepXDE, the library most people use, in double precision with its
# usual recipe, 3000 steps of Adam and then 3000 iterations of L-BFGS, with three layers of twenty units on the same core. (Start and ends are terms of its loss; ours are built in.)

# %%
curve, found = race(burgers, "recursive_levenberg_marquardt", 45.0, grid, values=truth, n_looks=30, seed=5)
usual = record["runs"]["burgers"]["deepxde"]["0"]
print(f"{found.n_iterations} steps in {curve['seconds'][-1]:.0f} s: relative error {curve['error'][-1]:.1e}")
assert curve["error"][-1] < usual["curve"]["error"][-1]

# %% mystnb={"image": {"alt": "Relative error on Burgers' equation against processor seconds, logarithmic axes. The live run and the three recorded runs of recursive Levenberg-Marquardt fall together to about one ten-thousandth after 25 seconds and about one hundred-thousandth after two minutes. Levenberg-Marquardt without memory is about ten times higher. DeepXDE stays near one half for half a minute and ends at about half a per cent."}}
fig, ax = plt.subplots(figsize=(6.4, 3.6))
for i, run in enumerate(curves["burgers", "recursive_levenberg_marquardt"]):
    ax.loglog(
        run["seconds"], run["error"], color=plot.PALETTE[0], lw=1, label="with memory, 3 seeds" if i == 0 else None
    )
ax.loglog(curve["seconds"], curve["error"], "o-", color=plot.PALETTE[1], ms=3, label="with memory, here")
plain = curves["burgers", "levenberg_marquardt"]
ax.loglog(times, median_error(plain, times), "--", color=plot.PALETTE[2], label="without memory, median")
ax.loglog(
    usual["curve"]["seconds"], usual["curve"]["error"], "-.", color=plot.PALETTE[3], label="DeepXDE, Adam + L-BFGS"
)
ax.axhline(1e-4, color="black", lw=0.8, ls=":")
ax.set(xlabel="processor time (s)", ylabel="relative $L^2$ error")
ax.legend(fontsize=8)
plt.show()

# %%
limit, memories = usual["total_seconds"], curves["burgers", "recursive_levenberg_marquardt"]
moments = [12, 27, 60]
for label, these in (("with memory", memories), ("without", plain), ("DeepXDE", [usual["curve"]])):
    print(f"{label:12s}" + "".join(f"  {t} s: {e:.1e}" for t, e in zip(moments, median_error(these, moments))))
ours = [median_error([c], [limit])[0] for c in memories]
late = [c["error"][-1] for c in memories]
print(f"DeepXDE at its end, {limit:.0f} s: {usual['curve']['error'][-1]:.1e}")
print(f"with memory, then: {', '.join(f'{e:.1e}' for e in ours)}; after 120 s: {', '.join(f'{e:.1e}' for e in late)}")
assert np.median(ours) < 1e-4
assert np.median(ours) < 0.02 * usual["curve"]["error"][-1]

# %% [markdown]
# Twelve seconds for a per mille, twenty-seven for a ten-thousandth; and when DeepXDE's recipe has come to its end, at half a per cent, this one is several hundred times closer. That its conditions are softer is not the reason: with ours built in, Adam and L-BFGS did no better in the race above. (The L-BFGS there does its work, by the way, three thousand iterations of it, and the curve still falls: it would need many times more.)
# After a minute, Levenberg and Marquardt as they stand in the books are about two digits below it, as the dashed curve shows, and the memory adds more than one. It helps the smooth problem too, where there is no shock to be found:

# %%
smooth = {
    m: median_error(curves["poisson", m], [8.0])[0] for m in ("levenberg_marquardt", "recursive_levenberg_marquardt")
}
print(
    f"Poisson after 8 s: {smooth['levenberg_marquardt']:.1e}; with 200 new points a step and a memory, {smooth['recursive_levenberg_marquardt']:.1e}"
)
assert smooth["recursive_levenberg_marquardt"] < 0.5 * smooth["levenberg_marquardt"]

# %% [markdown]
# Is the memory the better choice everywhere? Three more problems of the chapter, each with its own settings of Levenberg and Marquardt, and with new points at every step and a memory, at equal seconds:

# %%
for name, entry in records.load("pinn/second_order_elsewhere")["problems"].items():
    ends = {m: sorted(c["error"][-1] for c in run["curves"]) for m, run in entry["runs"].items()}
    old, new = (
        ", ".join(f"{e:.1e}" for e in ends[m]) for m in ("levenberg_marquardt", "recursive_levenberg_marquardt")
    )
    print(f"{name:10s} {entry['seconds']:3.0f} s, three seeds: usual {old}; memory {new}")

# %% [markdown]
# No. On the wave it gains a factor of nearly two, on Kovasznay's flow it loses as much, and on the Allen–Cahn equation a factor of five. Old models pay while the weights stay near where the models were made; a run that is still on its way drags along what it knew at places that it has left. (That is our reading. The runs do not prove it.) So the problems of this chapter take the memory for Burgers' equation only, and elsewhere points that are
# drawn anew every 20 steps, or stay.
#
# On Burgers' equation the curves flicker towards the end. How much, and does the loss of the latest points tell a good moment from a bad one?

# %%
ends = [(c["error"][-8:], c["loss"][-8:]) for c in curves["burgers", "recursive_levenberg_marquardt"]]
for errors, losses in ends:
    print(
        f"last eight looks: error {min(errors):.1e} to {max(errors):.1e}, loss {min(losses):.0e} to {max(losses):.0e}"
    )
pooled = np.concatenate([np.log(pair) - np.log(pair).mean(axis=1, keepdims=True) for pair in ends], axis=1)
print(f"correlation of both logarithms within the runs: {np.corrcoef(pooled)[0, 1]:.2f}")
assert abs(np.corrcoef(pooled)[0, 1]) < 0.6

# %% [markdown]
# The error goes up and down by a factor of one and a half to three, the loss by three or four, and not together. So no look at the loss would tell when to stop. What changes is which smooth function, of many that satisfy the equation equally well at the points, the latest draw prefers. We tried the usual cure for noise, averaging the weights over the last hundred steps, and it failed: along the flat directions
# the weights drift, and the mean of two good networks is not a good network. A longer memory helps a little, hence its growth.

# %% mystnb={"image": {"alt": "Left: the solution of Burgers' equation over x and t, a sine that steepens into a shock at x = 0. Right: the logarithm of the error of the live run: up to about a ten-thousandth in a narrow band along the shock, and about a hundred-thousandth elsewhere, in streaks along the lines that run into it."}}
u = found.predict(grid).reshape(256, 100)
fig, (left, right) = plt.subplots(1, 2, figsize=(8, 2.9))
shown = left.pcolormesh(T, X, u, cmap=plot.DIVERGING, shading="auto", rasterized=True)
fig.colorbar(shown, ax=left, label="u")
shown = right.pcolormesh(
    T, X, np.log10(np.abs(u - truth.reshape(256, 100)) + 1e-9), shading="auto", rasterized=True, vmin=-7
)
fig.colorbar(shown, ax=right, label=r"$\log_{10}$ |error|")
for ax in (left, right):
    ax.set(xlabel="t", ylabel="x")
plt.show()

# %% [markdown]
# The shock is a hundred times thinner than the domain, and the sampling put a large part of the points there; still, what error is left lives along it and along the characteristics that run into it.
#
# ## Two ways to stop too early
#
# **Absolute tolerances.** Users of DeepXDE have reported for years that [L-BFGS stops after one iteration](https://github.com/lululxvi/deepxde/issues/1977) after Adam, or [after exactly 30](https://github.com/lululxvi/deepxde/issues/1819), and a stop has more than one cause. The following is one that anybody can repeat. `torch.optim.LBFGS` stops when the loss changes by less than
# $10^{-9}$ or no entry of the gradient exceeds $10^{-7}$. These are absolute numbers, and the units of an equation are a matter of taste. Multiply its square by a constant, and nothing about the problem changes:

# %%
ended = {}
for weight in (1.0, 1e-4):
    for name, tolerance in (
        ("PyTorch's defaults", {}),
        ("no tolerance", {"tolerance_grad": 0.0, "tolerance_change": 0.0}),
    ):
        here = objective(dataclasses.replace(small, weights={"equation": weight}))
        search = torch.optim.LBFGS(
            here.parameters, max_iter=250, max_eval=2000, history_size=50, line_search_fn="strong_wolfe", **tolerance
        )

        def closure(here=here, search=search) -> torch.Tensor:
            search.zero_grad()
            loss = here.loss()
            loss.backward()
            return loss

        search.step(closure)
        ended[weight, name] = here.value() / weight
        steps = search.state_dict()["state"][0]["n_iter"]
        print(
            f"weight {weight:7.0e}, {name:18s}: {steps:3d} iterations, mean squared residual {ended[weight, name]:.1e}"
        )
assert ended[1e-4, "PyTorch's defaults"] > 2 * ended[1e-4, "no tolerance"]

# %% [markdown]
# In the smaller units the search declares victory after less than a third of the iterations, with a residual that is many times as large. Set both tolerances to zero and give a number of iterations instead. (Even then PyTorch, unlike [ours](../optimization/optimizers.ipynb), refuses to learn from a pair with $y^\top s \le 10^{-10}$, an absolute number again.)
#
# **Single precision.** Gauss–Newton divides by $J^\top J$, whose condition is the *square* of that of $J$, and in single precision everything below $10^{-7}$ of the largest eigenvalue is rounding. The residual is a sum of second derivatives and has lost digits before that.

# %%
digits = {}
for dtype in (torch.float32, torch.float64):
    here = objective(small, dtype=dtype)
    method = levenberg_marquardt.LevenbergMarquardt(here)
    for _ in range(200):
        digits[dtype] = method.step()
    print(f"{dtype}: loss {digits[dtype]:.1e} after 200 steps, damping {method.damping:.0e}")
assert digits[torch.float32] > 1.5 * digits[torch.float64]

# %% [markdown]
# Nothing breaks. The damping sees to it that every step lowers the loss, and a reader of the training curve would not notice. But the damping cannot go where the flat directions are, and the residual itself is known to no more than $10^{-7}$ of its terms, so the curve bends where the other goes on. In this chapter everything is computed in double precision, and on a processor it costs a factor of two.
#
# ## Checked against
#
# One step of Gauss and Newton and one of Levenberg and Marquardt are least-squares problems, so NumPy can solve them, from the singular values of $J$ and without ever forming $J^\top J$:

# %%
tiny = dataclasses.replace(small, hidden=(5,))
here = objective(tiny)
rho, J = here.jacobian()
n = J.shape[1]
theirs = np.linalg.lstsq(J.numpy(), -rho.numpy(), rcond=1e-6)[0]
gauss = natural_gradient.least_squares_direction(rho, J).numpy()
stacked = np.vstack([J.numpy(), 0.1 * np.eye(n)])
their_damped = np.linalg.lstsq(stacked, np.r_[-rho.numpy(), np.zeros(n)], rcond=None)[0]
ours_damped = levenberg_marquardt.damped_step(rho, J, 0.01)[0].numpy()
for name, a, b in (("Gauss–Newton", gauss, theirs), ("Levenberg–Marquardt", ours_damped, their_damped)):
    print(f"{name} step beside numpy.linalg.lstsq: relative difference {np.linalg.norm(a - b) / np.linalg.norm(b):.0e}")
    assert np.linalg.norm(a - b) < 1e-4 * np.linalg.norm(b)

# %% [markdown]
# Whole runs take different roads (MINPACK scales each weight and controls the radius of a trust region), so only where they end can be compared, and not to the digit:

# %%
origin = here.get()


def at(vector) -> Objective:
    here.set(torch.as_tensor(vector))
    return here


method = levenberg_marquardt.LevenbergMarquardt(here)
for _ in range(100):
    loss = method.step()
minpack = scipy.optimize.least_squares(
    lambda v: at(v).residuals().detach().numpy(),
    origin.numpy(),
    lambda v: at(v).jacobian()[1].numpy(),
    method="lm",
    max_nfev=100,
)
print(f"100 steps of Levenberg–Marquardt: ours {loss:.1e}, scipy.optimize.least_squares {2 * minpack.cost:.1e}")
assert loss < 20 * 2 * minpack.cost

# %%
at(origin)
method = self_scaled_broyden.SelfScaledBroyden(here, scaled=False)
for _ in range(150):
    bfgs = method.step()
scipys = scipy.optimize.minimize(
    lambda v: tuple(x.numpy() for x in at(v).gradient()),
    origin.numpy(),
    jac=True,
    method="BFGS",
    options={"maxiter": 150, "gtol": 0.0},
)
print(f"150 iterations of BFGS: ours {bfgs:.1e}, scipy.optimize.minimize {scipys.fun:.1e}")
assert bfgs < 20 * scipys.fun

# %% [markdown]
# The updates themselves can be compared to the last digit: six of BFGS with SciPy's strategy for its trust-region solver, and twenty iterations of L-BFGS with PyTorch's.

# %%
strategy = scipy.optimize.BFGS(init_scale=1.0)
strategy.initialize(5, "inv_hess")
H, curved = torch.eye(5, dtype=torch.float64), rng.normal(size=(5, 5))
for _ in range(6):
    s = rng.normal(size=5)
    y = curved @ curved.T @ s
    strategy.update(s, y)
    self_scaled_broyden.broyden_update(H, torch.tensor(s), torch.tensor(y), 1.0, 1.0)
gap = np.abs(H.numpy() - strategy.get_matrix()).max() / np.abs(H.numpy()).max()
at(origin)
first_order.LBFGSSteps(here, max_iter=20, history_size=10).step()
mine = here.get()
at(origin)
search = torch.optim.LBFGS(
    here.parameters,
    max_iter=20,
    max_eval=80,
    history_size=10,
    line_search_fn="strong_wolfe",
    tolerance_grad=0,
    tolerance_change=0,
)
search.step(lambda: closure(here, search))
print(f"BFGS matrices: {gap:.0e}; weights after L-BFGS: {float((here.get() - mine).abs().max()):.0e}")
assert gap < 1e-8
assert (here.get() - mine).abs().max() < 1e-6

# %% [markdown]
# ## Larger, on a GPU
#
# With $P$ weights a step costs $2 S P^2 + P^3 / 3$ operations, all of them in two routines that a GPU does best. Three layers of sixty units have 7561 weights, and with 20,000 points a step takes some $2 \cdot 10^{12}$ operations: a minute here, a fraction of a second there, if the GPU is one that computes in double precision.

# %% tags=["gpu"]
if device.type == "cuda":
    larger = dataclasses.replace(burgers, hidden=(60, 60, 60))
    wide_curve, _ = race(
        larger, "recursive_levenberg_marquardt", 120.0, grid, values=truth, n_points=20_000, device=device, n_looks=12
    )
    print(f"error {wide_curve['error'][-1]:.1e} after {wide_curve['iteration'][-1]} steps")
else:
    print(
        "skipped: Burgers' equation with 7561 weights and 20,000 points for two minutes; it takes a GPU with fast float64"
    )

# %% [markdown]
# ## Exercises
#
# 1. Let $B = H^{-1}$. Which update of $B$ does BFGS make? Derive it with the formula of Sherman and Morrison, applied twice, and check that $B s = y$ with seven random numbers.
#
#    <details><summary>Hint</summary>
#
#    B − B s sᵀ B / sᵀ B s + y yᵀ / yᵀ s: the formula of Davidon, Fletcher and Powell with s and y exchanged.
#
#    </details>
# 2. Let the residuals be linear, $\rho = A \theta - c$, with noise in $c$. Show that recursive Levenberg–Marquardt with $\mu \to 0$ and $\lambda \to 1$ ends at the least-squares solution of *all* rows seen, and test it with `numpy.linalg.lstsq`. What does $\lambda = 0.9$ end at?
#
#    <details><summary>Hint</summary>
#
#    The gradient that is remembered is that of a quadratic at the present place. For linear residuals no model is ever wrong. With λ = 0.9 the weights of the rows are 1, 0.9, 0.81, …, and noise averages out over ten portions only.
#
#    </details>
# 3. Vary the memory: 0.5, 0.8, 0.9, 0.97, on Burgers' equation for 15 seconds each. Which is best at 5 seconds, which at 15? Design a schedule.
#
#    <details><summary>Hint</summary>
#
#    Early models are far from where the weights will be and should fade soon. <code>solve(..., callback=f)</code> calls f after every step, but the method is not part of its state: write the loop by hand with <code>Objective</code> and <code>resample</code>, five lines.
#
#    </details>
# 4. MINPACK replaces $\mu I$ by $\mu$ times the diagonal of $J^\top J$ (Marquardt, 1963). Try it in the recursive method. We expected a gain and found a loss; can you explain it with the figure of the spectra?
#
#    <details><summary>Hint</summary>
#
#    The dashed curve: the scaled spectrum is no shorter than the other. And a weight that hardly acts now has a tiny diagonal entry, so it is hardly held back.
#
#    </details>
# 5. Give Adam its best chance on the Poisson problem: search rate and decay. How close does it come to 20 steps of Levenberg and Marquardt, and how many seconds does each take?
#
#    <details><summary>Hint</summary>
#
#    <code>first_order.AdamSteps(here, learning_rate=..., half_life=...)</code>, rates from 10⁻³ to 3·10⁻², half lives of a quarter of the run. Count with <code>time.process_time()</code>, as the table of costs does.
#
#    </details>
#
# ## Summary
#
# - The curvature of a physics-informed loss falls through all the orders of magnitude there are. Adam descends the steep directions and is left with the flat ones, and no rescaling of single weights helps.
# - The loss is a sum of squares that can vanish, so $J^\top J$ becomes the Hessian where it matters; Gauss–Newton with damping is Newton's method at the price of a Jacobian. The energy natural gradient for such losses is the same step, derived in function space.
# - Quasi-Newton methods learn the curvature from pairs $(s, y)$ with $H y = s$. Self-scaling makes them learn faster, at the price of a full matrix.
# - Whole steps on few points overfit; new points at every step, with the old linear models remembered, do not. For the shock and for smooth problems this recursion is the best recipe of the chapter; it is not the best everywhere.
# - Work in double precision, and distrust every absolute tolerance.
#
# ## Sources
#
# - Levenberg (1944), A method for the solution of certain non-linear problems in least squares, [doi:10.1090/qam/10666](https://doi.org/10.1090/qam/10666); Marquardt (1963), An algorithm for least-squares estimation of nonlinear parameters, [doi:10.1137/0111030](https://doi.org/10.1137/0111030).
# - Nielsen (1999), Damping parameter in Marquardt's method, Technical University of Denmark, IMM-REP-1999-05.
# - Müller and Zeinhofer (2023), Achieving high accuracy with PINNs via energy natural gradient descent, [arXiv:2302.13163](https://arxiv.org/abs/2302.13163); (2024), Position: optimization in SciML should employ the function space geometry, [arXiv:2402.07318](https://arxiv.org/abs/2402.07318).
# - Urbán, Stefanou and Pons (2025), Unveiling the optimization process of physics informed neural networks, [doi:10.1016/j.jcp.2024.113656](https://doi.org/10.1016/j.jcp.2024.113656).
# - Liu and Nocedal (1989), On the limited memory BFGS method for large scale optimization, [doi:10.1007/BF01589116](https://doi.org/10.1007/BF01589116).
# - Al-Baali (1998), Numerical experience with a class of self-scaling quasi-Newton algorithms, [doi:10.1023/A:1022608410710](https://doi.org/10.1023/A:1022608410710).
# - Bertsekas (1996), Incremental least squares methods and the extended Kalman filter, [doi:10.1137/S1052623494268522](https://doi.org/10.1137/S1052623494268522).
# - Ngia and Sjöberg (2000), Efficient training of neural nets for nonlinear adaptive filtering using a recursive Levenberg–Marquardt algorithm, [doi:10.1109/78.847778](https://doi.org/10.1109/78.847778).
# - De Ryck, Bonnet, Mishra and de Bézenac (2023), An operator preconditioning perspective on training in physics-informed machine learning, [arXiv:2310.05801](https://arxiv.org/abs/2310.05801).
# - Rathore, Lei, Frangella, Lu and Udell (2024), Challenges in training PINNs: a loss landscape perspective, [arXiv:2402.01868](https://arxiv.org/abs/2402.01868).
# - Kiyani, Shukla, Urbán, Darbon and Karniadakis (2025), Optimizing the optimizer for physics-informed neural networks and Kolmogorov–Arnold networks, [arXiv:2501.16371](https://arxiv.org/abs/2501.16371).
