"""Parzen estimators: they integrate to one, samples follow them, hand-made widths and tables, errors."""

import itertools

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import kstest, truncnorm

from nndl_support.optimization.parzen import (
    CategoryKernels,
    GaussianKernels,
    LevelKernels,
    ParzenDensity,
    bandwidths,
)

THIRDS = np.array([1 / 3, 2 / 3, 1.0])
RNG = np.random.default_rng(0)
POINTS = RNG.random((7, 1))


def test_cut_gaussians_are_those_of_scipy():
    means, widths = np.array([0.0, 0.3, 0.95]), np.array([0.2, 0.05, 1.0])
    u = np.linspace(0, 1, 11)
    peer = truncnorm(-means / widths, (1 - means) / widths, means, widths)
    np.testing.assert_allclose(GaussianKernels(means, widths).log_density(u), peer.logpdf(u[:, None]), rtol=1e-10)


@pytest.mark.parametrize("n_points", [0, 1, 2, 7])
def test_a_density_integrates_to_one(n_points):
    density = ParzenDensity(POINTS[:n_points], [None], [False])
    integral, _ = quad(lambda u: float(np.exp(density.log_density([[u]])[0])), 0, 1, limit=500, epsabs=1e-10)
    assert integral == pytest.approx(1.0, abs=1e-8)


@pytest.mark.parametrize("unordered", [False, True])
@pytest.mark.parametrize("joint", [False, True])
def test_probabilities_of_all_values_sum_to_one(unordered, joint):
    points = RNG.random((5, 2))
    density = ParzenDensity(points, [THIRDS, np.array([0.2, 1.0])], [unordered, False], joint=joint)
    values = list(itertools.product([1 / 6, 1 / 2, 5 / 6], [0.1, 0.6]))
    assert np.exp(density.log_density(values)).sum() == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize("joint", [False, True])
def test_a_density_of_mixed_dimensions_integrates_to_one(joint):
    points = RNG.random((5, 2))
    density = ParzenDensity(points, [None, THIRDS], [False, True], joint=joint)
    total = sum(
        quad(lambda u, v=v: float(np.exp(density.log_density([[u, v]])[0])), 0, 1, limit=200)[0]
        for v in (0.1, 0.5, 0.9)
    )
    assert total == pytest.approx(1.0, abs=1e-7)


def test_the_two_forms_are_a_sum_of_products_and_a_product_of_sums():
    points, u = RNG.random((5, 2)), RNG.random((11, 2))
    columns = [ParzenDensity(points[:, d : d + 1], [None], [False]) for d in range(2)]
    independent = ParzenDensity(points, [None, None], [False, False], joint=False).log_density(u)
    np.testing.assert_allclose(independent, sum(c.log_density(u[:, d : d + 1]) for d, c in enumerate(columns)))
    joint = ParzenDensity(points, [None, None], [False, False], joint=True)
    by_hand = np.zeros(11)
    for k, weight in enumerate(joint.weights):
        by_hand += weight * np.prod(
            [np.exp(kernels.log_density(u[:, d])[:, k]) for d, kernels in enumerate(joint.kernels)], axis=0
        )
    np.testing.assert_allclose(joint.log_density(u), np.log(by_hand), rtol=1e-12)


def test_only_the_joint_form_remembers_what_was_good_together():
    diagonal = np.array([[0.1, 0.1], [0.9, 0.9]] * 10)
    corner = np.array([[0.1, 0.9]])
    joint, independent = (
        ParzenDensity(diagonal, [None, None], [False, False], joint=joint).log_density(corner)[0]
        for joint in (True, False)
    )
    assert joint < independent - 2


@pytest.mark.parametrize("joint", [False, True])
def test_samples_follow_the_density(joint):
    density = ParzenDensity(RNG.random((5, 2)), [None, THIRDS], [False, True], joint=joint)
    sampled = density.sample(20_000, np.random.default_rng(1))
    for value in (1 / 6, 1 / 2, 5 / 6):
        chosen = np.isclose(sampled[:, 1], value)
        p = quad(lambda u, v=value: float(np.exp(density.log_density([[u, v]])[0])), 0, 1, limit=200)[0]
        assert abs(chosen.mean() - p) < 4 * np.sqrt(p * (1 - p) / 20_000)
        # Given the value, the first coordinate has the conditional density.
        below = quad(lambda u, v=value: float(np.exp(density.log_density([[u, v]])[0])), 0, 0.4, limit=200)[0] / p
        share = (sampled[chosen, 0] < 0.4).mean()
        assert abs(share - below) < 4 * np.sqrt(below * (1 - below) / chosen.sum())


def test_samples_of_one_kernel_are_those_of_scipy():
    kernels = GaussianKernels([0.9], [0.3])
    sampled = kernels.sample(np.zeros(5000, dtype=int), np.random.default_rng(0))
    assert kstest(sampled, truncnorm(-3.0, 1 / 3, 0.9, 0.3).cdf).pvalue > 1e-3


def test_widths_by_hand():
    np.testing.assert_allclose(bandwidths([0.5, 0.1, 0.9, 0.2]), [0.4, 0.1, 0.4, 0.3])
    np.testing.assert_allclose(bandwidths([0.2]), [0.8])
    np.testing.assert_allclose(bandwidths([0.2, 0.2, 0.9], smallest=0.05), [0.05, 0.7, 0.7])
    assert bandwidths([]).shape == (0,)


def test_levels_have_the_mass_of_their_intervals():
    mass = LevelKernels([0.4], [0.3], THIRDS).probabilities[0]
    cut = truncnorm(-0.4 / 0.3, 0.6 / 0.3, 0.4, 0.3).cdf(np.append(0.0, THIRDS))
    np.testing.assert_allclose(mass, np.diff(cut), rtol=1e-12)


def test_far_levels_keep_a_finite_logarithm():
    assert np.isfinite(LevelKernels([0.0], [0.001], THIRDS).log_density([0.9])).all()


def test_the_table_of_a_category_by_hand():
    table = CategoryKernels([0.5, 0.9], THIRDS, spread=0.3).probabilities
    np.testing.assert_allclose(table, [[0.1, 0.8, 0.1], [0.1, 0.1, 0.8], [1 / 3, 1 / 3, 1 / 3]])


def test_categories_that_were_never_seen_stay_possible_and_ever_less_so():
    for n in (3, 30, 300):
        density = ParzenDensity(np.full((n, 1), 0.1), [THIRDS], [True])
        never = np.exp(density.log_density([[0.5]])[0])
        assert 0 < never < 2 / n


def test_bad_input_is_named():
    with pytest.raises(ValueError, match=r"means and widths have shapes \(2,\) and \(3,\)"):
        GaussianKernels([0.1, 0.2], [0.1, 0.2, 0.3])
    with pytest.raises(ValueError, match="means must lie between 0 and 1"):
        GaussianKernels([1.1], [0.1])
    with pytest.raises(ValueError, match="widths must be positive"):
        GaussianKernels([0.1], [0.0])
    with pytest.raises(ValueError, match="spread must be positive and at most 1, not 0"):
        CategoryKernels([0.1], THIRDS, spread=0)
    with pytest.raises(
        ValueError, match=r"points has shape \(7, 1\), but ends and unordered describe 2 and 2 dimensions"
    ):
        ParzenDensity(POINTS, [None, None], [False, False])
    with pytest.raises(ValueError, match="prior_weight must be positive"):
        ParzenDensity(POINTS, [None], [False], prior_weight=0.0)


@pytest.mark.parametrize(("n_points", "narrowest"), [(2, 1 / 4), (5, 1 / 7), (300, 1 / 100)])
def test_points_that_coincide_get_the_smallest_width_and_the_prior_is_wide(n_points, narrowest):
    kernels = ParzenDensity(np.full((n_points, 1), 0.3), [None], [False]).kernels[0]
    np.testing.assert_allclose(kernels.widths, [narrowest] * n_points + [1.0])
    np.testing.assert_allclose(kernels.means, [0.3] * n_points + [0.5])


def test_the_prior_of_a_category_is_worth_its_weight_in_observations():
    # Three observations and a prior of weight 2: of every table 2/5 are spread evenly over the two values.
    ends = np.array([0.5, 1.0])
    tables = ParzenDensity([[0.1], [0.1], [0.9]], [ends], [True], prior_weight=2.0)
    np.testing.assert_allclose(tables.kernels[0].probabilities, [[0.8, 0.2], [0.8, 0.2], [0.2, 0.8], [0.5, 0.5]])
    np.testing.assert_allclose(tables.weights, [0.2, 0.2, 0.2, 0.4])
