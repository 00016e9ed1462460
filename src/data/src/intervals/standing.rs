//! Prices that stand at one value to the end of their file: placeholders, perhaps.

use swingload_model::series::Unit;

use super::Reading;
use crate::note::{Notes, instant, length};

/// Shortest stand that is told, s.
const LEAST: i64 = 6 * 3_600;
/// Times the mean stand before it: a tariff with few steps stands long, and always did.
const LONG: i64 = 6;
/// Times the longest stand before it, for a value other than zero.
const LONGER: i64 = 2;

/// Tells of a price that stands at exactly one value to the end of the file for longer than any
/// value ever did before. `values` are start, end and value of all rows of the file, in order.
///
/// Zeros in place of prices that are not known yet would be believed, and paid for. Seasons of
/// zero prices end, and constant tariffs never moved before.
pub(super) fn check(
    reading: &Reading<'_>,
    values: &[(i64, i64, Option<f64>)],
    notes: &mut Notes<'_>,
) {
    let unit = &reading.binding.unit;
    let is_price = matches!(
        unit,
        Unit::PricePerMwh(_)
            | Unit::PricePerBitcoin(_)
            | Unit::PricePerGpuHour(_)
            | Unit::Hashprice(_)
    );
    let stands: Vec<(i64, i64, f64)> = values
        .chunk_by(|a, b| a.2 == b.2)
        .filter_map(|stand| Some((stand.first()?.0, stand.last()?.1, stand[0].2?)))
        .collect();
    let Some(((from, until, value), before)) = stands.split_last().filter(|_| is_price) else {
        return;
    };
    let span = |stand: &(i64, i64, f64)| stand.1 - stand.0;
    let (own, longest) = (until - from, before.iter().map(span).max().unwrap_or(0));
    let mean = before.iter().map(span).sum::<i64>() / before.len().max(1) as i64;
    let factor = if *value == 0.0 { 1 } else { LONGER };
    let is_long = own >= LEAST && own > factor * longest && own > LONG * mean;
    if before.is_empty() || !is_long || !reading.window.touches(*from, *until) {
        return;
    }
    // The key is about the file's own times.
    let in_file = from - reading.source.shift_days * 86_400;
    notes.push(format!(
        "{} of exactly {value} {unit} from {} to the end of the file, where no value stood longer than {} before: if they only hold the place of prices not yet known, leave them out with data.{}.until = \"{}\"",
        length(own),
        instant(*from),
        length(longest),
        reading.name,
        instant(in_file),
    ));
}
