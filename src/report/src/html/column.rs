//! Packs one column of integers into a short string.
//!
//! ```text
//! values       5 5 5 5 7 7 4
//! differences  5 0 0 0 2 0 -3          the value before the first is 0
//! zigzag      10 0 0 0 4 0  5          sign in the lowest bit
//! tokens      10 | 0,2 | 4 | 0,0 | 5   a 0 is followed by how many more 0s come
//! bytes       LEB128 per token, then base64
//! ```
//!
//! Dispatch is constant for hours, so most of a column is runs of zero
//! differences: two or three bytes however long. Missing values repeat the
//! value before them and are listed beside it as alternating run lengths,
//! present first.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

/// A packed column.
#[derive(Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub(super) enum Packed {
    /// All values are present.
    Full(String),
    /// Some are missing: `present` alternates lengths of present and missing runs.
    Sparse { v: String, present: Vec<usize> },
}

pub(super) fn pack(values: impl IntoIterator<Item = i64>) -> Packed {
    let mut bytes = Vec::new();
    let mut previous = 0;
    let mut zeros = 0_u64;
    for value in values {
        let difference = value.wrapping_sub(previous);
        previous = value;
        if difference == 0 {
            zeros += 1;
            continue;
        }
        flush_zeros(&mut bytes, &mut zeros);
        push_varint(&mut bytes, zigzag(difference));
    }
    flush_zeros(&mut bytes, &mut zeros);
    Packed::Full(STANDARD.encode(&bytes))
}

pub(super) fn pack_sparse(values: &[Option<i64>]) -> Packed {
    let mut last = 0;
    let filled = values.iter().map(|value| {
        last = value.unwrap_or(last);
        last
    });
    let Packed::Full(v) = pack(filled) else {
        unreachable!("pack returns a full column")
    };
    if values.iter().all(Option::is_some) {
        return Packed::Full(v);
    }
    let mut present = Vec::new();
    let (mut state, mut length) = (true, 0);
    for value in values {
        if value.is_some() != state {
            present.push(length);
            (state, length) = (!state, 0);
        }
        length += 1;
    }
    present.push(length);
    Packed::Sparse { v, present }
}

/// Rounds to hundredths, the resolution of prices and margins on the page.
pub(super) fn hundredths(values: &[Option<f64>]) -> Vec<Option<i64>> {
    values
        .iter()
        .map(|value| {
            value
                .filter(|v| v.is_finite())
                .map(|v| (v * 100.0).round() as i64)
        })
        .collect()
}

fn flush_zeros(bytes: &mut Vec<u8>, zeros: &mut u64) {
    if *zeros > 0 {
        bytes.push(0);
        push_varint(bytes, *zeros - 1);
        *zeros = 0;
    }
}

fn zigzag(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)).cast_unsigned()
}

fn push_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_example_packs_as_documented() {
        let tokens = [10, 0, 2, 4, 0, 0, 5];
        assert_eq!(
            pack([5, 5, 5, 5, 7, 7, 4]),
            Packed::Full(STANDARD.encode(tokens))
        );
    }

    #[test]
    fn a_constant_month_costs_a_few_bytes() {
        let Packed::Full(text) = pack(vec![100_000; 8640]) else {
            unreachable!()
        };
        assert!(text.len() <= 8, "{text}");
    }

    #[test]
    fn missing_values_are_runs_beside_the_values() {
        let packed = pack_sparse(&[None, Some(3), Some(3), None]);
        let Packed::Sparse { present, .. } = packed else {
            panic!("expected a sparse column")
        };
        assert_eq!(present, [0, 1, 2, 1], "present first, even when empty");
    }
}
