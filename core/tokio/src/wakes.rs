//! Who is woken by what.
//!
//! A transport knows one waker for reading and one for writing, and whoever comes to it polls it.
//! So it gets wakers that stand for the whole connection.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::task::{Wake, Waker};

use atomic_waker::AtomicWaker;

/// The tasks of a connection that wait.
#[derive(Debug, Default)]
pub(crate) struct Wakes {
    /// Who receives.
    pub(crate) reader: AtomicWaker,
    /// The task that looks after the connection.
    pub(crate) driver: AtomicWaker,
    /// The transport may have input that nobody looked for.
    ready: AtomicBool,
    /// The driver looks by itself, at a time that is set, for input that nobody takes.
    naps: AtomicBool,
}

impl Wakes {
    /// Somebody looks for input now.
    pub(crate) fn looks(&self) {
        self.ready.store(false, SeqCst);
    }

    /// There may be more.
    pub(crate) fn leaves_more(&self) {
        // Looking costs less than writing, and who holds the lock is alone in clearing it.
        if !self.is_ready() {
            self.ready.store(true, SeqCst);
        }
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.ready.load(SeqCst)
    }

    pub(crate) fn naps(&self) -> bool {
        self.naps.load(SeqCst)
    }

    pub(crate) fn set_naps(&self, naps: bool) {
        self.naps.store(naps, SeqCst);
    }

    /// The waker for the transport's readable side.
    pub(crate) fn for_reading(self: &Arc<Self>) -> Waker {
        Waker::from(Arc::new(Readable(self.clone())))
    }

    /// The waker for the transport's writable side.
    pub(crate) fn for_writing(self: &Arc<Self>) -> Waker {
        Waker::from(Arc::new(Writable(self.clone())))
    }
}

struct Readable(Arc<Wakes>);

impl Wake for Readable {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // Set before anybody is woken, who would find nothing to do.
        self.0.ready.store(true, SeqCst);
        self.0.reader.wake();
        if !self.0.naps.load(SeqCst) {
            self.0.driver.wake();
        }
    }
}

struct Writable(Arc<Wakes>);

impl Wake for Writable {
    fn wake(self: Arc<Self>) {
        self.0.driver.wake();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.0.driver.wake();
    }
}
