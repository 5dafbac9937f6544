"""The estimator: scikit-learn's checks, the rules it is made of, convergence, missing values, peers and mistakes."""

import warnings

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.datasets import make_blobs
from sklearn.utils.estimator_checks import parametrize_with_checks

from nndl_support import records
from nndl_support.classical.map_grid import adjacent_units, unit_distances, unit_positions
from nndl_support.classical.map_learning import batch_step, energy, initial_weights, online_step, smoothed_winners
from nndl_support.classical.map_neighbourhood import decay, neighbourhood
from nndl_support.classical.map_quality import best_matching_units, quantization_error, topographic_error
from nndl_support.classical.som import SelfOrganizingMap
from nndl_support.data.digits import load_digits


@parametrize_with_checks(
    [
        SelfOrganizingMap(shape=(1, 3), n_epochs=20, final_radius=0.3, random_state=0),
        SelfOrganizingMap(
            shape=(2, 2), algorithm="online", topology="hexagonal", n_epochs=10, final_radius=0.3, random_state=0
        ),
    ]
)
def test_self_organizing_map_is_a_scikit_learn_estimator(estimator, check):
    check(estimator)


@pytest.fixture(scope="module")
def square():
    return np.random.default_rng(0).uniform(size=(400, 2))


def blobs(n=150, width=4, seed=0):
    return make_blobs(n, width, centers=5, random_state=seed)[0]


@pytest.mark.parametrize("winner", ["nearest", "smoothed"])
@pytest.mark.parametrize("options", [{}, {"topology": "hexagonal", "toroidal": True}, {"neighbourhood": "bubble"}])
def test_batch_learning_is_batch_steps_with_a_shrinking_radius(winner, options):
    X = blobs()
    som = SelfOrganizingMap((4, 5), n_epochs=7, radius=2.5, final_radius=0.6, winner=winner, **options).fit(X)
    grid = {"topology": options.get("topology", "rectangular"), "toroidal": options.get("toroidal", False)}
    W = initial_weights(X, unit_positions((4, 5), grid["topology"]), "pca", np.random.RandomState(0))
    for radius in decay("exponential", 2.5, 0.6, np.arange(7) / 6):
        H = neighbourhood(options.get("neighbourhood", "gaussian"), unit_distances((4, 5), **grid), float(radius))
        winners = smoothed_winners(X, W, H) if winner == "smoothed" else best_matching_units(X, W)[:, 0]
        W = batch_step(X, W, winners, H)
    np.testing.assert_allclose(som.weights_, W, rtol=1e-12)
    np.testing.assert_array_equal(som.labels_, som.predict(X))
    assert som.n_iter_ == 7


def test_online_learning_is_online_steps_in_random_order():
    X = blobs(29)
    som = SelfOrganizingMap(
        (3, 4), algorithm="online", n_epochs=5, radius=2.0, final_radius=0.5, radius_decay="linear", random_state=3
    ).fit(X)
    rng = np.random.RandomState(3)
    W = initial_weights(X, unit_positions((3, 4)), "pca", rng)
    rates = decay("exponential", 0.5, 0.01, np.arange(5 * 29) / (5 * 29 - 1)).reshape(5, 29)
    for radius, epoch_rates in zip(np.linspace(2.0, 0.5, 5), rates):
        H = neighbourhood("gaussian", unit_distances((3, 4)), radius)
        for n, rate in zip(rng.permutation(29), epoch_rates):
            W = online_step(X[n], W, H[best_matching_units(X[n : n + 1], W)[0, 0]], rate)
    np.testing.assert_allclose(som.weights_, W, rtol=1e-12)


@pytest.mark.parametrize("algorithm", ["batch", "online"])
def test_partial_fit_called_once_for_every_epoch_is_fit(algorithm):
    X = blobs(43)
    settings = {"shape": (3, 4), "algorithm": algorithm, "n_epochs": 4, "random_state": 0}
    whole, pieces = SelfOrganizingMap(**settings).fit(X), SelfOrganizingMap(**settings)
    for _ in range(4):
        pieces.partial_fit(X)
    np.testing.assert_allclose(pieces.weights_, whole.weights_, rtol=1e-10, atol=1e-12)
    np.testing.assert_array_equal(pieces.labels_, whole.labels_)
    later = pieces.partial_fit(X[:7])
    assert later.n_iter_ == 5
    assert len(later.labels_) == 7


@pytest.mark.parametrize(
    "settings", [{"algorithm": "online"}, {"initialisation": "sample"}, {"initialisation": "random"}]
)
def test_the_same_seed_gives_the_same_map_and_another_one_another(settings):
    X = blobs(60)
    one, same, other = (
        SelfOrganizingMap((3, 4), n_epochs=3, random_state=seed, **settings).fit(X).weights_ for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(one, same)
    assert np.abs(one - other).max() > 1e-6


def test_batch_learning_from_principal_components_uses_no_chance_and_no_order():
    X = blobs(60)
    one = SelfOrganizingMap((3, 4)).fit(X)
    shuffled = SelfOrganizingMap((3, 4)).fit(X[np.random.default_rng(0).permutation(60)])
    np.testing.assert_allclose(shuffled.weights_, one.weights_, atol=1e-9)


def test_the_order_of_features_does_not_matter():
    X = blobs()
    order = [2, 0, 3, 1]
    one, permuted = (SelfOrganizingMap((3, 5)).fit(data) for data in (X, X[:, order]))
    np.testing.assert_array_equal(permuted.labels_, one.labels_)
    np.testing.assert_allclose(permuted.weights_, one.weights_[:, order], atol=1e-9)


def test_shifting_and_scaling_the_data_shifts_and_scales_the_map():
    X = blobs()
    one, moved = (SelfOrganizingMap((3, 5)).fit(data) for data in (X, 3.0 * X + 1000.0))
    np.testing.assert_allclose(moved.weights_, 3.0 * one.weights_ + 1000.0, rtol=1e-9)
    np.testing.assert_allclose(moved.u_matrix(), 3.0 * one.u_matrix(), rtol=1e-8)


@pytest.mark.parametrize("winner", ["nearest", "smoothed"])
@pytest.mark.parametrize("algorithm", ["batch", "online"])
def test_data_far_from_the_origin_lose_no_digits_but_their_own(algorithm, winner):
    X = blobs(60)
    settings = {"algorithm": algorithm, "winner": winner, "n_epochs": 10, "random_state": 0}
    one, far = (SelfOrganizingMap((3, 5), **settings).fit(data) for data in (X, X + 1e8))
    np.testing.assert_allclose(far.weights_ - 1e8, one.weights_, atol=1e-5)
    np.testing.assert_array_equal(far.labels_, one.labels_)


def unit_distances_in(W):
    return np.linalg.norm(W[:, None] - W[None], axis=2)


@pytest.mark.parametrize("algorithm", ["batch", "online"])
@pytest.mark.parametrize("topology", ["rectangular", "hexagonal"])
@pytest.mark.parametrize("seed", range(3))
def test_a_map_of_a_square_unfolds_from_a_random_start(square, algorithm, topology, seed):
    som = SelfOrganizingMap(
        (6, 6),
        algorithm=algorithm,
        topology=topology,
        initialisation="random",
        n_epochs=25,
        final_radius=0.8,
        random_state=seed,
    )
    first = som.partial_fit(square)
    start = initial_weights(square, unit_positions((6, 6), topology), "random", np.random.RandomState(seed))
    adjacent = adjacent_units((6, 6), topology)
    assert topographic_error(square, start, adjacent) > 0.5
    first_error = first.quantization_error(square)
    som.fit(square)
    assert som.topographic_error(square) < 0.05
    assert som.quantization_error(square) < 0.4 * first_error
    # Distances on the map follow those in the square, however the map lies in it.
    on_grid, in_square = unit_distances((6, 6), topology), unit_distances_in(som.weights_)
    assert np.corrcoef(on_grid.ravel(), in_square.ravel())[0, 1] > 0.9


def test_radius_zero_is_k_means():
    X = blobs(200, 3)
    som = SelfOrganizingMap((2, 4), radius=0.0, final_radius=0.0, radius_decay="linear", n_epochs=100).fit(X)
    start = initial_weights(X, unit_positions((2, 4)), "pca", np.random.RandomState(0))
    peer = KMeans(8, init=start, n_init=1, max_iter=100, tol=0, algorithm="lloyd").fit(X)
    assert len(np.unique(som.labels_)) == 8
    np.testing.assert_allclose(som.weights_, peer.cluster_centers_, rtol=1e-10)


def test_a_smaller_final_radius_fits_better_and_keeps_less_order():
    X = load_digits().X_train
    maps = [SelfOrganizingMap((8, 8), n_epochs=20, final_radius=radius).fit(X) for radius in (2.0, 1.0, 0.3)]
    assert (np.diff([som.quantization_error(X) for som in maps]) < -0.05).all()
    assert (np.diff([som.topographic_error(X) for som in maps]) > 0).all()


def test_with_smoothed_winners_and_one_radius_the_energy_of_a_fit_falls():
    X = blobs(100)
    H = neighbourhood("gaussian", unit_distances((3, 4)), 0.9)
    som = SelfOrganizingMap(
        (3, 4), winner="smoothed", radius=0.9, final_radius=0.9, initialisation="sample", random_state=0
    )
    energies = []
    for _ in range(15):
        W = som.partial_fit(X).weights_
        energies.append(energy(X, W, smoothed_winners(X, W, H), H))
    assert (np.diff(energies) <= 1e-12 * energies[0]).all()
    assert energies[-1] < energies[0]


@pytest.mark.parametrize("seed", range(3))
def test_a_torus_closes_a_ring_of_data_and_a_flat_line_does_not(seed):
    angle = np.linspace(0, 2 * np.pi, 300, endpoint=False)
    # With noise: on the exact circle the plane of the principal components would be settled by rounding errors.
    ring = np.column_stack([np.cos(angle), np.sin(angle)]) + 0.05 * np.random.default_rng(seed).normal(size=(300, 2))
    closed, flat = (SelfOrganizingMap((1, 24), toroidal=toroidal).fit(ring) for toroidal in (True, False))
    links = [np.linalg.norm(W - np.roll(W, 1, axis=0), axis=1) for W in (closed.weights_, flat.weights_)]
    assert links[0][0] < 1.4 * np.median(links[0])
    assert links[1][0] > 1.4 * np.median(links[1])
    assert closed.topographic_error(ring) < 0.005 < flat.topographic_error(ring)


def test_transform_gives_distances_and_predict_the_nearest(square):
    som = SelfOrganizingMap((3, 4), n_epochs=5).fit(square)
    distances = som.transform(square[:11])
    np.testing.assert_allclose(distances, np.linalg.norm(square[:11, None] - som.weights_[None], axis=2))
    np.testing.assert_array_equal(som.predict(square[:11]), distances.argmin(axis=1))
    assert som.quantization_error(square[:11]) == pytest.approx(distances.min(axis=1).mean())


def test_errors_are_those_of_the_functions_on_the_own_grid(square):
    som = SelfOrganizingMap((4, 5), topology="hexagonal", toroidal=True, n_epochs=3, final_radius=0.2).fit(square)
    adjacent = adjacent_units((4, 5), "hexagonal", toroidal=True)
    assert som.topographic_error(square) == topographic_error(square, som.weights_, adjacent) > 0
    assert som.quantization_error(square) == quantization_error(square, som.weights_)
    assert som.u_matrix().shape == (4, 5)


def test_positions_count_row_by_row():
    som = SelfOrganizingMap((3, 5))
    assert som.positions(7) == (1, 2)
    rows, columns = som.positions([[0, 4], [5, 14]])
    np.testing.assert_array_equal(rows, [[0, 0], [1, 2]])
    np.testing.assert_array_equal(columns, [[0, 4], [0, 4]])
    for units in (-1, 15, [0, 15], 1.0):
        with pytest.raises(ValueError, match="units must be whole numbers from 0 to 14, got"):
            som.positions(units)


def test_after_the_fit_the_grid_is_the_one_that_was_learnt(square):
    som = SelfOrganizingMap((2, 5), n_epochs=3).fit(square)
    before = som.topographic_error(square), som.u_matrix(), som.positions(7)
    for changes in ({"shape": (5, 2)}, {"toroidal": True}, {"topology": "hexagonal"}):
        som.set_params(**({"shape": (2, 5), "toroidal": False, "topology": "rectangular"} | changes))
        assert som.topographic_error(square) == before[0]
        np.testing.assert_array_equal(som.u_matrix(), before[1])
        assert som.positions(7) == before[2]
        with pytest.raises(
            ValueError, match=r"the map has learnt on the grid .*, but its parameters now say .*; use fit"
        ):
            som.partial_fit(square)
    assert som.fit(square).partial_fit(square).u_matrix().shape == (2, 5)


@pytest.mark.parametrize("algorithm", ["batch", "online"])
@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (5, 1)])
def test_chains_and_a_single_unit_learn_and_are_measured(algorithm, shape, square):
    som = SelfOrganizingMap(shape, algorithm=algorithm, n_epochs=10, random_state=0).fit(square)
    assert som.u_matrix().shape == shape
    if shape == (1, 1):
        np.testing.assert_array_equal(som.u_matrix(), [[0.0]])
        np.testing.assert_allclose(som.weights_[0], square.mean(axis=0), atol=0.05 if algorithm == "online" else 1e-12)
        return
    links = np.linalg.norm(np.diff(som.weights_, axis=0), axis=1)
    expected = [links[0], *(links[1:] + links[:-1]) / 2, links[-1]]
    np.testing.assert_allclose(som.u_matrix().ravel(), expected)
    nearest = som.transform(square).argsort(axis=1)[:, :2]
    assert som.topographic_error(square) == pytest.approx(np.mean(np.abs(np.diff(nearest, axis=1)) != 1))


def test_a_feature_may_go_missing_once_the_map_has_weights():
    X = blobs(40)
    som = SelfOrganizingMap((2, 3), n_epochs=4).partial_fit(X)
    column = som.weights_[:, 1].copy()
    X[:, 1] = np.nan
    som.partial_fit(X)
    np.testing.assert_allclose(som.weights_[:, 1], column)
    assert np.isfinite(som.weights_).all()
    known = [0, 2, 3]
    np.testing.assert_allclose(
        som.transform(X), np.linalg.norm(X[:, None, known] - som.weights_[None][..., known], axis=2)
    )
    np.testing.assert_array_equal(som.predict(X), som.transform(X).argmin(axis=1))
    assert som.quantization_error(X) == pytest.approx(som.transform(X).min(axis=1).mean())


@pytest.mark.parametrize("algorithm", ["batch", "online"])
@pytest.mark.parametrize("winner", ["nearest", "smoothed"])
def test_missing_entries_cost_little(algorithm, winner):
    rng = np.random.default_rng(0)
    latent = rng.uniform(size=(300, 2))
    X = latent @ rng.normal(size=(2, 6)) + 0.01 * rng.normal(size=(300, 6))
    holes = np.where(rng.random(X.shape) < 0.2, np.nan, X)
    holes = np.where(np.isnan(holes).all(axis=1)[:, None], X, holes)
    settings = {"shape": (5, 5), "algorithm": algorithm, "winner": winner, "n_epochs": 10, "random_state": 0}
    whole, damaged = (SelfOrganizingMap(**settings).fit(data) for data in (X, holes))
    assert np.isfinite(damaged.weights_).all()
    assert damaged.quantization_error(X) < 1.3 * whole.quantization_error(X)
    assert damaged.transform(holes).shape == (300, 25)
    assert damaged.predict(holes[:3]).shape == (3,)


@pytest.mark.parametrize("algorithm", ["batch", "online"])
@pytest.mark.parametrize(
    "X", [np.full((7, 3), 2.5), [[1.0, 2.0]], [[1.0], [2.0], [4.0]], np.column_stack([np.arange(9.0), np.ones(9)])]
)
def test_constant_features_single_rows_and_few_rows_are_fine(algorithm, X):
    som = SelfOrganizingMap((3, 4), algorithm=algorithm, n_epochs=4, random_state=0).fit(X)
    X = np.asarray(X)
    assert (som.weights_ >= X.min(axis=0) - 1e-9).all()
    assert (som.weights_ <= X.max(axis=0) + 1e-9).all()
    assert np.isfinite([som.quantization_error(X), som.topographic_error(X), *som.u_matrix().ravel()]).all()


@pytest.mark.parametrize("n_epochs", [1, 2])
def test_a_short_training_ends_at_the_final_radius(n_epochs):
    X = blobs(30)
    som = SelfOrganizingMap((2, 3), n_epochs=n_epochs, radius=9.0, final_radius=0.0, radius_decay="linear").fit(X)
    W = initial_weights(X, unit_positions((2, 3)), "pca", None)
    for radius in [0.0] if n_epochs == 1 else [9.0, 0.0]:
        H = neighbourhood("gaussian", unit_distances((2, 3)), radius)
        W = batch_step(X, W, best_matching_units(X, W)[:, 0], H)
    np.testing.assert_allclose(som.weights_, W, rtol=1e-10)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"shape": (0, 3)}, r"shape must be two whole numbers \(rows, columns\), both at least 1, got \(0, 3\)"),
        ({"shape": 9}, "shape must be two whole numbers"),
        ({"algorithm": "fast"}, r"algorithm must be one of \('batch', 'online'\), got 'fast'"),
        ({"topology": "cubic"}, "topology must be one of"),
        ({"topology": "hexagonal", "toroidal": True, "shape": (3, 4)}, "even number of rows, got 3"),
        ({"neighbourhood": "cone"}, "neighbourhood must be one of"),
        ({"neighbourhood": "mexican_hat"}, "the batch algorithm takes means.*use algorithm='online'"),
        ({"winner": "last"}, "winner must be one of"),
        ({"n_epochs": 0}, "n_epochs must be at least 1 and whole, got 0"),
        ({"n_epochs": 2.5}, "n_epochs must be at least 1 and whole"),
        ({"n_epochs": True}, "n_epochs must be at least 1 and whole"),
        ({"shape": (10,)}, r"shape must be two whole numbers .* got \(10,\)"),
        ({"radius": -1.0}, "radius must be finite and at least 0, got -1.0"),
        ({"final_radius": np.inf}, "final_radius must be finite"),
        ({"final_radius": 0.0}, "the exponential decay needs positive values.*use 'linear'"),
        ({"radius_decay": "cosine"}, "radius_decay must be one of"),
        ({"learning_rate": 0.0}, r"learning_rate must lie in \(0, 1\], got 0.0"),
        ({"final_learning_rate": 2}, "final_learning_rate must lie in"),
        ({"initialisation": "zeros"}, "initialisation must be one of"),
    ],
)
def test_parameters_out_of_range_are_named(parameters, message):
    with pytest.raises(ValueError, match=message):
        SelfOrganizingMap(**parameters).fit(blobs(20))


@pytest.mark.parametrize(
    ("X", "message"),
    [
        ([[1.0, 2.0], [np.nan, np.nan], [np.nan, np.nan]], "2 of 3 rows have no entry at all, the first is row 1"),
        ([[1.0, np.nan], [2.0, np.nan]], r"the features \[1\] are missing in all 2 rows"),
        ([[1.0, np.inf]], "infinity"),
        (np.zeros((0, 2)), "Found array with 0 sample"),
        ([["red", "blue"]], "could not convert string to float"),
    ],
)
def test_bad_data_are_named(X, message):
    with pytest.raises(ValueError, match=message):
        SelfOrganizingMap((2, 2)).fit(X)


def test_bad_data_after_the_fit_are_named(square):
    som = SelfOrganizingMap((1, 1), n_epochs=1).fit(square)
    with pytest.raises(ValueError, match="X has 3 features, but SelfOrganizingMap is expecting 2 features"):
        som.predict(np.zeros((1, 3)))
    with pytest.raises(ValueError, match="1 of 1 rows have no entry at all"):
        som.transform([[np.nan, np.nan]])
    with pytest.raises(ValueError, match="needs at least 2 units, but the map has 1"):
        som.topographic_error(square)


# The record of the benchmark ---------------------------------------------------------------------------------------------


def points(entries):
    return np.array([[e["quantization_error"], e["topographic_error"]] for e in entries])


def dominates(a, b):
    return (a <= b).all() and (a < b).any()


@pytest.fixture(scope="module")
def record():
    return records.load("classical/som_vs_peers")


def test_in_the_record_our_maps_dominate_every_one_of_minisom_and_susi_in_a_tenth_of_the_time(record):
    ours = points(record["maps"]["ours"])
    for peer in ("minisom", "susi"):
        assert len(record["maps"][peer]) >= 10
        for theirs in points(record["maps"][peer]):
            assert any(dominates(mine, theirs) for mine in ours)
        ratios = [s["ours"] / s[peer] for s in record["seconds"]]
        np.testing.assert_allclose(ratios, record["time_ratio"][peer])
        assert np.median(ratios) <= record["bars"]["time_ratio"]


def test_in_the_record_torchsom_dominates_none_of_our_best_maps(record):
    ours = points(record["maps"]["ours"] + record["maps"]["ours_long"])
    torchsom = points(record["maps"]["torchsom"])
    best = [mine for mine in ours if not any(dominates(other, mine) for other in ours)]
    assert not any(dominates(theirs, mine) for theirs in torchsom for mine in best)


@pytest.mark.parametrize("index", [0, -1, 57])
def test_our_maps_of_the_record_come_out_again(record, index):
    entry = record["maps"]["ours"][index]
    data = load_digits()
    X = np.vstack([data.X_train, data.X_test])
    som = SelfOrganizingMap(
        record["shape"], radius=entry["radius"], final_radius=entry["final_radius"], n_epochs=entry["n_epochs"]
    ).fit(X)
    # Another machine rounds otherwise, and a winner may change: the errors stay within a few per cent.
    assert som.quantization_error(X) == pytest.approx(entry["quantization_error"], rel=0.01)
    assert som.topographic_error(X) == pytest.approx(entry["topographic_error"], abs=0.015)


def test_means_of_the_record_are_those_of_its_runs(record):
    for entries in record["maps"].values():
        for entry in entries:
            np.testing.assert_allclose(
                np.mean(entry["runs"], axis=0), [entry["quantization_error"], entry["topographic_error"]]
            )


def test_a_minisom_map_of_the_record_comes_out_again(record):
    minisom = pytest.importorskip("minisom")
    entry = next(e for e in record["maps"]["minisom"] if e["sigma"] == 2.0 and e["learning_rate"] == 0.2)
    data = load_digits()
    X = np.vstack([data.X_train, data.X_test])
    som = minisom.MiniSom(
        *record["shape"], 64, sigma=2.0, learning_rate=0.2, decay_function=entry["decay"], random_seed=0
    )
    som.pca_weights_init(X)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        som.train(X, record["passes_of_peers"] * len(X), random_order=True)
    W = som.get_weights().reshape(-1, 64)
    assert quantization_error(X, W) == pytest.approx(entry["runs"][0][0], rel=0.01)
    assert topographic_error(X, W, adjacent_units(record["shape"])) == pytest.approx(entry["runs"][0][1], abs=0.015)
