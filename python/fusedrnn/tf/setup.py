"""What scripts tell TensorFlow of devices, threads, logs and modes: on one CPU most of it is done.

``tf.config``, ``tf.test``, ``tf.distribute``, ``tf.logging``, ``tf.errors``, ``tf.compat.v1``.
"""

from __future__ import annotations

import logging as _logging
import sys
from contextlib import AbstractContextManager, nullcontext
from types import SimpleNamespace
from typing import Any, NamedTuple

from .. import __version__, initializers, runtime

VERSION = __version__


class PhysicalDevice(NamedTuple):
    """A device: there is one, the CPU."""

    name: str
    device_type: str


LogicalDevice = PhysicalDevice
_CPU = PhysicalDevice("/physical_device:CPU:0", "CPU")


def list_physical_devices(device_type: str | None = None) -> list[PhysicalDevice]:
    """Return the CPU, unless another kind of device is asked for."""
    return [_CPU] if device_type in (None, "CPU") else []


list_logical_devices = get_visible_devices = list_physical_devices


def list_local_devices(session_config: Any = None) -> list[Any]:
    """Return the CPU, as ``device_lib`` describes it."""
    return [SimpleNamespace(name="/device:CPU:0", device_type="CPU", physical_device_desc="")]


def _nothing(*args: Any, **kwargs: Any) -> None:
    """Do nothing: on one CPU it is so already, or makes no difference."""


set_memory_growth = set_visible_devices = set_logical_device_configuration = _nothing
set_virtual_device_configuration = LogicalDeviceConfiguration = VirtualDeviceConfiguration = (
    _nothing
)
run_functions_eagerly = experimental_run_functions_eagerly = set_soft_device_placement = _nothing
set_jit = set_experimental_options = enable_op_determinism = _nothing
enable_tensor_float_32_execution = set_synchronous_execution = _nothing
set_inter_op_parallelism_threads = set_log_device_placement = _nothing
enable_eager_execution = enable_v2_behavior = enable_resource_variables = _nothing
disable_resource_variables = enable_v2_tensorshape = disable_v2_tensorshape = _nothing
disable_eager_execution = disable_v2_behavior = reset_default_graph = _nothing
disable_control_flow_v2 = enable_control_flow_v2 = disable_tensor_equality = _nothing
disable_interactive_logging = enable_interactive_logging = _nothing
disable_traceback_filtering = enable_traceback_filtering = _nothing
set_session = experimental_set_strategy = flush = _nothing


def set_intra_op_parallelism_threads(num_threads: int) -> None:
    """Set the threads of a call; 0 leaves them as they are."""
    if num_threads:
        runtime.set_num_threads(num_threads)


def get_intra_op_parallelism_threads() -> int:
    """Return the most threads of a call."""
    return runtime.num_threads()


def get_inter_op_parallelism_threads() -> int:
    """Return how many operations run at once: one."""
    return 1


def is_gpu_available(*args: Any, **kwargs: Any) -> bool:
    """Whether there is a GPU: no."""
    return False


is_built_with_cuda = is_built_with_rocm = is_built_with_gpu_support = is_gpu_available
is_built_with_xla = is_interactive_logging_enabled = is_gpu_available


def gpu_device_name() -> str:
    """Return the name of the GPU, of which there is none."""
    return ""


# Version 1 ----------------------------------------------------------------------------------------


class _Settings(SimpleNamespace):
    """Settings of any names, in settings of any names."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        setattr(self, name, type(self)())
        return vars(self)[name]


class ConfigProto(_Settings):
    """Settings of a session, of which the number of threads counts."""


class GPUOptions(_Settings):
    """Settings of GPUs, of which there is none."""


class OptimizerOptions(_Settings):
    """Settings of graphs, of which there are none."""


class GraphOptions(_Settings):
    """Settings of graphs, of which there are none."""


class Options(_Settings):
    """Settings of data sets; the elements are the same whatever they are."""


class Session:
    """A session to hand to ``set_session``; it runs nothing."""

    def __init__(self, target: str = "", graph: Any = None, config: Any = None) -> None:
        threads = vars(config).get("intra_op_parallelism_threads", 0) if config is not None else 0
        set_intra_op_parallelism_threads(threads)

    def run(self, *args: Any, **kwargs: Any) -> None:
        """Raise NotImplementedError."""
        raise NotImplementedError(
            "Session.run is beyond fusedrnn, which computes at once: call functions and models"
        )

    def close(self) -> None:
        """Do nothing."""

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *args: object) -> None:
        self.close()


InteractiveSession = Session


def get_default_graph() -> Any:
    """Return a graph to enter, which changes nothing."""
    return SimpleNamespace(as_default=nullcontext, finalize=_nothing)


class Graph:
    """A graph to enter, which changes nothing."""

    def as_default(self) -> AbstractContextManager[None]:
        """Return a scope in which all is as outside."""
        return nullcontext()


def get_session() -> Session:
    """Return a session, which runs nothing."""
    return Session()


def run(main: Any = None, argv: Any = None) -> None:
    """Call ``main`` with what the flags leave of the program's arguments, and end it."""
    main = main or vars(sys.modules["__main__"])["main"]
    argv = argv or sys.argv
    sys.exit(main(flags.parse(argv) if "absl.flags" in sys.modules else argv))


class _Flags:
    """``tf.app.flags``: the package ``absl`` has them, imported when a flag is defined or read."""

    def __init__(self, values: bool = False) -> None:
        vars(self)["values"] = values  # whether it stands for FLAGS, the values by name

    def parse(self, argv: Any) -> Any:
        """Read the flags out of a program's arguments; return the others."""
        return self._absl("FLAGS")(argv, known_only=True)

    def _absl(self, name: str) -> Any:
        try:
            from absl import flags
        except ImportError as error:
            raise ImportError(
                f"flags.{name} needs the package absl-py: pip install absl-py, or use argparse"
            ) from error
        return getattr(flags, name)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if not self.values:
            return _FLAGS if name == "FLAGS" else self._absl(name)
        values = self._absl("FLAGS")
        if not values.is_parsed():
            self.parse(sys.argv)
        return getattr(values, name)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._absl("FLAGS"), name, value)


flags, _FLAGS = _Flags(), _Flags(values=True)


zeros_initializer, ones_initializer = initializers.Zeros, initializers.Ones
constant_initializer = initializers.Constant
random_normal_initializer = initializers.RandomNormal
random_uniform_initializer = initializers.RandomUniform
truncated_normal_initializer = initializers.TruncatedNormal


# Strategies ---------------------------------------------------------------------------------------


class Strategy:
    """How a model is spread over devices: not at all, for there is one."""

    num_replicas_in_sync = 1

    def __init__(self, devices: Any = None, **kwargs: Any) -> None:
        if isinstance(devices, (list, tuple)) and len(devices) > 1:
            raise ValueError(f"Strategy: devices is {devices!r}, but there is one, the CPU")

    def scope(self) -> AbstractContextManager[None]:
        """Return a scope in which all is as outside."""
        return nullcontext()

    def experimental_distribute_dataset(self, dataset: Any) -> Any:
        """Return the data set."""
        return dataset


MirroredStrategy = OneDeviceStrategy = CentralStorageStrategy = Strategy


def get_strategy() -> Strategy:
    """Return the strategy of one device."""
    return Strategy()


def TPUClusterResolver(*args: Any, **kwargs: Any) -> None:
    """Raise ValueError, as TensorFlow where there is no TPU."""
    raise ValueError("Please provide a TPU Name to connect to: there is none here.")


# Logs and errors ----------------------------------------------------------------------------------


def get_logger() -> _logging.Logger:
    """Return Python's logger of TensorFlow's name."""
    return _logging.getLogger("tensorflow")


DEBUG, INFO, WARN, ERROR, FATAL = 10, 20, 30, 40, 50
debug, info, warn, error = (getattr(get_logger(), n) for n in ("debug", "info", "warning", "error"))
warning, fatal, log = warn, get_logger().critical, get_logger().log


def set_verbosity(v: Any = None, alsologtostdout: Any = False, **kwargs: Any) -> None:
    """Set the level of the logger (``tf.compat.v1.logging``, ``tf.autograph``)."""
    get_logger().setLevel(ERROR if v in (None, 0) else v)


def get_verbosity() -> int:
    """Return the level of the logger."""
    return get_logger().level


def do_not_convert(func: Any = None) -> Any:
    """Return the function: none is converted."""
    return func if func is not None else lambda each: each


class OpError(Exception):
    """Base of TensorFlow's errors, none of which is raised here."""


_ERRORS = (
    "Aborted AlreadyExists Cancelled DataLoss DeadlineExceeded FailedPrecondition Internal "
    "InvalidArgument NotFound OutOfRange PermissionDenied ResourceExhausted Unauthenticated "
    "Unavailable Unimplemented Unknown"
)
globals().update(
    {
        f"{n}Error": type(f"{n}Error", (OpError,), {"__doc__": "As TensorFlow's; not raised here."})
        for n in _ERRORS.split()
    }
)
