"""Networks put together again from their weights, and the two plain statements."""

import numpy as np
import pytest
import torch

from nndl_support.pinn import problems
from nndl_support.pinn.forward_records import plain_problem, restored, with_weights


def weights_of(network):
    return torch.cat([p.detach().reshape(-1) for p in network.parameters()]).tolist()


@pytest.mark.parametrize("name", ["poisson", "heat", "wave", "kovasznay"])
def test_the_weights_of_a_network_make_the_same_network(name):
    problem = getattr(problems, name)()
    network = problem.network(seed=3)
    solution = restored({"problem": name, "checkpoint": {"weights": weights_of(network)}})
    points = problem.geometry.sample(7, rng=np.random.default_rng(0))
    with torch.no_grad():
        np.testing.assert_allclose(solution.predict(points), network(torch.as_tensor(points)).numpy(), rtol=1e-14)


def test_a_wrong_number_of_weights_is_named():
    with pytest.raises(ValueError, match="there are 5 weights, but the network of this problem has 921"):
        with_weights(problems.heat(), [0.0] * 5)


def test_the_plain_wave_starts_at_rest_from_its_given_shape():
    problem = plain_problem("wave")
    solution = with_weights(problem, weights_of(problem.network(seed=1)))
    points = np.column_stack([np.linspace(0, 1, 11), np.zeros(11)])
    np.testing.assert_allclose(solution.evaluate(points, lambda f: f.u_t), 0, atol=1e-12)
    x = points[:, 0]
    np.testing.assert_allclose(
        solution.predict(points)[:, 0], np.sin(np.pi * x) + 0.5 * np.sin(4 * np.pi * x), atol=1e-12
    )


def test_the_plain_allen_cahn_is_periodic_and_not_bound_to_its_start():
    problem = plain_problem("allen_cahn")
    network = problem.network(seed=1)
    ends = torch.tensor([[-1.0, 0.3], [1.0, 0.3]]).double()
    with torch.no_grad():
        left, right = network(ends)
    assert float(abs(left - right)) < 1e-12
    assert [condition.name for condition in problem.conditions] == ["u at the start"]


def test_other_names_are_refused():
    with pytest.raises(ValueError, match="no plain statement of 'heat'"):
        plain_problem("heat")
