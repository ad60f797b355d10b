"""The report's headline: one sentence on LSTM, GRU and the simple methods, as the figures say."""

from __future__ import annotations

from collections.abc import Mapping

from ..evaluate.findings import Findings
from ..evaluate.significance import Difference
from ..settings import CELLS, EQUAL, SIMPLE

Tests = Mapping[tuple[str, str], Difference]
NAMES = {
    "Naive": "naive",
    "SeasonalNaive": "the seasonal naive",
    "MovingAverage": "the moving average",
    EQUAL: "the GRU of equal weights",
}


def headline(findings: Findings) -> str:
    """Return the verdict on a comparison, in the unit that its data allow."""
    unit = "WAPE" if len(findings.panel.series) == 1 else "MASE"
    if findings.table[unit].isna().any():
        unit = "MAE"
    return verdict(findings.table[unit].to_dict(), findings.tests, unit)


def verdict(errors: Mapping[str, float], tests: Tests, unit: str) -> str:
    """Say which network is better, and whether they beat the simple methods.

    Parameters
    ----------
    errors : mapping of model to its error, smaller is better
    tests : mapping of pairs of models to `Difference`
        A network first, then the other network or a simple method.
    unit : str
        Name of the error, as "WAPE".
    """
    none = [cell for cell in CELLS if errors[cell] != errors[cell]]
    if none:
        return f"{' and '.join(none)} made no forecasts that are numbers: nothing is compared."
    small = unit == "WAPE" and min(errors.values()) < 1
    for digits in range(small, 4):  # as many as show the difference, if one is shown
        form = f"{{:.{1 + digits}f}} %" if unit == "WAPE" else f"{{:.{3 + digits}g}}"
        figures = {model: form.format(error) for model, error in errors.items()}
        if not tests[CELLS].shown or len({figures[cell] for cell in CELLS}) > 1:
            break
    clauses = [_networks(figures, tests, unit)]
    best = min((m for m in SIMPLE if m in errors), key=lambda m: errors[m])
    for rival in dict.fromkeys(("SeasonalNaive", best)):
        if rival in errors:
            name = f"{spoken(rival)}{', the best simple method' * (rival == best)}"
            clauses.append(_against(rival, f"{name} ({figures[rival]})", tests))
    lost = {cell: tests[cell, "Naive"] for cell in CELLS if "Naive" in errors}
    worse = [cell for cell, test in lost.items() if test.shown and test.mean > 0]
    if worse and best != "Naive":
        clauses.append(
            f"{' and '.join(worse)} even {'lose' if len(worse) > 1 else 'loses'} to naive "
            f"({figures['Naive']}): try more --epochs or more --timesteps"
        )
    return "; ".join(clauses) + "."


def spoken(model: str) -> str:
    """Return a model's name as a sentence has it."""
    return NAMES.get(model, model)


def _networks(figures: Mapping[str, str], tests: Tests, unit: str) -> str:
    """Say how LSTM and GRU stand to one another."""
    test = tests[CELLS]
    better = _better(test)
    order = CELLS[::-1] if better == "GRU" else CELLS
    found = f"{unit} {' against '.join(figures[cell] for cell in order)}{_p(test)}"
    if better:
        clause = f"{order[0]} forecasts better than {order[1]} ({found})"
    else:
        clause = f"LSTM and GRU show no difference that the data can tell from chance ({found})"
    if EQUAL not in figures:
        return clause
    equal = tests["LSTM", EQUAL]
    if _better(equal) == better:
        return f"{clause}, with as many units and with as many weights"
    changed = f"{_better(equal)} is better" if _better(equal) else "there is no difference"
    return f"{clause}, but with as many weights {changed} ({figures[EQUAL]}{_p(equal)})"


def _better(test: Difference) -> str:
    """Return the cell that forecasts better, or "" if that is not shown."""
    return "" if not test.shown else "LSTM" if test.mean < 0 else "GRU"


def _against(rival: str, named: str, tests: Tests) -> str:
    """Say how the networks stand against a simple method."""

    def outcome(cell: str) -> str:
        test = tests[cell, rival]
        if not test.shown:
            return "differs"
        return "beats" if test.mean < 0 else "loses"

    outcomes = {cell: outcome(cell) for cell in CELLS}
    common = {
        "beats": f"both beat {named}",
        "loses": f"neither beats {named}: both lose to it",
        "differs": f"neither differs from {named} by more than chance",
    }
    apart = {
        "beats": f"beats {named}",
        "loses": f"loses to {named}",
        "differs": f"does not differ from {named} by more than chance",
    }
    if len(set(outcomes.values())) == 1:
        return common[outcomes[CELLS[0]]]
    return " and ".join(f"{cell} {apart[kind]}" for cell, kind in outcomes.items())


def _p(test: Difference) -> str:
    """Return ", p = 0.03", or why there is none."""
    if test.p_value != test.p_value:
        return f", {test.pairs} forecasts are too few to test"
    return ", p < 0.001" if test.p_value < 0.001 else f", p = {test.p_value:.2g}"
