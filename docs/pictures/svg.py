"""What a terminal shows, as an SVG: standard input to standard output.

	python3 svg.py TITLE <screen >picture.svg

Knows what command line programs write: UTF-8, line ends, carriage returns that draw over
what stands there, "erase to the end of the line", colours and bold."""
import re
import sys
from itertools import groupby
from xml.sax.saxutils import escape

CELL, LINE, SIZE, MARGIN = 8.4, 19, 14, 16
PAPER, INK = '#1d2129', '#d5dae3'
COLOURS = ['#5c6370', '#ec7078', '#8fce7a', '#eac36e', '#6fb1f2', '#cf8fe8', '#5fc8cf', '#ffffff']


def style_after(style, codes):
    """(colour, bold) after the numbers of one ESC [ ... m."""
    colour, bold = style
    for code in (int(c or 0) for c in codes.split(';')):
        if code == 0:
            colour, bold = INK, False
        elif code == 1:
            bold = True
        elif 30 <= code <= 37:
            colour = COLOURS[code - 30]
        elif code == 39:
            colour = INK
    return colour, bold


def screen_after(text):
    """Rows of cells (character, style)."""
    rows, column, style = [[]], 0, (INK, False)
    for codes, final, char in re.findall(r'\033\[([\d;]*)([A-Za-z])|([^\033])', text):
        row = rows[-1]
        if final == 'm':
            style = style_after(style, codes)
        elif final == 'K':
            del row[column:]
        elif char == '\r':
            column = 0
        elif char == '\n':
            rows.append([])
            column = 0
        elif char:
            row[column:column + 1] = [(char, style)]
            column += 1
    while rows and not rows[-1]:
        rows.pop()
    return rows


def spans(row, y):
    """One <text> for each run of a style, held to the grid whatever the font."""
    column = 0
    for (colour, bold), run in groupby(row, key=lambda cell: cell[1]):
        text = ''.join(char for char, _ in run)
        if text.strip():
            weight = ' font-weight="bold"' if bold else ''
            yield (f'<text x="{MARGIN + column * CELL:.1f}" y="{y}" fill="{colour}"{weight}'
                   f' textLength="{len(text) * CELL:.1f}">{escape(text)}</text>')
        column += len(text)


def picture(rows, title):
    width = 2 * MARGIN + max(map(len, rows), default=0) * CELL
    height = 2 * MARGIN + len(rows) * LINE
    yield (f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height}"'
           f' viewBox="0 0 {width:.0f} {height}" role="img">')
    yield f'<title>{escape(title)}</title>'
    yield f'<rect width="100%" height="100%" rx="8" fill="{PAPER}"/>'
    yield (f'<g xml:space="preserve" font-size="{SIZE}" font-family="ui-monospace,'
           f' SFMono-Regular, Menlo, Consolas, DejaVu Sans Mono, monospace">')
    for i, row in enumerate(rows):
        yield from spans(row, MARGIN + i * LINE + SIZE)
    yield '</g>'
    yield '</svg>'


print('\n'.join(picture(screen_after(sys.stdin.buffer.read().decode()), sys.argv[1])))
