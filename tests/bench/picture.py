"""A picture as SVG: lines, dots and words on white."""
import math
from xml.sax.saxutils import escape

FONT = 'font-family="Helvetica, Arial, sans-serif"'


def number(x):
    """A figure with about three digits; empty if there is none."""
    if x is None:
        return ''
    if abs(x) >= 100:
        return f'{x:.0f}'
    if abs(x) >= 10:
        return f'{x:.1f}'
    return f'{x:.3f}'.rstrip('0').rstrip('.') if abs(x) < 1 else f'{x:.2f}'


class Picture:
    def __init__(self, width, height, title):
        self.parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
            f'viewBox="0 0 {width} {height}" {FONT}>',
            f'<title>{escape(title)}</title>',
            '<rect width="100%" height="100%" rx="6" fill="#fff"/>']

    def text(self, x, y, words, size, anchor='start', bold=False, grey=False):
        self.parts.append(
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}" '
            f'fill="{"#555" if grey else "#111"}"{" font-weight=%sbold%s" % (chr(34), chr(34)) if bold else ""}>'
            f'{escape(words)}</text>')

    def line(self, x1, y1, x2, y2, colour):
        self.parts.append(f'<path d="M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}" stroke="{colour}"/>')

    def curve(self, points, colour, width=2):
        way = 'L'.join(f'{x:.1f} {y:.1f}' for x, y in points)
        self.parts.append(f'<path d="M{way}" fill="none" stroke="{colour}" stroke-width="{width}"/>')

    def dot(self, x, y, radius, colour, hint=''):
        self.parts.append(
            f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{radius}" fill="{colour}" stroke="#fff">'
            f'<title>{escape(hint)}</title></circle>')

    def legend(self, entries, x, y, width):
        at = x
        for name, colour in entries:
            if at + 18 + 7 * len(name) > x + width:
                at, y = x, y + 18
            self.dot(at + 5, y - 4, 5, colour, name)
            self.text(at + 14, y, name, 12)
            at += 28 + 7 * len(name)

    @staticmethod
    def log_axis(low, high, start, end):
        """A function from a figure to its place between start and end."""
        scale = (end - start) / math.log(high / low)
        return lambda v: start + math.log(max(v, low) / low) * scale

    def svg(self):
        return '\n'.join(self.parts) + '\n</svg>\n'
