"""The network: a few depthwise stages over one piece of a page; about 70,000 parameters."""

from __future__ import annotations

from torch import Tensor, nn


def _block(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, inputs, 3, stride, 1, groups=inputs, bias=False),
        nn.BatchNorm2d(inputs),
        nn.ReLU(inplace=True),
        nn.Conv2d(inputs, outputs, 1, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class UprightNet(nn.Module):
    """Pieces (N, 1, 96, 96), 1 is ink, to logits (N, 4): turned counter-clockwise by 0, 90, 180, 270 degrees."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(1, 16, 5, 2, 2, bias=False),
            nn.BatchNorm2d(16),
            nn.ReLU(inplace=True),
            _block(16, 32, 2),
            _block(32, 64, 1),
            _block(64, 96, 2),
            _block(96, 96, 1),
            _block(96, 160, 2),
            _block(160, 160, 1),
        )
        self.head = nn.Conv2d(160, 4, 1)

    def forward(self, pieces: Tensor) -> Tensor:
        out: Tensor = self.head(self.body(pieces)).mean((2, 3))
        return out
