//! A synthetic run that looks like one: a flexible site, prices with spikes,
//! GPU jobs. Seeded arithmetic of its own; the figures show a shape and mean nothing.

use swingload_report::html::{
    Band, Bar, BarKind, Bin, Cell, Column, DearDecision, Decision, Fact, Figure, Histogram, Job,
    JobRun, Kind, Outcome, Payload, PolicyMoney, PolicyMoneyRow, Slots, StepSeries, Table, Use,
    UseSeries, Waterfall,
};

const START: i64 = 1_656_651_600; // 2022-07-01T00:00 in Chicago
const STEP: i64 = 300;
const MW: i64 = 1_000_000;

/// SplitMix64: enough for a picture, and the same on every machine.
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn noise(&mut self) -> f64 {
        self.next() + self.next() + self.next() - 1.5
    }
}

struct Halls {
    label: String,
    pool: &'static str,
    capacity: f64,
    strike: f64,
    gpu: bool,
}

/// A run of `steps` five-minute steps over `nodes` nodes.
pub(crate) fn sample(steps: usize, nodes: usize, seed: u64) -> Payload {
    let mut draws = Draws(seed);
    let starts: Vec<i64> = (0..steps as i64).map(|t| START + STEP * t).collect();
    let end = START + STEP * steps as i64;
    let halls = halls(nodes);
    let weather = weather(&starts, &mut draws);
    let site_mw = halls.iter().map(|hall| hall.capacity).sum::<f64>() * 1.06;
    let limit: Vec<i64> = starts
        .iter()
        .map(|start| {
            let derated = (start / 86_400) % 11 == 4 && (start % 86_400) / 3600 > 18;
            (site_mw * if derated { 0.7 } else { 1.0 }) as i64 * MW
        })
        .collect();
    let (slots, totals) = decide(&starts, end, &halls, &weather, &limit, &mut draws);
    let surplus = weather
        .iter()
        .map(|w| Some((w.surplus * site_mw * 1e6) as i64))
        .collect();
    let jobs = jobs(&starts, &mut draws);
    let prices: Vec<Option<f64>> = weather.iter().map(|w| Some(w.price)).collect();
    Payload {
        kind: Kind::Run,
        sections: Vec::new(),
        title: "A flexible month in West Texas".into(),
        description: "A synthetic site of four mining halls and two GPU halls behind one \
            transformer, with real-time prices that swing and spike. It shows the shape of a \
            report; every figure in it is drawn by a seeded generator."
            .into(),
        site: "Sample site, 100 MW".into(),
        currency: "USD".into(),
        time_zone: "America/Chicago".into(),
        policy: "swingload".into(),
        facts: facts(seed, steps),
        figures: figures(),
        policies: policies(),
        money: Some(money()),
        levers: Some(levers()),
        dearest: dearest(&starts, &weather, &halls),
        series: StepSeries {
            limit,
            uses: totals,
            marginal: Vec::new(),
            price_forecast: Some(band(&weather, |w| w.expected_price, 0.35)),
            surplus,
            surplus_forecast: Some(band(&weather, |w| w.surplus * site_mw * 1e6, 0.3)),
            price: prices,
            starts,
            end,
        },
        jobs,
        jobs_beyond: 0,
        slots: Some(slots),
        variants: Some(variants()),
        promises: None,
        regions: None,
        tariff: Some(tariff()),
        pools: Some(pools(&halls)),
        curtailed_runs: Some(curtailed_runs()),
        incidents: None,
        notes: vec![
            "Prices of 3 July 02:00–02:15 were missing and were taken from the step before.".into(),
            "Cooling is modelled as a fixed part plus a marginal PUE that grows with temperature."
                .into(),
        ],
    }
}

fn variants() -> Table {
    let column = |label: &str, unit: &str| Column {
        label: label.into(),
        unit: unit.into(),
        ..Column::default()
    };
    Table {
        columns: vec![
            column("variant", ""),
            column("what", ""),
            column("NPV", "USD"),
        ],
        rows: vec![
            vec!["stay".into(), "As it is".into(), 81_000_000.0.into()],
            vec![
                "grow".into(),
                "Twenty megawatts more".into(),
                97_000_000.0.into(),
            ],
        ],
        highlight: Some(1),
        note: String::new(),
    }
}

fn halls(count: usize) -> Vec<Halls> {
    let kinds: [(&str, f64, f64, bool); 6] = [
        ("S19j Pro", 22.0, 78.0, false),
        ("S19 XP", 18.0, 112.0, false),
        ("S19j Pro", 20.0, 74.0, false),
        ("M50S", 14.0, 90.0, false),
        ("H100", 12.0, 1450.0, true),
        ("A100", 8.0, 640.0, true),
    ];
    (0..count)
        .map(|index| {
            let (pool, capacity, strike, gpu) = kinds[index % kinds.len()];
            let kind = if gpu { "GPU hall" } else { "Mining hall" };
            Halls {
                label: format!("{kind} {}", char::from(b'A' + index as u8)),
                pool,
                capacity,
                strike,
                gpu,
            }
        })
        .collect()
}

struct Weather {
    price: f64,
    expected_price: f64,
    surplus: f64,
}

fn weather(starts: &[i64], draws: &mut Draws) -> Vec<Weather> {
    let (mut wind, mut spike, mut jitter) = (0.5, 0.0, 0.0);
    starts
        .iter()
        .map(|start| {
            let hour = ((start - 5 * 3600) % 86_400) as f64 / 3600.0;
            let evening = (-(hour - 18.5).powi(2) / 6.0).exp();
            let sun = (-(hour - 13.0).powi(2) / 9.0).exp();
            wind = (wind + 0.012 * draws.noise() + 0.002 * (0.45 - wind)).clamp(0.0, 1.0);
            jitter = 0.9 * jitter + 3.0 * draws.noise();
            if draws.next() < 0.0022 * (0.2 + 3.0 * evening) {
                spike = 150.0 + 1400.0 * draws.next().powi(3);
            }
            spike *= 0.93;
            let expected = 48.0 + 62.0 * evening - 22.0 * sun - 55.0 * (wind - 0.45);
            Weather {
                price: expected + jitter + spike,
                expected_price: expected,
                surplus: (wind * 0.9 + sun * 0.35 - 0.35).clamp(0.0, 0.9),
            }
        })
        .collect()
}

fn decide(
    starts: &[i64],
    end: i64,
    halls: &[Halls],
    weather: &[Weather],
    limit: &[i64],
    draws: &mut Draws,
) -> (Slots, Vec<UseSeries>) {
    let mut slots = Slots::new(starts.to_vec(), end);
    slots.reason(
        "in_merit",
        "Worth more than its energy: beats {runner_up} by {margin} at {price}.",
    );
    slots.reason(
        "above_breakeven",
        "Energy at {price} costs more than hashing earns; left unused.",
    );
    slots.reason(
        "ramp",
        "Still rising: the site's ramp limit holds it at {power}.",
    );
    slots.reason("floor", "The must-serve floor of the service.");
    slots.reason(
        "demand",
        "Requests are worth more than training here, by {margin}.",
    );
    slots.reason(
        "gang_running",
        "A gang runs; stopping it would lose work since its checkpoint.",
    );
    slots.reason("queue_empty", "No job waits that would pay for this slot.");
    slots.reason(
        "underclocked",
        "At its efficient point: the next step of hashrate costs more than it earns.",
    );
    slots.reason(
        "derated",
        "The transformer is derated; {runner_up} gives up least value.",
    );
    let mut totals: Vec<Vec<i64>> = vec![vec![0; starts.len()]; 4];
    for hall in halls {
        let node = slots.node(
            hall.label.clone(),
            weather.iter().map(|w| Some(w.price)).collect(),
        );
        let uses = [Use::Hashing, Use::Inference, Use::Training, Use::Nothing];
        let lines = uses.map(|usage| {
            let label = if usage == Use::Nothing { "" } else { hall.pool };
            slots.line(node, usage, label)
        });
        let mut level = 0.0;
        let mut training = 0.5;
        for (step, now) in weather.iter().enumerate() {
            if hall.label == "Mining hall A" && (120..126).contains(&step) {
                slots.event(step, "Called by ers: at most 8 MW.");
            }
            let derated = limit[step] < limit.iter().copied().max().unwrap_or(0);
            let hour = (((starts[step] - 5 * 3600) % 86_400) / 3600) as f64;
            let watts = |mw: f64| (mw * 1000.0).round() as i64 * 1000;
            let margin = (hall.strike - now.price).abs();
            let mut put = |line: usize, mw: f64, reason, runner_up, margin| {
                let decision = Decision {
                    watts: watts(mw),
                    reason,
                    runner_up,
                    margin,
                    value: Some(hall.strike),
                    held: Some(now.price + 6.0),
                };
                slots.set(lines[line], step, decision);
                if line < 3 {
                    totals[line][step] += decision.watts;
                }
            };
            if hall.gpu {
                if draws.next() < 0.01 {
                    training = (draws.next() * 8.0).round() / 8.0;
                }
                let served = hall.capacity * (0.22 + 0.14 * (-(hour - 15.0).powi(2) / 20.0).exp());
                let trained =
                    (hall.capacity - served) * training * if now.price > 400.0 { 0.0 } else { 1.0 };
                put(
                    1,
                    served,
                    if hour < 7.0 { "floor" } else { "demand" },
                    Some("training"),
                    Some(margin * 0.4),
                );
                put(
                    2,
                    trained,
                    if trained > 0.0 {
                        "gang_running"
                    } else {
                        "queue_empty"
                    },
                    (trained > 0.0).then_some("nothing"),
                    (trained > 0.0).then_some(margin),
                );
                put(
                    3,
                    hall.capacity - served - trained,
                    "queue_empty",
                    None,
                    None,
                );
            } else {
                let wanted = match now.price {
                    p if p > hall.strike => 0.0,
                    p if p > hall.strike * 0.86 => 0.7,
                    _ if derated => 0.55,
                    _ => 1.0,
                };
                level = f64::min(wanted, level + 0.2);
                let reason = match wanted {
                    0.0 => "above_breakeven",
                    w if level < w => "ramp",
                    0.55 => "derated",
                    0.7 => "underclocked",
                    _ => "in_merit",
                };
                let rest = if level > 0.0 { "nothing" } else { "hashing" };
                put(0, hall.capacity * level, reason, Some(rest), Some(margin));
                put(
                    3,
                    hall.capacity * (1.0 - level),
                    reason,
                    Some("hashing"),
                    Some(margin),
                );
            }
        }
    }
    let overhead = (0..starts.len())
        .map(|step| 2 * MW + (totals[0][step] + totals[1][step] + totals[2][step]) / 40)
        .collect();
    let [hashing, inference, training, _] = totals.try_into().expect("four columns");
    let column = |usage, watts| UseSeries { usage, watts };
    let uses = vec![
        column(Use::Overhead, overhead),
        column(Use::Inference, inference),
        column(Use::Training, training),
        column(Use::Hashing, hashing),
    ];
    (slots, uses)
}

fn band(weather: &[Weather], value: impl Fn(&Weather) -> f64, spread: f64) -> Band {
    let quantile = |by: f64| {
        weather
            .iter()
            .map(|w| Some(value(w) + by * value(w).abs()))
            .collect()
    };
    Band {
        p10: quantile(-spread),
        p50: quantile(0.03),
        p90: quantile(spread * 1.2),
    }
}

fn jobs(starts: &[i64], draws: &mut Draws) -> Vec<Job> {
    let end = START + STEP * starts.len() as i64;
    let round = |seconds: f64| (seconds / STEP as f64).round() as i64 * STEP;
    let classes = [
        "pretrain-lab",
        "vision-batch",
        "genomics",
        "render-farm",
        "eval-nightly",
    ];
    (0..520)
        .map(|index| {
            let release = START + round(draws.next() * (end - START) as f64 * 0.97);
            let hours = 1.0 + 40.0 * draws.next().powi(3);
            let gpus = [8, 16, 32, 64, 256][(draws.next() * 5.0) as usize];
            let first = release + round(draws.next().powi(2) * 30_000.0);
            let length = round(hours * 3600.0);
            let mut runs = vec![];
            let watts = i64::from(gpus) * 1275;
            if draws.next() < 0.35 && length > 7200 {
                let half = length / 2 / STEP * STEP;
                let pause = round(3600.0 + draws.next() * 20_000.0);
                runs.push(JobRun {
                    start: first,
                    end: first + half,
                    gpus,
                    watts,
                });
                let start = first + half + pause;
                runs.push(JobRun {
                    start,
                    end: start + length - half,
                    gpus,
                    watts,
                });
            } else {
                runs.push(JobRun {
                    start: first,
                    end: first + length,
                    gpus,
                    watts,
                });
            }
            runs.retain(|run| run.start < end);
            for run in &mut runs {
                run.end = run.end.min(end);
            }
            let done = runs.last().map_or(end, |run| run.end);
            let late = draws.next() < 0.04;
            let slack = if late {
                -5400.0
            } else {
                3600.0 + draws.next() * 50_000.0
            };
            let outcome = match (done >= end, late) {
                (true, _) => Outcome::Open,
                (_, true) => Outcome::Late,
                _ if index % 97 == 5 => Outcome::Missed,
                _ => Outcome::OnTime,
            };
            if outcome == Outcome::Missed {
                runs.clear();
            }
            Job {
                id: format!("job-{index:04}"),
                class: classes[index % classes.len()].into(),
                usage: Use::Training,
                release,
                deadline: (index % 9 != 0).then_some(done + round(slack)),
                value: f64::from(gpus) * hours * 2.1,
                runs,
                outcome,
                note: match outcome {
                    Outcome::Late => {
                        "Waited for a gang of its size while the price was above its value.".into()
                    }
                    Outcome::Missed => {
                        "Its gang never fitted under the derated transformer.".into()
                    }
                    _ => String::new(),
                },
            }
        })
        .collect()
}

fn facts(seed: u64, steps: usize) -> Vec<Fact> {
    let fact = |label: &str, value: String| Fact {
        label: label.into(),
        value,
    };
    vec![
        fact("Seed", seed.to_string()),
        fact("Version", env!("CARGO_PKG_VERSION").into()),
        fact("Steps", format!("{steps} of 5 min")),
        fact(
            "Input hash",
            "sha256:7d1f0c5c2a9e64b8f2d03e6b1a7755c0".into(),
        ),
        fact("Scenario", "simulations/sample.toml".into()),
        fact(
            "Forecast",
            "seasonal naive, D-1 13:30 America/Chicago".into(),
        ),
    ]
}

fn figures() -> Vec<Figure> {
    let figure = |label: &str, value, unit: &str, decimals, note: &str| Figure {
        label: label.into(),
        value,
        unit: unit.into(),
        decimals,
        note: note.into(),
    };
    vec![
        figure("Value", 7.83, "M USD", 2, "1.00 M USD per MW-year"),
        figure("Gain", 82.4, "% of G", 1, "G is 312,400 USD"),
        figure("Gap to the bound", 17.6, "% of G", 1, "55,000 USD"),
        figure(
            "Energy price paid",
            46.2,
            "USD/MWh",
            1,
            "time-weighted 61.7",
        ),
        figure("Mining uptime", 86.3, "%", 1, "all pools, by capacity"),
        figure("Jobs on time", 95.2, "%", 1, "495 of 520"),
    ]
}

fn column(label: &str, unit: &str, decimals: u8) -> Column {
    Column {
        label: label.into(),
        unit: unit.into(),
        decimals,
        help: String::new(),
    }
}

const POLICIES: [(&str, f64, Option<f64>); 8] = [
    ("always on", 7_118_400.0, None),
    ("breakeven", 7_598_200.0, Some(9.8)),
    ("strike", 7_561_900.0, None),
    ("asap", 7_567_600.0, Some(0.0)),
    ("quantile", 7_689_000.0, Some(38.9)),
    ("static split", 7_301_700.0, None),
    ("swingload", 7_825_000.0, Some(82.4)),
    ("oracle", 7_867_200.0, Some(95.9)),
];

fn policies() -> Table {
    let rows = POLICIES.iter().map(|&(name, value, gain)| {
        let share = value / 7_880_000.0;
        let row: Vec<Cell> = vec![
            name.into(),
            (value / 1000.0).into(),
            gain.into(),
            gain.map(|g| 100.0 - g).into(),
            (value / 95.0 * 12.17).into(),
            (78.0 - 32.0 * share).into(),
            (100.0 - 14.0 * share).into(),
            (60.0 + 35.0 * share * share).into(),
            (38_000.0 - 9_000.0 * share).into(),
        ];
        row
    });
    Table {
        columns: vec![
            column("Policy", "", 0),
            column("Value", "k USD", 1),
            column("Gain", "% of G", 1),
            column("Gap", "% of G", 1),
            column("Value", "USD/MW-year", 0),
            column("Energy price paid", "USD/MWh", 1),
            column("Uptime", "%", 1),
            column("Jobs on time", "%", 1),
            column("Cost per BTC", "USD", 0),
        ],
        rows: rows.collect(),
        highlight: Some(6),
        note: "G is the proven bound minus the value of asap: what planning could win at most."
            .into(),
    }
}

fn money() -> PolicyMoney {
    let rows = POLICIES.iter().map(|&(name, value, _)| {
        let energy = -2_900_000.0 - (7_900_000.0 - value) * 0.6;
        let fixed = [1_840_000.0, 3_120_000.0, 310_000.0];
        let tail = [-388_000.0, -190_500.0, -22_300.0];
        let hashing = value - energy - fixed.iter().sum::<f64>() - tail.iter().sum::<f64>();
        let parts = [&[hashing], &fixed[..], &[energy], &tail[..]].concat();
        PolicyMoneyRow {
            policy: name.into(),
            value,
            parts,
        }
    });
    let parts = [
        "Hashing",
        "Inference",
        "Training",
        "Programmes",
        "Energy",
        "Wires and peaks",
        "Taxes",
        "Starts and wear",
    ];
    PolicyMoney {
        baseline: "asap".into(),
        bound: Some(7_880_000.0),
        parts: parts.map(String::from).to_vec(),
        rows: rows.collect(),
    }
}

fn levers() -> Waterfall {
    let bar = |label: &str, kind, amount, help: &str| Bar {
        label: label.into(),
        kind,
        amount,
        help: help.into(),
    };
    Waterfall {
        bars: vec![
            bar(
                "asap",
                BarKind::Total,
                7_567_600.0,
                "Run as soon as possible",
            ),
            bar(
                "Break-even",
                BarKind::Change,
                118_200.0,
                "Hashing stops above its break-even price",
            ),
            bar("Underclocking", BarKind::Change, 61_900.0, ""),
            bar("Shifting jobs", BarKind::Change, 48_300.0, ""),
            bar(
                "Peaks",
                BarKind::Change,
                22_700.0,
                "Off at coincident peaks",
            ),
            bar("Programmes", BarKind::Change, 14_600.0, ""),
            bar("Starts and restarts", BarKind::Change, -8_300.0, ""),
            bar("swingload", BarKind::Total, 7_825_000.0, ""),
            bar(
                "Left to the bound",
                BarKind::Missed,
                55_000.0,
                "Proven bound minus value",
            ),
        ],
        note: "Each lever is measured by switching it off and running again.".into(),
    }
}

fn dearest(starts: &[i64], weather: &[Weather], halls: &[Halls]) -> Vec<DearDecision> {
    let mut order: Vec<usize> = (0..starts.len()).collect();
    order.sort_by(|&a, &b| weather[b].price.total_cmp(&weather[a].price));
    order.truncate(60);
    order
        .iter()
        .step_by(6)
        .enumerate()
        .map(|(rank, &step)| DearDecision {
            start: starts[step],
            node: halls[rank % halls.len()].label.clone(),
            usage: if halls[rank % halls.len()].gpu { "Training" } else { "Hashing" }.into(),
            watts: (halls[rank % halls.len()].capacity * 1e6) as i64,
            price: weather[step].price,
            cost: 9_400.0 / (1.0 + rank as f64 * 0.6),
            reason: "A gang of 64 GPUs was 40 minutes past its checkpoint; the forecast put this step below its value.".into(),
            alternative: "checkpoint two steps earlier and wait 55 minutes.".into(),
        })
        .collect()
}

fn tariff() -> Table {
    let row = |line: &str, basis: &str, quantity: f64, unit: &str, amount: f64| -> Vec<Cell> {
        vec![
            line.into(),
            basis.into(),
            quantity.into(),
            unit.into(),
            amount.into(),
        ]
    };
    Table {
        columns: vec![
            column("Line", "", 0),
            column("Basis", "", 0),
            column("Quantity", "", 1),
            column("Of", "", 0),
            column("Amount", "USD", 0),
        ],
        rows: vec![
            row(
                "Real-time energy",
                "settled per step",
                58_412.6,
                "MWh",
                -2_698_700.0,
            ),
            row(
                "Behind-the-meter surplus",
                "export price",
                9_120.4,
                "MWh",
                -201_300.0,
            ),
            row("Retail adder", "4.00 USD/MWh", 58_412.6, "MWh", -233_650.0),
            row("Demand charge", "monthly peak", 96.4, "MW", -154_200.0),
            row(
                "4CP transmission",
                "share of July peak",
                11.2,
                "MW",
                -41_900.0,
            ),
            row(
                "Emergency response",
                "availability payment",
                60.0,
                "MW",
                310_000.0,
            ),
            row(
                "Sales tax",
                "8.25 % of energy to AI",
                8_900.0,
                "MWh",
                -36_200.0,
            ),
        ],
        highlight: None,
        note: String::new(),
    }
}

fn pools(halls: &[Halls]) -> Table {
    let rows = halls.iter().enumerate().map(|(index, hall)| {
        let btc = (!hall.gpu).then_some(31_200.0 - 1_900.0 * index as f64);
        let row: Vec<Cell> = vec![
            format!("{} · {}", hall.label, hall.pool).into(),
            hall.capacity.into(),
            (86.0 + index as f64 * 1.7).into(),
            (!hall.gpu).then_some(1.9 - 0.2 * index as f64).into(),
            (!hall.gpu).then_some(410.0 + 55.0 * index as f64).into(),
            btc.into(),
            hall.gpu.then_some(71.4).into(),
        ];
        row
    });
    Table {
        columns: vec![
            column("Pool", "", 0),
            column("Capacity", "MW", 1),
            column("Uptime", "%", 1),
            column("Starts per device", "per day", 2),
            column("Hashes", "EH", 0),
            column("Cost per BTC", "USD", 0),
            column("GPU utilisation", "%", 1),
        ],
        rows: rows.collect(),
        highlight: None,
        note: String::new(),
    }
}

fn curtailed_runs() -> Histogram {
    let bins = [
        ("5 min", 212),
        ("10 min", 148),
        ("15–30 min", 121),
        ("30–60 min", 64),
        ("1–2 h", 57),
        ("2–4 h", 71),
        ("4–8 h", 33),
        ("8–24 h", 6),
        (">1 day", 0),
    ];
    Histogram {
        label: "How long hashing stood still at a stretch, all mining pools.".into(),
        bins: bins
            .iter()
            .map(|&(label, count)| Bin {
                label: label.into(),
                count,
            })
            .collect(),
        note: "712 runs, median 15 min, longest 11.4 h.".into(),
    }
}
