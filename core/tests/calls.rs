//! No calls in any order panic, or make a connection say what it may not.

mod common;

use core::time::Duration;

use common::random::{End, ends_once, frames, idempotent, kind, role, way};
use common::*;
use proptest::prelude::*;
use wspair::bindings::SenderBinding;
use wspair::frame::MAX_HEADER;
use wspair::{
    CloseCode, Config, Delivery, Instant, Kind, Prepared, ReadyState, Role, TransportAction,
};

#[derive(Clone, Debug)]
enum Call {
    Receive(Way, Vec<u8>, usize, bool),
    Frames(Way, Vec<u8>, usize, bool),
    ReceiveBuf(usize, usize),
    Eof,
    Lost,
    /// The input ended, and the events that follow are left unread.
    UnreadEof,
    Tell(u64),
    Holds(usize),
    HoldInput(bool),
    Send(Kind, usize),
    Part(Kind, usize, bool),
    Ping,
    InPlace(usize, usize),
    Pong(usize),
    CloseWith(Option<u16>, usize),
    PassClose(Option<u16>, usize),
    Explain(usize),
    Abort,
    Advance(usize),
    Slices(usize),
    TakeChunk,
    DrainTo(usize),
    WriteTo(usize),
    WriteThrough(Kind, usize, usize),
    Beside(Kind, usize),
    Prepared(Kind, usize),
    Feed(Vec<u8>),
    Shrink,
}

fn call() -> impl Strategy<Value = Call> {
    let bytes = || prop::collection::vec(any::<u8>(), 0..20);
    let len = || prop_oneof![0..5_usize, 120..130_usize, 4000..9000_usize];
    let size = || prop_oneof![0..200_usize, Just(usize::MAX)];
    prop_oneof![
        1 => (way(), bytes(), 0..4_usize, any::<bool>())
            .prop_map(|(way, bytes, events, defers)| Call::Receive(way, bytes, events, defers)),
        8 => (way(), frames(), 0..9_usize, any::<bool>())
            .prop_map(|(way, bytes, events, defers)| Call::Frames(way, bytes, events, defers)),
        1 => (0..200_usize, size()).prop_map(|(lent, n)| Call::ReceiveBuf(lent, n)),
        1 => prop_oneof![Just(Call::Eof), Just(Call::Lost), Just(Call::UnreadEof)],
        1 => prop_oneof![(0..9000_usize).prop_map(Call::Holds), Just(Call::Holds(usize::MAX)), any::<bool>().prop_map(Call::HoldInput)],
        4 => prop_oneof![0..30_u64, Just(u64::MAX)].prop_map(Call::Tell),
        4 => (kind(), len()).prop_map(|(kind, len)| Call::Send(kind, len)),
        4 => (kind(), len(), any::<bool>()).prop_map(|(kind, len, fin)| Call::Part(kind, len, fin)),
        2 => Just(Call::Ping),
        1 => (0..40_usize, size()).prop_map(|(len, at)| Call::InPlace(len, at)),
        1 => (0..130_usize).prop_map(Call::Pong),
        1 => (prop::option::of(any::<u16>()), 0..130_usize)
            .prop_map(|(code, len)| Call::CloseWith(code, len)),
        1 => (prop::option::of(any::<u16>()), 0..130_usize)
            .prop_map(|(code, len)| Call::PassClose(code, len)),
        1 => prop_oneof![4 => (0..130_usize).prop_map(Call::Explain), 1 => Just(Call::Abort)],
        4 => size().prop_map(Call::Advance),
        2 => (0..4_usize).prop_map(Call::Slices),
        2 => prop_oneof![
            Just(Call::TakeChunk),
            (0..200_usize).prop_map(Call::DrainTo),
            (0..200_usize).prop_map(Call::WriteTo),
        ],
        2 => (kind(), len(), 0..9000_usize).prop_map(|(kind, len, room)| Call::WriteThrough(kind, len, room)),
        1 => (kind(), len()).prop_map(|(kind, len)| Call::Beside(kind, len)),
        1 => (kind(), len()).prop_map(|(kind, len)| Call::Prepared(kind, len)),
        1 => frames().prop_map(Call::Feed),
        1 => Just(Call::Shrink),
    ]
}

fn any_config() -> impl Strategy<Value = Config> {
    let small = || prop_oneof![Just(0), Just(1), 100..400_usize, Just(usize::MAX)];
    let time = || prop::option::of((0..20_u64).prop_map(Duration::from_secs));
    let limits = (small(), small(), 0..9_u32, small(), small());
    let times = (time(), time(), time());
    let switches = (any::<bool>(), any::<bool>(), any::<bool>(), any::<bool>());
    (limits, times, switches, prop::option::of(small()), small()).prop_map(
        |(limits, times, switches, split_above, share_from)| {
            config(|config| {
                config.limits.max_message = limits.0;
                config.limits.max_frame = limits.1;
                config.limits.max_fragments = limits.2;
                config.limits.max_outgoing = limits.3;
                config.limits.high_water_mark = limits.4;
                (config.ping_after, config.pong_within, config.close_within) = times;
                config.auto_pong = switches.0;
                config.auto_close = switches.1;
                config.auto_end = switches.3;
                if switches.2 {
                    config.delivery = Delivery::Chunks;
                }
                config.split_above = split_above;
                config.share_from = share_from;
            })
        },
    )
}

/// Makes a call; `written` gets what the host wrote.
fn make(end: &mut End, call: Call, written: &mut Vec<u8>) {
    match call {
        Call::Receive(way, bytes, events, defers) => {
            end.wire = bytes;
            end.read(way, usize::MAX, events, defers);
        }
        Call::Frames(way, bytes, events, defers) => {
            end.wire = to(end.conn.role(), &bytes);
            end.read(way, usize::MAX, events, defers);
        }
        Call::ReceiveBuf(lent, n) => {
            assert!(end.conn.read_buf(lent).len() >= lent);
            end.events.extend(collect(&mut end.conn.receive_buf(n)));
        }
        Call::Eof => end.events.extend(collect(&mut end.conn.receive_eof())),
        Call::Lost => end.events.extend(collect(&mut end.conn.transport_lost())),
        Call::UnreadEof => _ = end.conn.receive_eof(),
        Call::Tell(seconds) => {
            let now = Instant::from(Duration::from_secs(seconds));
            end.events.extend(collect(&mut end.conn.handle_timeout(now)));
        }
        Call::Holds(n) => end.conn.transport_holds(n),
        Call::HoldInput(held) => end.conn.hold_input(held),
        Call::Send(kind, len) => end.send(kind, len),
        Call::Part(kind, len, fin) => end.part(kind, len, fin),
        Call::Ping => _ = end.conn.send_ping(b"ping"),
        Call::InPlace(len, at) => {
            let mut buf = vec![1; len];
            if let Ok(range) = end.conn.frame_in_place(Kind::Binary, &mut buf, at) {
                assert!(end.conn.transmit().is_empty());
                written.extend(&buf[range]);
            }
        }
        Call::Pong(len) => _ = end.conn.send_pong(&vec![0; len]),
        Call::CloseWith(code, len) => {
            _ = end.conn.close(code.and_then(CloseCode::new), &"r".repeat(len));
        }
        Call::PassClose(code, len) => end.conn.pass_close(code, &"r".repeat(len)),
        Call::Explain(len) => _ = end.conn.explain_close(&"e".repeat(len)),
        Call::Abort => end.conn.abort(),
        Call::Advance(n) => {
            let mut slices = [&b""[..]; 100];
            let mut transmit = end.conn.transmit();
            let count = transmit.slices(&mut slices);
            let shown = slices[..count].concat();
            let n = n.min(shown.len());
            transmit.advance(n);
            written.extend(&shown[..n]);
        }
        Call::Slices(most) => _ = end.conn.transmit().slices(&mut vec![&b""[..]; most]),
        Call::TakeChunk => written.extend(end.conn.transmit().take_chunk().unwrap_or_default()),
        Call::DrainTo(room) => {
            let mut out = vec![0; room];
            let len = end.conn.transmit().drain_to(&mut out);
            written.extend(&out[..len]);
        }
        Call::WriteTo(room) => {
            let mut out = vec![0; room];
            let mut left = &mut out[..];
            let _ = end.conn.transmit().write_to(&mut left);
            let len = room - left.len();
            written.extend(&out[..len]);
        }
        Call::WriteThrough(kind, len, room) => {
            let (mut out, payload) = (vec![0; room], "t".repeat(len));
            let mut left = &mut out[..];
            let _ = match kind {
                Kind::Text => end.conn.write_text(payload, &mut left),
                Kind::Binary => end.conn.write_binary(payload.as_bytes(), &mut left),
            };
            let len = room - left.len();
            written.extend(&out[..len]);
        }
        Call::Beside(kind, len) => {
            let mut header = [0; MAX_HEADER];
            if let Ok(Some(header_len)) = end.conn.frame_beside(kind, len, &mut header) {
                assert!(end.conn.transmit().is_empty());
                written.extend(&header[..header_len]);
                written.resize(written.len() + len, b'b');
            }
        }
        Call::Prepared(kind, len) => {
            let payload = "p".repeat(len);
            let _ = end.conn.send_prepared(&match kind {
                Kind::Text => Prepared::text(&payload),
                Kind::Binary => Prepared::binary(payload.as_bytes()),
            });
        }
        Call::Feed(frames) => {
            let bytes = to(end.conn.role(), &frames);
            end.events.extend(collect(&mut end.conn.feed(&bytes)));
        }
        Call::Shrink => end.conn.shrink_to_fit(),
    }
}

/// Tells the time as often as it is due, while nothing else happens: it goes on. `told` is the last
/// told time.
fn follow_time(end: &mut End, mut told: Instant) {
    let mut again = 0;
    for _ in 0..20 {
        let Some(due) = end.conn.poll_timeout() else { return };
        // A deadline of no time at all passes only when it is looked at once more.
        again = if due > told { 0 } else { again + 1 };
        assert!(again <= 2 || due == Instant::from_nanos(u64::MAX), "due again at {due:?}");
        told = told.max(due);
        end.events.extend(collect(&mut end.conn.handle_timeout(told)));
    }
}

proptest! {
    #![proptest_config(cases::cases(400))]

    #[test]
    fn no_calls_in_any_order_panic_or_break_the_output(
        role in role(),
        config in any_config(),
        calls in prop::collection::vec(call(), 1..40),
    ) {
        let mut end = End::new(connection(role, config.clone()));
        let mut written = Vec::new();
        let (mut told, mut ended) = (Instant::default(), false);
        for call in calls {
            let was_closed = end.conn.ready_state() == ReadyState::Closed;
            if let Call::Tell(seconds) = call {
                told = told.max(Instant::from(Duration::from_secs(seconds)));
            }
            ended |= matches!(call, Call::Eof | Call::Lost | Call::UnreadEof);
            make(&mut end, call, &mut written);
            prop_assert!(idempotent(&mut end.conn));
            prop_assert!(!was_closed || end.conn.ready_state() == ReadyState::Closed);
            prop_assert!(ends_once(&end.events));
        }
        follow_time(&mut end, told);
        prop_assert!(ends_once(&end.events));
        // Once the input ended and the time for the rest is over, so has the connection.
        end.events.extend(collect(&mut end.conn.receive_buf(0)));
        follow_time(&mut end, told);
        if ended && config.close_within.is_some() {
            let told = matches!(end.events.last(), Some(OwnedEvent::Closed { .. }));
            prop_assert!(told, "no end in {:?}", end.events);
            prop_assert_eq!(end.conn.transport(), TransportAction::Close);
            prop_assert_eq!(end.conn.poll_timeout(), None);
        }
        end.conn.transmit().drain_into(&mut written);
        prop_assert!(end.conn.transmit().is_empty());
        let frames = frames_from(role, &written);
        let close = frames.iter().position(|(first, _)| *first == 0x88);
        prop_assert!(close.is_none_or(|at| at + 1 == frames.len()), "{:?}", frames);
        prop_assert!(frames.iter().all(|(first, data)| first & 8 == 0 || data.len() <= 125));
    }
}

#[test]
fn lengths_that_no_memory_has_are_refused_or_counted_without_a_panic() {
    for role in [Role::Server, Role::Client] {
        let mut conn = connection(role, Config::default());
        let mut header = [0; MAX_HEADER];
        for len in [usize::MAX, usize::MAX / 2 + 1, usize::MAX / 2, usize::MAX / 2] {
            let framed = conn.frame_beside(Kind::Binary, len, &mut header);
            assert!(role == Role::Client || len == usize::MAX / 2 || framed.is_err(), "{framed:?}");
        }
        conn.transport_holds(usize::MAX);
        conn.transmit().advance(usize::MAX);
        conn.send_text("still").ok();
        conn.transmit().advance(usize::MAX);
        assert_eq!(collect(&mut conn.receive_buf(usize::MAX)), []);
        assert!(conn.frame_in_place(Kind::Text, &mut [0; 20], usize::MAX).is_err());
        assert_eq!(collect(&mut conn.handle_timeout(Instant::from_nanos(u64::MAX))), []);
        assert_eq!(collect(&mut conn.handle_timeout(Instant::default())), []);
        assert!(conn.buffered_amount() < 100);
    }
}
