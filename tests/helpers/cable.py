"""A slow and lossy cable between two network namespaces, for kernels without `tc netem`.

`python cable.py NAMESPACE NAMESPACE SECONDS LOSS BITS_PER_SECOND` makes an interface `cable` in
each, says so in a line, and carries packets from one to the other: each of them late, some never.
"""

from __future__ import annotations

import ctypes
import fcntl
import heapq
import itertools
import os
import random
import select
import struct
import sys
import time

TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000
PACKET = 1 << 16
WAITING = 200  # packets that wait at most, as in a router: what comes beyond is lost


def end(namespace: str) -> int:
    """An interface in a namespace; what is read from and written to it are packets."""
    with open(f"/run/netns/{namespace}") as entered:  # noqa: PTH123 - no file of any folder
        if ctypes.CDLL(None, use_errno=True).setns(entered.fileno(), 0):
            raise OSError(ctypes.get_errno(), f"{namespace} cannot be entered")
    made = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(made, TUNSETIFF, struct.pack("16sH14x", b"cable", IFF_TUN | IFF_NO_PI))
    return made


def carry(ends: tuple[int, int], seconds: float, loss: float, bits: float) -> None:
    """Carry packets until the process is ended."""
    generator = random.Random(5)
    waiting: list[tuple[float, int, int, bytes]] = []
    free = dict.fromkeys(ends, 0.0)  # when the way to an end is free again
    numbers = itertools.count()
    while True:
        left = max(0.0, waiting[0][0] - time.monotonic()) if waiting else None
        ready, _, _ = select.select(ends, [], [], left)
        for one in ready:
            packet, other = os.read(one, PACKET), ends[1 - ends.index(one)]
            if generator.random() < loss or len(waiting) >= WAITING:
                continue
            free[other] = max(free[other], time.monotonic()) + 8 * len(packet) / bits
            heapq.heappush(waiting, (free[other] + seconds, next(numbers), other, packet))
        while waiting and waiting[0][0] <= time.monotonic():
            _, _, other, packet = heapq.heappop(waiting)
            try:
                os.write(other, packet)
            except OSError:  # the interface is down
                continue


if __name__ == "__main__":
    both = (end(sys.argv[1]), end(sys.argv[2]))
    print("ready", flush=True)  # noqa: T201 - it is waited for
    carry(both, *map(float, sys.argv[3:]))
