"""The keyword arguments of connections, handshakes and pairs, for type checkers.

What is not given keeps the engine's default. `None` for a limit is no limit, for a time off.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypedDict, Union

from wspair._native import DeflateOptions

if TYPE_CHECKING:
    from typing_extensions import Buffer
else:
    Buffer = Union[bytes, bytearray, memoryview]

Message = Union[str, Buffer]
"""What a wire carries: a `str` is text, any buffer is binary."""

Fields = Union[
    Mapping[str, Message],
    Iterable[tuple[Message, Message]],
]
"""Header fields as the caller has them; a `str` or a buffer each."""

Compression = Union[bool, DeflateOptions, None]
"""`True` is the default `DeflateOptions`; `False` and `None` are no compression."""


class ConnectionOptions(TypedDict, total=False):
    """What a connection is set to."""

    max_message: int | None
    """Longest message accepted, in bytes, after decompression. Default 1 MiB."""
    max_frame: int | None
    """Longest frame accepted, in bytes. Default `None`."""
    max_fragments: int | None
    """Most frames that one message may come in. Default 16384."""
    max_outgoing: int | None
    """Most bytes that wait before sending raises `BackpressureError`. Default 16 MiB."""
    high_water_mark: int | None
    """From this many waiting bytes on, a connection is congested. Default 1 MiB."""
    outgoing_mark: int | None
    """`high_water_mark`, by its earlier name."""
    chunks: bool
    """One event a run of payload bytes, as they arrive. Default `False`."""
    auto_pong: bool
    """Answer pings. Default `True`."""
    auto_close: bool
    """Answer the peer's close at once. Default `True`."""
    auto_end: bool
    """End the output when the peer's ended without a Close frame. Default `True`."""
    ping_after: float | None
    """Ping after this many seconds of silence. Default `None`."""
    pong_within: float | None
    """Give up this many seconds after a ping left when nothing was heard or moved. Default 20."""
    close_within: float | None
    """Drop the transport this many seconds after our Close, or the peer's end. Default 10."""
    split_above: int | None
    """Longer messages go out in fragments of this many bytes. Default `None`."""
    share_from: int
    """A server queues a `bytes` of at least this length by reference. Default 4096."""
    compression: Compression
    """How messages are compressed, where the handshake agreed on it."""
    coupled: bool
    """The connection is to be given to `WebSocket.couple`. Default `False`."""


class HeadLimits(TypedDict, total=False):
    """What a peer may make a handshake hold, and for how long."""

    max_head: int | None
    """Most bytes of the head. Default 16 KiB."""
    max_line: int | None
    """Most bytes of the first line. Default 8 KiB."""
    max_fields: int | None
    """Most fields. Default 100."""
    max_interim: int | None
    """Client: most interim answers. Default 8."""
    max_body: int | None
    """Client: most bytes that are kept of a refusal's body. Default 64 KiB."""
    within: float | None
    """Give up this many seconds after the time was first told. Default 10."""


class PairOptions(TypedDict, total=False):
    """What a pair is set to."""

    max_queued: int | None
    """Most bytes that an end may have waiting before `send` raises `BackpressureError`; each
    message counts 32 beside its size. Default 16 MiB."""
    high_water_mark: int | None
    """From this many waiting bytes on, an end is congested. Default 1 MiB."""
    queue_mark: int | None
    """`high_water_mark`, by its earlier name."""
    compatibility_date: str | None
    """Imitates Workers at this date, `YYYY-MM-DD`. Default `None`, the newest."""
    compatibility_flags: Sequence[str]
    """Workers' flags that change what the date says; unknown ones are ignored."""
