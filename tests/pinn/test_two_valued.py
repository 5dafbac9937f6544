"""The relation y^2 = x: closed forms against samples, the losses against enumeration, and networks of several seeds."""

import pytest
import torch

from nndl_support.pinn import two_valued


def constant(*values):
    class Constant(torch.nn.Module):
        def forward(self, x):
            return torch.tensor(values, dtype=x.dtype).expand(len(x), len(values))

    return Constant()


X = torch.linspace(0, 1, 101, dtype=torch.float64)[:, None]


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_all_points_lie_on_the_parabola_and_the_share_is_right(share):
    x, y = two_valued.draw_two_valued(4001, torch.Generator().manual_seed(0), share_above=share)
    torch.testing.assert_close(y**2, x)
    assert abs((y > 0).double().mean().item() - share) < 0.04


@pytest.mark.parametrize("share", [0.5, 0.8])
def test_the_conditional_mean_has_the_least_risk_among_multiples_of_a_branch(share):
    # E (a sqrt(x) - y)^2 = (a^2 - 2 a (2p - 1) + 1) / 2 for x even in [0, 1]; the minimum is at a = 2p - 1.
    risks = {a: (a * a - 2 * a * (2 * share - 1) + 1) / 2 for a in (-1.0, 0.0, 0.3, 2 * share - 1, 1.0)}
    assert abs(risks[2 * share - 1] - two_valued.least_risk(share)) < 1e-12
    assert min(risks.values()) == risks[2 * share - 1]
    x, y = two_valued.draw_two_valued(40_000, torch.Generator().manual_seed(1), share_above=share)
    sampled = (two_valued.conditional_mean(x, share) - y).square().mean().item()
    assert abs(sampled - two_valued.least_risk(share)) < 0.01


def test_the_losses_are_zero_exactly_where_they_should_be():
    x = torch.full((3, 1), 0.25, dtype=torch.float64)
    assert two_valued.residual_loss(constant(0.5), x) == 0
    assert two_valued.residual_loss(constant(0.5, 0.5), x) == 0
    assert two_valued.vieta_loss(constant(0.5, -0.5), x) == 0
    assert two_valued.vieta_loss(constant(-0.5, 0.5), x) == 0
    assert two_valued.vieta_loss(constant(0.5, 0.5), x).item() == 1 + 0.25
    assert two_valued.vieta_loss(constant(2.0, 1.0), x).item() == 9 + 2.25**2
    assert two_valued.residual_loss(constant(0.0), x).item() == 0.0625


def test_the_hessian_of_the_vieta_loss_at_zero_is_a_saddle():
    x = 0.37

    def loss(y):
        return (y[0] + y[1]) ** 2 + (y[0] * y[1] + x) ** 2

    hessian = torch.autograd.functional.hessian(loss, torch.zeros(2, dtype=torch.float64))
    expected = torch.tensor([-2 * x, 4 + 2 * x], dtype=torch.float64)
    torch.testing.assert_close(torch.linalg.eigvalsh(hessian), expected)


def test_a_network_fitted_to_examples_runs_through_the_empty_middle():
    for seed in range(2):
        x, y = two_valued.draw_two_valued(1000, torch.Generator().manual_seed(seed))
        network = two_valued.small_network(1, seed, width=7)
        loss = two_valued.train(network, torch.nn.MSELoss(), (x, y), iterations=20)[-1]
        assert network(X[20:]).abs().max().item() < 0.3
        assert abs(loss - 0.5) < 0.05


@pytest.mark.parametrize("seed", range(3))
def test_two_heads_under_vietas_law_find_both_branches(seed):
    network = two_valued.small_network(2, seed)
    two_valued.train(network, two_valued.vieta_loss, X)
    heads = network(X).detach().sort(dim=1).values
    assert (heads[20:, 0] + X[20:, 0].sqrt()).abs().max().item() < 0.1
    assert (heads[20:, 1] - X[20:, 0].sqrt()).abs().max().item() < 0.1


def test_one_head_finds_one_branch():
    network = two_valued.small_network(1, 0)
    two_valued.train(network, two_valued.residual_loss, X)
    y = network(X).detach()[20:, 0]
    assert (y.abs() - X[20:, 0].sqrt()).abs().max().item() < 0.1
    assert (y > 0).all() or (y < 0).all()


def test_the_seed_of_a_network_leaves_the_global_generator_alone():
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first, second = two_valued.small_network(1, 3), two_valued.small_network(1, 3)
    torch.testing.assert_close(torch.rand(3), expected)
    torch.testing.assert_close(first(X), second(X))
    assert not torch.allclose(first(X), two_valued.small_network(1, 4)(X))


def test_wrong_arguments_are_refused():
    with pytest.raises(ValueError, match="probability"):
        two_valued.draw_two_valued(3, torch.Generator(), share_above=1.5)
    with pytest.raises(ValueError, match="n is -1; expected a number of points"):
        two_valued.draw_two_valued(-1, torch.Generator())
    with pytest.raises(ValueError, match=r"x has shape \(3, 2\); expected \(B, 1\)"):
        two_valued.residual_loss(constant(1.0), torch.zeros(3, 2))
    with pytest.raises(ValueError, match="n_heads is 0 and width 20; expected at least 1"):
        two_valued.small_network(0, 0)
    with pytest.raises(ValueError, match="iterations is 0; expected at least 1"):
        two_valued.train(two_valued.small_network(1, 0), two_valued.residual_loss, X, iterations=0)
    with pytest.raises(ValueError, match=r"expected \(101, 2\)"):
        two_valued.vieta_loss(constant(1.0), X)


def test_training_tells_the_loss_after_every_ten_iterations_the_last_one_at_the_end():
    network = two_valued.small_network(1, 1, width=5)
    losses = two_valued.train(network, two_valued.residual_loss, X, iterations=25)
    assert len(losses) == 3
    assert losses[-1] == pytest.approx(two_valued.residual_loss(network, X).item(), rel=1e-9)
    assert losses[2] < losses[1] < losses[0] < two_valued.residual_loss(two_valued.small_network(1, 1, width=5), X)
