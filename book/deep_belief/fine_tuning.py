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
# # Fine-tuning (精调)
#
# A deep belief network has looked at thousands of images and nobody has told it what they show. Its layers have nevertheless sorted out strokes and loops. What is that worth to a
# *classifier*? In 2006 the answer was: everything. Fully connected networks with many layers could hardly be trained, except from this start, and **unsupervised pre-training** (无监督预训练) followed by **fine-tuning** (精调) opened the subject that is now called deep learning. A few years
# later better units and better first weights did the same without it.
#
# This section asks both halves of the question with the same care. What does pre-training give, from one label for each class to four hundred, from one hidden layer to six? And what remains of it beside the networks one would
# build today? Each competitor gets the same images, the same labels, the same search for its learning rate. Some of the answers are not flattering for the method of this chapter. One is, and it has become more important since.
#
# **You need:** the [deep belief network](deep_belief_network.ipynb), [initialisation](../optimization/initialization.ipynb) and [vanishing gradients](../activations/vanishing_gradients.ipynb); paired comparisons are explained in [Choosing](../activations/choosing.ipynb).
#
# **Time to run:** see the [Execution](../execution.md) page. About a minute on one core; the tables with many seeds are loaded from records that travel with the book, and parts of them are made again here.
#
# Qiu's section 12.3.2 has fine-tuning in words and in his figure 12.7; Zhou's section 5.6 puts it beside the other way to save on learning, shared weights.

# %% tags=["install", "hide-cell"]
# Only where the package is missing, as on Colab.
import importlib.util

if importlib.util.find_spec("nndl_support") is None:
    print("This notebook needs the package nndl_support: run pip install '.[data]' in a copy of its repository.")

# %%
import math

import matplotlib.pyplot as plt
import numpy as np
import scipy.signal
import torch
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.neighbors import KNeighborsClassifier
from torch import nn

from nndl_support import plot, records
from nndl_support.activations.comparison import paired_difference
from nndl_support.data.digits import load_mnist, load_mnist_5k
from nndl_support.deep_belief import deep_autoencoder, few_labels, pretraining_study, small_cnn
from nndl_support.deep_belief.pretraining_study import COMPETITORS, build, fine_tune, judge
from nndl_support.deep_belief.rbm import RestrictedBoltzmannMachine
from nndl_support.device import pick_device
from nndl_support.source import show_source

torch.set_num_threads(1)
plot.use_style()
device = pick_device()

# %% [markdown]
# ## From a model of images to a classifier
#
# The way up through a deep belief network is a chain of probabilities,
#
# $$ q\bigl(h^{(l)}_j = 1 \mid h^{(l-1)}\bigr) = \sigma\Bigl(b^{(l)}_j + \sum_i W^{(l)}_{ij}\, h^{(l-1)}_i\Bigr), $$
#
# and if every layer hands its probabilities to the next, this is, symbol by symbol, a multilayer perceptron with logistic units. So put one more layer on top, ten linear units and a softmax,
#
# $$ p(y = c \mid x) = \operatorname{softmax}_c\bigl(V h^{(L)} + d\bigr), $$
#
# throw the way down away, and let back-propagation continue from there, on the labelled images, through *all* layers. That is Qiu's figure 12.7. Nothing else happens; the whole method is one copy of weights.

# %% mystnb={"image": {"alt": "A network drawn from left to right: six visible units, two hidden layers of five and four units, and an output layer of three units. The first three layers are labelled as coming from the deep belief network, the last as new."}}
names = ("image\n$x$", "from the DBN\n$W^{(1)}, b^{(1)}$", "from the DBN\n$W^{(2)}, b^{(2)}$", "new, random\n$V, d$")
plot.draw_network((6, 5, 4, 3), layer_names=names)
plt.show()

# %%
show_source(pretraining_study.pretrain)

# %%
mnist = load_mnist_5k()
X, X_test = (torch.tensor(part, dtype=torch.float32) for part in (mnist.X_train, mnist.X_test))
y, y_test = torch.tensor(mnist.y_train), torch.tensor(mnist.y_test)
dbn = pretraining_study.pretrain(X.numpy(), (256, 256), seed=0)
print("layers", dbn.stack_.sizes, "learnt from", len(X), "images and no label")

# %% [markdown]
# The data are the 5000 digits of MNIST, 4000 to learn from and 1000 to be judged by. The network is small, two hidden layers of 256 units. Its competitors have the same layers:

# %%
for name, competitor in COMPETITORS.items():
    print(f"{name:14} {competitor}")
show_source(pretraining_study.build)

# %% [markdown]
# "Small start" is what a researcher of 2005 would have done, normal numbers with standard deviation 0.01. "Xavier" has the factor 4 that the small slope of the logistic function asks for. "ReLU" starts from He's variances. All are trained
# by Adam, so that nobody suffers from an old optimiser; where the old one matters we shall say so.
#
# The tables below have four more rows. **LeNet** is a small convolutional network; the last part of this section explains it. *Logistic regression* and *support vectors* (with a Gaussian kernel, as in scikit-learn's `SVC`) learn from the pixels, and *logistic regression, features* from the output of the deep belief network's
# upper layer, which stays as it is.
#
# ## Ten labels for each class
#
# Suppose somebody has labelled a hundred images, ten of each digit. The other 3900 are there, but nobody knows what they show. A classifier cannot use them; the deep belief network already has.

# %%
SIZES = (784, 256, 256, 10)
rows = few_labels.labelled_rows(mnist.y_train, 10, seed=0)
print("labelled:", np.bincount(mnist.y_train[rows]), "of", np.bincount(mnist.y_train))
networks, few = {}, {}
for name in ("pre-trained", "small start", "ReLU"):
    networks[name] = build(COMPETITORS[name], SIZES, dbn, seed=0)
    fine_tune(networks[name], X[rows], y[rows], learning_rate=3e-3)
    known, few[name] = (judge(networks[name], *data)["accuracy"] for data in ((X[rows], y[rows]), (X_test, y_test)))
    print(f"{name:12} training {known:.3f}, test {few[name]:.3f}")
    assert known > 0.97
assert few["pre-trained"] > few["small start"] + 0.03
assert few["pre-trained"] > few["ReLU"]

# %% [markdown]
# All three know their hundred images by heart. On images they have not seen, the network that had looked at unlabelled ones is ahead of its twin from a random start, and of the modern one too.
#
# One draw of labels is one draw of luck. The record has five, each with another hundred images, another deep belief network, and a rate out of three chosen by cross-validation among the *labelled* images: two of three folds from two of the draws, one fold when all labels are there; with one label for each class nothing
# can be held out, and the choice made with three labels serves. With all 4000 labels there is only one draw, and three seeds. Logistic regression and support vectors have no rate; their penalty is chosen from four in the same way. Where the choice fell on the largest value offered (the last
# line below the table), a larger one might have done a little better still.

# %%
record = records.load("deep_belief/fine_tuning_labels")
table = {(row["name"], row["per_class"]): row for row in record["figures"]}
PER_CLASS = sorted({per_class for _, per_class in table})
NAMES = list(dict.fromkeys(name for name, _ in table))


def accuracies(name, per_class, part="test"):
    """Return accuracies over seeds, as an array."""
    return np.array([scores["accuracy"] for scores in table[name, per_class][part]])


# %%
print(f"{'labels per class':30}" + "".join(f"{n:>8}" for n in PER_CLASS))
for name in NAMES:
    print(f"{name:30}" + "".join(f"{accuracies(name, n).mean():8.3f}" for n in PER_CLASS))
edge = [f"{name} ({n})" for (name, n), row in table.items() if row["choice"] == max(row["choices"])]
print("largest value chosen:", "; ".join(edge))
assert abs(accuracies("pre-trained", 10)[0] - few["pre-trained"]) < 0.03

# %% mystnb={"image": {"alt": "Test error of eight classifiers against the number of labels for each class, both axes logarithmic, with error bars over seeds. All curves fall. The pre-trained network lies clearly below the same network from a small start at every number of labels; the convolutional network and the support vector machine lie lowest at the right end."}}
figure, ax = plt.subplots(figsize=(7, 4.2))
for index, name in enumerate(NAMES):
    error = [1 - accuracies(name, n) for n in PER_CLASS]
    center, spread = [e.mean() for e in error], [e.std(ddof=1) / math.sqrt(len(e)) for e in error]
    style = {"color": (*plot.PALETTE, "#8A8A8A")[index]} if index >= len(plot.PALETTE) else {}
    style |= {"marker": "os^DvPX*"[index], "ls": "-" if index < 5 else "--", "lw": 2.6 if index == 0 else 1.4}
    ax.errorbar(PER_CLASS, center, yerr=spread, label=name, capsize=2, **style)
ax.set(xscale="log", yscale="log", xlabel="labels for each class", ylabel="test error")
ax.set_xticks(PER_CLASS, PER_CLASS)
ax.set_yticks([0.03, 0.05, 0.1, 0.2, 0.4], ["3%", "5%", "10%", "20%", "40%"])
ax.minorticks_off()
ax.legend(fontsize=7.5)
plt.show()

# %% [markdown]
# Seeds are shared: seed 2 of every classifier saw the same labelled images. So the *differences* can be compared draw by draw, which removes the luck of the draw.

# %%
print("pre-trained minus ..., with 95% intervals, by labels per class")
print(" " * 30 + "".join(f"{n:>16}" for n in PER_CLASS))
gaps = {}
for rival in NAMES[1:]:
    for n in PER_CLASS:
        gaps[rival, n] = paired_difference(accuracies("pre-trained", n), accuracies(rival, n))
    cells = [f"{g.mean:+.3f} ± {(g.high - g.low) / 2:.3f}" for g in (gaps[rival, n] for n in PER_CLASS)]
    print(f"{rival:30}" + "".join(f"{cell:>16}" for cell in cells))

# %% [markdown]
# Which of these differences are more than the luck of the draw? An interval that lies on one side of zero says so. First the other perceptrons:

# %%
assert accuracies("pre-trained", 400).mean() >= 0.955
assert all(gaps["small start", n].low > 0 for n in PER_CLASS)
assert all(gaps["ReLU", n].low > 0 for n in (1, 3, 10, 30, 100))
assert all(gaps["ReLU, dropout", n].low > 0 for n in (1, 3, 10, 30))
assert gaps["ReLU, dropout", 100].low < 0
assert gaps["ReLU", 400].low < 0 < gaps["ReLU", 400].high

# %% [markdown]
# Then the classifiers of other kinds:

# %%
assert gaps["LeNet", 10].low < 0 < gaps["LeNet", 10].high
assert all(gaps["LeNet", n].high < 0 for n in (30, 100, 400))
assert all(accuracies("LeNet", n).mean() == max(accuracies(m, n).mean() for m in NAMES) for n in (30, 100, 400))
assert all(gaps["support vectors", n].low > 0 for n in (1, 3, 10))
assert all(gaps["support vectors", n].low < 0 < gaps["support vectors", n].high for n in (30, 100))
assert gaps["support vectors", 400].high < 0
assert all(abs(gaps["logistic regression, features", n].mean) < 0.015 for n in (10, 30, 100))
assert gaps["logistic regression, features", 400].mean > 0

# %% [markdown]
# Row by row:
#
# - Against **its own twin** from a small start, pre-training wins at every number of labels: by eight or nine points with up to ten labels for each class, by nearly two with all of them. This is the comparison that the papers of 2006 and 2007 made, and it holds.
# - Against **rectifiers** it wins up to a hundred labels for each class, by an amount that shrinks from eight points to one and a half; with dropout they have caught up at a hundred already, where the interval contains zero. With 400 labels nothing is left: the modern network, with no pre-training, is level, and dropout puts its mean half a point ahead, less than the interval.
# - The **convolutional network** has not seen any unlabelled image and is yet level with ten labels and ahead from thirty on. Only with one or three labels its mean is behind, by less than the draws differ. It has been told something better than the unlabelled images can tell; we come to that. **Support vectors** are behind up to ten labels, level at thirty and a hundred, and ahead with all.
# - The most sobering row is the last. A **logistic regression on the features** of the deep belief network, its layers frozen, is as good as the fine-tuned network up to a hundred labels for each class. What helps with few labels is *pre-training*; fine-tuning, the title of this section, begins to pay only with all 4000, and then by less than a point.
#
# ## Why does it help? Two explanations
#
# Erhan and others (2010) named two, and they predict different things. *Optimisation*: the random start lies where descent gets stuck, the other start does not; then the **training** error should differ. *Regularisation*: both starts reach a perfect
# training error, but different solutions; then only the **test** error differs. We can look.

# %%
names = ("pre-trained", "small start", "ReLU", "ReLU, dropout", "LeNet")
for n in (10, 400):
    for name in names:
        row = table[name, n]
        train, test = (np.mean([s["cross_entropy"] for s in row[part]]) for part in ("train", "test"))
        print(
            f"{n:3} labels, {name:14} training error {1 - accuracies(name, n, 'train').mean():.4f}, "
            f"cross-entropy {train:.4f} nats; test {test:.3f} nats"
        )
assert accuracies("small start", 10, "train").min() > 0.97
assert accuracies("small start", 400, "train").min() > 0.99

# %% [markdown]
# Two layers can be trained from any of the starts. The first explanation has nothing to explain here; the whole gain is of the second kind. A closer look follows the training with all labels, epoch by epoch:

# %%
views = {part: (X[:1000], y[:1000]) if part == "train" else (X_test, y_test) for part in ("train", "test")}
metrics = {part: lambda model, data=data: judge(model, *data)["cross_entropy"] for part, data in views.items()}
paths, full = {}, {}
for name in ("pre-trained", "small start", "ReLU"):
    full[name] = build(COMPETITORS[name], SIZES, dbn, seed=0)
    paths[name] = fine_tune(full[name], X, y, learning_rate=3e-3, epochs=15, metrics=metrics).history
    print(f"{name:12} test accuracy {judge(full[name], X_test, y_test)['accuracy']:.3f}")

# %% mystnb={"image": {"alt": "Test cross-entropy against training cross-entropy on logarithmic axes, each curve one training of fifteen epochs; the horizontal axis is reversed, so that time runs from left to right. The curve of the pre-trained network lies below that of the small start all the way, and, where both can be compared, below that of the rectifiers."}}
figure, ax = plt.subplots(figsize=(6, 3.6))
for index, (name, path) in enumerate(paths.items()):
    ax.loglog(path["train"], path["test"], marker="os^"[index], ms=3, label=name)
ax.set(xlabel="training cross-entropy (nats)", ylabel="test cross-entropy (nats)")
ax.set_yticks([0.2, 0.3, 0.5, 1.0, 1.5], ["0.2", "0.3", "0.5", "1", "1.5"])
ax.minorticks_off()
ax.invert_xaxis()
ax.legend()
plt.show()

# %% [markdown]
# Time runs from left to right, one mark for each epoch. The rectifiers go furthest to the right, they fit the training images best, and their test loss ends above that of the pre-trained network nevertheless. At *equal* training loss the pre-trained network has a lower test loss than its twin. We read the curves at three levels
# that both logistic networks pass through (`nan` stands where a curve has no such point: the rectifiers are quick, and may be below 0.25 after one epoch):

# %%
levels = np.array([0.25, 0.15, 0.1])
at_level = {}
for name, path in paths.items():
    way = np.log(np.array(path["train"]))[::-1], np.array(path["test"])[::-1]
    order = np.argsort(way[0])
    at_level[name] = np.interp(np.log(levels), way[0][order], way[1][order], left=np.nan, right=np.nan)
    print(f"{name:12} test loss where the training loss is {levels}: {at_level[name].round(3)}")
assert np.all(at_level["pre-trained"] < at_level["small start"])
assert min(paths["pre-trained"]["test"]) < min(min(paths["small start"]["test"]), min(paths["ReLU"]["test"]))

# %% [markdown]
# Is it perhaps only the *size* of the weights that helps, rather than what they say? There is a control for that. We take the pre-trained weights of each layer and let them change places at random. Their mean, their spread, every
# moment and all biases stay as they are; what each unit looks for is gone.

# %%
show_source(pretraining_study.shuffled)

# %%
control = {"pre-trained": [], "shuffled": [], "small start": []}
for seed in range(3):
    seen = few_labels.labelled_rows(mnist.y_train, 10, seed=seed)
    start = build(COMPETITORS["pre-trained"], SIZES, dbn, seed=seed)
    starts = (start, pretraining_study.shuffled(start, seed=seed), build(COMPETITORS["small start"], SIZES, seed=seed))
    for name, network in zip(control, starts):
        fine_tune(network, X[seen], y[seen], learning_rate=3e-3, epochs=80)
        control[name].append(judge(network, X_test, y_test)["accuracy"])
for name, scores in control.items():
    print(f"{name:12}", np.round(scores, 3), f"mean {np.mean(scores):.3f}")
means = {name: np.mean(scores) for name, scores in control.items()}
share = (means["shuffled"] - means["small start"]) / (means["pre-trained"] - means["small start"])
print(f"share of the gain that is left when the weights have changed places: {share:.2f}")
assert means["pre-trained"] > means["shuffled"] + 0.01
assert means["shuffled"] > means["small start"] + 0.02
assert share > 0.4

# %% [markdown]
# We expected the gain to vanish, and it does not. About half of it or more remains: what a shuffled network still has is the right *scale*, units that respond to images instead of all sitting at one half, and a modern start gives that for nothing. Only the rest is knowledge of what digits look like. A comparison of pre-training
# with nothing but the small start, of which there were many, books both under one name.
#
# ## What fine-tuning changes
#
# How far do the weights travel? Here are units of the first layer before and after fine-tuning with all 4000 labels, and those that began at random.

# %%
before, moved = build(COMPETITORS["pre-trained"], SIZES, dbn, seed=0), {}
for name, labels, tuned in (
    ("pre-trained", 10, networks["pre-trained"]),
    ("pre-trained", 400, full["pre-trained"]),
    ("small start", 400, full["small start"]),
):
    start = build(COMPETITORS[name], SIZES, dbn, seed=0)
    moves = [((b.weight - a.weight).norm() / a.weight.norm()).item() for a, b in zip(start[::2], tuned[::2])]
    moved[name, labels] = moves[:2]
    print(f"{name}, {labels} labels: change of the weights, as a share of their size:", [f"{m:.2f}" for m in moves])
a, b = before[0].weight.detach(), full["pre-trained"][0].weight.detach()
likeness = torch.cosine_similarity(a, b).numpy()
print(f"likeness (cosine) of a filter before and after: median {np.median(likeness):.3f}, least {likeness.min():.3f}")
assert np.median(likeness) > 0.7
assert max(moved["pre-trained", 10]) < min(moved["pre-trained", 400]) < 1 < 5 < min(moved["small start", 400])

# %% mystnb={"image": {"alt": "Three rows of eight images of 28 by 28 weights. The first row shows strokes and dots that units of the deep belief network look for, the second the same units after fine-tuning, nearly unchanged, the third units of the network from a random start, which are noisy."}}
some = np.argsort(-a.norm(dim=1).numpy())[10:90:10]
random_start = full["small start"][0].weight.detach()
some_random = np.argsort(-random_start.norm(dim=1).numpy())[10:90:10]
filters = [W / W.abs().amax(1, keepdim=True) for W in (a[some], b[some], random_start[some_random])]
plot.image_grid(
    torch.cat(filters).reshape(-1, 28, 28).numpy(), n_columns=8, signed=True, figsize=(7, 2.8), label="share of largest"
)
plt.show()

# %% [markdown]
# Above, units of the deep belief network; in the middle, the same units after fine-tuning; below, units of the network from the small start. "Fine" is a figure of speech. With all labels, Adam and the rate that cross-validation chose, the weights of both hidden layers move by more than half of their size. And yet the pictures in the second row are those of the first: what moves is mostly a fine grain on top, spread over all pixels, while stroke and
# position of a filter stay. (With a hundred labels they move less, by not quite half.) The network from a small start moves by more than ten times the size it began with; its filters are noisy and reach to the rim of the image.
#
# ## Depth
#
# Now the claim that made history. Five hidden layers of 100 logistic units: first let us see what arrives at each layer of the gradient, before any training.

# %%
DEEP = (784, *(100,) * 5, 10)
deep = pretraining_study.pretrain(X.numpy(), DEEP[1:-1], n_epochs=12, seed=0)
for name in ("small start", "pre-trained", "Xavier start", "ReLU"):
    sizes = pretraining_study.gradient_sizes(build(COMPETITORS[name], DEEP, deep, seed=0), X, y)
    print(f"{name:12} gradient, lowest layer first:", " ".join(f"{size:.0e}" for size in sizes))
    if name == "small start":
        assert sizes[0] < 1e-6 * sizes[-1]

# %% [markdown]
# Each layer multiplies the error by weights of size 0.01 and by a slope of at most 1/4; with 100 units that makes $0.01 \cdot \sqrt{100}\,/\,4 = 1/40$ for each layer on the way down. The printed steps are of about that size, except the lowest, which is smaller. The gradient of a weight is error times *input*: at the start a hidden unit gives nearly one half to every image, so that the errors of the ten classes, of both signs, cancel in the sum over images; pixels differ from class to
# class and keep part of the sum.

# %%
losses, reached = {}, {}
for name, method, rate in (("small start", "momentum", 0.3), ("small start", "adam", 1e-2), ("pre-trained", "momentum", 0.1), ("ReLU", "adam", 1e-2)):  # fmt: skip
    network = build(COMPETITORS[name], DEEP, deep, seed=0)
    losses[name, method] = fine_tune(network, X, y, learning_rate=rate, method=method, epochs=10).history["train_loss"]
    reached[name, method] = judge(network, X_test, y_test)["accuracy"]
    print(f"{name:12} by {method:8}: loss {losses[name, method][-1]:.4f}, test accuracy {reached[name, method]:.3f}")
print(f"a network that always says one tenth has the loss {math.log(10):.4f}")
assert min(losses["small start", "momentum"]) > 2.25
assert losses["pre-trained", "momentum"][-1] < 0.6
assert reached["small start", "adam"] < 0.4
assert min(reached["pre-trained", "momentum"], reached["ReLU", "adam"]) > 0.85

# %% [markdown]
# There it is. From the small start, with the optimiser of the time, the network does not learn anything at all: the loss stays at $\ln 10$. Adam, which divides every gradient by its own size, does not free it within these ten epochs either. With the optimiser of the time, the *same network* learns at once when it starts
# from a deep belief network. This is the **optimisation** effect, and in 2006 it was a sensation. The record has it for one to six layers, fifteen epochs, three seeds, the better of two rates on held-out training images, and with the modern starts beside it. Each cell has the training and the test accuracy:

# %%
depth_record = records.load("deep_belief/fine_tuning_depth")
deep_rows = {(row["name"], row["method"], row["depth"]): row for row in depth_record["figures"]}
DEPTHS = sorted({depth for *_, depth in deep_rows})
print(f"{'hidden layers':30}" + "".join(f"{depth:>15}" for depth in DEPTHS))
for name, method in dict.fromkeys(key[:2] for key in deep_rows):
    cells = []
    for depth in DEPTHS:
        row = deep_rows[name, method, depth]
        cells.append([np.mean([scores["accuracy"] for scores in row[part]]) for part in ("train", "test")])
    print(f"{name + ', ' + method:30}" + "".join(f"{train:8.3f} {test:6.3f}" for train, test in cells))
score = {key: np.mean([s["accuracy"] for s in row["test"]]) for key, row in deep_rows.items()}
assert max(score["small start", method, depth] for method in ("adam", "momentum") for depth in (4, 6)) < 0.3
assert min(score[name, "adam", 6] for name in ("pre-trained", "Xavier start", "ReLU")) > 0.93
assert max(score[name, "adam", 6] for name in ("pre-trained", "Xavier start", "ReLU")) < score["ReLU", "adam", 1] + 0.01

# %% mystnb={"image": {"alt": "Test accuracy against the number of hidden layers, one to six. The pre-trained network, the Xavier start and ReLU stay near 0.95 at every depth; the small start falls with depth, under momentum from two layers on and down to one tenth, under Adam from three layers on and down to one fifth."}}
figure, ax = plt.subplots(figsize=(6.4, 3.4))
for index, (name, method) in enumerate(dict.fromkeys(key[:2] for key in deep_rows)):
    scores = np.array([[s["accuracy"] for s in deep_rows[name, method, depth]["test"]] for depth in DEPTHS])
    ax.errorbar(
        DEPTHS, scores.mean(1), yerr=scores.std(1, ddof=1), marker="os^Dv"[index], label=f"{name}, {method}", capsize=2
    )
ax.axhline(0.1, color="#777777", ls=":", lw=1)
ax.set(xlabel="hidden layers of 100 units", ylabel="test accuracy", ylim=(0, 1.02))
ax.legend(loc="lower left", fontsize=7.5)
plt.show()

# %% [markdown]
# The curve of the small start under momentum is the history of the subject in five points: one hidden layer works, two are difficult, three or more learn next to nothing. Adam moves the cliff by a layer or two and does not remove it; at three layers it depends on the seed, as the long bar says. (The dotted line is guessing.) The three others, whose curves lie on one another at the top, hardly notice the depth.
#
# The honest reading has two parts. Pre-training *did* solve the problem of depth; its row in the table says so. But so does a start with the right variance, which costs a single line, in the *same* logistic network, and rectifiers do too. As an optimiser, pre-training gave nothing here that the right scale of the weights does not give. On this task, by the way, depth itself gains nothing:
# no network with six layers is clearly better than the best with one.
#
# ## Deep autoencoders
#
# The second triumph of 2006 needs no labels at all. An **autoencoder** (自编码器) sends an image through a narrow layer, the *code*, and is asked to give it back. With linear units it can do no better than principal component analysis (主成分分析). With several layers it could, if only it could be trained; from random starts it was known to answer every image with the
# mean of all images.
#
# Hinton and Salakhutdinov stacked machines, 784–256–128 and a code of $k$ *Gaussian* hidden units in our small version, and **unrolled** them: upwards through the weights with the hidden biases $b^{(l)}$, downwards through the same weights, transposed, with the visible biases $a^{(l)}$:
#
# $$ c = W^{(3)\top} \sigma\bigl(W^{(2)\top}\sigma(W^{(1)\top}x + b^{(1)}) + b^{(2)}\bigr) + b^{(3)}, $$
#
# $$ \hat x = \sigma\bigl(W^{(1)}\sigma(W^{(2)}\sigma(W^{(3)}c + a^{(3)}) + a^{(2)}) + a^{(1)}\bigr). $$
#
# Then back-propagation tunes all six matrices, no longer tied to each other, to the cross-entropy between pixels and reconstruction. (The rate of these autoencoders, 0.003 with Adam, was not searched.)

# %%
show_source(deep_autoencoder.unroll)

# %%
lower = pretraining_study.pretrain(X.numpy(), (256, 128), n_epochs=10, seed=0)
options = {"learning_rate": 0.005, "momentum": 0.8, "batch_size": 100, "n_epochs": 20, "random_state": 0}
top = RestrictedBoltzmannMachine(2, method="cd", hidden="gaussian", **options).fit(lower.transform(X.numpy()))
model = deep_autoencoder.unroll([*(machine.harmonium_ for machine in lower.rbms_), top.harmonium_])
codes = []
watch = {"codes": lambda model: codes.append(model.encoder(X_test).detach().numpy()) or 0.0}
watch["codes"](model)
print(f"unrolled: squared error {deep_autoencoder.squared_error(model, X_test):.1f} per image")
deep_autoencoder.train_autoencoder(model, X, learning_rate=3e-3, epochs=12, metrics=watch)
tuned = deep_autoencoder.squared_error(model, X_test)
print(f"fine-tuned: {tuned:.1f}")

# %%
pca = PCA(2, random_state=0).fit(X.numpy())
by_pca = pca.inverse_transform(pca.transform(X_test.numpy()))
pca_error = ((by_pca - X_test.numpy()) ** 2).sum(1).mean()
mean_error = (X_test - X.mean(0)).square().sum(1).mean().item()
stuck = deep_autoencoder.random_autoencoder((784, 256, 128, 2), generator=torch.Generator().manual_seed(0))
deep_autoencoder.train_autoencoder(stuck, X, learning_rate=0.3, epochs=3, method="momentum")
stuck_error = deep_autoencoder.squared_error(stuck, X_test)
print(
    f"PCA with two components {pca_error:.1f}; the mean image for everyone {mean_error:.1f}; random start, momentum {stuck_error:.1f}"
)
assert tuned < 0.9 * pca_error
assert abs(stuck_error - mean_error) < 0.02 * mean_error

# %% [markdown]
# The random start does what was said of it: its answer to every image is the mean image, and its error is that of the mean. How much of an image is in two numbers? Ask the *code* alone which digit it was, by the five nearest codes of training images:

# %%
with torch.no_grad():
    pairs = {"PCA": (pca.transform(X.numpy()), pca.transform(X_test.numpy()))}
    pairs["autoencoder"] = (model.encoder(X).numpy(), model.encoder(X_test).numpy())
known = {}
for name, (code, code_test) in pairs.items():
    known[name] = KNeighborsClassifier(5).fit(code, mnist.y_train).score(code_test, mnist.y_test)
    print(f"{name:12} digits recognised from two numbers: {known[name]:.3f}")
assert known["autoencoder"] > known["PCA"] + 0.08

# %% mystnb={"image": {"alt": "Two scatter plots of two-dimensional codes of the thousand test images, each drawn as its digit in one of ten colours. Left, principal components: the classes overlap in one cloud. Right, the autoencoder: zeros, ones and sevens lie in regions of their own far from the centre, in which the other digits overlap less than on the left."}}
figure, axes = plt.subplots(1, 2, figsize=(7.2, 3.6))
colours = [plot.PALETTE[d % 7] if d < 7 else ("#000000", "#8A8A8A", "#7A4A12")[d - 7] for d in range(10)]
for ax, (name, (_, code)) in zip(axes, pairs.items()):
    for point, digit in zip(code[:500], mnist.y_test[:500]):
        ax.text(*point, str(digit), color=colours[digit], fontsize=6, ha="center", va="center", clip_on=True)
    low, high = np.percentile(code, [0.5, 99.5], axis=0)
    ax.set(
        xlim=(low[0], high[0]), ylim=(low[1], high[1]), title=name, xlabel="first code unit", ylabel="second code unit"
    )
    ax.grid(False)
plt.show()

# %% [markdown]
# The film shows the codes of the test images while fine-tuning goes on, from the stack's own codes (first frame) to the end. Digits of one class that were neighbours in a round cloud are pulled out into regions of their own.

# %%
figure, ax = plt.subplots(figsize=(4.4, 4.4))
points = ax.scatter(*codes[0].T, c=[colours[d] for d in mnist.y_test], s=5)


def show_codes(i):
    low, high = np.percentile(codes[i], [0.5, 99.5], axis=0)
    points.set_offsets(codes[i])
    ax.set(
        xlim=(low[0], high[0]),
        ylim=(low[1], high[1]),
        xlabel="first code unit",
        ylabel="second code unit",
        title=f"epoch {i}",
    )


plot.animate(
    show_codes,
    len(codes),
    figure,
    interval=300,
    alt="Codes of the test images, coloured by digit, in the course of fine-tuning: a round cloud spreads out, and zeros, ones and sevens move into regions of their own.",
)

# %%
auto = records.load("deep_belief/fine_tuning_autoencoder")
print(f"squared error per test image; the mean image has {auto['mean_image']:.1f}")
error = {(row["name"], row["code"]): np.array(row["test"]) for row in auto["figures"]}
for (name, code), values in error.items():
    print(f"code of {code:2}: {name:22} {values.mean():6.2f} (seeds {values.min():.2f} to {values.max():.2f})")
longer = auto["longer"]
print(f"code of 30, {longer['epochs']} epochs, one seed: ", end="")
print({name: round(longer[name]["test"], 2) for name in ("pre-trained", "ReLU")})
assert error["pre-trained", 2].max() < min(error["ReLU", 2].min(), error["PCA", 2].min())
assert error["ReLU", 30].max() < min(error["pre-trained", 30].min(), error["PCA", 30].min())
assert longer["ReLU"]["test"] < longer["pre-trained"]["test"] < error["PCA", 30].min()
assert min(error["small start", code].min() for code in (2, 30)) > 0.85 * auto["mean_image"]

# %% mystnb={"image": {"alt": "Three rows of ten digits: test images, their reconstructions from two principal components, which all look like blurred mixtures of 0, 3 and 9, and their reconstructions from two code units of the autoencoder, which are more distinct, for several of them as the wrong digit."}}
pick = [int(np.flatnonzero(mnist.y_test == digit)[0]) for digit in range(10)]
rebuilt = model.reconstruct(X_test[pick]).numpy()
pictures = np.concatenate([X_test[pick].numpy(), np.clip(by_pca[pick], 0, 1), rebuilt]).reshape(-1, 28, 28)
plot.image_grid(pictures, n_columns=10, cmap="gray_r", figsize=(7, 2.2))
plt.show()

# %% [markdown]
# Test images above, what two principal components keep of them in the middle, what the code of two units keeps below. From two components nearly everything looks like a blurred mixture; two units of the code name a place on a bent surface, and there lies something more like a digit, often the wrong one. Four or five digits in ten are still confused: two numbers are few. Thirty components are a much stronger opponent: after 12 epochs the tuned stack is still a little behind them, and a training four times as long takes it past them.
#
# The rows of the record that begin at random say what became of the second triumph. Under Adam, rectifiers from He's start train at once and need no stack. After as many epochs they are behind it with two units of code, where the narrow passage is hardest to learn, and clearly ahead with thirty, after the longer training too. The logistic network from the small start, even under Adam, is not much better than the mean image.
#
# (Hinton and Salakhutdinov, with 60,000 images, 1000–500–250 units and far longer training, reported squared errors of 3.0 for thirty code units and 13.9 for principal components. Ours are not
# comparable: fewer images, a small network, and 12 epochs.)
#
# ## The other way: shared weights
#
# Zhou's section 5.6 names two ways to make the training of large networks bearable. One is pre-training and fine-tuning. The other is **weight sharing** (权共享), and its example is the **convolutional network** (卷积神经网络) of his figure 5.15, LeCun's LeNet. A unit of the first layer sees a patch of 5 × 5 pixels only; and all units of one *map* have the same 25 weights, so that they look for the same thing at
# all places:
#
# $$ z_k(i, j) = b_k + \sum_{p, q} w_k(p, q)\, x(i + p,\, j + q). $$
#
# Between such layers the maps are made smaller: *max pooling* keeps the largest of each block of 2 × 2 numbers, so that where exactly a stroke was found matters less.

# %%
show_source(small_cnn.LeNet.forward)

# %%
lenet = small_cnn.LeNet(generator=torch.Generator().manual_seed(0))
print("layer    units  parameters  connections")
layers = small_cnn.count_layers(lenet)
for layer in layers:
    print(f"{layer.name:6} {layer.units:7} {layer.parameters:11} {layer.connections:12}")
shared, unshared = sum(layer.parameters for layer in layers), sum(layer.connections for layer in layers)
dense = sum(p.numel() for p in full["ReLU"].parameters())
print(f"in all {shared} parameters; without sharing {unshared}; our perceptron with two layers has {dense}")
assert layers[0].parameters == 156
assert layers[0].connections == 122304

# %% [markdown]
# 156 parameters do the work of 122,304 connections in the first layer. The gradient of a shared weight is the sum of the gradients that its copies would have, one for each place; for back-propagation nothing else is new. Exercise 5.10 of Zhou's book asks to build such a network and to try it on MNIST:

# %%
x = torch.rand(3, 2, 9, 8, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
kernel = torch.randn(4, 2, 5, 5, dtype=torch.float64, generator=torch.Generator().manual_seed(1), requires_grad=True)
copies = kernel.detach()[..., None, None].repeat(1, 1, 1, 1, 5, 4).requires_grad_()
apart = small_cnn.locally_connected(x, copies, torch.zeros(4, 5, 4, dtype=torch.float64))
together = nn.functional.conv2d(x, kernel)
slopes = torch.autograd.grad(together.square().sum(), kernel)[0], torch.autograd.grad(apart.square().sum(), copies)[0]
print(f"outputs differ by {(apart - together).abs().max():.0e}; sum over the copies by {(slopes[1].sum((-2, -1)) - slopes[0]).abs().max():.0e}")  # fmt: skip
assert torch.allclose(slopes[1].sum((-2, -1)), slopes[0])

# %%
fine_tune(lenet, X, y, learning_rate=3e-3, epochs=6)
cnn_score = judge(lenet, X_test, y_test)["accuracy"]
print(
    f"LeNet after six epochs: test accuracy {cnn_score:.3f}; in the record, after thirty: {accuracies('LeNet', 400).mean():.3f}"
)
assert cnn_score > accuracies("ReLU, dropout", 400).mean() - 0.015

# %% mystnb={"image": {"alt": "A test image and what LeNet's maps make of it: six maps of the first convolution with strokes of different directions, and the sixteen smaller maps of the second."}}
with torch.no_grad():
    first = nn.functional.relu(lenet.C1(X_test[:1].reshape(1, 1, 28, 28)))
    second = nn.functional.relu(lenet.C3(nn.functional.max_pool2d(first, 2)))
maps = [X_test[0].reshape(28, 28), *first[0], *nn.functional.interpolate(second, size=28)[0]]
titles = ["image", *(f"C1, {k}" for k in range(1, 7)), *(f"C3, {k}" for k in range(1, 17))]
plot.image_grid(np.stack([m / max(m.max(), 1e-9) for m in maps]), titles=titles, n_columns=8, figsize=(7, 3.1))
plt.show()

# %% [markdown]
# Six epochs are enough to come level, within a point or so, with the best perceptrons of this section, which had thirty. The maps show what is shared: each map of C1 looks for one kind of edge or stroke wherever it is, though some are much alike and not all answer to this image. That a stroke is the same stroke three pixels further on does not have to be learnt again. Zhou's remark on pre-training, that it finds good settings group by group and then joins them, and sharing, which lets a group have *one* setting,
# are two answers to one question: too many weights, too few labels.
#
# ## Checked against PyTorch, scikit-learn and SciPy
#
# Three checks: the copy of the weights, the last layer alone, and one map of the convolution, with the row of support vectors made again. The network that fine-tuning starts from must *be* the inference of the deep belief network. In double precision:

# %%
network = build(COMPETITORS["pre-trained"], SIZES, dbn, seed=0).double()
features = torch.as_tensor(dbn.transform(mnist.X_test))
gap = (network(X_test.double()) - network[-1](torch.as_tensor(dbn.transform(X_test.double().numpy())))).abs().max()
print(f"classifier against transform and a linear layer: {gap:.0e}")
assert gap < 1e-12

# %% [markdown]
# If only the output layer learns, on frozen features, fine-tuning is logistic regression. We minimise the same penalised loss with PyTorch's quasi-Newton method and compare with scikit-learn:

# %%
inputs, C = torch.as_tensor(dbn.transform(mnist.X_train[rows])), 0.1
peer = LogisticRegression(C=C, max_iter=5000, tol=1e-10).fit(inputs.numpy(), mnist.y_train[rows])
readout = nn.Linear(256, 10).double()
optimizer = torch.optim.LBFGS(readout.parameters(), max_iter=2000, tolerance_grad=1e-10, tolerance_change=1e-14, line_search_fn="strong_wolfe")  # fmt: skip


def penalised():
    optimizer.zero_grad()
    value = nn.functional.cross_entropy(readout(inputs), y[rows], reduction="sum") + readout.weight.square().sum() / (
        2 * C
    )
    value.backward()
    return value


optimizer.step(penalised)
gap = np.abs(readout(features).softmax(1).detach().numpy() - peer.predict_proba(features.numpy())).max()
print(f"largest difference of a probability: {gap:.0e}")
assert gap < 1e-3

# %%
image, weight = mnist.X_test[0].reshape(28, 28), lenet.C1.weight.detach().double().numpy()
peer_map = scipy.signal.correlate2d(image, weight[2, 0], mode="same") + lenet.C1.bias[2].item()
gap = np.abs(lenet.double().C1(torch.as_tensor(image)[None, None])[0, 2].detach().numpy() - peer_map).max()
svm = few_labels.fit_reference("support vectors", table["support vectors", 400]["choice"], mnist.X_train, mnist.y_train)
svm_score = svm.score(mnist.X_test, mnist.y_test)
print(f"convolution against SciPy: {gap:.0e}; support vectors with all labels: {svm_score:.3f}, as in the record")
assert gap < 1e-12
assert abs(svm_score - accuracies("support vectors", 400).mean()) < 0.005

# %% [markdown]
# ## What goes wrong
#
# **Pre-training with a bad rate.** Nothing in the method notices when it is not working: fine-tuning starts from whatever it is given. Three rates of *pre-training*, everything else equal:

# %%
by_rate = {}
for rate in (0.001, 0.1, 1.0):
    other = pretraining_study.pretrain(X.numpy(), (256, 256), n_epochs=3, learning_rate=rate, seed=0)
    network = build(COMPETITORS["pre-trained"], SIZES, other, seed=0)
    spread = other.rbms_[0].transform(X_test.numpy()).std(axis=0).mean()
    fine_tune(network, X[rows], y[rows], learning_rate=3e-3, epochs=100)
    by_rate[rate] = judge(network, X_test, y_test)["accuracy"]
    print(f"rate {rate:5}: a first-layer unit varies over the images by {spread:.3f}; fine-tuned {by_rate[rate]:.3f}")
assert by_rate[0.1] > by_rate[0.001] + 0.01
assert by_rate[1.0] < 0.4

# %% [markdown]
# A rate that is too small leaves the machines where they began, and we are nearly back at the small start. A rate that is too large is worse than no pre-training at all: the first steps throw the units so far to one side that they give the same answer to every image, and back-propagation, which multiplies by their slope, cannot call them back. Watch the
# spread of the hidden units *before* you fine-tune; the accuracy tells you too late.
#
# **A pre-trained network judged against a straw man.** Beside the small start of 2006 everything looks good. With many labels the gain over what one would do today is gone:

# %%
for rival in ("small start", "ReLU", "ReLU, dropout", "LeNet", "support vectors"):
    gap = gaps[rival, 400]
    print(f"all labels, pre-trained minus {rival:16}: {gap.mean:+.3f} ({gap.low:+.3f} to {gap.high:+.3f})")

# %% [markdown]
# ## The full size
#
# Hinton, Osindero and Teh (2006) trained 784–500–500–2000 units on the 60,000 images of MNIST, with label units beside the last layer but one, refined all weights by the up–down algorithm and reported 1.25% errors. That number belongs to the *generative* network, not to fine-tuning by back-propagation, and we have not reproduced it. The cell below pre-trains and fine-tunes
# layers of the same sizes where the optional data and a GPU are at hand.

# %% tags=["gpu"]
if device.type == "cuda":
    large = load_mnist()
    deep_large = pretraining_study.pretrain(large.X_train, (500, 500, 2000), n_epochs=30, device=device, seed=0)
    network = deep_large.to_classifier(10)
    data, target = torch.tensor(large.X_train, device=device), torch.tensor(large.y_train, device=device)
    fine_tune(network, data, target, learning_rate=1e-3, epochs=30)
    scores = judge(network, torch.tensor(large.X_test, device=device), torch.tensor(large.y_test, device=device))
    print(f"784-500-500-2000-10 on the full MNIST: {1 - scores['accuracy']:.2%} errors")
else:
    print(
        "skipped: 784-500-500-2000-10 on the full MNIST takes a CUDA device, the optional data (12 MB) and some minutes"
    )

# %% [markdown]
# ## What remains of the idea
#
# Four statements, each with its evidence on this page.
#
# - *As an optimiser* pre-training has been replaced. A start of the right scale, and units that do not saturate, train six layers at once and cost nothing.
# - *As a regulariser* it still does something: with up to thirty labels for each class it was clearly ahead of every other perceptron here. It uses images that nobody has labelled, and no initialisation can do that.
# - *Knowledge that is built in* can beat knowledge that has to be found: the convolutional network, which knows only that strokes may be anywhere, was ahead of everything else, in the mean, from thirty labels for each class on.
# - The *recipe* is alive: learn from everything first, without labels, then tune on the few labelled examples. What has changed is the first task. It is no longer the likelihood of a model with hidden units, whose gradient takes Gibbs chains, but a puzzle that the data set themselves: to guess masked words (BERT) or image patches (masked autoencoders), to recognise two views of one picture (SimCLR). That is **self-supervised** pre-training (自监督预训练),
#   and there all layers are trained at once, by plain back-propagation.
#
# Relatives that one meets in the same literature, all of them made of the parts of this chapter: the **deep Boltzmann machine** (深度玻尔兹曼机), in which all connections stay undirected, so that a layer listens to both its neighbours,
#
# $$ p(h^{(1)}_j = 1 \mid v, h^{(2)}) = \sigma\Bigl(b_j + \sum_i W^{(1)}_{ij} v_i + \sum_k W^{(2)}_{jk} h^{(2)}_k\Bigr), $$
#
# and inference is no longer one pass upwards; machines with units of the **exponential family**, of which the Gaussian code above is one; and the **convolutional deep belief network** (卷积深度信念网络), which joins the two halves of this section: a restricted Boltzmann machine whose weights are shared over all places.
#
# ## Exercises
#
# **1.** Which parameters of the deep belief network does the classifier of figure 12.7 never see? Would pre-training be of any use if they were left out of it too?
#
# <details>
# <summary>Answer</summary>
#
# The visible biases of all machines, and everything that only serves the way down. They cannot be left out of pre-training: without visible biases the hidden units would have to explain the mean image, and their weights would be others.
# </details>
#
# **2.** Show that in a layer of $n$ logistic units with weights of standard deviation $s$, at the start and near the middle of the curve, the error signal shrinks by $s\sqrt n/4$ on its way down. Which $s$ keeps it, for $n = 100$?
#
# <details>
# <summary>Answer</summary>
#
# A unit below receives the sum of $n$ error signals times independent weights, of variance $n s^2$ times theirs, and multiplies by its slope, at most 1/4. It is kept if $s = 4/\sqrt n = 0.4$. Xavier's rule with the factor 4 says $4\sqrt{2/(100 + 100)} = 0.4$.
# </details>
#
# **3.** (Exercise 5.10 of Zhou's book.) Train LeNet as far as you can with 4000 images. Does augmentation, from the section on [regularisation](../optimization/regularization.ipynb), still help a network that shares its weights?
#
# <details>
# <summary>Hint</summary>
#
# Put `RandomAugmentation(shape=(28, 28), ...)` before `LeNet()` in an `nn.Sequential`. Sharing over places says that a stroke may be *shifted*; turning, scaling and bending are not built in.
# </details>
#
# **4.** In LeCun's network the third layer is not complete: six of its maps read three maps each, nine read four, one reads all six. How many parameters has it then?
#
# <details>
# <summary>Answer</summary>
#
# $6 \cdot 3 + 9 \cdot 4 + 6 = 60$ kernels of 25 weights, and 16 biases: 1516, instead of 2416.
# </details>
#
# **5.** Why is the code of the autoencoder made of Gaussian units, while all other layers are binary?
#
# <details>
# <summary>Answer</summary>
#
# Two binary units have four states; the machine that trains them would know four kinds of images. Two real numbers can take any value, and linear units do not press them into a square.
# </details>
#
# **6.** Invent data on which pre-training does *not* help, however few labels there are.
#
# <details>
# <summary>Hint</summary>
#
# The pre-training learns $p(x)$, the task is $p(y \mid x)$. Add one random pixel to every image and let the class be its value: a model of the images gains almost nothing from it and drops it. That $p(x)$ should say anything about $p(y \mid x)$ is an assumption, true where classes are clusters.
# </details>
#
# **7.** In the shuffled control the weights of a layer change places among *all* its entries. Shuffle within each unit instead, and then within each pixel. What does each of the two keep?
#
# <details>
# <summary>Hint</summary>
#
# Within a unit: its length, so that strong units stay strong. Within a pixel: that pixels of the border have small weights. Take the mean over several seeds before you believe a difference.
# </details>
#
# ## Summary
#
# - The way up through a deep belief network is a multilayer perceptron. Put a softmax on top and go on with back-propagation.
# - With few labels the pre-trained network is clearly ahead of the same network from a small start, and of rectifiers, at *equal training error*: it generalises better. A good part of the gain over the small start is the scale of its weights. A linear classifier on the frozen features does as well, up to a hundred labels for each class.
# - Rectifiers with dropout have caught up at a hundred labels for each class, without it at 400; then the gain of pre-training over a modern network is gone.
# - With many layers of logistic units the small start does not train at all, because the error loses a factor of about 40 in every layer on its way down. Pre-training cured that, and so does a start of the right scale.
# - A stack unrolls into a deep autoencoder, whose two numbers say more about a digit than two principal components do.
# - Sharing weights over places was the better idea for images. Learning from unlabelled data first is the idea that stayed.
#
# ## Sources
#
# - Qiu (2019), 《神经网络与深度学习》, section 12.3.2 and figure 12.7, [nndl.github.io](https://nndl.github.io/); Zhou (2016), 《机器学习》, section 5.6, figure 5.15 and exercise 5.10.
# - Hinton, Osindero and Teh (2006), A fast learning algorithm for deep belief nets, [doi:10.1162/neco.2006.18.7.1527](https://doi.org/10.1162/neco.2006.18.7.1527).
# - Hinton and Salakhutdinov (2006), Reducing the dimensionality of data with neural networks, [doi:10.1126/science.1127647](https://doi.org/10.1126/science.1127647).
# - Bengio, Lamblin, Popovici and Larochelle (2007), Greedy layer-wise training of deep networks, Advances in Neural Information Processing Systems 19.
# - Erhan, Bengio, Courville, Manzagol, Vincent and Bengio (2010), Why does unsupervised pre-training help deep learning?, Journal of Machine Learning Research 11, 625–660.
# - Glorot and Bengio (2010), Understanding the difficulty of training deep feedforward neural networks, and Glorot, Bordes and Bengio (2011), Deep sparse rectifier neural networks, both AISTATS.
# - LeCun, Bottou, Bengio and Haffner (1998), Gradient-based learning applied to document recognition, [doi:10.1109/5.726791](https://doi.org/10.1109/5.726791).
# - Salakhutdinov and Hinton (2009), Deep Boltzmann machines, AISTATS; Welling, Rosen-Zvi and Hinton (2005), Exponential family harmoniums, Advances in Neural Information Processing Systems 17; Lee, Grosse, Ranganath and Ng (2009), Convolutional deep belief networks,
#   [doi:10.1145/1553374.1553453](https://doi.org/10.1145/1553374.1553453).
# - Devlin, Chang, Lee and Toutanova (2019), BERT, [arXiv:1810.04805](https://arxiv.org/abs/1810.04805); Chen, Kornblith, Norouzi and Hinton (2020), SimCLR, [arXiv:2002.05709](https://arxiv.org/abs/2002.05709); He and others (2022), Masked autoencoders,
#   [arXiv:2111.06377](https://arxiv.org/abs/2111.06377).
