import copy
import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.utils.estimator_checks import parametrize_with_checks

from nndl_support import records
from nndl_support.classical.elman import ElmanNetwork, cut_into_streams, sequence_starts
from nndl_support.classical.elman_cell import Weights, hidden_states, truncated_gradient
from nndl_support.classical.letter_sequences import encode, letter_sequence
from nndl_support.classical.temporal_xor import (
    ENTROPY_BOUND,
    delayed_xor,
    learn_from_fresh_bits,
    signed,
    temporal_xor_bits,
)
from nndl_support.data.sunspots import lagged, load_sunspots

T, D, H, K = 23, 3, 7, 2
RNG = np.random.default_rng(0)
X = RNG.normal(size=(T, D))
TARGETS = {"identity": RNG.normal(size=(T, K)), "logistic": RNG.random((T, K)), "softmax": np.eye(K)[np.arange(T) % 2]}

ORDER_MATTERS = "rows are time steps: the output after a row depends on the rows above it"


@parametrize_with_checks(
    [
        ElmanNetwork(hidden_size=7, max_epochs=4),
        ElmanNetwork(hidden_size=7, max_epochs=4, n_streams=3, feedback="output", context_decay=0.5),
    ],
    expected_failed_checks=lambda estimator: {
        "check_methods_sample_order_invariance": ORDER_MATTERS,
        "check_methods_subset_invariance": ORDER_MATTERS,
    },
)
def test_the_network_keeps_the_rules_of_scikit_learn(estimator, check):
    check(estimator)


# --- against torch -----------------------------------------------------------------------------------------------------


def torch_training(network, X, y, *, starts, n_streams, n_passes):
    """The same training by autograd: RNN cell, detached state, SGD with momentum. Returns the five arrays."""
    cell = torch.nn.RNNCell(D, H, dtype=torch.float64)
    head = torch.nn.Linear(H, K, dtype=torch.float64)
    with torch.no_grad():
        cell.bias_hh.zero_()
        cell.bias_hh.requires_grad_(False)
        for theirs, ours in (
            (cell.weight_ih, network.W_.T),
            (cell.weight_hh, network.U_.T),
            (cell.bias_ih, network.b_),
            (head.weight, network.V_.T),
            (head.bias, network.a_),
        ):
            theirs.copy_(torch.tensor(ours))
    parameters = [p for p in (*cell.parameters(), *head.parameters()) if p.requires_grad]
    sgd = torch.optim.SGD(parameters, lr=network.learning_rate, momentum=network.momentum)
    losses = {
        "identity": lambda net, t: 0.5 * ((net - t) ** 2).sum(),
        "logistic": lambda net, t: torch.nn.functional.binary_cross_entropy_with_logits(net, t, reduction="sum"),
        "softmax": lambda net, t: torch.nn.functional.cross_entropy(net, t, reduction="sum"),
    }
    pieces = np.array_split(np.arange(len(X)), n_streams)
    for _ in range(n_passes):
        h = torch.zeros(n_streams, H, dtype=torch.float64)
        for t in range(len(pieces[0])):
            rows = np.array([piece[t] for piece in pieces if t < len(piece)])
            h = h[: len(rows)].detach() * torch.tensor(~starts[rows], dtype=torch.float64)[:, None]
            h = cell(torch.tensor(X[rows]), h)
            sgd.zero_grad()
            (losses[network.output](head(h), torch.tensor(y[rows])) / len(rows)).backward()
            sgd.step()
    theirs = cell.weight_ih.T, cell.weight_hh.T, cell.bias_ih, head.weight.T, head.bias
    return [part.detach().numpy() for part in theirs]


@pytest.mark.parametrize("output", ["identity", "logistic", "softmax"])
@pytest.mark.parametrize(("n_streams", "lengths"), [(1, None), (1, [9, 14]), (5, None), (3, [9, 14])])
def test_online_training_leaves_the_weights_of_torch_truncated_to_one_step(output, n_streams, lengths):
    network = ElmanNetwork(H, output=output, learning_rate=0.1, momentum=0.7, n_streams=n_streams, random_state=1)
    y = TARGETS[output]
    network.set_params(learning_rate=1e-300).partial_fit(X, y)  # draws the weights and does not move them
    network.set_params(learning_rate=0.1)
    starts = sequence_starts(T, lengths)
    theirs = torch_training(network, X, y, starts=starts, n_streams=n_streams, n_passes=2)
    before = network.W_
    for _ in range(2):
        network.partial_fit(X, y, lengths=lengths)
    ours = network.W_, network.U_, network.b_, network.V_, network.a_
    assert np.abs(network.W_ - before).max() > 0.01
    for one, other in zip(ours, theirs):
        np.testing.assert_allclose(one, other, rtol=0, atol=1e-12)


def test_hidden_states_of_the_fitted_network_are_those_of_the_cell():
    network = ElmanNetwork(H, max_epochs=3, random_state=0).fit(X, TARGETS["identity"])
    states = network.hidden_states(X)
    np.testing.assert_allclose(states, hidden_states(X, network.W_, network.U_, network.b_), rtol=0, atol=1e-14)
    np.testing.assert_allclose(network.predict(X), states @ network.V_ + network.a_, rtol=0, atol=1e-14)


# --- contexts, sequences, streams --------------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", ["tanh", "logistic"])
def test_jordans_context_is_a_decaying_sum_of_outputs(activation):
    network = ElmanNetwork(
        H, activation=activation, output="logistic", feedback="output", context_decay=0.6, max_epochs=2, random_state=0
    ).fit(X, TARGETS["logistic"])
    assert network.U_.shape == (K, H)
    f = np.tanh if activation == "tanh" else lambda z: 1 / (1 + np.exp(-z))
    context, outputs = np.full(K, 0.5), []
    for x in X:
        h = f(x @ network.W_ + context @ network.U_ + network.b_)
        outputs.append(1 / (1 + np.exp(-(h @ network.V_ + network.a_))))
        context = 0.6 * context + outputs[-1]
    np.testing.assert_allclose(network.predict(X), outputs, rtol=0, atol=1e-13)


@pytest.mark.parametrize("n_streams", [1, 2])
@pytest.mark.parametrize("feedback", ["hidden", "output"])
def test_training_reads_the_context_that_prediction_reads(feedback, n_streams):
    """One pass at a rate of nothing: the losses on the way are those of the finished network."""
    network = ElmanNetwork(
        H, feedback=feedback, context_decay=0.4, learning_rate=1e-300, n_streams=n_streams, random_state=0
    )
    y, lengths = TARGETS["identity"], [12, 11]  # where two streams are cut, too
    network.partial_fit(X, y, lengths=lengths)
    np.testing.assert_allclose(network.loss_curve_, network.losses(X, y, lengths=lengths).mean(), rtol=1e-12)
    assert abs(network.losses(X, y).mean() - network.loss_curve_[0]) > 1e-6


def test_lengths_separate_sequences():
    network = ElmanNetwork(H, max_epochs=3, random_state=0).fit(X, TARGETS["identity"], lengths=[9, 14])
    together = network.predict(X, lengths=[9, 14])
    np.testing.assert_array_equal(together[:9], network.predict(X[:9]))
    np.testing.assert_array_equal(together[9:], network.predict(X[9:]))
    assert np.abs(network.predict(X)[9:] - together[9:]).max() > 1e-3
    np.testing.assert_array_equal(network.hidden_states(X, lengths=[9, 14])[9:], network.hidden_states(X[9:]))


def test_streams_average_their_gradients_and_a_shorter_one_ends_earlier():
    network = ElmanNetwork(H, learning_rate=1e-300, momentum=0.0, n_streams=3, random_state=0)
    X7, y7 = X[:7], TARGETS["identity"][:7]
    network.partial_fit(X7, y7)
    weights = Weights(network.W_, network.U_, network.b_, network.V_, network.a_)
    network.set_params(learning_rate=0.05).partial_fit(X7, y7)
    contexts = np.zeros((3, H))
    for rows in ([0, 3, 5], [1, 4, 6], [2]):
        parts = [
            truncated_gradient(X7[r], contexts[s], y7[r], weights, activation="tanh", output="identity")
            for s, r in enumerate(rows)
        ]
        contexts = np.array([h for _, h, _ in parts])
        step = [0.05 * np.mean([gradient[i] for gradient, *_ in parts], axis=0) for i in range(5)]
        weights = Weights(*(w - s for w, s in zip(weights, step)))
    for ours, by_hand in zip((network.W_, network.U_, network.b_, network.V_, network.a_), weights):
        np.testing.assert_allclose(ours, by_hand, rtol=0, atol=1e-14)


def test_rows_are_time_steps_so_their_order_matters():
    network = ElmanNetwork(H, max_epochs=3, random_state=0).fit(X, TARGETS["identity"])
    backwards = network.predict(X[::-1])[::-1]
    assert np.abs(backwards - network.predict(X)).max() > 0.01


@pytest.mark.parametrize(("n_rows", "n_streams"), [(7, 3), (12, 4), (5, 5), (11, 1)])
def test_every_row_stands_in_one_stream(n_rows, n_streams):
    rows = cut_into_streams(n_rows, n_streams)
    assert sorted(rows[rows >= 0]) == list(range(n_rows))
    for stream in rows.T:
        read = stream[stream >= 0]
        np.testing.assert_array_equal(np.diff(read), 1)
        np.testing.assert_array_equal(stream[: len(read)], read)
    assert (np.diff((rows >= 0).sum(axis=0)) <= 0).all()  # longer streams first


def test_more_streams_than_rows_are_one_row_each():
    network = ElmanNetwork(H, n_streams=100, max_epochs=2, random_state=0).fit(X[:5], TARGETS["identity"][:5])
    same = ElmanNetwork(H, n_streams=5, max_epochs=2, random_state=0).fit(X[:5], TARGETS["identity"][:5])
    np.testing.assert_array_equal(network.W_, same.W_)


# --- learning ----------------------------------------------------------------------------------------------------------


def test_temporal_xor_is_learnt_to_its_entropy_bound():  # I16; ten larger networks are in the record
    network = ElmanNetwork(60, output="logistic", learning_rate=0.05, n_streams=100, weight_scale=2.0, random_state=0)
    learn_from_fresh_bits(network, np.random.default_rng(0), n_passes=450)
    bits = temporal_xor_bits(3001, np.random.default_rng(1000))
    losses = network.losses(signed(bits[:-1]), bits[1:])
    third = np.arange(1, 3001) % 3  # of the bit that is predicted
    assert abs(losses.mean() - ENTROPY_BOUND) < 0.01
    assert losses[third == 2].mean() < 0.02
    for position in (0, 1):
        assert abs(losses[third == position].mean() - np.log(2)) < 0.02


@pytest.mark.parametrize("seed", [0, 1])
def test_jordans_context_does_not_hold_a_coin_that_right_answers_would_hide(seed):
    accuracy = {}
    Xd, yd = delayed_xor(1500, 1, np.random.default_rng(0))
    for feedback in ("hidden", "output"):
        network = ElmanNetwork(
            20,
            output="logistic",
            feedback=feedback,
            learning_rate=0.05,
            n_streams=30,
            weight_scale=2.0,
            max_epochs=60,
            random_state=seed,
        )
        accuracy[feedback] = np.mean((network.fit(Xd, yd).predict(Xd) > 0.5) == yd)
    assert accuracy["hidden"] > 0.99
    assert accuracy["output"] < 0.9


def test_the_letters_are_learnt_up_to_the_consonants_that_nobody_knows():
    letters = letter_sequence(700, np.random.default_rng(0))
    codes = encode(letters)
    network = ElmanNetwork(
        20, output="logistic", learning_rate=0.1, schedule="linear", n_streams=10, max_epochs=40, random_state=0
    )
    network.fit(codes[:-1], codes[1:])
    fresh = encode(letter_sequence(300, np.random.default_rng(1)))
    losses, consonant = network.losses(fresh[:-1], fresh[1:]), fresh[1:, 0] == 1
    coin = -(np.log(1 / 3) / 3 + 2 * np.log(2 / 3) / 3)
    assert losses[~consonant].mean() < 0.1
    assert abs(losses[consonant].mean() - 2 * coin) < 0.15  # two features, "high" and "back", are one third each
    assert np.mean((network.predict(fresh[:-1])[:, 0] > 0.5) == consonant) > 0.98


def test_softmax_outputs_learn_a_cycle_of_symbols():
    symbols = np.eye(3)[[0, 1, 0, 2] * 30]  # what follows a 0 depends on what preceded it
    network = ElmanNetwork(11, output="softmax", learning_rate=0.05, max_epochs=40, random_state=0)
    p = network.fit(symbols[:-1], symbols[1:]).predict(symbols[:-1])
    np.testing.assert_allclose(p.sum(axis=1), 1.0)
    assert (p.argmax(axis=1) == symbols[1:].argmax(axis=1))[8:].all()
    assert network.losses(symbols[:-1], symbols[1:])[8:].mean() < 0.05


def test_the_rate_falls_along_a_line_when_asked():
    falling = ElmanNetwork(H, schedule="linear", max_epochs=4, random_state=0).fit(X, TARGETS["identity"])
    by_hand = ElmanNetwork(H, random_state=0)
    for share in (1.0, 0.75, 0.5, 0.25):
        by_hand.set_params(learning_rate=0.01 * share).partial_fit(X, TARGETS["identity"])
    np.testing.assert_array_equal(falling.W_, by_hand.W_)
    assert falling.loss_curve_ == by_hand.loss_curve_


def test_passes_of_partial_fit_are_those_of_fit():
    whole = ElmanNetwork(H, n_streams=2, max_epochs=3, random_state=0).fit(X, TARGETS["identity"])
    piecewise = ElmanNetwork(H, n_streams=2, random_state=0)
    for _ in range(3):
        piecewise.partial_fit(X, TARGETS["identity"])
    np.testing.assert_array_equal(whole.U_, piecewise.U_)
    assert whole.n_iter_ == piecewise.n_iter_ == len(whole.loss_curve_) == 3


@pytest.mark.parametrize("copied", [lambda n: pickle.loads(pickle.dumps(n)), copy.deepcopy])
def test_a_copy_goes_on_learning_like_the_original(copied):
    network = ElmanNetwork(H, random_state=0).partial_fit(X, TARGETS["identity"])
    twin = copied(network)
    network.partial_fit(X, TARGETS["identity"])
    twin.partial_fit(X, TARGETS["identity"])
    np.testing.assert_array_equal(twin.U_, network.U_)
    np.testing.assert_array_equal(twin.predict(X), network.predict(X))


def test_weights_read_before_do_not_move_and_weights_set_by_hand_count():
    network = ElmanNetwork(H, random_state=0).partial_fit(X, TARGETS["identity"])
    kept, copied = network.W_, network.W_.copy()
    network.partial_fit(X, TARGETS["identity"])
    np.testing.assert_array_equal(kept, copied)
    network.V_, network.a_ = np.zeros((H, K)), np.zeros(K)
    np.testing.assert_array_equal(network.predict(X), np.zeros((T, K)))


def test_seeds_decide_and_fitting_again_forgets():
    one, two = (ElmanNetwork(H, max_epochs=2, random_state=s).fit(X, TARGETS["identity"]) for s in (0, 1))
    assert np.abs(one.W_ - two.W_).max() > 0.01
    again = clone(one).fit(X, TARGETS["identity"])
    np.testing.assert_array_equal(again.W_, one.W_)
    np.testing.assert_array_equal(one.fit(X, TARGETS["identity"]).W_, again.W_)
    assert one.n_iter_ == 2


def test_first_weights_are_uniform_within_their_scale():
    network = ElmanNetwork(97, learning_rate=1e-300, weight_scale=3.0, random_state=0).partial_fit(
        X, TARGETS["identity"]
    )
    for weights, n_from in ((network.W_, D), (network.U_, 97), (network.V_, 97)):
        bound = 3.0 / np.sqrt(n_from)
        assert 0.9 * bound < np.abs(weights).max() <= bound
        assert abs(weights.std() - bound / np.sqrt(3)) < 0.1 * bound
    np.testing.assert_allclose(network.b_, np.zeros(97), atol=1e-290)


def test_targets_come_back_in_the_shape_they_had():
    vector = ElmanNetwork(H, max_epochs=1).fit(X, TARGETS["identity"][:, 0])
    column = ElmanNetwork(H, max_epochs=1).fit(X, TARGETS["identity"][:, :1])
    assert vector.predict(X).shape == (T,)
    assert column.predict(X).shape == (T, 1)
    assert vector.losses(X, TARGETS["identity"][:, 0]).shape == (T,)


# --- records -----------------------------------------------------------------------------------------------------------


def recorded_network(settings, checkpoint, n_inputs):
    """The network whose weights a record holds."""
    network = ElmanNetwork(**settings | {"learning_rate": 1e-300}, random_state=0)
    network.partial_fit(np.zeros((1, n_inputs)), np.zeros(1))  # shapes
    for name, values in checkpoint.items():
        setattr(network, name, np.array(values))
    return network


@pytest.fixture(scope="module")
def xor_record():
    return records.load("classical/elman_temporal_xor")


@pytest.fixture(scope="module")
def recorded_xor_network(xor_record):
    return recorded_network(xor_record["settings"], xor_record["checkpoint_of_seed_0"], 1)


def test_the_recorded_network_predicts_temporal_xor_at_its_bound(xor_record, recorded_xor_network):
    bar, figures = xor_record["bars"]["above_the_bound"], xor_record["figures"]
    assert bar <= 0.003
    assert abs(np.mean(figures["mean_loss"]) - ENTROPY_BOUND) < bar
    assert len(figures["mean_loss"]) == len(xor_record["seeds"]) == 10
    bits = temporal_xor_bits(6001, np.random.default_rng(99))
    losses = recorded_xor_network.losses(signed(bits[:-1]), bits[1:])
    assert abs(losses.mean() - ENTROPY_BOUND) < bar
    by_position = [losses[np.arange(1, 6001) % 3 == k].mean() for k in range(3)]
    np.testing.assert_allclose(by_position, figures["loss_by_position"][0], atol=0.004)


@pytest.mark.parametrize("phase", [0, 1])
def test_it_finds_the_phase_by_itself_although_it_never_had_to(recorded_xor_network, phase):
    bits = temporal_xor_bits(3001, np.random.default_rng(7), phase=phase)
    losses = recorded_xor_network.losses(signed(bits[:-1]), bits[1:])
    assert losses[:12].mean() > ENTROPY_BOUND + 0.05
    assert losses[300:].mean() < ENTROPY_BOUND + 0.015


def test_recorded_lags_say_what_the_page_says():
    record = records.load("classical/elman_lags")
    lags = {int(lag): {name: np.mean(values) for name, values in row.items()} for lag, row in record["figures"].items()}
    assert lags[1]["elman"] > 0.999
    assert lags[8]["elman"] < 0.9
    for optimizer in record["block_rates"]:
        assert lags[8][f"truncated_{optimizer}"] < 0.9 < 0.99 < lags[8][f"through_time_{optimizer}"]


def test_a_recorded_first_hidden_layer_answers_no_better_than_a_coin():
    record = records.load("classical/elman_lags")
    lag, seed = 8, 0
    network = ElmanNetwork(**record["settings"] | {"learning_rate": 1e-300}, random_state=seed)
    network.partial_fit([[0.0]], [0.0])
    coins, answers = delayed_xor(4001, lag, np.random.default_rng(seed))
    states = network.hidden_states(coins)
    np.testing.assert_allclose(network.hidden_states(-coins), -states, atol=1e-12)  # why: tanh is odd, no biases yet
    outputs = LogisticRegression(C=1e3, max_iter=10_000).fit(states[:2000], answers[:2000])
    assert abs(outputs.score(states[2000:], answers[2000:]) - 0.5) < 0.05
    assert abs(record["figures"][str(lag)]["untrained"][seed] - 0.5) < 0.05


def test_recorded_fixed_sequences_say_what_the_page_says():
    fixed = records.load("classical/elman_fixed_sequence")["figures"]["100"]
    assert (np.mean(fixed["seen"], axis=0)[:2] < np.log(2)).all()
    assert (np.mean(fixed["unseen"], axis=0)[:2] > np.log(2)).all()


def test_a_recorded_sunspot_network_makes_its_recorded_error():
    record = records.load("classical/elman_sunspots")
    series = load_sunspots().numbers
    series_X, series_y = (part / 100 - 0.5 for part in lagged(series, 1))
    network = recorded_network(record["settings"], record["checkpoint_of_seed_0_with_one_lag"], 1)
    error = 100 * np.abs(network.predict(series_X) - series_y)[-60:].mean()
    np.testing.assert_allclose(error, record["figures"]["1"]["elman"][0], rtol=1e-9)
    # and training leads there: one pass more at the last, smallest rate moves it hardly
    network.set_params(learning_rate=record["settings"]["learning_rate"] / record["settings"]["max_epochs"])
    network.partial_fit(series_X[:-60], series_y[:-60])
    moved = 100 * np.abs(network.predict(series_X) - series_y)[-60:].mean()
    assert 1e-9 < abs(moved - error) < 0.1
    np.testing.assert_allclose(record["figures"]["naive"], np.abs(np.diff(series))[-60:].mean())
    assert np.mean(record["figures"]["1"]["elman"]) < record["figures"]["1"]["autoregressive"] - 5


# --- bad input ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"hidden_size": 0}, "hidden_size must be a whole number of at least 1, but is 0"),
        ({"hidden_size": 2.5}, "hidden_size must be a whole number"),
        ({"max_epochs": 0}, "max_epochs must be"),
        ({"n_streams": 0}, "n_streams must be"),
        ({"output": "linear"}, "output must be one of identity, logistic, softmax, but is 'linear'"),
        ({"feedback": "input"}, "feedback must be one of hidden, output"),
        ({"schedule": "cosine"}, "schedule must be one of constant, linear"),
        ({"activation": "sine"}, "unknown activation 'sine'"),
        ({"activation": "softmax"}, "activation must act on each hidden unit alone, but is 'softmax'"),
        ({"learning_rate": 0.0}, "learning_rate must be positive and finite"),
        ({"learning_rate": np.inf}, "learning_rate must be positive and finite"),
        ({"weight_scale": -1.0}, "weight_scale must be positive and finite"),
        ({"momentum": 1.0}, r"momentum must lie in \[0, 1\)"),
        ({"context_decay": 1.0}, r"context_decay must lie in \[0, 1\), but is 1.0"),
    ],
)
def test_parameters_out_of_range_are_named(parameters, message):
    with pytest.raises(ValueError, match=message):
        ElmanNetwork(**parameters).fit(X, TARGETS["identity"])


@pytest.mark.parametrize(
    ("output", "y", "message"),
    [
        ("logistic", np.full(T, 1.5), r"logistic outputs need targets in \[0, 1\], but y lies between 1.5 and 1.5"),
        ("logistic", np.full(T, -0.5), "logistic outputs need targets"),
        ("softmax", np.full((T, 2), 0.7), "softmax outputs need rows of y that are probabilities and add up to 1"),
        ("softmax", np.tile([1.5, -0.5], (T, 1)), "softmax outputs need rows of y"),
        ("identity", np.full(T, np.nan), "NaN"),
        ("identity", np.zeros(T + 1), "inconsistent numbers of samples"),
    ],
)
def test_targets_that_do_not_suit_the_outputs_are_named(output, y, message):
    with pytest.raises(ValueError, match=message):
        ElmanNetwork(H, output=output).fit(X, y)


def test_inputs_and_lengths_that_do_not_fit_are_named():
    network = ElmanNetwork(H, max_epochs=1).fit(X, TARGETS["identity"])
    with pytest.raises(ValueError, match="X has 2 features, but ElmanNetwork is expecting 3 features"):
        network.predict(X[:, :2])
    with pytest.raises(ValueError, match="y has 1 columns, but the network has 2 outputs"):
        network.partial_fit(X, TARGETS["identity"][:, :1])
    with pytest.raises(ValueError, match="y has 1 columns, but the network has 2 outputs"):
        network.losses(X, TARGETS["identity"][:, :1])
    with pytest.raises(ValueError, match="lengths add up to 20, but X has 23 rows"):
        network.predict(X, lengths=[9, 11])
    with pytest.raises(ValueError, match="lengths must be positive whole numbers"):
        network.fit(X, TARGETS["identity"], lengths=[23, 0])
    with pytest.raises(ValueError, match="lengths must be positive whole numbers"):
        sequence_starts(3, [1.5, 1.5])
    with pytest.raises(ValueError, match="NaN"):
        network.fit(np.full((T, D), np.nan), TARGETS["identity"])


def test_divergence_is_named():
    with pytest.raises(FloatingPointError, match=r"training diverged in pass \d+: lower learning_rate=10.0"):
        ElmanNetwork(H, activation="relu", learning_rate=10.0, random_state=0).fit(X, TARGETS["identity"])
