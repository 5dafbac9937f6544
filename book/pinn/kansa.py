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
# # Kansa's collocation (Kansa 配点法)
#
# In the chapter on classical networks a sum of hills went through scattered points, and its derivatives cost nothing extra. There the values at the points were given. What if they are not, and all we know
# is a *differential equation* that the function obeys? In 1990 Edward Kansa, who computed flows, had the idea that a sum of hills does not mind what it is asked for. Values, slopes, Laplacians: all are linear in the coefficients. Ask it to satisfy the equation at some points and the boundary
# condition at others, count equations and unknowns, and solve.
#
# No mesh, no time steps, no training loop. This section follows the idea as far as it goes: to errors below a millionth from 144 unknowns, where finite differences would need about a million; and to the places where it breaks. At the end we recognise it. It is a physics-informed neural network with one layer, whose hidden units stand still.
#
# **You need:** [radial basis functions](../classical/rbf_network.ipynb) (interpolation, shape parameter, leave-one-out), partial derivatives, linear least squares, Newton's method for one equation.
#
# **Time to run:** see the [Execution](../execution.md) page.

# %% tags=["install", "hide-cell"]
# Only where the package is missing, as on Colab.
import importlib.util

if importlib.util.find_spec("nndl_support") is None:
    print("This notebook needs the package nndl_support: run pip install '.[data]' in a copy of its repository.")

# %%
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
from scipy.optimize import brentq

# %%
from nndl_support import plot, records
from nndl_support.pinn import kansa, newton_kansa, poisson_on_square, rbf_pinn, singular_collocation
from nndl_support.pinn import manufactured_solutions as known
from nndl_support.pinn.exact_solutions import poisson as poisson_solution
from nndl_support.pinn.exact_solutions import poisson_source
from nndl_support.pinn.geometry import Difference, Disk, Polygon, Rectangle
from nndl_support.pinn.kansa import KansaSolver
from nndl_support.pinn.kernel_basis import Expansion, KernelBasis
from nndl_support.pinn.linear_operators import AdvectionDiffusion, Collocation, dirichlet, neumann
from nndl_support.pinn.poisson_on_square import largest_error, square_nodes
from nndl_support.source import show_source

plot.use_style()

# %% [markdown]
# ## Asking hills for their Laplacian
#
# The unknown function is a sum of $N$ hills on centres $x_j$, as before:
#
# $$ u(x) = \sum_{j=1}^{N} c_j\, \varphi(\varepsilon \lVert x - x_j \rVert) , $$
#
# with a profile $\varphi$ such as the Gaussian $e^{-t^2}$ and a shape parameter $\varepsilon$, one over the width of a hill. Let $\mathcal{L}u = f$ be the equation inside a domain and $\mathcal{B}u = g$ the condition on its boundary, both linear: $\mathcal{L}$ may be $-\nabla^2$, and $\mathcal{B}$ the value itself or the slope along the normal. Choose $N_I$ points inside and
# $N_B = N - N_I$ on the boundary, the **collocation points** (配点), and let them be the centres as well. Demanding the equation at each of them gives one row for each:
#
# \begin{align}
# \sum_j c_j\, \mathcal{L}\varphi(\varepsilon \lVert x_i - x_j \rVert) &= f(x_i), & i &= 1, \dots, N_I, \tag{1} \\
# \sum_j c_j\, \mathcal{B}\varphi(\varepsilon \lVert x_i - x_j \rVert) &= g(x_i), & i &= N_I + 1, \dots, N. \tag{2}
# \end{align}
#
# That is Kansa's method. Interpolation is the special case in which every row asks for a value. The derivatives of a hill are known in closed form: gradient and Laplacian we have, and for equations in which diffusion depends on the direction all second derivatives,
#
# $$ \partial_a \partial_b\, \varphi = \varepsilon^2 \Bigl( \tfrac{\varphi'(t)}{t}\, \delta_{ab} + \bigl(\varphi''(t) - \tfrac{\varphi'(t)}{t}\bigr) e_a e_b \Bigr), \qquad t = \varepsilon r , $$
#
# with $e$ the unit vector from the centre: one curvature along the ray and another one across it. In code an equation is three things, an operator, the points where it acts, and what shall come out; the solver stacks the rows.

# %%
show_source(AdvectionDiffusion.matrix, KansaSolver.system, docstring="first")

# %% [markdown]
# The first problem is the one on which everybody tries everything: Poisson's equation on the unit square, with a solution that we know,
#
# $$ -\nabla^2 u = 2\pi^2 \sin \pi x\, \sin \pi y, \qquad u = 0 \text{ on the boundary}, \qquad u = \sin \pi x\, \sin \pi y . $$


# %%
poisson = poisson_on_square.equations  # (operator, points, right-hand side) inside, and the same on the boundary
first = KansaSolver("multiquadric", epsilon=1 / 0.6).fit(poisson(square_nodes(8)))
print(
    f"64 hills, matrix {first.matrix_.shape}: largest error {largest_error(first.predict):.4f} of a function whose largest value is 1"
)
assert largest_error(first.predict) < 0.005

# %%
nodes, axis = square_nodes(8), np.linspace(0, 1, 61)
grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)

# %% mystnb={"image": {"alt": "Two panels. Left: an 8 by 8 grid of points on the unit square, those inside as dots and those on the boundary as squares, over contours of a solution with one hump. Right: the matrix as an image of logarithmic sizes; the upper 36 rows, the equation, are bright near the block diagonal, the lower 28 rows, the boundary, are smooth and paler."}}
figure, (left, right) = plt.subplots(1, 2, figsize=(6.8, 3.1))
left.contourf(axis, axis, first.predict(grid).reshape(61, 61), levels=12, cmap=plot.SEQUENTIAL)
left.plot(*nodes.inside.T, "o", color=plot.PALETTE[1], markersize=4, label="equation")
left.plot(*nodes.boundary.T, "s", color="black", markersize=4, clip_on=False, label="boundary")
left.set(xlabel="x", ylabel="y", aspect="equal")
left.legend(fontsize=7, loc="lower center", bbox_to_anchor=(0.5, 1.0), ncol=2)
image = right.imshow(np.log10(np.abs(first.matrix_)), cmap=plot.SEQUENTIAL)
right.axhline(35.5, color="white")
right.grid(False)
right.set(xlabel="hill j", ylabel="equation i")
figure.colorbar(image, ax=right, label="log10 of the entry's size")
plt.show()

# %% [markdown]
# Left the solution with the points that made it: 36 hear the equation, 28 the boundary. Right the matrix. Above the white line the rows hold Laplacians, which fade with the distance from the centre; below it values of the multiquadric, which grow with it. Nothing is zero and nothing is symmetric. It is a small and *dense* matrix, the opposite of what finite differences give, and its lack of symmetry will cost us something later.
#
# ## Exponential convergence
#
# Hardy's multiquadric is often written $\sqrt{r^2 + c^2}$; our $\varepsilon$ is $1/c$. With $c = 0.6$ fixed, more and more points in a uniform grid give the *golden table* of this test, four errors that every correct program must reproduce (the `assert` compares):

# %%
golden = {}
for n in (6, 8, 11, 16):
    solver = KansaSolver("multiquadric", epsilon=1 / 0.6).fit(poisson(square_nodes(n)))
    golden[n] = largest_error(solver.predict)
    print(f"N = {n * n:3d}: largest error {golden[n]:.2e}, condition number {solver.condition_number_:.0e}")
assert all(abs(golden[n] / value - 1) < 0.1 for n, value in {6: 1.6e-2, 8: 4.2e-3, 11: 5.4e-4, 16: 3.0e-5}.items())

# %% [markdown]
# From 36 to 256 points the error falls by a factor of five hundred. A method of second order would gain about a factor of nine: there are three times as many points along a side. Here, every additional line of points multiplies the error by about the same factor, so in a plot against $\sqrt{N}$ with a logarithmic axis it is a straight line. Which slope?

# %%
record = records.load("pinn/kansa")
rows = {}
for row in record["poisson"]:
    rows.setdefault(row["method"], []).append((row["unknowns"], row["median_error"], row["seconds"]))
rows = {name: np.array(values) for name, values in rows.items()}
fixed, differences = rows["Kansa, multiquadric, uniform points, c = 0.6"], rows["finite differences"]

# %%
falling = fixed[fixed[:, 0] <= 256]
rate = np.polyfit(np.sqrt(falling[:, 0]), np.log(falling[:, 1]), 1)[0]
order = np.polyfit(np.log(np.sqrt(differences[:, 0])), np.log(differences[:, 1]), 1)[0]
print(f"Kansa: error ~ exp({rate:.2f} sqrt(N)), a factor of {np.exp(-rate):.2f} for each line of points")
print(f"finite differences: error ~ n^{order:.2f} with n lines")
assert -0.8 < rate < -0.5
assert -2.2 < order < -1.8

# %% mystnb={"image": {"alt": "Largest error on a logarithmic axis against the number of points along a side, 6 to 39. Finite differences fall slowly from 8e-3 at 9 to 5e-4 at 39. Kansa with c = 0.6 falls as a straight line to about 3e-6 and then flattens; the Gaussian on Chebyshev points falls more steeply to 1.5e-7 at twelve lines and then rises to about 1e-6."}}
best_points = rows["Kansa, gaussian, chebyshev points, leave-one-out"]
figure, ax = plt.subplots(figsize=(6.4, 3.3))
few = differences[differences[:, 0] < 2000]
ax.semilogy(np.sqrt(few[:, 0]), few[:, 1], "s--", color=plot.PALETTE[4], label="finite differences")
ax.semilogy(np.sqrt(fixed[:, 0]), fixed[:, 1], "o-", color=plot.PALETTE[0], label="Kansa, multiquadric, c = 0.6")
ax.semilogy(
    np.sqrt(best_points[:, 0]), best_points[:, 1], "^-", color=plot.PALETTE[1], label="Kansa, Gaussian, see below"
)
ax.set(xlabel=r"points along a side, $\sqrt{N}$", ylabel="largest error")
ax.legend(fontsize=8)
plt.show()

# %% [markdown]
# The blue line is straight over three decades and more: **exponential convergence** (指数收敛), as polynomials on Chebyshev points have it, but for points that may lie anywhere. It then bends at a few millionths. Nothing is wrong with the mathematics there; the matrix has a condition number of about $10^{17}$, as printed above, and double precision has sixteen digits. The orange curve even turns upwards beyond its minimum. *That* floor, and how one can get down to it with fewest points, is the subject of the next part.
#
# ## The shape, chosen by the solution itself
#
# Why $c = 0.6$? For interpolation Rippa's formula told us how badly each value would be met without it, from a single inverse. Look again at the proof: take the solution without equation $k$ and without hill $k$, give the missing hill the coefficient 0; multiplied by the matrix $K$ it gives the right-hand side $d$ except in row $k$. Hence
#
# $$ e_k = \frac{c_k}{(K^{-1})_{kk}} , $$
#
# and symmetry was never used. For Kansa's matrix the formula holds as it stands. Its meaning changes a little: $e_k$ is the *residual* that the equation at $x_k$ has when it is left out. Sum the squares, minimise over $\varepsilon$. To see what this does, all shapes on twelve by twelve points, with the true error beside it.

# %%
nodes = square_nodes(12, spacing="chebyshev")
shapes = np.geomspace(0.3, 8, 60)
curves = {"error": [], "leave-one-out": [], "condition": [], "rounding": []}
for e in shapes:
    trial = KansaSolver("gaussian").assemble(poisson(nodes))
    system, data, basis = trial.system(e), trial.right_hand_side_, KernelBasis(np.vstack(nodes[:2]), "gaussian", e)
    c = np.linalg.solve(system, data)
    curves["error"].append(largest_error(Expansion(basis, c).predict))
    curves["leave-one-out"].append(np.sqrt(np.mean(kansa.leave_one_out_errors(system, data) ** 2)))
    curves["condition"].append(np.linalg.cond(system))
    curves["rounding"].append(np.abs(system @ c - data).max())

# %%
best = int(np.argmin(curves["error"]))
print(
    f"best: epsilon {shapes[best]:.2f}, error {curves['error'][best]:.0e}, condition number {curves['condition'][best]:.0e}"
)
print(f"narrow end: error {curves['error'][-1]:.0e}, condition number {curves['condition'][-1]:.0e}")
print(f"flat end: error {curves['error'][0]:.0e}, residual left by rounding {curves['rounding'][0]:.0e}")
assert curves["error"][best] < 1e-6 < 1e-3 < min(curves["error"][0], curves["error"][-1])
assert curves["condition"][best] > 1e8 * curves["condition"][-1]

# %% mystnb={"image": {"alt": "Left: against the shape parameter, on logarithmic axes, the true error falls from right to left from about 0.1 to 1e-7 near 1.6, then rises as noise to about 0.1 at 0.3; the leave-one-out error runs above it with its minimum nearby, and the residual left by rounding rises from right to left and meets the true error at its minimum. Right: the condition number rises from right to left and saturates between 1e18 and 1e20."}}
figure, (left, right) = plt.subplots(1, 2, figsize=(7.4, 3.2))
left.loglog(shapes, curves["error"], color=plot.PALETTE[0], label="true error")
left.loglog(shapes, curves["leave-one-out"], "--", color=plot.PALETTE[1], label="leave-one-out")
left.loglog(shapes, curves["rounding"], ":", color="#777777", label="residual")
left.set(ylabel="error")
left.legend(fontsize=8)
right.loglog(shapes, curves["condition"], color=plot.PALETTE[2])
right.axhline(1 / np.finfo(float).eps, color="black", linestyle=":", label="limit of double precision")
right.set(ylabel="condition number")
right.legend(fontsize=8)
for ax in (left, right):
    ax.set_xlabel(r"shape parameter $\varepsilon$ (1/length)")
    ax.set_xticks([0.3, 1, 3, 8], labels=["0.3", "1", "3", "8"])
    ax.minorticks_off()
plt.show()

# %% [markdown]
# From right to left, flatter hills make the error fall by six orders of magnitude, and the condition number pays for it: the *trade-off principle* (精度与稳定性的权衡) again, in which no kernel has both. What is new is the dotted line. A solver leaves a residual of about the machine's precision times the size of what it adds up; as hills flatten, the coefficients grow, and so does this residual. Where it crosses the falling error the minimum lies, and to its left the error
# *is* the rounding: the curves run together. So the optimum sits exactly at the edge of the noise, at a condition number at which textbooks tell you to stop. The leave-one-out curve sees both sides of this valley.
#
# One correction to Rippa's recipe was necessary. On the far left, his errors are quotients of two noisy numbers, and now and then they come out small. `KansaSolver` therefore adds the squares of the residual to his sum, and rules out shapes at which the equations are not even met.

# %%
show_source(KansaSolver._choose, kansa._is_met, docstring="none")

# %% [markdown]
# With this, the solver chooses for itself. Since the optimum sits at the edge of the noise, a single run proves little: on another computer, with another order of additions, other last digits come out. So we move the points by a few units in the sixteenth digit, which changes nothing but the rounding, and repeat.

# %%
chosen = {}
for kernel, spacing in (("multiquadric", "uniform"), ("gaussian", "uniform"), ("gaussian", "chebyshev")):
    plain, chosen[kernel, spacing] = square_nodes(12, spacing=spacing), []
    for seed in range(9):
        digits = np.finfo(float).eps * np.random.default_rng(seed).integers(-4, 5, plain.inside.shape)
        shaken = plain._replace(inside=plain.inside * (1 + digits))
        chosen[kernel, spacing].append(largest_error(KansaSolver(kernel, epsilon="loo").fit(poisson(shaken)).predict))

# %%
for (kernel, spacing), errors in chosen.items():
    print(
        f"N = 144, {kernel:12s} {spacing:9s}: error {np.median(errors):.1e} in the median, {min(errors):.0e} to {max(errors):.0e}"
    )
assert np.median(chosen["gaussian", "chebyshev"]) < 1e-6

# %% [markdown]
# Our bar is an error of at most a millionth with 144 hills and no knowledge of the solution. The Gaussian on **Chebyshev points** (切比雪夫点), a grid that crowds towards the sides, clears it, in the median. Two honest remarks. The classical choice, the multiquadric on a uniform grid, misses it by a factor of forty: it is not
# flat enough where leave-one-out stops. And the spread is real. In the record's twenty-five repetitions the winner was under the bar in all but a few; whoever needs a guarantee and not a median should use more digits than sixteen, or fewer hills.

# %%
row = next(r for r in record["poisson"] if r["method"] == record["bar"]["method"] and r["unknowns"] == 144)
print(
    f"record: median {row['median_error']:.1e}, worst {row['worst_error']:.1e}, under the bar in {row['share_within_bar']:.0%}, {row['seconds']:.2f} s"
)
last = differences[-1]
print(
    f"finite differences: {last[0]:.0f} unknowns give {last[1]:.0e} in {last[2]:.1f} s; 1e-6 takes about {last[0] * last[1] / 1e-6:.0e}"
)
assert row["median_error"] < 1e-6 < last[1]

# %% [markdown]
# Forty-odd inverses of a matrix of 144 rows take less time than one sparse solve on the finest grid, whose error is fifty times larger. Before you throw away your finite differences: this solution is as smooth as solutions get, and the domain as harmless. It will get worse.
#
# ## Where the error comes from
#
# Fix the Gaussian at $\varepsilon = 2$, a little narrower than the best, so that rounding stays out of the picture, and look at maps of the *residual* $-\nabla^2 u - f$, which vanishes at the collocation points and nowhere else, for three arrangements of points: uniform; Chebyshev; and a third one that removes a strange omission. The equation holds up to the boundary, yet we never ask for it *there*. Fedoseyev, Friedman and Kansa (2002) do: a boundary point gets two rows, the condition and the equation. That needs as many
# additional hills, which may stand where no point is, one step outside the domain (the third part of `square_nodes`).

# %%
ten, twelve = square_nodes(10), square_nodes(12)
with_ghosts = [*poisson(ten), Collocation(AdvectionDiffusion(), ten.boundary, poisson_source)]
solutions = {
    "uniform, N = 144": KansaSolver("gaussian", epsilon=2.0).fit(poisson(twelve)),
    "Chebyshev, N = 144": KansaSolver("gaussian", epsilon=2.0).fit(poisson(nodes)),
    "equation on the boundary, N = 136": KansaSolver("gaussian", epsilon=2.0).fit(with_ghosts, centres=np.vstack(ten)),
}

# %%
maps = {
    name: np.abs(s.solution_.laplacian(grid) + poisson_source(grid)).reshape(61, 61) for name, s in solutions.items()
}
for name, size in maps.items():
    print(
        f"{name:34s} error {largest_error(solutions[name].predict):.1e}; residual {size.max():.1e}, inside 0.1 ... 0.9 {size[7:-7, 7:-7].max():.1e}"
    )
uniform, crowded, bordered = maps.values()
off_uniform = np.abs(solutions["uniform, N = 144"].predict(grid) - poisson_solution(grid)).reshape(61, 61)
print(f"uniform, error of u: {off_uniform.max():.1e}, inside 0.1 ... 0.9 {off_uniform[7:-7, 7:-7].max():.1e}")
assert off_uniform[7:-7, 7:-7].max() > 0.3 * off_uniform.max()
assert uniform.max() > 10 * uniform[7:-7, 7:-7].max()
assert uniform.max() > 5 * max(crowded.max(), bordered.max())

# %% mystnb={"image": {"alt": "Three maps of the logarithm of the residual on the unit square. Uniform: large along all four sides and small in the middle. Chebyshev and equation on the boundary: much smaller along the sides."}}
figure, panels = plt.subplots(1, 3, figsize=(7.6, 2.9), layout="constrained")
for ax, (name, size) in zip(panels, maps.items()):
    image = ax.imshow(
        np.log10(size + 1e-9), origin="lower", extent=(0, 1, 0, 1), vmin=-6, vmax=-1, cmap=plot.SEQUENTIAL
    )
    ax.grid(False)
    ax.set_title(name, fontsize=8)
    ax.set_xlabel("x")
panels[0].set_ylabel("y")
figure.colorbar(image, ax=panels, label="log10 of the residual", shrink=0.8)
plt.show()

# %% [markdown]
# With uniform points the residual is a frame: large along the sides, much smaller in the middle. It is Runge's phenomenon in a new dress, since the points at the edge have neighbours on one side only. Crowding the points there (middle) or asking for the equation there (right) removes most of the frame, and the error of $u$ falls several times. The right one does so with eight unknowns fewer, and works for any domain, while Chebyshev points need a square.
#
# We had expected the *error* to be a frame as well. It is not, says the last line of the list: inverting the Laplacian spreads a fault at the edge over the whole square, as a warm rim warms a plate. A small error near the boundary says nothing about where a bad residual is.
#
# ## Other equations: only the rows change
#
# ### Waves
#
# **Helmholtz' equation** (亥姆霍兹方程) $-\nabla^2 u - k^2 u = 0$ describes waves of wave number $k$: in code, the reaction is $-k^2$. A plane wave crosses the square at an angle; how many points does it take?


# %%
def miss(model, truth, places=grid):
    """Largest deviation from the truth."""
    return np.abs(model.predict(places) - truth(places)).max()


# %%
waves = {}
for k, n in ((k, n) for k in (5, 10, 20) for n in (8, 12, 16, 20)):
    net, wave = square_nodes(n, spacing="chebyshev"), partial(known.plane_wave, wave_number=k)
    helmholtz = Collocation(AdvectionDiffusion(reaction=-(k**2)), net.inside)
    waves[k, n] = miss(KansaSolver("gaussian").fit([helmholtz, Collocation(dirichlet(), net.boundary, wave)]), wave)

# %%
for k in (5, 10, 20):
    print(f"k = {k:2d}: " + ", ".join(f"{2 * np.pi / k * n:4.1f} per wave {waves[k, n]:.0e}" for n in (8, 12, 16, 20)))
assert waves[20, 8] > 0.05
assert waves[20, 20] < waves[20, 8] / 100

# %% [markdown]
# Each entry says how many points there are on one wave length, and the error. Up to about four points nothing works, as must be (two points for each wave is the least that can represent it); from there the digits come quickly, five or six points already give two to four of them. Schemes of second order want ten to twenty for two.
#
# ### Wind
#
# **Advection and diffusion** (对流扩散) compete in $-\kappa \nabla^2 u + v \cdot \nabla u = 0$. With the wind along $x$ and $\mathrm{Pe} = v/\kappa$, the Péclet number of the unit square, the solution $u = (e^{\mathrm{Pe}\,(x-1)} - e^{-\mathrm{Pe}}) / (1 - e^{-\mathrm{Pe}})$ is nearly zero, but for a layer of the width $1/\mathrm{Pe}$ at the far side.

# %%
line, windy = np.column_stack([np.linspace(0, 1, 301), np.full(301, 0.5)]), {}
for peclet, spacing in ((peclet, spacing) for peclet in (10, 60) for spacing in ("uniform", "chebyshev")):
    net, layer = square_nodes(14, spacing=spacing), partial(known.boundary_layer, peclet=peclet)
    wind = Collocation(AdvectionDiffusion(diffusion=1 / peclet, velocity=[1.0, 0.0]), net.inside)
    solver = KansaSolver("multiquadric").fit([wind, Collocation(dirichlet(), net.boundary, layer)])
    windy[peclet, spacing] = miss(solver, layer, line), solver.epsilon_, solver.predict(line)

# %% mystnb={"image": {"alt": "Two panels, for Pe = 10 and 60. Left: computed curves for uniform and Chebyshev points lie on the exact exponential rise at the right end. Right: the layer is much thinner; the uniform curve is a plateau at about 0.1 instead of zero, and the Chebyshev curve dips to about -0.2 in front of the layer."}}
figure, panels = plt.subplots(1, 2, figsize=(7.2, 2.9))
for ax, peclet in zip(panels, (10, 60)):
    truth = known.boundary_layer(line, peclet)
    ax.plot(line[:, 0], truth, color=plot.PALETTE[4], linewidth=3, alpha=0.5, label="exact")
    for spacing, style, colour in (("uniform", "-", plot.PALETTE[1]), ("chebyshev", "--", plot.PALETTE[0])):
        ax.plot(line[:, 0], windy[peclet, spacing][2], style, color=colour, label=spacing)
    ax.set(title=f"Péclet number {peclet}", xlabel="x, at y = 1/2", ylim=(-0.4, 1.2))
panels[0].set_ylabel("u")
panels[0].legend(fontsize=8)
plt.show()

# %%
for (peclet, spacing), (size, epsilon, _) in windy.items():
    print(f"Péclet number {peclet}, {spacing:9s} points: epsilon {epsilon:5.2f}, largest error on the line {size:.1e}")
assert all(windy[10, spacing][0] < 0.01 < 0.1 < windy[60, spacing][0] for spacing in ("uniform", "chebyshev"))

# %% [markdown]
# A gentle wind is no problem. Against a strong one, uniform points see nothing of the layer but its end, and what they make of it is felt everywhere: the whole plateau is a tenth too high, and a second layer, which does not exist, brings it down to zero on the left. Nothing in collocation knows upwind from downwind. Chebyshev points have a line or two inside the layer, and we had expected them to win. They dip below zero in front of it. And the printed $\varepsilon$ shows that leave-one-out has given up: it cannot find a shape that predicts an omitted equation in the layer from its neighbours, and ends near the
# narrow end of its range, at hills that hardly touch. A chosen $\varepsilon$ at the end of the range is a warning worth reading.
#
# ### Holes
#
# Now what meshless methods were invented for: a domain that no tensor grid fits. A square plate with a round hole; the temperature is given on the outer sides, and on the hole's edge the flux, a **Neumann condition** (诺伊曼条件). The points come from `nndl_support.pinn.geometry`, and the normals with them. We manufacture the right-hand sides from a solution that we choose, $u = \sin(3x + y) + x y^2$, so that the error is known.

# %%
plate = Difference(Rectangle([-1, -1], [1, 1]), Disk([0.2, 0.1], 0.35))
places, rng = plate.sample(3000, rng=np.random.default_rng(1)), np.random.default_rng(0)
plates, points, off = {}, {}, {}

# %%
for n in (20, 40, 80, 160):
    inside = plate.sample(n, method="grid", rng=rng)
    edge, normals = plate.sample_boundary(round(5.5 * n**0.5), method="grid", rng=rng)
    hole = plate.hole.on_boundary(edge)
    flux = (normals * known.tilted_waves_gradient(edge)).sum(axis=1)[hole]
    heat = Collocation(AdvectionDiffusion(), inside, known.tilted_waves_source)
    held = Collocation(dirichlet(), edge[~hole], known.tilted_waves)
    plates[n] = KansaSolver("gaussian").fit([heat, held, Collocation(neumann(normals[hole]), edge[hole], flux)])
    points[n] = inside, edge[~hole], edge[hole], normals[hole]

# %%
for n, s in plates.items():
    off[n] = np.abs(s.predict(places) - known.tilted_waves(places))
    print(f"{len(s.matrix_):3d} unknowns, epsilon {s.epsilon_:.2f}: largest error {off[n].max():.1e}")
assert off[80].max() < off[20].max() / 5
assert off[80].max() < 1e-3

# %% mystnb={"image": {"alt": "Left: temperature over a square plate with a round hole, with the collocation points, arrows for the normals pointing into the hole. Right: the logarithm of the error, about 1e-6 nearly everywhere and largest in patches at the sides, mostly at the lower left."}}
figure, (left, right) = plt.subplots(1, 2, figsize=(7.4, 3.1), layout="constrained")
shown = plates[80]
image = left.scatter(*places.T, c=shown.predict(places), s=4, cmap=plot.SEQUENTIAL)
figure.colorbar(image, ax=left, label="temperature (K)")
inside, sides, rim, normals = points[80]
left.quiver(*rim.T, *normals.T, color=plot.PALETTE[1], scale=12, width=0.008)
left.plot(*inside.T, ".", color="black", markersize=3)
left.plot(*sides.T, "s", color="black", markersize=3, clip_on=False)
image = right.scatter(*places.T, c=np.log10(off[80] + 1e-9), s=4, cmap=plot.SEQUENTIAL)
figure.colorbar(image, ax=right, label="log10 of the error (K)")
for ax in (left, right):
    ax.set(xlabel="x", ylabel="y", aspect="equal")
plt.show()

# %% [markdown]
# Left the points of the third row: dots for the equation, squares for the temperature, arrows for the flux; they point out of the plate, into the hole. Right the error: it is largest in patches along the outer sides. Nobody drew a mesh, and no line of the solver knows that there is a hole. With about a hundred hills the error is of the order of $10^{-5}$; with twice as many it was not smaller but larger in our run. That is the floor again, a higher one, since the plate is twice as wide as the square and leave-one-out must find its way through more noise. More hills are not always more.
#
# ## Non-linear equations: Newton in the space of functions
#
# If the equation is not linear, $-\nabla^2 u + u^3 = f$ say, then neither are the equations for $c$. **Newton's method** (牛顿法) does here what it does for a single number: replace the equation by its tangent at the current guess $u_k$, and solve that. The tangent is a *linear differential equation* for the next guess,
#
# $$ \bigl(-\nabla^2 + q'(u_k)\bigr)\, u_{k+1} = f - q(u_k) + q'(u_k)\, u_k , \qquad q(u) = u^3 , $$
#
# with a reaction that changes from point to point. We have a solver for those.

# %%
show_source(newton_kansa.newton_kansa, docstring="none")

# %%
disk = Disk([0, 0], 1.0)
inside = disk.sample(150, method="grid", rng=rng)
edge, _ = disk.sample_boundary(45, method="grid", rng=rng)
equation = Collocation(AdvectionDiffusion(), inside, lambda x: known.harmonic(x) ** 3)  # its Laplacian is 0: f = u³
held, cube = Collocation(dirichlet(), edge, known.harmonic), (lambda u: u**3, lambda u: 3 * u**2)

# %%
runs = {}
for level in (0.0, 2.0, 5.0):
    runs[level] = newton_kansa.newton_kansa(
        equation, [held], *cube, KansaSolver(epsilon=2.0), start=lambda x, u=level: np.full(len(x), u), tolerance=1e-7
    )

# %%
distances = {}
for level, run in runs.items():
    last = run.solution.predict(inside)
    distances[level] = [np.abs(u.predict(inside) - last).max() for u in run.iterates[:-1]]
    print(f"from {level}: distance to the last iterate", ", ".join(f"{v:.0e}" for v in distances[level]))
    close = np.array([v for v in distances[level] if 1e-6 < v < 0.3])
    assert (close[1:] < close[:-1] ** 2).all()

# %%
error = miss(runs[0.0].solution, known.harmonic, disk.sample(2000, rng=np.random.default_rng(2)))
print(f"largest error against the exact solution: {error:.1e}")
assert error < 5e-3

# %% mystnb={"image": {"alt": "Distance to the solution against the step, logarithmic axis, for starts at 0, 2 and 5. All three curves first fall slowly by about one half at each step and then plunge, doubling the number of correct digits."}}
figure, ax = plt.subplots(figsize=(6.4, 2.9))
for (level, values), marker in zip(distances.items(), "os^"):
    ax.semilogy(range(1, len(values) + 1), values, marker=marker, label=f"start: u = {level:.0f}")
ax.set(xlabel="step", ylabel="largest distance to the solution")
ax.legend(fontsize=8)
plt.show()

# %% [markdown]
# From afar each step shrinks the distance by a third or a half, which is what Newton does with a cube: far out, the tangent of $u^3$ leads to $\tfrac23 u$. Once close, the number of correct digits doubles: $10^{-1}$, $10^{-3}$, $10^{-6}$, **quadratic convergence** (二次收敛). The last line reminds us that two errors are at work. Newton solves the *discrete* equations to many digits in a handful of steps; how well these represent the differential equation is decided by the hills, here ones
# narrow enough to leave Newton room to show its digits.
#
# ## The one-layer PINN
#
# Read the sum of hills as a network: an input layer, one hidden layer of radial units, a linear output. A **physics-informed network** (物理知识神经网络) is trained by minimising a loss, the mean squares of the residuals of all equations, each with a weight $\lambda$:
#
# $$ E(c) = \frac{\lambda_I}{N_I} \sum_{i \le N_I} \bigl(\mathcal{L}u(x_i) - f(x_i)\bigr)^2 + \frac{\lambda_B}{N_B} \sum_{i > N_I} \bigl(\mathcal{B}u(x_i) - g(x_i)\bigr)^2 = \lVert A c - b \rVert^2 . $$
#
# Up to the weights, the rows of $A$ are the rows (1) and (2). With as many hills as equations the least loss is zero, and it is attained at Kansa's solution, *whatever the weights*. So Kansa's method is the training of a one-layer PINN whose centres and widths stand still, done by one linear solve.

# %%
six = square_nodes(6)
direct = KansaSolver("gaussian", epsilon=1.6).fit(poisson(six))
for weights in ((1, 1), (1, 1000)):
    network = rbf_pinn.RBFNetworkPINN(np.vstack(six[:2]), 1.6).fit(poisson(six), weights=weights)
    gap = np.abs(network.predict(grid) - direct.predict(grid)).max()
    print(
        f"weights {weights}: loss {network.losses_[0]:.0e}, largest difference from Kansa's solution {gap:.0e}, error {largest_error(network.predict):.3f}"
    )
    assert gap < 1e-6

# %% [markdown]
# But PINNs are not trained by linear solves. They are trained by gradient descent. We know from the chapter on optimisation what that means for a quadratic loss: each singular direction of $A$ shrinks at its own pace, the slowest over a number of steps of the order of the squared condition number. For a linear layer the path is known in closed form, so that we can afford to look at as many steps as we like.

# %%
steps = np.unique(np.geomspace(1, 1e12, 73).astype(np.int64))
basis, away = KernelBasis(np.vstack(six[:2]), "gaussian", 1.6), {}
for weights in ((1.0, 1.0), (1.0, 1000.0)):
    A, b = rbf_pinn.weighted_system(poisson(six), weights, basis.centres, 1.6)
    path = rbf_pinn.gradient_descent_path(A, b, steps)
    away[weights] = [np.abs(Expansion(basis, c).predict(grid) - direct.predict(grid)).max() for c in path]
    late = away[weights][int(np.searchsorted(steps, 999_999))]
    print(
        f"weights {weights}: condition number {np.linalg.cond(A):.0e}; off by {late:.3f} after a million steps, {away[weights][-1]:.0e} after 1e12"
    )
    assert late > 5e-3
    assert away[weights][-1] < late / 5

# %% mystnb={"image": {"alt": "Distance from Kansa's solution against the steps of gradient descent from 1 to 1e12 on logarithmic axes, for two weightings. Both fall in long stairs; the one with the heavier boundary is about ten times lower. At a million steps, a dotted line, they are at 0.2 and 0.02."}}
figure, ax = plt.subplots(figsize=(6.4, 3))
for (weights, values), style in zip(away.items(), ("-", "--")):
    ax.loglog(steps, values, style, label=f"boundary weighted {weights[1]:.0f}")
ax.axvline(1e6, color="#777777", linewidth=1, linestyle=":")
ax.set(xlabel="steps of gradient descent", ylabel="distance from Kansa's solution", ylim=(1e-4, 3))
ax.legend(fontsize=8)
plt.show()

# %% [markdown]
# A network of 36 units and a problem of the simplest kind; one linear solve does it, and gradient descent is far from done after a million steps (dotted), since the slowest direction needs some $10^{17}$. A second derivative multiplies fine structures by large numbers and coarse ones by small, which spreads the singular values even wider than hills do by themselves. And see what the weights do: they cannot change where the path ends, but they change the condition number, and with it how far one is at any given step, here by a factor of ten. Keep the picture for the sections to come: **when a PINN trains badly, this is the first suspect.**
#
# ### What learning buys
#
# Why would anybody use the worse algorithm? Because it can do what the linear solve cannot: move the units. Take a solution with a detail, the sine and a bump of the width of about a tenth of the square, $u = \sin \pi x \sin \pi y + e^{-60 \lVert x - p \rVert^2}$ with $p = (0.35, 0.6)$. Nine units, on a grid of three by three, must satisfy the equation at 361 points and the boundary at 80. Once only the output weights learn, and once centres and
# widths learn, too, from three slightly different starts. (For any centres and widths the best output weights are again a linear solve, so the search sees the former only. This is *variable projection*, 变量投影; the slopes it needs, in which the output weights give way, are Golub and Pereyra's, `rbf_pinn.projected_jacobian`.)


# %%
many, start = square_nodes(21), np.vstack(square_nodes(3)[:2])
detail = [
    Collocation(AdvectionDiffusion(), many.inside, known.sine_and_bump_source),
    Collocation(dirichlet(), many.boundary, known.sine_and_bump),
]


# %%
def learnt_networks(boundary_weight, n_starts=3):
    """Nine moving units from slightly different starts, the least loss first."""
    starts = [start + 0.05 * np.random.default_rng(seed).normal(size=start.shape) for seed in range(n_starts)]
    tries = [rbf_pinn.RBFNetworkPINN(s, 1.5, learn=True, max_evaluations=60) for s in starts]
    return sorted((t.fit(detail, weights=(1, boundary_weight)) for t in tries), key=lambda network: network.losses_[1])


# %%
fixed_units, balanced = rbf_pinn.RBFNetworkPINN(start, 1.5).fit(detail, weights=(1, 1e4)), learnt_networks(1e4)
sparse = [
    Collocation(AdvectionDiffusion(), six.inside, known.sine_and_bump_source),
    Collocation(dirichlet(), six.boundary, known.sine_and_bump),
]
lattice = KansaSolver("gaussian").fit(sparse)

# %%
truth = known.sine_and_bump
print(f"nine units, fixed: error {miss(fixed_units, truth):.3f}")
print("learnt, three starts, by their loss:", ", ".join(f"{miss(network, truth):.4f}" for network in balanced))
print(f"Kansa with 36 hills, the same number of parameters: {miss(lattice, truth):.3f}")
assert miss(balanced[0], truth) < 0.2 * min(miss(fixed_units, truth), miss(lattice, truth))

# %% mystnb={"image": {"alt": "Left: nine grey circles, the units at the start, all of the same width on a three by three grid. Right: the learnt units over contours of the solution; eight have grown wide and moved outwards, most of them out of the square, and one tiny circle sits on the bump."}}
figure, panels = plt.subplots(1, 2, figsize=(7.2, 3.3), sharex=True, sharey=True)
for ax, name, network in zip(panels, ("fixed", "learnt"), (fixed_units, balanced[0])):
    ax.contour(axis, axis, network.predict(grid).reshape(61, 61), levels=8, cmap=plot.SEQUENTIAL, linewidths=0.8)
    for centre, width in zip(network.centres_, 1 / network.epsilons_):
        ax.add_patch(plt.Circle(centre, width / 2, fill=False, color=plot.PALETTE[0], alpha=0.6))
        ax.plot(*centre, "o", color=plot.PALETTE[0], markersize=4)
    ax.plot(0.35, 0.6, "+", color=plot.PALETTE[1], markersize=12, markeredgewidth=2)
    ax.set(title=f"{name}: error {miss(network, truth):.0e}", xlabel="x", xlim=(-0.6, 1.6), ylim=(-0.6, 1.6))
    ax.set_aspect("equal")
panels[0].set_ylabel("y")
plt.show()

# %% [markdown]
# Circles have half the unit's length $1/\varepsilon_i$ as radius. Fixed units of one width cannot say "sine and bump"; nor can the 36 hills of Kansa's method, which have as many parameters as nine units with centre (2), width and weight. The learnt units sort themselves: eight wide ones carry the sine, most of them from outside the square, and a narrow one has found the bump (cross). **That is what training buys: features where the solution needs them.** What it costs can be seen in the list: the problem for centres and widths is non-linear, and three starts that hardly differ end in three places, with errors far apart. The loss at least says which one to keep. And the weights of the loss, irrelevant for the square system, matter now: with 441 equations for nine units not all can be met, and $\lambda$ decides which. With $\lambda_B = 1$ in place of $10^4$:

# %%
careless = learnt_networks(1.0)
print("boundary weighted 1, three starts:", ", ".join(f"{miss(network, truth):.2f}" for network in careless))
assert miss(careless[0], truth) > 3 * miss(balanced[0], truth)

# %% [markdown]
# Far worse, for a number that no law of physics determines: residuals of second derivatives are large, and a boundary weighted equally is drowned. The next section, on [physics-informed networks](physics_informed_networks.ipynb), replaces the radial layer by a deep one, and inherits all three lessons: ill-conditioning, movable features, and the balance of the loss.
#
# ## Checked against
#
# The exact solutions judged so far. Here are programs that share no line with ours: scipy's interpolator for the basis, and a sparse direct solve of finite differences for the equation. First, with value rows only, Kansa's system must give the interpolant.

# %%
from scipy.interpolate import RBFInterpolator

spots, worst = np.random.default_rng(4).random((60, 2)), 0.0

# %%
for kernel, degree in (("multiquadric", 0), ("inverse_multiquadric", -1), ("gaussian", -1), ("cubic", 1)):
    ours = KansaSolver(kernel, epsilon=6.0, degree=degree).fit([Collocation(dirichlet(), spots, truth)])
    peer = RBFInterpolator(spots, truth(spots), kernel=kernel, epsilon=6.0, degree=degree)
    worst = max(worst, np.abs(ours.predict(grid) - peer(grid)).max())
    assert np.abs(ours.predict(spots) - truth(spots)).max() < 1e-8
print(f"four kernels, 60 points: largest difference from scipy.interpolate.RBFInterpolator {worst:.0e}")
assert worst < 1e-7

# %% [markdown]
# Second, a problem without a known solution: a plate that is heated uniformly, $-\nabla^2 u = 1$, cold at its sides. Finite differences on two grids can be extrapolated to zero mesh width, since their error is known to fall like $h^2$ (Richardson).

# %%
centre_value = []
for n in (65, 129):
    points, u = poisson_on_square.finite_differences(n, lambda x: np.ones(len(x)))
    centre_value.append(u[np.abs(points - 0.5).max(axis=1) < 1e-12][0])
richardson = centre_value[1] + (centre_value[1] - centre_value[0]) / 3

# %%
net = square_nodes(14, spacing="chebyshev")
heated = [Collocation(AdvectionDiffusion(), net.inside, 1.0), Collocation(dirichlet(), net.boundary)]
value = KansaSolver("gaussian").fit(heated).predict([[0.5, 0.5]])[0]
print(
    f"temperature in the middle: Kansa {value:.6f}, finite differences {richardson:.6f}, apart {abs(value - richardson):.0e}"
)
assert abs(value - richardson) < 1e-4

# %% [markdown]
# They agree to five decimals, not to seven: this solution is *not* quite smooth. In the corners the two sides demand $\partial_{xx} u = \partial_{yy} u = 0$, and the equation that their sum be $-1$. This small contradiction makes the mixed second derivative grow like $\ln r$, and it is enough to end exponential convergence. There are stronger ones.
#
# ## What goes wrong
#
# ### Corners
#
# An L-shaped domain has a corner that points inwards, and the natural solution there behaves like $r^{2/3} \sin \tfrac23\theta$: continuous, but with an infinite gradient.

# %%
step = Polygon([[0, 0], [1, 0], [1, 1], [-1, 1], [-1, -1], [0, -1]])
corner_places = step.sample(3000, rng=np.random.default_rng(3))
corner_errors = {"smooth": [], "singular": []}

# %%
for n in (30, 60, 120, 240):
    inside, (edge, _) = (
        step.sample(n, method="grid", rng=rng),
        step.sample_boundary(round(4 * n**0.5), method="grid", rng=rng),
    )
    for name, u in (("smooth", known.harmonic), ("singular", known.corner_singularity)):
        flow = [Collocation(AdvectionDiffusion(), inside), Collocation(dirichlet(), edge, u)]
        size = miss(KansaSolver("multiquadric").fit(flow), u, corner_places)
        corner_errors[name].append((len(inside) + len(edge), size))

# %%
for name, values in corner_errors.items():
    print(f"{name:8s} " + ", ".join(f"N = {n}: {error:.0e}" for n, error in values))
assert corner_errors["singular"][-1][1] > 20 * corner_errors["smooth"][-1][1]

# %% [markdown]
# The same domain, the same points, two solutions. The smooth one is right to four digits from fifty hills on; the singular one hardly moves. Hills that are infinitely smooth cannot make an edge, and a method of exponential order has no fall-back of low order: it is excellent or it is poor. (The cure is to add the function $r^{2/3} \sin \frac23 \theta$ to the basis, or to refine where it lives; exercise 4.)
#
# ### A kernel that is not smooth enough
#
# Not every kernel of the interpolation chapter will do. The thin-plate spline $t^2 \ln t$ has no second derivative at its own centre, and collocation asks for it right there.

# %%
refused = ""
try:
    KansaSolver("thin_plate_spline", epsilon=1.0, degree=1).fit(poisson(six))
except ValueError as error:
    refused = str(error)
print(refused)
assert "has no Laplacian at its own centre" in refused

# %% [markdown]
# ### No proof
#
# For interpolation there was a theorem: the matrix is positive definite, so there is a solution for all distinct points. For Kansa's matrix there is none. Rows come from different operators, the matrix is not symmetric, and Hon and Schaback (2001) found points for which it is *singular*. One can find such points at home. Draw two points inside the square and one on each side. For most draws the determinant of the multiquadric's matrix is negative; for a few it is positive. Take one of each, move the points of
# the one slowly to the places of the other: on the way the determinant changes its sign.

# %%
show_source(singular_collocation.on_the_way, singular_collocation.determinant, docstring="none")

# %%
common, rare = singular_collocation.draw(2999), singular_collocation.draw(2989)
signs = [np.sign(singular_collocation.determinant(singular_collocation.draw(seed))) for seed in range(1000)]
print(f"of 1000 draws, {signs.count(1.0)} have a positive determinant")
assert 0 < signs.count(1.0) < 200

# %%
where = brentq(
    lambda s: singular_collocation.determinant(singular_collocation.on_the_way(s, common, rare)), 0, 1, xtol=1e-16
)
meeting, past = (singular_collocation.on_the_way(where + s, common, rare) for s in (0, 1e-3))

# %%
refused = ""
try:
    KansaSolver("multiquadric", epsilon=1.0).fit(singular_collocation.equations(meeting))
except np.linalg.LinAlgError as error:
    refused = str(error)
print(refused)
assert "singular or nearly so" in refused

# %%
nearby = KansaSolver("multiquadric", epsilon=1.0).fit(singular_collocation.equations(past))
print(f"a thousandth of the way further: condition number {nearby.condition_number_:.0e}")
assert nearby.condition_number_ < 1e9

# %% [markdown]
# Six points, no symmetry, nothing coincides, and the system has no solution. By the argument of the moving points there are whole surfaces of such sets. But they are thin: a thousandth of the way further the system is harmless, and for the Poisson problem it was proved recently that points drawn at random almost surely avoid them (Cavoretto and others 2024 for multiquadrics; Sommariva and Vianello 2024 for Gaussians). A *symmetric* variant, in which the operators act on the kernels a second time, with respect to the centre, has
# a positive definite matrix for all points (Wu 1992; Fasshauer 1997). It needs twice as many derivatives of the kernel and does not carry over to variable coefficients as easily, and so nearly everybody uses Kansa's.
#
# ## Exercises
#
# 1. Write down the matrix of Kansa's method for $-u'' = f$ on $[0, 1]$ with $u(0) = u(1) = 0$, three equally spaced points and the Gaussian with $\varepsilon = 1$. Check it against `KansaSolver.system`.
#    <details><summary>Hint</summary>
#
#    $-\varphi'' = (2 - 4t^2)\, e^{-t^2}$. The points at 0 and 1 contribute rows of values, that at 1/2 one row of second derivatives.
#
#    </details>
# 2. Why do the weights of the loss not matter when there are as many units as equations, and why do they matter otherwise?
#    <details><summary>Answer</summary>
#
#    With a regular square matrix all residuals can be zero at once, and a weighted sum of squares is zero exactly then. With more equations than units the least-squares solution trades residuals against each other at the rate of the weights.
#
#    </details>
# 3. Show that the leave-one-out formula needs no symmetry but does need the k-th row and the k-th column to be left out together. What goes wrong in the arrangement with hills outside the domain?
#    <details><summary>Hint</summary>
#
#    Nothing goes wrong with the formula; but the hill that leaves with an equation now stands elsewhere, and the order of the centres becomes part of the choice.
#
#    </details>
# 4. (Program.) Add the function $r^{2/3} \sin \frac23 \theta$ as an additional column to the matrix of the L-shaped domain, and one more boundary point. How does the error fall now?
#    <details><summary>Hint</summary>
#
#    The function is harmonic: its entries are zero in the rows of the equation and its own values in those of the boundary.
#
#    </details>
# 5. (Program.) Resonance: solve $-\nabla^2 u - k^2 u = 1$ with $u = 0$ on the sides, for $k^2$ between 10 and 60. Plot the largest $|u|$ and the condition number.
#    <details><summary>Hint</summary>
#
#    The square rings at $k^2 = \pi^2 (m^2 + n^2)$: 19.7, 49.3. There the differential equation itself has no unique solution, and the matrix knows.
#
#    </details>
# 6. (Program.) Find a solution of $-\nabla^2 u = e^u$ on the unit square, zero on the sides, by `newton_kansa`. Start at 0, then at $6 \sin \pi x \sin \pi y$. One solution or two?
#    <details><summary>Hint</summary>
#
#    The term is $q(u) = -e^u$. Below a critical factor in front of $e^u$ there are two solutions; here their maxima are near 0.08 and 6.3. From other starts Newton may run away.
#
#    </details>
#
# ## Summary
#
# - Kansa's method asks a sum of radial functions to satisfy a linear differential equation at points inside and conditions at points on the boundary: one dense, unsymmetric linear system.
# - For smooth solutions the error falls exponentially in the number of points along a side, down to a floor of about $10^{-6}$ to $10^{-7}$ that rounding sets. The golden table was met, and 144 Gaussians on Chebyshev points with the shape by leave-one-out came to less than $10^{-6}$ in the median of perturbed runs; the multiquadric on a uniform grid did not.
# - The best shape lies where the falling error meets the rising rounding. Rippa's formula holds without symmetry, and finds that place, if shapes whose equations are not met are ruled out.
# - Errors sit at the boundary; crowd the points there, or ask for the equation there as well. Layers and corners end the exponential convergence.
# - Newton's method makes non-linear equations a sequence of linear ones and converges quadratically.
# - There is no guarantee that the matrix is regular, and there are points for which it is not; they are rare.
# - It is a one-layer PINN with fixed hidden units. Gradient descent on the same loss would need more steps than anybody has; moving the units buys features where the solution needs them; and then the weights of the loss begin to matter.
#
# ## Sources
#
# - Kansa (1990), Multiquadrics, a scattered data approximation scheme with applications to computational fluid-dynamics, II, [doi:10.1016/0898-1221(90)90271-K](https://doi.org/10.1016/0898-1221(90)90271-K).
# - Hon and Schaback (2001), On unsymmetric collocation by radial basis functions, [doi:10.1016/S0096-3003(99)00255-6](https://doi.org/10.1016/S0096-3003(99)00255-6).
# - Cavoretto, Dell'Accio, De Rossi, Sommariva and Vianello (2024), Nonsingularity of unsymmetric Kansa matrices: random collocation by multiquadrics and inverse multiquadrics, [arXiv:2403.18017](https://arxiv.org/abs/2403.18017); Sommariva and Vianello (2024), Unisolvence of unsymmetric random Kansa collocation by Gaussians and other analytic RBF vanishing at infinity, [arXiv:2405.18550](https://arxiv.org/abs/2405.18550).
# - Fedoseyev, Friedman and Kansa (2002), Improved multiquadric method for elliptic partial differential equations via PDE collocation on the boundary, [doi:10.1016/S0898-1221(01)00297-8](https://doi.org/10.1016/S0898-1221(01)00297-8).
# - Rippa (1999), An algorithm for selecting a good value for the parameter c in radial basis function interpolation, [doi:10.1023/A:1018975909870](https://doi.org/10.1023/A:1018975909870).
# - Fasshauer (2007), Meshfree Approximation Methods with MATLAB, [doi:10.1142/6437](https://doi.org/10.1142/6437), chapters 38 to 40 (Kansa's method and the symmetric one).
# - Golub and Pereyra (1973), The differentiation of pseudo-inverses and nonlinear least squares problems whose variables separate, [doi:10.1137/0710036](https://doi.org/10.1137/0710036).
# - LeVeque (2007), Finite Difference Methods for Ordinary and Partial Differential Equations, [doi:10.1137/1.9780898717839](https://doi.org/10.1137/1.9780898717839).
