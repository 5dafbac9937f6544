r"""A restricted Boltzmann machine as a layer of a stack: its data are drawn anew, it may start anywhere and may see labels.

Shapes: N examples, V visible units (with the C label units behind them where there are labels), H hidden units.

References
----------
Hinton, Osindero and Teh (2006), A fast learning algorithm for deep belief nets, https://doi.org/10.1162/neco.2006.18.7.1527,
section 4 (greedy learning) and figure 1 (labels beside the features); Qiu (2019), algorithm 12.2.
"""

from __future__ import annotations

from typing import Self

import torch
from torch import Tensor

from nndl_support.deep_belief.harmonium import Harmonium
from nndl_support.deep_belief.rbm import RestrictedBoltzmannMachine
from nndl_support.deep_belief.units import BernoulliUnits, JointUnits, SoftmaxUnits, Units

__all__ = ["LayerMachine", "upside_down"]


class LayerMachine(RestrictedBoltzmannMachine):
    """A :class:`.RestrictedBoltzmannMachine` that :class:`.DeepBeliefNetwork` trains; the options are those of its parent.

    Examples
    --------
    >>> X = torch.tensor([[0.9, 0.1], [0.1, 0.9]]).repeat(20, 1)
    >>> machine = LayerMachine(3, n_epochs=2, random_state=0).learn(X, redraw=True)
    >>> machine.transform(X[:1]).shape
    (1, 3)
    """

    #: Label units behind the features.
    _n_labels = 0

    def learn(
        self, X: Tensor, *, labels: Tensor | None = None, start: Harmonium | None = None, redraw: bool = False
    ) -> Self:
        """Learn for ``n_epochs`` passes in random order.

        Parameters
        ----------
        X : tensor (N, V - C), probabilities of 0-1 units
        labels : tensor (N, C), optional, with one 1 in every row
        start : Harmonium, optional
            The parameters to begin with, without labels; small random weights unless given.
        redraw : bool
            Whether states are drawn from the probabilities in every epoch, or the probabilities themselves are the data.
        """
        self._n_labels = 0 if labels is None else labels.shape[1]
        data = X if labels is None else torch.cat([X, labels], dim=1)
        v = self._start(data.cpu().numpy())
        if start is not None:
            self._begin_at(start)
        for epoch in range(self.n_epochs):
            batch = self._redrawn(v) if redraw else v
            order = torch.randperm(len(v), generator=self._shuffler)
            self._epoch(batch[order.to(v.device)], epoch)
        self._publish()
        return self

    def _redrawn(self, means: Tensor) -> Tensor:
        """States of the features drawn from their probabilities; labels as they are."""
        n = means.shape[1] - self._n_labels
        u = torch.rand((len(means), n), generator=self._generator, dtype=means.dtype, device=means.device)
        return torch.cat([u.lt_(means[:, :n]), means[:, n:]], dim=1)

    def _begin_at(self, start: Harmonium) -> None:
        n = len(self._model.a) - self._n_labels
        if start.W.shape != (n, self.n_components):
            raise ValueError(
                f"start has weights of shape {tuple(start.W.shape)}, but the machine has {n} features and "
                f"{self.n_components} hidden units"
            )
        self._model.W[:n] = start.W.to(self._model.W)
        self._model.a[:n] = start.a.to(self._model.a)
        self._model.b.copy_(start.b)

    def _units(self, n_visible: int) -> tuple[Units, Units]:
        visible, hidden = super()._units(n_visible)
        if not self._n_labels:
            return visible, hidden
        features = BernoulliUnits(n_visible - self._n_labels)
        return JointUnits([features, SoftmaxUnits(self._n_labels, self._n_labels)]), hidden

    def _bias_of_means(self, v: Tensor) -> Tensor:
        bias = super()._bias_of_means(v)
        if self._n_labels:
            mean = v[:, -self._n_labels :].mean(0)
            bias[-self._n_labels :] = ((mean * len(v) + 0.5) / (len(v) + 1)).log()
        return bias


def upside_down(rbm: Harmonium) -> Harmonium:
    """The start for the next layer at which nothing changes: transposed weights, biases exchanged.

    Examples
    --------
    >>> upside_down(Harmonium(torch.ones(3, 2), torch.zeros(3), torch.ones(2))).a
    tensor([1., 1.])
    """
    return Harmonium(rbm.W.T.clone(), rbm.b.clone(), rbm.a.clone())
