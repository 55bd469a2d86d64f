"""Results as tables in Markdown, as a picture, and as a section of a page."""
import json
import statistics

from cases import CASES
from picture import Picture, number

OURS = 'sockcat'
PALETTE = {'sockcat': '#c8102e', 'socat': '#1f77b4', 'socat-b64k': '#7fb2dc', 'ncat': '#8c6d31',
           'nc': '#b5a16a', 'rinetd': '#7f7f7f', 'haproxy': '#2a8f3c', 'haproxy-splice': '#86c98f',
           'nginx': '#6a3d9a', 'nginx-b64k': '#b495d6', 'stunnel': '#d9790b', 'hitch': '#111111'}


def spread(v, key):
    """Median, least and most of a column over the rounds; None if there is none."""
    xs = [r[key] for r in v.get('runs', []) if r.get(key) is not None]
    return (statistics.median(xs), min(xs), max(xs)) if xs else None


def median(v, key):
    found = spread(v, key)
    return found[0] if found else None


class Results:
    """What one run of the bench found: cases, their contenders, their runs."""

    def __init__(self, data):
        self.data, self.facts = data, data['facts']
        self.cases = {c: r for c, r in data['results'].items() if c in CASES}
        self.names = list(dict.fromkeys(n for r in self.cases.values() for n in r))

    def headline(self, case):
        """The headline of each contender that has one."""
        key = CASES[case][1][0][0]
        found = {n: median(v, key) for n, v in self.cases[case].items()}
        return {n: m for n, m in found.items() if m is not None and n != 'direct'}

    def best_peer(self, case):
        peers = {n: m for n, m in self.headline(case).items() if n in self.data['peers'] and m > 0}
        return min(peers, key=peers.get) if peers else None

    def ratios(self, case):
        """Each headline as a multiple of the best peer's."""
        best = self.best_peer(case)
        found = self.headline(case)
        return {n: max(m, 0) / found[best] for n, m in found.items()} if best else {}

    def failures(self):
        for case, res in self.cases.items():
            for name, v in res.items():
                if v.get('bad'):
                    why = ' '.join('; '.join(sorted(set(v['bad']))).split())[:200]
                    yield case, name, len(v['bad']), why


def row(cells):
    return '| ' + ' | '.join(cells) + ' |'


def matrix(results, column, title):
    """One row a case, one column a contender: medians of the nth column."""
    names = [n for n in results.names if n != 'direct' or column]
    out = [title, '', row(['case', 'unit', *names, *(['sockcat / best peer'] if not column else [])])]
    out.append('|---' * 2 + '|--:' * (len(names) + (not column)) + '|')
    for case, res in results.cases.items():
        if column >= len(CASES[case][1]):
            continue
        key, unit = CASES[case][1][column]
        ratio = results.ratios(case).get(OURS)
        cells = [number(median(res.get(n, {}), key)) for n in names]
        best = results.best_peer(case)
        if not column:
            cells = [f'**{c}**' if n == best else c for n, c in zip(names, cells)]
            cells.append(f'{ratio:.2f}' if ratio is not None else '')
        out.append(row([f'`{case}`', unit, *cells]))
    return out + ['']


def facts(results):
    return [f'- {k}: {v}' for k, v in results.facts.items()] + ['']


def failed(results):
    found = [f'- `{c}`, {n}: FAILED in {k} {"run" if k == 1 else "runs"} ({why})'
             for c, n, k, why in results.failures()]
    return ['FAILED: damaged, lost or did not answer.', '', *found, ''] if found else []


def legend():
    return ['What the cases are:', '',
            *(f'- `{c}`: {CASES[c][0]}' for c in CASES), '']


def short(results):
    """What a page needs."""
    return '\n'.join(facts(results)
                     + matrix(results, 0, '**CPU time and memory**, less is better; the best peer in bold.')
                     + matrix(results, 1, '**Beside it**: throughput, or what the unit says; on a shared '
                              'machine only a rough figure. `direct` is with no relay between.')
                     + failed(results)) + '\n'


def full(results):
    """Everything: each case with medians, least and most."""
    out = ['# Relays, measured', '', *facts(results), *matrix(results, 0, 'Medians; less is better.'),
           *failed(results), *legend()]
    for case, res in results.cases.items():
        columns = [*CASES[case][1], ('other_cpu', 'other CPUs busy')]
        ratios = results.ratios(case)
        out += [f'## {case}', '', CASES[case][0] + '. Median (least to most).', '',
                row(['contender', *(c[1] for c in columns), 'of best peer']),
                '|---' * (len(columns) + 2) + '|']
        rest = []
        for name, v in sorted(res.items(), key=lambda x: ratios.get(x[0], 1e9)):
            if v.get('not'):
                rest.append(f"- {name}: not measured ({v['not']})")
            if not v.get('runs'):
                continue
            cells = []
            for key, _ in columns:
                f = spread(v, key)
                cells.append('' if not f else number(f[0]) if f[1] == f[2] else
                             f'{number(f[0])} ({number(f[1])} to {number(f[2])})')
            out.append(row([name, *cells, f'{ratios[name]:.2f}' if name in ratios else '']))
        out += ['', *rest, '']
    return '\n'.join(out) + '\n'


def plot(results):
    """A row for each case, a dot for each contender, at its cost as a multiple of the best
    peer's; the scale is logarithmic."""
    left, right, top, step = 190, 870, 74, 22
    cases = [c for c in results.cases if results.ratios(c)]
    names = [n for n in results.names if n != 'direct']
    picture = Picture(900, top + step * len(cases) + 78,
                      'Cost of relaying, as a multiple of the best peer')
    low, high = 0.03, 60
    x = picture.log_axis(low, high, left, right)
    bottom = top + step * len(cases)
    picture.text(20, 30, 'Cost of relaying: CPU time, or memory where a case is named idle', 16, bold=True)
    picture.text(20, 50, 'as a multiple of the best peer in the same run; left is better; the edges hold what is beyond', 13, grey=True)
    for tick in (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50):
        picture.line(x(tick), top - 8, x(tick), bottom, '#444' if tick == 1 else '#ddd')
        picture.text(x(tick), bottom + 16, f'{tick:g}×', 11, anchor='middle', grey=True)
    for i, case in enumerate(cases):
        y = top + step * i + step / 2
        picture.text(left - 12, y + 4, case, 12, anchor='end')
        picture.line(left, y, right, y, '#eee')
        ratios = results.ratios(case)
        for name in sorted(ratios, key=lambda n: n == OURS):
            at = x(min(max(ratios[name], low), high))
            picture.dot(at, y, 6 if name == OURS else 4, PALETTE.get(name, '#00838f'),
                        f'{case}: {name} {ratios[name]:.3g}×')
    picture.legend([(n, PALETTE.get(n, '#00838f')) for n in names], 20, bottom + 42, 860)
    return picture.svg()


def into_page(path, name, text):
    """Replaces what stands between the page's marks of that name."""
    begin, end = f'<!-- {name}: begin -->', f'<!-- {name}: end -->'
    with open(path) as f:
        page = f.read()
    before, _, rest = page.partition(begin)
    _, found, after = rest.partition(end)
    if not found:
        raise SystemExit(f'{path} has no place for {name}')
    with open(path, 'w') as f:
        f.write(before + begin + '\n' + text.strip('\n') + '\n' + end + after)


def as_json(data):
    """A line for each contender in each case."""
    def line(x):
        if isinstance(x, dict) and 'runs' in x:
            x = {**x, 'runs': [{k: float(f'{v:.6g}') if isinstance(v, float) else v
                                for k, v in r.items()} for r in x['runs']]}
        return json.dumps(x, separators=(',', ':'), ensure_ascii=False)
    cases = [f'"{c}": {{\n' + ',\n'.join(f'  "{n}": {line(v)}' for n, v in r.items()) + '\n}'
             for c, r in data['results'].items()]
    head = ',\n'.join(f'"{k}": {line(data[k])}' for k in ('facts', 'peers'))
    return '{\n' + head + ',\n"results": {\n' + ',\n'.join(cases) + '\n}}\n'
