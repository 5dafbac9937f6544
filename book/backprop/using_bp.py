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
# # Using BP networks (BP 网络的应用)
#
# What is a trained network good for, and what does one do when training gets stuck or goes too far? Textbooks list four uses of
# a BP network. We put each of them to work on real data, always beside the method that a specialist would use instead, because a
# network that loses to a ruler should not be bought. Then we turn to the two classical complaints about training: that it learns
# too much, and that it settles in the wrong valley.
#
# **You need:** the sections on [multilayer perceptrons](multilayer_perceptron.ipynb) and [back-propagation](backpropagation.ipynb).
#
# **Time to run:** see the [Execution](../execution.md) page. About 30 seconds on one core.
#
# | Use | What goes in | What comes out | Here |
# |---|---|---|---|
# | function approximation (函数逼近) | a few numbers | a number | a noisy sine; the density of water |
# | pattern recognition (模式识别) | a distorted pattern | its name | letters under noise and shifts |
# | classification (分类) | features | a class | handwritten digits |
# | data compression (数据压缩) | a block of pixels | the same block | a photograph through a bottleneck |
#
# The recipe never changes: choose inputs and targets, choose the output layer, descend. What changes is what counts as success.

# %% tags=["install", "hide-cell"]
# Only where the package is missing, as on Colab.
import importlib.util

if importlib.util.find_spec("nndl_support") is None:
    print("This notebook needs the package nndl_support: run pip install '.[data]' in a copy of its repository.")

# %%
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
from sklearn.metrics import log_loss
from sklearn.neighbors import KNeighborsClassifier

from nndl_support import annealing, plot
from nndl_support.backprop import compression, escaping_minima, genetic, many_networks, network, strategies
from nndl_support.backprop.mlp import MLPClassifier, MLPRegressor
from nndl_support.data.digits import load_digits, load_mnist_5k
from nndl_support.data.letters import distort, load_letters
from nndl_support.data.water import load_water_density, water_density
from nndl_support.source import show_source

plot.use_style()

# %% [markdown]
# ## Use 1: function approximation
#
# A hidden layer with enough S-shaped units can follow any continuous curve on a bounded interval; that is the theorem of universal
# approximation from the section on multilayer perceptrons. It says nothing about noise, about how long descent takes, or about
# what happens outside the interval. So we try: sixty noisy measurements of $\tfrac{3}{2}\sin x$, twenty tanh units.
#
# One decision has to be made first, the **output layer** (输出层). A *linear* output $\hat y = w^\top h + b$ can take any value. An
# *S-shaped* output $\hat y = \tanh(w^\top h + b)$ is confined to $(-1, 1)$, whatever the weights. Both networks below are the same in
# every other respect.

# %%
rng = np.random.default_rng(0)
x = np.sort(rng.uniform(-np.pi, np.pi, 60))[:, None]
y = 1.5 * np.sin(x[:, 0]) + 0.1 * rng.standard_normal(60)
shared = {
    "activation": "tanh",
    "batch_size": 10,
    "learning_rate": 0.05,
    "max_epochs": 1500,
    "schedule": "linear",
    "alpha": 0,
}
linear = MLPRegressor(20, output_activation="identity", random_state=0, **shared).fit(x, y)
s_shaped = MLPRegressor(20, output_activation="tanh", random_state=0, **shared).fit(x, y)

# %% [markdown]
# How badly *must* the confined network do? No output beyond $\pm 1$ means that it can come no closer to the true curve $f$ than the
# curve cut off at $\pm 1$. That is a bound in closed form, and nothing that training does can beat it.

# %%
grid = np.linspace(-np.pi, np.pi, 1001)[:, None]
curve = 1.5 * np.sin(grid[:, 0])
bound = np.sqrt(np.mean((curve - np.clip(curve, -1, 1)) ** 2))
linear_error, s_error = (np.sqrt(np.mean((model.predict(grid) - curve) ** 2)) for model in (linear, s_shaped))
print(f"RMS error: linear output {linear_error:.3f}, tanh output {s_error:.3f}, its bound {bound:.3f}")
assert linear_error < 0.1 < bound <= s_error

# %% mystnb={"image": {"alt": "Left panel: a network with linear output follows the sine through noisy points inside the grey training interval and a little beyond, then drifts away from it. Right panel: a network with tanh output climbs with the sine, is cut off at plus and minus one, and never turns back."}}
wide = np.linspace(-3 * np.pi, 3 * np.pi, 601)[:, None]
figure, axes = plt.subplots(1, 2, figsize=(7, 3.2), sharey=True)
for ax, model, title in zip(axes, (linear, s_shaped), ("linear output", "S-shaped output")):
    ax.axvspan(-np.pi, np.pi, color="#DDDDDD", alpha=0.6, label="training interval")
    ax.plot(wide, 1.5 * np.sin(wide), "--", color=plot.PALETTE[6], label=r"$\frac{3}{2}\sin x$")
    ax.plot(x, y, ".", color=plot.PALETTE[4], label="data")
    ax.plot(wide, model.predict(wide), color=plot.PALETTE[0], label="network")
    ax.set(title=title, xlabel="$x$ (rad)", ylim=(-4, 4))
axes[0].set_ylabel("$y$")
axes[1].legend(fontsize=7, loc="lower right")
plt.show()

# %% [markdown]
# Inside the grey interval the linear output smooths the noise away. The S-shaped one is sawn off at its limits, and worse: it does not
# even turn back where the curve does, so it stays above its bound. Targets beyond the limit push the output into saturation, and there the
# derivative $1 - \hat y^2$ vanishes, and every $\delta$ with it. The remedy is to squeeze the *targets* into the limits before training:

# %%
squeezed = MLPRegressor(20, output_activation="tanh", random_state=0, **shared).fit(x, y / 2)
squeezed_error = np.sqrt(np.mean((2 * squeezed.predict(grid) - curve) ** 2))
print(f"RMS error with targets halved for the tanh output: {squeezed_error:.3f}")
assert squeezed_error < 0.1

# %% [markdown]
# With targets inside its limits the S-shaped output learns the whole curve too. Outside the grey interval neither network in the figure
# continues the sine. A sum of tanh units has no idea of periodicity: away from the data one unit after another saturates, and the output
# levels off. A network **interpolates**; its **extrapolation** (外推) is an accident of its activation function.
#
# So choose the output by the target. Unbounded quantities want a linear output. Quantities with limits, such as a probability, a
# concentration or a grey value, want the S-shaped output whose limits are the same: it cannot return nonsense. The
# opposite failure, a linear output that leaves the range of a pixel, waits under Use 4.
#
# ### A real function: how dense is water?
#
# Water is densest near 4 °C, which is why lakes freeze from above. From the density at 0, 10, …, 100 °C, can a network tell the density in
# between? The numbers come from Kell's (1975) fit to measurements, which holds up to 150 °C. Inputs and targets are scaled to about
# $\pm 1$: with raw numbers near 1000, no learning rate is both stable and fast enough.

# %%
water = load_water_density()
middle, spread = water.y_train.mean(), water.y_train.std()
density = MLPRegressor(8, activation="tanh", update="accumulated", learning_rate=0.1, max_epochs=20_000, alpha=0)
density.set_params(random_state=1).fit(water.X_train / 50 - 1, (water.y_train - middle) / spread)


def read_off(t):
    """Density in kg/m³ at temperatures (N, 1) in °C, as the network reads it."""
    return density.predict(t / 50 - 1) * spread + middle


worst = np.abs(read_off(water.X_test) - water.y_test).max()
beyond = np.abs(read_off(water.X_beyond) - water.y_beyond).max()
print(f"worst error between the points {worst:.2f} kg/m³, beyond 100 °C {beyond:.1f} kg/m³")
assert worst < 0.2
assert beyond > 20 * worst

# %% [markdown]
# The densities span about forty kg/m³, so the worst miss between the points is less than half a per cent of the range. The
# specialist's method for a smooth curve through exact points is a cubic spline (三次样条), and it takes one line.

# %% mystnb={"image": {"alt": "Absolute error of the density against temperature on a logarithmic axis. Between 0 and 100 degrees the network's error arches up to about a tenth, and the spline stays at least ten times below it; at 150 degrees the network is off by some twenty kilograms per cubic metre, the spline by less than one."}}
from scipy.interpolate import CubicSpline

spline = CubicSpline(water.X_train[:, 0], water.y_train)
t = np.linspace(0, 150, 400)
miss = {"network": read_off(t[:, None]) - water_density(t), "cubic spline": spline(t) - water_density(t)}
figure, ax = plt.subplots(figsize=(7, 3))
for (name, value), colour, line in zip(miss.items(), plot.PALETTE, ("-", "--")):
    ax.semilogy(t, np.abs(value), line, color=colour, label=name)
ax.axvspan(0, 100, color="#DDDDDD", alpha=0.6, label="training interval")
ax.set(xlabel="temperature (°C)", ylabel="|error| (kg/m³)", ylim=(1e-5, 100))
ax.legend()
plt.show()

# %%
spline_worst = np.abs(spline(water.X_test[:, 0]) - water.y_test).max()
print(f"worst error between the points: spline {spline_worst:.3f} kg/m³, network {worst:.3f} kg/m³")
assert spline_worst < worst / 10

# %% [markdown]
# The spline wins clearly. One input, no noise, a smooth curve: this is its home ground, and a network is the wrong tool for a table. Networks
# earn their keep when inputs are many, because a grid of knots grows exponentially with their number while a hidden layer does not.
# The remaining uses have 64, 196 and 784 inputs.
#
# ## Use 2: pattern recognition
#
# A classical classroom example: recognise the letters A to Z, drawn on a small grid of pixels, although noise covers them. Here are
# letters in a typeface that comes with matplotlib, 14 × 14 pixels, and below them the same with Gaussian noise of standard deviation 0.6.

# %% mystnb={"image": {"alt": "Two rows of thirteen letters from A to M as small grey images: clean above, and below the same letters under noise so strong that several can hardly be read."}}
letters = load_letters(("DejaVuSans",))
noisy = distort(letters.X, 1, noise=0.6, rng=np.random.default_rng(3))
images = np.clip(np.vstack([letters.X[:13], noisy[:13]]), 0, 1).reshape(-1, 14, 14)
plot.image_grid(images, n_columns=13, figsize=(7, 1.3), cmap="gray_r")
plt.show()

# %% [markdown]
# Two networks of the same shape learn. One sees the 26 clean letters, again and again, until it names them all. The other never sees the
# same image twice: every epoch covers the letters with fresh noise.
#
# There is a referee. If each letter is equally likely and the noise is Gaussian, independent and of equal strength in all pixels, then no rule
# whatever errs less often than the **nearest template** (最近模板): the most probable letter given the image $x$ is
# $\arg\max_k \exp(-\lVert x - t_k \rVert^2 / 2\sigma^2) = \arg\min_k \lVert x - t_k \rVert$. Its error is the Bayes error (贝叶斯误差).

# %%
clean = MLPClassifier(100, activation="logistic", update="accumulated", learning_rate=0.5, max_epochs=400)
twice, names = np.repeat(letters.X, 2, axis=0), np.repeat(letters.y, 2)
clean.set_params(random_state=0).fit(twice, names)
trained = MLPClassifier(100, activation="logistic", learning_rate=0.1, alpha=0, random_state=0)
rng = np.random.default_rng(0)
for _ in range(80):
    trained.partial_fit(distort(letters.X, 40, noise=0.8, rng=rng), np.repeat(letters.y, 40), classes=np.arange(26))

# %%
nearest = KNeighborsClassifier(1).fit(twice, names)
levels = np.arange(0, 1.3, 0.1)
truth = np.repeat(letters.y, 100)
errors = {"trained on clean letters": [], "trained under noise": [], "nearest template (Bayes)": []}
for level in levels:
    X = distort(letters.X, 100, noise=level, rng=np.random.default_rng(7))
    for name, rule in zip(errors, (clean, trained, nearest)):
        errors[name].append(1 - rule.score(X, truth))
for name, values in errors.items():
    print(f"wrong at noise {levels[6]:.1f}, {name}: {values[6]:.3f}")
at_06 = [values[6] for values in errors.values()]
assert at_06[0] > 2 * at_06[1] > 2 * at_06[2]

# %% mystnb={"image": {"alt": "Share of wrong letters against the standard deviation of the noise. All three curves start at zero; the network trained on clean letters rises first, the one trained under noise clearly later, and the nearest template last."}}
figure, ax = plt.subplots(figsize=(7, 3))
plot.loss_curves(errors, steps=dict.fromkeys(errors, levels), ax=ax, ylabel="share of wrong letters")
ax.set_xlabel("standard deviation of the noise (ink = 1)")
plt.show()

# %% [markdown]
# Both networks know all clean letters by heart, yet the one that trained under noise errs less than half as often at noise 0.6. Noise in training is
# not a nuisance but information: it tells the network which differences do not matter. The Bayes curve stays below both, as it must.
# So why not always match templates? Because the referee knew everything: the exact templates, and that nothing but noise happens to them.
# Let letters also move by up to two pixels.

# %%
mover = MLPClassifier(150, learning_rate=0.05, alpha=0, random_state=0)
for _ in range(40):
    mover.partial_fit(
        distort(letters.X, 60, noise=0.3, shift=2, rng=rng), np.repeat(letters.y, 60), classes=np.arange(26)
    )
moved = distort(letters.X, 100, noise=0.3, shift=2, rng=np.random.default_rng(8))
template_rate, still_rate, mover_rate = (rule.score(moved, truth) for rule in (nearest, trained, mover))
print(f"right: template {template_rate:.3f}, trained without shifts {still_rate:.3f}, with {mover_rate:.3f}")
assert mover_rate > 0.9 > 0.3 > max(template_rate, still_rate)

# %% [markdown]
# The optimal rule of a moment ago now fails most of the time, and so does the network that never saw a shift. The network that did reads
# nine letters in ten and more. Showing a network the distortions it will meet, **data augmentation** (数据增强), is still among the most effective things one can
# do for it; building the distortion into the architecture, as convolutional networks do with shifts, goes one step further.
#
# ## Use 3: classification
#
# MNIST-5k holds 5000 handwritten digits of 28 × 28 pixels, 4000 to learn from and 1000 to be judged by. One hidden layer of 256 units, a softmax output, twelve
# epochs; beside it the same estimator without a hidden layer, which is softmax regression, and the nearest neighbour.

# %%
mnist = load_mnist_5k()
reader = MLPClassifier(256, learning_rate=0.05, schedule="linear", max_epochs=12, random_state=0)
flat = MLPClassifier((), learning_rate=0.02, schedule="linear", max_epochs=12, random_state=0)
neighbour = KNeighborsClassifier(1)
accuracy = {}
for name, model in {"network": reader, "without hidden layer": flat, "nearest neighbour": neighbour}.items():
    accuracy[name] = model.fit(mnist.X_train, mnist.y_train).score(mnist.X_test, mnist.y_test)
    print(f"{name}: test accuracy {accuracy[name]:.3f}")
train_accuracy = reader.score(mnist.X_train, mnist.y_train)
print(f"the network on its training images: {train_accuracy:.3f}")
assert accuracy["network"] >= 0.945 > accuracy["nearest neighbour"] > accuracy["without hidden layer"]
assert train_accuracy > 0.999

# %% mystnb={"image": {"alt": "Sixteen handwritten digits that the network misread with the highest confidence; above each image stands the true digit and the digit the network saw. Several are ambiguous to a human reader too."}}
p = reader.predict_proba(mnist.X_test)
wrong = np.flatnonzero(p.argmax(axis=1) != mnist.y_test)
worst = wrong[np.argsort(-p[wrong].max(axis=1))[:16]]
titles = [f"{mnist.y_test[i]} → {p[i].argmax()}" for i in worst]
plot.image_grid(mnist.X_test[worst].reshape(-1, 28, 28), titles=titles, n_columns=8, cmap="gray_r", figsize=(7, 2.3))
plt.show()

# %% [markdown]
# These are its most confident mistakes, the true digit left of each arrow and the network's reading right of it. Some are anyone's mistake: sevens with
# a hook, fours that close at the top. Note the other number as well: every training image is classified correctly. A network that
# makes no mistake on what it has seen, and one in twenty on what it has not, has learnt some things that are not so.
#
# ## Learning too much
#
# Zhou (2016, section 5.3) names two remedies for **overfitting** (过拟合). **Early stopping** (早停, 提前停止): hold some examples back and stop
# when the error on them no longer falls. **Weight penalty** (权重惩罚, 正则化): add the squared weights to the objective, so that a weight must earn its size. We
# make the illness severe to see the remedies work: only 1000 training images, and of their labels 30 % are redrawn at random, as if
# by careless annotators.

# %%
rng = np.random.default_rng(0)
X, labels = mnist.X_train[:1000], mnist.y_train[:1000].copy()
redrawn = rng.random(1000) < 0.3
labels[redrawn] = rng.integers(10, size=redrawn.sum())
X_held, y_held = mnist.X_train[1000:2000], mnist.y_train[1000:2000]
learner = MLPClassifier(50, learning_rate=0.02, alpha=0, random_state=0)
history = {"training loss": [], "held-out loss": [], "held-out accuracy": []}
for _ in range(50):
    p = learner.partial_fit(X, labels, classes=np.arange(10)).predict_proba(X_held)
    history["training loss"].append(learner.loss_curve_[-1])
    history["held-out loss"].append(log_loss(y_held, p))
    history["held-out accuracy"].append(np.mean(p.argmax(axis=1) == y_held))

# %% mystnb={"image": {"alt": "Left panel: over fifty epochs the training loss falls towards zero while the held-out loss falls for a few epochs and then rises. Right panel: the held-out accuracy climbs to a peak within ten epochs and then sinks by several points."}}
figure, axes = plt.subplots(1, 2, figsize=(7, 3))
losses = {name: history[name] for name in ("training loss", "held-out loss")}
plot.loss_curves(losses, ax=axes[0], ylabel="cross-entropy (nats)")
axes[1].plot(np.arange(1, 51), history["held-out accuracy"], color=plot.PALETTE[2])
axes[1].set(xlabel="epoch", ylabel="held-out accuracy")
plt.show()

# %%
held = np.array(history["held-out accuracy"])
print(f"held-out accuracy {held.max():.3f} after epoch {held.argmax() + 1}, {held[-1]:.3f} after epoch 50")
assert held.argmax() < 15
assert held.max() > held[-1] + 0.04

# %% [markdown]
# For a few epochs the network learns what digits look like; after that it learns the annotators' mistakes one by one. The training loss
# cannot tell the difference and keeps falling. Held-out examples can. The estimator does the bookkeeping by itself when asked: it holds out a fifth,
# waits `patience` epochs for an improvement, and returns to the best weights it had. Its held-out labels are as bad as the others, and still serve.

# %%
stopped = MLPClassifier(50, learning_rate=0.02, alpha=0, max_epochs=50, random_state=0)
stopped.set_params(early_stopping=True, validation_fraction=0.2, patience=8).fit(X, labels)
late, early = (model.score(mnist.X_test, mnist.y_test) for model in (learner, stopped))
print(f"test accuracy after 50 epochs {late:.3f}, with early stopping after {stopped.n_iter_} epochs {early:.3f}")
assert early > late + 0.02

# %% [markdown]
# Zhou writes the penalty with a parameter $\lambda \in (0, 1)$ that weighs the mean error against the complexity:
#
# $$ E = \lambda\, \frac{1}{m} \sum_{k=1}^{m} E_k + (1 - \lambda) \sum_i w_i^2 \tag{5.17} $$
#
# Only the ratio of the two terms moves the minimum. Divided by $\lambda$, this is our objective $\bar E + \frac{\alpha}{2} \sum w^2$ with
# $\alpha = 2 (1 - \lambda) / \lambda$, with one difference: his sum runs over weights *and thresholds*, ours over weights only, because a threshold shifts a
# unit without making it steeper. The first cell checks the translation, the second sweeps $\alpha$ over three powers of ten.

# %%
mean_error, share = 0.7, 0.95
alpha = 2 * (1 - share) / share
squares = sum(np.sum(W**2) for W in stopped.coefs_)
zhou = share * mean_error + (1 - share) * squares
ours = mean_error + network.penalty(stopped.coefs_, alpha)
print(f"Zhou's objective over lambda minus ours: {zhou / share - ours:.1e}")
assert np.isclose(zhou / share, ours)

# %%
alphas = np.array([1e-4, 3e-3, 1e-2, 3e-2, 1e-1])
sweep = np.empty((len(alphas), 2, 2))
for i, alpha in enumerate(alphas):
    for seed in range(2):
        model = MLPClassifier(50, alpha=alpha, learning_rate=0.02, max_epochs=25, random_state=seed).fit(X, labels)
        sweep[i, seed] = model.score(X, labels), model.score(mnist.X_test, mnist.y_test)
training, test = sweep.mean(axis=1).T

# %% mystnb={"image": {"alt": "Accuracy against the strength of the weight penalty on a logarithmic axis. The accuracy on the noisy training labels falls steadily; the test accuracy rises to a maximum at a few hundredths and falls beyond it."}}
figure, ax = plt.subplots(figsize=(7, 3))
ax.semilogx(alphas, training, "o-", color=plot.PALETTE[0], label="training labels, 30 % redrawn")
ax.semilogx(alphas, test, "s--", color=plot.PALETTE[1], label="test")
ax.axhline(early, color=plot.PALETTE[2], ls=":", label="test, early stopping")
ax.set(xlabel=r"penalty $\alpha$", ylabel="accuracy")
ax.legend()
plt.show()

# %%
best = int(test.argmax())
for i in (0, best, -1):
    print(f"alpha = {alphas[i]:g}: test accuracy {test[i]:.3f}")
assert 0 < best < len(alphas) - 1
assert test[best] > test[0] + 0.03
assert abs(test[best] - early) < 0.03

# %% [markdown]
# With hardly any penalty the network reproduces even the redrawn labels; with too much it underfits (欠拟合) both sets. In between the
# penalty makes memorising unattractive: agreeing with a wrong label takes large weights for the sake of a single image. Early stopping gets about as far for less
# work, since one run finds the right moment and the sweep takes many. Neither is magic: on clean labels there is little to gain (exercise 3).
#
# ## Use 4: data compression
#
# Let a network return its own input, but squeeze it through a layer of $K$ units on the way. The activations of that **bottleneck** (瓶颈层) are a
# code, and the network is an **autoencoder** (自编码器). It needs no class of its own: `fit(X, X)`. Our data are the 8 × 8 blocks of a
# photograph, a Chinese pavilion that scikit-learn ships.

# %%
from sklearn.datasets import load_sample_image
from sklearn.decomposition import PCA

photograph = np.asarray(load_sample_image("china.jpg")) @ [0.299, 0.587, 0.114] / 255
blocks = compression.image_to_blocks(photograph, 8)
centre = blocks.mean()
scaled = (blocks - centre) / 0.25
print("image", photograph.shape, "-> blocks", blocks.shape)
show_source(compression.encode, compression.peak_signal_to_noise_ratio)

# %% [markdown]
# For *linear* units we know the best possible result in advance. By the Eckart–Young theorem no linear map through $K$ numbers loses less squared error
# than the projection onto the first $K$ principal components (主成分分析, PCA), and Baldi and Hornik (1989) showed that the error surface of the
# linear autoencoder has no other local minimum. So here, for once, is a network without a wrong valley, its optimum known in closed form.
# Quality is measured as **peak signal-to-noise ratio** (峰值信噪比, PSNR) in decibels; 6 dB more is half the root mean square error.

# %%
psnr = compression.peak_signal_to_noise_ratio
autoencoders, quality = {}, {}
for K in (2, 4, 8):
    model = MLPRegressor(K, activation="identity", learning_rate=0.001, max_epochs=60, schedule="linear", alpha=0)
    autoencoders[K] = model.set_params(random_state=0).fit(scaled, scaled)
    pca = PCA(K).fit(blocks)
    optimum = psnr(blocks, pca.inverse_transform(pca.transform(blocks)))
    quality[K] = psnr(blocks, model.predict(scaled) * 0.25 + centre)
    print(f"K = {K}: linear autoencoder {quality[K]:.2f} dB, PCA {optimum:.2f} dB")
    assert optimum - 0.1 < quality[K] <= optimum + 1e-9

# %% mystnb={"image": {"alt": "Four versions of a photograph of a Chinese pavilion: the original, and copies through bottlenecks of two, four and eight units. With two units each block keeps little more than its brightness and slope; with eight the roof ornaments are recognisable."}}
copies = [blocks] + [autoencoders[K].predict(scaled) * 0.25 + centre for K in (2, 4, 8)]
images = np.clip([compression.blocks_to_image(b, 80) for b in copies], 0, 1)
titles = ["original"] + [f"K = {K}: {quality[K]:.1f} dB" for K in (2, 4, 8)]
plot.image_grid(images[:, 170:370, 80:380], titles=titles, n_columns=2, figsize=(4.4, 3.2))
plt.show()

# %% [markdown]
# Back-propagation arrives at principal components without having heard of eigenvectors. And it arrives gradually, which can be watched: at first
# brightness shows through the noise of the initial weights, then slopes, then edges, roughly in the order of the variance that each explains.

# %%
watched = MLPRegressor(8, activation="identity", learning_rate=1e-4, alpha=0, random_state=0)
frames = []
for step in range(6):
    for _ in range(1 + 2 * step):
        watched.partial_fit(scaled, scaled)
    copy = watched.predict(scaled) * 0.25 + centre
    picture = np.clip(compression.blocks_to_image(copy, 80), 0, 1)
    grey = np.round(20 * picture[170:370, 80:380]) / 20  # few grey levels make a light page
    frames.append((watched.n_iter_, psnr(blocks, copy), grey))

# %%
figure, ax = plt.subplots(figsize=(3.8, 2.8))
picture = ax.imshow(frames[0][2], cmap="gray", vmin=0, vmax=1)
ax.axis("off")


def show_frame(i):
    picture.set_data(frames[i][2])
    ax.set_title(f"epoch {frames[i][0]}: {frames[i][1]:.1f} dB", fontsize=10)


alt = "The copy of the pavilion through eight code units sharpens over the epochs from noisy blocks to a building."
plot.animate(show_frame, len(frames), figure, interval=400, alt=alt, dpi=80)

# %% [markdown]
# ### From numbers to bits
#
# $K$ real numbers are not yet a compressed file. Rounding every code to $b$ bits gives $K b / 64$ bits per pixel, and the decoder has to live
# with the rounding. What does the photograph cost, and how does a real codec do at the same price?

# %%
import io

from PIL import Image

cropped = compression.blocks_to_image(blocks, 80)
grey = Image.fromarray((cropped * 255).round().astype(np.uint8))
rates = {"autoencoder, 6 bits a code": [], "JPEG": []}
for K, model in autoencoders.items():
    code = compression.encode(model, scaled, 1)
    rounded = compression.quantise(code, 6, code.min(axis=0), code.max(axis=0))
    copy = compression.decode(model, rounded, 1) * 0.25 + centre
    rates["autoencoder, 6 bits a code"].append((K * 6 / 64, psnr(blocks, copy)))
for setting in (3, 10, 25):
    grey.save(file := io.BytesIO(), "JPEG", quality=setting, optimize=True)
    copy = plt.imread(file, format="jpeg") / 255.0
    rates["JPEG"].append((8 * len(file.getvalue()) / cropped.size, psnr(cropped, copy)))

# %% mystnb={"image": {"alt": "Peak signal-to-noise ratio against bits per pixel. The curve of JPEG lies above that of the autoencoder at every rate, by about three decibels in the middle."}}
figure, ax = plt.subplots(figsize=(7, 3))
for (name, points), colour, marker in zip(rates.items(), plot.PALETTE, ("o-", "s--")):
    ax.plot(*zip(*points), marker, color=colour, label=name)
ax.set(xlabel="bits per pixel (8 without compression)", ylabel="PSNR (dB)")
ax.legend()
plt.show()

# %%
jpeg_at = np.interp(0.375, *zip(*rates["JPEG"]))
ours_at = dict(rates["autoencoder, 6 bits a code"])[0.375]
print(f"at 0.375 bits per pixel: autoencoder {ours_at:.1f} dB, JPEG {jpeg_at:.1f} dB")
assert jpeg_at > ours_at + 2

# %% [markdown]
# JPEG wins, and without having been trained on this photograph. Its transform is also linear; what our network lacks is everything around it: JPEG spends
# few bits on sky and many on roof tiles, and it stores frequent values in shorter words, while our code pays the same for every block. A
# bottleneck reduces *dimension*. Compression is dimension reduction plus bookkeeping.
#
# ### Where non-linear units pay, and where a linear output hurts
#
# Do hidden layers of curved units around the bottleneck beat PCA? On these blocks hardly (exercise 5). On handwritten digits they do, since strokes that
# bend and shift do not lie near a plane. The two autoencoders below differ in the output only, and the S-shaped one fits the pixel's range $[0, 1]$.

# %%
digits = load_digits()
pca = PCA(4).fit(digits.X_train)
returned = {"PCA": pca.inverse_transform(pca.transform(digits.X_test))}
curved = ("tanh", "identity", "tanh")
for name, output in (("linear output", "identity"), ("S-shaped output", "logistic")):
    model = MLPRegressor((128, 4, 128), activation=curved, output_activation=output, learning_rate=0.02)
    model.set_params(max_epochs=60, schedule="linear", alpha=0, random_state=0)
    returned[name] = model.fit(digits.X_train, digits.X_train).predict(digits.X_test)

# %%
error = {name: np.mean((copy - digits.X_test) ** 2) for name, copy in returned.items()}
outside = {name: np.mean((copy < 0) | (copy > 1)) for name, copy in returned.items()}
for name in returned:
    print(f"{name:16s} test error {error[name]:.4f}, pixels outside [0, 1]: {outside[name]:.1%}")
assert max(error["linear output"], error["S-shaped output"]) < 0.8 * error["PCA"]
assert outside["S-shaped output"] == 0
assert outside["linear output"] > 0.1

# %% mystnb={"image": {"alt": "Four rows of ten digits: originals, copies by principal components, by an autoencoder with linear output and by one with S-shaped output. All pass through four numbers. The copies by principal components are smeared, those of the autoencoders are readable."}}
rows = np.vstack([digits.X_test[:10], *(np.clip(copy[:10], 0, 1) for copy in returned.values())])
plot.image_grid(rows.reshape(-1, 8, 8), n_columns=10, cmap="gray_r", figsize=(7, 3))
plt.show()

# %% [markdown]
# From top to bottom: test digits, PCA, linear output, S-shaped output, each through four numbers. Curved units cut the error of PCA by more than a fifth.
# The linear output, besides, returns ink below zero or above one in more than a tenth of the pixels, and the S-shaped one cannot. The same
# output layer that was wrong for the curve in Use 1 is right for a pixel.
#
# ## Stuck in the wrong valley
#
# Gradient descent walks downhill, so it ends in the valley in which it starts. If that is a **local minimum** (局部极小) and not the
# **global** one (全局最小), what then? Zhou (2016, section 5.4 and his Fig. 5.10) names four ways out:
#
# 1. start from several random places and keep the best result (多组初值);
# 2. **simulated annealing** (模拟退火): sometimes accept a worse point, ever more rarely;
# 3. stochastic gradient descent (随机梯度下降): the noise of the gradient may shake the walker out;
# 4. **genetic algorithms** (遗传算法): breed a population of solutions.
#
# He adds that these are mostly heuristics without guarantee. So they are tested here like anything else, first on a landscape that one can see:
# $f(x) = \frac{x^2}{30} + \sin 2.5x + 0.6 \sin(4.1x + 2)$.

# %% mystnb={"image": {"alt": "A wavy curve with eight valleys. The deepest lies a little left of zero, an almost equally deep one near two. Dots at the bottoms of the valleys mark where two hundred random descents end; the more descents, the larger the dot. Every valley collects some."}}
x = np.linspace(-6, 7.3, 1331)[:, None]
lowest = x[escaping_minima.multi_well(x).argmin()]
starts = np.random.default_rng(0).uniform(-6, 6, (200, 1))
ends = escaping_minima.descend(escaping_minima.multi_well_gradient, starts, learning_rate=0.04, n_steps=100)[-1]
valleys, counts = np.unique(ends.round(1), return_counts=True)
figure, ax = plt.subplots(figsize=(7, 3))
ax.plot(x, escaping_minima.multi_well(x), color=plot.PALETTE[0])
ax.scatter(
    valleys,
    escaping_minima.multi_well(valleys[:, None]),
    s=4 * counts,
    color=plot.PALETTE[1],
    zorder=3,
    label="ends of 200 descents",
)
ax.set(xlabel="$x$", ylabel="$f(x)$")
ax.legend()
plt.show()

# %%
hit = np.abs(ends - lowest) < 0.1
print(f"global minimum near x = {lowest[0]:.2f}; descents that end there: {hit.mean():.0%}")
assert 0.05 < hit.mean() < 0.2
popular = valleys[counts.argmax()]
assert abs(popular - 4) < 0.2
assert escaping_minima.multi_well([popular]) > escaping_minima.multi_well(lowest) + 1

# %% [markdown]
# Fewer than one descent in five finds the deepest valley. A valley collects the starts in its own catchment, however shallow it is: the most popular
# one, near 4, lies more than a unit above the deepest.
#
# ### Annealing, in motion
#
# Simulated annealing takes its name and its rule from physics. A candidate at random distance that lowers the energy is always accepted, one that raises it by
# $\Delta E$ with probability
#
# $$ A = \min\{1, \exp(-\Delta E / T)\} $$
#
# and the **temperature** (温度) $T$ falls. Metropolis and colleagues (1953) chose the rule so that at a fixed $T$ the walker visits states with
# the frequencies of the Boltzmann distribution, $p(x) \propto e^{-f(x)/T}$. Hot, that is nearly flat; cold, it is a spike at the global minimum.

# %%
show_source(annealing.metropolis_acceptance, annealing.anneal)

# %%
temperatures = annealing.geometric_schedule(3.0, 0.05, 120)
crowd = np.random.default_rng(1).uniform(-6, 6, (60, 1))
rng = np.random.default_rng(2)
walk = escaping_minima.anneal_vectors(
    escaping_minima.multi_well, crowd, step=2.0, temperatures=temperatures, rng=rng, keep_path=True
)

# %%
figure, ax = plt.subplots(figsize=(6, 3))
ax.plot(x, escaping_minima.multi_well(x), color=plot.PALETTE[0])
(dots,) = ax.plot([], [], "o", color=plot.PALETTE[1], alpha=0.6, ms=5)
ax.set(xlabel="$x$", ylabel="$f(x)$", xlim=(-6, 7))


def show_walkers(i):
    position = walk.path[10 * i]
    dots.set_data(position[:, 0], escaping_minima.multi_well(position))
    ax.set_title(f"temperature {temperatures[min(10 * i, 119)]:.2f}", fontsize=10)


alt = "Sixty dots jump all over a wavy curve while it is hot and gather in its deepest valley as the temperature falls."
plot.animate(show_walkers, 13, figure, interval=300, alt=alt, dpi=80)

# %%
settled = np.abs(walk.path[-1] - lowest) < 0.4
print(f"walkers in the deepest valley at the end: {settled.mean():.0%}")
assert settled.mean() > 2 * hit.mean()

# %% [markdown]
# While it is hot, walkers cross every ridge. As it cools, shallow valleys empty first, because leaving them is cheap and returning is not. Theory has a schedule,
# $T_k = T_0 \ln 2 / \ln(k + 2)$ with a large enough $T_0$, under which the probability of sitting in a global minimum tends to one (Hajek, 1988);
# it is so slow that halving the temperature means squaring the number of steps. The check that makes the algorithm trustworthy is another: at fixed temperature, the walk must be in
# **detailed balance** (细致平衡), $p_i P_{ij} = p_j P_{ji}$. On a space that can be enumerated this is a statement about two matrices.

# %%
n = 9
energies = escaping_minima.multi_well(np.linspace(-6, 6, n)[:, None])
proposal = (np.abs(np.subtract.outer(np.arange(n), np.arange(n))) == 1) / 2
proposal[[0, -1], [0, -1]] = 0.5
flow = annealing.transition_matrix(energies, proposal, 0.7)
balance = annealing.boltzmann_distribution(energies, 0.7)[:, None] * flow
print(f"largest violation of detailed balance: {np.abs(balance - balance.T).max():.1e}")
assert np.abs(balance - balance.T).max() < 1e-15

# %% [markdown]
# The matrix is symmetric to the last bit that floating point keeps, so the walk leaves the Boltzmann distribution as it is.
#
# ### Breeding solutions
#
# The genetic algorithm keeps a population. Parents are chosen in tournaments, a child lies somewhere between or a little beyond its parents,
# a few coordinates mutate, and the fittest individual survives unchanged.

# %%
show_source(genetic.tournament, genetic.blend_crossover)

# %% [markdown]
# ### A fair race
#
# Any of these looks good if it may try long enough, so we fix a budget: one evaluation of $f$ or of its gradient costs one unit. The landscape is the
# same in *two* coordinates, $f(x_1) + f(x_2)$, with 7 × 7 = 49 valleys in the square from which the starts are drawn. Beside the four strategies run two controls that keep everyone honest: a single descent, and the
# lowest of purely random points. Searches by values spend their last twenty units, the `finish`, on a descent; a restart gets twenty steps too. Three hundred runs each; a success
# is an end within 0.1 of the global minimum.

# %%
settings = strategies.Settings(
    learning_rate=0.04,
    steps_per_start=20,
    finish=20,
    noise=8.0,
    step=2.0,
    temperatures=(1.0, 0.1),
    population=20,
    mutation_scale=2.0,
)
well, slope = escaping_minima.multi_well, escaping_minima.multi_well_gradient
budgets = [50, 100, 200, 500, 1000, 2000]
race = partial(strategies.compare_strategies, well, slope, lambda shape, rng: rng.uniform(-6, 6, (*shape, 2)))
success = {}
for budget in budgets:
    results = race(settings, budget=budget, n_runs=300, rng=np.random.default_rng(0))
    for name, result in results.items():
        success.setdefault(name, []).append(np.mean(np.all(np.abs(result.x - lowest) < 0.1, axis=1)))
        assert result.n_evaluations <= budget

# %% mystnb={"image": {"alt": "Share of successful runs against the budget of evaluations for six strategies on a landscape with forty-nine valleys. The genetic algorithm rises first, followed by annealing, restarts and random points; the noisy gradient and the single descent stay near the bottom."}}
figure, ax = plt.subplots(figsize=(7, 3.5))
plot.loss_curves(success, steps=dict.fromkeys(success, budgets), ax=ax, ylabel="runs that find the global minimum")
ax.set(xscale="log", xlabel="budget (evaluations)")
plt.show()

# %%
at_500 = {name: values[3] for name, values in success.items()}
for name, value in at_500.items():
    print(f"success at a budget of {budgets[3]}, {name}: {value:.2f}")
assert at_500["genetic"] > at_500["annealing"] + 0.06
assert min(at_500["annealing"], at_500["restarts"]) > at_500["random points"] - 0.06
assert at_500["random points"] > at_500["noisy gradient"] + 0.2

# %% [markdown]
# Over three hundred runs a share is uncertain by at most 0.06 (two standard errors), so only wider gaps mean anything. Three observations. The genetic algorithm leads because this landscape flatters
# it: $f$ is a sum over coordinates, so a child may inherit a good first coordinate from one parent and a good second one from the other (exercise 7). Random points are a strong
# opponent in two dimensions; be suspicious of any heuristic that is not compared with them. And the noisy gradient hardly helps.
# Its walker diffuses, and to cross a ridge of height $\Delta E$ it waits in proportion to $e^{\Delta E / T}$, where $T$ measures the noise; annealing proposes
# steps as wide as the valleys are apart and flies across.
#
# ### A real network that gets stuck
#
# Landscapes made of sines prove little about networks. A small one that really gets stuck learns XOR (异或) with two logistic hidden units and a
# logistic output: nine parameters. Three hundred copies start from standard normal values and descend together.

# %%
X_xor, y_xor = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])
f = partial(many_networks.squared_error, X=X_xor, y=y_xor)
gradient = partial(many_networks.squared_error_gradient, X=X_xor, y=y_xor)
starts = np.random.default_rng(0).normal(size=(300, 9))
path = escaping_minima.descend(gradient, starts, learning_rate=10.0, n_steps=2000)
errors = f(path)
stuck = errors[-1] > 0.02
print(f"stuck after 2000 steps: {stuck.mean():.0%}")
assert 0.15 < stuck.mean() < 0.4

# %% mystnb={"image": {"alt": "Left panel: error curves of forty XOR networks on a logarithmic step axis; most fall to zero, others stay for ever on plateaus marked by dotted lines. Right panel: histogram of the final errors with bars at zero, at one sixteenth and a small one at one twelfth."}}
figure, axes = plt.subplots(1, 2, figsize=(7, 3.2), sharey=True, width_ratios=(2, 1))
steps = np.arange(1, 2001)
for run in range(40):
    axes[0].semilogx(steps[::2], errors[1::2, run], lw=0.7, color=plot.PALETTE[1 if stuck[run] else 0])
for ax in axes:
    for level, name in ((1 / 16, "1/16"), (1 / 12, "1/12"), (1 / 8, "1/8")):
        ax.axhline(level, ls=":", lw=1, color=plot.PALETTE[6])
        axes[1].text(150, level + 0.002, name, fontsize=9)
for group, colour in ((errors[-1, ~stuck], plot.PALETTE[0]), (errors[-1, stuck], plot.PALETTE[1])):
    axes[1].hist(group, bins=np.arange(-0.002, 0.15, 0.004), orientation="horizontal", color=colour)
axes[0].set(xlabel="step", ylabel="error $E$", ylim=(-0.005, 0.16))
axes[1].set(xlabel="networks", xscale="log", xlim=(1, 400))
plt.show()

# %% [markdown]
# The orange curves settle at a few heights, and these are simple fractions. A network that answers two inputs rightly and the other two with ½ has
# $E = \frac{1}{4} \cdot \frac{1}{2}(\frac{1}{4} + \frac{1}{4}) = \frac{1}{16}$. One that gives three inputs the same answer ⅓ or ⅔, their best compromise, has $E = \frac{1}{12}$. All four at ½, the
# plateau on which every run begins, is $\frac{1}{8}$.

# %%
levels = np.array([1 / 16, 1 / 12, 1 / 8])
distance = np.abs(errors[-1][stuck][:, None] - levels).min(axis=1)
print(f"stuck runs within 0.005 of one of these levels: {np.mean(distance < 0.005):.0%}")
growth = [np.median(np.abs(path[k][stuck]).max(axis=1)) for k in (0, 500, 2000)]
print("largest weight of a stuck network (median), steps 0, 500, 2000:", np.round(growth, 1))
assert np.all(errors[2000, stuck] < errors[1000, stuck])
assert growth[0] < growth[1] < growth[2]
assert np.mean(distance < 0.005) > 0.9

# %% [markdown]
# Are these local minima? Hamey (1998) proved that this network's error surface has none. What looks like the bottom of a bowl is a valley floor: the
# assertion above says that every stuck error still falls between step 1000 and step 2000, and its weights still grow. For someone waiting, the difference
# is small. For the choice of a remedy it is not, as the same race shows.

# %%
settings = strategies.Settings(
    learning_rate=10.0,
    steps_per_start=400,
    finish=200,
    noise=0.05,
    step=1.0,
    temperatures=(0.02, 0.0005),
    population=30,
    mutation_scale=1.0,
)
xor_budgets = [500, 1000, 2000]
race = partial(strategies.compare_strategies, f, gradient, lambda shape, rng: rng.normal(size=(*shape, 9)))
solved = {}
for budget in xor_budgets:
    results = race(settings, budget=budget, n_runs=100, rng=np.random.default_rng(0))
    for name, result in results.items():
        solved.setdefault(name, []).append(np.mean(result.value < 0.02))

# %% mystnb={"image": {"alt": "Share of XOR networks solved against the budget. Restarts climb to nearly one; a single descent stays near four fifths; annealing, the genetic algorithm, random points and the noisy gradient lie below it."}}
figure, ax = plt.subplots(figsize=(7, 3.5))
plot.loss_curves(solved, steps=dict.fromkeys(solved, xor_budgets), ax=ax, ylabel="networks that solve XOR")
ax.set(xlabel="budget (evaluations)", ylim=(0, 1.05))
ax.legend(loc="lower right", ncols=2)
plt.show()

# %%
final = {name: values[-1] for name, values in solved.items()}
largest = {name: np.median(np.abs(result.x).max(axis=1)) for name, result in results.items()}
for name in final:
    print(f"{name}: solved {final[name]:.2f}, largest weight (median) {largest[name]:.0f}")
assert min(largest["noisy gradient"], largest["annealing"]) > 1.5 * largest["one descent"]
assert final["restarts"] >= 0.95 > final["one descent"]
assert final["one descent"] > 0.1 + max(
    final[name] for name in ("noisy gradient", "annealing", "genetic", "random points")
)

# %% [markdown]
# The order has changed completely, and by more than the 0.1 that chance can do over a hundred runs. Restarts, the plainest idea of the four, win: if one start fails with probability $p$, then $k$ independent starts
# fail with probability $p^k$. Annealing and breeding see values only, in nine dimensions where
# the gradient is cheap and informative; noise in the gradient or in the steps even drives the weights outwards, onto the flat ground from which there is hardly a return. There is no best strategy; there is a landscape, a budget, and
# a fair comparison.
#
# What practice does today is a fifth way: make the network larger than necessary. More hidden units mean more ways down.

# %%
for hidden in (2, 3, 4, 8):
    starts = np.random.default_rng(1).normal(size=(200, many_networks.n_parameters(2, hidden)))
    wide = escaping_minima.descend(gradient, starts, learning_rate=10.0, n_steps=1500)[-1]
    print(f"{hidden} hidden units: stuck {np.mean(f(wide) > 0.02):.1%}")
assert np.mean(f(wide) > 0.02) < 0.02

# %% [markdown]
# ## Checked against
#
# Several referees have been met on the way: the spline, the Bayes-optimal template, PCA, JPEG. Two remain. scikit-learn's classifier gets the 8 × 8 digits, the same network
# and as many epochs; SciPy's global optimisers get the two-dimensional landscape and about the same budget.

# %%
import warnings

from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier as Peer

accuracies = []
for seed in range(3):
    ours = MLPClassifier(64, learning_rate=0.05, max_epochs=20, random_state=seed)
    peer = Peer(64, solver="sgd", batch_size=32, learning_rate_init=0.05, max_iter=20, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        accuracies.append(
            [m.fit(digits.X_train, digits.y_train).score(digits.X_test, digits.y_test) for m in (ours, peer)]
        )
ours_mean, peer_mean = np.mean(accuracies, axis=0)
print(f"digits, mean test accuracy of three seeds: ours {ours_mean:.3f}, scikit-learn {peer_mean:.3f}")
assert ours_mean > peer_mean - 0.01

# %%
from scipy.optimize import differential_evolution, dual_annealing

runs = {
    "dual_annealing": [dual_annealing(well, [(-6, 6)] * 2, maxfun=450, rng=seed) for seed in range(20)],
    "differential_evolution": [differential_evolution(well, [(-6, 6)] * 2, popsize=12, rng=seed) for seed in range(20)],
}
share = {name: np.mean([np.all(np.abs(r.x - lowest) < 0.1) for r in results]) for name, results in runs.items()}
for name, results in runs.items():
    print(f"{name}: success {share[name]:.2f} with {np.mean([r.nfev for r in results]):.0f} evaluations")
print(f"ours at 500 evaluations: annealing {at_500['annealing']:.2f}, genetic {at_500['genetic']:.2f}")
assert share["dual_annealing"] > at_500["annealing"] + 0.1

# %% [markdown]
# SciPy's dual annealing succeeds far more often than our plain one. It is no longer plain: its proposals have heavy tails that
# reach across the whole box, and it polishes good points by local descent while it anneals. Between an idea and a tool lie years of
# such details; differential evolution, a cousin of the genetic algorithm, is in the same class as ours.
#
# ## What goes wrong
#
# | Symptom in this section | Cause | What helped |
# |---|---|---|
# | wrong beyond the data (sine, water above 100 °C) | units saturate, no model of the process | do not extrapolate; put knowledge into the inputs |
# | curve sawn off at ±1; ink below 0 | output layer does not fit the target | linear for unbounded, S-shaped for bounded targets |
# | perfect on clean letters, poor on noisy or shifted ones | training never showed what does not matter | noise and shifts in training |
# | memorised labels | too much freedom for too few examples | early stopping, weight penalty |
# | XOR stuck on a plateau | an unlucky start | restarts, more hidden units |
# | annealing or genes lose to plain descent | the gradient is thrown away | use it when it is cheap |
#
# ## Exercises
#
# 1. At which temperature does the network see the maximum of the density? Add training points at 2, 4, 6 and 8 °C, raise the learning rate to 0.2, and find out how many epochs it takes until the
#    maximum lies within half a degree of 3.98 °C.
#    <details><summary>Answer</summary>
#
#    It sees the maximum at the freezing point. The curve is so flat there that errors of hundredths of a kg/m³ decide, less than the worst miss above. With the four points
#    added, 40,000 epochs are too few and 60,000 are enough: gradient descent is slow at the last digits.
#
#    </details>
# 2. Prove that the nearest template has the least possible error under independent Gaussian noise when all letters are equally likely. What changes when E is three times as frequent as the others?
#    <details><summary>Answer</summary>
#
#    The posterior of letter $k$ is proportional to $\pi_k \exp(-\lVert x - t_k\rVert^2/2\sigma^2)$, and choosing its maximum is optimal for any $x$, hence on average. With equal $\pi_k$ this is the
#    smallest distance. With unequal ones, minimise $\lVert x - t_k\rVert^2 - 2\sigma^2 \ln \pi_k$: E wins ties up to $2\sigma^2 \ln 3$.
#
#    </details>
# 3. Repeat the sweep of $\alpha$ with clean labels. How much accuracy is there to gain? Look at the cross-entropy on the test images as well as at the accuracy.
#    <details><summary>Answer</summary>
#
#    The accuracy moves by about a point, the cross-entropy falls by more than a tenth: without a penalty the network is right as often but far too sure of itself.
#
#    </details>
# 4. Which $\lambda$ in Zhou's (5.17) corresponds to the best $\alpha$ of the sweep? And to $\alpha = 10^{-4}$?
#    <details><summary>Answer</summary>
#
#    $\lambda = 2 / (2 + \alpha)$: for $\alpha = 0.03$ it is 0.985, for $10^{-4}$ it is 0.99995. The scale of $\lambda$ hides its effect; that is why practice counts $\alpha$ in powers of ten.
#
#    </details>
# 5. Replace the linear autoencoder of the photograph by hidden layers of 128, 4 and 128 units with activations `("tanh", "identity", "tanh")`. Does it beat PCA with four components? Then judge both on
#    `flower.jpg`, which neither has seen.
#    <details><summary>Hint</summary>
#
#    Learning rate 0.001, 60 epochs. Expect about the PSNR of PCA on the pavilion and a little less on the flower: more parameters, learnt from one picture.
#
#    </details>
# 6. If a single start on XOR succeeds with probability 0.75, how many restarts make failure rarer than one in a thousand? How would you divide a fixed budget between the number of starts and their length?
#    <details><summary>Answer</summary>
#
#    $0.25^k < 10^{-3}$ gives $k = 5$. Starts that are too short all fail alike, so the length comes first: look at the error curves and allow what nine successes in ten needed.
#
#    </details>
# 7. Rotate the two-dimensional landscape by 45° (apply $f$ to $Rz$). Which strategy loses most, and why?
#    <details><summary>Answer</summary>
#
#    The genetic algorithm loses a fifth of its successes at a budget of 500 and a third at 1000: its crossover mixes coordinates, and after the rotation the coordinates are no longer the independent parts of the problem. Annealing and random points hardly notice.
#
#    </details>
#
# ## Summary
#
# - One recipe serves four uses; targets and output layer change. Linear outputs for unbounded targets, S-shaped ones for bounded targets.
# - A network interpolates. For a smooth table a spline is better, for pure noise a template, for files a codec; a network wins where inputs are many and what happens to them
#   is known only from examples.
# - Early stopping and the weight penalty trade fit for simplicity. Held-out data decide how much.
# - A linear autoencoder finds the principal components; curved units go beyond them when the data are curved.
# - Ways out of local minima exist, none is best everywhere, and equal budgets are what makes a comparison mean something. For small networks: restart, or add units.
#
# ## Sources
#
# - Zhou (2016), 《机器学习》, sections 5.3 and 5.4, equation 5.17, Fig. 5.10.
# - Kell (1975), Density, thermal expansivity, and compressibility of liquid water, [doi:10.1021/je60064a005](https://doi.org/10.1021/je60064a005).
# - Eckart and Young (1936), The approximation of one matrix by another of lower rank, [doi:10.1007/BF02288367](https://doi.org/10.1007/BF02288367).
# - Baldi and Hornik (1989), Neural networks and principal component analysis, [doi:10.1016/0893-6080(89)90014-2](https://doi.org/10.1016/0893-6080%2889%2990014-2).
# - Metropolis et al. (1953), Equation of state calculations by fast computing machines, [doi:10.1063/1.1699114](https://doi.org/10.1063/1.1699114).
# - Kirkpatrick, Gelatt and Vecchi (1983), Optimization by simulated annealing, [doi:10.1126/science.220.4598.671](https://doi.org/10.1126/science.220.4598.671).
# - Hajek (1988), Cooling schedules for optimal annealing, [doi:10.1287/moor.13.2.311](https://doi.org/10.1287/moor.13.2.311).
# - Hamey (1998), XOR has no local minima: a case study in neural network error surface analysis, Neural Networks 11(4), 669–681.
