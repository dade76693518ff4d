//! The header that is checked in is the one the source gives.
//!
//! With `WSPAIR_WRITE_HEADER` set it is written instead.

use std::path::Path;

#[test]
fn the_header_is_current() {
    let crate_dir = Path::new(env!("CARGO_MANIFEST_DIR"));
    let path = crate_dir.join("include/wspair.h");
    let bindings = cbindgen::generate(crate_dir).expect("the source is readable");
    let mut header = Vec::new();
    bindings.write(&mut header);
    let mut header = String::from_utf8(header).expect("a header is text");
    // Constants begin with their type's name, for which some are too common.
    for (long, short) in [("_RESULT_", "_"), ("_EVENT_TYPE_", "_EVENT_")] {
        header = header.replace(&format!("WSPAIR{long}"), &format!("WSPAIR{short}"));
    }
    let header = header.replace("WSPAIR_PAIR_EVENT_TYPE_", "WSPAIR_PAIR_EVENT_");
    if std::env::var_os("WSPAIR_WRITE_HEADER").is_some() {
        std::fs::write(&path, header).expect("the header can be written");
    } else {
        let current = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(current == header, "stale include/wspair.h: run `make header`");
    }
}
