"""Every network of a small space trained three times on 2000 digits: the table on which architecture searches are compared."""

import time

import numpy as np
import torch
from torch import nn

from nndl_support import records
from nndl_support.data.digits import load_mnist_5k
from nndl_support.optimization.architecture_search import random_search, regularized_evolution, reinforce
from nndl_support.optimization.architecture_table import LAYERS, N_CHOICES, ArchitectureTable, networks

SEEDS = range(3)
N_TRAIN, N_EPOCHS, BATCH_SIZE, LEARNING_RATE = 2000, 5, 50, 3e-3
ACTIVATIONS = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}


class Network(nn.Module):
    """The network that a row of the table describes."""

    def __init__(self, network, n_inputs, n_classes):
        super().__init__()
        *layers, self.skip = network
        body, width = [], n_inputs
        for units, activation in (LAYERS[choice] for choice in layers):
            body += [nn.Linear(width, units), ACTIVATIONS[activation]()]
            width = units
        self.body = nn.Sequential(*body)
        self.head = nn.Linear(width + n_inputs * self.skip, n_classes)

    def forward(self, x):
        h = self.body(x)
        return self.head(torch.cat([h, x], dim=1) if self.skip else h)


def accuracies(network, data, seed):
    """Train once and return the accuracies on the validation and on the test set."""
    (x, y), *others = data
    torch.manual_seed(seed)
    model = Network(network, x.shape[1], 10)
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(N_EPOCHS):
        for rows in torch.randperm(len(x), generator=generator).split(BATCH_SIZE):
            optimizer.zero_grad()
            nn.functional.cross_entropy(model(x[rows]), y[rows]).backward()
            optimizer.step()
    with torch.no_grad():
        return [float((model(a).argmax(dim=1) == b).double().mean()) for a, b in others]


def test_the_table_of_all_networks():
    torch.set_num_threads(1)
    digits = load_mnist_5k()
    x, x_test = (torch.tensor(a, dtype=torch.float32) for a in (digits.X_train, digits.X_test))
    y, y_test = torch.tensor(digits.y_train), torch.tensor(digits.y_test)
    data = [(x[:N_TRAIN], y[:N_TRAIN]), (x[N_TRAIN:], y[N_TRAIN:]), (x_test, y_test)]
    start = time.process_time()
    results = np.array([[accuracies(network, data, seed) for seed in SEEDS] for network in networks()])
    record = records.environment(seeds=SEEDS, command="make bench ONLY=benchmarks/test_optimization_architecture.py")
    setting = {"n_train": N_TRAIN, "epochs": N_EPOCHS, "batch_size": BATCH_SIZE, "learning_rate": LEARNING_RATE}
    content = {
        "setting": setting,
        "cpu_seconds": round(time.process_time() - start, 1),
        "validation": results[:, :, 0].round(4),
        "test": results[:, :, 1].round(4),
    }
    records.save("optimization/architecture_table", record | content)

    table = ArchitectureTable(content)
    best = np.argsort(-table.mean_validation)[:5]
    print([(networks()[i], round(table.mean_validation[i], 4), round(table.mean_test[i], 4)) for i in best])
    top = table.threshold(0.01)
    searches = {"random": random_search, "evolution": regularized_evolution, "REINFORCE": reinforce}
    for name, search in searches.items():
        needed = []
        for seed in range(50):
            result = search(table.reward, N_CHOICES, 686, np.random.default_rng(seed))
            needed.append(table.evaluations_to_reach(result.architectures, top) or 687)
        print(name, "median evaluations to the best hundredth:", np.median(needed))
    assert table.mean_validation.max() - np.median(table.mean_validation) > 0.01
