"""Where a boundary value problem is posed (几何区域): regions of space, and their product with time.

Every region answers the same questions: what it contains, where its boundary is and which way is out, how large it is, and n
points spread over its inside (collocation points, 配点) or its boundary. All are imported from here; each kind is defined in a
module of its own (:mod:`nndl_support.pinn.box`, :mod:`nndl_support.pinn.disk`, :mod:`nndl_support.pinn.polygon`,
:mod:`nndl_support.pinn.difference`, :mod:`nndl_support.pinn.space_time`), and what they share in :mod:`nndl_support.pinn.domain`.

Shapes: N points given, n points wanted, d coordinates.

References
----------
Lu, Meng, Mao and Karniadakis (2021), DeepXDE: a deep learning library for solving differential equations, SIAM Review 63(1),
https://doi.org/10.1137/19M1274067 (the same vocabulary: geometry, time domain, constructive solid geometry).

Examples
--------
>>> import numpy as np
>>> channel = Difference(Rectangle([0, 0], [2.2, 0.41]), Disk([0.2, 0.2], 0.05))
>>> flow = SpaceTime(channel, 0, 8)
>>> rng = np.random.default_rng(0)
>>> flow.names, flow.sample(1000, rng=rng).shape, flow.sample_initial(100, rng=rng).shape
(('x', 'y', 't'), (1000, 3), (100, 3))
>>> wall, normals = flow.sample_boundary(500, rng=rng)
>>> flow.on_boundary(wall).all(), np.abs(normals[:, 2]).max()
(np.True_, np.float64(0.0))
"""

from nndl_support.pinn.box import Interval, Rectangle
from nndl_support.pinn.difference import Difference
from nndl_support.pinn.disk import Disk
from nndl_support.pinn.domain import Domain, Shape
from nndl_support.pinn.polygon import Polygon
from nndl_support.pinn.space_time import SpaceTime

__all__ = ["Difference", "Disk", "Domain", "Interval", "Polygon", "Rectangle", "Shape", "SpaceTime"]
