//! What follows when something happened: the application is told, what it answers at once is
//! written, and the transport, the clock and reading are seen to.

use std::time::Duration;

use pyo3::exceptions::PyRuntimeError;
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};
use wspair_core::{self as core, ReadyState};

use super::Link;
use super::state::Inner;
use crate::connection::output;
use crate::options::seconds;
use crate::waiter::{Caller, Waiter};
use crate::words::TransportAction;

impl Link {
    /// What follows when something happened: the application is told, and what it answers at once
    /// is written.
    pub(super) fn turn(slf: &Bound<'_, Self>, caller: Caller) -> PyResult<()> {
        let (this, py) = (slf.get(), slf.py());
        let mut locked = this.lock(py);
        let (conn, inner, fault) = locked.all();
        if inner.closed.is_none() && conn.ready_state() == ReadyState::Closed {
            // It was ended by a call.
            inner.take_in(py, conn.receive(&mut []), this.allowed(), fault, false)?;
        }
        let news = inner.news(py);
        drop(locked);
        Self::tell(slf, news, caller)?;
        Self::write(slf)
    }

    /// Tells the application what there is to know. What it sends meanwhile is written by `write`,
    /// which has to follow.
    pub(super) fn tell(slf: &Bound<'_, Self>, news: News, caller: Caller) -> PyResult<()> {
        let py = slf.py();
        for pong in news.pongs {
            slf.call_method1(intern!(py, "_on_pong"), (pong,))?;
        }
        if news.ends {
            slf.call_method0(intern!(py, "_on_end"))?;
        }
        match news.reader {
            Some(reader) => Waiter::wake(reader.bind(py), caller).inspect_err(|_| {
                slf.get().lock(py).in_turn = false;
            }),
            None => Ok(()),
        }
    }

    /// Writes what waits, then does with reading, transport and clock what the engine says.
    pub(super) fn write(slf: &Bound<'_, Self>) -> PyResult<()> {
        let (this, py) = (slf.get(), slf.py());
        loop {
            let mut locked = this.lock(py);
            let (conn, inner) = locked.both();
            inner.in_turn = false;
            inner.sent = 0;
            if inner.has_more() {
                drop(locked);
                this.parse(py, &mut [])?;
                return Self::turn(slf, Caller::Loop);
            }
            let Some(transport) = inner.transport.as_ref().map(|it| it.bind(py).clone()) else {
                return Ok(());
            };
            let begins = inner.begins_to_wait();
            if inner.waits_for_answers() {
                drop(locked);
                return begins.map_or(Ok(()), |left| Self::await_answers(slf, left));
            }
            let data = if inner.is_full { None } else { output(py, conn)? };
            if data.is_some() && conn.wants_write() {
                drop(locked);
                if transport.call_method0(intern!(py, "is_closing"))?.is_truthy()? {
                    return Ok(());
                }
                hand_over(&transport, data)?;
                continue;
            }
            let duties = inner.duties(conn);
            drop(locked);
            hand_over(&transport, data)?;
            return Self::carry_out(slf, duties);
        }
    }

    /// Has `stop_answers` called later.
    pub(super) fn await_answers(slf: &Bound<'_, Self>, left: Duration) -> PyResult<()> {
        let left = (left.as_secs_f64(),);
        slf.call_method1(intern!(slf.py(), "_await_answers"), left).map(drop)
    }

    fn carry_out(slf: &Bound<'_, Self>, duties: Duties) -> PyResult<()> {
        let py = slf.py();
        if duties.tells_room {
            slf.call_method0(intern!(py, "_on_room"))?;
        }
        if duties.arms {
            slf.call_method1(intern!(py, "_arm"), (duties.due.map(seconds),))?;
        }
        if let Some(reads) = duties.reads {
            slf.call_method1(intern!(py, "_read"), (reads,))?;
        }
        if let Some(how) = duties.ends {
            slf.call_method1(intern!(py, "_end_transport"), (TransportAction::from(how),))?;
        }
        Ok(())
    }
}

/// What the application is to be told.
pub(super) struct News {
    pub(super) pongs: Vec<Py<PyBytes>>,
    /// The connection has ended.
    pub(super) ends: bool,
    /// There is something to take.
    pub(super) reader: Option<Py<Waiter>>,
}

/// What is to be done beside writing.
struct Duties {
    tells_room: bool,
    arms: bool,
    due: Option<core::Instant>,
    reads: Option<bool>,
    ends: Option<core::TransportAction>,
}

impl Inner {
    /// What to tell now; `write` has to follow.
    pub(super) fn news(&mut self, py: Python<'_>) -> News {
        let has_ended = self.closed.is_some();
        let ends = has_ended && !std::mem::replace(&mut self.has_told_end, has_ended);
        let wakes = has_ended || !self.inbox.is_empty();
        self.in_turn = true;
        News {
            pongs: std::mem::take(&mut self.pongs),
            ends,
            reader: self.reader.as_ref().filter(|_| wakes).map(|reader| reader.clone_ref(py)),
        }
    }

    /// What the engine says is to be done, as far as that is new.
    fn duties(&mut self, conn: &mut core::Connection) -> Duties {
        let doing = conn.transport();
        let reads = doing != core::TransportAction::Open || self.reads();
        let turns = std::mem::replace(&mut self.is_reading, reads) != reads;
        if turns {
            conn.hold_input(!reads);
        }
        let has_room = !self.is_full && !conn.is_congested();
        let due = conn.poll_timeout();
        let arms = std::mem::replace(&mut self.due, due) != due;
        Duties {
            tells_room: has_room && std::mem::take(&mut self.awaits_room),
            arms,
            due,
            reads: turns.then_some(reads),
            ends: match doing {
                core::TransportAction::Open => None,
                core::TransportAction::FinishWriting if conn.wants_write() => None,
                _ => Some(doing),
            },
        }
    }
}

/// Gives the transport something to write. One that is lost says so in its own time.
fn hand_over<'py>(transport: &Bound<'py, PyAny>, data: Option<Bound<'py, PyAny>>) -> PyResult<()> {
    let py = transport.py();
    let Some(data) = data else {
        return Ok(());
    };
    let is_list = data.is_instance_of::<PyList>();
    let method = if is_list { intern!(py, "writelines") } else { intern!(py, "write") };
    match transport.call_method1(method, (data,)) {
        Err(error) if !error.is_instance_of::<PyRuntimeError>(py) => Err(error),
        _ => Ok(()),
    }
}
