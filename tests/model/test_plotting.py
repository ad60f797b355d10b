"""Pictures of models: the boxes and arrows that Keras draws."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

import fusedrnn
from fusedrnn import utils
from small_models import model

pydot = pytest.importorskip("pydot")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:keras")


def chain(k: Any) -> Any:
    m = k.Sequential(name="chain")
    m.add(k.Input((6, 2), name="x"))
    m.add(k.layers.LSTM(3, return_sequences=True, name="lstm"))
    m.add(k.layers.Bidirectional(k.layers.GRU(2), name="both"))
    m.add(k.layers.Dense(1, activation="relu", name="dense", trainable=False))
    return m


def deferred(k: Any) -> Any:
    m = k.Sequential([k.layers.Dense(2, name="a"), k.layers.Dense(1, name="b")], name="deferred")
    m.build((None, 3))
    return m


def graph(k: Any) -> Any:
    a, b = k.Input((5, 2), name="a"), k.Input((None, 3), name="b")
    y, h, c = k.layers.LSTM(3, return_state=True, name="encoder")(a)
    z = k.layers.LSTM(3, name="decoder")(b, initial_state=[h, c])
    shared = k.layers.Dense(4, name="shared", activation="tanh")
    out = k.layers.Concatenate(name="join")([shared(y), shared(z)])
    out = k.layers.Add(name="sum")([out, out])
    return k.Model([a, b], [k.layers.Dense(1, name="one")(out), out], name="graph")


def nested(k: Any) -> Any:
    x = k.Input((6, 2), name="start")
    i = k.Input((3,), name="inner_start")
    p = k.layers.Dense(2, name="p")(i)
    two = k.Model(i, [p, k.layers.Dense(3, name="q")(p)], name="two_outputs")
    deep = k.Sequential([k.Input((3,), name="d"), k.layers.Dense(2, name="e")], name="deep")
    i2 = k.Input((3,), name="i2")
    outer = k.Model(i2, k.layers.Dense(2, name="g")(deep(i2)), name="outer")
    first, second = two(chain_of_two(k)(x))
    y = k.layers.Concatenate(name="join")([first, second, outer(second)])
    return k.Model(x, y, name="nested")


def chain_of_two(k: Any) -> Any:
    layers = [k.layers.LSTM(3, name="lstm"), k.layers.Dense(3, name="dense")]
    return k.Sequential([k.Input((6, 2), name="x"), *layers], name="two")


def models_in_a_chain(k: Any) -> Any:
    m = k.Sequential([k.Input((6, 2), name="s"), chain_of_two(k)], name="outer")
    m.add(k.layers.Dense(2, name="last"))
    return m


OPTIONS: list[dict[str, Any]] = [
    {},
    {"show_layer_names": False},
    {"show_shapes": True},
    {"show_dtype": True, "show_shapes": True, "show_trainable": True},
    {"show_layer_activations": True, "show_trainable": True},
    {"rankdir": "LR", "dpi": 96, "splines": "curved"},
]


def drawn(dot: Any) -> Any:
    """Return boxes by their text, arrows between them, and the same of what is inside."""
    labels: dict[str, str] = {}

    def collect(part: Any) -> Any:
        own = {n.get_name().strip('"'): n.get("label") for n in part.get_nodes()}
        labels.update({name: label for name, label in own.items() if label})
        inside = sorted(collect(sub) for sub in part.get_subgraphs())
        return part.get_name().strip('"'), sorted(str(v) for v in own.values()), inside

    def edges(part: Any) -> Any:
        yield from part.get_edges()
        for sub in part.get_subgraphs():
            yield from edges(sub)

    tree = collect(dot)
    ends = [(e.get_source(), e.get_destination()) for e in edges(dot)]
    arrows = sorted(tuple(labels[end.strip('"')] for end in each) for each in ends)
    return tree, arrows, dot.obj_dict["attributes"]


@pytest.mark.parametrize("options", OPTIONS)
@pytest.mark.parametrize("expand", [False, True])
@pytest.mark.parametrize("make", [chain, deferred, graph, nested, models_in_a_chain])
def test_as_keras_draws(make: Any, expand: bool, options: Any) -> None:
    keras = pytest.importorskip("keras")
    ours, theirs = (
        drawn(k.utils.model_to_dot(make(k), expand_nested=expand, **options))
        for k in (fusedrnn, keras)
    )
    assert ours == theirs


@pytest.mark.skipif(not shutil.which("dot"), reason="needs Graphviz")
def test_files(tmp_path: Path) -> None:
    starts = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF", "dot": b"digraph"}
    for ending, start in starts.items():
        path = tmp_path / f"model.{ending}"
        utils.plot_model(model(), path, show_shapes=True)
        assert path.read_bytes().startswith(start)
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        utils.plot_model(model(), tmp_path / "no" / "m.png")


def test_what_is_missing_is_told(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: Any
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ImportError, match="You must install graphviz"):
        utils.plot_model(model(), tmp_path / "m.png")
    monkeypatch.setitem(sys.modules, "pydot", None)
    for function in (utils.plot_model, utils.model_to_dot):
        with pytest.raises(ImportError, match=r"You must install pydot \(`pip install pydot`\)"):
            function(model())
    monkeypatch.setitem(sys.modules, "IPython.core.magics.namespace", utils)
    assert utils.plot_model(model()) is None
    assert "You must install pydot" in capsys.readouterr().out


def test_errors() -> None:
    for function in (utils.plot_model, utils.model_to_dot):
        with pytest.raises(ValueError, match="has not yet been built"):
            function(fusedrnn.Sequential([fusedrnn.layers.Dense(1)]))
        with pytest.raises(ValueError, match="layer_range"):
            function(model(), layer_range=["a", "b"])
        with pytest.raises(ValueError, match="Unrecognized keyword"):
            function(model(), colour="red")
