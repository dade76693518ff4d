//! Where an allocator has nothing: every allocation in turn fails, or it and all behind it. Then a
//! connection may end, and a call may be refused; nothing else may happen.
#![allow(unsafe_code)]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::{Arc, Once};

use bytes::Bytes;
use common::deflate::{deflating, json, noise, params, unshared};
use common::*;
use wspair::connection::OutgoingBinary;
use wspair::handshake::{
    ClientHandshake, ClientProgress, ClientRequest, Failure, HeadLimits, RefusalCause as Refused,
    ServerHandshake, ServerProgress,
};
use wspair::pair::{Accept, Sent as Queued};
use wspair::{
    CloseCode, ClosedCause, Config, Connection, Coupling, Delivery, End, Event, Kind, Negotiated,
    Pair, PairConfig, PairError, PairEvent, Prepared, Role, SendError, TransportAction,
};

/// When the allocator has nothing.
#[derive(Clone, Copy)]
struct Plan {
    is_armed: bool,
    /// Allocations that work before.
    left: usize,
    /// Whether those behind it fail too.
    for_good: bool,
    failed: usize,
}

thread_local! {
    static PLAN: Cell<Plan> =
        const { Cell::new(Plan { is_armed: false, left: 0, for_good: false, failed: 0 }) };
}

struct Scarce;

fn fails() -> bool {
    // Fails only while a thread ends.
    let fails = PLAN.try_with(|cell| {
        let mut plan = cell.get();
        if !plan.is_armed || plan.failed > 0 && !plan.for_good {
            return false;
        }
        let fails = plan.left == 0;
        plan.left = plan.left.saturating_sub(1);
        plan.failed += usize::from(fails);
        cell.set(plan);
        fails
    });
    fails.unwrap_or(false)
}

// SAFETY: what is allocated is the system's, and null is what an allocator may give.
unsafe impl GlobalAlloc for Scarce {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if fails() {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller keeps to the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps to the contract of `dealloc`, and `ptr` came from `System`.
        unsafe { System.dealloc(ptr, layout) }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        if fails() {
            return std::ptr::null_mut();
        }
        // SAFETY: the caller keeps to the contract of `realloc`, and `ptr` came from `System`.
        unsafe { System.realloc(ptr, layout, new_size) }
    }
}

#[global_allocator]
static ALLOCATOR: Scarce = Scarce;

fn arm() {
    PLAN.set(Plan { is_armed: true, ..PLAN.get() });
}

fn disarm() {
    PLAN.set(Plan { is_armed: false, ..PLAN.get() });
}

/// Runs engine code with the allocator as planned.
fn scarce<T>(run: impl FnOnce() -> T) -> T {
    arm();
    let result = run();
    disarm();
    result
}

/// Runs a scenario with every allocation failing in turn, alone or for good, until none is left
/// that fails. It is told whether one failed, once it is over.
fn each_failing(scenario: impl FnMut() -> Box<dyn FnOnce(bool)>) {
    each_failing_so(&[false, true], scenario);
}

/// As [`each_failing`] for compression: one of zlib-rs's own allocations alone. It panics, which is
/// caught, but takes memory.
fn each_failing_so(ways: &[bool], mut scenario: impl FnMut() -> Box<dyn FnOnce(bool)>) {
    // zlib-rs panics, and is caught.
    static QUIET: Once = Once::new();
    QUIET.call_once(|| {
        let loud = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if !info.to_string().contains("MemError") {
                loud(info);
            }
        }));
    });
    for &for_good in ways {
        for n in 0.. {
            PLAN.set(Plan { is_armed: false, left: n, for_good, failed: 0 });
            let check = scenario();
            let failed = PLAN.get().failed > 0;
            check(failed);
            if !failed {
                assert!(n > 0, "nothing was allocated");
                break;
            }
        }
    }
}

/// The messages of a server's output, read by a client of its own. None is cut, and nothing is
/// wrong with any.
fn read(mut reader: Connection, mut output: Vec<u8>) -> Vec<Vec<u8>> {
    let mut messages = Vec::new();
    let mut received = reader.receive(&mut output);
    while let Some(event) = received.next() {
        match event {
            Event::Text(text) => messages.push(text.as_bytes().to_vec()),
            Event::Binary(data) => messages.push(data.to_vec()),
            Event::Closed(closed) => {
                assert!(!matches!(closed.cause, ClosedCause::Peer(_)), "{closed:?}");
            }
            _ => {}
        }
    }
    messages
}

fn no_deflate(_: Role, config: &Arc<Config>) -> (Connection, Connection) {
    (connection(Role::Server, Arc::clone(config)), connection(Role::Client, Arc::clone(config)))
}

fn with_takeover(_: Role, config: &Arc<Config>) -> (Connection, Connection) {
    let params = params(12, true);
    (
        deflating(Role::Server, Arc::clone(config), params),
        deflating(Role::Client, Arc::clone(config), params),
    )
}

fn without_takeover(_: Role, config: &Arc<Config>) -> (Connection, Connection) {
    let params = params(12, false);
    (
        deflating(Role::Server, Arc::clone(config), params),
        deflating(Role::Client, Arc::clone(config), params),
    )
}

type Makes = fn(Role, &Arc<Config>) -> (Connection, Connection);
const MAKES: [Makes; 3] = [no_deflate, with_takeover, without_takeover];

#[test]
fn what_was_sent_without_an_error_arrives_whole_and_in_order() {
    for (deflates, make) in MAKES.into_iter().enumerate() {
        for split in [None, Some(1000)] {
            let config = Arc::new(unshared(|config| config.split_above = split));
            let long = json(20_000, 1);
            let blob = noise(70_000, 2);
            let shared = Bytes::from(noise(5000, 3));
            // Its owners are counted from now on.
            let _kept = shared.clone();
            let news = Prepared::text(&json(6000, 4));
            let ways: &[bool] = if deflates == 0 { &[false, true] } else { &[false] };
            each_failing_so(ways, || {
                let (mut conn, reader) = make(Role::Server, &config);
                let mut sent: Vec<Vec<u8>> = Vec::new();
                let mut output = Vec::new();
                let mut note = |result: Result<(), SendError>, message: &[u8]| match result {
                    Ok(()) => sent.push(message.to_vec()),
                    Err(error) => assert_eq!(error, SendError::OutOfMemory),
                };
                for round in 0..3 {
                    note(scarce(|| conn.send_text("short")), b"short");
                    note(scarce(|| conn.send_text(&long)), long.as_bytes());
                    if split.is_none() {
                        let lent = OutgoingBinary::from(shared.clone());
                        note(scarce(|| conn.send_binary(lent)), &shared);
                    }
                    // A part that failed is tried again.
                    for (part, fin) in [("one, ", false), (&long, false), ("three", true)] {
                        while scarce(|| conn.send_fragment(Kind::Text, part.as_bytes(), fin))
                            .is_err()
                        {
                            disarm_for_good();
                        }
                    }
                    note(Ok(()), format!("one, {long}three").as_bytes());
                    let _ = scarce(|| conn.send_ping(b"there?"));
                    // What was shown stays, and what comes behind it has to go elsewhere.
                    scarce(|| {
                        conn.transmit().chunk();
                    });
                    note(scarce(|| conn.send_binary(&blob[..])), &blob);
                    for _ in 0..20 {
                        note(scarce(|| conn.send_binary(&[7; 3000])), &[7; 3000]);
                    }
                    scarce(|| {
                        conn.transmit().chunk();
                    });
                    for half in [2, 1] {
                        let len = conn.buffered_amount() / half;
                        drain_some(&mut conn, &mut output, len);
                    }
                    if round == 1 {
                        scarce(|| conn.shrink_to_fit());
                    }
                }
                // The first time it is compressed is the exception that `Codec` tells of.
                note(conn.send_prepared(&news), news.payload());
                note(scarce(|| conn.send_prepared(&news)), news.payload());
                let closed = scarce(|| conn.close(Some(CloseCode::NORMAL), "bye"));
                drain_some(&mut conn, &mut output, usize::MAX);
                Box::new(move |failed| {
                    assert_eq!(
                        closed,
                        if closed.is_ok() { Ok(()) } else { Err(SendError::OutOfMemory) }
                    );
                    assert!(failed || closed.is_ok());
                    let read = read(reader, output);
                    assert_eq!(read.len(), sent.len());
                    assert!(read == sent, "what came is not what was sent");
                })
            });
        }
    }
}

#[test]
fn a_message_that_is_split_is_queued_whole_or_not_at_all() {
    let table =
        [(53_000, 1000), (203_000, 20_000), (203_000, 110_000), (40_000, 20_000), (300, 150)];
    for (len, split) in table {
        let data = noise(len, 4);
        let shared = Bytes::from(data.clone());
        for (shares, before) in [(false, 0), (true, 0), (false, 1), (true, 1)] {
            let config = Arc::new(config(|config| config.split_above = Some(split)));
            each_failing(|| {
                let mut conn = connection(Role::Server, Arc::clone(&config));
                (0..before).for_each(|_| conn.send_binary(&[]).unwrap());
                let body: OutgoingBinary<'_> =
                    if shares { shared.clone().into() } else { (&data).into() };
                let sent = scarce(|| conn.send_binary(body));
                let reader = connection(Role::Client, Config::default());
                let mut output = Vec::new();
                drain_some(&mut conn, &mut output, usize::MAX);
                let mut messages = vec![vec![]; before];
                messages.extend(sent.is_ok().then(|| data.clone()));
                Box::new(move |failed| {
                    assert!(matches!(sent, Ok(()) | Err(SendError::OutOfMemory)), "{sent:?}");
                    assert!(failed || sent.is_ok());
                    let rest: usize = messages.iter().map(Vec::len).sum();
                    assert!(rest > 0 || output.len() == 2 * before, "a part of it is queued");
                    assert!(read(reader, output) == messages);
                })
            });
        }
    }
}

#[test]
fn a_message_that_was_written_in_part_is_queued_or_its_connection_ends() {
    /// Takes a hundred bytes.
    struct Slow([u8; 100], usize);

    impl std::io::Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let room = 100 - self.1;
            if room == 0 {
                return Err(std::io::ErrorKind::WouldBlock.into());
            }
            let len = bytes.len().min(room);
            self.0[self.1..][..len].copy_from_slice(&bytes[..len]);
            self.1 += len;
            Ok(len)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    let data = noise(9000, 4);
    each_failing(|| {
        let mut conn = connection(Role::Server, Config::default());
        let mut socket = Slow([0; 100], 0);
        let written = scarce(|| conn.write_binary(&data[..], &mut socket));
        assert_eq!(written.unwrap().unwrap(), 100);
        let mut output = socket.0.to_vec();
        drain_some(&mut conn, &mut output, usize::MAX);
        let data = data.clone();
        Box::new(move |failed| {
            if failed {
                assert_eq!((conn.transport(), output.len()), (TransportAction::Close, 100));
                let end = conn.receive(&mut []).next().map(OwnedEvent::from);
                assert_eq!(end, Some(abnormal(ClosedCause::OutOfMemory)));
            } else {
                assert!(output == frame(0x82, &data));
            }
        })
    });
}

/// From here on there is memory again.
fn disarm_for_good() {
    PLAN.set(Plan { for_good: false, ..PLAN.get() });
}

fn drain_some(conn: &mut Connection, output: &mut Vec<u8>, mut len: usize) {
    while len > 0 {
        arm();
        let mut waiting = conn.transmit();
        let chunk = waiting.chunk();
        disarm();
        let taken = chunk.len().min(len);
        output.extend_from_slice(&chunk[..taken]);
        if taken == 0 {
            return;
        }
        scarce(|| waiting.advance(taken));
        len -= taken;
    }
}

#[test]
fn a_message_arrives_whole_or_its_connection_ends() {
    for (deflates, make) in MAKES.into_iter().enumerate() {
        for delivery in [Delivery::Messages, Delivery::Chunks] {
            for way in WAYS {
                let config = Arc::new(unshared(|config| config.delivery = delivery));
                // From the peer: fragments with a ping between, long ones, and a Close frame.
                let (_, mut peer) = make(Role::Server, &config);
                let texts = [json(30_000, 1), "ü".repeat(9000), "short".into()];
                let mut expected = Vec::new();
                for text in &texts {
                    let (start, rest) = text.as_bytes().split_at(text.len() / 2 + 1);
                    peer.send_fragment(Kind::Text, start, false).unwrap();
                    peer.send_ping(&[b'p'; 125]).unwrap();
                    peer.send_fragment(Kind::Text, rest, true).unwrap();
                    peer.send_binary(text.as_bytes()).unwrap();
                    expected.extend_from_slice(text.as_bytes());
                    expected.extend_from_slice(text.as_bytes());
                }
                peer.close(Some(CloseCode::NORMAL), "done").unwrap();
                let input = output(&mut peer);
                let ways: &[bool] = if deflates == 0 { &[false, true] } else { &[false] };
                each_failing_so(ways, || {
                    let (mut conn, _) = make(Role::Server, &config);
                    let mut seen = Vec::with_capacity(expected.len());
                    let mut end = None;
                    for piece in input.chunks(7000) {
                        let mut piece = piece.to_vec();
                        take(&mut conn, way, &mut piece, &mut seen, &mut end);
                    }
                    let mut written = Vec::new();
                    drain_some(&mut conn, &mut written, usize::MAX);
                    let expected = expected.clone();
                    let transport = conn.transport();
                    Box::new(move |failed| {
                        let (code, cause) = end.expect("it ends, one way or the other");
                        match cause {
                            ClosedCause::Handshake => {
                                assert_eq!(code, 1000);
                                assert!(seen == expected, "what came is not what was sent");
                            }
                            ClosedCause::OutOfMemory => {
                                assert!(failed);
                                assert!([1000, 1006].contains(&code));
                                assert!(expected.starts_with(&seen));
                                assert_ne!(transport, wspair::TransportAction::Open);
                            }
                            other => panic!("{other:?}"),
                        }
                    })
                });
            }
        }
    }
}

fn take(
    conn: &mut Connection,
    way: Way,
    piece: &mut [u8],
    seen: &mut Vec<u8>,
    end: &mut Option<(u16, ClosedCause)>,
) {
    let mut received = match way {
        Way::Mutable => conn.receive(piece),
        Way::Fixed => conn.receive_ref(piece),
        Way::Own => {
            // How much there is to read is the host's to say, and to have memory for.
            conn.read_buf(piece.len())[..piece.len()].copy_from_slice(piece);
            conn.receive_buf(piece.len())
        }
    };
    loop {
        arm();
        let event = received.next();
        disarm();
        match event {
            Some(Event::Text(text)) => seen.extend_from_slice(text.as_bytes()),
            Some(Event::Binary(data)) => seen.extend_from_slice(&data),
            Some(Event::Chunk(chunk)) => seen.extend_from_slice(&chunk.data),
            Some(Event::Closed(closed)) => *end = Some((closed.code, closed.cause)),
            Some(_) => {}
            None => break,
        }
    }
}

#[test]
fn a_long_message_in_the_read_buffer_ends_its_connection_where_that_cannot_grow() {
    let message = noise(300_000, 5);
    let input = frame_to(Role::Server, 0x82, &message);
    each_failing(|| {
        let mut conn = connection(Role::Server, Config::default());
        conn.read_buf(4000);
        let mut end = None;
        let mut seen = Vec::with_capacity(message.len());
        let mut rest = &input[..];
        while !rest.is_empty() {
            let room = scarce(|| conn.read_buf(4000).len());
            assert!(room > 0);
            let (piece, left) = rest.split_at(rest.len().min(room));
            conn.read_buf(room)[..piece.len()].copy_from_slice(piece);
            rest = left;
            let mut received = conn.receive_buf(piece.len());
            while let Some(event) = received.next() {
                match event {
                    Event::Binary(data) => seen.extend_from_slice(&data),
                    Event::Closed(closed) => end = Some(closed.cause),
                    other => panic!("{other:?}"),
                }
            }
        }
        let frames = drain(&mut conn);
        let failures = PLAN.get().failed;
        let message = message.clone();
        Box::new(move |failed| {
            if failed {
                assert_eq!(end, Some(ClosedCause::OutOfMemory));
                // The Close frame takes memory, too.
                let was_alone = failures == 1;
                assert_eq!(frames, if was_alone { vec![sent_close(1011)] } else { vec![] });
            } else {
                assert!(seen == message && end.is_none());
            }
        })
    });
}

/// What there is of it is lent, if there is anything: nothing is allocated that could not be had.
#[test]
fn where_the_read_buffer_cannot_grow_what_it_holds_is_let_go() {
    for had in [0, 100] {
        each_failing(|| {
            let mut conn = connection(Role::Server, Config::default());
            conn.read_buf(had);
            drop(conn.receive_buf(had));
            let room = scarce(|| conn.read_buf(100).len());
            let end = conn.receive(&mut []).next().map(OwnedEvent::from);
            let unread = conn.unread();
            Box::new(move |failed| {
                if failed {
                    assert_eq!((room, unread), (had, 0));
                    assert_eq!(end, Some(abnormal(ClosedCause::OutOfMemory)));
                } else {
                    assert_eq!((room, unread, end), (100, had, None));
                }
            })
        });
    }
}

#[test]
fn a_handshake_is_refused_where_its_head_finds_no_memory() {
    let fields = "X-A: 1\r\n".repeat(20);
    let head = format!(
        "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{fields}\r\n"
    );
    // The head and what was found in it are asked for; the rest, which is small, is not.
    for n in 0..2 {
        let mut server = ServerHandshake::new(HeadLimits::default());
        PLAN.set(Plan { is_armed: false, left: n, for_good: false, failed: 0 });
        arm();
        server.receive(head.as_bytes());
        disarm();
        assert_eq!(PLAN.get().failed, 1);
        let ServerProgress::Refused(refusal) = server.progress() else { panic!("{n}") };
        assert_eq!((refusal.status(), refusal.cause()), (503, Refused::OutOfMemory));
    }
    let request = ClientRequest::new("ws://h/").unwrap();
    let answer = format!("HTTP/1.1 404 Not Found\r\n{fields}\r\n");
    for n in 0..2 {
        let mut client = ClientHandshake::new(&request, [0; 16], &mut Vec::new());
        PLAN.set(Plan { is_armed: false, left: n, for_good: false, failed: 0 });
        arm();
        client.receive(answer.as_bytes());
        disarm();
        assert_eq!(PLAN.get().failed, 1);
        let ClientProgress::Failed(failure) = client.progress() else { panic!("{n}") };
        assert_eq!(failure, Failure::OutOfMemory);
    }
}

#[test]
fn a_pair_keeps_what_it_took() {
    each_failing(|| {
        let mut pair = Pair::new(PairConfig::default());
        pair.accept(End::First, Accept::default()).unwrap();
        let coupling = Coupling::new(&mut pair, End::Second).unwrap();
        let config = Coupling::configure(Config::default());
        let mut conn = Connection::server(config, Negotiated::default());
        let reader = connection(Role::Client, Config::default());
        let mut sent = Vec::new();
        for n in 0..40_u8 {
            match scarce(|| pair.send(End::First, [n; 9], 9)) {
                Ok(Queued::Queued) => sent.push(vec![n; 9]),
                other => assert_eq!(other, Err(PairError::OutOfMemory)),
            }
        }
        let closed = scarce(|| pair.close(End::First, Some(1000), Some("bye")));
        let mut output = Vec::new();
        for _ in 0..100 {
            let more = scarce(|| {
                coupling.drain(&mut pair, &mut conn.sender(), |data, wire| wire.send_binary(data))
            });
            drain_some(&mut conn, &mut output, usize::MAX);
            if !more {
                break;
            }
            disarm_for_good();
        }
        assert_eq!(pair.poll_event(End::First), None::<PairEvent<[u8; 9]>>);
        Box::new(move |failed| {
            assert!(failed || closed.is_ok());
            assert_eq!(read(reader, output), sent);
        })
    });
}
