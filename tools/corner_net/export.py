"""Writes the averaged weights as ONNX and checks them in OpenCV (``python -m tools.corner_net.export``)."""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
import torch

from tools.corner_net.config import MODEL, WORK, load
from tools.corner_net.model import CornerNet

LARGEST = 3_000_000
"""Bytes."""
TOLERANCE = 1e-3


def export(weights: Path, target: Path, size: int, raw: bool = False) -> float:
    """Writes ``target``; returns the largest difference between PyTorch and OpenCV, relative to the largest value."""
    model = CornerNet()
    model.load_state_dict(torch.load(weights, weights_only=True)["model" if raw else "average"])
    model.eval()
    target.parent.mkdir(parents=True, exist_ok=True)
    picture = torch.rand(1, 3, size, size, generator=torch.Generator().manual_seed(1))
    torch.onnx.export(
        model,
        (picture,),
        str(target),
        dynamo=False,
        opset_version=17,
        input_names=["picture"],
        output_names=["heat", "presence"],
    )
    if target.stat().st_size > LARGEST:
        raise SystemExit(f"{target} is larger than {LARGEST} bytes")
    net = cv2.dnn.readNetFromONNX(str(target))
    net.setInput(picture.numpy())
    theirs = net.forward(["heat", "presence"])
    with torch.no_grad():
        ours = model(picture)
    return max(
        float(np.abs(a - b.numpy()).max() / max(1.0, float(b.abs().max()))) for a, b in zip(theirs, ours, strict=True)
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", default="main")
    parser.add_argument("--out", type=Path, default=MODEL)
    parser.add_argument("--raw", action="store_true", help="the latest weights instead of their average")
    arguments = parser.parse_args()
    size = load().size
    difference = export(WORK / f"{arguments.name}.pt", arguments.out, size, arguments.raw)
    if difference > TOLERANCE:
        raise SystemExit(f"OpenCV and PyTorch differ by {difference:.1e}")
    print(f"{arguments.out}: {arguments.out.stat().st_size / 1e6:.2f} MB, OpenCV differs by {difference:.1e}")


if __name__ == "__main__":
    main()
