"""Bar charts as SVG, readable on light and dark backgrounds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

BAR, GAP, LABEL, WIDTH, HEAD = 22, 8, 190, 640, 44
COLOURS = ("#9aa5b1", "#c2a878", "#5b8def", "#2fa36b")


def bars(title: str, panels: Mapping[str, Sequence[tuple[str, float, str]]]) -> str:
    """One panel below the other, each of bars (name, value, what is written beside it) on a scale of its own."""
    parts: list[str] = []
    top = HEAD
    for heading, rows in panels.items():
        parts.append(_text(0, top + 14, heading, weight="bold"))
        top += 26
        largest = max((value for _, value, _ in rows), default=1.0) or 1.0
        for index, (name, value, note) in enumerate(rows):
            length = (WIDTH - LABEL - 90) * value / largest
            parts.append(_text(LABEL - 8, top + BAR - 6, name, anchor="end"))
            parts.append(
                f'<rect x="{LABEL}" y="{top}" width="{max(length, 1):.1f}" height="{BAR}" rx="3" '
                f'fill="{COLOURS[index % len(COLOURS)]}"/>'
            )
            parts.append(_text(LABEL + length + 6, top + BAR - 6, note))
            top += BAR + GAP
        top += 14
    head = _text(0, 20, title, weight="bold", size=16)
    style = "text{font-family:system-ui,sans-serif;fill:#57606a}"
    frame = f'width="{WIDTH}" height="{top}" viewBox="0 0 {WIDTH} {top}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {frame} role="img">'
        f"<title>{escape(title)}</title><style>{style}</style>{head}{''.join(parts)}</svg>\n"
    )


def _text(x: float, y: float, text: str, *, anchor: str = "start", weight: str = "normal", size: int = 13) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-weight="{weight}" font-size="{size}">'
        f"{escape(text)}</text>"
    )
