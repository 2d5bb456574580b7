"""A Keras network with the weights of a stored ONNX file: for members whose `.keras` file is not shipped.

The file is read for its numbers alone. Every operation that holds weights is met in the order of the data flow and
handed to the network's layer of the same kind and shape; the caller compares the logits of both afterwards.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from core.errors import RunError
from models.registry import model_spec

_PASSED_BY = ("Reshape", "Squeeze", "Unsqueeze", "Transpose")
_ATTENTION_PARTS = ("query", "key", "value", "attention_output")


@dataclass(frozen=True)
class OperationWeights:
    """Weights of one operation: `kind` ('conv', 'dense', 'lstm', 'gru', 'norm', 'gate' or a part of attention)."""

    kind: str
    kernel: np.ndarray
    others: tuple[np.ndarray, ...] = ()


def rebuild_from_onnx(model: str, path: Path):
    """Build the network of a key and give it the weights of an ONNX file.

    Raises
    ------
    RunError
        The file cannot be read, or holds no weights for one of the network's layers.
    """
    import onnx

    try:
        graph = onnx.load(str(path)).graph
    except Exception as error:  # onnx raises protobuf's own exceptions
        raise RunError(
            f"{path} is no readable ONNX network ({error}): restore the run folder or train again"
        ) from error
    network = model_spec(model).build()
    parts = list(_parts(graph))
    for layer in network.layers:
        if layer.get_weights():
            _give(layer, parts, path)
    if parts:
        raise RunError(f"{path} holds weights that {model} has no layer for ({parts[0].kind}): it is another network")
    return network


def _parts(graph) -> Iterator[OperationWeights]:
    constants = _constants(graph)
    users: dict[str, list] = {}
    for node in graph.node:
        for name in node.input:
            users.setdefault(name, []).append(node)
    for node in graph.node:
        known = [constants[name] for name in node.input if name in constants and constants[name].dtype.kind == "f"]
        known = [values for values in known if values.size > 1 or node.op_type == "Mul"]
        if not known:
            continue
        if node.op_type == "Conv":
            kernel = known[0].transpose(2, 3, 1, 0)  # (out, in, height, width) -> (height, width, in, out)
            bias = known[1] if len(known) > 1 else _bias(node, users, constants)
            yield OperationWeights("conv", kernel, (_flat(bias, kernel.shape[-1]),))
        elif node.op_type in ("MatMul", "Gemm"):
            bias = known[1] if len(known) > 1 else _bias(node, users, constants)
            yield OperationWeights(_matmul_kind(node.name), known[0], (_flat(bias, known[0].shape[-1]),))
        elif node.op_type == "LSTM":
            yield _lstm(known)
        elif node.op_type == "Loop":
            yield _gru(known)
        elif node.op_type == "Mul" and "scalar_gate" in node.name:
            yield OperationWeights("gate", known[0])
        elif node.op_type in ("Mul", "Add") and "layer_normalization" in node.name:
            yield OperationWeights("norm scale" if node.op_type == "Mul" else "norm shift", known[0].ravel())


def _constants(graph) -> dict[str, np.ndarray]:
    """Every constant by name, float16 ones also under the name that they are cast to."""
    from onnx import numpy_helper

    constants = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    for node in graph.node:
        if node.op_type == "Cast" and node.input[0] in constants:
            constants[node.output[0]] = constants[node.input[0]].astype(np.float32)
    return constants


def _bias(node, users: dict[str, list], constants: dict[str, np.ndarray]) -> np.ndarray | None:
    """What is added to an operation's result before anything else happens to it; None where nothing is."""
    while True:
        following = users.get(node.output[0], [])
        if len(following) != 1:
            return None
        node = following[0]
        if node.op_type == "Add":
            return next((constants[name] for name in node.input if name in constants), None)
        if node.op_type not in _PASSED_BY:
            return None


def _flat(bias: np.ndarray | None, size: int) -> np.ndarray:
    """A bias as a vector; zeros where the file has none, because a bias of zero is left out of it."""
    return np.zeros(size, dtype=np.float32) if bias is None else np.broadcast_to(bias.ravel(), (size,))


def _matmul_kind(name: str) -> str:
    scopes = name.split("/")
    found = (
        part for part in _ATTENTION_PARTS if any(scope.startswith(f"{part}_") or scope == part for scope in scopes)
    )
    return next(found, "dense")


def _lstm(known: Sequence[np.ndarray]) -> OperationWeights:
    """ONNX orders the gates i, o, f, c and has two biases, Keras i, f, c, o and one."""
    kernel, recurrent = (_keras_gates(values[0]).T for values in known[:2])
    units = recurrent.shape[0]
    bias = np.zeros(4 * units, dtype=np.float32)
    if len(known) > 2 and known[2].size == 8 * units:
        both = known[2][0]
        bias = _keras_gates((both[: 4 * units] + both[4 * units :])[:, None])[:, 0]
    return OperationWeights("lstm", kernel, (recurrent, bias))


def _keras_gates(values: np.ndarray) -> np.ndarray:
    i, o, f, c = np.split(values, 4)
    return np.concatenate([i, f, c, o])


def _gru(known: Sequence[np.ndarray]) -> OperationWeights:
    """A GRU is a loop in ONNX, handed Keras' own arrays: two kernels (., 3 units) and a bias (2, 3 units)."""
    matrices = [values for values in known if values.ndim == 2]
    bias = next((values for values in matrices if values.shape[0] == 2), None)
    kernels = [values for values in matrices if values.shape[0] != 2]
    recurrent = next(values for values in kernels if values.shape[1] == 3 * values.shape[0])
    kernel = next(values for values in kernels if values is not recurrent)
    return OperationWeights(
        "gru", kernel, (recurrent, np.zeros((2, kernel.shape[1]), np.float32) if bias is None else bias)
    )


def _give(layer, parts: list[OperationWeights], path: Path) -> None:
    """Set a layer's weights from the first fitting parts, which are taken out of the list."""
    import keras

    shapes = [values.shape for values in layer.get_weights()]
    if isinstance(layer, keras.layers.Conv1D):
        part = _take(parts, "conv", (1, *shapes[0]), path, layer)
        layer.set_weights([part.kernel[0], *part.others])
    elif isinstance(layer, keras.layers.Conv2D):
        part = _take(parts, "conv", shapes[0], path, layer)
        layer.set_weights([part.kernel, *part.others])
    elif isinstance(layer, keras.layers.Dense | keras.layers.LSTM | keras.layers.GRU):
        kind = type(layer).__name__.lower()
        part = _take(parts, kind, shapes[0], path, layer)
        layer.set_weights([part.kernel, *part.others])
    elif isinstance(layer, keras.layers.LayerNormalization):
        scale = _take(parts, "norm scale", shapes[0], path, layer, np.ones(shapes[0], np.float32))
        shift = _take(parts, "norm shift", shapes[0], path, layer, np.zeros(shapes[0], np.float32))
        layer.set_weights([scale.kernel, shift.kernel])
    elif isinstance(layer, keras.layers.MultiHeadAttention):
        _give_attention(layer, parts, path)
    else:  # the gate of the attention; one of zero leaves the whole branch out of the file
        layer.set_weights([_take(parts, "gate", shapes[0], path, layer, np.zeros(shapes[0], np.float32)).kernel])


def _give_attention(layer, parts: list[OperationWeights], path: Path) -> None:
    if not any(part.kind in _ATTENTION_PARTS for part in parts):
        return  # its gate is shut: whatever its weights are, they do nothing
    weights = []
    for name, kernel, bias in zip(
        ("query", "key", "value", "attention_output"), layer.weights[::2], layer.weights[1::2], strict=True
    ):
        size = int(np.prod(kernel.shape))
        part = next((part for part in parts if part.kind == name and part.kernel.size == size), None)
        if part is None:
            raise RunError(f"{path} holds no weights for {layer.name} ({name}): it is another network; train again")
        parts.remove(part)
        weights += [part.kernel.reshape(kernel.shape), part.others[0].reshape(bias.shape)]
    layer.set_weights(weights)


def _take(
    parts: list[OperationWeights], kind: str, shape, path: Path, layer, default: np.ndarray | None = None
) -> OperationWeights:
    for number, part in enumerate(parts):
        if part.kind == kind and part.kernel.shape == tuple(shape):
            return parts.pop(number)
    if default is not None:
        return OperationWeights(kind, default)
    raise RunError(f"{path} holds no weights for {layer.name} {tuple(shape)}: it is another network; train again")
