"""The report's headline: which model to use and how far off it is, and what the networks are worth.

It says what the figures say: what is not shown is called so, with the number of independent test
periods where these are too few for any test.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..evaluate.findings import Findings
from ..evaluate.significance import Difference
from ..settings import CELLS, EQUAL, SIMPLE
from .words import counted, every, rounded

Tests = Mapping[tuple[str, str], Difference]
NAMES = {
    "Naive": "naive",
    "SeasonalNaive": "the seasonal naive",
    "MovingAverage": "the moving average",
    EQUAL: "the GRU of equal weights",
}


def headline(findings: Findings) -> tuple[str, str]:
    """Return the verdict on a comparison: what a shop owner needs, and the rest, "" if none."""
    unit = unit_of(findings)
    errors = findings.table[unit].to_dict()
    lost, others = verdict(errors, findings.tests, unit)
    first = [_zero(findings), "; ".join([_use(findings), *lost])]
    return _sentences(first), _sentences(["; ".join(others)])


def _sentences(texts: Sequence[str]) -> str:
    return " ".join(f"{text[0].upper()}{text[1:]}." for text in texts if text)


def unit_of(findings: Findings) -> str:
    """Return the error that the data allow: WAPE of one series, MASE of several, MAE."""
    unit = "WAPE" if len(findings.panel.series) == 1 else "MASE"
    return "MAE" if findings.table[unit].isna().any() else unit


def verdict(errors: Mapping[str, float], tests: Tests, unit: str) -> tuple[list[str], list[str]]:
    """Say which network is better, and whether they beat the simple methods.

    Parameters
    ----------
    errors : mapping of model to its error, smaller is better
    tests : mapping of pairs of models to `Difference`
        A network first, then the other network or a simple method.
    unit : str
        Name of the error, as "WAPE".

    Returns
    -------
    pair of list of str
        That all networks lose to the best simple method, if they do; and the other clauses.
    """
    cells = [cell for cell in CELLS if cell in errors]
    none = [cell for cell in cells if errors[cell] != errors[cell]]
    if none:
        made = f"{' and '.join(none)} made no forecasts that are numbers: nothing is compared"
        return [], [made]
    figures = _figures(errors, tests, unit)
    clauses = [_networks(errors, figures, tests, unit)] if len(cells) == 2 else []
    simple = [m for m in SIMPLE if m in errors]
    best = min(simple, key=lambda m: errors[m], default="")
    lost: list[str] = []
    for rival in dict.fromkeys(("SeasonalNaive", best)):
        if rival in simple and cells:
            clause, all_lose = _against(rival, rival == best, cells, errors, figures, tests)
            (lost if all_lose and rival == best else clauses).append(clause)
    rivals = {cell: tests[cell, "Naive"] for cell in cells if "Naive" in errors}
    worse = [cell for cell, test in rivals.items() if test.shown and test.mean > 0]
    if worse and best != "Naive":
        clauses.append(
            f"{' and '.join(worse)} even {'lose' if len(worse) > 1 else 'loses'} to naive "
            f"({figures['Naive']}): try more --epochs or more --timesteps"
        )
    unproven = [test for test in tests.values() if test.p_value != test.p_value]
    if cells and unproven and len(unproven) == len(tests):  # once is enough
        said = _unproven(unproven[0])
        clauses = [clause.replace(f", {said}", "") for clause in clauses]
        clauses.append(f"this is {said}")
    return lost, clauses


def spoken(model: str) -> str:
    """Return a model's name as a sentence has it."""
    return NAMES.get(model, model)


def _use(findings: Findings) -> str:
    """Say which model to use, and how far off it is in the user's units."""
    model = findings.recommended
    if not model:
        return "no model made a forecast"
    row = findings.table.loc[model]
    of = f" of {rounded(100 * row['MAE'] / row['WAPE'])}" if row["WAPE"] > 0 else ""
    series = " in each series" if len(findings.panel.series) > 1 else ""
    share = f" (WAPE {row['WAPE']:.1f} %)" if row["WAPE"] == row["WAPE"] else ""
    simple = ", which takes hardly any time" if model in SIMPLE else ""
    off = f"its forecasts are off by about {rounded(row['MAE'])}{of} {every(findings.panel.freq)}"
    return f"use {spoken(model)}{simple}: {off}{series}{share}"


def _zero(findings: Findings) -> str:
    """Say so if a forecast of zero has the least MASE: then that says nothing."""
    zero, table = findings.summary.zero, findings.table
    if not zero < table["MASE"].min():
        return ""
    best = spoken(str(table["RMSE"].idxmin()))
    return (
        f"most of these sales are zero, and a forecast of 0 has the least MASE of all "
        f"({zero:.3f}): judge by the RMSE, which is least for {best} ({table['RMSE'].min():.3g})"
    )


def _figures(errors: Mapping[str, float], tests: Tests, unit: str) -> dict[str, str]:
    """Return the errors in as many digits as show the networks' difference, if one is shown."""
    both = [cell for cell in CELLS if cell in errors]
    shown = len(both) == 2 and tests[CELLS].shown
    for digits in range(unit == "WAPE" and min(errors.values()) < 1, 4):
        form = f"{{:.{1 + digits}f}} %" if unit == "WAPE" else f"{{:.{3 + digits}g}}"
        figures = {model: form.format(error) for model, error in errors.items()}
        if not shown or len({figures[cell] for cell in both}) > 1:
            break
    return figures


def _networks(
    errors: Mapping[str, float], figures: Mapping[str, str], tests: Tests, unit: str
) -> str:
    """Say how LSTM and GRU stand to one another."""
    test = tests[CELLS]
    better = _better(test)
    least = min(CELLS, key=lambda cell: errors[cell])
    order = CELLS[::-1] if "GRU" in (better, least) else CELLS
    found = f"{unit} {' against '.join(figures[cell] for cell in order)}"
    if better:
        clause = f"{order[0]} forecasts better than {order[1]} ({found}{_p(test)})"
    elif test.p_value != test.p_value:
        clause = f"{_apart(order[:1], order[1], order[1], errors)} ({found}), {_unproven(test)}"
    else:
        clause = (
            "LSTM and GRU show no difference that the data can tell from chance "
            f"({unit} {' against '.join(figures[cell] for cell in CELLS)}{_p(test)})"
        )
    if EQUAL not in figures:
        return clause
    equal = tests["LSTM", EQUAL]
    if equal.p_value != equal.p_value:
        return clause
    if _better(equal) == better:
        return f"{clause}, with as many units and with as many weights"
    changed = f"{_better(equal)} is better" if _better(equal) else "there is no difference"
    return f"{clause}, but with as many weights {changed} ({figures[EQUAL]}{_p(equal)})"


def _better(test: Difference) -> str:
    """Return the cell that forecasts better, or "" if that is not shown."""
    return "" if not test.shown else "LSTM" if test.mean < 0 else "GRU"


def _against(
    rival: str, best: bool, cells: Sequence[str], errors: Mapping[str, float],
    figures: Mapping[str, str], tests: Tests,
) -> tuple[str, bool]:  # fmt: skip
    """Say how the networks stand against a simple method, and whether all lose to it."""
    name = f"{spoken(rival)}{', the best simple method' * best}"
    named = f"{name} ({figures[rival]})"

    def outcome(cell: str) -> str:
        test = tests[cell, rival]
        if test.p_value != test.p_value:
            return "unproven"
        if not test.shown:
            return "differs"
        return "beats" if test.mean < 0 else "loses"

    outcomes = {cell: outcome(cell) for cell in cells}
    common = {
        "beats": f"both beat {named}",
        "loses": f"neither network beats {named}: both lose to it",
        "differs": f"neither differs from {named} by more than chance",
    }
    apart = {
        "beats": f"beats {named}",
        "loses": f"loses to {named}",
        "differs": f"does not differ from {named} by more than chance",
    }
    first = outcomes[cells[0]]
    if set(outcomes.values()) == {"unproven"}:
        return f"{_apart(cells, rival, named, errors)}, {_unproven(tests[cells[0], rival])}", False
    if len(cells) == 2 and len(set(outcomes.values())) == 1:
        return common[first], first == "loses"
    clause = " and ".join(
        f"{cell} {apart.get(kind, 'cannot be told from ' + named)}"
        for cell, kind in outcomes.items()
    )
    return clause, set(outcomes.values()) == {"loses"}


def _apart(models: Sequence[str], rival: str, named: str, errors: Mapping[str, float]) -> str:
    """Return "LSTM is 58 % worse and GRU 2 % better than ETS"."""
    shares = {m: 100 * (errors[m] / errors[rival] - 1) if errors[rival] else 0 for m in models}
    kinds = {m: "worse" if errors[m] > errors[rival] else "better" for m in models}
    amounts = {m: f"{abs(share):.2g} % " if share else "" for m, share in shares.items()}
    if len(set(kinds.values())) == 1:
        each = [f"{m} {amounts[m].rstrip()}".rstrip() for m in models]
        each[0] = each[0].replace(" ", " is ", 1) if " " in each[0] else f"{each[0]} is"
        return f"{' and '.join(each)} {kinds[models[0]]} than {named}"
    each = [f"{m} {'is ' * (m == models[0])}{amounts[m]}{kinds[m]}" for m in models]
    return f"{' and '.join(each)} than {named}"


def _unproven(test: Difference) -> str:
    periods = counted(test.independent, "independent test period")
    return f"not proven: about {periods}"


def _p(test: Difference) -> str:
    """Return ", p = 0.03", or why there is none."""
    if test.p_value != test.p_value:
        return f", {_unproven(test)}"
    return ", p < 0.001" if test.p_value < 0.001 else f", p = {test.p_value:.2g}"
