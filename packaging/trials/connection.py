"""The same where CPython has no `ssl`, which the hosts need: two connections and a pair, in memory."""

import platform

from wspair import Binary, Closed, CloseEvent, Connection, MessageEvent, Role, Text, TransportAction, WebSocketPair

client, server = Connection(Role.CLIENT), Connection(Role.SERVER)
for message in ["", "short", "grün 🎉" * 5_000, bytes(range(256)) * 1_000]:
    client.send(message)
    (event,) = server.receive_data(client.data_to_send())
    assert isinstance(event, Text if isinstance(message, str) else Binary)
    server.send(event.data)
    (event,) = client.receive_data(server.data_to_send())
    assert event.data == message
client.close(1000, "bye")
server.receive_data(client.data_to_send())
(*_, closed) = client.receive_data(server.data_to_send())
assert isinstance(closed, Closed) and closed.clean
assert server.transport_state == TransportAction.CLOSE

ours, theirs = WebSocketPair()
theirs.add_event_listener("message", lambda event: theirs.send(event.data * 2))
theirs.accept()
ours.accept()
ours.send("ab")
ours.close(1000, "bye")
assert list(ours) == [MessageEvent("abab"), CloseEvent(1000, "bye", True)]
print(f"works on {platform.system()} {platform.machine()}, CPython {platform.python_version()}, without ssl")
