"""The machine's arithmetic peak: independent chains of fused multiply-adds in registers, in LLVM's language.

No compiler and none of our kernels take part, so nothing that we measure measures itself.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version

import llvmlite.binding as llvm

CHAINS, TRIPS = 10, 200_000


def _width() -> int:
    features = llvm.get_host_cpu_features()
    return 8 if features.get("avx512f") else 4 if features.get("avx2") else 2


def _assembly(width: int) -> str:
    """`double peak(i64 trips)`: `CHAINS` independent chains x <- x a + b over vectors of `width` doubles."""
    vector = f"<{width} x double>"
    splat = "<" + ", ".join(["double {0}"] * width) + ">"
    a, b = splat.format("0.5"), splat.format("1.0")
    lines = [f"declare {vector} @llvm.fma.v{width}f64({vector}, {vector}, {vector})"]
    lines += ["define double @peak(i64 %trips) {", "entry:", "  br label %loop", "loop:"]
    lines += ["  %i = phi i64 [ 0, %entry ], [ %next, %loop ]"]
    lines += [
        f"  %x{k} = phi {vector} [ {splat.format(f'{k}.0')}, %entry ], [ %y{k}, %loop ]"
        for k in range(CHAINS)
    ]
    lines += [
        f"  %y{k} = call {vector} @llvm.fma.v{width}f64({vector} %x{k}, {vector} {a}, {vector} {b})"
        for k in range(CHAINS)
    ]
    lines += ["  %next = add i64 %i, 1", "  %more = icmp slt i64 %next, %trips"]
    lines += ["  br i1 %more, label %loop, label %end", "end:"]
    total = "%y0"
    for k in range(1, CHAINS):
        lines.append(f"  %s{k} = fadd {vector} {total}, %y{k}")
        total = f"%s{k}"
    lines += [f"  %r = extractelement {vector} {total}, i32 0", "  ret double %r", "}"]
    return "\n".join(lines)


def peak() -> Callable[[], float]:
    """A function that measures, in about a millisecond, fused multiply-adds a second on one lane each."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=2
    )
    width = _width()
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(_assembly(width)), machine)
    engine.finalize_object()
    loop = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_int64)(engine.get_function_address("peak"))

    def measured() -> float:
        best = float("inf")
        for _ in range(3):
            start = time.perf_counter()
            loop(TRIPS)
            best = min(best, time.perf_counter() - start)
        return CHAINS * TRIPS * width / best

    measured.engine = engine  # type: ignore[attr-defined]  # keeps the machine code alive
    return measured


def described() -> str:
    """Processor, its peak now, how busy it is with other work, and the versions that take part."""
    versions = []
    for name in ("numba", "numpy", "jax", "torch", "pynamicalsys", "tsdynamics"):
        with contextlib.suppress(PackageNotFoundError):
            versions.append(f"{name} {version(name)}")
    cores, load = len(os.sched_getaffinity(0)), os.getloadavg()[0]
    return (
        f"{cores} cores {llvm.get_host_cpu_name()}, each {peak()() / 1e9:.1f} G multiply-adds a second, "
        f"load before we began {load:.1f}; {', '.join(versions)}"
    )
