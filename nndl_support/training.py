"""One training loop in torch, and early stopping that any loop can use.

The loop does what every section needs and no more: seed, batches, progress bar, validation, learning-rate schedule,
gradient clipping, early stopping, history, and a checkpoint from which a killed run continues bit for bit.
"""

import math
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import ReduceLROnPlateau
from tqdm.std import tqdm

Data = Tensor | tuple[Tensor, ...] | Iterable[Any]


class EarlyStopping:
    """Stops a training when a monitored value has not improved for a while, and remembers the best state.

    Parameters
    ----------
    patience : int of at least 1
        Stop after this many updates without improvement.
    min_delta : float of at least 0
        Only a value better than the best by more than this counts as improvement.
    larger_is_better : bool
        True for an accuracy, False for a loss.

    Attributes
    ----------
    best_value : float, the best value so far; ``None`` before the first update
    best_step : int, the update (from 0) that gave it; -1 before
    best_state : what ``snapshot`` returned then
    n_bad : int, updates since then

    Notes
    -----
    It is plain Python and knows no array library. A value of NaN never counts as improvement.

    Examples
    --------
    >>> stopper = EarlyStopping(patience=2)
    >>> [stopper.update(loss) for loss in (1.0, 0.5, 0.6, 0.7)]
    [False, False, False, True]
    >>> stopper.best_step, stopper.best_value
    (1, 0.5)
    """

    #: Whether ``update`` wants the training loss too; ``fit`` asks before it calls.
    needs_training_value = False

    def __init__(self, patience: int = 10, *, min_delta: float = 0.0, larger_is_better: bool = False) -> None:
        if patience < 1:
            raise ValueError(f"patience must be at least 1, but is {patience}")
        if not min_delta >= 0:
            raise ValueError(f"min_delta must be at least 0, but is {min_delta}")
        self.patience = patience
        self.min_delta = min_delta
        self.larger_is_better = larger_is_better
        self.reset()

    def reset(self) -> None:
        """Forget everything seen."""
        self.best_value: float | None = None
        self.best_step = -1
        self.best_state: Any = None
        self.n_bad = 0
        self._step = -1

    def update(self, value: float, snapshot: Callable[[], Any] | None = None) -> bool:
        """Take the next value and return whether to stop now.

        Parameters
        ----------
        value : float
        snapshot : callable without arguments, optional
            Called only when ``value`` is the best so far; what it returns is kept as ``best_state``. It must return a
            copy.
        """
        self._step += 1
        value = float(value)
        gain = math.inf
        if self.best_value is not None:
            gain = value - self.best_value if self.larger_is_better else self.best_value - value
        if gain > self.min_delta and not math.isnan(value):
            self.best_value, self.best_step, self.n_bad = value, self._step, 0
            self.best_state = snapshot() if snapshot is not None else None
        else:
            self.n_bad += 1
        return self.n_bad >= self.patience

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint has to keep."""
        return {name: getattr(self, name) for name in ("best_value", "best_step", "best_state", "n_bad", "_step")}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Take over what :meth:`state_dict` returned."""
        for name, value in state.items():
            setattr(self, name, value)


class _PrecheltCriterion(EarlyStopping):
    """Bookkeeping of Prechelt's criteria: the errors so far, the best of them, and the end of every strip of epochs."""

    _kept: tuple[str, ...] = ("best_value", "best_step", "best_state", "n_bad", "_step")

    def __init__(self, strip: int) -> None:
        if strip < 1:
            raise ValueError(f"strip is {strip}; expected at least 1 epoch")
        self.strip = strip
        super().__init__(patience=1)

    def update(
        self, value: float, snapshot: Callable[[], Any] | None = None, *, training_value: float | None = None
    ) -> bool:
        """Take the next validation error and return whether to stop now.

        Parameters
        ----------
        value : float of at least 0, the validation error of this epoch
        snapshot : callable without arguments, optional
            Called only when ``value`` is the best so far; what it returns is kept as ``best_state``.
        training_value : float of at least 0, the mean training error of this epoch
            Only :class:`PQ` needs it.

        Raises
        ------
        ValueError
            When an error is negative (a log-likelihood has no generalisation loss), or :class:`PQ` gets no training error.
        """
        value = float(value)
        if value < 0:
            raise ValueError(f"value is {value:g}, but the criterion compares errors, which are at least 0")
        super().update(value, snapshot)
        return self._decide(math.inf if math.isnan(value) else value, training_value)

    @property
    def ends_strip(self) -> bool:
        """Whether the latest epoch was the last of a strip."""
        return (self._step + 1) % self.strip == 0

    def _decide(self, value: float, training_value: float | None) -> bool:
        raise NotImplementedError

    def _generalization_loss(self, value: float) -> float:
        if self.best_value is None or value == self.best_value:
            return 0.0 if self.best_value is not None else math.inf
        return 100 * (value / self.best_value - 1) if self.best_value > 0 else math.inf

    def state_dict(self) -> dict[str, Any]:
        """Return what a checkpoint has to keep."""
        state = {name: getattr(self, name) for name in self._kept}
        return {name: list(kept) if isinstance(kept, list) else kept for name, kept in state.items()}


class GL(_PrecheltCriterion):
    r"""Stop as soon as the validation error is :math:`\alpha` per cent above the best so far.

    .. math:: GL(t) = 100 \Bigl( \frac{E_{va}(t)}{E_{opt}(t)} - 1 \Bigr) > \alpha, \qquad E_{opt}(t) = \min_{t' \le t} E_{va}(t')

    Parameters
    ----------
    alpha : float >= 0, in per cent

    Attributes
    ----------
    generalization_loss : float, GL after the latest epoch, in per cent
    best_value, best_step, best_state, n_bad : as in :class:`EarlyStopping`

    Notes
    -----
    With :math:`E_{opt} = 0` every positive error is infinitely worse. An error of NaN counts as infinite, and stops.

    References
    ----------
    Prechelt (1998), Automatic early stopping using cross validation: quantifying the criteria, Neural Networks 11(4),
    https://doi.org/10.1016/S0893-6080(98)00010-0, section 3.

    Examples
    --------
    >>> stopper = GL(5)
    >>> [stopper.update(error) for error in (1.0, 0.8, 0.82, 0.85)]
    [False, False, False, True]
    >>> round(stopper.generalization_loss, 2), stopper.best_step
    (6.25, 1)
    """

    def __init__(self, alpha: float) -> None:
        self.alpha = _threshold(alpha)
        super().__init__(strip=1)

    def reset(self) -> None:
        """Forget everything seen."""
        super().reset()
        self.generalization_loss = 0.0

    _kept = (*_PrecheltCriterion._kept, "generalization_loss")

    def _decide(self, value: float, training_value: float | None) -> bool:
        self.generalization_loss = self._generalization_loss(value)
        return self.generalization_loss > self.alpha


class PQ(_PrecheltCriterion):
    r"""Stop when the generalisation loss is large *compared with what training still gains*, looked at after every
    strip of k epochs.

    .. math:: \frac{GL(t)}{P_k(t)} > \alpha, \qquad
        P_k(t) = 1000 \Bigl( \frac{\sum_{t'=t-k+1}^{t} E_{tr}(t')}{k \min_{t'=t-k+1}^{t} E_{tr}(t')} - 1 \Bigr)

    Parameters
    ----------
    alpha : float >= 0
    strip : int, k, in epochs

    Attributes
    ----------
    generalization_loss : float, GL after the latest epoch, in per cent
    progress : float, :math:`P_k` after the latest complete strip, in per mille: how much higher the training error was on
        average over the strip than at its lowest; infinite before
    best_value, best_step, best_state, n_bad : as in :class:`EarlyStopping`

    Notes
    -----
    The progress is high also when the training error *rises*. Without any progress, a positive loss stops; without
    loss nothing does.

    References
    ----------
    Prechelt (1998), section 3; see :class:`GL`.

    Examples
    --------
    >>> stopper = PQ(0.5, strip=2)
    >>> validation, training = (1.0, 0.8, 0.9, 0.9), (1.0, 0.6, 0.5, 0.49)
    >>> [stopper.update(va, training_value=tr) for va, tr in zip(validation, training)]
    [False, False, False, True]
    >>> round(stopper.generalization_loss, 2), round(stopper.progress, 2)
    (12.5, 10.2)
    """

    needs_training_value = True
    _kept = (*_PrecheltCriterion._kept, "generalization_loss", "progress", "_training")

    def __init__(self, alpha: float, *, strip: int = 5) -> None:
        self.alpha = _threshold(alpha)
        super().__init__(strip)

    def reset(self) -> None:
        """Forget everything seen."""
        super().reset()
        self.generalization_loss = 0.0
        self.progress = math.inf
        self._training: list[float] = []

    def _decide(self, value: float, training_value: float | None) -> bool:
        if training_value is None:
            raise ValueError("PQ compares with the training error: call update(value, training_value=...)")
        if training_value < 0:
            raise ValueError(f"training_value is {training_value:g}, but an error is at least 0")
        self.generalization_loss = self._generalization_loss(value)
        self._training.append(float(training_value))
        if not self.ends_strip:
            return False
        mean, least = sum(self._training) / self.strip, min(self._training)
        self._training = []
        if mean == least:
            self.progress = 0.0
        else:
            self.progress = 1000 * (mean / least - 1) if least > 0 else math.inf
        # GL / P > alpha, without a division by zero.
        return self.generalization_loss > self.alpha * self.progress if self.generalization_loss > 0 else False


class UP(_PrecheltCriterion):
    """Stop when the validation error has risen in s strips of k epochs one after the other, however little.

    Parameters
    ----------
    s : int of at least 1, strips
    strip : int, k, in epochs

    Attributes
    ----------
    n_rises : int, strips in a row at whose end the error was higher than at the end of the strip before
    best_value, best_step, best_state, n_bad : as in :class:`EarlyStopping`

    Notes
    -----
    It compares ends of strips, not the best error. The first strip has no predecessor and counts as no rise.

    References
    ----------
    Prechelt (1998), section 3; see :class:`GL`.

    Examples
    --------
    >>> stopper = UP(2, strip=1)
    >>> [stopper.update(error) for error in (1.0, 1.1, 0.9, 0.91, 0.92)]
    [False, False, False, False, True]
    """

    _kept = (*_PrecheltCriterion._kept, "n_rises", "_last")

    def __init__(self, s: int, *, strip: int = 5) -> None:
        if s < 1:
            raise ValueError(f"s is {s}; expected at least 1 strip")
        self.s = s
        super().__init__(strip)

    def reset(self) -> None:
        """Forget everything seen."""
        super().reset()
        self.n_rises = 0
        self._last = math.inf

    def _decide(self, value: float, training_value: float | None) -> bool:
        if not self.ends_strip:
            return False
        self.n_rises = self.n_rises + 1 if value > self._last else 0
        self._last = value
        return self.n_rises >= self.s


def _threshold(alpha: float) -> float:
    if not alpha >= 0:
        raise ValueError(f"alpha is {alpha}; expected at least 0")
    return float(alpha)


@dataclass
class TrainingResult:
    """What :func:`fit` returns.

    Attributes
    ----------
    history : dict of lists with one entry per epoch: ``train_loss`` (mean over the epoch, while the weights moved),
        ``learning_rate``, ``gradient_norm`` (mean over the steps, before clipping), with validation data
        ``validation_loss``, and one list for each metric
    n_epochs : int, epochs trained in all, those before a resumption included
    best_epoch : int, the epoch (from 0) whose weights the model now has
    stopped_early : bool
    seconds : float, wall-clock time of this call
    """

    history: dict[str, list[float]] = field(default_factory=dict)
    n_epochs: int = 0
    best_epoch: int = -1
    stopped_early: bool = False
    seconds: float = 0.0


def fit(
    model: nn.Module,
    loss: nn.Module | Callable[..., Tensor],
    data: Data,
    optimizer: torch.optim.Optimizer,
    *,
    epochs: int,
    batch_size: int | None = 32,
    validation: Data | None = None,
    metrics: Mapping[str, Callable[[nn.Module], float]] | None = None,
    scheduler: Any = None,
    clip_norm: float | None = None,
    clip_value: float | None = None,
    early_stopping: EarlyStopping | None = None,
    monitor: str | None = None,
    seed: int | None = None,
    device: torch.device | str | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    checkpoint_every: int = 1,
    description: str = "training",
) -> TrainingResult:
    """Train a model, and return the history of the training.

    Parameters
    ----------
    model : torch.nn.Module
        Trained in place and left in evaluation mode; with early stopping it ends with the weights of the best epoch.
    loss : torch.nn.Module or callable
        A module such as ``nn.CrossEntropyLoss()`` is applied as ``loss(model(*inputs), target)`` to batches
        ``(*inputs, target)``. Any other callable is called as ``loss(model, *batch)`` and returns the scalar to
        minimise: an autoencoder's, a physics residual's, ...
    data : tensor, tuple of tensors, or iterable of batches
        Tensors share their first dimension and are shuffled into batches anew in every epoch. Anything else, such as
        a ``DataLoader``, is iterated once per epoch; a batch is a tensor or a tuple (list) of tensors.
    optimizer : torch.optim.Optimizer over the model's parameters; those that need a closure (L-BFGS) work too
    epochs : int, in all: a resumed training counts those done before
    batch_size : int or None, for data given as tensors; ``None`` is one batch of everything
    validation : like ``data``, optional; its loss is computed after every epoch in evaluation mode, without gradients
    metrics : dict of name and function of the model, optional; evaluated after every epoch, in evaluation mode
    scheduler : learning-rate scheduler, optional; stepped after every epoch (``ReduceLROnPlateau`` by ``monitor``)
    clip_norm : float, optional; gradients are scaled down to at most this global norm
    clip_value : float, optional; every entry of the gradients is cut to at most this absolute value
    early_stopping : EarlyStopping, GL, PQ or UP, optional; PQ is given ``train_loss`` too
    monitor : str, the key of the history that early stopping and ``ReduceLROnPlateau`` watch; by default
        ``validation_loss`` when there are validation data, else ``train_loss``
    seed : int, optional; seeds torch's and Python's global generators, on which batches and dropout draw
    device : where to train; by default where the model is
    checkpoint : path, optional
        After an epoch everything that the training depends on is kept there; if the file exists already, the training
        continues from it and ends with the same weights, bit for bit, as one that was never interrupted.
    checkpoint_every : int, epochs between two checkpoints; the last epoch is always kept
    description : str, shown by the progress bar (silent under ``NNDL_PROGRESS=0``)

    Returns
    -------
    TrainingResult

    Raises
    ------
    FloatingPointError
        When the loss is NaN or infinite; the message says where. The weights are those before that step.
    ValueError
        When the arguments contradict each other, the data are empty, the loss is no scalar or does not depend on the
        weights, or the checkpoint belongs to another training.

    Notes
    -----
    The checkpoint holds model, optimiser, scheduler, early stopping, history and the states of the generators of
    torch, of its GPU, of Python and of a ``DataLoader``. Randomness drawn from elsewhere is not kept.

    Examples
    --------
    >>> X = torch.linspace(-1, 1, 20)[:, None]
    >>> model = nn.Linear(1, 1)
    >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    >>> result = fit(model, nn.MSELoss(), (X, 3 * X + 2), optimizer, epochs=100, seed=0)
    >>> [round(parameter.item(), 3) for parameter in model.parameters()]
    [3.0, 2.0]
    """
    if epochs < 0:
        raise ValueError(f"epochs must be at least 0, but is {epochs}")
    if batch_size is not None and batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, but is {batch_size}")
    if checkpoint_every < 1:
        raise ValueError(f"checkpoint_every must be at least 1, but is {checkpoint_every}")
    if clip_norm is not None and clip_value is not None:
        raise ValueError(f"give clip_norm or clip_value, not both (clip_norm={clip_norm}, clip_value={clip_value})")
    _check_tensors("data", data)
    _check_tensors("validation", validation)
    monitor = monitor or ("train_loss" if validation is None else "validation_loss")
    where = torch.device(device) if device is not None else _device_of(model)
    model.to(where)
    if seed is not None:
        torch.manual_seed(seed)
        random.seed(seed)
    if early_stopping is not None:
        early_stopping.reset()
    started = time.perf_counter()
    result = TrainingResult()
    keeper = _Checkpoint(checkpoint, model, optimizer, scheduler, early_stopping, data, where, seed, batch_size)
    keeper.resume(result)

    bar = tqdm(
        total=epochs,
        initial=min(result.n_epochs, epochs),
        desc=description,
        unit="epoch",
        leave=False,
        disable=os.environ.get("NNDL_PROGRESS") == "0",
    )
    with bar:
        while result.n_epochs < epochs and not result.stopped_early:
            epoch = result.n_epochs
            row = {"learning_rate": float(optimizer.param_groups[0]["lr"])}
            row |= _train_epoch(
                model, loss, _batches(data, batch_size, shuffle=True), optimizer, epoch, where, clip_norm, clip_value
            )
            model.eval()
            if validation is not None:
                row["validation_loss"] = _evaluate(model, loss, _batches(validation, batch_size, shuffle=False), where)
            for name, metric in (metrics or {}).items():
                row[name] = float(metric(model))
            if monitor not in row:
                raise ValueError(f"monitor is {monitor!r}, but the history has only {sorted(row)}")
            for name, value in row.items():
                result.history.setdefault(name, []).append(value)
            if isinstance(scheduler, ReduceLROnPlateau):
                scheduler.step(row[monitor])
            elif scheduler is not None:
                scheduler.step()
            if early_stopping is not None:
                more: dict[str, Any] = {}
                if early_stopping.needs_training_value:
                    more["training_value"] = row["train_loss"]
                result.stopped_early = early_stopping.update(row[monitor], lambda: _copy_of(model), **more)
            result.n_epochs = epoch + 1
            if result.n_epochs % checkpoint_every == 0 or result.n_epochs == epochs or result.stopped_early:
                keeper.keep(result)
            bar.set_postfix({monitor: f"{row[monitor]:.4g}"}, refresh=False)
            bar.update()

    result.best_epoch = result.n_epochs - 1
    if early_stopping is not None and early_stopping.best_state is not None:
        model.load_state_dict(early_stopping.best_state)
        result.best_epoch = early_stopping.best_step
    model.eval()
    result.seconds = time.perf_counter() - started
    return result


def _train_epoch(
    model: nn.Module,
    loss: nn.Module | Callable[..., Tensor],
    batches: Iterable[Any],
    optimizer: torch.optim.Optimizer,
    epoch: int,
    device: torch.device,
    clip_norm: float | None,
    clip_value: float | None,
) -> dict[str, float]:
    model.train()
    parameters = [p for group in optimizer.param_groups for p in group["params"]]
    total, n_examples, norms = 0.0, 0, []
    for step, raw in enumerate(batches):
        batch = _on_device(raw, device)
        values: list[float] = []  # L-BFGS evaluates the closure many times; the first is the loss of this step
        step_norms: list[float] = []

        def closure() -> Tensor:
            optimizer.zero_grad()
            value = _loss_of(model, loss, batch)  # noqa: B023 - used within this step only
            number = value.item()
            if not math.isfinite(number):
                rate = optimizer.param_groups[0]["lr"]
                raise FloatingPointError(
                    f"the loss is {number} at epoch {epoch}, step {step} (both from 0), "  # noqa: B023
                    f"with learning rate {rate:g}: a smaller rate, clipping or a look at the data may help"
                )
            value.backward()
            step_norms.append(_gradient_norm(parameters, clip_norm, clip_value))  # noqa: B023
            values.append(number)  # noqa: B023
            return value

        optimizer.step(closure)  # type: ignore[arg-type]
        size = _size_of(batch)
        total += values[0] * size
        n_examples += size
        norms.append(step_norms[0])
    if not norms:
        raise ValueError(
            f"the data gave no batch in epoch {epoch}: they are empty, or an iterator that can be used only once"
        )
    return {"train_loss": total / n_examples, "gradient_norm": sum(norms) / len(norms)}


def _evaluate(model: nn.Module, loss: Any, batches: Iterable[Any], device: torch.device) -> float:
    total, n_examples = 0.0, 0
    with torch.no_grad():
        for raw in batches:
            batch = _on_device(raw, device)
            size = _size_of(batch)
            total += _loss_of(model, loss, batch, needs_gradient=False).item() * size
            n_examples += size
    if n_examples == 0:
        raise ValueError("the validation data gave no batch: they are empty, or an iterator that can be used only once")
    return total / n_examples


def _loss_of(model: nn.Module, loss: Any, batch: tuple[Any, ...], *, needs_gradient: bool = True) -> Tensor:
    value = loss(model(*batch[:-1]), batch[-1]) if isinstance(loss, nn.Module) else loss(model, *batch)
    if not isinstance(value, Tensor) or value.numel() != 1:
        given = f"a tensor of shape {tuple(value.shape)}" if isinstance(value, Tensor) else type(value).__name__
        raise ValueError(f"the loss must be a tensor with one entry, but is {given}")
    if needs_gradient and not value.requires_grad:
        raise ValueError("the loss does not depend on any weight that wants a gradient")
    return value


def _gradient_norm(parameters: list[Tensor], clip_norm: float | None, clip_value: float | None) -> float:
    """Clip the gradients if asked to, and return their norm before that."""
    norm = nn.utils.clip_grad_norm_(parameters, math.inf if clip_norm is None else clip_norm).item()
    if clip_value is not None:
        nn.utils.clip_grad_value_(parameters, clip_value)
    return norm


def _batches(data: Data, batch_size: int | None, *, shuffle: bool) -> Iterator[Any]:
    if isinstance(data, Tensor):
        data = (data,)
    if not isinstance(data, tuple):
        yield from data
        return
    n_examples = len(data[0])
    order = torch.randperm(n_examples) if shuffle else torch.arange(n_examples)
    for rows in order.to(data[0].device).split(batch_size or n_examples):
        yield tuple(tensor[rows] for tensor in data)


def _check_tensors(name: str, data: Data | None) -> None:
    if isinstance(data, Tensor):
        data = (data,)
    if not isinstance(data, tuple):
        return
    if not data or not all(isinstance(tensor, Tensor) and tensor.ndim for tensor in data):
        raise ValueError(f"{name}, a tuple, must hold tensors of at least one dimension; a list may hold batches")
    lengths = [len(tensor) for tensor in data]
    if len(set(lengths)) != 1:
        raise ValueError(f"{name} must be tensors with as many examples each, but they have {lengths}")
    if lengths[0] == 0:
        raise ValueError(f"{name} is empty: tensors of shapes {[tuple(tensor.shape) for tensor in data]}")


def _on_device(batch: Any, device: torch.device) -> tuple[Any, ...]:
    parts = tuple(batch) if isinstance(batch, tuple | list) else (batch,)
    return tuple(part.to(device) if isinstance(part, Tensor) else part for part in parts)


def _size_of(batch: tuple[Any, ...]) -> int:
    return len(batch[0]) if isinstance(batch[0], Tensor) and batch[0].ndim else 1


def _device_of(model: nn.Module) -> torch.device:
    return next((p.device for p in model.parameters()), torch.device("cpu"))


def _copy_of(model: nn.Module) -> dict[str, Any]:
    return {
        name: value.detach().clone() if isinstance(value, Tensor) else value
        for name, value in model.state_dict().items()
    }


class _Checkpoint:
    """Keeps and restores everything that the rest of a training depends on."""

    def __init__(
        self,
        path: str | os.PathLike[str] | None,
        model: nn.Module,
        optimizer: torch.optim.Optimizer,
        scheduler: Any,
        early_stopping: EarlyStopping | None,
        data: Data,
        device: torch.device,
        seed: int | None,
        batch_size: int | None,
    ) -> None:
        self.path = None if path is None else Path(path)
        self.parts = {"model": model, "optimizer": optimizer, "scheduler": scheduler, "early_stopping": early_stopping}
        self.device = device
        sources = (data, getattr(data, "sampler", None))
        found = [getattr(source, "generator", None) for source in sources]
        self.generators = [generator for generator in found if isinstance(generator, torch.Generator)]
        tensors = (data,) if isinstance(data, Tensor) else data
        self.identity = {
            "model": type(model).__name__,
            "optimizer": type(optimizer).__name__,
            "scheduler": type(scheduler).__name__,
            "early_stopping": early_stopping is not None,
            "data": str([tuple(tensor.shape) for tensor in tensors]) if isinstance(tensors, tuple) else "batches",
            "batch_size": batch_size if isinstance(tensors, tuple) else None,
            "seed": seed,
        }

    def keep(self, result: TrainingResult) -> None:
        """Write to a temporary file, then rename: whenever the process dies, the file is the old or the new one."""
        if self.path is None:
            return
        state = {
            "identity": self.identity,
            "result": {"history": result.history, "n_epochs": result.n_epochs, "stopped_early": result.stopped_early},
            "parts": {name: part.state_dict() for name, part in self.parts.items() if part is not None},
            "torch": torch.get_rng_state(),
            "accelerator": self._accelerator_state(),
            "python": random.getstate(),
            "generators": [generator.get_state() for generator in self.generators],
        }
        self.path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=self.path.parent, prefix=f".{self.path.name}-", suffix=".tmp")
        try:
            with os.fdopen(handle, "wb") as stream:
                torch.save(state, stream)
                stream.flush()
                os.fsync(stream.fileno())
            os.replace(temporary, self.path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    def resume(self, result: TrainingResult) -> None:
        """Restore the state if there is a checkpoint; complain about one that does not fit."""
        if self.path is None or not self.path.exists():
            return
        try:
            # Everything on the CPU: parts move their own tensors, and generator states must stay there.
            state = torch.load(self.path, map_location="cpu", weights_only=True)
            kept = state["identity"]
        except Exception as error:
            raise ValueError(f"{self.path} is not a checkpoint of this loop, or is damaged: {error}") from error
        differences = [
            f"{name} {kept.get(name)!r} there, {value!r} here"
            for name, value in self.identity.items()
            if kept.get(name) != value
        ]
        if differences:
            raise ValueError(f"the checkpoint {self.path} belongs to another training: {'; '.join(differences)}")
        for name, part in self.parts.items():
            if part is not None:
                try:
                    part.load_state_dict(state["parts"][name])
                except (RuntimeError, ValueError) as error:
                    raise ValueError(f"the {name} in the checkpoint {self.path} does not fit: {error}") from error
        torch.set_rng_state(state["torch"])
        self._set_accelerator_state(state["accelerator"])
        random.setstate(state["python"])
        for generator, generator_state in zip(self.generators, state["generators"]):
            generator.set_state(generator_state)
        for name, value in state["result"].items():
            setattr(result, name, value)

    def _accelerator_state(self) -> Tensor | None:
        if self.device.type == "cuda":
            return torch.cuda.get_rng_state(self.device)
        if self.device.type == "mps":
            return torch.mps.get_rng_state()
        return None

    def _set_accelerator_state(self, state: Tensor | None) -> None:
        if state is not None and self.device.type == "cuda":
            torch.cuda.set_rng_state(state, self.device)
        if state is not None and self.device.type == "mps":
            torch.mps.set_rng_state(state)
