"""Deep belief networks (深度信念网络): Hopfield networks, Boltzmann machines, RBMs, deep belief networks."""
