//! The one enum of results.

/// What came of a call, or of a connection. 0 and above is good.
///
/// Numbers are never used again for something else. They are grouped by hundreds: general, sending,
/// the end of a connection, a peer that broke the protocol, a request that a server refused, an
/// answer that a client refused, a request that cannot be made, pairs.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(i32)]
pub enum Wspair {
    /// Done.
    Ok = 0,
    /// Done, and there is more: call again, before anything else is read.
    More = 1,
    /// A pointer that is needed was null.
    ErrorNull = -1,
    /// An argument is outside its range.
    ErrorArgument = -2,
    /// Not possible in this state.
    ErrorState = -3,
    /// Text of the caller's is not UTF-8.
    ErrorUtf8 = -4,
    /// There was no memory. Nothing has changed.
    ErrorMemory = -5,
    /// A bug of the library's. Free the handle; nothing else is to be done with it.
    ErrorPanic = -6,
    /// There is none.
    ErrorNotFound = -7,
    /// A cause that this interface has no number for yet.
    ErrorUnknown = -8,
    /// Bytes already wait and this would pass max_outgoing. Try again when some were written.
    SendBackpressure = -101,
    /// The code may not be sent (RFC 6455 7.4).
    SendCloseCode = -102,
    /// The reason is over 123 bytes, or there is one without a code.
    SendCloseReason = -103,
    /// The connection is closing or closed.
    SendClosing = -104,
    /// The payload of a ping or pong is over 125 bytes.
    SendControlTooLong = -105,
    /// A fragmented message is open, or a fragment is of another kind than its first.
    SendFragment = -106,
    /// Framing by hand would overtake what is queued.
    SendPending = -107,
    /// There is no room for the header in front of the payload.
    SendRoom = -108,
    /// A payload may not go out as it is: it has to be masked, compressed or split.
    SendNotAsItIs = -109,
    /// The transport ended before the closing handshake was done.
    LostTransport = -201,
    /// The peer did not answer our Close frame in time.
    LostCloseTimeout = -202,
    /// The peer was silent after a keepalive ping.
    LostPongTimeout = -203,
    /// wspair_conn_abort was called.
    LostAborted = -204,
    /// There was no memory for what the peer sent, or for what is owed to it.
    LostMemory = -205,
    /// A reserved bit was set without an extension that gives it a meaning.
    ProtocolReservedBits = -301,
    /// An opcode from 3 to 7 or from 11 to 15.
    ProtocolReservedOpcode = -302,
    /// A control frame was fragmented.
    ProtocolFragmentedControl = -303,
    /// A control frame announced more than 125 bytes.
    ProtocolControlTooLong = -304,
    /// A client's frame was not masked.
    ProtocolUnmasked = -305,
    /// A server's frame was masked.
    ProtocolMasked = -306,
    /// The length was not in its shortest form.
    ProtocolNonMinimalLength = -307,
    /// The top bit of a 64-bit length was set.
    ProtocolLengthRange = -308,
    /// A continuation frame without a message to continue.
    ProtocolUnexpectedContinuation = -309,
    /// A new message began inside a fragmented one.
    ProtocolExpectedContinuation = -310,
    /// A text message was not UTF-8.
    ProtocolTextNotUtf8 = -311,
    /// Compressed data was not DEFLATE, or did not end with its message.
    ProtocolDeflate = -312,
    /// A Close frame's body was a single byte.
    ProtocolCloseBody = -313,
    /// A Close frame carried a code that may not travel.
    ProtocolCloseCode = -314,
    /// A Close frame's reason was not UTF-8.
    ProtocolCloseReasonNotUtf8 = -315,
    /// A frame was longer than max_frame.
    ProtocolFrameTooLong = -316,
    /// A message was longer than max_message.
    ProtocolMessageTooLong = -317,
    /// A message came in more frames than max_fragments.
    ProtocolTooManyFragments = -318,
    /// By the application: wspair_server_handshake_refuse.
    RefusedApplication = -401,
    /// The bytes are not an HTTP/1.1 head. 400.
    RefusedSyntax = -402,
    /// The version of HTTP is unknown. 505.
    RefusedHttpVersion = -403,
    /// HTTP/1.0 has no upgrade. 400.
    RefusedHttp10 = -404,
    /// The request line is over max_head_line. 414.
    RefusedLineTooLong = -405,
    /// The head is over max_head. 431.
    RefusedHeadTooLong = -406,
    /// There are more fields than max_head_fields. 431.
    RefusedTooManyFields = -407,
    /// The head was not complete in time. 408.
    RefusedTimedOut = -408,
    /// The stream ended inside the head. 400.
    RefusedUnexpectedEof = -409,
    /// The method is neither GET nor an extended CONNECT. 405.
    RefusedMethod = -410,
    /// The target is no path and no absolute address. 400.
    RefusedTarget = -411,
    /// Host is missing, repeated or malformed. 400.
    RefusedHost = -412,
    /// The request has, or may have, a body. 400.
    RefusedBody = -413,
    /// Upgrade does not list websocket. 426.
    RefusedUpgrade = -414,
    /// Connection does not list Upgrade. 400.
    RefusedConnection = -415,
    /// Sec-WebSocket-Version is missing, repeated or no number. 400.
    RefusedVersionSyntax = -416,
    /// Sec-WebSocket-Version is not 13. 426; 400 over HTTP/2 and HTTP/3.
    RefusedVersion = -417,
    /// Sec-WebSocket-Key is missing, repeated or malformed. 400.
    RefusedKey = -418,
    /// Origin is repeated or malformed. 400.
    RefusedOriginSyntax = -419,
    /// The origin is not among origins. 403.
    RefusedOrigin = -420,
    /// Sec-WebSocket-Protocol is malformed. 400.
    RefusedSubprotocols = -421,
    /// Sec-WebSocket-Extensions is malformed. 400.
    RefusedExtensions = -422,
    /// A CONNECT without :protocol. 400.
    RefusedNoProtocol = -423,
    /// :protocol is not websocket. 501.
    RefusedProtocol = -424,
    /// A field that HTTP/2 and HTTP/3 forbid; see wspair_server_handshake_is_malformed. 400.
    RefusedConnectionField = -425,
    /// A name or value that HTTP/2 and HTTP/3 forbid; see wspair_server_handshake_is_malformed. 400.
    RefusedFieldSyntax = -426,
    /// A pseudo-field is missing, repeated, unknown or misplaced; see
    /// wspair_server_handshake_is_malformed. 400.
    RefusedPseudoField = -427,
    /// :scheme is missing, or neither http nor https; see wspair_server_handshake_is_malformed. 400.
    RefusedScheme = -428,
    /// Host names another server than :authority; see wspair_server_handshake_is_malformed. 400.
    RefusedAuthority = -429,
    /// The stream ended with the request: wspair_server_handshake_stream_ended. 400.
    RefusedStreamEnded = -430,
    /// There was no memory for the request. 503.
    RefusedMemory = -431,
    /// The bytes are not an HTTP/1 head.
    FailedSyntax = -501,
    /// An upgrade by HTTP/1.0.
    FailedHttpVersion = -502,
    /// The heads are over max_head or max_head_line.
    FailedHeadTooLong = -503,
    /// There are more fields than max_head_fields.
    FailedTooManyFields = -504,
    /// There are more interim responses than max_interim.
    FailedTooManyInterim = -505,
    /// The head was not complete in time.
    FailedTimedOut = -506,
    /// The stream ended before the head was complete.
    FailedUnexpectedEof = -507,
    /// The status does not open a connection.
    FailedStatus = -508,
    /// Upgrade is not websocket.
    FailedUpgrade = -509,
    /// Connection does not list Upgrade.
    FailedConnection = -510,
    /// Sec-WebSocket-Accept is missing, repeated, or does not answer the key.
    FailedAccept = -511,
    /// Sec-WebSocket-Protocol is repeated or not one of those offered.
    FailedSubprotocol = -512,
    /// None of the subprotocols was chosen, and require_subprotocol is on.
    FailedNoSubprotocol = -513,
    /// Sec-WebSocket-Extensions is malformed.
    FailedExtensions = -514,
    /// An extension that was not offered.
    FailedExtensionNotOffered = -515,
    /// permessage-deflate twice.
    FailedExtensionRepeated = -516,
    /// A parameter of permessage-deflate is unknown, repeated or badly valued.
    FailedDeflateParameter = -517,
    /// The answer about permessage-deflate does not keep to the offer.
    FailedDeflateTerms = -518,
    /// The answer is malformed as HTTP/2 and HTTP/3 define it. Reset the stream: PROTOCOL_ERROR (0x1)
    /// or H3_MESSAGE_ERROR (0x10e).
    FailedMalformed = -519,
    /// There was no memory for the answer.
    FailedMemory = -520,
    /// An address holds a character that has to be percent-encoded, or in punycode.
    InvalidCharacter = -601,
    /// An address has a fragment.
    InvalidFragment = -602,
    /// An address, or a Host field, has no valid host.
    InvalidHost = -603,
    /// An address has no valid port.
    InvalidPort = -604,
    /// An address is neither ws nor wss.
    InvalidScheme = -605,
    /// A field's name is not a token.
    InvalidFieldName = -606,
    /// A field's value holds a control character.
    InvalidFieldValue = -607,
    /// The engine writes this field itself.
    InvalidFieldOwned = -608,
    /// A subprotocol is not a token.
    InvalidSubprotocol = -609,
    /// A subprotocol is offered twice.
    InvalidRepeatedSubprotocol = -610,
    /// The client did not offer this subprotocol.
    InvalidNotOffered = -611,
    /// A refusal has a status from 200 to 599.
    InvalidStatus = -612,
    /// One of origins is not a scheme, a host and at most a port.
    InvalidOrigin = -613,
    /// Sending and closing need an accepted end.
    PairNotAccepted = -701,
    /// The end is accepted.
    PairAccepted = -702,
    /// The end was accepted as hibernatable.
    PairHibernatable = -703,
    /// The other end is accepted, given away or gone.
    PairPeerTaken = -704,
    /// The end was given away, or everything is over at it.
    PairSpent = -705,
    /// Nothing may be sent after a close, own or automatic.
    PairClosing = -706,
    /// The code may not be sent.
    PairCloseCode = -707,
    /// The reason is over 123 bytes.
    PairCloseReason = -708,
    /// There is a reason, even an empty one, and no code.
    PairReasonWithoutCode = -709,
    /// Messages wait and this one would pass max_queued.
    PairFull = -710,
    /// The attachment is over 16384 bytes.
    PairAttachmentTooLarge = -711,
    /// The end's listener threw: wspair_pair_fail.
    PairListener = -712,
}

impl From<()> for Wspair {
    fn from((): ()) -> Self {
        Self::Ok
    }
}
