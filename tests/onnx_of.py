"""A tiny ONNX model, written as bytes: the mean colour of each of 4 x 4 parts of a picture. Nobody's weights."""

from __future__ import annotations


def _number(value: int) -> bytes:
    """A protobuf varint."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _field(number: int, value: int | str | bytes) -> bytes:
    if isinstance(value, int):
        return _number(number << 3) + _number(value)
    raw = value.encode() if isinstance(value, str) else value
    return _number(number << 3 | 2) + _number(len(raw)) + raw


def _ints(name: str, *values: int) -> bytes:
    """AttributeProto of type INTS."""
    return _field(5, _field(1, name) + b"".join(_field(8, value) for value in values) + _field(20, 7))


def _tensor(name: str, *sides: int) -> bytes:
    """ValueInfoProto of a float tensor."""
    shape = b"".join(_field(1, _field(1, side)) for side in sides)
    return _field(1, name) + _field(2, _field(1, _field(1, 1) + _field(2, shape)))


def layout_model(side_px: int = 32, channels: int = 3) -> bytes:
    """ModelProto: AveragePool over quarters of each side."""
    part = side_px // 4
    node = _field(1, "picture") + _field(2, "parts") + _field(4, "AveragePool")
    node += _ints("kernel_shape", part, part) + _ints("strides", part, part)
    graph = _field(1, node) + _field(2, "layout")
    graph += _field(11, _tensor("picture", 1, channels, side_px, side_px)) + _field(
        12, _tensor("parts", 1, channels, 4, 4)
    )
    return _field(1, 8) + _field(7, graph) + _field(8, _field(2, 13))
