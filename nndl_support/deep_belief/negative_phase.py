r"""Four ways to the negative phase of a restricted Boltzmann machine, behind one call.

==========  ==========================================================  =====================================
method      where its averages come from                                what it costs for each update
==========  ==========================================================  =====================================
``cd``      chains that start at the batch, ``n_steps`` long            ``n_steps`` Gibbs steps of B rows
``pcd``     chains that go on where they stopped                        ``n_steps`` Gibbs steps of C rows
``pt``      the same on T rungs of temperature, with swaps              ``n_steps`` Gibbs steps of T C rows
``exact``   the sum over all states of the smaller layer                2 to the power of its size
==========  ==========================================================  =====================================

Shapes: B examples in a batch, C chains, T rungs, V visible units, H hidden units.

References
----------
Hinton (2002), https://doi.org/10.1162/089976602760128018 (contrastive divergence); Tieleman (2008),
https://doi.org/10.1145/1390156.1390290 (persistent chains); Desjardins, Courville, Bengio, Vincent and Delalleau (2010), Tempered
Markov chain Monte Carlo for training of restricted Boltzmann machines, AISTATS.
"""

from __future__ import annotations

import torch
from torch import Generator, Tensor

from nndl_support.deep_belief import enumeration
from nndl_support.deep_belief.harmonium import Harmonium
from nndl_support.deep_belief.moments import Moments, contrastive_divergence, moments
from nndl_support.deep_belief.tempering import swap_neighbours, tempered_gibbs_step

__all__ = ["METHODS", "NegativePhase"]

METHODS = ("cd", "pcd", "pt", "exact")


class NegativePhase:
    """Averages under the model; keeps the chains of the methods that go on where they stopped.

    Parameters
    ----------
    method : {"cd", "pcd", "pt", "exact"}
    n_steps : int of at least 1, Gibbs steps for each call
    n_chains : int, optional
        Persistent chains (for "pt" on every rung); as many as the first batch has rows unless given.
    n_temperatures : int of at least 2, rungs for "pt"
    base_bias : tensor (V,), optional
        Visible bias of the machine without weights from which chains start and at which the ladder ends; that of the machine
        at the first call unless given.
    generator : torch.Generator, optional

    Attributes
    ----------
    chains : tensor (C, V), for "pt" (T, C, V), or None before the first call and for methods without any
    swap_rates : tensor, the shares of accepted swaps at the last exchange ("pt" only)

    Examples
    --------
    >>> rbm = Harmonium(torch.zeros(2, 1), torch.tensor([50.0, -50.0]), torch.zeros(1))
    >>> for method in METHODS:
    ...     print(method, NegativePhase(method)(rbm, torch.zeros(3, 2)).a.tolist())
    cd [1.0, 0.0]
    pcd [1.0, 0.0]
    pt [1.0, 0.0]
    exact [1.0, 0.0]
    """

    def __init__(
        self,
        method: str = "pcd",
        *,
        n_steps: int = 1,
        n_chains: int | None = None,
        n_temperatures: int = 10,
        base_bias: Tensor | None = None,
        generator: Generator | None = None,
    ) -> None:
        if method not in METHODS:
            raise ValueError(f"method is {method!r}; expected one of {', '.join(METHODS)}")
        for name, value, least in (
            ("n_steps", n_steps, 1),
            ("n_chains", 1 if n_chains is None else n_chains, 1),
            ("n_temperatures", n_temperatures, 2),
        ):
            if value < least:
                raise ValueError(f"{name} is {value}; expected at least {least}")
        self.method = method
        self.n_steps = n_steps
        self.n_chains = n_chains
        self.n_temperatures = n_temperatures
        self.base_bias = base_bias
        self.generator = generator
        self.chains: Tensor | None = None
        self.swap_rates: Tensor | None = None
        self._n_swaps = 0

    def __call__(self, rbm: Harmonium, batch: Tensor) -> Moments:
        """Averages under ``rbm``; ``batch`` (B, V) is where "cd" starts and no other method looks."""
        if self.method == "exact":
            return enumeration.exact_moments(rbm)
        if self.method == "cd":
            return contrastive_divergence(rbm, batch, self.n_steps, self.generator)[0]
        v = self._start(rbm, len(batch)) if self.chains is None else self.chains
        if self.method == "pcd":
            negative, self.chains = contrastive_divergence(rbm, v, self.n_steps, self.generator)
            return negative
        return self._tempered(rbm, v)

    def _start(self, rbm: Harmonium, n_rows: int) -> Tensor:
        if self.base_bias is None:
            self.base_bias = rbm.a.clone()
        rungs = (self.n_temperatures,) if self.method == "pt" else ()
        return rbm.visible.sample(self.base_bias.expand(*rungs, self.n_chains or n_rows, -1), self.generator)

    def _tempered(self, rbm: Harmonium, v: Tensor) -> Moments:
        base = rbm.a if self.base_bias is None else self.base_bias
        beta = torch.linspace(0, 1, self.n_temperatures, dtype=v.dtype, device=v.device)
        for _ in range(self.n_steps):
            v = tempered_gibbs_step(rbm, v, beta[:, None], base, self.generator)
            v, self.swap_rates = swap_neighbours(rbm, v, beta, base, first=self._n_swaps % 2, generator=self.generator)
            self._n_swaps += 1
        self.chains = v
        return moments(rbm, v[-1])
