"""Replaying a recorded training under a stopping criterion: hand-made curves, and the record's curves again."""

import numpy as np
import pytest

from nndl_support import records
from nndl_support.optimization.stopping_study import replay
from nndl_support.training import GL, PQ, UP, EarlyStopping

VALIDATION = [1.0, 0.8, 0.9, 0.7, 0.75, 0.6]
TRAINING = [1.0, 0.7, 0.5, 0.4, 0.3, 0.2]
TEST = [1.1, 0.9, 1.0, 0.8, 0.85, 0.65]


def test_it_stops_where_the_generalisation_loss_first_exceeds_its_threshold():
    # The losses are 0, 0, 12.5, 0, 7.1 and 0 per cent.
    assert replay(GL(10), VALIDATION, TRAINING, TEST) == (3, 1, 0.9, True)
    assert replay(GL(12.6), VALIDATION, TRAINING, TEST) == (6, 5, 0.65, False)


def test_patience_is_judged_by_the_same_replay():
    assert replay(EarlyStopping(patience=1), VALIDATION, TRAINING, TEST) == (3, 1, 0.9, True)
    assert replay(EarlyStopping(patience=2), VALIDATION, TRAINING, TEST) == (6, 5, 0.65, False)


def test_the_criterion_is_reset_first_and_the_training_error_is_handed_over_where_it_is_needed():
    stopper = GL(10)
    assert replay(stopper, VALIDATION, TRAINING, TEST) == replay(stopper, VALIDATION, TRAINING, TEST)
    slow = [1.0] * 5 + [2.0] * 5
    # The training error stands still, so the progress is 0 and any generalisation loss is too much.
    assert replay(PQ(3.0), slow, [1.0] * 10, [1.0] * 10).stopped
    assert replay(PQ(3.0), slow, list(np.linspace(10, 1, 10)), [1.0] * 10).n_epochs >= 10


def test_a_criterion_that_counts_strips_needs_as_many_rises():
    rising = [float(i) for i in range(1, 21)]
    assert replay(UP(1), rising, rising, rising).n_epochs == 10
    assert replay(UP(2), rising, rising, rising).n_epochs == 15


def test_curves_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="the curves have 2, 1 and 2 epochs; expected equally many"):
        replay(GL(1), [1.0, 2.0], [1.0], [1.0, 2.0])
    with pytest.raises(ValueError, match="at least one"):
        replay(GL(1), [], [], [])


def test_on_the_recorded_curves_patient_criteria_cost_more_epochs():
    curves = records.load("optimization/early_stopping")["figures"]
    assert len(curves) >= 5
    means = []
    for alpha in (1.0, 5.0, 25.0):
        outcomes = [replay(GL(alpha), c["validation_loss"], c["train_loss"], c["test_error"]) for c in curves]
        means.append(np.mean([outcome.n_epochs for outcome in outcomes]))
    assert means == sorted(means)
