"""Covariate shift: the weighted loss is unbiased, weighting mends a wrong model and harms a right one."""

import numpy as np
import pytest
from scipy import integrate, stats

from nndl_support.optimization.covariate_shift import (
    LAW,
    NOISE,
    TEST,
    TRAIN,
    best_polynomial,
    draw,
    effective_sample_size,
    fit_polynomial,
    importance_weights,
    risk,
)


def fits(degree, flattening, n=300, seeds=60):
    found = []
    for seed in range(seeds):
        x, y = draw(n, TRAIN, rng=np.random.default_rng(seed))
        found.append(fit_polynomial(x, y, degree, importance_weights(x, TRAIN, TEST, flattening)))
    return np.array(found)


def test_the_density_is_the_normal_one():
    x = np.linspace(-2, 2, 11)
    np.testing.assert_allclose(TRAIN.density(x), stats.norm.pdf(x, 0.5, 0.5))


def test_the_risk_and_the_best_line_are_the_integrals():
    line = best_polynomial(1, TEST)
    # x^3 projected onto a line under N(0, s^2) is 3 s^2 x.
    np.testing.assert_allclose(line, [0, -1 + 3 * 0.3**2], atol=1e-12)
    square = lambda x: stats.norm.pdf(x, 0.5, 0.5) * (line[0] + line[1] * x - (x**3 - x)) ** 2  # noqa: E731
    assert risk(line, TRAIN) == pytest.approx(integrate.quad(square, -6, 7)[0])
    assert risk(LAW, TEST) == pytest.approx(0, abs=1e-20)


def test_the_weighted_loss_is_an_unbiased_estimate_of_the_loss_in_use():
    line = np.array([0.3, 0.7])
    x, _ = draw(400_000, TRAIN, rng=np.random.default_rng(0))
    squares = (line[0] + line[1] * x - (x**3 - x)) ** 2
    assert np.mean(importance_weights(x, TRAIN, TEST) * squares) == pytest.approx(risk(line, TEST), rel=0.01)
    assert np.mean(squares) == pytest.approx(risk(line, TRAIN), rel=0.02)


def test_weighting_leads_a_wrong_model_to_the_best_line_in_use_and_no_weighting_leads_elsewhere():
    plain, weighted = fits(1, 0.0, n=3000, seeds=20).mean(axis=0), fits(1, 1.0, n=3000, seeds=20).mean(axis=0)
    np.testing.assert_allclose(plain, best_polynomial(1, TRAIN), atol=0.05)
    np.testing.assert_allclose(weighted, best_polynomial(1, TEST), atol=0.05)
    assert risk(weighted, TEST) < risk(plain, TEST) / 5


def test_with_the_right_model_weighting_only_costs_variance():
    plain, weighted = fits(3, 0.0), fits(3, 1.0)
    np.testing.assert_allclose(plain.mean(axis=0), LAW, atol=0.15)
    mean_risk = [np.mean([risk(c, TEST) for c in group]) for group in (plain, weighted)]
    assert mean_risk[0] < mean_risk[1]


def test_the_effective_sample_size_counts_equal_weights_and_shrinks_with_unequal_ones():
    assert effective_sample_size(np.full(7, 3.0)) == pytest.approx(7)
    assert effective_sample_size([1.0, 0.0, 0.0]) == pytest.approx(1)
    x, _ = draw(1000, TRAIN, rng=np.random.default_rng(0))
    sizes = [effective_sample_size(importance_weights(x, TRAIN, TEST, f)) for f in (0, 0.5, 1)]
    assert sizes[0] == pytest.approx(1000)
    assert sizes[0] > sizes[1] > sizes[2]


def test_the_noise_is_as_announced_and_flattening_is_checked():
    x, y = draw(50_000, TRAIN, rng=np.random.default_rng(1))
    assert np.std(y - (x**3 - x)) == pytest.approx(NOISE, rel=0.02)
    with pytest.raises(ValueError, match=r"flattening must be in \[0, 1\], but is 2"):
        importance_weights(x, TRAIN, TEST, 2)
