//! A DEFLATE of one's own, given as a trait: also where the engine brings none.

#[cfg(feature = "alloc")]
mod common;

#[cfg(feature = "alloc")]
mod stored {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use crate::common::deflate::*;
    use crate::common::*;
    use wspair::deflate::{Codec, Compressor, CompressorParams, Corrupt, Decompressor, Progress};
    use wspair::{Compression, Config, Kind, Prepared, ProtocolError, Role};

    /// DEFLATE that only stores, and counts what it was asked for.
    #[derive(Debug, Default)]
    struct Stored {
        compressors: AtomicUsize,
        decompressors: AtomicUsize,
        returned: AtomicUsize,
    }

    impl Codec for Stored {
        fn compressor(&self, params: CompressorParams) -> Box<dyn Compressor> {
            assert_eq!((params.window_bits, params.level, params.mem_level), (11, 3, 2));
            self.compressors.fetch_add(1, Ordering::Relaxed);
            Box::new(Store)
        }

        fn decompressor(&self, window_bits: u8) -> Box<dyn Decompressor> {
            assert_eq!(window_bits, 11);
            self.decompressors.fetch_add(1, Ordering::Relaxed);
            Box::new(Restore::default())
        }

        fn recycle_compressor(&self, _: Box<dyn Compressor>, _: CompressorParams) {
            self.returned.fetch_add(1, Ordering::Relaxed);
        }

        fn recycle_decompressor(&self, _: Box<dyn Decompressor>, _: u8) {
            self.returned.fetch_add(1, Ordering::Relaxed);
        }
    }

    #[derive(Debug)]
    struct Store;

    impl Compressor for Store {
        fn compress(&mut self, input: &[u8], out: &mut Vec<u8>) {
            for block in input.chunks(0xffff) {
                let len = block.len() as u16;
                out.push(0);
                out.extend(len.to_le_bytes());
                out.extend((!len).to_le_bytes());
                out.extend(block);
            }
            if !input.is_empty() {
                out.extend([0, 0, 0, 0xff, 0xff]);
            }
        }

        fn reset(&mut self) {}
    }

    #[derive(Debug, Default)]
    struct Restore {
        header: Vec<u8>,
        left: usize,
    }

    impl Decompressor for Restore {
        fn decompress(&mut self, input: &[u8], out: &mut [u8]) -> Result<Progress, Corrupt> {
            let (mut taken, mut made) = (0, 0);
            while taken < input.len() && made < out.len() {
                if self.left == 0 {
                    self.header.push(input[taken]);
                    taken += 1;
                    let [0, low, high, not_low, not_high] = self.header[..] else {
                        match self.header[0] {
                            0 => continue,
                            _ => return Err(Corrupt),
                        }
                    };
                    if (low, high) != (!not_low, !not_high) {
                        return Err(Corrupt);
                    }
                    self.left = usize::from(u16::from_le_bytes([low, high]));
                    self.header.clear();
                } else {
                    out[made] = input[taken];
                    self.left -= 1;
                    taken += 1;
                    made += 1;
                }
            }
            Ok(Progress { taken, made, finished: false })
        }

        fn reset(&mut self) {
            *self = Self::default();
        }
    }

    fn stored(codec: &Arc<Stored>) -> Config {
        config(|config| {
            config.deflate.codec = Some(Arc::clone(codec) as Arc<dyn Codec>);
            config.deflate.level = 3;
            config.deflate.mem_level = 2;
        })
    }

    #[test]
    fn another_codec_carries_messages() {
        for takeover in [true, false] {
            let codec = Arc::new(Stored::default());
            let shared = Arc::new(stored(&codec));
            let params = params(11, takeover);
            for role in ROLES {
                let mut from = deflating(role, Arc::clone(&shared), params);
                let mut to = deflating(other(role), Arc::clone(&shared), params);
                for data in [noise(10, 1), vec![], noise(70_000, 2), vec![0; 200_000]] {
                    // Stored, it never gets shorter: only a context makes that go out, or parts.
                    from.sender().with_compression(Compression::On).send_binary(&data).unwrap();
                    let wire = output(&mut from);
                    assert_eq!(wire[0], if takeover { 0xc2 } else { 0x82 });
                    assert!(feed(&mut to, Way::Fixed, &wire) == [binary(&data)]);
                    from.send_fragment(Kind::Binary, &data, false).unwrap();
                    from.send_fragment(Kind::Binary, &data, true).unwrap();
                    let wire = output(&mut from);
                    assert_eq!(wire[0], 0x42);
                    assert!(
                        feed(&mut to, Way::Own, &wire) == [binary(&[&data[..], &data].concat())]
                    );
                    from.send_prepared(&Prepared::binary(&data)).unwrap();
                    assert!(feed(&mut to, Way::Mutable, &output(&mut from)) == [binary(&data)]);
                }
            }
            let [made, read, returned] =
                [&codec.compressors, &codec.decompressors, &codec.returned]
                    .map(|count| count.load(Ordering::Relaxed));
            // Each prepared message over the threshold has one of its own.
            let prepared = 2 * 2;
            if takeover {
                assert_eq!((made, read, returned), (2 + prepared, 2, prepared));
            } else {
                // Two for each of the four messages: what was given up as longer counts too.
                assert_eq!((made, read), (2 * 4 * 2 + prepared, 2 * 4));
                assert_eq!(returned, made + read);
            }
        }
    }

    /// Once for each set of parameters, where the messages are kept.
    #[cfg(feature = "deflate")]
    #[test]
    fn a_prepared_message_is_compressed_once() {
        let codec = Arc::new(Stored::default());
        let shared = Arc::new(stored(&codec));
        let news = Prepared::binary(&noise(500, 3));
        for role in ROLES {
            for takeover in [true, false] {
                for _ in 0..10 {
                    let mut conn = deflating(role, Arc::clone(&shared), params(11, takeover));
                    conn.send_prepared(&news.clone()).unwrap();
                    assert_eq!(output(&mut conn)[0], 0x82, "stored, it is no shorter");
                }
            }
        }
        assert_eq!(codec.compressors.load(Ordering::Relaxed), 1);
        assert_eq!(codec.returned.load(Ordering::Relaxed), 1);
    }

    #[test]
    fn what_another_codec_refuses_fails_the_connection() {
        let codec = Arc::new(Stored::default());
        for role in ROLES {
            for payload in ["f248cdc9c90700", "000500fafe48656c6c6f00", "000900"] {
                let mut conn = deflating(role, stored(&codec), params(11, true));
                let bytes = frame_to(role, 0xc1, &hex(payload));
                let events = feed(&mut conn, Way::Mutable, &bytes);
                assert_eq!(events, [fault(ProtocolError::Deflate)], "K-15, K-16");
            }
        }
    }

    /// The default: what comes back is dropped, and the next message gets another.
    #[derive(Debug, Default)]
    struct Dropping(Stored);

    impl Codec for Dropping {
        fn compressor(&self, params: CompressorParams) -> Box<dyn Compressor> {
            self.0.compressor(params)
        }

        fn decompressor(&self, window_bits: u8) -> Box<dyn Decompressor> {
            self.0.decompressor(window_bits)
        }
    }

    #[test]
    fn a_codec_that_keeps_no_stock_makes_one_a_message() {
        let codec = Arc::new(Dropping::default());
        let config = config(|config| {
            config.deflate = stored(&Arc::new(Stored::default())).deflate;
            config.deflate.codec = Some(Arc::clone(&codec) as Arc<dyn Codec>);
        });
        let mut from = deflating(Role::Server, config.clone(), params(11, false));
        let mut to = deflating(Role::Client, config, params(11, false));
        for count in 1..=3 {
            from.send_fragment(Kind::Binary, &[7; 9], true).unwrap();
            let wire = output(&mut from);
            assert_eq!(wire[0], 0xc2);
            assert_eq!(feed(&mut to, Way::Mutable, &wire), [binary(&[7; 9])]);
            assert_eq!(codec.0.compressors.load(Ordering::Relaxed), count);
            assert_eq!(codec.0.decompressors.load(Ordering::Relaxed), count);
        }
    }

    /// A decompressor that says the same of every input, whatever it is.
    #[derive(Clone, Debug)]
    struct Idle(Progress);

    impl Codec for Idle {
        fn compressor(&self, _: CompressorParams) -> Box<dyn Compressor> {
            Box::new(Store)
        }

        fn decompressor(&self, _: u8) -> Box<dyn Decompressor> {
            Box::new(self.clone())
        }
    }

    impl Decompressor for Idle {
        fn decompress(&mut self, _: &[u8], _: &mut [u8]) -> Result<Progress, Corrupt> {
            Ok(self.0)
        }

        fn reset(&mut self) {}
    }

    #[test]
    fn a_codec_that_does_not_get_on_or_says_what_cannot_be_ends_the_connection() {
        for (taken, made, finished) in [
            (0, 0, false),
            (0, 0, true),
            (usize::MAX, 0, false),
            (1, usize::MAX, false),
            (0, usize::MAX, true),
        ] {
            let codec = Idle(Progress { taken, made, finished });
            let config = config(|config| config.deflate.codec = Some(Arc::new(codec.clone())));
            for way in WAYS {
                let mut conn = deflating(Role::Client, config.clone(), params(15, true));
                let events = feed(&mut conn, way, &frame(0xc1, &hex("f248cdc9c90700")));
                assert_eq!(events, [fault(ProtocolError::Deflate)], "{codec:?}");
            }
        }
    }

    /// Without a codec nothing can be agreed on; if it was all the same, RSV1 means nothing.
    #[cfg(not(feature = "deflate"))]
    #[test]
    fn without_a_codec_nothing_is_compressed() {
        for role in ROLES {
            let mut conn = deflating(role, Config::default(), params(15, true));
            conn.sender().with_compression(Compression::On).send_binary(vec![0; 500]).unwrap();
            assert_eq!(drain(&mut conn), [sent(0x82, &[0; 500])]);
            let events =
                feed(&mut conn, Way::Mutable, &frame_to(role, 0xc1, &hex("f248cdc9c90700")));
            assert_eq!(events, [fault(ProtocolError::ReservedBits)]);
        }
    }
}
