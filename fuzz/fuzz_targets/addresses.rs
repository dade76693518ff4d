//! Addresses and origins: what is taken has one form, and comparing origins is a comparison.
#![no_main]

use libfuzzer_sys::fuzz_target;
use wspair::handshake::{Address, Origins};
use wspair_fuzz::check_text;

fuzz_target!(|texts: &str| {
    let (one, other) = texts.split_once(' ').unwrap_or((texts, ""));
    let parsed = Address::parse(one);
    if let Err(error) = parsed {
        check_text(&error);
    }
    if let Ok(address) = parsed {
        assert!(one.is_ascii());
        assert!(!address.host().is_empty());
        assert!(address.target().starts_with('/') && !address.target().contains('#'));
        // Put together again it is the same address.
        let scheme = if address.is_secure() { "wss" } else { "ws" };
        let user = address.user_info().map(|user| format!("{user}@")).unwrap_or_default();
        let (authority, target) = (address.authority(), address.target());
        let again = format!("{scheme}://{user}{authority}{target}");
        assert_eq!(Address::parse(&again), Ok(address.clone()), "{again}");
        if let Some((_, port)) = authority.rsplit_once(':')
            && !port.contains(']')
        {
            assert_eq!(port.parse(), Ok(address.port()));
        }
    }
    let allows = |allowed: &str, origin: &str| match Origins::new([allowed]) {
        Ok(origins) => Some(origins.allow(Some(origin))),
        Err(error) => {
            check_text(&error);
            None
        }
    };
    if let Some(itself) = allows(one, one) {
        assert!(itself, "an origin is its own");
        assert!(!one.eq_ignore_ascii_case("null"));
        assert_eq!(allows(one, &one.to_ascii_uppercase()), Some(true), "case");
        if let Some(back) = allows(other, one) {
            assert_eq!(allows(one, other), Some(back), "both ways");
        }
        let extra = format!("{one}x");
        assert_ne!(allows(one, &extra), Some(true), "another host, or port");
    }
});
