"""One sentence about LSTM, GRU and the simple methods that the numbers bear out."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from .baselines import BASELINES
from .settings import CELLS
from .significance import Difference, diebold_mariano


def differences(losses: pd.DataFrame, horizon: int) -> dict[tuple[str, str], Difference]:
    """Test each network against the other and against every simple method.

    Parameters
    ----------
    losses : DataFrame
        One row a cutoff in the order of time, one column a model.
    horizon : int
        Periods of a forecast.
    """
    cells = list(CELLS)
    pairs = [(cells[0], cells[1])] + [(c, b) for c in cells for b in losses if b not in cells]
    return {(a, b): diebold_mariano(losses[a], losses[b], horizon) for a, b in pairs}


def verdict(
    errors: Mapping[str, float], tests: Mapping[tuple[str, str], Difference], unit: str
) -> str:
    """Say which network is better, and whether either beats the best simple method.

    Parameters
    ----------
    errors : mapping of model to its error, smaller is better
    tests : mapping of pairs of models to `Difference`
    unit : str
        Name of the error, as "WAPE".
    """

    def figure(model: str) -> str:
        return f"{errors[model]:.1f} %" if unit == "WAPE" else f"{errors[model]:.3g}"

    best, other = sorted(CELLS, key=lambda cell: errors[cell])
    test = next(test for pair, test in tests.items() if set(pair) == set(CELLS))
    figures = f"{unit} {figure(best)} against {figure(other)}{_p(test)}"
    if test.shown:
        first = f"{best} forecasts better than {other} ({figures})"
    else:
        first = (
            f"{best} and {other} show no difference that the data can tell from chance ({figures})"
        )
    simple = [model for model in errors if model in BASELINES]
    rival = min(simple, key=lambda model: errors[model])
    clauses = [_against(rival, f"{spoken(rival)} ({figure(rival)})", tests)]
    if rival != "Naive" and any(errors[cell] > errors["Naive"] for cell in CELLS):
        lose = [cell for cell in CELLS if errors[cell] > errors["Naive"]]
        clauses.append(
            f"{' and '.join(lose)} even {'lose' if len(lose) > 1 else 'loses'} to naive "
            f"({figure('Naive')}): try more --epochs or more --timesteps"
        )
    return "; ".join([first, *clauses]) + "."


def spoken(model: str) -> str:
    """Return a model's name as a sentence has it."""
    names = {
        "Naive": "naive",
        "SeasonalNaive": "the seasonal naive",
        "MovingAverage": "the moving average",
    }
    return names.get(model, model)


def _against(rival: str, named: str, tests: Mapping[tuple[str, str], Difference]) -> str:
    """Say how the networks stand against a simple method."""

    def outcome(cell: str) -> str:
        test = tests[cell, rival]
        if not test.shown:
            return "differs"
        return "beats" if test.mean < 0 else "loses to"

    outcomes = {cell: outcome(cell) for cell in CELLS}
    p_values = ", ".join(f"{cell} {_p(tests[cell, rival]).lstrip(', ')}" for cell in CELLS)
    p_values = f" ({p_values})" if all(tests[c, rival].pairs for c in CELLS) else ""
    kinds = set(outcomes.values())
    if kinds == {"beats"}:
        return f"both beat {named}{p_values}"
    if kinds == {"loses to"}:
        return f"neither beats {named}: both lose to it{p_values}"
    if kinds == {"differs"}:
        return f"neither differs from {named} by more than chance{p_values}"
    words = {
        "beats": f"beats {named}",
        "loses to": f"loses to {named}",
        "differs": f"does not differ from {named} by more than chance",
    }
    return " and ".join(f"{cell} {words[kind]}" for cell, kind in outcomes.items()) + p_values


def _p(test: Difference) -> str:
    """Return ", p = 0.03", or why there is none."""
    if test.p_value != test.p_value:
        return f", only {test.pairs} forecasts: too few to test"
    return ", p < 0.001" if test.p_value < 0.001 else f", p = {test.p_value:.2g}"
