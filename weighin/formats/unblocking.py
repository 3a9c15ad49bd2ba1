"""Weights whose scales are by blocks, written out as the floats that they stand for.

LiteRT's kernels without a delegate take such weights (`BlockwiseQuantization`) for others than they
are, in ai-edge-litert 2.3.0 without an error: they can confirm no other's answers on them.
"""

from __future__ import annotations

import numpy as np

from weighin.formats.graph import Graph


def has_blocks(graph: Graph) -> bool:
    """Whether a file holds weights whose scales are by blocks."""
    return any(tensor.block for tensor in graph.tensors)


def without_blocks(content: bytes, graph: Graph) -> bytes:
    """The same file with such weights as float32.

    Args:
        content: the file.
        graph: what it holds.

    Raises:
        ValueError: if there are not as many scales as blocks.
    """
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromObj(schema.Model.GetRootAs(content, 0))
    for buffer in model.buffers:
        if buffer.offset > 1:  # kept behind the FlatBuffer
            buffer.data = np.frombuffer(content, np.uint8, buffer.size, buffer.offset)
            buffer.offset = buffer.size = 0
    tensors = [tensor for subgraph in model.subgraphs for tensor in subgraph.tensors]
    for tensor, read in zip(tensors, graph.tensors, strict=True):
        if read.block:
            values = read.real().astype(np.float32)
            tensor.type, tensor.quantization = schema.TensorType.FLOAT32, None
            buffer = schema.BufferT()
            buffer.data = values.reshape(-1).view(np.uint8)
            tensor.buffer = len(model.buffers)
            model.buffers.append(buffer)
    builder = flatbuffers.Builder(len(content))
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
