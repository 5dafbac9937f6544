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
# # Choosing an activation function (激活函数的选择)
#
# Twenty activation functions now stand in line, each with an argument in its favour. Which one should you use? Papers answer with a table in which the newest function
# wins by a fraction of a per cent. This section runs the contest itself, on real digits, with the same network, the same budget and the same seeds for everybody, and then
# spends most of its effort on a harder question: *what does such a table prove?* The answer comes in two halves. Between sensible choices lie a few images in a thousand, and part of even that is not owed to the
# function at all, as a control group will show. Careless choices, a wrong rate, a wrong start, a unit stacked too deep, cost everything.
#
# **You need:** the sections of this chapter, and [multilayer perceptrons](../backprop/multilayer_perceptron.ipynb). Statistics are explained as they come.
#
# **Time to run:** see the [Execution](../execution.md) page. About 20 seconds on one core; the contest itself took longer, and its results are loaded from a record.

# %% tags=["install", "hide-cell"]
# Only where the package is missing, as on Colab.
import importlib.util

if importlib.util.find_spec("nndl_support") is None:
    print("This notebook needs the package nndl_support: run pip install '.[data]' in a copy of its repository.")

# %%
import matplotlib.pyplot as plt
import numpy as np

from nndl_support import plot, records
from nndl_support.activations import comparison, learnt_layers, registry
from nndl_support.activations.flow import gradient_norms
from nndl_support.activations.learnt_units import LearntUnitClassifier
from nndl_support.backprop import network
from nndl_support.backprop.mlp import MLPClassifier
from nndl_support.data.digits import load_mnist_5k
from nndl_support.source import show_source

plot.use_style()

# %% [markdown]
# ## The rules of the contest
#
# A comparison is fair when everything is equal except the thing compared. That is more easily said than done, because *equal settings are not equal conditions*: a learning rate
# that suits ReLU may starve the logistic function, whose gradients are four times smaller. So the rules are these.
#
# - **Network.** 784 inputs, two hidden layers of 64 units, ten softmax outputs; later eight hidden layers. Maxout and SwiGLU have two weight matrices for a layer and get as many units as make the number of *parameters* equal.
# - **Start.** The scheme that fits the family: He for rectifiers and smooth gates, LeCun for SELU, Xavier for the S-shaped, with the factor 4 for those whose slope at 0 is a quarter.
# - **Budget.** Ten passes over 4000 digits of MNIST-5k, mini-batches of 32, momentum 0.9, a rate that falls along a line to 0.
# - **Rate.** Chosen for each function *separately*, on a ladder in steps of about three, by the accuracy on 800 of the *training* images (a validation set, 验证集). Whoever is best at an end of the ladder climbs on.
# - **Judgement.** Once the rate is fixed, ten fresh seeds learn from all 4000 images and meet the 1000 test images for the first time.
#
# That is minutes of work, more than a page should take; so it ran beforehand and left a record.

# %%
record = records.load("activations/choosing")
units, protocol = record["units"], record["protocol"]
print(f"made by: {record['command']} on {record['date']}")
print(f"machine: {record['machine']}, {record['seconds'] / 60:.0f} minutes of processor time")
print(
    f"{len(units)} functions, width {protocol['width']}, matched width {protocol['matched_width']}, {protocol['epochs']} epochs"
)
print(f"seeds {protocol['seeds']}")


def accuracy(unit, depth=2, which="best"):
    """Return the test accuracies over seeds; a run that diverged guesses: one tenth."""
    return np.array([0.1 if a is None else a for a in units[unit][str(depth)][which]["accuracy"]])


# %% [markdown]
# "prelu" is the ReLU with fixed slope 0.25 on the left, "prelu_learnt" the one that learns a slope for every unit, "swish_learnt" a $\beta$ for every unit. Swish with $\beta = 1$ is "silu".
#
# A record is a claim. Before believing it, make part of it again, here and now:

# %%
mnist = load_mnist_5k()


def contestant(unit, depth=2, which="best", seed=0):
    """Return the network of the contest, not yet trained."""
    rate, width = units[unit][str(depth)][which]["rate"], protocol["width"]
    options = {"learning_rate": rate, "schedule": "linear", "max_epochs": protocol["epochs"], "random_state": seed}
    if unit == "swiglu":
        width = protocol["matched_width"][str(depth)]
        return LearntUnitClassifier((width,) * depth, unit="swiglu", **options)
    return MLPClassifier((width,) * depth, activation=unit, **options)


trained = {}
for unit in ("relu", "gelu", "elu", "tanh", "swiglu"):
    trained[unit] = contestant(unit).fit(mnist.X_train, mnist.y_train)
    now, then = trained[unit].score(mnist.X_test, mnist.y_test), accuracy(unit)[0]
    print(f"{unit:7} seed 0: {now:.3f} now, {then:.3f} in the record")
    assert abs(now - then) <= 0.015  # on another processor sums round otherwise, and training magnifies it

# %% [markdown]
# ## One number is no number
#
# Take ReLU, train it ten times, change nothing but the seed.

# %%
scores = accuracy("relu")
mean, low, high = comparison.mean_interval(scores)
print("ten seeds:", np.sort(scores))
print(
    f"mean {mean:.4f}, with 95% confidence between {low:.4f} and {high:.4f}; one seed deviates by {scores.std(ddof=1):.4f}"
)

# %% [markdown]
# That is one kind of luck, and there is another: the thousand test images.

# %%
right = round(scores[0] * 1000)
_, lowest, highest = comparison.accuracy_interval(right, 1000)
print(f"seed 0 alone: {right} of 1000 right; on other digits of the kind between {lowest:.3f} and {highest:.3f}")
assert highest - lowest > 3 * (high - low)

# %% [markdown]
# The two must not be confused. The *seed* decides about weights and order; averaging over seeds tames it, and **Student's interval** (置信区间) says how far. The *test images* are a sample too. A thousand of
# them leave an uncertainty of more than a point either way, and no number of seeds makes it smaller, since every seed meets the same thousand.
#
# For a *comparison* the second kind matters less, because both sides meet the same images: hard ones are hard for everybody. And if both sides also use the same seeds, one may look at the **paired differences** (配对差):
#
# $$ d_s = a_s - b_s, \qquad \bar d \pm t_{S-1}\,\frac{\operatorname{sd}(d)}{\sqrt S} $$

# %%
show_source(comparison.paired_difference)

# %% [markdown]
# ## At one common rate, and each at its own
#
# Here are all twenty, first at the common rate, as many published comparisons are run, then each at the rate that its own validation chose.

# %%
order = sorted(units, key=lambda unit: accuracy(unit).mean())
assert order[0] == "identity"
print("function          common rate   own rate      accuracy with 95% interval")
for unit in order[::-1]:
    mean, low, high = comparison.mean_interval(accuracy(unit))
    print(f"{unit:16}  {accuracy(unit, which='common').mean():.4f}        ", end="")
    print(f"{units[unit]['2']['best']['rate']:<5}         {mean:.4f} ({low:.4f} to {high:.4f})")

# %% mystnb={"image": {"alt": "Twenty activation functions, one row each, with the mean test accuracy at the common learning rate as an open circle and at their own best rate as a filled one with a confidence interval. Logistic and hard logistic gain most by their own rate; among the upper fifteen the intervals overlap their neighbours, and identity is far behind."}}
figure, ax = plt.subplots(figsize=(7, 4.6))
for row, unit in enumerate(order):
    mean, low, high = comparison.mean_interval(accuracy(unit))
    common = accuracy(unit, which="common").mean()
    ax.plot([common, mean], [row, row], color="#BBBBBB", linewidth=1, zorder=1)
    ax.plot(common, row, "o", markerfacecolor="white", color=plot.PALETTE[1], label="common rate" if row == 0 else None)
    ax.errorbar(
        mean,
        row,
        xerr=[[mean - low], [high - mean]],
        fmt="o",
        color=plot.PALETTE[0],
        label="own rate, 95% interval" if row == 0 else None,
    )
ax.set_yticks(range(len(order)), order, fontsize=7)
ax.set(xlabel="test accuracy, mean of ten seeds", title="two hidden layers")
ax.legend(loc="lower right")
plt.show()

# %%
gain = {unit: accuracy(unit).mean() - accuracy(unit, which="common").mean() for unit in units}
for unit in sorted(gain, key=gain.get)[-3:]:
    print(f"{unit} gains {gain[unit]:.4f} by its own rate")
ranks = {which: sorted(units, key=lambda u: -accuracy(u, which=which).mean()) for which in ("common", "best")}
moves = {unit: ranks["common"].index(unit) - ranks["best"].index(unit) for unit in units}
print(
    "places won by the own rate:", {unit: moves[unit] for unit in sorted(moves, key=moves.get) if abs(moves[unit]) >= 4}
)

# %% [markdown]
# The open circles are what a hurried comparison would have reported, and they are unfair in both directions. The logistic function gains three and a half points as soon as it may take the steps that its small slope needs; ELU, Softplus and tanh gain one
# to one and a half each, and SwiGLU, which wants *smaller* steps, two. ReLU gains nothing, because 0.03 suits it: from the fourth place at the common rate it drops to the thirteenth when the others may choose too. A contest at one rate measures whom the
# rate suits, and in the history of the subject that has usually been either ReLU or the author's own function.
#
# Once everybody has its rate, those at the top have no kink: ELU, SiLU, Swish, Mish. Within the S-shaped the order is the one that this chapter predicts, tanh before logistic, curved before clipped. SELU disappoints. The identity, which makes the whole network one
# linear map, shows what the curvature of all the others is worth: nearly five points.
#
# ## How sure is the order?
#
# Compare the first with each of the others, seed by seed. Nineteen tests at a level of 5% would cry wolf about once even if nothing were there, so the p-values are raised by **Holm's method** (Holm 校正): the smallest is multiplied by 19,
# the next by 18, and so on.

# %%
best = order[-1]
gaps = {unit: comparison.paired_difference(accuracy(best), accuracy(unit)) for unit in order[-2::-1]}
adjusted = dict(zip(gaps, comparison.holm([gap.p_value for gap in gaps.values()])))
for unit, gap in gaps.items():
    verdict = "different" if adjusted[unit] < 0.05 else "cannot tell"
    print(
        f"{best} - {unit:14} {gap.mean:+.4f} ({gap.low:+.4f} to {gap.high:+.4f})  p = {adjusted[unit]:.3f}  {verdict}"
    )

# %% [markdown]
# And the places? Draw ten seeds out of the ten, with replacement, again and again, and see which places a function takes: the **bootstrap** (自助法).

# %%
table = np.array([accuracy(unit) for unit in order])
places = comparison.rank_intervals(table, np.random.default_rng(0))
middle = places[4:-4]
print(f"first and last four aside, the range of places is {np.median(middle[:, 1] - middle[:, 0]):.0f} wide (median)")
together = np.corrcoef(table)[np.triu_indices(len(table), 1)]
print(f"correlation between two functions over the seeds: {together.mean():.2f} on average")

# %% mystnb={"image": {"alt": "For each activation function a horizontal bar that shows the range of ranks it takes when the ten seeds are drawn anew. In the middle of the table the bars span many ranks; identity is always last."}}
figure, ax = plt.subplots(figsize=(7, 4.2))
for row, (low, high) in enumerate(places):
    ax.plot([low, high], [row, row], "o-", color=plot.PALETTE[0], linewidth=4, markersize=5)
ax.set_yticks(range(len(order)), order, fontsize=7)
ax.set(xlabel="rank (1 is best), 95% of the resamples", xlim=(0.5, 20.5))
ax.set_xticks(range(1, 21, 2))
plt.show()

# %% [markdown]
# The bars of the middle overlap so widely that "rank 8" says nothing; only the ends of the list are firm. And there is a surprise in the correlation: it is practically zero. The seed decides about the first weights and the
# order of the images, the same for all, and yet a lucky seed for one function is no luck for another. Pairing by *seed* does no harm, but on these data it gains nothing either; what training does with a start depends on the function from the first step on. (Pairing by
# *image* is another matter, as we shall see.)
#
# ### A control group
#
# Every good trial has a group that gets no treatment. Ours has one by construction, and it is instructive twice over. First, GELU and its tanh form differ by less than 0.0005 everywhere; nobody could tell networks of the two apart. Whatever separates *them* in the table is the
# noise of the procedure, seeds and choice of rate together.
#
# Second, recall from the section on [smooth gates](smooth_gates.ipynb) that $\operatorname{swish}_\beta(x) = \operatorname{silu}(\beta x)/\beta$. So SiLU ($\beta = 1$) and the sigmoid form of GELU ($\beta = 1.702$) describe *exactly the same set of networks*: every function that one of them can
# compute, the other can, with rescaled weights. If one beats the other, the reason cannot be what they can express.

# %%
for a, b in (("gelu", "gelu_tanh"), ("silu", "gelu_sigmoid"), ("silu", "gelu"), ("silu", "swish_learnt")):
    gap = comparison.paired_difference(accuracy(a), accuracy(b))
    rates = units[a]["2"]["best"]["rate"], units[b]["2"]["best"]["rate"]
    print(
        f"{a} (rate {rates[0]}) - {b} (rate {rates[1]}): {gap.mean:+.4f} ({gap.low:+.4f} to {gap.high:+.4f}), p = {gap.p_value:.3f}"
    )
twins = comparison.paired_difference(accuracy("silu"), accuracy("gelu_sigmoid"))
assert twins.low > 0

# %% [markdown]
# Yet SiLU wins against its twin, clearly. What differs is only the *scale*: the same start and the same rate mean something else when the curve is stretched by 1.702, and the two validations chose different rates. A part of what tables like ours credit to the
# *shape* of a function belongs to the scale of its start and of its steps. We found this the most sobering number of the chapter.
#
# ### The winner's luck
#
# There is one more reason to be modest. Suppose all functions were *the same*, and only the seeds differed. Then the best of twenty would still be ahead of the worst, by luck alone. By how much?

# %%
rng = np.random.default_rng(1)
curved = [unit for unit in units if unit != "identity"]
deviation = np.sqrt(np.mean([accuracy(unit).var(ddof=1) for unit in curved]))
for n_seeds in (1, 3, 10):
    means = rng.normal(0.0, deviation / np.sqrt(n_seeds), (4000, len(curved)))
    print(
        f"{n_seeds:2d} seeds: {len(curved)} equal functions, best ahead of worst by {np.ptp(means, axis=1).mean():.4f} on average"
    )
observed = np.ptp([accuracy(unit).mean() for unit in curved])
print(f"observed with ten seeds: {observed:.4f}")
hits = np.mean([order[np.argmax([rng.choice(row) for row in table])] == best for _ in range(4000)])
print(f"a contest with one seed each would crown {best} in {hits:.0%} of the cases")
assert hits < 0.5
assert observed > 3 * np.ptp(means, axis=1).mean()

# %% [markdown]
# With ten seeds luck makes a spread less than a quarter of what we see: there *are* differences between activation functions. With one seed luck alone would make two thirds of it, and the winner would be somebody else most of the time. Many a published
# table has one seed.
#
# ### The same images, another view
#
# For two *trained* networks there is a sharper question than that of two accuracies: on which images do they disagree? **McNemar's test** (McNemar 检验) throws away the images that both get right or both get wrong, and asks
# whether the rest splits more unevenly than a coin would.

# %%
right = {unit: model.predict(mnist.X_test) == mnist.y_test for unit, model in trained.items()}
for other in ("gelu", "elu", "tanh", "swiglu"):
    only_other, only_relu, p = comparison.mcnemar(right[other], right["relu"])
    print(f"only {other} right: {only_other:2d} images, only relu right: {only_relu:2d}, p = {p:.3f}")
print(f"wrong for all five: {np.sum(~np.any(list(right.values()), axis=0))} images")

# %% [markdown]
# Each pair disagrees on about three dozen images of the thousand, and that is all a comparison can rest on. GELU is a whole point ahead of ReLU here, which looks like a result; it is 21 images against 11, and a coin would split 32 images at least that unevenly about one time in nine. Only the deficit of SwiGLU is more than
# chance. Two dozen digits are beyond all five networks. No choice of activation function will help with those.
#
# ## Depth changes the answer
#
# Eight hidden layers instead of two, everything else as before; the rates are chosen anew.

# %%
print("function          2 layers  8 layers (lowest seed)  at the common rate  own rates")
for unit in sorted(units, key=lambda unit: -accuracy(unit, 8).mean()):
    two, eight = accuracy(unit), accuracy(unit, 8)
    rates = " and ".join(f"{units[unit][depth]['best']['rate']:g}" for depth in ("2", "8"))
    common = accuracy(unit, 8, "common").mean()
    print(
        f"{unit:16}  {two.mean():.4f}    {eight.mean():.4f} ({eight.min():.3f})         {common:.4f}              {rates}"
    )
assert max(accuracy(unit, 8).mean() - accuracy(unit).mean() for unit in units) < 0.001

# %% mystnb={"image": {"alt": "Slope chart from two to eight hidden layers, one line for each function but SwiGLU. The lines of rectifiers and smooth gates sink a little; those of logistic and softplus sink by two to three hundredths."}}
figure, ax = plt.subplots(figsize=(7, 3.6))
shown = {"relu": 0, "silu": 1, "selu": 2, "tanh": 3, "softplus": 4, "logistic": 5, "hard_logistic": 6}
for unit in [unit for unit in units if unit != "swiglu"]:
    ends, colour = (
        [accuracy(unit).mean(), accuracy(unit, 8).mean()],
        plot.PALETTE[shown[unit]] if unit in shown else "#CCCCCC",
    )
    ax.plot([0, 1], ends, "o-", color=colour, label=unit if unit in shown else None, zorder=2 if unit in shown else 1)
ax.set_xticks([0, 1], ["2 hidden layers", "8 hidden layers"])
ax.set(ylabel="mean test accuracy, own rate", xlim=(-0.2, 1.7))
ax.legend(loc="center right", fontsize=7)
plt.show()

# %% [markdown]
# Depth helped *nobody* on these data, which is a result too: four thousand small images do not need eight layers. But it sorts the field. Rectifiers and smooth gates lose up to about a point, Softplus and the logistic function two to three, and SwiGLU everything: at no rate did
# it learn anything. Most want smaller steps than before; at the common rate of 0.03, harmless with two layers, maxout never learns, and of the five seeds of ELU, SELU and the identity some collapse and others do not. A mean of 0.77 does not describe any of these
# networks.
#
# The section on [vanishing gradients](vanishing_gradients.ipynb) told why. The record contains the norm of the gradient of every layer *before the first step*; layers 2 to 8 all have the same shape, 64 × 64, so that their norms
# can be compared. One figure per function is enough: the average factor by which the norm changes per layer on the way down.


# %%
def factor(norms):
    """Return the mean factor per layer from the last 64 x 64 layer down to the first."""
    return (norms[1] / norms[7]) ** (1 / 6)


flow = {unit: factor(units[unit]["8"]["gradient_norms"]) for unit in units}
for unit in sorted(flow, key=flow.get):
    print(f"{unit:16} {flow[unit]:.3f} per layer, {flow[unit] ** 6:.1e} over six layers")
untrained = contestant("logistic", 8).set_params(learning_rate=1e-12, max_epochs=1)
live = gradient_norms(untrained.fit(mnist.X_train[:200], mnist.y_train[:200]), mnist.X_train[:200], mnist.y_train[:200])
assert abs(factor(live) / flow["logistic"] - 1) < 1e-6

# %% mystnb={"image": {"alt": "Scatter plot of the points lost between two and eight layers against the factor per layer by which the gradient changes at the start. Most functions crowd near a factor of one and lose little; softplus and logistic, whose gradient shrinks by a fifth to two fifths per layer, lose most; hard logistic is an exception."}}
figure, ax = plt.subplots(figsize=(7, 3))
for unit in [unit for unit in units if unit != "swiglu"]:
    colour, lost = (
        plot.PALETTE[shown[unit]] if unit in shown else "#AAAAAA",
        accuracy(unit).mean() - accuracy(unit, 8).mean(),
    )
    ax.plot(flow[unit], 100 * lost, "o", color=colour, label=unit if unit in shown else None)
ax.set(xlabel="factor per layer of the gradient norm at the start", ylabel="lost by depth (points)")
ax.legend(fontsize=7)
plt.show()

# %% [markdown]
# Sixteen functions keep the norm within a few per cent per layer; for Softplus, hard logistic and logistic it shrinks, by 22 to 39 per cent at *each* layer, although they start from the scheme that suits them. Two of those three lose most. (Hard logistic bears its loss better than we expected; it had less to lose.)
#
# ### Why SwiGLU collapsed
#
# The last line of that list is odd: the gradient *grows* on the way down, and yet nothing is learnt. The cause lies in the forward pass. For small inputs $\operatorname{silu}(z) \approx z/2$, so a SwiGLU layer multiplies two small numbers: a signal of size $r$ becomes one of size about $r^2$, then $r^4$, then $r^8$. Watch it.

# %%
for unit, scale in (("relu", 1.0), ("swiglu", 1.0), ("swiglu", 3.0)):
    rng, signal, sizes = np.random.default_rng(0), scale * mnist.X_train[:500], []
    for _ in range(8):
        parameters = learnt_layers.start(unit, signal.shape[1], 64, rng)
        signal, _ = learnt_layers.forward(unit, signal, parameters)
        sizes.append(np.sqrt(np.mean(signal**2)))
    print(f"{unit}, inputs times {scale:.0f}: " + " ".join(f"{size:.0e}" for size in sizes))
    assert (unit == "relu") == (0.1 < sizes[-1] < 1)

# %% [markdown]
# Through eight ReLU layers the signal keeps its size. Through SwiGLU it vanishes doubly exponentially, and with inputs three times as large, whose mean square is about 1, it explodes just as fast: size 1 is a fixed point that *repels*. No start and no rate can cure that. A Transformer cures it outside the unit: it normalises
# the size of the signal before every block, and adds the block's output to its input instead of replacing it. Within such surroundings gated units are at home; a bare stack is not their habitat, and it would be unjust to judge them by our table.
#
# ## The start belongs to the function
#
# An activation function is only half of a choice; the other half is the scale of the first weights. In the record some functions also started from a scheme that is not theirs: $2/n$ instead of Xavier for the S-shaped and SELU, $1/n$ instead of $2/n$ for the rectifiers.

# %%
for unit, results in units.items():
    if "other_scheme" not in results["8"]:
        continue
    other = accuracy(unit, 8, "other_scheme")
    print(
        f"{unit:9} own scheme {accuracy(unit, 8).mean():.4f}, {results['8']['other_scheme']['scheme']:5} {other.mean():.4f}; ",
        end="",
    )
    gap, failed = comparison.paired_difference(other, accuracy(unit, 8)), (other < 0.5).sum()
    print(
        f"{failed} of 5 seeds failed" if failed else f"difference {gap.mean:+.4f} ({gap.low:+.4f} to {gap.high:+.4f})"
    )
assert (accuracy("logistic", 8, "other_scheme") < 0.15).all()

# %% [markdown]
# Nothing else in this section costs as much. The logistic function, an honest 0.92 with its factor of 4, does not learn at all without it; this pair of facts, and not the function alone, is the old story that "sigmoid networks cannot be deep". SELU, whose constants are *derived* for variance $1/n$, fails on most seeds with $2/n$.
# SiLU and ELU lose one to three points with the smaller start. For ReLU, GELU and tanh five seeds cannot tell the difference: eight layers are too few for a factor of $\sqrt2$ per layer to do its work, and momentum makes up for the rest.
#
# ## Dead units and seconds
#
# Accuracy is not all. A unit is *silent* (沉默) if its slope stays below 0.001 on every training image: a dead ReLU, or an S-curve stuck in saturation. And a function costs time. The seconds are processor time of one training, the smallest over
# the seeds, relative to ReLU.

# %%
seconds = {unit: min(units[unit]["2"]["best"]["seconds"] + units[unit]["2"]["common"]["seconds"]) for unit in units}
for unit in sorted(seconds, key=seconds.get):
    found = [units[unit]["2"][which]["silent_share"] for which in ("best", "common")]
    silent = " and ".join(f"{np.mean(shares):.1%}" if shares else "-" for shares in found)
    print(f"{unit:16} {seconds[unit] / seconds['relu']:.2f} times ReLU; silent units at own and common rate: {silent}")
assert max(seconds[unit] / seconds["relu"] for unit in registry.names() if unit in seconds) < 1.5

# %%
z, _ = network.forward(mnist.X_train, trained["relu"].coefs_, trained["relu"].intercepts_, trained["relu"].activations_)
share = comparison.silent_share(z[:-1], registry.get("relu").derivative)
print(f"ReLU, seed 0, counted here: {share:.1%}; in the record: {units['relu']['2']['best']['silent_share'][0]:.1%}")
assert abs(share - units["relu"]["2"]["best"]["silent_share"][0]) < 0.02

# %% [markdown]
# One ReLU in nine is dead at the rate that validation chose for ReLU, and one in sixty at the smaller rate, with the same accuracy. Death is the price of large steps, and a network of this size can pay it. No other function has silent units worth mentioning.
#
# As to time: anything elementwise costs within a fifth of ReLU, except the exact GELU with its error function, and on a graphics card even that is hidden behind the matrix products. What does cost is a second matrix or another parameter per unit, about half as much again in our implementation. (On another
# machine, the cheap ones will change places; trust the first digit.)
#
# ## Checked against PyTorch
#
# All of this rests on our training loop. Is it the training loop that everybody means? Two networks, ours and one in PyTorch, get the same first weights and descend side by side on the same 500 images, thirty steps with momentum. If
# forward pass, derivative, gradient and update agree, so must the weights at the end.

# %%
import torch

peers = {
    "gelu": torch.nn.GELU(),
    "elu": torch.nn.ELU(),
    "tanh": torch.nn.Tanh(),
    "mish": torch.nn.Mish(),
    "selu": torch.nn.SELU(),
}
X, y = mnist.X_train[:500], mnist.y_train[:500]
options = {"hidden_layer_sizes": (64, 64), "update": "accumulated", "alpha": 0, "random_state": 3}
for name, activation in peers.items():
    ours = MLPClassifier(activation=name, learning_rate=0.05, max_epochs=30, **options).fit(X, y)
    start = MLPClassifier(activation=name, learning_rate=1e-300, max_epochs=1, **options).fit(X, y)
    W = [torch.tensor(w, requires_grad=True) for w in start.coefs_]
    b = [torch.tensor(v, requires_grad=True) for v in start.intercepts_]
    optimiser = torch.optim.SGD([*W, *b], lr=0.05, momentum=0.9)
    for _ in range(30):
        h = activation(activation(torch.tensor(X) @ W[0] + b[0]) @ W[1] + b[1]) @ W[2] + b[2]
        optimiser.zero_grad()
        torch.nn.functional.cross_entropy(h, torch.tensor(y)).backward()
        optimiser.step()
    gap = max(np.abs(theirs.detach().numpy() - w).max() for theirs, w in zip(W, ours.coefs_))
    print(f"{name:5} largest difference of a weight after 30 steps: {gap:.1e}")
    assert gap < 1e-9

# %% [markdown]
# The differences are a few roundings. The loop is the one that everybody means, and the derivatives of the five functions are right where a contest uses them.
#
# ## What goes wrong
#
# | Mistake | What it would have told us here | Remedy |
# |---|---|---|
# | one learning rate for all | ReLU above SiLU and ELU; logistic hopeless | tune each, on a validation set |
# | one seed | a different winner four times out of five | ten seeds, an interval |
# | the test set chooses the rate | a winner's luck counted as quality | choose by validation, look at the test set once |
# | twenty tests at 5% | one false discovery on average | Holm |
# | equal units for unequal units | gated units with twice the weights | match the parameters |
# | a mean over runs of which some collapsed | "0.77", which no network has | look at the runs |
# | the start of another family | "logistic networks cannot be deep" | start and function belong together |
# | credit to the shape | SiLU beats its own twin | ask whether scale or rate could explain it |
#
# ## So which one?
#
# | Situation | Take | Why |
# |---|---|---|
# | a feed-forward or convolutional network, no special wish | ReLU with He's start, or SiLU if a fraction of a point matters | cheapest and well understood; SiLU, ELU, Mish ahead by less than a point here, after tuning |
# | many ReLUs die, or the rate must be large | ELU, leaky ReLU, SiLU | a slope on the left keeps units alive |
# | a Transformer | GELU, or SwiGLU at two thirds of the width | what the published weights use; normalisation and skip connections are there |
# | deep and plain, no normalisation | SiLU, Mish, GELU with He's start; watch the rate | kept within half a point by depth here; *not* gated units |
# | second derivatives are needed | tanh, SiLU, GELU, Softplus | ReLU and its kin have none |
# | gates, probabilities, bounded outputs | logistic for (0, 1), tanh for (−1, 1), softmax for a choice | meaning decides, not speed |
# | recurrent state | tanh | bounded, centred; see the chapter on recurrent networks |
# | a checkpoint of someone else's | exactly the function it was trained with | see [Smooth gates](smooth_gates.ipynb) |
#
# The larger comparison of Eger, Youssef and Gurevych (2018), with 21 functions on eight language tasks, found another winner still, a tanh that is flatter on the left. No table, ours included, ranks activation functions once and for all; a table ranks *procedures*, of which the function is one part. Spend the first hour on the rate and the start, the second on seeds, and
# only the third on the function.
#
# ## Exercises
#
# 1. Use the record: how many of the nineteen comparisons with the winner survive if only the first three seeds are used? And what if Holm's method is left out?
#    <details><summary>Hint</summary>
#
#    `comparison.paired_difference(accuracy(best)[:3], accuracy(unit)[:3])`. With three pairs Student's factor is 4.3 instead of 2.3: the intervals grow far more than by the square root of ten thirds.
#
#    </details>
# 2. How many seeds would it take to tell a difference of 0.001, one image in a thousand, if the paired differences have standard deviation 0.005? Aim at 80% power at the 5% level.
#    <details><summary>Answer</summary>
#
#    $S \approx (1.96 + 0.84)^2 (0.005/0.001)^2 \approx 196$. Halving the difference quadruples the seeds.
#
#    </details>
# 3. Even infinitely many seeds leave the uncertainty of the test images. How many test images would shrink Wilson's interval at 95% accuracy to ±0.1 points?
#    <details><summary>Answer</summary>
#
#    $n \approx 1.96^2 \cdot 0.95 \cdot 0.05 / 0.001^2 \approx 182{,}000$, eighteen times the full test set of MNIST.
#
#    </details>
# 4. Let SiLU start from weights and run at rates that correspond *exactly* to those of the sigmoid form of GELU. What must happen to the two accuracies?
#    <details><summary>Answer</summary>
#
#    With $\operatorname{swish}_\beta(z) = \operatorname{silu}(\beta z)/\beta$: multiply the first weights by $\beta$, leave those between hidden layers (divided below and multiplied above they cancel), divide the last by $\beta$. Under this change of variables a gradient by a weight that was multiplied by $c$ is divided by $c$, so its rate must be multiplied by $c^2$: $\beta^2$ for the first layer and the hidden biases, 1 in
#    between, $\beta^{-2}$ for the last weights. The penalty needs the inverse factors. Then the runs are identical, up to rounding.
#
#    </details>
# 5. Why is it wrong to report, for each function, the best of its ten seeds?
#    <details><summary>Answer</summary>
#
#    The maximum of ten grows with the spread as well as with the mean, so it rewards the unreliable; its own uncertainty is larger than that of the mean; and it was chosen by the test set.
#
#    </details>
# 6. Put a normalisation between the layers: divide every row of the signal by its root mean square before it enters the next SwiGLU layer. What happens to the eight numbers above?
#    <details><summary>Answer</summary>
#
#    Each layer now starts from size 1, and the first layer's answer to size 1 is about 1 by the choice of the start: all eight stay near 1. That is what RMSNorm does in the blocks where SwiGLU is used.
#
#    </details>
# 7. Add a function of your own to the contest, say $f(x) = x\,(\tfrac12 + \tfrac1\pi\arctan x)$. What else must you decide before the contest is fair?
#    <details><summary>Answer</summary>
#
#    Its start: from $\mathrm{E}[f(z)^2]$ for a standard normal $z$, `learnt_layers.mean_square` for registered functions; its rate, by the same validation; and, before you look, what difference you would call relevant.
#
#    </details>
#
# ## Summary
#
# - Between sensible activation functions lie a few images in a thousand; between a right and a wrong rate or start, everything.
# - Report means over seeds with intervals, compare in pairs, adjust for the number of comparisons, and keep in mind that the test images are a sample too.
# - On MNIST-5k with two layers ELU, SiLU, Swish and Mish come out on top, ReLU less than a point behind; the order in the middle is noise.
# - SiLU beats a function that is only SiLU rescaled: tables of activation functions also measure scale.
# - Depth needs a gradient that keeps its norm, a start that belongs to the function, and smaller steps. Gated units need normalisation around them.
#
# ## Sources
#
# - Qiu (2019), 《神经网络与深度学习》, section 4.1; the papers on the single functions stand in the sections before.
# - Bouthillier et al. (2021), Accounting for variance in machine learning benchmarks, [arXiv:2103.03098](https://arxiv.org/abs/2103.03098).
# - Eger, Youssef and Gurevych (2018), Is it time to Swish? Comparing deep learning activation functions across NLP tasks, [doi:10.18653/v1/D18-1472](https://doi.org/10.18653/v1/D18-1472).
# - Shazeer (2020), GLU variants improve Transformer, [arXiv:2002.05202](https://arxiv.org/abs/2002.05202).
# - McNemar (1947), Note on the sampling error of the difference between correlated proportions or percentages, Psychometrika 12(2), 153–157.
# - Holm (1979), A simple sequentially rejective multiple test procedure, Scandinavian Journal of Statistics 6(2), 65–70.
