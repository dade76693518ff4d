"""A client on a plain socket.

python echo_client_threads.py ws://127.0.0.1:9001/ --text hello --text bye
"""

from __future__ import annotations

import blocking
import options

from wspair import ClientRequest, Closed, Connection, Role, Text


def main() -> None:
    args, connection = options.parse("url")
    request = ClientRequest(args.url, compression=args.deflate)
    sock, agreed, rest = blocking.connect(request)
    conn = Connection(Role.CLIENT, agreed, **connection)
    texts = iter(args.text)

    def send_next() -> None:
        text = next(texts, None)
        if text is None:
            conn.close(1000)
        else:
            conn.send(text)

    send_next()
    with sock:
        for event in blocking.events(sock, conn, rest):
            match event:
                case Text(data):
                    print(data)
                    send_next()
                case Closed(code, reason):
                    print("closed:", code, reason)


if __name__ == "__main__":
    main()
