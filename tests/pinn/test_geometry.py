"""Laws that every region obeys, whatever its shape."""

import numpy as np
import pytest
from scipy import stats

from nndl_support.pinn.geometry import Difference, Disk, Interval, Polygon, Rectangle, SpaceTime

STAR = [[0, 0], [3, 1], [5, -1], [4, 2], [5, 4], [3, 3.5], [2, 5], [1.5, 2.5]]
SHAPES = {
    "interval": Interval(-1, 2),
    "rectangle": Rectangle([1, -2], [4, 0]),
    "block": Rectangle([1, -2, 0], [3, 1, 5], names=("x", "y", "z")),
    "disk": Disk([1, -2], 1.5),
    "polygon": Polygon(STAR),
    "hole": Difference(Rectangle([0, 0], [5, 3]), Disk([1.5, 1.5], 1)),
    "two holes": Difference(Difference(Disk([0, 0], 3), Rectangle([-2, -1], [-1, 1])), Disk([1, 0], 1)),
    "gap": Difference(Interval(0, 5), Interval(1, 2)),
    "cut": Difference(Rectangle([0, 0], [5, 3]), Disk([5, 3], 2)),
    "hollow block": Difference(
        Rectangle([0, 0, 0], [2, 3, 5], names=("x", "y", "z")),
        Rectangle([0.5, 1, 1], [1, 2, 4], names=("x", "y", "z")),
    ),
}
DOMAINS = SHAPES | {f"{name} in time": SpaceTime(shape, -1, 2) for name, shape in SHAPES.items()}
EVERY = pytest.mark.parametrize("domain", DOMAINS.values(), ids=DOMAINS)
EVERY_SHAPE = pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
METHOD = pytest.mark.parametrize("method", ["sobol", "uniform", "grid"])


def rng(seed=0):
    return np.random.default_rng(seed)


@EVERY
@METHOD
def test_points_lie_inside_and_not_on_the_boundary(domain, method):
    points = domain.sample(211, method=method, rng=rng())
    assert points.shape[1] == domain.dimension == len(domain.names)
    assert domain.contains(points).all()
    assert not domain.on_boundary(points, tolerance=0).any()
    low, high = domain.bounds
    assert ((low < points) & (points < high)).all()


@EVERY
@METHOD
def test_boundary_points_lie_on_the_boundary_between_inside_and_outside(domain, method):
    points, normals = domain.sample_boundary(211, method=method, rng=rng())
    assert points.shape == normals.shape
    assert domain.on_boundary(points).all()
    assert domain.contains(points).all()
    np.testing.assert_allclose(np.linalg.norm(normals, axis=1), 1, rtol=1e-12)
    step = 1e-6
    assert not domain.contains(points + step * normals).any()
    # Close to a corner a step inwards may leave through the next edge; the chance of that is the step over the edge.
    inwards = points - step * normals
    assert (domain.contains(inwards) & ~domain.on_boundary(inwards)).mean() > 0.98


@EVERY
@pytest.mark.parametrize("method", ["sobol", "uniform"])
@pytest.mark.parametrize("n", [1, 2, 13, 257])
def test_as_many_points_come_as_were_asked_for(domain, method, n):
    assert domain.sample(n, method=method, rng=rng(n)).shape == (n, domain.dimension)
    points, normals = domain.sample_boundary(n, method=method, rng=rng(n))
    assert points.shape == normals.shape == (n, domain.dimension)


@EVERY
def test_a_grid_has_about_as_many_points_as_were_asked_for(domain):
    for n in (1, 2, 5):
        assert len(domain.sample(n, method="grid", rng=rng())) >= 1
        assert len(domain.sample_boundary(n, method="grid", rng=rng())[0]) >= 1
    n = 3000
    assert abs(len(domain.sample(n, method="grid", rng=rng())) / n - 1) < 0.2
    assert abs(len(domain.sample_boundary(n, method="grid", rng=rng())[0]) / n - 1) < 0.2


@EVERY
@METHOD
def test_the_divergence_theorem_holds_on_the_boundary_points(domain, method):
    """The flux of the field x through the boundary is d times the measure, and that of a constant field is 0."""
    points, normals = domain.sample_boundary(20000, method=method, rng=rng(3))
    d = domain.dimension - isinstance(domain, SpaceTime)
    centred = points - (domain.bounds[0] + domain.bounds[1]) / 2
    flux = (centred * normals).sum(axis=1)
    # Independent draws err by their standard error; the other two by less, but the grid also by its fit to the faces.
    error = 5 * domain.boundary_measure * flux.std() / np.sqrt(len(points)) + 0.02 * domain.measure
    assert abs(domain.boundary_measure * flux.mean() - d * domain.measure) < error
    assert np.abs(normals.mean(axis=0)).max() < 0.04


@EVERY
def test_the_measure_is_the_share_of_the_bounding_box(domain):
    low, high = domain.bounds
    box = low + rng(5).random((40000, domain.dimension)) * (high - low)
    share = domain.contains(box).mean()
    assert abs(share - domain.measure / np.prod(high - low)) < 0.0125  # five standard errors of a coin at its worst


@EVERY
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_uniform_points_fill_cells_in_proportion(domain, seed):
    """Pearson's chi-square over cells along each axis, expected counts from an independent sample of the box."""
    points = domain.sample(4000, method="uniform", rng=rng(seed))
    low, high = domain.bounds
    box = low + rng(99).random((400000, domain.dimension)) * (high - low)
    inside = box[domain.contains(box)]
    for axis in range(domain.dimension):
        edges = np.quantile(inside[:, axis], np.linspace(0, 1, 9))
        edges[[0, -1]] = low[axis], high[axis]
        counts, _ = np.histogram(points[:, axis], edges)
        assert counts.sum() == len(points)
        assert stats.chisquare(counts).pvalue > 1e-6


@EVERY
def test_sobol_points_estimate_a_mean_better_than_independent_ones(domain):
    """Spread over seeds of the mean of the coordinates: the even sequence must have less than half of it."""
    spread = {}
    for method in ("sobol", "uniform"):
        means = [domain.sample(512, method=method, rng=rng(seed)).mean(axis=0) for seed in range(12)]
        spread[method] = np.std(means, axis=0)
    assert (spread["sobol"] < 0.5 * spread["uniform"]).all()


@pytest.mark.parametrize("domain", [d for d in DOMAINS.values() if d.dimension > 1], ids=lambda d: type(d).__name__)
def test_sobol_boundary_points_are_spread_in_space_and_time_together(domain):
    """Products of two coordinates see a coupling of the two that each by itself would hide."""
    low, high = domain.bounds
    spread = {}
    for method in ("sobol", "uniform"):
        values = []
        for seed in range(12):
            points = (domain.sample_boundary(512, method=method, rng=rng(seed))[0] - low) / (high - low)
            values.append(np.mean(points[:, 0] * points[:, -1]))
        spread[method] = np.std(values)
    assert spread["sobol"] < 0.6 * spread["uniform"]


@EVERY
@METHOD
def test_the_seed_decides(domain, method):
    def draw(seed):
        return domain.sample(37, method=method, rng=rng(seed)), *domain.sample_boundary(
            37, method=method, rng=rng(seed)
        )

    for one, again in zip(draw(7), draw(7)):
        np.testing.assert_array_equal(one, again)
    same = np.array_equal(draw(7)[0], draw(8)[0])
    assert same == (method == "grid")


@EVERY
def test_successive_draws_from_one_generator_differ(domain):
    source = rng()
    assert not np.array_equal(domain.sample(16, rng=source), domain.sample(16, rng=source))


@pytest.mark.parametrize("n", [4, 7, 10, 35, 36, 100])
def test_a_grid_keeps_off_the_corners(n):
    for name, corners in (("rectangle", [[1, -2], [4, -2], [4, 0], [1, 0]]), ("polygon", STAR)):
        points, _ = SHAPES[name].sample_boundary(n, method="grid", rng=rng())
        assert len(points) == n
        assert np.linalg.norm(points[:, None] - np.array(corners), axis=2).min() > 0.4 / n


@EVERY_SHAPE
def test_the_normal_is_the_gradient_of_the_signed_distance(shape):
    points, normals = shape.sample_boundary(101, rng=rng(1))
    step = 1e-6
    shifts = step * np.eye(shape.dimension)
    slope = np.stack(
        [(shape.signed_distance(points + s) - shape.signed_distance(points - s)) / (2 * step) for s in shifts], axis=1
    )
    assert (np.abs(slope - normals).max(axis=1) < 1e-4).mean() > 0.97  # corners have no gradient


@EVERY_SHAPE
def test_no_boundary_point_is_nearer_than_the_signed_distance(shape):
    low, high = shape.bounds
    places = low - 1 + rng(2).random((53, shape.dimension)) * (high - low + 2)
    edge, _ = shape.sample_boundary(2000, rng=rng(3))
    nearest = np.linalg.norm(places[:, None] - edge, axis=2).min(axis=1)
    assert (np.abs(shape.signed_distance(places)) <= nearest + 1e-9).all()


@EVERY
@pytest.mark.parametrize(
    ("n", "options", "error", "message"),
    [
        (0, {}, ValueError, "n must be a whole number of at least 1, but is 0"),
        (2.5, {}, ValueError, "but is 2.5"),
        (True, {}, ValueError, "but is True"),
        (3, {"method": "halton"}, ValueError, "method must be 'sobol', 'uniform' or 'grid', but is 'halton'"),
        (3, {"rng": 0}, TypeError, "rng must be a numpy.random.Generator, but is 0"),
        (3, {"rng": np.random.RandomState(0)}, TypeError, "but is RandomState"),
    ],
)
def test_requests_that_cannot_be_met(domain, n, options, error, message):
    for sample in (domain.sample, domain.sample_boundary):
        with pytest.raises(error, match=message):
            sample(n, **({"rng": rng()} | options))


@EVERY
def test_points_of_another_shape_are_refused(domain):
    d, kind = domain.dimension, type(domain).__name__
    for ask in (domain.contains, domain.on_boundary):
        with pytest.raises(ValueError, match=f"points has {d + 2} columns, but {kind} has {d} coordinates: x"):
            ask(np.zeros((5, d + 2)))
        with pytest.raises(ValueError, match=rf"points has shape \(5,\), but {kind} expects \(N, {d}\): x"):
            ask(np.zeros(5))


@EVERY
def test_no_points_give_no_answers(domain):
    assert domain.contains(np.empty((0, domain.dimension))).shape == (0,)
