"""What is compared: how each program is told to relay, send or receive.

A contender turns a Job into a command line, or raises NotForIt with the reason.
To add one: a class here, and a row in PEERS.
"""
import os
import re
import subprocess


class NotForIt(Exception):
    """This contender cannot do this."""


class Job:
    """What is to be relayed: kind is tcp, unix, udp, tls-in, tls-out or hex; conns the most
    connections at once; listen and target are addresses as the load has them."""

    def __init__(self, kind, conns=1, role='sink'):
        self.kind, self.conns, self.role, self.single = kind, conns, role, conns == 1
        self.listen = self.target = None


def split(addr):
    kind, rest = addr.split(':', 1)
    return (kind, rest, None) if kind == 'unix' else (kind, *rest.rsplit(':', 1))


def only(job, *kinds, why):
    if job.kind not in kinds:
        raise NotForIt(why)


class Contender:
    forks = False        # a process for each connection
    one_use = False      # ends after one connection
    version = ()         # arguments that print it

    def __init__(self, path, *extra):
        self.path, self.extra = path, list(extra)

    def relay(self, job, bench):
        raise NotForIt('relays nothing')

    def send(self, host, port):
        raise NotForIt('not a tool for standard input and output')

    recv = oneshot = send


class Direct(Contender):
    """No relay at all: the client talks to the server."""

    def __init__(self):
        super().__init__(None)


class Socat(Contender):
    forks, version = True, ('-V',)
    tls = ('openssl-listen', 'openssl')

    def relay(self, job, bench):
        lk, lh, lp = split(job.listen)
        tk, th, tp = split(job.target)
        fork = 'fork,backlog=1024'
        cert = f'cert={bench.cert},key={bench.key},verify=0'
        left = {'tcp': f'tcp-listen:{lp},reuseaddr,{fork}',
                'unix': f'unix-listen:{lh},{fork}',
                'udp': f'udp-listen:{lp},reuseaddr,fork',
                'tls': f'{self.tls[0]}:{lp},reuseaddr,{fork},{cert}'}[lk]
        right = {'tcp': f'tcp:{th}:{tp}', 'udp': f'udp:{th}:{tp}',
                 'tls': f'{self.tls[1]}:{th}:{tp},verify=0'}[tk]
        dump = ['-x'] if job.kind == 'hex' else []
        return [self.path, *self.extra, *dump, left, right]

    def send(self, host, port):
        return [self.path, *self.extra, '-', f'tcp:{host}:{port}']

    def recv(self, host, port):
        return [self.path, *self.extra, '-u', f'tcp:{host}:{port}', '-']

    oneshot = send


class Sockcat(Socat):
    forks = False
    tls = ('tls-listen', 'tls')


class Ncat(Contender):
    forks, version = True, ('--version',)

    def relay(self, job, bench):
        lk, lh, lp = split(job.listen)
        tk, th, tp = split(job.target)
        if job.conns > 200:
            raise NotForIt('two processes for each connection: not tried above 200')
        if lk == 'udp' and not job.single:
            raise NotForIt('serves one datagram peer at a time')
        flags = {'tls': ' --ssl', 'udp': ' -u'}.get(tk, '')
        flags += ' -x /dev/null' if job.kind == 'hex' else ''
        more = {'tls': ['--ssl', '--ssl-cert', bench.cert, '--ssl-key', bench.key],
                'udp': ['-u']}.get(lk, [])
        many = [] if lk == 'udp' else ['-k', '-m', '10000']
        where = ['-U', lh] if lk == 'unix' else [lh, lp]
        return [self.path, '-l', *many, *more, *where,
                '--sh-exec', f'exec {self.path}{flags} {th} {tp}']

    def send(self, host, port):
        return [self.path, host, str(port)]

    def recv(self, host, port):
        return [self.path, '--recv-only', host, str(port)]

    oneshot = send


class Netcat(Contender):
    """OpenBSD's; relays one connection by two of them and a fifo."""
    forks, one_use, version = True, True, ('-h',)

    def relay(self, job, bench):
        lk, lh, lp = split(job.listen)
        _, th, tp = split(job.target)
        only(job, 'tcp', 'unix', why='no TLS, no dump, datagrams of one peer only')
        if not job.single:
            raise NotForIt('relays one connection (two nc and a fifo)')
        fifo = bench.name('fifo')
        os.mkfifo(fifo)
        where = f'-lU {lh}' if lk == 'unix' else f'-l {lh} {lp}'
        return ['sh', '-c', f'{self.path} -N {where} <{fifo} | {self.path} -N {th} {tp} >{fifo}']

    def send(self, host, port):
        return [self.path, '-N', host, str(port)]

    def recv(self, host, port):
        return [self.path, '-d', host, str(port)]

    oneshot = send


class Haproxy(Contender):
    version = ('-v',)

    def relay(self, job, bench):
        lk, lh, lp = split(job.listen)
        tk, th, tp = split(job.target)
        only(job, 'tcp', 'unix', 'tls-in', 'tls-out', why='no datagram relay, no dump')
        bind = f'unix@{lh}' if lk == 'unix' else f'{lh}:{lp}'
        return [self.path, '-db', '-f', bench.file('haproxy.cfg', f'''
global
    nbthread 1
    maxconn {job.conns + 300}
    maxpipes {min(job.conns + 100, 200)}
defaults
    mode tcp
    timeout connect 5s
    timeout client 1h
    timeout server 1h
    {' '.join(self.extra)}
listen relay
    backlog 1024
    bind {bind} {f'ssl crt {bench.both}' if lk == 'tls' else ''}
    server target {th}:{tp} {'ssl verify none' if tk == 'tls' else ''}
''')]


class Nginx(Contender):
    version = ('-v',)

    def relay(self, job, bench):
        lk, lh, lp = split(job.listen)
        tk, th, tp = split(job.target)
        if job.kind == 'hex':
            raise NotForIt('no dump')
        built = subprocess.run([self.path, '-V'], capture_output=True, text=True).stderr
        place = re.search(r'--modules-path=(\S+)', built)
        module = os.path.join(place[1] if place else '', 'ngx_stream_module.so')
        if not os.path.exists(module) and '--with-stream ' not in built + ' ':
            raise NotForIt('its stream module is not installed')
        where = f'unix:{lh}' if lk == 'unix' else f'{lh}:{lp}'
        flags = {'udp': 'udp', 'tls': 'backlog=1024 ssl'}.get(lk, 'backlog=1024')
        return [self.path, '-e', '/dev/null', '-c', bench.file('nginx.conf', f'''
{f'load_module {module};' if os.path.exists(module) else ''}
daemon off;
{'user root;' if os.geteuid() == 0 else ''}
worker_processes 1;
worker_rlimit_nofile {job.conns * 4 + 1024};
pid {bench.name('pid')};
error_log /dev/null crit;
events {{ worker_connections {job.conns * 2 + 512}; }}
stream {{ server {{
    listen {where} {flags};
    proxy_pass {th}:{tp};
    proxy_timeout 1h;
    {' '.join(self.extra)}
    {f'ssl_certificate {bench.cert}; ssl_certificate_key {bench.key};' if lk == 'tls' else ''}
    {'ssl_protocols TLSv1.3;' if lk == 'tls' else ''}
    {'proxy_ssl on; proxy_ssl_protocols TLSv1.3;' if tk == 'tls' else ''}
}} }}
''')]


class Stunnel(Contender):
    version = ('-version',)

    def relay(self, job, bench):
        only(job, 'tls-in', 'tls-out', why='always TLS on one side')
        _, lh, lp = split(job.listen)
        _, th, tp = split(job.target)
        tls_out = job.kind == 'tls-out'
        return [self.path, bench.file('stunnel.conf', f'''
foreground = yes
pid =
syslog = no
debug = emerg
output = /dev/null
[relay]
accept = {lh}:{lp}
connect = {th}:{tp}
{'client = yes' if tls_out else f'cert = {bench.cert}'}
{'' if tls_out else f'key = {bench.key}'}
''')]


class Hitch(Contender):
    version = ('--version',)

    def relay(self, job, bench):
        only(job, 'tls-in', why='only terminates TLS')
        _, lh, lp = split(job.listen)
        _, th, tp = split(job.target)
        return [self.path, '--config=' + bench.file('hitch.conf', f'''
frontend = {{ host = "{lh}" port = "{lp}" }}
backend = "[{th}]:{tp}"
pem-file = "{bench.both}"
workers = 1
backlog = 1024
daemon = off
quiet = on
syslog = off
tls-protos = TLSv1.3
ocsp-dir = ""
{'user = "nobody"' if os.geteuid() == 0 else ''}
''')]


class Rinetd(Contender):
    version = ('-v',)

    def relay(self, job, bench):
        only(job, 'tcp', 'udp', why='plain TCP and UDP only')
        kind, lh, lp = split(job.listen)
        _, th, tp = split(job.target)
        rule = f'{lh} {lp}/{kind} {th} {tp}/{kind}\n'
        return [self.path, '-f', '-c', bench.file('rinetd.conf', rule)]


# Name, program, class, what else it is told.
PEERS = [
    ('socat', 'socat', Socat),
    ('socat-b64k', 'socat', Socat, '-b', '65536'),
    ('ncat', 'ncat', Ncat),
    ('nc', 'nc.openbsd', Netcat),
    ('rinetd', 'rinetd', Rinetd),
    ('haproxy', 'haproxy', Haproxy),
    ('haproxy-splice', 'haproxy', Haproxy, 'option splice-auto'),
    ('nginx', 'nginx', Nginx),
    ('nginx-b64k', 'nginx', Nginx, 'proxy_buffer_size 64k;'),
    ('stunnel', 'stunnel4', Stunnel),
    ('hitch', 'hitch', Hitch),
]
FAMILIES = {'sockcat': Sockcat, **{row[0]: row[2] for row in PEERS}}
