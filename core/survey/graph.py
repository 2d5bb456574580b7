"""Graphs of trained networks, made quicker without a change of what they compute.

Members side by side, convolutions in one layout, no products with numbers that are always zero.
"""

from pathlib import Path
from typing import Any

import numpy as np

_ALONG = 2
"""The axis that the exporter adds for a convolution along the spectrum, and takes away again after it."""
_ELEMENTWISE = ("Add", "Mul", "LeakyRelu", "Relu")


def load_member(path: str | Path) -> Any:
    """An ONNX network with constants in float32 and convolutions that follow each other in one layout."""
    import onnx

    model = onnx.load(str(path))
    _unfold_constants(model.graph)
    _keep_layout(model.graph)
    return model


def without_zero_inputs(model: Any, n_used: int) -> bool:
    """Drop the inputs of `flux` from number `n_used` on, which are zero for every star.

    Done, and True, only where the first layer is dense; elsewhere the network is left as it is.
    """
    from onnx import numpy_helper

    graph = model.graph
    users = [node for node in graph.node if "flux" in node.input]
    if len(users) != 1 or users[0].op_type != "MatMul" or users[0].input[0] != "flux":
        return False
    weights = next((item for item in graph.initializer if item.name == users[0].input[1]), None)
    if weights is None:
        return False
    weights.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(weights)[:n_used].copy(), weights.name))
    flux = next(item for item in graph.input if item.name == "flux")
    flux.type.tensor_type.shape.dim[1].dim_value = n_used
    del graph.value_info[:]
    return True


def fuse(members: list[Any]) -> Any:
    """One ONNX model with the members' nodes side by side: shared inputs, output `logits` (n_stars, n_members)."""
    from onnx import TensorProto, compose, helper

    first = members[0]
    shared = {item.name for item in first.graph.input}
    nodes, initialisers, functions = [], [], []
    for number, loaded in enumerate(members):
        member = compose.add_prefix(loaded, f"m{number}_")
        back = {f"m{number}_{name}": name for name in shared}
        for node in member.graph.node:
            renamed = [back.get(name, name) for name in node.input]
            del node.input[:]
            node.input.extend(renamed)
        nodes += member.graph.node
        initialisers += member.graph.initializer
        functions += member.functions
    outputs = [f"m{number}_logit" for number in range(len(members))]
    nodes.append(helper.make_node("Concat", outputs, ["logits"], axis=1))
    result = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n_stars", len(members)])
    graph = helper.make_graph(nodes, "ensemble", list(first.graph.input), [result], initialisers)
    return helper.make_model(
        graph, opset_imports=list(first.opset_import), ir_version=first.ir_version, functions=functions
    )


def _unfold_constants(graph: Any) -> None:
    """Weights that are stored in half precision become float32 ones; the casts that did so at every start go."""
    from onnx import TensorProto, numpy_helper

    stored = {item.name: item for item in graph.initializer}
    for node in list(graph.node):
        if node.op_type == "Cast" and node.input[0] in stored and node.attribute[0].i == TensorProto.FLOAT:
            half = stored[node.input[0]]
            values = numpy_helper.to_array(half).astype(np.float32)
            graph.initializer.remove(half)
            graph.initializer.append(numpy_helper.from_array(values, node.output[0]))
            graph.node.remove(node)


def _keep_layout(graph: Any) -> None:
    """Between two convolutions along the spectrum the exporter squeezes the added axis out and puts it in again.

    Nothing but bias and activation lies between, which are the same in either layout. Without the detour ONNX Runtime
    fuses them into the convolution and keeps its blocked layout: twice as fast.
    """
    from onnx import numpy_helper

    constants = {item.name: numpy_helper.to_array(item) for item in graph.initializer}
    for squeeze in [node for node in graph.node if _reshapes(node, "Squeeze", constants)]:
        between, unsqueeze = _path_to_unsqueeze(graph, squeeze, constants)
        if unsqueeze is None:
            continue
        for node in between:
            for place, name in enumerate(node.input):
                if name in constants and constants[name].ndim > 1:
                    node.input[place] = _with_axis(graph, constants, name)
        _replace_input(graph, squeeze.output[0], squeeze.input[0])
        _replace_input(graph, unsqueeze.output[0], unsqueeze.input[0])
        graph.node.remove(squeeze)
        graph.node.remove(unsqueeze)
    del graph.value_info[:]  # shapes of the old layout


def _reshapes(node: Any, kind: str, constants: dict[str, np.ndarray]) -> bool:
    if node.op_type != kind or len(node.input) < 2 or node.input[1] not in constants:
        return False
    return constants[node.input[1]].tolist() == [_ALONG]


def _path_to_unsqueeze(graph: Any, squeeze: Any, constants: dict[str, np.ndarray]) -> tuple[list[Any], Any | None]:
    """The elementwise nodes from a squeeze to its only unsqueeze; None where the way parts or does anything else."""
    between: list[Any] = []
    name = squeeze.output[0]
    results = {item.name for item in graph.output}
    while True:
        users = [node for node in graph.node if name in node.input]
        if len(users) != 1 or name in results:
            return between, None
        (node,) = users
        if _reshapes(node, "Unsqueeze", constants):
            return between, node
        others = [other for other in node.input if other != name]
        simple = node.op_type in _ELEMENTWISE and len(node.input) - len(others) == 1
        if not simple or any(other not in constants or constants[other].ndim > 3 for other in others):
            return between, None
        between.append(node)
        name = node.output[0]


def _with_axis(graph: Any, constants: dict[str, np.ndarray], name: str) -> str:
    """A constant of shape (..., n_channels, n_places) with the added axis: (..., n_channels, 1, n_places)."""
    from onnx import numpy_helper

    added = f"{name}_in_4d"
    if added not in constants:
        constants[added] = np.expand_dims(constants[name], -2)
        graph.initializer.append(numpy_helper.from_array(constants[added], added))
    return added


def _replace_input(graph: Any, old: str, new: str) -> None:
    for node in graph.node:
        for place, name in enumerate(node.input):
            if name == old:
                node.input[place] = new
