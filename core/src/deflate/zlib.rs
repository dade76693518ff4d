//! The default codec: zlib-rs, with a stock of codecs that no connection needs at the moment.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;
use std::sync::{Mutex, PoisonError};

use zlib_rs::{Deflate, DeflateConfig, DeflateFlush, Inflate, InflateFlush, Status};

use super::{Codec, Compressor, CompressorParams, Corrupt, Decompressor, Progress};

/// DEFLATE in Rust, by zlib-rs.
///
/// One with a [stock](Self::with_stock), shared by the configurations of many connections, keeps
/// the codecs that they give back for the next that needs one: any number of idle connections
/// without context takeover share a few.
///
/// ```
/// use std::sync::Arc;
/// let mut config = wspair::Config::default();
/// config.deflate.codec = Some(Arc::new(wspair::deflate::Zlib::with_stock(16)));
/// ```
#[derive(Debug, Default)]
pub struct Zlib {
    stock: usize,
    compressors: Mutex<Vec<(CompressorParams, Box<dyn Compressor>)>>,
    decompressors: Mutex<Vec<Box<dyn Decompressor>>>,
}

impl Zlib {
    /// Keeps up to `stock` compressors, and as many decompressors, for their next use. The default
    /// keeps none.
    pub fn with_stock(stock: usize) -> Self {
        Self { stock, ..Self::default() }
    }
}

impl Codec for Zlib {
    fn compressor(&self, params: CompressorParams) -> Box<dyn Compressor> {
        let mut waiting = self.compressors.lock().unwrap_or_else(PoisonError::into_inner);
        match waiting.iter().rposition(|(fits, _)| *fits == params) {
            Some(at) => waiting.swap_remove(at).1,
            None => Box::new(ZlibCompressor::new(params)),
        }
    }

    fn decompressor(&self, _window_bits: u8) -> Box<dyn Decompressor> {
        let mut waiting = self.decompressors.lock().unwrap_or_else(PoisonError::into_inner);
        // A larger window reads what was made for a smaller one, at no more memory in zlib-rs.
        waiting.pop().unwrap_or_else(|| Box::new(ZlibDecompressor(Inflate::new(false, 15))))
    }

    fn recycle_compressor(&self, mut compressor: Box<dyn Compressor>, params: CompressorParams) {
        compressor.reset();
        let mut waiting = self.compressors.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < self.stock {
            waiting.push((params, compressor));
        }
    }

    fn recycle_decompressor(&self, mut decompressor: Box<dyn Decompressor>, _window_bits: u8) {
        decompressor.reset();
        let mut waiting = self.decompressors.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.len() < self.stock {
            waiting.push(decompressor);
        }
    }
}

struct ZlibCompressor(Deflate);

impl ZlibCompressor {
    fn new(params: CompressorParams) -> Self {
        let CompressorParams { window_bits, level, mem_level } = params;
        // zlib-rs panics on values out of range; a raw stream has no window below 512 bytes.
        Self(Deflate::new_with_config(DeflateConfig {
            level: i32::from(level.min(9)),
            window_bits: -i32::from(window_bits.clamp(9, 15)),
            mem_level: i32::from(mem_level.clamp(1, 9)),
            ..DeflateConfig::default()
        }))
    }
}

impl Compressor for ZlibCompressor {
    fn compress(&mut self, mut input: &[u8], out: &mut Vec<u8>) {
        loop {
            let (start, before) = (out.len(), (self.0.total_in(), self.0.total_out()));
            let room = (input.len() / 2 + 64).min(STEP);
            out.resize(start + room, 0);
            let status = self.0.compress(input, &mut out[start..], DeflateFlush::SyncFlush);
            let taken = count(self.0.total_in() - before.0);
            let made = count(self.0.total_out() - before.1);
            out.truncate(start + made);
            input = &input[taken..];
            // A flush is complete when it leaves room. Errors stand for a state that is not
            // reached: the stream is never finished, and the parameters are in range.
            if status != Ok(Status::Ok) || made < room {
                return;
            }
        }
    }

    fn reset(&mut self) {
        self.0.reset();
    }
}

struct ZlibDecompressor(Inflate);

impl Decompressor for ZlibDecompressor {
    fn decompress(&mut self, input: &[u8], out: &mut [u8]) -> Result<Progress, Corrupt> {
        let (mut taken, mut made) = (0, 0);
        loop {
            let before = (self.0.total_in(), self.0.total_out());
            let (rest, room) = (&input[taken..], &mut out[made..]);
            let status = self.0.decompress(rest, room, InflateFlush::SyncFlush);
            taken += count(self.0.total_in() - before.0);
            made += count(self.0.total_out() - before.1);
            let status = match status {
                Ok(status) => status,
                // zlib-rs says it again at the next call, which the byte not taken brings about.
                Err(_) if made > 0 => {
                    let taken = taken.saturating_sub(1);
                    return Ok(Progress { taken, made, finished: false });
                }
                Err(_) => return Err(Corrupt),
            };
            let finished = status == Status::StreamEnd;
            if finished {
                self.0.reset(false);
            }
            if !finished || taken == input.len() || made == out.len() {
                return Ok(Progress { taken, made, finished });
            }
        }
    }

    fn reset(&mut self) {
        self.0.reset(false);
    }
}

impl fmt::Debug for ZlibCompressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ZlibCompressor(..)")
    }
}

impl fmt::Debug for ZlibDecompressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ZlibDecompressor(..)")
    }
}

/// A count of one call's bytes, which lie in memory.
fn count(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

/// Output asked for at a time.
const STEP: usize = 16 << 10;
