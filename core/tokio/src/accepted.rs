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
    is_closing: watch::Sender<bool>,
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
            is_closing: watch::Sender::new(false),
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
        self.is_closing.send_replace(true);
        for link in self.links() {
            // Nothing is wrong with the code.
            let _ = link.close(Some(CloseCode::GOING_AWAY), "");
        }
        let mut count = self.count.subscribe();
        if timeout(deadline, count.wait_for(|count| *count == 0)).await.is_err() {
            self.links().iter().for_each(|link| link.lock().drop_io());
        }
    }
}

impl Member {
    /// The connection is open.
    pub(crate) fn open(&self, link: &Arc<Link>) {
        self.accepted.lock().links.insert(self.id, Arc::downgrade(link));
        if *self.accepted.is_closing.borrow() {
            // It came just behind the rest.
            let _ = link.close(Some(CloseCode::GOING_AWAY), "");
        }
    }

    /// Does something unless the server closes meanwhile.
    pub(crate) async fn unless_closing<T>(
        &self,
        what: impl Future<Output = T>,
    ) -> Result<T, Error> {
        let mut is_closing = self.accepted.is_closing.subscribe();
        let mut closing = pin!(is_closing.wait_for(|closing| *closing));
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
