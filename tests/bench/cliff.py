"""The Pascanu cliff: `s <- w sigma(s) + b`, 50 steps, `E = (sigma(s50) - 0.7)^2`, both gradients."""

from __future__ import annotations

import numpy as np

from tests.bench import peers
from tests.bench.harness import Bar, Call, Case
from tests.bench.ours import bare_tanh, prepared

START, TARGET = 0.5, 0.7
CHUNK = 4096  # cells that a hand-chunked peer keeps in its caches; the best of 1024 to 16384


def _sigma(s: np.ndarray) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-s))


def cliff_map(tiny: bool) -> Case:
    side, steps = (20, 10) if tiny else (512, 50)
    grid = np.meshgrid(np.linspace(0.0, 8.0, side), np.linspace(-6.0, 2.0, side), indexing="ij")
    w, b = (axis.ravel() for axis in grid)
    chunk = 100 if tiny else CHUNK

    def jax_idiomatic() -> Call:
        jax = peers.jax()

        def loss(p):
            start = jax.numpy.float64(START)
            step = lambda s, _: (p[0] * jax.nn.sigmoid(s) + p[1], None)  # noqa: E731  as one writes it in JAX
            s = jax.lax.scan(step, start, length=steps)[0]
            return (jax.nn.sigmoid(s) - TARGET) ** 2

        everywhere = jax.jit(jax.vmap(jax.value_and_grad(loss)))
        points = jax.numpy.stack([jax.numpy.asarray(w), jax.numpy.asarray(b)], axis=1)

        def call():
            value, gradient = jax.block_until_ready(everywhere(points))
            return {"loss": np.asarray(value), "gradient": np.asarray(gradient)}

        return call

    def jax_by_hand() -> Call:
        """What an expert makes of it: forward mode written out, in chunks that fit the caches."""
        jax = peers.jax()
        sigmoid = jax.nn.sigmoid

        def block(wb):
            w, b = wb

            def step(state, _):
                s, sw, sb = state
                f = sigmoid(s)
                d = w * f * (1.0 - f)
                return (w * f + b, d * sw + f, d * sb + 1.0), None

            zero = jax.numpy.zeros_like(w)
            s, sw, sb = jax.lax.scan(step, (zero + START, zero, zero), length=steps)[0]
            f = sigmoid(s)
            g = 2.0 * (f - TARGET) * f * (1.0 - f)
            return (f - TARGET) ** 2, g * sw, g * sb

        everywhere = jax.jit(lambda w, b: jax.lax.map(block, (w, b)))
        jw, jb = (jax.numpy.asarray(column.reshape(-1, chunk)) for column in (w, b))

        def call():
            value, gw, gb = jax.block_until_ready(everywhere(jw, jb))
            gradient = np.stack([np.asarray(gw).ravel(), np.asarray(gb).ravel()], axis=1)
            return {"loss": np.asarray(value).ravel(), "gradient": gradient}

        return call

    def torch_compiled() -> Call:
        torch = peers.torch()

        def loss(p):
            s = torch.full_like(p[0], START)
            for _ in range(steps):
                s = p[0] * torch.sigmoid(s) + p[1]
            return (torch.sigmoid(s) - TARGET) ** 2

        compiled = torch.compile(loss)
        points = torch.tensor(np.stack([w, b]), requires_grad=True)

        def call():
            value = compiled(points)
            (gradient,) = torch.autograd.grad(value.sum(), points)
            return {"loss": value.detach().numpy(), "gradient": gradient.numpy().T}

        return peers.compiled_by_torch(call)

    def numpy_chunked() -> Call:
        def block(w, b):
            s, sw, sb = np.full_like(w, START), np.zeros_like(w), np.zeros_like(w)
            for _ in range(steps):
                f = _sigma(s)
                d = w * f * (1.0 - f)
                s, sw, sb = w * f + b, d * sw + f, d * sb + 1.0
            f = _sigma(s)
            g = 2.0 * (f - TARGET) * f * (1.0 - f)
            return (f - TARGET) ** 2, np.stack([g * sw, g * sb], axis=1)

        def call():
            blocks = [block(w[at : at + chunk], b[at : at + chunk]) for at in range(0, w.size, chunk)]
            return {
                "loss": np.concatenate([e for e, _ in blocks]),
                "gradient": np.concatenate([g for _, g in blocks]),
            }

        return call

    parameters = {
        "units": 1,
        "activation": "sigmoid",
        "alpha": 1.0,
        "steps": steps,
        "start": START,
        "target": TARGET,
        "with_respect_to": ["w", "b"],
    }
    run = prepared("ctrnn", ["loss", "gradient"], parameters, ("w", "b"))
    labels = list(next(c.values for c in run.coordinates if c.name == "parameter"))
    both = [labels.index("w"), labels.index("b")]

    return Case(
        ours=lambda: run.evaluate({"w": w, "b": b}),
        peers={
            "JAX by hand, chunked": jax_by_hand,
            "JAX vmap(value_and_grad(scan))": jax_idiomatic,
            "torch.compile": torch_compiled,
            "NumPy chunked": numpy_chunked,
            "bare tanh calls": lambda: bare_tanh(w.size, steps),
        },
        bars=(
            Bar(("JAX by hand, chunked",), at_least=2.5),
            Bar(("JAX vmap(value_and_grad(scan))",), at_least=35.0),
            Bar(("torch.compile",), at_least=8.0),
            Bar(("bare tanh calls",), strive=1.6, at_most=True),
        ),
        operations=(16.0 + 4.0) * w.size * steps,
        tolerance=1e-9,
        shown=lambda found: {"loss": found["loss"], "gradient": found["gradient"][:, both]},
    )
