"""The network with all parts: each part does what its name says, and the record's claims hold."""

import math

import numpy as np
import pytest
import torch
from torch import nn

from nndl_support import records
from nndl_support.data.digits import load_mnist_5k
from nndl_support.optimization.augmentation import RandomAugmentation
from nndl_support.optimization.combination import PARTS, Recipe, accuracy, build, train
from nndl_support.optimization.normalization import BatchNorm1d
from nndl_support.optimization.optimizers import SGD, AdamW
from nndl_support.optimization.regularization import Dropout


def images(n=60, side=7, classes=3, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(n, side * side, generator=generator), torch.arange(n) % classes


def kinds(recipe):
    return [type(layer) for layer in build(recipe)]


def test_there_are_eight_parts_and_each_can_be_left_out_or_left_alone():
    assert len(PARTS) == 8
    for part in PARTS:
        without, alone = Recipe().without(part), Recipe().with_only(part)
        assert [name for name in PARTS if not getattr(without, name)] == [part]
        assert [name for name in PARTS if getattr(alone, name)] == [part]
    assert not any(getattr(Recipe().with_only(), part) for part in PARTS)


def test_a_part_that_does_not_exist_is_refused():
    with pytest.raises(ValueError, match="no part is called luck, skill; the parts are he_start, adam"):
        Recipe().without("skill", "luck")
    with pytest.raises(ValueError, match="no part is called luck"):
        Recipe().with_only("luck")


@pytest.mark.parametrize(
    ("part", "layer", "count"),
    [("batch_norm", BatchNorm1d, 2), ("dropout", Dropout, 2), ("augmentation", RandomAugmentation, 1)],
)
def test_the_layers_are_there_exactly_when_their_part_is(part, layer, count):
    assert kinds(Recipe()).count(layer) == count
    assert kinds(Recipe().without(part)).count(layer) == 0
    assert kinds(Recipe().with_only(part)).count(layer) == count


def test_the_network_has_the_sizes_asked_for():
    linear = [m for m in build(Recipe(width=31), 5, (7, 11)) if isinstance(m, nn.Linear)]
    assert [(m.in_features, m.out_features) for m in linear] == [(77, 31), (31, 31), (31, 5)]
    assert all(bool((m.bias == 0).all()) for m in linear)


def test_the_start_has_hes_variance_or_the_fixed_one():
    torch.manual_seed(0)
    for recipe, stds in (
        (Recipe(), [math.sqrt(2 / 784), math.sqrt(2 / 256)]),
        (Recipe().without("he_start"), [0.01, 0.01]),
    ):
        linear = [m for m in build(recipe) if isinstance(m, nn.Linear)]
        for layer, std in zip(linear, stds):
            assert layer.weight.std().item() == pytest.approx(std, rel=0.02)


def train_spied(recipe, monkeypatch):
    """Train for as long as the recipe says, and return the optimiser and the losses' settings that were used."""
    from nndl_support.optimization import combination

    seen = {}

    def fit(model, loss, data, optimizer, **options):
        seen.update(optimizer=optimizer, scheduler=options["scheduler"])
        x, target = data
        seen["loss"] = loss(lambda x: torch.eye(3)[target] * 2, x, target).item()
        return None

    monkeypatch.setattr(combination, "fit", fit)
    train(recipe, *images())
    return seen


def test_optimiser_decay_schedule_and_smoothing_reach_the_training(monkeypatch):
    everything = train_spied(Recipe(), monkeypatch)
    assert type(everything["optimizer"]) is AdamW
    assert everything["optimizer"].param_groups[0]["weight_decay"] == Recipe().decay
    assert everything["optimizer"].param_groups[0]["lr"] == Recipe().adam_rate
    assert everything["scheduler"].T_max == Recipe().epochs
    hard = math.log(math.exp(2) + 2) - 2
    smooth = math.log(math.exp(2) + 2) - 2 * (0.9 + 0.1 / 3)
    assert everything["loss"] == pytest.approx(smooth, rel=1e-6)
    nothing = train_spied(Recipe().with_only(), monkeypatch)
    assert type(nothing["optimizer"]) is SGD
    assert nothing["optimizer"].param_groups[0]["lr"] == Recipe().sgd_rate
    assert nothing["optimizer"].param_groups[0]["weight_decay"] == 0
    assert nothing["scheduler"] is None
    assert nothing["loss"] == pytest.approx(hard, rel=1e-6)


def test_plain_descent_shrinks_the_weights_as_much_per_step_as_adamw(monkeypatch):
    adam = train_spied(Recipe(), monkeypatch)["optimizer"].param_groups[0]
    plain = train_spied(Recipe().without("adam"), monkeypatch)["optimizer"].param_groups[0]
    assert plain["lr"] * plain["weight_decay"] == pytest.approx(adam["lr"] * adam["weight_decay"])


def test_the_same_seed_gives_the_same_network_and_another_seed_another():
    X, y = images()
    weights = [train(Recipe(epochs=2, width=13), X, y, seed=seed)[0][1].weight for seed in (3, 3, 4)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


def test_it_learns_a_few_images_by_heart_without_any_regularisation():
    X, y = images()
    model, result = train(Recipe(epochs=60, batch_size=20, width=64).with_only("he_start", "adam", "batch_norm"), X, y)
    assert accuracy(model, X, y) == 1
    assert result.n_epochs == 60


def test_images_that_are_not_square_are_refused():
    with pytest.raises(ValueError, match="square images as rows, but has 48 columns"):
        train(Recipe(), torch.rand(5, 48), torch.arange(5))


def test_the_record_reaches_the_bar_and_its_cheapest_rows_are_repeated():
    record = records.load("optimization/combination")
    means = {name: np.mean(result["test"]) for name, result in record["results"].items()}
    assert set(means) == {"all parts", "no part", *(f"{way} {part}" for way in ("without", "only") for part in PARTS)}
    assert means["all parts"] >= record["bar"] == 0.965
    torch.set_num_threads(1)
    data = load_mnist_5k()
    X, X_test = (torch.tensor(part, dtype=torch.float32) for part in (data.X_train, data.X_test))
    y, y_test = torch.tensor(data.y_train), torch.tensor(data.y_test)
    recipe = Recipe(**record["chosen"], epochs=record["epochs"])
    for name, one in {"no part": recipe.with_only(), "only he_start": recipe.with_only("he_start")}.items():
        again = accuracy(train(one, X, y, seed=0)[0], X_test, y_test)
        assert again == pytest.approx(record["results"][name]["test"][0], abs=0.015)
