//! permessage-deflate on one connection (RFC 7692), in and out.

mod receive;
mod send;

pub(super) use self::receive::Inflate;
pub(super) use self::send::{Compress, end_message};
