"""The weighted mean of two exported sets of weights: ``python -m tools.corner_net.mix OLD NEW SHARE [--lift 0]``.

Weights that were trained further lie in the same valley as those they began with; between the two a network is often
better than at either end (Wortsman 2022). ``--lift`` is added to the presence logit: training shows scenes without a
page, and hard ones, far more often than they occur, so its 0.5 is not the place to divide at.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import onnx
from onnx import numpy_helper

from tools.corner_net.config import MODEL


def mixed(old: onnx.ModelProto, new: onnx.ModelProto, share: float) -> onnx.ModelProto:
    """``old`` with its weights moved towards ``new`` by ``share``. Raises ValueError where they are two networks."""
    result = onnx.ModelProto()
    result.CopyFrom(old)
    others = {t.name: numpy_helper.to_array(t) for t in new.graph.initializer}
    for tensor in result.graph.initializer:
        weights = numpy_helper.to_array(tensor)
        other = others.get(tensor.name)
        if other is None or other.shape != weights.shape:
            raise ValueError(f"{tensor.name} is not in both files")
        if weights.dtype.kind == "f":
            mean = (1 - share) * weights + share * other
            tensor.CopyFrom(numpy_helper.from_array(mean.astype(weights.dtype), tensor.name))
    return result


def lift(model: onnx.ModelProto, by: float) -> None:
    """Adds ``by`` to the presence logit."""
    (last,) = (n for n in model.graph.node if "presence" in n.output)
    (bias,) = (t for t in model.graph.initializer if t.name == last.input[2])
    bias.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(bias) + np.float32(by), bias.name))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("share", type=float, help="0 is OLD, 1 is NEW")
    parser.add_argument("--out", type=Path, default=MODEL)
    parser.add_argument("--lift", type=float, default=0.0)
    arguments = parser.parse_args()
    result = mixed(onnx.load(str(arguments.old)), onnx.load(str(arguments.new)), arguments.share)
    lift(result, arguments.lift)
    onnx.save(result, str(arguments.out))


if __name__ == "__main__":
    main()
