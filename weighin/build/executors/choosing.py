"""Which executor a run's options ask for; nothing of a cluster is imported unless they name one."""

from __future__ import annotations

from weighin.build.executors import Executor
from weighin.build.executors.local import Local


def executor(cluster: str = "", workers: int = 0, *, stays: bool = False) -> Executor:
    """Where a run builds.

    Args:
        cluster: the address of a cluster's scheduler, or `local`; empty for none.
        workers: processes of this machine, or of a local cluster; 0 for one per core.
        stays: whether it is opened once for jobs that are not known yet.
    """
    if not cluster:
        return Local(workers, stays)
    from weighin.build.executors.dask import Cluster

    return Cluster(cluster, workers)
