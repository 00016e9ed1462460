//! The report page as a file, and as a real browser draws it.

mod browser;
mod sample;

use swingload_report::html::{Payload, aggregate, render};

#[test]
fn a_month_at_five_minutes_stays_under_five_megabytes() {
    for nodes in [6, 10] {
        let page = render(&sample::sample(8640, nodes, 1));
        assert!(
            page.len() < 5_000_000,
            "{nodes} nodes: {} bytes",
            page.len()
        );
    }
}

#[test]
fn the_same_payload_gives_the_same_bytes() {
    let page = || render(&sample::sample(288, 3, 1));
    assert_eq!(page(), page());
}

#[test]
fn nothing_is_loaded_from_the_network() {
    let page = render(&sample::sample(288, 6, 1));
    let loads = [
        "src=",
        "<link",
        "<img",
        "<iframe",
        "@import",
        "url(",
        "fetch(",
        "XMLHttpRequest",
        "WebSocket",
        "EventSource",
        "sendBeacon",
        "import(",
        "href=\"http",
        "href=\"//",
        "Worker(",
    ];
    for load in loads {
        assert!(!page.contains(load), "the page holds {load}");
    }
    assert!(
        page.contains("default-src 'none'"),
        "the browser is told to refuse loads"
    );
}

#[test]
fn columns_must_match_their_steps() {
    let mut payload = sample::sample(10, 1, 1);
    payload.series.price.pop();
    let mismatch = payload.check().expect_err("one price is missing");
    assert_eq!(mismatch.to_string(), "price holds 9 values, expected 10");
}

#[test]
fn a_browser_draws_every_part_without_an_error() {
    let Some(page) = browser::draw(&render(&sample::sample(2016, 6, 1)), "") else {
        return;
    };
    page.assert_ready();
    for id in [
        "summary",
        "money",
        "power",
        "price",
        "surplus",
        "jobs",
        "dearest",
        "curtailment",
        "variants",
        "tariff",
        "pools",
        "run",
    ] {
        assert!(
            page.dom.contains(&format!("id=\"{id}\"")),
            "section {id} is missing"
        );
    }
    assert_eq!(
        page.dom.matches("<canvas").count(),
        3,
        "three charts over time"
    );
}

#[test]
fn a_link_to_a_slot_says_why_it_was_assigned() {
    let mut payload = sample::sample(600, 6, 1);
    payload.series.price[124] = None;
    let html = render(&payload);
    let Some(page) = browser::draw(&html, "#slot=123&theme=dark") else {
        return;
    };
    page.assert_ready();
    assert!(page.dom.contains("data-theme=\"dark\""));
    let panel = page.panel();
    assert!(panel.contains("data-slot=\"123\""), "{panel}");
    // Values pass through packing and unpacking unchanged.
    let price = payload.series.price[123].expect("it is known");
    assert!(
        panel.contains(&format!("{price:.2} USD/MWh")),
        "{price} in {panel}"
    );
    let drawn: i64 = payload
        .series
        .uses
        .iter()
        .map(|series| series.watts[123])
        .sum();
    let drawn = format!("{:.1} MW", drawn as f64 / 1e6);
    assert!(panel.contains(&drawn), "{drawn} in {panel}");
    for word in ["Runner-up", "margin", "Mining hall A", "GPU hall E"] {
        assert!(panel.contains(word), "{word} in {panel}");
    }
    assert!(panel.contains("Called by ers: at most 8 MW."), "{panel}");
    let held = price + 6.0;
    let above = format!(
        "against {held:.2}: price {price:.2} + limits, penalties and forecast error 6.00 USD/MWh"
    );
    assert!(panel.contains(&above), "{above} in {panel}");

    let next = browser::draw(&html, "#slot=124").expect("the browser was there a moment ago");
    next.assert_ready();
    assert!(
        next.panel().contains("<dt>Price</dt><dd>–</dd>"),
        "a gap stays a gap: {}",
        next.panel()
    );
}

#[test]
fn clicks_and_arrow_keys_choose_slots() {
    let act = r##"<script>setTimeout(() => {
        const over = document.querySelector("#power .u-over");
        const box = over.getBoundingClientRect();
        const at = { clientX: box.left + box.width * 0.505, clientY: box.top + 20, bubbles: true };
        for (const type of ["mousedown", "mouseup", "click"]) over.dispatchEvent(new MouseEvent(type, at));
        document.documentElement.dataset.clicked = document.getElementById("slot").dataset.slot;
        const key = new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true, cancelable: true });
        document.querySelector("#power .plot").dispatchEvent(key);
        document.documentElement.dataset.moved = document.getElementById("slot").dataset.slot;
    }, 300);</script></body>"##;
    let html = render(&sample::sample(100, 3, 1)).replace("</body>", act);
    let Some(page) = browser::draw(&html, "#slot=3") else {
        return;
    };
    page.assert_ready();
    assert!(
        page.dom.contains("data-clicked=\"50\""),
        "the middle of 100 slots: {}",
        page.head()
    );
    assert!(
        page.dom.contains("data-moved=\"51\""),
        "one to the right: {}",
        page.head()
    );
}

#[test]
fn dragging_zooms_every_chart_and_reset_brings_all_back() {
    let act = r##"<script>setTimeout(() => {
        const over = document.querySelector("#price .u-over");
        const box = over.getBoundingClientRect();
        const send = (target, type, share) => target.dispatchEvent(new MouseEvent(type, {
            clientX: box.left + box.width * share, clientY: box.top + 20, bubbles: true, button: 0, movementX: 9 }));
        send(over, "mousedown", 0.25);
        send(over, "mousemove", 0.5);
        send(over, "mousemove", 0.75);
        send(document, "mouseup", 0.75);
        setTimeout(() => {
            const root = document.documentElement.dataset;
            root.zoomed = location.hash;
            root.slot = document.getElementById("slot").dataset.slot;
            [...document.querySelectorAll("#operation button")].find((b) => b.textContent === "Reset").click();
            root.reset = location.hash;
        }, 100);
    }, 300);</script></body>"##;
    let payload = sample::sample(400, 3, 1);
    let start = payload.series.starts[0] as f64;
    let html = render(&payload).replace("</body>", act);
    let Some(page) = browser::draw(&html, "#slot=3") else {
        return;
    };
    page.assert_ready();
    let range = page
        .head()
        .split("range=")
        .nth(1)
        .expect("the address holds the range");
    let range = &range[..range.find('"').expect("the attribute ends")];
    let (from, to) = range.split_once('-').expect("FROM-TO");
    let share = |time: &str| (time.parse::<f64>().expect("seconds") - start) / (400.0 * 300.0);
    assert!((share(from) - 0.25).abs() < 0.01, "{range}");
    assert!((share(to) - 0.75).abs() < 0.01, "{range}");
    assert!(
        page.head().contains("data-slot=\"3\""),
        "a drag is not a click"
    );
    assert!(
        page.head().contains("data-reset=\"#slot=3\""),
        "{}",
        page.head()
    );
}

#[test]
fn text_of_the_payload_never_becomes_markup() {
    let evil = "</script><script>document.documentElement.dataset.pwned='1'</script>\
                <img src=x onerror=\"document.documentElement.dataset.pwned='2'\">{{script}}";
    let mut payload = sample::sample(50, 2, 1);
    payload.title = evil.into();
    payload.site = evil.into();
    payload.notes.push(evil.into());
    payload.jobs[0].id = evil.into();
    payload.jobs[0].runs[0].start = payload.series.starts[1];
    payload.dearest[0].reason = evil.into();
    payload.policies.rows[0][0] = evil.into();
    if let Some(slots) = &mut payload.slots {
        slots.reason("in_merit", evil);
    }
    let html = render(&payload);
    assert!(!html.contains("<script>document"), "it would run");
    assert!(!html.contains("<img"), "it would load");
    let Some(page) = browser::draw(&html, "") else {
        return;
    };
    page.assert_ready();
    assert!(!page.head().contains("pwned"), "it ran: {}", page.head());
}

#[test]
fn an_empty_run_is_a_page_too() {
    let Some(page) = browser::draw(&render(&Payload::default()), "") else {
        return;
    };
    page.assert_ready();
}

#[test]
fn outside_the_window_of_decisions_the_page_says_so() {
    let mut payload = sample::sample(8640, 2, 1);
    payload.slots = sample::sample(288, 2, 1).slots;
    payload.dearest.clear();
    payload.series = aggregate(&payload.series, 1000);
    let html = render(&payload).replace(
        "</body>",
        r##"<script>setTimeout(() => document.querySelector("#power .plot").dispatchEvent(
            new KeyboardEvent("keydown", { key: "End" })), 300);</script></body>"##,
    );
    let Some(page) = browser::draw(&html, "") else {
        return;
    };
    page.assert_ready();
    assert!(
        page.panel().contains("Single decisions were kept from"),
        "{}",
        page.panel()
    );
}
