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
    let header = String::from_utf8(header).expect("a header is text");
    let header = plain(header);
    if std::env::var_os("WSPAIR_WRITE_HEADER").is_some() {
        std::fs::write(&path, header).expect("the header can be written");
    } else {
        let current = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(current == header, "stale include/wspair.h: run `make header`");
    }
}

/// The header as C89 takes it, and as those read it who never run a preprocessor.
fn plain(mut header: String) -> String {
    // Constants begin with their type's name, for which some are too common.
    for (long, short) in [("_RESULT_", "_"), ("_EVENT_TYPE_", "_EVENT_")] {
        header = header.replace(&format!("WSPAIR{long}"), &format!("WSPAIR{short}"));
    }
    let header = header.replace("WSPAIR_PAIR_EVENT_TYPE_", "WSPAIR_PAIR_EVENT_");
    let mut lines: Vec<String> = Vec::new();
    for line in header.lines() {
        let text = line.trim();
        if text == "}" || text == "};" {
            // No comma behind the last of an enum.
            if let Some(last) = lines.last_mut().filter(|last| last.ends_with(',')) {
                last.pop();
            }
        }
        let number = text.strip_prefix("#define WSPAIR_").and_then(|rest| rest.split_once(' '));
        lines.push(match number {
            _ if text.starts_with("#endif") => "#endif".into(),
            Some((name, value)) if value.parse::<i32>().is_ok() => {
                format!("enum {{ WSPAIR_{name} = {value} }};")
            }
            _ => line.into(),
        });
    }
    lines.join("\n") + "\n"
}
