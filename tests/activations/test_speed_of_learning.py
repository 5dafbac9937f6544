"""Speeds during training: the same training by hand, and what the looks must not disturb."""

import numpy as np
import pytest
import torch
from torch import nn

from nndl_support import records
from nndl_support.activations.deep_stack import DeepStack
from nndl_support.activations.speed_of_learning import speeds_during_training
from nndl_support.backprop import network
from nndl_support.data.digits import load_digits, load_mnist_5k
from nndl_support.training import fit

X = torch.randn(11, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
LABELS = torch.arange(11) % 2


def stack(seed=0, **options):
    return DeepStack([3, 7, 5, 2], "tanh", generator=torch.Generator().manual_seed(seed), **options)


def test_the_looks_are_those_of_back_propagation_by_hand():
    trained = stack(bias_std=0.5)
    W = [layer.weight.detach().numpy().T.copy() for layer in trained.layers]
    b = [layer.bias.detach().numpy().copy() for layer in trained.layers]
    looks = speeds_during_training(trained, X, LABELS, learning_rate=0.3, n_epochs=7, every=3)
    assert looks["epochs"] == [0, 3, 6, 7]
    names, Y, expected, losses = ["tanh", "tanh", "softmax"], np.eye(2)[LABELS], [], []
    for epoch in range(8):
        passed = network.forward(X.numpy(), W, b, names)
        by_weight, by_bias = network.backward(Y, *passed, W, names, "cross_entropy")
        if epoch in looks["epochs"]:
            expected.append([np.linalg.norm(g) for g in by_bias])
            losses.append(network.loss_value(Y, *passed, names, "cross_entropy"))
        for p, g in zip((*W, *b), (*by_weight, *by_bias)):
            if epoch < 7:
                p -= 0.3 * g
    np.testing.assert_allclose(looks["speeds"], expected, rtol=1e-9)
    np.testing.assert_allclose(looks["losses"], losses, rtol=1e-9)
    np.testing.assert_allclose(trained.layers[0].weight.detach().numpy().T, W[0], atol=1e-12)


def test_looking_often_changes_nothing():
    often, seldom = stack(), stack()
    one = speeds_during_training(often, X, LABELS, learning_rate=0.1, n_epochs=10)
    other = speeds_during_training(seldom, X, LABELS, learning_rate=0.1, n_epochs=10, every=5)
    assert one["losses"][::5] == other["losses"]
    for p, q in zip(often.parameters(), seldom.parameters()):
        assert torch.equal(p, q)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="every=0 and n_epochs=3"):
        speeds_during_training(stack(), X, LABELS, learning_rate=0.1, n_epochs=3, every=0)
    with pytest.raises(FloatingPointError, match=r"the loss is (nan|inf) after 1 steps at learning_rate=1e\+308"):
        speeds_during_training(stack(), X, LABELS, learning_rate=1e308, n_epochs=3)


# --- the committed records ------------------------------------------------------------------------------------------


def test_the_recorded_speeds_come_out_again():
    """One network per activation is trained for its first few looks; see benchmarks/test_activations_flow.py."""
    record = records.load("activations/speed_of_learning")
    data = load_mnist_5k()
    x, y = torch.tensor(data.X_train[:1000]), torch.tensor(data.y_train[:1000])
    assert {run["activation"] for run in record["figures"]} == {"logistic", "tanh", "relu", "gelu", "selu"}
    assert {run["n_hidden"] for run in record["figures"]} == {2, 3, 4, 5}
    for run in record["figures"]:
        if run["seed"] == 0 and run["n_hidden"] == 4:
            generator = torch.Generator().manual_seed(0)
            again = DeepStack([784, *[30] * 4, 10], run["activation"], bias_std=1.0, generator=generator)
            looks = speeds_during_training(
                again, x, y, learning_rate=record["learning_rate"], n_epochs=run["epochs"][2], every=run["epochs"][1]
            )
            np.testing.assert_allclose(looks["speeds"], run["speeds"][:3], rtol=1e-5)
            np.testing.assert_allclose(looks["losses"], run["losses"][:3], rtol=1e-6)


def test_the_record_keeps_what_the_section_says_of_it():
    record = records.load("activations/speed_of_learning")

    def growth(run):
        """Factor per layer between the first and the last hidden layer at the start."""
        first, *_, last = run["speeds"][0][:-1]
        return (last / first) ** (1 / (run["n_hidden"] - 1))

    for run in record["figures"]:
        assert (growth(run) > 3) == (run["activation"] == "logistic")
        assert (run["losses"][-1] > 1.5) == (run["activation"] == "logistic")
        assert (run["test_accuracy"] < 0.25) == (run["activation"] == "logistic" and run["n_hidden"] >= 3)


def test_the_recorded_rates_come_out_again_and_keep_their_claim():
    """One rate needs hundreds of epochs in the six-layer logistic network, the remedies need a few. One run is repeated."""
    record = records.load("activations/learning_rate_sweep")
    runs = record["figures"]

    def epochs_on_the_plateau(run):
        return int(np.argmax(np.array([*run["losses"], 0.0]) < 2.0))

    for run in runs:
        if run["kind"] == "global":
            assert run["test_accuracy"] < 0.2, run
            assert (run["saturated"] > 0.9) == (run["rate"] >= 10)
        elif run["kind"] == "layerwise":
            assert run["test_accuracy"] < 0.8, run
        elif run["kind"] == "patience":
            assert run["test_accuracy"] > 0.9
            assert 100 < epochs_on_the_plateau(run) < record["long_epochs"]
        else:
            assert epochs_on_the_plateau(run) < 10
            assert run["test_accuracy"] > 0.9 or (run["label"], run["seed"]) == ("relu, He", 1)
    assert {run["seed"] for run in runs} == {0, 1, 2}
    data = load_digits()
    x, y = torch.tensor(data.X_train), torch.tensor(data.y_train)
    for run in runs:
        if run["seed"] == 0 and run["kind"] == "remedy" and run["label"] == "tanh":
            generator = torch.Generator().manual_seed(0)
            network = DeepStack([64, *[30] * 5, 10], "tanh", generator=generator)
            optimizer = torch.optim.SGD(network.parameters(), lr=run["rate"])
            result = fit(network, nn.CrossEntropyLoss(), (x, y), optimizer, epochs=3, batch_size=100, seed=0)
            np.testing.assert_allclose(result.history["train_loss"], run["losses"][:3], rtol=1e-6)
