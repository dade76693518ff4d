//! Masking, its keys, and UTF-8 against plain loops and the standard library.

mod common;

use common::*;
use proptest::prelude::*;
use wspair::utf8::Utf8Check;
use wspair::{Config, Role, mask};

/// Byte `i` XOR byte `i mod 4` of the key.
fn plainly(data: &[u8], key: [u8; 4], offset: usize) -> Vec<u8> {
    data.iter().enumerate().map(|(at, byte)| byte ^ key[(at + offset) % 4]).collect()
}

/// At every alignment in memory too.
#[test]
fn masking_equals_the_plain_loop() {
    let data: Vec<_> = (0..2200_u32).map(|at| at.wrapping_mul(37) as u8).collect();
    // Interpreted, a part of it: each kernel at its borders.
    let (lengths, offsets) = if cfg!(miri) { (0..=70, 3) } else { (0..=300, 70) };
    for len in lengths.chain([127, 128, 129, 255, 256, 257, 511, 512, 513, 1023, 1024, 1025, 2000])
    {
        for offset in 0..=offsets {
            let start = offset % 64;
            let from = &data[start..start + len];
            let expected = plainly(from, KEY, offset);

            let mut whole = data.clone();
            mask::in_place(&mut whole[start..start + len], KEY, offset);
            assert_eq!(whole[start..start + len], expected, "E-18");
            assert_eq!(whole[..start], data[..start]);
            assert_eq!(whole[start + len..], data[start + len..]);

            let mut copy = [0xee; 2200];
            mask::copy(from, &mut copy[offset % 7..][..len], KEY, offset);
            assert_eq!(copy[offset % 7..][..len], expected);
            assert!(copy[offset % 7 + len..].iter().all(|byte| *byte == 0xee));
        }
    }
}

#[test]
fn masking_in_pieces_equals_masking_at_once() {
    let data = [0x5a; 64];
    for cut in 0..=64 {
        let mut pieces = data;
        let (head, tail) = pieces.split_at_mut(cut);
        mask::in_place(head, KEY, 0);
        mask::in_place(tail, KEY, cut);
        assert_eq!(pieces[..], plainly(&data, KEY, 0), "E-18");
    }
    let mut far = data;
    mask::in_place(&mut far, KEY, usize::MAX);
    assert_eq!(far[..], plainly(&data, KEY, 3));
}

#[test]
fn a_copy_takes_what_the_shorter_holds() {
    let mut short = [0; 3];
    mask::copy(&[1; 20], &mut short, KEY, 1);
    assert_eq!(short[..], plainly(&[1; 3], KEY, 1));
    let mut long = [9; 20];
    mask::copy(&[1; 3], &mut long, KEY, 1);
    assert_eq!(long[..3], plainly(&[1; 3], KEY, 1));
    assert_eq!(long[3..], [9; 17]);
}

/// The keys of a client's frames, of every kind that it sends.
#[test]
fn keys_are_fresh_and_look_random() {
    const FRAMES: usize = 10_000;
    let mut conn = connection(Role::Client, Config::default());
    for _ in 0..FRAMES / 4 {
        conn.send_text("").unwrap();
        conn.send_ping(b"").unwrap();
        conn.send_binary(&[]).unwrap();
        feed(&mut conn, Way::Mutable, &frame(0x89, b""));
    }
    let bytes = output(&mut conn);
    let keys: Vec<[u8; 4]> =
        bytes.chunks_exact(6).map(|frame| frame[2..].try_into().unwrap()).collect();
    assert_eq!(keys.len(), FRAMES, "E-15");

    let mut sorted = keys.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert!(sorted.len() + 1 >= keys.len(), "keys repeat");

    // Neither the difference nor the XOR of neighbours repeats.
    let numbers: Vec<_> = keys.iter().map(|key| u32::from_le_bytes(*key)).collect();
    for relate in [u32::wrapping_sub, |one: u32, other: u32| one ^ other] {
        let mut related: Vec<_> = numbers.windows(2).map(|pair| relate(pair[1], pair[0])).collect();
        related.sort_unstable();
        related.dedup();
        assert!(related.len() + 2 >= keys.len(), "neighbours are related");
    }

    // Chi-square with 255 degrees of freedom: mean 255, deviation 22.6.
    for position in 0..4 {
        let mut counts = [0_u32; 256];
        for key in &keys {
            counts[usize::from(key[position])] += 1;
        }
        let expected = f64::from(u32::try_from(keys.len()).unwrap()) / 256.0;
        let chi: f64 =
            counts.iter().map(|count| (f64::from(*count) - expected).powi(2) / expected).sum();
        assert!((150.0..370.0).contains(&chi), "position {position}: {chi}");
    }
}

proptest! {
    #![proptest_config(cases::cases(500))]

    #[test]
    fn the_check_agrees_with_the_standard_library_in_any_pieces(
        text in any::<String>(),
        broken in prop::option::of((any::<prop::sample::Index>(), any::<u8>())),
        size in 1..9_usize,
    ) {
        let mut bytes = text.into_bytes();
        if let (Some((at, byte)), false) = (broken, bytes.is_empty()) {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let mut check = Utf8Check::new();
        let mut read = String::new();
        let pushed = bytes.chunks(size).try_for_each(|piece| {
            let pieces = check.push(piece)?;
            read.push_str(pieces.joint());
            read.push_str(pieces.rest);
            Ok::<_, wspair::utf8::Invalid>(())
        });
        match core::str::from_utf8(&bytes) {
            Ok(text) => prop_assert_eq!((pushed, check.is_complete(), &*read), (Ok(()), true, text)),
            Err(error) if error.error_len().is_some() => prop_assert!(pushed.is_err()),
            Err(error) => {
                prop_assert!(pushed.is_ok() && !check.is_complete());
                prop_assert_eq!(read.as_bytes(), &bytes[..error.valid_up_to()]);
            }
        }
    }
}
