"""The optimisers of this package, under the names and signatures of ``torch.optim``.

Each is written in a module of its own and can be imported from here:

======================================  =====================================================
module                                  optimisers
======================================  =====================================================
``nndl_support.optimization.sgd``       SGD, with momentum and Nesterov's momentum
``nndl_support.optimization.adaptive``  Adagrad, RMSprop, Adadelta
``nndl_support.optimization.adam``      Adam, AdamW, NAdam
``nndl_support.optimization.lion``      Lion, the sign of a momentum
``nndl_support.optimization.muon``      Muon, momentum made orthogonal
``nndl_support.optimization.soap``      SOAP, Adam in the eigenbasis of Shampoo's matrices
``nndl_support.optimization.lbfgs``     L-BFGS, with a line search on request
======================================  =====================================================

Arguments of ``torch.optim`` that choose an implementation and not a method (``foreach``, ``fused``, ``capturable``,
``differentiable``) do not exist here: there is one implementation.

Examples
--------
>>> import torch
>>> theta = torch.tensor([3.0, -2.0], requires_grad=True)
>>> optimizer = Adam([theta], lr=0.1)
>>> for _ in range(200):
...     optimizer.zero_grad()
...     (theta**2).sum().backward()
...     optimizer.step()
>>> bool(theta.abs().max() < 1e-2)
True
"""

from nndl_support.optimization.adam import Adam, AdamW, NAdam
from nndl_support.optimization.adaptive import Adadelta, Adagrad, RMSprop
from nndl_support.optimization.lbfgs import LBFGS
from nndl_support.optimization.lion import Lion
from nndl_support.optimization.muon import Muon
from nndl_support.optimization.sgd import SGD
from nndl_support.optimization.soap import SOAP

__all__ = ["LBFGS", "SGD", "SOAP", "Adadelta", "Adagrad", "Adam", "AdamW", "Lion", "Muon", "NAdam", "RMSprop"]
