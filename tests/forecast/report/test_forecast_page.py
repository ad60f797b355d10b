from __future__ import annotations

import re
import shutil
import subprocess
import sys
from html import escape, unescape
from html.parser import HTMLParser

import numpy as np
import pytest
from matplotlib.figure import Figure

from fusedrnn.datasets import BAKERY_KNOWN, load_bakery, load_bakery_series
from fusedrnn.forecast import compare
from fusedrnn.forecast.report.plot import BAD, draw_horizon
from fusedrnn.forecast.report.verdict import headline

SMALL = {"epochs": 2, "units": 4, "timesteps": 8, "seeds": 2}


CHROMIUM = shutil.which("chromium")


FLAGS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]


FLAGS += ["--disable-background-networking", "--disable-component-update", "--disable-sync"]


@pytest.fixture(scope="module", params=["one", "many"])
def result(request):
    if request.param == "one":
        frame = load_bakery().tail(250)
        return compare(frame, horizon=7, future_covariates=BAKERY_KNOWN, **SMALL)
    return compare(load_bakery_series().iloc[-120:, :4], wide=True, n_jobs=1, **SMALL)


@pytest.fixture(scope="module")
def page(result, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    result.write_html(path, command="fusedrnn compare 'my <sales>.csv'")
    return path


class Balanced(HTMLParser):
    """Check that what is opened is closed."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        if tag not in ("meta", "br", "path", "use", "rect"):
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        pass

    def handle_endtag(self, tag):
        if tag not in ("path", "use", "rect"):
            assert self.open.pop() == tag


def test_the_page_is_whole_and_needs_no_network(result, page):
    text = page.read_text(encoding="utf-8")
    parser = Balanced()
    parser.feed(text)
    assert not parser.open
    body = text[text.index("<body>") :]
    assert not re.search(r"(src|href)=[\"'](?!#)", body.replace("xlink:href", "href"))
    assert "@import" not in text
    first, rest = headline(result)
    assert unescape(re.search("<h1>(.*?)</h1>", text)[1]) == first
    assert escape(rest) in text
    assert "my &lt;sales&gt;.csv" in text
    for heading in ("Errors", "Intervals", "Cost", "What was done to the data", "run it again"):
        assert heading in text


def test_writing_the_page_does_not_need_rich(tmp_path):
    code = """
import sys
sys.modules["rich"] = None  # as if it were not installed
from fusedrnn.forecast import compare
from fusedrnn.forecast.report.verdict import headline
few = dict(epochs=1, units=2, timesteps=5, seeds=1, models=("Naive", "LSTM", "GRU"))
compare(**few).write_html(sys.argv[1])
"""
    page = tmp_path / "report.html"
    subprocess.run([sys.executable, "-c", code, page], check=True)
    assert page.read_text(encoding="utf-8").endswith("</html>\n")


def test_every_figure_of_the_table_is_on_the_page(result, page):
    text = page.read_text(encoding="utf-8")
    for model, row in result.table.iterrows():
        line = re.search(rf"<tr(?: class=.best.)?><td>{re.escape(model)}</td>.*?</tr>", text)[0]
        assert f"{row['MASE']:.3f}" in line
        assert f"{row['WAPE']:.2f} %" in line


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
@pytest.mark.parametrize("width", [360, 1280])
def test_a_browser_shows_it_without_scrolling_sideways(page, width, tmp_path):
    measured = tmp_path / "measured.html"
    inside = escape(page.read_text(encoding="utf-8"))
    script = "document.title = this.contentDocument.documentElement.scrollWidth"
    frame = f'<iframe width="{width}" height="900" onload="{script}" srcdoc="{inside}"></iframe>'
    measured.write_text(f"<!doctype html><html><body>{frame}</body></html>", "utf-8")
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}"]
    command += ["--window-size=1400,1000", "--dump-dom", measured.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True)
    wide = int(re.search(r"<title>(\d+)</title>", done.stdout)[1])
    assert width - 20 <= wide <= width


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_the_picture_of_the_forecasts_can_be_looked_into(result, page, tmp_path):
    press = """<script>
    const view = document.querySelector(".view"), svg = view.querySelector("svg");
    const drawn = () => [...svg.querySelectorAll("path")].map(p => p.dataset.name).join();
    const before = drawn(), dates = () => svg.querySelectorAll("text").length && svg.textContent;
    view.querySelectorAll("button")[1].click();
    const hidden = drawn(), all = dates(), box = svg.getBoundingClientRect();
    const at = (kind, share) => svg.dispatchEvent(new PointerEvent(kind,
      {clientX: box.left + share * box.width, clientY: box.top + 50}));
    at("pointermove", 0.5);
    const said = view.querySelector(".said").textContent;
    at("pointerdown", 0.4); at("pointerup", 0.9);
    const zoomed = dates() !== all;
    svg.dispatchEvent(new MouseEvent("dblclick"));
    document.title = [before, hidden, said, zoomed, dates() === all].join("|");
    </script></body>"""
    copy = tmp_path / "pressed.html"
    copy.write_text(page.read_text(encoding="utf-8").replace("</body>", press), "utf-8")
    command = [CHROMIUM, *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom"]
    done = subprocess.run([*command, copy.as_uri()], capture_output=True, text=True)
    title = unescape(re.search(r"<title>(.*?)</title>", done.stdout)[1])
    before, hidden, said, zoomed, whole = title.split("|")
    names = before.split(",")
    assert names[0] == "sales"
    assert {"LSTM", "GRU", "SeasonalNaive"} <= set(names)
    assert hidden.split(",") == [names[0], *names[2:]]
    assert re.match(r"\d{4}-\d\d-\d\d · sales [\d.,]+ · ", said)
    assert (zoomed, whole) == ("true", "true")


def test_errors_by_horizon_are_recomputed(result):
    frame = result.frame
    step = frame.groupby(["unique_id", "cutoff"]).cumcount() + 1
    error = (frame["y"] - frame["GRU"]).abs()
    table = result.by_horizon.query("model == 'GRU'").set_index("step")["MAE"]
    expected = error.groupby([frame["unique_id"], step]).mean().groupby(level=1).mean()
    np.testing.assert_allclose(table, expected)


def test_the_legend_is_above_the_lines(result):
    figure = Figure(figsize=(5.5, 4))
    ax = figure.subplots()
    draw_horizon(result, ax)
    figure.draw_without_rendering()
    legend = ax.get_legend().get_window_extent().transformed(ax.transData.inverted())
    errors = result.by_horizon["MAE"]
    assert legend.y0 > min(errors.max(), BAD * errors.median())
