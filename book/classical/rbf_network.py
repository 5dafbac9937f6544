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
# # Radial basis function networks (径向基函数网络)
#
# A unit of a multilayer perceptron looks along a direction: it fires on one side of a hyperplane, arbitrarily far out. There is another way
# to build a unit. It sits at a place, its **centre** (中心), and fires for inputs that are near. A network of such units draws a
# function as a heap of hills, and for given hills it is trained by solving linear equations, once, without a learning rate.
#
# How far does that carry? We follow the idea from its origin, a smooth surface through scattered measurements, where one
# parameter decides between four correct digits and nonsense, to a classifier of handwritten digits with fewer units than
# one would think. On the way XOR will be solved again, and a formula of a well-known textbook, taken literally, will fail at it.
#
# **You need:** linear equations and least squares; the sections on the [multilayer perceptron](../backprop/multilayer_perceptron.ipynb)
# and [back-propagation](../backprop/backpropagation.ipynb) for the second half. One proof uses a Fourier transform (傅里叶变换); it may be skipped.
#
# **Time to run:** see the [Execution](../execution.md) page. About 15 seconds on one core.
#
# Equations (5.18) and (5.19) carry the numbers of Zhou (2016), section 5.5.1.

# %% tags=["install", "hide-cell"]
# Only where the package is missing, as on Colab.
import importlib.util

if importlib.util.find_spec("nndl_support") is None:
    print("This notebook needs the package nndl_support: run pip install '.[data]' in a copy of its repository.")

# %%
import matplotlib.pyplot as plt
import numpy as np
from scipy.stats.qmc import Halton

# %%
from nndl_support import plot, records
from nndl_support.classical import centres, radial_kernels, rbf_gradient, shape_parameter
from nndl_support.classical.franke import franke
from nndl_support.classical.rbf import RBFInterpolator, RBFNetworkClassifier, RBFNetworkRegressor
from nndl_support.data.digits import load_digits
from nndl_support.data.water import load_water_density, water_density
from nndl_support.source import show_source

plot.use_style()

# %% [markdown]
# ## A hill on every point
#
# Given are $N$ places $y_1, \dots, y_N$ in a space of any dimension, and a value $d_j$ at each. Wanted is a smooth function $s$ with $s(y_j) = d_j$:
# an **interpolant** (插值函数). Put the same hill on each place, scale the hills, and add:
#
# $$ s(x) = \sum_{j=1}^{N} c_j\, \varphi(\varepsilon \lVert x - y_j \rVert) $$
#
# The profile $\varphi$ is a **radial basis function** (径向基函数): it sees the distance from the centre and nothing else. The **shape parameter** (形状参数)
# $\varepsilon$ is an inverse length; the smaller it is, the wider and flatter the hills. The conditions $s(y_i) = d_i$ are $N$ linear equations
#
# $$ A c = d, \qquad A_{ij} = \varphi(\varepsilon \lVert y_i - y_j \rVert). $$

# %% mystnb={"image": {"alt": "Six black points on a plane; a scaled Gaussian hill, up or down, stands on each, and the thick curve that is their sum passes through all the points."}}
places, heights = np.array([[0.0], [1.0], [1.8], [3.0], [4.2], [5.0]]), np.array([1.0, 2.0, 0.5, -0.5, 1.5, 1.0])
s = RBFInterpolator(places, heights, kernel="gaussian", epsilon=1.0, degree=-1)
x = np.linspace(-2, 7, 400)[:, None]
hills = s.coefficients * radial_kernels.value_matrix(x, places, "gaussian")
figure, ax = plt.subplots(figsize=(7, 3))
ax.plot(x, hills, "--", color=plot.PALETTE[0], linewidth=1, label=["hills", *[None] * 5])
ax.plot(x, s(x), color=plot.PALETTE[1], label="interpolant")
ax.plot(places, heights, "o", color="black", label="data")
ax.set(xlabel="place x", ylabel="value")
ax.legend()
plt.show()

# %% [markdown]
# The dashed hills do not have the heights of their points, because each also stands on the slopes of its neighbours: the one at 1 is higher than its
# point, since its neighbour at 1.8 points downwards, and the one at 0 is much lower, since the slope of the hill at 1 does most of its work. The linear equations
# take care of that. Outside the data the curve returns to zero. Keep this in mind, it will become a vice and then a virtue.
#
# In code, the matrix is a table of distances passed through the profile. To the hills one may add a polynomial; it gets its own
# coefficients $a$, and as many extra equations, $P^\top c = 0$, where column $r$ of $P$ holds the values of the $r$-th monomial at the points: the hills shall carry no share of what
# the polynomial can say. Amounts on the
# diagonal are **smoothing** (平滑): with them the function need not go through noisy values exactly.

# %%
show_source(radial_kernels.value_matrix, RBFInterpolator.system)

# %% [markdown]
# ## Is there always a solution?
#
# For polynomials in several variables, no: points on an unlucky curve make the equations singular. In two and more dimensions this holds for every set of
# basis functions chosen before the points are known: walk two of the points along a loop until they have changed places, and the determinant,
# two of whose rows are now exchanged, has changed its sign; on the way it was zero. Radial functions escape
# because the basis moves with the points.
#
# For the Gaussian the proof is one line. As a function of the difference of two places it is a sum (an integral) of waves, all with positive weights $\hat\varphi$, so for any coefficients not all zero
#
# $$ c^\top A c = \sum_{i,j} c_i c_j\, \varphi(y_i - y_j) = \int \hat\varphi(\omega) \Big| \sum_j c_j e^{\mathrm{i} \omega^\top y_j} \Big|^2 \mathrm{d}\omega > 0 , $$
#
# because waves at different places are linearly independent. The matrix is **positive definite** (正定), so it has an inverse, for
# any distinct points in any dimension. Not every useful profile is that well-behaved. Hardy's **multiquadric** $-\sqrt{1+t^2}$ grows
# without bound. Franke had guessed from many experiments that its matrix was never singular. Micchelli (1986) proved it: the matrix has
# $N - 1$ positive eigenvalues and one negative, so its determinant cannot vanish. Let us look at some.

# %%
rng = np.random.default_rng(0)
points = rng.random((40, 2))
definite = ("gaussian", "inverse_multiquadric", "wendland_c2")
for kernel in (*definite, "multiquadric", "thin_plate_spline"):
    eigenvalues = np.linalg.eigvalsh(radial_kernels.value_matrix(points, points, kernel, epsilon=5.0))
    negative = (eigenvalues < 0).sum()
    print(f"{kernel:21s} {negative:2d} negative eigenvalues, smallest in size {np.abs(eigenvalues).min():.1e}")
    assert negative == {"multiquadric": 1}.get(kernel, 0) or kernel == "thin_plate_spline"

# %% [markdown]
# The **thin-plate spline** (薄板样条) $t^2 \ln t$, the shape of a bent sheet of metal, has negative and positive eigenvalues. Can it fail? Put one point in
# the middle of a unit circle and the others on it. Every distance from the middle is 1, and $1^2 \ln 1 = 0$; the distance from the
# middle to itself is 0. A row of zeros:

# %%
angles = np.arange(5.0)
circle = np.vstack([[0, 0], np.column_stack([np.cos(angles), np.sin(angles)])])
A = radial_kernels.value_matrix(circle, circle, "thin_plate_spline")

# %%
bent = RBFInterpolator(circle, np.arange(6.0), kernel="thin_plate_spline")
print(
    "row of the middle point:",
    np.abs(A[0]).max().round(12),
    "| with a plane beside it, error",
    np.abs(bent(circle) - np.arange(6)).max(),
)
assert np.linalg.cond(A) > 1e15
np.testing.assert_allclose(bent(circle), np.arange(6), atol=1e-12)

# %% [markdown]
# Without help the plate fails; with a linear polynomial beside it, it works for all points that do not lie on one line. Such kernels are called
# *conditionally* positive definite: $c^\top A c > 0$ for the coefficients that the polynomial leaves, those with $P^\top c = 0$. Each kernel
# needs a polynomial of some least degree (`RadialKernel.least_degree`), and the interpolant adds it without being asked.
#
# | kernel | $\varphi(t)$, $t = \varepsilon r$ | polynomial needed | character |
# |---|---|---|---|
# | `gaussian` | $e^{-t^2}$ | none | infinitely smooth, local |
# | `inverse_multiquadric` | $1/\sqrt{1+t^2}$ | none | infinitely smooth, long tail |
# | `multiquadric` | $-\sqrt{1+t^2}$ | constant | infinitely smooth, grows |
# | `thin_plate_spline` | $t^2 \ln t$ | linear | no shape parameter; least bending in the plane |
# | `cubic` | $t^3$ | linear | no shape parameter; on a line, the natural spline |
# | `wendland_c2` | $(1-t)_+^4(4t+1)$ | none | zero beyond $t = 1$; up to three dimensions |
#
# ## The flat limit
#
# How wide should the hills be? There is a famous example of how interpolation goes wrong. Runge's curve $1/(1+25x^2)$ looks harmless, but the polynomial
# through equally spaced points of it swings wildly near the ends, the more points the worse. Do hills do better?

# %%
nodes, fine = np.linspace(-1, 1, 17)[:, None], np.linspace(-1, 1, 801)[:, None]
runge, truth = 1 / (1 + 25 * nodes[:, 0] ** 2), 1 / (1 + 25 * fine[:, 0] ** 2)
polynomial = np.polynomial.Polynomial.fit(nodes[:, 0], runge, 16)(fine[:, 0])
curves = {e: RBFInterpolator(nodes, runge, kernel="gaussian", epsilon=e, degree=-1)(fine) for e in (30, 5, 1.5)}
errors = {e: np.abs(curve - truth).max() for e, curve in curves.items()}
print(
    f"largest error: polynomial {np.abs(polynomial - truth).max():.1f},",
    ", ".join(f"epsilon {e}: {v:.4f}" for e, v in errors.items()),
)
assert errors[5] < 0.01 < errors[1.5] < np.abs(polynomial - truth).max()
assert errors[30] > 0.5

# %% mystnb={"image": {"alt": "Three panels with Runge's curve and its 17 points. Narrow Gaussians give a spike on each point, medium ones lie on the curve, and wide ones swing near the ends like the polynomial does in a faint line."}}
figure, axes = plt.subplots(1, 3, figsize=(7.5, 2.8), sharey=True)
for ax, (e, curve) in zip(axes, curves.items()):
    ax.plot(fine, polynomial, ":", color=plot.PALETTE[6], linewidth=1.2, label="polynomial")
    ax.plot(fine, truth, color=plot.PALETTE[4], linewidth=3, alpha=0.5, label="Runge's curve")
    ax.plot(fine, curve, "--", color=plot.PALETTE[0], label="Gaussians")
    ax.plot(nodes, runge, ".", color="black")
    ax.set(title=rf"$\varepsilon = {e}$", xlabel="x", ylim=(-0.8, 1.6))
axes[0].set_ylabel("value")
axes[0].legend(fontsize=7)
plt.show()

# %% [markdown]
# Too narrow, and every point is a lonely spike. Between, the fit is good to better than one per cent although the points are the very ones that ruin the
# polynomial. Too wide, and the swings at the ends return. This is no accident: as $\varepsilon \to 0$, Gaussian interpolants
# on a line tend to *the* interpolating polynomial (Driscoll and Fornberg 2002), with Runge's disease and all. Fewer points, where rounding
# does not yet interfere, show the limit, and its order: halving $\varepsilon$ quarters the distance.

# %%
few, values = np.linspace(-1, 1, 5)[:, None], np.array([1.0, 0.0, 2.0, -1.0, 1.0])
limit = np.polynomial.Polynomial.fit(few[:, 0], values, 4)(fine[:, 0])
gaps = []
for e in (0.4, 0.2, 0.1):
    gaps.append(np.abs(RBFInterpolator(few, values, kernel="gaussian", epsilon=e, degree=-1)(fine) - limit).max())
    print(f"epsilon {e}: distance from the polynomial {gaps[-1]:.5f}")
np.testing.assert_allclose(np.divide(gaps[:-1], gaps[1:]), 4, rtol=0.1)

# %% [markdown]
# ## Accuracy or stability
#
# Flat hills are nearly equal to one another, so the columns of $A$ are nearly dependent. The **condition number** (条件数) says how much errors of the
# data can grow in the coefficients; in double precision, beyond about $10^{16}$ nothing of them is certain. Here is the whole range of shapes on the
# standard test of the field, Franke's surface, from 200 points of it. Three quantities for each $\varepsilon$: the true error on a fine grid, the
# condition number, and a third one to be explained in a moment.

# %%
points = Halton(2, seed=0).random(200)
axis = np.linspace(0, 1, 40)
grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
shapes = np.geomspace(0.4, 40, 45)

# %%
true_error, own_error, condition = [], [], []
for e in shapes:
    s = RBFInterpolator(points, franke(points), kernel="multiquadric", epsilon=e)
    true_error.append(np.sqrt(np.mean((s(grid) - franke(grid)) ** 2)))
    own_error.append(np.sqrt(np.mean(s.leave_one_out_errors() ** 2)))
    condition.append(s.condition_number())

# %%
best = int(np.argmin(true_error))
print(f"best epsilon {shapes[best]:.2f}: error {true_error[best]:.1e}, condition number {condition[best]:.0e}")
print(
    f"at the narrow end: error {true_error[-1]:.1e}, condition number {condition[-1]:.0e}; worst error {max(true_error):.1e}"
)
assert true_error[-1] > 20 * true_error[best]
assert condition[best] > 1e5 * condition[-1]
assert max(true_error) > 1e3 * true_error[best]

# %% mystnb={"image": {"alt": "Left: error against the shape parameter on logarithmic axes. From right to left the true error falls to a minimum at about three, rises smoothly and then breaks up into noise; the leave-one-out error runs above it and has its minimum close by. Right: from right to left the condition number rises from about ten to the fifth to beyond ten to the sixteenth, where it becomes ragged."}}
figure, (left, right) = plt.subplots(1, 2, figsize=(7.5, 3.2))
left.loglog(shapes, true_error, color=plot.PALETTE[0], label="true error")
left.loglog(shapes, own_error, "--", color=plot.PALETTE[1], label="leave-one-out error")
left.axvline(shapes[best], color="#888888", linewidth=1)
left.set(xlabel=r"shape parameter $\varepsilon$ (1/length)", ylabel="root mean square error")
left.legend()
right.loglog(shapes, condition, color=plot.PALETTE[2])
right.axhline(1 / np.finfo(float).eps, color="black", linestyle=":", label="limit of double precision")
right.set(xlabel=r"shape parameter $\varepsilon$ (1/length)", ylabel="condition number")
right.legend()
plt.show()

# %% [markdown]
# Read both panels from right to left. As the hills become wider the error falls, to less than a twentieth of what it was, and the condition number climbs by a factor of more than
# a hundred thousand: accuracy is bought with stability. Schaback (1995) proved that one cannot have both, a small error bound and a small condition number, and
# called it an *uncertainty relation* (不确定性原理). Left of the minimum the error grows again, at first smoothly: these hills are too flat for Franke's peaks, and
# Runge's swings set in. Further left, once the condition number has passed what double precision can resolve, both curves break up into noise. More than a factor of a thousand lies between a good $\varepsilon$
# and a bad one; no wonder that its choice fills a literature.
#
# ## An interpolant judges itself
#
# The true error is unknown in practice. The classical substitute is **leave-one-out** (留一法): omit a point, interpolate the
# others, see how badly the omitted value is met, and do so for every point. That is $N$ systems of equations instead of one. Rippa (1999) noticed that one is enough:
#
# $$ e_k = d_k - s^{(k)}(y_k) = \frac{c_k}{(A^{-1})_{kk}} $$
#
# The proof fits into a paragraph. Take the interpolant $s^{(k)}$ of all points but $k$, and give the missing hill the coefficient 0, so that its coefficients $c^{(k)}$ have $N$
# entries. Multiply by $A$: the result is $d$, except in row $k$, where it is $s^{(k)}(y_k) = d_k - e_k$. With $u_k$ the $k$-th unit vector, therefore,
# $A c^{(k)} = d - e_k u_k$, or $c^{(k)} = c - e_k A^{-1} u_k$. Its $k$-th entry is 0 by construction: $0 = c_k - e_k (A^{-1})_{kk}$. Nothing in the proof
# minds a polynomial or smoothing in the matrix, and the code takes them along.

# %%
show_source(shape_parameter.leave_one_out_errors, docstring="none")

# %%
s = RBFInterpolator(points[:60], franke(points[:60]), kernel="multiquadric", epsilon=4.0)

# %%
brute = []
for k in range(60):
    rest = np.arange(60) != k
    without = RBFInterpolator(points[:60][rest], franke(points[:60][rest]), kernel="multiquadric", epsilon=4.0)
    brute.append(franke(points[[k]])[0] - without(points[[k]])[0])
difference = np.abs(s.leave_one_out_errors() - brute).max() / np.abs(brute).max()
print(f"formula against leaving out each of 60 points: relative difference {difference:.1e}")
assert difference < 1e-8

# %% [markdown]
# The dashed curve in the figure above is this quantity. Outside the noise it lies above the true error, since it judges interpolants with one point less, at the
# very place where that point is missing; but its valley lies in the same place. With `epsilon="loo"` the interpolant goes and finds it: a scan on a
# logarithmic scale, then a golden-section search (黄金分割搜索) around the deepest point.

# %%
chosen = RBFInterpolator(points, franke(points), kernel="multiquadric", epsilon="loo")
error = np.sqrt(np.mean((chosen(grid) - franke(grid)) ** 2))
print(
    f"chosen epsilon {chosen.epsilon:.2f}: error {error:.1e}; the best possible {true_error[best]:.1e} at {shapes[best]:.2f}"
)
assert error < 2 * true_error[best]

# %% [markdown]
# Without having seen the surface between the points, it comes within a factor of two of the best possible choice.
#
# While writing this section we did not trust the formula where the matrix is ill-conditioned, and forbade such shapes. That was a mistake, and an instructive one. Thirty
# random points on a line, a smooth hump to be found:


# %%
def hump(x):
    return np.exp(-4 * ((x - 0.5) ** 2).sum(axis=1))


random_line = np.random.default_rng(1).random((30, 1))
inside = np.linspace(0.1, 0.9, 200)[:, None]
for e in (15.0, "loo"):
    s = RBFInterpolator(random_line, hump(random_line), kernel="multiquadric", epsilon=e)
    worst = np.abs(s(inside) - hump(inside)).max()
    print(f"epsilon {s.epsilon:5.2f}: condition number {s.condition_number():.0e}, largest error {worst:.0e}")
assert s.condition_number() > 1e15
assert worst < 1e-3

# %% [markdown]
# A condition number beyond what double precision can resolve, and yet an error far smaller than that of the well-conditioned shape. What do the coefficients look like? We shake the
# last bit of every entry of the matrix, as another computer with another order of additions would, and solve again, twenty times.

# %%
from scipy.linalg import solve_triangular

K, rng, shaken = s.system(), np.random.default_rng(0), []
for _ in range(20):
    q, r = np.linalg.qr(K * (1 + np.finfo(float).eps * rng.normal(size=K.shape)))
    shaken.append(solve_triangular(r, q.T @ np.append(hump(random_line), 0)))  # c, then the constant
shaken = np.array(shaken)

# %%
curves = shaken[:, :-1] @ radial_kernels.value_matrix(inside, random_line, "multiquadric", s.epsilon).T + shaken[:, -1:]
coefficient_change = np.median(shaken.std(axis=0)[:-1] / np.abs(np.median(shaken, axis=0))[:-1])
curve_error = np.abs(curves - hump(inside)).max(axis=1)
print(f"the typical coefficient scatters by {coefficient_change:.0f} times its size;")
print(f"largest error of the curve: {np.median(curve_error):.0e} in the median, {curve_error.max():.0e} at worst")
assert coefficient_change > 1
assert np.median(curve_error) < 1e-5

# %% [markdown]
# The coefficients are unreliable indeed. But they are uncertain just in those combinations
# that hardly change the function: a stable solver leaves a small *residual* whatever the condition number, and the residual is the error in the
# values. Rounding adds noise to Rippa's errors too, and noise makes them larger much more often than smaller, so a noisy shape is seldom chosen. The condition number warns that
# coefficients mean nothing; it does not say that the curve is wrong. It does say that the last digits of it, and sometimes more, belong to the computer and not to the problem.
#
# ### A real table: how dense is water?
#
# In the section on [using BP networks](../backprop/using_bp.ipynb) a network learnt the density of water from eleven values between 0 and 100 °C, and
# lost clearly to a cubic spline (三次样条). The same table for the multiquadric. With eleven points we can afford to look at every shape, and take the best by leave-one-out among
# those with a condition number below $10^{14}$. Flatter ones may be better still, but their results depend on the last bits of the matrix, and a table that is printed should not.

# %%
from scipy.interpolate import CubicSpline

water = load_water_density()
tried = [
    RBFInterpolator(water.X_train, water.y_train, kernel="multiquadric", epsilon=e)
    for e in np.geomspace(0.002, 0.2, 40)
]
steady = [s for s in tried if s.condition_number() < 1e14]
density = min(steady, key=lambda s: np.sum(s.leave_one_out_errors() ** 2))

# %%
spline = CubicSpline(water.X_train[:, 0], water.y_train)
between = {"spline": spline(water.X_test[:, 0]), "multiquadric": density(water.X_test)}
worst = {name: np.abs(value - water.y_test).max() for name, value in between.items()}
print(f"epsilon {density.epsilon:.4f} per °C, condition number {density.condition_number():.0e}")
print("largest error between the points:", {name: f"{value:.5f} kg/m³" for name, value in worst.items()})
print(f"at 150 °C: off by {abs(density([[150.0]])[0] - water.y_beyond[-1]):.1f} kg/m³")
assert worst["multiquadric"] < worst["spline"] / 3

# %% [markdown]
# This time the spline loses. It is a cubic between two points and cannot use what lies farther away; infinitely smooth hills
# use all eleven values for every answer, and water is smooth. How well is the *shape* of the curve known? Derivatives of the interpolant cost
# nothing extra, the profiles are differentiated instead:
#
# $$ \nabla \varphi(\varepsilon\lVert x - y\rVert) = \varepsilon^2\, \frac{\varphi'(t)}{t}\,(x - y), \qquad
#    \nabla^2 \varphi = \varepsilon^2 \Big( \varphi''(t) + (D-1)\, \frac{\varphi'(t)}{t} \Big) $$
#
# Water is famously densest near 4 °C. No measurement in the table lies between 0 and 10 °C. Still, where does the gradient vanish?

# %%
from scipy.optimize import brentq

densest = brentq(lambda t: density.gradient([[t]])[0, 0], 1, 9)
t = np.linspace(0, 9, 90_001)
exact = t[water_density(t).argmax()]
print(f"densest at {densest:.3f} °C by the interpolant, at {exact:.3f} °C by Kell's formula")
assert abs(densest - exact) < 0.01

# %% [markdown]
# A few thousandths of a degree off, from points ten degrees apart. Interpolants that can be differentiated can also be made to satisfy a differential
# equation; Kansa's method in the chapter on physics-informed networks starts from here.
#
# ## From an interpolant to a network
#
# One hill for each example is a luxury. With noisy data it is even wrong, for the noise is interpolated too. Broomhead and Lowe (1988) took fewer hills
# than examples, $M < N$, let them sit where they like, and read the sum as a network with one hidden layer. In Zhou's notation,
#
# \begin{align}
# \varphi(x) &= \sum_{i=1}^{q} w_i\, \rho(x, c_i) \tag{5.18} \\
# \rho(x, c_i) &= e^{-\beta_i \lVert x - c_i \rVert^2} \tag{5.19}
# \end{align}
#
# with centres $c_i$, output weights $w_i$ and $\beta_i > 0$. We shall mostly speak of the **width** (宽度) $\sigma_i = 1/\sqrt{2\beta_i}$, the standard deviation of a Gaussian. Training is usually
# done in two steps. First the centres are fixed, at random or by **clustering** (聚类), without a look at the targets. Then the output layer is
# a linear least-squares problem.
#
# ### XOR, twice
#
# Four points settle a question of principle. [One perceptron cannot](../backprop/perceptron.ipynb) compute XOR; can two Gaussian units, on $(0,0)$ and
# $(1,1)$, with $\beta = 1$? First with a **bias** (偏置) $b$ added to (5.18). By symmetry both weights are equal, and two equations remain, one for the
# corners that carry a centre and one for the others:
#
# \begin{align}
# w\,(1 + e^{-2}) + b &= 0, & 2 w\, e^{-1} + b &= 1 \\
# \Rightarrow\qquad w &= \frac{-1}{(1 - e^{-1})^2}, & b &= \frac{1 + e^{-2}}{(1 - e^{-1})^2}
# \end{align}

# %%
corners, xor = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
two_units = {"centers": [[0, 0], [1, 1]], "width": 0.5**0.5, "regularization": 0.0}

# %%
with_bias = RBFNetworkRegressor(**two_units).fit(corners, xor)
print(
    "w =",
    with_bias.coef_.round(5),
    " b =",
    round(with_bias.intercept_, 5),
    " outputs",
    with_bias.predict(corners).round(10),
)
np.testing.assert_allclose(with_bias.coef_, -1 / (1 - np.exp(-1)) ** 2)
np.testing.assert_allclose(with_bias.predict(corners), xor, atol=1e-12)

# %% [markdown]
# Solved exactly. Now take (5.18) literally, without a bias, as one does when a textbook asks for an RBF network for XOR "according to (5.18) and (5.19)" (Zhou's exercise
# 5.7), and keep the two units. Least squares, with $a = 1 + e^{-2}$ and $c = 2e^{-1}$, gives $w = c/(a^2 + c^2)$:

# %%
without_bias = RBFNetworkRegressor(**two_units, fit_intercept=False).fit(corners, xor)
a, c = 1 + np.exp(-2), 2 * np.exp(-1)
print("outputs without a bias:", without_bias.predict(corners).round(3))
np.testing.assert_allclose(without_bias.predict(corners), np.array([a, c, c, a]) * c / (a**2 + c**2))

# %% [markdown]
# The wrong way round: the corners that should say 0 say more than those that should say 1. No choice of $\beta$ or of weights can mend it. The outputs on the two
# centres add up to $(w_1 + w_2)(1 + e^{-2\beta})$, those on the other corners to $(w_1 + w_2)\,2e^{-\beta}$, and $1 + u^2 \ge 2u$. If the second pair are both
# to exceed one half, $w_1 + w_2$ must be positive, and then the first pair cannot both stay below.
#
# Is (5.18) a misprint, then? No. It does not say how many units, nor where. Four units, one on each corner, solve XOR without a bias, as interpolation
# must; and two units on the *other* corners, $(0,1)$ and $(1,0)$, at least fall on the right sides of one half. What the equation lacks is
# a way to say "1 unless near a centre": a network without a bias returns to 0 far away and can only pile up. It is a trap rather than an error, and a
# bias is the cheap way round it.

# %%
four = RBFNetworkRegressor(centers=corners, width=0.5**0.5, regularization=0.0, fit_intercept=False).fit(corners, xor)
others = RBFNetworkRegressor(**two_units | {"centers": [[0, 1], [1, 0]]}, fit_intercept=False).fit(corners, xor)
print(
    "four units:", four.predict(corners).round(6), "| two units on the other corners:", others.predict(corners).round(3)
)
assert np.array_equal(others.predict(corners) > 0.5, xor == 1)

# %% mystnb={"image": {"alt": "Two maps of the network's output over the square, with the corners marked. With a bias a valley along the diagonal holds the corners (0, 0) and (1, 1), and a contour at one half separates them from the other two. Without a bias the same diagonal is a low ridge and the contour at one half does not occur."}}
axis = np.linspace(-0.6, 1.6, 111)
square = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
figure, panels = plt.subplots(1, 2, figsize=(7, 3.1))
for ax, network, title in zip(panels, (with_bias, without_bias), ("with a bias", "without a bias")):
    surface = network.predict(square).reshape(111, 111)
    image = ax.contourf(axis, axis, surface, levels=np.linspace(-0.2, 1.2, 15), cmap=plot.SEQUENTIAL, extend="both")
    ax.contour(axis, axis, surface, levels=[0.5], colors="white", linewidths=2)
    for target, marker in ((0, "o"), (1, "s")):
        ax.plot(
            *corners[xor == target].T,
            marker,
            color=plot.PALETTE[1],
            markeredgecolor="white",
            markersize=8,
            label=f"target {target}",
        )
    ax.set(title=title, xlabel="$x_1$", ylabel="$x_2$", aspect="equal")
panels[1].legend(loc="upper right", fontsize=7)
figure.colorbar(image, ax=panels, label="output")
plt.show()

# %% [markdown]
# The white line is one half. On the left a valley along the diagonal holds the two corners that must be low, and the plateau around it, which is the bias, carries the
# others. On the right the network can only build a ridge along the very same diagonal, and least squares keeps it so low that the white line does not occur at all.
#
# ## Where to put the units
#
# Four ways, in the order of how much they know.
#
# - **Random examples.** The centres follow the density of the data; that is all.
# - **k-means** (k 均值). Centres are the means of clusters: spread more evenly, still blind to the targets.
# - **Orthogonal least squares** (正交最小二乘; Chen, Cowan and Grant 1991). Every example is a candidate. Take the one whose hill explains most of the
#   targets; remove its direction from targets and from all other candidates (Gram–Schmidt); take the next. With $w_i$ the orthogonalised
#   column and $g_i$ its coefficient, the *error reduction ratio* $[\text{err}]_i = g_i^2\, w_i^\top w_i / d^\top d$ says what share of the squares each unit accounts for.
# - **Gradient descent** on everything. Back-propagation does not care what a hidden unit computes, as long as it can be differentiated.

# %%
show_source(centres.orthogonal_least_squares, docstring="none")

# %% [markdown]
# The ratios are a by-product worth having: they say when to stop. On the handwritten digits that we shall use below (1438 training images of 64 pixels,
# the targets one column for each class):

# %%
digits = load_digits()
greedy = RBFNetworkClassifier(100, centers="ols", random_state=0).fit(digits.X_train, digits.y_train)
shares = np.cumsum(greedy.error_reduction_ratios_)
print("share of the targets' variance explained by 1, 10, 30, 100 units:", shares[[0, 9, 29, 99]].round(3))
assert 0 < shares[0] < shares[9] < shares[29] < shares[99] < 1

# %% [markdown]
# The first ten units explain two thirds of the variance, the last seventy together about a tenth.
#
# The gradients of the last way are quickly derived. Let $E = \frac12 \sum_n (\hat y_n - t_n)^2$ and $e_n = \hat y_n - t_n$. Writing $\rho_{ni}$ for the activation of unit $i$ on example
# $n$, the error that arrives at the unit is $e_n w_i$, and multiplied by $\rho_{ni}$ it gives $\delta_{ni} = e_n w_i \rho_{ni}$, which occurs in both derivatives of the exponential:
#
# \begin{align}
# \frac{\partial E}{\partial w_i} &= \sum_n e_n \rho_{ni}, & \frac{\partial E}{\partial b} &= \sum_n e_n, \\
# \frac{\partial E}{\partial \beta_i} &= -\sum_n \delta_{ni} \lVert x_n - c_i \rVert^2, & \frac{\partial E}{\partial c_i} &= 2 \beta_i \sum_n \delta_{ni}\,(x_n - c_i).
# \end{align}
#
# The last one says where a centre wants to go: towards examples on which more of this unit would help.

# %%
show_source(rbf_gradient.loss_and_gradients, docstring="none")

# %%
from nndl_support.backprop.gradient_check import check_gradient

rng = np.random.default_rng(0)
X, T = rng.normal(size=(11, 3)), rng.normal(size=(11, 2))
network = rbf_gradient.Parameters(rng.normal(size=(5, 3)), rng.uniform(0.1, 1, 5), rng.normal(size=(5, 2)), np.zeros(2))
gradients = rbf_gradient.loss_and_gradients(X, T, network)[1]
for name in network._fields:

    def loss(value, name=name):
        return rbf_gradient.loss_and_gradients(X, T, network._replace(**{name: value}))[0]

    print(f"{name:8s} relative error {check_gradient(loss, getattr(gradients, name), getattr(network, name)):.0e}")

# %% [markdown]
# All four gradients are right to eleven digits. Now let eight units move. They start where k-means puts them, blindly, on 300 points of Franke's surface, and
# descend by a quasi-Newton method (拟牛顿法) that uses nothing but these gradients. Circles have the radius $\sigma_i$; blue units push the surface up, orange ones down.

# %%
X = np.random.default_rng(0).random((300, 2))
T = franke(X)[:, None]
start = RBFNetworkRegressor(8, width="nearest", random_state=0).fit(X, T[:, 0])
steps = [
    rbf_gradient.Parameters(
        start.centers_, 1 / (2 * start.widths_**2), start.coef_[:, None], np.array([start.intercept_])
    )
]

# %%
counts = [0, *np.unique(np.geomspace(1, 400, 24).astype(int))]
steps += [rbf_gradient.descend(X, T, steps[0], max_iter=count)[0] for count in counts[1:]]
rms = [np.sqrt(2 * rbf_gradient.loss_and_gradients(X, T, step)[0] / 300) for step in steps]
print(f"root mean square error: k-means {rms[0]:.3f}, after the descent {rms[-1]:.4f}")
assert rms[-1] < rms[0] / 10


# %%
def show_step(i):
    centres_now, beta, weights, bias = steps[i]
    surface = rbf_gradient.activations(grid, centres_now, beta) @ weights + bias
    ax.clear()
    ax.grid(False)
    ax.imshow(surface.reshape(40, 40), origin="lower", extent=(0, 1, 0, 1), cmap="Greys", vmin=-0.2, vmax=1.5)
    for centre, b, w in zip(centres_now, beta, weights[:, 0]):
        colour = plot.PALETTE[0] if w > 0 else plot.PALETTE[1]
        ax.add_patch(plt.Circle(centre, (2 * b) ** -0.5, fill=False, color=colour))
        ax.plot(*centre, "o", color=colour)
    ax.set(xlim=(-0.3, 1.3), ylim=(-0.3, 1.3), aspect="equal", xlabel="$x_1$", ylabel="$x_2$")
    ax.set_title(f"step {counts[i]}: error {rms[i]:.4f}")


figure, ax = plt.subplots(figsize=(4.2, 4.2))
moving = "Eight circles on a grey map of a surface with two peaks and a dip. They drift apart, grow and shrink; some leave the square, one shrinks into the dip, and the surface sharpens. Blue circles push up, orange ones down."
plot.animate(show_step, len(steps), figure, interval=300, alt=moving, dpi=80)

# %% [markdown]
# The error falls by more than a factor of ten, with the same number of units. Note that some units find it useful to leave the square altogether, as we shall see again.
#
# ### The four ways on handwritten digits
#
# The estimator solves the output layer for ten targets at once, 1 for the class of the image and 0 for the others, and chooses one width for all units by the leave-one-out
# error, for which linear networks have a formula just like Rippa's: $e_n / (1 - H_{nn})$, with $H$ the matrix that maps targets to outputs. The accuracies below come from a longer run with five seeds, whose
# record ships with the package; the first number of it is recomputed here.

# %%
record = records.load("classical/rbf_digits")
again = RBFNetworkClassifier(50, centers="kmeans", random_state=0).fit(digits.X_train, digits.y_train)
accuracy = again.score(digits.X_test, digits.y_test)
print(f"50 units by k-means, seed 0: {accuracy:.4f} here, {record['accuracy']['kmeans']['50'][0]:.4f} in the record")
assert abs(accuracy - record["accuracy"]["kmeans"]["50"][0]) < 0.01

# %%
mean = {way: {int(n): np.mean(v) for n, v in runs.items()} for way, runs in record["accuracy"].items()}
peers = {name: np.mean(v) for name, v in record["peers"].items()}
for way in mean:
    print(f"{way:9s}", "  ".join(f"{n}: {value:.3f}" for n, value in mean[way].items()))
print({name: round(float(value), 3) for name, value in peers.items()})
assert mean["kmeans"][100] >= 0.95
assert abs(mean["gradient"][10] - mean["kmeans"][50]) < 0.005
assert all(mean["random"][n] < mean["kmeans"][n] < mean["ols"][n] < mean["gradient"][n] for n in mean["kmeans"])

# %% mystnb={"image": {"alt": "Test accuracy against the number of units for four ways to place them. All curves rise; gradient lies above orthogonal least squares, k-means and random throughout, most clearly at ten units. Horizontal lines mark the nearest neighbour at the top, the multilayer perceptron and logistic regression."}}
figure, ax = plt.subplots(figsize=(7, 3.6))
for (way, values), marker, colour in zip(mean.items(), "os^D", plot.PALETTE):
    ax.plot(list(values), list(values.values()), marker=marker, color=colour, label=way)
for (name, value), line, offset in zip(peers.items(), ("--", "-.", ":"), (0, -3, 3)):
    ax.axhline(value, color="#555555", linestyle=line, linewidth=1)
    ax.annotate(name, (104, value), xytext=(3, offset), textcoords="offset points", va="center", fontsize=7.5)
ax.set(xlabel="hidden units", ylabel="accuracy on the test set", ylim=(0.75, 1.0), xlim=(5, 104))
ax.legend(loc="lower right")
plt.show()

# %% [markdown]
# The order of the four is the order of what they know, at every number of units. What surprised us is the size of the gap: *ten* units that were allowed to
# move do nearly as well as fifty that were placed by k-means. With a hundred units the gap narrows, since there is then a unit near everything. The price is on the other
# side: the moving units took an iterative descent, with all the questions of when to stop; the others one linear solve. And since 64 inputs times ten
# centres are parameters too, ten moving units are not a smaller model than thirty fixed ones in every sense.
#
# Where did they go? Centres are points of the input space, so a digit network's centres can be looked at.

# %%
still = RBFNetworkClassifier(10, centers="kmeans", random_state=0).fit(digits.X_train, digits.y_train)
moved = RBFNetworkClassifier(10, centers="gradient", random_state=0).fit(digits.X_train, digits.y_train)

# %% mystnb={"image": {"alt": "Two rows of ten images of 8 by 8 pixels. The upper row, k-means centres, shows blurred but readable digits. The lower row, the centres after gradient descent from there, shows patterns with exaggerated light and dark strokes."}}
images = np.vstack([still.centers_, moved.centers_]).reshape(20, 8, 8)
figure, panels = plt.subplots(2, 10, figsize=(7.5, 1.9))
for ax, image in zip(panels.ravel(), images):
    ax.imshow(image, cmap="gray_r", vmin=-0.6, vmax=1.3)
    ax.set(xticks=[], yticks=[])
panels[0, 0].set_ylabel("k-means", fontsize=7.5)
panels[1, 0].set_ylabel("gradient", fontsize=7.5)
plt.show()

# %%
from scipy.spatial.distance import cdist

for name, model in (("k-means", still), ("gradient", moved)):
    away = cdist(digits.X_train, model.centers_).min(axis=0).mean()
    strongest = model.hidden_activations(digits.X_train).max(axis=0).mean()
    print(
        f"{name:8s} accuracy {model.score(digits.X_test, digits.y_test):.3f}, pixels from {model.centers_.min():.1f} to {model.centers_.max():.1f}"
    )
    print(
        f"         nearest image at {away:.2f}, strongest activation {strongest:.2f}, largest weight {np.abs(model.coef_).max():.1f}"
    )
assert strongest < 0.5
assert away > 1.5 * cdist(digits.X_train, still.centers_).min(axis=0).mean()

# %% [markdown]
# The k-means centres are average digits. The moved ones are caricatures: with pixels below 0 and above 1, they have left the data, the nearest image
# is more than twice as far away as before, and no image comes close to the top of a hill. The network works on the *flanks*, with larger weights. Seen from afar
# a Gaussian is no longer a hill but a slope, $e^{-\beta\lVert x - c\rVert^2} = e^{-\beta\lVert c\rVert^2}\, e^{2\beta c^\top x}\, e^{-\beta\lVert x\rVert^2}$, and the middle factor is an exponential along the direction $c$.
# Gradient descent has turned local units into something like the units of a multilayer perceptron. That is why so few suffice, and it is
# also what the network has paid: a centre no longer stands for examples.
#
# ## How wide?
#
# Three rules are in use. Haykin's textbook (1999) gives all units $\sigma = d_{\max} / \sqrt{2M}$, from the largest distance between centres. Moody and Darken (1989) give each unit the
# root mean square distance to its nearest fellows. The third is to try and to judge by leave-one-out. A fair comparison, k-means centres for each:

# %%
table = {}
for rule in ("max_distance", "nearest", "loo"):
    models = {
        m: RBFNetworkClassifier(m, width=rule, random_state=0).fit(digits.X_train, digits.y_train)
        for m in (20, 50, 100)
    }
    table[rule] = {m: model.score(digits.X_test, digits.y_test) for m, model in models.items()}
    widths = {m: round(float(np.mean(model.widths_)), 2) for m, model in models.items()}
    print(f"{rule:12s} accuracy { ({m: round(v, 3) for m, v in table[rule].items()}) }  mean width {widths}")
assert table["max_distance"][100] < table["max_distance"][20] < table["loo"][20] < table["loo"][100]

# %% [markdown]
# The rule from the largest distance gets *worse* with every unit that is added. The reason is geometry. On a line, $M$ centres over a stretch of length $d_{\max}$ are about
# $d_{\max}/M$ apart, and in a plane $d_{\max}/\sqrt M$: a width that falls like $1/\sqrt M$ keeps neighbours in touch. In 64 dimensions a hundred centres are nearly as
# far apart as twenty, as the next cell shows, and the largest distance is only two or three times the nearest. The rule shrinks the hills until they no longer touch, and most images
# are near none of them.

# %%
from scipy.spatial.distance import pdist, squareform

for m in (20, 100):
    placed = RBFNetworkClassifier(m, random_state=0).fit(digits.X_train, digits.y_train).centers_
    distances = squareform(pdist(placed)) + np.diag(np.full(m, np.inf))
    nearest, largest = distances.min(axis=1).mean(), pdist(placed).max()
    print(
        f"{m:3d} centres: nearest neighbour at {nearest:.2f}, largest distance {largest:.2f}, rule {largest / np.sqrt(2 * m):.2f}"
    )
assert largest / nearest < 5

# %% [markdown]
# A rule of thumb carries the dimension in which it was found. Rules that look at neighbours, or at the error, adapt.
#
# ## Checked against scipy and scikit-learn
#
# `scipy.interpolate.RBFInterpolator` has the same kernels, down to the sign of the multiquadric. Its compiled code and ours must give the same function.

# %%
from scipy.interpolate import RBFInterpolator as ScipyRBF

shape = {"multiquadric": 12.0, "inverse_multiquadric": 12.0, "inverse_quadratic": 12.0, "gaussian": 12.0}
worst = 0.0
for kernel in ("linear", "thin_plate_spline", "cubic", "quintic", *shape):
    options = {"kernel": kernel, "epsilon": shape.get(kernel)}
    ours, theirs = (C(points, franke(points), **options)(grid) for C in (RBFInterpolator, ScipyRBF))
    worst = max(worst, np.abs(ours - theirs).max() / np.abs(theirs).max())
print(f"eight kernels, 200 points: largest relative difference {worst:.1e}")
assert worst < 1e-8

# %%
race = records.load("classical/rbf_vs_scipy")
ratios = {
    f"{kernel}, {m}": r[m]["median_time_ratio"] for kernel, r in race["figures"].items() for m in ("1000", "5000")
}

# %%
surface = race["franke"]
print(f"time of ours / scipy's, 1000 points, from the record: {min(ratios.values()):.2f} to {max(ratios.values()):.2f}")
print(f"Franke's surface, multiquadric, epsilon 4: error {surface['rms_ours']:.2e}, scipy {surface['rms_scipy']:.2e}")
print(f"with epsilon by leave-one-out, {surface['epsilon_loo']:.2f}: error {surface['rms_loo']:.2e}")
assert max(ratios.values()) <= race["bars"]["time_ratio"]
assert surface["rms_loo"] < surface["rms_ours"] / 2

# %% [markdown]
# The same function, in about the same time; what ours adds are the derivatives, the leave-one-out errors and the choice of shape. On a thousand points the shape that
# leave-one-out finds has less than half the error of the round number 4. With smoothing $\lambda$ on
# the diagonal and no polynomial, the interpolant has two other names. **Kernel ridge regression** (核岭回归) solves the same equations,
# $(A + \lambda I)\,c = d$, and so does the mean of a **Gaussian process** (高斯过程) whose covariance is the Gaussian kernel and whose measurements have noise of
# variance $\lambda$. Three communities, one formula:

# %%
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF
from sklearn.kernel_ridge import KernelRidge

# %%
smooth = RBFInterpolator(points, franke(points), kernel="gaussian", epsilon=3.0, smoothing=0.1, degree=-1)(grid)
ridge = KernelRidge(alpha=0.1, kernel="rbf", gamma=9.0).fit(points, franke(points)).predict(grid)
process = (
    GaussianProcessRegressor(RBF(1 / np.sqrt(18)), alpha=0.1, optimizer=None).fit(points, franke(points)).predict(grid)
)
print(
    f"differences: kernel ridge {np.abs(smooth - ridge).max():.0e}, Gaussian process {np.abs(smooth - process).max():.0e}"
)
np.testing.assert_allclose(ridge, smooth, atol=1e-10)
np.testing.assert_allclose(process, smooth, atol=1e-10)

# %% [markdown]
# The *network* with a penalty $\lambda \lVert w \rVert^2$ and centres on all points is not the same thing: it penalises the coefficients themselves, where the three
# above penalise $c^\top A c$, the energy of the function. Nor does $\varepsilon$ follow the same convention everywhere: $\varepsilon^2 = \gamma = \beta = 1/(2\sigma^2)$.
#
# ## What goes wrong
#
# ### Too narrow, too wide
#
# Sixty noisy values of a sine, fifteen units evenly spread. Narrow units and wide units, both without a penalty, and between them a small penalty with the width
# that leave-one-out picks. The last column asks what happens when the weights are stored in single precision.

# %%
rng = np.random.default_rng(0)
x = np.sort(rng.uniform(0, 6, 60))[:, None]
noisy = np.sin(x[:, 0]) + 0.15 * rng.normal(size=60)
spots = np.linspace(0, 6, 15)[:, None]

# %%
fits = {}
for title, width, penalty in (("narrow", 0.06, 0.0), ("leave-one-out", "loo", 1e-2), ("wide", 3.0, 0.0)):
    model = RBFNetworkRegressor(centers=spots, width=width, regularization=penalty).fit(x, noisy)
    single = model.hidden_activations(x) @ model.coef_.astype(np.float32) + model.intercept_
    change = np.abs(single - model.predict(x)).max()
    print(
        f"{title:13s} width {model.widths_[0]:.2f}, largest weight {np.abs(model.coef_).max():.0e}, single precision changes outputs by {change:.0e}"
    )
    fits[title] = model
assert change > 0.1
assert np.abs(fits["wide"].coef_).max() > 1e6 * np.abs(fits["leave-one-out"].coef_).max()

# %% mystnb={"image": {"alt": "Three panels with noisy points of a sine. Narrow units give separate spikes on a constant; the width chosen by leave-one-out follows the sine inside the data and bends back to a constant outside; wide units follow it inside and shoot off steeply outside."}}
t = np.linspace(-1.5, 7.5, 901)[:, None]
figure, panels = plt.subplots(1, 3, figsize=(7.5, 2.8), sharey=True)
for ax, (title, model) in zip(panels, fits.items()):
    ax.plot(x, noisy, ".", color=plot.PALETTE[4], label="data")
    ax.plot(t, np.sin(t), "--", color=plot.PALETTE[6], linewidth=1, label="sine")
    ax.plot(t, model.predict(t), color=plot.PALETTE[0], label="network")
    ax.set(title=rf"{title}, $\sigma = {model.widths_[0]:.2f}$", xlabel="x", ylim=(-3, 3))
panels[0].set_ylabel("y")
panels[0].legend(fontsize=7)
plt.show()

# %% [markdown]
# Narrow units cannot speak for the gaps between them. Wide units draw a good curve inside, but out of weights of hundreds of millions that cancel almost completely: single precision,
# in which neural networks are commonly trained, destroys it, and outside the data, where the cancellation ends, the curve leaves the picture at once. Leave-one-out
# alone does not see this danger, for it only asks about places among the data. A small penalty removes it at no visible cost.
#
# ### Far from the data it says nothing, and that can be of use
#
# Outside the data every Gaussian dies away and the network returns its bias. As **extrapolation** (外推) that is worthless. But the network can *know* that it is there: no unit is near. A
# multilayer perceptron has no such sense, its hyperplanes extend to infinity. We give both networks, trained on upright digits, three kinds of images that are no digits of that kind.

# %%
from sklearn.metrics import roc_auc_score

from nndl_support.backprop.mlp import MLPClassifier

local = RBFNetworkClassifier(100, random_state=0).fit(digits.X_train, digits.y_train)
mlp = MLPClassifier(64, max_epochs=30, random_state=0).fit(digits.X_train, digits.y_train)
known = digits.X_test

# %%
strange = {
    "turned by 90°": np.rot90(known.reshape(-1, 8, 8), axes=(1, 2)).reshape(-1, 64),
    "negative": 1 - known,
    "pixels shuffled": np.random.default_rng(0).permuted(known, axis=1),
}

# %%
label = np.repeat([0, 1], len(known))

# %%
found = {}
for name, X in strange.items():
    both = np.vstack([known, X])
    doubt = -mlp.predict_proba(both).max(axis=1)
    found[name] = [roc_auc_score(label, local.distance_to_centers(both)), roc_auc_score(label, doubt)]
    print(
        f"{name:16s} AUC by distance {found[name][0]:.3f}, by the MLP's doubt {found[name][1]:.3f}; its mean confidence {-doubt[len(known) :].mean():.2f}"
    )
assert all(distance > 0.99 and distance > doubt for distance, doubt in found.values())
assert found["turned by 90°"][1] < 0.6

# %% mystnb={"image": {"alt": "Histograms of the distance to the nearest centre in widths. Test digits lie between about 0.5 and 1.5; turned digits and shuffled images between about 2 and 3.5, negatives beyond 4, without overlap."}}
figure, ax = plt.subplots(figsize=(7, 2.9))
bins = np.linspace(0.3, 5.5, 80)
for (name, X), colour, line in zip({"test digits": known, **strange}.items(), plot.PALETTE, ("-", "--", "-.", ":")):
    ax.hist(
        local.distance_to_centers(X), bins, histtype="step", color=colour, linestyle=line, linewidth=1.6, label=name
    )
ax.set(xlabel="distance to the nearest centre (widths)", ylabel="images")
ax.legend()
plt.show()

# %% [markdown]
# The area under the ROC curve (AUC) is the chance that a strange image gets a higher score than a known one; 0.5 is guessing. The distance to the nearest centre separates nearly
# perfectly. The perceptron's doubt does not: about turned digits it is as sure as about upright ones. "I do not know" is an answer that a local unit can give. (Networks whose
# centres were moved by gradient descent have given up part of this; exercise 5.)
#
# ### The curse of dimension
#
# Locality has its price. The number of neighbourhoods in a space grows exponentially with the number of its dimensions, and each wants a hill. The smooth hump from above, 400 random
# points, interpolated in more and more dimensions:

# %%
rng = np.random.default_rng(0)
relative = {}
for D in (2, 4, 6, 8, 12):
    y, places = rng.random((400, D)), rng.random((1000, D))
    s = RBFInterpolator(y, hump(y), kernel="gaussian", epsilon="loo")
    relative[D] = np.sqrt(np.mean((s(places) - hump(places)) ** 2)) / hump(places).std()
print("error / standard deviation:", {D: f"{value:.0e}" for D, value in relative.items()})
assert list(relative.values()) == sorted(relative.values())

# %% [markdown]
# **The curse of dimension** (维数灾难) in one line: from seven correct digits in the plane to an error of two fifths of the signal's spread in twelve dimensions. Digits have 64 pixels and still work, because they fill only a thin part of that space. A
# network of hyperplanes can ignore a direction; a distance counts them all. So scale the features, drop those that carry nothing, and where inputs are many and all
# matter a little, use something else.
#
# ## Exercises
#
# 1. Show that an interpolant through $N$ points does not change when $\varphi$ is replaced by $-\varphi$ or by $7\varphi$. What does change with smoothing?
# 2. Why does the interpolant with kernel `cubic` on a line equal the *natural* cubic spline, whose second derivative vanishes beyond the ends?
# 3. For XOR with a bias and two Gaussian units on $(0,0)$ and $(1,1)$, find $w$ and $b$ for general $\beta$. What happens as $\beta \to 0$, and why?
# 4. (Program.) Put noise of standard deviation 0.1 on Franke's surface and choose `smoothing` by leave-one-out. How does the best $\varepsilon$ change?
# 5. (Program.) Repeat the experiment on strange images with `centers="gradient"`. Does the distance still tell them apart?
# 6. (Program.) `orthogonal_least_squares` is greedy. Find three columns and a target for which its best pair is not the best pair.
#
# <details><summary>Hints</summary>
#
# 1. The equations $Ac = d$ become $7Ac' = d$. Smoothing adds $\lambda$ to $7A$ instead of $A$; and with $-A$, which is negative definite, it may even meet a zero eigenvalue.
# 2. Between points, $|x - y_j|^3$ is a cubic; at $y_j$ its third derivative jumps. Beyond the last point all cubes have the same sign, and $\sum_j c_j = \sum_j c_j y_j = 0$.
# 3. $w\,(1 + e^{-2\beta}) + b = 0$ and $2we^{-\beta} + b = 1$ give $w = -1/(1 - e^{-\beta})^2$. Flat hills are nearly equal, so large weights must work with small differences.
# 4. Set `epsilon="loo"` for each of a few values of `smoothing` and compare the sums of squared `leave_one_out_errors()`.
# 5. With ten units it does worse than before on turned digits, since the centres have left the data; with a hundred it still does well.
# 6. Let two columns make the target together, and a third be close to it alone.
#
# </details>
#
# ## Summary
#
# - A radial basis function depends on the distance from a centre. With one centre for each point, an interpolant is a linear system; for positive definite kernels it always has a solution, and others need a polynomial beside them.
# - Flat kernels are accurate and ill-conditioned, narrow ones the reverse. Leave-one-out errors cost one inverse (Rippa) and found a shape within a factor of two of the best.
# - With fewer centres than examples it is a network whose output layer is a linear problem. Placing the centres with more knowledge (random, k-means, orthogonal least squares, gradient) gave better accuracy at every size; ten moving units came within half a point of fifty fixed ones.
# - XOR needs a bias or four centres; two units without a bias cannot do it, whatever their weights.
# - Widths must follow the distances that the data have in *their* dimension.
# - Local units return to a constant far from data, know it, and pay with the curse of dimension.
#
# ## Sources
#
# - 周志华 (2016), 《机器学习》, 清华大学出版社, section 5.5.1: equations (5.18)–(5.19), exercise 5.7.
# - Broomhead and Lowe (1988), Multivariable functional interpolation and adaptive networks, Complex Systems 2, 321–355.
# - Micchelli (1986), Interpolation of scattered data: distance matrices and conditionally positive definite functions, Constructive Approximation 2, <https://doi.org/10.1007/BF01893414>.
# - Moody and Darken (1989), Fast learning in networks of locally-tuned processing units, Neural Computation 1(2), <https://doi.org/10.1162/neco.1989.1.2.281>.
# - Chen, Cowan and Grant (1991), Orthogonal least squares learning algorithm for radial basis function networks, IEEE Transactions on Neural Networks 2(2), <https://doi.org/10.1109/72.80341>.
# - Schaback (1995), Error estimates and condition numbers for radial basis function interpolation, Advances in Computational Mathematics 3, <https://doi.org/10.1007/BF02432002>.
# - Rippa (1999), An algorithm for selecting a good value for the parameter c in radial basis function interpolation, Advances in Computational Mathematics 11, <https://doi.org/10.1023/A:1018975909870>.
# - Driscoll and Fornberg (2002), Interpolation in the limit of increasingly flat radial basis functions, Computers & Mathematics with Applications 43, <https://doi.org/10.1016/S0898-1221(01)00295-4>.
# - Franke (1982), Scattered data interpolation: tests of some methods, Mathematics of Computation 38, <https://doi.org/10.1090/S0025-5718-1982-0637296-4>.
# - Fasshauer (2007), Meshfree Approximation Methods with MATLAB, World Scientific, <https://doi.org/10.1142/6437>.
# - Haykin (1999), Neural Networks: A Comprehensive Foundation, second edition, Prentice Hall: the width from the largest distance.
