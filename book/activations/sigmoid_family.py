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
# # The sigmoid family (S 型函数)
#
# A neuron adds its inputs, and then? If it passed the sum on as it is, a network of any depth would collapse into a single matrix.
# If it only said yes or no, as the neuron of 1943 did, nothing could be learnt by descent, because a small change of a weight would
# change nothing at all. For thirty years the answer lay in between: a curve shaped like a stretched letter S. This section asks
# where that curve comes from, what it costs, how it goes wrong in 64-bit numbers, and why one of its members, tanh, wins races against
# another, the logistic function, although the two are the same curve.
#
# **You need:** [back-propagation](../backprop/backpropagation.ipynb), and from probability Bayes' rule.
#
# **Time to run:** see the [Execution](../execution.md) page. About 10 seconds on one core.
#
# Equation numbers are those of Qiu (2019), 《神经网络与深度学习》, chapter 4.

# %% tags=["install", "hide-cell"]
# Only where the package is missing, as on Colab.
import importlib.util

if importlib.util.find_spec("nndl_support") is None:
    print("This notebook needs the package nndl_support: run pip install '.[data]' in a copy of its repository.")

# %%
import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import norm

from nndl_support import plot, records
from nndl_support.activations import bias_shift, sigmoid_family
from nndl_support.activations.sigmoid_family import hard_logistic, hard_tanh, log_softmax, logistic, softmax, tanh
from nndl_support.backprop import network
from nndl_support.backprop.mlp import MLPClassifier
from nndl_support.data.digits import load_digits, load_mnist_5k
from nndl_support.source import show_source

plot.use_style()

# %% [markdown]
# ## From a step to a curve
#
# The **step function** (阶跃函数) of the [M-P neuron](../backprop/perceptron.ipynb) is 1 from 0 on and 0 before. Its derivative is 0
# wherever it exists. Back-propagation multiplies by that derivative at every unit on the way, so every gradient behind a step is
# exactly zero: not small, zero. This is why the perceptron needed a rule of its own and why hidden layers had to wait.
#
# The **logistic function** (Logistic 函数) keeps the decision and rounds its edge:
#
# $$ \sigma(x) = \frac{1}{1 + e^{-x}} \tag{4.4} $$

# %%
show_source(sigmoid_family.logistic, sigmoid_family.logistic_derivative)

# %% [markdown]
# The code is longer than the formula, and a later part of this section shows what the formula alone would have done. Before that, a more
# interesting question: there are many S-shaped curves, so why this one?
#
# ### Where the curve comes from
#
# Suppose that a unit should report the *probability* that its input $x$ belongs to class 1 rather than class 0. Bayes' rule, divided
# through by its numerator, reads
#
# $$ p(1 \mid x) = \frac{p(x \mid 1)\,p(1)}{p(x \mid 1)\,p(1) + p(x \mid 0)\,p(0)} = \frac{1}{1 + e^{-a}}, \qquad a = \ln\frac{p(x \mid 1)\,p(1)}{p(x \mid 0)\,p(0)} $$
#
# The logistic function stands there before anything has been assumed. Its argument $a$ is the logarithm of the odds, the **log-odds** (对数几率), and σ is
# merely the translation from log-odds into probability. What a neuron adds is the assumption that $a$ is *linear* in the inputs. That
# holds exactly for two bell curves of equal width: with means $\pm\mu$ and variance $s^2$ the squares in the exponents cancel, and
# $a = 2\mu x/s^2 + \ln(p(1)/p(0))$. We compute the probability in both ways:

# %%
x = np.linspace(-6, 6, 481)
mu, s, prior = 1.3, 1.7, 0.3
one, zero = prior * norm.pdf(x, mu, s), (1 - prior) * norm.pdf(x, -mu, s)
by_bayes = one / (one + zero)
by_neuron = logistic(2 * mu / s**2 * x + np.log(prior / (1 - prior)))
print(f"largest difference between Bayes' rule and a neuron: {np.abs(by_bayes - by_neuron).max():.1e}")
assert np.abs(by_bayes - by_neuron).max() < 1e-14

# %% [markdown]
# A logistic unit with the right weight and bias *is* Bayes' rule for this problem; the bias holds the prior. Where the two widths differ, a quadratic
# term survives in $a$, and no single unit is right; exercise 2 looks at that case.
#
# A second way to the same curve starts from growth. Let a share $p$ of a population know a rumour; it spreads when one who knows
# meets one who does not, so $p' = p(1 - p)$. The solution through $p(0) = 1/2$ is σ, and no other function has this
# property. It is also the most convenient property a unit can have, because the derivative comes for free with the output:
#
# $$ \sigma'(x) = \sigma(x)\,\bigl(1 - \sigma(x)\bigr) \le \tfrac14 $$
#
# Why 1/4? The two factors add up to 1, and a product of two numbers with a given sum is largest when they are equal, here at
# $x = 0$, where both are 1/2. Remember the number. At every logistic unit that an error passes on its way back, it loses at least
# three quarters of its size to this factor; what a chain of them does is the subject of a
# [later section](vanishing_gradients.ipynb).
#
# ## Tanh, the same curve
#
# The **hyperbolic tangent** (Tanh 函数) runs from −1 to 1:
#
# $$ \tanh(x) = \frac{e^{x} - e^{-x}}{e^{x} + e^{-x}} \tag{4.5} $$
#
# Divide numerator and denominator by $e^x$, and compare with (4.4): it is the logistic function, doubled in height, squeezed to half its width, and lowered by 1,
#
# $$ \tanh(x) = 2\sigma(2x) - 1 . \tag{4.6} $$
#
# Doubling and squeezing each double the slope, so that $\tanh'(x) = 4\sigma'(2x) = 1 - \tanh^2 x$ reaches 1 where $\sigma'$ reaches 1/4.

# %%
gap = np.abs(tanh(x) - (2 * logistic(2 * x) - 1)).max()
print(f"tanh(x) and 2 sigma(2x) - 1 differ by at most {gap:.1e}")
largest = sigmoid_family.logistic_derivative(x).max(), sigmoid_family.tanh_derivative(x).max()
print(f"largest slopes: logistic {largest[0]}, tanh {largest[1]}")
assert gap < 1e-15
assert largest == (0.25, 1.0)

# %% mystnb={"image": {"alt": "Two panels over x from minus six to six. Left: the step, the logistic curve from zero to one, and the steeper tanh from minus one to one. Right: their first derivatives, a bell of height one quarter for the logistic function and a narrower bell of height one for tanh, and the derivative of the logistic function's own slope, which crosses zero in the middle."}}
figure, (left, right) = plt.subplots(1, 2, figsize=(7, 2.9))
left.plot(x, sigmoid_family.step(x), ":", color="black", label="step")
for name, f, style in (("logistic", logistic, "-"), ("tanh", tanh, "--")):
    left.plot(x, f(x), style, label=name)
    right.plot(x, getattr(sigmoid_family, f"{name}_derivative")(x), style, label=f"{name}, first")
right.plot(x, sigmoid_family.logistic_second_derivative(x), "-.", label="logistic, second")
left.set(xlabel="net input x", ylabel="output f(x)")
right.set(xlabel="net input x", ylabel="derivative")
left.legend(fontsize=8)
right.legend(fontsize=8)
plt.show()

# %% [markdown]
# Both curves are nearly straight in the middle, where a unit behaves like a linear one, and flat outside, where it behaves like a
# switch. (Logistic function and tanh are Qiu's figure 4.2.) The second derivative is largest between the two regimes; it is needed where
# one differentiates a gradient, for instance for a Hessian, and in physics-informed networks, whose loss contains derivatives of the network.
#
# ### Saturation
#
# The flat parts are called **saturation** (饱和). A unit there no longer answers: neither its output nor its gradient says which way to go.

# %%
for z in (0.0, 2.0, 5.0, 10.0, 20.0):
    slope, slope_tanh = sigmoid_family.logistic_derivative(z), sigmoid_family.tanh_derivative(z)
    print(f"x = {z:4.0f}: logistic slope {slope:.1e}, tanh slope {slope_tanh:.1e}")
assert sigmoid_family.logistic_derivative(10.0) < 1e-4

# %% [markdown]
# At $x = 10$ a logistic unit passes on less than a ten-thousandth of the error it receives, and tanh is worse by far, since its argument counts double. How easily a network gets
# there, we shall see under "what goes wrong".
#
# ## The hard forms: a first-order Taylor piece with its ends cut off
#
# Exponentials used to be expensive, and on small chips they still are. The cheapest curve that agrees with σ near 0 is its
# first-order Taylor polynomial,
#
# \begin{align}
# g_l(x) &= \sigma(0) + x\,\sigma'(0) \tag{4.7} \\
# &= 0.25\,x + 0.5 . \tag{4.8}
# \end{align}
#
# A straight line leaves the interval from 0 to 1 at $x = \pm 2$, so it is cut off there, and the **hard logistic function**
# (Hard-Logistic 函数) is
#
# $$ \text{hard-logistic}(x) = \max\bigl(\min(0.25\,x + 0.5,\ 1),\ 0\bigr) . \tag{4.11} $$
#
# For tanh the line is $g_t(x) = \tanh(0) + x \tanh'(0) = x$ (4.12–4.13), and
#
# $$ \text{hard-tanh}(x) = \max\bigl(\min(x,\ 1),\ -1\bigr) . \tag{4.15} $$

# %% mystnb={"image": {"alt": "Two panels. Left: the logistic curve, Qiu's hard logistic function with corners at plus and minus two, and PyTorch's flatter one with corners at plus and minus three. Right: tanh and hard tanh with corners at plus and minus one."}}
figure, (left, right) = plt.subplots(1, 2, figsize=(7, 2.9))
left.plot(x, logistic(x), color="black", linewidth=1, label="logistic")
left.plot(x, hard_logistic(x), "--", label="hard, slope 1/4 (Qiu)")
left.plot(x, hard_logistic(x, slope=1 / 6), "-.", label="hard, slope 1/6 (PyTorch)")
right.plot(x, tanh(x), color="black", linewidth=1, label="tanh")
right.plot(x, hard_tanh(x), "--", label="hard tanh")
for ax in (left, right):
    ax.set(xlabel="net input x", ylabel="output f(x)")
    ax.legend(fontsize=7, loc="lower right")
plt.show()

# %% [markdown]
# How good is the piece? σ minus 1/2 is an odd function, so its Taylor series has no second-order term, and the error of the straight
# line must be of *third* order: halve the distance from 0, and it must fall to an eighth.

# %%
distance = np.array([0.4, 0.2, 0.1, 0.05])
errors = np.abs(hard_logistic(distance) - logistic(distance))
print("error at", distance, ":", errors)
orders = np.log2(errors[:-1] / errors[1:])
print("orders:", orders.round(3))
assert np.allclose(orders, 3, atol=0.05)
apart = np.abs(hard_logistic(x) - logistic(x)).max()
print(f"largest error anywhere: {apart:.3f}")

# %% [markdown]
# The order is three, as promised, and the worst error sits at the corners, where the line has been followed too far.
#
# **A trap.** The dashed and the dash-dotted line in the figure carry the same name in different books. PyTorch's `Hardsigmoid` is
# $x/6 + 1/2$ between corners at $\pm 3$. It is *not* the tangent of σ. Weights trained with one and used with the other are
# silently wrong:

# %%
at_one = hard_logistic(1.0).item(), hard_logistic(1.0, slope=1 / 6).item()
print(f"hard-logistic(1): {at_one[0]:.4f} in Qiu, {at_one[1]:.4f} in PyTorch, sigma(1) = {logistic(1.0):.4f}")
for slope in (1 / 4, 1 / 6):
    print(f"slope {slope:.3f}: largest distance from sigma {np.abs(hard_logistic(x, slope) - logistic(x)).max():.3f}")
assert np.abs(hard_logistic(x, 1 / 6) - logistic(x)).max() < apart

# %% [markdown]
# The flatter line is wrong at once, and yet its *largest* error is smaller: a tangent is the best line at one point, not on
# an interval. At the corners no derivative exists, and one must be chosen. Here it is 0, the slope of the flat side; so do
# PyTorch's `hardtanh` and `hardsigmoid`, while its `clamp`, which computes the same values, chooses the steep side.
#
# ## What the formula does in floating point
#
# A textbook formula is a statement about real numbers. Typed into a computer as it stands, (4.4) fails in three ways, and each of them has
# stopped somebody's training.
#
# **Overflow.** $e^{-x}$ leaves the range of 64-bit numbers at $x \approx -710$:

# %%
with np.errstate(over="raise"):
    try:
        1 / (1 + np.exp(-np.array([-1000.0])))
    except FloatingPointError as error:
        print("the formula at x = -1000:", error)
    print("the function above:      ", logistic([-1000.0, 1000.0]))

# %% [markdown]
# The remedy is visible in the source above: only $e^{-|x|}$ is ever computed, which underflows gently to 0. For negative $x$ the fraction is extended by
# $e^{x}$, so that $\sigma(x) = e^{x}/(1 + e^{x})$.
#
# **Cancellation.** For large positive $x$, σ is so close to 1 that $1 - \sigma$ loses its digits one after the other. The derivative
# $\sigma(1 - \sigma)$ loses them too, although the true value is perfectly representable. So does the logarithm in the cross-entropy.

# %%
far = np.linspace(0, 45, 181)
naive = logistic(far) * (1 - logistic(far))
decay = np.exp(-far.astype(np.longdouble))  # more digits than 64 bits hold, where the machine has them
true = decay / (1 + decay) ** 2
lost = np.abs(naive - true) / true
kept = np.abs(sigmoid_family.logistic_derivative(far) - true) / true
first_zero = far[np.argmax(naive == 0)]
there = float(true[far == first_zero][0])
print(f"sigma(1 - sigma) is exactly 0 from x = {first_zero} on; truly it is {there:.2e} there")
assert lost[-1] == 1.0
assert kept.max() < 1e-15

# %% mystnb={"image": {"alt": "A logarithmic plot of relative error against x from zero to 45. The error of sigma times one minus sigma climbs steadily from sixteen decimal places to one hundred per cent at about 37 and stays there; the error of the book's function lies at the rounding level throughout."}}
figure, ax = plt.subplots(figsize=(6, 2.9))
ax.semilogy(far, np.maximum(lost, 1e-18).astype(float), label=r"$\sigma(1 - \sigma)$ as written")
ax.semilogy(far, np.maximum(kept, 1e-18).astype(float), "--", label="with $e^{-|x|}$")
ax.set(xlabel="net input x", ylabel="relative error of the slope", ylim=(1e-19, 10))
ax.legend(loc="center right")
plt.show()

# %% [markdown]
# One decimal digit is lost every 2.3 units of $x$ (that is $\ln 10$), until at about 37 nothing is left. A unit with such a slope cannot recover, because
# it does not receive even the tiny gradient that is its due. The function of this book writes the slope as $e^{-|x|}/(1 + e^{-|x|})^2$, in which nothing is ever subtracted.
#
# **The logarithm of a rounded zero.** The cross-entropy of a confident wrong answer is $-\ln(1 - \sigma(x))$. As written it is
# infinite at 40. Rewritten as $\ln(1 + e^x)$, the [softplus](rectifiers.ipynb) function, it is about 40, and its derivative is alive. Libraries offer losses
# "with logits" for this one reason.

# %%
with np.errstate(divide="ignore"):
    print("-log(1 - sigma(40)) as written:", -np.log(1 - logistic(40.0)))
print("the same as log(1 + exp(40)):  ", np.logaddexp(0.0, 40.0))

# %% [markdown]
# ## The member with many outputs
#
# For $K$ classes the same Bayes' rule gives the **softmax function** (Softmax 函数)
#
# $$ p_k = \frac{e^{x_k}}{\sum_j e^{x_j}}, $$
#
# whose arguments are, up to a common constant, the logarithms of $p(x \mid k)\,p(k)$. Two scores are enough to find the logistic
# function again: dividing by $e^{x_1}$ gives $p_1 = \sigma(x_1 - x_2)$. Because only differences count, adding a constant to
# all scores changes nothing, and this freedom is what makes the function computable: subtract the largest score first, and
# no exponential can overflow. Its logarithm deserves a function of its own, since the log of a $p_k$ that was rounded to 0 is lost.

# %%
show_source(sigmoid_family.softmax, sigmoid_family.log_softmax, sigmoid_family.softmax_jacobian)

# %%
scores = np.array([[2.0, -1.0], [0.5, 0.5], [-3.0, 4.0]])
two = np.abs(softmax(scores)[:, 0] - logistic(scores[:, 0] - scores[:, 1])).max()
print(f"softmax of two scores against sigma of their difference: {two:.1e}")
print("scores 0 and 1000: softmax", softmax([0.0, 1000.0]), " log-softmax", log_softmax([0.0, 1000.0]))
jacobian = sigmoid_family.softmax_jacobian([1.0, 0.0, -2.0])
print("eigenvalues of a Jacobian:", np.linalg.eigvalsh(jacobian).round(4))
assert two < 1e-15
assert abs(np.linalg.eigvalsh(jacobian)[0]) < 1e-15

# %% [markdown]
# Softmax is not elementwise: every output depends on every score, so its derivative is a matrix, the **Jacobian** (雅可比矩阵)
# $p_k(\delta_{kj} - p_j)$. One of its eigenvalues is always 0. The eigenvector is $(1, \dots, 1)$, the constant that may be added to all scores for free.
#
# ## Zero-centredness
#
# We come to the question that gave tanh its reputation. If tanh and σ are one curve, why should a network care? Take any network of logistic
# units. By (4.6), each $\sigma(z)$ may be replaced by $\frac12 + \frac12\tanh(z/2)$; halve the weights around it, move the constant into the next bias, and a
# tanh network has appeared that computes the *same function*. So the two families can represent exactly the same things. The difference can only lie in the learning.
#
# It is often put like this (Qiu 2019, exercise 4-1 asks for the reason): the outputs of logistic units are all positive, they are not
# **zero-centred** (零中心化), the next layer sees a **bias shift** (偏置偏移), and gradient descent becomes slow. Let us find out what is in it.
#
# ### All weights up, or all weights down
#
# Look at one unit of the next layer, with inputs $a_1, \dots, a_H$ and error term $\delta$. For one example, its gradient is $\delta\,a_i$ for
# weight $i$. If all $a_i$ are positive, every component has the sign of $\delta$: one example moves *all* weights up or *all* weights down, never one
# up and another down. Should the better weights lie at $(+1, -1)$ from here, no single step can point there.
#
# A linear unit with two inputs is enough to see the consequence. The inputs are uniform on $(0, 1)$, and the target is $a_1 - a_2$, so the best weights
# are $(1, -1)$. Beside it, the same data with the mean of 1/2 subtracted. Each descends at $1.6/\lambda_{\max}$, where $\lambda_{\max}$ is the largest
# eigenvalue of its Hessian: a bold but safe rate, since gradient descent diverges from $2/\lambda_{\max}$ on.

# %%
rng = np.random.default_rng(0)
raw = rng.uniform(size=(500, 2))
best, paths, hessians = np.array([1.0, -1.0]), {}, {}
for name, a in (("all positive", raw), ("centred", raw - raw.mean(axis=0))):
    hessians[name] = a.T @ a / len(a)
    rate, w = 1.6 / np.linalg.eigvalsh(hessians[name]).max(), np.array([1.2, 0.6])
    paths[name] = [w]
    for _ in range(20):
        w = w - rate * hessians[name] @ (w - best)
        paths[name].append(w)
    errors = (a @ (paths[name][0] - best))[:, None] * a  # one gradient for each example
    same_sign = np.mean(errors[:, 0] * errors[:, 1] > 0)
    away = np.linalg.norm(w - best)
    print(f"{name}: {same_sign:.0%} of the single gradients have equal signs; distance after 20 steps {away:.1e}")

# %% mystnb={"image": {"alt": "Two panels with the plane of two weights and the level curves of the error. Left, all-positive inputs: the level curves are long narrow ellipses, and the path of descent jumps back and forth across the valley while it creeps along it. Right, centred inputs: the level curves are nearly circles and the path overshoots the minimum a few times on one straight line and is there."}}
grid = np.linspace(-2, 2.2, 121)
figure, axes = plt.subplots(1, 2, figsize=(7, 3.3), sharey=True)
for ax, (name, path) in zip(axes, paths.items()):
    offset = np.stack(np.meshgrid(grid, grid), axis=-1) - best
    error = 0.5 * np.einsum("...i,ij,...j", offset, hessians[name], offset)
    ax.contour(grid, grid, error, levels=np.geomspace(0.003, 3, 9), colors=plot.PALETTE[6], linewidths=0.6)
    ax.plot(*np.transpose(path), "o-", markersize=3, linewidth=1)
    ax.plot(*best, "*", markersize=12, color=plot.PALETTE[1])
    ax.set(title=f"inputs {name}", xlabel="$w_1$", aspect="equal")
axes[0].set_ylabel("$w_2$")
plt.show()

# %%
distances = {name: np.linalg.norm(path[-1] - best) for name, path in paths.items()}
assert distances["centred"] < 0.1 * distances["all positive"]

# %% [markdown]
# On the left all single gradients share one sign pattern, and the path does what it must: it jumps across the valley along the diagonal $(1, 1)$ and makes its progress in the
# direction $(1, -1)$ out of the small differences between jumps. On the right, the level curves are almost circles: the path overshoots, returns on the same straight line, and is soon at the star.
#
# The picture shows a second, more quantitative reading. What hurts is not the sign as such but the *shape of the valley*. The Hessian of a
# linear unit with squared error is the matrix of second moments, $\mathrm E[a a^\top] = C + m m^\top$: the covariance, plus the outer
# product of the mean with itself. For $H$ independent inputs of mean $m$ and variance $s^2$ the eigenvalues are $s^2$, and once $s^2 + H m^2$. Their ratio, the **condition number** (条件数)
#
# $$ \kappa = 1 + H\,\frac{m^2}{s^2}, $$
#
# says how many times slower the slowest direction learns than the fastest (LeCun, Kanter and Solla 1991). The mean of a logistic unit is not a nuisance of fixed size; it grows with the *width* of the layer.

# %%
for H in (2, 16, 128):
    a = rng.uniform(size=(20_000, H))
    measured = [np.linalg.cond(b.T @ b / len(b)) for b in (a, a - a.mean(axis=0))]
    print(f"H = {H:3d}: condition number {measured[0]:6.1f} (formula {1 + 3 * H}), centred {measured[1]:.2f}")
    assert abs(measured[0] / (1 + 3 * H) - 1) < 0.25

# %% [markdown]
# (For uniform inputs $m^2/s^2 = (1/4)/(1/12) = 3$. Measured values scatter above the formula because even centred random data are not perfectly round.)
#
# ### The race
#
# Now a real network, and a fair start. We draw a network of logistic units for the 8×8 digits, three hidden layers of 32, and *rewrite* it as a network
# of **shifted logistic** units $\sigma(z) - \frac12$ and as one of tanh units. All three compute the same function, to the last digits, before the race begins; then
# each of them learns by plain stochastic gradient descent, on the same examples in the same order. The inputs are centred for everybody: the contest is about hidden units.

# %%
show_source(bias_shift.rewrite)

# %%
digits = load_digits()
centre = digits.X_train.mean(axis=0)
X, X_test, y = digits.X_train - centre, digits.X_test - centre, np.eye(10)[digits.y_train]
born = bias_shift.start((64, 32, 32, 32, 10), np.random.default_rng(0))
faces = {name: bias_shift.rewrite(*born, form) for name, form in bias_shift.FORMS.items()}
outputs = {name: bias_shift.forward(X, *faces[name], form)[-1] for name, form in bias_shift.FORMS.items()}
for name in ("shifted", "tanh"):
    gap = np.abs(outputs[name] - outputs["logistic"]).max()
    print(f"{name}: scores differ from the logistic network's by at most {gap:.0e}")
assert np.allclose(outputs["tanh"], outputs["logistic"], rtol=0, atol=1e-12)

# %% [markdown]
# Before anything moves, measure the valleys. The scores depend linearly on the weights of the last layer, and therefore the Hessian of the loss by these 330 weights (ten classes, each with 32 weights and a bias) is known
# exactly: no label enters it. (In general that part of a Hessian which contains only first derivatives of the network is called the **Gauss–Newton matrix**, 高斯-牛顿矩阵; here it is all there is.)
# The 33 eigenvalues that belong to the free constant of softmax, one for each of the 32 inputs of the layer and one for the bias, are zero; we look at the rest.

# %%
spectra = {}
for name, form in bias_shift.FORMS.items():
    eigenvalues = np.linalg.eigvalsh(bias_shift.output_hessian(X, *faces[name], form))
    spectra[name] = eigenvalues[33:]
    largest, middle = spectra[name][-1], np.median(spectra[name])
    print(f"{name:8}: largest {largest:.3f}, median {middle:.1e}, ratio {largest / middle:5.0f}")
ratio = {name: values[-1] / np.median(values) for name, values in spectra.items()}
assert ratio["logistic"] > 5 * ratio["shifted"]

# %% [markdown]
# The median curvature of the logistic and the shifted network is nearly the same: it is made of *variances*, and a constant has none. But the largest eigenvalue
# of the logistic network sticks out, for the direction in which all hidden units of the layer push together has the whole mean behind it. Since the learning rate is limited by
# $2/\lambda_{\max}$ (roughly: the valley is no parabola, and its shape changes on the way), the logistic network must walk in smaller steps *everywhere*, because of a few directions.
#
# That is a prediction. At one and the same small learning rate, the two should learn equally fast; only the shifted one should bear a larger rate. So we race at many rates, three seeds each.

# %%
rates, finals, accuracies = np.geomspace(0.125, 16, 8), {}, {}
for name, form in bias_shift.FORMS.items():
    for rate in rates:
        for seed in range(3):
            rng = np.random.default_rng(seed)
            born = bias_shift.rewrite(*bias_shift.start((64, 32, 32, 32, 10), rng), form)
            losses, *learnt = bias_shift.train(X, y, *born, form, learning_rate=rate, n_epochs=8, rng=rng)
            guesses = bias_shift.forward(X_test, *learnt, form)[-1].argmax(axis=1)
            finals.setdefault((name, rate), []).append(losses[-1])
            accuracies.setdefault((name, rate), []).append(np.mean(guesses == digits.y_test))
table = {name: np.array([np.mean(finals[name, rate]) for rate in rates]) for name in bias_shift.FORMS}
for name, row in table.items():
    print(f"{name:8}", " ".join(f"{value:9.4f}" for value in row))

# %% mystnb={"image": {"alt": "Log-log plot of the training loss after eight epochs against the learning rate for three networks. The logistic and the shifted curve fall together until a rate of about one; the logistic one levels off at two to four and then turns up sharply, while the shifted one goes on falling to a rate of eight. The tanh curve has the shape of the shifted one, moved to smaller rates by a factor of about eight."}}
figure, ax = plt.subplots(figsize=(6, 3.4))
for (name, row), style in zip(table.items(), ("o-", "s--", "^-.")):
    ax.loglog(rates, row, style, label=name)
ax.set(xlabel=r"learning rate $\eta$", ylabel="training loss after 8 epochs (nats)")
ax.legend()
plt.show()

# %%
lowest = {name: row.min() for name, row in table.items()}
chosen = {name: rates[row.argmin()] for name, row in table.items()}
for name in table:
    print(f"{name:8}: best rate {chosen[name]:5.3f}, loss {lowest[name]:.4f}, ", end="")
    print(f"test accuracy {np.mean(accuracies[name, chosen[name]]):.3f}")
assert np.allclose(table["logistic"][:3], table["shifted"][:3], rtol=0.1)
assert lowest["logistic"] > 5 * max(lowest["shifted"], lowest["tanh"])
assert chosen["shifted"] > chosen["logistic"] > chosen["tanh"]

# %% [markdown]
# The prediction holds, and it surprised the author all the same, because the usual story says otherwise. **At small learning rates
# zero-centredness buys nothing**: the logistic and the shifted curve lie on top of each other. What it buys is room to the right. The shifted network goes on improving at rates
# at which the logistic one already explodes, and at its own best rate it reaches a training loss that is lower by about a factor of ten.
#
# The tanh curve is the shifted curve moved to the left. The weights of the tanh network are a half of the shifted network's in the first and the last
# layer, and a quarter between hidden layers, for the same function. A step in a halved weight counts double, and its gradient is doubled too: together a factor of 4, and of 16 between hidden layers.
# So tanh at a rate η moves about as the shifted unit does at a rate between 4η and 16η. Who compares tanh with the logistic function at one fixed, small learning rate, as is often
# done, sees a large difference, and most of it is this factor. Zero-centredness shows only when everyone may choose the rate.
#
# And the accuracies? They hardly differ. A training loss lower by a factor of ten is worth about a point on the test set of this small problem. Optimisation is not generalisation.
#
# (The race began, for fairness, with biases that cancel the means. In practice biases start at 0, and the first layer of logistic units then also pushes the second off
# its centre, by half the sum of its weights; exercise 4 runs that race.)
#
# ## What goes wrong: a network that was born saturated
#
# Saturation is a matter of scale, and nothing in the formula of a unit protects from a careless scale of the inputs. Take MNIST pixels as they come from the
# camera, from 0 to 255, instead of from 0 to 1. Everything else stays as it is.

# %%
mnist, report = load_mnist_5k(), {}
settings = {"hidden_layer_sizes": 64, "activation": "logistic", "learning_rate": 0.05, "random_state": 0}
for scale in (1, 255):
    pixels = scale * mnist.X_train
    net = MLPClassifier(**settings, max_epochs=5)
    W, b = network.initialise([784, 64, 10], ["logistic", "softmax"], np.random.default_rng(0))
    slopes = sigmoid_family.logistic_derivative(pixels @ W[0] + b[0])
    report[scale] = net.fit(pixels, mnist.y_train).score(scale * mnist.X_test, mnist.y_test)
    print(f"pixels up to {scale:3d}: {np.mean(slopes < 0.0066):.0%} of the units saturated at the start, ", end="")
    print(f"test accuracy {report[scale]:.3f}")
assert report[1] > report[255] + 0.3

# %% [markdown]
# (A slope below 0.0066 is a net input beyond $\pm 5$.) With raw pixels nearly every hidden unit begins in the flat part, for nearly every image. Its weights receive next to no gradient; and
# when a gradient does arrive, it is multiplied by a pixel of up to 255 and throws the unit to the far end of the other flat side. The network learns on top of sixty-four frozen switches.
# The cure costs one division. Scale the inputs, centre them if you can, and draw the first weights so that net inputs are of order 1.

# %% [markdown]
# ## Checked against
#
# SciPy and PyTorch compute the same functions from other code, and PyTorch differentiates them by recording operations. Values must agree to 14 decimals and
# both derivatives to 10, on a grid from −30 to 30 that contains 0.

# %%
from scipy import special

wide = np.linspace(-30, 30, 1201)
print(f"logistic against scipy.special.expit: {np.abs(logistic(wide) / special.expit(wide) - 1).max():.0e} (relative)")
print(f"softmax against scipy: {np.abs(softmax(wide[::40]) - special.softmax(wide[::40])).max():.0e}")
assert np.allclose(logistic(wide), special.expit(wide), rtol=1e-14, atol=0)
assert np.allclose(softmax(wide[::40]), special.softmax(wide[::40]), rtol=1e-13, atol=0)

# %%
try:
    import torch

    peers = {"logistic": torch.sigmoid, "tanh": torch.tanh, "hard_tanh": torch.nn.functional.hardtanh}
    for name, peer in peers.items():
        t = torch.tensor(wide, requires_grad=True)
        value = peer(t)
        (first,) = torch.autograd.grad(value.sum(), t)
        gaps = np.abs(getattr(sigmoid_family, name)(wide) - value.detach().numpy()).max()
        slope_gap = np.abs(getattr(sigmoid_family, f"{name}_derivative")(wide) - first.numpy()).max()
        print(f"{name:9}: value {gaps:.0e}, slope {slope_gap:.0e}")
        assert gaps <= 1e-14
        assert slope_gap <= 1e-10
    t = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)
    (sixth,) = torch.autograd.grad(torch.nn.functional.hardsigmoid(t), t)
    print(f"PyTorch's slope of Hardsigmoid differs from 1/6 by {abs(sixth.item() - 1 / 6):.1e}")
except ImportError:
    print("PyTorch is missing, so this comparison is skipped.")

# %% [markdown]
# The last line is a find. `Hardsigmoid` has slope 1/6, but PyTorch's backward pass works with a 1/6 rounded to 32 bits, even for 64-bit numbers. No training will ever notice five
# billionths; a gradient check to ten digits does.
#
# A benchmark of this project compares the speed, on one thread and with 64-bit numbers. It left a record:

# %%
record = records.load("activations/elementwise_vs_torch")["figures"]["10000"]
for name in ("logistic", "tanh", "hard_logistic", "hard_tanh"):
    result = record[name]["function"]
    nanoseconds = result["nanoseconds_per_element"]
    print(f"{name:13}: {nanoseconds['ours']:.2f} ns a number, PyTorch {nanoseconds['torch']:.2f}, ", end="")
    print(f"ratio {result['median_ratio']:.1f}")
    assert result["median_ratio"] <= 6

# %% [markdown]
# NumPy passes over the array once for every operation in the formula, PyTorch once in all; hence the ratio for the hard forms, where almost all the time is spent fetching numbers. NumPy's tanh, on the other hand, is faster.
#
# ## Exercises
#
# 1. Show from (4.4) that $\sigma(-x) = 1 - \sigma(x)$, and from it that $\sigma'$ is even. Which of the two forms, $1 - \sigma(x)$ or $\sigma(-x)$, would you put into a program?
#    <details><summary>Answer</summary>
#
#    Extend the fraction by $e^{x}$. Differentiating both sides gives $\sigma'(-x) = \sigma'(x)$. The second: it keeps all its digits for large $x$.
#
#    </details>
# 2. Give the two bell curves different widths $s_1 \ne s_0$. Show that the log-odds are quadratic in $x$. What does that say about the region where $p(1 \mid x) > 1/2$, and how many logistic units on the line would you need to approximate it?
#    <details><summary>Answer</summary>
#
#    The squares no longer cancel; the coefficient of $x^2$ is $\frac12(s_0^{-2} - s_1^{-2})$. The region is an interval, or what is outside one: two steps, so two hidden units.
#
#    </details>
# 3. Qiu's exercise 4-1 asks why all-positive inputs slow learning down. Give the answer for the plane of two weights in one sentence, and the one for $H$ weights in one formula.
#    <details><summary>Answer</summary>
#
#    Every example moves both weights in the same direction, so a move in the direction $(1, -1)$ has to be composed of jumps back and forth. The condition number is $1 + H m^2/s^2$.
#
#    </details>
# 4. Repeat the race, but start every form with biases of zero (replace the second part of `born` by zeros). Which curve changes, at which rates, and why do the other two not change at all?
#    <details><summary>Hint</summary>
#
#    The centred forms already start with biases of zero. The logistic network now starts with hidden units pushed to one side, some of them into saturation; look at the small rates.
#
#    </details>
# 5. A batch-normalisation layer subtracts the mean of every unit over a mini-batch. Which eigenvalue of the second moments does it remove? Would it still matter which form the units have?
#    <details><summary>Hint</summary>
#
#    It removes $m m^\top$, the large one. Subtracting 1/2 removes only the part of it that is known in advance.
#
#    </details>
# 6. Find the slope of the hard logistic function that makes its largest distance from σ smallest, to three digits. Is it nearer to 1/4 or to 1/6?
#    <details><summary>Hint</summary>
#
#    `scipy.optimize.minimize_scalar` on the largest distance over a fine grid. With too flat a line the error is largest inside, with too steep a line at the corner; at the best slope both are equal.
#
#    </details>
#
# ## Summary
#
# - The logistic function turns log-odds into probabilities; softmax does it for many classes. Its slope $\sigma(1 - \sigma)$ is at most 1/4.
# - tanh is the same curve, twice as high, twice as fast, and centred: $\tanh x = 2\sigma(2x) - 1$.
# - Hard forms are Taylor pieces with the ends cut off. Qiu's hard logistic function and PyTorch's are different functions.
# - Compute with $e^{-|x|}$, subtract nothing from 1, and take logarithms before exponentials are rounded.
# - Outputs with a mean $m$ stretch the valley of the next layer by $1 + H m^2/s^2$. At small learning rates that costs nothing; it lowers the largest rate one may use, and thereby the speed.
# - Saturated units do not learn. Scale the inputs.
#
# The next section gives up the flat part on one side: [rectifiers](rectifiers.ipynb).
#
# ## Sources
#
# - 邱锡鹏 (2019), 《神经网络与深度学习》, <https://nndl.github.io/>, section 4.1.1: equations (4.4)–(4.15), figures 4.2 and 4.3, exercise 4-1.
# - LeCun, Kanter and Solla (1991), Eigenvalues of covariance matrices: application to neural-network learning, Physical Review Letters 66(18), <https://doi.org/10.1103/PhysRevLett.66.2396>: the spectrum of second moments and the effect of a mean.
# - LeCun, Bottou, Orr and Müller (1998), Efficient BackProp, in Neural Networks: Tricks of the Trade, <https://doi.org/10.1007/3-540-49430-8_2>: centring, and tanh against the logistic function.
# - Glorot and Bengio (2010), Understanding the difficulty of training deep feedforward neural networks, AISTATS, <https://proceedings.mlr.press/v9/glorot10a.html>: saturation in deep logistic networks, observed layer by layer.
