//! The default codec: zlib-rs, with a stock of codecs that no connection needs at the moment.

use alloc::alloc::handle_alloc_error;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::alloc::Layout;
use core::fmt;
use core::panic::UnwindSafe;
use std::panic::catch_unwind;
use std::sync::{Mutex, MutexGuard, PoisonError};

use zlib_rs::{Deflate, DeflateConfig, DeflateFlush, Inflate, InflateFlush, Status};

use super::{Codec, Compressor, CompressorParams, Corrupt, Decompressor, OutOfMemory, Progress};
use crate::memory;

/// DEFLATE in Rust, by zlib-rs.
///
/// One with a stock keeps the codecs that connections give back for the next that needs one: any
/// number of idle connections without context takeover share a few. Configurations that name no
/// codec have the [shared](Self::shared) one; where threads compress more messages at a time than
/// that keeps codecs, or none are to be kept, give another:
///
/// ```
/// use std::sync::Arc;
/// let mut config = wspair::Config::default();
/// config.deflate.codec = Some(Arc::new(wspair::deflate::Zlib::with_stock(64)));
/// ```
#[derive(Default)]
pub struct Zlib {
    stock: usize,
    compressors: Mutex<Vec<(CompressorParams, Box<dyn Compressor>)>>,
    decompressors: Mutex<Vec<Box<dyn Decompressor>>>,
}

impl Zlib {
    /// Keeps up to `stock` compressors, and as many decompressors, for their next use.
    /// [`Zlib::default`] keeps none.
    pub fn with_stock(stock: usize) -> Self {
        Self { stock, ..Self::default() }
    }

    /// The one of all configurations of the process that name no codec.
    ///
    /// It keeps up to [`SHARED_STOCK`](Self::SHARED_STOCK) compressors, and as many decompressors,
    /// once they were needed: at most 1.7 MiB with the default window and memory level, 4.5 MiB
    /// with the largest.
    pub fn shared() -> Arc<Self> {
        static SHARED: Mutex<Option<Arc<Zlib>>> = Mutex::new(None);
        let mut shared = lock(&SHARED);
        Arc::clone(shared.get_or_insert_with(|| Arc::new(Self::with_stock(Self::SHARED_STOCK))))
    }

    /// The stock of [`shared`](Self::shared).
    pub const SHARED_STOCK: usize = 8;

    /// About how many bytes a decompressor takes.
    pub const DECOMPRESSOR_SIZE: usize = 48 << 10;

    /// About how many bytes a compressor takes.
    pub fn compressor_size(params: CompressorParams) -> usize {
        let CompressorParams { window_bits, mem_level, .. } = params;
        (136 << 10) + (4 << window_bits.clamp(9, 15)) + (512 << mem_level.clamp(1, 9))
    }

    fn waiting_compressor(&self, params: CompressorParams) -> Option<Box<dyn Compressor>> {
        let mut waiting = lock(&self.compressors);
        let at = waiting.iter().rposition(|(fits, _)| *fits == params)?;
        Some(waiting.remove(at).1)
    }

    fn waiting_decompressor(&self) -> Option<Box<dyn Decompressor>> {
        lock(&self.decompressors).pop()
    }

    /// Puts a codec to those that wait. The oldest makes room: it may be one that nobody's
    /// parameters ask for any more.
    fn put<T>(&self, codecs: &Mutex<Vec<T>>, one: T) {
        // Dropped when others may go on.
        let _oldest;
        let mut waiting = lock(codecs);
        _oldest = (waiting.len() >= self.stock).then(|| waiting.remove(0));
        if waiting.try_reserve(1).is_ok() {
            waiting.push(one);
        }
    }
}

/// Whoever panicked meanwhile left it whole.
fn lock<T>(codecs: &Mutex<T>) -> MutexGuard<'_, T> {
    codecs.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Makes a codec of about `size` bytes. zlib-rs has no way to say that there is no memory but to
/// panic, which takes memory itself.
fn made<T>(size: usize, make: impl FnOnce() -> T + UnwindSafe) -> Result<T, OutOfMemory> {
    Vec::<u8>::new().try_reserve_exact(size)?;
    catch_unwind(make).map_err(|_| OutOfMemory)
}

impl Codec for Zlib {
    fn compressor(&self, params: CompressorParams) -> Box<dyn Compressor> {
        self.waiting_compressor(params).unwrap_or_else(|| Box::new(ZlibCompressor::new(params)))
    }

    fn decompressor(&self, _window_bits: u8) -> Box<dyn Decompressor> {
        self.waiting_decompressor().unwrap_or_else(|| Box::new(ZlibDecompressor::new()))
    }

    fn try_compressor(&self, params: CompressorParams) -> Result<Box<dyn Compressor>, OutOfMemory> {
        match self.waiting_compressor(params) {
            Some(compressor) => Ok(compressor),
            None => Ok(memory::boxed(made(Self::compressor_size(params), || {
                ZlibCompressor::new(params)
            })?)?),
        }
    }

    fn try_decompressor(&self, _window_bits: u8) -> Result<Box<dyn Decompressor>, OutOfMemory> {
        match self.waiting_decompressor() {
            Some(decompressor) => Ok(decompressor),
            None => Ok(memory::boxed(made(Self::DECOMPRESSOR_SIZE, ZlibDecompressor::new)?)?),
        }
    }

    // One that is not kept is not worth resetting, which takes as long as a short message.
    fn recycle_compressor(&self, mut compressor: Box<dyn Compressor>, params: CompressorParams) {
        if self.stock > 0 {
            compressor.reset();
            self.put(&self.compressors, (params, compressor));
        }
    }

    fn recycle_decompressor(&self, mut decompressor: Box<dyn Decompressor>, _window_bits: u8) {
        if self.stock > 0 {
            decompressor.reset();
            self.put(&self.decompressors, decompressor);
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
    fn compress(&mut self, input: &[u8], out: &mut Vec<u8>) {
        if self.try_compress(input, out).is_err() {
            handle_alloc_error(Layout::new::<[u8; STEP]>());
        }
    }

    fn try_compress(&mut self, mut input: &[u8], out: &mut Vec<u8>) -> Result<(), OutOfMemory> {
        loop {
            let (start, before) = (out.len(), (self.0.total_in(), self.0.total_out()));
            let room = (input.len() / 2 + 64).min(STEP);
            out.try_reserve(room)?;
            out.resize(start + room, 0);
            let status = self.0.compress(input, &mut out[start..], DeflateFlush::SyncFlush);
            let taken = count(self.0.total_in() - before.0);
            let made = count(self.0.total_out() - before.1);
            out.truncate(start + made);
            input = &input[taken..];
            // A flush is complete when it leaves room. Errors stand for a state that is not
            // reached: the stream is never finished, and the parameters are in range.
            if status != Ok(Status::Ok) || made < room {
                return Ok(());
            }
        }
    }

    fn reset(&mut self) {
        self.0.reset();
    }
}

// As `memory::boxed` makes them.
impl Compressor for [ZlibCompressor; 1] {
    fn compress(&mut self, input: &[u8], out: &mut Vec<u8>) {
        self[0].compress(input, out);
    }

    fn try_compress(&mut self, input: &[u8], out: &mut Vec<u8>) -> Result<(), OutOfMemory> {
        self[0].try_compress(input, out)
    }

    fn reset(&mut self) {
        self[0].reset();
    }
}

struct ZlibDecompressor(Inflate);

impl ZlibDecompressor {
    /// A larger window reads what was made for a smaller one, at no more memory in zlib-rs.
    fn new() -> Self {
        Self(Inflate::new(false, 15))
    }
}

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

// As `memory::boxed` makes them.
impl Decompressor for [ZlibDecompressor; 1] {
    fn decompress(&mut self, input: &[u8], out: &mut [u8]) -> Result<Progress, Corrupt> {
        self[0].decompress(input, out)
    }

    fn reset(&mut self) {
        self[0].reset();
    }
}

impl fmt::Debug for Zlib {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Zlib").field("stock", &self.stock).finish_non_exhaustive()
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
