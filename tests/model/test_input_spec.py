"""What layers of one's own say of their inputs, and layers that compute nothing: as Keras."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import fusedrnn

keras = pytest.importorskip("keras")
SPECS: dict[str, tuple[dict[str, Any], tuple[int, ...]]] = {
    "rank": ({"ndim": 3}, (2, 3)),
    "lowest rank": ({"min_ndim": 3}, (2, 3)),
    "highest rank": ({"max_ndim": 2}, (2, 3, 4)),
    "axis": ({"ndim": 3, "axes": {-1: 5}}, (2, 3, 4)),
    "shape": ({"shape": (None, None, 5)}, (2, 3, 4)),
    "type": ({"dtype": "int32"}, (2, 3)),
    "any": ({}, (2, 3)),
    "a last axis of 1": ({"shape": (None, 3), "allow_last_axis_squeeze": True}, (2, 3, 1)),
    "fits": ({"ndim": 3, "axes": {"2": 4}}, (2, 3, 4)),
}


def answer(k: Any, spec: dict[str, Any], shape: tuple[int, ...]) -> str:
    """Return what a layer says of an input: its error after the first words, or nothing."""

    class Same(k.layers.Layer):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.input_spec = k.layers.InputSpec(**spec)

        def call(self, x: Any) -> Any:
            return x

    found = []
    for x in (np.ones(shape, np.float32), k.Input(batch_shape=shape)):
        try:
            Same(name="s")(x)
            found.append("")
        except ValueError as error:
            found.append(str(error).splitlines()[0].partition("incompatible with the layer: ")[2])
    assert found[0] == found[1]
    return found[0]


@pytest.mark.parametrize("name", SPECS)
def test_answers(name: str) -> None:
    ours, theirs = (answer(k, *SPECS[name]) for k in (fusedrnn, keras))
    assert ours == theirs
    spec = SPECS[name][0]
    assert (
        fusedrnn.layers.InputSpec(**spec).get_config()
        == keras.layers.InputSpec(**spec).get_config()
    )


def test_several_inputs_and_a_later_spec() -> None:
    class Sum(fusedrnn.layers.Layer):
        def build(self, shapes: Any) -> None:
            self.input_spec = [fusedrnn.layers.InputSpec(shape=shape) for shape in shapes]

        def call(self, xs: Any) -> Any:
            return xs[0] + xs[1]

    layer = Sum()
    a, b = fusedrnn.Input((3,)), fusedrnn.Input((3,))
    layer([a, b])
    with pytest.raises(ValueError, match="Input 1 with name"):
        layer([np.ones((2, 3)), np.ones((2, 4))])
    with pytest.raises(ValueError, match="expects 2 input"):
        layer([np.ones((2, 3))])
    with pytest.raises(ValueError, match="maximum allowed value: 1"):
        fusedrnn.layers.InputSpec(ndim=2, axes={2: 3})


def test_a_layer_without_a_call_holds_layers_and_weights() -> None:
    class Base(fusedrnn.layers.Layer):
        def twice(self, x: Any) -> Any:
            return x * 2

    class Holder(Base):
        def __init__(self) -> None:
            super().__init__()
            self.inner = fusedrnn.layers.Dense(2)
            self.w = self.add_weight(shape=(2,), name="w")

    class Doubled(Base):
        def build(self, input_shape: Any) -> None:
            self.w = self.add_weight(shape=input_shape[-1:], initializer="ones", name="w")

        def call(self, x: Any) -> Any:
            return self.twice(x) * self.w

    holder = Holder()
    assert [len(holder.weights), len(holder.layers)] == [1, 1]
    for layer in (holder, fusedrnn.layers.Layer()):
        with pytest.raises(NotImplementedError, match="needs a `call`"):
            layer(np.ones((2, 3)))
    model = fusedrnn.Sequential([fusedrnn.Input((3,)), Doubled()])
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 3)), np.ones((4, 3)), verbose=0)
    assert np.all(model.get_weights()[0] < 1)


def test_a_model_that_hands_itself_on() -> None:
    class Net(fusedrnn.Model):
        def __init__(self) -> None:
            super().__init__(self)
            self.inner = fusedrnn.layers.Dense(1)

        def call(self, x: Any) -> Any:
            return self.inner(x)

    model = Net()
    model.compile("sgd", "mse")
    model.fit(np.ones((4, 3)), np.ones(4), verbose=0)


def test_trainable_is_true_or_false() -> None:
    with pytest.raises(TypeError, match="trainable is 'yes'"):
        fusedrnn.layers.Dense(2, trainable="yes")  # type: ignore[arg-type]
