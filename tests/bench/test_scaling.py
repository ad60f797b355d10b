"""The cost model's arithmetic; nothing here is timed but to see that the command works."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from bench import cost, scaling
from bench.cost import Cut, Model, Processor, Work
from bench.shapes import TABLE, Shape

CSRC = Path(__file__).parents[2] / "csrc"
CPU = Processor(lanes=8, rows=3, l2=512 << 10)


def test_the_rules_are_those_of_the_core():
    text = (CSRC / "parallel.hpp").read_text() + (CSRC / "cut.hpp").read_text()
    core = {name: eval(value) for name, value in re.findall(r"(k\w+) = ([\d.e< ]+);", text)}
    assert core["kWorth"] == cost.WORTH
    assert core["kWorthMeeting"] == cost.WORTH_MEETING
    assert core["kFewRows"] == cost.FEW_ROWS
    assert core["kFewRowsBeyondL2"] == cost.FEW_ROWS_BEYOND_L2
    assert core["kBeyondL2"] == cost.BEYOND_L2
    ahead = f"rows > {cost.AHEAD_ROWS} || I < {cost.AHEAD_FEATURES} * rows"
    assert ahead in text


@pytest.mark.parametrize(
    ("shape", "threads", "expected"),
    [
        ("lat1", 2, Cut(1, 1, 1.0, False)),  # not worth a thread
        ("seed", 2, Cut(2, 16, 1.0, False)),
        ("seed", 16, Cut(2, 16, 1.0, False)),  # 6.5e6 operations
        ("mid", 16, Cut(16, 64, 1 / 16, True)),  # four rows a thread would be too few
        ("mid", 8, Cut(8, 8, 1.0, False)),
        ("big", 2, Cut(2, 32, 1 / 2, True)),  # few rows, and the weights are beyond L2
        ("long1", 16, Cut(3, 1, 11 / 32, True)),  # a step is not worth more
    ],
)
def test_how_a_pass_is_cut(shape, threads, expected):
    shape = TABLE[shape]
    assert cost.cut(shape, 4, -(-shape.H // 8), threads) == expected


def test_work_of_a_forward_pass():
    shape = Shape(I=3, H=9, T=2, N=7)  # two vectors of units, three tiles of rows
    whole = cost.forward(shape, 4, CPU, Cut(1, 7, 1.0, False), tape=False)
    assert whole == Work(
        operations=2 * 2 * 7 * 12 * 64,
        loads=2 * 4 * 3 * 12 * 64,
        cells=2 * 7 * 2,
        streamed=2 * 4 * 7 * 12,
        steps=2,
        calls=1,
    )
    far = cost.forward(shape, 4, CPU._replace(l2=1000), Cut(1, 7, 1.0, False), tape=True)
    assert far.far == 2 * 4 * 12 * 64
    assert far.streamed == 2 * 4 * 7 * (12 + 6 * 9)
    half = cost.forward(shape, 4, CPU, Cut(2, 7, 0.5, True), tape=False)
    assert half.operations == whole.operations / 2
    assert half.steps == whole.steps


def test_input_products_ahead_read_the_kernel_less_often():
    shape = Shape(I=72, H=8, T=6, N=3)
    ahead = cost.forward(shape, 4, CPU, Cut(1, 3, 1.0, False), tape=False)
    assert ahead.operations == 2 * 6 * 3 * 80 * 32
    assert ahead.loads == 4 * 6 * (72 + 8) * 32  # six tiles of inputs, one of states a step
    one = cost.forward(shape._replace(N=1), 4, CPU, Cut(1, 1, 1.0, False), tape=False)
    assert one.loads == 4 * (2 * 72 + 6 * 8) * 32


def test_threads_share_what_can_be_shared():
    one, started, meetings = cost.work("training", TABLE["mid"], 3, CPU, 1)
    assert (started, meetings) == (0, 0)
    two, started, meetings = cost.work("training", TABLE["mid"], 3, CPU, 2)
    assert (started, meetings) == (2, 0)
    assert two.packed == one.packed == 3 * 3 * 128 * 160
    assert 0.5 <= two.operations / one.operations < 0.51  # 32 rows do not fill tiles of three
    _, started, meetings = cost.work("inference", TABLE["long1"], 4, CPU, 2)
    assert (started, meetings) == (1, 2000)


@pytest.mark.parametrize("mode", scaling.MODES)
def test_constants_are_found_again(mode):
    truth = Model(CPU, mode, 4, np.array([2e-11, 1e-12, 2e-8, 3e-11, 2e-11, 1e-9, 2e-7, 5e-6]),
                  start=3e-6, meeting=4e-7, slower=1.1)  # fmt: skip
    one, two = ({s: truth.seconds(s, n) for s in scaling.FIT.values()} for n in (1, 2))
    blank = truth._replace(constants=np.zeros(len(Work._fields)), start=0, meeting=0)
    found = blank.fitted(one, two, 2)
    for shape in TABLE.values():
        for threads in (1, 2, 16):
            assert found.seconds(shape, threads) == pytest.approx(truth.seconds(shape, threads))


def test_no_constant_is_below_zero():
    amounts = np.array([[1.0, 1.0], [2.0, 1.0], [3.0, 1.0]])
    wanted = 3 * amounts[:, 0] - 1
    assert cost.fit(amounts, wanted, np.ones(3)) == pytest.approx([36 / 14, 0])


def test_the_command(tmp_path, monkeypatch):
    monkeypatch.setattr(scaling, "FIT", {"a": Shape(2, 5, 3, 4), "b": Shape(3, 17, 4, 1)})
    monkeypatch.setattr(scaling, "TABLE", {"c": Shape(4, 9, 5, 2), "step": Shape(4, 9, 1, 2)})
    options = ["--cells", "gru", "--mode", "training", "--threads", "2", "--many", "16"]
    scaling.main(["--results", str(tmp_path), "--budget", "0.1", *options])
    (found,) = json.loads((tmp_path / "latest.json").read_text())["fits"]
    assert found["constants"].keys() == {*Work._fields, "start", "meeting", "slower"}
    (row,) = found["rows"]
    assert row["measured"].keys() == {"1", "2"}
    assert row["predicted"].keys() == {"1", "2", "16"}
    assert min(*row["measured"].values(), *row["predicted"].values()) > 0
    text = (tmp_path / "latest.md").read_text()
    assert "1 thread: " in text
    assert "| gru | c | 4, 9, 5, 2 |" in text
