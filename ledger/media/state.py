"""What a consumer of frames leaves for another one to go on from: arrays by name, with JSON among them. No objects."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ledger.media.frames import SampledFrame

State = dict[str, NDArray[Any]]


def as_array(value: Any) -> NDArray[np.uint8]:
    """JSON among arrays."""
    return np.frombuffer(json.dumps(value).encode(), dtype=np.uint8)


def of_array(array: NDArray[Any]) -> Any:
    """Raises ValueError when it is not JSON."""
    return json.loads(array.tobytes())


def within(name: str, state: State) -> State:
    """The state as a part of a larger one."""
    return {f"{name}/{key}": part for key, part in state.items()}


def under(name: str, whole: State) -> State:
    """The part back."""
    return {key.removeprefix(f"{name}/"): part for key, part in whole.items() if key.startswith(f"{name}/")}


def of_frames(frames: Sequence[SampledFrame]) -> State:
    """Frames with their pixels; they may differ in size."""
    times = as_array([[frame.t_ms, frame.cut] for frame in frames])
    return {"times": times, **{f"p{n}": frame.pixels for n, frame in enumerate(frames)}}


def frames_of(state: State) -> list[SampledFrame]:
    """Raises KeyError or ValueError for what `of_frames` does not write."""
    return [SampledFrame(t_ms, state[f"p{n}"], bool(cut)) for n, (t_ms, cut) in enumerate(of_array(state["times"]))]
