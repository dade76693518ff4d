//! Texts long enough for the wide kernels, against the standard library: every sequence at every
//! place of a vector, every length, and every cut.

mod common;

use common::*;
use wspair::utf8::Utf8Check;
use wspair::{Config, ProtocolError, Role};

/// What a server makes of a masked text.
fn received(payload: &[u8]) -> Vec<OwnedEvent> {
    let mut conn = connection(Role::Server, Config::default());
    feed(&mut conn, Way::Mutable, &frame_to(Role::Server, 0x81, payload))
}

/// What the standard library has it made of.
fn expected(payload: &[u8]) -> [OwnedEvent; 1] {
    match core::str::from_utf8(payload) {
        Ok(payload) => [text(payload)],
        Err(_) => [fault(ProtocolError::TextNotUtf8)],
    }
}

/// Up to four bytes, with all that first and second ones can rule out. Interpreted, a few of them.
fn sequences() -> Vec<Vec<u8>> {
    let second = [0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc2, 0xe0, 0xf0, 0xff];
    let mut all = Vec::new();
    for one in (0x7f..=0xff_u8).filter(|one| !cfg!(miri) || [0xc3, 0xe0, 0xf4].contains(one)) {
        all.push(vec![one]);
        for two in second {
            all.push(vec![one, two]);
            for three in [0x41, 0x80, 0xbf, 0xc2] {
                all.push(vec![one, two, three]);
                all.extend([0x41, 0x80, 0xe0].map(|four| vec![one, two, three, four]));
            }
        }
    }
    all
}

#[test]
fn every_sequence_is_judged_alike_at_every_border_of_a_vector() {
    let (step, lengths) = if cfg!(miri) { (67, 1) } else { (1, 3) };
    let filler = ["a", "é"].map(|char| char.repeat(300 / char.len()).into_bytes());
    for (at, sequence) in sequences().iter().enumerate().step_by(step) {
        for len in [64, 131, 224].into_iter().take(lengths) {
            let borders = [0, 28, 32, 62, 64, 94, 128, len - sequence.len()];
            // One of the places each, so that all come to their turn.
            let place = borders[(at + len) % 8];
            let mut bytes = filler[at % 2][..len].to_vec();
            if place + sequence.len() <= len {
                bytes[place..place + sequence.len()].copy_from_slice(sequence);
            }
            assert_eq!(received(&bytes), expected(&bytes), "{sequence:x?} at {place} of {len}");
            let mut check = Utf8Check::new();
            let is_text = check.push(&bytes).is_ok() && check.is_complete();
            assert_eq!(is_text, core::str::from_utf8(&bytes).is_ok(), "{sequence:x?}");
        }
    }
}

#[test]
fn one_broken_byte_is_found_at_every_place_of_every_length() {
    let text = "aé€😀, zwölf Größen; ".repeat(16);
    let lengths = (60..=300).filter(|len| !cfg!(miri) || [64, 97, 191].contains(len));
    for len in lengths {
        let whole = &text.as_bytes()[..len];
        assert_eq!(received(whole), expected(whole), "{len}");
        for at in (0..len).filter(|at| !cfg!(miri) || at % 47 == 0) {
            let mut broken = whole.to_vec();
            broken[at] ^= 0x80;
            assert_eq!(received(&broken), expected(&broken), "{at} of {len}");
        }
    }
}

/// Pieces of a frame in the read buffer, of fragments in an input, and chunks of a stream.
#[test]
fn a_cut_at_any_place_changes_nothing() {
    let good = "aé€😀, zwölf Größen; ".repeat(14);
    let mut bad = good.clone().into_bytes();
    bad[200] = b'a';
    for payload in [good.as_bytes(), &bad] {
        for cut in (1..payload.len()).filter(|cut| !cfg!(miri) || cut % 97 == 0) {
            let (one, two) = payload.split_at(cut);
            let mut conn = connection(Role::Server, Config::default());
            let bytes = frame_to(Role::Server, 0x81, payload);
            let header = bytes.len() - payload.len();
            let mut events = feed(&mut conn, Way::Own, &bytes[..header + cut]);
            events.extend(feed(&mut conn, Way::Own, &bytes[header + cut..]));
            assert_eq!(events, expected(payload), "{cut}");

            for role in ROLES {
                let mut conn = connection(role, Config::default());
                let bytes = to(role, &[frame(0x01, one), frame(0x80, two)].concat());
                assert_eq!(feed(&mut conn, Way::Mutable, &bytes), expected(payload), "{cut}");
            }

            let mut check = Utf8Check::new();
            let is_text = check.push(one).is_ok() && check.push(two).is_ok() && check.is_complete();
            assert_eq!(is_text, core::str::from_utf8(payload).is_ok(), "{cut}");
        }
    }
}
