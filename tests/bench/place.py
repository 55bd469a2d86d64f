"""Where things are measured: a network of its own if that may be had, files, CPUs, and what
the machine is."""
import os
import re
import resource
import shutil
import subprocess
import sys
import time

from measure import Group, read

MARK = 'SOCKCAT_BENCH_NET'


def own_network(congestion, wanted=True):
    """Starts the program again in a network namespace; True there, False without."""
    if os.environ.get(MARK) == '1':
        subprocess.run(['ip', 'link', 'set', 'lo', 'up'], check=True)
        for key, value in (('ipv4/tcp_congestion_control', congestion), ('core/somaxconn', '65535'),
                           ('ipv4/ip_local_port_range', '1024 65535'),
                           ('ipv4/ip_local_reserved_ports', '21000-23999'),
                           ('ipv4/tcp_max_syn_backlog', '65535')):
            try:
                with open('/proc/sys/net/' + key, 'w') as f:
                    f.write(value)
            except OSError as e:
                print(f'bench: cannot set {key}: {e.strerror}', file=sys.stderr)
        return True
    if wanted and os.geteuid() == 0 and shutil.which('unshare') and shutil.which('ip') and \
            subprocess.run(['unshare', '-n', 'true'], capture_output=True).returncode == 0:
        os.environ[MARK] = '1'
        os.execvp('unshare', ['unshare', '-n', sys.executable, os.path.abspath(sys.argv[0]),
                              *sys.argv[1:]])
    return False


def raise_files():
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    for limit in (max(hard, 1 << 18), hard):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
            return
        except (OSError, ValueError):
            continue


def cpus(wanted):
    """The relay's CPU and the load's, or None twice: the scheduler chooses."""
    mine = sorted(os.sched_getaffinity(0))
    if wanted == 'none' or len(mine) < 2:
        return None, None
    return tuple(int(x) for x in wanted.split(',')) if wanted else (mine[-1], mine[0])


def version(path, args):
    text = subprocess.run([path, *args], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    for line in (text.stdout + text.stderr).splitlines():
        if re.search(r'\d\.\d', line):
            return re.sub(r' - http\S+', '', line.strip())[:70]
    return '?'


def facts(pinned, own_net, **more):
    model = re.search(r'^model name\s*: (.*)', read('/proc/cpuinfo'), re.M)
    network = 'a network namespace of its own' if own_net else "the machine's loopback"
    return {
        'when': time.strftime('%Y-%m-%d'),
        'machine': f'{os.cpu_count()} CPUs, {model[1] if model else "model unknown"}; '
                   f'Linux {re.match("[0-9.]*[0-9]", os.uname().release)[0]} {os.uname().machine}',
        'CPUs': f'relay on {pinned[0]}, clients and servers on {pinned[1]}'
                if pinned[0] is not None else 'the scheduler chooses',
        'network': f'{network}, congestion control '
                   + read('/proc/sys/net/ipv4/tcp_congestion_control').strip(),
        'CPU time from': 'a cgroup for each relay' if Group.root else '/proc, of ended processes in steps of 10 ms',
        'load average before': read('/proc/loadavg').split()[0],
        **more}
