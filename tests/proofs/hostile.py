"""Calls with arguments that do not fit: each is refused by name, or gives what the reference gives.

A case takes a valid call of a function of ``fusedrnn.functional`` and spoils some of its arguments.
What is refused raises an error of the documented kinds that names the function and an argument;
what is not must be the reference's answer to the values that the arguments have.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from typing import Any

import numpy as np

from fusedrnn import _core, cells, reference, runtime
from fusedrnn import functional as F
from kernel_cases import CELLS, make_case
from random_cases import options_of, size
from run import Run

CASES = 200_000
REFUSALS = (TypeError, ValueError, MemoryError)
WORDS = ("tanh", "relu", "sigmoid", "linear", "keep", "write", "zrn", "rzn", "", "TANH", "gelu")
Rng = np.random.Generator


class Returning(np.ndarray):
    """An array whose methods return what it likes."""

    def copy(self, *args, **options):
        return np.zeros(3, np.float32)

    def __array__(self, *args, **options):
        return np.zeros((1, 1))

    def astype(self, *args, **options):
        return None

    def __array_finalize__(self, other):
        pass


class Raising:
    """An object that raises whatever it is asked."""

    def __array__(self, *args, **options):
        raise RuntimeError("no array")

    def __bool__(self):
        raise RuntimeError("no truth")

    def __len__(self):
        raise RuntimeError("no length")

    def __iter__(self):
        raise RuntimeError("no items")


def pick(rng: Rng, choices: list[Any]) -> Any:
    """One of objects that NumPy had better not look at."""
    return choices[int(rng.integers(len(choices)))]


def in_odd_place(a: np.ndarray, rng: Rng) -> np.ndarray:
    """The same values at an address that is no multiple of anything."""
    shift = int(rng.integers(1, 8))
    room = np.zeros(a.nbytes + shift, np.uint8)
    odd = room[shift:].view(a.dtype) if a.flags.c_contiguous else None
    if odd is None:
        return a
    odd = odd.reshape(a.shape)
    odd[...] = a
    return odd


def strided(a: np.ndarray, rng: Rng) -> np.ndarray:
    """The same values with gaps, or backward."""
    if a.ndim == 0:
        return a
    axis = int(rng.integers(a.ndim))
    shape = list(a.shape)
    shape[axis] *= 3
    room = np.full(shape, 7, a.dtype) if a.dtype != object else np.zeros(shape, object)
    at = tuple(slice(None, None, 3) if d == axis else slice(None) for d in range(a.ndim))
    view = room[at]
    view[...] = a
    if rng.random() < 0.5:
        view = np.flip(np.flip(view, axis).copy(), axis)
    return view


def other_shape(a: np.ndarray, rng: Rng) -> np.ndarray:
    """An axis more or less, or longer or shorter."""
    if a.ndim == 0 or rng.random() < 0.2:
        return a[None]
    axis = int(rng.integers(a.ndim))
    kind = int(rng.integers(5))
    if kind == 0:
        return a.take(0, axis) if a.shape[axis] else a
    if kind == 1:
        return np.concatenate([a, a.take([0], axis)], axis) if a.shape[axis] else a
    if kind == 2:
        return a.take(range(a.shape[axis] - 1), axis) if a.shape[axis] > 1 else a
    if kind == 3:
        return a.take([], axis)
    return np.ascontiguousarray(a.swapaxes(0, axis))


def huge(a: np.ndarray, rng: Rng) -> np.ndarray:
    """A broadcast that would need more memory than there is; fewer steps would only take days."""
    shape = list(a.shape) or [1]
    shape[int(rng.integers(len(shape)))] = 1 << int(rng.integers(55, 60))
    try:
        return np.broadcast_to(a.reshape(-1)[:1].reshape([1] * len(shape)), shape)
    except ValueError:  # NumPy itself has no array so large
        return a


def with_value(a: np.ndarray, rng: Rng, values: list[float]) -> np.ndarray:
    """A copy with one of the values somewhere."""
    if a.dtype.kind != "f" or not a.size:
        return a
    a = a.copy()
    a.reshape(-1)[int(rng.integers(a.size))] = rng.choice(values)
    return a


BEYOND = "beyond numbers"  # of this kind only the shapes are compared: the rest is lost in rounding


SAME: dict[str, Callable[[np.ndarray, Rng], Any]] = {  # values that the reference can be asked for
    "strided": strided,
    "odd address": in_odd_place,
    "Fortran": lambda a, rng: np.asfortranarray(a),
    "subclass": lambda a, rng: a.view(Returning),
    "subclass, strided": lambda a, rng: strided(a, rng).view(Returning),
    "read-only": lambda a, rng: np.frombuffer(a.tobytes(), a.dtype).reshape(a.shape),
    "masked array": lambda a, rng: np.ma.masked_array(a),
    "memmap": lambda a, rng: memmap(a),
    "broadcast": lambda a, rng: np.broadcast_to(a[:1], a.shape) if a.ndim else a,
    "tiny": lambda a, rng: with_value(a, rng, [1e-30, -1e-30, -0.0]),
    BEYOND: lambda a, rng: with_value(a, rng, [np.nan, np.inf, -np.inf, 1e30]),
    "other shape": other_shape,
    "huge": huge,
}
OTHER: dict[str, Callable[[np.ndarray, Rng], Any]] = {  # never right for an array of floats
    "float16": lambda a, rng: a.astype(np.float16),
    "other float": lambda a, rng: a.astype("f8" if a.dtype == "f4" else "f4"),
    "integers": lambda a, rng: a.astype(rng.choice(["i1", "u4", "i8"])),
    "complex": lambda a, rng: a.astype(np.complex64),
    "other byte order": lambda a, rng: a.astype(a.dtype.newbyteorder()),
    "objects": lambda a, rng: a.astype(object),
    "list": lambda a, rng: a.tolist(),
    "text": lambda a, rng: "an array",
    "number": lambda a, rng: 1.5,
    "None": lambda a, rng: None,
    "Raising": lambda a, rng: Raising(),
    "dtype": lambda a, rng: a.dtype,
    "structured": lambda a, rng: np.zeros(a.shape, [("a", "f4")]),
}


def memmap(a: np.ndarray) -> np.ndarray:
    if not a.size:
        return a
    with tempfile.TemporaryFile() as file:
        mapped = np.memmap(file, a.dtype, "w+", shape=a.shape or (1,))
    mapped[...] = a
    return mapped


def spoil_option(name: str, value: Any, N: int, T: int, rng: Rng) -> Any:
    if name == "lengths":
        kind = int(rng.integers(8))
        if kind == 0:
            return rng.integers(-2, T + 3, N)
        if kind == 1:
            return rng.integers(0, T + 1, N).tolist()
        if kind == 2:
            return in_odd_place(rng.integers(0, T + 1, N), rng)
        if kind == 3:
            return rng.integers(0, T + 1, 2 * N).astype(rng.choice(["i1", "u2", "i4"]))[::2]
        if kind == 4:
            return np.full(N, 1 << 63, np.uint64)
        if kind == 5:
            return rng.random(N)
        if kind == 6:
            return rng.integers(0, T + 1, N + 1)
        return pick(rng, [None, Raising(), "lengths", 3, T > 2])
    if name == "mask":
        kind = int(rng.integers(6))
        if kind == 0:
            return rng.random((N, T)) < 0.5
        if kind == 1:
            return rng.integers(0, 255, (N, T)).astype(np.uint8).view(bool)  # bytes that are not 1
        if kind == 2:
            return (rng.random((2 * N, T)) < 0.5)[::2]
        if kind == 3:
            return rng.random((N, T))
        if kind == 4:
            return rng.random((N, T + 1)) < 0.5
        return pick(rng, [None, Raising(), "mask", 3])
    if isinstance(value, str):
        return pick(rng, [*WORDS, None, 3, b"tanh", Raising(), "tanh\0x", "é"])
    return pick(rng, [True, False, None, 0, 7, "x", [], [1], Raising()])


def named(error: Exception, function: str, arguments: list[str]) -> bool:
    """Whether the error says which function refused which argument."""
    text = str(error)
    return isinstance(error, MemoryError) or (
        function in text and any(name in text for name in arguments)
    )


def spoiled(arguments: dict[str, Any], N: int, T: int, rng: Rng) -> tuple[dict[str, Any], str]:
    """Up to two arguments spoilt, and how."""
    arguments, how = dict(arguments), []
    for name in rng.choice(list(arguments), size=int(rng.integers(0, 3)), replace=False):
        value = arguments[name]
        if not isinstance(value, np.ndarray) or name in ("lengths", "mask"):
            arguments[name] = spoil_option(str(name), value, N, T, rng)
            how.append(f"{name}={arguments[name]!r:.40}")
            continue
        kinds = SAME if rng.random() < 0.7 else OTHER
        kind = str(rng.choice(list(kinds)))
        with np.errstate(all="ignore"):
            arguments[name] = kinds[kind](value, rng)
        how.append(f"{name}: {kind}")
    return arguments, ", ".join(how)


def as_reference(value: Any) -> Any:
    """The values of an argument in float64."""
    if isinstance(value, np.ndarray) and value.dtype.kind == "f":
        return np.array(np.ndarray.view(value, np.ndarray), np.float64)
    if isinstance(value, np.ndarray) and value.dtype == bool:
        return np.ndarray.view(value, np.ndarray).view(np.uint8) != 0
    return np.asarray(value) if isinstance(value, list) else value


def differs(got: Any, expected: Any, dtype: type, how: str) -> str:
    """What is wrong with an answer; the numbers are other proofs' work, so this is no fine test."""
    for k, (a, e) in enumerate(zip(got, expected, strict=True)):
        if (a is None) != (e is None):
            return f"result {k} is {type(a)}"
        if e is None:
            continue
        if a.shape != e.shape or a.dtype != dtype:
            return f"result {k} has {a.shape} {a.dtype}, expected {e.shape}"
        if BEYOND in how:
            continue
        with np.errstate(all="ignore"):
            near = np.isclose(a, e, rtol=1e-3, atol=1e-3 * min(1e6, 1 + np.abs(e).max(initial=0)))
        finite = np.isfinite(e) & (np.abs(e) < 1e3)
        if not near[finite].all():
            return f"result {k} differs"
    return ""


def recurrent_call(run: Run, case: int, rng: Rng) -> None:
    cell = str(rng.choice(list(CELLS)))
    kind, form = CELLS[cell]
    I, H, T, N = (size(rng, m) for m in (9, 20, 6, 9))
    options = options_of(rng)
    values = make_case(cell, (I, H, T, N), options, seed=int(rng.integers(1 << 30)))
    dtype = np.float32 if rng.random() < 0.5 else np.float64
    states = dict(zip(("h0", "c0"), values["states"], strict=False))
    arguments: dict[str, Any] = {
        name: None if a is None else a.astype(dtype)
        for name, a in {
            "x": values["x"], "kernel": values["kernel"],
            "recurrent_kernel": values["recurrent_kernel"], "bias": values["bias"], **states,
            "recurrent_mask": values["recurrent_mask"],
        }.items()
    }  # fmt: skip
    arguments |= {"lengths": values["lengths"], "mask": values["mask"], **form}
    arguments |= {"activation": options.get("activation", "tanh"),
                  "reverse": options.get("reverse", False),
                  "return_sequences": options.get("return_sequences", True)}  # fmt: skip
    function = getattr(F, kind)
    arguments, how = spoiled(arguments, N, T, rng)
    training = bool(rng.random() < 0.4)
    packed = not training and arguments.get("recurrent_mask") is None and rng.random() < 0.3
    try:
        if packed:
            name = cells.CELLS[kind].packed.__name__
            own = ("kernel", "recurrent_kernel", "bias", "activation", *form)
            object_ = getattr(F, name)(**{k: arguments[k] for k in own})
            rest = {k: v for k, v in arguments.items() if k not in (*own, "recurrent_mask")}
            got = object_(**rest)
        else:
            name = kind
            got = function(**arguments, training=training)
    except REFUSALS as error:
        run.count(f"refused: {type(error).__name__}")
        if not named(error, name, list(arguments)):
            run.fail(case, f"{name} {how}: no name in {error!r:.300}")
        return
    except RuntimeError as error:
        if "no array" not in str(error) and "no " not in str(error):
            run.fail(case, f"{name} {how}: {error!r:.300}")
        return run.count("refused: the argument's own error")
    plain = {k: as_reference(v) for k, v in arguments.items()}
    try:
        with np.errstate(all="ignore"):
            y, *finals, tape = getattr(reference, kind)(**plain)
    except Exception as error:  # it was accepted, so the reference must know what it means
        return run.fail(case, f"{name} {how}: accepted, but the reference says {error!r:.200}")
    wrong = differs(got[: 1 + len(finals)], [y, *finals], dtype, how)
    if wrong:
        return run.fail(case, f"{name} {(I, H, T, N)} {how}: {wrong}")
    run.count("answered")
    if training:
        backward_call(run, case, rng, kind, got, (values, tape, dtype), how)


def backward_call(run: Run, case: int, rng: Rng, kind: str, got: Any, of: Any, how: str) -> None:
    values, reference_tape, dtype = of
    y, *finals, tape = got
    N, T = values["x"].shape[:2]
    names = ("dh_n", "dc_n")[: len(finals)]
    arguments: dict[str, Any] = {} if y is None else {"dy": values["dy"].astype(dtype)}
    arguments |= {n: d.astype(dtype) for n, d in zip(names, values["dstates"], strict=True)}
    arguments["need_dx"] = True
    arguments, spoilt = spoiled(arguments, N, T, rng)
    w = values["kernel"].shape, values["recurrent_kernel"].shape
    bias = None if reference_tape.bias is None else np.shape(values["bias"])
    out: Any = None
    if rng.random() < 0.5:
        sizes = [int(np.prod(s)) for s in (*w, bias or (0,))]
        room = np.zeros(sum(sizes) + 64, dtype)
        overlaps = rng.random() < 0.3
        starts = np.cumsum([0, *sizes[:2]]) - (np.arange(3) if overlaps else 0)
        parts = [room[s : s + n] for s, n in zip(starts, sizes, strict=True)]
        out = (parts[0].reshape(w[0]), parts[1].reshape(w[1]),
               None if bias is None else parts[2].reshape(bias))  # fmt: skip
        spoilt += ", out overlaps" if overlaps else ", out"
    name = f"{kind}_backward"
    try:
        gradients = getattr(F, name)(tape, **arguments, out=out)
    except REFUSALS as error:
        run.count(f"refused: {type(error).__name__}")
        if not named(error, name, [*arguments, "out"]):
            run.fail(case, f"{name} {spoilt}: no name in {error!r:.300}")
        return
    except RuntimeError:
        return run.count("refused: the argument's own error")
    if "overlaps" in spoilt:
        return run.fail(case, f"{name} {spoilt}: accepted")
    plain = {k: as_reference(v) for k, v in arguments.items()}
    with np.errstate(all="ignore"):
        expected = list(reference.backward(reference_tape, plain.get("dy"),
                                           *[plain[n] for n in names]))  # fmt: skip
    if gradients[0] is None:
        expected[0] = None
    wrong = differs(gradients, expected, dtype, how + spoilt)
    if wrong:
        return run.fail(case, f"{name} after {how}; {spoilt}: {wrong}")
    run.count("answered")


def dense_call(run: Run, case: int, rng: Rng) -> None:
    N, I, O = (size(rng, m) for m in (30, 20, 20))
    dtype = np.float32 if rng.random() < 0.5 else np.float64
    x = rng.normal(size=(N, I)).astype(dtype)
    arguments: dict[str, Any] = {"x": x, "kernel": rng.normal(size=(I, O)).astype(dtype)}
    back = rng.random() < 0.5
    arguments |= (
        {"dy": rng.normal(size=(N, O)).astype(dtype), "need_dx": True}
        if back
        else {"bias": rng.normal(size=O).astype(dtype)}
    )
    arguments, how = spoiled(arguments, N, 1, rng)
    name = "dense_backward" if back else "dense"
    options = {}
    if back and rng.random() < 0.5:
        room = np.zeros(I * O + O + 8, dtype)
        first = int(rng.choice([I * O, I * O - 1, 0]))
        options["out"] = (room[: I * O].reshape(I, O), room[first : first + O])
        how += f", out[1] at {first} of {I * O}"
        if rng.random() < 0.2 and I * O <= N * I and arguments["x"] is x:
            options["out"] = (x.reshape(-1)[: I * O].reshape(I, O), room[:O])
            how += ", out[0] in x"
    try:
        got = getattr(F, name)(**arguments, **options)
    except REFUSALS as error:
        run.count(f"refused: {type(error).__name__}")
        if not named(error, name, [*arguments, "out"]):
            run.fail(case, f"{name} {how}: no name in {error!r:.300}")
        return
    except RuntimeError:
        return run.count("refused: the argument's own error")
    if "out[0] in x" in how or (options and first < I * O):
        return run.fail(case, f"{name} {how}: accepted")
    x, kernel, *rest = (as_reference(v) for v in arguments.values())
    with np.errstate(all="ignore"):
        if back:
            dy = rest[0]
            dx = None if got[0] is None else dy @ kernel.T
            expected = [dx, x.T @ dy, dy.sum(axis=0)]
        else:
            expected = [x @ kernel + (0 if rest[0] is None else rest[0])]
            got = [got]
    wrong = differs(got, expected, dtype, how)
    if wrong:
        return run.fail(case, f"{name} {how}: {wrong}")
    run.count("answered")


def unmade(run: Run, case: int, rng: Rng) -> None:
    """Objects of the core that nothing has made, and calls with one of another kind."""
    kind = str(rng.choice(list(cells.CELLS)))
    entry = cells.CELLS[kind]
    tape = getattr(_core, f"{entry.packed.__name__.removeprefix('Packed')}Tape")
    cls = (tape, entry.packed, entry.step)[int(rng.integers(3))]
    other = getattr(_core, str(rng.choice(["LSTMStep", "PackedGRU", "PackedRNN", "GRUStep"])))
    x = np.zeros((2, 3, 4), np.float32)
    try:
        made = cls.__new__(cls) if rng.random() < 0.7 else other.__new__(other)
        if cls is tape:
            getattr(F, f"{kind}_backward")(made)
        else:
            cls.__call__(made, x if cls is entry.packed else x[0], *[x[0]] * entry.states)
    except TypeError:
        return run.count("unmade: refused")
    run.fail(case, f"{cls} {made}: accepted")


def prove(run: Run) -> None:
    isas = runtime.available_isas()
    for case, rng in run.each():
        draw = rng.random()
        with runtime.use_isa(str(rng.choice(isas))), runtime.threads(int(rng.integers(1, 4))):
            if draw < 0.8:
                recurrent_call(run, case, rng)
            elif draw < 0.97:
                dense_call(run, case, rng)
            else:
                unmade(run, case, rng)
