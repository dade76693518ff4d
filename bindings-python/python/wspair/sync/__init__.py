"""WebSockets for threads: a server and a client, with the names of `wspair.asyncio`.

```python
from wspair.sync import connect, serve

def echo(ws):
    for message in ws:
        ws.send(message)

with serve(echo, "127.0.0.1", 9001) as server:
    server.serve_forever()
```

```python
with connect("ws://127.0.0.1:9001/") as ws:
    ws.send("hello")
    print(ws.recv(timeout=10))
```
"""

from wspair.sync._broadcast import broadcast
from wspair.sync._serving import Server, ServerConnection
from wspair.sync._websocket import Ping, WebSocket
from wspair.sync.client import ClientConnection, connect, reconnect, unix_connect, unix_reconnect
from wspair.sync.server import Handler, basic_auth, serve, unix_serve

__all__ = [
    "ClientConnection",
    "Handler",
    "Ping",
    "Server",
    "ServerConnection",
    "WebSocket",
    "basic_auth",
    "broadcast",
    "connect",
    "reconnect",
    "serve",
    "unix_connect",
    "unix_reconnect",
    "unix_serve",
]
