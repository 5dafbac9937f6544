"""The watched descent: torch.optim.SGD as the judge of the path, the Hessian's eigenvalues as that of the sharpness."""

import math

import pytest
import torch
from torch import nn

from nndl_support.data.digits import load_digits
from nndl_support.optimization import edge_of_stability
from nndl_support.optimization.edge_of_stability import descend_watching
from nndl_support.optimization.sharpness import hessian, sharpness


def small():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(3, 5), nn.Tanh(), nn.Linear(5, 2)).double()
    X = torch.randn(7, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    return model, lambda: (model(X) ** 2 + model(X)).mean()


def test_the_path_is_plain_gradient_descent_and_the_sharpness_the_largest_eigenvalue():
    model, loss = small()
    other, other_loss = small()
    course = descend_watching(
        model, loss, learning_rate=0.1, n_steps=6, measure_every=3, generator=torch.Generator().manual_seed(0)
    )
    optimizer, losses, eigenvalues = torch.optim.SGD(other.parameters(), lr=0.1), [], []
    for step in range(7):
        if step % 3 == 0:
            eigenvalues.append(torch.linalg.eigvalsh(hessian(other_loss, other.parameters()))[-1].item())
        optimizer.zero_grad()
        value = other_loss()
        losses.append(value.item())
        value.backward()
        optimizer.step()
    assert course.losses == pytest.approx(losses, rel=1e-12)
    assert course.steps == [0, 3, 6]
    assert course.sharpnesses == pytest.approx(eigenvalues, rel=0.02)


@pytest.mark.parametrize(("curvature", "grows"), [(3.9, False), (4.1, True)])
def test_on_a_quadratic_two_over_the_rate_is_the_limit(curvature, grows):
    layer = nn.Linear(1, 1, bias=False)
    layer.weight.data.fill_(1.0)
    course = descend_watching(layer, lambda: curvature / 2 * (layer.weight**2).sum(), learning_rate=0.5, n_steps=50)
    assert (course.losses[-1] > course.losses[0]) is grows


def test_a_network_on_digits_climbs_to_the_edge_and_stays():
    data = load_digits()
    X = torch.tensor(data.X_train[:200], dtype=torch.float32)
    X = X - X.mean(dim=0)
    targets = nn.functional.one_hot(torch.tensor(data.y_train[:200]), 10).float()
    for seed in range(2):
        torch.manual_seed(seed)
        model = nn.Sequential(nn.Linear(64, 20), nn.Tanh(), nn.Linear(20, 20), nn.Tanh(), nn.Linear(20, 10))
        course = descend_watching(
            model,
            lambda m=model: ((m(X) - targets) ** 2).sum(dim=1).mean() / 2,
            learning_rate=0.7,
            n_steps=800,
            measure_every=50,
        )
        late = torch.tensor(course.sharpnesses[8:])
        assert course.sharpnesses[0] < 0.95 * 2 / 0.7 < late.mean() < 1.15 * 2 / 0.7
        assert course.losses[-1] < 0.5 * course.losses[50]
        assert sum(b > a for a, b in zip(course.losses, course.losses[1:])) > 50


def test_a_descent_that_explodes_is_cut_short():
    layer = nn.Linear(1, 1, bias=False)
    layer.weight.data.fill_(1.0)
    course = descend_watching(layer, lambda: (layer.weight**4).sum(), learning_rate=5.0, n_steps=50, measure_every=100)
    assert not math.isfinite(course.losses[-1])
    assert len(course.losses) < 20


def test_the_rate_must_be_positive():
    with pytest.raises(ValueError, match="learning_rate is 0; expected a positive number"):
        descend_watching(nn.Linear(1, 1), lambda: torch.zeros(()), learning_rate=0, n_steps=1)


def test_each_search_for_the_sharpest_direction_starts_from_the_last_one(monkeypatch):
    starts, found = [], []

    def watched(*args, start, **options):
        starts.append(start)
        value, vector = sharpness(*args, start=start, **options)
        found.append(vector)
        return value, vector

    monkeypatch.setattr(edge_of_stability, "sharpness", watched)
    model, loss = small()
    descend_watching(model, loss, learning_rate=0.1, n_steps=6, measure_every=3)
    assert starts[0] is None
    assert [id(v) for v in starts[1:]] == [id(v) for v in found[:-1]]
