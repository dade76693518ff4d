//! How connections end, whatever the application is doing.

mod common;

use std::time::Duration;

use common::{
    BINARY, CLOSE, PATIENCE, TEXT, close_frame, code, echo, masked, pair, server, server_with,
    watchful,
};
use futures_util::SinkExt;
use tokio::time::{Instant, sleep, timeout};
use wspair_tokio::wspair::{ClosedCause, Config, ProtocolError, SendError};
use wspair_tokio::{Error, Message};

fn text(bytes: &[u8]) -> (u8, Vec<u8>) {
    (TEXT, bytes.to_vec())
}

fn soon() -> Duration {
    Duration::from_secs(1)
}

#[tokio::test(start_paused = true)]
async fn the_peer_closes() {
    let (mut socket, mut wire) = server();
    let mut frame = 4000_u16.to_be_bytes().to_vec();
    frame.extend(b"bye");
    wire.send(CLOSE, &frame).await;
    let Some(Ok(Message::Close(Some(close)))) = socket.recv().await else { panic!() };
    assert_eq!((close.code, close.reason.as_str()), (code(4000), "bye"));
    assert!(socket.recv().await.is_none());
    assert_eq!(wire.close_code().await, 4000);
    assert!(wire.at_end().await, "the server ends the transport");
    let how = socket.sender().how_closed().unwrap();
    assert_eq!((how.code, how.reason.as_str(), how.clean), (4000, "bye", true));
    for _ in 0..2 {
        assert!(matches!(socket.send("late").await, Err(Error::Closed(how)) if how.code == 4000));
        assert!(socket.recv().await.is_none());
        socket.close(code(1000), "").await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn text_close_and_the_end_at_once() {
    for gap in [None, Some(Duration::from_millis(100))] {
        let (socket, mut wire) = server();
        let task = echo(socket);
        let mut bytes = masked(0x80 | TEXT, b"hi");
        bytes.extend(close_frame(1000));
        wire.raw(&bytes).await;
        if let Some(gap) = gap {
            sleep(gap).await; // sleeps: what is sent comes in two reads
        }
        wire.finish().await;
        assert_eq!(wire.frame().await, text(b"hi"));
        assert_eq!(wire.close_code().await, 1000);
        assert!(wire.at_end().await);
        assert!(task.await.unwrap().is_none(), "clean");
    }
}

/// Where messages come one after the other the connection's task leaves looking for more to who takes
/// them: it has to look again once nobody does.
#[tokio::test(start_paused = true)]
async fn a_close_behind_traffic_is_answered_within_half_a_second_though_nobody_receives() {
    for gap in [0, 50, 99, 100, 101, 150, 199, 250, 1000].map(Duration::from_millis) {
        let (mut socket, mut wire) = server();
        for _ in 0..100 {
            wire.send(TEXT, b"hi").await;
            let message = socket.recv().await.unwrap().unwrap();
            socket.send(message).await.unwrap();
            assert_eq!(wire.frame().await, text(b"hi"));
        }
        sleep(gap).await; // sleeps: the close comes at any time of the watch
        let began = Instant::now();
        wire.raw(&close_frame(1000)).await;
        assert_eq!(wire.close_code().await, 1000);
        assert!(began.elapsed() < Duration::from_millis(500), "{gap:?} {:?}", began.elapsed());
    }
}

/// Nobody has come to receive before.
#[tokio::test(start_paused = true)]
async fn replies_go_before_the_answer_to_a_close() {
    let (mut socket, mut wire) = server();
    let mut bytes = masked(0x80 | TEXT, b"hi");
    bytes.extend(close_frame(1000));
    wire.raw(&bytes).await;
    sleep(Duration::from_millis(50)).await; // sleeps: gives what must not come time to come
    assert_eq!(socket.recv().await.unwrap().unwrap(), Message::text("hi"));
    sleep(Duration::from_millis(50)).await; // sleeps: gives what must not come time to come
    socket.send("reply").await.unwrap();
    assert!(matches!(socket.recv().await, Some(Ok(Message::Close(_)))));
    assert_eq!(wire.frame().await, text(b"reply"));
    assert_eq!(wire.close_code().await, 1000);
}

#[tokio::test(start_paused = true)]
async fn texts_and_the_end_without_a_close() {
    let (socket, mut wire) = server();
    let task = echo(socket);
    for word in [b"one", b"two"] {
        wire.send(TEXT, word).await;
    }
    wire.finish().await;
    assert_eq!(wire.frame().await, text(b"one"));
    assert_eq!(wire.frame().await, text(b"two"));
    assert!(wire.at_end().await);
    let Some(Error::Closed(how)) = task.await.unwrap() else { panic!() };
    assert_eq!((how.code, how.clean, how.cause), (1006, false, ClosedCause::Transport));
}

/// However long each answer takes.
#[tokio::test(start_paused = true)]
async fn slow_answers_to_texts_before_the_end() {
    let (mut socket, mut wire) = server();
    for word in [b"one", b"two"] {
        wire.send(TEXT, word).await;
    }
    wire.finish().await;
    for _ in 0..2 {
        let message = socket.recv().await.unwrap().unwrap();
        sleep(Duration::from_secs(3)).await; // sleeps: an application that takes its time
        socket.send(message).await.unwrap();
    }
    assert!(matches!(socket.recv().await, Some(Err(Error::Closed(how))) if how.code == 1006));
    assert!(socket.recv().await.is_none());
    assert_eq!(wire.frame().await, text(b"one"));
    assert_eq!(wire.frame().await, text(b"two"));
    assert!(wire.at_end().await);
}

#[tokio::test(start_paused = true)]
async fn the_transport_vanishes_in_mid_frame() {
    let (mut socket, mut wire) = server();
    wire.raw(&masked(0x80 | BINARY, &[0; 1000])[..500]).await;
    drop(wire);
    let Some(Err(Error::Closed(how))) = socket.recv().await else { panic!() };
    assert_eq!((how.code, how.clean, how.cause), (1006, false, ClosedCause::Transport));
    assert!(matches!(socket.send("late").await, Err(Error::Closed(how)) if how.code == 1006));
}

#[tokio::test(start_paused = true)]
async fn close_while_the_application_only_sends() {
    let (socket, mut wire) = server();
    let task = tokio::spawn(async move {
        loop {
            if let Err(error) = socket.send("tick").await {
                return error;
            }
            sleep(Duration::from_millis(10)).await;
        }
    });
    wire.frame().await;
    wire.raw(&close_frame(4000)).await;
    let began = Instant::now();
    let frames = async { while wire.frame().await.0 != CLOSE {} };
    timeout(PATIENCE, frames).await.unwrap();
    assert!(began.elapsed() < soon());
    assert!(matches!(task.await.unwrap(), Error::Closed(how) if how.code == 4000));
    assert!(began.elapsed() < soon());
}

#[tokio::test(start_paused = true)]
async fn close_while_the_application_does_neither() {
    let (socket, mut wire) = server();
    wire.raw(&close_frame(4000)).await;
    let began = Instant::now();
    assert_eq!(wire.close_code().await, 4000);
    assert!(began.elapsed() < soon());
    // Who waits for the end learns of it.
    assert_eq!(socket.sender().closed().await.code, 4000);
}

/// It waits in a `select!` for something else, and does not come back.
#[tokio::test(start_paused = true)]
async fn close_while_the_application_gave_up_receiving() {
    let (mut socket, mut wire) = server();
    assert!(timeout(Duration::from_millis(1), socket.recv()).await.is_err());
    let began = Instant::now();
    wire.raw(&close_frame(1000)).await;
    assert_eq!(wire.close_code().await, 1000);
    assert!(began.elapsed() < soon());
}

#[tokio::test(start_paused = true)]
async fn close_behind_messages_that_nobody_read() {
    let (mut socket, mut wire) = server();
    for number in 0..100 {
        wire.send(TEXT, number.to_string().as_bytes()).await;
    }
    wire.raw(&close_frame(1000)).await;
    assert_eq!(wire.close_code().await, 1000);
    for number in 0..100 {
        assert_eq!(socket.recv().await.unwrap().unwrap(), Message::text(number.to_string()));
    }
    assert!(matches!(socket.recv().await, Some(Ok(Message::Close(_)))));
    assert!(socket.recv().await.is_none());
}

#[tokio::test]
async fn a_loop_of_sends_notices_that_the_peer_is_gone() {
    let (socket, wire) = server();
    let task = tokio::spawn(async move {
        let data = vec![0; 50_000];
        while socket.send(data.clone()).await.is_ok() {}
        // Whoever ignores it keeps nobody from running.
        for _ in 0..10_000 {
            let _ = socket.send("late").await;
        }
    });
    tokio::task::yield_now().await;
    drop(wire);
    timeout(PATIENCE, task).await.unwrap().unwrap();
}

/// Not with a clock that stands still while anybody runs.
#[tokio::test]
async fn a_broken_frame_while_the_application_only_sends() {
    let (socket, mut wire) = server();
    let task = tokio::spawn(async move {
        let data = vec![0; 50_000];
        loop {
            if let Err(error) = socket.send(data.clone()).await {
                return error;
            }
        }
    });
    wire.send(3, b"?").await;
    let frames = async { while wire.frame().await.0 != CLOSE {} };
    timeout(PATIENCE, frames).await.unwrap();
    let error = task.await.unwrap();
    assert_eq!(error.protocol_error(), Some(ProtocolError::ReservedOpcode));
    assert_eq!(error.close_code(), Some(code(1002)));
}

#[tokio::test(start_paused = true)]
async fn messages_before_a_broken_frame_are_answered() {
    let (socket, mut wire) = server();
    let task = echo(socket);
    let mut bytes = masked(0x80 | TEXT, b"hi");
    bytes.extend(masked(0x83, b"?"));
    wire.raw(&bytes).await;
    assert_eq!(wire.frame().await, text(b"hi"));
    assert_eq!(wire.close_code().await, 1002);
    assert!(wire.at_end().await);
    let error = task.await.unwrap().unwrap();
    assert_eq!(error.protocol_error(), Some(ProtocolError::ReservedOpcode));
}

#[tokio::test(start_paused = true)]
async fn a_message_over_the_limit() {
    let mut config = Config::default();
    config.limits.max_message = 100;
    for parts in [1, 2] {
        let (mut socket, mut wire) = server_with(config.clone(), 1 << 10);
        for part in 1..=parts {
            let opcode = if part == 1 { BINARY } else { 0 };
            let fin = if part == parts { 0x80 } else { 0 };
            wire.raw(&masked(fin | opcode, &vec![0; 120 / parts])).await;
        }
        match socket.recv().await {
            Some(Err(error @ Error::TooLong { size: 120, limit: 100 })) => {
                assert_eq!(error.close_code(), Some(code(1009)));
            }
            other => panic!("{other:?}"),
        }
        let (opcode, payload) = wire.frame().await;
        assert_eq!((opcode, &payload[..2]), (CLOSE, &1009_u16.to_be_bytes()[..]));
        let reason = String::from_utf8(payload[2..].to_vec()).unwrap();
        assert!(reason.contains("120") && reason.contains("100"), "{reason}");
    }
}

#[tokio::test(start_paused = true)]
async fn the_peer_never_answers_a_close() {
    let (socket, mut wire) = server();
    let began = Instant::now();
    socket.close(code(4000), "bye").await.unwrap();
    assert_eq!(began.elapsed().as_secs(), 10, "the default of close_within");
    assert_eq!(wire.close_code().await, 4000);
    assert!(wire.at_end().await);
    let how = socket.sender().how_closed().unwrap();
    assert_eq!((how.code, how.clean), (1006, false));
}

#[tokio::test(start_paused = true)]
async fn a_close_that_is_answered() {
    let (mut client, mut server) = pair();
    let (closed, received) = tokio::join!(client.close(code(4000), "bye"), server.recv());
    closed.unwrap();
    assert!(matches!(received, Some(Ok(Message::Close(Some(close)))) if close.code == code(4000)));
    assert!(server.recv().await.is_none());
    assert!(matches!(client.recv().await, Some(Ok(Message::Close(Some(_))))));
    assert!(client.recv().await.is_none());
}

/// The answer to it may be behind any amount of data.
#[tokio::test(start_paused = true)]
async fn data_behind_a_close_is_thrown_away() {
    let (socket, mut wire) = server();
    let peer = tokio::spawn(async move {
        let data = vec![0; 60_000];
        for _ in 0..100 {
            wire.send(BINARY, &data).await;
        }
        wire.raw(&close_frame(4000)).await;
        assert_eq!(wire.close_code().await, 4000);
        assert!(wire.at_end().await);
    });
    socket.close(code(4000), "").await.unwrap();
    assert!(socket.sender().how_closed().unwrap().clean);
    peer.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_close_while_another_task_receives() {
    let (client, mut server) = pair();
    let (sender, mut receiver) = client.split();
    let reader = tokio::spawn(async move {
        let mut last = None;
        while let Some(message) = receiver.recv().await {
            last = Some(message.unwrap());
        }
        last
    });
    tokio::task::yield_now().await;
    let other = sender.clone();
    let peer = async { while server.recv().await.is_some() {} };
    let (one, two, ()) =
        tokio::join!(sender.close(code(4000), "bye"), other.close(code(4001), "too"), peer);
    one.unwrap();
    two.unwrap();
    let Some(Message::Close(Some(close))) = reader.await.unwrap() else { panic!() };
    assert_eq!(close.code, code(4000));
}

#[tokio::test(start_paused = true)]
async fn dropped_without_a_word() {
    let (socket, mut wire) = server();
    drop(socket);
    assert_eq!(wire.close_code().await, 1001);
    wire.raw(&close_frame(1001)).await;
    assert!(wire.at_end().await);

    // Not before the last handle is.
    let (socket, mut wire) = server();
    let (sender, receiver) = socket.split();
    let other = sender.clone();
    drop(receiver);
    drop(sender);
    other.send("still here").await.unwrap();
    assert_eq!(wire.frame().await, text(b"still here"));
    wire.send(TEXT, b"into the void").await;
    drop(other);
    assert_eq!(wire.close_code().await, 1001);
}

#[tokio::test(start_paused = true)]
async fn dropped_in_a_panic() {
    let (mut socket, mut wire) = server();
    let task = tokio::spawn(async move {
        socket.recv().await;
        panic!("on purpose");
    });
    wire.send(TEXT, b"now").await;
    assert_eq!(wire.close_code().await, 1011);
    assert!(task.await.unwrap_err().is_panic());
}

#[tokio::test(start_paused = true)]
async fn dropped_with_a_peer_that_does_not_answer() {
    let (socket, mut wire) = server();
    let began = Instant::now();
    drop(socket);
    assert_eq!(wire.close_code().await, 1001);
    assert!(wire.at_end().await);
    assert!(began.elapsed() <= Duration::from_secs(12));
}

#[tokio::test(start_paused = true)]
async fn the_peer_vanishes_in_silence() {
    let (mut socket, _wire) = server_with(watchful(), 1 << 10);
    let began = Instant::now();
    let Some(Err(Error::Closed(how))) = socket.recv().await else { panic!() };
    assert!(matches!(how.cause, ClosedCause::Timeout(_)));
    assert_eq!(began.elapsed().as_secs(), 30);
}

#[tokio::test(start_paused = true)]
async fn given_up() {
    let (socket, mut wire) = server();
    socket.send("last words").await.unwrap();
    socket.sender().abort();
    assert_eq!(wire.frame().await, text(b"last words"));
    assert!(wire.at_end().await);
    assert!(
        matches!(socket.send("late").await, Err(Error::Closed(how)) if how.cause == ClosedCause::Abort)
    );
}

#[tokio::test]
async fn what_may_not_be_sent() {
    let (socket, mut wire) = server();
    let long = bytes::Bytes::from(vec![0; 126]);
    let refused = socket.send(Message::Ping(long)).await;
    assert!(matches!(refused, Err(Error::Send(SendError::ControlTooLong))));
    let refused = socket.close(code(1000), &"x".repeat(124)).await;
    assert!(matches!(refused, Err(Error::Send(SendError::CloseReason))));
    let refused = socket.close(code(2000), "").await;
    assert!(matches!(refused, Err(Error::Send(SendError::CloseCode))));
    socket.send(Message::Close(None)).await.unwrap();
    let refused = socket.send("behind a Close frame").await;
    assert!(matches!(refused, Err(Error::Send(SendError::Closing))));
    assert_eq!(wire.frame().await, (CLOSE, Vec::new()));
}

/// A task that ends with the runtime takes nobody along.
#[test]
fn outlives_its_runtime() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (socket, _wire) = runtime.block_on(async { server() });
    drop(runtime);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut socket = socket;
    runtime.block_on(async {
        assert!(matches!(socket.recv().await, Some(Err(Error::Closed(how))) if how.code == 1006));
        assert!(socket.send("late").await.is_err());
    });
}

#[tokio::test(start_paused = true)]
async fn closing_while_nobody_receives_takes_as_long_as_the_peer() {
    let (socket, mut wire) = server();
    let start = Instant::now();
    let peer = async {
        assert_eq!(wire.close_code().await, 1000);
        wire.raw(&close_frame(1000)).await;
    };
    let (closed, ()) = tokio::join!(socket.close(code(1000), ""), peer);
    closed.unwrap();
    assert!(start.elapsed() < Duration::from_millis(20), "{:?}", start.elapsed());
}

#[tokio::test(start_paused = true)]
async fn messages_before_the_answer_to_our_close_are_still_received() {
    let (mut socket, mut wire) = server();
    let sender = socket.sender();
    let peer = async {
        assert_eq!(wire.close_code().await, 1000);
        wire.send(TEXT, b"late").await;
        wire.raw(&close_frame(1000)).await;
    };
    let (closed, ()) = tokio::join!(sender.close(code(1000), ""), peer);
    closed.unwrap();
    assert_eq!(socket.recv().await.unwrap().unwrap(), Message::text("late"));
}

#[tokio::test(start_paused = true)]
async fn what_was_not_written_when_the_connection_ended_is_an_error_of_flush_and_close() {
    for ends in ["drop", "abort", "deadline"] {
        let (mut socket, wire) = server_with(Config::default(), 1 << 10);
        let sender = socket.sender();
        sender.try_send(Message::binary(vec![0; 100_000])).unwrap();
        match ends {
            "drop" => drop(wire),
            "abort" => sender.abort(),
            _ => {
                let error = sender.close(code(1000), "").await.unwrap_err();
                assert!(matches!(error, Error::Closed(_)), "{error}");
                drop(wire);
            }
        }
        let error = SinkExt::flush(&mut socket).await.unwrap_err();
        assert!(matches!(error, Error::Closed(_)), "{ends}: {error}");
        let error = SinkExt::close(&mut socket).await.unwrap_err();
        assert!(matches!(error, Error::Closed(_)), "{ends}: {error}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_written_before_the_connection_ended_is_no_error() {
    let (mut socket, wire) = server();
    SinkExt::send(&mut socket, Message::text("taken")).await.unwrap();
    drop(wire);
    socket.sender().closed().await;
    SinkExt::flush(&mut socket).await.unwrap();
    SinkExt::close(&mut socket).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn much_before_the_answer_to_our_close_reaches_a_task_that_receives() {
    const LEN: usize = 32 << 10;
    let (socket, mut wire) = server();
    let (sender, mut receiver) = socket.split();
    let receiving = async {
        let mut lens = Vec::new();
        while let Some(Ok(Message::Binary(data))) = receiver.recv().await {
            lens.push(data.len());
            sleep(Duration::from_millis(1)).await;
        }
        lens
    };
    let payload = vec![7; LEN];
    let peer = async {
        assert_eq!(wire.close_code().await, 1000);
        for _ in 0..64 {
            wire.send(BINARY, &payload).await;
        }
        wire.raw(&close_frame(1000)).await;
    };
    let (closed, lens, ()) = tokio::join!(sender.close(code(1000), ""), receiving, peer);
    closed.unwrap();
    assert_eq!(lens, [LEN; 64]);
}
