"""A chat room as a FastAPI application.

uvicorn --ws wspair.uvicorn:WebSocketProtocol fastapi_app:app
"""

from __future__ import annotations

from fastapi import FastAPI, WebSocket, WebSocketDisconnect
from fastapi.responses import HTMLResponse

PAGE = """<!doctype html>
<title>Chat</title>
<form><input autofocus></form>
<ul></ul>
<script>
const socket = new WebSocket(`ws://${location.host}/chat/${Date.now() % 1000}`);
socket.onmessage = ({ data }) => {
  const line = document.createElement("li");
  line.textContent = data;
  document.querySelector("ul").append(line);
};
document.querySelector("form").onsubmit = (event) => {
  event.preventDefault();
  socket.send(event.target[0].value);
  event.target.reset();
};
</script>
"""

app = FastAPI()
users: set[WebSocket] = set()


@app.get("/")
async def page() -> HTMLResponse:
    return HTMLResponse(PAGE)


@app.websocket("/chat/{name}")
async def chat(ws: WebSocket, name: str) -> None:
    await ws.accept()
    users.add(ws)
    try:
        while True:
            await tell(f"{name}: {await ws.receive_text()}")
    except WebSocketDisconnect:
        pass
    finally:
        users.discard(ws)


async def tell(text: str) -> None:
    for user in list(users):
        try:
            await user.send_text(text)
        except WebSocketDisconnect:
            users.discard(user)  # its own task is about to learn
