"""All parts of the chapter together on MNIST-5k, chosen on a validation split, then taken apart: the last ablation."""

import time
from dataclasses import replace

import numpy as np
import torch
from sklearn.model_selection import train_test_split

from nndl_support import records
from nndl_support.data.digits import load_mnist_5k
from nndl_support.optimization.combination import AUGMENTATION, PARTS, Recipe, accuracy, train

SEEDS = range(5)
VALIDATION_SEEDS = range(2)
BAR = 0.965
# What is chosen on the validation split: first the rates, each for the network without any other part.
RATES = {"sgd_rate": (0.01, 0.03, 0.1, 0.3), "adam_rate": (3e-4, 1e-3, 2e-3, 4e-3)}
DROPOUT_RATES = (0.1, 0.3)


def tensors():
    """The training images in two parts for choosing, then all of them, and the test images."""
    data = load_mnist_5k()
    X, y = torch.tensor(data.X_train, dtype=torch.float32), torch.tensor(data.y_train)
    rows = train_test_split(np.arange(len(X)), test_size=0.2, stratify=data.y_train, random_state=0)
    choosing = [tensor[part] for part in rows for tensor in (X, y)]
    return choosing, (X, y), (torch.tensor(data.X_test, dtype=torch.float32), torch.tensor(data.y_test))


def chosen(recipes, split):
    """The recipe with the best mean accuracy on the validation part, and all the means."""
    X, y, X_held_out, y_held_out = split
    means = [
        float(
            np.mean([accuracy(train(recipe, X, y, seed=seed)[0], X_held_out, y_held_out) for seed in VALIDATION_SEEDS])
        )
        for recipe in recipes
    ]
    return recipes[int(np.argmax(means))], means


def choose(split):
    """Two rates and the strength of dropout, one after the other, on the validation part alone."""
    recipe, table = Recipe(), {}
    for name, grid in RATES.items():
        parts = ("adam",) if name == "adam_rate" else ()
        simple = Recipe(epochs=15).with_only(*parts)
        best, table[name] = chosen([replace(simple, **{name: rate}) for rate in grid], split)
        recipe = replace(recipe, **{name: getattr(best, name)})
    best, table["dropout_rate"] = chosen([replace(recipe, dropout_rate=rate) for rate in DROPOUT_RATES], split)
    return best, table


def results_of(recipe, data, held_out):
    start = time.process_time()
    scores, training = [], []
    for seed in SEEDS:
        model, _ = train(recipe, *data, seed=seed)
        scores.append(accuracy(model, *held_out))
        training.append(accuracy(model, *data))
    return {
        "test": scores,
        "train": float(np.mean(training)),
        "seconds": (time.process_time() - start) / len(SEEDS),
    }


def test_the_combination_and_what_each_part_gives():
    torch.set_num_threads(1)
    split, data, held_out = tensors()
    recipe, table = choose(split)
    recipes = {"all parts": recipe, "no part": recipe.with_only()}
    recipes |= {f"without {part}": recipe.without(part) for part in PARTS}
    recipes |= {f"only {part}": recipe.with_only(part) for part in PARTS}
    results = {name: results_of(one, data, held_out) for name, one in recipes.items()}
    for name, result in results.items():
        print(
            f"{name:28} {np.mean(result['test']):.4f} ± {np.std(result['test'], ddof=1):.4f}  {result['seconds']:.1f} s"
        )
    records.save(
        "optimization/combination",
        records.environment(seeds=SEEDS)
        | {
            "what": "MNIST-5k, 784-256-256-10, mean test accuracy of five seeds, with all parts, without one, with one only",
            "bar": BAR,
            "chosen": {name: getattr(recipe, name) for name in (*RATES, "dropout_rate")},
            "grids": {**RATES, "dropout_rate": DROPOUT_RATES},
            "validation": table,
            "augmentation": AUGMENTATION,
            "epochs": recipe.epochs,
            "results": results,
        },
    )
    assert np.mean(results["all parts"]["test"]) >= BAR
