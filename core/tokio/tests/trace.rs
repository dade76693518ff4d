//! What is told to `tracing`.
#![cfg(feature = "tracing")]

mod common;

use std::fmt::Write;
use std::sync::{Arc, Mutex};

use common::{close_frame, server};
use tracing::field::{Field, Visit};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Log {
    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        if !event.metadata().target().starts_with("wspair") {
            return;
        }
        let mut line =
            Line(context.event_span(event).map(|span| span.name().into()).unwrap_or_default());
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

fn logging() -> (Log, DefaultGuard) {
    let log = Log::default();
    let guard = tracing::subscriber::set_default(tracing_subscriber::registry().with(log.clone()));
    (log, guard)
}

#[tokio::test]
async fn beginning_and_end() {
    let (log, _guard) = logging();
    let (mut socket, mut wire) = server();
    wire.raw(&close_frame(4000)).await;
    while socket.recv().await.is_some() {}
    assert_eq!(wire.close_code().await, 4000);
    assert!(wire.at_end().await);
    let log = log.0.lock().unwrap();
    assert_eq!(log[0], "websocket message=open");
    assert!(log[1].starts_with("websocket message=closed code=4000"), "{}", log[1]);
    assert_eq!(log.len(), 2);
}
