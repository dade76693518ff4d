"""The situations: one function each, in the order of their ids."""

from collections.abc import Callable
from dataclasses import dataclass, field

BOTH, SERVER, CLIENT = ("server", "client"), ("server",), ("client",)


@dataclass
class Row:
    id: str
    title: str
    function: Callable
    roles: tuple
    app: str
    """The path of the connection under test, which names what the application does."""
    options: dict = field(default_factory=dict)
    needs: tuple = ()
    """What a host must have beside its application: names of options and abilities."""
    quick: bool = False
    ends_host: bool = False
    env: dict = field(default_factory=dict)
    """Of the host's process."""
    on_request: bool = False
    """Not of the table."""
    is_bare: bool = False
    """The row starts what it needs by itself."""

    @property
    def application(self):
        return self.app.split("?")[0].strip("/")


ROWS = {}


def row(id, title, roles=SERVER, app="/echo", **more):
    """Makes a function a row. It is called with a Cell."""

    def register(function):
        ROWS[id] = Row(id, title, function, roles, app, **more)
        return function

    return register


from rows import application, ending, flow, mutation, opening  # noqa: E402, F401

ROWS = dict(sorted(ROWS.items(), key=lambda item: ("OEFAM".index(item[0][0]), item[0])))
