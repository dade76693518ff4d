//! A loop for a machine without `std`: a serial line that gives and takes a few bytes at a time, a
//! counter of milliseconds, and no thread. Here the lines are memory, so that it runs anywhere.
//!
//!     cargo run --example embedded

use std::collections::VecDeque;

use device::{Device, Line, turn};
use wspair::{Config, Connection, Limits, MaskKeys, Negotiated};

/// All of this is `core` and the engine with its feature `alloc`.
mod device {
    use core::time::Duration;

    use wspair::{Connection, Event, TransportAction};

    /// What the board has: a UART behind a modem, say. Neither call waits.
    pub(crate) trait Line {
        /// Reads what is there, up to the length of `to`.
        fn read(&mut self, to: &mut [u8]) -> usize;
        /// Writes what there is room for.
        fn write(&mut self, bytes: &[u8]) -> usize;
        /// Milliseconds since the start.
        fn millis(&mut self) -> u32;
    }

    /// What this device is about.
    pub(crate) struct Device {
        pub(crate) led: bool,
    }

    /// One turn of the main loop. False when the connection is over.
    pub(crate) fn turn(device: &mut Device, conn: &mut Connection, line: &mut impl Line) -> bool {
        let mut buffer = [0; 64];
        let n = if conn.is_congested() { 0 } else { line.read(&mut buffer) };
        let mut events = conn.receive(&mut buffer[..n]);
        while let Some((event, mut sender)) = events.next_and_sender() {
            if let Event::Text(text) = event {
                device.led = &*text == "on";
                // Refused when the queue is full: the next command gets an answer again.
                let _ = sender.send_text(if device.led { "it is on" } else { "it is off" });
            }
        }
        // What happens by time has no answers here: a ping, a deadline.
        let mut events = conn.handle_timeout(Duration::from_millis(line.millis().into()));
        while events.next().is_some() {}
        let mut output = conn.transmit();
        while !output.is_empty() {
            match line.write(output.chunk()) {
                0 => break,
                n => output.advance(n),
            }
        }
        let is_written = output.is_empty();
        !(conn.transport() == TransportAction::Close && is_written)
    }
}

/// A line whose other end is memory.
struct Wire<'a> {
    incoming: &'a mut VecDeque<u8>,
    outgoing: &'a mut VecDeque<u8>,
    now: u32,
}

impl Line for Wire<'_> {
    fn read(&mut self, to: &mut [u8]) -> usize {
        let n = to.len().min(self.incoming.len()).min(7);
        to.iter_mut().zip(self.incoming.drain(..n)).for_each(|(to, byte)| *to = byte);
        n
    }

    fn write(&mut self, bytes: &[u8]) -> usize {
        let n = bytes.len().min(5);
        self.outgoing.extend(&bytes[..n]);
        n
    }

    fn millis(&mut self) -> u32 {
        self.now
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Little memory: short messages, and a short queue.
    let limits =
        Limits::default().with_max_message(256).with_max_outgoing(512).with_high_water_mark(256);
    let config = Config::default().with_limits(limits);
    let mut board = Connection::server(config, Negotiated::default());
    let keys = MaskKeys::from_seed([7; 32]); // from a source of randomness, once
    let mut phone = Connection::client(Config::default(), Negotiated::default(), keys);
    let (mut to_board, mut to_phone) = (VecDeque::new(), VecDeque::new());
    let mut device = Device { led: false };
    phone.send_text("on")?;
    phone.close(Some(wspair::CloseCode::NORMAL), "")?;
    let mut answers = Vec::new();
    for now in 0.. {
        let mut bytes = Vec::new();
        phone.transmit().drain_into(&mut bytes);
        to_board.extend(bytes);
        let mut wire = Wire { incoming: &mut to_board, outgoing: &mut to_phone, now };
        let goes_on = turn(&mut device, &mut board, &mut wire);
        let mut bytes: Vec<u8> = to_phone.drain(..).collect();
        let mut events = phone.receive(&mut bytes);
        while let Some(event) = events.next() {
            if let wspair::Event::Text(text) = event {
                answers.push(text.into_string());
            }
        }
        if !goes_on {
            break;
        }
    }
    assert_eq!((device.led, &answers[..]), (true, &["it is on".to_string()][..]));
    println!("{}", answers.join(", "));
    Ok(())
}
