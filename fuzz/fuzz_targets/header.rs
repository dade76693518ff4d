//! Header decoding against tungstenite's, and against our own encoding.
//!
//! Only headers that both accept are compared. We refuse more, as a header alone shows it: reserved
//! bits, fragmented or long control frames, the wrong mask for the role, lengths in a longer form
//! than needed or beyond 63 bits. tungstenite leaves those to its callers, or takes them.
#![no_main]

use std::io::Cursor;

use libfuzzer_sys::fuzz_target;
use tungstenite::protocol::frame::FrameHeader;
use wspair::Role;
use wspair::frame::{Decoded, Header, HeaderRules, MAX_HEADER};

fuzz_target!(|input: (bool, bool, &[u8])| {
    let (server, rsv1, bytes) = input;
    let role = if server { Role::Server } else { Role::Client };
    let mut cursor = Cursor::new(bytes);
    let theirs = FrameHeader::parse(&mut cursor);
    match Header::decode(bytes, HeaderRules { role, rsv1 }) {
        Ok(Decoded::Header(ours, taken)) => {
            let (header, len) = theirs.expect("an error").expect("not enough");
            assert_eq!(
                (ours.fin, ours.rsv1, ours.mask),
                (header.is_final, header.rsv1, header.mask)
            );
            assert_eq!(ours.opcode as u8, u8::from(header.opcode));
            assert_eq!((ours.len, taken as u64), (len, cursor.position()));
            let mut written = [0; MAX_HEADER];
            assert_eq!(ours.encode(&mut written), taken);
            assert_eq!(Header::encoded_len(ours.len, ours.mask.is_some()), taken);
            assert_eq!(&written[..taken], &bytes[..taken]);
        }
        Ok(Decoded::NeedMore(more)) => {
            assert!(more > 0 && bytes.len() + more <= MAX_HEADER);
            assert!(!matches!(theirs, Ok(Some(_))));
        }
        Err(_) => {}
    }
});
