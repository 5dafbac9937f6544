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
# # Automatic differentiation (自动微分)
#
# The previous section derived the gradient of one kind of network by hand. A new layer would mean a new derivation, a
# new loss another one, and every sheet of algebra is a chance to lose a minus sign. Yet the chain rule is mechanical,
# and machines are good at what is mechanical. **Can a program differentiate itself: exactly, for any program, and at
# what price?**
#
# There are four answers, and this section builds each of them in turn. Numerical differentiation only needs to call
# the function, and pays with half of its digits. Symbolic differentiation is exact, and pays with formulas that
# outgrow the page. Forward and reverse automatic differentiation keep the exactness and drop the formulas; which of
# the two is cheaper depends on nothing but the number of inputs and outputs. At the end stands a small engine that
# trains a classifier of handwritten digits from nothing but its forward pass.
#
# **You need:** the chain rule, and from [Back-propagation](backpropagation.ipynb) the idea of sending an error
# backwards.
#
# **Time to run:** see the [Execution](../execution.md) page. About 15 seconds on one core.
#
# The worked example and the equation numbers are those of Qiu (2019), 《神经网络与深度学习》, section 4.5.

# %% tags=["install", "hide-cell"]
# Only where the package is missing, as on Colab.
import importlib.util

if importlib.util.find_spec("nndl_support") is None:
    print("This notebook needs the package nndl_support: run pip install '.[data]' in a copy of its repository.")

# %%
import itertools
import textwrap
import timeit
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import make_moons
from sklearn.linear_model import LogisticRegression

from nndl_support import plot, records
from nndl_support.backprop import elementary, finite_differences, graph, programs, static_graph, symbolic, value_network
from nndl_support.backprop.forward_mode import Dual, derivative, directional_derivative, jacobian_forward
from nndl_support.backprop.reverse_mode import Value, jacobian_reverse
from nndl_support.data.digits import load_digits
from nndl_support.source import show_source

plot.use_style()

# %% [markdown]
# ## Numerical differentiation (数值微分)
#
# A derivative is a limit of slopes, so take one slope and hope that the limit is near:
#
# $$ f'(x) = \lim_{h \to 0} \frac{f(x + h) - f(x)}{h} \tag{4.64} $$
#
# Without the limit, at one small $h$, that is the **forward difference** (前向差分). The **central difference** (中心差分) uses one point on each side,
#
# $$ f'(x) = \lim_{h \to 0} \frac{f(x + h) - f(x - h)}{2h} \tag{4.65} $$
#
# and a Taylor expansion says what that buys. The terms of even order cancel, so the **truncation error** (截断误差) falls
# from $\tfrac h2 |f''|$ to $\tfrac{h^2}{6} |f'''|$. Why not choose $h$ as small as the machine allows, then? Because
# a computer does not know $f(x)$. It knows $f(x)$ rounded to some sixteen digits, off by as much as $\epsilon |f|$
# with $\epsilon \approx 2.2 \cdot 10^{-16}$. The difference of two such numbers keeps the absolute error of both, and
# the division by a tiny $h$ blows it up. This **rounding error** (舍入误差) grows as $1/h$. The total is a sum of a
# rising and a falling term, and setting its derivative to zero gives the best step:
#
# $$ E_1(h) = \frac h2 |f''| + \frac{2 \epsilon |f|}{h} \;\Rightarrow\; h_1^* = 2 \sqrt{\epsilon \left|\frac{f}{f''}\right|} $$
#
# $$ E_2(h) = \frac{h^2}{6} |f'''| + \frac{\epsilon |f|}{h} \;\Rightarrow\; h_2^* = \sqrt[3]{3 \epsilon \left|\frac{f}{f'''}\right|} $$
#
# So the step should be about $\sqrt\epsilon$ for the forward and about $\sqrt[3]\epsilon$ for the central difference,
# which is hundreds of times larger. Here is the tested function; note that it divides by the step that was really
# taken, not by the one that was asked for.

# %%
show_source(finite_differences.central_difference, finite_differences.optimal_step)

# %% [markdown]
# To see both errors, let the step run from $10^{-14}$ to $1$ for $f = e^x$, whose derivative is known to the last
# digit. A single point has lucky and unlucky roundings, so each error is the mean over a thousand points between 0
# and 1.

# %%
x = np.linspace(0, 1, 1000)[:, None]
steps = np.logspace(-14, 0, 141)
slopes = {
    "forward": finite_differences.forward_difference(np.exp, x, steps),
    "central": finite_differences.central_difference(np.exp, x, steps),
}
errors = {name: np.abs(slope - np.exp(x)).mean(axis=0) for name, slope in slopes.items()}

# %%
for order, (name, error) in enumerate(errors.items(), start=1):
    best = steps[error.argmin()]
    derived = finite_differences.optimal_step(order=order, value=1, higher_derivative=1)
    print(f"{name}: best step {best:.1e} (derived {derived:.1e}), error {error.min():.1e}")
    assert derived / 5 < best < derived * 2
assert errors["central"].min() < 1e-2 * errors["forward"].min()

# %% [markdown]
# There is an escape from rounding for functions that accept complex numbers. A step in the imaginary direction leaves
# the derivative in the imaginary part, $f(x + ih) = f(x) + ih f'(x) + \dots$, where nothing is subtracted from it.
# This **complex step** (复数步长) may be as small as one likes, and its error stays at the last digit. Keep it in mind: a
# number that carries its derivative in a second component is an idea that returns below.

# %% mystnb={"image": {"alt": "Error of numerical differentiation against the step on logarithmic axes: the forward difference makes a V with its bottom near 1e-8, the central difference a deeper V with its bottom near 1e-5, the complex step falls steadily and stays at 1e-16."}}
imaginary = finite_differences.complex_step(np.exp, x, steps)
errors["complex step"] = np.abs(imaginary - np.exp(x)).mean(axis=0)
ax = plot.loss_curves(errors, steps=dict.fromkeys(errors, steps), log=True)
mean = {"value": np.e - 1, "higher_derivative": np.e - 1}  # of e^x between 0 and 1
for order, name in [(1, "forward"), (2, "central")]:
    bound = finite_differences.total_error(steps, order=order, **mean)
    ax.plot(steps, bound, color="#757575", linewidth=0.8, label="bounds" if order == 1 else None)
    assert (errors[name] < bound * 1.05)[steps <= 0.1].all()
ax.set(xscale="log", ylim=(1e-17, 10), xlabel="step h (units of x)", ylabel="mean error of f′")
ax.legend()
plt.show()

# %% [markdown]
# The figure is a V for each difference. On the right arm truncation rules: a tenth of the step gives a tenth of the
# error (forward) or a hundredth (central). On the left arm rounding rules, and both methods fail alike: a tenth of
# the step, ten times the error. The thin grey lines are the bounds $E_1$ and $E_2$ with the mean of $e^x$ for $|f|$
# and for its derivatives. On the left the measured errors stay below them because roundings partly cancel; on the right
# they coincide, until at the largest steps the next term of the expansion shows. At its best the forward difference keeps about half of the sixteen digits and
# the central one about two thirds. The complex step keeps them all.
#
# Precision is not even the main complaint. A gradient with respect to $n$ parameters takes $n + 1$ or $2n$
# evaluations: for a network with a million weights, a million forward passes per update. Numerical differentiation is
# the judge of the other methods, never their rival. The chapter uses it in that role, as the gradient check.

# %% [markdown]
# ## Symbolic differentiation (符号微分)
#
# The second answer is what people do on paper. A formula is a tree, and each kind of node has a rule: the derivative
# of a sum is the sum of the derivatives, the derivative of a product has two terms, a function contributes its own
# derivative and a factor from inside. A program that walks the tree and applies the rules fits on a page:

# %%
show_source(symbolic.differentiate)

# %% [markdown]
# The rules are the easy half. The other half of a **computer algebra system** (计算机代数系统) is **simplification** (化简):
# Qiu's example is that it should turn $3x - x + 2x + 1$ into $4x + 1$ (equations 4.66–4.67). The program brings every
# expression into a normal form, a sum of terms with exact fractions as coefficients, and adds up those that agree.

# %%
x = symbolic.Variable("x")
long = 3 * x - x + 2 * x + 1
print("simplify:", long, "  ->  ", symbolic.simplify(long))
assert str(symbolic.simplify(long)) == "4*x + 1"
f = 1 / (symbolic.exp(-(x + 1)) + 1)
raw = symbolic.differentiate(f, x)
print("f:", f)
print(textwrap.fill(f"by the rules: {raw}", 75, subsequent_indent="  "))
print("simplified:", symbolic.simplify(raw))

# %% [markdown]
# Without simplification the rules leave a litter of zeros, ones and unneeded terms. With it the formula is readable.
# Is the problem then solved? Take a function defined by a loop, the **logistic map** (逻辑斯谛映射)
# $x \leftarrow 4 x (1 - x)$, the example of Baydin et al. (2018). Each turn of the loop adds three operations to the
# *program*. Watch what each turn adds to the *formula* of the derivative.

# %%
show_source(programs.logistic_map, docstring="none")

# %%
turns = range(7)
raw = [symbolic.differentiate(programs.logistic_map(x, k), x) for k in turns]
simple = [symbolic.simplify(formula) for formula in raw]
traced = [graph.trace(lambda v, k=k: programs.logistic_map(v, k), ["v"]) for k in turns]
passes = [static_graph.optimise(static_graph.reverse_pass(g)) for g in traced]
sizes = {"formula by the rules": [symbolic.size(formula) for formula in raw]}
sizes |= {"formula simplified": [symbolic.size(formula) for formula in simple]}
sizes |= {"automatic: operations": [max(1, p.operation_count) for p in passes]}

# %%
for name, numbers in sizes.items():
    print(f"{name:22}", numbers)
for name in ("formula by the rules", "formula simplified"):
    assert all(b > 2 * a for a, b in itertools.pairwise(sizes[name]))
assert len(set(np.diff(sizes["automatic: operations"][1:]))) == 1

# %% mystnb={"image": {"alt": "Size of the derivative of the iterated logistic map against the number of turns on a logarithmic axis: the formula grows exponentially whether simplified or not, the number of operations of automatic differentiation grows linearly."}}
ax = plot.loss_curves(sizes, steps=dict.fromkeys(sizes, turns), xlabel="turns of the loop", log=True)
ax.set_ylabel("size (nodes or operations)")
plt.show()

# %% [markdown]
# This is **expression swell** (表达式膨胀). Both formulas grow exponentially, for each turn more than doubles them, and
# simplification merely postpones it. The
# third curve is what the rest of this section is about. It computes the very same derivative, and it grows by a fixed
# number of operations per turn. The difference is sharing. A formula has no names for intermediate results, so
# whatever is used twice is written twice, and its derivative too. A *program* stores an intermediate result once and
# refers to it. Differentiate the program, not the formula.

# %% [markdown]
# ## The computational graph (计算图)
#
# A program that has run is a list of elementary operations. Drawn with an arrow from each operand to its result, the
# list is a **computational graph**. Qiu's example is the logistic unit with one input,
#
# $$ f(x; w, b) = \frac{1}{\exp(-(wx + b)) + 1} \tag{4.68} $$
#
# which takes six elementary steps $h_1, \dots, h_6$ (figure 4.8 and table 4.1 there). The package keeps such a list
# as a `Graph`, and a graph prints itself as the program it stands for.

# %%
unit = graph.logistic_unit()
point = {"x": 1.0, "w": 0.0, "b": 0.0}
values = unit.evaluate(**point)
print(unit)
print("f(1; 0, 0) =", unit.run(**point))

# %% [markdown]
# Every arrow now gets a number: the derivative of the operation at its head with respect to the operand at its tail.
# These **local derivatives** (局部导数) are all the calculus there is in automatic differentiation. A table with one line
# per elementary operation supplies them, and the modes of this section differ only in the bookkeeping around that
# table. A rule may use the input, the output, or both: the derivative of $e^h$ is the output itself.

# %%
print(len(elementary.PARTIALS), "operations with a rule")
(of_exp,), (of_reciprocal,) = elementary.partials(np.exp), elementary.partials(np.reciprocal)
print("exp at 0 has the derivative", of_exp(0.0, 1.0))  # arguments: input, output
print("1/h at 2 has the derivative", of_reciprocal(2.0, 0.5))

# %% [markdown]
# Here is the graph of the logistic unit at $x = 1$, $w = 0$, $b = 0$, with the value of each node and the local
# derivative on each arrow.

# %% mystnb={"image": {"alt": "The computational graph of the logistic unit: x and w meet in h1, b joins in h2, then a chain h3, h4, h5, h6; every node carries its value and every arrow its local derivative."}}
places = {"x": (0, 1), "w": (0, -1), "b": (1, -1), **{f"h{i}": (i, 0) for i in range(1, 7)}}
figure, ax = plt.subplots(figsize=(7, 2.6))
for (j, i, _), slope in graph.local_derivatives(unit, values).items():
    if unit.nodes[j].kind != "constant":
        a, b = np.array(places[unit.label(j)]), np.array(places[unit.label(i)])
        ax.annotate("", b, a, arrowprops={"arrowstyle": "-|>", "shrinkA": 17, "shrinkB": 17, "color": "#757575"})
        ax.text(*(a + b) / 2 + (0.02, 0.13), f"{slope:g}", color=plot.PALETTE[1], ha="center", va="bottom")
for i, node in enumerate(unit.nodes):
    if node.kind != "constant":
        at = places[unit.label(i)]
        ax.scatter(*at, s=1000, color="white", edgecolor=plot.PALETTE[0], zorder=3)
        ax.text(*at, f"{unit.label(i)}\n{values[i] + 0.0:g}", ha="center", va="center", fontsize=8, zorder=4)
        ax.text(at[0], at[1] - 0.52, unit.formula(i) if node.inputs else "", ha="center", va="top", fontsize=7.5)
ax.set(xlim=(-0.5, 6.5), ylim=(-1.5, 1.5))
ax.axis("off")
plt.show()

# %% [markdown]
# Read the figure from left to right. A circle holds the name and the value of a node, the expression under it is its
# operation, and the number on an arrow is the local derivative. The derivative of $f$ with respect to $w$ is the
# product along the path from $w$ to $h_6$:
#
# $$ \begin{aligned}
# \frac{\partial f}{\partial w} &= \frac{\partial f}{\partial h_6} \frac{\partial h_6}{\partial h_5} \frac{\partial h_5}{\partial h_4}
# \frac{\partial h_4}{\partial h_3} \frac{\partial h_3}{\partial h_2} \frac{\partial h_2}{\partial h_1} \frac{\partial h_1}{\partial w} \\
# &= 1 \cdot (-0.25) \cdot 1 \cdot 1 \cdot (-1) \cdot 1 \cdot 1 \\
# &= 0.25
# \end{aligned} $$
#
# Where several paths lead from an input to the output, their products add up. That is the whole chain rule (Qiu's
# equations 4.69–4.73). A product can be multiplied out from either end, and this freedom is the difference between
# the two modes. Write $v_i$ for the value of node $i$, whatever its name, and $j \to i$ for an arrow. Starting at the inputs, each node receives its **tangent** (切向量) $\dot v = \partial v / \partial w$.
# Starting at the output, each node receives its **adjoint** (伴随值) $\bar v = \partial f / \partial v$. A tangent adds up over
# the arrows that come in, an adjoint over those that go out:
#
# $$ \dot v_i = \sum_{j \to i} \frac{\partial v_i}{\partial v_j}\, \dot v_j $$
#
# $$ \bar v_j = \sum_{j \to i} \bar v_i\, \frac{\partial v_i}{\partial v_j} $$

# %%
table = graph.trace_table(unit, point, {"w": 1.0})
lines = [f"{'node':>4}  {'formula':15}{'value':>9}{'tangent':>9}{'adjoint':>9}"]
for row in table:
    numbers = [f"{row[column] + 0.0:9.2f}" for column in ("value", "tangent", "adjoint")]
    lines.append(f"{row['node']:>4}  {row['formula']:15}" + "".join(numbers))
print("\n".join(lines))

# %%
at = {row["node"]: row for row in table}
assert at["h6"]["value"] == 0.5
assert at["h6"]["tangent"] == at["w"]["adjoint"] == at["b"]["adjoint"] == 0.25

# %% [markdown]
# The tangent column is filled from the top (equations 4.74–4.79), the adjoint column from the bottom (4.80–4.84).
# They meet in the same number: $\partial f / \partial w$ is the *last* tangent and the adjoint *of* $w$. But look at
# what else each column contains. The tangents are derivatives of everything with respect to $w$ alone; for $b$ the
# column must be computed again. The adjoints are derivatives of $f$ alone with respect to *everything*: the entries
# for $x$, $w$ and $b$ stand in it side by side. One pass per input, or one pass per output.

# %% [markdown]
# ## Forward mode (前向模式): numbers with a tangent
#
# Computing tangents from the inputs on needs no graph. Let every number carry its tangent along. A **dual number**
# (二元数) is a pair $a + b \varepsilon$ with the rule $\varepsilon^2 = 0$, and the arithmetic follows:
#
# $$ (a + b \varepsilon)(c + d \varepsilon) = ac + (ad + bc)\, \varepsilon $$
#
# $$ g(a + b \varepsilon) = g(a) + g'(a)\, b\, \varepsilon $$
#
# The product rule appears by itself, and so does the chain rule. This is the complex step with $i^2 = -1$ replaced by
# a unit whose square is exactly zero, so nothing is truncated either. In the code each operation looks up its local
# derivatives in the table and adds up *local derivative times tangent*:

# %%
show_source(Dual.__array_ufunc__, directional_derivative)

# %% [markdown]
# `Dual` works with operators and with NumPy's functions, so a program need not know that it is being differentiated.
# Loops and branches are no obstacle either. Below, Newton's iteration for the square root is differentiated *through
# its loop*, and so is the logistic map.

# %%
show_source(programs.newton_square_root, docstring="none")

# %%
square_root, turn = programs.newton_square_root, programs.logistic_map
root_slope, slope = derivative(square_root, 9.0), derivative(lambda x: turn(x, 6), 0.3)
swollen = symbolic.evaluate(simple[6], x=0.3)
print(f"square root at 9: {root_slope:.15f}   closed form:         {1 / 6:.15f}")
print(f"six turns at 0.3: {slope:.11f}   the swollen formula: {swollen:.11f}")
assert abs(root_slope - 1 / 6) < 1e-14
assert np.isclose(slope, swollen, rtol=1e-9)

# %% [markdown]
# A dual number may hold dual numbers, which makes a derivative of a derivative. There is a famous trap in it. In
# $\frac{d}{dx} \bigl[ x \cdot \frac{d}{dy}(x + y) \bigr]$ the inner derivative is 1, so the whole is
# $\frac{d}{dx} x = 1$. If both derivatives use the *same* $\varepsilon$, the inner one picks up the tangent that
# belongs to $x$ and answers 2. This is **perturbation confusion** (扰动混淆). The cure is a fresh $\varepsilon$ for each
# derivative, and here that is the `level` of a dual number.

# %%
right = derivative(lambda x: x * derivative(lambda y: x + y, 1.0), 1.0)
one_epsilon = Dual(1.0, 1.0) * (Dual(1.0, 1.0) + Dual(1.0, 1.0)).tangent
print("a level for each derivative:", right)
print("one epsilon for both:       ", one_epsilon.tangent)
second = derivative(lambda x: derivative(np.sin, x), 0.7)
print(f"second derivative of sin at 0.7: {second:.10f}, -sin(0.7): {-np.sin(0.7):.10f}")
assert right == 1.0
assert one_epsilon.tangent == 2.0
assert np.isclose(second, -np.sin(0.7), rtol=1e-15)

# %% [markdown]
# ## Reverse mode (反向模式): a tape played backwards
#
# Adjoints start at the output, which is the last thing a program computes. So the program must first run and leave a
# trace: each result remembers its operands, and how to hand its own adjoint back to them. That record is called the
# **tape** (计算记录). The class `Value` has the interface of Karpathy's micrograd (`data`, `grad`, `backward()`), but its
# data may be whole arrays. Three pieces of code tell nearly everything:

# %%
show_source(Value.__mul__, Value.tape, Value.backward)

# %% [markdown]
# A product stores its two factors in a closure; backwards it multiplies the incoming gradient with the *other*
# factor. `_record` makes the node of the result, with its operands and that closure, and `_add_gradient` adds to the
# `grad` of an operand. `tape` puts operands before results without recursion, so that long chains do not exhaust the stack.
# `backward` clears what lies in between, sets the adjoint of the result to one, and walks the list in reverse.
# Gradients are *added* (`+=`), for a variable that is used twice lies on two paths. Here is the worked example once
# more, and then a whole layer on a batch of five examples.

# %%
w, b = Value(0.0), Value(0.0)
f = 1 / ((-(w * 1.0 + b)).exp() + 1)
f.backward()
print("f =", f.data, "  df/dw =", w.grad, "  df/db =", b.grad)
rng = np.random.default_rng(0)
X = rng.normal(size=(5, 3))
W, b = Value(rng.normal(size=(3, 2))), Value(np.zeros(2))
(X @ W + b).tanh().sum().backward()
print("gradient shapes:", W.grad.shape, b.grad.shape)

# %% [markdown]
# The second example hides a subtlety. The bias has shape `(2,)` and was added to a `(5, 2)` array: **broadcasting**
# (广播) repeated it five times. A variable used five times collects five gradients, so the adjoint of broadcasting is a
# *sum* over the repeated axis. Each shape operation has such a mirror image: the adjoint of a sum repeats, the
# adjoint of picking an entry puts the gradient back into its place, the adjoint of a matrix product is a product with
# the transpose. The tests compare every one of them with torch over random shapes.
#
# ## What does each mode cost? (计算代价)
#
# For a function from $n$ inputs to $m$ outputs, the full matrix of derivatives, the **Jacobian** (雅可比矩阵), takes $n$
# forward passes or $m$ reverse passes. How much work is one pass? Here one can count instead of guessing. A static
# graph can be *rewritten* into the graph of its forward or its reverse pass, and the operations in the result are
# counted exactly. The function is a layer $y = \tanh(Wx)$ written out in scalars, once with $n$ inputs and one output,
# once with one input and $m$ outputs; the unit of cost is one evaluation of the function itself.

# %%
widths, jacobian_cost = np.array([1, 2, 4, 8, 16, 32]), static_graph.jacobian_cost
counts = {
    (mode, label): [cost[mode] / cost["function"] for cost in map(jacobian_cost, layers)]
    for label, layers in {
        "n": [programs.layer_graph(n, 1, rng) for n in widths],
        "m": [programs.layer_graph(1, m, rng) for m in widths],
    }.items()
    for mode in ("forward", "reverse")
}
print("one reverse pass, in f's:", np.round(counts["reverse", "n"], 2))
print("one forward pass, in f's:", np.round(counts["forward", "m"], 2))
assert max(counts["reverse", "n"]) < 5
assert max(counts["forward", "m"]) < 5

# %% [markdown]
# One pass of either mode costs a small constant times one evaluation of the function, whatever its size. For the
# reverse mode that is the **cheap gradient principle** (廉价梯度原理; Griewank and Walther, 2008): the gradient with
# respect to a million weights costs no more than a handful of evaluations of the loss. Seconds should tell the same
# story. The next cell measures them with `Dual` and `Value` on arrays, for a function with a single output and more
# and more inputs.


# %%
def seconds(jacobian, n):
    W = rng.normal(size=(1, n))
    x = rng.normal(size=n)
    return min(timeit.repeat(lambda: jacobian(lambda v: (W @ v).tanh(), x), number=1, repeat=5))


inputs = [1, 4, 16, 64, 256, 1024]
measured = {
    "forward": [seconds(jacobian_forward, n) for n in inputs],
    "reverse": [seconds(jacobian_reverse, n) for n in inputs],
}

# %%
slow, fast = measured["forward"][-1], measured["reverse"][-1]
print(f"1024 inputs: forward {1e3 * slow:.1f} ms, reverse {1e3 * fast:.3f} ms")
assert slow > 50 * fast

# %% mystnb={"image": {"alt": "Two panels. Left: operations for a Jacobian in evaluations of the function: forward mode grows with the number of inputs and reverse mode with the number of outputs, while the other combination stays flat. Right: seconds against the number of inputs for one output: forward grows linearly, reverse stays nearly flat."}}
figure, (left, right) = plt.subplots(1, 2, figsize=(7.5, 3.4))
curves = {
    "forward, n inputs, 1 output": counts["forward", "n"],
    "reverse, n inputs, 1 output": counts["reverse", "n"],
    "forward, 1 input, n outputs": counts["forward", "m"],
    "reverse, 1 input, n outputs": counts["reverse", "m"],
}
plot.loss_curves(curves, ax=left, steps=dict.fromkeys(curves, widths), log=True)
plot.loss_curves(measured, ax=right, steps=dict.fromkeys(measured, inputs), log=True)
left.set(title="counted operations", xscale="log", xlabel="n", ylabel="cost (evaluations of f)")
left.legend(fontsize=7)
right.set(title="measured, one output", xscale="log", xlabel="inputs n", ylabel="time (seconds)")
plt.show()

# %% [markdown]
# On the left the modes swap roles: forward climbs with the inputs, reverse with the outputs, and the other two curves
# do not climb at all. Which mode is cheaper is decided by whether a function has more inputs or more outputs. On the
# right the clock agrees, up to the fixed overhead of Python. Training a network means very many inputs (the weights)
# and one output (the loss), the far right end of the right panel. That is why back-propagation, the reverse mode
# applied to a network, made deep learning possible.
#
# Reverse mode has a price that the figure does not show: **memory** (内存). The forward mode forgets a value as soon as
# it has been used; the tape keeps every intermediate result until the backward pass has used it. **Checkpointing**
# (检查点; [Chen et al., 2016](https://arxiv.org/abs/1604.06174)) trades time for it: keep only every $\sqrt L$-th of $L$ layers and compute the others again when the backward
# pass reaches them. Memory falls from $L$ to about $2 \sqrt L$ layers for one additional forward pass.

# %% [markdown]
# ## Static and dynamic graphs (静态计算图与动态计算图)
#
# `Value` builds its graph while the program runs, anew for each run. That is a **dynamic** graph. A **static** graph
# is built once, before any number is known, and then used many times. The advantage is that one can look at the whole
# before running it: compute constants in advance, merge equal subexpressions, drop what no output needs, and
# translate the remainder into straight code. Here is a function that a careless hand wrote, and what the optimiser
# makes of its gradient.

# %%
show_source(programs.careless, docstring="none")

# %%
plain = static_graph.reverse_pass(graph.trace(programs.careless, ["x", "y"]))
better = static_graph.optimise(plain)
compiled = static_graph.compile_graph(better)
print("operations:", plain.operation_count, "->", better.operation_count)
print(compiled.__doc__)
assert better.operation_count < plain.operation_count / 2

# %% [markdown]
# The two sines have become one, the useless exponential is gone, and the value comes with both derivatives. Each
# `seed` is the adjoint of an output, here 1. The dynamic tape must do all the work again for each call, including the
# bookkeeping. How much does that cost when the same gradient is needed again and again, on one pair of numbers or on a
# hundred thousand pairs at once?


# %%
def dynamic(x, y):
    x, y = Value(x), Value(y)
    f = programs.careless(x, y)
    f.backward(np.ones(f.shape) if f.shape else 1.0)
    return f.data, x.grad, y.grad


assert np.allclose(dynamic(0.3, 1.7), compiled(0.3, 1.7, 1.0), rtol=1e-14)

# %%
one, many = (0.3, 1.7, 1.0), (*rng.normal(size=(2, 100_000)), np.ones(100_000))
ratios = []
for point, calls in [(one, 2000), (many, 5)]:
    taped = min(timeit.repeat(lambda p=point: dynamic(*p[:2]), number=calls, repeat=3))
    static = min(timeit.repeat(lambda p=point: compiled(*p), number=calls, repeat=3))
    ratios.append(taped / static)
    print(f"pairs in a call: {np.size(point[0]):6}   dynamic {1e6 * taped / calls:7.1f} µs", end="")
    print(f"   static {1e6 * static / calls:6.1f} µs   ratio {ratios[-1]:.0f}")
assert ratios[0] > 4
assert ratios[1] < ratios[0] / 2

# %% [markdown]
# On single numbers the bookkeeping outweighs the arithmetic, so the static graph wins clearly. On large arrays the
# arithmetic dominates, and the advantage shrinks to what the optimiser has saved: operations, and arrays that need not
# be kept. The price of the static graph is its blindness: it is built
# before any value exists, and so it cannot contain a decision that depends on one. Newton's loop from above, which
# runs until the result is good enough, cannot be traced at all.

# %%
try:
    graph.trace(square_root, ["a"])
except TypeError as error:
    print(textwrap.fill(f"static: {error}", 75))
root = Value(9.0)
square_root(root).backward()
print("dynamic:", root.grad)
assert abs(root.grad - 1 / 6) < 1e-14

# %% [markdown]
# The frameworks took both roads. Theano and TensorFlow 1 were static, PyTorch became popular by being dynamic, and
# today's compilers (`torch.compile`, `jax.jit`) trace a dynamic program into a static graph wherever no decision
# stands in the way.

# %% [markdown]
# ## A network that needs only its forward pass
#
# Now the engine meets real data: 1797 scanned digits of 8 × 8 pixels. The network has 64 inputs, 64 hidden ReLU units
# and 10 outputs; the loss is the cross-entropy. Nobody derives anything. These few lines are the entire model:

# %%
show_source(value_network.scores, value_network.cross_entropy, value_network.gradient_step, docstring="none")

# %%
digits, rng = load_digits(), np.random.default_rng(0)
layers = value_network.initialise([64, 64, 10], rng)
losses, accuracies = [], []
for _ in range(40):
    for rows in np.array_split(rng.permutation(len(digits.X_train)), 45):
        z = value_network.scores(layers, digits.X_train[rows])
        loss = value_network.cross_entropy(z, digits.y_train[rows])
        value_network.gradient_step(layers, loss, learning_rate=0.3)
        losses.append(loss.data)
    predicted = value_network.scores(layers, digits.X_test).data.argmax(axis=1)
    accuracies.append(np.mean(predicted == digits.y_test))

# %%
peer = LogisticRegression(max_iter=2000).fit(digits.X_train, digits.y_train)
linear = peer.score(digits.X_test, digits.y_test)
print(f"accuracy: network on the tape {accuracies[-1]:.3f}, logistic regression {linear:.3f}")
assert min(accuracies[20:]) > linear
assert losses[0] > 2
assert np.mean(losses[-45:]) < 0.023
assert sum(p.data.size for p in value_network.parameters(layers)) == 4810
assert len(losses) == 1800

# %% mystnb={"image": {"alt": "Two panels. Left: the mean training loss of each of 40 epochs falls by about two orders of magnitude. Right: the test accuracy per epoch rises from about 89 per cent and passes the horizontal line of logistic regression."}}
figure, (left, right) = plt.subplots(1, 2, figsize=(7, 3))
per_epoch = np.reshape(losses, (40, 45)).mean(axis=1)
plot.loss_curves({"training set": per_epoch}, ax=left, ylabel="cross-entropy (nats)", log=True)
curves = {"network on the tape": accuracies, "logistic regression": [linear] * len(accuracies)}
plot.loss_curves(curves, ax=right, xlabel="epoch", ylabel="test accuracy (fraction)")
plt.show()

# %% [markdown]
# A network that guesses among ten classes pays $\ln 10 \approx 2.3$ nats. Within a few epochs the loss falls below a
# tenth of that, and in the end below a hundredth. On digits that were never trained on, the network overtakes
# logistic regression, which is the same model without the hidden layer and with a small weight penalty, during the first twenty epochs, and stays
# above it. All the gradients, one for each of the 4810 weights and biases at each of the 1800 steps, came from the
# tape.
#
# The demo of micrograd is a smaller task with a nicer picture: two moons, 100 points, a network with two hidden
# layers of 16 units, and the max-margin loss of a support vector machine. The player shows how the decision boundary
# bends around the points.

# %%
X, y = make_moons(n_samples=100, noise=0.1, random_state=1337)
y = 2 * y - 1
layers = value_network.initialise([2, 16, 16, 1], np.random.default_rng(1))
snapshots = []
for step in range(100):
    snapshots.append([(Value(W.data), Value(b.data)) for W, b in layers])
    margin = value_network.max_margin_loss(value_network.scores(layers, X), y)
    loss = margin + value_network.weight_penalty(layers, 1e-4)
    value_network.gradient_step(layers, loss, learning_rate=1.0 - 0.009 * step)

# %%
correct = np.mean(np.sign(value_network.scores(layers, X).data[:, 0]) == y)
print(f"correct after 100 steps: {correct:.2f}")
assert correct > 0.97

# %%
figure, ax = plt.subplots(figsize=(4.5, 3.4))
frames = [*range(0, 30, 2), *range(30, 100, 7)]


def show_step(i):
    ax.clear()
    score = lambda points: value_network.scores(snapshots[frames[i]], points).data[:, 0]  # noqa: E731
    plot.decision_regions(lambda points: 1 / (1 + np.exp(-3 * score(points))), X, y, ax=ax, resolution=60)
    ax.set_title(f"step {frames[i]}")


plot.animate(
    show_step,
    len(frames),
    figure,
    interval=200,
    alt="The decision boundary of the network on two moons, bending from a straight line into an S that separates the two classes.",
)

# %% [markdown]
# At the start nearly the whole plane is one class. Then single hidden units switch on or off along lines in the
# plane, the boundary breaks at those lines, and piece by piece it folds into the gap between the moons.

# %% [markdown]
# ## Checked against
#
# Three independent judges. **micrograd** gets the same weights and the same ten examples, number by number; our
# arrays must give its loss and each of its gradients. **torch** differentiates the digits network. **sympy**
# differentiates the formula of the second section.

# %%
try:
    import random

    from micrograd.nn import MLP

    random.seed(1337)
    peer = MLP(2, [16, 16, 1])
    mine = [
        (np.array([[w.data for w in u.w] for u in layer.neurons]).T, [u.b.data for u in layer.neurons])
        for layer in peer.layers
    ]
    mine = [(Value(W), Value(b)) for W, b in mine]
    sum((1 + -int(t) * peer(row)).relu() * 0.1 for row, t in zip(X[:10].tolist(), y)).backward()
    value_network.max_margin_loss(value_network.scores(mine, X[:10]), y[:10]).backward()
    expected = np.array([p.grad for p in peer.parameters()])
    got = np.concatenate([np.vstack([W.grad, b.grad]).T.ravel() for W, b in mine])
    print(f"micrograd: largest difference of {len(got)} gradients {np.abs(got - expected).max():.1e}")
    assert np.allclose(got, expected, rtol=1e-12, atol=1e-14)
except ImportError:
    print("micrograd is not installed, so this comparison is left out: pip install micrograd")

# %%
import torch

layers = value_network.initialise([64, 64, 10], np.random.default_rng(0))
value_network.cross_entropy(value_network.scores(layers, digits.X_test), digits.y_test).backward()
mine = value_network.parameters(layers)
tensors = [torch.tensor(p.data, requires_grad=True) for p in mine]
W1, b1, W2, b2 = tensors
z = torch.relu(torch.tensor(digits.X_test) @ W1 + b1) @ W2 + b2
torch.nn.functional.cross_entropy(z, torch.tensor(digits.y_test)).backward()
difference = max(np.abs(p.grad - t.grad.numpy()).max() for p, t in zip(mine, tensors))
print(f"torch: largest difference of {sum(t.numel() for t in tensors)} gradients {difference:.1e}")
assert difference < 1e-14

# %%
try:
    import sympy

    ours = sympy.sympify(str(simple[3]))
    theirs = sympy.diff(sympy.sympify(str(programs.logistic_map(x, 3))), sympy.Symbol("x"))
    print("sympy: difference of the two derivatives =", sympy.expand(ours - theirs))
    assert sympy.expand(ours - theirs) == 0
except ImportError:
    print("sympy is not installed, so this comparison is left out: pip install sympy")

# %% [markdown]
# How fast is it? The benchmark of this section runs one training step of micrograd's demo, all 100 examples, in both
# engines with the same weights and keeps a record, which is read here; a factor below one hundred would count as a
# failure. micrograd spends its time
# on one Python object for each *number*; on arrays there is one object for each *operation*, and NumPy does the rest.

# %%
record = records.load("backprop/autodiff_vs_micrograd")
print(f"one step: micrograd {record['peer_seconds']:.2f} s, ", end="")
print(f"Value on arrays {1e3 * record['ours_seconds']:.2f} ms, ratio {record['ratio']:.0f}")
assert record["ratio"] >= record["bar"] == 100

# %% [markdown]
# ## What goes wrong
#
# **Forgetting to clear the gradients.** `backward` adds to `grad`, which is right for a variable used twice and wrong
# for yesterday's gradient. A training loop that does not reset `grad` walks along the *sum* of all past gradients. On
# a plain quadratic bowl this looks like a ball without friction: it never comes to rest.

# %%
paths = {"cleared": [], "forgotten": []}
for name, path in paths.items():
    p = Value(1.0)
    for _ in range(60):
        path.append(abs(p.data))
        (p * p).backward()
        p.data -= 0.05 * p.grad
        p.grad = 0.0 if name == "cleared" else p.grad
for name, path in paths.items():
    print(f"{name}: largest |p| of the last 20 steps {max(path[-20:]):.3f}")
assert max(paths["cleared"][-20:]) < 0.02 < 0.5 < max(paths["forgotten"][-20:])

# %% [markdown]
# **Overwriting a value that the tape still needs.** A product remembers its factors. If one of the arrays is changed
# *in place* between the forward and the backward pass, the tape multiplies with a number that was never part of the
# computation. Nothing warns; the gradient is simply wrong. torch counts the versions of each tensor and refuses.
# `Value` refuses assignments to its entries, but it cannot watch its `data`: change parameters after `backward()`,
# never before.

# %%
a, c = Value([2.0, 3.0]), Value([5.0, 7.0])
product = (a * c).sum()
c.data *= 100  # in place, before the backward pass
product.backward()
print("gradient of a:", a.grad, "  should be: [5. 7.]")
ta, tc = torch.tensor([2.0, 3.0], requires_grad=True), torch.tensor([5.0, 7.0])
total = (ta * tc).sum()
tc *= 100
try:
    total.backward()
except RuntimeError as error:
    print(textwrap.fill("torch: " + str(error).split(":")[0], 75))
assert (a.grad == [500, 700]).all()

# %% [markdown]
# **A kink.** ReLU has no derivative at 0. Every engine picks a value there, usually 0, and the choice can contradict
# itself: $\mathrm{relu}(x) - \mathrm{relu}(-x)$ *is* the identity, yet its automatic derivative at 0 is 0, not 1.
# The central difference says 0.5 for one ReLU, so that a gradient check at a kink fails for correct code. Exact
# zeros are rare in training, except where they are made: a bias of zero behind an input of zero.

# %%
near, at_zero = (derivative(lambda x: x.relu() - (-x).relu(), p) for p in (0.001, 0.0))
print("derivative of relu(x) - relu(-x) at 0.001:", near, "  at 0:", at_zero)
assert near == 1.0
assert at_zero == 0.0
automatic = derivative(lambda x: x.relu(), 0.0)
numerical = finite_differences.central_difference(lambda x: np.maximum(x, 0.0), 0.0, 1e-6)
print("relu at 0: automatic", automatic, " numerical", numerical)
assert numerical == 0.5

# %% [markdown]
# **Depth.** A recursive search for the order of the tape is shorter to write, and Python stops it after about a
# thousand nested calls. A recurrent network unrolled over a long text is deeper than that. The stack in `tape` is as long as memory allows.

# %%
deep = start = Value(0.5)
for _ in range(10_000):
    deep = deep * 1.0001
clock = perf_counter()
deep.backward()
print(f"10,000 operations in a row: gradient {start.grad:.6f}, {perf_counter() - clock:.2f} s")
assert np.isclose(start.grad, 1.0001**10_000, rtol=1e-10)

# %% [markdown]
# ## Exercises
#
# 1. *Best step.* For $f(x) = \ln x$ at $x = 100$, compute the best step of the central difference and check it with a scan as in the first figure. Is it larger or smaller than for $e^x$ at 0?
#
# <details><summary>Answer</summary>
#
# $f''' = 2 / x^3 = 2 \cdot 10^{-6}$ and $f \approx 4.6$, so `optimal_step(order=2, value=np.log(100),
# higher_derivative=2e-6)` gives about $1.2 \cdot 10^{-3}$, a hundred times larger. A step should scale with $x$.
#
# </details>
#
# 2. *By hand.* Fill in the table of the logistic unit for $x = 2$, $w = 1$, $b = -2$ on paper, both columns, and compare with `graph.trace_table`. Which two derivatives are equal, and why?
#
# <details><summary>Hint</summary>
#
# $h_2 = wx + b = 0$ again, so everything after $h_2$ is unchanged. Then
# $\partial f / \partial w = 0.25 \cdot x = 0.5$, $\partial f / \partial x = 0.25 \cdot w = 0.25$, and
# $\partial f / \partial b = 0.25$.
#
# </details>
#
# 3. *Counting.* How many operations do the forward and the reverse mode need for the function $x_1 x_2 \cdots x_n$ and its gradient? Count by hand for $n = 3$, then compare with `static_graph.jacobian_cost`.
#
# <details><summary>Answer</summary>
#
# The function itself takes $n - 1$ products. A forward pass adds two products and one sum for each, so $n$ passes
# take $4n(n - 1)$ operations: 24 for $n = 3$. The reverse pass adds two products for each and takes $3(n - 1)$ once:
# 6.
#
# </details>
#
# 4. *A new operation.* Add `softplus`, $\ln(1 + e^x)$, to the engine so that it survives $x = 1000$. What must the backward rule be, and which existing operation does the work already?
#
# <details><summary>Answer</summary>
#
# Its derivative is the logistic function. `np.logaddexp(0.0, x)` has a rule in `elementary.PARTIALS` and works for
# `Dual` and `Value`: `gradient(lambda x: np.logaddexp(0.0, x), 1000.0)` is 1 without overflow.
#
# </details>
#
# 5. *Second derivatives.* Use nested `directional_derivative` to compute $v^\top H v$ for a loss with Hessian $H$ without forming $H$. How many passes would the full Hessian of $n$ inputs take this way?
#
# <details><summary>Hint</summary>
#
# Differentiate twice along the same $v$: `directional_derivative(lambda x: directional_derivative(f, x, v)[1], x,
# v)[1]`. Polarisation gives all entries from $n (n + 1) / 2$ such numbers.
#
# </details>
#
# 6. *Checkpointing.* A chain of $L = 100$ layers keeps one array per layer for the backward pass. Write a function that keeps only every tenth and recomputes the others. How many arrays are alive at most, and how many layers are computed in total?
#
# <details><summary>Answer</summary>
#
# Ten checkpoints and the ten layers of one segment: about 20 arrays instead of 100. Each layer is computed twice, so
# 200 layer evaluations instead of 100.
#
# </details>
#
# ## Summary
#
# - A difference quotient loses digits to truncation or to rounding; the best step is about $\sqrt\epsilon$ (forward) or $\sqrt[3]\epsilon$ (central). It is the judge, not the method.
# - Symbolic differentiation is exact, but formulas cannot share, so they swell.
# - Automatic differentiation applies the chain rule to the operations a program performs: exact to rounding, with loops and branches.
# - Forward mode carries tangents: one pass per input. Reverse mode carries adjoints back along a tape: one pass per output, and memory for the tape.
# - A static graph can be optimised and compiled; a dynamic one follows the program wherever it goes.
# - Gradients accumulate, tapes must not be overwritten, kinks have a convention instead of a derivative.
#
# ## Sources
#
# - Qiu (2019), 《神经网络与深度学习》, section 4.5, equations 4.64–4.84, figure 4.8, table 4.1.
# - Baydin, Pearlmutter, Radul and Siskind (2018), Automatic differentiation in machine learning: a survey, *JMLR* 18(153), [arXiv:1502.05767](https://arxiv.org/abs/1502.05767).
# - Chen, Xu, Zhang and Guestrin (2016), Training deep nets with sublinear memory cost, [arXiv:1604.06174](https://arxiv.org/abs/1604.06174).
# - Griewank and Walther (2008), *Evaluating Derivatives*, 2nd edition, SIAM, [doi:10.1137/1.9780898717761](https://doi.org/10.1137/1.9780898717761).
# - Squire and Trapp (1998), Using complex variables to estimate derivatives of real functions, *SIAM Review* 40(1), [doi:10.1137/S003614459631241X](https://doi.org/10.1137/S003614459631241X).
# - Siskind and Pearlmutter (2008), Nesting forward-mode AD in a functional framework, *Higher-Order and Symbolic Computation* 21, [doi:10.1007/s10990-008-9037-1](https://doi.org/10.1007/s10990-008-9037-1).
# - Karpathy (2020), [micrograd](https://github.com/karpathy/micrograd).
