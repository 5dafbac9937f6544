r"""The loss of a physics-informed network as a sum of squares: residual, conditions and data, each at its own points.

.. math:: L(\theta) = \sum_b w_b\,\frac{1}{N_b} \sum_{n=1}^{N_b} \omega_{bn}\, r_b(x_n; \theta)^2 = \lVert \rho(\theta)\rVert^2

Shapes: N points of a block, d coordinates, P weights and unknown parameters together, S entries of the residual vector
:math:`\rho`.

References
----------
Raissi, Perdikaris and Karniadakis (2019), Journal of Computational Physics 378, https://doi.org/10.1016/j.jcp.2018.10.045.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from nndl_support.pinn import fields, taylor
from nndl_support.pinn.collocation import boundary_part, residual_sample
from nndl_support.pinn.fields import Fields, Unknown
from nndl_support.pinn.jacobian import residual_jacobian
from nndl_support.pinn.network import MLP, HardConstraint
from nndl_support.pinn.problem import Condition, Problem

__all__ = ["Block", "Objective"]


class Block:
    """Residuals that are evaluated together at one set of points.

    Attributes
    ----------
    names : tuple of str, one for each residual
    points, normals : tensors (N, d); normals is None away from boundaries
    point_weights : tensor (N,) or None; multiplies the squares, for causal or self-adaptive weights. They belong to these points:
        other points have none until somebody weighs them

    Examples
    --------
    >>> Block(["decay"], lambda f, p: [f.u_t + f.u], taylor.closure([(0,)])).indices
    ((), (0,))
    """

    def __init__(
        self,
        names: Sequence[str],
        function: Callable[[Fields, Any], Sequence[Tensor]],
        indices: tuple[taylor.Index, ...],
    ) -> None:
        self.names, self.function, self.indices = tuple(names), function, indices
        self.points: Tensor = torch.empty(0)
        self.normals: Tensor | None = None
        self.point_weights: Tensor | None = None
        self.prepared: Any = None


class Objective:
    """Everything between a problem with its network and an optimiser.

    Parameters
    ----------
    problem : Problem
    network : MLP, HardConstraint, or any module of points (N, d) returning (N, outputs)
        Derivatives come from Taylor mode for the first two, from nested reverse mode for any other.
    n_points : int, collocation points inside
    rng : numpy.random.Generator, for all points
    device : torch.device or str
    derivatives : "taylor" or "autograd"; by default what the network allows

    Attributes
    ----------
    weights : dict of name and float, of each mean square in the loss; may be changed between steps
    blocks : list of Block, the equations first
    parameters : list of tensors, the weights of the network and the vector of unknown parameters
    surveyed : pair of arrays (M, d) and (M,), or None: the candidates of the last survey, and how large the residual was there

    Raises
    ------
    ValueError
        When the network has other outputs than the problem, or nothing to train.
    AttributeError
        When an equation or a condition asks for a field that is not there.

    Examples
    --------
    >>> import numpy
    >>> from nndl_support.pinn.geometry import Interval
    >>> problem = Problem(Interval(0, 1), lambda f, p: f.u_xx + 1)
    >>> objective = Objective(problem, problem.network(), n_points=7, rng=numpy.random.default_rng(0))
    >>> objective.residuals().shape, sorted(objective.losses())
    (torch.Size([7]), ['equation'])
    """

    def __init__(
        self,
        problem: Problem,
        network: nn.Module,
        *,
        n_points: int = 2000,
        rng: Any,
        device: torch.device | str = "cpu",
        derivatives: str | None = None,
    ) -> None:
        if n_points < 1:
            raise ValueError(f"n_points is {n_points}; expected at least 1")
        _check_network(network, problem.outputs)
        self.problem, self.rng, self.n_points = problem, rng, n_points
        self.network: Any = network.to(device)
        self.device = torch.device(device)
        self.dtype = next(network.parameters()).dtype
        self.taylor = _choose_derivatives(derivatives, network)
        self.unknown = nn.Parameter(
            torch.tensor(list(problem.unknown.values()), dtype=self.dtype, device=self.device),
            requires_grad=bool(problem.unknown),
        )
        self.parameters = [p for p in network.parameters() if p.requires_grad]
        if problem.unknown:
            self.parameters.append(self.unknown)
        self.blocks = [
            self._block(
                problem.equations, lambda f, p: [e(f, p) for e in problem.equations.values()], self._somewhere()
            )
        ]
        self.weights = {name: float(problem.weights.get(name, 1.0)) for name in problem.equations}
        for condition in problem.conditions:
            self.blocks.append(self._condition_block(condition))
            self.weights[condition.name] = float(condition.weight)
        if problem.data is not None:
            self.blocks.append(self._data_block())
            self.weights |= {name: float(problem.data.weight) for name in self.blocks[-1].names}
        self.surveyed: tuple[Any, Any] | None = None
        self.resample()

    # The points.

    def resample(
        self, *, candidates: int | None = None, power: float = 1.0, floor: float = 1.0, survey: bool = True
    ) -> None:
        """Draw new points, without weights of their own, inside and on the boundary; data and listed points stay.

        Parameters
        ----------
        candidates : int, optional
            Inside, keep ``n_points`` of so many, more where the residual is large
            (:func:`nndl_support.pinn.collocation.residual_sample`). Without it they are spread evenly.
        power, floor : float, of the density
        survey : bool
            False draws among the candidates of the last survey by their residuals then, which saves evaluating them anew.
        """
        geometry = self.problem.geometry
        if candidates is None:
            points = geometry.sample(self.n_points, rng=self.rng)
        else:
            if survey or self.surveyed is None or len(self.surveyed[0]) != candidates:
                pool = geometry.sample(candidates, rng=self.rng)
                with torch.no_grad() if self.taylor else torch.enable_grad():
                    self.surveyed = pool, self.residual_size(self._tensor(pool)).cpu().numpy()
            pool, size = self.surveyed
            points = residual_sample(pool, size, self.n_points, power=power, floor=floor, rng=self.rng)
        self.set_points(self.blocks[0], points)
        for block, condition in zip(self.blocks[1:], self.problem.conditions, strict=False):
            if condition.on == "initial" if isinstance(condition.on, str) else False:
                self.set_points(block, geometry.sample_initial(condition.n_points, rng=self.rng))
            elif isinstance(condition.on, str):
                self.set_points(block, *geometry.sample_boundary(condition.n_points, rng=self.rng))
            elif callable(condition.on):
                self.set_points(block, *boundary_part(geometry, condition.on, condition.n_points, rng=self.rng))

    def set_points(self, block: Block, points: Any, normals: Any = None) -> None:
        """Give a block other points; the weights of the old ones go.

        Parameters
        ----------
        block : one of ``blocks``
        points : array or tensor (N, d)
        normals : array or tensor (N, d), optional
        """
        block.points = self._tensor(points)
        block.normals = None if normals is None else self._tensor(normals)
        block.prepared = self.network.prepare(block.points, block.indices) if self.taylor else None
        block.point_weights = None

    def residual_size(self, points: Tensor) -> Tensor:
        """Root of the weighted sum of the squared residuals of all equations at any points, tensor (N,), detached."""
        block = self.blocks[0]
        values = self._evaluate(block, points, None)[0]
        squares = [self.weights[name] * r.detach() ** 2 for name, r in zip(block.names, values, strict=True)]
        return torch.stack(squares).sum(dim=0).sqrt()

    # The loss.

    def losses(self) -> dict[str, Tensor]:
        """Mean square of every residual, by name, without its weight in the loss but with the weights of the points."""
        result = {}
        for block in self.blocks:
            for name, residual in zip(block.names, self._evaluate(block)[0], strict=True):
                squares = residual**2 if block.point_weights is None else block.point_weights * residual**2
                result[name] = squares.mean()
        return result

    def loss(self) -> Tensor:
        """Return the weighted sum of the mean squares, a scalar to call ``backward`` on."""
        return torch.stack([self.weights[name] * loss for name, loss in self.losses().items()]).sum()

    def residuals(self) -> Tensor:
        r"""Return the vector :math:`\rho`, tensor (S,), whose squared norm is the loss."""
        rows = [
            self._scale(block, name) * residual
            for block in self.blocks
            for name, residual in zip(block.names, self._evaluate(block)[0], strict=True)
        ]
        return torch.cat(rows)

    def jacobian(self) -> tuple[Tensor, Tensor]:
        r"""Return :math:`\rho`, tensor (S,), and its Jacobian by all parameters, tensor (S, P).

        Raises
        ------
        TypeError
            When the network is not a multilayer perceptron of this book, whose layers can be looked into, or partly frozen.
        FloatingPointError
            When a residual has a derivative that is not finite.
        """
        frozen = sum(not p.requires_grad for p in self.network.parameters())
        if not self.taylor or frozen:
            raise TypeError(
                "the Jacobian needs Taylor mode and so an MLP or a HardConstraint, all of it to be trained; the network is a "
                f"{type(self.network).__name__} with {frozen} frozen tensors, and derivatives come from "
                f"{'Taylor mode' if self.taylor else 'autograd'}; use the methods 'adam', 'lbfgs' or 'ssbroyden' for others"
            )
        rows, blocks = [], []
        for block in self.blocks:
            values, inputs, sums, unknown = self._evaluate(block)
            jacobian = residual_jacobian(values, inputs, sums, unknown)
            for name, value, part in zip(block.names, values, jacobian, strict=True):
                scale = self._scale(block, name)
                if not torch.isfinite(part.sum()) and torch.isfinite(value.detach()).all():
                    raise FloatingPointError(
                        f"the residual {name!r} is finite, but its derivative by the weights is not: look for a root, a norm or "
                        "a division in it"
                    )
                rows.append(scale * value.detach())
                blocks.append(part.mul_(scale if isinstance(scale, float) else scale[:, None]))
        return torch.cat(rows), torch.cat(blocks) if len(blocks) > 1 else blocks[0]

    # All parameters as one vector.

    def get(self) -> Tensor:
        """Return all parameters as one vector, tensor (P,), a copy."""
        return torch.cat([p.detach().reshape(-1) for p in self.parameters])

    def set(self, vector: Tensor) -> None:
        """Set all parameters from one vector, tensor (P,)."""
        start, size = 0, sum(p.numel() for p in self.parameters)
        if vector.shape != (size,):
            raise ValueError(
                f"the vector has shape {tuple(vector.shape)}, but there are {size} parameters; expected ({size},)"
            )
        with torch.no_grad():
            for p in self.parameters:
                p.copy_(vector[start : start + p.numel()].view_as(p))
                start += p.numel()

    def gradient(self) -> tuple[Tensor, Tensor]:
        """Return the loss, a scalar, and its gradient, tensor (P,), both detached."""
        loss = self.loss()
        slopes = torch.autograd.grad(loss, self.parameters)
        return loss.detach(), torch.cat([g.reshape(-1) for g in slopes])

    def value(self) -> float:
        """Return the loss as a number."""
        with torch.no_grad() if self.taylor else torch.enable_grad():
            return float(self.loss().detach())

    def unknown_values(self) -> dict[str, float]:
        """Return the unknown parameters by name."""
        return dict(zip(self.problem.unknown, self.unknown.detach().tolist(), strict=True))

    # Inside.

    def fields(self, points: Any, indices: tuple[taylor.Index, ...]) -> Fields:
        """Return the fields of the network at any points.

        Parameters
        ----------
        points : array or tensor (N, d)
        indices : tuple of multi-indices, as :func:`nndl_support.pinn.taylor.closure` returns it
        """
        where = self._tensor(points)
        coordinates, outputs = self.problem.coordinates, self.problem.outputs
        if not self.taylor:
            return fields.of_network(self.network, where, coordinates, outputs)
        jet = self.network.outputs(self.network.prepare(where, indices))
        return fields.of_jet(jet, indices, where, coordinates, outputs)

    def _evaluate(self, block: Block, points: Tensor | None = None, normals: Tensor | None = None) -> tuple:
        """Residuals of a block, with the jets of every layer and the unknown parameters, repeated for each point."""
        where = block.points if points is None else points
        normals = block.normals if points is None else normals
        coordinates, outputs = self.problem.coordinates, self.problem.outputs
        repeated = None
        if self.problem.unknown:
            repeated = self.unknown.expand(len(where), -1)
        parameters = Unknown(
            {} if repeated is None else dict(zip(self.problem.unknown, repeated.unbind(1), strict=True))
        )
        inputs: list[Tensor] = []
        sums: list[Tensor] = []
        if self.taylor:
            prepared = block.prepared if points is None else self.network.prepare(where, block.indices)
            jet, inputs, sums = self.network.traced(prepared)
            f = fields.of_jet(jet, block.indices, where, coordinates, outputs, normals)
        else:
            f = fields.of_network(self.network, where, coordinates, outputs, normals)
        values = block.function(f, parameters)
        for name, value in zip(block.names, values, strict=True):
            if not isinstance(value, Tensor) or value.shape != (len(where),):
                got = f"has shape {tuple(value.shape)}" if isinstance(value, Tensor) else f"is a {type(value).__name__}"
                raise ValueError(
                    f"the residual {name!r} {got} at {len(where)} points; expected a tensor of shape ({len(where)},)"
                )
        return values, inputs, sums, repeated

    def _scale(self, block: Block, name: str) -> Any:
        scale = (self.weights[name] / len(block.points)) ** 0.5
        return scale if block.point_weights is None else scale * block.point_weights.sqrt()

    def _somewhere(self) -> Tensor:
        """A few points in the box of the geometry, to ask for the derivatives that an equation needs."""
        low, high = (self._tensor(side) for side in self.problem.geometry.bounds)
        drawn = torch.rand(3, len(low), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
        return low + (high - low) * self._tensor(drawn)

    def _block(self, names: Mapping[str, Any] | Sequence[str], function: Callable, where: Tensor) -> Block:
        stand_in = Unknown({name: where.new_ones(len(where)) for name in self.problem.unknown})
        wanted = fields.needed_derivatives(
            lambda f: function(f, stand_in), self.problem.coordinates, self.problem.outputs, where
        )
        return Block(tuple(names), function, taylor.closure(wanted) if self.taylor else ((),))

    def _condition_block(self, condition: Condition) -> Block:
        listed = not isinstance(condition.on, str) and not callable(condition.on)
        where = self._tensor(condition.on) if listed else self._somewhere()
        block = self._block([condition.name], lambda f, p: [condition.residual(f, p)], where)
        if listed:
            self.set_points(block, where)
        return block

    def _data_block(self) -> Block:
        data = self.problem.data
        assert data is not None
        outputs = tuple(self.problem.outputs if data.outputs is None else data.outputs)
        values = self._tensor(data.values).unbind(1)
        names = ["data"] if len(outputs) == 1 else [f"data {output}" for output in outputs]

        def function(f: Fields, p: Any) -> list[Tensor]:
            return [getattr(f, output) - value for output, value in zip(outputs, values, strict=True)]

        block = Block(names, function, ((),))
        self.set_points(block, data.points)
        return block

    def _tensor(self, values: Any) -> Tensor:
        return fields.tensor_of(values, self.dtype, self.device)


def _check_network(network: nn.Module, outputs: Sequence[str]) -> None:
    if not any(p.requires_grad for p in network.parameters()):
        raise ValueError(f"the network, a {type(network).__name__}, has no weights to train")
    if isinstance(network, MLP | HardConstraint) and network.n_outputs != len(outputs):
        raise ValueError(
            f"the network has {network.n_outputs} outputs, but the problem has {len(outputs)}: {', '.join(outputs)}"
        )


def _choose_derivatives(wish: str | None, network: nn.Module) -> bool:
    able = isinstance(network, MLP | HardConstraint)
    if wish not in (None, "taylor", "autograd"):
        raise ValueError(f"derivatives is {wish!r}; expected 'taylor' or 'autograd'")
    if wish == "taylor" and not able:
        raise TypeError(f"Taylor mode needs an MLP or a HardConstraint, but the network is a {type(network).__name__}")
    return able if wish is None else wish == "taylor"
