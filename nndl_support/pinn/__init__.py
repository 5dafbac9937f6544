"""Physics-informed networks (物理知识神经网络): Kansa collocation, PINNs, second-order training, inverse problems, flows."""
