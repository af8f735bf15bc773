"""The network: a small convolutional reader of strips, without recurrence, so that OpenCV runs it at any width."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

CLASSES = 38
"""37 symbols in the order of ``contents.SYMBOLS``, then blank."""


def _unit(
    inside: int, outside: int, kernel: tuple[int, int], stride: tuple[int, int], pad: tuple[int, int]
) -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(inside, outside, kernel, stride, pad, bias=False), nn.BatchNorm2d(outside), nn.ReLU(inplace=True)
    )


class Along(nn.Module):
    """Looks along the line: each step sees ``2 * dilation`` steps on both sides."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.look = nn.Sequential(
            nn.Conv2d(channels, channels, (1, 5), padding=(0, 2 * dilation), dilation=(1, dilation), bias=False),
            nn.BatchNorm2d(channels),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels, channels, 1, bias=False),
            nn.BatchNorm2d(channels),
        )

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(x + self.look(x))


class LineNet(nn.Module):
    """Strip (n, 1, 24, width), mean 0 and deviation 1, width a multiple of 4, to (n, 40, width / 4).

    Rows 0 to 37 are logits of the classes; 38 is the line's middle below the strip's, in capital heights of 15
    pixels; 39 the logarithm of the capital's height over 15 pixels.
    """

    def __init__(self, width: int = 96) -> None:
        super().__init__()
        self.see = nn.Sequential(
            _unit(1, 16, (3, 3), (2, 2), (1, 1)),
            _unit(16, 32, (3, 3), (2, 1), (1, 1)),
            _unit(32, 48, (3, 3), (1, 2), (1, 1)),
            _unit(48, 64, (3, 3), (2, 1), (1, 1)),
            _unit(64, width, (3, 1), (1, 1), (0, 0)),
        )
        self.read = nn.Sequential(Along(width, 1), Along(width, 2), Along(width, 1))
        self.say = nn.Conv2d(width, CLASSES + 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        return torch.squeeze(self.say(self.read(self.see(x))), 2)
