"""Accelerated modules under the rest of PyTorch: compilers, exporters, transforms, wrappers."""

from __future__ import annotations

import copy
import io
import pickle
import re
import subprocess
import sys
import weakref

import pytest

torch = pytest.importorskip("torch")

import torch.autograd.forward_ad as forward_ad  # noqa: E402
from torch.nn.utils import parametrizations, prune  # noqa: E402
from torch.nn.utils.rnn import pack_padded_sequence  # noqa: E402

import fusedrnn.torch as ft  # noqa: E402
from fusedrnn.torch.call import Call  # noqa: E402

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*legacy TorchScript-based ONNX export:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The feature will be removed:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:Exporting a model to ONNX with a batch_size other than 1"),
    pytest.mark.filterwarnings("ignore:Converting a tensor to a Python boolean"),
    pytest.mark.filterwarnings("ignore:The tensor attributes self.rnn._flat_weights"),
    pytest.mark.filterwarnings("ignore:.*torch.ao.quantization:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor:UserWarning"),
]
each = pytest.mark.parametrize("name", ["LSTM", "GRU", "RNN"])
each_form = pytest.mark.parametrize("name", ["LSTM", "GRU", "RNN", "RNN relu"])


class Net(torch.nn.Module):
    def __init__(self, name):
        super().__init__()
        name, *nonlinearity = name.split()
        self.rnn = getattr(torch.nn, name)(4, 6, 1, *nonlinearity, batch_first=True)
        self.out = torch.nn.Linear(6, 1)

    def forward(self, x):
        return self.out(self.rnn(x)[0][:, -1])


def pair(name):
    """A model of torch's layers, and a copy of it that is accelerated."""
    torch.manual_seed(0)
    theirs = Net(name).eval()
    ours = copy.deepcopy(theirs)
    assert ft.accelerate(ours).replaced == ["rnn"]
    return theirs, ours


X = torch.linspace(-1, 1, 60).sin().reshape(3, 5, 4)
LONGER = torch.linspace(-1, 1, 72).cos().reshape(2, 9, 4)


def same(got, expected):
    torch.testing.assert_close(got, expected, rtol=1e-5, atol=1e-6)


@each_form
def test_script_and_trace_make_torchs_layers(name):
    theirs, ours = pair(name)
    for scripted in (torch.jit.trace(ours, X), torch.jit.script(ours)):
        file = io.BytesIO()
        torch.jit.save(scripted, file)
        assert b"fusedrnn::" not in file.getvalue()
        file.seek(0)
        same(torch.jit.load(file)(LONGER), theirs(LONGER))


@each_form
def test_onnx_export_of_a_whole_model(name, tmp_path):
    pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    theirs, ours = pair(name)
    torch.onnx.export(ours, (X,), tmp_path / "m.onnx", dynamo=False, input_names=["x"],
                      dynamic_axes={"x": {0: "n", 1: "t"}})  # fmt: skip
    session = runtime.InferenceSession(tmp_path / "m.onnx")
    for x in (X, LONGER):
        same(torch.from_numpy(session.run(None, {"x": x.numpy()})[0]), theirs(x).detach())


@each
def test_fx_sees_a_leaf(name):
    theirs, ours = pair(name)
    graph = torch.fx.symbolic_trace(ours)
    assert [n.target for n in graph.graph.nodes if n.op == "call_module"] == ["rnn", "out"]
    same(graph(X), theirs(X))
    big = torch.fx.Tracer().trace(torch.nn.Sequential(getattr(ft, name)(300, 300)))
    assert [n.op for n in big.nodes] == ["placeholder", "call_module", "output"]


@each
def test_compiled_without_allow_rnn_breaks_the_graph_and_runs(name):
    torch._dynamo.reset()
    theirs, ours = pair(name)
    compiled = torch.compile(ours, backend="aot_eager")
    for model in (theirs, compiled):
        model(X).sum().backward()
    same(ours.rnn.weight_hh_l0.grad, theirs.rnn.weight_hh_l0.grad)


@each_form
def test_transforms_of_torch_func(name):
    theirs, ours = pair(name)

    def loss(model):
        return lambda x: model(x).square().sum()

    for transform in (torch.func.grad, torch.func.jacrev):
        same(transform(loss(ours))(X), transform(loss(theirs))(X))
    hessian = torch.autograd.functional.hessian
    same(hessian(loss(ours), X[:1, :2]), hessian(loss(theirs), X[:1, :2]))
    halves = {k: 0.5 * v for k, v in theirs.named_parameters()}
    for mode in (torch.enable_grad, torch.no_grad):
        with mode():
            results = [torch.func.functional_call(m, halves, (X,)) for m in (ours, theirs)]
            same(*results)
            same(ours(X), theirs(X))


def test_forward_mode_is_torchs():
    tangents = []
    for model in pair("GRU"):
        with forward_ad.dual_level():
            dual = model(forward_ad.make_dual(X, torch.ones_like(X)))
            tangents.append(forward_ad.unpack_dual(dual).tangent)
    same(tangents[1], tangents[0])
    _, ours = pair("LSTM")  # for which torch has none
    with forward_ad.dual_level():
        assert "forward-mode" in ours.rnn.path
        with pytest.raises(NotImplementedError, match="forward AD"):
            ours(forward_ad.make_dual(X, torch.ones_like(X)))


@each_form
def test_copies_pickles_files(name):
    theirs, ours = pair(name)
    with torch.no_grad():
        ours(X)  # packs the weights
    file = io.BytesIO()
    torch.save(ours, file)
    file.seek(0)
    for other in (copy.copy(ours), copy.deepcopy(ours), pickle.loads(pickle.dumps(ours)),
                  torch.load(file, weights_only=False)):  # fmt: skip
        same(other(X), theirs(X))
    fresh = Net(name)
    fresh.load_state_dict(ours.state_dict())
    same(fresh(X), theirs(X))


@each
@pytest.mark.parametrize(
    "change",
    [
        lambda m: parametrizations.weight_norm(m, "weight_hh_l0"),
        lambda m: parametrizations.orthogonal(m, "weight_hh_l0"),
        lambda m: parametrizations.spectral_norm(m, "weight_hh_l0", n_power_iterations=5),
        lambda m: prune.l1_unstructured(m, "weight_hh_l0", 0.5),
        lambda m: m.flatten_parameters(),
        lambda m: m.share_memory(),
        lambda m: m.double().float(),
        lambda m: m.requires_grad_(False),
        lambda m: setattr(m, "weight_hh_l0", torch.nn.Parameter(torch.ones_like(m.weight_hh_l0))),
    ],
)
def test_changed_modules(name, change):
    theirs, ours = pair(name)
    with torch.no_grad():
        ours(X)
    for model in (theirs, ours):
        torch.manual_seed(1)
        change(model.rnn)
        model.eval()
    same(ours(X), theirs(X))
    with torch.no_grad():
        for _ in range(2):
            same(ours(X), theirs(X))
            for model in (theirs, ours):
                model.rnn.bias_ih_l0[0] += 1


@each
def test_other_devices_and_dtypes(name):
    theirs, ours = pair(name)
    ours.to("meta")
    assert ours(X.to("meta")).is_meta
    ours.to_empty(device="cpu")
    ours.load_state_dict(theirs.state_dict())
    same(ours(X), theirs(X))
    with torch.autocast("cpu", torch.bfloat16):
        try:
            expected = theirs(X)
        except RuntimeError as error:  # a CPU without AVX-512 has no LSTM of bfloat16
            with pytest.raises(RuntimeError, match=re.escape(str(error))):
                ours(X)
        else:
            same(ours(X), expected)
    assert ours.half().rnn.path == "torch: the weights are torch.float16"


@each
def test_a_parameter_that_is_trained_later(name):
    _, ours = pair(name)
    ours.requires_grad_(False)
    assert not ours(X).requires_grad
    ours.rnn.weight_ih_l0.requires_grad_(True)
    ours(X).sum().backward()
    assert ours.rnn.weight_ih_l0.grad is not None
    assert ours.rnn.weight_hh_l0.grad is None


@each
def test_wrappers_of_models(name):
    theirs, ours = pair(name)
    same(torch.nn.DataParallel(ours)(X), theirs(X))
    average = torch.optim.swa_utils.AveragedModel(ours)
    average.update_parameters(ours)
    same(average(X), theirs(X))
    with torch.inference_mode():
        theirs, ours = pair(name)
        for _ in range(2):
            same(ours(X), theirs(X))
            for model in (theirs, ours):
                model.rnn.weight_hh_l0.mul_(2)


@each
def test_fused_optimizer_and_packed_weights(name):
    models = pair(name)
    optimizers = [torch.optim.Adam(m.parameters(), lr=0.1, fused=True) for m in models]
    for _ in range(3):
        with torch.no_grad():
            same(*[m(X) for m in models])
        for model, optimizer in zip(models, optimizers, strict=True):
            optimizer.zero_grad()
            model(X).square().sum().backward()
            optimizer.step()


@each
def test_subclasses_of_tensor_see_torchs_operations(name):
    class Mine(torch.Tensor):
        pass

    theirs, ours = pair(name)
    got = ours(X.as_subclass(Mine))
    assert type(got) is Mine
    same(got.as_subclass(torch.Tensor), theirs(X))


@pytest.mark.parametrize("name", ["LSTM", "GRU"])  # torch quantizes no RNN
def test_quantized_after_restore(name):
    theirs, ours = pair(name)
    assert ft.restore(ours) == ["rnn"]
    quantized = [torch.ao.quantization.quantize_dynamic(m, {getattr(torch.nn, name)})
                 for m in (theirs, ours)]  # fmt: skip
    assert "quantized" in type(quantized[1].rnn).__module__
    same(*[m(X) for m in quantized])


def test_eager_code_runs_the_kernels(monkeypatch):
    calls = []
    original = Call.forward
    monkeypatch.setattr(Call, "forward", lambda *a, **k: calls.append(a) or original(*a, **k))
    pair("LSTM")[1](X)
    assert len(calls) == 1


@each
@pytest.mark.parametrize("rnn", [False, True])
def test_compiled_packed_sequences_break_the_graph_and_run(name, rnn):
    torch._dynamo.reset()
    theirs, ours = pair(name)
    packed = pack_padded_sequence(X, [2, 5, 3], batch_first=True, enforce_sorted=False)
    expected = theirs.rnn(packed)[0].data
    with torch._dynamo.config.patch(allow_rnn=rnn):
        same(torch.compile(ours.rnn, backend="eager")(packed)[0].data, expected)
        with torch.no_grad():
            same(torch.compile(ours.rnn, backend="eager")(packed)[0].data, expected)


@pytest.mark.parametrize("backend", ["eager", "aot_eager"])
def test_a_compiled_training_step_runs_one_forward_pass(backend, monkeypatch):
    torch._dynamo.reset()
    theirs, ours = pair("LSTM")
    calls, forward = [], Call.forward
    with torch._dynamo.config.patch(allow_rnn=True):
        compiled = torch.compile(ours, backend=backend)
        compiled(X).sum().backward()
        theirs(X).sum().backward()
        same(ours.rnn.weight_hh_l0.grad, theirs.rnn.weight_hh_l0.grad)
        monkeypatch.setattr(Call, "forward", lambda *a, **k: calls.append(1) or forward(*a, **k))
        compiled(X).sum().backward()
    assert len(calls) == 1


@each
def test_saved_tensors_that_are_written_to_disk(name, tmp_path):
    theirs, ours = pair(name)
    count = iter(range(1000))

    def pack(t):
        path = tmp_path / str(next(count))
        torch.save(t, path)
        return path

    with torch.autograd.graph.saved_tensors_hooks(pack, torch.load):
        y = ours(X)
    y.sum().backward()
    theirs(X).sum().backward()
    same(ours.rnn.weight_hh_l0.grad, theirs.rnn.weight_hh_l0.grad)


@each
def test_gradients_of_several_losses_at_once(name):
    theirs, ours = pair(name)
    jacobians = [
        torch.autograd.functional.jacobian(lambda x, m=m: m.rnn(x)[0], X, vectorize=v)
        for m, v in ((theirs, False), (ours, False), (ours, True))
    ]
    same(jacobians[1], jacobians[0])
    same(jacobians[2], jacobians[0])


@each
def test_tensors_with_the_negative_bit(name):
    theirs, ours = pair(name)
    x = torch.complex(X, X).conj().imag
    assert x.is_neg()
    for training in (True, False):
        with torch.set_grad_enabled(training):
            same(ours(x), theirs(x))


@each
def test_first_imported_in_inference_mode(name):
    code = f"""
import torch
with torch.inference_mode():
    import fusedrnn.torch as ft
ft.{name}(3, 5)(torch.randn(4, 2, 3))[0].sum().backward()
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)


@each
def test_nothing_is_kept_of_weights_that_moved(name):
    _, ours = pair(name)
    with torch.no_grad():
        ours(X)
    memory = weakref.ref(ours.rnn._kept)
    ours.to("meta")
    assert memory() is None


@each
@pytest.mark.parametrize("size", [6, 100])
def test_rows_and_columns_changed_through_data_are_seen(name, size):
    theirs = getattr(torch.nn, name)(4, size)
    ours = getattr(ft, name)(4, size)
    ours.load_state_dict(theirs.state_dict())
    with torch.no_grad():
        for row in range(0, len(theirs.weight_hh_l0), 7):
            for at in (row, (slice(None), row % size)):
                for m in (theirs, ours):
                    m.weight_hh_l0.data[at] += 0.5
                same(ours(X)[0], theirs(X)[0])


def test_a_parameter_as_input_runs_fused(monkeypatch):
    theirs, ours = pair("LSTM")
    calls, forward = [], Call.forward
    monkeypatch.setattr(Call, "forward", lambda *a, **k: calls.append(1) or forward(*a, **k))
    x = torch.nn.Parameter(X.clone())
    same(ours(x), theirs(x))
    assert calls


@pytest.mark.parametrize("hx", [(torch.zeros(1, 3, 6),), [torch.zeros(1, 3, 6)]])
def test_a_gru_takes_no_sequence_of_states(hx):
    theirs, ours = pair("GRU")
    for layer in (theirs.rnn, ours.rnn):
        with pytest.raises((AttributeError, TypeError)):
            layer(X, hx)


def test_an_lstm_takes_no_stacked_states():
    theirs, ours = pair("LSTM")
    for layer in (theirs.rnn, ours.rnn):
        with pytest.raises(TypeError):
            layer(X, torch.zeros(2, 1, 3, 6))
