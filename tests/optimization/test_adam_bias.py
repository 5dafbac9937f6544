"""The bias of a moving average that starts at zero: in closed form, by enumeration, by chance, and in Adam's steps."""

import itertools

import numpy as np
import pytest
import torch

from nndl_support.optimization.adam import Adam
from nndl_support.optimization.adam_bias import expected_average, moving_averages, step_lengths


def test_the_expectation_is_exact_by_enumeration_of_all_sequences():
    # Values -1 and 2 with probabilities 1/4 and 3/4: all 2^6 sequences of six.
    sequences = np.array(list(itertools.product([-1.0, 2.0], repeat=6))).T
    probability = np.where(sequences == 2.0, 0.75, 0.25).prod(axis=0)
    for beta in (0.0, 0.6, 0.9):
        averages = moving_averages(sequences, beta)
        np.testing.assert_allclose(averages @ probability, expected_average(1.25, beta, np.arange(1, 7)), rtol=1e-12)
        squares = moving_averages(sequences**2, beta)
        np.testing.assert_allclose(squares @ probability, expected_average(3.25, beta, np.arange(1, 7)), rtol=1e-12)


def test_corrected_averages_are_unbiased_for_random_gradients():
    g = np.random.default_rng(0).gamma(2.0, 1.5, size=(50, 40_000))
    t = np.arange(1, 51)[:, None]
    corrected = moving_averages(g, 0.9) / (1 - 0.9**t)
    error = corrected.std(axis=1) / np.sqrt(40_000)
    assert (np.abs(corrected.mean(axis=1) - 3.0) < 5 * error).all()
    raw = moving_averages(g, 0.9).mean(axis=1)
    assert abs(raw[0] - 0.3) < 0.01


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e3])
def test_the_step_lengths_are_adams(scale):
    theta = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    optimizer, path = Adam([theta], lr=0.25, betas=(0.8, 0.97), eps=0.0), [0.0]
    for _ in range(30):
        theta.grad = torch.full((1,), scale, dtype=torch.float64)
        optimizer.step()
        path.append(theta.item())
    np.testing.assert_allclose(-np.diff(path), 0.25 * step_lengths(0.8, 0.97, np.arange(1, 31)), rtol=1e-9)


@pytest.mark.parametrize(("correct_mean", "correct_square"), list(itertools.product([False, True], repeat=2)))
def test_the_step_lengths_of_halfway_corrected_forms(correct_mean, correct_square):
    g, t = np.full((40, 1), 7.0), np.arange(1, 41)[:, None]
    mean = moving_averages(g, 0.9) / (1 - 0.9**t if correct_mean else 1)
    square = moving_averages(g**2, 0.999) / (1 - 0.999**t if correct_square else 1)
    lengths = step_lengths(0.9, 0.999, t, correct_mean=correct_mean, correct_square=correct_square)
    np.testing.assert_allclose(mean / np.sqrt(square), lengths, rtol=1e-9)


def test_the_printed_form_with_the_uncorrected_square_starts_with_steps_thirty_times_too_long():
    printed = step_lengths(0.9, 0.999, 1, correct_square=False)
    assert printed == pytest.approx(np.sqrt(1000))
    assert step_lengths(0.9, 0.999, 1) == 1


def test_a_rate_outside_of_its_interval_is_refused():
    with pytest.raises(ValueError, match=r"beta is 1\.0; expected a number in \[0, 1\)"):
        moving_averages(np.zeros(3), 1.0)
