"""The claims of the section on using BP networks, each over several seeds."""  # D37, D38, I9, I10

import numpy as np
import pytest
from sklearn.datasets import load_sample_image
from sklearn.decomposition import PCA
from sklearn.metrics import log_loss

from nndl_support.backprop import strategies
from nndl_support.backprop.compression import image_to_blocks, peak_signal_to_noise_ratio
from nndl_support.backprop.escaping_minima import descend, multi_start, multi_well, multi_well_gradient
from nndl_support.backprop.many_networks import n_parameters, squared_error, squared_error_gradient
from nndl_support.backprop.mlp import MLPClassifier, MLPRegressor
from nndl_support.data.digits import load_digits, load_mnist_5k
from nndl_support.data.letters import distort, load_letters

X_XOR, Y_XOR = np.array([[0, 0], [0, 1], [1, 0], [1, 1]]), np.array([0, 1, 1, 0])


def xor_error(theta):
    return squared_error(theta, X_XOR, Y_XOR)


def xor_gradient(theta):
    return squared_error_gradient(theta, X_XOR, Y_XOR)


@pytest.fixture(scope="module")
def blocks():
    pytest.importorskip("PIL")
    image = np.asarray(load_sample_image("china.jpg")) @ [0.299, 0.587, 0.114] / 255
    return image_to_blocks(image, 8)


@pytest.mark.parametrize("seed", range(3))
def test_an_s_shaped_output_never_beats_the_bound_that_its_limits_set(seed):  # D38
    x = np.linspace(-np.pi, np.pi, 61)[:, None]
    y = 1.5 * np.sin(x[:, 0])
    bound = np.mean((y - np.clip(y, -1, 1)) ** 2)
    shared = {"activation": "tanh", "learning_rate": 0.05, "max_epochs": 600, "alpha": 0, "random_state": seed}
    bounded = MLPRegressor(15, output_activation="tanh", **shared).fit(x, y)
    linear = MLPRegressor(15, output_activation="identity", **shared).fit(x, y)
    assert np.mean((bounded.predict(x) - y) ** 2) >= bound > np.mean((linear.predict(x) - y) ** 2)
    assert np.abs(bounded.predict(100 * x)).max() <= 1


@pytest.mark.parametrize("seed", range(3))
def test_letters_learnt_under_noise_are_read_better_and_nobody_beats_bayes(seed):
    letters, rng = load_letters(("DejaVuSans",)), np.random.default_rng(seed)
    shared = {"activation": "logistic", "random_state": seed}
    clean = MLPClassifier(60, update="accumulated", learning_rate=0.5, max_epochs=400, **shared)
    clean.fit(np.repeat(letters.X, 2, axis=0), np.repeat(letters.y, 2))
    trained = MLPClassifier(60, learning_rate=0.1, alpha=0, **shared)
    for _ in range(50):
        trained.partial_fit(distort(letters.X, 30, noise=0.8, rng=rng), np.repeat(letters.y, 30), classes=np.arange(26))
    X, y = distort(letters.X, 100, noise=0.6, rng=rng), np.repeat(letters.y, 100)
    template = ((letters.X**2).sum(axis=1) - 2 * X @ letters.X.T).argmin(axis=1)
    bayes = np.mean(template != y)
    assert bayes < 1 - trained.score(X, y) < 0.7 * (1 - clean.score(X, y))
    assert clean.score(letters.X, letters.y) == trained.score(letters.X, letters.y) == 1.0


def test_early_stopping_and_a_penalty_help_against_wrong_labels():  # I9
    mnist = load_mnist_5k()
    scores = []
    for seed in range(2):
        rng = np.random.default_rng(seed)
        X, labels = mnist.X_train[:1000], mnist.y_train[:1000].copy()
        redrawn = rng.random(1000) < 0.3
        labels[redrawn] = rng.integers(10, size=redrawn.sum())
        shared = {"learning_rate": 0.02, "max_epochs": 40, "random_state": seed}
        models = [
            MLPClassifier(50, alpha=0, **shared),
            MLPClassifier(50, alpha=0, early_stopping=True, validation_fraction=0.2, patience=8, **shared),
            MLPClassifier(50, alpha=0.03, **shared),
        ]
        scores.append([model.fit(X, labels).score(mnist.X_test, mnist.y_test) for model in models])
    to_the_end, stopped, penalised = np.mean(scores, axis=0)
    assert stopped > to_the_end + 0.02
    assert penalised > to_the_end + 0.02


def test_on_clean_labels_a_penalty_changes_confidence_more_than_accuracy():
    mnist = load_mnist_5k()
    accuracy, loss = [], []
    for alpha in (0.0, 3e-3):
        model = MLPClassifier(50, alpha=alpha, learning_rate=0.02, max_epochs=30, random_state=0)
        p = model.fit(mnist.X_train[:1000], mnist.y_train[:1000]).predict_proba(mnist.X_test)
        accuracy.append(np.mean(p.argmax(axis=1) == mnist.y_test))
        loss.append(log_loss(mnist.y_test, p))
    assert abs(accuracy[1] - accuracy[0]) < 0.015
    assert loss[1] < 0.9 * loss[0]


def test_a_linear_autoencoder_ends_in_the_principal_subspace(blocks):  # D37
    n_units = 4
    scaled = (blocks - blocks.mean()) / 0.25
    model = MLPRegressor(
        n_units, activation="identity", learning_rate=0.001, max_epochs=60, schedule="linear", alpha=0, random_state=0
    ).fit(scaled, scaled)
    pca = PCA(n_units).fit(blocks)
    optimum = peak_signal_to_noise_ratio(blocks, pca.inverse_transform(pca.transform(blocks)))
    reached = peak_signal_to_noise_ratio(blocks, model.predict(scaled) * 0.25 + blocks.mean())
    assert optimum - 0.1 < reached <= optimum
    # The two subspaces have small angles: singular values of the product of their orthonormal bases are cosines.
    basis = np.linalg.qr(model.coefs_[1].T)[0]
    cosines = np.linalg.svd(pca.components_ @ basis, compute_uv=False)
    assert cosines.min() > 0.98


def test_curved_units_go_beyond_principal_components_on_digits():
    digits = load_digits()
    model = MLPRegressor(
        (128, 4, 128),
        activation=("tanh", "identity", "tanh"),
        output_activation="logistic",
        learning_rate=0.02,
        max_epochs=60,
        schedule="linear",
        alpha=0,
        random_state=1,
    ).fit(digits.X_train, digits.X_train)
    copy = model.predict(digits.X_test)
    pca = PCA(4).fit(digits.X_train)
    bound = np.mean((pca.inverse_transform(pca.transform(digits.X_test)) - digits.X_test) ** 2)
    assert np.mean((copy - digits.X_test) ** 2) < 0.8 * bound
    assert np.all((copy > 0) & (copy < 1))


def test_xor_networks_get_stuck_at_the_levels_that_arithmetic_predicts():  # I10
    starts = np.random.default_rng(5).normal(size=(300, n_parameters(2, 2)))
    errors = xor_error(descend(xor_gradient, starts, learning_rate=10.0, n_steps=2000)[-1])
    stuck = errors > 0.02
    assert 0.15 < stuck.mean() < 0.4
    nearest = np.abs(errors[stuck][:, None] - [1 / 16, 1 / 12, 1 / 8]).min(axis=1)
    assert np.mean(nearest < 0.005) > 0.9


def test_restarts_fail_with_the_power_of_their_number():
    rng = np.random.default_rng(0)
    starts = rng.normal(size=(150, 3, n_parameters(2, 2)))
    ends = descend(xor_gradient, starts, learning_rate=10.0, n_steps=800)[-1]
    single = np.mean(xor_error(ends) > 0.02)
    best = multi_start(xor_error, xor_gradient, starts, learning_rate=10.0, n_steps=800)
    # Independent starts: p^3, within three standard errors.
    assert np.mean(best.value > 0.02) == pytest.approx(single**3, abs=3 * np.sqrt(single**3 / 150))


def test_more_hidden_units_leave_fewer_networks_stuck():
    share = []
    for n_hidden in (2, 4, 8):
        starts = np.random.default_rng(1).normal(size=(200, n_parameters(2, n_hidden)))
        share.append(np.mean(xor_error(descend(xor_gradient, starts, learning_rate=10.0, n_steps=1200)[-1]) > 0.02))
    assert share[0] > 0.15
    assert share[1] < 0.05
    assert share[2] < 0.02


def test_the_genetic_algorithm_loses_its_lead_when_the_landscape_is_rotated():
    turn = np.array([[1.0, -1.0], [1.0, 1.0]]) / np.sqrt(2)
    settings = strategies.Settings(
        0.04, 20, 20, noise=8.0, step=2.0, temperatures=(1.0, 0.1), population=20, mutation_scale=2.0
    )
    x = np.linspace(-6, 6, 1201)[:, None]
    lowest = np.full(2, x[multi_well(x).argmin(), 0])
    success = []
    for rotation in (np.eye(2), turn):
        results = strategies.compare_strategies(
            lambda z, Q=rotation: multi_well(z @ Q.T),
            lambda z, Q=rotation: multi_well_gradient(z @ Q.T) @ Q,
            lambda shape, rng: rng.uniform(-6, 6, (*shape, 2)),
            settings,
            budget=1000,
            n_runs=200,
            rng=np.random.default_rng(0),
        )
        hits = {k: np.mean(np.all(np.abs(v.x - lowest @ rotation) < 0.1, axis=1)) for k, v in results.items()}
        success.append(hits)
    assert success[0]["genetic"] > 0.9 > 0.75 > success[1]["genetic"]
    assert abs(success[0]["annealing"] - success[1]["annealing"]) < 0.15
    assert success[0]["annealing"] > success[0]["one descent"] + 0.4
