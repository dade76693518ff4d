//! Placeholder.
use alloc::string::String;
/// What was agreed.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Negotiated {
    /// The subprotocol.
    pub subprotocol: Option<String>,
}
