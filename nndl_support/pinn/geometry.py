"""Where a boundary value problem is posed (几何区域): regions of space, and their product with time.

Every region answers the same questions: what it contains, where its boundary is and which way is out, how large it is, and n
points spread over its inside (collocation points, 配点) or its boundary. Each shape is defined in a module of its own:
:mod:`nndl_support.pinn.box` and :mod:`nndl_support.pinn.space_time`, over
what they share, :mod:`nndl_support.pinn.domain`; all may be imported from here.

Shapes: N points given, n points wanted, d coordinates.

References
----------
Lu, Meng, Mao and Karniadakis (2021), DeepXDE: a deep learning library for solving differential equations, SIAM Review 63(1),
section 3.1, https://doi.org/10.1137/19M1274067 (the same vocabulary: geometry, time domain, constructive solid geometry).
"""

from nndl_support.pinn.box import Interval, Rectangle
from nndl_support.pinn.domain import Domain, Shape
from nndl_support.pinn.space_time import SpaceTime

__all__ = ["Domain", "Interval", "Rectangle", "Shape", "SpaceTime"]
