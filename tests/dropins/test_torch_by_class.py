"""Programs that take modules of torch apart: their list of weights, their class, their source."""

from __future__ import annotations

import copy
from unittest import mock

import pytest

torch = pytest.importorskip("torch")

from torch import nn  # noqa: E402

import fusedrnn.torch as ft  # noqa: E402
from fusedrnn.torch import path  # noqa: E402

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*torch.jit:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*torch.ao.quantization:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:torch.quantize_per_tensor:UserWarning"),
    pytest.mark.filterwarnings("ignore:.*quantize_fx:DeprecationWarning"),
]
LAYERS, CELLS = ("LSTM", "GRU", "RNN"), ("LSTMCell", "GRUCell", "RNNCell")
each_layer = pytest.mark.parametrize("name", LAYERS)
each_cell = pytest.mark.parametrize("name", CELLS)
each_module = pytest.mark.parametrize("name", [*LAYERS, *CELLS])
X = torch.linspace(-1, 1, 60).sin().reshape(3, 5, 4)


def input_of(name):
    return X if name in LAYERS else X[0]


def outcome(program, *arguments):
    """What a program returns, or the error that it raises."""
    torch.manual_seed(0)
    try:
        return program(*arguments)
    except Exception as error:
        return error


def same(program):
    """A program of torch.nn, or of our modules, returns the same or raises the same error."""
    theirs, ours = outcome(program, nn), outcome(program, ft)
    if isinstance(theirs, Exception):
        assert (type(ours), str(ours)) == (type(theirs), str(theirs))
    elif isinstance(ours, Exception):
        raise ours
    else:
        torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)


# The list of weights -----------------------------------------------------------------------------


def _one(m):
    m._flat_weights[1] = 0.1 * torch.ones_like(m._flat_weights[1])


def _all(m):
    m._flat_weights = [0.5 * w for w in m._flat_weights]


def _flattened(m):
    _all(m)
    m(X)
    m.flatten_parameters()


def _low_rank(m):
    a, b = torch.ones(len(m.weight_hh_l0), 1), torch.ones(1, 6)
    m._flat_weights = [w + 0.1 * a @ b if k == 1 else w for k, w in enumerate(m._flat_weights)]


def _then_a_parameter(m):
    _all(m)
    m.weight_ih_l0 = nn.Parameter(torch.ones_like(m.weight_ih_l0))


def _then_moved(m):
    _all(m)
    m.double().float()


def _hidden_by_an_attribute(m):
    m.__dict__["weight_hh_l0"] = 0.3 * m.weight_hh_l0.detach()


def _list(change):
    def replace(m):
        m._flat_weights = change(m._flat_weights)

    return replace


WEIGHTS = {
    "one": _one,
    "all": _all,
    "all, flattened": _flattened,
    "low rank": _low_rank,
    "all, then a parameter": _then_a_parameter,
    "all, then moved": _then_moved,
    "hidden by an attribute": _hidden_by_an_attribute,
    "one is missing": _list(lambda w: [None, *w[1:]]),
    "too few": _list(lambda w: w[:2]),
    "none": _list(lambda w: []),
    "another type": _list(lambda w: [w[0], w[1].double(), *w[2:]]),
    "deleted": lambda m: delattr(m, "weight_hh_l0"),
    "data of another type": lambda m: setattr(m.weight_hh_l0, "data", m.weight_hh_l0.data.double()),
}


@each_layer
@pytest.mark.parametrize("change", WEIGHTS)
@pytest.mark.parametrize("gradients", [True, False])
def test_the_list_of_weights_is_torchs(name, change, gradients):
    def program(module):
        m = getattr(module, name)(4, 6, batch_first=True)
        with torch.set_grad_enabled(gradients):
            m(X)
            WEIGHTS[change](m)
            return [m(X)[0], m(X)[0], m.weight_ih_l0]

    same(program)


@pytest.mark.parametrize("name", ["GRU", "RNN"])  # torch's LSTM reads past the end of the weights
def test_weights_of_another_shape(name):
    def program(module):
        m = getattr(module, name)(4, 6)
        m._flat_weights[1] = torch.ones(3, 3)
        return m(X)[0]

    same(program)


@pytest.mark.parametrize(
    ("name", "attribute", "value"),
    [
        *((n, "num_layers", 2) for n in LAYERS),
        *((n, "bidirectional", True) for n in LAYERS),
        *((n, "batch_first", True) for n in LAYERS),
        *((n, a, v) for n in ("GRU", "RNN") for a, v in (("hidden_size", 5), ("bias", False))),
        *((n, a, v) for n in CELLS for a, v in (("hidden_size", 5), ("bias", False))),
        ("RNN", "mode", "RNN_RELU"),
        ("RNNCell", "nonlinearity", "relu"),
        ("RNNCell", "nonlinearity", "none"),
    ],
)
@pytest.mark.parametrize("gradients", [True, False])
def test_an_attribute_that_changes(name, attribute, value, gradients, monkeypatch):
    monkeypatch.setattr(path, "SMALL_STEP", 0)

    def program(module):
        m = getattr(module, name)(4, 6)
        with torch.set_grad_enabled(gradients):
            before = m(input_of(name))
            setattr(m, attribute, value)
            return before, m(input_of(name))

    same(program)


@each_layer
def test_gradients_flow_into_a_replaced_list(name):
    def program(module):
        m = getattr(module, name)(4, 6)
        scale = torch.tensor(0.5, requires_grad=True)
        m._flat_weights = [scale * w for w in m._flat_weights]
        m(X)[0].square().sum().backward()
        return [scale.grad, m.weight_hh_l0.grad]

    same(program)


@each_module
def test_a_spectral_norm_iterates_as_often_as_torchs(name):
    def program(module):
        m = getattr(module, name)(4, 6)
        nn.utils.parametrizations.spectral_norm(m, "weight_hh" if name in CELLS else "weight_hh_l0")
        with torch.no_grad():
            for _ in range(2):
                m(input_of(name))
                _ = m.path if module is ft else None
        return [*m.buffers()]

    same(program)


# The class ---------------------------------------------------------------------------------------


@each_module
def test_a_class_equals_the_one_that_it_stands_in_for(name):
    theirs, ours = getattr(nn, name), getattr(ft, name)
    assert theirs == ours
    assert ours == theirs
    assert (ours != theirs) is False
    assert {theirs: 1}[ours] == {ours: 1}[theirs] == 1
    assert ours != nn.Linear
    assert len({*(getattr(ft, n) for n in (*LAYERS, *CELLS))}) == 6
    assert ours != 3
    assert ours == mock.ANY

    class Mine(ours):
        pass

    assert Mine == Mine
    assert Mine not in (ours, theirs)


@each_module
@pytest.mark.parametrize("how", ["default", "by class", "float16", "qconfig"])
def test_quantized_as_torchs(name, how):
    quantization = torch.ao.quantization

    def program(module):
        model = nn.Sequential(nn.Linear(4, 4), getattr(module, name)(4, 6)).eval()
        spec = {getattr(nn, name)} if how == "by class" else None
        if how == "qconfig":
            model[1].qconfig = quantization.default_dynamic_qconfig
        dtype = torch.float16 if how == "float16" else torch.qint8
        quantized = quantization.quantize_dynamic(model, spec, dtype)
        assert type(model[1]) is (getattr(nn, name) if how == "qconfig" else getattr(module, name))
        assert name == "RNN" or "quantized" in type(quantized[1]).__module__
        return quantized(input_of(name))

    same(program)


@each_layer
def test_what_is_not_to_be_quantized_stays(name):
    model = nn.Sequential(getattr(ft, name)(4, 6), nn.Linear(6, 6)).eval()
    quantized = torch.ao.quantization.quantize_dynamic(model, {nn.Linear})
    assert type(quantized[0]) is getattr(ft, name)
    assert quantized[0].path == "fused"


@pytest.mark.parametrize("name", ["LSTM", "GRU"])
def test_quantized_through_a_graph(name):
    quantize_fx = pytest.importorskip("torch.ao.quantization.quantize_fx")
    quantization = torch.ao.quantization

    class Net(nn.Module):
        def __init__(self, module):
            super().__init__()
            self.rnn = getattr(module, name)(4, 6)

        def forward(self, x):
            return self.rnn(x)[0]

    def program(module):
        mapping = quantization.QConfigMapping().set_object_type(
            getattr(nn, name), quantization.default_dynamic_qconfig
        )
        prepared = quantize_fx.prepare_fx(Net(module).eval(), mapping, (X,))
        converted = quantize_fx.convert_fx(prepared)
        assert "quantized" in type(converted.rnn).__module__
        return converted(X)

    same(program)


# The source --------------------------------------------------------------------------------------


class OfCells(nn.Module):
    def __init__(self, cell):
        super().__init__()
        self.cell = cell
        self.out = nn.Linear(6, 2)

    def forward(self, x):
        return self.cell(x)


@each_cell
@pytest.mark.parametrize("gradients", [True, False])
@pytest.mark.parametrize(
    "compiler",
    [torch.jit.script, lambda m: torch.jit.trace(m, X[1]), torch.fx.symbolic_trace],
    ids=["script", "trace", "fx"],
)
def test_compiled_cells(name, gradients, compiler):
    def program(module):
        with torch.set_grad_enabled(gradients):
            return compiler(OfCells(getattr(module, name)(4, 6)))(X[0])

    same(program)


@each_cell
def test_a_cell_is_a_leaf_for_fx(name):
    class Loop(nn.Module):
        def __init__(self):
            super().__init__()
            self.cell = getattr(ft, name)(4, 6)

        def forward(self, x, state):
            return self.cell(torch.ones(2, 4), state)

    nodes = torch.fx.symbolic_trace(Loop()).graph.nodes
    assert [n.target for n in nodes if n.op == "call_module"] == ["cell"]


@each_layer
def test_a_script_module_that_holds_ours(name):
    class Net(torch.jit.ScriptModule):
        def __init__(self, module):
            super().__init__()
            self.rnn = getattr(module, name)(4, 6)
            self.cell = getattr(module, name + "Cell")(4, 6)
            self.more = nn.ModuleList([getattr(module, name)(4, 6)])

        @torch.jit.script_method
        def forward(self, x):
            y = self.rnn(x)[0]
            for layer in self.more:
                y = y + layer(x)[0]
            return y, self.cell(x[0])

    same(lambda module: Net(module)(X))


@each_module
def test_scripts_of_subclasses(name):
    def program(module):
        class Mine(getattr(module, name)):
            def forward(self, x):
                return 2 * x + self.hidden_size

        return torch.jit.script(Mine(4, 6))(X[0])

    same(program)


@each_module
def test_subclasses_of_tensor_see_torchs_operations(name):
    class Mine(torch.Tensor):
        pass

    with torch.no_grad():
        result = getattr(ft, name)(4, 6)(input_of(name).as_subclass(Mine))
        result = result if isinstance(result, torch.Tensor) else result[0]
        assert type(result) is Mine


@each_layer
def test_weights_of_a_subclass_of_tensor_run_on_torchs_code(name):
    class Half(torch.Tensor):
        """Stands for half of what its memory holds, as a quantized weight does for its own."""

        @classmethod
        def __torch_function__(cls, function, types, args=(), kwargs=None):
            def plain(a):
                if isinstance(a, list | tuple):
                    return type(a)(plain(b) for b in a)
                return 0.5 * a.as_subclass(torch.Tensor) if type(a) is Half else a

            if function in (torch.Tensor.dtype.__get__, torch.Tensor.is_cpu.__get__):
                return super().__torch_function__(function, types, args, kwargs or {})
            with torch._C.DisableTorchFunctionSubclass():
                return function(*plain(args), **(kwargs or {}))

    theirs, ours = getattr(nn, name)(4, 6), getattr(ft, name)(4, 6)
    ours.load_state_dict(theirs.state_dict())
    with torch.no_grad():
        theirs.weight_hh_l0.mul_(0.5)
        expected = theirs(X)[0]
        ours._flat_weights[1] = ours.weight_hh_l0.detach().as_subclass(Half)
        assert "subclass" in ours.path
        torch.testing.assert_close(copy.copy(ours(X)[0]), expected, rtol=1e-5, atol=1e-6)
