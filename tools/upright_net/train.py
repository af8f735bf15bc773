"""``python -m tools.upright_net.train``: renders, trains, tests on fonts it has not seen, writes the ONNX file.

Needs PyTorch (the extra ``train``). Checkpoint: ``var/upright_net/state.pt``; a second call goes on from it.
"""

from __future__ import annotations

import argparse
import multiprocessing
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from tools.upright_net.lines import HIGH, WIDE, Source, normalised

ROOT = Path(__file__).parents[2]
STATE = ROOT / "var" / "upright_net" / "state.pt"
WEIGHTS = ROOT / "assets" / "models" / "upright_lines.onnx"
BATCH = 128


class Net(nn.Module):
    """About 60,000 parameters. One logit a piece: positive is the right way up."""

    def __init__(self) -> None:
        super().__init__()

        def block(i: int, o: int, stride: tuple[int, int]) -> nn.Sequential:
            return nn.Sequential(
                nn.Conv2d(i, i, 3, stride, 1, groups=i, bias=False),
                nn.BatchNorm2d(i),
                nn.Conv2d(i, o, 1, bias=False),
                nn.BatchNorm2d(o),
                nn.ReLU(),
            )

        self.body = nn.Sequential(
            nn.Conv2d(1, 24, 3, (1, 2), 1, bias=False),
            nn.BatchNorm2d(24),
            nn.ReLU(),
            block(24, 48, (2, 2)),
            block(48, 64, (1, 1)),
            block(64, 96, (2, 2)),
            block(96, 96, (1, 1)),
            block(96, 128, (2, 2)),
            block(128, 128, (1, 1)),
        )
        self.head = nn.Conv2d(128, 1, (4, 1))

    def forward(self, lines: Tensor) -> Tensor:
        seen: Tensor = self.head(self.body(lines))
        return seen.mean(3).flatten(1)


def batch(seed: int, held_out: bool = False) -> tuple[np.ndarray, np.ndarray]:
    """Pieces (BATCH, 1, HIGH, WIDE), half of them turned by 180 degrees, and 1 for the right way up."""
    source = _sources.setdefault(held_out, Source(seed, held_out=held_out))
    source.chance = np.random.default_rng(seed)
    pieces = np.stack([normalised(source.piece()) for _ in range(BATCH)])
    upright = source.chance.random(BATCH) < 0.5
    pieces[~upright] = pieces[~upright][:, ::-1, ::-1]
    return pieces[:, None].astype(np.float32), upright.astype(np.float32)


_sources: dict[bool, Source] = {}


def main() -> None:
    """Train up to ``--steps``, print the share of held-out pieces that are judged right, export."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    torch.manual_seed(1)
    net = Net()
    optimiser = torch.optim.AdamW(net.parameters(), 2e-3, weight_decay=1e-4)
    start = 0
    if STATE.exists():
        saved = torch.load(STATE)
        net.load_state_dict(saved["net"])
        optimiser.load_state_dict(saved["optimiser"])
        start = saved["step"]
    STATE.parent.mkdir(parents=True, exist_ok=True)
    with multiprocessing.get_context("spawn").Pool(options.workers) as pool:
        for step, (pieces, upright) in enumerate(pool.imap(batch, range(start, options.steps)), start):
            for group in optimiser.param_groups:
                group["lr"] = 2e-3 * 0.5 * (1 + np.cos(np.pi * step / options.steps)) + 1e-5
            loss = functional.binary_cross_entropy_with_logits(
                net(torch.from_numpy(pieces))[:, 0], torch.from_numpy(upright)
            )
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            if step % 100 == 99:
                torch.save({"net": net.state_dict(), "optimiser": optimiser.state_dict(), "step": step + 1}, STATE)
                print(f"step {step + 1} loss {loss.item():.4f} held out {test(net):.4f}", flush=True)
    export(net)


def test(net: Net, batches: int = 8) -> float:
    """Share of pieces in fonts never trained on that are judged right."""
    net.eval()
    right = 0.0
    with torch.no_grad():
        for n in range(batches):
            pieces, upright = batch(10**6 + n, held_out=True)
            right += float(((net(torch.from_numpy(pieces))[:, 0] > 0).numpy() == (upright > 0.5)).mean())
    net.train()
    return right / batches


def export(net: Net) -> None:
    """Write the ONNX file, and check that OpenCV gives the same."""
    net.eval()
    WEIGHTS.parent.mkdir(exist_ok=True)
    example = torch.rand(4, 1, HIGH, WIDE)
    torch.onnx.export(
        net,
        (example,),
        str(WEIGHTS),
        input_names=["lines"],
        output_names=["upright"],
        dynamic_axes={"lines": {0: "n"}, "upright": {0: "n"}},
        opset_version=17,
        dynamo=False,
    )
    seen = cv2.dnn.readNetFromONNX(str(WEIGHTS))
    seen.setInput(example.numpy())
    with torch.no_grad():
        difference = float(np.abs(seen.forward() - net(example).numpy()).max())
    print(f"{WEIGHTS.name}: {WEIGHTS.stat().st_size} bytes, differs from OpenCV by {difference:.1e}")


if __name__ == "__main__":
    main()
