"""A model in several threads: training is not disturbed, predictions are those of one thread."""

from __future__ import annotations

import copy
import os
import pickle
import sys
import threading

import numpy as np
import pytest

from fusedrnn import Sequential, utils
from fusedrnn.layers import GRU, LSTM, Bidirectional, Dense, Input, Masking, SimpleRNN


@pytest.fixture
def model():
    utils.set_random_seed(3)
    model = Sequential([
        Input((9, 3)), Masking(), Sequential([LSTM(24, return_sequences=True)]), GRU(24), Dense(1),
    ])  # fmt: skip
    model.compile("adam", "mse")
    return model


@pytest.fixture(autouse=True)
def often():
    """Threads take turns as often as can be."""
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(interval)


def data(n, seed=0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 9, 3)).astype("f4")
    x[rng.random((n, 9)) < 0.3] = 0  # masked
    return x, rng.normal(size=(n, 1)).astype("f4")


def in_threads(*work):
    """Run them all; raise what one raises."""
    errors = []

    def run(one):
        try:
            one()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(one,)) for one in work]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    if errors:
        raise errors[0]


def test_predictions_do_not_disturb_training(model):
    x, y = data(64)
    alone = pickle.loads(pickle.dumps(model))
    expected = alone.fit(x, y, epochs=8, batch_size=4, shuffle=False, verbose=0)
    done = threading.Event()

    def predict():
        while not done.is_set():
            model.predict(x[:7], verbose=0)
            model(x[:5])
            model.evaluate(x[:6], y[:6], verbose=0)

    def fit():
        try:
            got = model.fit(x, y, epochs=8, batch_size=4, shuffle=False, verbose=0)
        finally:
            done.set()
        assert len(got.history["loss"]) == len(expected.history["loss"])

    in_threads(fit, predict, predict)
    for a, b in zip(model.get_weights(), alone.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_predictions_in_several_threads(model):
    # Each thread has masks of its own.
    inputs = [data(n, seed=n)[0] for n in (3, 5, 8)]
    expected = [model.predict(x, verbose=0) for x in inputs]

    def predict(x, right):
        for _ in range(40):
            np.testing.assert_array_equal(model.predict(x, verbose=0), right)

    in_threads(*[lambda x=x, e=e: predict(x, e) for x, e in zip(inputs, expected, strict=True)])


def test_models_that_share_layers_in_several_threads():
    base = [Masking(), SimpleRNN(2, return_sequences=True)]
    models = [Sequential([Input((9, 3)), *base, Dense(1)]), Sequential([Input((9, 3)), *base])]
    inputs = [data(n, seed=n)[0] for n in (3, 5)]
    expected = [m.predict(x, verbose=0) for m, x in zip(models, inputs, strict=True)]

    def predict(model, x, right):
        for _ in range(60):
            np.testing.assert_array_equal(model.predict(x, verbose=0), right)

    in_threads(*[lambda a=a: predict(*a) for a in zip(models, inputs, expected, strict=True)])


@pytest.mark.parametrize("layer", [LSTM(4), Bidirectional(GRU(4))])
def test_a_layer_in_several_threads(layer):
    rng = np.random.default_rng(0)
    calls = []
    for n in (2, 3, 5):
        x = data(n, seed=n)[0]
        calls.append((x, [rng.normal(size=(n, 4)).astype("f4") for _ in range(2)]))
    expected = [layer(x, initial_state=s).numpy() for x, s in calls]

    def call(x, states, right):
        for _ in range(60):
            np.testing.assert_array_equal(layer(x, initial_state=states), right)

    in_threads(*[lambda c=c, e=e: call(*c, e) for c, e in zip(calls, expected, strict=True)])


def test_a_model_is_built_once(model):
    x = data(5)[0]
    fresh = Sequential([LSTM(8), Dense(2)])
    results = []
    in_threads(*[lambda: results.append(fresh.predict(x, verbose=0))] * 4)
    for y in results[1:]:
        np.testing.assert_array_equal(y, results[0])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_child_forked_during_a_step_has_its_own_lock(model):
    x = data(5)[0]
    model.predict(x, verbose=0)
    held, leave = threading.Event(), threading.Event()

    def hold():
        with model.step():
            held.set()
            leave.wait()

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait()
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            model.predict(x, verbose=0)
            status = 0
        finally:
            os._exit(status)
    leave.set()
    holder.join()
    assert os.waitpid(pid, 0)[1] == 0


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_have_locks_of_their_own(model, copied):
    model.predict(data(5)[0], verbose=0)
    other = copied(model)
    assert other.step() is not model.step()
    assert all(layer.step() is other.step() for layer in other.layers)
    np.testing.assert_array_equal(other.predict(data(5)[0], verbose=0),
                                  model.predict(data(5)[0], verbose=0))  # fmt: skip
