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
# # Self-organizing maps (自组织映射网络)
#
# Nobody tells the visual cortex which cell should answer to which place of the retina, yet neighbouring cells answer to neighbouring
# places. Can units that only compete for their inputs arrange themselves into a map, without a teacher and without a plan? In 1982 Teuvo
# Kohonen found that one small change to competition is enough: let the winner take its neighbours along. This section starts with plain
# competition and its failure, adds the neighbours, watches a map unfold, and then measures two things: how well does
# a map fit its data, and how well does it keep their neighbourhoods? The two pull in opposite directions.
#
# **You need:** Euclidean distance, means, the idea of k-means, and principal components as
# [Putting back-propagation to use](../backprop/using_bp.ipynb) meets them. No back-propagation: nothing here has a target.
#
# **Time to run:** see the [Execution](../execution.md) page. About 15 seconds on one core.
#
# Zhou (2016), 《机器学习》, introduces competition in section 5.5.2 and the map in section 5.5.3, in words; the formulas below carry no
# numbers of his because he prints none.

# %% tags=["install", "hide-cell"]
# Only where the package is missing, as on Colab.
import importlib.util

if importlib.util.find_spec("nndl_support") is None:
    print("This notebook needs the package nndl_support: run pip install '.[data]' in a copy of its repository.")

# %%
import matplotlib.pyplot as plt
import numpy as np
from sklearn.cluster import KMeans

from nndl_support import plot, records
from nndl_support.classical import competitive, map_grid, map_learning, map_neighbourhood, map_quality
from nndl_support.classical.som import SelfOrganizingMap
from nndl_support.data.colors import load_colors
from nndl_support.data.digits import load_digits
from nndl_support.data.watermelon import load_watermelon
from nndl_support.source import show_source

plot.use_style()

# %% [markdown]
# ## The winner takes all
#
# In **competitive learning** (竞争学习) every unit $j$ holds a vector of weights $w_j$, of the same kind as the inputs. An input $x$ is
# shown to all units; the one nearest to it wins, and by the rule **winner takes all** (胜者通吃) it alone may learn:
#
# $$ c = \arg\min_j \lVert x - w_j \rVert, \qquad w_c \leftarrow w_c + \eta\,(x - w_c) $$
#
# The winner moves a share $\eta$ of the way towards what it has just won, so the next time it wins the like even more surely. After a
# while each unit sits in the middle of the inputs that it wins: with a small $\eta$ a weight is a running mean that slowly forgets.
# Units become specialists, and the set of specialists is a summary of the data.

# %%
show_source(competitive.winner, competitive.compete, docstring="none")

# %% [markdown]
# Four clouds of points, eight units that all start in one corner. The *bias* of a unit in the source, and `share`, `conscience` and `memory`
# with it, are explained in a moment; at first the bias is zero.

# %%
rng = np.random.default_rng(1)
centres = np.array([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0], [4.0, 4.0]])
clouds = np.vstack([centre + 0.5 * rng.normal(size=(75, 2)) for centre in centres])
corner = np.array([5.5, 5.5]) + 0.3 * rng.normal(size=(8, 2))

# %%
plain = competitive.compete(clouds, corner, n_epochs=20, keep_path=True, rng=np.random.default_rng(0))
print("inputs won by each unit:", plain.wins)
dead = int((plain.wins == 0).sum())
print(f"{dead} of 8 units never won; error {map_quality.quantization_error(clouds, plain.weights):.2f}")
assert dead >= 3

# %% [markdown]
# Five of the eight units never won a single input. The first units to reach out took everything in their direction; for the others there is no
# input to which they are nearest, hence no reason to move, hence there never will be one. These are **dead units** (死单元), and no amount of further
# training revives them. It does double damage, as the figure below shows: of the three living units one has to stand between two clouds,
# in the middle of nothing, because the colleagues who could share its work are dead.
#
# One cure is a bad conscience (DeSieno, 1988). For each of the $M$ units a record $p_j$, a running mean with the small rate $\beta$, says how often it wins lately. A unit that wins
# more than its fair share $1/M$ of the inputs is handicapped when distances are compared, one that wins less is helped; $\gamma$ says how much:
#
# $$ c = \arg\min_j \Big( \lVert x - w_j \rVert^2 - \gamma \big(\tfrac{1}{M} - p_j\big) \Big), \qquad p_j \leftarrow p_j + \beta\,(\mathbb{1}[j = c] - p_j) $$
#
# ($\mathbb{1}[\cdot]$ is 1 where the statement in the bracket holds and 0 elsewhere.)

# %%
fair = competitive.compete(clouds, corner, conscience=100.0, n_epochs=20, keep_path=True, rng=np.random.default_rng(0))
print("inputs won by each unit:", fair.wins)
errors = [map_quality.quantization_error(clouds, result.weights) for result in (plain, fair)]
print(f"mean distance to the nearest unit: {errors[0]:.2f} without conscience, {errors[1]:.2f} with it")
assert fair.wins.min() > 0
assert errors[1] < errors[0]

# %%
home = map_quality.best_matching_units(fair.weights, centres)[:, 0]
print("units in each of the four clouds:", np.bincount(home, minlength=4))
assert (np.bincount(home, minlength=4) == 2).all()

# %% mystnb={"image": {"alt": "Two scatter plots of four clouds of points with the paths of eight units that start in the upper right corner. Left: a few units travel to the clouds, the others stay in the corner. Right: all eight units travel, and two end in every cloud."}}
figure, axes = plt.subplots(1, 2, figsize=(7, 3.4), sharey=True)
for ax, result, name in zip(axes, (plain, fair), ("winner takes all", "with a conscience")):
    ax.plot(*clouds.T, "o", color="#B9B9B9", markersize=2.5)
    for unit in range(8):
        ax.plot(*result.path[::10, unit].T, color=plot.PALETTE[0], linewidth=0.6)
    alive = result.wins > 0
    ax.plot(*result.weights[alive].T, "o", color=plot.PALETTE[1], markersize=7, label="unit")
    ax.plot(*result.weights[~alive].T, "X", color="black", markersize=7, label="dead unit")
    ax.set(title=name, xlabel="$x_1$", aspect="equal")
axes[0].set_ylabel("$x_2$")
axes[0].legend(loc="center")
plt.show()

# %% [markdown]
# With a conscience every cloud ends up with two of the eight units: the record of past wins works like a tax. The price is a new knob. A dead unit has $p_j \to 0$ and is helped by $\gamma / M$,
# so $\gamma$ must be about $M$ times the squared distance that keeps it from winning, and depends on the scale of the data.
#
# Kohonen's idea cures the same disease in passing. Suppose the winner does not learn alone: whoever stands next to it learns
# too, a little less. Then a unit that never wins is pulled along by neighbours that do, and there is a second effect:
# units that stand side by side are always taught together, so they come to resemble each other. The
# arrangement of the units starts to mean something.
#
# ## A grid of units
#
# "Next to" needs a place to stand. The $M$ units of a **self-organizing map** (自组织映射, SOM) stand on a fixed grid in the plane, which Zhou draws
# as the output layer of his figure 5.11. Two distances must be kept apart from here on: the distance between $x$ and $w_j$ in the space of the data,
# which decides *who wins*, and the distance $d_{cj}$ between two units on the grid, which decides *who learns along*. The second never changes.
#
# A grid can be **rectangular** (矩形) or **hexagonal** (六边形), and its edges can be free or glued to the opposite ones, which makes a **torus** (环面). On a
# rectangular grid eight units touch the one in the middle, four of them at distance 1 and four across a corner at
# $\sqrt 2$. On a hexagonal one six units touch it, all at distance 1; no direction is special.

# %%
inner = 5 * 7 // 2
for topology in map_grid.TOPOLOGIES:
    distance = map_grid.unit_distances((5, 7), topology)
    touching = map_grid.adjacent_units((5, 7), topology)[inner]
    print(f"{topology:11s}: distances to the units that touch:", np.sort(distance[inner, touching]).round(3))
    on_torus = map_grid.adjacent_units((4, 7), topology, toroidal=True)
    assert (on_torus.sum(axis=1) == touching.sum()).all()

# %% [markdown]
# The assertion says what a torus is for: there no unit is at an edge, and all have the same number of neighbours. (A hexagonal torus needs an
# even number of rows, or the shifted rows would not meet.)
#
# How much a unit learns along is the **neighbourhood function** (邻域函数) $h_{cj}$ of its grid distance. It is 1 for the winner itself and has a **radius**
# (邻域半径) $\sigma$:
#
# \begin{align}
# h_{cj} &= e^{-d_{cj}^2 / 2\sigma^2} && \text{(Gaussian)} \\
# h_{cj} &= \mathbb{1}[d_{cj} \le \sigma] && \text{(bubble)} \\
# h_{cj} &= \Big(1 - \frac{d_{cj}^2}{2\sigma^2}\Big)\, e^{-d_{cj}^2 / 2\sigma^2} && \text{(Mexican hat)}
# \end{align}
#
# The Mexican hat comes from biology, where near cells excite each other and farther ones inhibit.

# %% mystnb={"image": {"alt": "Three panels. Left: the Gaussian, the bubble and the Mexican hat against the grid distance; only the Mexican hat goes below zero. Middle and right: a rectangular and a hexagonal grid of units whose colours show the Gaussian weight around a winner in the middle."}}
figure, (left, middle, right) = plt.subplots(1, 3, figsize=(7.4, 2.6), width_ratios=(1.3, 1, 1))
d = np.linspace(0, 6, 301)
for name, style in zip(map_neighbourhood.NEIGHBOURHOODS, ("-", "--", "-.")):
    left.plot(d, map_neighbourhood.neighbourhood(name, d, 1.5), style, label=name.replace("_", " "))
left.set(xlabel="grid distance $d$ (units)", ylabel=r"weight $h$, $\sigma = 1.5$")
left.legend(fontsize=7)
for ax, topology, marker in ((middle, "rectangular", "s"), (right, "hexagonal", "h")):
    x, y = map_grid.unit_positions((5, 7), topology).T
    weight = map_neighbourhood.neighbourhood("gaussian", map_grid.unit_distances((5, 7), topology)[inner], 1.5)
    ax.scatter(x, y, c=weight, marker=marker, s=130, vmin=0, vmax=1)
    ax.set(title=topology, xlim=(-0.7, 7.2), ylim=(4.7, -0.7), aspect="equal", xticks=[], yticks=[])
    ax.grid(False)
plt.show()

# %% [markdown]
# ## The online rule
#
# One input at a time, as it comes:
#
# $$ w_j \leftarrow w_j + \eta\, h_{cj}\, (x - w_j) \qquad \text{for all units } j $$
#
# This is competitive learning with $h$ in place of "the winner only"; at $\sigma = 0$ it *is* competitive learning. Both the
# **learning rate** (学习率) $\eta$ and the radius $\sigma$ shrink during training. A wide neighbourhood moves the whole grid like a stiff sheet and settles its
# orientation; a narrow one lets every unit find its own data. The order matters: first the coarse, then the fine.

# %%
show_source(map_learning.online_step)

# %% [markdown]
# Now watch. The data are uniform in a square, the $8 \times 8$ units start at random places in it, and a line joins every two direct neighbours of the grid. Each frame
# is one pass over 100 points; `partial_fit` is the method that makes a single pass. In the first passes the tangle shrinks to a small sheet, because everybody follows every winner; then it turns, spreads
# and reaches for the corners. It never quite gets there: a unit at the edge is a mean over its neighbours' data too, and those lie on one side of it.

# %%
rng = np.random.default_rng(0)
square = rng.uniform(size=(1000, 2))

# %%
online = SelfOrganizingMap((8, 8), algorithm="online", initialisation="random", n_epochs=40, random_state=4)
scattered = map_learning.initial_weights(square, map_grid.unit_positions((8, 8)), "random", np.random.RandomState(4))
frames = [scattered.reshape(8, 8, 2)]
for epoch in range(40):
    online.partial_fit(square[100 * (epoch % 10) : 100 * (epoch % 10 + 1)])
    frames.append(online.weights_.reshape(8, 8, 2))

# %% [markdown]
# How orderly is each frame? Count the points whose nearest and second nearest units do not stand side by side, corners included.

# %%
touching = map_grid.adjacent_units((8, 8))
twist = [map_quality.topographic_error(square, frame.reshape(64, 2), touching) for frame in frames]
print(f"two nearest units not side by side: at the start {twist[0]:.1%} of the points, after 40 passes {twist[-1]:.1%}")
assert twist[-1] < 0.02 < 0.5 < twist[0]


# %%
def draw_sheet(ax, sheet, **style):
    for lines in (sheet, sheet.transpose(1, 0, 2)):
        for line in lines:
            ax.plot(*line.T, color=plot.PALETTE[0], linewidth=1.0, **style)


def show_frame(i):
    ax.clear()
    ax.plot(*square.T, "o", color="#C8C8C8", markersize=1.5)
    draw_sheet(ax, frames[i], marker="o", markersize=3)
    ax.set(xlim=(-0.03, 1.03), ylim=(-0.03, 1.03), xlabel="$x_1$", ylabel="$x_2$", aspect="equal", title=f"pass {i}")


figure, ax = plt.subplots(figsize=(4, 4))
unfolding = "64 units, tangled all over a square, contract to a small sheet that spreads until only a margin is left."
plot.animate(show_frame, 41, figure, interval=250, alt=unfolding)

# %% [markdown]
# ### How to measure a map
#
# Two numbers say how good a map is. The **quantisation error** (量化误差) is the mean distance between an input and its **best matching unit** (最佳匹配单元, BMU), the winner:
#
# $$ E_q = \frac{1}{N} \sum_n \lVert x_n - w_{c_n} \rVert $$
#
# It asks whether the units are where the data are, and k-means could ask the same. The **topographic error** (拓扑误差; Kiviluoto, 1996) asks what k-means cannot:
# the share of inputs whose best and second best matching units do *not* touch on the grid. Where the sheet is folded, the second best lies on the other layer of the fold, far
# away along the grid. Touching means the eight neighbours on a rectangular grid, corners included, and the six on a hexagonal one;
# programs differ here, and errors by different conventions must not be compared.

# %%
show_source(map_quality.topographic_error, map_quality.quantization_error, docstring="none")

# %% [markdown]
# ## The batch rule
#
# When all $N$ inputs lie on the table there is no need to take them one by one. Hold the winners $c_n$ fixed for a moment and ask when the mean online step is zero for unit $j$:
#
# $$ \sum_n h_{c_n j}\,(x_n - w_j) = 0 \quad\Longrightarrow\quad w_j = \frac{\sum_n h_{c_n j}\, x_n}{\sum_n h_{c_n j}} $$
#
# So jump there at once. Each unit becomes the mean of all data, weighted by how near, on the grid, their winners stand. Then find the winners anew, and repeat while the radius shrinks. The
# **batch rule** (批量算法) needs no learning rate, uses no chance, and its sums over $n$ are matrix products. Inputs with the same winner share their weights, so they are added up
# first.

# %%
show_source(map_learning.batch_step)

# %% [markdown]
# What does the batch rule converge to, if the radius stands still? At $\sigma = 0$ the weights $h$ are 1 for the winner and 0 elsewhere; every unit moves to the mean of the inputs that it won.
# That is Lloyd's step of **k-means** (K 均值), with the units as centres, and k-means descends the sum of squared distances. The claim is cheap to test: one step of
# scikit-learn's k-means from the same weights.

# %%
digits = load_digits()
X = np.vstack([digits.X_train, digits.X_test])
labels = np.concatenate([digits.y_train, digits.y_test])

# %%
rng = np.random.default_rng(0)
start = X[rng.choice(len(X), 100, replace=False)] + 0.01 * rng.normal(size=(100, 64))
lloyd = KMeans(100, init=start, n_init=1, max_iter=1, algorithm="lloyd").fit(X).cluster_centers_

# %%
winners = map_quality.best_matching_units(X, start)[:, 0]
alone = map_neighbourhood.neighbourhood("gaussian", map_grid.unit_distances((10, 10)), 0.0)
gap = np.abs(map_learning.batch_step(X, start, winners, alone) - lloyd).max()
print(f"one batch step with radius 0 and one step of k-means differ by at most {gap:.1e}")
assert gap < 1e-12

# %% [markdown]
# Two details were needed to make the comparison exact. Every unit starts near a digit of its own, so none is empty: an empty centre is moved to a far point by scikit-learn and left where
# it is by a map. And the digits got a trace of noise, because pixels are multiples of 1/16: without it some inputs are *exactly* as far from one centre as from another, and the two programs
# award them differently.
#
# At a positive radius it is natural to expect the weighted sum of squares
#
# $$ E = \frac{1}{2N} \sum_n \sum_j h_{c_n j} \lVert x_n - w_j \rVert^2 $$
#
# to fall from step to step. The weighted means do minimise it as long as the winners are fixed. But is the nearest unit the
# winner that makes $E$ small? Not quite: the choice of $c$ decides about a whole row of terms, and the best choice is the unit *around which* the map is near to $x$,
# $c = \arg\min_c \sum_j h_{cj} \lVert x - w_j \rVert^2$. With these smoothed winners (Heskes, 1999) neither half of a step can raise $E$, so it must converge. With
# the nearest winners, Kohonen's own, nothing guarantees it. Does it matter?

# %%
H = map_neighbourhood.neighbourhood("gaussian", map_grid.unit_distances((10, 10)), 0.8)
energies = {"nearest": [], "smoothed": []}
for kind, values in energies.items():
    W = start
    for _ in range(40):
        nearest = map_quality.best_matching_units(X, W)[:, 0]
        chosen = nearest if kind == "nearest" else map_learning.smoothed_winners(X, W, H)
        values.append(map_learning.energy(X, W, chosen, H))
        W = map_learning.batch_step(X, W, chosen, H)

# %%
rises = {kind: int((np.diff(values) > 1e-9).sum()) for kind, values in energies.items()}
print("rises of the energy in 40 steps:", rises)
assert rises["smoothed"] == 0 < rises["nearest"]
assert energies["smoothed"][-1] < 0.9 * energies["nearest"][-1]

# %% mystnb={"image": {"alt": "The energy against the number of batch steps. With smoothed winners it falls quickly and stays low. With the nearest winners it falls too, with bends, and stays well above the other curve."}}
ax = plot.loss_curves(energies, xlabel="batch steps", ylabel="energy (pixels², radius fixed at 0.8)")
ax.set_ylim(top=1.15 * energies["nearest"][5])
plt.show()

# %% [markdown]
# The rises are too small to be seen in the figure, but they are there: with the nearest winners the rule does not descend this function. Is there another that it descends? For the online rule, a chain of units and inputs from an interval,
# Erwin, Obermayer and Schulten (1992) proved that no single energy will do. What can be seen is the distance between the curves: the same radius, the same data, and the smoothed winners end lower. Our estimator offers both;
# `winner="nearest"` is the default since that is the rule everyone means.
#
# ## Schedules, and the map that tied itself in a knot
#
# How should the radius shrink? Three laws are common. All start at $a$ and end at $b$ when the progress $p$ runs from 0 to 1: linear $a + (b - a)p$,
# exponential $a (b/a)^p$, and inverse $a / (1 + (a/b - 1) p)$. They differ in how long they stay wide. Does it matter where they *start*? We draw random
# starting weights six times, always end at radius 0.7, and vary the first radius.

# %%
first_radii = (0.7, 1.0, 1.5, 2.0, 3.0, 4.0)
knots = np.array(
    [
        [
            SelfOrganizingMap((8, 8), initialisation="random", radius=r, final_radius=0.7, random_state=s)
            .fit(square)
            .topographic_error(square)
            for s in range(6)
        ]
        for r in first_radii
    ]
)

# %%
for r, row in zip(first_radii, knots):
    print(f"first radius {r:3.1f}: topographic errors", np.sort(row).round(3))
assert knots[0].min() > 0.02
assert knots[-1].max() < 0.01

# %% mystnb={"image": {"alt": "Two maps of the unit square. Left: started with a radius of one, the grid is twisted, lines cross in the middle. Right: started with a radius of four, the grid is an even mesh."}}
figure, axes = plt.subplots(1, 2, figsize=(7, 3.5), sharey=True)
worst = int(knots[1].argmax())
for ax, radius in zip(axes, (1.0, 4.0)):
    som = SelfOrganizingMap((8, 8), initialisation="random", radius=radius, final_radius=0.7, random_state=worst)
    som.fit(square)
    draw_sheet(ax, som.weights_.reshape(8, 8, 2), marker="o", markersize=3)
    error = som.topographic_error(square)
    ax.set(title=f"first radius {radius:.0f}: topographic error {error:.3f}", xlabel="$x_1$", aspect="equal")
axes[0].set_ylabel("$x_2$")
plt.show()

# %% [markdown]
# With a narrow first neighbourhood the random start is never forgotten: separate patches of the map order themselves, each in its own orientation, and where they meet
# the sheet is twisted. Nothing local can undo a twist, for turning one half over would tear the other; physicists call it a *topological defect*. Starting at half of the longer side of the grid
# untied every knot here; that is the estimator's default.
#
# The law of the decay hardly matters, here on the digits, which get a map of their own below:

# %%
for law in map_neighbourhood.DECAYS:
    som = SelfOrganizingMap((10, 10), radius_decay=law, final_radius=0.7).fit(X)
    print(f"{law:11s}: errors {som.quantization_error(X):.3f} and {som.topographic_error(X):.3f}")
    assert som.topographic_error(X) < 0.05

# %% [markdown]
# ### The Mexican hat explodes
#
# Negative weights push. A unit in the brim of the hat moves *away* from the input, by a share of its distance; the farther it is, the farther it goes. That is exponential growth, and nothing but
# winning now and then holds a unit back:

# %%
for rate in (0.02, 0.1, 0.5):
    hat = SelfOrganizingMap(
        (8, 8), algorithm="online", neighbourhood="mexican_hat", learning_rate=rate, n_epochs=10, random_state=0
    ).fit(square)
    print(f"learning rate {rate}: largest weight {np.abs(hat.weights_).max():.3g}, though the data lie in [0, 1]")
    assert np.abs(hat.weights_).max() > 10

# %% [markdown]
# In the nervous system the hat belongs to the *competition*: it is the wiring by which a winner silences the others. As a rule for learning it is unstable, so the
# batch algorithm refuses it (a "mean" with negative weights can lie anywhere) and the online algorithm keeps it as an exhibit.
#
# ## Flat or closed
#
# A torus has no edge, and the data may have none either. Here are 300 noisy points around a circle and a chain of 24 units, once with free ends and once glued to a ring.

# %%
angle = np.linspace(0, 2 * np.pi, 300, endpoint=False)
circle = np.column_stack([np.cos(angle), np.sin(angle)])
noisy = circle + 0.05 * np.random.default_rng(0).normal(size=circle.shape)
seam = []
for name, toroidal in (("open chain", False), ("ring", True)):
    som = SelfOrganizingMap((1, 24), toroidal=toroidal, final_radius=0.7).fit(noisy)
    link = np.linalg.norm(np.diff(som.weights_, axis=0), axis=1).mean()
    ends = np.linalg.norm(som.weights_[0] - som.weights_[-1])
    seam.append(som.topographic_error(noisy))
    print(f"{name:10s}: mean link {link:.2f}, ends {ends:.2f} apart, topographic error {seam[-1]:.3f}")
assert seam[0] > 0.01 > seam[1]

# %% [markdown]
# The open chain must leave a seam somewhere, and inputs at the seam count as topographic errors. The ring closes. For data without a seam, such as hours of the day or
# directions of the wind, glue the edges; for data with edges a torus has to fold, and a flat map is right.
#
# What surprised us is what the same ring does *without* the noise. We move every point by about $10^{-12}$, in eight ways:

# %%
rings, hair = [], []
for seed in range(8):
    moved = circle + 1e-12 * np.random.default_rng(seed).normal(size=circle.shape)
    rings.append(SelfOrganizingMap((1, 24), toroidal=True, final_radius=0.7).fit(moved))
    hair.append(rings[-1].topographic_error(moved))
print("topographic errors of the ring:", np.round(hair, 2))

# %%
by_chance = SelfOrganizingMap((1, 24), toroidal=True, initialisation="random", final_radius=0.7, random_state=0)
print("from a random start:", by_chance.fit(moved).topographic_error(moved))
assert min(hair) > 0.01 > by_chance.topographic_error(moved)

# %% mystnb={"image": {"alt": "Three closed chains of 24 units on a circle. Left: the ring with the smallest error of the eight, a figure of eight. Middle: the one with the largest error, squeezed flat on a diameter. Right: from a random start, a round ring."}}
figure, axes = plt.subplots(1, 3, figsize=(7, 2.6), sharey=True)
chosen = {"smallest error": rings[np.argmin(hair)], "largest error": rings[np.argmax(hair)], "random start": by_chance}
for ax, (name, som) in zip(axes, chosen.items()):
    ax.plot(*circle.T, color="#B9B9B9", linewidth=0.8)
    ax.plot(*np.vstack([som.weights_, som.weights_[:1]]).T, "o-", color=plot.PALETTE[0], markersize=3)
    ax.set(title=name, xlabel="$x_1$", aspect="equal")
axes[0].set_ylabel("$x_2$")
plt.show()

# %% [markdown]
# The ring fails every time, and how it fails hangs on digits twelve places behind the point (your machine may print and draw others). The principal components of a circle are any two directions at right angles, and a chain laid along a diameter
# sees the upper and the lower half alike: every mean falls on the diameter again. Batch learning uses no chance that could break the symmetry while the neighbourhood is wide. Rounding errors do it later, when
# the radius is too small to undo the knot that comes out, or not at all. A start without chance is only as good as the plane it lies in.
#
# ## How dense are the units?
#
# Where the data are dense, a map has more units. Proportionally more? In one dimension there is an answer (Ritter and Schulten, 1986): if the neighbourhood is many units wide, yet narrow beside the whole chain, the density of units
# grows as the density of the data to the power $2/3$. We take 20,000 points whose density grows
# linearly, $p(x) = 2x$, so that the power is the slope of a line in a log-log plot. Units near the two ends are left out, where the chain is cut off.

# %%
ramp = np.sqrt((np.arange(20_000) + 0.5) / 20_000)[:, None]
chain = SelfOrganizingMap((1, 100), radius=20, final_radius=5.0).fit(ramp)

# %%
w = np.sort(chain.weights_[:, 0])
density = 1 / np.gradient(w)
power = np.polyfit(np.log(w[25:85]), np.log(density[25:85]), 1)[0]
print(f"the density of units grows as the density of the data to the power {power:.3f}")
assert abs(power - 2 / 3) < 0.03

# %% [markdown]
# So a map is not a histogram: it gives rare data more units than their share. As a summary that is a virtue, as an estimate of the density a vice.
#
# ## A map of handwritten digits
#
# Enough of toys. The 1797 handwritten digits have 64 pixels each, in $[0, 1]$; nobody can look at 64 dimensions. A map of $10 \times 10$ units puts them on a sheet of paper.

# %%
som = SelfOrganizingMap((10, 10), n_epochs=60, final_radius=0.7).fit(X)
print(f"quantisation error {som.quantization_error(X):.3f}, topographic error {som.topographic_error(X):.3f}")

# %%
nearest_centre = KMeans(100, n_init=1, random_state=0).fit(X).transform(X).min(axis=1).mean()
print(f"100 centres of k-means, which need not keep any order: {nearest_centre:.3f}")
assert nearest_centre < som.quantization_error(X)

# %% mystnb={"image": {"alt": "The weights of the 100 units of the map as images of 8 by 8 pixels. Every unit shows a blurred digit; the same digits stand together and slowly turn into similar ones from unit to unit."}}
figure = plot.image_grid(np.clip(som.weights_, 0, 1).reshape(-1, 8, 8), n_columns=10, cmap="gray_r", figsize=(5, 5))
plt.show()

# %% [markdown]
# Every unit has become a digit, and the digits stand in neighbourhoods: zeros at the top, fours to the right, and between them the shapes that lead from one to the other. Labels were
# never used. k-means fits better, as it must: the difference is the price of order. Four other drawings of the same map tell more.
#
# - The **U-matrix** (U 矩阵) gives for every unit the mean distance of its weights from those of the units that touch it. Dark valleys are clusters, bright ridges their borders.
# - The **hit map** counts the inputs that each unit wins. A unit with no hits interpolates between clusters.
# - The **label map** writes into each unit the most frequent class of its inputs, now that we peek at the labels.
# - A **component plane** (分量平面) shows one single feature of all units, here one pixel, and where on the map it is strong.

# %% mystnb={"image": {"alt": "Four drawings of the 10 by 10 map. The U-matrix with bright ridges between darker regions; the hit map with between zero and some fifty hits per unit; the label map, where equal digits form connected regions; the component plane of one pixel in the centre, strong on one side of the map."}}
wins = map_quality.hit_map(som.labels_, (10, 10))
majority = map_quality.majority_labels(som.labels_, labels, 100).reshape(10, 10)
panels = {
    "U-matrix (distance)": som.u_matrix(),
    "hits (digits)": wins,
    "label map": np.where(majority < 0, np.nan, majority),
    "ink of pixel (4, 4)": som.weights_[:, 36].reshape(10, 10),
}
figure, axes = plt.subplots(2, 2, figsize=(7, 6.2))
for ax, (name, values) in zip(axes.flat, panels.items()):
    picture = ax.imshow(values, cmap="tab10" if name == "label map" else plot.SEQUENTIAL)
    ax.set(title=name, xticks=[], yticks=[])
    ax.grid(False)
    if name == "label map":
        for (i, j), label in np.ndenumerate(majority):
            ax.text(j, i, "" if label < 0 else label, ha="center", va="center", fontsize=8, color="black")
    else:
        figure.colorbar(picture, ax=ax, shrink=0.85)
plt.show()

# %% [markdown]
# Read them together. The regions of the label map are mostly connected, although the map never saw a label. The exceptions teach more: ones, fives and nines each live in two places, because there is more than one way to write
# them. The U-matrix has its brightest ridge above the lower right corner of the map, and the unit without a label, which wins no digit at all, lies
# on it: held between two clusters by its neighbours on both sides. The pixel near the centre is empty for zeros, and its plane shows them as a dark bay. How pure are the units? If each digit is read as its unit's majority, learnt on
# the training part only and judged on the test part, we have a classifier that saw no label while the map learnt:

# %%
trained = SelfOrganizingMap((10, 10), n_epochs=60, final_radius=0.7).fit(digits.X_train)
names = map_quality.majority_labels(trained.labels_, digits.y_train, 100)
accuracy = np.mean(names[trained.predict(digits.X_test)] == digits.y_test)
print(f"test accuracy of reading a digit off the map: {accuracy:.3f}")
assert accuracy > 0.85

# %% [markdown]
# A map is not a classifier; but it is remarkable how much of "which digit" is already in the neighbourhoods.
#
# ### Fit against order, beside other programs
#
# The final radius decides between fit and order. To see the whole trade-off, a long run trained maps with many radii, and three programs that one would use instead: minisom,
# susi and torchsom, each with ten passes over the data, its own sweep of radii, several learning rates and decays, and three seeds. All errors were computed by the same two functions from the
# weights alone. Ours are batch maps of 50 passes, and of 200 for those who have time. The cell reads that record.

# %%
record = records.load("classical/som_vs_peers")
points = {
    library: np.array([[e["quantization_error"], e["topographic_error"]] for e in entries])
    for library, entries in record["maps"].items()
}

# %%
ratios = record["median_time_ratio"]
for library in ("minisom", "susi", "torchsom"):
    print(f"{library:8s}: {len(points[library])} settings; our 50 passes take {ratios[library]:.3f} of its time")
print(f"ours: {len(points['ours'])} settings for 50 passes, {len(points['ours_long'])} for 200")
print(f"our 200 passes take {ratios['torchsom_long']:.2f} of the time of torchsom")
assert max(ratios["minisom"], ratios["susi"]) <= 0.1

# %% mystnb={"image": {"alt": "Topographic error on a logarithmic axis against quantisation error for all maps of the record. The maps of this book form a band that falls from the upper left to the lower right; all points of minisom and susi lie above it or to its right, those of torchsom lie along its edge."}}
figure, ax = plt.subplots(figsize=(7, 3.8))
names = {
    "minisom": "minisom",
    "susi": "susi",
    "torchsom": "torchsom",
    "ours": "ours, 50 passes",
    "ours_long": "ours, 200",
}
for (library, name), marker, colour in zip(names.items(), "s^vo.", (1, 2, 3, 0, 5)):
    ax.plot(*points[library].T, marker, markersize=4, linestyle="", color=plot.PALETTE[colour], label=name, alpha=0.8)
ax.axvline(nearest_centre, color="black", linestyle=":", linewidth=1, label="k-means")
ax.set(xlabel="quantisation error (pixels in [0, 1])", ylabel="topographic error (share)", yscale="log")
ax.legend(ncols=2)
plt.show()

# %%
short, every = points["ours"], np.vstack([points["ours"], points["ours_long"]])


def beaten_by(maps, p):
    return bool(((maps <= p).all(axis=1) & (maps < p).any(axis=1)).any())


for library in ("minisom", "susi", "torchsom"):
    beaten = [beaten_by(short, p) for p in points[library]]
    print(f"{library}: for {sum(beaten)} of {len(beaten)} settings a map of 50 passes is no worse in both errors")
    assert all(beaten) or library == "torchsom"

# %%
best = [p for p in every if not beaten_by(every, p)]
print(
    f"of our {len(best)} best maps, torchsom beats {sum(beaten_by(points['torchsom'], p) for p in best)} in both errors"
)

# %% [markdown]
# Every point of minisom and of susi has one of ours to its lower left, and ours took less than a tenth of the time. The time is no secret: a batch pass is two matrix products, a step-by-step pass is a loop over 1797 inputs in
# Python. The quality has a cause that can be named, too. In minisom and torchsom the usual decay ends at a third of the first radius, so whoever wants a narrow end must accept a narrow start; susi ends at
# radius 1, or else falls far below it. Ours starts at 4 to 7 and ends anywhere.
#
# torchsom is the rival to respect. Its small batches with a low learning rate find maps about as good as ours; it beats none of our best maps in both errors, but five of its 32 settings
# withstand 50 passes of ours. What remains is speed: with 200 passes we still need a sixth of its time. Our maps also had more
# settings to choose from (128 for each length), each without chance and so without a mean over seeds; the comparison is of what can be reached, not of a single run. The dotted line is k-means: as the radius
# goes to 0 the maps approach it, and pay in order.
#
# A small live run shows the same curve:

# %%
for radius in (0.4, 0.6, 0.8, 1.0, 1.5):
    live = SelfOrganizingMap((10, 10), final_radius=radius).fit(X)
    print(f"final radius {radius}: errors {live.quantization_error(X):.3f} and {live.topographic_error(X):.3f}")

# %% [markdown]
# ## Where do the Chinese colour names land?
#
# A survey asked visitors of a web comic to name colours, and 949 names came out of it, each with its red, green and blue. Three numbers per colour: the map squeezes a cube onto a sheet,
# and has to fold a third dimension away. A hexagonal torus leaves no colour at an edge. Onto the finished map we put the twelve basic
# Chinese colour words, with typical values of our own.

# %%
colors = load_colors()
palette = SelfOrganizingMap((14, 18), topology="hexagonal", toroidal=True, final_radius=0.8).fit(colors.X)
print(f"errors {palette.quantization_error(colors.X):.3f} and {palette.topographic_error(colors.X):.3f}")

# %%
landing = palette.predict(colors.X_chinese)
for name, unit, value in zip(colors.names_chinese, landing, colors.X_chinese):
    near = colors.names[np.linalg.norm(colors.X - value, axis=1).argmin()]
    row, column = palette.positions(unit)
    print(f"{name} row {row:2d}, column {column:2d}; nearest English name: {near}")
assert len(set(landing)) == 12

# %% mystnb={"image": {"alt": "Left: a hexagonal map of 14 by 18 units in the colours that they have learnt, most hues passing smoothly into each other, with the twelve Chinese colour words written on their best matching units. Right: the U-matrix of the same map, brightest at the left and right edges, which are glued together, beside the light blues."}}
figure, axes = plt.subplots(1, 2, figsize=(7.6, 3.4))
x, y = map_grid.unit_positions((14, 18), "hexagonal").T
axes[0].scatter(x, y, c=np.clip(palette.weights_, 0, 1), marker="h", s=115)
card = {"boxstyle": "round,pad=0.1", "facecolor": "white", "edgecolor": "none", "alpha": 0.75}
for name, unit in zip(colors.names_chinese, landing):
    axes[0].text(x[unit], y[unit], name, ha="center", va="center", fontsize=10, bbox=card)
drawn = axes[1].scatter(x, y, c=palette.u_matrix().ravel(), marker="h", s=115)
figure.colorbar(drawn, ax=axes[1], label="U-matrix (distance in the RGB cube)", shrink=0.85)
for ax, title in zip(axes, ("colours", "U-matrix")):
    ax.set(title=title, xlim=(-0.7, 18.3), ylim=(11.9, -0.7), aspect="equal", xticks=[], yticks=[])
    ax.grid(False)
plt.show()

# %% [markdown]
# Dark colours and pale ones gather in regions of their own; the ridges of the U-matrix stand where the sheet has to jump across the cube. The twelve words all have units of their own. 青 is the interesting one. Chinese calls
# a clear sky, young grass and black cloth 青; our single typical value lands near 蓝, between the blues and the greens, and the survey's nearest name is
# a compromise with a slash. 灰 and 紫 land close to one another, which looks wrong until one remembers that the map sees three numbers and no hue: a muted purple is nearer to grey than to a vivid
# purple. For distances that follow the eye, one would first turn to a space such as CIELAB.
#
# ## Watermelons: an exercise of the textbook
#
# Zhou's exercise 5.8 asks for a SOM on the **watermelon data 3.0α** (西瓜数据集 3.0α): seventeen melons, two numbers each. Seventeen points are a figure to look at and no
# basis for any claim about accuracy. The two features have different spreads, so they are standardised first; then a $5 \times 5$ map is laid over them.

# %%
melons = load_watermelon()
mean, spread = melons.X.mean(axis=0), melons.X.std(axis=0)
field = SelfOrganizingMap((5, 5), final_radius=0.6).fit((melons.X - mean) / spread)
sheet = field.weights_ * spread + mean

# %%
print(f"{len(set(field.labels_))} of 25 units win a melon; topographic error", end=" ")
print(f"{field.topographic_error((melons.X - mean) / spread):.3f}")

# %% mystnb={"image": {"alt": "Left: the seventeen melons in the plane of density and sugar content with the grid of the map laid over them. Right: the grey U-matrix of the map, with the numbers of the melons written in their units, green for good melons, which lie in the middle and on the right, and orange for bad ones around them."}}
figure, (left, right) = plt.subplots(1, 2, figsize=(7.4, 3.4))
draw_sheet(left, sheet.reshape(5, 5, 2), alpha=0.6)
for kind, marker, colour in ((1, "o", 2), (0, "X", 1)):
    chosen = melons.y == kind
    left.plot(*melons.X[chosen].T, marker, color=plot.PALETTE[colour], markersize=7, label=melons.target_names[kind])
left.set(xlabel="density", ylabel="sugar content")
left.legend(title="melon")
right.imshow(field.u_matrix(), cmap="Greys", alpha=0.3)
for unit in set(field.labels_):
    here = np.flatnonzero(field.labels_ == unit)
    for k, melon in enumerate(here):
        ink = plot.PALETTE[2] if melons.y[melon] else plot.PALETTE[1]
        row, column = field.positions(unit)
        offset = 0.42 * (k - (len(here) - 1) / 2)
        right.text(column, row + offset, melons.number[melon], color=ink, ha="center", va="center")
right.set(
    title="melons on the U-matrix",
    xticks=range(5),
    yticks=range(5),
    xlabel="column",
    ylabel="row",
)
right.grid(False)
plt.show()

# %% [markdown]
# The sheet follows the cloud of melons, and the topographic error is 0: seventeen points in a plane are no challenge for a grid in a plane. On the right the numbers of good melons are green, and darker grey means longer distances to the units that touch. Good melons occupy the middle and the right of the map, where sugar content is
# not low; the bad ones sit around them, those with little sugar in the bottom rows and those of low density in the top left. A picture like this is all that the
# exercise can give; whether one could *predict* goodness from a unit, seventeen melons cannot tell.
#
# ## When values are missing
#
# A distance can be taken over the features that are there, and a mean too. So a map needs no imputation: entries that are `NaN` are left out of the distances, and teach nothing. We
# delete two pixels in five at random, train on what remains, and then let the map fill the holes: each missing pixel gets the value of the best matching unit, found from the pixels that were left.

# %%
holes = X.copy()
holes[np.random.default_rng(0).random(X.shape) < 0.4] = np.nan
patchy = SelfOrganizingMap((10, 10), n_epochs=60, final_radius=0.7).fit(holes)
filled = np.where(np.isnan(holes), patchy.weights_[patchy.predict(holes)], holes)
by_means = np.where(np.isnan(holes), np.nanmean(holes, axis=0), holes)

# %%
for name, guess in (("the map", filled), ("column means", by_means)):
    print(f"filled by {name}: root mean squared error {np.sqrt(np.mean((guess - X)[np.isnan(holes)] ** 2)):.3f}")

# %%
whole, damaged = som.quantization_error(X), patchy.quantization_error(X)
print(f"quantisation error on whole digits: learnt from whole ones {whole:.3f}, from damaged ones {damaged:.3f}")
assert np.mean((filled - X) ** 2) < 0.5 * np.mean((by_means - X) ** 2)
assert damaged < 1.05 * whole

# %% mystnb={"image": {"alt": "Three rows of eight digits: with two pixels in five deleted, filled by the map, and as they were. Seven of the filled digits are close to the originals; the sixth, a three, has been filled to a nine."}}
shown = np.vstack([np.nan_to_num(holes[:8], nan=0.5), np.clip(filled[:8], 0, 1), X[:8]]).reshape(-1, 8, 8)
plot.image_grid(shown, n_columns=8, cmap="gray_r", figsize=(6, 2.4))
plt.show()

# %% [markdown]
# The upper row is what the map was given, with holes in grey; the lower row is the truth. Where the pixels that are left name the right unit, the filling is good. The sixth digit shows the risk: it is a 3, its nearest unit was one of the
# nines, and the map filled it to a plausible 9. A filled hole looks as sure as a measured pixel.
#
# ## Checked against minisom
#
# An independent program must agree where the definitions agree: on both errors, on the U-matrix up to its scale (minisom divides by the largest entry), and, with the same
# input, learning rate and radius, on every single online step.

# %%
if importlib.util.find_spec("minisom") is None:
    print("minisom is not installed: this check is left out")
else:
    from minisom import MiniSom

    peer = MiniSom(10, 10, 64, sigma=2.0, learning_rate=0.5, random_seed=0)
    peer.random_weights_init(X)
    W = peer.get_weights().reshape(100, 64).copy()
    H = map_neighbourhood.neighbourhood("gaussian", map_grid.unit_distances((10, 10)), 2.0)
    for x in X[:200]:
        peer.update(x, peer.winner(x), 0, 100)
        W = map_learning.online_step(x, W, H[map_quality.best_matching_units(x[None], W)[0, 0]], 0.5)
    touching = map_grid.adjacent_units((10, 10))
    u = map_quality.u_matrix(W, touching).reshape(10, 10)
    gaps = {
        "weights after 200 steps": np.abs(W - peer.get_weights().reshape(100, 64)).max(),
        "quantisation error": abs(map_quality.quantization_error(X, W) - peer.quantization_error(X)),
        "topographic error": abs(map_quality.topographic_error(X, W, touching) - peer.topographic_error(X)),
        "U-matrix": np.abs(u / u.max() - peer.distance_map(scaling="mean")).max(),
    }
    for what, gap in gaps.items():
        print(f"{what}: differs by {gap:.1e}")
        assert gap < 1e-9

# %% [markdown]
# ## What goes wrong
#
# | Symptom in this section | Cause | What helped |
# |---|---|---|
# | units that never win | only the winner learns | a conscience, or neighbours that learn along |
# | a twisted sheet, topographic error far from 0 | a narrow first radius after a random start | start at half the longer side of the grid |
# | a ring that closes wrongly or not at all | a start without chance on data with a symmetry | a random start |
# | weights in the millions | negative weights of the Mexican hat | a Gaussian or a bubble |
# | an energy that rises | the nearest unit is not the winner that lowers it | smoothed winners, or not to care |
# | errors at a seam | free edges for data without edges | a torus |
# | one feature decides everything | features of different scales | standardise first |
#
# The last line was not shown: a map trusts Euclidean distance blindly, and exercise 4 lets it.
#
# ## Exercises
#
# 1. Show that the weights of a winner that takes all are an exponentially weighted mean of the inputs it has won. How must $\eta$ depend on the number of wins for the plain mean?
#    <details><summary>Answer</summary>
#
#    Unroll the rule: after wins $x_1, \dots, x_k$ the weight is $(1-\eta)^k w_0 + \eta \sum_i (1-\eta)^{k-i} x_i$. With $\eta = 1/k$ at the
#    $k$-th win every input has the same weight, $1/k$, and the start is forgotten at the first win.
#
#    </details>
# 2. Let the radius grow without bound. Where do all the units go under the batch rule, and what are the two errors?
#    <details><summary>Answer</summary>
#
#    All $h$ tend to 1, every unit becomes the mean of the data, and the quantisation error is the mean distance from it. The topographic error means nothing then: all units are equally near. At large finite
#    radii the map is a tiny sheet about the mean, in order, so the error is near 0.
#
#    </details>
# 3. With the bubble, $\sigma = 0.9$ is the same as $\sigma = 0$. Why? Which radii of a rectangular grid are worth trying?
#    <details><summary>Hint</summary>
#
#    List the distances that occur between units: 0, 1, $\sqrt 2$, 2, $\sqrt 5$, …
#
#    </details>
# 4. Multiply the sugar content of the melons by 100 before the map sees it, without standardising. What does the sheet look like, and what does the topographic error say?
#    <details><summary>Answer</summary>
#
#    All distances are distances in sugar now; the map orders the melons by sugar alone and ignores density. The topographic error need not rise: it judges the map by the very distances
#    that mislead it.
#
#    </details>
# 5. Suppose that the weights are a linear function of the position, on a grid without end. Show that the smoothed winner is then the nearest unit. Which step fails at an edge, and on which grids of finite size does it not?
#    <details><summary>Hint</summary>
#
#    Write $\sum_j h_{cj} \lVert x - w_j\rVert^2$ as $s_c \lVert x - \bar w_c\rVert^2$ plus a variance, with $s_c$ the sum of row $c$ of $H$ and $\bar w_c$ the weighted mean. Without an edge
#    $s_c$ and the variance are the same for all $c$, and $\bar w_c = w_c$. On a torus every unit sees the same surroundings, but no linear function fits around it.
#
#    </details>
# 6. Train the map of the digits on a torus. Do the errors improve? Explain.
#    <details><summary>Hint</summary>
#
#    Compare at equal final radius. Units at a free edge have fewer neighbours, so the data pull the edge inwards less evenly; on a torus there is no edge, but the sheet of the data must close on itself.
#
#    </details>
# 7. Draw one input of the clouds a hundred times as often as any other. What do plain competition, competition with a conscience, and a map do about it?
#    <details><summary>Hint</summary>
#
#    Conscience demands equal *wins*, so it sends units to the crowd; plain competition minds only distances.
#
#    </details>
#
# ## Summary
#
# - Competitive learning makes units into specialists. Under winner-takes-all some never win; a conscience or a neighbourhood revives them.
# - A self-organizing map is competition on a grid: the winner takes its neighbours along, first far, then near.
# - The batch rule replaces steps by weighted means; at radius 0 it is k-means. With the nearest winners it has no energy that falls, with smoothed ones it has.
# - Two errors judge a map, and the final radius trades one for the other. A knot comes from a start that is too narrow.
# - U-matrix, hits, labels and component planes are four readings of one map. Missing values need no repair.
#
# ## Sources
#
# - Zhou (2016), 《机器学习》, sections 5.5.2 and 5.5.3, Fig. 5.11, exercise 5.8, Table 4.3.
# - Kohonen (1982), Self-organized formation of topologically correct feature maps, [doi:10.1007/BF00337288](https://doi.org/10.1007/BF00337288).
# - Kohonen (2001), Self-organizing maps, third edition, [doi:10.1007/978-3-642-56927-2](https://doi.org/10.1007/978-3-642-56927-2).
# - Kohonen (2013), Essentials of the self-organizing map, [doi:10.1016/j.neunet.2012.09.018](https://doi.org/10.1016/j.neunet.2012.09.018).
# - Rumelhart and Zipser (1985), Feature discovery by competitive learning, [doi:10.1207/s15516709cog0901_5](https://doi.org/10.1207/s15516709cog0901_5).
# - DeSieno (1988), Adding a conscience to competitive learning, [doi:10.1109/ICNN.1988.23839](https://doi.org/10.1109/ICNN.1988.23839).
# - Erwin, Obermayer and Schulten (1992), Self-organizing maps: ordering, convergence properties and energy functions, [doi:10.1007/BF00201801](https://doi.org/10.1007/BF00201801).
# - Heskes (1999), Energy functions for self-organizing maps, in Oja and Kaski (eds.), Kohonen Maps, Elsevier, 303–315.
# - Kiviluoto (1996), Topology preservation in self-organizing maps, [doi:10.1109/ICNN.1996.548907](https://doi.org/10.1109/ICNN.1996.548907).
# - Ritter and Schulten (1986), On the stationary state of Kohonen's self-organizing sensory mapping, Biological Cybernetics 54, 99–106.
# - Ultsch and Siemon (1990), Kohonen's self organizing feature maps for exploratory data analysis, Proceedings of INNC'90, 305–308.
# - Munroe (2010), Color survey results, <https://blog.xkcd.com/2010/05/03/color-survey-results/>.
