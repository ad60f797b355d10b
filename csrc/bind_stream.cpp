#include <pybind11/stl.h>

#include <variant>

#include "bind_arguments.hpp"
#include "bind_call.hpp"
#include "bind_object.hpp"
#include "stream.hpp"

namespace fusedrnn {
namespace {

struct ChainObject {
  template <class Real>
  using Shared = std::shared_ptr<const StreamChain<Real>>;
  std::variant<Shared<float>, Shared<double>> chain;
};

struct StreamObject {
  template <class Real>
  using Owned = std::unique_ptr<Stream<Real>>;
  std::variant<Owned<float>, Owned<double>> stream;
  py::object convert;  // makes an array of the input's type of anything else
};

template <template <class> class Of, class Real>
Real real_of(const Of<Real>&);

constexpr const char* kChain = "StreamChain";
constexpr const char* kStream = "Stream";

template <class Real>
ChainObject make_chain(const std::string& description, const py::dict& arrays, bool half) {
  Arguments<Real> args(kChain);
  const StreamTensors<Real> tensors = [&](const std::string& name) -> StreamTensor<Real> {
    if (!arrays.contains(name)) throw std::invalid_argument("there is no tensor '" + name + "'");
    const py::array a = args.typed(name.c_str(), arrays[name.c_str()]);
    const std::vector<ptrdiff_t> shape(a.shape(), a.shape() + a.ndim());
    return {args.matrix(name.c_str(), a, shape, ""), shape};
  };
  return {std::make_shared<const StreamChain<Real>>(description, tensors, half)};
}

// One step (time axis absent) or several.
template <class Real>
py::object run(Stream<Real>& stream, const py::object& convert, py::object x, py::handle mask,
               bool one) {
  const StreamChain<Real>& chain = stream.chain();
  const ptrdiff_t N = stream.batch(), rank = (one ? 1 : 2) + (chain.takes_indices() ? 0 : 1);
  const bool indices = chain.takes_indices();
  const bool ready =
      indices ? py::isinstance<py::array_t<int64_t>>(x) : py::isinstance<py::array_t<Real>>(x);
  // Not what only behaves as an array, such as one with masked values
  if (!ready || Py_TYPE(x.ptr()) != py::detail::npy_api::get().PyArray_Type_) x = convert(x);
  const auto a = py::reinterpret_borrow<py::array>(x);
  const ptrdiff_t T = one || a.ndim() < 2 ? 1 : a.shape(1);
  std::vector<ptrdiff_t> shape = {N}, out = {N};
  if (!one) shape.push_back(T), out.push_back(T);
  if (!indices) shape.push_back(chain.inputs());
  out.push_back(chain.outputs());
  const char* meaning = one       ? indices ? "(batch,)" : "(batch, features)"
                        : indices ? "(batch, steps)"
                                  : "(batch, steps, features)";
  if (a.ndim() != rank) wrong_shape(kStream, "x", a, meaning);
  Arguments<Real> numbers(kStream);
  Arguments<int64_t> integers(kStream);
  const Real* values = indices ? nullptr : numbers.matrix("x", a, shape, meaning);
  const int64_t* index = indices ? integers.matrix("x", a, shape, meaning) : nullptr;
  const uint8_t* valid = nullptr;
  py::array kept;
  if (!mask.is_none()) {
    if (!py::isinstance<py::array_t<bool>>(mask))
      wrong_type(kStream, "mask", " has ", mask, "an array of bool");
    kept = py::reinterpret_borrow<py::array>(mask);
    const std::vector<ptrdiff_t> found(kept.shape(), kept.shape() + kept.ndim());
    const std::vector<ptrdiff_t> expected = one ? std::vector{N} : std::vector{N, T};
    if (found != expected) wrong_shape(kStream, "mask", kept, one ? "(batch,)" : "(batch, steps)");
    kept = in_c_order<bool>(kept);
    valid = static_cast<const uint8_t*>(kept.data());
  }
  py::array_t<Real> y = output_array<Real>(out);
  Real* to = y.mutable_data();
  without_gil([&] { stream.run(T, values, index, valid, to); });
  return std::move(y);
}

const ChainObject& chain_of(const char* function, py::handle self) {
  return held<ChainObject>(function, "self", self);
}
const StreamObject& stream_of(py::handle self) {
  return held<StreamObject>(kStream, "self", self);
}

constexpr const char* kStepDoc =
    R"(Take one step of every stream.

Parameters
----------
x : (batch_size, input_size) array, or (batch_size,) indices
    Anything that is an array of numbers; of the stream's dtype it is not copied.
mask : (batch_size,) array of bool, optional
    False for a stream that has nothing new: it keeps its states.

Returns
-------
(batch_size, output_size) array

Raises
------
ValueError, TypeError
    If x or the mask does not fit, or an index is out of range; no state has changed then.
RuntimeError
    If another thread is using the stream.
)";
constexpr const char* kRunDoc =
    R"(Take several steps of every stream, such as those of the past.

Parameters
----------
x : (batch_size, steps, input_size) array, or (batch_size, steps) indices
mask : (batch_size, steps) array of bool, optional

Returns
-------
(batch_size, steps, output_size) array
    What `step` would give for one after the other, to the bit; errors are those of `step`.
)";

}  // namespace

FUSEDRNN_COLD void bind_stream(py::module_& m) {
  using py::arg;
  py::class_<ChainObject>(m, kChain)
      .def(
          "__init__",
          [](py::detail::value_and_holder& self, const std::string& description,
             const py::dict& arrays, py::object weights) {
            const bool half =
                !weights.is_none() && !choice(kChain, "weights", weights, {"bfloat16"}).empty();
            put(self, is_double(description) ? make_chain<double>(description, arrays, half)
                                             : make_chain<float>(description, arrays, half));
          },
          py::detail::is_new_style_constructor(), arg("description"), arg("arrays"),
          arg("weights") = py::none())
      .def_property_readonly("input_size",
                             [](py::object self) {
                               return std::visit([](const auto& c) { return c->inputs(); },
                                                 chain_of(kChain, self).chain);
                             })
      .def_property_readonly("output_size",
                             [](py::object self) {
                               return std::visit([](const auto& c) { return c->outputs(); },
                                                 chain_of(kChain, self).chain);
                             })
      .def_property_readonly("state_sizes", [](py::object self) {
        return std::visit([](const auto& c) { return c->states(); }, chain_of(kChain, self).chain);
      });

  py::class_<StreamObject>(m, kStream)
      .def(
          "__init__",
          [](py::detail::value_and_holder& self, py::object chain, ptrdiff_t batch_size,
             py::object convert) {
            if (batch_size < 1 || batch_size > ptrdiff_t(1) << 31)
              throw py::value_error(std::string(kStream) + ": batch_size is " +
                                    std::to_string(batch_size) + ", expected 1 to 2147483648");
            std::visit(
                [&](const auto& shared) {
                  using Real = decltype(real_of(*shared));
                  put(self, StreamObject{std::make_unique<Stream<Real>>(shared, batch_size),
                                         std::move(convert)});
                },
                held<ChainObject>(kStream, "chain", chain).chain);
          },
          py::detail::is_new_style_constructor(), arg("chain"), arg("batch_size"), arg("convert"))
      .def(
          "step",
          [](py::object self, py::object x, py::object mask) {
            const StreamObject& object = stream_of(self);
            return std::visit(
                [&](const auto& s) { return run(*s, object.convert, std::move(x), mask, true); },
                object.stream);
          },
          arg("x"), arg("mask") = py::none(), kStepDoc)
      .def(
          "run",
          [](py::object self, py::object x, py::object mask) {
            const StreamObject& object = stream_of(self);
            return std::visit(
                [&](const auto& s) { return run(*s, object.convert, std::move(x), mask, false); },
                object.stream);
          },
          arg("x"), arg("mask") = py::none(), kRunDoc)
      // rows: None, or integers that are below batch_size.
      .def(
          "_reset",
          [](py::object self, py::object rows) {
            std::visit(
                [&](const auto& s) {
                  if (rows.is_none()) return s->reset();
                  const auto given = rows.cast<std::vector<ptrdiff_t>>();
                  for (const ptrdiff_t row : given)
                    if (row < 0 || row >= s->batch())
                      throw py::value_error(std::string(kStream) + ": rows has the value " +
                                            std::to_string(row) + ", expected 0 to " +
                                            std::to_string(s->batch() - 1));
                  s->reset(given.data(), ptrdiff_t(given.size()));
                },
                stream_of(self).stream);
          },
          arg("rows"))
      .def("_renew",
           [](py::object self) {
             std::visit([](const auto& s) { s->renew(); }, stream_of(self).stream);
           })
      .def("_get_state",
           [](py::object self) -> py::object {
             return std::visit(
                 [](const auto& s) -> py::object {
                   using Real = decltype(real_of(*s));
                   py::array_t<Real> flat(std::vector<ptrdiff_t>{s->state_size()});
                   s->get_state(flat.mutable_data());
                   return std::move(flat);
                 },
                 stream_of(self).stream);
           })
      .def(
          "_set_state",
          [](py::object self, py::object flat) {
            std::visit(
                [&](const auto& s) {
                  using Real = decltype(real_of(*s));
                  Arguments<Real> args(kStream);
                  s->set_state(args.matrix("state", flat, {s->state_size()}, "(values,)"));
                },
                stream_of(self).stream);
          },
          arg("flat"));
}

}  // namespace fusedrnn
