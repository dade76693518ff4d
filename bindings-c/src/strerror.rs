//! Results in words, and the library's version.

use core::ffi::{CStr, c_char};

use crate::result::Wspair as W;

/// Words for a result, in English, lower case and without a full stop.
///
/// Never null: a number that is no result gives "unknown result". The string is static.
#[unsafe(no_mangle)]
pub extern "C" fn wspair_strerror(result: i32) -> *const c_char {
    let all = TEXTS.iter();
    let text = all.copied().find_map(|(of, text)| (of as i32 == result).then_some(text));
    text.unwrap_or(c"unknown result").as_ptr()
}

/// The version of the library that runs, as "0.1.0". The string is static.
///
/// WSPAIR_VERSION is that of the header a program was compiled with.
#[unsafe(no_mangle)]
pub extern "C" fn wspair_version() -> *const c_char {
    VERSION.as_ptr()
}

const VERSION: &CStr =
    match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
        Ok(version) => version,
        Err(_) => c"",
    };

const TEXTS: &[(W, &CStr)] = &[
    (W::Ok, c"success"),
    (W::More, c"more is there: call again"),
    (W::ErrorNull, c"null pointer"),
    (W::ErrorArgument, c"argument out of range"),
    (W::ErrorState, c"not possible in this state"),
    (W::ErrorUtf8, c"text is not valid UTF-8"),
    (W::ErrorMemory, c"out of memory"),
    (W::ErrorPanic, c"bug in wspair"),
    (W::ErrorNotFound, c"there is none"),
    (W::ErrorUnknown, c"unknown cause"),
    (W::SendBackpressure, c"output is full"),
    (W::SendCloseCode, c"close code may not be sent"),
    (W::SendCloseReason, c"close reason is too long or without a code"),
    (W::SendClosing, c"connection is closing"),
    (W::SendControlTooLong, c"control frame payload over 125 bytes"),
    (W::SendFragment, c"a fragmented message is open"),
    (W::SendPending, c"queued output has to go first"),
    (W::SendRoom, c"no room for the header"),
    (W::SendNotAsItIs, c"payload may not go out as it is"),
    (W::LostTransport, c"transport ended"),
    (W::LostCloseTimeout, c"peer did not close in time"),
    (W::LostPongTimeout, c"peer did not answer a ping in time"),
    (W::LostAborted, c"connection was aborted"),
    (W::LostMemory, c"out of memory for the connection"),
    (W::ProtocolReservedBits, c"reserved bits set without an extension"),
    (W::ProtocolReservedOpcode, c"reserved opcode"),
    (W::ProtocolFragmentedControl, c"fragmented control frame"),
    (W::ProtocolControlTooLong, c"control frame longer than 125 bytes"),
    (W::ProtocolUnmasked, c"unmasked frame from a client"),
    (W::ProtocolMasked, c"masked frame from a server"),
    (W::ProtocolLengthForm, c"length not in its shortest form"),
    (W::ProtocolLengthRange, c"length beyond 63 bits"),
    (W::ProtocolUnexpectedContinuation, c"continuation without a message"),
    (W::ProtocolExpectedContinuation, c"new message inside a fragmented one"),
    (W::ProtocolTextNotUtf8, c"text is not valid UTF-8"),
    (W::ProtocolDeflate, c"compressed data is not DEFLATE"),
    (W::ProtocolCloseBody, c"close frame with a body of one byte"),
    (W::ProtocolCloseCode, c"close code that may not be sent"),
    (W::ProtocolCloseReasonNotUtf8, c"close reason is not valid UTF-8"),
    (W::ProtocolFrameTooLong, c"frame over the size limit"),
    (W::ProtocolMessageTooLong, c"message over the size limit"),
    (W::ProtocolTooManyFragments, c"message in too many fragments"),
    (W::RefusedApplication, c"refused by the application"),
    (W::RefusedSyntax, c"malformed request head"),
    (W::RefusedHttpVersion, c"unknown version of HTTP"),
    (W::RefusedHttp10, c"no upgrade from HTTP/1.0"),
    (W::RefusedLineTooLong, c"request line over the size limit"),
    (W::RefusedHeadTooLong, c"request head over the size limit"),
    (W::RefusedTooManyFields, c"too many header fields"),
    (W::RefusedTimedOut, c"request head not complete in time"),
    (W::RefusedCut, c"stream ended inside the request head"),
    (W::RefusedMethod, c"method not allowed"),
    (W::RefusedTarget, c"malformed request target"),
    (W::RefusedHost, c"missing, repeated or malformed Host"),
    (W::RefusedBody, c"opening handshake with a body"),
    (W::RefusedUpgrade, c"Upgrade without websocket"),
    (W::RefusedConnection, c"Connection without Upgrade"),
    (W::RefusedVersionSyntax, c"missing, repeated or malformed Sec-WebSocket-Version"),
    (W::RefusedVersion, c"WebSocket version other than 13"),
    (W::RefusedKey, c"missing, repeated or malformed Sec-WebSocket-Key"),
    (W::RefusedOriginSyntax, c"repeated or malformed Origin"),
    (W::RefusedOrigin, c"origin not allowed"),
    (W::RefusedSubprotocols, c"malformed Sec-WebSocket-Protocol"),
    (W::RefusedExtensions, c"malformed Sec-WebSocket-Extensions"),
    (W::RefusedNoProtocol, c"CONNECT without a protocol"),
    (W::RefusedProtocol, c"protocol other than websocket"),
    (W::RefusedConnectionField, c"connection-specific header field"),
    (W::RefusedFieldSyntax, c"malformed header field"),
    (W::RefusedPseudoField, c"missing, repeated or misplaced pseudo-field"),
    (W::RefusedScheme, c"scheme other than http and https"),
    (W::RefusedAuthority, c"Host other than the authority"),
    (W::RefusedStreamEnded, c"stream ended with the request"),
    (W::RefusedMemory, c"out of memory for the request"),
    (W::FailedSyntax, c"malformed response head"),
    (W::FailedHttpVersion, c"upgrade by HTTP/1.0"),
    (W::FailedHeadTooLong, c"response head over the size limit"),
    (W::FailedTooManyFields, c"too many header fields"),
    (W::FailedTooManyInterim, c"too many interim responses"),
    (W::FailedTimedOut, c"response head not complete in time"),
    (W::FailedCut, c"stream ended before the response"),
    (W::FailedStatus, c"status does not open a connection"),
    (W::FailedUpgrade, c"Upgrade other than websocket"),
    (W::FailedConnection, c"Connection without Upgrade"),
    (W::FailedAccept, c"missing, repeated or wrong Sec-WebSocket-Accept"),
    (W::FailedSubprotocol, c"subprotocol that was not offered"),
    (W::FailedNoSubprotocol, c"no subprotocol was chosen"),
    (W::FailedExtensions, c"malformed Sec-WebSocket-Extensions"),
    (W::FailedExtensionNotOffered, c"extension that was not offered"),
    (W::FailedExtensionRepeated, c"extension answered twice"),
    (W::FailedDeflateParameter, c"invalid parameter of permessage-deflate"),
    (W::FailedDeflateTerms, c"permessage-deflate beyond what was offered"),
    (W::FailedMalformed, c"malformed response fields"),
    (W::FailedMemory, c"out of memory for the response"),
    (W::InvalidCharacter, c"address holds a character that has to be encoded"),
    (W::InvalidFragment, c"address has a fragment"),
    (W::InvalidHost, c"address has no valid host"),
    (W::InvalidPort, c"address has no valid port"),
    (W::InvalidScheme, c"address is neither ws nor wss"),
    (W::InvalidFieldName, c"field name is not a token"),
    (W::InvalidFieldValue, c"field value holds a control character"),
    (W::InvalidFieldOwned, c"field is written by the engine"),
    (W::InvalidSubprotocol, c"subprotocol is not a token"),
    (W::InvalidRepeatedSubprotocol, c"subprotocol is offered twice"),
    (W::InvalidNotOffered, c"subprotocol was not offered"),
    (W::InvalidStatus, c"status outside 200 to 599"),
    (W::InvalidOrigin, c"origin is not a scheme, a host and at most a port"),
    (W::PairNotAccepted, c"end is not accepted"),
    (W::PairAccepted, c"end is accepted already"),
    (W::PairHibernatable, c"end was accepted as hibernatable"),
    (W::PairPeerTaken, c"other end is accepted, given away or gone"),
    (W::PairSpent, c"end was given away or is finished"),
    (W::PairClosing, c"end has closed"),
    (W::PairCloseCode, c"close code may not be sent"),
    (W::PairCloseReason, c"close reason is over 123 bytes"),
    (W::PairReasonWithoutCode, c"close reason without a code"),
    (W::PairFull, c"pair is full"),
    (W::PairAttachmentTooLarge, c"attachment is too large"),
    (W::PairListener, c"listener failed"),
];
