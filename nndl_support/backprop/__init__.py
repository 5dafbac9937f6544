"""Chapter `backprop` (BP 算法): perceptron, multilayer perceptron, back-propagation, automatic differentiation."""
