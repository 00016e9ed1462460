//! What a process has used so far, from the kernel's own counts.

use std::time::Duration;

/// What `work` returns, and the CPU time it took, s.
pub(crate) fn timed<T>(work: impl FnOnce() -> T) -> (T, f64) {
    let before = cpu();
    let done = work();
    (done, (cpu() - before).as_secs_f64())
}

/// CPU time of this process, from its threads' run time.
fn cpu() -> Duration {
    let text = std::fs::read_to_string("/proc/self/schedstat").unwrap_or_default();
    let nanoseconds = text
        .split_whitespace()
        .next()
        .and_then(|t| t.parse().ok())
        .unwrap_or(0);
    Duration::from_nanos(nanoseconds)
}
