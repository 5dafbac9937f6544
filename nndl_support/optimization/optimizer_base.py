r"""What all optimisers of this package share: checks, closures, gathering of gradients and state, saving and loading.

An optimiser adds its update rule and nothing else. It subclasses :class:`OptimizerBase`, names the tensors it remembers for
each parameter (``_buffer_names``), and changes the parameters in ``_update``, which receives lists: parameters, gradients, and
one list for each name. The names are PyTorch's, so that a ``state_dict`` of ``torch.optim`` can be loaded where the rules agree.

Shapes: every list has one tensor for each parameter of a group that has a gradient; buffers are shaped like their parameters,
``step`` and other scalars are 0-dimensional.

Notes
-----
The updates use ``torch._foreach_*``, which apply one elementwise operation to a whole list of tensors in a single call. PyTorch
exports these functions, tests them and builds its own optimisers on them, but the underscore says that their signatures may move.

References
----------
Paszke et al. (2019), PyTorch: an imperative style, high-performance deep learning library, https://arxiv.org/abs/1912.01703.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import torch
from torch import Tensor

__all__ = ["OptimizerBase", "check_fraction", "check_non_negative", "l2_gradients", "new_scalar"]

Buffers = dict[str, list[Tensor]]


def check_non_negative(name: str, value: float | Tensor) -> None:
    """Raise a ValueError unless ``value`` is a finite number >= 0.

    Examples
    --------
    >>> check_non_negative("lr", -0.1)
    Traceback (most recent call last):
    ValueError: lr is -0.1; expected a finite number >= 0
    """
    if isinstance(value, Tensor) and value.numel() != 1:
        raise ValueError(
            f"{name} is a tensor of shape {tuple(value.shape)}; expected a number or a tensor of one element"
        )
    if not 0.0 <= float(value) < math.inf:
        raise ValueError(f"{name} is {float(value)}; expected a finite number >= 0")


def check_fraction(name: str, value: float) -> None:
    """Raise a ValueError unless ``value`` lies in [0, 1), as the decay rate of a moving average must.

    Examples
    --------
    >>> check_fraction("betas[1]", 1.0)
    Traceback (most recent call last):
    ValueError: betas[1] is 1.0; expected a number in [0, 1)
    """
    if not 0.0 <= float(value) < 1.0:
        raise ValueError(f"{name} is {float(value)}; expected a number in [0, 1)")


def l2_gradients(grads: list[Tensor], params: list[Tensor], weight_decay: float) -> list[Tensor]:
    r"""Gradients of the loss with the penalty :math:`\frac{\lambda}{2}\lVert\theta\rVert^2`, for the rate :math:`\lambda`.

    Examples
    --------
    >>> l2_gradients([torch.tensor(1.0)], [torch.tensor(3.0)], 0.5)
    [tensor(2.5000)]
    """
    # g <- g + weight_decay * theta, in new tensors: p.grad belongs to the caller
    return list(torch._foreach_add(grads, params, alpha=weight_decay)) if weight_decay else grads


class OptimizerBase(torch.optim.Optimizer):
    """An optimiser without its rule.

    Parameters
    ----------
    params : iterable of tensors, of ``(name, tensor)`` pairs (PyTorch 2.6 and later), or of dicts with a key ``"params"``
        Named parameters make better error messages.
    defaults : dict
        The options of a group that does not set its own. ``lr``, ``eps``, ``weight_decay``, ``momentum`` and ``betas`` are
        checked where they are present. ``maximize`` turns descent into ascent; ``check_finite`` (True unless set to False)
        looks for NaN and infinity in the gradients before anything is changed.

    Raises
    ------
    ValueError
        When an option is out of range, a group is empty or a parameter is complex; in ``step``, when a gradient is not finite.
    RuntimeError
        In ``step``, when a gradient is sparse.

    Notes
    -----
    Options are checked for each group, also for one added later; ``torch.optim`` checks the defaults only. If any gradient of any
    group is refused, no parameter and no buffer has changed.

    Examples
    --------
    >>> class SignDescent(OptimizerBase):
    ...     def _update(self, group, params, grads, buffers):
    ...         torch._foreach_add_(params, torch._foreach_sign(grads), alpha=-float(group["lr"]))
    >>> theta = torch.tensor([3.0, -2.0], requires_grad=True)
    >>> optimizer = SignDescent([theta], {"lr": 0.5})
    >>> (theta**2).sum().backward()
    >>> optimizer.step()
    >>> theta.detach()
    tensor([ 2.5000, -1.5000])
    """

    def __init__(self, params: Iterable[Any], defaults: dict[str, Any]) -> None:
        defaults = {"maximize": False, "check_finite": True} | defaults
        self._check_options(defaults)
        super().__init__(params, defaults)

    def _check_options(self, group: dict[str, Any]) -> None:
        """Check the options of one group; a subclass with options of its own checks them and calls this one."""
        for name in ("lr", "eps", "weight_decay", "momentum"):
            if name in group:
                check_non_negative(name, group[name])
        for index, beta in enumerate(group.get("betas", ())):
            check_fraction(f"betas[{index}]", beta)

    def _buffer_names(self, group: dict[str, Any]) -> Sequence[str]:
        """Names of what is remembered for each parameter; ``"step"`` is a counter, the others are shaped like the parameter."""
        return ()

    def _new_buffer(self, name: str, param: Tensor, group: dict[str, Any]) -> Tensor:
        """What a buffer holds before the first step: zeros."""
        return new_scalar(0.0) if name == "step" else torch.zeros_like(param, memory_format=torch.preserve_format)

    def _update(self, group: dict[str, Any], params: list[Tensor], grads: list[Tensor], buffers: Buffers) -> None:
        """Change ``params`` and ``buffers`` in place; ``grads`` are negated already when the group maximises.

        The lists are never empty, and ``grads`` must not be changed in place: they are the ``.grad`` of the parameters.
        """
        raise NotImplementedError(f"{type(self).__name__} has no update rule: define _update")

    @torch.no_grad()
    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change every parameter that has a gradient once.

        Parameters
        ----------
        closure : callable, optional
            Evaluates the model anew, calls ``backward`` and returns the loss; it runs with gradients enabled.

        Returns
        -------
        What the closure returned, or None.
        """
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        gathered = [self._with_gradients(index) for index in range(len(self.param_groups))]
        for group, (params, grads) in zip(self.param_groups, gathered, strict=True):
            if params:
                if group["maximize"]:
                    grads = list(torch._foreach_neg(grads))
                self._update(group, params, grads, self._buffers(group, params))
        return loss

    def _with_gradients(self, group_index: int) -> tuple[list[Tensor], list[Tensor]]:
        """The parameters of a group that have a gradient, and these gradients, once they have been found acceptable."""
        group = self.param_groups[group_index]
        pairs = [(p, g) for p in group["params"] if (g := p.grad) is not None]
        params, grads = [p for p, _ in pairs], [g for _, g in pairs]
        for p, g in pairs:
            if g.layout is not torch.strided:
                raise RuntimeError(
                    f"the gradient of {self._describe(p)} is sparse ({g.layout}), which {type(self).__name__} does not support; "
                    "expected a dense one: make it with sparse=False, or use torch.optim.SparseAdam"
                )
        if group["check_finite"]:
            self._check_finite(params, grads)
        return params, grads

    def _check_finite(self, params: list[Tensor], grads: list[Tensor]) -> None:
        # A sum is NaN or infinite if any term is. It can also overflow, so an alarm is looked into entry by entry.
        if math.isfinite(sum(map(Tensor.item, map(torch.sum, grads)))):
            return
        for p, g in zip(params, grads, strict=True):
            wrong = int(g.numel() - torch.isfinite(g).sum())
            if wrong:
                raise ValueError(
                    f"the gradient of {self._describe(p)} has {wrong} of {g.numel()} entries that are NaN or infinite; "
                    "no parameter was changed"
                )

    def _describe(self, param: Tensor) -> str:
        """How an error message calls a parameter: by its name where it has one, else by its place and shape."""
        for index, group in enumerate(self.param_groups):
            for place, p in enumerate(group["params"]):
                if p is param:
                    named = (
                        f"{group['param_names'][place]!r}" if "param_names" in group else f"{place} of group {index}"
                    )
                    return f"parameter {named} with shape {tuple(p.shape)}"
        raise KeyError("the tensor is not among the parameters of this optimiser")

    def _buffers(self, group: dict[str, Any], params: list[Tensor]) -> Buffers:
        """One list for each name; what is missing is made, so that an option may be switched on in the middle of a run."""
        buffers: Buffers = {}
        for name in self._buffer_names(group):
            for p in params:
                if name not in self.state[p]:
                    self.state[p][name] = self._new_buffer(name, p, group)
            buffers[name] = [self.state[p][name] for p in params]
        return buffers

    def add_param_group(self, param_group: dict[str, Any]) -> None:
        """Add a dict with the key ``"params"`` and the options in which it differs from the defaults; see ``torch.optim``."""
        if not isinstance(param_group, dict):
            raise TypeError(f"a parameter group is a dict with the key 'params', not a {type(param_group).__name__}")
        index, params = len(self.param_groups), param_group["params"]
        if not isinstance(params, Tensor | set):
            param_group["params"] = params = list(params)
            if not params:
                raise ValueError(f"parameter group {index} is empty; expected at least one tensor")
        self._check_options(self.defaults | param_group)
        super().add_param_group(param_group)
        for p in self.param_groups[index]["params"]:
            if p.is_complex():
                described = self._describe(p)
                self.param_groups.pop()
                raise ValueError(
                    f"{described} is complex ({p.dtype}); expected real numbers: optimise torch.view_as_real of it"
                )

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        # A state_dict of torch.optim lacks the options that only this package has.
        for group in self.param_groups:
            for name, value in self.defaults.items():
                group.setdefault(name, value)


def new_scalar(value: float) -> Tensor:
    """A 0-dimensional tensor as ``torch.optim`` makes it for counters: on the CPU, in 32 bits unless the default is 64.

    Examples
    --------
    >>> new_scalar(0.0)
    tensor(0.)
    """
    return torch.tensor(value, dtype=torch.float64 if torch.get_default_dtype() == torch.float64 else torch.float32)
