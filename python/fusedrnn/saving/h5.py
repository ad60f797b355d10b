"""Keras 3's tree of weights in HDF5, alone or in the archive ``.keras`` with the description.

The tree has a group for every layer, named after its class with a counter; ``groups`` walks it.
"""

from __future__ import annotations

import io
import json
import os
import struct
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from .._state import claim, snake_case
from .._types import Array
from ..layers.layer import Layer, Variable
from ..layers.lookup import Lookup
from ..layers.rnn import Recurrent
from ..layers.rnn_cells import Cell, StackedRNNCells
from ..layers.rnn_over_cells import RNN
from ..layers.taped import Taped
from ..layers.text_vectorization import TextVectorization
from ..layers.wrapper import Bidirectional, TimeDistributed
from ..legacy import modern
from ..model import Model
from .config import assign, assign_some, model_from, parsed

WEIGHTS = "model.weights.h5"  # the tree in the archive


def h5py_or_error() -> Any:
    """Return the module h5py; ImportError with what to do if it is not installed."""
    try:
        import h5py  # type: ignore[import-untyped]
    except ImportError:
        raise ImportError(
            "this file format needs h5py: pip install h5py; or use the ending "
            ".safetensors, which needs nothing"
        ) from None
    return h5py


def tree_bytes(write: Callable[[Any], Any]) -> bytes:
    """Return the content of an HDF5 file that a function fills."""
    buffer = io.BytesIO()
    with h5py_or_error().File(buffer, "w") as file:
        write(file)
    return buffer.getvalue()


@contextmanager
def opened(data: bytes) -> Iterator[Any]:
    """Open an HDF5 file to read; ValueError if its tree leads out of it."""
    h5py = h5py_or_error()

    def look(name: str, item: Any) -> None:
        if isinstance(item, h5py.Group):
            for entry in item:
                link = item.get(entry, getlink=True)
                if not isinstance(link, h5py.HardLink):
                    kind = type(link).__name__
                    raise ValueError(f"{entry} is a link to elsewhere ({kind})")
        elif isinstance(item, h5py.Dataset) and (item.external or item.is_virtual):
            raise ValueError(f"{name} lies in another file")

    _check_heaps(data)
    with h5py.File(io.BytesIO(data), "r") as file:
        look("/", file)
        file.visititems(look)
        yield file


def _check_heaps(data: bytes) -> None:
    """Raise ValueError where HDF5 (2.0) would go round for ever: a text of no or endless size.

    Texts lie in heaps: "GCOL", 1, three zeros, their size, then number and size of each text.
    """
    place = data.find(b"GCOL\1\0\0\0")
    while place >= 0:
        size = int.from_bytes(data[place + 8 : place + 16], "little")
        text, end = place + 16, min(place + size, len(data))
        while text + 16 <= end:
            number, length = struct.unpack_from("<H6xQ", data, text)
            step = 16 + (length + 7) // 8 * 8 if number else length
            if not 16 <= step <= end - text:
                raise ValueError("is damaged: a text has no size that can be")
            text += step
        place = data.find(b"GCOL\1\0\0\0", place + 1)


def numbers(datasets: Sequence[Any]) -> list[Array]:
    """Read datasets; ValueError if one is no array of numbers, or they are too large."""
    for each in datasets:
        if getattr(getattr(each, "dtype", None), "kind", "") not in tuple("fiub"):
            raise ValueError(f"{each.name} is no array of numbers")
        claim(each.name, each.nbytes)
    return [np.asarray(each[()]) for each in datasets]


def lookups(layer: Layer) -> Iterator[tuple[str, Lookup]]:
    """Yield path and layer of every vocabulary within a layer."""
    for path, _, _, each in groups(layer):
        if isinstance(each, Lookup):
            yield path.removesuffix("/vars"), each


def groups(layer: Layer, path: str = "") -> Iterator[tuple[str, str, list[Variable], Layer]]:
    """Yield path, name and variables of every group that Keras's file has for a layer, and whose.

    A recurrent layer has two, the second for its cell.
    """
    inside = isinstance(layer, Recurrent) and not isinstance(layer, Cell)
    yield f"{path}vars", layer.name, [] if inside else layer.variables, layer
    if isinstance(layer, RNN):
        yield from groups(layer.cell, f"{path}cell/")
    elif inside:
        name = f"{snake_case(type(layer).__name__)}_cell"
        yield f"{path}cell/vars", name, layer.variables, layer
    elif isinstance(layer, Bidirectional):
        yield from groups(layer.forward_layer, f"{path}forward_layer/")
        yield from groups(layer.backward_layer, f"{path}backward_layer/")
    elif isinstance(layer, Taped):
        for name, inner in layer.named_layers().items():
            yield from groups(inner, f"{path}{name}/")
    elif isinstance(layer, TimeDistributed):
        yield from groups(layer.layer, f"{path}layer/")
    else:
        seen: Counter[str] = Counter()
        where = "cells" if isinstance(layer, StackedRNNCells) else "layers"
        for inner in layer.layers:
            kind = snake_case(type(inner).__name__)
            name = f"{kind}_{seen[kind]}" if seen[kind] else kind
            seen[kind] += 1
            yield from groups(inner, f"{path}{where}/{name}/")


def with_own(method: str, layer: Layer) -> Iterator[tuple[str, Layer]]:
    """Yield path and layer of all within a layer that have a method of their own."""
    seen: set[Layer] = set()
    for path, _, _, each in groups(layer):
        if each not in seen and getattr(type(each), method) is not getattr(Layer, method):
            seen.add(each)
            yield path.removesuffix("vars"), each


def with_inside(layers: Iterable[Layer]) -> set[Layer]:
    """Return layers and all that are inside of them."""
    return {each for layer in layers for each in (layer, *with_inside(layer.inside))}


Group = tuple[str, str, dict[str, Any]]  # path, name, arrays


def _groups(model: Model, optimizer: bool, skipped: Iterable[Layer] = ()) -> Iterator[Group]:
    """Yield the groups that a file gets."""
    own = {f"{path}vars": layer for path, layer in with_own("save_own_variables", model)}
    left_out = with_inside(skipped)
    for path, name, variables, layer in groups(model):
        if layer in left_out:
            continue
        store: dict[str, Any] = {str(i): v for i, v in enumerate(variables)}
        if path in own:
            store.clear()
            own[path].save_own_variables(store)
        yield path, name, store
    for path, lookup in lookups(model):
        for place in _places(path, lookup):
            if lookup.idf is not None:
                yield f"{place}/vars", lookup.name, {"idf_weights": lookup.idf}
    if optimizer and model.compiled:
        state = {str(i): array for i, array in enumerate(model.optimizer.arrays())}
        yield "optimizer/vars", model.optimizer.name, state


def fill(file: Any, found: Iterable[Group]) -> None:
    """Write groups into an HDF5 file."""
    for path, name, store in found:
        group = file.require_group(path)
        group.attrs["name"] = name
        for key, value in store.items():
            group[key] = np.asarray(value)


def write_weights(file: Any, model: Model, optimizer: bool, skipped: Iterable[Layer] = ()) -> None:
    """Write the weights, and with ``optimizer`` its state."""
    fill(file, _groups(model, optimizer, skipped))


def parts(
    model: Model, name: str, limit: float, skipped: Iterable[Layer] = ()
) -> tuple[str, dict[str, bytes]]:
    """Return a file's weights in parts of so many bytes: Keras's map as JSON, and each part.

    ``name`` is that of the map; the parts are called after it.
    """
    total, size, files = 0, 0, [list[Group]()]
    for path, own, store in _groups(model, True, skipped):
        for key, value in store.items():
            array = np.asarray(value)
            if array.nbytes > limit:
                raise ValueError(
                    f"save_weights: {path}/{key} has {array.nbytes} bytes, max_shard_size allows "
                    f"{limit:.0f}"
                )
            if size + array.nbytes > limit:
                files.append([])
                size = 0
            files[-1].append((path, own, {key: array}))
            size, total = size + array.nbytes, total + array.nbytes
    start = Path(name).stem.replace(".weights", "")
    made, places = {}, dict[str, list[str]]()
    for number, found in enumerate(files):
        part = f"{start}_{number:05}.weights.h5"
        made[part] = tree_bytes(partial(fill, found=found))
        for path in dict.fromkeys(path for path, _, _ in found):
            places.setdefault(f"/{path}", []).append(part)
    where = {path: names if len(names) > 1 else names[0] for path, names in places.items()}
    text = json.dumps({"metadata": {"total_size": total}, "weight_map": where}, indent=4)
    return text, made


def parts_of(path: str) -> list[Path]:
    """Return the files that a map of parts names, which lie beside it."""
    where = parsed(Path(path).read_bytes(), "the map of the parts")["weight_map"]
    names = {n for found in where.values() for n in (found if isinstance(found, list) else [found])}
    outside = [name for name in names if name != os.path.basename(name)]
    if outside:
        raise ValueError(f"names a part in another folder: {outside[0]!r}")
    return [Path(path).with_name(name) for name in sorted(names)]


def read_parts(found: Iterable[Path], model: Model, **options: Any) -> None:
    """Overwrite the weights with those of parts, as ``read_weights``."""
    tree: dict[str, dict[str, Any]] = {}

    def take(name: str, item: Any) -> None:
        if hasattr(item, "dtype"):
            path, _, key = name.rpartition("/")
            tree.setdefault(path, {})[key] = item

    with ExitStack() as files:
        for part in found:
            files.enter_context(opened(part.read_bytes())).visititems(take)
        read_weights(tree, model, True, **options)


def read_weights(
    file: Any, model: Model, optimizer: bool, skip_mismatch: bool = False,
    skipped: Iterable[Layer] = (),
) -> None:  # fmt: skip
    """Overwrite the weights, and with ``optimizer`` its state."""
    weights, state, left_out = [], [], with_inside(skipped)
    if skip_mismatch:
        every = [(f"{name} ({path})", variables, list(file.get(path, {}).values()))
                 for path, name, variables, _ in groups(model)]  # fmt: skip
        assign_some(model, every, True)
        return
    own = {f"{path}vars": layer for path, layer in with_own("load_own_variables", model)
           if layer not in left_out}  # fmt: skip
    for path, name, variables, layer in groups(model):
        if path in own or layer in left_out:
            weights += [v.value for v in variables]
        elif not variables:
            continue
        elif path not in file:
            raise ValueError(f"has no weights for layer {name} (group {path})")
        else:
            weights += numbers([file[path][str(i)] for i in range(len(variables))])
    if optimizer and model.compiled and "optimizer/vars" in file:
        group = file["optimizer/vars"]
        state = [group[str(i)] for i in range(len(group))]
    assign(model, weights, numbers(state))
    for path, layer in own.items():
        found = dict(file.get(path, {}))
        layer.load_own_variables(dict(zip(found, numbers(list(found.values())), strict=True)))


def _places(path: str, layer: Lookup) -> list[str]:
    """Return where Keras keeps a vocabulary: that of texts twice, for its layer has one in it."""
    return [path, f"{path}/_lookup_layer"] if isinstance(layer, TextVectorization) else [path]


def _read_vocabularies(archive: Any, file: Any, model: Model) -> None:
    """Read what layers of Keras's have learned, which it does not have in their configurations."""
    for path, layer in lookups(model):
        if not layer.tokens and f"assets/{path}/vocabulary.txt" in archive.namelist():
            text = _member(archive, f"assets/{path}/vocabulary.txt").decode()
            weights = layer.output_mode == "tf_idf"
            idf = numbers([file[f"{path}/vars/idf_weights"]])[0] if weights else None
            layer.load_vocabulary(text, idf)


def write_archive(path: Any, model: Model, config: str, optimizer: bool) -> None:
    """Write a ``.keras`` file, or what is in one into an open file."""
    import zipfile  # slow to import
    from tempfile import TemporaryDirectory

    weights = tree_bytes(lambda file: write_weights(file, model, optimizer))
    metadata = {"keras_version": "3.0.0", "date_saved": f"{datetime.now():%Y-%m-%d@%H:%M:%S}"}
    with zipfile.ZipFile(path, "w") as out:
        out.writestr("metadata.json", json.dumps(metadata))
        out.writestr("config.json", config)
        out.writestr(WEIGHTS, weights)
        for place, layer in with_own("save_assets", model):
            with TemporaryDirectory() as folder:
                layer.save_assets(folder)
                for file in sorted(Path(folder).rglob("*")):
                    out.write(file, f"assets/{place}{file.relative_to(folder).as_posix()}")


def write_unzipped(folder: Path, model: Model, config: str, optimizer: bool) -> None:
    """Write into a folder what is in a ``.keras`` file."""
    import zipfile

    archive = io.BytesIO()
    write_archive(archive, model, config, optimizer)
    zipfile.ZipFile(archive).extractall(folder)


def zipped(folder: str) -> io.BytesIO:
    """Return a folder that Keras, or ``write_unzipped``, has filled as a ``.keras`` file."""
    import zipfile

    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as out:
        for file in sorted(each for each in Path(folder).rglob("*") if each.is_file()):
            out.write(file, file.relative_to(folder).as_posix())
    return archive


def read_archive(path: Any, compile: bool) -> Model:
    """Return the model of a ``.keras`` file, which may be open."""
    import zipfile
    from tempfile import TemporaryDirectory

    with zipfile.ZipFile(path) as archive:
        metadata = parsed(_member(archive, "metadata.json"), "metadata.json")
        config = parsed(_member(archive, "config.json"), "config.json")
        model = model_from(modern(config, metadata["keras_version"]), compile)
        with opened(_member(archive, WEIGHTS)) as file:
            read_weights(file, model, compile)
            _read_vocabularies(archive, file, model)
        for place, layer in with_own("load_assets", model):
            with TemporaryDirectory() as folder:
                for name in archive.namelist():
                    if name.startswith(f"assets/{place}") and not name.endswith("/"):
                        to = Path(folder, name.removeprefix(f"assets/{place}"))
                        if not to.resolve().is_relative_to(Path(folder).resolve()):
                            raise ValueError(f"{name} leads out of the archive")
                        to.parent.mkdir(parents=True, exist_ok=True)
                        to.write_bytes(_member(archive, name))
                layer.load_assets(folder)
    return model


def weights_in_archive(path: str) -> bytes:
    """Return the tree of weights of a ``.keras`` file."""
    import zipfile

    with zipfile.ZipFile(path) as archive:
        return _member(archive, WEIGHTS)


def _member(archive: Any, name: str) -> bytes:
    """Return a file of an archive; ValueError if it is damaged or larger than can be."""
    import zipfile
    import zlib

    try:
        member = archive.getinfo(name)
    except KeyError:
        raise ValueError(f"the archive has no {name}") from None
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{name} is packed in a way that Keras does not use")
    claim(name, member.file_size)
    try:
        with archive.open(member) as file:
            data: bytes = file.read(member.file_size)  # without a number it inflates what there is
    except (zlib.error, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{name} is damaged: {error or 'it ends too early'}") from error
    if len(data) != member.file_size:
        raise ValueError(f"{name} is damaged: it ends too early")
    return data
