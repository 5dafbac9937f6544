r"""Temporal XOR (时序异或): a stream of bits in which every third one is the XOR of the two before it, and what can be known.

Two thirds of the bits are fair coins, so the mean cross-entropy per bit of any predictor is at least

.. math:: \tfrac13 (\ln 2 + \ln 2 + 0) = \tfrac23 \ln 2 = 0.4621\ \text{nats}.

A predictor that does not know where the triples begin pays once, and at most ln 3 nats in all, for finding out.

Shapes: T bits, 3 phases. The phase says which bits are dependent: bit t is the XOR of bits t - 1 and t - 2 when
``t % 3 == phase`` and t >= 2.

References
----------
Elman (1990), Finding structure in time, Cognitive Science 14(2), 179-211, https://doi.org/10.1207/s15516709cog1402_1.
Cover and Thomas (2006), Elements of Information Theory, second edition, chapters 2 and 4.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

#: Least mean cross-entropy per bit when the phase is known, in nats.
ENTROPY_BOUND = 2 / 3 * float(np.log(2))


def temporal_xor_bits(n_bits: int, rng: np.random.Generator, *, phase: int = 2) -> np.ndarray:
    """Stream of bits in which every third one is the XOR of the two before it.

    Parameters
    ----------
    n_bits : int, T
    rng : numpy.random.Generator
    phase : 0, 1 or 2
        Bits t >= 2 with ``t % 3 == phase`` are dependent, all others are fair coins. With 2 the stream begins with a whole
        triple.

    Returns
    -------
    array (T,) of 0.0 and 1.0

    Raises
    ------
    ValueError
        When the phase is none of the three.

    Examples
    --------
    >>> temporal_xor_bits(9, np.random.default_rng(2)).reshape(3, 3)
    array([[1., 0., 1.],
           [0., 0., 0.],
           [1., 0., 1.]])
    """
    if phase not in (0, 1, 2):
        raise ValueError(f"phase must be 0, 1 or 2, but is {phase!r}")
    bits = rng.integers(0, 2, n_bits)
    dependent = np.arange(phase if phase == 2 else phase + 3, n_bits, 3)
    bits[dependent] = bits[dependent - 1] ^ bits[dependent - 2]
    return bits.astype(float)


def bayes_prediction(
    bits: npt.ArrayLike, prior: npt.ArrayLike = (1 / 3, 1 / 3, 1 / 3)
) -> tuple[np.ndarray, np.ndarray]:
    r"""Best possible prediction of every bit from those before it, when the phase is known only by a prior.

    .. math:: p(x_t = 1 \mid x_{<t}) = \sum_\varphi p(\varphi \mid x_{<t})\, p(x_t = 1 \mid x_{t-1}, x_{t-2}, \varphi), \qquad
        p(\varphi \mid x_{\le t}) \propto p(\varphi \mid x_{<t})\, p(x_t \mid x_{t-1}, x_{t-2}, \varphi)

    Parameters
    ----------
    bits : array (T,), entries 0 or 1
    prior : array (3,), probabilities of the phases; (0, 0, 1) knows that the phase is 2

    Returns
    -------
    probability : array (T,), of a 1
    posterior : array (T + 1, 3), of the phases before each bit and after the last

    Raises
    ------
    ValueError
        When the bits are not a vector of 0 and 1, the prior is no distribution over three phases, or the bits are impossible
        under it.

    Examples
    --------
    >>> probability, posterior = bayes_prediction([0, 0, 1, 1, 0], prior=(0.5, 0.5, 0.0))
    >>> probability.round(2)
    array([0.5 , 0.5 , 0.5 , 0.75, 0.33])
    >>> posterior.round(2)[[3, 4, 5]]
    array([[0.5 , 0.5 , 0.  ],
           [0.67, 0.33, 0.  ],
           [0.5 , 0.5 , 0.  ]])
    """
    given = np.asarray(bits)
    if given.ndim != 1 or not np.isin(given, (0, 1)).all():
        raise ValueError(f"bits must be a vector of 0 and 1, but are {bits!r}")
    x = given.astype(int)
    belief = np.asarray(prior, dtype=float)
    if belief.shape != (3,) or (belief < 0).any() or not np.isclose(belief.sum(), 1.0):
        raise ValueError(f"prior must be three probabilities that add up to 1, but is {prior!r}")
    probability, posterior = np.empty(len(x)), np.empty((len(x) + 1, 3))
    for t in range(len(x)):
        posterior[t] = belief
        ones = np.full(3, 0.5)  # probability of a 1 under each phase
        if t >= 2:
            ones[t % 3] = x[t - 1] ^ x[t - 2]
        probability[t] = belief @ ones
        belief = belief * (ones if x[t] else 1 - ones)
        if belief.sum() == 0:
            raise ValueError(f"bit {t} is impossible: no phase of the prior allows the stream up to there")
        belief = belief / belief.sum()
    posterior[-1] = belief
    return probability, posterior


def phase_uncertainty(n_triples: int) -> float:
    r"""Mean entropy of the phase, in nats, after 3 m + 2 bits of a stream whose phase was drawn at random.

    .. math:: H_m = 4^{-m} \ln 3 + 2 (2^{-m} - 4^{-m}) \ln 2

    After that many bits each of the three hypotheses has been put to m tests. A wrong one passes a test with probability
    1/2, and the two wrong ones pass independently of each other; those that passed all tests remain equally probable.

    Parameters
    ----------
    n_triples : int >= 0, m

    Returns
    -------
    float, in nats

    Raises
    ------
    ValueError
        When m is negative.

    Examples
    --------
    >>> [round(phase_uncertainty(m), 3) for m in (0, 1, 5)]  # ln 3 at first
    [1.099, 0.621, 0.043]
    """
    if n_triples < 0:
        raise ValueError(f"n_triples must not be negative, but is {n_triples}")
    half, quarter = 0.5**n_triples, 0.25**n_triples
    return float(quarter * np.log(3) + 2 * (half - quarter) * np.log(2))


def learn_from_fresh_bits(
    network: Any, rng: np.random.Generator, *, n_passes: int, n_bits: int = 3000, phase: int | None = 2
) -> np.ndarray:
    """Teach a network to predict the next bit, from a new stream in every pass, at a rate that falls along a line.

    Parameters
    ----------
    network : an estimator with ``partial_fit`` and a ``learning_rate``, such as
        :class:`nndl_support.classical.elman.ElmanNetwork` with logistic outputs; it learns in place
    rng : numpy.random.Generator
    n_passes : int
    n_bits : int, predictions in each pass
    phase : 0, 1, 2, or None to draw a new phase for every pass

    Returns
    -------
    array (n_passes,), mean loss per bit of each pass, measured on bits that the network had not seen before

    Examples
    --------
    >>> from nndl_support.classical.elman import ElmanNetwork
    >>> network = ElmanNetwork(5, output="logistic", learning_rate=0.1, random_state=0)
    >>> learn_from_fresh_bits(network, np.random.default_rng(0), n_passes=2, n_bits=300).shape
    (2,)
    """
    full_rate, curve = network.learning_rate, []
    for i in range(n_passes):
        bits = temporal_xor_bits(n_bits + 1, rng, phase=int(rng.integers(3)) if phase is None else phase)
        network.set_params(learning_rate=full_rate * (1 - i / n_passes))
        network.partial_fit(signed(bits[:-1]), bits[1:])
        curve.append(network.loss_curve_[-1])
    network.set_params(learning_rate=full_rate)
    return np.array(curve)


def signed(bits: npt.ArrayLike) -> np.ndarray:
    """Bits as inputs of a network: a column of -1 and +1.

    Examples
    --------
    >>> signed([0, 1]).tolist()
    [[-1.0], [1.0]]
    """
    return 2.0 * np.asarray(bits, dtype=float)[:, None] - 1.0


def delayed_xor(n_steps: int, lag: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    r"""Fair coins, and the XOR of each with the one ``lag`` steps before: a task for the memory alone.

    .. math:: y_t = x_t \oplus x_{t - \text{lag}}

    Parameters
    ----------
    n_steps : int, T
    lag : int >= 1
    rng : numpy.random.Generator

    Returns
    -------
    X : array (T, 1) of -1 and +1
    y : array (T,) of 0 and 1; coins before the first step counted as 0

    Raises
    ------
    ValueError
        When the lag is not positive.

    Examples
    --------
    >>> X, y = delayed_xor(6, 2, np.random.default_rng(0))
    >>> X[:, 0], y
    (array([ 1.,  1.,  1., -1., -1., -1.]), array([1., 1., 0., 1., 1., 0.]))
    """
    if lag < 1:
        raise ValueError(f"lag must be at least 1, but is {lag}")
    coins = rng.integers(0, 2, n_steps)
    earlier = np.concatenate([np.zeros(lag, dtype=int), coins])[:n_steps]
    return signed(coins), (coins ^ earlier).astype(float)
