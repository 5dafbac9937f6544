r"""Solve a problem: a network, a loss, a method, a budget of seconds, and everything that can go wrong on the way.

Shapes: N points with d coordinates, in the order of the geometry, time last; C outputs.

References
----------
Raissi, Perdikaris and Karniadakis (2019), Journal of Computational Physics 378, https://doi.org/10.1016/j.jcp.2018.10.045.
"""

import inspect
import math
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from numbers import Integral
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from tqdm.std import tqdm

from nndl_support.pinn import taylor
from nndl_support.pinn.checkpoint import load_checkpoint, save_checkpoint
from nndl_support.pinn.collocation import point_generator, relative_l2
from nndl_support.pinn.fields import Fields, needed_derivatives, of_jet, of_network, tensor_of
from nndl_support.pinn.first_order import AdamSteps, LBFGSSteps
from nndl_support.pinn.levenberg_marquardt import LevenbergMarquardt
from nndl_support.pinn.natural_gradient import NaturalGradient
from nndl_support.pinn.network import MLP, HardConstraint
from nndl_support.pinn.objective import Objective
from nndl_support.pinn.problem import Problem
from nndl_support.pinn.recursive_levenberg_marquardt import RecursiveLevenbergMarquardt
from nndl_support.pinn.self_scaled_broyden import SelfScaledBroyden

__all__ = ["METHODS", "Solution", "State", "solve"]

#: The methods by name; each is made from an objective and the options of its own, and has ``step``.
METHODS: dict[str, Callable[..., Any]] = {
    "adam": AdamSteps,
    "lbfgs": LBFGSSteps,
    "levenberg_marquardt": LevenbergMarquardt,
    "natural_gradient": NaturalGradient,
    "recursive_levenberg_marquardt": RecursiveLevenbergMarquardt,
    "ssbroyden": SelfScaledBroyden,
}
_DEFAULTS: dict[str, Any] = {
    "method": "levenberg_marquardt",
    "budget": 60.0,
    "n_points": 1000,
    "resample": 20,
    "survey": 0,
    "candidates": None,
}
#: A method that remembers wants few points at a time, and others at every step.
_OF_METHOD: dict[str, dict[str, Any]] = {"recursive_levenberg_marquardt": {"n_points": 500, "resample": 1, "survey": 5}}


@dataclass
class State:
    """What a callback sees.

    Attributes
    ----------
    iteration : int, steps taken
    seconds : float, spent on steps so far
    loss : float, after the latest step; before it with Adam, which does not evaluate it again
    objective : Objective; its weights and the weights of its points may be changed
    parameters : dict of str and float, the unknown parameters now
    solution : Solution so far, to predict with
    """

    iteration: int
    seconds: float
    loss: float
    objective: Objective
    parameters: dict[str, float]
    solution: "Solution"


@dataclass
class Solution:
    """A solved problem.

    Attributes
    ----------
    problem : Problem
    network : the trained module
    parameters : dict of str and float, the unknown parameters found
    history : dict of lists with one entry for each look (every ``log_every`` steps, and the last): ``iteration``, ``seconds``,
        ``loss``, the mean square of every residual by its name, and every unknown parameter by its name
    seconds : float, spent on steps
    n_iterations : int

    Examples
    --------
    >>> from nndl_support.pinn.geometry import Interval
    >>> slope = Problem(Interval(0, 1), lambda f, p: f.u_x - 1, hard=(lambda x: 0 * x[:, 0], lambda x: x[:, 0]))
    >>> solution = solve(slope, max_iterations=20, n_points=20)
    >>> bool(abs(solution.predict([[0.5]]) - 0.5) < 1e-4)
    True
    """

    problem: Problem
    network: nn.Module
    parameters: dict[str, float] = field(default_factory=dict)
    history: dict[str, list[float]] = field(default_factory=dict)
    seconds: float = 0.0
    n_iterations: int = 0

    def predict(self, points: Any) -> Any:
        """Return the outputs at any points.

        Parameters
        ----------
        points : array (N, d)

        Returns
        -------
        array (N, C)
        """
        where = self._tensor(points)
        with torch.no_grad():
            return torch.cat([self.network(part) for part in where.split(20_000)]).cpu().numpy()

    def evaluate(self, points: Any, function: Callable[[Fields], Tensor]) -> Any:
        """Return anything that can be written with fields, such as ``lambda f: f.v_x - f.u_y``.

        Parameters
        ----------
        points : array (N, d)
        function : of the :class:`~nndl_support.pinn.fields.Fields`, returning a tensor (N,)

        Returns
        -------
        array (N,)
        """
        where = self._tensor(points)
        names, outputs = self.problem.coordinates, self.problem.outputs
        if isinstance(self.network, MLP | HardConstraint):
            from_fields = taylor.closure(needed_derivatives(function, names, outputs, where))
            with torch.no_grad():
                jet = self.network.outputs(self.network.prepare(where, from_fields))
                return _numbers(function(of_jet(jet, from_fields, where, names, outputs)))
        return _numbers(function(of_network(self.network, where, names, outputs)))

    def relative_error(self, points: Any, values: Any = None) -> float:
        r"""Relative L2 error, :math:`\lVert u - u^*\rVert / \lVert u^*\rVert` over all points and outputs.

        Parameters
        ----------
        points : array (N, d)
        values : array (N, C), or (N,) for one output, optional; the exact solution of the problem without it

        Raises
        ------
        ValueError
            When there are no values and the problem has no exact solution, or the shapes differ.
        """
        if values is None:
            if self.problem.exact is None:
                raise ValueError("the problem has no exact solution: pass the values to compare with")
            values = self.problem.exact(points)
        found, wanted = self.predict(points), tensor_of(values)
        return relative_l2(found, wanted[:, None] if wanted.ndim == 1 and found.shape[1] == 1 else wanted)

    def _tensor(self, points: Any) -> Tensor:
        one, names = next(self.network.parameters()), self.problem.coordinates
        where = tensor_of(points, one.dtype, one.device)
        if where.ndim != 2 or where.shape[1] != len(names):
            raise ValueError(
                f"points have shape {tuple(where.shape)}, but the problem has the coordinates {', '.join(names)}; expected "
                f"(N, {len(names)})"
            )
        return where


def _numbers(values: Any) -> Any:
    if not isinstance(values, Tensor):
        raise TypeError(f"the function of the fields returned a {type(values).__name__}; expected a tensor (N,)")
    return values.detach().cpu().numpy()


def solve(
    problem: Problem,
    network: "nn.Module | Solution | None" = None,
    *,
    method: str | None = None,
    budget: float | None = None,
    max_iterations: int | None = None,
    n_points: int | None = None,
    resample: int | None = None,
    candidates: int | None = None,
    survey: int | None = None,
    power: float = 1.0,
    floor: float = 1.0,
    callback: Callable[[State], Any] | None = None,
    log_every: int = 10,
    seed: int = 0,
    device: torch.device | str = "cpu",
    derivatives: str | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_every: int = 100,
    description: str = "solving",
    **options: Any,
) -> Solution:
    """Train a network to satisfy a problem.

    Parameters
    ----------
    problem : Problem
    network : module of points (N, d) returning (N, C), or Solution, optional
        An :class:`~nndl_support.pinn.network.MLP` is put inside the problem's hard constraints; any other module is taken as it
        is. Without it ``problem.network(seed=seed)``. It is trained in place. The unknown parameters start where the problem
        says; with a whole :class:`Solution` in place of the network they go on from its values.
    method : str, a key of ``METHODS``: "adam", "lbfgs", "levenberg_marquardt", "natural_gradient",
        "recursive_levenberg_marquardt" or "ssbroyden"
    budget : float > 0, seconds that the steps may take
    max_iterations : int >= 0, optional; stop after so many steps. Given alone, the seconds do not count, and the result is the
        same on every run.
    n_points : int, collocation points inside
    resample : int, steps after which all points are drawn anew; 0 for never
    candidates : int, of which a resampling keeps ``n_points``, more where the residual is large; 5 ``n_points`` without it, and
        with 0 the new points are spread evenly
    survey : int, steps after which the candidates and their residuals are new; a resampling in between draws among the old
        ones. 0 for new ones at every resampling
    power, floor : float, as in :func:`nndl_support.pinn.collocation.residual_density`
    callback : function of a :class:`State`, called after every step; True stops
    log_every : int, steps between two entries of the history
    seed : int, of the network that is made, and of all points
    device : torch.device or str
    derivatives : "taylor" or "autograd", as in :class:`~nndl_support.pinn.objective.Objective`
    checkpoint : path, optional
        Everything that the run depends on is kept there; if the file exists, the run continues from it.
    checkpoint_every : int, steps
    description : str, in front of the progress bar, which is silent under ``NNDL_PROGRESS=0``
    options : of the method, such as ``learning_rate`` for Adam

    Returns
    -------
    Solution

    Raises
    ------
    FloatingPointError
        When the loss becomes NaN or infinite; the message names the terms, and the network keeps the last good state.
    TypeError
        For options that the method does not have; the message says which it has.
    ValueError
        For an unknown method or options out of range.

    Notes
    -----
    What the caller leaves out is taken from ``problem.solver``, and else from Levenberg-Marquardt, 60 seconds, 1000 points, drawn
    anew every 20 steps; the recursive method takes 500 points, drawn anew at every step, and a survey every 5.

    Examples
    --------
    Poisson's equation with a bubble that vanishes at both ends:

    >>> from nndl_support.pinn.geometry import Interval
    >>> bubble = (lambda x: 0 * x[:, 0], lambda x: x[:, 0] * (1 - x[:, 0]))
    >>> poisson = Problem(Interval(0, 1), lambda f, p: f.u_xx + torch.pi**2 * torch.sin(torch.pi * f.x), hard=bubble)
    >>> solution = solve(poisson, max_iterations=60, n_points=50)
    >>> bool(abs(solution.predict([[0.5]]) - 1) < 1e-4)
    True
    """
    chosen = method or problem.solver.get("method", _DEFAULTS["method"])
    settings = _DEFAULTS | _OF_METHOD.get(chosen, {}) | dict(problem.solver) | {"method": chosen}
    if max_iterations is not None and budget is None:
        budget = math.inf
    named = {
        "budget": budget,
        "n_points": n_points,
        "resample": resample,
        "candidates": candidates,
        "survey": survey,
    }
    settings |= {name: value for name, value in named.items() if value is not None}
    # The options of the problem belong to its own method.
    if chosen == problem.solver.get("method", _DEFAULTS["method"]):
        options = {k: v for k, v in problem.solver.items() if k not in _DEFAULTS} | options
    if settings["method"] not in METHODS:
        raise ValueError(f"there is no method {settings['method']!r}; known are {', '.join(METHODS)}")
    _check_options(settings["method"], options)
    if max_iterations is not None and not (isinstance(max_iterations, Integral) and max_iterations >= 0):
        raise ValueError(f"max_iterations is {max_iterations}; expected a whole number >= 0")
    if callback is not None and not callable(callback):
        raise TypeError(f"callback is a {type(callback).__name__}; expected a function of a State")
    least = min(settings["resample"], settings["survey"])
    if not settings["budget"] > 0 or least < 0 or log_every < 1 or checkpoint_every < 1:
        raise ValueError(
            f"budget is {settings['budget']}, resample {settings['resample']}, survey {settings['survey']}, log_every "
            f"{log_every} and checkpoint_every {checkpoint_every}; expected > 0, >= 0, >= 0, >= 1, >= 1"
        )
    earlier = network.parameters if isinstance(network, Solution) else {}
    if isinstance(network, Solution):
        network = network.network
    if network is None:
        network = problem.network(seed=seed)
    elif isinstance(network, MLP):
        network = problem.constrain(network)
    rng = point_generator(seed)
    objective = Objective(
        problem, network, n_points=settings["n_points"], rng=rng, device=device, derivatives=derivatives
    )
    with torch.no_grad():
        for k, name in enumerate(problem.unknown):
            if name in earlier:
                objective.unknown[k] = earlier[name]
    stepper = METHODS[settings["method"]](objective, **options)
    run = _Run(problem, objective, stepper, settings, {"power": power, "floor": floor}, log_every)
    if checkpoint is not None and Path(checkpoint).exists():
        run.load(checkpoint)
    return run.go(max_iterations, callback, checkpoint, checkpoint_every, description)


def _check_options(method: str, options: Mapping[str, Any]) -> None:
    known = {name: p for name, p in inspect.signature(METHODS[method]).parameters.items() if name != "objective"}
    strangers = sorted(set(options) - set(known))
    if strangers and not any(p.kind is p.VAR_KEYWORD for p in known.values()):
        raise TypeError(
            f"the method {method!r} has no option {', '.join(map(repr, strangers))}; it knows {', '.join(known)}, besides the "
            "arguments of solve itself"
        )


class _Run:
    """The loop, and what a checkpoint keeps of it."""

    def __init__(
        self, problem: Problem, objective: Objective, stepper: Any, settings: Mapping, density: dict, log_every: int
    ) -> None:
        self.problem, self.objective, self.stepper = problem, objective, stepper
        self.settings, self.density, self.log_every = settings, density, log_every
        self.solution = Solution(problem, objective.network)
        self.good = objective.get()

    def go(
        self,
        max_iterations: int | None,
        callback: Callable[[State], Any] | None,
        checkpoint: Any,
        checkpoint_every: int,
        description: str,
    ) -> Solution:
        solution, budget = self.solution, self.settings["budget"]
        solution.parameters = self.objective.unknown_values()
        if not solution.history:
            self._log()
        silent = os.environ.get("NNDL_PROGRESS") == "0"
        with tqdm(total=max_iterations, initial=solution.n_iterations, desc=description, disable=silent) as bar:
            while solution.seconds < budget and (max_iterations is None or solution.n_iterations < max_iterations):
                began = time.perf_counter()
                loss = self._step()
                solution.seconds += time.perf_counter() - began
                solution.n_iterations += 1
                solution.parameters = self.objective.unknown_values()
                if solution.n_iterations % self.log_every == 0:
                    self._log()
                # Without refresh, the bar itself decides how often it is drawn.
                shown = {"loss": f"{loss:.1e}", **{k: f"{v:.4g}" for k, v in solution.parameters.items()}}
                bar.set_postfix(shown, refresh=False)
                bar.update()
                state = State(
                    solution.n_iterations, solution.seconds, loss, self.objective, solution.parameters, solution
                )
                if callback is not None and callback(state):
                    break
                if checkpoint is not None and solution.n_iterations % checkpoint_every == 0:
                    self.save(checkpoint)
        if solution.history["iteration"][-1] != solution.n_iterations:
            self._log()
        if checkpoint is not None:
            self.save(checkpoint)
        return solution

    def _step(self) -> float:
        settings, done = self.settings, self.solution.n_iterations
        every = settings["resample"]
        if every and done and done % every == 0:
            wanted = 5 * settings["n_points"] if settings["candidates"] is None else settings["candidates"]
            anew = not settings["survey"] or done % settings["survey"] < every
            self.objective.resample(**(dict(candidates=wanted, survey=anew, **self.density) if wanted else {}))
        before = self.objective.get()
        loss = self.stepper.step()
        self._check(loss)
        # Adam returns the loss before its step, so no more than that state is known to be good.
        self.good = before
        return loss

    def _check(self, loss: float) -> None:
        """Stop at a loss that is no number: say which terms are to blame, and put the last good state back."""
        if math.isfinite(loss):
            return
        terms = {name: float(value.detach()) for name, value in self.objective.losses().items()}
        self.objective.set(self.good)
        blamed = [f"{name!r} ({value})" for name, value in terms.items() if not math.isfinite(value)]
        raise FloatingPointError(
            f"the loss is {loss} after {self.solution.n_iterations} steps; not finite: {', '.join(blamed) or 'their sum'}. "
            "The network has the last state with a finite loss. Try a smaller learning rate, or look for a division or a root "
            "in the equation"
        )

    def _log(self) -> None:
        solution = self.solution
        with torch.no_grad() if self.objective.taylor else torch.enable_grad():
            losses = {name: float(value.detach()) for name, value in self.objective.losses().items()}
        total = sum(self.objective.weights[name] * value for name, value in losses.items())
        self._check(total)
        row = {"iteration": solution.n_iterations, "seconds": solution.seconds, "loss": total}
        for name, value in (row | losses | solution.parameters).items():
            solution.history.setdefault(name, []).append(value)

    def save(self, path: Any) -> None:
        solution, objective = self.solution, self.objective
        save_checkpoint(
            path,
            {
                "vector": objective.get(),
                "method": self.settings["method"],
                "stepper": self.stepper.state_dict(),
                "rng": objective.rng.bit_generator.state,
                # Sobol points come from children of the generator, which its state does not count.
                "children": objective.rng.bit_generator.seed_seq.n_children_spawned,
                "points": [(block.points, block.normals, block.point_weights) for block in objective.blocks],
                "surveyed": None if objective.surveyed is None else [torch.as_tensor(a) for a in objective.surveyed],
                "weights": objective.weights,
                "history": solution.history,
                "seconds": solution.seconds,
                "n_iterations": solution.n_iterations,
            },
        )

    def load(self, path: Any) -> None:
        kept, objective = load_checkpoint(path), self.objective
        same_size = len(kept["vector"]) == len(objective.get()) and len(kept["points"]) == len(objective.blocks)
        if kept["method"] != self.settings["method"] or not same_size:
            raise ValueError(
                f"the checkpoint {path} is of a run by {kept['method']!r} with {len(kept['vector'])} parameters and "
                f"{len(kept['points'])} terms; this run is by {self.settings['method']!r} with {len(objective.get())} and "
                f"{len(objective.blocks)}"
            )
        objective.set(kept["vector"])
        objective.rng.bit_generator.state = kept["rng"]
        children = objective.rng.bit_generator.seed_seq
        children.spawn(max(kept["children"] - children.n_children_spawned, 0))
        for block, (points, normals, point_weights) in zip(objective.blocks, kept["points"], strict=True):
            objective.set_points(block, points, normals)
            block.point_weights = None if point_weights is None else point_weights.to(block.points)
        objective.weights.update(kept["weights"])
        pool = kept.get("surveyed")
        objective.surveyed = None if pool is None else (pool[0].numpy(), pool[1].numpy())
        self.stepper.load_state_dict(kept["stepper"])
        # A look at the end of the earlier run is no look of this one.
        looks = [k for k, n in enumerate(kept["history"]["iteration"]) if n % self.log_every == 0]
        self.solution.history = {name: [column[k] for k in looks] for name, column in kept["history"].items()}
        self.solution.seconds, self.solution.n_iterations = kept["seconds"], kept["n_iterations"]
