"""An unrolled stack computes what its machines infer and predict, and learns from there."""

import numpy as np
import pytest
import torch
from sklearn.decomposition import PCA
from torch import nn

from nndl_support import records
from nndl_support.data.digits import load_mnist_5k
from nndl_support.deep_belief.deep_autoencoder import (
    random_autoencoder,
    squared_error,
    train_autoencoder,
    unroll,
)
from nndl_support.deep_belief.harmonium import Harmonium
from nndl_support.deep_belief.units import GaussianUnits


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def machine(n_visible, n_hidden, *, code=False, seed=0):
    g = seeded(seed)
    W, a, b = (torch.randn(s, generator=g, dtype=torch.float64) for s in ((n_visible, n_hidden), n_visible, n_hidden))
    return Harmonium(W, a, b, hidden=GaussianUnits(n_hidden) if code else None)


@pytest.fixture
def machines():
    return [machine(7, 5), machine(5, 3, seed=1), machine(3, 2, code=True, seed=2)]


def test_the_encoder_infers_and_the_decoder_predicts_as_the_machines_do(machines):
    x = torch.rand(11, 7, generator=seeded(3), dtype=torch.float64)
    model = unroll(machines).double()
    h = x
    for part in machines:
        h = part.mean_hidden(h)
    # unroll rounds the weights to float32
    torch.testing.assert_close(model.encoder(x), h, rtol=1e-5, atol=1e-5)
    v = h
    for part in machines[::-1]:
        v = part.mean_visible(v)
    torch.testing.assert_close(model.reconstruct(x), v, rtol=1e-5, atol=1e-5)


def test_the_two_halves_are_transposed_copies_and_not_the_same_tensors(machines):
    model = unroll(machines)
    up, down = ([m for m in half if isinstance(m, nn.Linear)] for half in (model.encoder, model.decoder))
    for above, below in zip(up, down[::-1]):
        assert torch.equal(above.weight, below.weight.T)
        assert above.weight.data_ptr() != below.weight.data_ptr()
    before = machines[0].W.clone()
    train_autoencoder(model, torch.rand(13, 7, generator=seeded(4)), epochs=2, learning_rate=0.01)
    assert not torch.equal(up[0].weight, down[-1].weight.T)
    assert torch.equal(machines[0].W, before)


def test_a_linear_autoencoder_of_one_layer_cannot_beat_principal_components():
    x = torch.rand(31, 5, generator=seeded(), dtype=torch.float64) * 0.2 + 0.4
    pca = PCA(2).fit(x.numpy())
    best = ((pca.inverse_transform(pca.transform(x.numpy())) - x.numpy()) ** 2).sum(1).mean()
    model = random_autoencoder((5, 2), "relu", generator=seeded()).double()
    train_autoencoder(model, x, learning_rate=0.05, epochs=400, batch_size=31)
    # near one half the logistic function is straight: the optimum is that of PCA, but for the small curvature
    assert squared_error(model, x) == pytest.approx(best, rel=0.03)
    assert squared_error(model, x) > best


def test_the_error_is_summed_over_pixels_and_averaged_over_images(machines):
    model, x = unroll(machines), torch.rand(11, 7, generator=seeded(3))
    difference = model.reconstruct(x).numpy() - x.numpy()
    assert squared_error(model, x) == pytest.approx(np.mean(np.sum(difference**2, axis=1)), rel=1e-6)


@pytest.mark.parametrize(("method", "rate"), [("adam", 0.03), ("momentum", 0.5)])
def test_training_lowers_the_error_from_a_stack(machines, method, rate):
    model, x = unroll(machines), torch.eye(7).repeat(5, 1)
    before = squared_error(model, x)
    train_autoencoder(model, x, learning_rate=rate, epochs=60, batch_size=35, method=method)
    assert squared_error(model, x) < 0.8 * before


def test_the_gradient_of_momentum_is_that_of_the_mean_over_pixels():
    x = torch.rand(13, 7, generator=seeded())
    model = random_autoencoder((7, 3), "relu", generator=seeded(1))
    twin = random_autoencoder((7, 3), "relu", generator=seeded(1))
    train_autoencoder(model, x, learning_rate=0.5, epochs=1, batch_size=13, method="momentum")
    loss = nn.functional.binary_cross_entropy_with_logits(twin(x), x)
    gradients = torch.autograd.grad(loss, list(twin.parameters()))
    for moved, start, gradient in zip(model.parameters(), twin.parameters(), gradients):
        torch.testing.assert_close(moved, start - 0.5 * gradient, rtol=1e-4, atol=1e-6)


def test_wrong_stacks_and_names_are_refused():
    with pytest.raises(ValueError, match=r"the last hidden layer is BernoulliUnits\(5\); a code needs GaussianUnits"):
        unroll([machine(7, 5)])
    with pytest.raises(ValueError, match="machine 1 has 3 visible units, but the one below has 5 hidden units"):
        unroll([machine(7, 5), machine(3, 2, code=True)])
    with pytest.raises(ValueError, match="unit is 'step'; expected sigmoid or relu"):
        random_autoencoder((5, 2), "step")
    with pytest.raises(ValueError, match="method is 'prayer'; expected adam or momentum"):
        train_autoencoder(random_autoencoder((5, 2)), torch.rand(3, 5), method="prayer")


def test_the_record_holds_what_the_section_says_of_autoencoders():
    rows = {(row["name"], row["code"]): row for row in records.load("deep_belief/fine_tuning_autoencoder")["figures"]}
    record = records.load("deep_belief/fine_tuning_autoencoder")
    assert max(rows["pre-trained", 2]["test"]) < min(rows["ReLU", 2]["test"]) < rows["PCA", 2]["test"][0]
    assert max(rows["ReLU", 30]["test"]) < rows["PCA", 30]["test"][0]
    assert record["longer"]["pre-trained"]["test"] < rows["PCA", 30]["test"][0]
    for code in (2, 30):
        assert max(rows["pre-trained", code]["test"]) < min(rows["pre-trained", code]["before"])
        assert min(rows["small start", code]["test"]) > 0.85 * record["mean_image"]
    data = load_mnist_5k()
    pca = PCA(30, random_state=0).fit(data.X_train)
    rebuilt = pca.inverse_transform(pca.transform(data.X_test))
    assert ((rebuilt - data.X_test) ** 2).sum(1).mean() == pytest.approx(rows["PCA", 30]["test"][0], rel=0.01)
