"""A lecture's backward rule for the LSTM with full peepholes, mistakes included, beside the correct rule.

The lecture (CMU 11-785, recurrent networks: the rules for the gradients of C[t] and h[t]) carries the
candidate's gradient back through the output gate and through W_hi, where the input gate and W_hC belong, and
multiplies the input gate's peephole term by a tanh. Either gradient is then wrong by some 5 to 40 percent,
but the gradient of all weights together points nearly in
the true direction (cosine 0.97 to 0.99 in most draws): training
still works, and only a test by finite differences tells the rules apart. Other slips of the lecture (a
product with a matrix W_Ch that does not exist, sums of vectors and matrices) cannot be evaluated at all.
"""

from typing import Any, NamedTuple

import numpy as np

from sim.functions import sigmoid


class Rule(NamedTuple):
    """How the gradient goes back over one step; the defaults are right."""

    candidate_gate: str = "i"  # the gate that opens the way back to the candidate
    candidate_matrix: str = "c"  # W_hC; "i" is W_hi
    peephole_tanh: bool = False  # a factor tanh(candidate) on what comes back through W_Ci


CORRECT = Rule()
LECTURE = Rule("o", "i", peephole_tanh=True)


class Trace(NamedTuple):
    """The inner values at times 0..steps, each (steps + 1, units); gates at time 0 are zero."""

    x: np.ndarray  # (steps + 1, inputs): row t goes into the state of time t
    h: np.ndarray
    c: np.ndarray
    f: np.ndarray
    i: np.ndarray
    o: np.ndarray
    candidate: np.ndarray


class Gradients(NamedTuple):
    """Of the loss: with respect to h[t] and c[t], (steps + 1, units), and to the weights by name."""

    h: np.ndarray
    c: np.ndarray
    weights: dict[str, np.ndarray]


def forward(p: Any, h: np.ndarray, c: np.ndarray, x: np.ndarray) -> Trace:
    """The states of a cell with parameters p (fields as those of the system `lstm` with full peepholes) from
    h[0] and c[0], with inputs x (steps, inputs).
    """
    zero = np.zeros_like(h)
    rows = [(np.zeros_like(x[0]), h, c, zero, zero, zero, zero)]
    for now in x:
        _, h, c, *_ = rows[-1]
        f = sigmoid(p.W_f @ h + p.U_f @ now + p.b_f + p.P_f @ c)
        i = sigmoid(p.W_i @ h + p.U_i @ now + p.b_i + p.P_i @ c)
        candidate = np.tanh(p.W_c @ h + p.U_c @ now + p.b_c)
        kept = f * c + i * candidate
        o = sigmoid(p.W_o @ h + p.U_o @ now + p.b_o + p.P_o @ kept)
        rows.append((now, o * np.tanh(kept), kept, f, i, o, candidate))
    return Trace(*(np.stack(column) for column in zip(*rows, strict=True)))


def backward(p: Any, trace: Trace, g: np.ndarray, rule: Rule = CORRECT) -> Gradients:
    """The gradients of a loss whose direct gradient with respect to h[t] is g[t], (steps + 1, units)."""
    t = trace
    g_h, g_c = np.zeros_like(t.h), np.zeros_like(t.c)
    weights = {name: np.zeros_like(getattr(p, name)) for name in p._fields if _is_weight(p, name)}
    down_h = down_c = np.zeros_like(t.h[0])
    for now in range(len(t.h) - 1, -1, -1):
        g_h[now] = g[now] + down_h
        if now == 0:
            g_c[now] = down_c  # h[0] is given: it is no read-out of c[0]
            break
        read = np.tanh(t.c[now])
        d_o = g_h[now] * read * t.o[now] * (1.0 - t.o[now])
        g_c[now] = g_h[now] * t.o[now] * (1.0 - read * read) + p.P_o.T @ d_o + down_c
        d_f = g_c[now] * t.c[now - 1] * t.f[now] * (1.0 - t.f[now])
        d_i = g_c[now] * t.candidate[now] * t.i[now] * (1.0 - t.i[now])
        bend = 1.0 - t.candidate[now] * t.candidate[now]
        d_c = g_c[now] * t.i[now] * bend
        back = g_c[now] * getattr(t, rule.candidate_gate)[now] * bend
        through = getattr(p, f"W_{rule.candidate_matrix}").T @ back
        down_h = p.W_f.T @ d_f + p.W_i.T @ d_i + through + p.W_o.T @ d_o
        peeped = p.P_i.T @ d_i
        down_c = g_c[now] * t.f[now] + p.P_f.T @ d_f
        down_c = down_c + (peeped * np.tanh(t.candidate[now]) if rule.peephole_tanh else peeped)
        for gate, delta in (("f", d_f), ("i", d_i), ("c", d_c), ("o", d_o)):
            weights[f"W_{gate}"] += np.outer(delta, t.h[now - 1])
            weights[f"U_{gate}"] += np.outer(delta, t.x[now])
            weights[f"b_{gate}"] += delta
            if gate != "c":
                weights[f"P_{gate}"] += np.outer(delta, t.c[now if gate == "o" else now - 1])
    return Gradients(g_h, g_c, weights)


def _is_weight(p: Any, name: str) -> bool:
    return name[:2] in ("W_", "U_", "b_", "P_") and getattr(p, name) is not None


def along_the_carousel(f: np.ndarray, g_c: np.ndarray) -> np.ndarray:
    """Another lecture's (UCLA ECE C147) gradient of c[t-1] from that of c[t]: f[t] g_c[t], for t = 1..steps.

    It is the direct path only. What is missing, without peepholes, is `beside_the_carousel`.
    """
    return f[1:] * g_c[1:]


def beside_the_carousel(trace: Trace, g_h: np.ndarray) -> np.ndarray:
    """What reaches c[t-1] through its read-out h[t-1] = o tanh c: g_h o (1 - tanh^2 c), for t = 1..steps."""
    read = np.tanh(trace.c[:-1])
    return g_h[:-1] * trace.o[:-1] * (1.0 - read * read)
