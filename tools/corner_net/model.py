"""The network: a MobileNetV2-like trunk, a top-down neck and one heat map for each corner.

The neck works on a frame that is larger than the picture by an eighth on every side, so that a corner which lies a
little outside of the picture still has a cell of its own. Corners are read from heat maps, never regressed:
coordinate regression loses 2 to 6 points of IoU on this task (SmartDoc 2015, DocAligner's published comparison).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

STRIDES = (4, 8, 16, 32)


@dataclass(frozen=True)
class Shape:
    """Sizes of the network. ``trunk`` holds (channels, blocks, expansion) of strides 4, 8, 16 and 32."""

    stem: int = 16
    trunk: tuple[tuple[int, int, int], ...] = ((24, 1, 2), (32, 3, 4), (64, 4, 4), (112, 3, 4))
    neck: int = 32


def conv(inputs: int, outputs: int, kernel: int = 1, stride: int = 1, groups: int = 1, act: bool = True) -> nn.Module:
    """Convolution, batch norm and, if ``act``, ReLU; (N, inputs, H, W) to (N, outputs, H/stride, W/stride)."""
    layers: list[nn.Module] = [
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, groups=groups, bias=False),
        nn.BatchNorm2d(outputs, momentum=0.03),
    ]
    if act:
        layers.append(nn.ReLU(inplace=True))
    return nn.Sequential(*layers)


class Inverted(nn.Module):
    """Inverted residual: widen, depthwise ``kernel``, narrow (Sandler 2018)."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int, kernel: int = 3) -> None:
        super().__init__()
        wide = inputs * expansion
        self.same = stride == 1 and inputs == outputs
        self.body = nn.Sequential(
            conv(inputs, wide) if expansion > 1 else nn.Identity(),
            conv(wide, wide, kernel, stride, groups=wide),
            conv(wide, outputs, act=False),
        )

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.body(x)
        return x + y if self.same else y


class Fused(nn.Module):
    """The same with a full convolution in place of widen and depthwise: faster where channels are few (Tan 2021)."""

    def __init__(self, inputs: int, outputs: int, stride: int, expansion: int) -> None:
        super().__init__()
        self.same = stride == 1 and inputs == outputs
        wide = inputs * expansion
        self.body = nn.Sequential(conv(inputs, wide, 3, stride), conv(wide, outputs, act=False))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.body(x)
        return x + y if self.same else y


class CornerNet(nn.Module):
    """Picture (N, 3, 256, 256), RGB in 0..1, to heat logits (N, 4, 80, 80) and presence logits (N, 1)."""

    def __init__(self, shape: Shape | None = None) -> None:
        super().__init__()
        s = shape or Shape()
        self.stem = conv(3, s.stem, 3, 2)
        stages: list[nn.Module] = []
        channels = s.stem
        for level, (outputs, blocks, expansion) in enumerate(s.trunk):
            kernel = 5 if level >= 2 else 3
            stage: list[nn.Module] = []
            for b in range(blocks):
                stride = 2 if b == 0 else 1
                if level == 0:
                    stage.append(Fused(channels, outputs, stride, expansion))
                else:
                    stage.append(Inverted(channels, outputs, stride, expansion, kernel))
                channels = outputs
            stages.append(nn.Sequential(*stage))
        self.stages = nn.ModuleList(stages)
        self.laterals = nn.ModuleList(nn.Conv2d(c, s.neck, 1) for c, _, _ in s.trunk)
        self.mixes = nn.ModuleList(
            Inverted(s.neck, s.neck, 1, 2, 5) if i else nn.Identity() for i in range(len(s.trunk))
        )
        self.whole = conv(channels, s.neck)
        # No batch norm at the finest level: it would cost a fifth of the training time there and gains nothing.
        self.heat = nn.Sequential(
            nn.Conv2d(s.neck, s.neck, 3, padding=1, groups=s.neck),
            nn.Conv2d(s.neck, s.neck, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(s.neck, s.neck, 3, padding=1, groups=s.neck),
            nn.Conv2d(s.neck, s.neck, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(s.neck, 4, 1),
        )
        self.presence = nn.Sequential(nn.Linear(channels, 64), nn.ReLU(inplace=True), nn.Linear(64, 1))

    def forward(self, picture: Tensor) -> tuple[Tensor, Tensor]:
        x = self.stem(picture)
        levels: list[Tensor] = []
        for stage in self.stages:
            x = stage(x)
            levels.append(x)
        pooled = functional.adaptive_avg_pool2d(x, 1)
        presence = self.presence(torch.flatten(pooled, 1))
        up: Tensor | None = None
        for i in reversed(range(len(levels))):
            margin = 32 // STRIDES[i]
            side = functional.pad(self.laterals[i](levels[i]), (margin, margin, margin, margin))
            side = side + (
                self.whole(pooled) if up is None else functional.interpolate(up, scale_factor=2.0, mode="nearest")
            )
            up = self.mixes[i](side)
        return self.heat(up), presence
