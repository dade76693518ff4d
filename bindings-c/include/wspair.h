/* wspair: a WebSocket engine without I/O, and pairs of connected ends.
 *
 * Written from bindings-c/src by its tests; not to be edited.
 *
 * - A handle comes from a function with _new in its name and goes with _free, which takes null.
 * - A function gives a wspair_result: 0 and above is good. Where one has no place for it, null gives
 *   a harmless answer.
 * - Pointers to arguments are looked at during the call only, where nothing else is said. An array
 *   of no elements may be null; a length that no object can have gives WSPAIR_ERROR_ARGUMENT.
 *   Strings are UTF-8.
 * - Out-parameters come last, and are needed, where nothing else is said. They are set on success.
 * - Structs that may grow begin with their size, which their _init sets. The others are small, made by
 *   the thousand, and keep their fields as long as the soname stays.
 * - Any handle may be used by any thread, but only by one at a time.
 * - There is no callback but the one that frees a message, no global state, no I/O, and no clock.
 * - A panic of the library's ends in WSPAIR_ERROR_PANIC, and a line on standard error.
 * - Where malloc fails a call gives WSPAIR_ERROR_MEMORY, and nothing has changed. What a peer sends is
 *   no call's to refuse: its handshake ends with WSPAIR_REFUSED_MEMORY, answered by 503, or
 *   WSPAIR_FAILED_MEMORY, its connection with WSPAIR_LOST_MEMORY, and 1011 where there is memory for
 *   that. What can be left out is: a pong, a reason, the compression of a message. One exception ends
 *   the process: the count of owners, 32 bytes, of a prepared message that is compressed for the first
 *   time.
 */

#ifndef WSPAIR_H
#define WSPAIR_H

#include <stddef.h>
#include <stdint.h>

/**
 * The version of this header; wspair_version is that of the library that runs.
 */
#define WSPAIR_VERSION "0.1.0"

/**
 * The same as a number for #if: a byte each for major, minor and patch.
 */
#define WSPAIR_VERSION_NUM 0x000100

/**
 * The result is to be looked at.
 */
#if defined(__GNUC__) || defined(__clang__)
#define WSPAIR_MUST_USE __attribute__((warn_unused_result))
#else
#define WSPAIR_MUST_USE
#endif

#ifndef WSPAIR_NO_OLD_NAMES
/* Earlier names. */
#define WSPAIR_EVENT_CLOSE WSPAIR_EVENT_PEER_CLOSING
#define WSPAIR_PROTOCOL_LENGTH_FORM WSPAIR_PROTOCOL_NON_MINIMAL_LENGTH
#define WSPAIR_REFUSED_CUT WSPAIR_REFUSED_UNEXPECTED_EOF
#define WSPAIR_FAILED_CUT WSPAIR_FAILED_UNEXPECTED_EOF
/* Fields of wspair_options and wspair_pair_options. */
#define outgoing_mark high_water_mark
#define queue_mark high_water_mark
#endif

/**
 * Longest header of a frame, in bytes.
 */
enum { WSPAIR_MAX_HEADER = 14 };

/**
 * No deadline, and no time limit.
 */
#define WSPAIR_NEVER UINT64_MAX

/**
 * No code in a Close frame.
 */
enum { WSPAIR_NO_CODE = -1 };

/**
 * What came of a call, or of a connection. 0 and above is good.
 *
 * Numbers are never used again for something else. They are grouped by hundreds: general, sending,
 * the end of a connection, a peer that broke the protocol, a request that a server refused, an
 * answer that a client refused, a request that cannot be made, pairs.
 */
enum wspair_result
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : int32_t
#endif
 {
  /**
   * Done.
   */
  WSPAIR_OK = 0,
  /**
   * Done, and there is more: call again, before anything else is read.
   */
  WSPAIR_MORE = 1,
  /**
   * A pointer that is needed was null.
   */
  WSPAIR_ERROR_NULL = -1,
  /**
   * An argument is outside its range.
   */
  WSPAIR_ERROR_ARGUMENT = -2,
  /**
   * Not possible in this state.
   */
  WSPAIR_ERROR_STATE = -3,
  /**
   * Text of the caller's is not UTF-8.
   */
  WSPAIR_ERROR_UTF8 = -4,
  /**
   * There was no memory. Nothing has changed.
   */
  WSPAIR_ERROR_MEMORY = -5,
  /**
   * A bug of the library's. Free the handle; nothing else is to be done with it.
   */
  WSPAIR_ERROR_PANIC = -6,
  /**
   * There is none.
   */
  WSPAIR_ERROR_NOT_FOUND = -7,
  /**
   * A cause that this interface has no number for yet.
   */
  WSPAIR_ERROR_UNKNOWN = -8,
  /**
   * Bytes already wait and this would pass max_outgoing. Try again when some were written.
   */
  WSPAIR_SEND_BACKPRESSURE = -101,
  /**
   * The code may not be sent (RFC 6455 7.4).
   */
  WSPAIR_SEND_CLOSE_CODE = -102,
  /**
   * The reason is over 123 bytes, or there is one without a code.
   */
  WSPAIR_SEND_CLOSE_REASON = -103,
  /**
   * The connection is closing or closed.
   */
  WSPAIR_SEND_CLOSING = -104,
  /**
   * The payload of a ping or pong is over 125 bytes.
   */
  WSPAIR_SEND_CONTROL_TOO_LONG = -105,
  /**
   * A fragmented message is open, or a fragment is of another kind than its first.
   */
  WSPAIR_SEND_FRAGMENT = -106,
  /**
   * Framing by hand would overtake what is queued.
   */
  WSPAIR_SEND_PENDING = -107,
  /**
   * There is no room for the header in front of the payload.
   */
  WSPAIR_SEND_ROOM = -108,
  /**
   * A payload may not go out as it is: it has to be masked, compressed or split.
   */
  WSPAIR_SEND_NOT_AS_IT_IS = -109,
  /**
   * The transport ended before the closing handshake was done.
   */
  WSPAIR_LOST_TRANSPORT = -201,
  /**
   * The peer did not answer our Close frame in time.
   */
  WSPAIR_LOST_CLOSE_TIMEOUT = -202,
  /**
   * The peer was silent after a keepalive ping.
   */
  WSPAIR_LOST_PONG_TIMEOUT = -203,
  /**
   * wspair_conn_abort was called.
   */
  WSPAIR_LOST_ABORTED = -204,
  /**
   * There was no memory for what the peer sent, or for what is owed to it.
   */
  WSPAIR_LOST_MEMORY = -205,
  /**
   * A reserved bit was set without an extension that gives it a meaning.
   */
  WSPAIR_PROTOCOL_RESERVED_BITS = -301,
  /**
   * An opcode from 3 to 7 or from 11 to 15.
   */
  WSPAIR_PROTOCOL_RESERVED_OPCODE = -302,
  /**
   * A control frame was fragmented.
   */
  WSPAIR_PROTOCOL_FRAGMENTED_CONTROL = -303,
  /**
   * A control frame announced more than 125 bytes.
   */
  WSPAIR_PROTOCOL_CONTROL_TOO_LONG = -304,
  /**
   * A client's frame was not masked.
   */
  WSPAIR_PROTOCOL_UNMASKED = -305,
  /**
   * A server's frame was masked.
   */
  WSPAIR_PROTOCOL_MASKED = -306,
  /**
   * The length was not in its shortest form.
   */
  WSPAIR_PROTOCOL_NON_MINIMAL_LENGTH = -307,
  /**
   * The top bit of a 64-bit length was set.
   */
  WSPAIR_PROTOCOL_LENGTH_RANGE = -308,
  /**
   * A continuation frame without a message to continue.
   */
  WSPAIR_PROTOCOL_UNEXPECTED_CONTINUATION = -309,
  /**
   * A new message began inside a fragmented one.
   */
  WSPAIR_PROTOCOL_EXPECTED_CONTINUATION = -310,
  /**
   * A text message was not UTF-8.
   */
  WSPAIR_PROTOCOL_TEXT_NOT_UTF8 = -311,
  /**
   * Compressed data was not DEFLATE, or did not end with its message.
   */
  WSPAIR_PROTOCOL_DEFLATE = -312,
  /**
   * A Close frame's body was a single byte.
   */
  WSPAIR_PROTOCOL_CLOSE_BODY = -313,
  /**
   * A Close frame carried a code that may not travel.
   */
  WSPAIR_PROTOCOL_CLOSE_CODE = -314,
  /**
   * A Close frame's reason was not UTF-8.
   */
  WSPAIR_PROTOCOL_CLOSE_REASON_NOT_UTF8 = -315,
  /**
   * A frame was longer than max_frame.
   */
  WSPAIR_PROTOCOL_FRAME_TOO_LONG = -316,
  /**
   * A message was longer than max_message.
   */
  WSPAIR_PROTOCOL_MESSAGE_TOO_LONG = -317,
  /**
   * A message came in more frames than max_fragments.
   */
  WSPAIR_PROTOCOL_TOO_MANY_FRAGMENTS = -318,
  /**
   * By the application: wspair_server_handshake_refuse.
   */
  WSPAIR_REFUSED_APPLICATION = -401,
  /**
   * The bytes are not an HTTP/1.1 head. 400.
   */
  WSPAIR_REFUSED_SYNTAX = -402,
  /**
   * The version of HTTP is unknown. 505.
   */
  WSPAIR_REFUSED_HTTP_VERSION = -403,
  /**
   * HTTP/1.0 has no upgrade. 400.
   */
  WSPAIR_REFUSED_HTTP10 = -404,
  /**
   * The request line is over max_head_line. 414.
   */
  WSPAIR_REFUSED_LINE_TOO_LONG = -405,
  /**
   * The head is over max_head. 431.
   */
  WSPAIR_REFUSED_HEAD_TOO_LONG = -406,
  /**
   * There are more fields than max_head_fields. 431.
   */
  WSPAIR_REFUSED_TOO_MANY_FIELDS = -407,
  /**
   * The head was not complete in time. 408.
   */
  WSPAIR_REFUSED_TIMED_OUT = -408,
  /**
   * The stream ended inside the head. 400.
   */
  WSPAIR_REFUSED_UNEXPECTED_EOF = -409,
  /**
   * The method is neither GET nor an extended CONNECT. 405.
   */
  WSPAIR_REFUSED_METHOD = -410,
  /**
   * The target is no path and no absolute address. 400.
   */
  WSPAIR_REFUSED_TARGET = -411,
  /**
   * Host is missing, repeated or malformed. 400.
   */
  WSPAIR_REFUSED_HOST = -412,
  /**
   * The request has, or may have, a body. 400.
   */
  WSPAIR_REFUSED_BODY = -413,
  /**
   * Upgrade does not list websocket. 426.
   */
  WSPAIR_REFUSED_UPGRADE = -414,
  /**
   * Connection does not list Upgrade. 400.
   */
  WSPAIR_REFUSED_CONNECTION = -415,
  /**
   * Sec-WebSocket-Version is missing, repeated or no number. 400.
   */
  WSPAIR_REFUSED_VERSION_SYNTAX = -416,
  /**
   * Sec-WebSocket-Version is not 13. 426; 400 over HTTP/2 and HTTP/3.
   */
  WSPAIR_REFUSED_VERSION = -417,
  /**
   * Sec-WebSocket-Key is missing, repeated or malformed. 400.
   */
  WSPAIR_REFUSED_KEY = -418,
  /**
   * Origin is repeated or malformed. 400.
   */
  WSPAIR_REFUSED_ORIGIN_SYNTAX = -419,
  /**
   * The origin is not among origins. 403.
   */
  WSPAIR_REFUSED_ORIGIN = -420,
  /**
   * Sec-WebSocket-Protocol is malformed. 400.
   */
  WSPAIR_REFUSED_SUBPROTOCOLS = -421,
  /**
   * Sec-WebSocket-Extensions is malformed. 400.
   */
  WSPAIR_REFUSED_EXTENSIONS = -422,
  /**
   * A CONNECT without :protocol. 400.
   */
  WSPAIR_REFUSED_NO_PROTOCOL = -423,
  /**
   * :protocol is not websocket. 501.
   */
  WSPAIR_REFUSED_PROTOCOL = -424,
  /**
   * A field that HTTP/2 and HTTP/3 forbid; see wspair_server_handshake_is_malformed. 400.
   */
  WSPAIR_REFUSED_CONNECTION_FIELD = -425,
  /**
   * A name or value that HTTP/2 and HTTP/3 forbid; see wspair_server_handshake_is_malformed. 400.
   */
  WSPAIR_REFUSED_FIELD_SYNTAX = -426,
  /**
   * A pseudo-field is missing, repeated, unknown or misplaced; see
   * wspair_server_handshake_is_malformed. 400.
   */
  WSPAIR_REFUSED_PSEUDO_FIELD = -427,
  /**
   * :scheme is missing, or neither http nor https; see wspair_server_handshake_is_malformed. 400.
   */
  WSPAIR_REFUSED_SCHEME = -428,
  /**
   * Host names another server than :authority; see wspair_server_handshake_is_malformed. 400.
   */
  WSPAIR_REFUSED_AUTHORITY = -429,
  /**
   * The stream ended with the request: wspair_server_handshake_stream_ended. 400.
   */
  WSPAIR_REFUSED_STREAM_ENDED = -430,
  /**
   * There was no memory for the request. 503.
   */
  WSPAIR_REFUSED_MEMORY = -431,
  /**
   * The bytes are not an HTTP/1 head.
   */
  WSPAIR_FAILED_SYNTAX = -501,
  /**
   * An upgrade by HTTP/1.0.
   */
  WSPAIR_FAILED_HTTP_VERSION = -502,
  /**
   * The heads are over max_head or max_head_line.
   */
  WSPAIR_FAILED_HEAD_TOO_LONG = -503,
  /**
   * There are more fields than max_head_fields.
   */
  WSPAIR_FAILED_TOO_MANY_FIELDS = -504,
  /**
   * There are more interim responses than max_interim.
   */
  WSPAIR_FAILED_TOO_MANY_INTERIM = -505,
  /**
   * The head was not complete in time.
   */
  WSPAIR_FAILED_TIMED_OUT = -506,
  /**
   * The stream ended before the head was complete.
   */
  WSPAIR_FAILED_UNEXPECTED_EOF = -507,
  /**
   * The status does not open a connection.
   */
  WSPAIR_FAILED_STATUS = -508,
  /**
   * Upgrade is not websocket.
   */
  WSPAIR_FAILED_UPGRADE = -509,
  /**
   * Connection does not list Upgrade.
   */
  WSPAIR_FAILED_CONNECTION = -510,
  /**
   * Sec-WebSocket-Accept is missing, repeated, or does not answer the key.
   */
  WSPAIR_FAILED_ACCEPT = -511,
  /**
   * Sec-WebSocket-Protocol is repeated or not one of those offered.
   */
  WSPAIR_FAILED_SUBPROTOCOL = -512,
  /**
   * None of the subprotocols was chosen, and require_subprotocol is on.
   */
  WSPAIR_FAILED_NO_SUBPROTOCOL = -513,
  /**
   * Sec-WebSocket-Extensions is malformed.
   */
  WSPAIR_FAILED_EXTENSIONS = -514,
  /**
   * An extension that was not offered.
   */
  WSPAIR_FAILED_EXTENSION_NOT_OFFERED = -515,
  /**
   * permessage-deflate twice.
   */
  WSPAIR_FAILED_EXTENSION_REPEATED = -516,
  /**
   * A parameter of permessage-deflate is unknown, repeated or badly valued.
   */
  WSPAIR_FAILED_DEFLATE_PARAMETER = -517,
  /**
   * The answer about permessage-deflate does not keep to the offer.
   */
  WSPAIR_FAILED_DEFLATE_TERMS = -518,
  /**
   * The answer is malformed as HTTP/2 and HTTP/3 define it. Reset the stream: PROTOCOL_ERROR (0x1)
   * or H3_MESSAGE_ERROR (0x10e).
   */
  WSPAIR_FAILED_MALFORMED = -519,
  /**
   * There was no memory for the answer.
   */
  WSPAIR_FAILED_MEMORY = -520,
  /**
   * An address holds a character that has to be percent-encoded, or in punycode.
   */
  WSPAIR_INVALID_CHARACTER = -601,
  /**
   * An address has a fragment.
   */
  WSPAIR_INVALID_FRAGMENT = -602,
  /**
   * An address, or a Host field, has no valid host.
   */
  WSPAIR_INVALID_HOST = -603,
  /**
   * An address has no valid port.
   */
  WSPAIR_INVALID_PORT = -604,
  /**
   * An address is neither ws nor wss.
   */
  WSPAIR_INVALID_SCHEME = -605,
  /**
   * A field's name is not a token.
   */
  WSPAIR_INVALID_FIELD_NAME = -606,
  /**
   * A field's value holds a control character.
   */
  WSPAIR_INVALID_FIELD_VALUE = -607,
  /**
   * The engine writes this field itself.
   */
  WSPAIR_INVALID_FIELD_OWNED = -608,
  /**
   * A subprotocol is not a token.
   */
  WSPAIR_INVALID_SUBPROTOCOL = -609,
  /**
   * A subprotocol is offered twice.
   */
  WSPAIR_INVALID_REPEATED_SUBPROTOCOL = -610,
  /**
   * The client did not offer this subprotocol.
   */
  WSPAIR_INVALID_NOT_OFFERED = -611,
  /**
   * A refusal has a status from 200 to 599.
   */
  WSPAIR_INVALID_STATUS = -612,
  /**
   * One of origins is not a scheme, a host and at most a port.
   */
  WSPAIR_INVALID_ORIGIN = -613,
  /**
   * Sending and closing need an accepted end.
   */
  WSPAIR_PAIR_NOT_ACCEPTED = -701,
  /**
   * The end is accepted.
   */
  WSPAIR_PAIR_ACCEPTED = -702,
  /**
   * The end was accepted as hibernatable.
   */
  WSPAIR_PAIR_HIBERNATABLE = -703,
  /**
   * The other end is accepted, given away or gone.
   */
  WSPAIR_PAIR_PEER_TAKEN = -704,
  /**
   * The end was given away, or everything is over at it.
   */
  WSPAIR_PAIR_SPENT = -705,
  /**
   * Nothing may be sent after a close, own or automatic.
   */
  WSPAIR_PAIR_CLOSING = -706,
  /**
   * The code may not be sent.
   */
  WSPAIR_PAIR_CLOSE_CODE = -707,
  /**
   * The reason is over 123 bytes.
   */
  WSPAIR_PAIR_CLOSE_REASON = -708,
  /**
   * There is a reason, even an empty one, and no code.
   */
  WSPAIR_PAIR_REASON_WITHOUT_CODE = -709,
  /**
   * Messages wait and this one would pass max_queued.
   */
  WSPAIR_PAIR_FULL = -710,
  /**
   * The attachment is over 16384 bytes.
   */
  WSPAIR_PAIR_ATTACHMENT_TOO_LARGE = -711,
  /**
   * The end's listener threw: wspair_pair_fail.
   */
  WSPAIR_PAIR_LISTENER = -712
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wspair_result wspair_result;
#else
typedef int32_t wspair_result;
#endif
#endif

/**
 * How a WebSocket is started.
 */
enum wspair_bootstrap
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif
 {
  /**
   * GET with Upgrade, a key and status 101 (RFC 6455 4).
   */
  WSPAIR_BOOTSTRAP_UPGRADE = 1,
  /**
   * CONNECT with :protocol, no key and a status of 2xx: HTTP/2 and HTTP/3 (RFC 8441, RFC 9220).
   *
   * The host's duties: a server announces SETTINGS_ENABLE_CONNECT_PROTOCOL (0x8) with the value
   * 1; a client waits for it. The end of the stream counts as the end of the transport. To drop
   * the transport is to reset the stream, with CANCEL (0x8) or H3_REQUEST_CANCELLED (0x10c).
   */
  WSPAIR_BOOTSTRAP_EXTENDED_CONNECT = 2
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wspair_bootstrap wspair_bootstrap;
#else
typedef uint32_t wspair_bootstrap;
#endif
#endif

/**
 * Whether a message is compressed, where the handshake agreed that it may be.
 */
enum wspair_compression
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif
 {
  /**
   * From `deflate_threshold` bytes on; a message that is sent in fragments always.
   */
  WSPAIR_COMPRESSION_AUTO = 0,
  /**
   * It is.
   */
  WSPAIR_COMPRESSION_ON = 1,
  /**
   * It is not.
   */
  WSPAIR_COMPRESSION_OFF = 2
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wspair_compression wspair_compression;
#else
typedef uint32_t wspair_compression;
#endif
#endif

/**
 * How received messages reach the application.
 */
enum wspair_delivery
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif
 {
  /**
   * One event a message, when it is complete.
   */
  WSPAIR_DELIVERY_MESSAGES = 0,
  /**
   * One event a run of payload bytes, as they arrive. Nothing is assembled.
   */
  WSPAIR_DELIVERY_CHUNKS = 1
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wspair_delivery wspair_delivery;
#else
typedef uint32_t wspair_delivery;
#endif
#endif

/**
 * One of the two ends of a pair. They are alike.
 */
enum wspair_end
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif
 {
  /**
   * The one a Worker calls 0.
   */
  WSPAIR_END_FIRST = 0,
  /**
   * The one a Worker calls 1.
   */
  WSPAIR_END_SECOND = 1
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wspair_end wspair_end;
#else
typedef uint32_t wspair_end;
#endif
#endif

/**
 * What happened.
 */
enum wspair_event_type
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif
 {
  /**
   * A text message, complete and checked.
   */
  WSPAIR_EVENT_TEXT = 1,
  /**
   * A binary message, complete.
   */
  WSPAIR_EVENT_BINARY = 2,
  /**
   * A part of a message, with WSPAIR_DELIVERY_CHUNKS. Text is checked, but may end inside a
   * character. One without bytes only ends its message; an empty message is one such chunk,
   * first and last.
   */
  WSPAIR_EVENT_CHUNK = 3,
  /**
   * A ping. With `auto_pong` it is already answered.
   */
  WSPAIR_EVENT_PING = 4,
  /**
   * A pong, asked for or not. A ping of keepalive has no payload, and so has its pong: a payload
   * in one's own pings tells them apart.
   */
  WSPAIR_EVENT_PONG = 5,
  /**
   * The peer's Close frame, with `code`, 1005 when it had none, and the reason in `data`. With
   * `auto_close` it is already answered. Any other code is one that `wspair_conn_close` takes, as
   * it takes the reason: a proxy passes both on, and WSPAIR_NO_CODE for 1005.
   */
  WSPAIR_EVENT_PEER_CLOSING = 6,
  /**
   * The end, told once, and the last event. `code` and `data` are those of the peer's Close
   * frame; 1005 when it had no code, 1006 when none came. `error` says what ended it: WSPAIR_OK
   * is the closing handshake.
   */
  WSPAIR_EVENT_CLOSED = 7
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wspair_event_type wspair_event_type;
#else
typedef uint32_t wspair_event_type;
#endif
#endif

/**
 * What more there is to say of an event. The flags of one are added up.
 */
enum wspair_flag
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif
 {
  /**
   * A chunk is the first of its message.
   */
  WSPAIR_FLAG_FIRST = 1,
  /**
   * A chunk is the last of its message.
   */
  WSPAIR_FLAG_LAST = 2,
  /**
   * Both Close frames passed.
   */
  WSPAIR_FLAG_CLEAN = 4
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wspair_flag wspair_flag;
#else
typedef uint32_t wspair_flag;
#endif
#endif

/**
 * What a message carries.
 */
enum wspair_kind
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif
 {
  /**
   * UTF-8.
   */
  WSPAIR_KIND_TEXT = 1,
  /**
   * Any bytes.
   */
  WSPAIR_KIND_BINARY = 2
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wspair_kind wspair_kind;
#else
typedef uint32_t wspair_kind;
#endif
#endif

/**
 * What a frame is (RFC 6455 5.2).
 */
enum wspair_opcode
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint8_t
#endif
 {
  /**
   * The next fragment of a message.
   */
  WSPAIR_OPCODE_CONTINUATION = 0,
  /**
   * A text message, or its first fragment.
   */
  WSPAIR_OPCODE_TEXT = 1,
  /**
   * A binary message, or its first fragment.
   */
  WSPAIR_OPCODE_BINARY = 2,
  /**
   * A Close frame.
   */
  WSPAIR_OPCODE_CLOSE = 8,
  /**
   * A Ping frame.
   */
  WSPAIR_OPCODE_PING = 9,
  /**
   * A Pong frame.
   */
  WSPAIR_OPCODE_PONG = 10
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wspair_opcode wspair_opcode;
#else
typedef uint8_t wspair_opcode;
#endif
#endif

/**
 * What happens at an end.
 */
enum wspair_pair_event_type
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif
 {
  /**
   * Nothing now.
   */
  WSPAIR_PAIR_EVENT_NONE = 0,
  /**
   * The other end sent a message. It is the caller's now: see `wspair_message_free`.
   */
  WSPAIR_PAIR_EVENT_MESSAGE = 1,
  /**
   * No more messages come. `code` is 1005 when the other end gave none, 1006 when it vanished;
   * WSPAIR_FLAG_CLEAN says whether it closed.
   */
  WSPAIR_PAIR_EVENT_CLOSE = 2,
  /**
   * The end failed: `error` says why. Nothing follows, not even a close.
   */
  WSPAIR_PAIR_EVENT_ERROR = 3
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wspair_pair_event_type wspair_pair_event_type;
#else
typedef uint32_t wspair_pair_event_type;
#endif
#endif

/**
 * Who uses an end.
 */
enum wspair_phase
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif
 {
  /**
   * Nobody yet.
   */
  WSPAIR_PHASE_FRESH = 0,
  /**
   * The holder, since `wspair_pair_accept`.
   */
  WSPAIR_PHASE_ACCEPTED = 1,
  /**
   * The holder, since `wspair_pair_accept_hibernatable`.
   */
  WSPAIR_PHASE_HIBERNATABLE = 2,
  /**
   * Nobody any more: it was given away, failed, or both closes have been taken.
   */
  WSPAIR_PHASE_SPENT = 3
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wspair_phase wspair_phase;
#else
typedef uint32_t wspair_phase;
#endif
#endif

/**
 * How far a handshake is.
 */
enum wspair_progress
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif
 {
  /**
   * The head is not complete.
   */
  WSPAIR_PROGRESS_NEED_MORE = 0,
  /**
   * Server: a valid request, to be accepted or refused.
   */
  WSPAIR_PROGRESS_REQUEST = 1,
  /**
   * The connection is open; on a server once the output is written.
   */
  WSPAIR_PROGRESS_OPEN = 2,
  /**
   * Server: it was refused. Write the output, then end the transport.
   *
   * Client: the server said no in plain HTTP: 401, a redirect, 426.
   */
  WSPAIR_PROGRESS_REFUSED = 3,
  /**
   * Client: the answer cannot be relied on. End the transport; there is nothing to send.
   */
  WSPAIR_PROGRESS_FAILED = 4
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wspair_progress wspair_progress;
#else
typedef uint32_t wspair_progress;
#endif
#endif

/**
 * Which side of a connection somebody is.
 */
enum wspair_role
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif
 {
  /**
   * Sends masked frames and takes unmasked ones.
   */
  WSPAIR_ROLE_CLIENT = 1,
  /**
   * Sends unmasked frames and takes masked ones.
   */
  WSPAIR_ROLE_SERVER = 2
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wspair_role wspair_role;
#else
typedef uint32_t wspair_role;
#endif
#endif

/**
 * How far a WebSocket has come, with the numbers of readyState in browsers.
 */
enum wspair_state
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif
 {
  /**
   * Messages pass.
   */
  WSPAIR_STATE_OPEN = 1,
  /**
   * One side has closed, the other has not.
   */
  WSPAIR_STATE_CLOSING = 2,
  /**
   * Both sides have closed, or something failed.
   */
  WSPAIR_STATE_CLOSED = 3
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wspair_state wspair_state;
#else
typedef uint32_t wspair_state;
#endif
#endif

/**
 * What to do with the transport.
 */
enum wspair_transport
#if defined(__cplusplus) || __STDC_VERSION__ >= 202311L
  : uint32_t
#endif
 {
  /**
   * Read, and write what is queued. A client stays here when the closing handshake is done: the
   * server ends the transport (RFC 6455 7.1.1), or `close_within` does. Who has no use for the
   * transport may drop it after WSPAIR_EVENT_CLOSED with WSPAIR_FLAG_CLEAN.
   */
  WSPAIR_TRANSPORT_OPEN = 0,
  /**
   * Write what is queued, then end the write side; go on reading: shutdown(fd, SHUT_WR) on a
   * socket, one SSL_shutdown that is not waited for over TLS, END_STREAM over HTTP/2.
   */
  WSPAIR_TRANSPORT_FINISH_WRITING = 1,
  /**
   * Drop it. What is still queued may be written in one last attempt that does not wait.
   *
   * A socket that is closed with unread input is reset, and the peer may lose what was written
   * last: end the write side first, and read on for a second or two, or until the peer ends its
   * own.
   */
  WSPAIR_TRANSPORT_CLOSE = 2
};
#ifndef __cplusplus
#if __STDC_VERSION__ >= 202311L
typedef enum wspair_transport wspair_transport;
#else
typedef uint32_t wspair_transport;
#endif
#endif

/**
 * Makes a client's request, and checks the answer to it.
 *
 * In bytes: write the output, then `wspair_client_handshake_receive` until
 * `wspair_client_handshake_progress` is other than WSPAIR_PROGRESS_NEED_MORE. Through another HTTP
 * stack: `wspair_client_handshake_request`, then `wspair_client_handshake_verify`.
 */
typedef struct wspair_client_handshake wspair_client_handshake;

/**
 * Options, read and checked, to be shared by any number of connections and handshakes.
 *
 * It never changes, so threads may share it.
 */
typedef struct wspair_config wspair_config;

/**
 * One side of an open WebSocket, over any ordered byte transport.
 *
 * Bytes go in through `wspair_conn_receive`, bytes come out of `wspair_conn_transmit`, time goes
 * in through `wspair_conn_timeout`. The calls may be made in any order and any number of times. A
 * peer never makes a call fail: what it does wrong is told by WSPAIR_EVENT_CLOSED.
 *
 * A handle may move between threads, but only one may use it at a time.
 */
typedef struct wspair_conn wspair_conn;

/**
 * Ties one end of a pair to a connection: what handing it to the network comes to.
 *
 * The connection's options have to go through `wspair_coupling_configure`.
 */
typedef struct wspair_coupling wspair_coupling;

/**
 * Two connected ends, with the semantics of Workers' WebSocketPair: what one sends, the other
 * receives.
 *
 * A handle may move between threads, but only one may use it at a time.
 */
typedef struct wspair_pair wspair_pair;

/**
 * A message encoded once, for broadcast.
 *
 * It never changes: threads may send it at the same time.
 */
typedef struct wspair_prepared wspair_prepared;

/**
 * Reads a client's request, and makes the answer to it.
 *
 * From bytes: `wspair_server_handshake_new`, then `wspair_server_handshake_receive` until
 * `wspair_server_handshake_progress` is WSPAIR_PROGRESS_REQUEST. From the fields that another HTTP
 * stack parsed: `wspair_server_handshake_from_fields`. Then accept or refuse, write the output, and
 * make the connection with what was agreed.
 */
typedef struct wspair_server_handshake wspair_server_handshake;

/**
 * What connections and handshakes are set to.
 *
 * Call `wspair_options_init` first: fields may be added at the end. In sizes and counts the
 * largest number of the type is no limit, and 0 is a limit of 0. Times are nanoseconds, and
 * WSPAIR_NEVER is none. A switch is off when it is 0.
 */
typedef struct wspair_options {
  /**
   * The struct's size as the program knows it; set by `wspair_options_init`.
   */
  size_t size;
  /**
   * Longest message accepted, in bytes, all fragments together, after decompression. Default
   * 1 MiB.
   */
  size_t max_message;
  /**
   * Longest frame accepted, in bytes. Default no limit, which leaves the message's.
   */
  size_t max_frame;
  /**
   * Most bytes that wait to be written before sending is refused. Default 16 MiB. An empty queue
   * takes one message of any length.
   */
  size_t max_outgoing;
  /**
   * From this many waiting bytes on a connection is congested. Default 1 MiB; 0 counts as 1.
   */
  size_t high_water_mark;
  /**
   * Longer messages go out in fragments of this many bytes, so that control frames can pass.
   * Default off, the largest number.
   */
  size_t split_above;
  /**
   * Prepared messages of at least this many bytes are queued by reference. Default 4 KiB.
   */
  size_t share_from;
  /**
   * Ping after this much silence of the peer. Default never.
   */
  uint64_t ping_after;
  /**
   * Give up this long after a ping left when nothing was heard since, and no output that waited
   * has moved. Default 20 s.
   */
  uint64_t pong_within;
  /**
   * Drop the transport this long after our Close frame was queued, whether it could be written or
   * not, the end of the peer's direction or the failure of the connection. Default 10 s.
   */
  uint64_t close_within;
  /**
   * Most frames that one message may come in. Default 16384.
   */
  uint32_t max_fragments;
  /**
   * By message or by chunk: WSPAIR_DELIVERY_*. Default by message.
   */
  uint32_t delivery;
  /**
   * Answer pings. Default on.
   */
  uint32_t auto_pong;
  /**
   * Answer the peer's close at once. Default on; off leaves the connection half-open until
   * `wspair_conn_close` is called.
   */
  uint32_t auto_close;
  /**
   * Handshake: most bytes of a head. Default 16 KiB.
   */
  size_t max_head;
  /**
   * Handshake: most bytes of a head's first line. Default 8 KiB.
   */
  size_t max_head_line;
  /**
   * Handshake: most fields of a head. Default 100.
   */
  size_t max_head_fields;
  /**
   * Handshake, client: most bytes that are kept of a refusal's body. Default 64 KiB.
   */
  size_t max_body;
  /**
   * Handshake, client: most interim responses before the one that counts. Default 8.
   */
  uint32_t max_interim;
  /**
   * Handshake, server: whether a request without an origin may connect where `origins` are set.
   * Default on.
   */
  uint32_t missing_origin;
  /**
   * Handshake: give up this long after the time was first told. Default 10 s.
   */
  uint64_t handshake_within;
  /**
   * Handshake, server: the origins whose pages may connect, each written "scheme://host" or
   * "scheme://host:port" and ended by a NUL. Default null: all, which is right only for a
   * service that does not rely on what a browser sends by itself, as cookies.
   */
  const char *const *origins;
  /**
   * How many there are.
   */
  size_t origins_len;
  /**
   * Compression: shorter messages are sent as they are. Default 64 bytes.
   */
  size_t deflate_threshold;
  /**
   * Compression: most compressors, and as many decompressors, that idle connections of one
   * configuration leave for each other; useful without context takeover. A pair of them takes
   * some 216 KiB with the defaults, 168 and 48. Default 8; 0 keeps none, and so does a connection
   * without a configuration.
   */
  size_t deflate_stock;
  /**
   * Compression: agree to it, or offer it, in the handshake. Default off.
   */
  uint32_t deflate;
  /**
   * Compression: the server compresses each message alone, which costs ratio and spares memory.
   * A server does so; a client asks for it. Default off.
   */
  uint32_t server_no_context_takeover;
  /**
   * Compression: the client compresses each message alone. A server asks for it; a client does
   * so. Default off.
   */
  uint32_t client_no_context_takeover;
  /**
   * Compression: largest window of the server's messages, 8 to 15, or 0 for the default. A
   * server keeps to it, default 12, at least 9; a client asks for it, default not.
   */
  uint32_t server_max_window_bits;
  /**
   * Compression: largest window of the client's messages, 8 to 15, or 0 for the default. A
   * server asks for it where the client lets it choose, default 12, at least 9; a client keeps
   * to it and lets the server choose, default 15.
   */
  uint32_t client_max_window_bits;
  /**
   * Compression: effort, 0 to 9. Default 1.
   */
  uint32_t deflate_level;
  /**
   * Compression: memory of a compressor, 1 to 9. Default 5.
   */
  uint32_t deflate_memory;
  /**
   * End the output when the peer's ended without a Close frame and that was told. Default on; off
   * leaves it open until `wspair_conn_close` or `wspair_conn_abort` is called, at the latest for
   * `close_within`.
   */
  uint32_t auto_end;
} wspair_options;

/**
 * Bytes in somebody's memory; how long they stay is told where one is handed out. No NUL is behind
 * them.
 *
 * On POSIX it has the layout of struct iovec, so an array of them can be given to writev, by a cast
 * of the pointer.
 */
typedef struct wspair_slice {
  /**
   * Where they begin. Null is possible where `len` is 0.
   */
  const uint8_t *data;
  /**
   * How many there are.
   */
  size_t len;
} wspair_slice;

/**
 * What a handshake agreed on, for the connection that follows.
 */
typedef struct wspair_agreed {
  /**
   * The subprotocol, or nothing. It lies in the handshake's memory until that is freed; a
   * connection does not look at it.
   */
  struct wspair_slice subprotocol;
  /**
   * Compression: the window of the server's messages, 8 to 15; 0 when messages are not
   * compressed.
   */
  uint8_t server_max_window_bits;
  /**
   * Compression: the window of the client's messages, 8 to 15; 0 when messages are not
   * compressed.
   */
  uint8_t client_max_window_bits;
  /**
   * Compression: whether each of the server's messages starts with an empty window.
   */
  uint8_t server_no_context_takeover;
  /**
   * Compression: whether each of the client's messages starts with an empty window.
   */
  uint8_t client_no_context_takeover;
} wspair_agreed;

/**
 * Something that happened on a connection.
 */
typedef struct wspair_event {
  /**
   * WSPAIR_EVENT_*.
   */
  uint32_t type;
  /**
   * Of a message or chunk, WSPAIR_KIND_*; else 0.
   */
  uint16_t kind;
  /**
   * Of WSPAIR_EVENT_PEER_CLOSING and WSPAIR_EVENT_CLOSED, the code; else 0.
   */
  uint16_t code;
  /**
   * WSPAIR_FLAG_*.
   */
  uint32_t flags;
  /**
   * Of WSPAIR_EVENT_CLOSED, a wspair_result: WSPAIR_OK, WSPAIR_LOST_* or WSPAIR_PROTOCOL_*.
   */
  int32_t error;
  /**
   * The payload, or the reason: in the input, where it is the caller's, or in the connection's
   * memory, where it stays until the connection is given more to receive, told the time or the
   * end of the transport, shrunk or freed.
   */
  const uint8_t *data;
  /**
   * How many bytes it has.
   */
  size_t len;
} wspair_event;

/**
 * A message that passes through a pair. It is never copied.
 */
typedef struct wspair_message {
  /**
   * WSPAIR_KIND_*.
   */
  uint32_t kind;
  /**
   * Its bytes, which stay as they are until it is freed. Null is possible where `len` is 0.
   */
  const uint8_t *data;
  /**
   * How many there are; what limits count.
   */
  size_t len;
  /**
   * Whatever the caller wants to find again, and what `free` is called with.
   */
  void *owner;
  /**
   * Ends the message; called once, by whoever has it last. It must not call into the pair, nor
   * leave other than by returning. Null for nothing to do.
   */
  void (*free)(void *owner);
} wspair_message;

/**
 * A frame's header. Switches are on when they are not 0.
 */
typedef struct wspair_frame {
  /**
   * Length of the payload in bytes; below 2 to the power of 63.
   */
  uint64_t len;
  /**
   * WSPAIR_OPCODE_*.
   */
  uint8_t opcode;
  /**
   * The last fragment of its message. Always on in control frames.
   */
  uint8_t fin;
  /**
   * The first reserved bit: a compressed message, where that was agreed on.
   */
  uint8_t rsv1;
  /**
   * Whether the payload is masked, as a client's is.
   */
  uint8_t masked;
  /**
   * The masking key, where it is.
   */
  uint8_t mask[4];
} wspair_frame;

/**
 * A check of text that arrives in pieces. All zeros to begin with; nothing has to be freed.
 */
typedef struct wspair_utf8 {
  /**
   * The library's.
   */
  uint8_t state[8];
} wspair_utf8;

/**
 * A header field, or a pseudo-field of HTTP/2 and HTTP/3 as ":path".
 *
 * As an argument both have to stay as they are during the call only. White space around a value is
 * no part of it.
 */
typedef struct wspair_field {
  /**
   * The name; names compare without case.
   */
  struct wspair_slice name;
  /**
   * The value.
   */
  struct wspair_slice value;
} wspair_field;

/**
 * What a client asks for.
 *
 * Call `wspair_request_init` first: fields may be added at the end.
 */
typedef struct wspair_request {
  /**
   * The struct's size as the program knows it; set by `wspair_request_init`.
   */
  size_t size;
  /**
   * A ws: or wss: address, ended by a NUL.
   */
  const char *url;
  /**
   * 16 unpredictable bytes that were never used before.
   */
  uint8_t nonce[16];
  /**
   * The subprotocols to offer, the one liked best first, each ended by a NUL. Default none.
   */
  const char *const *subprotocols;
  /**
   * How many there are.
   */
  size_t subprotocols_len;
  /**
   * Further fields. Host and Origin replace what would be sent. Default none.
   */
  const struct wspair_field *fields;
  /**
   * How many there are.
   */
  size_t fields_len;
  /**
   * Fail when subprotocols were offered and the server chose none, as browsers do. Default off.
   */
  uint32_t require_subprotocol;
} wspair_request;

/**
 * What pairs are set to.
 *
 * Call `wspair_pair_options_init` first: fields may be added at the end.
 */
typedef struct wspair_pair_options {
  /**
   * The struct's size as the program knows it; set by `wspair_pair_options_init`.
   */
  size_t size;
  /**
   * Most bytes that an end may have waiting for the other before sending is refused. Each message
   * counts 32 bytes beside its length. Default 16 MiB; the largest number is no limit. An empty
   * queue takes one message of any length.
   */
  size_t max_queued;
  /**
   * From this many waiting bytes on a direction is congested. Default 1 MiB; 0 counts as 1.
   */
  size_t high_water_mark;
  /**
   * Which behaviour of the runtime is imitated: a compatibility date, as 20260407. Default 0, the
   * newest.
   */
  uint32_t compat_date;
  /**
   * The runtime's names of compatibility flags, each ended by a NUL, that change what the date
   * says. Names it does not know change nothing. Default none.
   */
  const char *const *compat_flags;
  /**
   * How many there are.
   */
  size_t compat_flags_len;
} wspair_pair_options;

/**
 * Something that happened at an end.
 */
typedef struct wspair_pair_event {
  /**
   * WSPAIR_PAIR_EVENT_*.
   */
  uint32_t type;
  /**
   * Of a close, WSPAIR_FLAG_CLEAN or 0.
   */
  uint32_t flags;
  /**
   * Of a message.
   */
  struct wspair_message message;
  /**
   * Of a close; else 0.
   */
  uint16_t code;
  /**
   * Of an error, a wspair_result: WSPAIR_PAIR_LISTENER or WSPAIR_PROTOCOL_*.
   */
  int32_t error;
  /**
   * Of a close: in the pair's memory until the next event is polled at this end.
   */
  const uint8_t *reason;
  /**
   * How many bytes the reason has.
   */
  size_t reason_len;
} wspair_pair_event;

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Reads options.
 *
 * `options`: initialised; what it points to is copied. `config`: is set to the new handle, to be
 * ended by `wspair_config_free`.
 *
 * WSPAIR_ERROR_NULL; WSPAIR_ERROR_ARGUMENT for options that were not initialised or a field out of
 * its range; WSPAIR_ERROR_UTF8 and WSPAIR_INVALID_ORIGIN for one of the origins;
 * WSPAIR_ERROR_MEMORY.
 */
WSPAIR_MUST_USE
wspair_result wspair_config_new(const struct wspair_options *options,
                                struct wspair_config **config);

/**
 * Ends a configuration. What was made with it goes on.
 *
 * `config`: from `wspair_config_new`, or null.
 */
void wspair_config_free(struct wspair_config *config);

/**
 * Makes a server's side.
 *
 * It may be fed, and send, before the answer to its request is written; that the answer goes first on
 * the transport is the program's to see to.
 *
 * `config`: what it is set to; null for the defaults. `agreed`: what the handshake agreed on; null
 * for nothing. `conn`: is set to the new handle, to be ended by `wspair_conn_free`. Nothing of the
 * arguments is kept but a share of the configuration.
 *
 * WSPAIR_ERROR_NULL; WSPAIR_ERROR_ARGUMENT for windows outside their range; WSPAIR_ERROR_MEMORY.
 */
WSPAIR_MUST_USE
wspair_result wspair_conn_new_server(const struct wspair_config *config,
                                     const struct wspair_agreed *agreed,
                                     struct wspair_conn **conn);

/**
 * Makes a client's side.
 *
 * `config`, `agreed`, `conn`: as for `wspair_conn_new_server`. `seed`: 32 unpredictable bytes that
 * were never used before; masking keys come from them.
 *
 * Errors as `wspair_conn_new_server`.
 */
WSPAIR_MUST_USE
wspair_result wspair_conn_new_client(const struct wspair_config *config,
                                     const struct wspair_agreed *agreed,
                                     const uint8_t *seed,
                                     struct wspair_conn **conn);

/**
 * Ends a connection's handle. Nothing is sent by it: see `wspair_conn_close`.
 *
 * `conn`: from one of the functions above, or null.
 */
void wspair_conn_free(struct wspair_conn *conn);

/**
 * Feeds received bytes, and gives the events that follow from them.
 *
 * `conn`: the connection. `buf`, `len`: the bytes, to which it may write: payloads are unmasked
 * where they lie. `events`, `cap`: where events are written to, in order. `count`: is set to how
 * many were. `used`: is set to how many of the bytes are done with; those of an unfinished frame
 * count, they are kept inside.
 *
 * WSPAIR_OK: all bytes are done with and all events are out. WSPAIR_MORE: the events have to be
 * looked at first; call again with the bytes from `used` on, of which there may be none. Not to
 * call again for a while is how a program holds a peer back. Without room, `cap` 0, the result is
 * WSPAIR_MORE though there may be nothing: no event is lost, the next call that has room gives it.
 *
 * What comes behind the peer's Close frame, or WSPAIR_EVENT_CLOSED, is done with unread.
 *
 * A Close frame that this input causes is queued when `wspair_conn_transmit` is called next, so
 * that answers to the messages before it still go first.
 *
 * WSPAIR_ERROR_NULL; then nothing was read. Never fails for what the peer sent.
 */
WSPAIR_MUST_USE
wspair_result wspair_conn_receive(struct wspair_conn *conn,
                                  uint8_t *buf,
                                  size_t len,
                                  struct wspair_event *events,
                                  size_t cap,
                                  size_t *count,
                                  size_t *used);

/**
 * As `wspair_conn_receive` for bytes that must not change: masked payloads are copied, as they are
 * unmasked, into the connection's memory.
 */
WSPAIR_MUST_USE
wspair_result wspair_conn_receive_const(struct wspair_conn *conn,
                                        const uint8_t *buf,
                                        size_t len,
                                        struct wspair_event *events,
                                        size_t cap,
                                        size_t *count,
                                        size_t *used);

/**
 * Tells that the peer ended its direction of the transport: its last byte was fed, and nothing is
 * to be read any more.
 *
 * Behind the peer's Close frame this ends nothing: sending goes on until our own Close is queued,
 * or `close_within` is over. Without one WSPAIR_EVENT_CLOSED with 1006 follows, and what is sent
 * before that is given still goes out. To be called once; again it changes nothing.
 *
 * `events`, `cap`, `count` and results as for `wspair_conn_receive`: with WSPAIR_MORE call it, or
 * `wspair_conn_receive` without bytes, again.
 */
wspair_result wspair_conn_eof(struct wspair_conn *conn,
                              struct wspair_event *events,
                              size_t cap,
                              size_t *count);

/**
 * Tells that the transport is gone in both directions: it was reset, or a write failed. As
 * `wspair_conn_eof`, but nothing can be sent any more, not even an answer to the peer's Close
 * frame: the end follows at once, with the code of that frame if it came.
 *
 * `events`, `cap`, `count` and results as for `wspair_conn_receive`.
 */
wspair_result wspair_conn_transport_lost(struct wspair_conn *conn,
                                         struct wspair_event *events,
                                         size_t cap,
                                         size_t *count);

/**
 * Tells the time, acts on what is due, and gives the events that follow. Early, late and repeated
 * calls are harmless.
 *
 * `now`: nanoseconds on a monotonic clock whose zero the caller picks; less than before counts as
 * before. It starts with the first call: what a handshake was told does not count.
 *
 * `events`, `cap`, `count` and results as for `wspair_conn_receive`: with WSPAIR_MORE call it, or
 * `wspair_conn_receive` without bytes, again.
 *
 * What the transport holds is to be read first: a pong that waits there is no silence.
 */
wspair_result wspair_conn_timeout(struct wspair_conn *conn,
                                  uint64_t now,
                                  struct wspair_event *events,
                                  size_t cap,
                                  size_t *count);

/**
 * Tells how many of the bytes that were taken out wait in buffers of the transport still; 0 until it
 * is told. For programs that hand bytes over before they are written, or ask the system what a socket
 * has not sent (SIOCOUTQ), and use keepalive: what leaves those buffers is life of a peer that reads
 * slowly, and a ping in them has not left. To be told before the time.
 *
 * WSPAIR_ERROR_NULL.
 */
wspair_result wspair_conn_transport_holds(struct wspair_conn *conn,
                                          size_t bytes);

/**
 * Tells that the program stops reading from the transport (`held` not 0), or reads again; it reads
 * until it is told. While it does not, the peer's silence is its own doing, and keepalive waits.
 *
 * WSPAIR_ERROR_NULL.
 */
wspair_result wspair_conn_hold_input(struct wspair_conn *conn, uint32_t held);

/**
 * When `wspair_conn_timeout` is next worth calling, on the clock that it is told; WSPAIR_NEVER for
 * never, until another function was called. Null gives WSPAIR_NEVER.
 *
 * What is due gives its own time, which is past, until `wspair_conn_timeout` was called: wait no time
 * at all then. So does a connection whose time was never told, with 0, and one whose end was not yet
 * given.
 */
uint64_t wspair_conn_next_timeout(const struct wspair_conn *conn);

/**
 * What to do with the transport now: WSPAIR_TRANSPORT_*, the same however often asked. Null gives
 * WSPAIR_TRANSPORT_CLOSE.
 */
uint32_t wspair_conn_transport(const struct wspair_conn *conn);

/**
 * How far the connection has come: WSPAIR_STATE_*. Null gives WSPAIR_STATE_CLOSED.
 */
uint32_t wspair_conn_state(const struct wspair_conn *conn);

/**
 * Gives back memory that is kept for the next message or burst. What holds data stays. Event data
 * in the connection's memory is no longer valid.
 *
 * WSPAIR_ERROR_NULL.
 */
wspair_result wspair_conn_shrink(struct wspair_conn *conn);

/**
 * Gives an end of a pair to the network. At that end nothing happens any more.
 *
 * `pair`: the pair. `end`: WSPAIR_END_*. `coupling`: is set to the new handle, to be ended by
 * `wspair_coupling_free`. It holds on to neither pair nor connection: each call is told them.
 *
 * WSPAIR_PAIR_ACCEPTED, WSPAIR_PAIR_HIBERNATABLE, WSPAIR_PAIR_SPENT, WSPAIR_ERROR_NULL,
 * WSPAIR_ERROR_ARGUMENT, WSPAIR_ERROR_MEMORY.
 */
WSPAIR_MUST_USE
wspair_result wspair_coupling_new(struct wspair_pair *pair,
                                  uint32_t end,
                                  struct wspair_coupling **coupling);

/**
 * Ends a coupling's handle. The end stays given away: see `wspair_pair_abandon`.
 *
 * `coupling`: from `wspair_coupling_new`, or null.
 */
void wspair_coupling_free(struct wspair_coupling *coupling);

/**
 * Wire to pair: to be called with each event of the connection, before the next batch is read.
 *
 * `coupling`, `pair`, `conn`: the three that belong together. `event`: the event. `message`: of
 * WSPAIR_EVENT_TEXT and WSPAIR_EVENT_BINARY, the caller's message made of it, which is taken
 * whatever comes of it; else not looked at, and may be null.
 *
 * The end of the wire without a Close frame waits in the pair behind the messages: until the other
 * end sees it, what that sends still goes out. When the transport is dropped before, call
 * `wspair_pair_abandon`.
 *
 * WSPAIR_ERROR_NULL; WSPAIR_ERROR_UTF8 for a text that is not; WSPAIR_ERROR_STATE for
 * WSPAIR_EVENT_CLOSED of another connection; WSPAIR_ERROR_ARGUMENT for another kind or event;
 * WSPAIR_ERROR_MEMORY for a message that found none: it is freed, and the other end misses it, so
 * that `wspair_pair_abandon` and `wspair_conn_abort` are what is left.
 */
wspair_result wspair_coupling_forward(const struct wspair_coupling *coupling,
                                      struct wspair_pair *pair,
                                      const struct wspair_conn *conn,
                                      const struct wspair_event *event,
                                      const struct wspair_message *message);

/**
 * Pair to wire: moves what the connection will take, until its output is congested. To be called
 * whenever the other end has sent, closed or polled an event.
 *
 * `coupling`, `pair`, `conn`: the three that belong together. Messages are freed once they are
 * queued.
 *
 * WSPAIR_MORE while more waits: call again when the transport has taken some. WSPAIR_ERROR_NULL.
 */
WSPAIR_MUST_USE
wspair_result wspair_coupling_drain(const struct wspair_coupling *coupling,
                                    struct wspair_pair *pair,
                                    struct wspair_conn *conn);

/**
 * 1 when `wspair_coupling_drain` and then `wspair_conn_transmit` are worth calling: the other end
 * sent something, or the connection has something to write. Else, and for null, 0.
 *
 * `coupling`, `pair`, `conn`: the three that belong together.
 */
uint32_t wspair_coupling_wants_write(const struct wspair_coupling *coupling,
                                     const struct wspair_pair *pair,
                                     const struct wspair_conn *conn);

/**
 * Gives the end that is coupled.
 *
 * `end`: is set to WSPAIR_END_*.
 *
 * WSPAIR_ERROR_NULL.
 */
wspair_result wspair_coupling_end(const struct wspair_coupling *coupling, uint32_t *end);

/**
 * Reads a frame's header.
 *
 * `bytes`, `len`: what is at hand. `role`: the receiver's own, WSPAIR_ROLE_*. `rsv1`: not 0 where
 * compression was agreed on. `frame`: is written when the header is whole. `size`: is set to how
 * many bytes the header took, or after WSPAIR_MORE to how many more it needs, at least.
 *
 * WSPAIR_OK; WSPAIR_MORE while the header is not whole; WSPAIR_PROTOCOL_* for the first rule that
 * is broken, as soon as the bytes show it; WSPAIR_ERROR_NULL; WSPAIR_ERROR_ARGUMENT for another
 * role.
 */
WSPAIR_MUST_USE
wspair_result wspair_frame_decode(const uint8_t *bytes,
                                  size_t len,
                                  uint32_t role,
                                  uint32_t rsv1,
                                  struct wspair_frame *frame,
                                  size_t *size);

/**
 * Writes a frame's header, with the length in its shortest form.
 *
 * `frame`: the header; that it keeps to the protocol is the caller's to see to. `to`: 14 bytes that
 * are written. `size`: is set to how many of them count, 2 to 14.
 *
 * WSPAIR_ERROR_NULL; WSPAIR_ERROR_ARGUMENT for a reserved opcode or a length of 2 to the power of
 * 63 and more.
 */
wspair_result wspair_frame_encode(const struct wspair_frame *frame, uint8_t *to, size_t *size);

/**
 * Masks or unmasks bytes where they lie; the two are the same.
 *
 * `data`, `len`: the bytes. `key`: 4 bytes. `offset`: where in the payload the bytes begin, so that
 * it can be treated in pieces.
 *
 * WSPAIR_ERROR_NULL.
 */
wspair_result wspair_mask(uint8_t *data, size_t len, const uint8_t *key, size_t offset);

/**
 * Copies bytes and masks or unmasks them in the same pass.
 *
 * `from`, `len`: the bytes. `to`: as much room, apart from `from`. `key`, `offset`: as for
 * `wspair_mask`.
 *
 * WSPAIR_ERROR_NULL.
 */
wspair_result wspair_mask_copy(const uint8_t *from,
                               size_t len,
                               uint8_t *to,
                               const uint8_t *key,
                               size_t offset);

/**
 * Checks the next piece of a text. It fails at the first byte that cannot be part of UTF-8.
 *
 * `check`: all zeros before the first piece; after a failure it has to be zeroed. `data`, `len`:
 * the piece; it may end inside a character.
 *
 * WSPAIR_ERROR_UTF8, WSPAIR_ERROR_NULL.
 */
wspair_result wspair_utf8_push(struct wspair_utf8 *check, const uint8_t *data, size_t len);

/**
 * Whether a text may end here.
 *
 * `check`: as `wspair_utf8_push` left it.
 *
 * WSPAIR_ERROR_UTF8 when a character is unfinished; WSPAIR_ERROR_NULL.
 */
wspair_result wspair_utf8_end(const struct wspair_utf8 *check);

/**
 * Reads the body of a peer's Close frame, already unmasked.
 *
 * `body`, `len`: the body. `code`: is set to the code, 1005 when there is none. `reason`: is set to
 * a part of the body.
 *
 * WSPAIR_PROTOCOL_CLOSE_BODY, WSPAIR_PROTOCOL_CLOSE_CODE, WSPAIR_PROTOCOL_CLOSE_REASON_NOT_UTF8,
 * WSPAIR_ERROR_NULL.
 */
wspair_result wspair_close_decode(const uint8_t *body,
                                  size_t len,
                                  uint16_t *code,
                                  struct wspair_slice *reason);

/**
 * Makes the value of Sec-WebSocket-Accept, for programs that do all else of the handshake
 * themselves.
 *
 * `key`, `len`: the value of Sec-WebSocket-Key, without white space around it. `accept`: 28 bytes
 * that are written; no NUL is.
 *
 * WSPAIR_ERROR_NULL.
 */
wspair_result wspair_accept_key(const uint8_t *key, size_t len, uint8_t *accept);

/**
 * Sets every field to its default, and the address.
 *
 * `request`: is written, as far as `size` says. `size`: sizeof *request. `url`: the address, ended
 * by a NUL; it is kept as a pointer. The nonce is left as zeros: fill it.
 *
 * WSPAIR_ERROR_NULL; WSPAIR_ERROR_ARGUMENT when `size` is none that the library knows.
 */
wspair_result wspair_request_init(struct wspair_request *request, size_t size, const char *url);

/**
 * Makes the request. The deadline starts when the time is first told.
 *
 * `config`: limits, and whether to offer compression; null for the defaults. `request`:
 * initialised; what it points to is copied. `handshake`: is set to the new handle, to be ended by
 * `wspair_client_handshake_free`.
 *
 * WSPAIR_ERROR_NULL, WSPAIR_ERROR_UTF8, WSPAIR_INVALID_*, WSPAIR_ERROR_MEMORY;
 * WSPAIR_ERROR_ARGUMENT for a request that was not initialised.
 */
WSPAIR_MUST_USE
wspair_result wspair_client_handshake_new(const struct wspair_config *config,
                                          const struct wspair_request *request,
                                          struct wspair_client_handshake **handshake);

/**
 * Ends a handshake's handle, and all that it has shown.
 *
 * `handshake`: from `wspair_client_handshake_new`, or null.
 */
void wspair_client_handshake_free(struct wspair_client_handshake *handshake);

/**
 * Gives where to connect to.
 *
 * `host`: is set to the host, an IPv6 address without its brackets, in the handshake's memory until
 * it is freed. `port`: is set to the port. `secure`: is set to 1 when the connection goes through
 * TLS, else 0.
 *
 * WSPAIR_ERROR_NULL.
 */
wspair_result wspair_client_handshake_address(const struct wspair_client_handshake *handshake,
                                              struct wspair_slice *host,
                                              uint16_t *port,
                                              uint32_t *secure);

/**
 * Gives the request as HTTP/1.1, as far as it was not written.
 *
 * `output`: is set to bytes in the handshake's memory, which stay until it is freed.
 *
 * WSPAIR_ERROR_NULL.
 */
wspair_result wspair_client_handshake_output(const struct wspair_client_handshake *handshake,
                                             struct wspair_slice *output);

/**
 * Forgets the output's first `n` bytes: they were written. More than there are counts as all.
 *
 * WSPAIR_ERROR_NULL.
 */
wspair_result wspair_client_handshake_advance(struct wspair_client_handshake *handshake, size_t n);

/**
 * Feeds received bytes.
 *
 * `data`, `len`: the bytes. `used`: is set to how many belong to the answer; after
 * WSPAIR_PROGRESS_OPEN the rest is the connection's.
 *
 * A refusal goes on with its body: the progress stays WSPAIR_PROGRESS_NEED_MORE until its length,
 * `max_body`, the end of the stream or the deadline is reached. A `max_body` of 0 ends it with the
 * head. Once there is a verdict nothing more is taken.
 *
 * WSPAIR_ERROR_NULL. Never fails for what the peer sent.
 */
wspair_result wspair_client_handshake_receive(struct wspair_client_handshake *handshake,
                                              const uint8_t *data,
                                              size_t len,
                                              size_t *used);

/**
 * Tells that the stream ended. Before the end of the head that is a failure.
 *
 * WSPAIR_ERROR_NULL.
 */
wspair_result wspair_client_handshake_eof(struct wspair_client_handshake *handshake);

/**
 * Tells the time. An answer that is not complete by its deadline is a failure; of a refusal what
 * came by then is handed up.
 *
 * `now`: nanoseconds, as for `wspair_conn_timeout`.
 *
 * WSPAIR_ERROR_NULL.
 */
wspair_result wspair_client_handshake_timeout(struct wspair_client_handshake *handshake,
                                              uint64_t now);

/**
 * When `wspair_client_handshake_timeout` is next worth calling: 0 as long as the time was never
 * told. WSPAIR_NEVER once there is a verdict, and for null.
 */
uint64_t wspair_client_handshake_next_timeout(const struct wspair_client_handshake *handshake);

/**
 * How far it is: WSPAIR_PROGRESS_*. Null gives WSPAIR_PROGRESS_FAILED.
 */
uint32_t wspair_client_handshake_progress(const struct wspair_client_handshake *handshake);

/**
 * Why it failed, or was refused: WSPAIR_FAILED_*, for `wspair_strerror`. WSPAIR_OK when it did not.
 * WSPAIR_ERROR_NULL.
 */
wspair_result wspair_client_handshake_error(const struct wspair_client_handshake *handshake);

/**
 * Gives the answer's status: 101, or that of a refusal.
 *
 * `status`: is set to it.
 *
 * WSPAIR_ERROR_NULL; WSPAIR_ERROR_STATE while there is no answer in bytes that is HTTP.
 */
wspair_result wspair_client_handshake_status(const struct wspair_client_handshake *handshake,
                                             uint16_t *status);

/**
 * Gives the value of the answer's first field of that name.
 *
 * `name`: ended by a NUL. `value`: is set to bytes in the handshake's memory, which stay until it
 * is freed, or to nothing.
 *
 * WSPAIR_ERROR_NOT_FOUND, WSPAIR_ERROR_UTF8; else as `wspair_client_handshake_status`.
 */
wspair_result wspair_client_handshake_field(const struct wspair_client_handshake *handshake,
                                            const char *name,
                                            struct wspair_slice *value);

/**
 * How many fields the answer has, for `wspair_client_handshake_field_at`; 0 while there is none in
 * bytes that is HTTP, and for null.
 */
size_t wspair_client_handshake_field_count(const struct wspair_client_handshake *handshake);

/**
 * Gives a field of the answer, in the order they came; a name may come several times.
 *
 * `index`: from 0 on. `field`: is set to name and value, in the handshake's memory until it is
 * freed, or to nothing.
 *
 * WSPAIR_ERROR_NOT_FOUND beyond the last; else as `wspair_client_handshake_status`.
 */
wspair_result wspair_client_handshake_field_at(const struct wspair_client_handshake *handshake,
                                               size_t index,
                                               struct wspair_field *field);

/**
 * Gives the start of a refusal's body, as it came: a transfer coding is not undone.
 *
 * `body`: is set to bytes in the handshake's memory, which stay until it is freed.
 *
 * As `wspair_client_handshake_status`.
 */
wspair_result wspair_client_handshake_body(const struct wspair_client_handshake *handshake,
                                           struct wspair_slice *body);

/**
 * Gives what was agreed on, to make the connection with.
 *
 * `agreed`: is written; what it points to lies in the handshake's memory until that is freed.
 *
 * WSPAIR_ERROR_NULL; WSPAIR_ERROR_STATE when it is not open.
 */
wspair_result wspair_client_handshake_agreed(const struct wspair_client_handshake *handshake,
                                             struct wspair_agreed *agreed);

/**
 * Gives the request as fields, for another HTTP stack to send. Of an extended CONNECT pseudo-fields
 * come first; else the method is GET, and `wspair_client_handshake_output` shows the target.
 *
 * `how`: WSPAIR_BOOTSTRAP_*. `list`, `cap`: where the fields are written to, as many as there is
 * room for; they lie in the handshake's memory until the next call of this function. `count`: is
 * set to how many there are.
 *
 * WSPAIR_ERROR_NULL, WSPAIR_ERROR_ARGUMENT, WSPAIR_ERROR_MEMORY.
 */
wspair_result wspair_client_handshake_request(struct wspair_client_handshake *handshake,
                                              uint32_t how,
                                              struct wspair_field *list,
                                              size_t cap,
                                              size_t *count);

/**
 * Checks an answer that another HTTP stack parsed.
 *
 * `how`: as the request was sent. `status`, `list`, `list_len`: the answer.
 *
 * WSPAIR_FAILED_*, of which WSPAIR_FAILED_STATUS is the server's plain no; WSPAIR_ERROR_NULL,
 * WSPAIR_ERROR_ARGUMENT, WSPAIR_ERROR_MEMORY; WSPAIR_ERROR_STATE when one was checked before.
 */
wspair_result wspair_client_handshake_verify(struct wspair_client_handshake *handshake,
                                             uint32_t how,
                                             uint16_t status,
                                             const struct wspair_field *list,
                                             size_t list_len);

/**
 * Waits for a request in bytes, as HTTP/1.1. The deadline starts when the time is first told.
 *
 * `config`: limits and origins; null for the defaults. `handshake`: is set to the new handle, to be
 * ended by `wspair_server_handshake_free`.
 *
 * WSPAIR_ERROR_NULL, WSPAIR_ERROR_MEMORY.
 */
WSPAIR_MUST_USE
wspair_result wspair_server_handshake_new(const struct wspair_config *config,
                                          struct wspair_server_handshake **handshake);

/**
 * Takes a request that another HTTP stack parsed. It is copied, and judged at once.
 *
 * `config`: origins; null for the defaults. `how`: WSPAIR_BOOTSTRAP_*. `method`, `target`: ended by
 * a NUL; of an extended CONNECT the target is :path. `list`, `list_len`: the fields; of an extended
 * CONNECT :protocol, :scheme and :authority among them, before all others. `handshake`: is set to
 * the new handle, to be ended by `wspair_server_handshake_free`.
 *
 * WSPAIR_ERROR_NULL, WSPAIR_ERROR_ARGUMENT, WSPAIR_ERROR_MEMORY. A request that is not valid is no
 * error: the progress is WSPAIR_PROGRESS_REFUSED then.
 */
WSPAIR_MUST_USE
wspair_result wspair_server_handshake_from_fields(const struct wspair_config *config,
                                                  uint32_t how,
                                                  const char *method,
                                                  const char *target,
                                                  const struct wspair_field *list,
                                                  size_t list_len,
                                                  struct wspair_server_handshake **handshake);

/**
 * Ends a handshake's handle, and all that it has shown.
 *
 * `handshake`: from one of the functions above, or null.
 */
void wspair_server_handshake_free(struct wspair_server_handshake *handshake);

/**
 * Feeds received bytes.
 *
 * `handshake`: from `wspair_server_handshake_new`. `data`, `len`: the bytes. `used`: is set to how
 * many belong to the head; the rest is the connection's, which may be fed it before the answer is
 * written. Once there is a verdict nothing more is taken: what comes behind a refusal is nobody's, and
 * may be read only so that the transport is not reset.
 *
 * WSPAIR_ERROR_NULL; WSPAIR_ERROR_STATE for a handshake from fields. Never fails for what the peer
 * sent.
 */
wspair_result wspair_server_handshake_receive(struct wspair_server_handshake *handshake,
                                              const uint8_t *data,
                                              size_t len,
                                              size_t *used);

/**
 * Tells that the stream ended. Inside a head that is a refusal.
 *
 * WSPAIR_ERROR_NULL; WSPAIR_ERROR_STATE for a handshake from fields.
 */
wspair_result wspair_server_handshake_eof(struct wspair_server_handshake *handshake);

/**
 * Tells that the stream of an extended CONNECT ended along with its fields: by END_STREAM on HEADERS,
 * over HTTP/3 by a FIN behind them. Nobody could talk on it: it is refused, unless it was answered.
 *
 * `handshake`: from `wspair_server_handshake_from_fields`.
 *
 * WSPAIR_ERROR_NULL, WSPAIR_ERROR_MEMORY; WSPAIR_ERROR_STATE for a handshake from bytes.
 */
wspair_result wspair_server_handshake_stream_ended(struct wspair_server_handshake *handshake);

/**
 * Tells the time. A request that is not complete by its deadline is refused with 408.
 *
 * `now`: nanoseconds, as for `wspair_conn_timeout`.
 *
 * WSPAIR_ERROR_NULL; WSPAIR_ERROR_STATE for a handshake from fields.
 */
wspair_result wspair_server_handshake_timeout(struct wspair_server_handshake *handshake,
                                              uint64_t now);

/**
 * When `wspair_server_handshake_timeout` is next worth calling: 0 as long as the time was never
 * told. WSPAIR_NEVER once there is a verdict, and for null.
 */
uint64_t wspair_server_handshake_next_timeout(const struct wspair_server_handshake *handshake);

/**
 * How far it is: WSPAIR_PROGRESS_*. Null gives WSPAIR_PROGRESS_REFUSED.
 */
uint32_t wspair_server_handshake_progress(const struct wspair_server_handshake *handshake);

/**
 * Why it was refused: WSPAIR_REFUSED_*, for `wspair_strerror`. WSPAIR_OK when it was not.
 * WSPAIR_ERROR_NULL.
 */
wspair_result wspair_server_handshake_error(const struct wspair_server_handshake *handshake);

/**
 * 1 when the request was refused as HTTP/2 and HTTP/3 call it malformed: then the answer is to reset
 * the stream, with PROTOCOL_ERROR (0x1) or H3_MESSAGE_ERROR (0x10e). Else, and for null, 0.
 */
uint32_t wspair_server_handshake_is_malformed(const struct wspair_server_handshake *handshake);

/**
 * Accepts the request, and makes the answer.
 *
 * `handshake`: at WSPAIR_PROGRESS_REQUEST. `subprotocol`: one of the client's, ended by a NUL; null
 * for none. `list`, `list_len`: further fields of the answer.
 *
 * WSPAIR_REFUSED_ORIGIN, or another WSPAIR_REFUSED_*: the configuration says no, and the output is
 * the refusal. WSPAIR_ERROR_STATE when there is no request, or it was answered. Mistakes of the
 * caller's, after which the request can still be accepted: WSPAIR_ERROR_NULL,
 * WSPAIR_ERROR_MEMORY, WSPAIR_INVALID_NOT_OFFERED, WSPAIR_INVALID_FIELD_*; WSPAIR_ERROR_UTF8 for the
 * subprotocol.
 */
WSPAIR_MUST_USE
wspair_result wspair_server_handshake_accept(struct wspair_server_handshake *handshake,
                                             const char *subprotocol,
                                             const struct wspair_field *list,
                                             size_t list_len);

/**
 * Refuses the request for the application's own reasons, and makes the answer.
 *
 * `handshake`: at WSPAIR_PROGRESS_REQUEST. `status`: 200 to 599. `list`, `list_len`: fields of the
 * answer, as Location or Content-Type. `body`, `body_len`: its content.
 *
 * WSPAIR_ERROR_NULL, WSPAIR_ERROR_MEMORY, WSPAIR_INVALID_STATUS, WSPAIR_INVALID_FIELD_*;
 * WSPAIR_ERROR_STATE when there is no request, or it was answered.
 */
wspair_result wspair_server_handshake_refuse(struct wspair_server_handshake *handshake,
                                             uint16_t status,
                                             const struct wspair_field *list,
                                             size_t list_len,
                                             const uint8_t *body,
                                             size_t body_len);

/**
 * Gives what an accepted request agreed on, to make the connection with.
 *
 * `agreed`: is written; what it points to lies in the handshake's memory until that is freed.
 *
 * WSPAIR_ERROR_NULL; WSPAIR_ERROR_STATE when the request was not accepted.
 */
wspair_result wspair_server_handshake_agreed(const struct wspair_server_handshake *handshake,
                                             struct wspair_agreed *agreed);

/**
 * Gives the answer as HTTP/1.1, as far as it was not written: nothing before there is one, when all
 * of it was written, and for an extended CONNECT.
 *
 * `output`: is set to bytes in the handshake's memory, which stay until it is freed.
 *
 * WSPAIR_ERROR_NULL.
 */
wspair_result wspair_server_handshake_output(const struct wspair_server_handshake *handshake,
                                             struct wspair_slice *output);

/**
 * Forgets the output's first `n` bytes: they were written. More than there are counts as all.
 *
 * WSPAIR_ERROR_NULL.
 */
wspair_result wspair_server_handshake_advance(struct wspair_server_handshake *handshake, size_t n);

/**
 * Gives the answer in its parts, for another HTTP stack to send.
 *
 * `status`: is set to the status. `list`, `cap`: where its fields are written to, as many as there
 * is room for; they lie in the handshake's memory until that is freed. `count`: is set to how many
 * there are. `body`: is set to its content, in the handshake's memory too.
 *
 * WSPAIR_ERROR_NULL; WSPAIR_ERROR_STATE when there is no answer yet.
 */
wspair_result wspair_server_handshake_answer(const struct wspair_server_handshake *handshake,
                                             uint16_t *status,
                                             struct wspair_field *list,
                                             size_t cap,
                                             size_t *count,
                                             struct wspair_slice *body);

/**
 * Gives path and query of the request, still percent-encoded; it starts with a slash.
 *
 * `target`: is set to bytes in the handshake's memory, which stay until it is freed.
 *
 * WSPAIR_ERROR_NULL; WSPAIR_ERROR_STATE while there is no valid request.
 */
wspair_result wspair_server_handshake_target(const struct wspair_server_handshake *handshake,
                                             struct wspair_slice *target);

/**
 * Gives the host, and the port if there is one, that the client asked for. Arguments and errors as
 * for `wspair_server_handshake_target`.
 */
wspair_result wspair_server_handshake_authority(const struct wspair_server_handshake *handshake,
                                                struct wspair_slice *authority);

/**
 * Gives the value of the first field of that name.
 *
 * `name`: ended by a NUL. `value`: is set to bytes in the handshake's memory, which stay until it
 * is freed, or to nothing.
 *
 * WSPAIR_ERROR_NOT_FOUND, WSPAIR_ERROR_NULL, WSPAIR_ERROR_UTF8; WSPAIR_ERROR_STATE while there is
 * no valid request.
 */
wspair_result wspair_server_handshake_field(const struct wspair_server_handshake *handshake,
                                            const char *name,
                                            struct wspair_slice *value);

/**
 * How many fields the request has, for `wspair_server_handshake_field_at`; 0 while there is no valid
 * one, and for null.
 */
size_t wspair_server_handshake_field_count(const struct wspair_server_handshake *handshake);

/**
 * Gives a field of the request, in the order they came; a name may come several times.
 *
 * `index`: from 0 on. `field`: is set to name and value, in the handshake's memory until it is
 * freed, or to nothing.
 *
 * WSPAIR_ERROR_NOT_FOUND beyond the last; WSPAIR_ERROR_NULL; WSPAIR_ERROR_STATE while there is no
 * valid request.
 */
wspair_result wspair_server_handshake_field_at(const struct wspair_server_handshake *handshake,
                                               size_t index,
                                               struct wspair_field *field);

/**
 * Gives one of the subprotocols the client speaks, the one it likes best first.
 *
 * `index`: from 0 on. `name`: is set to bytes in the handshake's memory, which stay until it is
 * freed, or to nothing.
 *
 * WSPAIR_ERROR_NOT_FOUND beyond the last; WSPAIR_ERROR_NULL; WSPAIR_ERROR_STATE while there is no
 * valid request.
 */
wspair_result wspair_server_handshake_subprotocol(const struct wspair_server_handshake *handshake,
                                                  size_t index,
                                                  struct wspair_slice *name);

/**
 * A word for one of WSPAIR_BOOTSTRAP_*, as "extended connect"; else "unknown". The string is static.
 */
const char *wspair_bootstrap_name(uint32_t bootstrap);

/**
 * A word for one of WSPAIR_COMPRESSION_*, as "auto"; else "unknown". The string is static.
 */
const char *wspair_compression_name(uint32_t compression);

/**
 * A word for one of WSPAIR_DELIVERY_*, as "messages"; else "unknown". The string is static.
 */
const char *wspair_delivery_name(uint32_t delivery);

/**
 * A word for one of WSPAIR_END_*, as "first"; else "unknown". The string is static.
 */
const char *wspair_end_name(uint32_t end);

/**
 * A word for one of WSPAIR_EVENT_*, as "text"; else "unknown". The string is static.
 */
const char *wspair_event_type_name(uint32_t event_type);

/**
 * A word for one of WSPAIR_KIND_*, as "text"; else "unknown". The string is static.
 */
const char *wspair_kind_name(uint32_t kind);

/**
 * A word for one of WSPAIR_OPCODE_*, as "continuation"; else "unknown". The string is static.
 */
const char *wspair_opcode_name(uint32_t opcode);

/**
 * A word for one of WSPAIR_PAIR_EVENT_*, as "message"; else "unknown". The string is static.
 */
const char *wspair_pair_event_type_name(uint32_t pair_event_type);

/**
 * A word for one of WSPAIR_PHASE_*, as "fresh"; else "unknown". The string is static.
 */
const char *wspair_phase_name(uint32_t phase);

/**
 * A word for one of WSPAIR_PROGRESS_*, as "need more"; else "unknown". The string is static.
 */
const char *wspair_progress_name(uint32_t progress);

/**
 * A word for one of WSPAIR_ROLE_*, as "client"; else "unknown". The string is static.
 */
const char *wspair_role_name(uint32_t role);

/**
 * A word for one of WSPAIR_STATE_*, as "open"; else "unknown". The string is static.
 */
const char *wspair_state_name(uint32_t state);

/**
 * A word for one of WSPAIR_TRANSPORT_*, as "finish writing"; else "unknown". The string is static.
 */
const char *wspair_transport_name(uint32_t transport);

/**
 * Sets every field to its default.
 *
 * `options`: is written, as far as `size` says. `size`: sizeof *options.
 *
 * WSPAIR_ERROR_NULL; WSPAIR_ERROR_ARGUMENT when `size` is none that the library knows: the program
 * was compiled with the header of a newer version.
 */
wspair_result wspair_options_init(struct wspair_options *options, size_t size);

/**
 * Sets what a connection under an end of a pair needs: closes and the end are left to the pair, and
 * messages come whole.
 *
 * `options`: initialised; is changed.
 *
 * WSPAIR_ERROR_NULL; WSPAIR_ERROR_ARGUMENT for options that were not initialised.
 */
wspair_result wspair_coupling_configure(struct wspair_options *options);

/**
 * Makes a pair of two fresh ends.
 *
 * `options`: initialised, or null for the defaults; what it points to is copied. `pair`: is set to
 * the new handle, to be ended by `wspair_pair_free`.
 *
 * WSPAIR_ERROR_NULL, WSPAIR_ERROR_UTF8, WSPAIR_ERROR_MEMORY; WSPAIR_ERROR_ARGUMENT for options that
 * were not initialised.
 */
WSPAIR_MUST_USE
wspair_result wspair_pair_new(const struct wspair_pair_options *options,
                              struct wspair_pair **pair);

/**
 * Ends a pair, and frees the messages that wait in it.
 *
 * `pair`: from `wspair_pair_new`, or null.
 */
void wspair_pair_free(struct wspair_pair *pair);

/**
 * Starts delivery at an end, with what the other one has sent so far. Again it changes nothing.
 *
 * `end`: WSPAIR_END_*. `half_open`: 1 when the end may go on sending after the other one closed,
 * until it closes too; 0 when the close is answered at once; -1 for what the compatibility date
 * says, 0 with the newest.
 *
 * WSPAIR_PAIR_SPENT, WSPAIR_PAIR_HIBERNATABLE, WSPAIR_ERROR_NULL, WSPAIR_ERROR_ARGUMENT.
 */
wspair_result wspair_pair_accept(struct wspair_pair *pair, uint32_t end, int32_t half_open);

/**
 * Starts delivery at an end to handlers that outlive its holder's memory: it never answers a close
 * by itself. The other end must be fresh.
 *
 * `end`: WSPAIR_END_*.
 *
 * WSPAIR_PAIR_ACCEPTED, WSPAIR_PAIR_PEER_TAKEN, WSPAIR_PAIR_SPENT, WSPAIR_ERROR_NULL,
 * WSPAIR_ERROR_ARGUMENT.
 */
wspair_result wspair_pair_accept_hibernatable(struct wspair_pair *pair, uint32_t end);

/**
 * Queues a message for the other end.
 *
 * `end`: WSPAIR_END_*. `message`: the message, which is taken whatever comes of it: one that is
 * refused, or that nobody will take, is freed at once.
 *
 * WSPAIR_PAIR_CLOSING, WSPAIR_PAIR_NOT_ACCEPTED, WSPAIR_PAIR_FULL; WSPAIR_ERROR_UTF8 for a text
 * that is not; WSPAIR_ERROR_NULL, WSPAIR_ERROR_ARGUMENT, WSPAIR_ERROR_MEMORY.
 */
WSPAIR_MUST_USE
wspair_result wspair_pair_send(struct wspair_pair *pair,
                               uint32_t end,
                               const struct wspair_message *message);

/**
 * Closes the direction away from an end, or completes the close of the other end.
 *
 * `end`: WSPAIR_END_*. `code`: as for `wspair_conn_close`, or WSPAIR_NO_CODE. `reason`, `len`: up to
 * 123 bytes of UTF-8; null for none, as it has to be without a code.
 *
 * The arguments are checked first, whatever the state: WSPAIR_PAIR_CLOSE_CODE,
 * WSPAIR_PAIR_CLOSE_REASON, WSPAIR_PAIR_REASON_WITHOUT_CODE, WSPAIR_ERROR_UTF8. Then
 * WSPAIR_PAIR_NOT_ACCEPTED before the end is accepted. WSPAIR_ERROR_NULL, WSPAIR_ERROR_ARGUMENT,
 * WSPAIR_ERROR_MEMORY.
 */
wspair_result wspair_pair_close(struct wspair_pair *pair,
                                uint32_t end,
                                int32_t code,
                                const uint8_t *reason,
                                size_t len);

/**
 * Gives what happened at an end, the oldest first.
 *
 * `end`: WSPAIR_END_*. `event`: is written; WSPAIR_PAIR_EVENT_NONE when nothing did. The event is
 * in the caller's hands until `wspair_pair_event_done`, or the next call for this end.
 *
 * WSPAIR_ERROR_NULL, WSPAIR_ERROR_ARGUMENT.
 */
wspair_result wspair_pair_poll(struct wspair_pair *pair,
                               uint32_t end,
                               struct wspair_pair_event *event);

/**
 * Frees a message that a pair gave out: calls its `free`, and forgets it.
 *
 * `message`: the message, or null. Calling it again does nothing.
 */
void wspair_message_free(struct wspair_message *message);

/**
 * Sets every field to its default.
 *
 * `options`: is written, as far as `size` says. `size`: sizeof *options.
 *
 * WSPAIR_ERROR_NULL; WSPAIR_ERROR_ARGUMENT when `size` is none that the library knows.
 */
wspair_result wspair_pair_options_init(struct wspair_pair_options *options, size_t size);

/**
 * Tells that a listener at an end threw: the end fails, and the other one sees 1006.
 *
 * `end`: WSPAIR_END_*.
 *
 * WSPAIR_ERROR_NULL, WSPAIR_ERROR_ARGUMENT.
 */
wspair_result wspair_pair_fail(struct wspair_pair *pair, uint32_t end);

/**
 * Tells that nobody holds an end any more, or that the wire under it is gone: the other end sees
 * 1006 after what was sent before, unless it was a close.
 *
 * `end`: WSPAIR_END_*.
 *
 * WSPAIR_ERROR_NULL, WSPAIR_ERROR_ARGUMENT.
 */
wspair_result wspair_pair_abandon(struct wspair_pair *pair, uint32_t end);

/**
 * Tells that the listeners of the last event at an end have run. Polling the end again implies it;
 * until then a close with 1006 does not count in `wspair_pair_state`.
 *
 * `end`: WSPAIR_END_*.
 *
 * WSPAIR_ERROR_NULL, WSPAIR_ERROR_ARGUMENT.
 */
wspair_result wspair_pair_event_done(struct wspair_pair *pair, uint32_t end);

/**
 * Keeps bytes with an end, instead of those before.
 *
 * `end`: WSPAIR_END_*. `data`, `len`: up to 16384 bytes, which are copied.
 *
 * WSPAIR_PAIR_ATTACHMENT_TOO_LARGE, WSPAIR_ERROR_NULL, WSPAIR_ERROR_ARGUMENT, WSPAIR_ERROR_MEMORY.
 */
wspair_result wspair_pair_set_attachment(struct wspair_pair *pair,
                                         uint32_t end,
                                         const uint8_t *data,
                                         size_t len);

/**
 * Gives what `wspair_pair_set_attachment` kept.
 *
 * `end`: WSPAIR_END_*. `attachment`: is set to bytes in the pair's memory, which stay until others
 * are kept or the pair is freed, or to nothing.
 *
 * WSPAIR_ERROR_NOT_FOUND, WSPAIR_ERROR_NULL, WSPAIR_ERROR_ARGUMENT.
 */
wspair_result wspair_pair_attachment(const struct wspair_pair *pair,
                                     uint32_t end,
                                     struct wspair_slice *attachment);

/**
 * 1 when `wspair_pair_poll` would give an event at this end; else, and for null, 0.
 */
uint32_t wspair_pair_has_event(const struct wspair_pair *pair, uint32_t end);

/**
 * How far an end has come: WSPAIR_STATE_*. Null, or no end, gives WSPAIR_STATE_CLOSED.
 */
uint32_t wspair_pair_state(const struct wspair_pair *pair, uint32_t end);

/**
 * Who uses an end: WSPAIR_PHASE_*. Null, or no end, gives WSPAIR_PHASE_SPENT.
 */
uint32_t wspair_pair_phase(const struct wspair_pair *pair, uint32_t end);

/**
 * How many bytes an end sent that the other one has not taken. Null, or no end, gives 0.
 */
size_t wspair_pair_buffered(const struct wspair_pair *pair, uint32_t end);

/**
 * 1 when the other end is behind with what this end, or the wire under it, sent: stop feeding the
 * wire until it is not. Else, and for null or no end, 0.
 */
uint32_t wspair_pair_is_congested(const struct wspair_pair *pair, uint32_t end);

/**
 * Encodes a message for many connections.
 *
 * `message_kind`: WSPAIR_KIND_*. `data`, `len`: the message; it is copied. `prepared`: is set to
 * the new handle, to be ended by `wspair_prepared_free`.
 *
 * WSPAIR_ERROR_NULL; WSPAIR_ERROR_ARGUMENT for another kind; WSPAIR_ERROR_UTF8 for a text that is
 * not; WSPAIR_ERROR_MEMORY.
 */
WSPAIR_MUST_USE
wspair_result wspair_prepared_new(uint32_t message_kind,
                                  const uint8_t *data,
                                  size_t len,
                                  struct wspair_prepared **prepared);

/**
 * Ends a prepared message. Where it is queued it stays.
 *
 * `prepared`: from `wspair_prepared_new`, or null.
 */
void wspair_prepared_free(struct wspair_prepared *prepared);

/**
 * Queues a prepared message. A server queues it by reference from `share_from` bytes on; a client
 * encodes it anew, as it masks. It is never split. Where compression was agreed on it is compressed
 * from `deflate_threshold` bytes on, once for all connections with the same windows; where that
 * makes it no shorter, or there is no memory for it, it goes out as it is.
 *
 * `conn`: the connection. `prepared`: the message.
 *
 * WSPAIR_ERROR_NULL, WSPAIR_SEND_CLOSING, WSPAIR_SEND_FRAGMENT, WSPAIR_SEND_BACKPRESSURE,
 * WSPAIR_ERROR_MEMORY.
 */
WSPAIR_MUST_USE
wspair_result wspair_conn_send_prepared(struct wspair_conn *conn,
                                        const struct wspair_prepared *prepared);

/**
 * Queues a message. It is copied.
 *
 * A message that is refused is one the peer misses: where every one counts, send it again once
 * `wspair_conn_buffered` has fallen, or close, with 1011 or 1013, so that the peer learns of the gap.
 *
 * `conn`: the connection. `message_kind`: WSPAIR_KIND_*. `data`, `len`: the message; may be an
 * event's own data.
 *
 * WSPAIR_ERROR_NULL; WSPAIR_ERROR_ARGUMENT for another kind; WSPAIR_ERROR_UTF8 for a text that is
 * not; WSPAIR_SEND_CLOSING once a Close frame was sent or the connection ended;
 * WSPAIR_SEND_FRAGMENT inside a fragmented message; WSPAIR_SEND_BACKPRESSURE when the queue is
 * full; WSPAIR_ERROR_MEMORY. Then nothing was queued.
 */
WSPAIR_MUST_USE
wspair_result wspair_conn_send(struct wspair_conn *conn,
                               uint32_t message_kind,
                               const uint8_t *data,
                               size_t len);

/**
 * As `wspair_conn_send`, and says whether the message is compressed.
 *
 * `compression`: WSPAIR_COMPRESSION_*.
 */
WSPAIR_MUST_USE
wspair_result wspair_conn_send_with(struct wspair_conn *conn,
                                    uint32_t message_kind,
                                    uint32_t compression,
                                    const uint8_t *data,
                                    size_t len);

/**
 * Queues a part of a message. It is copied. Control frames may pass between the parts.
 *
 * `conn`: the connection. `message_kind`: WSPAIR_KIND_*, the same for all parts of a message.
 * `data`, `len`: the part; parts of a text need not end between characters, and that the whole is
 * UTF-8 is the caller's to keep. `fin`: not 0 for the last part.
 *
 * Errors as `wspair_conn_send`; WSPAIR_SEND_FRAGMENT for another kind than the first part's.
 */
WSPAIR_MUST_USE
wspair_result wspair_conn_send_fragment(struct wspair_conn *conn,
                                        uint32_t message_kind,
                                        const uint8_t *data,
                                        size_t len,
                                        uint32_t fin);

/**
 * Queues a ping.
 *
 * `conn`: the connection. `data`, `len`: its payload, up to 125 bytes.
 *
 * WSPAIR_ERROR_NULL, WSPAIR_SEND_CONTROL_TOO_LONG, WSPAIR_SEND_CLOSING, WSPAIR_SEND_BACKPRESSURE,
 * WSPAIR_ERROR_MEMORY.
 */
wspair_result wspair_conn_ping(struct wspair_conn *conn, const uint8_t *data, size_t len);

/**
 * Queues a pong nobody asked for, or the answer to a ping where `auto_pong` is off. Arguments and
 * errors as for `wspair_conn_ping`.
 */
wspair_result wspair_conn_pong(struct wspair_conn *conn, const uint8_t *data, size_t len);

/**
 * Starts, or completes, the closing handshake: the Close frame goes behind what is queued. Where
 * one was sent before, or the connection ended, nothing happens. The peer's messages go on coming
 * until its own Close frame does.
 *
 * `conn`: the connection. `code`: 1000 to 1003, 1007 to 1014, 3000 to 4999, or WSPAIR_NO_CODE.
 * `reason`, `len`: up to 123 bytes of UTF-8; none without a code.
 *
 * WSPAIR_ERROR_NULL, WSPAIR_ERROR_UTF8, WSPAIR_SEND_CLOSE_CODE, WSPAIR_SEND_CLOSE_REASON,
 * WSPAIR_ERROR_MEMORY.
 */
wspair_result wspair_conn_close(struct wspair_conn *conn,
                                int32_t code,
                                const uint8_t *reason,
                                size_t len);

/**
 * Says why: gives the Close frame that a receive put off until `wspair_conn_transmit` a reason. Does
 * nothing when none is put off.
 *
 * `conn`: the connection. `reason`, `len`: up to 123 bytes of UTF-8.
 *
 * WSPAIR_ERROR_NULL, WSPAIR_ERROR_UTF8, WSPAIR_SEND_CLOSE_REASON, WSPAIR_ERROR_MEMORY.
 */
wspair_result wspair_conn_explain_close(struct wspair_conn *conn,
                                        const uint8_t *reason,
                                        size_t len);

/**
 * Gives up without a closing handshake: once what is queued was written the transport is to be
 * dropped, and the peer sees it vanish. WSPAIR_EVENT_CLOSED comes of the next `wspair_conn_timeout`
 * or `wspair_conn_receive`, as ever.
 *
 * WSPAIR_ERROR_NULL.
 */
wspair_result wspair_conn_abort(struct wspair_conn *conn);

/**
 * Frames a message where it lies, with its header in the bytes before it: no copy, no queue. What
 * is to be written next is `buf[*start]` to `buf[len - 1]`. A client's payload is masked in place.
 * It is never compressed or split.
 *
 * `conn`: the connection. `message_kind`: WSPAIR_KIND_*; that a text is UTF-8 is the caller's to
 * keep. `buf`, `len`: room for a header, then the message, up to the buffer's end. `at`: where the
 * message begins; 14 is always enough. `start`: is set to where the frame begins.
 *
 * WSPAIR_ERROR_NULL, WSPAIR_ERROR_ARGUMENT, WSPAIR_SEND_CLOSING, WSPAIR_SEND_FRAGMENT;
 * WSPAIR_SEND_PENDING while anything is queued; WSPAIR_SEND_ROOM when the header does not fit.
 * Then nothing was changed.
 */
WSPAIR_MUST_USE
wspair_result wspair_conn_frame_in_place(struct wspair_conn *conn,
                                         uint32_t message_kind,
                                         uint8_t *buf,
                                         size_t len,
                                         size_t at,
                                         size_t *start);

/**
 * Writes the header of a message that the caller writes itself, as it is, right behind it: for writev.
 * No copy, no queue.
 *
 * `conn`: the connection. `message_kind`: as for `wspair_conn_frame_in_place`. `payload_len`: how long
 * the message is. `header`: 14 bytes that are written. `header_len`: is set to how many of them count.
 *
 * WSPAIR_SEND_NOT_AS_IT_IS where a payload may not go out as it is: a client masks it, a message that
 * is compressed or split has to be sent. WSPAIR_SEND_PENDING while anything is queued.
 * WSPAIR_ERROR_NULL, WSPAIR_ERROR_ARGUMENT, WSPAIR_SEND_CLOSING, WSPAIR_SEND_FRAGMENT.
 */
WSPAIR_MUST_USE
wspair_result wspair_conn_frame_beside(struct wspair_conn *conn,
                                       uint32_t message_kind,
                                       size_t payload_len,
                                       uint8_t *header,
                                       size_t *header_len);

/**
 * Shows what waits to be written, oldest first.
 *
 * `conn`: the connection. `slices`, `cap`: where the parts are written to, of which at most 16 are
 * shown at a time. `count`: is set to how many were; 0 when nothing waits, or there is no room: see
 * `wspair_conn_wants_write`.
 *
 * They stay as they are and where they are until `wspair_conn_advance` passes them, whatever is
 * called in between, so an asynchronous write may be under way. Only `wspair_conn_free` ends them
 * sooner.
 *
 * WSPAIR_ERROR_NULL.
 */
wspair_result wspair_conn_transmit(struct wspair_conn *conn,
                                   struct wspair_slice *slices,
                                   size_t cap,
                                   size_t *count);

/**
 * Forgets the first bytes that wait: they were written. Slices that were shown are valid only from
 * there on.
 *
 * `conn`: the connection. `n`: how many; more than there are counts as all.
 *
 * WSPAIR_ERROR_NULL.
 */
wspair_result wspair_conn_advance(struct wspair_conn *conn, size_t n);

/**
 * 1 when `wspair_conn_transmit` would show anything, pongs and a Close frame that was put off
 * included; what was shown counts until it was advanced past. Else, and for null, 0.
 */
uint32_t wspair_conn_wants_write(const struct wspair_conn *conn);

/**
 * How many bytes wait to be written, frame headers included. Pongs, and a Close frame that was put
 * off, count as well, though their place among the others is open. Null gives 0.
 */
size_t wspair_conn_buffered(const struct wspair_conn *conn);

/**
 * 1 when at least `high_water_mark` bytes wait, so that a sender that can pause should; else, and
 * for null, 0.
 */
uint32_t wspair_conn_is_congested(const struct wspair_conn *conn);

/**
 * Words for a result, in English, lower case and without a full stop.
 *
 * Never null: a number that is no result gives "unknown result". The string is static.
 */
const char *wspair_strerror(int32_t result);

/**
 * The name of a result, as "WSPAIR_SEND_CLOSING"; for another number "unknown". The string is static.
 */
const char *wspair_result_name(int32_t result);

/**
 * The version of the library that runs, as "0.1.0". The string is static.
 *
 * WSPAIR_VERSION is that of the header a program was compiled with.
 */
const char *wspair_version(void);

#ifdef __cplusplus
}  // extern "C"
#endif

#endif
