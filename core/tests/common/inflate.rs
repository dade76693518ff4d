//! A small inflater (RFC 1951), written to be read: it shows what a compressed stream does, and
//! does it slowly.

/// What inflating showed.
#[derive(Debug, Default)]
pub struct Seen {
    pub out: Vec<u8>,
    /// The longest distance that was referred to.
    pub farthest: usize,
    /// How many stored, fixed and dynamic blocks there were.
    pub blocks: [usize; 3],
}

/// The messages of one direction.
#[derive(Debug, Default)]
pub struct Inflater {
    /// All that came out so far: what may be referred to.
    window: Vec<u8>,
}

impl Inflater {
    /// Inflates a message's payload, its end put back (RFC 7692 7.2.2).
    ///
    /// # Panics
    /// Where it is not DEFLATE.
    pub fn message(&mut self, payload: &[u8]) -> Seen {
        let payload = [payload, &[0, 0, 0xff, 0xff]].concat();
        let before = self.window.len();
        let mut seen = Seen::default();
        let mut bits = Bits { bytes: &payload, at: 0 };
        while bits.at + 3 <= 8 * payload.len() {
            bits.take(1);
            let kind = bits.take(2);
            seen.blocks[kind] += 1;
            match kind {
                0 => self.stored(&mut bits),
                1 => self.codes(&mut bits, &fixed(), &mut seen),
                _ => {
                    let codes = dynamic(&mut bits);
                    self.codes(&mut bits, &codes, &mut seen);
                }
            }
        }
        seen.out = self.window[before..].to_vec();
        seen
    }

    fn stored(&mut self, bits: &mut Bits<'_>) {
        bits.at = bits.at.next_multiple_of(8);
        let len = bits.take(16);
        assert_eq!(len ^ 0xffff, bits.take(16));
        for _ in 0..len {
            self.window.push(bits.take(8) as u8);
        }
    }

    fn codes(&mut self, bits: &mut Bits<'_>, [literals, distances]: &[Code; 2], seen: &mut Seen) {
        loop {
            match literals.read(bits) {
                literal @ 0..256 => self.window.push(literal as u8),
                256 => return,
                symbol => {
                    let (base, extra) = LENGTHS[symbol - 257];
                    let len = base + bits.take(extra);
                    let (base, extra) = DISTANCES[distances.read(bits)];
                    let distance = base + bits.take(extra);
                    seen.farthest = seen.farthest.max(distance);
                    for _ in 0..len {
                        self.window.push(self.window[self.window.len() - distance]);
                    }
                }
            }
        }
    }
}

struct Bits<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: usize) -> usize {
        (0..count).fold(0, |value, bit| {
            let taken = usize::from(self.bytes[self.at / 8] >> (self.at % 8) & 1);
            self.at += 1;
            value | taken << bit
        })
    }
}

/// A Huffman code: how many codes of each length there are, and their symbols in order.
struct Code {
    counts: [usize; 16],
    symbols: Vec<usize>,
}

impl Code {
    fn new(lengths: &[usize]) -> Self {
        let mut counts = [0; 16];
        lengths.iter().for_each(|&len| counts[len] += 1);
        counts[0] = 0;
        let of = |len| (0..lengths.len()).filter(move |&symbol| lengths[symbol] == len);
        Self { counts, symbols: (1..16).flat_map(of).collect() }
    }

    fn read(&self, bits: &mut Bits<'_>) -> usize {
        let (mut code, mut first, mut index) = (0, 0, 0);
        for count in &self.counts[1..] {
            code |= bits.take(1);
            if code < first + count {
                return self.symbols[index + code - first];
            }
            index += count;
            (first, code) = ((first + count) << 1, code << 1);
        }
        panic!("no such code");
    }
}

fn fixed() -> [Code; 2] {
    let literals = [vec![8; 144], vec![9; 112], vec![7; 24], vec![8; 8]].concat();
    [Code::new(&literals), Code::new(&[5; 30])]
}

fn dynamic(bits: &mut Bits<'_>) -> [Code; 2] {
    let (literals, distances) = (257 + bits.take(5), 1 + bits.take(5));
    let mut lengths = [0; 19];
    for &at in &ORDER[..4 + bits.take(4)] {
        lengths[at] = bits.take(3);
    }
    let code = Code::new(&lengths);
    let mut lengths = Vec::new();
    while lengths.len() < literals + distances {
        let (len, count) = match code.read(bits) {
            16 => (lengths[lengths.len() - 1], 3 + bits.take(2)),
            17 => (0, 3 + bits.take(3)),
            18 => (0, 11 + bits.take(7)),
            len => (len, 1),
        };
        lengths.resize(lengths.len() + count, len);
    }
    [Code::new(&lengths[..literals]), Code::new(&lengths[literals..])]
}

const ORDER: [usize; 19] = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15];

/// Base and extra bits of each length.
#[rustfmt::skip]
const LENGTHS: [(usize, usize); 29] = [
    (3, 0), (4, 0), (5, 0), (6, 0), (7, 0), (8, 0), (9, 0), (10, 0), (11, 1), (13, 1), (15, 1),
    (17, 1), (19, 2), (23, 2), (27, 2), (31, 2), (35, 3), (43, 3), (51, 3), (59, 3), (67, 4),
    (83, 4), (99, 4), (115, 4), (131, 5), (163, 5), (195, 5), (227, 5), (258, 0),
];

/// Base and extra bits of each distance.
#[rustfmt::skip]
const DISTANCES: [(usize, usize); 30] = [
    (1, 0), (2, 0), (3, 0), (4, 0), (5, 1), (7, 1), (9, 2), (13, 2), (17, 3), (25, 3), (33, 4),
    (49, 4), (65, 5), (97, 5), (129, 6), (193, 6), (257, 7), (385, 7), (513, 8), (769, 8),
    (1025, 9), (1537, 9), (2049, 10), (3073, 10), (4097, 11), (6145, 11), (8193, 12), (12289, 12),
    (16385, 13), (24577, 13),
];
