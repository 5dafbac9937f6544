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
# # Adaptive resonance (自适应谐振理论网络 ART)
#
# You learn the face of a new colleague in a minute, and you do not forget your mother's by it. A multilayer perceptron that is
# taught new faces alone loses the old ones, all of them, within one epoch; we shall measure it. How can a system stay open to what is
# new and yet keep what it knows? Gail Carpenter and Stephen Grossberg answered with a network that, before it learns anything, asks
# itself one question: *is this really what I think it is?* If the answer is no, it does not bend an old memory. It makes a new one.
#
# **You need:** minima and sums; [competitive learning](self_organizing_map.ipynb) helps; the
# [multilayer perceptron](../backprop/multilayer_perceptron.ipynb) for one comparison.
#
# **Time to run:** see the [Execution](../execution.md) page. About 20 seconds on one core.
#
# Zhou (2016, section 5.5.2) gives ART one page without formulas. We keep his words for its parts and take the mathematics from the
# papers of 1987 (ART1, for patterns of 0 and 1), 1991 (fuzzy ART, for numbers) and 1992 (fuzzy ARTMAP, for classes).

# %% tags=["install", "hide-cell"]
# Only where the package is missing, as on Colab.
import importlib.util

if importlib.util.find_spec("nndl_support") is None:
    print("This notebook needs the package nndl_support: run pip install '.[data]' in a copy of its repository.")

# %%
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle
from sklearn.cluster import KMeans
from sklearn.ensemble import BaggingClassifier
from sklearn.metrics import adjusted_rand_score
from sklearn.neighbors import KNeighborsClassifier

from nndl_support import plot, records
from nndl_support.backprop.mlp import MLPClassifier
from nndl_support.classical.art import ART1, FuzzyART, FuzzyARTMAP
from nndl_support.classical.categories import Categories
from nndl_support.classical.competitive import compete
from nndl_support.classical.complement_coding import complement_code, rectangle, rectangle_size
from nndl_support.classical.resonance import learn, search
from nndl_support.data.digits import load_digits
from nndl_support.data.letters import load_letters
from nndl_support.data.spirals import make_two_spirals
from nndl_support.data.watermelon import load_watermelon
from nndl_support.source import show_source

plot.use_style()

# %% [markdown]
# ## The dilemma
#
# Take the simplest learner without a teacher. In **competitive learning** (竞争学习) the unit nearest to an example wins and moves
# a fraction $\eta$ of the way towards it. Now let the world drift: three clusters of points wander, slowly, from the left of the plane to the
# right. Twenty batches arrive in the order of time, and nothing is ever shown twice.

# %%
rng = np.random.default_rng(0)
heights = np.array([0.15, 0.5, 0.85])
batches = []
for t in np.linspace(0.12, 0.88, 20):
    centres = np.column_stack([np.full(3, t), heights])
    batches.append(np.repeat(centres, 20, axis=0) + rng.normal(scale=0.025, size=(60, 2)))
past, present = batches[0], batches[-1]

# %% [markdown]
# Three units suffice for three clusters, so three units we take. After the last batch we ask two questions. How far from its nearest
# unit is an example of *today*? That measures **plasticity** (可塑性), the ability to learn. And how far is an example of *the first day*?
# That measures **stability** (稳定性), the ability to keep. The learning rate decides both. Fuzzy ART, whose workings the rest of this
# section explains, meets the same stream. Its categories will turn out to be boxes, and for it we measure the distance from the nearest middle of a box.


# %%
def distance(points, prototypes):
    """Mean distance from the nearest prototype."""
    return np.linalg.norm(points[:, None] - prototypes, axis=2).min(axis=1).mean()


rates, errors = [0.0003, 0.003, 0.01, 0.03, 0.1, 0.5], []
for rate in rates:
    units = past[[0, 20, 40]]
    for batch in batches:
        units = compete(batch, units, learning_rate=rate, n_epochs=1, rng=rng).weights
    errors.append([distance(present, units), distance(past, units)])

# %%
art = FuzzyART(vigilance=0.9)
for batch in batches:
    art.partial_fit(np.clip(batch, 0, 1))
middles = np.mean(rectangle(art.weights_), axis=0)
art_errors = [distance(present, middles), distance(past, middles)]
print("learning rate   error today   error on the first day")
for rate, (today, first) in zip(rates, errors):
    print(f"{rate:12.4f} {today:13.3f} {first:13.3f}")
print(f"   fuzzy ART {art_errors[0]:13.3f} {art_errors[1]:13.3f}   with {art.n_categories_} categories")
assert all(max(pair) > 4 * max(art_errors) for pair in errors)

# %% mystnb={"image": {"alt": "Left: three bands of points from left to right, dark purple for the first day and yellow for the last, each covered by a chain of rectangles. Right: error on the first day against error today; the learning rates of competitive learning lie on a line from the upper left, where large ones crowd, to the lower right, and fuzzy ART lies near the origin."}}
figure, (left, right) = plt.subplots(1, 2, figsize=(7, 3.2))
stream = np.vstack(batches)
left.scatter(*stream.T, s=4, c=np.repeat(np.arange(20), 60), cmap=plot.SEQUENTIAL)
for low, high in zip(*rectangle(art.weights_)):
    left.add_patch(Rectangle(low, *(high - low), fill=False, edgecolor=plot.PALETTE[1], linewidth=1.4))
left.set(xlabel="$x_1$ (drifts with time)", ylabel="$x_2$", title=f"{art.n_categories_} categories of fuzzy ART")
right.plot(*np.transpose(errors), "o-", label="competitive learning")
for rate, (today, first) in zip(rates[::2], errors[::2]):
    right.annotate(rf"$\eta$ = {rate:g}", (today, first), textcoords="offset points", xytext=(7, 4), fontsize=8)
right.plot(*art_errors, "s", color=plot.PALETTE[1], label="fuzzy ART")
right.set(xlabel="error today (plasticity fails)", ylabel="error on the first day (stability fails)")
right.set(xlim=(-0.03, 1), ylim=(-0.03, 0.95))
right.legend(loc="upper right")
plt.show()

# %% [markdown]
# A rate that keeps up with the present drags all three units away from the past, and a rate that keeps the past never arrives at the
# present. Rates in between are late *and* forgetful: no choice of $\eta$ comes near the corner where both errors vanish. This is the
# **stability–plasticity dilemma** (可塑性-稳定性窘境). It is not a defect of this rule, it afflicts every learner that stores the new by
# overwriting the old. Spare units would not solve it either; one of the exercises shows what becomes of them.
#
# Fuzzy ART sits in the corner, and the left panel shows at what price. It did not move its categories along but left a chain of them
# behind, one after another. The memory grew. Whoever refuses to overwrite must be ready to add, and the art is in adding as little as possible.
#
# ## Four parts
#
# Zhou names four parts of the network: a comparison layer, a recognition layer, a threshold and a reset module. The **comparison layer** (比较层) receives the input and hands it to the **recognition layer** (识别层), in
# which each unit stands for one category and their number may grow. The recognition units compete, and the winner sends back what its category looks like, the
# **template** (模板). Now the comparison layer compares. If input and template resemble each other at least as much as the **vigilance**
# (识别阈值, 警戒参数) demands, the two layers *resonate*, and only then is anything learnt. If not, the **reset** (重置) module silences the winner and the
# competition starts again without it. When nobody is left, a fresh unit takes the input for its template.

# %% mystnb={"image": {"alt": "Left: four units of the comparison layer, each connected to three committed units and one free unit of the recognition layer; an arrow to the right is called choice, one back to the left template, and the word reset stands between the layers. Right: the five steps of a search in words."}}
figure, (ax, text) = plt.subplots(1, 2, figsize=(7, 3.4), width_ratios=(1.25, 1))
units = [["$I_1$", "$I_2$", "$I_3$", "$I_4$"], ["$w_1$", "$w_2$", "$w_3$", "free"]]
plot.draw_network([4, 4], ax=ax, unit_labels=units, layer_names=["comparison (比较层)", "recognition (识别层)"])
arrow = {"arrowstyle": "->", "color": plot.PALETTE[2], "linewidth": 1.5}
for start, end, height, word in ((0.3, 2.3, 2.15, "choice"), (2.3, 0.3, -3.2, "template")):
    ax.annotate("", (end, height), (start, height), arrowprops=arrow)
    ax.text(1.3, height + 0.08, word, ha="center", va="bottom", fontsize=8)
ax.text(1.3, 0, "reset", ha="center", va="center", fontsize=8, bbox={"facecolor": "white", "edgecolor": "#555555"})
ax.set_ylim(-3.4, 2.7)
steps = """1  choice: the recognition layer proposes
2  template: the proposal is sent back
3  match: compared with the vigilance
4a  too low: reset (重置), back to 1
4b  high enough: resonance, learn
5  none left: the free unit commits"""
text.text(0, 0.5, steps, fontsize=9, va="center", linespacing=2)
text.axis("off")
plt.show()

# %% [markdown]
# ## Choice, match, learning
#
# Let $I$ be an input of 0s and 1s, $w_j$ the template of category $j$, also of 0s and 1s; $\cap$ means "and", and $|\cdot|$ counts the ones. **ART1** with
# *fast learning* (快速学习), in which a template takes its final value at once, is three formulas.
#
# The recognition layer proposes the category with the greatest **choice value**, where the constant $L > 1$ is often 2:
#
# $$ T_j = \frac{L\,|I \cap w_j|}{L - 1 + |w_j|} $$
#
# It is a weighted sum of the input, $T_j = \sum_i b_{ji} I_i$, with the **bottom-up weights** (自下而上的权重) $b_j = L\,w_j / (L - 1 + |w_j|)$; the template itself is what is sent
# down. One set of numbers serves both ways.
#
# The comparison layer asks how much of the *input* the template explains. This is the **match**, and it must reach the vigilance $\rho$:
#
# $$ M_j = \frac{|I \cap w_j|}{|I|} \ \ge\ \rho $$
#
# On resonance the template keeps what it shares with the input and nothing else: $w_J \leftarrow I \cap w_J$.
#
# Mark the two denominators. Choice divides by the size of the *template*: it prefers a category all of whose ones are present. Match divides
# by the size of the *input*: it refuses a category that says too little about it. A template with a single one wins many competitions and
# fails most comparisons. Because the two measures disagree, a search is needed. It ends, since a category that was reset is not asked again; and learning ends too, since a template can only lose ones.
#
# For numbers in $[0, 1]$ replace "and" by the minimum, written $\wedge$ (the AND of fuzzy sets), and counting by adding; $L - 1$ becomes the **choice parameter** $\alpha > 0$. That is
# **fuzzy ART**, and on 0s and 1s it *is* ART1 (the factor $L$ changes no ranking):
#
# $$ T_j = \frac{|I \wedge w_j|}{\alpha + |w_j|}, \qquad M_j = \frac{|I \wedge w_j|}{|I|} \ge \rho, \qquad w_J \leftarrow \beta\,(I \wedge w_J) + (1 - \beta)\,w_J $$
#
# With the learning rate $\beta = 1$ learning is fast. One search, written to be read:

# %%
show_source(search, learn)

# %% [markdown]
# ## Watch a search
#
# Six letters of 14 × 14 pixels, ink or paper, come one after another. Vigilance is 0.7 and $L = 2$. Each line below is the search of one letter, proposal after proposal: the choice value without the factor $L$ (so that `choice` is $L - 1 = 1$), the match,
# and what the comparison layer said. Categories are called by the letter that founded them.

# %%
letters = load_letters(["DejaVuSans"])
bitmaps = (letters.X > 0.5).astype(float)
model, W, founders = ART1(vigilance=0.7, L=2.0), np.empty((0, 196)), ""
for name in "LEFIPR":
    x = bitmaps[ord(name) - ord("A")]
    print(f"{name}:", end="")
    for trial in search(W, x, vigilance=0.7, choice=1.0):
        verdict = "resonance" if trial.resonates else "reset"
        print(f"  {founders[trial.category]} (T {trial.choice:.2f}, M {trial.match:.2f}) {verdict}", end="")
    W = model.partial_fit([x]).weights_
    if len(W) > len(founders):
        founders += name
        print("  new category", end="")
    print()

# %% [markdown]
# Read the line of each letter against the formulas. $T$ is, but for the 1 in its denominator, the share of the *template's* ones that the letter has; $M$ is the share of the *letter's* ones that the template has. The E contains
# a good part of the L, which is therefore proposed with $T = 0.56$; but two thirds of the E's own ink stay unexplained ($M = 0.33$), so the L is reset and the E founds a category. The F shows why a search is worth while: L answers most strongly and fails, while E answers
# less strongly, explains 0.72 of it, and wins. The P asks all three in vain. A network with only the competition would have overwritten the first winner.
#
# Now the whole alphabet, passed through until a pass changes nothing, with three degrees of vigilance:

# %%
alphabets = {}
for vigilance in (0.3, 0.6, 0.8):
    model = ART1(vigilance, max_epochs=30).fit(bitmaps)
    groups = ["".join(np.array(letters.target_names)[model.labels_ == j]) for j in range(model.n_categories_)]
    alphabets[vigilance] = (model, groups)
    print(f"vigilance {vigilance}: {len(groups)} categories, {model.n_iter_ - 1} passes that changed something")
    print("   ", " ".join(group or "(empty)" for group in groups))
    assert model.converged_

# %% mystnb={"image": {"alt": "Two rows of letter-like bitmaps. At vigilance 0.3 the templates are fragments, such as the vertical bar shared by several letters; at vigilance 0.8 every template is a whole letter."}}
shown = [alphabets[v][0].weights_[:7].reshape(-1, 14, 14) for v in (0.3, 0.8)]
titles = [f"{group or '(empty)'}" for v in (0.3, 0.8) for group in alphabets[v][1][:7]]
figure = plot.image_grid(np.concatenate(shown), titles=titles, n_columns=7, cmap="gray_r")
figure.suptitle("first seven templates: vigilance 0.3 above, 0.8 below", fontsize=9)
plt.show()

# %% [markdown]
# A template shows what its members have in common, their *critical features*: low vigilance leaves strokes, high vigilance leaves
# letters. Vigilance is the one parameter that says how fine the world is to be cut, and it is the user who must say it. A category marked "(empty)" is
# a surprise of its own: every letter that once shaped it has since found a better home. ART never deletes, so the orphan stays.
#
# ## Rectangles
#
# With numbers instead of bits a trap opens. A dark image has small $|I|$, and templates shrink whenever they learn; without a precaution they erode towards zero,
# as we shall see at the end. **Complement coding** (补码编码) shows the network every feature twice, $a_i$ and $1 - a_i$:
#
# $$ I = (a,\ 1 - a), \qquad |I| = \sum_{i=1}^{D} a_i + \sum_{i=1}^{D} (1 - a_i) = D $$
#
# Every input now has the same size, and "not there" is as much of a feature as "there". Better still, templates get a shape. The minimum over a set $A$ of
# points keeps the least value $u_i$ of every feature in its first half and, in its second, one minus the greatest value $v_i$. That is the smallest box around $A$, and its size follows. In the letters of the paper $\bigwedge_A a$ is the least of every feature, $\bigvee_A a$ the greatest, $a^c = 1 - a$ the complement, and
# $M$ is our $D$ (not the match):
#
# \begin{align}
# w_j &= \Big(\textstyle\bigwedge_A a,\ \big(\bigvee_A a\big)^c\Big) \tag{32} \\
# |w_j| &= M - \Big|\textstyle\bigvee_A a - \bigwedge_A a\Big| \tag{33}
# \end{align}
#
# Learning means stretching the box until it holds the new point. The match of the stretched box is $|w|/D$, so vigilance limits the sum $|R|$ of its side lengths:
# $|R| \le (1 - \rho)\,D$. The vigilance that looked like a vague degree of resemblance is a maximal size.

# %%
rng = np.random.default_rng(4)
middles = np.array([[0.2, 0.25], [0.3, 0.75], [0.75, 0.7], [0.75, 0.2]])
points = np.clip(middles[rng.integers(4, size=56)] + rng.normal(scale=0.07, size=(56, 2)), 0, 1)
plane, history = FuzzyART(vigilance=0.8), []
for point in points:
    plane.partial_fit([point])
    history.append((plane.labels_[0], *rectangle(plane.weights_)))
sizes = rectangle_size(plane.weights_)
print(f"{plane.n_categories_} categories; largest sum of sides {sizes.max():.3f}, allowed {(1 - 0.8) * 2:.1f}")
assert sizes.max() <= (1 - 0.8) * 2 + 1e-9


# %%
def draw(i):
    winner, lower, upper = history[i]
    for patch in list(ax.patches):
        patch.remove()
    for j, (low, high) in enumerate(zip(lower, upper)):
        colour = plot.PALETTE[1] if j == winner else plot.PALETTE[0]
        ax.add_patch(Rectangle(low, *(high - low), facecolor="none", edgecolor=colour, linewidth=2.2))
    seen.set_data(*points[: i + 1].T)
    newest.set_data(*points[i : i + 1].T)
    ax.set_title(f"example {i + 1}; categories: {len(lower)}")


figure, ax = plt.subplots(figsize=(4.4, 4))
(seen,) = ax.plot([], [], ".", color="#777777")
(newest,) = ax.plot([], [], "o", color=plot.PALETTE[1])
ax.set(xlim=(0, 1), ylim=(0, 1), xlabel="$x_1$", ylabel="$x_2$", aspect="equal")
moving = "Points appear one by one in the unit square; rectangles are born as points and stretch until their sides are too long, then others are born."
plot.animate(draw, len(points), figure, interval=250, alt=moving)

# %% [markdown]
# A category is born as a point, a rectangle without extent (in the last picture some are points still), and stretches to take in its neighbours, but never beyond what vigilance
# allows. Boxes may overlap. A point inside several goes to the one with the greatest $|w|$, the *smallest* box: all their numerators equal their $|w_j|$, and $|w|/(\alpha + |w|)$ grows with $|w|$.
#
# The estimator does not search at all. The search proposes in the order of $T$ and stops at the first match, so it ends at the category with the greatest $T$ among
# those that match, and that one can be found in a single sweep over an array:

# %%
show_source(Categories.winner, Categories.learn)

# %% [markdown]
# ## Stable, and after how long?
#
# No component of a template ever grows, and none falls below zero. So the weights converge, whatever the stream brings. The paper of 1991 claims more:
# with fast learning, *one* presentation of each input is enough. Does it hold for any $\alpha$? Let us do the proof, since it
# tells when.
#
# When $I$ has been learnt, the template that learnt it fits inside it, $w_a \le I$, and as templates only shrink it will remain so. Such a template has $T_a = |w_a|/(\alpha + |w_a|)$, and if
# it wins, its match is $|w_a|/D \ge \rho$ (no template is smaller, by vigilance) and learning changes nothing. Trouble can only come from a template $w_b$ that does *not* fit
# inside $I$ and is chosen all the same. Let the data lie on a grid, like grey values in steps of $\delta$. Then $|I \wedge w_b| \le |w_b| - \delta$, and a line of algebra shows
#
# $$ \frac{|w_b| - \delta}{\alpha + |w_b|} < \frac{|w_a|}{\alpha + |w_a|} \quad\Longleftrightarrow\quad \alpha\,(|w_b| - |w_a|) < \delta\,(\alpha + |w_a|) $$
#
# The left side is at most $\alpha(1-\rho)D$, the right side exceeds $\delta\rho D$. So one pass is enough whenever
#
# $$ \alpha \le \frac{\delta\,\rho}{1 - \rho} $$
#
# This is a condition one can test. The optdigits have grey values in sixteenths.

# %%
digits = load_digits()
X, y = digits.X_train, digits.y_train
vigilance = 0.7
limit = (1 / 16) * vigilance / (1 - vigilance)
print(f"one pass is enough, says the proof, for alpha up to {limit:.3f}")
passes = {}
for alpha in (0.001, 0.1, limit, 1, 10, 100, 1000):
    model = FuzzyART(vigilance, alpha, max_epochs=50).fit(X)
    passes[alpha] = model.n_iter_ - 1
    print(f"alpha {alpha:8.3f}: {passes[alpha]} passes that changed something, {model.n_categories_} categories")
    assert model.converged_
assert all(count == 1 for alpha, count in passes.items() if alpha <= limit)
assert passes[1000] > 1

# %% [markdown]
# The proof is right and modest: its limit is sufficient and not necessary, and for moderately larger $\alpha$ one pass may do as well. For very large ones it does not, so the unconditional sentence in
# the abstract of the paper belongs to small $\alpha$, which the authors call the *conservative limit*. Small $\alpha$ is what everybody uses, and the package's default is 0.001.
#
# ## Digits without labels
#
# How good are the categories? Of the 1438 training digits, hide the labels, cluster, and compare afterwards. **Purity** (纯度) is the share of examples that belong to the majority
# class of their category; it favours many small ones and is 1 when every example stands alone. The **adjusted Rand index** (调整兰德指数) compares pairs, is 0 for chance and 1 for
# perfect agreement, and is not fooled by numbers.


# %%
def purity(labels):
    return sum(np.bincount(y[labels == j]).max() for j in np.unique(labels)) / len(y)


vigilances = np.linspace(0, 1, 21)
models = [FuzzyART(v, 0.01).fit(X) for v in vigilances]
counts = np.array([model.n_categories_ for model in models])
purities = [purity(model.labels_) for model in models]
rand = [adjusted_rand_score(y, model.labels_) for model in models]

# %%
assert (np.diff(counts) >= 0).all()
assert counts[0] == 1
assert counts[-1] == len(np.unique(X, axis=0))
one_box = 1 - np.mean(X.max(axis=0) - X.min(axis=0))
print(f"one category up to vigilance {one_box:.3f}; {counts[-1]} categories at vigilance 1")
assert ((counts == 1) == (vigilances <= one_box)).all()

# %% mystnb={"image": {"alt": "Left: the number of categories against vigilance on a logarithmic scale rises from 1 to 1438. Right: purity rises from 0.1 to 1 with vigilance, the adjusted Rand index stays below 0.15 and has its peak near vigilance 0.4."}}
figure, (left, right) = plt.subplots(1, 2, figsize=(7, 3))
left.plot(vigilances, counts, "o-")
left.set(xlabel=r"vigilance $\rho$", ylabel="categories", yscale="log", title="how many")
right.plot(vigilances, purities, "o-", label="purity")
right.plot(vigilances, rand, "s--", label="adjusted Rand index")
right.set(xlabel=r"vigilance $\rho$", ylabel="agreement with the classes", ylim=(-0.05, 1.05), title="how good")
right.legend()
plt.show()

# %%
for v in (0.4, 0.5, 0.7):
    model = FuzzyART(v, 0.01).fit(X)
    means = KMeans(model.n_categories_, n_init=1, random_state=0).fit(X)
    boxes, balls = ((purity(m.labels_), adjusted_rand_score(y, m.labels_)) for m in (model, means))
    print(f"{model.n_categories_:3d} categories: purity {boxes[0]:.2f}, Rand index {boxes[1]:.3f};", end=" ")
    print(f"k-means {balls[0]:.2f} and {balls[1]:.3f} after {means.n_iter_} passes")
    assert boxes[0] < balls[0]
    assert boxes[1] < balls[1]
assert max(rand) < 0.2

# %% [markdown]
# This is a sobering result. As a clusterer of digits fuzzy ART is poor at every vigilance, and k-means with as many centres
# is far better. The reason is the box. In 64 dimensions a box must reach from the least to the greatest value of *every* pixel among its members, so a single odd stroke costs as much room as a
# real difference, and a category fills with whatever happens to fit. K-means averages, and an average forgives. But k-means passed over all data as often as the last column says, knew the number of
# clusters beforehand, and would have to start again tomorrow. ART's promise was another one: one pass, no forgetting. With labels, further down, the same boxes do well.
#
# Note also the left end of the curve of counts. A single category remains exactly as long as the box around *all* data is small enough, $\rho \le 1 - \frac1D\sum_i (\max a_i - \min a_i)$, in whatever order they come: that is the limit printed above the figure. At the right end every distinct image is its own category.
#
# ### Order
#
# A network that learns at once must depend on who comes first. How much? Thirty shuffles of the same digits:

# %%
spread = {}
for v in (0.4, 0.5, 0.6):
    shuffled = [FuzzyART(v, 0.01, shuffle=True, random_state=seed).fit(X) for seed in range(30)]
    spread[v] = np.array([(m.n_categories_, adjusted_rand_score(y, m.labels_)) for m in shuffled])
    count, index = spread[v].T
    print(f"vigilance {v}: {count.min():.0f} to {count.max():.0f} categories,", end=" ")
    print(f"Rand index {index.min():.3f} to {index.max():.3f}")

# %%
pair = adjusted_rand_score(shuffled[0].labels_, shuffled[1].labels_)
print(f"Rand index between two orders at vigilance 0.6: {pair:.2f}")
assert pair < 0.1
assert all(count.max() > count.min() for count, _ in (values.T for values in spread.values()))

# %% mystnb={"image": {"alt": "Scatter of adjusted Rand index against number of categories for thirty orders at each of three vigilances; the clouds are separated horizontally and each has a visible spread in both directions."}}
figure, ax = plt.subplots(figsize=(6, 3))
for (v, values), marker in zip(spread.items(), "os^"):
    ax.plot(*values.T, marker, alpha=0.7, label=rf"$\rho$ = {v}")
ax.set(xlabel="categories", ylabel="adjusted Rand index", title="the same digits in thirty orders")
ax.legend()
plt.show()

# %% [markdown]
# The *number* of categories varies by a quarter at vigilance 0.4 and by less than a tenth at 0.6. Their *membership* is far less certain: two orders of the same digits agree about as little with each other as either does with the
# classes. Remember this when someone interprets ART categories one by one.
#
# More vigilance meant more categories on the digits. Is that a theorem? It sounds like one, but early decisions cascade, and small random sets refute it:

# %%
rng, exceptions = np.random.default_rng(0), 0
for _ in range(300):
    few = rng.integers(0, 9, (12, 2)) / 8
    careless, careful = (FuzzyART(v).fit(few).n_categories_ for v in (0.75, 0.78))
    exceptions += careful < careless
print(f"in {exceptions} of 300 sets of twelve points the higher vigilance made fewer categories")
assert exceptions > 0

# %% [markdown]
# ## With a teacher: ARTMAP
#
# Give every category a class, and the network becomes a classifier: **fuzzy ARTMAP**. (In its full form a second ART network makes categories of the targets and a **map field** (映射场) joins the two; for class labels
# the second network is a list of names.) What should happen when the category that resonates predicts the wrong class? Not a small correction of its weights, as in back-propagation, but a second look.
# **Match tracking** (匹配跟踪) raises the vigilance, for this example only, just above the match of the culprit,
#
# $$ \rho \ \leftarrow\ M_J + \varepsilon $$
#
# with a tiny $\varepsilon \ge 0$, and the search goes on. Only a category of the right class that matches *better* than the mistaken one can still win; otherwise a new one is made. The network becomes careful exactly where carelessness was punished, and the baseline
# vigilance may be as low as 0. This rule is called MT+. The code also knows the variants of its docstring, such as MT~, which never proposes a wrong class, and MT−, to which we come back at the end.

# %%
show_source(FuzzyARTMAP._tracked_winner)

# %%
melons = load_watermelon()
orchard = FuzzyARTMAP(max_epochs=20).fit(melons.X, melons.y)
print(f"{orchard.n_categories_} categories for 17 melons, {orchard.score(melons.X, melons.y):.0%} right")

# %%
spirals = make_two_spirals()
arms, arms_test = (spirals.X_train + 8) / 16, (spirals.X_test + 8) / 16
careless = FuzzyARTMAP(max_epochs=20).fit(arms, spirals.y_train)
careful = FuzzyARTMAP(vigilance=0.95, max_epochs=20).fit(arms, spirals.y_train)
for name, model in (("baseline 0", careless), ("baseline 0.95", careful)):
    known, between = model.score(arms, spirals.y_train), model.score(arms_test, spirals.y_test)
    print(f"{name}: {model.n_categories_} categories, passes that changed something: {model.n_iter_ - 1};", end=" ")
    print(f"training points {known:.3f}, points between {between:.3f}")
    assert model.converged_
    assert known == 1
assert careful.score(arms_test, spirals.y_test) > careless.score(arms_test, spirals.y_test)

# %% mystnb={"image": {"alt": "Three decision maps. The watermelons are separated by a few axis-parallel regions; the two spirals are cut into coarse blocks by the network of low vigilance and into two interleaved arms with jagged edges by the one of high vigilance."}}
figure, axes = plt.subplots(1, 3, figsize=(9, 3.2))
tasks = [(orchard, melons.X, melons.y, melons.target_names, melons.feature_names, "watermelons, baseline 0")]
for model, title in ((careless, "spirals, baseline 0"), (careful, "spirals, baseline 0.95")):
    tasks.append((model, arms, spirals.y_train, "-+", ["$x_1$", "$x_2$"], title))
for ax, (model, points, classes, names, features, title) in zip(axes, tasks):
    plot.decision_regions(model.predict, points, classes, ax=ax, class_names=names, feature_names=features)
    ax.set(title=title)
plt.show()

# %% [markdown]
# Both networks settled, and once a pass changes nothing every training point is right. For the category $J$ that learnt a point then contains it, $|I \wedge w_J| = |w_J|$, and whatever category is refused on the way to $J$ has a smaller overlap $m < |w_J|$. But then $T \le m/(\alpha + m) < |w_J|/(\alpha + |w_J|) = T_J$, so nobody stands before $J$: it is the first of all to be proposed. Between the points the low baseline pays for its thrift: few large boxes cover
# regions nobody asked about. The two spirals are famous for the trouble that they give to multilayer perceptrons; the section on [cascade-correlation](cascade_correlation.ipynb) takes them on in another way. For many small boxes they are easy.
#
# ### Digits, in one pass
#
# Each digit of the training set is shown *once*. Five orders each; beside it the classifier that simply keeps all 1438 images, the nearest neighbour.

# %%
nearest = KNeighborsClassifier(1).fit(X, y).score(digits.X_test, digits.y_test)
table = {}
for v in (0.0, 0.5, 0.7, 0.8, 0.9):
    learners = [FuzzyARTMAP(v, 0.01, shuffle=True, random_state=seed).fit(X, y) for seed in range(5)]
    table[v] = [(model.n_categories_, model.score(digits.X_test, digits.y_test)) for model in learners]
    count, accuracy = np.mean(table[v], axis=0)
    print(f"baseline {v}: {count:5.1f} categories, accuracy {accuracy:.3f}")
print(f"nearest neighbour: {len(X)} images, accuracy {nearest:.3f}")
assert np.mean(table[0.8], axis=0)[1] > 0.96
assert np.mean(table[0.0], axis=0)[1] < np.mean(table[0.7], axis=0)[1] < nearest

# %% [markdown]
# With a few dozen boxes ARTMAP is mediocre, with a third as many boxes as the nearest neighbour has images it comes close to it (a box takes two images' worth of numbers), and from there it slowly *turns into* it: a box that holds one image is an image. Read any accuracy of an ART network
# together with its number of categories.
#
# ### What a vote is worth
#
# The dependence on order can be put to use. Let several networks learn the same examples in different orders and let them vote; the authors of fuzzy ARTMAP proposed it for the same reason. Any ensemble tool will do, for
# instance scikit-learn's bagging without the bootstrap, which hands every voter the examples in an order of its own.

# %%
for v in (0.0, 0.5, 0.7):
    council = BaggingClassifier(FuzzyARTMAP(v, 0.01, shuffle=True), n_estimators=9, bootstrap=False, random_state=0)
    council.fit(X, y)
    single = np.mean([np.mean(voter.predict(digits.X_test) == digits.y_test) for voter in council.estimators_])
    vote = council.score(digits.X_test, digits.y_test)
    print(f"baseline {v}: nine voters {single:.3f} on average, their vote {vote:.3f}")
    assert vote > single + (0.005 if v <= 0.5 else -0.01)

# %% [markdown]
# The vote helps most where the single voters are rash: at baseline 0 every order makes its own mistakes, and the majority outvotes them. At 0.7 the voters agree already, and the last line shows no gain to build on. The price is nine networks instead of one.

# %% [markdown]
# ## Learning new classes without losing the old
#
# Back to the question of the beginning, with a number. Both networks first learn the digits 0 to 4 alone. Then those are put away, and only the digits 5 to 9 are shown. The perceptron is the book's own multilayer network with 64 hidden units;
# it trains for twenty epochs on each part. ARTMAP sees each example once.

# %%
old, old_test = y < 5, digits.y_test < 5
test_parts = [(digits.X_test[part], digits.y_test[part]) for part in (old_test, ~old_test)]
mlp = MLPClassifier(64, learning_rate=0.1, batch_size=32, random_state=0)
curve = []
for part in (old, ~old):
    for _ in range(20):
        mlp.partial_fit(X[part], y[part], classes=range(10))
        curve.append([mlp.score(*test) for test in test_parts])
curve = np.array(curve)

# %%
artmap = FuzzyARTMAP(0.7, 0.01).partial_fit(X[old], y[old])
before, first_templates = artmap.score(*test_parts[0]), artmap.weights_
artmap.partial_fit(X[~old], y[~old])
after, new = (artmap.score(*test) for test in test_parts)
print(f"perceptron: old classes {curve[19, 0]:.3f}, one epoch later {curve[20, 0]:.3f};", end=" ")
print(f"in the end {curve[-1, 0]:.3f}, and new ones {curve[-1, 1]:.3f}")
print(f"ARTMAP:     old classes {before:.3f}, after the new ones {after:.3f}, and new ones {new:.3f}")
np.testing.assert_array_equal(artmap.weights_[: len(first_templates)], first_templates)
assert curve[20:, 0].max() < 0.05
assert after > 0.9

# %% mystnb={"image": {"alt": "Accuracy over forty epochs. The perceptron's accuracy on old classes drops from nearly one to zero at epoch 21 when the new classes start, while that on new classes rises; two horizontal marks for ARTMAP stay above 0.9 on both."}}
figure, ax = plt.subplots(figsize=(6.5, 3.2))
epochs = np.arange(1, 41)
ax.plot(epochs, curve[:, 0], "-", label="perceptron, digits 0–4")
ax.plot(epochs, curve[:, 1], "--", label="perceptron, digits 5–9")
ax.plot([1, 21], [before, after], "s", color=plot.PALETTE[2], markersize=8, label="ARTMAP, digits 0–4")
ax.plot([22.5], [new], "^", color=plot.PALETTE[3], markersize=8, label="ARTMAP, digits 5–9")
ax.axvline(20.5, color="#555555", linewidth=1)
ax.set(xlabel="epoch (the old classes vanish after 20)", ylabel="accuracy on test digits")
ax.legend(loc="center left")
plt.show()

# %% [markdown]
# The perceptron does not forget slowly. One epoch without the old classes and it never names one of them again: the quickest way to lower the loss on the new digits is to push all five old outputs down for *any* input. This is **catastrophic forgetting** (灾难性遗忘),
# the dilemma of the beginning in its harshest form. In ARTMAP the templates of the old classes are the same to the last bit, which the cell asserts: a category resonates only with examples of its own class. Its small loss on old classes is not forgetting
# but rivalry: some old digits now lie nearer to a new category. If that is true, an ARTMAP that meets all ten classes mixed must suffer from it too. Five orders each:

# %%
scores = []
for seed in range(5):
    order = np.random.default_rng(seed).permutation(len(X))
    first, later = order[old[order]], order[~old[order]]
    in_turn = FuzzyARTMAP(0.7, 0.01).partial_fit(X[first], y[first]).partial_fit(X[later], y[later])
    mixed = FuzzyARTMAP(0.7, 0.01).fit(X[order], y[order])
    scores.append([model.score(*test_parts[0]) for model in (in_turn, mixed)])

# %%
in_turn, mixed = np.mean(scores, axis=0)
print(f"old classes, five orders: {in_turn:.3f} when the new ones came later, {mixed:.3f} when all came mixed")
assert abs(in_turn - mixed) < 0.02
assert mixed < before

# %% [markdown]
# It does, and by about as much: coming first was no disadvantage. Ten classes are harder to tell apart than five.
#
# ## Checked against artlib
#
# The package `artlib` implements the whole family. Its fuzzy ART takes one example at a time and asks each category in turn; ours asks all at once. On 1797 digits they must agree about every label, and about every weight to the last bit.

# %%
everything, names = np.vstack([X, digits.X_test]), np.concatenate([y, digits.y_test])
coded = complement_code(everything)
clusters = FuzzyART(0.6, 0.01).fit(everything)
classifier = FuzzyARTMAP(0.5, 0.01, epsilon=1e-3).fit(everything, names)

# %%
if importlib.util.find_spec("artlib") is None:
    print("artlib is not installed; pip install artlib, or the extra 'peers' of this package")
else:
    import artlib

    peer = artlib.FuzzyART(rho=0.6, alpha=0.01, beta=1.0).fit(coded)
    teacher = artlib.SimpleARTMAP(artlib.FuzzyART(rho=0.5, alpha=0.01, beta=1.0)).fit(coded, names, epsilon=1e-3)
    for ours, theirs in ((clusters, peer), (classifier, teacher.module_a)):
        different, gap = np.sum(ours.labels_ != theirs.labels_), np.abs(ours.weights_ - theirs.W).max()
        print(f"{type(ours).__name__}: {different} of {len(coded)} labels differ, weights by at most {gap}")
        assert different == gap == 0

# %% [markdown]
# Zero is possible because the digits are multiples of 1/16: their sums are exact, in whatever order a program adds them. Elsewhere the last bit may differ, and two categories whose choice values agree to fifteen digits may change places.
#
# One finding came out of the comparison. ART1 in artlib 0.1.12 divides the overlap by the *number of features* instead of by $|I|$, so that with vigilance 0.7 a pattern with one pixel in five cannot match even itself. It also gives a fresh category weaker
# bottom-up weights than the formula above. As fuzzy ART on binary patterns is ART1, artlib's own fuzzy ART with $\alpha = L - 1$ can be the judge between the two:

# %%
lonely = np.array([[1, 0, 0, 0, 0], [1, 0, 0, 0, 0]])
print("the same pattern twice, ours:", ART1(0.7).fit(lonely).n_categories_, "category")

# %%
if importlib.util.find_spec("artlib") is not None:
    print("the same pattern twice, artlib's ART1:", len(artlib.ART1(rho=0.7, L=2.0).fit(lonely).W), "categories")
    binary = complement_code((everything[:600] > 0.5).astype(float))
    judge = artlib.FuzzyART(rho=0.75, alpha=1.0, beta=1.0).fit(binary)
    ours = ART1(0.75, L=2.0).fit(binary)
    different = np.sum(judge.labels_ != ours.labels_)
    print(f"ours against artlib's fuzzy ART on 600 binary digits: {different} labels differ")
    assert different == 0

# %% [markdown]
# Asking all categories at once pays. The times below come from a record that a longer benchmark left: all 1797 digits, one thread, the runs of both sides interleaved, the smallest of seven, the median of three repetitions.

# %%
record = records.load("classical/art_vs_artlib")
print(f"artlib {record['versions']['artlib']}, numpy {record['versions']['numpy']}, {record['machine']}")
print("vigilance   categories   times faster than artlib   artlib's C++ / ours")
for v, result in record["figures"]["fuzzy_art"].items():
    print(f"{v:>9} {result['categories']:12d} {result['median_speedup']:19.1f} {result['compiled_over_ours']:23.1f}")
    assert result["identical_weights"]
    assert result["identical_labels"] == 1797
    assert result["compiled_over_ours"] > 1
    assert result["median_speedup"] > (20 if float(v) >= 0.7 else 5)
for v, result in record["figures"]["fuzzy_artmap"].items():
    print(f"ARTMAP at baseline {v}: {result['categories']} categories, {result['median_speedup']:.1f} times faster")

# %% [markdown]
# With few categories there is little to do at once, and the cost of a handful of NumPy calls for each example remains, so at vigilance 0.5 the factor is modest and for ARTMAP at baseline 0 small; from 0.7 on fuzzy ART exceeds twenty. The last column compares with artlib's own C++ back-end: above 1, plain NumPy is faster even than that. The reason is a bound. For
# many categories the book's code first compares *sums of four components*, which bound the overlap from above because the minimum of sums is at least the sum of the minima, and looks closely only at the few categories that could still win.
#
# ## What goes wrong
#
# ### Without complement coding, categories multiply
#
# Twenty thousand points, uniform in the unit square, stream by. With complement coding a finite number of boxes covers the square. Without it a template can only move towards the origin, where it matches nothing any more, and then the same places need new ones. For ever.

# %%
stream = np.random.default_rng(5).random((20_000, 2))
coded, plain = FuzzyART(0.8), FuzzyART(0.8, complement_coding=False)
parts = np.split(stream, 20)
growth = np.array([[model.partial_fit(part).n_categories_ for model in (coded, plain)] for part in parts])
for row in (0, 9, 19):
    print(f"after {row + 1:2d} thousand points: {growth[row, 0]} categories with complements, {growth[row, 1]} without")
assert growth[-1, 0] - growth[9, 0] < 5
assert growth[-1, 1] - growth[9, 1] > 10

# %% mystnb={"image": {"alt": "Left: categories against examples; the curve with complement coding levels off, the one without keeps rising to about twice as many. Right: overlapping boxes cover the whole unit square, while the templates without complement coding are dots crowded at the lower left."}}
figure, (left, right) = plt.subplots(1, 2, figsize=(7, 3.1))
left.plot(np.arange(1, 21), growth[:, 0], "o-", label="with complement coding")
left.plot(np.arange(1, 21), growth[:, 1], "s--", label="without")
left.set(xlabel="examples (thousands)", ylabel="categories", ylim=(0, None))
left.legend()
right.plot(*plain.weights_.T, "o", color=plot.PALETTE[1], label="without: templates")
for low, high in zip(*rectangle(coded.weights_)):
    right.add_patch(Rectangle(low, *(high - low), facecolor="none", edgecolor=plot.PALETTE[0], linewidth=0.7))
right.plot([], [], color=plot.PALETTE[0], linewidth=0.7, label="with: boxes")
right.set(xlim=(0, 1), ylim=(0, 1), xlabel="$x_1$", ylabel="$x_2$", aspect="equal")
right.legend(loc="upper right", fontsize=7)
plt.show()

# %% [markdown]
# ### Noise, read by a vigilant network
#
# Vigilance cannot tell a difference that matters from one that does not. Add uniform noise to the pixels and count:

# %%
rng, categories = np.random.default_rng(0), {}
for amplitude in (0.0, 0.1, 0.2, 0.4):
    noisy = np.clip(X + rng.uniform(-amplitude, amplitude, X.shape), 0, 1)
    categories[amplitude] = [FuzzyART(v, 0.01).fit(noisy).n_categories_ for v in (0.5, 0.7, 0.8, 0.9)]
    print(f"noise up to {amplitude}: categories at vigilance 0.5, 0.7, 0.8, 0.9:", categories[amplitude])
assert (np.diff(list(categories.values()), axis=0) > 0).all()
assert categories[0.4][3] == len(X)

# %% [markdown]
# Noise multiplies the categories at every vigilance, which we had expected only of high ones. The low ones suffer in proportion as much, since a box must hold the worst case of every pixel; the
# high ones end in absurdity, at 0.9 with a category for every single image. With fast learning one noisy example stretches a box for good: a minimum has no second thoughts. The *fast-commit slow-recode* option is the classical remedy. A new category takes its first input whole, and recodes afterwards with $\beta < 1$. On the digits that means fewer categories at the same vigilance, and
# weights that no longer settle after one pass.

# %%
for rate in (1.0, 0.5, 0.1):
    model = FuzzyART(0.7, 0.01, rate, max_epochs=3).fit(X)
    print(f"beta {rate}: {model.n_categories_} categories, settled within three passes: {model.converged_}")
    assert model.converged_ == (rate == 1.0)

# %% [markdown]
# ### Two labels for one input
#
# Match tracking wants a *better* match than the mistaken one. If the same input comes with two labels, the match is already perfect, and no vigilance above 1 can be reached: a new category is made, at every presentation, for ever. Bartfai (1996) described this **match tracking anomaly**. Carpenter and Markuzon (1998) mended it by a sign: with MT−
# the vigilance is set just *below* the culprit's match.

# %%
twice, verdicts = [[0.25, 0.5], [0.25, 0.5]], ["ripe", "unripe"]
for tracking in ("MT+", "MT-"):
    model = FuzzyARTMAP(match_tracking=tracking, epsilon=1e-6, max_epochs=20).fit(twice, verdicts)
    print(f"{tracking}: {model.n_categories_} categories after {model.n_iter_} passes, settled: {model.converged_}")
    assert model.converged_ == (tracking == "MT-")

# %% [markdown]
# ## Exercises
#
# 1. **By hand.** With $L = 2$ and $\rho = 0.7$ present 11100, 11000, 11111, 00111, 11101, 11011 to an empty ART1. Write down every proposal with $T$ and $M$. Which templates remain?
#
# <details><summary>Answer</summary>
#
# Labels 0, 0, 1, 1, 2, 2; templates 11000, 00111, 11001. The fifth pattern proposes category 0 ($T = 4/3$, $M = 2/4$) and 1 ($T = 1$, $M = 2/4$), both reset. The sixth proposes 0 ($T = 4/3$, $M = 2/4$, reset), then 2 ($T = 6/5$, $M = 3/4$, resonance).
#
# </details>
#
# 2. **Vigilance 1.** Present 110 and then 100 to ART1 with $\rho = 1$. How many categories after one pass, and after the second? What changes with complement coding?
#
# <details><summary>Answer</summary>
#
# One: 100 is explained completely by 110, whose template erodes to 100. In the second pass 110 is no longer explained and founds another. With complement coding both patterns have the same size, so a template that explains a pattern completely equals it: two categories at once.
#
# </details>
#
# 3. **Spare units.** Give competitive learning in the drifting plane six units instead of three, started at six examples of the first batch. How do the two errors change, and why is it luck?
#
# <details><summary>Hint</summary>
#
# Of two units in one cluster the one that happens to be in front follows the drift, the other is left behind and remembers. Start both at the same end and look again; then let the clusters drift back.
#
# </details>
#
# 4. **The smallest box wins.** Show that of two boxes that contain a point, fuzzy ART proposes the smaller one, for every $\alpha > 0$. What if one of the two does not contain it?
#
# <details><summary>Hint</summary>
#
# $T = |w|/(\alpha + |w|)$ increases in $|w|$. Otherwise it depends on $\alpha$; find the distance at which the choice changes.
#
# </details>
#
# 5. **The condition on alpha.** The bound $\alpha \le \delta\rho/(1-\rho)$ was sufficient. Search, on small grids, for a data set that needs a second pass with $\alpha$ as small as you can make it.
#
# <details><summary>Hint</summary>
#
# You need a small box inside the point and a large one that just misses it by one grid step: $|w_a| = \rho D$ and $|w_b|$ near $D$.
#
# </details>
#
# 6. **Forgetting, tempered.** Let the perceptron rehearse: mix ten old digits per class into the second phase. How much of the old accuracy comes back? Compare the memory with that of ARTMAP, template by template.
#
# <details><summary>Hint</summary>
#
# `partial_fit` on the new digits with fifty old ones appended. A template has 128 numbers, an image 64.
#
# </details>
#
# ## Summary
#
# - A learner that stores the new by overwriting the old is either rigid or forgetful. ART checks before it learns, and adds a category instead of bending one.
# - Choice ranks categories by the share of the *template* that is present, match tests the share of the *input* that is explained; vigilance is the threshold of the second and decides how many categories there are.
# - With complement coding a category is a box, vigilance bounds its sides, and with small $\alpha$ fast learning is complete after one pass.
# - The order of the examples matters a great deal. At low vigilance a vote of several orders turns that into accuracy.
# - Without labels, boxes cluster digits poorly. With labels, ARTMAP learns them in one pass nearly as well as the nearest neighbour, and new classes without touching the old ones, where a multilayer perceptron lost everything in one epoch.
#
# ## Sources
#
# - 周志华 (2016), 《机器学习》, 清华大学出版社, section 5.5.2: the layers, the threshold, the reset, the dilemma.
# - Carpenter and Grossberg (1987), A massively parallel architecture for a self-organizing neural pattern recognition machine, Computer Vision, Graphics, and Image Processing 37(1), <https://doi.org/10.1016/S0734-189X(87)80014-2>.
# - Carpenter, Grossberg and Rosen (1991), Fuzzy ART: fast stable learning and categorization of analog patterns by an adaptive resonance system, Neural Networks 4(6), <https://doi.org/10.1016/0893-6080(91)90056-B>: equations (32) and (33), complement coding, the conservative limit.
# - Carpenter, Grossberg, Markuzon, Reynolds and Rosen (1992), Fuzzy ARTMAP, IEEE Transactions on Neural Networks 3(5), <https://doi.org/10.1109/72.159059>.
# - Bartfai (1996), On the match tracking anomaly of the ARTMAP neural network, Neural Networks 9(2), 295–308.
# - Carpenter and Markuzon (1998), ARTMAP-IC and medical diagnosis: instance counting and inconsistent cases, Neural Networks 11(2), 323–336.
