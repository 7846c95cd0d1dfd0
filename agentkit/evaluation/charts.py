"""Plots as SVG, readable on light and dark backgrounds; the page's style sheet says how the classes look."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from statistics import median

from agentkit.evaluation.figures import Share

COLOURS = ("#4477aa", "#ee6677", "#228833", "#ccbb44", "#66ccee", "#aa3377", "#888888")
"""Paul Tol's bright palette, which colour-blind people can tell apart."""

WIDTH, LABEL, RIGHT, BAR, GAP = 720, 170, 70, 16, 5


def shares(groups: Mapping[str, Mapping[str, Share | None]]) -> str:
    """Bars from 0 to 100% with their 95% intervals: a group for each kind of share, in it a bar for each variant."""
    parts: list[str] = []
    top = 6.0
    for heading, bars in groups.items():
        parts.append(_text(0, top + 12, heading, "strong"))
        top += 20
        for index, (name, share) in enumerate(bars.items()):
            parts.append(_text(LABEL - 8, top + BAR - 4, name, anchor="end"))
            if share is None:
                parts.append(_text(LABEL, top + BAR - 4, "nothing to judge", "faint"))
            else:
                parts += _bar(top, share, colour(index))
            top += BAR + GAP
        top += 10
    return _svg(top, "Shares by variant", parts)


def dots(values: Mapping[str, Sequence[float]], unit: str) -> str:
    """A row of dots for each variant, one for each run, and a line at their median."""
    parts: list[str] = []
    largest = max((value for row in values.values() for value in row), default=0.0) or 1.0
    span, top = WIDTH - LABEL - RIGHT, 6.0
    for index, (name, row) in enumerate(values.items()):
        parts.append(_text(LABEL - 8, top + 15, name, anchor="end"))
        parts.append(f'<line class="axis" x1="{LABEL}" x2="{LABEL + span}" y1="{top + 20}" y2="{top + 20}"/>')
        for number, value in enumerate(row):
            x, y = LABEL + span * value / largest, top + 4 + number * 7 % 13
            label = escape(f"{value:.4g} {unit}")
            parts.append(
                f'<circle cx="{x:.1f}" cy="{y}" r="3" fill="{colour(index)}" fill-opacity="0.55">'
                f"<title>{label}</title></circle>"
            )
        if row:
            middle = median(row)
            x = LABEL + span * middle / largest
            parts.append(f'<line class="median" x1="{x:.1f}" x2="{x:.1f}" y1="{top}" y2="{top + 20}"/>')
            parts.append(_text(LABEL + span + 8, top + 15, f"{middle:.4g}"))
        top += 30
    parts += [
        _text(LABEL, top + 8, "0", "faint"),
        _text(LABEL + span, top + 8, f"{largest:.4g} {unit}", "faint", "end"),
    ]
    return _svg(top + 14, f"{unit} by variant", parts)


def colour(index: int) -> str:
    """The colour of a variant."""
    return COLOURS[index % len(COLOURS)]


def _bar(top: float, share: Share, fill: str) -> list[str]:
    span = WIDTH - LABEL - RIGHT
    low, high = (LABEL + span * end for end in share.interval)
    middle = top + BAR / 2
    interval = f"M{low:.1f} {middle}H{high:.1f}M{low:.1f} {middle - 4}v8M{high:.1f} {middle - 4}v8"
    return [
        f'<rect class="track" x="{LABEL}" y="{top}" width="{span}" height="{BAR}"/>',
        f'<rect x="{LABEL}" y="{top}" width="{span * share.value:.1f}" height="{BAR}" fill="{fill}">'
        f"<title>{share.count} of {share.of}</title></rect>",
        f'<path class="interval" d="{interval}"/>',
        _text(LABEL + span + 8, top + BAR - 4, str(share)),
    ]


def _svg(height: float, title: str, parts: Sequence[str]) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" role="img">'
        f"<title>{escape(title)}</title>{''.join(parts)}</svg>"
    )


def _text(x: float, y: float, text: str, kind: str = "", anchor: str = "start") -> str:
    return f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>'
