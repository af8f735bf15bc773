"""Writes the averaged weights as ONNX and checks them in OpenCV (``python -m tools.mrz_net.export``)."""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np
import torch

from tools.mrz_net.config import MODEL, WORK, load
from tools.mrz_net.model import LineNet

LARGEST = 1_500_000
"""Bytes."""
TOLERANCE = 1e-3


def export(weights: Path, target: Path, height: int) -> float:
    """Writes ``target``; returns the largest difference between PyTorch and OpenCV over several widths and counts."""
    model = LineNet()
    model.load_state_dict(torch.load(weights, weights_only=True)["average"])
    model.eval()
    target.parent.mkdir(parents=True, exist_ok=True)
    torch.onnx.export(
        model,
        (torch.zeros(2, 1, height, 640),),
        str(target),
        dynamo=False,
        opset_version=17,
        input_names=["strips"],
        output_names=["steps"],
        dynamic_axes={"strips": {0: "count", 3: "width"}, "steps": {0: "count", 2: "length"}},
    )
    if target.stat().st_size > LARGEST:
        raise SystemExit(f"{target} is larger than {LARGEST} bytes")
    net = cv2.dnn.readNetFromONNX(str(target))
    worst = 0.0
    for count, width in ((2, 640), (5, 800), (1, 404), (2, 640)):
        strips = torch.randn(count, 1, height, width, generator=torch.Generator().manual_seed(1))
        net.setInput(strips.numpy())
        theirs = net.forward()
        with torch.no_grad():
            ours = model(strips).numpy()
        worst = max(worst, float(np.abs(theirs - ours).max() / max(1.0, float(np.abs(ours).max()))))
    return worst


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", default="main")
    parser.add_argument("--out", type=Path, default=MODEL)
    arguments = parser.parse_args()
    difference = export(WORK / f"{arguments.name}.pt", arguments.out, load().strip.height)
    if difference > TOLERANCE:
        raise SystemExit(f"OpenCV and PyTorch differ by {difference:.1e}")
    print(f"{arguments.out}: {arguments.out.stat().st_size / 1e6:.2f} MB, OpenCV differs by {difference:.1e}")


if __name__ == "__main__":
    main()
