"""Every activation on MNIST-5k: the same network, budget and seeds; rates tuned on a validation split.

Protocol. Networks of 64 units a layer, 2 or 8 hidden layers; units with more weights (maxout, SwiGLU) get as many as make
the number of parameters equal. Mini-batches of 32, momentum 0.9, a rate that falls along a line to 0. It is chosen from a
ladder of rates by the mean accuracy on 800 of the 4000 training images (other seeds than those of the comparison), for
each activation and depth by itself; then the network learns from all 4000 and is judged once by the 1000 test images.
Besides, all of them run at one common rate, and some start from a scheme that is not theirs.
"""

import time
from functools import cache

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from nndl_support import records
from nndl_support.activations import comparison, registry
from nndl_support.activations.flow import gradient_norms
from nndl_support.activations.learnt_units import LearntUnitClassifier
from nndl_support.backprop import network
from nndl_support.backprop.mlp import MLPClassifier
from nndl_support.data.digits import load_mnist_5k

LADDER = (0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
RATES = LADDER[2:7]  # tried for all; whoever is best at an end climbs on until it is not
COMMON_RATE = 0.03
WIDTH, EPOCHS, BATCH_SIZE = 64, 10, 32
TUNING_SEEDS = {2: (100, 101), 8: (100,)}
SEEDS = {2: tuple(range(10)), 8: tuple(range(5))}
LEARNT = {"prelu_learnt": "prelu", "swish_learnt": "swish", "maxout": "maxout", "swiglu": "swiglu"}
PLAIN = tuple(  # "swish" of the registry has beta = 1 and is SiLU
    name for name in registry.names() if registry.get(name).derivative is not None and name != "swish"
)
UNITS = (*PLAIN, *LEARNT)
WRONG_SCHEME = {
    "logistic": "he",
    "tanh": "he",
    "selu": "he",
    "relu": "lecun",
    "elu": "lecun",
    "gelu": "lecun",
    "silu": "lecun",
}
DATA = load_mnist_5k()
SPLIT = train_test_split(DATA.X_train, DATA.y_train, test_size=800, random_state=0, stratify=DATA.y_train)


def n_parameters(width, depth, factor):
    """Weights and biases of a network with ``factor`` linear maps per hidden unit."""
    return factor * (785 * width + (depth - 1) * (width + 1) * width) + 10 * width + 10


@cache
def matched(depth):
    """Width at which units with two linear maps make the network as large as plain ones of the common width."""
    wanted = n_parameters(WIDTH, depth, 1)
    return min(range(1, WIDTH), key=lambda width: abs(n_parameters(width, depth, 2) - wanted))


def build(unit, depth, rate, seed, initialisation="auto", epochs=EPOCHS):
    """Return an estimator of the protocol."""
    options = {"learning_rate": rate, "schedule": "linear", "max_epochs": epochs, "random_state": seed}
    if unit in LEARNT:
        width = matched(depth) if unit in ("maxout", "swiglu") else WIDTH
        return LearntUnitClassifier((width,) * depth, unit=LEARNT[unit], batch_size=BATCH_SIZE, **options)
    options |= {"activation": unit, "batch_size": BATCH_SIZE, "initialisation": initialisation}
    return MLPClassifier((WIDTH,) * depth, **options)


def run(model, X, y, X_test, y_test):
    """Return the accuracy (None where training diverged), the CPU seconds, and the estimator."""
    start = time.process_time()
    try:
        model.fit(X, y)
    except FloatingPointError:
        return None, time.process_time() - start, model
    seconds = time.process_time() - start
    return model.score(X_test, y_test), seconds, model


def tune(unit, depth):
    """Return the mean validation accuracy at each rate tried (a diverged run counts as 0), and the best rate."""
    X, X_validation, y, y_validation = SPLIT

    def validate(rate):
        runs = [run(build(unit, depth, rate, s), X, y, X_validation, y_validation)[0] for s in TUNING_SEEDS[depth]]
        return float(np.mean([0.0 if accuracy is None else accuracy for accuracy in runs]))

    curve = {rate: validate(rate) for rate in RATES}
    while True:
        best = max(curve, key=curve.get)
        step = 1 if best == max(curve) else -1 if best == min(curve) else 0
        following = LADDER.index(best) + step
        if step == 0 or not 0 <= following < len(LADDER):
            return curve, best
        curve[LADDER[following]] = validate(LADDER[following])


def evaluate(unit, depth, rate, initialisation="auto"):
    """Return the test accuracy, seconds and share of silent units for each seed."""
    found = {"rate": rate, "accuracy": [], "seconds": [], "silent_share": []}
    for seed in SEEDS[depth]:
        model = build(unit, depth, rate, seed, initialisation)
        accuracy, seconds, model = run(model, DATA.X_train, DATA.y_train, DATA.X_test, DATA.y_test)
        found["accuracy"].append(accuracy)
        found["seconds"].append(seconds)
        if unit in PLAIN and accuracy is not None:
            z, _ = network.forward(DATA.X_train, model.coefs_, model.intercepts_, model.activations_)
            found["silent_share"].append(comparison.silent_share(z[:-1], registry.get(unit).derivative))
    return found


def flow_at_the_start(unit, depth, seed=0, initialisation="auto"):
    """Return the gradient norms of all layers before anything has been learnt."""
    model = build(unit, depth, 1e-12, seed, initialisation, epochs=1).fit(DATA.X_train[:200], DATA.y_train[:200])
    return gradient_norms(model, DATA.X_train[:200], DATA.y_train[:200]).tolist()


@pytest.mark.filterwarnings("error")
def test_every_activation_under_one_protocol():
    start = time.process_time()
    results = {}
    for depth in (2, 8):
        for unit in UNITS:
            curve, best = tune(unit, depth)
            at_best = evaluate(unit, depth, best)
            at_common = at_best if best == COMMON_RATE else evaluate(unit, depth, COMMON_RATE)
            results.setdefault(unit, {})[str(depth)] = {
                "validation": {str(rate): curve[rate] for rate in sorted(curve)},
                "best": at_best,
                "common": at_common,
                "gradient_norms": flow_at_the_start(unit, depth),
            }
            mean = np.mean([a or 0.0 for a in at_best["accuracy"]])
            print(
                f"{depth} {unit:15} best rate {best:5} accuracy {mean:.4f}  ({time.process_time() - start:.0f} s)",
                flush=True,
            )
    for unit, scheme in WRONG_SCHEME.items():
        rate = results[unit]["8"]["best"]["rate"]
        found = evaluate(unit, 8, rate, scheme) | {"scheme": scheme}
        results[unit]["8"]["other_scheme"] = found | {"gradient_norms": flow_at_the_start(unit, 8, 0, scheme)}
        print(f"8 {unit:15} {scheme} accuracy {np.mean([a or 0.0 for a in found['accuracy']]):.4f}", flush=True)
    record = records.environment(seeds=SEEDS[2], command="make bench ONLY=benchmarks/test_activations_choosing.py")
    record |= {
        "protocol": {
            "width": WIDTH,
            "matched_width": {str(depth): matched(depth) for depth in (2, 8)},
            "epochs": EPOCHS,
            "batch_size": BATCH_SIZE,
            "rates": RATES,
            "common_rate": COMMON_RATE,
            "seeds": {str(depth): seeds for depth, seeds in SEEDS.items()},
            "tuning_seeds": {str(depth): seeds for depth, seeds in TUNING_SEEDS.items()},
        },
        "seconds": time.process_time() - start,
        "units": results,
    }
    records.save("activations/choosing", record)
    two = {unit: np.mean(results[unit]["2"]["best"]["accuracy"]) for unit in UNITS}
    curved = [two[unit] for unit in UNITS if unit != "identity"]
    assert min(curved) > two["identity"]  # every curved unit beats none
    assert np.median(curved) > 0.94
