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
# # The perceptron (感知机)
#
# Can a machine learn from nothing but its mistakes? In 1958 Frank Rosenblatt answered yes with a rule of one line, and a
# theorem soon followed that says how many mistakes the rule can ever make. Eleven years later four points in a square put
# an end to the enthusiasm. This section builds the neuron, teaches it, counts its mistakes against the theorem, breaks it with
# those four points, and mends it with a second layer, which is where neural networks begin.
#
# **You need:** inner products and the equation of a line. No calculus.
#
# **Time to run:** see the [Execution](../execution.md) page. About 15 seconds on one core.
#
# Two textbooks accompany this chapter: Zhou (2016), 《机器学习》, whose sections 5.1–5.2 introduce the neuron, and Qiu (2019),
# 《神经网络与深度学习》, whose chapter 3 proves the theorem. Equation numbers are theirs.

# %% tags=["install", "hide-cell"]
# Only where the package is missing, as on Colab.
import importlib.util

if importlib.util.find_spec("nndl_support") is None:
    print("This notebook needs the package nndl_support: run pip install '.[data]' in a copy of its repository.")

# %%
from functools import partial
from itertools import product

import matplotlib.pyplot as plt
import numpy as np

from nndl_support import plot
from nndl_support.activations.sigmoid_family import logistic
from nndl_support.backprop import margin, mcculloch_pitts, network, perceptron
from nndl_support.data.digits import load_digits, load_mnist_5k
from nndl_support.data.watermelon import load_watermelon
from nndl_support.source import show_source

plot.use_style()

# %% [markdown]
# ## A neuron that only adds and compares
#
# In 1943 McCulloch and Pitts reduced a nerve cell to arithmetic. The **M-P neuron** (M-P 神经元) receives $n$ signals $x_i$ over
# connections of **weight** (权重) $w_i$, adds them, and fires when the sum reaches its **threshold** (阈值) $\theta$:
#
# $$ y = \varepsilon\Big(\sum_{i=1}^{n} w_i x_i - \theta\Big), \qquad \varepsilon(s) = \begin{cases} 1 & s \ge 0 \\ 0 & s < 0 \end{cases} $$
#
# The **step function** (阶跃函数) $\varepsilon$ is as decided as a function can be. It jumps, so it has no useful derivative; the
# sections after this one replace it by smooth curves for that reason alone. Here is the whole neuron as this book computes it:

# %%
show_source(mcculloch_pitts.step, mcculloch_pitts.fire)

# %% [markdown]
# The usual smooth stand-in is the **logistic sigmoid** (Sigmoid 函数) $\sigma(s) = 1/(1 + e^{-s})$, which Zhou (figure 5.2) sets beside the step. It squeezes any sum into
# the interval from 0 to 1, hence its other name, *squashing function* (挤压函数). Does it lose the decision? Multiply its argument by a factor $c$ and see:

# %%
s = np.linspace(-4, 4, 401)
outside = s[np.abs(s) > 0.5]
gaps_to_step = {}
for c in (1, 4, 16):
    gap = np.abs(logistic(c * outside) - mcculloch_pitts.step(outside)).max()
    gaps_to_step[c] = gap
    print(f"c = {c:2d}: beyond |s| = 0.5, sigmoid and step differ by at most {gap:.4f}")
assert gaps_to_step[16] < 0.001

# %% mystnb={"image": {"alt": "Left: a drawing of a neuron, three inputs joined by weighted arrows to one unit with a threshold. Right: the step function and three logistic curves through one half at zero, which hug the step more closely as the factor grows from 1 to 16."}}
figure, (left, right) = plt.subplots(1, 2, figsize=(7, 2.8), width_ratios=(1, 1.6))
labels = [["$x_1$", "$x_2$", "$x_3$"], [r"$\theta$"]]
plot.draw_network([3, 1], ax=left, arrows=True, unit_labels=labels, layer_names=["signals", "neuron"])
for i, height in enumerate((0.78, 0.17, -0.78)):
    left.text(1.3, height, f"$w_{i + 1}$", ha="center", fontsize=9)
right.plot(s, mcculloch_pitts.step(s), color="black", label=r"step $\varepsilon(s)$")
for c, style in zip(gaps_to_step, ("-", "--", "-.")):
    right.plot(s, logistic(c * s), style, label=rf"$\sigma({c if c > 1 else ''}s)$")
right.set(xlabel="sum minus threshold, s", ylabel="output y")
right.legend()
plt.show()

# %% [markdown]
# A steep sigmoid decides like the step, except in a narrow zone about the threshold. A gentle one hesitates, and it is the hesitation that can be
# differentiated: it tells by how much a small change of a weight would change the answer. For the rest of this section the step will do.
#
# ## Logic by hand
#
# Signals of 0 and 1 make the neuron a logic gate, and three settings are enough for the classical ones. Zhou (2016, section 5.2)
# chooses, for **AND** (与), $w_1 = w_2 = 1$ and $\theta = 2$: only two signals together reach 2. For **OR** (或) the same weights with
# $\theta = 0.5$: one signal suffices. For **NOT** (非) a single weight $w_1 = -0.6$ and $\theta = -0.5$: silence reaches the
# negative threshold, a signal pushes the sum below it. A claim about four rows is proved by looking at four rows.

# %%
rows = mcculloch_pitts.truth_table(2)
conjunction = mcculloch_pitts.fire(rows, *mcculloch_pitts.AND)
disjunction = mcculloch_pitts.fire(rows, *mcculloch_pitts.OR)
print("x1 x2 | AND OR")
for (x1, x2), both, either in zip(rows, conjunction, disjunction):
    print(f" {x1:.0f}  {x2:.0f} |  {both:.0f}   {either:.0f}")
negation = mcculloch_pitts.fire([[0], [1]], *mcculloch_pitts.NOT)
print(f"NOT 0 = {negation[0]:.0f}   NOT 1 = {negation[1]:.0f}")
assert (conjunction == [0, 0, 0, 1]).all()
assert (disjunction == [0, 1, 1, 1]).all()
assert (negation == [1, 0]).all()

# %% [markdown]
# Geometrically a neuron draws a line. The points where the sum equals the threshold form a line in the plane (a hyperplane in
# general), the weights are its normal, and the neuron fires on one side of it. AND and OR use parallel lines; only the
# threshold, and with it the distance from the origin, differs.

# %% mystnb={"image": {"alt": "Two panels with the four corners of the unit square. In the left panel a diagonal line passes through the corner (1, 1) and separates it from the other three, in the right panel a parallel line separates the corner (0, 0) from the other three."}}
figure, axes = plt.subplots(1, 2, figsize=(7, 3.2))
gates = {"AND (与)": mcculloch_pitts.AND, "OR (或)": mcculloch_pitts.OR}
for ax, (name, (w, theta)) in zip(axes, gates.items()):
    gate = partial(mcculloch_pitts.fire, weights=w, threshold=theta)
    plot.decision_regions(gate, rows, gate(rows), ax=ax, class_names="01", feature_names=["$x_1$", "$x_2$"])
    ax.set(title=name, aspect="equal")
plt.show()

# %% [markdown]
# The line of AND runs exactly through the corner (1, 1): there the sum equals the threshold, and the neuron fires only because
# $\varepsilon(0) = 1$. Hand-set weights can live with such a narrow escape; learnt weights, as we shall see, are better kept away from it.
#
# ## Learning from mistakes
#
# Setting weights by hand does not scale, so let the neuron set its own. First a trick that removes a special case: give the neuron one
# more input that is constantly $-1$, the **dummy node** (哑结点). The threshold becomes the weight of that node,
# $w^\top x - \theta = (w, \theta)^\top (x, -1)$, and there are only weights left to learn. Then, for every example with wanted output $y$ and
# actual output $\hat y$, Zhou's equations (5.1) and (5.2) say
#
# \begin{align}
# w_i &\leftarrow w_i + \Delta w_i \tag{5.1} \\
# \Delta w_i &= \eta\,(y - \hat y)\,x_i \tag{5.2}
# \end{align}
#
# A right answer changes nothing. A neuron that stayed silent when it should have fired gets the input added to its weights, so the
# same input scores higher next time; one that fired wrongly gets it subtracted. The **learning rate** (学习率) $\eta$ sets the size of the correction.

# %%
show_source(mcculloch_pitts.learning_rule)

# %%
path, epochs = mcculloch_pitts.learn(rows, conjunction)
*weights, threshold = path[-1]
print(f"AND learnt after {epochs} epochs: w = {np.array(weights)}, threshold = {threshold}")
assert (mcculloch_pitts.fire(rows, weights, threshold) == conjunction).all()

# %% [markdown]
# An **epoch** (回合) is one pass over all examples; learning stops after the first epoch without a mistake. The neuron did not find
# Zhou's weights but others that serve as well: the rule asks for *a* separating line, not for a particular one.
#
# ## Watch it learn
#
# Machine learning usually writes the labels of two classes as $-1$ and $+1$ and the constant input as $+1$, so that $b = -\theta$ is a **bias** (偏置).
# The rule then reads as in Qiu (2019, algorithm 3.1): whenever $y\,w^\top x \le 0$, add $y\,x$ to $w$. A score of exactly 0 counts as a
# mistake here, unlike in Zhou's form, because otherwise zero weights might never move. Every frame below is one mistake:
# the circled point is the culprit, the line is the boundary after the correction. (After the first mistakes the line still
# lies outside the picture.)

# %%
rng = np.random.default_rng(11)
cloud = rng.uniform(-1, 1, (80, 2))
cloud = cloud[np.abs(cloud @ [0.8, 0.6] - 0.25) > 0.06]
label = np.sign(cloud @ [0.8, 0.6] - 0.25)
extended = mcculloch_pitts.append_dummy(cloud, value=1.0)
path, culprits = perceptron.mistake_path(extended, label)
print(f"{len(culprits)} mistakes on {len(cloud)} points, then none")
assert (label * (extended @ path[-1]) > 0).all()


# %%
def show_mistake(i):
    (w1, w2, b), culprit = path[i + 1], cloud[culprits[i]]
    across = np.array([-1.5, 1.5])
    boundary.set_data(across, -(w1 * across + b) / w2)
    ring.set_data([culprit[0]], [culprit[1]])
    wrong = np.sum(label * (extended @ path[i + 1]) <= 0)
    ax.set_title(f"mistake {i + 1}: {wrong} points still on the wrong side")


figure, ax = plt.subplots(figsize=(5, 4))
for sign, marker, colour in ((-1, "o", plot.PALETTE[0]), (1, "s", plot.PALETTE[1])):
    ax.plot(*cloud[label == sign].T, marker, color=colour, label=f"label {sign:+d}")
(boundary,) = ax.plot([], [], color="black", label="boundary")
(ring,) = ax.plot([], [], "o", markersize=13, markerfacecolor="none", color="black", label="mistake")
ax.set(xlim=(-1.1, 1.1), ylim=(-1.1, 1.35), xlabel="$x_1$", ylabel="$x_2$")
ax.legend(loc="upper center", fontsize=7, ncols=4)
moving = "A straight boundary jumps with every mistake until it separates two classes of points."
plot.animate(show_mistake, len(culprits), figure, interval=500, alt=moving)

# %% [markdown]
# Each correction repairs one point and may spoil others; the number of points on the wrong side goes up and down. That the jumps
# must end all the same is not obvious at all.
#
# ## Why it must end
#
# Let some unit vector $w^*$ separate the classes with **margin** (间隔) $\gamma$, that is $y^{(n)} {w^*}^\top x^{(n)} \ge \gamma > 0$ for all
# $n$, and let no input be longer than $R$; inputs and weights include the constant 1 and the bias, so lengths are measured with that extra coordinate. Then, in whatever order the examples come, the number $M$ of mistakes is at most (Qiu 2019, theorem 3.1)
#
# $$ M \le \frac{R^2}{\gamma^2} $$
#
# The **convergence theorem** (感知机收敛定理) has a proof of two steps. Start from $w = 0$. Every mistake adds $y x$, and this raises the overlap with the good direction by
# $y\,{w^*}^\top x \ge \gamma$. After $M$ mistakes, therefore, ${w^*}^\top w \ge M \gamma$. Second, every mistake was made with $y\,w^\top x \le 0$, so the cross term in the squared length is not positive:
#
# \begin{align}
# \lVert w + y x \rVert^2 &= \lVert w \rVert^2 + 2 y\,w^\top x + \lVert x \rVert^2 \\
# &\le \lVert w \rVert^2 + R^2
# \end{align}
#
# After $M$ mistakes, therefore, $\lVert w \rVert^2 \le M R^2$. The overlap with a unit vector never exceeds the length (Cauchy–Schwarz), ${w^*}^\top w \le \lVert w \rVert$.
# Together $M \gamma \le \sqrt{M} R$, and squaring gives the theorem. Neither the number of examples nor the number of inputs appears in it.
#
# To test the theorem we need the *largest* margin, which makes the bound smallest. It is a quadratic programme; the book's
# `optimal_margin` solves it exactly by non-negative least squares.

# %%
bound = margin.mistake_bound(extended, label)
gamma, best = margin.optimal_margin(extended, label)
print(f"R = {margin.radius(extended):.3f}, best margin = {gamma:.4f}")
print(f"margin of the learnt line = {margin.margin(path[-1], extended, label):.4f}")
print(f"{len(culprits)} mistakes, at most {bound:.0f} allowed")
assert len(culprits) <= bound
assert margin.margin(path[-1], extended, label) <= gamma

# %% [markdown]
# The proof itself can be watched. The squared length of the weights must never pass $M R^2$, nor their overlap with the best direction fall short of
# $M \gamma$; both are checked after every single mistake.

# %%
count = np.arange(len(path))
assert ((path**2).sum(axis=1) <= count * margin.radius(extended) ** 2 + 1e-12).all()
assert (path @ best >= count * gamma - 1e-9).all()
print("both inequalities hold after each of the", len(culprits), "mistakes")

# %% [markdown]
# ### The bound against the count
#
# Now let the margin shrink. For each width of the gap we draw twenty clouds of 200 points in the plane, and count. Beside them stands the worst case: the
# $D$ unit vectors of a $D$-dimensional space, all with label $+1$. Their best margin is $1/\sqrt{D}$, reached by $w^* = (1, \dots, 1)/\sqrt{D}$, and $R = 1$, so the bound is $D$; and as every vector is orthogonal to all
# the others, each of them must cause a mistake.

# %%
rng = np.random.default_rng(0)
gaps, counts, bounds = np.geomspace(0.5, 0.004, 10), [], []
for gap in gaps:
    for _ in range(20):
        X = rng.uniform(-1, 1, (900, 2))
        X = X[np.abs(X @ [0.8, 0.6]) > gap][:200]
        y = np.sign(X @ [0.8, 0.6])
        bounds.append(margin.mistake_bound(X, y))
        counts.append(len(perceptron.mistake_path(X, y, max_epochs=100_000)[1]))
counts, bounds = np.reshape(counts, (10, 20)), np.reshape(bounds, (10, 20))
assert (counts <= bounds).all()

# %%
dimensions = np.array([2, 5, 20, 100, 400])
worst = [len(perceptron.mistake_path(np.eye(D), np.ones(D))[1]) for D in dimensions]
worst_bounds = [margin.mistake_bound(np.eye(D), np.ones(D)) for D in dimensions]
np.testing.assert_allclose(worst, worst_bounds)
print("mistakes on the unit vectors:", worst)

# %% mystnb={"image": {"alt": "Log-log plot of mistakes against the bound. The random clouds lie far below the diagonal and ever farther as the margin shrinks; the orthogonal vectors lie exactly on the diagonal."}}
figure, ax = plt.subplots()
ax.plot([1, 1e6], [1, 1e6], color="black", linewidth=1, label=r"bound, $R^2/\gamma^2$")
ax.plot(bounds.ravel(), counts.ravel(), "o", markersize=3, alpha=0.6, label="200 random points in the plane")
ax.plot(worst_bounds, worst, "s", label="orthogonal unit vectors")
ax.set(xscale="log", yscale="log", xlabel=r"$R^2/\gamma^2$ (mistakes allowed)", ylabel="mistakes made")
ax.legend()
plt.show()

# %% [markdown]
# No point lies above the diagonal, and the orthogonal vectors lie *on* it: the theorem cannot be improved without further
# assumptions. For random points in the plane it is pessimistic, and more so the smaller the margin, because few of the examples
# lie near the boundary. How pessimistic, in numbers:

# %%
slope = np.polyfit(np.log(bounds.ravel()), np.log(counts.ravel()), 1)[0]
for i, width in ((0, "widest"), (-1, "narrowest")):
    ratio = np.median(counts[i] / bounds[i])
    print(f"median of mistakes / bound at the {width} gap: {ratio:.5f}")
print(f"mistakes grow like bound^{slope:.2f}")
assert slope < 0.5
assert np.median(counts[-1] / bounds[-1]) < 0.01

# %% [markdown]
# ## The estimator
#
# For real data the rule comes as a scikit-learn estimator. One pass over the data is ten lines; for more than two classes, $K$ perceptrons learn side by side,
# each telling its class from the rest, and the highest score wins. The variable `drift` belongs to the averaged perceptron, which comes next.

# %%
show_source(perceptron.one_pass)

# %% [markdown]
# ### The averaged perceptron (平均感知机)
#
# The last weights are a poor choice when the data cannot be separated: they have just been bent for whatever example came last.
# The mean of all weights met on the way, $\bar w = \frac1T \sum_{t=1}^{T} w_t$, remembers the long stretches during which the weights were good.
# Storing $T$ weight vectors would be wasteful. Qiu (2019, algorithm 3.2) keeps one extra vector $u$ instead: a correction made after $t$ examples is
# missing from the first $t$ of the $T$ vectors, so with $u \leftarrow u + t\,y\,x$ at every mistake
#
# $$ \bar w = w_T - \frac{1}{T}\,u $$

# %%
rng = np.random.default_rng(1)
X, y = rng.normal(size=(300, 4)), rng.choice([-1.0, 1.0], size=(300, 1))
w, u, everything = np.zeros((1, 4)), np.zeros((1, 4)), []
for t in range(300):
    perceptron.one_pass(w, u, X[t : t + 1], y[t : t + 1], examples_seen=t)
    everything.append(w.copy())
difference = np.abs(perceptron.average(w, u, 300) - np.mean(everything, axis=0)).max()
print(f"largest difference from the naive mean: {difference:.1e}")
assert difference < 1e-12

# %% [markdown]
# ## Real digits
#
# The optdigits are 1797 handwritten digits of 8 × 8 pixels. Begin with two classes that look alike, 4 and 9.

# %%
digits = load_digits()
pair, pair_test = np.isin(digits.y_train, [4, 9]), np.isin(digits.y_test, [4, 9])
X, y = digits.X_train[pair], digits.y_train[pair]
model = perceptron.Perceptron(random_state=0).fit(X, y)
accuracy = model.score(digits.X_test[pair_test], digits.y_test[pair_test])
allowed = margin.mistake_bound(mcculloch_pitts.append_dummy(X, 1.0), np.where(y == 9, 1, -1))
print(f"mistakes per epoch: {model.mistakes_}")
print(f"in all {model.n_mistakes_}, allowed {allowed:.0f}")
print(f"test accuracy {accuracy:.3f} on {pair_test.sum()} digits")
assert model.converged_
assert model.n_mistakes_ <= allowed
assert accuracy > 0.95

# %% [markdown]
# The last epoch is free of mistakes, so these training digits are **linearly separable** (线性可分), and the count stays below the bound.
# With all ten classes that happy state takes long or never comes, and averaging earns its keep. We train with both for up to twenty
# epochs, over five random orders, and measure the accuracy on digits that were not seen in training.

# %%
lengths, seeds = [1, 2, 5, 10, 20], range(5)
accuracy = {False: np.empty((5, 5)), True: np.empty((5, 5))}
for averaged, seed, (column, n) in product(accuracy, seeds, enumerate(lengths)):
    model = perceptron.Perceptron(averaged=averaged, max_epochs=n, random_state=seed)
    model.fit(digits.X_train, digits.y_train)
    accuracy[averaged][seed, column] = model.score(digits.X_test, digits.y_test)
assert (accuracy[True].mean(axis=0) > accuracy[False].mean(axis=0)).all()
assert (accuracy[True].std(axis=0) < accuracy[False].std(axis=0)).all()

# %% mystnb={"image": {"alt": "Test accuracy against epochs for the last and the averaged weights, with the spread over five random orders. The averaged curve lies above the other everywhere and its spread is much smaller."}}
figure, ax = plt.subplots()
for averaged, name, style in ((False, "last weights", "o-"), (True, "averaged weights", "s--")):
    mean, spread = accuracy[averaged].mean(axis=0), accuracy[averaged].std(axis=0)
    ax.errorbar(lengths, mean, yerr=spread, fmt=style, capsize=3, label=name)
ax.set(xscale="log", xticks=lengths, xticklabels=lengths, xlabel="epochs", ylabel="test accuracy (359 digits)")
ax.legend()
plt.show()

# %% [markdown]
# The averaged weights are better at every length, and the bars, one standard deviation over the five orders of the examples, are shorter.
# Which example came last hardly matters any more. On MNIST-5k, five thousand images of 28 × 28 pixels, the gain after five epochs is wider still:

# %%
mnist, reached = load_mnist_5k(), []
for averaged in (False, True):
    chosen = {"averaged": averaged, "max_epochs": 5}
    models = [perceptron.Perceptron(**chosen, random_state=seed) for seed in range(3)]
    scores = [m.fit(mnist.X_train, mnist.y_train).score(mnist.X_test, mnist.y_test) for m in models]
    print(f"averaged={averaged!s:5}  test accuracy {np.mean(scores):.3f} ± {np.std(scores):.3f}")
    reached.append(np.mean(scores))
gain, gain_before = reached[1] - reached[0], (accuracy[True] - accuracy[False])[:, 2].mean()
print(f"gain {gain:.3f}, on the smaller digits {gain_before:.3f}")
assert gain > gain_before > 0
assert reached[1] > 0.89

# %% [markdown]
# A linear classifier can be looked at. The weights of each class form an image of their own: ink on a blue pixel speaks for the class, ink on a red one against it.

# %% mystnb={"image": {"alt": "Ten weight images of 28 by 28 pixels, one for each digit, speckled in blue and red. The one for zero has a red stroke in the middle; the margins, where no digit has ink, are blank."}}
plot.image_grid(models[-1].coef_.reshape(10, 28, 28), titles=range(10), n_columns=5, signed=True, label="weight")
plt.show()

# %% [markdown]
# The zero objects to ink in its middle, which is what tells a ring from everything else. The margins are blank: a pixel that never carries ink never takes part in a
# correction. Compare the speckle with the smooth strokes of a real digit: the perceptron stops caring as soon as an example is on the right side, so much of a weight image is
# the accident of a few hard examples.
#
# ## Checked against scikit-learn
#
# With the examples in the given order, `sklearn.linear_model.Perceptron` follows the same convention (a score of 0 is a mistake, $\eta = 1$, zero start). The
# weights then do not merely resemble each other; they are the same numbers. The averaged ones are compared with `SGDClassifier`.

# %%
from sklearn.linear_model import Perceptron as Peer
from sklearn.linear_model import SGDClassifier

X, y = digits.X_train, digits.y_train
ours = perceptron.Perceptron(shuffle=False, max_epochs=10).fit(X, y)
peer = Peer(shuffle=False, max_iter=10, tol=None).fit(X, y)
print("largest difference of the weights:", np.abs(ours.coef_ - peer.coef_).max())
assert np.array_equal(ours.coef_, peer.coef_)
assert np.array_equal(ours.intercept_, peer.intercept_)
ours = perceptron.Perceptron(averaged=True, shuffle=False, max_epochs=10).fit(X, y)
same = {"learning_rate": "constant", "eta0": 1, "shuffle": False, "max_iter": 10}
peer = SGDClassifier(loss="perceptron", penalty=None, average=True, tol=None, **same)
difference = np.abs(ours.coef_ - peer.fit(X, y).coef_).max()
print(f"largest difference of the averaged weights: {difference:.1e}")
assert difference < 1e-10

# %% [markdown]
# And the best margin of the cloud above, once more by a support vector machine (支持向量机), whose purpose is exactly that margin. Mirroring the
# data through the origin forces its free bias to vanish, so that both solve the same problem.

# %%
from sklearn.svm import SVC

mirrored, labels = np.vstack([extended, -extended]), np.append(label, -label)
machine = SVC(kernel="linear", C=1e8, tol=1e-8).fit(mirrored, labels)
peer_margin = 1 / np.linalg.norm(machine.coef_)
print(f"margin: ours {gamma:.8f}, support vector machine {peer_margin:.8f}")
np.testing.assert_allclose(gamma, peer_margin, rtol=1e-4)

# %% [markdown]
# ## What goes wrong
#
# ### Watermelons that no line separates
#
# Zhou's **watermelon data 3.0α** (西瓜数据集 3.0α) describes 17 melons by density and sugar content. Gordan's theorem makes inseparability a fact
# with a witness: either a separating hyperplane exists, or some non-negative weights $u_n$, not all zero, make $\sum_n u_n\,y^{(n)} x^{(n)} = 0$, and never both.
# The function `inseparability_certificate` finds the witness; here it is two good and two bad melons, whose weighted means fall on the same spot.

# %%
melons = load_watermelon()
signed, with_one = 2 * melons.y - 1, mcculloch_pitts.append_dummy(melons.X, 1.0)
witness = margin.inseparability_certificate(with_one, signed)
for melon in np.flatnonzero(witness > 1e-12):
    print(f"melon {melon + 1:2d}, {'good' if melons.y[melon] else 'bad':4}: weight {witness[melon]:.3f}")
assert np.abs((witness * signed) @ with_one).max() < 1e-12

# %%
late = range(180, 201)
last = [perceptron.Perceptron(max_epochs=n, random_state=0) for n in late]
steady = [perceptron.Perceptron(averaged=True, max_epochs=n, random_state=0) for n in late]
for model in last + steady:
    model.fit(melons.X, melons.y)
mean = steady[-1]
wrong = [round(17 * (1 - model.score(melons.X, melons.y))) for model in last]
print("melons on the wrong side after 180, 181, ..., 200 epochs:")
print("   ", *wrong)
print("with averaged weights:", round(17 * (1 - mean.score(melons.X, melons.y))))
peer = Peer(random_state=0, max_iter=200, tol=None).fit(melons.X, melons.y)
print("with scikit-learn's Perceptron:", round(17 * (1 - peer.score(melons.X, melons.y))))
assert min(last[-1].mistakes_) > 0
assert max(wrong) - min(wrong) >= 3

# %% mystnb={"image": {"alt": "Seventeen melons by density and sugar content. Thin grey lines, the boundaries after each of twenty-one late epochs, have similar slopes but lie far apart, some above and some below the boundary of the averaged weights."}}
across = np.array([0.15, 0.85])
names = ["density (密度)", "sugar content (含糖率)"]
ax = plot.decision_regions(mean.predict, melons.X, melons.y, class_names=["bad", "good (好瓜)"], feature_names=names)
bottom = ax.get_ylim()
for model in last:
    (w1, w2), b = model.coef_[0], model.intercept_[0]
    ax.plot(across, -(w1 * across + b) / w2, color="#757575", linewidth=0.7)
ax.set(ylim=bottom, title="averaged boundary (colours) and late boundaries (grey)")
plt.show()

# %% [markdown]
# Not a single epoch in two hundred was free of mistakes, and the boundary after one epoch says little about the boundary after the next. Nothing in the weights reveals that
# they will never settle; the estimator therefore reports `converged_`. (Errors on seventeen training points are
# a picture of the rule at work, not a measure of quality.) How far does a boundary wander along the sugar axis, at medium density, in those twenty-one epochs?

# %%
wander = []
for name, models in (("last", last), ("averaged", steady)):
    sugar = [-(m.coef_[0, 0] * 0.5 + m.intercept_[0]) / m.coef_[0, 1] for m in models]
    wander.append(max(sugar) - min(sugar))
    print(f"{name:8} weights: boundary between sugar {min(sugar):.3f} and {max(sugar):.3f}")
assert wander[1] < wander[0] / 20

# %% [markdown]
# The averaged boundary hardly moves.
#
# ### One input a hundred times too large
#
# The bound contains $R$, and $R$ depends on units. Measure one input in centimetres instead of metres, and the data are as separable as before, but the perceptron takes its time:

# %%
in_centimetres = extended * [100, 1, 1]
_, slow = perceptron.mistake_path(in_centimetres, label, max_epochs=100_000)
print(f"metres: {len(culprits)} mistakes of {bound:.0f} allowed; ", end="")
print(f"centimetres: {len(slow)} of {margin.mistake_bound(in_centimetres, label):.0f}")
assert len(slow) > 10 * len(culprits)

# %% [markdown]
# The remedy is to bring all inputs to a common scale before training, as pixels between 0 and 1 already are.
#
# ### Exclusive or
#
# Now the four points that ended the first spring of neural networks. **XOR** (异或) is 1 when exactly one input is 1. Let the rule try:

# %%
exclusive = np.array([0.0, 1.0, 1.0, 0.0])
path, epochs = mcculloch_pitts.learn(rows, exclusive, max_epochs=40)
at_epoch_end = path[::4]
print(f"after {epochs} epochs the rule is still making mistakes")
for epoch in (20, 21):
    print(f"weights and threshold after epoch {epoch}:", at_epoch_end[epoch].tolist())
print("different weights met in all:", len(np.unique(path, axis=0)))
assert epochs == 40
assert (at_epoch_end[20:] == at_epoch_end[20]).all()
assert len(np.unique(path[80:], axis=0)) == 4

# %% mystnb={"image": {"alt": "Three panels with the two weights and the threshold over 48 presented examples, as step lines between -1 and 1. After the first epoch each repeats the same pattern every four examples."}}
figure, axes = plt.subplots(3, 1, figsize=(7, 3.2), sharex=True)
for ax, values, name, colour in zip(axes, path[:49].T, ("$w_1$", "$w_2$", r"threshold $\theta$"), plot.PALETTE):
    ax.step(range(49), values, where="post", color=colour)
    ax.set(ylabel=name, ylim=(-1.3, 1.3), yticks=(-1, 0, 1))
ax.set(xlabel="examples presented", xticks=range(0, 49, 4))
plt.show()

# %% [markdown]
# The weights go round in a circle, one round per epoch. XOR is not separable, so the rule cannot stop; and weights that change by whole numbers and stay bounded must
# come back to where they were. (That they always stay bounded, whatever the data, is the *perceptron cycling theorem* of Minsky and Papert; here we can see it.) The certificate
# of inseparability is as short as a proof can be. With weight ¼ on every row the signed rows cancel:

# %%
corners = mcculloch_pitts.append_dummy(rows, 1.0)
u = margin.inseparability_certificate(corners, 2 * exclusive - 1)
total = (u * (2 * exclusive - 1)) @ corners
print("certificate:", u.round(6), " sum of the signed rows:", np.abs(total).round(6))
assert np.allclose(total, 0)
assert np.allclose(u, 0.25)

# %% [markdown]
# Any $w$ with positive $y\,w^\top x$ on all four rows would have a positive average of them as well, yet that average is $w^\top 0 = 0$.
#
# ## Two layers do it
#
# Minsky and Papert (1969) knew, as did McCulloch and Pitts, that several neurons together can compute any logical function; what was missing was a
# way to *learn* such a network. By hand it is easy. Zhou's figure 5.5 gives each of the two true rows of XOR a neuron of its own and joins them with an OR:
#
# \begin{align}
# h_1 &= \varepsilon(x_1 - x_2 - 0.5) \\
# h_2 &= \varepsilon(x_2 - x_1 - 0.5) \\
# y &= \varepsilon(h_1 + h_2 - 0.5)
# \end{align}

# %%
neurons = mcculloch_pitts.XOR_HIDDEN
hidden = np.column_stack([mcculloch_pitts.fire(rows, *neuron) for neuron in neurons])
output = mcculloch_pitts.two_layer_xor(rows)
for x, h, y in zip(rows, hidden, output):
    print(f"x = {x}   h = {h}   y = {y:.0f}")
assert (output == exclusive).all()

# %% mystnb={"image": {"alt": "Left: in the input plane the region where XOR is true consists of two corners cut off by two parallel lines. Right: in the plane of the hidden outputs only three points are left and one line separates (0, 0) from (1, 0) and (0, 1)."}}
figure, axes = plt.subplots(1, 2, figsize=(7, 3.2))
w, theta = mcculloch_pitts.XOR_OUTPUT
output_neuron = partial(mcculloch_pitts.fire, weights=w, threshold=theta)
spaces = [(rows, mcculloch_pitts.two_layer_xor, "x", "inputs"), (hidden, output_neuron, "h", "hidden layer (隐藏层)")]
for ax, (points, predict, letter, title) in zip(axes, spaces):
    names = [f"${letter}_1$", f"${letter}_2$"]
    plot.decision_regions(predict, points, exclusive, ax=ax, class_names="01", feature_names=names)
    ax.set(aspect="equal", title=title)
plt.show()

# %% [markdown]
# The right panel shows what the **hidden layer** (隐藏层) is for. It moves the examples: (0, 0) and (1, 1), opposite corners before, have become one point, and the
# problem that no line could solve is now solved by one. Every multilayer network in this book does the same with more units and learnt weights.
#
# ### With rectified units
#
# The same with units $\mathrm{ReLU}(s) = \max(0, s)$ and a linear output is exercise 4-2 of Qiu (2019). One solution, in the layout of this book
# (examples are rows, so a layer computes `X @ W + b`):
#
# $$ W_1 = \begin{pmatrix} 1 & 1 \\ 1 & 1 \end{pmatrix}, \quad b_1 = (0, -1), \quad w_2 = (1, -2)^\top, \quad b_2 = 0 $$
#
# A [public discussion of this exercise](https://github.com/nndl/nndl-discussion/issues/21) first put the vector $(0, -1)$ into the *second* layer, where a single
# output has no room for two biases; a comment corrected it to $b_1$. A training script posted in the same thread uses the targets 1, 0, 1, 0 for the inputs (0,0), (1,0),
# (1,1), (0,1): that is XNOR, the complement. Four rows refute both. Without $b_1$ the outputs for (0,0) and (1,1) differ by 2, although both should be 0, and
# no bias of the output neuron can change a difference.

# %%
weights, layers = [np.ones((2, 2)), np.array([[1.0], [-2.0]])], ["relu", "identity"]
results = []
for b1 in ([0.0, -1.0], [0.0, 0.0]):
    biases = [np.array(b1), np.zeros(1)]
    results.append(network.forward(rows, weights, biases, layers)[1][-1].ravel())
output, misplaced = results
posted = {(0, 0): 1, (1, 0): 0, (1, 1): 1, (0, 1): 0}
print("b1 = (0, -1):", output, "  without it:", misplaced)
assert (output == exclusive).all()
assert misplaced[0] - misplaced[3] == 2
assert all(posted[a, b] == 1 - target for (a, b), target in zip(rows, exclusive))

# %% [markdown]
# ## Booms and winters
#
# Zhou's chapter on neural networks tells their history as a spiral (螺旋式上升). The figure marks events; the two shaded spans are those
# during which funding and attention went elsewhere, and their edges are a matter of opinion.

# %% mystnb={"image": {"alt": "Timeline from 1940 to 2026 with fourteen labelled events from the McCulloch-Pitts neuron of 1943 to the Nobel Prize in Physics of 2024, and two shaded winters, from 1969 to 1982 and from 1995 to 2006."}}
years = [1943, 1949, 1958, 1960, 1969, 1974, 1982, 1986, 1995, 1997, 2006, 2012, 2017, 2024]
names = "McCulloch–Pitts neuron|Hebb's rule|Rosenblatt's perceptron|Widrow–Hoff ADALINE|Minsky & Papert|Werbos' thesis|Hopfield "
names += "network|BP in Nature|support vector machine|LSTM|deep belief networks|AlexNet|Transformer|Nobel Prize"
levels = [0.6, -0.6, 0.6, -1.7, 1.7, -0.6, -1.7, 0.6, -0.6, 1.7, 0.6, -0.6, 1.7, -1.7]
figure, ax = plt.subplots(figsize=(7, 4.2))
for start, end in ((1969, 1982), (1995, 2006)):
    ax.axvspan(start, end, color=plot.PALETTE[5], alpha=0.25, linewidth=0)
    ax.text((start + end) / 2, 2.75, "winter (冰河期)", ha="center", fontsize=9)
for year, event, level in zip(years, names.split("|"), levels):
    ax.plot([year, year], [0, level], color=plot.PALETTE[6], linewidth=0.8)
    ax.plot(year, 0, "o", color=plot.PALETTE[1])
    text, side = f"{year}\n" + event.replace(" ", "\n", 1), "bottom" if level > 0 else "top"
    ax.text(year, level, text, ha="center", va=side, fontsize=8)
ax.axhline(0, color="black", linewidth=1, zorder=0)
ax.set(xlim=(1935, 2031), ylim=(-2.9, 3.1), yticks=[], xlabel="year")
ax.grid(False)
ax.spines["left"].set_visible(False)
plt.show()

# %% [markdown]
# The perceptron of 1958 and the book of 1969 mark the two ends of the first spring. Paul Werbos described back-propagation in his thesis of 1974, in the middle of the winter, and hardly
# anybody noticed. Hopfield's network of 1982 brought attention back, and the method that taught hidden layers, published in Nature by Rumelhart, Hinton and Williams in 1986, made it a second
# spring; it is the subject of [the section after next](backpropagation.ipynb). In the 1990s support vector machines offered what networks could not, a convex problem and a theory, and the second winter came. Layer-wise
# training of deep belief networks in 2006 and the victory of AlexNet at the ImageNet competition of 2012 ended it. The Nobel Prize in Physics of 2024 went to John Hopfield and Geoffrey Hinton.
#
# ## Exercises
#
# 1. **NAND.** Find weights and a threshold for NAND (not-and), then build XOR from NAND neurons only. How many do you need?
#
# <details><summary>Answer</summary>
#
# $w = (-1, -1)$, $\theta = -1.5$. Four suffice: $a = \mathrm{NAND}(x_1, x_2)$, then $\mathrm{NAND}(\mathrm{NAND}(x_1, a), \mathrm{NAND}(x_2, a))$.
#
# </details>
#
# 2. **Counting gates.** Of the 16 functions of two bits, 14 can be computed by one neuron. How many of the 256 functions of three bits?
#
# <details><summary>Hint</summary>
#
# Loop over `truth_table(8)` as labels for `truth_table(3)` and ask `inseparability_certificate`. The answer is 104.
#
# </details>
#
# 3. **The learning rate.** Show that with zero initial weights $\eta$ changes no prediction. What if the weights start elsewhere?
#
# <details><summary>Answer</summary>
#
# By induction all weights are $\eta$ times those of $\eta = 1$, and the sign of a score does not depend on a positive factor. From other
# initial weights $w_0$, the ratio $w_0/\eta$ matters: a small $\eta$ means that the start is remembered for long.
#
# </details>
#
# 4. **Slack in the proof.** The proof chains three inequalities. Show that all three are equalities for the orthogonal vectors. Then find, by experiment, an order of the points of the cloud above that causes
#    as many mistakes as you can.
#
# <details><summary>Hint</summary>
#
# All mistakes have $y\,w^\top x = 0$, all inputs have length $R$, each gains exactly $\gamma$, and in the end $w$ points along $w^*$. For the order: present, again and again, the example with the most negative score.
#
# </details>
#
# 5. **Voting.** The *voted perceptron* lets every weight vector met on the way cast one vote per example that it survived, instead of averaging the vectors. Implement it with `mistake_path`,
#    and compare it with the averaged perceptron on 4 against 9. Which of the two needs to store all vectors?
#
# <details><summary>Answer</summary>
#
# The accuracies hardly differ. The vote takes the sign of each score first, so it cannot be folded into one vector; the average can.
#
# </details>
#
# 6. **Parity.** Extend the ReLU network so that it computes the parity of three bits with three hidden units.
#
# <details><summary>Hint</summary>
#
# Every hidden unit looks at $s = x_1 + x_2 + x_3$ only; kinks at 0, 1 and 2 with slopes $1, -2, 2$ draw the zigzag $0, 1, 0, 1$.
#
# </details>
#
# ## Summary
#
# - An M-P neuron compares a weighted sum with a threshold: it draws a hyperplane.
# - The perceptron changes its weights only after mistakes. On separable data it makes at most $R^2/\gamma^2$ of them, whatever the order; orthogonal inputs reach the bound.
# - When the data cannot be separated it never rests. Averaging the weights, at the price of one more vector, gave stable boundaries and better accuracy on digits.
# - XOR defeats one neuron. A hidden layer moves the points so that one line suffices: continue with [the multilayer perceptron](multilayer_perceptron.ipynb).
#
# ## Sources
#
# - 周志华 (2016), 《机器学习》, 清华大学出版社, sections 5.1–5.2: the neuron, the gates, equations (5.1)–(5.2), figure 5.5.
# - 邱锡鹏 (2019), 《神经网络与深度学习》, <https://nndl.github.io/>: algorithms 3.1–3.2, theorem 3.1, exercise 4-2.
# - McCulloch and Pitts (1943), A logical calculus of the ideas immanent in nervous activity, <https://doi.org/10.1007/BF02478259>.
# - Rosenblatt (1958), The perceptron, Psychological Review 65(6), <https://doi.org/10.1037/h0042519>.
# - Novikoff (1962), On convergence proofs on perceptrons, Symposium on the Mathematical Theory of Automata 12.
# - Minsky and Papert (1969), Perceptrons: An Introduction to Computational Geometry, MIT Press.
# - Freund and Schapire (1999), Large margin classification using the perceptron algorithm, Machine Learning 37, <https://doi.org/10.1023/A:1007662407062>.
