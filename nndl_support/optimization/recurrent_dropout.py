r"""A simple recurrent network with dropout at a place of choice: on the way up, or through time, with new masks or with one.

.. math:: h_t = \tanh\bigl(U (m_t \odot h_{t-1}) / \pi + W (n_t \odot x_t) / \pi + b\bigr)

Dropping the inputs (figure 7.11 of Qiu) leaves the path through time alone. Dropping the states with a new mask at every step
multiplies what is remembered by chance once per step: :func:`share_remembered`. One mask per sequence (figure 7.12) drops
the same units from the first step to the last.

Shapes: B sequences, T steps, D inputs, H units, K classes.

References
----------
Zaremba, Sutskever and Vinyals (2014), Recurrent neural network regularization, arXiv:1409.2329. Gal and Ghahramani (2016),
A theoretically grounded application of dropout in recurrent neural networks, arXiv:1512.05287. Qiu (2019), section
7.7.4, exercise 7-5.

Examples
--------
>>> sequences = torch.ones(7, 5, 3)
>>> for where in PLACES:
...     print(where, tuple(DroppedSRN(3, 11, 2, where, 0.5)(sequences).shape))
nowhere (7, 2)
inputs (7, 2)
states (7, 2)
states, one mask (7, 2)
"""

import torch
from torch import Tensor, nn

from nndl_support.optimization.regularization import Dropout

PLACES = ("nowhere", "inputs", "states", "states, one mask")


class DroppedSRN(nn.Module):
    """Reads a sequence with a simple recurrent network and classifies it by the last state.

    Parameters
    ----------
    n_inputs, n_units, n_classes : int
    where : str in ``PLACES``
        "inputs" drops what comes from below, anew at every step; "states" what comes from the step before, anew at every
        step; "states, one mask" the same units of the state at all steps of a sequence.
    p : float in [0, 1), probability of dropping, as in ``torch.nn.Dropout``
    seed : int, of the weights
    generator : torch.Generator, optional, of the masks

    Attributes
    ----------
    W : torch.nn.Linear (D to H), without bias
    U : torch.nn.Linear (H to H), orthogonal at first
    out : torch.nn.Linear (H to K)

    Notes
    -----
    Variational dropout proper drops inputs and states, each with one mask. Here one thing is changed at a time.
    """

    def __init__(
        self,
        n_inputs: int,
        n_units: int,
        n_classes: int,
        where: str = "nowhere",
        p: float = 0.0,
        *,
        seed: int = 0,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        if where not in PLACES:
            raise ValueError(f"unknown place {where!r}; known are {', '.join(map(repr, PLACES))}")
        self.where = where
        self.drop = Dropout(p, generator=generator)
        self.W, self.U = nn.Linear(n_inputs, n_units, bias=False), nn.Linear(n_units, n_units)
        self.out = nn.Linear(n_units, n_classes)
        weights = torch.Generator().manual_seed(seed)
        for layer in (self.W, self.out):
            nn.init.normal_(layer.weight, 0.0, layer.in_features**-0.5, generator=weights)
        nn.init.orthogonal_(self.U.weight, generator=weights)
        nn.init.zeros_(self.U.bias)
        nn.init.zeros_(self.out.bias)

    def states(self, x: Tensor) -> Tensor:
        """The state after every step, (B, T, H).

        Parameters
        ----------
        x : tensor (B, T, D)
        """
        if x.ndim != 3 or x.shape[2] != self.W.in_features:
            raise ValueError(f"got sequences of shape {tuple(x.shape)}; expected (B, T, {self.W.in_features})")
        h = x.new_zeros(len(x), self.U.out_features)
        mask = self.drop(torch.ones_like(h))  # of zeros and 1/pi; used by "states, one mask" only
        kept = []
        for x_t in x.unbind(dim=1):
            if self.where == "inputs":
                x_t = self.drop(x_t)
            elif self.where == "states":
                h = self.drop(h)
            elif self.where == "states, one mask":
                h = h * mask
            h = torch.tanh(self.U(h) + self.W(x_t))
            kept.append(h)
        return torch.stack(kept, dim=1)

    def forward(self, x: Tensor) -> Tensor:
        """Scores (B, K) of sequences (B, T, D)."""
        return self.out(self.states(x)[:, -1])


def share_remembered(n_steps: int, keep: float) -> float:
    r"""Share of the last state's mean square that is still the first state, in a linear network with an orthogonal matrix
    and a new mask at every step.

    .. math:: \frac{\lVert \mathbb E\, h_t \rVert^2}{\mathbb E\, \lVert h_t \rVert^2} = \pi^{t}, \qquad
        h_t = U (m_t \odot h_{t-1}) / \pi, \quad U^\top U = I

    The mean keeps its length, the mean square grows by :math:`1/\pi` at every step: the rest is noise.

    Parameters
    ----------
    n_steps : int, t
    keep : float in (0, 1], :math:`\pi`

    Examples
    --------
    >>> share_remembered(3, keep=0.5)
    0.125
    """
    if n_steps < 0 or not 0 < keep <= 1:
        raise ValueError(f"n_steps is {n_steps} and keep {keep}; expected at least 0, and a probability above 0")
    return keep**n_steps


def measured_share(
    n_steps: int,
    keep: float,
    *,
    n_units: int = 32,
    one_mask: bool = False,
    n_samples: int = 20_000,
    generator: torch.Generator | None = None,
) -> list[float]:
    r"""The share of :func:`share_remembered`, measured: squared mean over the masks against mean square, after 0 to t steps.

    Parameters
    ----------
    n_steps : int, t
    keep : float in (0, 1]
    n_units : int, H; the first state is a random vector of length 1, the matrix random and orthogonal
    one_mask : bool, whether the mask of the first step serves all steps
    n_samples : int of at least 2, draws of the masks
    generator : torch.Generator, optional

    Returns
    -------
    list of t + 1 floats, from 0 to 1

    Notes
    -----
    The squared mean comes from the mean over *pairs* of different draws, which is unbiased.

    Examples
    --------
    >>> [round(share, 3) for share in measured_share(2, keep=1.0, n_samples=5)]
    [1.0, 1.0, 1.0]
    """
    if n_samples < 2:
        raise ValueError(f"n_samples is {n_samples}; expected at least 2: there is no pair of draws")
    U = torch.linalg.qr(torch.randn(n_units, n_units, generator=generator, dtype=torch.float64)).Q
    first = torch.randn(n_units, generator=generator, dtype=torch.float64)
    h = (first / first.norm()).expand(n_samples, n_units)
    drop = Dropout(keep=keep, generator=generator)
    mask, shares = drop(torch.ones_like(h)), [1.0]
    for _ in range(n_steps):
        h = (h * mask if one_mask else drop(h)) @ U.T
        total, square = h.sum(dim=0), h.square().sum()
        pairs = (total.square().sum() - square) / (n_samples * (n_samples - 1))
        shares.append((pairs / (square / n_samples)).item())
    return shares
