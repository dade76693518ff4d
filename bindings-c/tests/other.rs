//! Another static library in Rust, to be linked beside ours: one that allocates and catches panics.

/// The length of a text, by way of its copy, or 0.
///
/// # Safety
/// `text` is the beginning of `len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn other_len(text: *const u8, len: usize) -> usize {
    // SAFETY: the caller's promise.
    let copy = unsafe { std::slice::from_raw_parts(text, len) }.to_vec();
    std::panic::catch_unwind(|| match copy.first() {
        Some(b'!') => panic!("on purpose"),
        _ => copy.len(),
    })
    .unwrap_or(0)
}
