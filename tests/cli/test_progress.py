"""Progress: bars where somebody looks on, lines elsewhere, colours where they are wanted."""

from __future__ import annotations

import io
import re

import pytest

from fusedrnn.forecast.report.terminal import Bars, Lines, progress


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture(autouse=True)
def environment(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)


def shown(file, every=0.0):
    bars = progress(file)
    if isinstance(bars, Lines):
        bars.every = every
    with bars:
        bars.on_start({"ETS": (2, 2), "GRU": (1, 4)})
        bars.on_step("ETS", 2)
        bars.on_step("GRU", 1)
        bars.on_step("GRU", 3)
    return type(bars), file.getvalue()


def test_lines_in_a_file(monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    kind, text = shown(io.StringIO())
    assert kind is Lines
    assert re.sub(r"\d+ s", "0 s", text) == "ETS: done, 0 s\nGRU: 25%, 0 s\nGRU: done, 0 s\n"
    _, text = shown(io.StringIO(), every=1e9)
    assert re.sub(r"\d+ s", "0 s", text) == "ETS: done, 0 s\nGRU: done, 0 s\n"


def test_lines_on_a_terminal_that_cannot_draw(monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    kind, text = shown(Terminal())
    assert kind is Lines
    assert "\x1b" not in text


COLOUR = r"\x1b\[(?:\d+;)*(?:3[0-8]|9[0-7])[;m]"


def test_bars_on_a_terminal_in_colours_or_not(monkeypatch):
    kind, text = shown(Terminal())
    assert kind is Bars
    assert re.search(COLOUR, text)
    assert "GRU" in text
    monkeypatch.setenv("NO_COLOR", "1")
    kind, text = shown(Terminal())
    assert kind is Bars
    assert not re.search(COLOUR, text)


def test_no_standard_error_at_all():
    with progress(None) as lines:
        lines.on_start({"ETS": (1, 1)})
