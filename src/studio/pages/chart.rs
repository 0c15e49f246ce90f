//! A chart of values between 0 and 1, as SVG for a template.

/// The size of the drawing, and of what is left free for labels.
const WIDTH: f64 = 360.0;
const HEIGHT: f64 = 150.0;
const LEFT: f64 = 34.0;
const RIGHT: f64 = 10.0;
const TOP: f64 = 8.0;
const BOTTOM: f64 = 20.0;

/// A chart.
#[derive(Debug, Default)]
pub(super) struct Chart {
    pub(super) lines: Vec<Line>,
    pub(super) marks: Vec<Mark>,
    /// What the left end and the right end are.
    pub(super) ends: (String, String),
    /// Whether there are so many values that the lines are means of neighbours.
    pub(super) many: bool,
}

/// More values than this would be a scribble if a line went through all of them.
const MANY: usize = 60;
/// Neighbours on each side that a mean is made of.
const NEIGHBOURS: usize = 7;

/// A line through values.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) class: &'static str,
    /// As `points` of a polyline.
    pub(super) points: String,
}

/// A value.
#[derive(Debug)]
pub(super) struct Mark {
    pub(super) class: &'static str,
    pub(super) x: String,
    pub(super) y: String,
    pub(super) address: String,
    pub(super) title: String,
}

/// A value to be drawn.
#[derive(Debug, Clone)]
pub(super) struct Value {
    /// From 0 at the left to 1 at the right.
    pub(super) x: f64,
    /// From 0 at the bottom to 1 at the top.
    pub(super) y: f64,
    /// Of its mark.
    pub(super) class: &'static str,
    pub(super) address: String,
    pub(super) title: String,
}

impl Chart {
    /// Draws a line through values, from left to right; through the means of neighbours if they are many.
    pub(super) fn draw(&mut self, class: &'static str, values: Vec<Value>) {
        let place = |x: f64, y: f64| {
            let x = LEFT + x.clamp(0.0, 1.0) * (WIDTH - LEFT - RIGHT);
            let y = TOP + (1.0 - y.clamp(0.0, 1.0)) * (HEIGHT - TOP - BOTTOM);
            (format!("{x:.1}"), format!("{y:.1}"))
        };
        let around = if values.len() > MANY { NEIGHBOURS } else { 0 };
        self.many |= around > 0;
        let points = values.iter().enumerate().map(|(at, value)| {
            let near = &values[at.saturating_sub(around)..values.len().min(at + around + 1)];
            #[expect(clippy::cast_precision_loss, reason = "there are a few")]
            let mean = near.iter().map(|value| value.y).sum::<f64>() / near.len() as f64;
            let (x, y) = place(value.x, mean);
            format!("{x},{y}")
        });
        let points = points.collect::<Vec<_>>().join(" ");
        self.lines.push(Line { class, points });
        self.marks.extend(values.into_iter().map(|value| {
            let (x, y) = place(value.x, value.y);
            Mark { class: value.class, x, y, address: value.address, title: value.title }
        }));
    }
}

/// Where each of several moments is between the first and the last of them.
#[expect(clippy::cast_precision_loss, reason = "it is some hundred pixels wide")]
pub(super) fn spread(moments: &[i64]) -> Vec<f64> {
    let (first, last) = (moments.iter().min().copied().unwrap_or(0), moments.iter().max().copied().unwrap_or(0));
    let width = (last - first) as f64;
    moments.iter().map(|at| if width > 0.0 { (at - first) as f64 / width } else { 0.5 }).collect()
}

#[cfg(test)]
mod tests {
    use super::{Chart, Value, spread};

    #[test]
    fn values_are_within_the_drawing() {
        assert_eq!(spread(&[10, 20, 30]), [0.0, 0.5, 1.0]);
        assert_eq!(spread(&[10]), [0.5]);
        let value = |x, y| Value { x, y, class: "", address: String::new(), title: String::new() };
        let mut chart = Chart::default();
        chart.draw("rate", vec![value(0.0, 0.0), value(1.0, 7.0)]);
        assert_eq!(chart.lines[0].points, "34.0,130.0 350.0,8.0");
        assert_eq!((chart.marks.len(), chart.many), (2, false));
        chart.draw("rate", (0..100).map(|n| value(f64::from(n) / 99.0, f64::from(n % 2))).collect());
        assert!(chart.many && chart.marks.len() == 102);
        let mut heights =
            chart.lines[1].points.split(' ').map(|point| point.split_once(',').unwrap().1.parse::<f64>().unwrap());
        assert!(heights.all(|y| (60.0..78.0).contains(&y)), "the line goes through the middle");
    }
}
