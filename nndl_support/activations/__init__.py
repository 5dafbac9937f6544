"""Chapter `activations` (激活函数): activation functions and their derivatives."""
