"""What a notebook shows of a comparison and of a forecaster."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from matplotlib import rcParams
from matplotlib.figure import Figure

from fusedrnn.datasets import load_bakery
from fusedrnn.forecast import RNNForecaster, compare
from fusedrnn.forecast.report.verdict import headline

SMALL = {"epochs": 1, "units": 2, "seeds": 1, "timesteps": 8, "tune": "off"}


@pytest.fixture(scope="module")
def result():
    return compare(load_bakery().iloc[-150:], **SMALL, models=("Naive", "LSTM", "GRU"))


def test_text_is_what_the_command_prints(result):
    text = repr(result)
    lines = text.splitlines()
    words = " ".join(text.split())
    assert all(part in words for part in headline(result))
    assert not re.search(r"0x[0-9a-f]{6}|\x1b", text)
    rows = {line.split()[0]: line for line in lines if line.split()}
    assert set(result.table.index) <= set(rows)
    assert f"{result.table.loc['GRU', 'WAPE']:.2f}" in rows["GRU"]
    assert len(text) < 4000


def test_page_has_the_verdict_and_the_errors(result):
    class Text(HTMLParser):
        def __init__(self):
            super().__init__()
            self.open, self.data = [], []

        def handle_starttag(self, tag, attrs):
            self.open.append(tag)

        def handle_endtag(self, tag):
            assert self.open.pop() == tag

        def handle_data(self, data):
            self.data.append(data)

    html, page = result._repr_html_(), Text()
    page.feed(html)
    assert not page.open
    assert headline(result)[0] in page.data
    assert set(result.table.index) <= set(page.data)
    assert html.count('class="best"') == 1
    assert len(html) < 6000


def test_a_plot_is_a_figure(result, tmp_path):
    figure = result.plot()
    assert isinstance(figure, Figure)
    png = figure._repr_png_()
    assert png.startswith(b"\x89PNG")
    assert int.from_bytes(png[16:20], "big") == round(11 * rcParams["figure.dpi"])
    assert isinstance(result.plot(tmp_path / "plot.png"), Figure)
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")


def test_a_forecaster_has_no_address():
    forecaster = RNNForecaster(epochs=1, units=2, timesteps=8)
    before = repr(forecaster)
    forecaster.fit(load_bakery().iloc[-60:])
    assert before == repr(forecaster) == "RNNForecaster(epochs=1, timesteps=8, units=2)"
