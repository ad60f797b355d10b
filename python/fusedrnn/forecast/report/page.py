"""The report as one HTML page that needs nothing else, no network."""

from __future__ import annotations

import io
import platform
from collections.abc import Callable, Iterable
from html import escape

import pandas as pd
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ... import __version__
from ..evaluate.findings import Findings
from . import plot
from .verdict import headline, unit_of
from .view import view
from .words import counted, notes, number, seeds, subject

STYLE = """
:root { color-scheme: light; --ink: #1f2933; --soft: #616e7c; --line: #e4e7eb }
* { box-sizing: border-box }
body { margin: 0 auto; max-width: 68rem; padding: 1rem; color: var(--ink); background: #fff;
  font: 1rem/1.5 system-ui, sans-serif }
h1 { font-size: 1.25rem; line-height: 1.4 } h2 { font-size: 1.05rem; margin: 2rem 0 .5rem }
h1, p, li { overflow-wrap: anywhere } p, li { max-width: 48rem } .soft { color: var(--soft) }
.scroll { overflow-x: auto; background: linear-gradient(90deg, #fff 2rem, #fff0) local,
  linear-gradient(270deg, #fff 2rem, #fff0) 100% 0 local,
  radial-gradient(farthest-side at 0 50%, #0003, #0000) scroll,
  radial-gradient(farthest-side at 100% 50%, #0003, #0000) 100% 0 scroll;
  background-repeat: no-repeat; background-size: 2rem 100%, 2rem 100%, .6rem 100%, .6rem 100% }
.scroll > svg { min-width: 40rem } .scroll + .hint { display: none; margin: .2rem 0 }
@media (max-width: 45rem) { .scroll + .hint { display: block } }
figure { margin: 1.5rem 0 } figcaption { font-size: .9rem } .view svg { touch-action: pan-y;
  user-select: none; font-size: 11px }
.said { min-height: 1.4rem; font-size: .8rem; color: var(--soft) }
.names { display: flex; flex-wrap: wrap; gap: .3rem; margin: .4rem 0 }
.names button { font: inherit; font-size: .8rem; padding: .1rem .5rem; border-radius: 1rem;
  border: 2px solid var(--colour); background: #fff; color: var(--ink) }
.names button[aria-pressed="false"] { opacity: .4; text-decoration: line-through }
tr.best td { font-weight: 600; background: #eef6f7 }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(28rem, 100%), 1fr));
  gap: 1rem }
svg { width: 100%; height: auto; display: block }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem }
th, td { padding: .3rem .7rem; text-align: right; border-bottom: 1px solid var(--line);
  white-space: nowrap }
th:first-child, td:first-child { text-align: left; position: sticky; left: 0;
  background: #fff }
code, pre { font-size: .85rem } pre { overflow-x: auto; background: #f5f7fa; padding: .7rem }
"""
ERRORS = {
    "MAE": "",
    "RMSE": "",
    "WAPE": "{:.2f} %",
    "sMAPE": "{:.2f} %",
    "MASE": "{:.3f}",
    "RMSSE": "{:.3f}",
    "bias": "{:+.1f} %",
    "median": "{:.3f}",
    "sd": "{:.2f}",
}
LISTED = 30
"""Series in a table at most."""
COSTS = {
    "parameters": "{:,.0f}",
    "seconds": "{:.2f}",
    "microseconds": "{:,.1f}",
    "train_loss": "{:.4f}",
    "test_loss": "{:.4f}",
}
TITLES = {
    "median": "median MASE",
    "sd": "± sd of WAPE",
    "parameters": "weights",
    "seconds": "fit, seconds",
    "microseconds": "µs a forecast",
    "train_loss": "training loss",
    "test_loss": "test loss",
    "coverage": "sales inside",
    "width": "mean width",
    "level": "level",
    "p_value": "p",
}


def page(findings: Findings, command: str = "") -> str:
    """Return the report as HTML; `command` is what makes it again."""
    settings, best = findings.settings, findings.recommended
    first, rest = headline(findings)
    coverage = findings.coverage.set_index("model")
    parts = [
        f"<h1>{escape(first)}</h1>",
        f"<p>{escape(rest)}</p>" if rest else "",
        f'<p class="soft">{escape(subject(findings))}</p>',
        *_next(findings),
        "<h2>What was done to the data</h2>",
        _list(notes(findings) or ("nothing: every date and value was there",)),
        _list(
            f"{what}: {', '.join(names)}"
            for what, names in (
                ("known in advance", findings.panel.known),
                ("known only afterwards", findings.panel.past),
            )
            if names
        ),
        "<h2>Errors on the test part</h2>",
        _table(findings.table, ERRORS, best),
        f'<p class="soft">The row of {escape(best)}, the model to use, is marked. A MASE of 1 is '
        "the error that last season's values had on the training part; RMSSE likewise. Bias is "
        "above zero where too much was forecast. WAPE and bias are of all sales together, the "
        f"others means over series; sMAPE runs from 0 to 200. {escape(seeds(findings))}</p>",
        *_of_series(findings, best),
        view(findings),
        '<div class="pair">',
        _svg(findings, plot.draw_errors),
        _svg(findings, plot.draw_horizon) if settings.horizon > 1 else "",
        _svg(findings, plot.draw_series) if len(findings.panel.series) > 1 else "",
        _svg(findings, plot.draw_losses) if plot.has_losses(findings) else "",
        "</div>",
        "<h2>Cost</h2>",
        _table(findings.table, COSTS),
        f'<p class="soft">On {escape(platform.processor() or platform.machine())}.</p>',
        *_differences(findings),
    ]
    if settings.levels:
        parts += [
            "<h2>Intervals</h2>",
            _table(coverage, {"level": "{:.0f} %", "coverage": "{:.1f} %", "width": ""}),
            '<p class="soft">Split conformal: the width comes from each model\'s own earlier '
            "errors on sales that it was not trained on. None reaches below zero where sales never "
            "did.</p>",
        ]
    parts += [
        "<h2>How to run it again</h2>",
        f"<pre>{escape(command)}</pre>" if command else "",
        f"<p><code>{escape(', '.join(f'{k}={v!r}' for k, v in vars(settings).items()))}</code></p>",
        f'<p class="soft">fusedrnn {__version__}, Python {platform.python_version()}</p>',
    ]
    head = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Sales comparison: LSTM and GRU</title><style>{STYLE}</style></head><body>"
    )
    return head + "\n".join(part for part in parts if part) + "</body></html>\n"


def cell(findings: Findings) -> str:
    """Return the verdict and the table as HTML for a cell of a notebook, in its own style."""
    first, rest = headline(findings)
    shown = ("MAE", "RMSE", "WAPE", "sd", "MASE", "parameters", "seconds")
    columns = {name: (ERRORS | COSTS)[name] for name in shown}
    return (
        "<div class='fusedrnn'><style>.fusedrnn .scroll { overflow-x: auto } "
        ".fusedrnn .best td { font-weight: bold } .fusedrnn .hint { display: none }</style>"
        f"<p><b>{escape(first)}</b> {escape(rest)}</p>"
        f"{_table(findings.table, columns, findings.recommended)}"
        f"<p>{escape(subject(findings))}</p></div>"
    )


def _svg(
    findings: Findings,
    draw: Callable[[Findings, Axes], None],
    size: tuple[float, float] = (5.4, 3.6),
) -> str:
    """Return a picture as an SVG element, its text as text."""
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": draw.__name__, "font.size": 9}):
        figure = Figure(figsize=size, layout="constrained")
        draw(findings, figure.subplots())
        file = io.StringIO()
        figure.savefig(file, format="svg", metadata={"Date": None})
    text = file.getvalue()
    return text[text.index("<svg") :].replace("<svg", f'<svg role="img" id="{draw.__name__}"', 1)


def _of_series(findings: Findings, best: str) -> Iterable[str]:
    """Yield a table of the errors on each series, the largest first."""
    if len(findings.panel.series) == 1:
        return
    unit = unit_of(findings)
    table = findings.by_series.pivot(index="unique_id", columns="model", values=unit)
    sales = findings.by_series.groupby("unique_id")["sales"].max().sort_values(ascending=False)
    models = [model for model in findings.settings.models if model in table]
    table = table.loc[sales.index, models]
    more = f", the {LISTED} with the largest sales of {len(table):,}" * (len(table) > LISTED)
    form = "" if unit == "MAE" else "{:.3f}"
    yield f"<h2>{unit} of each series{more}</h2>"
    yield _table(table.head(LISTED), dict.fromkeys(models, form))
    ahead = (table[best] <= table.min(axis=1)).sum() if best in table else 0
    yield f'<p class="soft">{escape(best)} has the least on {ahead:,} of {len(table):,}.</p>'


def _differences(findings: Findings) -> Iterable[str]:
    """Yield the paired tests, if there are any."""
    if not findings.tests:
        return
    tests = pd.DataFrame(
        {
            f"{a} minus {b}": {
                "difference": test.mean,
                "from": test.low,
                "to": test.high,
                "p_value": _p(test.p_value),
            }
            for (a, b), test in findings.tests.items()
        }
    ).T
    yield "<h2>Is a difference more than chance?</h2>"
    yield _table(tests, dict.fromkeys(("difference", "from", "to"), "{:+.3f}") | {"p_value": "{}"})
    yield (
        '<p class="soft">Difference of the mean absolute error in units of the MASE, with a 95 % '
        f"interval. Below zero the first is better. p is the chance of such a difference, or a "
        f"larger one, between models that are equally good: {_how(findings)}.</p>"
    )


def _how(findings: Findings) -> str:
    """Return how the tests were made, and of how many pairs."""
    test = next(iter(findings.tests.values()))
    if "series" in test.test:
        return f"{test.test}, {counted(test.pairs, 'pair')}"
    apart = counted(test.independent, "period")
    return f"{test.test}, {counted(test.pairs, 'pair')} that cover {apart} without a common date"


def _table(frame: pd.DataFrame, columns: dict[str, str], best: str = "") -> str:
    """Return the columns of a frame that have values as an HTML table; `best` is a row to mark."""
    shown = {k: v for k, v in columns.items() if frame[k].notna().any()}
    marked = ' class="best"'
    head = "".join(f"<th>{escape(TITLES.get(name, name))}</th>" for name in shown)
    body = "".join(
        f"<tr{marked * (str(index) == best)}><td>{escape(str(index))}</td>"
        + "".join(f"<td>{number(row[name], form)}</td>" for name, form in shown.items())
        + "</tr>"
        for index, row in frame.iterrows()
    )
    table = f'<div class="scroll"><table><tr><th></th>{head}</tr>{body}</table></div>'
    return table + '<p class="soft hint">The table scrolls sideways.</p>' * (len(shown) > 3)


def _next(findings: Findings) -> list[str]:
    """Return what the model to use forecasts after the last sales, of the largest series."""
    if (future := findings.future) is None:
        return []
    name = findings.summary.largest
    own = future[future["unique_id"] == name].set_index("ds").drop(columns="unique_id")
    many = f" of series {escape(name)}" if len(findings.panel.series) > 1 else ""
    return [
        f"<h2>What comes next{many}</h2>",
        _table(own.rename(index=_date), dict.fromkeys(own, "")),
        f'<p class="soft">By {escape(findings.recommended)}, fitted to all sales.</p>',
    ]


def _date(date: pd.Timestamp) -> str:
    """Return a date, with the hour where there is one."""
    return f"{date:%Y-%m-%d %H:%M}".removesuffix(" 00:00")


def _p(value: float) -> str:
    """Return a p value as one reads it."""
    return "too few" if value != value else "< 0.001" if value < 0.001 else f"{value:.3f}"


def _list(items: Iterable[str]) -> str:
    """Return an HTML list, or nothing for no items."""
    rows = "".join(f"<li>{escape(item)}</li>" for item in items)
    return f"<ul>{rows}</ul>" if rows else ""
