"""Is the output a free logit, or squeezed by an activation?"""

from core.audit.evidence import Evidence
from core.audit.finding import Finding, failed, passed

_ACTIVATIONS = {"LeakyRelu", "Relu", "PRelu", "Elu", "Selu", "Tanh", "Sigmoid", "Softplus", "Clip", "Softmax", "Max"}
_TRANSPARENT = {"Identity", "Reshape", "Squeeze", "Unsqueeze", "Cast"}


def check(evidence: Evidence) -> Finding:
    """The last operation of each member's graph: a sum or a product, no activation."""
    import onnx

    found = []
    for file in evidence.ensemble.files:
        graph = onnx.load(str(file), load_external_data=False).graph
        found.append(_last_operation(graph))
    bad = sorted(set(found) & _ACTIVATIONS)
    numbers = {"last_operations": sorted(set(found))}
    if bad:
        text = f"The output of {sum(name in bad for name in found)} members goes through {', '.join(bad)}: "
        return failed(f"{text}logits of one sign are squeezed, and with them the odds of those stars.", **numbers)
    return passed(f"The output is linear in the last layer ({', '.join(sorted(set(found)))}).", **numbers)


def _last_operation(graph) -> str:
    """Type of the node that makes the output, renamings and reshapes passed over."""
    maker = {name: node for node in graph.node for name in node.output}
    name = graph.output[0].name
    while name in maker and maker[name].op_type in _TRANSPARENT:
        name = maker[name].input[0]
    return maker[name].op_type if name in maker else "input"
