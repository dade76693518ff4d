//! What is measured.

use std::fmt;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Role {
    Server,
    Client,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    Binary,
    Ascii,
    MultiByte,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Task {
    /// Reads of 64 KiB, however many frames that makes.
    Receive,
    /// A frame a read.
    ReceiveSingle,
    /// Reads of 64 KiB of messages of many sizes, some short texts among them.
    ReceiveMixed,
    /// Reads of 64 KiB of messages in four frames each, with a ping between the second and the third,
    /// which is answered.
    ReceiveFragments,
    /// As many messages as make 64 KiB, then a flush. The payload must stay as it is.
    Send,
    /// The same with payloads that are owned and shared (`Bytes`), into the engine's queue, for those
    /// that have one.
    SendQueued,
    /// Payloads that the engine may mask where they lie, a write each.
    SendInPlace,
    /// Reads of 64 KiB, answers at once, flushed where the engine's user would.
    Echo,
    /// From a browser's request to an open connection, its answer written.
    Handshake,
}

#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    pub role: Role,
    pub task: Task,
    pub kind: Kind,
    pub size: usize,
    /// A byte in the middle of a text is none of UTF-8.
    pub is_broken: bool,
}

const SIZES: [usize; 6] = [16, 125, 1 << 10, 16 << 10, 64 << 10, 1 << 20];

/// All scenarios, in the order of the table.
pub fn all() -> Vec<Scenario> {
    use Kind::{Ascii, Binary, MultiByte};
    use Role::{Client, Server};

    let mut all = Vec::new();
    let mut add = |role, task, kind, sizes: &[usize]| {
        all.extend(sizes.iter().map(|&size| Scenario { role, task, kind, size, is_broken: false }));
    };
    for task in [Task::Receive, Task::ReceiveSingle] {
        for role in [Server, Client] {
            for kind in [Binary, Ascii, MultiByte] {
                add(role, task, kind, &SIZES);
            }
        }
    }
    for role in [Server, Client] {
        add(role, Task::ReceiveMixed, Binary, &[0]);
        add(role, Task::ReceiveFragments, Binary, &SIZES[1..4]);
    }
    add(Server, Task::Send, Binary, &SIZES);
    add(Server, Task::SendQueued, Binary, &SIZES[3..]);
    add(Client, Task::Send, Binary, &SIZES);
    add(Client, Task::SendInPlace, Binary, &SIZES);
    add(Server, Task::Echo, Binary, &SIZES[..4]);
    add(Server, Task::Echo, Ascii, &SIZES[..4]);
    add(Server, Task::Handshake, Binary, &[0]);
    all
}

impl Scenario {
    /// Whether messages only come in.
    pub fn receives(&self) -> bool {
        use Task::{Receive, ReceiveFragments, ReceiveMixed, ReceiveSingle};
        matches!(self.task, Receive | ReceiveSingle | ReceiveMixed | ReceiveFragments)
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { role, task, kind, size, .. } = self;
        let role = match role {
            Role::Server => "server",
            Role::Client => "client",
        };
        let task = match task {
            Task::Receive => "receive",
            Task::ReceiveSingle => "receive-single",
            Task::ReceiveMixed => return f.pad(&format!("{role}-receive-mixed")),
            Task::ReceiveFragments => "receive-fragments",
            Task::Send => "send",
            Task::SendQueued => "send-queued",
            Task::SendInPlace => "send-in-place",
            Task::Echo => "echo",
            Task::Handshake => return f.pad("server-handshake"),
        };
        let kind = match kind {
            Kind::Binary => "binary",
            Kind::Ascii => "ascii",
            Kind::MultiByte => "multi-byte",
        };
        f.pad(&format!("{role}-{task}-{kind}-{size}"))
    }
}
