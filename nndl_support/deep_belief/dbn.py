r"""Deep belief network (深度信念网络): restricted Boltzmann machines stacked one by one, then refined by wake-sleep.

Shapes: N examples, V visible units, n_l hidden units in layer l of L, C labels.

References
----------
Hinton, Osindero and Teh (2006), A fast learning algorithm for deep belief nets, Neural Computation 18(7),
https://doi.org/10.1162/neco.2006.18.7.1527; Qiu (2019), section 12.3, algorithm 12.2.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Self

import torch
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.preprocessing import LabelEncoder
from sklearn.utils import column_or_1d
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data
from torch import Tensor, nn

from nndl_support.deep_belief import dbn_bound, enumeration, wake_sleep
from nndl_support.deep_belief.belief_stack import BeliefStack, Layer
from nndl_support.deep_belief.harmonium import Harmonium
from nndl_support.deep_belief.layer_machine import LayerMachine, upside_down
from nndl_support.deep_belief.partition import annealed_importance_sampling, seeded_generator
from nndl_support.deep_belief.recognition_network import recognition_network
from nndl_support.deep_belief.units import BernoulliUnits, JointUnits, SoftmaxUnits

__all__ = ["DeepBeliefNetwork"]


class DeepBeliefNetwork(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    r"""Layers of 0-1 units: a restricted Boltzmann machine at the top, directed connections below it.

    .. math:: p(v, h^{(1)}, \dots, h^{(L)}) = \Bigl(\prod_{l=0}^{L-2} p(h^{(l)} \mid h^{(l+1)})\Bigr) p(h^{(L-1)}, h^{(L)}),
        \qquad h^{(0)} = v

    Parameters
    ----------
    hidden_layer_sizes : sequence of L >= 1 ints, the units of every layer from the data upward
    method : {"cd", "pcd", "pt", "exact"}, or one for every layer
        Where the negative phase comes from, see :class:`.RestrictedBoltzmannMachine`.
    n_steps : int of at least 1, or one for every layer
        Gibbs steps for each update.
    learning_rate : float > 0, or one for every layer
    schedule : {"constant", "linear"}
    momentum : float in [0, 1)
    weight_decay : float >= 0
    batch_size : int of at least 1
    n_epochs : int of at least 0, or one for every layer
    n_chains : int, optional
        Persistent chains; the batch size unless given.
    start : {"random", "transpose"}
        Where a layer above the first begins: at small random weights, or at the transposed weights of the layer below, so that
        the bound begins where the smaller network ended. The second needs as many units as two layers further down.
    redraw : bool
        Whether a layer learns from states drawn anew in every epoch from the probabilities of the layer below, or from these
        probabilities.
    use_labels : bool
        Whether ``y`` of ``fit`` becomes a row of softmax units beside the last layer but one, as in Hinton, Osindero and Teh
        (2006); without, ``y`` is ignored.
    random_state : int, RandomState or None
    device : str or torch.device, optional
        The CPU unless given. Learnt attributes are NumPy arrays in any case.

    Attributes
    ----------
    rbms_ : list of L fitted RestrictedBoltzmannMachines, as they were when pre-training ended
    recognition_weights_ : list of L - 1 arrays (n_l, n_{l+1}), the way up from layer l
    recognition_biases_ : list of L - 1 arrays (n_{l+1},)
    generative_weights_ : list of L - 1 arrays (n_{l+1}, n_l), the way down to layer l
    generative_biases_ : list of L - 1 arrays (n_l,)
    top_weights_ : array (n_{L-1} + C, n_L), with rows for the C labels where there are any
    top_visible_bias_ : array (n_{L-1} + C,)
    top_hidden_bias_ : array (n_L,)
    stack_ : BeliefStack, all of these in float64
    classes_ : array (C,), only with ``use_labels``
    n_features_in_ : int

    Notes
    -----
    Recognition and generative weights are equal, up to the transpose, until :meth:`wake_sleep` lets them part. No widely used
    library has a deep belief network with its bound; scikit-learn's users chain ``BernoulliRBM`` in a pipeline, which gives the
    way up only.

    References
    ----------
    Hinton, Osindero and Teh (2006). Section "Deep belief network" of this book.

    Examples
    --------
    >>> X = torch.tensor([[0.0, 0.0, 1.0, 1.0], [1.0, 1.0, 0.0, 0.0]]).repeat(20, 1).numpy()
    >>> dbn = DeepBeliefNetwork((3, 4), n_epochs=20, learning_rate=0.3, random_state=0).fit(X)
    >>> dbn.transform(X).shape, dbn.sample(5, n_steps=10).shape
    ((40, 4), (5, 4))
    >>> [tuple(p.shape) for p in dbn.to_classifier(2).parameters()]
    [(3, 4), (3,), (4, 3), (4,), (2, 4), (2,)]
    """

    def __init__(
        self,
        hidden_layer_sizes: Sequence[int] = (256, 256),
        *,
        method: Any = "cd",
        n_steps: Any = 1,
        learning_rate: Any = 0.05,
        schedule: str = "constant",
        momentum: float = 0.0,
        weight_decay: float = 0.0,
        batch_size: int = 10,
        n_epochs: Any = 10,
        n_chains: int | None = None,
        start: str = "random",
        redraw: bool = True,
        use_labels: bool = False,
        random_state: Any = None,
        device: Any = None,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.method = method
        self.n_steps = n_steps
        self.learning_rate = learning_rate
        self.schedule = schedule
        self.momentum = momentum
        self.weight_decay = weight_decay
        self.batch_size = batch_size
        self.n_epochs = n_epochs
        self.n_chains = n_chains
        self.start = start
        self.redraw = redraw
        self.use_labels = use_labels
        self.random_state = random_state
        self.device = device

    # Learning

    def fit(self, X: Any, y: Any = None) -> Self:
        """Train layer after layer, each on the hidden units of the one below (Qiu's algorithm 12.2).

        Parameters
        ----------
        X : array (N, V), values in [0, 1]
        y : array (N,), class labels; used only with ``use_labels``
        """
        v = self._validated(X, reset=True)
        labels = self._labels(y, len(v), reset=True)
        self._generator = seeded_generator(self.random_state, v.device)
        self.rbms_: list[LayerMachine] = []
        last = len(self._sizes()) - 1
        for layer in range(last + 1):
            machine = self._machine(layer)
            begin = upside_down(self.rbms_[-1].harmonium_) if self.start == "transpose" and layer else None
            # the pixels are data, given as they are; hidden units are drawn
            redraw = self.redraw and layer > 0
            machine.learn(v, labels=labels if layer == last else None, start=begin, redraw=redraw)
            self.rbms_.append(machine)
            if layer < last:
                v = machine.harmonium_.mean_hidden(v.double()).to(v.dtype)
        self._publish(BeliefStack.from_machines([rbm.harmonium_ for rbm in self.rbms_]))
        return self

    pretrain = fit

    def wake_sleep(
        self,
        X: Any,
        y: Any = None,
        *,
        n_epochs: int = 10,
        learning_rate: float = 0.01,
        n_steps: int = 1,
        batch_size: int | None = None,
    ) -> Self:
        """Refine all layers together by the up-down algorithm, contrastive wake-sleep.

        Parameters
        ----------
        X : array (N, V), values in [0, 1]
        y : array (N,), class labels; used only with ``use_labels``
        n_epochs : int of at least 0
        learning_rate : float > 0
        n_steps : int of at least 1
            Gibbs steps of the top machine between waking and sleeping.
        batch_size : int, optional
            That of pre-training unless given.
        """
        check_is_fitted(self, "rbms_")
        if not learning_rate > 0 or not math.isfinite(learning_rate):
            raise ValueError(f"learning_rate is {learning_rate}; expected a finite number > 0")
        if n_epochs < 0 or n_steps < 1:
            raise ValueError(f"n_epochs is {n_epochs} and n_steps {n_steps}; expected at least 0 and 1")
        v = self._validated(X, reset=False)
        labels = self._labels(y, len(v), reset=False)
        stack = self.stack_.to(v.dtype)
        size = self.batch_size if batch_size is None else batch_size
        for _ in range(n_epochs):
            order = torch.randperm(len(v), generator=self._generator, device=v.device)
            for rows in order.split(size):
                batch = None if labels is None else labels[rows]
                step = wake_sleep.contrastive_wake_sleep(stack, v[rows], n_steps, self._generator, labels=batch)
                stack = wake_sleep.moved(stack, step, learning_rate)
        if not all(torch.isfinite(p).all() for p in wake_sleep.parameters(stack)):
            raise FloatingPointError(f"the weights became infinite at learning_rate {learning_rate:g}: lower it")
        self._publish(stack)
        return self

    # What was learnt

    @property
    def stack_(self) -> BeliefStack:
        """The learnt parameters as a :class:`.BeliefStack` in float64."""
        check_is_fitted(self, "rbms_")

        def layers(weights: list[Any], biases: list[Any]) -> list[Layer]:
            return [Layer(self._tensor(W), self._tensor(b)) for W, b in zip(weights, biases, strict=True)]

        W, a, b = (self._tensor(x) for x in (self.top_weights_, self.top_visible_bias_, self.top_hidden_bias_))
        visible: Any = None
        if self.use_labels:
            n_labels = len(self.classes_)
            visible = JointUnits([BernoulliUnits(len(a) - n_labels), SoftmaxUnits(n_labels, n_labels)])
        return BeliefStack(
            layers(self.recognition_weights_, self.recognition_biases_),
            layers(self.generative_weights_, self.generative_biases_),
            Harmonium(W, a, b, visible),
        )

    def transform(self, X: Any) -> Any:
        """Probabilities of the top layer when probabilities are handed upward, (N, V) to (N, n_L); labels stay silent."""
        return self._apply(self.stack_.transform, X)

    def log_likelihood_bound(
        self, X: Any, *, n_samples: int = 10, n_chains: int = 100, n_temperatures: int = 1000, random_state: Any = None
    ) -> Any:
        """Estimate of the variational lower bound of log p(v) of every row, (N,), in nats.

        The expectation is a mean over ``n_samples`` draws from the recognition weights, hence unbiased. The partition function of
        the top machine is exact where one of its layers has at most 20 units, else estimated by annealed importance sampling
        with ``n_chains`` and ``n_temperatures``: too low on average, so that the bound is then too high on average.
        """
        generator = self._fresh_generator(random_state)
        log_z = self.log_partition(n_chains=n_chains, n_temperatures=n_temperatures, random_state=random_state)
        stack = self.stack_
        return self._apply(
            lambda v: dbn_bound.sampled_bound(stack, v, log_z, n_samples=n_samples, generator=generator), X
        )

    def log_partition(self, *, n_chains: int = 100, n_temperatures: int = 1000, random_state: Any = None) -> float:
        """Logarithm of the partition function of the top machine, in nats: exact where it can be, else by annealing."""
        top = self.stack_.top
        if enumeration.is_enumerable(top):
            return float(enumeration.log_z(top))
        seed = self.random_state if random_state is None else random_state
        estimate, _ = annealed_importance_sampling(
            top,
            n_chains=n_chains,
            n_temperatures=n_temperatures,
            random_state=seed,
            base_bias=self.rbms_[-1].base_bias_,
        )
        return estimate

    def score(self, X: Any, y: Any = None) -> float:
        """Mean of :meth:`log_likelihood_bound`, in nats; ``y`` is ignored."""
        return float(self.log_likelihood_bound(X).mean())

    def sample(
        self,
        n_samples: int = 1,
        *,
        n_steps: int = 1000,
        start: Any = None,
        label: Any = None,
        probabilities: bool = False,
        random_state: Any = None,
    ) -> Any:
        """Data (n_samples, V) that the network generates: Gibbs steps of the top machine, then one pass down.

        Parameters
        ----------
        n_samples : int
        n_steps : int
        start : array (n_samples, V), optional
            Data from which the chains of the top machine start; random states unless given.
        label : one of ``classes_``, or array (n_samples,) of them, optional
            Held fixed during the Gibbs steps; only with ``use_labels``.
        probabilities : bool
            Whether to return the probabilities of the visible units (as images usually are shown) or states drawn from them.
        random_state : int, RandomState or None
            That of the estimator unless given.
        """
        stack = self.stack_
        generator = self._fresh_generator(random_state)
        labels = None
        if label is not None:
            if not self.use_labels:
                raise ValueError("label is given, but the network was fitted without labels: set use_labels=True")
            one_for_all = isinstance(label, str) or not hasattr(label, "__len__")
            labels = self._labels([label] * n_samples if one_for_all else label, n_samples, reset=False)
        if start is None:
            base = torch.as_tensor(self.rbms_[-1].base_bias_).to(stack.top.a)
            x = stack.top.visible.sample(base.expand(n_samples, -1), generator)
        else:
            h = stack.sample_up(self._validated(start, reset=False).double(), generator)[-1]
            x = torch.cat([h, h.new_zeros(len(h), stack.n_labels)], dim=1)
        x = stack.sample_top(x, n_steps, generator, labels=None if labels is None else labels.double())
        states, means = stack.sample_down(x[:, : stack.sizes[-2]], generator)
        if len(stack.sizes) == 2:  # a single machine: its visible units are the data
            means = stack.top.mean_visible(stack.top.sample_hidden(x, generator))[:, : stack.sizes[0]]
        return (means if probabilities else states[0]).cpu().numpy()

    @available_if(lambda self: self.use_labels)
    def predict_proba(self, X: Any) -> Any:
        """p(label | h^(L-1)) at the mean of h^(L-1) given X, (N, V) to (N, C); only with ``use_labels``."""
        stack = self.stack_

        def probabilities(v: Tensor) -> Tensor:
            h = stack.means_up(v)[-2] if len(stack.sizes) > 2 else v
            return stack.label_log_weights(h).softmax(-1)

        return self._apply(probabilities, X)

    @available_if(lambda self: self.use_labels)
    def predict(self, X: Any) -> Any:
        """The most probable label of every row, (N,); only with ``use_labels``."""
        return self.classes_[self.predict_proba(X).argmax(1)]

    def to_classifier(self, n_classes: int, *, random_state: Any = None) -> nn.Sequential:
        """The way up as an ordinary network, with a new output layer on top: what back-propagation fine-tunes.

        Parameters
        ----------
        n_classes : int of at least 2
        random_state : int, RandomState or None
            For the weights of the output layer; that of the estimator unless given.

        Returns
        -------
        torch.nn.Sequential
            Linear and Sigmoid in turn for each hidden layer, then a Linear of ``n_classes`` logits, in torch's default precision,
            on the estimator's device. Nothing is shared with the estimator.
        """
        return recognition_network(self.stack_, n_classes, generator=self._fresh_generator(random_state))

    # Plumbing

    def _machine(self, layer: int) -> LayerMachine:
        options = {name: self._of_layer(name, layer) for name in ("method", "n_steps", "learning_rate", "n_epochs")}
        seed = int(torch.randint(2**31 - 1, (1,), generator=self._generator, device=self._device()))
        return LayerMachine(
            self._sizes()[layer],
            schedule=self.schedule,
            momentum=self.momentum,
            weight_decay=self.weight_decay,
            batch_size=self.batch_size,
            n_chains=self.n_chains,
            random_state=seed,
            device=self.device,
            **options,
        )

    def _of_layer(self, name: str, layer: int) -> Any:
        value = getattr(self, name)
        if isinstance(value, str) or not isinstance(value, Sequence):
            return value
        if len(value) != len(self._sizes()):
            raise ValueError(f"{name} has {len(value)} entries, but there are {len(self._sizes())} layers")
        return value[layer]

    def _sizes(self) -> tuple[int, ...]:
        sizes = self.hidden_layer_sizes
        sizes = (sizes,) if isinstance(sizes, int) else tuple(sizes)
        if not sizes or min(sizes) < 1:
            raise ValueError(
                f"hidden_layer_sizes is {self.hidden_layer_sizes!r}; expected at least one layer of at least 1 unit"
            )
        return sizes

    def _labels(self, y: Any, n: int, *, reset: bool) -> Tensor | None:
        """One-hot labels (N, C), or None where none are used."""
        if not self.use_labels:
            return None
        if y is None:
            raise ValueError("use_labels is True, but y is None: this network requires y to be passed")
        y = column_or_1d(y)
        if len(y) != n:
            raise ValueError(f"y has {len(y)} entries; expected {n}")
        if reset:
            self.classes_ = LabelEncoder().fit(y).classes_
            if len(self.classes_) < 2:
                raise ValueError(f"y has the single class {self.classes_.tolist()[0]!r}; expected at least 2")
        if unknown := sorted(set(y.tolist()) - set(self.classes_.tolist()), key=str):
            raise ValueError(f"label {unknown[0]!r} is none of the classes {self.classes_.tolist()}")
        position = LabelEncoder().fit(self.classes_).transform(y)
        one_hot = nn.functional.one_hot(torch.as_tensor(position), len(self.classes_))
        return one_hot.to(device=self._device(), dtype=self._dtype)

    def _validated(self, X: Any, *, reset: bool) -> Tensor:
        X = validate_data(self, X, reset=reset, dtype=("float64", "float32"))
        if reset:
            self._check_options()
        v = self._checked(torch.tensor(X, device=self._device()))
        self._dtype = v.dtype
        return v

    def _checked(self, v: Tensor) -> Tensor:
        BernoulliUnits(v.shape[1]).check(v, probabilities=True)
        return v

    def _check_options(self) -> None:
        sizes = self._sizes()
        if self.start not in ("random", "transpose"):
            raise ValueError(f"start is {self.start!r}; expected one of random, transpose")
        if self.start == "transpose":
            all_sizes = (self.n_features_in_, *sizes)
            for layer in range(2, len(all_sizes)):
                if all_sizes[layer] != all_sizes[layer - 2]:
                    raise ValueError(
                        f"layer {layer} has {all_sizes[layer]} units and layer {layer - 2} has {all_sizes[layer - 2]}: "
                        "start='transpose' needs as many"
                    )

    def _apply(self, function: Any, X: Any) -> Any:
        check_is_fitted(self, "rbms_")
        v = self._validated(X, reset=False)
        return function(v.double()).to(v.dtype).cpu().numpy()

    def _publish(self, stack: BeliefStack) -> None:
        def arrays(tensors: Sequence[Tensor]) -> list[Any]:
            return [x.to(self._dtype).cpu().numpy().copy() for x in tensors]

        self.recognition_weights_ = arrays([layer.weight for layer in stack.recognition])
        self.recognition_biases_ = arrays([layer.bias for layer in stack.recognition])
        self.generative_weights_ = arrays([layer.weight for layer in stack.generative])
        self.generative_biases_ = arrays([layer.bias for layer in stack.generative])
        self.top_weights_, self.top_visible_bias_, self.top_hidden_bias_ = arrays(
            [stack.top.W, stack.top.a, stack.top.b]
        )
        self._n_features_out = stack.sizes[-1]

    def _tensor(self, x: Any) -> Tensor:
        return torch.as_tensor(x).to(device=self._device(), dtype=torch.float64)

    def _fresh_generator(self, random_state: Any) -> torch.Generator:
        return seeded_generator(self.random_state if random_state is None else random_state, self._device())

    def _device(self) -> torch.device:
        return torch.device("cpu" if self.device is None else self.device)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        tags.target_tags.required = bool(self.use_labels)
        return tags
