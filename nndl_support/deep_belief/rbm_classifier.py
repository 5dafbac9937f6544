r"""A restricted Boltzmann machine whose visible layer holds an example and its label: a classifier, and more.

.. math::

    p(y \mid x) = \frac{e^{-F(x, y)}}{\sum_{y'} e^{-F(x, y')}}, \qquad
    F(x, y) = -a_x^\top x - a_y - \sum_j \log\bigl(1 + e^{b_j + x^\top W_{:j} + U_{yj}}\bigr)

The partition function cancels, so this is exact for any size. Two gradients compete: that of log p(x, y), which needs a
negative phase, and that of log p(y | x), which needs none.

Shapes: N examples, B examples in a batch, D features, K classes, H hidden units; the visible layer has D + K units.

References
----------
Larochelle and Bengio (2008), Classification using discriminative restricted Boltzmann machines, ICML,
https://doi.org/10.1145/1390156.1390224.
"""

from __future__ import annotations

import math
from typing import Any, Self

import torch
import torch.nn.functional as F
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.preprocessing import LabelEncoder
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import Generator, Tensor

from nndl_support.deep_belief.harmonium import Harmonium
from nndl_support.deep_belief.moments import Moments, moments
from nndl_support.deep_belief.negative_phase import NegativePhase
from nndl_support.deep_belief.partition import seeded_generator
from nndl_support.deep_belief.units import BernoulliUnits, JointUnits, SoftmaxUnits

__all__ = ["RBMClassifier", "class_log_probabilities", "label_free_phase"]


def class_log_probabilities(rbm: Harmonium, x: Tensor) -> Tensor:
    """log p(y | x) of every class: (B, D) to (B, K), by the free energies of x beside every label.

    Parameters
    ----------
    rbm : Harmonium whose visible layer is ``JointUnits`` of D features and one group of K labels
    x : tensor (B, D)

    Examples
    --------
    >>> units = JointUnits([BernoulliUnits(1), SoftmaxUnits(2, 2)])
    >>> rbm = Harmonium(torch.tensor([[2.0], [-2.0], [2.0]]), torch.zeros(3), torch.zeros(1), units)
    >>> class_log_probabilities(rbm, torch.tensor([[1.0]])).exp()  # x goes with h, and h with the second label
    tensor([[0.0347, 0.9653]])
    """
    fields = _fields(rbm, x)
    return (rbm.a[x.shape[-1] :] + rbm.hidden.log_normalizer(fields)).log_softmax(-1)


def label_free_phase(rbm: Harmonium, x: Tensor) -> Moments:
    """Averages with the features clamped to x (B, D) and the label free: the negative phase of log p(y | x), exactly.

    Examples
    --------
    >>> units = JointUnits([BernoulliUnits(1), SoftmaxUnits(2, 2)])
    >>> rbm = Harmonium(torch.zeros(3, 1), torch.zeros(3), torch.zeros(1), units)
    >>> label_free_phase(rbm, torch.tensor([[1.0]])).a
    tensor([1.0000, 0.5000, 0.5000])
    """
    p = class_log_probabilities(rbm, x).exp()
    # p(y | x) E[h | x, y]: (B, K, H)
    weighted = p[..., None] * rbm.hidden.mean(_fields(rbm, x))
    h = weighted.sum(1)
    W = torch.cat([x.T @ h / len(x), weighted.mean(0)])
    return Moments(W, torch.cat([x.mean(0), p.mean(0)]), h.mean(0))


def _fields(rbm: Harmonium, x: Tensor) -> Tensor:
    """Fields of the hidden units given x beside every label: (B, D) to (B, K, H)."""
    n_features = x.shape[-1]
    if n_features >= len(rbm.a):
        raise ValueError(f"x has {n_features} columns, which leaves no labels among {len(rbm.a)} visible units")
    return (rbm.b + x @ rbm.W[:n_features])[:, None] + rbm.W[n_features:]


class RBMClassifier(ClassifierMixin, BaseEstimator):
    r"""Classifier by a joint machine of features in [0, 1] and labels.

    Parameters
    ----------
    n_components : int of at least 1, hidden units
    generative : float >= 0
        Weight :math:`\alpha` of the generative gradient beside that of log p(y | x). 0 is purely discriminative, infinity purely
        generative, what lies between is hybrid: :math:`\nabla \log p(y \mid x) + \alpha \nabla \log p(x, y)`.
    method : {"pcd", "cd", "pt", "exact"}
        Where the negative phase of the generative part comes from (:class:`.NegativePhase`).
    n_steps : int of at least 1
    learning_rate : float > 0
        Falls to zero on a line in the course of ``fit``.
    momentum : float in [0, 1)
    weight_decay : float >= 0
    batch_size : int of at least 1
    n_epochs : int of at least 1
    random_state : int, RandomState or None
    device : str or torch.device, optional

    Attributes
    ----------
    classes_ : array (K,)
    harmonium_ : Harmonium of D + K visible units
    n_features_in_ : int, D

    Examples
    --------
    >>> X, y = [[0.0, 1.0], [1.0, 0.0]] * 10, ["left", "right"] * 10
    >>> model = RBMClassifier(3, learning_rate=0.5, n_epochs=30, random_state=0).fit(X, y)
    >>> model.predict([[0.0, 0.9]])
    array(['left'], dtype='<U5')
    """

    def __init__(
        self,
        n_components: int = 100,
        *,
        generative: float = 0.01,
        method: str = "pcd",
        n_steps: int = 1,
        learning_rate: float = 0.3,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
        batch_size: int = 20,
        n_epochs: int = 30,
        random_state: Any = None,
        device: Any = None,
    ) -> None:
        self.n_components = n_components
        self.generative = generative
        self.method = method
        self.n_steps = n_steps
        self.learning_rate = learning_rate
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.n_epochs = n_epochs
        self.random_state = random_state
        self.device = device

    def fit(self, X: Any, y: Any) -> Self:
        """Learn from X (N, D) in [0, 1] and labels y (N,)."""
        self._check_options()
        X, y = validate_data(self, X, y, dtype=("float64", "float32"))
        check_classification_targets(y)
        self._labels = LabelEncoder().fit(y)
        self.classes_, index = self._labels.classes_, self._labels.transform(y)
        if len(self.classes_) < 2:
            raise ValueError(
                f"Classifier can't train when only one class is present, which is {self.classes_.tolist()[0]!r}"
            )
        x = self._tensor(X)
        v = torch.cat([x, F.one_hot(torch.tensor(index, device=x.device)).to(x.dtype)], dim=1)
        generator = seeded_generator(self.random_state, v.device)
        shuffler = Generator().manual_seed(generator.initial_seed())
        rbm = self._new(v, generator)
        velocity = [torch.zeros_like(p) for p in (rbm.W, rbm.a, rbm.b)]
        phase = NegativePhase(
            self.method, n_steps=self.n_steps, n_chains=self.batch_size, base_bias=rbm.a.clone(), generator=generator
        )
        for epoch in range(self.n_epochs):
            order = torch.randperm(len(v), generator=shuffler).to(v.device)
            rate = self.learning_rate * (1 - epoch / self.n_epochs)
            for batch in v[order].split(self.batch_size):
                self._update(rbm, batch, phase, velocity, rate)
        if not torch.isfinite(rbm.W).all():
            raise FloatingPointError(f"the weights became infinite at learning_rate {self.learning_rate:g}: lower it")
        self._model = rbm
        return self

    def _new(self, v: Tensor, generator: Generator) -> Harmonium:
        n_visible, n_labels = v.shape[1], len(self.classes_)
        W = 0.01 * torch.randn((n_visible, self.n_components), generator=generator, dtype=v.dtype, device=v.device)
        mean = (v.mean(0) * len(v) + 0.5) / (len(v) + 1)
        a = torch.cat([mean[:-n_labels].logit(), mean[-n_labels:].log()])
        units = JointUnits([BernoulliUnits(n_visible - n_labels), SoftmaxUnits(n_labels, n_labels)])
        return Harmonium(W, a, W.new_zeros(self.n_components), units)

    def _update(self, rbm: Harmonium, batch: Tensor, phase: NegativePhase, velocity: list[Tensor], rate: float) -> None:
        positive = moments(rbm, batch)
        parts = []
        if math.isfinite(self.generative):
            parts.append((1.0, label_free_phase(rbm, batch[:, : -len(self.classes_)])))
        if self.generative > 0:
            parts.append(
                (min(self.generative, 1.0) if math.isinf(self.generative) else self.generative, phase(rbm, batch))
            )
        for i in range(3):
            velocity[i].mul_(self.momentum)
            for weight, negative in parts:
                velocity[i].add_(positive[i] - negative[i], alpha=rate * weight)
        velocity[0].sub_(rbm.W, alpha=rate * self.weight_decay)
        for p, step in zip((rbm.W, rbm.a, rbm.b), velocity, strict=True):
            p.add_(step)

    @property
    def harmonium_(self) -> Harmonium:
        """The joint machine, in float64."""
        check_is_fitted(self, "classes_")
        return self._model.to(torch.float64)

    def predict_log_proba(self, X: Any) -> Any:
        """log p(y | x) of every class, (N, K), in nats."""
        return self._log_p(X).cpu().numpy()

    def predict_proba(self, X: Any) -> Any:
        """p(y | x) of every class, (N, K)."""
        return self._log_p(X).exp().cpu().numpy()

    def _log_p(self, X: Any) -> Tensor:
        check_is_fitted(self, "classes_")
        X = validate_data(self, X, reset=False, dtype=("float64", "float32"))
        return class_log_probabilities(self.harmonium_, self._tensor(X).double())

    def predict(self, X: Any) -> Any:
        """The most probable class of every row, (N,)."""
        log_p = self.predict_log_proba(X)  # first, so that it may say that nothing is fitted
        return self.classes_[log_p.argmax(1)]

    def sample(self, label: Any, n_samples: int = 1, *, n_steps: int = 1000, random_state: Any = None) -> Any:
        """Features (n_samples, D), as means given the last hidden states, after ``n_steps`` Gibbs steps with the label held."""
        rbm = self.harmonium_
        if label not in self.classes_.tolist():
            raise ValueError(f"label {label!r} is none of the {len(self.classes_)} classes")
        index = self._labels.transform([label])[0]
        generator = seeded_generator(self.random_state if random_state is None else random_state, rbm.W.device)
        n = self.n_features_in_
        held = F.one_hot(torch.full((n_samples,), int(index), device=rbm.W.device), len(self.classes_)).double()
        v = torch.cat([torch.bernoulli(rbm.a[:n].sigmoid().expand(n_samples, -1), generator=generator), held], dim=1)
        for _ in range(n_steps):
            h = rbm.sample_hidden(v, generator)
            v = torch.cat([rbm.sample_visible(h, generator)[:, :n], held], dim=1)
        return rbm.mean_visible(h)[:, :n].cpu().numpy()

    def _tensor(self, X: Any) -> Tensor:
        x = torch.tensor(X, device="cpu" if self.device is None else self.device)
        BernoulliUnits(x.shape[1]).check(x, probabilities=True)
        return x

    def _check_options(self) -> None:
        for name, least in (("n_components", 1), ("batch_size", 1), ("n_epochs", 1), ("n_steps", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"{name} is {getattr(self, name)}; expected at least {least}")
        for name in ("generative", "weight_decay"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} is {getattr(self, name)}; expected at least 0")
        if not 0 < self.learning_rate < math.inf:
            raise ValueError(f"learning_rate is {self.learning_rate}; expected a finite number > 0")
        if not 0 <= self.momentum < 1:
            raise ValueError(f"momentum is {self.momentum}; expected a number in [0, 1)")
