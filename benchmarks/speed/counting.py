"""What a traced function computes, counted in its graph, with the functions that it calls."""

import dataclasses
import math

#: Operations that compute nothing.
FREE = {
    "Const",
    "ExpandDims",
    "Identity",
    "IdentityN",
    "NoOp",
    "Placeholder",
    "PreventGradient",
    "ReadVariableOp",
    "Reshape",
    "Squeeze",
    "StopGradient",
}
#: Operations that call functions: the attributes that name these.
CALLS = {
    "PartitionedCall": ("f",),
    "StatefulPartitionedCall": ("f",),
    "While": ("cond", "body"),
    "StatelessWhile": ("cond", "body"),
}
CONDITIONS = {"If", "StatelessIf"}


@dataclasses.dataclass(frozen=True)
class Work:
    """What is done in a step.

    Attributes:
        flops: Floating-point operations of matrix products and convolutions: a product and a sum
            are two. Nothing else is counted.
        bytes_unfused: Bytes of floats that operations read and write, if each reads all its inputs
            from memory and writes all its outputs there.
        bytes_made: Bytes of floats that matrix products and convolutions write.
        operations: How many there are with floats that they read or write.
        unknown: How many of these have an axis whose length only the run knows; they count nothing.
    """

    flops: float = 0
    bytes_unfused: float = 0
    bytes_made: float = 0
    operations: float = 0
    unknown: float = 0

    def __add__(self, other):
        pairs = zip(dataclasses.astuple(self), dataclasses.astuple(other), strict=True)
        return Work(*(a + b for a, b in pairs))

    def __mul__(self, times):
        return Work(*(times * value for value in dataclasses.astuple(self)))


def of_graph(graph, shares=()):
    """Count the work of a function's graph, without what TensorFlow drops as no one needs it.

    A loop counts as one round of it. Of a condition the dearer branch counts, as if it were always
    taken, or in the share of the runs that `shares` gives for it, in the order of the graph.
    """
    shares, needed = iter(shares), _needed(graph)
    operations = [op for op in graph.get_operations() if op in needed]
    return sum((_of_operation(op, shares) for op in operations), Work())


def _needed(graph):
    """The operations that results and changes of state depend on."""
    waiting = [*(x.op for x in graph.outputs), *graph.control_outputs]
    needed = set()
    while waiting:
        op = waiting.pop()
        if op not in needed:
            needed.add(op)
            waiting += [*(x.op for x in op.inputs), *op.control_inputs]
    return needed


def _of_operation(op, shares):
    if op.type in CALLS:
        return sum((of_graph(_function(op, name)) for name in CALLS[op.type]), Work())
    if op.type in CONDITIONS:
        branches = [of_graph(_function(op, name)) for name in ("then_branch", "else_branch")]
        cheap, dear = sorted(branches, key=lambda work: (work.flops, work.bytes_unfused))
        share = next(shares, 1)
        return dear * share + cheap * (1 - share)
    tensors = [x for x in (*op.inputs, *op.outputs) if x.dtype.is_floating]
    if op.type in FREE or not tensors:
        return Work()
    if any(x.shape.num_elements() is None for x in tensors):
        return Work(operations=1, unknown=1)
    flops = flops_of(op)
    return Work(
        flops=flops,
        bytes_unfused=sum(map(bytes_of, tensors)),
        bytes_made=sum(map(bytes_of, op.outputs)) if flops else 0,
        operations=1,
    )


def _function(op, attribute):
    return op.graph._get_function(op.get_attr(attribute).name).graph


def bytes_of(x):
    return x.shape.num_elements() * x.dtype.size if x.dtype.is_floating else 0


def flops_of(op):
    """Floating-point operations of a matrix product or a convolution; of others 0."""
    count = KINDS.get(op.type)
    return count(op) if count else 0


def _product(op):
    transposed = any(
        name in op.node_def.attr and op.get_attr(name) for name in ("transpose_a", "adj_x")
    )
    return 2 * _size(op.outputs[0]) * op.inputs[0].shape[-2 if transposed else -1]


def _einsum(op):
    """Each combination of indices is a product and a sum."""
    terms = op.get_attr("equation").decode().split("->")[0].split(",")
    lengths = {}
    for term, x in zip(terms, op.inputs, strict=True):
        lengths.update(zip(term, x.shape, strict=True))
    return 2 * math.prod(lengths.values())


def _convolution(op, small, filters):
    """Each number of the smaller side, of all positions, has a kernel's window, of one group."""
    height, width, inputs = filters[:3]
    return 2 * _size(small) * height * width * inputs


def _size(x):
    return x.shape.num_elements()


KINDS = {
    "MatMul": _product,
    "BatchMatMul": _product,
    "BatchMatMulV2": _product,
    "BatchMatMulV3": _product,
    "Einsum": _einsum,
    "Conv2D": lambda op: _convolution(op, op.outputs[0], op.inputs[1].shape),
    "Conv2DBackpropInput": lambda op: _convolution(op, op.inputs[2], op.inputs[1].shape),
    "Conv2DBackpropFilter": lambda op: _convolution(op, op.inputs[2], op.outputs[0].shape),
    "DepthwiseConv2dNative": lambda op: _depthwise(op.outputs[0], op.inputs[1].shape),
    "DepthwiseConv2dNativeBackpropInput": lambda op: _depthwise(op.inputs[2], op.inputs[1].shape),
    "DepthwiseConv2dNativeBackpropFilter": lambda op: _depthwise(op.inputs[2], op.outputs[0].shape),
}


def _depthwise(small, filters):
    """As a convolution, of one input channel for each output channel."""
    height, width = filters[:2]
    return 2 * _size(small) * height * width
