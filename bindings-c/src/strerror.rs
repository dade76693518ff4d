//! Results by name and in words, and the library's version.

use core::ffi::{CStr, c_char};

use crate::result::Wspair as W;

/// Words for a result, in English, lower case and without a full stop.
///
/// Never null: a number that is no result gives "unknown result". The string is static.
#[unsafe(no_mangle)]
pub extern "C" fn wspair_strerror(result: i32) -> *const c_char {
    find(result).map_or(c"unknown result", |(_, text)| text).as_ptr()
}

/// The name of a result, as "WSPAIR_SEND_CLOSING"; for another number "unknown". The string is static.
#[unsafe(no_mangle)]
pub extern "C" fn wspair_result_name(result: i32) -> *const c_char {
    find(result).map_or(c"unknown", |(name, _)| name).as_ptr()
}

/// The version of the library that runs, as "0.1.0". The string is static.
///
/// WSPAIR_VERSION is that of the header a program was compiled with.
#[unsafe(no_mangle)]
pub extern "C" fn wspair_version() -> *const c_char {
    VERSION.as_ptr()
}

fn find(result: i32) -> Option<(&'static CStr, &'static CStr)> {
    RESULTS.iter().find_map(|(of, name, text)| (*of as i32 == result).then_some((*name, *text)))
}

const VERSION: &CStr =
    match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
        Ok(version) => version,
        Err(_) => c"",
    };

/// Each result, its name and words for it.
const RESULTS: &[(W, &CStr, &CStr)] = &[
    (W::Ok, c"WSPAIR_OK", c"success"),
    (W::More, c"WSPAIR_MORE", c"more is there: call again"),
    (W::ErrorNull, c"WSPAIR_ERROR_NULL", c"null pointer"),
    (W::ErrorArgument, c"WSPAIR_ERROR_ARGUMENT", c"argument out of range"),
    (W::ErrorState, c"WSPAIR_ERROR_STATE", c"not possible in this state"),
    (W::ErrorUtf8, c"WSPAIR_ERROR_UTF8", c"text is not valid UTF-8"),
    (W::ErrorMemory, c"WSPAIR_ERROR_MEMORY", c"out of memory"),
    (W::ErrorPanic, c"WSPAIR_ERROR_PANIC", c"bug in wspair"),
    (W::ErrorNotFound, c"WSPAIR_ERROR_NOT_FOUND", c"there is none"),
    (W::ErrorUnknown, c"WSPAIR_ERROR_UNKNOWN", c"unknown cause"),
    (W::SendBackpressure, c"WSPAIR_SEND_BACKPRESSURE", c"output is full"),
    (W::SendCloseCode, c"WSPAIR_SEND_CLOSE_CODE", c"close code may not be sent"),
    (
        W::SendCloseReason,
        c"WSPAIR_SEND_CLOSE_REASON",
        c"close reason is too long or without a code",
    ),
    (W::SendClosing, c"WSPAIR_SEND_CLOSING", c"connection is closing"),
    (
        W::SendControlTooLong,
        c"WSPAIR_SEND_CONTROL_TOO_LONG",
        c"control frame payload over 125 bytes",
    ),
    (W::SendFragment, c"WSPAIR_SEND_FRAGMENT", c"a fragmented message is open"),
    (W::SendPending, c"WSPAIR_SEND_PENDING", c"queued output has to go first"),
    (W::SendRoom, c"WSPAIR_SEND_ROOM", c"no room for the header"),
    (W::SendNotAsItIs, c"WSPAIR_SEND_NOT_AS_IT_IS", c"payload may not go out as it is"),
    (W::LostTransport, c"WSPAIR_LOST_TRANSPORT", c"transport ended"),
    (W::LostCloseTimeout, c"WSPAIR_LOST_CLOSE_TIMEOUT", c"peer did not close in time"),
    (W::LostPongTimeout, c"WSPAIR_LOST_PONG_TIMEOUT", c"peer did not answer a ping in time"),
    (W::LostAborted, c"WSPAIR_LOST_ABORTED", c"connection was aborted"),
    (W::LostMemory, c"WSPAIR_LOST_MEMORY", c"out of memory for the connection"),
    (
        W::ProtocolReservedBits,
        c"WSPAIR_PROTOCOL_RESERVED_BITS",
        c"reserved bits set without an extension",
    ),
    (W::ProtocolReservedOpcode, c"WSPAIR_PROTOCOL_RESERVED_OPCODE", c"reserved opcode"),
    (
        W::ProtocolFragmentedControl,
        c"WSPAIR_PROTOCOL_FRAGMENTED_CONTROL",
        c"fragmented control frame",
    ),
    (
        W::ProtocolControlTooLong,
        c"WSPAIR_PROTOCOL_CONTROL_TOO_LONG",
        c"control frame longer than 125 bytes",
    ),
    (W::ProtocolUnmasked, c"WSPAIR_PROTOCOL_UNMASKED", c"unmasked frame from a client"),
    (W::ProtocolMasked, c"WSPAIR_PROTOCOL_MASKED", c"masked frame from a server"),
    (
        W::ProtocolNonMinimalLength,
        c"WSPAIR_PROTOCOL_NON_MINIMAL_LENGTH",
        c"length not in its shortest form",
    ),
    (W::ProtocolLengthRange, c"WSPAIR_PROTOCOL_LENGTH_RANGE", c"length beyond 63 bits"),
    (
        W::ProtocolUnexpectedContinuation,
        c"WSPAIR_PROTOCOL_UNEXPECTED_CONTINUATION",
        c"continuation without a message",
    ),
    (
        W::ProtocolExpectedContinuation,
        c"WSPAIR_PROTOCOL_EXPECTED_CONTINUATION",
        c"new message inside a fragmented one",
    ),
    (W::ProtocolTextNotUtf8, c"WSPAIR_PROTOCOL_TEXT_NOT_UTF8", c"text is not valid UTF-8"),
    (W::ProtocolDeflate, c"WSPAIR_PROTOCOL_DEFLATE", c"compressed data is not DEFLATE"),
    (W::ProtocolCloseBody, c"WSPAIR_PROTOCOL_CLOSE_BODY", c"close frame with a body of one byte"),
    (W::ProtocolCloseCode, c"WSPAIR_PROTOCOL_CLOSE_CODE", c"close code that may not be sent"),
    (
        W::ProtocolCloseReasonNotUtf8,
        c"WSPAIR_PROTOCOL_CLOSE_REASON_NOT_UTF8",
        c"close reason is not valid UTF-8",
    ),
    (W::ProtocolFrameTooLong, c"WSPAIR_PROTOCOL_FRAME_TOO_LONG", c"frame over the size limit"),
    (
        W::ProtocolMessageTooLong,
        c"WSPAIR_PROTOCOL_MESSAGE_TOO_LONG",
        c"message over the size limit",
    ),
    (
        W::ProtocolTooManyFragments,
        c"WSPAIR_PROTOCOL_TOO_MANY_FRAGMENTS",
        c"message in too many fragments",
    ),
    (W::RefusedApplication, c"WSPAIR_REFUSED_APPLICATION", c"refused by the application"),
    (W::RefusedSyntax, c"WSPAIR_REFUSED_SYNTAX", c"malformed request head"),
    (W::RefusedHttpVersion, c"WSPAIR_REFUSED_HTTP_VERSION", c"unknown version of HTTP"),
    (W::RefusedHttp10, c"WSPAIR_REFUSED_HTTP10", c"no upgrade from HTTP/1.0"),
    (W::RefusedLineTooLong, c"WSPAIR_REFUSED_LINE_TOO_LONG", c"request line over the size limit"),
    (W::RefusedHeadTooLong, c"WSPAIR_REFUSED_HEAD_TOO_LONG", c"request head over the size limit"),
    (W::RefusedTooManyFields, c"WSPAIR_REFUSED_TOO_MANY_FIELDS", c"too many header fields"),
    (W::RefusedTimedOut, c"WSPAIR_REFUSED_TIMED_OUT", c"request head not complete in time"),
    (
        W::RefusedUnexpectedEof,
        c"WSPAIR_REFUSED_UNEXPECTED_EOF",
        c"stream ended inside the request head",
    ),
    (W::RefusedMethod, c"WSPAIR_REFUSED_METHOD", c"method not allowed"),
    (W::RefusedTarget, c"WSPAIR_REFUSED_TARGET", c"malformed request target"),
    (W::RefusedHost, c"WSPAIR_REFUSED_HOST", c"missing, repeated or malformed Host"),
    (W::RefusedBody, c"WSPAIR_REFUSED_BODY", c"opening handshake with a body"),
    (W::RefusedUpgrade, c"WSPAIR_REFUSED_UPGRADE", c"Upgrade without websocket"),
    (W::RefusedConnection, c"WSPAIR_REFUSED_CONNECTION", c"Connection without Upgrade"),
    (
        W::RefusedVersionSyntax,
        c"WSPAIR_REFUSED_VERSION_SYNTAX",
        c"missing, repeated or malformed Sec-WebSocket-Version",
    ),
    (W::RefusedVersion, c"WSPAIR_REFUSED_VERSION", c"WebSocket version other than 13"),
    (W::RefusedKey, c"WSPAIR_REFUSED_KEY", c"missing, repeated or malformed Sec-WebSocket-Key"),
    (W::RefusedOriginSyntax, c"WSPAIR_REFUSED_ORIGIN_SYNTAX", c"repeated or malformed Origin"),
    (W::RefusedOrigin, c"WSPAIR_REFUSED_ORIGIN", c"origin not allowed"),
    (W::RefusedSubprotocols, c"WSPAIR_REFUSED_SUBPROTOCOLS", c"malformed Sec-WebSocket-Protocol"),
    (W::RefusedExtensions, c"WSPAIR_REFUSED_EXTENSIONS", c"malformed Sec-WebSocket-Extensions"),
    (W::RefusedNoProtocol, c"WSPAIR_REFUSED_NO_PROTOCOL", c"CONNECT without a protocol"),
    (W::RefusedProtocol, c"WSPAIR_REFUSED_PROTOCOL", c"protocol other than websocket"),
    (
        W::RefusedConnectionField,
        c"WSPAIR_REFUSED_CONNECTION_FIELD",
        c"connection-specific header field",
    ),
    (W::RefusedFieldSyntax, c"WSPAIR_REFUSED_FIELD_SYNTAX", c"malformed header field"),
    (
        W::RefusedPseudoField,
        c"WSPAIR_REFUSED_PSEUDO_FIELD",
        c"missing, repeated or misplaced pseudo-field",
    ),
    (W::RefusedScheme, c"WSPAIR_REFUSED_SCHEME", c"scheme other than http and https"),
    (W::RefusedAuthority, c"WSPAIR_REFUSED_AUTHORITY", c"Host other than the authority"),
    (W::RefusedStreamEnded, c"WSPAIR_REFUSED_STREAM_ENDED", c"stream ended with the request"),
    (W::RefusedMemory, c"WSPAIR_REFUSED_MEMORY", c"out of memory for the request"),
    (W::FailedSyntax, c"WSPAIR_FAILED_SYNTAX", c"malformed response head"),
    (W::FailedHttpVersion, c"WSPAIR_FAILED_HTTP_VERSION", c"upgrade by HTTP/1.0"),
    (W::FailedHeadTooLong, c"WSPAIR_FAILED_HEAD_TOO_LONG", c"response head over the size limit"),
    (W::FailedTooManyFields, c"WSPAIR_FAILED_TOO_MANY_FIELDS", c"too many header fields"),
    (W::FailedTooManyInterim, c"WSPAIR_FAILED_TOO_MANY_INTERIM", c"too many interim responses"),
    (W::FailedTimedOut, c"WSPAIR_FAILED_TIMED_OUT", c"response head not complete in time"),
    (W::FailedUnexpectedEof, c"WSPAIR_FAILED_UNEXPECTED_EOF", c"stream ended before the response"),
    (W::FailedStatus, c"WSPAIR_FAILED_STATUS", c"status does not open a connection"),
    (W::FailedUpgrade, c"WSPAIR_FAILED_UPGRADE", c"Upgrade other than websocket"),
    (W::FailedConnection, c"WSPAIR_FAILED_CONNECTION", c"Connection without Upgrade"),
    (W::FailedAccept, c"WSPAIR_FAILED_ACCEPT", c"missing, repeated or wrong Sec-WebSocket-Accept"),
    (W::FailedSubprotocol, c"WSPAIR_FAILED_SUBPROTOCOL", c"subprotocol that was not offered"),
    (W::FailedNoSubprotocol, c"WSPAIR_FAILED_NO_SUBPROTOCOL", c"no subprotocol was chosen"),
    (W::FailedExtensions, c"WSPAIR_FAILED_EXTENSIONS", c"malformed Sec-WebSocket-Extensions"),
    (
        W::FailedExtensionNotOffered,
        c"WSPAIR_FAILED_EXTENSION_NOT_OFFERED",
        c"extension that was not offered",
    ),
    (W::FailedExtensionRepeated, c"WSPAIR_FAILED_EXTENSION_REPEATED", c"extension answered twice"),
    (
        W::FailedDeflateParameter,
        c"WSPAIR_FAILED_DEFLATE_PARAMETER",
        c"invalid parameter of permessage-deflate",
    ),
    (
        W::FailedDeflateTerms,
        c"WSPAIR_FAILED_DEFLATE_TERMS",
        c"permessage-deflate beyond what was offered",
    ),
    (W::FailedMalformed, c"WSPAIR_FAILED_MALFORMED", c"malformed response fields"),
    (W::FailedMemory, c"WSPAIR_FAILED_MEMORY", c"out of memory for the response"),
    (
        W::InvalidCharacter,
        c"WSPAIR_INVALID_CHARACTER",
        c"address holds a character that has to be encoded",
    ),
    (W::InvalidFragment, c"WSPAIR_INVALID_FRAGMENT", c"address has a fragment"),
    (W::InvalidHost, c"WSPAIR_INVALID_HOST", c"address has no valid host"),
    (W::InvalidPort, c"WSPAIR_INVALID_PORT", c"address has no valid port"),
    (W::InvalidScheme, c"WSPAIR_INVALID_SCHEME", c"address is neither ws nor wss"),
    (W::InvalidFieldName, c"WSPAIR_INVALID_FIELD_NAME", c"field name is not a token"),
    (W::InvalidFieldValue, c"WSPAIR_INVALID_FIELD_VALUE", c"field value holds a control character"),
    (W::InvalidFieldOwned, c"WSPAIR_INVALID_FIELD_OWNED", c"field is written by the engine"),
    (W::InvalidSubprotocol, c"WSPAIR_INVALID_SUBPROTOCOL", c"subprotocol is not a token"),
    (
        W::InvalidRepeatedSubprotocol,
        c"WSPAIR_INVALID_REPEATED_SUBPROTOCOL",
        c"subprotocol is offered twice",
    ),
    (W::InvalidNotOffered, c"WSPAIR_INVALID_NOT_OFFERED", c"subprotocol was not offered"),
    (W::InvalidStatus, c"WSPAIR_INVALID_STATUS", c"status outside 200 to 599"),
    (
        W::InvalidOrigin,
        c"WSPAIR_INVALID_ORIGIN",
        c"origin is not a scheme, a host and at most a port",
    ),
    (W::PairNotAccepted, c"WSPAIR_PAIR_NOT_ACCEPTED", c"end is not accepted"),
    (W::PairAccepted, c"WSPAIR_PAIR_ACCEPTED", c"end is accepted already"),
    (W::PairHibernatable, c"WSPAIR_PAIR_HIBERNATABLE", c"end was accepted as hibernatable"),
    (W::PairPeerTaken, c"WSPAIR_PAIR_PEER_TAKEN", c"other end is accepted, given away or gone"),
    (W::PairSpent, c"WSPAIR_PAIR_SPENT", c"end was given away or is finished"),
    (W::PairClosing, c"WSPAIR_PAIR_CLOSING", c"end has closed"),
    (W::PairCloseCode, c"WSPAIR_PAIR_CLOSE_CODE", c"close code may not be sent"),
    (W::PairCloseReason, c"WSPAIR_PAIR_CLOSE_REASON", c"close reason is over 123 bytes"),
    (W::PairReasonWithoutCode, c"WSPAIR_PAIR_REASON_WITHOUT_CODE", c"close reason without a code"),
    (W::PairFull, c"WSPAIR_PAIR_FULL", c"pair is full"),
    (W::PairAttachmentTooLarge, c"WSPAIR_PAIR_ATTACHMENT_TOO_LARGE", c"attachment is too large"),
    (W::PairListener, c"WSPAIR_PAIR_LISTENER", c"listener failed"),
];
