"""The table of architectures: which decisions are the same network, look-ups, the record, errors."""

import itertools

import numpy as np
import pytest
import torch
from torch import nn

from nndl_support import records
from nndl_support.data.digits import load_mnist_5k
from nndl_support.optimization.architecture_search import random_search
from nndl_support.optimization.architecture_table import (
    LAYERS,
    N_CHOICES,
    ArchitectureTable,
    canonical,
    describe,
    networks,
)

ALL = list(itertools.product(*map(range, N_CHOICES)))
TOY = ArchitectureTable({"validation": np.arange(1034.0).reshape(517, 2), "test": np.zeros((517, 2))})


def test_the_number_of_networks_by_counting():
    # No layer, where skipping is nothing; or one, two or three of six, with the skip or without.
    assert len(networks()) == 1 + 2 * (6 + 6**2 + 6**3) == 517
    assert len(ALL) == 686


def test_empty_slots_may_stand_anywhere():
    assert canonical((0, 4, 2, 1)) == canonical((4, 0, 2, 1)) == canonical((4, 2, 0, 1)) == (4, 2, 1)
    assert canonical((4, 2, 0, 1)) != canonical((2, 4, 0, 1))
    assert canonical((0, 0, 0, 1)) == canonical((0, 0, 0, 0))


def test_rows_and_rewards_agree_with_the_list_of_networks():
    for architecture in ALL[::17]:
        row = TOY.row(architecture)
        assert networks()[row] == canonical(architecture)
        assert TOY.reward(architecture, run=1) == 2 * row + 1
        assert TOY.reward(architecture) == 2 * row + 0.5


def test_the_threshold_is_reached_by_the_share():
    rewards = np.array([TOY.reward(a) for a in ALL])
    for share in (0.01, 0.1, 1.0):
        assert (rewards >= TOY.threshold(share)).sum() == pytest.approx(share * 686, abs=3)
    assert TOY.threshold(1.0) == rewards.min()


def test_evaluations_are_counted_from_one():
    best = max(ALL, key=TOY.reward)
    assert TOY.evaluations_to_reach([best], TOY.threshold(0.01)) == 1
    assert TOY.evaluations_to_reach([(0, 0, 0, 0), (0, 0, 0, 0), best], TOY.threshold(0.01)) == 3
    assert TOY.evaluations_to_reach([(0, 0, 0, 0)], TOY.threshold(0.01)) is None


def test_random_search_needs_as_long_as_a_geometric_distribution_says():
    threshold = TOY.threshold(0.1)
    share = np.mean([TOY.reward(a) >= threshold for a in ALL])
    needed = [
        TOY.evaluations_to_reach(
            random_search(TOY.reward, N_CHOICES, 200, np.random.default_rng(seed)).architectures, threshold
        )
        for seed in range(300)
    ]
    assert np.mean(needed) == pytest.approx(1 / share, abs=4 * np.sqrt(1 - share) / share / np.sqrt(300))


def test_networks_in_words():
    assert describe((0, 0, 0, 0)) == "linear"
    assert describe((1, 5, 0, 0)) == "8 relu, 64 tanh"
    assert describe((6, 0, 6, 1)) == "64 sigmoid, 64 sigmoid, skip"


def test_the_record_says_what_a_linear_network_reaches():
    """Train the simplest row again: the accuracy is that of the table but for rounding of float32."""
    record = records.load("optimization/architecture_table")
    setting, table = record["setting"], ArchitectureTable(record)
    assert table.validation.shape == (517, len(record["seeds"]))
    assert ((table.validation > 0.05) & (table.validation < 0.97)).all()
    digits = load_mnist_5k()
    x, y = torch.tensor(digits.X_train, dtype=torch.float32), torch.tensor(digits.y_train)
    n = setting["n_train"]
    torch.manual_seed(0)
    model = nn.Linear(784, 10)
    optimizer = torch.optim.Adam(model.parameters(), lr=setting["learning_rate"])
    generator = torch.Generator().manual_seed(0)
    for _ in range(setting["epochs"]):
        for rows in torch.randperm(n, generator=generator).split(setting["batch_size"]):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x[rows]), y[rows]).backward()
            optimizer.step()
    accuracy = float((model(x[n:]).argmax(dim=1) == y[n:]).double().mean())
    assert accuracy == pytest.approx(table.reward((0, 0, 0, 0), run=0), abs=0.01)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match=r"architecture is \(0, 0, 0\); expected four decisions"):
        canonical((0, 0, 0))
    with pytest.raises(
        ValueError, match=r"architecture is \(0, 7, 0, 0\); expected four decisions with \(7, 7, 7, 2\)"
    ):
        canonical((0, len(LAYERS), 0, 0))
    with pytest.raises(ValueError, match=r"shapes \(5, 2\) and \(5, 2\); expected \(517, R\)"):
        ArchitectureTable({"validation": np.zeros((5, 2)), "test": np.zeros((5, 2))})
    with pytest.raises(ValueError, match="share is 0"):
        TOY.threshold(0)


def test_half_a_decision_and_a_run_that_is_not_there_are_named():
    table = ArchitectureTable({name: np.zeros((517, 3)) for name in ("validation", "test")})
    with pytest.raises(ValueError, match=r"architecture is \(1.5, 0, 0, 0\); expected four decisions"):
        table.reward((1.5, 0, 0, 0))
    for run in (3, -1):
        with pytest.raises(ValueError, match=f"run is {run}; the table has the runs 0 to 2"):
            table.reward((0, 0, 0, 0), run=run)


def test_a_goal_that_is_reached_exactly_is_reached():
    goal = TOY.threshold(0.02)
    assert max(TOY.reward(a) for a in ALL) > goal
    exactly = next(a for a in ALL if TOY.reward(a) == goal)
    below = min(ALL, key=TOY.reward)
    assert TOY.evaluations_to_reach([below, exactly, below], goal) == 2
    assert TOY.evaluations_to_reach([below], goal) is None
