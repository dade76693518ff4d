//! The view of the queue that the host writes from: what was seen stays, pongs pass what was not.

mod common;

use std::io::{self, IoSlice, Write};

use bytes::Bytes;
use common::*;
use proptest::prelude::*;
use wspair::{Config, Connection, Kind, Role};

fn pinged(conn: &mut Connection, payload: &[u8]) {
    let frame = frame_to(conn.role(), 0x89, payload);
    assert_eq!(feed(conn, Way::Mutable, &frame), [ping(payload)]);
}

/// A server with that many messages of 100 000 bytes in its queue.
fn backlog(messages: u8, config: Config) -> Connection {
    let mut conn = connection(Role::Server, config);
    for at in 0..messages {
        conn.send_binary(vec![at; 100_000]).unwrap();
    }
    conn
}

fn firsts(frames: &[Sent]) -> Vec<u8> {
    frames.iter().map(|(first, _)| *first).collect()
}

#[test]
fn looking_changes_nothing() {
    for role in ROLES {
        let mut conn = connection(role, Config::default());
        conn.send_text("text").unwrap();
        pinged(&mut conn, b"ping");
        let first = conn.transmit().chunk().to_vec();
        for _ in 0..3 {
            assert_eq!(conn.transmit().chunk(), first);
            assert_eq!(conn.transmit().len(), first.len());
            let mut slices = [&b""[..]; 4];
            assert_eq!(conn.transmit().slices(&mut slices), 1);
        }
        assert_eq!(output(&mut conn), first);
        assert!(conn.transmit().chunk().is_empty());
        assert_eq!(conn.transmit().slices(&mut [&b""[..]; 4]), 0);
    }
}

#[test]
fn bytes_may_be_written_one_by_one() {
    for role in ROLES {
        let mut conn = connection(role, Config::default());
        conn.send_text("text").unwrap();
        conn.send_binary(vec![5; 5000]).unwrap();
        conn.send_text("more").unwrap();
        let mut out = Vec::new();
        loop {
            let mut transmit = conn.transmit();
            let Some(byte) = transmit.chunk().first().copied() else { break };
            out.push(byte);
            transmit.advance(1);
        }
        let expected = [sent(0x81, b"text"), sent(0x82, &[5; 5000]), sent(0x81, b"more")];
        assert_eq!(frames_from(role, &out), expected);
    }
}

#[test]
fn a_pong_passes_what_follows_the_last_byte_that_was_shown() {
    for (parts, expected) in [
        (1, [0x82, 0x8a, 0x82, 0x82]),
        (2, [0x82, 0x8a, 0x82, 0x82]),
        (3, [0x82, 0x82, 0x8a, 0x82]),
        (4, [0x82, 0x82, 0x8a, 0x82]),
    ] {
        let mut conn = backlog(3, Config::default());
        let mut slices = [&[][..]; 4];
        assert_eq!(conn.transmit().slices(&mut slices[..parts]), parts);
        pinged(&mut conn, b"");
        assert_eq!(firsts(&drain(&mut conn)), expected, "L-05: {parts} parts were shown");
    }

    // The last part is still written to.
    let mut conn = backlog(1, Config::default());
    conn.send_text("small").unwrap();
    let mut slices = [&[][..]; 2];
    assert_eq!(conn.transmit().slices(&mut slices), 2);
    pinged(&mut conn, b"");
    assert_eq!(firsts(&drain(&mut conn)), [0x82, 0x8a, 0x81], "L-05");
}

#[test]
fn a_pong_passes_a_backlog_that_the_transport_has_not_begun() {
    let mut conn = backlog(3, Config::default());
    assert_eq!(conn.transmit().chunk().len(), 10, "the header of the first");
    pinged(&mut conn, b"1");
    pinged(&mut conn, b"2");
    let frames = drain(&mut conn);
    assert_eq!(firsts(&frames), [0x82, 0x8a, 0x8a, 0x82, 0x82], "L-05");
    assert_eq!(frames[1..3], [sent(0x8a, b"1"), sent(0x8a, b"2")]);

    let mut conn = backlog(3, Config::default());
    assert_eq!(conn.transmit().len(), 300_030, "a length shows no bytes");
    pinged(&mut conn, b"");
    assert_eq!(firsts(&drain(&mut conn)), [0x8a, 0x82, 0x82, 0x82]);
}

#[test]
fn a_pong_never_goes_inside_a_frame() {
    for written in [1, 9, 10, 11, 50_000, 100_009] {
        let mut conn = backlog(2, Config::default());
        let mut out = conn.transmit().chunk()[..written.min(10)].to_vec();
        out.resize(written, 0);
        conn.transmit().advance(written);
        pinged(&mut conn, b"");
        conn.transmit().drain_into(&mut out);
        assert_eq!(firsts(&frames_from(Role::Server, &out)), [0x82, 0x8a, 0x82], "{written}");
    }
}

#[test]
fn a_pong_goes_between_the_fragments_of_a_split_message() {
    for role in ROLES {
        let config = config(|config| config.split_above = Some(1000));
        let mut conn = connection(role, config);
        conn.send_binary(vec![1; 3000]).unwrap();
        let shown = conn.transmit().chunk().len();
        assert!((1000..1100).contains(&shown), "one fragment");
        pinged(&mut conn, b"");
        assert_eq!(firsts(&drain(&mut conn)), [0x02, 0x8a, 0x00, 0x80]);
    }
}

#[test]
fn only_one_batch_of_pongs_passes_at_a_time() {
    let mut conn = backlog(3, Config::default());
    for at in 0..100 {
        pinged(&mut conn, &[at]);
        conn.transmit().chunk();
    }
    let frames = drain(&mut conn);
    let pongs = frames.iter().filter(|(first, _)| *first == 0x8a).count();
    assert!(pongs <= 32, "{pongs}");
    assert_eq!(*frames.last().unwrap(), sent(0x8a, &[99]));
}

#[test]
fn a_pong_never_passes_that_of_an_earlier_ping() {
    // The first has its place behind two messages, because a third was sent after it.
    let mut conn = backlog(2, Config::default());
    pinged(&mut conn, b"1");
    conn.send_binary(vec![0; 100_000]).unwrap();
    conn.send_binary(vec![0; 100_000]).unwrap();
    assert_eq!(conn.transmit().chunk().len(), 10, "the header of the first");
    pinged(&mut conn, b"2");
    conn.transmit().chunk();
    conn.shrink_to_fit();
    pinged(&mut conn, b"3");
    conn.transmit().chunk();
    let mut out = Vec::new();
    while !conn.transmit().is_empty() {
        let part = conn.transmit().chunk().to_vec();
        conn.transmit().advance(part.len());
        out.extend(part);
    }
    let frames = frames_from(Role::Server, &out);
    let pongs: Vec<_> = frames.iter().filter(|(first, _)| *first == 0x8a).cloned().collect();
    assert_eq!(pongs, [sent(0x8a, b"1"), sent(0x8a, b"2"), sent(0x8a, b"3")]);
    assert_eq!(firsts(&frames)[..5], [0x82, 0x82, 0x8a, 0x82, 0x8a], "and passes what it can");
}

#[test]
fn pongs_pass_again_once_those_before_them_are_written() {
    let mut conn = backlog(4, Config::default());
    let mut slices = [&b""[..]; 2];
    assert_eq!(conn.transmit().slices(&mut slices), 2, "all of the first");
    conn.transmit().advance(100_010);
    for at in 0..2 {
        pinged(&mut conn, &[at]);
        assert_eq!(conn.transmit().chunk(), [0x8a, 1, at], "before the next message");
        conn.transmit().advance(3);
        assert_eq!(conn.transmit().chunk().len(), 10);
        conn.transmit().advance(100_010);
    }
    assert_eq!(firsts(&drain(&mut conn)), [0x82]);

    // What was shown before the queue ran empty says nothing about what is queued now.
    conn.send_text("gone").unwrap();
    assert_eq!(conn.transmit().chunk().len(), 6);
    conn.transmit().advance(6);
    conn.send_text("first").unwrap();
    conn.send_binary(vec![0; 100_000]).unwrap();
    assert_eq!(conn.transmit().len(), 100_017);
    pinged(&mut conn, b"");
    assert_eq!(firsts(&drain(&mut conn)), [0x8a, 0x81, 0x82]);
}

#[test]
fn bytes_may_be_forgotten_unseen() {
    let mut conn = backlog(2, Config::default());
    conn.transmit().advance(5);
    pinged(&mut conn, b"");
    let out = output(&mut conn);
    let frames = frames_from(Role::Server, &[&hex("82 7f 000000"), &out[..]].concat());
    assert_eq!(firsts(&frames), [0x82, 0x8a, 0x82]);
}

#[test]
fn slices_that_were_asked_for_and_not_filled_hold_no_pong_back() {
    let mut conn = connection(Role::Server, Config::default());
    conn.send_text("first").unwrap();
    conn.transmit().slices(&mut [&b""[..]; 16]);
    for _ in 0..3 {
        conn.send_binary(vec![0; 100_000]).unwrap();
    }
    pinged(&mut conn, b"");
    // The header of the first long message lies behind what was shown, in the same piece.
    assert_eq!(firsts(&drain(&mut conn)), [0x81, 0x82, 0x8a, 0x82, 0x82]);
}

/// Takes so many bytes a call, and fails in between.
struct Slow {
    out: Vec<u8>,
    takes: usize,
    errors: Vec<io::ErrorKind>,
}

impl Write for Slow {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(bytes)])
    }

    fn write_vectored(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        if let Some(error) = self.errors.pop() {
            return Err(error.into());
        }
        assert!(parts.iter().all(|part| !part.is_empty()));
        let all: Vec<_> = parts.iter().flat_map(|part| part.iter().copied()).collect();
        let taken = all.len().min(self.takes);
        self.out.extend(&all[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_writer_may_take_little_and_be_interrupted() {
    use io::ErrorKind::{Interrupted, WouldBlock};
    let mut conn = backlog(2, Config::default());
    let mut writer =
        Slow { out: vec![], takes: 33_333, errors: vec![WouldBlock, Interrupted, WouldBlock] };
    assert_eq!(conn.transmit().write_to(&mut writer).unwrap(), 0);
    assert_eq!(conn.transmit().write_to(&mut writer).unwrap(), 0);
    assert_eq!(conn.transmit().write_to(&mut writer).unwrap(), 200_020);
    assert_eq!(firsts(&frames_from(Role::Server, &writer.out)), [0x82, 0x82]);
    assert!(conn.transmit().is_empty());
}

#[test]
fn a_writer_that_fails_keeps_what_it_did_not_take() {
    let mut conn = backlog(1, Config::default());
    let mut writer = Slow { out: vec![], takes: 0, errors: vec![] };
    let error = conn.transmit().write_to(&mut writer).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::WriteZero);
    writer.errors.push(io::ErrorKind::BrokenPipe);
    let error = conn.transmit().write_to(&mut writer).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    assert_eq!(conn.buffered_amount(), 100_010);
}

#[derive(Clone, Debug)]
enum Step {
    Text(usize),
    Shared(usize),
    Part(usize, bool),
    Ping,
    Pinged(u8),
    Chunk,
    Slices(usize),
    Len,
    Advance(usize),
    Shrink,
}

fn step() -> impl Strategy<Value = Step> {
    let len = prop_oneof![0..10_usize, 120..130_usize, 4090..4100_usize, 60_000..70_000_usize];
    prop_oneof![
        len.clone().prop_map(Step::Text),
        len.clone().prop_map(Step::Shared),
        (len.clone(), any::<bool>()).prop_map(|(len, fin)| Step::Part(len, fin)),
        Just(Step::Ping),
        (0..20_u8).prop_map(Step::Pinged),
        Just(Step::Chunk),
        (0..5_usize).prop_map(Step::Slices),
        Just(Step::Len),
        len.prop_map(Step::Advance),
        Just(Step::Shrink),
    ]
}

/// A connection, what the host wrote, and what it saw behind that.
struct Watched {
    conn: Connection,
    written: Vec<u8>,
    seen: Vec<u8>,
    expected: Vec<Sent>,
    open: bool,
}

impl Watched {
    fn saw(&mut self, bytes: &[u8]) {
        let both = bytes.len().min(self.seen.len());
        assert!(bytes[..both] == self.seen[..both], "what was seen has changed");
        self.seen.extend(&bytes[both..]);
    }

    fn look(&mut self, slices: Option<usize>) {
        let mut transmit = self.conn.transmit();
        let mut bytes = Vec::new();
        match slices {
            None => bytes.extend(transmit.chunk()),
            Some(most) => {
                let mut slices = vec![&b""[..]; most];
                let count = transmit.slices(&mut slices);
                assert!(slices[..count].iter().all(|slice| !slice.is_empty()));
                slices[..count].iter().for_each(|slice| bytes.extend(*slice));
            }
        }
        self.saw(&bytes);
    }

    fn advance(&mut self, n: usize) {
        self.look(Some(64));
        let n = n.min(self.seen.len());
        self.conn.transmit().advance(n);
        self.written.extend(self.seen.drain(..n));
    }

    fn step(&mut self, step: &Step) {
        let conn = &mut self.conn;
        match *step {
            Step::Text(len) if !self.open => {
                conn.send_text("t".repeat(len)).unwrap();
                self.expected.push(sent(0x81, &vec![b't'; len]));
            }
            Step::Shared(len) if !self.open => {
                conn.send_binary(vec![9; len]).unwrap();
                self.expected.push(sent(0x82, &vec![9; len]));
            }
            Step::Part(len, fin) => {
                conn.send_fragment(Kind::Binary, &vec![8; len], fin).unwrap();
                let first = u8::from(fin) << 7 | if self.open { 0 } else { 2 };
                self.expected.push(sent(first, &vec![8; len]));
                self.open = !fin;
            }
            Step::Ping => {
                conn.send_ping(b"ours").unwrap();
                self.expected.push(sent(0x89, b"ours"));
            }
            Step::Pinged(count) => (0..count).for_each(|at| pinged(conn, &[at])),
            Step::Chunk => self.look(None),
            Step::Slices(most) => self.look(Some(most)),
            Step::Len => _ = conn.transmit().len(),
            Step::Advance(n) => self.advance(n),
            Step::Shrink => conn.shrink_to_fit(),
            _ => {}
        }
    }
}

#[test]
fn chunks_are_taken_out_as_they_are() {
    let mut conn = connection(Role::Server, Config::default());
    let payload = bytes::Bytes::from(vec![7; 100_000]);
    conn.send_text("before").unwrap();
    conn.send_binary(payload.clone()).unwrap();
    conn.send_text("after").unwrap();
    pinged(&mut conn, b"ping");
    conn.transmit().advance(3);
    let mut out = vec![];
    let mut shared = 0;
    while let Some(chunk) = conn.transmit().take_chunk() {
        shared += usize::from(chunk.as_ptr() == payload.as_ptr());
        out.extend_from_slice(&chunk);
    }
    assert_eq!(shared, 1);
    assert_eq!(out.len() + 3, 8 + 10 + 100_000 + 7 + 6);
    assert!(out.starts_with(b"efore\x82\x7f"));
    assert!(out.windows(6).any(|bytes| bytes == b"\x8a\x04ping"));
    assert_eq!((conn.buffered_amount(), conn.transmit().take_chunk()), (0, None));
}

#[test]
fn short_messages_that_are_shared_are_taken_out_as_they_are() {
    let mut conn = connection(Role::Server, config(|config| config.share_from = 50));
    let payload = Bytes::from(vec![1; 100]);
    conn.send_binary(payload.clone()).unwrap();
    assert_eq!(conn.transmit().take_chunk().unwrap(), b"\x82\x64"[..]);
    let taken = conn.transmit().take_chunk().unwrap();
    assert_eq!((taken.as_ptr(), taken.len()), (payload.as_ptr(), 100));
}

#[test]
fn frames_before_a_shared_payload_are_taken_out_with_their_memory() {
    let mut conn = connection(Role::Server, Config::default());
    conn.send_binary(&[1; 4090]).unwrap();
    let shared = Bytes::from(vec![2; 5000]);
    conn.send_binary(shared.clone()).unwrap();
    let at = conn.transmit().chunk().as_ptr();
    let taken = conn.transmit().take_chunk().unwrap();
    assert_eq!((taken.as_ptr(), taken.len()), (at, 4 + 4090 + 4));
    assert_eq!(conn.transmit().take_chunk(), Some(shared));
    assert_eq!(conn.transmit().take_chunk(), None);
}

#[test]
fn a_pong_goes_behind_all_that_a_writer_was_shown() {
    /// Takes one byte.
    struct Slow(Vec<u8>);

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.write_vectored(&[IoSlice::new(bytes)])
        }

        fn write_vectored(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
            if !self.0.is_empty() {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            self.0.push(parts[0][0]);
            Ok(1)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    let mut conn = backlog(3, Config::default());
    let mut slow = Slow(Vec::new());
    assert_eq!(conn.transmit().write_to(&mut slow).unwrap(), 1);
    pinged(&mut conn, b"ping");
    conn.transmit().drain_into(&mut slow.0);
    assert_eq!(firsts(&frames_from(Role::Server, &slow.0)), [0x82, 0x82, 0x82, 0x8a]);
}

#[test]
fn a_long_backlog_is_taken_out_in_order_and_whole() {
    let mut conn = connection(Role::Server, Config::default());
    let mut expected = Vec::new();
    for fill in 0..20 {
        let payload = vec![fill; 10_000 * usize::from(fill % 3 + 1)];
        conn.send_binary(payload.as_slice()).unwrap();
        expected.extend(frame(0x82, &payload));
        if fill == 5 {
            conn.transmit().advance(4);
        }
    }
    let mut out = Vec::new();
    while let Some(chunk) = conn.transmit().take_chunk() {
        out.extend_from_slice(&chunk);
    }
    assert!(out == expected[4..]);
    assert!(conn.transmit().is_empty());
}

proptest! {
    #![proptest_config(cases::cases(200))]

    #[test]
    fn bytes_that_were_seen_never_change_and_frames_keep_their_order(
        steps in prop::collection::vec(step(), 1..40),
        server in any::<bool>(),
    ) {
        let role = if server { Role::Server } else { Role::Client };
        let conn = connection(role, Config::default());
        let mut watched =
            Watched { conn, written: vec![], seen: vec![], expected: vec![], open: false };
        for step in &steps {
            watched.step(step);
        }
        while !watched.conn.transmit().is_empty() {
            watched.advance(usize::MAX);
        }
        let mut frames = frames_from(role, &watched.written);
        let pinged: usize =
            steps.iter().map(|step| if let Step::Pinged(n) = step { usize::from(*n) } else { 0 }).sum();
        let pongs = frames.iter().filter(|(first, _)| *first == 0x8a).count();
        prop_assert!(pongs <= pinged && pongs >= pinged.min(1));
        frames.retain(|(first, _)| *first != 0x8a);
        prop_assert!(frames == watched.expected);
    }
}

#[test]
fn output_is_moved_into_memory_of_any_length() {
    for role in ROLES {
        for room in [1, 2, 7, 1000, 65_536, 1 << 20] {
            let mut conn = connection(role, Config::default());
            conn.send_text("text").unwrap();
            conn.send_binary(vec![5; 70_000]).unwrap();
            conn.send_binary([6; 300].as_slice()).unwrap();
            pinged(&mut conn, b"ping");
            let (mut out, mut buffer) = (Vec::new(), vec![0; room]);
            assert_eq!(conn.transmit().drain_to(&mut []), 0);
            loop {
                let waits = conn.buffered_amount();
                let moved = conn.transmit().drain_to(&mut buffer);
                assert_eq!(moved, waits.min(room));
                assert_eq!(conn.buffered_amount(), waits - moved);
                if moved == 0 {
                    break;
                }
                out.extend_from_slice(&buffer[..moved]);
            }
            assert_eq!(firsts(&frames_from(role, &out)), [0x81, 0x82, 0x82, 0x8a]);
        }
    }
}
