r"""Levenberg-Marquardt by MINPACK, for a residual whose Jacobian comes from the same evaluation.

SciPy asks for the residual and for its Jacobian by two functions, although both are wanted at the same places and share most of
their work. Here one function returns both, and what it returned last is remembered.

Shapes: R residuals, W unknowns.

References
----------
Moré (1978), The Levenberg-Marquardt algorithm: implementation and theory, in Numerical Analysis, Lecture Notes in Mathematics
630, https://doi.org/10.1007/BFb0067700. Section "Why physics?" of this book.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from scipy.optimize import OptimizeResult, least_squares

#: Takes unknowns (W,); returns the residual (R,) and its Jacobian (R, W).
ResidualAndJacobian = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


def minimise_squares(both: ResidualAndJacobian, start: npt.ArrayLike, *, max_evaluations: int) -> OptimizeResult:
    r"""Minimise :math:`\lVert r(w) \rVert^2` by Levenberg-Marquardt.

    Parameters
    ----------
    both : function of an array (W,), returning r, array (R,), and its Jacobian, array (R, W)
    start : array (W,)
    max_evaluations : int of at least 1, residuals that may be asked for

    Returns
    -------
    scipy.optimize.OptimizeResult
        ``x`` (W,), ``fun`` (R,) and ``cost``, half the sum of squares, at the end; ``nfev``, the residuals asked for.

    Raises
    ------
    ValueError
        When the start is no vector of finite numbers, the Jacobian does not fit, or there are fewer residuals than unknowns.

    Examples
    --------
    Rosenbrock's valley as a sum of two squares:

    >>> valley = lambda w: (
    ...     np.array([1 - w[0], 10 * (w[1] - w[0] ** 2)]),
    ...     np.array([[-1.0, 0.0], [-20 * w[0], 10.0]]),
    ... )
    >>> minimise_squares(valley, [-1.2, 1.0], max_evaluations=100).x.round(6).tolist()
    [1.0, 1.0]
    """
    first = np.array(start, dtype=float)
    if first.ndim != 1 or not np.isfinite(first).all():
        raise ValueError(f"start has shape {first.shape}; expected (W,), all of it finite")
    if max_evaluations < 1:
        raise ValueError(f"max_evaluations is {max_evaluations}; expected at least 1")
    # The place of the last evaluation, and what came of it.
    where, last = first.copy(), both(first)
    if last[1].shape != (len(last[0]), len(first)):
        raise ValueError(f"the Jacobian has shape {last[1].shape}; expected ({len(last[0])}, {len(first)})")
    if len(last[0]) < len(first):
        raise ValueError(f"there are {len(last[0])} residuals for {len(first)} unknowns; expected at least as many")

    def at(w: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        nonlocal where, last
        if not np.array_equal(w, where):
            # A copy, since MINPACK writes the next place into the same memory.
            where, last = w.copy(), both(w)
        return last

    return least_squares(lambda w: at(w)[0], first, jac=lambda w: at(w)[1], method="lm", max_nfev=max_evaluations)
