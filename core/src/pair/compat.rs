//! Which behaviour of the Workers runtime is imitated: its compatibility dates and flags.

/// A change of the runtime's behaviour that a program can be shielded from.
///
/// Each is named by what holds when it is on. Four are for [`Pair`](super::Pair), the others for
/// the host around it.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
#[repr(u8)]
pub enum Flag {
    /// Host: the properties of an end are accessors on its prototype, not its own.
    PrototypeAccessors,
    /// Host: compression is negotiated on the wire.
    Compression,
    /// Host: pairs and ends have a string tag, so they print by name.
    StringTag,
    /// Host: `this` in a listener is the end, not the global object.
    ListenerThis,
    /// Pair: a close reason has at most 123 bytes.
    CloseReasonLimit,
    /// Host: binary messages arrive as `Blob` unless asked otherwise, not as `ArrayBuffer`.
    BlobByDefault,
    /// Pair: the peer's close is answered at once. Off, ends are half-open unless accepted with
    /// `allow_half_open: Some(false)`.
    AutoReply,
    /// Pair and host: a listener that throws stops neither the other listeners nor a closing
    /// handshake. Off, the first throw ends the dispatch, and one from a close listener fails an
    /// end that has not closed.
    DispatchExceptions,
    /// Pair and host: only the close codes 1000 and 3000–4999 may be sent, and `currentTarget` is
    /// null after the dispatch.
    Pedantic,
}

impl Flag {
    /// Every flag, by date.
    pub const ALL: [Self; 9] = [
        Self::PrototypeAccessors,
        Self::Compression,
        Self::StringTag,
        Self::ListenerThis,
        Self::CloseReasonLimit,
        Self::BlobByDefault,
        Self::AutoReply,
        Self::DispatchExceptions,
        Self::Pedantic,
    ];

    /// The runtime's name for the flag.
    pub const fn name(self) -> &'static str {
        self.row().0
    }

    /// The runtime's name for switching it off.
    pub const fn disabling_name(self) -> &'static str {
        self.row().1
    }

    /// From which year, month and day on it is on; `None` when it has to be asked for.
    pub const fn since(self) -> Option<(u16, u8, u8)> {
        self.row().2
    }

    const fn row(self) -> (&'static str, &'static str, Option<(u16, u8, u8)>) {
        match self {
            Self::PrototypeAccessors => (
                "workers_api_getters_setters_on_prototype",
                "workers_api_getters_setters_on_instance",
                Some((2022, 1, 31)),
            ),
            Self::Compression => (
                "web_socket_compression",
                "no_web_socket_compression",
                Some((2023, 8, 15)),
            ),
            Self::StringTag => (
                "set_tostring_tag",
                "do_not_set_tostring_tag",
                Some((2024, 9, 26)),
            ),
            Self::ListenerThis => (
                "set_event_target_this",
                "no_set_event_target_this",
                Some((2025, 8, 1)),
            ),
            Self::CloseReasonLimit => (
                "websocket_close_reason_byte_limit",
                "no_websocket_close_reason_byte_limit",
                Some((2026, 3, 3)),
            ),
            Self::BlobByDefault => (
                "websocket_standard_binary_type",
                "no_websocket_standard_binary_type",
                Some((2026, 3, 17)),
            ),
            Self::AutoReply => (
                "web_socket_auto_reply_to_close",
                "web_socket_manual_reply_to_close",
                Some((2026, 4, 7)),
            ),
            Self::DispatchExceptions => (
                "spec_compliant_dispatch_exceptions",
                "no_spec_compliant_dispatch_exceptions",
                Some((2026, 9, 15)),
            ),
            Self::Pedantic => ("pedantic_wpt", "non_pedantic_wpt", None),
        }
    }

    const fn bit(self) -> u16 {
        1 << self as u8
    }
}

/// A set of [`Flag`]s: the runtime's behaviour at a date, then changed one by one.
///
/// ```
/// use wspair::pair::{Compat, Flag};
/// let compat = Compat::at(2026, 3, 31).with(Flag::AutoReply, true);
/// assert!(compat.has(Flag::CloseReasonLimit) && compat.has(Flag::AutoReply));
/// assert!(!compat.has(Flag::DispatchExceptions));
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct Compat(u16);

impl Compat {
    /// Everything that is on at the newest date.
    pub fn newest() -> Self {
        Self::at(u16::MAX, 0, 0)
    }

    /// What the runtime does at a compatibility date.
    pub fn at(year: u16, month: u8, day: u8) -> Self {
        Flag::ALL.into_iter().fold(Self(0), |set, flag| {
            let on = flag
                .since()
                .is_some_and(|since| since <= (year, month, day));
            set.with(flag, on)
        })
    }

    /// Whether `flag` is on.
    pub const fn has(self, flag: Flag) -> bool {
        self.0 & flag.bit() != 0
    }

    /// The same with `flag` switched on or off.
    #[must_use]
    pub const fn with(self, flag: Flag, on: bool) -> Self {
        if on {
            Self(self.0 | flag.bit())
        } else {
            Self(self.0 & !flag.bit())
        }
    }

    /// The same after one entry of a program's list of compatibility flags.
    ///
    /// `None` when the name is none of these: the runtime has many others.
    #[must_use]
    pub fn with_named(self, name: &str) -> Option<Self> {
        Flag::ALL
            .into_iter()
            .find_map(|flag| match name {
                name if name == flag.name() => Some((flag, true)),
                name if name == flag.disabling_name() => Some((flag, false)),
                _ => None,
            })
            .map(|(flag, on)| self.with(flag, on))
    }
}

impl Default for Compat {
    fn default() -> Self {
        Self::newest()
    }
}
