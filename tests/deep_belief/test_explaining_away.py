import math

import numpy as np
import pytest
import torch

from nndl_support.deep_belief.explaining_away import earthquake_and_truck, total_correlation
from nndl_support.deep_belief.units import BernoulliUnits


def test_a_truck_explains_the_earthquake_away():
    network = earthquake_and_truck()
    states, p = network.posterior({2: 1})
    assert states[:, :2].int().tolist() == [[0, 0], [0, 1], [1, 0], [1, 1]]
    # by hand: the weight of a state is the product of its three factors
    s = lambda x: 1 / (1 + math.exp(-x))  # noqa: E731
    weight = np.array([s(10) ** 2 * s(-20), s(10) * s(-10) * s(0), s(-10) * s(10) * s(0), s(-10) ** 2 * s(20)])
    np.testing.assert_allclose(p, weight / weight.sum(), rtol=1e-10)
    earthquake = p[1] + p[3]
    after_the_truck = network.posterior({0: 1, 2: 1})[1][1]
    assert earthquake > 0.49
    assert after_the_truck < 1e-4


def test_causes_are_independent_before_the_effect_is_seen():
    states, p = earthquake_and_truck().posterior({})
    causes = torch.stack([p[(states[:, :2] == pair).all(1)].sum() for pair in BernoulliUnits(2).states()])
    assert abs(total_correlation(BernoulliUnits(2).states(), causes)) < 1e-15


def test_total_correlation_is_zero_for_products_and_else_the_divergence_written_out():
    states = BernoulliUnits(3).states()
    q = torch.tensor([0.2, 0.7, 0.9], dtype=torch.float64)
    product = torch.where(states.bool(), q, 1 - q).prod(1)
    assert abs(total_correlation(states, product)) < 1e-15
    p = torch.rand(5, 8, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    p /= p.sum(1, keepdim=True)
    for row, found in zip(p, total_correlation(states, p), strict=True):
        marginals = [sum(row[s] for s in range(8) if states[s, k]) for k in range(3)]
        expected = sum(
            row[s] * math.log(row[s] / math.prod(m if x else 1 - m for m, x in zip(marginals, states[s], strict=True)))
            for s in range(8)
        )
        assert found == pytest.approx(float(expected), abs=1e-12)


def test_no_product_is_closer_than_the_product_of_the_marginals():
    states, p = earthquake_and_truck().posterior({2: 1})
    states, best = states[:, :2], total_correlation(states[:, :2], p)
    for q in torch.rand(200, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64):
        product = torch.where(states.bool(), q, 1 - q).prod(1)
        assert (p * (p / product).log()).sum() >= best
