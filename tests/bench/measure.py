"""Starting what is measured, driving it with the load, and reading what it cost."""
import atexit
import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from contenders import Direct

GIB = 1 << 30
PATIENCE = 20           # seconds that a start may take on a busy machine


class Failed(Exception):
    """It should have worked, and did not."""


def read(path):
    with open(path) as f:
        return f.read()


class Group:
    """One process tree: a cgroup of its own, or sums from /proc where that may not be had."""
    root = None
    count = 0

    @classmethod
    def setup(cls):
        for line in read('/proc/self/mounts').splitlines():
            _, place, kind = line.split()[:3]
            own = re.search(r'^0::/(.*)$', read('/proc/self/cgroup'), re.M)
            path = os.path.join(place, own[1] if own else '', f'relay-bench-{os.getpid()}')
            if kind != 'cgroup2':
                continue
            try:
                os.mkdir(path)
                os.mkdir(path + '/try')
                os.rmdir(path + '/try')
            except OSError:
                continue
            atexit.register(cls.remove, path)
            if os.path.exists(path + '/cgroup.kill'):
                cls.root = path
            return

    @staticmethod
    def remove(path):
        """With whatever an interruption has left in it."""
        deadline = time.time() + 10
        while os.path.isdir(path) and time.time() < deadline:
            try:
                with open(path + '/cgroup.kill', 'w') as f:
                    f.write('1')
                for entry in os.scandir(path):
                    if entry.is_dir():
                        os.rmdir(entry.path)
                os.rmdir(path)
            except OSError:
                time.sleep(.02)

    def __init__(self):
        Group.count += 1
        self.path = Group.root and os.path.join(Group.root, f'g{Group.count}')
        self.leader = None
        if self.path:
            os.mkdir(self.path)

    def join(self):
        if self.path:
            with open(self.path + '/cgroup.procs', 'w') as f:
                f.write(str(os.getpid()))

    def pids(self):
        if self.path:
            return [int(x) for x in read(self.path + '/cgroup.procs').split()]
        children, todo, found = {}, [self.leader], []
        for pid in filter(str.isdigit, os.listdir('/proc')):
            try:
                stat = read(f'/proc/{pid}/stat').rsplit(')', 1)[1].split()
            except OSError:
                continue
            children.setdefault(int(stat[1]), []).append(int(pid))
        while todo:
            pid = todo.pop()
            found.append(pid)
            todo += children.get(pid, [])
        return found

    def cpu(self):
        """User and system seconds so far, ended children included."""
        if self.path:
            return int(re.search(r'usage_usec (\d+)', read(self.path + '/cpu.stat'))[1]) / 1e6
        return sum(map(Group.cpu_of, self.pids()))

    @staticmethod
    def cpu_of(pid):
        """Of a process and its children that have ended; of those in ticks of the clock."""
        try:
            stat = [int(x) for x in read(f'/proc/{pid}/stat').rsplit(')', 1)[1].split()[11:15]]
            own = sum(int(read(f'/proc/{pid}/task/{t}/schedstat').split()[0])
                      for t in os.listdir(f'/proc/{pid}/task')) / 1e9
        except OSError:
            return 0
        tick = 1 / os.sysconf('SC_CLK_TCK')
        return (own or sum(stat[:2]) * tick) + sum(stat[2:]) * tick

    def memory(self, sample=400):
        """PSS in bytes; of a large tree an even sample, scaled up."""
        pids = self.pids()
        some = pids if len(pids) <= sample else pids[::len(pids) // sample]
        kib = seen = 0
        for pid in some:
            try:
                kib += int(re.search(r'^Pss:\s+(\d+)', read(f'/proc/{pid}/smaps_rollup'), re.M)[1])
            except (OSError, TypeError):
                continue
            seen += 1
        return int(1024 * kib * len(pids) / seen) if seen else 0

    def kill(self):
        """Ends what is in it; only what was started in it can be there."""
        if not self.path and self.leader:
            rest = self.pids()
            for pid in rest:
                try:
                    os.kill(pid, signal.SIGKILL)
                except OSError:
                    pass
            return
        deadline = time.time() + 10
        while time.time() < deadline:
            with open(self.path + '/cgroup.kill', 'w') as f:
                f.write('1')
            try:
                os.rmdir(self.path)
                return
            except OSError:
                time.sleep(.01)


FILE_SYSTEM = re.compile(r'ext4|btrfs|xfs|jbd2|squashfs|fuse|overlay|buffer_head|radix|bio|'
                         r'.*inode_cache|kernfs|mbcache|fscrypt|iomap|dquot|dentry')


def kernel_bytes():
    """Kernel memory of the whole machine that grows with sockets and processes: slab objects
    in use but those of file systems, stacks, page tables.  None where it may not be read."""
    try:
        rows = [line.split() for line in read('/proc/slabinfo').splitlines()[2:]]
    except OSError:
        return None
    total = sum(int(r[1]) * int(r[3]) for r in rows if not FILE_SYSTEM.match(r[0]))
    for name, kib in re.findall(r'^(\w+):\s+(\d+)', read('/proc/meminfo'), re.M):
        total += 1024 * int(kib) if name in ('KernelStack', 'PageTables') else 0
    return total


def busy_seconds():
    """CPU time of the whole machine that was not idle."""
    f = [int(x) for x in read('/proc/stat').split('\n', 1)[0].split()[1:9]]
    return (sum(f) - f[3] - f[4]) / os.sysconf('SC_CLK_TCK')


def listening(addr):
    kind, rest = addr.split(':', 1)
    if kind == 'unix':   # some bind under another name and rename
        return os.path.exists(rest) and any(
            len(f) > 7 and f[3] == '00010000' and f[7].startswith(rest)
            for f in (line.split() for line in read('/proc/net/unix').splitlines()))
    name, state = ('udp', '07') if kind == 'udp' else ('tcp', '0A')
    port = ':%04X' % int(rest.rsplit(':', 1)[1])
    for table in (name, name + '6'):
        if not os.path.exists('/proc/net/' + table):
            continue
        for line in read('/proc/net/' + table).splitlines()[1:]:
            f = line.split()
            if f[1].endswith(port) and f[3] == state:
                return True
    return False


class Bench:
    """The servers and all that is started and stopped around them."""

    def __init__(self, load, secs, pipe_bytes, spawns, cpus, own_net):
        self.secs, self.pipe_bytes, self.spawns = secs, pipe_bytes, spawns
        self.own_net, self.next_port, self.serial = own_net, 21000, 0
        self.relay_cpu, self.load_cpu = cpus
        self.dir = tempfile.mkdtemp(prefix='relay-bench-')
        atexit.register(shutil.rmtree, self.dir, True)
        self.binary = load
        self.process = self.ended = None
        self.tls = self.make_certificate()
        self.load_group = Group()
        self.start_servers()

    def name(self, suffix):
        self.serial += 1
        return os.path.join(self.dir, f'{self.serial}-{suffix}')

    def file(self, suffix, text):
        path = self.name(suffix)
        with open(path, 'w') as f:
            f.write(text)
        return path

    def make_certificate(self):
        self.cert, self.key, self.both = (os.path.join(self.dir, x + '.pem')
                                          for x in ('cert', 'key', 'both'))
        try:
            subprocess.run(['openssl', 'req', '-x509', '-newkey', 'ec', '-pkeyopt',
                            'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', self.key,
                            '-out', self.cert, '-subj', '/CN=localhost', '-days', '30'],
                           check=True, capture_output=True)
        except (OSError, subprocess.CalledProcessError):
            return False
        with open(self.both, 'w') as f:
            f.write(read(self.key) + read(self.cert))
        return 'libssl' in subprocess.run(['ldd', self.binary], capture_output=True,
                                          text=True).stdout

    def start_servers(self):
        at = {'sink': 'tcp', 'echo': 'tcp', 'sink-udp': 'udp', 'echo-udp': 'udp',
              'source': 'tcp'}
        if self.tls:
            at.update({'sink-tls': 'tls', 'echo-tls': 'tls'})
        specs = [(f'source={self.pipe_bytes}' if k == 'source' else k.split('-')[0]) +
                 f'@{v}:127.0.0.1:0' for k, v in at.items()]
        specs += [f'sink@unix:{self.dir}/sink']
        self.server = self.start([self.binary, 'serve', '--cert', self.cert, '--key', self.key,
                                  *specs], self.load_group, self.load_cpu,
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        atexit.register(self.load_group.kill)
        self.servers = dict(zip([*at, 'sink-unix'], json.loads(self.server.stdout.readline())))

    def counters(self, reset=False):
        self.server.stdin.write(b'zero\n' if reset else b'now\n')
        self.server.stdin.flush()
        return json.loads(self.server.stdout.readline())

    def free_port(self, kind):
        if self.own_net:
            self.next_port = self.next_port + 1 if self.next_port < 23900 else 21000
            return self.next_port
        with socket.socket(type=socket.SOCK_DGRAM if kind == 'udp' else socket.SOCK_STREAM) as s:
            s.bind(('127.0.0.1', 0))
            return s.getsockname()[1]

    def start(self, argv, group, cpu, files=1024, **kw):
        def child():
            os.setsid()
            group.join()
            if cpu is not None:
                os.sched_setaffinity(0, {cpu})
            hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
            resource.setrlimit(resource.RLIMIT_NOFILE, (min(files, hard), hard))
        for stream in ('stdin', 'stdout', 'stderr'):
            kw.setdefault(stream, subprocess.DEVNULL)
        p = subprocess.Popen(argv, preexec_fn=child, **kw)
        group.leader = group.leader or p.pid
        return p

    def load(self, command, *flags, timeout=60, rest=()):
        """Runs a client to its end; its figures, with 'bad' if something was wrong."""
        argv = [self.binary, command, '--timeout', str(timeout), *map(str, flags), *rest]
        p = self.start(argv, self.load_group, self.load_cpu, stdout=subprocess.PIPE,
                       stderr=subprocess.PIPE)
        try:
            out, err = p.communicate(timeout=timeout + 10)
            figures = json.loads(out)
        except subprocess.TimeoutExpired:
            p.kill()
            p.communicate()
            raise Failed(f'{command}: no end within {timeout} s') from None
        except ValueError:
            raise Failed(f'{command}: {err.decode(errors="replace").strip()[-160:]}') from None
        if p.returncode:
            wrong = ('failed', 'unfinished', 'errors', 'wrong')
            figures['bad'] = f'{command}: ' + (', '.join(
                f'{figures[k]} {k}' for k in wrong if figures.get(k)) or 'nothing came back')
        return figures

    def relay(self, contender, job):
        """Starts the relay: the address for the client, and its group (None: no relay)."""
        if job.kind.startswith('tls') and not self.tls:
            raise Failed('built without OpenSSL, or openssl(1) is missing')
        end = {'tls-in': '-tls', 'tls-out': '-tls', 'udp': '-udp', 'unix': '-unix'}
        if isinstance(contender, Direct):
            return self.servers[job.role + end.get(job.kind, '')], None
        kind = {'tls-in': 'tls', 'tls-out': 'tcp', 'hex': 'tcp'}.get(job.kind, job.kind)
        job.target = self.servers[job.role + (end[job.kind] if job.kind in ('tls-out', 'udp')
                                              else '')]
        job.listen = f'unix:{self.name("socket")}' if kind == 'unix' else \
            f'{kind}:127.0.0.1:{self.free_port(kind)}'
        argv = contender.relay(job, self)
        group, log = Group(), open(os.path.join(self.dir, 'relay.log'), 'w+b')
        self.process = self.start(argv, group, self.relay_cpu,
                                  files=max(1024, job.conns * 4 + 1024),
                                  stderr=subprocess.DEVNULL if job.kind == 'hex' else log)
        self.ended = None
        deadline = time.time() + PATIENCE
        while not listening(job.listen):
            if self.process.poll() is not None or time.time() > deadline:
                self.stop(group)
                log.seek(0)
                raise Failed('did not start: ' + log.read().decode(errors='replace')[-200:])
            time.sleep(.005)
        log.close()
        time.sleep(.05)
        self.pin(group)
        return job.listen, group

    def pin(self, group):
        """Some choose a CPU for themselves: back to the one that all have."""
        for pid in group.pids() if self.relay_cpu is not None else ():
            try:
                for task in os.listdir(f'/proc/{pid}/task'):
                    os.sched_setaffinity(int(task), {self.relay_cpu})
            except OSError:
                pass    # it has ended

    def stop(self, group):
        if group:
            self.ended = self.process.poll()
            group.kill()
            self.process.wait()

    def measured(self, group, run, settle=True):
        """The figures of a run, with the CPU time that the relay and everybody else had."""
        procs = len(group.pids()) if group and settle else None
        relay, load = group.cpu() if group else 0, self.load_group.cpu()
        busy, start = busy_seconds(), time.time()
        figures = run()
        deadline = time.time() + 1
        while procs and len(group.pids()) > procs and time.time() < deadline:
            time.sleep(.005)    # processes of connections are ending: that counts, too
        figures['cpu_s'] = group.cpu() - relay if group else 0.0
        others = busy_seconds() - busy - figures['cpu_s'] - (self.load_group.cpu() - load)
        figures['other_cpu'] = max(0.0, others / (time.time() - start))
        return figures


class Talking:
    """A client that says a line, is told a line, says a line."""

    def __init__(self, bench, command, *flags):
        self.p = bench.start([bench.binary, command, *map(str, flags)], bench.load_group,
                             bench.load_cpu, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.first = self.line()

    def line(self):
        try:
            return json.loads(self.p.stdout.readline())
        except ValueError:
            self.end()
            raise Failed('the client ended early') from None

    def go(self):
        self.p.stdin.write(b'go\n')
        self.p.stdin.flush()
        return self.line()

    def end(self):
        try:
            self.p.stdin.close()
            self.p.wait(PATIENCE)
        except (OSError, subprocess.TimeoutExpired):
            self.p.kill()
            self.p.wait()


def held(bench, addr, n):
    """N connections, each used once and then held."""
    holder = Talking(bench, 'idle', '--to', addr, '--conns', n, '--window', 32,
                     '--sources', 1 + n // 20000, '--timeout', 20 + n // 200)
    if holder.first['ready'] != n:
        holder.end()
        raise Failed(f"only {holder.first['ready']} of {n} connections came up")
    return holder
