//! Line charts as inline SVG: drawn once, without script.

use std::fmt::Write as _;

use crate::html::escape;
use crate::words::thousands;

const WIDTH: f64 = 440.0;
const HEIGHT: f64 = 270.0;
/// Room for the axes: left, top, right, bottom.
const ROOM: (f64, f64, f64, f64) = (42.0, 10.0, 12.0, 38.0);
/// Line styles that stay apart without colour.
pub(super) const STYLES: usize = 8;

/// A chart of lines over common positions.
pub(super) struct Chart {
    /// For those who do not see it.
    pub(super) about: String,
    /// Label per position, left to right; empty ones are not written.
    pub(super) positions: Vec<String>,
    /// Under the axis.
    pub(super) below: String,
    /// Least and greatest value shown.
    pub(super) range: (f64, f64),
    /// What would be right, per position.
    pub(super) right: Option<Vec<f64>>,
    /// One line per model: its style and values.
    pub(super) lines: Vec<(usize, Vec<Option<f64>>)>,
}

impl Chart {
    /// The chart as an SVG element.
    pub(super) fn svg(&self) -> String {
        let mut out = format!(
            "<svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{}\">",
            escape(&self.about)
        );
        self.axes(&mut out);
        if let Some(right) = &self.right {
            let values: Vec<Option<f64>> = right.iter().map(|v| Some(*v)).collect();
            self.line(&mut out, "right", &values);
        }
        for (style, values) in &self.lines {
            self.line(&mut out, &format!("s{}", style % STYLES), values);
        }
        out += "</svg>";
        out
    }

    fn x(&self, position: usize) -> f64 {
        let span = WIDTH - ROOM.0 - ROOM.2;
        let last = self.positions.len().saturating_sub(1).max(1);
        ROOM.0 + span * position as f64 / last as f64
    }

    fn y(&self, value: f64) -> f64 {
        let (low, high) = self.range;
        let share = ((value - low) / (high - low)).clamp(0.0, 1.0);
        HEIGHT - ROOM.3 - share * (HEIGHT - ROOM.1 - ROOM.3)
    }

    fn axes(&self, out: &mut String) {
        let (low, high) = self.range;
        let step = tick(high - low);
        let mut value = (low / step).ceil() * step;
        let digits = if step >= 1.0 { 0 } else { 2 };
        while value <= high + step * 1e-9 {
            let y = self.y(value);
            let _ = write!(
                out,
                "<line class=\"grid\" x1=\"{}\" x2=\"{}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
                 <text class=\"tick\" x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
                ROOM.0,
                WIDTH - ROOM.2,
                ROOM.0 - 6.0,
                y + 4.0,
                thousands(value, digits)
            );
            value += step;
        }
        // As many labels as there is room for.
        let widest = self
            .positions
            .iter()
            .map(|l| l.chars().count())
            .max()
            .unwrap_or(1);
        let room = (WIDTH - ROOM.0 - ROOM.2) / (7.0 * widest as f64 + 10.0);
        let every = (self.positions.len() as f64 / room).ceil().max(1.0) as usize;
        let last = self.positions.len().saturating_sub(1);
        for (k, label) in self.positions.iter().enumerate().step_by(every) {
            // Long labels at the edges stay inside the chart.
            let side = match k {
                _ if widest <= 4 || last == 0 => "middle",
                0 => "start",
                k if k == last => "end",
                _ => "middle",
            };
            let _ = write!(
                out,
                "<text class=\"tick\" x=\"{:.1}\" y=\"{}\" text-anchor=\"{side}\">{}</text>",
                self.x(k),
                HEIGHT - ROOM.3 + 15.0,
                escape(label)
            );
        }
        let _ = write!(
            out,
            "<text class=\"tick\" x=\"{:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>",
            ROOM.0 + (WIDTH - ROOM.0 - ROOM.2) / 2.0,
            HEIGHT - 4.0,
            escape(&self.below)
        );
    }

    fn line(&self, out: &mut String, class: &str, values: &[Option<f64>]) {
        let mut path = String::new();
        let mut pen = 'M';
        for (k, value) in values.iter().enumerate() {
            match value.filter(|v| v.is_finite()) {
                Some(value) => {
                    let _ = write!(path, "{pen}{:.1} {:.1}", self.x(k), self.y(value));
                    pen = 'L';
                }
                None => pen = 'M',
            }
        }
        let _ = write!(out, "<path class=\"line {class}\" d=\"{path}\"/>");
        if values.len() == 1
            && let Some(value) = values[0]
        {
            let (x, y) = (self.x(0), self.y(value));
            let _ = write!(
                out,
                "<circle class=\"dot {class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\"/>"
            );
        }
    }
}

/// A round distance of ticks for about five of them.
fn tick(span: f64) -> f64 {
    let rough = (span / 5.0).max(1e-9);
    let mut unit = 1e-9;
    while unit * 10.0 <= rough {
        unit *= 10.0;
    }
    let factors = [1.0, 2.0, 2.5, 5.0, 10.0];
    let fits = factors.iter().find(|f| *f * unit >= rough);
    fits.map_or(rough, |f| f * unit)
}

#[cfg(test)]
mod tests {
    use super::tick;

    #[test]
    fn ticks_are_round() {
        for (span, wanted) in [
            (100.0, 20.0),
            (47.0, 10.0),
            (3.0, 1.0),
            (0.9, 0.2),
            (40.0, 10.0),
        ] {
            assert!((tick(span) - wanted).abs() < 1e-9, "{span}: {}", tick(span));
        }
    }
}
