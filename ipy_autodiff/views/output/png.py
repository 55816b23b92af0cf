"""Turn a drawn graph into a PNG, with the fonts of this machine.

By resvg, whose Python package has wheels for Linux (glibc and musl), macOS and Windows, on ARM too, and for
free-threaded builds. It reads neither custom properties nor media queries nor generic font families, so the picture's
style is written out first.
"""

from __future__ import annotations

import re
from html import unescape

from ipy_autodiff.messages import say

__all__ = ["png"]

_ZOOM = 2.0
_PROPORTIONAL = (
    '"DejaVu Sans","Segoe UI",Arial,Helvetica,"Helvetica Neue","Liberation Sans","Noto Sans",Roboto,Ubuntu,Cantarell,'
    '"Noto Sans CJK KR","Noto Sans KR","Malgun Gothic","Apple SD Gothic Neo",NanumGothic,"Noto Sans CJK JP",Meiryo,'
    '"Yu Gothic","Hiragino Sans",Verdana,Tahoma,FreeSans,"Nimbus Sans"'
)
_MONOSPACED = '"Liberation Mono","Noto Sans Mono","Ubuntu Mono","Courier New",FreeMono,D2Coding,NanumGothicCoding'
_FAMILIES = {"sans-serif": _PROPORTIONAL, "monospace": f"{_MONOSPACED},{_PROPORTIONAL}"}
_FAMILY = re.compile(r"(?<![\w-])(sans-serif|monospace)(?![\w-])")
_DEFINED = re.compile(r"(--[\w-]+):([^;{}]+)[;}]")
_USED = re.compile(r"var\((--[\w-]+)(?:,([^()]*))?\)")
_FOR_SOME = re.compile(r"@media[^{]*\{(?:[^{}]*\{[^{}]*\})*[^{}]*\}")
_TEXT = re.compile(r"<text[^>]*>([^<]*)</text>")


def png(svg: str) -> bytes:
    """The picture at twice its size, on white.

    Raises ImportError where the extra ``png`` is not installed, and RuntimeError where no font of this machine has the
    picture's letters.
    """
    try:
        import resvg_py
    except ImportError as error:
        raise ImportError(say("views.png-extra", known=".svg, .html, .dot")) from error

    def rendered(source: str) -> bytes:
        return bytes(resvg_py.svg_to_bytes(svg_string=source, background="white", zoom=_ZOOM))

    texts = "".join(unescape(text) for text in _TEXT.findall(svg))
    for letters in ("".join(filter(str.isascii, texts)), "".join(letter for letter in texts if not letter.isascii())):
        if letters.strip() and rendered(_sample(letters)) == rendered(_sample("")):
            raise RuntimeError(say("views.png-fonts", letters="".join(dict.fromkeys(letters))[:20]))
    return rendered(_written_out(svg))


def _sample(letters: str) -> str:
    """A picture of some letters, each once."""
    escaped = "".join(f"&#{ord(letter)};" for letter in dict.fromkeys(letters) if letter.isprintable())
    style = f"<style>text{{font:20px {_PROPORTIONAL}}}</style>"
    size = 'width="400" height="40"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{style}<text y="30">{escaped}</text></svg>'


def _written_out(svg: str) -> str:
    """The picture with the values of its custom properties in their places."""
    start, end = svg.index("<style>"), svg.index("</style>")
    style = _FOR_SOME.sub("", svg[start:end])
    known = dict(_DEFINED.findall(style))

    def value(found: re.Match[str]) -> str:
        return str(known.get(found[1], found[2] or ""))

    while (resolved := _USED.sub(value, style)) != style:
        style = resolved
    style = _FAMILY.sub(lambda found: _FAMILIES[found[1]], _DEFINED.sub("", style))
    return svg[:start] + style + svg[end:]
