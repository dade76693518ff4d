"""Carries WebSockets of HTTP/1.1 over streams of HTTP/2: connections in, streams out.

bridge.py --port 9001 -- HOST [ARGUMENT ...]

Starts the host, which has to say where it listens. For suites that speak HTTP/1.1 only: frames go
through as they are, cut anew at every border there is.
"""

import argparse
import asyncio
import base64
import hashlib
import signal

import h2.config
import h2.connection
import h2.events
import h2.exceptions
from h2.settings import SettingCodes

WINDOW = 1 << 24
HOP = {"host", "upgrade", "connection", "sec-websocket-key"}
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class Bridge:
    """One connection, and the session with one stream that it has."""

    def __init__(self, reader, writer, session_reader, session_writer):
        self.reader, self.writer = reader, writer
        self.session_reader, self.session_writer = session_reader, session_writer
        config = h2.config.H2Configuration(client_side=True, header_encoding="utf-8")
        self.http = h2.connection.H2Connection(config)
        self.changed = asyncio.Event()
        self.is_set = self.is_open = self.has_ended = False

    async def flush(self):
        self.session_writer.write(self.http.data_to_send())
        await self.session_writer.drain()

    async def run(self):
        head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
        lines = [line.split(":", 1) for line in head[1:-2]]
        fields = [(name.strip().lower(), value.strip()) for name, value in lines]
        self.key = dict(fields)["sec-websocket-key"]
        self.http.initiate_connection()
        self.http.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: WINDOW})
        self.http.increment_flow_control_window(WINDOW)
        await self.flush()
        down = asyncio.create_task(self.down())
        while not self.is_set:
            await self.change()
        pseudo = [(":method", "CONNECT"), (":protocol", "websocket"), (":scheme", "http")]
        pseudo += [(":path", head[0].split()[1]), (":authority", dict(fields)["host"])]
        self.http.send_headers(1, pseudo + [field for field in fields if field[0] not in HOP])
        await self.flush()
        up = asyncio.create_task(self.up())
        await down
        up.cancel()

    async def change(self):
        self.changed.clear()
        await self.changed.wait()

    async def up(self):
        while not self.is_open:
            await self.change()
        while data := await self.reader.read(1 << 16):
            while data:
                window = self.http.local_flow_control_window(1)
                room = min(window, self.http.max_outbound_frame_size)
                if room <= 0:
                    await self.change()
                    continue
                self.http.send_data(1, data[:room])
                data = data[room:]
                await self.flush()
        self.http.end_stream(1)
        await self.flush()
        if self.has_ended:
            self.session_writer.close()

    async def down(self):
        while data := await self.session_reader.read(1 << 16):
            for event in self.http.receive_data(data):
                self.take(event)
            self.changed.set()
            await self.flush()
            await self.writer.drain()

    def take(self, event):
        match event:
            case h2.events.RemoteSettingsChanged():
                self.is_set = True
            case h2.events.ResponseReceived():
                self.answer(dict(event.headers))
            case h2.events.DataReceived():
                self.writer.write(event.data)
                if event.flow_controlled_length:
                    self.http.acknowledge_received_data(event.flow_controlled_length, 1)
            case h2.events.StreamEnded():
                self.has_ended = True
                self.writer.write_eof()
            case h2.events.StreamReset() | h2.events.ConnectionTerminated():
                self.writer.transport.abort()

    def answer(self, headers):
        status = headers.pop(":status")
        lines = [f"{name}: {value}" for name, value in headers.items()]
        if status == "200":
            accept = base64.b64encode(hashlib.sha1(self.key.encode() + GUID).digest()).decode()
            lines += [
                "Upgrade: websocket",
                "Connection: Upgrade",
                f"Sec-WebSocket-Accept: {accept}",
            ]
            status, self.is_open = "101", True
        self.writer.write("\r\n".join([f"HTTP/1.1 {status} -", *lines, "", ""]).encode())


async def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("command", nargs="+")
    args = parser.parse_args()
    pipe = asyncio.subprocess.PIPE
    host = await asyncio.create_subprocess_exec(*args.command, stdout=pipe)
    line = (await host.stdout.readline()).decode()
    port = int(line.strip().rstrip("/").rsplit(":", 1)[1])

    # Nobody else holds them, but for themselves.
    alive = set()

    async def carry(reader, writer):
        alive.add(asyncio.current_task())
        session_reader, session_writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            await Bridge(reader, writer, session_reader, session_writer).run()
        except (OSError, asyncio.IncompleteReadError, h2.exceptions.ProtocolError):
            pass  # one of them is gone
        finally:
            session_writer.close()
            writer.close()
            alive.discard(asyncio.current_task())

    server = await asyncio.start_server(carry, "127.0.0.1", args.port)
    print(f"listening on ws://127.0.0.1:{server.sockets[0].getsockname()[1]}/", flush=True)
    leaving = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, leaving.set)
    ended = asyncio.create_task(host.wait())
    await asyncio.wait([ended, asyncio.create_task(leaving.wait())], return_when="FIRST_COMPLETED")
    server.close()
    if host.returncode is None:
        host.kill()


if __name__ == "__main__":
    asyncio.run(main())
