"""A small network of its own: namespaces joined by pairs of links, with sshd in some of them.

Addresses and rules are in namespaces that are made here and gone afterwards; nothing else of the
machine is touched.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

TOOLS = ("ip", "tc", "ssh", "sshd", "ssh-keygen")
CABLE = Path(__file__).with_name("cable.py")
_SBIN = "/usr/sbin:/sbin"


def tool(name: str) -> str | None:
    """Where a program is; None if it is not."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:{_SBIN}")


def lacking() -> str | None:
    """Why no such network can be made here; None if it can."""
    for name in TOOLS:
        if tool(name) is None:
            package = "iproute2" if name in ("ip", "tc") else "openssh-server openssh-client"
            return f"no {name} here: apt-get install {package}"
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return "network namespaces want root"
    probe = f"weighin-probe-{os.getpid()}"
    made = _run("ip", "netns", "add", probe, check=False)
    if made.returncode:
        return f"no network namespace can be made: {made.stderr.strip()} (CAP_SYS_ADMIN, NET_ADMIN)"
    slowed = _netem(probe, "lo", Slow())
    _run("ip", "netns", "delete", probe, check=False)
    if not slowed and not Path("/dev/net/tun").exists():
        return "no link can be slowed: the kernel has no netem and no /dev/net/tun"
    return None


@dataclass(frozen=True)
class Slow:
    """What a link does to each packet, on either way.

    Attributes:
        seconds: by which it is late.
        loss: the share of packets that are lost.
        bits: that go over it in a second.
    """

    seconds: float = 0.05
    loss: float = 0.03
    bits: int = 4_000_000


@dataclass(frozen=True)
class Host:
    """A namespace with sshd in it.

    Attributes:
        address: that it has on the link to the client.
        link: the client's end of that link.
        client: the namespace that reaches it.
        folder: where keys are.
    """

    namespace: str
    address: str
    link: str
    client: str
    folder: Path

    def ssh(self, *words: str) -> tuple[str, ...]:
        """What runs a command there, from the client's namespace, over ssh."""
        options = {
            "BatchMode": "yes",
            "IdentitiesOnly": "yes",
            "StrictHostKeyChecking": "yes",
            "UserKnownHostsFile": self.folder / "known_hosts",
            "ServerAliveInterval": 1,
            "ServerAliveCountMax": 2,
            "ConnectTimeout": 10,
        }
        told = [each for key, value in options.items() for each in ("-o", f"{key}={value}")]
        ssh = (tool("ssh") or "ssh", "-F", "none", "-i", str(self.folder / "user"), *told)
        return (*_inside(self.client), *ssh, f"root@{self.address}", *words)

    def set_link(self, state: str) -> None:
        """Take the client's end of the link `down`, or `up`."""
        _run(*_inside(self.client), tool("ip") or "ip", "link", "set", self.link, state)


@contextlib.contextmanager
def network(folder: Path, links: dict[str, Slow | None]) -> Iterator[dict[str, Host]]:
    """Hosts with sshd, each on a link of its own to one client.

    Args:
        folder: for keys and settings.
        links: by host, what its link does to packets; None for a plain one.
    """
    prefix = f"weighin-{os.getpid()}"
    client, servers, made = f"{prefix}-client", list[subprocess.Popen[bytes]](), list[str]()
    try:
        for name in (client, *(f"{prefix}-{host}" for host in links)):
            _run("ip", "netns", "add", name)
            made.append(name)
        _keys(folder)
        hosts = {}
        for number, (host, slow) in enumerate(links.items(), start=1):
            hosts[host] = Host(
                f"{prefix}-{host}", f"10.213.{number}.2", f"to{number}", client, folder
            )
            servers += _joined(hosts[host], slow)
            servers.append(_sshd(hosts[host]))
        yield hosts
    finally:
        for server in servers:
            server.terminate()
            server.wait(10)
        for name in made:
            for process in _run("ip", "netns", "pids", name, check=False).stdout.split():
                with contextlib.suppress(OSError):
                    os.kill(int(process), 9)  # what sshd started there
            _run("ip", "netns", "delete", name, check=False)


def _joined(host: Host, slow: Slow | None) -> list[subprocess.Popen[bytes]]:
    """Link a host to the client, with an address at either end; what carries packets, if it must.

    Slowed by netem, or by a cable of our own where the kernel has none.
    """
    ends = ((host.client, host.link, "1"), (host.namespace, "eth0", "2"))
    _run(
        *("ip", "link", "add", host.link, "netns", host.client, "type", "veth"),
        *("peer", "name", "eth0", "netns", host.namespace),
    )
    cables = []
    if slow is not None and not all(_netem(inside, end, slow) for inside, end, _ in ends):
        words = (host.client, host.namespace, *map(str, (slow.seconds, slow.loss, slow.bits)))
        cables.append(subprocess.Popen([sys.executable, CABLE, *words], stdout=subprocess.PIPE))
        assert cables[0].stdout is not None
        assert cables[0].stdout.readline() == b"ready\n"
        ends = ((host.client, "cable", "1"), (host.namespace, "cable", "2"))
    network = host.address.rpartition(".")[0]
    for inside, end, last in ends:
        _run(
            *_inside(inside),
            tool("ip") or "ip",
            *("address", "add", f"{network}.{last}/24"),
            "dev",
            end,
        )
        _run(*_inside(inside), tool("ip") or "ip", "link", "set", end, "up")
    return cables


def _netem(namespace: str, interface: str, slow: Slow) -> bool:
    """Slow an interface; whether the kernel can."""
    words = (
        "delay",
        f"{slow.seconds * 1e3:g}ms",
        "loss",
        f"{slow.loss:.1%}",
        "rate",
        f"{slow.bits}",
    )
    command = (tool("tc") or "tc", "qdisc", "add", "dev", interface, "root", "netem", *words)
    return _run(*_inside(namespace), *command, check=False).returncode == 0


def _keys(folder: Path) -> None:
    for name in ("host", "user"):
        keygen = (tool("ssh-keygen") or "ssh-keygen", "-q", "-t", "ed25519", "-N", "")
        _run(*keygen, "-f", str(folder / name))
    shutil.copy(folder / "user.pub", folder / "authorized_keys")
    host = (folder / "host.pub").read_text().split()[:2]
    (folder / "known_hosts").write_text(f"* {' '.join(host)}\n")


def _sshd(host: Host) -> subprocess.Popen[bytes]:
    settings = {
        "ListenAddress": host.address,
        "HostKey": host.folder / "host",
        "PidFile": "none",
        "AuthorizedKeysFile": host.folder / "authorized_keys",
        "AuthenticationMethods": "publickey",
        "PermitRootLogin": "prohibit-password",
        "StrictModes": "no",
        "UsePAM": "no",
        "PrintMotd": "no",
    }
    path = host.folder / f"sshd-{host.address}"
    path.write_text("".join(f"{key} {value}\n" for key, value in settings.items()))
    Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # where sshd gives up its rights
    log = (host.folder / f"{path.name}.log").open("wb")
    server = subprocess.Popen(
        [*_inside(host.namespace), tool("sshd") or "sshd", "-D", "-e", "-f", str(path)],
        stderr=log,
    )
    log.close()
    for _ in range(200):
        listens = _run(*_inside(host.namespace), "cat", "/proc/net/tcp").stdout
        if ":0016 " in listens:
            return server
        time.sleep(0.02)
    server.kill()
    raise AssertionError(f"sshd does not listen: {(host.folder / f'{path.name}.log').read_text()}")


def _inside(namespace: str) -> tuple[str, ...]:
    return (tool("ip") or "ip", "netns", "exec", namespace)


def _run(*words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    command = [tool(words[0]) or words[0], *words[1:]]
    return subprocess.run(command, capture_output=True, text=True, check=check)
