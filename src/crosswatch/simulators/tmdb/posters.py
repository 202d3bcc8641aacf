"""Posters drawn from a title and a colour as PNG, with nothing but the standard library."""

from __future__ import annotations

import colorsys
import functools
import itertools
import math
import struct
import unicodedata
import zlib

from crosswatch.simulators.tmdb.catalogue import stable_number

_STROKES = {
    "A": "0,10 3,0 6,10;1.2,6.6 4.8,6.6",
    "B": "0,0 0,10 4.5,10 6,8.5 6,6.5 4.7,5 0,5;4.7,5 5.6,4 5.6,1.4 4.2,0 0,0",
    "C": "6,2 4,0 2,0 0,2 0,8 2,10 4,10 6,8",
    "D": "0,0 0,10 4,10 6,8 6,2 4,0 0,0",
    "E": "5.4,0 0,0 0,10 5.4,10;0,5 4.6,5",
    "F": "5.4,0 0,0 0,10;0,5 4.6,5",
    "G": "6,2 4,0 2,0 0,2 0,8 2,10 4,10 6,8 6,5.4 3.4,5.4",
    "H": "0,0 0,10;6,0 6,10;0,5 6,5",
    "I": "0,0 0,10",
    "J": "4.6,0 4.6,8 3,10 1.6,10 0,8.4",
    "K": "0,0 0,10;5.6,0 0,5.6;2,3.8 6,10",
    "L": "0,0 0,10 5,10",
    "M": "0,10 0,0 3.5,6 7,0 7,10",
    "N": "0,10 0,0 6,10 6,0",
    "O": "2,0 4,0 6,2 6,8 4,10 2,10 0,8 0,2 2,0",
    "P": "0,10 0,0 4.4,0 6,1.6 6,4 4.4,5.6 0,5.6",
    "Q": "2,0 4,0 6,2 6,8 4,10 2,10 0,8 0,2 2,0;3.8,7.4 6.4,10.4",
    "R": "0,10 0,0 4.4,0 6,1.6 6,4 4.4,5.4 0,5.4;3,5.4 6,10",
    "S": "5.8,1.6 4.2,0 1.8,0 0.2,1.6 0.2,3.4 1.6,4.8 4.6,5.2 6,6.6 6,8.4 4.4,10 1.6,10 0,8.4",
    "T": "0,0 6,0;3,0 3,10",
    "U": "0,0 0,8 2,10 4,10 6,8 6,0",
    "V": "0,0 3,10 6,0",
    "W": "0,0 2,10 4.2,2 6.4,10 8.4,0",
    "X": "0,0 6,10;6,0 0,10",
    "Y": "0,0 3,5 6,0;3,5 3,10",
    "Z": "0,0 6,0 0,10 6,10",
    "0": "2,0 4,0 5.6,2 5.6,8 4,10 2,10 0.2,8 0.2,2 2,0",
    "1": "0,2 2,0 2,10",
    "2": "0.2,2 2,0 4,0 5.6,1.6 5.6,3.6 0,10 5.8,10",
    "3": "0.2,1.6 1.8,0 4,0 5.4,1.4 5.4,3.4 4,4.8 2.4,4.8;4,4.8 5.8,6.4 5.8,8.2 4.2,10 1.6,10 0,8.4",
    "4": "4.4,10 4.4,0 0,6.8 6,6.8",
    "5": "5.4,0 0.8,0 0.4,4.4 3.8,4.2 5.8,6 5.8,8.2 4.2,10 1.6,10 0,8.6",
    "6": "5.4,1.4 4,0 2,0 0.2,2 0.2,8 2,10 4,10 5.8,8.2 5.8,6.2 4.2,4.6 2,4.6 0.2,6.2",
    "7": "0,0 5.8,0 2,10",
    "8": "1.8,4.8 0.4,3.4 0.4,1.4 1.8,0 4.2,0 5.6,1.4 5.6,3.4 4.2,4.8 1.8,4.8;"
    "1.8,4.8 0,6.4 0,8.4 1.6,10 4.4,10 6,8.4 6,6.4 4.2,4.8",
    "9": "5.8,3.8 4,5.4 1.8,5.4 0.2,3.8 0.2,1.8 1.8,0 4,0 5.8,2 5.8,8 4,10 2,10 0.6,8.8",
    "&": "6.4,10 1.4,3.4 1.2,1.4 2.4,0 3.8,0.2 4.4,1.6 4,3 0.8,5.4 0,7.4 0.6,9 2.2,10 4,9.6 6.2,6",
    "-": "0,5.4 3.6,5.4",
    "'": "0,0 0,2.4",
    "!": "0,0 0,6.8;0,9.8 0,10",
    "?": "0,1.8 1.8,0 3.6,0 5.2,1.6 5.2,3 2.6,5.4 2.6,6.8;2.6,9.8 2.6,10",
    ".": "0,9.8 0,10",
    ",": "0.6,9.6 0,11.6",
    ":": "0,3 0,3.2;0,9 0,9.2",
    "/": "4.6,0 0,10",
}
_GAP = 2.6
_SPACE = 3.2

Point = tuple[float, float]
Mask = tuple[int, list[list[int]]]
Rgb = tuple[int, int, int]


def _lines(strokes: str) -> list[tuple[Point, Point]]:
    lines: list[tuple[Point, Point]] = []
    for stroke in strokes.split(";"):
        points = [(float(x), float(y)) for x, _, y in (p.partition(",") for p in stroke.split())]
        lines += itertools.pairwise(points)
    return lines


def _width(letter: str) -> float:
    return max((max(a[0], b[0]) for a, b in _lines(_STROKES[letter])), default=0.0)


def _distance(x: float, y: float, start: Point, end: Point) -> float:
    dx, dy = end[0] - start[0], end[1] - start[1]
    along = ((x - start[0]) * dx + (y - start[1]) * dy) / (dx * dx + dy * dy or 1.0)
    along = min(1.0, max(0.0, along))
    return math.hypot(x - start[0] - along * dx, y - start[1] - along * dy)


@functools.lru_cache(maxsize=600)
def _mask(letter: str, scale: float) -> Mask:
    """How far each pixel lies under the letter, 0 to 255, with the margin that its strokes need."""
    radius = 0.75 * scale
    margin = int(radius) + 2
    lines = [
        ((a[0] * scale, a[1] * scale), (b[0] * scale, b[1] * scale)) for a, b in _lines(_STROKES[letter])
    ]
    wide, high = int(_width(letter) * scale) + 2 * margin + 1, int(11.6 * scale) + 2 * margin + 1
    rows = []
    for y in range(high):
        row = []
        for x in range(wide):
            near = min(_distance(x - margin, y - margin, a, b) for a, b in lines)
            row.append(int(255 * min(1.0, max(0.0, radius - near + 0.5))))
        rows.append(row)
    return margin, rows


class _Canvas:
    def __init__(self, width: int, height: int, hue: float) -> None:
        self.width, self.height = width, height
        self.rows: list[bytearray] = []
        for y in range(height):
            self.rows.append(bytearray(_colour(hue, 0.55, 0.46 - 0.34 * y / height)) * width)

    def disc(self, x: float, y: float, radius: float, colour: Rgb) -> None:
        for row in range(max(0, int(y - radius)), min(self.height, int(y + radius) + 1)):
            half = max(0.0, radius * radius - (row - y) ** 2) ** 0.5
            left, right = max(0, int(x - half)), min(self.width, int(x + half))
            if right > left:
                self.rows[row][left * 3 : right * 3] = bytes(colour) * (right - left)

    def text(self, words: str, x: float, y: float, scale: float, colour: Rgb) -> None:
        for letter in words:
            if letter == " ":
                x += _SPACE * scale
                continue
            margin, mask = _mask(letter, scale)
            for down, row in enumerate(mask):
                line = int(y) + down - margin
                if 0 <= line < self.height:
                    self._blend(self.rows[line], int(x) - margin, row, colour)
            x += (_width(letter) + _GAP) * scale

    def _blend(self, pixels: bytearray, left: int, row: list[int], colour: Rgb) -> None:
        for place, cover in enumerate(row):
            at = left + place
            if cover and 0 <= at < self.width:
                for part in range(3):
                    old = pixels[at * 3 + part]
                    pixels[at * 3 + part] = old + (colour[part] - old) * cover // 255

    def png(self) -> bytes:
        raw = b"".join(b"\0" + bytes(row) for row in self.rows)
        header = struct.pack(">IIBBBBB", self.width, self.height, 8, 2, 0, 0, 0)
        parts = ((b"IHDR", header), (b"IDAT", zlib.compress(raw, 6)), (b"IEND", b""))
        chunks = (struct.pack(">I", len(d)) + n + d + struct.pack(">I", zlib.crc32(n + d)) for n, d in parts)
        return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def _colour(hue: float, saturation: float, lightness: float) -> Rgb:
    red, green, blue = colorsys.hls_to_rgb(hue % 1.0, lightness, saturation)
    return int(red * 255), int(green * 255), int(blue * 255)


def _letters(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.upper())
    return "".join(letter for letter in plain if letter in _STROKES or letter == " ")


def _measure(words: str) -> float:
    return sum(_SPACE if letter == " " else _width(letter) + _GAP for letter in words) - _GAP


def _wrap(words: str, room: float) -> list[str]:
    lines = [""]
    for word in words.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and _measure(longer) > room:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


@functools.lru_cache(maxsize=2000)
def poster(name: str, year: str, width: int, height: int) -> bytes:
    """A PNG of this size with the name and the year on it; the same name always looks the same."""
    chance = stable_number("poster", name, year)
    hue = chance % 360 / 360
    canvas = _Canvas(width, height, hue)
    side = 0.3 + chance // 360 % 5 / 10
    far, near = _colour(hue + 0.09, 0.6, 0.52), _colour(hue + 0.5, 0.65, 0.62)
    canvas.disc(width * side, height * 0.34, width * (0.3 + chance // 1800 % 3 / 20), far)
    canvas.disc(width * (1 - side), height * (0.2 + chance // 5400 % 4 / 12), width * 0.1, near)
    words, room = _letters(name) or "?", width * 0.84
    for per_line in (62, 84, 110, 140):
        scale = round(room / per_line, 1)
        lines = _wrap(words, per_line)
        if len(lines) <= 4 and all(_measure(line) <= per_line for line in lines):
            break
    white, soft = (245, 247, 250), _colour(hue, 0.35, 0.75)
    top = height * 0.9 - (len(lines[:5]) * 15 + 6) * scale
    for place, line in enumerate(lines[:5]):
        canvas.text(line, width * 0.08, top + place * 15 * scale, scale, white)
    small = round(room / 140, 1)
    canvas.text(_letters(year), width * 0.08, height * 0.91 - 2 * small, small, soft)
    return canvas.png()
