//! A host for scripts.

use wspair::pair::{Accept, Compat, PairEvent};

use super::*;

/// Hands out events in turn, as a host with one task per event does, and writes down what is seen.
pub(crate) struct Host {
    pub(crate) pair: Texts,
    pub(crate) log: Vec<String>,
    listener: Box<Listener>,
}

type Listener = dyn FnMut(&mut Texts, End, &Event) -> Listened;

pub(crate) enum Listened {
    Fine,
    Threw,
}

impl Host {
    pub(crate) fn new(pair: Texts) -> Self {
        Self { pair, log: Vec::new(), listener: Box::new(|_, _, _| Listened::Fine) }
    }

    pub(crate) fn accepted() -> Self {
        Self::new(accepted())
    }

    pub(crate) fn half_open() -> Self {
        let mut pair = fresh();
        pair.accept(A, Accept::default()).unwrap();
        pair.accept(B, HALF_OPEN).unwrap();
        Self::new(pair)
    }

    /// Both accepted, under the rules of 2023.
    pub(crate) fn of_2023() -> Self {
        let pair = with(Compat::at(2023, 1, 1));
        Self::new(accept_both(pair, Accept::default()))
    }

    pub(crate) fn listen(
        mut self,
        listener: impl FnMut(&mut Texts, End, &Event) -> Listened + 'static,
    ) -> Self {
        self.listener = Box::new(listener);
        self
    }

    pub(crate) fn settle(&mut self) {
        while self.turn(A) | self.turn(B) {}
    }

    pub(crate) fn turn(&mut self, end: End) -> bool {
        let Some(event) = self.pair.poll_event(end) else {
            return false;
        };
        let what = match &event {
            PairEvent::Message(text) => format!("message {text}"),
            PairEvent::Close { code, reason, clean } => format!("close {code} {reason:?} {clean}"),
            PairEvent::Error(_) => "error".into(),
        };
        self.note(&format!("{} {what}", name(end)), end);
        let listened = (self.listener)(&mut self.pair, end, &event);
        self.pair.event_done(end);
        if let Listened::Threw = listened {
            self.pair.fail(end);
        }
        true
    }

    fn note(&mut self, what: &str, end: End) {
        let state = self.pair.ready_state(end) as u8;
        self.log.push(format!("{what}, {state}"));
    }

    pub(crate) fn send(&mut self, end: End, text: &'static str) {
        self.call("send", |pair| send(pair, end, text).map(drop));
    }

    pub(crate) fn close(&mut self, end: End, code: impl Into<Option<u16>>, reason: Option<&str>) {
        let code = code.into();
        self.call("close", |pair| pair.close(end, code, reason));
    }

    /// Only what is refused is written down.
    fn call(&mut self, what: &str, call: impl FnOnce(&mut Texts) -> Result<(), PairError>) {
        if let Err(error) = call(&mut self.pair) {
            self.log.push(format!("{what}: {error}"));
        }
    }

    pub(crate) fn states(&mut self) {
        let (a, b) = states(&self.pair);
        self.log.push(format!("states {} {}", a as u8, b as u8));
    }

    #[track_caller]
    pub(crate) fn shows(&self, expected: &[&str]) {
        assert_eq!(self.log, expected);
    }

    /// As `shows`, where only the order at each end counts.
    #[track_caller]
    pub(crate) fn shows_by_end(&self, a: &[&str], b: &[&str]) {
        for (end, expected) in [("a ", a), ("b ", b)] {
            let log: Vec<_> = self.log.iter().filter(|line| line.starts_with(end)).collect();
            assert_eq!(log, expected);
        }
    }
}

fn name(end: End) -> char {
    if end == A { 'a' } else { 'b' }
}
