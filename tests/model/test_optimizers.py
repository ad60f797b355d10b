"""The fused optimizer steps against the formulas in NumPy, and their arguments."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

import fusedrnn
from fusedrnn import Sequential, _core, optimizers
from fusedrnn.layers import Dense, Input
from fusedrnn.optimizers import schedules

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning:keras")
N = 37  # not a multiple of any vector width
DTYPES = [np.float32, np.float64]


def arrays(dtype: Any, count: int) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.uniform(0.1, 1, N).astype(dtype) * (1 if i else -1) for i in range(count)]


def close(a: np.ndarray, b: np.ndarray) -> None:
    tolerance = 3e-6 if a.dtype == np.float32 else 1e-14
    np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("nesterov", [False, True])
@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_sgd(dtype: Any, nesterov: bool, momentum: float) -> None:
    p, g, v = arrays(dtype, 3)
    v_new = momentum * v - 0.1 * g
    step = (momentum * v_new - 0.1 * g if nesterov else v_new) if momentum else -0.1 * g
    want = p * (1 - 0.1 * 0.02) + step
    _core.sgd(
        p, g, velocity=v if momentum else None,
        rate=0.1, decay=0.02, momentum=momentum, nesterov=nesterov,
    )  # fmt: skip
    close(p, want)
    if momentum:
        close(v, v_new)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("centered", [False, True])
@pytest.mark.parametrize("momentum", [0.0, 0.5])
def test_rmsprop(dtype: Any, centered: bool, momentum: float) -> None:
    p, g, v, a, m = arrays(dtype, 5)
    v = v + 1
    v_new = 0.9 * v + 0.1 * g * g
    a_new = 0.9 * a + 0.1 * g
    step = 0.01 * g / np.sqrt(v_new - (a_new**2 if centered else 0) + 1e-7)
    want = p - (momentum * m + step if momentum else step)
    _core.rmsprop(
        p, g, velocity=v, mean_grad=a if centered else None, increments=m if momentum else None,
        rate=0.01, decay=0.0, rho=0.9, momentum=momentum, epsilon=1e-7,
    )  # fmt: skip
    close(p, want)
    close(v, v_new)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("amsgrad", [False, True])
def test_adam(dtype: Any, amsgrad: bool) -> None:
    p, g, m, v, w = arrays(dtype, 5)
    m_new, v_new = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
    alpha = 0.01 * math.sqrt(1 - 0.999**3) / (1 - 0.9**3)
    used = np.maximum(w, v_new) if amsgrad else v_new
    want = p * (1 - 0.01 * 0.1) - alpha * m_new / (np.sqrt(used) + 1e-7)
    _core.adam(
        p, g, momentum=m, velocity=v, velocity_max=w if amsgrad else None,
        rate=0.01, decay=0.1, alpha=alpha, beta_1=0.9, beta_2=0.999, epsilon=1e-7,
    )  # fmt: skip
    close(p, want)
    close(m, m_new)
    close(v, v_new)


@pytest.mark.parametrize("dtype", DTYPES)
def test_nadam(dtype: Any) -> None:
    p, g, m, v = arrays(dtype, 4)
    m_new, v_new = 0.9 * m + 0.1 * g, 0.99 * v + 0.01 * g * g
    want = p * (1 - 0.01 * 0.1) - 0.01 * (0.7 * m_new + 0.4 * g) / (np.sqrt(3 * v_new) + 1e-3)
    _core.nadam(
        p, g, momentum=m, velocity=v, rate=0.01, decay=0.1, m_scale=0.7, g_scale=0.4, v_scale=3.0,
        beta_1=0.9, beta_2=0.99, epsilon=1e-3,
    )  # fmt: skip
    close(p, want)
    close(m, m_new)
    close(v, v_new)


@pytest.mark.parametrize("dtype", DTYPES)
def test_adagrad(dtype: Any) -> None:
    p, g, a = arrays(dtype, 3)
    a_new = a + g * g
    want = p * (1 - 0.1 * 0.02) - 0.1 * g / np.sqrt(a_new + 0.5)
    _core.adagrad(p, g, accumulator=a, rate=0.1, decay=0.02, epsilon=0.5)
    close(p, want)
    close(a, a_new)


def test_the_model_is_one_buffer_and_a_step_is_one_call(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Sequential([Input((3,)), Dense(4), Dense(2, use_bias=False)])
    model.compile("adam", "mse")
    buffer = model.pack()
    assert buffer.value.size == model.count_params() == buffer.grad.size
    assert all(
        v.value.base is not None and np.shares_memory(v.value, buffer.value) for v in model.weights
    )
    calls = []
    monkeypatch.setattr(optimizers.Adam, "step", lambda self, p, g, *a: calls.append(p.size))
    model.train_on_batch(np.ones((5, 3)), np.ones((5, 2)))
    assert calls == [model.count_params()]


def test_errors() -> None:
    p, g = arrays(np.float32, 2)
    plain = {"velocity": None, "rate": 0.1, "decay": 0.0, "momentum": 0.0, "nesterov": False}
    with pytest.raises(ValueError, match="sgd: grad has 3 elements, expected 37"):
        _core.sgd(p, g[:3].copy(), **plain)
    with pytest.raises(ValueError, match="sgd: momentum needs velocity"):
        _core.sgd(p, g, **plain | {"momentum": 0.9})
    for other in (g.astype(np.float64), None):
        with pytest.raises(TypeError, match="sgd: grad must be a C-contiguous array"):
            _core.sgd(p, other, **plain)
    with pytest.raises(TypeError, match="rmsprop: velocity must be a C-contiguous array"):
        _core.rmsprop(
            p, g, velocity=None, mean_grad=None, increments=None,
            rate=0.1, decay=0.0, rho=0.9, momentum=0.0, epsilon=1e-7,
        )  # fmt: skip
    with pytest.raises(TypeError, match="velocity must be a C-contiguous array"):
        _core.sgd(p, g, **plain | {"velocity": np.zeros(2 * N, np.float32)[::2]})
    with pytest.raises(ValueError, match="sgd: param has 2 axes, expected 1"):
        _core.sgd(p[:, None].copy(), g, **plain)
    with pytest.raises(ValueError, match="rmsprop: momentum needs increments"):
        _core.rmsprop(
            p, g, velocity=g.copy(), mean_grad=None, increments=None,
            rate=0.1, decay=0.0, rho=0.9, momentum=0.5, epsilon=1e-7,
        )  # fmt: skip
    p.flags.writeable = False
    with pytest.raises(ValueError, match="writeable"):
        _core.sgd(p, g, **plain)
    with pytest.raises(ValueError, match="only one of clipnorm"):
        optimizers.SGD(clipnorm=1.0, clipvalue=1.0)
    with pytest.raises(ValueError, match="Argument\\(s\\) not recognized"):
        optimizers.SGD(rate=1.0)
    with pytest.raises(ValueError, match="'adamix' is not known here"):
        optimizers.get("adamix")
    for wrong, message in (
        ({"ema_momentum": 1.5, "use_ema": True}, "ema_momentum is 1.5"),
        ({"ema_overwrite_frequency": 0, "use_ema": True}, "ema_overwrite_frequency is 0"),
        ({"gradient_accumulation_steps": 1}, "gradient_accumulation_steps is 1"),
        ({"loss_scale_factor": -1.0}, "loss_scale_factor is -1.0"),
    ):
        with pytest.raises(ValueError, match=message):
            optimizers.Adam(**wrong)
    with pytest.raises(ValueError, match="beta_1 is 0, expected more"):
        optimizers.Lion(beta_1=0.0)
    with pytest.raises(ValueError, match="learning_rate_power is 1"):
        optimizers.Ftrl(learning_rate_power=1.0)


def test_another_model_needs_another_optimizer() -> None:
    optimizer = optimizers.Adam()
    for units in (2, 3):
        model = Sequential([Input((3,)), Dense(units)])
        model.compile(optimizer, "mse")
        if units == 2:
            model.train_on_batch(np.ones((5, 3)), np.ones((5, 2)))
        else:
            with pytest.raises(ValueError, match="built for another set of parameters"):
                model.train_on_batch(np.ones((5, 3)), np.ones((5, 3)))


def test_learning_rate_can_be_read_and_set() -> None:
    optimizer = optimizers.Adam(0.01)
    optimizer.learning_rate.assign(0.5)
    assert optimizer.learning_rate == optimizer.lr == 0.5
    assert optimizer.learning_rate.numpy() == np.float32(0.5)
    scheduled = optimizers.SGD(schedules.PiecewiseConstantDecay([1, 3], [1.0, 0.5, 0.25]))
    rates = []
    for _ in range(5):
        rates.append(float(scheduled.learning_rate))
        scheduled.iterations += 1
    assert rates == [1.0, 1.0, 0.5, 0.5, 0.25]


@pytest.mark.parametrize(
    "schedule",
    [
        schedules.ExponentialDecay(0.1, 5, 0.5, staircase=True),
        schedules.InverseTimeDecay(0.1, 5, 2.0),
        schedules.PolynomialDecay(0.1, 7, 0.01, power=2.0, cycle=True),
        schedules.PolynomialDecay(0.1, 7),
        schedules.CosineDecay(0.1, 9, alpha=0.1),
        schedules.CosineDecay(0.1, 9, warmup_target=0.2, warmup_steps=3),
        schedules.CosineDecayRestarts(0.1, 4, t_mul=2.0, m_mul=0.5, alpha=0.1),
        schedules.CosineDecayRestarts(0.1, 4, t_mul=1.0),
        schedules.PiecewiseConstantDecay([3, 8], [0.3, 0.2, 0.1]),
    ],
)
def test_schedules_are_keras_s(schedule: Any) -> None:
    keras = pytest.importorskip("keras")
    config = schedule.get_config()
    theirs = getattr(keras.optimizers.schedules, type(schedule).__name__)(**config)
    for step in range(25):
        assert schedule(step) == pytest.approx(float(theirs(step)), rel=1e-5)
    again = schedules.get({"class_name": type(schedule).__name__, "config": config})
    assert again(3) == schedule(3)


OPTIONS: list[tuple[str, dict[str, Any]]] = [
    ("SGD", {}),
    ("SGD", {"momentum": 0.9}),
    ("SGD", {"momentum": 0.9, "nesterov": True, "weight_decay": 0.01}),
    ("RMSprop", {}),
    ("RMSprop", {"momentum": 0.5, "centered": True}),
    ("Adam", {}),
    ("Adam", {"amsgrad": True, "clipnorm": 0.1}),
    ("Adam", {"beta_1": 0.8, "beta_2": 0.99, "epsilon": 1e-3, "global_clipnorm": 0.2}),
    ("AdamW", {}),
    ("AdamW", {"weight_decay": 0.1, "clipvalue": 0.05}),
    ("Nadam", {}),
    ("Nadam", {"beta_1": 0.8, "weight_decay": 0.1}),
    ("Adagrad", {}),
    ("Adagrad", {"initial_accumulator_value": 0.0, "epsilon": 1e-3}),
    ("Adamax", {}),
    ("Adamax", {"beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-3, "weight_decay": 0.1}),
    ("Adadelta", {}),
    ("Adadelta", {"rho": 0.8, "epsilon": 1e-2, "weight_decay": 0.1}),
    ("Lion", {}),
    ("Lion", {"beta_1": 0.8, "beta_2": 0.9, "weight_decay": 0.1}),
    ("Lamb", {}),
    ("Lamb", {"beta_1": 0.8, "epsilon": 1e-3, "weight_decay": 0.1}),
    ("Ftrl", {}),
    ("Ftrl", {"l1_regularization_strength": 0.1, "l2_regularization_strength": 0.2}),
    ("Ftrl", {"learning_rate_power": -0.3, "initial_accumulator_value": 1.0, "beta": 0.1}),
    ("Ftrl", {"l2_shrinkage_regularization_strength": 0.3, "weight_decay": 0.1}),
    ("Adam", {"use_ema": True, "ema_overwrite_frequency": 3}),
    ("SGD", {"momentum": 0.5, "use_ema": True, "ema_momentum": 0.9}),
    ("Adam", {"gradient_accumulation_steps": 4, "weight_decay": 0.1, "clipnorm": 0.1}),
    ("Nadam", {"gradient_accumulation_steps": 2}),
    (
        "Adagrad",
        {
            "gradient_accumulation_steps": 2,
            "use_ema": True,
            "ema_momentum": 0.5,
            "ema_overwrite_frequency": 5,
        },
    ),
    ("RMSprop", {"loss_scale_factor": 8.0}),
]


def both(name: str, options: Any, rate: Any) -> list[Any]:
    """Return a model here and in Keras with the same weights and an optimizer of that name."""
    keras = pytest.importorskip("keras")
    rng = np.random.default_rng(1)
    start = [rng.normal(size=(5, 2)), rng.normal(size=2)]
    found = []
    for k in (fusedrnn, keras):
        m = k.Sequential([k.Input((5,)), k.layers.Dense(2)])
        m.set_weights([w.astype(np.float32) for w in start])
        m.compile(
            getattr(k.optimizers, name)(rate(k) if callable(rate) else rate, **options), "mse"
        )
        found.append(m)
    return found


@pytest.mark.parametrize(("name", "options"), OPTIONS)
@pytest.mark.parametrize(("rate", "steps"), [(1.0, 1), (0.02, 100)])
def test_steps_are_keras_s(name: str, options: Any, rate: float, steps: int) -> None:
    """The precision of Keras's powers of beta too; a convex loss, so that differences stay."""
    rng = np.random.default_rng(0)
    x, noise = rng.normal(size=(64, 5)).astype(np.float32), rng.normal(size=(64, 2))
    y = (x @ rng.normal(size=(5, 2)) + noise).astype(np.float32)
    found = []
    for model in both(name, options, rate):
        for i in range(steps):
            model.train_on_batch(x[i % 4 :: 4], y[i % 4 :: 4])
        found.append(np.concatenate([np.ravel(w) for w in model.get_weights()]))
        assert int(model.optimizer.iterations) == steps // options.get(
            "gradient_accumulation_steps", 1
        )
    np.testing.assert_allclose(*found, rtol=0, atol=1e-6 if steps == 1 else 5e-6)
    ours, theirs = (m.optimizer.get_config() for m in both(name, options, rate))
    assert {k: v for k, v in ours.items() if k != "name"} == {
        k: v for k, v in theirs.items() if k != "name"
    }
    again = optimizers.get({"class_name": name, "config": theirs})
    assert again.get_config() == ours | {"name": theirs["name"]}


def test_schedules_count_the_batches_of_accumulated_gradients() -> None:
    x, y = np.random.default_rng(0).normal(size=(2, 12, 5)).astype(np.float32)
    found = []
    for model in both(
        "SGD",
        {"gradient_accumulation_steps": 3},
        lambda k: k.optimizers.schedules.ExponentialDecay(0.1, 2, 0.5),
    ):
        model.fit(x, y[:, :2], batch_size=1, shuffle=False, verbose=0)
        found.append(np.concatenate([np.ravel(w) for w in model.get_weights()]))
    np.testing.assert_allclose(*found, rtol=0, atol=1e-6)


@pytest.mark.parametrize("options", [{"use_ema": True}, {"use_ema": True, "ema_momentum": 0.5}])
def test_fit_ends_with_the_average(options: Any) -> None:
    x, y = np.random.default_rng(0).normal(size=(2, 12, 5)).astype(np.float32)
    found = []
    for model in both("Adam", options, 0.1):
        model.fit(x, y[:, :2], batch_size=4, epochs=3, shuffle=False, verbose=0)
        found.append(np.concatenate([np.ravel(w) for w in model.get_weights()]))
    np.testing.assert_allclose(*found, rtol=0, atol=1e-6)


@pytest.mark.parametrize("name", ["AdamW", "Lion"])  # one of C++ and one of NumPy
@pytest.mark.parametrize("names", [["bias"], None])
def test_what_is_not_decayed(name: str, names: Any) -> None:
    x, y = np.random.default_rng(0).normal(size=(2, 12, 5)).astype(np.float32)
    found = []
    for model in both(name, {"weight_decay": 0.5}, 0.1):
        excluded = [model.layers[-1].kernel] if names is None else None
        model.optimizer.exclude_from_weight_decay(excluded, names)
        for _ in range(3):
            model.train_on_batch(x, y[:, :2])
        found.append(np.concatenate([np.ravel(w) for w in model.get_weights()]))
    np.testing.assert_allclose(*found, rtol=0, atol=1e-6)


def test_gradients_may_be_given() -> None:
    """As scripts with a loop of their own do: by variables, or for those it was built for."""
    model = Sequential([Input((3,)), Dense(2, kernel_constraint="non_neg")])
    kernel, bias = model.trainable_variables
    optimizer = optimizers.SGD(0.5)
    before = model.get_weights()
    optimizer.apply_gradients([(np.ones((3, 2)), kernel), ([1.0, 2.0], bias)])
    np.testing.assert_allclose(kernel, np.maximum(before[0] - 0.5, 0), rtol=1e-6)
    np.testing.assert_allclose(bias, [-0.5, -1.0])
    optimizer.apply([np.zeros((3, 2)), np.ones(2)])
    np.testing.assert_allclose(bias, [-1.0, -1.5])
    assert optimizer.iterations == 2


def test_rates_that_are_functions_or_schedules() -> None:
    rates = iter([0.5, 0.25])
    model = Sequential([Input((1,)), Dense(1, use_bias=False)])
    for rate in (lambda: next(rates), lambda step: 0.5 / 2**step):
        optimizer = optimizers.SGD(rate)
        model.set_weights([np.zeros((1, 1))])
        optimizer.apply_gradients([(np.ones((1, 1)), model.weights[0])])
        optimizer.apply_gradients([(np.ones((1, 1)), model.weights[0])])
        assert float(model.weights[0].numpy()[0, 0]) == -0.75
    scheduled = optimizers.SGD(schedules.ExponentialDecay(0.1, 2, 0.5))
    with pytest.raises(TypeError, match="created with a `LearningRateSchedule`"):
        scheduled.learning_rate = 0.2


def test_gradients_that_lack() -> None:
    model = Sequential([Input((3,)), Dense(2)])
    kernel, bias = model.trainable_variables
    with pytest.raises(ValueError, match="No gradients provided"):
        optimizers.SGD().apply_gradients([(None, kernel)])
    with pytest.warns(UserWarning, match="do not exist for variables.*bias"):
        optimizers.SGD().apply_gradients([(np.ones((3, 2)), kernel), (None, bias)])
    with pytest.raises(ValueError, match="weight_decay is None"):
        optimizers.AdamW(weight_decay=None)


def test_names_and_what_an_optimizer_keeps() -> None:
    fusedrnn.backend.clear_session()
    assert [optimizers.Adam().name, optimizers.Adam().name] == ["adam", "adam_1"]
    optimizer = optimizers.Adam(epsilon=2.0)
    assert [v.name for v in optimizer.variables] == ["iteration", "learning_rate"]
    model = Sequential([Input((3,)), Dense(2)])
    optimizer.build(model.trainable_variables)
    assert [v.shape for v in optimizer.variables] == [(), (), (3, 2), (3, 2), (2,), (2,)]
    assert optimizers.SGD(loss_scale_factor=8.0).scale_loss(2.0) == 16.0


def test_a_constant_by_pieces_keeps_its_name() -> None:
    schedule = schedules.PiecewiseConstantDecay([1], [1, 2], name="steps")
    assert schedule.get_config()["name"] == "steps"
