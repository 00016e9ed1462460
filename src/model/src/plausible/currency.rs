//! Rough worth of currencies, so that one range of prices serves all of them.

/// Units of a currency per US dollar: least and greatest of the years since 2009.
///
/// # Source
/// Yearly extremes of central banks' reference rates (also charted at xe.com), rounded
/// outwards. They only tell orders of magnitude apart.
const PER_USD: [(&str, f64, f64); 60] = [
    ("USD", 1.0, 1.0),
    ("AED", 3.6, 3.7),
    ("ARS", 3.4, 2000.0),
    ("AUD", 0.9, 1.8),
    ("BDT", 65.0, 130.0),
    ("BGN", 1.25, 2.1),
    ("BHD", 0.37, 0.38),
    ("BRL", 1.5, 6.5),
    ("BTN", 43.0, 95.0),
    ("CAD", 0.9, 1.5),
    ("CHF", 0.7, 1.2),
    ("CLP", 450.0, 1100.0),
    ("CNY", 6.0, 7.5),
    ("COP", 1700.0, 5200.0),
    ("CZK", 16.0, 27.0),
    ("DKK", 4.8, 7.9),
    ("EGP", 5.3, 55.0),
    ("ETB", 9.0, 180.0),
    ("EUR", 0.65, 1.06),
    ("GBP", 0.57, 0.95),
    ("GEL", 1.6, 3.5),
    ("GHS", 1.3, 17.0),
    ("HKD", 7.7, 7.9),
    ("HUF", 170.0, 450.0),
    ("IDR", 8000.0, 17_500.0),
    ("ILS", 2.9, 4.3),
    ("INR", 43.0, 95.0),
    ("IRR", 9000.0, 1_500_000.0),
    ("ISK", 100.0, 150.0),
    ("JOD", 0.7, 0.72),
    ("JPY", 75.0, 165.0),
    ("KES", 73.0, 170.0),
    ("KRW", 950.0, 1550.0),
    ("KWD", 0.26, 0.32),
    ("KZT", 115.0, 560.0),
    ("LKR", 105.0, 380.0),
    ("MAD", 7.3, 11.5),
    ("MXN", 11.0, 26.0),
    ("MYR", 2.9, 4.9),
    ("NGN", 145.0, 1800.0),
    ("NOK", 5.2, 12.0),
    ("NPR", 68.0, 150.0),
    ("NZD", 1.1, 2.1),
    ("OMR", 0.38, 0.39),
    ("PEN", 2.4, 4.2),
    ("PHP", 40.0, 62.0),
    ("PKR", 78.0, 320.0),
    ("PLN", 2.6, 5.1),
    ("PYG", 3700.0, 8200.0),
    ("QAR", 3.6, 3.7),
    ("RON", 2.7, 5.0),
    ("RUB", 27.0, 150.0),
    ("SAR", 3.7, 3.8),
    ("SEK", 5.9, 11.8),
    ("SGD", 1.19, 1.6),
    ("THB", 28.0, 39.0),
    ("TRY", 1.3, 50.0),
    ("TWD", 27.0, 36.0),
    ("UAH", 7.5, 46.0),
    ("ZAR", 6.5, 20.0),
];

/// Currencies worth less or more than any in the list, one that is not in it among them.
const WIDEST: (f64, f64) = (0.2, 1_500_000.0);

/// Units per US dollar, least and greatest; the widest range for a currency that is not known.
pub(super) fn per_usd(code: &str) -> (f64, f64) {
    PER_USD
        .iter()
        .find(|(known, ..)| *known == code)
        .map_or(WIDEST, |(_, low, high)| (*low, *high))
}

/// Plausible units of `to` per unit of `from`: within ten times of what was ever seen.
pub(super) fn rate(to: &str, from: &str) -> (f64, f64) {
    let (to, from) = (per_usd(to), per_usd(from));
    (to.0 / from.1 / 10.0, to.1 / from.0 * 10.0)
}
