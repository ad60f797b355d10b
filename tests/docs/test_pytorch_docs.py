"""The Python of docs/pytorch.md does what it did without us, where the libraries are installed."""

from __future__ import annotations

import logging
import re
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

import fusedrnn.torch  # noqa: E402

PAGE = (Path(__file__).parents[2] / "docs" / "pytorch.md").read_text()
pytestmark = pytest.mark.filterwarnings("ignore")  # those of libraries
QUIET = {
    "accelerator": "cpu", "logger": False, "enable_checkpointing": False,
    "enable_progress_bar": False, "enable_model_summary": False,
}  # fmt: skip


@pytest.fixture(autouse=True)
def _in_a_folder_without_logs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    logging.disable(logging.WARNING)
    yield
    logging.disable(logging.NOTSET)


def code(section: str) -> str:
    """The one block of Python in a section; "" is the page's beginning."""
    text = re.split(rf"^##+ {section}\n" if section else r"^# .*\n", PAGE, flags=re.MULTILINE)[1]
    (block,) = re.findall(r"```python\n(.*?)```", re.split(r"\n##+ ", text)[0], re.DOTALL)
    return block


def with_and_without_us(section, values, result):
    """Run a block as it stands, and without us; `values` makes what it takes as given."""
    results, accelerate = [], fusedrnn.torch.accelerate
    done = []
    for function in (lambda m: done.append(accelerate(m)), lambda m: None):
        fusedrnn.torch.accelerate = function
        try:
            torch.manual_seed(0)
            names = values()
            exec(compile(code(section), f"docs/pytorch.md, {section}", "exec"), names)
            torch.manual_seed(1)
            results.append(np.asarray(result(names)))
        finally:
            fusedrnn.torch.accelerate = accelerate
    assert all(not d.kept for d in done)
    assert any(d.replaced for d in done)
    # A tenth of Adam's step, which the rounding of a gradient near zero may turn to either side.
    np.testing.assert_allclose(results[0], results[1], rtol=1e-3, atol=1e-4)
    return [d.replaced for d in done]


def parameters(model):
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def test_any_model(capsys):
    model = torch.nn.Sequential(torch.nn.LSTM(3, 4))
    exec(code(""), {"model": model})
    assert capsys.readouterr().out == "['0'] {}\n"
    assert model[0].path == "fused"


def test_lightning():
    pl = pytest.importorskip("lightning.pytorch")

    class Forecaster(pl.LightningModule):
        def __init__(self):
            super().__init__()
            self.lstm = torch.nn.LSTM(1, 8, batch_first=True)
            self.out = torch.nn.Linear(8, 1)

        def training_step(self, batch, index):
            x, y = batch
            return (self.out(self.lstm(x)[0][:, -1]) - y).square().mean()

        def configure_optimizers(self):
            return torch.optim.Adam(self.parameters(), 0.01)

    def values():
        windows = torch.sin(torch.arange(100.0) / 3).unfold(0, 11, 1)[..., None]
        data = torch.utils.data.TensorDataset(windows[:, :-1], windows[:, -1])
        return {
            "model": Forecaster(),
            "loader": torch.utils.data.DataLoader(data, 16),
            "Trainer": lambda **options: pl.Trainer(**QUIET, **options),
        }

    replaced = with_and_without_us("Lightning", values, lambda names: parameters(names["model"]))
    assert replaced == [["lstm"]]


def test_pytorch_forecasting():
    forecasting = pytest.importorskip("pytorch_forecasting")
    import lightning.pytorch as pl
    import pandas as pd

    class Trainer:
        """A new one for each fit."""

        def fit(self, *arguments):
            pl.Trainer(max_epochs=1, limit_train_batches=4, **QUIET).fit(*arguments)

    def values():
        t = np.arange(60)
        table = pd.concat([pd.DataFrame({"t": t, "g": g, "y": np.sin(t / 3 + ord(g))})
                           for g in "abc"], ignore_index=True)  # fmt: skip
        training = forecasting.TimeSeriesDataSet(
            table, time_idx="t", target="y", group_ids=["g"], max_encoder_length=20,
            min_encoder_length=5, max_prediction_length=5, time_varying_unknown_reals=["y"],
            static_categoricals=["g"],
        )  # fmt: skip
        loader = training.to_dataloader(train=True, batch_size=16, num_workers=0, shuffle=False)
        return {"training": training, "loader": loader, "trainer": Trainer()}

    replaced = with_and_without_us(
        "pytorch-forecasting", values,
        lambda names: torch.cat([parameters(names[n]) for n in ("model", "transformer")]),
    )  # fmt: skip
    assert replaced == [["rnn"], ["lstm_encoder", "lstm_decoder"]]


def test_neuralforecast(monkeypatch):
    models = pytest.importorskip("neuralforecast.models")
    import pandas as pd

    for name in ("LSTM", "GRU"):
        original = getattr(models, name)
        monkeypatch.setattr(
            models, name, lambda original=original, **k: original(**k, **QUIET, random_seed=1)
        )
    days = pd.date_range("2024-01-01", periods=60)
    table = pd.concat([pd.DataFrame({"unique_id": k, "ds": days, "y": np.sin(np.arange(60) / 3)})
                       for k in range(2)])  # fmt: skip
    replaced = with_and_without_us(
        "neuralforecast",
        lambda: {"table": table},
        lambda names: names["forecasts"][["LSTM", "GRU"]].to_numpy(),
    )
    assert replaced == [["hist_encoder"], ["hist_encoder"]]


def test_darts():
    darts = pytest.importorskip("darts")
    values = np.sin(np.arange(120) / 4).astype(np.float32)
    replaced = with_and_without_us(
        "darts",
        lambda: {"series": darts.TimeSeries.from_values(values)},
        lambda names: names["forecast"].values(),
    )
    assert replaced == [["rnn"], []]


def test_sb3_contrib():
    pytest.importorskip("sb3_contrib")
    replaced = with_and_without_us(
        "sb3-contrib", dict, lambda names: parameters(names["model"].policy)
    )
    assert replaced == [["lstm_actor", "lstm_critic"]]


def test_bfloat16():
    names = {}
    exec(compile(code("bfloat16"), "docs/pytorch.md, bfloat16", "exec"), names)
    assert isinstance(names["model"], fusedrnn.torch.LSTM)
    assert {t.dtype for t in (names["y"], *names["states"])} == {torch.bfloat16}
