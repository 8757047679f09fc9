"""`python -m tests.sim.ahead` compiles the kernels of the conformance cases, those that the tests need last
first."""

from tests.sim.cases import cases, passes

if __name__ == "__main__":
    groups = [(index, case, names) for case in cases() for index, names in enumerate(passes(case))]
    groups.sort(key=lambda group: group[0] > 0)  # the tests begin with everyone's first group
    for _, case, names in reversed(groups):
        case.run(names).compile()
