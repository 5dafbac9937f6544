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
# # Elman's network (Elman 网络)
#
# Every network so far has answered each question as if it were the first. Show it the letter *u* and it says the same thing whether *g* came before or *gu* or *guu*.
# But speech, prices, melodies and the weather are not heaps of examples, they are sequences, and the meaning of a moment lies partly in the moments before. In 1990
# Jeffrey Elman gave a layered network a past in the cheapest way imaginable: he copied its hidden layer and handed the copy back as part of the next input. This section builds his
# network, derives its learning rule, finds out exactly what that rule leaves out, and then asks it to do things of which we can *compute* the best possible result: to
# predict a stream of bits down to its entropy, to learn when a word ends, and to forecast the sun.
#
# **You need:** back-propagation through one hidden layer ([back-propagation](../backprop/backpropagation.ipynb)), cross-entropy, the matrix form of a layer. Entropy is explained where it appears.
#
# **Time to run:** see the [Execution](../execution.md) page. About 20 seconds on one core; three longer experiments are read from records.
#
# Zhou (2016), 《机器学习》, describes the network in section 5.5.5 and asks for its learning rule in exercise 5.9. Qiu (2019), 《神经网络与深度学习》, writes it down as equations 6.5–6.7, which keep
# their numbers here.

# %% tags=["install", "hide-cell"]
# Only where the package is missing, as on Colab.
import importlib.util

if importlib.util.find_spec("nndl_support") is None:
    print("This notebook needs the package nndl_support: run pip install '.[data]' in a copy of its repository.")

# %%
from functools import partial

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.patches import FancyArrowPatch
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from nndl_support import plot, records
from nndl_support.backprop.gradient_check import check_gradient
from nndl_support.backprop.mlp import MLPRegressor
from nndl_support.classical import elman_cell, letter_sequences, temporal_xor
from nndl_support.classical.elman import ElmanNetwork
from nndl_support.classical.elman_cell import Weights
from nndl_support.data.sunspots import lagged, load_sunspots
from nndl_support.source import show_source

plot.use_style()

# %% [markdown]
# ## A layer that reads its own past
#
# Take a multilayer perceptron with one hidden layer. Beside its inputs put as many extra units as there are hidden ones, the **context units** (上下文单元). They compute
# nothing. After each time step the state of the hidden layer is copied into them, unit by unit, and at the next step they act on the hidden layer like any other input, through weights of their own. This is the
# **Elman network**, also called **simple recurrent network** (简单循环网络, SRN); Zhou draws it in figure 5.13, with the copy as an arrow from the hidden layer back to its own entrance.

# %% mystnb={"image": {"alt": "A drawing of Elman's network. On the left one input unit and three context units, in the middle three hidden units, on the right one output unit. Solid arrows lead from input and context to the hidden units and on to the output; dashed curved arrows copy each hidden unit back into its context unit."}}
figure, ax = plt.subplots(figsize=(7, 3.6))
names = [["$c_3$", "$c_2$", "$c_1$", "$x$"], ["$h_3$", "$h_2$", "$h_1$"], [r"$\hat y$"]]
plot.draw_network(
    [4, 3, 1], ax=ax, arrows=True, unit_labels=names, layer_names=["context and input", "hidden", "output"]
)
centres = {text.get_text(): text.get_position() for text in ax.texts}
for k in (1, 2, 3):
    start, end = centres[f"$h_{k}$"], centres[f"$c_{k}$"]
    style = {"arrowstyle": "-|>", "mutation_scale": 9, "linestyle": "--", "color": plot.PALETTE[1]}
    ax.add_patch(
        FancyArrowPatch(start, end, connectionstyle="arc3,rad=0.45", shrinkA=17, shrinkB=17, zorder=3, **style)
    )
ax.set_title("dashed: copied unchanged after each step, $c_{t+1} = h_t$")
plt.show()

# %% [markdown]
# The solid arrows carry weights that learn. The dashed arrows carry the number 1 and never change. In Qiu's column notation, with $f$ the activation function of the hidden units,
#
# $$ \boldsymbol{z}_t = U \boldsymbol{h}_{t-1} + W \boldsymbol{x}_t + \boldsymbol{b} \tag{6.5} $$
#
# $$ \boldsymbol{h}_t = f(\boldsymbol{z}_t) \tag{6.6} $$
#
# and in one line
#
# $$ \boldsymbol{h}_t = f(U \boldsymbol{h}_{t-1} + W \boldsymbol{x}_t + \boldsymbol{b}) \tag{6.7} $$
#
# To this comes an output layer, $\hat{\boldsymbol y}_t = g(V \boldsymbol{h}_t + \boldsymbol{a})$. The book's code keeps examples as rows, so its matrices are the transposes: `W` has the shape
# (inputs, hidden), `U` (hidden, hidden), `V` (hidden, outputs). Here is the whole recurrence:

# %%
show_source(elman_cell.net_input, elman_cell.elman_step)

# %% [markdown]
# What can such a loop hold? Let it hear one click and then silence. With a single hidden unit and no bias, the state after the click obeys $h_t = \tanh(u\,h_{t-1})$. For $u < 1$ the echo dies away,
# for $u > 1$ it settles on a value that is not zero: the unit has become a switch that remembers for ever that there was a click.

# %%
click = np.zeros((16, 1))
click[0] = 1.0
echoes = {u: elman_cell.hidden_states(click, np.eye(1), u * np.eye(1), np.zeros(1))[:, 0] for u in (0.5, 0.9, 1.0, 1.5)}
for u, echo in echoes.items():
    print(f"u = {u}: after 1, 5 and 15 silent steps h = {echo[1]:.3f}, {echo[5]:.3f}, {echo[15]:.3f}")
assert echoes[0.5][15] < 1e-4 < 0.1 < echoes[1.0][15] < echoes[1.5][15]

# %% [markdown]
# At exactly $u = 1$ the echo neither stays nor vanishes exponentially; it fades slowly, like $\sqrt{3/(2t)}$ (exercise 1). So the *architecture* can remember. Whether a *learning rule* finds weights that do is the question of
# the rest of this section.
#
# ## Elman's rule: the copy is an input
#
# Exercise 5.9 of Zhou asks for the back-propagation algorithm of this network. Elman's answer is disarmingly short: at step $t$ the context units hold numbers. It does not matter where the numbers came from. For this one step the
# network *is* a multilayer perceptron with input $(\boldsymbol x_t, \boldsymbol c_t)$, so use the ordinary rule, change the weights, copy the hidden layer, and go on.
#
# Written out for rows: let $\mathcal L_t$ be the loss of step $t$, and choose output units and loss as a matching pair (identity with half the squared error, logistic with cross-entropy, softmax with cross-entropy). Then the derivative by the net
# input of the outputs is the plain difference $e_t$, and the chain rule needs three lines:
#
# \begin{align}
# e_t &= \hat y_t - y_t \\
# \delta_t &= (e_t V^\top) \odot f'(z_t) \\
# \nabla W &= x_t^\top \delta_t, \quad \nabla U = c_t^\top \delta_t, \quad \nabla b = \delta_t, \quad \nabla V = h_t^\top e_t, \quad \nabla a = e_t
# \end{align}
#
# The second line is the $\delta$ of any hidden layer. The third says that a weight changes in proportion to what came in at its one end and the error signal at its other end, and treats $x_t$ and $c_t$ alike.

# %%
show_source(elman_cell.truncated_gradient)

# %% [markdown]
# A rule derived by hand is checked by differences. Hold the context fixed, nudge each parameter, and compare:

# %%
rng = np.random.default_rng(0)
shapes = {"W": (2, 5), "U": (5, 5), "b": (5,), "V": (5, 3), "a": (3,)}
weights = Weights(**{name: rng.normal(size=shape) for name, shape in shapes.items()})
x, context, y = rng.normal(size=(4, 2)), rng.normal(size=(4, 5)), rng.dirichlet(np.ones(3), 4)
options = {"activation": "tanh", "output": "softmax"}

# %%
by_rule, *_ = elman_cell.truncated_gradient(x, context, y, weights, **options)


def step_loss(name, value):
    changed = weights._replace(**{name: value})
    net = elman_cell.truncated_gradient(x, context, y, changed, **options)[2]
    return elman_cell.loss_per_step(y, net, "softmax").sum()


for name in shapes:
    error = check_gradient(partial(step_loss, name), getattr(by_rule, name), getattr(weights, name))
    print(f"{name}: relative difference {error:.1e}")

# %% [markdown]
# ## What is not sent back
#
# The numbers in the context units did come from somewhere: from the same weights, one step earlier. A weight $w$ of the hidden layer therefore influences $\mathcal L_t$ in two ways, directly and through the past,
#
# $$ \frac{d \mathcal L_t}{d w} = \underbrace{\frac{\partial \mathcal L_t}{\partial z_t}\,\frac{\partial z_t}{\partial w}}_{\text{Elman's rule}} + \underbrace{\delta_t\,U^\top \frac{d h_{t-1}}{d w}}_{\text{left out}} $$
#
# The signal that is never computed is $\delta_t U^\top$, the gradient by the context. It would travel to the hidden layer of step $t-1$, be multiplied by $f'(z_{t-1})$ there, travel on, and so forth to the beginning of the sequence.
# Sending it is called **back-propagation through time** (随时间反向传播, BPTT), the subject of the chapter on recurrent networks. Elman's rule is BPTT **truncated** (截断) after a single step. It is local in time: it needs no memory of past states and costs the same at
# every step, however long the sequence. That was no small thing in 1990.
#
# Is the truncated direction at least similar to the true one? Automatic differentiation computes both: `detach` cuts the graph at the context. We draw random networks, scale their context weights to a given **spectral radius** (谱半径,
# the largest absolute eigenvalue of $U$: roughly, above 1 the loop magnifies, below 1 it damps), and measure the angle between the two gradients on a stream of bits whose rule will be explained below.


# %%
def torch_gradient(weights, X, y, cut):
    """Gradient by autograd of the mean loss of a sequence, the context cut off after each step or not."""
    W, U, b, V, a = leaves = [torch.tensor(part, requires_grad=True) for part in weights]
    h, loss = torch.zeros(X.shape[1], len(U), dtype=torch.float64), 0.0
    for x_t, y_t in zip(torch.tensor(X), torch.tensor(y)):
        h = torch.tanh(x_t @ W + (h.detach() if cut else h) @ U + b)
        loss = loss + torch.nn.functional.binary_cross_entropy_with_logits(h @ V + a, y_t)
    return [g.numpy() for g in torch.autograd.grad(loss / len(X), leaves)]


# %%
streams = np.stack([temporal_xor.temporal_xor_bits(31, rng) for _ in range(20)], axis=1)
X_bits, y_bits = 2 * streams[:-1, :, None] - 1, streams[1:, :, None]

# %%
radii, cosines = np.linspace(0, 2, 9), []
for radius in radii:
    for _ in range(8):
        U = rng.normal(size=(20, 20))
        U *= radius / np.abs(np.linalg.eigvals(U)).max()
        drawn = Weights(rng.normal(size=(1, 20)), U, np.zeros(20), rng.normal(size=(20, 1)), np.zeros(1))
        cut, full = (torch_gradient(drawn, X_bits, y_bits, cut) for cut in (True, False))
        assert np.allclose(cut[3], full[3], atol=1e-14)  # V and a lose nothing
        one, other = (np.concatenate([g[0].ravel(), g[1].ravel(), g[2]]) for g in (cut, full))
        cosines.append(one @ other / np.linalg.norm(one) / np.linalg.norm(other))
cosines = np.reshape(cosines, (len(radii), 8))

# %% mystnb={"image": {"alt": "The angle between the truncated and the full gradient rises from zero degrees without context weights to well above forty degrees as the spectral radius of the context weights grows to two; eight random networks are shown for each radius, with their median."}}
angles = np.degrees(np.arccos(np.clip(cosines, -1, 1)))
figure, ax = plt.subplots()
ax.plot(np.repeat(radii, 8), angles.ravel(), "o", alpha=0.5, label="one random network")
ax.plot(radii, np.median(angles, axis=1), label="median")
ax.axhline(90, color="black", linewidth=1, linestyle=":")
ax.text(0.02, 86, "orthogonal", va="top", fontsize=8)
ax.set(xlabel="spectral radius of the context weights U", ylabel="angle between the gradients (degrees)", ylim=(-3, 95))
ax.legend(loc="center left")
plt.show()

# %%
middle = np.median(angles, axis=1)
print("median angle at radius 0, 1 and 2:", middle[[0, 4, 8]].round(0))
print(f"largest angle of all {angles.size} networks: {angles.max():.0f}")
assert middle[0] < 1e-3 < 5 < middle[4] < middle[8] < 75
assert angles.max() < 90

# %% [markdown]
# Without context weights nothing is lost. As they grow, and with them the memory, the two directions part, yet the median stays well below ninety degrees and no network of ours reaches them: a small step along the truncated gradient still goes
# downhill, on a detour. Two more things are worth noting. The gradients of $V$ and $a$ are always exact, because the outputs do not feed back. And the missing part concerns *credit*, not *information*: the context still
# delivers the past to the hidden layer; the rule only fails to reward the past for having been useful.
#
# ## Jordan's variant
#
# Four years earlier Michael Jordan (1986) had fed back the *outputs*, into context units that also keep a share $\mu$ of their old value: $c_{t+1} = \mu\,c_t + \hat y_t$. His question was how sequences of actions are produced, where what was done last is what one has to know.
# The difference from Elman's looks slight and is not: Jordan's context can only hold what the network has said, Elman's whatever the hidden layer has made of what it heard. Both are one class here, with `feedback="output"` and `context_decay` for Jordan's. Give them
# fair coin tosses and ask for the XOR of the last two. (`n_streams` lets the network read twenty stretches of the sequence side by side, to save time; `weight_scale=2` draws the first weights twice as wide as usual.)

# %%
X_coins, y_coins = temporal_xor.delayed_xor(2000, 1, np.random.default_rng(0))
common = {"hidden_size": 20, "output": "logistic", "learning_rate": 0.05, "n_streams": 20, "max_epochs": 60}

# %%
contexts = {
    "Elman": {},
    "Jordan": {"feedback": "output"},
    "Jordan, decaying": {"feedback": "output", "context_decay": 0.5},
}
for name, extra in contexts.items():
    networks = [ElmanNetwork(**common, **extra, weight_scale=2.0, random_state=seed) for seed in range(3)]
    right = [np.mean((network.fit(X_coins, y_coins).predict(X_coins) > 0.5) == y_coins) for network in networks]
    print(f"{name}: three seeds are right in {', '.join(f'{share:.1%}' for share in right)} of the steps")
    assert min(right) > 0.99 if name == "Elman" else max(right) < 0.9

# %% [markdown]
# To answer, a network must keep the last coin. *Right* answers do not reveal it: the XOR of two fair coins is independent of each of them. So Jordan's network can keep the coin only by betraying it in its answers, which means to answer worse, and now and then the learning
# finds such a bargain: some seeds get well above one half, none comes near Elman's. We had expected one half from all of them, and were wrong at the second seed. (Feeding the *targets* back instead of the outputs does not help either; exercise 4.)
#
# ## Temporal XOR: how good can a prediction be?
#
# Elman's first task turns the oldest nonlinear problem into a sequence. Toss two coins and append their XOR, toss two more, and so on, without any mark where a triple begins: **temporal XOR** (时序异或). The network reads one bit at a time and predicts the next one. It
# has one input, so it must remember, and what it must compute from the memory is not linear.

# %%
bits = temporal_xor.temporal_xor_bits(18, np.random.default_rng(4)).astype(int)
print("as the network hears it:  ", " ".join(map(str, bits)))
print("as it was made:           ", "  ".join("".join(map(str, triple)) for triple in bits.reshape(-1, 3)))
triples = bits.reshape(-1, 3)
assert (triples[:, 2] == triples[:, 0] ^ triples[:, 1]).all()

# %% [markdown]
# What does success look like? Measure a predictor by its **cross-entropy**: it names a probability $p_t$ for a 1 and pays $-\ln p_t$ if a 1 comes, else $-\ln(1 - p_t)$. The mean payment per bit is measured in nats. A fair coin cannot be predicted: whoever says ½ pays
# $\ln 2$ in either case, and whoever says anything else pays *more* on average (by a Kullback–Leibler divergence, 相对熵, which is never negative). So the first two bits of a triple cost $\ln 2$ each for any predictor whatever, and the third costs nothing at best:
#
# $$ \frac13 \left( \ln 2 + \ln 2 + 0 \right) = \frac23 \ln 2 \approx 0.4621 \text{ nats per bit} $$
#
# This is the **entropy rate** (熵率) of the source, a floor under every network of every size. It also explains why the error on the coins cannot fall however long one trains; if it seems to fall, something is being
# memorised. The floor can be verified without any theory of information, by listing all streams of nine bits and what the best predictor pays on each:

# %%
paid = []
for code in range(2**6):
    coins = (code >> np.arange(6)) & 1
    stream = np.column_stack([coins[:3], coins[3:], coins[:3] ^ coins[3:]]).ravel()
    p, _ = temporal_xor.bayes_prediction(stream, prior=(0, 0, 1))
    paid.append(-np.log(np.where(stream == 1, p, 1 - p)))

# %%
print("mean payment for each of the nine bits:", np.mean(paid, axis=0).round(4))
print(f"per bit {np.mean(paid):.6f}, two thirds of ln 2 = {temporal_xor.ENTROPY_BOUND:.6f}")
assert abs(np.mean(paid) - temporal_xor.ENTROPY_BOUND) < 1e-12

# %% [markdown]
# ### The price of not knowing where the triples begin
#
# That predictor was told the **phase**: which positions are the dependent ones. A listener is not. How much does ignorance cost? Bayes' rule answers exactly. Start with probability ⅓ for each of the three phases. Every hypothesis predicts every third bit; a false one is right by luck
# half of the time, and at its first failure it is dead. The payments of a predictor add up to minus the logarithm of the probability that it gave the whole stream, so the ignorant one, who averages over the phases, pays more than the informed one by
#
# $$ \ln \frac{p(\text{bits} \mid \varphi)}{p(\text{bits})} = \ln \frac{p(\varphi \mid \text{bits})}{1/3} = \ln 3 + \ln p(\varphi \mid \text{bits}) \le \ln 3 $$
#
# where $\varphi$ is the true phase; the first step is Bayes' rule. On *no* stream does ignorance cost more than $\ln 3$. The mean of $-\ln p(\varphi \mid \text{bits})$ is the **entropy** (熵) $-\sum_\varphi p_\varphi \ln p_\varphi$ of what is still unknown, averaged over the streams; call it $H_m$
# after $3m + 2$ bits, when each hypothesis has faced $m$ tests. Those that have passed all of theirs are equally probable, so the entropy is $\ln 3$, $\ln 2$ or 0 with three, two or one of them left. Both false ones are left with probability $4^{-m}$, exactly one with probability $2(2^{-m} - 4^{-m})$, and
# $H_m = 4^{-m}\ln 3 + 2\,(2^{-m} - 4^{-m}) \ln 2$. For large $m$ it halves with every triple. Ignorance costs once, about as much as one and a half coin tosses, and then never again.

# %%
show_source(temporal_xor.bayes_prediction, docstring="none")

# %%
costs = []
for seed in range(400):
    source, phase = np.random.default_rng(seed), seed % 3
    stream = temporal_xor.temporal_xor_bits(33, source, phase=phase)
    priors = {"ignorant": np.full(3, 1 / 3), "informed": np.eye(3)[phase]}
    for name, prior in priors.items():
        p, _ = temporal_xor.bayes_prediction(stream, prior)
        priors[name] = -np.log(np.where(stream == 1, p, 1 - p))
    costs.append(np.cumsum(priors["ignorant"] - priors["informed"]))

# %% mystnb={"image": {"alt": "The accumulated extra cost of a predictor that does not know the phase rises within about fifteen bits to the natural logarithm of three and stays there. The mean over 400 streams follows the points of the formula; a few single streams are drawn as steps below the same ceiling."}}
m = np.arange(11)
formula = np.array([np.log(3) - temporal_xor.phase_uncertainty(k) for k in m])
figure, ax = plt.subplots()
for k in (0, 1, 2, 5):
    ax.step(
        np.arange(1, 34),
        costs[k],
        where="mid",
        color=plot.PALETTE[6],
        lw=0.8,
        label="single streams" if k == 0 else None,
    )
ax.plot(np.arange(1, 34), np.mean(costs, axis=0), color=plot.PALETTE[0], label="mean of 400 streams")
ax.plot(3 * m + 2, formula, "s", color=plot.PALETTE[1], label=r"formula, $\ln 3 - H_m$")
ax.axhline(np.log(3), color="black", linewidth=1, linestyle=":", label=r"$\ln 3$")
ax.set(xlabel="bits heard", ylabel="extra cost so far (nats)")
ax.legend(loc="lower right")
plt.show()

# %%
assert np.max(costs) < np.log(3) + 1e-9
assert np.abs(np.mean(costs, axis=0)[3 * m + 1] - formula).max() < 0.06

# %% [markdown]
# The mean runs along the formula. A single stream goes up and down by luck, one even gains at first on the informed by a false belief that happens to be right, but none ever crosses the ceiling. So the floor per bit is the same for both in the long run. A network that does not reach it cannot plead that nobody told it the phase.
#
# ### Training
#
# The estimator `ElmanNetwork` reads the rows of X as time steps, in order. With `n_streams=100` it cuts its rows into a hundred pieces and reads them side by side, which means the same rule on the mean of a hundred gradients and saves a lot of time; Elman's own setting is
# one stream. Each change of the weights keeps a share of the change before it (**momentum**, 动量, 0.9 unless one asks for less). The heart of it is short:

# %%
show_source(ElmanNetwork._pass)

# %% [markdown]
# We make 600 passes over 3000 bits each, and every pass brings *new* bits, for a reason that will be shown under "What goes wrong". Every 20 passes the network is examined on a
# stream it has never heard.

# %%
exam = temporal_xor.temporal_xor_bits(3001, np.random.default_rng(1000))
X_exam, y_exam = temporal_xor.signed(exam[:-1]), exam[1:]
position = np.arange(1, 3001) % 3  # of the bit to predict: 0 and 1 are coins, 2 is their XOR
network = ElmanNetwork(60, output="logistic", learning_rate=0.05, n_streams=100, weight_scale=2.0, random_state=0)

# %%
source, learning_curve, early = np.random.default_rng(0), [], None
for block in range(30):
    network.set_params(learning_rate=0.05 * (1 - block / 30))
    for _ in range(20):
        stream = temporal_xor.temporal_xor_bits(3001, source)
        network.partial_fit(temporal_xor.signed(stream[:-1]), stream[1:])
    early = network.predict(X_exam) if block == 0 else early
    losses = network.losses(X_exam, y_exam)
    learning_curve.append([losses[position == k].mean() for k in range(3)])

# %%
print(f"mean cross-entropy {losses.mean():.4f} nats per bit, floor {temporal_xor.ENTROPY_BOUND:.4f}")
print("by position:", np.round(learning_curve[-1], 4), " ln 2 =", round(np.log(2), 4))
assert abs(losses.mean() - temporal_xor.ENTROPY_BOUND) < 0.01

# %% mystnb={"image": {"alt": "Left: cross-entropy by position during training; the two coin positions begin clearly above the natural logarithm of two and come down to it, while the third falls to nearly zero. Right: cross-entropy over twelve consecutive bits, averaged over the exam; every third point is near zero, the others lie on the line of a fair coin."}}
figure, (left, right) = plt.subplots(1, 2, figsize=(7, 3.2), sharey=True)
passes = np.arange(20, 601, 20)
for k, style in ((0, "-"), (1, "--"), (2, "-")):
    left.plot(passes, np.array(learning_curve)[:, k], style, color=plot.PALETTE[k], label=f"bit {k + 1} of the triple")
left.plot(passes, np.mean(learning_curve, axis=1), "-.", color=plot.PALETTE[5], label="all bits")
left.set(xlabel="passes over 3000 fresh bits", ylabel="cross-entropy (nats per bit)")
twelve = losses.reshape(-1, 12).mean(axis=0)
right.plot(np.arange(2, 14), twelve, "o-", color=plot.PALETTE[0], label="exam")
right.set(xlabel="position of the predicted bit", xticks=range(2, 14))
for ax in (left, right):
    ax.axhline(np.log(2), color="black", lw=1, ls=":", label=r"$\ln 2$")
    ax.axhline(temporal_xor.ENTROPY_BOUND, color=plot.PALETTE[6], lw=1, ls=":", label=r"$\frac{2}{3}\,\ln 2$")
left.legend(fontsize=7, loc="center", bbox_to_anchor=(0.62, 0.29))
plt.show()

# %% [markdown]
# The picture on the right is the one that made Elman's paper famous: the error curve has the period of the source, though no one ever told the network that there is a period. On the left something odd: the two upper curves begin *above* $\ln 2$, worse than saying ½ always. Being sure where nobody can be costs more than saying ½. One suspects that the network discovers XOR before it discovers *when* XOR applies. After the first 20 passes, then,
# it should predict the XOR of the last two bits even where a coin comes:

# %%
pair_xor = np.concatenate([[0], exam[1:-1] != exam[:-2]]).astype(int)
coin = (position < 2) & (np.arange(3000) > 0)
said = [early[coin & (pair_xor == value)].mean() for value in (0, 1)]
print(
    f"before a coin, mean probability of a 1: {said[0]:.2f} if the XOR of the last two is 0, {said[1]:.2f} if it is 1"
)
stray = np.sqrt(np.mean((early[coin] - 0.5) ** 2))
print(f"yet its probabilities stray from one half by {stray:.2f} (root mean square)")
assert said[0] + 0.03 < said[1] < said[0] + stray

# %% [markdown]
# It does, but weakly: that bet moves the probability by a few hundredths to either side of one half, and the probabilities stray a few times as far. Most of the early boldness is of another kind, which we have not traced. The suspicion was half right at best; without the last print we should have believed it.
# The curves come down as the network learns when to keep quiet, and as the learning rate falls.
#
# One network proves little. The record below holds ten, of 100 hidden units, each trained for 600 such passes and examined on 30,000 fresh bits:

# %%
record = records.load("classical/elman_temporal_xor")
means, by_position = np.array(record["figures"]["mean_loss"]), np.array(record["figures"]["loss_by_position"])
print(f"{len(means)} networks: mean {means.mean():.4f}, best {means.min():.4f}, worst {means.max():.4f}")
print(f"above the floor by {means.mean() - temporal_xor.ENTROPY_BOUND:.4f} nats per bit on average")
print("by position:", by_position.mean(axis=0).round(4))
assert means.max() < temporal_xor.ENTROPY_BOUND + 0.006
assert means.mean() < temporal_xor.ENTROPY_BOUND + 0.003

# %% [markdown]
# ### It finds the phase by itself
#
# All training streams began with a whole triple, and the context starts from the same zeros. Perhaps the network merely counts to three from the start, for ever. Then a stream that begins in the middle of a triple should ruin it.

# %% mystnb={"image": {"alt": "Cross-entropy averaged over triples against the number of bits heard, for streams that begin at each of the three phases. In the phase of the training all is well from the start; in the other two the cost begins far above and joins the floor after about thirty bits."}}
figure, ax = plt.subplots()
after = {}
for phase, style in ((2, "-"), (0, "--"), (1, "-.")):
    runs = []
    for seed in range(60):
        stream = temporal_xor.temporal_xor_bits(91, np.random.default_rng(seed), phase=phase)
        runs.append(network.losses(temporal_xor.signed(stream[:-1]), stream[1:]))
    smooth = np.mean(runs, axis=0).reshape(-1, 3).mean(axis=1)
    after[phase] = smooth
    ax.plot(3 * np.arange(1, 31), smooth, style, label="phase of the training" if phase == 2 else f"phase {phase}")
ax.axhline(temporal_xor.ENTROPY_BOUND, color="black", lw=1, ls=":", label="floor")
ax.set(xlabel="bits heard", ylabel="cross-entropy (nats per bit)")
ax.legend()
plt.show()

# %%
assert min(after[0][:3].mean(), after[1][:3].mean()) > after[2][:3].mean() + 0.1
assert max(after[0][-10:].mean(), after[1][-10:].mean()) < temporal_xor.ENTROPY_BOUND + 0.03

# %% [markdown]
# This surprised us. The network was never asked to find the phase, and it does: after some thirty bits it predicts as well in a foreign phase as in its own. So it does not count. It *listens*, as Bayes' rule does, and infers from the
# past bits where the triples begin. Why should it have learnt the harder thing? Because of what truncation allows. A counter is a chain of states each of which is useful only later, and Elman's rule gives no credit for that. Echoes of past bits, on the other hand, are in any random hidden layer for
# free; the rule has to learn only how to use them.
#
# ### Looking inside
#
# Which traces of the past does the hidden state carry? Ask a **linear probe** (线性探针), a linear classifier that is fitted to read a quantity off the hidden state and examined on another stream: first the bit of $k$ steps ago, then the position
# in the triple.

# %%
heard = (exam[:-1] > 0.5).astype(int)
states, half = network.hidden_states(X_exam)[30:], 1500


def probe(target):
    """Share of right answers of a linear classifier on the second half of the stream."""
    target = target[30:]
    return LinearDiscriminantAnalysis().fit(states[:half], target[:half]).score(states[half:], target[half:])


# %%
readable = [probe(np.roll(heard, k)) for k in range(15)]
before = np.roll(heard, 1)
place = np.arange(3000) % 3
situation = np.select([place == 0, place == 1], [1 + heard, 3 + (heard ^ before)], 0)

# %%
print("bit of k steps ago, k = 0 ... 14:", np.round(readable, 2))
print(f"position in the triple: {probe(place):.3f}, situation: {probe(situation):.3f}")
assert readable[2] > 0.99
assert readable[14] < 0.6
assert probe(situation) > 0.97

# %%
centred = states - states.mean(axis=0)

# %% mystnb={"image": {"alt": "Left: the hidden states in the plane of the first two principal components form four groups, one for each pair of the last two bits. Right: in the plane of two discriminant directions the same states form groups by situation: triple complete, first bit heard, XOR 0 pending and XOR 1 pending."}}
principal = centred @ np.linalg.svd(centred, full_matrices=False)[2][:2].T
pair = (2 * before + heard)[30:]
figure, (left, right) = plt.subplots(1, 2, figsize=(7, 3.6))
for code, marker in enumerate("os^D"):
    left.plot(
        *principal[pair == code].T, marker, ms=2, alpha=0.4, color=plot.PALETTE[code], label=f"{code // 2}, {code % 2}"
    )
left.set(xlabel="first principal component", ylabel="second principal component", title="by the last two bits")
role = np.array([0, 1, 1, 2, 3])[situation[30:]]
plane = LinearDiscriminantAnalysis(n_components=2).fit(states, role).transform(states)
names = ("triple complete", "one bit heard", "XOR 0 pending", "XOR 1 pending")
for code, (name, marker) in enumerate(zip(names, "os^D")):
    right.plot(*plane[role == code].T, marker, ms=2, alpha=0.4, color=plot.PALETTE[code], label=name)
right.set(xlabel="first discriminant direction", ylabel="second discriminant direction", title="by what is to come")
for ax in (left, right):
    ax.legend(fontsize=7, markerscale=2)
plt.show()

# %% [markdown]
# Seen along its largest variations (left; principal components, 主成分) the hidden layer looks like a shift register, a row of cells along which the bits move: four clouds, one for each pair of last bits. It says nothing about the task. Discriminant directions (right; those in which given groups differ most, measured by the scatter within them) show that the same states hold the task as well, in directions of smaller variance. The probes put it in numbers:
# single bits fade from memory within about ten steps, and yet the position in the triple, which no single bit betrays, is read off almost without error. An inspection that looks only at the most conspicuous directions
# would have missed what matters, a warning for anyone who looks into larger networks.
#
# How far back does the network really listen? Theory gives a yardstick. Whoever sees only the last $3m + 2$ bits cannot be surer of the phase than Bayes with as many. Bayes pays above the floor what he learns about the phase, in the next triple $H_m - H_{m+1}$, and he learns less with every bit; one who forgets learns the first,
# largest share again and again, and pays at least $(H_m - H_{m+1})/3$ for each bit. We let
# the network listen to a long stream in a foreign phase, skip the first hundred bits, and look up which window it would take to be as good.

# %%
stream = temporal_xor.temporal_xor_bits(30_001, np.random.default_rng(5), phase=0)
paid = network.losses(temporal_xor.signed(stream[:-1]), stream[1:])[100:]
excess = paid.mean() - temporal_xor.ENTROPY_BOUND

# %%
uncertainty = np.array([temporal_xor.phase_uncertainty(k) for k in range(30)])
least = -np.diff(uncertainty) / 3
enough = int(np.argmax(least < excess))
print(f"the network pays {excess:.4f} nats above the floor")
print(
    f"a window of {3 * enough - 1} bits cannot do better than {least[enough - 1]:.4f}, one of {3 * enough + 4} bits can reach {least[enough]:.4f}"
)
assert enough >= 4

# %% [markdown]
# The network is better than anything that looks at so short a window, although a single bit can hardly be read off its state after ten steps. What it carries along is not the bits but the *verdict* on them, as Bayes' posterior does: a summary of evidence that may forget its sources.
#
# ## When does a word end?
#
# Another of Elman's tasks is a little language of three syllables, **ba**, **dii** and **guuu**, in random order. Letters are coded by six phonetic features, after his table 1. The consonant of each syllable is a matter of chance; all that follows it is certain for someone who can count the vowels.

# %%
letters = letter_sequences.letter_sequence(1000, np.random.default_rng(0))
print(letters[:40], "...", len(letters), "letters")
codes = letter_sequences.encode(letters)

# %%
settings = {"learning_rate": 0.1, "schedule": "linear", "n_streams": 10, "max_epochs": 60, "random_state": 0}
speaker = ElmanNetwork(20, output="logistic", **settings).fit(codes[:-1], codes[1:])

# %%
fresh = letter_sequences.letter_sequence(300, np.random.default_rng(1))
fresh_codes = letter_sequences.encode(fresh)
surprise = speaker.losses(fresh_codes[:-1], fresh_codes[1:])
consonant = fresh_codes[1:, 0] == 1
print(f"cost of a consonant {surprise[consonant].mean():.3f}, of a vowel {surprise[~consonant].mean():.4f} nats")

# %% [markdown]
# Again there is a floor. Of the six features of a coming consonant, four are the same for all three. Two, *high* and *back*, are one third each, and six separate logistic outputs can do no better than state these thirds. They pay
# $2\left(\frac13 \ln 3 + \frac23 \ln \frac32\right) = 1.273$ nats for a consonant. (Three softmax outputs would pay $\ln 3 = 1.099$: they know that *high* and *back* exclude one another, which separate outputs cannot express.)

# %%
floor = 2 * (np.log(3) / 3 + 2 / 3 * np.log(1.5))
p = speaker.predict(fresh_codes[:-1])
print(f"floor for a consonant {floor:.3f}: {2 * np.log(1.5):.3f} for b, {np.log(3) + np.log(1.5):.3f} for d and g")
print(f"'a consonant comes now' right in {np.mean((p[:, 0] > 0.5) == consonant):.1%} of the steps")
print("features predicted for consonants:", p[consonant].mean(axis=0).round(2))
assert abs(surprise[consonant].mean() - floor) < 0.05
assert surprise[~consonant].mean() < 0.05
assert np.mean((p[:, 0] > 0.5) == consonant) > 0.99

# %% mystnb={"image": {"alt": "Bars of the cross-entropy of each letter in a run of thirty letters. Vowels cost almost nothing; every consonant stands out, b with less than one nat, d and g with about one and a half. A line for the feature consonant alone stays at zero everywhere."}}
shown = slice(0, 30)
separate = -np.log(np.where(fresh_codes[1:] == 1, p, 1 - p))
figure, ax = plt.subplots(figsize=(7, 3))
ax.bar(
    np.arange(30),
    surprise[shown],
    color=np.where(consonant, plot.PALETTE[1], plot.PALETTE[0])[shown],
    label="all features (orange: consonants)",
)
ax.plot(separate[shown, 0], color="black", marker="o", ms=3, lw=1, label="feature 'consonant' alone")
ax.axhline(floor, color=plot.PALETTE[6], ls=":", label="floor for a consonant")
ax.set(xlabel="letter to predict", ylabel="cross-entropy (nats)", xticks=np.arange(30), xticklabels=fresh[1:31])
ax.grid(False, axis="x")
ax.legend(ncols=3, loc="upper center", fontsize=7)
ax.set_ylim(0, 2.3)
plt.show()

# %% [markdown]
# The peaks mark the beginnings of the syllables. Nobody drew boundaries into the stream; they are where prediction becomes hard: structure found in time, as the title of Elman's paper has it. (*b* is the cheapest because it has neither of the two uncertain features, *d* and *g* have one each.) The black line shows the subtler half. *Which* consonant comes is unknown, but *that* one comes is
# known without error, even after *guuu*, where the network has to tell the third *u* from the second.
#
# Here, unlike before, the hidden states are few and far apart, and a **finite automaton** (有限自动机), a machine that goes from one of finitely many states to another with each symbol, can be read off. Average the states at each of the nine places of the language, replace every state by the nearest average, and see where each letter leads.

# %%
places = "".join({"b": "01", "d": "234", "g": "5678"}[letter] for letter in fresh if letter in "bdg")
places = np.array([int(digit) for digit in places])
inside = speaker.hidden_states(fresh_codes)
averages = np.array([inside[places == k].mean(axis=0) for k in range(9)])

# %%
nodes = ["b", "ba", "d", "di", "dii", "g", "gu", "guu", "guuu"]
for k, node in enumerate(nodes):
    followers = sorted(set(places[1:][places[:-1] == k]))
    steps = [letter_sequences.encode(nodes[j][-1])[0] for j in followers]
    states = [elman_cell.elman_step(step, averages[k], speaker.W_, speaker.U_, speaker.b_) for step in steps]
    reached = [int(((state - averages) ** 2).sum(axis=1).argmin()) for state in states]
    print(f"{node:>4} -> {', '.join(nodes[j] for j in reached)}")
    assert reached == followers

# %% mystnb={"image": {"alt": "Hidden states of the letter network in the plane of two principal components: tight groups; a cross marks the mean of each place, labelled with the part of the syllable heard so far, with arrows along the syllables. Each consonant has several groups, each vowel lies in one or two."}}
centre = inside.mean(axis=0)
axes_of_variation = np.linalg.svd(inside - centre, full_matrices=False)[2][:2].T
flat, spots = (inside - centre) @ axes_of_variation, (averages - centre) @ axes_of_variation
figure, ax = plt.subplots(figsize=(6, 4))
for k in range(9):
    ax.plot(*flat[places == k].T, "o", ms=3, alpha=0.4, color=plot.PALETTE[(0, 0, 1, 1, 1, 2, 2, 2, 2)[k]])
    ax.plot(*spots[k], "x", ms=7, color="black", label="mean of a place" if k == 0 else None)
    box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.8, "pad": 1}
    ax.annotate(nodes[k], spots[k], xytext=(9, -14), textcoords="offset points", fontsize=10, bbox=box)
for k in (0, 2, 3, 5, 6, 7):
    arrow = {"arrowstyle": "->", "color": "#555555", "lw": 1, "shrinkA": 6, "shrinkB": 6}
    ax.annotate("", spots[k + 1], spots[k], arrowprops=arrow)
ax.set(xlabel="first principal component", ylabel="second principal component")
ax.legend(loc="upper center")
plt.show()

# %% [markdown]
# Every transition of the extracted machine is right: the network has become the automaton that generates the language, with nine places in a space of twenty dimensions. Note that *gu*, *guu* and *guuu* end in the same letter and lie apart: the state does not stand for the last letter but for the
# letter *in its context*. The picture also shows something superfluous. Each consonant falls into several groups. Are they the syllables that may precede it? Average the states of one consonant after each of the three
# syllables, over every second occurrence, and see which average is nearest in the occurrences left out.

# %%
last = np.concatenate([[-1], places[:-1]])
for place, name in ((0, "b"), (2, "d"), (5, "g")):
    groups = [inside[(places == place) & (last == end)] for end in (1, 4, 8)]
    means = np.array([group[::2].mean(axis=0) for group in groups])
    nearest = [((group[1::2, None] - means) ** 2).sum(axis=2).argmin(axis=1) == k for k, group in enumerate(groups)]
    share = np.concatenate(nearest).mean()
    print(f"{name}: the syllable before is read off the state in {share:.0%} of the cases (by chance 33%)")
    assert share > 0.7

# %% [markdown]
# They are: the state tells nearly always which syllable came before. For the prediction this makes no difference; the network remembers it because nothing told it to forget.
#
# ## A real series: the sun
#
# Since 1700 somebody has counted **sunspots** (太阳黑子). The yearly numbers swing with a period near eleven years and heights that differ from cycle to cycle; Yule described them in 1927 by **autoregression** (自回归), **AR(p)**: linear regression of each year on the last $p$ years. We train on 1700–1948 and predict each of the 60 years from
# 1949 on from the years before it. The measure is the mean absolute error (MAE), in units of the sunspot number.

# %%
sunspots = load_sunspots()
naive = np.abs(np.diff(sunspots.numbers)[-60:]).mean()
linear = {}
for n_lags in (1, 2, 9):
    X, y = lagged(sunspots.numbers, n_lags)
    A = np.column_stack([X, np.ones(len(X))])
    coefficients = np.linalg.lstsq(A[:-60], y[:-60])[0]
    line = A[-60:] @ coefficients
    linear[n_lags] = np.abs(line - y[-60:]).mean()

# %%
print(f"'as last year': {naive:.1f};  AR(1), AR(2), AR(9): {', '.join(f'{e:.1f}' for e in linear.values())}")
assert round(naive, 1) == 25.1
assert round(linear[9], 1) == 14.8

# %% [markdown]
# AR(p) needs the last $p$ years as inputs, in a window that we have to choose. The Elman network gets *one* number a year, and has to make its own window. A feed-forward network of the same size gets that one number too, so the difference between the two is what the context
# is worth. Learning rate, size and number of passes were chosen on the years before 1949.

# %%
X, y = lagged(sunspots.numbers, 1)
inputs, targets = X / 100 - 0.5, y / 100 - 0.5
options = {"learning_rate": 0.01, "schedule": "linear", "max_epochs": 200, "random_state": 0}
recurrent = ElmanNetwork(10, **options).fit(inputs[:-60], targets[:-60])
layered = MLPRegressor(10, activation="tanh", batch_size=1, alpha=0.0, **options).fit(inputs[:-60], targets[:-60])
forecast = {name: 100 * (net.predict(inputs) + 0.5) for name, net in (("Elman", recurrent), ("feed-forward", layered))}
for name, values in forecast.items():
    print(f"{name} with one lag: MAE {np.abs(values - y)[-60:].mean():.1f}")

# %%
record = records.load("classical/elman_sunspots")["figures"]
print("lags  AR     Elman          feed-forward   (mean and deviation of 20 seeds)")
for n_lags in ("1", "2", "9"):
    row = {name: np.array(record[n_lags][name]) for name in ("elman", "feed_forward")}
    text = "   ".join(f"{values.mean():5.1f} ± {values.std():.1f}" for values in row.values())
    print(f"{n_lags:>4}  {record[n_lags]['autoregressive']:.1f}  {text}")

# %%
one, nine = (np.mean(record[n_lags]["elman"]) for n_lags in ("1", "9"))
print(f"with one lag the context is worth {np.mean(record['1']['feed_forward']) - one:.1f} spots")
assert one < np.mean(record["1"]["feed_forward"]) - 5
assert one > record["9"]["autoregressive"]  # and yet nine lags and a straight line are better
assert nine < np.mean(record["9"]["feed_forward"])

# %% mystnb={"image": {"alt": "Sunspot numbers of 1949 to 2008 with the one-step forecasts of the Elman network, and below them the errors of the network. The forecasts follow the cycle closely and fall short at the highest maxima, most of all from 1956 to 1959."}}
figure, (top, bottom) = plt.subplots(2, 1, figsize=(7, 4.2), sharex=True, height_ratios=(2, 1))
top.plot(sunspots.years_test, y[-60:], color="black", label="observed")
top.plot(sunspots.years_test, forecast["Elman"][-60:], "--", color=plot.PALETTE[1], label="Elman, one year ahead")
top.axhline(sunspots.y_train.max(), color=plot.PALETTE[6], lw=1, ls=":", label="highest value before 1949")
top.set(ylabel="sunspot number", ylim=(0, 215))
top.legend(ncols=3, loc="upper right", fontsize=7)
bottom.bar(sunspots.years_test, (forecast["Elman"] - y)[-60:], color=plot.PALETTE[0])
bottom.set(xlabel="year", ylabel="forecast − observed")
plt.show()

# %% [markdown]
# The forecasts fall short at the maxima. Six of the test years lie above everything that the network had seen before 1949, so our first explanation was that its tanh units saturate there. That can be looked at. In the years after a bright one (above 120) and in all others we count the hidden units beyond ±0.9, average the slopes $1 - h^2$ of the units, and
# compute the *gain*: by how much one spot more in the last year raises the forecast, with the context as it is.

# %%
observed, after_bright = y[-60:], X[-60:, 0] > 120
new_heights = sunspots.years_test[sunspots.y_test > sunspots.y_train.max()]
print("years above everything in the training:", *new_heights)
states = recurrent.hidden_states(inputs)[-60:]
gain = ((1 - states**2) * recurrent.W_[0]) @ recurrent.V_[:, 0]
for name, years in (("after a bright year", after_bright), ("in the other years", ~after_bright)):
    beyond, slope = np.mean(np.abs(states[years]) > 0.9), np.mean(1 - states[years] ** 2)
    miss = [np.abs(values[-60:] - observed)[years].mean() for values in (forecast["Elman"], line)]
    print(
        f"{name} ({years.sum()}): units beyond 0.9 {beyond:.0%}, mean slope {slope:.2f}, gain {gain[years].mean():.2f};",
        end=" ",
    )
    print(f"MAE Elman {miss[0]:.1f}, AR(9) {miss[1]:.1f}")

# %%
old = slice(8, -60)  # the training years that have nine years before them
bright_past = y[old] > 120
for name, values in (("Elman", forecast["Elman"][old]), ("AR(9)", A[:-60] @ coefficients)):
    print(f"{bright_past.sum()} bright training years: MAE of {name} {np.abs(values - y[old])[bright_past].mean():.1f}")

# %%
slopes = 1 - states**2
assert slopes[after_bright].mean() > 0.6 * slopes[~after_bright].mean()
assert gain[after_bright].mean() < 0.6 * gain[~after_bright].mean()
elman_miss, linear_miss = (np.abs(v[-60:] - observed) for v in (forecast["Elman"], line))
assert elman_miss[after_bright].mean() > linear_miss[after_bright].mean() + 3
assert elman_miss[~after_bright].mean() < linear_miss[~after_bright].mean() + 1

# %% [markdown]
# With one number a year, the context brings the error from where the feed-forward network stays, which is no better than "as last year", down to about 16. So the network has built itself a window. On average over the seeds it still loses to AR(9), by about one spot, and the numbers say where. After a bright year
# two of the ten units are saturated, otherwise hardly one, and the slopes are on average a fifth smaller, while the gain shrinks to a third: our first explanation has a grain of truth and is not enough. It is the *response* as a whole that is bent. After a bright year one spot more raises the forecast by a third of a spot, in other years by more than a whole one. The bend was learnt, and for a reason: in the bright years of the training the
# network makes little more than half the error of the linear model. The cycles after 1949 are higher and stay high for longer, there the bend sends the forecast down too early (1958, 1959, 1981, 1991 in the figure), and the straight line, which has no such experience, is nearer. The steep rises before the maxima are missed by both. In all other years the two are equally good.
#
# When the Elman network is *given* nine lags, it is on a level with the linear model, slightly ahead on average over twenty seeds. But note the size of all this: among networks with other seeds the
# error differs by as much as between the methods, and a regression needs no seed. For a short, nearly linear series start with autoregression.
#
# ## Checked against torch
#
# `torch.nn.RNN` with tanh units is the same network. Its state is computed by other code, and with `detach` after every step its gradient should be Elman's rule, number for number. We compare states on a long sequence, and then train both online, weight by weight.

# %%
rnn = torch.nn.RNN(1, 10, dtype=torch.float64)
head = torch.nn.Linear(10, 1, dtype=torch.float64)
ours = ElmanNetwork(10, learning_rate=0.01, momentum=0.9, random_state=3).partial_fit(inputs, targets)
ours._change[:] = 0.0  # both start without momentum

# %%
pairs = ((rnn.weight_ih_l0, ours.W_.T), (rnn.weight_hh_l0, ours.U_.T), (rnn.bias_ih_l0, ours.b_))
with torch.no_grad():
    rnn.bias_hh_l0.zero_()
    for theirs, mine in (*pairs, (head.weight, ours.V_.T), (head.bias, ours.a_)):
        theirs.copy_(torch.tensor(mine))
    states = rnn(torch.tensor(inputs))[0].numpy()
print(f"hidden states of {len(X)} steps: largest difference {np.abs(states - ours.hidden_states(inputs)).max():.1e}")
assert np.abs(states - ours.hidden_states(inputs)).max() < 1e-12

# %%
# torch has two biases where one does: the second stays zero
trained = [rnn.weight_ih_l0, rnn.weight_hh_l0, rnn.bias_ih_l0, *head.parameters()]
sgd, h = torch.optim.SGD(trained, lr=0.01, momentum=0.9), torch.zeros(1, 10, dtype=torch.float64)
for x_t, y_t in zip(torch.tensor(inputs), torch.tensor(targets)):
    out, h = rnn(x_t[None], h.detach())
    sgd.zero_grad()
    (0.5 * (head(out)[0, 0] - y_t) ** 2).backward()
    sgd.step()

# %%
ours = ours.partial_fit(inputs, targets)
finals = ((rnn.weight_ih_l0, ours.W_.T), (rnn.weight_hh_l0, ours.U_.T), (head.weight, ours.V_.T))
gap = max(np.abs(theirs.detach().numpy() - mine).max() for theirs, mine in finals)
print(f"weights after {len(X)} online updates: largest difference {gap:.1e}")
assert gap < 1e-12

# %% [markdown]
# The linear forecasts have a referee too: the autoregression of statsmodels, which fits AR(9) by its own code.

# %%
if importlib.util.find_spec("statsmodels") is None:
    print("statsmodels is not installed: this comparison is skipped")
else:
    from statsmodels.tsa.ar_model import AutoReg

    fitted = AutoReg(sunspots.y_train, lags=9).fit()
    ahead = AutoReg(sunspots.numbers, lags=9).predict(fitted.params, start=249, end=308)
    peer = np.abs(ahead - sunspots.y_test).mean()
    print(f"MAE of AR(9): statsmodels {peer:.6f}, ours {linear[9]:.6f}")
    assert abs(peer - linear[9]) < 1e-6

# %% [markdown]
# ## What goes wrong
#
# **Long lags.** Nobody rewards the hidden layer for keeping what will be needed later. Take away every help: the inputs are independent coins, the answer is the XOR of the present one and the one of $k$ steps ago. A record compares Elman's rule, which moves the weights at every step, with four
# trainings of the same network from the same first weights that move them once in 20 steps: the truncated gradient and the gradient through those 20 steps, each with the plain momentum rule (SGD) and with Adam, an optimiser that scales the step of each weight by itself. So gradient and optimiser can be told apart.

# %% mystnb={"image": {"alt": "Share of right answers against the lag for five ways of training. The three with truncated gradients are nearly perfect at lags one and two, fall from four steps on and guess at twelve. The two with gradients through time stay at one up to eight steps, whatever the optimiser, and fall between eight and sixteen."}}
lag_record = records.load("classical/elman_lags")
lags = lag_record["figures"]
k = np.array([int(lag) for lag in lags])
share = {name: np.array([lags[lag][name] for lag in lags]) for name in lags["1"]}
styles = {
    "elman": ("o-", 0, "Elman's rule, every step"),
    "truncated_sgd": ("^--", 2, "truncated, SGD"),
    "truncated_adam": ("v:", 2, "truncated, Adam"),
    "through_time_sgd": ("s--", 1, "through 20 steps, SGD"),
    "through_time_adam": ("D:", 1, "through 20 steps, Adam"),
}
figure, ax = plt.subplots()
for name, (style, color, label) in styles.items():
    ax.plot(k, share[name].mean(axis=1), style, color=plot.PALETTE[color], label=label)
ax.axhline(0.5, color="black", lw=1, ls=":", label="chance")
ax.set(xlabel="lag k (steps)", ylabel="share of right answers, mean of 3 seeds", ylim=(0.45, 1.03))
ax.legend(loc="upper right", fontsize=8)
plt.show()

# %%
for lag in (4, 8, 12, 16):
    row = {name: values[k == lag][0] for name, values in share.items() if name != "untrained"}
    print(f"lag {lag:2d}: " + "; ".join(f"{name} {' '.join(f'{v:.2f}' for v in row[name])}" for name in row))
assert share["elman"][0].min() > 0.99
assert share["elman"][k == 12].max() < 0.6
for optimizer in ("sgd", "adam"):
    assert share[f"truncated_{optimizer}"][k == 8].max() < 0.9 < 0.99 < share[f"through_time_{optimizer}"][k == 8].min()

# %% [markdown]
# We had expected Elman's rule to be lost after very few steps. It is not: the echoes in a hidden layer of 40 units suffice for four, and even at eight it is right eight times in ten, a bar that we could set only after we had seen it. (The same gradient with one change of the weights in 20 steps does worse at eight
# and a little better at six.) At twelve all truncated trainings are reduced to guessing: the trace of the old coin is too faint, and nothing rewards the steps in between for strengthening it. With gradients through time the answers at eight steps are right under either optimiser, so there it is the gradient that counts. Beyond, they too
# fail, depending on the seed, and here the optimiser has a say. Why long lags are hard even for the full gradient is the question with which the chapter on recurrent networks begins.
#
# **A fixed training sequence.** A record shows the *same* 3000 bits in each of 600 passes. For a network with many weights this is an invitation to learn the coins by heart:

# %%
fixed = records.load("classical/elman_fixed_sequence")["figures"]
for size, kinds in fixed.items():
    seen, unseen = (np.mean(kinds[kind], axis=0) for kind in ("seen", "unseen"))
    print(f"{size:>3} hidden units, coin, coin, XOR: seen bits {seen.round(2)}, fresh bits {unseen.round(2)}")
assert (seen[:2] < np.log(2)).all()
assert (unseen[:2] > np.log(2) + 0.1).all()

# %% [markdown]
# With 100 hidden units the coins of the training sequence cost *less* than $\ln 2$. There is no clearer sign of memorising, because no honest prediction of a coin can cost less. On fresh bits the same network pays for its superstitions: it is sure where nobody can be. (The small ones do not memorise
# much; their upper values are the boldness that we saw early in training.) Fresh bits in every pass, free of charge with a generator, remove the temptation.
#
# **Too large a rate.** The loop feeds errors of the weights back into the states, so recurrent networks are touchier than layered ones.

# %%
for rate in (0.001, 0.01, 0.1, 1.0, 10.0):
    trial = ElmanNetwork(10, learning_rate=rate, max_epochs=30, random_state=0)
    try:
        trial.fit(inputs[:-60], targets[:-60])
        print(f"learning rate {rate}: training MAE {100 * np.abs(trial.predict(inputs) - targets)[:-60].mean():.1f}")
    except FloatingPointError as error:
        print(f"learning rate {rate}: {error}")

# %% [markdown]
# Ten times the rate that we used for the forecasts, 0.01, already harms, and at a hundred times the weights are lost in the first pass.
#
# **Shuffled rows.** For this estimator the order of the rows is the data. A cross-validation that shuffles, harmless for every other model so far, hands it noise. And reset the context where a new sequence begins (`lengths`), or the end of one is taken for the past of the next.
#
# ### Three sentences one reads
#
# *"A simple recurrent network has one hidden node."* It has as many as one gives it, and one is not enough for XOR: with a single hidden unit the output is a monotone function of one weighted sum, a straight cut, and a straight cut can get three of the four pairs of coins right and not the fourth. *"It converges quickly."* Our network read 1.8 million bits to learn one rule about three. *"Its context gives it a memory of
# arbitrary length."* The architecture, yes, as the click has shown; the rule, no, as the lags have shown. The first sentence is the easiest to test:

# %%
pairs_of_coins = 2 * X_coins[1:, 0] + X_coins[:-1, 0]
ceiling = 1 - np.unique(pairs_of_coins, return_counts=True)[1].min() / len(pairs_of_coins)
print(f"three of the four pairs of coins are {ceiling:.1%} of the steps at most")

# %%
best_of = {}
for size in (1, 2, 20):
    best_of[size] = 0.0
    for seed in range(3):
        trial = ElmanNetwork(**common | {"hidden_size": size, "random_state": seed}, weight_scale=2.0).fit(
            X_coins, y_coins
        )
        best_of[size] = max(best_of[size], np.mean((trial.predict(X_coins) > 0.5) == y_coins))
    print(f"XOR of the last two coins, {size:2d} hidden: best of three seeds {best_of[size]:.1%}")
assert best_of[1] < ceiling + 0.01 < 0.99 < best_of[20]

# %% [markdown]
# ## Exercises
#
# 1. Show that the echo with $u = 1$ decays like $\sqrt{3/(2t)}$, and find the value on which it settles for $u = 1.5$.
#    <details><summary>Answer</summary>
#
#    For small $h$, $\tanh h \approx h - h^3/3$, so $dh/dt \approx -h^3/3$, whence $h^{-2} = 2t/3 + \text{const}$. For $u = 1.5$ the fixed point solves $h = \tanh(1.5\,h)$, which gives $h \approx 0.859$.
#
#    </details>
# 2. (Zhou, exercise 5.9.) Derive the rule for logistic hidden *and* output units with the squared error $\frac12 \sum_j (\hat y_j - y_j)^2$, in Zhou's letters.
#    <details><summary>Answer</summary>
#
#    As for the ordinary network: $g_j = \hat y_j (1 - \hat y_j)(y_j - \hat y_j)$ and $e_h = b_h(1 - b_h) \sum_j w_{hj} g_j$. Then $\Delta w_{hj} = \eta\,g_j b_h$, $\Delta v_{ih} = \eta\,e_h x_i$, and for the context weight from unit $k$: $\Delta u_{kh} = \eta\,e_h\,b_k^{(t-1)}$, thresholds $\Delta\theta_j = -\eta g_j$, $\Delta\gamma_h = -\eta e_h$. Only the weights $u$ are new. The
#    exact gradient has further terms, through $b_k^{(t-1)}$.
#
#    </details>
# 3. Why is the gradient of $V$ exact although the rule is truncated? Would it be in Jordan's network?
#    <details><summary>Answer</summary>
#
#    $V$ acts on $\hat y_t$, and nothing of $\hat y_t$ comes back in Elman's network, so $\mathcal L_t$ depends on $V$ only directly. In Jordan's network it comes back, and the gradient of $V$ is truncated too.
#
#    </details>
# 4. Suppose Jordan's context received the *target* $y_{t-1} = x_{t-1} \oplus x_{t-2}$ instead of the output. Could the network then compute $x_t \oplus x_{t-1}$?
#    <details><summary>Answer</summary>
#
#    Not from the last target alone: $y_{t-1}$ and $x_{t-1}$ are independent. From *all* targets one could, since $x_{t-1} = y_{t-1} \oplus y_{t-2} \oplus \dots \oplus y_1$ with the first coin counted as known, but that is the parity of a growing number of bits, and a decaying sum does not hold them apart.
#
#    </details>
# 5. A source repeats blocks of $k$ coins followed by their parity. What is the entropy rate, and what does it cost at most not to know where the blocks begin?
#    <details><summary>Answer</summary>
#
#    $\frac{k}{k+1} \ln 2$ nats per bit, and $\ln(k+1)$ nats in all, the entropy of the unknown phase.
#
#    </details>
# 6. Let the sunspot network run freely from 1949 on, its own forecast as the next input. How long does it keep the cycle?
#    <details><summary>Hint</summary>
#
#    Use `elman_step` with the fitted weights, starting from the last row of `hidden_states` on the training years. Compare with AR(9) run the same way, whose cycle must die away because all its roots lie inside the unit circle.
#
#    </details>
# 7. In the experiment on lags, a hidden layer with its *first* weights, on which only the outputs are trained, is right in half of the steps and no more, at every lag (the record holds the numbers as `untrained`). Why, although old coins can be read off such a layer?
#    <details><summary>Answer</summary>
#
#    All biases are zero at first, and tanh is odd: turn every coin over, and every state changes its sign, so what a linear output gains on one stream it loses on its mirror image, since the XOR of two coins stays the same when both are turned over. The best it can do is to ignore the state. Training moves the biases
#    and so breaks the symmetry.
#
#    </details>
# 8. Train with `phase=None` in `learn_from_fresh_bits`, so that every stream begins at a random phase. Does the network find the phase sooner?
#    <details><summary>Hint</summary>
#
#    Plot the first 30 bits as above, beside what `bayes_prediction` pays. Sooner, yes; it does not become Bayes' equal.
#
#    </details>
#
# ## Summary
#
# - Elman's network is a multilayer perceptron that finds a copy of its last hidden state among its inputs. Jordan's finds its last outputs there, and remembers less.
# - Elman's rule is ordinary back-propagation of one step. It leaves out $\delta U^\top$, the signal to the step before; it equals `torch.nn.RNN` with a detached state.
# - Judge a predictor by the entropy rate of its source. Temporal XOR has $\frac23 \ln 2$ nats per bit, and the network reaches it; not knowing the phase costs $\ln 3$ nats once.
# - What is predictable and what is not marks the boundaries of words. States of the trained network are places in an automaton, or a fading record of the input; probes tell which.
# - On the sunspots the context is worth almost ten spots of error against the same network without it; a linear model with nine lags is still a little better, because it has learnt no bend that later cycles refute.
# - Memory that is not rewarded fades: with truncation after one step, dependencies beyond a handful of steps are not learnt.
#
# ## Sources
#
# - Elman (1990), Finding structure in time, Cognitive Science 14(2), 179–211, [doi:10.1207/s15516709cog1402_1](https://doi.org/10.1207/s15516709cog1402_1).
# - Jordan (1986), Serial order: a parallel distributed processing approach, ICS report 8604, University of California, San Diego.
# - Zhou (2016), 《机器学习》, section 5.5.5, figure 5.13, exercise 5.9.
# - Qiu (2019), 《神经网络与深度学习》, equations 6.5–6.7.
# - Cover and Thomas (2006), Elements of Information Theory, second edition, chapters 2 and 4 (entropy rate, the price of a prior).
# - Yule (1927), On a method of investigating periodicities in disturbed series, [doi:10.1098/rsta.1927.0007](https://doi.org/10.1098/rsta.1927.0007).
