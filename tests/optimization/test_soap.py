"""SOAP: the algorithm written out, an independent implementation, Adam in a fixed basis, rotations, bad input."""

import importlib.util
import io
import math

import pytest
import torch

from nndl_support.optimization.soap import SOAP, eigenbasis, refined_basis, rotate

F64 = torch.float64
SHAPES = ((7, 5), (3, 11), (3, 3), (7,), (5, 2, 3), ())


def matrix(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=F64)


def parameters(shapes=SHAPES):
    return [matrix(*shape, seed=i).requires_grad_() for i, shape in enumerate(shapes)]


def loss_of(params):
    return sum(((p - 1) ** 2).sum() + torch.cos(3 * p).sum() for p in params)


def run(optimizer, params, steps, scale=1.0):
    for _ in range(steps):
        optimizer.zero_grad()
        (scale * loss_of(params)).backward()
        optimizer.step()


def largest_difference(first, second):
    return max((a - b).detach().abs().max().item() for a, b in zip(first, second, strict=True))


def orthogonal(n, seed=0):
    return torch.linalg.qr(matrix(n, n, seed=seed)).Q


def test_turning_is_a_product_from_both_sides_and_can_be_undone():
    m, left, right = matrix(5, 3), orthogonal(5), orthogonal(3)
    assert torch.allclose(rotate(m, [left, right]), left.T @ m @ right, atol=1e-14)
    assert torch.allclose(rotate(m, [left, right], back=True), left @ m @ right.T, atol=1e-14)
    assert torch.allclose(rotate(m, [None, right]), m @ right, atol=1e-14)
    t, bases = matrix(5, 2, 3, 7), [orthogonal(5), None, orthogonal(3), orthogonal(7)]
    turned = rotate(t, bases)
    assert torch.allclose(turned, torch.einsum("abcd,ai,ck,dl->ibkl", t, bases[0], bases[2], bases[3]), atol=1e-13)
    assert torch.allclose(rotate(turned, bases, back=True), t, atol=1e-13)


def test_the_eigenbasis_diagonalises_with_decreasing_eigenvalues():
    m = matrix(7, 9)
    covariance = m @ m.T
    q = eigenbasis(covariance)
    diagonal = q.T @ covariance @ q
    values = diagonal.diagonal()
    assert (diagonal - torch.diag(values)).abs().max() < 1e-12 * values.max()
    assert (values.diff() < 0).all()


def test_refining_converges_to_the_eigenbasis():
    values = torch.tensor([16.0, 8.0, 4.0, 2.0, 1.0], dtype=F64)
    exact = orthogonal(5)
    covariance, basis = exact @ torch.diag(values) @ exact.T, orthogonal(5, seed=3)
    errors = []
    for _ in range(60):
        _, basis = refined_basis(covariance, basis)
        assert torch.allclose(basis.T @ basis, torch.eye(5, dtype=F64), atol=1e-13)
        errors.append(((exact.T @ basis).abs() - torch.eye(5, dtype=F64)).abs().max().item())
    assert errors[-1] < 1e-12
    # neighbouring eigenvalues have the ratio 2: an eigenvector's error halves each time
    assert errors[25] / errors[24] == pytest.approx(0.5, rel=0.05)


def by_formula(start, gradient, steps, *, lr, beta1, beta2, shampoo_beta, eps, decay, frequency):
    """Algorithms 3 and 4 of Vyas et al. for one matrix, with explicit products; the first gradient only starts L and R."""
    w, m, v, t = start.clone(), torch.zeros_like(start), torch.zeros_like(start), 0
    left = right = q_left = q_right = None
    for step in range(steps):
        g = gradient(w, step)
        if left is None:
            left, right = (1 - shampoo_beta) * g @ g.T, (1 - shampoo_beta) * g.T @ g
            q_left, q_right = (torch.linalg.eigh(c)[1] for c in (left, right))
            continue
        t += 1
        turned = q_left.T @ g @ q_right
        m = beta1 * m + (1 - beta1) * g
        v = beta2 * v + (1 - beta2) * turned**2
        n = (q_left.T @ m @ q_right) / (v.sqrt() + eps)
        w = w - lr * math.sqrt(1 - beta2**t) / (1 - beta1**t) * q_left @ n @ q_right.T
        w = w - lr * decay * w
        left = shampoo_beta * left + (1 - shampoo_beta) * g @ g.T
        right = shampoo_beta * right + (1 - shampoo_beta) * g.T @ g
        if t % frequency == 0:
            # no reordering here: each column follows one eigenvector in Gram-Schmidt's order by estimated eigenvalue
            for axis, (c, q) in enumerate(((left, q_left), (right, q_right))):
                order = torch.argsort(torch.diag(q.T @ c @ q), descending=True)
                fresh, _ = torch.linalg.qr((c @ q)[:, order])
                back = torch.argsort(order)
                if axis == 0:
                    q_left = fresh[:, back]
                else:
                    q_right = fresh[:, back]
    return w


@pytest.mark.parametrize("frequency", [1, 3, 10])
def test_it_is_the_algorithm_of_the_paper(frequency):
    start, target = matrix(5, 5), matrix(5, 5, seed=1)

    def gradient(w, step):
        return (w - target) + torch.sin(3 * w) + 0.1 * matrix(5, 5, seed=step)

    options = {"lr": 0.01, "beta1": 0.9, "beta2": 0.95, "shampoo_beta": 0.8, "eps": 1e-8, "decay": 0.1}
    expected = by_formula(start, gradient, 60, frequency=frequency, **options)
    w = start.clone().requires_grad_()
    optimizer = SOAP(
        [w], lr=0.01, betas=(0.9, 0.95), shampoo_beta=0.8, weight_decay=0.1, precondition_frequency=frequency
    )
    for step in range(60):
        w.grad = gradient(w.detach(), step)
        optimizer.step()
    assert torch.allclose(w, expected, rtol=0, atol=1e-10)
    assert (w - start).abs().max() > 0.1


class WideTorch:
    """PyTorch as the peer sees it, for its QR decomposition in float32 to be one in float64."""

    float32 = F64

    def __getattr__(self, name):
        return getattr(torch, name)


@pytest.mark.skipif(not importlib.util.find_spec("pytorch_optimizer"), reason="pytorch_optimizer is not installed")
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"precondition_frequency": 3, "shampoo_beta": 0.8},
        {"max_precondition_dim": 6, "correct_bias": False, "weight_decay": 0.2},
        {"maximize": True, "precondition_frequency": 4},
        {"precondition_1d": True, "betas": (0.9, 0.99)},
    ],
)
def test_it_agrees_with_an_independent_implementation(options, monkeypatch):
    peer_module = pytest.importorskip("pytorch_optimizer.optimizer.soap")
    from pytorch_optimizer import SOAP as Peer

    # With its cast, directions without a gradient yet differ in the seventh digit after the first new basis, and grow apart.
    monkeypatch.setattr(peer_module, "torch", WideTorch())
    shapes = SHAPES[:-1]
    ours, theirs = parameters(shapes), parameters(shapes)
    optimizer, peer = SOAP(ours, lr=0.003, **options), Peer(theirs, lr=0.003, **options)
    for _ in range(20):
        run(optimizer, ours, 1)
        run(peer, theirs, 1)
        assert largest_difference(ours, theirs) <= 1e-10
    assert largest_difference(ours, parameters(shapes)) > 0.01


@pytest.mark.skipif(not importlib.util.find_spec("pytorch_optimizer"), reason="pytorch_optimizer is not installed")
def test_it_agrees_with_the_peer_as_it_is_where_every_direction_has_a_gradient():
    from pytorch_optimizer import SOAP as Peer

    ours, theirs = parameters([(3, 3), (5, 5)]), parameters([(3, 3), (5, 5)])
    optimizer, peer = SOAP(ours, lr=0.003), Peer(theirs, lr=0.003)
    for step in range(20):
        for each, params in ((optimizer, ours), (peer, theirs)):
            for p in params:
                p.grad = p.detach() + 0.3 * matrix(*p.shape, seed=step)
            each.step()
        assert largest_difference(ours, theirs) <= 1e-6


def test_with_one_and_the_same_gradient_most_of_the_first_step_is_rounding():
    """Two equal gradients: turned, the second is diagonal, and Adam divides the rounding errors beside it by their own size."""
    for dtype, noisy in ((torch.float32, True), (F64, False)):
        w = torch.zeros(7, 7, dtype=dtype, requires_grad=True)
        optimizer = SOAP([w], lr=1.0, weight_decay=0.0)
        for _ in range(2):
            w.grad = (1000 * matrix(7, 7)).to(dtype)
            optimizer.step()
        moved = rotate(w.detach(), optimizer.state[w]["bases"]).abs()
        assert torch.allclose(moved.diagonal(), torch.ones(7, dtype=dtype), atol=1e-3)
        beside = moved[~torch.eye(7, dtype=torch.bool)]
        assert (beside.median() > 0.5) == noisy


def test_with_a_fixed_basis_it_is_adam_in_the_coordinates_of_that_basis():
    start, options = matrix(5, 5), {"lr": 0.01, "betas": (0.9, 0.95)}
    w = start.clone().requires_grad_()
    # eps=0: PyTorch's Adam adds it after the correction of V, SOAP before
    optimizer = SOAP([w], eps=0.0, weight_decay=0.0, precondition_frequency=10**9, **options)
    w.grad = matrix(5, 5, seed=1)
    optimizer.step()
    assert torch.equal(w, start)  # the first step only finds the basis
    left, right = optimizer.state[w]["bases"]
    turned = (left.T @ start @ right).requires_grad_()
    adam = torch.optim.Adam([turned], eps=0.0, **options)
    for seed in range(2, 200):
        w.grad = matrix(5, 5, seed=seed)
        turned.grad = left.T @ w.grad @ right
        optimizer.step()
        adam.step()
    assert torch.allclose(w, left @ turned @ right.T, rtol=0, atol=1e-12)


def test_without_bases_it_is_adam_a_step_later():
    shapes = [(7, 5), (11,), ()]
    params, twins = parameters(shapes), parameters(shapes)
    soap = SOAP(params, lr=0.01, betas=(0.9, 0.95), eps=0.0, weight_decay=0.0, max_precondition_dim=4)
    adam = torch.optim.Adam(twins, lr=0.01, betas=(0.9, 0.95), eps=0.0)
    run(soap, params, 101)
    run(adam, twins, 100)
    assert largest_difference(params, twins) <= 1e-12


def test_turning_the_coordinates_turns_the_path_of_soap_and_breaks_that_of_adam():
    left, right, start = orthogonal(5, 1), orthogonal(5, 2), matrix(5, 5)

    def distance(kind, **options):
        straight, turned = start.clone().requires_grad_(), (left @ start @ right.T).requires_grad_()
        first, second = kind([straight], lr=0.01, **options), kind([turned], lr=0.01, **options)
        for seed in range(40):
            straight.grad = straight.detach() + 0.3 * matrix(5, 5, seed=seed)
            turned.grad = left @ straight.grad @ right.T
            first.step()
            second.step()
        return (turned - left @ straight @ right.T).detach().abs().max().item()

    assert distance(SOAP, precondition_frequency=5) < 1e-9
    assert distance(torch.optim.Adam) > 0.05


def test_a_convolution_gets_one_basis_for_each_of_its_axes():
    kernel = matrix(5, 2, 3, 7).requires_grad_()
    optimizer = SOAP([kernel], max_precondition_dim=5)
    kernel.grad = matrix(5, 2, 3, 7, seed=1)
    optimizer.step()
    shapes = [None if q is None else tuple(q.shape) for q in optimizer.state[kernel]["bases"]]
    assert shapes == [(5, 5), (2, 2), (3, 3), None]
    g = kernel.grad
    assert torch.allclose(
        optimizer.state[kernel]["covariances"][1], 0.05 * torch.einsum("aicd,ajcd->ij", g, g), atol=1e-12
    )


def test_maximising_is_minimising_the_negative():
    up, down = parameters(), parameters()
    run(SOAP(up, lr=0.01, maximize=True), up, 15, scale=-1.0)
    run(SOAP(down, lr=0.01), down, 15)
    assert largest_difference(up, down) == 0


def test_a_run_that_was_saved_and_resumed_is_the_run_that_was_not():
    straight, broken = parameters(), parameters()
    options = {"precondition_frequency": 3, "max_precondition_dim": 8}
    run(SOAP(straight, lr=0.01, **options), straight, 17)
    first = SOAP(broken, lr=0.01, **options)
    run(first, broken, 10)
    file = io.BytesIO()
    torch.save(first.state_dict(), file)
    file.seek(0)
    broken = [p.detach().clone().requires_grad_() for p in broken]
    second = SOAP(broken, lr=99.0)
    second.load_state_dict(torch.load(file, weights_only=True))
    run(second, broken, 7)
    assert largest_difference(straight, broken) == 0


def test_a_gradient_that_is_not_finite_is_named_and_changes_nothing():
    params = parameters()
    optimizer = SOAP(params)
    loss_of(params).backward()
    params[1].grad[0, 3] = float("nan")
    with pytest.raises(ValueError, match=r"parameter 1 of group 0 with shape \(3, 11\) has 1 of 33 entries"):
        optimizer.step()
    assert not optimizer.state
    assert largest_difference(params, parameters()) == 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"lr": -1.0}, "lr is -1.0"),
        ({"betas": (0.9, 1.0)}, r"betas\[1\] is 1.0; expected a number in \[0, 1\)"),
        ({"shampoo_beta": 1.0}, "shampoo_beta is 1.0"),
        ({"eps": -1e-8}, "eps is -1e-08"),
        ({"weight_decay": -0.1}, "weight_decay is -0.1"),
        ({"precondition_frequency": 0}, "precondition_frequency is 0; expected a whole number >= 1"),
        ({"max_precondition_dim": -1}, "max_precondition_dim is -1; expected a whole number >= 0"),
    ],
)
def test_options_out_of_range_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        SOAP(parameters(), **options)


def test_an_empty_group_is_refused():
    with pytest.raises(ValueError, match="parameter group 1 is empty"):
        SOAP([{"params": parameters()}, {"params": []}])
