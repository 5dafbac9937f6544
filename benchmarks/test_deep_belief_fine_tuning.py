"""Long runs of the section on fine-tuning: from few labels to many, from shallow to deep, and autoencoders.

Every training is remembered in ``build/fine_tuning`` as soon as it ends, under a hash of the code, so that a run that was broken
off goes on. Writing a record forgets what it was made of.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA

from nndl_support import records
from nndl_support.data.digits import load_mnist_5k
from nndl_support.deep_belief.deep_autoencoder import random_autoencoder, squared_error, train_autoencoder, unroll
from nndl_support.deep_belief.few_labels import REFERENCES, fit_reference, held_out_fold, labelled_rows
from nndl_support.deep_belief.packed_weights import pack
from nndl_support.deep_belief.pretraining_study import COMPETITORS, build, epochs_for, fine_tune, judge, pretrain
from nndl_support.deep_belief.rbm import RestrictedBoltzmannMachine
from nndl_support.deep_belief.small_cnn import LeNet
from tools.records_of_runs import write_json
from tools.sections import ROOT
from tools.staleness import import_closure

SIZES = (784, 256, 256, 10)
PER_CLASS = (1, 3, 10, 30, 100, 400)
RATES = (1e-3, 3e-3, 1e-2)
NETWORKS = ("pre-trained", "small start", "ReLU", "ReLU, dropout", "LeNet")
CODE = sorted({Path(__file__), *import_closure([Path(__file__).read_text("utf8")], ROOT)})
MEMORY = ROOT / "build" / "fine_tuning" / hashlib.sha256(b"".join(file.read_bytes() for file in CODE)).hexdigest()[:12]
COMMAND = "make bench ONLY=benchmarks/test_deep_belief_fine_tuning.py"


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def mnist():
    data = load_mnist_5k()
    X, X_test = (torch.tensor(part, dtype=torch.float32) for part in (data.X_train, data.X_test))
    return X, torch.tensor(data.y_train), X_test, torch.tensor(data.y_test)


def remembered(part, key, compute):
    """What ``compute`` returned when it was first asked under this key."""
    file, key = MEMORY / f"{part}.json", json.dumps(key)

    def memory():
        return json.loads(file.read_text("utf8")) if file.is_file() else {}

    if key not in memory():
        result = compute()
        write_json(file, memory() | {key: result})
        print(part, key, result, flush=True)
    return memory()[key]


def recalled(part):
    """The figures that one test left for its record."""
    return json.loads((MEMORY / f"rows_{part}.json").read_text("utf8"))['"figures"']


def forget(beginnings):
    for file in MEMORY.iterdir():
        if file.name.startswith(beginnings):
            file.unlink()


class Belief:
    """Deep belief networks by seed, fitted when first asked for."""

    def __init__(self, X):
        self.X, self.known = X.numpy(), {}

    def __call__(self, seed, sizes=SIZES[1:-1]):
        if (seed, sizes) not in self.known:
            self.known[seed, sizes] = pretrain(self.X, sizes, seed=seed)
        return self.known[seed, sizes]


def network_of(name, belief, seed):
    if name == "LeNet":
        return LeNet(generator=torch.Generator().manual_seed(seed))
    return build(COMPETITORS[name], SIZES, belief(seed) if name == "pre-trained" else None, seed=seed)


def scores_of_network(name, rate, belief, seed, seen, unseen):
    network = network_of(name, belief, seed)
    fine_tune(network, *seen, learning_rate=rate, seed=seed)
    return judge(network, *seen), judge(network, *unseen), network


def scores_of_reference(name, C, belief, seed, seen, unseen):
    features = belief(seed).transform if name.endswith("features") else lambda X: X
    model = fit_reference(name.split(",")[0], C, features(seen[0].numpy()), seen[1].numpy())
    accuracies = [model.score(features(X.numpy()), y.numpy()) for X, y in (seen, unseen)]
    return *({"accuracy": accuracy} for accuracy in accuracies), model


@pytest.mark.parametrize("name", [*NETWORKS, *REFERENCES, "logistic regression, features"])
def test_from_few_labels_to_many(name, mnist):
    X, y, X_test, y_test = mnist
    belief = Belief(X)
    scores, choices = (
        (scores_of_network, RATES) if name in NETWORKS else (scores_of_reference, REFERENCES[name.split(",")[0]])
    )
    figures, chosen = [], {}
    for per_class in PER_CLASS[::-1]:
        seeds = range(3 if per_class == 400 else 5)
        validation = []
        for choice in choices if per_class > 1 else ():
            parts = []
            for seed in range(1 if per_class == 400 else 2):

                def held_out_accuracy(choice=choice, seed=seed, per_class=per_class):
                    rows = labelled_rows(y.numpy(), per_class, seed=seed)
                    out = held_out_fold(y.numpy()[rows], seed, 3)
                    seen, unseen = ((X[rows[k]], y[rows[k]]) for k in (~out, out))
                    return scores(name, choice, belief, seed, seen, unseen)[1]["accuracy"]

                parts.append(remembered(f"cv_{name}", [per_class, choice, seed], held_out_accuracy))
            validation.append(float(np.mean(parts)))
        # One label for each class leaves nothing to hold out: the choice made with three serves.
        chosen[per_class] = choices[int(np.argmax(validation))] if per_class > 1 else chosen[3]
        row = {"name": name, "per_class": per_class, "choices": list(choices), "validation": validation}
        row |= {"choice": chosen[per_class], "train": [], "test": []}
        for seed in seeds:

            def test_scores(seed=seed, per_class=per_class):
                rows = labelled_rows(y.numpy(), per_class, seed=seed)
                train, test, network = scores(
                    name, chosen[per_class], belief, seed, (X[rows], y[rows]), (X_test, y_test)
                )
                # the one checkpoint of this study
                if name == "pre-trained" and (per_class, seed) == (400, 0):
                    torch.save(network.state_dict(), MEMORY / "test_network.pt")
                return [train, test]

            train, test = remembered(f"test_{name}", [per_class, chosen[per_class], seed], test_scores)
            row["train"].append(train)
            row["test"].append(test)
        figures.append(row)
        if per_class == 3:
            chosen[1] = chosen[3]
    remembered(f"rows_{name}", "figures", lambda: figures)


def test_record_of_labels():
    names = [*NETWORKS, *REFERENCES, "logistic regression, features"]
    figures = [row for name in names for row in recalled(name)]
    settings = {"sizes": SIZES, "epochs": {k: epochs_for(10 * k) for k in PER_CLASS}, "batch_size": 100}
    records.save(
        "deep_belief/fine_tuning_labels",
        records.environment(seeds=range(5), command=COMMAND) | settings | {"figures": figures},
    )


def test_record_of_a_network():
    state = torch.load(MEMORY / "test_network.pt")
    weights = pack({name: value.numpy() for name, value in state.items()}, levels=7)
    figures = records.load("deep_belief/fine_tuning_labels")["figures"]
    (row,) = [row for row in figures if (row["name"], row["per_class"]) == ("pre-trained", 400)]
    accuracy = row["test"][0]["accuracy"]
    settings = {"sizes": SIZES, "accuracy_before_rounding": accuracy, "weights": weights}
    records.save("deep_belief/fine_tuning_network", records.environment(seeds=[0], command=COMMAND) | settings)
    forget(("cv_", "test_", "rows_"))


DEPTHS = (1, 2, 3, 4, 6)
STARTS = (
    ("pre-trained", "adam"),
    ("small start", "adam"),
    ("small start", "momentum"),
    ("Xavier start", "adam"),
    ("ReLU", "adam"),
)


@pytest.mark.parametrize("depth", DEPTHS)
def test_from_shallow_to_deep(depth, mnist):
    X, y, X_test, y_test = mnist
    belief, figures, sizes = Belief(X), [], (784, *(100,) * depth, 10)
    out = held_out_fold(y.numpy(), 0, 5)

    def trained(name, method, rate, seed, rows):
        dbn = belief(seed, sizes[1:-1]) if name == "pre-trained" else None
        model = build(COMPETITORS[name], sizes, dbn, seed=seed)
        fine_tune(model, X[rows], y[rows], learning_rate=rate, method=method, epochs=15, seed=seed)
        return model

    for name, method in STARTS:
        rates = (0.1, 0.3) if method == "momentum" else (3e-3, 1e-2)

        def validate(rate, name=name, method=method):
            return judge(trained(name, method, rate, 0, ~out), X[out], y[out])["accuracy"]

        def learn(rate, seed, name=name, method=method):
            model = trained(name, method, rate, seed, slice(None))
            return [judge(model, X, y), judge(model, X_test, y_test)]

        validation = []
        for rate in rates:
            validation.append(
                remembered(f"depth_{depth}", [name, method, depth, rate], lambda rate=rate: validate(rate))
            )
        rate = rates[int(np.argmax(validation))]
        both = []
        for seed in range(3):
            key = [name, method, depth, rate, seed]
            both.append(remembered(f"depth_{depth}", key, lambda rate=rate, seed=seed: learn(rate, seed)))
        row = {"name": name, "method": method, "depth": depth, "rates": rates, "validation": validation}
        figures.append(row | {"rate": rate, "train": [b[0] for b in both], "test": [b[1] for b in both]})
    remembered(f"rows_depth_{depth}", "figures", lambda: figures)


def test_record_of_depth():
    figures = [row for depth in DEPTHS for row in recalled(f"depth_{depth}")]
    settings = {"width": 100, "epochs": 15, "batch_size": 100, "figures": figures}
    records.save("deep_belief/fine_tuning_depth", records.environment(seeds=range(3), command=COMMAND) | settings)
    forget(("depth_", "rows_depth"))


def code_machine(dbn, X, size, seed):
    """The last machine of an autoencoder: Gaussian hidden units above the deep belief network."""
    options = {"method": "cd", "learning_rate": 0.005, "momentum": 0.8, "batch_size": 100, "n_epochs": 20}
    machine = RestrictedBoltzmannMachine(size, hidden="gaussian", schedule="linear", random_state=seed, **options)
    return machine.fit(dbn.transform(X.numpy()))


AUTOENCODERS = {"epochs": 12, "rate": 3e-3, "hidden": [256, 128]}


def autoencoder_errors(name, size, seed, epochs, X, X_test):
    sizes = (784, *AUTOENCODERS["hidden"], size)
    if name == "pre-trained":
        dbn = pretrain(X.numpy(), sizes[1:-1], n_epochs=12, seed=seed)
        model = unroll([*(m.harmonium_ for m in dbn.rbms_), code_machine(dbn, X, size, seed).harmonium_])
    else:
        generator = torch.Generator().manual_seed(seed)
        model = random_autoencoder(sizes, "relu" if name == "ReLU" else "sigmoid", generator=generator)
    before = squared_error(model, X_test)
    train_autoencoder(model, X, learning_rate=AUTOENCODERS["rate"], epochs=epochs, seed=seed)
    return {"before": before, "train": squared_error(model, X), "test": squared_error(model, X_test)}


@pytest.mark.parametrize("size", [2, 30])
def test_autoencoders(size, mnist):
    X, _, X_test, _ = mnist
    pca = PCA(size, random_state=0).fit(X.numpy())
    rebuilt = pca.inverse_transform(pca.transform(X_test.numpy()))
    figures = [{"name": "PCA", "code": size, "test": [float(((rebuilt - X_test.numpy()) ** 2).sum(1).mean())]}]
    for name in ("pre-trained", "ReLU", "small start"):
        runs = []
        for seed in range(3):

            def learn(name=name, seed=seed):
                return autoencoder_errors(name, size, seed, AUTOENCODERS["epochs"], X, X_test)

            runs.append(remembered(f"autoencoder_{size}", [name, seed], learn))
        figures.append({"name": name, "code": size} | {k: [run[k] for run in runs] for k in runs[0]})
    remembered(f"rows_autoencoder_{size}", "figures", lambda: figures)


@pytest.mark.parametrize("name", ["pre-trained", "ReLU"])
def test_longer_autoencoders(name, mnist):
    X, _, X_test, _ = mnist
    remembered(f"autoencoder_longer_{name}", [30, 0], lambda: autoencoder_errors(name, 30, 0, 50, X, X_test))


def test_record_of_autoencoders(mnist):
    X, _, X_test, _ = mnist
    figures = [row for size in (2, 30) for row in recalled(f"autoencoder_{size}")]
    longer = {}
    for name in ("pre-trained", "ReLU"):
        longer[name] = json.loads((MEMORY / f"autoencoder_longer_{name}.json").read_text("utf8"))["[30, 0]"]
    settings = AUTOENCODERS | {"longer": {"epochs": 50, "code": 30, "seed": 0} | longer}
    settings |= {"mean_image": float((X_test - X.mean(0)).square().sum(1).mean()), "figures": figures}
    records.save("deep_belief/fine_tuning_autoencoder", records.environment(seeds=range(3), command=COMMAND) | settings)
    forget(("autoencoder_", "rows_autoencoder"))
