r"""A boundary value problem as one states it on paper: where, which equations and conditions, what is unknown, what was observed.

Shapes: M points with d coordinates, in the order of the geometry, time last.

References
----------
Raissi, Perdikaris and Karniadakis (2019), Physics-informed neural networks, Journal of Computational Physics 378,
https://doi.org/10.1016/j.jcp.2018.10.045.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

import torch
from torch import Tensor, nn

from nndl_support.pinn.fields import Fields, tensor_of
from nndl_support.pinn.geometry import Domain, SpaceTime
from nndl_support.pinn.network import MLP, HardConstraint, Rescale, hard_constraint

__all__ = ["Condition", "Observations", "Problem", "dirichlet", "initial", "neumann"]

Residual = Callable[[Fields, Any], Tensor]
Value = float | Sequence[float] | Callable[[Fields], Tensor]


@dataclass(frozen=True)
class Condition:
    """Something that must vanish on a part of the boundary, at the start, or at given points.

    Attributes
    ----------
    name : str
    residual : function of the fields f and the unknown parameters p, returning a tensor (N,) that is zero where the condition
        holds; on a boundary ``f`` knows the outward normals
    on : "boundary", "initial", a function that takes boundary points, an array (M, d), and says by an array (M,) of bool which
        belong to the condition, or an array (M, d) of points
    n_points : int; has no say where ``on`` lists the points
    weight : float > 0, of the mean square in the loss

    Examples
    --------
    >>> insulated = Condition("insulated", lambda f, p: f.normal_derivative("u"), on=lambda x: x[:, 0] == 0, n_points=50)
    >>> insulated.weight
    1.0
    """

    name: str
    residual: Residual
    on: Any = "boundary"
    n_points: int = 200
    weight: float = 1.0


def dirichlet(
    value: Value = 0.0, *, output: str = "u", on: Any = "boundary", name: str | None = None, **options: Any
) -> Condition:
    """Return the condition that an output has a value (狄利克雷条件).

    Parameters
    ----------
    value : float, or function of the fields, returning a tensor (N,); where ``on`` lists N points, also N numbers
    output : str
    on, name, options : as in :class:`Condition`

    Examples
    --------
    >>> dirichlet(lambda f: torch.sin(f.x)).name
    'u on the boundary'
    """
    return Condition(
        name or f"{output} on the boundary", lambda f, p: getattr(f, output) - _at(value, f, output), on=on, **options
    )


def neumann(
    value: Value = 0.0, *, output: str = "u", on: Any = "boundary", name: str | None = None, **options: Any
) -> Condition:
    """Return the condition that the outward slope of an output has a value (诺伊曼条件).

    Parameters
    ----------
    value : float, or function of the fields, returning a tensor (N,)
    output : str
    on, name, options : as in :class:`Condition`

    Examples
    --------
    >>> neumann(output="p").name
    'slope of p'
    """
    return Condition(
        name or f"slope of {output}",
        lambda f, p: f.normal_derivative(output) - _at(value, f, f"the slope of {output}"),
        on=on,
        **options,
    )


def initial(value: Value, *, output: str = "u", order: int = 0, name: str | None = None, **options: Any) -> Condition:
    """Return the condition that an output, or its derivative by time, has a value at the start (初始条件).

    Parameters
    ----------
    value : float, or function of the fields, returning a tensor (N,)
    output : str
    order : int >= 0, 0 for the output, 1 for its derivative by t
    name, options : as in :class:`Condition`

    Raises
    ------
    ValueError
        For a negative order.

    Examples
    --------
    >>> initial(0.0, order=1).name
    'u_t at the start'
    """
    if order < 0:
        raise ValueError(f"order is {order}; expected 0 for the value, 1 for its derivative by t, and so on")
    field_name = output + ("_" + "t" * order if order else "")
    return Condition(
        name or f"{field_name} at the start",
        lambda f, p: getattr(f, field_name) - _at(value, f, field_name),
        on="initial",
        **options,
    )


@dataclass(frozen=True)
class Observations:
    """Measurements inside the domain.

    Attributes
    ----------
    points : array (M, d)
    values : array (M, C)
    outputs : sequence of C str, which outputs were measured; all of the problem without it
    weight : float > 0, of the mean square in the loss

    Examples
    --------
    >>> Observations([[0.0, 0.5]], [[1.0]]).weight
    1.0
    """

    points: Any
    values: Any
    outputs: Sequence[str] | None = None
    weight: float = 1.0


@dataclass(frozen=True)
class Problem:
    r"""A partial differential equation with everything that belongs to it.

    Parameters
    ----------
    geometry : a domain of :mod:`nndl_support.pinn.geometry`
        Its names are those of the coordinates, one letter each.
    equations : function of the fields f and the parameters p that returns a residual (N,), or dict of names and such functions
        See :class:`nndl_support.pinn.fields.Fields` for what f knows.
    outputs : sequence of str, the unknown functions
    conditions : sequence of Condition
    unknown : dict of str and float, unknown parameters with the values to start from; ``p.name`` in an equation
    data : Observations, optional
    hard : pair (lift, factor) of functions of a tensor of points, optional
        Conditions that hold by construction, see :func:`nndl_support.pinn.network.hard_constraint`.
    exact : function of points, array (M, d), returning an array (M,) or (M, C), optional
        The solution or a reference, to measure the error by.
    embedding : function without arguments that returns a module, optional
        Features in front of the network; without it the geometry's box is rescaled to [-1, 1].
    hidden : sequence of int, the layers of the network that is made when none is given
    activation : str, of that network; a key of :data:`nndl_support.pinn.taylor.ACTIVATIONS`
    weights : dict of the names of equations and floats > 0; 1 where nothing is said
    solver : dict of options that :func:`nndl_support.pinn.solver.solve` takes where the caller does not choose: "method",
        "budget", "n_points", "resample", "candidates", and those of the method

    Raises
    ------
    TypeError
        When a part is of the wrong kind: the geometry no domain, the equations neither a function nor a dict, the outputs a
        single str, the conditions no sequence of conditions, the hard constraint no pair, the unknown parameters no dict.
    ValueError
        When names clash or are unknown, shapes do not match, points are missing, numbers are not finite, or a condition or an
        observation lies outside the geometry.

    Examples
    --------
    Cooling: u' = -k u with unknown k, u(0) = 1, and one measurement.

    >>> from nndl_support.pinn.geometry import Interval
    >>> problem = Problem(
    ...     Interval(0.0, 2.0, name="t"),
    ...     lambda f, p: f.u_t + p.k * f.u,
    ...     conditions=[dirichlet(1.0, on=[[0.0]])],
    ...     unknown={"k": 1.0},
    ...     data=Observations([[1.0]], [[0.5]]),
    ... )
    >>> problem.coordinates, list(problem.equations)
    (('t',), ['equation'])
    """

    geometry: Any
    equations: Any
    outputs: Sequence[str] = ("u",)
    conditions: Sequence[Condition] = ()
    unknown: Mapping[str, float] = field(default_factory=dict)
    data: Observations | None = None
    hard: tuple[Callable[[Tensor], Tensor], Callable[[Tensor], Tensor]] | None = None
    exact: Callable[[Any], Any] | None = None
    embedding: Callable[[], nn.Module] | None = None
    hidden: Sequence[int] = (20, 20, 20)
    activation: str = "tanh"
    weights: Mapping[str, float] = field(default_factory=dict)
    solver: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if callable(self.equations):
            object.__setattr__(self, "equations", {"equation": self.equations})
        if not isinstance(self.equations, Mapping) or isinstance(self.outputs, str):
            raise TypeError(
                f"equations is a {type(self.equations).__name__} and outputs is {self.outputs!r}; expected a function, or a dict "
                "of names and functions, and a sequence of names such as ('u',)"
            )
        self._check_kinds()
        names = [*self.equations, *(c.name for c in self.conditions), *(["data"] if self.data is not None else [])]
        if len(set(names)) < len(names):
            raise ValueError(f"every equation and condition needs a name of its own, but they are {names}")
        if len(set(self.outputs)) < len(self.outputs) or not self.outputs:
            raise ValueError(f"outputs are {tuple(self.outputs)}; expected at least one, each with a name of its own")
        clash = set(self.outputs) & set(self.coordinates)
        if clash or any(len(name) != 1 for name in self.coordinates):
            raise ValueError(
                f"coordinates {self.coordinates} must be single letters and differ from the outputs {tuple(self.outputs)}"
            )
        if unknown_names := set(self.weights) - set(self.equations):
            raise ValueError(f"weights names {sorted(unknown_names)}, but the equations are {list(self.equations)}")
        if not all(isfinite(start) for start in self.unknown.values()):
            raise ValueError(f"the unknown parameters start from {dict(self.unknown)}; expected finite numbers")
        if not all(weight > 0 for weight in self.weights.values()):
            raise ValueError(f"weights are {dict(self.weights)}; expected all > 0")
        for condition in self.conditions:
            self._check_condition(condition)
        if self.data is not None:
            self._check_data(self.data)

    @property
    def coordinates(self) -> tuple[str, ...]:
        """Names of the coordinates, in the order of the columns."""
        return tuple(self.geometry.names)

    def network(self, *, seed: int = 0, dtype: torch.dtype = torch.float64) -> MLP | HardConstraint:
        """Return a fresh network for this problem, with its hard constraints around it.

        Parameters
        ----------
        seed : int, of the weights
        dtype : torch.dtype
        """
        embedding = self.embedding() if self.embedding is not None else Rescale(*self.geometry.bounds)
        inner = MLP(
            len(self.coordinates),
            len(self.outputs),
            self.hidden,
            activation=self.activation,
            embedding=embedding,
            seed=seed,
            dtype=dtype,
        )
        return self.constrain(inner)

    def constrain(self, network: MLP) -> MLP | HardConstraint:
        """Return the network with the hard constraints of the problem around it, or as it is when there are none."""
        return network if self.hard is None else hard_constraint(network, *self.hard)

    def _check_kinds(self) -> None:
        for what, value, kind, wanted in (
            ("geometry", self.geometry, Domain, "a domain such as Interval(0, 1) or SpaceTime(Interval(0, 1), 0, 1)"),
            ("conditions", self.conditions, Sequence, "a sequence of Condition, such as [dirichlet(0.0)]"),
            ("unknown", self.unknown, Mapping, "a dict of names and numbers to start from, such as {'k': 1.0}"),
            ("hard", () if self.hard is None else self.hard, Sequence, "a pair (lift, factor) of functions, or None"),
        ):
            if not isinstance(value, kind):
                raise TypeError(f"{what} is a {type(value).__name__}; expected {wanted}")
        if self.hard is not None and (len(self.hard) != 2 or not all(callable(part) for part in self.hard)):
            raise TypeError(f"hard has {len(self.hard)} parts; expected two functions of points, (lift, factor)")
        for condition in self.conditions:
            if not isinstance(condition, Condition):
                raise TypeError(
                    f"conditions holds a {type(condition).__name__}; expected Condition, such as dirichlet(0.0)"
                )

    def _check_condition(self, condition: Condition) -> None:
        on, name = condition.on, condition.name
        if not condition.weight > 0 or condition.n_points < 1:
            raise ValueError(
                f"condition {name!r} has weight {condition.weight} and n_points {condition.n_points}; expected > 0 and >= 1"
            )
        if isinstance(on, str):
            if on not in ("boundary", "initial"):
                raise ValueError(
                    f"condition {name!r} holds on {on!r}; expected 'boundary', 'initial', a function or points"
                )
            if on == "initial" and not isinstance(self.geometry, SpaceTime):
                raise ValueError(
                    f"condition {name!r} holds at the start, but {type(self.geometry).__name__} has no time"
                )
        elif not callable(on):
            self._check_inside(on, f"condition {name!r}")

    def _check_data(self, data: Observations) -> None:
        outputs = tuple(self.outputs if data.outputs is None else data.outputs)
        if strangers := set(outputs) - set(self.outputs):
            raise ValueError(f"data were observed of {sorted(strangers)}, but the outputs are {tuple(self.outputs)}")
        if not data.weight > 0:
            raise ValueError(f"data have weight {data.weight}; expected > 0")
        points, values = tensor_of(data.points), tensor_of(data.values)
        if values.shape != (len(points), len(outputs)):
            raise ValueError(
                f"the observed values have shape {tuple(values.shape)}, but there are {len(points)} points and "
                f"{len(outputs)} observed outputs; expected ({len(points)}, {len(outputs)})"
            )
        if not_finite := int((~torch.isfinite(values)).sum()):
            raise ValueError(f"{not_finite} of the {values.numel()} observed values are NaN or infinite; expected none")
        self._check_inside(data.points, "data")

    def _check_inside(self, points: Any, what: str) -> None:
        if not len(tensor_of(points)):
            raise ValueError(f"{what} lists no points; expected at least one")
        outside = ~torch.as_tensor(self.geometry.contains(points))
        if outside.any():
            first = tensor_of(points)[outside][0].tolist()
            low, high = (side.tolist() for side in self.geometry.bounds)
            raise ValueError(
                f"{what}: {int(outside.sum())} of {len(outside)} points lie outside the geometry, the first at {first}; "
                f"its box is {low} to {high}"
            )


def _at(value: Value, fields: Fields, what: str) -> Tensor:
    if callable(value):
        return value(fields)
    numbers = tensor_of(value, fields.points.dtype, fields.points.device)
    if numbers.shape not in ((), (len(fields.points),)):
        raise ValueError(
            f"{what} was given a value of shape {tuple(numbers.shape)} at {len(fields.points)} points; expected one number, or "
            f"shape ({len(fields.points)},), or a function of the fields"
        )
    return numbers
