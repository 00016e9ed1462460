use super::{Place, Quantity, Side, show};

/// Unix second of the first of July of a year.
fn july(year: i16) -> i64 {
    let date = jiff::civil::date(year, 7, 1).at(0, 0, 0, 0);
    let at = date.to_zoned(jiff::tz::TimeZone::UTC).expect("an instant");
    at.timestamp().as_second()
}

fn of(currency: &str) -> Place<'_> {
    Place {
        currency,
        lasting: true,
        ..Place::default()
    }
}

fn in_year(currency: &str, year: i16) -> Place<'_> {
    Place {
        at: Some(july(year)),
        lasting: false,
        ..of(currency)
    }
}

/// What the doubt about a value proposes; panics where it is plausible.
fn slip(what: Quantity, value: f64, place: Place<'_>) -> String {
    let doubt = what.doubt(value, place);
    doubt
        .unwrap_or_else(|| panic!("{value} passes as {what:?}"))
        .slip
}

fn passes(what: Quantity, value: f64, place: Place<'_>) {
    let doubt = what.doubt(value, place);
    assert!(doubt.is_none(), "{what:?} of {value}: {doubt:?}");
}

#[test]
fn a_difficulty_without_its_unit_prefix_is_met_with_the_right_one() {
    let texas = in_year("", 2024);
    assert_eq!(
        slip(Quantity::Difficulty, 82.05, texas),
        "did you mean 82.05e12 (the T of 10^12 is missing)?"
    );
    for (value, proposed) in [
        (82_050.0, "8.205e13 (the G"),
        (8.205e7, "8.205e13 (the M"),
        (5.87e20, "8.20"),
    ] {
        let slip = slip(Quantity::Difficulty, value, texas);
        assert!(slip.contains(proposed), "{value}: {slip}");
    }
    assert_eq!(
        slip(Quantity::Difficulty, 800.0, in_year("", 2025)),
        "did you mean 800e12 (the T of 10^12 is missing) or 1.11759e14 (it is the network's hashrate in EH/s)?"
    );
    let doubt = Quantity::Difficulty.doubt(82.05, texas).expect("a doubt");
    assert_eq!(doubt.side, Side::Low);
    assert_eq!(
        doubt.problem,
        "lies below what is plausible of a difficulty in 2024: 7e12 to 1.1e15"
    );
}

/// Difficulties and prices as they were, at the ends of their years' ranges and between.
#[test]
fn the_past_of_bitcoin_is_plausible() {
    for (year, difficulty, price) in [
        (2009, 1.0, 0.01),
        (2010, 14_484.0, 0.06),
        (2011, 1_887_000.0, 31.0),
        (2013, 2_968_775.0, 13.3),
        (2013, 1.18e9, 1_163.0),
        (2017, 3.17e11, 19_783.0),
        (2018, 7.45e12, 3_200.0),
        (2021, 1.367e13, 67_525.0),
        (2022, 3.7e13, 15_760.0),
        (2024, 1.098e14, 106_134.0),
        (2025, 1.56e14, 126_200.0),
        (2026, 1.26e14, 69_000.0),
    ] {
        passes(Quantity::Difficulty, difficulty, in_year("", year));
        passes(Quantity::BitcoinPrice, price, in_year("USD", year));
    }
    // A year that is to come: twice as much a year is plausible, a thousand times is not.
    passes(Quantity::Difficulty, 2e15, in_year("", 2030));
    passes(Quantity::BitcoinPrice, 1e6, in_year("USD", 2030));
    assert!(
        Quantity::Difficulty
            .doubt(1.5e18, in_year("", 2030))
            .is_some()
    );
}

#[test]
fn a_price_in_thousands_cents_or_satoshi_is_named() {
    let at = in_year("USD", 2024);
    for (value, proposed) in [
        (95.0, "did you mean 95000 (in thousands)?"),
        (9_500_000.0, "did you mean 95000 (in cents)"),
        (0.00095, "did you mean 95000 (per satoshi)?"),
    ] {
        let slip = slip(Quantity::BitcoinPrice, value, at);
        assert!(
            slip.starts_with(proposed.trim_end_matches('?')),
            "{value}: {slip}"
        );
    }
    // The same price in other currencies is no slip.
    for (currency, price) in [
        ("PKR", 18_500_000.0),
        ("JPY", 10_200_000.0),
        ("OMR", 25_500.0),
        ("AUD", 100_000.0),
        ("XYZ", 1_000_000_000.0),
    ] {
        passes(Quantity::BitcoinPrice, price, in_year(currency, 2024));
    }
}

/// Caps and floors of markets, in their currencies: none of them is a slip.
#[test]
fn cap_prices_and_floors_pass() {
    for (currency, price) in [
        ("USD", 9_000.0),
        ("USD", 5_000.0),
        ("USD", -251.0),
        ("AUD", 17_500.0),
        ("AUD", 20_300.0),
        ("AUD", -1_000.0),
        ("NZD", 20_000.0),
        ("EUR", 15_000.0),
        ("EUR", -15_000.0),
        ("GBP", 6_000.0),
        ("JPY", 251_000.0),
        ("PKR", 35_000.0),
        ("OMR", 25.0),
        ("KRW", 350_000.0),
        ("USD", 0.0),
        ("USD", 0.01),
    ] {
        let place = Place {
            lasting: false,
            ..of(currency)
        };
        passes(Quantity::EnergyPrice, price, place);
    }
}

#[test]
fn a_price_scaled_twice_and_a_price_per_kwh_are_named() {
    let slip_of = |value, what| slip(what, value, of("USD"));
    assert!(slip_of(42_000.0, Quantity::EnergyPrice).contains("did you mean 42 (a factor of 1000"));
    assert_eq!(
        slip_of(0.065, Quantity::ContractPrice),
        "did you mean 65 (the price is per kWh)?"
    );
    assert_eq!(
        slip(Quantity::ContractPrice, 0.28, of("EUR")),
        "did you mean 280 (the price is per kWh)?"
    );
    // In Pakistan a kWh costs tens of rupees, in Oman hundredths of a rial.
    assert_eq!(
        slip(Quantity::ContractPrice, 25.0, of("PKR")),
        "did you mean 25000 (the price is per kWh)?"
    );
    assert_eq!(
        slip(Quantity::ContractPrice, 0.025, of("OMR")),
        "did you mean 25 (the price is per kWh)?"
    );
    passes(Quantity::ContractPrice, 25_000.0, of("PKR"));
    passes(Quantity::ContractPrice, 25.0, of("OMR"));
    passes(Quantity::ContractPrice, -30.0, of("USD"));
    passes(Quantity::Adder, 0.05, of("USD"));
}

#[test]
fn slips_of_a_site_are_named() {
    let usd = of("USD");
    for (what, value, proposed) in [
        (Quantity::Pue, 104.0, "1.04 (in percent)"),
        (Quantity::PuePerDegree, 0.6, "0.006 (in percent)"),
        (Quantity::DemandCharge, 3200.0, "3.2 (it is per MW)"),
        (Quantity::PeakCharge, 60_000.0, "60 (it is per MW)"),
        (
            Quantity::Availability,
            5000.0,
            "5 (a factor of 1000 too much)",
        ),
        (
            Quantity::Availability,
            5000.0,
            "6.84463 (it is per MW and month)",
        ),
        (
            Quantity::PoolFee,
            0.2,
            "0.002 (in percent) or 0.02 (a factor of 10",
        ),
        (Quantity::GpuHour, 240.0, "2.4 (in cents)"),
        (
            Quantity::GpuHour,
            1500.0,
            "2.05339 (it is per GPU and month)",
        ),
        (Quantity::Temperature, 95.0, "35 (in degrees Fahrenheit)"),
        (Quantity::Temperature, 300.0, "26.85 (in kelvin)"),
        (Quantity::Carbon, 0.41, "410 (it is in kg/kWh or t/MWh)"),
        (Quantity::Carbon, 410_000.0, "410 (it is in g/MWh)"),
        (Quantity::BitcoinPerBlock, 8_000_000.0, "0.08 (in satoshi)"),
        (
            Quantity::ShortTime,
            300_000.0,
            "300 (it is in milliseconds)",
        ),
        (Quantity::Share, 20.0, "0.2 (in percent)"),
        (Quantity::Penalty, 500_000.0, "500 (a factor of 1000"),
    ] {
        let slip = slip(what, value, usd);
        assert!(slip.contains(proposed), "{what:?} of {value}: {slip}");
    }
    let exchange = Place {
        currency: "PKR",
        per: "USD",
        ..Place::default()
    };
    assert!(
        slip(Quantity::ExchangeRate, 0.0036, exchange).contains("277.778 (the other way round)")
    );
    passes(Quantity::ExchangeRate, 280.0, exchange);
    let hash = slip(Quantity::Hashprice, 0.05, in_year("USD", 2025));
    assert!(hash.contains("50 (it is per TH/s and day)"), "{hash}");
    passes(Quantity::Hashprice, 50.0, in_year("USD", 2025));
    passes(Quantity::Hashprice, 380.0, in_year("USD", 2021));
}

/// Whatever is proposed is plausible itself, in every currency.
#[test]
fn what_is_proposed_is_plausible() {
    for what in [
        Quantity::EnergyPrice,
        Quantity::ContractPrice,
        Quantity::DemandCharge,
        Quantity::BitcoinPrice,
        Quantity::GpuHour,
        Quantity::Pue,
        Quantity::Difficulty,
    ] {
        for currency in ["USD", "PKR", "OMR", "JPY", "XYZ"] {
            let place = Place {
                at: Some(july(2024)),
                ..of(currency)
            };
            let (low, high) = what.limits(place);
            assert!(low < high, "{what:?} in {currency}");
            for power in -12..18 {
                let value = libm::pow(10.0, f64::from(power)) * 3.0;
                let Some(doubt) = what.doubt(value, place) else {
                    continue;
                };
                let Some(text) = doubt.slip.strip_prefix("did you mean ") else {
                    continue;
                };
                let meant: f64 = text
                    .split(' ')
                    .next()
                    .expect("a number")
                    .parse()
                    .expect(text);
                passes(what, meant, place);
            }
        }
    }
}

#[test]
fn numbers_read_well() {
    for (value, text) in [
        (0.0, "0"),
        (1.04, "1.04"),
        (-20_000.0, "-20000"),
        (16_666.666, "16666.7"),
        (1_100_000.0, "1100000"),
        (1.1e15, "1.1e15"),
        (8.2050001e13, "8.205e13"),
        (0.0005, "0.0005"),
        (3.2e-7, "3.2e-7"),
    ] {
        assert_eq!(show(value), text);
    }
}

/// Constants and keys of a site have no `scale` that could be to blame; where a binding has
/// one, the reader of its file names it.
#[test]
fn a_factor_of_a_thousand_blames_no_scale() {
    let place = of("USD");
    for (what, value) in [
        (Quantity::EnergyPrice, 65_000.0),
        (Quantity::ContractPrice, 65_000.0),
        (Quantity::Adder, 6_000.0),
        (Quantity::Penalty, 500_000.0),
    ] {
        let slip = slip(what, value, place);
        assert!(slip.contains("a factor of 1000 too much)"), "{slip}");
        assert!(!slip.contains("scale"), "{slip}");
    }
}
