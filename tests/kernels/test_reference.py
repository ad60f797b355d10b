"""The reference against central differences, and against the textbook's equations."""

from __future__ import annotations

import numpy as np
import pytest

from fusedrnn import functional as F
from fusedrnn import reference

CELLS = [
    ("rnn", {}),
    ("lstm", {}),
    ("lstm", {"recurrent_activation": "tanh"}),
    *(
        ("gru", {"reset_after": after, "update_gate": gate})
        for after in (True, False)
        for gate in ("keep", "write")
    ),
]
GATES = {"rnn": 1, "lstm": 4, "gru": 3}
STEPS = {  # which steps count
    "all": {},
    "masked": {"mask": np.array([[1, 1, 1, 1], [1, 1, 0, 0], [0, 1, 0, 1]], bool)},
    "ended and reversed": {"lengths": np.array([4, 2, 0]), "reverse": True},
    "all of it": {
        "mask": np.array([[1, 0, 1, 1], [1, 1, 1, 0], [0, 1, 0, 1]], bool),
        "lengths": np.array([4, 2, 3]),
        "reverse": True,
    },
}


ELU = (  # one that has no name in the reference
    lambda a: np.where(a > 0, a, np.expm1(a)),
    lambda dy, a, y: dy * np.where(a > 0, 1, y + 1),
)


@pytest.mark.parametrize("activation", ["tanh", "relu", "sigmoid", "linear", ELU])
@pytest.mark.parametrize("dropout", [False, True])
@pytest.mark.parametrize(("kind", "form"), CELLS)
@pytest.mark.parametrize("steps", STEPS)
def test_gradients_match_central_differences(kind, form, dropout, activation, steps):
    form = form | STEPS[steps] | {"activation": activation}
    rng = np.random.default_rng(0)
    N, T, I, H, G = 3, 4, 2, 3, GATES[kind]
    after = kind == "gru" and form["reset_after"]
    x, W, R = (rng.normal(size=s) for s in [(N, T, I), (I, G * H), (H, G * H)])
    b = rng.normal(size=(2, G * H) if after else G * H)
    states = [rng.normal(size=(N, H)) for _ in range(2 if kind == "lstm" else 1)]
    recurrent_mask = 2 * rng.random((G, N, H)) if dropout else None
    dy, *dstates = (rng.normal(size=s.shape) for s in [np.empty((N, T, H)), *states])

    def loss():
        y, *final, tape = getattr(reference, kind)(
            x, W, R, b, *states, recurrent_mask=recurrent_mask, **form
        )
        return np.sum(y * dy) + sum(
            np.sum(f * d) for f, d in zip(final, dstates, strict=True)
        ), tape

    gradients = reference.backward(loss()[1], dy, *dstates)
    for parameter, gradient in zip([x, W, R, b, *states], gradients, strict=True):
        for at in np.ndindex(parameter.shape):
            value, differences = parameter[at], []
            for step in (1e-5, -1e-5):
                parameter[at] = value + step
                differences.append(loss()[0])
            parameter[at] = value
            assert (differences[0] - differences[1]) / 2e-5 == pytest.approx(
                gradient[at], rel=1e-6, abs=1e-7
            )


def sigma(a):
    return 1 / (1 + np.exp(-a))


def test_lstm_is_the_textbooks():
    """Gates of the concatenation [h, x], one weight matrix a gate, one row, step by step."""
    rng = np.random.default_rng(1)
    H, I, T = 6, 3, 5
    W_f, W_i, W_C, W_o = rng.normal(size=(4, H, H + I))
    b_f, b_i, b_C, b_o = rng.normal(size=(4, H))
    x, h, C, outputs, gates = rng.normal(size=(T, I)), np.zeros(H), np.zeros(H), [], []
    for x_t in x:
        hx = np.concatenate([h, x_t])
        f = sigma(W_f @ hx + b_f)  # forget gate
        i = sigma(W_i @ hx + b_i)  # input gate
        C_new = np.tanh(W_C @ hx + b_C)  # candidate
        C = f * C + i * C_new  # cell state
        o = sigma(W_o @ hx + b_o)  # output gate
        h = o * np.tanh(C)
        outputs.append(h)
        gates.append([i, f, C_new, o, C])

    stacked = np.vstack([W_i, W_f, W_C, W_o]).T  # (H + I, 4H), gates i f g o
    call = x[None], stacked[H:].copy(), stacked[:H].copy(), np.concatenate([b_i, b_f, b_C, b_o])
    y, h_n, c_n = F.lstm(*call)
    np.testing.assert_allclose(y[0], outputs, rtol=0, atol=1e-14)
    np.testing.assert_allclose(h_n[0], h, rtol=0, atol=1e-14)
    np.testing.assert_allclose(c_n[0], C, rtol=0, atol=1e-14)
    *_, tape = reference.lstm(*call)
    assert "".join(tape.gates()) == "ifgoc"
    got = np.stack([a[0] for a in tape.gates().values()], 1)
    np.testing.assert_allclose(got, gates, rtol=0, atol=1e-14)


def test_rnn_is_the_textbooks():
    """Elman: two matrices and a bias, one row, step by step."""
    rng = np.random.default_rng(3)
    H, I, T = 6, 3, 5
    W_x, W_h, b = rng.normal(size=(H, I)), rng.normal(size=(H, H)), rng.normal(size=H)
    x, h, outputs = rng.normal(size=(T, I)), np.zeros(H), []
    for x_t in x:
        h = np.tanh(W_x @ x_t + W_h @ h + b)
        outputs.append(h)

    y, h_n = F.rnn(x[None], W_x.T, W_h.T, b)
    np.testing.assert_allclose(y[0], outputs, rtol=0, atol=1e-14)
    np.testing.assert_allclose(h_n[0], h, rtol=0, atol=1e-14)


def test_gru_is_the_textbooks():
    """Reset before the product, on [r * h, x]; z writes: h = (1 - z) * h_prev + z * n."""
    rng = np.random.default_rng(2)
    H, I, T = 6, 3, 5
    W_z, W_r, W_n = rng.normal(size=(3, H, H + I))
    b_z, b_r, b_n = rng.normal(size=(3, H))
    x, h, outputs, gates = rng.normal(size=(T, I)), np.zeros(H), [], []
    for x_t in x:
        hx = np.concatenate([h, x_t])
        z = sigma(W_z @ hx + b_z)  # update gate
        r = sigma(W_r @ hx + b_r)  # reset gate
        n = np.tanh(W_n @ np.concatenate([r * h, x_t]) + b_n)  # candidate
        h = (1 - z) * h + z * n
        outputs.append(h)
        gates.append([z, r, n])

    stacked = np.vstack([W_z, W_r, W_n]).T
    call = x[None], stacked[H:].copy(), stacked[:H].copy(), np.concatenate([b_z, b_r, b_n])
    y, h_n = F.gru(*call, reset_after=False, update_gate="write")
    np.testing.assert_allclose(y[0], outputs, rtol=0, atol=1e-14)
    np.testing.assert_allclose(h_n[0], h, rtol=0, atol=1e-14)
    *_, tape = reference.gru(*call, reset_after=False, update_gate="write")
    assert "".join(tape.gates()) == "zrn"
    got = np.stack([a[0] for a in tape.gates().values()], 1)
    np.testing.assert_allclose(got, gates, rtol=0, atol=1e-14)
