r"""What a stopping criterion would have done to a training that ran to its end: where it stops, what that costs, what it misses.

A recorded training is replayed under one criterion after the other, so that all of them are judged on the same curves.

Shapes: T epochs.

References
----------
Prechelt (1998), Automatic early stopping using cross validation: quantifying the criteria, Neural Networks 11(4),
https://doi.org/10.1016/S0893-6080(98)00010-0.

Examples
--------
>>> from nndl_support.training import UP
>>> falling = [1 / epoch for epoch in range(1, 16)]
>>> replay(UP(1), falling, falling, falling).stopped
False
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from nndl_support.training import EarlyStopping


class Outcome(NamedTuple):
    """What came of a criterion in one training.

    Attributes
    ----------
    n_epochs : int, epochs that were paid for
    best_epoch : int, the epoch (from 0) of the lowest validation error up to then, whose weights one would keep
    test_error : float, test error of that epoch
    stopped : bool, False when the training ended first
    """

    n_epochs: int
    best_epoch: int
    test_error: float
    stopped: bool


def replay(
    stopper: EarlyStopping, validation: Sequence[float], training: Sequence[float], test: Sequence[float]
) -> Outcome:
    """Show a recorded training to a criterion, epoch by epoch, until it stops.

    Parameters
    ----------
    stopper : EarlyStopping, GL, PQ or UP of :mod:`nndl_support.training`; it is reset first
    validation, training, test : sequences (T,) of errors

    Returns
    -------
    Outcome

    Examples
    --------
    >>> from nndl_support.training import GL
    >>> replay(GL(10), [1.0, 0.8, 0.9, 0.7], [1.0, 0.7, 0.5, 0.4], [1.1, 0.9, 1.0, 0.8])
    Outcome(n_epochs=3, best_epoch=1, test_error=0.9, stopped=True)
    """
    if not len(validation) == len(training) == len(test) > 0:
        raise ValueError(
            f"the curves have {len(validation)}, {len(training)} and {len(test)} epochs; expected equally many, at least one"
        )
    stopper.reset()
    stopped, n_epochs = False, 0
    for error, of_training in zip(validation, training):
        n_epochs += 1
        more: dict[str, Any] = {"training_value": of_training} if stopper.needs_training_value else {}
        stopped = stopper.update(error, **more)
        if stopped:
            break
    return Outcome(n_epochs, stopper.best_step, test[stopper.best_step], stopped)
