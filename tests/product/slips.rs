//! Slips of unit in every kind of input: refused with what was probably meant, or noted.
//!
//! The built-in site is 20 MW with miners, GPUs, a programme and a demand charge; each case
//! puts one wrong value on top of it.

use swingload_tests::{World, json, world};

const SHORT: &str = "--set period.end=2026-07-06T06:00:00Z --set period.history_days=0";

/// What is said of the built-in scenario with one more override.
fn refusal(world: &World, set: &str) -> String {
    let mut command = world.swingload(&format!("simulate --policies always_on --quiet {SHORT}"));
    let refused = command.args(["--set", set]).assert().code(2);
    let text = String::from_utf8(refused.get_output().stderr.clone()).expect("text");
    assert!(world.names().is_empty(), "{set}: nothing is left behind");
    assert!(
        text.contains("error: ") && text.contains("Next: "),
        "{text}"
    );
    // Wrapped lines read as one.
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn each_slip_is_refused_with_what_was_probably_meant() {
    let world = world();
    let constant = |name: &str, unit: &str, value: f64| {
        format!("data.{name}={{unit=\"{unit}\",constant={value:?},publication=\"start\"}}")
    };
    let programme = "site.programmes.0";
    for (set, meant, allowed) in [
        // A difficulty without its T, in G, and as hashrate of the network.
        (
            constant("difficulty", "difficulty", 152.0),
            "152e12 (the T",
            "data.difficulty",
        ),
        (
            constant("difficulty", "difficulty", 152_000.0),
            "1.52e14 (the G",
            "data.difficulty",
        ),
        (
            constant("difficulty", "difficulty", 1.1e21),
            "1.53668e14 (it is the network's hashrate in H/s)",
            "data.difficulty",
        ),
        // Bitcoin in thousands, in cents, in satoshi per dollar's reverse.
        (
            constant("btc_price", "USD/BTC", 95.0),
            "95000 (in thousands)",
            "data.btc_price",
        ),
        (
            constant("btc_price", "USD/BTC", 9_500_000.0),
            "95000 (in cents)",
            "data.btc_price",
        ),
        // Prices per kWh, and scaled twice.
        (
            constant("price", "USD/MWh", 0.065),
            "65 (the price is per kWh)",
            "data.price",
        ),
        (
            constant("price", "USD/MWh", 65_000.0),
            "65 (a factor of 1000",
            "data.price",
        ),
        (
            constant("fees", "BTC/block", 3_125_000.0),
            "0.03125 (in satoshi)",
            "data.fees",
        ),
        (
            constant("temperature", "degC", 95.0),
            "35 (in degrees Fahrenheit)",
            "data.temperature",
        ),
        (
            constant("carbon", "g/kWh", 0.41),
            "410 (it is in kg/kWh or t/MWh)",
            "data.carbon",
        ),
        // The site.
        (
            "site.nodes.1.hall.marginal_pue=104".into(),
            "1.04 (in percent)",
            "mining-hall.hall.marginal_pue",
        ),
        (
            "site.tariff.1.per_kw_month=3200".into(),
            "3.2 (it is per MW)",
            ".per_kw_month",
        ),
        (
            format!("{programme}.availability_per_mw_h=5000"),
            "5 (a factor of 1000 too much)",
            ".availability_per_mw_h",
        ),
        (
            format!("{programme}.capacity_mw=200"),
            "20 (a factor of 10 too much)",
            ".capacity_mw",
        ),
        (
            format!("{programme}.capacity_mw=10000"),
            "10 (in kW)",
            ".capacity_mw",
        ),
        (
            "site.pools.0.pool_fee=0.2".into(),
            "0.02 (a factor of 10 too much)",
            ".pool_fee",
        ),
        (
            "site.pools.0.wear_per_start=500".into(),
            "5 (in cents)",
            ".wear_per_start",
        ),
        (
            "site.services.0.floor_value_per_gpu_h=300".into(),
            "3 (in cents)",
            ".floor_value_per_gpu_h",
        ),
        (
            "jobs.0.terms.restart_s=300000".into(),
            "300 (it is in milliseconds)",
            "train.terms.restart_s",
        ),
        (
            "jobs.0.terms.value_per_gpu_h.high=1500".into(),
            "15 (in cents)",
            "train.terms.value_per_gpu_h.high",
        ),
        (
            "jobs.0.terms.unmet_penalty_share=25".into(),
            "0.25 (in percent)",
            "train.terms.unmet_penalty_share",
        ),
    ] {
        let said = refusal(&world, &set);
        assert!(
            said.contains(&format!("did you mean {meant}")) || said.contains(meant),
            "{set}: {said}"
        );
        assert!(
            said.contains("allow = [\"") && said.contains(allowed),
            "{set}: {said}"
        );
        allowed_by_its_name(&world, &[&set], &said);
    }
}

/// The `allow` that a refusal proposes is accepted, and with it the value; the values of a
/// price of nothing or everything may still end in money that cannot be counted.
fn allowed_by_its_name(world: &World, sets: &[&str], said: &str) {
    let entries = said.split("allow = [").skip(1).map(|rest| {
        let (name, rest) = rest.split_once("] to the top of ").expect("a file");
        let file = rest.split_whitespace().next().expect("its name");
        (name, file.contains("site.toml"))
    });
    let (of_site, of_scenario): (Vec<_>, Vec<_>) = entries.partition(|(_, is_site)| *is_site);
    let mut run = world.swingload(&format!("simulate --policies always_on --quiet {SHORT}"));
    for set in sets {
        run.args(["--set", set]);
    }
    for (key, entries) in [("site.allow", of_site), ("allow", of_scenario)] {
        let names: Vec<&str> = entries.into_iter().map(|(name, _)| name).collect();
        if !names.is_empty() {
            run.args(["--set", &format!("{key}=[{}]", names.join(", "))]);
        }
    }
    let output = run.output().expect("it runs");
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let uncounted = text.contains("passes what is counted");
    assert!(
        output.status.success() || uncounted,
        "{sets:?} with {said}: {text}"
    );
    let out = world.path().join("out");
    if out.exists() {
        std::fs::remove_dir_all(out).expect("what was written");
    }
}

/// Powers held against the connection are allowed by name like every other value.
#[test]
fn every_allowance_that_is_proposed_is_accepted() {
    let world = world();
    let tenant = |power: f64, contracted: f64| {
        format!(
            "site.commitments=[{{kind=\"hosting\",id=\"tenant\",node=\"ai-hall\",\
             use=\"training\",power_mw={power:?},contracted_mw={contracted:?},\
             price_per_mwh=150,penalty_per_mwh=500}}]"
        )
    };
    let hedge = |mw: f64| {
        format!(
            "site.contracts=[{{id=\"hedge\",supply=\"grid\",quantity_mw={mw:?},price_per_mwh=40}}]"
        )
    };
    for (set, names) in [
        (
            "site.programmes.0.capacity_mw=200".into(),
            &["emergency-response.capacity_mw"][..],
        ),
        (
            "site.programmes.0.firm_mw=200".into(),
            &["emergency-response.firm_mw"],
        ),
        (
            "site.programmes.0.penalty_per_mwh=0.5".into(),
            &["emergency-response.penalty_per_mwh"],
        ),
        (
            "site.nodes.0.ramp_up_kw_per_min=1".into(),
            &["interconnect.ramp_up_kw_per_min"],
        ),
        (
            "site.nodes.0.ramp_down_kw_per_min=4".into(),
            &["interconnect.ramp_down_kw_per_min"],
        ),
        (hedge(600.0), &["hedge.quantity_mw"]),
        (tenant(800.0, 0.8), &["tenant.power_mw"]),
        (tenant(0.8, 800.0), &["tenant.contracted_mw"]),
        (
            tenant(800.0, 800.0),
            &["tenant.power_mw", "tenant.contracted_mw"],
        ),
    ] {
        let said = refusal(&world, &set);
        for name in names {
            assert!(
                said.contains(&format!("allow = [\"{name}\"]")),
                "{set}: {said}"
            );
        }
        allowed_by_its_name(&world, &[&set], &said);
    }
    // An allowance of one value is not refused as idle because another value is wrong.
    let wrong = "site.pools.0.pool_fee=0.2";
    let two = ["site.programmes.0.capacity_mw=200", wrong];
    let mut run = world.swingload(&format!("simulate --policies always_on --quiet {SHORT}"));
    for set in two {
        run.args(["--set", set]);
    }
    run.args(["--set", "site.allow=[\"emergency-response.capacity_mw\"]"]);
    let refused = run.assert().code(2);
    let text = String::from_utf8_lossy(&refused.get_output().stderr).into_owned();
    assert!(
        text.contains("pool_fee") && !text.contains("names no value"),
        "{text}"
    );
}

/// A name that is nearly one, or is written by the place of its value.
#[test]
fn an_allowance_that_names_nothing_is_met_with_the_near_name() {
    let world = world();
    for (entry, near) in [
        ("monthly-peak.kw", "monthly-peak.per_kw_month"),
        ("tariff.1.per_kw_month", "monthly-peak.per_kw_month"),
        ("emergency-response.firm", "emergency-response.firm_mw"),
        ("demand.per_kw_month", "monthly-peak.per_kw_month"),
    ] {
        let said = refusal(&world, &format!("site.allow=[\"{entry}\"]"));
        assert!(
            said.contains(&format!("did you mean `{near}`?")),
            "{entry}: {said}"
        );
    }
}

/// A rating in kW has no name to be allowed by: no site is that large.
#[test]
fn a_rating_in_kilowatts_is_refused() {
    let said = refusal(&world(), "site.nodes.0.rating_mw=20000");
    assert!(said.contains("did you mean 20 (in kW)?"), "{said}");
}

#[test]
fn more_machines_than_their_hall_carries_are_noted() {
    let world = world();
    let run = format!("simulate --policies always_on --json {SHORT}");
    let shown = |count: &str| {
        let mut command = world.swingload(&run);
        let shown = command
            .args(["--set", count, "--out", count])
            .assert()
            .success();
        json(&shown.get_output().stdout)["notes"].to_string()
    };
    assert!(!shown("site.pools.0.count=2200").contains("at full power"));
    let noted = shown("site.pools.0.count=22000");
    assert!(
        noted.contains("at full power, and it carries 17.0 MW"),
        "{noted}"
    );
}

/// A value that is allowed by its name is taken; a name that is misspelt allows nothing.
#[test]
fn values_are_allowed_by_name() {
    let world = world();
    let run =
        format!("simulate --policies always_on --quiet {SHORT} --set site.pools.0.pool_fee=0.2");
    let name = "site.allow=[\"";
    let pool = refusal(&world, "site.pools.0.pool_fee=0.2");
    let (_, rest) = pool.split_once("allow = [\"").expect("a name");
    let (own, _) = rest.split_once('"').expect("a name");
    let allowed = format!("{name}{own}\"]");
    world
        .swingload(&run)
        .args(["--set", &allowed])
        .assert()
        .success();
    let misspelt = format!("{name}{own}s\"]");
    let refused = world
        .swingload(&run)
        .args(["--set", &misspelt])
        .assert()
        .code(2);
    let text = String::from_utf8_lossy(&refused.get_output().stderr).into_owned();
    assert!(text.contains("names no value of this file"), "{text}");
}

/// Money past what 64 bits count is an error that names its input, in simulation and plan.
#[test]
fn money_that_cannot_be_counted_names_its_input() {
    let world = world();
    let difficulty = "data.difficulty={unit=\"difficulty\",constant=1,publication=\"start\"}";
    let allow = "allow=[\"data.difficulty\"]";
    for command in [
        "simulate --policies always_on",
        "plan --at 2026-07-06T00:30",
    ] {
        let mut run = world.swingload(&format!("{command} --quiet {SHORT}"));
        let refused = run
            .args(["--set", difficulty, "--set", allow])
            .assert()
            .code(2);
        let text = String::from_utf8_lossy(&refused.get_output().stderr).into_owned();
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(
            text.contains("error: inputs: data.difficulty = 1 difficulty"),
            "{text}"
        );
        assert!(
            text.contains("(mining)") && text.contains("9.2e12 USD"),
            "{text}"
        );
        assert!(text.contains("2026-07-06T05:"), "{text}");
    }
}
