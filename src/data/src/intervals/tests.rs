//! One small file for each fault, and for each thing that is bridged.

use crate::Loaded;
use crate::note::{Note, instant};
use crate::tests::{PRICE, hourly, world};

/// 48 hourly values covering the period of the test scenario.
fn rows() -> Vec<String> {
    let text = hourly("2022-01-01T00:00:00Z", (0..48).map(f64::from));
    text.lines().map(str::to_owned).collect()
}

fn edited(edit: impl FnOnce(&mut Vec<String>)) -> String {
    let mut rows = rows();
    edit(&mut rows);
    rows.join("\n") + "\n"
}

fn load(content: &str, more: &str) -> Loaded {
    let world = world().file("p.csv", content);
    world
        .load(&(PRICE.to_owned() + more))
        .unwrap_or_else(|faults| panic!("{faults}"))
}

fn refusal(content: &str, more: &str) -> String {
    world()
        .file("p.csv", content)
        .refusal(&(PRICE.to_owned() + more))
}

fn values(loaded: &Loaded) -> Vec<f64> {
    loaded.series["price"]
        .observations()
        .iter()
        .map(|o| o.value)
        .collect()
}

fn noted(loaded: &Loaded, text: &str) -> bool {
    loaded
        .notes
        .iter()
        .any(|note| note.to_string().contains(text))
}

#[test]
fn text_nan_and_infinity_are_refused_with_their_line() {
    for (text, line) in [("abc", 4), ("NaN", 9), ("inf", 2), ("1,234", 3)] {
        let content = edited(|rows| {
            rows[line - 1] =
                rows[line - 1].replace(&format!(",{}", line - 2), &format!(",\"{text}\""))
        });
        let refusal = refusal(&content, "");
        assert_eq!(
            refusal.lines().next(),
            Some(format!("p.csv:{line}: v = {text}: is no finite number").as_str())
        );
    }
}

#[test]
fn a_ragged_row_is_refused() {
    let refusal = refusal(&edited(|rows| rows[5] += ",9"), "");
    assert!(
        refusal.starts_with("p.csv:6: the row has 3 cells and the header 2"),
        "{refusal}"
    );
}

#[test]
fn missing_columns_list_those_there_are() {
    let refusal = refusal(&edited(|rows| rows[0] = "t,w".into()), "");
    assert_eq!(
        refusal,
        "p.csv:1: v: `data.price` binds a column that the file does not have\n  help: columns of the file: t, w"
    );
}

#[test]
fn equal_rows_are_dropped_and_contradicting_ones_refused() {
    let twin = edited(|rows| rows.insert(3, rows[2].clone()));
    let loaded = load(&twin, "");
    assert_eq!(values(&loaded).len(), 48);
    assert!(
        noted(&loaded, "1 row dropped, each equal to another one"),
        "{:?}",
        loaded.notes
    );
    let other = edited(|rows| rows.insert(3, rows[2].replace(",1", ",5")));
    let refusal = refusal(&other, "");
    assert!(
        refusal.starts_with(
            "p.csv:4: v = 5: line 3 has 1 for the same interval, starting 2022-01-01T01:00:00Z"
        ),
        "{refusal}"
    );
}

#[test]
fn overlapping_rows_are_refused() {
    let halves = edited(|rows| rows.insert(3, "2022-01-01T01:30:00Z,7".into()));
    let refusal = refusal(&halves, "");
    assert!(refusal.contains("p.csv:4: v: the interval starting 2022-01-01T01:30:00Z overlaps the one of line 3: they start 30 min apart and last 1 h"), "{refusal}");
}

#[test]
fn rows_out_of_order_are_sorted_and_noted() {
    let loaded = load(&edited(|rows| rows[1..].reverse()), "");
    assert_eq!(values(&loaded)[..3], [0.0, 1.0, 2.0]);
    assert!(noted(
        &loaded,
        "47 rows earlier than the one before; sorted by time"
    ));
}

#[test]
fn gaps_follow_their_rule() {
    let gap = edited(|rows| drop(rows.drain(5..8)));
    let refused = refusal(&gap, "");
    assert!(
        refused.starts_with("p.csv:6: v: no value inside the period: 1 span, 3 h in all: 2022-01-01T04:00:00Z to 2022-01-01T07:00:00Z"),
        "{refused}"
    );
    assert_eq!(values(&load(&gap, "gaps = \"leave\"")).len(), 45);
    let previous = load(&gap, "gaps = \"previous\"");
    assert_eq!(values(&previous)[3..8], [3.0, 3.0, 3.0, 3.0, 7.0]);
    assert!(noted(
        &previous,
        "missing and bridged with the value before, 3 intervals; 1 span, 3 h in all"
    ));
    assert_eq!(
        values(&load(&gap, "gaps = \"zero\""))[24 + 3..24 + 8],
        [3.0, 0.0, 0.0, 0.0, 7.0]
    );
    let line = load(&gap, "gaps = \"interpolate\"");
    assert_eq!(values(&line)[3..8], [3.0, 4.0, 5.0, 6.0, 7.0]);
    // The straight line needs the value after the gap, so it is known no earlier.
    let known: Vec<i64> = line.series["price"].observations()[3..8]
        .iter()
        .map(|o| o.known_at)
        .collect();
    assert_eq!(known[1..], [known[4]; 4]);
    let long = refusal(&gap, "gaps = \"previous\"\ngap_max_min = 120");
    assert!(long.contains("at most 2 h may be bridged"), "{long}");
}

#[test]
fn an_empty_cell_is_a_gap() {
    let content = edited(|rows| rows[5] = "2022-01-01T04:00:00Z,".into());
    assert!(refusal(&content, "").contains("no value inside the period: 1 span, 1 h in all"));
    let loaded = load(&content, "gaps = \"previous\"");
    assert!(noted(&loaded, "1 row without a value; treated as a gap"));
}

#[test]
fn a_file_that_ends_early_is_bridged_only_as_far_as_allowed() {
    let short = edited(|rows| rows.truncate(46));
    assert!(
        refusal(&short, "").contains("3 h in all: 2022-01-02T21:00:00Z to 2022-01-03T00:00:00Z")
    );
    assert_eq!(
        values(&load(&short, "gaps = \"previous\"\ngap_max_min = 180")).len(),
        48
    );
    assert!(refusal(&short, "gaps = \"previous\"\ngap_max_min = 120").contains("no value"));
    // Nothing lies before the first value that could be repeated.
    let late = edited(|rows| drop(rows.drain(1..3)));
    assert!(
        refusal(&late, "gaps = \"previous\"")
            .contains("2022-01-01T00:00:00Z to 2022-01-01T02:00:00Z")
    );
}

#[test]
fn a_file_of_another_year_is_named_and_can_be_moved_or_repeated() {
    let content = hourly("2021-01-01T00:00:00Z", (0..48).map(f64::from));
    let refused = refusal(&content, "");
    assert!(
        refused.contains(
            "the file covers 2021-01-01T00:00:00Z to 2021-01-03T00:00:00Z, and the run 2022"
        ),
        "{refused}"
    );
    let moved = load(&content, "shift_days = 365");
    assert_eq!(values(&moved).len(), 48);
    assert!(noted(&moved, "moved by 365 days"));
    let repeated = load(&content, "repeat = true");
    let series = &repeated.series["price"];
    assert_eq!(
        instant(series.observations()[0].start),
        "2021-12-31T00:00:00Z"
    );
    assert_eq!(series.observations().len(), 24 * 4);
    // Two-day cycles: 365 days later the phase is odd.
    assert_eq!(values(&repeated)[24..26], [24.0, 25.0]);
    assert!(noted(&repeated, "repeated"));
}

#[test]
fn values_outside_the_plausible_range_are_refused() {
    let content = edited(|rows| rows[9] = rows[9].replace(",8", ",8000"));
    let refusal = refusal(&content, "max = 5000");
    assert!(refusal.starts_with("p.csv:10: v = 8000 USD/MWh: lies above the greatest plausible value, data.price.max = 5000"), "{refusal}");
}

#[test]
fn a_stretch_in_another_unit_is_refused() {
    let level = |hour: u32| {
        f64::from(hour % 7 + 20)
            * if (18..36).contains(&hour) {
                1000.0
            } else {
                1.0
            }
    };
    let content = hourly("2022-01-01T00:00:00Z", (0..48).map(level));
    let refused = refusal(&content, "");
    assert!(
        refused.starts_with(
            "p.csv:20: v = 24000 USD/MWh: from here on 18 values lie about 1000 times above"
        ),
        "{refused}"
    );
    assert!(refused.contains("data.price.max"));
    load(&content, "max = 100000");
}

#[test]
fn a_wrong_step_is_suggested() {
    let hint = world()
        .file("p.csv", edited(|_| ()))
        .refusal(&PRICE.replace("step_min = 60", "step_min = 5"));
    assert!(
        hint.contains("rows are 1 h apart: is data.price.step_min = 60 meant?"),
        "{hint}"
    );
}

#[test]
fn an_offset_is_needed_or_a_zone() {
    let content = edited(|rows| rows[2] = rows[2].replace('Z', ""));
    let refused = refusal(&content, "");
    assert!(
        refused.starts_with("p.csv:3: t = 2022-01-01T01:00:00: has no offset from UTC"),
        "{refused}"
    );
    let milliseconds = edited(|rows| rows[1] = "1640995200000,1".into());
    let world = world().file("p.csv", milliseconds);
    let unix = PRICE.replace(
        "{ column = \"t\" }",
        "{ column = \"t\", format = \"unix_s\" }",
    );
    assert!(world.refusal(&unix).contains("looks like milliseconds"));
}

#[test]
fn a_filter_picks_one_series_of_many() {
    let mut content = "t,v,zone\n".to_owned();
    for hour in 0..48 {
        for zone in ["A", "B"] {
            let (day, clock) = (hour / 24 + 1, hour % 24);
            content += &format!(
                "2022-01-{day:02}T{clock:02}:00:00Z,{},{zone}\n",
                if zone == "A" { 1 } else { 2 }
            );
        }
    }
    assert_eq!(
        values(&load(
            &content,
            "filter = { column = \"zone\", equals = \"B\" }"
        )),
        [2.0; 48]
    );
    assert!(refusal(&content, "").contains("choose one with `filter`"));
    let none = refusal(&content, "filter = { column = \"zone\", equals = \"C\" }");
    assert_eq!(
        none,
        "p.csv: zone = C: no row of the file passes this filter\n  help: texts in the column: A, B"
    );
}

#[test]
fn columns_add_up_and_scale() {
    let content = edited(|rows| {
        rows[0] += ",w";
        rows.iter_mut().skip(1).for_each(|row| *row += ",10");
    });
    let world = world().file("p.csv", content);
    let sum = PRICE.replace("column = \"v\"", "columns = [\"v\", \"w\"]\nscale = 0.5");
    let loaded = world.load(&sum).expect("valid");
    assert_eq!(values(&loaded)[..2], [5.0, 5.5]);
}

#[test]
fn rows_without_a_step_last_until_the_next_and_ends_mark_ends() {
    let content = "t,v\n2022-01-01T00:00:00Z,1\n2022-01-01T06:00:00Z,2\n2022-01-02T00:00:00Z,3\n2022-01-03T00:00:00Z,4\n";
    let world = world().file("p.csv", content);
    let loaded = world
        .load(&PRICE.replace("step_min = 60\n", ""))
        .expect("valid");
    assert_eq!(values(&loaded), [1.0, 2.0, 3.0, 4.0]);
    assert_eq!(loaded.series["price"].at(1_641_081_599), Some(2.0));
    assert!(noted(&loaded, "intervals of 6 h to 24 h"));
    assert!(noted(
        &loaded,
        "nothing says how long the interval from 2022-01-03T00:00:00Z lasts; taken as 18 h"
    ));
    let ends = PRICE
        .replace("step_min = 60\n", "")
        .replace("{ column = \"t\" }", "{ column = \"t\", marks = \"end\" }");
    let loaded = world.load(&ends).expect("valid");
    assert_eq!(loaded.series["price"].at(1_641_081_599), Some(3.0));
    // With a step, the row before midnight is the hour before midnight.
    let shifted = PRICE.replace("{ column = \"t\" }", "{ column = \"t\", marks = \"end\" }");
    let hourly = self::world().file(
        "p.csv",
        hourly("2022-01-01T01:00:00Z", (0..48).map(f64::from)),
    );
    assert_eq!(
        values(&hourly.load(&shifted).expect("valid"))[..2],
        [0.0, 1.0]
    );
}

const LOCAL: &str = r#"
[data.price]
unit = "USD/MWh"
file = "p.csv"
column = "v"
time = { column = "t", format = "%Y-%m-%d %H:%M", zone = "America/Chicago" }
step_min = 60
publication = "end"
"#;

/// Clock hours of a day as written by a meter, with some left out or twice.
fn clock_day(day: &str, hours: impl IntoIterator<Item = u32>) -> String {
    hours
        .into_iter()
        .enumerate()
        .map(|(i, hour)| format!("{day} {hour:02}:00,{i}\n"))
        .collect()
}

#[test]
fn a_day_of_25_hours_is_read_in_order_of_appearance() {
    let hours = [0, 1].into_iter().chain(1..24);
    let content = "t,v\n".to_owned() + &clock_day("2022-11-06", hours);
    let world = world()
        .period("2022-11-06T05:00:00Z", "2022-11-07T06:00:00Z")
        .file("p.csv", &content);
    let loaded = world.load(LOCAL).expect("25 hours");
    assert_eq!(values(&loaded), (0..25).map(f64::from).collect::<Vec<_>>());
    assert!(noted(
        &loaded,
        "2 clock times of America/Chicago come twice"
    ));
    // Written from late to early, it means the same.
    let mut lines: Vec<&str> = content.lines().collect();
    lines[1..].reverse();
    let falling = self::world()
        .period("2022-11-06T05:00:00Z", "2022-11-07T06:00:00Z")
        .file("p.csv", lines.join("\n"));
    assert_eq!(
        values(&falling.load(LOCAL).expect("25 hours")),
        values(&loaded)
    );
}

#[test]
fn a_day_of_23_hours_has_no_gap_and_no_second_hour() {
    let hours = [0, 1].into_iter().chain(3..24);
    let world = world().period("2022-03-13T06:00:00Z", "2022-03-14T05:00:00Z");
    let world = world.file(
        "p.csv",
        "t,v\n".to_owned() + &clock_day("2022-03-13", hours),
    );
    assert_eq!(values(&world.load(LOCAL).expect("23 hours")).len(), 23);
    let world = world.file(
        "p.csv",
        "t,v\n".to_owned() + &clock_day("2022-03-13", 0..24),
    );
    let refusal = world.refusal(LOCAL);
    assert!(refusal.starts_with("p.csv:4: t = 2022-03-13 02:00: this time does not exist on the clock of America/Chicago"), "{refusal}");
    assert!(refusal.contains("set time.zone"));
}

#[test]
fn civil_dates_make_days_of_23_and_25_hours() {
    let world = world().period("2022-11-05T05:00:00Z", "2022-11-08T06:00:00Z");
    let world = world.file("p.csv", "t,v\n2022-11-05,1\n2022-11-06,2\n2022-11-07,3\n");
    let daily = LOCAL
        .replace("%Y-%m-%d %H:%M", "date")
        .replace("step_min = 60", "step_min = 1440");
    let loaded = world.load(&daily).expect("no gap, no overlap");
    let lengths: Vec<i64> = loaded.series["price"]
        .observations()
        .iter()
        .map(|o| (o.end - o.start) / 3600)
        .collect();
    assert_eq!(lengths, [24, 25, 24]);
}

#[test]
fn publication_columns_are_read_and_required() {
    let content = edited(|rows| {
        rows[0] += ",issued";
        rows.iter_mut()
            .skip(1)
            .for_each(|row| *row += ",2021-12-31T12:00:00Z");
    });
    let by_column = PRICE.replace("\"end\"", "\"column issued\"");
    let world = world().file("p.csv", &content);
    let loaded = world.load(&by_column).expect("valid");
    assert!(
        loaded.series["price"]
            .observations()
            .iter()
            .all(|o| instant(o.known_at) == "2021-12-31T12:00:00Z")
    );
    let world = world.file("p.csv", content.replacen(",2021-12-31T12:00:00Z", ",", 1));
    assert!(
        world
            .refusal(&by_column)
            .starts_with("p.csv:2: issued: the publication time is empty")
    );
}

#[test]
fn events_are_counted_or_summed_per_second() {
    // One request a minute, each of 120 tokens, over the whole period.
    let rows: String = (0..48 * 60)
        .map(|m| format!("{}.5,120\n", 1_640_995_200 + m * 60))
        .collect();
    let world = world().file("p.csv", "t,tokens\n".to_owned() + &rows);
    let body = r#"
[data.requests]
unit = "1"
file = "p.csv"
time = { column = "t", format = "unix_s" }
events_per_second_min = 60
publication = "end"
"#;
    let count = world.load(body).expect("valid");
    assert!(
        count.series["requests"]
            .observations()
            .iter()
            .all(|o| (o.value - 1.0 / 60.0).abs() < 1e-12)
    );
    assert_eq!(count.series["requests"].observations().len(), 48);
    let sum = world
        .load(&body.replace("time =", "column = \"tokens\"\ntime ="))
        .expect("valid");
    assert!(
        sum.series["requests"]
            .observations()
            .iter()
            .all(|o| (o.value - 2.0).abs() < 1e-9)
    );
}

mod plausible;
mod properties {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

        /// Whatever rows are missing: bridged with the value before, each hour holds the last
        /// value there was, nothing overlaps, and nothing is known before what it was made from.
        #[test]
        fn the_value_before_fills_every_hole(missing in proptest::collection::vec(1..48_usize, 0..40)) {
            let content = edited(|rows| {
                let mut hour = 0;
                rows.retain(|_| {
                    hour += 1;
                    // Row 0 is the header, row 1 the first value.
                    hour <= 2 || !missing.contains(&(hour - 2))
                });
            });
            let loaded = load(&content, "gaps = \"previous\"");
            let observations = loaded.series["price"].observations();
            prop_assert_eq!(observations.len(), 48);
            let mut last = 0.0;
            for (hour, o) in observations.iter().enumerate() {
                if hour == 0 || !missing.contains(&hour) {
                    last = hour as f64;
                }
                prop_assert_eq!(o.value, last);
                prop_assert_eq!(o.start, 1_640_995_200 + hour as i64 * 3600);
                prop_assert_eq!(o.known_at, o.end);
            }
        }
    }
}

#[test]
fn without_a_step_a_missing_span_is_a_gap_all_the_same() {
    let binding = PRICE.replace("step_min = 60\n", "");
    let gap = edited(|rows| drop(rows.drain(9..21)));
    let refused = world().file("p.csv", &gap).refusal(&binding);
    assert!(
        refused.contains("no value inside the period: 1 span, 12 h in all: 2022-01-01T08:00:00Z to 2022-01-01T20:00:00Z"),
        "{refused}"
    );
    let most = binding.clone() + "gaps = \"previous\"\ngap_max_min = 600\n";
    let refused = world().file("p.csv", &gap).refusal(&most);
    assert!(refused.contains("gap_max_min"), "{refused}");
    let ends = binding.replace("{ column = \"t\" }", "{ column = \"t\", marks = \"end\" }");
    let refused = world().file("p.csv", &gap).refusal(&ends);
    assert!(refused.contains("12 h"), "{refused}");
    // Weekends in a daily rate are no outage: they last until Monday.
    let days = [
        "2021-12-30",
        "2021-12-31",
        "2022-01-03",
        "2022-01-04",
        "2022-01-05",
        "2022-01-06",
        "2022-01-07",
        "2022-01-10",
    ];
    let rows = days.map(|day| format!("{day}T00:00:00Z,40\n")).concat();
    let loaded = world()
        .file("p.csv", "t,v\n".to_owned() + &rows)
        .load(&binding);
    assert!(loaded.is_ok(), "{:?}", loaded.err());
}

/// The rows with values by their position.
fn valued(value: impl Fn(usize) -> f64) -> String {
    edited(|rows| {
        for (index, row) in rows.iter_mut().enumerate().skip(1) {
            let time = row.split(',').next().unwrap_or("").to_owned();
            *row = format!("{time},{}", value(index));
        }
    })
}

#[test]
fn values_no_market_has_are_refused() {
    for (unit, value, problem) in [
        ("difficulty", 0.0, "a difficulty is at least 1"),
        ("difficulty", -1e14, "a difficulty is at least 1"),
        ("USD/BTC", 0.0, "a bitcoin's price is above zero"),
        ("BTC/block", -0.1, "bitcoin per block are zero or more"),
    ] {
        let binding = PRICE.replace("USD/MWh", unit);
        let rows = valued(|index| if index == 7 { value } else { 5.0 });
        let refused = world().file("p.csv", &rows).refusal(&binding);
        assert!(
            refused.starts_with("p.csv:8: v = ") && refused.contains(problem),
            "{refused}"
        );
        // What is impossible is no matter of what is plausible: `min` does not allow it.
        let constant = format!(
            "[data.x]\nunit = \"{unit}\"\nconstant = {value:?}\nmin = -1e15\npublication = \"start\""
        );
        let refused = world().refusal(&constant);
        assert!(
            refused.contains("data.x.constant") && refused.contains(problem),
            "{refused}"
        );
    }
    let gap: String = valued(|_| 5.0)
        .lines()
        .enumerate()
        .filter(|(index, _)| !(9..21).contains(index))
        .map(|(_, row)| format!("{row}\n"))
        .collect();
    let zero = PRICE.replace("USD/MWh", "difficulty") + "gaps = \"zero\"\nmin = 1";
    let refused = world().file("p.csv", &gap).refusal(&zero);
    assert!(
        refused.contains("data.price.gaps = zero: a difficulty is at least 1"),
        "{refused}"
    );
}

#[test]
fn one_end_of_the_plausible_range_leaves_the_other_to_be_looked_at() {
    let rows = valued(|index| {
        let level = if (20..40).contains(&index) {
            1000.0
        } else {
            1.0
        };
        level * (40.0 + (index % 7) as f64)
    });
    let refused = refusal(&rows, "min = 0");
    assert!(refused.contains("1000 times"), "{refused}");
    assert_eq!(values(&load(&rows, "max = 100000\nmin = 0")).len(), 48);
}

#[test]
fn supply_that_dwarfs_the_site_is_refused_unless_it_is_said_to_be_right() {
    let world = world().file("p.csv", valued(|index| 4000.0 + index as f64));
    let binding = PRICE.replace("USD/MWh", "MW");
    let load = |more: &str| {
        let mut scenario = world.scenario(&(binding.clone() + more));
        scenario.site.supply[0].available_mw = swingload_model::site::Amount::Series {
            series: "price".into(),
            scale: 1.0,
        };
        crate::load(&scenario, Some(&world.root()))
    };
    let refused = load("").expect_err("kW among MW").0[0].to_string();
    assert!(
        refused.contains("data.price") && refused.contains("scale = 0.001"),
        "{refused}"
    );
    assert!(load("max = 1e6").is_ok());
    let noted = load("scale = 0.000001").expect("loads");
    assert!(noted.notes.iter().any(|n| n.text.contains("in GW")));
}

/// A tenant's power in kW, of 4 MW on a site of 20, would be missed at a penalty in every step.
#[test]
fn a_tenants_power_in_kilowatts_is_refused() {
    use swingload_model::site::commitment::{Commitment, CommitmentKind};
    let world = world().file("p.csv", valued(|index| 4000.0 + index as f64));
    let load = |more: &str| {
        let mut scenario = world.scenario(&(PRICE.replace("USD/MWh", "MW") + more));
        scenario.site.commitments.push(Commitment {
            id: "tenant".into(),
            kind: CommitmentKind::Hosting {
                node: 0,
                used_for: swingload_model::site::Use::Inference,
                power_mw: swingload_model::site::Amount::Series {
                    series: "price".into(),
                    scale: 1.0,
                },
                price: swingload_model::site::Amount::Constant(120.0),
                take_or_pay: 0.0,
                take_or_pay_price: None,
                contracted_mw: 4.0,
                penalty_per_mwh: 500.0,
            },
            from: None,
            to: None,
        });
        crate::load(&scenario, Some(&world.root()))
    };
    let refused = load("").expect_err("kW among MW").0[0].to_string();
    assert!(refused.contains("half of the tenant `tenant`"), "{refused}");
    assert!(load("scale = 0.001").is_ok());
}

#[test]
fn publication_times_from_a_column_need_a_row_for_each_value() {
    use swingload_model::scenario::binding::{Publication, Source};
    let world = world().file("p.csv", valued(|_| 5.0));
    let constant = "[data.x]\nunit = \"1\"\nconstant = 1\npublication = \"start\"";
    for (body, name) in [(PRICE, "price"), (constant, "x")] {
        let mut scenario = world.scenario(body);
        let binding = scenario.data.get_mut(name).expect("bound");
        binding.publication = Publication::Column("issued".into());
        if let Source::File(source) = &mut binding.source {
            source.events_step = Some(3600);
        }
        let refused = crate::load(&scenario, Some(&world.root())).expect_err("refused");
        let text = refused.0[0].to_string();
        assert!(text.contains("publication = column issued"), "{text}");
    }
}

/// Rows whenever something changes: the value of each holds until the next.
fn whenever(times: &[&str]) -> String {
    let rows = times.iter().enumerate();
    let rows = rows.map(|(i, time)| format!("2022-01-{time}:00Z,{}\n", i + 1));
    "t,v\n".to_owned() + &rows.collect::<String>()
}

#[test]
fn the_end_of_a_value_that_holds_until_the_next_row_is_not_known_before() {
    const EVENTS: &str = "[data.price]\nunit = \"USD/MWh\"\nfile = \"p.csv\"\ncolumn = \"v\"\n\
        time = { column = \"t\" }\npublication = \"start\"\n";
    let load = |times: &[&str]| {
        let world = world().file("p.csv", whenever(times));
        let loaded = world
            .load(EVENTS)
            .unwrap_or_else(|faults| panic!("{faults}"));
        loaded.series["price"].observations().to_vec()
    };
    let head = ["01T00:00", "01T04:10", "01T09:30"];
    let early = load(&[&head[..], &["01T17:20", "02T06:00", "02T13:00", "02T20:00"]].concat());
    let late = load(&[&head[..], &["02T00:40", "02T06:00", "02T13:00", "02T20:00"]].concat());
    let at = |text: &str| {
        format!("2022-01-{text}:00Z")
            .parse::<jiff::Timestamp>()
            .expect("a time")
            .as_second()
    };
    let known = |all: &[swingload_model::series::Observation], by: i64| {
        let mut known: Vec<(i64, i64, i64)> = all
            .iter()
            .filter(|o| o.known_at <= by)
            .map(|o| (o.start, o.end, o.value as i64))
            .collect();
        known.sort_unstable();
        known
    };
    for minute in (0..17 * 60 + 20).step_by(10) {
        let now = at("01T00:00") + minute * 60;
        assert_eq!(known(&early, now), known(&late, now), "{minute} min");
    }
    let next = at("01T17:20");
    assert!(
        known(&early, next).contains(&(next, at("01T21:00"), 4)),
        "the next value is known at its start"
    );
    // The shortest row lasts 4 h 10 min, so each value is known for the whole hours of that.
    let by = known(&early, at("01T10:15"));
    assert_eq!(by.last(), Some(&(at("01T09:30"), at("01T13:00"), 3)));
    // What is true does not change, only when it is known.
    assert!(early.windows(2).all(|pair| pair[0].end == pair[1].start));
    assert!(early.iter().all(|o| o.known_at <= o.end));
}

/// A time of the test period: day of January 2022 and clock.
fn at(text: &str) -> i64 {
    let time = format!("2022-01-{text}:00Z").parse::<jiff::Timestamp>();
    time.expect("a time").as_second()
}

/// The test's price without a row length, under another publication rule.
fn of_any_length(publication: &str) -> String {
    PRICE
        .replace("step_min = 60\n", "")
        .replace("\"end\"", publication)
}

/// What is known by `by`: start, end and value, neighbours of equal value joined.
fn known_by(loaded: &Loaded, by: i64) -> Vec<(i64, i64, f64)> {
    let mut all: Vec<(i64, i64, f64)> = Vec::new();
    let known = loaded.series["price"].observations().iter();
    for o in known.filter(|o| o.known_at <= by) {
        match all.last_mut() {
            Some(last) if (last.1, last.2) == (o.start, o.value) => last.1 = o.end,
            _ => all.push((o.start, o.end, o.value)),
        }
    }
    all
}

/// Rows at these times of 31 December to 3 January, each with another value.
fn rows_at(times: impl IntoIterator<Item = i64>) -> String {
    let row = |(i, time): (usize, i64)| format!("{},{}\n", instant(time), 40 + i % 7);
    "t,v\n".to_owned() + &times.into_iter().enumerate().map(row).collect::<String>()
}

#[test]
fn what_is_published_together_is_known_together_whatever_the_lengths_of_rows() {
    let (first, half, end) = (at("01T00:00") - 86_400, at("02T00:00"), at("04T00:00"));
    let hours = |from: i64, until: i64| (from..until).step_by(3_600);
    let quarters = |from: i64, until: i64| (from..until).step_by(900);
    // Hours until the second day, then quarters; hours with one row at half past; and hours
    // with quarters in the evening only.
    let switch: Vec<i64> = hours(first, half).chain(quarters(half, end)).collect();
    let mut stray: Vec<i64> = hours(first, end).chain([at("01T10:30")]).collect();
    let mut evening: Vec<i64> = hours(first, end)
        .flat_map(|hour| match hour.rem_euclid(86_400) / 3_600 {
            17..21 => quarters(hour, hour + 3_600).collect::<Vec<_>>(),
            _ => vec![hour],
        })
        .collect();
    stray.sort_unstable();
    evening.sort_unstable();
    for (case, times) in [
        ("switch", &switch),
        ("stray", &stray),
        ("evening", &evening),
    ] {
        let world = world().file("p.csv", rows_at(times.iter().copied()));
        let ahead = of_any_length("\"D-1 13:00 UTC\"");
        let loaded = world.load(&ahead).unwrap_or_else(|f| panic!("{case}: {f}"));
        assert!(!noted(&loaded, "missing"), "{case}: {:?}", loaded.notes);
        for day in ["01", "02"] {
            // An hour before the auction nothing of the day is known, then all of it.
            let (midnight, gate) = (at(&format!("{day}T00:00")), at(&format!("{day}T13:00")));
            let gate = gate - 86_400;
            let until = |by: i64| known_by(&loaded, by).last().map(|last| last.1);
            assert_eq!(until(gate - 3_600), Some(midnight), "{case} {day}");
            assert_eq!(until(gate), Some(midnight + 86_400), "{case} {day}");
        }
        let always = world.load(&of_any_length("\"always\"")).expect("loads");
        let known = known_by(&always, first);
        assert_eq!(known.last().map(|last| last.1 > half), Some(true), "{case}");
        // Each row lasts until the next one.
        for pair in times.windows(2).filter(|pair| pair[1] < at("03T00:00")) {
            assert!(
                known.iter().any(|k| (k.0, k.1) == (pair[0], pair[1])),
                "{case}: {} to {}",
                instant(pair[0]),
                instant(pair[1])
            );
        }
    }
    // An hourly row is known for its hour, however many quarters follow it.
    let start = world()
        .file("p.csv", rows_at(switch.iter().copied()))
        .load(&of_any_length("\"start\""))
        .expect("loads");
    let now = at("01T15:00");
    assert_eq!(known_by(&start, now).last().map(|k| k.1), Some(now + 3_600));
}

#[test]
fn repeats_left_out_are_known_to_the_end_of_their_day_and_no_further() {
    // A value stands until the next row, over midnight too.
    let times = |second: &str| {
        let first = [
            "00:00", "00:45", "01:15", "02:45", "03:00", "07:30", "08:00", "11:15",
        ];
        let then = ["12:00", "16:45", "17:15", "17:30", "18:45", "22:45"];
        let mut all: Vec<i64> = (first.iter().chain(&then))
            .map(|clock| at(&format!("01T{clock}")) - 86_400)
            .collect();
        let day: Vec<i64> = all.iter().map(|t| t + 86_400).collect();
        all.extend(&day);
        all.push(at(second));
        all.extend(["02T11:15", "02T14:00", "02T20:15", "02T23:30"].map(at));
        all
    };
    let ahead = of_any_length("\"D-1 13:00 UTC\"");
    let load = |second: &str| {
        let world = world().file("p.csv", rows_at(times(second)));
        world
            .load(&ahead)
            .unwrap_or_else(|faults| panic!("{faults}"))
    };
    let (early, late) = (load("02T01:15"), load("02T09:30"));
    let (auction, midnight) = (at("01T13:00"), at("02T00:00"));
    // Until the next auction nobody knows how long the last value of the day stands.
    for now in (at("01T00:00") - 86_400..auction).step_by(900) {
        assert_eq!(
            known_by(&early, now),
            known_by(&late, now),
            "{}",
            instant(now)
        );
    }
    let day_before = known_by(&early, at("01T12:00"));
    assert_eq!(
        day_before.last().map(|k| (k.0, k.1)),
        Some((at("01T22:45"), midnight))
    );
    let after = known_by(&early, auction);
    assert!(
        after
            .iter()
            .any(|k| (k.0, k.1) == (at("01T22:45"), at("02T01:15")))
    );
    assert!(!noted(&early, "missing"), "{:?}", early.notes);
}

#[test]
fn a_late_auction_is_not_known_before_it_is_published() {
    // The rows of the second day are published at two in the morning of that day.
    let mut content = "t,v,issued\n".to_owned();
    for quarter in 0..48 * 4 {
        let start = at("01T00:00") + quarter * 900;
        let hourly = start < at("02T00:00");
        if hourly && quarter % 4 > 0 {
            continue;
        }
        let issued = if hourly {
            at("01T00:00") - 11 * 3_600
        } else {
            at("02T02:00")
        };
        content += &format!("{},{},{}\n", instant(start), quarter, instant(issued));
    }
    let by_column = of_any_length("\"column issued\"");
    let loaded = world()
        .file("p.csv", content)
        .load(&by_column)
        .expect("loads");
    let until = |by: i64| known_by(&loaded, by).last().map(|last| last.1);
    assert_eq!(until(at("01T00:00")), Some(at("02T00:00")));
    assert_eq!(until(at("02T02:00") - 1), Some(at("02T00:00")));
    assert_eq!(until(at("02T02:00")), Some(at("03T00:00")));
}

#[test]
fn a_change_of_length_in_the_history_leaves_nothing_out_and_an_outage_is_told() {
    let first = at("01T00:00") - 86_400;
    let hours = (first..at("01T00:00")).step_by(3_600);
    let quarters = (at("01T00:00")..at("04T00:00")).step_by(900);
    let all: Vec<i64> = hours.chain(quarters).collect();
    let ahead = of_any_length("\"D-1 13:00 UTC\"");
    let loaded = world().file("p.csv", rows_at(all.clone())).load(&ahead);
    assert!(!noted(&loaded.expect("loads"), "left out"));
    let outage = all
        .into_iter()
        .filter(|t| !(at("01T09:15")..at("01T10:00")).contains(t));
    let refused = world().file("p.csv", rows_at(outage)).refusal(&ahead);
    assert!(
        refused.contains("1 span, 45 min in all: 2022-01-01T09:15:00Z to 2022-01-01T10:00:00Z"),
        "{refused}"
    );
    assert!(!refused.contains("interpolate"), "{refused}");
}

/// Two days of hours around one of quarters; a lost row is stood for by the one before it, and
/// that is told with the times, like every other gap.
#[test]
fn rows_lost_where_lengths_are_mixed_are_named() {
    let day = 86_400;
    let hours = |from: i64| (from..from + day).step_by(3_600);
    let quarters = (at("02T00:00")..at("03T00:00")).step_by(900);
    let all: Vec<i64> = hours(at("01T00:00"))
        .chain(quarters)
        .chain(hours(at("03T00:00")))
        .collect();
    let binding = of_any_length("\"start\"");
    let told = |lost: &[&str], binding: &str| -> Vec<String> {
        let lost: Vec<i64> = lost.iter().map(|time| at(time)).collect();
        let left = all.iter().copied().filter(|time| !lost.contains(time));
        let world = world().file("p.csv", rows_at(left));
        let loaded = world.load(binding).expect("loads");
        let notes = loaded.notes.iter();
        let of_file = |note: &&Note| note.text.contains("missing") && note.file.ends_with("p.csv");
        let said = |note: &Note| format!("{}: {}", note.subject, note.text);
        notes.filter(of_file).map(said).collect()
    };
    assert_eq!(told(&[], &binding), Vec::<String>::new());
    assert_eq!(
        told(&["01T05:00"], &binding),
        [
            "data.price: 1 row seems missing by the distance of those around and bridged with the \
          value before; 1 span, 1 h in all: 2022-01-01T05:00:00Z to 2022-01-01T06:00:00Z"
        ]
    );
    assert_eq!(
        told(&["01T05:00", "01T06:00", "02T09:15"], &binding),
        [
            "data.price: 3 rows seem missing by the distance of those around and bridged with the \
          value before; 2 spans, 135 min in all, the longest 2 h: 2022-01-01T05:00:00Z to \
          2022-01-01T07:00:00Z, 2022-01-02T09:15:00Z to 2022-01-02T09:30:00Z"
        ]
    );
    // Where times mark ends, the row after a lost one stands for it.
    let ends = binding.replace("{ column = \"t\" }", "{ column = \"t\", marks = \"end\" }");
    assert_eq!(
        told(&["01T05:00"], &ends),
        [
            "data.price: 1 row seems missing by the distance of those around and bridged with the \
          value after; 1 span, 1 h in all: 2022-01-01T04:00:00Z to 2022-01-01T05:00:00Z"
        ]
    );
}

#[test]
fn zeros_for_prices_not_yet_known_are_told_with_a_remedy_that_works() {
    let first = at("01T00:00") - 20 * 86_400;
    let rows = |value: &dyn Fn(i64) -> f64| {
        let hours =
            (0..22 * 24).map(|hour| format!("{},{}\n", instant(first + hour * 3_600), value(hour)));
        "t,v\n".to_owned() + &hours.collect::<String>()
    };
    let moving = |hour: i64| 85.0 + (hour * 7 % 30) as f64;
    let told = |value: &dyn Fn(i64) -> f64| {
        let loaded = load(&rows(value), "");
        let all: Vec<String> = loaded.notes.iter().map(ToString::to_string).collect();
        let mut all = all.into_iter().filter(|note| note.contains("of exactly"));
        all.next()
    };
    let last_day = 21 * 24;
    let zeros = |hour: i64| if hour >= last_day { 0.0 } else { moving(hour) };
    let note = told(&zeros).expect("told");
    assert!(
        note.contains("24 h of exactly 0 USD/MWh from 2022-01-02T00:00:00Z to the end of the file, where no value stood longer than 1 h before")
            && note.contains("data.price.until = \"2022-01-02T00:00:00Z\""),
        "{note}"
    );
    // The remedy leaves them out, and the period has a gap that its rule is for.
    let refused = refusal(&rows(&zeros), "until = \"2022-01-02T00:00:00Z\"");
    assert!(
        refused.contains("no value inside the period: 1 span, 24 h"),
        "{refused}"
    );
    let bridged = "until = \"2022-01-02T00:00:00Z\"\ngaps = \"previous\"";
    let loaded = load(&rows(&zeros), bridged);
    assert!(noted(
        &loaded,
        "24 rows from 2022-01-02T00:00:00Z on left out, as data.price.until says"
    ));
    assert!(!noted(&loaded, "of exactly"));
    // Placeholders need not be zeros.
    let held = |hour: i64| {
        if hour >= last_day {
            99.99
        } else {
            moving(hour)
        }
    };
    assert!(told(&held).is_some());
    // Nothing of this is a placeholder: a season of zeros and prices below, in the middle and
    // at the end; a constant tariff, by day and night or from year to year; a short stand.
    let season = |from: i64, until: i64| {
        move |hour: i64| match (from..until).contains(&hour) {
            true if hour % 24 < 10 => moving(hour) - 70.0,
            true if hour % 24 < 18 => 0.0,
            true => -5.0 - (hour % 5) as f64,
            false => moving(hour),
        }
    };
    let middle = |hour: i64| {
        if (300..350).contains(&hour) {
            0.0
        } else {
            moving(hour)
        }
    };
    let others: [(&str, &dyn Fn(i64) -> f64); 8] = [
        ("season in the middle", &season(200, 400)),
        ("season to the end", &season(200, 22 * 24)),
        ("zeros in the middle", &middle),
        ("constant", &|_| 40.0),
        ("constant zero", &|_| 0.0),
        ("day and night", &|hour| {
            if hour % 24 < 8 { 30.0 } else { 60.0 }
        }),
        ("new tariff", &|hour| if hour < 150 { 30.0 } else { 32.0 }),
        ("five hours", &|hour| {
            if hour >= 22 * 24 - 5 {
                0.0
            } else {
                moving(hour)
            }
        }),
    ];
    for (case, value) in others {
        assert_eq!(told(value), None, "{case}");
    }
}
