"""Elman's network at length: temporal XOR against its entropy bound, memories of several lengths, the sunspots over 20 seeds.

Everything runs on the CPU in NumPy; only the opponent of the second test, the same network with gradients through time, is
torch's. Settings of the sunspot networks were chosen on the years 1889 to 1948, before the test years were looked at.
"""

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression

from nndl_support import records
from nndl_support.backprop.mlp import MLPRegressor
from nndl_support.classical.elman import ElmanNetwork
from nndl_support.classical.temporal_xor import (
    ENTROPY_BOUND,
    delayed_xor,
    learn_from_fresh_bits,
    signed,
    temporal_xor_bits,
)
from nndl_support.data.sunspots import lagged, load_sunspots

COMMAND = "make bench ONLY=benchmarks/test_classical_elman.py"
XOR = {"hidden_size": 100, "learning_rate": 0.03, "n_streams": 50, "weight_scale": 1.7, "output": "logistic"}
XOR_SEEDS, XOR_PASSES, XOR_BAR = range(10), 600, 0.003
LAG = {"hidden_size": 40, "learning_rate": 0.05, "n_streams": 50, "weight_scale": 1.7, "output": "logistic"}
LAGS, LAG_SEEDS, LAG_PASSES = (1, 2, 4, 6, 8, 12, 16), range(3), 300
SUN = {"hidden_size": 10, "learning_rate": 0.01, "schedule": "linear", "max_epochs": 200}
SUN_SEEDS = range(20)


def by_position(losses):
    """Mean loss of the first, second and third bit of the triples; the first target is a second bit."""
    position = np.arange(1, len(losses) + 1) % 3
    return [float(losses[position == k].mean()) for k in range(3)]


def test_temporal_xor_reaches_its_entropy_bound():
    test_bits = temporal_xor_bits(30_001, np.random.default_rng(12345))
    means, positions, curves, kept = [], [], [], None
    for seed in XOR_SEEDS:
        network = ElmanNetwork(**XOR, random_state=seed)
        curves.append(learn_from_fresh_bits(network, np.random.default_rng(seed), n_passes=XOR_PASSES))
        losses = network.losses(signed(test_bits[:-1]), test_bits[1:])
        means.append(float(losses.mean()))
        positions.append(by_position(losses))
        kept = kept or {name: getattr(network, name).round(6) for name in ("W_", "U_", "b_", "V_", "a_")}
        print(seed, round(means[-1], 4), np.round(positions[-1], 4), flush=True)
    record = records.environment(seeds=XOR_SEEDS, command=COMMAND) | {
        "settings": XOR,
        "passes": XOR_PASSES,
        "bars": {"above_the_bound": XOR_BAR},
        "figures": {
            "mean_loss": means,
            "loss_by_position": positions,
            "training_curve": np.mean(curves, axis=0)[::10].round(5),
        },
        "checkpoint_of_seed_0": kept,
    }
    records.save("classical/elman_temporal_xor", record)
    assert abs(np.mean(means) - ENTROPY_BOUND) < XOR_BAR
    assert max(means) < ENTROPY_BOUND + 2 * XOR_BAR


def test_one_fixed_sequence_is_learnt_by_heart():
    figures = {}
    for size in (5, 20, 100):
        pairs = [on_one_fixed_sequence(size, seed) for seed in range(3)]
        figures[str(size)] = {"seen": [seen for seen, _ in pairs], "unseen": [unseen for _, unseen in pairs]}
        print(size, np.mean(pairs, axis=0).round(3).tolist(), flush=True)
    record = records.environment(seeds=range(3), command=COMMAND) | {"settings": XOR, "passes": 600, "figures": figures}
    records.save("classical/elman_fixed_sequence", record)
    coins = {kind: np.mean(figures["100"][kind], axis=0)[:2] for kind in ("seen", "unseen")}
    assert (coins["seen"] < np.log(2)).all()
    assert (coins["unseen"] > np.log(2)).all()


def on_one_fixed_sequence(hidden_size, seed):
    """Loss by position on the 3000 bits that are shown again in each of the 600 passes, and on fresh ones."""
    rng = np.random.default_rng(seed)
    network = ElmanNetwork(**XOR | {"hidden_size": hidden_size}, schedule="linear", max_epochs=600, random_state=seed)
    old, new = temporal_xor_bits(3001, rng), temporal_xor_bits(30_001, rng)
    network.fit(signed(old[:-1]), old[1:])
    return [by_position(network.losses(signed(bits[:-1]), bits[1:])) for bits in (old, new)]


def test_memory_shrinks_when_nothing_is_sent_back():
    figures = {}
    for lag in LAGS:
        figures[str(lag)] = {
            "elman": [accuracy_of_elmans_rule(lag, seed) for seed in LAG_SEEDS],
            "untrained": [accuracy_of_an_untrained_hidden_layer(lag, seed) for seed in LAG_SEEDS],
            "through_time": [accuracy_through_time(lag, seed) for seed in LAG_SEEDS],
        }
        print(lag, figures[str(lag)], flush=True)
    record = records.environment(seeds=LAG_SEEDS, command=COMMAND) | {
        "settings": LAG,
        "passes": LAG_PASSES,
        "through_time": "the same first weights and bits; gradients over 20 steps, Adam at rate 0.003",
        "figures": figures,
    }
    records.save("classical/elman_lags", record)
    assert np.mean(figures["1"]["elman"]) > 0.999
    assert np.mean(figures["8"]["elman"]) < 0.9 < 0.99 < np.mean(figures["8"]["through_time"])


def accuracy_of_elmans_rule(lag, seed):
    network, rng = ElmanNetwork(**LAG, random_state=seed), np.random.default_rng(seed)
    for i in range(LAG_PASSES):
        network.set_params(learning_rate=LAG["learning_rate"] * (1 - i / LAG_PASSES))
        network.partial_fit(*delayed_xor(3000, lag, rng))
    X, y = delayed_xor(3000, lag, np.random.default_rng(1000 + seed))
    return float(np.mean((network.predict(X) > 0.5) == y))


def accuracy_of_an_untrained_hidden_layer(lag, seed):
    """The first weights of the same network, hidden layer left as it is; only the outputs learn, by logistic regression."""
    network = ElmanNetwork(**LAG | {"learning_rate": 1e-300}, random_state=seed).partial_fit([[0.0]], [0.0])
    X, y = delayed_xor(30_000, lag, np.random.default_rng(seed))
    outputs = LogisticRegression(C=1e3, max_iter=300).fit(network.hidden_states(X), y)
    X, y = delayed_xor(3000, lag, np.random.default_rng(1000 + seed))
    return float(outputs.score(network.hidden_states(X), y))


def accuracy_through_time(lag, seed):
    """The same network from the same first weights, with the gradient sent back over 20 steps."""
    torch.set_num_threads(1)
    first = ElmanNetwork(**LAG | {"learning_rate": 1e-300}, random_state=seed).partial_fit([[0.0]], [0.0])
    rnn = torch.nn.RNN(1, LAG["hidden_size"], dtype=torch.float64)
    head = torch.nn.Linear(LAG["hidden_size"], 1, dtype=torch.float64)
    with torch.no_grad():
        for theirs, ours in (
            (rnn.weight_ih_l0, first.W_.T),
            (rnn.weight_hh_l0, first.U_.T),
            (rnn.bias_ih_l0, first.b_),
            (rnn.bias_hh_l0, first.b_),
            (head.weight, first.V_.T),
            (head.bias, first.a_),
        ):
            theirs.copy_(torch.tensor(ours))
    adam = torch.optim.Adam([*rnn.parameters(), *head.parameters()], lr=0.003)
    rng = np.random.default_rng(seed)
    for _ in range(LAG_PASSES):
        X, y = delayed_xor(3000, lag, rng)
        X, y = torch.tensor(X.reshape(50, 60, 1).swapaxes(0, 1)), torch.tensor(y.reshape(50, 60).T)
        h = torch.zeros(1, 50, LAG["hidden_size"], dtype=torch.float64)
        for start in range(0, 60, 20):
            out, h = rnn(X[start : start + 20], h.detach())
            net = head(out)[..., 0]
            adam.zero_grad()
            torch.nn.functional.binary_cross_entropy_with_logits(net, y[start : start + 20]).backward()
            adam.step()
    X, y = delayed_xor(3000, lag, np.random.default_rng(1000 + seed))
    with torch.no_grad():
        net = head(rnn(torch.tensor(X)[:, None])[0])[:, 0, 0].numpy()
    return float(np.mean((net > 0) == y))


def test_sunspots_over_twenty_seeds():
    sunspots = load_sunspots()
    figures = {"naive": float(np.abs(np.diff(sunspots.numbers)[-60:]).mean())}
    for n_lags in (1, 2, 9):
        X, y = lagged(sunspots.numbers, n_lags)
        n = len(X) - 60
        coefficients = np.linalg.lstsq(np.column_stack([X, np.ones(len(X))])[:n], y[:n])[0]
        linear = float(np.abs(X[n:] @ coefficients[:-1] + coefficients[-1] - y[n:]).mean())
        elman, feed_forward = [], []
        for seed in SUN_SEEDS:
            recurrent = ElmanNetwork(**SUN, random_state=seed).fit(X[:n] / 100 - 0.5, y[:n] / 100 - 0.5)
            layered = MLPRegressor(
                SUN["hidden_size"],
                activation="tanh",
                learning_rate=SUN["learning_rate"],
                schedule="linear",
                batch_size=1,
                alpha=0.0,
                max_epochs=SUN["max_epochs"],
                random_state=seed,
            ).fit(X[:n] / 100 - 0.5, y[:n] / 100 - 0.5)
            for model, errors in ((recurrent, elman), (layered, feed_forward)):
                prediction = 100 * (model.predict(X / 100 - 0.5) + 0.5)
                errors.append(float(np.abs(prediction - y)[n:].mean()))
        figures[str(n_lags)] = {"autoregressive": linear, "elman": elman, "feed_forward": feed_forward}
        print(n_lags, linear, np.mean(elman), np.std(elman), np.mean(feed_forward), flush=True)
    record = records.environment(seeds=SUN_SEEDS, command=COMMAND) | {"settings": SUN, "figures": figures}
    records.save("classical/elman_sunspots", record)
    assert np.mean(figures["1"]["elman"]) < figures["1"]["autoregressive"] - 5
