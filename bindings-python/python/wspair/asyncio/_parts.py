"""A message in parts: one fragment each, as they come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from wspair._parts import kind_of
from wspair._words import Kind
from wspair.exceptions import BackpressureError, ClosingError, ConnectionClosed

if TYPE_CHECKING:
    from wspair._options import Message
    from wspair.asyncio._wire import Wire


async def send_parts(wire: Wire, parts: Any, compress: bool | None) -> None:
    """Sends what an iterable gives, asynchronous or not. `wire.parts` is locked meanwhile.

    Raises:
        TypeError: it is no iterable, or of other things than all `str` or all buffers.
        ConnectionClosed: the connection has ended, or is about to.
    """
    if isinstance(parts, Mapping) or not isinstance(parts, (Iterable, AsyncIterable)):
        raise TypeError(
            f"a message is str, a buffer, or an iterable of either, not {type(parts).__name__}"
        )
    if wire.parts is None:
        wire.parts = asyncio.Lock()
    async with wire.parts:
        kind = None
        try:
            async for part in _each(parts):
                kind = kind_of(part, kind)
                await _send_part(wire, part, kind, False, compress)
            if kind is not None:
                await _send_part(wire, b"", kind, True, compress)
        except ConnectionClosed:
            raise
        except BaseException:
            if kind is not None:
                # The message can never be whole.
                wire.close(1011, "error in a fragmented message")
            raise


async def _send_part(
    wire: Wire, part: Message, kind: Kind, fin: bool, compress: bool | None
) -> None:
    while True:
        try:
            wire.check_end()
            wire.connection.send_fragment(part, fin=fin, kind=kind, compress=compress)
        except BackpressureError:
            await wire.room()
            continue
        except ClosingError:
            await asyncio.sleep(0)
            raise wire.error() from None
        wire.schedule()
        await asyncio.sleep(0)
        return await wire.room()


async def _each(parts: Any) -> AsyncIterator[Any]:
    if isinstance(parts, AsyncIterable):
        async for part in parts:
            yield part
    else:
        for part in parts:
            yield part
