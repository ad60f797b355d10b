"""PyTorch's own samples for recurrent modules (`torch.testing`), with our classes in place.

The wheel has the samples, the references and the expected errors of PyTorch's test_modules.py, but
not the file itself: the tests here are written after its names.
"""

from __future__ import annotations

import copy
import pickle

import pytest

torch = pytest.importorskip("torch")
prune = pytest.importorskip("torch.nn.utils.prune")
pytest.importorskip("expecttest")  # of torch.testing._internal
common_modules = pytest.importorskip("torch.testing._internal.common_modules")

import fusedrnn.torch as ft  # noqa: E402

NAMES = {f"nn.{cell}{suffix}" for cell in ("LSTM", "GRU", "RNN") for suffix in ("", "Cell")}
INFOS = {info.name: info for info in common_modules.module_db if info.name in NAMES}
pytestmark = [
    pytest.mark.parametrize("name", sorted(INFOS)),
    pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN"),
]
both_dtypes = pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
both_modes = pytest.mark.parametrize("training", [False, True])


def ours(name):
    return getattr(ft, name.removeprefix("nn."))


def samples(name, dtype=torch.float64, requires_grad=False, training=False):
    info = INFOS[name]
    found = info.module_inputs_func(info, device="cpu", dtype=dtype, requires_grad=requires_grad,
                                    training=training)  # fmt: skip
    for sample in found:
        made = sample.constructor_input
        module = ours(name)(*made.args, **made.kwargs, dtype=dtype)
        given = sample.forward_input
        yield sample, module.train(training), given.args, given.kwargs


def flat(result):
    return [result] if isinstance(result, torch.Tensor) else [t for r in result for t in flat(r)]


@both_dtypes
@both_modes
def test_forward(name, dtype, training):
    count = 0
    for sample, module, args, kwargs in samples(name, dtype, training=training):
        result = module(*args, **kwargs)
        made = sample.constructor_input
        theirs = INFOS[name].module_cls(*made.args, **made.kwargs, dtype=dtype).train(training)
        theirs.load_state_dict(module.state_dict())
        expected = sample.reference_fn(theirs, *args, **kwargs)
        for g, e in zip(flat(result), flat(expected), strict=True):
            torch.testing.assert_close(g, e)
        count += 1
    assert count >= 2


@pytest.mark.parametrize("second", [False, True])
def test_grad_and_gradgrad(name, second):
    chosen = list(samples(name, requires_grad=True, training=True))
    for _, module, args, kwargs in chosen[:: 3 if second else 1]:  # every third: half a minute
        leaves = [t for a in args for t in flat(a)] + list(module.parameters())
        inputs = tuple(t.detach().clone().requires_grad_() for t in leaves)

        def f(*inputs, module=module, args=args, kwargs=kwargs):
            given = iter(inputs)
            rebuilt = [tuple(next(given) for _ in a) if isinstance(a, tuple) else next(given)
                       for a in args]  # fmt: skip
            parameters = dict(zip([n for n, _ in module.named_parameters()], given, strict=True))
            result = torch.func.functional_call(module, parameters, tuple(rebuilt), kwargs)
            return tuple(flat(result))

        check = torch.autograd.gradgradcheck if second else torch.autograd.gradcheck
        assert check(f, inputs, fast_mode=True)


def test_errors(name):
    info = INFOS[name]
    count = 0
    for error in info.module_error_inputs_func(info, device="cpu", dtype=torch.float32,
                                               requires_grad=False, training=False):  # fmt: skip
        made = error.module_error_input.constructor_input
        given = error.module_error_input.forward_input
        at_call = error.error_on == common_modules.ModuleErrorEnum.FORWARD_ERROR

        def run(at_call=at_call, made=made, given=given):
            module = ours(name)(*made.args, **made.kwargs)
            return module(*given.args, **given.kwargs) if at_call else None

        with pytest.raises(error.error_type, match=error.error_regex):
            run()
        count += 1
    assert count >= 4


def test_pickle_repr_and_copy(name):
    for _, module, args, kwargs in samples(name):
        expected = flat(module(*args, **kwargs))
        repr(module), str(module)
        for other in (pickle.loads(pickle.dumps(module)), copy.deepcopy(module)):
            for g, e in zip(flat(other(*args, **kwargs)), expected, strict=True):
                assert torch.equal(g, e)


def test_non_contiguous_tensors(name):
    def spread(t):
        if isinstance(t, tuple):
            return tuple(map(spread, t))
        return torch.stack([t, torch.full_like(t, torch.nan)], -1)[..., 0]

    for _, module, args, kwargs in samples(name):
        expected = flat(module(*args, **kwargs))
        for g, e in zip(flat(module(*map(spread, args), **kwargs)), expected, strict=True):
            torch.testing.assert_close(g, e)


def test_factory_arguments(name):
    for sample, module, _, _ in samples(name, torch.float32):
        made = sample.constructor_input
        assert all(p.dtype == torch.float32 and p.device.type == "cpu" for p in module.parameters())
        meta = ours(name)(*made.args, **made.kwargs, device="meta")
        assert all(p.is_meta for p in meta.parameters())
        assert [p.shape for p in meta.parameters()] == [p.shape for p in module.parameters()]


def test_parametrized_and_pruned(name):
    weight = "weight_hh" if "Cell" in name else "weight_hh_l0"
    changes = [
        lambda m: torch.nn.utils.parametrizations.weight_norm(m, weight),
        lambda m: prune.l1_unstructured(m, weight, 0.5),
    ]
    theirs_class = getattr(torch.nn, name.removeprefix("nn."))
    x = torch.randn(2, 3, dtype=torch.float64) if "Cell" in name else torch.randn(
        4, 2, 3, dtype=torch.float64)  # fmt: skip
    for change in changes:
        ours_, theirs = (cls(3, 5, dtype=torch.float64) for cls in (ours(name), theirs_class))
        ours_.load_state_dict(theirs.state_dict())
        for m in (ours_, theirs):
            change(m)
        optimizers = [torch.optim.SGD(m.parameters(), 0.1) for m in (ours_, theirs)]
        for _ in range(2):
            with torch.no_grad():
                torch.testing.assert_close(flat(ours_(x)), flat(theirs(x)))
            for m, o in zip((ours_, theirs), optimizers, strict=True):
                o.zero_grad()
                flat(m(x))[0].square().sum().backward()
                o.step()
