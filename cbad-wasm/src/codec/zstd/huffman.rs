//! Huffman-coded literals (RFC 8878, 4.2): the codes, their description, the streams.

use super::bits::BitWriter;
use super::fse::{Distribution, Encoder, interleave};

/// No code is longer.
const MAX_BITS: u32 = 11;

/// Code lengths by symbol, 0 where a symbol does not occur.
struct Lengths {
    bits: [u8; 256],
    longest: u32,
    last: usize,
}

/// Literals as a Huffman section body: description, then one stream (fewer than 256 bytes) or four behind a jump table. `None`
/// where that is no shorter than the literals, or there are fewer than two different ones. The flag tells of four streams.
pub(super) fn encode(literals: &[u8]) -> Option<(Vec<u8>, bool)> {
    let mut counts = [0u32; 256];
    literals.iter().for_each(|&b| counts[usize::from(b)] += 1);
    let lengths = Lengths::of(&counts)?;
    let mut out = lengths.describe()?;
    let codes = lengths.codes();
    let four = literals.len() >= 256;
    if four {
        let quarter = literals.len().div_ceil(4);
        let streams: Vec<Vec<u8>> = literals
            .chunks(quarter)
            .map(|part| stream(part, &codes))
            .collect();
        for stream in streams.iter().take(3) {
            out.extend(u16::try_from(stream.len()).ok()?.to_le_bytes());
        }
        out.extend(streams.concat());
    } else {
        out.extend(stream(literals, &codes));
    }
    (out.len() < literals.len()).then_some((out, four))
}

fn stream(literals: &[u8], codes: &[(u16, u8); 256]) -> Vec<u8> {
    let mut bits = BitWriter::default();
    for &literal in literals.iter().rev() {
        let (code, length) = codes[usize::from(literal)];
        bits.put(u32::from(code), u32::from(length));
    }
    bits.into_closed()
}

impl Lengths {
    /// Optimal lengths (Huffman 1952, with two queues), then shortened to [`MAX_BITS`].
    fn of(counts: &[u32; 256]) -> Option<Self> {
        let mut leaves: Vec<(u32, usize)> = counts
            .iter()
            .copied()
            .zip(0..)
            .filter(|&(c, _)| c > 0)
            .collect();
        if leaves.len() < 2 {
            return None;
        }
        leaves.sort_unstable();
        let n = leaves.len();
        // nodes 0..n are leaves, the others are made in order of weight; parents come after their children
        let mut weights: Vec<u64> = leaves.iter().map(|&(c, _)| u64::from(c)).collect();
        let mut parents = vec![0usize; 2 * n - 1];
        let (mut leaf, mut inner) = (0, n);
        while weights.len() < 2 * n - 1 {
            let mut lightest = || {
                let take_leaf =
                    leaf < n && (inner >= weights.len() || weights[leaf] <= weights[inner]);
                let next = if take_leaf { &mut leaf } else { &mut inner };
                *next += 1;
                *next - 1
            };
            let (a, b) = (lightest(), lightest());
            let parent = weights.len();
            (parents[a], parents[b]) = (parent, parent);
            weights.push(weights[a] + weights[b]);
        }
        let mut depths = vec![0u32; 2 * n - 1];
        for node in (0..2 * n - 2).rev() {
            depths[node] = depths[parents[node]] + 1;
        }
        let mut depths: Vec<u32> = depths.into_iter().take(n).collect();
        limit(&mut depths);
        let mut bits = [0u8; 256];
        for (&(_, symbol), &depth) in leaves.iter().zip(&depths) {
            bits[symbol] = depth as u8;
        }
        let last = leaves.iter().map(|&(_, symbol)| symbol).max()?;
        Some(Self {
            bits,
            longest: depths.iter().copied().max()?,
            last,
        })
    }

    fn weight(&self, symbol: usize) -> u8 {
        match self.bits[symbol] {
            0 => 0,
            bits => self.longest as u8 + 1 - bits,
        }
    }

    /// The weights of all symbols but the last, whose weight follows: four bits each, or coded by FSE.
    fn describe(&self) -> Option<Vec<u8>> {
        let weights: Vec<u8> = (0..self.last).map(|symbol| self.weight(symbol)).collect();
        let plain = (weights.len() <= 128).then(|| {
            let pairs = weights
                .chunks(2)
                .map(|pair| pair[0] << 4 | pair.get(1).copied().unwrap_or(0));
            std::iter::once(127 + weights.len() as u8)
                .chain(pairs)
                .collect::<Vec<u8>>()
        });
        let mut counts = [0u32; 13];
        weights
            .iter()
            .for_each(|&w| counts[usize::from(w.min(12))] += 1);
        let coded = (weights.len() > 2 && counts.iter().filter(|&&c| c > 0).count() > 1)
            .then(|| {
                let distribution = Distribution::fit(&counts, 6);
                let body = [
                    distribution.header(),
                    interleave(&weights, &Encoder::new(&distribution)),
                ]
                .concat();
                (body.len() < 128).then(|| [&[body.len() as u8], body.as_slice()].concat())
            })
            .flatten();
        match (plain, coded) {
            (Some(plain), Some(coded)) => Some(if coded.len() < plain.len() {
                coded
            } else {
                plain
            }),
            (plain, coded) => plain.or(coded),
        }
    }

    /// Codes ascend from the longest; within a length, with the symbol (RFC 8878, 4.2.1.3).
    fn codes(&self) -> [(u16, u8); 256] {
        let mut codes = [(0u16, 0u8); 256];
        let mut code = 0u32;
        for length in (1..=self.longest).rev() {
            for (symbol, &bits) in self.bits.iter().enumerate() {
                if u32::from(bits) == length {
                    codes[symbol] = (code as u16, bits);
                    code += 1;
                }
            }
            code >>= 1;
        }
        codes
    }
}

/// Cuts depths to [`MAX_BITS`] and repairs the tree: the codes must fill the code space exactly. `depths` is in order of falling depth.
fn limit(depths: &mut [u32]) {
    if depths.iter().all(|&d| d <= MAX_BITS) {
        return;
    }
    let space = |depth: u32| 1i64 << (MAX_BITS - depth);
    depths.iter_mut().for_each(|d| *d = (*d).min(MAX_BITS));
    let mut over = depths.iter().map(|&d| space(d)).sum::<i64>() - space(0);
    while over > 0 {
        // lengthen the longest code that still can be
        let Some(depth) = depths
            .iter_mut()
            .filter(|d| **d < MAX_BITS)
            .max_by_key(|d| **d)
        else {
            break;
        };
        *depth += 1;
        over -= space(*depth);
    }
    while over < 0 {
        // shorten the shortest code whose growth still fits
        let Some(depth) = depths
            .iter_mut()
            .filter(|d| space(**d) <= -over)
            .min_by_key(|d| **d)
        else {
            break;
        };
        over += space(*depth);
        *depth -= 1;
    }
}
