//! Writes a report of a synthetic run: `cargo run -p swingload-report --example sample_report -- FILE [STEPS]`.

#[path = "../tests/sample/mod.rs"]
mod sample;

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let file = arguments.next().unwrap_or_else(|| "report.html".to_owned());
    let steps = arguments.next().and_then(|steps| steps.parse().ok());
    let page = swingload_report::html::render(&sample::sample(steps.unwrap_or(8640), 6, 42));
    std::fs::write(&file, &page)?;
    println!("{file}: {} kB", page.len() / 1000);
    Ok(())
}
