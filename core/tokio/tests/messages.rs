//! What is sent arrives: by method, by trait, by half, from many at once.

mod common;

use bytes::Bytes;
use common::{BINARY, PING, PONG, TEXT, masked, pair, pair_with, server};
use futures_util::{SinkExt, StreamExt, TryStreamExt};
use wspair_tokio::wspair::{Config, Prepared};
use wspair_tokio::{Message, WebSocket};

fn messages() -> Vec<Message> {
    let text = "grüße, 世界 🌍".repeat(1000);
    vec![
        Message::text("hello"),
        Message::text(""),
        Message::binary(&b"\x00\xff"[..]),
        Message::binary(Bytes::new()),
        Message::text(text),
        Message::binary(vec![7; 700_000]),
        Message::Ping(Bytes::from_static(b"there?")),
        Message::Pong(Bytes::new()),
    ]
}

async fn next(socket: &mut WebSocket) -> Message {
    loop {
        match socket.recv().await.expect("more").expect("open") {
            // An answer to one of ours.
            Message::Pong(payload) if &payload[..] == b"there?" => {}
            message => return message,
        }
    }
}

#[tokio::test]
async fn both_ways() {
    let (mut client, mut server) = pair();
    for _ in 0..3 {
        for message in messages() {
            let (sent, received) = tokio::join!(client.send(message.clone()), next(&mut server));
            sent.unwrap();
            assert_eq!(received, message);
            let (sent, received) = tokio::join!(server.send(message.clone()), next(&mut client));
            sent.unwrap();
            assert_eq!(received, message);
        }
    }
}

#[tokio::test]
async fn as_stream_and_sink() {
    let (mut client, server) = pair();
    let (sink, stream) = StreamExt::split(server);
    let echo =
        tokio::spawn(stream.try_filter(|m| std::future::ready(!m.is_control())).forward(sink));
    let mut all = futures_util::stream::iter(messages().into_iter().take(5).map(Ok));
    client.send_all(&mut all).await.unwrap();
    for message in &messages()[..5] {
        assert_eq!(&client.next().await.unwrap().unwrap(), message);
    }
    SinkExt::close(&mut client).await.unwrap();
    assert!(matches!(client.next().await, Some(Ok(Message::Close(Some(_))))));
    assert!(client.next().await.is_none());
    assert!(client.next().await.is_none(), "and so for ever");
    // The end closes what it is forwarded to, which was closed already.
    echo.await.unwrap().unwrap();
}

#[tokio::test]
async fn halves_in_tasks() {
    let (client, server) = pair();
    let (sender, mut receiver) = server.split();
    tokio::spawn(async move {
        while let Some(Ok(message)) = receiver.recv().await {
            if message.is_text() {
                sender.send(message).await.unwrap();
            }
        }
    });
    let (sender, mut receiver) = client.split();
    let sending = tokio::spawn(async move {
        for number in 0..2000 {
            sender.send(number.to_string()).await.unwrap();
        }
        sender
    });
    for number in 0..2000 {
        assert_eq!(receiver.recv().await.unwrap().unwrap(), Message::text(number.to_string()));
    }
    sending.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_many_senders_at_once() {
    let config = Config::default();
    let (client, mut server) = pair_with(&config, 4 << 10);
    let tasks: Vec<_> = (0..8_u8)
        .map(|name| {
            let sender = client.sender();
            tokio::spawn(async move {
                for number in 0..100_u32 {
                    let size = [17, 300, 5_000, 70_000][(number as usize + usize::from(name)) % 4];
                    let mut data = vec![name; size];
                    data[1..5].copy_from_slice(&number.to_be_bytes());
                    sender.send(data).await.unwrap();
                }
            })
        })
        .collect();
    let mut due = [0_u32; 8];
    for _ in 0..800 {
        let Message::Binary(data) = server.recv().await.unwrap().unwrap() else { panic!() };
        let name = data[0];
        assert!(data[5..].iter().all(|byte| *byte == name), "a message is whole");
        let number = u32::from_be_bytes(data[1..5].try_into().unwrap());
        assert_eq!(number, due[usize::from(name)], "those of one sender are in order");
        due[usize::from(name)] += 1;
    }
    for task in tasks {
        task.await.unwrap();
    }
}

#[tokio::test]
async fn encoded_once_for_many() {
    let news = Prepared::text(&"the same for all ".repeat(500));
    let mut members: Vec<_> = (0..3).map(|_| pair()).collect();
    for (_, server) in &members {
        server.sender().try_send_prepared(&news).unwrap();
        server.sender().send_prepared(&news).await.unwrap();
    }
    for (client, _) in &mut members {
        for _ in 0..2 {
            assert_eq!(next(client).await.as_bytes(), news.payload());
        }
    }
}

#[tokio::test]
async fn of_a_peer_with_ideas_of_its_own() {
    let (mut socket, mut wire) = server();
    let mut bytes = masked(TEXT, b"one, ");
    bytes.extend(masked(0x80 | PING, b"there?"));
    bytes.extend(masked(0, b"two, "));
    bytes.extend(masked(0x80, b"three"));
    bytes.extend(masked(0x80 | BINARY, &[1, 2, 3]));
    for byte in &bytes {
        wire.raw(&[*byte]).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(socket.recv().await.unwrap().unwrap(), Message::Ping(Bytes::from_static(b"there?")));
    assert_eq!(socket.recv().await.unwrap().unwrap(), Message::text("one, two, three"));
    assert_eq!(socket.recv().await.unwrap().unwrap(), Message::binary(vec![1, 2, 3]));
    assert_eq!(wire.frame().await, (PONG, b"there?".to_vec()));
}

/// Unless the application takes them the messages wait, and those that came stay in their order.
#[tokio::test(start_paused = true)]
async fn that_nobody_came_for_yet() {
    let (mut socket, mut wire) = server();
    for number in 0..50 {
        wire.send(TEXT, number.to_string().as_bytes()).await;
    }
    tokio::time::sleep(common::PATIENCE).await; // sleeps: what is sent comes in two reads
    for number in 50..100 {
        wire.send(TEXT, number.to_string().as_bytes()).await;
    }
    for number in 0..100 {
        assert_eq!(socket.recv().await.unwrap().unwrap(), Message::text(number.to_string()));
    }
}
