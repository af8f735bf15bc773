"""The network: a few depthwise stages over one piece of a page; about 90,000 parameters."""

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
            nn.Conv2d(1, 24, 5, 2, 2, bias=False),
            nn.BatchNorm2d(24),
            nn.ReLU(inplace=True),
            _block(24, 48, 1),
            _block(48, 64, 2),
            _block(64, 64, 1),
            _block(64, 128, 2),
            _block(128, 128, 1),
            _block(128, 192, 2),
            _block(192, 192, 1),
        )
        self.head = nn.Conv2d(192, 4, 1)

    def forward(self, pieces: Tensor) -> Tensor:
        out: Tensor = self.head(self.body(pieces)).mean((2, 3))
        return out
