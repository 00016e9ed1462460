//! What is plausible of the quantities money is made from, and which slip makes a value
//! that is not.
//!
//! The ranges pass every extreme that markets have shown, caps and scarcity prices among
//! them, and refuse slips: kWh for MWh, a percentage for a share, thousands, a difficulty
//! without its T. Ranges of money hold for US dollars and are scaled to other currencies by
//! what those were worth since 2009. Whoever means a value beyond its range allows it by
//! name, with the key `allow` of the file it stands in.

mod allow;
mod currency;
mod history;
#[cfg(test)]
mod tests;

use crate::series::Unit;

pub(crate) use allow::Allowed;

/// What a number is, as far as its plausible range goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Quantity {
    /// Network difficulty.
    Difficulty,
    /// Price of a bitcoin.
    BitcoinPrice,
    /// Bitcoin per block: subsidy or fees.
    BitcoinPerBlock,
    /// Revenue of 1 PH/s for a day.
    Hashprice,
    /// Price of energy in one interval of a market, per MWh.
    EnergyPrice,
    /// Price of energy that holds for long: of a supply or contract, per MWh.
    ContractPrice,
    /// Price of hosting, per IT MWh; it may hold the rent of machines.
    HostingPrice,
    /// Charge or credit per MWh.
    Adder,
    /// Penalty per MWh.
    Penalty,
    /// Charge per kW of a month's peak.
    DemandCharge,
    /// Charge per kW and year on coincident peaks.
    PeakCharge,
    /// Payment per MW and hour of availability.
    Availability,
    /// Value of a GPU for an hour.
    GpuHour,
    /// Penalty per GPU-hour.
    GpuPenalty,
    /// Wear of one start of one device.
    Wear,
    /// Units of one currency per unit of another.
    ExchangeRate,
    /// Emissions, gCO2e/kWh.
    Carbon,
    /// Outdoor temperature, degC.
    Temperature,
    /// Power, MW.
    Power,
    /// Marginal PUE of a hall.
    Pue,
    /// Rise of the marginal PUE per degree.
    PuePerDegree,
    /// Share of revenue that a mining pool keeps.
    PoolFee,
    /// Share of work rejected.
    RejectRate,
    /// Energy per work of a miner, J/TH.
    Efficiency,
    /// A technical time, s.
    ShortTime,
    /// A share that may exceed one, such as a penalty in parts of a value.
    Share,
}

/// Where a value stands.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Place<'a> {
    /// ISO 4217 code of money; empty where there is none. Of an exchange rate the first one.
    pub currency: &'a str,
    /// Second currency of an exchange rate.
    pub per: &'a str,
    /// Unix second the value is of, where one is known.
    pub at: Option<i64>,
    /// Whether the value holds for long: then prices next to zero are doubted too.
    pub lasting: bool,
}

/// Which end of the range a value lies beyond.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// Below the least, or nearer to zero than is plausible.
    Low,
    /// Above the greatest.
    High,
}

/// Why a value is implausible.
#[derive(Debug, Clone, PartialEq)]
pub struct Doubt {
    /// Which end it lies beyond.
    pub side: Side,
    /// What is plausible, for a message.
    pub problem: String,
    /// What was probably meant; empty where no usual slip explains the value.
    pub slip: String,
}

impl Doubt {
    /// What to do: the likely slip, and how to allow the value by `name` in `file`.
    pub fn help(&self, name: &str, file: &str) -> String {
        let slip = match self.slip.as_str() {
            "" => "check the value and its unit.",
            slip => slip,
        };
        format!("{slip} If it is right, add allow = [\"{name}\"] to the top of {file}")
    }
}

/// A usual slip: what turns the value into the one meant.
#[derive(Debug, Clone, Copy)]
enum Slip {
    /// The value meant is this many times the one written.
    Times(f64, &'static str),
    /// Degrees Fahrenheit.
    Fahrenheit,
    /// Kelvin.
    Kelvin,
    /// A rate the other way round.
    Inverse,
}

/// A range in US dollars where it is money.
struct Range {
    what: &'static str,
    low: f64,
    high: f64,
    /// Nearer to zero than this, and not zero, no value that holds for long is.
    tiny: f64,
    unit: &'static str,
    money: bool,
    slips: &'static [Slip],
}

use Slip::{Fahrenheit, Inverse, Kelvin, Times};

/// Hashes a second of a network of difficulty one, at ten minutes a block.
const HASHES_PER_SECOND: f64 = crate::mining::HASHES_PER_DIFFICULTY / 600.0;

const THOUSAND: &str = "a factor of 1000 too much";
const CENTS: &str = "in cents";
const PER_KWH: &str = "the price is per kWh";
const PERCENT: &str = "in percent";

impl Quantity {
    /// The quantity of a bound series; `None` for plain numbers and counts.
    pub fn of(unit: &Unit) -> Option<Self> {
        Some(match unit {
            Unit::Megawatt => Self::Power,
            Unit::PricePerMwh(_) => Self::EnergyPrice,
            Unit::PricePerBitcoin(_) => Self::BitcoinPrice,
            Unit::PricePerGpuHour(_) => Self::GpuHour,
            Unit::ExchangeRate(..) => Self::ExchangeRate,
            Unit::GramPerKwh => Self::Carbon,
            Unit::Celsius => Self::Temperature,
            Unit::BitcoinPerBlock => Self::BitcoinPerBlock,
            Unit::Hashprice(_) => Self::Hashprice,
            Unit::Difficulty => Self::Difficulty,
            Unit::Gpus | Unit::One => return None,
        })
    }

    /// Why `value` is implausible; `None` when it is plausible.
    pub fn doubt(self, value: f64, place: Place<'_>) -> Option<Doubt> {
        let range = self.range(place);
        let inside = |v: f64| v >= range.low && v <= range.high;
        let tiny = place.lasting && value != 0.0 && value.abs() < range.tiny;
        if inside(value) && !tiny {
            return None;
        }
        let side = if tiny || value < range.low {
            Side::Low
        } else {
            Side::High
        };
        let year = match self {
            Self::Difficulty | Self::BitcoinPrice | Self::Hashprice => year(place.at),
            _ => None,
        };
        let unit = match (range.money, range.unit) {
            (true, "") => format!(" {}", place.currency),
            (true, unit) => format!(" {}/{unit}", place.currency),
            (false, "") => String::new(),
            (false, unit) => format!(" {unit}"),
        };
        let plausible = if tiny {
            format!("zero, or {}{unit} and more", show(range.tiny))
        } else {
            format!("{} to {}{unit}", show(range.low), show(range.high))
        };
        Some(Doubt {
            side,
            problem: format!(
                "lies {} what is plausible of {}{}: {plausible}",
                match side {
                    Side::Low => "below",
                    Side::High => "above",
                },
                range.what,
                year.map_or_else(String::new, |year| format!(" in {year}")),
            ),
            slip: meant(value, &range),
        })
    }

    /// What the middle of a long series of market data lies within, in size; `None` where
    /// only single values are known.
    pub fn usual(self, place: Place<'_>) -> Option<(f64, f64)> {
        let (low, high, money) = match self {
            Self::EnergyPrice => (1.0, 1000.0, true),
            Self::Temperature => (0.0, 50.0, false),
            Self::BitcoinPerBlock => (0.0, 15.0, false),
            _ => return None,
        };
        if !money {
            return Some((low, high));
        }
        let (strong, weak) = currency::per_usd(place.currency);
        Some((low * strong, high * weak))
    }

    /// The doubt about a series whose middle is `value`, off what is usual on one side.
    pub fn unusual(self, value: f64, side: Side, place: Place<'_>) -> Doubt {
        let (low, high) = self.usual(place).unwrap_or_default();
        let range = Range {
            low,
            high,
            tiny: 0.0,
            ..self.range(place)
        };
        Doubt {
            side,
            problem: format!(
                "is unusual of {}: the middle of such a series lies {}",
                range.what,
                match side {
                    Side::Low => format!("above {}", show(low)),
                    Side::High => format!("below {}", show(high)),
                }
            ),
            slip: meant(value, &range),
        }
    }

    /// Least and greatest plausible value.
    pub fn limits(self, place: Place<'_>) -> (f64, f64) {
        let range = self.range(place);
        (range.low, range.high)
    }

    /// The range in the currency of the place.
    fn range(self, place: Place<'_>) -> Range {
        let mut range = self.in_dollars(place);
        if range.money {
            let (strong, weak) = currency::per_usd(place.currency);
            range.low *= if range.low < 0.0 { weak } else { strong };
            range.high *= weak;
            range.tiny *= strong;
        }
        range
    }

    fn in_dollars(self, place: Place<'_>) -> Range {
        let range = |what, (low, high), unit, slips| Range {
            what,
            low,
            high,
            tiny: 0.0,
            unit,
            money: false,
            slips,
        };
        let money = |what, limits, tiny, unit, slips| Range {
            tiny,
            money: true,
            ..range(what, limits, unit, slips)
        };
        match self {
            Self::Difficulty => range(
                "a difficulty",
                history::difficulty(year(place.at)),
                "",
                &[
                    Times(1e12, "the T of 10^12 is missing"),
                    Times(
                        1e18 / HASHES_PER_SECOND,
                        "it is the network's hashrate in EH/s",
                    ),
                    Times(1e9, "the G of 10^9 is missing"),
                    Times(1e6, "the M of 10^6 is missing"),
                    Times(1e3, "a factor of 1000 is missing"),
                    Times(1e-3, "a factor of 1000 too much"),
                    Times(1e-12, "10^12 is applied twice"),
                    Times(
                        1.0 / HASHES_PER_SECOND,
                        "it is the network's hashrate in H/s",
                    ),
                ],
            ),
            Self::BitcoinPrice => money(
                "a bitcoin's price",
                history::price_usd(year(place.at)),
                0.0,
                "BTC",
                &[
                    Times(1e3, "in thousands"),
                    Times(1e8, "per satoshi"),
                    Times(1e-2, CENTS),
                    Times(1e-3, "a factor of 1000 too much"),
                    Times(1e6, "in millions"),
                ],
            ),
            Self::BitcoinPerBlock => Range {
                tiny: 1e-6,
                ..range(
                    "bitcoin per block",
                    (0.0, if place.lasting { 60.0 } else { 300.0 }),
                    "BTC",
                    &[
                        Times(1e-8, "in satoshi"),
                        Times(1e-3, "in thousandths of a bitcoin"),
                    ],
                )
            },
            Self::Hashprice => {
                let (difficulty, price) = (
                    history::difficulty(year(place.at)),
                    history::price_usd(year(place.at)),
                );
                // Revenue of 1 PH/s for a day per BTC of reward: 1e15 x 86400 / (D x 2^32).
                let at = |difficulty: f64, price: f64, reward: f64| {
                    1e15 * 86_400.0 * reward / (difficulty * crate::mining::HASHES_PER_DIFFICULTY)
                        * price
                };
                let (least, most) = place.at.map_or((0.1, 50.0), |at| {
                    let subsidy = crate::mining::subsidy(at);
                    (subsidy, 4.0 * subsidy)
                });
                money(
                    "a hashprice",
                    (
                        at(difficulty.1, price.0, least),
                        at(difficulty.0, price.1, most),
                    ),
                    0.0,
                    "PH/d",
                    &[
                        Times(1e3, "it is per TH/s and day"),
                        Times(1e-3, "it is per EH/s and day"),
                        Times(24.0, "it is per hour"),
                    ],
                )
            }
            Self::EnergyPrice => money(
                "a price of energy",
                (-20_000.0, 25_000.0),
                0.5,
                "MWh",
                &[
                    Times(1e3, PER_KWH),
                    Times(1e-3, THOUSAND),
                    Times(1e-2, CENTS),
                    Times(1e-6, "a factor of 1,000,000 too much"),
                ],
            ),
            Self::ContractPrice => money(
                "a price of energy that always holds",
                (-1000.0, 2000.0),
                0.5,
                "MWh",
                &[
                    Times(1e3, PER_KWH),
                    Times(1e-3, THOUSAND),
                    Times(1e-2, CENTS),
                ],
            ),
            Self::HostingPrice => money(
                "a price of hosting",
                (-1000.0, 20_000.0),
                0.5,
                "MWh",
                &[
                    Times(1e3, PER_KWH),
                    Times(1e-3, THOUSAND),
                    Times(1e-2, CENTS),
                ],
            ),
            Self::Adder => money(
                "a charge on energy",
                (-1000.0, 1000.0),
                0.02,
                "MWh",
                &[
                    Times(1e3, PER_KWH),
                    Times(1e-3, THOUSAND),
                    Times(1e-2, CENTS),
                ],
            ),
            // One below what energy costs anywhere keeps no promise.
            Self::Penalty => money(
                "a penalty per MWh",
                (0.0, 100_000.0),
                10.0,
                "MWh",
                &[
                    Times(1e3, "it is per kWh"),
                    Times(1e-3, THOUSAND),
                    Times(1e-2, CENTS),
                ],
            ),
            Self::DemandCharge => money(
                "a demand charge",
                (0.0, 100.0),
                0.01,
                "kW and month",
                &[
                    Times(1e-3, "it is per MW"),
                    Times(1e-2, CENTS),
                    Times(1.0 / 12.0, "it is per year"),
                    Times(1e3, "it is per W"),
                ],
            ),
            Self::PeakCharge => money(
                "a charge on coincident peaks",
                (0.0, 1000.0),
                0.1,
                "kW and year",
                &[
                    Times(1e-3, "it is per MW"),
                    Times(1e-2, CENTS),
                    Times(1e3, "it is per W"),
                ],
            ),
            Self::Availability => money(
                "a payment for availability",
                (-500.0, 500.0),
                0.01,
                "MW and hour",
                &[
                    Times(1e-3, "a factor of 1000 too much"),
                    Times(1.0 / 730.5, "it is per MW and month"),
                    Times(1.0 / 8766.0, "it is per MW and year"),
                    Times(1e3, "it is per kW and hour"),
                ],
            ),
            Self::GpuHour => money(
                "the value of a GPU-hour",
                (-100.0, 100.0),
                0.005,
                "GPUh",
                &[
                    Times(1e-2, CENTS),
                    Times(1.0 / 730.5, "it is per GPU and month"),
                    Times(1e-3, "it is per 1000 GPU-hours"),
                    Times(3600.0, "it is per GPU-second"),
                ],
            ),
            Self::GpuPenalty => money(
                "a penalty per GPU-hour",
                (0.0, 1000.0),
                0.0,
                "GPUh",
                &[Times(1e-2, CENTS), Times(1e-3, "it is per 1000 GPU-hours")],
            ),
            Self::Wear => money(
                "the wear of one start of one device",
                (0.0, 100.0),
                0.0,
                "",
                &[Times(1e-2, CENTS), Times(1e-3, "a factor of 1000 too much")],
            ),
            Self::ExchangeRate => range(
                "an exchange rate of these currencies",
                currency::rate(place.currency, place.per),
                "",
                &[Inverse, Times(1e-2, CENTS), Times(1e2, CENTS)],
            ),
            Self::Carbon => Range {
                tiny: 1.0,
                ..range(
                    "a carbon intensity",
                    (-1000.0, 3000.0),
                    "g/kWh",
                    &[
                        Times(1e3, "it is in kg/kWh or t/MWh"),
                        Times(1e-3, "it is in g/MWh"),
                        Times(0.453_592_37, "it is in lb/MWh"),
                    ],
                )
            },
            Self::Temperature => range(
                "an outdoor temperature",
                (-80.0, 60.0),
                "degC",
                &[Fahrenheit, Kelvin],
            ),
            Self::Power => range(
                "a power",
                (-1e7, 1e7),
                "MW",
                &[Times(1e-6, "it is in W"), Times(1e-3, "it is in kW")],
            ),
            Self::Pue => range("a marginal PUE", (1.0, 3.0), "", &[Times(1e-2, PERCENT)]),
            Self::PuePerDegree => range(
                "a rise of the PUE per degree",
                (0.0, 0.1),
                "",
                &[Times(1e-2, PERCENT)],
            ),
            Self::PoolFee => range(
                "a pool's fee, a share of revenue",
                (0.0, 0.15),
                "",
                &[Times(1e-2, PERCENT), Times(1e-1, "a factor of 10 too much")],
            ),
            Self::RejectRate => range(
                "the share of work rejected",
                (0.0, 0.3),
                "",
                &[Times(1e-2, PERCENT), Times(1e-1, "a factor of 10 too much")],
            ),
            Self::Efficiency => range("a miner's energy per work", (2.0, 3000.0), "J/TH", &[]),
            Self::ShortTime => range(
                "a time of this kind",
                (0.0, 172_800.0),
                "s",
                &[Times(1e-3, "it is in milliseconds")],
            ),
            Self::Share => range("a share", (0.0, 10.0), "", &[Times(1e-2, PERCENT)]),
        }
    }
}

/// What slips would explain the value, as a question; empty where none does. A second one
/// must lead well into the range.
fn meant(value: f64, range: &Range) -> String {
    let mut found: Vec<String> = Vec::new();
    for slip in range.slips {
        let (meant, why) = match slip {
            Times(factor, why) => (value * factor, *why),
            Fahrenheit => ((value - 32.0) / 1.8, "in degrees Fahrenheit"),
            Kelvin => (value - 273.15, "in kelvin"),
            Inverse => (1.0 / value, "the other way round"),
        };
        let margin = if found.is_empty() { 1.0 } else { 3.0 };
        let inside = meant >= range.low * if range.low > 0.0 { margin } else { 1.0 }
            && meant <= range.high / margin
            && meant.abs() >= range.tiny;
        if inside && found.len() < 2 {
            let text = match slip {
                Times(factor, _) if *factor == 1e12 && (1.0..1e4).contains(&value.abs()) => {
                    format!("{}e12", show(value))
                }
                _ => show(meant),
            };
            found.push(format!("{text} ({why})"));
        }
    }
    if found.is_empty() {
        String::new()
    } else {
        format!("did you mean {}?", found.join(" or "))
    }
}

/// Calendar year (UTC) of a Unix second.
fn year(at: Option<i64>) -> Option<i16> {
    at.and_then(|at| jiff::Timestamp::from_second(at).ok())
        .map(|at| at.to_zoned(jiff::tz::TimeZone::UTC).year())
}

/// A number for people: six digits, with an exponent where it is very large or small.
pub fn show(value: f64) -> String {
    if value == 0.0 || (1e-4..1e9).contains(&value.abs()) {
        let digits = 5 - libm::floor(libm::log10(value.abs().max(1e-4))) as i32;
        let digits = usize::try_from(digits).unwrap_or(0);
        let text = format!("{value:.digits$}");
        if !text.contains('.') {
            return text;
        }
        let text = text.trim_end_matches('0').trim_end_matches('.');
        return text.to_owned();
    }
    let text = format!("{value:.5e}");
    let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
    let digits = digits.trim_end_matches('0').trim_end_matches('.');
    format!("{digits}e{exponent}")
}
