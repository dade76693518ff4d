//! What a server accepted and has not ended: so that it can be closed, all of it.

use std::collections::HashMap;
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Poll;
use std::time::Duration;
use std::{future::poll_fn, io};

use tokio::sync::watch;
use tokio::time::timeout;
use wspair::CloseCode;

use crate::error::Error;
use crate::link::Link;

#[derive(Debug)]
pub(crate) struct Accepted {
    members: Mutex<Members>,
    count: watch::Sender<usize>,
    closing: watch::Sender<Closing>,
}

/// How far the server is with closing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Closing {
    No,
    /// All are told, and may take until the deadline.
    Told,
    /// That is over.
    Over,
}

#[derive(Debug, Default)]
struct Members {
    next: u64,
    /// Those that are open; of those that are opening only the count is known.
    links: HashMap<u64, Weak<Link>>,
}

/// A place in the count, from the first byte of the request to the end of the transport.
#[derive(Debug)]
pub(crate) struct Member {
    accepted: Arc<Accepted>,
    id: u64,
}

impl Default for Accepted {
    fn default() -> Self {
        Self {
            members: Mutex::default(),
            count: watch::Sender::new(0),
            closing: watch::Sender::new(Closing::No),
        }
    }
}

impl Accepted {
    pub(crate) fn join(self: &Arc<Self>) -> Member {
        let mut members = self.lock();
        members.next += 1;
        self.count.send_modify(|count| *count += 1);
        Member { accepted: self.clone(), id: members.next }
    }

    fn lock(&self) -> MutexGuard<'_, Members> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn links(&self) -> Vec<Arc<Link>> {
        self.lock().links.values().filter_map(Weak::upgrade).collect()
    }

    /// Tells all that are open 1001, and waits until all have ended; what has not by the deadline is
    /// dropped.
    pub(crate) async fn close(&self, deadline: Duration) {
        self.closing.send_if_modified(|closing| {
            let is_first = *closing == Closing::No;
            if is_first {
                *closing = Closing::Told;
            }
            is_first
        });
        for link in self.links() {
            // Nothing is wrong with the code.
            let _ = link.close(Some(CloseCode::GOING_AWAY), "");
        }
        let mut count = self.count.subscribe();
        if timeout(deadline, count.wait_for(|count| *count == 0)).await.is_err() {
            self.closing.send_replace(Closing::Over);
            self.links().iter().for_each(|link| link.lock().drop_io());
        }
    }
}

impl Member {
    /// The connection is open.
    pub(crate) fn open(&self, link: &Arc<Link>) {
        self.accepted.lock().links.insert(self.id, Arc::downgrade(link));
        // It comes behind the rest, as its answer took its time.
        let closing = *self.accepted.closing.borrow();
        match closing {
            Closing::No => {}
            Closing::Told => _ = link.close(Some(CloseCode::GOING_AWAY), ""),
            Closing::Over => link.lock().drop_io(),
        }
    }

    /// Whether nobody is accepted any more.
    #[cfg(feature = "http")]
    pub(crate) fn is_closing(&self) -> bool {
        *self.accepted.closing.borrow() != Closing::No
    }

    /// Does something unless the server closes meanwhile.
    pub(crate) async fn unless_closing<T>(
        &self,
        what: impl Future<Output = T>,
    ) -> Result<T, Error> {
        let mut closing = self.accepted.closing.subscribe();
        let mut closing = pin!(closing.wait_for(|closing| *closing != Closing::No));
        let mut what = pin!(what);
        poll_fn(|cx| {
            if closing.as_mut().poll(cx).is_ready() {
                return Poll::Ready(Err(io::Error::from(io::ErrorKind::ConnectionAborted).into()));
            }
            what.as_mut().poll(cx).map(Ok)
        })
        .await
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        self.accepted.lock().links.remove(&self.id);
        self.accepted.count.send_modify(|count| *count -= 1);
    }
}
