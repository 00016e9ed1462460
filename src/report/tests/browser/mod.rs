//! Draws a page in headless Chromium, where there is one.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A page after its scripts have run.
pub(crate) struct Page {
    pub(crate) dom: String,
}

impl Page {
    /// The opening `html` tag, which holds what the page says of itself.
    pub(crate) fn head(&self) -> &str {
        let start = self.dom.find("<html").unwrap_or(0);
        let length = self.dom[start..].find('>').unwrap_or(0);
        &self.dom[start..=start + length]
    }

    /// The panel of the chosen slot.
    pub(crate) fn panel(&self) -> &str {
        let (_, panel) = self.dom.split_once("<aside").expect("the page has a panel");
        panel.split_once("</aside>").expect("it is closed").0
    }

    pub(crate) fn assert_ready(&self) {
        let head = self.head();
        assert!(head.contains("data-ready=\"1\""), "not drawn: {head}");
        assert!(
            head.contains("data-errors=\"0\""),
            "drawn with errors: {head}"
        );
    }
}

/// Draws `html`; `hash` is appended to its address. `None`, with a message,
/// where no browser is installed.
pub(crate) fn draw(html: &str, hash: &str) -> Option<Page> {
    let Some(browser) = chromium() else {
        eprintln!("skipped: no chromium in PATH and CHROMIUM is not set");
        return None;
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("report.html");
    let output = folder.path().join("dom.html");
    std::fs::write(&file, html).expect("the page is written");
    let profile = format!(
        "--user-data-dir={}",
        folder.path().join("profile").display()
    );
    let mut child = Command::new(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
        ])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ])
        .args([
            "--window-size=1280,900",
            "--virtual-time-budget=3000",
            "--dump-dom",
            &profile,
        ])
        .arg(format!("file://{}{hash}", file.display()))
        .stdout(std::fs::File::create(&output).expect("the output is created"))
        .stderr(Stdio::null())
        .spawn()
        .expect("the browser starts");
    let deadline = Instant::now() + Duration::from_secs(90);
    while child.try_wait().expect("the browser is ours").is_none() {
        if Instant::now() > deadline {
            child.kill().expect("the browser is ours");
            panic!("the browser did not finish in 90 s");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    let dom = std::fs::read_to_string(&output).expect("the browser wrote the page");
    Some(Page { dom })
}

fn chromium() -> Option<PathBuf> {
    if let Some(set) = std::env::var_os("CHROMIUM") {
        return Some(set.into());
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join("chromium"))
        .find(|file| file.is_file())
}
