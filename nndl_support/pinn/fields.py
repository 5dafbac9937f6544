r"""The unknown functions and their derivatives under the names they have on paper: ``f.u_xx`` is :math:`u_{xx}`.

Shapes: N points. Every name gives a tensor (N,).

References
----------
Lu, Meng, Mao and Karniadakis (2021), DeepXDE, SIAM Review 63(1), https://doi.org/10.1137/19M1274067, for another way to state
equations to a solver.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from nndl_support.pinn.operators import partial

__all__ = ["Fields", "Unknown", "needed_derivatives", "of_jet", "of_network", "tensor_of"]

Index = tuple[int, ...]


class Fields:
    """Coordinates, outputs and derivatives at a set of points, by attribute.

    Parameters
    ----------
    points : tensor (N, D)
    coordinates : sequence of D str, one letter each, such as ("x", "t")
    outputs : sequence of str, such as ("u", "v", "p")
    derivative : function of the number of an output and a sorted multi-index, returning a tensor (N,)
    normals : tensor (N, D), optional; outward unit normals, on a boundary

    Notes
    -----
    ``f.x`` is a coordinate, ``f.u`` an output, ``f.u_xt`` a derivative, ``f.points`` where; ``f.n_x`` the component of the
    outward normal on a boundary, and ``f.normal_derivative("u")`` the slope along it. The letters after the underscore may
    stand in any order.

    Examples
    --------
    >>> f = Fields(torch.tensor([[2.0, 5.0]]), ("x", "t"), ("u",), lambda output, index: torch.tensor([10.0 + len(index)]))
    >>> f.x.item(), f.u.item(), f.u_tx.item()
    (2.0, 10.0, 12.0)
    """

    def __init__(
        self,
        points: Tensor,
        coordinates: Sequence[str],
        outputs: Sequence[str],
        derivative: Callable[[int, Index], Tensor],
        normals: Tensor | None = None,
    ) -> None:
        self.points, self.normals = points, normals
        self._coordinates, self._outputs, self._derivative = tuple(coordinates), tuple(outputs), derivative

    def __getattr__(self, name: str) -> Tensor:
        if name.startswith("__"):
            raise AttributeError(name)
        if name in self._coordinates:
            return self.points[:, self._coordinates.index(name)]
        if name in self._outputs:
            return self._derivative(self._outputs.index(name), ())
        output, _, letters = name.rpartition("_")
        if letters and set(letters) <= set(self._coordinates):
            if output in self._outputs:
                index = tuple(sorted(self._coordinates.index(letter) for letter in letters))
                return self._derivative(self._outputs.index(output), index)
            if output == "n" and len(letters) == 1:
                return self._normals()[:, self._coordinates.index(letters)]
        raise AttributeError(
            f"there is no field {name!r}: the outputs are {', '.join(self._outputs)}, the coordinates "
            f"{', '.join(self._coordinates)}, and a derivative is written {self._outputs[0]}_{self._coordinates[0]}"
        )

    def normal_derivative(self, output: str) -> Tensor:
        r"""Return :math:`n\cdot\nabla u` on a boundary, tensor (N,)."""
        normals = self._normals()
        return torch.stack(
            [normals[:, d] * getattr(self, f"{output}_{name}") for d, name in enumerate(self._coordinates)]
        ).sum(dim=0)

    def laplacian(self, output: str) -> Tensor:
        r"""Return :math:`\nabla^2 u` over all coordinates but the time t, tensor (N,)."""
        space = [name for name in self._coordinates if name != "t"]
        return torch.stack([getattr(self, f"{output}_{name}{name}") for name in space]).sum(dim=0)

    def _normals(self) -> Tensor:
        if self.normals is None:
            raise ValueError(
                "there are no normals at these points: they were not sampled from a boundary. A condition on a slope needs "
                "on='boundary' or a function that chooses boundary points"
            )
        return self.normals


class Unknown:
    """Unknown parameters of an equation, by attribute.

    Parameters
    ----------
    values : dict of str and tensor (N,), the same number for every point

    Examples
    --------
    >>> Unknown({"k": torch.tensor([2.0])}).k.item()
    2.0
    """

    def __init__(self, values: Mapping[str, Tensor]) -> None:
        self.__dict__.update(values)

    def __getattr__(self, name: str) -> Tensor:
        known = ", ".join(self.__dict__) or "none"
        raise AttributeError(f"there is no unknown parameter {name!r}; the problem names {known}")


def of_jet(
    jet: Tensor,
    indices: tuple[Index, ...],
    points: Tensor,
    coordinates: Sequence[str],
    outputs: Sequence[str],
    normals: Tensor | None = None,
) -> Fields:
    """Fields that read their values from a jet of Taylor mode.

    Parameters
    ----------
    jet : tensor (K, N, outputs)
    indices : tuple of K multi-indices
    points : tensor (N, D)
    coordinates, outputs : sequences of str
    normals : tensor (N, D), optional

    Examples
    --------
    >>> f = of_jet(torch.tensor([[[7.0]], [[8.0]]]), ((), (0,)), torch.zeros(1, 1), ("x",), ("u",))
    >>> f.u.item(), f.u_x.item()
    (7.0, 8.0)
    """
    rows = [row.unbind(1) for row in jet.unbind()]
    place = {index: k for k, index in enumerate(indices)}
    return Fields(points, coordinates, outputs, lambda output, index: rows[place[index]][output], normals)


def of_network(
    network: nn.Module | Callable[[Tensor], Tensor],
    points: Tensor,
    coordinates: Sequence[str],
    outputs: Sequence[str],
    normals: Tensor | None = None,
) -> Fields:
    """Fields of any differentiable function of points, by nested reverse-mode differentiation.

    Parameters
    ----------
    network : module or function of points (N, D), returning (N, outputs) or (N,)
    points : tensor (N, D)
    coordinates, outputs : sequences of str
    normals : tensor (N, D), optional

    Raises
    ------
    ValueError
        When the network does not return one column for each output.

    Examples
    --------
    >>> f = of_network(lambda x: x[:, 0] ** 3, torch.tensor([[2.0]]), ("x",), ("u",))
    >>> f.u.item(), f.u_x.item(), f.u_xx.item()
    (8.0, 12.0, 12.0)
    """
    where = points.detach().requires_grad_()
    values = network(where)
    values = values[:, None] if values.ndim == 1 else values
    if values.shape != (len(points), len(outputs)):
        raise ValueError(
            f"the network returned shape {tuple(values.shape)} for {len(points)} points and {len(outputs)} outputs "
            f"({', '.join(outputs)}); expected ({len(points)}, {len(outputs)})"
        )
    known: dict[tuple[int, Index], Tensor] = {(i, ()): column for i, column in enumerate(values.unbind(1))}

    def derivative(output: int, index: Index) -> Tensor:
        if (output, index) not in known:
            known[output, index] = partial(derivative(output, index[:-1]), where, index[-1:])
        return known[output, index]

    return Fields(where, coordinates, outputs, derivative, normals)


def tensor_of(values: Any, dtype: torch.dtype = torch.float64, device: torch.device | str = "cpu") -> Tensor:
    """Numbers as a tensor: arrays and lists are copied, so that those that may not be written to will do.

    Parameters
    ----------
    values : array, nested list or tensor
    dtype : torch.dtype
    device : torch.device or str

    Examples
    --------
    >>> tensor_of([[1, 2]])
    tensor([[1., 2.]], dtype=torch.float64)
    """
    if isinstance(values, Tensor):
        return values.to(device, dtype)
    return torch.tensor(values, dtype=dtype, device=device)


def needed_derivatives(
    function: Callable[[Fields], object],
    coordinates: Sequence[str],
    outputs: Sequence[str],
    points: Tensor | None = None,
) -> list[Index]:
    """Which derivatives a function of fields asks for, found by calling it once on random numbers.

    Parameters
    ----------
    function : of a :class:`Fields`
    coordinates, outputs : sequences of str
    points : tensor (N, D), optional
        Where to ask, for functions that make sense there only or know their number; three random ones without it.

    Returns
    -------
    sorted list of multi-indices

    Examples
    --------
    >>> needed_derivatives(lambda f: f.u_t + f.u * f.u_x - f.u_xx, ("x", "t"), ("u",))
    [(), (0,), (1,), (0, 0)]
    """
    asked: set[Index] = set()
    generator = torch.Generator().manual_seed(0)

    def draw(*shape: int) -> Tensor:
        drawn = torch.rand(*shape, generator=generator, dtype=torch.float64)
        return drawn if points is None else drawn.to(points)

    where = draw(3, len(coordinates)) if points is None else points

    def derivative(output: int, index: Index) -> Tensor:
        asked.add(index)
        return draw(len(where))

    function(Fields(where, coordinates, outputs, derivative, draw(*where.shape)))
    return sorted(asked, key=lambda index: (len(index), index))
