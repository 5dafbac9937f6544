"""Second order, and a measure that notices a wrong viscosity."""

import numpy as np
import pytest

from nndl_support.pinn import lattice_validation
from nndl_support.pinn.lattice_flow import LatticeFlow
from nndl_support.pinn.lattice_validation import taylor_green_error


def test_taylor_green_vortices_converge_with_second_order():
    coarse, fine = np.array(taylor_green_error(12)), np.array(taylor_green_error(36))
    order = np.log(coarse / fine) / np.log(3)
    assert (order > 1.7).all()
    assert fine[0] < 1e-3
    assert fine[1] < 1e-2


def test_the_order_holds_at_another_reynolds_number():
    """Of the pressure; the error of the velocity is already small, and changes sign on the way."""
    errors = np.array([taylor_green_error(n, reynolds=10.0) for n in (12, 24)])
    assert 1.7 < np.log2(errors[0, 1] / errors[1, 1]) < 2.3
    assert errors[1, 0] < errors[0, 0] < 2e-3


def test_a_viscosity_that_is_one_per_cent_off_is_seen(monkeypatch):
    monkeypatch.setattr(
        lattice_validation,
        "LatticeFlow",
        lambda shape, nu, boundaries: LatticeFlow(shape, 1.01 * nu, boundaries=boundaries),
    )
    # the energy fell by a factor of 4, so that one per cent of the viscosity is 0.7 per cent of the velocity
    assert taylor_green_error(36)[0] == pytest.approx(0.01 * np.log(2), rel=0.15)


def test_errors_say_what_is_wrong():
    with pytest.raises(ValueError, match="expected at least 4"):
        taylor_green_error(3)
