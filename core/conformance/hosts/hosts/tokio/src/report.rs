//! What the application saw, a line of JSON each.

use std::fmt::Write as _;
use std::io::Write as _;

pub(crate) enum Value<'a> {
    Text(&'a str),
    Number(f64),
    Flag(bool),
}

pub(crate) fn tell(event: &str, path: Option<&str>, what: &[(&str, Value<'_>)]) {
    let mut line = String::from("{\"event\":");
    quote(&mut line, event);
    line.push_str(",\"path\":");
    match path {
        Some(path) => quote(&mut line, path),
        None => line.push_str("null"),
    }
    for (name, value) in what {
        let _ = write!(line, ",\"{name}\":");
        match value {
            Value::Text(text) => quote(&mut line, text),
            Value::Number(number) => _ = write!(line, "{number}"),
            Value::Flag(flag) => _ = write!(line, "{flag}"),
        }
    }
    line.push_str("}\n");
    // The driver may be gone, which ends the process soon.
    let _ = std::io::stdout().lock().write_all(line.as_bytes());
}

/// An error, with what of it an application can go by.
pub(crate) fn failed(event: &str, path: &str, error: &wspair_tokio::Error) {
    let debug = format!("{error:?}");
    let name = debug.split(|letter: char| !letter.is_alphanumeric()).next().unwrap_or("");
    let text = error.to_string();
    tell(event, Some(path), &[("error", Value::Text(name)), ("text", Value::Text(&text))]);
}

fn quote(line: &mut String, text: &str) {
    line.push('"');
    for letter in text.chars() {
        match letter {
            '"' | '\\' => {
                line.push('\\');
                line.push(letter);
            }
            ' '.. => line.push(letter),
            _ => _ = write!(line, "\\u{:04x}", u32::from(letter)),
        }
    }
    line.push('"');
}
