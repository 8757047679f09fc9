"""What kernels are generated from: a system's verbs as expressions, their derivatives, and code of them."""
