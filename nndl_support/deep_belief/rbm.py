r"""Restricted Boltzmann machine (受限玻尔兹曼机), learnt by contrastive divergence, persistent or tempered chains or exactly.

Shapes: N examples, B examples in a batch, C chains, V visible units, H hidden units.

References
----------
Hinton (2002), Training products of experts by minimizing contrastive divergence, https://doi.org/10.1162/089976602760128018;
Tieleman (2008), Training restricted Boltzmann machines using approximations to the likelihood gradient, ICML,
https://doi.org/10.1145/1390156.1390290; Hinton (2012), A practical guide to training restricted Boltzmann machines,
https://doi.org/10.1007/978-3-642-35289-8_32; Qiu (2019), section 12.2.
"""

from __future__ import annotations

import math
from typing import Any, Self

import torch
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import Tensor

from nndl_support.deep_belief import enumeration
from nndl_support.deep_belief.harmonium import Harmonium
from nndl_support.deep_belief.moments import Moments, centred_gradient, moments
from nndl_support.deep_belief.negative_phase import METHODS, NegativePhase
from nndl_support.deep_belief.partition import annealed_importance_sampling, exact_log_z, seeded_generator
from nndl_support.deep_belief.units import BernoulliUnits, GaussianUnits, SoftmaxUnits, Units

__all__ = ["RestrictedBoltzmannMachine"]


class RestrictedBoltzmannMachine(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    r"""A model of the distribution of the data, with hidden units that are independent given an example.

    .. math:: p(v) = \frac1Z \sum_h e^{a^\top v + b^\top h + v^\top W h}

    Parameters
    ----------
    n_components : int of at least 1
        The number of hidden units, H.
    method : {"cd", "pcd", "pt", "exact"}
        Where the negative phase comes from: chains that start at the data (contrastive divergence), chains that go on where they
        stopped (persistent contrastive divergence, also called stochastic maximum likelihood), persistent chains at several
        temperatures that swap (parallel tempering), or a sum over all states of the smaller layer.
    n_steps : int of at least 1
        Gibbs steps for each update.
    learning_rate : float > 0
    schedule : {"constant", "linear"}
        Whether the rate stays, or falls to zero in the course of ``fit``.
    momentum : float in [0, 1)
    centred : bool
        Whether units count from their means instead of from 0 (:func:`.centred_gradient`): the same optimum, mostly sooner.
    averaging : float in [0, 1)
        The learnt parameters are the mean over this last share of the updates of ``fit`` (Polyak and Ruppert), which takes out
        the noise of the chains; 0 keeps the last ones.
    weight_decay : float >= 0
        Factor of half the squared weights; biases do not decay.
    sparsity : float in (0, 1), optional
        Mean activation towards which the hidden biases are drawn, with the strength ``sparsity_cost``.
    sparsity_cost : float >= 0
    batch_size : int of at least 1
    n_epochs : int of at least 0
    n_chains : int, optional
        Persistent chains (for "pt" on every rung); the batch size unless given.
    n_temperatures : int of at least 2
        Rungs for "pt".
    visible : {"bernoulli", "gaussian", "softmax"}
        Values in [0, 1]; real values, which are divided by their standard deviations (``scale_``); groups of ``n_categories``
        columns with exactly one 1.
    hidden : {"bernoulli", "gaussian"}
    n_categories : int of at least 2
        Size of a softmax group.
    random_state : int, RandomState or None
    device : str or torch.device, optional
        The CPU unless given. Learnt attributes are NumPy arrays in any case.

    Attributes
    ----------
    components_ : array (H, V), the weights, transposed as in scikit-learn
    intercept_visible_ : array (V,)
    intercept_hidden_ : array (H,)
    scale_ : array (V,), standard deviations of Gaussian visible units, else ones
    base_bias_ : array (V,), visible bias of the machine without weights that fits the data best
    harmonium_ : Harmonium, the three arrays above in float64
    n_features_in_ : int

    Notes
    -----
    scikit-learn's ``BernoulliRBM`` is ``method="pcd"`` with one step, a constant rate and no momentum. Values strictly between
    0 and 1 are taken for probabilities of 0-1 units, as is usual for grey images. The arithmetic has the precision of X.

    References
    ----------
    Hinton (2002); Tieleman (2008); Desjardins et al. (2010). Section "Restricted Boltzmann machine" of this book.

    Examples
    --------
    >>> X = torch.tensor([[0.0, 1.0], [1.0, 0.0]]).repeat(10, 1)
    >>> rbm = RestrictedBoltzmannMachine(2, method="exact", learning_rate=1.0, batch_size=20, n_epochs=300, random_state=0)
    >>> rbm.fit(X).score_samples(torch.tensor([[0.0, 1.0], [1.0, 0.0]])).round(1)  # the logarithm of a half is -0.69
    array([-0.7, -0.7])
    """

    def __init__(
        self,
        n_components: int = 256,
        *,
        method: str = "pcd",
        n_steps: int = 1,
        learning_rate: float = 0.05,
        schedule: str = "constant",
        momentum: float = 0.0,
        centred: bool = False,
        averaging: float = 0.0,
        weight_decay: float = 0.0,
        sparsity: float | None = None,
        sparsity_cost: float = 0.1,
        batch_size: int = 10,
        n_epochs: int = 10,
        n_chains: int | None = None,
        n_temperatures: int = 10,
        visible: str = "bernoulli",
        hidden: str = "bernoulli",
        n_categories: int = 2,
        random_state: Any = None,
        device: Any = None,
    ) -> None:
        self.n_components = n_components
        self.method = method
        self.n_steps = n_steps
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.momentum = momentum
        self.centred = centred
        self.averaging = averaging
        self.weight_decay = weight_decay
        self.sparsity = sparsity
        self.sparsity_cost = sparsity_cost
        self.batch_size = batch_size
        self.n_epochs = n_epochs
        self.n_chains = n_chains
        self.n_temperatures = n_temperatures
        self.visible = visible
        self.hidden = hidden
        self.n_categories = n_categories
        self.random_state = random_state
        self.device = device

    # Learning

    def fit(self, X: Any, y: Any = None) -> Self:
        """Learn from X (N, V) for ``n_epochs`` passes in random order; ``y`` is ignored."""
        v = self._start(X)
        for epoch in range(self.n_epochs):
            order = torch.randperm(len(v), generator=self._shuffler)
            self._epoch(v[order.to(v.device)], epoch)
        self._publish()
        return self

    def partial_fit(self, X: Any, y: Any = None) -> Self:
        """One more pass over X in the given order, at ``learning_rate``; momentum and chains go on, nothing is averaged."""
        v = self._start(X) if not hasattr(self, "components_") else self._scaled(self._validated(X, reset=False))
        self._n_summed = 0
        self._epoch(v)
        self._publish()
        return self

    def _start(self, X: Any) -> Tensor:
        self._check_options()
        v = self._validated(X, reset=True)
        scale = v.std(0, correction=0) if self.visible == "gaussian" else torch.ones_like(v[0])
        if (flat := (scale == 0).nonzero().flatten()).numel():
            raise ValueError(
                f"{flat.numel()} of {v.shape[1]} columns are constant, the first is column {int(flat[0])}: Gaussian units divide "
                "by the standard deviation; leave such columns out"
            )
        self.scale_ = scale.cpu().numpy()
        v = self._scaled(v)
        self._generator = seeded_generator(self.random_state, v.device)
        self._shuffler = torch.Generator().manual_seed(self._generator.initial_seed())
        W = 0.01 * torch.randn(
            (v.shape[1], self.n_components), generator=self._generator, dtype=v.dtype, device=v.device
        )
        base = self._bias_of_means(v)
        self.base_bias_ = base.cpu().numpy()
        visible, hidden = self._units(v.shape[1])
        self._model = Harmonium(W, base.clone(), W.new_zeros(self.n_components), visible, hidden)
        self._velocity = Moments(*(torch.zeros_like(p) for p in self._parameters()))
        self._sum, self._n_summed = Moments(*(torch.zeros_like(p) for p in self._parameters())), 0
        self._negative_phase = NegativePhase(
            self.method,
            n_steps=self.n_steps,
            n_chains=self.n_chains or self.batch_size,
            n_temperatures=self.n_temperatures,
            base_bias=base,
            generator=self._generator,
        )
        return v

    def _parameters(self) -> tuple[Tensor, Tensor, Tensor]:
        return self._model.W, self._model.a, self._model.b

    def _epoch(self, v: Tensor, epoch: int | None = None) -> None:
        """One pass over v: epoch number ``epoch`` of ``n_epochs``, or without a place in a schedule."""
        n_batches = math.ceil(len(v) / self.batch_size)
        for k, batch in enumerate(v.split(self.batch_size)):
            done = 0.0 if epoch is None else (epoch + k / n_batches) / self.n_epochs
            rate = self.learning_rate * (1 - done if self.schedule == "linear" else 1.0)
            self._update(batch, rate)
            if epoch is not None and self.averaging and done >= 1 - self.averaging:
                self._n_summed += 1
                for total, p in zip(self._sum, self._parameters(), strict=True):
                    total.add_(p)
        if not all(torch.isfinite(p).all() for p in self._parameters()):
            raise FloatingPointError(f"the weights became infinite at learning_rate {self.learning_rate:g}: lower it")

    def _update(self, batch: Tensor, rate: float) -> None:
        rbm = self._model
        positive = moments(rbm, batch)
        negative = self._negative_phase(rbm, batch)
        gradient = centred_gradient(positive, negative) if self.centred else positive.minus(negative)
        # velocity <- momentum velocity + rate * gradient of log p; parameters <- parameters + velocity
        for velocity, slope in zip(self._velocity, gradient, strict=True):
            if self.momentum:
                velocity.mul_(self.momentum).add_(slope, alpha=rate)
            else:
                torch.mul(slope, rate, out=velocity)
        if self.weight_decay:
            self._velocity.W.sub_(rbm.W, alpha=rate * self.weight_decay)
        if self.sparsity is not None:
            self._velocity.b.add_(self.sparsity - positive.b, alpha=rate * self.sparsity_cost)
        for p, velocity in zip(self._parameters(), self._velocity, strict=True):
            p.add_(velocity)

    # What was learnt

    @property
    def harmonium_(self) -> Harmonium:
        """The learnt parameters as a :class:`.Harmonium` in float64 (for Gaussian units: of data divided by ``scale_``)."""
        check_is_fitted(self, "components_")
        W, a, b = (
            torch.as_tensor(x).to(device=self._device(), dtype=torch.float64)
            for x in (self.components_.T, self.intercept_visible_, self.intercept_hidden_)
        )
        return Harmonium(W, a, b, *self._units(len(a)))

    def transform(self, X: Any) -> Any:
        """Mean hidden states given X, (N, V) to (N, H): for 0-1 units the probabilities of being 1."""
        return self._apply(self.harmonium_.mean_hidden, X)

    def free_energy(self, X: Any) -> Any:
        """F(v) of every row, (N,), in nats; for Gaussian units of the data divided by ``scale_``."""
        return self._apply(self.harmonium_.free_energy, X)

    def score_samples(self, X: Any, *, n_chains: int = 100, n_temperatures: int = 1000) -> Any:
        """log p(v) of every row, (N,), in nats: exact where a layer has at most 20 units, else with the partition function
        estimated by annealed importance sampling, and then too high on average rather than too low."""
        if enumeration.is_enumerable(self.harmonium_):
            log_z = exact_log_z(self)
        else:
            log_z, _ = annealed_importance_sampling(
                self, n_chains=n_chains, n_temperatures=n_temperatures, random_state=self.random_state
            )
        # a density in units of X: dividing by the scale contributes its determinant
        return -self.free_energy(X) - log_z - sum(math.log(s) for s in self.scale_.tolist())

    def score(self, X: Any, y: Any = None) -> float:
        """Mean of :meth:`score_samples`, in nats; ``y`` is ignored."""
        return float(self.score_samples(X).mean())

    def sample(self, n_samples: int = 1, *, n_steps: int = 1000, start: Any = None, random_state: Any = None) -> Any:
        """Visible vectors (n_samples, V) after ``n_steps`` Gibbs steps from ``start`` (n_samples, V), or from random states."""
        rbm = self.harmonium_
        generator = seeded_generator(self.random_state if random_state is None else random_state, rbm.W.device)
        if start is None:
            base = torch.as_tensor(self.base_bias_).to(rbm.a)
            v = rbm.visible.sample(base.expand(n_samples, -1), generator)
        else:
            v = self._scaled(self._validated(start, reset=False)).double()
        for _ in range(n_steps):
            v = rbm.gibbs_step(v, generator)
        return v.cpu().numpy() * self.scale_

    def reconstruct(self, X: Any) -> Any:
        """E[v | h] at the mean hidden states of X: (N, V) to (N, V)."""
        rbm = self.harmonium_
        return self._apply(lambda v: rbm.mean_visible(rbm.mean_hidden(v)), X) * self.scale_

    # Plumbing

    def _apply(self, function: Any, X: Any) -> Any:
        check_is_fitted(self, "components_")
        v = self._validated(X, reset=False)
        return function(self._scaled(v).double()).to(v.dtype).cpu().numpy()

    def _scaled(self, v: Tensor) -> Tensor:
        return v / torch.as_tensor(self.scale_).to(v) if self.visible == "gaussian" else v

    def _validated(self, X: Any, *, reset: bool) -> Tensor:
        X = validate_data(self, X, reset=reset, dtype=("float64", "float32"))
        v = torch.tensor(X, device=self._device())
        if reset:
            self._check_options()
        self._check_values(v)
        return v

    def _check_values(self, v: Tensor) -> None:
        self._units(v.shape[1])[0].check(v, probabilities=True)

    def _units(self, n_visible: int) -> tuple[Units, Units]:
        kinds = {"bernoulli": BernoulliUnits, "gaussian": GaussianUnits}
        visible = (
            SoftmaxUnits(n_visible, self.n_categories) if self.visible == "softmax" else kinds[self.visible](n_visible)
        )
        return visible, kinds[self.hidden](self.n_components)

    def _bias_of_means(self, v: Tensor) -> Tensor:
        mean = v.mean(0)
        if self.visible == "gaussian":
            return mean
        # as if one more example had been seen half on and half off: no bias is infinite
        p = (mean * len(v) + 0.5) / (len(v) + 1)
        return p.log() if self.visible == "softmax" else p.logit()

    def _publish(self) -> None:
        learnt: tuple[Tensor, ...] = self._parameters()
        if self._n_summed:
            learnt = tuple(total / self._n_summed for total in self._sum)
        W, a, b = (p.cpu().numpy().copy() for p in learnt)
        self.components_, self.intercept_visible_, self.intercept_hidden_ = W.T.copy(), a, b
        self._n_features_out = self.n_components

    def _device(self) -> torch.device:
        return torch.device("cpu" if self.device is None else self.device)

    def _check_options(self) -> None:
        choices = {
            "method": METHODS,
            "schedule": ("constant", "linear"),
            "visible": ("bernoulli", "gaussian", "softmax"),
            "hidden": ("bernoulli", "gaussian"),
        }
        for name, allowed in choices.items():
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} is {getattr(self, name)!r}; expected one of {', '.join(allowed)}")
        for name, least in (
            ("n_components", 1),
            ("n_steps", 1),
            ("batch_size", 1),
            ("n_epochs", 0),
            ("n_temperatures", 2),
        ):
            if getattr(self, name) < least:
                raise ValueError(f"{name} is {getattr(self, name)}; expected at least {least}")
        if not self.learning_rate > 0 or not math.isfinite(self.learning_rate):
            raise ValueError(f"learning_rate is {self.learning_rate}; expected a finite number > 0")
        for name in ("momentum", "averaging"):
            if not 0 <= getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; expected a number in [0, 1)")
        for name in ("weight_decay", "sparsity_cost"):
            if not getattr(self, name) >= 0:
                raise ValueError(f"{name} is {getattr(self, name)}; expected at least 0")
        if self.sparsity is not None and not 0 < self.sparsity < 1:
            raise ValueError(f"sparsity is {self.sparsity}; expected a number strictly between 0 and 1, or None")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
