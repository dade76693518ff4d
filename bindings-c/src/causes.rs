//! Where each result comes from: what the engine says, as a number.

use wspair_core::event::{ClosedCause as End, Timer};
use wspair_core::handshake::{
    Failure, InvalidAddress, InvalidField, InvalidOrigin, InvalidRequest, InvalidStatus,
    RefusalCause,
};
use wspair_core::pair::Fault;
use wspair_core::{PairError, ProtocolError, SendError};

use crate::result::Wspair;

impl From<SendError> for Wspair {
    fn from(error: SendError) -> Self {
        match error {
            SendError::Backpressure { .. } => Self::SendBackpressure,
            SendError::CloseCode => Self::SendCloseCode,
            SendError::CloseReason => Self::SendCloseReason,
            SendError::Closing => Self::SendClosing,
            SendError::ControlTooLong => Self::SendControlTooLong,
            SendError::Fragment => Self::SendFragment,
            SendError::OutOfMemory => Self::ErrorMemory,
            SendError::Pending => Self::SendPending,
            SendError::Room => Self::SendRoom,
            _ => Self::ErrorUnknown,
        }
    }
}

impl From<ProtocolError> for Wspair {
    fn from(error: ProtocolError) -> Self {
        match error {
            ProtocolError::ReservedBits => Self::ProtocolReservedBits,
            ProtocolError::ReservedOpcode => Self::ProtocolReservedOpcode,
            ProtocolError::FragmentedControl => Self::ProtocolFragmentedControl,
            ProtocolError::ControlTooLong => Self::ProtocolControlTooLong,
            ProtocolError::Unmasked => Self::ProtocolUnmasked,
            ProtocolError::Masked => Self::ProtocolMasked,
            ProtocolError::NonMinimalLength => Self::ProtocolNonMinimalLength,
            ProtocolError::LengthRange => Self::ProtocolLengthRange,
            ProtocolError::UnexpectedContinuation => Self::ProtocolUnexpectedContinuation,
            ProtocolError::ExpectedContinuation => Self::ProtocolExpectedContinuation,
            ProtocolError::TextNotUtf8 => Self::ProtocolTextNotUtf8,
            ProtocolError::Deflate => Self::ProtocolDeflate,
            ProtocolError::CloseBody => Self::ProtocolCloseBody,
            ProtocolError::CloseCode => Self::ProtocolCloseCode,
            ProtocolError::CloseReasonNotUtf8 => Self::ProtocolCloseReasonNotUtf8,
            ProtocolError::FrameTooLong => Self::ProtocolFrameTooLong,
            ProtocolError::MessageTooLong => Self::ProtocolMessageTooLong,
            ProtocolError::TooManyFragments => Self::ProtocolTooManyFragments,
            _ => Self::ErrorUnknown,
        }
    }
}

impl From<RefusalCause> for Wspair {
    fn from(error: RefusalCause) -> Self {
        match error {
            RefusalCause::Application => Self::RefusedApplication,
            RefusalCause::Syntax => Self::RefusedSyntax,
            RefusalCause::HttpVersion => Self::RefusedHttpVersion,
            RefusalCause::Http10 => Self::RefusedHttp10,
            RefusalCause::LineTooLong => Self::RefusedLineTooLong,
            RefusalCause::HeadTooLong => Self::RefusedHeadTooLong,
            RefusalCause::TooManyFields => Self::RefusedTooManyFields,
            RefusalCause::TimedOut => Self::RefusedTimedOut,
            RefusalCause::UnexpectedEof => Self::RefusedUnexpectedEof,
            RefusalCause::Method => Self::RefusedMethod,
            RefusalCause::Target => Self::RefusedTarget,
            RefusalCause::Host => Self::RefusedHost,
            RefusalCause::Body => Self::RefusedBody,
            RefusalCause::Upgrade => Self::RefusedUpgrade,
            RefusalCause::Connection => Self::RefusedConnection,
            RefusalCause::VersionSyntax => Self::RefusedVersionSyntax,
            RefusalCause::Version => Self::RefusedVersion,
            RefusalCause::Key => Self::RefusedKey,
            RefusalCause::OriginSyntax => Self::RefusedOriginSyntax,
            RefusalCause::Origin => Self::RefusedOrigin,
            RefusalCause::Subprotocols => Self::RefusedSubprotocols,
            RefusalCause::Extensions => Self::RefusedExtensions,
            RefusalCause::NoProtocol => Self::RefusedNoProtocol,
            RefusalCause::Protocol => Self::RefusedProtocol,
            RefusalCause::ConnectionField => Self::RefusedConnectionField,
            RefusalCause::FieldSyntax => Self::RefusedFieldSyntax,
            RefusalCause::PseudoField => Self::RefusedPseudoField,
            RefusalCause::Scheme => Self::RefusedScheme,
            RefusalCause::Authority => Self::RefusedAuthority,
            RefusalCause::StreamEnded => Self::RefusedStreamEnded,
            RefusalCause::OutOfMemory => Self::RefusedMemory,
            _ => Self::ErrorUnknown,
        }
    }
}

impl From<Failure> for Wspair {
    fn from(error: Failure) -> Self {
        match error {
            Failure::Syntax => Self::FailedSyntax,
            Failure::HttpVersion => Self::FailedHttpVersion,
            Failure::HeadTooLong => Self::FailedHeadTooLong,
            Failure::TooManyFields => Self::FailedTooManyFields,
            Failure::TooManyInterim => Self::FailedTooManyInterim,
            Failure::TimedOut => Self::FailedTimedOut,
            Failure::UnexpectedEof => Self::FailedUnexpectedEof,
            Failure::Status => Self::FailedStatus,
            Failure::Upgrade => Self::FailedUpgrade,
            Failure::Connection => Self::FailedConnection,
            Failure::Accept => Self::FailedAccept,
            Failure::Subprotocol => Self::FailedSubprotocol,
            Failure::NoSubprotocol => Self::FailedNoSubprotocol,
            Failure::Extensions => Self::FailedExtensions,
            Failure::ExtensionNotOffered => Self::FailedExtensionNotOffered,
            Failure::ExtensionRepeated => Self::FailedExtensionRepeated,
            Failure::DeflateParameter => Self::FailedDeflateParameter,
            Failure::DeflateTerms => Self::FailedDeflateTerms,
            Failure::Malformed => Self::FailedMalformed,
            Failure::OutOfMemory => Self::FailedMemory,
            _ => Self::ErrorUnknown,
        }
    }
}

impl From<PairError> for Wspair {
    fn from(error: PairError) -> Self {
        match error {
            PairError::NotAccepted => Self::PairNotAccepted,
            PairError::Accepted => Self::PairAccepted,
            PairError::Hibernatable => Self::PairHibernatable,
            PairError::PeerTaken => Self::PairPeerTaken,
            PairError::Spent => Self::PairSpent,
            PairError::Closing => Self::PairClosing,
            PairError::CloseCode(_) => Self::PairCloseCode,
            PairError::CloseReason => Self::PairCloseReason,
            PairError::ReasonWithoutCode => Self::PairReasonWithoutCode,
            PairError::Full { .. } => Self::PairFull,
            PairError::OutOfMemory => Self::ErrorMemory,
            PairError::AttachmentTooLarge { .. } => Self::PairAttachmentTooLarge,
            _ => Self::ErrorUnknown,
        }
    }
}

impl From<End> for Wspair {
    fn from(cause: End) -> Self {
        match cause {
            End::Handshake => Self::Ok,
            End::Peer(error) => error.into(),
            End::Transport => Self::LostTransport,
            End::Timeout(Timer::Close) => Self::LostCloseTimeout,
            End::Timeout(Timer::Pong) => Self::LostPongTimeout,
            End::Abort => Self::LostAborted,
            End::OutOfMemory => Self::LostMemory,
            _ => Self::ErrorUnknown,
        }
    }
}

impl From<Fault> for Wspair {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Listener => Self::PairListener,
            Fault::Wire(error) => error.into(),
        }
    }
}

impl From<InvalidAddress> for Wspair {
    fn from(error: InvalidAddress) -> Self {
        match error {
            InvalidAddress::Character => Self::InvalidCharacter,
            InvalidAddress::Fragment => Self::InvalidFragment,
            InvalidAddress::Host => Self::InvalidHost,
            InvalidAddress::Port => Self::InvalidPort,
            InvalidAddress::Scheme => Self::InvalidScheme,
            _ => Self::ErrorUnknown,
        }
    }
}

impl From<InvalidField> for Wspair {
    fn from(error: InvalidField) -> Self {
        match error {
            InvalidField::Name => Self::InvalidFieldName,
            InvalidField::Value => Self::InvalidFieldValue,
            InvalidField::Owned => Self::InvalidFieldOwned,
            _ => Self::ErrorUnknown,
        }
    }
}

impl From<InvalidRequest> for Wspair {
    fn from(error: InvalidRequest) -> Self {
        match error {
            InvalidRequest::Address(error) => error.into(),
            InvalidRequest::Field(error) => error.into(),
            InvalidRequest::Subprotocol => Self::InvalidSubprotocol,
            InvalidRequest::RepeatedSubprotocol => Self::InvalidRepeatedSubprotocol,
            _ => Self::ErrorUnknown,
        }
    }
}

impl From<InvalidOrigin> for Wspair {
    fn from(InvalidOrigin: InvalidOrigin) -> Self {
        Self::InvalidOrigin
    }
}

impl From<InvalidStatus> for Wspair {
    fn from(InvalidStatus: InvalidStatus) -> Self {
        Self::InvalidStatus
    }
}
