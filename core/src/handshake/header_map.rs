//! Header fields from and to the type of the crate `http`.

use http::{HeaderMap, HeaderName, HeaderValue};

use super::fields::Fields;

impl<'a> From<&'a HeaderMap> for Fields<'a> {
    fn from(headers: &'a HeaderMap) -> Self {
        headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect()
    }
}

/// The fields as a map: those of a [`Request`](super::Request) or a [`Response`](super::Response),
/// of an [`Acceptance`](super::Acceptance), or a [`FieldList`](super::FieldList), as a client's
/// [`fields`](super::ClientRequest::fields) are.
///
/// ```
/// use wspair::handshake::{Fields, header_map};
/// let fields = Fields::from_iter([("Cookie", &b"a=1"[..]), ("Cookie", b"b=2")]);
/// let headers = header_map(fields.iter())?;
/// assert_eq!(headers.get_all("cookie").iter().count(), 2);
/// assert_eq!(Fields::from(&headers).get("cookie"), Some(&b"a=1"[..]));
/// # Ok::<(), http::Error>(())
/// ```
///
/// # Errors
/// A name that is not a token, as that of a pseudo-field, or a value with a control character.
pub fn header_map<N, V>(fields: impl IntoIterator<Item = (N, V)>) -> Result<HeaderMap, http::Error>
where
    N: AsRef<str>,
    V: AsRef<[u8]>,
{
    let mut map = HeaderMap::new();
    for (name, value) in fields {
        let name = HeaderName::from_bytes(name.as_ref().as_bytes())?;
        map.append(name, HeaderValue::from_bytes(value.as_ref())?);
    }
    Ok(map)
}
