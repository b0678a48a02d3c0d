"""A long file is checked by several processes at the same time, and the findings are those of one.

Each goes through the whole file and splits it into the same blocks of rows, which is little work; the cells of a block
are read, and its rules asked, by one of them. What comes of the blocks is taken in their order.

Linux alone, where a process is forked: elsewhere hashes of texts differ from process to process, and rows that stand
twice are known by their hashes.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import TYPE_CHECKING, Final

from service.returns.offline_block import CheckedBlock, Checking, Remembered
from service.returns.offline_source import Sent
from service.returns.previous import laid
from service.returns.readers import Share

if TYPE_CHECKING:
    from multiprocessing.context import ForkProcess

_LONG: Final = 4 << 20
"""A file of so many bytes is worth the start of processes."""
_BY_DEFAULT: Final = 2


class NotShared(Exception):
    """A process ended before it had checked its share."""


def processes_for(source: Sent, wanted: int | None = None) -> int:
    """How many processes check a file: those that are wanted, where that can be; else what its length is worth."""
    if not source.can_be_shared or sys.platform != "linux":
        return 1
    if wanted is not None:
        return wanted
    return min(_BY_DEFAULT, len(os.sched_getaffinity(0))) if source.length >= _LONG else 1


def checked_together(source: Sent, processes: int, checking: Checking) -> Iterator[tuple[CheckedBlock, int]]:
    """The blocks of a file in order, each with how many bytes have been read; ``checking`` then remembers of them what
    it would if it had taken them. Raises ``NotShared``."""
    forked = multiprocessing.get_context("fork")
    pipes: list[Connection] = []
    workers: list[ForkProcess] = []
    try:
        for number in range(processes):
            ours, theirs = forked.Pipe(duplex=False)
            pipes.append(ours)
            share = Share(number, processes)
            worker = forked.Process(target=_work, args=(theirs, tuple(pipes), source, share), daemon=True)
            worker.start()
            workers.append(worker)
            theirs.close()
        yield from _in_order(pipes, checking)
    finally:
        for pipe in pipes:
            pipe.close()
        for worker in workers:
            worker.terminate()
            worker.join()


def _in_order(pipes: list[Connection], checking: Checking) -> Iterator[tuple[CheckedBlock, int]]:
    """One block of each by turns, for as long as any has more."""
    waiting = list(pipes)
    while waiting:
        for pipe in tuple(waiting):
            try:
                came = pipe.recv()
            except (EOFError, OSError):
                raise NotShared from None
            if isinstance(came, Remembered):
                checking.join(came)
                waiting.remove(pipe)
            else:
                yield came


def _work(pipe: Connection, inherited: tuple[Connection, ...], source: Sent, share: Share) -> None:
    """One process: what it sends last is what it remembers. Of an error it says nothing: who reads the file alone will
    meet it again."""
    for other in inherited:  # or it would go on after its parent was killed: somebody could still read from its pipe
        other.close()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who is interrupted ends the others
    with suppress(Exception), pipe:
        checking = Checking(source.contract, source.part)
        for block in source.blocks(share):
            pipe.send((checking.take(laid(block, None)), source.read))
        pipe.send(checking.remembered)
