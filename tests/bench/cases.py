"""What is measured.  A case is a function (bench, contender) -> figures; the first of its
columns is what contenders are compared by.  Less is better in all of those."""
import atexit
import json
import os
import resource
import shutil
import subprocess
import time

from contenders import Direct, Job, NotForIt
from measure import GIB, Failed, Group, Talking, held, kernel_bytes


def bulk(kind, conns):
    def run(bench, contender):
        job = Job(kind, conns)
        addr, group = bench.relay(contender, job)
        try:
            # So much for each connection that opening it does not count.
            least = (2 if kind == 'hex' else max(32, conns)) << 20
            trial = bench.load('bulk', '--to', addr, '--bytes', least, '--conns', conns)
            if trial.get('bad'):
                return trial
            size = int(min(max(trial['gib_s'] * bench.secs * GIB, least), 16 * GIB))
            if contender.one_use:
                bench.stop(group)
                addr, group = bench.relay(contender, job)
            r = bench.measured(group, lambda: bench.load(
                'bulk', '--to', addr, '--bytes', size, '--conns', conns))
            r['cpu_s_gib'] = r['cpu_s'] / r['gib']
            return r
        finally:
            bench.stop(group)
    return run


def round_trips(conns, held_too=0, together=False, size=64):
    def run(bench, contender):
        if held_too > 1000 and contender.forks:
            raise NotForIt('a process for each connection: not held above 1000')
        enough_files(contender, conns + held_too)
        apart = bench.relay_cpu
        if together and bench.load_cpu is not None:   # no waking of another CPU
            bench.relay_cpu = bench.load_cpu
        addr, group = None, None
        holder = client = None
        try:
            addr, group = bench.relay(contender, Job('tcp', conns + held_too, 'echo'))
            holder = held(bench, addr, held_too) if held_too else None
            client = Talking(bench, 'pingpong', '--to', addr, '--conns', conns,
                             '--secs', bench.secs, '--size', size)
            if client.first['errors']:
                raise Failed(f"{client.first['errors']} connections failed")
            r = bench.measured(group, client.go, settle=False)
            if r['errors'] or r['unfinished'] or not r['done']:
                r['bad'] = f"{r['errors']} errors, {r['unfinished']} unfinished"
            else:
                r['cpu_us'] = r['cpu_s'] / r['done'] * 1e6
            return r
        finally:
            bench.relay_cpu = apart
            for x in (client, holder):
                if x:
                    x.end()
            bench.stop(group)
    return run


def connections(at_once, kind='tcp'):
    def run(bench, contender):
        if contender.one_use:
            raise NotForIt('relays one connection')
        addr, group = bench.relay(contender, Job(kind, at_once, 'echo'))
        flags = ('--to', addr, '--conns', at_once, '--secs')
        try:
            bench.load('connrate', *flags, .05)
            r = bench.measured(group, lambda: bench.load('connrate', *flags, bench.secs))
            r['cpu_us'] = r['cpu_s'] / r['done'] * 1e6 if r['done'] else None
            return r
        finally:
            bench.stop(group)
    return run


def enough_files(contender, n):
    """A relayed connection needs two descriptors in one process, or one each in two."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    want = n + 100 if contender.forks or isinstance(contender, Direct) else 2 * n + 100
    if hard < want:
        raise NotForIt(f'needs {want} open files in a process, the limit here is {hard}')


def idle(n, kind='tcp'):
    def run(bench, contender):
        if contender.forks and n > 1000:
            raise NotForIt('a process for each connection: not held above 1000')
        if contender.one_use:
            raise NotForIt('relays one connection')
        enough_files(contender, n)
        addr, group = bench.relay(contender, Job(kind, n, 'echo'))
        holder = None
        try:
            memory, kernel = group.memory() if group else 0, kernel_bytes()
            holder = held(bench, addr, n)
            time.sleep(.3)
            r = {'user_b': ((group.memory() if group else 0) - memory) / n}
            if kernel is not None:
                r['kernel_all_b'] = (kernel_bytes() - kernel) / n
            cpu = group.cpu() if group else 0
            again = holder.go()
            r['use_cpu_us'] = ((group.cpu() if group else 0) - cpu) / n * 1e6
            if again['checked'] != n or again['errors']:
                r['bad'] = f"only {again['checked']} of {n} still answered"
            return r
        finally:
            if holder:
                holder.end()
            bench.stop(group)
    return run


def without_ends(results):
    """Kernel memory is known for the whole machine: take off what the two ends need, as
    seen with no relay between them."""
    base = sorted(r['kernel_all_b'] for r in results.get('direct', {}).get('runs', [])
                  if 'kernel_all_b' in r)
    for name, v in results.items() if base else ():
        for r in v.get('runs', []):
            if 'kernel_all_b' in r and name != 'direct':
                r['kernel_b'] = r['kernel_all_b'] - base[len(base) // 2]
                r['memory_b'] = r['user_b'] + r['kernel_b']


def ended(p):
    """Waits for its end without reaping it: what it cost can still be read."""
    deadline = time.time() + 120
    while not os.waitid(os.P_PID, p.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG):
        if time.time() > deadline:
            raise Failed('no end within 120 s')
        time.sleep(.002)


def send_pipe(bench, argv, group, port, via):
    """The contender gets a stream on standard input; the sink's answer comes out of it."""
    feeder = None
    if via == 'file':
        source = open(input_file(bench), 'rb')
    else:
        feeder = bench.start([bench.binary, 'generate', '--bytes', str(bench.pipe_bytes)],
                             bench.load_group, bench.load_cpu, stdout=subprocess.PIPE)
        source = feeder.stdout
    p = bench.process = bench.start(argv, group, bench.relay_cpu, stdin=source,
                                    stdout=subprocess.PIPE)
    source.close()
    ended(p)
    reply = p.stdout.read(64)
    if feeder:
        feeder.wait(20)
    words = [int.from_bytes(reply[i:i + 8], 'little') for i in range(0, len(reply), 8)]
    return len(words) == 4 and words[1:] == [bench.pipe_bytes, 0, 0]


def input_file(bench):
    place = '/dev/shm' if os.access('/dev/shm', os.W_OK) else bench.dir
    path = os.path.join(place, f'relay-bench-{os.getpid()}')
    if not os.path.exists(path):
        atexit.register(lambda: os.path.exists(path) and os.unlink(path))
        with open(path, 'wb') as f:
            subprocess.run([bench.binary, 'generate', '--bytes', str(bench.pipe_bytes)],
                           stdout=f, check=True)
    return path


def recv_pipe(bench, argv, group, port, via):
    if via == 'null':   # nobody can look into it: all was sent and taken
        bench.process = bench.start(argv, group, bench.relay_cpu)
        ended(bench.process)
        return bench.counters()['bytes'] == bench.pipe_bytes
    p = bench.process = bench.start(argv, group, bench.relay_cpu, stdout=subprocess.PIPE)
    checker = bench.start([bench.binary, 'check'], bench.load_group, bench.load_cpu,
                          stdin=p.stdout, stdout=subprocess.PIPE)
    p.stdout.close()
    seen = json.loads(checker.communicate(timeout=120)[0])
    ended(p)
    return seen == {'bytes': bench.pipe_bytes, 'bad': 0}


def pipes(way, via):
    move = send_pipe if way == 'send' else recv_pipe

    def run(bench, contender):
        server = bench.servers['sink' if way == 'send' else 'source']
        port = server.rsplit(':', 1)[1]
        argv = getattr(contender, way)('127.0.0.1', port)
        if via == 'file':
            input_file(bench)
        group = Group()

        def go():
            bench.counters(reset=True)
            start = time.time()
            good = move(bench, argv, group, port, via)
            secs, gib = time.time() - start, bench.pipe_bytes / GIB
            return {'secs': secs, 'gib': gib, 'gib_s': gib / secs,
                    **({} if good else {'bad': 'bytes missing or wrong'})}
        try:
            r = bench.measured(group, go)
            r['cpu_s_gib'] = r['cpu_s'] / r['gib']
            return r
        except subprocess.TimeoutExpired:
            raise Failed('no end within 120 s') from None
        finally:
            group.kill()
            bench.process.wait()
    return run


def one_way(bench, addr):
    bench.counters(reset=True)
    r = bench.load('udpblast', '--to', addr, '--secs', bench.secs)
    time.sleep(.1)
    seen = bench.counters()
    r['arrived'], r['per_s'] = seen['packets'], seen['packets'] / r['secs']
    r['loss_pct'] = 100 * (1 - seen['packets'] / max(1, r['sent']))
    if seen['bad'] or not seen['packets']:
        r['bad'] = f"{seen['bad']} of {seen['packets']} datagrams damaged"
    return r


def datagrams(flows, window):
    """window None: one way."""
    def run(bench, contender):
        addr, group = bench.relay(contender, Job('udp', flows, 'echo' if window else 'sink'))
        try:
            if window is None:
                r = bench.measured(group, lambda: one_way(bench, addr), settle=False)
                r['cpu_us'] = r['cpu_s'] / r['arrived'] * 1e6 if r['arrived'] else None
                return r
            r = bench.measured(group, lambda: bench.load(
                'udpping', '--to', addr, '--secs', bench.secs, '--window', window,
                '--conns', flows), settle=False)
            r['cpu_us'] = r['cpu_s'] / r['done'] / 2 * 1e6 if r['done'] else None
            r['per_s'] *= 2     # there and back
            r['loss_pct'] = 100 * (1 - r['done'] / max(1, r['sent']))
            return r
        finally:
            bench.stop(group)
    return run


def start_up(what):
    def run(bench, contender):
        if isinstance(contender, Direct):
            if what == 'oneshot':
                raise NotForIt('not a program')
            argv = [shutil.which('true')]
        elif what == 'version':
            argv = [contender.path, *contender.version]
        else:
            argv = contender.oneshot('127.0.0.1', bench.servers['echo'].rsplit(':', 1)[1])
        word = () if what == 'version' else ('--input', 'x')
        r = bench.load('spawn', '--count', bench.spawns, *word, rest=['--', *argv])
        r['cpu_ms'], r['wall_ms'] = r['cpu_us'] / 1e3, r['p50_us'] / 1e3
        r['rss_mib'] = r['maxrss_kib'] / 1024
        return r
    return run


BULK = [('cpu_s_gib', 'CPU s/GiB'), ('gib_s', 'GiB/s')]
TRIPS = [('cpu_us', 'CPU µs/round trip'), ('per_s', 'round trips/s'), ('p50_us', 'p50 µs'),
         ('p99_us', 'p99 µs')]
CONNS = [('cpu_us', 'CPU µs/connection'), ('per_s', 'connections/s'), ('p50_us', 'p50 µs'),
         ('p99_us', 'p99 µs')]
FEW = [('user_b', 'bytes/connection, user'), ('use_cpu_us', 'CPU µs to use once')]
MANY = [('memory_b', 'bytes/connection'), ('user_b', 'of them user'),
        ('kernel_b', 'of them kernel'), ('use_cpu_us', 'CPU µs to use once')]
UDP = [('cpu_us', 'CPU µs/datagram'), ('per_s', 'datagrams/s'), ('loss_pct', 'loss %')]
START = [('cpu_ms', 'CPU ms'), ('wall_ms', 'wall ms'), ('rss_mib', 'peak MiB')]

# Name: (what it is, columns, function).
CASES = {
    'tcp-bulk-1': ('one way, 1 connection', BULK, bulk('tcp', 1)),
    'tcp-bulk-64': ('one way, 64 connections at once', BULK, bulk('tcp', 64)),
    'unix-bulk-1': ('one way, UNIX socket to TCP', BULK, bulk('unix', 1)),
    'send-file': ('standard input is a file, to TCP', BULK, pipes('send', 'file')),
    'send-pipe': ('standard input is a pipe, to TCP', BULK, pipes('send', 'pipe')),
    'recv-null': ('from TCP to /dev/null', BULK, pipes('recv', 'null')),
    'recv-pipe': ('from TCP to a pipe', BULK, pipes('recv', 'pipe')),
    'pingpong-1': ('64 bytes there and back, all on one CPU', TRIPS, round_trips(1, together=True)),
    'pingpong-64': ('64 bytes there and back, 64 connections', TRIPS, round_trips(64)),
    'connrate-32': ('connect, round trip, close; 32 at a time', CONNS, connections(32)),
    'idle-1000': ('1000 idle connections', FEW, idle(1000)),
    'idle-9000': ('9000 idle connections', MANY, idle(9000)),
    'scale-0': ('round trips on 16 connections', TRIPS, round_trips(16)),
    'scale-9000': ('the same beside 9000 idle ones', TRIPS, round_trips(16, 9000)),
    'tls-in-bulk-1': ('TLS client, plain server', BULK, bulk('tls-in', 1)),
    'tls-in-bulk-16': ('TLS clients, 16 connections', BULK, bulk('tls-in', 16)),
    'tls-out-bulk-1': ('plain client, TLS server', BULK, bulk('tls-out', 1)),
    'tls-in-connrate-16': ('full handshakes, P-256; 16 at a time', CONNS, connections(16, 'tls-in')),
    'tls-in-idle-1000': ('1000 idle TLS connections', FEW, idle(1000, 'tls-in')),
    'udp-window': ('round trips, one flow, 32 under way', UDP, datagrams(1, 32)),
    'udp-flows': ('round trips, 64 flows, 2 under way on each', UDP, datagrams(64, 2)),
    'udp-oneway': ('one way, 100000 each second offered', UDP, datagrams(1, None)),
    'start-version': ('print the version, end', START, start_up('version')),
    'start-oneshot': ('connect, one byte there and back, end', START, start_up('oneshot')),
    'hexdump': ('TCP to TCP with -x, the dump to /dev/null', BULK, bulk('hex', 1)),
}
