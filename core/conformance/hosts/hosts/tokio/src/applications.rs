//! What the applications under test do with a connection, by the path that was asked for.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use wspair::{CloseCode, Closed, ClosedCause, Prepared};
use wspair_tokio::{Error, Message, Receiver, Sender, WebSocket};

use crate::report::{Value, failed, tell};

/// What all connections share.
#[derive(Clone)]
pub(crate) struct Room {
    go: watch::Receiver<bool>,
    members: Arc<Mutex<Vec<Sender>>>,
}

impl Room {
    pub(crate) fn new(go: watch::Receiver<bool>) -> Self {
        Self { go, members: Arc::default() }
    }

    /// Waits for the driver's word.
    pub(crate) async fn may_go(&self) {
        let _ = self.go.clone().wait_for(|go| *go).await;
    }
}

/// Runs the application of a path to its end.
pub(crate) async fn run(socket: WebSocket, path: String, room: Room) {
    tell("open", Some(&path), &[]);
    let (sender, receiver) = socket.split();
    let name = path.trim_start_matches('/').split('?').next().unwrap_or("");
    let mut peer = Peer { sender, receiver, path: path.clone(), seen: Seen::default() };
    let outcome = match name {
        "companion" => peer.companion().await,
        "sender" => peer.sender(peer.number("every", 10)).await,
        "tight" => peer.tight().await,
        "idle" => {
            room.may_go().await;
            peer.read_on().await
        }
        "late" => {
            room.may_go().await;
            peer.take().await
        }
        "close" => peer.close().await,
        "close-reading" => peer.close_reading().await,
        "close-twice" => peer.close_twice().await,
        "bulk" => peer.bulk().await,
        "big" => {
            let size = peer.number("size", 8 << 20);
            let _ = peer.sender.send(vec![0; size]).await;
            tell("sent", Some(&path), &[]);
            peer.read_on().await
        }
        "many" => peer.many().await,
        "throw" => {
            peer.receiver.recv().await;
            tell("throws", Some(&path), &[]);
            panic!("on purpose");
        }
        "busy" => peer.busy().await,
        "after-end" => peer.after_end().await,
        "cancelled" => peer.cancelled().await,
        "drop" => {
            peer.receiver.recv().await;
            tell("dropped", Some(&path), &[]);
            return;
        }
        "broadcast" => peer.broadcast(&room).await,
        _ => peer.echo().await,
    };
    if let Err(error) = outcome {
        failed("raised", &path, &error);
    }
    tell("done", Some(&path), &[]);
}

#[derive(Default)]
struct Seen {
    messages: usize,
    bytes: usize,
    is_disordered: bool,
}

struct Peer {
    sender: Sender,
    receiver: Receiver,
    path: String,
    seen: Seen,
}

type Outcome = Result<(), Error>;

impl Peer {
    fn number(&self, name: &str, usual: usize) -> usize {
        let query = self.path.split_once('?').map_or("", |(_, query)| query);
        let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs
            .find(|(key, _)| *key == name)
            .and_then(|(_, value)| value.parse().ok())
            .unwrap_or(usual)
    }

    /// The next message that is data; how it ended, when that comes.
    async fn next(&mut self) -> Option<Message> {
        loop {
            match self.receiver.recv().await {
                Some(Ok(message)) if message.is_control() => {}
                Some(Ok(message)) => return Some(message),
                Some(Err(error)) => {
                    self.tell_end(Some(&error));
                    return None;
                }
                None => {
                    self.tell_end(None);
                    return None;
                }
            }
        }
    }

    fn tell_end(&self, error: Option<&Error>) {
        let Some(Closed { code, reason, clean, cause, .. }) = self.sender.how_closed() else {
            return;
        };
        let cause = match cause {
            ClosedCause::Peer(broken) => format!("{broken:?}"),
            other => format!("{other:?}"),
        };
        let text = error.map_or(String::new(), ToString::to_string);
        let broken = error.and_then(Error::protocol_error);
        let code = broken.map_or(code, |broken| broken.close_code().get());
        let count = |number: usize| Value::Number(number as f64);
        tell(
            "end",
            Some(&self.path),
            &[
                ("code", Value::Number(f64::from(code))),
                ("reason", Value::Text(&reason)),
                ("clean", Value::Flag(clean)),
                ("rule", Value::Text(&cause)),
                ("text", Value::Text(&text)),
                ("messages", count(self.seen.messages)),
                ("size", count(self.seen.bytes)),
                ("in_order", Value::Flag(!self.seen.is_disordered)),
            ],
        );
    }

    async fn read_on(&mut self) -> Outcome {
        while self.next().await.is_some() {}
        Ok(())
    }

    async fn echo(&mut self) -> Outcome {
        while let Some(message) = self.next().await {
            self.seen.messages += 1;
            if let Err(error) = self.sender.send(message).await {
                failed("send-failed", &self.path, &error);
            }
        }
        Ok(())
    }

    async fn companion(&mut self) -> Outcome {
        while let Some(Ok(message)) = self.receiver.recv().await {
            if !message.is_control() {
                self.sender.send(message).await?;
            }
        }
        Ok(())
    }

    /// Takes messages that begin with their number.
    async fn take(&mut self) -> Outcome {
        while let Some(message) = self.next().await {
            let number = message.as_bytes().first_chunk().map(|bytes| u32::from_be_bytes(*bytes));
            self.seen.is_disordered |= number != u32::try_from(self.seen.messages).ok();
            self.seen.messages += 1;
            self.seen.bytes += message.len();
        }
        Ok(())
    }

    /// Sends, and never receives.
    async fn sender(&self, every: usize) -> Outcome {
        loop {
            if let Err(error) = self.sender.send("tick").await {
                failed("send-failed", &self.path, &error);
                return Ok(());
            }
            sleep(Duration::from_millis(every as u64)).await;
        }
    }

    async fn tight(&self) -> Outcome {
        loop {
            if let Err(error) = self.sender.send(vec![0; 50_000]).await {
                failed("send-failed", &self.path, &error);
                return Ok(());
            }
        }
    }

    async fn close(&mut self) -> Outcome {
        self.sender.close(code(4000), "bye").await?;
        tell("closed", Some(&self.path), &[]);
        self.read_on().await
    }

    /// One task reads, another closes.
    async fn close_reading(&mut self) -> Outcome {
        let (sender, path) = (self.sender.clone(), self.path.clone());
        let closes = async move {
            sleep(Duration::from_millis(50)).await;
            match sender.close(code(4000), "bye").await {
                Ok(()) => tell("closed", Some(&path), &[]),
                Err(error) => failed("close-failed", &path, &error),
            }
        };
        let (outcome, ()) = tokio::join!(self.echo(), closes);
        outcome
    }

    async fn close_twice(&mut self) -> Outcome {
        let (one, two) = (self.sender.clone(), self.sender.clone());
        let (one, two) = tokio::join!(one.close(code(4000), "bye"), two.close(code(4001), "again"));
        for error in [one, two].into_iter().filter_map(Result::err) {
            failed("close-failed", &self.path, &error);
        }
        tell("closed", Some(&self.path), &[]);
        self.read_on().await
    }

    async fn bulk(&mut self) -> Outcome {
        let size = self.number("size", 65_536);
        let count = (self.number("mib", 64) << 20) / size;
        for number in 0..count {
            let mut data = vec![0; size];
            data[..4].copy_from_slice(&u32::try_from(number).expect("fits").to_be_bytes());
            self.sender.send(data).await?;
        }
        tell("sent", Some(&self.path), &[]);
        self.read_on().await
    }

    async fn many(&mut self) -> Outcome {
        let (tasks, messages) = (self.number("tasks", 8), self.number("messages", 100));
        let all = (0..tasks).map(|name| {
            let sender = self.sender.clone();
            tokio::spawn(async move {
                for number in 0..messages {
                    let size = [17, 300, 5_000, 70_000][(number + name) % 4];
                    let mut text = format!("{name}:{number}:");
                    let letter = char::from(b"abcdefgh"[name % 8]);
                    text.extend(std::iter::repeat_n(letter, size - text.len()));
                    if sender.send(text).await.is_err() {
                        return;
                    }
                }
            })
        });
        join_all(all).await;
        tell("sent", Some(&self.path), &[]);
        self.read_on().await
    }

    /// Computes, and lets nobody else.
    async fn busy(&mut self) -> Outcome {
        self.next().await;
        let end = Instant::now() + Duration::from_millis(self.number("ms", 2000) as u64);
        while Instant::now() < end {
            std::hint::spin_loop();
        }
        tell("computed", Some(&self.path), &[]);
        self.sender.send("computed").await?;
        self.echo().await
    }

    async fn after_end(&mut self) -> Outcome {
        self.read_on().await?;
        match self.sender.send("too late").await {
            Ok(()) => tell("sent-after-end", Some(&self.path), &[]),
            Err(error) => failed("send-failed", &self.path, &error),
        }
        for number in [1000, 4000] {
            if let Err(error) = self.sender.close(code(number), "").await {
                failed("close-failed", &self.path, &error);
                return Ok(());
            }
        }
        if self.receiver.recv().await.is_none() {
            tell("end-again", Some(&self.path), &[]);
        }
        Ok(())
    }

    /// Gives up receiving over and over.
    async fn cancelled(&mut self) -> Outcome {
        loop {
            match timeout(Duration::from_millis(2), self.receiver.recv()).await {
                Err(_) => {}
                Ok(Some(Ok(message))) if message.is_control() => {}
                Ok(Some(Ok(message))) => {
                    let number = message.as_text().and_then(|text| text.parse().ok());
                    self.seen.is_disordered |= number != Some(self.seen.messages);
                    self.seen.messages += 1;
                }
                Ok(other) => {
                    self.tell_end(other.and_then(Result::err).as_ref());
                    return Ok(());
                }
            }
        }
    }

    /// Sends everything to everybody, once it is told to; who does not keep up has to go.
    async fn broadcast(&mut self, room: &Room) -> Outcome {
        let is_first = {
            let mut members = room.members.lock().expect("nobody panics here");
            members.push(self.sender.clone());
            members.len() == 1
        };
        if is_first {
            room.may_go().await;
            let said = Prepared::binary(&vec![0; self.number("size", 1024)]);
            for _ in 0..self.number("messages", 1000) {
                room.members.lock().expect("nobody panics here").retain(|member| {
                    member.try_send_prepared(&said).inspect_err(|_| member.abort()).is_ok()
                });
                tokio::task::yield_now().await;
            }
            tell("sent", Some(&self.path), &[]);
            room.members.lock().expect("nobody panics here").clear();
        }
        self.read_on().await
    }
}

fn code(number: u16) -> CloseCode {
    CloseCode::new(number).expect("a code that may be sent")
}
