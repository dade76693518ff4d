//! What a sender makes of compression (RFC 7692 7.2.1), read by an inflater of the tests' own.
#![cfg(feature = "deflate")]

mod common;

use common::deflate::*;
use common::inflate::Inflater;
use common::*;
use wspair::{Compression, Config, Connection, Kind, Prepared, Role};

/// Messages in which a compressor finds long matches near and far.
fn messages() -> Vec<Vec<u8>> {
    let far = noise(30_000, 1);
    vec![
        json(200, 1).into_bytes(),
        json(4096, 2).into_bytes(),
        json(200, 1).into_bytes(),
        far[..20_000].to_vec(),
        [&far[..300], &noise(900, 2)[..], &far[..300], &noise(3000, 3), &far[..700]].concat(),
        vec![0; 70_000],
        b"a".to_vec(),
        Vec::new(),
        far[10_000..].to_vec(),
        json(40_000, 3).into_bytes(),
    ]
}

fn send(conn: &mut Connection, compression: Compression, data: &[u8]) -> (u8, Vec<u8>) {
    conn.sender().with_compression(compression).send_binary(data).unwrap();
    let role = conn.role();
    let mut messages = messages_from(role, &output(conn));
    assert_eq!(messages.len(), 1);
    messages.remove(0)
}

/// RFC 7692 6: what compression does not make shorter may go out as it is.
#[test]
fn a_message_that_does_not_get_shorter_goes_out_as_it_is() {
    let start = noise(40, 5);
    let mut as_long = 0;
    for more in 0..40 {
        let data = [&start[..], &start[..more]].concat();
        let send_with = |takeover| {
            let mut conn = deflating(Role::Server, Config::default(), params(15, takeover));
            send(&mut conn, Compression::On, &data)
        };
        // Where the context is kept it goes out compressed in any case.
        let (_, deflated) = send_with(true);
        let (first, payload) = send_with(false);
        as_long += usize::from(deflated.len() == data.len());
        if deflated.len() < data.len() {
            assert_eq!((first, payload), (0x42, deflated), "{more}");
        } else {
            assert_eq!((first, payload), (0x02, data), "{more}");
        }
    }
    assert!(as_long > 0, "none is as long as it was");
}

/// Whatever the level and the memory, no distance is longer than was agreed.
#[test]
fn no_distance_leaves_the_window() {
    for bits in 9..=15 {
        let mut farthest = 0;
        for (level, mem_level) in (0..=9).map(|level| (level, 5)).chain((1..=9).map(|mem| (6, mem)))
        {
            let config = config(|config| {
                config.deflate.level = level;
                config.deflate.mem_level = mem_level;
            });
            let role = ROLES[usize::from(level % 2)];
            let mut conn = deflating(role, config, params(bits, true));
            let mut inflater = Inflater::default();
            for data in messages() {
                let (first, payload) = send(&mut conn, Compression::On, &data);
                assert_eq!(first, 0x42, "with a context all is sent as compressed");
                let seen = inflater.message(&payload);
                assert!(seen.out == data, "{bits} {level} {mem_level}");
                farthest = farthest.max(seen.farthest);
            }
        }
        assert!(farthest <= 1 << bits, "J-14, J-21: {bits}: {farthest}");
        assert!(farthest > (1 << bits) / 3, "the messages do not try {bits}: {farthest}");
    }
}

/// A window of 8 cannot be kept: everything goes out as it is.
#[test]
fn a_window_of_eight_is_not_compressed_for() {
    for role in ROLES {
        let mut conn = deflating(role, Config::default(), params(8, true));
        for compression in [Compression::Auto, Compression::On] {
            assert_eq!(send(&mut conn, compression, &[0; 1000]), (0x02, vec![0; 1000]), "K-23");
        }
        conn.send_prepared(&Prepared::binary(&[0; 200])).unwrap();
        conn.send_fragment(Kind::Binary, &[0; 200], true).unwrap();
        assert_eq!(drain(&mut conn), vec![sent(0x82, &[0; 200]); 2]);
    }
}

/// Each message can be inflated by one who saw no other; and with a context it cannot.
#[test]
fn without_takeover_each_message_stands_alone() {
    for role in ROLES {
        for bits in [9, 12, 15] {
            let mut conn = deflating(role, Config::default(), params(bits, false));
            for data in messages() {
                let (first, payload) = send(&mut conn, Compression::On, &data);
                if first == 0x42 {
                    assert!(Inflater::default().message(&payload).out == data, "J-20");
                } else {
                    assert!(payload == data && first == 0x02);
                }
            }
        }
        let mut conn = deflating(role, Config::default(), params(15, true));
        let (mut sum, mut inflater) = (0, Inflater::default());
        for _ in 0..2 {
            let (_, payload) = send(&mut conn, Compression::On, &noise(3000, 9));
            assert!(inflater.message(&payload).out == noise(3000, 9));
            sum += payload.len();
        }
        assert!(sum < 4000, "no use is made of the context: {sum}");
    }
}

/// The client's flag and window are the client's, the server's the server's.
#[test]
fn each_side_keeps_to_its_own_half_of_what_was_agreed() {
    let mut params = params(15, true);
    params.client_no_context_takeover = true;
    params.client_max_window_bits = 9;
    for role in ROLES {
        let mut conn = deflating(role, Config::default(), params);
        let data = [noise(2000, 1), noise(2000, 1)].concat();
        let mut inflater = Inflater::default();
        let mut farthest = 0;
        for _ in 0..2 {
            let (first, payload) = send(&mut conn, Compression::On, &data);
            if first == 0x42 {
                let seen = inflater.message(&payload);
                assert!(seen.out == data);
                farthest = farthest.max(seen.farthest);
            }
        }
        assert_eq!(farthest > 1 << 9, role == Role::Server, "{farthest}");
    }
}

#[test]
fn an_empty_message_is_one_byte() {
    for role in ROLES {
        let mut conn = deflating(role, Config::default(), params(15, true));
        for _ in 0..3 {
            conn.sender().with_compression(Compression::On).send_text("").unwrap();
            assert_eq!(drain(&mut conn), [sent(0xc1, &[0])], "K-22");
            conn.send_text("").unwrap();
            assert_eq!(drain(&mut conn), [sent(0x81, b"")], "K-23");
            conn.sender().with_compression(Compression::On).send_text("Hello").unwrap();
            drain(&mut conn);
        }
    }
    let mut conn = deflating(Role::Server, Config::default(), params(15, true));
    conn.sender().with_compression(Compression::On).send_text("Hello").unwrap();
    assert_eq!(drain(&mut conn), [sent(0xc1, &hex("f248cdc9c90700"))]);
}

#[test]
fn the_threshold_and_the_choice_decide() {
    for (role, takeover) in
        ROLES.into_iter().flat_map(|role| [true, false].map(|each| (role, each)))
    {
        for threshold in [0, 1, 64, 100, usize::MAX] {
            let config = config(|config| config.deflate.threshold = threshold);
            let mut conn = deflating(role, config, params(15, takeover));
            for len in [0, 1, 63, 64, 99, 100, 5000] {
                let data = vec![b'a'; len];
                // Without a context to keep, what did not get shorter goes out as it is.
                let pays = takeover || len > 10;
                let (first, _) = send(&mut conn, Compression::Auto, &data);
                assert_eq!(first == 0x42, len >= threshold && pays, "K-23: {threshold} {len}");
                let (first, _) = send(&mut conn, Compression::On, &data);
                assert_eq!(first == 0x42, pays, "{threshold} {len}");
                assert_eq!(send(&mut conn, Compression::Off, &data), (0x02, data));
            }
        }
    }
}

/// K-24: in fragments, with parts and ends that are empty, and control frames between.
#[test]
fn parts_of_a_message_are_one_stream() {
    let text = json(5000, 7).into_bytes();
    let table: &[&[&[u8]]] = &[
        &[&text[..2000], &text[2000..]],
        &[&text[..2000], &text[2000..], b""],
        &[b"", &text],
        &[b"", b"", b""],
        &[b""],
        &[&text],
        &[&text[..1], b"", b"", &text[1..10], b"", &text[10..], b""],
    ];
    for (role, takeover) in
        ROLES.into_iter().flat_map(|role| [true, false].map(|each| (role, each)))
    {
        let mut conn = deflating(role, Config::default(), params(15, takeover));
        let mut reader = deflating(other(role), Config::default(), params(15, takeover));
        let mut inflater = Inflater::default();
        for parts in table {
            let last = parts.len() - 1;
            for (at, part) in parts.iter().enumerate() {
                conn.send_fragment(Kind::Binary, part, at == last).unwrap();
                conn.send_ping(b"").unwrap();
            }
            let wire = output(&mut conn);
            let frames = frames_from(role, &wire);
            assert_eq!(frames.len(), 2 * parts.len());
            for (at, (first, _)) in frames.iter().step_by(2).enumerate() {
                let opcode = if at == 0 { 0x42 } else { 0x00 };
                assert_eq!(*first, opcode | if at == last { 0x80 } else { 0 });
            }
            let [(_, payload)] = &messages_from(role, &wire)[..] else { panic!() };
            if !takeover {
                inflater = Inflater::default();
            }
            assert!(inflater.message(payload).out == parts.concat());
            let events = feed(&mut reader, Way::Mutable, &wire);
            assert!(events.contains(&binary(&parts.concat())));
        }
        // Off for the first part is off for all.
        conn.sender()
            .with_compression(Compression::Off)
            .send_fragment(Kind::Binary, b"x", false)
            .unwrap();
        conn.sender()
            .with_compression(Compression::On)
            .send_fragment(Kind::Binary, b"y", true)
            .unwrap();
        assert_eq!(drain(&mut conn), [sent(0x02, b"x"), sent(0x80, b"y")]);
        conn.send_binary(&text).unwrap();
        let events = feed(&mut reader, Way::Fixed, &output(&mut conn));
        assert_eq!(events, [binary(&text)]);
    }
}

/// Split and shared payloads, compressed.
#[test]
fn long_compressed_messages_are_split_and_shared_as_others_are() {
    for (role, takeover) in
        ROLES.into_iter().flat_map(|role| [true, false].map(|each| (role, each)))
    {
        for (split, share) in [
            (None, 0),
            (Some(1), 1),
            (Some(1000), 0),
            (Some(1000), 5000),
            (None, usize::MAX),
            (Some(0), 1),
        ] {
            let config = config(|config| {
                config.split_above = split;
                config.share_from = share;
            });
            let mut conn = deflating(role, config.clone(), params(12, takeover));
            let mut reader = deflating(other(role), config, params(12, takeover));
            for data in messages() {
                if split.is_some_and(|most| most < 2) && data.len() > 10_000 {
                    continue;
                }
                conn.send_binary(data.clone()).unwrap();
                let wire = output(&mut conn);
                let frames = frames_from(role, &wire);
                let most = split.map_or(usize::MAX, |most| most.max(1));
                assert!(frames.iter().all(|(_, part)| part.len() <= most));
                assert!(frames[1..].iter().all(|(first, _)| matches!(first, 0x00 | 0x80)), "K-24");
                assert!(feed(&mut reader, Way::Own, &wire) == [binary(&data)], "{split:?} {share}");
            }
        }
    }
}

/// One prepared message for connections of every kind, which goes on being right behind it.
#[test]
fn prepared_messages_fit_every_connection() {
    let news = Prepared::text(&json(3000, 5));
    let short = Prepared::binary(b"x");
    let mut encoded = Vec::new();
    for role in ROLES {
        for (bits, takeover) in [(9, true), (9, false), (15, true), (15, false)] {
            let mut conn = deflating(role, Config::default(), params(bits, takeover));
            let mut reader = deflating(other(role), Config::default(), params(bits, takeover));
            let mut inflater = Inflater::default();
            for round in 0..3 {
                let before = json(2500, 6);
                conn.send_text(&before).unwrap();
                conn.send_prepared(&news).unwrap();
                conn.send_prepared(&short).unwrap();
                conn.send_text(&before).unwrap();
                conn.send_text(json(3000, 5)).unwrap();
                let wire = output(&mut conn);
                let expected = [
                    text(&before),
                    text(&json(3000, 5)),
                    binary(b"x"),
                    text(&before),
                    text(&json(3000, 5)),
                ];
                assert!(
                    feed(&mut reader, Way::Mutable, &wire) == expected,
                    "{role:?} {bits} {takeover} {round}"
                );
                for (at, (first, payload)) in messages_from(role, &wire).into_iter().enumerate() {
                    assert_eq!(first, if at == 2 { 0x02 } else { 0x41 });
                    if at == 1 {
                        // It stands alone, so that it is the same for all.
                        assert!(Inflater::default().message(&payload).out == news.payload());
                        encoded.push((bits, payload.clone()));
                    }
                    if at != 2 {
                        let seen = inflater.message(&payload);
                        assert!(seen.farthest <= 1 << bits);
                    }
                }
            }
        }
    }
    encoded.sort();
    encoded.dedup();
    assert_eq!(encoded.len(), 2, "one for each window");
}

/// It stands alone, so that nothing is owed to a context: what compression makes longer goes out as it
/// is, and the context before it lives on.
#[test]
fn a_prepared_message_is_never_longer_than_its_plain_frame() {
    let news = Prepared::binary(&noise(5000, 8));
    let before = json(2500, 6);
    for role in ROLES {
        for takeover in [true, false] {
            let mut conn = deflating(role, Config::default(), params(15, takeover));
            let mut reader = deflating(other(role), Config::default(), params(15, takeover));
            conn.send_text(&before).unwrap();
            let alone = output(&mut conn);
            assert!(feed(&mut reader, Way::Own, &alone) == [text(&before)]);
            conn.send_prepared(&news).unwrap();
            conn.send_text(&before).unwrap();
            let wire = output(&mut conn);
            let messages = messages_from(role, &wire);
            assert_eq!(messages[0], (0x02, news.payload().to_vec()));
            assert_eq!(messages[1].1.len() < alone.len() / 2, takeover);
            assert!(feed(&mut reader, Way::Own, &wire) == [binary(news.payload()), text(&before)]);
        }
    }
}

/// What cannot be compressed still fits the receiver's limit, when its sender could send it.
#[test]
fn incompressible_messages_pass_at_the_limit() {
    // Bytes from 144 on have nine bits in DEFLATE's fixed code.
    let data: Vec<u8> = noise(1 << 20, 4).into_iter().map(|byte| 144 + byte % 112).collect();
    for (level, mem_level) in
        (0..=9).map(|level| (level, 5)).chain([(1, 1), (6, 1), (1, 9), (9, 9)])
    {
        for limit in [1, 100, 5000, 1 << 20] {
            let config = config(|config| {
                config.deflate.level = level;
                config.deflate.mem_level = mem_level;
                config.limits.max_message = limit;
            });
            let mut conn = deflating(Role::Server, config.clone(), params(15, true));
            let mut reader = deflating(Role::Client, config, params(15, true));
            let data = &data[..limit];
            conn.sender().with_compression(Compression::On).send_binary(data).unwrap();
            let wire = output(&mut conn);
            let wire_len = wire.len();
            assert!(
                feed(&mut reader, Way::Mutable, &wire) == [binary(data)],
                "{level} {mem_level} {limit}: {wire_len}"
            );
        }
    }
}
