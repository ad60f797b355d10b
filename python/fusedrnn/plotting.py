"""Pictures of models by pydot and Graphviz, as Keras draws them."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any

from . import _files


def _pydot() -> ModuleType | None:
    try:
        import pydot
    except ImportError:
        return None
    return pydot


def _tensors(layer: Any, what: str) -> Any:
    """Return what a layer takes or gives in its first call, None where it has none."""
    try:
        return getattr(layer, what)
    except AttributeError:
        return None


def _of(tensors: Any, what: str) -> Any:
    """Return an attribute of a tensor, or of each of a list."""
    if isinstance(tensors, list):
        return [getattr(tensor, what) for tensor in tensors]
    return getattr(tensors, what, None)


def _label(
    layer: Any, shapes: bool, dtype: bool, names: bool, activations: bool, trainable: bool
) -> str:
    """Return the table that is a layer's node, in Graphviz's kind of HTML."""
    kind = layer.kind if hasattr(layer, "kind") else type(layer).__name__
    span = max(1, 2 * shapes + dtype + trainable)

    def cell(text: str, colour: str = "white", font: str = "", wide: bool = False) -> str:
        across = f' colspan="{span}"' if wide else ""
        return f'<td bgcolor="{colour}"{across}><font point-size="14"{font}>{text}</font></td>'

    title = f"<b>{layer.name}</b> ({kind})" if names else f"<b>{kind}</b>"
    rows = [
        f'<td colspan="{span}" bgcolor="black"><font point-size="16" color="white">{title}'
        "</font></td>"
    ]
    activation = getattr(layer, "activation", None)
    if activations and activation is not None:
        name = getattr(activation, "name", getattr(activation, "__name__", str(activation)))
        rows.append(cell(f"Activation: <b>{name}</b>", wide=True))
    cells = []
    output = _tensors(layer, "output")
    if shapes:
        if kind != "InputLayer":
            shape = _of(_tensors(layer, "input"), "shape") or "?"
            cells.append(cell(f"Input shape: <b>{shape}</b>"))
        cells.append(cell(f"Output shape: <b>{_of(output, 'shape') or '?'}</b>"))
    if dtype:
        cells.append(cell(f"Output dtype: <b>{_of(output, 'dtype') or '?'}</b>"))
    if trainable and layer.weights:
        text, colour = ("T", "forestgreen") if layer.trainable else ("Non-t", "firebrick")
        cells.append(cell(f"<b>{text}rainable</b>", colour, ' color="white"'))
    if cells:
        rows.append("".join(cells))
    table = "".join(f"<tr>{row}</tr>" for row in rows)
    return f'<<table border="0" cellborder="1" bgcolor="black" cellpadding="10">{table}</table>>'


def _edges(model: Any, expand: bool) -> Iterator[tuple[Any, Any]]:
    """Yield the layers that are connected; with ``expand`` none of them is a model."""
    from .functional_model import Functional

    functional = isinstance(model, Functional)
    sources = {
        slot: (layer, 0)
        for slot, layer in zip(model.graph.inputs, _inputs(model), strict=functional)
    }
    for step in model.graph.steps:
        sources.update({slot: (step.layer, k) for k, slot in enumerate(step.outputs)})
    for step in model.graph.steps:
        for k, slot in enumerate(step.inputs):
            if slot not in sources:  # a Sequential model has no box for its input
                continue
            source, output = sources[slot]
            target = step.layer
            while expand and hasattr(source, "graph"):
                last = source.graph.outputs[output]
                inner = [s for s in source.graph.steps if last in s.outputs]
                if inner:
                    source, output = inner[0].layer, inner[0].outputs.index(last)
                else:  # what goes in comes out
                    source, output = _inputs(source)[source.graph.inputs.index(last)], 0
            while expand and hasattr(target, "graph"):
                target = _inputs(target)[k] if isinstance(target, Functional) else target.layers[0]
            yield source, target


def _inputs(model: Any) -> list[Any]:
    """Return the boxes of a model's inputs."""
    return list(getattr(model, "_own_inputs", ()))


def model_to_dot(
    model: Any,
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = True,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    subgraph: bool = False,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str = "ortho",
    **kwargs: Any,
) -> Any:
    """Return a model as a ``pydot.Dot``.

    Parameters
    ----------
    model : Model
    show_shapes, show_dtype, show_layer_names, show_layer_activations, show_trainable : bool
        What the layers' boxes say.
    rankdir : {"TB", "LR"}
        From top to bottom, or from left to right.
    expand_nested : bool
        Whether models that are layers of others are drawn with their layers.
    dpi : int
    subgraph : bool
        Whether to return a ``pydot.Cluster``, as for a model inside another.
    splines : str
        How Graphviz draws the edges.
    **kwargs
        None are known.

    Returns
    -------
    pydot.Dot or pydot.Cluster

    Raises
    ------
    ImportError
        Without pydot.
    ValueError
        If the model is not built, and of ``layer_range``, which Keras 3 dropped.
    """
    _check(model, kwargs)
    pydot: Any = _pydot()
    if pydot is None:
        raise ImportError("You must install pydot (`pip install pydot`) for model_to_dot to work.")
    shown = (show_shapes, show_dtype, show_layer_names, show_layer_activations, show_trainable)
    if subgraph:
        dot = pydot.Cluster(style="dashed", graph_name=model.name, label=model.name, labeljust="l")
    else:
        dot = pydot.Dot(rankdir=rankdir, concentrate=True, dpi=dpi, splines=splines)
        dot.set_node_defaults(shape="record")
    for layer in model._layers:
        if expand_nested and hasattr(layer, "graph"):
            inner = model_to_dot(
                layer,
                show_shapes,
                show_dtype,
                show_layer_names,
                rankdir,
                expand_nested,
                subgraph=True,
                show_layer_activations=show_layer_activations,
                show_trainable=show_trainable,
            )
            dot.add_subgraph(inner)
        else:
            dot.add_node(
                pydot.Node(
                    str(id(layer)),
                    label=_label(layer, *shown),
                    fontname="Helvetica",
                    border="0",
                    margin="0",
                )
            )
    for source, target in dict.fromkeys(_edges(model, expand_nested)):
        dot.add_edge(pydot.Edge(str(id(source)), str(id(target)), penwidth="2"))
    return dot


def plot_model(
    model: Any,
    to_file: Any = "model.png",
    show_shapes: bool = False,
    show_dtype: bool = False,
    show_layer_names: bool = False,
    rankdir: str = "TB",
    expand_nested: bool = False,
    dpi: int = 200,
    show_layer_activations: bool = False,
    show_trainable: bool = False,
    splines: str = "ortho",
    **kwargs: Any,
) -> Any:
    """Draw a model into a file, whose ending is its format.

    Parameters
    ----------
    model : Model
    to_file : path
        By default ``model.png``.
    show_shapes, show_dtype, show_layer_names, rankdir, expand_nested, dpi, **kwargs
        As of :func:`model_to_dot`, as are the others.

    Returns
    -------
    IPython.display.Image, IPython.display.SVG or None
        Where IPython is installed, what a notebook shows of PNG, JPEG, GIF and SVG.

    Raises
    ------
    ImportError
        Without pydot or Graphviz; in a notebook that is a line of text, as in Keras.
    """
    _check(model, kwargs)
    pydot: Any = _pydot()
    lacks = ""
    if pydot is None:
        lacks = "pydot (`pip install pydot`)"
    else:
        try:
            pydot.Dot.create(pydot.Dot())
        except (OSError, pydot.PydotException):
            lacks = "graphviz (see instructions at https://graphviz.gitlab.io/download/)"
    if lacks:
        message = f"You must install {lacks} for `plot_model` to work."
        if "IPython.core.magics.namespace" not in sys.modules:
            raise ImportError(message)
        print(message)
        return None
    dot = model_to_dot(
        model,
        show_shapes=show_shapes,
        show_dtype=show_dtype,
        show_layer_names=show_layer_names,
        rankdir=rankdir,
        expand_nested=expand_nested,
        dpi=dpi,
        show_layer_activations=show_layer_activations,
        show_trainable=show_trainable,
        splines=splines,
    )
    path = os.fsdecode(os.fspath(to_file))
    kind = os.path.splitext(path)[1][1:] or "png"
    image = dot.create(format=kind)
    _files.write(path, lambda to: to.write_bytes(image))
    shown = {"png": "Image", "jpg": "Image", "jpeg": "Image", "gif": "Image", "svg": "SVG"}.get(
        kind
    )
    if shown is None or find_spec("IPython") is None:
        return None
    return getattr(import_module("IPython.display"), shown)(filename=path)


def _check(model: Any, kwargs: dict[str, Any]) -> None:
    if not model.built:
        raise ValueError(
            "This model has not yet been built. Build the model first by calling `build()` or by "
            "calling the model on a batch of data."
        )
    if kwargs.pop("layer_range", None) is not None:
        raise ValueError("Argument `layer_range` is no longer supported.")
    if kwargs:
        raise ValueError(f"Unrecognized keyword arguments: {kwargs}")
