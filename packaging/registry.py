"""An npm registry on this machine that has the packages of a dist, and nothing else."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import http.server
import json
import threading
from pathlib import Path
from typing import Iterator
from urllib.parse import unquote

from checks import members


@contextlib.contextmanager
def registry(dist: Path) -> Iterator[str]:
    """Its address, while it is served."""
    packages = {manifest["name"]: (path, manifest) for path, manifest in manifests(dist)}
    wanted = packages["wspair"][1]["optionalDependencies"].items()
    # Platforms that were not built: managers ask what they are for, and take none of them.
    left_out = {name: {"name": name, "version": version, "os": ["none"]} for name, version in wanted if name not in packages}

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            name = unquote(self.path.lstrip("/"))
            if name.endswith(".tgz") and (dist / name).is_file():
                return self.answer(200, (dist / name).read_bytes())
            if name in left_out:
                return self.answer(200, described({**left_out[name], "dist": {"tarball": f"{address}/none.tgz", "shasum": "0" * 40}}))
            if name not in packages:
                return self.answer(404, b"{}")
            path, manifest = packages[name]
            data = path.read_bytes()
            integrity = "sha512-" + base64.b64encode(hashlib.sha512(data).digest()).decode()
            shasum = hashlib.sha1(data).hexdigest()
            where = {"tarball": f"{address}/{path.name}", "integrity": integrity, "shasum": shasum}
            return self.answer(200, described({**manifest, "dist": where}))

        def answer(self, status: int, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield address
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def described(manifest: dict) -> bytes:
    """What a registry says of a package with one version."""
    name, version = manifest["name"], manifest["version"]
    return json.dumps({"name": name, "dist-tags": {"latest": version}, "versions": {version: manifest}}).encode()


def manifests(dist: Path) -> Iterator["tuple[Path, dict]"]:
    for path in dist.glob("*.tgz"):
        yield path, json.loads(members(path)["package/package.json"])
