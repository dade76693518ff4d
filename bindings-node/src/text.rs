//! Texts as JavaScript's strings keep them: bytes where they are ASCII, else UTF-16.

use std::cell::RefCell;

use encoding_rs::mem::convert_utf8_to_utf16;

use crate::raw::{Give, Units};

thread_local! {
    static UNITS: RefCell<Vec<u16>> = const { RefCell::new(Vec::new()) };
}

/// Gives the text that is `bytes` in UTF-8. What is none becomes U+FFFD.
pub(crate) fn decode(bytes: &[u8], give: &mut Give<'_>) {
    if bytes.is_ascii() {
        return give(Units::Ascii(bytes));
    }
    UNITS.with_borrow_mut(|units| {
        // As much as it asks for.
        let most = bytes.len() + 1;
        if units.len() < most {
            units.resize(most, 0);
        }
        let length = convert_utf8_to_utf16(bytes, units);
        give(Units::Utf16(&units[..length]));
        units.truncate(KEPT);
        units.shrink_to(KEPT);
    });
}

/// Most units that are kept for the next text.
const KEPT: usize = 64 << 10;
