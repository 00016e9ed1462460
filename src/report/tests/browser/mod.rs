//! Draws a page in headless Chromium, where there is one.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

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
        eprintln!("skipped: no chromium that runs, on the PATH or in SWINGLOAD_CHROMIUM");
        return None;
    };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("report.html");
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
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the browser starts");
    let dom = dumped(&mut child);
    // It has nothing left to do, or did not do it in time.
    child.kill().expect("the browser is ours");
    child.wait().expect("the browser is ours");
    let dom = dom.expect("the browser draws the page in 90 s");
    Some(Page { dom })
}

/// What the browser prints, up to the end of the page; `None` when that does not come.
fn dumped(child: &mut Child) -> Option<String> {
    let output = child.stdout.take().expect("it was asked for");
    let (send, receive) = mpsc::channel();
    std::thread::spawn(move || {
        let mut dom = String::new();
        // Its helper processes may hold the pipe open after the last line.
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            dom += &line;
            dom.push('\n');
            if line.trim_end().ends_with("</html>") {
                break;
            }
        }
        send.send(dom)
    });
    receive.recv_timeout(Duration::from_secs(90)).ok()
}

/// The browser that `./test` names, or the first of the usual names on the PATH; none where
/// `SWINGLOAD_CHROMIUM` is set and empty, which says that none of those on the PATH runs.
///
/// # Panics
/// When `SWINGLOAD_CHROMIUM` names no file: a test that was asked for is not left out.
fn chromium() -> Option<PathBuf> {
    if let Some(set) = std::env::var_os("SWINGLOAD_CHROMIUM") {
        if set.is_empty() {
            return None;
        }
        let path = PathBuf::from(set);
        assert!(
            path.is_file(),
            "SWINGLOAD_CHROMIUM names {}, which is no file",
            path.display()
        );
        return Some(path);
    }
    let path = std::env::var_os("PATH")?;
    let names = [
        "chromium",
        "chromium-browser",
        "google-chrome",
        "google-chrome-stable",
    ];
    names
        .iter()
        .flat_map(|name| std::env::split_paths(&path).map(move |folder| folder.join(name)))
        .find(|file| file.is_file())
}
