"""The race of the optimisers on 5000 MNIST digits, every learning rate tuned with the same budget.

Each entrant tries every rate of the grid with the same seeds on 3200 training and 800 validation images. The winner of the
grid is then trained on all 4000 training images with fresh seeds and looked at on the 1000 test images. Where the best rate is
the first or last of the grid, the grid is continued until it is not; the record says how many rates each entrant had.
"""

import time

import numpy as np
import torch
from sklearn.model_selection import train_test_split

from nndl_support import records
from nndl_support.data.digits import load_mnist_5k
from nndl_support.optimization.race import ENTRANTS, run, tune

GRID = [1e-4, 3e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1.0, 3.0, 10.0]
BELOW, ABOVE = [3e-5, 1e-5, 3e-6, 1e-6], [30.0, 100.0, 300.0, 1000.0]
OPTIONS = {"n_epochs": 12, "batch_size": 50, "n_hidden": 100}
TUNING_SEEDS = [100, 101]
SEEDS = [0, 1, 2, 3, 4]


def tuned(entrant, *splits):
    """Return the best rate and the scores, on a grid that goes on where its first or last rate is the best."""
    best, scores = tune(entrant, GRID, *splits, seeds=TUNING_SEEDS, **OPTIONS)
    for further in (BELOW, ABOVE):
        for lr in further:
            if best not in (min(scores), max(scores)) or abs(np.log10(lr / best)) > 0.6:
                break
            scores |= tune(entrant, [lr], *splits, seeds=TUNING_SEEDS, **OPTIONS)[1]
            best = min(rate for rate, score in scores.items() if score == max(scores.values()))
    return best, dict(sorted(scores.items()))


def rounded(curves):
    return [[round(value, 6) for value in curve] for curve in curves]


def test_the_race_on_digits():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    digits = load_mnist_5k()
    X, y = torch.tensor(digits.X_train, dtype=torch.float32), torch.tensor(digits.y_train)
    test = torch.tensor(digits.X_test, dtype=torch.float32), torch.tensor(digits.y_test)
    fit, held_out = train_test_split(np.arange(len(X)), test_size=800, stratify=digits.y_train, random_state=0)
    training, validation = (X[fit], y[fit]), (X[held_out], y[held_out])
    figures = {}
    try:
        for name, entrant in ENTRANTS.items():
            lr, scores = tuned(entrant, training, validation)
            runs, seconds = [], []
            for seed in SEEDS:
                start = time.process_time()
                runs.append(run(entrant, lr, (X, y), test, seed=seed, **OPTIONS))
                seconds.append(time.process_time() - start)
            assert not any(r.diverged for r in runs), name
            figures[name] = {
                "lr": lr,
                "validation_accuracy": {str(rate): score for rate, score in scores.items()},
                "training_loss": rounded(r.training_loss for r in runs),
                "test_accuracy": rounded(r.accuracy for r in runs),
                "test_loss": rounded(r.loss for r in runs),
                "cpu_seconds": min(seconds),
            }
            last = np.array([r.accuracy[-1] for r in runs])
            print(
                f"{name:<18} {len(scores)} rates, best {lr:<7g} training loss {np.mean([r.training_loss[-1] for r in runs]):.5f} "
                f"test accuracy {last.mean():.4f} +- {last.std(ddof=1):.4f}, {min(seconds):.2f} s"
            )
    finally:
        torch.set_num_threads(threads)
    record = records.environment(seeds=SEEDS, command="make bench ONLY=benchmarks/test_optimization_race.py")
    record |= {"grid": GRID, "tuning_seeds": TUNING_SEEDS, "options": OPTIONS, "figures": figures}
    records.save("optimization/optimizer_race", record)
