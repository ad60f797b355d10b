"""What terminal and page say alike: what was compared, what a row means, notes, figures."""

from __future__ import annotations

from collections.abc import Sequence

from ..data.frequency import described, shown
from ..evaluate.findings import Findings
from ..models.inputs import sample_note
from ..settings import MEAN, POOL


def notes(findings: Findings) -> tuple[str, ...]:
    """Return what was done to the data and what could not be done, a line each."""
    panel, summary = findings.panel, findings.summary
    said = [*findings.remarks, *panel.notes]
    if findings.skipped:
        said.append(f"{len(findings.skipped)} series too short, left out: {some(findings.skipped)}")
    ends = {series.ds[-1] for series in panel.series}
    if len(ends) > 1 and findings.result.folds[0].start is None:
        said.append(f"series end on {len(ends)} dates: each is judged on its own last ones")
    said += sample_note(summary.windows, findings.settings)
    if best := findings.result.recommended:
        error = findings.result.before[best]
        said.append(f"the one to use, by errors before the test part: {best} ({error:.3f})")
    if MEAN in findings.settings.models:
        each = zip(POOL, findings.result.shares, strict=True)
        shares = ", ".join(f"{model} {share:.0%}" for model, share in each)
        said.append(f"{MEAN}, by errors before the test part: {shares}")
    for (model, why), names in sorted(summary.troubles.items()):
        said.append(f"{model} on {some(sorted(names))}: {why}")
    for series, what in (
        (summary.constant, "is constant"),
        (summary.repeating, "repeats its season exactly, which a seasonal naive forecast knows"),
    ):
        if series:
            said.append(f"MASE is undefined: the training part of {some(series)} {what}")
    if summary.idle:
        said.append(
            f"no sales on half or more of the dates of {some(summary.idle)}: there a "
            "forecast of 0 has the least MAE, WAPE and MASE; see RMSE and RMSSE too"
        )
    if not findings.coverage["forecasts"].all():
        said.append("no intervals where too few earlier errors are known")
    return tuple(said)


def number(value: float, style: str) -> str:
    """Return a number as a table shows it.

    Without a style it has four digits, or all that stand before the point.
    """
    if value != value:
        return ""
    return (style or ("{:,.0f}" if 1000 <= abs(value) < 1e9 else "{:,.4g}")).format(value)


def rounded(value: float) -> str:
    """Return a number in two digits, as one says it: 8,684 is 8,700."""
    return f"{float(f'{value:.2g}'):,.12g}"


def counted(n: int, what: str) -> str:
    """Return "two weeks", "17 weeks"."""
    words = ("no", "one", "two", "three", "four", "five", "six", "seven")
    return f"{words[n] if n < len(words) else f'{n:,}'} {what}{'' if n == 1 else 's'}"


PERIODS = {"D": "a day", "B": "a business day", "W": "a week", "M": "a month", "Q": "a quarter",
           "Y": "a year", "h": "an hour", "C": "a day"}  # fmt: skip


def every(freq: str) -> str:
    """Return "a day" of a frequency."""
    plain = freq.partition("-")[0]
    stem = plain if plain in PERIODS else plain.removeprefix("B")[:1]
    return PERIODS.get(stem, "") or f"every {freq}"


def subject(findings: Findings) -> str:
    """Return one sentence about the data and the forecasts."""
    panel, settings, cutoffs = findings.panel, findings.settings, findings.summary.cutoffs
    spans = [(len(series.y), series.ds[0], series.ds[-1]) for series in panel.series]
    values = sum(n for n, _, _ in spans)
    first, last = min(start for _, start, _ in spans), max(end for _, _, end in spans)
    many = f" in {len(panel.series):,} series" if len(panel.series) > 1 else ""
    ahead = f"{settings.horizon} step{'s' * (settings.horizon > 1)} ahead"
    return (
        f"{values:,} values{many} ({described(panel.freq, panel.season)}), {shown(first)} to "
        f"{shown(last)}; judged on forecasts {ahead} from {len(cutoffs):,} cutoffs, "
        f"{shown(cutoffs[0])} to {shown(cutoffs[-1])}."
    )


def seeds(findings: Findings) -> str:
    """Return one sentence about what a network's row means."""
    settings = findings.settings
    if not settings.networks:
        return ""
    if settings.seeds == 1:
        return f"One network each, from seed {settings.seed}."
    return (
        f"A network's forecast is the mean of {settings.seeds} trained from seeds {settings.seed} "
        f"to {settings.seed + settings.seeds - 1}; ± sd is that of one network's WAPE."
    )


def some(names: Sequence[str]) -> str:
    """Return the first few of many names."""
    shown = ", ".join(map(str, names[:5]))
    return shown if len(names) <= 5 else f"{shown} and {len(names) - 5} more"
