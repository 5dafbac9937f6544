r"""The relation :math:`y^2 = x`: what least squares makes of its two branches, and what the equation makes of them.

Shapes: B places, K heads (outputs) of a network.

References
----------
Bishop (1994), Mixture density networks, Aston University, https://publications.aston.ac.uk/id/eprint/373/ (why the conditional
mean of a many-valued relation is no answer). Section "Why physics?" of this book.
"""

import torch
from torch import Tensor, nn

from nndl_support.training import fit


def draw_two_valued(n: int, generator: torch.Generator, *, share_above: float = 0.5) -> tuple[Tensor, Tensor]:
    r"""Points of the parabola: x even in [0, 1], y one of :math:`\pm\sqrt x`.

    Parameters
    ----------
    n : int
    generator : torch.Generator
    share_above : float in [0, 1], the probability of :math:`+\sqrt x`

    Returns
    -------
    x, y : Tensor (n, 1), float64

    Examples
    --------
    >>> x, y = draw_two_valued(5, torch.Generator().manual_seed(0))
    >>> torch.allclose(y**2, x)
    True
    """
    if n < 0:
        raise ValueError(f"n is {n}; expected a number of points of at least 0")
    if not 0 <= share_above <= 1:
        raise ValueError(f"share_above is {share_above}; expected a probability")
    x, coin = torch.rand(2, n, 1, generator=generator, dtype=torch.float64)
    return x, torch.where(coin < share_above, x.sqrt(), -x.sqrt())


def conditional_mean(x: Tensor, share_above: float = 0.5) -> Tensor:
    r"""The function that least squares looks for: :math:`\mathbb{E}[y \mid x] = (2p - 1)\sqrt x`.

    Examples
    --------
    >>> conditional_mean(torch.tensor([0.25, 1.0]), 0.75)
    tensor([0.2500, 0.5000])
    """
    return (2 * share_above - 1) * x.sqrt()


def least_risk(share_above: float = 0.5) -> float:
    r"""The smallest mean square error of any function: :math:`\mathbb{E}[\operatorname{var}(y \mid x)] = 2p(1 - p)`.

    Examples
    --------
    >>> least_risk(), least_risk(1.0)
    (0.5, 0.0)
    """
    return 2 * share_above * (1 - share_above)


def residual_loss(model: nn.Module, x: Tensor) -> Tensor:
    r"""Mean square of :math:`y^2 - x` over places and heads, each head on its own.

    Examples
    --------
    >>> residual_loss(nn.Identity(), torch.tensor([[0.0], [1.0]])).item()
    0.0
    """
    if x.ndim != 2 or x.shape[1] != 1:
        raise ValueError(f"x has shape {tuple(x.shape)}; expected (B, 1)")
    return ((model(x) ** 2 - x) ** 2).mean()


def vieta_loss(model: nn.Module, x: Tensor) -> Tensor:
    r"""Zero only if two heads are *both* roots: :math:`t^2 - x = (t - y_1)(t - y_2)`, coefficient by coefficient.

    .. math:: \frac1B \sum_x (y_1 + y_2)^2 + (y_1 y_2 + x)^2

    Parameters
    ----------
    model : nn.Module from (B, 1) to (B, 2)
    x : Tensor (B, 1)

    Returns
    -------
    Tensor, scalar

    Examples
    --------
    >>> roots = lambda x: torch.cat([x.sqrt(), -x.sqrt()], 1)
    >>> vieta_loss(roots, torch.tensor([[0.25], [1.0]])).item()
    0.0
    """
    y = model(x)
    if y.shape != (len(x), 2):
        raise ValueError(f"the model returned shape {tuple(y.shape)} for {len(x)} places; expected ({len(x)}, 2)")
    return (y.sum(1) ** 2 + (y.prod(1) + x[:, 0]) ** 2).mean()


def small_network(n_heads: int, seed: int, *, width: int = 20) -> nn.Sequential:
    """Two hidden layers of tanh units in float64, from (B, 1) to (B, K).

    Parameters
    ----------
    n_heads : int, K
    seed : int
        Of the weights; the global generator is left as it was.
    width : int

    Returns
    -------
    nn.Sequential

    Examples
    --------
    >>> small_network(2, seed=0)(torch.zeros(5, 1, dtype=torch.float64)).shape
    torch.Size([5, 2])
    """
    if n_heads < 1 or width < 1:
        raise ValueError(f"n_heads is {n_heads} and width {width}; expected at least 1 of each")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        layers = (nn.Linear(1, width), nn.Tanh(), nn.Linear(width, width), nn.Tanh(), nn.Linear(width, n_heads))
        return nn.Sequential(*layers).double()


def train(model: nn.Module, loss, data, *, iterations: int = 60) -> list[float]:
    """L-BFGS on all data at once, with :func:`nndl_support.training.fit`.

    Parameters
    ----------
    model : nn.Module
    loss : nn.Module or function, and data : Tensor or tuple, as for ``fit``
    iterations : int of at least 1; rounded up to a multiple of 10

    Returns
    -------
    list of float, the loss after every ten iterations

    Raises
    ------
    ValueError
        When there is not a single iteration to do.

    Examples
    --------
    >>> x = torch.linspace(0, 1, 20, dtype=torch.float64)[:, None]
    >>> losses = train(small_network(1, seed=0), residual_loss, x, iterations=30)
    >>> len(losses), losses[-1] < losses[0]
    (3, True)
    """
    if iterations < 1:
        raise ValueError(f"iterations is {iterations}; expected at least 1")
    optimizer = torch.optim.LBFGS(
        model.parameters(), max_iter=10, history_size=20, line_search_fn="strong_wolfe", tolerance_change=0.0
    )
    rounds = -(-iterations // 10)
    # What L-BFGS itself reports is the loss before a step; as validation data the same points give the loss after it.
    result = fit(model, loss, data, optimizer, epochs=rounds, batch_size=None, validation=data)
    return result.history["validation_loss"]
